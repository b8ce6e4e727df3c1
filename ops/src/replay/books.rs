//! Replaying the archive: what its entries should have made, and what of it the books
//! lack.

use std::collections::BTreeMap;

use anyhow::Context;
use schemas::{BranchId, entry::entry_name};
use serde_json::{Value, json};
use store::{
    Pool,
    replay::{self as beside, Difference, Journal},
};
use telemetry::CancellationToken;
use workers::replay::{Range, Recomputed, Repair, recompute};

use super::{Saved, StateFile, progress::Progress};

/// What a replay of the archive found, as JSON for each branch.
#[derive(Debug, Default)]
pub struct Found {
    /// By branch.
    pub branches: BTreeMap<BranchId, Value>,
    /// How many entries were compared.
    pub compared: u64,
    /// Effects that the books lack, or have otherwise.
    pub differences: u64,
    /// Rows that were written anew.
    pub repaired: u64,
}

/// Compares, branch by branch.
///
/// # Errors
/// If the books cannot be asked, or the handlers cannot handle what is archived. What
/// is done is kept in `file`.
pub async fn compare(
    pool: &Pool,
    only: Option<BranchId>,
    (range, repair): (&Range, Repair),
    (file, saved): (&StateFile, &mut Saved),
    (stop, progress): (&CancellationToken, &mut Progress),
) -> anyhow::Result<Found> {
    let mut conn = pool.acquire().await.context("the books do not answer")?;
    let journals = beside::journals(&mut conn, only).await?;
    drop(conn);
    let mut tables = beside::open(pool).await.context("the books take no temporary tables")?;
    let branches: Vec<&[Journal]> =
        journals.chunk_by(|one, other| one.branch_id == other.branch_id).collect();
    let count = branches.len();
    for (number, journals) in branches.into_iter().enumerate() {
        let Some(branch) = journals.first().map(|journal| journal.branch_id) else { continue };
        if saved.branches.contains_key(&branch) {
            continue;
        }
        let what = format!("entries of store {} of {count}", number + 1);
        let mut show = |done, all| progress.at(done, all, &what);
        let found = recompute(&mut tables, journals, (range, repair), stop, &mut show).await;
        let found = found.with_context(|| format!("branch {branch}"))?;
        saved.branches.insert(branch, described(&found));
        file.keep(saved)?;
    }
    tables.close().await?;
    Ok(summed(&saved.branches))
}

fn summed(branches: &BTreeMap<BranchId, Value>) -> Found {
    let mut found = Found { branches: branches.clone(), ..Found::default() };
    for told in branches.values() {
        let count = |what: &str| told[what].as_array().map_or(0, Vec::len) as u64;
        found.compared += told["compared"].as_u64().unwrap_or_default();
        found.differences += count("differences");
        let repaired = told["repaired"].as_object();
        found.repaired +=
            repaired.map_or(0, |tables| tables.values().filter_map(Value::as_u64).sum::<u64>());
    }
    found
}

fn described(found: &Recomputed) -> Value {
    let repaired: BTreeMap<&str, u64> =
        found.repaired.iter().map(|table| (table.table, table.rows)).collect();
    json!({
        "compared": found.compared,
        "set_aside": found.set_aside,
        "differences": found.differences.iter().map(difference).collect::<Vec<_>>(),
        "repaired": repaired,
    })
}

fn difference(lost: &Difference) -> Value {
    let Difference { entry: (edge, seq), table, row, columns } = lost;
    let entry = entry_name(*edge, *seq);
    json!({ "entry": entry, "table": table, "row": row, "columns": columns,
            "advice": advice(lost) })
}

/// What to do about it.
fn advice(lost: &Difference) -> &'static str {
    match (lost.table, lost.columns.is_empty()) {
        ("edge_entry", _) => "the archive is damaged: restore it from a backup",
        ("quarantine", _) => "the handlers refuse it now: see what changed",
        ("stock_journal", _) => "count the item: the count corrects its level",
        ("account_charge", _) => "the account's balance lacks it: restore from a backup",
        ("audit_log", _) => "the archive tells the same: nothing else reads this row",
        ("outbox", _) => "consumers miss this fact: `replay --to-subject` gives them its entry",
        (_, true) => "--repair writes it anew",
        (_, false) => "it was changed by hand: restore the row from a backup",
    }
}

/// As lines for a person.
pub fn lines(found: &Found) -> Vec<String> {
    let mut lines = Vec::new();
    for (branch, told) in &found.branches {
        for lost in told["differences"].as_array().into_iter().flatten() {
            let text = |what: &str| lost[what].as_str().unwrap_or_default().to_owned();
            let columns: Vec<&str> = lost["columns"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let how = if columns.is_empty() {
                "missing".to_owned()
            } else {
                format!("otherwise: {}", columns.join(", "))
            };
            lines.push(format!(
                "{} of branch {branch}: {} {} is {how}; {}",
                text("entry"),
                text("table"),
                text("row"),
                text("advice"),
            ));
        }
        for (table, rows) in told["repaired"].as_object().into_iter().flatten() {
            lines.push(format!("branch {branch}: {rows} rows of {table} written anew"));
        }
    }
    lines
}
