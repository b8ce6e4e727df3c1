//! The core by itself, case by case; and against a world that does everything
//! that a broker, a worker and a line can do to it.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    time::Duration,
};

use proptest::prelude::*;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn at(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn small() -> Limits {
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
    (1..=8).for_each(|seq| core.acked(seq, core.attempt()));
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
    (1..=3).for_each(|seq| core.acked(seq, core.attempt()));
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
    core.acked(8, core.attempt());
    let before = core.attempt();
    core.line(false, at(2));
    core.line(true, at(3));
    assert_ne!(core.attempt(), before);
    // The books keep silent: start from what is known.
    assert_eq!(send_all(&mut core, SECOND * 3, 9), [8, 9]);
}

#[test]
fn books_from_an_older_backup_get_everything_again() {
    let mut core = open(100, small());
    core.rewound(40, at(0));
    assert_eq!(send_all(&mut core, at(0), 100).first(), Some(&41));
    core.rewound(90, at(1));
    assert_eq!(core.cursor(), 40);
}

/// How unkind the world is, in percent per message or step.
#[derive(Debug, Clone)]
struct Unkindness {
    drop: u64,
    repeat: u64,
    delay_ms: u64,
    fail: u64,
    lose_notice: u64,
    lose_reply: u64,
    wipe: u64,
    crash: u64,
    cut: u64,
    idle_worker: u64,
}

impl Unkindness {
    const KIND: Self = Self {
        drop: 0,
        repeat: 0,
        delay_ms: 5,
        fail: 0,
        lose_notice: 0,
        lose_reply: 0,
        wipe: 0,
        crash: 0,
        cut: 0,
        idle_worker: 0,
    };

    fn any() -> impl Strategy<Value = Self> {
        (
            (0..40_u64, 0..40_u64, 1..3_000_u64, 0..20_u64, 0..100_u64),
            (0..100_u64, 0..4_u64, 0..3_u64, 0..5_u64, 0..100_u64),
        )
            .prop_map(
                |(
                    (drop, repeat, delay_ms, fail, lose_notice),
                    (lose_reply, wipe, crash, cut, idle_worker),
                )| Self {
                    drop,
                    repeat,
                    delay_ms,
                    fail,
                    lose_notice,
                    lose_reply,
                    wipe,
                    crash,
                    cut,
                    idle_worker,
                },
            )
    }
}

/// What is on its way, by when it arrives.
#[derive(Debug)]
enum Arrival {
    Entry { seq: u64, attempt: u32 },
    Ack { seq: u64, attempt: u32, taken: bool },
    Confirmed { cursor: u64, resend: bool },
    Asked { at: Duration },
    Reply { asked_at: Duration, cursor: u64, backlog: u64 },
}

struct World {
    limits: Limits,
    unkindness: Unkindness,
    random: u64,
    now: Duration,
    head: u64,
    core: Core,
    /// What the edge's journal knows of the books; survives crashes.
    journal_confirmed: u64,
    incarnation: u32,
    line_up: bool,
    on_the_way: BTreeMap<(Duration, u64), Arrival>,
    counter: u64,
    stream: VecDeque<u64>,
    seen_ids: HashSet<(u64, u32)>,
    books: u64,
    hole_told: Option<u64>,
    next_heartbeat: Duration,
}

impl World {
    fn new(seed: u64, head: u64, limits: Limits, unkindness: Unkindness) -> Self {
        let mut core = Core::new(0, 0, limits);
        core.line(true, Duration::ZERO);
        Self {
            limits,
            unkindness,
            random: seed | 1,
            now: Duration::ZERO,
            head,
            core,
            journal_confirmed: 0,
            incarnation: 0,
            line_up: true,
            on_the_way: BTreeMap::new(),
            counter: 0,
            stream: VecDeque::new(),
            seen_ids: HashSet::new(),
            books: 0,
            hole_told: None,
            next_heartbeat: Duration::ZERO,
        }
    }

    fn roll(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below.max(1)
    }

    fn happens(&mut self, percent: u64) -> bool {
        self.roll(100) < percent
    }

    fn dispatch(&mut self, arrival: Arrival) {
        let delay = Duration::from_millis(self.roll(self.unkindness.delay_ms));
        self.counter += 1;
        self.on_the_way.insert((self.now + delay, self.counter), arrival);
    }

    fn step(&mut self) {
        self.now += Duration::from_millis(20);
        self.misfortunes();
        if self.now >= self.next_heartbeat {
            self.ask();
        }
        self.work();
        while let Some(entry) = self.on_the_way.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let arrival = entry.remove();
            self.arrive(arrival);
        }
        self.publish();
    }

    fn misfortunes(&mut self) {
        if self.happens(self.unkindness.wipe) {
            self.stream.clear();
        }
        if self.happens(self.unkindness.crash) {
            self.incarnation += 1;
            self.core = Core::new(self.journal_confirmed, self.incarnation << 20, self.limits);
            self.core.line(self.line_up, self.now);
        }
        let flips = if self.line_up { self.unkindness.cut } else { 20 };
        if self.happens(flips) {
            self.line_up = !self.line_up;
            self.core.line(self.line_up, self.now);
            self.ask();
        }
    }

    fn ask(&mut self) {
        self.next_heartbeat = self.now + Duration::from_secs(3);
        if self.line_up {
            self.dispatch(Arrival::Asked { at: self.now });
        }
    }

    /// The worker: in order, one notice of a hole for each cursor value.
    fn work(&mut self) {
        if self.happens(self.unkindness.idle_worker) {
            return;
        }
        let before = self.books;
        let mut resend = false;
        for _ in 0..10 {
            match self.stream.pop_front() {
                Some(seq) if seq == self.books + 1 => self.books = seq,
                Some(seq) if seq > self.books && self.hole_told != Some(self.books) => {
                    self.hole_told = Some(self.books);
                    resend = true;
                }
                Some(_) => {}
                None => break,
            }
        }
        if (self.books > before || resend) && !self.happens(self.unkindness.lose_notice) {
            self.dispatch(Arrival::Confirmed { cursor: self.books, resend });
        }
    }

    fn arrive(&mut self, arrival: Arrival) {
        match arrival {
            Arrival::Entry { seq, attempt } => {
                // The broker's duplicate window: the same id is taken once.
                if self.seen_ids.insert((seq, attempt)) {
                    self.stream.push_back(seq);
                }
                self.dispatch(Arrival::Ack { seq, attempt, taken: true });
            }
            Arrival::Ack { seq, attempt, taken: true } => self.core.acked(seq, attempt),
            Arrival::Ack { seq, attempt, taken: false } => {
                self.core.failed(seq, attempt, self.now);
            }
            Arrival::Confirmed { cursor, resend } => {
                self.confirm(cursor);
                if resend {
                    self.core.resend_requested(cursor, self.now);
                }
            }
            Arrival::Asked { at } => {
                if !self.happens(self.unkindness.lose_reply) {
                    let backlog = self.stream.len() as u64;
                    self.dispatch(Arrival::Reply { asked_at: at, cursor: self.books, backlog });
                }
            }
            Arrival::Reply { asked_at, cursor, backlog } => {
                self.confirm(cursor);
                self.core.heard(asked_at, backlog, self.now);
            }
        }
    }

    fn confirm(&mut self, cursor: u64) {
        self.journal_confirmed = self.journal_confirmed.max(cursor);
        self.core.confirmed(self.journal_confirmed, self.now);
    }

    fn publish(&mut self) {
        loop {
            match self.core.next(self.now, self.head) {
                Next::Send { after, max_entries, .. } => {
                    assert!(after >= self.core.cursor(), "nothing confirmed is sent again");
                    assert!(self.line_up, "nothing is sent with no line");
                    for seq in (after + 1..=self.head).take(max_entries) {
                        if !self.core.sent(seq, 60 + (seq % 40) as usize, self.now) {
                            break;
                        }
                        let attempt = self.core.attempt();
                        self.hand_over(seq, attempt);
                    }
                    let (entries, bytes) = self.core.in_flight();
                    assert!(entries <= self.limits.entries && bytes <= self.limits.bytes);
                }
                Next::Ask => self.ask(),
                Next::Wait { .. } => return,
            }
        }
    }

    fn hand_over(&mut self, seq: u64, attempt: u32) {
        if self.happens(self.unkindness.fail) {
            self.dispatch(Arrival::Ack { seq, attempt, taken: false });
            return;
        }
        if !self.happens(self.unkindness.drop) {
            self.dispatch(Arrival::Entry { seq, attempt });
        }
        if self.happens(self.unkindness.repeat) {
            self.dispatch(Arrival::Entry { seq, attempt });
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    /// Through thirty seconds of anything, and then a kind world: every entry
    /// is confirmed, in bounded time, with the window kept all along.
    #[test]
    fn every_entry_is_confirmed_in_the_end(
        seed in any::<u64>(),
        head in 1..300_u64,
        unkindness in Unkindness::any(),
    ) {
        let mut world = World::new(seed, head, small(), unkindness);
        for _ in 0..1_500 {
            world.step();
        }
        world.unkindness = Unkindness::KIND;
        if !world.line_up {
            world.line_up = true;
            world.core.line(true, world.now);
        }
        // The worker may have told of a hole to nobody; patience is minutes.
        let deadline = world.now + Duration::from_secs(3_600);
        while world.core.cursor() < head && world.now < deadline {
            world.step();
        }
        prop_assert_eq!(world.core.cursor(), head);
        prop_assert_eq!(world.books, head);
        prop_assert_eq!(world.core.in_flight(), (0, 0));
    }
}
