//! Receipts: a ticket while the line is down, the official invoice after it, as the
//! register has it.

use std::process::Command;

use schemas::back_office::Scope;
use serde_json::{Value, json};
use testkit::{bin, scratch_dir, sqlx};
use tests::{Till, World};

const LATER: &str = "Official invoice number will be assigned upon sync.";

async fn receipt(till: &Till, ticket: &schemas::TicketId, query: &str) -> String {
    let answer = till.read(&format!("/v1/sales/{ticket}/receipt{query}")).await;
    answer.ok().to_owned()
}

#[tokio::test]
async fn a_receipt_shows_the_number_that_the_register_gave_with_its_chain() {
    let world = World::with_shops(1).await;
    let shop = &world.shops[0];
    let office = world.client(0, &[Scope::BooksRead, Scope::CatalogueWrite]).await;
    let form = json!({ "revision": 1, "per_branch": false, "yearly": true,
        "form": "INV-{yyyy}-{no:06}" });
    let set = office.put("/v1/company/numbering", &form).await;
    assert_eq!(set.status, 200, "{set:?}");
    shop.till.sell().await;
    shop.till.all_numbered().await;
    shop.line.cut();
    shop.knows_it_is_cut_off().await;
    let ticket = shop.till.sell().await.ticket_id;
    let before = receipt(&shop.till, &ticket, "?format=html").await;
    assert!(before.contains(&format!(">Ticket {ticket}<")) && before.contains(LATER), "{before}");
    let plain: Value = serde_json::from_str(&receipt(&shop.till, &ticket, "").await).expect("JSON");
    assert_eq!(plain["invoice"], Value::Null);

    shop.line.restore();
    assert_eq!(shop.till.number_of(&ticket).await, 2);
    let (printed, hash): (String, String) = sqlx::query_as(
        "SELECT i.printed, encode(i.hash, 'hex') FROM invoice i
         WHERE i.ticket_id = $1 AND i.no = 2
           AND i.printed = 'INV-' || to_char(i.issued_at AT TIME ZONE 'Asia/Phnom_Penh', 'YYYY')
               || '-000002'",
    )
    .bind(ticket.as_str())
    .fetch_one(&world.books.pool)
    .await
    .expect("the register has it, printed as the company says");
    let plain: Value = serde_json::from_str(&receipt(&shop.till, &ticket, "").await).expect("JSON");
    assert_eq!(plain["invoice"], json!({ "no": 2, "printed": printed, "chain_hash": hash }));
    let after = receipt(&shop.till, &ticket, "?format=html").await;
    for shown in [">Invoice #2<".to_owned(), printed.clone(), format!(">{}<", &hash[..8])] {
        assert!(after.contains(&shown), "{shown} is not in {after}");
    }
    assert!(!after.contains(LATER) && !after.contains("COPY"), "{after}");
    assert!(receipt(&shop.till, &ticket, "?format=html&copy=true").await.contains(">COPY<"));
    world.books_are_right().await;
}

#[tokio::test]
async fn a_register_that_was_exported_is_checked_without_the_books() {
    let world = World::with_shops(1).await;
    let till = &world.shops[0].till;
    till.sell_many(5).await;
    till.all_numbered().await;
    let office = world.client(0, &[Scope::BooksRead]).await;
    let dir = scratch_dir();
    for format in ["csv", "jsonl"] {
        let path = format!("/v1/series/{}/register.{format}", world.company.series_id);
        let (head, register) = office.download(&path, "register-head").await;
        assert!(head.starts_with("5:"), "{head}");
        let file = dir.path().join(format!("register.{format}"));
        let verify = async |register: &str| {
            std::fs::write(&file, register).expect("a file can be written");
            let mut check = Command::new(bin("tillstream"));
            check.arg("verify-register").arg(&file).args(["--head", &head]);
            check.output().expect("the checker runs").status.success()
        };
        assert!(verify(&register).await, "{register}");
        let damaged = register.replacen("4.46", "4.45", 1);
        assert_ne!(damaged, register);
        assert!(!verify(&damaged).await, "{damaged}");
        let last = register.trim_end().rfind('\n').expect("lines");
        assert!(!verify(&register[..=last]).await, "the last row is missing");
    }
}
