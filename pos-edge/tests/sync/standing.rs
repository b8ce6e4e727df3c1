//! What a store is told when something is wrong, and that it is tried on.

use std::sync::Arc;

use pos_edge::sync::{self, SyncSettings};
use schemas::{SystemClock, edge_api::TicketStatus, subjects};
use testkit::{BOUND, wait_until};
use tokio_util::sync::CancellationToken;

use crate::{
    World,
    centre::{Books, make_streams},
    store::{Store, copy_of, identity},
    world,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_was_rolled_back_stops_selling_and_publishing() {
    let World { store, centre, line, nats: _nats } = world(Books::default()).await;
    let sync = store.sync(&line);
    store.sell(3).await;
    store.all_numbered().await;
    sync.stop().await;
    store.journal.close().await;
    let older = copy_of(store.dir.path());
    let newer = store.copied_to(copy_of(store.dir.path())).await;
    newer.sell(5).await;
    let sync = newer.sync(&line);
    newer.all_numbered().await;
    sync.stop().await;
    // The disk comes back as it was five sales ago, and sells on.
    let older = store.copied_to(older).await;
    older.sell(1).await;
    let received = centre.books().received;
    let sync = older.sync(&line);
    let view = sync
        .shows("what is wrong", |view| {
            view.last_error.as_ref().is_some_and(|error| error.contains("older than the books"))
        })
        .await;
    assert_eq!(view.books_seq, 4, "a cursor that is not ours is not believed");
    let refusal = older.try_to_sell().await.unwrap_err();
    assert!(refusal.to_string().contains("may not sell"), "{refusal}");
    assert_eq!(centre.books().received, received, "its other history is not sent");
    // The centre goes on hearing of it.
    centre.books().last_heartbeat = None;
    wait_until("heartbeats go on", BOUND, async || {
        centre.books().last_heartbeat.is_some().then_some(())
    })
    .await;
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_held_store_shows_why_and_goes_on_when_released() {
    let held = Some("two journals claim entry 7".to_owned());
    let books = Books { held, idle: true, ..Books::default() };
    let World { store, centre, line, nats: _nats } = world(books).await;
    store.sell(5).await;
    let sync = store.sync(&line);
    let error = store.newest_ticket_is(TicketStatus::Error).await.unwrap();
    assert!(error.contains("two journals claim entry 7"), "{error}");
    {
        let mut books = centre.books();
        books.held = None;
        books.idle = false;
    }
    store.all_numbered().await;
    store.sell(1).await;
    assert_eq!(store.newest_ticket_is(TicketStatus::Synced).await, None);
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_the_centre_refuses_shows_why() {
    let books = Books { refuses: Some("a newer edge sells here".to_owned()), ..Books::default() };
    let World { store, centre, line, nats: _nats } = world(books).await;
    centre.books().idle = true;
    store.sell(1).await;
    let sync = store.sync(&line);
    let error = store.newest_ticket_is(TicketStatus::Error).await.unwrap();
    assert!(error.contains("a newer edge sells here"), "{error}");
    centre.books().refuses = None;
    store.newest_ticket_is(TicketStatus::Pending).await;
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_takes_nothing_shows_on_the_tickets_and_is_tried_on() {
    let World { store, centre, line, nats } = world(Books::default()).await;
    let jetstream = nats.jetstream().await;
    jetstream.delete_stream(subjects::POS_STREAM).await.unwrap();
    store.sell(10).await;
    let sync = store.sync(&line);
    let error = store.newest_ticket_is(TicketStatus::Error).await.unwrap();
    assert!(error.contains("was not taken"), "{error}");
    make_streams(&centre.bus).await;
    store.all_numbered().await;
    sync.shows("no error any more", |view| view.last_error.is_none()).await;
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_end_it_with_a_reason() {
    let store = Store::open(identity()).await;
    let nats = bus::Settings {
        ca_file: Some("/nowhere/ca.pem".into()),
        ..bus::Settings::plain("nats://127.0.0.1:1")
    };
    let handle = sync::spawn(
        store.journal.clone(),
        SyncSettings::with(nats),
        Arc::new(SystemClock),
        CancellationToken::new(),
    );
    let error = tokio::time::timeout(BOUND, handle.ended()).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("/nowhere/ca.pem"), "{error:#}");
}
