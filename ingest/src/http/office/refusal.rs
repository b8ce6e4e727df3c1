//! What a back office is refused: business, not form.

use schemas::{CommandId, DecisionId, DeviceId, DiscountId, StaffId, VoidRequestId};
use store::series::SettingRefused;

/// Why something was not done. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OfficeRefusal {
    /// The books have no such request, or not for who asks.
    #[error("request to void {0} is not known")]
    NoSuchVoidRequest(VoidRequestId),
    /// The request has its outcome.
    #[error("request to void {0} was decided already: it is {1}")]
    VoidDecided(VoidRequestId, &'static str),
    /// Somebody else was first; the store does not know yet.
    #[error(
        "request to void {0} was decided already in the back office; that decision waits for the store"
    )]
    VoidDecisionWaiting(VoidRequestId),
    /// Only managers and admins decide.
    #[error("{0} is not a manager or admin of this branch")]
    NotAnApprover(StaffId),
    /// A remark or reason that is too long or missing.
    #[error("{0}")]
    BadText(&'static str),
    /// A change that does not say what was seen.
    #[error("send If-Match with the ETag that you have seen, in quotes")]
    IfMatchMissing,
    /// Somebody else changed it.
    #[error("it was changed since: the ETag is {0:?} now; look again and change that")]
    Changed(String),
    /// A store could not sell by it.
    #[error("no store can sell by this: {0}")]
    Invalid(String),
    /// The catalogue has no such part.
    #[error("{0} is not in the catalogue of this branch")]
    NoSuchPart(String),
    /// The rule holds in another place.
    #[error("discount {0} holds elsewhere: a rule is of one branch or of the whole company")]
    DiscountElsewhere(DiscountId),
    /// A revoked till is not paired.
    #[error("device {0} is revoked")]
    DeviceRevoked(DeviceId),
    /// A form of numbers that cannot be used.
    #[error("form: {0}")]
    BadForm(String),
    /// The numbering was not changed.
    #[error(transparent)]
    Numbering(#[from] SettingRefused),
    /// The books have no such command, or not for who asks.
    #[error("command {0} is not known")]
    NoSuchCommand(CommandId),
    /// No such entry was ever set aside, or not for who asks.
    #[error("entry {0} was never in quarantine")]
    NotInQuarantine(String),
    /// The entry has its outcome.
    #[error("entry {0} does not wait in quarantine: it is {1}")]
    NotWaiting(String, &'static str),
    /// Somebody else was first; a worker is about to carry that out.
    #[error("a decision about entry {0} waits to be carried out; ask again when it is")]
    DecisionWaiting(String),
    /// The books have no such decision, or not for who asks.
    #[error("decision {0} is not known")]
    NoSuchDecision(DecisionId),
}

impl OfficeRefusal {
    /// Whether it is for what the books say, not for what the request is.
    pub const fn is_by_the_books(&self) -> bool {
        match self {
            Self::BadText(_) | Self::BadForm(_) | Self::IfMatchMissing => false,
            Self::NoSuchVoidRequest(_)
            | Self::VoidDecided(..)
            | Self::VoidDecisionWaiting(_)
            | Self::NotAnApprover(_)
            | Self::Changed(_)
            | Self::Invalid(_)
            | Self::NoSuchPart(_)
            | Self::DiscountElsewhere(_)
            | Self::DeviceRevoked(_)
            | Self::Numbering(_)
            | Self::NoSuchCommand(_)
            | Self::NotInQuarantine(_)
            | Self::NotWaiting(..)
            | Self::DecisionWaiting(_)
            | Self::NoSuchDecision(_) => true,
        }
    }

    /// A stable code for programs.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NoSuchVoidRequest(_) => "no_such_void_request",
            Self::VoidDecided(..) => "void_already_decided",
            Self::VoidDecisionWaiting(_) => "void_decision_waiting",
            Self::NotAnApprover(_) => "not_an_approver",
            Self::BadText(_) => "bad_text",
            Self::IfMatchMissing => "if_match_missing",
            Self::Changed(_) => "changed_since",
            Self::Invalid(_) => "catalogue_invalid",
            Self::NoSuchPart(_) => "not_in_catalogue",
            Self::DiscountElsewhere(_) => "discount_elsewhere",
            Self::DeviceRevoked(_) => "device_revoked",
            Self::BadForm(_) => "bad_form",
            Self::Numbering(SettingRefused::Stale(_)) => "changed_since",
            Self::Numbering(_) => "numbering_refused",
            Self::NoSuchCommand(_) => "no_such_command",
            Self::NotInQuarantine(_) => "not_in_quarantine",
            Self::NotWaiting(..) => "not_waiting",
            Self::DecisionWaiting(_) => "decision_waiting",
            Self::NoSuchDecision(_) => "no_such_decision",
        }
    }
}
