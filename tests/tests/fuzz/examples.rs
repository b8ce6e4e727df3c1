//! Requests that work, as what to start from: ids of the sample menu, and bodies that
//! the schemas alone would hardly hit.

use schemas::{BranchId, CustomerId, DeviceId, MenuItemId, StaffId, StockItemId};
use serde_json::{Value, json};
use testkit::sample_id;

/// Values by name.
pub fn taught() -> Vec<(&'static str, Value)> {
    let mut taught = Vec::new();
    for name in ["Sokha", "Bopha", "Dara", "Vanna"] {
        taught.push(("staff_id", json!(sample_id::<StaffId>(name))));
    }
    for name in ["Counter 1", "Counter 2"] {
        taught.push(("device_id", json!(sample_id::<DeviceId>(name))));
    }
    for name in ["latte", "water", "croissant"] {
        taught.push(("menu_item_id", json!(sample_id::<MenuItemId>(name))));
    }
    taught.push(("stock_item_id", json!(sample_id::<StockItemId>("milk"))));
    for (name, value) in [
        ("from", "2026-01-01"),
        ("from", "2026-01-01T00:00:00Z"),
        ("to", "2026-02-01"),
        ("to", "2099-01-01T00:00:00Z"),
        ("limit", "1"),
        ("limit", "20"),
        ("format", "json"),
        ("format", "html"),
        ("If-Match", "\"1\""),
    ] {
        taught.push((name, json!(value)));
    }
    taught
}

fn cart() -> Value {
    json!({ "sale_type": "TAKEAWAY", "lines": [
        { "menu_item_id": "$menu_item_id", "quantity": 1 },
        { "menu_item_id": "$menu_item_id", "quantity": 2 },
    ]})
}

fn cash() -> Value {
    json!({ "method": "CASH", "received": { "amount": "50.00", "currency": "USD" } })
}

/// What an edge takes, from Sokha on the first till and Dara on the second.
pub fn at_an_edge() -> Vec<(&'static str, Value)> {
    let mut examples = vec![
        (
            "/v1/cash-sessions/{id}/movements",
            json!({ "kind": "PAID_OUT", "currency": "USD", "amount": "1.00",
                "reason": "ice" }),
        ),
        ("/v1/quotes", cart()),
        (
            "/v1/draft",
            json!({ "draft_id": "$uuid", "cash_session_id": "$cash_session_id",
                "revision": 1, "cart": cart() }),
        ),
        ("/v1/orders/{id}/status", json!({ "to": "READY" })),
        ("/v1/orders/{id}/status", json!({ "to": "DELIVERED" })),
        ("/v1/sales/{ticket}/void-requests", json!({ "reason": "cold" })),
        ("/v1/void-requests/{id}/approve", json!({ "note": null })),
        ("/v1/void-requests/{id}/reject", json!({ "reason": "it was hot" })),
    ];
    for (till, person) in [("Counter 1", "Sokha"), ("Counter 2", "Dara")] {
        let (device, staff) = (sample_id::<DeviceId>(till), sample_id::<StaffId>(person));
        let sold = json!({ "device_id": device, "cash_session_id": "$cash_session_id",
            "cart": cart() });
        let (mut sale, mut khqr) = (sold.clone(), sold);
        sale["tender"] = cash();
        khqr["ticket_id"] = json!("$new");
        khqr["currency"] = json!("USD");
        examples.extend([
            (
                "/v1/cash-sessions",
                json!({ "device_id": device, "staff_id": staff,
                    "opening_float_usd": "50.00", "opening_float_khr": "100000" }),
            ),
            ("/v1/sales", sale),
            ("/v1/khqr", khqr),
        ]);
    }
    examples
}

/// What the centre takes, for a store without an edge.
pub fn at_the_centre(branch: BranchId, customer: CustomerId) -> Vec<(&'static str, Value)> {
    let of_branch = |mut body: Value| {
        body["branch_id"] = json!(branch);
        body
    };
    let staff = sample_id::<StaffId>("Dara");
    vec![
        (
            "/pos/sale",
            of_branch(json!({ "customer_id": customer, "cart": cart(),
                "tender": { "method": "ACCOUNT" } })),
        ),
        (
            "/pos/sale",
            of_branch(json!({ "cash_session_id": "$cash_session_id", "cart": cart(),
                "tender": cash() })),
        ),
        ("/pos/khqr", of_branch(json!({ "ticketId": "$new", "currency": "USD", "cart": cart() }))),
        (
            "/pos/cash-sessions",
            of_branch(json!({ "device_id": "$device_id", "staff_id": staff,
                "opening_float_usd": "50.00", "opening_float_khr": "0" })),
        ),
        (
            "/pos/cash-sessions/close",
            of_branch(json!({ "cash_session_id": "$cash_session_id", "staff_id": staff,
                "counted_usd": "60.00", "counted_khr": "0" })),
        ),
        (
            "/pos/cash-movements",
            of_branch(json!({ "cash_session_id": "$cash_session_id", "staff_id": staff,
                "direction": "PAID_OUT", "currency": "USD", "amount": "1.00",
                "reason": "ice" })),
        ),
        (
            "/pos/orders/status",
            of_branch(json!({ "staff_id": staff, "to": "READY", "order_id": "$order_id" })),
        ),
        (
            "/pos/voids",
            of_branch(json!({ "staff_id": staff, "reason": "cold", "sale_id": "$sale_id" })),
        ),
        (
            "/pos/voids/decision",
            of_branch(json!({ "staff_id": staff, "approve": true, "note": null,
                "void_request_id": "$void_request_id" })),
        ),
        ("/v1/branches/{branch}/menu/items/{id}/recipe", json!({ "kind": "untracked" })),
        (
            "/v1/branches/{branch}/discounts/{id}",
            json!({ "name": "Half", "percent": "50", "starts_at": null, "ends_at": null,
                "target": { "kind": "branch" } }),
        ),
        ("/v1/branches/{branch}/staff/{id}/pin", json!({ "pin": "7777" })),
        ("/v1/void-requests/{id}/approve", json!({ "staff_id": staff, "note": null })),
        ("/v1/void-requests/{id}/reject", json!({ "staff_id": staff, "reason": "it was hot" })),
    ]
}
