//! The main promise: a sale made while the line is down is safe at once and
//! gets its official number when the line returns, by itself.

use reqwest::StatusCode;
use schemas::edge_api::{LinkState, TicketStatus};
use testkit::{BOUND, wait_until};
use tests::{World, new_ticket};

#[tokio::test]
async fn sales_of_an_outage_are_numbered_after_those_that_others_made_meanwhile() {
    let world = World::with_shops(2).await;
    let [cut_off, online] = &world.shops[..] else { panic!("two shops") };
    let before = cut_off.till.sell().await;
    assert_eq!(cut_off.till.number_of(&before.ticket_id).await, 1);

    cut_off.line.cut();
    wait_until("the edge notices", BOUND, async || {
        (cut_off.till.sync().await?.link == LinkState::Down).then_some(())
    })
    .await;
    let offline = cut_off.till.sell_many(2).await;
    for ticket in &offline {
        let row = cut_off.till.ticket(ticket).await.expect("a ticket is listed at once");
        assert_ne!(row.status, TicketStatus::Synced);
        assert_eq!(row.invoice_no, None, "nobody can know its number yet");
    }
    let meanwhile = online.till.sell_many(3).await;
    for (ticket, expected) in meanwhile.iter().zip(2..) {
        assert_eq!(online.till.number_of(ticket).await, expected, "others go on");
    }

    cut_off.line.restore();
    let mut numbers = Vec::new();
    for ticket in &offline {
        numbers.push(cut_off.till.number_of(ticket).await);
    }
    assert_eq!(numbers, [5, 6], "in the order of their journal, after what the books took first");
    let row = cut_off.till.ticket(&offline[0]).await.expect("still listed");
    assert_eq!(row.status, TicketStatus::Synced);
    assert!(row.invoice_id.is_some());
    world.books_are_right().await;
}

#[tokio::test]
async fn a_ticket_posted_again_gives_the_first_answer_and_the_same_invoice() {
    let world = World::with_shops(1).await;
    let till = &world.shops[0].till;
    let ticket = new_ticket();
    let first = till.try_sell(&ticket, 2).await.expect("the edge answers");
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.body);
    let number = till.number_of(&ticket).await;

    let again = till.try_sell(&ticket, 2).await.expect("the edge answers");
    assert_eq!(again.body, first.body, "the same answer, to the byte");
    assert!(again.status.is_success());
    let other = till.try_sell(&ticket, 3).await.expect("the edge answers");
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "another cart under the same key");

    assert_eq!(till.number_of(&ticket).await, number);
    till.sell().await;
    till.all_numbered().await;
    assert_eq!(world.count("SELECT count(*) FROM sale").await, 2);
    assert_eq!(world.count("SELECT count(*) FROM invoice").await, 2);
    world.books_are_right().await;
}

#[tokio::test]
async fn an_edge_that_starts_with_no_line_sells_with_the_catalogue_on_its_disk() {
    let mut world = World::with_shops(1).await;
    let shop = &mut world.shops[0];
    shop.till.sell().await;
    shop.till.all_numbered().await;
    shop.line.cut();
    let plan = shop.plan();
    shop.restart(plan).await;
    let offline = shop.till.sell_many(3).await;
    shop.line.restore();
    assert_eq!(shop.till.number_of(&offline[2]).await, 4);
    world.books_are_right().await;
}

#[tokio::test]
async fn a_line_that_swallows_everything_is_an_outage_too() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    shop.till.sell().await;
    shop.till.all_numbered().await;
    shop.line.stall();
    let offline = shop.till.sell_many(3).await;
    wait_until("the edge no longer calls its line up", BOUND, async || {
        (shop.till.sync().await?.link != LinkState::Up).then_some(())
    })
    .await;
    shop.line.restore();
    assert_eq!(shop.till.number_of(&offline[2]).await, 4);
    world.books_are_right().await;
}
