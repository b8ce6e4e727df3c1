//! `tillstream edge`: one edge as a process of its own, as a store runs it. The
//! same as the program `pos-edge`; `bench` starts itself this way.

use std::{path::PathBuf, sync::Arc};

use schemas::SystemClock;
use tokio_util::sync::CancellationToken;

/// Run one edge in the foreground, as the program `pos-edge` does
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Settings as TOML; the environment (TILLSTREAM__…) wins over it
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

/// Serves until asked to stop.
///
/// # Errors
/// If the settings are wrong, the journal is refused, or a part fails.
pub async fn run(args: Args, shutdown: CancellationToken) -> anyhow::Result<()> {
    let settings = telemetry::settings::load("edge", args.config.as_deref())?;
    pos_edge::run(settings, Arc::new(SystemClock), shutdown).await
}
