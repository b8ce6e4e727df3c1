//! A company with sales in the queue, and a look at its register.

use std::{collections::HashMap, sync::Arc};

use bus::{Bus, topology};
use domain::invoice_chain::verify_row;
use numbering::Settings;
use schemas::{Clock, SeriesId, SystemClock, facts::InvoiceAssignedV1};
use store::Pool;
use telemetry::CancellationToken;
use testkit::{BOUND, Books, Company, Nats, seed_company, sqlx, wait_until};
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Books, a broker with its streams, and one company of two stores.
pub struct Stage {
    pub books: Books,
    pub nats: Nats,
    pub bus: Bus,
    pub company: Company,
}

impl Stage {
    pub async fn new() -> Self {
        let (books, nats) = tokio::join!(Books::new(), Nats::new());
        let company = seed_company(&books.pool, 2).await;
        let bus = Bus::connect(&bus::Settings::plain(nats.url()), "test").await.unwrap();
        topology::ensure(&bus, &topology::TopologySettings::default()).await.unwrap();
        Self { books, nats, bus, company }
    }

    /// Runs numbering in this process until the token is cancelled. It has
    /// connected when this returns: a service that finds no Postgres at its
    /// start ends there.
    pub async fn run(&self) -> (CancellationToken, JoinHandle<anyhow::Result<()>>) {
        let shutdown = CancellationToken::new();
        let (books, nats) =
            (store::Settings::at(&self.books.url), bus::Settings::plain(self.nats.url()));
        let pool = store::connect_as(&books, store::Role::Numbering).await.unwrap();
        let bus = Bus::connect(&nats, "numbering").await.unwrap();
        let settings = Settings::new(books, nats);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let running =
            tokio::spawn(numbering::run_with(settings, pool, bus, clock, shutdown.clone()));
        (shutdown, running)
    }
}

/// Invoice, ticket, number and cents.
type Logged = (Uuid, String, i64, i64);

/// Puts `count` sales of the company in the queue, its stores in turn, in one
/// transaction and without any notice.
pub async fn enqueue(pool: &Pool, company: &Company, count: usize) {
    let mut tx = pool.begin().await.unwrap();
    for place in 0..count {
        let store = &company.stores[place % company.stores.len()];
        sqlx::query(
            "INSERT INTO numbering_queue (tenant_id, branch_id, sale_id, ticket_id, edge_id,
                 entry_seq, entry_hash, grand_total_usd, vat_usd, grand_total_khr)
             VALUES ($1, $2, $3, 't-' || $3::text, $4, 1, $5, 3.5, 0.32, 14350)",
        )
        .bind(company.tenant_id.as_uuid())
        .bind(store.branch_id.as_uuid())
        .bind(Uuid::now_v7())
        .bind(store.edge_id.as_uuid())
        .bind(&[7_u8; 32][..])
        .execute(&mut *tx)
        .await
        .unwrap();
    }
    tx.commit().await.unwrap();
}

/// The whole register of a series.
pub async fn register(pool: &Pool, series: SeriesId) -> Vec<InvoiceAssignedV1> {
    let mut conn = pool.acquire().await.unwrap();
    store::invoices::after_no(&mut conn, series, 0, u32::MAX).await.unwrap()
}

/// Waits until a series has `count` numbers.
pub async fn numbered(pool: &Pool, series: SeriesId, count: usize) -> Vec<InvoiceAssignedV1> {
    wait_until("all sales are numbered", BOUND, || async {
        let rows = register(pool, series).await;
        (rows.len() >= count).then_some(rows)
    })
    .await
}

/// Checks a register of `count` sales: contiguous and chained, contiguous for
/// each store too, told of once each, and nothing left in the queue.
pub async fn verify(pool: &Pool, company: &Company, count: usize) {
    let rows = register(pool, company.series_id).await;
    assert_eq!(rows.len(), count);
    let mut previous = None;
    let mut mapping: HashMap<_, u64> = HashMap::new();
    for row in &rows {
        verify_row(previous, row).unwrap();
        let expected = mapping.entry(row.branch_id).or_default();
        *expected += 1;
        assert_eq!(row.mapping_seq, *expected, "store {}", row.branch_id);
        previous = Some(row);
    }
    let mut conn = pool.acquire().await.unwrap();
    for store in &company.stores {
        let head = store::invoices::mapping_head(&mut conn, store.branch_id).await.unwrap();
        assert_eq!(head, mapping.get(&store.branch_id).copied().unwrap_or(0));
    }
    let (told, different, waiting, last_no): (i64, i64, i64, i64) = sqlx::query_as(
        "SELECT count(*), count(DISTINCT fact_id),
                (SELECT count(*) FROM numbering_queue WHERE tenant_id = $2),
                (SELECT last_no FROM invoice_series WHERE series_id = $1)
         FROM outbox, unnest(fact_ids, series_ids) AS f (fact_id, series_id)
         WHERE f.series_id = $1",
    )
    .bind(company.series_id.as_uuid())
    .bind(company.tenant_id.as_uuid())
    .fetch_one(&mut *conn)
    .await
    .unwrap();
    let logged: Vec<Logged> = sqlx::query_as(
        "SELECT target_id, meta ->> 'ticketId', (meta ->> 'invoiceNo')::bigint,
                (meta ->> 'totalCents')::bigint
         FROM audit_log
         WHERE tenant_id = $1 AND activity = 'pos.sale.synced' AND action = 'INVOICE_ASSIGNED'
         ORDER BY audit_id",
    )
    .bind(company.tenant_id.as_uuid())
    .fetch_all(&mut *conn)
    .await
    .unwrap();
    let of_row = |row: &InvoiceAssignedV1| {
        let no = i64::try_from(row.no).unwrap();
        (row.invoice_id.as_uuid(), row.ticket_id.to_string(), no, 350)
    };
    assert_eq!(logged, rows.iter().map(of_row).collect::<Vec<_>>());
    let count = i64::try_from(count).unwrap();
    assert_eq!((told, different, waiting, last_no), (count, count, 0, count));
}

/// How many sales of a company wait.
pub async fn waiting(pool: &Pool, company: &Company) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM numbering_queue WHERE tenant_id = $1")
        .bind(company.tenant_id.as_uuid())
        .fetch_one(pool)
        .await
        .unwrap()
}
