//! What somebody should notice: best effort, and once for each key and request.

use domain::voids::notification_id;
use schemas::{
    NotificationId, SaleId, StaffId, TicketId, Timestamp, VoidRequestId,
    edge_api::{NotificationPage, NotificationRow},
    requests::{StorageLevel, StorageReport},
};
use sqlx::SqliteConnection;

use super::{
    columns::{name_out, place_in, place_out, uuid_out},
    desk::Desk,
    error::JournalError,
    state::{Durability, Ledger},
};
use crate::fresh_id::fresh_id;

/// Something to notice.
pub(super) struct Notice {
    /// The first part of its key.
    pub(super) what: &'static str,
    pub(super) void_request_id: VoidRequestId,
    /// The entry of that request.
    pub(super) request_seq: i64,
    pub(super) sale_id: SaleId,
    /// Whom it is for; `None` is every manager and admin.
    pub(super) to: Option<StaffId>,
}

/// Keeps a notification; the same one again changes nothing.
pub(super) async fn raise(desk: &mut Desk<'_>, notice: &Notice) -> Result<(), JournalError> {
    let branch = desk.shared.identity.branch_id;
    let key = format!("{}:{branch}:{}", notice.what, notice.sale_id);
    let id = notification_id(&key, notice.void_request_id).as_uuid();
    let to = notice.to.map(StaffId::as_uuid);
    let at = desk.now.unix_micros();
    sqlx::query!(
        "INSERT INTO notification (notification_id, key, request_seq, staff_id, at)
         VALUES (?, ?, ?, ?, ?) ON CONFLICT (notification_id) DO NOTHING",
        id,
        key,
        notice.request_seq,
        to,
        at,
    )
    .execute(&mut *desk.connection)
    .await?;
    Ok(())
}

/// See [`super::Journal::tell_level`].
pub(super) async fn tell_level(
    ledger: &mut Ledger,
    report: StorageReport,
) -> Result<(), JournalError> {
    let StorageReport { level, tickets_left, .. } = report;
    let told = sqlx::query_scalar!("SELECT told_level FROM journal")
        .fetch_one(&mut ledger.connection)
        .await?;
    let told: StorageLevel = name_out(&told)?;
    if told == level {
        return Ok(());
    }
    let now = ledger.shared.clock.now();
    ledger.begin(Durability::Disk).await?;
    let connection = &mut ledger.connection;
    let branch = ledger.shared.identity.branch_id;
    let written = async {
        let named = level.as_str();
        sqlx::query!("UPDATE journal SET told_level = ?", named).execute(&mut *connection).await?;
        if level > told {
            let key = format!("STORAGE_{}:{branch}", named.to_uppercase());
            let id = fresh_id::<NotificationId>(now).as_uuid();
            let (at, left) = (now.unix_micros(), place_in(tickets_left));
            sqlx::query!(
                "INSERT INTO notification (notification_id, key, at, tickets_left)
                 VALUES (?, ?, ?, ?)",
                id,
                key,
                at,
                left,
            )
            .execute(&mut *connection)
            .await?;
        }
        Ok(())
    }
    .await;
    ledger.finish(written).await?;
    if level > told {
        tracing::warn!(level = level.as_str(), tickets_left, "the edge's disk fills up");
    }
    Ok(())
}

/// Whose notifications, newest first.
#[derive(Debug, Clone, Copy)]
pub struct NotificationFilter {
    /// Who asks.
    pub staff_id: StaffId,
    /// Whether they get what is for every manager and admin.
    pub approver: bool,
    /// Only those that they did not mark as seen.
    pub unseen: bool,
    /// Only those before this place.
    pub before: Option<u64>,
    /// At most this many, 1 to [`Self::MAX_LIMIT`].
    pub limit: usize,
}

impl NotificationFilter {
    /// The largest page.
    pub const MAX_LIMIT: usize = 200;
}

/// See [`super::Journal::notifications`].
pub(super) async fn page(
    connection: &mut SqliteConnection,
    filter: NotificationFilter,
) -> Result<NotificationPage, JournalError> {
    let limit = filter.limit.clamp(1, NotificationFilter::MAX_LIMIT);
    let before = filter.before.map_or(i64::MAX, place_in);
    let staff = filter.staff_id.as_uuid();
    // One more than asked tells whether there is a next page.
    let rows = place_in(limit as u64 + 1);
    let mut rows = sqlx::query!(
        "SELECT notice.notification_no AS \"notification_no!\", notice.notification_id, notice.key,
                request.void_request_id AS \"void_request_id?\", request.status AS \"status?\",
                ticket.sale_id AS \"sale_id?\", ticket.ticket_id AS \"ticket_id?\",
                notice.tickets_left, notice.at, seen.seen_at AS \"seen_at?\"
         FROM notification AS notice
         LEFT JOIN void_request AS request ON request.seq = notice.request_seq
         LEFT JOIN ticket ON ticket.seq = request.ticket_seq
         LEFT JOIN notification_seen AS seen
                ON seen.notification_id = notice.notification_id AND seen.staff_id = ?1
         WHERE notice.notification_no < ?2
           AND (notice.staff_id = ?1 OR (?3 AND notice.staff_id IS NULL))
           AND NOT (?4 AND seen.seen_at IS NOT NULL)
         ORDER BY notice.notification_no DESC LIMIT ?5",
        staff,
        before,
        filter.approver,
        filter.unseen,
        rows,
    )
    .fetch_all(connection)
    .await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_before = rows.last().filter(|_| more).map(|row| place_out(row.notification_no));
    let notifications = rows
        .into_iter()
        .map(|row| {
            Ok(NotificationRow {
                notification_id: uuid_out(&row.notification_id)?.into(),
                key: row.key,
                void_request_id: row
                    .void_request_id
                    .map(|id| uuid_out(&id))
                    .transpose()?
                    .map(Into::into),
                void_status: row.status.as_deref().map(name_out).transpose()?,
                sale_id: row.sale_id.map(|id| uuid_out(&id)).transpose()?.map(Into::into),
                ticket_id: row
                    .ticket_id
                    .map(TicketId::parse)
                    .transpose()
                    .map_err(|error| JournalError::Storage(error.to_string()))?,
                tickets_left: row.tickets_left.map(place_out),
                at: Timestamp::from_unix_micros(row.at),
                seen_at: row.seen_at.map(Timestamp::from_unix_micros),
            })
        })
        .collect::<Result<_, JournalError>>()?;
    Ok(NotificationPage { notifications, next_before })
}

/// See [`super::Journal::see_notification`].
pub(super) async fn see(
    ledger: &mut Ledger,
    id: NotificationId,
    staff: StaffId,
    approver: bool,
) -> Result<bool, JournalError> {
    let (id, staff) = (id.as_uuid(), staff.as_uuid());
    let theirs = sqlx::query_scalar!(
        "SELECT count(*) AS \"count!: i64\" FROM notification
         WHERE notification_id = ?1 AND (staff_id = ?2 OR (?3 AND staff_id IS NULL))",
        id,
        staff,
        approver,
    )
    .fetch_one(&mut ledger.connection)
    .await?;
    if theirs == 0 {
        return Ok(false);
    }
    let at = ledger.shared.clock.now().unix_micros();
    ledger.begin(Durability::Repeatable).await?;
    let written = sqlx::query!(
        "INSERT INTO notification_seen (notification_id, staff_id, seen_at) VALUES (?, ?, ?)
         ON CONFLICT (notification_id, staff_id) DO NOTHING",
        id,
        staff,
        at,
    )
    .execute(&mut ledger.connection)
    .await;
    ledger.finish(written.map(|_| ()).map_err(JournalError::from)).await?;
    Ok(true)
}
