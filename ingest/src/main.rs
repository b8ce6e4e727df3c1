//! The process `ingest`; everything is in the library.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::Parser;

/// The centre's door: heartbeats, resync, catalogues, facts.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// A TOML file with settings; `TILLSTREAM__…` variables win over it.
    #[arg(long, env = "TILLSTREAM_CONFIG")]
    config: Option<PathBuf>,
}

fn main() -> ExitCode {
    let args = Args::parse();
    telemetry::main("ingest", |shutdown| async move {
        let settings = telemetry::settings::load("ingest", args.config.as_deref())?;
        ingest::run(settings, Arc::new(schemas::SystemClock), shutdown).await
    })
}
