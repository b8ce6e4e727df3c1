//! The HTTP API for tills on the store's LAN.
//!
//! Every answer that is no success is `application/problem+json`
//! ([`problem`]); bodies, requests at once, their time and watchers are
//! bounded. The OpenAPI document is made from the handlers and served at
//! `/openapi.json`.

pub mod problem;

mod catalogue;
mod limits;
mod meters;
mod receipts;
mod request;
mod sales;
mod sessions;
mod sync;
mod tickets;
mod updates;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    http::{HeaderValue, Method, Uri, header},
    middleware,
    routing::get,
};
use bytes::Bytes;
use schemas::DeviceId;
use telemetry::metrics::PrometheusHandle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    journal::{CatalogueInUse, Journal},
    settings::{Limits, ReceiptSettings},
    standing::Standing,
};
use meters::Meters;
use problem::{Code, Problem};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What every handler works with.
#[derive(Clone)]
struct Api {
    journal: Journal,
    standing: Standing,
    registry: PrometheusHandle,
    meters: Meters,
    receipts: Arc<ReceiptSettings>,
    watchers: Arc<Semaphore>,
    shutdown: CancellationToken,
}

impl Api {
    fn catalogue(&self) -> Option<Arc<CatalogueInUse>> {
        self.journal.catalogue().borrow().clone()
    }

    fn knows(&self, device: DeviceId) -> bool {
        self.catalogue().is_some_and(|used| used.index.device(device).is_some())
    }
}

/// The whole API. Streams of updates end when `shutdown` is cancelled.
pub fn router(
    journal: Journal,
    standing: Standing,
    registry: PrometheusHandle,
    limits: &Limits,
    receipts: ReceiptSettings,
    shutdown: CancellationToken,
) -> Router {
    let api = Api {
        meters: Meters::of(journal.identity().edge_id),
        journal,
        standing,
        registry,
        receipts: Arc::new(receipts),
        watchers: Arc::new(Semaphore::new(limits.watchers)),
        shutdown,
    };
    let gate = limits::Gate::new(limits.requests_at_once, limits.request_timeout());
    let (served, document) = routes().split_for_parts();
    // The router is cloned for each connection: what it holds must be cheap to
    // clone. Writing the document cannot fail: it was made from types.
    let document = Bytes::from(serde_json::to_vec(&document).unwrap_or_default());
    served
        .route_layer(middleware::from_fn_with_state(gate, limits::pass))
        .route("/healthz", get(healthy))
        .route("/openapi.json", get(async move || ([(header::CONTENT_TYPE, JSON)], document)))
        .fallback(not_found)
        .method_not_allowed_fallback(not_allowed)
        .layer(DefaultBodyLimit::max(limits.body_bytes))
        .layer(CatchPanicLayer::custom(limits::panicked))
        .with_state(api)
}

/// The OpenAPI document of [`router`].
pub fn openapi() -> OpenApi {
    routes().into_openapi()
}

fn routes() -> OpenApiRouter<Api> {
    let info = InfoBuilder::new()
        .title("tillstream edge")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "What tills on a store's LAN ask of their edge. Money is a decimal string. \
             Problems are RFC 9457 `application/problem+json` with a stable `code`.",
        ))
        .build();
    OpenApiRouter::with_openapi(OpenApiBuilder::new().info(info).build())
        .routes(routes!(sessions::open, sessions::list))
        .routes(routes!(sales::quote))
        .routes(routes!(sales::finalize_sale))
        .routes(routes!(sales::mint))
        .routes(routes!(sales::receipt))
        .routes(routes!(receipts::read))
        .routes(routes!(receipts::print))
        .routes(routes!(tickets::list))
        .routes(routes!(tickets::read))
        .routes(routes!(catalogue::read))
        .routes(routes!(catalogue::stock))
        .routes(routes!(sync::read))
        .routes(routes!(updates::watch))
        .routes(routes!(meters::read))
}

/// Serving at all is what this says; whether it may sell is in `/v1/sync`.
async fn healthy() -> &'static str {
    "ok\n"
}

async fn not_found(uri: Uri) -> Problem {
    Problem::new(Code::NotFound, format!("{} is not served here; see /openapi.json", uri.path()))
}

async fn not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::new(Code::MethodNotAllowed, format!("{method} is not offered at {}", uri.path()))
}
