//! The service: woken, not woken, doubled, and with Postgres going away.

use std::time::{Duration, Instant};

use schemas::subjects::WAKE_NUMBERING;

use crate::stage::{Stage, enqueue, numbered, verify};

/// A lost wake-up may delay a number by no more than this.
const SECONDS: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_lost_wake_up_delays_a_number_by_no_more_than_seconds() {
    let stage = Stage::new().await;
    let (shutdown, running) = stage.run().await;
    // The first one says that it is at work, and is never woken after that.
    enqueue(&stage.books.pool, &stage.company, 1).await;
    numbered(&stage.books.pool, stage.company.series_id, 1).await;
    let enqueued = Instant::now();
    enqueue(&stage.books.pool, &stage.company, 10).await;
    numbered(&stage.books.pool, stage.company.series_id, 11).await;
    assert!(enqueued.elapsed() < SECONDS, "it took {:?}", enqueued.elapsed());
    verify(&stage.books.pool, &stage.company, 11).await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_standby_takes_over_from_one_that_resigns() {
    let stage = Stage::new().await;
    let (first_stops, first) = stage.run().await;
    enqueue(&stage.books.pool, &stage.company, 1).await;
    numbered(&stage.books.pool, stage.company.series_id, 1).await;
    let (second_stops, second) = stage.run().await;
    first_stops.cancel();
    first.await.unwrap().unwrap();
    enqueue(&stage.books.pool, &stage.company, 2_500).await;
    numbered(&stage.books.pool, stage.company.series_id, 2_501).await;
    verify(&stage.books.pool, &stage.company, 2_501).await;
    second_stops.cancel();
    second.await.unwrap().unwrap();
}

#[tokio::test]
async fn two_services_and_a_postgres_that_is_killed_under_them_leave_no_gap() {
    const ROUNDS: usize = 6;
    let mut stage = Stage::new().await;
    let services = [stage.run().await, stage.run().await];
    let mut expected = 0;
    for round in 0..ROUNDS {
        enqueue(&stage.books.pool, &stage.company, 400).await;
        expected += 400;
        bus::notices::notify(&stage.bus, WAKE_NUMBERING, &()).await.unwrap();
        // Whatever is under way now, its COMMIT may get no answer.
        if round % 2 == 0 {
            stage.books.kill();
        }
        stage.books.restart().await;
    }
    numbered(&stage.books.pool, stage.company.series_id, expected).await;
    verify(&stage.books.pool, &stage.company, expected).await;
    for (shutdown, running) in services {
        shutdown.cancel();
        running.await.unwrap().unwrap();
    }
}
