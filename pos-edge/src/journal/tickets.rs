//! The list of tickets: what a store sees of its sales on their way.

use schemas::{
    Currency, Sha256Hash, TicketId, Timestamp, Usd,
    edge_api::{TicketPage, TicketRow, TicketStatus},
};
use serde::Serialize;
use sqlx::SqliteConnection;

use super::{
    captures::NewSale,
    columns::{
        hash_out, name_in, name_out, place_in, place_out, units_in, units_out, uuid_hex, uuid_out,
    },
    error::JournalError,
    state::{Ledger, Shared},
};

/// Which tickets, newest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct TicketFilter {
    /// Only these.
    pub status: Option<TicketStatus>,
    /// Only those of entries before this one.
    pub before: Option<i64>,
    /// At most this many, 1 to [`Self::MAX_LIMIT`].
    pub limit: usize,
}

impl TicketFilter {
    /// The largest page.
    pub const MAX_LIMIT: usize = 500;
}

/// Tickets that are shown as in error; see [`super::Journal::mark_ticket_errors`].
#[derive(Debug, Clone)]
pub(super) struct TicketErrors {
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) text: String,
}

struct Row {
    seq: i64,
    ticket_id: String,
    created_at: i64,
    total_cents: i64,
    sale_status: String,
    order_status: String,
    invoice_no: Option<i64>,
    invoice_id: Option<Vec<u8>>,
}

/// A sale as a row, for [`super::insert`].
#[derive(Serialize)]
pub(super) struct Insert<'a> {
    seq: i64,
    sale_no: u64,
    ticket_id: &'a TicketId,
    entry_hash: Sha256Hash,
    request_hash: Sha256Hash,
    created_at: i64,
    sale_id: String,
    order_id: String,
    session: String,
    supplement_no: Option<u32>,
    method: String,
    currency: &'static str,
    kept: i64,
    total_cents: i64,
    vat_cents: i64,
}

impl<'a> Insert<'a> {
    /// The row of the sale that the entry of this place and hash tells.
    pub(super) fn of(
        sale: &'a NewSale,
        (seq, entry_hash): (i64, Sha256Hash),
        sale_no: u64,
        supplement_no: Option<u32>,
    ) -> Result<Self, JournalError> {
        Ok(Self {
            seq,
            sale_no,
            ticket_id: &sale.ticket_id,
            entry_hash,
            request_hash: sale.request_hash,
            created_at: sale.finalized_at.unix_micros(),
            sale_id: uuid_hex(sale.sale_id),
            order_id: uuid_hex(sale.order_id),
            session: uuid_hex(sale.cash_session_id),
            supplement_no,
            method: name_in(&sale.method)?,
            currency: sale.currency.code(),
            kept: units_in(sale.kept, sale.currency),
            total_cents: units_in(sale.grand_total_usd.amount(), Currency::Usd),
            vat_cents: units_in(sale.vat_usd.amount(), Currency::Usd),
        })
    }
}

/// See [`super::Journal::tickets`].
pub(super) async fn page(
    ledger: &mut Ledger,
    filter: TicketFilter,
) -> Result<TicketPage, JournalError> {
    let limit = filter.limit.clamp(1, TicketFilter::MAX_LIMIT);
    let before = filter.before.unwrap_or(i64::MAX);
    let (from, to) = match &*ledger.shared.lock_ticket_errors() {
        Some(errors) => (place_in(errors.from), place_in(errors.to)),
        None => (1, 0),
    };
    // One more than asked tells whether there is a next page.
    let rows = place_in(limit as u64 + 1);
    let connection = &mut ledger.connection;
    let mut rows = match filter.status {
        None => {
            sqlx::query_as!(
                Row,
                "SELECT seq AS \"seq!\", ticket_id, created_at, total_cents,
                    sale_status, order_status, invoice_no, invoice_id
                 FROM ticket WHERE seq < ? ORDER BY seq DESC LIMIT ?",
                before,
                rows,
            )
            .fetch_all(connection)
            .await?
        }
        Some(TicketStatus::Synced) => {
            sqlx::query_as!(
                Row,
                "SELECT seq AS \"seq!\", ticket_id, created_at, total_cents,
                    sale_status, order_status, invoice_no, invoice_id
                 FROM ticket WHERE invoice_no IS NOT NULL AND seq < ?
                 ORDER BY seq DESC LIMIT ?",
                before,
                rows,
            )
            .fetch_all(connection)
            .await?
        }
        Some(TicketStatus::Pending) => {
            sqlx::query_as!(
                Row,
                "SELECT seq AS \"seq!\", ticket_id, created_at, total_cents,
                    sale_status, order_status, invoice_no, invoice_id
                 FROM ticket WHERE invoice_no IS NULL AND seq < ? AND NOT seq BETWEEN ? AND ?
                 ORDER BY seq DESC LIMIT ?",
                before,
                from,
                to,
                rows,
            )
            .fetch_all(connection)
            .await?
        }
        Some(TicketStatus::Error) => {
            sqlx::query_as!(
                Row,
                "SELECT seq AS \"seq!\", ticket_id, created_at, total_cents,
                    sale_status, order_status, invoice_no, invoice_id
                 FROM ticket WHERE invoice_no IS NULL AND seq < ? AND seq BETWEEN ? AND ?
                 ORDER BY seq DESC LIMIT ?",
                before,
                from,
                to,
                rows,
            )
            .fetch_all(connection)
            .await?
        }
    };
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_before = rows.last().filter(|_| more).map(|row| row.seq);
    let tickets =
        rows.into_iter().map(|row| row.shown(&ledger.shared)).collect::<Result<_, _>>()?;
    Ok(TicketPage { tickets, next_before })
}

/// See [`super::Journal::ticket`].
pub(super) async fn find(
    ledger: &mut Ledger,
    ticket: TicketId,
) -> Result<Option<TicketRow>, JournalError> {
    let ticket = ticket.as_str();
    let row = sqlx::query_as!(
        Row,
        "SELECT seq AS \"seq!\", ticket_id, created_at, total_cents,
                    sale_status, order_status, invoice_no, invoice_id
         FROM ticket WHERE ticket_id = ?",
        ticket,
    )
    .fetch_optional(&mut ledger.connection)
    .await?;
    row.map(|row| row.shown(&ledger.shared)).transpose()
}

/// See [`super::Journal::sale`].
pub(super) async fn sale(
    connection: &mut SqliteConnection,
    ticket: TicketId,
) -> Result<Option<(Sha256Hash, Vec<u8>)>, JournalError> {
    let ticket = ticket.as_str();
    let row = sqlx::query!(
        "SELECT ticket.request_hash, entry.payload
         FROM ticket JOIN entry USING (seq) WHERE ticket_id = ?",
        ticket,
    )
    .fetch_optional(connection)
    .await?;
    row.map(|row| Ok((hash_out(&row.request_hash)?, row.payload))).transpose()
}

impl Row {
    fn shown(self, shared: &Shared) -> Result<TicketRow, JournalError> {
        let seq = place_out(self.seq);
        let error = shared
            .lock_ticket_errors()
            .as_ref()
            .filter(|errors| (errors.from..=errors.to).contains(&seq))
            .map(|errors| errors.text.clone());
        let (status, last_error) = match (self.invoice_no, error) {
            (Some(_), _) => (TicketStatus::Synced, None),
            (None, Some(error)) => (TicketStatus::Error, Some(error)),
            (None, None) => (TicketStatus::Pending, None),
        };
        Ok(TicketRow {
            ticket_id: TicketId::parse(self.ticket_id)
                .map_err(|error| JournalError::Storage(error.to_string()))?,
            created_at: Timestamp::from_unix_micros(self.created_at),
            status,
            last_error,
            invoice_no: self.invoice_no.map(place_out),
            invoice_id: self.invoice_id.map(|id| uuid_out(&id)).transpose()?.map(Into::into),
            grand_total_usd: Usd(units_out(self.total_cents, Currency::Usd)),
            sale_status: name_out(&self.sale_status)?,
            order_status: name_out(&self.order_status)?,
            adopted: self.seq < 0,
        })
    }
}
