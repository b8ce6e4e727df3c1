//! Headquarters dies at every step: before a commit, after it, after the ack;
//! or stands still, loses its lease and wakes up. Or there are two of them.

use testkit::{BOUND, wait_until};
use tests::World;

/// A service with a failpoint takes over, dies there under load, and a healthy
/// one finishes the work.
async fn dies_at(service: &str, failpoint: &str) {
    let mut world = World::with_shops(2).await;
    world.shops[0].till.sell_many(2).await;
    world.shops[0].till.all_numbered().await;

    let plan = world.centre.plan(service).failpoint(&format!("{failpoint}=1*off->return"));
    let process = match service {
        "workers" => &mut world.centre.workers,
        "numbering" => &mut world.centre.numbering,
        other => panic!("no service {other}"),
    };
    process.kill();
    *process = plan.start();
    let mut sold = 2;
    loop {
        for shop in &world.shops {
            shop.till.sell().await;
            sold += 1;
        }
        let process = if service == "workers" {
            &mut world.centre.workers
        } else {
            &mut world.centre.numbering
        };
        if !process.is_running() {
            break;
        }
        assert!(sold < 5_000, "{service} never came by {failpoint}");
    }

    let healthy = world.centre.plan(service).start();
    match service {
        "workers" => world.centre.workers = healthy,
        _ => world.centre.numbering = healthy,
    }
    for shop in &world.shops {
        shop.till.all_numbered().await;
    }
    assert_eq!(world.count("SELECT count(*) FROM sale").await, sold);
    assert_eq!(world.count("SELECT max(no) FROM invoice").await, sold);
    world.books_are_right().await;
}

#[tokio::test]
async fn a_worker_before_it_commits() {
    dies_at("workers", "worker.before_commit").await;
}

#[tokio::test]
async fn a_worker_after_it_committed_before_it_acks() {
    dies_at("workers", "worker.after_commit").await;
}

#[tokio::test]
async fn a_worker_after_it_acked_before_it_tells_the_edge() {
    dies_at("workers", "worker.after_ack").await;
}

#[tokio::test]
async fn the_relay_after_it_gave_facts_their_place() {
    dies_at("workers", "relay.sequenced").await;
}

#[tokio::test]
async fn the_relay_after_it_published() {
    dies_at("workers", "relay.published").await;
}

#[tokio::test]
async fn numbering_before_it_commits() {
    dies_at("numbering", "numbering.before_commit").await;
}

#[tokio::test]
async fn numbering_after_it_committed_before_it_tells_the_relay() {
    dies_at("numbering", "numbering.after_commit").await;
}

#[tokio::test]
async fn a_worker_that_stalls_loses_its_lease_and_wakes_up_changes_nothing() {
    let mut world = World::with_shops(2).await;
    world.shops[0].till.sell_many(5).await;
    world.centre.workers.pause();
    for shop in &world.shops {
        shop.till.sell_many(20).await;
    }
    let standby = world.centre.plan("workers").start();
    for shop in &world.shops {
        shop.till.all_numbered().await;
    }
    world.centre.workers.resume();
    for shop in &world.shops {
        shop.till.sell_many(20).await;
        shop.till.all_numbered().await;
    }
    assert!(world.centre.workers.is_running(), "losing a lease is no reason to die");
    assert_eq!(world.count("SELECT count(*) FROM sale").await, 85);
    world.books_are_right().await;
    drop(standby);
}

#[tokio::test]
async fn a_worker_that_stalls_inside_its_transaction_commits_nothing_of_it() {
    let mut world = World::with_shops(1).await;
    world.centre.workers.kill();
    // Longer than the lease and than Postgres lets a transaction lie idle.
    let stalling = world.centre.plan("workers").failpoint("worker.before_commit=1*sleep(20000)");
    world.centre.workers = stalling.start();
    world.shops[0].till.sell_many(10).await;
    wait_until("a worker is inside a transaction", BOUND, async || {
        let idle = world
            .count("SELECT count(*) FROM pg_stat_activity WHERE state = 'idle in transaction'")
            .await;
        (idle > 0).then_some(())
    })
    .await;
    let standby = world.centre.plan("workers").start();
    world.shops[0].till.all_numbered().await;
    world.shops[0].till.sell_many(10).await;
    world.shops[0].till.all_numbered().await;
    assert_eq!(world.count("SELECT count(*) FROM sale").await, 20);
    world.books_are_right().await;
    drop(standby);
}

#[tokio::test]
async fn two_numbering_processes_at_once_leave_no_gap_and_double_nothing() {
    let world = World::with_shops(2).await;
    let standbys = [world.centre.plan("numbering").start(), world.centre.plan("numbering").start()];
    for _ in 0..10 {
        for shop in &world.shops {
            shop.till.sell_many(5).await;
        }
    }
    for shop in &world.shops {
        shop.till.all_numbered().await;
    }
    assert_eq!(world.count("SELECT max(no) FROM invoice").await, 100);
    world.books_are_right().await;
    drop(standbys);
}

#[tokio::test]
async fn a_standby_takes_over_when_numbering_dies() {
    let mut world = World::with_shops(1).await;
    let standby = world.centre.plan("numbering").start();
    world.shops[0].till.sell_many(3).await;
    world.centre.numbering.kill();
    let last = world.shops[0].till.sell().await;
    assert_eq!(world.shops[0].till.number_of(&last.ticket_id).await, 4);
    world.books_are_right().await;
    drop(standby);
}
