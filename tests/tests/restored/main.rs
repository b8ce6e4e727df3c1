//! Books that were restored from an older backup: every sale and every number is back
//! as it was, and no number is given twice.

mod stage;

use stage::{Stage, told};

#[tokio::test]
async fn an_older_backup_loses_no_sale_and_no_number() {
    let mut stage = Stage::with_shops(2).await;
    let [first, second] = &stage.world.shops[..] else { panic!("two shops") };
    let mut tickets = first.till.sell_many(5).await;
    let mut others = second.till.sell_many(4).await;
    first.till.all_numbered().await;
    second.till.all_numbered().await;
    let file = stage.back_up().await;

    let [first, second] = &stage.world.shops[..] else { panic!("two shops") };
    tickets.extend(first.till.sell_many(8).await);
    others.extend(second.till.sell_many(6).await);
    first.till.all_numbered().await;
    second.till.all_numbered().await;
    let before = (told(&first.till, &tickets).await, told(&second.till, &others).await);
    let register = stage.register().await;
    assert_eq!(register.len(), 23);

    // One store has no line; both sell on while the books go back.
    second.line.cut();
    let offline = second.till.sell_many(3).await;
    stage.go_back_to(&file).await;
    assert_eq!(stage.register().await.len(), 9);
    let first = &stage.world.shops[0];
    let meanwhile = first.till.sell_many(2).await;
    stage.start_centre().await;
    stage.must_recover().await;
    let [first, second] = &stage.world.shops[..] else { panic!("two shops") };
    second.line.restore();
    first.till.booked().await;
    second.till.booked().await;
    assert_eq!(stage.register().await.len(), 9, "nothing is numbered before it is recovered");

    let dry = stage.recover(&["--dry-run"]).await;
    assert_eq!(dry["numbers_restored"], 14, "{dry}");
    assert_eq!(stage.register().await.len(), 9, "a dry run changes nothing");
    let report = stage.recover(&[]).await;
    assert_eq!(report["numbers_restored"], 14, "{report}");
    assert_eq!(report["lost"].as_array().map(Vec::len), Some(0), "{report}");

    // New sales get new numbers, and the old ones are what they were.
    let [first, second] = &stage.world.shops[..] else { panic!("two shops") };
    first.till.sell().await;
    first.till.all_numbered().await;
    second.till.all_numbered().await;
    let after = stage.register().await;
    assert_eq!(after.len(), 23 + 3 + 2 + 1);
    for (no, row) in &register {
        assert_eq!(after.get(no), Some(row), "number {no}");
    }
    let now = (told(&first.till, &tickets).await, told(&second.till, &others).await);
    assert_eq!(now, before, "what tills were told stands");
    for ticket in offline.iter().chain(&meanwhile) {
        let taken = after.values().filter(|(of, _)| *of == ticket.to_string()).count();
        assert_eq!(taken, 1, "ticket {ticket} has one number");
    }
    stage.world.books_are_right().await;
    assert_eq!(stage.must(&["recover"]).await.trim(), "the books need no recovery");
}
