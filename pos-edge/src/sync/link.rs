//! What this store thinks of its line: a state machine without I/O.
//!
//! It guarantees hysteresis: one bad answer never reads as an outage, one good
//! answer never as its end. It decides nothing: selling, publishing and asking
//! go on in every state, because only trying shows whether a line works. After
//! a restart it starts as down and learns from the first answers.

use schemas::edge_api::LinkState;

/// So many unanswered heartbeats in a row, and the line is down.
pub const DOWN_AFTER_MISSED: u32 = 3;
/// So many answered heartbeats in a row, and an unstable line is up.
pub const STEADY_AFTER_ANSWERED: u32 = 3;
/// So many answers in a row are needed to trust a line that was down, and the
/// backlog of the outage must be in the books.
pub const TRUSTED_AFTER_ANSWERED: u32 = 2;
/// After so many answers in a row the line is up even if the backlog is not
/// in the books yet: then it is not the line that holds it up.
pub const UP_AFTER_ANSWERED: u32 = 10;

/// What was seen of the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A heartbeat was answered: the books' cursor and our journal's head.
    Answered {
        /// How far the books are with this journal.
        cursor: u64,
        /// The newest entry of the journal.
        head: u64,
    },
    /// A heartbeat was not answered in time, or could not be sent.
    Missed,
    /// The connection broke.
    Disconnected,
}

/// The link monitor.
#[derive(Debug, Clone)]
pub struct LinkMonitor {
    state: LinkState,
    answered_in_a_row: u32,
    missed_in_a_row: u32,
    /// The head when the line came back: the backlog of the outage ends here.
    backlog_end: u64,
}

impl Default for LinkMonitor {
    fn default() -> Self {
        Self { state: LinkState::Down, answered_in_a_row: 0, missed_in_a_row: 0, backlog_end: 0 }
    }
}

impl LinkMonitor {
    /// The state now.
    pub fn state(&self) -> LinkState {
        self.state
    }

    /// Takes in what was seen; the state after it.
    pub fn see(&mut self, seen: Seen) -> LinkState {
        match seen {
            Seen::Answered { cursor, head } => {
                self.missed_in_a_row = 0;
                self.answered_in_a_row = self.answered_in_a_row.saturating_add(1);
                self.state = self.after_answer(cursor, head);
            }
            Seen::Missed => {
                self.answered_in_a_row = 0;
                self.missed_in_a_row = self.missed_in_a_row.saturating_add(1);
                self.state = match self.state {
                    LinkState::Down => LinkState::Down,
                    _ if self.missed_in_a_row >= DOWN_AFTER_MISSED => LinkState::Down,
                    _ => LinkState::Unstable,
                };
            }
            Seen::Disconnected => {
                self.answered_in_a_row = 0;
                if self.state != LinkState::Down {
                    self.state = LinkState::Unstable;
                }
            }
        }
        self.state
    }

    fn after_answer(&mut self, cursor: u64, head: u64) -> LinkState {
        let answers = self.answered_in_a_row;
        let drained = cursor >= self.backlog_end;
        match self.state {
            LinkState::Up => LinkState::Up,
            LinkState::Down => {
                self.backlog_end = head;
                LinkState::Recovering
            }
            LinkState::Unstable if answers < STEADY_AFTER_ANSWERED => LinkState::Unstable,
            LinkState::Unstable if drained => LinkState::Up,
            LinkState::Unstable => LinkState::Recovering,
            LinkState::Recovering if drained && answers >= TRUSTED_AFTER_ANSWERED => LinkState::Up,
            LinkState::Recovering if answers >= UP_AFTER_ANSWERED => LinkState::Up,
            LinkState::Recovering => LinkState::Recovering,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use LinkState::{Down, Recovering, Unstable, Up};

    const MISSED: Seen = Seen::Missed;
    const CUT: Seen = Seen::Disconnected;
    /// Everything is in the books.
    const LEVEL: Seen = Seen::Answered { cursor: 100, head: 100 };
    /// The journal is ahead of the books.
    const BEHIND: Seen = Seen::Answered { cursor: 100, head: 900 };

    /// What is seen, and the state after each.
    type Steps<'a> = &'a [(Seen, LinkState)];

    const CASES: &[(&str, Steps<'static>)] = &[
        ("down until somebody answers", &[(MISSED, Down), (CUT, Down), (LEVEL, Recovering)]),
        ("two answers and nothing left to send", &[(LEVEL, Recovering), (LEVEL, Up)]),
        (
            "a backlog keeps it recovering until the books have it",
            &[
                (BEHIND, Recovering),
                (BEHIND, Recovering),
                (BEHIND, Recovering),
                (Seen::Answered { cursor: 899, head: 950 }, Recovering),
                // What was sold since the line came back is not backlog.
                (Seen::Answered { cursor: 900, head: 990 }, Up),
            ],
        ),
        (
            "ten answers are enough, drained or not",
            &[
                (BEHIND, Recovering),
                (BEHIND, Recovering),
                (BEHIND, Recovering),
                (BEHIND, Recovering),
                (BEHIND, Recovering),
                (BEHIND, Recovering),
                (BEHIND, Recovering),
                (BEHIND, Recovering),
                (BEHIND, Recovering),
                (BEHIND, Up),
                (BEHIND, Up),
            ],
        ),
        (
            "one miss is no outage, three are",
            &[
                (LEVEL, Recovering),
                (LEVEL, Up),
                (MISSED, Unstable),
                (MISSED, Unstable),
                (MISSED, Down),
            ],
        ),
        (
            "one answer does not end it, three do",
            &[
                (LEVEL, Recovering),
                (LEVEL, Up),
                (MISSED, Unstable),
                (LEVEL, Unstable),
                (LEVEL, Unstable),
                (LEVEL, Up),
            ],
        ),
        (
            "a flapping line stays unstable",
            &[
                (LEVEL, Recovering),
                (LEVEL, Up),
                (MISSED, Unstable),
                (LEVEL, Unstable),
                (MISSED, Unstable),
                (MISSED, Unstable),
                (LEVEL, Unstable),
                (CUT, Unstable),
                (LEVEL, Unstable),
                (LEVEL, Unstable),
                (LEVEL, Up),
            ],
        ),
        (
            "a broken connection is seen at once and is down when heartbeats fail too",
            &[
                (LEVEL, Recovering),
                (LEVEL, Up),
                (CUT, Unstable),
                (MISSED, Unstable),
                (MISSED, Unstable),
                (MISSED, Down),
            ],
        ),
        (
            "a miss while recovering is unstable, and what is left to send still counts",
            &[
                (BEHIND, Recovering),
                (MISSED, Unstable),
                (BEHIND, Unstable),
                (BEHIND, Unstable),
                (BEHIND, Recovering),
                (Seen::Answered { cursor: 900, head: 900 }, Up),
            ],
        ),
    ];

    #[test]
    fn the_table_holds() {
        for (name, steps) in CASES {
            let mut link = LinkMonitor::default();
            for (at, (seen, expected)) in steps.iter().enumerate() {
                assert_eq!(link.see(*seen), *expected, "{name}: step {at}, {seen:?}");
                assert_eq!(link.state(), *expected);
            }
        }
    }
}
