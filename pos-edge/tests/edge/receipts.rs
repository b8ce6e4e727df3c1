//! Receipts: read in every form, and printed by a printer on the network.

use std::net::SocketAddr;

use pos_edge::{capture::request_hash, journal::PrintBegun};
use reqwest::Method;
use schemas::{Sha256Hash, TicketId, facts::InvoiceAssignedV1};
use serde::Serialize;
use serde_json::{Value, json};
use testkit::BOUND;
use tokio::{io::AsyncReadExt, net::TcpListener};
use uuid::Uuid;

use crate::{
    store::{Reply, Store, settings},
    tickets,
};

const CUT: &[u8] = b"\x1dVA\0";

/// A store that sold one cart, under the ticket `t0`.
async fn sold() -> Store {
    let store = Store::with_menu().await;
    let session = store.till.open_session().await;
    store.till.sell("t0", &session).await.ok(201);
    store
}

/// The same, with a Khmer latte.
async fn sold_khmer() -> Store {
    let mut store = Store::empty().await;
    store
        .publish(1, |menu| {
            for item in menu.items.iter_mut().filter(|item| item.name == "Latte") {
                item.name = "កាហ្វេឡាតេ <ក្ដៅ>".to_owned();
            }
        })
        .await;
    store.till = store.till.paired("Counter 1").await.logged_in("Sokha").await;
    let session = store.till.open_session().await;
    store.till.sell("t0", &session).await.ok(201);
    store
}

async fn number(store: &Store) {
    let row = tickets::row(store, 2, "t0", 1).await;
    let row = InvoiceAssignedV1 { hash: Sha256Hash::from_bytes([0xab; 32]), ..row };
    store.journal.record_invoices(&[row]).await.unwrap();
}

async fn receipt(store: &Store, query: &str) -> Reply {
    store.till.get(&format!("/v1/sales/t0/receipt{query}")).await
}

async fn html(store: &Store, query: &str) -> String {
    let reply = receipt(store, &format!("?format=html{query}")).await;
    assert_eq!(reply.status, 200);
    assert_eq!(reply.headers["content-type"], "text/html; charset=utf-8");
    let policy = reply.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    String::from_utf8(reply.body).unwrap()
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A printer that keeps each receipt it gets.
struct Printer {
    address: SocketAddr,
    listener: TcpListener,
}

impl Printer {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        Self { address: listener.local_addr().unwrap(), listener }
    }

    async fn takes(&self) -> Vec<u8> {
        let taking = async {
            let (mut line, _) = self.listener.accept().await.unwrap();
            let mut taken = Vec::new();
            line.read_to_end(&mut taken).await.unwrap();
            taken
        };
        tokio::time::timeout(BOUND, taking).await.unwrap()
    }

    /// What it got, and what the till was told.
    async fn prints(&self, store: &Store, body: &Value) -> (Vec<u8>, Value) {
        let (taken, reply) = tokio::join!(self.takes(), print(store, body));
        (taken, reply.ok(200))
    }
}

/// A request to print, as the edge reads it.
#[derive(Serialize)]
struct Asked {
    printer: String,
    paper: Option<()>,
    lang: Option<()>,
}

/// Prints under a key of its own.
async fn print(store: &Store, body: &Value) -> Reply {
    print_under(store, &Uuid::now_v7().to_string(), body).await
}

async fn print_under(store: &Store, key: &str, body: &Value) -> Reply {
    let asked = store.till.request(Method::POST, "/v1/sales/t0/print");
    store.till.send(asked.header("Idempotency-Key", key).json(body)).await
}

#[tokio::test]
async fn a_receipt_tells_what_the_sale_told() {
    let store = sold().await;
    let sale = store.till.get("/v1/sales/t0").await.ok(200);
    let shown = receipt(&store, "").await.ok(200);
    for figure in [
        "ticketId",
        "sale_id",
        "lines",
        "subtotal_usd",
        "vat",
        "grand_total_usd",
        "grand_total_khr",
        "fx_rate_khr_per_usd",
        "khr_rounding",
        "payable_khr",
    ] {
        assert_eq!(shown[figure], sale[figure], "{figure}");
    }
    assert_eq!(shown["seller"]["tin"], "K001-900000001");
    assert_eq!((&shown["invoice"], &shown["copy"]), (&Value::Null, &json!(false)));
    assert_eq!(receipt(&store, "?format=json&copy=true").await.ok(200)["copy"], true);
}

#[tokio::test]
async fn a_ticket_becomes_an_invoice_when_its_number_has_come() {
    let store = sold().await;
    let ticket = html(&store, "").await;
    assert!(ticket.contains("<html lang=\"en\">"), "{ticket}");
    assert!(ticket.contains(">Ticket t0<"), "{ticket}");
    assert!(ticket.contains("Official invoice number will be assigned upon sync."), "{ticket}");
    // The store's clock is Phnom Penh's.
    assert!(ticket.contains("2026-01-05 08:00"), "{ticket}");

    number(&store).await;
    let store = store.restart().await;
    let invoice = html(&store, "").await;
    assert!(invoice.contains(">Invoice #101<"), "{invoice}");
    assert!(invoice.contains(">abababab<"), "{invoice}");
    assert!(!invoice.contains("will be assigned"), "{invoice}");
    assert_eq!(
        receipt(&store, "").await.ok(200)["invoice"],
        json!({ "no": 101, "printed": "INV-000101", "chain_hash": "ab".repeat(32) })
    );
}

#[tokio::test]
async fn html_comes_in_khmer_and_for_both_rolls() {
    let store = sold_khmer().await;
    let khmer = html(&store, "&lang=km&paper=58&copy=true").await;
    assert!(khmer.contains("<html lang=\"km\">") && khmer.contains("@page{size:58mm"), "{khmer}");
    assert!(khmer.contains("កាហ្វេឡាតេ &lt;ក្ដៅ&gt;"), "{khmer}");
    assert!(khmer.contains(">ច្បាប់ចម្លង<"), "{khmer}");
    let english = html(&store, "&lang=en&paper=80").await;
    assert!(english.contains("@page{size:80mm") && !english.contains(">COPY<"), "{english}");
}

#[tokio::test]
async fn bytes_for_a_printer_have_khmer_as_a_picture() {
    let store = sold_khmer().await;
    let english = receipt(&store, "?format=escpos&paper=58").await;
    assert_eq!(english.status, 200);
    assert_eq!(english.headers["content-type"], "application/octet-stream");
    assert!(english.body.starts_with(b"\x1b@") && english.body.ends_with(CUT));
    assert!(contains(&english.body, b"Total USD                   5.74"));
    // 48 bytes are 384 dots, 72 are 576.
    assert!(contains(&english.body, b"\x1dv0\0\x30\0"));
    let khmer = receipt(&store, "?format=escpos&paper=80&lang=km").await;
    assert!(contains(&khmer.body, b"\x1dv0\0\x48\0"));
    assert!(!contains(&khmer.body, b"Total USD"));
}

#[tokio::test]
async fn what_is_asked_wrongly_is_a_problem() {
    let store = sold().await;
    for query in ["format=pdf", "paper=76", "lang=fr", "copy=maybe", "page=1"] {
        let refused = receipt(&store, &format!("?{query}")).await;
        assert_eq!(refused.problem(400), "invalid_query", "{query}");
    }
    let missing = store.till.get("/v1/sales/t9/receipt").await;
    assert_eq!(missing.problem(404), "ticket_not_found");
    assert_eq!(print(&store, &json!({})).await.problem(409), "no_printer");
    for printer in ["printer", "8.8.8.8", "", "10.0.0.1:0"] {
        let refused = print(&store, &json!({ "printer": printer })).await;
        assert_eq!(refused.problem(422), "invalid_printer", "{printer}");
    }
    assert_eq!(print(&store, &json!({ "paper": "76" })).await.problem(422), "invalid_request");
    assert_eq!(print(&store, &json!({ "colour": 1 })).await.problem(422), "invalid_request");
    let bare = store.till.request(Method::POST, "/v1/sales/t0/print").body("{}");
    assert_eq!(
        store.till.send(bare.header("Idempotency-Key", "bare")).await.problem(415),
        "unsupported_media_type"
    );
    let keyless = store.till.request(Method::POST, "/v1/sales/t0/print").json(&json!({}));
    assert_eq!(store.till.send(keyless).await.problem(400), "missing_idempotency_key");
}

#[tokio::test]
async fn the_first_print_is_the_original_and_every_later_one_a_copy() {
    let store = sold().await;
    let printer = Printer::new().await;
    let body = json!({ "printer": printer.address.to_string(), "paper": "58" });
    let (original, told) = printer.prints(&store, &body).await;
    assert_eq!(
        told,
        json!({
            "ticketId": "t0", "printer": printer.address.to_string(), "prints": 1, "copy": false,
        })
    );
    assert!(contains(&original, b"Ticket t0") && !contains(&original, b"COPY"));
    assert_eq!(original, receipt(&store, "?format=escpos&paper=58").await.body);

    // Reading a receipt is not printing it.
    let (copy, told) = printer.prints(&store, &body).await;
    assert_eq!((&told["prints"], &told["copy"]), (&json!(2), &json!(true)));
    assert!(contains(&copy, b"COPY"));

    // Its number and a restart change nothing about that.
    number(&store).await;
    let store = store.restart().await;
    let (copy, told) = printer.prints(&store, &body).await;
    assert_eq!(told["prints"], 3);
    assert!(contains(&copy, b"COPY") && contains(&copy, b"Invoice #101"));
    assert!(copy.ends_with(CUT));
}

#[tokio::test]
async fn a_print_that_is_asked_for_again_comes_out_once() {
    let store = sold().await;
    let printer = Printer::new().await;
    let body = json!({ "printer": printer.address.to_string() });
    let (_, first) = tokio::join!(printer.takes(), print_under(&store, "p1", &body));
    let first = first.ok(200);
    // The printer is off by now, and the edge was restarted.
    drop(printer);
    let store = store.restart().await;
    assert_eq!(print_under(&store, "p1", &body).await.ok(200), first);
    let other = print_under(&store, "p1", &json!({ "printer": "10.0.0.1" })).await;
    assert_eq!(other.problem(422), "idempotency_key_conflict");

    // A print that broke off with the edge may have come out: nobody prints it again.
    let printer = Printer::new().await;
    let body = json!({ "printer": printer.address.to_string() });
    let asked = Asked { printer: printer.address.to_string(), paper: None, lang: None };
    let hash = request_hash(&("t0", asked));
    let (ticket, key) = (TicketId::parse("t0").unwrap(), TicketId::parse("p2").unwrap());
    let begun = store.journal.begin_print(ticket, key, hash).await.unwrap();
    assert_eq!(begun, PrintBegun::New(2));
    assert_eq!(print_under(&store, "p2", &body).await.problem(409), "print_uncertain");
    let (copy, told) = printer.prints(&store, &body).await;
    assert_eq!((&told["prints"], contains(&copy, b"COPY")), (&json!(3), true));
}

#[tokio::test]
async fn prints_at_once_make_one_original() {
    let store = sold().await;
    let printer = Printer::new().await;
    let body = json!({ "printer": printer.address.to_string() });
    let printed = (0..4).map(|_| printer.prints(&store, &body));
    let printed = futures::future::join_all(printed).await;
    let originals = printed.iter().filter(|(bytes, _)| !contains(bytes, b"COPY")).count();
    assert_eq!(originals, 1);
}

#[tokio::test]
async fn a_printer_that_is_off_prints_no_original() {
    let store = sold().await;
    let printer = Printer::new().await;
    let address = printer.address;
    drop(printer);
    let body = json!({ "printer": address.to_string() });
    let refused = print(&store, &body).await;
    assert_eq!(refused.problem(502), "printer_unreachable");
    let detail = refused.json()["detail"].as_str().unwrap().to_owned();
    assert!(detail.contains(&address.to_string()), "{detail}");
    let printer = Printer::new().await;
    let body = json!({ "printer": printer.address.to_string() });
    assert_eq!(printer.prints(&store, &body).await.1["copy"], false);
}

#[tokio::test]
async fn without_a_body_the_store_s_own_printer_and_language_are_taken() {
    let left = sold_khmer().await.stop().await;
    let printer = Printer::new().await;
    let mut settings = settings(left.dir.path(), left.identity);
    settings.receipts.printer = Some(printer.address.into());
    settings.receipts.language = receipt::Language::Km;
    settings.receipts.paper = receipt::Paper::Mm58;
    let mut store = Store::start_with(settings, left.dir, left.clock).await;
    store.till.token = left.token;
    let bare = store.till.request(Method::POST, "/v1/sales/t0/print");
    let bare = bare.header("Idempotency-Key", "bare");
    let (taken, reply) = tokio::join!(printer.takes(), store.till.send(bare));
    assert_eq!(reply.ok(200)["printer"], printer.address.to_string());
    assert_eq!(taken, receipt(&store, "?format=escpos&paper=58&lang=km").await.body);
    assert!(html(&store, "").await.contains("<html lang=\"km\">"));
    let missing = store.till.request(Method::POST, "/v1/sales/t9/print");
    let missing = missing.header("Idempotency-Key", "missing");
    assert_eq!(store.till.send(missing).await.problem(404), "ticket_not_found");
}
