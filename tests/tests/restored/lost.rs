//! The books are not all that is lost.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::stage::{Stage, told};

/// Two stores have sold before and after a backup, and everything has its number;
/// the centre is down and the books are back at the backup. What each till was told.
async fn gone_back(wiped: bool) -> (Stage, [BTreeMap<String, u64>; 2]) {
    let mut stage = Stage::with_shops(2).await;
    let [first, second] = &stage.world.shops[..] else { panic!("two shops") };
    let mut tickets = first.till.sell_many(2).await;
    let mut others = second.till.sell_many(2).await;
    first.till.all_numbered().await;
    second.till.all_numbered().await;
    let file = stage.back_up().await;
    let [first, second] = &stage.world.shops[..] else { panic!("two shops") };
    // Now one, now the other: the numbers of each have those of the other between.
    for _ in 0..3 {
        others.push(second.till.sell().await.ticket_id);
        second.till.all_numbered().await;
        tickets.push(first.till.sell().await.ticket_id);
        first.till.all_numbered().await;
    }
    let told = [told(&first.till, &tickets).await, told(&second.till, &others).await];
    stage.go_back_to(&file).await;
    if wiped {
        stage.world.nats.wipe().await;
    }
    (stage, told)
}

fn numbers(report: &Value) -> Vec<u64> {
    let lost = report["lost"].as_array().expect("a list");
    lost.iter().filter_map(|lost| lost["no"].as_u64()).collect()
}

#[tokio::test]
async fn with_the_streams_lost_too_the_edges_prove_every_number() {
    let (mut stage, before) = gone_back(true).await;
    stage.start_centre().await;
    stage.must_recover().await;
    let report = stage.recover(&[]).await;
    assert_eq!(report["numbers_restored"], 6, "{report}");
    assert_eq!(numbers(&report), [0_u64; 0]);
    for (shop, before) in stage.world.shops.iter().zip(&before) {
        shop.till.sell().await;
        shop.till.all_numbered().await;
        for (ticket, no) in before {
            let row = stage.register().await[&i64::try_from(*no).expect("is small")].clone();
            assert_eq!(row.0, *ticket);
        }
    }
    assert_eq!(stage.register().await.len(), 12);
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn with_an_edge_lost_too_the_streams_prove_its_sales_and_numbers() {
    let (mut stage, before) = gone_back(false).await;
    let gone = stage.world.shops.pop().expect("two shops");
    let edge = gone.store.edge_id.to_string();
    drop(gone);
    stage.start_centre().await;
    stage.must_recover().await;
    let silent = stage.run(&["recover", "--wait", "3"]).await;
    let said = String::from_utf8_lossy(&silent.stderr).into_owned();
    assert!(!silent.status.success() && said.contains("is silent"), "{said}");
    assert!(said.contains(&edge), "it is named: {said}");

    let report = stage.recover(&["--without", &edge]).await;
    assert_eq!(report["numbers_restored"], 6, "{report}");
    assert_eq!(numbers(&report), [0_u64; 0]);
    stage.world.shops[0].till.sell().await;
    stage.world.shops[0].till.all_numbered().await;
    let register = stage.register().await;
    assert_eq!(register.len(), 11);
    for (ticket, no) in before.iter().flatten() {
        assert_eq!(register[&i64::try_from(*no).expect("is small")].0, *ticket);
    }
    assert_eq!(stage.world.count("SELECT count(*) FROM sale").await, 11);
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn a_number_that_nobody_can_prove_is_booked_as_lost_and_never_issued_again() {
    let (mut stage, before) = gone_back(true).await;
    let gone = stage.world.shops.pop().expect("two shops");
    let edge = gone.store.edge_id.to_string();
    drop(gone);
    stage.start_centre().await;
    stage.must_recover().await;
    for arguments in [["--without", &edge], ["--lost", &edge]] {
        let refused = stage.run(&[&["recover", "--wait", "20"], &arguments[..]].concat()).await;
        assert!(!refused.status.success(), "somebody may hold more: {arguments:?}");
        assert_eq!(stage.register().await.len(), 4, "nothing was changed");
    }
    let report = stage.recover(&["--lost", &edge, "--reserve", "2"]).await;
    assert_eq!(report["numbers_restored"], 3, "{report}");
    // 4 were in the backup; then the lost store had 5, 7 and 9.
    assert_eq!(numbers(&report), [5, 7, 9, 11, 12], "{report}");
    let till = &stage.world.shops[0].till;
    let sold = till.sell().await.ticket_id;
    assert_eq!(till.number_of(&sold).await, 13);
    till.all_numbered().await;
    let register = stage.register().await;
    for (ticket, no) in &before[0] {
        assert_eq!(register[&i64::try_from(*no).expect("is small")].0, *ticket);
    }
    for no in [5_i64, 7, 9, 11, 12] {
        assert!(register[&no].0.starts_with("lost:"), "{:?}", register[&no]);
    }
    stage.exported_register_is_whole("5 of them are lost").await;
    stage.world.books_are_right().await;
}
