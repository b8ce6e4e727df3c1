//! What is adopted, as rows.

use std::collections::{HashMap, HashSet};

use schemas::{
    Entry, EntryKind, SaleId, Sha256Hash, StaffId, Timestamp,
    events::{
        CashSessionOpenedV1, FormerEdge, OrderStatus, SaleFinalizedV1, SaleStatus, VoidApprovedV1,
        VoidRequestedV1,
    },
    requests::AdoptedSession,
    versions::Event,
};
use sqlx::SqliteConnection;

use super::{Placed, Plan, odd};
use crate::journal::{
    acts::{Refund, insert_movement, insert_refund},
    captures::NewSale,
    cases,
    columns::{place_in, units_in},
    error::JournalError,
    insert::{NewRows, insert},
    online_orders, tickets, void_requests,
};

/// Writes everything of a plan.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    plan: &Plan,
    names: &HashMap<StaffId, String>,
) -> Result<(), JournalError> {
    for placed in &plan.entries {
        write_entry(connection, placed.place, &placed.entry).await?;
    }
    let mut open = HashSet::new();
    for (place, session) in &plan.sessions {
        let opened = &session.opened;
        let name = names.get(&opened.opened_by).cloned().unwrap_or_default();
        let whose = (opened.device_id, opened.opened_by);
        // A former edge may have had one beside another, by an import of its own.
        let beside = session.closed.is_none() && !open.insert(whose);
        write_session(connection, *place, session, (plan, name, beside)).await?;
    }
    let mut places = HashMap::new();
    for placed in &plan.entries {
        match &placed.event {
            Event::SaleFinalized(sale) => {
                places.insert(sale.sale_id, placed.place);
                write_sale(connection, placed, sale, plan).await?;
            }
            Event::OrderAccepted(accepted) => {
                online_orders::insert(connection, placed.place, accepted).await?;
                if let Some((status, at)) = plan.orders.get(&accepted.order_id) {
                    let at = Timestamp::from_unix_micros(*at);
                    online_orders::set(connection, placed.place, *status, at).await?;
                }
            }
            _ => {}
        }
    }
    for placed in &plan.entries {
        match &placed.event {
            Event::VoidRequested(event) => {
                write_request(connection, placed.place, event, (plan, &places)).await?;
            }
            Event::CashMoved(event) => insert_movement(connection, placed.place, event).await?,
            Event::VoidApproved(event) => {
                write_refund(connection, placed.place, event, &places).await?;
            }
            _ => {}
        }
    }
    for former in &plan.former {
        write_former(connection, former).await?;
    }
    number(connection).await
}

async fn write_former(
    connection: &mut SqliteConnection,
    former: &FormerEdge,
) -> Result<(), JournalError> {
    let (edge, seq) = (former.edge_id.as_uuid(), place_in(former.cursor.seq));
    let hash = former.cursor.hash.as_bytes().as_slice();
    sqlx::query!("INSERT INTO former_edge (edge_id, seq, hash) VALUES (?, ?, ?)", edge, seq, hash)
        .execute(connection)
        .await?;
    Ok(())
}

async fn write_entry(
    connection: &mut SqliteConnection,
    place: i64,
    entry: &Entry,
) -> Result<(), JournalError> {
    let version = i64::from(entry.schema_version);
    let recorded_at = entry.recorded_at.unix_micros();
    let (prev, hash) = (entry.prev_hash.as_bytes().as_slice(), entry.hash.as_bytes().as_slice());
    sqlx::query!(
        "INSERT INTO entry (seq, kind, schema_version, recorded_at, prev_hash, hash, payload)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
        place,
        entry.kind,
        version,
        recorded_at,
        prev,
        hash,
        entry.payload,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// A session, written as its opening: the books keep what it was opened with, and not
/// the key that it was opened under.
async fn write_session(
    connection: &mut SqliteConnection,
    place: i64,
    session: &AdoptedSession,
    (plan, name, beside): (&Plan, String, bool),
) -> Result<(), JournalError> {
    let opened: &CashSessionOpenedV1 = &session.opened;
    let kind = EntryKind::CashSessionOpened;
    let payload = serde_json::to_vec(opened).map_err(|error| odd(&error))?;
    let entry = Entry {
        edge_id: opened.edge_id,
        seq: 0,
        prev_hash: Sha256Hash::ZERO,
        hash: Sha256Hash::ZERO,
        kind: kind.as_str().to_owned(),
        schema_version: kind.newest_version(),
        recorded_at: opened.opened_at,
        payload,
    };
    write_entry(connection, place, &entry).await?;
    let id = opened.cash_session_id;
    let key = format!("adopted-{id}");
    let nothing = Sha256Hash::ZERO;
    let request_hash = nothing.as_bytes().as_slice();
    let (device, staff) = (opened.device_id.as_uuid(), opened.opened_by.as_uuid());
    let opened_at = opened.opened_at.unix_micros();
    let float_usd = opened.opening_float_usd.to_string();
    let float_khr = opened.opening_float_khr.to_string();
    let closed_seq = plan.closed.get(&id).copied();
    let closed_at = closed_seq.and_then(|at| plan.closed_at(at));
    let status = if closed_seq.is_some() { "CLOSED" } else { "OPEN" };
    let supplements = i64::from(if closed_seq.is_some() { session.supplements } else { 0 });
    let id = id.as_uuid();
    sqlx::query!(
        "INSERT INTO cash_session (cash_session_id, seq, idempotency_key, request_hash, device_id,
                                   staff_id, staff_name, opened_at, opening_float_usd,
                                   opening_float_khr, status, closed_seq, closed_at, supplements,
                                   imported)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        id,
        place,
        key,
        request_hash,
        device,
        staff,
        name,
        opened_at,
        float_usd,
        float_khr,
        status,
        closed_seq,
        closed_at,
        supplements,
        beside,
    )
    .execute(connection)
    .await?;
    Ok(())
}

impl Plan {
    fn closed_at(&self, place: i64) -> Option<i64> {
        self.entries.iter().find(|placed| placed.place == place).and_then(|placed| {
            let Event::CashSessionClosed(closed) = &placed.event else { return None };
            Some(closed.closed_at.unix_micros())
        })
    }
}

async fn write_sale(
    connection: &mut SqliteConnection,
    placed: &Placed,
    sale: &SaleFinalizedV1,
    plan: &Plan,
) -> Result<(), JournalError> {
    let Some(session) = sale.cash_session_id else {
        return Err(odd(&format!("the sale of ticket {} has no session", sale.ticket_id)));
    };
    let new = NewSale::of(sale, session);
    let supplement = sale.late.map(|late| late.supplement_no);
    // It is none of this journal's own sales.
    let row = tickets::Insert::of(&new, (placed.place, placed.entry.hash), 0, supplement)?;
    insert(connection, NewRows { tickets: &[row], ..NewRows::default() }).await?;
    let Some((sale_status, order_status, changed_at)) = plan.sales.get(&sale.sale_id) else {
        return Ok(());
    };
    let stands = cases::Stands { sale: *sale_status, order: *order_status };
    let at = Timestamp::from_unix_micros(*changed_at);
    cases::put(connection, placed.place, stands, Some(at)).await
}

async fn write_request(
    connection: &mut SqliteConnection,
    place: i64,
    event: &VoidRequestedV1,
    (plan, places): (&Plan, &HashMap<SaleId, i64>),
) -> Result<(), JournalError> {
    let pending = |(sale, _, _): &(SaleStatus, OrderStatus, i64)| *sale == SaleStatus::VoidPending;
    match places.get(&event.sale_id) {
        Some(ticket) if plan.sales.get(&event.sale_id).is_some_and(pending) => {
            void_requests::insert(connection, place, *ticket, event).await
        }
        // The books have it decided by now, or the sale is too old to be adopted.
        _ => Ok(()),
    }
}

async fn write_refund(
    connection: &mut SqliteConnection,
    place: i64,
    event: &VoidApprovedV1,
    places: &HashMap<SaleId, i64>,
) -> Result<(), JournalError> {
    let Some(ticket) = places.get(&event.sale_id) else { return Ok(()) };
    let amount = units_in(event.refund_amount, event.refund_currency);
    let refund = Refund {
        session: event.cash_session_id,
        currency: event.refund_currency,
        amount,
        ticket: *ticket,
        at: event.approved_at,
    };
    insert_refund(connection, place, &refund).await
}

/// Gives the sales their numbers, as far as the register has come already.
async fn number(connection: &mut SqliteConnection) -> Result<(), JournalError> {
    sqlx::query!(
        "WITH told AS MATERIALIZED (
             SELECT mapping_seq, row ->> 'ticket_id' AS ticket_id, row ->> 'no' AS no,
                    unhex(replace(row ->> 'invoice_id', '-', '')) AS invoice_id
             FROM invoice
         )
         UPDATE ticket
         SET invoice_no = told.no, invoice_id = told.invoice_id, mapping_seq = told.mapping_seq
         FROM told
         WHERE ticket.seq < 0 AND ticket.ticket_id = told.ticket_id"
    )
    .execute(connection)
    .await?;
    Ok(())
}
