//! Entries that could not be booked, decided about over the centre's door. The test
//! speaks for the edge, and lets the books refuse a sale as a wrong constraint would.

use bus::Bus;
use reqwest::StatusCode;
use schemas::{
    Entry,
    back_office::{DecisionState, QuarantineDecisionRow, Scope},
    events::OrderStatus,
    subjects::{DEFAULT_SHARDS, PosSubject, shard_of},
};
use serde_json::{Value, json};
use testkit::{BOUND, JournalWriter, Store, sqlx, wait_until};
use tests::{DoorAnswer, DoorClient, World};

const SCOPES: [Scope; 2] = [Scope::BooksRead, Scope::QuarantineDecide];
const RELEASED: &str = "SELECT count(*) FROM quarantine WHERE state = 'RELEASED'";
const ENTRIES: &str = "SELECT last_seq FROM edge_cursor WHERE last_seq > 0";

struct Stage {
    world: World,
    bus: Bus,
    journal: JournalWriter,
    office: DoorClient,
}

impl Stage {
    /// A store whose second sale, entry 3, the books refuse; its two moves, 4 and 6, wait
    /// behind it, and the sale of entry 5 does not. Entry 7 is refused as well.
    async fn set() -> Self {
        let world = World::without_edges(1).await;
        let bus = world.bus().await;
        let office = world.client(0, &SCOPES).await;
        let mut journal = world.company.stores[0].journal();
        refuse(&world, "ADD CONSTRAINT wrong CHECK (entry_seq NOT IN (3, 7))").await;
        let mut entries = vec![journal.open_session(), journal.sell().1];
        let (sale, sold) = journal.sell();
        entries.push(sold);
        entries.push(journal.move_order(&sale, OrderStatus::InPrep, OrderStatus::Ready));
        entries.push(journal.sell().1);
        entries.push(journal.move_order(&sale, OrderStatus::Ready, OrderStatus::Delivered));
        entries.push(journal.sell().1);
        let stage = Self { world, bus, journal, office };
        stage.send(&entries).await;
        stage.world.becomes(ENTRIES, 7).await;
        stage
    }

    async fn send(&self, entries: &[Entry]) {
        let Store { tenant_id, branch_id, edge_id, .. } = self.world.company.stores[0];
        for entry in entries {
            let shard = shard_of(tenant_id, branch_id, DEFAULT_SHARDS);
            let kind = entry.kind.clone();
            let subject = PosSubject { shard, tenant_id, branch_id, edge_id, kind };
            let ack = bus::entries::publish(&self.bus, &subject, entry, 0).await;
            ack.expect("it is sent").wait().await.expect("the broker takes it");
        }
    }

    fn at(&self, seq: u64, what: &str) -> String {
        format!("/v1/quarantine/{}/{seq}{what}", self.world.company.stores[0].edge_id)
    }

    async fn release(&self, seq: u64, key: &str) -> DoorAnswer {
        self.office.post(&self.at(seq, "/release"), key, &Value::Null).await
    }

    async fn discard(&self, seq: u64, key: &str, reason: &str) -> DoorAnswer {
        let body = json!({ "reason": reason });
        self.office.post(&self.at(seq, "/discard"), key, &body).await
    }

    async fn mend(&self) {
        refuse(&self.world, "DROP CONSTRAINT wrong").await;
    }

    /// Waits until a decision is settled.
    async fn settled(&self, answer: &DoorAnswer) -> QuarantineDecisionRow {
        let at = format!("/v1/quarantine-decisions/{}", decision(answer).decision_id);
        wait_until(&format!("{at} is settled"), BOUND, async || {
            let row: QuarantineDecisionRow =
                serde_json::from_value(self.office.get(&at).await.json).expect("a decision");
            (row.state != DecisionState::Waiting).then_some(row)
        })
        .await
    }
}

async fn refuse(world: &World, change: &str) {
    let change = sqlx::AssertSqlSafe(format!("ALTER TABLE sale {change}"));
    sqlx::query(change).execute(&world.books.pool).await.expect("the table is altered");
}

fn decision(answer: &DoorAnswer) -> QuarantineDecisionRow {
    assert!(answer.status.is_success(), "{answer:?}");
    serde_json::from_value(answer.json.clone()).expect("a decision")
}

#[tokio::test]
async fn a_release_takes_its_dependants_along_once_and_a_discard_is_audited() {
    let stage = Stage::set().await;
    let listed = stage.office.get("/v1/quarantine?state=WAITING").await;
    let rows: Vec<(u64, &str)> = listed.json["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|row| (row["seq"].as_u64().unwrap_or(0), row["reason"].as_str().unwrap_or("")))
        .collect();
    let expected = [(3, "DATA_ERROR"), (4, "BEHIND"), (6, "BEHIND"), (7, "DATA_ERROR")];
    assert_eq!(rows, expected);
    let shown = stage.office.get(&stage.at(3, "")).await;
    assert_eq!(shown.json["payload"]["branch_id"], json!(stage.office.branch));

    // While the reason holds it is refused and changes nothing.
    let refused = decision(&stage.release(3, "too-soon").await);
    assert_eq!(refused.state, DecisionState::Refused, "{refused:?}");
    assert_eq!(refused.refusal_code.as_deref(), Some("still_refused"));
    assert_eq!(stage.world.count(RELEASED).await, 0);

    stage.mend().await;
    let answer = stage.release(3, "now").await;
    assert_eq!(answer.status, StatusCode::OK);
    let done = decision(&answer);
    assert_eq!((done.applied, done.still_waiting), (Some(vec![3, 4, 6]), Some(vec![])));
    assert_eq!(stage.release(3, "now").await, answer, "the same again is the same");
    let late = stage.release(3, "later").await;
    assert_eq!(late.refusal(), (409, "not_waiting"));
    let delivered = "SELECT count(*) FROM sale_order o JOIN sale s USING (sale_id)
        WHERE s.entry_seq = 3 AND o.status = 'DELIVERED'";
    assert_eq!(stage.world.count(delivered).await, 1);

    let nothing = stage.discard(7, "why", " ").await;
    assert_eq!(nothing.refusal(), (422, "bad_text"));
    let given_up = decision(&stage.discard(7, "up", "a test sale").await);
    assert_eq!(given_up.state, DecisionState::CarriedOut);
    let audited = "SELECT a.meta->>'why' AS why, a.meta->>'by' AS by, t.name, a.entry_seq
        FROM audit_log a JOIN api_token t ON t.token_id = a.actor_id
        WHERE a.action = 'ENTRY_DISCARDED'";
    let row = json!({ "why": "a test sale", "by": "The app", "name": "The app", "entry_seq": 7 });
    assert_eq!(stage.world.rows(audited).await, [row]);
    let decided = "SELECT count(*) FROM audit_log a JOIN api_token t ON t.token_id = a.actor_id
        WHERE a.action = 'QUARANTINE_DECIDED'";
    assert_eq!(stage.world.count(decided).await, 3);
    stage.world.numbered(3).await;
    assert_eq!(stage.world.count("SELECT count(*) FROM sale").await, 3);
    stage.world.books_are_right().await;
    assert_eq!(stage.journal.head().seq, 7);
}

/// The worker dies between a decision and its execution, or right after it; another
/// one goes on, and everything happens once.
async fn dies_at(failpoint: &str) {
    let mut stage = Stage::set().await;
    stage.mend().await;
    stage.world.centre.workers.kill();
    let plan = stage.world.centre.plan("workers").failpoint(&format!("{failpoint}=return"));
    stage.world.centre.workers = plan.start();
    let answer = stage.release(3, "now").await;
    assert_eq!(stage.world.centre.workers.ended(BOUND).await.code(), None, "it was killed");
    let committed = i64::from(failpoint.contains("after")) * 3;
    assert_eq!(stage.world.count(RELEASED).await, committed);
    stage.world.centre.workers = stage.world.centre.plan("workers").start();
    let done = stage.settled(&answer).await;
    assert_eq!((done.applied, done.still_waiting), (Some(vec![3, 4, 6]), Some(vec![])));
    let again = decision(&stage.release(3, "now").await);
    assert_eq!(again.state, DecisionState::CarriedOut);
    assert_eq!(stage.world.count(RELEASED).await, 3);
    stage.world.numbered(3).await;
    stage.world.books_are_right().await;
}

#[tokio::test]
async fn a_worker_that_dies_before_it_commits_a_decision() {
    dies_at("decision.before_commit").await;
}

#[tokio::test]
async fn a_worker_that_dies_after_it_committed_a_decision() {
    dies_at("decision.after_commit").await;
}
