//! The HTTP API: health, metrics, facts, and its own description at
//! `/openapi.json`. Every error is RFC 9457 problem+json.
//!
//! Whoever calls shows a token with scopes ([`access`], [`auth`]); every POST has
//! an `Idempotency-Key` ([`once`]).

pub mod access;

mod auth;
mod facts;
mod health;
mod office;
pub(crate) mod once;
mod paging;
mod problem;
pub(crate) mod request;
mod stores;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use axum::{
    Router,
    extract::{DefaultBodyLimit, Request, State},
    http::{HeaderValue, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use telemetry::metrics::PrometheusHandle;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use auth::Client;
pub use office::OfficeRefusal;
pub(crate) use problem::Problem;

use crate::{
    center::Center,
    door::{accounts, khqr, sessions, staffed},
};

/// The longest that a request may take, whatever it waits for.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest body taken, in bytes.
const MAX_BODY_BYTES: usize = 256 * 1024;
/// How long a stopping service waits for answers under way.
const GRACE: Duration = Duration::from_secs(5);

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
    const JSON: HeaderValue = HeaderValue::from_static("application/json");
    let (served, document) = routes().split_for_parts();
    // Writing the document cannot fail: it was made from types.
    let document = Bytes::from(serde_json::to_vec(&completed(document)).unwrap_or_default());
    served
        .route("/openapi.json", get(async move || ([(header::CONTENT_TYPE, JSON)], document)))
        .route(
            "/metrics",
            get(async move |State(center): State<Arc<Center>>| {
                stores::measure(center).await;
                ([(header::CONTENT_TYPE, telemetry::metrics::CONTENT_TYPE)], metrics.render())
            }),
        )
        .route_layer(middleware::from_fn_with_state(Arc::clone(&center), auth::check))
        .with_state(center)
        .fallback(|| async { Problem::no_such_page() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(middleware::from_fn(within_time))
        .layer(CatchPanicLayer::custom(|_| Problem::internal().into_response()))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
}

/// The OpenAPI document of the HTTP API.
pub fn openapi() -> OpenApi {
    completed(routes().into_openapi())
}

/// What the types say, with what they cannot say.
fn completed(mut document: OpenApi) -> OpenApi {
    access::document(&mut document);
    schemas::openapi::complete(&mut document);
    document
}

fn routes() -> OpenApiRouter<Arc<Center>> {
    let info = InfoBuilder::new()
        .title("tillstream ingest")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The centre's door for back offices and other clients. Money is a decimal string. \
             Problems are RFC 9457 `application/problem+json` with a stable `code`. Every POST \
             has an `Idempotency-Key`: the same request again gets the first answer.",
        ))
        .build();
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build())
        .routes(routes!(crate::door::post_sale))
        .routes(routes!(khqr::make))
        .routes(routes!(khqr::check))
        .routes(routes!(accounts::get_account, accounts::put_account))
        .routes(routes!(staffed::open_session))
        .routes(routes!(staffed::close_session))
        .routes(routes!(sessions::x))
        .routes(routes!(staffed::move_cash))
        .routes(routes!(staffed::move_order))
        .routes(routes!(staffed::request_void))
        .routes(routes!(staffed::decide_void))
        .routes(routes!(crate::door::get_status))
        .routes(routes!(facts::list))
        .routes(routes!(health::check))
        .merge(office::routes())
}

/// Transactions are in tasks of their own, so giving up here cancels none.
async fn within_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => Problem::from(crate::Refusal::TooSlow).into_response(),
    }
}
