//! An entry that was changed by somebody who has the key: caught by the chain.

use std::{path::Path, sync::Arc};

use pos_edge::journal::{Journal, JournalError, JournalSettings, NewSale, OpenError};
use rust_decimal::Decimal;
use schemas::{
    Currency, OrderId, SaleId, Sha256Hash, SystemClock, TicketId, Usd, events::TenderMethod,
};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use testkit::BOUND;
use uuid::Uuid;

use crate::store::{Closed, SIGNED_IN, Store};

/// Changes the journal as one who has its key could.
async fn tamper(dir: &Path, sql: &'static str) {
    let key = std::fs::read_to_string(dir.join("journal.key")).unwrap();
    let mut connection = SqliteConnectOptions::new()
        .filename(dir.join("journal.db"))
        .pragma("key", format!("\"x'{}'\"", key.trim()))
        .disable_statement_logging()
        .foreign_keys(false)
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// A closed store with a session and 30 sales: entries 3 to 33.
async fn closed() -> Closed {
    closed_with(30).await
}

async fn closed_with(sales: usize) -> Closed {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    for n in 0..sales {
        store.till.sell(&format!("t{n}"), &session).await.ok(201);
    }
    store.stop().await
}

async fn open(left: &Closed, check_at_start_bytes: u64) -> Result<Journal, OpenError> {
    let settings =
        JournalSettings { check_at_start_bytes, ..JournalSettings::in_dir(left.dir.path()) };
    Journal::open(&settings, left.identity, Arc::new(SystemClock)).await
}

#[tokio::test]
async fn a_broken_chain_is_refused_at_the_start() {
    for sql in [
        "UPDATE entry SET payload = CAST(replace(CAST(payload AS TEXT), '5.74', '5.75') AS BLOB) WHERE seq = 22",
        "UPDATE entry SET recorded_at = recorded_at + 1 WHERE seq = 33",
        "UPDATE entry SET prev_hash = zeroblob(32) WHERE seq = 12",
        "DELETE FROM entry WHERE seq = 17",
        "UPDATE journal SET confirmed_seq = 3",
        "DELETE FROM entry WHERE seq = 1",
    ] {
        let left = closed().await;
        tamper(left.dir.path(), sql).await;
        let error = open(&left, 16 << 20).await.err().unwrap();
        assert!(matches!(error, OpenError::Damaged { .. }), "{sql}: {error}");
    }
}

#[tokio::test]
async fn an_older_broken_entry_is_never_published_and_selling_goes_on() {
    let left = closed().await;
    tamper(left.dir.path(), "UPDATE entry SET recorded_at = 0 WHERE seq = 9").await;
    // The start looks at the newest few only.
    let journal = open(&left, 4_096).await.unwrap();
    let mut damage = journal.damage();
    let told = tokio::time::timeout(BOUND, damage.wait_for(Option::is_some)).await;
    let told = told.unwrap().unwrap().clone().unwrap();
    assert!(told.contains("entry 9"), "{told}");
    assert!(*journal.verified().borrow() < 9);
    let good = journal.entries_after(0, 100, 1 << 20).await.unwrap();
    assert_eq!(good.last().unwrap().seq, 8, "the answer ends before it");
    let broken = journal.entries_after(8, 100, 1 << 20).await.unwrap_err();
    assert!(matches!(broken, JournalError::Broken { seq: 9, .. }), "{broken}");
    journal.close().await;

    let mut settings = crate::store::settings(left.dir.path(), left.identity);
    settings.limits.check_at_start_bytes = 4_096;
    let mut store = Store::start_with(settings, left.dir, left.clock).await;
    store.till.token = left.token;
    let session = store.till.get("/v1/cash-sessions").await.ok(200);
    let session = session[0]["cash_session_id"].as_str().unwrap().to_owned();
    let mut damage = store.journal.damage();
    tokio::time::timeout(BOUND, damage.wait_for(Option::is_some)).await.unwrap().unwrap();
    store.till.sell("after", &session).await.ok(201);
    let status = store.till.get("/v1/sync").await.ok(200);
    assert!(status["lastError"].as_str().unwrap().contains("entry 9"), "{status}");
    assert!(*store.journal.verified().borrow() < 9, "what follows is not published either");
    let metrics = String::from_utf8(store.till.get("/metrics").await.body).unwrap();
    let edge = store.identity.edge_id;
    assert!(metrics.contains(&format!("tillstream_edge_journal_damaged{{edge=\"{edge}\"}} 1")));
}

#[tokio::test]
async fn what_the_start_had_no_time_for_is_checked_before_it_is_published() {
    let left = closed().await;
    let journal = open(&left, 4_096).await.unwrap();
    let mut verified = journal.verified();
    tokio::time::timeout(BOUND, verified.wait_for(|seq| *seq == 33)).await.unwrap().unwrap();
    assert!(journal.damage().borrow().is_none());
    journal.close().await;
}

/// A sale that makes no sense, but is captured as any other.
fn sale_in(journal: &Journal, ticket: &str) -> NewSale {
    let session = journal.open_sessions(None).remove(0);
    NewSale {
        draft_id: None,
        ticket_id: TicketId::parse(ticket).unwrap(),
        request_hash: Sha256Hash::ZERO,
        device_id: session.device_id,
        cash_session_id: session.cash_session_id,
        sale_id: SaleId::from_uuid(Uuid::now_v7()),
        order_id: OrderId::from_uuid(Uuid::now_v7()),
        finalized_at: session.opened_at,
        method: TenderMethod::Cash,
        currency: Currency::Usd,
        kept: Decimal::ZERO,
        grand_total_usd: Usd::ZERO,
        vat_usd: Usd::ZERO,
        stock: Vec::new(),
        payload: b"{}".to_vec(),
    }
}

#[tokio::test]
async fn a_damaged_page_fails_what_it_holds_and_nothing_else() {
    /// More than the start reads at once.
    const SALES: usize = 150;
    let left = closed_with(SALES).await;
    let file = left.dir.path().join("journal.db");
    let fence = left.dir.path().join("journal.fence");
    let (whole, mark) = (std::fs::read(&file).unwrap(), std::fs::read(&fence).unwrap());
    let mut unread = 0;
    for page in (0..whole.len() / 4_096).step_by(7) {
        let mut flipped = whole.clone();
        flipped[page * 4_096 + 1_234] ^= 0x20;
        std::fs::write(&file, &flipped).unwrap();
        std::fs::write(&fence, &mark).unwrap();
        // Too little to look at every page.
        let Ok(journal) = open(&left, 1_024).await else { continue };
        let mut lost = 0;
        for n in 0..SALES {
            let ticket = TicketId::parse(format!("t{n}")).unwrap();
            if let Err(error) = journal.sale(ticket).await {
                assert!(matches!(error, JournalError::Storage(_)), "{error}");
                lost += 1;
            }
        }
        if (1..SALES / 2).contains(&lost) {
            unread += lost;
            let sale = journal.capture_sale(sale_in(&journal, "after")).await.unwrap();
            assert!(!sale.replayed);
            assert_eq!(journal.head().borrow().seq, SIGNED_IN + SALES as u64 + 2);
        }
        journal.close().await;
    }
    assert!(unread > 0);
}
