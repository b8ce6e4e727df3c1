//! What goes wrong and when: drawn from the seed, so that the same seed makes the
//! same schedule. When each fault really strikes depends on the machine.
//!
//! Faults come in decks: each kind once, shuffled. After a deck everything comes to
//! rest and the books are looked at. Every few faults two strike at once.

use std::{ops::RangeInclusive, time::Duration};

use rand::{Rng, RngExt, SeedableRng, rngs::StdRng, seq::SliceRandom};
use serde::Serialize;

/// How long it is quiet before a fault, in milliseconds.
const QUIET_MS: RangeInclusive<u64> = 200..=2_000;
/// How long a line is away, in milliseconds.
const CUT_MS: RangeInclusive<u64> = 500..=6_000;
/// How long a half-open line or a process carries nothing, in milliseconds: leases
/// of 5 s expire in most of these.
const STALL_MS: RangeInclusive<u64> = 4_000..=10_000;
/// How long a disk stays full after it refused something, in milliseconds.
const FULL_MS: RangeInclusive<u64> = 500..=3_000;
/// The most that a clock is wrong, in milliseconds: a day.
const DAY_MS: i64 = 86_400_000;
/// The least by which it jumps, in milliseconds: a minute.
const MINUTE_MS: i64 = 60_000;
/// One in so many faults strikes together with the next.
const TOGETHER: u32 = 4;

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum FaultKind {
    /// `SIGKILL` of a store's edge.
    EdgeKilled,
    /// `SIGKILL` of the process that holds a store's shard.
    WorkerKilled,
    /// `SIGKILL` of the process that holds the relay's lease.
    RelayKilled,
    /// `SIGKILL` of the process that holds numbering's lease.
    NumberingKilled,
    /// `SIGKILL` of the centre's door.
    IngestKilled,
    /// `SIGKILL` of nats-server.
    BrokerKilled,
    /// `SIGKILL` of Postgres.
    PostgresKilled,
    /// `SIGSTOP` of the process that holds a store's shard, beyond its lease.
    WorkerStalled,
    /// `SIGSTOP` of the process that holds the relay's lease, beyond it.
    RelayStalled,
    /// `SIGSTOP` of the process that holds numbering's lease, beyond it.
    NumberingStalled,
    /// A store's line to the broker is cut.
    EdgeLineCut,
    /// A store's line to the broker carries nothing.
    EdgeLineHalfOpen,
    /// A service's line to the broker is cut.
    BrokerLineCut,
    /// A service's line to the broker carries nothing.
    BrokerLineHalfOpen,
    /// A service's line to Postgres is cut.
    BooksLineCut,
    /// A service's line to Postgres carries nothing.
    BooksLineHalfOpen,
    /// nats-server is killed and everything it stored deleted.
    StreamsWiped,
    /// One stream is deleted with its consumers.
    StreamDeleted,
    /// A stream forgets its newest messages.
    NewestLost,
    /// A store's disk is full.
    DiskFull,
    /// A store's clock jumps.
    ClockJumped,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [Self; 21] = [
        Self::EdgeKilled,
        Self::WorkerKilled,
        Self::RelayKilled,
        Self::NumberingKilled,
        Self::IngestKilled,
        Self::BrokerKilled,
        Self::PostgresKilled,
        Self::WorkerStalled,
        Self::RelayStalled,
        Self::NumberingStalled,
        Self::EdgeLineCut,
        Self::EdgeLineHalfOpen,
        Self::BrokerLineCut,
        Self::BrokerLineHalfOpen,
        Self::BooksLineCut,
        Self::BooksLineHalfOpen,
        Self::StreamsWiped,
        Self::StreamDeleted,
        Self::NewestLost,
        Self::DiskFull,
        Self::ClockJumped,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::EdgeKilled => "edge killed",
            Self::WorkerKilled => "worker killed",
            Self::RelayKilled => "relay killed",
            Self::NumberingKilled => "numbering killed",
            Self::IngestKilled => "ingest killed",
            Self::BrokerKilled => "nats-server killed",
            Self::PostgresKilled => "Postgres killed",
            Self::WorkerStalled => "worker stalled",
            Self::RelayStalled => "relay stalled",
            Self::NumberingStalled => "numbering stalled",
            Self::EdgeLineCut => "edge's line cut",
            Self::EdgeLineHalfOpen => "edge's line half-open",
            Self::BrokerLineCut => "service's line to the broker cut",
            Self::BrokerLineHalfOpen => "service's line to the broker half-open",
            Self::BooksLineCut => "service's line to Postgres cut",
            Self::BooksLineHalfOpen => "service's line to Postgres half-open",
            Self::StreamsWiped => "JetStream store wiped",
            Self::StreamDeleted => "stream deleted",
            Self::NewestLost => "newest messages lost",
            Self::DiskFull => "edge's disk full",
            Self::ClockJumped => "edge's clock jumped",
        }
    }

    /// What counts as its recovery, and from when on it is timed.
    pub const fn recovery(self) -> &'static str {
        match self {
            Self::EdgeKilled => "kill → sells",
            Self::WorkerKilled | Self::WorkerStalled => "fault → what is sold then is in the books",
            Self::RelayKilled
            | Self::RelayStalled
            | Self::NumberingKilled
            | Self::NumberingStalled => "fault → what is sold then has its number",
            Self::IngestKilled => "kill → a heartbeat is answered",
            Self::BrokerKilled | Self::PostgresKilled | Self::StreamsWiped => {
                "kill → all that was journaled is numbered"
            }
            Self::EdgeLineCut | Self::EdgeLineHalfOpen => "line back → up, backlog in the books",
            Self::BrokerLineCut
            | Self::BrokerLineHalfOpen
            | Self::BooksLineCut
            | Self::BooksLineHalfOpen => "line back → all that was journaled is numbered",
            Self::StreamDeleted | Self::NewestLost => "fault → all that was journaled is numbered",
            Self::DiskFull => "room again → sells, without a restart",
            Self::ClockJumped => "jump → sells",
        }
    }

    const fn lasts_ms(self) -> RangeInclusive<u64> {
        match self {
            Self::EdgeLineCut | Self::BrokerLineCut | Self::BooksLineCut => CUT_MS,
            Self::WorkerStalled
            | Self::RelayStalled
            | Self::NumberingStalled
            | Self::EdgeLineHalfOpen
            | Self::BrokerLineHalfOpen
            | Self::BooksLineHalfOpen => STALL_MS,
            Self::DiskFull => FULL_MS,
            _ => 0..=0,
        }
    }
}

/// One fault to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Of which kind.
    pub kind: FaultKind,
    /// It is quiet for so long before it.
    pub quiet: Duration,
    /// Which of several it strikes, modulo how many there are.
    pub target: usize,
    /// How long it lasts at least.
    pub lasts: Duration,
    /// How far a clock jumps to, in milliseconds from the right time.
    pub clock_ms: i64,
    /// How many messages are lost.
    pub messages: u64,
}

/// All faults to come, without end.
#[derive(Debug)]
pub struct Schedule {
    chance: StdRng,
}

impl Schedule {
    /// The one of this seed.
    pub fn of(seed: u64) -> Self {
        Self { chance: StdRng::seed_from_u64(seed) }
    }

    /// The next deck: each kind once. Faults of one group strike together.
    pub fn deck(&mut self) -> Vec<Vec<Fault>> {
        let mut kinds = FaultKind::ALL;
        kinds.shuffle(&mut self.chance);
        let mut groups: Vec<Vec<Fault>> = Vec::new();
        let mut joins = false;
        for kind in kinds {
            let fault = self.fault(kind);
            match groups.last_mut() {
                Some(group) if joins => group.push(fault),
                _ => groups.push(vec![fault]),
            }
            joins = !joins && self.chance.random_ratio(1, TOGETHER);
        }
        groups
    }

    fn fault(&mut self, kind: FaultKind) -> Fault {
        let chance = &mut self.chance;
        let lasts = kind.lasts_ms();
        let far = chance.random_range(MINUTE_MS..=DAY_MS);
        Fault {
            kind,
            quiet: millis(chance, QUIET_MS),
            target: chance.random_range(0..=usize::from(u16::MAX)),
            lasts: millis(chance, lasts),
            clock_ms: if chance.random_ratio(1, 2) { far } else { -far },
            messages: chance.random_range(1..=20),
        }
    }
}

fn millis(chance: &mut impl Rng, range: RangeInclusive<u64>) -> Duration {
    Duration::from_millis(chance.random_range(range))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_is_a_schedule_and_a_deck_has_every_kind_once() {
        let decks = |seed| {
            let mut schedule = Schedule::of(seed);
            [schedule.deck(), schedule.deck(), schedule.deck()]
        };
        assert_eq!(decks(7), decks(7));
        assert_ne!(decks(7), decks(8));
        for deck in decks(7) {
            let kinds: Vec<FaultKind> = deck.iter().flatten().map(|fault| fault.kind).collect();
            assert_eq!(kinds.len(), FaultKind::ALL.len());
            assert_eq!(BTreeSet::from_iter(kinds), BTreeSet::from(FaultKind::ALL));
            assert!(deck.iter().all(|group| group.len() <= 2), "two at a time at most");
        }
        assert!(decks(7).iter().flatten().any(|group| group.len() == 2));
    }
}
