//! The demo company: three cafés in Phnom Penh.

use domain::secrets::Cost;
use rust_decimal::Decimal;
use schemas::{
    BranchId, DiscountId, Percent, TenantId, Timestamp,
    catalogue::{
        CatalogueV1, DiscountRule, DiscountTarget, KhrGranularity, KhrRoundingMode, Policies,
        Seller, StaffRole,
    },
};
use uuid::{Uuid, uuid};

use super::{Company, Names, Store, entry, menu::Menu};

/// The namespace of companies that tillstream itself invents.
const NAMESPACE: Uuid = uuid!("6f0d7a4e-6a1f-4f0b-9f5e-0c1f3c6a2b71");

const NAME: &str = "Sora Coffee";
const TIN: &str = "K001-901234567";

/// What differs between the stores.
struct Profile {
    name: &'static str,
    address: &'static str,
    staff: [&'static str; 4],
    devices: [&'static str; 3],
    fx_rate: i64,
    rounding: (KhrRoundingMode, KhrGranularity),
    /// What [`company_like_demo`] does without.
    like_demo: LikeDemo,
}

/// Policies of a company that is measured: they stay as they are, so that what
/// was measured can be compared.
struct LikeDemo {
    vat: bool,
    rounding: bool,
}

/// What the staff of each store may do, in their order.
const ROLES: [StaffRole; 4] =
    [StaffRole::Cashier, StaffRole::Cashier, StaffRole::Manager, StaffRole::Admin];

const PROFILES: [Profile; 3] = [
    Profile {
        name: "Riverside",
        address: "Sisowath Quay, Daun Penh\nPhnom Penh",
        staff: ["Sophea", "Dara", "Chantrea", "Vuthy"],
        devices: ["Counter 1", "Counter 2", "Terrace tablet"],
        fx_rate: 4_100,
        rounding: (KhrRoundingMode::Nearest, KhrGranularity::Hundred),
        like_demo: LikeDemo { vat: true, rounding: true },
    },
    Profile {
        name: "BKK1",
        address: "Street 278, Boeung Keng Kang 1\nPhnom Penh",
        staff: ["Bopha", "Rithy", "Maly", "Piseth"],
        devices: ["Counter 1", "Counter 2", "Garden tablet"],
        fx_rate: 4_100,
        rounding: (KhrRoundingMode::Down, KhrGranularity::Hundred),
        like_demo: LikeDemo { vat: false, rounding: true },
    },
    Profile {
        name: "Russian Market",
        address: "Street 155, Toul Tom Poung\nPhnom Penh",
        staff: ["Kosal", "Srey Leak", "Nimol", "Thida"],
        devices: ["Counter 1", "Counter 2", "Market stand"],
        fx_rate: 4_050,
        rounding: (KhrRoundingMode::Nearest, KhrGranularity::Hundred),
        like_demo: LikeDemo { vat: false, rounding: false },
    },
];

/// The till of each demo store that is left to whoever opens its page.
const SPARE_TILL: &str = "Your till";

/// The demo company, always with the same ids: VAT of 10 %, discounts, and riel
/// rounded to 100 in every store; and a till more in each.
pub fn demo() -> Company {
    let tenant_id = TenantId::derived(NAMESPACE, "demo");
    let mut company = stores_of(tenant_id, NAME, Cost::REAL);
    for store in &mut company.stores {
        let place = store.devices().len();
        let device_id = Names(tenant_id).device(&store.name, SPARE_TILL);
        let spare = entry::till(place, device_id, SPARE_TILL.to_owned(), Cost::REAL);
        store.catalogue.devices.push(spare);
    }
    company
}

/// A new company with the same three stores, under another name, only one of
/// them with VAT, and one that does not round riel.
pub fn company_like_demo(name: &str) -> Company {
    let mut company = stores_of(TenantId::from_uuid(Uuid::now_v7()), name, Cost::MADE_UP);
    for (store, profile) in company.stores.iter_mut().zip(&PROFILES) {
        store.catalogue.policies.sale_vat_enabled = profile.like_demo.vat;
        store.catalogue.policies.sale_khr_rounding_enabled = profile.like_demo.rounding;
    }
    company
}

fn stores_of(tenant_id: TenantId, name: &str, cost: Cost) -> Company {
    let names = Names(tenant_id);
    let menu = Menu(tenant_id);
    let stores = PROFILES
        .iter()
        .map(|profile| Store {
            branch_id: names.branch(profile.name),
            edge_id: names.edge(profile.name, 1),
            name: profile.name.to_owned(),
            catalogue: catalogue(tenant_id, name, profile, cost),
            opening_stock: menu.opening_stock(),
        })
        .collect();
    Company { tenant_id, name: name.to_owned(), stores }
}

fn catalogue(tenant_id: TenantId, company: &str, profile: &Profile, cost: Cost) -> CatalogueV1 {
    let names = Names(tenant_id);
    let menu = Menu(tenant_id);
    let branch_id = names.branch(profile.name);
    CatalogueV1 {
        tenant_id,
        branch_id,
        version: 1,
        published_at: Timestamp::from_unix_micros(0),
        seller: Seller {
            name: company.to_owned(),
            branch_name: profile.name.to_owned(),
            address: profile.address.to_owned(),
            tin: Some(TIN.to_owned()),
        },
        policies: policies(profile),
        categories: menu.categories(),
        items: menu.items(),
        stock_items: menu.stock_items(),
        discounts: discounts(menu, names.branch("Riverside"), names.branch("BKK1")),
        staff: profile
            .staff
            .iter()
            .zip(ROLES)
            .enumerate()
            .map(|(place, (name, role))| {
                entry::person(place, names.staff(name), (*name).to_owned(), role, cost)
            })
            .collect(),
        devices: profile
            .devices
            .iter()
            .enumerate()
            .map(|(place, name)| {
                entry::till(place, names.device(profile.name, name), (*name).to_owned(), cost)
            })
            .collect(),
        khqr: Some(entry::khqr(company)),
    }
}

fn policies(profile: &Profile) -> Policies {
    let (mode, granularity) = profile.rounding;
    Policies {
        sale_vat_enabled: true,
        sale_vat_rate_percent: percent(10),
        sale_fx_rate_khr_per_usd: Decimal::from(profile.fx_rate),
        sale_khr_rounding_enabled: true,
        sale_khr_rounding_mode: mode,
        sale_khr_rounding_granularity: granularity,
    }
}

/// Four rules: one on a category, one that asks for an add-on, one on the
/// whole of one store, and one for the days of a festival.
fn discounts(menu: Menu, riverside: BranchId, bkk1: BranchId) -> Vec<DiscountRule> {
    let of = |name: &str| DiscountId::derived(menu.0.as_uuid(), &format!("discount/{name}"));
    let bakery = Menu::names_in("Bakery").map(|name| menu.item(name)).collect();
    let rule = |name: &str, percent, branch_id, target| DiscountRule {
        discount_id: of(name),
        name: name.to_owned(),
        percent,
        branch_id,
        target,
        starts_at: None,
        ends_at: None,
    };
    let oat_milk = DiscountTarget::Items {
        menu_item_ids: Vec::new(),
        add_on_ids: vec![menu.add_on("Oat milk")],
    };
    let whole_bakery = DiscountTarget::Items { menu_item_ids: bakery, add_on_ids: Vec::new() };
    vec![
        rule("Bakery from yesterday's dough", percent(15), None, whole_bakery),
        rule("Oat milk week", percent(10), Some(bkk1), oat_milk),
        rule("Riverside neighbours", percent(5), Some(riverside), DiscountTarget::Branch),
        DiscountRule {
            starts_at: Timestamp::parse("2026-11-23T00:00:00+07:00").ok(),
            ends_at: Timestamp::parse("2026-11-26T00:00:00+07:00").ok(),
            ..rule("Water Festival", percent(8), None, DiscountTarget::Branch)
        },
    ]
}

fn percent(whole: u16) -> Percent {
    Percent::from_basis_points(whole * 100).unwrap_or(Percent::ZERO)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use domain::catalogue::CatalogueIndex;

    use super::*;

    #[test]
    fn every_store_has_a_catalogue_that_can_be_sold_by() {
        let company = demo();
        assert_eq!(company.stores.len(), 3);
        for store in &company.stores {
            let index = CatalogueIndex::new(store.catalogue.clone()).unwrap();
            assert!(index.document().items.len() >= 25);
            let window = index.document().discounts.iter().find(|rule| rule.starts_at.is_some());
            assert!(window.unwrap().ends_at.is_some());
        }
        let vat = |company: &Company| {
            let policies = company.stores.iter().map(|store| &store.catalogue.policies);
            policies.map(|policies| policies.sale_vat_enabled).collect::<Vec<_>>()
        };
        assert_eq!(vat(&company), [true, true, true]);
        assert_eq!(vat(&company_like_demo("Another")), [true, false, false]);
        assert_eq!(demo().tenant_id, company.tenant_id, "the ids are the same every time");
    }
}
