//! The way that tillstream is measured against: one transaction for each sale,
//! its invoice number taken from a counter row that stays locked until the
//! commit. Used by `tillstream bench` and by nothing else.
//!
//! It writes the same rows as the pipeline does (`verify` holds on them), one
//! prepared statement after the other. It is not made slower than it has to be:
//! what is contended is touched last, the counter at the very end, and nobody
//! publishes its facts.

use rust_decimal::Decimal;
use schemas::{
    CashMovementId, Entry, SeriesId, Timestamp,
    events::{OrderStatus, SaleFinalizedV1, TenderMethod},
    facts::{FactKind, StockMovedLine, StockMovedV1, id_from_entry, id_from_invoice},
};
use sqlx::Connection;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{column, int8},
    outbox::NewFact,
};

mod number;

use number::assign_number;

/// A sale that is ready to be booked.
#[derive(Debug, Clone)]
pub struct ClassicalSale {
    /// The entry that tells of it.
    pub entry: Entry,
    /// What the entry says.
    pub sale: SaleFinalizedV1,
}

/// Books one sale in one transaction and returns its invoice number, issued
/// `now`.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn book(
    conn: &mut Conn,
    series_id: SeriesId,
    booked: &ClassicalSale,
    now: Timestamp,
) -> Result<u64, Error> {
    let mut tx = conn.begin().await?;
    insert_entry(&mut tx, &booked.entry).await?;
    insert_ticket(&mut tx, booked).await?;
    insert_sale(&mut tx, booked).await?;
    insert_lines(&mut tx, &booked.sale).await?;
    insert_order(&mut tx, &booked.sale).await?;
    insert_cash(&mut tx, &booked.sale).await?;
    insert_audit(&mut tx, booked).await?;
    let moved = take_stock(&mut tx, booked).await?;
    let no = assign_number(&mut tx, series_id, booked, now).await?;
    tell(&mut tx, booked, &moved, (series_id, no), now).await?;
    tx.commit().await?;
    Ok(no)
}

async fn insert_entry(conn: &mut Conn, entry: &Entry) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO edge_entry
             (edge_id, seq, kind, schema_version, recorded_at, prev_hash, hash, payload)
         VALUES ($1, $2, $3, 1, $4, $5, $6, $7)",
        entry.edge_id.as_uuid(),
        int8(entry.seq),
        entry.kind,
        OffsetDateTime::from(entry.recorded_at),
        entry.prev_hash.as_bytes(),
        entry.hash.as_bytes(),
        entry.payload,
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_ticket(conn: &mut Conn, booked: &ClassicalSale) -> Result<(), Error> {
    let sale = &booked.sale;
    sqlx::query!(
        "INSERT INTO ticket (tenant_id, ticket_id, payload_hash, sale_id, edge_id, entry_seq)
         VALUES ($1, $2, $3, $4, $5, $6)",
        sale.tenant_id.as_uuid(),
        sale.ticket_id.as_str(),
        sale.request_hash.as_bytes(),
        sale.sale_id.as_uuid(),
        sale.edge_id.as_uuid(),
        int8(booked.entry.seq),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_sale(conn: &mut Conn, booked: &ClassicalSale) -> Result<(), Error> {
    let sale = &booked.sale;
    let sale_type = match sale.sale_type {
        schemas::events::SaleType::DineIn => "DINE_IN",
        schemas::events::SaleType::Takeaway => "TAKEAWAY",
        schemas::events::SaleType::Delivery => "DELIVERY",
    };
    sqlx::query_file!(
        "src/sql/classical_sale.sql",
        sale.sale_id.as_uuid(),
        sale.tenant_id.as_uuid(),
        sale.branch_id.as_uuid(),
        sale.edge_id.as_uuid(),
        int8(booked.entry.seq),
        sale.ticket_id.as_str(),
        sale.cash_session_id.map(Uuid::from),
        sale.device_id.as_uuid(),
        sale.cashier_id.as_uuid(),
        sale.customer_id.map(Uuid::from),
        sale_type,
        OffsetDateTime::from(sale.finalized_at),
        sale.subtotal_usd.amount(),
        sale.discounts.item_discount_total_usd.amount(),
        sale.discounts.branch_discount_usd.amount(),
        sale.vat.amount_usd.amount(),
        sale.grand_total_usd.amount(),
        sale.grand_total_khr.amount(),
        sale.khr_rounding.rounding_khr.amount(),
        sale.payable_khr.amount(),
        sale.fx_rate_khr_per_usd,
        sale.tender.currency.code(),
        sale.tender.received,
        sale.tender.change,
        int8(sale.catalogue.version),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_lines(conn: &mut Conn, sale: &SaleFinalizedV1) -> Result<(), Error> {
    for line in &sale.lines {
        sqlx::query!(
            "INSERT INTO sale_line (sale_id, line_no, menu_item_id, name, category_id,
                 category_name, quantity, base_amount_usd, discount_usd, line_total_usd)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            sale.sale_id.as_uuid(),
            i16::try_from(line.line_no).unwrap_or(i16::MAX),
            line.menu_item_id.as_uuid(),
            line.name,
            line.category.as_ref().map(|category| category.category_id.as_uuid()),
            line.category.as_ref().map(|category| category.name.as_str()),
            i32::from(line.quantity.get()),
            line.base_amount_usd.amount(),
            line.discount_usd.amount(),
            line.line_total_usd.amount(),
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

async fn insert_order(conn: &mut Conn, sale: &SaleFinalizedV1) -> Result<(), Error> {
    sqlx::query!(
        "INSERT INTO sale_order (order_id, sale_id, tenant_id, branch_id, status, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        sale.order_id.as_uuid(),
        sale.sale_id.as_uuid(),
        sale.tenant_id.as_uuid(),
        sale.branch_id.as_uuid(),
        OrderStatus::InPrep.as_str(),
        OffsetDateTime::from(sale.finalized_at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_cash(conn: &mut Conn, sale: &SaleFinalizedV1) -> Result<(), Error> {
    let (TenderMethod::Cash, Some(session)) = (sale.tender.method, sale.cash_session_id) else {
        return Ok(());
    };
    sqlx::query!(
        "INSERT INTO cash_movement (movement_id, cash_session_id, branch_id, kind, currency,
             amount, sale_id, occurred_at)
         VALUES ($1, $2, $3, 'SALE_CASH', $4, $5, $6, $7)",
        CashMovementId::derived(sale.sale_id.as_uuid(), "SALE_CASH").as_uuid(),
        session.as_uuid(),
        sale.branch_id.as_uuid(),
        sale.tender.currency.code(),
        sale.tender.received - sale.tender.change,
        sale.sale_id.as_uuid(),
        OffsetDateTime::from(sale.finalized_at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn insert_audit(conn: &mut Conn, booked: &ClassicalSale) -> Result<(), Error> {
    let sale = &booked.sale;
    sqlx::query!(
        "INSERT INTO audit_log (tenant_id, branch_id, action, activity, actor_id, subject_id,
             edge_id, entry_seq, occurred_at)
         VALUES ($1, $2, 'SALE_FINALIZED', 'pos.sale.created', $3, $4, $5, $6, $7)",
        sale.tenant_id.as_uuid(),
        sale.branch_id.as_uuid(),
        sale.cashier_id.as_uuid(),
        sale.sale_id.as_uuid(),
        sale.edge_id.as_uuid(),
        int8(booked.entry.seq),
        OffsetDateTime::from(sale.finalized_at),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One run of all that the sale tells.
async fn tell(
    conn: &mut Conn,
    booked: &ClassicalSale,
    moved: &StockMovedV1,
    number: (SeriesId, u64),
    now: Timestamp,
) -> Result<(), Error> {
    let (sale, entry) = (&booked.sale, &booked.entry);
    let cause = Some((entry.edge_id, entry.seq));
    let fact = |kind: FactKind| NewFact {
        tenant_id: sale.tenant_id,
        branch_id: sale.branch_id,
        fact_id: id_from_entry(entry.edge_id, entry.seq, kind),
        kind,
        schema_version: 1,
        entry: cause,
        invoice: None,
        body: None,
        occurred_at: sale.finalized_at,
    };
    let mut facts = vec![fact(FactKind::SaleFinalized)];
    if !moved.lines.is_empty() {
        let body =
            serde_json::to_vec(moved).map_err(|error| Error::corrupt("stock.moved", error))?;
        facts.push(NewFact { body: Some(body), ..fact(FactKind::StockMoved) });
    }
    facts.push(NewFact {
        fact_id: id_from_invoice(number.0, number.1),
        entry: None,
        invoice: Some(number),
        occurred_at: now,
        ..fact(FactKind::InvoiceAssigned)
    });
    sqlx::query_file!(
        "src/sql/classical_facts.sql",
        sale.tenant_id.as_uuid(),
        sale.branch_id.as_uuid(),
        &column(&facts, |f| f.fact_id.as_str()) as &[&str],
        &column(&facts, |f| f.kind.as_str()) as &[&str],
        &column(&facts, |_| 1_i16),
        &column(&facts, |f| f.entry.map(|entry| entry.0.as_uuid())) as &[Option<Uuid>],
        &column(&facts, |f| f.entry.map(|entry| int8(entry.1))) as &[Option<i64>],
        &column(&facts, |f| f.invoice.map(|invoice| invoice.0.as_uuid())) as &[Option<Uuid>],
        &column(&facts, |f| f.invoice.map(|invoice| int8(invoice.1))) as &[Option<i64>],
        &column(&facts, |f| f.body.as_deref()) as &[Option<&[u8]>],
        &column(&facts, |f| OffsetDateTime::from(f.occurred_at)),
        OffsetDateTime::from(now),
    )
    .execute(conn)
    .await?;
    Ok(())
}

async fn take_stock(conn: &mut Conn, booked: &ClassicalSale) -> Result<StockMovedV1, Error> {
    let sale = &booked.sale;
    let mut moved = StockMovedV1 {
        branch_id: sale.branch_id,
        edge_id: sale.edge_id,
        edge_seq: booked.entry.seq,
        sale_id: sale.sale_id,
        moved_at: sale.finalized_at,
        lines: Vec::with_capacity(sale.deductions.len()),
    };
    if sale.deductions.is_empty() {
        return Ok(moved);
    }
    let items: Vec<Uuid> =
        sale.deductions.iter().map(|line| line.stock_item_id.as_uuid()).collect();
    let quantities: Vec<Decimal> = sale.deductions.iter().map(|line| line.quantity).collect();
    let rows = sqlx::query_file!(
        "src/sql/classical_stock.sql",
        sale.branch_id.as_uuid(),
        &items,
        &quantities,
        sale.edge_id.as_uuid(),
        int8(booked.entry.seq),
        sale.sale_id.as_uuid(),
        OffsetDateTime::from(sale.finalized_at),
    )
    .fetch_all(conn)
    .await?;
    for row in rows {
        let deducted =
            sale.deductions.iter().find(|d| d.stock_item_id.as_uuid() == row.stock_item_id);
        moved.lines.push(StockMovedLine {
            stock_item_id: row.stock_item_id.into(),
            stock_no: row.last_no.unsigned_abs(),
            delta: -deducted.map_or(Decimal::ZERO, |deducted| deducted.quantity),
            level_after: row.level,
            unit: deducted.map(|deducted| deducted.unit.clone()).unwrap_or_default(),
        });
    }
    Ok(moved)
}
