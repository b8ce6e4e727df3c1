//! The pure cores together, against a model of everything between them.
//!
//! Tills with their own queues, edges, the broker, workers, numbering, relays and
//! the direct door run in one thread with a virtual clock. What decides in
//! production decides here: the publisher's core, the mapping inbox and the weighing
//! of confirmations (`pos_edge`); believing, admission, booking and plan over the
//! `Books` trait, and the relay's lines (`workers`); allocation and freezing
//! (`numbering`); prices and chains (`domain`). What is around them is a model that
//! loses, doubles, reorders and damages what travels, forgets streams, sets consumers
//! back, kills and stalls every part between any two of its steps, leaves the outcome
//! of COMMITs unknown, cuts lines, moves clocks, and puts old disks back.
//!
//! A run is its seed: the same seed gives the same trace, byte for byte. After so
//! many faulty steps the faults stop and everything must come to rest; then every
//! promise is checked. [`Broken`] breaks one on purpose, to see that it is noticed.

mod broken;
mod chance;
mod shop;

mod world;

mod till;

mod capture;
mod edge;

mod broker;

mod worker;

mod lying;

mod door;

mod books;

mod numbering;

mod relay;

mod faults;
mod schedule;

mod checks;

use std::collections::BTreeMap;

pub use broken::Broken;
use world::World;

/// The faulty steps of a run, if nobody says otherwise.
pub const STEPS: u64 = 400;

/// What to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Decides everything that is left to chance.
    pub seed: u64,
    /// So many steps with faults.
    pub steps: u64,
    /// What is broken on purpose.
    pub broken: Option<Broken>,
    /// Whether to tell every step.
    pub trace: bool,
}

impl Plan {
    /// An honest run of a seed.
    pub const fn of(seed: u64) -> Self {
        Self { seed, steps: STEPS, broken: None, trace: false }
    }
}

/// What a run came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// The steps that were taken until the faults stopped.
    pub steps: u64,
    /// Faults of each kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Sales in the books.
    pub sales: u64,
    /// Numbers that were given out.
    pub numbers: u64,
    /// The virtual time that passed, in milliseconds.
    pub millis: u64,
    /// What does not hold, in words; the first that was noticed.
    pub violation: Option<String>,
    /// Each step, if it was asked for.
    pub trace: Vec<String>,
}

/// Runs a plan to its end, or to the first thing that does not hold.
pub fn run(plan: &Plan) -> Report {
    let mut world = match World::of(plan.clone()) {
        Ok(world) => world,
        Err(why) => return Report::broken_off(why),
    };
    for _ in 0..plan.steps {
        world.step();
        if world.violation.is_some() {
            break;
        }
    }
    if world.violation.is_none() {
        world.settle();
    }
    if world.violation.is_none() {
        world.check_all();
    }
    let sales = world.books.shards.iter();
    Report {
        steps: world.steps,
        sales: sales.map(|shard| shard.finalized.written().sales.len() as u64).sum(),
        numbers: world.books.register.len() as u64,
        millis: u64::try_from(world.now.as_millis()).unwrap_or(u64::MAX),
        faults: world.faults,
        violation: world.violation,
        trace: world.trace,
    }
}

impl Report {
    fn broken_off(why: String) -> Self {
        Self {
            steps: 0,
            faults: BTreeMap::new(),
            sales: 0,
            numbers: 0,
            millis: 0,
            violation: Some(why),
            trace: Vec::new(),
        }
    }
}
