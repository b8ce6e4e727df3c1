//! The list of tickets, and the numbers that reach it.

use pos_edge::journal::JournalError;
use rust_decimal::Decimal;
use schemas::{
    InvoiceId, Khr, SaleId, SeriesId, Sha256Hash, TicketId, Timestamp, Usd,
    facts::InvoiceAssignedV1, requests::JournalHead,
};
use uuid::Uuid;

use crate::store::{OPENING, SIGNED_IN, Store};

/// The register row that gives the sale of entry `seq` (after [`SIGNED_IN`])
/// its number.
pub async fn row(store: &Store, seq: u64, ticket: &str, mapping_seq: u64) -> InvoiceAssignedV1 {
    InvoiceAssignedV1 {
        series_id: SeriesId::from_uuid(Uuid::from_u128(9)),
        no: 100 + mapping_seq,
        printed: format!("INV-{:06}", 100 + mapping_seq),
        invoice_id: InvoiceId::from_uuid(Uuid::from_u128(u128::from(mapping_seq))),
        tenant_id: store.identity.tenant_id,
        branch_id: store.identity.branch_id,
        mapping_seq,
        sale_id: SaleId::from_uuid(Uuid::nil()),
        ticket_id: TicketId::parse(ticket).unwrap(),
        edge_id: store.identity.edge_id,
        entry_seq: SIGNED_IN + seq,
        entry_hash: store
            .journal
            .hash_at(SIGNED_IN + seq)
            .await
            .unwrap()
            .unwrap_or(Sha256Hash::ZERO),
        grand_total_usd: Usd(Decimal::new(574, 2)),
        vat_usd: Usd::ZERO,
        grand_total_khr: Khr::ZERO,
        issued_at: Timestamp::from_unix_micros(0),
        prev_hash: Sha256Hash::ZERO,
        hash: Sha256Hash::ZERO,
    }
}

/// A store with five sales in entries 2 to 6.
async fn five_sales() -> Store {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    for n in 0..5 {
        store.clock.set(OPENING.plus_micros(n * 1_000_000));
        store.till.sell(&format!("t{n}"), &session).await.ok(201);
    }
    store
}

async fn listed(store: &Store, query: &str) -> (Vec<String>, Option<u64>) {
    let page = store.till.get(&format!("/v1/tickets{query}")).await.ok(200);
    let tickets = page["tickets"].as_array().unwrap();
    let ids = tickets.iter().map(|row| row["ticketId"].as_str().unwrap().to_owned()).collect();
    (ids, page["nextBefore"].as_u64())
}

#[tokio::test]
async fn tickets_are_listed_newest_first_page_by_page() {
    let store = five_sales().await;
    let (page, next) = listed(&store, "?limit=2").await;
    assert_eq!(page, ["t4", "t3"]);
    let (page, next) = listed(&store, &format!("?limit=2&before={}", next.unwrap())).await;
    assert_eq!(page, ["t2", "t1"]);
    let (page, next) = listed(&store, &format!("?limit=2&before={}", next.unwrap())).await;
    assert_eq!((page, next), (vec!["t0".to_owned()], None));
    assert_eq!(listed(&store, "").await.0.len(), 5);

    let row = store.till.get("/v1/tickets/t3").await.ok(200);
    assert_eq!(row["createdAt"], "2026-01-05T01:00:03.000000Z");
    assert_eq!(row["status"], "pending");
    assert_eq!(row["grandTotalUsd"], "5.74");
    assert_eq!(row["invoiceNo"], serde_json::Value::Null);
    assert_eq!(store.till.get("/v1/tickets/t9").await.problem(404), "ticket_not_found");
    assert_eq!(store.till.get("/v1/sales/%7f").await.problem(404), "ticket_not_found");
}

#[tokio::test]
async fn a_ticket_gets_its_number_once_and_keeps_it() {
    let store = five_sales().await;
    let journal = &store.journal;
    // A row of another edge of the branch comes between.
    let mut foreign = row(&store, 3, "elsewhere", 2).await;
    foreign.edge_id = schemas::EdgeId::from_uuid(Uuid::nil());
    let rows = [row(&store, 2, "t0", 1).await, foreign, row(&store, 4, "t2", 3).await];
    assert_eq!(
        journal.record_invoices(&rows[1..]).await,
        Err(JournalError::MappingGap { expected: 1, got: 2 })
    );
    assert_eq!(journal.record_invoices(&rows[..1]).await, Ok(1));
    assert_eq!(journal.record_invoices(&rows).await, Ok(3), "what is held is skipped");
    assert_eq!(journal.record_invoices(&rows).await, Ok(3));
    // A row that names another entry's hash is kept, but numbers nothing.
    let mut other = row(&store, 5, "t3", 4).await;
    other.entry_hash = Sha256Hash::ZERO;
    assert_eq!(journal.record_invoices(&[other]).await, Ok(4));

    let store = store.restart().await;
    assert_eq!(store.journal.mapping_seq(), 4);
    assert_eq!(store.journal.highest_numbers().await.unwrap()[0].no, 104);
    assert_eq!(listed(&store, "?status=synced").await.0, ["t2", "t0"]);
    assert_eq!(listed(&store, "?status=pending").await.0, ["t4", "t3", "t1"]);
    let row = store.till.get("/v1/tickets/t2").await.ok(200);
    assert_eq!((&row["status"], &row["invoiceNo"]), (&"synced".into(), &103.into()));
    assert_eq!(row["invoiceId"], Uuid::from_u128(3).to_string());
    assert_eq!(store.till.get("/v1/sync").await.ok(200)["numbered"], 2);
}

#[tokio::test]
async fn tickets_in_error_are_shown_until_they_have_their_number() {
    let store = five_sales().await;
    store.journal.mark_ticket_errors(SIGNED_IN + 3, SIGNED_IN + 4, "the stream is full");
    assert_eq!(listed(&store, "?status=error").await.0, ["t2", "t1"]);
    assert_eq!(listed(&store, "?status=pending").await.0, ["t4", "t3", "t0"]);
    let row_of = store.till.get("/v1/tickets/t1").await.ok(200);
    assert_eq!(
        (&row_of["status"], &row_of["lastError"]),
        (&"error".into(), &"the stream is full".into())
    );
    store.journal.record_invoices(&[row(&store, 3, "t1", 1).await]).await.unwrap();
    assert_eq!(listed(&store, "?status=error").await.0, ["t2"]);
    store.journal.clear_ticket_errors();
    assert!(listed(&store, "?status=error").await.0.is_empty());
}

#[tokio::test]
async fn the_books_cursor_moves_on_and_never_back() {
    let store = five_sales().await;
    let journal = &store.journal;
    let at = async |place| {
        let seq = SIGNED_IN + place;
        JournalHead { seq, hash: journal.hash_at(seq).await.unwrap().unwrap() }
    };
    journal.confirm(at(4).await).await.unwrap();
    journal.confirm(at(2).await).await.unwrap();
    journal.confirm(at(4).await).await.unwrap();
    assert_eq!(journal.confirmed().borrow().seq, SIGNED_IN + 4);
    let counts = journal.sync_counts().await.unwrap();
    assert_eq!((counts.journal_seq, counts.captured), (SIGNED_IN + 6, 5));
    assert_eq!((counts.confirmed_seq, counts.confirmed), (SIGNED_IN + 4, 3));
    assert_eq!(counts.oldest_unconfirmed_at, Some(OPENING.plus_micros(3_000_000)));
    assert!(journal.rolled_back().borrow().is_none());
    let store = store.restart().await;
    assert_eq!(store.journal.confirmed().borrow().seq, SIGNED_IN + 4);
    assert_eq!(*store.journal.verified().borrow(), SIGNED_IN + 6);
    // The same place with another hash is another history.
    let fork = JournalHead { seq: SIGNED_IN + 5, hash: Sha256Hash::ZERO };
    let refused = store.journal.confirm(fork).await.unwrap_err();
    assert!(matches!(refused, JournalError::RolledBack(_)), "{refused}");
    assert!(store.journal.rolled_back().borrow().is_some());
}
