//! Which discounts apply to what, when, and in which order.

use schemas::{Timestamp, catalogue::DiscountRule, events::AppliedDiscount};

use crate::sample::{
    BRANCH, CAKE, EXTRA_SHOT, LATTE, OAT_MILK, OTHER_BRANCH, WATER, catalogue, id, line, noon,
    on_branch, on_items, only_at, percent, priced, priced_at, usd,
};

/// The ids of what applied, in order.
fn ids(discounts: &[AppliedDiscount]) -> Vec<u128> {
    discounts.iter().map(|discount| discount.discount_id.as_uuid().as_u128()).collect()
}

#[test]
fn lines_get_the_rules_of_their_item_add_ons_and_branch() {
    struct Case {
        name: &'static str,
        rules: Vec<DiscountRule>,
        line: schemas::edge_api::CartLine,
        applied: &'static [u128],
        total: &'static str,
    }
    let latte = || line(LATTE, &[], 1);
    let case = |name, rules, line, applied, total| Case { name, rules, line, applied, total };
    for Case { name, rules, line, applied, total } in [
        case("no rules", vec![], latte(), &[], "3.50"),
        case("whole company, every item", vec![on_items(1, "10", &[], &[])], latte(), &[1], "3.15"),
        case(
            "this branch",
            vec![only_at(BRANCH, on_items(1, "10", &[], &[]))],
            latte(),
            &[1],
            "3.15",
        ),
        case(
            "another branch",
            vec![only_at(OTHER_BRANCH, on_items(1, "10", &[], &[]))],
            latte(),
            &[],
            "3.50",
        ),
        case(
            "another branch may name what is not sold here",
            vec![only_at(OTHER_BRANCH, on_items(1, "10", &[0xdead], &[0xbeef]))],
            latte(),
            &[],
            "3.50",
        ),
        case("listed", vec![on_items(1, "10", &[CAKE, LATTE], &[])], latte(), &[1], "3.15"),
        case("not listed", vec![on_items(1, "10", &[CAKE, WATER], &[])], latte(), &[], "3.50"),
        case("add-on missing", vec![on_items(1, "10", &[], &[EXTRA_SHOT])], latte(), &[], "3.50"),
        case(
            "add-on chosen",
            vec![on_items(1, "10", &[], &[EXTRA_SHOT])],
            line(LATTE, &[EXTRA_SHOT], 1),
            &[1],
            "3.83",
        ),
        case(
            "one of two add-ons is enough",
            vec![on_items(1, "10", &[LATTE], &[OAT_MILK, EXTRA_SHOT])],
            line(LATTE, &[EXTRA_SHOT], 1),
            &[1],
            "3.83",
        ),
        case(
            "the other add-on",
            vec![on_items(1, "10", &[LATTE], &[OAT_MILK])],
            line(LATTE, &[EXTRA_SHOT], 1),
            &[],
            "4.25",
        ),
        case(
            "item and add-on must both fit",
            vec![on_items(1, "10", &[CAKE], &[EXTRA_SHOT])],
            line(LATTE, &[EXTRA_SHOT], 1),
            &[],
            "4.25",
        ),
        case(
            "stacked by multiplication, in the order of ids",
            vec![
                on_items(9, "10", &[LATTE], &[]),
                only_at(BRANCH, on_items(3, "20", &[], &[])),
                on_items(5, "50", &[LATTE, CAKE], &[]),
            ],
            line(LATTE, &[], 2),
            // 7.00 × 0.8 × 0.5 × 0.9
            &[3, 5, 9],
            "2.52",
        ),
        case("on the subtotal only", vec![on_branch(1, "10")], latte(), &[], "3.50"),
    ] {
        let mut catalogue = catalogue();
        catalogue.discounts = rules;
        let totals = priced(catalogue, vec![line]).totals;
        assert_eq!(ids(&totals.lines[0].discounts), applied, "{name}");
        assert_eq!(totals.lines[0].line_total_usd, usd(total), "{name}");
        assert_eq!(totals.discounts.branch_id, id(BRANCH), "{name}");
    }
}

#[test]
fn the_order_of_the_document_does_not_matter() {
    let rules = [
        on_items(4, "15", &[], &[]),
        on_items(2, "5", &[LATTE], &[]),
        on_branch(3, "7.5"),
        on_branch(1, "2.25"),
    ];
    let mut forwards = catalogue();
    forwards.discounts = rules.to_vec();
    let mut backwards = catalogue();
    backwards.discounts = rules.into_iter().rev().collect();
    let lines = || vec![line(LATTE, &[EXTRA_SHOT], 3), line(CAKE, &[], 1)];
    let totals = priced(forwards, lines()).totals;
    assert_eq!(ids(&totals.lines[0].discounts), [2, 4]);
    assert_eq!(ids(&totals.discounts.branch_discounts), [1, 3]);
    assert_eq!(totals, priced(backwards, lines()).totals);
}

#[test]
fn branch_discounts_multiply_on_the_subtotal() {
    let mut catalogue = catalogue();
    catalogue.discounts = vec![
        on_branch(2, "10"),
        only_at(BRANCH, on_branch(1, "20")),
        only_at(OTHER_BRANCH, on_branch(3, "50")),
    ];
    let totals = priced(catalogue, vec![line(WATER, &[], 10)]).totals;
    let applied = &totals.discounts.branch_discounts;
    assert_eq!(ids(applied), [1, 2]);
    assert_eq!(applied[0].name, "20 % off");
    assert_eq!(applied[0].percent, percent("20"));
    assert_eq!(totals.subtotal_usd, usd("10.00"));
    assert_eq!(totals.discounts.branch_discount_usd, usd("2.80"));
    assert_eq!(totals.discounts.item_discount_total_usd, usd("0"));
    assert_eq!(totals.grand_total_usd, usd("7.20"));
}

#[test]
fn a_window_includes_its_start_and_excludes_its_end() {
    let start = noon();
    let end = noon().plus_micros(60_000_000);
    let window = |starts_at: Option<Timestamp>, ends_at: Option<Timestamp>| {
        let mut catalogue = catalogue();
        catalogue.discounts = vec![
            DiscountRule { starts_at, ends_at, ..on_items(1, "10", &[], &[]) },
            DiscountRule { starts_at, ends_at, ..on_items(2, "10", &[LATTE], &[]) },
            DiscountRule { starts_at, ends_at, ..on_branch(3, "10") },
        ];
        catalogue
    };
    for (starts_at, ends_at, at, applies) in [
        (Some(start), Some(end), start.plus_micros(-1), false),
        (Some(start), Some(end), start, true),
        (Some(start), Some(end), end.plus_micros(-1), true),
        (Some(start), Some(end), end, false),
        (Some(start), None, start.plus_micros(-1), false),
        (Some(start), None, end, true),
        (None, Some(end), start.plus_micros(-1), true),
        (None, Some(end), end, false),
        (None, None, start, true),
    ] {
        let totals = priced_at(window(starts_at, ends_at), vec![line(LATTE, &[], 1)], at).totals;
        let case = format!("{starts_at:?} – {ends_at:?} at {at}");
        let (on_line, on_subtotal): (&[u128], &[u128]) =
            if applies { (&[1, 2], &[3]) } else { (&[], &[]) };
        assert_eq!(ids(&totals.lines[0].discounts), on_line, "{case}");
        assert_eq!(ids(&totals.discounts.branch_discounts), on_subtotal, "{case}");
    }
}
