//! The edge daemon. `pos-edge --help` says the rest.

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use anyhow::Context;
use clap::{Parser, Subcommand};
use pos_edge::{ShiftedClock, journal::EdgeIdentity};
use schemas::{BranchId, Clock, EdgeId, SystemClock, TenantId, subjects::DEFAULT_SHARDS};

/// The edge daemon on a store's LAN: captures sales, keeps them safe, sends
/// them to the books, and brings their numbers back.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// Settings as TOML; the environment (TILLSTREAM__…) wins over it.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// A file that shifts the clock, in milliseconds: for torture only.
    #[arg(long, value_name = "FILE", hide = true)]
    torture_clock: Option<PathBuf>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Serve until asked to stop (what happens without a command).
    Run,
    /// Make the directory, key and empty journal of a new edge.
    Enrol(Enrol),
    /// Print the OpenAPI document of the API.
    Openapi,
}

#[derive(clap::Args)]
struct Enrol {
    /// The directory to make.
    #[arg(long)]
    data_dir: PathBuf,
    /// The company.
    #[arg(long)]
    tenant: TenantId,
    /// The store.
    #[arg(long)]
    branch: BranchId,
    /// This epoch of the store's edge.
    #[arg(long)]
    edge: EdgeId,
    /// It replaces another box of the store, and takes over from that first.
    #[arg(long)]
    replaces: bool,
    /// Over how many shards the books spread entries.
    #[arg(long, default_value_t = DEFAULT_SHARDS)]
    shards: u16,
}

fn main() -> ExitCode {
    let args = Args::parse();
    telemetry::main("pos-edge", async move |shutdown| match args.command {
        None | Some(Command::Run) => {
            let settings = telemetry::settings::load("pos-edge", args.config.as_deref())?;
            let clock: Arc<dyn Clock> = match args.torture_clock {
                Some(file) => Arc::new(ShiftedClock::following(file)?),
                None => Arc::new(SystemClock),
            };
            pos_edge::run(settings, clock, shutdown).await
        }
        Some(Command::Enrol(new)) => {
            let identity = EdgeIdentity {
                tenant_id: new.tenant,
                branch_id: new.branch,
                edge_id: new.edge,
                shards: new.shards,
            };
            if new.replaces {
                pos_edge::enrol_replacement(&new.data_dir, identity, &SystemClock).await?;
            } else {
                pos_edge::enrol(&new.data_dir, identity, &SystemClock).await?;
            }
            println!("edge {} is enrolled in {}", new.edge, new.data_dir.display());
            Ok(())
        }
        Some(Command::Openapi) => {
            let document = pos_edge::api::openapi().to_pretty_json();
            println!("{}", document.context("the document cannot be written")?);
            Ok(())
        }
    })
}
