//! SIGKILL in the middle of selling: every sale that was answered is there.

use std::{
    collections::HashSet,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use pos_edge::journal::{Journal, JournalSettings};
use schemas::{SystemClock, TicketId};
use testkit::{BOUND, free_port, wait_until};

use crate::{
    hands::{Hand, Shift, drawer_in, entries_of},
    store::{Closed, NO_LINE, Store, Till},
};

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.0.kill();
        let _status = self.0.wait();
    }
}

/// Starts the daemon itself on a closed store.
async fn daemon(left: &Closed) -> (Killed, Till) {
    let port = free_port().unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_pos-edge"))
        .env("TILLSTREAM__IDENTITY__TENANT_ID", left.identity.tenant_id.to_string())
        .env("TILLSTREAM__IDENTITY__BRANCH_ID", left.identity.branch_id.to_string())
        .env("TILLSTREAM__IDENTITY__EDGE_ID", left.identity.edge_id.to_string())
        .env("TILLSTREAM__DATA_DIR", left.dir.path())
        .env("TILLSTREAM__LISTEN", format!("127.0.0.1:{port}"))
        .env("TILLSTREAM__NATS__URL", NO_LINE)
        .env("RUST_LOG", "error")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let till = Till::at(([127, 0, 0, 1], port).into());
    wait_until("the daemon serves", BOUND, async || {
        let request = till.request(reqwest::Method::GET, "/healthz");
        till.try_send(request).await.ok().filter(|reply| reply.status == 200)
    })
    .await;
    (Killed(child), till)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answered_sale_survives_a_kill() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    let left = store.stop().await;
    let mut answered: HashSet<String> = HashSet::new();
    for round in 0..3 {
        let (mut daemon, till) = daemon(&left).await;
        // The daemon has another clock than the store had.
        let till = till.paired("Counter 1").await.logged_in("Sokha").await;
        let sold: Arc<Mutex<Vec<String>>> = Arc::default();
        let count = Arc::new(AtomicUsize::new(0));
        let tills: Vec<_> = (0..16)
            .map(|n| {
                let (till, session) = (till.clone(), session.clone());
                let (sold, count) = (Arc::clone(&sold), Arc::clone(&count));
                tokio::spawn(async move {
                    for sale in 0.. {
                        let ticket = format!("r{round}-{n}-{sale}");
                        let request = till
                            .request(reqwest::Method::POST, "/v1/sales")
                            .header("Idempotency-Key", &ticket)
                            .json(&crate::store::sale_in(&session));
                        match till.try_send(request).await {
                            Ok(reply) => {
                                reply.ok(201);
                                sold.lock().unwrap().push(ticket);
                                count.fetch_add(1, Ordering::SeqCst);
                            }
                            Err(_) => return,
                        }
                    }
                })
            })
            .collect();
        wait_until("enough is sold", BOUND, async || {
            (count.load(Ordering::SeqCst) > 60 + 40 * round).then_some(())
        })
        .await;
        daemon.0.kill().unwrap();
        daemon.0.wait().unwrap();
        for till in tills {
            till.await.unwrap();
        }
        answered.extend(sold.lock().unwrap().drain(..));
    }
    let settings = JournalSettings::in_dir(left.dir.path());
    let journal = Journal::open(&settings, left.identity, Arc::new(SystemClock)).await.unwrap();
    for ticket in &answered {
        let found = journal.sale(TicketId::parse(ticket.as_str()).unwrap()).await.unwrap();
        assert!(found.is_some(), "{ticket} was answered and is lost");
    }
    let head = journal.head().borrow().seq;
    let entries = journal.entries_after(0, 1_000_000, 1 << 30).await.unwrap();
    assert_eq!(entries.len() as u64, head, "the chain is whole");
    assert!(head > answered.len() as u64);
    journal.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn voids_that_are_decided_amid_a_kill_are_decided_once() {
    const SALES: usize = 40;
    let shift = Shift::begin().await;
    let mut requests = Vec::new();
    for n in 0..SALES {
        shift.sell(&format!("t{n}")).await;
        requests.push(shift.sokha.asked_void(&format!("t{n}")).await);
    }
    let session = shift.session.clone();
    let left = shift.store.stop().await;
    // Half of them get their answer before the kill, more or less.
    let (mut first, till) = daemon(&left).await;
    let maly = Hand::at(&till, "Maly", "Counter 2").await;
    let answered = Arc::new(AtomicUsize::new(0));
    let deciding: Vec<_> = requests
        .iter()
        .map(|id| {
            let (path, maly) = (format!("/v1/void-requests/{id}/approve"), maly.clone());
            let (key, answered) = (format!("a-{id}"), Arc::clone(&answered));
            tokio::spawn(async move {
                let request = maly.request(reqwest::Method::POST, &path);
                let request = request
                    .header("Idempotency-Key", &key)
                    .json(&serde_json::json!({ "note": "seen" }));
                if let Ok(response) = request.send().await {
                    assert_eq!(response.status(), 200);
                    answered.fetch_add(1, Ordering::SeqCst);
                }
            })
        })
        .collect();
    wait_until("some are decided", BOUND, async || {
        (answered.load(Ordering::SeqCst) > 3).then_some(())
    })
    .await;
    first.0.kill().unwrap();
    first.0.wait().unwrap();
    for decided in deciding {
        decided.await.unwrap();
    }
    let (second, till) = daemon(&left).await;
    let maly = Hand::at(&till, "Maly", "Counter 2").await;
    for id in &requests {
        // The same key as before: done now, or answered as it was.
        maly.approve(id, &format!("a-{id}")).await.ok(200);
        assert_eq!(maly.reject(id, &format!("r-{id}")).await.problem(409), "void_already_decided");
    }
    let x = maly.get(&format!("/v1/cash-sessions/{session}/x")).await.ok(200);
    assert_eq!((&x["void_count"], &x["pending_voids"]), (&SALES.into(), &0.into()));
    let dollars = drawer_in(&x, "USD");
    assert_eq!(dollars["refunds"], dollars["sales"]);
    assert_eq!(dollars["expected"], "50");
    let beans = maly.get("/v1/stock").await.ok(200)["items"][0]["level"].clone();
    assert_eq!(beans, "0", "what was taken is there again, once");
    drop(second);
    let settings = JournalSettings::in_dir(left.dir.path());
    let journal = Journal::open(&settings, left.identity, Arc::new(SystemClock)).await.unwrap();
    assert_eq!(entries_of(&journal).await["void.approved"], SALES);
    journal.close().await;
}
