//! Up to when a store is complete: never later than is proved, and a store that is not
//! heard is named so. Read through the back office's door.

use std::time::Duration;

use schemas::{
    Timestamp,
    back_office::{BoundBy, Completeness, Scope, StoreState},
    edge_api::SaleReceipt,
};
use serde_json::Value;
use testkit::{BOUND, sample_id, wait_until};
use tests::{DoorClient, Till, World};

/// How a store is, through its own client.
async fn of(office: &DoorClient) -> Completeness {
    let answer = office.get(&office.at("completeness")).await;
    serde_json::from_value(answer.json).expect("it is told as documented")
}

/// Waits until a store is as wanted.
async fn becomes(
    office: &DoorClient,
    what: &str,
    wanted: impl Fn(&Completeness) -> bool,
) -> Completeness {
    let within = BOUND.max(Duration::from_secs(40));
    wait_until(what, within, async || {
        let now = of(office).await;
        wanted(&now).then_some(now)
    })
    .await
}

/// Whether T is at or after a moment.
fn covers(store: &Completeness, at: Timestamp) -> bool {
    store.complete_up_to.is_some_and(|up_to| up_to >= at)
}

/// A till asks about a sale that has its number: it is heard after the sale.
async fn asks(till: &Till, sale: &SaleReceipt) {
    till.number_of(&sale.ticket_id).await;
    till.ticket(&sale.ticket_id).await.expect("it is there");
}

fn moment(text: &Value) -> Timestamp {
    serde_json::from_value(text.clone()).expect("a moment")
}

/// The latest that the books can prove of a shop, from what its edge said last.
async fn provable(world: &World, shop: usize) -> Timestamp {
    let edge = world.company.stores[shop].edge_id;
    let rows = world
        .rows(
            "SELECT h.edge_id, h.devices, o.ahead,
                    (extract(epoch FROM greatest(
                        h.proved_at,
                        CASE WHEN EXISTS (SELECT FROM edge_entry e WHERE e.edge_id = h.edge_id
                            AND e.seq = h.pending_seq AND e.hash = h.pending_hash)
                        THEN h.pending_at END,
                        CASE WHEN EXISTS (SELECT FROM edge_entry e WHERE e.edge_id = h.edge_id
                            AND e.seq = h.journal_seq AND e.hash = h.journal_hash)
                        THEN h.sent_at + o.ahead * interval '1 microsecond' END
                    )) * 1000000)::bigint AS proved_us
             FROM edge_heartbeat h CROSS JOIN LATERAL (
                SELECT least(h.clock_ahead_us,
                    (extract(epoch FROM h.received_at - h.sent_at) * 1000000)::bigint) AS ahead
             ) o",
        )
        .await;
    let row = rows
        .iter()
        .find(|row| row["edge_id"] == edge.to_string().as_str())
        .expect("the edge was heard");
    let ahead = row["ahead"].as_i64().expect("it had an answer");
    let proved = Timestamp::from_unix_micros(row["proved_us"].as_i64().expect("proved once"));
    let contacts = row["devices"].as_array().expect("its tills");
    contacts
        .iter()
        .map(|till| moment(&till["last_contact_at"]).plus_micros(ahead))
        .fold(proved, Ord::min)
}

#[tokio::test]
async fn a_store_that_is_cut_off_is_named_silent_and_stands_still() {
    let world = World::with_shops(2).await;
    let (cut_off, online) = (&world.shops[0], &world.shops[1]);
    let (office, other) =
        (world.client(0, &[Scope::BooksRead]).await, world.client(1, &[Scope::BooksRead]).await);
    for (shop, office) in [(cut_off, &office), (online, &other)] {
        let mut last = shop.till.sell().await;
        for _ in 0..2 {
            last = shop.till.sell().await;
        }
        asks(&shop.till, &last).await;
        let level = becomes(office, "everything is in the books", |store| {
            covers(store, last.finalized_at) && store.state == StoreState::Level
        })
        .await;
        assert_eq!((level.journaled, level.numbered), (Some(level.confirmed), 3));
        assert_eq!((level.success_rate, level.held.as_deref()), (None, None));
        let room = level.storage.expect("it told of its disk");
        assert!(room.tickets_left > 0 && room.used_bytes < room.capacity_bytes);
    }

    cut_off.line.cut();
    cut_off.knows_it_is_cut_off().await;
    let mut offline = Vec::new();
    for _ in 0..4 {
        offline.push(cut_off.till.sell().await);
    }
    let silent = becomes(&office, "it is silent", |store| store.state == StoreState::Silent).await;
    assert!(!covers(&silent, offline[0].finalized_at), "{silent:?}");
    assert_eq!(silent.complete_up_to, Some(provable(&world, 0).await));
    // The other one goes on; this one stands.
    let meanwhile = online.till.sell().await;
    asks(&online.till, &meanwhile).await;
    becomes(&other, "the other goes on", |store| {
        store.state == StoreState::Level && covers(store, meanwhile.finalized_at)
    })
    .await;
    assert_eq!(of(&office).await.complete_up_to, silent.complete_up_to);

    cut_off.line.restore();
    let last = offline.last().expect("four sales");
    asks(&cut_off.till, last).await;
    let last = last.finalized_at;
    let back = becomes(&office, "it is complete again", |store| {
        store.state == StoreState::Level
            && covers(store, last)
            && store.outages.is_some_and(|outages| outages.recoveries > 0)
    })
    .await;
    let outages = back.outages.expect("it told of the outage");
    assert_eq!((outages.attempted, outages.finalized, outages.recoveries), (4, 4, 1));
    assert_eq!(back.success_rate.map(|rate| rate.to_string()).as_deref(), Some("1.0000"));
    let confirmed = outages.confirmed_p50_ms.expect("measured");
    assert!(outages.numbered_p99_ms.is_some_and(|numbered| numbered >= confirmed));
    // The same for whoever watches figures.
    let metrics = reqwest::get(format!("http://{}/metrics", world.centre.listen)).await;
    let metrics = metrics.expect("ingest answers").text().await.expect("as text");
    for figure in ["tillstream_store_complete_up_to_seconds", "tillstream_store_tickets_left"] {
        let told = metrics.lines().filter(|line| line.starts_with(figure)).count();
        assert_eq!(told, 2, "{figure} of both stores");
    }
    world.books_are_right().await;
}

#[tokio::test]
async fn a_till_that_is_away_and_a_sale_without_number_bound_it() {
    let mut world = World::with_shops(1).await;
    let office = world.client(0, &[Scope::BooksRead]).await;
    let shop = &world.shops[0];
    let away = shop.second_till("Counter 2", "Dara").await;
    let sold_away = away.sell().await;
    asks(&away, &sold_away).await;
    shop.till.sell().await;
    let later = shop.till.sell().await;
    asks(&shop.till, &later).await;
    let bounded = becomes(&office, "the till that is away bounds it", |store| {
        store.bound_by == BoundBy::Till && covers(store, sold_away.finalized_at)
    })
    .await;
    assert_eq!(bounded.bound_by_till, Some(sample_id("Counter 2")));
    assert!(!covers(&bounded, later.finalized_at), "it may have sold meanwhile");
    away.ticket(&sold_away.ticket_id).await.expect("it is back");
    becomes(&office, "it goes on with the till", |store| covers(store, later.finalized_at)).await;

    // Numbering stands still.
    world.centre.numbering.kill();
    let shop = &world.shops[0];
    let unnumbered = shop.till.sell().await;
    shop.till.ticket(&unnumbered.ticket_id).await.expect("it is there");
    away.ticket(&sold_away.ticket_id).await.expect("it is there");
    let waits = becomes(&office, "the sale bounds it", |store| {
        store.bound_by == BoundBy::Unnumbered && store.state == StoreState::Level
    })
    .await;
    assert!(covers(&waits, later.finalized_at), "{waits:?}");
}
