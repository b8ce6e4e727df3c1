//! What came through the direct door against what the books hold of it, orders that
//! were handed over against their edge's journal, and house accounts against their
//! charges.

use super::{Check, Found, LIMIT};
use crate::{Conn, Error};

/// Compares every submission, every handed order, every charge and every account.
pub(super) async fn check(conn: &mut Conn) -> Result<Check, Error> {
    let promise = "what came through the direct door is booked as told, its orders are handed over, \
                   and accounts add up";
    let sizes = sqlx::query!(
        r#"SELECT (SELECT count(*) FROM submission WHERE state = 'BOOKED') AS "booked!",
               (SELECT count(*) FROM submission WHERE state = 'REFUSED') AS "refused!",
               (SELECT count(*) FROM order_handover) AS "handed!",
               (SELECT count(*) FROM account_charge) AS "charges!""#
    )
    .fetch_one(&mut *conn)
    .await?;
    let mut check = Check::new("door", promise)
        .counting("booked", sizes.booked.unsigned_abs())
        .counting("refused", sizes.refused.unsigned_abs())
        .counting("handed over", sizes.handed.unsigned_abs())
        .counting("charges", sizes.charges.unsigned_abs());
    let found = sqlx::query_file_as!(Found, "src/sql/verify_door.sql", LIMIT);
    check.take(found.fetch_all(&mut *conn).await?);
    let found = sqlx::query_file_as!(Found, "src/sql/verify_handovers.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}
