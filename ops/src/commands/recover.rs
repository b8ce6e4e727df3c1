//! `tillstream recover`: books that were restored from an older backup.

use std::time::Duration;

use anyhow::Context;
use schemas::{EdgeId, SystemClock};
use tokio_util::sync::CancellationToken;

use super::{centre::Centre, output::line as say};
use crate::recover::{self, Options};

/// Recover books that were restored from an older backup
///
/// Waits until the edges have sent again what the books lost, puts every invoice
/// number that was issued back as it was, books those that nobody can prove as lost,
/// and lists what is left for a person. Until then stores sell on, and nothing is
/// numbered, published or decided at the direct door. It may be stopped and run again
/// at any time.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Say what would be done, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the report as one JSON object
    #[arg(long)]
    json: bool,
    /// Do not wait for this edge; it may come back. Refused if a number is missing that
    /// it may hold
    #[arg(long, value_name = "EDGE")]
    without: Vec<EdgeId>,
    /// This edge is gone for good
    #[arg(long, value_name = "EDGE")]
    lost: Vec<EdgeId>,
    /// Book so many numbers above the highest known as lost, in each series
    #[arg(long, value_name = "N")]
    reserve: Option<u64>,
    /// How long to wait for an edge that says or sends nothing, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60)]
    wait: u64,
    /// Who does it, for the audit log [default: the name of the user who runs this]
    #[arg(long)]
    by: Option<String>,
    #[command(flatten)]
    centre: Centre,
}

/// Does it.
///
/// # Errors
/// As of [`recover::run`].
pub async fn run(args: Args, _shutdown: CancellationToken) -> anyhow::Result<()> {
    let by = args.by.or_else(|| std::env::var("USER").ok()).filter(|by| !by.trim().is_empty());
    let options = Options {
        by: by.context("--by: say who does it")?,
        dry_run: args.dry_run,
        without: args.without,
        lost: args.lost,
        reserve: args.reserve,
        patience: Duration::from_secs(args.wait),
    };
    let pool = args.centre.pool().await?;
    let bus = args.centre.bus("recover").await?;
    let tell = |text: &str| eprintln!("{text}");
    let report = recover::run(&pool, &bus, &SystemClock, &options, &tell).await?;
    match (report, args.json) {
        (Some(report), true) => say(serde_json::to_string(&report)?),
        (None, true) => say("null"),
        (Some(report), false) => {
            say(&report);
            say(if options.dry_run { "nothing was changed" } else { "the books are recovered" });
        }
        (None, false) => say("the books need no recovery"),
    }
    Ok(())
}
