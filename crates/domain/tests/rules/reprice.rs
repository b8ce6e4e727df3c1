//! Pricing a finished sale again finds every figure that was bent, and nothing
//! else.

use domain::{catalogue, pricing::price, reprice::compare, tender::settle};
use proptest::prelude::*;
use schemas::{
    Currency, Money, Percent, Sha256Hash, TicketId,
    catalogue::CatalogueV1,
    edge_api::TenderOffer,
    events::{KhqrProof, SaleFinalizedV1, SaleStatus, TenderMethod},
};

use crate::sample::{
    Bend, CAKE, EXTRA_SHOT, LATTE, WATER, cart, catalogue as plain, decimal, id, khr, line, noon,
    on_branch, on_items, priced, quantity, usd,
};

fn discounted() -> CatalogueV1 {
    let mut catalogue = plain();
    catalogue.discounts = vec![on_items(1, "12.5", &[LATTE], &[]), on_branch(2, "5")];
    catalogue.policies.sale_vat_enabled = true;
    catalogue
}

fn sale() -> SaleFinalizedV1 {
    let bytes = serde_json::to_vec(&discounted()).unwrap();
    let (index, reference) = catalogue::parse(&bytes).unwrap();
    let cart = cart(vec![line(LATTE, &[EXTRA_SHOT], 2), line(CAKE, &[], 1), line(WATER, &[], 3)]);
    let priced = price(&index, &cart, noon()).unwrap();
    let received = Money { amount: decimal("20"), currency: Currency::Usd };
    let offer = TenderOffer { method: TenderMethod::Cash, received };
    let tender = settle(&priced.totals, &offer).unwrap();
    let totals = priced.totals;
    SaleFinalizedV1 {
        imported_from: None,
        tenant_id: index.document().tenant_id,
        branch_id: index.document().branch_id,
        edge_id: id(0xe1),
        device_id: id(0xde),
        cash_session_id: Some(id(0xc5)),
        cashier_id: id(0x5f),
        cashier_name: "Sokha".to_owned(),
        customer_id: None,
        seller: index.document().seller.clone(),
        sale_id: id(0x5a),
        order_id: id(0x0d),
        ticket_id: TicketId::parse("ticket-1").unwrap(),
        request_hash: Sha256Hash::ZERO,
        status: SaleStatus::Finalized,
        sale_type: cart.sale_type,
        finalized_at: noon(),
        lines: totals.lines,
        discounts: totals.discounts,
        subtotal_usd: totals.subtotal_usd,
        vat: totals.vat,
        fx_rate_khr_per_usd: totals.fx_rate_khr_per_usd,
        grand_total_usd: totals.grand_total_usd,
        grand_total_khr: totals.grand_total_khr,
        khr_rounding: totals.khr_rounding,
        payable_khr: totals.payable_khr,
        tender,
        deductions: priced.deductions,
        catalogue: reference,
        late: None,
    }
}

/// The fields that differ, with the sale bent like this.
fn found(bend: impl FnOnce(&mut SaleFinalizedV1)) -> Vec<String> {
    let index = catalogue::CatalogueIndex::new(discounted()).unwrap();
    let mut sale = sale();
    bend(&mut sale);
    compare(&index, &sale).into_iter().map(|mismatch| mismatch.field).collect()
}

#[test]
fn an_honest_sale_compares_clean() {
    assert_eq!(found(|_| {}), [""; 0]);
    // As does one that went through JSON and storage.
    let json = serde_json::to_vec(&sale()).unwrap();
    assert_eq!(found(|s| *s = serde_json::from_slice(&json).unwrap()), [""; 0]);
    assert_eq!(found(|s| s.grand_total_usd = usd(&format!("{}00", s.grand_total_usd))), [""; 0]);
}

#[test]
fn every_bent_figure_is_found() {
    let bends: Vec<(&[&str], Bend<SaleFinalizedV1>)> = vec![
        (&["tenant_id"], |s| s.tenant_id = id(1)),
        (&["branch_id"], |s| s.branch_id = id(1)),
        (&["catalogue.version"], |s| s.catalogue.version = 8),
        (&["lines[1].line_no"], |s| s.lines[1].line_no = 9),
        (&["lines[0].name"], |s| s.lines[0].name = "Flat white".to_owned()),
        (&["lines[0].category"], |s| s.lines[0].category = None),
        (&["lines[2].unit_price_usd"], |s| s.lines[2].unit_price_usd = usd("0.99")),
        (&["lines[0].add_ons"], |s| s.lines[0].add_ons[0].price_usd = usd("0.74")),
        (&["lines[0].base_amount_usd"], |s| s.lines[0].base_amount_usd = usd("8.51")),
        (&["lines[0].discounts"], |s| s.lines[0].discounts[0].percent = Percent::HUNDRED),
        (&["lines[0].discount_usd"], |s| s.lines[0].discount_usd = usd("1.07")),
        (&["lines[0].line_total_usd"], |s| s.lines[0].line_total_usd = usd("7.43")),
        (&["discounts"], |s| s.discounts.branch_discount_usd = usd("0")),
        (&["discounts"], |s| s.discounts.branch_id = id(0xb2)),
        (&["subtotal_usd"], |s| s.subtotal_usd = usd("1")),
        (&["vat"], |s| s.vat.amount_usd = usd("0")),
        (&["fx_rate_khr_per_usd"], |s| s.fx_rate_khr_per_usd = decimal("4000")),
        (&["grand_total_usd"], |s| s.grand_total_usd = usd("1")),
        (&["grand_total_khr"], |s| s.grand_total_khr = khr(1)),
        (&["khr_rounding"], |s| s.khr_rounding.rounding_khr = khr(1)),
        (&["payable_khr"], |s| s.payable_khr = khr(1)),
        (&["deductions"], |s| s.deductions[0].quantity = decimal("1")),
        (&["deductions"], |s| s.deductions.truncate(1)),
        (&["tender"], |s| s.tender.change = decimal("0")),
        (&["tender"], |s| s.tender.received = decimal("1")),
        (&["cart"], |s| s.lines.clear()),
        (&["cart"], |s| s.lines[0].menu_item_id = id(0xdead)),
    ];
    for (fields, bend) in bends {
        assert_eq!(found(bend), fields);
    }
}

#[test]
fn what_follows_from_a_bent_quantity_is_found() {
    let fields = found(|s| s.lines[1].quantity = quantity(2));
    for field in ["lines[1].base_amount_usd", "lines[1].line_total_usd", "subtotal_usd", "vat"] {
        assert!(fields.iter().any(|found| found == field), "{field} in {fields:?}");
    }
}

#[test]
fn a_mismatch_says_both_figures() {
    let index = catalogue::CatalogueIndex::new(discounted()).unwrap();
    let mut sale = sale();
    let computed = sale.subtotal_usd.to_string();
    sale.subtotal_usd = usd("99.99");
    let mismatches = compare(&index, &sale);
    assert_eq!(mismatches[0].captured, "99.99");
    assert_eq!(mismatches[0].computed, computed);
}

#[test]
fn the_rules_of_its_own_moment_count() {
    // A rule that ended with the moment of the sale did not lower it.
    let mut catalogue = discounted();
    catalogue.discounts[0].ends_at = Some(noon());
    let index = catalogue::CatalogueIndex::new(catalogue).unwrap();
    let mismatches = compare(&index, &sale());
    assert!(mismatches.iter().any(|mismatch| mismatch.field == "lines[0].discounts"));
}

#[test]
fn a_khqr_tender_is_left_alone() {
    let khqr = |s: &mut SaleFinalizedV1| {
        s.tender.method = TenderMethod::Khqr;
        s.tender.khqr = Some(KhqrProof {
            khqr_md5: "d41d8cd98f00b204e9800998ecf8427e".to_owned(),
            khqr_hash: "8465d722d7d5065f2886f0a474a4d34dc6a7855355b611836f7b6111228893e9"
                .to_owned(),
            khqr_to_account_id: "cafe@bank".to_owned(),
            khqr_confirmed_at: noon(),
            khqr_priced_at: None,
        });
    };
    assert_eq!(found(khqr), [""; 0]);
}

proptest! {
    #[test]
    fn no_figures_panic(mantissa in any::<i64>(), scale in 0_u32..=28, which in 0_usize..6) {
        let odd = rust_decimal::Decimal::new(mantissa, scale);
        let _ = found(|s| match which {
            0 => s.subtotal_usd.0 = odd,
            1 => s.tender.received = odd,
            2 => s.fx_rate_khr_per_usd = odd,
            3 => s.payable_khr.0 = odd,
            4 => s.lines[0].line_total_usd.0 = odd,
            _ => s.deductions[0].quantity = odd,
        });
    }
}

#[test]
fn the_sample_sale_costs_what_a_person_would_reckon() {
    // Latte 2 × 4.25 = 8.50 − 12.5 % = 7.44 (7.4375); cake 2.25; water 3.00:
    // 12.69 − 5 % (0.63) = 12.06 + 10 % VAT (1.21) = 13.27 = 54,407 riel.
    let totals = priced(
        discounted(),
        vec![line(LATTE, &[EXTRA_SHOT], 2), line(CAKE, &[], 1), line(WATER, &[], 3)],
    )
    .totals;
    assert_eq!(totals.subtotal_usd, usd("12.69"));
    assert_eq!(totals.discounts.item_discount_total_usd, usd("1.06"));
    assert_eq!(totals.discounts.branch_discount_usd, usd("0.63"));
    assert_eq!(totals.vat.amount_usd, usd("1.21"));
    assert_eq!(totals.grand_total_usd, usd("13.27"));
    assert_eq!(totals.grand_total_khr, khr(54_407));
    assert_eq!(totals.payable_khr, khr(54_400));
}
