//! What cannot be priced is refused with a reason, and nothing panics, however
//! odd the document or the cart.

use domain::{
    catalogue::{self, CatalogueError, CatalogueIndex},
    pricing::{MAX_ADD_ONS_PER_LINE, PricingError, price},
};
use proptest::prelude::*;
use schemas::{
    catalogue::{AddOn, MAX_CATALOGUE_BYTES, StockUse},
    edge_api::{Cart, CartLine},
};
use serde_json::Value;

use crate::sample::{
    CAKE, EXTRA_SHOT, LATTE, OAT_MILK, WATER, cart, catalogue, id, line, noon, on_branch, on_items,
    usd,
};

fn refused(lines: Vec<CartLine>) -> PricingError {
    let index = CatalogueIndex::new(catalogue()).unwrap();
    price(&index, &cart(lines), noon()).unwrap_err()
}

#[test]
fn carts_that_cannot_be_sold_are_refused() {
    assert_eq!(refused(vec![]), PricingError::EmptyCart);
    assert_eq!(
        refused(vec![line(CAKE, &[], 1); Cart::MAX_LINES + 1]),
        PricingError::TooManyLines { count: Cart::MAX_LINES + 1 }
    );
    assert_eq!(
        refused(vec![line(CAKE, &[], 1), line(0xdead, &[], 1)]),
        PricingError::UnknownItem { line_no: 2, menu_item_id: id(0xdead) }
    );
    assert_eq!(
        refused(vec![line(WATER, &[EXTRA_SHOT], 1)]),
        PricingError::UnknownAddOn {
            line_no: 1,
            menu_item_id: id(WATER),
            add_on_id: id(EXTRA_SHOT),
        }
    );
    assert_eq!(
        refused(vec![line(LATTE, &[OAT_MILK, EXTRA_SHOT, OAT_MILK], 1)]),
        PricingError::RepeatedAddOn { line_no: 1, add_on_id: id(OAT_MILK) }
    );
    let too_many: Vec<u128> = (0..=MAX_ADD_ONS_PER_LINE as u128).collect();
    assert_eq!(
        refused(vec![line(LATTE, &too_many, 1)]),
        PricingError::TooManyAddOns { line_no: 1, count: MAX_ADD_ONS_PER_LINE + 1 }
    );
}

#[test]
fn the_most_lines_and_add_ons_are_sold() {
    let mut catalogue = catalogue();
    catalogue.items[0].add_ons = (1..=MAX_ADD_ONS_PER_LINE as u128)
        .map(|number| AddOn {
            add_on_id: id(number),
            name: format!("Syrup {number}"),
            price_usd: usd("0.05"),
            stock: StockUse::Untracked,
        })
        .collect();
    let all: Vec<u128> = (1..=MAX_ADD_ONS_PER_LINE as u128).collect();
    let index = CatalogueIndex::new(catalogue).unwrap();
    let lines = vec![line(LATTE, &all, 1); Cart::MAX_LINES];
    let priced = price(&index, &cart(lines), noon()).unwrap();
    assert_eq!(priced.totals.grand_total_usd, usd("900.00"));
    assert_eq!(priced.totals.lines[199].line_no, 200);
}

#[test]
fn a_document_that_is_too_large_is_not_even_read() {
    let error = catalogue::parse(&vec![b' '; MAX_CATALOGUE_BYTES + 1]).unwrap_err();
    assert!(matches!(error, CatalogueError::TooLarge { .. }), "{error}");
}

#[test]
fn a_document_of_another_shape_is_refused() {
    for text in ["", "null", "[]", "{}", "{\"version\":1}", "\u{0}", "[[[[[[", "1e999"] {
        let error = catalogue::parse(text.as_bytes()).unwrap_err();
        assert!(matches!(error, CatalogueError::Unreadable(_)), "{text}: {error}");
    }
    let mut document = serde_json::to_value(catalogue()).unwrap();
    document["surprise"] = Value::Bool(true);
    let error = catalogue::parse(document.to_string().as_bytes()).unwrap_err();
    assert!(matches!(error, CatalogueError::Unreadable(_)), "{error}");
}

/// Every place in a document, as a JSON pointer.
fn pointers(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(list) => {
            for (place, inner) in list.iter().enumerate() {
                pointers(inner, &format!("{at}/{place}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, inner) in fields {
                pointers(inner, &format!("{at}/{name}"), found);
            }
        }
        _ => {}
    }
}

fn odd_values() -> impl Strategy<Value = Value> {
    let texts = [
        "",
        "-1",
        "0",
        "-0",
        "0.001",
        "3.505",
        "1e28",
        "79228162514264337593543950335",
        "-79228162514264337593543950335",
        "0.0000000000000000000000000001",
        "NaN",
        "9999-12-31T23:59:59.999999Z",
        "-0001-01-01T00:00:00Z",
        "00000000-0000-0000-0000-000000000101",
        "\u{0}\u{202e}💥",
    ];
    prop_oneof![
        prop::sample::select(texts.to_vec()).prop_map(Value::from),
        ".*".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        Just(Value::Null),
        Just(Value::Bool(true)),
        Just(serde_json::json!([])),
        Just(serde_json::json!({})),
        Just(serde_json::json!({"kind": "branch"})),
    ]
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..512)) {
        prop_assert!(catalogue::parse(&bytes).is_err());
    }

    #[test]
    fn no_odd_value_in_a_document_panics(
        places in prop::collection::vec(any::<prop::sample::Index>(), 1..=3),
        values in prop::collection::vec(odd_values(), 3),
    ) {
        let mut document = catalogue();
        document.discounts = vec![on_items(1, "10", &[LATTE], &[EXTRA_SHOT]), on_branch(2, "5")];
        let mut document = serde_json::to_value(document).unwrap();
        for (place, value) in places.into_iter().zip(values) {
            let mut found = Vec::new();
            pointers(&document, "", &mut found);
            let pointer = place.get(&found).clone();
            *document.pointer_mut(&pointer).unwrap() = value;
        }
        if let Ok((index, _)) = catalogue::parse(document.to_string().as_bytes()) {
            let lines = vec![
                line(LATTE, &[EXTRA_SHOT, OAT_MILK], 9_999),
                line(WATER, &[], 1),
                line(CAKE, &[], 2),
            ];
            let _ = price(&index, &cart(lines), noon());
        }
    }

    #[test]
    fn no_cart_of_odd_json_panics(
        place in any::<prop::sample::Index>(),
        value in odd_values(),
    ) {
        let sold = cart(vec![line(LATTE, &[EXTRA_SHOT], 2), line(CAKE, &[], 1)]);
        let mut json = serde_json::to_value(sold).unwrap();
        let mut found = Vec::new();
        pointers(&json, "", &mut found);
        *json.pointer_mut(&found[place.index(found.len())]).unwrap() = value;
        if let Ok(cart) = serde_json::from_value::<Cart>(json) {
            let index = CatalogueIndex::new(catalogue()).unwrap();
            let _ = price(&index, &cart, noon());
        }
    }
}
