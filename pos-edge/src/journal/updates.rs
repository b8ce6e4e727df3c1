//! Updates for people who watch: live ones in memory, and those of before from
//! the journal, by the place that each one carries.

use std::{fmt, str::FromStr};

use schemas::{TicketId, edge_api::Update};

use super::{
    columns::{place_in, place_out},
    error::JournalError,
    state::Ledger,
};

/// How far a watcher has seen: `<journal seq>.<mapping seq>` as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Sales up to this entry.
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

/// See [`super::Journal::updates_after`].
pub(super) async fn after(
    ledger: &mut Ledger,
    place: Place,
    limit: usize,
) -> Result<Vec<PlacedUpdate>, JournalError> {
    let limit = place_in(limit as u64);
    let mut updates = Vec::new();
    let mut place = place;
    let ticket = |text: String| {
        TicketId::parse(text).map_err(|error| JournalError::Storage(error.to_string()))
    };
    let seq = place_in(place.journal_seq);
    let sales = sqlx::query!(
        "SELECT seq AS \"seq!\", ticket_id FROM ticket WHERE seq > ? ORDER BY seq LIMIT ?",
        seq,
        limit,
    )
    .fetch_all(&mut ledger.connection)
    .await?;
    for sale in sales {
        place.journal_seq = place_out(sale.seq);
        let update = Update::SaleCaptured { ticket_id: ticket(sale.ticket_id)? };
        updates.push(PlacedUpdate { place, update });
    }
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
