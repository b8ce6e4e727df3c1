//! How orders move.

use domain::orders::{MoveRefused, check_move, is_final, may_move};
use schemas::events::{
    OrderStatus::{self, Cancelled, Delivered, InPrep, Ready, Voided},
    SaleStatus,
};

const ALL: [OrderStatus; 5] = [InPrep, Ready, Delivered, Voided, Cancelled];

fn pairs() -> impl Iterator<Item = (OrderStatus, OrderStatus)> {
    ALL.into_iter().flat_map(|from| ALL.into_iter().map(move |to| (from, to)))
}

#[test]
fn only_two_moves_are_allowed() {
    let allowed: Vec<_> = pairs().filter(|(from, to)| may_move(*from, *to)).collect();
    assert_eq!(allowed, [(InPrep, Ready), (Ready, Delivered)]);
}

#[test]
fn nothing_leaves_a_final_state() {
    let left: Vec<_> =
        pairs().filter(|(from, to)| is_final(*from) && may_move(*from, *to)).collect();
    assert_eq!(left, []);
    assert_eq!(ALL.map(is_final), [false, false, true, true, true]);
}

#[test]
fn every_refused_move_has_its_reason() {
    for (from, to) in pairs() {
        for sale in [SaleStatus::Finalized, SaleStatus::VoidPending, SaleStatus::Voided] {
            let expected = match (from, to, sale) {
                (InPrep, Ready, _) => Ok(()),
                (Ready, Delivered, SaleStatus::VoidPending) => Err(MoveRefused::VoidPending),
                (Ready, Delivered, _) => Ok(()),
                _ => Err(MoveRefused::Illegal { from, to }),
            };
            assert_eq!(check_move(from, to, sale), expected);
        }
    }
    let illegal = MoveRefused::Illegal { from: InPrep, to: Cancelled };
    assert!(illegal.to_string().contains("IN_PREP does not become CANCELLED"));
    assert_ne!(illegal.code(), MoveRefused::VoidPending.code());
}
