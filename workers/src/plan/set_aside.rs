//! Setting entries aside: those that cannot be told, those that the database
//! refused, and those that come behind one of them.

use std::collections::{BTreeSet, HashMap};

use schemas::{
    EdgeId,
    facts::{EventQuarantinedV1, FactKind, id_from_entry},
};
use store::quarantine::{Quarantined, Reason};
use uuid::Uuid;

use super::{Changes, Deed, Work};
use crate::reading::{Reading, plain};

/// Why an entry is set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// As a code.
    pub reason: Reason,
    /// In words.
    pub detail: String,
}

/// Decides for each of `works`, in order, whether it is set aside. `waiting`
/// are the quarantined entries of their edges that are about anything that
/// `works` are about. An entry that waited and is among `works` blocks nobody
/// from its own place on, unless it is set aside again.
pub fn sort_out<'a>(
    works: &[Work<'a>],
    waiting: &[Quarantined],
) -> Vec<(Work<'a>, Option<SetAside>)> {
    let mut line = Line::default();
    for row in waiting {
        line.join((row.edge_id, row.seq), &row.about);
    }
    let decide = |work: &Work<'a>| {
        let name = work.name();
        line.leave(name);
        let aside = match work.reading {
            Reading::Unreadable { reason, detail, .. } => {
                Some(SetAside { reason: *reason, detail: detail.clone() })
            }
            told => line.before(name, &told.waits_for()).map(|seq| SetAside {
                reason: Reason::Behind,
                detail: format!("entry {seq} of this journal is about the same and waits"),
            }),
        };
        if aside.is_some() {
            line.join(name, &work.reading.about());
        }
        (*work, aside)
    };
    works.iter().map(decide).collect()
}

/// Who waits, by what they are about.
#[derive(Default)]
struct Line {
    about: HashMap<(EdgeId, Uuid), BTreeSet<u64>>,
    waiting: HashMap<(EdgeId, u64), Vec<Uuid>>,
}

impl Line {
    fn join(&mut self, (edge, seq): (EdgeId, u64), about: &[Uuid]) {
        for id in about {
            self.about.entry((edge, *id)).or_default().insert(seq);
        }
        self.waiting.insert((edge, seq), about.to_vec());
    }

    fn leave(&mut self, (edge, seq): (EdgeId, u64)) {
        for id in self.waiting.remove(&(edge, seq)).unwrap_or_default() {
            if let Some(seqs) = self.about.get_mut(&(edge, id)) {
                seqs.remove(&seq);
            }
        }
    }

    /// The first entry of the same journal before this one that waits and is
    /// about one of `ids`.
    fn before(&self, (edge, seq): (EdgeId, u64), ids: &[Uuid]) -> Option<u64> {
        let first = |id: &Uuid| {
            let before = self.about.get(&(edge, *id))?.first()?;
            (*before < seq).then_some(*before)
        };
        ids.iter().filter_map(first).min()
    }
}

pub(super) fn plan(work: &Work<'_>, aside: &SetAside, changes: &mut Changes<'_>) {
    let detail = plain(&aside.detail);
    changes.quarantined.push(Quarantined {
        edge_id: work.entry.edge_id,
        seq: work.entry.seq,
        tenant_id: work.origin.tenant_id,
        branch_id: work.origin.branch_id,
        kind: work.entry.kind.clone(),
        reason: aside.reason,
        detail: detail.clone(),
        about: work.reading.about(),
    });
    if work.waited {
        // It was told when it was set aside for the first time.
        return;
    }
    let told = EventQuarantinedV1 {
        edge_id: work.entry.edge_id,
        entry_seq: work.entry.seq,
        kind: work.entry.kind.clone(),
        branch_id: work.origin.branch_id,
        reason: aside.reason.as_str().to_owned(),
        detail,
        at: work.entry.recorded_at,
    };
    let meta = serde_json::json!({ "reason": told.reason, "detail": told.detail });
    let id = id_from_entry(work.entry.edge_id, work.entry.seq, FactKind::EventQuarantined);
    changes.tell_more(work, FactKind::EventQuarantined, id, &told);
    changes.audit(work, Deed { meta: Some(meta), ..Deed::of("EVENT_QUARANTINED") });
}
