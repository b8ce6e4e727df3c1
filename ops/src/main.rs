//! `tillstream`: one program, one command for each job.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use ops::commands::{
    backup, bench, drive, edge, edge_replace, journal, quarantine, rebuild, recover, replay,
    simulate, status, token, torture, up, verify, verify_register,
};
use telemetry::CancellationToken;

/// tillstream carries sales from the tills of a shop to the books of its
/// company, through outages, exactly once, each with a gapless number.
#[derive(Parser)]
#[command(name = "tillstream", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Every job there is.
#[derive(Subcommand)]
enum Command {
    Up(up::Args),
    Status(status::Args),
    Verify(verify::Args),
    VerifyRegister(verify_register::Args),
    Quarantine(quarantine::Args),
    Replay(replay::Args),
    Rebuild(rebuild::Args),
    Backup(backup::Args),
    Recover(recover::Args),
    Token(token::Args),
    Drive(drive::Args),
    Bench(bench::Args),
    Simulate(simulate::Args),
    Torture(torture::Args),
    Edge(edge::Args),
    EdgeReplace(edge_replace::Args),
    Journal(journal::Args),
}

impl Command {
    async fn run(self, shutdown: CancellationToken) -> anyhow::Result<()> {
        match self {
            Self::Up(args) => up::run(args, shutdown).await,
            Self::Status(args) => status::run(args, shutdown).await,
            Self::Verify(args) => verify::run(args, shutdown).await,
            Self::VerifyRegister(args) => verify_register::run(&args),
            Self::Quarantine(args) => quarantine::run(args).await,
            Self::Rebuild(args) => rebuild::run(args, shutdown).await,
            Self::Replay(args) => replay::run(args, shutdown).await,
            Self::Backup(args) => backup::run(args, shutdown).await,
            Self::Recover(args) => recover::run(args, shutdown).await,
            Self::Token(args) => token::run(args).await,
            Self::Drive(args) => drive::run(args, shutdown).await,
            Self::Bench(args) => bench::run(args, shutdown).await,
            Self::Simulate(args) => simulate::run(args, shutdown).await,
            Self::Torture(args) => torture::run(args, shutdown).await,
            Self::Edge(args) => edge::run(args, shutdown).await,
            Self::EdgeReplace(args) => edge_replace::run(args).await,
            Self::Journal(args) => journal::run(args, shutdown).await,
        }
    }
}

/// The levels of a command whose output is its figures: a line that is cut on
/// purpose is no news.
const QUIET: &str = "error,async_nats=off";

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    match &command {
        Command::Up(up) => {
            if let Err(error) = up.install_logs() {
                eprintln!("tillstream: {error:#}");
                return ExitCode::FAILURE;
            }
        }
        Command::Edge(_) => {}
        _ => telemetry::logs::install(QUIET),
    }
    telemetry::main("tillstream", |shutdown| command.run(shutdown))
}
