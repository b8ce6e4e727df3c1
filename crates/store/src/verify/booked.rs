//! A sale as it was booked, beside the entry it was booked from.

use futures::{Stream, TryStreamExt};
use rust_decimal::Decimal;
use schemas::{Timestamp, events::SaleFinalizedV1};
use time::OffsetDateTime;
use uuid::Uuid;

use super::entries::Row;
use crate::{Conn, Error};

/// What the books keep of a sale.
pub(super) struct Booked {
    pub(super) sale_id: Uuid,
    tenant_id: Uuid,
    branch_id: Uuid,
    ticket_id: String,
    cash_session_id: Option<Uuid>,
    device_id: Uuid,
    cashier_id: Uuid,
    customer_id: Option<Uuid>,
    finalized_at: OffsetDateTime,
    subtotal_usd: Decimal,
    item_discount_usd: Decimal,
    branch_discount_usd: Decimal,
    vat_usd: Decimal,
    grand_total_usd: Decimal,
    grand_total_khr: Decimal,
    khr_rounding: Decimal,
    payable_khr: Decimal,
    fx_rate: Decimal,
    tender_currency: String,
    tender_received: Decimal,
    tender_change: Decimal,
    catalogue_version: i64,
    lines: i64,
    units: i64,
}

impl Booked {
    /// The first field in which this is not what the entry says.
    pub(super) fn differs_from(&self, said: &SaleFinalizedV1) -> Option<&'static str> {
        let lines = i64::try_from(said.lines.len()).unwrap_or(i64::MAX);
        let units: i64 = said.lines.iter().map(|line| i64::from(line.quantity.get())).sum();
        let fields = [
            ("id", self.sale_id == said.sale_id.as_uuid()),
            ("company", self.tenant_id == said.tenant_id.as_uuid()),
            ("branch", self.branch_id == said.branch_id.as_uuid()),
            ("ticket", self.ticket_id == said.ticket_id.as_str()),
            ("cash session", self.cash_session_id == said.cash_session_id.map(Uuid::from)),
            ("device", self.device_id == said.device_id.as_uuid()),
            ("cashier", self.cashier_id == said.cashier_id.as_uuid()),
            ("customer", self.customer_id == said.customer_id.map(schemas::CustomerId::as_uuid)),
            ("time", Timestamp::from(self.finalized_at) == said.finalized_at),
            ("subtotal", self.subtotal_usd == said.subtotal_usd.amount()),
            (
                "item discount",
                self.item_discount_usd == said.discounts.item_discount_total_usd.amount(),
            ),
            (
                "branch discount",
                self.branch_discount_usd == said.discounts.branch_discount_usd.amount(),
            ),
            ("VAT", self.vat_usd == said.vat.amount_usd.amount()),
            ("grand total", self.grand_total_usd == said.grand_total_usd.amount()),
            ("riel total", self.grand_total_khr == said.grand_total_khr.amount()),
            ("riel rounding", self.khr_rounding == said.khr_rounding.rounding_khr.amount()),
            ("payable", self.payable_khr == said.payable_khr.amount()),
            ("rate", self.fx_rate == said.fx_rate_khr_per_usd),
            ("tender currency", self.tender_currency == said.tender.currency.code()),
            ("amount received", self.tender_received == said.tender.received),
            ("change", self.tender_change == said.tender.change),
            ("catalogue", u64::try_from(self.catalogue_version) == Ok(said.catalogue.version)),
            ("number of lines", self.lines == lines),
            ("number of units", self.units == units),
        ];
        fields.into_iter().find_map(|(field, same)| (!same).then_some(field))
    }
}

/// All entries in the order of their journals; once for each sale that was
/// booked from it, once if there is none.
pub(super) fn stream(conn: &mut Conn) -> impl Stream<Item = Result<Row, Error>> + Unpin + '_ {
    sqlx::query_file!("src/sql/verify_entries.sql")
        .fetch(conn)
        .map_ok(|row| Row {
            edge_id: row.edge_id,
            seq: row.seq,
            kind: row.kind,
            schema_version: row.schema_version,
            recorded_at: row.recorded_at,
            prev_hash: row.prev_hash,
            hash: row.hash,
            payload: row.payload,
            quarantine_state: row.quarantine_state,
            quarantine_reason: row.quarantine_reason,
            sale: row.sale_id.map(|sale_id| Booked {
                sale_id,
                tenant_id: row.tenant_id.unwrap_or_default(),
                branch_id: row.branch_id.unwrap_or_default(),
                ticket_id: row.ticket_id.unwrap_or_default(),
                cash_session_id: row.cash_session_id,
                device_id: row.device_id.unwrap_or_default(),
                cashier_id: row.cashier_id.unwrap_or_default(),
                customer_id: row.customer_id,
                finalized_at: row.finalized_at.unwrap_or(OffsetDateTime::UNIX_EPOCH),
                subtotal_usd: row.subtotal_usd.unwrap_or_default(),
                item_discount_usd: row.item_discount_usd.unwrap_or_default(),
                branch_discount_usd: row.branch_discount_usd.unwrap_or_default(),
                vat_usd: row.vat_usd.unwrap_or_default(),
                grand_total_usd: row.grand_total_usd.unwrap_or_default(),
                grand_total_khr: row.grand_total_khr.unwrap_or_default(),
                khr_rounding: row.khr_rounding.unwrap_or_default(),
                payable_khr: row.payable_khr.unwrap_or_default(),
                fx_rate: row.fx_rate.unwrap_or_default(),
                tender_currency: row.tender_currency.unwrap_or_default(),
                tender_received: row.tender_received.unwrap_or_default(),
                tender_change: row.tender_change.unwrap_or_default(),
                catalogue_version: row.catalogue_version.unwrap_or_default(),
                lines: row.lines.unwrap_or_default(),
                units: row.units.unwrap_or_default(),
            }),
        })
        .map_err(Error::from)
}
