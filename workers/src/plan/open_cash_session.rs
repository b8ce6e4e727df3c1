//! `cash.session_opened`: the session is in the books, open.

use schemas::{events::CashSessionOpenedV1, facts::FactKind};
use store::cash::CashSession;

use super::{Changes, State, Work};

pub(super) fn plan<'a>(
    work: &Work<'_>,
    event: &'a CashSessionOpenedV1,
    state: &mut State,
    changes: &mut Changes<'a>,
) {
    let CashSessionOpenedV1 { cash_session_id, branch_id, opened_by, .. } = *event;
    state.sessions.insert(cash_session_id, CashSession { cash_session_id, branch_id, open: true });
    changes.sessions.push(event);
    changes.tell(work, FactKind::CashSessionOpened);
    let subject = Some(cash_session_id.as_uuid());
    changes.audit(work, "CASH_SESSION_OPENED", Some(opened_by), subject, None);
}
