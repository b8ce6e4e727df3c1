//! Voids that were asked for or decided on an old disk only.
//!
//! What was approved was paid back, so it is told wherever the sale is not undone
//! already; where the rules would not allow it here by now, the books say so to a person.

use schemas::{
    EntryKind,
    edge_api::{Update, VoidRequestStatus},
    events::{
        ImportedFrom, OrderStatus, SaleStatus, VoidApprovedV1, VoidRejectedV1, VoidRequestedV1,
    },
};

use super::Verdict;
use crate::journal::{
    acts::{Refund, insert_refund},
    captures::StockUse,
    cases::{self, Stands},
    columns::{place_in, units_in},
    desk::Desk,
    error::Refusal,
    insert::{NewRows, insert},
    stock, void_requests,
};

pub(super) async fn request(
    desk: &mut Desk<'_>,
    event: &VoidRequestedV1,
    from: ImportedFrom,
) -> Result<Verdict, Refusal> {
    let id = event.void_request_id;
    if cases::of_void_request(desk.connection, id).await?.is_some() {
        return Ok(Verdict::Known("the request is here".to_owned()));
    }
    let Some(sale) = cases::of_ticket(desk.connection, &event.ticket_id).await? else {
        return Ok(Verdict::Conflict("its sale is not here".to_owned()));
    };
    if sale.sale_id != event.sale_id {
        return Ok(Verdict::Passed("its ticket was sold anew here".to_owned()));
    }
    let after = match sale.case.request() {
        Ok(after) => after,
        Err(blocked) => return Ok(Verdict::Passed(blocked.to_string())),
    };
    let edge_id = desk.shared.identity.edge_id;
    let event = VoidRequestedV1 { edge_id, imported_from: Some(from), ..event.clone() };
    let written = desk.append(EntryKind::VoidRequested, &event).await?;
    void_requests::insert(desk.connection, place_in(written.seq), sale.seq, &event).await?;
    cases::set(desk.connection, sale.seq, &after, None).await?;
    let ticket_id = event.ticket_id;
    desk.tell(written.seq, Update::VoidRequested { void_request_id: id, ticket_id });
    Ok(Verdict::Imported(written))
}

pub(super) async fn approve(
    desk: &mut Desk<'_>,
    event: &VoidApprovedV1,
    from: ImportedFrom,
) -> Result<Verdict, Refusal> {
    let id = event.void_request_id;
    let Some(sale) = cases::of_ticket(desk.connection, &event.ticket_id).await? else {
        return Ok(Verdict::Conflict("it was paid back, and its sale is not here".to_owned()));
    };
    if sale.sale_id != event.sale_id {
        let why = "it was paid back, and its ticket was sold anew here";
        return Ok(Verdict::Conflict(why.to_owned()));
    }
    if sale.case.sale == SaleStatus::Voided {
        let why = "it was paid back, and its sale was undone here too";
        return Ok(Verdict::Conflict(why.to_owned()));
    }
    let edge_id = desk.shared.identity.edge_id;
    // The centre's command, if it was one, is answered by this edge when it comes.
    let event =
        VoidApprovedV1 { edge_id, command_id: None, imported_from: Some(from), ..event.clone() };
    let written = desk.append(EntryKind::VoidApproved, &event).await?;
    let place = place_in(written.seq);
    if let Some((_, request)) = cases::of_void_request(desk.connection, id).await? {
        let outcome = void_requests::Outcome {
            status: VoidRequestStatus::Approved,
            decided_seq: written.seq,
            decided_by: event.approved_by,
            decided_at: event.approved_at,
            remark: event.note.as_deref(),
            by_close: false,
        };
        void_requests::settle(desk.connection, request.seq, &outcome).await?;
    }
    let undone = Stands { sale: SaleStatus::Voided, order: OrderStatus::Voided };
    cases::put(desk.connection, sale.seq, undone, Some(event.approved_at)).await?;
    let refund = Refund {
        session: sale.cash_session_id,
        currency: event.refund_currency,
        amount: units_in(event.refund_amount, event.refund_currency),
        ticket: sale.seq,
        at: event.approved_at,
    };
    insert_refund(desk.connection, place, &refund).await?;
    let back: Vec<StockUse> = event
        .restored
        .iter()
        .map(StockUse::from)
        .map(|used| StockUse { thousandths: -used.thousandths, ..used })
        .collect();
    let back: Vec<stock::Sold> = stock::taken(&back, written.seq).collect();
    insert(desk.connection, NewRows { sold: &back, ..NewRows::default() }).await?;
    let ticket_id = event.ticket_id;
    desk.tell(written.seq, Update::VoidApproved { void_request_id: id, ticket_id });
    Ok(Verdict::Imported(written))
}

pub(super) async fn reject(
    desk: &mut Desk<'_>,
    event: &VoidRejectedV1,
    from: ImportedFrom,
) -> Result<Verdict, Refusal> {
    let id = event.void_request_id;
    let Some((sale, request)) = cases::of_void_request(desk.connection, id).await? else {
        return Ok(Verdict::Passed("its request is not here".to_owned()));
    };
    let after = match sale.case.reject() {
        Ok(after) => after,
        Err(blocked) => return Ok(Verdict::Passed(blocked.to_string())),
    };
    let edge_id = desk.shared.identity.edge_id;
    let event =
        VoidRejectedV1 { edge_id, command_id: None, imported_from: Some(from), ..event.clone() };
    let written = desk.append(EntryKind::VoidRejected, &event).await?;
    let outcome = void_requests::Outcome {
        status: VoidRequestStatus::Rejected,
        decided_seq: written.seq,
        decided_by: event.rejected_by,
        decided_at: event.rejected_at,
        remark: Some(&event.reason),
        by_close: false,
    };
    void_requests::settle(desk.connection, request.seq, &outcome).await?;
    cases::set(desk.connection, sale.seq, &after, None).await?;
    let ticket_id = event.ticket_id;
    desk.tell(written.seq, Update::VoidRejected { void_request_id: id, ticket_id });
    Ok(Verdict::Imported(written))
}
