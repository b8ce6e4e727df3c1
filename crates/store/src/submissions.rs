//! Submissions at the direct door: what clients without an edge asked for, kept
//! before any answer, each decided once.
//!
//! Whoever decides holds the lock of the branch's door edge ([`crate::cursors`]),
//! so no two decide the same.

use rust_decimal::Decimal;
use schemas::{
    BranchId, CustomerId, EdgeId, Khr, SaleId, Sha256Hash, TenantId, TicketId, Timestamp, Usd,
    door_api::{DoorInvoice, RefusalCode, SubmissionState},
    facts::{FactKind, SaleRefusedV1, id_from_refusal},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{digest, int8, unsigned},
    outbox::{self, NewFact},
};

/// A submission as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSubmission {
    /// The company.
    pub tenant_id: TenantId,
    /// Its ticket: the idempotency key.
    pub ticket_id: TicketId,
    /// The store.
    pub branch_id: BranchId,
    /// What kind of request, e.g. `sale`.
    pub kind: &'static str,
    /// The hash of what was asked for.
    pub body_hash: Sha256Hash,
    /// What was asked for, as JSON.
    pub body: Vec<u8>,
    /// Completed by a paired client while it had no line.
    pub offline_completed: bool,
    /// Who sent it.
    pub client: Client,
    /// When.
    pub received_at: Timestamp,
}

/// A client of the direct door, as its token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Its token.
    pub client_id: Uuid,
    /// Its name.
    pub name: String,
}

/// Where a submission stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its name in URLs.
    pub submission_id: Uuid,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// The store.
    pub branch_id: BranchId,
    /// What kind of request.
    pub kind: String,
    /// The hash of what was asked for.
    pub body_hash: Sha256Hash,
    /// Where it stands.
    pub outcome: Outcome,
}

/// What became of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing yet.
    Pending,
    /// It is in the books.
    Booked {
        /// What it made: the sale, session, movement, order or request.
        made_id: Uuid,
        /// The entry.
        entry: (EdgeId, u64),
    },
    /// It was refused, for good.
    Refused {
        /// Why, as a code.
        code: RefusalCode,
        /// Why, in words.
        detail: String,
    },
}

impl Outcome {
    /// The state without what belongs to it.
    pub const fn state(&self) -> SubmissionState {
        match self {
            Self::Pending => SubmissionState::Pending,
            Self::Booked { .. } => SubmissionState::Booked,
            Self::Refused { .. } => SubmissionState::Refused,
        }
    }
}

/// A submission that is to be decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Its ticket.
    pub ticket_id: TicketId,
    /// The hash of what was asked for.
    pub body_hash: Sha256Hash,
    /// What was asked for, as JSON.
    pub body: Vec<u8>,
    /// Who sent it.
    pub client: Client,
    /// When.
    pub received_at: Timestamp,
}

/// The name of a submission in URLs: it derives from company and ticket.
pub fn submission_id(tenant: TenantId, ticket: &TicketId) -> Uuid {
    Uuid::new_v5(&tenant.as_uuid(), format!("submission:{ticket}").as_bytes())
}

/// Keeps a submission, unless its ticket is taken: then nothing changes. Returns
/// whether it is new.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn keep(conn: &mut Conn, new: &NewSubmission) -> Result<bool, Error> {
    let kept = sqlx::query!(
        "INSERT INTO submission (tenant_id, ticket_id, submission_id, branch_id, kind, body_hash,
             body, offline_completed, client_id, client_name, received_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
         ON CONFLICT (tenant_id, ticket_id) DO NOTHING",
        new.tenant_id.as_uuid(),
        new.ticket_id.as_str(),
        submission_id(new.tenant_id, &new.ticket_id),
        new.branch_id.as_uuid(),
        new.kind,
        &new.body_hash.as_bytes()[..],
        new.body,
        new.offline_completed,
        new.client.client_id,
        new.client.name,
        OffsetDateTime::from(new.received_at),
    )
    .execute(conn)
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// Keeps that another payload came under a taken ticket. Returns whether this one
/// had not come before.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn keep_conflict(conn: &mut Conn, new: &NewSubmission) -> Result<bool, Error> {
    let kept = sqlx::query!(
        "INSERT INTO submission_conflict (tenant_id, ticket_id, body_hash, client_id, received_at)
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        new.tenant_id.as_uuid(),
        new.ticket_id.as_str(),
        &new.body_hash.as_bytes()[..],
        new.client.client_id,
        OffsetDateTime::from(new.received_at),
    )
    .execute(conn)
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// Where a submission of a company stands.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn standing(
    conn: &mut Conn,
    tenant: TenantId,
    submission: Uuid,
) -> Result<Option<Standing>, Error> {
    sqlx::query!(
        "SELECT ticket_id, branch_id, kind, body_hash, state, outcome_code, outcome_detail,
             made_id, edge_id, entry_seq
         FROM submission WHERE submission_id = $1 AND tenant_id = $2",
        submission,
        tenant.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        let missing = |what| Error::corrupt("submission", format!("{what} is missing"));
        let outcome = match row.state.as_str() {
            "PENDING" => Outcome::Pending,
            "BOOKED" => Outcome::Booked {
                made_id: row.made_id.ok_or_else(|| missing("made_id"))?,
                entry: (
                    row.edge_id.ok_or_else(|| missing("edge_id"))?.into(),
                    row.entry_seq.ok_or_else(|| missing("entry_seq"))?.unsigned_abs(),
                ),
            },
            "REFUSED" => Outcome::Refused {
                code: code(row.outcome_code.ok_or_else(|| missing("outcome_code"))?)?,
                detail: row.outcome_detail.ok_or_else(|| missing("outcome_detail"))?,
            },
            other => return Err(Error::corrupt("submission.state", other)),
        };
        Ok(Standing {
            submission_id: submission,
            ticket_id: ticket(row.ticket_id)?,
            branch_id: row.branch_id.into(),
            kind: row.kind,
            body_hash: digest("submission.body_hash", &row.body_hash)?,
            outcome,
        })
    })
    .transpose()
}

/// The branches that have undecided submissions.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn waiting_branches(conn: &mut Conn) -> Result<Vec<(TenantId, BranchId)>, Error> {
    let rows = sqlx::query!(
        "SELECT DISTINCT tenant_id, branch_id FROM submission WHERE state = 'PENDING'
         ORDER BY tenant_id, branch_id"
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.tenant_id.into(), row.branch_id.into())).collect())
}

/// The first undecided submissions of a branch, in the order in which they came.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn pending(
    conn: &mut Conn,
    tenant: TenantId,
    branch: BranchId,
    limit: u32,
) -> Result<Vec<Pending>, Error> {
    sqlx::query!(
        "SELECT ticket_id, body_hash, body, client_id, client_name, received_at
         FROM submission
         WHERE tenant_id = $1 AND branch_id = $2 AND state = 'PENDING'
         ORDER BY submission_no LIMIT $3",
        tenant.as_uuid(),
        branch.as_uuid(),
        i64::from(limit),
    )
    .fetch_all(conn)
    .await?
    .into_iter()
    .map(|row| {
        Ok(Pending {
            ticket_id: ticket(row.ticket_id)?,
            body_hash: digest("submission.body_hash", &row.body_hash)?,
            body: row.body,
            client: Client { client_id: row.client_id, name: row.client_name },
            received_at: row.received_at.into(),
        })
    })
    .collect()
}

/// Settles an undecided submission.
///
/// # Errors
/// [`Error`] if the statement fails, or the submission was settled meanwhile.
pub async fn settle(
    conn: &mut Conn,
    tenant: TenantId,
    ticket: &TicketId,
    outcome: &Outcome,
    at: Timestamp,
) -> Result<(), Error> {
    let (code, detail, made, entry) = match outcome {
        Outcome::Pending => return Ok(()),
        Outcome::Booked { made_id, entry } => (None, None, Some(*made_id), Some(*entry)),
        Outcome::Refused { code, detail } => {
            (Some(code.as_str()), Some(detail.as_str()), None, None)
        }
    };
    let settled = sqlx::query!(
        "UPDATE submission SET state = $3, outcome_code = $4, outcome_detail = $5, made_id = $6,
             edge_id = $7, entry_seq = $8, settled_at = $9
         WHERE tenant_id = $1 AND ticket_id = $2 AND state = 'PENDING'",
        tenant.as_uuid(),
        ticket.as_str(),
        outcome.state().as_str(),
        code,
        detail,
        made,
        entry.map(|(edge, _)| edge.as_uuid()),
        entry.map(|(_, seq)| int8(seq)),
        OffsetDateTime::from(at),
    )
    .execute(conn)
    .await?;
    if settled.rows_affected() == 1 {
        Ok(())
    } else {
        Err(Error::corrupt("submission.state", "it was settled meanwhile"))
    }
}

/// Tells the company that a sale was refused: in the audit log, and as a fact.
/// `actor` is who sold, or the client. No entry tells of it.
///
/// # Errors
/// [`Error::Database`] if a statement fails.
pub async fn tell_refused(
    conn: &mut Conn,
    refused: &SaleRefusedV1,
    actor: Uuid,
) -> Result<(), Error> {
    let meta = serde_json::json!({ "ticketId": refused.ticket_id, "code": refused.code });
    sqlx::query!(
        "INSERT INTO audit_log (tenant_id, branch_id, action, activity, actor_id, subject_id,
             occurred_at, meta)
         VALUES ($1, $2, 'SALE_REFUSED', 'pos.sale.refused', $3, $4, $5, $6::text::jsonb)",
        refused.tenant_id.as_uuid(),
        refused.branch_id.as_uuid(),
        actor,
        refused.customer_id.map(Uuid::from),
        OffsetDateTime::from(refused.at),
        meta.to_string(),
    )
    .execute(&mut *conn)
    .await?;
    let fact = NewFact {
        tenant_id: refused.tenant_id,
        branch_id: refused.branch_id,
        fact_id: id_from_refusal(refused.tenant_id, &refused.ticket_id, refused.request_hash),
        kind: FactKind::SaleRefused,
        schema_version: 1,
        entry: None,
        invoice: None,
        // Our own types of strings and ids always serialise.
        body: Some(serde_json::to_vec(refused).unwrap_or_default()),
        occurred_at: refused.at,
    };
    outbox::enqueue(conn, &[fact]).await
}

/// The invoice of a sale, once its number is assigned.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn invoice_of(conn: &mut Conn, sale: SaleId) -> Result<Option<DoorInvoice>, Error> {
    sqlx::query!(
        "SELECT i.invoice_id, i.no, i.grand_total_usd, i.grand_total_khr, i.vat_usd, i.issued_at,
             s.customer_id
         FROM invoice i JOIN sale s USING (sale_id) WHERE i.sale_id = $1",
        sale.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        let cents = (row.grand_total_usd * Decimal::ONE_HUNDRED).trunc();
        Ok(DoorInvoice {
            id: row.invoice_id.into(),
            invoice_no: unsigned("invoice.no", row.no)?,
            customer_id: row.customer_id.map(CustomerId::from_uuid),
            total_cents: i64::try_from(cents)
                .map_err(|error| Error::corrupt("invoice.grand_total_usd", error))?,
            grand_total_usd: Usd(row.grand_total_usd),
            grand_total_khr: Khr(row.grand_total_khr),
            vat_usd: Usd(row.vat_usd),
            sale_id: sale,
            issued_at: row.issued_at.into(),
        })
    })
    .transpose()
}

fn code(text: String) -> Result<RefusalCode, Error> {
    RefusalCode::of(&text).ok_or_else(|| Error::corrupt("submission.outcome_code", text))
}

fn ticket(text: String) -> Result<TicketId, Error> {
    TicketId::parse(text).map_err(|error| Error::corrupt("submission.ticket_id", error))
}
