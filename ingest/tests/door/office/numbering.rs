//! How a company numbers, set through the door, and what the register has then.

use reqwest::Method;
use schemas::{ManualClock, Timestamp};
use serde_json::json;

use super::shop::Shop;

/// 2026-12-31T16:59:59Z: a second before the new year in Phnom Penh, and some hours
/// before it in Los Angeles.
const NEW_YEARS_EVE: Timestamp = Timestamp::from_unix_micros(1_798_736_399_000_000);
const SECOND: i64 = 1_000_000;

impl Shop {
    /// Makes the company number by years, in this time zone.
    async fn by_years(&self, zone: &str) {
        let zone = json!({ "time_zone": zone });
        let set = self.send(Method::PUT, "/v1/company/time-zone", &[], &zone).await;
        assert_eq!(set.status(), 200);
        let form = json!({ "revision": 1, "per_branch": false, "yearly": true,
            "form": "INV-{yyyy}-{no:06}" });
        let set = self.send(Method::PUT, "/v1/company/numbering", &[], &form).await;
        assert_eq!(set.status(), 200);
    }

    /// Sells once at these times and says how each was numbered, by the list of
    /// invoices.
    async fn sold_at(&mut self, times: &[Timestamp]) -> Vec<String> {
        let clock = ManualClock::at(NEW_YEARS_EVE);
        for at in times {
            self.sell(0, 1).await;
            clock.set(*at);
            self.number_at(&clock).await;
        }
        let mut rows = self.all(&self.at(0, "invoices"), 50).await;
        rows.reverse();
        rows.iter().map(|row| row["printed"].as_str().unwrap().to_owned()).collect()
    }
}

#[tokio::test]
async fn a_new_year_begins_at_one_where_the_company_says() {
    let after = NEW_YEARS_EVE.plus_micros(SECOND);
    let times = [NEW_YEARS_EVE, NEW_YEARS_EVE, after, after];
    let mut shop = Shop::open(1).await;
    shop.by_years("Asia/Phnom_Penh").await;
    let expected = ["INV-2026-000001", "INV-2026-000002", "INV-2027-000001", "INV-2027-000002"];
    assert_eq!(shop.sold_at(&times).await, expected);
    let series = shop.all("/v1/series", 50).await;
    let mut last: Vec<_> = series.iter().filter_map(|row| row["last_no"].as_u64()).collect();
    last.sort_unstable();
    assert_eq!(last, [0, 2, 2], "one for each year beside the one before the change");

    // The same hour is still the old year elsewhere.
    let mut shop = Shop::open(1).await;
    shop.by_years("America/Los_Angeles").await;
    let expected = [1, 2, 3, 4].map(|no| format!("INV-2026-{no:06}"));
    assert_eq!(shop.sold_at(&times).await, expected);
    let midnight = NEW_YEARS_EVE.plus_micros(15 * 3_600 * SECOND + SECOND);
    assert_eq!(shop.sold_at(&[midnight]).await.last().unwrap(), "INV-2027-000001");
    let checks = store::verify::books(&shop.door.books.pool).await.unwrap();
    let register = checks.iter().find(|check| check.name == "register").unwrap();
    assert!(register.ok, "{register:?}");
}
