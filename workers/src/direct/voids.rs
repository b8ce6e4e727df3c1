//! Voids in a store without an edge: asked for and decided through the direct door,
//! or decided in the back office, by the rules that hold at an edge
//! (`domain::voids`). Cashiers ask for what they sold, managers and admins for anything;
//! the latter decide.

use domain::voids::{Blocked, Case as Rules};
use schemas::{
    CashSessionId, CommandId, EntryKind, SaleId, StaffId, VoidRequestId,
    door_api::{CarryOut, RefusalCode, SubmitVoid, SubmitVoidDecision},
    edge_api::VoidRequestStatus,
    events::{CommandRefusedV1, VoidApprovedV1, VoidRejectedV1, VoidRequestedV1},
    requests::{Command, VoidDecision},
};
use store::{
    Conn, drawers,
    submissions::Pending,
    voids::{self, SoldSale, VoidRequest, VoidState},
};

use super::{
    Refusal,
    desk::{Decided, Desk, Told},
    sessions::reason,
};

/// The code of a command that came too late, as at an edge.
const EXPIRED: &str = "command_expired";

/// A sale with what decides about it.
struct Case {
    sale: SoldSale,
    /// Whose session it was sold in.
    owner: Option<StaffId>,
    rules: Rules,
}

/// Asks to undo a sale.
pub(super) async fn request(
    conn: &mut Conn,
    desk: &Desk,
    pending: &Pending,
    asked: &SubmitVoid,
) -> Result<Decided, store::Error> {
    let case = case(conn, desk, asked.sale_id, None).await?;
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
    desk.acts_for(asked.staff_id, case.owner)?;
    case.rules.request().map_err(blocked)?;
    let cash_session_id = drawer_of(&case)?;
    let id = desk.id_for("void", &pending.ticket_id);
    let event = VoidRequestedV1 {
        imported_from: None,
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

/// What somebody decided about a request.
struct Decision {
    by: StaffId,
    about: VoidRequestId,
    verdict: VoidDecision,
    /// Set if it was decided in the back office.
    command_id: Option<CommandId>,
}

/// Decides a request at the door.
pub(super) async fn decide(
    conn: &mut Conn,
    desk: &Desk,
    asked: &SubmitVoidDecision,
) -> Result<Decided, store::Error> {
    let note = asked.note.clone();
    let verdict = match asked.approve {
        true => VoidDecision::Approve { note },
        false => VoidDecision::Reject { reason: note.unwrap_or_default() },
    };
    let (by, about) = (asked.staff_id, asked.void_request_id);
    carry(conn, desk, &Decision { by, about, verdict, command_id: None }).await
}

/// Carries out what the back office decided. What stands against it is an outcome
/// too: `command.refused`, as at an edge.
pub(super) async fn carry_out(
    conn: &mut Conn,
    desk: &Desk,
    CarryOut { command, .. }: &CarryOut,
) -> Result<Decided, store::Error> {
    let Command { command_id, expires_at, decided_by, void_request_id, ref decision } = *command;
    if desk.now >= expires_at {
        return Ok(refused(desk, command, EXPIRED, "it came too late"));
    }
    let decision = Decision {
        by: decided_by,
        about: void_request_id,
        verdict: decision.clone(),
        command_id: Some(command_id),
    };
    let decided = carry(conn, desk, &decision).await?;
    Ok(decided.or_else(|why| refused(desk, command, why.code.as_str(), &why.detail)))
}

fn refused(desk: &Desk, command: &Command, code: &str, detail: &str) -> Decided {
    let event = CommandRefusedV1 {
        tenant_id: desk.tenant(),
        branch_id: desk.origin.branch_id,
        edge_id: desk.origin.edge_id,
        command_id: command.command_id,
        void_request_id: command.void_request_id,
        code: code.to_owned(),
        detail: detail.to_owned(),
        refused_at: desk.now,
    };
    Told::event(EntryKind::CommandRefused, &event, command.command_id.as_uuid())
}

async fn carry(conn: &mut Conn, desk: &Desk, decision: &Decision) -> Result<Decided, store::Error> {
    let request = voids::read(conn, &[decision.about], &[], &[]).await?.pop();
    let request = request.filter(|request| request.branch_id == desk.origin.branch_id);
    let case = match &request {
        Some(request) => case(conn, desk, request.sale_id, Some(&request.state)).await?,
        None => None,
    };
    Ok(decided(desk, decision, request.zip(case)))
}

fn decided(desk: &Desk, decision: &Decision, found: Option<(VoidRequest, Case)>) -> Decided {
    desk.keeps_it()?;
    if !desk.role_of(decision.by)?.is_approver() {
        return Err(Refusal::not_permitted("managers and admins decide voids"));
    }
    let Some((VoidRequest { void_request_id, .. }, case)) = found else {
        let detail = format!("there is no request {} in this store", decision.about);
        return Err(Refusal::new(RefusalCode::NoSuchVoid, detail));
    };
    let id = void_request_id.as_uuid();
    match &decision.verdict {
        VoidDecision::Reject { reason: why } => {
            case.rules.reject().map_err(blocked)?;
            let event = VoidRejectedV1 {
                imported_from: None,
                tenant_id: desk.tenant(),
                branch_id: desk.origin.branch_id,
                edge_id: desk.origin.edge_id,
                void_request_id,
                sale_id: case.sale.sale_id,
                order_id: case.sale.order_id,
                ticket_id: case.sale.ticket_id,
                rejected_by: decision.by,
                reason: reason(why)?,
                command_id: decision.command_id,
                rejected_at: desk.now,
            };
            Told::event(EntryKind::VoidRejected, &event, id)
        }
        VoidDecision::Approve { note } => {
            case.rules.approve().map_err(blocked)?;
            let event = VoidApprovedV1 {
                imported_from: None,
                tenant_id: desk.tenant(),
                branch_id: desk.origin.branch_id,
                edge_id: desk.origin.edge_id,
                void_request_id,
                sale_id: case.sale.sale_id,
                order_id: case.sale.order_id,
                cash_session_id: drawer_of(&case)?,
                ticket_id: case.sale.ticket_id,
                approved_by: decision.by,
                note: note.as_deref().map(reason).transpose()?,
                refund_currency: case.sale.currency,
                refund_amount: case.sale.kept,
                restored: case.sale.deductions,
                command_id: decision.command_id,
                approved_at: desk.now,
            };
            Told::event(EntryKind::VoidApproved, &event, id)
        }
    }
}

async fn case(
    conn: &mut Conn,
    desk: &Desk,
    sale: SaleId,
    request: Option<&VoidState>,
) -> Result<Option<Case>, store::Error> {
    let found = voids::read_sales(conn, &[sale]).await?.pop();
    let Some((sale, order)) = found.filter(|(sale, _)| sale.branch_id == desk.origin.branch_id)
    else {
        return Ok(None);
    };
    let drawer = match sale.cash_session_id {
        Some(id) => drawers::read(conn, id).await?,
        None => None,
    };
    let session_open = drawer.is_some_and(|drawer| drawer.is_open());
    let owner = drawer.map(|drawer| drawer.opened_by);
    let request = request.map(|state| match state {
        VoidState::Pending => VoidRequestStatus::Pending,
        VoidState::Approved(_) => VoidRequestStatus::Approved,
        VoidState::Rejected(_) => VoidRequestStatus::Rejected,
    });
    let (method, sale_status, order) = (sale.method, order.sale_status, order.status);
    let rules = Rules { method, session_open, sale: sale_status, order, request };
    Ok(Some(Case { sale, owner, rules }))
}

/// The session whose drawer pays back: each cash sale has one.
fn drawer_of(case: &Case) -> Result<CashSessionId, Refusal> {
    case.sale.cash_session_id.ok_or_else(|| blocked(Blocked::NotCash))
}

fn blocked(rule: Blocked) -> Refusal {
    Refusal::new(RefusalCode::from(rule), rule.to_string())
}
