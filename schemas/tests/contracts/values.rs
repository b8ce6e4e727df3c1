//! The small values: any text is read or refused, never a panic; what was
//! written is read back as the same value.

use proptest::prelude::*;
use rust_decimal::Decimal;
use schemas::{
    EntryKind, Percent, Quantity, Sha256Hash, TicketId, Timestamp,
    facts::FactKind,
    subjects::{CentralRequest, CentralSubject, PosSubject},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use uuid::Uuid;

const MOST: i128 = 79_228_162_514_264_337_593_543_950_335;

/// What comes back after a value was written as JSON and read.
fn through_json<T: Serialize + DeserializeOwned>(value: &T) -> T {
    serde_json::from_slice(&serde_json::to_vec(value).unwrap()).unwrap()
}

/// Text that is almost a value: one character of a good one is changed.
fn almost(good: &'static str) -> impl Strategy<Value = String> {
    (any::<prop::sample::Index>(), any::<char>()).prop_map(move |(place, odd)| {
        let place = place.index(good.chars().count());
        good.chars().enumerate().map(|(at, same)| if at == place { odd } else { same }).collect()
    })
}

fn some_uuid() -> impl Strategy<Value = Uuid> {
    any::<u128>().prop_map(Uuid::from_u128)
}

proptest! {
    #[test]
    fn tickets(text in prop_oneof!["[!-~]{1,140}", ".{0,140}", almost("pos-1795253400123-0f1e2d")]) {
        let fits = (1..=128).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        match TicketId::parse(text.clone()) {
            Ok(ticket) => {
                prop_assert!(fits);
                prop_assert_eq!(ticket.as_str(), &text);
                prop_assert_eq!(&ticket.to_string().parse::<TicketId>().unwrap(), &ticket);
                prop_assert_eq!(&through_json(&ticket), &ticket);
            }
            Err(_) => prop_assert!(!fits),
        }
        let json = Value::from(text);
        prop_assert_eq!(serde_json::from_value::<TicketId>(json).is_ok(), fits);
    }

    #[test]
    fn minted_tickets_are_tickets(micros in any::<i64>(), random in any::<[u8; 10]>()) {
        let ticket = TicketId::mint(Timestamp::from_unix_micros(micros), random);
        prop_assert_eq!(TicketId::parse(ticket.as_str()).unwrap(), ticket);
    }

    #[test]
    fn percentages(mantissa in -MOST..=MOST, small in -100_i128..=10_100, scale in 0_u32..=28) {
        let amounts = [
            Decimal::from_i128_with_scale(mantissa, scale),
            Decimal::from_i128_with_scale(small, scale.min(3)),
        ];
        for amount in amounts {
            let fits = amount >= Decimal::ZERO
                && amount <= Decimal::ONE_HUNDRED
                && amount.normalize().scale() <= 2;
            match Percent::try_from(amount) {
                Ok(percent) => {
                    prop_assert!(fits, "{amount}");
                    prop_assert_eq!(Decimal::from(percent), amount);
                    prop_assert_eq!(through_json(&percent), percent);
                    let points = percent.basis_points();
                    prop_assert_eq!(Percent::from_basis_points(points).unwrap(), percent);
                }
                Err(_) => prop_assert!(!fits, "{amount}"),
            }
        }
    }

    #[test]
    fn percentages_of_odd_text(text in prop_oneof![".*", almost("12.5")]) {
        if let Ok(percent) = serde_json::from_value::<Percent>(Value::from(text)) {
            prop_assert_eq!(through_json(&percent), percent);
        }
    }

    #[test]
    fn quantities(count in prop_oneof![any::<u32>(), 0_u32..=10_100]) {
        match Quantity::try_from(count) {
            Ok(quantity) => {
                prop_assert!((1..=9_999).contains(&count));
                prop_assert_eq!(u32::from(quantity), count);
                prop_assert_eq!(through_json(&quantity), quantity);
            }
            Err(_) => prop_assert!(!(1..=9_999).contains(&count)),
        }
    }

    #[test]
    fn quantities_of_odd_json(number in any::<f64>(), negative in any::<i64>(), text in ".*") {
        for json in [Value::from(number), Value::from(negative), Value::from(text)] {
            if let Ok(quantity) = serde_json::from_value::<Quantity>(json) {
                prop_assert!((1..=9_999).contains(&quantity.get()));
            }
        }
    }

    #[test]
    fn moments(micros in prop_oneof![any::<i64>(), -100_000_000_000_000_i64..=2_000_000_000_000_000]) {
        let at = Timestamp::from_unix_micros(micros);
        prop_assert_eq!(Timestamp::parse(&at.to_string()).unwrap(), at);
        prop_assert_eq!(through_json(&at), at);
        prop_assert_eq!(at.to_string().len(), "2026-11-21T09:30:00.000000Z".len());
        prop_assert_eq!(at.plus_micros(micros).plus_micros(0), at.plus_micros(micros));
    }

    #[test]
    fn moments_of_odd_text(
        text in prop_oneof![
            ".*",
            almost("2026-11-21T09:30:00.000000Z"),
            almost("0000-01-01T00:00:00+23:59"),
            almost("9999-12-31T23:59:59.999999999-23:59"),
        ],
    ) {
        if let Ok(at) = Timestamp::parse(&text) {
            prop_assert_eq!(Timestamp::parse(&at.to_string()).unwrap(), at);
        }
    }

    #[test]
    fn pos_subjects(
        shard in any::<u16>(),
        tenant in some_uuid(),
        branch in some_uuid(),
        edge in some_uuid(),
        kind in "[a-z_]{1,20}(\\.[a-z_]{1,20}){0,3}",
    ) {
        let subject = PosSubject {
            shard,
            tenant_id: tenant.into(),
            branch_id: branch.into(),
            edge_id: edge.into(),
            kind,
        };
        prop_assert_eq!(PosSubject::parse(&subject.to_string()).unwrap(), subject);
    }

    #[test]
    fn central_subjects(
        tenant in some_uuid(),
        branch in some_uuid(),
        edge in some_uuid(),
        what in prop::sample::select(CentralRequest::ALL.to_vec()),
    ) {
        let subject = CentralSubject {
            tenant_id: tenant.into(),
            branch_id: branch.into(),
            edge_id: edge.into(),
            what,
        };
        prop_assert_eq!(CentralSubject::parse(&subject.to_string()).unwrap(), subject);
    }

    #[test]
    fn subjects_of_odd_text(
        text in prop_oneof![
            ".*",
            "(pos|central)(\\.[^.]{0,40}){0,7}",
            almost("pos.3.00000000-0000-0000-0000-000000000001.00000000-0000-0000-0000-000000000002.00000000-0000-0000-0000-000000000003.sale.finalized"),
        ],
    ) {
        if let Ok(subject) = PosSubject::parse(&text) {
            prop_assert_eq!(PosSubject::parse(&subject.to_string()).unwrap(), subject);
        }
        if let Ok(subject) = CentralSubject::parse(&text) {
            prop_assert_eq!(CentralSubject::parse(&subject.to_string()).unwrap(), subject);
        }
    }

    #[test]
    fn hashes_and_kinds_of_odd_text(text in prop_oneof![".*", "[0-9a-fA-F]{64}"]) {
        if let Ok(hash) = text.parse::<Sha256Hash>() {
            prop_assert_eq!(hash.to_string(), text.to_lowercase());
            prop_assert_eq!(through_json(&hash), hash);
        }
        prop_assert!(text.parse::<EntryKind>().is_err());
        prop_assert!(text.parse::<FactKind>().is_err());
    }
}

#[test]
fn kinds_are_read_by_their_names() {
    for kind in EntryKind::ALL {
        assert_eq!(kind.as_str().parse::<EntryKind>().unwrap(), kind);
    }
    for fact in FactKind::ALL {
        assert_eq!(fact.as_str().parse::<FactKind>().unwrap(), fact);
    }
}

#[test]
fn moments_with_an_offset_are_utc() {
    let at = Timestamp::parse("2026-11-21T16:30:00.1234569+07:00").unwrap();
    assert_eq!(at.to_string(), "2026-11-21T09:30:00.123456Z");
    assert_eq!(
        Timestamp::parse("0000-01-01T00:00:00+23:59").unwrap().to_string(),
        "0000-01-01T00:00:00.000000Z"
    );
    assert_eq!(
        Timestamp::parse("9999-12-31T23:59:59-23:59").unwrap().to_string(),
        "9999-12-31T23:59:59.999999Z"
    );
}
