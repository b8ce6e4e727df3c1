//! KHQR: the codes that customers were shown, what was found paid of them, which
//! sale claims which payment, and how often Bakong was asked.
//!
//! A payment is written once for a code and pays for one code only; a sale claims
//! one code, and a code is claimed once. The database holds all three.

mod budget;
mod claims;
mod locked;

use rust_decimal::Decimal;
use schemas::{
    BranchId, Currency, EdgeId, SaleId, TenantId, TicketId, Timestamp, requests::KhqrIntentV1,
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{Conn, Error};

pub use budget::{exhaust_checks, put_back_check, take_check};
pub use claims::{Claim, SaleProof, claim, insert_proofs};
pub use locked::{LockedCart, NewestCode, locked_cart, newest_of_ticket};

/// A code to be written down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIntent<'a> {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that shows it.
    pub edge_id: EdgeId,
    /// The code.
    pub intent: &'a KhqrIntentV1,
    /// The cart that it locks, if the books are to keep it: of the direct door's.
    pub locked: Option<&'a LockedCart>,
    /// When it is written down, by the centre's clock.
    pub recorded_at: Timestamp,
}

/// Where a code stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IntentState {
    /// It is shown; nobody knows of a payment.
    Open,
    /// The ticket has a newer one.
    Superseded,
    /// It was paid.
    Paid,
    /// A sale claims its payment.
    Claimed,
}

impl IntentState {
    const ALL: [Self; 4] = [Self::Open, Self::Superseded, Self::Paid, Self::Claimed];

    /// The name in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Superseded => "SUPERSEDED",
            Self::Paid => "PAID",
            Self::Claimed => "CLAIMED",
        }
    }
}

/// A payment that was found and fits its code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    /// The transaction's hash.
    pub hash: String,
    /// Who paid, if Bakong said so.
    pub from_account_id: Option<String>,
    /// Who was paid.
    pub to_account_id: String,
    /// When it was found, by the centre's clock.
    pub confirmed_at: Timestamp,
}

/// A code as the books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// MD5 of its payload.
    pub md5: String,
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge that shows it.
    pub edge_id: EdgeId,
    /// The ticket that it is to pay.
    pub ticket_id: TicketId,
    /// What is paid in.
    pub currency: Currency,
    /// How much.
    pub amount: Decimal,
    /// The account that is to be paid.
    pub to_account_id: String,
    /// Where it stands.
    pub state: IntentState,
    /// Its payment, if one was found.
    pub payment: Option<Payment>,
    /// The sale that claims it.
    pub sale_id: Option<SaleId>,
}

/// What became of writing a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// It is the code's payment now.
    Now,
    /// The code had its payment already: this one.
    Before(Payment),
    /// The transaction is the payment of another code.
    OfAnotherCode,
}

/// Takes the right to write codes of a ticket, until the transaction ends.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn lock_ticket(
    conn: &mut Conn,
    tenant: TenantId,
    ticket: &TicketId,
) -> Result<(), Error> {
    sqlx::query!(
        "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
        format!("khqr:{tenant}:{ticket}"),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes a code, unless it is there: then it changes nothing. One that comes
/// after a newer one of its ticket is superseded from the start. Returns whether
/// it is new.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert(conn: &mut Conn, new: &NewIntent<'_>) -> Result<bool, Error> {
    let intent = new.intent;
    let locked = new.locked.map(LockedCart::to_text).transpose()?;
    let inserted = sqlx::query!(
        "INSERT INTO khqr_intent (md5, tenant_id, branch_id, edge_id, ticket_id, cash_session_id,
             device_id, staff_id, currency, amount, to_account_id, payload, cart_hash, created_at,
             expires_at, recorded_at, locked, state, superseded_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
             $17::text::jsonb,
             CASE WHEN EXISTS (SELECT FROM khqr_intent o
                 WHERE o.tenant_id = $2 AND o.ticket_id = $5 AND o.created_at > $14) THEN 'SUPERSEDED' ELSE 'OPEN' END,
             CASE WHEN EXISTS (SELECT FROM khqr_intent o
                 WHERE o.tenant_id = $2 AND o.ticket_id = $5 AND o.created_at > $14) THEN $16::timestamptz END)
         ON CONFLICT (md5) DO NOTHING",
        intent.md5,
        new.tenant_id.as_uuid(),
        new.branch_id.as_uuid(),
        new.edge_id.as_uuid(),
        intent.ticket_id.as_str(),
        intent.cash_session_id.map(Uuid::from),
        intent.device_id.as_uuid(),
        intent.staff_id.as_uuid(),
        intent.currency.code(),
        intent.amount,
        intent.to_account_id,
        intent.payload,
        intent.cart_hash.as_bytes().as_slice(),
        OffsetDateTime::from(intent.created_at),
        OffsetDateTime::from(intent.expires_at),
        OffsetDateTime::from(new.recorded_at),
        locked,
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Supersedes the codes of a ticket that are older than this one of it.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn supersede_older(conn: &mut Conn, new: &NewIntent<'_>) -> Result<u64, Error> {
    let superseded = sqlx::query!(
        "UPDATE khqr_intent SET state = 'SUPERSEDED', superseded_at = $5
         WHERE tenant_id = $1 AND ticket_id = $2 AND md5 <> $3 AND created_at <= $4
           AND state IN ('OPEN', 'PAID')",
        new.tenant_id.as_uuid(),
        new.intent.ticket_id.as_str(),
        new.intent.md5,
        OffsetDateTime::from(new.intent.created_at),
        OffsetDateTime::from(new.recorded_at),
    )
    .execute(conn)
    .await?;
    Ok(superseded.rows_affected())
}

/// A code.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn read(conn: &mut Conn, md5: &str) -> Result<Option<Intent>, Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT md5, tenant_id, branch_id, edge_id, ticket_id, currency, amount, to_account_id,
             state, paid_hash, paid_from_account, paid_to_account, confirmed_at, sale_id
         FROM khqr_intent WHERE md5 = $1",
        md5,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Intent::try_from).transpose()
}

/// Locks and reads those of these codes that are there, in the order of their
/// names.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn lock(conn: &mut Conn, md5s: &[String]) -> Result<Vec<Intent>, Error> {
    if md5s.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        Row,
        "SELECT md5, tenant_id, branch_id, edge_id, ticket_id, currency, amount, to_account_id,
             state, paid_hash, paid_from_account, paid_to_account, confirmed_at, sale_id
         FROM khqr_intent WHERE md5 = ANY($1) ORDER BY md5 FOR NO KEY UPDATE",
        md5s,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Intent::try_from).collect()
}

/// Writes what was paid for a code, once.
///
/// # Errors
/// [`Error`] if the statement fails, a stored value is not valid, or there is no
/// such code.
pub async fn record_payment(
    conn: &mut Conn,
    md5: &str,
    payment: &Payment,
) -> Result<Recorded, Error> {
    let written = sqlx::query!(
        "UPDATE khqr_intent i
         SET state = CASE i.state WHEN 'OPEN' THEN 'PAID' ELSE i.state END, paid_hash = $2,
             paid_from_account = $3, paid_to_account = $4, confirmed_at = $5
         WHERE i.md5 = $1 AND i.paid_hash IS NULL AND NOT EXISTS (SELECT FROM khqr_intent o
             WHERE o.tenant_id = i.tenant_id AND o.paid_hash = $2)",
        md5,
        payment.hash,
        payment.from_account_id,
        payment.to_account_id,
        OffsetDateTime::from(payment.confirmed_at),
    )
    .execute(&mut *conn)
    .await?;
    if written.rows_affected() == 1 {
        return Ok(Recorded::Now);
    }
    let kept = read(conn, md5).await?.ok_or_else(|| Error::corrupt("khqr_intent.md5", md5))?;
    Ok(kept.payment.map_or(Recorded::OfAnotherCode, Recorded::Before))
}

/// Locks and reads payments that no sale claims and that nobody was told of: of
/// superseded codes all, of others those that were confirmed before
/// `confirmed_before`. The oldest come first, at most `limit`; what another
/// process has locked is left to it.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn lock_unclaimed(
    conn: &mut Conn,
    confirmed_before: Timestamp,
    limit: i64,
) -> Result<Vec<Intent>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT md5, tenant_id, branch_id, edge_id, ticket_id, currency, amount, to_account_id,
             state, paid_hash, paid_from_account, paid_to_account, confirmed_at, sale_id
         FROM khqr_intent
         WHERE paid_hash IS NOT NULL AND sale_id IS NULL AND raised_at IS NULL
           AND (state = 'SUPERSEDED' OR confirmed_at < $1)
         ORDER BY confirmed_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED",
        OffsetDateTime::from(confirmed_before),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Intent::try_from).collect()
}

/// Remembers that somebody was told of the payments of these codes.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn mark_raised(conn: &mut Conn, md5s: &[String], at: Timestamp) -> Result<(), Error> {
    sqlx::query!(
        "UPDATE khqr_intent SET raised_at = $2 WHERE md5 = ANY($1) AND raised_at IS NULL",
        md5s,
        OffsetDateTime::from(at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

struct Row {
    md5: String,
    tenant_id: Uuid,
    branch_id: Uuid,
    edge_id: Uuid,
    ticket_id: String,
    currency: String,
    amount: Decimal,
    to_account_id: String,
    state: String,
    paid_hash: Option<String>,
    paid_from_account: Option<String>,
    paid_to_account: Option<String>,
    confirmed_at: Option<OffsetDateTime>,
    sale_id: Option<Uuid>,
}

impl TryFrom<Row> for Intent {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let state = IntentState::ALL.into_iter().find(|state| state.as_str() == row.state);
        let currency = match row.currency.as_str() {
            "USD" => Currency::Usd,
            "KHR" => Currency::Khr,
            other => return Err(Error::corrupt("khqr_intent.currency", other)),
        };
        let payment = match (row.paid_hash, row.paid_to_account, row.confirmed_at) {
            (Some(hash), Some(to_account_id), Some(at)) => Some(Payment {
                hash,
                from_account_id: row.paid_from_account,
                to_account_id,
                confirmed_at: at.into(),
            }),
            _ => None,
        };
        Ok(Self {
            state: state.ok_or_else(|| Error::corrupt("khqr_intent.state", &row.state))?,
            ticket_id: TicketId::parse(row.ticket_id)
                .map_err(|error| Error::corrupt("khqr_intent.ticket_id", error))?,
            md5: row.md5,
            tenant_id: row.tenant_id.into(),
            branch_id: row.branch_id.into(),
            edge_id: row.edge_id.into(),
            currency,
            amount: row.amount.normalize(),
            to_account_id: row.to_account_id,
            payment,
            sale_id: row.sale_id.map(SaleId::from),
        })
    }
}
