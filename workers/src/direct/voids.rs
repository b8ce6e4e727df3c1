//! Voids in a store without an edge: asked for and decided through the direct door,
//! by the rules that hold at an edge. Anyone of the store asks; managers and admins
//! decide; only cash sales of an open session whose order is not delivered.

use schemas::{
    EntryKind, VoidRequestId,
    door_api::{RefusalCode, SubmitVoid, SubmitVoidDecision},
    events::{
        OrderStatus, SaleStatus, TenderMethod, VoidApprovedV1, VoidRejectedV1, VoidRequestedV1,
    },
};
use store::{
    Conn, drawers,
    orders::Order,
    submissions::Pending,
    voids::{self, SoldSale, VoidRequest},
};

use super::{
    Refusal,
    desk::{Decided, Desk, Told},
    sessions::reason,
};

/// A sale with its order, and whether its session is open.
struct Case {
    sale: SoldSale,
    order: Order,
    session_open: bool,
}

/// Asks to undo a sale.
pub(super) async fn request(
    conn: &mut Conn,
    desk: &Desk,
    pending: &Pending,
    asked: &SubmitVoid,
) -> Result<Decided, store::Error> {
    let case = case(conn, desk, asked.sale_id).await?;
    Ok(requested(desk, pending, asked, case))
}

fn requested(desk: &Desk, pending: &Pending, asked: &SubmitVoid, case: Option<Case>) -> Decided {
    desk.keeps_it()?;
    desk.role_of(asked.staff_id)?;
    let reason = reason(&asked.reason)?;
    let Some(case) = case else {
        let detail = format!("there is no sale {} in this store", asked.sale_id);
        return Err(Refusal::new(RefusalCode::NoSuchSale, detail));
    };
    match case.order.sale_status {
        SaleStatus::Finalized => {}
        SaleStatus::VoidPending => {
            let detail = "a void of this sale was requested already and waits to be decided";
            return Err(Refusal::new(RefusalCode::VoidAlreadyPending, detail));
        }
        SaleStatus::Voided => {
            let detail = "this sale is voided already";
            return Err(Refusal::new(RefusalCode::VoidAlreadyVoided, detail));
        }
    }
    let cash_session_id = permitted(&case)?;
    let id = desk.id_for("void", &pending.ticket_id);
    let event = VoidRequestedV1 {
        tenant_id: desk.tenant(),
        branch_id: desk.origin.branch_id,
        edge_id: desk.origin.edge_id,
        device_id: desk.door_device(),
        void_request_id: VoidRequestId::from_uuid(id),
        sale_id: case.sale.sale_id,
        order_id: case.sale.order_id,
        ticket_id: case.sale.ticket_id,
        cash_session_id,
        requested_by: asked.staff_id,
        reason,
        requested_at: desk.now,
    };
    Told::event(EntryKind::VoidRequested, &event, id)
}

/// Decides a request.
pub(super) async fn decide(
    conn: &mut Conn,
    desk: &Desk,
    asked: &SubmitVoidDecision,
) -> Result<Decided, store::Error> {
    let request = voids::read(conn, &[asked.void_request_id], &[], &[]).await?.pop();
    let request = request.filter(|request| request.branch_id == desk.origin.branch_id);
    let case = match &request {
        Some(request) => case(conn, desk, request.sale_id).await?,
        None => None,
    };
    Ok(decided(desk, asked, request.zip(case)))
}

fn decided(desk: &Desk, asked: &SubmitVoidDecision, found: Option<(VoidRequest, Case)>) -> Decided {
    desk.keeps_it()?;
    if !desk.role_of(asked.staff_id)?.is_approver() {
        return Err(Refusal::not_permitted("managers and admins decide voids"));
    }
    let Some((request, case)) = found else {
        let detail = format!("there is no request {} in this store", asked.void_request_id);
        return Err(Refusal::new(RefusalCode::NoSuchVoid, detail));
    };
    if !request.state.is_pending() {
        let is = request.state.as_str();
        let detail = format!("this request to void was decided already: it is {is}");
        return Err(Refusal::new(RefusalCode::VoidAlreadyDecided, detail));
    }
    let id = request.void_request_id.as_uuid();
    if !asked.approve {
        let event = VoidRejectedV1 {
            tenant_id: desk.tenant(),
            branch_id: desk.origin.branch_id,
            edge_id: desk.origin.edge_id,
            void_request_id: request.void_request_id,
            sale_id: case.sale.sale_id,
            order_id: case.sale.order_id,
            ticket_id: case.sale.ticket_id,
            rejected_by: asked.staff_id,
            reason: reason(asked.note.as_deref().unwrap_or_default())?,
            command_id: None,
            rejected_at: desk.now,
        };
        return Told::event(EntryKind::VoidRejected, &event, id);
    }
    let cash_session_id = permitted(&case)?;
    let note = asked.note.as_deref().map(reason).transpose()?;
    let event = VoidApprovedV1 {
        tenant_id: desk.tenant(),
        branch_id: desk.origin.branch_id,
        edge_id: desk.origin.edge_id,
        void_request_id: request.void_request_id,
        sale_id: case.sale.sale_id,
        order_id: case.sale.order_id,
        ticket_id: case.sale.ticket_id,
        cash_session_id,
        approved_by: asked.staff_id,
        note,
        refund_currency: case.sale.currency,
        refund_amount: case.sale.kept,
        restored: case.sale.deductions,
        command_id: None,
        approved_at: desk.now,
    };
    Told::event(EntryKind::VoidApproved, &event, id)
}

async fn case(
    conn: &mut Conn,
    desk: &Desk,
    sale: schemas::SaleId,
) -> Result<Option<Case>, store::Error> {
    let found = voids::read_sales(conn, &[sale]).await?.pop();
    let Some((sale, order)) = found.filter(|(sale, _)| sale.branch_id == desk.origin.branch_id)
    else {
        return Ok(None);
    };
    let session_open = match sale.cash_session_id {
        Some(id) => drawers::read(conn, id).await?.is_some_and(|drawer| drawer.is_open()),
        None => false,
    };
    Ok(Some(Case { sale, order, session_open }))
}

/// The rules that hold at the request and at the approval; the session whose drawer
/// pays back.
fn permitted(case: &Case) -> Result<schemas::CashSessionId, Refusal> {
    let blocked = |code, detail: &str| Err(Refusal::new(code, detail));
    let session = case.sale.cash_session_id;
    let (TenderMethod::Cash, Some(session)) = (case.sale.method, session) else {
        return blocked(
            RefusalCode::VoidNotCash,
            "only cash sales can be voided; this one was paid otherwise, and is not refunded",
        );
    };
    if !case.session_open {
        return blocked(
            RefusalCode::VoidSessionClosed,
            "the cash session of this sale is closed; a sale is voided in its own session only",
        );
    }
    match case.order.status {
        OrderStatus::InPrep | OrderStatus::Ready => Ok(session),
        OrderStatus::Delivered | OrderStatus::Voided | OrderStatus::Cancelled => blocked(
            RefusalCode::VoidOrderDelivered,
            "the order of this sale is delivered; it can no longer be voided",
        ),
    }
}
