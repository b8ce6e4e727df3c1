//! What makes a catalogue unfit to price with.

use domain::catalogue::{self, CatalogueError, CatalogueIndex};
use schemas::{
    Timestamp,
    catalogue::{CatalogueV1, DiscountRule, StockUse},
};

use crate::sample::{
    BEANS, CAKE, DRINKS, EXTRA_SHOT, LATTE, MILK, catalogue as sample, decimal, direct, id, noon,
    on_branch, on_items, recipe, usd,
};

fn refused(bend: impl FnOnce(&mut CatalogueV1)) -> String {
    let mut document = sample();
    bend(&mut document);
    CatalogueIndex::new(document).unwrap_err().to_string()
}

fn taken(bend: impl FnOnce(&mut CatalogueV1)) {
    let mut document = sample();
    bend(&mut document);
    CatalogueIndex::new(document).unwrap();
}

#[test]
fn the_sample_is_taken_and_can_be_looked_up() {
    let bytes = serde_json::to_vec(&sample()).unwrap();
    let (index, reference) = catalogue::parse(&bytes).unwrap();
    assert_eq!(index.document(), &sample());
    assert_eq!(reference.version, 7);
    assert_eq!(reference.content_hash, catalogue::content_hash(&bytes));
    assert_eq!(index.item(id(LATTE)).unwrap().name, "Latte");
    assert_eq!(index.category(id(DRINKS)).unwrap().name, "Drinks");
    assert_eq!(index.stock_item(id(BEANS)).unwrap().unit, "g");
    assert_eq!(index.staff_member(id(0x5f)).unwrap().name, "Sokha");
    assert_eq!(index.device(id(0xde)).unwrap().name, "Counter 1");
    assert!(index.item(id(0xdead)).is_none());
    assert!(index.device(id(0xdead)).is_none());
}

#[test]
fn the_content_hash_is_the_sha_256_of_the_bytes() {
    assert_eq!(
        catalogue::content_hash(br#"{"version":1}"#).to_string(),
        "2430f1a2ad2982d0067885488a4c89e21ad1d7c83b115ba8f1b20acc88dfaea8"
    );
}

#[test]
fn figures_out_of_bounds_are_refused() {
    for price in ["-0.01", "0.001", "1000000.01", "79228162514264337593543950335"] {
        assert!(refused(|c| c.items[2].price_usd = usd(price)).starts_with("the price of"));
        let error = refused(|c| c.items[0].add_ons[0].price_usd = usd(price));
        assert!(error.starts_with("the price of"), "{error}");
    }
    for price in ["0", "0.01", "1000000.00", "2.2500"] {
        taken(|c| c.items[2].price_usd = usd(price));
    }
    for quantity in ["0", "-1", "0.0005", "1000000.001"] {
        let error = refused(|c| c.items[1].stock = direct(BEANS, quantity));
        assert!(error.starts_with("the stock quantity of"), "{error}");
        let error = refused(|c| c.items[0].add_ons[0].stock = recipe(&[(BEANS, quantity)]));
        assert!(error.starts_with("the stock quantity of"), "{error}");
    }
    for rate in ["0", "-4100", "0.00001", "4100.00001", "100000.0001"] {
        let error = refused(|c| c.policies.sale_fx_rate_khr_per_usd = decimal(rate));
        assert!(error.starts_with("the exchange rate of"), "{error}");
    }
    assert_eq!(refused(|c| c.version = 0), "the catalogue has version 0");
}

#[test]
fn ids_that_repeat_are_refused() {
    let repeated = |error: String, what: &str| {
        assert!(error.starts_with(what) && error.ends_with("is there twice"), "{error}");
    };
    repeated(refused(|c| c.items.push(c.items[0].clone())), "menu item");
    repeated(refused(|c| c.categories.push(c.categories[0].clone())), "category");
    repeated(refused(|c| c.stock_items.push(c.stock_items[0].clone())), "stock item");
    repeated(refused(|c| c.staff.push(c.staff[0].clone())), "staff member");
    repeated(refused(|c| c.devices.push(c.devices[0].clone())), "device");
    repeated(refused(|c| c.discounts = vec![on_branch(1, "1"), on_branch(1, "2")]), "discount");
    repeated(
        refused(|c| {
            let add_on = c.items[0].add_ons[0].clone();
            c.items[0].add_ons.push(add_on);
        }),
        "add-on",
    );
    repeated(refused(|c| c.items[1].stock = recipe(&[(BEANS, "1"), (BEANS, "2")])), "ingredient");
    repeated(
        refused(|c| c.discounts = vec![on_items(1, "1", &[LATTE, CAKE, LATTE], &[])]),
        "discounted item",
    );
    // Two items may offer one and the same add-on.
    taken(|c| c.items[1].add_ons = c.items[0].add_ons.clone());
}

#[test]
fn references_that_lead_nowhere_are_refused() {
    let unknown = |error: String, by: &str, what: &str| {
        assert!(error.starts_with(by) && error.contains(what), "{error}");
    };
    unknown(refused(|c| c.items[0].category_id = Some(id(0xdead))), "menu item", "category");
    unknown(refused(|c| c.items[1].stock = direct(0xdead, "1")), "menu item", "stock item");
    unknown(
        refused(|c| c.stock_items.retain(|s| s.stock_item_id != id(MILK))),
        "menu item",
        "stock",
    );
    unknown(refused(|c| c.items[0].add_ons[1].stock = direct(0xdead, "1")), "add-on", "stock item");
    unknown(
        refused(|c| c.discounts = vec![on_items(1, "1", &[0xdead], &[])]),
        "discount",
        "menu item",
    );
    unknown(
        refused(|c| c.discounts = vec![on_items(1, "1", &[], &[EXTRA_SHOT, 0xdead])]),
        "discount",
        "add-on",
    );
}

#[test]
fn names_are_there_and_bounded() {
    assert!(refused(|c| c.items[0].name = String::new()).starts_with("the name of menu item"));
    assert!(refused(|c| c.staff[0].name = "  ".to_owned()).starts_with("the name of staff"));
    assert!(refused(|c| c.items[0].add_ons[0].name = "x".repeat(201)).contains("add-on"));
    assert!(refused(|c| c.items[0].name = "ក".repeat(201)).contains("200 characters"));
    taken(|c| c.items[0].name = "ក".repeat(200));
}

#[test]
fn counts_are_bounded() {
    let error = refused(|c| {
        c.items[0].add_ons =
            vec![c.items[0].add_ons[0].clone(); catalogue::MAX_ADD_ONS_PER_ITEM + 1];
    });
    assert!(error.ends_with("101 add-ons; at most 100 are allowed"), "{error}");
    let error = refused(|c| {
        let lines = vec![(BEANS, "1"); catalogue::MAX_RECIPE_LINES + 1];
        c.items[0].stock = recipe(&lines);
    });
    assert!(error.ends_with("101 ingredients; at most 100 are allowed"), "{error}");
    let error = refused(|c| {
        c.discounts = (0..=catalogue::MAX_DISCOUNT_RULES as u128)
            .map(|number| on_items(number, "1", &[CAKE], &[]))
            .collect();
    });
    assert!(error.ends_with("1001 discount rules; at most 1000 are allowed"), "{error}");
    taken(|c| c.items[0].stock = StockUse::Recipe { lines: Vec::new() });
}

#[test]
fn at_most_six_discounts_may_meet() {
    let stacked = "7 discounts that can apply together; at most 6 are allowed";
    let on_subtotal = |count| (0..count).map(|number| on_branch(number, "1")).collect();
    taken(|c| c.discounts = on_subtotal(6));
    assert!(refused(|c| c.discounts = on_subtotal(7)).ends_with(stacked));

    let on_every_item =
        |count| (0..count).map(|number| on_items(number, "1", &[], &[])).collect::<Vec<_>>();
    taken(|c| c.discounts = on_every_item(6));
    assert!(refused(|c| c.discounts = on_every_item(7)).ends_with(stacked));

    let on_one_more = |count| {
        let mut rules = on_every_item(count);
        rules.push(on_items(0x99, "1", &[CAKE], &[]));
        rules
    };
    taken(|c| c.discounts = on_one_more(5));
    assert!(refused(|c| c.discounts = on_one_more(6)).ends_with(stacked));
}

#[test]
fn rules_that_follow_each_other_do_not_meet() {
    let hour = |number: i64| noon().plus_micros(number * 3_600_000_000);
    // Twenty campaigns, each from one hour to the next, six at a time.
    let campaigns = |overlap: i64| {
        (0..20_i64)
            .map(|number| DiscountRule {
                starts_at: Some(hour(number)),
                ends_at: Some(hour(number + overlap)),
                ..on_items(u128::from(number.unsigned_abs()), "1", &[], &[])
            })
            .collect::<Vec<_>>()
    };
    taken(|c| c.discounts = campaigns(6));
    assert!(refused(|c| c.discounts = campaigns(7)).contains("7 discounts"));
}

#[test]
fn a_window_that_ends_before_it_starts_is_refused() {
    let window = |starts_at: Timestamp, ends_at: Timestamp| {
        vec![DiscountRule {
            starts_at: Some(starts_at),
            ends_at: Some(ends_at),
            ..on_branch(1, "1")
        }]
    };
    let error = refused(|c| c.discounts = window(noon(), noon()));
    assert!(error.ends_with("ends before it starts"), "{error}");
    refused(|c| c.discounts = window(noon(), noon().plus_micros(-1)));
    taken(|c| c.discounts = window(noon(), noon().plus_micros(1)));
}

#[test]
fn errors_name_their_source_apart() {
    let error = catalogue::parse(b"{").unwrap_err();
    assert_eq!(error.to_string(), "the catalogue cannot be read");
    assert!(matches!(error, CatalogueError::Unreadable(_)));
    assert!(std::error::Error::source(&error).is_some());
}
