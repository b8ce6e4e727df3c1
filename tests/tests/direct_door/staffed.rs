//! A store without an edge: its sessions, cash, orders and voids, by the same rules.

use schemas::{
    Clock, DeviceId, StaffId, SystemClock,
    catalogue::{CatalogueV1, StaffRole},
};
use serde_json::{Value, json};
use testkit::{BOUND, sample_id, wait_until};
use tests::DoorAnswer;

use crate::stage::Stage;

/// A day at the counter: Sokha sells, Dara is the manager.
pub(crate) struct Day {
    pub(crate) stage: Stage,
    pub(crate) session: Value,
}

impl Day {
    pub(crate) async fn begin() -> Self {
        let stage = Stage::without_edge().await;
        let mut menu: CatalogueV1 =
            serde_json::from_slice(&stage.world.company.stores[0].catalogue).expect("a menu");
        for person in &mut menu.staff {
            if person.staff_id == staff("Dara") {
                person.role = StaffRole::Manager;
            }
        }
        let mut conn = stage.world.books.pool.acquire().await.expect("the books answer");
        store::catalogues::publish(&mut conn, menu, SystemClock.now()).await.expect("a new menu");
        let mut day = Self { stage, session: Value::Null };
        let opened = day.open("open", "Sokha", "Counter 1").await;
        assert_eq!(opened.status, 200, "{opened:?}");
        day.session = opened.json["made_id"].clone();
        assert!(day.session.is_string());
        day
    }

    pub(crate) async fn open(&self, key: &str, person: &str, till: &str) -> DoorAnswer {
        self.post(
            "/pos/cash-sessions",
            key,
            json!({
                "device_id": sample_id::<DeviceId>(till), "staff_id": staff(person),
                "opening_float_usd": "50", "opening_float_khr": "200000",
            }),
        )
        .await
    }

    pub(crate) async fn post(&self, path: &str, key: &str, mut body: Value) -> DoorAnswer {
        body["branch_id"] = json!(self.stage.app.branch);
        self.stage.app.post(path, key, &body).await
    }

    /// A latte and a water in the open session.
    pub(crate) fn cash(&self, amount: &str, currency: &str) -> Value {
        let received = json!({ "amount": amount, "currency": currency });
        let tender = json!({ "method": "CASH", "received": received });
        let mut request = self.stage.app.cart(1, tender);
        request["cash_session_id"] = self.session.clone();
        request
    }

    pub(crate) async fn sell(&self, ticket: &str) -> Value {
        let sold = self.stage.app.sell(ticket, &self.cash("20", "USD")).await;
        assert_eq!(sold.status, 200, "{sold:?}");
        sold.json["invoice"]["sale_id"].clone()
    }

    pub(crate) async fn order(&self, key: &str, sale: &Value, to: &str) -> DoorAnswer {
        let order: uuid::Uuid =
            testkit::sqlx::query_scalar("SELECT order_id FROM sale_order WHERE sale_id = $1")
                .bind(sale.as_str().and_then(|id| id.parse::<uuid::Uuid>().ok()))
                .fetch_one(&self.stage.world.books.pool)
                .await
                .expect("an order");
        let body = json!({ "order_id": order, "staff_id": staff("Sokha"), "to": to });
        self.post("/pos/orders/status", key, body).await
    }

    pub(crate) async fn ask_void(&self, key: &str, sale: &Value) -> DoorAnswer {
        let body = json!({ "sale_id": sale, "staff_id": staff("Sokha"), "reason": "cold" });
        self.post("/pos/voids", key, body).await
    }

    async fn decide(&self, key: &str, void: &Value, who: &str, approve: bool) -> DoorAnswer {
        let body = json!({ "void_request_id": void, "staff_id": staff(who), "approve": approve,
                           "note": "seen" });
        self.post("/pos/voids/decision", key, body).await
    }

    /// What the back office decides.
    async fn office(&self, verdict: &str, void: &Value, key: &str, body: &Value) -> DoorAnswer {
        let void = void.as_str().expect("a request");
        self.stage.app.post(&format!("/v1/void-requests/{void}/{verdict}"), key, body).await
    }

    /// What became of that.
    async fn outcome(&self, decided: &DoorAnswer) -> Value {
        let path = decided.location.clone().expect("where to look");
        wait_until("the decision has its outcome", BOUND, async || {
            let command = self.stage.app.get(&path).await.json;
            (command["state"] != "WAITING").then_some(command)
        })
        .await
    }

    pub(crate) async fn close(&self, key: &str, who: &str) -> DoorAnswer {
        let body = json!({ "cash_session_id": self.session, "staff_id": staff(who),
                           "counted_usd": "60", "counted_khr": "200000" });
        self.post("/pos/cash-sessions/close", key, body).await
    }
}

pub(crate) fn staff(name: &str) -> StaffId {
    sample_id(name)
}

#[tokio::test]
async fn a_day_without_an_edge_from_float_to_z_report() {
    let day = Day::begin().await;
    // The same key again is the same session; another one needs this one closed.
    let again = day.open("open", "Sokha", "Counter 1").await;
    assert_eq!(again.json["made_id"], day.session);
    assert_eq!(day.open("o2", "Sokha", "Counter 1").await.refusal(), (409, "session_already_open"));
    assert_eq!(day.open("o3", "Nobody", "Counter 2").await.refusal(), (422, "unknown_staff"));
    assert_eq!(day.open("o4", "Dara", "Counter 9").await.refusal(), (422, "unknown_device"));

    let usd = day.stage.app.sell("usd", &day.cash("20", "USD")).await;
    assert_eq!((usd.status.as_u16(), usd.number()), (200, 1), "{usd:?}");
    let khr = day.stage.app.sell("khr", &day.cash("50000", "KHR")).await;
    assert_eq!((khr.status.as_u16(), khr.number()), (200, 2), "{khr:?}");
    let short = day.stage.app.sell("short", &day.cash("0.50", "USD")).await;
    assert_eq!(short.refusal(), (422, "tender_not_enough"));
    let odd = day.stage.app.sell("odd", &day.cash("20.005", "USD")).await;
    assert_eq!(odd.refusal(), (422, "invalid_tender"));

    let paid = json!({ "cash_session_id": day.session, "staff_id": staff("Sokha"),
        "direction": "PAID_OUT", "currency": "USD", "amount": "5.00", "reason": "ice" });
    assert_eq!(day.post("/pos/cash-movements", "ice", paid.clone()).await.status, 200);
    assert_eq!(day.post("/pos/cash-movements", "ice", paid.clone()).await.status, 200);
    let mut theirs = paid.clone();
    theirs["staff_id"] = json!(staff("Bopha"));
    let refused = day.post("/pos/cash-movements", "theirs", theirs).await;
    assert_eq!(refused.refusal(), (403, "not_permitted"));
    let mut nothing = paid;
    nothing["amount"] = json!("0");
    let refused = day.post("/pos/cash-movements", "nothing", nothing).await;
    assert_eq!(refused.refusal(), (422, "invalid_amount"));
    assert_eq!(day.stage.count("SELECT count(*) FROM cash_movement").await, 3);

    let in_time = SystemClock.now();
    assert_eq!(day.close("not-hers", "Bopha").await.refusal(), (403, "not_permitted"));
    assert_eq!(day.close("close", "Sokha").await.status, 200);
    assert_eq!(day.close("close", "Sokha").await.status, 200, "a retry");
    assert_eq!(day.close("close-2", "Sokha").await.refusal(), (409, "no_open_session"));
    let z = "SELECT sale_count || ' ' || (counted_usd - difference_usd) FROM z_report";
    let kept = "SELECT '2 ' || 50 - 5 + grand_total_usd FROM sale WHERE ticket_id = 'usd'";
    assert_eq!(day.stage.text(z).await, day.stage.text(kept).await);
    let late = day.stage.app.sell("late", &day.cash("20", "USD")).await;
    assert_eq!(late.refusal(), (409, "no_open_session"));

    // What the till completed before the close is a supplement to the Z report.
    let mut fact = day.cash("20", "USD");
    fact["offline"] = json!({ "completed_at": in_time });
    assert_eq!(day.stage.app.sell("late-fact", &fact).await.status, 200);
    assert_eq!(day.stage.count("SELECT sum(supplement_no)::bigint FROM z_supplement").await, 1);
    let told = "SELECT count(*) FROM exception WHERE kind = 'LATE_SALE'";
    assert_eq!(day.stage.count(told).await, 1);
    let mismatch = "SELECT count(*) FROM exception WHERE kind = 'SESSION_MISMATCH'";
    assert_eq!(day.stage.count(mismatch).await, 0);
    day.stage.world.books_are_right().await;
}

#[tokio::test]
async fn orders_move_one_step_at_a_time() {
    let day = Day::begin().await;
    let sale = day.sell("a").await;
    assert_eq!(day.order("1", &sale, "DELIVERED").await.refusal(), (409, "illegal_order_move"));
    assert_eq!(day.order("2", &sale, "READY").await.status, 200);
    assert_eq!(day.order("2", &sale, "READY").await.status, 200, "a retry");
    assert_eq!(day.order("3", &sale, "READY").await.refusal(), (409, "illegal_order_move"));
    assert_eq!(day.order("4", &sale, "VOIDED").await.refusal(), (409, "illegal_order_move"));
    assert_eq!(day.order("5", &sale, "DELIVERED").await.status, 200);
    assert_eq!(day.stage.text("SELECT status FROM sale_order").await, "DELIVERED");
    assert_eq!(day.ask_void("6", &sale).await.refusal(), (409, "void_order_delivered"));
    let stranger = json!({ "order_id": uuid::Uuid::now_v7(), "staff_id": staff("Sokha"),
                           "to": "READY" });
    let refused = day.post("/pos/orders/status", "7", stranger).await;
    assert_eq!(refused.refusal(), (404, "no_such_order"));
    day.stage.world.books_are_right().await;
}

#[tokio::test]
async fn a_void_is_asked_for_decided_by_a_manager_and_given_back_once() {
    let day = Day::begin().await;
    let (undone, kept, left) = (day.sell("a").await, day.sell("b").await, day.sell("c").await);
    let asked = day.ask_void("void-a", &undone).await;
    assert_eq!(asked.status, 200, "{asked:?}");
    let void = asked.json["made_id"].clone();
    assert_eq!(day.ask_void("void-a2", &undone).await.refusal(), (409, "void_already_pending"));
    assert_eq!(day.order("r", &undone, "READY").await.status, 200);
    assert_eq!(day.order("d", &undone, "DELIVERED").await.refusal(), (409, "order_void_pending"));
    let by_cashier = day.decide("no", &void, "Sokha", true).await;
    assert_eq!(by_cashier.refusal(), (403, "not_permitted"));
    assert_eq!(day.decide("yes", &void, "Dara", true).await.status, 200);
    assert_eq!(day.decide("yes", &void, "Dara", true).await.status, 200, "a retry");
    let twice = day.decide("yes-2", &void, "Dara", false).await;
    assert_eq!(twice.refusal(), (409, "void_already_decided"));
    assert_eq!(day.ask_void("void-a3", &undone).await.refusal(), (409, "void_already_voided"));

    let rejected = day.ask_void("void-b", &kept).await.json["made_id"].clone();
    assert_eq!(day.decide("rej", &rejected, "Dara", false).await.status, 200);
    let online = day.stage.app.sell("on", &day.stage.app.on_account(1, day.stage.customer)).await;
    let online = online.json["invoice"]["sale_id"].clone();
    assert_eq!(day.ask_void("void-on", &online).await.refusal(), (409, "void_not_cash"));
    let nobody = json!(uuid::Uuid::now_v7());
    assert_eq!(day.ask_void("void-x", &nobody).await.refusal(), (404, "no_such_sale"));
    assert_eq!(day.decide("x", &nobody, "Dara", true).await.refusal(), (404, "no_such_void"));

    // What is undecided at the close is rejected by it.
    let open = day.ask_void("void-c", &left).await.json["made_id"].clone();
    assert_eq!(day.close("close", "Sokha").await.status, 200);
    assert_eq!(
        day.decide("late", &open, "Dara", true).await.refusal(),
        (409, "void_already_decided")
    );
    assert_eq!(day.ask_void("void-c2", &left).await.refusal(), (409, "void_session_closed"));

    let requests = "SELECT string_agg(status, ' ' ORDER BY requested_at) FROM void_request";
    assert_eq!(day.stage.text(requests).await, "APPROVED REJECTED REJECTED");
    let sales = "SELECT string_agg(status, ' ' ORDER BY ticket_id) FROM sale";
    assert_eq!(day.stage.text(sales).await, "VOIDED FINALIZED FINALIZED FINALIZED");
    let refunds = "SELECT count(*) FROM cash_movement WHERE kind = 'REFUND_CASH'";
    assert_eq!(day.stage.count(refunds).await, 1);
    let mismatch = "SELECT count(*) FROM exception WHERE kind LIKE '%MISMATCH'";
    assert_eq!(day.stage.count(mismatch).await, 0);
    day.stage.world.books_are_right().await;
}

#[tokio::test]
async fn the_x_report_says_what_the_z_report_then_says() {
    let day = Day::begin().await;
    let x = format!("/pos/cash-sessions/{}/x", day.session.as_str().expect("a session"));
    let empty = day.stage.app.get(&x).await;
    assert_eq!((empty.status.as_u16(), &empty.json["sale_count"]), (200, &json!(0)), "{empty:?}");
    let undone = day.sell("usd").await;
    assert_eq!(day.stage.app.sell("khr", &day.cash("50000", "KHR")).await.status, 200);
    let mut account = day.stage.app.on_account(1, day.stage.customer);
    account["cash_session_id"] = day.session.clone();
    assert_eq!(day.stage.app.sell("account", &account).await.status, 200);
    for (key, direction, currency, amount) in
        [("in", "PAID_IN", "KHR", "40000"), ("out", "PAID_OUT", "USD", "5.50")]
    {
        let body = json!({ "cash_session_id": day.session, "staff_id": staff("Sokha"),
            "direction": direction, "currency": currency, "amount": amount, "reason": "change" });
        assert_eq!(day.post("/pos/cash-movements", key, body).await.status, 200);
    }
    let void = day.ask_void("void", &undone).await.json["made_id"].clone();
    let asked = day.stage.app.get(&x).await.json;
    assert_eq!((&asked["pending_voids"], &asked["void_count"]), (&json!(1), &json!(0)));
    assert_eq!(day.decide("yes", &void, "Dara", true).await.status, 200);

    let mut told = day.stage.app.get(&x).await.json;
    assert_eq!((&told["pending_voids"], &told["void_count"]), (&json!(0), &json!(1)));
    assert_eq!((&told["sale_count"], &told["first_ticket"]), (&json!(3), &json!("usd")));
    assert_eq!(day.close("close", "Sokha").await.status, 200);
    let z = day.stage.text("SELECT (convert_from(body, 'UTF8')::jsonb -> 'z')::text FROM z_report");
    let mut z: Value = serde_json::from_str(&z.await).expect("a Z report");
    for report in [&mut told, &mut z] {
        let report = report.as_object_mut().expect("a report");
        for beside in ["as_of", "cash_session_id", "device_id", "pending_voids", "silent_devices"] {
            report.remove(beside);
        }
    }
    assert_eq!(told, z);
    assert!(told["drawers"][0]["refunds"] != json!("0"), "{told}");

    assert_eq!(day.stage.app.get(&x).await.refusal(), (409, "no_open_session"));
    let nobody = format!("/pos/cash-sessions/{}/x", uuid::Uuid::now_v7());
    assert_eq!(day.stage.app.get(&nobody).await.refusal(), (404, "not_found"));
    let mismatch = "SELECT count(*) FROM exception WHERE kind = 'SESSION_MISMATCH'";
    assert_eq!(day.stage.count(mismatch).await, 0);
    day.stage.world.books_are_right().await;
}

#[tokio::test]
async fn each_rule_that_stands_against_a_void_has_its_own_code_and_words() {
    let day = Day::begin().await;
    let (delivered, cancelled) = (day.sell("a").await, day.sell("b").await);
    assert_eq!(day.order("a1", &delivered, "READY").await.status, 200);
    assert_eq!(day.order("a2", &delivered, "DELIVERED").await.status, 200);
    // Nobody can cancel an order yet; the state is reserved.
    let cancel = "UPDATE sale_order SET status = 'CANCELLED' WHERE status = 'IN_PREP'";
    testkit::damage(&day.stage.world.books.pool, cancel).await;
    let told = [day.ask_void("va", &delivered).await, day.ask_void("vb", &cancelled).await];
    assert_eq!(told[0].refusal(), (409, "void_order_delivered"));
    assert_eq!(told[1].refusal(), (409, "void_order_cancelled"));
    assert_ne!(told[0].json["detail"], told[1].json["detail"]);
    assert_eq!(day.stage.count("SELECT count(*) FROM void_request").await, 0);
}

#[tokio::test]
async fn a_back_office_decides_voids_of_a_store_without_an_edge() {
    let mut day = Day::begin().await;
    let (undone, kept, raced) = (day.sell("a").await, day.sell("b").await, day.sell("c").await);
    let mut voids = Vec::new();
    for (key, sale) in [("va", &undone), ("vb", &kept), ("vc", &raced)] {
        voids.push(day.ask_void(key, sale).await.json["made_id"].clone());
    }
    let body = json!({ "decided_by": staff("Dara"), "note": "seen on camera" });
    let approved = day.office("approve", &voids[0], "k-a", &body).await;
    assert_eq!(approved.status, 202, "{approved:?}");
    assert_eq!(day.office("approve", &voids[0], "k-a", &body).await, approved, "a retry");
    let outcome = day.outcome(&approved).await;
    assert_eq!(outcome["state"], "CARRIED_OUT", "{outcome}");
    let twice = json!({ "decided_by": staff("Dara"), "reason": "no" });
    let late = day.office("reject", &voids[0], "k-a2", &twice).await;
    assert_eq!(late.refusal(), (409, "void_already_decided"));
    let rejected = day.office("reject", &voids[1], "k-b", &twice).await;
    assert_eq!(day.outcome(&rejected).await["state"], "CARRIED_OUT");
    let cashier = json!({ "decided_by": staff("Sokha"), "reason": "no" });
    let refused = day.office("reject", &voids[2], "k-c", &cashier).await;
    assert_eq!(refused.refusal(), (422, "not_an_approver"));

    // The manager at the counter is first; nobody has looked when the office decides.
    day.stage.world.centre.workers.kill();
    assert_eq!(day.decide("counter", &voids[2], "Dara", false).await.status, 202);
    let loser = day.office("approve", &voids[2], "k-c2", &body).await;
    assert_eq!(loser.status, 202, "{loser:?}");
    day.stage.world.centre.workers = day.stage.world.centre.plan("workers").start();
    let outcome = day.outcome(&loser).await;
    assert_eq!(
        (&outcome["state"], &outcome["refusal_code"]),
        (&json!("REFUSED"), &json!("void_already_decided"))
    );

    let sales = "SELECT string_agg(status, ' ' ORDER BY ticket_id) FROM sale";
    assert_eq!(day.stage.text(sales).await, "VOIDED FINALIZED FINALIZED");
    let refunds = "SELECT count(*) FROM cash_movement WHERE kind = 'REFUND_CASH'";
    assert_eq!(day.stage.count(refunds).await, 1);
    let by_command = "SELECT count(*) FROM void_request WHERE command_id IS NOT NULL";
    assert_eq!(day.stage.count(by_command).await, 2);
    let odd = "SELECT count(*) FROM exception WHERE kind <> 'STOCK_NEGATIVE'";
    assert_eq!(day.stage.count(odd).await, 0);
    assert_eq!(day.close("close", "Sokha").await.status, 200);
    day.stage.world.books_are_right().await;
}

#[tokio::test]
async fn where_there_is_an_edge_its_drawers_orders_and_voids_are_its_own() {
    let stage = Stage::beside_an_edge().await;
    let day = Day { stage, session: json!(uuid::Uuid::now_v7()) };
    let sold = day.stage.app.sell("on", &day.stage.app.on_account(1, day.stage.customer)).await;
    let sale = sold.json["invoice"]["sale_id"].clone();
    let kept = (409, "kept_at_edge");
    assert_eq!(day.open("open", "Sokha", "Counter 1").await.refusal(), kept);
    assert_eq!(day.close("close", "Sokha").await.refusal(), kept);
    assert_eq!(day.order("order", &sale, "READY").await.refusal(), kept);
    assert_eq!(day.ask_void("void", &sale).await.refusal(), kept);
    assert_eq!(
        day.decide("yes", &json!(uuid::Uuid::now_v7()), "Sokha", true).await.refusal(),
        kept
    );
    day.stage.world.books_are_right().await;
}
