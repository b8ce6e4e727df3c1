//! "Complete up to T" never says more than is proved.

use domain::completeness::{Bound, Evidence, complete_up_to, offset};
use proptest::prelude::*;
use schemas::{DeviceId, Timestamp};
use uuid::Uuid;

fn at(micros: i64) -> Timestamp {
    Timestamp::from_unix_micros(micros)
}

fn till(n: u128) -> DeviceId {
    DeviceId::from_uuid(Uuid::from_u128(n))
}

#[test]
fn the_earliest_bound_is_named() {
    let all = Evidence {
        proved_at: Some(at(900)),
        tills: vec![(till(1), at(950)), (till(2), at(990))],
        set_aside_since: Some(at(1_000)),
        unnumbered_since: Some(at(2_000)),
        older_box: None,
    };
    let of = |evidence: &Evidence| {
        let complete = complete_up_to(evidence);
        (complete.up_to.map(Timestamp::unix_micros), complete.bound)
    };
    assert_eq!(of(&all), (Some(900), Bound::Proof));
    let away = Evidence { tills: vec![(till(1), at(950)), (till(2), at(400))], ..all.clone() };
    assert_eq!(of(&away), (Some(400), Bound::Till(till(2))));
    let aside = Evidence { set_aside_since: Some(at(300)), ..away.clone() };
    assert_eq!(of(&aside), (Some(299), Bound::SetAside));
    let unnumbered = Evidence { unnumbered_since: Some(at(200)), ..aside };
    assert_eq!(of(&unnumbered), (Some(199), Bound::Unnumbered));
    let replaced = Evidence { older_box: Some(Some(at(100))), ..unnumbered.clone() };
    assert_eq!(of(&replaced), (Some(100), Bound::OlderBox));
    let lost = Evidence { older_box: Some(None), ..unnumbered };
    assert_eq!(of(&lost), (None, Bound::OlderBox));
    assert_eq!(of(&Evidence { proved_at: None, ..all }), (None, Bound::Proof));
}

#[test]
fn clocks_are_corrected_by_no_more_than_is_sure() {
    assert_eq!(offset(None, 5), None, "an edge that never had an answer");
    assert_eq!(offset(Some(-40), 10), Some(-40), "the way is not taken for the clock");
    assert_eq!(offset(Some(3_600_000_000), -15), Some(-15), "the edge's clock was set forward");
}

proptest! {
    /// However an edge's clock stands, and however long messages take, a moment of its
    /// clock is never moved beyond what it was by the centre's.
    #[test]
    fn an_offset_is_never_too_much(
        ahead in -4_000_000_000_i64..4_000_000_000,
        (there, back, again) in (0_i64..3_000_000, 0_i64..3_000_000, 0_i64..3_000_000),
        spoke_at in 0_i64..1_000_000_000_000,
    ) {
        // The edge spoke at `spoke_at` of the centre's clock; its own is `ahead`.
        let edge = |centre: i64| centre + ahead;
        let answered_at = spoke_at + there;
        let at_least = answered_at - edge(answered_at + back);
        let second = answered_at + back + 1_000;
        let one_way = second + again - edge(second);
        let offset = offset(Some(at_least), one_way).unwrap();
        prop_assert!(edge(second) + offset <= second);
        prop_assert!(offset >= -ahead - back, "and not further off than an answer took");
    }

    #[test]
    fn t_is_never_beyond_any_of_what_bounds_it(
        proved in prop::option::of(0_i64..1_000),
        tills in prop::collection::vec(0_i64..1_000, 0..4),
        (aside, unnumbered) in (prop::option::of(0_i64..1_000), prop::option::of(0_i64..1_000)),
        older in prop::option::of(prop::option::of(0_i64..1_000)),
    ) {
        let evidence = Evidence {
            proved_at: proved.map(at),
            tills: tills.iter().zip(1_u128..).map(|(last, n)| (till(n), at(*last))).collect(),
            set_aside_since: aside.map(at),
            unnumbered_since: unnumbered.map(at),
            older_box: older.map(|older| older.map(at)),
        };
        let complete = complete_up_to(&evidence);
        let Some(up_to) = complete.up_to.map(Timestamp::unix_micros) else {
            prop_assert!(proved.is_none() || older == Some(None));
            return Ok(());
        };
        prop_assert!(proved.is_some_and(|proved| up_to <= proved));
        prop_assert!(tills.iter().all(|last| up_to <= *last));
        prop_assert!(aside.is_none_or(|aside| up_to < aside));
        prop_assert!(unnumbered.is_none_or(|unnumbered| up_to < unnumbered));
        prop_assert!(older.flatten().is_none_or(|older| up_to <= older));
        // And it says no less than it can: it is one of them.
        let bounds: Vec<i64> = proved
            .into_iter()
            .chain(tills)
            .chain(aside.map(|aside| aside - 1))
            .chain(unnumbered.map(|unnumbered| unnumbered - 1))
            .chain(older.flatten())
            .collect();
        prop_assert_eq!(Some(up_to), bounds.into_iter().min());
    }
}
