//! A day from the opening float to the Z report, the last part of it without a line.

use rust_decimal::Decimal;
use schemas::{
    Clock as _, Currency, DraftId, Money, SystemClock,
    edge_api::{XReport, ZReport},
    events::{MethodSums, PaidKind, TenderMethod},
    requests::KhqrOutcome,
};
use serde_json::{Value, json};
use testkit::{Payment, sqlx};
use tests::{Till, World, new_ticket};
use uuid::Uuid;

use crate::{khr, usd};

fn cents(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

/// Two dollar sales (one undone), one in riel, one by KHQR, money in and out.
async fn work_until_noon(world: &World, sokha: &Till, dara: &Till) -> schemas::TicketId {
    let first = sokha.sell_for(2, usd(20)).await;
    let undone = sokha.sell_for(2, usd(20)).await;
    sokha.sell_for(2, khr(50_000)).await;
    let ticket = new_ticket();
    let code = sokha.code(&ticket, 2, Currency::Usd).await;
    world.centre.bakong.pay(&code.md5, Payment::default());
    assert!(matches!(sokha.check(&code.md5).await, KhqrOutcome::Paid { .. }));
    let owed = Money { amount: code.amount, currency: code.currency };
    sokha.try_finalize(&ticket, 2, owed).await.expect("the edge answers").ok();
    sokha.move_cash("change", PaidKind::PaidIn, usd(10), "change").await.ok();
    sokha.move_cash("ice", PaidKind::PaidOut, khr(20_000), "ice").await.ok();
    let request = sokha.void(&undone.ticket_id).await;
    dara.approve(request, "yes").await.ok();
    first.ticket_id
}

/// The Z report of the session, in the books.
async fn z_in_the_books(world: &World) -> (String, Value) {
    let rows = world
        .rows(
            "SELECT convert_from(z.body, 'UTF8') AS body, z.body = e.payload AS same,
                e.kind, s.status, z.closed_by = s.closed_by AND z.closed_at = s.closed_at AS by,
                sale_count, sales_usd::text, vat_usd::text, void_count, voids_usd::text,
                counted_usd::text, counted_khr::text, difference_usd::text, difference_khr::text
            FROM z_report z JOIN cash_session s USING (cash_session_id)
            JOIN edge_entry e ON e.edge_id = z.edge_id AND e.seq = z.entry_seq",
        )
        .await;
    let [Value::Object(row)] = &rows[..] else { panic!("one Z report, not {rows:?}") };
    let mut row = row.clone();
    let body = row.remove("body").and_then(|body| body.as_str().map(ToOwned::to_owned));
    (body.expect("a report has its bytes"), Value::Object(row))
}

/// The bytes of the sums in a close's answer or entry.
fn sums(report: &str) -> &str {
    let from = report.find(r#""z":{"#).expect("a report has sums");
    let to = report.find(r#","rejected_voids""#).expect("a report names what it rejected");
    &report[from..to]
}

#[tokio::test]
async fn what_a_drawer_did_is_in_the_books_and_its_z_report_stands() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let sokha = &shop.till;
    let dara = shop.second_till("Counter 2", "Dara").await;
    let first = work_until_noon(&world, sokha, &dara).await;

    shop.line.cut();
    shop.knows_it_is_cut_off().await;
    let last = sokha.sell().await;
    let pending = sokha.void(&last.ticket_id).await;
    let completed_offline_at = SystemClock.now();
    let draft = DraftId::from_uuid(Uuid::now_v7());
    sokha.keep_draft(draft, 1, Till::cart(1)).await;
    let refused = sokha.close("early", cents(6_800), Decimal::from(98_300)).await;
    assert_eq!(refused.refusal(), (409, "draft_active".to_owned()));
    sokha.discard_draft(draft).await;
    let x = sokha.report("x").await.json::<XReport>();
    assert_eq!((x.pending_voids, x.report.sale_count), (1, 5));

    let closed = sokha.close("close", cents(6_800), Decimal::from(98_300)).await;
    assert_eq!(sokha.close("close", cents(6_800), Decimal::from(98_300)).await.ok(), closed.ok());
    let again = sokha.close("again", cents(6_800), Decimal::from(98_300)).await;
    assert_eq!(again.refusal(), (409, "session_closed".to_owned()));
    let report = closed.json::<ZReport>();
    assert_eq!(report.rejected_voids[0].void_request_id, pending);
    let expected: Vec<_> = report.z.drawers.iter().map(|drawer| drawer.expected).collect();
    assert_eq!(expected, [cents(6_892), Decimal::from(98_300)], "dollars, riel");
    assert_eq!(report.counted.difference_usd.amount(), cents(-92));
    assert_eq!(report.counted.difference_khr.amount(), Decimal::ZERO);
    let tickets = (report.z.first_ticket.as_ref(), report.z.last_ticket.as_ref());
    assert_eq!(tickets, (Some(&first), Some(&last.ticket_id)));
    let by_method = |method, currency, count, amount| {
        report.z.sales.contains(&MethodSums { method, currency, count, amount })
    };
    assert!(by_method(TenderMethod::Cash, Currency::Usd, 3, cents(1_338)), "{report:?}");
    assert!(by_method(TenderMethod::Cash, Currency::Khr, 1, Decimal::from(18_300)), "{report:?}");
    assert!(by_method(TenderMethod::Khqr, Currency::Usd, 1, cents(446)), "{report:?}");
    assert_eq!(report.z.sales.len(), 3);

    // What the till completed before the close comes after it.
    let late = new_ticket();
    let supplement = sokha.deliver_late(&late, completed_offline_at).await;
    let retried = sokha.deliver_late(&late, completed_offline_at).await;
    assert_eq!(retried.ok(), supplement.ok());
    let refused = sokha.deliver_late(&new_ticket(), SystemClock.now()).await;
    assert_eq!(refused.refusal(), (409, "no_open_session".to_owned()));
    let standing = sokha.report("z").await;
    assert!(standing.ok().contains(closed.ok()), "the Z report stands: {standing:?}");

    assert_eq!(world.count("SELECT count(*) FROM z_report").await, 0, "the line is cut");
    shop.line.restore();
    sokha.all_numbered().await;
    let (body, row) = z_in_the_books(&world).await;
    assert_eq!(serde_json::from_str::<ZReport>(&body).expect("a report"), report);
    assert_eq!(sums(&body), sums(closed.ok()), "to the byte");
    let expected = json!({ "same": true, "kind": "cash.session_closed", "status": "CLOSED",
        "by": true, "sale_count": 5, "sales_usd": "22.30", "vat_usd": "2.05", "void_count": 1,
        "voids_usd": "4.46", "counted_usd": "68.00", "counted_khr": "98300",
        "difference_usd": "-0.92", "difference_khr": "0" });
    assert_eq!(row, expected);
    moved(&world).await;
    rejected_by_the_close(&world).await;
    supplemented(&world, &late).await;
    let odd = "SELECT kind FROM exception WHERE kind <> 'STOCK_NEGATIVE'";
    assert_eq!(world.rows(odd).await, [json!({ "kind": "LATE_SALE" })]);
    world.books_are_right().await;
}

/// Every movement of the drawer, and none of the KHQR sale.
async fn moved(world: &World) {
    let sums = "SELECT kind, currency, count(*), trim_scale(sum(amount))::text AS amount,
            string_agg(reason, ' ') AS why
        FROM cash_movement GROUP BY kind, currency ORDER BY kind, currency";
    let row = |kind: &str, currency: &str, count: u64, amount: &str, why: Option<&str>| json!({ "kind": kind, "currency": currency, "count": count, "amount": amount, "why": why });
    let expected = [
        row("PAID_IN", "USD", 1, "10", Some("change")),
        row("PAID_OUT", "KHR", 1, "-20000", Some("ice")),
        row("REFUND_CASH", "USD", 1, "-4.46", None),
        row("SALE_CASH", "KHR", 1, "18300", None),
        row("SALE_CASH", "USD", 4, "16.85", None),
    ];
    assert_eq!(world.rows(sums).await, expected, "with the late sale");
}

/// The close's own entry rejected what was pending.
async fn rejected_by_the_close(world: &World) {
    let rejected = "SELECT r.status, s.status AS sale, r.decided_by = z.closed_by AS by,
            r.decided_at = z.closed_at AS at, a.entry_seq = z.entry_seq AS same_entry
        FROM void_request r JOIN sale s USING (sale_id)
        JOIN z_report z ON z.cash_session_id = r.cash_session_id
        JOIN audit_log a ON a.target_id = r.void_request_id AND a.action = 'VOID_REJECTED'";
    let expected = json!({ "status": "REJECTED", "sale": "FINALIZED", "by": true, "at": true,
        "same_entry": true });
    assert_eq!(world.rows(rejected).await, [expected]);
    assert_eq!(
        world.count("SELECT count(*) FROM edge_entry WHERE kind = 'void.rejected'").await,
        0
    );
}

/// The late sale is supplement 1 of its own session.
async fn supplemented(world: &World, late: &schemas::TicketId) {
    let rows: Vec<(String, i64, bool, i64)> = sqlx::query_as(
        "SELECT s.ticket_id, p.supplement_no, s.cash_session_id = p.cash_session_id
                AND s.cash_session_id = z.cash_session_id AND s.finalized_at < z.closed_at
                AND p.received_at > z.closed_at,
            i.no
         FROM z_supplement p JOIN sale s USING (sale_id) JOIN invoice i USING (sale_id)
         JOIN z_report z ON z.cash_session_id = p.cash_session_id
         JOIN exception e ON e.sale_id = s.sale_id AND e.kind = 'LATE_SALE'",
    )
    .fetch_all(&world.books.pool)
    .await
    .expect("the books answer");
    assert_eq!(rows, [(late.to_string(), 1, true, 6)]);
}
