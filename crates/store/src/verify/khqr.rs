//! Sales that were paid by KHQR, and the codes that they claim.

use super::{Check, Found, LIMIT};
use crate::{Conn, Error};

/// Checks each against the centre's own record.
pub(super) async fn check(conn: &mut Conn) -> Result<Check, Error> {
    let sizes = sqlx::query!(
        "SELECT (SELECT count(*) FROM sale_khqr) AS \"sales!\",
             (SELECT count(*) FROM khqr_intent) AS \"codes!\",
             (SELECT count(*) FROM khqr_intent WHERE paid_hash IS NOT NULL) AS \"payments!\",
             (SELECT count(*) FROM khqr_intent
              WHERE paid_hash IS NOT NULL AND sale_id IS NULL) AS \"unclaimed!\""
    )
    .fetch_one(&mut *conn)
    .await?;
    let promise = "each KHQR sale claims the code that it names, paid as it says, and none twice";
    let mut check = Check::new("khqr", promise)
        .counting("sales", sizes.sales.unsigned_abs())
        .counting("codes", sizes.codes.unsigned_abs())
        .counting("payments", sizes.payments.unsigned_abs());
    if sizes.unclaimed > 0 {
        check.note_apart(format!("{} payments that no sale claims", sizes.unclaimed));
    }
    let found = sqlx::query_file_as!(Found, "src/sql/verify_khqr.sql", LIMIT);
    check.take(found.fetch_all(conn).await?);
    Ok(check)
}
