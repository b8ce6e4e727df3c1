//! What is not wrong is not counted as wrong: quarantined entries, repeated
//! tickets and held edges are counted apart, by name.

use schemas::EntryKind;
use store::verify::{self, Check};
use testkit::sqlx;

use crate::sold::{Sold, book};

async fn checks(sold: &Sold) -> Vec<Check> {
    sold.number().await;
    sold.tell().await;
    let checks = verify::books(&sold.books.pool).await.unwrap();
    for check in &checks {
        assert!(check.ok, "{check:?}");
    }
    checks
}

fn check<'a>(checks: &'a [Check], name: &str) -> &'a Check {
    checks.iter().find(|check| check.name == name).unwrap()
}

#[tokio::test]
async fn whole_books_hold_with_counts() {
    let sold = Sold::some().await;
    let checks = checks(&sold).await;
    let count = |name: &str, what: &str| check(&checks, name).count(what);
    assert_eq!((count("journals", "journals"), count("journals", "entries")), (2, 26));
    assert_eq!((count("tickets", "journaled"), count("tickets", "booked")), (24, 24));
    assert_eq!((count("sales", "sales"), count("orders", "orders")), (24, 24));
    assert_eq!((count("register", "series"), count("register", "numbers given")), (1, 24));
    assert!(count("deductions", "movements") > 0 && count("stock", "items") > 0);
    assert!(count("facts", "facts") >= 24 * 2);
}

#[tokio::test]
async fn a_quarantined_sale_and_a_repeated_ticket_are_counted_apart() {
    let sold = Sold::some().await;
    let store = &sold.company.stores[0];
    let mut journal = store.journal();
    // The same entries again, to come to where the journal ended.
    let opened = journal.open_session();
    let before = [vec![opened], journal.sell_many(12)].concat();
    assert_eq!(before, sold.journals[0]);
    let again = journal.next_sale();
    let first = journal.append(EntryKind::SaleFinalized, &again);
    let repeated = journal.append(EntryKind::SaleFinalized, &again);
    let poison =
        journal.append_bytes(EntryKind::SaleFinalized, 1, b"{\"is\":\"no sale\"}".to_vec());
    book(&sold.books.pool, store, &[first, repeated, poison]).await;
    let checks = checks(&sold).await;
    let tickets = check(&checks, "tickets");
    let count = |what: &str| tickets.count(what);
    assert_eq!((count("journaled"), count("booked")), (27, 25));
    assert_eq!((count("repeated"), count("quarantined")), (1, 1));
    let apart = tickets.apart.join("\n");
    assert!(apart.contains(&format!("{}:16", store.edge_id)), "{apart}");
    assert!(apart.contains("WAITING INVALID_PAYLOAD"), "{apart}");
}

#[tokio::test]
async fn a_held_edge_is_named_with_its_reason() {
    let sold = Sold::some().await;
    let hold = "UPDATE edge_cursor SET held_reason = 'a fork at entry 9'";
    sqlx::query(hold).execute(&sold.books.pool).await.unwrap();
    let checks = checks(&sold).await;
    let heartbeats = check(&checks, "heartbeats");
    assert_eq!(heartbeats.count("held"), 2);
    assert!(heartbeats.apart[0].contains("a fork at entry 9"), "{:?}", heartbeats.apart);
}

#[tokio::test]
async fn facts_that_were_pruned_are_not_missing() {
    let sold = Sold::some().await;
    let prune = "SELECT split(branch_id, 7) FROM fact_head;
        DELETE FROM outbox WHERE first_seq = 1";
    sqlx::raw_sql(prune).execute(&sold.books.pool).await.unwrap();
    checks(&sold).await;
}
