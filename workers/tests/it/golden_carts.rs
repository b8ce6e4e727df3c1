//! The golden carts at the centre: sold at the figures that page and edge compute,
//! they come out the same when they are priced again; at others they do not.

use std::fs;

use domain::catalogue;
use schemas::events::SaleFinalizedV1;
use serde_json::{Value, json};
use workers::repricing::{Repricing, reprice};

fn read(file: &str) -> Value {
    let path = format!("{}/../{file}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

#[test]
fn the_golden_carts_come_out_the_same_at_the_centre() {
    let golden = read("crates/domain/tests/golden/carts.json");
    let some_sale = read("schemas/golden/sale.finalized.v1.json");
    let mut compared = 0;
    for case in golden["cases"].as_array().unwrap() {
        let Some(totals) = case["expect"].get("ok") else { continue };
        let document = &golden["catalogues"][case["catalogue"].as_str().unwrap()];
        let (index, reference) = catalogue::parse(document.to_string().as_bytes()).unwrap();
        let cart = serde_json::from_value(case["cart"].clone()).unwrap();
        let at = serde_json::from_value(case["at"].clone()).unwrap();
        let deductions = domain::pricing::price(&index, &cart, at).unwrap().deductions;
        for tender in case["tenders"].as_array().unwrap() {
            let Some(settled) = tender["expect"].get("ok") else { continue };
            let mut sale = some_sale.clone();
            for (field, figure) in totals.as_object().unwrap() {
                sale[field] = figure.clone();
            }
            sale["tenant_id"] = document["tenant_id"].clone();
            sale["branch_id"] = document["branch_id"].clone();
            sale["catalogue"] = json!(reference);
            sale["sale_type"] = case["cart"]["sale_type"].clone();
            sale["finalized_at"] = case["at"].clone();
            sale["tender"] = settled.clone();
            sale["deductions"] = json!(deductions);
            let mut sale: SaleFinalizedV1 = serde_json::from_value(sale).unwrap();
            let name = &case["name"];
            assert_eq!(reprice(Some(&index), &sale), Repricing::Agrees, "{name}");
            sale.payable_khr.0 += rust_decimal::Decimal::ONE;
            let bent = reprice(Some(&index), &sale);
            assert!(
                matches!(&bent, Repricing::Differs(what) if what.contains("payable_khr")),
                "{name}"
            );
            compared += 1;
        }
    }
    assert!(compared > 150, "{compared} sales");
}
