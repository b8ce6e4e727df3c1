//! What back offices decided about entries in quarantine. A row is written by whoever
//! decides, and settled by the worker that carries it out, in the transaction of its
//! effect.

use schemas::{
    BranchId, DecisionId, EdgeId, TenantId, Timestamp, TokenId,
    back_office::{DecisionState, QuarantineDecision, QuarantineDecisionRow},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, int8, unsigned, word},
};

/// The most decisions that are listed at a time.
const MOST_WAITING: i64 = 100;

/// A decision to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDecision {
    /// Which.
    pub decision_id: DecisionId,
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The entry.
    pub entry: (EdgeId, u64),
    /// What is decided.
    pub decision: QuarantineDecision,
    /// Why it is given up; of those only.
    pub reason: Option<String>,
    /// Whose token, and what its company calls it.
    pub by: (TokenId, String),
    /// When.
    pub at: Timestamp,
}

/// A decision that is not carried out yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WaitingDecision {
    /// Which.
    pub decision_id: DecisionId,
    /// The entry.
    pub entry: (EdgeId, u64),
    /// What was decided.
    pub decision: QuarantineDecision,
    /// Why it is given up.
    pub reason: Option<String>,
    /// Whose token, and what its company calls it.
    pub by: (TokenId, String),
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecisionOutcome {
    /// It was done.
    CarriedOut {
        /// The entries that were booked, in order.
        applied: Vec<u64>,
        /// Those behind them that wait on.
        still_waiting: Vec<u64>,
    },
    /// It could not be done and changed nothing.
    Refused {
        /// Why, as a code.
        code: &'static str,
        /// Why, in words.
        detail: String,
    },
}

/// Writes a decision, unless another one about the same entry waits. Returns whether
/// it was written.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert(conn: &mut Conn, new: &NewDecision) -> Result<bool, Error> {
    let written = sqlx::query!(
        "INSERT INTO quarantine_decision (decision_id, tenant_id, branch_id, edge_id, seq, decision,
             reason, token_id, decided_by, decided_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
         ON CONFLICT DO NOTHING",
        new.decision_id.as_uuid(),
        new.tenant_id.as_uuid(),
        new.branch_id.as_uuid(),
        new.entry.0.as_uuid(),
        int8(new.entry.1),
        new.decision.as_str(),
        new.reason,
        new.by.0.as_uuid(),
        new.by.1,
        OffsetDateTime::from(new.at),
    )
    .execute(conn)
    .await?;
    Ok(written.rows_affected() == 1)
}

/// A decision of a company.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn read(
    conn: &mut Conn,
    tenant: TenantId,
    decision: DecisionId,
) -> Result<Option<QuarantineDecisionRow>, Error> {
    sqlx::query!(
        "SELECT branch_id, edge_id, seq, decision, reason, decided_at, state, applied,
             still_waiting, outcome_code, outcome_detail, settled_at
         FROM quarantine_decision WHERE decision_id = $1 AND tenant_id = $2",
        decision.as_uuid(),
        tenant.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        let state: DecisionState = word("quarantine_decision.state", &row.state)?;
        Ok(QuarantineDecisionRow {
            decision_id: decision,
            branch_id: row.branch_id.into(),
            edge_id: row.edge_id.into(),
            seq: unsigned("quarantine_decision.seq", row.seq)?,
            decision: word("quarantine_decision.decision", &row.decision)?,
            reason: row.reason,
            decided_at: row.decided_at.into(),
            state,
            applied: row.applied.map(seqs).transpose()?,
            still_waiting: row.still_waiting.map(seqs).transpose()?,
            refusal_code: row.outcome_code,
            refusal_detail: row.outcome_detail,
            settled_at: row.settled_at.map(Timestamp::from),
        })
    })
    .transpose()
}

/// The oldest decisions that wait, and whose stores they are about.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn waiting(conn: &mut Conn) -> Result<Vec<(DecisionId, TenantId, BranchId)>, Error> {
    let rows = sqlx::query!(
        "SELECT decision_id, tenant_id, branch_id FROM quarantine_decision
         WHERE state = 'WAITING' ORDER BY decided_at, decision_id LIMIT $1",
        MOST_WAITING,
    )
    .fetch_all(conn)
    .await?;
    let row_of = |id: Uuid, tenant: Uuid, branch: Uuid| (id.into(), tenant.into(), branch.into());
    Ok(rows.into_iter().map(|row| row_of(row.decision_id, row.tenant_id, row.branch_id)).collect())
}

/// Locks a decision until the end of the transaction, if it still waits.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn lock(
    conn: &mut Conn,
    decision_id: DecisionId,
) -> Result<Option<WaitingDecision>, Error> {
    sqlx::query!(
        "SELECT edge_id, seq, decision, reason, token_id, decided_by FROM quarantine_decision
         WHERE decision_id = $1 AND state = 'WAITING' FOR NO KEY UPDATE",
        decision_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?
    .map(|row| {
        Ok(WaitingDecision {
            decision_id,
            entry: (row.edge_id.into(), unsigned("quarantine_decision.seq", row.seq)?),
            decision: word("quarantine_decision.decision", &row.decision)?,
            reason: row.reason,
            by: (row.token_id.into(), row.decided_by),
        })
    })
    .transpose()
}

/// Writes what became of a decision that waited.
///
/// # Errors
/// [`Error`] if the statement fails, or the decision was settled meanwhile.
pub async fn settle(
    conn: &mut Conn,
    decision_id: DecisionId,
    outcome: &DecisionOutcome,
    at: Timestamp,
) -> Result<(), Error> {
    let (state, applied, still_waiting, code, detail) = match outcome {
        DecisionOutcome::CarriedOut { applied, still_waiting } => {
            ("CARRIED_OUT", Some(applied), Some(still_waiting), None, None)
        }
        DecisionOutcome::Refused { code, detail } => {
            ("REFUSED", None, None, Some(*code), Some(detail.as_str()))
        }
    };
    let places = |seqs: &Vec<u64>| column(seqs, |seq| int8(*seq));
    let (applied, still_waiting) = (applied.map(places), still_waiting.map(places));
    let settled = sqlx::query!(
        "UPDATE quarantine_decision SET state = $2, applied = $3, still_waiting = $4,
             outcome_code = $5, outcome_detail = $6, settled_at = $7
         WHERE decision_id = $1 AND state = 'WAITING'",
        decision_id.as_uuid(),
        state,
        applied.as_deref(),
        still_waiting.as_deref(),
        code,
        detail,
        OffsetDateTime::from(at),
    )
    .execute(conn)
    .await?;
    if settled.rows_affected() == 1 {
        Ok(())
    } else {
        Err(Error::corrupt("quarantine_decision.state", "it was settled meanwhile"))
    }
}

fn seqs(places: Vec<i64>) -> Result<Vec<u64>, Error> {
    places.into_iter().map(|seq| unsigned("quarantine_decision.applied", seq)).collect()
}
