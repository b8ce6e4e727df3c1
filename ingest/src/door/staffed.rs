//! What a store without an edge does through the direct door besides selling:
//! sessions, cash, orders and voids. Each is a submission like a sale: kept before
//! any answer, decided by the worker, its outcome final for its key.

use std::sync::Arc;

use axum::extract::State;
use schemas::door_api::{
    Submission, SubmissionStatus, SubmitCash, SubmitClose, SubmitOrderMove, SubmitSession,
    SubmitVoid, SubmitVoidDecision,
};

use super::{answer::Answer, keep};
use crate::{
    center::Center,
    http::{Client, Problem, request::Submitted},
};

macro_rules! submissions {
    ($($(#[$doc:meta])* $name:ident, $path:literal, $body:ty, $kind:expr;)+) => {$(
        $(#[$doc])*
        #[utoipa::path(
            post,
            path = $path,
            params(("Idempotency-Key" = String, Header, description = "The same one for every retry.")),
            request_body = $body,
            responses(
                (status = 200, description = "It is in the books; `made_id` names it.", body = SubmissionStatus),
                (status = 202, description = "It is kept and takes longer; ask at `Location`.", body = SubmissionStatus),
                (status = 400, description = "The key or the body cannot be read.", body = Problem, content_type = "application/problem+json"),
                (status = 403, description = "The person's role does not allow it.", body = Problem, content_type = "application/problem+json"),
                (status = 404, description = "There is no such thing in the store.", body = Problem, content_type = "application/problem+json"),
                (status = 409, description = "Refused, for good: the books stand against it.", body = Problem, content_type = "application/problem+json"),
                (status = 422, description = "Refused, for good: the request stands against it; or another one under the same key.", body = Problem, content_type = "application/problem+json"),
                (status = 503, description = "Ask again.", body = Problem, content_type = "application/problem+json"),
            ),
        )]
        pub(crate) async fn $name(
            State(center): State<Arc<Center>>,
            client: Client,
            Submitted { key, body }: Submitted<$body>,
        ) -> Result<Answer, Problem> {
            let found = keep::submit(&center, &client, key, $kind(body)).await?;
            Ok(Answer::of(found, None)?)
        }
    )+};
}

submissions! {
    /// Opens a cash session.
    open_session, "/pos/cash-sessions", SubmitSession, Submission::OpenSession;
    /// Counts and closes a cash session: its Z report.
    close_session, "/pos/cash-sessions/close", SubmitClose, Submission::CloseSession;
    /// Puts money into a drawer or takes some out.
    move_cash, "/pos/cash-movements", SubmitCash, Submission::MoveCash;
    /// Moves an order on.
    move_order, "/pos/orders/status", SubmitOrderMove, Submission::MoveOrder;
    /// Asks to undo a sale.
    request_void, "/pos/voids", SubmitVoid, Submission::RequestVoid;
    /// Approves or rejects a request to undo a sale.
    decide_void, "/pos/voids/decision", SubmitVoidDecision, Submission::DecideVoid;
}
