//! `tillstream rebuild`: fills what the broker lost from the books.

use std::path::PathBuf;

use serde_json::json;
use telemetry::CancellationToken;

use super::output::line as say;
use crate::{
    replay::{progress::Progress, rebuild},
    stack::{Stack, default_data_dir},
};

/// Fill the stream of facts, or the bucket of catalogues, from the books: only what they
/// lack, with the same ids, places and bytes. Safe while selling; the same again changes
/// nothing.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to fill.
    #[arg(value_enum)]
    what: What,
    /// The data directory of the running stack [default: as `up`].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum What {
    /// The stream of facts, from which back offices and stores read.
    Books,
    /// The bucket of catalogues, which stores fetch.
    Catalogue,
}

/// Does it.
///
/// # Errors
/// If no stack runs there, or the books or the broker do not answer.
pub async fn run(args: Args, shutdown: CancellationToken) -> anyhow::Result<()> {
    let data_dir = args.data_dir.map_or_else(default_data_dir, Ok)?;
    let attached = Stack::attach(data_dir)?;
    let (pool, bus) = (attached.pool().await?, attached.bus("rebuild").await?);
    let mut progress = Progress::new(args.json);
    match args.what {
        What::Books => {
            let told = rebuild::books(&pool, &bus, (&shutdown, &mut progress)).await;
            progress.end();
            for (branch, facts) in told? {
                let rebuild::OfBranch { kept, refilled, first_kept } = facts;
                if args.json {
                    say(json!({ "branch_id": branch, "kept": kept, "refilled": refilled,
                                "first_kept": first_kept }));
                    continue;
                }
                say(format_args!(
                    "branch {branch}: {kept} facts are in the stream, {refilled} of them were \
                     published again"
                ));
                if first_kept > 1 {
                    say(format_args!(
                        "branch {branch}: facts before {first_kept} are older than the retention \
                         and gone; the archive has their entries: `replay --to-subject`"
                    ));
                }
            }
        }
        What::Catalogue => {
            let told = rebuild::catalogue(&pool, &bus, (&shutdown, &mut progress)).await;
            progress.end();
            for (branch, was_put) in told? {
                if args.json {
                    say(json!({ "branch_id": branch, "put": was_put }));
                } else {
                    let how = if was_put { "was put there now" } else { "is there" };
                    say(format_args!("branch {branch}: its newest catalogue {how}"));
                }
            }
        }
    }
    Ok(())
}
