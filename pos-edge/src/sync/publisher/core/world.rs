//! The core against a world that does everything that a broker, a worker and a
//! line can do to it: drop, repeat, reorder, delay, wipe, crash, cut.

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    time::Duration,
};

use proptest::prelude::*;

use super::{tests::small, *};

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
            Arrival::Ack { seq, attempt, taken: true } => {
                self.core.acked(seq, attempt);
            }
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
