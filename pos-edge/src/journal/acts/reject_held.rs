//! A held sale that a manager rejects: it is kept, and is no sale.

use schemas::{TicketId, edge_api::Update, events::AuditAction};

use super::By;
use crate::journal::{
    desk::{Desk, Written},
    error::Refusal,
    held, tickets,
};

/// Rejects a held sale, for a reason.
pub(super) async fn reject_held(
    desk: &mut Desk<'_>,
    by: By,
    ticket: &TicketId,
    reason: &str,
) -> Result<Written, Refusal> {
    held::check_waits(desk.connection, ticket).await?;
    // An import of another box's disk may have brought it since.
    if tickets::sale(desk.connection, ticket.clone()).await?.is_some() {
        return Err(Refusal::HeldDecided(ticket.clone()));
    }
    held::settle(desk, ticket, by.staff_id, Some(reason)).await?;
    let detail = format!("{ticket} {reason}");
    let written = held::audit(desk, AuditAction::HeldSaleRejected, by, detail).await?;
    desk.tell(written.seq, Update::HeldSaleChanged { ticket_id: ticket.clone() });
    Ok(written)
}
