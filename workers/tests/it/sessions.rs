//! Cash sessions up to their close, and what comes after it.

use rust_decimal::Decimal;
use schemas::{
    Currency, Entry, EntryKind,
    events::{AuditAction, OrderStatus, PaidKind},
};
use workers::batch::Memory;

use crate::model::{Delivered, MemoryBooks, Snapshot, Step, Store, process};

/// The books after these entries, and what they say of exceptions.
async fn booked(store: Store, entries: &[Entry]) -> (Snapshot, Vec<String>) {
    let stores = [store];
    let mut books = MemoryBooks::enrolling(&stores);
    let delivered: Vec<_> = entries.iter().map(|entry| Delivered::whole(0, entry)).collect();
    process(&mut books, &mut Memory::default(), &stores, &delivered).await.unwrap();
    let books = books.snapshot();
    let kinds = books.exceptions.values().map(|row| row.0.clone());
    let kinds = kinds.filter(|kind| kind != "STOCK_NEGATIVE").collect();
    (books, kinds)
}

fn only<T>(all: impl IntoIterator<Item = T>) -> T {
    let mut all = all.into_iter();
    let first = all.next().unwrap();
    assert!(all.next().is_none(), "there is more than one");
    first
}

#[tokio::test]
async fn a_close_keeps_the_report_as_it_was_journaled() {
    let mut store = Store::new(0);
    let steps = [Step::Open, Step::Sell, Step::PayIn, Step::PayOut, Step::Sell];
    let mut entries = store.write(&steps);
    // Five dollars are missing: that is for the report to say, and no exception.
    let closed = store.journal.next_close(Decimal::from(5));
    entries.push(store.journal.append(EntryKind::CashSessionClosed, &closed));
    let last = entries.last().unwrap().clone();
    let (books, raised) = booked(store, &entries).await;
    assert!(raised.is_empty(), "{raised:?}");
    assert_eq!(only(books.sessions.values()), "CLOSED");
    let (seq, body) = only(books.reports.values());
    assert_eq!((seq.unsigned_abs(), body), (last.seq, &last.payload));
    let kinds: Vec<&str> = books.audit.values().next().unwrap().iter().map(|r| &*r.0).collect();
    let expected = [
        "CASH_SESSION_OPENED",
        "SALE_FINALIZED",
        "CASH_PAID_IN",
        "CASH_PAID_OUT",
        "SALE_FINALIZED",
        "CASH_SESSION_CLOSED",
    ];
    assert_eq!(kinds, expected);
    let mut amounts: Vec<Decimal> = books.cash.values().map(|row| row.1).collect();
    amounts.sort_unstable();
    assert_eq!((amounts[0], amounts[3]), (Decimal::from(-5), Decimal::from(40_000)));
}

#[tokio::test]
async fn a_report_with_other_sums_than_the_books_stands_and_is_told() {
    type Change = fn(&mut schemas::events::CashSessionClosedV1);
    let changes: [(&str, Change); 6] = [
        ("sales", |closed| closed.z.sale_count += 1),
        ("expected", |closed| closed.z.drawers[0].expected += Decimal::ONE),
        ("riel paid in", |closed| closed.z.drawers[1].paid_in += Decimal::ONE),
        ("voids", |closed| closed.z.void_count += 1),
        ("method", |closed| closed.z.sales[0].count += 1),
        ("difference", |closed| closed.counted.difference_usd.0 += Decimal::ONE),
    ];
    for (what, change) in changes {
        let mut store = Store::new(0);
        let mut entries = store.write(&[Step::Open, Step::Sell]);
        let mut closed = store.journal.next_close(Decimal::ZERO);
        change(&mut closed);
        entries.push(store.journal.append(EntryKind::CashSessionClosed, &closed));
        let (books, raised) = booked(store, &entries).await;
        assert_eq!(raised, ["SESSION_MISMATCH"], "{what}");
        assert_eq!(only(books.sessions.values()), "CLOSED", "{what}");
    }
}

#[tokio::test]
async fn a_close_rejects_what_is_pending() {
    for (close, expected) in
        [(Step::Close, vec![]), (Step::CloseWrongly, vec!["SESSION_MISMATCH", "VOID_MISMATCH"])]
    {
        let mut store = Store::new(0);
        let entries = store.write(&[Step::Open, Step::Sell, Step::RequestVoid, close]);
        let (books, mut raised) = booked(store, &entries).await;
        raised.sort_unstable();
        assert_eq!(raised, expected);
        assert_eq!(only(books.requests.values()).1, "REJECTED");
        assert_eq!(only(books.sales.values()).3, "FINALIZED");
        let told = books.facts.values().next().unwrap();
        assert!(told.iter().any(|id| id.contains(":4:notification.raised:")), "{told:?}");
    }
}

#[tokio::test]
async fn a_session_is_closed_once() {
    let mut store = Store::new(0);
    let mut entries = store.write(&[Step::Open, Step::Sell, Step::Close]);
    let again = store.journal.next_close(Decimal::ZERO);
    entries.push(store.journal.append(EntryKind::CashSessionClosed, &again));
    let (books, raised) = booked(store, &entries).await;
    assert_eq!(raised, ["SESSION_MISMATCH"]);
    assert_eq!(only(books.reports.values()).0, 3);
}

#[tokio::test]
async fn a_late_sale_is_a_numbered_supplement_and_the_report_stands() {
    let mut store = Store::new(0);
    let steps = [Step::Open, Step::Sell, Step::Close, Step::Sell, Step::Sell];
    let entries = store.write(&steps);
    let (books, raised) = booked(store, &entries).await;
    assert_eq!(raised, ["LATE_SALE", "LATE_SALE"]);
    let mut numbers: Vec<i64> = books.supplements.values().map(|row| row.1).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [1, 2]);
    assert_eq!((books.sales.len(), books.cash.len(), books.reports.len()), (3, 3, 1));
}

#[tokio::test]
async fn a_supplement_that_skips_a_number_is_booked_and_told() {
    let mut store = Store::new(0);
    let entries = store.write(&[Step::Open, Step::Close, Step::SkippedLate]);
    let (books, mut raised) = booked(store, &entries).await;
    raised.sort_unstable();
    assert_eq!(raised, ["LATE_SALE", "SESSION_MISMATCH"]);
    assert_eq!(only(books.supplements.values()).1, 99);
}

#[tokio::test]
async fn a_sale_after_the_close_that_does_not_say_so_is_told_as_before() {
    let mut store = Store::new(0);
    let entries = store.write(&[Step::Open, Step::Close, Step::Stray]);
    let (books, raised) = booked(store, &entries).await;
    assert_eq!(raised, ["SESSION_NOT_OPEN"]);
    assert!(books.supplements.is_empty());
}

#[tokio::test]
async fn money_that_moves_in_no_open_session_is_booked_and_told() {
    let mut store = Store::new(0);
    let usd = Currency::Usd;
    let mut entries = vec![store.journal.pay(PaidKind::PaidIn, usd, Decimal::ONE)];
    entries.extend(store.write(&[Step::Open, Step::Close]));
    entries.push(store.journal.pay(PaidKind::PaidOut, usd, Decimal::ONE));
    let (books, raised) = booked(store, &entries).await;
    assert_eq!(raised, ["SESSION_NOT_OPEN", "SESSION_NOT_OPEN"]);
    assert_eq!(books.cash.len(), 2);
}

#[tokio::test]
async fn nothing_and_parts_of_a_riel_are_set_aside() {
    for amount in [Decimal::ZERO, Decimal::from(-1), Decimal::new(5, 1)] {
        let mut store = Store::new(0);
        let mut entries = store.write(&[Step::Open]);
        entries.push(store.journal.pay(PaidKind::PaidIn, Currency::Khr, amount));
        let (books, _) = booked(store, &entries).await;
        assert_eq!(only(books.quarantine.values()).0, "INVALID_PAYLOAD", "{amount}");
    }
}

#[tokio::test]
async fn a_sale_that_waits_stops_neither_its_session_nor_the_close_which_says_so() {
    let mut store = Store::new(0);
    let steps = [Step::Open, Step::Poison, Step::RequestVoid, Step::Sell, Step::Close];
    let entries = store.write(&steps);
    let (books, mut raised) = booked(store, &entries).await;
    raised.sort_unstable();
    // The report counts a sale, and names a request, that wait in quarantine.
    assert_eq!(raised, ["SESSION_MISMATCH", "VOID_MISMATCH"]);
    assert_eq!(books.reports.len(), 1);
    let waiting: Vec<i64> = books.quarantine.keys().map(|key| key.1).collect();
    assert_eq!(waiting, [2, 3]);
}

#[tokio::test]
async fn what_comes_after_a_close_that_waits_waits_behind_it() {
    let mut store = Store::new(0);
    let mut entries = store.write(&[Step::Open, Step::Sell, Step::RequestVoid]);
    let mut closed = store.journal.next_close(Decimal::ZERO);
    closed.counted.khr.0 += Decimal::new(5, 1);
    entries.push(store.journal.append(EntryKind::CashSessionClosed, &closed));
    entries.extend(store.write(&[Step::Sell, Step::Ready]));
    let (books, _) = booked(store, &entries).await;
    // The late sale and its order, because of the session.
    let waiting: Vec<_> = books.quarantine.iter().map(|(key, row)| (key.1, &*row.0)).collect();
    assert_eq!(waiting, [(4, "INVALID_PAYLOAD"), (5, "BEHIND"), (6, "BEHIND")]);
}

#[tokio::test]
async fn what_is_recorded_is_in_the_audit_log() {
    let mut store = Store::new(0);
    let actions = [AuditAction::LoggedIn, AuditAction::CartCreated, AuditAction::LoginLocked];
    let entries: Vec<_> = actions.map(|action| store.journal.record_audit(action)).into();
    let (books, raised) = booked(store, &entries).await;
    assert!(raised.is_empty());
    let logged: Vec<&str> = books.audit.values().next().unwrap().iter().map(|r| &*r.0).collect();
    assert_eq!(logged, actions.map(AuditAction::as_str));
    assert!(books.facts.is_empty());
}

#[tokio::test]
async fn orders_and_sales_have_their_names_in_the_log() {
    let mut store = Store::new(0);
    let mut entries = store.write(&[Step::Open]);
    let (sale, sold) = store.journal.sell();
    let moved = store.journal.move_order(&sale, OrderStatus::InPrep, OrderStatus::Ready);
    entries.extend([sold, moved]);
    let (books, _) = booked(store, &entries).await;
    let logged = books.audit.values().next().unwrap();
    let sold = ("SALE_FINALIZED".to_owned(), "pos.sale.created".to_owned(), 2);
    assert_eq!(logged[1], sold);
    assert_eq!(logged[2].0, "ORDER_STATUS_UPDATED");
}
