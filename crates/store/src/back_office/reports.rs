//! Sales by what, how and when they were sold: sums of stored figures, with the
//! names that were stored with them. Nothing is computed again or looked up in a
//! catalogue. Which sales a report is of, `sales_of_days` says (migration 0004).

use rust_decimal::Decimal;
use schemas::{
    BranchId, CategoryId, TenantId, Usd,
    back_office::{CategorySales, CompanyRow, DaySales, ItemSales, MethodSales},
};

use crate::{
    Conn, Error,
    columns::{unsigned, word},
};

/// The most rows of one report, the largest sums first.
const MAX_ROWS: i64 = 5_000;

/// The days of a report, both within it, in the company's time zone: `2026-11-21`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Days {
    /// The first.
    pub first: String,
    /// The last.
    pub last: String,
}

/// A company, with where its days begin.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn company(conn: &mut Conn, tenant_id: TenantId) -> Result<Option<CompanyRow>, Error> {
    Ok(sqlx::query_as!(
        CompanyRow,
        "SELECT name, time_zone FROM tenant WHERE tenant_id = $1",
        tenant_id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?)
}

/// Whether the database knows a time zone of this name.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn is_time_zone(conn: &mut Conn, name: &str) -> Result<bool, Error> {
    Ok(sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM pg_timezone_names WHERE name = $1) AS "exists!""#,
        name,
    )
    .fetch_one(conn)
    .await?)
}

/// Sets where a company's days begin. Returns whether that is new.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn set_time_zone(
    conn: &mut Conn,
    tenant_id: TenantId,
    name: &str,
) -> Result<bool, Error> {
    let set = sqlx::query!(
        "UPDATE tenant SET time_zone = $2 WHERE tenant_id = $1 AND time_zone <> $2",
        tenant_id.as_uuid(),
        name,
    )
    .execute(conn)
    .await?;
    Ok(set.rows_affected() == 1)
}

/// A store's sales by item.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn by_item(
    conn: &mut Conn,
    branch_id: BranchId,
    days: &Days,
) -> Result<Vec<ItemSales>, Error> {
    let rows = sqlx::query!(
        r#"SELECT l.menu_item_id, l.name,
               COALESCE(sum(l.quantity) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "quantity!",
               COALESCE(sum(l.base_amount_usd) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "base_usd!",
               COALESCE(sum(l.discount_usd) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "discount_usd!",
               COALESCE(sum(l.line_total_usd) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "total_usd!",
               COALESCE(sum(l.quantity) FILTER (WHERE s.status = 'VOIDED'), 0) AS "voided_quantity!",
               COALESCE(sum(l.line_total_usd) FILTER (WHERE s.status = 'VOIDED'), 0) AS "voided_usd!"
           FROM sales_of_days($1, $2, $3) s
           JOIN sale_line l ON l.sale_id = s.sale_id
           GROUP BY l.menu_item_id, l.name
           ORDER BY 6 DESC, 1, 2 LIMIT $4"#,
        branch_id.as_uuid(),
        days.first,
        days.last,
        MAX_ROWS,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(ItemSales {
                menu_item_id: row.menu_item_id.into(),
                name: row.name,
                quantity: unsigned("sum of sale_line.quantity", row.quantity)?,
                base_usd: usd(row.base_usd),
                discount_usd: usd(row.discount_usd),
                total_usd: usd(row.total_usd),
                voided_quantity: unsigned("sum of sale_line.quantity", row.voided_quantity)?,
                voided_usd: usd(row.voided_usd),
            })
        })
        .collect()
}

/// A store's sales by category.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn by_category(
    conn: &mut Conn,
    branch_id: BranchId,
    days: &Days,
) -> Result<Vec<CategorySales>, Error> {
    let rows = sqlx::query!(
        r#"SELECT l.category_id, l.category_name,
               COALESCE(sum(l.quantity) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "quantity!",
               COALESCE(sum(l.base_amount_usd) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "base_usd!",
               COALESCE(sum(l.discount_usd) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "discount_usd!",
               COALESCE(sum(l.line_total_usd) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "total_usd!",
               COALESCE(sum(l.quantity) FILTER (WHERE s.status = 'VOIDED'), 0) AS "voided_quantity!",
               COALESCE(sum(l.line_total_usd) FILTER (WHERE s.status = 'VOIDED'), 0) AS "voided_usd!"
           FROM sales_of_days($1, $2, $3) s
           JOIN sale_line l ON l.sale_id = s.sale_id
           GROUP BY l.category_id, l.category_name
           ORDER BY 6 DESC, 1, 2 LIMIT $4"#,
        branch_id.as_uuid(),
        days.first,
        days.last,
        MAX_ROWS,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(CategorySales {
                category_id: row.category_id.map(CategoryId::from),
                name: row.category_name,
                quantity: unsigned("sum of sale_line.quantity", row.quantity)?,
                base_usd: usd(row.base_usd),
                discount_usd: usd(row.discount_usd),
                total_usd: usd(row.total_usd),
                voided_quantity: unsigned("sum of sale_line.quantity", row.voided_quantity)?,
                voided_usd: usd(row.voided_usd),
            })
        })
        .collect()
}

/// A store's sales by how they were paid.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn by_method(
    conn: &mut Conn,
    branch_id: BranchId,
    days: &Days,
) -> Result<Vec<MethodSales>, Error> {
    let rows = sqlx::query!(
        r#"SELECT s.tender_method AS "tender_method!", s.tender_currency AS "tender_currency!",
               count(*) FILTER (WHERE s.status <> 'VOIDED') AS "sales!",
               COALESCE(sum(s.grand_total_usd) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "grand_total_usd!",
               COALESCE(sum(s.vat_usd) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "vat_usd!",
               COALESCE(sum(s.tender_received - s.tender_change) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "kept!",
               count(*) FILTER (WHERE s.status = 'VOIDED') AS "voided_sales!",
               COALESCE(sum(s.grand_total_usd) FILTER (WHERE s.status = 'VOIDED'), 0) AS "voided_usd!"
           FROM sales_of_days($1, $2, $3) s
           GROUP BY s.tender_method, s.tender_currency
           ORDER BY s.tender_method, s.tender_currency"#,
        branch_id.as_uuid(),
        days.first,
        days.last,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(MethodSales {
                method: word("sale.tender_method", &row.tender_method)?,
                currency: word("sale.tender_currency", &row.tender_currency)?,
                sales: unsigned("count of sales", row.sales)?,
                grand_total_usd: usd(row.grand_total_usd),
                vat_usd: usd(row.vat_usd),
                kept: row.kept.normalize(),
                voided_sales: unsigned("count of sales", row.voided_sales)?,
                voided_usd: usd(row.voided_usd),
            })
        })
        .collect()
}

/// A store's sales by day; days without a sale are left out.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn by_day(
    conn: &mut Conn,
    branch_id: BranchId,
    days: &Days,
) -> Result<Vec<DaySales>, Error> {
    let rows = sqlx::query!(
        r#"SELECT (s.finalized_at AT TIME ZONE t.time_zone)::date::text AS "day!",
               count(*) FILTER (WHERE s.status <> 'VOIDED') AS "sales!",
               COALESCE(sum(s.subtotal_usd) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "subtotal_usd!",
               COALESCE(sum(s.branch_discount_usd) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "branch_discount_usd!",
               COALESCE(sum(s.vat_usd) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "vat_usd!",
               COALESCE(sum(s.grand_total_usd) FILTER (WHERE s.status <> 'VOIDED'), 0) AS "grand_total_usd!",
               count(*) FILTER (WHERE s.status = 'VOIDED') AS "voided_sales!",
               COALESCE(sum(s.grand_total_usd) FILTER (WHERE s.status = 'VOIDED'), 0) AS "voided_usd!"
           FROM sales_of_days($1, $2, $3) s
           JOIN tenant t ON t.tenant_id = s.tenant_id
           GROUP BY 1 ORDER BY 1"#,
        branch_id.as_uuid(),
        days.first,
        days.last,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(DaySales {
                day: row.day,
                sales: unsigned("count of sales", row.sales)?,
                subtotal_usd: usd(row.subtotal_usd),
                branch_discount_usd: usd(row.branch_discount_usd),
                vat_usd: usd(row.vat_usd),
                grand_total_usd: usd(row.grand_total_usd),
                voided_sales: unsigned("count of sales", row.voided_sales)?,
                voided_usd: usd(row.voided_usd),
            })
        })
        .collect()
}

/// A sum of cents; that of nothing has no decimals of its own.
fn usd(mut sum: Decimal) -> Usd {
    sum.rescale(2);
    Usd(sum)
}
