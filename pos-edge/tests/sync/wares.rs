//! The catalogue and the stock levels.

use bus::facts::FactMessage;
use domain::catalogue::content_hash;
use rust_decimal::Decimal;
use schemas::{
    Clock, SaleId, SystemClock,
    catalogue::{CatalogueRef, StockItem},
    facts::{FactKind, StockMoveReason, StockMovedLine, StockMovedV1, StockMovedV2},
    requests::StockLevel,
    subjects,
};
use testkit::{BOUND, sample_catalogue, wait_until};
use uuid::Uuid;

use crate::{World, centre::Books, world};

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
    let tell = async |fact_seq: u64, schema_version: u16, body: Vec<u8>| {
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
            schema_version,
            occurred_at: SystemClock.now(),
            body: body.into(),
        };
        bus::facts::publish(&centre.bus, &fact).await.unwrap().wait().await.unwrap();
    };
    // The older one comes late, and must not win.
    for (fact_seq, movement) in [(1, moved(5, 500)), (2, moved(4, 700))] {
        tell(fact_seq, 1, serde_json::to_vec(&movement).unwrap()).await;
    }
    shows(500).await;
    // A delivery; what this build cannot read is passed over.
    tell(3, 3, b"{}".to_vec()).await;
    tell(4, 2, b"{}".to_vec()).await;
    let lines = moved(6, 2_500).lines;
    let delivered = StockMovedV2 {
        branch_id: store.identity.branch_id,
        document_id: Uuid::now_v7(),
        reason: StockMoveReason::Receipt,
        moved_at: SystemClock.now(),
        lines,
    };
    tell(5, 2, serde_json::to_vec(&delivered).unwrap()).await;
    shows(2_500).await;
    sync.stop().await;
}
