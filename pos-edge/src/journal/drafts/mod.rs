//! The newest draft of each till. What decisions need of them is also kept in
//! memory.

mod ends;

use schemas::{
    DeviceId, DraftId, StaffId, Timestamp, Usd,
    edge_api::Draft,
    events::{AuditAction, AuditRecordedV1, DraftAudit},
};
use sqlx::SqliteConnection;

use super::{
    append::{NewEntry, append},
    columns::{decimal_out, place_in, place_out, uuid_out},
    error::JournalError,
    people::audit_entry,
    state::{Ledger, Shared},
};
use crate::drafts::{DraftContent, DraftContext, DraftStatus, KnownDraft, Put, decide_put, is_due};

pub(super) use ends::{active_in_session, discard, make_sold, refuse_sale, sell};

/// Why a draft was not kept, shown or thrown away.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DraftRefusal {
    /// The session is not open, or it is another till's or person's.
    #[error("{0}")]
    NoOpenSession(String),
    /// The till's active draft belongs to another context.
    #[error(
        "draft {0} is of another till, session or person; it must be sold or thrown away first"
    )]
    AnotherContext(DraftId),
    /// It was sold or thrown away.
    #[error("draft {0} was sold or thrown away already; begin a new one")]
    Closed(DraftId),
    /// There is none.
    #[error("there is no such active draft on this till")]
    NotFound,
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// A draft in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HeldDraft {
    pub(super) known: KnownDraft,
    /// It was changed since it was last told of.
    pending: bool,
    item_count: u32,
    subtotal_usd: Usd,
}

impl HeldDraft {
    /// Whether it was changed since it was last told of.
    pub(super) const fn is_pending(&self) -> bool {
        self.pending
    }

    /// An entry for the audit log about it, now.
    fn audit(
        &self,
        shared: &Shared,
        action: AuditAction,
        actor: StaffId,
    ) -> Result<NewEntry, JournalError> {
        audit_entry(&self.audit_event(shared, action, actor))
    }

    fn audit_event(&self, shared: &Shared, action: AuditAction, actor: StaffId) -> AuditRecordedV1 {
        AuditRecordedV1 {
            tenant_id: shared.identity.tenant_id,
            branch_id: shared.identity.branch_id,
            edge_id: shared.identity.edge_id,
            action,
            device_id: Some(self.known.context.device_id),
            actor_id: Some(actor),
            cash_session_id: Some(self.known.context.cash_session_id),
            draft: Some(DraftAudit {
                draft_id: self.known.draft_id,
                item_count: self.item_count,
                subtotal_usd: self.subtotal_usd,
            }),
            detail: None,
            at: shared.clock.now(),
        }
    }
}

/// Reads the drafts into memory.
pub(super) async fn load(
    connection: &mut SqliteConnection,
    shared: &Shared,
) -> Result<(), JournalError> {
    let rows = sqlx::query!(
        "SELECT device_id AS \"device_id!\", draft_id, cash_session_id, staff_id, status, revision,
                item_count, subtotal_usd, audited_at, audit_pending AS \"audit_pending: bool\"
         FROM draft"
    )
    .fetch_all(connection)
    .await?;
    let mut drafts = std::collections::HashMap::with_capacity(rows.len());
    for row in rows {
        let device_id: DeviceId = uuid_out(&row.device_id)?.into();
        let known = KnownDraft {
            draft_id: uuid_out(&row.draft_id)?.into(),
            context: DraftContext {
                device_id,
                staff_id: uuid_out(&row.staff_id)?.into(),
                cash_session_id: uuid_out(&row.cash_session_id)?.into(),
            },
            status: match row.status.as_str() {
                "ACTIVE" => DraftStatus::Active,
                "FINALIZED" => DraftStatus::Finalized,
                _ => DraftStatus::Discarded,
            },
            revision: place_out(row.revision),
            audited_at: Timestamp::from_unix_micros(row.audited_at),
        };
        let held = HeldDraft {
            known,
            pending: row.audit_pending,
            item_count: u32::try_from(row.item_count).unwrap_or(u32::MAX),
            subtotal_usd: Usd(decimal_out(&row.subtotal_usd)?),
        };
        drafts.insert(device_id, held);
    }
    *shared.write_drafts() = drafts;
    Ok(())
}

/// See [`super::Journal::put_draft`].
pub(super) async fn put(
    ledger: &mut Ledger,
    draft_id: DraftId,
    context: DraftContext,
    content: DraftContent,
) -> Result<Result<Draft, DraftRefusal>, JournalError> {
    let shared = ledger.shared.clone();
    if let Err(refusal) = check_session(&shared, context) {
        return Ok(Err(refusal));
    }
    let now = shared.clock.now();
    let held = shared.read_drafts().get(&context.device_id).copied();
    if held.is_none_or(|held| held.known.draft_id != draft_id) && elsewhere(&shared, draft_id) {
        return Ok(Err(DraftRefusal::AnotherContext(draft_id)));
    }
    let put = decide_put(held.map(|held| held.known), draft_id, context, content.revision, now);
    let put = match put {
        Ok(put) => put,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let (action, tell) = match put {
        Put::Keep => return read(&mut ledger.connection, context.device_id).await,
        Put::Begin => (AuditAction::CartCreated, true),
        Put::Change { tell } => (AuditAction::CartUpdated, tell),
    };
    let before = held.filter(|_| put != Put::Begin).map_or(now, |held| held.known.audited_at);
    let known = KnownDraft {
        draft_id,
        context,
        status: DraftStatus::Active,
        revision: content.revision,
        audited_at: if tell { now } else { before },
    };
    let held = HeldDraft {
        known,
        pending: !tell,
        item_count: content.item_count,
        subtotal_usd: content.subtotal_usd,
    };
    let mut audits = Vec::new();
    if tell {
        audits.push(held.audit(&shared, action, context.staff_id)?);
    }
    append(ledger, audits, move |connection, _| {
        Box::pin(async move { write(connection, &held, &content, now).await })
    })
    .await?;
    shared.write_drafts().insert(context.device_id, held);
    read(&mut ledger.connection, context.device_id).await
}

/// Whether a draft is some till's newest one.
fn elsewhere(shared: &Shared, draft_id: DraftId) -> bool {
    shared.read_drafts().values().any(|held| held.known.draft_id == draft_id)
}

fn check_session(shared: &Shared, context: DraftContext) -> Result<(), DraftRefusal> {
    let id = context.cash_session_id;
    let owner =
        shared.read_sessions().get(&id).map(|open| (open.session.device_id, open.session.staff_id));
    match owner {
        Some(owner) if owner == (context.device_id, context.staff_id) => Ok(()),
        Some(_) => Err(format!("cash session {id} is another till's or person's")),
        None => Err(format!("cash session {id} is not open in this store")),
    }
    .map_err(DraftRefusal::NoOpenSession)
}

async fn write(
    connection: &mut SqliteConnection,
    held: &HeldDraft,
    content: &DraftContent,
    now: Timestamp,
) -> Result<(), JournalError> {
    let known = held.known;
    let (device, draft) = (known.context.device_id.as_uuid(), known.draft_id.as_uuid());
    let (session, staff) =
        (known.context.cash_session_id.as_uuid(), known.context.staff_id.as_uuid());
    let cart = serde_json::to_string(&content.cart)
        .map_err(|error| JournalError::Storage(error.to_string()))?;
    let (revision, item_count) = (place_in(content.revision), i64::from(content.item_count));
    let subtotal = content.subtotal_usd.to_string();
    let (now, audited_at) = (now.unix_micros(), known.audited_at.unix_micros());
    sqlx::query!(
        "INSERT INTO draft (device_id, draft_id, cash_session_id, staff_id, status, revision, cart,
                            item_count, subtotal_usd, created_at, updated_at, audited_at,
                            audit_pending)
         VALUES (?, ?, ?, ?, 'ACTIVE', ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (device_id) DO UPDATE
         SET draft_id = excluded.draft_id, cash_session_id = excluded.cash_session_id,
             staff_id = excluded.staff_id, status = excluded.status,
             revision = excluded.revision, cart = excluded.cart,
             item_count = excluded.item_count, subtotal_usd = excluded.subtotal_usd,
             created_at = iif(draft_id = excluded.draft_id, created_at, excluded.created_at),
             updated_at = excluded.updated_at, audited_at = excluded.audited_at,
             audit_pending = excluded.audit_pending",
        device,
        draft,
        session,
        staff,
        revision,
        cart,
        item_count,
        subtotal,
        now,
        now,
        audited_at,
        held.pending,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The newest draft of a till.
async fn read(
    connection: &mut SqliteConnection,
    device: DeviceId,
) -> Result<Result<Draft, DraftRefusal>, JournalError> {
    let device_column = device.as_uuid();
    let row = sqlx::query!(
        "SELECT draft_id, cash_session_id, staff_id, revision, cart, item_count, subtotal_usd,
                created_at, updated_at
         FROM draft WHERE device_id = ?",
        device_column,
    )
    .fetch_optional(connection)
    .await?;
    let Some(row) = row else { return Ok(Err(DraftRefusal::NotFound)) };
    let cart = serde_json::from_str(&row.cart)
        .map_err(|error| JournalError::Storage(error.to_string()))?;
    Ok(Ok(Draft {
        draft_id: uuid_out(&row.draft_id)?.into(),
        device_id: device,
        staff_id: uuid_out(&row.staff_id)?.into(),
        cash_session_id: uuid_out(&row.cash_session_id)?.into(),
        revision: place_out(row.revision),
        cart,
        item_count: u32::try_from(row.item_count).unwrap_or(u32::MAX),
        subtotal_usd: Usd(decimal_out(&row.subtotal_usd)?),
        created_at: Timestamp::from_unix_micros(row.created_at),
        updated_at: Timestamp::from_unix_micros(row.updated_at),
    }))
}

/// See [`super::Journal::draft`].
pub(super) async fn find(
    ledger: &mut Ledger,
    device: DeviceId,
    staff: StaffId,
) -> Result<Result<Draft, DraftRefusal>, JournalError> {
    let held = ledger.shared.read_drafts().get(&device).copied();
    match held.map(|held| held.known) {
        Some(known) if known.status != DraftStatus::Active => Ok(Err(DraftRefusal::NotFound)),
        None => Ok(Err(DraftRefusal::NotFound)),
        Some(known) if known.context.staff_id != staff => {
            Ok(Err(DraftRefusal::AnotherContext(known.draft_id)))
        }
        Some(_) => read(&mut ledger.connection, device).await,
    }
}

/// See [`super::Journal::tell_drafts`].
pub(super) async fn tell(ledger: &mut Ledger) -> Result<(), JournalError> {
    let shared = ledger.shared.clone();
    let now = shared.clock.now();
    let due: Vec<HeldDraft> = shared
        .read_drafts()
        .values()
        .filter(|held| held.pending && is_due(held.known.audited_at, now))
        .copied()
        .collect();
    for mut held in due {
        let context = held.known.context;
        let audit = held.audit(&shared, AuditAction::CartUpdated, context.staff_id)?;
        let (device, at) = (context.device_id.as_uuid(), now.unix_micros());
        append(ledger, vec![audit], move |connection, _| {
            Box::pin(async move {
                sqlx::query!(
                    "UPDATE draft SET audit_pending = 0, audited_at = ? WHERE device_id = ?",
                    at,
                    device
                )
                .execute(connection)
                .await?;
                Ok(())
            })
        })
        .await?;
        held.pending = false;
        held.known.audited_at = now;
        shared.write_drafts().insert(context.device_id, held);
    }
    Ok(())
}
