//! Quotes, sales and receipts.

use std::time::Instant;

use axum::{
    Json,
    extract::State,
    http::{HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemas::{
    TicketId,
    edge_api::{
        Cart, FinalizeSale, HeldSale, HeldState, Problem as ProblemBody, Quote, SaleReceipt,
    },
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    Api, JSON,
    auth::Seller,
    problem::{Code, Problem},
    request::{Body, CompletedOfflineAt, IdempotencyKey, TicketPath},
};
use crate::{
    capture::{self, Answer, Completed},
    journal::{By, Refusal},
};

const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A fresh ticket.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct MintedTicket {
    /// `pos-<unix ms>-<random>`
    #[serde(rename = "ticketId")]
    ticket_id: TicketId,
}

/// Price a cart
///
/// With the catalogue in use. Nothing is kept.
#[utoipa::path(
    post, path = "/v1/quotes", tag = "sales",
    request_body = Cart,
    responses(
        (status = 200, body = Quote),
        (status = 422, description = "invalid_cart, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "no_catalogue", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn quote(
    State(api): State<Api>,
    Body(cart): Body<Cart>,
) -> Result<Json<Quote>, Problem> {
    capture::quote(&api.journal, &cart).map(Json).map_err(Problem::of_sale)
}

/// Complete a sale
///
/// Answered when the sale is on this store's disk. A retry under the same
/// ticket with the same body gets the same answer, with the header
/// `Idempotent-Replayed: true`; with another body it is refused. A till that
/// completed the sale by itself while it could not reach this edge says when in
/// `Completed-Offline-At`: if the session was closed since, the sale becomes a
/// numbered supplement to its Z report, which stands.
///
/// A till that prices by itself says in `shown` what the customer was told. Online the
/// sale is refused if the figures are others by now. Of a sale for cash with
/// `Completed-Offline-At` they stand: it is a fact, and nothing but a contradiction in
/// itself refuses it. It needs the token of its till only. One of a till that was
/// revoked or is not known, or that fits no session of its till, is held for a manager:
/// it is on this store's disk, the answer is 202, and every retry tells where it stands.
///
/// A sale that is paid by KHQR is the cart that its ticket's code locked, at the
/// figures of that code, and the tender states the code's amount; the payment must
/// be confirmed.
#[utoipa::path(
    post, path = "/v1/sales", tag = "sales",
    params(
        ("Idempotency-Key" = String, Header, description = "The ticket: 1 to 128 visible ASCII characters, quoted or bare"),
        ("Completed-Offline-At" = Option<String>, Header, description = "When the till completed it, RFC 3339"),
    ),
    request_body = FinalizeSale,
    responses(
        (status = 200, description = "A manager rejected it: it is kept, and is no sale", body = HeldSale),
        (status = 201, body = SaleReceipt),
        (status = 202, description = "It is held for a manager", body = HeldSale),
        (status = 400, description = "missing_idempotency_key, invalid_idempotency_key, malformed_json", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "not_yours", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "figures_changed, no_open_session, draft_of_another_context, khqr_not_confirmed, khqr_cart_changed", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "pruned", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "ticket_conflict, invalid_completed_at, invalid_cart, not_enough_received, invalid_tender, sale_too_large, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "no_catalogue, journal_rolled_back, storage_failed, too_many_held, too_busy, timed_out", body = ProblemBody, content_type = "application/problem+json"),
        (status = 507, description = "storage_full", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn finalize_sale(
    State(api): State<Api>,
    seller: Seller,
    IdempotencyKey(ticket): IdempotencyKey,
    CompletedOfflineAt(completed_offline_at): CompletedOfflineAt,
    Body(request): Body<FinalizeSale>,
) -> Result<Response, Problem> {
    let started = Instant::now();
    let completed = match (seller, capture::figures_of_fact(&request)) {
        (Seller::Deliverer(deliverer, _), Some(shown)) => {
            let brought = capture::FactBrought { ticket, request: &request, shown, deliverer };
            capture::complete_fact(&api.journal, brought).await
        }
        (Seller::Person(actor) | Seller::Deliverer(_, Ok(actor)), _) => {
            actor.require_till(request.device_id)?;
            let by = By::from(&actor);
            let asked = capture::SaleAsked { by, ticket, request: &request, completed_offline_at };
            capture::finalize_sale(&api.journal, &asked).await
        }
        (Seller::Deliverer(_, Err(problem)), None) => return Err(problem),
    };
    match completed {
        Ok(Completed::Sold(answer)) => {
            api.meters.captured(&answer, started.elapsed());
            if !answer.replayed {
                api.standing.sale_attempted(true);
            }
            Ok(created(answer))
        }
        Ok(Completed::Held(held)) => {
            let waits = held.state == HeldState::Held;
            let status = if waits { StatusCode::ACCEPTED } else { StatusCode::OK };
            Ok(answered_json(status, &held, false))
        }
        Err(error) => {
            api.meters.refused();
            let problem = Problem::of_sale(error);
            // What the till did wrong is no sale that could have been.
            if problem.code.status().is_server_error() {
                api.standing.sale_attempted(false);
            }
            Err(problem)
        }
    }
}

/// Mint a ticket
///
/// For tills that have no good randomness of their own. Nothing is kept: a
/// till should store the ticket before it sends the sale.
#[utoipa::path(
    post, path = "/v1/tickets/mint", tag = "sales",
    responses((status = 201, body = MintedTicket))
)]
pub(super) async fn mint(State(api): State<Api>) -> (StatusCode, Json<MintedTicket>) {
    let ticket_id = TicketId::mint(api.journal.now(), rand::random());
    (StatusCode::CREATED, Json(MintedTicket { ticket_id }))
}

/// Read a receipt
///
/// The first answer to the sale, byte for byte.
#[utoipa::path(
    get, path = "/v1/sales/{ticket}", tag = "sales",
    params(("ticket" = String, Path, description = "The ticket")),
    responses(
        (status = 200, body = SaleReceipt),
        (status = 404, description = "ticket_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "pruned", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn receipt(
    State(api): State<Api>,
    TicketPath(ticket): TicketPath,
) -> Result<Response, Problem> {
    let sale = api.journal.sale(ticket.clone()).await?;
    let Some((_, payload)) = sale else { return Err(missing(&api, &ticket).await?) };
    let body = capture::receipt(&payload).map_err(Problem::of_sale)?;
    Ok(([(header::CONTENT_TYPE, JSON)], body).into_response())
}

/// Why there is no sale of a ticket here: there was none, or it was pruned.
pub(super) async fn missing(api: &Api, ticket: &TicketId) -> Result<Problem, Problem> {
    Ok(match api.journal.pruned_sale(ticket.clone()).await? {
        Some(seq) => Refusal::Pruned(seq).into(),
        None => not_found(ticket),
    })
}

fn not_found(ticket: &TicketId) -> Problem {
    Problem::new(Code::TicketNotFound, format!("no sale was captured here under ticket {ticket}"))
}

/// An answer to what made something new.
pub(super) fn created(answer: Answer) -> Response {
    answered(StatusCode::CREATED, answer)
}

/// An answer to what changed something that was there.
pub(super) fn done(answer: Answer) -> Response {
    answered(StatusCode::OK, answer)
}

/// An answer that was not captured as an entry.
pub(super) fn answered_json(
    status: StatusCode,
    answer: &impl Serialize,
    replayed: bool,
) -> Response {
    // Our own types of strings, numbers and decimals always serialise.
    let body = serde_json::to_vec(answer).unwrap_or_default();
    answered(status, Answer { body, replayed })
}

fn answered(status: StatusCode, answer: Answer) -> Response {
    let mut response = (status, [(header::CONTENT_TYPE, JSON)], answer.body).into_response();
    if answer.replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    response
}
