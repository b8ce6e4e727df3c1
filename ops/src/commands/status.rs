//! `tillstream status`: how far every store is, as the books know it.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use comfy_table::{Table, presets};
use schemas::{SystemClock, Timestamp};
use serde::Serialize;
use store::standing::{self, Standing};
use tokio_util::sync::CancellationToken;

use super::{output::line, reach::Where};

/// A store that was not heard for so long is silent; it speaks every few seconds.
const SILENT_AFTER: Duration = Duration::from_secs(15);

/// Show how far every store is: journaled, confirmed, numbered, last heard
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print one JSON object on stdout
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    stack: Where,
}

/// One store.
#[derive(Debug, Serialize)]
struct Row {
    company: String,
    store: String,
    edge_id: schemas::EdgeId,
    state: &'static str,
    /// Entries that its edge said it has.
    journaled: Option<u64>,
    /// Entries that the books have.
    confirmed: u64,
    /// Sales that have their number.
    numbered: u64,
    oldest_unconfirmed_at: Option<Timestamp>,
    last_heard_seconds_ago: Option<u64>,
    held: Option<String>,
}

/// Prints the table.
///
/// # Errors
/// If the stack cannot be reached.
pub async fn run(args: Args, _shutdown: CancellationToken) -> anyhow::Result<()> {
    let reached = args.stack.reach(Arc::new(SystemClock)).await?;
    let mut conn = reached.pool().acquire().await.context("the books cannot be reached")?;
    let standings = standing::standings(&mut conn).await?;
    let needs = store::recovery::needs(&mut conn).await?;
    drop(conn);
    reached.leave().await?;
    let rows: Vec<Row> = standings.into_iter().map(row).collect();
    if args.json {
        let needs: Vec<_> = needs.iter().map(described).collect();
        let stores = serde_json::json!({ "stores": rows, "recoveries_needed": needs });
        line(stores);
        return Ok(());
    }
    for need in &needs {
        let (since, reason) = (need.since, &need.reason);
        line(format_args!("THE BOOKS MUST BE RECOVERED since {since}: {reason}"));
        line("nothing is numbered or published until `tillstream recover` has run");
    }
    if rows.is_empty() {
        line("no store has an edge that may sell");
    } else {
        line(table(&rows));
    }
    Ok(())
}

fn described(need: &store::recovery::Need) -> serde_json::Value {
    serde_json::json!({
        "tenant_id": need.tenant_id,
        "since": need.since,
        "seen_by": need.seen_by,
        "reason": need.reason,
    })
}

fn row(standing: Standing) -> Row {
    let Standing { company, store, edge_id, confirmed, numbered, held, heard, .. } = standing;
    let silent = heard
        .as_ref()
        .is_none_or(|heard| Duration::from_micros(heard.ago_us.unsigned_abs()) > SILENT_AFTER);
    let state = match (&held, &heard, silent) {
        (Some(_), ..) => "HELD",
        (None, None, _) => "never heard",
        (None, Some(_), true) => "SILENT",
        (None, Some(heard), false) if heard.journaled > confirmed => "sending",
        (None, Some(_), false) => "level",
    };
    Row {
        company,
        store,
        edge_id,
        state,
        journaled: heard.as_ref().map(|heard| heard.journaled),
        confirmed,
        numbered,
        // What was oldest at the last heartbeat may be in the books by now.
        oldest_unconfirmed_at: heard
            .as_ref()
            .filter(|heard| heard.journaled > confirmed)
            .and_then(|heard| heard.oldest_unconfirmed_at),
        last_heard_seconds_ago: heard.map(|heard| heard.ago_us.unsigned_abs() / 1_000_000),
        held,
    }
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(vec![
        "company",
        "store",
        "state",
        "journaled",
        "confirmed",
        "numbered",
        "oldest unconfirmed",
        "last heard",
    ]);
    for row in rows {
        let or_dash = |text: Option<String>| text.unwrap_or_else(|| "–".to_owned());
        let state = match &row.held {
            Some(reason) => format!("{}: {reason}", row.state),
            None => row.state.to_owned(),
        };
        table.add_row(vec![
            row.company.clone(),
            row.store.clone(),
            state,
            or_dash(row.journaled.map(|count| count.to_string())),
            row.confirmed.to_string(),
            row.numbered.to_string(),
            or_dash(row.oldest_unconfirmed_at.map(|at| at.to_string())),
            or_dash(row.last_heard_seconds_ago.map(|ago| format!("{ago} s ago"))),
        ]);
    }
    table
}
