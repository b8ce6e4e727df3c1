//! Why the direct door refuses: one list for those who decide and those who tell.

/// Why a submission is refused: to branch on. Final for its ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefusalCode {
    /// The request cannot be read as one of this build.
    Malformed,
    /// It is larger than an entry may be.
    TooLarge,
    /// The store has no menu.
    NoCatalogue,
    /// There is no open cash session to sell in.
    NoOpenSession,
    /// The store has an edge, which keeps its drawers.
    CashAtEdge,
    /// The store has an edge, which keeps what the request is about.
    KeptAtEdge,
    /// The centre knows of no such payment.
    KhqrUnproven,
    /// Something in the cart is not on the menu.
    UnknownItem,
    /// The cart cannot be sold as it is.
    InvalidCart,
    /// What was handed over is no amount of its currency.
    InvalidTender,
    /// Less was handed over than is owed.
    TenderNotEnough,
    /// The customer has no house account.
    NoAccount,
    /// The customer would owe more than they may.
    CreditLimitExceeded,
    /// Another payload has this ticket.
    TicketConflict,
    /// The till is not one of the store.
    UnknownDevice,
    /// The person may not work in the store.
    UnknownStaff,
    /// The person's role does not allow it.
    NotPermitted,
    /// The person has an open session already.
    SessionAlreadyOpen,
    /// The amount cannot be in a drawer.
    InvalidAmount,
    /// There is no such order in the store.
    NoSuchOrder,
    /// That is no step an order takes.
    IllegalOrderMove,
    /// A void of the order's sale is undecided.
    OrderVoidPending,
    /// There is no such sale in the store.
    NoSuchSale,
    /// There is no such request to void in the store.
    NoSuchVoid,
    /// The sale was not paid in cash.
    VoidNotCash,
    /// The session of the sale is closed.
    VoidSessionClosed,
    /// The customer has it.
    VoidOrderDelivered,
    /// The order stands where no void leaves it.
    VoidOrderCancelled,
    /// A void was asked for already.
    VoidAlreadyPending,
    /// The sale is undone already.
    VoidAlreadyVoided,
    /// The request was decided already.
    VoidAlreadyDecided,
}

impl RefusalCode {
    /// All of them.
    pub const ALL: [Self; 31] = [
        Self::Malformed,
        Self::TooLarge,
        Self::NoCatalogue,
        Self::NoOpenSession,
        Self::CashAtEdge,
        Self::KeptAtEdge,
        Self::KhqrUnproven,
        Self::UnknownItem,
        Self::InvalidCart,
        Self::InvalidTender,
        Self::TenderNotEnough,
        Self::NoAccount,
        Self::CreditLimitExceeded,
        Self::TicketConflict,
        Self::UnknownDevice,
        Self::UnknownStaff,
        Self::NotPermitted,
        Self::SessionAlreadyOpen,
        Self::InvalidAmount,
        Self::NoSuchOrder,
        Self::IllegalOrderMove,
        Self::OrderVoidPending,
        Self::NoSuchSale,
        Self::NoSuchVoid,
        Self::VoidNotCash,
        Self::VoidSessionClosed,
        Self::VoidOrderDelivered,
        Self::VoidOrderCancelled,
        Self::VoidAlreadyPending,
        Self::VoidAlreadyVoided,
        Self::VoidAlreadyDecided,
    ];

    /// The name in JSON and in storage.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::NoCatalogue => "no_catalogue",
            Self::NoOpenSession => "no_open_session",
            Self::CashAtEdge => "cash_at_edge",
            Self::KeptAtEdge => "kept_at_edge",
            Self::KhqrUnproven => "khqr_unproven",
            Self::UnknownItem => "unknown_item",
            Self::InvalidCart => "invalid_cart",
            Self::InvalidTender => "invalid_tender",
            Self::TenderNotEnough => "tender_not_enough",
            Self::NoAccount => "no_account",
            Self::CreditLimitExceeded => "credit_limit_exceeded",
            Self::TicketConflict => "ticket_conflict",
            Self::UnknownDevice => "unknown_device",
            Self::UnknownStaff => "unknown_staff",
            Self::NotPermitted => "not_permitted",
            Self::SessionAlreadyOpen => "session_already_open",
            Self::InvalidAmount => "invalid_amount",
            Self::NoSuchOrder => "no_such_order",
            Self::IllegalOrderMove => "illegal_order_move",
            Self::OrderVoidPending => "order_void_pending",
            Self::NoSuchSale => "no_such_sale",
            Self::NoSuchVoid => "no_such_void",
            Self::VoidNotCash => "void_not_cash",
            Self::VoidSessionClosed => "void_session_closed",
            Self::VoidOrderDelivered => "void_order_delivered",
            Self::VoidOrderCancelled => "void_order_cancelled",
            Self::VoidAlreadyPending => "void_already_pending",
            Self::VoidAlreadyVoided => "void_already_voided",
            Self::VoidAlreadyDecided => "void_already_decided",
        }
    }

    /// The code with this name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == name)
    }
}
