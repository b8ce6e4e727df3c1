//! Prices, discounts and recipes that are changed at headquarters, as the tills sell
//! by them and the books have them. What was sold before stays what it was.

use rust_decimal::Decimal;
use schemas::{
    AddOnId, Clock as _, Currency, DiscountId, MenuItemId, Money, Quantity, SystemClock,
    back_office::Scope,
    edge_api::{Cart, CartLine, SaleReceipt},
    events::SaleType,
};
use serde_json::{Value, json};
use testkit::sample_id;
use tests::{Till, World};

const SCOPES: [Scope; 2] = [Scope::BooksRead, Scope::CatalogueWrite];
/// Every sale with what was taken off, by which catalogue.
const SALES: &str =
    "SELECT s.branch_id, s.catalogue_version AS version, s.subtotal_usd::text AS subtotal,
        s.item_discount_usd::text AS off_items, s.branch_discount_usd::text AS off_all,
        s.vat_usd::text AS vat, s.grand_total_usd::text AS total,
        string_agg(l.line_total_usd::text, ' ' ORDER BY l.line_no) AS lines
    FROM sale s JOIN sale_line l USING (sale_id) GROUP BY s.sale_id
    ORDER BY s.finalized_at";
/// Sales with their lines to the last column.
const WHOLE: &str = "SELECT to_jsonb(s) AS sale, to_jsonb(l) AS line
    FROM sale s JOIN sale_line l USING (sale_id) ORDER BY s.finalized_at, l.line_no";
/// What the books object to in prices.
const OBJECTIONS: &str = "SELECT kind, detail FROM exception WHERE kind <> 'STOCK_NEGATIVE'";

/// A latte with oat milk and a water.
fn oat_and_water() -> Cart {
    let line = |item: &str, add_ons: Vec<AddOnId>| CartLine {
        menu_item_id: sample_id(item),
        add_on_ids: add_ons,
        quantity: Quantity::try_from(1).expect("one"),
    };
    let lines = vec![line("latte", vec![sample_id("oat milk")]), line("water", Vec::new())];
    Cart { sale_type: SaleType::DineIn, lines }
}

async fn sell(till: &Till) -> SaleReceipt {
    let received = Money { amount: Decimal::from(20), currency: Currency::Usd };
    till.sell_cart(oat_and_water(), received).await
}

fn rule(name: &str, percent: u32, target: &Value) -> Value {
    json!({ "name": name, "percent": percent.to_string(), "target": target, "starts_at": null,
            "ends_at": null })
}

fn items(items: &[&str], add_ons: &[&str]) -> Value {
    let items: Vec<MenuItemId> = items.iter().map(|name| sample_id(name)).collect();
    let add_ons: Vec<AddOnId> = add_ons.iter().map(|name| sample_id(name)).collect();
    json!({ "kind": "items", "menu_item_ids": items, "add_on_ids": add_ons })
}

fn discount(name: &str) -> String {
    format!("discounts/{}", sample_id::<DiscountId>(name))
}

#[tokio::test]
async fn discounts_of_a_store_and_of_the_company_are_sold_by_and_stay_with_the_sale() {
    let world = World::with_shops(2).await;
    let [here, there] = &world.shops[..] else { panic!("two shops") };
    let office = world.client(0, &SCOPES).await;
    // Half off what has oat milk; a tenth off any item this week, and nothing more by
    // the rule of last week; one in twenty off everything in all stores.
    let oat = rule("Oat week", 50, &items(&["latte"], &["oat milk"]));
    office.change(&discount("oat"), &oat).await;
    let now = SystemClock.now();
    let (hour, day) = (3_600_000_000, 86_400_000_000);
    let mut week = rule("This week", 10, &items(&[], &[]));
    week["starts_at"] = json!(now.plus_micros(-hour));
    week["ends_at"] = json!(now.plus_micros(day));
    office.change(&discount("this week"), &week).await;
    let mut over = rule("Last week", 90, &items(&[], &[]));
    over["ends_at"] = json!(now.plus_micros(-hour));
    office.change(&discount("last week"), &over).await;
    let mut later = rule("Next week", 90, &json!({ "kind": "branch" }));
    later["starts_at"] = json!(now.plus_micros(day));
    office.change(&discount("next week"), &later).await;
    let all = rule("Everywhere", 5, &json!({ "kind": "branch" }));
    office.change_of_company(&discount("everywhere"), &all).await;
    here.uses(6).await;
    there.uses(2).await;

    let reduced = sell(&here.till).await;
    assert_eq!(reduced.totals.grand_total_usd.amount(), Decimal::new(211, 2));
    sell(&there.till).await;
    here.till.all_numbered().await;
    there.till.all_numbered().await;
    let (first, second) = (here.store.branch_id, there.store.branch_id);
    let with_oat = json!({ "branch_id": first, "version": 6, "subtotal": "2.25",
        "off_items": "1.75", "off_all": "0.33", "vat": "0.19", "total": "2.11",
        "lines": "1.35 0.90" });
    let without = json!({ "branch_id": second, "version": 2, "subtotal": "4.00",
        "off_items": "0.00", "off_all": "0.58", "vat": "0.34", "total": "3.76",
        "lines": "3.00 1.00" });
    assert_eq!(world.rows(SALES).await, [with_oat, without]);
    let before = world.rows(WHOLE).await;
    let path = format!("/v1/sales/{}", reduced.ticket_id);
    let receipt = here.till.read(&path).await;

    // The rule changes: the next sale follows, what was sold does not.
    let oat = rule("Oat week", 20, &items(&["latte"], &["oat milk"]));
    office.change(&discount("oat"), &oat).await;
    here.uses(7).await;
    let next = sell(&here.till).await;
    here.till.all_numbered().await;
    assert_eq!(next.totals.grand_total_usd.amount(), Decimal::new(288, 2));
    let after = world.rows(WHOLE).await;
    assert_eq!(after[..before.len()], before, "what was sold stays what it was");
    assert_eq!(here.till.read(&path).await, receipt);
    assert_eq!(world.rows(OBJECTIONS).await, [Value::Null; 0]);
    world.books_are_right().await;
}

#[tokio::test]
async fn a_store_that_is_cut_off_sells_at_its_own_prices_and_nobody_objects() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let office = world.client(0, &SCOPES).await;
    shop.line.cut();
    shop.knows_it_is_cut_off().await;
    let water = json!({ "name": "Water", "category_id": null, "price_usd": "1.50", "add_ons": [],
        "stock": { "kind": "untracked" } });
    let item = format!("menu/items/{}", sample_id::<MenuItemId>("water"));
    office.change(&item, &water).await;
    let policies = json!({ "saleVatEnabled": true, "saleVatRatePercent": "5",
        "saleFxRateKhrPerUsd": "4000", "saleKhrRoundingEnabled": false,
        "saleKhrRoundingMode": "NEAREST", "saleKhrRoundingGranularity": 100 });
    office.change("policies", &policies).await;
    assert_eq!(shop.till.sell().await.totals.grand_total_usd.amount(), Decimal::new(446, 2));
    shop.line.restore();
    shop.uses(3).await;
    let dearer = shop.till.sell().await;
    shop.till.all_numbered().await;
    assert_eq!(dearer.totals.grand_total_usd.amount(), Decimal::new(520, 2));
    let sold = "SELECT catalogue_version AS version, grand_total_usd::text AS usd,
        payable_khr::text AS khr FROM sale ORDER BY entry_seq";
    let expected = [
        json!({ "version": 1, "usd": "4.46", "khr": "18300" }),
        json!({ "version": 3, "usd": "5.20", "khr": "20800" }),
    ];
    assert_eq!(world.rows(sold).await, expected);
    assert_eq!(world.rows(OBJECTIONS).await, [Value::Null; 0]);
    world.books_are_right().await;
}

#[tokio::test]
async fn a_void_gives_back_what_its_sale_took_whatever_the_recipe_says_now() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let office = world.client(0, &SCOPES).await;
    let dara = shop.second_till("Counter 2", "Dara").await;
    let sale = sell(&shop.till).await;
    let recipe = json!({ "kind": "recipe", "lines": [
        { "stock_item_id": sample_id::<schemas::StockItemId>("beans"), "quantity": "25" },
    ]});
    let latte = sample_id::<MenuItemId>("latte");
    office.change(&format!("menu/items/{latte}/recipe"), &recipe).await;
    shop.uses(2).await;
    let after = sell(&shop.till).await;
    let request = shop.till.void(&sale.ticket_id).await;
    dara.approve(request, "yes").await.ok();
    let request = shop.till.void(&after.ticket_id).await;
    dara.reject(request, "no").await.ok();
    shop.till.all_numbered().await;

    let moved = "SELECT j.sale_id, j.reason, array_agg(trim_scale(j.delta)::text
            ORDER BY abs(j.delta)) AS deltas
        FROM stock_journal j JOIN sale s USING (sale_id)
        GROUP BY j.sale_id, j.reason, s.entry_seq ORDER BY s.entry_seq, j.reason";
    let row = |sale: &SaleReceipt, reason: &str, deltas: &[&str]| json!({ "sale_id": sale.sale_id, "reason": reason, "deltas": deltas });
    let rows = world.rows(moved).await;
    assert_eq!(rows[0], row(&sale, "SALE", &["-1", "-18", "-200", "-200"]));
    assert_eq!(rows[1], row(&sale, "VOID", &["1", "18", "200", "200"]));
    assert_eq!(rows[2..], [row(&after, "SALE", &["-1", "-25", "-200"])]);
    assert_eq!(world.rows(OBJECTIONS).await, [Value::Null; 0]);
    world.books_are_right().await;
}
