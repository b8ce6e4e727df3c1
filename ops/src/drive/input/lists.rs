//! The two lists that sales refer to.

use std::path::Path;

use super::{
    Columns, Input, InputError, OutletRow, ProductRow,
    cells::{Table, price, says_nothing, some},
};

/// Reads `outlet,name,city`.
pub(super) fn read_outlets(path: &Path, input: &mut Input) -> Result<(), InputError> {
    let mut table = Table::open(path, ["outlet", "name", "city"], &Columns::default())?;
    while let Some(row) = table.next_row()? {
        let outlet = row.whole().and_then(|[outlet, name, city]| {
            let key = some("outlet", outlet)?.to_owned();
            if input.outlets.iter().any(|known| known.key == key) {
                return Err(format!("outlet {key} is there twice"));
            }
            let name = some("name", name)?.to_owned();
            let city = if says_nothing(city) { String::new() } else { city.clone() };
            Ok(OutletRow { key, name, city })
        });
        match outlet {
            Ok(outlet) => input.outlets.push(outlet),
            Err(reason) => input.rejected.push(table.reject(row.line, reason)),
        }
    }
    if input.outlets.is_empty() {
        return Err(InputError::Nothing { file: table.file().to_owned() });
    }
    Ok(())
}

/// Reads `product,name,category,price`. The price is the list's: what is
/// charged is in the sales.
pub(super) fn read_products(path: &Path, input: &mut Input) -> Result<(), InputError> {
    let columns = ["product", "name", "category", "price"];
    let mut table = Table::open(path, columns, &Columns::default())?;
    while let Some(row) = table.next_row()? {
        let product = row.whole().and_then(|[product, name, category, list_price]| {
            let key = some("product", product)?.to_owned();
            if input.products.contains_key(&key) {
                return Err(format!("product {key} is there twice"));
            }
            price("price", list_price)?;
            let name = some("name", name)?.to_owned();
            let category = if says_nothing(category) { String::new() } else { category.clone() };
            Ok((key, ProductRow { name, category }))
        });
        match product {
            Ok((key, product)) => {
                input.products.insert(key, product);
            }
            Err(reason) => input.rejected.push(table.reject(row.line, reason)),
        }
    }
    if input.products.is_empty() {
        return Err(InputError::Nothing { file: table.file().to_owned() });
    }
    Ok(())
}
