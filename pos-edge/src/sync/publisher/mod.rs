//! Sends the journal's entries to the broker, in order and pipelined, until
//! the books confirm them.
//!
//! Delivery: at least once. The key is `(edge, seq)`; a resend has a new
//! attempt number in its message id. Acknowledged by the broker is not
//! delivered: only the books' cursor, verified by the journal, moves the
//! window. What to do when is decided in [`core`]; this is its shell.
//!
//! A crash before, between or after any step loses nothing: the next process
//! starts at the cursor that the journal kept and sends from there again.
//! Nothing here runs on the capture path; the journal is read in chunks small
//! enough not to keep captures waiting.

pub mod core;
pub mod limits;

use std::{sync::Arc, time::Duration};

use bus::{BusError, Connection};
use futures::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};
use schemas::{
    Entry,
    subjects::{PosSubject, shard_of},
};
use tokio::{sync::watch, time::Instant};

use self::{
    core::{Core, Next, first_attempt},
    limits::Limits,
};
use super::{
    Edge,
    board::{Heard, Part},
    troubles::Trouble,
};
use crate::journal::JournalError;

/// What an entry's subject and headers weigh on the wire, at most, in bytes.
pub const ENTRY_OVERHEAD_BYTES: usize = 1_024;
/// How long the client may take to accept one entry. It takes that long only
/// when a line that looks alive carries nothing.
const HAND_OVER_TIMEOUT: Duration = Duration::from_secs(5);
/// In a row of entries the broker is asked about every so many, and about the
/// last: its word paces the sending and confirms nothing.
const ASK_EVERY: usize = 32;
/// The most answers from the broker that are awaited, those about entries that
/// the books have confirmed meanwhile included.
const MAX_UNANSWERED: usize = 1_024;
/// After so many resends without progress the tickets show it.
const SHOWN_AFTER_FRUITLESS: u32 = 3;

/// The broker's answer about an entry of an attempt.
type Answer = (u64, u32, Result<(), BusError>);

pub(super) async fn run(edge: Arc<Edge>) -> anyhow::Result<()> {
    let mut publisher = Publisher::new(edge);
    loop {
        publisher.step().await?;
    }
}

struct Publisher {
    edge: Arc<Edge>,
    core: Core,
    /// The core's time zero.
    origin: Instant,
    subject: PosSubject,
    answers: FuturesUnordered<BoxFuture<'static, Answer>>,
    verified: watch::Receiver<u64>,
    rolled_back: watch::Receiver<Option<String>>,
    beyond_help: watch::Receiver<bool>,
    retired: watch::Receiver<Option<String>>,
    held: watch::Receiver<Option<String>>,
    damage: watch::Receiver<Option<String>>,
    line: watch::Receiver<Connection>,
    cursor: watch::Receiver<u64>,
    heard: watch::Receiver<Option<Heard>>,
    hole: watch::Receiver<Option<u64>>,
    /// Whether something was told that progress must take back.
    in_trouble: bool,
}

impl Publisher {
    fn new(edge: Arc<Edge>) -> Self {
        let identity = edge.journal.identity();
        let (tenant_id, branch_id) = (identity.tenant_id, identity.branch_id);
        let mut line = edge.bus.connection();
        line.mark_changed();
        let mut damage = edge.journal.damage();
        damage.mark_changed();
        let cursor = edge.board.cursor();
        let confirmed = *cursor.borrow();
        Self {
            core: Core::new(confirmed, first_attempt(edge.clock.now()), Limits::STANDARD),
            origin: Instant::now(),
            subject: PosSubject {
                shard: shard_of(tenant_id, branch_id, identity.shards),
                tenant_id,
                branch_id,
                edge_id: identity.edge_id,
                kind: String::new(),
            },
            answers: FuturesUnordered::new(),
            verified: edge.journal.verified(),
            rolled_back: edge.journal.rolled_back(),
            beyond_help: edge.board.beyond_help(),
            retired: edge.journal.retired(),
            held: edge.journal.held(),
            damage,
            line,
            cursor,
            heard: edge.board.heard(),
            hole: edge.board.hole(),
            // Whatever made this part start again.
            in_trouble: true,
            edge,
        }
    }

    fn now(&self) -> Duration {
        self.origin.elapsed()
    }

    async fn step(&mut self) -> anyhow::Result<()> {
        self.take_in();
        // An older copy of the journal would tell the books another history.
        // What the books take of a replaced edge is sealed once they hold it, and what
        // follows a hole that nobody can fill is held there for nothing.
        let sealed = self.retired.borrow().is_some() && self.held.borrow().is_some();
        let stopped = self.rolled_back.borrow().is_some() || *self.beyond_help.borrow();
        let head =
            if sealed || stopped { self.core.cursor() } else { *self.verified.borrow_and_update() };
        self.measure(head);
        if self.core.cursor() >= head {
            self.out_of_trouble();
        }
        let attempt = self.core.attempt();
        let next = self.core.next(self.now(), head);
        if self.core.attempt() != attempt {
            self.edge.figures.went_back("patience");
        }
        match next {
            Next::Send { .. } if self.answers.len() >= MAX_UNANSWERED => {
                // The window may have moved on without the broker's word. It
                // comes, or is given up, within seconds.
                if let Some(answer) = self.answers.next().await {
                    self.answered(answer);
                }
                Ok(())
            }
            Next::Send { after, max_entries, max_bytes } => {
                self.send(after, max_entries, max_bytes).await
            }
            Next::Ask => {
                self.edge.board.ask.notify_one();
                Ok(())
            }
            Next::Wait { until } => self.wait(until).await,
        }
    }

    async fn send(
        &mut self,
        after: u64,
        max_entries: usize,
        max_bytes: usize,
    ) -> anyhow::Result<()> {
        let entries = self.edge.journal.entries_after(after, max_entries, max_bytes).await?;
        anyhow::ensure!(!entries.is_empty(), "the journal gave no entry after {after}");
        let attempt = self.core.attempt();
        for (place, entry) in (1..).zip(&entries) {
            let bytes = entry.payload.len() + ENTRY_OVERHEAD_BYTES;
            if !self.core.sent(entry.seq, bytes, self.now()) {
                break;
            }
            self.edge.board.recorded.note(entry.seq, entry.recorded_at);
            let ask = place % ASK_EVERY == 0 || place == entries.len();
            if let Err(error) = self.hand_over(entry, attempt, ask).await {
                self.failed(entry.seq, attempt, &error);
                break;
            }
        }
        Ok(())
    }

    async fn hand_over(&mut self, entry: &Entry, attempt: u32, ask: bool) -> Result<(), BusError> {
        if self.subject.kind != entry.kind {
            self.subject.kind.clone_from(&entry.kind);
        }
        let (bus, subject) = (&self.edge.bus, &self.subject);
        let handed = async {
            if ask {
                bus::entries::publish(bus, subject, entry, attempt).await.map(Some)
            } else {
                bus::entries::publish_unasked(bus, subject, entry, attempt).await.map(|()| None)
            }
        };
        let Ok(pending) = tokio::time::timeout(HAND_OVER_TIMEOUT, handed).await else {
            let what = format!("entry {} on a line that takes nothing", entry.seq);
            return Err(BusError::Timeout { what, complaint: None });
        };
        let pending = pending?;
        telemetry::failpoint("edge.after_publish");
        self.edge.figures.published.increment(1);
        if let Some(pending) = pending {
            let seq = entry.seq;
            self.answers.push(Box::pin(async move { (seq, attempt, pending.wait().await) }));
        }
        Ok(())
    }

    fn measure(&self, head: u64) {
        self.edge.figures.unconfirmed.set(head.saturating_sub(self.core.cursor()) as f64);
        self.edge.figures.in_flight.set(self.core.in_flight().0 as f64);
    }

    /// Waits until there is something new to decide on.
    async fn wait(&mut self, until: Option<Duration>) -> anyhow::Result<()> {
        let origin = self.origin;
        let until = async {
            match until {
                Some(until) => tokio::time::sleep_until(origin + until).await,
                None => std::future::pending().await,
            }
        };
        let changed = tokio::select! {
            () = until => Ok(()),
            Some(answer) = self.answers.next() => {
                self.answered(answer);
                Ok(())
            }
            changed = self.verified.changed() => changed,
            // `take_in` looks at these; here they only wake.
            changed = woken(&mut self.damage) => changed,
            changed = woken(&mut self.line) => changed,
            changed = woken(&mut self.cursor) => changed,
            changed = woken(&mut self.heard) => changed,
            changed = woken(&mut self.hole) => changed,
            changed = self.beyond_help.changed() => changed,
        };
        changed.map_err(|_| JournalError::Closed.into())
    }

    /// Gives the core everything that happened.
    fn take_in(&mut self) {
        // Unconstrained: tokio's fairness would end this at 128, fewer than a
        // chunk has, and unread answers would pile up.
        while let Some(Some(answer)) =
            tokio::task::unconstrained(self.answers.next()).now_or_never()
        {
            self.answered(answer);
        }
        let now = self.now();
        if let Some(damage) = news(&mut self.damage) {
            self.edge.trouble(Trouble::Damaged, damage);
        }
        if self.line.has_changed().unwrap_or(false) {
            // It may have been down in between, however short.
            self.core.line(false, now);
            if *self.line.borrow_and_update() == Connection::Connected {
                self.core.line(true, now);
            }
        }
        // Whoever tells of a hole or an answer has raised the cursor before;
        // so those are read first, and the cursor is taken in first.
        let hole = news(&mut self.hole).flatten();
        let heard = news(&mut self.heard).flatten();
        if let Some(cursor) = news(&mut self.cursor) {
            self.cursor_is(cursor, now);
        }
        if let Some(hole) = hole
            && self.core.resend_requested(hole, now)
        {
            tracing::info!(cursor = hole, "the books miss entries; they are sent again");
            self.edge.figures.went_back("hole");
        }
        if let Some(heard) = heard {
            let asked_at = Instant::from_std(heard.asked_at).saturating_duration_since(self.origin);
            if self.core.heard(asked_at, heard.shard_backlog, now) {
                self.stood_still();
            }
        }
    }

    fn cursor_is(&mut self, cursor: u64, now: Duration) {
        if cursor < self.core.cursor() {
            tracing::warn!(cursor, "the books went back; everything after is sent again");
            self.core.rewound(cursor, now);
            self.edge.figures.went_back("books");
        } else if self.core.confirmed(cursor, now) {
            self.out_of_trouble();
        }
    }

    fn out_of_trouble(&mut self) {
        if std::mem::take(&mut self.in_trouble) {
            self.edge.board.tell_error(Part::Publisher, None);
            self.edge.trouble(Trouble::Delivery, None);
        }
    }

    fn answered(&mut self, (seq, attempt, answer): Answer) {
        match answer {
            Ok(()) => {
                telemetry::failpoint("edge.after_broker_ack");
                let news = self.core.acked(seq, attempt);
                self.edge.figures.broker_acked.increment(news);
            }
            Err(error) => self.failed(seq, attempt, &error),
        }
    }

    fn failed(&mut self, seq: u64, attempt: u32, error: &BusError) {
        if !self.core.failed(seq, attempt, self.now()) {
            return;
        }
        self.edge.figures.went_back("failure");
        tracing::warn!(entry.seq = seq, %error, "an entry was not taken; sending again from the cursor");
        let text = format!("entry {seq} was not taken: {error}");
        self.in_trouble = true;
        if is_more_than_a_line(error) {
            self.edge.trouble(Trouble::Delivery, Some(text.clone()));
        }
        self.edge.board.tell_error(Part::Publisher, Some(text));
    }

    fn stood_still(&mut self) {
        let (cursor, fruitless) = (self.core.cursor(), self.core.fruitless());
        self.edge.figures.went_back("standstill");
        tracing::info!(
            cursor,
            fruitless,
            "the books stand still with nothing on its way; sending again"
        );
        if fruitless >= SHOWN_AFTER_FRUITLESS {
            let text = format!(
                "the broker takes entries, but the books stay at entry {cursor}; \
                 sent again {fruitless} times"
            );
            self.in_trouble = true;
            self.edge.trouble(Trouble::Delivery, Some(text.clone()));
            self.edge.board.tell_error(Part::Publisher, Some(text));
        }
    }
}

/// Whether tickets should show it: that the line is down is no error of theirs.
fn is_more_than_a_line(error: &BusError) -> bool {
    !matches!(error, BusError::Disconnected | BusError::Timeout { complaint: None, .. })
}

/// The newest value, if it is new.
fn news<T: Clone>(values: &mut watch::Receiver<T>) -> Option<T> {
    values.has_changed().unwrap_or(false).then(|| values.borrow_and_update().clone())
}

/// Waits for a new value and leaves it new.
async fn woken<T>(values: &mut watch::Receiver<T>) -> Result<(), watch::error::RecvError> {
    values.changed().await?;
    values.mark_changed();
    Ok(())
}
