//! `POST /pos/sale`: a sale of a client without an edge.

use std::sync::Arc;

use axum::extract::State;
use schemas::{
    TicketId,
    back_office::Scope,
    door_api::{DoorReceipt, DoorTender, RefusalCode, Submission, SubmissionStatus, SubmitSale},
};

use super::{answer::Answer, keep};
use crate::{
    Refusal,
    center::Center,
    http::{Client, Problem, request::Submitted},
};

/// Sells, or refuses for good.
#[utoipa::path(
    post,
    path = "/pos/sale",
    params(("Idempotency-Key" = String, Header, description = "The ticket, as in the body if that names one.")),
    request_body = SubmitSale,
    responses(
        (status = 200, description = "The sale has its number. The same for every retry.", body = DoorReceipt),
        (status = 202, description = "It is kept and takes longer; ask at `Location`.", body = SubmissionStatus),
        (status = 400, description = "The key or the body cannot be read.", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "The store is not known, or has no menu.", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "Refused, for good: no open session, cash where an edge keeps the drawers, KHQR unproven, no account, or its limit.", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "Refused, for good: the cart or the tender; or another request under the same ticket.", body = Problem, content_type = "application/problem+json"),
        (status = 503, description = "Ask again.", body = Problem, content_type = "application/problem+json"),
    ),
)]
pub(crate) async fn post(
    State(center): State<Arc<Center>>,
    client: Client,
    Submitted { key, body: mut sale }: Submitted<SubmitSale>,
) -> Result<Answer, Problem> {
    // The same request with or without its ticket in the body is the same request.
    let named = sale.ticket_id.take();
    check(&client, &key, named.as_ref(), &sale)?;
    let found = keep::submit(&center, &client, key, Submission::Sale(Box::new(sale))).await?;
    Ok(Answer::of(found, named)?)
}

/// What makes a request none, whatever the books say. Nothing is kept of it.
fn check(
    client: &Client,
    key: &TicketId,
    named: Option<&TicketId>,
    sale: &SubmitSale,
) -> Result<(), Refusal> {
    if named.is_some_and(|named| named != key) {
        return Err(Refusal::TicketMismatch);
    }
    let refused = |code, detail: &str| Err(Refusal::Door(code, detail.to_owned()));
    if sale.tender == DoorTender::Account && sale.customer_id.is_none() {
        return refused(
            RefusalCode::NoAccount,
            "customer_id: a sale on account names its customer",
        );
    }
    if sale.offline.is_none() {
        return Ok(());
    }
    client.require(Scope::SalesOffline)?;
    match &sale.tender {
        DoorTender::Khqr { proof: None, .. } => refused(
            RefusalCode::KhqrUnproven,
            "tender.proof: a KHQR sale that was completed offline brings the bank's proof",
        ),
        DoorTender::Cash { .. } | DoorTender::Khqr { .. } | DoorTender::Account => Ok(()),
    }
}
