//! What each entry makes of the books, and what it raises.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use schemas::{
    Currency, Entry, EntryKind,
    events::{KhqrProof, SaleFinalizedV1, TenderMethod},
};
use workers::batch::Memory;

use crate::model::{Delivered, MemoryBooks, Snapshot, Step, Store, process};

async fn booked(stores: &[Store], delivered: &[Delivered]) -> Snapshot {
    let mut books = MemoryBooks::enrolling(stores);
    process(&mut books, &mut Memory::default(), stores, delivered).await.unwrap();
    books.snapshot()
}

async fn after(steps: &[Step]) -> Snapshot {
    let mut store = Store::new(0);
    let entries = store.write(steps);
    booked(&[store], &whole(0, &entries)).await
}

fn whole(store: usize, entries: &[Entry]) -> Vec<Delivered> {
    entries.iter().map(|entry| Delivered::whole(store, entry)).collect()
}

/// How often each kind of exception was raised.
fn raised(books: &Snapshot) -> BTreeMap<&str, usize> {
    let mut kinds = BTreeMap::new();
    for (kind, _) in books.exceptions.values() {
        *kinds.entry(kind.as_str()).or_default() += 1;
    }
    // The stores here begin with empty shelves.
    kinds.remove("STOCK_NEGATIVE");
    kinds
}

#[tokio::test]
async fn a_sale_makes_all_that_hangs_on_it() {
    let books = after(&[Step::Open, Step::Sell]).await;
    assert_eq!((books.sales.len(), books.tickets.len(), books.cash.len()), (1, 1, 1));
    let (_, status) = books.orders.values().next().unwrap();
    assert_eq!(status, "IN_PREP");
    assert!(!books.ledger.is_empty());
    let facts = books.facts.values().next().unwrap();
    let told: Vec<&str> = facts.iter().map(|id| id.splitn(3, ':').last().unwrap()).collect();
    assert_eq!(
        told,
        ["cash.session_opened", "sale.finalized", "stock.moved", "exception.raised:STOCK_NEGATIVE"]
    );
    let audit: Vec<&str> =
        books.audit.values().next().unwrap().iter().map(|row| row.0.as_str()).collect();
    assert_eq!(audit, ["CASH_SESSION_OPENED", "SALE_FINALIZED"]);
    assert!(raised(&books).is_empty());
}

#[tokio::test]
async fn what_looks_wrong_is_booked_and_raised() {
    let cases = [
        (vec![Step::Sell], "SESSION_NOT_OPEN"),
        (vec![Step::Open, Step::Mispriced], "PRICE_MISMATCH"),
        (vec![Step::Open, Step::UnknownCatalogue], "CATALOGUE_UNKNOWN"),
    ];
    for (steps, kind) in cases {
        let books = after(&steps).await;
        assert_eq!(books.sales.len(), 1, "{kind}");
        assert_eq!(books.queue.values().map(Vec::len).sum::<usize>(), 1, "{kind}");
        assert_eq!(raised(&books), BTreeMap::from([(kind, 1)]));
    }
}

#[tokio::test]
async fn the_captured_figures_stand() {
    let books = after(&[Step::Open, Step::Mispriced]).await;
    let (_, _, total, _) = books.sales.values().next().unwrap();
    assert_eq!(*total, Decimal::new(1, 2));
}

#[tokio::test]
async fn a_second_sale_under_a_ticket_changes_nothing_but_is_told() {
    for steps in
        [vec![Step::Sell, Step::SameTicket], vec![Step::Sell, Step::SameTicket, Step::Ready]]
    {
        let first = after(&[Step::Open, Step::Sell]).await;
        let mut all = vec![Step::Open];
        all.extend(&steps);
        let books = after(&all).await;
        assert_eq!(books.sales, first.sales);
        assert_eq!(books.tickets, first.tickets);
        assert_eq!((&books.cash, &books.ledger), (&first.cash, &first.ledger));
        assert_eq!(raised(&books)["TICKET_CONFLICT"], 1);
        // A follower of the sale that was not booked finds no order.
        let follower = usize::from(steps.len() == 3);
        assert_eq!(raised(&books).get("ORDER_MOVE_REFUSED").copied().unwrap_or(0), follower);
    }
}

#[tokio::test]
async fn the_same_ticket_at_two_stores_is_one_sale() {
    let (mut one, mut other) = (Store::new(0), Store::new(1));
    let mut first = one.write(&[Step::Open]);
    let mut second = other.write(&[Step::Open]);
    let sale = one.journal.next_sale();
    let copy = SaleFinalizedV1 { ticket_id: sale.ticket_id.clone(), ..other.journal.next_sale() };
    first.push(one.journal.append(EntryKind::SaleFinalized, &sale));
    second.push(other.journal.append(EntryKind::SaleFinalized, &copy));
    let mut delivered = whole(0, &first);
    delivered.extend(whole(1, &second));
    let books = booked(&[one, other], &delivered).await;
    assert_eq!(books.sales.keys().collect::<Vec<_>>(), [&sale.sale_id.as_uuid()]);
    assert_eq!(raised(&books), BTreeMap::from([("TICKET_CONFLICT", 1)]));
}

#[tokio::test]
async fn orders_move_one_step_at_a_time() {
    let books = after(&[Step::Open, Step::Sell, Step::Ready, Step::Delivered]).await;
    assert_eq!(books.orders.values().next().unwrap().1, "DELIVERED");
    assert!(raised(&books).is_empty());
    for wrong in [Step::BadMove, Step::Delivered] {
        let books = after(&[Step::Open, Step::Sell, wrong]).await;
        assert_eq!(books.orders.values().next().unwrap().1, "IN_PREP");
        assert_eq!(raised(&books), BTreeMap::from([("ORDER_MOVE_REFUSED", 1)]));
    }
}

#[tokio::test]
async fn stock_goes_below_zero_and_is_told_once() {
    let books = after(&[Step::Open, Step::Sell, Step::Sell, Step::Sell]).await;
    let negative: Vec<_> =
        books.exceptions.values().filter(|row| row.0 == "STOCK_NEGATIVE").collect();
    assert_eq!(negative, [&("STOCK_NEGATIVE".to_owned(), 2)]);
    for ((branch, item), (level, no)) in &books.levels {
        let rows = (1..=*no).map(|no| books.ledger[&(*branch, *item, no)]);
        assert_eq!(rows.map(|row| row.0).sum::<Decimal>(), *level);
        assert_eq!(books.ledger[&(*branch, *item, *no)].1, *level);
    }
}

#[tokio::test]
async fn money_moves_in_the_tenders_currency_and_not_at_all_by_khqr() {
    let mut store = Store::new(0);
    let mut entries = store.write(&[Step::Open]);
    let mut riel = store.journal.next_sale();
    riel.tender.currency = Currency::Khr;
    riel.tender.received = riel.payable_khr.amount() + Decimal::from(500);
    riel.tender.change = Decimal::from(500);
    entries.push(store.journal.append(EntryKind::SaleFinalized, &riel));
    let mut khqr = store.journal.next_sale();
    khqr.tender.method = TenderMethod::Khqr;
    khqr.tender.khqr = Some(KhqrProof {
        khqr_md5: "0".repeat(32),
        khqr_hash: "1".repeat(64),
        khqr_to_account_id: "shop@bank".to_owned(),
        khqr_confirmed_at: khqr.finalized_at,
        khqr_priced_at: None,
    });
    entries.push(store.journal.append(EntryKind::SaleFinalized, &khqr));
    let books = booked(&[store], &whole(0, &entries)).await;
    assert_eq!(books.sales.len(), 2);
    let moved: Vec<Decimal> = books.cash.values().map(|row| row.1).collect();
    assert_eq!(moved, [riel.payable_khr.amount()]);
}

#[tokio::test]
async fn what_a_column_would_round_is_set_aside() {
    type Change = fn(&mut SaleFinalizedV1);
    let changes: [(&str, Change); 6] = [
        ("grand_total_usd", |sale| sale.grand_total_usd.0 += Decimal::new(1, 3)),
        ("payable_khr", |sale| sale.payable_khr.0 += Decimal::new(1, 1)),
        ("fx_rate", |sale| sale.fx_rate_khr_per_usd += Decimal::new(1, 5)),
        ("deduction", |sale| sale.deductions[0].quantity += Decimal::new(1, 4)),
        ("deducted twice", |sale| sale.deductions.push(sale.deductions[0].clone())),
        ("numbered", |sale| sale.lines[0].line_no = 7),
    ];
    for (what, change) in changes {
        let mut store = Store::new(0);
        let mut entries = store.write(&[Step::Open]);
        let mut sale = store.journal.next_sale();
        change(&mut sale);
        entries.push(store.journal.append(EntryKind::SaleFinalized, &sale));
        let books = booked(&[store], &whole(0, &entries)).await;
        let (reason, about, waiting) = books.quarantine.values().next().unwrap();
        assert_eq!((reason.as_str(), *waiting), ("INVALID_PAYLOAD", true), "{what}");
        assert_eq!(*about, [sale.sale_id.as_uuid(), sale.order_id.as_uuid()], "{what}");
        assert!(books.sales.is_empty(), "{what}");
    }
}
