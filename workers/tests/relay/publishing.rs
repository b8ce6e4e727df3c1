//! From the books into the stream, and again when the stream forgets.

use bus::facts::{self, FactMessage};
use schemas::{Clock, SystemClock, facts::FactKind, subjects};
use store::{
    recovery,
    relay::{FactHead, Most},
};
use testkit::{BOUND, Store, seed_company, sqlx, wait_until};

use crate::stage::{Stage, enqueue, fact};

async fn head(stage: &Stage, store: &Store) -> FactHead {
    let mut conn = stage.books.pool.acquire().await.unwrap();
    let heads = store::relay::heads(&mut conn, false).await.unwrap();
    heads.into_iter().find(|head| head.branch_id == store.branch_id).unwrap()
}

async fn published(stage: &Stage, store: &Store, up_to: u64) {
    wait_until("the facts are published", BOUND, || async {
        (head(stage, store).await.published_seq >= up_to).then_some(())
    })
    .await;
}

#[tokio::test]
async fn facts_arrive_in_order_with_their_bodies() {
    let stage = Stage::new().await;
    let running = stage.run();
    for store in &stage.company.stores {
        enqueue(&stage.books.pool, store, "fact", 2_345).await;
    }
    let _centre = stage.centre().await;
    for store in &stage.company.stores {
        let facts = stage.follow(store, 2_345).await;
        let last = facts.last().unwrap();
        assert_eq!(
            last.subject,
            subjects::fact(store.tenant_id, store.branch_id, FactKind::ExceptionRaised)
        );
        assert_eq!(last.fact_id, format!("{}:fact-2344", store.branch_id));
        assert_eq!(last.body, r#"{"name":"fact-2344"}"#);
        let streamed = stage.streamed(store, 2_345).await;
        assert_eq!(streamed[&2_345], *last);
    }
    running.stop().await;
}

#[tokio::test]
async fn a_crash_after_placing_publishes_later_and_one_after_publishing_doubles_nothing() {
    let stage = Stage::new().await;
    let store = &stage.company.stores[0];
    let pool = &stage.books.pool;
    enqueue(pool, store, "placed", 20).await;
    enqueue(pool, store, "pending", 10).await;
    // It placed the first run and ended.
    let mut tx = pool.begin().await.unwrap();
    let one = Most { runs: 1, facts: 1_000 };
    store::relay::place_facts(&mut tx, one, &[], SystemClock.now()).await.unwrap();
    tx.commit().await.unwrap();
    let running = stage.run();
    published(&stage, store, 30).await;
    running.stop().await;
    // It published and ended before it noted so.
    sqlx::query("UPDATE fact_head SET published_seq = 11 WHERE published_seq = 30")
        .execute(pool)
        .await
        .unwrap();
    let running = stage.run();
    published(&stage, store, 30).await;
    running.stop().await;
    let mut stream = stage.nats.jetstream().await.get_stream("BOOKS").await.unwrap();
    assert_eq!(stream.info().await.unwrap().state.messages, 30);
    let _centre = stage.centre().await;
    stage.follow(store, 30).await;
}

#[tokio::test]
async fn a_stream_that_is_deleted_under_way_is_filled_again() {
    let stage = Stage::new().await;
    let running = stage.run();
    let _centre = stage.centre().await;
    let (store, other) = (&stage.company.stores[0], &stage.company.stores[1]);
    enqueue(&stage.books.pool, other, "quiet", 40).await;
    published(&stage, other, 40).await;
    let jetstream = stage.nats.jetstream().await;
    let losing = async {
        for round in 0..3_u64 {
            enqueue(&stage.books.pool, store, &format!("round-{round}"), 1_500).await;
            published(&stage, store, 1_500 * round + 400).await;
            jetstream.delete_stream("BOOKS").await.unwrap();
        }
    };
    let (followed, ()) = tokio::join!(stage.follow(store, 4_500), losing);
    assert_eq!(followed.len(), 4_500);
    // In the end the stream itself holds all of both stores again.
    let streamed = stage.streamed(store, 4_500).await;
    for (streamed, followed) in streamed.values().zip(&followed) {
        assert_eq!(streamed, followed, "the same id, place and bytes");
    }
    stage.streamed(other, 40).await;
    running.stop().await;
}

#[tokio::test]
async fn a_broker_that_lost_its_disk_is_filled_again() {
    let mut stage = Stage::new().await;
    let running = stage.run();
    let store = stage.company.stores[0].clone();
    enqueue(&stage.books.pool, &store, "before", 700).await;
    published(&stage, &store, 700).await;
    stage.nats.wipe().await;
    enqueue(&stage.books.pool, &store, "after", 50).await;
    stage.streamed(&store, 750).await;
    running.stop().await;
}

#[tokio::test]
async fn a_purged_stream_is_filled_again_although_the_broker_remembers_the_ids() {
    let stage = Stage::new().await;
    let running = stage.run();
    let store = &stage.company.stores[0];
    enqueue(&stage.books.pool, store, "fact", 100).await;
    published(&stage, store, 100).await;
    let stream = stage.nats.jetstream().await.get_stream("BOOKS").await.unwrap();
    // The newest ten vanish one by one: nothing but a tail that is behind tells.
    for sequence in 91..=100 {
        stream.delete_message(sequence).await.unwrap();
    }
    stage.streamed(store, 100).await;
    running.stop().await;
}

#[tokio::test]
async fn a_message_that_is_no_fact_stops_no_store() {
    let stage = Stage::new().await;
    let (store, other) = (&stage.company.stores[0], &stage.company.stores[1]);
    let running = stage.run();
    enqueue(&stage.books.pool, store, "fact", 10).await;
    published(&stage, store, 10).await;
    running.stop().await;
    // The newest message of the store; whoever begins compares with it first.
    let subject = subjects::fact(store.tenant_id, store.branch_id, FactKind::SaleFinalized);
    let jetstream = stage.nats.jetstream().await;
    jetstream.publish(subject, "no fact at all".into()).await.unwrap().await.unwrap();
    let running = stage.run();
    enqueue(&stage.books.pool, other, "fact", 10).await;
    published(&stage, other, 10).await;
    enqueue(&stage.books.pool, store, "more", 10).await;
    published(&stage, store, 20).await;
    stage.streamed(store, 20).await;
    stage.streamed(other, 10).await;
    running.stop().await;
}

#[tokio::test]
async fn a_fact_that_is_refused_stops_no_other_store() {
    let stage = Stage::new().await;
    let running = stage.run();
    let (store, other) = (&stage.company.stores[0], &stage.company.stores[1]);
    let mut large = fact(store, "large");
    large.body = Some(format!("\"{}\"", "x".repeat(600_000)).into_bytes());
    let mut conn = stage.books.pool.acquire().await.unwrap();
    let facts = [fact(store, "first"), large, fact(store, "third")];
    store::outbox::enqueue(&mut conn, &facts).await.unwrap();
    drop(conn);
    enqueue(&stage.books.pool, other, "fact", 500).await;
    published(&stage, other, 500).await;
    published(&stage, store, 1).await;
    enqueue(&stage.books.pool, other, "more", 500).await;
    published(&stage, other, 1_000).await;
    let FactHead { last_seq, published_seq, .. } = head(&stage, store).await;
    assert_eq!((last_seq, published_seq), (3, 1), "it waits, and so does what is behind it");
    // A person makes it smaller; it goes on by itself.
    sqlx::query("UPDATE outbox SET bodies[2] = '\"small\"' WHERE branch_id = $1")
        .bind(store.branch_id.as_uuid())
        .execute(&stage.books.pool)
        .await
        .unwrap();
    published(&stage, store, 3).await;
    stage.streamed(store, 3).await;
    running.stop().await;
}

#[tokio::test]
async fn books_older_than_the_stream_publish_nothing_under_places_that_are_taken() {
    let stage = Stage::new().await;
    let (store, beside) = (&stage.company.stores[0], &stage.company.stores[1]);
    let strangers = seed_company(&stage.books.pool, 1).await;
    let other = &strangers.stores[0];
    let from_the_future = FactMessage {
        subject: subjects::fact(store.tenant_id, store.branch_id, FactKind::ExceptionRaised),
        branch_id: store.branch_id,
        fact_seq: 5,
        fact_id: "from-the-future".to_owned(),
        kind: FactKind::ExceptionRaised.as_str().to_owned(),
        schema_version: 1,
        occurred_at: SystemClock.now(),
        body: "{}".into(),
    };
    facts::publish(&stage.bus, &from_the_future).await.unwrap().wait().await.unwrap();
    enqueue(&stage.books.pool, store, "again", 3).await;
    for store in [beside, other] {
        enqueue(&stage.books.pool, store, "fact", 10).await;
    }
    let running = stage.run();
    published(&stage, other, 10).await;
    // Its company waits for a recovery, which is called for; other companies do not.
    for store in [store, beside] {
        let FactHead { last_seq, published_seq, .. } = head(&stage, store).await;
        assert_eq!((last_seq, published_seq), (0, 0), "nothing gets a place");
    }
    let mut conn = stage.books.pool.acquire().await.unwrap();
    let needs = recovery::needs(&mut conn).await.unwrap();
    let [need] = &needs[..] else { panic!("one recovery is needed: {needs:?}") };
    assert_eq!(need.tenant_id, Some(store.tenant_id));
    assert!(need.reason.contains(&store.branch_id.to_string()), "{}", need.reason);
    let mut stream = stage.nats.jetstream().await.get_stream("BOOKS").await.unwrap();
    assert_eq!(stream.info().await.unwrap().state.messages, 11);
    // Also when the books have grown beyond it, under other ids.
    enqueue(&stage.books.pool, store, "beyond", 3).await;
    enqueue(&stage.books.pool, other, "more", 10).await;
    published(&stage, other, 20).await;
    assert_eq!(head(&stage, store).await.published_seq, 0);
    // Until the foreign facts were taken away, and the books' owner says that they are
    // recovered.
    stream.purge().filter(subjects::branch_facts(store.tenant_id, store.branch_id)).await.unwrap();
    let now = SystemClock.now();
    recovery::refill::close(&mut conn, &[need.recovery_id], "test", "{}", now).await.unwrap();
    published(&stage, store, 6).await;
    published(&stage, beside, 10).await;
    stage.streamed(store, 6).await;
    running.stop().await;
}
