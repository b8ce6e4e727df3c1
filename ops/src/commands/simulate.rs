//! `tillstream simulate`: seeded simulations of everything between a till and its
//! invoice number. Needs nothing: no servers, no disk, no line.

use std::{
    collections::BTreeMap,
    io::IsTerminal,
    num::NonZero,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use simulate::{Broken, Plan, Report, STEPS};
use telemetry::CancellationToken;

use super::output::line as say;

const BAR: &str = "{bar:32} {pos}/{len} seeds  {msg}  {elapsed_precise}";
const REDRAW_EVERY: Duration = Duration::from_millis(250);
/// So many seeds, if neither their number nor the first is named.
const SEEDS: u64 = 10_000;
/// The most failing seeds that are told of.
const MOST_TOLD: usize = 20;

/// Simulate a company's day, once for each seed, and check every promise
///
/// Tills, edges, broker, workers, numbering, relays and the direct door run in one
/// thread with a virtual clock, deciding by the code of production. What is between
/// them loses, doubles, reorders, damages, forgets, stalls and dies, as the seed
/// says; then the faults stop and everything must come to rest. Exit status 1 if a
/// promise is broken. A seed always makes the same run.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// How many seeds to run; 10,000, or only the one that --seed names
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: Option<u64>,
    /// The first seed
    #[arg(long, value_name = "SEED")]
    seed: Option<u64>,
    /// Steps with faults, for each seed
    #[arg(long, value_name = "N", default_value_t = STEPS)]
    steps: u64,
    /// Break an invariant on purpose, to see that it is noticed
    #[arg(long, value_name = "INVARIANT")]
    broken: Option<Broken>,
    /// Print every step of the run; for a single seed
    #[arg(long)]
    trace: bool,
    /// Print one JSON object on stdout
    #[arg(long)]
    json: bool,
}

/// What all seeds came to.
#[derive(Debug, Default, Serialize)]
struct Summary {
    first_seed: u64,
    seeds: u64,
    steps_each: u64,
    broken: Option<&'static str>,
    sales: u64,
    numbers: u64,
    virtual_hours: u64,
    seconds: u64,
    faults: BTreeMap<&'static str, u64>,
    /// Seed and what does not hold.
    violations: BTreeMap<u64, String>,
    #[serde(skip)]
    virtual_millis: u64,
}

impl Summary {
    fn take(&mut self, seed: u64, report: Report) {
        self.seeds += 1;
        self.sales += report.sales;
        self.numbers += report.numbers;
        self.virtual_millis += report.millis;
        for (fault, times) in report.faults {
            *self.faults.entry(fault).or_default() += times;
        }
        if let Some(why) = report.violation {
            self.violations.insert(seed, why);
        }
    }
}

/// Runs the seeds and says what came of them.
///
/// # Errors
/// If a seed breaks a promise, or the runs were stopped.
pub async fn run(args: Args, shutdown: CancellationToken) -> anyhow::Result<()> {
    let first = args.seed.unwrap_or(0);
    let seeds = args.seeds.unwrap_or(if args.seed.is_some() { 1 } else { SEEDS });
    if args.trace && (seeds > 1 || args.json) {
        bail!("--trace prints one run: name its --seed, without --seeds and --json");
    }
    let plan = Plan { seed: first, steps: args.steps, broken: args.broken, trace: args.trace };
    let stop = shutdown.clone();
    let running = tokio::task::spawn_blocking(move || run_all(&plan, seeds, &stop));
    let summary = running.await.context("a simulation panicked")?;
    if args.json {
        say(serde_json::to_string(&summary).context("the result cannot be written")?);
    } else {
        tell(&summary);
    }
    if !summary.violations.is_empty() {
        bail!("{} of {} seeds break a promise", summary.violations.len(), summary.seeds);
    }
    if summary.seeds < seeds {
        bail!("stopped after {} of {seeds} seeds", summary.seeds);
    }
    Ok(())
}

/// Runs the plan with each of so many seeds, on all processors.
fn run_all(plan: &Plan, seeds: u64, stop: &CancellationToken) -> Summary {
    let began = Instant::now();
    let bar = progress(seeds);
    let next = AtomicU64::new(0);
    let broken = plan.broken.map(Broken::name);
    let all = Mutex::new(Summary {
        first_seed: plan.seed,
        steps_each: plan.steps,
        broken,
        ..Summary::default()
    });
    let one_after_the_other = || {
        while !stop.is_cancelled() {
            let offset = next.fetch_add(1, Ordering::Relaxed);
            if offset >= seeds {
                return;
            }
            let seed = plan.seed.wrapping_add(offset);
            let mut report = simulate::run(&Plan { seed, ..plan.clone() });
            report.trace.drain(..).for_each(say);
            let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
            all.take(seed, report);
            if !all.violations.is_empty() {
                bar.set_message(format!("{} break a promise", all.violations.len()));
            }
            bar.inc(1);
        }
    };
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(one_after_the_other);
        }
    });
    bar.finish_and_clear();
    let mut all = all.into_inner().unwrap_or_else(PoisonError::into_inner);
    all.virtual_hours = all.virtual_millis / 3_600_000;
    all.seconds = began.elapsed().as_secs();
    all
}

fn progress(seeds: u64) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(seeds), target);
    // The template is a constant; without it the bar has its usual form.
    if let Ok(style) = ProgressStyle::with_template(BAR) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(REDRAW_EVERY);
    bar
}

fn tell(summary: &Summary) {
    let Summary { first_seed, seeds, steps_each, sales, numbers, .. } = summary;
    say(format_args!(
        "{seeds} seeds from {first_seed}, {steps_each} faulty steps each: {sales} sales, \
         {numbers} numbers, {} virtual hours in {} s.",
        summary.virtual_hours, summary.seconds,
    ));
    for (fault, times) in &summary.faults {
        say(format_args!("  {times:>9} x {fault}"));
    }
    for (seed, why) in summary.violations.iter().take(MOST_TOLD) {
        let broken = summary.broken.map(|name| format!(" --broken {name}")).unwrap_or_default();
        say(format_args!("VIOLATED with seed {seed}: {why}"));
        say(format_args!(
            "  replay: tillstream simulate --seed {seed} --steps {steps_each}{broken} --trace"
        ));
    }
    if summary.violations.is_empty() {
        say("Every promise holds.");
    }
}
