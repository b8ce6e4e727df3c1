//! What a receipt is made of, and how often it was printed.

use schemas::{Sha256Hash, TicketId, events::SaleStatus, facts::InvoiceAssignedV1};

use super::{
    Journal, JournalError,
    columns::{hash_out, name_out, place_out},
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

    /// What became of an earlier print under this key, if there was one.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn print_of(
        &self,
        key: TicketId,
        request_hash: Sha256Hash,
    ) -> Result<Option<KnownPrint>, JournalError> {
        self.ask(move |ledger| Box::pin(async move { known(ledger, &key, request_hash).await }))
            .await
    }

    /// Begins a print of a ticket's receipt under an idempotency key: counts it, on
    /// the disk, unless it was begun under that key before.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn begin_print(
        &self,
        ticket: TicketId,
        key: TicketId,
        request_hash: Sha256Hash,
    ) -> Result<PrintBegun, JournalError> {
        self.ask(move |ledger| Box::pin(begin(ledger, ticket, key, request_hash))).await
    }

    /// Keeps what was answered when a printer had taken all of a receipt: the same
    /// key gets it again.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn end_print(&self, key: TicketId, answer: String) -> Result<(), JournalError> {
        self.ask(move |ledger| Box::pin(end(ledger, key, answer))).await
    }
}

/// What became of an earlier print under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KnownPrint {
    /// It was done, and answered so.
    Done(String),
    /// It was begun; whether it came out is not known.
    Uncertain,
    /// The key was used for another request.
    KeyConflict,
}

/// What a print is that is to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PrintBegun {
    /// The first under its key; so many prints of the ticket there are with it.
    New(u64),
    /// There was one under its key.
    Known(KnownPrint),
    /// There is no such ticket.
    NoTicket,
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

async fn known(
    ledger: &mut Ledger,
    key: &TicketId,
    request_hash: Sha256Hash,
) -> Result<Option<KnownPrint>, JournalError> {
    let key = key.as_str();
    let row = sqlx::query!("SELECT request_hash, answer FROM print WHERE idempotency_key = ?", key)
        .fetch_optional(&mut ledger.connection)
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(match row.answer {
        _ if hash_out(&row.request_hash)? != request_hash => KnownPrint::KeyConflict,
        Some(answer) => KnownPrint::Done(answer),
        None => KnownPrint::Uncertain,
    }))
}

async fn begin(
    ledger: &mut Ledger,
    ticket: TicketId,
    key: TicketId,
    request_hash: Sha256Hash,
) -> Result<PrintBegun, JournalError> {
    if let Some(known) = known(ledger, &key, request_hash).await? {
        return Ok(PrintBegun::Known(known));
    }
    let (ticket, key) = (ticket.as_str(), key.as_str());
    ledger.begin(Durability::Disk).await?;
    let connection = &mut ledger.connection;
    let begun = async {
        let counted = sqlx::query!(
            "UPDATE ticket SET prints = prints + 1 WHERE ticket_id = ? RETURNING seq, prints",
            ticket,
        )
        .fetch_optional(&mut *connection)
        .await?;
        let Some(counted) = counted else { return Ok(PrintBegun::NoTicket) };
        let hash = request_hash.as_bytes().as_slice();
        sqlx::query!(
            "INSERT INTO print (idempotency_key, request_hash, ticket_seq) VALUES (?, ?, ?)",
            key,
            hash,
            counted.seq,
        )
        .execute(&mut *connection)
        .await?;
        Ok(PrintBegun::New(place_out(counted.prints)))
    }
    .await;
    ledger.finish(begun).await
}

async fn end(ledger: &mut Ledger, key: TicketId, answer: String) -> Result<(), JournalError> {
    ledger.begin(Durability::Disk).await?;
    let key = key.as_str();
    let ended = sqlx::query!("UPDATE print SET answer = ? WHERE idempotency_key = ?", answer, key)
        .execute(&mut ledger.connection)
        .await
        .map(|_| ())
        .map_err(JournalError::from);
    ledger.finish(ended).await
}
