//! Registers that were cut, and of which others hold more or less.

use domain::invoice_series::{Restarts, series_id};
use proptest::{collection::vec, prelude::*};
use schemas::{EdgeId, Khr, TicketId, Usd};
use uuid::Uuid;

use super::*;

const NOW: Timestamp = Timestamp::from_unix_micros(1_795_000_000_000_000);
const TENANT: u128 = 7;

fn branch(of: usize) -> BranchId {
    BranchId::from_uuid(Uuid::from_u128(100 + of as u128))
}

fn setting(per_branch: bool) -> Setting {
    let form = if per_branch { "{branch}-{no}" } else { "{no}" };
    Setting { revision: 1, restarts: Restarts { per_branch, yearly: false }, form: form.to_owned() }
}

/// The register of a company in which the stores of `sales` sold one after the other.
fn register(sales: &[usize], per_branch: bool) -> Vec<InvoiceAssignedV1> {
    let tenant_id = TenantId::from_uuid(Uuid::from_u128(TENANT));
    let mut heads: HashMap<SeriesId, (u64, Sha256Hash)> = HashMap::new();
    let mut mapped: HashMap<BranchId, u64> = HashMap::new();
    let made = sales.iter().enumerate().map(|(sale, of)| {
        let branch_id = branch(*of);
        let series_id = series_id(tenant_id, 1, per_branch.then_some(branch_id), None);
        let head = heads.entry(series_id).or_insert((0, Sha256Hash::ZERO));
        head.0 += 1;
        let mapping_seq = mapped.entry(branch_id).or_insert(0);
        *mapping_seq += 1;
        let mut row = InvoiceAssignedV1 {
            series_id,
            no: head.0,
            printed: head.0.to_string(),
            invoice_id: invoice_id(series_id, head.0),
            tenant_id,
            branch_id,
            mapping_seq: *mapping_seq,
            sale_id: SaleId::from_uuid(Uuid::from_u128(1_000 + sale as u128)),
            ticket_id: TicketId::parse(format!("ticket-{sale}")).expect("a ticket"),
            edge_id: EdgeId::from_uuid(Uuid::from_u128(200 + *of as u128)),
            entry_seq: sale as u64 + 1,
            entry_hash: Sha256Hash::from_bytes([9; 32]),
            grand_total_usd: Usd::ZERO,
            vat_usd: Usd::ZERO,
            grand_total_khr: Khr::ZERO,
            issued_at: NOW,
            prev_hash: head.1,
            hash: Sha256Hash::ZERO,
        };
        row.hash = invoice_hash(&row);
        head.1 = row.hash;
        row
    });
    made.collect()
}

/// What books that end after the first `kept` of the rows know, when others hold `told`.
fn known(all: &[InvoiceAssignedV1], kept: usize, told: &[bool], per_branch: bool) -> Known {
    let mut series: BTreeMap<SeriesId, KnownSeries> = BTreeMap::new();
    let mut heads: HashMap<BranchId, u64> = HashMap::new();
    for row in &all[..kept] {
        heads.insert(row.branch_id, row.mapping_seq);
        series.insert(
            row.series_id,
            KnownSeries {
                series_id: row.series_id,
                revision: 1,
                branch_id: per_branch.then_some(row.branch_id),
                year: None,
                last_no: row.no,
                head_hash: row.hash,
            },
        );
    }
    let lost = all[kept..].iter().zip(told.iter().chain([&false].into_iter().cycle()));
    // What is held is often held by several.
    let told = lost.filter(|(_, told)| **told).map(|(row, _)| row.clone());
    let mut highest = HashMap::new();
    for row in all {
        highest.insert(row.series_id, row.no);
    }
    Known {
        tenant_id: TenantId::from_uuid(Uuid::from_u128(TENANT)),
        series: series.into_values().collect(),
        settings: vec![setting(per_branch)],
        branches: (0..3)
            .map(|of| Branch {
                branch_id: branch(of),
                branch_no: u16::try_from(of + 1).expect("a small number"),
                mapping_head: heads.get(&branch(of)).copied().unwrap_or(0),
            })
            .collect(),
        told: told.collect(),
        highest,
        sales: Vec::new(),
        reserve: 0,
        now: NOW,
    }
}

proptest! {
    /// Whatever was lost and whoever holds what: each number has one row, what is held
    /// is as it was, what nobody holds is lost, and register and mappings are whole.
    #[test]
    fn every_number_gets_its_row_back_or_a_lost_one(
        sales in vec(0..3_usize, 1..30),
        kept in any::<prop::sample::Index>(),
        told in vec(any::<bool>(), 30),
        per_branch in any::<bool>(),
        reserve in 0..3_u64,
    ) {
        let all = register(&sales, per_branch);
        let kept = kept.index(all.len() + 1);
        let known = Known { reserve, ..known(&all, kept, &told, per_branch) };
        let plan = plan(&known).expect("nobody contradicts anybody");
        prop_assert!(plan.contradicted.is_empty());
        prop_assert_eq!(plan.rows.iter().filter(|row| !is_lost(row)).count(), known.told.len());
        for row in &known.told {
            prop_assert!(plan.rows.contains(row), "number {} is as it was", row.no);
        }
        let whole: Vec<_> = all[..kept].iter().chain(&plan.rows).collect();
        let mut series: BTreeMap<SeriesId, Vec<&InvoiceAssignedV1>> = BTreeMap::new();
        let mut mappings: BTreeMap<BranchId, Vec<u64>> = BTreeMap::new();
        for row in whole {
            series.entry(row.series_id).or_default().push(row);
            mappings.entry(row.branch_id).or_default().push(row.mapping_seq);
        }
        for (id, rows) in &series {
            let mut before = None;
            for row in rows {
                prop_assert_eq!(verify_row(before, row), Ok(()));
                before = Some(*row);
            }
            prop_assert!(rows.len() as u64 >= known.highest[id] + reserve);
        }
        for (branch, mut places) in mappings {
            places.sort_unstable();
            let expected: Vec<u64> = (1..=places.len() as u64).collect();
            prop_assert_eq!(places, expected, "{}", branch);
        }
    }
}

#[test]
fn who_contradicts_the_chain_is_not_believed() {
    let all = register(&[0, 1, 0, 2], false);
    let whole = known(&all, 1, &[true; 3], false);
    assert_eq!(plan(&whole).expect("it is whole").rows, all[1..]);

    let mut changed = whole.clone();
    changed.told[1].grand_total_khr = Khr(4_000.into());
    let said = plan(&changed).expect_err("it was changed").to_string();
    assert!(said.contains("number 3 of series") && said.contains("wrong hash"), "{said}");

    let mut forked = whole.clone();
    forked.told[0].ticket_id = TicketId::parse("another").expect("a ticket");
    forked.told[0].hash = invoice_hash(&forked.told[0]);
    let said = plan(&forked).expect_err("number 3 does not follow it").to_string();
    assert!(said.contains("number 3 was told (ticket-2)"), "{said}");
    // With both of them told, the one that number 3 follows is right.
    forked.told.push(whole.told[0].clone());
    assert_eq!(plan(&forked).expect("it can be told").rows, all[1..]);

    let mut absurd = whole.clone();
    absurd.highest.insert(all[0].series_id, MAX_NUMBERS + 2);
    let said = plan(&absurd).expect_err("nobody sells so much").to_string();
    assert!(said.contains("cannot have been issued since a backup"), "{said}");
}

#[test]
fn a_number_that_the_books_gave_to_another_sale_stands_and_is_told() {
    let all = register(&[0, 0, 0], false);
    // These books went on after the restore, before anybody noticed.
    let mut known = known(&all, 1, &[true; 2], false);
    let other = TicketId::parse("another").expect("a ticket");
    let mut newer = InvoiceAssignedV1 { ticket_id: other, ..all[1].clone() };
    newer.hash = invoice_hash(&newer);
    known.series[0].last_no = 2;
    known.series[0].head_hash = newer.hash;
    known.branches[0].mapping_head = 2;
    known.told.truncate(1);
    known.highest.insert(all[0].series_id, 2);
    let plan = plan(&known).expect("the newer one stands");
    assert_eq!(plan.rows, []);
    assert!(plan.contradicted[0].contains("number 2 was issued to ticket ticket-1 before"));
}
