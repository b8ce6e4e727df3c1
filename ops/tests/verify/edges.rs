//! Edges beside the books: an edge that says anything else is found out.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::{Json, Router, extract::Query, routing::get};
use ops::commands::verify::{EdgeAddress, Strictness, Verdict, verify};
use schemas::{
    TicketId, Timestamp, Usd,
    edge_api::{LinkState, SyncStatus, TicketPage, TicketRow, TicketStatus},
    events::{OrderStatus, SaleStatus},
};
use serde::Deserialize;
use store::verify as books;
use testkit::Store;

use crate::sold::Sold;

const SHORT: Duration = Duration::from_millis(300);
const PER_PAGE: usize = 5;

/// What an edge says.
#[derive(Clone)]
struct Said {
    sync: SyncStatus,
    tickets: Vec<(TicketId, Option<u64>)>,
}

#[derive(Deserialize)]
struct Page {
    before: Option<u64>,
}

/// What the edge of `store` says when it is level with the books.
async fn level(sold: &Sold, store: &Store) -> Said {
    use futures::TryStreamExt;
    let mut conn = sold.books.pool.acquire().await.unwrap();
    let tickets: Vec<_> = books::tickets_of(&mut conn, store.edge_id)
        .map_ok(|ticket| (ticket.ticket_id, ticket.invoice_no))
        .try_collect()
        .await
        .unwrap();
    let sales = tickets.len() as u64;
    let sync = SyncStatus {
        link: LinkState::Up,
        journal_seq: sales + 1,
        confirmed_seq: sales + 1,
        captured: sales,
        confirmed: sales,
        numbered: sales,
        oldest_unconfirmed_at: None,
        standing: schemas::edge_api::Standing::Selling,
        held: None,
        last_error: None,
        catalogue: None,
        journal_bytes: 0,
        free_bytes: 0,
        used_bytes: 0,
        capacity_bytes: 0,
        bytes_per_ticket: 0,
        tickets_left: 0,
        storage_level: Default::default(),
        pruned_seq: 0,
        outages: Default::default(),
    };
    Said { sync, tickets }
}

/// An edge that says just that.
async fn edge(store: &Store, said: Said) -> EdgeAddress {
    let said = Arc::new(said);
    let sync = said.sync.clone();
    let page = move |Query(page): Query<Page>| async move {
        let from = usize::try_from(page.before.unwrap_or(0)).unwrap();
        let rows = said.tickets.iter().skip(from).take(PER_PAGE).map(row).collect();
        let next = from + PER_PAGE;
        let next_before = (next < said.tickets.len()).then(|| i64::try_from(next).unwrap());
        Json(TicketPage { tickets: rows, next_before })
    };
    let router =
        Router::new().route("/v1/sync", get(async || Json(sync))).route("/v1/tickets", get(page));
    let listener =
        tokio::net::TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    EdgeAddress { edge_id: store.edge_id, store: "Riverside".to_owned(), url, folder: None }
}

fn row((ticket_id, invoice_no): &(TicketId, Option<u64>)) -> TicketRow {
    TicketRow {
        adopted: false,
        ticket_id: ticket_id.clone(),
        created_at: Timestamp::from_unix_micros(0),
        status: if invoice_no.is_some() { TicketStatus::Synced } else { TicketStatus::Pending },
        last_error: None,
        invoice_no: *invoice_no,
        invoice_id: None,
        grand_total_usd: Usd::ZERO,
        sale_status: SaleStatus::Finalized,
        order_status: OrderStatus::InPrep,
    }
}

async fn verdict(sold: &Sold, edge: EdgeAddress, settled: bool) -> Verdict {
    verify(&sold.books.pool, &[edge], Strictness { settled, stuck_after: SHORT }).await.unwrap()
}

#[tokio::test]
async fn an_edge_that_is_level_holds_and_one_that_is_not_there_is_told_apart() {
    let sold = Sold::some().await;
    let store = &sold.company.stores[0];
    let found = verdict(&sold, edge(store, level(&sold, store).await).await, false).await;
    assert!(found.ok, "{found:#?}");
    let edges = found.checks.last().unwrap();
    assert_eq!((edges.name, edges.count("edges"), edges.count("captured")), ("edges", 1, 12));

    let url = format!("http://127.0.0.1:{}", testkit::free_port().unwrap());
    let gone =
        EdgeAddress { edge_id: store.edge_id, store: "Riverside".to_owned(), url, folder: None };
    let found = verdict(&sold, gone, false).await;
    let edges = found.checks.last().unwrap();
    assert!(found.ok && edges.count("edges") == 0 && edges.apart[0].contains("Riverside"));
}

#[tokio::test]
async fn what_an_edge_has_otherwise_than_the_books_is_found() {
    let sold = Sold::some().await;
    let store = &sold.company.stores[0];
    let level = level(&sold, store).await;
    let changed = |change: &dyn Fn(&mut Said)| {
        let mut said = level.clone();
        change(&mut said);
        said
    };
    let stranger = TicketId::parse("never-booked").unwrap();
    // What is found in books that may still move, and in settled ones.
    let cases = [
        ("has another number", changed(&|said| said.tickets[3].1 = Some(9_999)), [true, true]),
        ("lost a ticket", changed(&|said| drop(said.tickets.remove(3))), [true, true]),
        (
            "pruned some tickets, and says so",
            changed(&|said| {
                said.sync.pruned_seq = said.sync.journal_seq;
                said.tickets.truncate(7);
            }),
            [false, false],
        ),
        (
            "pruned a ticket beyond what it says",
            changed(&|said| {
                said.sync.pruned_seq = 1;
                said.tickets.pop();
            }),
            [true, true],
        ),
        (
            "has a confirmed ticket that was never booked",
            changed(&|said| {
                said.tickets.push((stranger.clone(), None));
                said.sync.captured += 1;
                said.sync.confirmed += 1;
            }),
            [true, true],
        ),
        (
            "has a ticket that is still on its way",
            changed(&|said| {
                said.tickets.push((stranger.clone(), None));
                said.sync.captured += 1;
                said.sync.journal_seq += 1;
            }),
            [false, true],
        ),
        ("does not know a number yet", changed(&|said| said.tickets[3].1 = None), [false, true]),
    ];
    for (what, said, found) in cases {
        for (settled, found) in [false, true].into_iter().zip(found) {
            let verdict = verdict(&sold, edge(store, said.clone()).await, settled).await;
            let failed: Vec<_> =
                verdict.checks.iter().filter(|check| !check.ok).map(|check| check.name).collect();
            let expected: &[&str] = if found { &["edges"] } else { &[] };
            assert_eq!(failed, expected, "an edge {what}, settled: {settled}: {verdict:#?}");
        }
    }
}
