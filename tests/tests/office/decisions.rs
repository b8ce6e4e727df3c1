//! Requests to void that a back office decides: from its door to the store's edge,
//! and back into the books.

use reqwest::StatusCode;
use schemas::{
    StaffId, VoidRequestId,
    back_office::{CommandRow, CommandState, Scope},
    edge_api::SaleReceipt,
    events::SaleStatus,
};
use serde_json::{Value, json};
use testkit::{BOUND, sample_id, wait_until};
use tests::{DoorAnswer, DoorClient, Till, World};

const REFUNDS: &str = "SELECT count(*) FROM cash_movement WHERE kind = 'REFUND_CASH'";
/// How each request ended, with the sale, and who decided by what.
const ENDS: &str = "SELECT r.status, s.status AS sale, r.decided_by, r.decision_note, r.command_id
    FROM void_request r JOIN sale s USING (sale_id) ORDER BY r.entry_seq";

/// Whether the edge was heard from since the newest decision.
const HEARD: &str = "SELECT count(*) FROM edge_heartbeat
    WHERE received_at >= (SELECT max(issued_at) FROM edge_command)";

async fn approve(office: &DoorClient, id: VoidRequestId, key: &str) -> DoorAnswer {
    let body = json!({ "decided_by": vanna(), "note": "on camera" });
    office.post(&format!("/v1/void-requests/{id}/approve"), key, &body).await
}

async fn reject(office: &DoorClient, id: VoidRequestId, key: &str) -> DoorAnswer {
    let body = json!({ "decided_by": vanna(), "reason": "too late" });
    office.post(&format!("/v1/void-requests/{id}/reject"), key, &body).await
}

fn vanna() -> StaffId {
    sample_id("Vanna")
}

/// A decision that was taken: where it can be asked for.
fn sent(answer: &DoorAnswer) -> (String, CommandRow) {
    assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
    let row: CommandRow = serde_json::from_value(answer.json.clone()).expect("a command");
    (answer.location.clone().expect("an address"), row)
}

/// Waits until the store has settled a decision.
async fn settled(office: &DoorClient, at: &str) -> CommandRow {
    wait_until(&format!("the store settles {at}"), BOUND, async || {
        let answer = office.get(at).await;
        let row: CommandRow = serde_json::from_value(answer.json).expect("a command");
        (row.state != CommandState::Waiting).then_some(row)
    })
    .await
}

/// A sale whose void is asked for, which the books know.
async fn asked(till: &Till) -> (SaleReceipt, VoidRequestId) {
    let sale = till.sell().await;
    let id = till.void(&sale.ticket_id).await;
    till.booked().await;
    (sale, id)
}

async fn stands(till: &Till, sale: &SaleReceipt) -> SaleStatus {
    till.ticket(&sale.ticket_id).await.expect("it is listed").sale_status
}

fn ended(
    request: &str,
    sale: &str,
    by: StaffId,
    note: &str,
    command: Option<&CommandRow>,
) -> Value {
    json!({ "status": request, "sale": sale, "decided_by": by, "decision_note": note,
            "command_id": command.map(|command| command.command_id) })
}

#[tokio::test]
async fn a_decision_waits_for_the_store_and_is_carried_out_there() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let office = world.client(0, &[Scope::VoidsDecide, Scope::BooksRead]).await;
    let dara = shop.second_till("Counter 2", "Dara").await;
    let (undone, first) = asked(&shop.till).await;
    let (kept, second) = asked(&shop.till).await;
    shop.line.cut();
    shop.knows_it_is_cut_off().await;

    let answer = approve(&office, first, "approve").await;
    let (at_approval, row) = sent(&answer);
    assert_eq!((row.state, &*row.message), (CommandState::Waiting, "waiting for the store"));
    assert_eq!(approve(&office, first, "approve").await, answer, "a replay");
    let other = reject(&office, first, "reject").await;
    assert_eq!(other.refusal(), (409, "void_decision_waiting"));
    let (at_rejection, _) = sent(&reject(&office, second, "reject-2").await);
    assert_eq!(office.get(&at_approval).await.json["state"], "WAITING");
    assert_eq!(stands(&shop.till, &undone).await, SaleStatus::VoidPending);
    assert_eq!(world.count(REFUNDS).await, 0);

    shop.line.restore();
    let approved = settled(&office, &at_approval).await;
    let rejected = settled(&office, &at_rejection).await;
    for row in [&approved, &rejected] {
        assert_eq!(
            (row.state, &*row.message),
            (CommandState::CarriedOut, "the store carried it out")
        );
        assert!(row.settled_at.is_some());
    }
    assert_eq!(stands(&shop.till, &undone).await, SaleStatus::Voided);
    assert_eq!(stands(&shop.till, &kept).await, SaleStatus::Finalized);
    let expected = [
        ended("APPROVED", "VOIDED", vanna(), "on camera", Some(&approved)),
        ended("REJECTED", "FINALIZED", vanna(), "too late", Some(&rejected)),
    ];
    assert_eq!(world.rows(ENDS).await, expected);
    assert_eq!(world.count(REFUNDS).await, 1);
    let deeds = "SELECT a.action, a.actor_id FROM audit_log a
        WHERE a.action IN ('VOID_APPROVED', 'VOID_REJECTED') ORDER BY a.action";
    let by = ["VOID_APPROVED", "VOID_REJECTED"];
    assert_eq!(
        world.rows(deeds).await,
        by.map(|did| json!({ "action": did, "actor_id": vanna() }))
    );
    let by_token = "SELECT count(*) FROM audit_log a JOIN api_token t ON t.token_id = a.actor_id
        WHERE a.action = 'VOID_DECISION_SENT'";
    assert_eq!(world.count(by_token).await, 2);

    // Who comes later is told, at the till and at the office.
    let late = dara.approve(first, "late").await;
    assert_eq!(late.refusal(), (409, "void_already_decided".to_owned()));
    let late = reject(&office, first, "late").await;
    assert_eq!(late.refusal(), (409, "void_already_decided"));
    shop.till.all_numbered().await;
    world.books_are_right().await;
}

#[tokio::test]
async fn what_the_manager_decided_meanwhile_stands_and_the_office_is_told() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let office = world.client(0, &[Scope::VoidsDecide]).await;
    let dara = shop.second_till("Counter 2", "Dara").await;
    let (undone, first) = asked(&shop.till).await;
    let (kept, second) = asked(&shop.till).await;
    shop.line.cut();
    shop.knows_it_is_cut_off().await;
    let (at_first, _) = sent(&approve(&office, first, "first").await);
    let (at_second, _) = sent(&approve(&office, second, "second").await);
    dara.approve(first, "yes").await.ok();
    dara.reject(second, "no").await.ok();
    shop.line.restore();
    for at in [&at_first, &at_second] {
        let told = settled(&office, at).await;
        assert_eq!(told.state, CommandState::Refused);
        assert_eq!(told.refusal_code.as_deref(), Some("void_already_decided"));
        assert_eq!(told.message, "the store refused it");
    }
    assert_eq!(stands(&shop.till, &undone).await, SaleStatus::Voided);
    assert_eq!(stands(&shop.till, &kept).await, SaleStatus::Finalized);
    let expected = [
        ended("APPROVED", "VOIDED", dara.staff_id(), "seen", None),
        ended("REJECTED", "FINALIZED", dara.staff_id(), "it was drunk", None),
    ];
    assert_eq!(world.rows(ENDS).await, expected);
    assert_eq!(world.count(REFUNDS).await, 1);
    let refused = "SELECT count(*) FROM audit_log WHERE action = 'COMMAND_REFUSED'";
    assert_eq!(world.count(refused).await, 2);
    shop.till.all_numbered().await;
    world.books_are_right().await;
}

#[tokio::test]
async fn of_an_office_and_a_manager_at_once_one_decides_and_the_other_is_told() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let office = world.client(0, &[Scope::VoidsDecide]).await;
    let dara = shop.second_till("Counter 2", "Dara").await;
    let mut expected = Vec::new();
    for round in 0..6 {
        let (_, id) = asked(&shop.till).await;
        let key = format!("round-{round}");
        let by_office = approve(&office, id, &key).await;
        let (at, _) = sent(&by_office);
        if round % 2 == 1 {
            // The command is just on its way in the answer to a heartbeat.
            world.becomes(HEARD, 1).await;
        }
        let (by_till, by_office) = tokio::join!(dara.approve(id, &key), settled(&office, &at));
        match by_office.state {
            CommandState::CarriedOut => {
                assert_eq!(by_till.refusal(), (409, "void_already_decided".to_owned()));
                let command = Some(&by_office);
                expected.push(ended("APPROVED", "VOIDED", vanna(), "on camera", command));
            }
            CommandState::Refused => {
                by_till.ok();
                assert_eq!(by_office.refusal_code.as_deref(), Some("void_already_decided"));
                expected.push(ended("APPROVED", "VOIDED", dara.staff_id(), "seen", None));
            }
            other => panic!("it ended as {other:?}"),
        }
    }
    shop.till.all_numbered().await;
    assert_eq!(world.rows(ENDS).await, expected);
    assert_eq!(world.count(REFUNDS).await, 6);
    world.books_are_right().await;
}
