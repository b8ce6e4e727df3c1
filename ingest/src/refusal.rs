//! Why the door says no: one list for all ways in. It knows nothing of HTTP.

use bus::BusError;
use schemas::{
    BranchId, EdgeId, TicketId, back_office::Scope, door_api::RefusalCode, ids::InvalidId,
};
use store::Failure;
use uuid::Uuid;

use crate::http::OfficeRefusal;

/// A request that was not answered as asked.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The subject names no question that is known here.
    #[error("this is no question that is answered here: {0}")]
    BadSubject(#[from] InvalidId),
    /// The question's body does not have its form.
    #[error("the question is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    /// A parameter of a URL is wrong.
    #[error("{0}")]
    BadParameter(String),
    /// The books do not know this edge.
    #[error("edge {0} is not enrolled")]
    NotEnrolled(EdgeId),
    /// Another epoch has replaced this edge.
    #[error("edge {0} is not active: a newer one has replaced it")]
    NotActive(EdgeId),
    /// Entries of the edge that is replaced are still on their way to the books.
    #[error("entries of the former edge are still being booked: ask again")]
    StillArriving,
    /// The edge is enrolled elsewhere than its subject says.
    #[error("edge {0} is not the edge of this branch")]
    NotOfThisBranch(EdgeId),
    /// The branch has no catalogue yet.
    #[error("branch {0} has no catalogue yet")]
    NoCatalogue(BranchId),
    /// The books do not know this branch.
    #[error("branch {0} is not known")]
    NoSuchBranch(BranchId),
    /// The books have no such thing, or not for who asks.
    #[error("{0} is not known")]
    NotFound(String),
    /// No token came with the request.
    #[error("send Authorization: Bearer <API token>")]
    TokenMissing,
    /// The token is not known, or was revoked.
    #[error("this API token is not known here, or was revoked")]
    TokenUnknown,
    /// The token does not allow this.
    #[error("this API token does not have the scope {0}")]
    ScopeMissing(Scope),
    /// The token is for some stores, and this is about all of them.
    #[error("this API token is limited to some branches, and this concerns all of them")]
    WholeCompanyOnly,
    /// A POST without its key.
    #[error("send Idempotency-Key: <1 to 128 visible characters>, the same one for every retry")]
    KeyMissing,
    /// A key that cannot be one.
    #[error("Idempotency-Key: {0}")]
    BadKey(String),
    /// The key belongs to another request.
    #[error("this Idempotency-Key was used for another request")]
    KeyReused,
    /// The body is not declared as JSON.
    #[error("send Content-Type: application/json")]
    NotJson,
    /// The body is JSON, but not of the form that is asked for here.
    #[error("the body is not what is asked for here: {0}")]
    InvalidBody(serde_json::Error),
    /// The body is too large.
    #[error("the body is too large")]
    BodyTooLarge,
    /// The header names another ticket than the body.
    #[error("Idempotency-Key and the body's ticketId name two tickets")]
    TicketMismatch,
    /// The direct door refused, for good unless the books say otherwise.
    #[error("{1}")]
    Door(RefusalCode, String),
    /// The company has no such submission.
    #[error("submission {0} is not known")]
    NoSuchSubmission(Uuid),
    /// The back office is refused.
    #[error(transparent)]
    Office(#[from] OfficeRefusal),
    /// A KHQR code cannot be taken or found.
    #[error(transparent)]
    Khqr(#[from] KhqrRefusal),
    /// The books were restored from an older backup.
    #[error(
        "the books were restored from an older backup and are being recovered: nothing is taken \
         here until then; ask again later under the same key"
    )]
    MustRecover,
    /// Too many requests at once.
    #[error("too many requests at once: ask again")]
    Busy,
    /// It took too long.
    #[error("the answer took too long: ask again")]
    TooSlow,
    /// The books do not answer right now, or found damage in themselves.
    #[error("the books cannot answer")]
    Books(#[from] store::Error),
    /// The broker does not answer right now.
    #[error("the broker cannot answer")]
    Broker(#[from] BusError),
}

impl Refusal {
    /// A stable code for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadSubject(_) => "bad_subject",
            Self::Malformed(_) => "malformed",
            Self::BadParameter(_) => "bad_parameter",
            Self::NotEnrolled(_) => "edge_not_enrolled",
            Self::NotActive(_) => "edge_not_active",
            Self::StillArriving => "still_arriving",
            Self::NotOfThisBranch(_) => "edge_not_of_this_branch",
            Self::NoCatalogue(_) => "no_catalogue",
            Self::NoSuchBranch(_) => "no_such_branch",
            Self::NotFound(_) => "not_found",
            Self::TokenMissing => "token_missing",
            Self::TokenUnknown => "token_unknown",
            Self::ScopeMissing(_) => "scope_missing",
            Self::WholeCompanyOnly => "token_limited_to_branches",
            Self::KeyMissing => "idempotency_key_missing",
            Self::BadKey(_) => "idempotency_key_invalid",
            Self::KeyReused => "idempotency_key_reused",
            Self::NotJson => "not_json",
            Self::InvalidBody(_) => "invalid_body",
            Self::BodyTooLarge => "body_too_large",
            Self::TicketMismatch => "ticket_mismatch",
            Self::Door(code, _) => code.as_str(),
            Self::NoSuchSubmission(_) => "no_such_submission",
            Self::Office(refusal) => refusal.code(),
            Self::Khqr(refusal) => refusal.code(),
            Self::MustRecover => "books_need_recovery",
            Self::Busy => "busy",
            Self::TooSlow => "too_slow",
            Self::Books(_) if self.passes() => "books_unavailable",
            Self::Broker(_) => "broker_unavailable",
            Self::Books(_) => "internal",
        }
    }

    /// Whether the same request may be answered later, with nothing changed.
    pub fn passes(&self) -> bool {
        match self {
            Self::Busy
            | Self::TooSlow
            | Self::MustRecover
            | Self::StillArriving
            | Self::Broker(_) => true,
            Self::Books(error) => store::classify(error) == Failure::Retry,
            _ => false,
        }
    }

    /// Whether it is for what the books say: it may be otherwise when the same is
    /// asked later.
    pub const fn is_by_the_books(&self) -> bool {
        match self {
            Self::NoCatalogue(_)
            | Self::NoSuchBranch(_)
            | Self::NotFound(_)
            | Self::Door(..)
            | Self::NoSuchSubmission(_)
            | Self::Khqr(_) => true,
            Self::Office(refusal) => refusal.is_by_the_books(),
            _ => false,
        }
    }

    /// Whether the fault is ours: to be logged, not only told to who asked.
    pub const fn is_ours(&self) -> bool {
        matches!(self, Self::Books(_) | Self::Broker(_) | Self::Busy | Self::TooSlow)
    }
}

/// Why a KHQR code cannot be made, taken or found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KhqrRefusal {
    /// The company has no access to Bakong.
    #[error("this company takes no KHQR: its access to Bakong is not set up")]
    NotSetUp,
    /// The store's catalogue names nobody who is paid.
    #[error("this store takes no KHQR: its catalogue names no account")]
    NoAccount,
    /// No code says what it would have to.
    #[error("no code can be made: {0}")]
    NoCode(domain::khqr::KhqrError),
    /// The ticket's code was paid.
    #[error("the code of ticket {0} was paid; complete the sale")]
    Paid(TicketId),
    /// What is stated beside the code is not what it says.
    #[error("this is not the code that it says to be: {0}")]
    NotTheCode(&'static str),
    /// The branch has no such code.
    #[error("there is no such KHQR code of this branch")]
    NoSuchCode,
}

impl KhqrRefusal {
    /// A stable code for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoCode(_) => "khqr_refused",
            Self::Paid(_) => "khqr_already_paid",
            Self::NotSetUp | Self::NoAccount => "khqr_not_set_up",
            Self::NotTheCode(_) => "khqr_not_the_code",
            Self::NoSuchCode => "khqr_not_found",
        }
    }
}
