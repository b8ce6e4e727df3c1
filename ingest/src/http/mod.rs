//! The HTTP API: health, metrics, facts, and its own description at
//! `/openapi.json`. Every error is RFC 9457 problem+json.

mod facts;
mod health;
mod problem;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request},
    http::header,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use telemetry::metrics::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use problem::Problem;

use crate::center::Center;

/// The longest that a request may take, whatever it waits for.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest body taken, in bytes; nothing here needs one.
const MAX_BODY_BYTES: usize = 16 * 1024;
/// How long a stopping service waits for answers under way.
const GRACE: Duration = Duration::from_secs(5);

#[derive(OpenApi)]
#[openapi(info(
    title = "tillstream ingest",
    description = "The centre's door: facts of a branch, health and metrics."
))]
struct Api;

/// Serves until `shutdown`.
///
/// # Errors
/// If the listener breaks.
pub(crate) async fn serve(
    center: Arc<Center>,
    metrics: PrometheusHandle,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    let stopping = shutdown.clone();
    let serving = axum::serve(listener, router(center, metrics))
        .with_graceful_shutdown(async move { stopping.cancelled().await });
    tokio::select! {
        outcome = async { serving.await } => outcome.context("the HTTP API broke"),
        () = async { shutdown.cancelled().await; tokio::time::sleep(GRACE).await } => Ok(()),
    }
}

pub(crate) fn router(center: Arc<Center>, metrics: PrometheusHandle) -> Router {
    let (router, api) = OpenApiRouter::with_openapi(Api::openapi())
        .routes(routes!(facts::list))
        .routes(routes!(health::check))
        .with_state(center)
        .split_for_parts();
    router
        .route("/openapi.json", get(move || async move { Json(api) }))
        .route(
            "/metrics",
            get(move || async move {
                ([(header::CONTENT_TYPE, telemetry::metrics::CONTENT_TYPE)], metrics.render())
            }),
        )
        .fallback(|| async { Problem::no_such_page() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(middleware::from_fn(within_time))
        .layer(CatchPanicLayer::custom(|_| Problem::internal().into_response()))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// Transactions are in tasks of their own, so giving up here cancels none.
async fn within_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::from(crate::Refusal::TooSlow).into_response(),
    }
}
