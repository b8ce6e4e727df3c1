//! Reading requests, so that whatever is wrong with one is a [`Problem`].

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
};
use schemas::{Sha256Hash, TicketId};
use serde::de::DeserializeOwned;

use super::{Client, Problem};
use crate::Refusal;

/// A JSON body.
pub(crate) struct Body<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        if !is_json(request.headers()) {
            return Err(Refusal::NotJson.into());
        }
        Ok(parse(&read(request, state).await?).map(Self)?)
    }
}

/// What makes a POST the same as one before.
#[derive(Clone)]
pub(crate) struct Key {
    /// The `Idempotency-Key`.
    pub(crate) key: TicketId,
    /// The hash of who asks, what and with which body.
    pub(crate) request_hash: Sha256Hash,
}

/// A POST with its key and its JSON body; no body is read as `null`.
pub(crate) struct Keyed<T> {
    /// What makes it the same as one before.
    pub(crate) meta: Key,
    /// The body.
    pub(crate) body: T,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Keyed<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let key = idempotency_key(request.headers())?;
        let (mut parts, body) = request.into_parts();
        let client = Client::from_request_parts(&mut parts, state).await?;
        let asked = format!("{} {}", parts.method, parts.uri.path());
        let has_json = is_json(&parts.headers);
        let bytes = read(Request::from_parts(parts, body), state).await?;
        if !bytes.is_empty() && !has_json {
            return Err(Refusal::NotJson.into());
        }
        let request_hash = client.hash_with_secret(&[asked.as_bytes(), &bytes]);
        let body = parse(if bytes.is_empty() { b"null" } else { &bytes })?;
        Ok(Self { meta: Key { key, request_hash }, body })
    }
}

/// A request at the direct door with its `Idempotency-Key`. Unlike [`Keyed`] its
/// first answer is not kept: its outcome is.
pub(crate) struct Submitted<T> {
    /// The key: the ticket.
    pub(crate) key: TicketId,
    /// The body.
    pub(crate) body: T,
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Submitted<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let key = idempotency_key(request.headers())?;
        let Body(body) = Body::from_request(request, state).await?;
        Ok(Self { key, body })
    }
}

async fn read<S: Send + Sync>(request: Request, state: &S) -> Result<Bytes, Refusal> {
    Bytes::from_request(request, state).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            Refusal::BodyTooLarge
        } else {
            Refusal::BadParameter(rejection.body_text())
        }
    })
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    schemas::json::parse(bytes).map_err(|error| {
        if error.is_data() { Refusal::InvalidBody(error) } else { Refusal::Malformed(error) }
    })
}

/// Refuses an address with U+0000 in it.
fn check_address(parts: &Parts) -> Result<(), Refusal> {
    if parts.uri.to_string().contains("%00") {
        return Err(Refusal::BadParameter("it holds the character U+0000".to_owned()));
    }
    Ok(())
}

fn is_json(headers: &HeaderMap) -> bool {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let Some(declared) = declared else { return false };
    let essence = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

/// The parameters after the `?` of an address.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        check_address(parts)?;
        axum::extract::Query::try_from_uri(&parts.uri)
            .map(|query| Self(query.0))
            .map_err(|rejection| Refusal::BadParameter(rejection.body_text()).into())
    }
}

/// The parameters in an address.
pub(crate) struct Path<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        check_address(parts)?;
        axum::extract::Path::from_request_parts(parts, state)
            .await
            .map(|path| Self(path.0))
            .map_err(|rejection| Refusal::BadParameter(rejection.body_text()).into())
    }
}

/// The `Idempotency-Key` header: `"…"` as a structured string (RFC 8941), or bare.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<TicketId, Refusal> {
    let mut values = headers.get_all("idempotency-key").iter();
    let value = values.next().ok_or(Refusal::KeyMissing)?;
    if values.next().is_some() {
        return Err(Refusal::BadKey("it is there twice".to_owned()));
    }
    let text = value.to_str().map_err(|error| Refusal::BadKey(error.to_string()))?.trim();
    let bare = text.strip_prefix('"').and_then(|text| text.strip_suffix('"')).unwrap_or(text);
    TicketId::parse(bare).map_err(|error| Refusal::BadKey(error.why))
}
