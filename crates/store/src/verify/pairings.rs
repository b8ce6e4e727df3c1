//! Checks of one statement each: things that must pair up or add up.

use super::{Check, Found, LIMIT};
use crate::{Conn, Error};

/// How many rows of each table the checks speak of.
struct Sizes {
    branches: i64,
    sales: i64,
    lines: i64,
    orders: i64,
    invoices: i64,
    queued: i64,
    movements: i64,
    sessions: i64,
    stock_rows: i64,
    stock_items: i64,
    facts: i64,
    pending: i64,
    reports: i64,
    supplements: i64,
    requests: i64,
    refunds: i64,
    payments: i64,
    commands: i64,
}

/// Runs them all.
pub(super) async fn checks(conn: &mut Conn) -> Result<Vec<Check>, Error> {
    let sizes =
        sqlx::query_file_as!(Sizes, "src/sql/verify_sizes.sql").fetch_one(&mut *conn).await?;
    Ok(vec![
        totals(conn, &sizes).await?,
        orders(conn, &sizes).await?,
        cash(conn, &sizes).await?,
        sessions(conn, &sizes).await?,
        voids(conn, &sizes).await?,
        reversals(conn, &sizes).await?,
        commands(conn, &sizes).await?,
        effects(conn, &sizes).await?,
        stock(conn, &sizes).await?,
        invoices(conn, &sizes).await?,
        mapping(conn, &sizes).await?,
        facts(conn, &sizes).await?,
    ])
}

async fn totals(conn: &mut Conn, sizes: &Sizes) -> Result<Check, Error> {
    let mut check = Check::new("totals", "lines add up to subtotals, and totals add up")
        .counting("sales", sizes.sales.unsigned_abs())
        .counting("lines", sizes.lines.unsigned_abs());
    let found = sqlx::query_file_as!(Found, "src/sql/verify_totals.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}

async fn orders(conn: &mut Conn, sizes: &Sizes) -> Result<Check, Error> {
    let mut check = Check::new("orders", "one kitchen order for each sale")
        .counting("sales", sizes.sales.unsigned_abs())
        .counting("orders", sizes.orders.unsigned_abs());
    let found = sqlx::query_file_as!(Found, "src/sql/verify_orders.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}

async fn cash(conn: &mut Conn, sizes: &Sizes) -> Result<Check, Error> {
    let mut check = Check::new("cash", "each cash sale's money is in its drawer exactly once")
        .counting("movements", sizes.movements.unsigned_abs())
        .counting("sessions", sizes.sessions.unsigned_abs());
    let found = sqlx::query_file_as!(Found, "src/sql/verify_cash.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}

async fn sessions(conn: &mut Conn, sizes: &Sizes) -> Result<Check, Error> {
    let promise = "each Z report adds up, and says what the books hold of its session";
    let mut check = Check::new("sessions", promise)
        .counting("sessions", sizes.sessions.unsigned_abs())
        .counting("Z reports", sizes.reports.unsigned_abs())
        .counting("supplements", sizes.supplements.unsigned_abs());
    let found = sqlx::query_file_as!(Found, "src/sql/verify_sessions.sql", LIMIT);
    check.take(found.fetch_all(&mut *conn).await?);
    let found = sqlx::query_file_as!(Found, "src/sql/verify_supplements.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}

async fn voids(conn: &mut Conn, sizes: &Sizes) -> Result<Check, Error> {
    let promise = "sales and orders stand as the requests to undo them were decided";
    let mut check = Check::new("voids", promise)
        .counting("sales", sizes.sales.unsigned_abs())
        .counting("requests", sizes.requests.unsigned_abs());
    let found = sqlx::query_file_as!(Found, "src/sql/verify_voids.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}

async fn reversals(conn: &mut Conn, sizes: &Sizes) -> Result<Check, Error> {
    let promise = "each sale that was undone, and no other, gave back its cash and its stock once";
    let mut check = Check::new("reversals", promise)
        .counting("sales", sizes.sales.unsigned_abs())
        .counting("refunds", sizes.refunds.unsigned_abs());
    let found = sqlx::query_file_as!(Found, "src/sql/verify_reversals.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}

async fn commands(conn: &mut Conn, sizes: &Sizes) -> Result<Check, Error> {
    let promise = "each command that was carried out decided its request, and no other did";
    let mut check =
        Check::new("commands", promise).counting("commands", sizes.commands.unsigned_abs());
    let found = sqlx::query_file_as!(Found, "src/sql/verify_commands.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}

async fn effects(conn: &mut Conn, sizes: &Sizes) -> Result<Check, Error> {
    let promise = "each journaled payment, close and void is in the books once";
    let mut check = Check::new("effects", promise)
        .counting("payments", sizes.payments.unsigned_abs())
        .counting("Z reports", sizes.reports.unsigned_abs())
        .counting("requests", sizes.requests.unsigned_abs())
        .counting("refunds", sizes.refunds.unsigned_abs());
    let found = sqlx::query_file_as!(Found, "src/sql/verify_effects.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}

async fn stock(conn: &mut Conn, sizes: &Sizes) -> Result<Check, Error> {
    let promise = "each stock ledger is contiguous, adds up, and ends at its level";
    let mut check = Check::new("stock", promise)
        .counting("movements", sizes.stock_rows.unsigned_abs())
        .counting("items", sizes.stock_items.unsigned_abs());
    let found = sqlx::query_file_as!(Found, "src/sql/verify_stock.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}

async fn invoices(conn: &mut Conn, sizes: &Sizes) -> Result<Check, Error> {
    let promise = "one invoice, or one place in the queue for it, for each sale";
    let mut check = Check::new("invoices", promise)
        .counting("sales", sizes.sales.unsigned_abs())
        .counting("invoices", sizes.invoices.unsigned_abs())
        .counting("waiting", sizes.queued.unsigned_abs());
    let found = sqlx::query_file_as!(Found, "src/sql/verify_invoices.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}

async fn mapping(conn: &mut Conn, sizes: &Sizes) -> Result<Check, Error> {
    let promise = "each branch's invoices are mapped 1, 2, 3, … up to its head";
    let mut check = Check::new("mapping", promise)
        .counting("branches", sizes.branches.unsigned_abs())
        .counting("invoices", sizes.invoices.unsigned_abs());
    let found = sqlx::query_file_as!(Found, "src/sql/verify_mapping.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}

async fn facts(conn: &mut Conn, sizes: &Sizes) -> Result<Check, Error> {
    let promise = "each branch's facts are contiguous and tell everything exactly once";
    let mut check = Check::new("facts", promise)
        .counting("branches", sizes.branches.unsigned_abs())
        .counting("facts", sizes.facts.unsigned_abs())
        .counting("pending", sizes.pending.unsigned_abs());
    let found = sqlx::query_file_as!(Found, "src/sql/verify_facts.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}
