//! Cash sessions with all that whoever keeps them must know: for the direct door,
//! which keeps those of branches without an edge.

use schemas::{
    BranchId, CashSessionId, DeviceId, EdgeId, Khr, StaffId, TenantId, TicketId, Timestamp, Usd,
};

use crate::{Conn, Error};

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

/// The first and the last ticket that was sold in a session; supplements are none
/// of them.
///
/// # Errors
/// [`Error`] if the statement fails or a stored value is not valid.
pub async fn tickets_of(
    conn: &mut Conn,
    drawer: &Drawer,
) -> Result<(Option<TicketId>, Option<TicketId>), Error> {
    let row = sqlx::query!(
        // By branch and time, for which there is an index.
        r#"SELECT (array_agg(s.ticket_id ORDER BY s.finalized_at, s.entry_seq))[1] AS first,
               (array_agg(s.ticket_id ORDER BY s.finalized_at DESC, s.entry_seq DESC))[1] AS last
           FROM sale s
           LEFT JOIN z_supplement z ON z.sale_id = s.sale_id
           WHERE s.branch_id = $1 AND s.finalized_at >= $2::timestamptz - interval '1 day'
               AND s.cash_session_id = $3 AND z.sale_id IS NULL"#,
        drawer.branch_id.as_uuid(),
        time::OffsetDateTime::from(drawer.opened_at),
        drawer.cash_session_id.as_uuid(),
    )
    .fetch_one(conn)
    .await?;
    let ticket = |text: Option<String>| {
        let parsed = text.map(TicketId::parse).transpose();
        parsed.map_err(|error| Error::corrupt("sale.ticket_id", error))
    };
    Ok((ticket(row.first)?, ticket(row.last)?))
}
