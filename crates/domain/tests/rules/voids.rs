//! How sales are undone.

use std::collections::HashSet;

use domain::{
    orders::check_move,
    voids::{Blocked, Case, notification_id},
};
use proptest::prelude::*;
use schemas::{
    VoidRequestId,
    edge_api::VoidRequestStatus::{Approved, Pending, Rejected},
    events::{OrderStatus, SaleStatus, TenderMethod},
};
use uuid::Uuid;

const SOLD: Case = Case {
    method: TenderMethod::Cash,
    session_open: true,
    sale: SaleStatus::Finalized,
    order: OrderStatus::InPrep,
    request: None,
};

#[test]
fn a_void_is_requested_and_approved() {
    let asked = SOLD.request().unwrap();
    assert_eq!((asked.sale, asked.order), (SaleStatus::VoidPending, OrderStatus::InPrep));
    let voided = asked.approve().unwrap();
    assert_eq!((voided.sale, voided.order), (SaleStatus::Voided, OrderStatus::Voided));
    assert_eq!(voided.request, Some(Approved));
}

#[test]
fn a_rejected_request_leaves_the_sale_and_a_later_one_is_new() {
    let ready = Case { order: OrderStatus::Ready, ..SOLD };
    let rejected = ready.request().unwrap().reject().unwrap();
    assert_eq!(rejected, Case { request: Some(Rejected), ..ready });
    assert_eq!(rejected.request().unwrap().approve().unwrap().order, OrderStatus::Voided);
}

#[test]
fn each_rule_blocks_by_its_own_name() {
    let asked = SOLD.request().unwrap();
    let delivered = Case { order: OrderStatus::Delivered, ..SOLD };
    let table = [
        (Case { method: TenderMethod::Khqr, ..SOLD }.request(), Blocked::NotCash),
        (Case { session_open: false, ..SOLD }.request(), Blocked::SessionClosed),
        (delivered.request(), Blocked::Delivered),
        (Case { order: OrderStatus::Cancelled, ..SOLD }.request(), Blocked::Cancelled),
        (asked.request(), Blocked::AlreadyPending),
        (asked.approve().unwrap().request(), Blocked::AlreadyVoided),
        (Case { method: TenderMethod::Khqr, ..asked }.approve(), Blocked::NotCash),
        (Case { session_open: false, ..asked }.approve(), Blocked::SessionClosed),
        (Case { order: OrderStatus::Delivered, ..asked }.approve(), Blocked::Delivered),
        (asked.approve().unwrap().approve(), Blocked::AlreadyDecided(Approved)),
        (asked.approve().unwrap().reject(), Blocked::AlreadyDecided(Approved)),
        (asked.reject().unwrap().approve(), Blocked::AlreadyDecided(Rejected)),
        (asked.reject().unwrap().reject(), Blocked::AlreadyDecided(Rejected)),
        (SOLD.approve(), Blocked::AlreadyDecided(Rejected)),
    ];
    for (outcome, blocked) in table {
        assert_eq!(outcome, Err(blocked));
    }
    let codes: HashSet<_> = table.iter().map(|(_, blocked)| blocked.code()).collect();
    let messages: HashSet<_> = table.iter().map(|(_, blocked)| blocked.to_string()).collect();
    assert_eq!((codes.len(), messages.len()), (7, 8));
}

#[test]
fn closing_rejects_what_is_undecided() {
    let closed = SOLD.request().unwrap().close_session();
    assert_eq!((closed.sale, closed.request), (SaleStatus::Finalized, Some(Rejected)));
    assert_eq!(closed.approve(), Err(Blocked::AlreadyDecided(Rejected)));
    assert_eq!(closed.request(), Err(Blocked::SessionClosed));
    assert_eq!(SOLD.close_session().request, None);
}

#[test]
fn a_notification_is_known_by_its_key_and_request() {
    let request = |n: u128| VoidRequestId::from_uuid(Uuid::from_u128(n));
    assert_eq!(notification_id("a", request(1)), notification_id("a", request(1)));
    assert_ne!(notification_id("a", request(1)), notification_id("b", request(1)));
    assert_ne!(notification_id("a", request(1)), notification_id("a", request(2)));
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Request,
    Approve,
    Reject,
    Close,
    Move(OrderStatus),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Request),
        2 => Just(Step::Approve),
        2 => Just(Step::Reject),
        1 => Just(Step::Close),
        2 => Just(Step::Move(OrderStatus::Ready)),
        1 => Just(Step::Move(OrderStatus::Delivered)),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_a_sale_is_undone_at_most_once(
        steps in prop::collection::vec(step(), 0..40),
        cash: bool,
    ) {
        let method = if cash { TenderMethod::Cash } else { TenderMethod::Khqr };
        let mut case = Case { method, ..SOLD };
        let mut refunds = 0;
        for step in steps {
            let before = case;
            let after = match step {
                Step::Request => case.request(),
                Step::Approve => case.approve(),
                Step::Reject => case.reject(),
                Step::Close => Ok(case.close_session()),
                Step::Move(to) => match check_move(case.order, to, case.sale) {
                    Ok(()) => Ok(Case { order: to, ..case }),
                    Err(_) => Ok(case),
                },
            };
            let Ok(after) = after else { continue };
            refunds += u32::from(matches!(step, Step::Approve));
            case = after;
            prop_assert_eq!(case.sale == SaleStatus::VoidPending, case.request == Some(Pending));
            prop_assert_eq!(case.sale == SaleStatus::Voided, case.order == OrderStatus::Voided);
            prop_assert!(case.session_open || case.sale != SaleStatus::VoidPending);
            let delivered = case.order == OrderStatus::Delivered;
            prop_assert!(!delivered || case.sale == SaleStatus::Finalized);
            if before.sale == SaleStatus::Voided {
                prop_assert_eq!(case.sale, SaleStatus::Voided);
            }
        }
        prop_assert_eq!(refunds, u32::from(case.sale == SaleStatus::Voided));
        prop_assert!(cash || refunds == 0);
    }
}
