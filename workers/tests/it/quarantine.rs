//! The quarantine on real Postgres: what waits, what is released, how often.

use domain::journal_chain::seal;
use schemas::{EntryKind, requests::JournalHead};
use store::quarantine::Reason;
use testkit::{Books, damage, seed_company, sqlx};
use workers::{
    ReleaseError, Released,
    batch::{Memory, Outcome},
    books::PgBooks,
    release,
    release::release_upgraded,
};

use crate::model::{Delivered, Snapshot, Step, Store, process, snapshot_of};

/// Books that refuse some sales for now, as a wrong constraint would.
struct Refusing {
    books: Books,
    stores: Vec<Store>,
    memory: Memory,
}

impl Refusing {
    /// They refuse the sale of entry `seq`.
    async fn sale(seq: u64) -> Self {
        let books = Books::new().await;
        let company = seed_company(&books.pool, 1).await;
        let stores = vec![Store::seeded(&company.stores[0])];
        let refuse = format!("ALTER TABLE sale ADD CONSTRAINT wrong CHECK (entry_seq <> {seq})");
        sqlx::query(sqlx::AssertSqlSafe(refuse)).execute(&books.pool).await.unwrap();
        Self { books, stores, memory: Memory::default() }
    }

    async fn mend(&self) {
        let mend = sqlx::query("ALTER TABLE sale DROP CONSTRAINT wrong");
        mend.execute(&self.books.pool).await.unwrap();
    }

    async fn deliver(&mut self, steps: &[Step]) -> Outcome {
        let entries = self.stores[0].write(steps);
        let delivered: Vec<_> = entries.iter().map(|e| Delivered::whole(0, e)).collect();
        let mut tx = self.books.pool.begin().await.unwrap();
        let mut books = PgBooks::within(&mut tx);
        let outcome =
            process(&mut books, &mut self.memory, &self.stores, &delivered).await.unwrap();
        tx.commit().await.unwrap();
        outcome
    }

    async fn release(&self, seq: u64) -> Result<Released, ReleaseError> {
        release(&self.books.pool, self.stores[0].edge_id, seq).await
    }

    async fn snapshot(&self) -> Snapshot {
        snapshot_of(&self.books.pool).await
    }
}

fn set_aside(outcome: &Outcome) -> Vec<(u64, Reason)> {
    outcome.booked.set_aside.iter().map(|((_, seq), aside)| (*seq, aside.reason)).collect()
}

#[tokio::test]
async fn followers_wait_and_are_released_in_order_with_their_sale() {
    let mut shop = Refusing::sale(3).await;
    let steps = [Step::Open, Step::Sell, Step::Sell, Step::Ready];
    let outcome = shop.deliver(&steps).await;
    assert_eq!(set_aside(&outcome), [(3, Reason::DataError), (4, Reason::Behind)]);
    // In a later batch as well; what is not about it goes on.
    let outcome = shop.deliver(&[Step::Delivered, Step::Sell, Step::Ready]).await;
    assert_eq!(set_aside(&outcome), [(5, Reason::Behind)]);
    assert_eq!(outcome.booked.applied, 2);

    // Nothing changes while the reason holds.
    let before = shop.snapshot().await;
    let refused = shop.release(3).await.unwrap_err();
    assert!(
        matches!(&refused, ReleaseError::StillRefused { reason: Reason::DataError, .. }),
        "{refused}"
    );
    let behind = shop.release(4).await.unwrap_err();
    assert!(
        matches!(&behind, ReleaseError::StillRefused { reason: Reason::Behind, .. }),
        "{behind}"
    );
    assert_eq!(shop.snapshot().await, before);

    shop.mend().await;
    let released = shop.release(3).await.unwrap();
    assert_eq!(released, Released { applied: vec![3, 4, 5], still_waiting: vec![] });
    let books = shop.snapshot().await;
    assert_eq!((books.sales.len(), books.tickets.len(), books.cash.len()), (3, 3, 3));
    let statuses: Vec<&str> = books.orders.values().map(|order| order.1.as_str()).collect();
    assert!(statuses.contains(&"DELIVERED"), "{statuses:?}");
    assert!(books.quarantine.values().all(|row| !row.2));

    let again = shop.release(3).await.unwrap_err();
    assert!(matches!(again, ReleaseError::NotWaiting(_)), "{again}");
    assert_eq!(shop.snapshot().await, books);
}

#[tokio::test]
async fn a_void_waits_behind_its_sale_and_the_close_behind_neither() {
    let mut shop = Refusing::sale(2).await;
    let steps =
        [Step::Open, Step::Sell, Step::RequestVoid, Step::ApproveVoid, Step::PayIn, Step::Close];
    let outcome = shop.deliver(&steps).await;
    let expected = [(2, Reason::DataError), (3, Reason::Behind), (4, Reason::Behind)];
    assert_eq!(set_aside(&outcome), expected);
    let books = shop.snapshot().await;
    assert_eq!(books.reports.len(), 1);
    let raised: Vec<&str> = books.exceptions.values().map(|row| row.0.as_str()).collect();
    assert_eq!(raised, ["SESSION_MISMATCH"], "the report says more than the books");

    shop.mend().await;
    let released = shop.release(2).await.unwrap();
    assert_eq!(released, Released { applied: vec![2, 3, 4], still_waiting: vec![] });
    let books = shop.snapshot().await;
    assert_eq!(books.sales.values().next().unwrap().3, "VOIDED");
    assert_eq!(books.requests.values().next().unwrap().1, "APPROVED");
    let paid: Vec<&str> = books.cash.values().map(|row| row.2.as_str()).collect();
    assert_eq!(paid.len(), 3, "taken, given back, and paid in: {paid:?}");
    assert!(books.levels.values().all(|(level, _)| level.is_zero()));
    // What came after its time was booked, and is told.
    let checks = store::verify::books(&shop.books.pool).await.unwrap();
    let failed: Vec<_> = checks.iter().filter(|check| !check.ok).collect();
    assert!(failed.is_empty(), "{failed:#?}");
}

#[tokio::test]
async fn of_two_releases_at_once_one_releases() {
    let mut shop = Refusing::sale(2).await;
    shop.deliver(&[Step::Open, Step::Sell, Step::Ready]).await;
    shop.mend().await;
    let (one, other) = tokio::join!(shop.release(2), shop.release(2));
    let released: Vec<_> = [one, other].into_iter().flatten().collect();
    assert_eq!(released, [Released { applied: vec![2, 3], still_waiting: vec![] }]);
    assert_eq!(shop.snapshot().await.sales.len(), 1);
}

#[tokio::test]
async fn what_waited_for_this_build_is_released_by_it() {
    let mut shop = Refusing::sale(2).await;
    let steps = [Step::Open, Step::Sell, Step::Ready, Step::Future];
    let outcome = shop.deliver(&steps).await;
    assert_eq!(
        set_aside(&outcome),
        [(2, Reason::DataError), (3, Reason::Behind), (4, Reason::FutureVersion)]
    );
    // As an older build would have left it.
    sqlx::query("UPDATE quarantine SET reason = 'FUTURE_VERSION' WHERE seq = 2")
        .execute(&shop.books.pool)
        .await
        .unwrap();
    shop.mend().await;
    assert_eq!(release_upgraded(&shop.books.pool).await.unwrap(), 2);
    let books = shop.snapshot().await;
    let waiting: Vec<i64> =
        books.quarantine.iter().filter(|(_, row)| row.2).map(|((_, seq), _)| *seq).collect();
    assert_eq!(waiting, [4], "version 2 is still from the future");
    assert_eq!(release_upgraded(&shop.books.pool).await.unwrap(), 0);
}

#[tokio::test]
async fn what_nobody_can_read_waits_and_says_why() {
    let mut shop = Refusing::sale(99).await;
    let outcome = shop.deliver(&[Step::Open, Step::Garbage, Step::Foreign, Step::Sell]).await;
    assert_eq!(set_aside(&outcome), [(2, Reason::InvalidPayload), (3, Reason::InvalidPayload)]);
    assert_eq!(outcome.booked.applied, 2);
    let refused = shop.release(3).await.unwrap_err().to_string();
    assert!(refused.contains("INVALID_PAYLOAD"), "{refused}");
    let books = shop.snapshot().await;
    assert_eq!(books.entries.len(), 4, "all of them are archived");
    let facts = books.facts.values().next().unwrap();
    assert_eq!(facts.iter().filter(|id| id.ends_with("event.quarantined")).count(), 2);
}

#[tokio::test]
async fn an_archive_that_was_changed_is_not_released_from() {
    let mut shop = Refusing::sale(2).await;
    shop.deliver(&[Step::Open, Step::Sell]).await;
    shop.mend().await;
    let change = "UPDATE edge_entry SET payload = payload || ' '::bytea WHERE seq = 2";
    damage(&shop.books.pool, change).await;
    let changed = shop.release(2).await.unwrap_err();
    assert!(matches!(changed, ReleaseError::Changed(_)), "{changed}");
    // Nor is a stranger's.
    let stranger = Store::new(9);
    let entry = seal(
        stranger.edge_id,
        JournalHead::EMPTY,
        EntryKind::SaleFinalized,
        1,
        stranger.journal.now(),
        Vec::new(),
    );
    let unknown = release(&shop.books.pool, entry.edge_id, entry.seq).await.unwrap_err();
    assert!(matches!(unknown, ReleaseError::NoSuchEdge(_)), "{unknown}");
}
