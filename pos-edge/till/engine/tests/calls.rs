//! The engine natively: the golden carts, and calls that make no sense.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;

use proptest::prelude::*;
use serde_json::{Value, json};
use till_engine::{Act, Engine};

fn call(engine: &mut Engine, act: Act, request: &Value) -> Value {
    let answer = engine.answer(Some(act), request.to_string().as_bytes());
    serde_json::from_slice(&answer).unwrap()
}

/// An answer without the words of its problem.
fn outcome(answer: Value) -> Value {
    match answer.get("problem") {
        Some(problem) => json!({ "problem": problem["code"] }),
        None => answer,
    }
}

fn golden() -> Value {
    let file =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../../crates/domain/tests/golden/carts.json");
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

#[test]
fn the_golden_carts_cost_what_they_cost_everywhere() {
    let golden = golden();
    for case in golden["cases"].as_array().unwrap() {
        let mut engine = Engine::default();
        let catalogue = &golden["catalogues"][case["catalogue"].as_str().unwrap()];
        let handle = call(&mut engine, Act::Load, catalogue)["ok"]["handle"].clone();
        let asked = json!({ "handle": handle, "cart": case["cart"], "at": case["at"] });
        let priced = outcome(call(&mut engine, Act::Price, &asked));
        assert_eq!(priced, case["expect"], "{}", case["name"]);
        let Some(totals) = priced.get("ok") else { continue };
        for tender in case["tenders"].as_array().unwrap() {
            let asked = json!({ "totals": totals, "offer": tender["offer"] });
            let settled = outcome(call(&mut engine, Act::Settle, &asked));
            assert_eq!(settled, tender["expect"], "{}: {}", case["name"], tender["offer"]);
        }
    }
}

#[test]
fn catalogues_are_kept_by_handle() {
    let golden = golden();
    let mut engine = Engine::default();
    let load = |engine: &mut Engine, name: &str| {
        call(engine, Act::Load, &golden["catalogues"][name])["ok"]["handle"].clone()
    };
    let (plain, taxed) = (load(&mut engine, "plain"), load(&mut engine, "taxed"));
    let case = &golden["cases"][0];
    let price = |engine: &mut Engine, handle: &Value| {
        let asked = json!({ "handle": handle, "cart": case["cart"], "at": case["at"] });
        call(engine, Act::Price, &asked)
    };
    assert_ne!(price(&mut engine, &plain), price(&mut engine, &taxed));
    assert_eq!(call(&mut engine, Act::Unload, &json!({ "handle": plain })), json!({ "ok": {} }));
    assert_eq!(price(&mut engine, &plain)["problem"]["code"], "no_catalogue");
    assert!(price(&mut engine, &taxed)["ok"].is_object());
    let mut bent = golden["catalogues"]["plain"].clone();
    bent["items"][0]["price_usd"] = json!("0.001");
    assert_eq!(call(&mut engine, Act::Load, &bent)["problem"]["code"], "invalid_catalogue");
}

#[test]
fn drawers_are_counted() {
    let mut engine = Engine::default();
    let notes = json!({ "currency": "KHR", "notes": [
        { "note": 50_000, "count": 3 }, { "note": 100, "count": 7 }, { "note": 500, "count": 0 },
    ]});
    assert_eq!(call(&mut engine, Act::CountNotes, &notes), json!({ "ok": { "total": "150700" } }));
    let coins = json!({ "currency": "USD", "notes": [{ "note": 3, "count": 1 }] });
    assert_eq!(call(&mut engine, Act::CountNotes, &coins)["problem"]["code"], "invalid_count");
    let which = call(&mut engine, Act::Notes, &json!({ "currency": "USD" }));
    assert_eq!(which, json!({ "ok": { "notes": [100, 50, 20, 10, 5, 2, 1] } }));
    let sum = call(&mut engine, Act::Sum, &json!({ "amounts": ["0.10", "0.20", "-1"] }));
    assert_eq!(sum, json!({ "ok": { "total": "-0.70" } }));
    let drawer = |currency, expected| {
        json!({
            "currency": currency, "opening_float": "50", "sales": "0", "refunds": "0",
            "paid_in": "0", "paid_out": "0", "expected": expected,
        })
    };
    let report = json!({
        "opened_by": uuid(1), "opened_at": "2026-11-21T01:00:00Z",
        "as_of": "2026-11-21T09:00:00Z", "sales": [], "sale_count": 0, "sales_usd": "0",
        "vat_usd": "0", "void_count": 0, "voids_usd": "0",
        "drawers": [drawer("USD", "61.25"), drawer("KHR", "100000")],
    });
    let asked = json!({ "report": report, "counted_usd": "60", "counted_khr": "100500" });
    let counted = call(&mut engine, Act::CountDrawer, &asked);
    assert_eq!(counted["ok"]["difference_usd"], "-1.25", "{counted}");
    assert_eq!(counted["ok"]["difference_khr"], "500");
}

fn uuid(number: u128) -> String {
    format!("00000000-0000-0000-0000-{number:012x}")
}

#[test]
fn what_cannot_be_read_is_told() {
    let mut engine = Engine::default();
    for act in (0..9).map(Act::numbered) {
        assert!(act.is_some());
        for request in ["", "null", "[]", "{}", "{\"handle\":-1}", "\u{0}"] {
            let answer: Value =
                serde_json::from_slice(&engine.answer(act, request.as_bytes())).unwrap();
            assert_eq!(answer["problem"]["code"], "malformed_json", "{act:?} {request}");
        }
    }
    assert_eq!(Act::numbered(9), None);
    let answer: Value = serde_json::from_slice(&engine.answer(None, b"{}")).unwrap();
    assert_eq!(answer["problem"]["code"], "malformed_json");
}

proptest! {
    #[test]
    fn no_call_panics(act in 0u32..10, request in prop::collection::vec(any::<u8>(), 0..256)) {
        let answer = Engine::default().answer(Act::numbered(act), &request);
        prop_assert!(serde_json::from_slice::<Value>(&answer).is_ok());
    }

    #[test]
    fn no_amount_panics(amounts in prop::collection::vec("-?[0-9]{1,29}(\\.[0-9]{1,28})?", 0..8)) {
        let request = json!({ "amounts": amounts });
        let answer = call(&mut Engine::default(), Act::Sum, &request);
        prop_assert!(answer.is_object());
    }
}
