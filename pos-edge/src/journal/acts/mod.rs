//! What people do with sessions, orders and sales, each decided at the desk:
//! one file for each. A request under a key is done once; the same one again
//! gets the same answer, another one under that key is refused.

mod accept;
mod book;
mod cash;
pub(super) mod close;
mod command;
mod fact;
mod late_sale;
mod order;
mod reject_held;
mod void;

use rust_decimal::Decimal;
use schemas::{
    CashSessionId, Currency, DeviceId, Khr, OrderId, Sha256Hash, StaffId, TicketId, Usd,
    VoidRequestId,
    events::{OrderStatus, PaidKind},
    requests::VoidDecision,
};
use serde::Serialize;
use sqlx::SqliteConnection;

use super::{
    captures::Captured,
    columns::{hash_out, place_in},
    desk::Desk,
    error::{JournalError, Refusal},
    pruned::Key,
};

pub(super) use accept::accept;
pub(super) use book::book;
pub(super) use cash::insert as insert_movement;
pub(super) use command::command;
pub(super) use fact::fact;
pub(super) use late_sale::late_sale;
pub(super) use void::{Refund, insert_refund};

/// Who does something, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct By {
    /// The till.
    pub device_id: DeviceId,
    /// The person.
    pub staff_id: StaffId,
    /// Whether they may act in other people's sessions.
    #[serde(skip)]
    pub approver: bool,
}

/// What is to be done. Texts and amounts were checked before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum Act {
    /// Money is put into a drawer or taken out.
    MoveCash {
        /// Whose drawer.
        cash_session_id: CashSessionId,
        /// Which way.
        kind: PaidKind,
        /// In which currency.
        currency: Currency,
        /// How much: above zero, in whole cents or riel.
        amount: Decimal,
        /// Why.
        reason: String,
    },
    /// A drawer is counted and closed.
    CloseSession {
        /// Which.
        cash_session_id: CashSessionId,
        /// Dollars counted.
        usd: Usd,
        /// Riel counted.
        khr: Khr,
    },
    /// An order moves on.
    MoveOrder {
        /// Which.
        order_id: OrderId,
        /// Where to.
        to: OrderStatus,
    },
    /// A sale is to be undone.
    RequestVoid {
        /// Which.
        ticket_id: TicketId,
        /// Why.
        reason: String,
    },
    /// A manager decides that a held sale is none.
    RejectHeld {
        /// Which.
        ticket_id: TicketId,
        /// Why.
        reason: String,
    },
    /// A manager decides about that.
    DecideVoid {
        /// About which request.
        void_request_id: VoidRequestId,
        /// What.
        decision: VoidDecision,
    },
}

/// An act under its idempotency key.
#[derive(Debug)]
pub struct Asked {
    /// The key.
    pub key: TicketId,
    /// The hash of the request: a retry must have the same.
    pub request_hash: Sha256Hash,
    /// Who asks.
    pub by: By,
    /// For what.
    pub act: Act,
}

/// Does what was asked, once for each key.
pub(super) async fn carry_out(desk: &mut Desk<'_>, asked: &Asked) -> Result<Captured, Refusal> {
    if let Some(before) = done_before(desk, &asked.key, asked.request_hash).await? {
        return Ok(before);
    }
    desk.may_write()?;
    let by = asked.by;
    let written = match &asked.act {
        Act::MoveCash { cash_session_id, kind, currency, amount, reason } => {
            let movement =
                cash::Movement { kind: *kind, currency: *currency, amount: *amount, reason };
            cash::move_cash(desk, by, *cash_session_id, &movement).await
        }
        Act::CloseSession { cash_session_id, usd, khr } => {
            close::close_session(desk, by, *cash_session_id, *usd, *khr).await
        }
        Act::MoveOrder { order_id, to } => order::move_order(desk, by, *order_id, *to).await,
        Act::RequestVoid { ticket_id, reason } => void::request(desk, by, ticket_id, reason).await,
        Act::RejectHeld { ticket_id, reason } => {
            reject_held::reject_held(desk, by, ticket_id, reason).await
        }
        Act::DecideVoid { void_request_id, decision } => {
            let decided = void::Decided {
                by: by.staff_id,
                void_request_id: *void_request_id,
                decision,
                command_id: None,
            };
            void::decide(desk, &decided).await
        }
    }?;
    remember_as(desk.connection, &asked.key, asked.request_hash, written.seq).await?;
    Ok(written.into())
}

/// What was done under a key, if this same request was.
///
/// # Errors
/// [`Refusal::KeyConflict`] if it was another one; [`Refusal::Pruned`].
async fn done_before(
    desk: &mut Desk<'_>,
    key: &TicketId,
    request_hash: Sha256Hash,
) -> Result<Option<Captured>, Refusal> {
    match by_key(desk.connection, key).await? {
        Some((hash, payload)) if hash == request_hash => {
            return Ok(Some(Captured { payload, replayed: true }));
        }
        Some(_) => return Err(Refusal::KeyConflict),
        None => {}
    }
    match desk.pruned(Key::Act(key.as_str())).await? {
        Some(pruned) => Err(pruned.refusal(request_hash)),
        None => Ok(None),
    }
}

/// The hash of the request under a key, and the payload of the entry it made.
async fn by_key(
    connection: &mut SqliteConnection,
    key: &TicketId,
) -> Result<Option<(Sha256Hash, Vec<u8>)>, JournalError> {
    let key = key.as_str();
    let row = sqlx::query!(
        "SELECT asked.request_hash, entry.payload
         FROM asked JOIN entry USING (seq) WHERE idempotency_key = ?",
        key,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((hash_out(&row.request_hash)?, row.payload))).transpose()
}

/// Keeps the entry that answered a request under a key.
async fn remember_as(
    connection: &mut SqliteConnection,
    key: &TicketId,
    request_hash: Sha256Hash,
    seq: u64,
) -> Result<(), JournalError> {
    let (key, hash) = (key.as_str(), request_hash.as_bytes().as_slice());
    let seq = place_in(seq);
    sqlx::query!(
        "INSERT INTO asked (idempotency_key, request_hash, seq) VALUES (?, ?, ?)",
        key,
        hash,
        seq,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Whether someone may act on what belongs to this person's session.
fn theirs(by: By, owner: StaffId) -> Result<(), Refusal> {
    if by.approver || by.staff_id == owner { Ok(()) } else { Err(Refusal::NotYours) }
}
