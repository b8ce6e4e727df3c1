//! `tillstream replay`: handles entries again and says what the books lack, or sends
//! entries or facts to a new consumer.

use std::path::PathBuf;

use anyhow::{bail, ensure};
use bus::{foreign::ForeignSubject, topology::TopologySettings};
use schemas::{BranchId, Timestamp};
use serde_json::json;
use telemetry::CancellationToken;
use workers::replay::{Edge, Range, Repair};

use super::output::line as say;
use crate::{
    replay::{StateFile, books, forward, progress::Progress, stream},
    stack::{Attached, Stack, default_data_dir},
};

/// Handle entries again and say what the books lack; or feed a new consumer.
///
/// From the archive (`--source entries`) every entry is handled again beside the books,
/// by the handlers that booked it, and each row that it should have made is compared:
/// "0 changes", or exactly what is missing. `--repair` writes missing rows anew, each
/// once. From the stream (`--source stream`) entries that the books lack are booked as a
/// worker would; `--dry-run` only tells. Both are safe while selling, and the same again
/// changes nothing.
///
/// Exit status 1 if the books lack something that was not written.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The data directory of the running stack [default: as `up`].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// None before this: a time by the stores' clocks (RFC 3339, 2026-11-21T08:00:00Z),
    /// or a place: of an entry in its journal, with `--source stream` in the stream, with
    /// `--facts` among the branch's facts.
    #[arg(long, value_name = "TIME|PLACE", value_parser = edge)]
    from: Option<Edge>,
    /// None after this: as `--from`. A time itself is not in the range, a place is.
    #[arg(long, value_name = "TIME|PLACE", value_parser = edge)]
    to: Option<Edge>,
    /// Only of this store.
    #[arg(long)]
    branch: Option<BranchId>,
    /// Only of this kind, like sale.finalized; may be given several times.
    #[arg(long)]
    kind: Vec<String>,
    /// Where entries are taken from.
    #[arg(long, value_enum, default_value = "entries")]
    source: Source,
    /// Only tell; change nothing. (From the archive this is so without `--repair`.)
    #[arg(long)]
    dry_run: bool,
    /// Write missing rows anew.
    #[arg(long, conflicts_with_all = ["dry_run", "to_subject"])]
    repair: bool,
    /// Send the chosen entries to this subject instead, in the order of their journals,
    /// with their ids and headers. A stream must take it; never one of tillstream's own.
    #[arg(long, value_name = "SUBJECT", value_parser = ForeignSubject::parse)]
    to_subject: Option<ForeignSubject>,
    /// Send facts rather than entries.
    #[arg(long, requires = "to_subject")]
    facts: bool,
    /// At most so many messages a second.
    #[arg(long, default_value_t = 2_000, requires = "to_subject",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Go on where an interrupted one with the same arguments was. From the archive, with
    /// the store that it was at.
    #[arg(long)]
    resume: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Source {
    /// The archive in the books.
    Entries,
    /// The stream of entries.
    Stream,
}

fn edge(text: &str) -> Result<Edge, String> {
    if let Ok(place) = text.parse() {
        return Ok(Edge::Place(place));
    }
    Timestamp::parse(text).map(Edge::Time).map_err(|_| {
        format!("{text:?} is neither a time like 2026-11-21T08:00:00Z nor a place like 1200")
    })
}

/// Does it.
///
/// # Errors
/// If no stack runs there, the books or the broker do not answer, it was interrupted, or
/// the books lack something.
pub async fn run(args: Args, shutdown: CancellationToken) -> anyhow::Result<()> {
    let data_dir = args.data_dir.clone().map_or_else(default_data_dir, Ok)?;
    let attached = Stack::attach(data_dir)?;
    let file = StateFile::of(&attached.data_dir);
    let mut progress = Progress::new(args.json);
    let done = args.run_on(&attached, &file, &shutdown, &mut progress).await;
    progress.end();
    match done {
        Ok(lacks) => {
            file.end()?;
            if let Some(lacks) = lacks {
                bail!("{lacks}");
            }
            Ok(())
        }
        Err(error) if shutdown.is_cancelled() => {
            Err(error.context("interrupted; the same with --resume goes on where it was"))
        }
        Err(error) => Err(error),
    }
}

impl Args {
    /// What makes it the same replay as an interrupted one.
    fn asked(&self) -> String {
        let Self { from, to, branch, kind, source, dry_run, repair, to_subject, facts, .. } = self;
        format!(
            "{source:?} from {from:?} to {to:?} of {branch:?} {kind:?} dry {dry_run} repair {repair} \
             subject {to_subject:?} facts {facts}"
        )
    }

    /// `Some`: what the books lack, in words.
    async fn run_on(
        &self,
        attached: &Attached,
        file: &StateFile,
        shutdown: &CancellationToken,
        progress: &mut Progress,
    ) -> anyhow::Result<Option<String>> {
        let mut saved = file.begin(self.asked(), self.resume)?;
        file.keep(&saved)?;
        let range = Range { from: self.from, to: self.to, kinds: self.kind.clone() };
        let pool = attached.pool().await?;
        let kept = (file, &mut saved);
        let shown = (shutdown, progress);
        if let Some(to) = &self.to_subject {
            ensure!(self.source == Source::Entries, "--to-subject takes entries from the archive");
            let bus = attached.bus("replay").await?;
            let feed = forward::Feed {
                pool: &pool,
                bus: &bus,
                to: to.clone(),
                rate: self.rate,
                only: self.branch,
                range: &range,
            };
            let fed = if self.facts {
                forward::facts(&feed, kept, shown).await?
            } else {
                forward::entries(&feed, kept, shown).await?
            };
            self.tell_fed(to, &fed);
            return Ok(None);
        }
        if self.source == Source::Stream {
            ensure!(!self.repair, "--repair is for --source entries");
            let bus = attached.bus("replay").await?;
            let shards = TopologySettings::default().shards;
            let (apply, on) = (!self.dry_run, (&pool, &bus));
            let found = stream::read(on, shards, self.branch, (&range, apply), kept, shown).await?;
            return Ok(self.tell_streamed(&found, apply));
        }
        let repair = if self.repair { Repair::Yes } else { Repair::No };
        let found = books::compare(&pool, self.branch, (&range, repair), kept, shown).await?;
        Ok(self.tell_compared(&found))
    }

    fn tell_fed(&self, to: &ForeignSubject, fed: &forward::Fed) {
        if self.json {
            let pruned: Vec<_> = fed
                .pruned
                .iter()
                .map(|(branch, first)| json!({ "branch_id": branch, "first_kept": first }))
                .collect();
            say(json!({ "sent": fed.sent, "subject": to.as_str(), "pruned": pruned }));
            return;
        }
        say(format_args!("{} messages sent to {}", fed.sent, to.as_str()));
        for (branch, first) in &fed.pruned {
            say(format_args!(
                "facts before {first} of branch {branch} are older than the retention and gone; \
                 the archive has their entries"
            ));
        }
    }

    fn tell_streamed(&self, found: &workers::replay::Streamed, apply: bool) -> Option<String> {
        if self.json {
            say(stream::described(found, apply));
        } else {
            stream::lines(found, apply).into_iter().for_each(say);
            let missing: u64 =
                found.missing.values().map(|it| it.last.saturating_sub(it.first) + 1).sum();
            say(format_args!("{} entries read, {missing} changes", found.read));
        }
        let left = found.after_a_gap.len() + found.forks.len();
        let left = if apply { left } else { left + found.missing.len() };
        (left > 0).then(|| "the books lack entries of the stream".to_owned())
    }

    fn tell_compared(&self, found: &books::Found) -> Option<String> {
        if self.json {
            say(json!({ "compared": found.compared, "changes": found.differences,
                        "repaired": found.repaired, "branches": found.branches }));
        } else {
            books::lines(found).into_iter().for_each(say);
            let (compared, changes) = (found.compared, found.differences);
            say(format_args!("{compared} entries compared, {changes} changes"));
        }
        (found.differences > found.repaired).then(|| "the books lack effects of entries".to_owned())
    }
}
