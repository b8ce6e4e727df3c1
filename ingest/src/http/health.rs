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
    /// Set while the books must be recovered from an older backup, and why: nothing is
    /// numbered, published or taken at the direct door.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovery_needed: Option<String>,
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
    let recovery_needed = match books {
        Ok(Ok(needed)) => needed,
        _ => {
            ill.push("the books do not answer");
            None
        }
    };
    if !matches!(broker, Ok(Ok(()))) {
        ill.push("the broker does not answer");
    }
    if ill.is_empty() {
        Ok(Json(Healthy { status: "ok", recovery_needed }))
    } else {
        Err(Problem::unhealthy(ill.join("; ")))
    }
}

/// Why the books must be recovered, if they must.
async fn ping(center: &Center) -> Result<Option<String>, Refusal> {
    let mut books = center.begin().await?;
    let needs = store::recovery::needs(&mut books).await?;
    center.commit(books).await?;
    Ok(needs.into_iter().next().map(|need| need.reason))
}
