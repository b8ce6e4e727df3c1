//! What keeps one till from taking the edge away from the others.

use std::{sync::Arc, time::Duration};

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use tokio::sync::Semaphore;

use super::problem::{Code, Problem};

/// Requests at once, and how long one may take.
#[derive(Clone)]
pub(super) struct Gate {
    places: Arc<Semaphore>,
    patience: Duration,
}

impl Gate {
    pub(super) fn new(requests: usize, patience: Duration) -> Self {
        Self { places: Arc::new(Semaphore::new(requests)), patience }
    }
}

/// Lets a request in if there is a place, and gives up on it after a while.
/// A capture that is given up on is still made or not made as a whole; the
/// till learns which by asking again under the same ticket.
pub(super) async fn pass(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let Ok(_place) = gate.places.try_acquire() else {
        let detail = "too many requests are being served; try again with the same ticket";
        return Problem::new(Code::TooBusy, detail).into_response();
    };
    match tokio::time::timeout(gate.patience, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(
            Code::TimedOut,
            "whether it was done is not known; try again with the same ticket",
        )
        .into_response(),
    }
}

/// What a panic is answered with.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands it over by value")]
pub(super) fn panicked(panic: Box<dyn std::any::Any + Send + 'static>) -> Response {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("nothing");
    tracing::error!(panic = said, "a request panicked");
    let detail = "the request could not be served; try again with the same ticket";
    Problem::new(Code::Internal, detail).into_response()
}
