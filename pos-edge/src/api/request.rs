//! Reading requests, so that whatever is wrong with one is a [`Problem`].

use std::str::FromStr;

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, header, request::Parts},
};
use schemas::{TicketId, Timestamp, ids::InvalidId};
use serde::de::DeserializeOwned;

use super::problem::{Code, Problem};

/// A JSON body.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            let detail = "send Content-Type: application/json";
            return Err(Problem::new(Code::UnsupportedMediaType, detail));
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|rejection| {
            let code = if rejection.status() == Code::BodyTooLarge.status() {
                Code::BodyTooLarge
            } else {
                Code::MalformedJson
            };
            Problem::new(code, rejection.body_text())
        })?;
        schemas::json::parse(&bytes).map(Self).map_err(|error| {
            let code = if error.is_data() { Code::InvalidRequest } else { Code::MalformedJson };
            Problem::new(code, error.to_string())
        })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(declared) = declared else { return false };
    let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// The parameters of an address.
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|rejection| Problem::new(Code::InvalidQuery, rejection.body_text()))
    }
}

/// The ticket in an address; one that cannot be one is not found.
pub(super) struct TicketPath(pub(super) TicketId);

impl<S: Send + Sync> FromRequestParts<S> for TicketPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let not_found = |detail: String| Problem::new(Code::TicketNotFound, detail);
        let path = axum::extract::Path::<String>::from_request_parts(parts, state)
            .await
            .map_err(|rejection| not_found(rejection.body_text()))?;
        TicketId::parse(path.0).map(Self).map_err(|error| not_found(error.to_string()))
    }
}

/// A text in an address; what is no text is not found.
pub(super) struct TextPath(pub(super) String);

impl<S: Send + Sync> FromRequestParts<S> for TextPath {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        path.map(|path| Self(path.0))
            .map_err(|rejection| Problem::new(Code::NotFound, rejection.body_text()))
    }
}

/// An id in an address; what cannot be one is not found.
pub(super) struct IdPath<Id>(pub(super) Id);

impl<Id: FromStr<Err = InvalidId>, S: Send + Sync> FromRequestParts<S> for IdPath<Id> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let TextPath(path) = TextPath::from_request_parts(parts, state).await?;
        let not_found = |detail: String| Problem::new(Code::NotFound, detail);
        path.parse().map(Self).map_err(|error: InvalidId| not_found(error.to_string()))
    }
}

/// The header of a sale that its till completed by itself.
pub(super) const COMPLETED_OFFLINE_AT: &str = "completed-offline-at";

/// The `Completed-Offline-At` header, if there is one: when a till completed a
/// sale while it could not reach this edge (RFC 3339, UTC or with an offset).
pub(super) struct CompletedOfflineAt(pub(super) Option<Timestamp>);

impl<S: Send + Sync> FromRequestParts<S> for CompletedOfflineAt {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let invalid = |why: String| Problem::new(Code::InvalidCompletedAt, why);
        let mut values = parts.headers.get_all(COMPLETED_OFFLINE_AT).iter();
        let Some(value) = values.next() else { return Ok(Self(None)) };
        if values.next().is_some() {
            return Err(invalid("it is there twice".to_owned()));
        }
        let text = value.to_str().map_err(|error| invalid(error.to_string()))?;
        let at = Timestamp::parse(text.trim()).map_err(|error| invalid(error.to_string()))?;
        Ok(Self(Some(at)))
    }
}

/// The `Idempotency-Key` header: `"…"` as a structured string, or bare.
pub(super) struct IdempotencyKey(pub(super) TicketId);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let mut values = parts.headers.get_all("idempotency-key").iter();
        let Some(value) = values.next() else {
            return Err(Problem::new(
                Code::MissingIdempotencyKey,
                "send Idempotency-Key: <ticket>; keep the same one for every retry of this \
                 request. POST /v1/tickets/mint gives a fresh one",
            ));
        };
        let invalid = |why: String| Problem::new(Code::InvalidIdempotencyKey, why);
        if values.next().is_some() {
            return Err(invalid("it is there twice".to_owned()));
        }
        let text = value.to_str().map_err(|error| invalid(error.to_string()))?;
        TicketId::parse(unquote(text.trim())).map(Self).map_err(|error| invalid(error.to_string()))
    }
}

/// Takes a structured string (RFC 8941, 3.3.3) out of its quotes; anything else
/// is taken as it is.
fn unquote(text: &str) -> String {
    let Some(inner) =
        text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).filter(|_| text.len() >= 2)
    else {
        return text.to_owned();
    };
    let mut plain = String::with_capacity(inner.len());
    let mut escaped = false;
    for character in inner.chars() {
        if character == '\\' && !escaped {
            escaped = true;
        } else {
            plain.push(character);
            escaped = false;
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::unquote;

    #[test]
    fn keys_come_quoted_or_bare() {
        for (sent, key) in [
            ("pos-1-a", "pos-1-a"),
            ("\"pos-1-a\"", "pos-1-a"),
            (r#""a\"b\\c""#, r#"a"b\c"#),
            ("\"", "\""),
            ("\"\"", ""),
            ("a\"b\"", "a\"b\""),
        ] {
            assert_eq!(unquote(sent), key, "{sent}");
        }
    }
}
