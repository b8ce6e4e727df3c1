//! The receipt without a form, its lines, and its JSON.

use receipt::{Language, Receipt};
use schemas::events::SaleStatus;
use serde_json::json;

use crate::sample::{read, sale, ticket, view, voided_copy};

#[test]
fn a_ticket_says_that_its_number_follows() {
    insta::assert_snapshot!(read(&ticket().lines(view(Language::En))));
}

#[test]
fn a_ticket_in_khmer() {
    insta::assert_snapshot!(read(&ticket().lines(view(Language::Km))));
}

#[test]
fn a_numbered_voided_copy_paid_by_khqr() {
    insta::assert_snapshot!(read(&voided_copy().lines(view(Language::En))));
}

#[test]
fn a_numbered_voided_copy_in_khmer() {
    insta::assert_snapshot!(read(&voided_copy().lines(view(Language::Km))));
}

#[test]
fn as_json_it_is_the_same_in_every_language() {
    let receipt = voided_copy();
    let json = serde_json::to_value(&receipt).unwrap();
    assert_eq!(json["ticketId"], "pos-1795253400123-0f1e2d3c4b5a69788796");
    assert_eq!(json["invoice"]["no"], 344);
    assert_eq!(json["invoice"]["chain_hash"], "a7".repeat(32));
    assert_eq!((&json["copy"], &json["status"]), (&json!(true), &json!("VOIDED")));
    assert_eq!(json["payment"]["khqr_short_hash"], "8465d722");
    assert_eq!(serde_json::from_value::<Receipt>(json).unwrap(), receipt);
    assert_eq!(serde_json::to_value(ticket()).unwrap()["invoice"], json!(null));
}

#[test]
fn figures_are_those_that_are_stored_even_if_they_do_not_add_up() {
    let wrong = sale(|sale| {
        sale["subtotal_usd"] = json!("1000.00");
        sale["vat"]["amount_usd"] = json!("77.77");
        sale["grand_total_usd"] = json!("1.23");
        sale["grand_total_khr"] = json!("7654321");
        sale["khr_rounding"]["rounding_khr"] = json!("42");
        sale["payable_khr"] = json!("1");
        sale["tender"]["change"] = json!("2");
        sale["lines"][1]["base_amount_usd"] = json!("8.88");
    });
    let receipt = Receipt::from_entry(&wrong, None, false);
    let read = read(&receipt.lines(view(Language::En)));
    for line in [
        "1 x Water | 8.88",
        "Subtotal | 1,000.00",
        "VAT 10 % | 77.77",
        "**Total USD | 1.23**",
        "**Total KHR | 7,654,321**",
        "Rounding KHR | 42",
        "**Payable KHR | 1**",
        "Change KHR | 2",
    ] {
        assert!(read.lines().any(|shown| shown == line), "{line} is missing in\n{read}");
    }
}

#[test]
fn an_undecided_void_is_shown_and_a_sale_that_stands_is_not_marked() {
    let shown = |status| {
        let receipt = ticket().with_status(status);
        [Language::En, Language::Km].map(|language| {
            let read = read(&receipt.lines(view(language)));
            read.lines().find_map(|line| line.strip_prefix("! ").map(str::to_owned))
        })
    };
    assert_eq!(shown(SaleStatus::Finalized), [None, None]);
    let [english, khmer] = shown(SaleStatus::VoidPending);
    assert_eq!(english.unwrap(), "VOID PENDING");
    let [english, voided] = shown(SaleStatus::Voided);
    assert_eq!(english.unwrap(), "VOID");
    assert_ne!(khmer.unwrap(), voided.unwrap());
}
