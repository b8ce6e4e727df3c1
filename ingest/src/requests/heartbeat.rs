//! An edge says how it is, and learns how far the books are: with this answer
//! alone it can go on after any outage.

use schemas::{
    requests::{HeartbeatReplyV1, HeartbeatV1},
    subjects::CentralSubject,
};
use store::{catalogues, commands, cursors, heartbeats, invoices};

use super::{must_be_active, orders};
use crate::{Refusal, center::Center};

/// Backups of the books are not tracked yet, so nothing may be pruned.
const NOTHING_BACKED_UP: u64 = 0;

pub(super) async fn answer(
    center: &Center,
    subject: CentralSubject,
    heartbeat: &HeartbeatV1,
) -> Result<HeartbeatReplyV1, Refusal> {
    let CentralSubject { tenant_id, branch_id, edge_id, .. } = subject;
    let mut books = center.begin().await?;
    must_be_active(&mut books, subject).await?;
    heartbeats::record(&mut books, edge_id, heartbeat, center.now()).await?;
    let cursor = cursors::read(&mut books, edge_id).await?.ok_or(Refusal::NotEnrolled(edge_id))?;
    let mapping_head = invoices::mapping_head(&mut books, branch_id).await?;
    let catalogue = catalogues::newest_reference(&mut books, branch_id).await?;
    let commands = commands::waiting_for(&mut books, branch_id).await?;
    let orders = orders::waiting_for(&mut books, branch_id).await?;
    center.commit(books).await?;
    Ok(HeartbeatReplyV1 {
        server_time: center.now(),
        cursor: cursor.head,
        held: cursor.held,
        shard_backlog: center.backlogs.of(tenant_id, branch_id).await,
        mapping_head,
        prune_watermark: NOTHING_BACKED_UP,
        catalogue,
        commands,
        orders,
    })
}
