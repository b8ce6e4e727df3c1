//! A branch's archived entries, handled again beside the books, and compared.

use std::collections::{BTreeMap, HashMap};

use domain::journal_chain::{follows, head_of, verify_hash};
use schemas::{BranchId, EdgeId, Entry, TenantId, requests::JournalHead};
use store::replay::{self as beside, Beside, Difference, Journal, Placed, Repaired};
use telemetry::CancellationToken;
use uuid::Uuid;

use super::{Name, Range, ReplayError};
use crate::{
    booking::book,
    books::PgBooks,
    plan::Work,
    reading::{Origin, Reading, read},
    repricing::{Catalogues, Repricing, reprice},
};

/// How many entries are handled in one transaction.
const PAGE: u32 = 500;

/// Whether missing effects are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// They are only told.
    No,
    /// Those that can be are written anew, each once.
    Yes,
}

/// What became of recomputing a branch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recomputed {
    /// How many entries were compared.
    pub compared: u64,
    /// Those of them that wait in quarantine or were given up: they made nothing.
    pub set_aside: u64,
    /// What the books lack, or have otherwise.
    pub differences: Vec<Difference>,
    /// What was written anew.
    pub repaired: Vec<Repaired>,
}

/// Handles a branch's entries again and compares those in `range` (places are those in
/// their journals). `journals` are all of the branch's, as [`beside::journals`] gave
/// them. `progress` hears how many entries are done, and of how many.
///
/// # Errors
/// [`ReplayError`]. Nothing is written then, or (the commit of a repair failed)
/// unknown: the same again finds out.
pub async fn recompute(
    tables: &mut Beside,
    journals: &[Journal],
    (range, repair): (&Range, Repair),
    stop: &CancellationToken,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Recomputed, ReplayError> {
    let Some(first) = journals.first() else { return Ok(Recomputed::default()) };
    let (tenant, branch) = (first.tenant_id, first.branch_id);
    let heads: Vec<Name> = journals.iter().map(|j| (j.edge_id, j.head.seq)).collect();
    let all = beside::lay_out(tables, (tenant, branch), &heads).await?;
    let mut again = Again {
        tenant,
        branch,
        range,
        catalogues: Catalogues::default(),
        chains: Chains::default(),
        found: Recomputed::default(),
    };
    let mut done = 0;
    loop {
        let page = beside::page(tables.conn(), done, PAGE).await?;
        let Some(last) = page.last() else { break };
        if stop.is_cancelled() {
            return Err(ReplayError::Stopped);
        }
        let place = last.place;
        again.handle(tables, &page).await?;
        done = place;
        progress(done, all);
    }
    let mut found = again.found;
    found.differences.extend(again.chains.gaps(&heads));
    found.differences.extend(beside::differences(tables, branch).await?);
    if range.to.is_none() && range.kinds.is_empty() {
        note_what_came_since(tables, tenant, branch, &heads).await?;
        found.differences.extend(beside::unfinished(tables).await?);
    }
    if repair == Repair::Yes && !found.differences.is_empty() {
        let mut names: Vec<Name> = found.differences.iter().map(|lost| lost.entry).collect();
        names.sort_unstable();
        names.dedup();
        let edges: Vec<EdgeId> = heads.iter().map(|head| head.0).collect();
        found.repaired = beside::repair(tables, &edges, &names).await?;
    }
    Ok(found)
}

struct Again<'r> {
    tenant: TenantId,
    branch: BranchId,
    range: &'r Range,
    catalogues: Catalogues,
    chains: Chains,
    found: Recomputed,
}

impl Again<'_> {
    /// Handles a page of entries in one transaction, beside the books.
    async fn handle(&mut self, tables: &mut Beside, page: &[Placed]) -> Result<(), ReplayError> {
        let mut told = Vec::with_capacity(page.len());
        for Placed { set_aside, entry, .. } in page {
            let wanted = self.range.holds(entry, entry.seq);
            self.found.compared += u64::from(wanted);
            self.found.set_aside += u64::from(wanted && *set_aside);
            if let Err(why) = verify_hash(entry) {
                self.archive(entry, format!("it was changed: {why}"));
                continue;
            }
            if let Some(why) = self.chains.take(entry) {
                self.archive(entry, why);
            }
            if *set_aside {
                continue;
            }
            let origin =
                Origin { tenant_id: self.tenant, branch_id: self.branch, edge_id: entry.edge_id };
            let reading = read(origin, entry);
            let repricing = match &reading {
                Reading::SaleFinalized(sale) => {
                    let conn = tables.conn();
                    let index = self.catalogues.get(conn, sale.branch_id, sale.catalogue).await?;
                    reprice(index.as_deref(), sale)
                }
                _ => Repricing::Agrees,
            };
            told.push((origin, entry, reading, repricing, wanted));
        }
        let works: Vec<Work<'_>> = told
            .iter()
            .map(|(origin, entry, reading, repricing, _)| Work {
                origin: *origin,
                entry,
                reading,
                repricing,
                objections: &[],
                // None is archived anew.
                waited: true,
            })
            .collect();
        let entries: Vec<&Entry> = works.iter().map(|work| work.entry).collect();
        let claims: Vec<_> = works.iter().filter_map(Work::claim).collect();
        let tickets: Vec<&str> = claims.iter().map(|claim| claim.ticket_id.as_str()).collect();
        beside::prepare(tables, (self.tenant, self.branch), &entries, &tickets).await?;
        let wanted: Vec<(&Entry, Vec<Uuid>)> = told
            .iter()
            .filter(|(.., wanted)| *wanted)
            .map(|(_, entry, reading, ..)| (*entry, reading.about()))
            .collect();
        beside::want(tables.conn(), &wanted).await?;
        let mut tx = beside::begin(tables).await?;
        let booked = book(&mut PgBooks::within(&mut tx), &works, 0).await?;
        tx.commit().await.map_err(store::Error::from)?;
        for ((edge, seq), aside) in booked.set_aside {
            if !wanted.iter().any(|(entry, _)| (entry.edge_id, entry.seq) == (edge, seq)) {
                continue;
            }
            let row = format!("it would be set aside: {}: {}", aside.reason, aside.detail);
            self.found.differences.push(Difference {
                entry: (edge, seq),
                table: "quarantine",
                row,
                columns: Vec::new(),
            });
        }
        Ok(())
    }

    fn archive(&mut self, entry: &Entry, row: String) {
        let entry = (entry.edge_id, entry.seq);
        let lost = Difference { entry, table: "edge_entry", row, columns: Vec::new() };
        self.found.differences.push(lost);
    }
}

/// The chains of the journals, whatever the order in which their entries come.
#[derive(Default)]
struct Chains {
    heads: HashMap<EdgeId, JournalHead>,
    early: BTreeMap<Name, Entry>,
}

impl Chains {
    /// Takes an entry; says what is wrong if it is not of its journal's chain.
    fn take(&mut self, entry: &Entry) -> Option<String> {
        let head = self.heads.entry(entry.edge_id).or_insert(JournalHead::EMPTY);
        if entry.seq != head.seq + 1 {
            // Released late: without its payload, which the chain does not need again.
            let kept = Entry { payload: Vec::new(), ..entry.clone() };
            self.early.insert((entry.edge_id, entry.seq), kept);
            return None;
        }
        let wrong =
            (!follows(entry, *head)).then(|| "it does not follow the entry before it".to_owned());
        *head = head_of(entry);
        while let Some(next) = self.early.remove(&(entry.edge_id, head.seq + 1)) {
            *head = head_of(&next);
        }
        wrong
    }

    /// The first entry that each journal's archive lacks.
    fn gaps(&self, heads: &[Name]) -> Vec<Difference> {
        let lacks = |(edge, last): &Name| {
            let seq = self.heads.get(edge).map_or(0, |head| head.seq) + 1;
            (seq <= *last).then(|| Difference {
                entry: (*edge, seq),
                table: "edge_entry",
                row: "the archive does not have it".to_owned(),
                columns: Vec::new(),
            })
        };
        heads.iter().filter_map(lacks).collect()
    }
}

/// Reads what the books took since the replay began, for the ids that it is about.
async fn note_what_came_since(
    tables: &mut Beside,
    tenant_id: TenantId,
    branch_id: BranchId,
    heads: &[Name],
) -> Result<(), ReplayError> {
    for (edge_id, head) in heads {
        let mut after = *head;
        loop {
            let seqs: Vec<u64> = (after + 1..=after + u64::from(PAGE)).collect();
            let entries = store::entries::read(tables.conn(), *edge_id, &seqs).await?;
            let origin = Origin { tenant_id, branch_id, edge_id: *edge_id };
            let about: Vec<Uuid> =
                entries.iter().flat_map(|entry| read(origin, entry).about()).collect();
            beside::came_since(tables.conn(), &about).await?;
            let Some(last) = entries.last() else { break };
            after = last.seq;
        }
    }
    Ok(())
}
