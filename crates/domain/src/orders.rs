//! How a kitchen order moves.

use schemas::events::OrderStatus;

/// Whether a person may move an order from one state to the other: `IN_PREP` →
/// `READY` → `DELIVERED`, one step at a time. `VOIDED` and `CANCELLED` are
/// never reached by hand.
pub const fn may_move(from: OrderStatus, to: OrderStatus) -> bool {
    matches!(
        (from, to),
        (OrderStatus::InPrep, OrderStatus::Ready) | (OrderStatus::Ready, OrderStatus::Delivered)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_two_moves_are_allowed() {
        use OrderStatus::{Cancelled, Delivered, InPrep, Ready, Voided};
        let all = [InPrep, Ready, Delivered, Voided, Cancelled];
        let allowed: Vec<_> = all
            .into_iter()
            .flat_map(|from| all.into_iter().map(move |to| (from, to)))
            .filter(|(from, to)| may_move(*from, *to))
            .collect();
        assert_eq!(allowed, [(InPrep, Ready), (Ready, Delivered)]);
    }
}
