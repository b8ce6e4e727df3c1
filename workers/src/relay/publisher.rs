//! Publishes facts that have their place, each branch in order, pipelined, and
//! watches that the stream keeps them.
//!
//! A round: read the heads, choose ([`Lines::turn`]), load those facts with
//! their bodies, send all, await all acks, note how far it came. What was not
//! acked is sent again; consumers and the broker drop what they have.
//!
//! From time to time, and at the start, each branch's newest fact in the stream
//! is compared with what was published. A stream that is behind lost facts, a
//! stream that was made anew lost all of them: they are published again, under
//! the same ids and places. A stream whose newest fact the books do not have
//! tells that they are older than what was published; that branch is left
//! alone, loudly.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use bus::{
    BusError, Connection, PendingAck,
    facts::{self, FactMessage},
    retry,
};
use futures::{StreamExt, stream};
use metrics::{counter, gauge, histogram};
use schemas::BranchId;
use store::{facts::PlacedFact, recovery::refill, relay::FactHead};
use telemetry::{CancellationToken, failpoint};

use super::{
    FIRST_PAUSE, LONGEST_PAUSE, Shared, chain,
    lines::{Lines, Tail},
    message::{Unpublished, message},
    outgoing::{Outgoing, alarm},
};

/// The most facts on their way to the broker at once.
pub(super) const WINDOW_FACTS: u32 = 2_000;
/// The most bytes of bodies that are loaded at once.
pub(super) const WINDOW_BYTES: u64 = 8 * 1024 * 1024;
/// Branches whose tails are asked for at once.
const TAILS_AT_ONCE: usize = 16;

/// Why a round ended early. What it did not do, the next one does.
#[derive(Debug, thiserror::Error)]
enum RoundError {
    #[error("the books could not be read or written")]
    Store(#[from] store::Error),
    #[error("the broker does not answer")]
    Bus(#[from] BusError),
}

/// Publishes until `stop`.
pub(super) async fn run(shared: Arc<Shared>, stop: CancellationToken) {
    let mut publisher = Publisher {
        shared,
        lines: Lines::default(),
        compared_at: None,
        stream_born_at: None,
        attempts: HashMap::new(),
    };
    let mut line = publisher.shared.bus.connection();
    let mut pauses = retry::pauses(FIRST_PAUSE, LONGEST_PAUSE);
    while !stop.is_cancelled() {
        if *line.borrow_and_update() == Connection::Disconnected {
            tokio::select! {
                changed = line.changed() => if changed.is_err() { return },
                () = stop.cancelled() => return,
            }
            // What failed, failed for want of a line; and the stream behind a
            // new line may be another one.
            publisher.lines.end_pauses();
            publisher.compared_at = None;
            continue;
        }
        let pause = match publisher.round().await {
            Ok(0) => {
                pauses.reset();
                publisher.until_due()
            }
            Ok(_) => {
                pauses.reset();
                continue;
            }
            Err(error) => {
                tracing::warn!(error = chain(&error), "facts cannot be published");
                pauses.next_pause()
            }
        };
        tokio::select! {
            () = publisher.shared.placed.notified() => {}
            () = tokio::time::sleep(pause) => {}
            _ = line.changed() => {}
            () = stop.cancelled() => {}
        }
    }
}

pub(super) struct Publisher {
    shared: Arc<Shared>,
    lines: Lines,
    /// When tails were last compared; at the start, never.
    compared_at: Option<Instant>,
    /// Which stream it was then.
    stream_born_at: Option<i128>,
    /// Of the branches that were published again: the broker may remember
    /// their facts although it lost them.
    attempts: HashMap<BranchId, u64>,
}

impl Publisher {
    /// One that publishes facts of a branch which the stream lost.
    pub(super) fn again(shared: Arc<Shared>, heads: &[FactHead], branch: BranchId) -> Self {
        let attempt = shared.clock.now().unix_micros().unsigned_abs();
        let attempts = HashMap::from([(branch, attempt)]);
        let mut lines = Lines::default();
        lines.learn(heads);
        Self { shared, lines, compared_at: None, stream_born_at: None, attempts }
    }

    /// Publishes some facts. Returns how many the stream took.
    async fn round(&mut self) -> Result<usize, RoundError> {
        if self.compared_at.is_none_or(|at| at.elapsed() >= self.shared.settings.compare()) {
            self.compare().await?;
            self.compared_at = Some(Instant::now());
        }
        let facts = {
            let mut conn = self.shared.pool.acquire().await.map_err(store::Error::from)?;
            self.lines.learn(&store::relay::heads(&mut conn, true).await?);
            let wanted = self.lines.turn(WINDOW_FACTS, Instant::now());
            if wanted.is_empty() {
                return Ok(0);
            }
            let facts = store::facts::after_each(&mut conn, &wanted, WINDOW_BYTES).await?;
            self.pass_over_missing(wanted[0].branch_id, &facts);
            facts
        };
        let started = Instant::now();
        let sent = facts.len();
        let published = self.publish(facts).await;
        failpoint("relay.published");
        self.note().await?;
        histogram!("relay_publish_seconds").record(started.elapsed());
        counter!("relay_published_total").increment(published as u64);
        tracing::trace!(sent, published, "published facts");
        Ok(published)
    }

    /// Publishes facts, in order for each branch, and settles the branches.
    /// Returns how many the stream took.
    pub(super) async fn publish(&mut self, facts: Vec<PlacedFact>) -> usize {
        let facts: Vec<_> = facts
            .into_iter()
            .map(|fact| (fact.branch_id, fact.fact_seq, fact.fact_id.clone(), message(fact)))
            .collect();
        if self.publish_burst(&facts).await {
            let mut newest = BTreeMap::new();
            newest.extend(facts.iter().map(|(branch, seq, ..)| (*branch, *seq)));
            for (branch, seq) in newest {
                self.lines.settle(branch, seq, false, Instant::now());
            }
            return facts.len();
        }
        self.publish_each(facts).await
    }

    /// Publishes all of them at once; false if that did not go well, or may not:
    /// a stream that lost facts may remember them, and says so one by one.
    async fn publish_burst(&self, facts: &[Outgoing]) -> bool {
        if facts.iter().any(|(branch, ..)| self.attempts.contains_key(branch)) {
            return false;
        }
        let messages: Option<Vec<_>> =
            facts.iter().map(|(.., message)| message.as_ref().ok().cloned()).collect();
        let Some(messages) = messages else { return false };
        match facts::publish_burst(&self.shared.bus, &messages).await {
            Ok(whole) => whole,
            Err(error) => {
                tracing::debug!(error = chain(&error), "facts are published one by one");
                false
            }
        }
    }

    /// Publishes one after the other and awaits each ack.
    async fn publish_each(&mut self, facts: Vec<Outgoing>) -> usize {
        let mut sent = Vec::with_capacity(facts.len());
        let mut broken = None;
        for (branch, seq, id, message) in facts {
            // After a fact that cannot be sent, the branch's others wait too.
            if broken == Some(branch) {
                continue;
            }
            let ack = match message {
                Ok(message) => self.send(&message).await.map_err(Unpublished::from),
                Err(error) => Err(error),
            };
            if ack.is_err() {
                broken = Some(branch);
            }
            sent.push((branch, seq, id, ack));
        }
        let mut published = 0;
        let mut sent = sent.into_iter().peekable();
        while let Some((branch, ..)) = sent.peek() {
            let (branch, mut acked, mut failed) = (*branch, 0, false);
            while let Some((_, seq, id, ack)) = sent.next_if(|(of, ..)| *of == branch) {
                let outcome = match ack {
                    Ok(ack) => ack.wait().await.map_err(Unpublished::from),
                    Err(error) => Err(error),
                };
                match outcome {
                    Ok(()) if !failed => (acked, published) = (seq, published + 1),
                    Ok(()) => {}
                    Err(error) => {
                        if !failed {
                            alarm(branch, seq, &id, &error);
                        }
                        failed = true;
                    }
                }
            }
            self.lines.settle(branch, acked, failed, Instant::now());
        }
        published
    }

    async fn send(&self, fact: &FactMessage) -> Result<PendingAck, BusError> {
        match self.attempts.get(&fact.branch_id) {
            None => facts::publish(&self.shared.bus, fact).await,
            Some(attempt) => facts::publish_again(&self.shared.bus, fact, *attempt).await,
        }
    }

    /// Whatever the bound on bytes, the first branch is loaded at least in part,
    /// unless the books hold nothing of it.
    fn pass_over_missing(&mut self, first: BranchId, facts: &[PlacedFact]) {
        let has_some = facts.first().is_some_and(|fact| fact.branch_id == first);
        if !has_some && !self.lines.pass_over_pruned(first, Instant::now()) {
            tracing::error!(branch.id = %first, "facts that were never published are gone");
        }
    }

    /// Notes in the books how far each branch is.
    async fn note(&mut self) -> Result<(), store::Error> {
        let noted = self.lines.to_note();
        if noted.is_empty() {
            return Ok(());
        }
        let mut tx = self.shared.pool.begin().await?;
        store::relay::note_published(&mut tx, &noted).await?;
        tx.commit().await?;
        self.lines.noted(&noted);
        Ok(())
    }

    /// Compares the stream with what was published, branch by branch.
    async fn compare(&mut self) -> Result<(), RoundError> {
        let bus = &self.shared.bus;
        let born_at = facts::stream_born_at(bus).await?;
        let is_new = self.stream_born_at.is_some_and(|before| before != born_at);
        if is_new {
            tracing::warn!("the stream of facts was made anew; publishing again what it lost");
        }
        let mut conn = self.shared.pool.acquire().await.map_err(store::Error::from)?;
        self.lines.learn(&store::relay::heads(&mut conn, false).await?);
        let branches: Vec<_> =
            self.lines.all().map(|(branch, line)| (branch, line.tenant_id)).collect();
        let tails: Vec<_> =
            stream::iter(branches)
                .map(|(branch, tenant)| async move {
                    (branch, facts::newest(bus, tenant, branch).await)
                })
                .buffer_unordered(TAILS_AT_ONCE)
                .collect()
                .await;
        let mut newest = Vec::with_capacity(tails.len());
        for (branch, tail) in tails {
            match tail {
                // Somebody else's message: the next fact of ours is newer than it.
                Err(error @ BusError::Malformed { .. }) => {
                    tracing::error!(branch.id = %branch, error = chain(&error), "no fact of ours");
                }
                tail => newest.push((branch, tail?)),
            }
        }
        // Read after the tails: what the books do not have now, they never had.
        self.lines.learn(&store::relay::heads(&mut conn, false).await?);
        let places: Vec<_> = newest
            .iter()
            .filter_map(|(branch, tail)| Some((*branch, tail.as_ref()?.fact_seq)))
            .collect();
        let ours: HashMap<_, _> =
            store::relay::fact_ids(&mut conn, &places).await?.into_iter().collect();
        let too_old = self.shared.clock.now().plus_micros(-self.shared.settings.republish_micros());
        for (branch, tail) in newest {
            let is_ours = tail.as_ref().is_none_or(|tail| {
                ours.get(&branch).is_none_or(|fact_id| *fact_id == tail.fact_id)
            });
            // In a new stream the newest fact says nothing of those before it.
            let tail = tail.filter(|_| !(is_new && is_ours)).map_or(0, |tail| tail.fact_seq);
            let known = self.lines.get(branch).map_or(0, |line| line.last_seq);
            let lags = |tail| self.lines.get(branch).is_some_and(|line| tail < line.cursor);
            let mut tail = tail;
            // Nothing is to be published at places that were passed over.
            if lags(tail)
                && let Some((_, last)) = refill::gap_at(&mut conn, branch, tail + 1).await?
                && last <= known
            {
                tail = last;
            }
            let floor = if lags(tail) {
                store::relay::newest_placed_before(&mut conn, branch, tail, too_old).await?
            } else {
                tail
            };
            if self.settle_tail(branch, tail, is_ours, floor)
                && let Some(line) = self.lines.get(branch)
            {
                let reason = format!(
                    "the stream holds fact {tail} of branch {branch}, which the books do not: \
                     they are older than what was published"
                );
                store::recovery::need(&mut conn, Some(line.tenant_id), "relay", &reason).await?;
            }
        }
        self.shared.compared.send_replace(true);
        self.stream_born_at = Some(born_at);
        self.measure();
        Ok(())
    }

    /// Whether the stream knows more than the books.
    fn settle_tail(&mut self, branch: BranchId, tail: u64, is_ours: bool, floor: u64) -> bool {
        let was_held = self.lines.get(branch).is_some_and(|line| line.held);
        match self.lines.compare(branch, tail, is_ours, floor) {
            Tail::Level => false,
            Tail::Behind(facts) => {
                counter!("relay_republished_total").increment(facts);
                let attempt = self.shared.clock.now().unix_micros().unsigned_abs();
                self.attempts.insert(branch, attempt);
                tracing::warn!(branch.id = %branch, tail, facts, "publishing again what was lost");
                false
            }
            Tail::Foreign if was_held => true,
            Tail::Foreign => {
                tracing::error!(
                    branch.id = %branch,
                    tail,
                    "the stream holds a fact that the books do not: they are older than what was \
                     published; nothing is relayed until `tillstream recover` has run"
                );
                true
            }
        }
    }

    fn measure(&self) {
        let count = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
        let (mut behind, mut held, mut paused) = (0, 0_u32, 0_u32);
        for (_, line) in self.lines.all() {
            behind += line.last_seq - line.cursor.min(line.last_seq);
            held += u32::from(line.held);
            paused += u32::from(line.is_paused());
        }
        gauge!("relay_backlog_facts").set(count(behind));
        gauge!("relay_held_branches").set(held);
        gauge!("relay_paused_branches").set(paused);
    }

    /// How long there is nothing to do unless new facts come.
    fn until_due(&self) -> Duration {
        let sweep = self.shared.settings.sweep();
        let due = self.lines.next_due().map(|due| due.saturating_duration_since(Instant::now()));
        due.map_or(sweep, |due| due.min(sweep))
    }
}
