//! Every route of both HTTP APIs against requests that their OpenAPI documents
//! describe and requests that nobody should send, in one seeded sequence: no panic, no
//! 5xx, every refusal a clear one, every success as documented, and a refused request
//! has done nothing. Every NATS subject against messages that nobody should send: nobody
//! dies, nothing is booked of it, and selling goes on. Afterwards the books are right.
//!
//! More of it: `TILLSTREAM_FUZZ_REQUESTS=100000 TILLSTREAM_FUZZ_SEED=7`.

mod attack;
mod document;
mod examples;
mod schemathesis;
mod spoil;
mod subjects;
mod values;

use std::fs;

use attack::{Tally, Target, attack};
use rust_decimal::Decimal;
use schemas::back_office::Scope;
use testkit::{Service, sqlx};
use tests::{World, open_account};

/// What no service may say of itself.
fn is_well(service: &mut Service, name: &str) {
    assert!(service.is_running(), "{name} has died: {}", service.log());
    let log = service.log();
    assert!(!log.contains("panicked"), "{name} has panicked: {log}");
}

/// A sequence that leads nowhere proves nothing.
fn led_somewhere(tally: &Tally) {
    eprintln!("{tally:?}");
    assert!(tally.done * 10 > tally.sent, "hardly anything was done: {tally:?}");
    assert!(tally.refused * 10 > tally.sent, "hardly anything was refused: {tally:?}");
    assert!(tally.reached * 3 > tally.operations * 2, "too few operations worked: {tally:?}");
}

/// A store that has sold something, with a cashier and a manager who are logged in.
async fn edge_at_work() -> (World, Target) {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    shop.till.sell_many(3).await;
    shop.till.all_numbered().await;
    let manager = shop.second_till("Counter 2", "Dara").await;
    let operator = fs::read_to_string(shop.dir().join("operator.token")).expect("it is there");
    let (cashier, manager) = (shop.till.token(), manager.token());
    let tokens = [manager, manager, manager, cashier, cashier, cashier, operator.trim()];
    let target = Target {
        base: shop.till.base().to_owned(),
        tokens: tokens.map(ToOwned::to_owned).to_vec(),
        for_strangers: &["/v1/logout", "/v1/login"],
        taught: examples::taught(),
        examples: examples::at_an_edge(),
        may_fail: &[],
    };
    (world, target)
}

async fn edge_is_well(mut world: World) {
    is_well(&mut world.shops[0].edge, "pos-edge");
    world.shops[0].till.all_numbered().await;
    world.books_are_right().await;
}

#[tokio::test]
async fn no_request_breaks_an_edge() {
    let (world, target) = edge_at_work().await;
    // What was journaled, by all that it journals.
    let till = &world.shops[0].till;
    let tally = attack(&target, async || Some(till.sync().await?.journal_seq)).await;
    led_somewhere(&tally);
    edge_is_well(world).await;
}

#[tokio::test]
async fn schemathesis_finds_nothing_at_an_edge() {
    if schemathesis::is_installed() {
        let (world, target) = edge_at_work().await;
        schemathesis::attack(&target, &["/v1/updates", "/v1/logout", "/v1/login"]).await;
        edge_is_well(world).await;
    }
}

/// Two stores that have sold something, one of which goes on without its edge: its
/// tills sell at the direct door.
async fn centre_at_work() -> (World, Target) {
    let world = World::with_shops(2).await;
    for shop in &world.shops {
        shop.till.sell_many(3).await;
        shop.till.all_numbered().await;
    }
    let store = world.company.stores[1].clone();
    sqlx::query("UPDATE edge SET state = 'RETIRED' WHERE edge_id = $1")
        .bind(store.edge_id.as_uuid())
        .execute(&world.books.pool)
        .await
        .expect("an edge can be retired");
    let limit = Decimal::from(1_000_000);
    let customer = open_account(&world.books.pool, store.tenant_id, "Vanna", limit).await;
    let all = world.client(0, &Scope::ALL).await;
    let reader = world.client(1, &[Scope::BooksRead]).await;
    let target = Target {
        base: format!("http://{}", world.centre.listen),
        tokens: vec![all.token().to_owned(), all.token().to_owned(), reader.token().to_owned()],
        for_strangers: &[],
        taught: examples::taught(),
        examples: examples::at_the_centre(store.branch_id, customer),
        may_fail: &[],
    };
    (world, target)
}

async fn centre_is_well(mut world: World) {
    is_well(&mut world.centre.ingest, "ingest");
    is_well(&mut world.centre.workers, "workers");
    is_well(&mut world.centre.numbering, "numbering");
    for shop in &mut world.shops {
        is_well(&mut shop.edge, "pos-edge");
    }
    world.books_are_right().await;
}

#[tokio::test]
async fn no_request_breaks_the_centre() {
    let (world, target) = centre_at_work().await;
    let tally = attack(&target, async || None).await;
    led_somewhere(&tally);
    centre_is_well(world).await;
}

#[tokio::test]
async fn schemathesis_finds_nothing_at_the_centre() {
    if schemathesis::is_installed() {
        let (world, target) = centre_at_work().await;
        schemathesis::attack(&target, &[]).await;
        centre_is_well(world).await;
    }
}
