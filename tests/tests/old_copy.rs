//! A journal that was put back from an older copy.

use std::{fs, path::Path};

use reqwest::StatusCode;
use testkit::{BOUND, scratch_dir, wait_until};
use tests::{World, new_ticket};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder can be made");
    for file in fs::read_dir(from).expect("the folder can be read") {
        let file = file.expect("the folder can be read");
        fs::copy(file.path(), to.join(file.file_name())).expect("a file can be copied");
    }
}

#[tokio::test]
async fn an_edge_put_back_from_an_older_copy_may_not_sell() {
    let mut world = World::with_shops(1).await;
    let shop = &mut world.shops[0];
    shop.till.sell_many(3).await;
    shop.till.all_numbered().await;
    shop.edge.kill();
    let kept = scratch_dir();
    copy(shop.dir(), kept.path());

    let plan = shop.plan();
    shop.restart(plan).await;
    shop.till.sell_many(3).await;
    shop.till.all_numbered().await;

    shop.edge.kill();
    copy(kept.path(), shop.dir());
    shop.line.cut();
    let plan = shop.plan();
    shop.restart(plan).await;
    // With no line it cannot know better.
    shop.till.sell_many(2).await;
    shop.line.restore();
    shop.edge.logged("this edge stops selling", BOUND).await;
    let refusal = shop.till.try_sell(&new_ticket(), 2).await.expect("the edge answers");
    assert_eq!(refusal.status, StatusCode::SERVICE_UNAVAILABLE, "{}", refusal.body);
    assert!(refusal.body.contains("rolled_back"), "{}", refusal.body);
    let sync = shop.till.sync().await.expect("the edge answers");
    assert!(sync.last_error.is_some(), "{sync:?}");

    // What it sold before it learned is held apart; what the books have stays,
    // and verify names the edge whose journal is another one, once a heartbeat
    // has told of it.
    assert_eq!(world.count("SELECT max(no) FROM invoice").await, 6);
    wait_until("verify names the edge, and nothing else", BOUND, async || {
        let failed = world.failed_checks().await;
        let names: Vec<_> = failed.iter().map(|check| check.name).collect();
        (names == ["heartbeats"]).then_some(())
    })
    .await;
}
