//! Two minutes of torture on the real stack, with one seed; and that its verdict is
//! worth something: books that are damaged afterwards are not acquitted.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{process::Command, time::Duration};

use ops::torture::{Judgement, Options, Torture};
use testkit::scratch_dir;

const SEED: u64 = 20_261_121;
const TIME: Duration = Duration::from_secs(120);
/// The machine may be slow and shared.
const BOUND: Duration = Duration::from_secs(180);
/// Faults of so many kinds at least in two minutes, on a machine that is busy with others.
const KINDS: usize = 3;
const SALES: u64 = 50;

fn told(judgement: &Judgement) -> String {
    let checks = judgement.verify.checks.iter().flat_map(|check| &check.offenders);
    checks.chain(&judgement.findings).map(|text| format!("{text}\n")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_minutes_of_every_fault_lose_double_and_misnumber_nothing() {
    println!("seed {SEED}");
    let dir = scratch_dir();
    let options = Options {
        data_dir: dir.path().join("stack"),
        time: TIME,
        seed: SEED,
        bound: BOUND,
        durable: false,
    };
    let mut torture = Torture::start(options).await.unwrap();
    torture.torment(&|text| println!("{text}")).await.unwrap();
    let report = torture.report();
    println!("{}", report.print());
    assert!(report.ok, "seed {SEED}: it is said above what is wrong");
    let kinds = report.kinds.iter().filter(|kind| kind.times > 0).count();
    assert!(kinds >= KINDS, "only {kinds} kinds of faults were done");
    assert!(report.answered >= SALES, "only {} sales were answered", report.answered);
    assert_eq!(report.answered, report.booked);

    // What nobody would notice by looking at the totals alone. Each is made good
    // again, so that each is found by itself.
    for (damage, repair, found) in [
        (
            "CREATE TABLE gone AS SELECT * FROM sale ORDER BY ticket_id LIMIT 1;
             DELETE FROM sale WHERE sale_id IN (SELECT sale_id FROM gone)",
            "INSERT INTO sale SELECT * FROM gone; DROP TABLE gone",
            "was answered and is not in the books",
        ),
        (
            "UPDATE invoice SET no = no + 1000000 WHERE no = 7",
            "UPDATE invoice SET no = 7 WHERE no = 1000007",
            "No. 7 is missing",
        ),
        (
            "INSERT INTO sale SELECT (jsonb_populate_record(s, jsonb_build_object(
                 'sale_id', gen_random_uuid(), 'ticket_id', 'nobody-asked'))).*
             FROM sale s LIMIT 1",
            "DELETE FROM sale WHERE ticket_id = 'nobody-asked'",
            "ticket nobody-asked is in the books, and nobody asked for it",
        ),
    ] {
        testkit::damage(torture.pool(), damage).await;
        let judgement = torture.judge().await.unwrap();
        assert!(!judgement.ok(), "acquitted in spite of {damage}");
        assert!(told(&judgement).contains(found), "{found}: {}", told(&judgement));
        testkit::damage(torture.pool(), repair).await;
    }
    let judgement = torture.judge().await.unwrap();
    assert!(judgement.ok(), "{}", told(&judgement));
    torture.end(false).await.unwrap();
}

#[test]
fn a_directory_that_is_in_use_is_left_alone() {
    let dir = scratch_dir();
    std::fs::write(dir.path().join("mine"), "precious").unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillstream"));
    command.args(["torture", "--minutes", "1", "--data-dir"]).arg(dir.path());
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("is not empty"), "{said}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}
