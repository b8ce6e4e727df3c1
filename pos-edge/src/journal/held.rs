//! Sales that tills completed by themselves and that wait for a manager: on the disk,
//! so that the till may let go of them, and no sales before they are accepted.
//!
//! A ticket has one outcome: who was held is not sold by another way, and who was
//! sold is not held. A crash leaves a sale held, decided, or not here at all; its till
//! asks again under the same ticket, as a manager does under the same key.

use schemas::{
    Entry, EntryKind, Sha256Hash, StaffId, TicketId, Timestamp,
    edge_api::{
        FinalizeSale, HeldDecided, HeldSale, HeldSalePage, HeldSaleRow, HeldState, HeldWhy, Update,
    },
    events::{AuditAction, AuditRecordedV1},
    requests::StorageLevel,
};
use sqlx::SqliteConnection;

use super::{
    By,
    append::append,
    columns::{hash_out, name_out, place_in, uuid_out},
    desk::{Desk, Written},
    error::{JournalError, Refusal},
    people::audit_entry,
    pruned::{self, Key},
    state::Ledger,
    tickets,
    updates::{Place, PlacedUpdate},
};

/// The most sales that wait at once.
pub const MAX_HELD: u32 = 500;

/// A sale to be held.
#[derive(Debug, Clone)]
pub struct NewHeld {
    /// Its ticket.
    pub ticket_id: TicketId,
    /// The hash of the request: a retry must have the same.
    pub request_hash: Sha256Hash,
    /// The request.
    pub request: FinalizeSale,
    /// When the till completed it, by the till's clock.
    pub completed_at: Timestamp,
    /// Why it is held.
    pub why: HeldWhy,
}

/// What became of a sale that was to be held.
#[derive(Debug, Clone)]
pub enum Kept {
    /// It is held, or was, and this is where it stands.
    Held(HeldSale),
    /// It was sold before; the payload of its entry.
    Sold(Vec<u8>),
}

/// Which held sales, newest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct HeldFilter {
    /// Only these.
    pub state: Option<HeldState>,
    /// Only those before this one.
    pub before: Option<i64>,
    /// At most this many, 1 to [`Self::MAX_LIMIT`].
    pub limit: usize,
}

impl HeldFilter {
    /// The largest page.
    pub const MAX_LIMIT: usize = 200;
}

struct Row {
    held_no: i64,
    ticket_id: String,
    request_hash: Vec<u8>,
    request: String,
    completed_at: i64,
    why: String,
    held_at: i64,
    state: String,
    decided_by: Option<Vec<u8>>,
    decided_at: Option<i64>,
    reason: Option<String>,
}

impl Row {
    fn held(&self) -> Result<HeldSale, JournalError> {
        let decided = match (&self.decided_by, self.decided_at) {
            (Some(by), Some(at)) => Some(HeldDecided {
                by: uuid_out(by)?.into(),
                at: Timestamp::from_unix_micros(at),
                reason: self.reason.clone(),
            }),
            _ => None,
        };
        Ok(HeldSale {
            ticket_id: TicketId::parse(self.ticket_id.clone())
                .map_err(|error| JournalError::Storage(error.to_string()))?,
            state: name_out(&self.state)?,
            why: name_out(&self.why)?,
            held_at: Timestamp::from_unix_micros(self.held_at),
            decided,
        })
    }

    fn request(&self) -> Result<FinalizeSale, JournalError> {
        serde_json::from_str(&self.request)
            .map_err(|error| JournalError::Storage(format!("a held sale cannot be read: {error}")))
    }

    fn shown(&self) -> Result<HeldSaleRow, JournalError> {
        let request = self.request()?;
        let shown = request
            .shown
            .ok_or_else(|| JournalError::Storage("a held sale has no figures".to_owned()))?;
        Ok(HeldSaleRow {
            held: self.held()?,
            device_id: request.device_id,
            cash_session_id: request.cash_session_id,
            completed_at: Timestamp::from_unix_micros(self.completed_at),
            sale_type: request.cart.sale_type,
            totals: shown.totals,
            tender: request.tender,
        })
    }
}

async fn by_ticket(
    connection: &mut SqliteConnection,
    ticket: &TicketId,
) -> Result<Option<Row>, JournalError> {
    let ticket = ticket.as_str();
    Ok(sqlx::query_as!(
        Row,
        "SELECT held_no AS \"held_no!\", ticket_id, request_hash, request, completed_at, why,
                held_at, state, decided_by, decided_at, reason
         FROM held_sale WHERE ticket_id = ?",
        ticket,
    )
    .fetch_optional(connection)
    .await?)
}

/// Where a held sale stands, with the hash of its request and the request.
pub(super) async fn find(
    connection: &mut SqliteConnection,
    ticket: &TicketId,
) -> Result<Option<(HeldSale, NewHeld)>, JournalError> {
    let Some(row) = by_ticket(connection, ticket).await? else { return Ok(None) };
    let held = row.held()?;
    let new = NewHeld {
        ticket_id: ticket.clone(),
        request_hash: hash_out(&row.request_hash)?,
        request: row.request()?,
        completed_at: Timestamp::from_unix_micros(row.completed_at),
        why: held.why,
    };
    Ok(Some((held, new)))
}

/// That a ticket was never held.
///
/// # Errors
/// [`Refusal::Held`], or [`Refusal::KeyConflict`] if it was, by another request.
pub(super) async fn refuse(
    connection: &mut SqliteConnection,
    ticket: &TicketId,
    asked: Sha256Hash,
) -> Result<(), Refusal> {
    match by_ticket(connection, ticket).await? {
        None => Ok(()),
        Some(row) if hash_out(&row.request_hash)? == asked => Err(Refusal::Held(ticket.clone())),
        Some(_) => Err(Refusal::KeyConflict),
    }
}

/// That a sale waits for a manager.
///
/// # Errors
/// [`Refusal::HeldNotFound`], [`Refusal::HeldDecided`].
pub(super) async fn check_waits(
    connection: &mut SqliteConnection,
    ticket: &TicketId,
) -> Result<(), Refusal> {
    match by_ticket(connection, ticket).await? {
        None => Err(Refusal::HeldNotFound(ticket.clone())),
        Some(row) if row.held()?.state == HeldState::Held => Ok(()),
        Some(_) => Err(Refusal::HeldDecided(ticket.clone())),
    }
}

/// Writes what a manager decided: a reason is there exactly for a rejection.
pub(super) async fn settle(
    desk: &mut Desk<'_>,
    ticket: &TicketId,
    by: StaffId,
    reason: Option<&str>,
) -> Result<(), JournalError> {
    let state = if reason.is_some() { HeldState::Rejected } else { HeldState::Accepted };
    let (state, ticket) = (state.as_str(), ticket.as_str());
    let (by, at) = (by.as_uuid(), desk.now.unix_micros());
    sqlx::query!(
        "UPDATE held_sale SET state = ?, decided_by = ?, decided_at = ?, reason = ?
         WHERE ticket_id = ? AND state = 'HELD'",
        state,
        by,
        at,
        reason,
        ticket,
    )
    .execute(&mut *desk.connection)
    .await?;
    Ok(())
}

/// Appends what a manager did to the audit log.
pub(super) async fn audit(
    desk: &mut Desk<'_>,
    action: AuditAction,
    by: By,
    detail: String,
) -> Result<Written, Refusal> {
    let identity = desk.shared.identity;
    let event = AuditRecordedV1 {
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        action,
        device_id: Some(by.device_id),
        actor_id: Some(by.staff_id),
        cash_session_id: None,
        draft: None,
        detail: Some(detail),
        at: desk.now,
    };
    desk.append(EntryKind::AuditRecorded, &event).await
}

/// See [`super::Journal::hold_sale`].
pub(super) async fn hold(
    ledger: &mut Ledger,
    new: NewHeld,
) -> Result<Result<Kept, Refusal>, JournalError> {
    let shared = ledger.shared.clone();
    let connection = &mut ledger.connection;
    match tickets::sale(connection, new.ticket_id.clone()).await? {
        Some((hash, payload)) if hash == new.request_hash => return Ok(Ok(Kept::Sold(payload))),
        Some(_) => return Ok(Err(Refusal::KeyConflict)),
        None => {}
    }
    if let Some(pruned) = pruned::find(connection, Key::Ticket(new.ticket_id.as_str())).await? {
        return Ok(Err(pruned.refusal(new.request_hash)));
    }
    if let Some(row) = by_ticket(connection, &new.ticket_id).await? {
        let same = hash_out(&row.request_hash)? == new.request_hash;
        return Ok(if same { Ok(Kept::Held(row.held()?)) } else { Err(Refusal::KeyConflict) });
    }
    let waiting = sqlx::query_scalar!("SELECT count(*) FROM held_sale WHERE state = 'HELD'")
        .fetch_one(&mut *connection)
        .await?;
    if waiting >= i64::from(MAX_HELD) {
        return Ok(Err(Refusal::TooManyHeld(MAX_HELD)));
    }
    let storage = shared.storage();
    if storage.level == StorageLevel::Full {
        return Ok(Err(Refusal::NoRoom { free_bytes: storage.free_bytes }));
    }
    let request = serde_json::to_string(&new.request)
        .map_err(|error| JournalError::Storage(error.to_string()))?;
    if request.len() > Entry::MAX_PAYLOAD_BYTES {
        return Ok(Err(Refusal::TooLarge(request.len())));
    }
    let held_at = shared.clock.now();
    let identity = shared.identity;
    let audit = audit_entry(&AuditRecordedV1 {
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        action: AuditAction::SaleHeld,
        device_id: Some(new.request.device_id),
        actor_id: None,
        cash_session_id: None,
        draft: None,
        detail: Some(format!("{} {}", new.ticket_id, new.why.as_str())),
        at: held_at,
    })?;
    let ticket_id = new.ticket_id.clone();
    let held = HeldSale { ticket_id, state: HeldState::Held, why: new.why, held_at, decided: None };
    let seq = append(ledger, vec![audit], move |connection, seq| {
        Box::pin(async move {
            let (ticket, why) = (new.ticket_id.as_str(), new.why.as_str());
            let hash = new.request_hash.as_bytes().as_slice();
            let (completed_at, held_at) = (new.completed_at.unix_micros(), held_at.unix_micros());
            sqlx::query!(
                "INSERT INTO held_sale (ticket_id, request_hash, request, completed_at, why, held_at)
                 VALUES (?, ?, ?, ?, ?, ?)",
                ticket,
                hash,
                request,
                completed_at,
                why,
                held_at,
            )
            .execute(connection)
            .await?;
            Ok(seq)
        })
    })
    .await?;
    let place = Place { journal_seq: seq, mapping_seq: *shared.mapping_seq.borrow() };
    let update = Update::HeldSaleChanged { ticket_id: held.ticket_id.clone() };
    // An error means that nobody watches.
    let _nobody_watches = shared.updates.send(PlacedUpdate { place, update });
    Ok(Ok(Kept::Held(held)))
}

/// See [`super::Journal::held_sales`].
pub(super) async fn page(
    connection: &mut SqliteConnection,
    filter: HeldFilter,
) -> Result<HeldSalePage, JournalError> {
    let limit = filter.limit.clamp(1, HeldFilter::MAX_LIMIT);
    let before = filter.before.unwrap_or(i64::MAX);
    let state = filter.state.map(HeldState::as_str);
    // One more than asked tells whether there is a next page.
    let rows = place_in(limit as u64 + 1);
    let mut rows = sqlx::query_as!(
        Row,
        "SELECT held_no AS \"held_no!\", ticket_id, request_hash, request, completed_at, why,
                held_at, state, decided_by, decided_at, reason
         FROM held_sale WHERE held_no < ?1 AND (?2 IS NULL OR state = ?2)
         ORDER BY held_no DESC LIMIT ?3",
        before,
        state,
        rows,
    )
    .fetch_all(connection)
    .await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_before = rows.last().filter(|_| more).map(|row| row.held_no);
    let held_sales = rows.iter().map(Row::shown).collect::<Result<_, _>>()?;
    Ok(HeldSalePage { held_sales, next_before })
}
