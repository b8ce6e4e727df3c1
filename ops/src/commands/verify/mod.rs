//! `tillstream verify`: are the books whole, and are the stores' journals the
//! same as the books?
//!
//! The books are read in one snapshot ([`store::verify`]); edges are asked over
//! HTTP before that, so that everything they count on must be in the snapshot.
//! Nothing is changed.

mod edges;
mod report;
mod waiting;

use std::time::Duration;

use anyhow::Context;
use schemas::EdgeId;
use serde::Serialize;
use store::{
    Pool,
    verify::{self, Check},
};

pub use report::print;

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
    let mut checks = verify::books(pool).await.context("the books cannot be read")?;
    checks.push(waiting);
    checks.push(edges::check(pool, asked, strictness).await?);
    Ok(Verdict { ok: checks.iter().all(|check| check.ok), checks })
}
