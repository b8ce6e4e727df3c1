//! Every rounding rule at its edges, seen through a priced cart.

use schemas::catalogue::{KhrGranularity, KhrRoundingMode};

use crate::sample::{
    CAKE, LATTE, decimal, khr, line, on_branch, on_items, one_item_at, percent, priced, usd,
};

#[test]
fn a_line_is_rounded_once_half_away_from_zero() {
    for (price, off, count, total, discount) in [
        ("0.05", "50", 1, "0.03", "0.02"),
        ("0.05", "50", 2, "0.05", "0.05"),
        ("0.01", "50", 1, "0.01", "0.00"),
        // Rounded once for the line: rounded for each piece it would be 0.03.
        ("0.01", "50", 3, "0.02", "0.01"),
        ("0.25", "10", 1, "0.23", "0.02"),
        ("0.25", "10", 2, "0.45", "0.05"),
        ("0.01", "50.01", 1, "0.00", "0.01"),
        ("0.01", "49.99", 1, "0.01", "0.00"),
        ("3.50", "0", 7, "24.50", "0.00"),
        ("3.50", "100", 7, "0.00", "24.50"),
        ("0.00", "50", 9_999, "0.00", "0.00"),
        ("1000.00", "0.01", 9_999, "9998000.10", "999.90"),
    ] {
        let mut catalogue = one_item_at(price);
        catalogue.discounts = vec![on_items(1, off, &[], &[])];
        let totals = priced(catalogue, vec![line(CAKE, &[], count)]).totals;
        let sold = &totals.lines[0];
        let case = format!("{count} × {price} − {off} %");
        assert_eq!(sold.line_total_usd, usd(total), "{case}");
        assert_eq!(sold.discount_usd, usd(discount), "{case}");
        assert_eq!(totals.subtotal_usd, usd(total), "{case}");
        assert_eq!(totals.discounts.item_discount_total_usd, usd(discount), "{case}");
    }
}

#[test]
fn a_branch_discount_is_rounded_half_away_from_zero() {
    for (price, off, discount, grand_total) in [
        ("0.05", "50", "0.03", "0.02"),
        ("0.01", "50", "0.01", "0.00"),
        ("0.01", "49.99", "0.00", "0.01"),
        ("0.15", "10", "0.02", "0.13"),
        ("0.14", "10", "0.01", "0.13"),
        ("10.00", "0", "0.00", "10.00"),
        ("10.00", "100", "10.00", "0.00"),
    ] {
        let mut catalogue = one_item_at(price);
        catalogue.discounts = vec![on_branch(1, off)];
        let totals = priced(catalogue, vec![line(CAKE, &[], 1)]).totals;
        assert_eq!(totals.discounts.branch_discount_usd, usd(discount), "{price} − {off} %");
        assert_eq!(totals.grand_total_usd, usd(grand_total), "{price} − {off} %");
    }
}

#[test]
fn vat_is_rounded_half_away_from_zero_and_taken_on_what_is_left() {
    for (price, off, rate, vat, grand_total) in [
        ("0.05", "0", "10", "0.01", "0.06"),
        ("0.04", "0", "10", "0.00", "0.04"),
        ("0.15", "0", "10", "0.02", "0.17"),
        ("10.00", "0", "10", "1.00", "11.00"),
        ("10.00", "20", "10", "0.80", "8.80"),
        ("10.00", "100", "10", "0.00", "0.00"),
        ("0.50", "0", "0.99", "0.00", "0.50"),
        ("0.50", "0", "1", "0.01", "0.51"),
        ("10.00", "0", "0", "0.00", "10.00"),
        ("10.00", "0", "100", "10.00", "20.00"),
    ] {
        let mut catalogue = one_item_at(price);
        catalogue.discounts = vec![on_branch(1, off)];
        catalogue.policies.sale_vat_enabled = true;
        catalogue.policies.sale_vat_rate_percent = percent(rate);
        let totals = priced(catalogue, vec![line(CAKE, &[], 1)]).totals;
        let case = format!("{price} − {off} % + {rate} %");
        assert_eq!(totals.vat.amount_usd, usd(vat), "{case}");
        assert_eq!(totals.grand_total_usd, usd(grand_total), "{case}");
        assert!(totals.vat.enabled, "{case}");
    }
}

#[test]
fn vat_that_is_not_enabled_is_zero() {
    let totals = priced(one_item_at("10.00"), vec![line(CAKE, &[], 1)]).totals;
    assert!(!totals.vat.enabled);
    assert_eq!(totals.vat.amount_usd, usd("0"));
    assert_eq!(totals.vat.rate_percent, percent("10"));
    assert_eq!(totals.grand_total_usd, usd("10"));
}

#[test]
fn the_grand_total_in_riel_is_rounded_to_one_riel() {
    for (price, rate, riel) in [
        ("0.01", "4100", 41),
        ("0.01", "4050", 41),
        ("0.01", "4049.9999", 40),
        ("0.01", "4050.0001", 41),
        ("3.50", "4100", 14_350),
        ("1.00", "0.0001", 0),
        ("1.00", "0.5", 1),
        ("1.00", "0.4999", 0),
        ("1000000.00", "100000", 100_000_000_000),
    ] {
        let mut catalogue = one_item_at(price);
        catalogue.policies.sale_fx_rate_khr_per_usd = decimal(rate);
        catalogue.policies.sale_khr_rounding_enabled = false;
        let totals = priced(catalogue, vec![line(CAKE, &[], 1)]).totals;
        assert_eq!(totals.grand_total_khr, khr(riel), "{price} × {rate}");
        assert_eq!(totals.payable_khr, khr(riel), "{price} × {rate}");
        assert_eq!(totals.khr_rounding.rounding_khr, khr(0), "{price} × {rate}");
        assert!(!totals.khr_rounding.enabled);
    }
}

#[test]
fn payable_riel_follow_the_branch_policy() {
    use KhrGranularity::{Hundred, Thousand};
    use KhrRoundingMode::{Down, Nearest, Up};
    for (riel, mode, granularity, payable) in [
        (14_300, Nearest, Hundred, 14_300),
        (14_349, Nearest, Hundred, 14_300),
        (14_350, Nearest, Hundred, 14_400),
        (14_351, Nearest, Hundred, 14_400),
        (14_300, Up, Hundred, 14_300),
        (14_301, Up, Hundred, 14_400),
        (14_399, Up, Hundred, 14_400),
        (14_300, Down, Hundred, 14_300),
        (14_301, Down, Hundred, 14_300),
        (14_399, Down, Hundred, 14_300),
        (14_000, Nearest, Thousand, 14_000),
        (14_499, Nearest, Thousand, 14_000),
        (14_500, Nearest, Thousand, 15_000),
        (14_000, Up, Thousand, 14_000),
        (14_001, Up, Thousand, 15_000),
        (14_999, Up, Thousand, 15_000),
        (14_000, Down, Thousand, 14_000),
        (14_001, Down, Thousand, 14_000),
        (14_999, Down, Thousand, 14_000),
        (49, Nearest, Hundred, 0),
        (99, Down, Hundred, 0),
        (1, Up, Thousand, 1_000),
    ] {
        // One dollar at this rate is as many riel.
        let mut catalogue = one_item_at("1.00");
        catalogue.policies.sale_fx_rate_khr_per_usd = riel.into();
        catalogue.policies.sale_khr_rounding_mode = mode;
        catalogue.policies.sale_khr_rounding_granularity = granularity;
        let totals = priced(catalogue, vec![line(CAKE, &[], 1)]).totals;
        let case = format!("{riel} {mode:?} {granularity:?}");
        assert_eq!(totals.grand_total_khr, khr(riel), "{case}");
        assert_eq!(totals.payable_khr, khr(payable), "{case}");
        assert_eq!(totals.khr_rounding.rounding_khr, khr(payable - riel), "{case}");
        assert_eq!(totals.grand_total_usd, usd("1.00"), "{case}");
    }
}

#[test]
fn amounts_are_written_with_all_their_cents() {
    let totals = priced(crate::sample::catalogue(), vec![line(LATTE, &[], 2)]).totals;
    assert_eq!(totals.grand_total_usd.to_string(), "7.00");
    assert_eq!(totals.discounts.branch_discount_usd.to_string(), "0.00");
    assert_eq!(totals.payable_khr.to_string(), "28700");
    assert_eq!(totals.fx_rate_khr_per_usd.to_string(), "4100");
}
