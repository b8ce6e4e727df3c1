//! The hash chains: known answers, and that no change goes unseen. The known
//! answers were computed from the stated formats with Python's hashlib.

use domain::{
    invoice_chain::{RegisterError, invoice_hash, invoice_id, verify_row},
    journal_chain::{ChainError, entry_hash, follows, head_of, seal, verify_hash},
};
use proptest::prelude::*;
use schemas::{
    EdgeId, Entry, EntryKind, Sha256Hash, TicketId, Timestamp, facts::InvoiceAssignedV1,
    requests::JournalHead,
};

use crate::sample::{Bend, decimal, id, khr, usd};

const FIRST: &str = "b88aa999528a2267be6be4b35ffabf3f338ec615e64508a626df1488b0b9a2f6";
const SECOND: &str = "de9294e1fbb5f36032ced5074662921ed301ad806ae10a6134299273cd4390a6";

fn two_entries() -> [Entry; 2] {
    let at = Timestamp::from_unix_micros(1_766_309_400_000_000);
    let first = seal(
        id(0xe1),
        JournalHead::EMPTY,
        EntryKind::CashSessionOpened,
        1,
        at,
        br#"{"float":"20.00"}"#.to_vec(),
    );
    let second = seal(
        id(0xe1),
        head_of(&first),
        EntryKind::SaleFinalized,
        1,
        at.plus_micros(1_250_001),
        r#"{"name":"កាហ្វេ"}"#.as_bytes().to_vec(),
    );
    [first, second]
}

#[test]
fn journal_hashes_are_the_known_ones() {
    let [first, second] = two_entries();
    assert_eq!(first.hash.to_string(), FIRST);
    assert_eq!(second.hash.to_string(), SECOND);
    assert_eq!((first.seq, second.seq), (1, 2));
    assert_eq!(first.prev_hash, Sha256Hash::ZERO);
    assert_eq!(second.prev_hash, first.hash);
    assert_eq!(second.kind, "sale.finalized");
}

#[test]
fn an_entry_follows_only_its_own_predecessor() {
    let [first, second] = two_entries();
    assert!(follows(&first, JournalHead::EMPTY));
    assert!(follows(&second, head_of(&first)));
    assert!(!follows(&second, JournalHead::EMPTY));
    assert!(!follows(&first, head_of(&first)));
    assert!(!follows(&second, JournalHead { seq: 1, hash: second.hash }));
    assert!(!follows(&second, JournalHead { seq: 0, hash: first.hash }));
    assert!(!follows(&second, JournalHead { seq: u64::MAX, hash: first.hash }));
}

#[test]
fn every_change_of_an_entry_is_seen() {
    let [first, entry] = two_entries();
    verify_hash(&entry).unwrap();
    let changes: [(&str, Bend<Entry>); 9] = [
        ("edge", |e| e.edge_id = id(0xe2)),
        ("seq", |e| e.seq += 1),
        ("prev_hash", |e| e.prev_hash = Sha256Hash::ZERO),
        ("hash", |e| e.hash = Sha256Hash::ZERO),
        ("kind", |e| e.kind = "sale.finalised".to_owned()),
        ("version", |e| e.schema_version = 2),
        ("recorded_at", |e| e.recorded_at = e.recorded_at.plus_micros(-1)),
        ("payload", |e| e.payload[9] ^= 1),
        ("payload, cut", |e| e.payload.truncate(3)),
    ];
    for (field, change) in changes {
        let mut changed = entry.clone();
        change(&mut changed);
        let ChainError::HashMismatch { stated, computed, .. } =
            verify_hash(&changed).expect_err(field);
        assert_eq!(stated, changed.hash, "{field}");
        assert_ne!(computed, changed.hash, "{field}");
    }
    // Bytes that move from one field to the next are seen, too.
    let mut moved = first;
    moved.kind.push('{');
    moved.payload.remove(0);
    verify_hash(&moved).unwrap_err();
}

/// Number `no` of a series, two of which have known hashes.
fn register_row(no: u64, prev: Option<&InvoiceAssignedV1>) -> InvoiceAssignedV1 {
    let series_id = id(0x5e);
    let mut row = InvoiceAssignedV1 {
        series_id,
        no,
        printed: format!("INV-{no:06}"),
        invoice_id: invoice_id(series_id, no),
        tenant_id: id(0x7e),
        branch_id: id(0xb1),
        mapping_seq: no + 6,
        sale_id: id(0x5a00 + u128::from(no)),
        ticket_id: TicketId::parse(format!("pos-1766309400000-{no:020}")).unwrap(),
        edge_id: id(0xe1),
        entry_seq: no + 1,
        entry_hash: Sha256Hash::from_bytes([u8::try_from(no).unwrap(); 32]),
        grand_total_usd: usd("3.50"),
        vat_usd: usd("0.35"),
        grand_total_khr: khr(14_350),
        issued_at: Timestamp::from_unix_micros(1_766_309_402_000_000).plus_micros(no.cast_signed()),
        prev_hash: prev.map_or(Sha256Hash::ZERO, |prev| prev.hash),
        hash: Sha256Hash::ZERO,
    };
    row.hash = invoice_hash(&row);
    row
}

#[test]
fn register_hashes_and_ids_are_the_known_ones() {
    let first = register_row(1, None);
    let second = register_row(2, Some(&first));
    assert_eq!(
        first.hash.to_string(),
        "90a578df1a98223bb0a7150af3ca8d79a30ff80146ab347297f77825cf7979eb"
    );
    assert_eq!(
        second.hash.to_string(),
        "5efc1b036f3e97a57efbf7f20c89185f58244b31b671b62db180e0b4ef5119b4"
    );
    assert_eq!(first.invoice_id.to_string(), "b6257b64-1d41-51d6-ac08-7101a7b1a314");
    assert_eq!(invoice_id(id(0x5e), 39_271).to_string(), "4979c894-8174-56a5-b8e0-8c7774af83d2");
    verify_row(None, &first).unwrap();
    verify_row(Some(&first), &second).unwrap();
}

#[test]
fn padding_by_storage_does_not_change_a_register_hash() {
    let row = register_row(1, None);
    let mut padded = row.clone();
    padded.grand_total_usd = usd("3.5000");
    padded.vat_usd = usd("0.350");
    padded.grand_total_khr.0 = decimal("14350.00");
    assert_eq!(invoice_hash(&padded), row.hash);
    padded.grand_total_usd = usd("3.5");
    assert_eq!(invoice_hash(&padded), row.hash);
}

#[test]
fn every_change_of_a_register_row_is_seen() {
    let row = register_row(1, None);
    let changes: [(&str, Bend<InvoiceAssignedV1>); 21] = [
        ("series", |r| r.series_id = id(0x5f)),
        ("no", |r| r.no = 2),
        ("printed", |r| r.printed.push('x')),
        ("invoice_id", |r| r.invoice_id = id(1)),
        ("tenant", |r| r.tenant_id = id(1)),
        ("branch", |r| r.branch_id = id(1)),
        ("mapping_seq", |r| r.mapping_seq += 1),
        ("sale", |r| r.sale_id = id(1)),
        ("ticket", |r| r.ticket_id = TicketId::parse("other").unwrap()),
        ("edge", |r| r.edge_id = id(1)),
        ("entry_seq", |r| r.entry_seq += 1),
        ("entry_hash", |r| r.entry_hash = Sha256Hash::ZERO),
        ("grand_total_usd", |r| r.grand_total_usd = usd("3.51")),
        ("grand_total_usd, a thousandth", |r| r.grand_total_usd = usd("3.501")),
        ("grand_total_usd, sign", |r| r.grand_total_usd = usd("-3.50")),
        ("vat", |r| r.vat_usd = usd("0.34")),
        ("grand_total_khr", |r| r.grand_total_khr = khr(14_351)),
        ("grand_total_khr, a part", |r| r.grand_total_khr.0 = decimal("14350.5")),
        ("issued_at", |r| r.issued_at = r.issued_at.plus_micros(1)),
        ("prev_hash", |r| r.prev_hash = Sha256Hash::from_bytes([1; 32])),
        ("hash", |r| r.hash = Sha256Hash::ZERO),
    ];
    for (field, change) in changes {
        let mut changed = row.clone();
        change(&mut changed);
        assert_ne!(invoice_hash(&changed), changed.hash, "{field}");
        verify_row(None, &changed).expect_err(field);
    }
}

#[test]
fn a_row_must_follow_the_one_before_it() {
    let first = register_row(1, None);
    let second = register_row(2, Some(&first));
    let third = register_row(3, Some(&second));
    assert_eq!(
        verify_row(Some(&first), &third),
        Err(RegisterError::NotContiguous { expected: 2, found: 3 })
    );
    assert_eq!(
        verify_row(Some(&second), &second),
        Err(RegisterError::NotContiguous { expected: 3, found: 2 })
    );
    assert_eq!(
        verify_row(None, &second),
        Err(RegisterError::NotContiguous { expected: 1, found: 2 })
    );
    let unchained = register_row(2, None);
    assert_eq!(
        verify_row(Some(&first), &unchained),
        Err(RegisterError::NotChained { no: 2, expected: first.hash, found: Sha256Hash::ZERO })
    );
    let mut other_series = register_row(2, Some(&first));
    other_series.series_id = id(0x5f);
    assert_eq!(
        verify_row(Some(&first), &other_series),
        Err(RegisterError::OtherSeries { no: 2, expected: id(0x5e), found: id(0x5f) })
    );
    let mut renamed = second.clone();
    renamed.invoice_id = id(1);
    renamed.hash = invoice_hash(&renamed);
    assert!(matches!(
        verify_row(Some(&first), &renamed),
        Err(RegisterError::WrongId { no: 2, .. })
    ));
    let mut changed = second;
    changed.vat_usd = usd("0");
    assert!(matches!(
        verify_row(Some(&first), &changed),
        Err(RegisterError::HashMismatch { no: 2, .. })
    ));
}

proptest! {
    #[test]
    fn any_flipped_bit_of_any_entry_is_seen(
        seq in any::<u64>(),
        micros in any::<i64>(),
        version in any::<u16>(),
        prev in any::<[u8; 32]>(),
        payload in prop::collection::vec(any::<u8>(), 1..300),
        place in any::<prop::sample::Index>(),
        bit in 0_u8..8,
    ) {
        let prev = JournalHead { seq, hash: Sha256Hash::from_bytes(prev) };
        let at = Timestamp::from_unix_micros(micros);
        let edge: EdgeId = id(0xe1);
        let mut entry = seal(edge, prev, EntryKind::SaleFinalized, version, at, payload);
        prop_assert!(verify_hash(&entry).is_ok());
        prop_assert_eq!(follows(&entry, prev), seq < u64::MAX);
        prop_assert_eq!(
            entry.hash,
            entry_hash(edge, entry.seq, prev.hash, &entry.kind, version, at, &entry.payload)
        );
        let place = place.index(entry.payload.len());
        entry.payload[place] ^= 1 << bit;
        prop_assert!(verify_hash(&entry).is_err());
    }

    #[test]
    fn any_amount_can_be_hashed(
        mantissa in -79_228_162_514_264_337_593_543_950_335_i128..=79_228_162_514_264_337_593_543_950_335,
        scale in 0_u32..=28,
    ) {
        let mut row = register_row(1, None);
        row.grand_total_usd.0 = rust_decimal::Decimal::from_i128_with_scale(mantissa, scale);
        let same = row.grand_total_usd.0 == decimal("3.50");
        prop_assert_eq!(invoice_hash(&row) == row.hash, same);
    }
}
