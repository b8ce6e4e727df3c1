//! What a receipt is made of, and how often it was printed.

use schemas::{TicketId, events::SaleStatus, facts::InvoiceAssignedV1};

use super::{
    Journal, JournalError,
    columns::{name_out, place_out},
    state::{Durability, Ledger},
};

/// A stored sale with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSale {
    /// The payload of its entry.
    pub payload: Vec<u8>,
    /// Where the sale stands now.
    pub status: SaleStatus,
    /// Its row in the register, once announced.
    pub invoice: Option<InvoiceAssignedV1>,
}

impl Journal {
    /// The sale of a ticket, with its number.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn stored_sale(&self, ticket: TicketId) -> Result<Option<StoredSale>, JournalError> {
        self.ask(move |ledger| Box::pin(stored(ledger, ticket))).await
    }

    /// Counts one more print of a ticket's receipt, on the disk; gives how many
    /// there are with it, or `None` if there is no such ticket.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn count_print(&self, ticket: TicketId) -> Result<Option<u64>, JournalError> {
        self.ask(move |ledger| Box::pin(count(ledger, ticket))).await
    }
}

async fn stored(ledger: &mut Ledger, ticket: TicketId) -> Result<Option<StoredSale>, JournalError> {
    let ticket = ticket.as_str();
    let row = sqlx::query!(
        "SELECT entry.payload, ticket.sale_status, invoice.row AS \"row?\"
         FROM ticket JOIN entry USING (seq) LEFT JOIN invoice USING (mapping_seq)
         WHERE ticket_id = ?",
        ticket,
    )
    .fetch_optional(&mut ledger.connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let invoice = row
        .row
        .map(|row| serde_json::from_str(&row))
        .transpose()
        .map_err(|error| JournalError::Storage(format!("a row of the register: {error}")))?;
    Ok(Some(StoredSale { payload: row.payload, status: name_out(&row.sale_status)?, invoice }))
}

async fn count(ledger: &mut Ledger, ticket: TicketId) -> Result<Option<u64>, JournalError> {
    ledger.begin(Durability::Disk).await?;
    let ticket = ticket.as_str();
    let counted = sqlx::query_scalar!(
        "UPDATE ticket SET prints = prints + 1 WHERE ticket_id = ? RETURNING prints",
        ticket,
    )
    .fetch_optional(&mut ledger.connection)
    .await
    .map_err(JournalError::from);
    Ok(ledger.finish(counted).await?.map(place_out))
}
