//! The process `numbering`: settings from a file and the environment.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::Parser;
use schemas::SystemClock;

/// Allocates official invoice numbers.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// A TOML file with settings; `TILLSTREAM__…` variables win over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    telemetry::main("numbering", |shutdown| async move {
        let settings = telemetry::settings::load("numbering", arguments.config.as_deref())?;
        numbering::run(settings, Arc::new(SystemClock), shutdown).await
    })
}
