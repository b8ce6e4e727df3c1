//! Which sale gets which number: pure.

use std::collections::HashMap;

use domain::invoice_chain::{invoice_hash, invoice_id};
use schemas::{BranchId, Sha256Hash, Timestamp, facts::InvoiceAssignedV1};
use store::numbering::{PendingSale, Series};

/// What a batch of sales becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// The register's new rows, in the order of their numbers, one for each
    /// sale in the order of the sales.
    pub rows: Vec<InvoiceAssignedV1>,
    /// The series' newest number after them.
    pub last_no: u64,
    /// That invoice's hash.
    pub head_hash: Sha256Hash,
}

/// Continues `series` and its branches' mappings over `sales`: numbers and
/// `mapping_seq` rise by one from sale to sale, each row names the hash of the
/// one before. `mapping_heads`: each branch's newest `mapping_seq`; a branch
/// that is not in it has none.
pub fn allocate(
    series: &Series,
    mapping_heads: &HashMap<BranchId, u64>,
    sales: &[PendingSale],
    issued_at: Timestamp,
) -> Allocation {
    let mut mapping_heads = mapping_heads.clone();
    let (mut last_no, mut head_hash) = (series.last_no, series.head_hash);
    let rows = sales
        .iter()
        .map(|sale| {
            last_no += 1;
            let mapping_seq = mapping_heads.entry(sale.branch_id).or_insert(0);
            *mapping_seq += 1;
            let mut row = InvoiceAssignedV1 {
                series_id: series.series_id,
                no: last_no,
                invoice_id: invoice_id(series.series_id, last_no),
                tenant_id: series.tenant_id,
                branch_id: sale.branch_id,
                mapping_seq: *mapping_seq,
                sale_id: sale.sale_id,
                ticket_id: sale.ticket_id.clone(),
                edge_id: sale.edge_id,
                entry_seq: sale.entry_seq,
                entry_hash: sale.entry_hash,
                grand_total_usd: sale.grand_total_usd,
                vat_usd: sale.vat_usd,
                grand_total_khr: sale.grand_total_khr,
                issued_at,
                prev_hash: head_hash,
                hash: Sha256Hash::ZERO,
            };
            row.hash = invoice_hash(&row);
            head_hash = row.hash;
            row
        })
        .collect();
    Allocation { rows, last_no, head_hash }
}

#[cfg(test)]
mod tests {
    use domain::invoice_chain::verify_row;
    use proptest::prelude::*;
    use schemas::{EdgeId, Khr, SaleId, SeriesId, TenantId, TicketId, Usd};
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn series() -> Series {
        Series {
            series_id: SeriesId::from(id(1)),
            tenant_id: TenantId::from(id(2)),
            last_no: 0,
            head_hash: Sha256Hash::ZERO,
            frozen_reason: None,
        }
    }

    fn sale(place: usize, branch: u8) -> PendingSale {
        let place = place as u128;
        PendingSale {
            queue_id: i64::try_from(place).expect("is small"),
            branch_id: BranchId::from(id(100 + u128::from(branch))),
            sale_id: SaleId::from(id(1_000 + place)),
            ticket_id: TicketId::parse(format!("t-{place}")).expect("is visible ASCII"),
            customer_id: None,
            edge_id: EdgeId::from(id(200 + u128::from(branch))),
            entry_seq: 1,
            entry_hash: Sha256Hash::from_bytes([branch; 32]),
            grand_total_usd: Usd(3.into()),
            vat_usd: Usd::ZERO,
            grand_total_khr: Khr(12_300.into()),
        }
    }

    proptest! {
        #[test]
        fn however_sales_are_batched_the_register_is_contiguous_and_chained(
            branches in prop::collection::vec(0_u8..4, 1..60),
            cuts in prop::collection::vec(1_usize..9, 60),
        ) {
            let sales: Vec<_> =
                branches.iter().enumerate().map(|(place, branch)| sale(place, *branch)).collect();
            let (mut series, mut heads, mut register) = (series(), HashMap::new(), Vec::new());
            let mut rest = sales.as_slice();
            for (round, cut) in cuts.into_iter().enumerate() {
                let (batch, after) = rest.split_at(cut.min(rest.len()));
                rest = after;
                let at = Timestamp::from_unix_micros(i64::try_from(round).expect("is small"));
                let made = allocate(&series, &heads, batch, at);
                (series.last_no, series.head_hash) = (made.last_no, made.head_hash);
                for row in &made.rows {
                    heads.insert(row.branch_id, row.mapping_seq);
                }
                register.extend(made.rows);
            }
            prop_assert_eq!(register.len(), sales.len());
            let mut previous = None;
            let mut per_branch: HashMap<_, u64> = HashMap::new();
            for (row, sale) in register.iter().zip(&sales) {
                prop_assert!(verify_row(previous, row).is_ok());
                prop_assert_eq!(row.sale_id, sale.sale_id);
                let mapping = per_branch.entry(row.branch_id).or_default();
                *mapping += 1;
                prop_assert_eq!(row.mapping_seq, *mapping);
                previous = Some(row);
            }
        }
    }
}
