//! A company in the books, with stores, edges and catalogues.

use domain::{catalogue::content_hash, invoice_series::series_id};
use schemas::{BranchId, EdgeId, SeriesId, TenantId};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{JournalWriter, OrFail as _, sample_catalogue};

/// A company that was written into the books.
#[derive(Debug, Clone)]
pub struct Company {
    /// Its id.
    pub tenant_id: TenantId,
    /// Its series of invoice numbers, before number 1.
    pub series_id: SeriesId,
    /// Its stores.
    pub stores: Vec<Store>,
}

/// One store of it.
#[derive(Debug, Clone)]
pub struct Store {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// Its active edge, epoch 1, with its cursor before entry 1.
    pub edge_id: EdgeId,
    /// Version 1 of its catalogue, as published.
    pub catalogue: Vec<u8>,
}

impl Store {
    /// Begins the journal of its edge.
    pub fn journal(&self) -> JournalWriter {
        JournalWriter::new(self.edge_id, &self.catalogue)
    }
}

/// Writes a company with so many stores, each with an active edge and version
/// 1 of the sample catalogue.
///
/// # Panics
/// If the books refuse it.
pub async fn seed_company(books: &PgPool, stores: usize) -> Company {
    let tenant_id = TenantId::from_uuid(Uuid::now_v7());
    let series_id = series_id(tenant_id, 1, None, None);
    sqlx::query("INSERT INTO tenant (tenant_id, name) VALUES ($1, 'Test Coffee Co.')")
        .bind(tenant_id.as_uuid())
        .execute(books)
        .await
        .or_fail("write a company");
    for statement in [
        "INSERT INTO numbering_setting (tenant_id, revision, per_branch, yearly, form, shape, set_by)
         VALUES ($1, 1, false, false, '{no}', '#', 'a test')",
        "INSERT INTO numbering_head (tenant_id, revision) VALUES ($1, 1)",
    ] {
        let write = sqlx::query(statement).bind(tenant_id.as_uuid());
        write.execute(books).await.or_fail("write how a company numbers");
    }
    sqlx::query("INSERT INTO invoice_series (series_id, tenant_id, revision) VALUES ($1, $2, 1)")
        .bind(series_id.as_uuid())
        .bind(tenant_id.as_uuid())
        .execute(books)
        .await
        .or_fail("write a series");
    let mut company = Company { tenant_id, series_id, stores: Vec::new() };
    for _ in 0..stores {
        company.stores.push(seed_store(books, tenant_id).await);
    }
    company
}

async fn seed_store(books: &PgPool, tenant_id: TenantId) -> Store {
    let branch_id = BranchId::from_uuid(Uuid::now_v7());
    let edge_id = EdgeId::from_uuid(Uuid::now_v7());
    let document = sample_catalogue(tenant_id, branch_id, 1);
    let catalogue = serde_json::to_vec(&document).or_fail("write a catalogue");
    let (tenant, branch) = (tenant_id.as_uuid(), branch_id.as_uuid());
    for statement in [
        "INSERT INTO branch (tenant_id, branch_id, name, branch_no)
         SELECT $1, $2, 'Riverside', 1 + COALESCE(max(branch_no), 0) FROM branch WHERE tenant_id = $1",
        "INSERT INTO fact_head (tenant_id, branch_id) VALUES ($1, $2)",
    ] {
        let write = sqlx::query(statement).bind(tenant).bind(branch);
        write.execute(books).await.or_fail("write a store");
    }
    sqlx::query("INSERT INTO mapping_head (branch_id) VALUES ($1)")
        .bind(branch)
        .execute(books)
        .await
        .or_fail("write a store's mapping head");
    sqlx::query(
        "INSERT INTO catalogue_version (branch_id, version, content_hash, body, published_at)
         VALUES ($1, 1, $2, $3, '2026-01-01T00:00:00Z')",
    )
    .bind(branch)
    .bind(content_hash(&catalogue).as_bytes().as_slice())
    .bind(&catalogue)
    .execute(books)
    .await
    .or_fail("write a catalogue");
    enrol_edge(books, tenant_id, branch_id, edge_id, 1).await;
    Store { tenant_id, branch_id, edge_id, catalogue }
}

/// Writes an active edge with its cursor before entry 1, and retires the
/// store's other ones.
///
/// # Panics
/// If the books refuse it.
pub async fn enrol_edge(
    books: &PgPool,
    tenant_id: TenantId,
    branch_id: BranchId,
    edge_id: EdgeId,
    epoch: i32,
) {
    sqlx::query("UPDATE edge SET state = 'RETIRED' WHERE branch_id = $1")
        .bind(branch_id.as_uuid())
        .execute(books)
        .await
        .or_fail("retire an edge");
    sqlx::query("INSERT INTO edge (edge_id, tenant_id, branch_id, epoch) VALUES ($1, $2, $3, $4)")
        .bind(edge_id.as_uuid())
        .bind(tenant_id.as_uuid())
        .bind(branch_id.as_uuid())
        .bind(epoch)
        .execute(books)
        .await
        .or_fail("write an edge");
    sqlx::query("INSERT INTO edge_cursor (edge_id) VALUES ($1)")
        .bind(edge_id.as_uuid())
        .execute(books)
        .await
        .or_fail("write a cursor");
}
