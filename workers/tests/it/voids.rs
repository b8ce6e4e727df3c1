//! Requests to undo sales, and what becomes of them in the books.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use schemas::{
    BranchId, CommandId, Entry, EntryKind, StaffId, VoidRequestId,
    events::{KhqrProof, OrderStatus, SaleFinalizedV1, TenderMethod},
    requests::{Command, VoidDecision},
};
use store::commands::{Standing, State};
use uuid::Uuid;
use workers::batch::Memory;

use crate::model::{Delivered, MemoryBooks, Snapshot, Store, process};

/// One store, its journal and the books.
struct Shop {
    stores: Vec<Store>,
    books: MemoryBooks,
    memory: Memory,
}

impl Shop {
    /// A store with an open session.
    async fn open() -> Self {
        let stores = vec![Store::new(0)];
        let books = MemoryBooks::enrolling(&stores);
        let mut shop = Self { stores, books, memory: Memory::default() };
        let opened = shop.journal().open_session();
        shop.book(&[opened]).await;
        shop
    }

    fn journal(&mut self) -> &mut testkit::JournalWriter {
        &mut self.stores[0].journal
    }

    async fn book(&mut self, entries: &[Entry]) -> Snapshot {
        let delivered: Vec<_> = entries.iter().map(|entry| Delivered::whole(0, entry)).collect();
        process(&mut self.books, &mut self.memory, &self.stores, &delivered).await.unwrap();
        self.books.snapshot()
    }

    async fn sell(&mut self) -> SaleFinalizedV1 {
        let (sale, entry) = self.journal().sell();
        self.book(&[entry]).await;
        sale
    }

    /// Sells and asks to undo it.
    async fn ask(&mut self) -> (SaleFinalizedV1, VoidRequestId) {
        let sale = self.sell().await;
        let (asked, entry) = self.journal().request_void(&sale);
        self.book(&[entry]).await;
        (sale, asked.void_request_id)
    }

    /// Writes a command about a request, as a back office would.
    fn command(&mut self, about: VoidRequestId, decision: VoidDecision) -> CommandId {
        let command_id = CommandId::derived(about.as_uuid(), &format!("{decision:?}"));
        let command = Command {
            command_id,
            expires_at: self.journal().now(),
            decided_by: StaffId::from_uuid(Uuid::nil()),
            void_request_id: about,
            decision,
        };
        let branch_id: BranchId = self.stores[0].branch_id;
        self.books.command(Standing {
            command,
            branch_id,
            state: State::Waiting,
            refusal: None,
            settled_at: None,
        });
        command_id
    }
}

fn raised(books: &Snapshot) -> BTreeMap<&str, usize> {
    let mut kinds = BTreeMap::new();
    for (kind, _) in books.exceptions.values() {
        *kinds.entry(kind.as_str()).or_default() += 1;
    }
    // The stores here begin with empty shelves.
    kinds.remove("STOCK_NEGATIVE");
    kinds
}

fn facts_of_newest(books: &Snapshot) -> Vec<&str> {
    let facts = books.facts.values().next().unwrap();
    let kind = |id: &'_ String| id.splitn(3, ':').last().unwrap().to_owned();
    let newest = |id: &&String| id.split(':').nth(1).unwrap().to_owned();
    let last = newest(&facts.last().unwrap());
    facts
        .iter()
        .filter(|id| newest(id) == last)
        .map(|id| {
            let told = kind(id);
            let at = id.len() - told.len();
            &id[at..]
        })
        .collect()
}

fn status<'a>(books: &'a Snapshot, sale: &SaleFinalizedV1) -> (&'a str, &'a str) {
    let sold = &books.sales[&sale.sale_id.as_uuid()];
    (&sold.3, &books.orders[&sale.order_id.as_uuid()].1)
}

fn request(books: &Snapshot, id: VoidRequestId) -> Option<&str> {
    books.requests.get(&id.as_uuid()).map(|row| row.1.as_str())
}

#[tokio::test]
async fn a_request_is_pending_and_tells_who_may_decide() {
    let mut shop = Shop::open().await;
    let (sale, id) = shop.ask().await;
    let books = shop.books.snapshot();
    assert_eq!(status(&books, &sale), ("VOID_PENDING", "IN_PREP"));
    assert_eq!(request(&books, id), Some("PENDING"));
    let facts = facts_of_newest(&books);
    assert_eq!(facts, ["void.requested", &format!("notification.raised:{id}")]);
    assert!(raised(&books).is_empty());
}

#[tokio::test]
async fn an_approval_undoes_all_that_the_sale_did_once() {
    let mut shop = Shop::open().await;
    let before = shop.books.snapshot();
    let (sale, id) = shop.ask().await;
    let entry = shop.journal().approve_void(id, &sale, None);
    let books = shop.book(std::slice::from_ref(&entry)).await;
    assert_eq!(status(&books, &sale), ("VOIDED", "VOIDED"));
    assert_eq!(request(&books, id), Some("APPROVED"));
    let cash: Decimal = books.cash.values().map(|row| row.1).sum();
    assert_eq!((books.cash.len(), cash), (2, Decimal::ZERO));
    assert!(books.levels.values().all(|(level, _)| level.is_zero()), "{:?}", books.levels);
    assert_eq!(books.levels.len(), sale.deductions.len() + before.levels.len());
    assert!(raised(&books).is_empty());
    let facts = facts_of_newest(&books);
    let notified = format!("notification.raised:{id}");
    assert_eq!(facts, ["sale.voided", notified.as_str(), "stock.moved"]);
    let audit = &books.audit.values().next().unwrap();
    assert_eq!(audit.last().unwrap().0, "VOID_APPROVED");
    // Its number comes all the same.
    assert_eq!(books.queue.values().map(Vec::len).sum::<usize>(), 1);

    // Another approval of the same changes nothing but is told.
    let again = shop.journal().approve_void(id, &sale, None);
    let after = shop.book(&[entry, again]).await;
    assert_eq!((&after.cash, &after.ledger), (&books.cash, &books.ledger));
    assert_eq!(raised(&after), BTreeMap::from([("VOID_MISMATCH", 1)]));
}

#[tokio::test]
async fn everything_in_one_batch_ends_as_one_by_one() {
    let mut shop = Shop::open().await;
    let (sale, sold) = shop.journal().sell();
    let (first, asked) = shop.journal().request_void(&sale);
    let rejected = shop.journal().reject_void(first.void_request_id, &sale, None);
    let (second, again) = shop.journal().request_void(&sale);
    let approved = shop.journal().approve_void(second.void_request_id, &sale, None);
    let paid = shop.journal().pay(
        schemas::events::PaidKind::PaidIn,
        schemas::Currency::Usd,
        Decimal::from(3),
    );
    let closed = shop.journal().close_session();
    let books = shop.book(&[sold, asked, rejected, again, approved, paid, closed]).await;
    assert_eq!(status(&books, &sale), ("VOIDED", "VOIDED"));
    assert_eq!(request(&books, first.void_request_id), Some("REJECTED"));
    assert_eq!(request(&books, second.void_request_id), Some("APPROVED"));
    assert_eq!(books.reports.len(), 1);
    assert!(raised(&books).is_empty(), "{:?}", raised(&books));
}

#[tokio::test]
async fn a_rejection_leaves_the_sale_as_it_was() {
    let mut shop = Shop::open().await;
    let sale = shop.sell().await;
    let before = shop.books.snapshot();
    let (asked, entry) = shop.journal().request_void(&sale);
    shop.book(&[entry]).await;
    let entry = shop.journal().reject_void(asked.void_request_id, &sale, None);
    let books = shop.book(&[entry]).await;
    assert_eq!(status(&books, &sale), ("FINALIZED", "IN_PREP"));
    assert_eq!((&books.cash, &books.ledger), (&before.cash, &before.ledger));
    assert_eq!(request(&books, asked.void_request_id), Some("REJECTED"));
    let notified = format!("notification.raised:{}", asked.void_request_id);
    assert_eq!(facts_of_newest(&books), ["void.rejected", notified.as_str()]);
}

#[tokio::test]
async fn an_order_is_not_delivered_while_its_sale_is_pending() {
    use OrderStatus::{Delivered, InPrep, Ready};
    let mut shop = Shop::open().await;
    let (sale, id) = shop.ask().await;
    let ready = shop.journal().move_order(&sale, InPrep, Ready);
    let delivered = shop.journal().move_order(&sale, Ready, Delivered);
    let books = shop.book(&[ready, delivered]).await;
    assert_eq!(status(&books, &sale), ("VOID_PENDING", "READY"));
    assert_eq!(raised(&books), BTreeMap::from([("ORDER_MOVE_REFUSED", 1)]));
    let rejected = shop.journal().reject_void(id, &sale, None);
    let delivered = shop.journal().move_order(&sale, Ready, Delivered);
    let books = shop.book(&[rejected, delivered]).await;
    assert_eq!(status(&books, &sale), ("FINALIZED", "DELIVERED"));
}

#[tokio::test]
async fn a_request_against_the_rules_is_kept_as_rejected_and_told() {
    use OrderStatus::{Delivered, InPrep, Ready};
    for rule in ["delivered", "khqr", "closed"] {
        let mut shop = Shop::open().await;
        let mut sale = shop.journal().next_sale();
        if rule == "khqr" {
            sale.tender.method = TenderMethod::Khqr;
            sale.tender.khqr = Some(KhqrProof {
                khqr_md5: "0".repeat(32),
                khqr_hash: "1".repeat(64),
                khqr_to_account_id: "shop@bank".to_owned(),
                khqr_confirmed_at: sale.finalized_at,
                khqr_priced_at: None,
            });
        }
        let mut entries = vec![shop.journal().append(EntryKind::SaleFinalized, &sale)];
        if rule == "delivered" {
            entries.push(shop.journal().move_order(&sale, InPrep, Ready));
            entries.push(shop.journal().move_order(&sale, Ready, Delivered));
        }
        if rule == "closed" {
            entries.push(shop.journal().close_session());
        }
        let (asked, entry) = shop.journal().request_void(&sale);
        entries.push(entry);
        let books = shop.book(&entries).await;
        assert_eq!(status(&books, &sale).0, "FINALIZED", "{rule}");
        assert_eq!(request(&books, asked.void_request_id), Some("REJECTED"), "{rule}");
        let mut expected = BTreeMap::from([("VOID_MISMATCH", 1)]);
        if rule == "khqr" {
            // The books know of no such payment.
            expected.insert("KHQR_UNPROVEN", 1);
        }
        assert_eq!(raised(&books), expected, "{rule}");
    }
}

#[tokio::test]
async fn what_an_approval_says_otherwise_than_the_sale_is_told_and_the_sale_is_booked() {
    let mut shop = Shop::open().await;
    let (sale, id) = shop.ask().await;
    let mut approved = shop.journal().next_approval(id, &sale, None);
    approved.refund_amount += Decimal::ONE;
    approved.restored.pop();
    let entry = shop.journal().append(EntryKind::VoidApproved, &approved);
    let books = shop.book(&[entry]).await;
    assert_eq!(status(&books, &sale), ("VOIDED", "VOIDED"));
    assert_eq!(books.cash.values().map(|row| row.1).sum::<Decimal>(), Decimal::ZERO);
    assert!(books.levels.values().all(|(level, _)| level.is_zero()));
    assert_eq!(raised(&books), BTreeMap::from([("VOID_MISMATCH", 1)]));
}

#[tokio::test]
async fn an_approval_that_nobody_asked_for_is_booked_and_told() {
    let mut shop = Shop::open().await;
    let (sale, pending) = shop.ask().await;
    let unknown = VoidRequestId::from_uuid(Uuid::from_u128(5));
    let entry = shop.journal().approve_void(unknown, &sale, None);
    let books = shop.book(&[entry]).await;
    assert_eq!(status(&books, &sale), ("VOIDED", "VOIDED"));
    assert_eq!((request(&books, unknown), request(&books, pending)), (None, Some("REJECTED")));
    assert_eq!(raised(&books), BTreeMap::from([("VOID_MISMATCH", 1)]));
}

#[tokio::test]
async fn a_void_of_a_sale_that_is_not_in_the_books_changes_nothing() {
    let mut shop = Shop::open().await;
    let never = shop.journal().next_sale();
    let (asked, entry) = shop.journal().request_void(&never);
    let approved = shop.journal().approve_void(asked.void_request_id, &never, None);
    let books = shop.book(&[entry, approved]).await;
    assert!(books.requests.is_empty() && books.cash.is_empty() && books.ledger.is_empty());
    assert_eq!(raised(&books), BTreeMap::from([("VOID_MISMATCH", 2)]));
}

#[tokio::test]
async fn a_command_is_settled_by_what_the_store_journaled() {
    let approve = || VoidDecision::Approve { note: None };
    let reject = || VoidDecision::Reject { reason: "no".to_owned() };
    let mut shop = Shop::open().await;

    let (sale, id) = shop.ask().await;
    let command = shop.command(id, approve());
    let other = shop.command(id, reject());
    let carried_out = shop.journal().approve_void(id, &sale, Some(command));
    let refused = shop.journal().refuse_command(other, id, "void_already_decided");
    let books = shop.book(&[carried_out, refused]).await;
    assert_eq!(shop.books.standing(command).state, State::CarriedOut);
    let loser = shop.books.standing(other);
    assert_eq!(loser.state, State::Refused);
    assert_eq!(loser.refusal.as_ref().unwrap().0, "void_already_decided");
    assert!(raised(&books).is_empty());

    let (sale, id) = shop.ask().await;
    let (late, rejected) = (shop.command(id, approve()), shop.command(id, reject()));
    let expired = shop.journal().refuse_command(late, id, "command_expired");
    let entry = shop.journal().reject_void(id, &sale, Some(rejected));
    let books = shop.book(&[expired, entry]).await;
    assert_eq!(shop.books.standing(late).state, State::Expired);
    assert_eq!(shop.books.standing(rejected).state, State::CarriedOut);
    assert!(raised(&books).is_empty());

    // A second outcome changes nothing and is told.
    let again = shop.journal().refuse_command(rejected, id, "void_already_decided");
    let books = shop.book(&[again]).await;
    assert_eq!(shop.books.standing(rejected).state, State::CarriedOut);
    assert_eq!(raised(&books), BTreeMap::from([("VOID_MISMATCH", 1)]));
}
