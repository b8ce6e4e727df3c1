//! `tillstream quarantine`: entries of a running stack that chain but could not be
//! booked. They stop nobody; here a person looks at them, releases or gives them up.

use std::{fmt, path::PathBuf, str::FromStr};

use anyhow::{Context, bail, ensure};
use comfy_table::{Table, presets};
use schemas::{BranchId, Clock as _, EdgeId, SystemClock, entry::entry_name};
use serde_json::{Value, json};
use store::{
    Conn, Pool, entries,
    quarantine::{self, Discard, Filter, Listed},
};

use super::output::line as say;
use crate::stack::{Stack, default_data_dir};

/// How many rows are read at a time.
const PAGE: i64 = 500;
/// The longest reason, in characters.
const MAX_REASON_CHARS: usize = 500;

/// List, show, release or discard entries that could not be booked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The data directory of the running stack [default: as `up`].
    #[arg(long, value_name = "DIR", global = true)]
    data_dir: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    job: Job,
}

#[derive(Debug, clap::Subcommand)]
enum Job {
    /// List what waits.
    List {
        /// Only of this store.
        #[arg(long)]
        branch: Option<BranchId>,
        /// Only of this edge.
        #[arg(long)]
        edge: Option<EdgeId>,
        /// Also what was released or discarded.
        #[arg(long)]
        all: bool,
    },
    /// Show one entry with what it tells.
    Show {
        /// `<edge>:<seq>`, as `list` names it.
        entry: Name,
    },
    /// Book an entry, and what waits behind it, in order, each once. Release it when
    /// the reason is mended: what is still refused changes nothing.
    Release {
        /// `<edge>:<seq>`, as `list` names it.
        entry: Name,
    },
    /// Give an entry up for good. It makes nothing in the books; the audit log says
    /// who did that, and why. What waits behind it waits on.
    Discard {
        /// `<edge>:<seq>`, as `list` names it.
        entry: Name,
        /// Why, for the audit log.
        #[arg(long)]
        reason: String,
        /// Who decided it [default: the name of the user who runs this].
        #[arg(long)]
        by: Option<String>,
    },
}

/// An entry's name.
#[derive(Debug, Clone, Copy)]
struct Name(EdgeId, u64);

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.split_once(':').and_then(|(edge, seq)| {
            let seq = seq.parse().ok().filter(|seq| *seq > 0)?;
            Some(Self(edge.parse().ok()?, seq))
        });
        parts.ok_or_else(|| format!("{text:?} is no entry's name, like <edge>:<seq>"))
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&entry_name(self.0, self.1))
    }
}

/// Does it.
///
/// # Errors
/// If no stack runs there, the entry does not wait, or the books refuse.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let data_dir = args.data_dir.map_or_else(default_data_dir, Ok)?;
    let pool = Stack::attach(data_dir)?.pool().await?;
    match args.job {
        Job::List { branch, edge, all } => {
            list(&pool, Filter { branch, edge, waiting: !all }, args.json).await
        }
        Job::Show { entry } => show(&pool, entry, args.json).await,
        Job::Release { entry } => release(&pool, entry, args.json).await,
        Job::Discard { entry, reason, by } => discard(&pool, entry, (by, reason), args.json).await,
    }
}

async fn list(pool: &Pool, filter: Filter, as_json: bool) -> anyhow::Result<()> {
    let mut conn = pool.acquire().await.context("the books do not answer")?;
    let mut rows: Vec<Listed> = Vec::new();
    loop {
        let after = rows.last().map(|row| (row.entry.edge_id, row.entry.seq));
        let page = quarantine::list(&mut conn, filter, after, PAGE).await?;
        let is_last = (page.len() as u64) < PAGE.unsigned_abs();
        rows.extend(page);
        if is_last {
            break;
        }
    }
    if as_json {
        say(json!({ "entries": rows.iter().map(described).collect::<Vec<_>>() }));
    } else if rows.is_empty() {
        say("nothing waits in quarantine");
    } else {
        say(table(&rows));
    }
    Ok(())
}

fn table(rows: &[Listed]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(["entry", "kind", "state", "reason", "since", "detail"]);
    for row in rows {
        table.add_row([
            entry_name(row.entry.edge_id, row.entry.seq),
            row.entry.kind.clone(),
            row.state.clone(),
            row.entry.reason.to_string(),
            row.since.to_string(),
            row.entry.detail.clone(),
        ]);
    }
    table
}

fn described(row: &Listed) -> Value {
    json!({
        "entry": entry_name(row.entry.edge_id, row.entry.seq),
        "branch_id": row.entry.branch_id,
        "kind": row.entry.kind,
        "state": row.state,
        "reason": row.entry.reason.as_str(),
        "detail": row.entry.detail,
        "since": row.since,
        "settled_at": row.settled_at,
    })
}

async fn find(conn: &mut Conn, Name(edge, seq): Name) -> anyhow::Result<Listed> {
    let filter = Filter { edge: Some(edge), ..Filter::default() };
    let found = quarantine::list(conn, filter, Some((edge, seq - 1)), 1).await?;
    let found = found.into_iter().find(|row| row.entry.seq == seq);
    found.with_context(|| format!("entry {} was never in quarantine", Name(edge, seq)))
}

async fn show(pool: &Pool, name: Name, as_json: bool) -> anyhow::Result<()> {
    let mut conn = pool.acquire().await.context("the books do not answer")?;
    let row = find(&mut conn, name).await?;
    let Some(entry) = entries::read(&mut conn, name.0, &[name.1]).await?.pop() else {
        bail!("entry {name} is not in the archive");
    };
    let payload = String::from_utf8_lossy(&entry.payload).into_owned();
    let payload = serde_json::from_str(&payload).unwrap_or(Value::String(payload));
    let mut told = described(&row);
    told["recorded_at"] = json!(entry.recorded_at);
    told["schema_version"] = json!(entry.schema_version);
    told["payload"] = payload;
    if as_json {
        say(told);
    } else {
        say(serde_json::to_string_pretty(&told)?);
    }
    Ok(())
}

async fn release(pool: &Pool, name: Name, as_json: bool) -> anyhow::Result<()> {
    let released = workers::release(pool, name.0, name.1).await?;
    if as_json {
        say(json!({ "applied": released.applied, "still_waiting": released.still_waiting }));
        return Ok(());
    }
    say(format_args!("{} entries of edge {} are booked now", released.applied.len(), name.0));
    for seq in released.still_waiting {
        say(format_args!("entry {} waits on", entry_name(name.0, seq)));
    }
    Ok(())
}

async fn discard(
    pool: &Pool,
    name: Name,
    (by, reason): (Option<String>, String),
    as_json: bool,
) -> anyhow::Result<()> {
    let reason = reason.trim().to_owned();
    let says_something = !reason.is_empty() && reason.chars().count() <= MAX_REASON_CHARS;
    ensure!(says_something, "--reason: say why, in at most {MAX_REASON_CHARS} characters");
    let by = by.or_else(|| std::env::var("USER").ok()).filter(|by| !by.trim().is_empty());
    let by = by.context("--by: say who decided it")?;
    let discard = Discard { by, token: None, why: reason };
    workers::discard(pool, (name.0, name.1), discard, SystemClock.now()).await?;
    if as_json {
        say(json!({ "discarded": name.to_string() }));
    } else {
        say(format_args!("entry {name} is given up; the audit log says so"));
    }
    Ok(())
}
