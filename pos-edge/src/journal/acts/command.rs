//! What the centre decided: carried out or refused, once for each command,
//! however often it comes.

use schemas::{
    CommandId, EntryKind,
    events::CommandRefusedV1,
    requests::{Command, VoidDecision},
};
use sqlx::SqliteConnection;

use super::void;
use crate::journal::{
    captures::Captured,
    columns::place_in,
    desk::{Desk, Written},
    error::{JournalError, Refusal},
};

/// The most of a remark that is journaled, in characters.
const MAX_REMARK: usize = 500;

/// Answers a command by one entry.
pub(in crate::journal) async fn command(
    desk: &mut Desk<'_>,
    command: &Command,
) -> Result<Captured, Refusal> {
    if let Some(payload) = answered(desk.connection, command.command_id).await? {
        return Ok(Captured { payload, replayed: true });
    }
    desk.may_write()?;
    let written = match carry_out(desk, command).await {
        Ok(written) => written,
        Err(refusal) => {
            let Some(code) = code(&refusal) else { return Err(refusal) };
            refuse(desk, command, code, refusal.to_string()).await?
        }
    };
    remember(desk.connection, command.command_id, &written).await?;
    Ok(written.into())
}

async fn carry_out(desk: &mut Desk<'_>, command: &Command) -> Result<Written, Refusal> {
    if desk.now >= command.expires_at {
        return Err(Refusal::CommandExpired(command.expires_at));
    }
    let clipped = |text: &str| text.chars().take(MAX_REMARK).collect::<String>();
    let decision = match &command.decision {
        VoidDecision::Approve { note } => {
            VoidDecision::Approve { note: note.as_deref().map(clipped) }
        }
        VoidDecision::Reject { reason } => VoidDecision::Reject { reason: clipped(reason) },
    };
    let decided = void::Decided {
        by: command.decided_by,
        void_request_id: command.void_request_id,
        decision: &decision,
        command_id: Some(command.command_id),
    };
    void::decide(desk, &decided).await
}

/// The code of a refusal that is final; `None` if the command should come again.
fn code(refusal: &Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::CommandExpired(_) => Some("command_expired"),
        Refusal::VoidNotFound(_) => Some("void_not_found"),
        Refusal::Void(blocked) => Some(blocked.code()),
        Refusal::TooLarge(_) => Some("too_large"),
        _ => None,
    }
}

async fn refuse(
    desk: &mut Desk<'_>,
    command: &Command,
    code: &str,
    detail: String,
) -> Result<Written, Refusal> {
    let identity = desk.shared.identity;
    let event = CommandRefusedV1 {
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        command_id: command.command_id,
        void_request_id: command.void_request_id,
        code: code.to_owned(),
        detail,
        refused_at: desk.now,
    };
    desk.append(EntryKind::CommandRefused, &event).await
}

async fn answered(
    connection: &mut SqliteConnection,
    id: CommandId,
) -> Result<Option<Vec<u8>>, JournalError> {
    let id = id.as_uuid();
    let payload = sqlx::query_scalar!(
        "SELECT entry.payload FROM command JOIN entry USING (seq) WHERE command_id = ?",
        id,
    )
    .fetch_optional(connection)
    .await?;
    Ok(payload)
}

async fn remember(
    connection: &mut SqliteConnection,
    id: CommandId,
    written: &Written,
) -> Result<(), JournalError> {
    let (id, seq) = (id.as_uuid(), place_in(written.seq));
    sqlx::query!("INSERT INTO command (command_id, seq) VALUES (?, ?)", id, seq)
        .execute(connection)
        .await?;
    Ok(())
}
