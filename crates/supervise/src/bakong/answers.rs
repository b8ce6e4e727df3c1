//! The texts of Bakong's answers.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use serde_json::value::RawValue;

use super::state::Transaction;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<T> {
    response_code: u8,
    response_message: &'static str,
    error_code: Option<u16>,
    data: Option<T>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct TransactionData {
    hash: String,
    from_account_id: Option<String>,
    to_account_id: Option<String>,
    currency: Option<String>,
    amount: Option<Box<RawValue>>,
    description: Option<String>,
    created_date_ms: Option<i64>,
    acknowledged_date_ms: Option<i64>,
}

#[derive(Serialize)]
struct TokenData {
    token: String,
}

pub(super) fn transaction(Transaction { hash, payment }: Transaction) -> Response {
    let data = TransactionData {
        hash,
        from_account_id: payment.from_account_id,
        to_account_id: payment.to_account_id,
        currency: payment.currency,
        amount: payment.amount.as_deref().and_then(digit_for_digit),
        description: None,
        created_date_ms: None,
        acknowledged_date_ms: None,
    };
    ok("Getting transaction successfully.", data)
}

pub(super) fn token(token: String) -> Response {
    ok("Token has been issued", TokenData { token })
}

pub(super) fn not_found() -> Response {
    refused(1, "Transaction could not be found. Please check and try again.")
}

pub(super) fn failed() -> Response {
    refused(3, "Transaction failed.")
}

pub(super) fn token_invalid() -> Response {
    refused(6, "Unauthorized, not yet requested for token or code invalid")
}

pub(super) fn not_registered() -> Response {
    refused(10, "Not registered yet")
}

pub(super) fn daily_limit() -> Response {
    refused(17, "Daily request limit of 100 exceeded")
}

pub(super) fn raw(status: u16, body: impl Into<String>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let json = HeaderValue::from_static("application/json");
    (status, [(header::CONTENT_TYPE, json)], body.into()).into_response()
}

pub(super) fn forbidden_html() -> Response {
    let page = "<html><head><title>403 Forbidden</title></head>\
        <body><center><h1>403 Forbidden</h1></center></body></html>";
    (StatusCode::FORBIDDEN, axum::response::Html(page)).into_response()
}

fn ok(response_message: &'static str, data: impl Serialize) -> Response {
    let answer = Answer { response_code: 0, response_message, error_code: None, data: Some(data) };
    axum::Json(answer).into_response()
}

fn refused(error_code: u16, response_message: &'static str) -> Response {
    let answer = Answer::<()> {
        response_code: 1,
        response_message,
        error_code: Some(error_code),
        data: None,
    };
    axum::Json(answer).into_response()
}

/// A number as it was written, anything else as a string.
fn digit_for_digit(amount: &str) -> Option<Box<RawValue>> {
    let number = serde_json::from_str::<serde_json::Number>(amount).is_ok();
    let json = if number { amount.to_owned() } else { serde_json::to_string(amount).ok()? };
    RawValue::from_string(json).ok()
}
