//! What is to be sold, read from a CSV file of sales and the lists that it refers to.
//!
//! Every row either becomes part of a receipt or is rejected with its file,
//! line and reason; none is dropped in silence. A receipt (outlet and receipt
//! number) is sold whole or not at all: if one of its rows is bad, so are the
//! others. Files without the right columns are refused as a whole.

mod cells;
mod columns;
mod lists;
mod receipts;

use std::{collections::BTreeMap, path::PathBuf};

use rust_decimal::Decimal;

use super::data_time::DataTime;
pub use columns::{Columns, Said};

/// What is to be sold.
#[derive(Debug, Default)]
pub struct Input {
    /// The outlets, in the order of their file.
    pub outlets: Vec<OutletRow>,
    /// The products, by key.
    pub products: BTreeMap<String, ProductRow>,
    /// The receipts that can be sold, by outlet, then time, then line.
    pub receipts: Vec<Receipt>,
    /// The rows that cannot be sold, by file and line.
    pub rejected: Vec<Rejected>,
    /// How many rows the sales file has.
    pub sales_rows: u64,
}

/// An outlet as its list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutletRow {
    /// Its key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its city.
    pub city: String,
}

/// A product as its list has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductRow {
    /// Its name.
    pub name: String,
    /// Its category; empty if it has none.
    pub category: String,
}

/// One sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The outlet: a place in [`Input::outlets`].
    pub outlet: usize,
    /// The receipt's number, as the data has it.
    pub number: String,
    /// When it was sold: the time of its first row.
    pub at: DataTime,
    /// Who sold: the key in its first row.
    pub staff: String,
    /// What was sold, in the order of the rows.
    pub lines: Vec<Line>,
    /// The line of its first row.
    pub first_line: u64,
}

/// One row of a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The product's key.
    pub product: String,
    /// How many.
    pub quantity: u16,
    /// The price of one, as charged, in dollars.
    pub unit_price: Decimal,
}

/// A row that was not sold.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rejected {
    /// The file's name.
    pub file: String,
    /// The line in it, the header being line 1.
    pub line: u64,
    /// Why.
    pub reason: String,
}

/// A file that cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// It cannot be opened or read.
    #[error("cannot read {file}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: csv::Error,
    },
    /// Its header lacks columns.
    #[error("{file} has no column {}", .missing.join(", "))]
    NoColumn {
        /// The file.
        file: String,
        /// Their names.
        missing: Vec<String>,
    },
    /// Nothing in it can be used.
    #[error("{file} holds nothing that can be sold")]
    Nothing {
        /// The file.
        file: String,
    },
}

/// The files.
#[derive(Debug, Clone)]
pub struct Sources {
    /// What was sold.
    pub sales: PathBuf,
    /// The products' list; without one, what the sales name.
    pub products: Option<PathBuf>,
    /// The outlets' list; without one, those that the sales name.
    pub outlets: Option<PathBuf>,
    /// What the sales' columns are called.
    pub columns: Columns,
}

/// Reads all files.
///
/// # Errors
/// [`InputError`]. Bad rows are no errors: they are in [`Input::rejected`].
pub fn read(from: &Sources) -> Result<Input, InputError> {
    let mut input = Input::default();
    if let Some(outlets) = &from.outlets {
        lists::read_outlets(outlets, &mut input)?;
    }
    if let Some(products) = &from.products {
        lists::read_products(products, &mut input)?;
    }
    receipts::read(from, &mut input)?;
    if input.receipts.is_empty() {
        return Err(InputError::Nothing { file: from.sales.display().to_string() });
    }
    Ok(input)
}

#[cfg(test)]
mod tests;
