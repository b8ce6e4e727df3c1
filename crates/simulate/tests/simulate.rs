//! Thousands of seeds, the same run for the same seed, and every fault.

use std::thread;

use simulate::{Plan, run};

/// Seeds of the honest run.
const SEEDS: u64 = 3_000;
/// The first violation among these seeds, with what it says.
fn first_violation(mut seeds: impl Iterator<Item = u64>) -> Option<(u64, String)> {
    seeds.find_map(|seed| run(&Plan::of(seed)).violation.map(|why| (seed, why)))
}

#[test]
fn whatever_happens_every_promise_holds() {
    let halves: Vec<_> = (0..2)
        .map(|half| thread::spawn(move || first_violation((half..SEEDS).step_by(2))))
        .collect();
    for half in halves {
        let violation = half.join().expect("a run ends");
        assert_eq!(violation, None, "replay it with `tillstream simulate --seeds 1 --seed N`");
    }
}

#[test]
fn the_same_seed_is_the_same_run_byte_for_byte() {
    for seed in [3, 77, 1_234_567] {
        let plan = Plan { trace: true, ..Plan::of(seed) };
        let first = run(&plan);
        assert!(first.trace.len() > 100, "a run has something to tell");
        assert_eq!(first, run(&plan), "seed {seed}");
        assert_ne!(first.trace, run(&Plan { seed: seed + 1, ..plan }).trace);
    }
}

#[test]
fn every_fault_happens_and_sales_are_made_all_the_same() {
    let (mut faults, mut sales, mut numbers) = (std::collections::BTreeMap::new(), 0, 0);
    for seed in 0..400 {
        let report = run(&Plan::of(seed));
        sales += report.sales;
        numbers += report.numbers;
        for (fault, times) in report.faults {
            *faults.entry(fault).or_insert(0) += times;
        }
    }
    assert!(sales > 1_000, "{sales} sales");
    assert_eq!(sales, numbers);
    assert!(faults.len() >= 36, "only {faults:#?}");
}
