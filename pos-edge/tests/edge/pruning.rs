//! Pruning: what may go, what stays, and what is still known of what went.

use std::sync::Arc;

use pos_edge::journal::{Journal, JournalSettings, Pruning};
use proptest::prelude::*;
use schemas::{Clock as _, facts::InvoiceAssignedV1, requests::JournalHead};
use tempfile::TempDir;
use testkit::scratch_dir;

use crate::{
    hands::{Shift, nobody},
    online_orders::online,
    store::{SIGNED_IN, Store},
    tickets::row,
};

const DAY: i64 = 24 * 3_600 * 1_000_000;

/// The books have the journal up to `seq`.
async fn confirm(store: &Store, seq: u64) {
    let hash = store.journal.hash_at(seq).await.unwrap().unwrap();
    store.journal.confirm(JournalHead { seq, hash }).await.unwrap();
}

/// The first `count` sales get their numbers.
async fn number(store: &Store, count: usize) {
    let sales = sales(store).await;
    let mut rows: Vec<InvoiceAssignedV1> = Vec::new();
    for (at, (seq, ticket)) in sales.iter().take(count).enumerate() {
        rows.push(row(store, seq - SIGNED_IN, ticket, at as u64 + 1).await);
    }
    store.journal.record_invoices(&rows).await.unwrap();
}

/// The entries that are sales, with their tickets, oldest first.
async fn sales(store: &Store) -> Vec<(u64, String)> {
    let entries = store.journal.entries_after(0, 100_000, 1 << 30).await.unwrap();
    let sales = entries.into_iter().filter(|entry| entry.kind == "sale.finalized");
    sales
        .map(|entry| {
            let sale: serde_json::Value = serde_json::from_slice(&entry.payload).unwrap();
            (entry.seq, sale["ticket_id"].as_str().unwrap().to_owned())
        })
        .collect()
}

/// Prunes round after round until nothing goes any more; how many entries went.
async fn prune(store: &Store, below: u64) -> u64 {
    let mut all = 0;
    loop {
        let (mut after, mut deleted) = (0, 0);
        while let Pruning { next: Some(next), deleted: now } =
            store.journal.prune_some(after, below).await.unwrap()
        {
            (after, deleted) = (next, deleted + now);
        }
        all += deleted;
        if deleted == 0 {
            return all;
        }
    }
}

/// A session with `count` sales that were all handed out, closed, confirmed and
/// numbered, a hundred days ago; then one sale of today.
async fn long_ago(count: usize) -> (Shift, String) {
    let shift = Shift::begin().await;
    for n in 0..count {
        let order = shift.sell(&format!("t{n}")).await;
        for to in ["READY", "DELIVERED"] {
            shift.sokha.move_order(&order, to, &format!("{to}-{n}")).await.ok(200);
        }
    }
    shift.sokha.close(&shift.session, "close").await.ok(200);
    let now = shift.store.clock.now().plus_micros(100 * DAY);
    shift.store.clock.set(now);
    let mut shift = shift.restart().await;
    shift.session = shift.sokha.open("session-2").await;
    shift.sell("today").await;
    number(&shift.store, count).await;
    let head = shift.store.journal.head().borrow().seq;
    confirm(&shift.store, head).await;
    let session = shift.session.clone();
    (shift, session)
}

#[tokio::test]
async fn what_the_backup_has_and_nobody_needs_goes_and_is_never_sold_again() {
    let (shift, session) = long_ago(20).await;
    let store = &shift.store;
    let (journal, head) = (&store.journal, store.journal.head().borrow().seq);
    assert_eq!(prune(store, 0).await, 0, "no backup, no pruning");
    let before = journal.storage();
    let gone = prune(store, head).await;
    // Twenty sales, forty moves, who logged in; not the session with its close.
    assert!(gone > 60, "{gone}");
    let base = journal.pruned();
    assert!(base < head && base >= 60);
    // How much fits depends on the disk, which others use too.
    assert!(journal.storage().used_bytes < before.used_bytes, "it made room");

    // The same ticket again: not sold, and not taken for another's.
    let first_session = journal.z_report(z_of(&shift).await).await.unwrap();
    assert!(!first_session.0.is_empty(), "Z reports stay");
    let counts = journal.sync_counts().await.unwrap();
    assert_eq!((counts.captured, counts.confirmed, counts.numbered), (21, 21, 20));
    let again = shift.sokha.sell("t3", &first_of(&shift).await).await;
    assert_eq!(again.problem(410), "pruned");
    let other = shift.sokha.sell("t3", &session).await;
    assert_eq!(other.problem(422), "ticket_conflict");
    // An act under a key that was used is not carried out either.
    let moved = shift.sokha.move_order(&nobody(), "READY", "READY-3").await;
    assert_eq!(moved.problem(422), "idempotency_key_conflict");
    assert_eq!(shift.sokha.get("/v1/sales/t3").await.problem(410), "pruned");
    assert_eq!(shift.sokha.get("/v1/sales/t3/receipt").await.problem(410), "pruned");
    assert_eq!(shift.sokha.get("/v1/tickets/t3").await.problem(410), "pruned");
    assert_eq!(journal.sync_counts().await.unwrap().captured, 21, "nothing was sold");
    // Selling goes on, and what is left is chained.
    shift.sokha.sell("next", &session).await.ok(201);
    let entries = journal.entries_after(base, 10_000, 1 << 30).await.unwrap();
    assert_eq!(entries.last().unwrap().seq, journal.head().borrow().seq);
    assert!(journal.entries_after(base - 1, 10, 1 << 20).await.is_err(), "it is gone");

    // And after a restart.
    let shift = shift.restart().await;
    let journal = &shift.store.journal;
    assert_eq!(journal.pruned(), base);
    assert_eq!(journal.sync_counts().await.unwrap().captured, 22);
    assert_eq!(shift.sokha.sell("t3", &session).await.problem(422), "ticket_conflict");
    shift.sokha.sell("last", &session).await.ok(201);
    assert_eq!(journal.hash_at(base).await.unwrap().map(|_| ()), Some(()));
}

/// The session that was closed long ago.
async fn first_of(shift: &Shift) -> String {
    z_of(shift).await.to_string()
}

async fn z_of(shift: &Shift) -> schemas::CashSessionId {
    let key = schemas::TicketId::parse("session-1").unwrap();
    let (_, payload) = shift.store.journal.session_by_key(key).await.unwrap().unwrap();
    let opened: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    opened["cash_session_id"].as_str().unwrap().parse().unwrap()
}

/// What a process that is killed now leaves on the disk, opened again.
async fn killed_now(store: &Store) -> (Journal, TempDir) {
    let copy = scratch_dir();
    for file in std::fs::read_dir(store.dir.path()).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let settings = JournalSettings::in_dir(copy.path());
    let clock = Arc::new(store.clock.clone());
    (Journal::open(&settings, store.identity, clock).await.unwrap(), copy)
}

#[tokio::test]
async fn a_kill_after_any_step_leaves_a_whole_journal_that_is_pruned_on() {
    let (shift, _) = long_ago(60).await;
    let store = &shift.store;
    let head = *store.journal.head().borrow();
    let (mut after, mut steps) = (0, 0);
    while let Pruning { next: Some(next), .. } =
        store.journal.prune_some(after, head.seq).await.unwrap()
    {
        (after, steps) = (next, steps + 1);
        let (left, _dir) = killed_now(store).await;
        assert_eq!(*left.head().borrow(), head);
        assert_eq!(left.pruned(), store.journal.pruned());
        let counts = left.sync_counts().await.unwrap();
        assert_eq!(counts, store.journal.sync_counts().await.unwrap());
        let rest = left.entries_after(left.pruned(), 10_000, 1 << 30).await.unwrap();
        assert_eq!(rest.len() as u64, head.seq - left.pruned(), "chained and whole");
        // The next process prunes on from there.
        while left.prune_some(0, head.seq).await.unwrap().deleted > 0 {}
        left.close().await;
    }
    assert!(steps > 2, "{steps}");
}

#[tokio::test]
async fn what_is_young_unconfirmed_or_still_needed_stays() {
    let shift = Shift::begin().await;
    let delivered = shift.sell("delivered").await;
    for to in ["READY", "DELIVERED"] {
        shift.sokha.move_order(&delivered, to, to).await.ok(200);
    }
    shift.sell("in-prep").await;
    let handed = online(1);
    shift.store.journal.accept_order(handed.clone()).await.unwrap();
    shift.sokha.close(&shift.session, "close").await.ok(200);
    let mine = shift.maly.open("maly").await;
    shift.maly.sell("open-session", &mine).await.ok(201);
    let seq = sales(&shift.store).await.last().unwrap().0;
    shift.maly.ask_void("open-session", "void").await.ok(201);
    let store = &shift.store;
    let head = store.journal.head().borrow().seq;
    number(store, 2).await;
    assert_eq!(prune(store, head).await, 0, "nothing is confirmed");
    confirm(store, head).await;
    assert_eq!(prune(store, head).await, 0, "everything is young");
    store.clock.set(store.clock.now().plus_micros(91 * DAY));
    assert!(prune(store, head).await > 0);
    let shift = shift.restart().await;
    assert_eq!(shift.sokha.get("/v1/sales/delivered").await.problem(410), "pruned");
    let live = shift.maly.get("/v1/orders?live=true").await.ok(200);
    let live: Vec<&str> = live["orders"]
        .as_array()
        .unwrap()
        .iter()
        .map(|order| order["ticket_id"].as_str().unwrap())
        .collect();
    assert_eq!(live.len(), 3, "{live:?}");
    for ticket in ["in-prep", "open-session"] {
        shift.maly.get(&format!("/v1/sales/{ticket}")).await.ok(200);
    }
    let pending = shift.maly.get("/v1/void-requests?status=PENDING").await.ok(200);
    let request = pending["void_requests"][0]["void_request_id"].as_str().unwrap();
    let x = shift.maly.get(&format!("/v1/cash-sessions/{mine}/x")).await.ok(200);
    assert_eq!(x["pending_voids"], 1);
    // Each can still come to its end, and goes then.
    shift.maly.approve(request, "a").await.ok(200);
    let order = handed.order_id.to_string();
    for to in ["READY", "DELIVERED"] {
        shift.maly.move_order(&order, to, &format!("o{to}")).await.ok(200);
    }
    shift.maly.close(&mine, "close-2").await.ok(200);
    let store = &shift.store;
    let row = row(store, seq - SIGNED_IN, "open-session", 3).await;
    store.journal.record_invoices(&[row]).await.unwrap();
    let head = store.journal.head().borrow().seq;
    confirm(store, head).await;
    store.clock.set(store.clock.now().plus_micros(91 * DAY));
    let shift = shift.restart().await;
    shift.maly.open("third").await;
    assert!(prune(&shift.store, head).await > 0);
    assert_eq!(shift.maly.get("/v1/sales/open-session").await.problem(410), "pruned");
    let again = shift.store.journal.accept_order(handed).await.unwrap();
    assert!(again.replayed, "an online order is not made twice");
    shift.maly.get("/v1/sales/in-prep").await.ok(200);
}

/// What became of one sale of a random store.
#[derive(Debug, Clone, Copy)]
struct Fate {
    delivered: bool,
    void: Option<bool>,
    days: i64,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let fate = (any::<bool>(), prop::option::weighted(0.3, any::<bool>()), 0_i64..40)
        .prop_map(|(delivered, void, days)| Fate { delivered, void, days });
    prop::collection::vec(fate, 1..8)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    /// Whatever the watermark, the cursor, the numbers and the ages are.
    #[test]
    fn nothing_that_counts_is_pruned(
        sales in fates(),
        (closed, numbered) in (prop::bool::weighted(0.7), 0_usize..10),
        (confirmed_of, watermark_of) in (30_u64..=100, 30_u64..=150),
        later in prop_oneof![1 => 0_i64..120, 2 => 91_i64..120],
    ) {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(random_store(&sales, (closed, numbered), (confirmed_of, watermark_of), later));
    }
}

async fn random_store(
    fates: &[Fate],
    (closed, numbered): (bool, usize),
    (confirmed_of, watermark_of): (u64, u64),
    later: i64,
) {
    let shift = Shift::begin().await;
    let store = &shift.store;
    for (n, fate) in fates.iter().enumerate() {
        let order = shift.sokha.sell(&format!("t{n}"), &shift.session).await.ok(201)["order_id"]
            .as_str()
            .unwrap()
            .to_owned();
        if let Some(approved) = fate.void {
            let request = shift.sokha.asked_void(&format!("t{n}")).await;
            if approved {
                shift.maly.approve(&request, &format!("a{n}")).await.ok(200);
            }
        } else if fate.delivered {
            for to in ["READY", "DELIVERED"] {
                shift.sokha.move_order(&order, to, &format!("{to}{n}")).await.ok(200);
            }
        }
        // Tokens last less than a day: the clock moves only as far as they allow.
        store.clock.set(store.clock.now().plus_micros(fate.days * 60_000_000));
    }
    if closed {
        shift.sokha.close(&shift.session, "close").await.ok(200);
    }
    store.clock.set(store.clock.now().plus_micros(later * DAY));
    number(store, numbered).await;
    let journal = &store.journal;
    let head = journal.head().borrow().seq;
    let (confirmed, watermark) = (head * confirmed_of / 100, head * watermark_of / 100);
    confirm(store, confirmed).await;
    let before = journal.entries_after(0, 100_000, 1 << 30).await.unwrap();
    let lists_before = journal.sync_counts().await.unwrap();
    prune(store, watermark).await;
    let base = journal.pruned();

    let cutoff = store.clock.now().plus_micros(-90 * DAY);
    assert!(base <= watermark.min(confirmed), "{base} of {watermark}, {confirmed}");
    assert!(base < head, "the newest stays");
    assert!(
        before.iter().filter(|entry| entry.seq <= base).all(|entry| entry.recorded_at < cutoff)
    );
    let after = journal.entries_after(base, 100_000, 1 << 30).await.unwrap();
    assert_eq!(after, before[usize::try_from(base).unwrap()..], "all that follows is as it was");
    assert_eq!(journal.sync_counts().await.unwrap(), lists_before);
    for (n, fate) in fates.iter().enumerate() {
        let ticket = format!("t{n}");
        let known = journal.sale(schemas::TicketId::parse(&ticket).unwrap()).await.unwrap();
        let at_its_end = match fate.void {
            Some(approved) => approved || closed,
            None => fate.delivered,
        };
        // A rejected void leaves the order as it was: in preparation.
        let live = matches!(fate.void, Some(false)) || (fate.void.is_none() && !fate.delivered);
        let may_go = closed && n < numbered && at_its_end && !live;
        assert!(known.is_some() || may_go, "{ticket} is gone: {fate:?}");
        if known.is_none() {
            let pruned = journal.pruned_sale(schemas::TicketId::parse(&ticket).unwrap()).await;
            assert!(pruned.unwrap().is_some(), "{ticket} is forgotten");
        }
    }
    let closed = shift.store.stop().await.start().await;
    assert_eq!(closed.journal.pruned(), base);
    assert_eq!(closed.journal.sync_counts().await.unwrap(), lists_before);
    closed.stop().await;
}
