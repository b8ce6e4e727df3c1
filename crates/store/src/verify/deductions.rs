//! What sales took from stock: by their entries, and by the ledgers.

use std::collections::HashMap;

use rust_decimal::Decimal;
use schemas::events::SaleFinalizedV1;
use uuid::Uuid;

use super::Check;
use crate::{Conn, Error};

/// What the booked entries took, by branch and stock item.
#[derive(Default)]
pub(super) struct Deductions {
    taken: HashMap<(Uuid, Uuid), Taken>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
struct Taken {
    times: i64,
    quantity: Decimal,
}

impl Deductions {
    /// Adds a booked sale.
    pub(super) fn take(&mut self, sale: &SaleFinalizedV1) {
        for line in &sale.deductions {
            let item = (sale.branch_id.as_uuid(), line.stock_item_id.as_uuid());
            let taken = self.taken.entry(item).or_default();
            taken.times = taken.times.saturating_add(1);
            taken.quantity = taken.quantity.saturating_add(line.quantity);
        }
    }

    /// Compares with the ledgers.
    pub(super) async fn check(mut self, conn: &mut Conn) -> Result<Check, Error> {
        let promise = "the stock ledgers lost what the sales took, item by item";
        let mut check = Check::new("deductions", promise);
        let (mut items, mut movements) = (0_u64, 0_u64);
        for row in sqlx::query_file!("src/sql/verify_deductions.sql").fetch_all(conn).await? {
            items += 1;
            movements = movements.saturating_add(row.movements.unsigned_abs());
            let sold = self.taken.remove(&(row.branch_id, row.stock_item_id)).unwrap_or_default();
            let lost = Taken { times: row.movements, quantity: -row.delta };
            if sold != lost {
                check.wrong(|| differ(row.branch_id, row.stock_item_id, sold, lost));
            }
        }
        for ((branch, item), sold) in self.taken {
            check.wrong(|| differ(branch, item, sold, Taken::default()));
        }
        Ok(check.counting("items", items).counting("movements", movements))
    }
}

fn differ(branch: Uuid, item: Uuid, sold: Taken, lost: Taken) -> String {
    format!(
        "stock item {item} of branch {branch}: sales took {} in {}, the ledger lost {} in {}",
        sold.quantity.normalize(),
        sold.times,
        lost.quantity.normalize(),
        lost.times,
    )
}
