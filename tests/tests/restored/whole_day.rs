//! A day with everything in it: voids, closes, money moved, and the direct door.

use std::collections::BTreeSet;

use rust_decimal::Decimal;
use schemas::{Currency, Money, back_office::Scope, events::PaidKind};
use serde_json::Value;
use tests::{Till, open_account};

use crate::stage::{Stage, told};

/// What must be in the books after as before, row by row.
const KEPT: &[&str] = &[
    "SELECT edge_id, seq, encode(hash, 'hex') AS hash FROM edge_entry",
    "SELECT sale_id, ticket_id, status, edge_id, entry_seq, grand_total_usd::text FROM sale",
    "SELECT movement_id, kind, currency, amount::text FROM cash_movement",
    "SELECT branch_id, stock_item_id, sale_id, reason, sum(delta)::text AS delta
     FROM stock_journal GROUP BY 1, 2, 3, 4",
    "SELECT branch_id, stock_item_id, level::text FROM stock_level",
    "SELECT cash_session_id, status, closed_at FROM cash_session",
    "SELECT void_request_id, status FROM void_request",
    "SELECT no, ticket_id, encode(hash, 'hex') AS hash FROM invoice",
    "SELECT sale_id, amount_usd::text FROM account_charge",
];

async fn kept(stage: &Stage) -> Vec<BTreeSet<String>> {
    let mut all = Vec::new();
    for query in KEPT {
        let rows = stage.world.rows(query).await;
        all.push(rows.iter().map(Value::to_string).collect());
    }
    all
}

async fn a_void(till: &Till) {
    let sold = till.sell().await.ticket_id;
    till.all_numbered().await;
    let asked = till.void(&sold).await;
    till.approve(asked, &format!("approve-{asked}")).await.ok();
}

#[tokio::test]
async fn every_fact_of_a_day_is_back_as_it_was() {
    let mut stage = Stage::with_shops(2).await;
    let app = stage.world.client(0, &Scope::ALL).await;
    let tenant = stage.world.company.tenant_id;
    let customer = open_account(&stage.world.books.pool, tenant, "Vanna", Decimal::from(900)).await;
    let first = &stage.world.shops[0];
    let manager = first.second_till("Counter 2", "Dara").await;
    let sold = app.sell_patiently("app-0", &app.on_account(1, customer)).await;
    assert_eq!(sold.status, 200, "{sold:?}");
    a_void(&manager).await;
    first.till.booked().await;
    let file = stage.back_up().await;

    let [first, second] = &stage.world.shops[..] else { panic!("two shops") };
    let tickets = first.till.sell_many(3).await;
    a_void(&manager).await;
    let sold = app.sell_patiently("app-1", &app.on_account(2, customer)).await;
    assert_eq!(sold.status, 200, "{sold:?}");
    let out = Money { amount: Decimal::from(5), currency: Currency::Usd };
    first.till.move_cash("ice", PaidKind::PaidOut, out, "ice").await.ok();
    first.till.close("close-1", Decimal::from(60), Decimal::from(100_000)).await.ok();
    let others = second.till.sell_many(2).await;
    for shop in [first, second] {
        shop.till.all_numbered().await;
    }
    let numbers = (told(&first.till, &tickets).await, told(&second.till, &others).await);
    stage.world.books_are_right().await;
    let before = kept(&stage).await;

    stage.go_back_to(&file).await;
    assert!(before.iter().zip(kept(&stage).await).any(|(before, after)| *before != after));
    stage.start_centre().await;
    stage.must_recover().await;
    let refused = app.sell("app-2", &app.on_account(1, customer)).await;
    assert_eq!(refused.refusal(), (503, "books_need_recovery"));
    stage.recover(&[]).await;
    for shop in &stage.world.shops {
        shop.till.all_numbered().await;
    }
    for (query, (before, after)) in KEPT.iter().zip(before.iter().zip(kept(&stage).await)) {
        let gone: Vec<_> = before.difference(&after).collect();
        let new: Vec<_> = after.difference(before).collect();
        assert!(gone.is_empty() && new.is_empty(), "{query}: gone {gone:?}, new {new:?}");
    }
    let [first, second] = &stage.world.shops[..] else { panic!("two shops") };
    assert_eq!((told(&first.till, &tickets).await, told(&second.till, &others).await), numbers);

    // A ticket that was sold is never sold as something else; new ones are sold.
    let again = app.sell("app-1", &app.on_account(2, customer)).await;
    assert!(again.status.is_client_error(), "{again:?}");
    let new = app.sell_patiently("app-2", &app.on_account(1, customer)).await;
    assert_eq!(new.status, 200, "{new:?}");
    stage.exported_register_is_whole("rows, the last is").await;
    stage.world.books_are_right().await;
}
