//! How long it takes from the line's return until what was sold meanwhile is
//! in the books, and until it has its numbers: two of the figures that tell an
//! owner what an outage cost. Pure; looked at with each heartbeat, so exact to
//! about half a second.

use std::time::Duration;

/// The recovery from one outage.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Recovery(Option<Backlog>);

#[derive(Debug, Clone, Copy)]
struct Backlog {
    since: Duration,
    /// The last entry of the outage.
    head: u64,
    /// The sales up to it.
    captured: u64,
    confirmed: bool,
}

/// What came to its end, and how long it took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Took {
    /// Until the books had everything.
    pub(super) to_confirmed: Option<Duration>,
    /// Until everything had its number.
    pub(super) to_numbered: Option<Duration>,
}

impl Recovery {
    /// The line is back at `now`, with a journal of so many entries and sales.
    pub(super) fn begins(&mut self, now: Duration, head: u64, captured: u64) {
        self.0 = Some(Backlog { since: now, head, captured, confirmed: false });
    }

    /// The line is down again: this one is not measured any more.
    pub(super) fn ends(&mut self) {
        self.0 = None;
    }

    /// How far it is at `now`. Each duration is told once.
    pub(super) fn look(&mut self, now: Duration, confirmed_seq: u64, numbered: u64) -> Took {
        let mut took = Took::default();
        let Some(backlog) = &mut self.0 else { return took };
        let so_far = now.saturating_sub(backlog.since);
        if !backlog.confirmed && confirmed_seq >= backlog.head {
            backlog.confirmed = true;
            took.to_confirmed = Some(so_far);
        }
        if backlog.confirmed && numbered >= backlog.captured {
            took.to_numbered = Some(so_far);
            self.0 = None;
        }
        took
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn tells_each_duration_once() {
        let mut recovery = Recovery::default();
        assert_eq!(recovery.look(SECOND, 900, 900), Took::default());
        recovery.begins(SECOND * 10, 100, 90);
        assert_eq!(recovery.look(SECOND * 11, 99, 50), Took::default());
        let confirmed = Took { to_confirmed: Some(SECOND * 2), to_numbered: None };
        assert_eq!(recovery.look(SECOND * 12, 100, 60), confirmed);
        assert_eq!(recovery.look(SECOND * 13, 120, 89), Took::default());
        let numbered = Took { to_confirmed: None, to_numbered: Some(SECOND * 4) };
        assert_eq!(recovery.look(SECOND * 14, 130, 91), numbered);
        assert_eq!(recovery.look(SECOND * 15, 130, 91), Took::default());
    }

    #[test]
    fn a_line_that_breaks_again_is_not_measured() {
        let mut recovery = Recovery::default();
        recovery.begins(SECOND, 100, 90);
        recovery.ends();
        assert_eq!(recovery.look(SECOND * 500, 100, 90), Took::default());
    }
}
