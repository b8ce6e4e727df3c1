//! `tillstream status`: how far every store is, as the books know it, and up to when it is
//! complete. A store that is silent is named so: what it sold since nobody knows.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use comfy_table::{Table, presets};
use schemas::{
    SystemClock,
    back_office::{BoundBy, Completeness, StoreState},
    requests::StorageLevel,
};
use store::standing::{self, Standing};
use tokio_util::sync::CancellationToken;

use super::{
    output::line,
    reach::{Reached, Where},
};

/// The time between two looks of `--watch`.
const WATCH_EVERY: Duration = Duration::from_secs(2);

/// Show how far every store is, and up to when it is complete
///
/// Journaled, confirmed and numbered; "complete up to", which is proved and says what
/// bounds it; room, clock and version; and what its outages came to: the share of sales
/// that were taken while the line was down, and how long they took to the books after it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Print one JSON object on stdout; with --watch one in each line
    #[arg(long)]
    json: bool,
    /// Show it again every two seconds, until Ctrl-C
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    stack: Where,
}

/// Prints the table.
///
/// # Errors
/// If the stack cannot be reached.
pub async fn run(args: Args, shutdown: CancellationToken) -> anyhow::Result<()> {
    let reached = args.stack.reach(Arc::new(SystemClock)).await?;
    let shown = loop {
        let shown = show(&reached, args.json).await;
        let again = args.watch && shown.is_ok();
        let pause = tokio::time::sleep(WATCH_EVERY);
        if !again || shutdown.run_until_cancelled(pause).await.is_none() {
            break shown;
        }
    };
    reached.leave().await?;
    shown
}

async fn show(reached: &Reached, json: bool) -> anyhow::Result<()> {
    let mut conn = reached.pool().acquire().await.context("the books cannot be reached")?;
    let standings = standing::standings(&mut conn, None).await?;
    let stores: Vec<Completeness> = standings.into_iter().map(Standing::told).collect();
    let needs = store::recovery::needs(&mut conn).await?;
    if json {
        let needs: Vec<_> = needs.iter().map(described).collect();
        line(serde_json::json!({ "stores": stores, "recoveries_needed": needs }));
        return Ok(());
    }
    for need in &needs {
        let (since, reason) = (need.since, &need.reason);
        line(format_args!("THE BOOKS MUST BE RECOVERED since {since}: {reason}"));
        line("nothing is numbered or published until `tillstream recover` has run");
    }
    if stores.is_empty() {
        line("no store has an edge that may sell");
    } else {
        line(table(&stores));
        line("");
        line(figures(&stores));
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

fn state(store: &Completeness) -> String {
    match (store.state, &store.held) {
        (StoreState::Held, why) => format!("HELD: {}", why.as_deref().unwrap_or("unknown why")),
        (StoreState::Silent, _) => "SILENT".to_owned(),
        (StoreState::NeverHeard, _) => "never heard".to_owned(),
        (StoreState::Sending, _) => "sending".to_owned(),
        (StoreState::Level, _) => "level".to_owned(),
    }
}

/// T, and what bounds it if that is not the line itself.
fn complete(store: &Completeness) -> String {
    let up_to = store.complete_up_to.map_or_else(|| "unknown".to_owned(), |at| at.to_string());
    let till = store.bound_by_till.map(|till| format!(" (till {till} was last heard)"));
    let why = match store.bound_by {
        BoundBy::Proof => String::new(),
        BoundBy::Till => till.unwrap_or_default(),
        BoundBy::SetAside => " (then an entry is in quarantine)".to_owned(),
        BoundBy::Unnumbered => " (then a sale has no number)".to_owned(),
        BoundBy::OlderBox => " (a replaced box had more)".to_owned(),
    };
    format!("{up_to}{why}")
}

fn or_dash(text: Option<String>) -> String {
    text.unwrap_or_else(|| "–".to_owned())
}

fn with_header(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header.to_vec());
    table
}

fn table(stores: &[Completeness]) -> Table {
    let mut table = with_header(&[
        "company",
        "store",
        "state",
        "journaled",
        "confirmed",
        "numbered",
        "oldest unconfirmed",
        "last heard",
        "complete up to",
    ]);
    for store in stores {
        table.add_row(vec![
            store.company.clone(),
            store.store.clone(),
            state(store),
            or_dash(store.journaled.map(|count| count.to_string())),
            store.confirmed.to_string(),
            store.numbered.to_string(),
            or_dash(store.oldest_unconfirmed_at.map(|at| at.to_string())),
            or_dash(store.last_heard_seconds_ago.map(|ago| format!("{ago} s ago"))),
            complete(store),
        ]);
    }
    table
}

/// Milliseconds of two quantiles.
fn took(p50: Option<u64>, p99: Option<u64>) -> String {
    match (p50, p99) {
        (Some(p50), Some(p99)) => format!("{p50} / {p99} ms"),
        _ => "–".to_owned(),
    }
}

fn figures(stores: &[Completeness]) -> Table {
    let mut table = with_header(&[
        "store",
        "sales left",
        "storage",
        "taken while down",
        "line-up to books p50 / p99",
        "to numbers p50 / p99",
        "clock off by",
        "version",
    ]);
    for store in stores {
        let room = store.storage.map(|room| match room.level {
            StorageLevel::Ok => room.tickets_left.to_string(),
            level => format!("{} ({})", room.tickets_left, level.as_str().to_uppercase()),
        });
        let outages = store.outages.unwrap_or_default();
        let taken = store
            .success_rate
            .map(|rate| format!("{rate} ({} of {})", outages.finalized, outages.attempted));
        table.add_row(vec![
            store.store.clone(),
            or_dash(room),
            or_dash(store.storage_used.map(|used| used.to_string())),
            or_dash(taken),
            took(outages.confirmed_p50_ms, outages.confirmed_p99_ms),
            took(outages.numbered_p50_ms, outages.numbered_p99_ms),
            or_dash(store.clock_ahead_us.map(|ahead| format!("{} ms", -ahead / 1_000))),
            or_dash(store.software_version.clone()),
        ]);
    }
    table
}
