//! POSTs by their key: the first answer is kept in the transaction of the effect,
//! so that there are both or neither, and a repeated request gets it back.
//!
//! A refusal by what the books say is such an answer too: it is kept without any
//! effect, and the same request is refused the same however the books are by then.
//! What is wrong with a request by itself, and what passes, is not kept: its key is
//! still free. Two requests under one key at once wait for each other.

use std::sync::Arc;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::future::BoxFuture;
use schemas::{TenantId, TicketId};
use serde::{Serialize, de::DeserializeOwned};
use store::{
    Conn,
    api_requests::{self, Answered},
    savepoint,
};

use super::{Client, Problem, request::Key};
use crate::{
    Refusal,
    center::{Center, within_time},
};

/// What came of a POST, to be told and kept.
pub(crate) struct Done {
    status: StatusCode,
    location: Option<String>,
    body: Vec<u8>,
}

impl Done {
    /// It was done.
    ///
    /// # Errors
    /// [`Refusal::Malformed`] if the body cannot be written.
    pub(crate) fn new(status: StatusCode, body: &impl Serialize) -> Result<Self, Refusal> {
        Ok(Self { status, location: None, body: serde_json::to_vec(body)? })
    }

    /// What it made has an address.
    pub(crate) fn at(self, location: String) -> Self {
        Self { location: Some(location), ..self }
    }

    fn refused(refusal: Refusal) -> Result<Self, Refusal> {
        let problem = Problem::from(refusal);
        Self::new(problem.status(), &problem)
    }
}

/// What the work of a POST is done with.
pub(crate) struct Turn<'c> {
    /// What every way in shares.
    pub(crate) center: &'c Center,
    /// Who asks.
    pub(crate) client: &'c Client,
    /// The transaction.
    pub(crate) books: &'c mut Conn,
    /// The key.
    pub(crate) key: &'c TicketId,
}

/// An answer to a POST.
pub(crate) struct Answer(Answered);

/// Does `work` in a transaction and keeps its answer there, or gives the first
/// answer under the request's key.
///
/// # Errors
/// [`Refusal::KeyReused`] if the key was used for another request; what `work`
/// refuses by nothing that the books say.
pub(crate) async fn once<W>(
    center: Arc<Center>,
    client: Client,
    request: Key,
    work: W,
) -> Result<Answer, Refusal>
where
    W: for<'c> FnOnce(Turn<'c>) -> BoxFuture<'c, Result<Done, Refusal>> + Send + 'static,
{
    let permit = center.enter()?;
    within_time(async move {
        // Held until the work is done, also if nobody waits for it any more.
        let _permit = permit;
        let mut books = center.begin().await?;
        if let Some(answer) = answered(&mut books, &client, &request).await? {
            return Ok(answer);
        }
        savepoint::set(&mut books).await?;
        let turn = Turn { center: &center, client: &client, books: &mut books, key: &request.key };
        let done = match work(turn).await {
            Ok(done) => {
                savepoint::keep(&mut books).await?;
                done
            }
            Err(refusal) if refusal.is_by_the_books() => {
                savepoint::undo(&mut books).await?;
                Done::refused(refusal)?
            }
            Err(refusal) => return Err(refusal),
        };
        let answer = keep(&center, &mut books, &client, &request, done).await?;
        center.commit(books).await?;
        Ok(answer)
    })
    .await
}

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

async fn keep(
    center: &Center,
    books: &mut Conn,
    client: &Client,
    request: &Key,
    done: Done,
) -> Result<Answer, Refusal> {
    let Done { status, location, body } = done;
    let request_hash = request.request_hash;
    let answered = Answered { request_hash, status: status.as_u16(), location, body };
    let (tenant_id, key) = (client.tenant_id(), request.key.as_str());
    api_requests::keep(books, tenant_id, key, &answered, center.now()).await?;
    Ok(Answer(answered))
}

impl Answer {
    /// Whether it is a refusal.
    pub(crate) const fn is_refusal(&self) -> bool {
        self.0.status >= 400
    }

    /// What was answered, read back.
    pub(crate) fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_slice(&self.0.body)
            .map_err(|error| store::Error::corrupt("api_request.body", error).into())
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        const JSON: HeaderValue = HeaderValue::from_static("application/json");
        const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
        let content_type = if self.is_refusal() { PROBLEM } else { JSON };
        let Answered { status, location, body, .. } = self.0;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, [(header::CONTENT_TYPE, content_type)], body).into_response();
        if let Some(Ok(location)) = location.map(HeaderValue::try_from) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        response
    }
}
