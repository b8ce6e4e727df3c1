//! Entries on their way up: lost, delayed, wiped and cut off.

use schemas::{
    edge_api::{LinkState, TicketStatus},
    requests::JournalHead,
};
use testkit::{BOUND, wait_until};

use crate::{
    World,
    centre::{Books, make_streams},
    world,
};

#[tokio::test(flavor = "multi_thread")]
async fn every_sale_reaches_the_books_and_gets_its_number() {
    let World { store, centre, line, nats: _nats } = world(Books::default()).await;
    let sync = store.sync(&line);
    store.sell(300).await;
    store.all_numbered().await;
    assert_eq!(centre.books().archive.len(), 301);
    let view = sync.shows("a line that is up", |view| view.state == LinkState::Up).await;
    assert_eq!((view.books_seq, view.last_error), (301, None));
    assert!(view.clock_skew_us.unwrap().abs() < 5_000_000);
    wait_until("the centre hears of it", BOUND, async || {
        let heartbeat = centre.books().last_heartbeat.clone()?;
        let level = heartbeat.confirmed_seq == 301 && heartbeat.mapping_seq == 300;
        (level && heartbeat.highest_numbers[0].no == 300).then_some(())
    })
    .await;
    assert_eq!(centre.books().received, 301, "nothing was sent twice");
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_without_a_line_sells_and_catches_up_later() {
    let World { store, centre, line, nats: _nats } = world(Books::default()).await;
    line.cut();
    let sync = store.sync(&line);
    store.sell(1_000).await;
    let view = sync.shows("why nothing goes", |view| view.last_error.is_some()).await;
    assert_eq!(view.state, LinkState::Down);
    assert_eq!(store.newest_ticket_is(TicketStatus::Pending).await, None, "offline is no error");
    line.restore();
    store.all_numbered().await;
    sync.shows("a line that is up", |view| view.state == LinkState::Up).await;
    assert_eq!(centre.books().received, 1_001);
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_messages_of_a_burst_are_lost() {
    let books = Books { loses: (95..=101).collect(), ..Books::default() };
    let World { store, centre, line, nats: _nats } = world(books).await;
    let sync = store.sync(&line);
    store.sell(100).await;
    store.all_numbered().await;
    assert_eq!(centre.books().resends_asked, 0, "no later message showed the hole");
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_is_asked_for_and_filled() {
    // Heartbeats that nobody answers cannot have helped.
    let books = Books { loses: [40, 41].into(), deaf: true, ..Books::default() };
    let World { store, centre, line, nats: _nats } = world(books).await;
    let sync = store.sync(&line);
    store.sell(100).await;
    centre.has(101).await;
    assert_eq!(centre.books().resends_asked, 1);
    store.all_numbered().await;
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hole_is_found_when_every_notice_is_lost() {
    let books = Books { loses: [40].into(), mute: true, ..Books::default() };
    let World { store, line, nats: _nats, centre: _centre } = world(books).await;
    let sync = store.sync(&line);
    store.sell(100).await;
    store.all_numbered().await;
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_brokers_store_is_wiped_while_sales_are_in_flight() {
    let World { store, centre, line, mut nats } = world(Books::default()).await;
    let sync = store.sync(&line);
    store.sell(200).await;
    centre.has(50).await;
    // What the broker has acknowledged from here on is lost with it.
    centre.books().idle = true;
    store.sell(200).await;
    wait_until("the broker has taken them", BOUND, async || {
        (centre.books().received >= 401).then_some(())
    })
    .await;
    nats.wipe().await;
    centre.books().idle = false;
    make_streams(&centre.bus).await;
    store.sell(10).await;
    store.all_numbered().await;
    assert_eq!(centre.books().cursor().seq, 411);
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_is_cut_and_comes_back_again_and_again() {
    let World { store, centre, line, nats: _nats } = world(Books::default()).await;
    let sync = store.sync(&line);
    for round in 1..=4_u64 {
        sync.shows("a line", |view| view.state != LinkState::Down).await;
        store.sell(100).await;
        line.cut();
        store.sell(50).await;
        sync.shows("a broken line", |view| view.state != LinkState::Up).await;
        line.restore();
        centre.has(round * 150 + 1).await;
    }
    store.all_numbered().await;
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_looks_alive_and_carries_nothing_is_noticed() {
    let World { store, line, nats: _nats, centre: _centre } = world(Books::default()).await;
    let sync = store.sync(&line);
    sync.shows("a line that is up", |view| view.state == LinkState::Up).await;
    line.stall();
    store.sell(20).await;
    sync.shows("that it is down", |view| view.state == LinkState::Down).await;
    line.restore();
    store.all_numbered().await;
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn books_from_an_older_backup_get_the_entries_again() {
    let World { store, centre, line, nats: _nats } = world(Books::default()).await;
    let sync = store.sync(&line);
    store.sell(60).await;
    store.all_numbered().await;
    {
        let mut books = centre.books();
        books.archive.truncate(20);
        books.cursor =
            books.archive.last().map(|entry| JournalHead { seq: entry.seq, hash: entry.hash });
    }
    centre.has(61).await;
    sync.shows("the books' place", |view| view.books_seq == 61).await;
    sync.stop().await;
}
