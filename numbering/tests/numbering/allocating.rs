//! Batches, without lease, broker or service: the row's lock alone.

use numbering::{Batch, allocate_batch};
use schemas::{SeriesId, SystemClock};
use store::Pool;
use testkit::{Books, Company, seed_company, sqlx};

use crate::stage::{enqueue, register, verify};

const ROUNDS: usize = 12;
const SALES: usize = 60;

/// Whether both registers are complete.
async fn all_numbered(pool: &Pool, series: &[SeriesId]) -> bool {
    for series in series {
        if register(pool, *series).await.len() < ROUNDS * SALES {
            return false;
        }
    }
    true
}

fn allocated(company: &Company, sales: u32, last_no: u64) -> Batch {
    Batch { sales, heads: vec![(company.series_id, last_no)], ..Batch::default() }
}

#[tokio::test]
async fn allocators_that_know_nothing_of_each_other_share_one_register() {
    let books = Books::new().await;
    let companies = [seed_company(&books.pool, 3).await, seed_company(&books.pool, 1).await];
    let selling = async {
        for _ in 0..ROUNDS {
            for company in &companies {
                enqueue(&books.pool, company, SALES).await;
            }
        }
    };
    let series_of_both = companies.each_ref().map(|company| company.series_id);
    let tenants = companies.each_ref().map(|company| company.tenant_id);
    let allocators: Vec<_> = [7, 50, 1_000, 1]
        .into_iter()
        .map(|limit| {
            let pool = books.pool.clone();
            tokio::spawn(async move {
                for tenant in tenants.iter().cycle() {
                    let batch = allocate_batch(&pool, *tenant, limit, &SystemClock, &|_| true);
                    let batch = batch.await.unwrap();
                    assert!(!batch.frozen && batch.unchecked.is_empty(), "{batch:?}");
                    if batch == Batch::default() && all_numbered(&pool, &series_of_both).await {
                        return;
                    }
                }
            })
        })
        .collect();
    selling.await;
    for allocator in allocators {
        allocator.await.unwrap();
    }
    for company in &companies {
        verify(&books.pool, company, ROUNDS * SALES).await;
    }
}

#[tokio::test]
async fn one_by_one_and_in_batches_numbers_follow_the_order_of_the_queue() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 2).await;
    enqueue(&books.pool, &company, 25).await;
    let queued: Vec<uuid::Uuid> =
        sqlx::query_scalar("SELECT sale_id FROM numbering_queue ORDER BY queue_id")
            .fetch_all(&books.pool)
            .await
            .unwrap();
    for (limit, sales, last_no) in [(1, 1, 1), (1, 1, 2), (10, 10, 12), (100, 13, 25)] {
        let batch =
            allocate_batch(&books.pool, company.tenant_id, limit, &SystemClock, &|_| true).await;
        assert_eq!(batch.unwrap(), allocated(&company, sales, last_no));
    }
    let batch =
        allocate_batch(&books.pool, company.tenant_id, 100, &SystemClock, &|_| true).await.unwrap();
    assert_eq!(batch, Batch::default());
    verify(&books.pool, &company, 25).await;
    let numbered: Vec<_> = register(&books.pool, company.series_id)
        .await
        .into_iter()
        .map(|row| row.sale_id.as_uuid())
        .collect();
    assert_eq!(numbered, queued);
}

#[tokio::test]
async fn a_batch_that_the_books_refuse_changes_nothing() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 1).await;
    enqueue(&books.pool, &company, 3).await;
    // The same sale a second time: the register's own constraint refuses it.
    sqlx::query(
        "INSERT INTO numbering_queue (tenant_id, branch_id, sale_id, ticket_id, edge_id,
             entry_seq, entry_hash, grand_total_usd, vat_usd, grand_total_khr)
         SELECT tenant_id, branch_id, sale_id, ticket_id, edge_id, entry_seq, entry_hash,
                grand_total_usd, vat_usd, grand_total_khr
         FROM numbering_queue ORDER BY queue_id LIMIT 1",
    )
    .execute(&books.pool)
    .await
    .unwrap();
    let refused =
        allocate_batch(&books.pool, company.tenant_id, 100, &SystemClock, &|_| true).await;
    assert_eq!(refused.unwrap_err().constraint(), Some("invoice_sale_id_key"));
    assert!(register(&books.pool, company.series_id).await.is_empty());
    // Up to the doubled one, numbering goes on.
    let batch =
        allocate_batch(&books.pool, company.tenant_id, 3, &SystemClock, &|_| true).await.unwrap();
    assert_eq!(batch, allocated(&company, 3, 3));
}
