//! The core by itself, case by case.

use std::time::Duration;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A window of 8 entries, so that every edge of it is reached.
pub(super) fn small() -> Limits {
    Limits {
        entries: 8,
        bytes: 800,
        chunk_entries: 4,
        chunk_bytes: 400,
        entry_bytes: 100,
        probe_entries: 2,
        ..Limits::STANDARD
    }
}

/// A core with its line up and the books' first answer heard at time zero.
fn open(cursor: u64, limits: Limits) -> Core {
    let mut core = Core::new(cursor, 7, limits);
    core.line(true, Duration::ZERO);
    core.heard(Duration::ZERO, 0, Duration::ZERO);
    core
}

/// Hands out all that fits, 100 bytes each; the seqs.
fn send_all(core: &mut Core, now: Duration, head: u64) -> Vec<u64> {
    let mut sent = Vec::new();
    while let Next::Send { after, max_entries, max_bytes } = core.next(now, head) {
        let many = max_entries.min(max_bytes / 100).max(1);
        for seq in (after + 1..=head).take(many) {
            assert!(core.sent(seq, 100, now), "{seq} was asked for and must fit");
            sent.push(seq);
        }
    }
    sent
}

#[test]
fn hands_out_in_order_from_the_cursor_and_stops_at_the_window() {
    let mut core = open(10, small());
    assert_eq!(send_all(&mut core, at(0), 100), (11..=18).collect::<Vec<_>>());
    assert_eq!(core.in_flight(), (8, 800));
    assert_eq!(core.next(at(0), 100), Next::Wait { until: Some(SECOND) });
}

#[test]
fn a_brokers_acknowledgement_frees_nothing() {
    let mut core = open(0, small());
    send_all(&mut core, at(0), 100);
    (1..=8).for_each(|seq| assert_eq!(core.acked(seq, core.attempt()), 1));
    assert_eq!(core.in_flight().0, 8);
    assert!(matches!(core.next(at(0), 100), Next::Wait { .. }));
    assert!(core.confirmed(3, at(1)));
    assert_eq!(send_all(&mut core, at(1), 100), [9, 10, 11]);
}

#[test]
fn bytes_bound_the_window_too() {
    let mut core = open(0, Limits { bytes: 350, ..small() });
    assert_eq!(send_all(&mut core, at(0), 100), [1, 2, 3]);
    assert!(!core.sent(4, 100, at(0)));
    // An entry larger than the window travels alone rather than never.
    let mut core = open(0, Limits { bytes: 50, ..small() });
    assert!(core.sent(1, 60, at(0)));
    assert!(!core.sent(2, 1, at(0)));
}

#[test]
fn a_failure_goes_back_once_with_growing_pauses_that_progress_resets() {
    let mut core = open(0, small());
    send_all(&mut core, at(0), 5);
    let first = core.attempt();
    assert!(core.failed(2, first, at(0)));
    assert!(!core.failed(3, first, at(0)), "the other failures of that attempt are old news");
    let Next::Wait { until: Some(pause) } = core.next(at(0), 5) else { panic!("no pause") };
    assert!(pause > at(74) && pause <= at(100), "{pause:?}");
    assert_eq!(send_all(&mut core, pause, 5).first(), Some(&1));
    assert!(core.failed(1, core.attempt(), pause));
    let Next::Wait { until: Some(second) } = core.next(pause, 5) else { panic!("no pause") };
    assert!(second - pause > at(149), "{second:?}");
    // The books had it all the same.
    core.confirmed(2, pause);
    assert_eq!(core.fruitless(), 0);
    assert_eq!(send_all(&mut core, pause + at(100), 5), [3, 4, 5]);
}

#[test]
fn pauses_end_at_their_longest_and_never_give_up() {
    let mut core = open(0, small());
    let mut now = at(0);
    for _ in 0..200 {
        let sent = send_all(&mut core, now, 5);
        assert_eq!(sent.first(), Some(&1));
        core.failed(1, core.attempt(), now);
        let Next::Wait { until: Some(until) } = core.next(now, 5) else { panic!("no pause") };
        assert!(until - now <= Limits::STANDARD.pause_longest);
        now = until;
    }
}

#[test]
fn a_hole_is_answered_at_once_and_once() {
    let mut core = open(0, small());
    send_all(&mut core, at(0), 5);
    assert!(core.resend_requested(0, at(10)));
    assert_eq!(send_all(&mut core, at(10), 5).first(), Some(&1));
    assert!(!core.resend_requested(0, at(11)), "the same hole again");
    core.confirmed(3, at(12));
    assert!(!core.resend_requested(1, at(13)), "a hole before the cursor is closed");
    // A hole after a cursor that the journal has still to verify.
    assert!(!core.resend_requested(4, at(14)));
    core.confirmed(4, at(15));
    assert_eq!(send_all(&mut core, at(15), 5), [5]);
}

#[test]
fn a_cursor_at_rest_with_nothing_in_the_shard_is_a_lost_tail() {
    let mut core = open(0, small());
    send_all(&mut core, at(0), 3);
    (1..=3).for_each(|seq| assert_eq!(core.acked(seq, core.attempt()), 1));
    assert!(!core.heard(at(500), 0, at(510)), "too early to tell");
    assert_eq!(core.next(SECOND, 3), Next::Ask);
    assert!(matches!(core.next(SECOND, 3), Next::Wait { .. }), "asked once");
    assert!(!core.heard(SECOND, 3, SECOND), "a backlog asks for patience");
    assert!(core.heard(SECOND, 0, SECOND));
    assert_eq!(send_all(&mut core, SECOND, 3), [1, 2, 3]);
    assert!(!core.heard(SECOND * 2, 0, SECOND * 2), "the next time it waits longer");
    assert!(core.heard(SECOND * 3, 0, SECOND * 3));
}

#[test]
fn a_slow_worker_is_not_flooded() {
    let mut core = open(0, small());
    let mut sent = 0;
    for second in 0..299 {
        sent += send_all(&mut core, SECOND * second, 1_000).len();
        core.heard(SECOND * second, 50_000, SECOND * second);
    }
    assert_eq!(sent, 8, "one window and no more");
    // But a loss behind an eternal backlog is found in the end.
    assert_eq!(send_all(&mut core, SECOND * 300, 1_000).first(), Some(&1));
}

#[test]
fn fruitless_attempts_shrink_the_window_and_progress_restores_it() {
    let mut core = open(0, small());
    let mut now = at(0);
    let mut sizes = Vec::new();
    for _ in 0..5 {
        sizes.push(send_all(&mut core, now, 100).len());
        now += SECOND * 100;
        core.heard(now, 0, now);
    }
    assert_eq!(sizes, [8, 4, 2, 2, 2]);
    core.confirmed(1, now);
    assert_eq!(send_all(&mut core, now, 100).len(), 8);
}

#[test]
fn without_a_line_nothing_is_sent_and_with_one_the_books_speak_first() {
    let mut core = Core::new(5, 0, small());
    assert_eq!(core.next(at(0), 9), Next::Wait { until: None });
    core.line(true, at(0));
    assert_eq!(core.next(at(0), 9), Next::Wait { until: Some(SECOND * 2) });
    core.confirmed(7, at(1));
    core.heard(at(0), 0, at(1));
    assert_eq!(send_all(&mut core, at(1), 9), [8, 9]);
    // Cut with one entry of unknown fate: everything from the cursor on again.
    assert_eq!(core.acked(8, core.attempt()), 1);
    let before = core.attempt();
    core.line(false, at(2));
    core.line(true, at(3));
    assert_ne!(core.attempt(), before);
    // The books keep silent: start from what is known.
    assert_eq!(send_all(&mut core, SECOND * 3, 9), [8, 9]);
}

#[test]
fn an_answer_counts_for_those_before_it_and_for_its_own_attempt_only() {
    let mut core = open(5, small());
    assert_eq!(send_all(&mut core, at(0), 9), [6, 7, 8, 9]);
    assert_eq!(core.acked(8, core.attempt().wrapping_sub(1)), 0);
    assert_eq!([8, 7, 10, 9, 9].map(|seq| core.acked(seq, core.attempt())), [3, 0, 0, 1, 0]);
    // All of them may well have arrived: a line that comes back sends nothing.
    let before = core.attempt();
    core.line(false, at(1));
    core.line(true, at(2));
    assert_eq!(core.attempt(), before);
    core.confirmed(9, at(3));
    assert_eq!(core.acked(9, core.attempt()), 0);
}

#[test]
fn books_from_an_older_backup_get_everything_again() {
    let mut core = open(100, small());
    core.rewound(40, at(0));
    assert_eq!(send_all(&mut core, at(0), 100).first(), Some(&41));
    core.rewound(90, at(1));
    assert_eq!(core.cursor(), 40);
}
