//! Receipts: to be shown, to be printed by whoever asks, and printed from here.

use axum::{
    Json,
    body::HttpBody as _,
    extract::{FromRequest, Request, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use receipt::{Language, Numbered, Paper, Receipt, View, html};
use schemas::{
    TicketId,
    edge_api::Problem as ProblemBody,
    events::{SaleFinalizedV1, SaleStatus},
    facts::InvoiceAssignedV1,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{
    Api,
    problem::{Code, Problem},
    request::{Body, IdempotencyKey, Query, TicketPath},
    sales::missing,
};
use crate::{
    capture::{CaptureError, request_hash},
    journal::{KnownPrint, PrintBegun, Refusal},
    printer::{Connected, PrinterAddress},
};

const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
const BYTES: HeaderValue = HeaderValue::from_static("application/octet-stream");
const POLICY: HeaderValue = HeaderValue::from_static(html::CONTENT_SECURITY_POLICY);

/// A form of a receipt.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Format {
    /// What is on it, without a language.
    #[default]
    Json,
    /// A document for a browser's printer.
    Html,
    /// The bytes for a receipt printer.
    Escpos,
}

/// In which form.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ReceiptQuery {
    /// `json` if not given.
    #[serde(default)]
    #[param(inline)]
    format: Format,
    /// The width of the roll in millimetres; the store's if not given.
    #[param(inline)]
    paper: Option<Paper>,
    /// The language; the store's if not given. JSON has none.
    #[param(inline)]
    lang: Option<Language>,
    /// Whether it is marked as a copy.
    #[serde(default)]
    copy: bool,
}

/// Where and how a receipt is printed; all of it is the store's if not given.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PrintReceipt {
    /// The printer: an address in the store's network, with a port unless it is 9100.
    #[serde(default)]
    #[schema(example = "192.168.1.50:9100")]
    printer: Option<String>,
    /// The width of its roll in millimetres.
    #[serde(default)]
    paper: Option<Paper>,
    /// The language.
    #[serde(default)]
    lang: Option<Language>,
}

/// A receipt that a printer took.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PrintedReceipt {
    /// The ticket.
    ticket_id: TicketId,
    /// The printer.
    printer: String,
    /// How often it was printed, with this time.
    prints: u64,
    /// Whether it was marked as a copy: all but the first are.
    copy: bool,
}

/// Read a receipt in a form
///
/// Made from the stored sale and, once it is there, its official number. It is
/// not counted as printed.
#[utoipa::path(
    get, path = "/v1/sales/{ticket}/receipt", tag = "receipts", operation_id = "read_receipt",
    params(("ticket" = String, Path, description = "The ticket"), ReceiptQuery),
    responses(
        (status = 200, content(
            (Receipt = "application/json"),
            (String = "text/html"),
            (String = "application/octet-stream"),
        )),
        (status = 400, description = "invalid_query", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "ticket_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "pruned", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn read(
    State(api): State<Api>,
    TicketPath(ticket): TicketPath,
    Query(query): Query<ReceiptQuery>,
) -> Result<Response, Problem> {
    let stored = Stored::of(&api, &ticket).await?;
    let receipt = stored.receipt(query.copy);
    let view = api.view(query.lang);
    let paper = query.paper.unwrap_or(api.receipts.paper);
    Ok(match query.format {
        Format::Json => Json(receipt).into_response(),
        Format::Html => {
            let headers = [(header::CONTENT_TYPE, HTML), (header::CONTENT_SECURITY_POLICY, POLICY)];
            (headers, receipt.html(view, paper)).into_response()
        }
        Format::Escpos => {
            let bytes = written(receipt, view, paper).await?;
            ([(header::CONTENT_TYPE, BYTES)], bytes).into_response()
        }
    })
}

/// Print a receipt
///
/// The first print of a ticket is its original, every later one is marked as a
/// copy. A print counts from the moment that the printer answered: one that
/// broke off may have come out, and the next one is a copy. The same key prints
/// once: a retry gets the first answer, and `print_uncertain` if the printer had
/// not taken all of it; whoever wants another then asks under a new key. The body
/// may be left out.
#[utoipa::path(
    post, path = "/v1/sales/{ticket}/print", tag = "receipts", operation_id = "print_receipt",
    params(
        ("ticket" = String, Path, description = "The ticket"),
        ("Idempotency-Key" = String, Header, description = "This print; the same for every retry"),
    ),
    request_body = Option<PrintReceipt>,
    responses(
        (status = 200, body = PrintedReceipt),
        (status = 400, description = "missing_idempotency_key, invalid_idempotency_key, malformed_json", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "ticket_not_found", body = ProblemBody, content_type = "application/problem+json"),
        (status = 410, description = "pruned", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "no_printer, print_uncertain", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "invalid_printer, idempotency_key_conflict, invalid_request", body = ProblemBody, content_type = "application/problem+json"),
        (status = 502, description = "printer_unreachable (nothing was printed), printer_failed (a part may have been)", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "storage_failed, too_busy, timed_out", body = ProblemBody, content_type = "application/problem+json"),
        (status = 507, description = "storage_full", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn print(
    State(api): State<Api>,
    TicketPath(ticket): TicketPath,
    IdempotencyKey(key): IdempotencyKey,
    request: Request,
) -> Result<Json<PrintedReceipt>, Problem> {
    let wanted = wanted(request).await?;
    let printer = api.printer(wanted.printer.as_deref())?;
    let stored = Stored::of(&api, &ticket).await?;
    let hash = request_hash(&(&ticket, &wanted));
    if let Some(known) = api.journal.print_of(key.clone(), hash).await? {
        return again(known);
    }
    // Nothing is counted for a printer that is off.
    let connected = Connected::to(printer, api.receipts.printer_timeout()).await?;
    let prints = match api.journal.begin_print(ticket.clone(), key.clone(), hash).await? {
        PrintBegun::New(prints) => prints,
        PrintBegun::Known(known) => return again(known),
        PrintBegun::NoTicket => return Err(missing(&api, &ticket).await?),
    };
    let copy = prints > 1;
    let paper = wanted.paper.unwrap_or(api.receipts.paper);
    let bytes = written(stored.receipt(copy), api.view(wanted.lang), paper).await?;
    connected.send(&bytes).await?;
    let told = PrintedReceipt { ticket_id: ticket, printer: printer.to_string(), prints, copy };
    let answer = serde_json::to_string(&told).map_err(unreadable)?;
    api.journal.end_print(key, answer).await?;
    Ok(Json(told))
}

/// The answer to a print that there was under its key.
fn again(known: KnownPrint) -> Result<Json<PrintedReceipt>, Problem> {
    match known {
        KnownPrint::Done(answer) => Ok(Json(serde_json::from_str(&answer).map_err(unreadable)?)),
        KnownPrint::Uncertain => {
            let detail = "a print under this key was begun and may have come out; look, and ask \
                          for a copy under a new key if it did not";
            Err(Problem::new(Code::PrintUncertain, detail))
        }
        KnownPrint::KeyConflict => Err(Refusal::KeyConflict.into()),
    }
}

fn unreadable(error: serde_json::Error) -> CaptureError {
    CaptureError::Unreadable(error.to_string())
}

/// What a receipt is made of.
struct Stored {
    sale: SaleFinalizedV1,
    status: SaleStatus,
    invoice: Option<Numbered>,
}

impl Stored {
    async fn of(api: &Api, ticket: &TicketId) -> Result<Self, Problem> {
        let stored = api.journal.stored_sale(ticket.clone()).await?;
        let Some(stored) = stored else { return Err(missing(api, ticket).await?) };
        let sale = serde_json::from_slice(&stored.payload)
            .map_err(|error| CaptureError::Unreadable(error.to_string()))?;
        Ok(Self { sale, status: stored.status, invoice: stored.invoice.map(numbered) })
    }

    fn receipt(&self, copy: bool) -> Receipt {
        Receipt::from_entry(&self.sale, self.invoice.as_ref(), copy).with_status(self.status)
    }
}

fn numbered(invoice: InvoiceAssignedV1) -> Numbered {
    let InvoiceAssignedV1 { no, printed, hash: chain_hash, .. } = invoice;
    let printed = (printed != no.to_string()).then_some(printed);
    Numbered { no, printed, chain_hash }
}

impl Api {
    fn view(&self, language: Option<Language>) -> View {
        let language = language.unwrap_or(self.receipts.language);
        View { language, offset: self.receipts.utc_offset }
    }

    /// The printer that was asked for, or the store's.
    fn printer(&self, asked: Option<&str>) -> Result<PrinterAddress, Problem> {
        let invalid = |detail: String| Problem::new(Code::InvalidPrinter, detail);
        let Some(asked) = asked else {
            return self.receipts.printer.ok_or_else(|| {
                let detail = "this store has no printer set; name one in `printer`";
                Problem::new(Code::NoPrinter, detail)
            });
        };
        let printer: PrinterAddress =
            asked.parse().map_err(|error| invalid(format!("printer: {error}")))?;
        if Some(printer) != self.receipts.printer && !printer.is_local() {
            return Err(invalid(format!("printer: {printer} is not in the store's network")));
        }
        Ok(printer)
    }
}

/// The bytes for a printer; drawing Khmer takes its time.
async fn written(receipt: Receipt, view: View, paper: Paper) -> Result<Vec<u8>, Problem> {
    let failed = |error: String| Problem::new(Code::Internal, error);
    tokio::task::spawn_blocking(move || receipt.escpos(view, paper))
        .await
        .map_err(|error| failed(error.to_string()))?
        .map_err(|error| failed(error.to_string()))
}

/// The body, or the defaults if there is none.
async fn wanted(request: Request) -> Result<PrintReceipt, Problem> {
    let empty = request.body().size_hint().exact() == Some(0);
    if empty && !request.headers().contains_key(header::CONTENT_TYPE) {
        return Ok(PrintReceipt::default());
    }
    Body::from_request(request, &()).await.map(|Body(wanted)| wanted)
}
