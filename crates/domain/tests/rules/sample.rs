//! A small café, to be bent by each test.

use domain::{
    catalogue::CatalogueIndex,
    pricing::{Priced, price},
};
use rust_decimal::Decimal;
use schemas::{
    BranchId, CategoryId, Khr, Percent, Quantity, Timestamp, Usd,
    catalogue::{
        AddOn, CatalogueV1, Category, Device, DiscountRule, DiscountTarget, KhrGranularity,
        KhrRoundingMode, MenuItem, Policies, RecipeLine, Seller, StaffMember, StockItem, StockUse,
    },
    edge_api::{Cart, CartLine},
    events::SaleType,
};
use uuid::Uuid;

pub const BRANCH: u128 = 0xb1;
pub const OTHER_BRANCH: u128 = 0xb2;
pub const DRINKS: u128 = 0xca1;
pub const LATTE: u128 = 0x101;
pub const WATER: u128 = 0x102;
pub const CAKE: u128 = 0x103;
pub const EXTRA_SHOT: u128 = 0xad1;
pub const OAT_MILK: u128 = 0xad2;
pub const BEANS: u128 = 0x571;
pub const MILK: u128 = 0x572;
pub const BOTTLE: u128 = 0x573;

/// A change that a test makes to see it noticed.
pub type Bend<T> = fn(&mut T);

pub fn id<T: From<Uuid>>(number: u128) -> T {
    Uuid::from_u128(number).into()
}

pub fn decimal(text: &str) -> Decimal {
    text.parse().unwrap()
}

pub fn usd(text: &str) -> Usd {
    Usd(decimal(text))
}

pub fn khr(riel: i64) -> Khr {
    Khr(riel.into())
}

pub fn percent(text: &str) -> Percent {
    decimal(text).try_into().unwrap()
}

pub fn noon() -> Timestamp {
    Timestamp::parse("2026-11-21T12:00:00Z").unwrap()
}

/// Latte (3.50, with extra shot 0.75 or oat milk 0.60), water (1.00), cake
/// (2.25, uncategorized); no VAT, no discounts, 4,100 riel, nearest 100.
pub fn catalogue() -> CatalogueV1 {
    CatalogueV1 {
        tenant_id: id(0x7e),
        branch_id: id(BRANCH),
        version: 7,
        published_at: Timestamp::parse("2026-11-01T00:00:00Z").unwrap(),
        seller: Seller {
            name: "Mekong Coffee".to_owned(),
            branch_name: "Riverside".to_owned(),
            address: "1 Sisowath Quay\nPhnom Penh".to_owned(),
            tin: Some("K001-123456789".to_owned()),
        },
        policies: Policies {
            sale_vat_enabled: false,
            sale_vat_rate_percent: percent("10"),
            sale_fx_rate_khr_per_usd: decimal("4100"),
            sale_khr_rounding_enabled: true,
            sale_khr_rounding_mode: KhrRoundingMode::Nearest,
            sale_khr_rounding_granularity: KhrGranularity::Hundred,
        },
        categories: vec![Category { category_id: id(DRINKS), name: "Drinks".to_owned() }],
        items: vec![
            MenuItem {
                menu_item_id: id(LATTE),
                name: "Latte".to_owned(),
                category_id: Some(id(DRINKS)),
                price_usd: usd("3.50"),
                add_ons: vec![
                    AddOn {
                        add_on_id: id(EXTRA_SHOT),
                        name: "Extra shot".to_owned(),
                        price_usd: usd("0.75"),
                        stock: direct(BEANS, "9"),
                    },
                    AddOn {
                        add_on_id: id(OAT_MILK),
                        name: "Oat milk".to_owned(),
                        price_usd: usd("0.60"),
                        stock: StockUse::Untracked,
                    },
                ],
                stock: recipe(&[(MILK, "180.5"), (BEANS, "18.125")]),
            },
            item(WATER, "Water", Some(DRINKS), "1.00", direct(BOTTLE, "1")),
            item(CAKE, "Cake", None, "2.25", StockUse::Untracked),
        ],
        stock_items: vec![
            stock_item(BOTTLE, "Water bottle", "pc"),
            stock_item(MILK, "Milk", "ml"),
            stock_item(BEANS, "Beans", "g"),
        ],
        discounts: Vec::new(),
        staff: vec![StaffMember::new(id(0x5f), "Sokha".to_owned())],
        devices: vec![Device::new(id(0xde), "Counter 1".to_owned())],
        khqr: None,
    }
}

pub fn item(
    number: u128,
    name: &str,
    category: Option<u128>,
    price: &str,
    stock: StockUse,
) -> MenuItem {
    MenuItem {
        menu_item_id: id(number),
        name: name.to_owned(),
        category_id: category.map(id::<CategoryId>),
        price_usd: usd(price),
        add_ons: Vec::new(),
        stock,
    }
}

pub fn direct(stock_item: u128, quantity: &str) -> StockUse {
    StockUse::Direct { stock_item_id: id(stock_item), quantity: decimal(quantity) }
}

pub fn recipe(lines: &[(u128, &str)]) -> StockUse {
    let lines = lines.iter().map(|(stock_item, quantity)| RecipeLine {
        stock_item_id: id(*stock_item),
        quantity: decimal(quantity),
    });
    StockUse::Recipe { lines: lines.collect() }
}

pub fn stock_item(number: u128, name: &str, unit: &str) -> StockItem {
    StockItem { stock_item_id: id(number), name: name.to_owned(), unit: unit.to_owned() }
}

/// A rule of the whole company that is always valid.
pub fn rule(number: u128, off: &str, target: DiscountTarget) -> DiscountRule {
    DiscountRule {
        discount_id: id(number),
        name: format!("{off} % off"),
        percent: percent(off),
        branch_id: None,
        target,
        starts_at: None,
        ends_at: None,
    }
}

pub fn on_branch(number: u128, off: &str) -> DiscountRule {
    rule(number, off, DiscountTarget::Branch)
}

/// On lines of `items` (empty: all) with one of `add_ons` (empty: any line).
pub fn on_items(number: u128, off: &str, items: &[u128], add_ons: &[u128]) -> DiscountRule {
    let menu_item_ids = items.iter().copied().map(id).collect();
    let add_on_ids = add_ons.iter().copied().map(id).collect();
    rule(number, off, DiscountTarget::Items { menu_item_ids, add_on_ids })
}

pub fn only_at(branch: u128, rule: DiscountRule) -> DiscountRule {
    DiscountRule { branch_id: Some(id::<BranchId>(branch)), ..rule }
}

pub fn quantity(quantity: u32) -> Quantity {
    quantity.try_into().unwrap()
}

pub fn line(item: u128, add_ons: &[u128], count: u32) -> CartLine {
    CartLine {
        menu_item_id: id(item),
        add_on_ids: add_ons.iter().copied().map(id).collect(),
        quantity: quantity(count),
    }
}

pub fn cart(lines: Vec<CartLine>) -> Cart {
    Cart { sale_type: SaleType::Takeaway, lines }
}

pub fn priced_at(catalogue: CatalogueV1, lines: Vec<CartLine>, at: Timestamp) -> Priced {
    price(&CatalogueIndex::new(catalogue).unwrap(), &cart(lines), at).unwrap()
}

pub fn priced(catalogue: CatalogueV1, lines: Vec<CartLine>) -> Priced {
    priced_at(catalogue, lines, noon())
}

/// A catalogue with one item at this price.
pub fn one_item_at(price: &str) -> CatalogueV1 {
    let mut catalogue = catalogue();
    catalogue.items = vec![item(CAKE, "Cake", None, price, StockUse::Untracked)];
    catalogue
}
