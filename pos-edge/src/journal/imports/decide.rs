//! What becomes of an entry of a former edge, by its kind: sales, orders, money.

use domain::{orders, voids::Case};
use schemas::{
    EntryKind,
    edge_api::Update,
    events::{
        CashMovedV1, ImportedFrom, LateSale, OrderStatus, OrderStatusChangedV1, SaleFinalizedV1,
        SaleStatus,
    },
    versions::Event,
};

use super::{Candidate, Verdict, sessions, voids};
use crate::journal::{
    acts::{book, insert_movement},
    cases,
    columns::place_in,
    desk::Desk,
    error::Refusal,
    online_orders, tickets,
};

pub(super) async fn decide(
    desk: &mut Desk<'_>,
    candidate: &Candidate,
    from: ImportedFrom,
) -> Result<Verdict, Refusal> {
    match &candidate.event {
        Event::SaleFinalized(sale) => take_sale(desk, candidate, sale, from).await,
        Event::CashSessionOpened(event) => sessions::open(desk, event, from).await,
        Event::CashSessionClosed(event) => sessions::close(desk, event, from).await,
        Event::CashMoved(event) => move_cash(desk, event, from).await,
        Event::OrderStatusChanged(event) => move_order(desk, event, from).await,
        Event::VoidRequested(event) => voids::request(desk, event, from).await,
        Event::VoidApproved(event) => voids::approve(desk, event, from).await,
        Event::VoidRejected(event) => voids::reject(desk, event, from).await,
        Event::OrderAccepted(_) => {
            Ok(Verdict::Passed("the centre hands the order over anew".to_owned()))
        }
        Event::CommandRefused(_) => {
            Ok(Verdict::Passed("the centre gives the command anew".to_owned()))
        }
        Event::AuditRecorded(_) | Event::EdgeAdopted(_) | Event::ImportConflicted(_) => {
            Ok(Verdict::Passed("it is about that journal alone".to_owned()))
        }
    }
}

/// The sale, as it was sold. Where its session is closed by now it is a supplement to the
/// Z report, which stands.
async fn take_sale(
    desk: &mut Desk<'_>,
    candidate: &Candidate,
    sale: &SaleFinalizedV1,
    from: ImportedFrom,
) -> Result<Verdict, Refusal> {
    if let Some((hash, _)) = tickets::sale(desk.connection, sale.ticket_id.clone()).await? {
        return Ok(if hash == sale.request_hash {
            Verdict::Known("its ticket was sold here by the same request".to_owned())
        } else {
            Verdict::Conflict("its ticket was sold here by another request".to_owned())
        });
    }
    if let Some(taken) = candidate.taken {
        let whose = format!("entry {}:{}", taken.entry.0, taken.entry.1);
        return Ok(if taken.request_hash == sale.request_hash {
            Verdict::Known(format!("the books have its ticket, by the same request: {whose}"))
        } else {
            Verdict::Conflict(format!("the books have its ticket, by another request: {whose}"))
        });
    }
    let Some(id) = sale.cash_session_id else {
        return Ok(Verdict::Conflict("it has no cash session".to_owned()));
    };
    let Some(session) = crate::journal::sessions::find(desk.connection, id).await? else {
        return Ok(Verdict::Conflict(format!("its cash session {id} is not known here")));
    };
    let supplement = session.closed_at.map(|_| session.supplements.saturating_add(1));
    let event = SaleFinalizedV1 {
        edge_id: desk.shared.identity.edge_id,
        late: supplement.map(|supplement_no| LateSale { supplement_no, received_at: desk.now }),
        imported_from: Some(from),
        ..sale.clone()
    };
    Ok(Verdict::Imported(book(desk, &event, id).await?))
}

/// The money moved, so it is told; where the session is closed by now, a person hears of
/// it from the books.
async fn move_cash(
    desk: &mut Desk<'_>,
    event: &CashMovedV1,
    from: ImportedFrom,
) -> Result<Verdict, Refusal> {
    let id = event.cash_session_id;
    if crate::journal::sessions::find(desk.connection, id).await?.is_none() {
        return Ok(Verdict::Conflict(format!("its cash session {id} is not known here")));
    }
    let edge_id = desk.shared.identity.edge_id;
    let event = CashMovedV1 { edge_id, imported_from: Some(from), ..event.clone() };
    let written = desk.append(EntryKind::CashMoved, &event).await?;
    insert_movement(desk.connection, place_in(written.seq), &event).await?;
    desk.tell(written.seq, Update::CashMoved { cash_session_id: id });
    Ok(Verdict::Imported(written))
}

/// The order moves on, if it stands where the entry found it.
async fn move_order(
    desk: &mut Desk<'_>,
    event: &OrderStatusChangedV1,
    from: ImportedFrom,
) -> Result<Verdict, Refusal> {
    let stays =
        |status: OrderStatus| Verdict::Passed(format!("its order is {} by now", status.as_str()));
    let id = event.order_id;
    let edge_id = desk.shared.identity.edge_id;
    let moved = OrderStatusChangedV1 { edge_id, imported_from: Some(from), ..event.clone() };
    let told = Update::OrderChanged { order_id: id, sale_id: event.sale_id, status: event.to };
    if let Some(sale) = cases::of_order(desk.connection, id).await? {
        let stands = sale.case.order;
        let may = orders::check_move(event.from, event.to, sale.case.sale).is_ok();
        if stands != event.from || !may {
            return Ok(stays(stands));
        }
        let written = desk.append(EntryKind::OrderStatusChanged, &moved).await?;
        let after = Case { order: event.to, ..sale.case };
        cases::set(desk.connection, sale.seq, &after, Some(event.changed_at)).await?;
        desk.tell(written.seq, told);
        return Ok(Verdict::Imported(written));
    }
    let Some(order) = online_orders::find(desk.connection, id).await? else {
        return Ok(Verdict::Passed("its order is not here".to_owned()));
    };
    let may = orders::check_move(event.from, event.to, SaleStatus::Finalized).is_ok();
    if order.status != event.from || !may {
        return Ok(stays(order.status));
    }
    let written = desk.append(EntryKind::OrderStatusChanged, &moved).await?;
    online_orders::set(desk.connection, order.seq, event.to, event.changed_at).await?;
    desk.tell(written.seq, told);
    Ok(Verdict::Imported(written))
}
