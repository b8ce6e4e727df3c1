//! The register through the door.

use schemas::{back_office::Scope, facts::InvoiceAssignedV1};
use store::invoices;
use testkit::seed_company;

use super::shop::Shop;
use crate::setup::token;

#[tokio::test]
async fn the_register_is_exported_whole_in_both_formats() {
    let mut shop = Shop::open(2).await;
    shop.sell(0, 5).await;
    shop.sell(1, 5).await;
    shop.number().await;
    let series = shop.door.company.series_id;
    let mut conn = shop.door.books.pool.acquire().await.unwrap();
    let rows = invoices::after_no(&mut conn, series, 0, 100).await.unwrap();
    assert_eq!(rows.len(), 10);

    let lists = shop.all("/v1/series", 1).await;
    assert_eq!(lists[0]["last_no"], 10);
    assert_eq!(lists[0]["head_hash"], rows[9].hash.to_string());

    let lines = shop.door.get(&format!("/v1/series/{series}/register.jsonl")).await;
    let head = format!("10:{}", rows[9].hash);
    assert_eq!(lines.headers()["register-head"], head.as_str());
    let lines = lines.text().await.unwrap();
    let read: Vec<InvoiceAssignedV1> =
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(read, rows);

    let table = shop.door.get(&format!("/v1/series/{series}/register.csv")).await;
    assert_eq!(table.headers()["register-head"], head.as_str());
    let table = table.text().await.unwrap();
    let mut table = csv::Reader::from_reader(table.as_bytes());
    let read: Vec<InvoiceAssignedV1> = table.deserialize().map(Result::unwrap).collect();
    assert_eq!(read, rows);

    let own: Vec<_> = shop.all(&shop.at(0, "invoices"), 2).await;
    assert_eq!(own.len(), 5);
    assert_eq!(own[0]["mapping_seq"], 5);
}

#[tokio::test]
async fn a_register_of_more_than_one_page_comes_in_order() {
    let shop = Shop::open(1).await;
    let (pool, company) = (&shop.door.books.pool, &shop.door.company);
    crate::rows::invoices(pool, company, shop.door.store(0), 2_500).await;
    testkit::damage(pool, "UPDATE invoice_series SET last_no = 2500").await;
    let path = format!("/v1/series/{}/register.jsonl", company.series_id);
    let lines = shop.door.get(&path).await.text().await.unwrap();
    let numbers: Vec<u64> = lines
        .lines()
        .map(|line| serde_json::from_str::<InvoiceAssignedV1>(line).unwrap().no)
        .collect();
    assert!(numbers.iter().copied().eq(1..=2_500));
    // A register that ends too early has no proper end.
    testkit::damage(pool, "UPDATE invoice_series SET last_no = 2501").await;
    assert!(shop.door.get(&path).await.bytes().await.is_err());
}

#[tokio::test]
async fn a_register_is_the_whole_companys_and_nobody_elses() {
    let shop = Shop::open(1).await;
    let path = format!("/v1/series/{}/register.csv", shop.door.company.series_id);
    let own = [shop.door.store(0).branch_id];
    let books = &shop.door.books;
    let tenant = shop.door.company.tenant_id;
    let limited = token(books, tenant, &[Scope::BooksRead], Some(&own)).await;
    let get = reqwest::Method::GET;
    assert_eq!(shop.door.send(get.clone(), &path, Some(&limited)).await.status(), 403);
    let other = seed_company(&books.pool, 1).await;
    let foreign = token(books, other.tenant_id, &[Scope::BooksRead], None).await;
    assert_eq!(shop.door.send(get, &path, Some(&foreign)).await.status(), 404);
}
