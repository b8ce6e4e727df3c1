//! The properties of every priced cart, whatever the catalogue: it adds up to
//! the cent, each rounding is the right one, the order of lines does not
//! matter, and nothing overflows.

use domain::{
    catalogue::{CatalogueIndex, MAX_PRICE_CENTS},
    pricing::{MAX_SUBTOTAL_CENTS, Priced, PricingError, price},
};
use proptest::prelude::*;
use rust_decimal::Decimal;
use schemas::{
    Percent, Usd,
    catalogue::{AddOn, CatalogueV1, DiscountTarget, KhrGranularity, KhrRoundingMode, StockUse},
    edge_api::{Cart, CartLine},
    events::{AppliedDiscount, SaleLine},
};

use crate::sample::{
    BEANS, BOTTLE, MILK, cart, catalogue, decimal, direct, id, item, khr, line, noon, on_branch,
    on_items, one_item_at, quantity, recipe, rule, usd,
};

const ITEMS: u128 = 6;
const ADD_ONS: u128 = 20;

/// Prices of a café, or of any kind.
fn cents(lavish: bool) -> BoxedStrategy<i64> {
    if lavish {
        prop_oneof![0_i64..2_000, 0..=MAX_PRICE_CENTS, Just(MAX_PRICE_CENTS)].boxed()
    } else {
        (0_i64..2_000).boxed()
    }
}

fn off() -> impl Strategy<Value = Percent> {
    prop_oneof![
        3 => (0_u16..=100).prop_map(|whole| whole * 100),
        2 => 0_u16..=10_000,
    ]
    .prop_map(|points| Percent::from_basis_points(points).unwrap())
}

fn uses() -> impl Strategy<Value = StockUse> {
    prop_oneof![
        Just(StockUse::Untracked),
        Just(direct(BOTTLE, "1")),
        Just(direct(BEANS, "1000000")),
        Just(recipe(&[(MILK, "0.001"), (BEANS, "18.5")])),
    ]
}

prop_compose! {
    /// At most three rules on every item and three on one, so that six can meet.
    fn catalogues()(lavish in prop::bool::weighted(0.2))(
        prices in prop::collection::vec((cents(lavish), uses()), ITEMS as usize),
        add_ons in prop::collection::vec((cents(lavish), uses()), ADD_ONS as usize),
        every_item in prop::collection::vec(off(), 1..=3),
        one_item in prop::collection::vec((off(), 0_u128..2), 0..=3),
        on_subtotal in prop::collection::vec(off(), 0..=6),
        vat in prop::option::of(off()),
        rate in prop_oneof![Just(41_000_000), 1_i64..=1_000_000_000, Just(1_000_000_000)],
        rounding in prop::option::of((0_usize..3, prop::bool::ANY)),
    ) -> CatalogueV1 {
        let mut made = catalogue();
        let add_ons: Vec<AddOn> = (0..ADD_ONS).zip(add_ons).map(|(number, (price, stock))| AddOn {
            add_on_id: id(0xa00 + number),
            name: format!("Add-on {number}"),
            price_usd: Usd(Decimal::new(price, 2)),
            stock,
        }).collect();
        made.items = (0..ITEMS).zip(prices).map(|(number, (price, stock))| {
            let price = Decimal::new(price, 2).to_string();
            let mut item = item(number, "Item", None, &price, stock);
            item.add_ons.clone_from(&add_ons);
            item
        }).collect();
        let percent_off = |number, percent, target| {
            let mut rule = rule(number, "0", target);
            rule.percent = percent;
            rule
        };
        let items = |menu_item_ids, add_on_ids| DiscountTarget::Items { menu_item_ids, add_on_ids };
        // Ids in an order that is not the document's.
        for (number, percent) in (0..).zip(every_item) {
            let asks = if number == 0 { vec![id(0xa00)] } else { vec![] };
            made.discounts.push(percent_off(0x90 - number, percent, items(vec![], asks)));
        }
        for (number, (percent, item)) in (0..).zip(one_item) {
            made.discounts.push(percent_off(0x88 + number, percent, items(vec![id(item)], vec![])));
        }
        for (number, percent) in (0..).zip(on_subtotal) {
            made.discounts.push(percent_off(0x50 - number, percent, DiscountTarget::Branch));
        }
        made.policies.sale_vat_enabled = vat.is_some();
        made.policies.sale_vat_rate_percent = vat.unwrap_or(Percent::ZERO);
        made.policies.sale_fx_rate_khr_per_usd = Decimal::new(rate, 4);
        made.policies.sale_khr_rounding_enabled = rounding.is_some();
        if let Some((mode, thousand)) = rounding {
            use KhrRoundingMode::{Down, Nearest, Up};
            made.policies.sale_khr_rounding_mode = [Nearest, Up, Down][mode];
            made.policies.sale_khr_rounding_granularity =
                if thousand { KhrGranularity::Thousand } else { KhrGranularity::Hundred };
        }
        made
    }
}

fn cart_lines(most: usize) -> impl Strategy<Value = Vec<CartLine>> {
    let count = prop_oneof![4 => 1_u32..10, 1 => 1_u32..=9_999, 1 => Just(9_999)];
    let one = (0..ITEMS, prop::collection::btree_set(0..ADD_ONS, 0..=20), count);
    prop::collection::vec(
        one.prop_map(|(item, add_ons, count)| CartLine {
            menu_item_id: id(item),
            add_on_ids: add_ons.into_iter().map(|add_on| id(0xa00 + add_on)).collect(),
            quantity: quantity(count),
        }),
        1..=most,
    )
}

/// Σ of a figure over the lines.
fn sum(lines: &[SaleLine], figure: impl Fn(&SaleLine) -> Usd) -> Usd {
    Usd(lines.iter().map(|line| figure(line).amount()).sum())
}

fn units(amount: Decimal, decimals: u32) -> i128 {
    let mut scaled = amount.normalize();
    assert!(scaled.scale() <= decimals, "{amount} has more than {decimals} decimals");
    scaled.rescale(decimals);
    scaled.mantissa()
}

fn cents_of(amount: Usd) -> i128 {
    units(amount.amount(), 2)
}

/// Whether `rounded` is `numerator / denominator` rounded half away from zero
/// (all zero or more): `rounded − ½ ≤ exact < rounded + ½`.
fn is_rounded(rounded: i128, numerator: i128, denominator: i128) -> bool {
    let exact = 2 * numerator;
    let middle = 2 * rounded * denominator;
    middle - denominator <= exact && exact < middle + denominator
}

/// `(Π (1 − d), 1)` over a common denominator.
fn share(discounts: &[AppliedDiscount]) -> (i128, i128) {
    discounts.iter().fold((1, 1), |(left, whole), discount| {
        (left * (10_000 - i128::from(discount.percent.basis_points())), whole * 10_000)
    })
}

fn check_figures(catalogue: &CatalogueV1, priced: &Priced) -> Result<(), TestCaseError> {
    let totals = &priced.totals;
    for line in &totals.lines {
        let one = line.unit_price_usd.amount()
            + line.add_ons.iter().map(|add_on| add_on.price_usd.amount()).sum::<Decimal>();
        let base = one * Decimal::from(line.quantity.get());
        prop_assert_eq!(line.base_amount_usd, Usd(base));
        let (left, whole) = share(&line.discounts);
        let total = cents_of(line.line_total_usd);
        prop_assert!(is_rounded(total, cents_of(line.base_amount_usd) * left, whole));
        let discount = line.base_amount_usd.amount() - line.line_total_usd.amount();
        prop_assert_eq!(line.discount_usd, Usd(discount));
        prop_assert!(discount >= Decimal::ZERO);
        prop_assert!(line.discounts.is_sorted_by_key(|discount| discount.discount_id));
    }
    prop_assert_eq!(sum(&totals.lines, |line| line.line_total_usd), totals.subtotal_usd);
    let item_discount = sum(&totals.lines, |line| line.discount_usd);
    prop_assert_eq!(item_discount, totals.discounts.item_discount_total_usd);

    let subtotal = cents_of(totals.subtotal_usd);
    let branch_discount = cents_of(totals.discounts.branch_discount_usd);
    let (left, whole) = share(&totals.discounts.branch_discounts);
    prop_assert!(is_rounded(branch_discount, subtotal * (whole - left), whole));

    let policies = &catalogue.policies;
    let vat = cents_of(totals.vat.amount_usd);
    let rate = i128::from(policies.sale_vat_rate_percent.basis_points());
    prop_assert!(is_rounded(vat, (subtotal - branch_discount) * rate, 10_000));

    let grand_total = cents_of(totals.grand_total_usd);
    prop_assert_eq!(grand_total, subtotal - branch_discount + vat);
    let riel = units(totals.grand_total_khr.amount(), 0);
    let fx_rate = units(policies.sale_fx_rate_khr_per_usd, 4);
    prop_assert!(is_rounded(riel, grand_total * fx_rate, 1_000_000));

    let payable = units(totals.payable_khr.amount(), 0);
    let rounding = units(totals.khr_rounding.rounding_khr.amount(), 0);
    prop_assert_eq!(payable, riel + rounding);
    if policies.sale_khr_rounding_enabled {
        let granularity = i128::from(policies.sale_khr_rounding_granularity.riel());
        prop_assert_eq!(payable % granularity, 0);
        let (least, most) = match policies.sale_khr_rounding_mode {
            KhrRoundingMode::Nearest => (1 - granularity / 2, granularity / 2),
            KhrRoundingMode::Up => (0, granularity - 1),
            KhrRoundingMode::Down => (1 - granularity, 0),
        };
        prop_assert!((least..=most).contains(&rounding), "{rounding}");
    } else {
        prop_assert_eq!(rounding, 0);
    }
    for deduction in &priced.deductions {
        prop_assert!(deduction.quantity > Decimal::ZERO);
        prop_assert!(deduction.quantity.scale() <= 3);
    }
    prop_assert!(priced.deductions.is_sorted_by_key(|deduction| deduction.stock_item_id));
    Ok(())
}

/// The lines without their numbers, sorted: what is left when order is ignored.
fn unordered(priced: &Priced) -> Vec<String> {
    let mut lines: Vec<String> = priced
        .totals
        .lines
        .iter()
        .map(|line| format!("{:?}", SaleLine { line_no: 0, ..line.clone() }))
        .collect();
    lines.sort_unstable();
    lines
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn totals_add_up_to_the_cent(catalogue in catalogues(), lines in cart_lines(12)) {
        let index = CatalogueIndex::new(catalogue.clone()).unwrap();
        match price(&index, &cart(lines), noon()) {
            Ok(priced) => check_figures(&catalogue, &priced)?,
            Err(error) => prop_assert_eq!(error, PricingError::TooExpensive),
        }
    }

    #[test]
    fn the_order_of_lines_does_not_matter(
        catalogue in catalogues(),
        (lines, shuffled) in cart_lines(12)
            .prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
    ) {
        let index = CatalogueIndex::new(catalogue).unwrap();
        let one = price(&index, &cart(lines), noon());
        let other = price(&index, &cart(shuffled), noon());
        match (one, other) {
            (Ok(one), Ok(mut other)) => {
                prop_assert_eq!(unordered(&one), unordered(&other));
                other.totals.lines.clone_from(&one.totals.lines);
                prop_assert_eq!(one, other);
            }
            (one, other) => prop_assert_eq!(one, other),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn two_hundred_lines_of_anything_add_up(
        catalogue in catalogues(),
        lines in cart_lines(Cart::MAX_LINES),
    ) {
        let index = CatalogueIndex::new(catalogue.clone()).unwrap();
        match price(&index, &cart(lines), noon()) {
            Ok(priced) => check_figures(&catalogue, &priced)?,
            Err(error) => prop_assert_eq!(error, PricingError::TooExpensive),
        }
    }
}

#[test]
fn the_most_of_everything_is_refused_not_overflowed() {
    let mut catalogue = one_item_at("1000000.00");
    catalogue.items[0].menu_item_id = id(0);
    catalogue.items[0].add_ons = (0..ADD_ONS)
        .map(|number| AddOn {
            add_on_id: id(number),
            name: "Gold leaf".to_owned(),
            price_usd: usd("1000000.00"),
            stock: direct(BEANS, "1000000"),
        })
        .collect();
    catalogue.discounts = (0..6).map(|number| on_items(number, "0.01", &[], &[])).collect();
    catalogue.discounts.extend((6..12).map(|number| on_branch(number, "0.01")));
    let all: Vec<u128> = (0..ADD_ONS).collect();
    let lines = vec![line(0, &all, 9_999); Cart::MAX_LINES];

    let index = CatalogueIndex::new(catalogue.clone()).unwrap();
    assert_eq!(price(&index, &cart(lines.clone()), noon()), Err(PricingError::TooExpensive));

    // All but free, the same cart is sold, with all that it takes from stock.
    catalogue.discounts[0].percent = Percent::HUNDRED;
    let index = CatalogueIndex::new(catalogue).unwrap();
    let priced = price(&index, &cart(lines), noon()).unwrap();
    assert_eq!(priced.totals.grand_total_usd, usd("0"));
    let base = decimal("21000000") * decimal("9999") * decimal("200");
    assert_eq!(priced.totals.discounts.item_discount_total_usd, Usd(base));
    assert_eq!(priced.deductions[0].quantity, decimal("39996000000000"));
}

#[test]
fn the_highest_subtotal_is_sold_and_one_cent_more_is_not() {
    let mut catalogue = one_item_at("1000000.00");
    catalogue.items[0].menu_item_id = id(1);
    catalogue.items.push(item(2, "Cent", None, "0.01", StockUse::Untracked));
    catalogue.policies.sale_vat_enabled = true;
    catalogue.policies.sale_vat_rate_percent = Percent::HUNDRED;
    catalogue.policies.sale_fx_rate_khr_per_usd = decimal("100000");
    let index = CatalogueIndex::new(catalogue).unwrap();
    let most = vec![line(1, &[], 1_000)];
    let totals = price(&index, &cart(most.clone()), noon()).unwrap().totals;
    assert_eq!(cents_of(totals.subtotal_usd), MAX_SUBTOTAL_CENTS);
    assert_eq!(totals.grand_total_usd, usd("2000000000"));
    assert_eq!(totals.payable_khr, khr(200_000_000_000_000));
    let more = [most, vec![line(2, &[], 1)]].concat();
    assert_eq!(price(&index, &cart(more), noon()), Err(PricingError::TooExpensive));
}
