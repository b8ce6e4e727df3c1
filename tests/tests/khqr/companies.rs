//! Companies that ask Bakong each for itself, and taps that Bakong's token is too old
//! for.

use schemas::{Currency, requests::KhqrOutcome};
use testkit::{BAKONG_EMAIL, BakongStandIn, seed_company, sqlx};
use tests::{Shop, World, new_ticket};

use crate::{
    looking::{payment, used},
    paid_code,
};

/// Another company with a shop of its own, and its own access to Bakong, with two
/// checks a day.
async fn beside(world: &mut World) -> (Shop, BakongStandIn) {
    let other = seed_company(&world.books.pool, 1).await;
    let bakong = BakongStandIn::start().await.expect("a stand-in for Bakong starts");
    // This one takes another token.
    bakong.expire_token();
    let renewal = reqwest::Client::new().post(format!("{}/v1/renew_token", bakong.url()));
    let renewal = renewal.json(&serde_json::json!({ "email": BAKONG_EMAIL })).send().await;
    assert!(renewal.expect("the stand-in answers").status().is_success());
    assert_ne!(bakong.token(), world.centre.bakong.token());
    let access = |name: &str| format!("khqr.tenants.{}.{name}", other.tenant_id);
    let plan = world.centre.plan_ingest();
    let plan = plan.setting(&access("base_url"), bakong.url());
    let plan = plan.setting(&access("token"), bakong.token());
    let plan = plan.setting(&access("daily_checks"), 2);
    world.centre.restart_ingest(plan).await;
    (Shop::open(other.stores[0].clone(), &world.nats).await, bakong)
}

#[tokio::test]
async fn each_company_asks_bakong_at_its_own_address_with_its_own_token_and_budget() {
    let mut world = World::with_shops(1).await;
    let (theirs, their_bakong) = beside(&mut world).await;
    let (ours, our_bakong) = (&world.shops[0], &world.centre.bakong);
    let ticket = new_ticket();
    let code = theirs.till.code(&ticket, 2, Currency::Usd).await;
    // Paid at the one that does not keep this company's money.
    our_bakong.pay(&code.md5, payment(&code));
    assert_eq!(theirs.till.check(&code.md5).await, KhqrOutcome::NotPaidYet {});
    let hash = their_bakong.pay(&code.md5, payment(&code));
    match theirs.till.check(&code.md5).await {
        KhqrOutcome::Paid { khqr_hash, .. } => assert_eq!(khqr_hash, hash),
        other => panic!("it was paid, but: {other:?}"),
    }
    let next = theirs.till.code(&new_ticket(), 1, Currency::Usd).await;
    assert_eq!(theirs.till.check(&next.md5).await, KhqrOutcome::BudgetSpent {});
    assert_eq!((their_bakong.checks(), our_bakong.checks()), (2, 0));

    // Theirs is spent; ours is not.
    let own = new_ticket();
    let owed = paid_code(&world, &ours.till, &own, Currency::Usd).await;
    assert_eq!((their_bakong.checks(), our_bakong.checks()), (2, 1));
    let budgets = "SELECT used, tenant_id FROM bakong_budget ORDER BY used DESC";
    let spent = world.rows(budgets).await;
    assert_eq!(spent[0]["tenant_id"], serde_json::json!(theirs.store.tenant_id));
    assert_eq!((&spent[0]["used"], &spent[1]["used"]), (&2.into(), &1.into()));

    for (till, ticket, code) in [(&ours.till, &own, &owed), (&theirs.till, &ticket, &code)] {
        let sold = till.try_finalize(ticket, 2, crate::looking::owed(code)).await;
        sold.expect("the edge answers").ok();
        assert_eq!(till.number_of(ticket).await, 1, "each company has its own series");
    }
    let claimed: Vec<(uuid::Uuid, String)> = sqlx::query_as(
        "SELECT s.tenant_id, p.khqr_hash FROM sale s JOIN sale_khqr p USING (sale_id)
         JOIN khqr_intent i ON i.sale_id = s.sale_id AND i.state = 'CLAIMED'
         WHERE i.tenant_id = s.tenant_id",
    )
    .fetch_all(&world.books.pool)
    .await
    .expect("the books answer");
    assert_eq!(claimed.len(), 2);
    assert!(claimed.contains(&(theirs.store.tenant_id.as_uuid(), hash)), "{claimed:?}");
    world.books_are_right().await;
}

#[tokio::test]
async fn a_token_that_is_too_old_is_renewed_within_the_tap_and_nothing_is_sold_by_it() {
    let world = World::with_shops(1).await;
    let till = &world.shops[0].till;
    let ticket = new_ticket();
    let code = till.code(&ticket, 2, Currency::Usd).await;
    world.centre.bakong.pay(&code.md5, payment(&code));
    world.centre.bakong.expire_token();
    assert!(matches!(till.check(&code.md5).await, KhqrOutcome::Paid { .. }));
    assert_eq!(used(&world).await, world.centre.bakong.checks().try_into().unwrap_or(i64::MAX));

    // Confirmed is not sold: the cashier does that.
    till.booked().await;
    assert!(till.ticket(&ticket).await.is_none());
    assert_eq!(world.count("SELECT count(*) FROM sale").await, 0);
    assert_eq!(
        world.count("SELECT count(*) FROM edge_entry WHERE kind = 'sale.finalized'").await,
        0
    );
    let sold = till.try_finalize(&ticket, 2, crate::looking::owed(&code)).await;
    sold.expect("the edge answers").ok();
    till.all_numbered().await;
    assert_eq!(world.count("SELECT count(*) FROM sale").await, 1);
    world.books_are_right().await;
}
