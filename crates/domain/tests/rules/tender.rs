//! Cash in either currency, and its change.

use domain::tender::{MAX_RECEIVED, TenderError, settle, settle_khqr};
use proptest::prelude::*;
use rust_decimal::Decimal;
use schemas::{
    Currency, Money,
    edge_api::{TenderOffer, Totals},
    events::{KhqrProof, Tender, TenderMethod},
};

use crate::sample::{LATTE, catalogue, decimal, line, noon, priced, usd};

/// A latte: 3.50 dollars, 14,350 riel, 14,400 payable.
fn latte() -> Totals {
    priced(catalogue(), vec![line(LATTE, &[], 1)]).totals
}

fn offer(amount: Decimal, currency: Currency) -> TenderOffer {
    TenderOffer { method: TenderMethod::Cash, received: Money { amount, currency } }
}

fn pay(received: &str, currency: Currency) -> Result<Tender, TenderError> {
    settle(&latte(), &offer(decimal(received), currency))
}

#[test]
fn change_is_given_in_the_currency_that_was_handed_over() {
    use Currency::{Khr, Usd};
    for (received, currency, change) in [
        ("3.50", Usd, "0.00"),
        ("3.5", Usd, "0.00"),
        ("20", Usd, "16.50"),
        // Dollars are never rounded to riel.
        ("3.51", Usd, "0.01"),
        ("14400", Khr, "0"),
        ("20000", Khr, "5600"),
        ("20000.00", Khr, "5600"),
    ] {
        let tender = pay(received, currency).unwrap();
        assert_eq!(tender.change.to_string(), change, "{received} {currency:?}");
        assert_eq!(tender.received, decimal(received));
        assert_eq!(tender.currency, currency);
        assert_eq!(tender.method, TenderMethod::Cash);
        assert_eq!(tender.khqr, None);
    }
}

#[test]
fn too_little_is_refused() {
    for (received, currency, owed) in [
        ("3.49", Currency::Usd, "3.50"),
        ("0", Currency::Usd, "3.50"),
        // Enough for the exact total, not for the payable one.
        ("14350", Currency::Khr, "14400"),
        ("14399", Currency::Khr, "14400"),
    ] {
        let refused =
            TenderError::NotEnough { received: decimal(received), owed: decimal(owed), currency };
        assert_eq!(pay(received, currency), Err(refused));
    }
    let error = pay("3.49", Currency::Usd).unwrap_err();
    assert_eq!(error.to_string(), "received 3.49 USD of 3.50 USD owed");
}

#[test]
fn what_no_one_can_hand_over_is_refused() {
    for (received, currency) in [
        ("-20", Currency::Usd),
        ("-0.01", Currency::Usd),
        ("20.005", Currency::Usd),
        ("20000.5", Currency::Khr),
        ("1000000000000000.01", Currency::Usd),
        ("79228162514264337593543950335", Currency::Khr),
        ("-79228162514264337593543950335", Currency::Khr),
    ] {
        let error = pay(received, currency).unwrap_err();
        assert!(matches!(error, TenderError::BadAmount { .. }), "{received}: {error}");
    }
    assert!(settle(&latte(), &offer(MAX_RECEIVED.into(), Currency::Usd)).is_ok());
}

#[test]
fn khqr_is_refused_with_a_clear_word() {
    let offer = TenderOffer { method: TenderMethod::Khqr, ..offer(decimal("3.50"), Currency::Usd) };
    let error = settle(&latte(), &offer).unwrap_err();
    let said = "a KHQR payment is taken once it is confirmed; make a code, or take cash";
    assert_eq!(error.to_string(), said);
}

#[test]
fn a_confirmed_khqr_payment_settles_exactly_what_its_code_asks_for() {
    let totals = latte();
    let proof = KhqrProof {
        khqr_md5: "d41d8cd98f00b204e9800998ecf8427e".to_owned(),
        khqr_hash: "8465d722d7d5065f".to_owned(),
        khqr_to_account_id: "cafe@bank".to_owned(),
        khqr_confirmed_at: noon(),
        khqr_priced_at: None,
    };
    let by_khqr = |amount: Decimal, currency| TenderOffer {
        method: TenderMethod::Khqr,
        ..offer(amount, currency)
    };
    for (currency, owed) in [
        (Currency::Usd, totals.grand_total_usd.amount()),
        (Currency::Khr, totals.payable_khr.amount()),
    ] {
        let tender =
            settle_khqr(&totals, currency, &by_khqr(owed, currency), proof.clone()).unwrap();
        assert_eq!((tender.method, tender.currency), (TenderMethod::Khqr, currency));
        assert_eq!((tender.received, tender.change), (owed, Decimal::ZERO));
        assert_eq!(tender.khqr.as_ref(), Some(&proof));
        let other = if currency == Currency::Usd { Currency::Khr } else { Currency::Usd };
        for wrong in [
            by_khqr(owed + Decimal::ONE, currency),
            by_khqr(owed - Decimal::ONE, currency),
            by_khqr(owed, other),
            offer(owed, currency),
        ] {
            let error = settle_khqr(&totals, currency, &wrong, proof.clone()).unwrap_err();
            assert!(matches!(error, TenderError::NotTheCode { .. }), "{error}");
        }
    }
}

proptest! {
    #[test]
    fn received_less_change_is_what_is_owed(cents in 0_i64..=10_000, riel in 0_i64..=100_000) {
        let totals = latte();
        match settle(&totals, &offer(Decimal::new(cents, 2), Currency::Usd)) {
            Ok(tender) => {
                prop_assert_eq!(usd("3.50").amount(), tender.received - tender.change);
                prop_assert!(cents >= 350);
            }
            Err(_) => prop_assert!(cents < 350),
        }
        match settle(&totals, &offer(riel.into(), Currency::Khr)) {
            Ok(tender) => {
                prop_assert_eq!(Decimal::from(14_400), tender.received - tender.change);
                prop_assert!(riel >= 14_400);
            }
            Err(_) => prop_assert!(riel < 14_400),
        }
    }

    #[test]
    fn no_amount_panics(
        mantissa in -79_228_162_514_264_337_593_543_950_335_i128..=79_228_162_514_264_337_593_543_950_335,
        owed in -79_228_162_514_264_337_593_543_950_335_i128..=79_228_162_514_264_337_593_543_950_335,
        scale in 0_u32..=28,
        in_riel: bool,
    ) {
        let mut totals = latte();
        totals.grand_total_usd.0 = Decimal::from_i128_with_scale(owed, scale);
        totals.payable_khr.0 = Decimal::from_i128_with_scale(owed, 28 - scale);
        let currency = if in_riel { Currency::Khr } else { Currency::Usd };
        let amount = Decimal::from_i128_with_scale(mantissa, scale);
        if let Ok(tender) = settle(&totals, &offer(amount, currency)) {
            prop_assert!(tender.change >= Decimal::ZERO);
        }
    }
}
