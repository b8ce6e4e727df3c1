//! Requests to undo sales as they are kept and listed.

use schemas::{
    CashSessionId, Currency, SaleId, StaffId, TicketId, Timestamp, Usd, VoidRequestId,
    edge_api::{VoidDecided, VoidRequestPage, VoidRequestRow, VoidRequestStatus},
    events::VoidRequestedV1,
};
use sqlx::SqliteConnection;

use super::{
    columns::{name_out, place_in, units_out, uuid_out},
    error::JournalError,
};

/// A request that is undecided.
pub(super) struct Pending {
    pub(super) void_request_id: VoidRequestId,
    pub(super) sale_id: SaleId,
}

/// What became of a request.
pub(super) struct Outcome<'a> {
    pub(super) status: VoidRequestStatus,
    pub(super) decided_seq: u64,
    pub(super) decided_by: StaffId,
    pub(super) decided_at: Timestamp,
    pub(super) remark: Option<&'a str>,
    pub(super) by_close: bool,
}

/// Keeps a request that entry `seq` tells.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    seq: i64,
    ticket_seq: i64,
    event: &VoidRequestedV1,
) -> Result<(), JournalError> {
    let (id, by) = (event.void_request_id.as_uuid(), event.requested_by.as_uuid());
    let at = event.requested_at.unix_micros();
    sqlx::query!(
        "INSERT INTO void_request (seq, void_request_id, ticket_seq, requested_by, reason,
                                   requested_at)
         VALUES (?, ?, ?, ?, ?, ?)",
        seq,
        id,
        ticket_seq,
        by,
        event.reason,
        at,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// Keeps what became of the request of entry `seq`.
pub(super) async fn settle(
    connection: &mut SqliteConnection,
    seq: i64,
    outcome: &Outcome<'_>,
) -> Result<(), JournalError> {
    let (status, decided_seq) = (outcome.status.as_str(), place_in(outcome.decided_seq));
    let (by, at) = (outcome.decided_by.as_uuid(), outcome.decided_at.unix_micros());
    sqlx::query!(
        "UPDATE void_request SET status = ?, decided_seq = ?, decided_by = ?, decided_at = ?,
                                 remark = ?, by_close = ?
         WHERE seq = ? AND status = 'PENDING'",
        status,
        decided_seq,
        by,
        at,
        outcome.remark,
        outcome.by_close,
        seq,
    )
    .execute(connection)
    .await?;
    Ok(())
}

/// The undecided requests about sales of a session, oldest first.
pub(super) async fn pending_in(
    connection: &mut SqliteConnection,
    session: CashSessionId,
) -> Result<Vec<Pending>, JournalError> {
    let session = session.as_uuid();
    let rows = sqlx::query!(
        "SELECT request.void_request_id, ticket.sale_id
         FROM void_request AS request JOIN ticket ON ticket.seq = request.ticket_seq
         WHERE request.status = 'PENDING' AND ticket.cash_session_id = ?
         ORDER BY request.seq",
        session,
    )
    .fetch_all(connection)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(Pending {
                void_request_id: uuid_out(&row.void_request_id)?.into(),
                sale_id: uuid_out(&row.sale_id)?.into(),
            })
        })
        .collect()
}

/// Which requests, newest first.
#[derive(Debug, Clone, Copy, Default)]
pub struct VoidFilter {
    /// Only those about sales of this person's sessions.
    pub owner: Option<StaffId>,
    /// Only these.
    pub status: Option<VoidRequestStatus>,
    /// Only those of entries before this one.
    pub before: Option<i64>,
    /// At most this many, 1 to [`Self::MAX_LIMIT`].
    pub limit: usize,
}

impl VoidFilter {
    /// The largest page.
    pub const MAX_LIMIT: usize = 200;
}

/// See [`super::Journal::void_requests`].
pub(super) async fn page(
    connection: &mut SqliteConnection,
    filter: VoidFilter,
) -> Result<VoidRequestPage, JournalError> {
    let limit = filter.limit.clamp(1, VoidFilter::MAX_LIMIT);
    let before = filter.before.unwrap_or(i64::MAX);
    let owner = filter.owner.map(StaffId::as_uuid);
    let status = filter.status.map(VoidRequestStatus::as_str);
    // One more than asked tells whether there is a next page.
    let rows = place_in(limit as u64 + 1);
    let mut rows = sqlx::query_as!(
        Row,
        "SELECT request.seq AS \"seq!\", request.void_request_id, ticket.ticket_id, ticket.sale_id,
                ticket.order_id, ticket.cash_session_id, ticket.total_cents, request.status,
                request.requested_by, request.reason, request.requested_at, request.decided_by,
                request.decided_at, request.remark, request.by_close AS \"by_close: bool\"
         FROM void_request AS request
         JOIN ticket ON ticket.seq = request.ticket_seq
         JOIN cash_session AS session USING (cash_session_id)
         WHERE request.seq < ?1 AND (?2 IS NULL OR request.status = ?2)
           AND (?3 IS NULL OR session.staff_id = ?3)
         ORDER BY request.seq DESC LIMIT ?4",
        before,
        status,
        owner,
        rows,
    )
    .fetch_all(connection)
    .await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_before = rows.last().filter(|_| more).map(|row| row.seq);
    let void_requests = rows.into_iter().map(Row::shown).collect::<Result<_, _>>()?;
    Ok(VoidRequestPage { void_requests, next_before })
}

struct Row {
    seq: i64,
    void_request_id: Vec<u8>,
    ticket_id: String,
    sale_id: Vec<u8>,
    order_id: Vec<u8>,
    cash_session_id: Vec<u8>,
    total_cents: i64,
    status: String,
    requested_by: Vec<u8>,
    reason: String,
    requested_at: i64,
    decided_by: Option<Vec<u8>>,
    decided_at: Option<i64>,
    remark: Option<String>,
    by_close: bool,
}

impl Row {
    fn shown(self) -> Result<VoidRequestRow, JournalError> {
        let decision = match (self.decided_by, self.decided_at) {
            (Some(by), Some(at)) => Some(VoidDecided {
                decided_by: uuid_out(&by)?.into(),
                decided_at: Timestamp::from_unix_micros(at),
                remark: self.remark,
                by_close: self.by_close,
            }),
            _ => None,
        };
        Ok(VoidRequestRow {
            void_request_id: uuid_out(&self.void_request_id)?.into(),
            ticket_id: TicketId::parse(self.ticket_id)
                .map_err(|error| JournalError::Storage(error.to_string()))?,
            sale_id: uuid_out(&self.sale_id)?.into(),
            order_id: uuid_out(&self.order_id)?.into(),
            cash_session_id: uuid_out(&self.cash_session_id)?.into(),
            grand_total_usd: Usd(units_out(self.total_cents, Currency::Usd)),
            status: name_out(&self.status)?,
            requested_by: uuid_out(&self.requested_by)?.into(),
            reason: self.reason,
            requested_at: Timestamp::from_unix_micros(self.requested_at),
            decision,
        })
    }
}
