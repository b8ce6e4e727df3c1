//! The HTTP API for tills on the store's LAN.
//!
//! Every answer that is no success is `application/problem+json`
//! ([`problem`]); bodies, requests at once, their time and watchers are
//! bounded. The OpenAPI document is made from the handlers and served at
//! `/openapi.json`.

pub mod access;
pub mod auth;
pub mod problem;

mod catalogue;
mod drafts;
mod drawers;
mod held_sales;
mod imports;
mod khqr;
mod limits;
mod meters;
mod notifications;
mod orders;
mod paging;
mod people;
mod receipts;
mod request;
mod sales;
mod sessions;
mod sync;
mod tickets;
mod updates;
mod voids;

use std::{net::SocketAddr, sync::Arc};

use axum::{
    Router,
    extract::{ConnectInfo, DefaultBodyLimit, Request, State},
    http::{HeaderMap, HeaderValue, Method, Uri, header},
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::get,
};
use bytes::Bytes;
use telemetry::metrics::PrometheusHandle;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    https::trust::Trust,
    journal::{By, CatalogueInUse, Journal},
    khqr::Khqr,
    page::Page,
    people::{OperatorToken, SecretChecker},
    settings::{Limits, ReceiptSettings},
    standing::Standing,
    sync::Centre,
};
use meters::Meters;
use problem::{Code, Problem};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// What every handler works with.
#[derive(Clone)]
struct Api {
    journal: Journal,
    khqr: Arc<Khqr>,
    centre: Centre,
    standing: Standing,
    registry: PrometheusHandle,
    meters: Meters,
    receipts: Arc<ReceiptSettings>,
    checker: SecretChecker,
    operator: Option<OperatorToken>,
    watchers: Arc<Semaphore>,
    page: Page,
    trust: Option<Trust>,
    shutdown: CancellationToken,
}

impl Api {
    fn catalogue(&self) -> Option<Arc<CatalogueInUse>> {
        self.journal.catalogue().borrow().clone()
    }
}

impl From<&auth::Actor> for By {
    fn from(actor: &auth::Actor) -> Self {
        Self {
            device_id: actor.device_id,
            staff_id: actor.staff_id,
            approver: actor.role.is_approver(),
        }
    }
}

/// What the API works with beside the journal.
pub struct Parts {
    /// How the store stands.
    pub standing: Standing,
    /// The way to the centre.
    pub centre: Centre,
    /// The figures of `/metrics`.
    pub registry: PrometheusHandle,
    /// The token of whoever keeps the box.
    pub operator: Option<OperatorToken>,
    /// The till's page.
    pub page: Page,
    /// What people need to trust this edge, if it serves HTTPS.
    pub trust: Option<Trust>,
}

/// The whole API. Streams of updates end when `shutdown` is cancelled.
pub fn router(
    journal: Journal,
    parts: Parts,
    limits: &Limits,
    receipts: ReceiptSettings,
    shutdown: CancellationToken,
) -> Router {
    let Parts { standing, centre, registry, operator, page, trust } = parts;
    let api = Api {
        khqr: Arc::new(Khqr::new(centre.clone())),
        centre,
        meters: Meters::of(journal.identity().edge_id),
        journal,
        standing,
        registry,
        checker: SecretChecker::default(),
        operator,
        receipts: Arc::new(receipts),
        watchers: Arc::new(Semaphore::new(limits.watchers)),
        page,
        trust,
        shutdown,
    };
    let gate = limits::Gate::new(limits.requests_at_once, limits.request_timeout());
    let (served, document) = routes().split_for_parts();
    // The router is cloned for each connection: what it holds must be cheap to
    // clone. Writing the document cannot fail: it was made from types.
    let document = Bytes::from(serde_json::to_vec(&completed(document)).unwrap_or_default());
    served
        .route_layer(middleware::from_fn_with_state(api.clone(), auth::check))
        .route_layer(middleware::from_fn_with_state(gate, limits::pass))
        .route("/healthz", get(healthy))
        .route("/openapi.json", get(async move || ([(header::CONTENT_TYPE, JSON)], document)))
        .fallback(elsewhere)
        .method_not_allowed_fallback(not_allowed)
        .layer(DefaultBodyLimit::max(limits.body_bytes))
        .layer(CatchPanicLayer::custom(limits::panicked))
        .with_state(api)
}

/// What is served over plain HTTP beside HTTPS: everything to this box itself, and the
/// trust page and the way to HTTPS to everyone else.
pub fn plain(router: Router, trust: Trust) -> Router {
    router.layer(middleware::from_fn(
        move |ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request, next: Next| {
            let trust = trust.clone();
            async move {
                if peer.ip().to_canonical().is_loopback() {
                    return next.run(request).await;
                }
                let (method, uri, headers) = (request.method(), request.uri(), request.headers());
                trust.serve_plain(method, uri, headers).into_response()
            }
        },
    ))
}

/// The OpenAPI document of [`router`].
pub fn openapi() -> OpenApi {
    completed(routes().into_openapi())
}

/// What the types say, with what they cannot say.
fn completed(mut document: OpenApi) -> OpenApi {
    access::document(&mut document);
    schemas::openapi::complete(&mut document);
    document
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
        .routes(routes!(people::pair))
        .routes(routes!(people::log_in))
        .routes(routes!(people::log_out))
        .routes(routes!(people::me))
        .routes(routes!(sessions::open, sessions::list))
        .routes(routes!(drafts::put, drafts::read, drafts::discard))
        .routes(routes!(drawers::move_cash, drawers::movements))
        .routes(routes!(drawers::x))
        .routes(routes!(drawers::close))
        .routes(routes!(drawers::z))
        .routes(routes!(sales::quote))
        .routes(routes!(sales::finalize_sale))
        .routes(routes!(sales::mint))
        .routes(routes!(sales::receipt))
        .routes(routes!(held_sales::list))
        .routes(routes!(held_sales::accept))
        .routes(routes!(held_sales::reject))
        .routes(routes!(khqr::make))
        .routes(routes!(khqr::check))
        .routes(routes!(receipts::read))
        .routes(routes!(receipts::print))
        .routes(routes!(voids::request))
        .routes(routes!(voids::list))
        .routes(routes!(voids::approve))
        .routes(routes!(voids::reject))
        .routes(routes!(orders::list))
        .routes(routes!(orders::move_on))
        .routes(routes!(notifications::list))
        .routes(routes!(notifications::see))
        .routes(routes!(imports::take))
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

/// What is no route of the API: a place in the page, or one of its files.
async fn elsewhere(
    State(api): State<Api>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let path = uri.path();
    if path == "/v1" || path.starts_with("/v1/") {
        let detail = format!("{path} is not served here; see /openapi.json");
        return Err(Problem::new(Code::NotFound, detail));
    }
    if let Some(answer) = api.trust.as_ref().and_then(|trust| trust.serve(&method, path)) {
        return answer;
    }
    api.page.serve(&method, path, &headers).await
}

async fn not_allowed(method: Method, uri: Uri) -> Problem {
    Problem::new(Code::MethodNotAllowed, format!("{method} is not offered at {}", uri.path()))
}
