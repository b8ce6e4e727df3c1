//! What a drawer must hold.

use domain::sessions::{Opening, Paid, Sold, Span, count_drawer, report};
use proptest::prelude::*;
use rust_decimal::Decimal;
use schemas::{
    Currency, Khr, StaffId, TicketId, Timestamp, Usd,
    events::{DrawerSums, PaidKind, SaleStatus, TenderMethod},
};
use uuid::Uuid;

const AS_OF: Timestamp = Timestamp::from_unix_micros(9);

fn opening() -> Opening {
    Opening {
        opened_by: StaffId::from_uuid(Uuid::from_u128(1)),
        opened_at: Timestamp::from_unix_micros(1),
        float_usd: Usd(decimal("50.00")),
        float_khr: Khr(decimal("200000")),
    }
}

fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn sold(method: TenderMethod, currency: Currency, status: SaleStatus, kept: &str) -> Sold {
    let usd = Usd(decimal("5.74"));
    let vat_usd = Usd(decimal("0.52"));
    Sold { method, currency, status, count: 1, kept: decimal(kept), total_usd: usd, vat_usd }
}

fn paid(kind: PaidKind, currency: Currency, amount: &str) -> Paid {
    Paid { kind, currency, amount: decimal(amount) }
}

#[test]
fn a_report_sums_by_the_currency_of_the_tender() {
    use Currency::{Khr as Riel, Usd as Dollar};
    use SaleStatus::{Finalized, VoidPending, Voided};
    use TenderMethod::{Cash, Khqr};
    let sales = [
        sold(Cash, Dollar, Finalized, "5.74"),
        sold(Cash, Dollar, Voided, "5.74"),
        sold(Cash, Dollar, VoidPending, "5.74"),
        sold(Cash, Riel, Finalized, "23500"),
        sold(Khqr, Dollar, Finalized, "5.74"),
    ];
    let moves = [
        paid(PaidKind::PaidIn, Dollar, "10"),
        paid(PaidKind::PaidOut, Dollar, "2.5"),
        paid(PaidKind::PaidOut, Riel, "4000"),
    ];
    let ticket = |text: &str| Some(TicketId::parse(text).unwrap());
    let span = Span { first: ticket("t1"), last: ticket("t5") };
    let z = report(&opening(), &sales, &moves, span, AS_OF);
    let dollars = DrawerSums {
        currency: Dollar,
        opening_float: decimal("50"),
        sales: decimal("17.22"),
        refunds: decimal("5.74"),
        paid_in: decimal("10"),
        paid_out: decimal("2.5"),
        expected: decimal("68.98"),
    };
    let riel = DrawerSums {
        currency: Riel,
        opening_float: decimal("200000"),
        sales: decimal("23500"),
        refunds: decimal("0"),
        paid_in: decimal("0"),
        paid_out: decimal("4000"),
        expected: decimal("219500"),
    };
    assert_eq!(z.drawers, [dollars, riel]);
    let methods: Vec<_> =
        z.sales.iter().map(|s| (s.method, s.currency, s.count, s.amount)).collect();
    assert_eq!(
        methods,
        [
            (Cash, Dollar, 3, decimal("17.22")),
            (Cash, Riel, 1, decimal("23500")),
            (Khqr, Dollar, 1, decimal("5.74")),
        ]
    );
    assert_eq!((z.sale_count, z.sales_usd), (5, Usd(decimal("28.7"))));
    assert_eq!(z.vat_usd, Usd(decimal("2.6")));
    assert_eq!((z.void_count, z.voids_usd), (1, Usd(decimal("5.74"))));
    assert_eq!((z.first_ticket, z.last_ticket), (ticket("t1"), ticket("t5")));
}

#[test]
fn a_count_is_compared_with_what_is_expected() {
    let z = report(&opening(), &[], &[], Span::default(), AS_OF);
    let counted = count_drawer(&z, Usd(decimal("49.75")), Khr(decimal("200100")));
    assert_eq!(counted.difference_usd, Usd(decimal("-0.25")));
    assert_eq!(counted.difference_khr, Khr(decimal("100")));
    assert_eq!((z.sale_count, z.first_ticket), (0, None));
}

#[test]
fn amounts_out_of_all_bounds_do_not_panic() {
    let most = Sold {
        kept: Decimal::MAX,
        total_usd: Usd(Decimal::MAX),
        vat_usd: Usd(Decimal::MAX),
        count: u64::MAX,
        ..sold(TenderMethod::Cash, Currency::Usd, SaleStatus::Finalized, "1")
    };
    let z = report(&opening(), &[most, most], &[], Span::default(), AS_OF);
    assert_eq!((z.sale_count, z.sales_usd), (u64::MAX, Usd(Decimal::MAX)));
    count_drawer(&z, Usd(Decimal::MIN), Khr(Decimal::MIN));
}

fn currency() -> impl Strategy<Value = Currency> {
    prop_oneof![Just(Currency::Usd), Just(Currency::Khr)]
}

fn any_sale() -> impl Strategy<Value = Sold> {
    let method = prop_oneof![4 => Just(TenderMethod::Cash), 1 => Just(TenderMethod::Khqr)];
    let status = prop_oneof![
        Just(SaleStatus::Finalized),
        Just(SaleStatus::VoidPending),
        Just(SaleStatus::Voided)
    ];
    (method, currency(), status, 1i64..1_000_000, 1i64..1_000_000).prop_map(
        |(method, currency, status, kept, total)| Sold {
            method,
            currency,
            status,
            count: 1,
            kept: Decimal::new(kept, if currency == Currency::Usd { 2 } else { 0 }),
            total_usd: Usd(Decimal::new(total, 2)),
            vat_usd: Usd(Decimal::new(total / 10, 2)),
        },
    )
}

fn any_payment() -> impl Strategy<Value = Paid> {
    let kind = prop_oneof![Just(PaidKind::PaidIn), Just(PaidKind::PaidOut)];
    (kind, currency(), 1i64..1_000_000).prop_map(|(kind, currency, amount)| Paid {
        kind,
        currency,
        amount: Decimal::new(amount, 0),
    })
}

/// The same sales, summed by what they have in common.
fn grouped(sales: &[Sold]) -> Vec<Sold> {
    let mut groups: Vec<Sold> = Vec::new();
    for sale in sales {
        let same = |group: &&mut Sold| {
            (group.method, group.currency, group.status)
                == (sale.method, sale.currency, sale.status)
        };
        if let Some(group) = groups.iter_mut().find(same) {
            group.count += 1;
            group.kept += sale.kept;
            group.total_usd.0 += sale.total_usd.0;
            group.vat_usd.0 += sale.vat_usd.0;
        } else {
            groups.push(*sale);
        }
    }
    groups
}

proptest! {
    #[test]
    fn sums_of_sums_are_the_sums_in_any_order(
        sales in prop::collection::vec(any_sale(), 0..40),
        moves in prop::collection::vec(any_payment(), 0..10),
    ) {
        let one = report(&opening(), &sales, &moves, Span::default(), AS_OF);
        let many = report(&opening(), &grouped(&sales), &moves, Span::default(), AS_OF);
        prop_assert_eq!(&one, &many);
        let (mut sales, mut moves) = (sales, moves);
        sales.reverse();
        moves.reverse();
        prop_assert_eq!(&one, &report(&opening(), &sales, &moves, Span::default(), AS_OF));
    }

    #[test]
    fn what_is_expected_is_what_went_in_less_what_went_out(
        sales in prop::collection::vec(any_sale(), 0..40),
        moves in prop::collection::vec(any_payment(), 0..10),
    ) {
        let z = report(&opening(), &sales, &moves, Span::default(), AS_OF);
        for drawer in &z.drawers {
            let inside: Decimal = sales
                .iter()
                .filter(|s| s.method == TenderMethod::Cash && s.currency == drawer.currency)
                .filter(|s| s.status != SaleStatus::Voided)
                .map(|s| s.kept)
                .sum();
            let moved: Decimal = moves
                .iter()
                .filter(|m| m.currency == drawer.currency)
                .map(|m| if m.kind == PaidKind::PaidIn { m.amount } else { -m.amount })
                .sum();
            prop_assert_eq!(drawer.expected, drawer.opening_float + inside + moved);
        }
        let methods: u64 = z.sales.iter().map(|sums| sums.count).sum();
        prop_assert_eq!(methods, z.sale_count);
    }
}
