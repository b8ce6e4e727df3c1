//! What a test of KHQR says to Bakong, and what it looks for in the books.

use reqwest::StatusCode;
use schemas::{
    Money,
    edge_api::{KhqrCode, Problem},
};
use testkit::{BOUND, Payment, sqlx, wait_until};
use tests::{Answer, World};

/// What a customer's bank tells Bakong of a payment of this code.
pub fn payment(code: &KhqrCode) -> Payment {
    Payment {
        from_account_id: Some("customer@aclb".to_owned()),
        to_account_id: Some(code.to_account_id.clone()),
        currency: Some(code.currency.code().to_owned()),
        amount: Some(code.amount.to_string()),
    }
}

/// Something odd about a payment.
pub type Change = fn(&mut Payment);

/// What a till states as received.
pub fn owed(code: &KhqrCode) -> Money {
    Money { amount: code.amount, currency: code.currency }
}

/// The code of a refusal.
pub fn problem(answer: &Answer, status: StatusCode) -> String {
    assert_eq!(answer.status, status, "{}", answer.body);
    answer.json::<Problem>().code
}

/// The exceptions of a kind: whose ticket, and what they say.
pub async fn exceptions(world: &World, kind: &str) -> Vec<(String, String)> {
    sqlx::query_as("SELECT ticket_id, detail FROM exception WHERE kind = $1 ORDER BY ticket_id")
        .bind(kind)
        .fetch_all(&world.books.pool)
        .await
        .expect("the books answer")
}

/// Waits until there is an exception of a kind.
pub async fn raised(world: &World, kind: &str) -> Vec<(String, String)> {
    wait_until(&format!("an exception {kind}"), BOUND, async || {
        let found = exceptions(world, kind).await;
        (!found.is_empty()).then_some(found)
    })
    .await
}

/// Code, state and claiming ticket of every code in the books.
pub async fn codes(world: &World) -> Vec<(String, String, Option<String>)> {
    sqlx::query_as(
        "SELECT i.md5, i.state, s.ticket_id FROM khqr_intent i
         LEFT JOIN sale s ON s.sale_id = i.sale_id ORDER BY i.created_at",
    )
    .fetch_all(&world.books.pool)
    .await
    .expect("the books answer")
}

/// How many checks of Bakong were taken, of all companies and days.
pub async fn used(world: &World) -> i64 {
    world.count("SELECT COALESCE(sum(used), 0)::bigint FROM bakong_budget").await
}
