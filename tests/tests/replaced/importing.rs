//! What was only on the disk of the old box, and how it gets into the books.

use std::{fs, path::Path};

use reqwest::StatusCode;
use schemas::{
    TicketId,
    edge_api::{Standing, ZReport},
    events::{OrderStatus, PaidKind},
};
use serde_json::Value;
use testkit::{BOUND, Service, scratch_dir, wait_until};
use tests::{OldBox, Shop, World, new_ticket};

use crate::usd;

/// Runs `tillstream journal …` to its end; whether it succeeded, and what it said.
async fn journal(args: &[&str]) -> (bool, String) {
    let plan = args.iter().fold(Service::plan("tillstream").arg("journal"), |p, arg| p.arg(arg));
    let mut command = plan.start();
    let status = command.ended(BOUND).await;
    (status.success(), command.log())
}

async fn export(from: &Path, to: &Path) -> Value {
    let (from, to) = (from.display().to_string(), to.display().to_string());
    let (ok, said) = journal(&["export", "--data-dir", &from, "--out", &to, "--json"]).await;
    assert!(ok, "{said}");
    serde_json::from_str(&said).expect("it says JSON")
}

async fn try_import(shop: &Shop, file: &Path, more: &[&str]) -> (bool, String) {
    let to = format!("http://{}", shop.listen());
    let token = shop.dir().join("operator.token").display().to_string();
    let file = file.display().to_string();
    let mut args = vec!["import", &file, "--to", &to, "--token-file", &token, "--json"];
    args.extend(more);
    journal(&args).await
}

async fn import(shop: &Shop, file: &Path, more: &[&str]) -> Value {
    let (ok, said) = try_import(shop, file, more).await;
    assert!(ok, "{said}");
    serde_json::from_str(&said).expect("it says JSON")
}

/// What was sold on the old disk alone.
struct OnlyThere {
    undone: TicketId,
    repeated: TicketId,
    conflicting: TicketId,
    lost: TicketId,
}

/// Sells at a box that is cut off, which then dies and is replaced.
async fn die_with_sales(world: &mut World) -> (OnlyThere, OldBox) {
    let shop = &mut world.shops[0];
    let dara = shop.second_till("Counter 2", "Dara").await;
    shop.till.sell_many(3).await;
    shop.till.all_numbered().await;
    shop.line.cut();
    shop.knows_it_is_cut_off().await;
    let sold = shop.till.sell_many(4).await;
    let [undone, repeated, conflicting, lost] = sold.try_into().expect("four");
    let request = shop.till.void(&undone).await;
    dara.approve(request, "yes").await.ok();
    shop.till.move_cash("change", PaidKind::PaidIn, usd(5), "change").await.ok();
    let orders = shop.till.orders().await.expect("orders");
    let order = orders.iter().find(|row| row.ticket_id == lost).expect("its order").order_id;
    shop.till.move_order(order, "ready", OrderStatus::Ready).await.ok();
    let old = shop.replace_in_the_books(&world.books.pool).await;
    shop.line.restore();
    (OnlyThere { undone, repeated, conflicting, lost }, old)
}

#[tokio::test]
async fn what_was_only_on_the_old_disk_is_imported_once() {
    let mut world = World::with_shops(1).await;
    let (there, old) = die_with_sales(&mut world).await;
    let shop = &mut world.shops[0];
    let before = shop.till.moved_to(&old.listen);
    let plan = shop.plan();
    shop.start_replacement(plan).await;
    // The till asks again for what it was not answered; another one is confused.
    let again = shop.till.try_sell(&there.repeated, 2).await.expect("the edge answers");
    assert_eq!(again.status, StatusCode::CREATED, "{again:?}");
    let other = shop.till.try_sell(&there.conflicting, 3).await.expect("the edge answers");
    assert_eq!(other.status, StatusCode::CREATED, "{other:?}");
    shop.till.sell().await;

    // The old box is found. It may not sell, and is read.
    let mut service = shop.plan_old(&old).start();
    wait_until("the old box knows that it was replaced", BOUND, async || {
        (before.sync().await?.standing == Standing::Retired).then_some(())
    })
    .await;
    let refused = before.try_sell(&new_ticket(), 2).await.expect("it answers");
    assert_eq!(refused.refusal(), (503, "edge_retired".to_owned()));
    assert_eq!(before.tickets().await.len(), 7);
    let sync = before.sync().await.expect("it answers");
    assert!(sync.captured > sync.confirmed, "{sync:?}");
    service.kill();

    let files = scratch_dir();
    let file = files.path().join("old.jsonl");
    let exported = export(old.dir.path(), &file).await;
    assert_eq!(exported["damaged"], Value::Null);
    let foreseen = import(shop, &file, &["--dry-run"]).await;
    assert_eq!(foreseen["sales"]["imported"], 2, "{foreseen}");
    let done = import(shop, &file, &[]).await;
    // Three were in the books, one was sold again by the same request.
    assert_eq!(done["sales"], serde_json::json!({"imported": 2, "known": 4, "conflicts": 1}));
    assert_eq!(done["by_kind"]["void.approved"], 1, "{done}");
    assert_eq!(done["by_kind"]["cash.moved"], 1, "{done}");
    assert_eq!(done["by_kind"]["order.status_changed"], 1, "{done}");
    let twice = import(shop, &file, &[]).await;
    assert_eq!((&twice["imported"], &twice["sales"]["known"]), (&0.into(), &6.into()), "{twice}");

    let closed = shop.till.close("close", rust_decimal::Decimal::ZERO, rust_decimal::Decimal::ZERO);
    let z = closed.await.json::<ZReport>().z;
    assert_eq!((z.sale_count, z.void_count), (8, 1), "{z:?}");
    shop.till.all_numbered().await;
    for ticket in [&there.undone, &there.lost, &there.repeated, &there.conflicting] {
        shop.till.number_of(ticket).await;
    }
    let odd =
        world.rows("SELECT kind, ticket_id FROM exception WHERE kind <> 'STOCK_NEGATIVE'").await;
    let expected = serde_json::json!([{
        "kind": "IMPORT_CONFLICT", "ticket_id": there.conflicting,
    }]);
    assert_eq!(Value::from(odd), expected);
    assert_eq!(world.count("SELECT count(*) FROM sale").await, 8);
    assert_eq!(world.count("SELECT count(*) FROM sale WHERE status = 'VOIDED'").await, 1);
    world.books_are_right().await;
}

#[tokio::test]
async fn a_killed_import_goes_on_and_a_damaged_file_is_refused() {
    let mut world = World::with_shops(1).await;
    let (there, old) = die_with_sales(&mut world).await;
    let shop = &mut world.shops[0];
    let plan = shop.plan();
    shop.start_replacement(plan).await;
    let files = scratch_dir();
    let file = files.path().join("old.jsonl");
    export(old.dir.path(), &file).await;

    let text = fs::read_to_string(&file).expect("it is text");
    let head = shop.till.sync().await.expect("the edge answers").journal_seq;
    let cut = text.len() - text.len() / 3;
    for (name, damaged) in [
        ("changed", text.replacen("4.46", "4.47", 1)),
        ("cut", text[..cut].to_owned()),
        ("short", text.lines().take(4).map(|line| format!("{line}\n")).collect()),
        ("none", String::new()),
    ] {
        let bad = files.path().join(name);
        fs::write(&bad, damaged).expect("it can be written");
        let (ok, said) = try_import(shop, &bad, &[]).await;
        assert!(!ok && said.contains("nothing of it was"), "{name}: {said}");
    }
    assert_eq!(shop.till.sync().await.expect("the edge answers").journal_seq, head);

    for point in ["edge.amid_import=return", "edge.after_import=return"] {
        let plan = shop.plan().failpoint(point);
        shop.restart(plan).await;
        shop.sells().await;
        wait_until("the import kills the edge", BOUND, async || {
            let (ok, said) = try_import(shop, &file, &[]).await;
            // Until it has its line it only refuses.
            (!ok && !said.contains("import_needs_line")).then_some(())
        })
        .await;
        shop.edge.ended(BOUND).await;
    }
    let plan = shop.plan();
    shop.restart(plan).await;
    let done = wait_until("the import goes on", BOUND, async || {
        let (ok, said) = try_import(shop, &file, &[]).await;
        ok.then(|| serde_json::from_str::<Value>(&said).expect("it says JSON"))
    })
    .await;
    assert_eq!(done["sales"], serde_json::json!({"imported": 0, "known": 7, "conflicts": 0}));
    shop.till.all_numbered().await;
    shop.till.number_of(&there.lost).await;
    assert_eq!(world.count("SELECT count(*) FROM sale").await, 7);
    world.books_are_right().await;
}
