//! How a sale is undone: request, approval, rejection, and what stands against
//! each. A [`Case`] is a sale with its order, its session and its newest
//! request; every step gives the case after it, or names the one rule that
//! blocks it.

use schemas::{
    NotificationId, VoidRequestId,
    door_api::RefusalCode,
    edge_api::VoidRequestStatus,
    events::{OrderStatus, SaleStatus, TenderMethod},
};

/// All that decides whether a sale may be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Case {
    /// How it was paid.
    pub method: TenderMethod,
    /// Whether its cash session is still open.
    pub session_open: bool,
    /// Where the sale stands.
    pub sale: SaleStatus,
    /// Where its order stands.
    pub order: OrderStatus,
    /// The newest request to void it, if there ever was one.
    pub request: Option<VoidRequestStatus>,
}

/// What stands against a step. Nothing is changed by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Blocked {
    /// It was not paid in cash.
    #[error("only cash sales can be voided; this one was paid otherwise, and is not refunded")]
    NotCash,
    /// Its session is closed.
    #[error("the cash session of this sale is closed; a sale is voided in its own session only")]
    SessionClosed,
    /// The customer has it.
    #[error("the order of this sale is delivered; it can no longer be voided")]
    Delivered,
    /// Its order is in a state that no void leaves.
    #[error("the order of this sale is cancelled; there is nothing to void")]
    Cancelled,
    /// Somebody asked already.
    #[error("a void of this sale was requested already and waits to be decided")]
    AlreadyPending,
    /// It is undone.
    #[error("this sale is voided already")]
    AlreadyVoided,
    /// That request has its outcome.
    #[error("this request to void was decided already: it is {}", .0.as_str())]
    AlreadyDecided(VoidRequestStatus),
}

impl Blocked {
    /// The code to branch on, at an edge and at the direct door alike.
    pub fn code(self) -> &'static str {
        RefusalCode::from(self).as_str()
    }
}

impl From<Blocked> for RefusalCode {
    fn from(rule: Blocked) -> Self {
        match rule {
            Blocked::NotCash => Self::VoidNotCash,
            Blocked::SessionClosed => Self::VoidSessionClosed,
            Blocked::Delivered => Self::VoidOrderDelivered,
            Blocked::Cancelled => Self::VoidOrderCancelled,
            Blocked::AlreadyPending => Self::VoidAlreadyPending,
            Blocked::AlreadyVoided => Self::VoidAlreadyVoided,
            Blocked::AlreadyDecided(_) => Self::VoidAlreadyDecided,
        }
    }
}

impl Case {
    /// Asks to undo the sale: it is `VOID_PENDING` then.
    ///
    /// # Errors
    /// [`Blocked`] by the first rule that stands against it.
    pub const fn request(self) -> Result<Self, Blocked> {
        match self.sale {
            SaleStatus::Voided => return Err(Blocked::AlreadyVoided),
            SaleStatus::VoidPending => return Err(Blocked::AlreadyPending),
            SaleStatus::Finalized => {}
        }
        match self.permitted() {
            Ok(()) => Ok(Self {
                sale: SaleStatus::VoidPending,
                request: Some(VoidRequestStatus::Pending),
                ..self
            }),
            Err(blocked) => Err(blocked),
        }
    }

    /// Approves the pending request: sale and order are `VOIDED` then.
    ///
    /// # Errors
    /// [`Blocked::AlreadyDecided`], or by the rules that held at the request.
    pub const fn approve(self) -> Result<Self, Blocked> {
        match self.undecided() {
            Ok(()) => {}
            Err(blocked) => return Err(blocked),
        }
        match self.permitted() {
            Ok(()) => Ok(Self {
                sale: SaleStatus::Voided,
                order: OrderStatus::Voided,
                request: Some(VoidRequestStatus::Approved),
                ..self
            }),
            Err(blocked) => Err(blocked),
        }
    }

    /// Rejects the pending request: the sale is `FINALIZED` again, its order is
    /// where it was.
    ///
    /// # Errors
    /// [`Blocked::AlreadyDecided`].
    pub const fn reject(self) -> Result<Self, Blocked> {
        match self.undecided() {
            Ok(()) => Ok(Self {
                sale: SaleStatus::Finalized,
                request: Some(VoidRequestStatus::Rejected),
                ..self
            }),
            Err(blocked) => Err(blocked),
        }
    }

    /// Closes the session: what was undecided is rejected by it.
    #[must_use]
    pub const fn close_session(self) -> Self {
        let after = match self.reject() {
            Ok(rejected) => rejected,
            Err(_) => self,
        };
        Self { session_open: false, ..after }
    }

    const fn undecided(self) -> Result<(), Blocked> {
        match (self.request, self.sale) {
            (Some(VoidRequestStatus::Pending), SaleStatus::VoidPending) => Ok(()),
            (Some(VoidRequestStatus::Approved), _) | (_, SaleStatus::Voided) => {
                Err(Blocked::AlreadyDecided(VoidRequestStatus::Approved))
            }
            _ => Err(Blocked::AlreadyDecided(VoidRequestStatus::Rejected)),
        }
    }

    /// The rules that hold at the request and at the approval.
    const fn permitted(self) -> Result<(), Blocked> {
        if !matches!(self.method, TenderMethod::Cash) {
            return Err(Blocked::NotCash);
        }
        if !self.session_open {
            return Err(Blocked::SessionClosed);
        }
        match self.order {
            OrderStatus::InPrep | OrderStatus::Ready => Ok(()),
            OrderStatus::Delivered => Err(Blocked::Delivered),
            OrderStatus::Voided => Err(Blocked::AlreadyVoided),
            OrderStatus::Cancelled => Err(Blocked::Cancelled),
        }
    }
}

/// The id of a notification: the same key about the same request is the same
/// one, wherever it is derived.
pub fn notification_id(key: &str, request: VoidRequestId) -> NotificationId {
    NotificationId::derived(request.as_uuid(), key)
}
