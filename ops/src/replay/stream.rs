//! Replaying the stream of entries: what of it the books lack, booked as a worker would.

use bus::{Bus, entries::reader};
use schemas::{BranchId, entry::entry_name};
use serde_json::{Value, json};
use store::Pool;
use telemetry::CancellationToken;
use workers::replay::{Edge, Range, ReplayError, Streamed, from_stream};

use super::{Saved, StateFile, progress::Progress};

/// Reads the stream to where it ended when this began.
///
/// # Errors
/// If the broker or the books do not answer. How far it was is kept in `file`.
pub async fn read(
    (pool, bus): (&Pool, &Bus),
    shards: u16,
    branch: Option<BranchId>,
    (range, apply): (&Range, bool),
    (file, saved): (&StateFile, &mut Saved),
    (stop, progress): (&CancellationToken, &mut Progress),
) -> anyhow::Result<Streamed> {
    let filter = branch.map_or_else(reader::everything, reader::of_branch);
    let first = match range.from {
        Some(Edge::Place(first)) => first.saturating_sub(1),
        Some(Edge::Time(_)) | None => 0,
    };
    let mut entries = reader::EntryReader::open(bus, filter, first.max(saved.place)).await?;
    let all = entries.left();
    let mut so_far = Streamed { place: saved.place, ..Streamed::default() };
    while from_stream((pool, bus), shards, &mut entries, (range, apply), &mut so_far)
        .await?
        .is_some()
    {
        saved.place = so_far.place;
        if apply {
            file.keep(saved)?;
        }
        progress.at(all.saturating_sub(entries.left()), all, "messages of the stream");
        if stop.is_cancelled() {
            return Err(ReplayError::Stopped.into());
        }
    }
    Ok(so_far)
}

/// As JSON.
pub fn described(found: &Streamed, applied: bool) -> Value {
    let missing: Vec<Value> = found
        .missing
        .iter()
        .map(|(edge, it)| json!({ "edge_id": edge, "first_seq": it.first, "last_seq": it.last }))
        .collect();
    let names = |names: &[_]| -> Vec<String> {
        names.iter().map(|(edge, seq)| entry_name(*edge, *seq)).collect()
    };
    json!({
        "read": found.read,
        "known": found.known,
        "on_their_way": found.on_their_way,
        "missing": missing,
        "applied": applied,
        "after_a_gap": names(&found.after_a_gap),
        "forks": names(&found.forks),
        "unbelievable": found.unbelievable,
    })
}

/// As lines for a person.
pub fn lines(found: &Streamed, applied: bool) -> Vec<String> {
    let did = if applied { "booked" } else { "would be booked" };
    let mut lines = Vec::new();
    for (edge, it) in &found.missing {
        lines.push(format!(
            "entries {} to {} of edge {edge} were not in the books: {did}",
            it.first, it.last
        ));
    }
    for (edge, seq) in &found.after_a_gap {
        let name = entry_name(*edge, *seq);
        lines.push(format!(
            "{name} is not in the books, and something before it is missing from the stream: \
             its edge sends it again"
        ));
    }
    for (edge, seq) in &found.forks {
        let name = entry_name(*edge, *seq);
        lines.push(format!("{name} belongs to another history than the books'"));
    }
    if found.on_their_way > 0 {
        lines.push(format!("{} entries await their worker", found.on_their_way));
    }
    if found.unbelievable > 0 {
        let many = found.unbelievable;
        lines.push(format!("{many} messages cannot be believed, or are of nobody enrolled"));
    }
    lines
}
