//! The direct door's journal after the books were restored from an older backup:
//! entries that the stream of facts still repeats are written and booked again.
//!
//! Each is the very entry that was written: it chains to the one before it, and the
//! register row of a sale names its hash. A submission that waits for one of these
//! sales is settled with it. Repeated as often as one likes: what the cursor has is
//! passed over.

use domain::journal_chain::{follows, head_of, verify_hash};
use schemas::{BranchId, Entry, TenantId, Timestamp};
use store::{
    Conn, cursors,
    cursors::CursorMove,
    doors,
    submissions::{self, Outcome},
};

use crate::{
    batch::BatchError,
    booking::book,
    books::PgBooks,
    plan::Work,
    reading::{Origin, Reading, read},
    repricing::Repricing,
};

/// Submissions that are looked through for the sales that come back.
const MAX_PENDING: u32 = 10_000;

/// Books `entries`, those that continue the journal of the branch's door edge, within
/// the caller's transaction. Returns how many did.
///
/// # Errors
/// [`BatchError`]: roll back.
pub async fn rebuild(
    conn: &mut Conn,
    (tenant_id, branch_id): (TenantId, BranchId),
    entries: &[Entry],
    now: Timestamp,
) -> Result<u64, BatchError> {
    doors::ensure(conn, tenant_id, branch_id).await?;
    let edge_id = doors::door_edge(branch_id);
    let Some(cursor) = cursors::lock(conn, &[edge_id]).await?.pop() else {
        let missing = format!("branch {branch_id} has no door edge");
        return Err(store::Error::corrupt("edge.edge_id", missing).into());
    };
    let origin = Origin { tenant_id, branch_id, edge_id };
    let waiting = submissions::pending(conn, tenant_id, branch_id, MAX_PENDING).await?;
    let mut head = cursor.head;
    let mut rebuilt = 0;
    for entry in entries {
        if !follows(entry, head) || verify_hash(entry).is_err() {
            continue;
        }
        let reading = read(origin, entry);
        let work = Work {
            origin,
            entry,
            reading: &reading,
            // What it was captured at was weighed when it was decided.
            repricing: &Repricing::Agrees,
            objections: &[],
            waited: false,
        };
        book(&mut PgBooks::within(conn), &[work], 0).await?;
        head = head_of(entry);
        rebuilt += 1;
        if let Reading::SaleFinalized(sale) = &reading
            && let Some(pending) = waiting.iter().find(|known| known.ticket_id == sale.ticket_id)
        {
            let outcome =
                Outcome::Booked { made_id: sale.sale_id.as_uuid(), entry: (edge_id, entry.seq) };
            submissions::settle(conn, tenant_id, &pending.ticket_id, &outcome, now).await?;
        }
    }
    if head != cursor.head {
        cursors::advance(conn, &[CursorMove { edge_id, head, held: None }]).await?;
    }
    Ok(rebuilt)
}
