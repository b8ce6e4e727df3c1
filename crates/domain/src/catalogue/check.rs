//! Checks a catalogue and builds its lookups, in one pass over each list.

use std::{
    collections::{HashMap, HashSet},
    hash::Hash,
};

use rust_decimal::Decimal;
use schemas::{
    AddOnId, MenuItemId, StockItemId, Timestamp, Usd,
    catalogue::{CatalogueV1, DiscountRule, DiscountTarget, MenuItem, StockUse},
};
use uuid::Uuid;

use super::{
    CatalogueError, CatalogueIndex, IndexedAddOn, IndexedItem, MAX_ADD_ONS_PER_ITEM,
    MAX_DISCOUNT_RULES, MAX_FX_RATE_UNITS, MAX_NAME_CHARS, MAX_PRICE_CENTS, MAX_RECIPE_LINES,
    MAX_STACKED_DISCOUNTS, MAX_STOCK_USE_THOUSANDTHS, Use,
};
use crate::{
    khqr::Payee,
    money::{RATE_DECIMALS, STOCK_DECIMALS, USD_DECIMALS, exact_units},
};

pub(super) fn index(document: CatalogueV1) -> Result<CatalogueIndex, CatalogueError> {
    if document.version == 0 {
        return Err(CatalogueError::NoVersion);
    }
    if let Some(receiver) = &document.khqr {
        Payee::from(receiver).check().map_err(CatalogueError::Khqr)?;
    }
    let fx_rate_units = fx_rate(&document)?;
    let categories =
        places("category", document.categories.iter().map(|c| (c.category_id, &c.name)))?;
    let stock_items =
        places("stock item", document.stock_items.iter().map(|s| (s.stock_item_id, &s.name)))?;
    let staff = places("staff member", document.staff.iter().map(|s| (s.staff_id, &s.name)))?;
    let devices = places("device", document.devices.iter().map(|d| (d.device_id, &d.name)))?;
    let item_places =
        places("menu item", document.items.iter().map(|item| (item.menu_item_id, &item.name)))?;

    let mut rules = sort_rules(&document, &item_places)?;
    let branch_id = document.branch_id.into();
    check_stacking(&document, rules.branch.iter().copied(), branch_id)?;
    // Most items are named by no rule: for them, those on every item decide.
    check_stacking(&document, rules.every_item.iter().copied(), branch_id)?;
    for (id, named) in &rules.by_item {
        let together = named.iter().chain(&rules.every_item).copied();
        check_stacking(&document, together, (*id).into())?;
    }

    let mut items = HashMap::with_capacity(document.items.len());
    for (place, item) in document.items.iter().enumerate() {
        let id = item.menu_item_id;
        if let Some(category_id) = item.category_id.filter(|id| !categories.contains_key(id)) {
            return Err(CatalogueError::Unknown {
                what: "category",
                id: category_id.into(),
                by: "menu item",
                by_id: id.into(),
            });
        }
        let named = rules.by_item.remove(&id).unwrap_or_default();
        items.insert(id, index_item(place, item, named, &stock_items)?);
    }

    Ok(CatalogueIndex {
        document,
        items,
        categories,
        stock_items,
        staff,
        devices,
        branch_rules: rules.branch,
        every_item_rules: rules.every_item,
        fx_rate_units,
    })
}

fn fx_rate(document: &CatalogueV1) -> Result<i64, CatalogueError> {
    let rate = document.policies.sale_fx_rate_khr_per_usd;
    exact_units(rate, RATE_DECIMALS, 1, MAX_FX_RATE_UNITS).ok_or(CatalogueError::OutOfBounds {
        what: "the exchange rate",
        id: document.branch_id.into(),
        value: rate,
        rule: "above zero, at most 100000, with at most 4 decimals",
    })
}

/// Where each id stands in its list.
fn places<'a, Id: Copy + Eq + Hash + Into<Uuid>>(
    what: &'static str,
    list: impl ExactSizeIterator<Item = (Id, &'a String)>,
) -> Result<HashMap<Id, usize>, CatalogueError> {
    let mut places = HashMap::with_capacity(list.len());
    for (place, (id, name)) in list.enumerate() {
        check_name(what, id.into(), name)?;
        if places.insert(id, place).is_some() {
            return Err(CatalogueError::Repeated { what, id: id.into() });
        }
    }
    Ok(places)
}

fn check_name(what: &'static str, id: Uuid, name: &str) -> Result<(), CatalogueError> {
    // Bytes first: counting the characters of a huge text costs.
    let fits = name.len() <= MAX_NAME_CHARS
        || name.chars().take(MAX_NAME_CHARS + 1).count() <= MAX_NAME_CHARS;
    if fits && !name.trim().is_empty() { Ok(()) } else { Err(CatalogueError::BadName { what, id }) }
}

fn check_count(
    what: &'static str,
    id: Uuid,
    count: usize,
    most: usize,
) -> Result<(), CatalogueError> {
    if count > most { Err(CatalogueError::TooMany { what, id, count, most }) } else { Ok(()) }
}

fn index_item(
    place: usize,
    item: &MenuItem,
    rules: Vec<usize>,
    stock_items: &HashMap<StockItemId, usize>,
) -> Result<IndexedItem, CatalogueError> {
    let id = item.menu_item_id.into();
    check_count("add-ons", id, item.add_ons.len(), MAX_ADD_ONS_PER_ITEM)?;
    let mut add_ons = HashMap::with_capacity(item.add_ons.len());
    for (place, add_on) in item.add_ons.iter().enumerate() {
        let id = add_on.add_on_id.into();
        check_name("add-on", id, &add_on.name)?;
        let indexed = IndexedAddOn {
            place,
            price_cents: price_cents(id, add_on.price_usd)?,
            uses: uses("add-on", id, &add_on.stock, stock_items)?,
        };
        if add_ons.insert(add_on.add_on_id, indexed).is_some() {
            return Err(CatalogueError::Repeated { what: "add-on", id });
        }
    }
    Ok(IndexedItem {
        place,
        price_cents: price_cents(id, item.price_usd)?,
        uses: uses("menu item", id, &item.stock, stock_items)?,
        add_ons,
        rules,
    })
}

fn price_cents(id: Uuid, price: Usd) -> Result<i64, CatalogueError> {
    exact_units(price.amount(), USD_DECIMALS, 0, MAX_PRICE_CENTS).ok_or(
        CatalogueError::OutOfBounds {
            what: "the price",
            id,
            value: price.amount(),
            rule: "from 0 to 1000000.00 with at most 2 decimals",
        },
    )
}

fn uses(
    by: &'static str,
    by_id: Uuid,
    stock: &StockUse,
    stock_items: &HashMap<StockItemId, usize>,
) -> Result<Vec<Use>, CatalogueError> {
    let one = |stock_item_id: StockItemId, quantity: Decimal| {
        if !stock_items.contains_key(&stock_item_id) {
            let id = stock_item_id.into();
            return Err(CatalogueError::Unknown { what: "stock item", id, by, by_id });
        }
        let thousandths = exact_units(quantity, STOCK_DECIMALS, 1, MAX_STOCK_USE_THOUSANDTHS)
            .ok_or(CatalogueError::OutOfBounds {
                what: "the stock quantity",
                id: by_id,
                value: quantity,
                rule: "above zero, at most 1000000, with at most 3 decimals",
            })?;
        Ok(Use { stock_item_id, thousandths })
    };
    match stock {
        StockUse::Untracked => Ok(Vec::new()),
        StockUse::Direct { stock_item_id, quantity } => Ok(vec![one(*stock_item_id, *quantity)?]),
        StockUse::Recipe { lines } => {
            check_count("ingredients", by_id, lines.len(), MAX_RECIPE_LINES)?;
            let mut seen = HashSet::with_capacity(lines.len());
            lines
                .iter()
                .map(|line| {
                    if !seen.insert(line.stock_item_id) {
                        let id = line.stock_item_id.into();
                        return Err(CatalogueError::Repeated { what: "ingredient", id });
                    }
                    one(line.stock_item_id, line.quantity)
                })
                .collect()
        }
    }
}

/// The rules that apply at this branch, by what they lower: places in the
/// document, in the order of the rules' ids.
#[derive(Default)]
struct SortedRules {
    branch: Vec<usize>,
    every_item: Vec<usize>,
    by_item: HashMap<MenuItemId, Vec<usize>>,
}

fn sort_rules(
    document: &CatalogueV1,
    items: &HashMap<MenuItemId, usize>,
) -> Result<SortedRules, CatalogueError> {
    let rules = &document.discounts;
    check_count("discount rules", document.branch_id.into(), rules.len(), MAX_DISCOUNT_RULES)?;
    places("discount", rules.iter().map(|rule| (rule.discount_id, &rule.name)))?;
    let add_ons: HashSet<AddOnId> = document
        .items
        .iter()
        .flat_map(|item| item.add_ons.iter().map(|add_on| add_on.add_on_id))
        .collect();

    let mut by_id: Vec<usize> = (0..rules.len()).collect();
    by_id.sort_by_key(|place| rules[*place].discount_id);
    let mut sorted = SortedRules::default();
    for place in by_id {
        let rule = &rules[place];
        if let (Some(starts_at), Some(ends_at)) = (rule.starts_at, rule.ends_at)
            && starts_at >= ends_at
        {
            return Err(CatalogueError::EmptyWindow { id: rule.discount_id.into() });
        }
        if rule.branch_id.is_some_and(|branch| branch != document.branch_id) {
            continue;
        }
        match &rule.target {
            DiscountTarget::Branch => sorted.branch.push(place),
            DiscountTarget::Items { menu_item_ids, add_on_ids } => {
                if let Some(id) = add_on_ids.iter().find(|id| !add_ons.contains(id)) {
                    return Err(unknown_of_rule(rule, "add-on", (*id).into()));
                }
                if menu_item_ids.is_empty() {
                    sorted.every_item.push(place);
                }
                for id in menu_item_ids {
                    if !items.contains_key(id) {
                        return Err(unknown_of_rule(rule, "menu item", (*id).into()));
                    }
                    let named = sorted.by_item.entry(*id).or_default();
                    // Rules come one after the other: a repeat is the last one.
                    if named.last() == Some(&place) {
                        let id = (*id).into();
                        return Err(CatalogueError::Repeated { what: "discounted item", id });
                    }
                    named.push(place);
                }
            }
        }
    }
    Ok(sorted)
}

fn unknown_of_rule(rule: &DiscountRule, what: &'static str, id: Uuid) -> CatalogueError {
    CatalogueError::Unknown { what, id, by: "discount", by_id: rule.discount_id.into() }
}

/// Refuses rules of which more than [`MAX_STACKED_DISCOUNTS`] are valid at one
/// moment, whatever add-ons they ask for.
fn check_stacking(
    document: &CatalogueV1,
    rules: impl Iterator<Item = usize>,
    id: Uuid,
) -> Result<(), CatalogueError> {
    // What starts and ends, in time; an end comes before a start of the same moment.
    let mut changes: Vec<(Option<Timestamp>, i32)> = Vec::new();
    for rule in rules.map(|place| &document.discounts[place]) {
        changes.push((rule.starts_at, 1));
        if rule.ends_at.is_some() {
            changes.push((rule.ends_at, -1));
        }
    }
    if changes.len() <= MAX_STACKED_DISCOUNTS {
        return Ok(());
    }
    changes.sort_unstable();
    let mut valid = 0;
    for (_, change) in changes {
        valid += change;
        let count = usize::try_from(valid).unwrap_or(0);
        check_count("discounts that can apply together", id, count, MAX_STACKED_DISCOUNTS)?;
    }
    Ok(())
}
