//! The demo company's menu: drinks, food, what they are made of, and what can
//! be added. Ids derive from names, prices are in cents, quantities in whole
//! units of the stock item.

use rust_decimal::Decimal;
use schemas::{
    AddOnId, CategoryId, MenuItemId, StockItemId, TenantId, Usd,
    catalogue::{AddOn, Category, MenuItem, RecipeLine, StockItem, StockUse},
};

/// What is counted, in what, and how much of it a store opens with.
const STOCK: [(&str, &str, i64); 27] = [
    ("Coffee beans", "g", 60_000),
    ("Fresh milk", "ml", 120_000),
    ("Oat milk", "ml", 30_000),
    ("Condensed milk", "ml", 20_000),
    ("Coconut milk", "ml", 20_000),
    ("Chocolate sauce", "ml", 10_000),
    ("Vanilla syrup", "ml", 6_000),
    ("Caramel syrup", "ml", 6_000),
    ("Palm sugar syrup", "ml", 15_000),
    ("Matcha powder", "g", 3_000),
    ("Jasmine tea", "g", 2_000),
    ("Black tea", "g", 4_000),
    ("Mango", "g", 25_000),
    ("Passion fruit pulp", "g", 8_000),
    ("Tapioca pearls", "g", 9_000),
    ("Butter croissant", "pc", 300),
    ("Pain au chocolat", "pc", 240),
    ("Banana bread", "pc", 200),
    ("Cheesecake", "pc", 120),
    ("Baguette", "pc", 250),
    ("Egg", "pc", 600),
    ("Chicken", "g", 30_000),
    ("Rice", "g", 40_000),
    ("Avocado", "pc", 200),
    ("Still water 0.5 l", "pc", 500),
    ("Sparkling water", "pc", 300),
    ("House beans 250 g", "pc", 80),
];

const CATEGORIES: [&str; 6] =
    ["Coffee", "Tea", "Iced and blended", "Bakery", "Kitchen", "To take home"];

/// An ingredient: stock item and quantity.
type Uses = &'static [(&'static str, i64)];

/// Name, category, price in cents, recipe, and which add-ons go with it.
type ItemRow = (&'static str, &'static str, i64, Uses, &'static [&'static str]);

const MILK_COFFEE: &[&str] = &["Extra shot", "Oat milk", "Vanilla syrup", "Caramel syrup"];
const BLACK_COFFEE: &[&str] = &["Extra shot", "Vanilla syrup"];
const TEAS: &[&str] = &["Tapioca pearls", "Less sugar"];
const BLENDED: &[&str] = &["Oat milk", "Tapioca pearls", "Less sugar"];
const KITCHEN: &[&str] = &["Extra egg", "Extra avocado"];

const ITEMS: [ItemRow; 26] = [
    ("Espresso", "Coffee", 150, &[("Coffee beans", 9)], &["Extra shot"]),
    ("Americano", "Coffee", 175, &[("Coffee beans", 18)], BLACK_COFFEE),
    ("Cappuccino", "Coffee", 250, &[("Coffee beans", 18), ("Fresh milk", 140)], MILK_COFFEE),
    ("Flat white", "Coffee", 260, &[("Coffee beans", 18), ("Fresh milk", 120)], MILK_COFFEE),
    ("Café latte", "Coffee", 250, &[("Coffee beans", 18), ("Fresh milk", 200)], MILK_COFFEE),
    (
        "Mocha",
        "Coffee",
        295,
        &[("Coffee beans", 18), ("Fresh milk", 180), ("Chocolate sauce", 30)],
        MILK_COFFEE,
    ),
    ("Jasmine tea", "Tea", 150, &[("Jasmine tea", 4)], TEAS),
    ("Iced lemon tea", "Tea", 175, &[("Black tea", 5), ("Palm sugar syrup", 25)], TEAS),
    ("Milk tea", "Tea", 225, &[("Black tea", 8), ("Condensed milk", 40), ("Fresh milk", 60)], TEAS),
    ("Matcha latte", "Tea", 300, &[("Matcha powder", 4), ("Fresh milk", 200)], BLENDED),
    (
        "Iced Khmer coffee",
        "Iced and blended",
        190,
        &[("Coffee beans", 20), ("Condensed milk", 45)],
        BLACK_COFFEE,
    ),
    (
        "Iced latte",
        "Iced and blended",
        275,
        &[("Coffee beans", 18), ("Fresh milk", 180)],
        MILK_COFFEE,
    ),
    ("Cold brew", "Iced and blended", 280, &[("Coffee beans", 25)], BLACK_COFFEE),
    (
        "Coffee frappe",
        "Iced and blended",
        325,
        &[("Coffee beans", 18), ("Fresh milk", 150), ("Caramel syrup", 20)],
        BLENDED,
    ),
    ("Mango smoothie", "Iced and blended", 300, &[("Mango", 180), ("Coconut milk", 80)], BLENDED),
    (
        "Passion fruit soda",
        "Iced and blended",
        250,
        &[("Passion fruit pulp", 50), ("Sparkling water", 1)],
        &["Less sugar"],
    ),
    ("Butter croissant", "Bakery", 180, &[("Butter croissant", 1)], &[]),
    ("Pain au chocolat", "Bakery", 210, &[("Pain au chocolat", 1)], &[]),
    ("Banana bread", "Bakery", 190, &[("Banana bread", 1)], &[]),
    ("Cheesecake", "Bakery", 350, &[("Cheesecake", 1)], &[]),
    ("Egg baguette", "Kitchen", 375, &[("Baguette", 1), ("Egg", 2)], KITCHEN),
    ("Chicken rice bowl", "Kitchen", 450, &[("Chicken", 150), ("Rice", 180)], KITCHEN),
    ("Avocado toast", "Kitchen", 495, &[("Baguette", 1), ("Avocado", 1)], KITCHEN),
    ("Still water", "To take home", 60, &[("Still water 0.5 l", 1)], &[]),
    ("House beans", "To take home", 850, &[("House beans 250 g", 1)], &[]),
    ("Gift card envelope", "To take home", 50, &[], &[]),
];

/// Name, price in cents, and what one of it uses up.
const ADD_ONS: [(&str, i64, Uses); 8] = [
    ("Extra shot", 60, &[("Coffee beans", 9)]),
    ("Oat milk", 70, &[("Oat milk", 180)]),
    ("Vanilla syrup", 40, &[("Vanilla syrup", 15)]),
    ("Caramel syrup", 40, &[("Caramel syrup", 15)]),
    ("Tapioca pearls", 50, &[("Tapioca pearls", 60)]),
    ("Less sugar", 0, &[]),
    ("Extra egg", 60, &[("Egg", 1)]),
    ("Extra avocado", 120, &[("Avocado", 1)]),
];

/// The menu of one company.
#[derive(Debug, Clone, Copy)]
pub(super) struct Menu(pub(super) TenantId);

impl Menu {
    pub(super) fn item(self, name: &str) -> MenuItemId {
        MenuItemId::derived(self.0.as_uuid(), &format!("item/{name}"))
    }

    pub(super) fn add_on(self, name: &str) -> AddOnId {
        AddOnId::derived(self.0.as_uuid(), &format!("add-on/{name}"))
    }

    fn category(self, name: &str) -> CategoryId {
        CategoryId::derived(self.0.as_uuid(), &format!("category/{name}"))
    }

    fn stock_item(self, name: &str) -> StockItemId {
        StockItemId::derived(self.0.as_uuid(), &format!("stock/{name}"))
    }

    /// In the order of the menu.
    pub(super) fn categories(self) -> Vec<Category> {
        CATEGORIES
            .iter()
            .map(|name| Category { category_id: self.category(name), name: (*name).to_owned() })
            .collect()
    }

    /// In the order of the menu.
    pub(super) fn items(self) -> Vec<MenuItem> {
        ITEMS
            .iter()
            .map(|(name, category, cents, uses, add_ons)| MenuItem {
                menu_item_id: self.item(name),
                name: (*name).to_owned(),
                category_id: Some(self.category(category)),
                price_usd: Usd(Decimal::new(*cents, 2)),
                add_ons: self.add_ons(add_ons),
                stock: self.stock_use(uses),
            })
            .collect()
    }

    /// The names of a category's items.
    pub(super) fn names_in(category: &str) -> impl Iterator<Item = &'static str> {
        ITEMS.iter().filter(move |item| item.1 == category).map(|item| item.0)
    }

    /// Everything that is counted.
    pub(super) fn stock_items(self) -> Vec<StockItem> {
        STOCK
            .iter()
            .map(|(name, unit, _)| StockItem {
                stock_item_id: self.stock_item(name),
                name: (*name).to_owned(),
                unit: (*unit).to_owned(),
            })
            .collect()
    }

    /// What a store opens with.
    pub(super) fn opening_stock(self) -> Vec<(StockItemId, i64)> {
        STOCK.iter().map(|(name, _, quantity)| (self.stock_item(name), *quantity)).collect()
    }

    fn add_ons(self, names: &[&str]) -> Vec<AddOn> {
        ADD_ONS
            .iter()
            .filter(|(name, ..)| names.contains(name))
            .map(|(name, cents, uses)| AddOn {
                add_on_id: self.add_on(name),
                name: (*name).to_owned(),
                price_usd: Usd(Decimal::new(*cents, 2)),
                stock: self.stock_use(uses),
            })
            .collect()
    }

    /// One whole piece is the thing itself; everything else is a recipe.
    fn stock_use(self, uses: Uses) -> StockUse {
        match uses {
            [] => StockUse::Untracked,
            [(name, 1)] => {
                StockUse::Direct { stock_item_id: self.stock_item(name), quantity: Decimal::ONE }
            }
            _ => StockUse::Recipe {
                lines: uses
                    .iter()
                    .map(|(name, quantity)| RecipeLine {
                        stock_item_id: self.stock_item(name),
                        quantity: Decimal::from(*quantity),
                    })
                    .collect(),
            },
        }
    }
}
