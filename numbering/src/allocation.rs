//! Which sale gets which number: pure.

use std::collections::HashMap;

use domain::invoice_chain::{invoice_hash, invoice_id};
use domain::invoice_series::Place;
use schemas::{BranchId, SeriesId, Sha256Hash, Timestamp, facts::InvoiceAssignedV1};
use store::{
    numbering::PendingSale,
    series::{Locked, Series},
};

/// Where a company's numbers stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// How it numbers.
    pub setting: Locked,
    /// The series that may be continued, by id.
    pub series: HashMap<SeriesId, Series>,
    /// Each branch's newest `mapping_seq`; a branch that is not in it has none.
    pub mapping_heads: HashMap<BranchId, u64>,
    /// Each branch's own number.
    pub branch_numbers: HashMap<BranchId, u16>,
}

/// Continues the company's series and its branches' mappings over `sales`: in each
/// series numbers rise by one from sale to sale and each row names the hash of the
/// one before; so does `mapping_seq` in each branch. Returns the register's new
/// rows in the order of the sales, with the sales that got them: those of a series
/// that may not be continued are left out.
pub fn allocate(
    mut standing: Standing,
    sales: &[PendingSale],
    issued_at: Timestamp,
) -> (Vec<&PendingSale>, Vec<InvoiceAssignedV1>) {
    let Standing { setting, series, mapping_heads, branch_numbers } = &mut standing;
    let mut numbered = Vec::with_capacity(sales.len());
    let mut rows = Vec::with_capacity(sales.len());
    for sale in sales {
        let series_id = setting.series_of(sale.branch_id);
        let Some(series) = series.get_mut(&series_id) else { continue };
        let no = series.last_no + 1;
        let mapping_seq = mapping_heads.entry(sale.branch_id).or_insert(0);
        *mapping_seq += 1;
        let place = Place {
            branch_no: branch_numbers.get(&sale.branch_id).copied().unwrap_or_default(),
            year: setting.year,
            no,
        };
        let mut row = InvoiceAssignedV1 {
            series_id,
            no,
            printed: setting.form.print(place),
            invoice_id: invoice_id(series_id, no),
            tenant_id: setting.tenant_id,
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
            prev_hash: series.head_hash,
            hash: Sha256Hash::ZERO,
        };
        row.hash = invoice_hash(&row);
        (series.last_no, series.head_hash) = (no, row.hash);
        numbered.push(sale);
        rows.push(row);
    }
    (numbered, rows)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use domain::{
        invoice_chain::verify_row,
        invoice_series::{InvoiceForm, Restarts},
    };
    use proptest::prelude::*;
    use schemas::{EdgeId, Khr, SaleId, TenantId, TicketId, Usd};
    use store::series::Setting;
    use uuid::Uuid;

    use super::*;

    const BRANCHES: u8 = 4;

    fn id(number: u128) -> Uuid {
        Uuid::from_u128(number)
    }

    fn branch(number: u8) -> BranchId {
        BranchId::from(id(100 + u128::from(number)))
    }

    fn setting(restarts: Restarts, year: u16) -> Locked {
        let form = "INV-{yyyy}-{branch}/{no:04}".to_owned();
        Locked {
            tenant_id: TenantId::from(id(2)),
            form: InvoiceForm::parse(&form, restarts).expect("it is a form"),
            setting: Setting { revision: 1, restarts, form },
            year,
        }
    }

    fn sale(place: usize, of: u8) -> PendingSale {
        let place = place as u128;
        PendingSale {
            queue_id: i64::try_from(place).expect("is small"),
            branch_id: branch(of),
            sale_id: SaleId::from(id(1_000 + place)),
            ticket_id: TicketId::parse(format!("t-{place}")).expect("is visible ASCII"),
            customer_id: None,
            edge_id: EdgeId::from(id(200 + u128::from(of))),
            entry_seq: 1,
            entry_hash: Sha256Hash::from_bytes([of; 32]),
            grand_total_usd: Usd(3.into()),
            vat_usd: Usd::ZERO,
            grand_total_khr: Khr(12_300.into()),
        }
    }

    proptest! {
        #[test]
        fn however_sales_are_batched_each_series_is_contiguous_and_chained(
            branches in prop::collection::vec(0..BRANCHES, 1..60),
            cuts in prop::collection::vec((1_usize..9, any::<bool>()), 60),
            per_branch: bool,
            yearly: bool,
        ) {
            let sales: Vec<_> =
                branches.iter().enumerate().map(|(place, of)| sale(place, *of)).collect();
            let (mut series, mut heads) = (HashMap::new(), HashMap::new());
            let (mut register, mut year) = (Vec::new(), 2026);
            let mut rest = sales.as_slice();
            for (round, (cut, new_year)) in cuts.into_iter().enumerate() {
                let (batch, after) = rest.split_at(cut.min(rest.len()));
                rest = after;
                year += u16::from(new_year);
                let setting = setting(Restarts { per_branch, yearly }, year);
                for of in 0..BRANCHES {
                    let series_id = setting.series_of(branch(of));
                    series.entry(series_id).or_insert_with(|| Series {
                        series_id,
                        last_no: 0,
                        head_hash: Sha256Hash::ZERO,
                        frozen_reason: None,
                    });
                }
                let standing = Standing {
                    setting,
                    series: series.clone(),
                    mapping_heads: heads.clone(),
                    branch_numbers: (0..BRANCHES).map(|of| (branch(of), u16::from(of) + 1)).collect(),
                };
                let at = Timestamp::from_unix_micros(i64::try_from(round).expect("is small"));
                let (numbered, rows) = allocate(standing, batch, at);
                prop_assert_eq!(numbered.len(), batch.len());
                for row in &rows {
                    heads.insert(row.branch_id, row.mapping_seq);
                    let of = series.get_mut(&row.series_id).expect("it was there");
                    (of.last_no, of.head_hash) = (row.no, row.hash);
                }
                register.extend(rows);
            }
            prop_assert_eq!(register.len(), sales.len());
            let (mut newest, mut mapping) = (HashMap::new(), HashMap::<_, u64>::new());
            let mut printed = HashSet::new();
            for (row, sale) in register.iter().zip(&sales) {
                let previous = newest.insert(row.series_id, row);
                prop_assert!(verify_row(previous, row).is_ok());
                prop_assert_eq!(row.sale_id, sale.sale_id);
                let mapping = mapping.entry(row.branch_id).or_default();
                *mapping += 1;
                prop_assert_eq!(row.mapping_seq, *mapping);
                prop_assert!(printed.insert(row.printed.clone()) || !(per_branch || yearly));
            }
        }
    }

    #[test]
    fn sales_of_a_series_that_may_not_be_continued_are_left_out() {
        let setting = setting(Restarts { per_branch: true, yearly: false }, 2026);
        let open = setting.series_of(branch(1));
        let series = Series {
            series_id: open,
            last_no: 7,
            head_hash: Sha256Hash::ZERO,
            frozen_reason: None,
        };
        let standing = Standing {
            setting,
            series: HashMap::from([(open, series)]),
            mapping_heads: HashMap::new(),
            branch_numbers: HashMap::from([(branch(1), 3)]),
        };
        let sales = [sale(0, 0), sale(1, 1), sale(2, 0), sale(3, 1)];
        let (numbered, rows) = allocate(standing, &sales, Timestamp::from_unix_micros(0));
        assert_eq!(numbered, [&sales[1], &sales[3]]);
        let printed: Vec<_> = rows.iter().map(|row| row.printed.as_str()).collect();
        assert_eq!(printed, ["INV-2026-3/0008", "INV-2026-3/0009"]);
    }
}
