//! Forms of invoice numbers.

use domain::invoice_series::{FormError, InvoiceForm, MAX_FORM_CHARS, Place, Restarts, series_id};
use proptest::prelude::*;
use schemas::{BranchId, TenantId};
use uuid::Uuid;

const NEVER: Restarts = Restarts { per_branch: false, yearly: false };
const BOTH: Restarts = Restarts { per_branch: true, yearly: true };

const fn place(branch_no: u16, year: u16, no: u64) -> Place {
    Place { branch_no, year, no }
}

#[test]
fn a_form_prints_what_it_says() {
    for (form, at, printed) in [
        ("{no}", place(1, 2026, 17), "17"),
        ("INV-{yyyy}-{no:06}", place(1, 2026, 17), "INV-2026-000017"),
        ("INV-{yyyy}-{no:06}", place(1, 2026, 12_345_678), "INV-2026-12345678"),
        ("KH/{branch:02}/{no:04}", place(7, 2026, 9), "KH/07/0009"),
        ("{yyyy}.{branch}.{no}", place(12, 2027, u64::MAX), "2027.12.18446744073709551615"),
    ] {
        assert_eq!(InvoiceForm::parse(form, NEVER).unwrap().print(at), printed);
    }
}

#[test]
fn what_restarts_the_count_must_be_printed() {
    let yearly = Restarts { yearly: true, ..NEVER };
    let per_branch = Restarts { per_branch: true, ..NEVER };
    let missing = |form, restarts| match InvoiceForm::parse(form, restarts) {
        Err(FormError::Missing { name, .. }) => name,
        other => panic!("{form}: {other:?}"),
    };
    assert_eq!(missing("INV-{no}", yearly), "yyyy");
    assert_eq!(missing("INV-{yyyy}-{no}", per_branch), "branch");
    assert_eq!(missing("INV-{branch}-{no}", BOTH), "yyyy");
    assert_eq!(missing("INV-{yyyy}", yearly), "no");
    InvoiceForm::parse("INV-{yyyy}-{branch}-{no}", BOTH).unwrap();
}

#[test]
fn a_form_that_could_be_misread_is_refused_by_its_reason() {
    let long = format!("{{no}}{}", "x".repeat(MAX_FORM_CHARS));
    for (form, reason) in [
        ("", FormError::Length),
        (long.as_str(), FormError::Length),
        ("INV-2026-{no}", FormError::Character('2')),
        ("INV {no}", FormError::Character(' ')),
        ("វិ{no}", FormError::Character('វ')),
        ("{yyyy}{no}", FormError::Touching),
        ("{no}-{no}", FormError::Twice("no")),
        ("{no", FormError::Brace),
        ("no}", FormError::Brace),
        ("{number}", FormError::Placeholder("number".to_owned())),
        ("{no:6}", FormError::Placeholder("no:6".to_owned())),
        ("{no:00}", FormError::Placeholder("no:00".to_owned())),
        ("{no:013}", FormError::Placeholder("no:013".to_owned())),
        ("{yyyy:05}-{no}", FormError::Placeholder("yyyy:05".to_owned())),
    ] {
        assert_eq!(InvoiceForm::parse(form, NEVER), Err(reason), "{form}");
    }
}

#[test]
fn a_series_id_says_whose_it_is_and_of_when() {
    let tenant = TenantId::from_uuid(Uuid::from_u128(1));
    let branch = |no| Some(BranchId::from_uuid(Uuid::from_u128(no)));
    let ids = [
        series_id(tenant, 1, None, None),
        series_id(tenant, 2, None, None),
        series_id(tenant, 1, None, Some(2026)),
        series_id(tenant, 1, None, Some(2027)),
        series_id(tenant, 1, branch(2), None),
        series_id(tenant, 1, branch(3), None),
        series_id(tenant, 1, branch(2), Some(2026)),
        series_id(TenantId::from_uuid(Uuid::from_u128(2)), 1, None, None),
    ];
    let distinct: std::collections::HashSet<_> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
    // Fixed for good: books that lost a series make the same one again.
    assert_eq!(ids[0].to_string(), "00c116cb-e349-5532-afc6-3198b2c3b63d");
}

proptest! {
    #[test]
    fn any_text_is_a_form_or_an_error(text: String, per_branch: bool, yearly: bool) {
        if let Ok(form) = InvoiceForm::parse(&text, Restarts { per_branch, yearly }) {
            prop_assert!(form.print(place(1, 2026, 1)).is_ascii());
        }
    }

    #[test]
    fn two_places_print_the_same_only_if_all_that_is_printed_is_the_same(
        form in "[A-Z/-]{0,3}\\{no(:0[1-9])?\\}[A-Z/.-]{1,3}\\{yyyy\\}[A-Z-]{1,2}\\{branch(:0[1-4])?\\}[A-Z]{0,2}",
        a in (1_u16..300, 2000_u16..2100, 1_u64..100_000),
        b in (1_u16..300, 2000_u16..2100, 1_u64..100_000),
    ) {
        let form = InvoiceForm::parse(&form, BOTH).unwrap();
        let print = |(branch, year, no)| form.print(place(branch, year, no));
        prop_assert_eq!(print(a) == print(b), a == b);
    }

    #[test]
    fn forms_of_two_shapes_never_print_the_same(
        forms in prop::array::uniform2(
            "[A-C-]{0,2}(\\{yyyy\\}[A-C/-]{1,2})?\\{no(:0[1-6])?\\}([A-C/]{1,2}\\{branch\\})?[A-C]{0,1}"
        ),
        a in (1_u16..30, 2020_u16..2030, 1_u64..3_000),
        b in (1_u16..30, 2020_u16..2030, 1_u64..3_000),
    ) {
        let [one, other] = forms.map(|form| InvoiceForm::parse(&form, NEVER).unwrap());
        prop_assume!(one.shape() != other.shape());
        let print = |form: &InvoiceForm, (branch, year, no)| form.print(place(branch, year, no));
        prop_assert_ne!(print(&one, a), print(&other, b));
    }
}
