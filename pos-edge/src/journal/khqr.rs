//! KHQR codes of this store, and what was confirmed of their payments.
//!
//! They are beside the journal's entries: what the books need of them the centre
//! has written down itself, and the sale's own entry names its proof.

use schemas::{
    DeviceId, Sha256Hash, StaffId, TicketId, Timestamp,
    edge_api::{KhqrChecked, KhqrCode},
    events::DeductionLine,
};
use sqlx::SqliteConnection;

use super::{
    columns::{hash_out, uuid_out},
    error::JournalError,
    pruned,
    state::{Durability, Ledger},
    tickets,
};

/// How long codes are kept, in microseconds: 30 days. No bank pays an older one.
const CODES_KEPT_MICROS: i64 = 30 * 24 * 3_600 * 1_000_000;
/// How long the answers to taps are kept, in microseconds: a day.
const CHECKS_KEPT_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// A code to be kept.
#[derive(Debug, Clone)]
pub struct NewCode {
    /// The idempotency key.
    pub key: TicketId,
    /// The hash of the request: a retry must have the same.
    pub request_hash: Sha256Hash,
    /// The till.
    pub device_id: DeviceId,
    /// Who sells.
    pub staff_id: StaffId,
    /// The hash of the cart that it locks.
    pub cart_hash: Sha256Hash,
    /// The code, as the till gets it.
    pub code: KhqrCode,
    /// What the cart takes from stock.
    pub deductions: Vec<DeductionLine>,
}

/// A payment that the centre confirmed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// The transaction's hash.
    pub khqr_hash: String,
    /// The account that was paid.
    pub to_account_id: String,
    /// When, by the centre's clock.
    pub confirmed_at: Timestamp,
}

/// A code that is kept.
#[derive(Debug, Clone)]
pub struct HeldCode {
    /// The code, as the till got it.
    pub code: KhqrCode,
    /// The hash of the request that made it.
    pub request_hash: Sha256Hash,
    /// The till.
    pub device_id: DeviceId,
    /// Who sells.
    pub staff_id: StaffId,
    /// The hash of the cart that it locks.
    pub cart_hash: Sha256Hash,
    /// What the cart takes from stock.
    pub deductions: Vec<DeductionLine>,
    /// Whether its ticket has a newer one.
    pub superseded: bool,
    /// What was confirmed of its payment.
    pub confirmed: Option<Confirmed>,
}

/// What was asked for before a code is asked for.
#[derive(Debug, Clone)]
pub struct CodeBefore {
    /// The code that was made under the same key.
    pub under_key: Option<HeldCode>,
    /// Whether the ticket is a sale's already.
    pub sold: bool,
}

/// What a tap is about.
#[derive(Debug, Clone)]
pub struct Tap {
    /// The answer that was given under the same key.
    pub answer: Option<KhqrChecked>,
    /// The code.
    pub code: Option<HeldCode>,
}

/// See [`super::Journal::keep_khqr`].
pub(super) async fn keep(ledger: &mut Ledger, new: NewCode) -> Result<(), JournalError> {
    ledger.begin(Durability::Disk).await?;
    let written = insert(&mut ledger.connection, &new).await;
    ledger.finish(written).await
}

async fn insert(connection: &mut SqliteConnection, new: &NewCode) -> Result<(), JournalError> {
    let unwritable = |error: serde_json::Error| JournalError::Storage(error.to_string());
    let ticket = new.code.ticket_id.as_str();
    sqlx::query!(
        "UPDATE khqr_code SET superseded = 1 WHERE ticket_id = ? AND superseded = 0",
        ticket
    )
    .execute(&mut *connection)
    .await?;
    let (key, request_hash) = (new.key.as_str(), new.request_hash.as_bytes().as_slice());
    let (device, staff) = (new.device_id.as_uuid(), new.staff_id.as_uuid());
    let cart_hash = new.cart_hash.as_bytes().as_slice();
    let code = serde_json::to_string(&new.code).map_err(unwritable)?;
    let deductions = serde_json::to_string(&new.deductions).map_err(unwritable)?;
    let created_at = new.code.created_at.unix_micros();
    sqlx::query!(
        "INSERT INTO khqr_code (md5, idempotency_key, request_hash, ticket_id, device_id, staff_id,
                                cart_hash, code, deductions, created_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        new.code.md5,
        key,
        request_hash,
        ticket,
        device,
        staff,
        cart_hash,
        code,
        deductions,
        created_at,
    )
    .execute(&mut *connection)
    .await?;
    let oldest = created_at.saturating_sub(CODES_KEPT_MICROS);
    sqlx::query!("DELETE FROM khqr_code WHERE created_at < ?", oldest).execute(connection).await?;
    Ok(())
}

struct Row {
    code: String,
    request_hash: Vec<u8>,
    device_id: Vec<u8>,
    staff_id: Vec<u8>,
    cart_hash: Vec<u8>,
    deductions: String,
    superseded: bool,
    khqr_hash: Option<String>,
    to_account_id: Option<String>,
    confirmed_at: Option<i64>,
}

impl Row {
    fn held(self) -> Result<HeldCode, JournalError> {
        let unreadable = |error: serde_json::Error| JournalError::Storage(error.to_string());
        let confirmed = match (self.khqr_hash, self.to_account_id, self.confirmed_at) {
            (Some(khqr_hash), Some(to_account_id), Some(at)) => Some(Confirmed {
                khqr_hash,
                to_account_id,
                confirmed_at: Timestamp::from_unix_micros(at),
            }),
            _ => None,
        };
        Ok(HeldCode {
            code: serde_json::from_str(&self.code).map_err(unreadable)?,
            request_hash: hash_out(&self.request_hash)?,
            device_id: uuid_out(&self.device_id)?.into(),
            staff_id: uuid_out(&self.staff_id)?.into(),
            cart_hash: hash_out(&self.cart_hash)?,
            deductions: serde_json::from_str(&self.deductions).map_err(unreadable)?,
            superseded: self.superseded,
            confirmed,
        })
    }
}

/// See [`super::Journal::khqr_asked`].
pub(super) async fn asked(
    connection: &mut SqliteConnection,
    key: &TicketId,
    ticket: TicketId,
) -> Result<CodeBefore, JournalError> {
    let under_key = by_key(connection, key).await?;
    let sold = tickets::sale(connection, ticket.clone()).await?.is_some()
        || pruned::sold(connection, &ticket).await?.is_some();
    Ok(CodeBefore { under_key, sold })
}

async fn by_key(
    connection: &mut SqliteConnection,
    key: &TicketId,
) -> Result<Option<HeldCode>, JournalError> {
    let key = key.as_str();
    let row = sqlx::query_as!(
        Row,
        "SELECT code, request_hash, device_id, staff_id, cart_hash, deductions,
                superseded AS \"superseded: bool\", khqr_hash, to_account_id, confirmed_at
         FROM khqr_code WHERE idempotency_key = ?",
        key,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Row::held).transpose()
}

/// See [`super::Journal::khqr_tap`].
pub(super) async fn tap(
    connection: &mut SqliteConnection,
    key: &TicketId,
    md5: &str,
) -> Result<Tap, JournalError> {
    let answer = answer(connection, key).await?;
    Ok(Tap { answer, code: find(connection, md5).await? })
}

async fn find(
    connection: &mut SqliteConnection,
    md5: &str,
) -> Result<Option<HeldCode>, JournalError> {
    let row = sqlx::query_as!(
        Row,
        "SELECT code, request_hash, device_id, staff_id, cart_hash, deductions,
                superseded AS \"superseded: bool\", khqr_hash, to_account_id, confirmed_at
         FROM khqr_code WHERE md5 = ?",
        md5,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Row::held).transpose()
}

/// See [`super::Journal::khqr_of_ticket`].
pub(super) async fn of_ticket(
    connection: &mut SqliteConnection,
    ticket: &TicketId,
) -> Result<Option<HeldCode>, JournalError> {
    let ticket = ticket.as_str();
    let row = sqlx::query_as!(
        Row,
        "SELECT code, request_hash, device_id, staff_id, cart_hash, deductions,
                superseded AS \"superseded: bool\", khqr_hash, to_account_id, confirmed_at
         FROM khqr_code WHERE ticket_id = ? AND superseded = 0",
        ticket,
    )
    .fetch_optional(connection)
    .await?;
    row.map(Row::held).transpose()
}

async fn confirm(
    connection: &mut SqliteConnection,
    md5: &str,
    confirmed: &Confirmed,
) -> Result<(), JournalError> {
    let at = confirmed.confirmed_at.unix_micros();
    sqlx::query!(
        "UPDATE khqr_code SET khqr_hash = ?, to_account_id = ?, confirmed_at = ?
         WHERE md5 = ? AND khqr_hash IS NULL",
        confirmed.khqr_hash,
        confirmed.to_account_id,
        at,
        md5,
    )
    .execute(connection)
    .await?;
    Ok(())
}

async fn answer(
    connection: &mut SqliteConnection,
    key: &TicketId,
) -> Result<Option<KhqrChecked>, JournalError> {
    let key = key.as_str();
    let kept = sqlx::query_scalar!("SELECT answer FROM khqr_check WHERE idempotency_key = ?", key)
        .fetch_optional(connection)
        .await?;
    kept.map(|answer| serde_json::from_str(&answer))
        .transpose()
        .map_err(|error| JournalError::Storage(error.to_string()))
}

/// See [`super::Journal::keep_khqr_answer`].
pub(super) async fn keep_answer(
    ledger: &mut Ledger,
    key: &TicketId,
    answer: &KhqrChecked,
    paid: Option<&Confirmed>,
) -> Result<(), JournalError> {
    let text =
        serde_json::to_string(answer).map_err(|error| JournalError::Storage(error.to_string()))?;
    let key = key.as_str();
    let now = ledger.shared.clock.now().unix_micros();
    let oldest = now.saturating_sub(CHECKS_KEPT_MICROS);
    ledger.begin(Durability::Disk).await?;
    let connection = &mut ledger.connection;
    let written = async {
        if let Some(paid) = paid {
            confirm(connection, &answer.md5, paid).await?;
        }
        sqlx::query!(
            "INSERT INTO khqr_check (idempotency_key, md5, answer, answered_at)
             VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
            key,
            answer.md5,
            text,
            now,
        )
        .execute(&mut *connection)
        .await?;
        sqlx::query!("DELETE FROM khqr_check WHERE answered_at < ?", oldest)
            .execute(connection)
            .await?;
        Ok(())
    }
    .await;
    ledger.finish(written).await
}
