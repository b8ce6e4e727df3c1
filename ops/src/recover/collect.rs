//! What the broker still knows: register rows in the stream of facts, the marks of
//! series, where each branch's facts end, and entries of edges that are gone.

use std::collections::{HashMap, HashSet};

use bus::{Bus, BusError, entries, facts};
use domain::journal_chain::{follows, head_of, verify_hash};
use schemas::{
    BranchId, SeriesId, TenantId,
    facts::{FactKind, InvoiceAssignedV1},
    subjects,
};
use store::{
    Pool, companies,
    recovery::{refill, standing::EdgeStanding, witnesses},
};

/// Keeps the register rows that the stream holds and the books do not. Returns how
/// many there are.
///
/// # Errors
/// If the broker or the books do not answer.
pub async fn rows_of_the_stream(
    pool: &Pool,
    bus: &Bus,
    tenants: &[TenantId],
) -> anyhow::Result<u64> {
    let mut kept = 0;
    for tenant in tenants {
        let mut conn = pool.acquire().await?;
        let own: HashMap<SeriesId, u64> = refill::series_of(&mut conn, *tenant)
            .await?
            .into_iter()
            .map(|series| (series.series_id, series.last_no))
            .collect();
        for branch in companies::branches(&mut conn, *tenant).await? {
            let subject = subjects::fact(*tenant, branch.branch_id, FactKind::InvoiceAssigned);
            let mut held = facts::held(bus, &subject).await?;
            loop {
                let page = held.next_page().await?;
                if page.is_empty() {
                    break;
                }
                let rows: Vec<InvoiceAssignedV1> = page
                    .iter()
                    .filter_map(|fact| serde_json::from_slice(&fact.body).ok())
                    .filter(|row: &InvoiceAssignedV1| {
                        row.tenant_id == *tenant
                            && row.branch_id == branch.branch_id
                            && row.no > own.get(&row.series_id).copied().unwrap_or(0)
                            && domain::invoice_chain::invoice_hash(row) == row.hash
                    })
                    .collect();
                kept += rows.len() as u64;
                witnesses::keep(&mut conn, witnesses::STREAM, &rows).await?;
            }
        }
    }
    Ok(kept)
}

/// The mark of each series that the books or a witness know of.
///
/// # Errors
/// If the broker or the books do not answer.
pub async fn marks(
    pool: &Pool,
    bus: &Bus,
    tenants: &[TenantId],
) -> anyhow::Result<HashMap<SeriesId, u64>> {
    let mut marks = HashMap::new();
    for tenant in tenants {
        let mut conn = pool.acquire().await?;
        let own = refill::series_of(&mut conn, *tenant).await?;
        let told = witnesses::unknown(&mut conn, *tenant).await?;
        let ids: HashSet<SeriesId> = own
            .iter()
            .map(|series| series.series_id)
            .chain(told.iter().map(|row| row.series_id))
            .collect();
        for id in ids {
            match bus::register::read(bus, id).await {
                Ok(Some(mark)) => {
                    marks.insert(id, mark);
                }
                Ok(None) | Err(BusError::Missing(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    Ok(marks)
}

/// Where each branch's facts end in the stream.
///
/// # Errors
/// If the broker or the books do not answer.
pub async fn tails(
    pool: &Pool,
    bus: &Bus,
    tenants: &[TenantId],
) -> anyhow::Result<HashMap<BranchId, u64>> {
    let mut tails = HashMap::new();
    for tenant in tenants {
        let mut conn = pool.acquire().await?;
        for branch in companies::branches(&mut conn, *tenant).await? {
            let tail = match facts::tail(bus, *tenant, branch.branch_id).await {
                Ok(tail) => tail,
                Err(BusError::Missing(_)) => 0,
                Err(error) => return Err(error.into()),
            };
            tails.insert(branch.branch_id, tail);
        }
    }
    Ok(tails)
}

/// Sends what the stream holds of an edge's journal after the books' cursor once more,
/// because nobody else will. Returns up to which entry; the cursor if there is nothing.
///
/// # Errors
/// If the broker does not answer.
pub async fn send_again(bus: &Bus, edge: &EdgeStanding, attempt: u32) -> anyhow::Result<u64> {
    let EdgeStanding { tenant_id, branch_id, edge_id, .. } = *edge;
    let mut held = entries::held(bus, tenant_id, branch_id, edge_id).await?;
    held.retain(|(_, entry)| entry.edge_id == edge_id && verify_hash(entry).is_ok());
    held.sort_by_key(|(_, entry)| entry.seq);
    let mut head = edge.cursor;
    for (subject, entry) in &held {
        if follows(entry, head) {
            entries::publish(bus, subject, entry, attempt).await?.wait().await?;
            head = head_of(entry);
        }
    }
    Ok(head.seq)
}
