//! The servers fail: the broker forgets everything, or just the last message
//! of a burst; Postgres restarts or dies under load.

use futures::future::join_all;
use testkit::{BOUND, async_nats::jetstream, wait_until};
use tests::World;

const SALES: usize = 60;

#[tokio::test]
async fn the_brokers_store_is_wiped_while_sales_are_in_flight() {
    let mut world = World::with_shops(2).await;
    let World { shops, nats, .. } = &mut world;
    let selling = join_all(shops.iter().map(|shop| shop.till.sell_many(SALES)));
    let ((), _) = tokio::join!(
        async {
            nats.wipe().await;
            nats.wipe().await;
        },
        selling
    );
    for shop in &world.shops {
        shop.till.all_numbered().await;
    }
    assert_eq!(world.count("SELECT count(*) FROM sale").await, 2 * 60);
    world.books_are_right().await;
}

#[tokio::test]
async fn the_last_message_of_a_burst_is_lost() {
    let mut world = World::with_shops(1).await;
    world.shops[0].till.sell().await;
    world.shops[0].till.all_numbered().await;
    world.centre.workers.kill();
    world.shops[0].till.sell_many(5).await;
    let stream = world.nats.jetstream().await.get_stream("POS").await.expect("POS exists");
    let last = wait_until("the burst is in the stream", BOUND, async || {
        let state = stream.get_info().await.ok()?.state;
        // The pairing, the login, the opened session and six sales.
        (state.messages >= 9).then_some(state.last_sequence)
    })
    .await;
    assert!(stream.delete_message(last).await.expect("it can be deleted"));
    world.centre.workers = world.centre.plan("workers").start();
    world.shops[0].till.all_numbered().await;
    assert_eq!(world.count("SELECT max(no) FROM invoice").await, 6);
    world.books_are_right().await;
}

#[tokio::test]
async fn the_streams_are_deleted_and_their_consumers_with_them() {
    let world = World::with_shops(1).await;
    world.shops[0].till.sell_many(5).await;
    let jetstream: jetstream::Context = world.nats.jetstream().await;
    for stream in ["POS", "BOOKS", "KV_catalogue", "KV_register"] {
        jetstream.delete_stream(stream).await.expect("it can be deleted");
        world.shops[0].till.sell_many(5).await;
    }
    world.shops[0].till.all_numbered().await;
    assert_eq!(world.count("SELECT max(no) FROM invoice").await, 25);
    world.books_are_right().await;
}

#[tokio::test]
async fn postgres_restarts_under_load() {
    let mut world = World::with_shops(2).await;
    let World { shops, books, .. } = &mut world;
    let selling = join_all(shops.iter().map(|shop| shop.till.sell_many(SALES)));
    let ((), _) = tokio::join!(books.restart(), selling);
    for shop in &world.shops {
        shop.till.all_numbered().await;
    }
    assert_eq!(world.count("SELECT count(*) FROM invoice").await, 2 * 60);
    world.books_are_right().await;
}

#[tokio::test]
async fn postgres_and_the_broker_die_under_load() {
    let mut world = World::with_shops(2).await;
    let World { shops, books, nats, .. } = &mut world;
    let selling = join_all(shops.iter().map(|shop| shop.till.sell_many(SALES)));
    let ((), _) = tokio::join!(
        async {
            books.kill();
            nats.kill();
            tokio::join!(books.restart(), nats.restart());
        },
        selling
    );
    for shop in &world.shops {
        shop.till.all_numbered().await;
    }
    assert_eq!(world.count("SELECT count(*) FROM invoice").await, 2 * 60);
    world.books_are_right().await;
}
