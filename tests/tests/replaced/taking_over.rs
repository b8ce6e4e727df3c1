//! The new box goes on where the books were with the old one.

use reqwest::StatusCode;
use rust_decimal::Decimal;
use schemas::{
    edge_api::{Standing, ZReport},
    events::{OrderStatus, PaidKind, SaleStatus},
};
use testkit::{BOUND, wait_until};
use tests::{Till, World, new_ticket};

use crate::usd;

#[tokio::test]
async fn a_replaced_box_hands_its_drawers_orders_and_tickets_on() {
    let mut world = World::with_shops(1).await;
    let shop = &mut world.shops[0];
    let mut dara = shop.second_till("Counter 2", "Dara").await;
    let sold = shop.till.sell_many(4).await;
    let voided = shop.till.void(&sold[0]).await;
    dara.approve(voided, "yes").await.ok();
    let pending = shop.till.void(&sold[1]).await;
    shop.till.move_cash("change", PaidKind::PaidIn, usd(10), "change").await.ok();
    let repeated = new_ticket();
    let first = shop.till.try_sell(&repeated, 2).await.expect("the edge answers");
    shop.till.all_numbered().await;
    let order = shop.till.orders().await.expect("orders")[0].clone();
    shop.till.move_order(order.order_id, "ready", OrderStatus::Ready).await.ok();
    shop.till.booked().await;

    let old = shop.replace(&world.books.pool).await;
    // The same request gets the answer that it got from the old box.
    let again = shop.till.try_sell(&repeated, 2).await.expect("the edge answers");
    assert_eq!((again.status, &again.body), (StatusCode::CREATED, &first.body), "{first:?}");
    let conflict = shop.till.try_sell(&repeated, 3).await.expect("the edge answers");
    assert_eq!(conflict.refusal(), (422, "ticket_conflict".to_owned()));
    for ticket in &sold {
        shop.till.number_of(ticket).await;
    }
    // Its orders move on, and so do the voids that were undecided, and new ones.
    let board = shop.till.orders().await.expect("orders");
    assert_eq!(board.iter().filter(|row| row.status == OrderStatus::Ready).count(), 1, "{board:?}");
    shop.till.move_order(order.order_id, "out", OrderStatus::Delivered).await.ok();
    dara.pair_and_log_in().await;
    dara.approve(pending, "yes-too").await.ok();
    let late = shop.till.void(&sold[2]).await;
    dara.reject(late, "no").await.ok();
    shop.till.sell_many(2).await;
    // 50 counted in, 10 paid in, five sales kept (7 sold, 2 undone) at 4.46.
    let closed = shop.till.close("close", Decimal::new(8_230, 2), Decimal::from(100_000)).await;
    let z = closed.json::<ZReport>().z;
    assert_eq!((z.sale_count, z.void_count), (7, 2), "{z:?}");
    assert_eq!(z.first_ticket.as_ref(), Some(&sold[0]));
    shop.till.all_numbered().await;
    let kept = shop.till.ticket(&sold[1]).await.expect("it is listed");
    assert_eq!(kept.sale_status, SaleStatus::Voided);

    // The old box may not sell, whatever is put in its place.
    let mut service = shop.plan_old(&old).start();
    let ghost = Till::at(&old.listen);
    wait_until("the old box knows that it was replaced", BOUND, async || {
        (ghost.sync().await?.standing == Standing::Retired).then_some(())
    })
    .await;
    let ghost = ghost.beside("nobody");
    assert_eq!(ghost.sync().await.expect("it answers").captured, 5);
    service.kill();

    // Six waters are in stock.
    let odd = world.rows("SELECT kind, detail FROM exception WHERE kind <> 'STOCK_NEGATIVE'").await;
    assert!(odd.is_empty(), "{odd:?}");
    assert_eq!(world.count("SELECT count(*) FROM sale").await, 7);
    world.books_are_right().await;
}

#[tokio::test]
async fn a_box_that_is_killed_as_it_takes_over_takes_over_once() {
    let mut world = World::with_shops(1).await;
    let shop = &mut world.shops[0];
    let sold = shop.till.sell_many(2).await;
    shop.till.all_numbered().await;
    shop.replace_in_the_books(&world.books.pool).await;
    for point in ["edge.amid_adoption=return", "edge.after_adoption=return"] {
        shop.edge = shop.plan().failpoint(point).start();
        shop.edge.ended(BOUND).await;
    }
    let plan = shop.plan();
    shop.start_replacement(plan).await;
    shop.till.sell().await;
    let closed = shop.till.close("close", Decimal::ZERO, Decimal::ZERO).await;
    let z = closed.json::<ZReport>().z;
    assert_eq!((z.sale_count, z.first_ticket.as_ref()), (3, Some(&sold[0])));
    shop.till.all_numbered().await;
    assert_eq!(world.count("SELECT count(*) FROM edge_entry WHERE kind = 'edge.adopted'").await, 1);
    assert_eq!(world.count("SELECT count(*) FROM adopted").await, 3, "a drawer and two orders");
    world.books_are_right().await;
}
