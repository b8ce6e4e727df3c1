//! Rows of sales, gathered into receipts.

use std::collections::HashMap;

use schemas::edge_api::Cart;

use rust_decimal::Decimal;

use super::{
    Input, InputError, Line, OutletRow, ProductRow, Receipt, Rejected, Sources,
    cells::{Table, price, quantity, says_nothing, some},
    columns::SALES,
};
use crate::drive::data_time::DataTime;

/// All columns but the total, which is read if the user says where it is.
const COLUMNS: [&str; 7] = {
    let [outlet, receipt, at, staff, product, quantity, unit_price, _] = SALES;
    [outlet, receipt, at, staff, product, quantity, unit_price]
};

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

/// Reads `outlet,receipt,at,staff,product,quantity,unit_price`, and `total` if the
/// user says where it is: it must be quantity × price.
pub(super) fn read(from: &Sources, input: &mut Input) -> Result<(), InputError> {
    if from.columns.speaks_of("total") {
        return read_table(Table::open(&from.sales, SALES, &from.columns)?, from, input);
    }
    read_table(Table::open(&from.sales, COLUMNS, &from.columns)?, from, input)
}

fn read_table<const N: usize>(
    mut table: Table<N>,
    from: &Sources,
    input: &mut Input,
) -> Result<(), InputError> {
    let mut gathered: HashMap<(String, String), Gathering> = HashMap::new();
    // Receipt numbers of bad rows that do not say which outlet's they are: no
    // receipt of that number is known to be whole.
    let mut doubtful: HashMap<String, u64> = HashMap::new();
    while let Some(row) = table.next_row()? {
        input.sales_rows += 1;
        let sold = row.whole().and_then(|cells| read_row(cells, from, input));
        let mut cells = row.cells.into_iter();
        let (outlet, receipt) =
            (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
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

/// Reads one row; the cells are those of [`SALES`], or all but the last. What no list
/// names is remembered, if there is no list.
fn read_row(cells: &[String], from: &Sources, input: &mut Input) -> Result<Sold, String> {
    let [outlet, receipt, at, staff, product, number, unit_price, rest @ ..] = cells else {
        return Err("it has too few cells".to_owned());
    };
    some("outlet", outlet)?;
    some("receipt", receipt)?;
    let new_outlet = !input.outlets.iter().any(|known| known.key == *outlet);
    if new_outlet && from.outlets.is_some() {
        return Err(format!("outlet {outlet} is not in the outlets' list"));
    }
    let at = some("at", at)?.parse().map_err(|error| format!("at: {error}"))?;
    let staff = some("staff", staff)?.to_owned();
    let product = some("product", product)?.to_owned();
    let new_product = !input.products.contains_key(&product);
    if new_product && from.products.is_some() {
        return Err(format!("product {product} is not in the products' list"));
    }
    let quantity = quantity("quantity", number)?;
    let unit_price = price("unit_price", unit_price)?;
    if let [total] = rest {
        let total = price("total", total)?;
        let due = (unit_price * Decimal::from(quantity)).normalize();
        if total != due {
            return Err(format!("total is {total}, but {quantity} × {unit_price} is {due}"));
        }
    }
    if new_outlet {
        let (key, name) = (outlet.clone(), outlet.clone());
        input.outlets.push(OutletRow { key, name, city: String::new() });
    }
    if new_product {
        let row = ProductRow { name: product.clone(), category: String::new() };
        input.products.insert(product.clone(), row);
    }
    Ok(Sold { at, staff, line: Line { product, quantity, unit_price } })
}

/// Turns what was gathered into receipts, and rejects the rows of those that
/// are not whole.
fn close<const N: usize>(
    table: &Table<N>,
    gathered: HashMap<(String, String), Gathering>,
    input: &mut Input,
) {
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
