//! The catalogue in use and what is probably left of its stock.

use axum::{
    Json,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use schemas::{
    catalogue::CatalogueV1,
    edge_api::{Problem as ProblemBody, StockView},
};

use super::{Api, problem::Problem};
use crate::capture::CaptureError;

/// Read the catalogue in use
///
/// Its `ETag` is the SHA-256 of the document as it was published. The hashes of
/// PINs and pairing codes are left out: they are for this edge alone.
#[utoipa::path(
    get, path = "/v1/catalogue", tag = "catalogue",
    responses(
        (status = 200, body = CatalogueV1),
        (status = 503, description = "no_catalogue", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn read(State(api): State<Api>) -> Result<Response, Problem> {
    let catalogue = api.catalogue().ok_or(CaptureError::NoCatalogue)?;
    let tag = format!("\"{}\"", catalogue.reference.content_hash);
    Ok(([(header::ETAG, tag)], Json(shown(catalogue.index.document()))).into_response())
}

/// The catalogue without what would let a till guess PINs and codes.
fn shown(document: &CatalogueV1) -> CatalogueV1 {
    let mut shown = document.clone();
    for member in &mut shown.staff {
        member.pin_hash = None;
    }
    for device in &mut shown.devices {
        device.pairing = None;
    }
    shown
}

/// See what is probably left
///
/// The books' levels less what was sold here since. Never a reason not to sell.
#[utoipa::path(
    get, path = "/v1/stock", tag = "catalogue",
    responses(
        (status = 200, body = StockView),
        (status = 503, description = "no_catalogue", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn stock(State(api): State<Api>) -> Result<Json<StockView>, Problem> {
    let catalogue = api.catalogue().ok_or(CaptureError::NoCatalogue)?;
    let items = api.journal.stock(catalogue.index.document().stock_items.clone()).await?;
    Ok(Json(StockView { items }))
}
