//! Errors as responses: the only file of this service that knows status codes.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Refusal;

/// An error as RFC 9457 `application/problem+json`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `urn:tillstream:problem:<code>`: stable, for programs.
    #[serde(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// What happened, for people.
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:tillstream:problem:{code}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
        }
    }

    pub(crate) fn no_such_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no_such_page", "there is nothing at this address")
    }

    pub(crate) fn method_not_allowed() -> Self {
        let detail = "this address does not take that method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    pub(crate) fn internal() -> Self {
        let detail = "something broke here; the service's log says what";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    pub(crate) fn unhealthy(detail: String) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unhealthy", detail)
    }
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::BadSubject(_) | Refusal::Malformed(_) | Refusal::BadParameter(_) => {
            StatusCode::BAD_REQUEST
        }
        Refusal::NotEnrolled(_) | Refusal::NotActive(_) | Refusal::NotOfThisBranch(_) => {
            StatusCode::FORBIDDEN
        }
        Refusal::NoCatalogue(_) | Refusal::NoSuchBranch(_) => StatusCode::NOT_FOUND,
        Refusal::Khqr(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::TooSlow => StatusCode::GATEWAY_TIMEOUT,
        Refusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::Books(_) | Refusal::Broker(_) if refusal.passes() => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Refusal::Books(_) | Refusal::Broker(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        if refusal.is_ours() {
            let cause = std::error::Error::source(&refusal).map(ToString::to_string);
            tracing::error!(code = refusal.code(), cause, "{refusal}");
        }
        Self::new(status(&refusal), refusal.code(), refusal.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use bus::BusError;
    use schemas::{BranchId, EdgeId};

    use super::*;

    #[test]
    fn every_refusal_has_its_status_and_code() {
        let edge: EdgeId = "33333333-3333-4333-8333-333333333333".parse().expect("an id");
        let branch: BranchId = "22222222-2222-4222-8222-222222222222".parse().expect("an id");
        let bad_id = "x".parse::<EdgeId>().expect_err("no id");
        let bad_json = serde_json::from_str::<u8>("x").expect_err("no JSON");
        let damage = store::Error::corrupt("edge.state", "ODD");
        let cases = [
            (Refusal::BadSubject(bad_id), 400, "bad_subject"),
            (Refusal::Malformed(bad_json), 400, "malformed"),
            (Refusal::BadParameter("limit".to_owned()), 400, "bad_parameter"),
            (Refusal::NotEnrolled(edge), 403, "edge_not_enrolled"),
            (Refusal::NotActive(edge), 403, "edge_not_active"),
            (Refusal::NotOfThisBranch(edge), 403, "edge_not_of_this_branch"),
            (Refusal::NoCatalogue(branch), 404, "no_catalogue"),
            (Refusal::NoSuchBranch(branch), 404, "no_such_branch"),
            (Refusal::Busy, 503, "busy"),
            (Refusal::TooSlow, 504, "too_slow"),
            (Refusal::Books(damage), 500, "internal"),
            (Refusal::Broker(BusError::Disconnected), 503, "broker_unavailable"),
        ];
        for (refusal, status, code) in cases {
            let text = refusal.to_string();
            let problem = Problem::from(refusal);
            assert_eq!(problem.status, status, "{text}");
            assert_eq!(problem.kind, format!("urn:tillstream:problem:{code}"), "{text}");
            assert_eq!(problem.detail, text);
            let response = problem.into_response();
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
            assert_eq!(response.headers().contains_key(header::RETRY_AFTER), status == 503);
        }
    }
}
