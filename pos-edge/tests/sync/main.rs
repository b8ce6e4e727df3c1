//! The sync of a real journal with a real broker and a centre by hand, through
//! what can happen to a line, to a stream and to a notice.
#![expect(clippy::unwrap_used, reason = "tests")]

mod centre;
mod store;

use bus::facts::FactMessage;
use domain::catalogue::content_hash;
use rust_decimal::Decimal;
use schemas::{
    Clock, SaleId, SystemClock,
    catalogue::{CatalogueRef, StockItem},
    edge_api::{LinkState, TicketStatus},
    facts::{FactKind, StockMovedLine, StockMovedV1},
    requests::StockLevel,
    subjects,
};
use testkit::{BOUND, Nats, sample_catalogue, wait_until};
use uuid::Uuid;

use centre::{Books, Centre, make_streams};
use store::{Store, copy_of, identity, line_to};

struct World {
    store: Store,
    centre: Centre,
    line: testkit::Line,
    nats: Nats,
}

async fn world(books: Books) -> World {
    let identity = identity();
    let nats = Nats::new().await;
    let line = line_to(&nats).await;
    let centre = Centre::start(&nats, identity, books).await;
    let store = Store::open(identity).await;
    World { store, centre, line, nats }
}

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
async fn a_number_whose_fact_was_lost_is_asked_for() {
    let books = Books { loses_facts: [7, 8, 30].into(), ..Books::default() };
    let World { store, centre, line, nats: _nats } = world(books).await;
    let sync = store.sync(&line);
    store.sell(50).await;
    store.all_numbered().await;
    assert!(centre.books().mapping_pages > 0);
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_come_without_any_fact_in_pages() {
    let books = Books { facts_lost: true, ..Books::default() };
    let World { store, centre, line, nats: _nats } = world(books).await;
    let sync = store.sync(&line);
    store.sell(1_200).await;
    store.all_numbered().await;
    assert!(centre.books().mapping_pages >= 3, "500 rows a page");
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn facts_that_were_published_again_change_nothing() {
    let World { store, centre, line, mut nats } = world(Books::default()).await;
    let sync = store.sync(&line);
    store.sell(100).await;
    store.all_numbered().await;
    nats.wipe().await;
    make_streams(&centre.bus).await;
    centre.publish_facts_again().await;
    store.sell(20).await;
    store.all_numbered().await;
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_does_not_verify_is_not_believed() {
    let World { store, centre, line, nats: _nats } =
        world(Books { facts_lost: true, ..Books::default() }).await;
    store.sell(3).await;
    let sync = store.sync(&line);
    store.all_numbered().await;
    // Number 4 is announced by someone who does not know the register's rules.
    let mut forged = centre.books().register.last().unwrap().clone();
    forged.mapping_seq = 4;
    forged.no = 1_000_000;
    let fact = FactMessage {
        subject: subjects::fact(
            store.identity.tenant_id,
            store.identity.branch_id,
            FactKind::InvoiceAssigned,
        ),
        branch_id: store.identity.branch_id,
        fact_seq: 4,
        fact_id: "forged".to_owned(),
        kind: FactKind::InvoiceAssigned.as_str().to_owned(),
        schema_version: 1,
        occurred_at: SystemClock.now(),
        body: serde_json::to_vec(&forged).unwrap().into(),
    };
    bus::facts::publish(&centre.bus, &fact).await.unwrap().wait().await.unwrap();
    store.sell(1).await;
    store.all_numbered().await;
    sync.stop().await;
}

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
async fn books_from_an_older_backup_get_the_entries_again() {
    let World { store, centre, line, nats: _nats } = world(Books::default()).await;
    let sync = store.sync(&line);
    store.sell(60).await;
    store.all_numbered().await;
    {
        let mut books = centre.books();
        books.archive.truncate(20);
        books.cursor = books
            .archive
            .last()
            .map(|entry| schemas::requests::JournalHead { seq: entry.seq, hash: entry.hash });
    }
    centre.has(61).await;
    sync.shows("the books' place", |view| view.books_seq == 61).await;
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_newest_catalogue_comes_from_the_bucket_or_else_from_the_centre() {
    let World { store, centre, line, nats: _nats } = world(Books::default()).await;
    let (tenant, branch) = (store.identity.tenant_id, store.identity.branch_id);
    let publish = |version| {
        let bytes = serde_json::to_vec(&sample_catalogue(tenant, branch, version)).unwrap();
        let reference = CatalogueRef { version, content_hash: content_hash(&bytes) };
        centre.books().catalogue = Some((reference, bytes.clone()));
        (reference, bytes)
    };
    let in_use = async |wanted: CatalogueRef| {
        let mut catalogue = store.journal.catalogue();
        let used =
            catalogue.wait_for(|used| used.as_ref().is_some_and(|used| used.reference == wanted));
        tokio::time::timeout(BOUND, used).await.expect("is used in time").unwrap();
    };
    // Nobody has put it into the bucket.
    let (first, _) = publish(1);
    let sync = store.sync(&line);
    in_use(first).await;
    // The bucket has another one than the books.
    bus::catalogue::put(&centre.bus, tenant, branch, b"{}".to_vec()).await.unwrap();
    let (second, bytes) = publish(2);
    in_use(second).await;
    // The version goes back, as after a restore; the content counts.
    bus::catalogue::put(&centre.bus, tenant, branch, bytes).await.unwrap();
    let (first_again, bytes) = publish(1);
    bus::catalogue::put(&centre.bus, tenant, branch, bytes).await.unwrap();
    in_use(first_again).await;
    // One that breaks a rule does not replace one that works.
    let bytes = b"{\"no\":\"catalogue\"}".to_vec();
    let reference = CatalogueRef { version: 3, content_hash: content_hash(&bytes) };
    centre.books().catalogue = Some((reference, bytes));
    sync.shows("that it is unusable", |view| {
        view.last_error.as_ref().is_some_and(|error| error.contains("catalogue"))
    })
    .await;
    in_use(first_again).await;
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stock_comes_from_a_snapshot_and_then_from_facts() {
    let item: schemas::StockItemId = testkit::sample_id("milk");
    let level = StockLevel { stock_item_id: item, stock_no: 3, level: Decimal::from(900) };
    let books = Books { levels: vec![level], ..Books::default() };
    let World { store, centre, line, nats: _nats } = world(books).await;
    let sync = store.sync(&line);
    let shows = async |wanted: i64| {
        wait_until(&format!("the store sees {wanted}"), BOUND, async || {
            let asked = StockItem { stock_item_id: item, name: String::new(), unit: "ml".into() };
            let seen = store.journal.stock(vec![asked]).await.unwrap();
            (seen.first()?.level == Decimal::from(wanted)).then_some(())
        })
        .await;
    };
    shows(900).await;
    let moved = |stock_no: u64, level: i64| StockMovedV1 {
        branch_id: store.identity.branch_id,
        edge_id: store.identity.edge_id,
        edge_seq: 1,
        sale_id: SaleId::from_uuid(Uuid::now_v7()),
        moved_at: SystemClock.now(),
        lines: vec![StockMovedLine {
            stock_item_id: item,
            stock_no,
            delta: Decimal::from(-200),
            level_after: Decimal::from(level),
            unit: "ml".to_owned(),
        }],
    };
    // The older one comes late, and must not win.
    for (fact_seq, movement) in [(1, moved(5, 500)), (2, moved(4, 700))] {
        let fact = FactMessage {
            subject: subjects::fact(
                store.identity.tenant_id,
                store.identity.branch_id,
                FactKind::StockMoved,
            ),
            branch_id: store.identity.branch_id,
            fact_seq,
            fact_id: format!("moved {fact_seq}"),
            kind: FactKind::StockMoved.as_str().to_owned(),
            schema_version: 1,
            occurred_at: SystemClock.now(),
            body: serde_json::to_vec(&movement).unwrap().into(),
        };
        bus::facts::publish(&centre.bus, &fact).await.unwrap().wait().await.unwrap();
    }
    shows(500).await;
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_settings_end_it_with_a_reason() {
    let store = Store::open(identity()).await;
    let nats = bus::Settings {
        ca_file: Some("/nowhere/ca.pem".into()),
        ..bus::Settings::plain("nats://127.0.0.1:1")
    };
    let handle = pos_edge::sync::spawn(
        store.journal.clone(),
        pos_edge::sync::SyncSettings::with(nats),
        std::sync::Arc::new(SystemClock),
        tokio_util::sync::CancellationToken::new(),
    );
    let error = tokio::time::timeout(BOUND, handle.ended()).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("/nowhere/ca.pem"), "{error:#}");
}
