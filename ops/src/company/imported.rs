//! A company made of lists: outlets, and what was sold at which price.

use std::collections::BTreeMap;

use domain::secrets::Cost;
use rust_decimal::Decimal;
use schemas::{
    CategoryId, DiscountId, MenuItemId, Percent, StaffId, TenantId, Timestamp, Usd,
    catalogue::{
        CatalogueV1, Category, Device, DiscountRule, DiscountTarget, KhrGranularity,
        KhrRoundingMode, MenuItem, Policies, Seller, StaffMember, StaffRole, StockUse,
    },
};

use super::{Company, Names, Store, entry};

/// Riel for one dollar; nothing is sold in riel, but every sale states it.
const FX_RATE_KHR_PER_USD: i64 = 4_100;

/// What an imported company is made of.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its name.
    pub name: String,
    /// Its stores.
    pub outlets: Vec<Outlet>,
    /// What they sell: one item for each product and unit price.
    pub items: Vec<Item>,
    /// How many tills each store has.
    pub tills: usize,
    /// What is taken off every sale; zero is no discount.
    pub discount: Percent,
    /// The VAT that comes on top; zero is none.
    pub vat: Percent,
}

/// A store, as a list names it.
#[derive(Debug, Clone)]
pub struct Outlet {
    /// Its key in the list.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Its city.
    pub city: String,
    /// The keys of those who sell there.
    pub staff: Vec<String>,
}

/// A product at a price.
#[derive(Debug, Clone)]
pub struct Item {
    /// The product's key in the list.
    pub product: String,
    /// Its name.
    pub name: String,
    /// Its category; empty is uncategorized.
    pub category: String,
    /// The price of one, as charged, in dollars.
    pub unit_price: Decimal,
}

impl Plan {
    /// The menu item that stands for a product at a price.
    pub fn item_id(tenant_id: TenantId, product: &str, unit_price: Decimal) -> MenuItemId {
        let name = format!("item/{product}/{}", unit_price.normalize());
        MenuItemId::derived(tenant_id.as_uuid(), &name)
    }

    /// A member of staff.
    pub fn staff_id(tenant_id: TenantId, key: &str) -> StaffId {
        Names(tenant_id).staff(key)
    }
}

/// Makes the company: VAT and a discount on everything as planned, nothing counted
/// in stock.
pub fn imported(tenant_id: TenantId, plan: &Plan) -> Company {
    let names = Names(tenant_id);
    let categories = categories(tenant_id, plan);
    let items = items(tenant_id, plan, &categories);
    let stores = plan
        .outlets
        .iter()
        .map(|outlet| Store {
            branch_id: names.branch(&outlet.key),
            edge_id: names.edge(&outlet.key, 1),
            name: outlet.name.clone(),
            catalogue: CatalogueV1 {
                tenant_id,
                branch_id: names.branch(&outlet.key),
                version: 1,
                published_at: Timestamp::from_unix_micros(0),
                seller: Seller {
                    name: plan.name.clone(),
                    branch_name: outlet.name.clone(),
                    address: outlet.city.clone(),
                    tin: None,
                },
                policies: policies(plan.vat),
                categories: categories.values().cloned().collect(),
                items: items.clone(),
                stock_items: Vec::new(),
                discounts: discounts(tenant_id, plan.discount),
                staff: staff(names, outlet),
                devices: devices(names, outlet, plan.tills),
                khqr: Some(entry::khqr(&plan.name)),
            },
            opening_stock: Vec::new(),
        })
        .collect();
    Company { tenant_id, name: plan.name.clone(), stores }
}

fn categories(tenant_id: TenantId, plan: &Plan) -> BTreeMap<String, Category> {
    plan.items
        .iter()
        .filter(|item| !item.category.is_empty())
        .map(|item| {
            let name = format!("category/{}", item.category);
            let category_id = CategoryId::derived(tenant_id.as_uuid(), &name);
            (item.category.clone(), Category { category_id, name: item.category.clone() })
        })
        .collect()
}

fn items(
    tenant_id: TenantId,
    plan: &Plan,
    categories: &BTreeMap<String, Category>,
) -> Vec<MenuItem> {
    plan.items
        .iter()
        .map(|item| MenuItem {
            menu_item_id: Plan::item_id(tenant_id, &item.product, item.unit_price),
            name: item.name.clone(),
            category_id: categories.get(&item.category).map(|category| category.category_id),
            price_usd: Usd(item.unit_price),
            add_ons: Vec::new(),
            stock: StockUse::Untracked,
        })
        .collect()
}

/// One rule for the whole of every store, if anything is taken off.
fn discounts(tenant_id: TenantId, percent: Percent) -> Vec<DiscountRule> {
    let rule = DiscountRule {
        discount_id: DiscountId::derived(tenant_id.as_uuid(), "discount/everything"),
        name: "Everything".to_owned(),
        percent,
        branch_id: None,
        target: DiscountTarget::Branch,
        starts_at: None,
        ends_at: None,
    };
    Some(rule).filter(|rule| rule.percent != Percent::ZERO).into_iter().collect()
}

fn policies(vat: Percent) -> Policies {
    Policies {
        sale_vat_enabled: vat != Percent::ZERO,
        sale_vat_rate_percent: vat,
        sale_fx_rate_khr_per_usd: Decimal::from(FX_RATE_KHR_PER_USD),
        sale_khr_rounding_enabled: false,
        sale_khr_rounding_mode: KhrRoundingMode::Nearest,
        sale_khr_rounding_granularity: KhrGranularity::Hundred,
    }
}

fn staff(names: Names, outlet: &Outlet) -> Vec<StaffMember> {
    outlet
        .staff
        .iter()
        .enumerate()
        .map(|(place, key)| {
            let role = if place == 0 { StaffRole::Manager } else { StaffRole::Cashier };
            entry::person(place, names.staff(key), format!("Staff {key}"), role, Cost::MADE_UP)
        })
        .collect()
}

fn devices(names: Names, outlet: &Outlet, tills: usize) -> Vec<Device> {
    (1..=tills)
        .map(|till| {
            let name = format!("Till {till}");
            entry::till(till - 1, names.device(&outlet.key, &name), name, Cost::MADE_UP)
        })
        .collect()
}
