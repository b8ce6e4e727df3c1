//! Older books under services that start on them, or run on.

use std::process::Stdio;

use testkit::{BOUND, wait_until};

use crate::stage::{Stage, told};

#[tokio::test]
async fn an_older_backup_loses_no_sale_and_no_number() {
    let mut stage = Stage::with_shops(2).await;
    let [first, second] = &stage.world.shops[..] else { panic!("two shops") };
    let mut tickets = first.till.sell_many(5).await;
    let mut others = second.till.sell_many(4).await;
    first.till.all_numbered().await;
    second.till.all_numbered().await;
    let file = stage.back_up().await;

    let [first, second] = &stage.world.shops[..] else { panic!("two shops") };
    tickets.extend(first.till.sell_many(8).await);
    others.extend(second.till.sell_many(6).await);
    first.till.all_numbered().await;
    second.till.all_numbered().await;
    let before = (told(&first.till, &tickets).await, told(&second.till, &others).await);
    let register = stage.register().await;
    assert_eq!(register.len(), 23);

    // One store has no line; both sell on while the books go back.
    second.line.cut();
    let offline = second.till.sell_many(3).await;
    stage.go_back_to(&file).await;
    assert_eq!(stage.register().await.len(), 9);
    let first = &stage.world.shops[0];
    let meanwhile = first.till.sell_many(2).await;
    stage.start_centre().await;
    stage.must_recover().await;
    let [first, second] = &stage.world.shops[..] else { panic!("two shops") };
    second.line.restore();
    first.till.booked().await;
    second.till.booked().await;
    assert_eq!(stage.register().await.len(), 9, "nothing is numbered before it is recovered");

    let dry = stage.recover(&["--dry-run"]).await;
    assert_eq!(dry["numbers_restored"], 14, "{dry}");
    assert_eq!(stage.register().await.len(), 9, "a dry run changes nothing");
    let report = stage.recover(&[]).await;
    assert_eq!(report["numbers_restored"], 14, "{report}");
    assert_eq!(report["lost"].as_array().map(Vec::len), Some(0), "{report}");

    // New sales get new numbers, and the old ones are what they were.
    let [first, second] = &stage.world.shops[..] else { panic!("two shops") };
    first.till.sell().await;
    first.till.all_numbered().await;
    second.till.all_numbered().await;
    let after = stage.register().await;
    assert_eq!(after.len(), 23 + 3 + 2 + 1);
    for (no, row) in &register {
        assert_eq!(after.get(no), Some(row), "number {no}");
    }
    let now = (told(&first.till, &tickets).await, told(&second.till, &others).await);
    assert_eq!(now, before, "what tills were told stands");
    for ticket in offline.iter().chain(&meanwhile) {
        let taken = after.values().filter(|(of, _)| *of == ticket.to_string()).count();
        assert_eq!(taken, 1, "ticket {ticket} has one number");
    }
    stage.world.books_are_right().await;
    assert_eq!(stage.must(&["recover"]).await.trim(), "the books need no recovery");
}

#[tokio::test]
async fn services_that_outlive_the_restore_give_out_nothing_a_second_time() {
    let mut stage = Stage::with_shops(1).await;
    let till = &stage.world.shops[0].till;
    let mut tickets = till.sell_many(3).await;
    till.all_numbered().await;
    let file = stage.back_up().await;
    let till = &stage.world.shops[0].till;
    tickets.extend(till.sell_many(5).await);
    till.all_numbered().await;
    let before = told(till, &tickets).await;

    stage.restore(&file).await;
    stage.start_what_ended().await;
    // Numbering and relay held their leases a moment ago, and sales go on.
    let meanwhile = stage.world.shops[0].till.sell_many(4).await;
    stage.world.shops[0].till.booked().await;
    stage.must_recover().await;
    assert_eq!(stage.register().await.len(), 3);
    let report = stage.recover(&[]).await;
    assert_eq!(report["numbers_restored"], 5, "{report}");
    let till = &stage.world.shops[0].till;
    assert_eq!(told(till, &tickets).await, before);
    let new = told(till, &meanwhile).await;
    assert!(new.values().all(|no| *no > 8), "{new:?}");
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn a_recovery_that_is_killed_anywhere_is_run_again() {
    let mut stage = Stage::with_shops(1).await;
    let till = &stage.world.shops[0].till;
    let mut tickets = till.sell_many(2).await;
    till.all_numbered().await;
    let file = stage.back_up().await;
    let till = &stage.world.shops[0].till;
    tickets.extend(till.sell_many(4).await);
    till.all_numbered().await;
    let before = told(till, &tickets).await;
    stage.go_back_to(&file).await;
    stage.start_centre().await;
    stage.must_recover().await;

    for point in ["collected", "door", "before_commit", "after_commit"] {
        let mut command = stage.command(&["recover", "--json"]);
        command.env("FAILPOINTS", format!("recover.{point}=return"));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let status = command.status().await.expect("tillstream runs");
        assert!(!status.success(), "it is killed at {point}");
        let rows = if point == "after_commit" { 6 } else { 2 };
        assert_eq!(stage.register().await.len(), rows, "{point}: all or nothing");
    }
    assert_eq!(stage.must(&["recover"]).await.trim(), "the books need no recovery");
    let till = &stage.world.shops[0].till;
    assert_eq!(told(till, &tickets).await, before);
    till.sell().await;
    till.all_numbered().await;
    assert_eq!(stage.register().await.len(), 7);
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn edges_may_forget_what_the_oldest_backup_that_is_kept_holds() {
    let stage = Stage::with_shops(1).await;
    let sold = async |count: usize| {
        stage.world.shops[0].till.sell_many(count).await;
        stage.world.shops[0].till.booked().await;
    };
    sold(2).await;
    stage.back_up().await;
    assert_eq!(stage.watermark().await, 0, "two are kept unless told, and there is one");
    let first = stage.world.count("SELECT last_seq FROM edge_cursor").await.unsigned_abs();
    sold(3).await;
    // One that fails does not count, nor does one that never ended.
    assert!(!stage.run(&["backup", "--mark", "--", "false"]).await.status.success());
    assert_eq!(stage.watermark().await, 0);
    stage.must(&["backup", "--mark", "--", "true"]).await;
    assert_eq!(stage.watermark().await, first);
    let refused = stage.run(&["backup", "--restore", "/nonexistent"]).await;
    assert!(!refused.status.success());
    let file = stage.back_up().await;
    let refused = stage.run(&["backup", "--restore", file.to_str().expect("UTF-8")]).await;
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("not empty"), "{said}");
    wait_until("the newest two hold more", BOUND, async || {
        (stage.watermark().await > first).then_some(())
    })
    .await;
}
