//! Numbers on their way home: facts lost, repeated and forged.

use bus::facts::FactMessage;
use schemas::{Clock, SystemClock, facts::FactKind, subjects};

use crate::{
    World,
    centre::{Books, make_streams},
    world,
};

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
