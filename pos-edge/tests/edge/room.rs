//! A full disk: nothing is answered as sold that is not, reading goes on, and
//! selling comes back by itself.

use crate::store::Store;

#[tokio::test]
async fn a_full_journal_refuses_and_comes_back_without_a_restart() {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    store.till.sell("t0", &session).await.ok(201);
    let bytes = store.journal.storage().journal_bytes;
    store.journal.limit_bytes(Some(bytes)).await.unwrap();
    let mut sold = 1;
    let refused = loop {
        let reply = store.till.sell(&format!("t{sold}"), &session).await;
        if reply.status != 201 {
            break reply;
        }
        sold += 1;
        assert!(sold < 10_000, "a bound of {bytes} bytes does not hold");
    };
    assert_eq!(refused.problem(507), "storage_full");
    let status = store.till.get("/v1/sync").await.ok(200);
    assert_eq!(status["captured"], sold, "what was refused was not captured");
    let list = store.till.get("/v1/tickets?limit=500").await.ok(200);
    assert_eq!(list["tickets"].as_array().unwrap().len() as u64, sold.min(500));
    store.till.get("/v1/sales/t0").await.ok(200);
    // Refused as one, however many ask at once.
    let more: Vec<String> = (0..16).map(|n| format!("m{n}")).collect();
    let attempts = more.iter().map(|ticket| store.till.sell(ticket, &session));
    let replies = futures::future::join_all(attempts).await;
    assert!(replies.iter().any(|reply| reply.status == 507));

    store.journal.limit_bytes(None).await.unwrap();
    store.till.sell(&format!("t{sold}"), &session).await.ok(201);
    let entries = store.journal.entries_after(0, 10_000, 1 << 30).await.unwrap();
    assert_eq!(entries.len() as u64, store.journal.head().borrow().seq, "chained and whole");
    let store = store.restart().await;
    store.till.sell("last", &session).await.ok(201);
}
