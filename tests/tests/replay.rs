//! Entries that the stream has and the books lack: booked by a replay as by a worker,
//! once, whoever else is at it. The test speaks for the edge.

use bus::{
    Bus,
    entries::{
        ShardConsumer,
        reader::{EntryReader, everything},
        settled_up_to,
    },
};
use schemas::{
    Entry,
    subjects::{DEFAULT_SHARDS, PosSubject, shard_of},
};
use testkit::{BOUND, JournalWriter, Store, wait_until};
use tests::World;
use workers::replay::{Applied, Range, Streamed, from_stream};

struct Stage {
    world: World,
    bus: Bus,
    journal: JournalWriter,
}

impl Stage {
    /// A store, and no worker.
    async fn set() -> Self {
        let mut world = World::without_edges(1).await;
        world.centre.workers.kill();
        let bus = world.bus().await;
        let journal = world.company.stores[0].journal();
        Self { world, bus, journal }
    }

    /// Publishes entries; each time that one comes again is another `attempt`.
    async fn send(&self, entries: &[Entry], attempt: u32) {
        let Store { tenant_id, branch_id, edge_id, .. } = self.world.company.stores[0];
        for entry in entries {
            let shard = shard_of(tenant_id, branch_id, DEFAULT_SHARDS);
            let kind = entry.kind.clone();
            let subject = PosSubject { shard, tenant_id, branch_id, edge_id, kind };
            let ack = bus::entries::publish(&self.bus, &subject, entry, attempt).await;
            ack.expect("it is sent").wait().await.expect("the broker takes it");
        }
    }

    fn shard(&self) -> u16 {
        let Store { tenant_id, branch_id, .. } = self.world.company.stores[0];
        shard_of(tenant_id, branch_id, DEFAULT_SHARDS)
    }

    /// Acks what is in the stream, as a worker did whose commits were lost with the
    /// books.
    async fn pass_by(&self, mut messages: usize) {
        let mut consumer =
            ShardConsumer::open(&self.bus, self.shard()).await.expect("the stream is there");
        while messages > 0 {
            let batch = consumer.next_batch(500).await.expect("entries come");
            consumer.ack(&batch).await.expect("they are acked");
            messages -= batch.len();
        }
        wait_until("the broker has the acks", BOUND, async || {
            (settled_up_to(&self.bus, self.shard()).await.ok()? == u64::MAX).then_some(())
        })
        .await;
    }

    async fn replay(&self, apply: bool) -> Streamed {
        let mut entries =
            EntryReader::open(&self.bus, everything(), 0).await.expect("the stream is there");
        let (mut found, range) = (Streamed::default(), Range::default());
        let on = (&self.world.books.pool, &self.bus);
        while from_stream(on, DEFAULT_SHARDS, &mut entries, (&range, apply), &mut found)
            .await
            .expect("it is read")
            .is_some()
        {}
        found
    }

    fn missing(&self, found: &Streamed) -> Option<Applied> {
        found.missing.get(&self.world.company.stores[0].edge_id).copied()
    }

    async fn entries(&self) -> i64 {
        self.world.count("SELECT count(*) FROM edge_entry").await
    }
}

#[tokio::test]
async fn what_the_books_lack_is_told_and_then_booked_once() {
    let mut stage = Stage::set().await;
    let mut entries = vec![stage.journal.open_session()];
    entries.extend(stage.journal.sell_many(9));
    stage.send(&entries, 0).await;
    let waiting = stage.replay(true).await;
    assert_eq!((waiting.on_their_way, stage.missing(&waiting)), (10, None), "a worker's to book");
    stage.pass_by(10).await;
    let told = stage.replay(false).await;
    assert_eq!(stage.missing(&told), Some(Applied { first: 1, last: 10 }));
    assert_eq!((told.read, told.known, stage.entries().await), (10, 0, 0), "it is only told");
    let booked = stage.replay(true).await;
    assert_eq!(stage.missing(&booked), Some(Applied { first: 1, last: 10 }));
    assert_eq!(stage.entries().await, 10);
    let again = stage.replay(true).await;
    assert_eq!((stage.missing(&again), again.known), (None, 10), "{again:?}");

    // Something is missing from the stream, and something is no entry.
    let lost = stage.journal.sell().1;
    let after = stage.journal.sell_many(2);
    stage.send(&after, 0).await;
    let mut forged = lost.clone();
    forged.payload.push(b' ');
    stage.send(&[forged], 0).await;
    stage.pass_by(3).await;
    let found = stage.replay(true).await;
    assert_eq!(stage.missing(&found), None);
    assert_eq!(found.after_a_gap.iter().map(|(_, seq)| *seq).collect::<Vec<_>>(), [12, 13]);
    assert_eq!((found.unbelievable, stage.entries().await), (1, 10));
    let held = "SELECT count(*) FROM edge_cursor WHERE held_reason IS NOT NULL";
    assert_eq!(stage.world.count(held).await, 0, "a replay holds nobody");

    stage.world.centre.workers = stage.world.centre.plan("workers").start();
    stage.send(&[lost], 1).await;
    stage.send(&after, 1).await;
    stage.world.becomes("SELECT count(*) FROM edge_entry", 13).await;
    stage.world.numbered(12).await;
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn a_replay_beside_a_worker_books_nothing_twice() {
    let mut stage = Stage::set().await;
    let mut entries = vec![stage.journal.open_session()];
    entries.extend(stage.journal.sell_many(600));
    stage.send(&entries, 0).await;
    stage.pass_by(601).await;
    stage.world.centre.workers = stage.world.centre.plan("workers").start();
    for _ in 0..3 {
        let (one, other) = tokio::join!(stage.replay(true), stage.replay(true));
        assert!(one.forks.is_empty() && other.forks.is_empty(), "{one:?} {other:?}");
        let more = stage.journal.sell_many(50);
        stage.send(&more, 0).await;
    }
    // What came while something before it was missing, nobody sends again here.
    wait_until("the books have everything", BOUND, async || {
        stage.replay(true).await;
        (stage.entries().await == 751).then_some(())
    })
    .await;
    stage.world.numbered(750).await;
    assert_eq!(stage.world.count("SELECT count(*) FROM sale").await, 750);
    stage.world.books_are_right().await;
}
