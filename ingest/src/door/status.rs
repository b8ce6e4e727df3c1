//! `GET /pos/submissions/{submission}`: what became of a request that took longer.

use std::sync::Arc;

use axum::extract::State;
use schemas::door_api::{DoorReceipt, SubmissionStatus};
use uuid::Uuid;

use super::{answer::Answer, keep};
use crate::{
    center::Center,
    http::{Client, Problem, request::Path},
};

/// The outcome of a submission, as its own request is told.
#[utoipa::path(
    get,
    path = "/pos/submissions/{submission}",
    params(("submission" = Uuid, Path, description = "As in the answer's `status_url`.")),
    responses(
        (status = 200, description = "A sale's invoice; of what else was asked for, its `SubmissionStatus`.", body = DoorReceipt),
        (status = 202, description = "Not yet.", body = SubmissionStatus),
        (status = 404, description = "There is no such submission.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "It was refused, for good.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "It was refused, for good.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Ask again.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn get(
    State(center): State<Arc<Center>>,
    client: Client,
    Path(submission): Path<Uuid>,
) -> Result<Answer, Problem> {
    let found = keep::find(&center, &client, submission).await?;
    let ticket = found.standing.ticket_id.clone();
    Ok(Answer::of(found, Some(ticket))?)
}
