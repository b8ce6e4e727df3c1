//! Sales by what, how and when they were sold.

use reqwest::Method;
use schemas::{
    CategoryId,
    back_office::{CategorySales, DaySales, ItemSales, MethodSales, SaleRow},
};
use serde::de::DeserializeOwned;
use serde_json::json;
use testkit::sample_id;

use super::shop::Shop;

/// Monday, 5 January 2026, in Phnom Penh: when the journals begin.
const MONDAY: &str = "from=2026-01-05&to=2026-01-05";

impl Shop {
    async fn report<T: DeserializeOwned>(&self, what: &str, days: &str) -> Vec<T> {
        let rows = self.read(&self.at(0, &format!("reports/{what}?{days}"))).await;
        serde_json::from_value(rows).unwrap()
    }
}

#[tokio::test]
async fn reports_add_up_to_the_sales_without_the_voided_ones() {
    let mut shop = Shop::open(2).await;
    let (voided, sold) = shop.journals[0].sell();
    let (asked, request) = shop.journals[0].request_void(&voided);
    let approved = shop.journals[0].approve_void(asked.void_request_id, &voided, None);
    shop.book(0, &[sold, request, approved]).await;
    shop.sell(0, 4).await;
    shop.sell(1, 9).await;
    let sales = shop.all(&shop.at(0, "sales"), 50).await;
    let sales: Vec<SaleRow> =
        sales.into_iter().map(|row| serde_json::from_value(row).unwrap()).collect();
    let kept: Vec<&SaleRow> = sales.iter().filter(|sale| sale.voided_at.is_none()).collect();
    assert_eq!(kept.len(), 4);

    let items: Vec<ItemSales> = shop.report("items", MONDAY).await;
    let names: Vec<_> =
        items.iter().map(|row| (row.name.as_str(), row.quantity, row.voided_quantity)).collect();
    assert_eq!(names, [("Latte", 4, 1), ("Water", 4, 1)]);
    let categories: Vec<CategorySales> = shop.report("categories", MONDAY).await;
    let names: Vec<_> = categories.iter().map(|row| row.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["Coffee", "Drinks"]);
    let subtotals = kept.iter().map(|sale| sale.subtotal_usd.amount()).sum();
    assert_eq!(
        items.iter().map(|row| row.total_usd.amount()).sum::<rust_decimal::Decimal>(),
        subtotals
    );
    assert_eq!(
        categories.iter().map(|row| row.total_usd.amount()).sum::<rust_decimal::Decimal>(),
        subtotals
    );

    let totals =
        kept.iter().map(|sale| sale.grand_total_usd.amount()).sum::<rust_decimal::Decimal>();
    let methods: Vec<MethodSales> = shop.report("methods", MONDAY).await;
    let [cash] = &methods[..] else { panic!("{methods:?}") };
    assert_eq!((cash.sales, cash.voided_sales, cash.kept), (4, 1, totals.normalize()));
    assert_eq!(cash.voided_usd, voided.grand_total_usd);
    let days: Vec<DaySales> = shop.report("days", MONDAY).await;
    let [day] = &days[..] else { panic!("{days:?}") };
    assert_eq!((day.day.as_str(), day.sales, day.voided_sales), ("2026-01-05", 4, 1));
    assert_eq!((day.grand_total_usd.amount(), day.subtotal_usd.amount()), (totals, subtotals));
}

#[tokio::test]
async fn renaming_and_removing_a_category_changes_nothing_that_was_sold() {
    let mut shop = Shop::open(1).await;
    shop.sell(0, 3).await;
    let before = shop.read(&shop.at(0, &format!("reports/categories?{MONDAY}"))).await;
    assert_eq!(before[0]["name"], "Coffee");
    let coffee = sample_id::<CategoryId>("Coffee");
    let path = shop.at(0, &format!("menu/categories/{coffee}"));
    for (method, tag, body) in [
        (Method::PUT, "\"1\"", json!({ "name": "Kaffee" })),
        (Method::DELETE, "\"2\"", json!(null)),
    ] {
        let done = shop.send(method, &path, &[("If-Match", tag)], &body).await;
        assert_eq!(done.status(), 200);
        assert_eq!(shop.read(&shop.at(0, &format!("reports/categories?{MONDAY}"))).await, before);
    }
    assert_eq!(
        shop.read(&shop.at(0, "catalogue")).await["categories"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn a_rule_or_price_that_changes_changes_nothing_that_was_sold() {
    let mut shop = Shop::open(1).await;
    let sold = async |shop: &Shop| {
        let mut all = Vec::new();
        for what in ["items", "categories", "methods", "days"] {
            all.push(shop.read(&shop.at(0, &format!("reports/{what}?{MONDAY}"))).await);
        }
        all.extend(shop.all(&shop.at(0, "sales"), 50).await);
        let stored: Vec<String> = testkit::sqlx::query_scalar(
            "SELECT to_jsonb(s)::text || to_jsonb(l)::text FROM sale s JOIN sale_line l
             USING (sale_id) ORDER BY s.entry_seq, l.line_no",
        )
        .fetch_all(&shop.door.books.pool)
        .await
        .unwrap();
        assert!(!stored.is_empty());
        (all, stored)
    };
    shop.sell(0, 3).await;
    let before = sold(&shop).await;
    let latte = sample_id::<schemas::MenuItemId>("latte");
    let half = json!({
        "name": "Half", "percent": "50", "starts_at": null, "ends_at": null,
        "target": { "kind": "items", "menu_item_ids": [latte], "add_on_ids": [] },
    });
    let third = json!({
        "name": "A third", "percent": "33", "starts_at": null, "ends_at": null,
        "target": { "kind": "branch" },
    });
    let dear = json!({
        "name": "Latte", "category_id": null, "price_usd": "9.75", "add_ons": [],
        "stock": { "kind": "untracked" },
    });
    let opening = sample_id::<schemas::DiscountId>("opening month");
    let tag = shop.door.get("/v1/discounts").await.headers()["etag"].to_str().unwrap().to_owned();
    let path = format!("/v1/discounts/{opening}");
    let done = shop.send(Method::PUT, &path, &[("If-Match", &tag)], &third).await;
    assert_eq!(done.status(), 200);
    let half_off = format!("discounts/{}", sample_id::<schemas::DiscountId>("half"));
    let item = format!("menu/items/{latte}");
    for (part, tag, body) in [(&half_off, "\"2\"", half), (&item, "\"3\"", dear)] {
        let path = shop.at(0, part);
        let done = shop.send(Method::PUT, &path, &[("If-Match", tag)], &body).await;
        assert_eq!(done.status(), 200, "{part}");
    }
    assert_eq!(sold(&shop).await, before);
}

#[tokio::test]
async fn the_next_invoice_is_numbered_as_the_company_says() {
    let mut shop = Shop::open(2).await;
    shop.sell(0, 1).await;
    shop.number().await;
    let plain = json!({ "revision": 1, "per_branch": false, "yearly": false, "form": "{no}" });
    assert_eq!(shop.read("/v1/company/numbering").await, plain);
    let put = async |revision: u32, per_branch: bool, form: &str| {
        let body = json!({
            "revision": revision, "per_branch": per_branch, "yearly": false, "form": form,
        });
        let answer = shop.send(Method::PUT, "/v1/company/numbering", &[], &body).await;
        let status = answer.status().as_u16();
        (status, answer.json::<serde_json::Value>().await.unwrap())
    };
    let refused = async |revision, per_branch, form| {
        let (status, body) = put(revision, per_branch, form).await;
        (status, body["code"].as_str().unwrap().to_owned())
    };
    assert_eq!(refused(1, true, "B-{no}").await, (422, "bad_form".to_owned()));
    assert_eq!(refused(1, false, "{no:04}").await, (409, "numbering_refused".to_owned()));
    assert_eq!(refused(3, true, "B{branch}-{no}").await, (409, "changed_since".to_owned()));
    let changed = put(1, true, "B{branch}-{no}").await;
    assert_eq!((changed.0, &changed.1["revision"]), (200, &json!(2)));
    assert_eq!(put(1, true, "B{branch}-{no}").await, changed, "the same change again");
    shop.sell(0, 1).await;
    shop.sell(1, 1).await;
    shop.number().await;
    let printed = "SELECT count(*) FROM invoice WHERE printed IN ('1', 'B1-1', 'B2-1')";
    assert_eq!(shop.count(printed).await, 3);
    let audited = "SELECT count(DISTINCT meta) FROM audit_log WHERE action = 'NUMBERING_CHANGED'";
    assert_eq!(shop.count(audited).await, 1);
}

#[tokio::test]
async fn days_begin_where_the_company_says() {
    let mut shop = Shop::open(1).await;
    shop.sell(0, 2).await;
    assert_eq!(shop.read("/v1/company").await["time_zone"], "Asia/Phnom_Penh");
    let put = async |zone: &str| {
        shop.send(Method::PUT, "/v1/company/time-zone", &[], &json!({ "time_zone": zone })).await
    };
    assert_eq!(put("Mars/Olympus_Mons").await.status(), 400);
    assert_eq!(put("America/Los_Angeles").await.status(), 200);
    assert!(shop.report::<DaySales>("days", MONDAY).await.is_empty());
    let sunday: Vec<DaySales> = shop.report("days", "from=2026-01-01&to=2026-01-04").await;
    assert_eq!((sunday.len(), sunday[0].day.as_str(), sunday[0].sales), (1, "2026-01-04", 2));
    let audited = "SELECT count(*) FROM audit_log WHERE action = 'TIME_ZONE_CHANGED'";
    assert_eq!(shop.count(audited).await, 1);
    for wrong in [
        "",
        "from=2026-01-05",
        "from=2026-01-05&to=2026-01-04",
        "from=2026-02-30&to=2026-03-01",
        "from=2025-01-01&to=2026-01-02",
        "from=x&to=y",
    ] {
        let answer = shop.door.get(&shop.at(0, &format!("reports/days?{wrong}"))).await;
        assert_eq!(answer.status(), 400, "{wrong}");
    }
}
