//! Drawers that were opened or closed on an old disk only.

use schemas::{
    EntryKind,
    edge_api::{CashSession, Update},
    events::{CashSessionClosedV1, CashSessionOpenedV1, ImportedFrom, SessionReport},
};

use super::Verdict;
use crate::journal::{
    acts::close,
    desk::Desk,
    error::Refusal,
    reports, sessions,
    void_requests::{self, Pending},
};

/// The session is open here. Its till and person may have opened another one since:
/// both are, and a manager counts the imported one.
pub(super) async fn open(
    desk: &mut Desk<'_>,
    event: &CashSessionOpenedV1,
    from: ImportedFrom,
) -> Result<Verdict, Refusal> {
    let id = event.cash_session_id;
    if sessions::find(desk.connection, id).await?.is_some() {
        return Ok(Verdict::Known("the session is here".to_owned()));
    }
    let edge_id = desk.shared.identity.edge_id;
    let event = CashSessionOpenedV1 { edge_id, imported_from: Some(from), ..event.clone() };
    let written = desk.append(EntryKind::CashSessionOpened, &event).await?;
    let session = CashSession {
        cash_session_id: id,
        device_id: event.device_id,
        staff_id: event.opened_by,
        opened_at: event.opened_at,
        opening_float_usd: event.opening_float_usd,
        opening_float_khr: event.opening_float_khr,
    };
    sessions::insert_imported(desk.connection, written.seq, &session, name(desk, &event)).await?;
    desk.tell(written.seq, Update::SessionOpened { cash_session_id: id });
    Ok(Verdict::Imported(written))
}

/// What the catalogue calls who opened it; their id, if it does not know them.
fn name(desk: &Desk<'_>, event: &CashSessionOpenedV1) -> String {
    let catalogue = desk.shared.catalogue.borrow();
    let member = catalogue.as_ref().and_then(|used| used.index.staff_member(event.opened_by));
    member.map_or_else(|| event.opened_by.to_string(), |member| member.name.clone())
}

/// The session is closed as it was counted, if nothing was sold or moved in it here that
/// the count did not see.
pub(super) async fn close(
    desk: &mut Desk<'_>,
    event: &CashSessionClosedV1,
    from: ImportedFrom,
) -> Result<Verdict, Refusal> {
    let id = event.cash_session_id;
    let Some(session) = sessions::find(desk.connection, id).await? else {
        return Ok(Verdict::Conflict(format!("cash session {id} is not known here")));
    };
    if session.closed_at.is_some() {
        return Ok(Verdict::Conflict(format!("cash session {id} was counted and closed here too")));
    }
    let here = reports::of_session(desk.connection, &session.session, event.closed_at).await?;
    if !same_sums(&here, &event.z) {
        return Ok(Verdict::Conflict(format!(
            "cash session {id} went on here: {} sales of {} USD, and {} of {} when it was counted",
            here.sale_count, here.sales_usd, event.z.sale_count, event.z.sales_usd
        )));
    }
    let edge_id = desk.shared.identity.edge_id;
    let pending = void_requests::pending_in(desk.connection, id).await?;
    let rejected = |request: &Pending| {
        event.rejected_voids.iter().any(|void| void.void_request_id == request.void_request_id)
    };
    if let Some(other) = pending.iter().find(|request| !rejected(request)) {
        let other = other.void_request_id;
        return Ok(Verdict::Conflict(format!("void request {other} in it came after its count")));
    }
    let event = CashSessionClosedV1 { edge_id, imported_from: Some(from), ..event.clone() };
    let written = close::write(desk, &event, &pending).await?;
    Ok(Verdict::Imported(written))
}

/// Whether two reports of a session say the same money.
fn same_sums(one: &SessionReport, other: &SessionReport) -> bool {
    (one.sale_count, one.sales_usd, one.void_count, one.voids_usd)
        == (other.sale_count, other.sales_usd, other.void_count, other.voids_usd)
        && one.drawers.len() == other.drawers.len()
        && one.drawers.iter().all(|drawer| {
            let same = |there: &&schemas::events::DrawerSums| {
                there.currency == drawer.currency && there.expected == drawer.expected
            };
            other.drawers.iter().find(same).is_some()
        })
}
