//! What somebody should notice.

use axum::{Json, extract::State, http::StatusCode};
use schemas::{
    NotificationId,
    edge_api::{NotificationPage, Problem as ProblemBody},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::{
    Api,
    auth::Actor,
    paging,
    problem::{Code, Problem},
    request::{IdPath, Query},
};
use crate::journal::NotificationFilter;

/// Which notifications.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct NotificationQuery {
    /// Only those that the person who asks did not mark as seen.
    #[serde(default)]
    unseen: bool,
    /// The `next_before` of the page before.
    before: Option<u64>,
    /// 1 to 200; 50 if not given.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// List notifications
///
/// Newest first: those for the person who asks, and for managers and admins
/// also those for every one of them.
#[utoipa::path(
    get, path = "/v1/notifications", tag = "notifications",
    params(NotificationQuery),
    responses(
        (status = 200, body = NotificationPage),
        (status = 400, description = "invalid_query", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(api): State<Api>,
    actor: Actor,
    Query(query): Query<NotificationQuery>,
) -> Result<Json<NotificationPage>, Problem> {
    let filter = NotificationFilter {
        staff_id: actor.staff_id,
        approver: actor.role.is_approver(),
        unseen: query.unseen,
        before: query.before,
        limit: paging::limit(query.limit, NotificationFilter::MAX_LIMIT)?,
    };
    Ok(Json(api.journal.notifications(filter).await?))
}

/// Mark a notification as seen
///
/// By the person who asks; again changes nothing.
#[utoipa::path(
    put, path = "/v1/notifications/{id}/seen", tag = "notifications",
    params(("id" = uuid::Uuid, Path, description = "The notification")),
    responses(
        (status = 204, description = "It is seen"),
        (status = 404, description = "notification_not_found", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn see(
    State(api): State<Api>,
    actor: Actor,
    IdPath(id): IdPath<NotificationId>,
) -> Result<StatusCode, Problem> {
    let approver = actor.role.is_approver();
    if api.journal.see_notification(id, actor.staff_id, approver).await? {
        return Ok(StatusCode::NO_CONTENT);
    }
    let detail = format!("there is no notification {id} for you");
    Err(Problem::new(Code::NotificationNotFound, detail))
}
