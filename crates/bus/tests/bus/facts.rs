use std::sync::{Arc, Mutex};

use bus::{
    Bus,
    facts::{self, FactFollower, FactMessage, Start},
    requests,
};
use bytes::Bytes;
use schemas::{
    Timestamp,
    facts::FactKind,
    requests::{FactV1, FactsReplyV1, FactsRequestV1},
    subjects,
};
use serde_json::value::RawValue;

use crate::server::{branch, connected, edge, soon, tenant, with_streams};

fn fact(fact_seq: u64) -> FactMessage {
    FactMessage {
        subject: subjects::fact(tenant(), branch(), FactKind::SaleFinalized),
        branch_id: branch(),
        fact_seq,
        fact_id: format!("{}:{fact_seq}:sale.finalized", edge()),
        kind: FactKind::SaleFinalized.as_str().to_owned(),
        schema_version: 1,
        occurred_at: Timestamp::from_unix_micros(1_790_000_000_000_000),
        body: Bytes::from(format!("{{\"n\": {fact_seq} }}")),
    }
}

async fn publish(bus: &Bus, seqs: impl IntoIterator<Item = u64>) {
    for seq in seqs {
        facts::publish(bus, &fact(seq)).await.unwrap().wait().await.unwrap();
    }
}

/// A centre whose books hold facts 1 to the number in `head`.
async fn centre(bus: &Bus, head: Arc<Mutex<u64>>) {
    let mut questions = requests::serve(bus).await.unwrap();
    bus.flush().await.unwrap();
    tokio::spawn(async move {
        while let Some(question) = questions.next().await {
            let asked: FactsRequestV1 = serde_json::from_slice(&question.body).unwrap();
            let head = *head.lock().unwrap();
            let last = head.min(asked.after_fact_seq + u64::from(asked.limit).min(2));
            let facts = (asked.after_fact_seq + 1..=last).map(|seq| {
                let FactMessage {
                    fact_seq, fact_id, kind, schema_version, occurred_at, body, ..
                } = fact(seq);
                let body =
                    RawValue::from_string(String::from_utf8(body.to_vec()).unwrap()).unwrap();
                FactV1 { fact_seq, fact_id, kind, schema_version, occurred_at, edge_id: None, body }
            });
            let reply = FactsReplyV1 { facts: facts.collect(), head, skipped: None };
            question.answer(&reply).await.unwrap();
        }
    });
}

async fn expect(follower: &mut FactFollower, seqs: std::ops::RangeInclusive<u64>) {
    for seq in seqs {
        assert_eq!(soon(&format!("fact {seq}"), follower.next()).await, fact(seq));
    }
}

#[tokio::test]
async fn a_fact_arrives_as_it_went_and_the_tail_is_known() {
    let (_nats, bus) = with_streams().await;
    assert_eq!(facts::tail(&bus, tenant(), branch()).await.unwrap(), 0);
    let mut all = facts::follow(&bus, subjects::BOOKS_ALL, Start::All);
    publish(&bus, [1, 2]).await;
    let mut new = facts::follow(&bus, subjects::branch_facts(tenant(), branch()), Start::New);
    new.connect().await.unwrap();
    publish(&bus, [3]).await;
    assert_eq!(facts::tail(&bus, tenant(), branch()).await.unwrap(), 3);
    for seq in 1..=3 {
        assert_eq!(soon("a fact", all.next()).await, fact(seq));
    }
    assert_eq!(soon("the new fact", new.next()).await, fact(3));
}

#[tokio::test]
async fn a_follower_stays_contiguous_when_the_stream_is_wiped_under_it() {
    let (mut nats, bus) = with_streams().await;
    let head = Arc::new(Mutex::new(3));
    centre(&bus, Arc::clone(&head)).await;
    // Facts 1 to 3 were never in the stream; 4 and 5 are.
    let mut follower = FactFollower::new(&bus, tenant(), branch(), edge(), 0);
    expect(&mut follower, 1..=3).await;
    *head.lock().unwrap() = 5;
    publish(&bus, [4, 5]).await;
    expect(&mut follower, 4..=5).await;

    nats.wipe().await;
    connected(&bus).await;
    bus::topology::ensure(&bus, &Default::default()).await.unwrap();
    // 6 and 7 went down with the stream.
    *head.lock().unwrap() = 8;
    publish(&bus, [8]).await;
    expect(&mut follower, 6..=8).await;
    // The relay notices and publishes everything again; then life goes on.
    *head.lock().unwrap() = 9;
    publish(&bus, 1..=9).await;
    expect(&mut follower, 9..=9).await;
    // The last message of a burst is lost, and nothing comes after it.
    *head.lock().unwrap() = 10;
    expect(&mut follower, 10..=10).await;
    assert_eq!(follower.last_seq(), 10);
}

#[tokio::test]
async fn what_is_no_fact_is_passed_over() {
    let (nats, bus) = with_streams().await;
    let intruder = nats.jetstream().await;
    let subject = subjects::fact(tenant(), branch(), FactKind::StockMoved);
    intruder.publish(subject, "?".into()).await.unwrap().await.unwrap();
    publish(&bus, [1]).await;
    let mut all = facts::follow(&bus, subjects::BOOKS_ALL, Start::All);
    assert_eq!(soon("a fact", all.next()).await, fact(1));
}

#[tokio::test]
async fn a_burst_is_whole_or_is_not_said_to_be() {
    let (_nats, bus) = with_streams().await;
    let burst = |seqs: std::ops::RangeInclusive<u64>| seqs.map(fact).collect::<Vec<_>>();
    assert!(facts::publish_burst(&bus, &[]).await.unwrap());
    assert!(facts::publish_burst(&bus, &burst(1..=1)).await.unwrap());
    assert!(facts::publish_burst(&bus, &burst(2..=500)).await.unwrap());
    assert_eq!(facts::tail(&bus, tenant(), branch()).await.unwrap(), 500);

    // Known before: the first, the last, or some between.
    for known in [500, 503, 505] {
        publish(&bus, [known]).await;
    }
    assert!(!facts::publish_burst(&bus, &burst(500..=502)).await.unwrap());
    assert!(!facts::publish_burst(&bus, &burst(504..=505)).await.unwrap());
    assert!(!facts::publish_burst(&bus, &burst(502..=507)).await.unwrap());
}
