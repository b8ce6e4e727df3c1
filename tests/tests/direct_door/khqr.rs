//! KHQR without an edge: a code at the door, its payment, and the sale that claims
//! it, with a stand-in for Bakong.

use schemas::{Clock, SystemClock, Usd, catalogue::CatalogueV1};
use serde_json::{Value, json};
use testkit::{BOUND, Behaviour, Payment, sqlx, wait_until};
use tests::DoorAnswer;

use crate::stage::Stage;

/// A store whose customers pay online.
struct Shop {
    stage: Stage,
}

impl Shop {
    async fn open() -> Self {
        Self { stage: Stage::without_edge().await }
    }

    /// What is posted for a latte and some waters.
    fn asked(&self, ticket: &str, waters: u32, currency: &str) -> Value {
        let cart = self.stage.app.cart(waters, json!(null))["cart"].take();
        json!({ "ticketId": ticket, "branch_id": self.stage.app.branch, "cart": cart,
                "currency": currency })
    }

    async fn code(&self, ticket: &str, waters: u32, currency: &str) -> Value {
        let key = format!("code-{ticket}-{waters}");
        let made =
            self.stage.app.post("/pos/khqr", &key, &self.asked(ticket, waters, currency)).await;
        assert_eq!(made.status, 201, "{made:?}");
        made.json
    }

    /// The customer pays; the transaction's hash.
    fn pay(&self, code: &Value) -> String {
        let text = |field: &str| code[field].as_str().map(ToOwned::to_owned);
        let payment = Payment {
            from_account_id: Some("customer@aclb".to_owned()),
            to_account_id: text("to_account_id"),
            currency: text("currency"),
            amount: text("amount"),
        };
        self.stage.world.centre.bakong.pay(md5(code), payment)
    }

    async fn check(&self, code: &Value, key: &str) -> DoorAnswer {
        let path = format!("/pos/khqr/{}/check", md5(code));
        self.stage.app.post(&path, key, &json!(null)).await
    }

    async fn state(&self, code: &Value, key: &str) -> String {
        let checked = self.check(code, key).await;
        assert_eq!(checked.status, 200, "{checked:?}");
        checked.json["state"].as_str().unwrap_or_default().to_owned()
    }

    async fn paid(&self, ticket: &str, waters: u32, currency: &str) -> Value {
        let code = self.code(ticket, waters, currency).await;
        self.pay(&code);
        assert_eq!(self.state(&code, &format!("paid-{ticket}-{waters}")).await, "paid");
        code
    }

    /// Sells a latte and some waters, paid by a code.
    async fn sell(&self, ticket: &str, waters: u32, code: &Value) -> DoorAnswer {
        let tender = json!({ "method": "KHQR", "md5": md5(code), "currency": code["currency"] });
        self.stage.app.sell(ticket, &self.stage.app.cart(waters, tender)).await
    }

    /// Waits until there is an exception of a kind: whose ticket it is about.
    async fn raised(&self, kind: &str) -> Vec<String> {
        wait_until(&format!("an exception {kind}"), BOUND, async || {
            let found: Vec<String> = sqlx::query_scalar(
                "SELECT ticket_id FROM exception WHERE kind = $1 ORDER BY ticket_id",
            )
            .bind(kind)
            .fetch_all(&self.stage.world.books.pool)
            .await
            .ok()?;
            (!found.is_empty()).then_some(found)
        })
        .await
    }

    async fn codes(&self) -> String {
        let codes =
            "SELECT string_agg(i.ticket_id || ' ' || i.state || COALESCE(' ' || s.ticket_id, ''),
                         ', ' ORDER BY i.ticket_id, i.created_at)
                     FROM khqr_intent i LEFT JOIN sale s ON s.sale_id = i.sale_id";
        self.stage.text(codes).await
    }
}

fn md5(code: &Value) -> &str {
    code["md5"].as_str().expect("a code has its md5")
}

const UNPROVEN: (u16, &str) = (409, "khqr_unproven");

#[tokio::test]
async fn customers_pay_in_dollars_and_in_riel_and_are_sold_what_was_locked() {
    let shop = Shop::open().await;
    let app = &shop.stage.app;
    for (ticket, currency) in [("usd", "USD"), ("khr", "KHR")] {
        let code = shop.code(ticket, 2, currency).await;
        // The same request is the same code; another one is no request of this key.
        let key = format!("code-{ticket}-2");
        let again = app.post("/pos/khqr", &key, &shop.asked(ticket, 2, currency)).await;
        assert_eq!((again.status.as_u16(), &again.json), (201, &code));
        let other = app.post("/pos/khqr", &key, &shop.asked(ticket, 3, currency)).await;
        assert_eq!(other.refusal(), (422, "idempotency_key_reused"));
        let owed = if currency == "USD" { "grand_total_usd" } else { "payable_khr" };
        let number = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
        assert_eq!(number(&code["amount"]), number(&code["totals"][owed]));
        let payload = code["payload"].as_str().expect("a payload");
        let decoded = domain::khqr::decode(payload.as_bytes()).expect("a code of ours");
        assert_eq!(decoded.input.bill_number.as_deref(), Some(ticket));
        assert_eq!(
            decoded.input.amount.map(|a| a.to_string()),
            code["amount"].as_str().map(Into::into)
        );

        assert_eq!(shop.state(&code, &format!("early-{ticket}")).await, "not_paid_yet");
        let hash = shop.pay(&code);
        // The answer to a tap stays its answer; the next tap hears of the payment.
        assert_eq!(shop.state(&code, &format!("early-{ticket}")).await, "not_paid_yet");
        let heard = shop.check(&code, &format!("late-{ticket}")).await;
        assert_eq!(
            (&heard.json["state"], &heard.json["khqr_hash"]),
            (&json!("paid"), &json!(hash))
        );
    }
    assert_eq!(shop.stage.count("SELECT sum(used)::bigint FROM bakong_budget").await, 4);

    // The menu gets dearer before the sales come.
    let mut menu: CatalogueV1 =
        serde_json::from_slice(&shop.stage.world.company.stores[0].catalogue).expect("a menu");
    for item in &mut menu.items {
        item.price_usd = Usd(item.price_usd.amount() + rust_decimal::Decimal::ONE);
    }
    let mut conn = shop.stage.world.books.pool.acquire().await.expect("the books answer");
    store::catalogues::publish(&mut conn, menu, SystemClock.now()).await.expect("a new menu");
    drop(conn);
    for (ticket, number) in [("usd", 1), ("khr", 2)] {
        let codes = format!("code-{ticket}-2");
        let currency = ticket.to_uppercase();
        let code = app.post("/pos/khqr", &codes, &shop.asked(ticket, 2, &currency)).await.json;
        let sold = shop.sell(ticket, 2, &code).await;
        assert_eq!((sold.status.as_u16(), sold.number()), (200, number), "{sold:?}");
        assert_eq!(sold.json["invoice"]["grand_total_usd"], code["totals"]["grand_total_usd"]);
        assert_eq!(shop.sell(ticket, 2, &code).await, sold, "a retry");
    }
    assert_eq!(shop.codes().await, "khr CLAIMED khr, usd CLAIMED usd");
    let proofs = "SELECT count(*) FROM sale s JOIN sale_khqr p USING (sale_id)
        JOIN khqr_intent i ON i.md5 = p.khqr_md5 AND i.paid_hash = p.khqr_hash
        WHERE s.tender_method = 'KHQR' AND s.tender_received = i.amount
          AND s.cash_session_id IS NULL AND s.catalogue_version = 1";
    assert_eq!(shop.stage.count(proofs).await, 2);
    let kinds = "SELECT string_agg(kind, ' ') FROM exception WHERE kind <> 'STOCK_NEGATIVE'";
    assert_eq!(shop.stage.text(kinds).await, "");
    shop.stage.world.books_are_right().await;
}

#[tokio::test]
async fn who_sells_before_the_payment_is_known_is_refused_for_good_and_the_payment_told() {
    let mut shop = Shop::open().await;
    let plan = shop.stage.world.centre.plan_ingest().setting("khqr.unclaimed_after_s", 0);
    shop.stage.world.centre.restart_ingest(plan).await;
    let code = shop.code("hasty", 1, "USD").await;
    let hasty = shop.sell("hasty", 1, &code).await;
    assert_eq!(hasty.refusal(), UNPROVEN, "{hasty:?}");
    // The customer pays all the same; the ticket stays refused, and gets no new code.
    shop.pay(&code);
    assert_eq!(shop.state(&code, "tap").await, "paid");
    assert_eq!(shop.sell("hasty", 1, &code).await, hasty);
    let late = shop.stage.app.post("/pos/khqr", "late", &shop.asked("hasty", 2, "USD")).await;
    assert_eq!(late.refusal(), (422, "ticket_conflict"));
    assert_eq!(shop.raised("KHQR_UNCLAIMED").await, ["hasty"]);

    let refused = "SELECT count(*) FROM outbox, unnest(kinds) AS kind WHERE kind = 'sale.refused'";
    assert_eq!(shop.stage.count(refused).await, 1);
    assert_eq!(shop.stage.count("SELECT count(*) FROM sale").await, 0);
    shop.stage.world.books_are_right().await;
}

#[tokio::test]
async fn a_code_pays_for_its_own_cart_and_its_own_ticket_once() {
    let shop = Shop::open().await;
    let (first, second) = (shop.paid("a", 1, "USD").await, shop.code("b", 1, "USD").await);
    let again = shop.stage.app.post("/pos/khqr", "again", &shop.asked("a", 1, "USD")).await;
    assert_eq!(again.refusal(), (409, "khqr_already_paid"));
    // The code of one ticket does not pay for another one.
    assert_eq!(shop.sell("c", 1, &first).await.refusal(), UNPROVEN);
    // Bakong names the payment of the first for the second.
    let hash =
        shop.stage.text("SELECT paid_hash FROM khqr_intent WHERE paid_hash IS NOT NULL").await;
    let body = format!(r#"{{"responseCode":0,"data":{{"hash":"{hash}"}}}}"#);
    let bakong = &shop.stage.world.centre.bakong;
    bakong.behave_for(md5(&second), Behaviour::Raw { status: 200, body });
    assert_eq!(shop.state(&second, "twice").await, "mismatch");
    assert_eq!(shop.raised("KHQR_MISMATCH").await, ["b"]);
    assert_eq!(shop.sell("b", 1, &second).await.refusal(), UNPROVEN);

    let other = shop.paid("d", 1, "KHR").await;
    assert_eq!(shop.sell("d", 2, &other).await.refusal(), UNPROVEN, "another cart");
    let third = shop.paid("e", 1, "KHR").await;
    let tender = json!({ "method": "KHQR", "md5": md5(&third), "currency": "USD" });
    let wrong = shop.stage.app.sell("e", &shop.stage.app.cart(1, tender)).await;
    assert_eq!(wrong.refusal(), UNPROVEN, "another currency");

    assert_eq!(shop.sell("a", 1, &first).await.status, 200);
    assert_eq!(shop.codes().await, "a CLAIMED a, b OPEN, d PAID, e PAID");
    assert_eq!(shop.stage.count("SELECT count(*) FROM sale").await, 1);
    shop.stage.world.books_are_right().await;
}

#[tokio::test]
async fn another_cart_supersedes_the_code_and_a_payment_of_the_old_one_is_told() {
    let shop = Shop::open().await;
    let old = shop.code("a", 1, "USD").await;
    let new = shop.code("a", 2, "USD").await;
    assert_eq!(shop.codes().await, "a SUPERSEDED, a OPEN");
    shop.pay(&old);
    let heard = shop.check(&old, "old").await;
    let heard = (&heard.json["state"], &heard.json["superseded"]);
    assert_eq!(heard, (&json!("paid"), &json!(true)));
    assert_eq!(shop.raised("KHQR_PAID_SUPERSEDED").await, ["a"]);
    shop.pay(&new);
    assert_eq!(shop.state(&new, "new").await, "paid");
    assert_eq!(shop.sell("a", 2, &new).await.status, 200);
    assert_eq!(shop.codes().await, "a SUPERSEDED, a CLAIMED a");

    // Under another ticket the superseded code alone is paid: it sells nothing.
    let old = shop.paid("b", 1, "USD").await;
    shop.code("b", 2, "USD").await;
    assert_eq!(shop.sell("b", 1, &old).await.refusal(), UNPROVEN);
    assert_eq!(shop.stage.count("SELECT count(*) FROM sale").await, 1);
    shop.stage.world.books_are_right().await;
}

#[tokio::test]
async fn nothing_known_is_neither_paid_nor_unpaid() {
    let mut shop = Shop::open().await;
    let plan = shop.stage.world.centre.plan_ingest().setting("khqr.bakong.daily_checks", 3);
    shop.stage.world.centre.restart_ingest(plan).await;
    let code = shop.code("a", 1, "USD").await;
    shop.pay(&code);
    let bakong = &shop.stage.world.centre.bakong;
    for behaviour in [Behaviour::ForbiddenHtml, Behaviour::ServerError] {
        bakong.behave(behaviour);
        assert_eq!(shop.state(&code, "tap").await, "unknown");
    }
    // Nothing is kept of a tap that heard nothing.
    bakong.behave(Behaviour::Honest);
    assert_eq!(shop.state(&code, "tap").await, "paid");
    let other = shop.code("b", 1, "USD").await;
    shop.pay(&other);
    assert_eq!(shop.state(&other, "spent").await, "budget_spent");
    let nobody = json!({ "md5": "0".repeat(32) });
    assert_eq!(shop.check(&nobody, "nobody").await.refusal(), (404, "khqr_not_found"));
    assert_eq!(shop.sell("b", 1, &other).await.refusal(), UNPROVEN);
    assert_eq!(shop.sell("a", 1, &code).await.status, 200);
    shop.stage.world.books_are_right().await;
}
