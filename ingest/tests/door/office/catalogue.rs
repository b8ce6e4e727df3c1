//! Changes of catalogues through the door: each a new version, whole and checked,
//! and a row of the audit log.

use std::collections::BTreeMap;

use domain::secrets;
use reqwest::{Method, Response};
use schemas::catalogue::{CatalogueV1, DiscountTarget, StaffRole, StockUse};
use serde_json::{Value, json};
use store::catalogues;
use testkit::sample_id;
use uuid::Uuid;

use super::shop::{self, Shop};

/// The id of something new.
pub(super) fn new_id(name: &str) -> Uuid {
    sample_id::<Uuid>(name)
}

impl Shop {
    /// A change that has seen the newest version.
    pub(super) async fn change(
        &self,
        method: Method,
        index: usize,
        part: &str,
        body: &Value,
    ) -> Response {
        let tag = self.tag(index).await;
        self.send(method, &self.at(index, part), &[("If-Match", &tag)], body).await
    }

    async fn tag(&self, index: usize) -> String {
        let answer = self.door.get(&self.at(index, "catalogue")).await;
        answer.headers()["etag"].to_str().unwrap().to_owned()
    }

    /// The newest catalogue, as the store's edge gets it.
    async fn newest(&self, index: usize) -> CatalogueV1 {
        let mut conn = self.door.books.pool.acquire().await.unwrap();
        let branch = self.door.store(index).branch_id;
        let newest = catalogues::newest(&mut conn, branch).await.unwrap().unwrap();
        serde_json::from_slice(&newest.body).unwrap()
    }

    /// What back offices did, with how often.
    async fn deeds(&self) -> BTreeMap<String, usize> {
        let mut deeds = BTreeMap::new();
        for row in self.all(&self.at(0, "audit"), 50).await {
            if row["edge_id"].is_null() {
                assert!(row["actor_id"].is_string(), "{row}");
                *deeds.entry(row["action"].as_str().unwrap().to_owned()).or_default() += 1;
            }
        }
        deeds
    }
}

async fn refused(response: Response, status: u16, code: &str) {
    assert_eq!(response.status(), status, "{code}");
    assert_eq!(shop::json(response).await["code"], code);
}

#[tokio::test]
async fn every_part_of_the_menu_is_changed_by_a_version_of_its_own() {
    let shop = Shop::open(1).await;
    let (put, delete) = (Method::PUT, Method::DELETE);
    let (tea, mug) = (new_id("green tea"), new_id("tea leaves"));
    let (teas, latte) = (new_id("Teas"), new_id("latte"));
    let recipe = json!({ "kind": "recipe", "lines": [{ "stock_item_id": mug, "quantity": "5" }] });
    let policies = json!({
        "saleVatEnabled": false, "saleVatRatePercent": "10", "saleFxRateKhrPerUsd": "4050",
        "saleKhrRoundingEnabled": true, "saleKhrRoundingMode": "UP",
        "saleKhrRoundingGranularity": 1000,
    });
    let item = json!({
        "name": "Green tea", "category_id": teas, "price_usd": "1.50", "add_ons": [],
        "stock": { "kind": "untracked" },
    });
    let discount = json!({
        "name": "Tea time", "percent": "25", "starts_at": null, "ends_at": null,
        "target": { "kind": "items", "menu_item_ids": [tea], "add_on_ids": [] },
    });
    let changes = [
        (put.clone(), "policies".to_owned(), policies, "POLICIES_CHANGED"),
        (
            put.clone(),
            format!("menu/categories/{teas}"),
            json!({ "name": "Teas" }),
            "CATEGORY_CHANGED",
        ),
        (
            put.clone(),
            format!("stock-items/{mug}"),
            json!({ "name": "Leaves", "unit": "g" }),
            "STOCK_ITEM_CHANGED",
        ),
        (put.clone(), format!("menu/items/{tea}"), item, "MENU_ITEM_CHANGED"),
        (put.clone(), format!("menu/items/{tea}/recipe"), recipe, "RECIPE_CHANGED"),
        (put.clone(), format!("discounts/{tea}"), discount, "DISCOUNT_CHANGED"),
        (delete.clone(), format!("menu/items/{latte}"), json!(null), "MENU_ITEM_REMOVED"),
        (delete.clone(), format!("menu/categories/{teas}"), json!(null), "CATEGORY_REMOVED"),
    ];
    let mut expected = BTreeMap::new();
    for (place, (method, part, body, action)) in changes.iter().enumerate() {
        let made = shop.change(method.clone(), 0, part, body).await;
        assert_eq!(made.status(), 200, "{part}: {}", made.text().await.unwrap());
        let tag = made.headers()["etag"].to_str().unwrap().to_owned();
        let made = shop::json(made).await;
        assert_eq!(made["version"], place + 2, "{part}");
        assert_eq!((&made["is_new"], &tag), (&json!(true), &format!("\"{}\"", place + 2)));
        expected.insert((*action).to_owned(), 1);
        // The same again is made already, whatever version was seen.
        let path = shop.at(0, part);
        let again = shop.send(method.clone(), &path, &[("If-Match", "\"1\"")], body).await;
        let again = shop::json(again).await;
        assert_eq!((&again["version"], &again["is_new"]), (&made["version"], &json!(false)));
    }
    assert_eq!(shop.deeds().await, expected);
    let newest = shop.newest(0).await;
    assert_eq!(newest.version, 9);
    assert!(!newest.policies.sale_vat_enabled);
    assert!(newest.items.iter().all(|item| item.menu_item_id.as_uuid() != latte));
    let item = newest.items.iter().find(|item| item.menu_item_id.as_uuid() == tea).unwrap();
    assert_eq!(item.category_id, None, "its category is gone");
    let StockUse::Recipe { lines } = &item.stock else { panic!("{:?}", item.stock) };
    assert_eq!(lines[0].stock_item_id.as_uuid(), mug);
    let rule = newest.discounts.iter().find(|rule| rule.discount_id.as_uuid() == tea).unwrap();
    assert_eq!(rule.branch_id, Some(newest.branch_id));
    // What a recipe uses cannot go.
    let used = shop.change(delete.clone(), 0, &format!("stock-items/{mug}"), &json!(null)).await;
    refused(used, 422, "catalogue_invalid").await;
}

#[tokio::test]
async fn nobodys_change_is_lost_and_nothing_half_made_is_stored() {
    let shop = Shop::open(1).await;
    let category = |name: &str| shop.at(0, &format!("menu/categories/{}", new_id(name)));
    let body = |name: &str| json!({ "name": name });
    let tag = shop.tag(0).await;
    let seen = [("If-Match", tag.as_str())];
    let (path_a, path_b, body_a, body_b) = (category("a"), category("b"), body("A"), body("B"));
    let (one, two) = tokio::join!(
        shop.send(Method::PUT, &path_a, &seen, &body_a),
        shop.send(Method::PUT, &path_b, &seen, &body_b),
    );
    let mut statuses = [one.status().as_u16(), two.status().as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412]);
    let loser = if one.status() == 412 { one } else { two };
    refused(loser, 412, "changed_since").await;
    assert_eq!(shop.newest(0).await.categories.len(), 3);

    refused(shop.send(Method::PUT, &category("c"), &[], &body("C")).await, 428, "if_match_missing")
        .await;
    let wrong = [
        ("menu/categories", "", body(" "), 422, "catalogue_invalid"),
        ("menu/categories", "", json!({ "name": "E", "colour": "red" }), 422, "invalid_body"),
        ("menu/items", "/recipe", json!({ "kind": "untracked" }), 404, "not_in_catalogue"),
    ];
    for (part, rest, body, status, code) in wrong {
        let part = format!("{part}/{}{rest}", new_id("nothing"));
        refused(shop.change(Method::PUT, 0, &part, &body).await, status, code).await;
    }
    assert_eq!(shop.newest(0).await.version, 2);
    assert_eq!(shop.count("SELECT count(*) FROM catalogue_version").await, 2);
    assert_eq!(shop.deeds().await.values().sum::<usize>(), 1);
}

#[tokio::test]
async fn a_discount_of_the_company_is_in_all_stores_or_in_none() {
    let shop = Shop::open(2).await;
    let discounts = shop.door.get("/v1/discounts").await;
    let tag = discounts.headers()["etag"].to_str().unwrap().to_owned();
    let rules = shop::json(discounts).await;
    assert_eq!(rules["discounts"].as_array().unwrap().len(), 1, "the opening month");
    let id = new_id("new year");
    let rule = json!({
        "name": "New year", "percent": "5", "target": { "kind": "branch" },
        "starts_at": "2027-01-01T00:00:00Z", "ends_at": "2027-01-02T00:00:00Z",
    });
    let path = format!("/v1/discounts/{id}");
    let stale = shop.send(Method::PUT, &path, &[("If-Match", "\"x\"")], &rule).await;
    refused(stale, 412, "changed_since").await;
    let made = shop.send(Method::PUT, &path, &[("If-Match", &tag)], &rule).await;
    assert_eq!(made.status(), 200);
    let newer = made.headers()["etag"].to_str().unwrap().to_owned();
    assert_ne!(newer, tag);
    for index in 0..2 {
        let newest = shop.newest(index).await;
        let rule = newest.discounts.iter().find(|rule| rule.discount_id.as_uuid() == id).unwrap();
        assert_eq!((newest.version, rule.branch_id), (2, None));
        assert_eq!(rule.target, DiscountTarget::Branch);
    }
    // It is not one store's to change.
    let own = shop.change(Method::PUT, 0, &format!("discounts/{id}"), &rule).await;
    refused(own, 409, "discount_elsewhere").await;

    // Only the first store has the tea: neither gets the rule.
    let tea = new_id("tea");
    let item = json!({
        "name": "Tea", "category_id": null, "price_usd": "1.50", "add_ons": [],
        "stock": { "kind": "untracked" },
    });
    assert_eq!(
        shop.change(Method::PUT, 0, &format!("menu/items/{tea}"), &item).await.status(),
        200
    );
    let tag = shop.door.get("/v1/discounts").await.headers()["etag"].to_str().unwrap().to_owned();
    let on_tea = json!({
        "name": "Tea", "percent": "5", "starts_at": null, "ends_at": null,
        "target": { "kind": "items", "menu_item_ids": [tea], "add_on_ids": [] },
    });
    let path = format!("/v1/discounts/{}", new_id("on tea"));
    let half = shop.send(Method::PUT, &path, &[("If-Match", &tag)], &on_tea).await;
    refused(half, 422, "catalogue_invalid").await;
    assert_eq!((shop.newest(0).await.version, shop.newest(1).await.version), (3, 2));

    let path = format!("/v1/discounts/{id}");
    let gone = shop.send(Method::DELETE, &path, &[("If-Match", &tag)], &json!(null)).await;
    assert_eq!(gone.status(), 200);
    assert_eq!((shop.newest(0).await.version, shop.newest(1).await.version), (4, 3));
}

#[tokio::test]
async fn staff_get_roles_and_pins_of_which_only_hashes_are_kept() {
    let shop = Shop::open(1).await;
    let id = new_id("Bopha");
    let member = json!({ "name": "Bopha", "role": "ADMIN" });
    let made = shop.change(Method::PUT, 0, &format!("staff/{id}"), &member).await;
    assert_eq!(made.status(), 200);
    let pin = shop.at(0, &format!("staff/{id}/pin"));
    for bad in ["123", "1234567890123", "12a4", "१२३४"] {
        let answer = shop
            .send(Method::POST, &pin, &[("Idempotency-Key", "bad")], &json!({ "pin": bad }))
            .await;
        refused(answer, 422, "bad_text").await;
    }
    let key = [("Idempotency-Key", "pin-1")];
    let first = shop.send(Method::POST, &pin, &key, &json!({ "pin": "4711" })).await;
    assert_eq!(first.status(), 200);
    let first = shop::json(first).await;
    let again = shop.send(Method::POST, &pin, &key, &json!({ "pin": "4711" })).await;
    assert_eq!(shop::json(again).await, first);
    let other = shop.send(Method::POST, &pin, &key, &json!({ "pin": "4712" })).await;
    refused(other, 422, "idempotency_key_reused").await;

    let newest = shop.newest(0).await;
    let person = newest.staff.iter().find(|person| person.staff_id.as_uuid() == id).unwrap();
    let hash = person.pin_hash.clone().unwrap();
    assert_eq!(person.role, StaffRole::Admin);
    assert!(secrets::matches("4711", &hash) && !secrets::matches("4712", &hash));
    // The name changes, the PIN stays; nobody is shown its hash.
    let renamed = json!({ "name": "Bopha K.", "role": "MANAGER" });
    shop.change(Method::PUT, 0, &format!("staff/{id}"), &renamed).await;
    let newest = shop.newest(0).await;
    let person = newest.staff.iter().find(|person| person.staff_id.as_uuid() == id).unwrap();
    assert_eq!(person.pin_hash.as_ref(), Some(&hash));
    for part in ["staff", "catalogue"] {
        assert!(!shop.read(&shop.at(0, part)).await.to_string().contains("argon2"), "{part}");
    }
    let staff = shop.read(&shop.at(0, "staff")).await;
    let row = staff.as_array().unwrap().iter().find(|row| row["staff_id"] == id.to_string());
    assert_eq!(row.unwrap()["has_pin"], true);
    let gone = shop.change(Method::DELETE, 0, &format!("staff/{id}"), &json!(null)).await;
    assert_eq!(gone.status(), 200);
    let (late, body) = ([("Idempotency-Key", "late")], json!({ "pin": "4711" }));
    let nobody = shop.send(Method::POST, &pin, &late, &body).await;
    refused(nobody, 404, "not_in_catalogue").await;
    let deeds = shop.deeds().await;
    assert_eq!((deeds["STAFF_CHANGED"], deeds["STAFF_PIN_SET"], deeds["STAFF_REMOVED"]), (2, 1, 1));
}

#[tokio::test]
async fn a_pairing_code_is_told_to_who_asked_and_revoked_tills_get_none() {
    let shop = Shop::open(1).await;
    let id = new_id("Terrace tablet");
    let till = json!({ "name": "Terrace tablet", "revoked": false });
    shop.change(Method::PUT, 0, &format!("devices/{id}"), &till).await;
    let path = shop.at(0, &format!("devices/{id}/pairing-code"));
    let ask = async |key: &str| {
        shop.send(Method::POST, &path, &[("Idempotency-Key", key)], &json!(null)).await
    };
    let first = shop::json(ask("one").await).await;
    assert_eq!(shop::json(ask("one").await).await, first, "a retry gets the same code");
    let code = first["code"].as_str().unwrap();
    let hash = async || {
        let newest = shop.newest(0).await;
        let till = newest.devices.into_iter().find(|till| till.device_id.as_uuid() == id);
        till.unwrap().pairing.map(|pairing| pairing.code_hash)
    };
    assert!(secrets::matches(code, &hash().await.unwrap()));
    let second = shop::json(ask("two").await).await;
    assert_ne!(second["code"], first["code"]);
    assert!(!secrets::matches(code, &hash().await.unwrap()));
    // Nothing in the books holds a code in the clear.
    let told = "SELECT count(*) FROM api_request WHERE convert_from(body, 'UTF8') ~ '[2-9A-Z]{10}'";
    assert_eq!(shop.count(told).await, 0);
    assert!(!shop.read(&shop.at(0, "catalogue")).await.to_string().contains("argon2"));
    let devices = shop.read(&shop.at(0, "devices")).await;
    let row = devices.as_array().unwrap().iter().find(|row| row["device_id"] == id.to_string());
    assert_eq!(row.unwrap()["pairing_expires_at"], second["expires_at"]);

    let revoked = json!({ "name": "Terrace tablet", "revoked": true });
    shop.change(Method::PUT, 0, &format!("devices/{id}"), &revoked).await;
    assert_eq!(hash().await, None);
    refused(ask("three").await, 409, "device_revoked").await;
}
