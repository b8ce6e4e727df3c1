//! Carts and what they cost, in `tests/golden/carts.json`: checked here, in the
//! till's page (the same rules as WebAssembly), at the edge's door and by the
//! centre's repricing. One of them differing anywhere fails a test.
//!
//! `UPDATE_CASES=1` writes the file; what it then says is looked at by a person.

use std::{env, fs, path::PathBuf};

use domain::{
    cash::quick_amounts,
    catalogue::{self, CatalogueIndex},
    pricing::{MAX_ADD_ONS_PER_LINE, price},
    tender::{TenderError, settle},
};
use schemas::{
    Currency, Money, Timestamp,
    catalogue::{CatalogueV1, KhrGranularity, KhrRoundingMode, StockUse},
    edge_api::{Cart, CartLine, TenderOffer, Totals},
    events::TenderMethod,
};
use serde_json::{Value, json};

use crate::sample::{
    BRANCH, CAKE, EXTRA_SHOT, LATTE, OAT_MILK, OTHER_BRANCH, WATER, cart, catalogue as plain,
    decimal, item, line, noon, on_branch, on_items, only_at, percent, usd,
};

const CHOCOLATE: u128 = 0x104;
const BANQUET: u128 = 0x105;

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/carts.json")
}

fn outcome<T: serde::Serialize>(result: Result<T, &'static str>) -> Value {
    match result {
        Ok(value) => json!({ "ok": value }),
        Err(code) => json!({ "problem": code }),
    }
}

/// What the rules say of a case.
fn priced(index: &CatalogueIndex, case: &Value) -> Value {
    let cart: Cart = serde_json::from_value(case["cart"].clone()).unwrap();
    let at: Timestamp = serde_json::from_value(case["at"].clone()).unwrap();
    outcome(price(index, &cart, at).map(|priced| priced.totals).map_err(|_| "invalid_cart"))
}

fn settled(totals: &Totals, offer: &TenderOffer) -> Value {
    outcome(settle(totals, offer).map_err(|error| match error {
        TenderError::NotEnough { .. } => "not_enough_received",
        TenderError::BadAmount { .. } | TenderError::NotTheCode { .. } => "invalid_tender",
        TenderError::KhqrNotTaken => "khqr_not_confirmed",
        TenderError::AccountNotTaken => "account_not_taken",
    }))
}

#[test]
fn carts_cost_what_the_golden_file_says() {
    if env::var_os("UPDATE_CASES").is_some() {
        fs::write(file(), written()).unwrap();
    }
    let golden: Value = serde_json::from_slice(&fs::read(file()).unwrap()).unwrap();
    let cases = golden["cases"].as_array().unwrap();
    assert!(cases.len() > 60, "{} cases", cases.len());
    let mut refused = 0;
    for case in cases {
        let name = &case["name"];
        let document = &golden["catalogues"][case["catalogue"].as_str().unwrap()];
        let (index, _) = catalogue::parse(document.to_string().as_bytes()).unwrap();
        assert_eq!(priced(&index, case), case["expect"], "{name}");
        let Some(totals) = case["expect"].get("ok") else {
            refused += 1;
            continue;
        };
        let totals: Totals = serde_json::from_value(totals.clone()).unwrap();
        for asked in case["tenders"].as_array().unwrap() {
            let offer = serde_json::from_value(asked["offer"].clone()).unwrap();
            assert_eq!(settled(&totals, &offer), asked["expect"], "{name}: {offer:?}");
        }
        for currency in [Currency::Usd, Currency::Khr] {
            let quick = json!(quick_amounts(&totals, currency));
            assert_eq!(quick, case["quick"][currency.code()], "{name}: {currency:?}");
        }
    }
    assert!(refused > 5, "{refused} carts are refused");
}

/// The file, one case on a line.
fn written() -> String {
    let catalogues = catalogues();
    let documents: serde_json::Map<_, _> = catalogues
        .iter()
        .map(|(name, document)| ((*name).to_owned(), serde_json::to_value(document).unwrap()))
        .collect();
    let mut lines = Vec::new();
    for (name, document) in &catalogues {
        let index = CatalogueIndex::new(document.clone()).unwrap();
        for (what, at, cart) in carts() {
            let case = json!({
                "name": format!("{name}: {what}"), "catalogue": name, "at": at, "cart": cart,
            });
            lines.push(answered(&index, case).to_string());
        }
    }
    let documents = Value::from(documents);
    format!("{{\"catalogues\":{documents},\n\"cases\":[\n{}\n]}}\n", lines.join(",\n"))
}

fn answered(index: &CatalogueIndex, mut case: Value) -> Value {
    let expect = priced(index, &case);
    if let Some(totals) = expect.get("ok") {
        let totals: Totals = serde_json::from_value(totals.clone()).unwrap();
        let tenders = offers(&totals).into_iter().map(|offer| {
            let expect = settled(&totals, &offer);
            json!({ "offer": offer, "expect": expect })
        });
        case["tenders"] = tenders.collect();
        case["quick"] = json!({
            "USD": quick_amounts(&totals, Currency::Usd),
            "KHR": quick_amounts(&totals, Currency::Khr),
        });
    }
    case["expect"] = expect;
    case
}

/// Exactly what is owed, more, less, and what no till takes.
fn offers(totals: &Totals) -> Vec<TenderOffer> {
    let (usd, khr) = (totals.grand_total_usd.amount(), totals.payable_khr.amount());
    let offer =
        |method, amount, currency| TenderOffer { method, received: Money { amount, currency } };
    let cash = |amount, currency| offer(TenderMethod::Cash, amount, currency);
    vec![
        cash(usd, Currency::Usd),
        cash(usd + decimal("20"), Currency::Usd),
        cash(usd - decimal("0.01"), Currency::Usd),
        cash(usd + decimal("0.005"), Currency::Usd),
        cash(khr, Currency::Khr),
        cash(khr + decimal("12300"), Currency::Khr),
        cash(khr + decimal("0.5"), Currency::Khr),
        offer(TenderMethod::Khqr, usd, Currency::Usd),
    ]
}

fn catalogues() -> Vec<(&'static str, CatalogueV1)> {
    let mut taxed = base();
    taxed.policies.sale_vat_enabled = true;
    taxed.policies.sale_khr_rounding_mode = KhrRoundingMode::Up;
    taxed.policies.sale_khr_rounding_granularity = KhrGranularity::Thousand;

    let mut discounted = taxed.clone();
    discounted.policies.sale_khr_rounding_mode = KhrRoundingMode::Down;
    discounted.policies.sale_khr_rounding_granularity = KhrGranularity::Hundred;
    let mut morning = on_items(3, "33.33", &[CAKE], &[]);
    morning.ends_at = Some(noon());
    let mut festival = on_branch(4, "7.77");
    festival.starts_at = Some(noon());
    discounted.discounts = vec![
        on_items(1, "12.5", &[LATTE], &[]),
        on_items(2, "10", &[], &[OAT_MILK]),
        morning,
        festival,
        only_at(BRANCH, on_branch(5, "5")),
        only_at(OTHER_BRANCH, on_branch(6, "50")),
    ];

    let mut odd = base();
    odd.policies.sale_vat_enabled = true;
    odd.policies.sale_vat_rate_percent = percent("7.25");
    odd.policies.sale_fx_rate_khr_per_usd = decimal("4123.4567");
    odd.policies.sale_khr_rounding_enabled = false;
    odd.discounts =
        (1..=6).map(|number| on_items(number, "3.33", &[LATTE, CHOCOLATE], &[])).collect();
    odd.discounts.extend((7..=12).map(|number| on_branch(number, "0.01")));

    vec![("plain", base()), ("taxed", taxed), ("discounted", discounted), ("odd", odd)]
}

/// As [`plain`], with what is very cheap and very dear.
fn base() -> CatalogueV1 {
    let mut base = plain();
    base.items.push(item(CHOCOLATE, "Chocolate", None, "0.05", StockUse::Untracked));
    base.items.push(item(BANQUET, "Banquet", None, "999999.99", StockUse::Untracked));
    base.seller.name = "Mekong Coffee · កាហ្វេមេគង្គ".to_owned();
    base
}

fn carts() -> Vec<(&'static str, Timestamp, Cart)> {
    let eleven = noon().plus_micros(-1);
    let all_add_ons: Vec<u128> = (0..=MAX_ADD_ONS_PER_LINE as u128).collect();
    let a_lot = |lines: usize| -> Vec<CartLine> {
        (0..lines).map(|nth| line([LATTE, WATER, CAKE][nth % 3], &[], nth as u32 % 7 + 1)).collect()
    };
    let mut carts = vec![
        ("a latte", noon(), cart(vec![line(LATTE, &[], 1)])),
        ("all add-ons", noon(), cart(vec![line(LATTE, &[EXTRA_SHOT, OAT_MILK], 3)])),
        ("the other order", noon(), cart(vec![line(LATTE, &[OAT_MILK, EXTRA_SHOT], 3)])),
        (
            "one of each",
            noon(),
            cart(vec![line(LATTE, &[EXTRA_SHOT], 1), line(WATER, &[], 2), line(CAKE, &[], 1)]),
        ),
        (
            "one of each, before noon",
            eleven,
            cart(vec![line(LATTE, &[EXTRA_SHOT], 1), line(WATER, &[], 2), line(CAKE, &[], 1)]),
        ),
        ("the same twice", noon(), cart(vec![line(CAKE, &[], 1), line(CAKE, &[], 1)])),
        ("five cents", noon(), cart(vec![line(CHOCOLATE, &[], 1)])),
        ("halves of cents", noon(), cart(vec![line(CHOCOLATE, &[], 7), line(LATTE, &[], 11)])),
        ("most of one", noon(), cart(vec![line(WATER, &[], 9_999)])),
        ("a banquet", noon(), cart(vec![line(BANQUET, &[], 900)])),
        ("forty lines", noon(), cart(a_lot(40))),
        ("nothing", noon(), cart(vec![])),
        ("too many lines", noon(), cart(a_lot(Cart::MAX_LINES + 1))),
        ("an unknown item", noon(), cart(vec![line(0xdead, &[], 1)])),
        ("an add-on of another", noon(), cart(vec![line(WATER, &[OAT_MILK], 1)])),
        ("an add-on twice", noon(), cart(vec![line(LATTE, &[OAT_MILK, OAT_MILK], 1)])),
        ("too many add-ons", noon(), cart(vec![line(LATTE, &all_add_ons, 1)])),
        ("too expensive", noon(), cart(vec![line(BANQUET, &[], 9_999)])),
    ];
    carts.sort_by_key(|(name, ..)| *name);
    carts
}

#[test]
fn quick_amounts_rise_from_what_is_owed() {
    let index = CatalogueIndex::new(plain()).unwrap();
    let totals = |lines| price(&index, &cart(lines), noon()).unwrap().totals;
    let latte = totals(vec![line(LATTE, &[], 1)]);
    let texts = |currency| -> Vec<String> {
        quick_amounts(&latte, currency).iter().map(ToString::to_string).collect()
    };
    assert_eq!(texts(Currency::Usd), ["3.50", "4.00", "5.00", "10.00", "20.00", "50.00"]);
    assert_eq!(texts(Currency::Khr), ["14400", "15000", "20000", "50000", "100000"]);
    let mut paid = latte;
    (paid.grand_total_usd, paid.payable_khr) = (usd("0.001"), crate::sample::khr(-1));
    assert!(quick_amounts(&paid, Currency::Usd).is_empty());
    assert!(quick_amounts(&paid, Currency::Khr).is_empty());
}
