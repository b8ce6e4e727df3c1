//! `tillstream backup`: makes a backup of the books that edges may rely on, marks one
//! that another tool makes, and restores one.

use std::path::PathBuf;

use anyhow::{Context, bail};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{centre::Centre, output::line as say};
use crate::backup;

/// Back up the books, or restore them from a backup
///
/// A backup counts once it is whole and on its disk: edges may then forget what it
/// holds, below the oldest backup that is kept. Do not throw away more than you said.
#[derive(Debug, clap::Args)]
#[group(skip)]
pub struct Args {
    /// Write a dump of the books (pg_dump's custom format) to this file
    #[arg(long, value_name = "FILE", conflicts_with_all = ["mark", "restore"])]
    out: Option<PathBuf>,
    /// Run the command after `--`, which makes a backup in its own way, and count it as
    /// one if it succeeds
    #[arg(long, conflicts_with = "restore", requires = "command")]
    mark: bool,
    /// Restore a dump that `--out` wrote, into an empty database. With a data directory
    /// its stack must not run; its Postgres is started for this
    #[arg(long, value_name = "FILE")]
    restore: Option<PathBuf>,
    /// With `--restore`: drop what is in the database
    #[arg(long, requires = "restore")]
    replace: bool,
    /// How many of the newest backups are kept
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=1000))]
    keep: u32,
    #[command(flatten)]
    centre: Centre,
    /// The command that makes the backup
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

/// Does it.
///
/// # Errors
/// If the books cannot be reached, a tool fails, or the database is not empty.
pub async fn run(args: Args, _shutdown: CancellationToken) -> anyhow::Result<()> {
    if let Some(file) = &args.restore {
        let books = backup::Target::of(&args.centre).await?;
        backup::restore(books.url(), file, args.replace).await?;
        books.leave().await?;
        say(format_args!("the books are as {} has them", file.display()));
        say("start the services, and then run `tillstream recover`");
        return Ok(());
    }
    let url = args.centre.books_url()?;
    let pool = args.centre.pool().await?;
    let id = Uuid::now_v7();
    let by = std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    let (location, what) = match (&args.out, &args.command[..]) {
        (Some(out), _) => {
            let out = std::path::absolute(out).context("the file's name cannot be resolved")?;
            (out.display().to_string(), backup::What::Dump(out))
        }
        (None, [program, rest @ ..]) if args.mark => {
            (args.command.join(" "), backup::What::Command(program.clone(), rest.to_vec()))
        }
        _ => bail!("say where to: --out FILE, or --mark -- COMMAND, or --restore FILE"),
    };
    let mut tx = pool.begin().await.context("the books do not answer")?;
    store::backups::begin(&mut tx, id, args.keep, &location, &by).await?;
    tx.commit().await.context("the backup could not be noted")?;
    backup::make(&url, &what).await?;
    let mut conn = pool.acquire().await.context("the books do not answer")?;
    if !store::backups::complete(&mut conn, id).await? {
        bail!("the backup is made, but the books do not know that it began: they were restored");
    }
    say(format_args!("backup {id} is complete: {location}"));
    Ok(())
}
