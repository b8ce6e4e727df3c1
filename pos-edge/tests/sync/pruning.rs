//! A journal that is pruned while it is in touch with the books, and books that go back.

use std::time::{Duration, Instant};

use schemas::requests::JournalHead;
use testkit::{BOUND, wait_until};

use crate::{
    World,
    centre::{Books, Centre},
    store::Store,
    world,
};

/// A store that sold, came to the end of its day, and is confirmed and numbered.
async fn a_day(sales: usize) -> World {
    let World { store, centre, line, nats } = world(Books::default()).await;
    let store = store.keeping_nothing().await;
    store.sell(sales).await;
    store.end_the_day().await;
    World { store, centre, line, nats }
}

/// The books go back to `seq`, as after a restore.
fn go_back(centre: &Centre, seq: u64) {
    let mut books = centre.books();
    books.archive.truncate(usize::try_from(seq).unwrap());
    books.cursor =
        books.archive.last().map(|entry| JournalHead { seq: entry.seq, hash: entry.hash });
}

async fn pruned_to(store: &Store, seq: u64) {
    wait_until(&format!("everything up to {seq} is pruned"), BOUND, async || {
        (store.journal.pruned() >= seq).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_prunes_to_the_watermark_and_resends_what_is_above() {
    let World { store, centre, line, nats: _nats } = a_day(40).await;
    let sync = store.sync(&line);
    let head = store.journal.head().borrow().seq;
    centre.has(head).await;
    store.all_numbered().await;
    assert_eq!(store.journal.pruned(), 0, "nothing is in a backup");
    let bytes = store.journal.storage().used_bytes;
    centre.books().prune_watermark = head - 30;
    pruned_to(&store, head - 30).await;
    assert_eq!(store.journal.pruned(), head - 30, "and not beyond");
    assert!(store.journal.storage().used_bytes < bytes);
    // Above what was pruned: everything that the books miss is sent again.
    go_back(&centre, head - 20);
    centre.has(head).await;
    sync.shows("the books' place", |view| view.books_seq == head && view.last_error.is_none())
        .await;
    // To the very entry that was pruned last.
    go_back(&centre, head - 30);
    centre.has(head).await;
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn books_that_miss_what_was_pruned_are_told_loudly() {
    let World { store, centre, line, nats: _nats } = a_day(20).await;
    let sync = store.sync(&line);
    let head = store.journal.head().borrow().seq;
    centre.has(head).await;
    store.all_numbered().await;
    centre.books().prune_watermark = head - 10;
    pruned_to(&store, head - 10).await;
    let received = centre.books().received;
    go_back(&centre, head - 15);
    let view = sync
        .shows("that they are beyond help", |view| {
            view.last_error.as_ref().is_some_and(|error| error.contains("has pruned its entries"))
        })
        .await;
    assert!(view.last_error.unwrap().contains(&format!("up to {}", head - 10)));
    assert_eq!(centre.books().received, received, "nothing is sent into a hole");
    // Books that are restored from a newer backup after all.
    let whole = store.journal.entries_after(head - 10, 1_000, 1 << 30).await.unwrap();
    {
        let mut books = centre.books();
        let last = whole[4].clone();
        books.cursor = Some(JournalHead { seq: last.seq, hash: last.hash });
        // What lies before is no matter here: it is never asked for again.
        let missing = usize::try_from(last.seq).unwrap() - books.archive.len();
        let filler = books.archive.last().unwrap().clone();
        books.archive.extend(std::iter::repeat_n(filler, missing - 5));
        books.archive.extend(whole[..5].iter().cloned());
    }
    centre.has(head).await;
    sync.shows("no error any more", |view| view.last_error.is_none()).await;
    sync.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn captures_hardly_wait_while_it_prunes() {
    let World { mut store, centre, line, nats: _nats } = a_day(150).await;
    let sync = store.sync(&line);
    let head = store.journal.head().borrow().seq;
    centre.has(head).await;
    store.all_numbered().await;
    store.open_again().await;
    let measure = async |count: usize| {
        let mut took: Vec<Duration> = Vec::with_capacity(count);
        for _ in 0..count {
            let begun = Instant::now();
            store.try_to_sell().await.unwrap();
            took.push(begun.elapsed());
        }
        took.sort_unstable();
        (took[count / 2], took[count * 99 / 100])
    };
    let quiet = measure(200).await;
    centre.books().prune_watermark = head;
    wait_until("it prunes", BOUND, async || (store.journal.pruned() > 0).then_some(())).await;
    let pruning = measure(100).await;
    println!("p50, p99 of a capture: {quiet:?} quiet, {pruning:?} while it prunes");
    // Of a busy machine's p99 nothing can be said; a writer that is kept shows in the middle.
    assert!(pruning.0 < quiet.0 + Duration::from_millis(25), "{pruning:?} after {quiet:?}");
    pruned_to(&store, head - 1).await;
    sync.stop().await;
}
