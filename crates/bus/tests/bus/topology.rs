use std::time::Duration;

use bus::{
    BusError, entries,
    topology::{self, TopologySettings},
};
use schemas::subjects::POS_STREAM;

use testkit::{BOUND, Nats, wait_until};

use crate::server::{self, connected, entry_with, pos_subject, soon, with_streams};

#[tokio::test]
async fn streams_are_made_once_and_drift_behind_our_back_is_named_and_mended() {
    let nats = Nats::new().await;
    let bus = server::bus(&nats).await;
    let settings = TopologySettings::default();
    let missing = topology::check(&bus, &settings).await;
    assert!(matches!(missing, Err(BusError::Missing(_))), "{missing:?}");
    topology::ensure(&bus, &settings).await.unwrap();
    topology::ensure(&bus, &settings).await.unwrap();

    let intruder = nats.jetstream().await;
    let mut config = intruder.get_stream(POS_STREAM).await.unwrap().cached_info().config.clone();
    config.max_age = Duration::from_secs(3600);
    intruder.update_stream(&config).await.unwrap();
    match topology::check(&bus, &settings).await {
        Err(BusError::Drift { stream, field, .. }) => {
            assert_eq!((stream.as_str(), field), (POS_STREAM, "max_age"));
        }
        other => panic!("drift was not seen: {other:?}"),
    }
    topology::ensure(&bus, &settings).await.unwrap();
    topology::check(&bus, &settings).await.unwrap();
}

#[tokio::test]
async fn drift_that_cannot_be_mended_stops_the_start() {
    let (nats, bus) = with_streams().await;
    let intruder = nats.jetstream().await;
    let mut config = intruder.get_stream(POS_STREAM).await.unwrap().cached_info().config.clone();
    config.sealed = true;
    intruder.update_stream(&config).await.unwrap();
    let outcome = topology::ensure(&bus, &TopologySettings::default()).await;
    assert!(outcome.is_err(), "a sealed stream takes nothing");
}

#[tokio::test]
async fn limits_that_cannot_be_are_refused() {
    let nats = Nats::new().await;
    let bus = server::bus(&nats).await;
    for settings in [
        TopologySettings { shards: 0, ..TopologySettings::default() },
        TopologySettings { max_age_days: 0, ..TopologySettings::default() },
        TopologySettings { pos_max_bytes: 1000, ..TopologySettings::default() },
        TopologySettings { books_max_bytes: u64::MAX, ..TopologySettings::default() },
    ] {
        let outcome = topology::ensure(&bus, &settings).await;
        assert!(matches!(outcome, Err(BusError::Settings(_))), "{settings:?}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_full_stream_refuses_loudly_and_is_trimmed_of_what_was_acked() {
    const SHARDS: u16 = 2;
    let nats = Nats::new().await;
    let bus = server::bus(&nats).await;
    let settings = TopologySettings {
        shards: SHARDS,
        pos_max_bytes: 1024 * 1024,
        ..TopologySettings::default()
    };
    topology::ensure(&bus, &settings).await.unwrap();
    let mut published = 0;
    let refused = loop {
        let entry = entry_with(published + 1, vec![b' '; 200_000]);
        match entries::publish(&bus, &pos_subject(0), &entry, 0).await.unwrap().wait().await {
            Ok(()) => published += 1,
            Err(error) => break error,
        }
        assert!(published < 10, "the stream has no limit");
    };
    assert!(matches!(refused, BusError::Full(_)), "{refused:?}");
    assert_eq!(topology::trim(&bus, &settings).await.unwrap().pos, 0, "nothing was acked");

    let mut consumers = Vec::new();
    for shard in 0..SHARDS {
        consumers.push(entries::ShardConsumer::open(&bus, shard).await.unwrap());
    }
    let mut taken = 0;
    while taken < published {
        let batch = soon("an entry", consumers[0].next_batch(10)).await.unwrap();
        consumers[0].ack(&batch).await.unwrap();
        taken += batch.len() as u64;
    }
    // The other shard has nothing: it must not hold the trimming up for ever.
    let trimmed = wait_until("the stream is trimmed", BOUND, || async {
        Some(topology::trim(&bus, &settings).await.unwrap().pos).filter(|trimmed| *trimmed > 0)
    })
    .await;
    assert!(trimmed <= published);
    let entry = entry_with(published + 1, vec![b' '; 200_000]);
    entries::publish(&bus, &pos_subject(0), &entry, 1).await.unwrap().wait().await.unwrap();
}

#[tokio::test]
async fn streams_that_vanish_are_made_again() {
    let (mut nats, bus) = with_streams().await;
    let settings = TopologySettings::default();
    let shutdown = tokio_util::sync::CancellationToken::new();
    let keeper = tokio::spawn({
        let (bus, settings, shutdown) = (bus.clone(), settings.clone(), shutdown.clone());
        async move { topology::keep(&bus, &settings, &shutdown).await }
    });
    nats.wipe().await;
    connected(&bus).await;
    wait_until("the streams are back", BOUND, || async {
        topology::check(&bus, &settings).await.ok()
    })
    .await;
    shutdown.cancel();
    soon("the keeper's end", keeper).await.unwrap();
}
