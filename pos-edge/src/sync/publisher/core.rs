//! The publisher's decisions, without I/O and without a clock.
//!
//! It guarantees, over any channel that loses, repeats, reorders or delays:
//! - entries are handed out in the order of `seq`, from the cursor on, without
//!   a hole within an attempt;
//! - never more than [`Limits::entries`] and [`Limits::bytes`] are handed out
//!   and not yet confirmed **by the database** (a broker's acknowledgement
//!   frees nothing: the broker may lose what it acknowledged);
//! - as long as the books answer now and then, the cursor reaches the head. It
//!   never gives up.
//!
//! The means is go-back-N: whatever goes wrong, it goes back to the cursor and
//! hands out everything from there again, under a new attempt number, because
//! a broker swallows what it saw under the same message id. A crash loses
//! nothing but the window, which is derived: a new core starts at the cursor
//! that the journal kept.
//!
//! Time is a [`Duration`] since an origin of the caller's choice.

use std::{collections::VecDeque, time::Duration};

use schemas::Timestamp;

use super::limits::Limits;

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Read entries from `after + 1` on, publish them, report each to
    /// [`Core::sent`].
    Send {
        /// The last one handed out.
        after: u64,
        /// At most this many.
        max_entries: usize,
        /// At most this many bytes, above the first.
        max_bytes: usize,
    },
    /// Ask the books where they are (a heartbeat), then call again.
    Ask,
    /// Nothing, until an event or until this moment.
    Wait {
        /// When to call again at the latest; `None`: an event will come.
        until: Option<Duration>,
    },
}

/// Whether entries may be sent at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// There is no line.
    Shut,
    /// The line came up; the books have not said yet where they are.
    AwaitsReply { until: Duration },
    /// Send.
    Open,
}

#[derive(Debug, Clone, Copy)]
struct Slot {
    bytes: usize,
    acked: bool,
}

/// The state of a publisher. See the module for what it guarantees.
#[derive(Debug)]
pub struct Core {
    limits: Limits,
    cursor: u64,
    /// Entries `cursor + 1 ..`, handed out in this attempt.
    window: VecDeque<Slot>,
    window_bytes: usize,
    unacked: usize,
    attempt: u32,
    /// Attempts since the cursor moved last.
    fruitless: u32,
    gate: Gate,
    /// Nothing is handed out before.
    send_from: Duration,
    /// Since when the oldest entry of the window waits for the cursor to move.
    waiting_since: Duration,
    /// Whether [`Next::Ask`] was given since then.
    asked: bool,
    /// A hole was reported behind this seq, which the journal has not confirmed yet.
    hole_ahead: Option<u64>,
    /// The cursor value for which a reported hole was answered by a resend.
    hole_answered: Option<u64>,
}

impl Core {
    /// Starts with no line, at the cursor that the journal kept.
    /// `first_attempt` must differ from those of the process before this one.
    pub fn new(cursor: u64, first_attempt: u32, limits: Limits) -> Self {
        Self {
            limits,
            cursor,
            window: VecDeque::new(),
            window_bytes: 0,
            unacked: 0,
            attempt: first_attempt,
            fruitless: 0,
            gate: Gate::Shut,
            send_from: Duration::ZERO,
            waiting_since: Duration::ZERO,
            asked: false,
            hole_ahead: None,
            hole_answered: None,
        }
    }

    /// The newest entry known to be in the books.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// The newest entry handed out in this attempt; the cursor if there is none.
    pub fn last_sent(&self) -> u64 {
        self.cursor + self.window.len() as u64
    }

    /// The attempt that entries are sent under now.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// How many attempts there were since the cursor moved last.
    pub fn fruitless(&self) -> u32 {
        self.fruitless
    }

    /// Entries and bytes handed out and not confirmed by the database.
    pub fn in_flight(&self) -> (usize, usize) {
        (self.window.len(), self.window_bytes)
    }

    /// What to do at `now`, with a journal that ends at `head`.
    pub fn next(&mut self, now: Duration, head: u64) -> Next {
        match self.gate {
            Gate::Shut => return Next::Wait { until: None },
            Gate::AwaitsReply { until } if now < until => return Next::Wait { until: Some(until) },
            Gate::AwaitsReply { .. } => self.gate = Gate::Open,
            Gate::Open => {}
        }
        if !self.window.is_empty() && now >= self.patience_ends() {
            self.go_back(now, Duration::ZERO);
        }
        if now < self.send_from {
            return Next::Wait { until: Some(self.send_from) };
        }
        if self.last_sent() < head
            && let Some((max_entries, max_bytes)) = self.room()
        {
            return Next::Send { after: self.last_sent(), max_entries, max_bytes };
        }
        if self.window.is_empty() {
            return Next::Wait { until: None };
        }
        let stalls = self.waiting_since + self.stall();
        if self.asked {
            Next::Wait { until: Some(self.patience_ends()) }
        } else if now >= stalls {
            self.asked = true;
            Next::Ask
        } else {
            Next::Wait { until: Some(stalls) }
        }
    }

    /// Entry `seq` of `bytes` was handed to the broker's client. False, and
    /// nothing happens, if it is not the next one or does not fit: then it
    /// must not be handed over.
    pub fn sent(&mut self, seq: u64, bytes: usize, now: Duration) -> bool {
        let fits = self.window.is_empty() || self.window_bytes + bytes <= self.limits.bytes;
        if seq != self.last_sent() + 1 || self.window.len() >= self.limits.entries || !fits {
            return false;
        }
        if self.window.is_empty() {
            self.waiting_since = now;
            self.asked = false;
        }
        self.window.push_back(Slot { bytes, acked: false });
        self.window_bytes += bytes;
        self.unacked += 1;
        true
    }

    /// The broker has taken entry `seq` of `attempt`, and with it those before
    /// it, as far as is to be known: they went the same way. This confirms
    /// nothing. Returns of how many that is news.
    pub fn acked(&mut self, seq: u64, attempt: u32) -> u64 {
        let up_to = seq.checked_sub(self.cursor).and_then(|entries| usize::try_from(entries).ok());
        let Some(up_to) =
            up_to.filter(|up_to| attempt == self.attempt && *up_to <= self.window.len())
        else {
            return 0;
        };
        let mut news = 0;
        for slot in self.window.range_mut(..up_to).rev().take_while(|slot| !slot.acked) {
            slot.acked = true;
            self.unacked -= 1;
            news += 1;
        }
        news
    }

    /// The broker has refused entry `seq` of `attempt`, or did not answer.
    /// True if this made the publisher go back.
    pub fn failed(&mut self, seq: u64, attempt: u32, now: Duration) -> bool {
        if attempt != self.attempt || seq <= self.cursor {
            return false;
        }
        let pause = doubled(self.limits.pause_first, self.fruitless, self.limits.pause_longest);
        self.go_back(now, spread(pause, self.attempt));
        true
    }

    /// The database has everything up to `seq`, and the journal has verified
    /// it. True if this is news.
    pub fn confirmed(&mut self, seq: u64, now: Duration) -> bool {
        let Some(steps) = seq.checked_sub(self.cursor).filter(|steps| *steps > 0) else {
            return false;
        };
        for _ in 0..steps {
            let Some(slot) = self.window.pop_front() else { break };
            self.window_bytes -= slot.bytes;
            self.unacked -= usize::from(!slot.acked);
        }
        self.cursor = seq;
        self.fruitless = 0;
        self.waiting_since = now;
        self.asked = false;
        self.send_from = self.send_from.min(now + self.limits.pause_first);
        if let Some(hole) = self.hole_ahead.take_if(|hole| *hole <= seq)
            && hole == seq
        {
            self.answer_hole(now);
        }
        true
    }

    /// The books are at `seq`, before the cursor: they were restored from an
    /// older backup. Everything after it is sent again.
    pub fn rewound(&mut self, seq: u64, now: Duration) {
        if seq < self.cursor {
            self.cursor = seq;
            self.hole_ahead = None;
            self.hole_answered = None;
            self.go_back(now, Duration::ZERO);
            self.fruitless = 0;
        }
    }

    /// A worker saw a hole after entry `cursor`. It says so once for each
    /// value of its cursor, and so each is answered once; what gets lost after
    /// that is found by [`Self::heard`]. True if this made the publisher go back.
    pub fn resend_requested(&mut self, cursor: u64, now: Duration) -> bool {
        if cursor > self.cursor {
            self.hole_ahead = Some(cursor);
            return false;
        }
        cursor == self.cursor && self.answer_hole(now)
    }

    /// The books answered a heartbeat sent at `asked_at`, after their cursor
    /// was given to [`Self::confirmed`]: `backlog` entries of the shard wait
    /// in the stream. With none waiting and the cursor at rest, what is in the
    /// window got lost. True if this made the publisher go back.
    pub fn heard(&mut self, asked_at: Duration, backlog: u64, now: Duration) -> bool {
        if let Gate::AwaitsReply { .. } = self.gate {
            self.gate = Gate::Open;
        }
        let at_rest = asked_at >= self.waiting_since + self.stall();
        if self.window.is_empty() || backlog > 0 || !at_rest {
            return false;
        }
        self.go_back(now, Duration::ZERO);
        true
    }

    /// The line to the broker came up or went down.
    pub fn line(&mut self, up: bool, now: Duration) {
        match (up, self.gate) {
            (false, _) => self.gate = Gate::Shut,
            (true, Gate::Shut) => {
                self.gate = Gate::AwaitsReply { until: now + self.limits.reply_grace };
                // What the broker has acknowledged may well have arrived; the
                // fate of the rest is unknown.
                if self.unacked > 0 {
                    self.go_back(now, Duration::ZERO);
                }
            }
            (true, Gate::AwaitsReply { .. } | Gate::Open) => {}
        }
    }

    fn answer_hole(&mut self, now: Duration) -> bool {
        if self.window.is_empty() || self.hole_answered == Some(self.cursor) {
            return false;
        }
        self.hole_answered = Some(self.cursor);
        self.go_back(now, Duration::ZERO);
        true
    }

    fn go_back(&mut self, now: Duration, pause: Duration) {
        self.window.clear();
        self.window_bytes = 0;
        self.unacked = 0;
        self.attempt = self.attempt.wrapping_add(1);
        self.fruitless = self.fruitless.saturating_add(1);
        self.send_from = now + pause;
        self.waiting_since = now;
        self.asked = false;
    }

    /// Room for more entries and bytes. The window halves with each fruitless
    /// attempt, so that a worker that cannot keep up is not flooded.
    fn room(&self) -> Option<(usize, usize)> {
        let most = (self.limits.entries >> self.fruitless.min(usize::BITS - 1))
            .max(self.limits.probe_entries)
            .min(self.limits.entries);
        let entries = most.checked_sub(self.window.len()).filter(|entries| *entries > 0)?;
        let bytes = self.limits.bytes.saturating_sub(self.window_bytes);
        if bytes < self.limits.entry_bytes && !self.window.is_empty() {
            return None;
        }
        Some((entries.min(self.limits.chunk_entries), bytes.min(self.limits.chunk_bytes)))
    }

    fn stall(&self) -> Duration {
        doubled(self.limits.stall_first, self.fruitless, self.limits.stall_longest)
    }

    fn patience_ends(&self) -> Duration {
        self.waiting_since
            + doubled(self.limits.patience_first, self.fruitless, self.limits.patience_longest)
    }
}

/// The first attempt of a process that starts at `now`. The broker forgets a
/// message id after two minutes: a new process must not use the attempts of the
/// one before it. Milliseconds outrun any count of attempts, because pauses are
/// longer.
pub fn first_attempt(now: Timestamp) -> u32 {
    let millis = now.unix_millis().rem_euclid(i64::from(u32::MAX));
    u32::try_from(millis).unwrap_or(0)
}

/// `first · 2^times`, at most `longest`.
fn doubled(first: Duration, times: u32, longest: Duration) -> Duration {
    1_u32
        .checked_shl(times)
        .and_then(|factor| first.checked_mul(factor))
        .map_or(longest, |pause| pause.min(longest))
}

/// Up to a quarter less, so that edges which failed together do not come back
/// together. Derived from the attempt number, which differs between edges.
fn spread(pause: Duration, attempt: u32) -> Duration {
    let part = attempt.wrapping_mul(0x9e37_79b9) >> 24;
    pause - pause * part / 1_024
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
