//! What the centre decided: carried out or refused, once for each command.

use pos_edge::journal::Captured;
use schemas::{
    CommandId, Timestamp,
    requests::{Command, VoidDecision},
};
use serde_json::{Value, json};
use testkit::sample_id;
use uuid::Uuid;

use crate::{
    hands::{Shift, nobody},
    store::OPENING,
};

const HOUR: i64 = 3_600_000_000;

fn command(n: u128, request: &str, decision: VoidDecision) -> Command {
    Command {
        command_id: CommandId::from_uuid(Uuid::from_u128(n)),
        expires_at: OPENING.plus_micros(HOUR),
        decided_by: sample_id("Vibol"),
        void_request_id: request.parse().unwrap(),
        decision,
    }
}

fn approve(n: u128, request: &str) -> Command {
    command(n, request, VoidDecision::Approve { note: Some("by phone".to_owned()) })
}

fn reject(n: u128, request: &str) -> Command {
    command(n, request, VoidDecision::Reject { reason: "no".to_owned() })
}

async fn answer(shift: &Shift, command: &Command) -> (Value, bool) {
    let Captured { payload, replayed } =
        shift.store.journal.answer_command(command.clone()).await.unwrap();
    (serde_json::from_slice(&payload).unwrap(), replayed)
}

/// A shift with a sale whose void is undecided.
async fn asked() -> (Shift, String) {
    let shift = Shift::begin().await;
    shift.sell("t1").await;
    let request = shift.sokha.asked_void("t1").await;
    (shift, request)
}

#[tokio::test]
async fn a_command_is_carried_out_once_however_often_it_comes() {
    let (shift, request) = asked().await;
    let command = approve(1, &request);
    let (first, replayed) = answer(&shift, &command).await;
    assert!(!replayed);
    assert_eq!(first["command_id"], json!(command.command_id));
    assert_eq!(
        (&first["approved_by"], &first["note"]),
        (&json!(command.decided_by), &json!("by phone"))
    );
    assert_eq!(answer(&shift, &command).await, (first.clone(), true));
    let shift = shift.restart().await;
    shift.store.clock.set(OPENING.plus_micros(2 * HOUR));
    assert_eq!(answer(&shift, &command).await, (first, true), "after a restart, and expired");
    assert_eq!(shift.entries().await["void.approved"], 1);
    assert_eq!(shift.sokha.stands("t1").await, ("VOIDED".into(), "VOIDED".into()));
    assert_eq!(shift.drawer("USD").await["refunds"], "5.74");
    let heard = shift.sokha.get("/v1/notifications").await.ok(200);
    assert_eq!(heard["notifications"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_rejection_by_command_leaves_the_sale() {
    let (shift, request) = asked().await;
    let (told, _) = answer(&shift, &reject(1, &request)).await;
    assert_eq!(
        (&told["reason"], &told["rejected_by"]),
        (&json!("no"), &json!(sample_id::<Uuid>("Vibol")))
    );
    assert_eq!(shift.sokha.stands("t1").await.0, "FINALIZED");
    assert_eq!(shift.entries().await["void.rejected"], 1);
}

#[tokio::test]
async fn what_cannot_be_carried_out_is_refused_for_good() {
    let (shift, request) = asked().await;
    let mut expired = approve(1, &request);
    expired.expires_at = OPENING;
    let unknown = approve(2, &nobody());
    shift.sell("t2").await;
    let decided = shift.sokha.asked_void("t2").await;
    shift.maly.approve(&decided, "a").await.ok(200);
    shift.sell("t3").await;
    let closed = shift.sokha.asked_void("t3").await;
    for (command, code) in [
        (expired.clone(), "command_expired"),
        (unknown, "void_not_found"),
        (reject(3, &decided), "void_already_decided"),
    ] {
        let (told, replayed) = answer(&shift, &command).await;
        assert_eq!((&told["code"], replayed), (&json!(code), false));
        assert_eq!(told["command_id"], json!(command.command_id));
        assert!(!told["detail"].as_str().unwrap().is_empty());
        assert_eq!(answer(&shift, &command).await, (told, true));
    }
    // Refused for good, also with another expiry; the request itself stays open.
    expired.expires_at = Timestamp::from_unix_micros(i64::MAX);
    assert_eq!(answer(&shift, &expired).await.0["code"], "command_expired");
    assert_eq!(shift.sokha.stands("t1").await.0, "VOID_PENDING");
    shift.sokha.close(&shift.session, "close").await.ok(200);
    let (told, _) = answer(&shift, &approve(4, &closed)).await;
    assert_eq!(told["code"], "void_already_decided", "the close decided");
    let shift = shift.restart().await;
    assert_eq!(answer(&shift, &approve(4, &closed)).await, (told, true));
    assert_eq!(shift.entries().await["command.refused"], 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_command_and_a_manager_at_once_one_decides_and_the_other_is_told() {
    let shift = Shift::begin().await;
    for round in 0..12u8 {
        let ticket = format!("t{round}");
        shift.sell(&ticket).await;
        let request = shift.sokha.asked_void(&ticket).await;
        let command = reject(u128::from(round) + 1, &request);
        let key = format!("a{round}");
        let (approved, (told, _)) =
            tokio::join!(shift.maly.approve(&request, &key), answer(&shift, &command));
        if approved.status == 200 {
            assert_eq!(told["code"], "void_already_decided");
            assert_eq!(shift.sokha.stands(&ticket).await.0, "VOIDED");
        } else {
            assert_eq!(approved.problem(409), "void_already_decided");
            assert_eq!(told["reason"], "no");
            assert_eq!(shift.sokha.stands(&ticket).await.0, "FINALIZED");
        }
    }
}
