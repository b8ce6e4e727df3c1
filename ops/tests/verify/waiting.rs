//! Nothing may be stuck.

use std::time::Duration;

use ops::commands::verify::{Strictness, Verdict, verify};
use testkit::sqlx;

use crate::sold::{Sold, book};

const SHORT: Duration = Duration::from_millis(300);

async fn verdict(sold: &Sold, settled: bool) -> Verdict {
    verify(&sold.books.pool, &[], Strictness { settled, stuck_after: SHORT }).await.unwrap()
}

fn failed(verdict: &Verdict) -> Vec<&'static str> {
    verdict.checks.iter().filter(|check| !check.ok).map(|check| check.name).collect()
}

#[tokio::test]
async fn what_stays_in_the_outbox_or_without_a_number_is_stuck() {
    let sold = Sold::some().await;
    let (unsettled, settled) = (verdict(&sold, false).await, verdict(&sold, true).await);
    assert!(unsettled.ok && settled.ok, "{settled:#?}");

    let store = &sold.company.stores[0];
    let mut journal = store.journal();
    journal.open_session();
    journal.sell_many(12);
    let (_, entry) = journal.sell();
    book(&sold.books.pool, store, &[entry]).await;
    let waiting = verdict(&sold, false).await;
    assert_eq!(failed(&waiting), ["waiting"], "{waiting:#?}");
    let offenders = waiting.checks.iter().find(|check| !check.ok).unwrap().offenders.join("\n");
    assert!(offenders.contains("no number") && offenders.contains("outbox"), "{offenders}");

    sold.number().await;
    sold.tell().await;
    assert!(verdict(&sold, true).await.ok);
}

#[tokio::test]
async fn what_is_never_published_is_stuck() {
    let sold = Sold::some().await;
    let unpublish = "UPDATE fact_head SET published_seq = published_seq - 1";
    sqlx::query(unpublish).execute(&sold.books.pool).await.unwrap();
    for settled in [false, true] {
        assert_eq!(failed(&verdict(&sold, settled).await), ["waiting"]);
    }
}

#[tokio::test]
async fn what_waits_for_a_frozen_series_is_told_at_once() {
    let sold = Sold::some().await;
    let store = &sold.company.stores[0];
    let mut journal = store.journal();
    journal.open_session();
    journal.sell_many(12);
    let (_, entry) = journal.sell();
    book(&sold.books.pool, store, &[entry]).await;
    sold.tell().await;
    let freeze = "UPDATE invoice_series SET state = 'FROZEN', frozen_reason = 'a test'";
    sqlx::query(freeze).execute(&sold.books.pool).await.unwrap();
    let found = verdict(&sold, false).await;
    assert_eq!(failed(&found), ["waiting"]);
    let offenders = found.checks.iter().find(|check| !check.ok).unwrap().offenders.join("\n");
    assert!(offenders.contains("frozen"), "{offenders}");
}
