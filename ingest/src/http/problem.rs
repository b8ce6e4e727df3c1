//! Errors as responses: the only file of this service that knows status codes.

use axum::{
    Json,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use schemas::door_api::RefusalCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::OfficeRefusal;
use crate::{Refusal, refusal::KhqrRefusal};

/// An error as RFC 9457 `application/problem+json`.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// `urn:tillstream:problem:<code>`: stable, for programs.
    #[serde(rename = "type")]
    kind: String,
    /// The same code alone.
    code: String,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// What happened, for people.
    detail: String,
}

impl Problem {
    fn new(status: StatusCode, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:tillstream:problem:{code}"),
            code: code.to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
        }
    }

    /// The status.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    pub(crate) fn no_such_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "no_such_page", "there is nothing at this address")
    }

    pub(crate) fn method_not_allowed() -> Self {
        let detail = "this address does not take that method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail)
    }

    pub(crate) fn internal() -> Self {
        let detail = "something broke here; the service's log says what";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    pub(crate) fn unhealthy(detail: String) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unhealthy", detail)
    }
}

fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::BadSubject(_)
        | Refusal::Malformed(_)
        | Refusal::BadParameter(_)
        | Refusal::KeyMissing
        | Refusal::BadKey(_) => StatusCode::BAD_REQUEST,
        Refusal::TokenMissing | Refusal::TokenUnknown => StatusCode::UNAUTHORIZED,
        Refusal::ScopeMissing(_) | Refusal::WholeCompanyOnly => StatusCode::FORBIDDEN,
        Refusal::KeyReused | Refusal::InvalidBody(_) => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::NotJson => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        Refusal::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Refusal::NotEnrolled(_) | Refusal::NotActive(_) | Refusal::NotOfThisBranch(_) => {
            StatusCode::FORBIDDEN
        }
        Refusal::NoCatalogue(_)
        | Refusal::NoSuchBranch(_)
        | Refusal::NotFound(_)
        | Refusal::NoSuchSubmission(_) => StatusCode::NOT_FOUND,
        Refusal::Khqr(KhqrRefusal::NoSuchCode) => StatusCode::NOT_FOUND,
        Refusal::Khqr(KhqrRefusal::NotSetUp | KhqrRefusal::NoAccount | KhqrRefusal::Paid(_)) => {
            StatusCode::CONFLICT
        }
        Refusal::TicketMismatch
        | Refusal::Khqr(KhqrRefusal::NotTheCode(_) | KhqrRefusal::NoCode(_)) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        Refusal::Door(code, _) => at_the_door(*code),
        Refusal::Office(refusal) => office_status(refusal),
        Refusal::TooSlow => StatusCode::GATEWAY_TIMEOUT,
        Refusal::Busy | Refusal::MustRecover | Refusal::StillArriving => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Refusal::Books(_) | Refusal::Broker(_) if refusal.passes() => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        Refusal::Books(_) | Refusal::Broker(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What the direct door refused: 409 where the books stand against it, 422 where the
/// request itself does.
const fn at_the_door(code: RefusalCode) -> StatusCode {
    use RefusalCode as Code;
    match code {
        Code::Malformed
        | Code::UnknownItem
        | Code::InvalidCart
        | Code::InvalidTender
        | Code::TenderNotEnough
        | Code::TicketConflict
        | Code::UnknownDevice
        | Code::UnknownStaff
        | Code::InvalidAmount => StatusCode::UNPROCESSABLE_ENTITY,
        Code::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Code::NotPermitted => StatusCode::FORBIDDEN,
        Code::NoSuchOrder | Code::NoSuchSale | Code::NoSuchVoid => StatusCode::NOT_FOUND,
        Code::NoCatalogue
        | Code::NoOpenSession
        | Code::CashAtEdge
        | Code::KeptAtEdge
        | Code::KhqrUnproven
        | Code::NoAccount
        | Code::CreditLimitExceeded
        | Code::SessionAlreadyOpen
        | Code::IllegalOrderMove
        | Code::OrderVoidPending
        | Code::VoidNotCash
        | Code::VoidSessionClosed
        | Code::VoidOrderDelivered
        | Code::VoidOrderCancelled
        | Code::VoidAlreadyPending
        | Code::VoidAlreadyVoided
        | Code::VoidAlreadyDecided => StatusCode::CONFLICT,
    }
}

const fn office_status(refusal: &OfficeRefusal) -> StatusCode {
    match refusal {
        OfficeRefusal::NoSuchVoidRequest(_)
        | OfficeRefusal::NoSuchCommand(_)
        | OfficeRefusal::NotInQuarantine(_)
        | OfficeRefusal::NoSuchDecision(_)
        | OfficeRefusal::NoSuchPart(_) => StatusCode::NOT_FOUND,
        OfficeRefusal::VoidDecided(..)
        | OfficeRefusal::VoidDecisionWaiting(_)
        | OfficeRefusal::NotWaiting(..)
        | OfficeRefusal::DecisionWaiting(_)
        | OfficeRefusal::DiscountElsewhere(_)
        | OfficeRefusal::DeviceRevoked(_)
        | OfficeRefusal::Numbering(_) => StatusCode::CONFLICT,
        OfficeRefusal::Changed(_) => StatusCode::PRECONDITION_FAILED,
        OfficeRefusal::IfMatchMissing => StatusCode::PRECONDITION_REQUIRED,
        OfficeRefusal::NotAnApprover(_)
        | OfficeRefusal::BadText(_)
        | OfficeRefusal::BadForm(_)
        | OfficeRefusal::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
    }
}

impl From<OfficeRefusal> for Problem {
    fn from(refusal: OfficeRefusal) -> Self {
        Refusal::from(refusal).into()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        if refusal.is_ours() {
            let cause = std::error::Error::source(&refusal).map(ToString::to_string);
            tracing::error!(code = refusal.code(), cause, "{refusal}");
        }
        Self::new(status(&refusal), refusal.code(), refusal.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");
        let status = self.status();
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM);
        if status == StatusCode::UNAUTHORIZED {
            const BEARER: HeaderValue = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, BEARER);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use bus::BusError;
    use schemas::{BranchId, EdgeId, back_office::Scope};
    use uuid::Uuid;

    use super::*;

    fn office_refusals() -> [(OfficeRefusal, u16, &'static str); 16] {
        use OfficeRefusal as Office;
        let (void, staff, command) = (id("7"), id("5"), id("8"));
        [
            (Office::NoSuchVoidRequest(id("7")), 404, "no_such_void_request"),
            (Office::VoidDecided(id("7"), "REJECTED"), 409, "void_already_decided"),
            (Office::VoidDecisionWaiting(void), 409, "void_decision_waiting"),
            (Office::NotAnApprover(staff), 422, "not_an_approver"),
            (Office::BadText("too long"), 422, "bad_text"),
            (Office::NoSuchCommand(command), 404, "no_such_command"),
            (Office::IfMatchMissing, 428, "if_match_missing"),
            (Office::Changed("7".to_owned()), 412, "changed_since"),
            (Office::Invalid("no name".to_owned()), 422, "catalogue_invalid"),
            (Office::NoSuchPart("device 4".to_owned()), 404, "not_in_catalogue"),
            (Office::DiscountElsewhere(id("6")), 409, "discount_elsewhere"),
            (Office::DeviceRevoked(id("4")), 409, "device_revoked"),
            (Office::NotInQuarantine("e:1".to_owned()), 404, "not_in_quarantine"),
            (Office::NotWaiting("e:1".to_owned(), "RELEASED"), 409, "not_waiting"),
            (Office::DecisionWaiting("e:1".to_owned()), 409, "decision_waiting"),
            (Office::NoSuchDecision(id("9")), 404, "no_such_decision"),
        ]
    }

    fn id<Id: From<Uuid>>(digit: &str) -> Id {
        Uuid::parse_str(&digit.repeat(32)).expect("an id").into()
    }

    #[test]
    fn every_refusal_has_its_status_and_code() {
        let edge: EdgeId = "33333333-3333-4333-8333-333333333333".parse().expect("an id");
        let branch: BranchId = "22222222-2222-4222-8222-222222222222".parse().expect("an id");
        let bad_id = "x".parse::<EdgeId>().expect_err("no id");
        let wrong_json = serde_json::from_str::<u8>("true").expect_err("no number");
        let bad_json = serde_json::from_str::<u8>("x").expect_err("no JSON");
        let refused = |code| Refusal::Door(code, "why".to_owned());
        let damage = store::Error::corrupt("edge.state", "ODD");
        let cases = [
            (Refusal::BadSubject(bad_id), 400, "bad_subject"),
            (Refusal::Malformed(bad_json), 400, "malformed"),
            (Refusal::BadParameter("limit".to_owned()), 400, "bad_parameter"),
            (Refusal::NotEnrolled(edge), 403, "edge_not_enrolled"),
            (Refusal::NotActive(edge), 403, "edge_not_active"),
            (Refusal::NotOfThisBranch(edge), 403, "edge_not_of_this_branch"),
            (Refusal::NoCatalogue(branch), 404, "no_catalogue"),
            (Refusal::NoSuchBranch(branch), 404, "no_such_branch"),
            (Refusal::NotFound("a ticket".to_owned()), 404, "not_found"),
            (Refusal::TokenMissing, 401, "token_missing"),
            (Refusal::TokenUnknown, 401, "token_unknown"),
            (Refusal::ScopeMissing(Scope::BooksRead), 403, "scope_missing"),
            (Refusal::WholeCompanyOnly, 403, "token_limited_to_branches"),
            (Refusal::KeyMissing, 400, "idempotency_key_missing"),
            (Refusal::BadKey("twice".to_owned()), 400, "idempotency_key_invalid"),
            (Refusal::KeyReused, 422, "idempotency_key_reused"),
            (Refusal::NotJson, 415, "not_json"),
            (Refusal::InvalidBody(wrong_json), 422, "invalid_body"),
            (Refusal::BodyTooLarge, 413, "body_too_large"),
            (Refusal::TicketMismatch, 422, "ticket_mismatch"),
            (Refusal::NoSuchSubmission(branch.as_uuid()), 404, "no_such_submission"),
            (Refusal::Khqr(KhqrRefusal::NoSuchCode), 404, "khqr_not_found"),
            (Refusal::Khqr(KhqrRefusal::NotSetUp), 409, "khqr_not_set_up"),
            (Refusal::Khqr(KhqrRefusal::NoAccount), 409, "khqr_not_set_up"),
            (Refusal::Khqr(KhqrRefusal::NotTheCode("why")), 422, "khqr_not_the_code"),
            (refused(RefusalCode::NoOpenSession), 409, "no_open_session"),
            (refused(RefusalCode::UnknownItem), 422, "unknown_item"),
            (refused(RefusalCode::NotPermitted), 403, "not_permitted"),
            (refused(RefusalCode::NoSuchSale), 404, "no_such_sale"),
            (refused(RefusalCode::TooLarge), 413, "too_large"),
            (Refusal::Busy, 503, "busy"),
            (Refusal::MustRecover, 503, "books_need_recovery"),
            (Refusal::StillArriving, 503, "still_arriving"),
            (Refusal::TooSlow, 504, "too_slow"),
            (Refusal::Books(damage), 500, "internal"),
            (Refusal::Broker(BusError::Disconnected), 503, "broker_unavailable"),
        ];
        let office = office_refusals()
            .map(|(refusal, status, code)| (Refusal::Office(refusal), status, code));
        for (refusal, status, code) in cases.into_iter().chain(office) {
            let text = refusal.to_string();
            let problem = Problem::from(refusal);
            assert_eq!(problem.status, status, "{text}");
            assert_eq!(problem.kind, format!("urn:tillstream:problem:{code}"), "{text}");
            assert_eq!(problem.detail, text);
            let response = problem.into_response();
            assert_eq!(response.headers()[header::CONTENT_TYPE], "application/problem+json");
            assert_eq!(response.headers().contains_key(header::RETRY_AFTER), status == 503);
            assert_eq!(response.headers().contains_key(header::WWW_AUTHENTICATE), status == 401);
        }
    }
}
