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
    /// `VOID_APPROVAL_NEEDED:{branch}:{sale}`, `VOID_APPROVED:{branch}:{sale}`,
    /// `VOID_REJECTED:{branch}:{sale}`, or `STORAGE_LOW:{branch}`,
    /// `STORAGE_CRITICAL:{branch}`, `STORAGE_FULL:{branch}`, which are about no sale:
    /// the edge's disk fills up.
    pub key: String,
    /// The request that it is about.
    pub void_request_id: Option<VoidRequestId>,
    /// Where that request stands now.
    pub void_status: Option<VoidRequestStatus>,
    /// The sale.
    pub sale_id: Option<SaleId>,
    /// Its ticket.
    pub ticket_id: Option<TicketId>,
    /// How many sales still fitted when it was raised, if it is about room.
    pub tickets_left: Option<u64>,
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
