//! Commands: what the centre decided and a branch's edge is to carry out. A row
//! is written by whoever decides, given to the edge with every answer to its
//! heartbeat, and settled by the worker that books the edge's outcome: the
//! edge's own state decides, so that of two decisions one is carried out.

use schemas::{
    BranchId, CommandId, EdgeId, StaffId, TenantId, Timestamp, VoidRequestId,
    requests::{Command, VoidDecision},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, int8},
};

/// The most commands in one answer to a heartbeat; the oldest come first.
pub const MAX_WAITING: i64 = 50;

/// A command to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewCommand {
    /// The company.
    pub tenant_id: TenantId,
    /// The store whose edge carries it out.
    pub branch_id: BranchId,
    /// The caller's key: the same again is the same command.
    pub idempotency_key: String,
    /// When it was decided.
    pub issued_at: Timestamp,
    /// The command.
    pub command: Command,
}

/// What became of writing a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    /// It is new.
    New,
    /// The same was written under this key before; it is this one.
    Known(Standing),
    /// Another decision was written under this key before; nothing changed.
    KeyTaken(CommandId),
}

/// Where a command stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not heard of yet: "waiting for the store".
    Waiting,
    /// The edge did it.
    CarriedOut,
    /// The edge did not, and never will.
    Refused,
    /// The same, because it came too late.
    Expired,
}

impl State {
    const ALL: [Self; 4] = [Self::Waiting, Self::CarriedOut, Self::Refused, Self::Expired];

    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "WAITING",
            Self::CarriedOut => "CARRIED_OUT",
            Self::Refused => "REFUSED",
            Self::Expired => "EXPIRED",
        }
    }
}

/// A command as the books have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The command.
    pub command: Command,
    /// The store.
    pub branch_id: BranchId,
    /// Where it stands.
    pub state: State,
    /// Why it was refused, as a code and in words.
    pub refusal: Option<(String, String)>,
    /// When the edge settled it, by the edge's clock.
    pub settled_at: Option<Timestamp>,
}

/// What an edge's entry says became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Which.
    pub command_id: CommandId,
    /// Where it stands now: not waiting.
    pub state: State,
    /// Why it was refused, as a code and in words; of refused ones only.
    pub refusal: Option<(String, String)>,
    /// The entry that says so.
    pub entry: (EdgeId, u64),
    /// When, by the edge's clock.
    pub at: Timestamp,
}

/// Writes a command, once for each key of a company.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid;
/// [`is_decided_already`] if another command about the same request waits.
pub async fn insert(conn: &mut Conn, new: &NewCommand) -> Result<Inserted, Error> {
    let (decision, remark) = to_columns(&new.command.decision);
    let written = sqlx::query!(
        "INSERT INTO edge_command (command_id, tenant_id, branch_id, idempotency_key,
             void_request_id, decision, remark, decided_by, issued_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT (tenant_id, idempotency_key) DO NOTHING",
        new.command.command_id.as_uuid(),
        new.tenant_id.as_uuid(),
        new.branch_id.as_uuid(),
        new.idempotency_key,
        new.command.void_request_id.as_uuid(),
        decision,
        remark,
        new.command.decided_by.as_uuid(),
        OffsetDateTime::from(new.issued_at),
        OffsetDateTime::from(new.command.expires_at),
    )
    .execute(&mut *conn)
    .await?;
    if written.rows_affected() == 1 {
        return Ok(Inserted::New);
    }
    let known = sqlx::query_as!(
        Row,
        "SELECT command_id, branch_id, void_request_id, decision, remark, decided_by, expires_at,
             state, outcome_code, outcome_detail, settled_at
         FROM edge_command WHERE tenant_id = $1 AND idempotency_key = $2",
        new.tenant_id.as_uuid(),
        new.idempotency_key,
    )
    .fetch_one(conn)
    .await?;
    let known = Standing::try_from(known)?;
    let asked = (&new.command.decision, new.command.decided_by, new.command.void_request_id);
    let kept = (&known.command.decision, known.command.decided_by, known.command.void_request_id);
    if asked == kept && known.branch_id == new.branch_id {
        Ok(Inserted::Known(known))
    } else {
        Ok(Inserted::KeyTaken(known.command.command_id))
    }
}

/// Whether [`insert`] failed because another decision about the same request
/// waits for the store. The transaction is lost.
pub fn is_decided_already(error: &Error) -> bool {
    error.constraint() == Some("edge_command_one_waiting")
}

/// The commands that wait for a branch's edge, the oldest first, at most
/// [`MAX_WAITING`]. Those that have expired too: the edge refuses them, and then
/// everybody knows.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn waiting_for(conn: &mut Conn, branch_id: BranchId) -> Result<Vec<Command>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT command_id, branch_id, void_request_id, decision, remark, decided_by, expires_at,
             state, outcome_code, outcome_detail, settled_at
         FROM edge_command WHERE branch_id = $1 AND state = 'WAITING'
         ORDER BY issued_at, command_id LIMIT $2",
        branch_id.as_uuid(),
        MAX_WAITING,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| Ok(Standing::try_from(row)?.command)).collect()
}

/// The commands among `ids` that are in the books.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn read(conn: &mut Conn, ids: &[CommandId]) -> Result<Vec<Standing>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        Row,
        "SELECT command_id, branch_id, void_request_id, decision, remark, decided_by, expires_at,
             state, outcome_code, outcome_detail, settled_at
         FROM edge_command WHERE command_id = ANY($1) ORDER BY command_id",
        &column(ids, |id| id.as_uuid()),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Standing::try_from).collect()
}

/// Settles commands that wait. Returns how many did.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn settle(conn: &mut Conn, outcomes: &[Outcome]) -> Result<u64, Error> {
    if outcomes.is_empty() {
        return Ok(0);
    }
    let refusal = |place: usize| {
        outcomes.iter().map(move |outcome| {
            let (code, detail) = outcome.refusal.as_ref()?;
            Some(if place == 0 { code.as_str() } else { detail.as_str() })
        })
    };
    let settled = sqlx::query!(
        "UPDATE edge_command c
         SET state = o.state, outcome_code = o.code, outcome_detail = o.detail,
             settled_at = o.settled_at, edge_id = o.edge_id, entry_seq = o.entry_seq
         FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::timestamptz[],
                 $6::uuid[], $7::bigint[])
             AS o (command_id, state, code, detail, settled_at, edge_id, entry_seq)
         WHERE c.command_id = o.command_id AND c.command_id = ANY($1) AND c.state = 'WAITING'",
        &column(outcomes, |o| o.command_id.as_uuid()),
        &column(outcomes, |o| o.state.as_str()) as &[&str],
        &refusal(0).collect::<Vec<_>>() as &[Option<&str>],
        &refusal(1).collect::<Vec<_>>() as &[Option<&str>],
        &column(outcomes, |o| OffsetDateTime::from(o.at)),
        &column(outcomes, |o| o.entry.0.as_uuid()),
        &column(outcomes, |o| int8(o.entry.1)),
    )
    .execute(conn)
    .await?;
    Ok(settled.rows_affected())
}

struct Row {
    command_id: Uuid,
    branch_id: Uuid,
    void_request_id: Uuid,
    decision: String,
    remark: Option<String>,
    decided_by: Uuid,
    expires_at: OffsetDateTime,
    state: String,
    outcome_code: Option<String>,
    outcome_detail: Option<String>,
    settled_at: Option<OffsetDateTime>,
}

impl TryFrom<Row> for Standing {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let decision = match (row.decision.as_str(), row.remark) {
            ("APPROVE", note) => VoidDecision::Approve { note },
            ("REJECT", Some(reason)) => VoidDecision::Reject { reason },
            (other, _) => return Err(Error::corrupt("edge_command.decision", other)),
        };
        let state = State::ALL.into_iter().find(|state| state.as_str() == row.state);
        Ok(Self {
            command: Command {
                command_id: CommandId::from_uuid(row.command_id),
                expires_at: row.expires_at.into(),
                decided_by: StaffId::from_uuid(row.decided_by),
                void_request_id: VoidRequestId::from_uuid(row.void_request_id),
                decision,
            },
            branch_id: BranchId::from_uuid(row.branch_id),
            state: state.ok_or_else(|| Error::corrupt("edge_command.state", &row.state))?,
            refusal: row.outcome_code.map(|code| (code, row.outcome_detail.unwrap_or_default())),
            settled_at: row.settled_at.map(Timestamp::from),
        })
    }
}

fn to_columns(decision: &VoidDecision) -> (&'static str, Option<&str>) {
    match decision {
        VoidDecision::Approve { note } => ("APPROVE", note.as_deref()),
        VoidDecision::Reject { reason } => ("REJECT", Some(reason)),
    }
}
