//! Z reports of a store.

use std::collections::HashMap;

use schemas::{
    BranchId, Usd,
    back_office::{SupplementRow, ZReportRow},
    events::CashSessionClosedV1,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Span, sales::ticket_id};
use crate::{Conn, Error, columns::unsigned};

/// The most supplements that come with one report.
const MAX_SUPPLEMENTS: i64 = 500;

/// Z reports of a store with their supplements, the newest first.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn z_reports(
    conn: &mut Conn,
    branch_id: BranchId,
    span: Span,
) -> Result<Vec<ZReportRow>, Error> {
    let rows = sqlx::query!(
        "SELECT cash_session_id, entry_seq, body FROM z_report
         WHERE branch_id = $1 AND closed_at >= $2 AND closed_at < $3
           AND (closed_at, cash_session_id) < ($4, $5)
         ORDER BY closed_at DESC, cash_session_id DESC LIMIT $6",
        branch_id.as_uuid(),
        OffsetDateTime::from(span.from),
        OffsetDateTime::from(span.to),
        OffsetDateTime::from(span.after.at),
        span.after.id,
        i64::from(span.limit),
    )
    .fetch_all(&mut *conn)
    .await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.cash_session_id).collect();
    let mut supplements = supplements(conn, &ids).await?;
    rows.into_iter()
        .map(|row| {
            let closed: CashSessionClosedV1 = serde_json::from_slice(&row.body)
                .map_err(|error| Error::corrupt("z_report.body", error))?;
            Ok(ZReportRow {
                cash_session_id: closed.cash_session_id,
                device_id: closed.device_id,
                closed_by: closed.closed_by,
                closed_at: closed.closed_at,
                edge_id: closed.edge_id,
                entry_seq: unsigned("z_report.entry_seq", row.entry_seq)?,
                report: closed.z,
                counted: closed.counted,
                rejected_voids: closed.rejected_voids,
                supplements: supplements.remove(&row.cash_session_id).unwrap_or_default(),
            })
        })
        .collect()
}

async fn supplements(
    conn: &mut Conn,
    sessions: &[Uuid],
) -> Result<HashMap<Uuid, Vec<SupplementRow>>, Error> {
    let rows = sqlx::query!(
        "SELECT z.cash_session_id, z.supplement_no, z.sale_id, z.received_at, s.ticket_id,
             s.grand_total_usd
         FROM unnest($1::uuid[]) AS wanted (cash_session_id)
         CROSS JOIN LATERAL (
             SELECT * FROM z_supplement
             WHERE z_supplement.cash_session_id = wanted.cash_session_id
             ORDER BY supplement_no LIMIT $2
         ) z
         JOIN sale s ON s.sale_id = z.sale_id
         ORDER BY z.cash_session_id, z.supplement_no",
        sessions,
        MAX_SUPPLEMENTS,
    )
    .fetch_all(conn)
    .await?;
    let mut supplements: HashMap<Uuid, Vec<SupplementRow>> = HashMap::new();
    for row in rows {
        supplements.entry(row.cash_session_id).or_default().push(SupplementRow {
            supplement_no: unsigned("z_supplement.supplement_no", row.supplement_no)?,
            sale_id: row.sale_id.into(),
            ticket_id: ticket_id(row.ticket_id)?,
            grand_total_usd: Usd(row.grand_total_usd),
            received_at: row.received_at.into(),
        });
    }
    Ok(supplements)
}
