//! Every way a request can fail, with its status, as RFC 9457
//! `application/problem+json`. Status codes are decided here and nowhere else.

mod refusals;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemas::edge_api::Problem as ProblemBody;

/// Seconds after which a till should try again what may work then.
const RETRY_AFTER: u64 = 1;
const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $status:ident, $title:literal;)+) => {
        /// What went wrong, as a stable code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$doc])* #[doc = $title] $variant,)+
        }

        impl Code {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The code to branch on.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The HTTP status.
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)+ }
            }

            /// The code in words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)+ }
            }
        }
    };
}

codes! {
    MalformedJson = "malformed_json", BAD_REQUEST, "The body is no JSON";
    InvalidQuery = "invalid_query", BAD_REQUEST, "The address' parameters are wrong";
    MissingIdempotencyKey = "missing_idempotency_key", BAD_REQUEST, "Idempotency-Key is missing";
    InvalidIdempotencyKey = "invalid_idempotency_key", BAD_REQUEST, "Idempotency-Key is not valid";
    NotLoggedIn = "not_logged_in", UNAUTHORIZED, "Nobody is logged in";
    WrongPin = "wrong_pin", UNAUTHORIZED, "The person or the PIN is wrong";
    DeviceUnknown = "device_unknown", FORBIDDEN, "The till is not one of this branch";
    DeviceRevoked = "device_revoked", FORBIDDEN, "The till may no longer be used";
    ApproverRequired = "approver_required", FORBIDDEN, "A manager or admin must do this";
    OperatorRequired = "operator_required", FORBIDDEN, "The operator's token must do this";
    NotYours = "not_yours", FORBIDDEN, "It is another till's or person's";
    WrongPairingCode = "wrong_pairing_code", FORBIDDEN, "The pairing code is wrong";
    PairingCodeExpired = "pairing_code_expired", FORBIDDEN, "The pairing code has expired";
    PairingCodeUsed = "pairing_code_used", FORBIDDEN, "The pairing code was used";
    NotFound = "not_found", NOT_FOUND, "There is no such resource";
    TicketNotFound = "ticket_not_found", NOT_FOUND, "There is no such ticket";
    DraftNotFound = "draft_not_found", NOT_FOUND, "There is no such draft";
    SessionNotFound = "session_not_found", NOT_FOUND, "There is no such cash session";
    OrderNotFound = "order_not_found", NOT_FOUND, "There is no such order";
    VoidNotFound = "void_not_found", NOT_FOUND, "There is no such request to void";
    KhqrNotFound = "khqr_not_found", NOT_FOUND, "There is no such KHQR code";
    HeldNotFound = "held_sale_not_found", NOT_FOUND, "There is no such held sale";
    NotificationNotFound = "notification_not_found", NOT_FOUND, "There is no such notification";
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED, "This method is not offered here";
    NoOpenSession = "no_open_session", CONFLICT, "The cash session is not open";
    SessionAlreadyOpen = "session_already_open", CONFLICT, "A cash session is still open";
    NoPrinter = "no_printer", CONFLICT, "The store has no printer set";
    PrintUncertain = "print_uncertain", CONFLICT, "It may have been printed";
    DraftOfAnotherContext = "draft_of_another_context", CONFLICT, "The draft is of another context";
    DraftClosed = "draft_closed", CONFLICT, "The draft was sold or thrown away";
    DraftActive = "draft_active", CONFLICT, "A draft is still active";
    SessionClosed = "session_closed", CONFLICT, "The cash session is closed";
    SessionNotClosed = "session_not_closed", CONFLICT, "The cash session is still open";
    IllegalOrderMove = "illegal_order_move", CONFLICT, "The order does not move that way";
    OrderVoidPending = "order_void_pending", CONFLICT, "A void of the order's sale is undecided";
    VoidOnlineOrder = "void_online_order", CONFLICT, "The sale is kept at the centre";
    VoidNotCash = "void_not_cash", CONFLICT, "Only cash sales are voided";
    VoidSessionClosed = "void_session_closed", CONFLICT, "The sale's cash session is closed";
    VoidOrderDelivered = "void_order_delivered", CONFLICT, "The sale's order is delivered";
    VoidOrderCancelled = "void_order_cancelled", CONFLICT, "The sale's order is cancelled";
    VoidAlreadyPending = "void_already_pending", CONFLICT, "A void of the sale is undecided";
    VoidAlreadyVoided = "void_already_voided", CONFLICT, "The sale is voided";
    VoidAlreadyDecided = "void_already_decided", CONFLICT, "The request to void was decided";
    TooManyVoids = "too_many_voids", CONFLICT, "Too many requests to void are undecided";
    KhqrNotConfirmed = "khqr_not_confirmed", CONFLICT, "The KHQR payment is not confirmed";
    KhqrCartChanged = "khqr_cart_changed", CONFLICT, "The cart is not the one of the KHQR code";
    KhqrAlreadyPaid = "khqr_already_paid", CONFLICT, "The KHQR code was paid";
    FiguresChanged = "figures_changed", CONFLICT, "The figures are not those that were shown";
    HeldDecided = "held_sale_decided", CONFLICT, "The held sale was decided";
    SaleHeld = "sale_held", CONFLICT, "The sale is held for a manager";
    NoPlace = "no_place", CONFLICT, "The sale fits no cash session of its till";
    Pruned = "pruned", GONE, "It was done, and is kept at the centre only";
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE, "The body is too large";
    UnsupportedMediaType = "unsupported_media_type", UNSUPPORTED_MEDIA_TYPE, "The body is not declared as JSON";
    InvalidRequest = "invalid_request", UNPROCESSABLE_ENTITY, "The body has another form";
    TicketConflict = "ticket_conflict", UNPROCESSABLE_ENTITY, "The ticket is another sale's";
    KeyConflict = "idempotency_key_conflict", UNPROCESSABLE_ENTITY, "The key was used for another request";
    UnknownDevice = "unknown_device", UNPROCESSABLE_ENTITY, "The till is not one of this branch";
    UnknownStaff = "unknown_staff", UNPROCESSABLE_ENTITY, "The person may not sell here";
    InvalidFloat = "invalid_float", UNPROCESSABLE_ENTITY, "The counted float is not valid";
    InvalidAmount = "invalid_amount", UNPROCESSABLE_ENTITY, "The amount is not valid";
    InvalidText = "invalid_text", UNPROCESSABLE_ENTITY, "The reason or note is not valid";
    InvalidCompletedAt = "invalid_completed_at", UNPROCESSABLE_ENTITY, "Completed-Offline-At is not valid";
    InvalidCart = "invalid_cart", UNPROCESSABLE_ENTITY, "The cart cannot be sold as it is";
    NotEnoughReceived = "not_enough_received", UNPROCESSABLE_ENTITY, "Less was received than is owed";
    InvalidTender = "invalid_tender", UNPROCESSABLE_ENTITY, "The tender is not valid";
    AccountNotTaken = "account_not_taken", UNPROCESSABLE_ENTITY, "House accounts are not charged here";
    KhqrUnavailable = "khqr_unavailable", UNPROCESSABLE_ENTITY, "KHQR is not taken here";
    KhqrRefused = "khqr_refused", UNPROCESSABLE_ENTITY, "No KHQR code can be made of it";
    SaleTooLarge = "sale_too_large", UNPROCESSABLE_ENTITY, "The sale does not fit an entry";
    ImportRefused = "import_refused", UNPROCESSABLE_ENTITY, "These entries are not imported here";
    InvalidPrinter = "invalid_printer", UNPROCESSABLE_ENTITY, "This is no printer of the store";
    LoginLocked = "login_locked", TOO_MANY_REQUESTS, "Too many wrong tries";
    Internal = "internal", INTERNAL_SERVER_ERROR, "This program failed";
    KhqrCentreRefused = "khqr_centre_refused", BAD_GATEWAY, "The centre refused";
    PrinterUnreachable = "printer_unreachable", BAD_GATEWAY, "The printer does not answer";
    PrinterFailed = "printer_failed", BAD_GATEWAY, "The printer did not take all of it";
    ImportNeedsLine = "import_needs_line", SERVICE_UNAVAILABLE, "An import needs the line";
    KhqrNeedsLine = "khqr_needs_line", SERVICE_UNAVAILABLE, "KHQR needs the line";
    NoCatalogue = "no_catalogue", SERVICE_UNAVAILABLE, "There is no catalogue yet";
    JournalRolledBack = "journal_rolled_back", SERVICE_UNAVAILABLE, "This edge may not sell any more";
    EdgeRetired = "edge_retired", SERVICE_UNAVAILABLE, "Another edge has replaced this one";
    EdgeNotAdopted = "edge_not_adopted", SERVICE_UNAVAILABLE, "This edge has not taken over yet";
    StorageFailed = "storage_failed", SERVICE_UNAVAILABLE, "The journal's storage failed";
    ShuttingDown = "shutting_down", SERVICE_UNAVAILABLE, "The daemon is stopping";
    TooManyHeld = "too_many_held", SERVICE_UNAVAILABLE, "Too many sales are held for a manager";
    TooBusy = "too_busy", SERVICE_UNAVAILABLE, "Too much is asked at once";
    TimedOut = "timed_out", SERVICE_UNAVAILABLE, "It took too long";
    StorageFull = "storage_full", INSUFFICIENT_STORAGE, "The journal's storage is full";
}

impl Code {
    /// Whether the same request may work a moment later.
    const fn passes(self) -> bool {
        matches!(
            self,
            Self::StorageFailed
                | Self::ShuttingDown
                | Self::TooBusy
                | Self::TimedOut
                | Self::NoCatalogue
        )
    }
}

/// A failed request, ready to be answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What went wrong.
    pub code: Code,
    /// What is wrong with this request, for a person.
    pub detail: String,
    /// In how many seconds it may work, if that is known.
    pub retry_after: Option<u64>,
}

impl Problem {
    /// A problem with this request.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into(), retry_after: code.passes().then_some(RETRY_AFTER) }
    }

    /// The body of the answer.
    pub fn body(&self) -> ProblemBody {
        ProblemBody {
            type_uri: format!("urn:tillstream:problem:{}", self.code.as_str()),
            title: self.code.title().to_owned(),
            status: self.code.status().as_u16(),
            code: self.code.as_str().to_owned(),
            detail: self.detail.clone(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.body()).unwrap_or_default();
        let mut response = (self.code.status(), body).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM_JSON);
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if self.code.status() == StatusCode::UNAUTHORIZED {
            response.headers_mut().insert(header::WWW_AUTHENTICATE, BEARER);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::printer::PrinterError;

    #[test]
    fn every_code_has_its_status() {
        let table: Vec<(u16, &str)> =
            Code::ALL.iter().map(|code| (code.status().as_u16(), code.as_str())).collect();
        assert_eq!(
            table,
            [
                (400, "malformed_json"),
                (400, "invalid_query"),
                (400, "missing_idempotency_key"),
                (400, "invalid_idempotency_key"),
                (401, "not_logged_in"),
                (401, "wrong_pin"),
                (403, "device_unknown"),
                (403, "device_revoked"),
                (403, "approver_required"),
                (403, "operator_required"),
                (403, "not_yours"),
                (403, "wrong_pairing_code"),
                (403, "pairing_code_expired"),
                (403, "pairing_code_used"),
                (404, "not_found"),
                (404, "ticket_not_found"),
                (404, "draft_not_found"),
                (404, "session_not_found"),
                (404, "order_not_found"),
                (404, "void_not_found"),
                (404, "khqr_not_found"),
                (404, "held_sale_not_found"),
                (404, "notification_not_found"),
                (405, "method_not_allowed"),
                (409, "no_open_session"),
                (409, "session_already_open"),
                (409, "no_printer"),
                (409, "print_uncertain"),
                (409, "draft_of_another_context"),
                (409, "draft_closed"),
                (409, "draft_active"),
                (409, "session_closed"),
                (409, "session_not_closed"),
                (409, "illegal_order_move"),
                (409, "order_void_pending"),
                (409, "void_online_order"),
                (409, "void_not_cash"),
                (409, "void_session_closed"),
                (409, "void_order_delivered"),
                (409, "void_order_cancelled"),
                (409, "void_already_pending"),
                (409, "void_already_voided"),
                (409, "void_already_decided"),
                (409, "too_many_voids"),
                (409, "khqr_not_confirmed"),
                (409, "khqr_cart_changed"),
                (409, "khqr_already_paid"),
                (409, "figures_changed"),
                (409, "held_sale_decided"),
                (409, "sale_held"),
                (409, "no_place"),
                (410, "pruned"),
                (413, "body_too_large"),
                (415, "unsupported_media_type"),
                (422, "invalid_request"),
                (422, "ticket_conflict"),
                (422, "idempotency_key_conflict"),
                (422, "unknown_device"),
                (422, "unknown_staff"),
                (422, "invalid_float"),
                (422, "invalid_amount"),
                (422, "invalid_text"),
                (422, "invalid_completed_at"),
                (422, "invalid_cart"),
                (422, "not_enough_received"),
                (422, "invalid_tender"),
                (422, "account_not_taken"),
                (422, "khqr_unavailable"),
                (422, "khqr_refused"),
                (422, "sale_too_large"),
                (422, "import_refused"),
                (422, "invalid_printer"),
                (429, "login_locked"),
                (500, "internal"),
                (502, "khqr_centre_refused"),
                (502, "printer_unreachable"),
                (502, "printer_failed"),
                (503, "import_needs_line"),
                (503, "khqr_needs_line"),
                (503, "no_catalogue"),
                (503, "journal_rolled_back"),
                (503, "edge_retired"),
                (503, "edge_not_adopted"),
                (503, "storage_failed"),
                (503, "shutting_down"),
                (503, "too_many_held"),
                (503, "too_busy"),
                (503, "timed_out"),
                (507, "storage_full"),
            ]
        );
        let distinct: HashSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(distinct.len(), Code::ALL.len());
    }

    #[test]
    fn a_till_can_tell_whether_anything_may_have_been_printed() {
        let printer = std::net::SocketAddr::from(([10, 0, 0, 7], 9_100)).into();
        let after = std::time::Duration::from_millis(250);
        let source = || std::io::Error::other("no paper");
        for (error, code, said) in [
            (
                PrinterError::Unreachable { printer, source: source() },
                Code::PrinterUnreachable,
                "the printer at 10.0.0.7:9100 cannot be reached: no paper",
            ),
            (
                PrinterError::Silent { printer, after },
                Code::PrinterUnreachable,
                "the printer at 10.0.0.7:9100 does not answer within 250 ms",
            ),
            (
                PrinterError::BrokeOff { printer, source: source() },
                Code::PrinterFailed,
                "the printer at 10.0.0.7:9100 broke off: no paper",
            ),
            (
                PrinterError::Stuck { printer, after },
                Code::PrinterFailed,
                "the printer at 10.0.0.7:9100 took not all of it within 250 ms",
            ),
        ] {
            assert_eq!(Problem::from(error), Problem::new(code, said));
        }
    }

    #[test]
    fn what_passes_by_itself_says_when_to_come_back() {
        for code in Code::ALL {
            let response = Problem::new(*code, "x").into_response();
            assert_eq!(response.status(), code.status());
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
            assert_eq!(
                response.headers().contains_key(header::RETRY_AFTER),
                code.passes(),
                "{code:?}"
            );
        }
    }
}
