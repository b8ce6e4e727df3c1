//! `tillstream verify`: are the books whole, and are the stores' journals the
//! same as the books?
//!
//! The books are read in one snapshot ([`store::verify`]); edges are asked over
//! HTTP before that, so that everything they count on must be in the snapshot.
//! Nothing is changed.

mod edges;
mod report;
mod waiting;

use std::{path::PathBuf, sync::Arc, time::Duration};

use anyhow::{Context, bail};
use schemas::{EdgeId, SystemClock};
use serde::Serialize;
use store::{
    Pool,
    verify::{self, Check},
};
use tokio_util::sync::CancellationToken;

pub use report::print;

use super::{output::line, reach::Where};

/// How long what waits (for a number, for its place, to be published) may take
/// before it counts as stuck.
pub const STUCK_AFTER: Duration = Duration::from_secs(15);

/// An edge that can be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeAddress {
    /// Which.
    pub edge_id: EdgeId,
    /// The store's name.
    pub store: String,
    /// Where its API is.
    pub url: String,
    /// Where its token for the operator's tools lies, if it has one.
    pub folder: Option<PathBuf>,
}

/// How strict to be.
#[derive(Debug, Clone, Copy)]
pub struct Strictness {
    /// Nothing may be on its way: every sale that an edge has must be numbered,
    /// and known there to be.
    pub settled: bool,
    /// How long what waits may go on waiting.
    pub stuck_after: Duration,
}

impl Default for Strictness {
    fn default() -> Self {
        Self { settled: false, stuck_after: STUCK_AFTER }
    }
}

/// What was found.
#[derive(Debug, Clone, Serialize)]
pub struct Verdict {
    /// Whether every check holds.
    pub ok: bool,
    /// The checks.
    pub checks: Vec<Check>,
}

/// Runs every check.
///
/// # Errors
/// If the books cannot be read. What is wrong in them is in the verdict.
pub async fn verify(
    pool: &Pool,
    edges: &[EdgeAddress],
    strictness: Strictness,
) -> anyhow::Result<Verdict> {
    let waiting = waiting::check(pool, strictness).await?;
    let asked = edges::ask(edges, strictness).await;
    if strictness.settled {
        edges::await_heartbeats(pool, &asked, strictness).await?;
    }
    let mut checks = verify::books(pool).await.context("the books cannot be read")?;
    checks.push(waiting);
    checks.push(edges::check(pool, asked, strictness).await?);
    Ok(Verdict { ok: checks.iter().all(|check| check.ok), checks })
}

/// Check that the books are whole, and that the stores' journals agree
///
/// Prints one line for each check, with what it looked at; exits with status 1
/// if any of them fails.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Nothing may be on its way: every sale must be numbered, everywhere
    #[arg(long)]
    settled: bool,
    /// Print one JSON object on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: Where,
}

/// Verifies the stack's books and prints what was found.
///
/// # Errors
/// If the stack cannot be reached, or a check fails.
pub async fn run(args: Args, _shutdown: CancellationToken) -> anyhow::Result<()> {
    let reached = args.stack.reach(Arc::new(SystemClock)).await?;
    let strictness = Strictness { settled: args.settled, ..Strictness::default() };
    let verdict = verify(reached.pool(), &reached.edges, strictness).await;
    let left = reached.leave().await;
    let verdict = verdict?;
    left?;
    if args.json {
        line(serde_json::to_string(&verdict).context("the verdict cannot be written")?);
    } else {
        line(print(&verdict).trim_end());
    }
    if !verdict.ok {
        bail!("the books are not whole");
    }
    Ok(())
}
