//! What is in the books, read through the door.

use std::collections::BTreeSet;

use reqwest::Method;
use schemas::{
    SaleId,
    back_office::{
        AuditRow, ExceptionRow, SaleRow, Scope, StockLevelRow, StockReason, StockRow, TicketRow,
        VoidRequestRow, VoidRequestStatus, ZReportRow,
    },
    events::{OrderStatus, SaleStatus},
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use testkit::sample_id;

use super::shop::{Shop, json};
use crate::setup::token;

fn typed<T: DeserializeOwned>(rows: Vec<Value>) -> Vec<T> {
    rows.into_iter().map(|row| serde_json::from_value(row).unwrap()).collect()
}

#[tokio::test]
async fn sales_come_with_lines_and_numbers_page_by_page_of_their_own_store() {
    let mut shop = Shop::open(2).await;
    shop.sell(0, 7).await;
    shop.sell(1, 2).await;
    shop.number().await;
    let sales: Vec<SaleRow> = typed(shop.all(&shop.at(0, "sales"), 3).await);
    assert_eq!(sales.len(), 7);
    assert!(sales.is_sorted_by(|a, b| a.finalized_at > b.finalized_at), "the newest first");
    let ids: BTreeSet<SaleId> = sales.iter().map(|sale| sale.sale_id).collect();
    assert_eq!(ids.len(), 7);
    for sale in &sales {
        assert_eq!(sale.status, SaleStatus::Finalized);
        assert_eq!(sale.order_status, OrderStatus::InPrep);
        assert!(sale.invoice_no.is_some());
        let lines: Vec<&str> = sale.lines.iter().map(|line| line.name.as_str()).collect();
        assert_eq!(lines, ["Latte", "Water"]);
        let sum = sale.lines.iter().map(|line| line.line_total_usd.amount()).sum();
        assert_eq!(sale.subtotal_usd.amount(), sum);
    }
    assert_eq!(shop.all(&shop.at(1, "sales"), 50).await.len(), 2);

    // Between two moments: from is within, to is not.
    let (third, fifth) = (sales[4].finalized_at, sales[2].finalized_at);
    let between = format!("sales?from={third}&to={fifth}");
    let between: Vec<SaleRow> = typed(shop.all(&shop.at(0, &between), 1).await);
    assert_eq!(between, sales[3..5]);

    let tickets: Vec<TicketRow> = typed(shop.all(&shop.at(0, "tickets"), 4).await);
    let numbers = |row: &TicketRow| (row.ticket_id.clone(), row.invoice_no);
    let sold = |row: &SaleRow| (row.ticket_id.clone(), row.invoice_no);
    assert!(tickets.iter().map(numbers).eq(sales.iter().map(sold)));
    let one = shop.read(&format!("/v1/tickets/{}", sales[0].ticket_id)).await;
    assert_eq!(serde_json::from_value::<TicketRow>(one).unwrap(), tickets[0]);
}

#[tokio::test]
async fn z_reports_come_as_they_were_with_their_supplements() {
    let mut shop = Shop::open(1).await;
    let journal = &mut shop.journals[0];
    let mut entries = journal.sell_many(2);
    let closed = journal.next_close(1.into());
    entries.push(journal.append(schemas::EntryKind::CashSessionClosed, &closed));
    let (late, entry) = journal.sell();
    entries.push(entry);
    shop.book(0, &entries).await;
    let reports: Vec<ZReportRow> = typed(shop.all(&shop.at(0, "z-reports"), 50).await);
    let [report] = &reports[..] else { panic!("one report, not {reports:?}") };
    assert_eq!(report.report, closed.z);
    assert_eq!(report.counted, closed.counted);
    let [supplement] = &report.supplements[..] else { panic!("one supplement") };
    assert_eq!((supplement.supplement_no, supplement.sale_id), (1, late.sale_id));
    let odd: Vec<ExceptionRow> = typed(shop.all(&shop.at(0, "exceptions"), 1).await);
    assert!(odd.iter().any(|odd| odd.sale_id == Some(late.sale_id)), "{odd:?}");
}

#[tokio::test]
async fn stock_the_audit_log_and_void_requests_are_read() {
    let mut shop = Shop::open(1).await;
    let (first, sold) = shop.journals[0].sell();
    let (second, also_sold) = shop.journals[0].sell();
    let (asked, request) = shop.journals[0].request_void(&first);
    let approved = shop.journals[0].approve_void(asked.void_request_id, &first, None);
    let (pending, another) = shop.journals[0].request_void(&second);
    shop.book(0, &[sold, also_sold, request, approved, another]).await;

    let levels: Vec<StockLevelRow> = typed(shop.all(&shop.at(0, "stock"), 1).await);
    let water = levels.iter().find(|row| row.stock_item_id == sample_id("bottled water")).unwrap();
    assert_eq!((water.level, water.stock_no), ((-1).into(), 3));
    let journal = shop.at(0, &format!("stock/{}/journal", water.stock_item_id));
    let journal: Vec<StockRow> = typed(shop.all(&journal, 2).await);
    let told: Vec<_> = journal.iter().map(|row| (row.stock_no, row.reason)).collect();
    let (sale, void) = (StockReason::Sale, StockReason::Void);
    assert_eq!(told, [(3, void), (2, sale), (1, sale)]);
    assert_eq!(journal[0].level_after, water.level);

    let audit: Vec<AuditRow> = typed(shop.all(&shop.at(0, "audit"), 2).await);
    assert!(audit.is_sorted_by(|a, b| a.audit_id > b.audit_id));
    let actions: BTreeSet<&str> = audit.iter().map(|row| row.action.as_str()).collect();
    for action in ["SALE_FINALIZED", "VOID_REQUESTED", "VOID_APPROVED"] {
        assert!(actions.contains(action), "{actions:?}");
    }

    let requests: Vec<VoidRequestRow> = typed(shop.all(&shop.at(0, "void-requests"), 1).await);
    let stand: Vec<_> = requests.iter().map(|row| (row.void_request_id, row.status)).collect();
    let (open, done) = (VoidRequestStatus::Pending, VoidRequestStatus::Approved);
    assert_eq!(stand, [(pending.void_request_id, open), (asked.void_request_id, done)]);
    let undecided = shop.all(&shop.at(0, "void-requests?status=PENDING"), 50).await;
    assert_eq!(undecided.len(), 1);
}

#[tokio::test]
async fn every_list_refuses_what_makes_no_sense_and_shows_nothing_of_others() {
    let shop = Shop::open(2).await;
    let own = [shop.door.store(0).branch_id];
    let tenant = shop.door.company.tenant_id;
    let limited = token(&shop.door.books, tenant, &[Scope::BooksRead], Some(&own)).await;
    for list in [
        "sales",
        "tickets",
        "z-reports",
        "stock",
        "exceptions",
        "audit",
        "void-requests",
        "invoices",
    ] {
        for wrong in ["limit=0", "limit=201", "cursor=xyz", "cursor=00", "nonsense=1"] {
            let answer = shop.door.get(&shop.at(0, &format!("{list}?{wrong}"))).await;
            assert_eq!(answer.status(), 400, "{list} {wrong}");
            assert_eq!(json(answer).await["code"], "bad_parameter", "{list} {wrong}");
        }
        let foreign = shop.door.send(Method::GET, &shop.at(1, list), Some(&limited)).await;
        assert_eq!(foreign.status(), 404, "{list}");
        let seen = shop.door.send(Method::GET, &shop.at(0, list), Some(&limited)).await;
        assert_eq!(seen.status(), 200, "{list}");
    }
    let branches = shop.door.send(Method::GET, "/v1/branches", Some(&limited)).await;
    assert_eq!(json(branches).await.as_array().unwrap().len(), 1);
    assert_eq!(shop.read("/v1/branches").await.as_array().unwrap().len(), 2);
    assert_eq!(shop.door.get("/v1/tickets/nobody").await.status(), 404);
}
