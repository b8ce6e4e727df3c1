//! The process `workers`: settings from a file and the environment.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::Parser;
use schemas::SystemClock;

/// Books entries and relays facts.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A TOML file with settings; `TILLSTREAM__…` variables win over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    telemetry::main("workers", |shutdown| async move {
        let settings = telemetry::settings::load("workers", arguments.config.as_deref())?;
        workers::run(settings, Arc::new(SystemClock), shutdown).await
    })
}
