//! An edge says how it is, and learns how far the books are: with this answer
//! alone it can go on after any outage.

use schemas::{
    requests::{HeartbeatReplyV1, HeartbeatV1},
    subjects::CentralSubject,
};
use store::{Conn, backups, catalogues, commands, cursors, heartbeats, invoices, recovery};

use super::{must_be_active, orders, register};
use crate::{Refusal, center::Center};

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
    note_what_is_gone(&mut books, subject, heartbeat, cursor.head.seq, mapping_head).await?;
    let register_after = register::wanted_after(&mut books, subject, mapping_head).await?;
    // Books that need recovery let nobody forget anything.
    let prune_watermark = match register_after {
        Some(_) => 0,
        None => backups::watermark(&mut books, edge_id).await?,
    };
    let commands = commands::waiting_for(&mut books, branch_id).await?;
    let orders = orders::waiting_for(&mut books, branch_id).await?;
    center.commit(books).await?;
    Ok(HeartbeatReplyV1 {
        server_time: center.now(),
        cursor: cursor.head,
        held: cursor.held,
        shard_backlog: center.backlogs.of(tenant_id, branch_id).await,
        mapping_head,
        prune_watermark,
        catalogue,
        commands,
        orders,
        register_after,
    })
}

/// An edge knows of entries in the books, or of numbers, only by their commits: if the
/// books do not have them now, they are older than they were. Kept before the edge
/// hears of its cursor and sends again.
async fn note_what_is_gone(
    books: &mut Conn,
    subject: CentralSubject,
    heartbeat: &HeartbeatV1,
    cursor: u64,
    mapping_head: u64,
) -> Result<(), Refusal> {
    let edge = subject.edge_id;
    let reason = if heartbeat.confirmed_seq > cursor {
        let confirmed = heartbeat.confirmed_seq;
        format!("the edge {edge} knows its entry {confirmed} in the books, which end at {cursor}")
    } else if heartbeat.mapping_seq > mapping_head {
        let held = heartbeat.mapping_seq;
        format!("the edge {edge} holds {held} numbers of its store, the books {mapping_head}")
    } else {
        return Ok(());
    };
    if recovery::need(books, Some(subject.tenant_id), "ingest", &reason).await? {
        metrics::counter!("ingest_recoveries_needed_total").increment(1);
        tracing::error!(edge.id = %edge, reason, "the books are older than they were");
    }
    Ok(())
}
