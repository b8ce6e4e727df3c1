//! Paid in and paid out.

use rust_decimal::Decimal;
use schemas::{
    CashSessionId, Currency, EntryKind,
    edge_api::Update,
    events::{CashMovedV1, PaidKind},
};
use sqlx::SqliteConnection;

use super::{By, theirs};
use crate::{
    fresh_id::fresh_id,
    journal::{
        columns::{place_in, units_in},
        desk::{Desk, Written},
        error::{JournalError, Refusal},
        sessions,
    },
};

/// Money that moves.
pub(super) struct Movement<'a> {
    pub(super) kind: PaidKind,
    pub(super) currency: Currency,
    pub(super) amount: Decimal,
    pub(super) reason: &'a str,
}

/// Puts money into the drawer of an open session, or takes some out.
pub(super) async fn move_cash(
    desk: &mut Desk<'_>,
    by: By,
    id: CashSessionId,
    movement: &Movement<'_>,
) -> Result<Written, Refusal> {
    let session = sessions::find(desk.connection, id).await?.ok_or(Refusal::SessionNotFound(id))?;
    theirs(by, session.session.staff_id)?;
    if session.closed_at.is_some() {
        return Err(Refusal::SessionClosed(id));
    }
    let identity = desk.shared.identity;
    let event = CashMovedV1 {
        imported_from: None,
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        device_id: by.device_id,
        cash_session_id: id,
        movement_id: fresh_id(desk.now),
        kind: movement.kind,
        currency: movement.currency,
        amount: movement.amount,
        reason: movement.reason.to_owned(),
        moved_by: by.staff_id,
        moved_at: desk.now,
    };
    let written = desk.append(EntryKind::CashMoved, &event).await?;
    insert(desk.connection, place_in(written.seq), &event).await?;
    desk.tell(written.seq, Update::CashMoved { cash_session_id: id });
    Ok(written)
}

/// Keeps a movement at a place.
pub(in crate::journal) async fn insert(
    connection: &mut SqliteConnection,
    seq: i64,
    event: &CashMovedV1,
) -> Result<(), JournalError> {
    let session = event.cash_session_id.as_uuid();
    let (kind, currency) = (event.kind.as_str(), event.currency.code());
    let amount = units_in(event.amount, event.currency);
    let at = event.moved_at.unix_micros();
    sqlx::query!(
        "INSERT INTO cash_movement (seq, cash_session_id, kind, currency, amount, reason, at)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        seq,
        session,
        kind,
        currency,
        amount,
        event.reason,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}
