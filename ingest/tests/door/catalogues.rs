use bytes::Bytes;
use schemas::catalogue::CatalogueV1;
use testkit::{BOUND, Books, Nats, Store, sample_catalogue, seed_company, wait_until};

use crate::setup::{Door, NOW, small_streams};

/// Waits until the bucket holds `wanted` for a store.
async fn bucket_holds(bus: &bus::Bus, store: &Store, wanted: &[u8]) {
    wait_until("the bucket holds the catalogue", BOUND, || async {
        let held = bus::catalogue::get(bus, store.tenant_id, store.branch_id).await;
        held.ok().flatten().filter(|held| held == wanted).map(drop)
    })
    .await;
}

/// Publishes a catalogue that differs from the sample; gives back its bytes.
async fn publish(books: &Books, store: &Store) -> Vec<u8> {
    let mut draft: CatalogueV1 = sample_catalogue(store.tenant_id, store.branch_id, 1);
    draft.seller.address = "another street".to_owned();
    let mut transaction = books.pool.begin().await.unwrap();
    let published = store::catalogues::publish(&mut transaction, draft, NOW).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(published.is_new);
    published.body
}

#[tokio::test]
async fn the_bucket_follows_the_books_also_when_it_is_lost() {
    let mut door = Door::open(2).await;
    for store in &door.company.stores {
        bucket_holds(&door.bus, store, &store.catalogue).await;
    }
    let store = door.store(1).clone();
    let newer = publish(&door.books, &store).await;
    bucket_holds(&door.bus, &store, &newer).await;
    bucket_holds(&door.bus, door.store(0), &door.store(0).catalogue).await;

    door.nats.wipe().await;
    bucket_holds(&door.bus, &store, &newer).await;
    bucket_holds(&door.bus, door.store(0), &door.store(0).catalogue).await;
}

#[tokio::test]
async fn a_bucket_that_somebody_changed_is_set_right_at_the_start() {
    let books = Books::new().await;
    let nats = Nats::new().await;
    let company = seed_company(&books.pool, 1).await;
    let store = company.stores[0].clone();
    let bus = bus::Bus::connect(&bus::Settings::plain(nats.url()), "test").await.unwrap();
    bus::topology::ensure(&bus, &small_streams()).await.unwrap();
    // The same version with other content, as restored books may give it out.
    let other = Bytes::from_static(b"{\"version\":1}");
    bus::catalogue::put(&bus, store.tenant_id, store.branch_id, other).await.unwrap();
    let door = Door::open_with(books, nats, company).await;
    bucket_holds(&door.bus, &store, &store.catalogue).await;
}
