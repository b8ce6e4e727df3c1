//! What back offices decided about quarantined entries, carried out by whoever holds
//! the branch's shard.
//!
//! Guarantees: each decision is carried out once, by the same release and discard as
//! an operator's, in the transaction that settles it. A crash before COMMIT leaves it
//! waiting and everything as it was; after it the outcome is there to be read; an
//! error *from* COMMIT means unknown, and the next look finds out. A decision that
//! cannot be carried out is settled as refused, with why: it stops nobody.

use std::{sync::Arc, time::Duration};

use schemas::{Clock, DecisionId, back_office::QuarantineDecision, subjects::shard_of};
use store::{
    Conn, Failure, Pool, classify,
    lease::Lease,
    quarantine::{
        Discard,
        decisions::{self, DecisionOutcome, WaitingDecision},
    },
    savepoint,
};
use telemetry::failpoint;

use crate::{
    batch::BatchError,
    booking::{BookingError, in_full},
    reading::plain,
    release::{ReleaseError, Released, discard_within, release_within},
};

/// Who carries decisions out, and under what.
#[derive(Clone)]
pub struct Decider {
    /// The books.
    pub pool: Pool,
    /// The shard's lease.
    pub lease: Lease,
    /// For how long it is renewed.
    pub ttl: Duration,
    /// Which shard.
    pub shard: u16,
    /// Of how many.
    pub shards: u16,
    /// When it is done.
    pub clock: Arc<dyn Clock>,
}

impl Decider {
    /// The decisions that wait for this shard, the oldest first.
    ///
    /// # Errors
    /// [`BatchError`] if the books cannot be asked.
    pub async fn waiting(&self) -> Result<Vec<DecisionId>, BatchError> {
        let mut conn = self.pool.acquire().await.map_err(store::Error::from)?;
        let mut waiting = decisions::waiting(&mut conn).await?;
        waiting.retain(|(_, tenant, branch)| shard_of(*tenant, *branch, self.shards) == self.shard);
        Ok(waiting.into_iter().map(|(decision, ..)| decision).collect())
    }

    /// Carries a decision out, or refuses it. `None`: it was settled already. To be run
    /// to its end, in a task of its own.
    ///
    /// # Errors
    /// [`BatchError`]; nothing is settled then, or (an error from COMMIT) unknown.
    pub async fn carry_out(
        self,
        decision: DecisionId,
    ) -> Result<Option<DecisionOutcome>, BatchError> {
        let error = match self.attempt(decision, None).await {
            Err(BatchError::Booking(error)) if !is_transient(&error) => error,
            settled => return settled,
        };
        // What was written of it is gone with its transaction.
        tracing::error!(decision.id = %decision, error = %in_full(&error),
            "a decision about the quarantine cannot be carried out");
        let detail = plain(&in_full(&error));
        let refused = DecisionOutcome::Refused { code: "cannot_be_booked", detail };
        self.attempt(decision, Some(refused)).await
    }

    async fn attempt(
        &self,
        decision: DecisionId,
        refused: Option<DecisionOutcome>,
    ) -> Result<Option<DecisionOutcome>, BatchError> {
        let mut tx = self.pool.begin().await.map_err(store::Error::from)?;
        if !store::lease::renew(&mut tx, &self.lease, self.ttl).await? {
            tx.rollback().await.map_err(store::Error::from)?;
            return Err(BatchError::LeaseLost);
        }
        let Some(waiting) = decisions::lock(&mut tx, decision).await? else { return Ok(None) };
        let outcome = match refused {
            Some(refused) => refused,
            None => self.carry_out_within(&mut tx, &waiting).await?,
        };
        decisions::settle(&mut tx, decision, &outcome, self.clock.now()).await?;
        failpoint("decision.before_commit");
        tx.commit().await.map_err(store::Error::from)?;
        failpoint("decision.after_commit");
        Ok(Some(outcome))
    }

    async fn carry_out_within(
        &self,
        conn: &mut Conn,
        waiting: &WaitingDecision,
    ) -> Result<DecisionOutcome, BatchError> {
        let (edge, seq) = waiting.entry;
        savepoint::set(conn).await?;
        let done = match waiting.decision {
            QuarantineDecision::Release => release_within(conn, edge, seq).await,
            QuarantineDecision::Discard => {
                let (token, by) = waiting.by.clone();
                let why = waiting.reason.clone().unwrap_or_default();
                let discard = Discard { by, token: Some(token), why };
                let given_up = discard_within(conn, waiting.entry, &discard, self.clock.now());
                given_up.await.map(|()| Released::default())
            }
        };
        let error = match done {
            Ok(Released { applied, still_waiting }) => {
                savepoint::keep(conn).await?;
                return Ok(DecisionOutcome::CarriedOut { applied, still_waiting });
            }
            Err(ReleaseError::Booking(error)) => return Err(error.into()),
            Err(error) => error,
        };
        savepoint::undo(conn).await?;
        let code = match &error {
            ReleaseError::NotWaiting(_) => "not_waiting",
            ReleaseError::StillRefused { .. } => "still_refused",
            ReleaseError::Changed(_) => "archive_changed",
            ReleaseError::NoSuchEdge(_) => "no_such_edge",
            ReleaseError::Interrupted(_) | ReleaseError::Booking(_) => "cannot_be_booked",
        };
        Ok(DecisionOutcome::Refused { code, detail: plain(&error.to_string()) })
    }
}

fn is_transient(error: &BookingError) -> bool {
    matches!(error, BookingError::Store(error) if classify(error) == Failure::Retry)
}
