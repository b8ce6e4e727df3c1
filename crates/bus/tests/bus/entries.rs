use bus::{
    BusError,
    entries::{self, ShardConsumer, consumer_name},
    wait_all,
};
use schemas::{Entry, subjects::POS_STREAM};

use testkit::{BOUND, wait_until};

use crate::server::{connected, entry, pos_subject, soon, with_streams};

/// Takes `count` messages, acks them, and gives back the entries.
async fn take(consumer: &mut ShardConsumer, count: usize) -> Vec<Entry> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let batch = soon("an entry", consumer.next_batch(count - taken.len())).await.unwrap();
        consumer.ack(&batch).await.unwrap();
        taken.extend(batch.into_iter().map(|delivery| delivery.entry.unwrap()));
    }
    taken
}

#[tokio::test]
async fn an_entry_arrives_byte_for_byte_and_a_resend_is_not_swallowed() {
    let (_nats, bus) = with_streams().await;
    let (subject, sent) = (pos_subject(3), entry(1));
    let mut consumer = ShardConsumer::open(&bus, 3).await.unwrap();
    for attempt in [0, 0, 1] {
        entries::publish(&bus, &subject, &sent, attempt).await.unwrap().wait().await.unwrap();
    }
    assert_eq!(entries::backlog(&bus, 3).await.unwrap(), 2);
    assert_eq!(entries::backlog(&bus, 0).await.unwrap(), 0);
    let batch = soon("an entry", consumer.next_batch(1)).await.unwrap();
    assert_eq!(batch[0].subject.as_ref().unwrap(), &subject);
    assert_eq!(batch[0].entry.as_ref().unwrap(), &sent);
    consumer.ack(&batch).await.unwrap();
    assert_eq!(take(&mut consumer, 1).await, [sent], "the first attempt came once");
    wait_until("nothing waits", BOUND, || async {
        Some(entries::backlog(&bus, 3).await.unwrap()).filter(|backlog| *backlog == 0)
    })
    .await;
}

#[tokio::test]
async fn what_is_no_entry_is_told_and_stops_nothing() {
    let (nats, bus) = with_streams().await;
    let intruder = nats.jetstream().await;
    let mut consumer = ShardConsumer::open(&bus, 0).await.unwrap();
    intruder.publish("pos.0.not.a.subject.x", "{}".into()).await.unwrap().await.unwrap();
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("ce-source", "/edges/nobody");
    let subject = pos_subject(0).to_string();
    let sent = intruder.publish_with_headers(subject, headers, "{}".into()).await;
    sent.unwrap().await.unwrap();
    entries::publish(&bus, &pos_subject(0), &entry(1), 0).await.unwrap().wait().await.unwrap();

    let mut seen = Vec::new();
    while seen.len() < 3 {
        seen.extend(soon("a message", consumer.next_batch(3)).await.unwrap());
    }
    assert!(seen[0].subject.is_err() && seen[0].entry.is_err());
    assert!(seen[1].subject.is_ok());
    let malformed = seen[1].entry.as_ref().unwrap_err();
    assert!(malformed.why.contains("ce-source"), "{malformed}");
    assert_eq!(seen[2].entry.as_ref().unwrap(), &entry(1));
}

#[tokio::test]
async fn a_burst_is_taken_in_large_batches_and_in_order() {
    const BURST: u64 = 4_000;
    let (_nats, bus) = with_streams().await;
    let mut acks = Vec::new();
    for seq in 1..=BURST {
        acks.push(entries::publish(&bus, &pos_subject(1), &entry(seq), 0).await.unwrap());
    }
    wait_all(acks).await.unwrap();
    assert_eq!(entries::backlog(&bus, 1).await.unwrap(), BURST, "without a consumer yet");
    let mut consumer = ShardConsumer::open(&bus, 1).await.unwrap();
    let (mut next, mut largest) = (1, 0);
    while next <= BURST {
        bus.flush().await.unwrap();
        let batch = soon("entries", consumer.next_batch(500)).await.unwrap();
        largest = largest.max(batch.len());
        for delivery in &batch {
            assert_eq!(delivery.entry.as_ref().unwrap().seq, next);
            next += 1;
        }
        consumer.ack(&batch).await.unwrap();
    }
    assert!(largest > 128 && largest <= 500, "the largest batch had {largest}");
}

#[tokio::test]
async fn whoever_comes_next_gets_what_was_not_acked_at_once() {
    let (_nats, bus) = with_streams().await;
    let mut first = ShardConsumer::open(&bus, 0).await.unwrap();
    for seq in 1..=10 {
        entries::publish(&bus, &pos_subject(0), &entry(seq), 0)
            .await
            .unwrap()
            .wait()
            .await
            .unwrap();
    }
    assert_eq!(take(&mut first, 4).await.len(), 4);
    let held = soon("entries", first.next_batch(3)).await.unwrap();
    assert!(!held.is_empty());
    // Its process dies here: nothing more is acked.
    drop(first);
    let mut second = ShardConsumer::open(&bus, 0).await.unwrap();
    let mut last = 0;
    while last < 10 {
        let batch = soon("what was not acked", second.next_batch(10)).await.unwrap();
        second.ack(&batch).await.unwrap();
        last = batch.last().unwrap().entry.as_ref().unwrap().seq;
    }
}

#[tokio::test]
async fn a_consumer_deleted_under_a_running_one_is_made_again() {
    let (nats, bus) = with_streams().await;
    let mut consumer = ShardConsumer::open(&bus, 0).await.unwrap();
    entries::publish(&bus, &pos_subject(0), &entry(1), 0).await.unwrap().wait().await.unwrap();
    assert_eq!(take(&mut consumer, 1).await, [entry(1)]);

    let intruder = nats.jetstream().await;
    intruder.delete_consumer_from_stream(consumer_name(0), POS_STREAM).await.unwrap();
    entries::publish(&bus, &pos_subject(0), &entry(2), 0).await.unwrap().wait().await.unwrap();
    // The new consumer begins at the beginning: entry 1 may come again.
    soon("entry 2", async { while take(&mut consumer, 1).await != [entry(2)] {} }).await;
}

#[tokio::test]
async fn a_restarted_and_a_wiped_broker_are_waited_out() {
    let (mut nats, bus) = with_streams().await;
    let mut consumer = ShardConsumer::open(&bus, 0).await.unwrap();
    let refused = {
        nats.stop().await;
        let mut connection = bus.connection();
        soon(
            "the loss of the line",
            connection.wait_for(|now| *now == bus::Connection::Disconnected),
        )
        .await
        .unwrap();
        entries::publish(&bus, &pos_subject(0), &entry(1), 0).await.err()
    };
    assert!(matches!(refused, Some(BusError::Disconnected)), "{refused:?}");
    nats.restart().await;
    connected(&bus).await;
    entries::publish(&bus, &pos_subject(0), &entry(1), 0).await.unwrap().wait().await.unwrap();
    assert_eq!(take(&mut consumer, 1).await, [entry(1)]);

    nats.wipe().await;
    connected(&bus).await;
    bus::topology::ensure(&bus, &Default::default()).await.unwrap();
    entries::publish(&bus, &pos_subject(0), &entry(2), 0).await.unwrap().wait().await.unwrap();
    assert_eq!(take(&mut consumer, 1).await, [entry(2)]);
}

#[tokio::test]
async fn an_edge_starts_without_a_line_and_is_connected_when_there_is_one() {
    let (mut nats, _bus) = with_streams().await;
    nats.stop().await;
    let edge = bus::Bus::connect_lazily(&bus::Settings::plain(nats.url()), "edge").await.unwrap();
    let sent = entries::publish(&edge, &pos_subject(0), &entry(1), 0).await.err();
    assert!(matches!(sent, Some(BusError::Disconnected)), "{sent:?}");
    let mut connection = edge.connection();
    assert_eq!(*connection.borrow_and_update(), bus::Connection::Disconnected);
    nats.restart().await;
    let line = connection.wait_for(|now| *now == bus::Connection::Connected);
    soon("the first connection", line).await.unwrap();
    entries::publish(&edge, &pos_subject(0), &entry(1), 0).await.unwrap().wait().await.unwrap();
}
