//! What somebody should notice.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::VoidRequestStatus;
use crate::{NotificationId, SaleId, TicketId, Timestamp, VoidRequestId};

/// One row of `GET /v1/notifications`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotificationRow {
    /// The notification: the same key and request are the same one.
    pub notification_id: NotificationId,
    /// `VOID_APPROVAL_NEEDED:{branch}:{sale}`, `VOID_APPROVED:{branch}:{sale}` or
    /// `VOID_REJECTED:{branch}:{sale}`.
    pub key: String,
    /// The request that it is about.
    pub void_request_id: VoidRequestId,
    /// Where that request stands now.
    pub void_status: VoidRequestStatus,
    /// The sale.
    pub sale_id: SaleId,
    /// Its ticket.
    pub ticket_id: TicketId,
    /// When it was raised.
    pub at: Timestamp,
    /// When the person who asks marked it as seen.
    pub seen_at: Option<Timestamp>,
}

/// A page of notifications, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NotificationPage {
    /// The notifications.
    pub notifications: Vec<NotificationRow>,
    /// Pass as `before` for the next page; `null` on the last.
    pub next_before: Option<u64>,
}
