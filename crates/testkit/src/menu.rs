//! A small catalogue that has one of everything.

use domain::secrets;
use rust_decimal::Decimal;
use schemas::{
    AddOnId, BranchId, CategoryId, DeviceId, DiscountId, MenuItemId, Percent, StaffId, StockItemId,
    TenantId, Timestamp, Usd,
    catalogue::{
        AddOn, CatalogueV1, Category, Device, DevicePairing, DiscountRule, DiscountTarget,
        KhqrAccount, KhqrReceiver, KhrGranularity, KhrRoundingMode, MenuItem, Policies, RecipeLine,
        Seller, StaffMember, StaffRole, StockItem, StockUse,
    },
};
use uuid::Uuid;

use crate::OrFail as _;

/// Namespace of all ids in the sample catalogue.
const NAMESPACE: Uuid = Uuid::from_u128(0x6c1d_8f0a_2b7e_5d43_9a10_7e1c_55aa_0001);

/// The account that the sample catalogue's KHQR codes pay to.
pub const SAMPLE_KHQR_ACCOUNT: &str = "test_coffee@bank";

/// Who sells in the sample catalogue, and their PINs.
const STAFF: [(&str, StaffRole, &str); 4] = [
    ("Sokha", StaffRole::Cashier, "1111"),
    ("Bopha", StaffRole::Cashier, "2222"),
    ("Dara", StaffRole::Manager, "3333"),
    ("Vanna", StaffRole::Admin, "4444"),
];

/// The PIN of someone in the sample catalogue: `Sokha` 1111, `Bopha` 2222,
/// `Dara` 3333, `Vanna` 4444.
///
/// # Panics
/// If nobody there has this name.
pub fn sample_pin(name: &str) -> &'static str {
    let found = STAFF.iter().find(|(staff, ..)| *staff == name);
    found.map(|(.., pin)| *pin).ok_or(name).or_fail("find someone in the sample catalogue")
}

/// The one-time code that pairs a till of the sample catalogue: `Counter 1`
/// 100001, `Counter 2` 100002.
///
/// # Panics
/// If no till there has this name.
pub fn sample_code(name: &str) -> &'static str {
    match name {
        "Counter 1" => Ok("100001"),
        "Counter 2" => Ok("100002"),
        _ => Err(name),
    }
    .or_fail("find a till in the sample catalogue")
}

/// The id of a thing in the sample catalogue, by its name there: `latte`,
/// `water`, `croissant`, `oat milk`, `milk`, `Sokha`, `Counter 1`, …
///
/// ```
/// let latte: schemas::MenuItemId = testkit::sample_id("latte");
/// ```
pub fn sample_id<Id: From<Uuid>>(name: &str) -> Id {
    Id::from(Uuid::new_v5(&NAMESPACE, name.as_bytes()))
}

/// A catalogue with: `latte` 2.50 (recipe; add-ons `oat milk` 0.50 by recipe
/// and `extra shot` 0.40), `water` 1.00 (one bottle), `croissant` 1.75
/// (untracked, uncategorized); 20 % off every `croissant`, 10 % off the
/// subtotal; 10 % VAT; 4,100 riel a dollar, rounded to the nearest 100; staff
/// `Sokha` and `Bopha` (cashiers), `Dara` (manager) and `Vanna` (admin), with
/// the PINs of [`sample_pin`]; tills `Counter 1` and `Counter 2`, with the
/// pairing codes of [`sample_code`] (the hashes of both are cheap to check); KHQR
/// codes pay to [`SAMPLE_KHQR_ACCOUNT`].
///
/// # Panics
/// Never, as long as the figures above are within their types' bounds.
pub fn sample_catalogue(tenant_id: TenantId, branch_id: BranchId, version: u64) -> CatalogueV1 {
    CatalogueV1 {
        tenant_id,
        branch_id,
        version,
        published_at: Timestamp::from_unix_micros(1_767_225_600_000_000), // 2026-01-01T00:00Z
        seller: Seller {
            name: "Test Coffee Co.".to_owned(),
            branch_name: "Riverside".to_owned(),
            address: "1 Sisowath Quay\nPhnom Penh".to_owned(),
            tin: Some("K001-900000001".to_owned()),
        },
        policies: Policies {
            sale_vat_enabled: true,
            sale_vat_rate_percent: percent(10),
            sale_fx_rate_khr_per_usd: Decimal::from(4_100),
            sale_khr_rounding_enabled: true,
            sale_khr_rounding_mode: KhrRoundingMode::Nearest,
            sale_khr_rounding_granularity: KhrGranularity::Hundred,
        },
        categories: vec![
            Category { category_id: sample_id("Coffee"), name: "Coffee".to_owned() },
            Category { category_id: sample_id("Drinks"), name: "Drinks".to_owned() },
        ],
        items: vec![latte(), water(), croissant()],
        stock_items: vec![
            stock_item("beans", "g"),
            stock_item("milk", "ml"),
            stock_item("oat drink", "ml"),
            stock_item("bottled water", "pc"),
        ],
        discounts: vec![
            DiscountRule {
                discount_id: sample_id::<DiscountId>("morning pastry"),
                name: "Morning pastry".to_owned(),
                percent: percent(20),
                branch_id: Some(branch_id),
                target: DiscountTarget::Items {
                    menu_item_ids: vec![sample_id("croissant")],
                    add_on_ids: Vec::new(),
                },
                starts_at: None,
                ends_at: None,
            },
            DiscountRule {
                discount_id: sample_id::<DiscountId>("opening month"),
                name: "Opening month".to_owned(),
                percent: percent(10),
                branch_id: None,
                target: DiscountTarget::Branch,
                starts_at: None,
                ends_at: None,
            },
        ],
        staff: STAFF.map(|(name, role, _)| staff_member(name, role)).to_vec(),
        devices: ["Counter 1", "Counter 2"].map(device).to_vec(),
        khqr: Some(KhqrReceiver {
            account: KhqrAccount::Individual {
                account_id: SAMPLE_KHQR_ACCOUNT.to_owned(),
                account_information: None,
                acquiring_bank: None,
            },
            merchant_name: "Test Coffee Co.".to_owned(),
            merchant_city: "Phnom Penh".to_owned(),
            mcc: None,
            store_label: Some("Riverside".to_owned()),
            other_language: None,
        }),
    }
}

fn latte() -> MenuItem {
    MenuItem {
        menu_item_id: sample_id::<MenuItemId>("latte"),
        name: "Latte".to_owned(),
        category_id: Some(sample_id::<CategoryId>("Coffee")),
        price_usd: cents(250),
        add_ons: vec![
            AddOn {
                add_on_id: sample_id::<AddOnId>("oat milk"),
                name: "Oat milk".to_owned(),
                price_usd: cents(50),
                stock: recipe(&[("oat drink", 200)]),
            },
            AddOn {
                add_on_id: sample_id::<AddOnId>("extra shot"),
                name: "Extra shot".to_owned(),
                price_usd: cents(40),
                stock: recipe(&[("beans", 9)]),
            },
        ],
        stock: recipe(&[("beans", 18), ("milk", 200)]),
    }
}

fn water() -> MenuItem {
    MenuItem {
        menu_item_id: sample_id::<MenuItemId>("water"),
        name: "Water".to_owned(),
        category_id: Some(sample_id::<CategoryId>("Drinks")),
        price_usd: cents(100),
        add_ons: Vec::new(),
        stock: StockUse::Direct {
            stock_item_id: sample_id("bottled water"),
            quantity: Decimal::ONE,
        },
    }
}

fn croissant() -> MenuItem {
    MenuItem {
        menu_item_id: sample_id::<MenuItemId>("croissant"),
        name: "Croissant".to_owned(),
        category_id: None,
        price_usd: cents(175),
        add_ons: Vec::new(),
        stock: StockUse::Untracked,
    }
}

fn recipe(lines: &[(&str, i64)]) -> StockUse {
    let line = |(name, quantity): &(&str, i64)| RecipeLine {
        stock_item_id: sample_id(name),
        quantity: Decimal::from(*quantity),
    };
    StockUse::Recipe { lines: lines.iter().map(line).collect() }
}

fn stock_item(name: &str, unit: &str) -> StockItem {
    StockItem {
        stock_item_id: sample_id::<StockItemId>(name),
        name: name.to_owned(),
        unit: unit.to_owned(),
    }
}

fn staff_member(name: &str, role: StaffRole) -> StaffMember {
    let pin_hash = Some(cheap_hash(sample_pin(name), sample_id(name)));
    StaffMember { role, pin_hash, ..StaffMember::new(sample_id::<StaffId>(name), name.to_owned()) }
}

fn device(name: &str) -> Device {
    let pairing = DevicePairing {
        code_hash: cheap_hash(sample_code(name), sample_id(name)),
        expires_at: Timestamp::from_unix_micros(4_102_444_800_000_000), // 2100-01-01T00:00Z
    };
    Device { pairing: Some(pairing), ..Device::new(sample_id::<DeviceId>(name), name.to_owned()) }
}

/// The same secret of the same thing always has the same hash, so that the
/// catalogue always has the same bytes.
fn cheap_hash(secret: &str, of: Uuid) -> String {
    secrets::hash(secret, *of.as_bytes(), secrets::Cost::MADE_UP).or_fail("hash a secret")
}

fn cents(cents: i64) -> Usd {
    Usd(Decimal::new(cents, 2))
}

fn percent(percent: u16) -> Percent {
    Percent::from_basis_points(percent * 100).or_fail("make a percentage")
}
