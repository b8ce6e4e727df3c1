//! `tillstream torture`: the real stack under load while everything that can go
//! wrong does, and then the question whether anything was lost, doubled or
//! misnumbered.
//!
//! Guarantees of the harness: every service is a process of its own, so that a kill
//! is a kill; what it knows of the sales it was told itself, outside of the system;
//! a fault counts only if it was really done; whatever ends this process ends all
//! that it started. Which faults strike in which order, whom, and what tills want
//! is drawn from the seed; when they really strike depends on the machine.

mod disk;
mod door;
mod faults;
mod judge;
mod load;
mod part;
mod probe;
mod report;
mod schedule;
mod site;
mod till;
mod witness;

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::future::join_all;
use store::Pool;
use tokio_util::sync::CancellationToken;

pub use judge::Judgement;
pub use report::{KindReport, Report};
pub use schedule::FaultKind;

use crate::commands::verify::Strictness;
use faults::{Came, Struck, strike};
use load::Load;
use report::Tally;
use schedule::{Fault, Schedule};
use site::Site;
use witness::Witness;

/// How often processes are looked at that may have ended by themselves.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How to torture.
#[derive(Debug, Clone)]
pub struct Options {
    /// An empty directory, or one to be made.
    pub data_dir: PathBuf,
    /// For how long faults strike.
    pub time: Duration,
    /// What the schedule and the load are drawn from.
    pub seed: u64,
    /// How long anything may take to recover, and everything to come to rest.
    pub bound: Duration,
    /// `false` only where the data is thrown away afterwards.
    pub durable: bool,
}

/// Tells a person what happens, a line at a time.
pub type Tell<'a> = &'a (dyn Fn(&str) + Sync);

/// A stack under torture.
pub struct Torture {
    options: Options,
    site: Site,
    witness: Arc<Witness>,
    load: Load,
    schedule: Schedule,
    tally: Tally,
}

impl Torture {
    /// Starts the stack and opens its stores.
    ///
    /// # Errors
    /// If the directory is not empty, or a part does not start.
    pub async fn start(options: Options) -> anyhow::Result<Self> {
        let site = Site::start(&options.data_dir, options.durable).await?;
        let witness = Arc::new(Witness::default());
        let load = Load::open(&site, &witness, options.seed).await?;
        let schedule = Schedule::of(options.seed);
        let mut tally = Tally::default();
        if let Some(why) = &site.no_disk {
            tally.skip(FaultKind::DiskFull, why);
        }
        Ok(Self { options, site, witness, load, schedule, tally })
    }

    /// Straight to the books, past all lines: as the server's owner.
    pub const fn pool(&self) -> &Pool {
        &self.site.pool
    }

    /// Lets faults strike for the time that was asked for. After each deck of them,
    /// and in the end, the tills stop, everything comes to rest, and it is looked at.
    /// Ends early if something is wrong.
    ///
    /// # Errors
    /// If the books cannot be read. What is wrong in them is in the report.
    pub async fn torment(&mut self, tell: Tell<'_>) -> anyhow::Result<()> {
        let end = Instant::now() + self.options.time;
        while Instant::now() < end {
            let deck = self.schedule.deck();
            self.sell_amid(&deck, end, tell).await?;
            let judgement = self.judge().await?;
            tell(&format!(
                "at rest: {} sales answered, {} in the books, {}",
                judgement.answered,
                judgement.booked,
                if judgement.ok() { "all as they should be" } else { "NOT as they should be" }
            ));
            let ok = judgement.ok();
            self.tally.judged(judgement);
            if !ok {
                break;
            }
        }
        Ok(())
    }

    /// Sells from all tills while the faults of a deck strike, and then until every
    /// till has its answers.
    async fn sell_amid(
        &mut self,
        deck: &[Vec<Fault>],
        end: Instant,
        tell: Tell<'_>,
    ) -> anyhow::Result<()> {
        let Self { options, site, witness, load, tally, .. } = self;
        let (site, witness, bound) = (&*site, &**witness, options.bound);
        let closed = CancellationToken::new();
        let began = Instant::now();
        let (mut struck, mut mended) = (Vec::new(), Vec::new());
        let striking = async {
            for group in deck {
                if Instant::now() >= end {
                    break;
                }
                let quiet = group.iter().map(|fault| fault.quiet).min().unwrap_or_default();
                tokio::time::sleep(quiet).await;
                let blows = group.iter().map(|fault| strike(site, witness, fault, bound));
                for blow in join_all(blows).await {
                    tell(&line(&blow));
                    struck.push(blow);
                }
            }
            closed.cancel();
            tokio::time::sleep(bound).await;
        };
        let mending = keep_running(site, &mut mended, tell);
        let outcome = tokio::select! {
            outcome = load.sell(&closed) => outcome,
            () = striking => Err(anyhow::anyhow!(
                "some tills have no answer {} s after the last fault", bound.as_secs()
            )),
            failed = mending => Err(failed),
        };
        tally.sold_for(began.elapsed());
        struck.into_iter().for_each(|blow| tally.struck(blow));
        mended.into_iter().for_each(|(name, log)| tally.ended_by_itself(name, log));
        if let Err(error) = outcome {
            tally.gave_up(format!("{error:#}"));
        }
        Ok(())
    }

    /// Waits until nothing is on its way any more, and looks at everything.
    ///
    /// # Errors
    /// If the books cannot be read.
    pub async fn judge(&self) -> anyhow::Result<Judgement> {
        let strictness = Strictness { settled: true, stuck_after: self.options.bound };
        judge::judge(&self.site, &self.witness, strictness).await
    }

    /// What was done and what came of it, so far.
    pub fn report(&self) -> Report {
        self.tally.report(&self.options, &self.witness.seen())
    }

    /// Stops everything; `keep`: what lies on small disks is put into the data
    /// directory first.
    ///
    /// # Errors
    /// The first part that did not end well.
    pub async fn end(self, keep: bool) -> anyhow::Result<()> {
        drop(self.load);
        self.site.end(keep).await
    }
}

/// Starts again what ended by itself, as an init system would, and notes it. Ends
/// only if it cannot.
async fn keep_running(
    site: &Site,
    mended: &mut Vec<(String, String)>,
    tell: Tell<'_>,
) -> anyhow::Error {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        for part in site.shops.iter().map(|shop| &shop.edge).chain(site.services()) {
            match part.mend().await {
                Ok(None) => {}
                Ok(Some(log)) => {
                    tell(&format!("{} ended by itself and was started again", part.name));
                    mended.push((part.name.clone(), log));
                }
                Err(error) => return error,
            }
        }
    }
}

fn line(blow: &Struck) -> String {
    let Struck { kind, target, came } = blow;
    let name = kind.name();
    match came {
        Came::Recovered(took) => format!("{name} ({target}): recovered in {} ms", took.as_millis()),
        Came::Stuck(why) => format!("{name} ({target}): FAILED: {why}"),
        Came::NotDone(why) => format!("{name}: not done: {why}"),
    }
}
