//! Voids, while headquarters is away or dies.

use schemas::events::SaleStatus;
use testkit::BOUND;
use tests::World;

const UNDONE: &str = "SELECT count(*) FROM sale s JOIN sale_order o USING (sale_id)
    WHERE s.status = 'VOIDED' AND o.status = 'VOIDED'";
const REFUNDS: &str = "SELECT count(*) FROM cash_movement WHERE kind = 'REFUND_CASH'";

#[tokio::test]
async fn a_void_of_a_sale_that_has_no_number_yet_ends_with_both() {
    let mut world = World::with_shops(1).await;
    world.centre.numbering.kill();
    let shop = &world.shops[0];
    let dara = shop.second_till("Counter 2", "Dara").await;
    let sale = shop.till.sell().await;
    let request = shop.till.void(&sale.ticket_id).await;
    dara.approve(request, "yes").await.ok();
    world.becomes(UNDONE, 1).await;
    assert_eq!(world.count("SELECT count(*) FROM invoice").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM numbering_queue").await, 1);

    world.centre.numbering = world.centre.plan("numbering").start();
    let till = &world.shops[0].till;
    assert_eq!(till.number_of(&sale.ticket_id).await, 1);
    let row = till.ticket(&sale.ticket_id).await.expect("it is listed");
    assert_eq!(row.sale_status, SaleStatus::Voided);
    assert_eq!((world.count(UNDONE).await, world.count(REFUNDS).await), (1, 1));
    world.books_are_right().await;
}

/// A worker takes a whole void, from the sale to the approval, and dies there; a
/// healthy one goes on.
async fn a_worker_dies_with_a_void(failpoint: &str, booked: i64) {
    let mut world = World::with_shops(1).await;
    let dara = world.shops[0].second_till("Counter 2", "Dara").await;
    let sold = world.shops[0].till.sell().await;
    world.shops[0].till.all_numbered().await;

    world.centre.workers.kill();
    let request_id = world.shops[0].till.void(&sold.ticket_id).await;
    let approved = dara.approve(request_id, "yes").await;
    let plan = world.centre.plan("workers").failpoint(&format!("{failpoint}=return"));
    world.centre.workers = plan.start();
    world.centre.workers.ended(BOUND).await;
    // Entries come one by one or together: what is booked is whole.
    let request = "SELECT count(*) FROM void_request WHERE status IN ('PENDING', 'APPROVED')";
    assert_eq!(world.count(request).await, booked);
    let (undone, refunds) = (world.count(UNDONE).await, world.count(REFUNDS).await);
    assert_eq!(undone, refunds);

    world.centre.workers = world.centre.plan("workers").start();
    world.becomes(UNDONE, 1).await;
    world.shops[0].till.booked().await;
    let replay = dara.approve(request_id, "yes").await;
    assert_eq!(replay.ok(), approved.ok());
    assert_eq!(world.count(REFUNDS).await, 1);
    let given_back = "SELECT count(*) FROM stock_journal WHERE reason = 'VOID'";
    assert_eq!(world.count(given_back).await, 3);
    assert_eq!(world.count("SELECT count(*) FROM stock_level WHERE level <> 0").await, 0);
    assert_eq!(world.count("SELECT count(*) FROM invoice").await, 1);
    world.books_are_right().await;
}

#[tokio::test]
async fn a_worker_dies_before_it_commits_a_void() {
    a_worker_dies_with_a_void("worker.before_commit", 0).await;
}

#[tokio::test]
async fn a_worker_dies_after_it_committed_a_void() {
    a_worker_dies_with_a_void("worker.after_commit", 1).await;
}

#[tokio::test]
async fn a_worker_dies_after_it_acked_a_void() {
    a_worker_dies_with_a_void("worker.after_ack", 1).await;
}
