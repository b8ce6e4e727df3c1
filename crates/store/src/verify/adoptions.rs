//! Edges that replaced others: what each keeps since, and what was imported.

use super::{Check, Found, LIMIT};
use crate::{Conn, Error};

/// Holds what was adopted and imported against the books.
pub(super) async fn check(conn: &mut Conn) -> Result<Check, Error> {
    let promise = "what a replaced edge had open has one keeper, and nothing was imported twice";
    let sizes = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM edge WHERE replaced_at IS NOT NULL) AS "replaced!",
               (SELECT count(*) FROM adopted WHERE what = 'SESSION') AS "sessions!",
               (SELECT count(*) FROM adopted WHERE what = 'ORDER') AS "orders!""#
    )
    .fetch_one(&mut *conn)
    .await?;
    let mut check = Check::new("adoptions", promise)
        .counting("replaced edges", sizes.replaced.unsigned_abs())
        .counting("sessions", sizes.sessions.unsigned_abs())
        .counting("orders", sizes.orders.unsigned_abs());
    let found = sqlx::query_file_as!(Found, "src/sql/verify_adoptions.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}
