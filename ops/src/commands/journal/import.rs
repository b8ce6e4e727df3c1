//! `tillstream journal import`.

use std::{collections::BTreeMap, fs};

use anyhow::{Context, bail, ensure};
use schemas::edge_api::{
    ExportedEntry, ImportEntries, ImportOutcome, ImportedEntries, ImportedEntry, Problem,
};
use serde::Serialize;
use telemetry::CancellationToken;

use super::{
    super::output::line as say,
    Import,
    file::{self, Exported},
};

/// Payload in one request, in bytes: below what an edge takes, with all escapes.
const BATCH_BYTES: usize = 96 * 1024;
/// Entries in one request.
const BATCH_ENTRIES: usize = ImportEntries::MAX;

/// What came of it.
#[derive(Debug, Default, Serialize)]
struct Report {
    edge: String,
    entries: u64,
    dry_run: bool,
    /// Where the exported journal was damaged: what came after is not in the file.
    damaged: Option<String>,
    imported: u64,
    known: u64,
    passed: u64,
    conflicts: u64,
    sales: Sales,
    /// Imported entries by their kind.
    by_kind: BTreeMap<String, u64>,
    /// What a person has to look at.
    to_look_at: Vec<ImportedEntry>,
}

#[derive(Debug, Default, Serialize)]
struct Sales {
    imported: u64,
    known: u64,
    conflicts: u64,
}

impl Report {
    fn add(&mut self, row: ImportedEntry) {
        let is_sale = row.kind == "sale.finalized";
        let one = u64::from(is_sale);
        match row.outcome {
            ImportOutcome::Imported => {
                self.imported += 1;
                self.sales.imported += one;
                *self.by_kind.entry(row.kind).or_default() += 1;
            }
            ImportOutcome::Known => {
                self.known += 1;
                self.sales.known += one;
            }
            ImportOutcome::Passed => self.passed += 1,
            ImportOutcome::Conflict => {
                self.conflicts += 1;
                self.sales.conflicts += one;
                self.to_look_at.push(row);
            }
        }
    }
}

pub(super) async fn run(args: &Import, shutdown: CancellationToken) -> anyhow::Result<()> {
    let name = args.file.display();
    let refused = || format!("{name} is not imported, and nothing of it was");
    // The whole file is looked at before the box hears of any of it.
    let Exported { begin, end } = file::read(&args.file, |_| Ok(())).with_context(refused)?;
    let token = fs::read_to_string(&args.token_file)
        .with_context(|| format!("cannot read {}", args.token_file.display()))?;
    let edge = NewBox {
        http: reqwest::Client::new(),
        url: format!("{}/v1/import", args.to.trim_end_matches('/')),
        token: token.trim().to_owned(),
    };
    let mut report = Report {
        edge: begin.edge_id.to_string(),
        entries: end.entries,
        dry_run: args.dry_run,
        damaged: end.damaged.clone(),
        ..Report::default()
    };
    let bar = indicatif::ProgressBar::new(end.entries);
    if args.json {
        bar.set_draw_target(indicatif::ProgressDrawTarget::hidden());
    }
    let mut batches = Vec::new();
    let mut batch = Batch::default();
    file::read(&args.file, |entry| {
        if batch.is_full_with(&entry) {
            batches.push(std::mem::take(&mut batch).entries);
        }
        batch.add(entry);
        Ok(())
    })
    .with_context(refused)?;
    batches.push(batch.entries);
    for entries in batches.into_iter().filter(|entries| !entries.is_empty()) {
        if shutdown.is_cancelled() {
            bail!("stopped after entry {}; run it again to go on", bar.position());
        }
        let count = entries.len() as u64;
        let asked = ImportEntries { edge_id: begin.edge_id, entries, dry_run: args.dry_run };
        for row in edge.import(&asked).await?.entries {
            report.add(row);
        }
        bar.inc(count);
    }
    bar.finish_and_clear();
    tell(&report, args.json)
}

#[derive(Default)]
struct Batch {
    entries: Vec<ExportedEntry>,
    bytes: usize,
}

impl Batch {
    fn is_full_with(&self, entry: &ExportedEntry) -> bool {
        self.entries.len() >= BATCH_ENTRIES || self.bytes + entry.payload.len() > BATCH_BYTES
    }

    fn add(&mut self, entry: ExportedEntry) {
        self.bytes += entry.payload.len();
        self.entries.push(entry);
    }
}

struct NewBox {
    http: reqwest::Client,
    url: String,
    token: String,
}

impl NewBox {
    async fn import(&self, asked: &ImportEntries) -> anyhow::Result<ImportedEntries> {
        let again = "run the same command again: what was imported stays, and it goes on there";
        let sent = self.http.post(&self.url).bearer_auth(&self.token).json(asked).send().await;
        let answer = sent.with_context(|| format!("{} does not answer; {again}", self.url))?;
        let status = answer.status();
        let body = answer.bytes().await.with_context(|| format!("it broke off; {again}"))?;
        if !status.is_success() {
            let why = serde_json::from_slice::<Problem>(&body).map_or_else(
                |_| String::from_utf8_lossy(&body).into_owned(),
                |problem| format!("{} ({})", problem.detail, problem.code),
            );
            bail!("the box refuses: {why}; what was imported before stays");
        }
        let told: ImportedEntries =
            serde_json::from_slice(&body).context("the box answers something else")?;
        ensure!(
            told.entries.len() == asked.entries.len(),
            "the box tells of {} entries where {} were sent",
            told.entries.len(),
            asked.entries.len()
        );
        Ok(told)
    }
}

fn tell(report: &Report, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        say(serde_json::to_string(report).context("it cannot be written")?);
        return Ok(());
    }
    let Report { entries, imported, known, passed, conflicts, sales, .. } = report;
    let would = if report.dry_run { "would be imported" } else { "imported" };
    say(format_args!("{entries} entries of edge {}", report.edge));
    say(format_args!("  {imported:>7} {would}, {} of them sales", sales.imported));
    say(format_args!("  {known:>7} known already, {} of them sales", sales.known));
    say(format_args!("  {passed:>7} that change nothing any more"));
    say(format_args!(
        "  {conflicts:>7} for a person to look at, {} of them sales",
        sales.conflicts
    ));
    for row in &report.to_look_at {
        let ticket = row.ticket_id.as_ref().map(|ticket| format!(" of ticket {ticket}"));
        say(format_args!(
            "          entry {}: {}{}: {}",
            row.seq,
            row.kind,
            ticket.unwrap_or_default(),
            row.why.as_deref().unwrap_or("it does not fit")
        ));
    }
    if let Some(why) = &report.damaged {
        say(format_args!("the exported journal was damaged after that: {why}"));
    }
    Ok(())
}
