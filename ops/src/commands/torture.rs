//! `tillstream torture`: the real stack under load and under every fault.

use std::{io::IsTerminal, path::PathBuf, time::Duration};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use telemetry::CancellationToken;

use super::{output::line as say, reach::passable_folder};
use crate::torture::{Options, Report, Torture};

const BAR: &str = "{spinner} {elapsed_precise} of {msg}";
const REDRAW_EVERY: Duration = Duration::from_millis(250);

/// Sell on a real stack while everything that can go wrong does, and verify
///
/// Starts a stack of its own in an empty directory, every service as a process.
/// Nine tills of three stores and two clients of the direct door sell without
/// pause, each keeping its ticket until it has an answer; what they are told is
/// written down outside of the system. Meanwhile edges, workers, relay, numbering,
/// ingest, nats-server and Postgres are killed (SIGKILL) or stalled, lines are cut
/// and half-opened, JetStream's store is wiped, streams are deleted and lose their
/// newest messages, an edge's disk is filled and freed, its clock jumps by up to a
/// day. For each fault it is timed how long what it struck took to work again.
///
/// After each deck of faults (every kind once, shuffled), and in the end, all comes
/// to rest, every check of `verify` is made, and the books are compared with what
/// the tills were told. Exit status 1 if a sale was lost, doubled, misnumbered or
/// booked with other figures, if a number that was shown changed, or if a part did
/// not recover in its bound; the data directory is kept then.
///
/// The same seed draws the same faults in the same order, and the same customers.
/// When they strike depends on the machine: a run is not replayed exactly.
///
/// Filling a disk wants to mount a small tmpfs for each edge. A user who may not can
/// run `unshare --user --map-current-user --keep-caps --mount tillstream torture`;
/// without, this kind is skipped, and the table says so.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// For how long faults strike
    #[arg(long, value_name = "M", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=10_080))]
    minutes: u64,
    /// What faults and customers are drawn from; one of its own if not given
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// How long anything may take to recover, in seconds
    #[arg(long, value_name = "S", default_value_t = 60, value_parser = clap::value_parser!(u64).range(10..=3_600))]
    bound: u64,
    /// An empty directory for the stack, which is kept; otherwise a temporary one
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print one JSON object on stdout, everything else on stderr
    #[arg(long)]
    json: bool,
}

/// Tortures, and says what came of it.
///
/// # Errors
/// If the stack cannot be started, the run was interrupted, or something was not
/// as it should be.
pub async fn run(args: Args, shutdown: CancellationToken) -> anyhow::Result<()> {
    let temporary = if args.data_dir.is_none() { Some(passable_folder()?) } else { None };
    let folder = temporary.as_ref().map(|folder| folder.path().join("stack"));
    let options = Options {
        data_dir: args.data_dir.clone().or(folder).context("there is no directory")?,
        time: Duration::from_secs(args.minutes * 60),
        seed: args.seed.unwrap_or_else(rand::random),
        bound: Duration::from_secs(args.bound),
        durable: true,
    };
    eprintln!("torture: seed {}, data in {}", options.seed, options.data_dir.display());
    let data_dir = options.data_dir.clone();
    let bar = progress(options.time);
    // Interrupted, it is dropped, and its children end with it.
    let running = async {
        let torture = Torture::start(options).await?;
        anyhow::Ok(finish(torture, args.data_dir.is_some(), &bar).await)
    };
    let ran = shutdown.run_until_cancelled(running).await;
    bar.finish_and_clear();
    let report = match ran.context("interrupted")?? {
        Ok(report) => report,
        Err(error) => {
            let kept = temporary.map_or(data_dir, tempfile::TempDir::keep);
            return Err(error.context(format!("the data is kept in {}", kept.display())));
        }
    };
    if args.json {
        say(serde_json::to_string(&report).context("the report cannot be written")?);
    } else {
        say(report.print().trim_end());
    }
    if !report.ok {
        let kept = temporary.map_or(data_dir, tempfile::TempDir::keep);
        bail!("not everything is as it should be; the data is kept in {}", kept.display());
    }
    Ok(())
}

/// Runs to the end; what is on small disks stays if the directory does.
async fn finish(mut torture: Torture, keep: bool, bar: &ProgressBar) -> anyhow::Result<Report> {
    let tell = |text: &str| if bar.is_hidden() { eprintln!("{text}") } else { bar.println(text) };
    let tormented = torture.torment(&tell).await;
    let report = torture.report();
    torture.end(keep || tormented.is_err() || !report.ok).await?;
    tormented?;
    Ok(report)
}

fn progress(time: Duration) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(None, target);
    // The template is a constant; without it the bar has its usual form.
    if let Ok(style) = ProgressStyle::with_template(BAR) {
        bar.set_style(style);
    }
    bar.set_message(format!("{} min", time.as_secs() / 60));
    bar.enable_steady_tick(REDRAW_EVERY);
    bar
}
