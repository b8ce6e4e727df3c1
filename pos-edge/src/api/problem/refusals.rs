//! What each refusal of the other parts is to a client.

use domain::{charged::ShownError, orders::MoveRefused, tender::TenderError, voids::Blocked};

use super::{Code, Problem};
use crate::{
    capture::CaptureError,
    drafts::DraftError,
    journal::{DraftRefusal, JournalError, PeopleRefusal, Refusal},
    khqr::KhqrError,
    people::{self, AccessError, NoTill, PeopleError},
    printer::PrinterError,
};

impl From<JournalError> for Problem {
    fn from(error: JournalError) -> Self {
        let code = match &error {
            JournalError::Full => Code::StorageFull,
            JournalError::Storage(_) | JournalError::Broken { .. } => Code::StorageFailed,
            JournalError::RolledBack(_) => Code::JournalRolledBack,
            JournalError::Retired(_) => Code::EdgeRetired,
            JournalError::NotAdopted => Code::EdgeNotAdopted,
            JournalError::Closed => Code::ShuttingDown,
            JournalError::MappingGap { .. }
            | JournalError::Catalogue(_)
            | JournalError::Pruned { .. }
            | JournalError::Adoption(_) => Code::Internal,
        };
        Self::new(code, error.to_string())
    }
}

impl From<PrinterError> for Problem {
    fn from(error: PrinterError) -> Self {
        let code = match &error {
            PrinterError::Unreachable { .. } | PrinterError::Silent { .. } => {
                Code::PrinterUnreachable
            }
            PrinterError::BrokeOff { .. } | PrinterError::Stuck { .. } => Code::PrinterFailed,
        };
        Self::new(code, error.to_string())
    }
}

impl Problem {
    /// A refused sale or quote.
    pub fn of_sale(error: CaptureError) -> Self {
        let code = match &error {
            CaptureError::Refused(Refusal::KeyConflict) => Code::TicketConflict,
            _ => return Self::from(error),
        };
        Self::new(code, "this ticket was used for another sale; mint a new one for this sale")
    }
}

impl From<NoTill> for Problem {
    fn from(error: NoTill) -> Self {
        let code = match error {
            NoTill::Unknown(_) => Code::DeviceUnknown,
            NoTill::Revoked(_) => Code::DeviceRevoked,
        };
        Self::new(code, error.to_string())
    }
}

impl From<AccessError> for Problem {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::NotLoggedIn(why) => Self::new(Code::NotLoggedIn, why),
            AccessError::Till(error) => error.into(),
            AccessError::NoCatalogue => Self::new(Code::NoCatalogue, error.to_string()),
        }
    }
}

impl From<PeopleError> for Problem {
    fn from(error: PeopleError) -> Self {
        let text = error.to_string();
        let code = match error {
            PeopleError::NoCatalogue => Code::NoCatalogue,
            PeopleError::Till(error) => return error.into(),
            PeopleError::WrongCode => Code::WrongPairingCode,
            PeopleError::CodeExpired => Code::PairingCodeExpired,
            PeopleError::WrongPin => Code::WrongPin,
            PeopleError::Locked { wait_micros } => {
                let retry_after = Some(people::seconds(wait_micros));
                return Self { retry_after, ..Self::new(Code::LoginLocked, text) };
            }
            PeopleError::Refused(PeopleRefusal::KeyConflict) => Code::KeyConflict,
            PeopleError::Refused(PeopleRefusal::CodeUsed) => Code::PairingCodeUsed,
            PeopleError::Refused(PeopleRefusal::Journal(error)) => return error.into(),
        };
        Self::new(code, text)
    }
}

impl From<DraftRefusal> for Problem {
    fn from(refusal: DraftRefusal) -> Self {
        let code = match &refusal {
            DraftRefusal::NoOpenSession(_) => Code::NoOpenSession,
            DraftRefusal::AnotherContext(_) => Code::DraftOfAnotherContext,
            DraftRefusal::Closed(_) => Code::DraftClosed,
            DraftRefusal::NotFound => Code::DraftNotFound,
            DraftRefusal::Journal(error) => return error.clone().into(),
        };
        Self::new(code, refusal.to_string())
    }
}

impl From<DraftError> for Problem {
    fn from(error: DraftError) -> Self {
        match error {
            DraftError::Cart(error) => Self::of_sale(error),
            DraftError::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<CaptureError> for Problem {
    fn from(error: CaptureError) -> Self {
        let code = match &error {
            CaptureError::NoCatalogue => Code::NoCatalogue,
            CaptureError::UnknownDevice(_) => Code::UnknownDevice,
            CaptureError::UnknownStaff(_) => Code::UnknownStaff,
            CaptureError::InvalidFloat { .. } => Code::InvalidFloat,
            CaptureError::InvalidAmount { .. } => Code::InvalidAmount,
            CaptureError::InvalidText { .. } => Code::InvalidText,
            CaptureError::Cart { .. } => Code::InvalidCart,
            CaptureError::FiguresChanged { .. } => Code::FiguresChanged,
            CaptureError::Shown(ShownError::Tender(_)) => Code::InvalidTender,
            CaptureError::Shown(_) => Code::InvalidCart,
            CaptureError::Tender(TenderError::NotEnough { .. }) => Code::NotEnoughReceived,
            CaptureError::Tender(
                TenderError::BadAmount { .. } | TenderError::NotTheCode { .. },
            ) => Code::InvalidTender,
            CaptureError::Tender(TenderError::AccountNotTaken) => Code::AccountNotTaken,
            CaptureError::Tender(TenderError::KhqrNotTaken) => Code::KhqrNotConfirmed,
            CaptureError::Khqr(refused) => khqr(refused),
            CaptureError::TooLarge { .. } => Code::SaleTooLarge,
            CaptureError::Unreadable(_) => Code::Internal,
            CaptureError::Refused(refusal) => return refusal.clone().into(),
        };
        Self::new(code, error.to_string())
    }
}

fn khqr(refused: &KhqrError) -> Code {
    match refused {
        KhqrError::NeedsLine(_) => Code::KhqrNeedsLine,
        KhqrError::NotSetUp(_) => Code::KhqrUnavailable,
        KhqrError::Refused(_) => Code::KhqrRefused,
        KhqrError::TicketSold(_) => Code::TicketConflict,
        KhqrError::AlreadyPaid(_) => Code::KhqrAlreadyPaid,
        KhqrError::NotFound => Code::KhqrNotFound,
        KhqrError::NotYours => Code::NotYours,
        KhqrError::NotConfirmed(_) => Code::KhqrNotConfirmed,
        KhqrError::CartChanged => Code::KhqrCartChanged,
        KhqrError::Centre(_) => Code::KhqrCentreRefused,
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let code = match &refusal {
            Refusal::KeyConflict => Code::KeyConflict,
            Refusal::NoOpenSession(_) => Code::NoOpenSession,
            Refusal::SessionAlreadyOpen(_) => Code::SessionAlreadyOpen,
            Refusal::DraftOfAnotherContext(_) => Code::DraftOfAnotherContext,
            Refusal::DraftActive(_) => Code::DraftActive,
            Refusal::SessionNotFound(_) => Code::SessionNotFound,
            Refusal::SessionClosed(_) => Code::SessionClosed,
            Refusal::SessionNotClosed(_) => Code::SessionNotClosed,
            Refusal::NotYours => Code::NotYours,
            Refusal::OrderNotFound(_) => Code::OrderNotFound,
            Refusal::OrderMove(MoveRefused::Illegal { .. }) => Code::IllegalOrderMove,
            Refusal::OrderMove(MoveRefused::VoidPending) => Code::OrderVoidPending,
            Refusal::TicketNotFound(_) => Code::TicketNotFound,
            Refusal::VoidOnline(_) => Code::VoidOnlineOrder,
            Refusal::VoidNotFound(_) => Code::VoidNotFound,
            Refusal::Void(blocked) => match blocked {
                Blocked::NotCash => Code::VoidNotCash,
                Blocked::SessionClosed => Code::VoidSessionClosed,
                Blocked::Delivered => Code::VoidOrderDelivered,
                Blocked::Cancelled => Code::VoidOrderCancelled,
                Blocked::AlreadyPending => Code::VoidAlreadyPending,
                Blocked::AlreadyVoided => Code::VoidAlreadyVoided,
                Blocked::AlreadyDecided(_) => Code::VoidAlreadyDecided,
            },
            Refusal::TooManyVoids(_) => Code::TooManyVoids,
            Refusal::Held(_) => Code::SaleHeld,
            Refusal::HeldNotFound(_) => Code::HeldNotFound,
            Refusal::HeldDecided(_) => Code::HeldDecided,
            Refusal::TooManyHeld(_) => Code::TooManyHeld,
            Refusal::NoPlace(_) => Code::NoPlace,
            Refusal::Pruned(_) => Code::Pruned,
            Refusal::NoRoom { .. } => Code::StorageFull,
            Refusal::TooLarge(_) => Code::SaleTooLarge,
            Refusal::RolledBack(_) => Code::JournalRolledBack,
            // Commands come from the centre, not over HTTP.
            Refusal::CommandExpired(_) => Code::Internal,
            Refusal::Journal(error) => return error.clone().into(),
        };
        Self::new(code, refusal.to_string())
    }
}
