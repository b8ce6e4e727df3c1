//! How a kitchen order moves.

use schemas::{
    door_api::RefusalCode,
    events::{OrderStatus, SaleStatus},
};

/// Why an order was not moved. Its state is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoveRefused {
    /// That is no step an order takes by hand.
    #[error(
        "an order that is {} does not become {}: it goes from IN_PREP to READY to DELIVERED, \
         and only an approved void makes it VOIDED",
        from.as_str(), to.as_str()
    )]
    Illegal {
        /// Where it stands.
        from: OrderStatus,
        /// Where it was to go.
        to: OrderStatus,
    },
    /// Its sale may yet be undone.
    #[error("a void of this order's sale waits to be decided; it may not be delivered until then")]
    VoidPending,
}

impl MoveRefused {
    /// The code to branch on, at an edge and at the direct door alike.
    pub fn code(self) -> &'static str {
        RefusalCode::from(self).as_str()
    }
}

impl From<MoveRefused> for RefusalCode {
    fn from(why: MoveRefused) -> Self {
        match why {
            MoveRefused::Illegal { .. } => Self::IllegalOrderMove,
            MoveRefused::VoidPending => Self::OrderVoidPending,
        }
    }
}

/// Whether a person may move an order from one state to the other: `IN_PREP` →
/// `READY` → `DELIVERED`, one step at a time. `VOIDED` and `CANCELLED` are
/// never reached by hand.
pub const fn may_move(from: OrderStatus, to: OrderStatus) -> bool {
    matches!(
        (from, to),
        (OrderStatus::InPrep, OrderStatus::Ready) | (OrderStatus::Ready, OrderStatus::Delivered)
    )
}

/// Whether a person may move this order now: as [`may_move`] says, and not to
/// `DELIVERED` while a void of its sale is undecided.
///
/// # Errors
/// [`MoveRefused`], each case by its own name.
pub const fn check_move(
    from: OrderStatus,
    to: OrderStatus,
    sale: SaleStatus,
) -> Result<(), MoveRefused> {
    if !may_move(from, to) {
        return Err(MoveRefused::Illegal { from, to });
    }
    match (sale, to) {
        (SaleStatus::VoidPending, OrderStatus::Delivered) => Err(MoveRefused::VoidPending),
        _ => Ok(()),
    }
}

/// Whether an order stands where nothing moves it any more.
pub const fn is_final(status: OrderStatus) -> bool {
    match status {
        OrderStatus::InPrep | OrderStatus::Ready => false,
        OrderStatus::Delivered | OrderStatus::Voided | OrderStatus::Cancelled => true,
    }
}
