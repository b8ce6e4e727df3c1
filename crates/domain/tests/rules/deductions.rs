//! What a sale takes from stock.

use schemas::{catalogue::StockUse, edge_api::CartLine};

use crate::sample::{
    BEANS, BOTTLE, CAKE, EXTRA_SHOT, LATTE, MILK, OAT_MILK, WATER, catalogue, line, priced,
};

fn taken(lines: Vec<CartLine>) -> Vec<(u128, String, String, String)> {
    priced(catalogue(), lines)
        .deductions
        .into_iter()
        .map(|line| {
            let id = line.stock_item_id.as_uuid().as_u128();
            (id, line.name, line.quantity.to_string(), line.unit)
        })
        .collect()
}

fn expected(lines: &[(u128, &str, &str, &str)]) -> Vec<(u128, String, String, String)> {
    lines
        .iter()
        .map(|(id, name, quantity, unit)| {
            (*id, (*name).to_owned(), (*quantity).to_owned(), (*unit).to_owned())
        })
        .collect()
}

#[test]
fn untracked_items_take_nothing() {
    assert_eq!(taken(vec![line(CAKE, &[], 3)]), expected(&[]));
}

#[test]
fn a_direct_item_takes_itself_times_the_quantity() {
    assert_eq!(taken(vec![line(WATER, &[], 4)]), expected(&[(BOTTLE, "Water bottle", "4", "pc")]));
}

#[test]
fn a_recipe_takes_its_ingredients_in_the_order_of_their_ids() {
    assert_eq!(
        taken(vec![line(LATTE, &[], 2)]),
        expected(&[(BEANS, "Beans", "36.25", "g"), (MILK, "Milk", "361", "ml")])
    );
}

#[test]
fn add_ons_are_merged_with_their_item() {
    // 2 × (18.125 g + 9 g); oat milk is not counted.
    assert_eq!(
        taken(vec![line(LATTE, &[OAT_MILK, EXTRA_SHOT], 2)]),
        expected(&[(BEANS, "Beans", "54.25", "g"), (MILK, "Milk", "361", "ml")])
    );
}

#[test]
fn lines_are_merged_to_one_for_each_stock_item() {
    assert_eq!(
        taken(vec![
            line(WATER, &[], 1),
            line(LATTE, &[], 1),
            line(CAKE, &[], 1),
            line(LATTE, &[EXTRA_SHOT], 1),
            line(WATER, &[], 2),
        ]),
        expected(&[
            (BEANS, "Beans", "45.25", "g"),
            (MILK, "Milk", "361", "ml"),
            (BOTTLE, "Water bottle", "3", "pc"),
        ])
    );
}

#[test]
fn an_empty_recipe_takes_nothing() {
    let mut catalogue = catalogue();
    catalogue.items[0].stock = StockUse::Recipe { lines: Vec::new() };
    assert!(priced(catalogue, vec![line(LATTE, &[], 1)]).deductions.is_empty());
}
