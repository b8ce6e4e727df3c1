//! What a client is told of its submission: the outcome, or where to ask again.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemas::{
    TicketId,
    door_api::{DoorReceipt, SubmissionStatus},
};
use store::submissions::Outcome;
use uuid::Uuid;

use super::keep::Found;
use crate::Refusal;

/// The answer to a request, and to everyone who asks after it.
pub(crate) enum Answer {
    /// The sale's invoice.
    Receipt(Box<DoorReceipt>),
    /// How far it is; `true`: nothing more will come of it.
    Status(SubmissionStatus, bool),
}

impl Answer {
    /// What there is to tell. `ticket` is the one that the body named.
    ///
    /// # Errors
    /// [`Refusal::Door`] if the submission was refused.
    pub(crate) fn of(found: Found, ticket: Option<TicketId>) -> Result<Self, Refusal> {
        let Found { standing, invoice } = found;
        if let Some(invoice) = invoice {
            return Ok(Self::Receipt(Box::new(DoorReceipt { invoice, ticket_id: ticket })));
        }
        let state = standing.outcome.state();
        let made_id = match standing.outcome {
            Outcome::Refused { code, detail } => return Err(Refusal::Door(code, detail)),
            Outcome::Booked { made_id, .. } => Some(made_id),
            Outcome::Pending => None,
        };
        let status = SubmissionStatus {
            ticket_id: standing.ticket_id,
            state,
            made_id,
            status_url: status_url(standing.submission_id),
        };
        let done = made_id.is_some() && standing.kind != "sale";
        Ok(Self::Status(status, done))
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        match self {
            Self::Receipt(receipt) => Json(*receipt).into_response(),
            Self::Status(status, true) => Json(status).into_response(),
            Self::Status(status, false) => {
                let location = HeaderValue::try_from(&status.status_url);
                let mut response = (StatusCode::ACCEPTED, Json(status)).into_response();
                if let Ok(location) = location {
                    response.headers_mut().insert(header::LOCATION, location);
                }
                const SOON: HeaderValue = HeaderValue::from_static("1");
                response.headers_mut().insert(header::RETRY_AFTER, SOON);
                response
            }
        }
    }
}

fn status_url(submission: Uuid) -> String {
    format!("/pos/submissions/{submission}")
}
