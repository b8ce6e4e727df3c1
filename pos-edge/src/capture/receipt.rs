//! Answers made from stored payloads. Every figure is taken over as the text
//! that is stored: nothing is computed, and a retry gets the same bytes.

use schemas::edge_api::{Supplement, ZReport};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::CaptureError;

/// The part of a `SaleFinalizedV1` that is a `SaleReceipt`.
#[derive(Deserialize, Serialize)]
struct ReceiptView<'a> {
    #[serde(rename(deserialize = "ticket_id", serialize = "ticketId"), borrow)]
    ticket: &'a RawValue,
    #[serde(borrow)]
    sale_id: &'a RawValue,
    #[serde(borrow)]
    order_id: &'a RawValue,
    #[serde(borrow)]
    status: &'a RawValue,
    #[serde(borrow)]
    finalized_at: &'a RawValue,
    #[serde(borrow)]
    catalogue: &'a RawValue,
    #[serde(borrow)]
    lines: &'a RawValue,
    #[serde(borrow)]
    discounts: &'a RawValue,
    #[serde(borrow)]
    subtotal_usd: &'a RawValue,
    #[serde(borrow)]
    vat: &'a RawValue,
    #[serde(borrow)]
    fx_rate_khr_per_usd: &'a RawValue,
    #[serde(borrow)]
    grand_total_usd: &'a RawValue,
    #[serde(borrow)]
    grand_total_khr: &'a RawValue,
    #[serde(borrow)]
    khr_rounding: &'a RawValue,
    #[serde(borrow)]
    payable_khr: &'a RawValue,
    #[serde(borrow)]
    tender: &'a RawValue,
}

/// The part of a `CashSessionOpenedV1` that is a `CashSession`.
#[derive(Deserialize, Serialize)]
struct SessionView<'a> {
    #[serde(borrow)]
    cash_session_id: &'a RawValue,
    #[serde(borrow)]
    device_id: &'a RawValue,
    #[serde(rename(deserialize = "opened_by", serialize = "staff_id"), borrow)]
    staff: &'a RawValue,
    #[serde(borrow)]
    opened_at: &'a RawValue,
    #[serde(borrow)]
    opening_float_usd: &'a RawValue,
    #[serde(borrow)]
    opening_float_khr: &'a RawValue,
}

/// A `SaleReceipt` as JSON, from the payload of a `sale.finalized` entry.
///
/// # Errors
/// [`CaptureError::Unreadable`] if the payload is no such event.
pub fn receipt(payload: &[u8]) -> Result<Vec<u8>, CaptureError> {
    view::<ReceiptView<'_>>(payload)
}

/// A `CashSession` as JSON, from the payload of a `cash.session_opened` entry.
pub(super) fn session(payload: &[u8]) -> Result<Vec<u8>, CaptureError> {
    view::<SessionView<'_>>(payload)
}

/// The part of an event that `Shown` names, as JSON.
pub(super) fn shown<Shown: Serialize + DeserializeOwned>(
    payload: &[u8],
) -> Result<Vec<u8>, CaptureError> {
    view::<Shown>(payload)
}

/// A `ZWithSupplements` as JSON, from the payload of a `cash.session_closed`
/// entry and what came after it.
///
/// # Errors
/// [`CaptureError::Unreadable`] if the payload is no such event.
pub fn z_report(payload: &[u8], supplements: &[Supplement]) -> Result<Vec<u8>, CaptureError> {
    #[derive(Serialize)]
    struct View<'a> {
        report: &'a RawValue,
        supplements: &'a [Supplement],
    }
    let unreadable = |error: serde_json::Error| CaptureError::Unreadable(error.to_string());
    let report = view::<ZReport>(payload)?;
    let report = serde_json::from_slice(&report).map_err(unreadable)?;
    serde_json::to_vec(&View { report, supplements }).map_err(unreadable)
}

fn view<'a, V: Deserialize<'a> + Serialize>(payload: &'a [u8]) -> Result<Vec<u8>, CaptureError> {
    serde_json::from_slice::<V>(payload)
        .and_then(|view| serde_json::to_vec(&view))
        .map_err(|error| CaptureError::Unreadable(error.to_string()))
}
