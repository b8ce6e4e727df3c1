//! Orders of a branch without an edge, to their ends.

use schemas::{DeviceId, StaffId};
use serde_json::{Value, json};
use testkit::{sample_id, sqlx};
use tests::DoorAnswer;
use uuid::Uuid;

use crate::stage::Stage;

/// A store where Sokha sells, and the keys of what was asked.
struct Shift {
    stage: Stage,
    session: Value,
}

impl Shift {
    async fn begin() -> Self {
        let shift = Self { stage: Stage::without_edge().await, session: Value::Null };
        let opened = shift
            .post(
                "/pos/cash-sessions",
                "open",
                json!({ "device_id": sample_id::<DeviceId>("Counter 1"), "staff_id": staff("Sokha"),
                    "opening_float_usd": "50", "opening_float_khr": "0" }),
            )
            .await;
        assert_eq!(opened.status, 200, "{opened:?}");
        Self { session: opened.json["made_id"].clone(), ..shift }
    }

    async fn post(&self, path: &str, key: &str, mut body: Value) -> DoorAnswer {
        body["branch_id"] = json!(self.stage.app.branch);
        self.stage.app.post(path, key, &body).await
    }

    /// Sells and returns sale and order.
    async fn sell(&self, ticket: &str) -> (Value, Uuid) {
        let received = json!({ "amount": "20", "currency": "USD" });
        let tender = json!({ "method": "CASH", "received": received });
        let mut request = self.stage.app.cart(1, tender);
        request["cash_session_id"] = self.session.clone();
        let sold = self.stage.app.sell(ticket, &request).await;
        assert_eq!(sold.status, 200, "{sold:?}");
        let order = sqlx::query_scalar(
            "SELECT order_id FROM sale_order JOIN sale USING (sale_id) WHERE ticket_id = $1",
        )
        .bind(ticket)
        .fetch_one(&self.stage.world.books.pool)
        .await
        .expect("an order");
        (sold.json["invoice"]["sale_id"].clone(), order)
    }

    async fn move_to(&self, order: Uuid, key: &str, to: &str) -> DoorAnswer {
        let body = json!({ "order_id": order, "staff_id": staff("Sokha"), "to": to });
        self.post("/pos/orders/status", key, body).await
    }

    /// None of these moves is made.
    async fn refuses(&self, order: Uuid, at: &str, moves: &[&str]) {
        for to in moves {
            let refused = self.move_to(order, &format!("{at}-{to}"), to).await;
            assert_eq!(refused.refusal(), (409, "illegal_order_move"), "{at} to {to}");
        }
    }
}

fn staff(name: &str) -> StaffId {
    sample_id(name)
}

#[tokio::test]
async fn an_order_that_has_ended_stays_and_nobody_cancels_one() {
    let shift = Shift::begin().await;
    let (_, order) = shift.sell("kept").await;
    shift.refuses(order, "new", &["IN_PREP", "DELIVERED", "VOIDED", "CANCELLED"]).await;
    assert_eq!(shift.move_to(order, "ready", "READY").await.status, 200);
    shift.refuses(order, "ready", &["IN_PREP", "READY", "VOIDED", "CANCELLED"]).await;
    assert_eq!(shift.move_to(order, "delivered", "DELIVERED").await.status, 200);
    let all = ["IN_PREP", "READY", "DELIVERED", "VOIDED", "CANCELLED"];
    shift.refuses(order, "delivered", &all).await;

    let (sale, undone) = shift.sell("undone").await;
    let asked = json!({ "sale_id": sale, "staff_id": staff("Sokha"), "reason": "cold" });
    let asked = shift.post("/pos/voids", "void", asked).await;
    assert_eq!(asked.status, 200, "{asked:?}");
    // An admin decides as a manager does.
    let decision = json!({ "void_request_id": asked.json["made_id"], "staff_id": staff("Vanna"),
        "approve": true, "note": "seen" });
    let decided = shift.post("/pos/voids/decision", "yes", decision).await;
    assert_eq!(decided.status, 200, "{decided:?}");
    shift.refuses(undone, "voided", &all).await;

    let ends = "SELECT o.status, s.status AS sale, r.decided_by FROM sale_order o
        JOIN sale s USING (sale_id) LEFT JOIN void_request r USING (sale_id)
        ORDER BY s.entry_seq";
    let expected = [
        json!({ "status": "DELIVERED", "sale": "FINALIZED", "decided_by": null }),
        json!({ "status": "VOIDED", "sale": "VOIDED", "decided_by": staff("Vanna") }),
    ];
    assert_eq!(shift.stage.world.rows(ends).await, expected);
    let moves = "SELECT count(*) FROM audit_log WHERE action = 'ORDER_STATUS_UPDATED'";
    assert_eq!(shift.stage.count(moves).await, 2);
    shift.stage.world.books_are_right().await;
}
