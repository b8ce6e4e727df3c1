//! The stand-in's HTTP.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{ConnectInfo, DefaultBodyLimit, State as Shared},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::net::TcpListener;

use super::{
    Behaviour, EMAIL, Payment, answers,
    state::State,
    wire::{Wire, WireListener},
};

/// The longest request, in bytes.
const MAX_BODY: usize = 16 * 1024;

/// Serves until it is aborted.
pub(super) async fn serve(listener: TcpListener, state: Arc<State>) {
    let listener = WireListener::new(listener, state.closed());
    let routes = Router::new()
        .route("/v1/check_transaction_by_md5", post(check))
        .route("/v1/renew_token", post(renew))
        .route("/stand-in/pay", post(pay))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .with_state(state);
    let service = routes.into_make_service_with_connect_info::<Wire>();
    if let Err(error) = axum::serve(listener, service).await {
        tracing::warn!(%error, "the stand-in of Bakong ended");
    }
}

#[derive(Deserialize)]
struct Check {
    md5: String,
}

async fn check(
    Shared(state): Shared<Arc<State>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    headers: HeaderMap,
    Json(Check { md5 }): Json<Check>,
) -> Response {
    // Before the check is counted, so that whoever saw it counted can let it go.
    let mut released = state.released();
    let behaviour = state.checked(&md5);
    if behaviour == Behaviour::Slow {
        let _ = released.changed().await;
    }
    if let Some(answer) = odd(&behaviour, &wire) {
        return answer;
    }
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if !state.takes_token(bearer) {
        return answers::token_invalid();
    }
    match behaviour {
        Behaviour::NotFound => answers::not_found(),
        Behaviour::Failed => answers::failed(),
        _ => state.paid(&md5).map_or_else(answers::not_found, answers::transaction),
    }
}

#[derive(Deserialize)]
struct Renewal {
    email: String,
}

async fn renew(
    Shared(state): Shared<Arc<State>>,
    ConnectInfo(wire): ConnectInfo<Wire>,
    Json(Renewal { email }): Json<Renewal>,
) -> Response {
    let mut released = state.released();
    let behaviour = state.renewal_asked();
    if behaviour == Behaviour::Slow {
        let _ = released.changed().await;
    }
    if let Some(answer) = odd(&behaviour, &wire) {
        return answer;
    }
    let unknown = matches!(behaviour, Behaviour::NotFound | Behaviour::Failed);
    if unknown || email != EMAIL {
        return answers::not_registered();
    }
    answers::token(state.renew_token())
}

/// The answers that do not depend on what is asked.
fn odd(behaviour: &Behaviour, wire: &Wire) -> Option<Response> {
    Some(match behaviour {
        Behaviour::Honest | Behaviour::NotFound | Behaviour::Failed | Behaviour::Slow => {
            return None;
        }
        Behaviour::TokenInvalid => answers::token_invalid(),
        Behaviour::DailyLimit => answers::daily_limit(),
        Behaviour::TooManyRequests => answers::raw(429, r#"{"message":"Too Many Requests"}"#),
        Behaviour::ForbiddenHtml => answers::forbidden_html(),
        Behaviour::ServerError => answers::raw(503, r#"{"message":"Service Unavailable"}"#),
        Behaviour::Closed => {
            wire.cut();
            answers::raw(500, "")
        }
        Behaviour::Raw { status, body } => answers::raw(*status, body.as_str()),
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Pay {
    md5: String,
    #[serde(default)]
    from_account_id: Option<String>,
    #[serde(default)]
    to_account_id: Option<String>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    amount: Option<Box<RawValue>>,
}

#[derive(Serialize)]
struct Paid {
    hash: String,
}

async fn pay(Shared(state): Shared<Arc<State>>, Json(pay): Json<Pay>) -> Response {
    let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if pay.md5.len() != 32 || !pay.md5.bytes().all(hex) {
        return (StatusCode::BAD_REQUEST, "md5 is not 32 lower-case hex digits\n").into_response();
    }
    let payment = Payment {
        from_account_id: pay.from_account_id,
        to_account_id: pay.to_account_id,
        currency: pay.currency,
        // A string is as good as a number.
        amount: pay.amount.map(|amount| amount.get().trim_matches('"').to_owned()),
    };
    Json(Paid { hash: state.pay(&pay.md5, payment) }).into_response()
}
