//! The direct door's journals are in the books and were lost with them. The stream of
//! facts repeats each of their entries: what it still holds is made again, as far as
//! the chain is whole.

use std::collections::BTreeMap;

use bus::{Bus, facts};
use domain::journal_chain::{head_of, seal};
use schemas::{
    BranchId, Clock, Entry, EntryKind, Sha256Hash, TenantId,
    facts::{FactKind, id_from_entry},
    requests::JournalHead,
    subjects,
};
use store::{Pool, companies, cursors, doors, recovery::witnesses};

/// Every kind of entry that a fact repeats.
const REPEATED: [EntryKind; 8] = [
    EntryKind::CashSessionOpened,
    EntryKind::SaleFinalized,
    EntryKind::OrderStatusChanged,
    EntryKind::CashMoved,
    EntryKind::CashSessionClosed,
    EntryKind::VoidRequested,
    EntryKind::VoidApproved,
    EntryKind::VoidRejected,
];

/// Books again what the stream repeats of each door's journal. Returns how many
/// entries that are.
///
/// # Errors
/// If the broker or the books do not answer.
pub async fn rebuild(
    pool: &Pool,
    bus: &Bus,
    tenants: &[TenantId],
    clock: &dyn Clock,
) -> anyhow::Result<u64> {
    let mut rebuilt = 0;
    for tenant in tenants {
        let branches = {
            let mut conn = pool.acquire().await?;
            companies::branches(&mut conn, *tenant).await?
        };
        for branch in branches {
            let place = (*tenant, branch.branch_id);
            let entries = repeated(pool, bus, place).await?;
            if entries.is_empty() {
                continue;
            }
            let mut tx = pool.begin().await?;
            store::recovery::refill::unhurried(&mut tx).await?;
            rebuilt += workers::direct::rebuild(&mut tx, place, &entries, clock.now()).await?;
            tx.commit().await?;
        }
    }
    Ok(rebuilt)
}

/// The entries after the cursor of a branch's door edge that the stream repeats, in
/// order, up to the first that is missing.
async fn repeated(
    pool: &Pool,
    bus: &Bus,
    (tenant, branch): (TenantId, BranchId),
) -> anyhow::Result<Vec<Entry>> {
    let edge = doors::door_edge(branch);
    let (cursor, rows) = {
        let mut conn = pool.acquire().await?;
        let rows = witnesses::unknown(&mut conn, tenant).await?;
        (cursors::read(&mut conn, edge).await?, rows)
    };
    let proven: BTreeMap<u64, Sha256Hash> = rows
        .iter()
        .filter(|row| row.edge_id == edge)
        .map(|row| (row.entry_seq, row.entry_hash))
        .collect();
    let mut head = cursor.map_or(JournalHead::EMPTY, |cursor| cursor.head);
    let mut told = BTreeMap::new();
    let mut held = facts::held(bus, &subjects::branch_facts(tenant, branch)).await?;
    loop {
        let page = held.next_page().await?;
        if page.is_empty() {
            break;
        }
        for fact in page {
            if let Some((kind, seq)) = entry_of(edge, &fact)
                && seq > head.seq
            {
                told.insert(seq, (kind, fact));
            }
        }
    }
    let (mut entries, mut proven_up_to) = (Vec::new(), 0);
    while let Some((kind, fact)) = told.remove(&(head.seq + 1)) {
        let payload = fact.body.to_vec();
        let entry = seal(edge, head, kind, fact.schema_version, fact.occurred_at, payload);
        head = head_of(&entry);
        entries.push(entry);
        match proven.get(&head.seq) {
            Some(hash) if *hash == head.hash => proven_up_to = entries.len(),
            // It was another one: what came since the last that is proven may be too.
            Some(_) => {
                entries.truncate(proven_up_to);
                break;
            }
            None => {}
        }
    }
    Ok(entries)
}

/// The entry of the door edge that a fact repeats.
fn entry_of(edge: schemas::EdgeId, fact: &facts::FactMessage) -> Option<(EntryKind, u64)> {
    let mut parts = fact.fact_id.splitn(3, ':');
    if parts.next()? != edge.to_string() {
        return None;
    }
    let seq: u64 = parts.next()?.parse().ok()?;
    let kind = REPEATED.into_iter().find(|kind| {
        FactKind::repeating(*kind)
            .is_some_and(|repeats| fact.fact_id == id_from_entry(edge, seq, repeats))
    })?;
    Some((kind, seq))
}
