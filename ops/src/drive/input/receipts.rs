//! Rows of sales, gathered into receipts.

use std::{collections::HashMap, path::Path};

use schemas::edge_api::Cart;

use super::{
    Input, InputError, Line, Receipt, Rejected,
    cells::{Table, price, quantity, says_nothing, some},
};
use crate::drive::data_time::DataTime;

const COLUMNS: [&str; 7] =
    ["outlet", "receipt", "at", "staff", "product", "quantity", "unit_price"];

/// A row that can be sold by itself.
struct Sold {
    at: DataTime,
    staff: String,
    line: Line,
}

/// A receipt as it comes together.
#[derive(Default)]
struct Gathering {
    rows: Vec<(u64, Sold)>,
    /// The first row that is bad, or what is wrong with the whole.
    spoilt: Option<String>,
}

/// Reads `outlet,receipt,at,staff,product,quantity,unit_price`.
pub(super) fn read(path: &Path, input: &mut Input) -> Result<(), InputError> {
    let mut table = Table::open(path, COLUMNS)?;
    let mut gathered: HashMap<(String, String), Gathering> = HashMap::new();
    // Receipt numbers of bad rows that do not say which outlet's they are: no
    // receipt of that number is known to be whole.
    let mut doubtful: HashMap<String, u64> = HashMap::new();
    while let Some(row) = table.next_row()? {
        input.sales_rows += 1;
        let sold = row.whole().and_then(|cells| read_row(cells, input));
        let [outlet, receipt, ..] = row.cells;
        let names_receipt = !says_nothing(&receipt);
        if let Err(reason) = &sold {
            input.rejected.push(table.reject(row.line, reason.clone()));
        }
        match sold {
            _ if !names_receipt => {}
            Err(_) if says_nothing(&outlet) => {
                doubtful.entry(receipt).or_insert(row.line);
            }
            Ok(sold) => {
                gathered.entry((outlet, receipt)).or_default().rows.push((row.line, sold));
            }
            Err(_) => {
                let reason = format!("its receipt has a bad row: line {}", row.line);
                gathered.entry((outlet, receipt)).or_default().spoilt.get_or_insert(reason);
            }
        }
    }
    for ((_, number), gathering) in &mut gathered {
        if let Some(line) = doubtful.get(number) {
            let reason = format!("its receipt may have a bad row: line {line} names no outlet");
            gathering.spoilt.get_or_insert(reason);
        }
    }
    close(&table, gathered, input);
    Ok(())
}

fn read_row(cells: &[String; 7], input: &Input) -> Result<Sold, String> {
    let [outlet, receipt, at, staff, product, number, unit_price] = cells;
    some("outlet", outlet)?;
    some("receipt", receipt)?;
    if !input.outlets.iter().any(|known| known.key == *outlet) {
        return Err(format!("outlet {outlet} is not in the outlets' list"));
    }
    let at = some("at", at)?.parse().map_err(|error| format!("at: {error}"))?;
    let staff = some("staff", staff)?.to_owned();
    let product = some("product", product)?.to_owned();
    if !input.products.contains_key(&product) {
        return Err(format!("product {product} is not in the products' list"));
    }
    let quantity = quantity("quantity", number)?;
    let unit_price = price("unit_price", unit_price)?;
    Ok(Sold { at, staff, line: Line { product, quantity, unit_price } })
}

/// Turns what was gathered into receipts, and rejects the rows of those that
/// are not whole.
fn close(table: &Table<7>, gathered: HashMap<(String, String), Gathering>, input: &mut Input) {
    for ((outlet, number), mut gathering) in gathered {
        let spoilt = gathering.spoilt.take().or_else(|| wrong_as_a_whole(&gathering));
        if let Some(reason) = spoilt {
            let rows = gathering.rows.iter();
            input.rejected.extend(rows.map(|(line, _)| table.reject(*line, reason.clone())));
            continue;
        }
        let place = input.outlets.iter().position(|known| known.key == outlet);
        let (Some(place), Some((first_line, first))) = (place, gathering.rows.first()) else {
            continue;
        };
        input.receipts.push(Receipt {
            outlet: place,
            number,
            at: first.at,
            staff: first.staff.clone(),
            first_line: *first_line,
            lines: gathering.rows.into_iter().map(|(_, sold)| sold.line).collect(),
        });
    }
    input.receipts.sort_by_key(|receipt| (receipt.outlet, receipt.at, receipt.first_line));
    let by_line =
        |one: &Rejected, other: &Rejected| (&one.file, one.line).cmp(&(&other.file, other.line));
    input.rejected.sort_by(by_line);
}

/// A receipt whose rows are good one by one but make no sale together.
fn wrong_as_a_whole(gathering: &Gathering) -> Option<String> {
    let (_, first) = gathering.rows.first()?;
    if gathering.rows.len() > Cart::MAX_LINES {
        return Some(format!("its receipt has more than {} rows", Cart::MAX_LINES));
    }
    let other_day = gathering.rows.iter().find(|(_, sold)| sold.at.day() != first.at.day());
    other_day.map(|(line, _)| {
        format!(
            "its receipt's rows are of different days: line {line} is not of {}",
            first.at.day()
        )
    })
}
