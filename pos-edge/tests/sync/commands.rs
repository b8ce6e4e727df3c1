//! Commands in heartbeat replies: each is answered by one entry.

use schemas::{
    Clock, CommandId, Entry, EntryKind, StaffId, SystemClock, VoidRequestId,
    edge_api::VoidRequestStatus,
    requests::{Command, VoidDecision},
};
use testkit::{BOUND, wait_until};
use uuid::Uuid;

use crate::{
    World,
    centre::{Books, Centre},
    world,
};

const HOUR: i64 = 3_600_000_000;

fn command(n: u128, void_request_id: VoidRequestId, decision: VoidDecision) -> Command {
    Command {
        command_id: CommandId::from_uuid(Uuid::from_u128(n)),
        expires_at: SystemClock.now().plus_micros(HOUR),
        decided_by: StaffId::from_uuid(Uuid::from_u128(99)),
        void_request_id,
        decision,
    }
}

/// Waits until a number of heartbeats more were answered.
pub async fn heartbeats(centre: &Centre, more: u64) {
    let from = centre.books().heartbeats;
    wait_until("heartbeats are answered", BOUND, async || {
        (centre.books().heartbeats >= from + more).then_some(())
    })
    .await;
}

fn answers(entries: &[Entry]) -> Vec<(EntryKind, serde_json::Value)> {
    let kinds = [EntryKind::VoidApproved, EntryKind::VoidRejected, EntryKind::CommandRefused];
    entries
        .iter()
        .filter_map(|entry| Some((entry.kind.parse().ok()?, entry)))
        .filter(|(kind, _)| kinds.contains(kind))
        .map(|(kind, entry)| (kind, serde_json::from_slice(&entry.payload).unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_answered_once_however_often_heartbeats_bring_them() {
    let World { store, centre, line, nats: _nats } = world(Books::default()).await;
    let approve = VoidDecision::Approve { note: None };
    let reject = VoidDecision::Reject { reason: "it was drunk".to_owned() };
    let (first, second) = (store.ask_for_a_void().await, store.ask_for_a_void().await);
    let nothing = VoidRequestId::from_uuid(Uuid::from_u128(7));
    let mut expired = command(4, second, approve.clone());
    expired.expires_at = SystemClock.now().plus_micros(-HOUR);
    let commands = vec![
        command(1, first, approve.clone()),
        expired,
        command(2, second, reject),
        command(3, nothing, approve.clone()),
        // Another one about what the first decided.
        command(5, first, approve),
    ];
    let ids: Vec<_> = [1, 4, 2, 3, 5].map(|n| Uuid::from_u128(n).to_string()).to_vec();
    centre.books().commands = commands;
    let sync = store.sync(&line);
    let told = wait_until("every command is answered in the books", BOUND, async || {
        let told = answers(&centre.books().archive);
        (told.len() == ids.len()).then_some(told)
    })
    .await;
    let shown: Vec<_> = told
        .iter()
        .map(|(kind, told)| (kind.as_str(), told["command_id"].as_str(), told["code"].as_str()))
        .collect();
    assert_eq!(
        shown,
        [
            ("void.approved", Some(ids[0].as_str()), None),
            ("command.refused", Some(ids[1].as_str()), Some("command_expired")),
            ("void.rejected", Some(ids[2].as_str()), None),
            ("command.refused", Some(ids[3].as_str()), Some("void_not_found")),
            ("command.refused", Some(ids[4].as_str()), Some("void_already_decided")),
        ]
    );
    heartbeats(&centre, 2).await;
    sync.stop().await;
    // Another daemon on the same journal gets them again.
    let head = store.journal.head().borrow().seq;
    let sync = store.sync(&line);
    heartbeats(&centre, 2).await;
    assert_eq!(store.journal.head().borrow().seq, head);
    assert_eq!(answers(&centre.books().archive).len(), ids.len());
    let filter = pos_edge::journal::VoidFilter { limit: 10, ..Default::default() };
    let kept = store.journal.void_requests(filter).await.unwrap().void_requests;
    let states: Vec<_> = kept.iter().map(|row| row.status).collect();
    assert_eq!(states, [VoidRequestStatus::Rejected, VoidRequestStatus::Approved]);
    sync.stop().await;
}
