//! `tillstream edge-replace`: another box in the place of a store's.
//!
//! The new edge's id is on the new box's disk before the books hear of it, and the books
//! take it once: killed at any moment, the same command again goes on.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail, ensure};
use pos_edge::journal::{EdgeIdentity, OpenError};
use schemas::{BranchId, Clock as _, EdgeId, SystemClock, subjects::DEFAULT_SHARDS};
use serde::Serialize;
use store::{Conn, companies};
use uuid::Uuid;

use super::output::line as say;
use crate::stack::{EdgePlan, Stack, default_data_dir};

/// Says which edge a folder is of.
const PLAN: &str = "edge.json";
/// The settings that the new box starts with.
const SETTINGS: &str = "edge.toml";
/// The longest reason, in characters.
const MAX_REASON_CHARS: usize = 500;

/// Put another box in the place of a store's edge. The old one may not sell from then
/// on; the new one takes over what the books have of it, once it is started with a line.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The data directory of the running stack [default: as `up`].
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// The store.
    #[arg(long)]
    branch: BranchId,
    /// Where the new box keeps its journal; made here.
    #[arg(long, value_name = "DIR")]
    dir: PathBuf,
    /// Why, for the audit log.
    #[arg(long)]
    reason: String,
    /// Who decided it [default: the name of the user who runs this].
    #[arg(long)]
    by: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// What was done.
#[derive(Debug, Serialize)]
struct Replaced {
    edge: EdgeId,
    epoch: u32,
    /// Nothing if it was replaced by an earlier try.
    replaced: Option<EdgeId>,
    dir: PathBuf,
    settings: PathBuf,
}

/// Does it.
///
/// # Errors
/// If no stack runs there, the store has no edge, the new edge was replaced itself, or
/// books or disk refuse.
pub async fn run(args: Args) -> anyhow::Result<()> {
    let data_dir = args.data_dir.clone().map_or_else(default_data_dir, Ok)?;
    let attached = Stack::attach(data_dir)?;
    let by = args.by.clone().or_else(|| std::env::var("USER").ok());
    let by = by.filter(|by| !by.is_empty()).context("say who decided it: --by NAME")?;
    let reason = args.reason.trim();
    ensure!(
        !reason.is_empty() && reason.chars().count() <= MAX_REASON_CHARS,
        "a reason has 1 to {MAX_REASON_CHARS} characters"
    );
    let pool = attached.pool().await?;
    let mut conn = pool.acquire().await.context("the books do not answer")?;
    let plan = plan(&mut conn, &args).await?;
    drop(conn);
    let store = (plan.tenant_id, plan.branch_id);
    let mut tx = pool.begin().await.context("the books do not answer")?;
    let (edge, replaced) =
        companies::replace_edge(&mut tx, store, plan.edge_id, (&by, reason), SystemClock.now())
            .await?;
    tx.commit().await.context("the books do not answer: run the same command again")?;
    telemetry::failpoint("ops.edge_replaced");
    ensure!(
        edge.state == companies::EdgeState::Active,
        "edge {} was replaced itself by now; remove {} or choose another --dir",
        plan.edge_id,
        args.dir.display()
    );
    let identity = EdgeIdentity {
        tenant_id: plan.tenant_id,
        branch_id: plan.branch_id,
        edge_id: plan.edge_id,
        shards: DEFAULT_SHARDS,
    };
    match pos_edge::enrol_replacement(&args.dir, identity, &SystemClock).await {
        Ok(()) => {}
        // An earlier try made it.
        Err(error) if matches!(error.downcast_ref(), Some(OpenError::Exists { .. })) => {}
        Err(error) => return Err(error),
    }
    let settings = write_settings(&args.dir, identity, &attached.record.nats_url)?;
    let done = Replaced {
        edge: plan.edge_id,
        epoch: edge.epoch,
        replaced,
        dir: args.dir.clone(),
        settings,
    };
    tell(&done, args.json)
}

/// The new edge, as it was planned by an earlier try, or planned now.
async fn plan(conn: &mut Conn, args: &Args) -> anyhow::Result<EdgePlan> {
    let file = args.dir.join(PLAN);
    if let Ok(text) = fs::read(&file) {
        let plan: EdgePlan = serde_json::from_slice(&text)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        ensure!(
            plan.branch_id == args.branch,
            "{} is for an edge of branch {}",
            file.display(),
            plan.branch_id
        );
        return Ok(plan);
    }
    let branch = companies::branch(conn, args.branch).await?;
    let branch = branch.with_context(|| format!("branch {} is not in the books", args.branch))?;
    let edges = companies::edges(conn).await?;
    let active = |edge: &companies::Edge| {
        edge.branch_id == args.branch && edge.state == companies::EdgeState::Active
    };
    if !edges.iter().any(active) {
        bail!("{} has no edge that could be replaced", branch.name);
    }
    if args.dir.join("journal.db").exists() {
        bail!("there is a journal in {} already; it is never written over", args.dir.display());
    }
    let plan = EdgePlan {
        name: branch.name,
        tenant_id: branch.tenant_id,
        branch_id: branch.branch_id,
        edge_id: EdgeId::from_uuid(Uuid::now_v7()),
    };
    let text = serde_json::to_vec_pretty(&plan).context("cannot write the edge's plan")?;
    fs::create_dir_all(&args.dir).with_context(|| format!("cannot make {}", args.dir.display()))?;
    keep(&file, &text)?;
    Ok(plan)
}

/// Writes a file so that a power cut leaves the whole of it or nothing.
fn keep(file: &Path, text: &[u8]) -> anyhow::Result<()> {
    let cannot = || format!("cannot write {}", file.display());
    let beside = file.with_extension("new");
    let mut made = fs::File::create(&beside).with_context(cannot)?;
    made.write_all(text).and_then(|()| made.sync_all()).with_context(cannot)?;
    fs::rename(&beside, file).with_context(cannot)?;
    let folder = file.parent().unwrap_or(Path::new("."));
    fs::File::open(folder).and_then(|folder| folder.sync_all()).with_context(cannot)
}

fn write_settings(dir: &Path, identity: EdgeIdentity, nats_url: &str) -> anyhow::Result<PathBuf> {
    let file = dir.join(SETTINGS);
    let dir = fs::canonicalize(dir).with_context(|| format!("cannot find {}", dir.display()))?;
    let text = format!(
        "data_dir = {:?}\n\n[identity]\ntenant_id = \"{}\"\nbranch_id = \"{}\"\nedge_id = \"{}\"\n\
         shards = {}\n\n[nats]\nurl = {nats_url:?}\n",
        dir, identity.tenant_id, identity.branch_id, identity.edge_id, identity.shards
    );
    if !file.exists() {
        keep(&file, text.as_bytes())?;
    }
    Ok(file)
}

fn tell(done: &Replaced, as_json: bool) -> anyhow::Result<()> {
    if as_json {
        say(serde_json::to_string(done).context("it cannot be written")?);
        return Ok(());
    }
    match done.replaced {
        Some(old) => say(format_args!("edge {old} is replaced and may not sell any more")),
        None => say("the books had this replacement already"),
    }
    say(format_args!(
        "edge {} is epoch {}, its journal is in {}",
        done.edge,
        done.epoch,
        done.dir.display()
    ));
    say(format_args!("start it:  tillstream edge --config {}", done.settings.display()));
    say("then pair the store's tills with it");
    Ok(())
}
