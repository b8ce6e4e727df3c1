//! `tillstream journal`: what is only on the disk of an old box goes into the box that
//! replaced it.

mod export;
mod file;
mod import;

use std::path::PathBuf;

use telemetry::CancellationToken;

/// Export the journal of an old box, and import it into the box that replaced it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    job: Job,
}

#[derive(Debug, clap::Subcommand)]
enum Job {
    /// Read an old box's journal, whose daemon does not run, into a file. Works on one
    /// that may not sell any more, and up to where a damaged one ends; changes nothing.
    Export(Export),
    /// Put what is only in such a file into the box that replaced the old one, through
    /// its HTTP API. The same file again changes nothing; a killed import goes on.
    Import(Import),
}

#[derive(Debug, clap::Args)]
struct Export {
    /// The old box's data directory, with `journal.db` and `journal.key`.
    #[arg(long, value_name = "DIR")]
    data_dir: PathBuf,
    /// The journal's key, if it is not beside it.
    #[arg(long, value_name = "FILE")]
    key_file: Option<PathBuf>,
    /// Where to write it; must not be there yet.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
struct Import {
    /// The exported journal.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The new box: `http://10.0.0.5:8410`.
    #[arg(long, value_name = "URL")]
    to: String,
    /// The new box's `operator.token`.
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// Only say what would become of each entry.
    #[arg(long)]
    dry_run: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Does it.
///
/// # Errors
/// If a journal, a file or the box refuses.
pub async fn run(args: Args, shutdown: CancellationToken) -> anyhow::Result<()> {
    match args.job {
        Job::Export(args) => export::run(&args).await,
        Job::Import(args) => import::run(&args, shutdown).await,
    }
}
