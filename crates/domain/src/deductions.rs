//! What a sale takes from stock: the uses of its items and add-ons, times the
//! quantities, merged to one line for each stock item in the order of their
//! ids.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use schemas::{Quantity, StockItemId, events::DeductionLine};

use crate::{
    catalogue::{CatalogueIndex, Use},
    money::STOCK_DECIMALS,
};

/// The deductions of a cart, while they are summed up.
#[derive(Default)]
pub(crate) struct Deductions(BTreeMap<StockItemId, i128>);

impl Deductions {
    /// Adds what `quantity` of something take.
    pub(crate) fn add(&mut self, uses: &[Use], quantity: Quantity) {
        for one in uses {
            *self.0.entry(one.stock_item_id).or_default() +=
                i128::from(one.thousandths) * i128::from(quantity.get());
        }
    }

    /// The lines, with the names and units of today.
    pub(crate) fn into_lines(self, index: &CatalogueIndex) -> Vec<DeductionLine> {
        self.0
            .into_iter()
            .filter_map(|(stock_item_id, thousandths)| {
                // Always there: the catalogue was checked to hold what it refers to.
                let stock_item = index.stock_item(stock_item_id)?;
                Some(DeductionLine {
                    stock_item_id,
                    name: stock_item.name.clone(),
                    quantity: Decimal::from_i128_with_scale(thousandths, STOCK_DECIMALS)
                        .normalize(),
                    unit: stock_item.unit.clone(),
                })
            })
            .collect()
    }
}
