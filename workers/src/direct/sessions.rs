//! Cash sessions of a store without an edge: opened, moved in and closed through the
//! direct door, by the rules that hold at an edge. A drawer is its own person's, and the
//! managers' and admins', who close what somebody left open.

use domain::sessions::count_drawer;
use rust_decimal::Decimal;
use schemas::{
    CashMovementId, CashSessionId, Currency, EntryKind, StaffId, VoidRequestId,
    door_api::{RefusalCode, SubmitCash, SubmitClose, SubmitSession},
    events::{CashMovedV1, CashSessionClosedV1, CashSessionOpenedV1, ClosedVoid},
};
use store::{
    Conn,
    drawers::{self, Drawer},
    submissions::Pending,
    voids,
};

use super::{
    Refusal,
    desk::{Decided, Desk, Told},
};

/// The most of one currency in a drawer.
const MAX_IN_DRAWER: i64 = 1_000_000_000;
/// The longest reason, in characters.
const MAX_REASON_CHARS: usize = 500;

/// Opens a session: one at a time for each person at a till.
pub(super) async fn open(
    conn: &mut Conn,
    desk: &Desk,
    pending: &Pending,
    asked: &SubmitSession,
) -> Result<Decided, store::Error> {
    let open =
        drawers::open_of(conn, desk.origin.branch_id, (asked.device_id, asked.staff_id)).await?;
    Ok(opened(desk, pending, asked, open))
}

fn opened(
    desk: &Desk,
    pending: &Pending,
    asked: &SubmitSession,
    open: Option<CashSessionId>,
) -> Decided {
    desk.keeps_it()?;
    desk.role_of(asked.staff_id)?;
    desk.check_device(asked.device_id)?;
    amount("opening_float_usd", asked.opening_float_usd.amount(), Currency::Usd)?;
    amount("opening_float_khr", asked.opening_float_khr.amount(), Currency::Khr)?;
    if let Some(open) = open {
        let detail = format!("{} has cash session {open} open on this till", asked.staff_id);
        return Err(Refusal::new(RefusalCode::SessionAlreadyOpen, detail));
    }
    let id = desk.id_for("session", &pending.ticket_id);
    let event = CashSessionOpenedV1 {
        imported_from: None,
        tenant_id: desk.tenant(),
        branch_id: desk.origin.branch_id,
        edge_id: desk.origin.edge_id,
        device_id: asked.device_id,
        cash_session_id: CashSessionId::from_uuid(id),
        opened_by: asked.staff_id,
        opened_at: desk.now,
        opening_float_usd: asked.opening_float_usd,
        opening_float_khr: asked.opening_float_khr,
    };
    Told::event(EntryKind::CashSessionOpened, &event, id)
}

/// Puts money into a drawer or takes some out.
pub(super) async fn move_cash(
    conn: &mut Conn,
    desk: &Desk,
    pending: &Pending,
    asked: &SubmitCash,
) -> Result<Decided, store::Error> {
    let drawer = drawers::read(conn, asked.cash_session_id).await?;
    Ok(moved(desk, pending, asked, drawer.as_ref()))
}

fn moved(desk: &Desk, pending: &Pending, asked: &SubmitCash, drawer: Option<&Drawer>) -> Decided {
    let drawer = their_drawer(desk, asked.cash_session_id, drawer, asked.staff_id)?;
    amount("amount", asked.amount, asked.currency)?;
    if asked.amount <= Decimal::ZERO {
        let detail = "amount: what is paid in or out is above zero";
        return Err(Refusal::new(RefusalCode::InvalidAmount, detail));
    }
    let reason = reason(&asked.reason)?;
    let id = desk.id_for("movement", &pending.ticket_id);
    let event = CashMovedV1 {
        imported_from: None,
        tenant_id: desk.tenant(),
        branch_id: desk.origin.branch_id,
        edge_id: desk.origin.edge_id,
        device_id: drawer.device_id,
        cash_session_id: drawer.cash_session_id,
        movement_id: CashMovementId::from_uuid(id),
        kind: asked.direction,
        currency: asked.currency,
        amount: asked.amount,
        reason,
        moved_by: asked.staff_id,
        moved_at: desk.now,
    };
    Told::event(EntryKind::CashMoved, &event, id)
}

/// Counts and closes a drawer: its Z report from the books, and the rejection of
/// every void that is undecided in it.
pub(super) async fn close(
    conn: &mut Conn,
    desk: &Desk,
    asked: &SubmitClose,
) -> Result<Decided, store::Error> {
    let id = asked.cash_session_id;
    let drawer = drawers::read(conn, id).await?;
    let drawer = match their_drawer(desk, id, drawer.as_ref(), asked.staff_id) {
        Ok(drawer) => *drawer,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let counts = amount("counted_usd", asked.counted_usd.amount(), Currency::Usd)
        .and_then(|()| amount("counted_khr", asked.counted_khr.amount(), Currency::Khr));
    if let Err(refusal) = counts {
        return Ok(Err(refusal));
    }
    let z = drawers::report(conn, &drawer, desk.now).await?;
    let pending = voids::read(conn, &[] as &[VoidRequestId], &[], &[id]).await?;
    let rejected_voids = pending
        .iter()
        .filter(|void| void.state.is_pending())
        .map(|void| ClosedVoid { void_request_id: void.void_request_id, sale_id: void.sale_id });
    let event = CashSessionClosedV1 {
        imported_from: None,
        tenant_id: desk.tenant(),
        branch_id: desk.origin.branch_id,
        edge_id: desk.origin.edge_id,
        device_id: drawer.device_id,
        cash_session_id: id,
        closed_by: asked.staff_id,
        closed_at: desk.now,
        counted: count_drawer(&z, asked.counted_usd, asked.counted_khr),
        z,
        rejected_voids: rejected_voids.collect(),
        // Nobody is heard of but through the door.
        silent_devices: Vec::new(),
    };
    Ok(Told::event(EntryKind::CashSessionClosed, &event, id.as_uuid()))
}

/// An open session of the branch, for its own person or an approver.
fn their_drawer<'a>(
    desk: &Desk,
    id: CashSessionId,
    drawer: Option<&'a Drawer>,
    staff: StaffId,
) -> Result<&'a Drawer, Refusal> {
    desk.keeps_it()?;
    desk.role_of(staff)?;
    let drawer = drawer
        .filter(|drawer| drawer.branch_id == desk.origin.branch_id)
        .ok_or_else(|| Refusal::no_open_session(Some(id), "not one of this store"))?;
    desk.acts_for(staff, Some(drawer.opened_by))?;
    if !drawer.is_open() {
        return Err(Refusal::no_open_session(Some(id), "closed"));
    }
    Ok(drawer)
}

fn amount(what: &str, amount: Decimal, currency: Currency) -> Result<(), Refusal> {
    let decimals = if currency == Currency::Usd { 2 } else { 0 };
    let rule = if amount < Decimal::ZERO {
        "it is negative"
    } else if amount > Decimal::from(MAX_IN_DRAWER) {
        "it is above 1000000000"
    } else if amount.normalize().scale() > decimals {
        "the currency has no coins for so many decimals"
    } else {
        return Ok(());
    };
    let detail = format!("{what}: {amount} {} cannot be in a drawer: {rule}", currency.code());
    Err(Refusal::new(RefusalCode::InvalidAmount, detail))
}

/// A reason that says something.
pub(super) fn reason(text: &str) -> Result<String, Refusal> {
    let reason = text.trim();
    if reason.is_empty() || reason.chars().count() > MAX_REASON_CHARS {
        let detail = format!("reason: say why, in at most {MAX_REASON_CHARS} characters");
        return Err(Refusal::new(RefusalCode::Malformed, detail));
    }
    if reason.chars().any(char::is_control) {
        let detail = "reason: control characters are not allowed";
        return Err(Refusal::new(RefusalCode::Malformed, detail));
    }
    Ok(reason.to_owned())
}
