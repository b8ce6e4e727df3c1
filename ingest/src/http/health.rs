//! `GET /healthz`: whether this process can do its work.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;

use super::Problem;
use crate::{
    Refusal,
    center::{Center, uncancelled},
};

/// How long the books and the broker may take to show that they are there.
const PATIENCE: Duration = Duration::from_secs(2);

/// All is well.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Healthy {
    /// `ok`.
    status: &'static str,
}

/// Asks the books and the broker for a round trip each.
#[utoipa::path(
    get,
    path = "/healthz",
    responses(
        (status = 200, description = "The books and the broker answer.", body = Healthy),
        (status = 503, description = "One of them does not.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn check(State(center): State<Arc<Center>>) -> Result<Json<Healthy>, Problem> {
    let asking = Arc::clone(&center);
    let books = tokio::time::timeout(PATIENCE, uncancelled(async move { ping(&asking).await }));
    let broker = tokio::time::timeout(PATIENCE, center.bus.check());
    let (books, broker) = tokio::join!(books, broker);
    let mut ill = Vec::new();
    if !matches!(books, Ok(Ok(()))) {
        ill.push("the books do not answer");
    }
    if !matches!(broker, Ok(Ok(()))) {
        ill.push("the broker does not answer");
    }
    if ill.is_empty() {
        Ok(Json(Healthy { status: "ok" }))
    } else {
        Err(Problem::unhealthy(ill.join("; ")))
    }
}

async fn ping(center: &Center) -> Result<(), Refusal> {
    let mut books = center.begin().await?;
    store::pool::ping(&mut books).await?;
    center.commit(books).await
}
