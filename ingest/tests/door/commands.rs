//! What the centre decided reaches the store with the answer to its heartbeat.

use schemas::{
    CommandId, VoidRequestId,
    requests::{Command, HeartbeatReplyV1, VoidDecision},
    subjects::CentralRequest,
};
use store::commands::{self, NewCommand, Outcome, State};
use testkit::sample_id;

use crate::{
    requests::heartbeat,
    setup::{Door, NOW},
};

#[tokio::test]
async fn commands_come_with_every_heartbeats_answer_until_their_outcome_is_in_the_books() {
    let door = Door::open(2).await;
    let store = door.store(0).clone();
    let decision = VoidDecision::Reject { reason: "it was drunk".to_owned() };
    let command = Command {
        command_id: sample_id::<CommandId>("a command"),
        // Long ago: the store is to say that it came too late.
        expires_at: NOW.plus_micros(-1_000_000),
        decided_by: sample_id("Dara"),
        void_request_id: sample_id::<VoidRequestId>("a request"),
        decision,
    };
    let new = NewCommand {
        tenant_id: store.tenant_id,
        branch_id: store.branch_id,
        idempotency_key: "a key".to_owned(),
        issued_at: NOW,
        command: command.clone(),
    };
    let mut conn = door.books.pool.acquire().await.unwrap();
    commands::insert(&mut conn, &new).await.unwrap();
    let own = door.subject(0, CentralRequest::Heartbeat);
    for _ in 0..2 {
        let reply: HeartbeatReplyV1 = door.ask(own, &heartbeat(&door)).await.unwrap();
        assert_eq!(reply.commands, std::slice::from_ref(&command));
    }
    let other = door.subject(1, CentralRequest::Heartbeat);
    let reply: HeartbeatReplyV1 = door.ask(other, &heartbeat(&door)).await.unwrap();
    assert!(reply.commands.is_empty(), "it is another store's");

    let outcome = Outcome {
        command_id: command.command_id,
        state: State::Expired,
        refusal: Some(("command_expired".to_owned(), "it came too late".to_owned())),
        entry: (store.edge_id, 9),
        at: NOW,
    };
    commands::settle(&mut conn, &[outcome]).await.unwrap();
    let reply: HeartbeatReplyV1 = door.ask(own, &heartbeat(&door)).await.unwrap();
    assert!(reply.commands.is_empty());
}
