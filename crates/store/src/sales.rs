//! Sales as captured, their lines, and the queue of those that await their
//! number. Figures are stored as they came, never computed again.

use rust_decimal::Decimal;
use schemas::{
    Entry,
    events::{SaleFinalizedV1, SaleLine, SaleType, TenderMethod},
};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, int8},
};

/// A sale and the entry that tells of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BookedSale<'a> {
    /// The payload, read.
    pub sale: &'a SaleFinalizedV1,
    /// The entry.
    pub entry: &'a Entry,
}

/// Inserts sales, as `FINALIZED`.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert(conn: &mut Conn, sales: &[BookedSale<'_>]) -> Result<(), Error> {
    if sales.is_empty() {
        return Ok(());
    }
    sqlx::query_file!(
        "src/sql/sale_insert.sql",
        &column(sales, |s| s.sale.sale_id.as_uuid()),
        &column(sales, |s| s.sale.tenant_id.as_uuid()),
        &column(sales, |s| s.sale.branch_id.as_uuid()),
        &column(sales, |s| s.entry.edge_id.as_uuid()),
        &column(sales, |s| int8(s.entry.seq)),
        &column(sales, |s| s.sale.ticket_id.as_str()) as &[&str],
        &column(sales, |s| s.sale.cash_session_id.map(Uuid::from)) as &[Option<Uuid>],
        &column(sales, |s| s.sale.device_id.as_uuid()),
        &column(sales, |s| s.sale.cashier_id.as_uuid()),
        &column(sales, |s| s.sale.customer_id.map(Uuid::from)) as &[Option<Uuid>],
        &column(sales, |s| sale_type(s.sale.sale_type)) as &[&str],
        &column(sales, |s| OffsetDateTime::from(s.sale.finalized_at)),
        &column(sales, |s| s.sale.subtotal_usd.amount()),
        &column(sales, |s| s.sale.discounts.item_discount_total_usd.amount()),
        &column(sales, |s| s.sale.discounts.branch_discount_usd.amount()),
        &column(sales, |s| s.sale.vat.amount_usd.amount()),
        &column(sales, |s| s.sale.grand_total_usd.amount()),
        &column(sales, |s| s.sale.grand_total_khr.amount()),
        &column(sales, |s| s.sale.khr_rounding.rounding_khr.amount()),
        &column(sales, |s| s.sale.payable_khr.amount()),
        &column(sales, |s| s.sale.fx_rate_khr_per_usd),
        &column(sales, |s| tender_method(s.sale.tender.method)) as &[&str],
        &column(sales, |s| s.sale.tender.currency.code()) as &[&str],
        &column(sales, |s| s.sale.tender.received),
        &column(sales, |s| s.sale.tender.change),
        &column(sales, |s| int8(s.sale.catalogue.version)),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Inserts the lines of sales.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn insert_lines(conn: &mut Conn, sales: &[BookedSale<'_>]) -> Result<(), Error> {
    let lines: Vec<(Uuid, &SaleLine)> = sales
        .iter()
        .flat_map(|s| s.sale.lines.iter().map(|line| (s.sale.sale_id.as_uuid(), line)))
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    let categories = || lines.iter().map(|(_, line)| line.category.as_ref());
    let category_ids: Vec<Option<Uuid>> =
        categories().map(|c| c.map(|c| c.category_id.as_uuid())).collect();
    let category_names: Vec<Option<&str>> =
        categories().map(|c| c.map(|c| c.name.as_str())).collect();
    sqlx::query_file!(
        "src/sql/sale_line_insert.sql",
        &column(&lines, |(sale, _)| *sale),
        &column(&lines, |(_, line)| i32::from(line.line_no)),
        &column(&lines, |(_, line)| line.menu_item_id.as_uuid()),
        &column(&lines, |(_, line)| line.name.as_str()) as &[&str],
        &category_ids as &[Option<Uuid>],
        &category_names as &[Option<&str>],
        &column(&lines, |(_, line)| i32::from(line.quantity.get())),
        &column(&lines, |(_, line)| line.base_amount_usd.amount()),
        &column(&lines, |(_, line)| line.discount_usd.amount()),
        &column(&lines, |(_, line)| line.line_total_usd.amount()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Queues sales for their numbers, in this order.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn enqueue_for_numbering(conn: &mut Conn, sales: &[BookedSale<'_>]) -> Result<(), Error> {
    if sales.is_empty() {
        return Ok(());
    }
    let totals_khr: Vec<Decimal> = column(sales, |s| s.sale.grand_total_khr.amount());
    sqlx::query_file!(
        "src/sql/numbering_queue_insert.sql",
        &column(sales, |s| s.sale.tenant_id.as_uuid()),
        &column(sales, |s| s.sale.branch_id.as_uuid()),
        &column(sales, |s| s.sale.sale_id.as_uuid()),
        &column(sales, |s| s.sale.ticket_id.as_str()) as &[&str],
        &column(sales, |s| s.entry.edge_id.as_uuid()),
        &column(sales, |s| int8(s.entry.seq)),
        &column(sales, |s| &s.entry.hash.as_bytes()[..]) as &[&[u8]],
        &column(sales, |s| s.sale.grand_total_usd.amount()),
        &column(sales, |s| s.sale.vat.amount_usd.amount()),
        &totals_khr,
        &column(sales, |s| s.sale.customer_id.map(Uuid::from)) as &[Option<Uuid>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

const fn sale_type(sale_type: SaleType) -> &'static str {
    match sale_type {
        SaleType::DineIn => "DINE_IN",
        SaleType::Takeaway => "TAKEAWAY",
        SaleType::Delivery => "DELIVERY",
    }
}

const fn tender_method(method: TenderMethod) -> &'static str {
    match method {
        TenderMethod::Cash => "CASH",
        TenderMethod::Khqr => "KHQR",
        TenderMethod::Account => "ACCOUNT",
    }
}
