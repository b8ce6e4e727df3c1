//! `tillstream edge-replace` on a running stack.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, process::Command, sync::Arc};

use ops::{
    demo,
    stack::{Stack, StackOptions},
};
use schemas::{EdgeId, SystemClock};
use serde_json::Value;
use testkit::{scratch_dir, sqlx};

/// Runs the command; what it said, or why not.
async fn replace(data_dir: &Path, branch: &str, dir: &Path) -> Result<Value, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillstream"));
    command.args(["edge-replace", "--by", "Vanna", "--reason", "it burnt down", "--json"]);
    command.args(["--branch", branch, "--dir"]).arg(dir).arg("--data-dir").arg(data_dir);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_box_is_replaced_once_however_often_the_command_runs() {
    let dir = scratch_dir();
    let data_dir = dir.path().join("stack");
    let clock = Arc::new(SystemClock);
    let mut stack = Stack::start(StackOptions::throw_away(&data_dir), clock.clone()).await.unwrap();
    demo::set_up(&mut stack, clock).await.unwrap();
    let store = ops::company::demo().stores[0].clone();
    let branch = store.branch_id.to_string();
    let new = dir.path().join("box");

    let first = replace(&data_dir, &branch, &new).await.unwrap();
    assert_eq!(first["replaced"], store.edge_id.to_string());
    assert_eq!(first["epoch"], 2);
    let edge: EdgeId = first["edge"].as_str().unwrap().parse().unwrap();

    // As if it had been killed before the journal was made.
    for file in ["journal.db", "journal.fence", "journal.key", "edge.toml"] {
        fs::remove_file(new.join(file)).unwrap();
    }
    for _ in 0..2 {
        let again = replace(&data_dir, &branch, &new).await.unwrap();
        assert_eq!((&again["edge"], &again["replaced"]), (&first["edge"], &Value::Null));
    }
    let settings = fs::read_to_string(new.join("edge.toml")).unwrap();
    assert!(settings.contains(&edge.to_string()) && settings.contains("nats://"), "{settings}");
    assert!(new.join("journal.db").exists() && new.join("operator.token").exists());

    let stated: Vec<(String, i32)> = sqlx::query_as(
        "SELECT state, epoch FROM edge WHERE branch_id = $1 AND kind = 'STORE' ORDER BY epoch",
    )
    .bind(store.branch_id.as_uuid())
    .fetch_all(stack.pool())
    .await
    .unwrap();
    assert_eq!(stated, [("RETIRED".to_owned(), 1), ("ACTIVE".to_owned(), 2)]);
    let told: Vec<(String, String)> = sqlx::query_as(
        "SELECT meta ->> 'by', meta ->> 'reason' FROM audit_log WHERE action = 'EDGE_REPLACED'",
    )
    .fetch_all(stack.pool())
    .await
    .unwrap();
    assert_eq!(told, [("Vanna".to_owned(), "it burnt down".to_owned())]);

    // A folder is one edge's, and an edge that was replaced itself stays so.
    let other = ops::company::demo().stores[1].branch_id.to_string();
    let refused = replace(&data_dir, &other, &new).await.unwrap_err();
    assert!(refused.contains("is for an edge of branch"), "{refused}");
    replace(&data_dir, &branch, &dir.path().join("third")).await.unwrap();
    let refused = replace(&data_dir, &branch, &new).await.unwrap_err();
    assert!(refused.contains("was replaced itself"), "{refused}");
    stack.shutdown().await.unwrap();
}
