//! Updates for people who watch: live ones in memory, and those of before from
//! the journal, by the place that each one carries.

use std::{fmt, str::FromStr};

use schemas::{
    CashSessionId, EntryKind, OrderId, SaleId, TicketId, VoidRequestId,
    edge_api::Update,
    events::{ClosedVoid, OrderStatus},
    ids::InvalidId,
};
use serde::Deserialize;

use super::{
    columns::{place_in, place_out},
    error::JournalError,
    state::Ledger,
};

/// How far a watcher has seen: `<journal seq>.<mapping seq>` as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// What entries up to this one tell.
    pub journal_seq: u64,
    /// Numbers up to this one.
    pub mapping_seq: u64,
}

impl Place {
    /// Both places, each the further one.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            journal_seq: self.journal_seq.max(other.journal_seq),
            mapping_seq: self.mapping_seq.max(other.mapping_seq),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.journal_seq, self.mapping_seq)
    }
}

impl FromStr for Place {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (journal, mapping) = text.split_once('.').ok_or(())?;
        let number = |text: &str| text.parse().map_err(|_| ());
        Ok(Self { journal_seq: number(journal)?, mapping_seq: number(mapping)? })
    }
}

/// An update and the place after it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedUpdate {
    /// A watcher that saw this update has seen up to here.
    pub place: Place,
    /// What happened.
    pub update: Update,
}

/// The updates that entries tell, oldest first.
async fn of_entries(
    ledger: &mut Ledger,
    mut place: Place,
    limit: usize,
) -> Result<Vec<PlacedUpdate>, JournalError> {
    let (seq, limit) = (place_in(place.journal_seq), place_in(limit as u64));
    // The ticket says all that is told of a sale.
    let rows = sqlx::query!(
        "SELECT entry.seq AS \"seq!\", entry.kind, ticket.ticket_id AS \"ticket_id?\",
                CASE WHEN ticket.seq IS NULL THEN entry.payload END AS \"payload: Vec<u8>\"
         FROM entry LEFT JOIN ticket USING (seq)
         WHERE entry.seq > ?
           AND (entry.kind IN ('sale.finalized', 'cash.session_opened', 'cash.moved',
                               'cash.session_closed', 'order.status_changed', 'order.accepted',
                               'void.requested', 'void.approved', 'void.rejected')
                OR entry.kind = 'audit.recorded'
                   AND CAST(entry.payload AS TEXT) ->> 'action'
                       IN ('SALE_HELD', 'HELD_SALE_ACCEPTED', 'HELD_SALE_REJECTED'))
         ORDER BY entry.seq LIMIT ?",
        seq,
        limit,
    )
    .fetch_all(&mut ledger.connection)
    .await?;
    let mut updates = Vec::with_capacity(rows.len());
    for row in rows {
        place.journal_seq = place_out(row.seq);
        let broken = |why: String| JournalError::Broken { seq: place_out(row.seq), why };
        let update = match row.ticket_id {
            Some(ticket) => Update::SaleCaptured {
                ticket_id: TicketId::parse(ticket).map_err(|error| broken(error.to_string()))?,
            },
            None => told_by(&row.kind, &row.payload.unwrap_or_default()).map_err(broken)?,
        };
        updates.push(PlacedUpdate { place, update });
    }
    Ok(updates)
}

/// What an entry other than a sale's tells.
fn told_by(kind: &str, payload: &[u8]) -> Result<Update, String> {
    #[derive(Deserialize)]
    struct Opened {
        cash_session_id: CashSessionId,
    }
    #[derive(Deserialize)]
    struct Closed {
        cash_session_id: CashSessionId,
        rejected_voids: Vec<ClosedVoid>,
    }
    #[derive(Deserialize)]
    struct Moved {
        order_id: OrderId,
        sale_id: SaleId,
        to: OrderStatus,
    }
    #[derive(Deserialize)]
    struct Accepted {
        order_id: OrderId,
        sale_id: SaleId,
    }
    #[derive(Deserialize)]
    struct Audit {
        detail: String,
    }
    #[derive(Deserialize)]
    struct Void {
        void_request_id: VoidRequestId,
        ticket_id: TicketId,
    }
    fn read<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, String> {
        serde_json::from_slice(payload).map_err(|error| error.to_string())
    }
    let kind: EntryKind = kind.parse().map_err(|error: InvalidId| error.to_string())?;
    Ok(match kind {
        EntryKind::CashSessionOpened => {
            let Opened { cash_session_id } = read(payload)?;
            Update::SessionOpened { cash_session_id }
        }
        EntryKind::CashMoved => {
            let Opened { cash_session_id } = read(payload)?;
            Update::CashMoved { cash_session_id }
        }
        EntryKind::CashSessionClosed => {
            let Closed { cash_session_id, rejected_voids } = read(payload)?;
            let rejected_voids =
                rejected_voids.into_iter().map(|closed| closed.void_request_id).collect();
            Update::SessionClosed { cash_session_id, rejected_voids }
        }
        EntryKind::OrderStatusChanged => {
            let Moved { order_id, sale_id, to } = read(payload)?;
            Update::OrderChanged { order_id, sale_id, status: to }
        }
        EntryKind::OrderAccepted => {
            let Accepted { order_id, sale_id } = read(payload)?;
            Update::OrderAccepted { order_id, sale_id }
        }
        EntryKind::VoidRequested => {
            let Void { void_request_id, ticket_id } = read(payload)?;
            Update::VoidRequested { void_request_id, ticket_id }
        }
        EntryKind::VoidApproved => {
            let Void { void_request_id, ticket_id } = read(payload)?;
            Update::VoidApproved { void_request_id, ticket_id }
        }
        EntryKind::VoidRejected => {
            let Void { void_request_id, ticket_id } = read(payload)?;
            Update::VoidRejected { void_request_id, ticket_id }
        }
        EntryKind::AuditRecorded => {
            let Audit { detail } = read(payload)?;
            // The ticket, and after it what there is to say; see `journal::held`.
            let ticket = detail.split(' ').next().unwrap_or_default();
            Update::HeldSaleChanged {
                ticket_id: TicketId::parse(ticket).map_err(|error| error.to_string())?,
            }
        }
        other => return Err(format!("a {other} entry tells nothing to watchers")),
    })
}

/// See [`super::Journal::updates_after`].
pub(super) async fn after(
    ledger: &mut Ledger,
    place: Place,
    limit: usize,
) -> Result<Vec<PlacedUpdate>, JournalError> {
    let mut updates = of_entries(ledger, place, limit).await?;
    let mut place = updates.last().map_or(place, |update| update.place);
    let limit = place_in(limit as u64);
    let ticket = |text: String| {
        TicketId::parse(text).map_err(|error| JournalError::Storage(error.to_string()))
    };
    let edge = ledger.shared.identity.edge_id.to_string();
    let seq = place_in(place.mapping_seq);
    let numbers = sqlx::query!(
        "SELECT mapping_seq AS \"mapping_seq!\", row ->> 'ticket_id' AS \"ticket_id!: String\",
                row ->> 'no' AS \"no!: i64\"
         FROM invoice WHERE mapping_seq > ? AND row ->> 'edge_id' = ?
         ORDER BY mapping_seq LIMIT ?",
        seq,
        edge,
        limit,
    )
    .fetch_all(&mut ledger.connection)
    .await?;
    for number in numbers {
        place.mapping_seq = place_out(number.mapping_seq);
        let update = Update::InvoiceAssigned {
            ticket_id: ticket(number.ticket_id)?,
            invoice_no: place_out(number.no),
        };
        updates.push(PlacedUpdate { place, update });
    }
    Ok(updates)
}
