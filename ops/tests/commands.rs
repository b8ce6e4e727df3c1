//! `verify` and `status` on a stack that runs in another process: here, in the
//! test's.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{path::Path, process::Command, sync::Arc, time::Duration};

use ops::{
    commands::verify::{Strictness, verify},
    company::Shopper,
    demo,
    drive::client::EdgeClient,
    stack::{Stack, StackOptions},
};
use rust_decimal::Decimal;
use schemas::{
    Currency, Khr, Money, SystemClock, TicketId, Usd,
    edge_api::{FinalizeSale, OpenCashSession, TenderOffer},
    events::TenderMethod,
};
use serde_json::Value;
use testkit::{BOUND, scratch_dir, sqlx, wait_until};

const SALES: u64 = 7;

/// Runs a command on the stack; its exit status and what it printed.
async fn run(data_dir: &Path, arguments: &[&str]) -> (i32, String) {
    let data_dir = data_dir.to_path_buf();
    let arguments: Vec<String> = arguments.iter().map(|&text| text.to_owned()).collect();
    let ran = tokio::task::spawn_blocking(move || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tillstream"));
        command.args(arguments).arg("--data-dir").arg(data_dir).output().unwrap()
    });
    let output = ran.await.unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// Sells at the demo company's first store, until so many sales have their numbers.
async fn sell(stack: &Stack, numbered: u64) {
    let company = ops::company::demo();
    let store = &company.stores[0];
    let edge = EdgeClient::at_url(&stack.edge(store.edge_id).unwrap().url()).unwrap();
    edge.await_catalogue().await.unwrap();
    let device_id = store.devices()[0].device_id;
    let session = OpenCashSession {
        device_id,
        staff_id: store.staff()[0].staff_id,
        opening_float_usd: Usd::ZERO,
        opening_float_khr: Khr::ZERO,
    };
    let edge = edge.at_till(store, device_id, session.staff_id).await.unwrap();
    let cash_session_id = edge.open_session("a-day", &session).await.unwrap();
    let mut customers = Shopper::new(7, &store.catalogue);
    for sale in 0..SALES {
        let received = Money { amount: Decimal::from(100), currency: Currency::Usd };
        let sold = FinalizeSale {
            device_id,
            cash_session_id,
            customer_id: None,
            cart: customers.cart(),
            tender: TenderOffer { method: TenderMethod::Cash, received },
            draft_id: None,
            shown: None,
        };
        edge.sell(&TicketId::parse(format!("sale-{sale}")).unwrap(), &sold).await.unwrap();
    }
    wait_until("every number is known at the store", BOUND, async || {
        let sync = edge.sync().await.ok()?;
        (sync.numbered == numbered && sync.confirmed_seq == sync.journal_seq).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_and_status_tell_how_it_is_and_verify_fails_when_it_must() {
    let dir = scratch_dir();
    let data_dir = dir.path().join("stack");
    let clock = Arc::new(SystemClock);
    let mut stack = Stack::start(StackOptions::throw_away(&data_dir), clock.clone()).await.unwrap();
    demo::set_up(&mut stack, clock).await.unwrap();
    sell(&stack, SALES).await;

    let (status, text) = run(&data_dir, &["verify", "--settled", "--json"]).await;
    let verdict: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &verdict["ok"]), (0, &Value::Bool(true)), "{verdict:#}");
    let check = |name: &str| {
        let checks = verdict["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == name).unwrap().clone()
    };
    assert_eq!(check("register")["counts"]["invoices"], SALES);
    assert_eq!(check("edges")["counts"]["edges"], 3);
    assert_eq!(check("edges")["counts"]["numbered"], SALES);

    let (status, text) = run(&data_dir, &["status", "--json"]).await;
    let stores: Value = serde_json::from_str(&text).unwrap();
    let riverside = stores["stores"].as_array().unwrap().iter().find(|s| s["store"] == "Riverside");
    assert_eq!((status, &riverside.unwrap()["numbered"]), (0, &SALES.into()), "{text}");
    let (status, text) = run(&data_dir, &["status"]).await;
    assert!(status == 0 && text.contains("Russian Market") && text.contains("level"), "{text}");

    // One sale of seven loses a cent.
    let lose = "UPDATE invoice SET grand_total_usd = grand_total_usd - 0.01 WHERE no = 4";
    testkit::damage(stack.pool(), lose).await;
    let (status, text) = run(&data_dir, &["verify"]).await;
    assert_eq!(status, 1, "{text}");
    assert!(text.contains("FAILED register") && text.contains("FAILED invoices"), "{text}");
    assert!(text.contains("(No. 4) has an invoice with other amounts"), "{text}");
    assert!(text.contains("2 of 23 checks failed"), "{text}");

    // A store that is not there any more is named silent, not taken for level.
    let company = ops::company::demo();
    stack.stop_edge(company.stores[2].edge_id).await.unwrap();
    sqlx::query("UPDATE edge_heartbeat SET received_at = received_at - interval '1 hour'")
        .execute(stack.pool())
        .await
        .unwrap();
    wait_until("the other stores are heard again", BOUND, async || {
        let (_, text) = run(&data_dir, &["status"]).await;
        let silent = text.lines().filter(|line| line.contains("SILENT"));
        (silent.count() == 1).then_some(())
    })
    .await;
    let strictness = Strictness { settled: false, stuck_after: Duration::from_secs(5) };
    assert!(!verify(stack.pool(), &[], strictness).await.unwrap().ok);
    stack.shutdown().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_booked_is_listed_and_shown_released_or_given_up() {
    let dir = scratch_dir();
    let data_dir = dir.path().join("stack");
    let clock = Arc::new(SystemClock);
    let mut stack = Stack::start(StackOptions::throw_away(&data_dir), clock.clone()).await.unwrap();
    demo::set_up(&mut stack, clock).await.unwrap();
    let (status, text) = run(&data_dir, &["quarantine", "list"]).await;
    assert!(status == 0 && text.contains("nothing waits"), "{text}");
    // The books refuse two sales, as a wrong constraint would.
    let wrong =
        "ALTER TABLE sale ADD CONSTRAINT wrong CHECK (ticket_id NOT IN ('sale-2', 'sale-4'))";
    testkit::damage(stack.pool(), wrong).await;
    sell(&stack, SALES - 2).await;

    let listed = async |arguments: &[&str]| -> Vec<Value> {
        let (status, text) = run(&data_dir, arguments).await;
        assert_eq!(status, 0, "{text}");
        let told: Value = serde_json::from_str(&text).unwrap();
        told["entries"].as_array().unwrap().clone()
    };
    let waiting = listed(&["quarantine", "list", "--json"]).await;
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    // What is set aside bounds up to when the store is complete.
    let riverside = async || -> Value {
        let (status, text) = run(&data_dir, &["status", "--json"]).await;
        assert_eq!(status, 0, "{text}");
        let told: Value = serde_json::from_str(&text).unwrap();
        let stores = told["stores"].as_array().unwrap();
        stores.iter().find(|store| store["store"] == "Riverside").unwrap().clone()
    };
    let up_to = |store: &Value| store["complete_up_to"].as_str().unwrap_or_default().to_owned();
    let bounded = wait_until("the quarantine bounds it", BOUND, async || {
        Some(riverside().await).filter(|store| store["bound_by"] == "set_aside")
    })
    .await;
    let first: String = sqlx::query_scalar(
        "SELECT to_jsonb(min(e.recorded_at) AT TIME ZONE 'UTC') #>> '{}'
         FROM quarantine q JOIN edge_entry e USING (edge_id, seq)",
    )
    .fetch_one(stack.pool())
    .await
    .unwrap();
    assert!(up_to(&bounded) < first, "{} and the first is of {first}", up_to(&bounded));
    let (_, text) = run(&data_dir, &["status"]).await;
    assert!(text.contains("in quarantine"), "{text}");
    assert_eq!(
        (&waiting[0]["state"], &waiting[0]["reason"]),
        (&"WAITING".into(), &"DATA_ERROR".into())
    );
    let names: Vec<&str> = waiting.iter().map(|row| row["entry"].as_str().unwrap()).collect();
    let (status, text) = run(&data_dir, &["quarantine", "show", names[0]]).await;
    let shown: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &shown["payload"]["ticket_id"]), (0, &"sale-2".into()), "{text}");

    // Nothing changes while the reason holds.
    let (status, _) = run(&data_dir, &["quarantine", "release", names[0]]).await;
    assert_eq!(status, 1);
    assert_eq!(listed(&["quarantine", "list", "--json"]).await, waiting);
    testkit::damage(stack.pool(), "ALTER TABLE sale DROP CONSTRAINT wrong").await;
    let (status, text) = run(&data_dir, &["quarantine", "release", names[0]]).await;
    assert!(status == 0 && text.starts_with("1 entries"), "{text}");
    let (status, _) = run(&data_dir, &["quarantine", "release", names[0]]).await;
    assert_eq!(status, 1, "it does not wait any more");

    let give_up = ["quarantine", "discard", names[1], "--by", "Maly", "--reason", "a test sale"];
    let (status, _) = run(&data_dir, &give_up[..5]).await;
    assert_eq!(status, 2, "a reason is needed");
    let (status, text) = run(&data_dir, &give_up).await;
    assert_eq!(status, 0, "{text}");
    assert_eq!(run(&data_dir, &give_up).await.0, 1, "it does not wait any more");
    wait_until("it is complete beyond what was set aside", BOUND, async || {
        let store = riverside().await;
        (store["bound_by"] != "set_aside" && up_to(&store) > first).then_some(())
    })
    .await;
    assert_eq!(listed(&["quarantine", "list", "--json"]).await, Vec::<Value>::new());
    let all = listed(&["quarantine", "list", "--all", "--json"]).await;
    let states: Vec<_> = all.iter().map(|row| row["state"].as_str().unwrap()).collect();
    assert_eq!(states, ["RELEASED", "DISCARDED"]);
    let audit = "SELECT meta ->> 'by' || ': ' || (meta ->> 'why') FROM audit_log
                 WHERE action = 'ENTRY_DISCARDED'";
    let told: Vec<String> = sqlx::query_scalar(audit).fetch_all(stack.pool()).await.unwrap();
    assert_eq!(told, ["Maly: a test sale"]);

    wait_until("the released sale has its number", BOUND, async || {
        let numbers = "SELECT count(*) FROM invoice";
        let numbers: i64 = sqlx::query_scalar(numbers).fetch_one(stack.pool()).await.ok()?;
        (numbers == 6).then_some(())
    })
    .await;
    let (status, text) = run(&data_dir, &["verify"]).await;
    assert_eq!(status, 0, "{text}");
    let (status, _) = run(&data_dir, &["quarantine", "show", "nothing"]).await;
    assert_eq!(status, 2, "no entry's name");
    stack.shutdown().await.unwrap();
}

/// What the centre says to a token.
async fn ask(stack: &Stack, secret: &str, path: &str) -> (u16, Value) {
    let url = format!("{}{path}", stack.record().centre_url);
    let answer = reqwest::Client::new().get(url).bearer_auth(secret.trim()).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_are_made_and_revoked_on_a_running_stack() {
    let dir = scratch_dir();
    let data_dir = dir.path().join("stack");
    let clock = Arc::new(SystemClock);
    let mut stack = Stack::start(StackOptions::throw_away(&data_dir), clock.clone()).await.unwrap();
    demo::set_up(&mut stack, clock).await.unwrap();
    let of_demo = std::fs::read_to_string(data_dir.join(ops::company::TOKEN_FILE)).unwrap();
    let (status, branches) = ask(&stack, &of_demo, "/v1/branches").await;
    assert_eq!((status, branches.as_array().unwrap().len()), (200, 3));

    let arguments = &["token", "new", "--name", "reader", "--scope", "books:read"];
    let (status, made) = run(&data_dir, arguments).await;
    let lines: Vec<&str> = made.lines().collect();
    let [id, secret] = lines[..] else { panic!("{made}") };
    assert_eq!((status, ask(&stack, secret, "/v1/series").await.0), (0, 200));
    let id = id.strip_prefix("token ").unwrap().to_owned();
    let revoke = async || {
        let (data_dir, id) = (data_dir.clone(), id.clone());
        let ran = tokio::task::spawn_blocking(move || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_tillstream"));
            command.args(["token", "revoke", &id, "--data-dir"]).arg(data_dir).status().unwrap()
        });
        ran.await.unwrap().success()
    };
    assert!(revoke().await);
    assert_eq!(ask(&stack, secret, "/v1/series").await.0, 401);
    assert!(!revoke().await, "it is revoked already");
    let (status, said) = run(&data_dir, &["token", "new", "--name", "x", "--scope", "all"]).await;
    assert_ne!(status, 0, "{said}");
    stack.shutdown().await.unwrap();
}
