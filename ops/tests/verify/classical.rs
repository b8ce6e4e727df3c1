//! What the bench compares with writes the same rows: `verify` holds on them.

use schemas::{Clock, SystemClock};
use store::{
    classical::{self, ClassicalSale},
    verify,
};
use testkit::{
    Books, seed_company,
    sqlx::{self, Executor},
};

use crate::sold::book;

/// The cursor is the pipeline's own; the classical way has none.
const LEVEL: &str = "UPDATE edge_cursor c SET last_seq = e.seq, head_hash = e.hash
    FROM edge_entry e WHERE e.edge_id = c.edge_id
    AND e.seq = (SELECT max(seq) FROM edge_entry n WHERE n.edge_id = c.edge_id)";

#[tokio::test]
async fn verify_holds_on_sales_that_were_booked_the_classical_way() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 2).await;
    let mut conn = books.pool.acquire().await.unwrap();
    for store in &company.stores {
        let mut journal = store.journal();
        let opened = journal.open_session();
        book(&books.pool, store, &[opened]).await;
        // The ledgers begin before the first sale takes from them.
        let stock = "INSERT INTO stock_level (branch_id, stock_item_id, level, last_no, updated_at)
            VALUES ($1, $2, 0, 0, now()) ON CONFLICT DO NOTHING";
        for _ in 0..5 {
            let (sale, entry) = journal.sell();
            for line in &sale.deductions {
                let insert = sqlx::query(stock).bind(store.branch_id.as_uuid());
                insert.bind(line.stock_item_id.as_uuid()).execute(&books.pool).await.unwrap();
            }
            let sale = ClassicalSale { entry, sale };
            let now = SystemClock.now();
            classical::book(&mut conn, company.series_id, &sale, now).await.unwrap();
        }
    }
    conn.execute(LEVEL).await.unwrap();
    let checks = verify::books(&books.pool).await.unwrap();
    let failed: Vec<_> = checks.iter().filter(|check| !check.ok).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    let register = checks.iter().find(|check| check.name == "register").unwrap();
    assert_eq!(register.count("invoices"), 10);
}
