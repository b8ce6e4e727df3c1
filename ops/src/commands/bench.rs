//! `tillstream bench`.

use std::sync::Arc;

use anyhow::{Context, bail};
use comfy_table::{CellAlignment, Table, presets};
use schemas::SystemClock;
use tokio_util::sync::CancellationToken;

use super::{output::line, reach::Reached};
use crate::bench::{self, Measured, Results, Sizes};

/// Sales booked the classical way, at most: its rate does not change after.
const MOST_CLASSICAL: u64 = 10_000;
/// Sales numbered one by one, at most.
const MOST_SINGLES: u64 = 3_000;
/// How long sales are made at a steady rate.
const ONLINE_SECONDS: u64 = 15;

/// Measure this pipeline beside the classical way and the ceiling
///
/// In one run, on one Postgres of its own: (a) one transaction for each sale
/// with the invoice counter locked in it, on 16 connections; (b) the backlog of
/// an outage at three stores, from the line's return to the last number known
/// at its store, and capture alone by one edge for 32 tills; (c) numbering one
/// by one and in batches; (d) COPY of all the same rows. Besides: capture and
/// numbers at a steady rate with the line up, and the restart of an edge that
/// has been cut off for long.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Sales that are journaled in the outage
    #[arg(long, value_name = "N", default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(3..=1_000_000))]
    tickets: u64,
    /// Sales a second with the line up; 0 leaves that part out
    #[arg(long, value_name = "N", default_value_t = 200)]
    online_rate: u32,
    /// Unsynced tickets of the edge that is started again; 0 leaves it out
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    edge_restart: u64,
    /// Print one JSON object on stdout
    #[arg(long)]
    json: bool,
}

/// Measures and prints.
///
/// # Errors
/// If a part cannot be set up or does not come to its end.
pub async fn run(args: Args, shutdown: CancellationToken) -> anyhow::Result<()> {
    let sizes = Sizes {
        tickets: args.tickets,
        classical: args.tickets.min(MOST_CLASSICAL),
        singles: args.tickets.min(MOST_SINGLES),
        online: u64::from(args.online_rate) * ONLINE_SECONDS,
        online_per_s: args.online_rate,
        restart: args.edge_restart,
    };
    let reached = Reached::start(Arc::new(SystemClock)).await?;
    let measuring = bench::run(&reached, sizes, |part| eprintln!("measuring: {part} …"));
    let results = shutdown.run_until_cancelled(measuring).await;
    let left = reached.leave().await;
    let Some(results) = results else { bail!("interrupted") };
    let results = results?;
    left?;
    if args.json {
        line(serde_json::to_string(&results).context("the results cannot be written")?);
    } else {
        line(table(&results));
        line(ratios(&results));
    }
    Ok(())
}

fn table(results: &Results) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(vec!["", "sales", "sales/s", "p50 ms", "p99 ms", "Postgres CPU µs/sale"]);
    let parts = &results.parts;
    for (what, part) in [
        ("(a) classical, 16 connections", &parts.classical),
        ("(b) pipeline, backlog of an outage", &parts.pipeline),
        ("    capture by one edge, 32 tills", &parts.capture),
        ("(c) numbering one by one", &parts.numbering_single),
        ("(c) numbering batched", &parts.numbering_batched),
        ("(d) COPY of the same rows", &parts.copy),
        ("    the same, two tables at a time", &parts.copy_two_at_a_time),
    ] {
        table.add_row(row(what, part));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn row(what: &str, part: &Measured) -> Vec<String> {
    let or_dash =
        |figure: Option<f64>| figure.map_or_else(|| "–".to_owned(), |f| format!("{f:.1}"));
    vec![
        what.to_owned(),
        part.count.to_string(),
        format!("{:.0}", part.per_s),
        or_dash(part.ms.map(|ms| ms.p50)),
        or_dash(part.ms.map(|ms| ms.p99)),
        or_dash(part.postgres_cpu_us),
    ]
}

fn ratios(results: &Results) -> String {
    let mut lines = vec![
        format!("(b) / (a)               {:.2}", results.pipeline_to_classical),
        format!("(b) / (d)               {:.2}", results.pipeline_to_copy),
        format!("(c) batched / one by one {:.1}", results.numbering_batched_to_single),
    ];
    if let Some(online) = results.parts.online {
        lines.push(format!(
            "at {} sales/s with the line up: capture p50 {:.2} ms, p99 {:.2} ms; \
             capture to number p50 {:.2} ms, p99 {:.2} ms",
            online.rate_per_s,
            online.capture_ms.p50,
            online.capture_ms.p99,
            online.numbered_ms.p50,
            online.numbered_ms.p99,
        ));
    }
    if let Some(restart) = results.parts.edge_restart {
        lines.push(format!(
            "edge with {} unsynced tickets: {} ms from start to its next sale, {} MiB resident at most",
            restart.unsynced, restart.serving_ms, restart.resident_mib
        ));
    }
    lines.join("\n")
}
