//! `cash.session_opened`: the session is in the books, open.

use schemas::{events::CashSessionOpenedV1, facts::FactKind};
use store::cash::CashSession;

use super::{Changes, Deed, State, Work, session_sums};

pub(super) fn plan<'a>(
    work: &Work<'_>,
    event: &'a CashSessionOpenedV1,
    state: &mut State,
    changes: &mut Changes<'a>,
) {
    let CashSessionOpenedV1 { cash_session_id, branch_id, opened_by, .. } = *event;
    state.sessions.insert(cash_session_id, CashSession { cash_session_id, branch_id, open: true });
    if state.awaited_closes.contains(&cash_session_id) {
        state.sums.insert(cash_session_id, session_sums::of_opening(event));
    }
    changes.sessions.push(event);
    changes.tell(work, FactKind::CashSessionOpened);
    changes.audit(
        work,
        Deed {
            actor: Some(opened_by),
            subject: Some(cash_session_id.as_uuid()),
            ..Deed::of("CASH_SESSION_OPENED")
        },
    );
}
