//! POSTs by their key: the first answer is kept in the transaction of the effect,
//! so that there are both or neither, and a repeated request gets it back.
//!
//! A handler begins with [`answered`] and ends with [`answer`], in one
//! transaction. Two requests under one key at once wait for each other there. A
//! refusal changes nothing and is not kept: its key is still free.

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemas::TenantId;
use serde::{Serialize, de::DeserializeOwned};
use store::{
    Conn,
    api_requests::{self, Answered},
};

use super::{Client, request::Key};
use crate::{Refusal, center::Center};

/// An answer to a POST.
pub(crate) struct Answer(Answered);

/// The first answer under the request's key, if there was one. From here on
/// nobody else works under the key until the transaction ends.
///
/// # Errors
/// [`Refusal::KeyReused`] if the key was used for another request.
pub(crate) async fn answered(
    books: &mut Conn,
    client: &Client,
    request: &Key,
) -> Result<Option<Answer>, Refusal> {
    let tenant_id: TenantId = client.tenant_id();
    let known = api_requests::take_key(books, tenant_id, request.key.as_str()).await?;
    match known {
        Some(known) if known.request_hash != request.request_hash => Err(Refusal::KeyReused),
        known => Ok(known.map(Answer)),
    }
}

/// Keeps the answer, to be committed with what it tells.
///
/// # Errors
/// If the books cannot keep it.
pub(crate) async fn answer(
    center: &Center,
    books: &mut Conn,
    client: &Client,
    request: &Key,
    status: StatusCode,
    location: Option<String>,
    body: &impl Serialize,
) -> Result<Answer, Refusal> {
    let answered = Answered {
        request_hash: request.request_hash,
        status: status.as_u16(),
        location,
        body: serde_json::to_vec(body).map_err(Refusal::Malformed)?,
    };
    let (tenant_id, key) = (client.tenant_id(), request.key.as_str());
    api_requests::keep(books, tenant_id, key, &answered, center.now()).await?;
    Ok(Answer(answered))
}

impl Answer {
    /// What was answered, read back.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.0.body)
            .map_err(|error| store::Error::corrupt("api_request.body", error).into())
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        let Answered { status, location, body, .. } = self.0;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
        let mut response = (status, [(header::CONTENT_TYPE, JSON)], body).into_response();
        if let Some(Ok(location)) = location.map(HeaderValue::try_from) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}
