//! The edge dies (SIGKILL) at every step between the fsync of a sale and the
//! note that the books have it. What was answered is there, once.

use testkit::BOUND;
use tests::{World, new_ticket};

/// Sells until the edge dies at `failpoint`, starts it again, sends the
/// unanswered ticket again, and looks in the books.
async fn dies_at(failpoint: &str) {
    let mut world = World::with_shops(1).await;
    let shop = &mut world.shops[0];
    let mut tickets = shop.till.sell_many(3).await;
    shop.till.all_numbered().await;

    // The fifth time, so that it dies amid work and not while it starts.
    let plan = shop.plan().failpoint(&format!("{failpoint}=4*off->return"));
    shop.restart(plan).await;
    let unanswered = loop {
        let ticket = new_ticket();
        match shop.till.try_sell(&ticket, 2).await {
            Some(answer) if answer.status.is_success() => tickets.push(ticket),
            Some(answer) => panic!("a sale was refused: {answer:?}"),
            None => break ticket,
        }
        assert!(tickets.len() < 5_000, "the edge never came by {failpoint}");
    };
    shop.edge.ended(BOUND).await;

    let plan = shop.plan();
    shop.restart(plan).await;
    shop.till.sell_patiently(&unanswered).await;
    tickets.push(unanswered);
    shop.till.all_numbered().await;
    let mut listed: Vec<_> =
        shop.till.tickets().await.into_iter().map(|row| row.ticket_id).collect();
    listed.sort();
    tickets.sort();
    assert_eq!(listed, tickets, "each sale that was answered, once");
    let sales = world.count("SELECT count(*) FROM sale").await;
    assert_eq!(usize::try_from(sales).expect("a count"), tickets.len());
    world.books_are_right().await;
}

#[tokio::test]
async fn after_the_fsync_before_the_answer() {
    dies_at("edge.after_fsync").await;
}

#[tokio::test]
async fn after_publishing() {
    dies_at("edge.after_publish").await;
}

#[tokio::test]
async fn after_the_brokers_ack() {
    dies_at("edge.after_broker_ack").await;
}

#[tokio::test]
async fn before_it_notes_the_confirmation() {
    dies_at("edge.before_confirm").await;
}

#[tokio::test]
async fn after_it_noted_the_confirmation() {
    dies_at("edge.after_confirm").await;
}
