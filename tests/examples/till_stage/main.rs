//! A stage for tests of the till's page: a whole company on free ports, and a store
//! whose line and edge are switched by commands.
//!
//! Starts Postgres, nats-server, the services and the edge of a second store in this
//! process; the edge of the store under test is a process of its own, so that killing
//! it is a real `SIGKILL`, with the same port and disk when it is started again.
//! Prints one line of JSON when all of it serves ([`stage::Told`]); then each line on
//! stdin is a command ([`command`]), answered by one line of JSON on stdout:
//! `{"ok": …}` or `{"error": "…"}`. The end of stdin ends it, and everything with it.
//!
//!     till_stage [--items N]    the menu of the store under test has N more items

mod command;
mod stage;

use std::io::Write as _;

use anyhow::{Context, bail};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use stage::Stage;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut stage = Stage::start(more_items()?).await?;
    say(&json!(stage.told()?))?;
    let mut lines = said_to_us();
    while let Some(line) = lines.recv().await {
        let words: Vec<&str> = line.split_whitespace().collect();
        if words == ["quit"] {
            break;
        }
        match command::obey(&mut stage, &words).await {
            Ok(answer) => say(&json!({ "ok": answer }))?,
            Err(error) => say(&json!({ "error": format!("{error:#}") }))?,
        }
    }
    stage.end().await
}

fn more_items() -> anyhow::Result<u32> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Ok(0),
        ["--items", count] => count.parse().context("--items wants a number"),
        _ => bail!("unknown: {arguments:?}"),
    }
}

/// The lines of stdin, until it ends. They are read by a thread of their own, which
/// ends with the process.
fn said_to_us() -> mpsc::UnboundedReceiver<String> {
    let (hear, heard) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lines().map_while(Result::ok) {
            if hear.send(line).is_err() {
                break;
            }
        }
    });
    heard
}

fn say(line: &Value) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{line}").and_then(|()| out.flush()).context("stdout is closed")
}
