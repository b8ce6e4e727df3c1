//! Commands: written once for each key, waiting until the edge settles them.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use schemas::{
    CommandId, EdgeId, Timestamp, VoidRequestId,
    requests::{Command, VoidDecision},
};
use store::commands::{self, Inserted, NewCommand, Outcome, State};
use testkit::{Books, Store, sample_id, seed_company, sqlx::PgConnection};

const NOW: Timestamp = Timestamp::from_unix_micros(1_790_000_000_000_000);

fn command(store: &Store, key: &str, decision: VoidDecision) -> NewCommand {
    NewCommand {
        tenant_id: store.tenant_id,
        branch_id: store.branch_id,
        idempotency_key: key.to_owned(),
        issued_at: NOW,
        command: Command {
            command_id: CommandId::derived(
                store.branch_id.as_uuid(),
                &format!("{key}{decision:?}"),
            ),
            expires_at: NOW.plus_micros(60_000_000),
            decided_by: sample_id("Dara"),
            void_request_id: VoidRequestId::derived(store.branch_id.as_uuid(), key),
            decision,
        },
    }
}

fn approve() -> VoidDecision {
    VoidDecision::Approve { note: Some("seen".to_owned()) }
}

fn reject() -> VoidDecision {
    VoidDecision::Reject { reason: "no".to_owned() }
}

async fn settled(conn: &mut PgConnection, id: CommandId, to: State, refusal: Option<&str>) -> u64 {
    let outcome = Outcome {
        command_id: id,
        state: to,
        refusal: refusal.map(|code| (code.to_owned(), "because".to_owned())),
        entry: (EdgeId::from_uuid(id.as_uuid()), 5),
        at: NOW,
    };
    commands::settle(conn, &[outcome]).await.unwrap()
}

#[tokio::test]
async fn the_same_key_is_the_same_command() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 2).await;
    let mut conn = books.pool.acquire().await.unwrap();
    let first = command(&company.stores[0], "one", approve());
    assert_eq!(commands::insert(&mut conn, &first).await.unwrap(), Inserted::New);
    // A retry mints another id: the first one counts.
    let mut retry = first.clone();
    retry.command.command_id = CommandId::derived(first.command.command_id.as_uuid(), "retry");
    retry.issued_at = NOW.plus_micros(5);
    let Inserted::Known(known) = commands::insert(&mut conn, &retry).await.unwrap() else {
        panic!("it is known");
    };
    assert_eq!((known.command, known.state), (first.command.clone(), State::Waiting));
    // Another decision, or another store, under the same key.
    for (store, decision) in [(0, reject()), (1, approve())] {
        let other = command(&company.stores[store], "one", decision);
        let taken = commands::insert(&mut conn, &other).await.unwrap();
        assert_eq!(taken, Inserted::KeyTaken(first.command.command_id));
    }
    // Another decision about what is decided already and waits for the store.
    let mut second = command(&company.stores[0], "two", reject());
    second.command.void_request_id = first.command.void_request_id;
    let refused = commands::insert(&mut conn, &second).await.unwrap_err();
    assert!(commands::is_decided_already(&refused), "{refused:?}");
    // Another company's keys are its own.
    let other = seed_company(&books.pool, 1).await;
    let same_key = command(&other.stores[0], "one", approve());
    assert_eq!(commands::insert(&mut conn, &same_key).await.unwrap(), Inserted::New);
}

#[tokio::test]
async fn commands_wait_for_their_branch_until_they_are_settled_once() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 2).await;
    let mut conn = books.pool.acquire().await.unwrap();
    let [one, two] = [&company.stores[0], &company.stores[1]];
    let all: Vec<NewCommand> =
        ["a", "b", "c"].map(|key| command(one, key, approve())).into_iter().collect();
    for (place, command) in all.iter().enumerate() {
        // The last one was decided first.
        let earlier = i64::try_from(place).unwrap();
        let issued_at = NOW.plus_micros(-earlier);
        let command = NewCommand { issued_at, ..command.clone() };
        commands::insert(&mut conn, &command).await.unwrap();
    }
    commands::insert(&mut conn, &command(two, "d", reject())).await.unwrap();
    let waiting = commands::waiting_for(&mut conn, one.branch_id).await.unwrap();
    let oldest_first: Vec<&Command> = all.iter().rev().map(|new| &new.command).collect();
    assert_eq!(waiting.iter().collect::<Vec<_>>(), oldest_first);

    let ids: Vec<CommandId> = all.iter().map(|new| new.command.command_id).collect();
    assert_eq!(settled(&mut conn, ids[0], State::CarriedOut, None).await, 1);
    assert_eq!(settled(&mut conn, ids[1], State::Refused, Some("void_not_found")).await, 1);
    let late = settled(&mut conn, ids[2], State::Expired, Some("command_expired")).await;
    assert_eq!(late, 1);
    assert!(commands::waiting_for(&mut conn, one.branch_id).await.unwrap().is_empty());
    assert_eq!(commands::waiting_for(&mut conn, two.branch_id).await.unwrap().len(), 1);

    assert_eq!(settled(&mut conn, ids[0], State::Refused, Some("late")).await, 0);
    let known = commands::read(&mut conn, &ids).await.unwrap();
    let states: Vec<State> = ids
        .iter()
        .map(|id| known.iter().find(|c| c.command.command_id == *id).unwrap().state)
        .collect();
    assert_eq!(states, [State::CarriedOut, State::Refused, State::Expired]);
    let refused = known.iter().find(|command| command.state == State::Refused).unwrap();
    assert_eq!(refused.refusal, Some(("void_not_found".to_owned(), "because".to_owned())));
    assert_eq!(refused.settled_at, Some(NOW));
}
