//! Cash sessions with all that whoever keeps them must know: for the direct door,
//! which keeps those of branches without an edge.

use domain::sessions::{self, Opening, Paid, Sold, Span};
use schemas::{
    BranchId, CashSessionId, DeviceId, EdgeId, Khr, StaffId, TenantId, TicketId, Timestamp, Usd,
    events::SessionReport,
};
use time::OffsetDateTime;

use crate::{
    Conn, Error,
    columns::{unsigned, word},
};

/// A cash session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Drawer {
    /// Which.
    pub cash_session_id: CashSessionId,
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// Whose journal it is of.
    pub edge_id: EdgeId,
    /// The till.
    pub device_id: DeviceId,
    /// Whose it is.
    pub opened_by: StaffId,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// Dollars in it then.
    pub opening_float_usd: Usd,
    /// Riel in it then.
    pub opening_float_khr: Khr,
    /// When it was closed; `None` while it is open.
    pub closed_at: Option<Timestamp>,
}

impl Drawer {
    /// Whether it is open.
    pub const fn is_open(&self) -> bool {
        self.closed_at.is_none()
    }

    /// Whether it was open at that moment.
    pub fn was_open_at(&self, at: Timestamp) -> bool {
        at >= self.opened_at && self.closed_at.is_none_or(|closed| at <= closed)
    }
}

/// A cash session, if it is in the books.
///
/// # Errors
/// [`Error::Database`].
pub async fn read(conn: &mut Conn, id: CashSessionId) -> Result<Option<Drawer>, Error> {
    let row = sqlx::query!(
        "SELECT tenant_id, branch_id, edge_id, device_id, opened_by, opened_at,
             opening_float_usd, opening_float_khr, closed_at
         FROM cash_session WHERE cash_session_id = $1",
        id.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Drawer {
        cash_session_id: id,
        tenant_id: row.tenant_id.into(),
        branch_id: row.branch_id.into(),
        edge_id: row.edge_id.into(),
        device_id: row.device_id.into(),
        opened_by: row.opened_by.into(),
        opened_at: row.opened_at.into(),
        opening_float_usd: Usd(row.opening_float_usd),
        opening_float_khr: Khr(row.opening_float_khr),
        closed_at: row.closed_at.map(Timestamp::from),
    }))
}

/// The open session of a person at a till of a branch, if there is one.
///
/// # Errors
/// [`Error::Database`].
pub async fn open_of(
    conn: &mut Conn,
    branch: BranchId,
    (device, staff): (DeviceId, StaffId),
) -> Result<Option<CashSessionId>, Error> {
    let id = sqlx::query_scalar!(
        "SELECT cash_session_id FROM cash_session
         WHERE branch_id = $1 AND device_id = $2 AND opened_by = $3 AND status = 'OPEN' LIMIT 1",
        branch.as_uuid(),
        device.as_uuid(),
        staff.as_uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(CashSessionId::from_uuid))
}

/// What a session took and must hold at `as_of`, without supplements: its X report
/// while it is open, and what its Z report says when it is closed.
///
/// # Errors
/// [`Error`] if a statement fails or a stored value is not valid.
pub async fn report(
    conn: &mut Conn,
    drawer: &Drawer,
    as_of: Timestamp,
) -> Result<SessionReport, Error> {
    let opening = Opening {
        opened_by: drawer.opened_by,
        opened_at: drawer.opened_at,
        float_usd: drawer.opening_float_usd,
        float_khr: drawer.opening_float_khr,
    };
    let sold = sold_in(conn, drawer).await?;
    let paid = paid_in(conn, drawer).await?;
    let span = span_of(conn, drawer).await?;
    Ok(sessions::report(&opening, &sold, &paid, span, as_of))
}

async fn sold_in(conn: &mut Conn, drawer: &Drawer) -> Result<Vec<Sold>, Error> {
    let rows = sqlx::query!(
        // By branch and time, for which there is an index.
        r#"SELECT s.tender_method, s.tender_currency, s.status, count(*) AS "sales!",
               sum(s.tender_received - s.tender_change) AS "kept!",
               sum(s.grand_total_usd) AS "total_usd!", sum(s.vat_usd) AS "vat_usd!"
           FROM sale s
           LEFT JOIN z_supplement z ON z.sale_id = s.sale_id
           WHERE s.branch_id = $1 AND s.finalized_at >= $2::timestamptz - interval '1 day'
               AND s.cash_session_id = $3 AND z.sale_id IS NULL
           GROUP BY s.tender_method, s.tender_currency, s.status"#,
        drawer.branch_id.as_uuid(),
        OffsetDateTime::from(drawer.opened_at),
        drawer.cash_session_id.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Sold {
                method: word("sale.tender_method", &row.tender_method)?,
                currency: word("sale.tender_currency", &row.tender_currency)?,
                status: word("sale.status", &row.status)?,
                count: unsigned("count of sales", row.sales)?,
                kept: row.kept,
                total_usd: Usd(row.total_usd),
                vat_usd: Usd(row.vat_usd),
            })
        })
        .collect()
}

async fn paid_in(conn: &mut Conn, drawer: &Drawer) -> Result<Vec<Paid>, Error> {
    let rows = sqlx::query!(
        r#"SELECT kind, currency, sum(abs(amount)) AS "amount!" FROM cash_movement
           WHERE cash_session_id = $1 AND branch_id = $2 AND kind IN ('PAID_IN', 'PAID_OUT')
           GROUP BY kind, currency"#,
        drawer.cash_session_id.as_uuid(),
        drawer.branch_id.as_uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Paid {
                kind: word("cash_movement.kind", &row.kind)?,
                currency: word("cash_movement.currency", &row.currency)?,
                amount: row.amount,
            })
        })
        .collect()
}

async fn span_of(conn: &mut Conn, drawer: &Drawer) -> Result<Span, Error> {
    let row = sqlx::query!(
        // By branch and time, for which there is an index.
        r#"SELECT (array_agg(s.ticket_id ORDER BY s.finalized_at, s.entry_seq))[1] AS first,
               (array_agg(s.ticket_id ORDER BY s.finalized_at DESC, s.entry_seq DESC))[1] AS last
           FROM sale s
           LEFT JOIN z_supplement z ON z.sale_id = s.sale_id
           WHERE s.branch_id = $1 AND s.finalized_at >= $2::timestamptz - interval '1 day'
               AND s.cash_session_id = $3 AND z.sale_id IS NULL"#,
        drawer.branch_id.as_uuid(),
        OffsetDateTime::from(drawer.opened_at),
        drawer.cash_session_id.as_uuid(),
    )
    .fetch_one(conn)
    .await?;
    let ticket = |text: Option<String>| {
        let parsed = text.map(TicketId::parse).transpose();
        parsed.map_err(|error| Error::corrupt("sale.ticket_id", error))
    };
    Ok(Span { first: ticket(row.first)?, last: ticket(row.last)? })
}
