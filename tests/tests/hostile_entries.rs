//! What arrives is not what was sent: doubled, shuffled, with holes, forged.
//! Here the test speaks for the edges.

use bus::Bus;
use schemas::{
    Entry, EntryKind,
    events::OrderStatus,
    subjects::{DEFAULT_SHARDS, PosSubject, shard_of},
};
use testkit::{BOUND, JournalWriter, Store, wait_until};
use tests::World;

/// An edge that the test plays.
struct Played<'a> {
    bus: &'a Bus,
    store: &'a Store,
    journal: JournalWriter,
    attempt: u32,
}

impl<'a> Played<'a> {
    fn new(bus: &'a Bus, store: &'a Store) -> Self {
        Self { bus, store, journal: store.journal(), attempt: 0 }
    }

    /// Publishes entries in the order given and waits for the broker's acks.
    async fn send(&mut self, entries: &[Entry]) {
        self.attempt += 1;
        for entry in entries {
            let subject = PosSubject {
                shard: shard_of(self.store.tenant_id, self.store.branch_id, DEFAULT_SHARDS),
                tenant_id: self.store.tenant_id,
                branch_id: self.store.branch_id,
                edge_id: self.store.edge_id,
                kind: entry.kind.clone(),
            };
            let ack = bus::entries::publish(self.bus, &subject, entry, self.attempt).await;
            ack.expect("it is sent").wait().await.expect("the broker takes it");
        }
    }

    /// Waits until the books are at `seq` of this journal.
    async fn booked(&self, world: &World, seq: u64) {
        let edge = self.store.edge_id.as_uuid();
        wait_until(&format!("the books are at entry {seq}"), BOUND, async || {
            let query = "SELECT last_seq FROM edge_cursor WHERE edge_id = $1";
            let at: i64 = testkit::sqlx::query_scalar(query)
                .bind(edge)
                .fetch_one(&world.books.pool)
                .await
                .ok()?;
            (u64::try_from(at).ok()? >= seq).then_some(())
        })
        .await;
    }

    /// Why the books hold this edge, once they do.
    async fn held(&self, world: &World) -> String {
        let edge = self.store.edge_id.as_uuid();
        wait_until("the books hold the edge", BOUND, async || {
            let query = "SELECT held_reason FROM edge_cursor WHERE edge_id = $1";
            let reason: Option<String> = testkit::sqlx::query_scalar(query)
                .bind(edge)
                .fetch_one(&world.books.pool)
                .await
                .ok()?;
            reason
        })
        .await
    }
}

/// The journal's first entries: an opened session and `sales` sales.
fn a_morning(journal: &mut JournalWriter, sales: usize) -> Vec<Entry> {
    let mut entries = vec![journal.open_session()];
    entries.extend(journal.sell_many(sales));
    entries
}

#[tokio::test]
async fn doubled_shuffled_and_with_a_hole_ends_as_if_sent_once_in_order() {
    let world = World::without_edges(1).await;
    let bus = world.bus().await;
    let mut edge = Played::new(&bus, &world.company.stores[0]);
    let entries = a_morning(&mut edge.journal, 30);

    let mut shuffled: Vec<_> = entries.iter().rev().cloned().collect();
    shuffled.swap(3, 20);
    shuffled.remove(10);
    edge.send(&shuffled).await;
    edge.send(&entries).await;
    edge.send(&entries).await;
    edge.booked(&world, 31).await;
    world.numbered(30).await;
    assert_eq!(world.count("SELECT count(*) FROM sale").await, 30);
    let in_order = "SELECT count(*) FROM invoice a JOIN invoice b ON b.no = a.no + 1
                    WHERE b.entry_seq <= a.entry_seq";
    assert_eq!(world.count(in_order).await, 0, "numbers follow the journal");
    world.books_are_right().await;
}

#[tokio::test]
async fn after_a_hole_nothing_is_applied_until_it_is_filled() {
    let world = World::without_edges(1).await;
    let bus = world.bus().await;
    let mut edge = Played::new(&bus, &world.company.stores[0]);
    let entries = a_morning(&mut edge.journal, 9);
    let subject = schemas::subjects::confirmed(world.company.stores[0].edge_id);
    let mut notices = bus::notices::subscribe(&bus, &subject).await.expect("it can listen");
    edge.send(&entries[..4]).await;
    edge.booked(&world, 4).await;
    edge.send(&entries[5..]).await;
    let mut asked = false;
    while !asked {
        let notice = tokio::time::timeout(BOUND, notices.next()).await.expect("a notice in time");
        let notice = notice.expect("the line holds");
        let notice: schemas::requests::ConfirmedV1 =
            serde_json::from_slice(&notice).expect("a notice");
        asked = notice.resend && notice.cursor.seq == 4;
    }
    assert_eq!(world.count("SELECT max(last_seq) FROM edge_cursor").await, 4);
    edge.send(&entries[4..]).await;
    edge.booked(&world, 10).await;
    world.numbered(9).await;
    world.books_are_right().await;
}

#[tokio::test]
async fn a_forked_journal_stops_that_edge_alone() {
    let world = World::without_edges(2).await;
    let bus = world.bus().await;
    let mut forked = Played::new(&bus, &world.company.stores[0]);
    let mut other = Played::new(&bus, &world.company.stores[1]);
    let entries = a_morning(&mut forked.journal, 5);
    let mut branch = forked.store.journal();
    let mut alternative = vec![branch.open_session()];
    alternative.push(branch.append_bytes(EntryKind::SaleFinalized, 1, b"{}".to_vec()));
    forked.send(&entries).await;
    forked.booked(&world, 6).await;

    forked.send(&alternative[1..]).await;
    let reason = forked.held(&world).await;
    assert!(reason.contains("another history"), "{reason}");
    let more = forked.journal.sell_many(1);
    forked.send(&more).await;
    let entries = a_morning(&mut other.journal, 5);
    other.send(&entries).await;
    other.booked(&world, 6).await;
    world.numbered(10).await;
    assert_eq!(world.count("SELECT count(*) FROM sale").await, 10, "nothing of the held edge");
    world.books_are_right().await;
}

#[tokio::test]
async fn a_byte_changed_on_the_way_never_reaches_the_books() {
    let world = World::without_edges(1).await;
    let bus = world.bus().await;
    let mut edge = Played::new(&bus, &world.company.stores[0]);
    let entries = a_morning(&mut edge.journal, 5);
    let mut changed = entries.clone();
    let byte = changed[3].payload.iter().rposition(|byte| byte.is_ascii_digit()).expect("a digit");
    changed[3].payload[byte] ^= 1;
    edge.send(&changed).await;
    edge.booked(&world, 3).await;
    edge.send(&entries[3..]).await;
    edge.booked(&world, 6).await;
    world.numbered(5).await;
    let stored: Vec<u8> =
        testkit::sqlx::query_scalar("SELECT payload FROM edge_entry WHERE seq = 4")
            .fetch_one(&world.books.pool)
            .await
            .expect("entry 4 is archived");
    assert_eq!(stored, entries[3].payload);
    world.books_are_right().await;
}

#[tokio::test]
async fn a_poison_entry_blocks_nobody_and_its_followers_wait_behind_it() {
    let world = World::without_edges(1).await;
    let bus = world.bus().await;
    let mut edge = Played::new(&bus, &world.company.stores[0]);
    let mut entries = a_morning(&mut edge.journal, 3);
    // A sale whose payload nobody can read, but which says whose it is.
    let unreadable = edge.journal.next_sale();
    let mut payload = serde_json::to_value(&unreadable).expect("a sale is JSON");
    payload["subtotal_usd"] = "not an amount".into();
    let payload = serde_json::to_vec(&payload).expect("JSON");
    entries.push(edge.journal.append_bytes(EntryKind::SaleFinalized, 1, payload));
    entries.push(edge.journal.move_order(&unreadable, OrderStatus::InPrep, OrderStatus::Ready));
    entries.extend(edge.journal.sell_many(3));
    edge.send(&entries).await;
    edge.booked(&world, 9).await;
    world.numbered(6).await;
    let reasons: Vec<(i64, String)> =
        testkit::sqlx::query_as("SELECT seq, reason FROM quarantine ORDER BY seq")
            .fetch_all(&world.books.pool)
            .await
            .expect("the quarantine can be read");
    assert_eq!(reasons, [(5, "INVALID_PAYLOAD".to_owned()), (6, "BEHIND".to_owned())]);
    assert_eq!(world.count("SELECT count(*) FROM edge_entry").await, 9, "kept, as captured");
    world.books_are_right().await;
}

#[tokio::test]
async fn everything_sent_again_from_the_start_changes_nothing() {
    let world = World::without_edges(1).await;
    let bus = world.bus().await;
    let mut edge = Played::new(&bus, &world.company.stores[0]);
    let entries = a_morning(&mut edge.journal, 20);
    edge.send(&entries).await;
    world.numbered(20).await;
    for _ in 0..3 {
        edge.send(&entries).await;
    }
    let more = edge.journal.sell_many(1);
    edge.send(&more).await;
    edge.booked(&world, 22).await;
    world.numbered(21).await;
    assert_eq!(world.count("SELECT count(*) FROM edge_entry").await, 22);
    world.books_are_right().await;
}
