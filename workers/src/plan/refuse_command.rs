//! `command.refused`: the store did not carry out what the centre decided, and
//! never will.

use schemas::{events::CommandRefusedV1, facts::ExceptionKind};
use serde_json::json;
use store::commands::State as CommandState;

use super::{Changes, Deed, State, Work, voiding::settle};

/// The code of a command that came too late.
const EXPIRED: &str = "command_expired";

pub(super) fn plan(
    work: &Work<'_>,
    event: &CommandRefusedV1,
    state: &mut State,
    changes: &mut Changes<'_>,
) {
    let id = event.command_id;
    let to = if event.code == EXPIRED { CommandState::Expired } else { CommandState::Refused };
    let decided_by = state.commands.get(&id).map(|known| known.command.decided_by);
    let refusal = Some((event.code.clone(), event.detail.clone()));
    if let Some(why) = settle(work, id, to, refusal, state, changes) {
        let detail = format!("{why}, and was refused: {}", event.detail);
        changes.raise(work, ExceptionKind::VoidMismatch, (None, None), &detail);
    }
    changes.audit(
        work,
        Deed {
            actor: decided_by,
            subject: Some(event.void_request_id.as_uuid()),
            target: Some(id.as_uuid()),
            meta: Some(json!({ "code": event.code, "detail": event.detail })),
            ..Deed::of("COMMAND_REFUSED")
        },
    );
}
