//! The process `ingest`; everything is in the library.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::{Parser, Subcommand};

/// The centre's door: heartbeats, resync, catalogues, facts.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// A TOML file with settings; `TILLSTREAM__…` variables win over it.
    #[arg(long, env = "TILLSTREAM_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until asked to stop (what happens without a command).
    Run,
    /// Print the OpenAPI document of the HTTP API.
    Openapi,
}

fn main() -> ExitCode {
    let args = Args::parse();
    telemetry::main("ingest", async move |shutdown| match args.command {
        None | Some(Command::Run) => {
            let settings = telemetry::settings::load("ingest", args.config.as_deref())?;
            ingest::run(settings, Arc::new(schemas::SystemClock), shutdown).await
        }
        Some(Command::Openapi) => {
            let document = ingest::http::openapi().to_pretty_json();
            println!("{}", document.context("the document cannot be written")?);
            Ok(())
        }
    })
}
