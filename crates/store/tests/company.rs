//! Companies, stores, edges and catalogues, in a real Postgres.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use domain::catalogue::content_hash;
use schemas::{BranchId, Clock, EdgeId, SystemClock, TenantId, catalogue::CatalogueV1};
use store::{
    Pool,
    catalogues::{self, PublishError},
    companies::{self, EdgeState, EnrolError},
};
use testkit::{Books, sample_catalogue, seed_company, sqlx};
use uuid::Uuid;

fn new_id<Id: From<Uuid>>() -> Id {
    Id::from(Uuid::now_v7())
}

async fn enrol(
    pool: &Pool,
    tenant: TenantId,
    branch: BranchId,
    edge: EdgeId,
) -> Result<companies::Edge, EnrolError> {
    let mut tx = pool.begin().await.unwrap();
    let enrolled = companies::enrol_edge(&mut tx, tenant, branch, edge).await;
    if enrolled.is_ok() {
        tx.commit().await.unwrap();
    }
    enrolled
}

#[tokio::test]
async fn creating_again_changes_nothing() {
    let books = Books::new().await;
    let (tenant, branch): (TenantId, BranchId) = (new_id(), new_id());
    let mut conn = books.pool.acquire().await.unwrap();
    let series = companies::create_tenant(&mut conn, tenant, "Café Riverside").await.unwrap();
    companies::create_branch(&mut conn, tenant, branch, "Quay").await.unwrap();
    assert_eq!(companies::create_tenant(&mut conn, tenant, "Other").await.unwrap(), series);
    companies::create_branch(&mut conn, tenant, branch, "Other").await.unwrap();
    let tenants = companies::tenants(&mut conn).await.unwrap();
    assert_eq!(tenants.len(), 1);
    assert_eq!((tenants[0].name.as_str(), tenants[0].tenant_id), ("Café Riverside", tenant));
    let branches = companies::branches(&mut conn, tenant).await.unwrap();
    assert_eq!((branches.len(), branches[0].name.as_str()), (1, "Quay"));
    // Its sequences are there, before 1.
    assert_eq!(store::invoices::mapping_head(&mut conn, branch).await.unwrap(), 0);
    let heads = store::relay::heads(&mut conn, false).await.unwrap();
    assert_eq!((heads.len(), heads[0].last_seq, heads[0].tenant_id), (1, 0, tenant));
    // Nobody takes over another company's store.
    let other: TenantId = new_id();
    companies::create_tenant(&mut conn, other, "Other").await.unwrap();
    let refused = companies::create_branch(&mut conn, other, branch, "Mine").await;
    assert!(matches!(refused, Err(EnrolError::BelongsElsewhere { what: "branch", .. })));
}

#[tokio::test]
async fn a_new_epoch_retires_the_old_one_and_begins_at_entry_1() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 2).await;
    let (tenant, store) = (company.tenant_id, &company.stores[0]);
    let second: EdgeId = new_id();
    for _ in 0..2 {
        let edge = enrol(&books.pool, tenant, store.branch_id, second).await.unwrap();
        assert_eq!((edge.epoch, edge.state), (2, EdgeState::Active));
    }
    let first = enrol(&books.pool, tenant, store.branch_id, store.edge_id).await.unwrap();
    assert_eq!((first.epoch, first.state), (1, EdgeState::Retired), "it stays retired");
    let cursor: i64 = sqlx::query_scalar("SELECT last_seq FROM edge_cursor WHERE edge_id = $1")
        .bind(second.as_uuid())
        .fetch_one(&books.pool)
        .await
        .unwrap();
    assert_eq!(cursor, 0);
    let elsewhere = enrol(&books.pool, tenant, company.stores[1].branch_id, second).await;
    assert!(matches!(elsewhere, Err(EnrolError::BelongsElsewhere { what: "edge", .. })));
    let nowhere = enrol(&books.pool, tenant, new_id(), new_id()).await;
    assert!(matches!(nowhere, Err(EnrolError::NoSuchBranch(_))));
    let stranger = enrol(&books.pool, new_id(), store.branch_id, new_id()).await;
    assert!(matches!(stranger, Err(EnrolError::NoSuchBranch(_))));
}

#[tokio::test]
async fn boxes_that_are_enrolled_at_once_leave_one_active() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 1).await;
    let (tenant, branch) = (company.tenant_id, company.stores[0].branch_id);
    let enrolments: Vec<_> = (0..6)
        .map(|_| {
            let pool = books.pool.clone();
            tokio::spawn(async move { enrol(&pool, tenant, branch, new_id()).await.unwrap() })
        })
        .collect();
    let mut epochs = Vec::new();
    for enrolment in enrolments {
        epochs.push(enrolment.await.unwrap().epoch);
    }
    epochs.sort_unstable();
    assert_eq!(epochs, [2, 3, 4, 5, 6, 7]);
    let mut conn = books.pool.acquire().await.unwrap();
    let edges = companies::edges(&mut conn).await.unwrap();
    let active: Vec<_> = edges.iter().filter(|edge| edge.state == EdgeState::Active).collect();
    assert_eq!((active.len(), active[0].epoch), (1, 7));
}

async fn publish(
    pool: &Pool,
    draft: CatalogueV1,
) -> Result<catalogues::PublishedCatalogue, PublishError> {
    let mut tx = pool.begin().await.unwrap();
    let published = catalogues::publish(&mut tx, draft, SystemClock.now()).await;
    if published.is_ok() {
        tx.commit().await.unwrap();
    }
    published
}

#[tokio::test]
async fn a_catalogue_is_published_once_for_each_content_and_kept_byte_for_byte() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 1).await;
    let (pool, store) = (&books.pool, &company.stores[0]);
    let same = sample_catalogue(store.tenant_id, store.branch_id, 77);
    let published = publish(pool, same.clone()).await.unwrap();
    assert_eq!((published.reference.version, published.is_new), (1, false));
    assert_eq!(published.body, store.catalogue);

    let mut changed = same.clone();
    changed.items[0].price_usd.0 += rust_decimal::Decimal::ONE;
    let second = publish(pool, changed.clone()).await.unwrap();
    assert_eq!((second.reference.version, second.is_new), (2, true));
    assert_eq!(second.reference.content_hash, content_hash(&second.body));
    let again = publish(pool, changed).await.unwrap();
    assert_eq!((again.reference, again.is_new), (second.reference, false));
    // Back to the first content: that is a new version all the same.
    let third = publish(pool, same).await.unwrap();
    assert_eq!((third.reference.version, third.is_new), (3, true));

    let mut conn = pool.acquire().await.unwrap();
    let newest = catalogues::newest(&mut conn, store.branch_id).await.unwrap().unwrap();
    assert_eq!((newest.reference, &newest.body), (third.reference, &third.body));
    let reference = catalogues::newest_reference(&mut conn, store.branch_id).await.unwrap();
    assert_eq!(reference, Some(third.reference));
    let found = catalogues::by_reference(&mut conn, store.branch_id, second.reference).await;
    assert_eq!(found.unwrap(), Some(second.body));
    let mut other = second.reference;
    other.content_hash = third.reference.content_hash;
    let found = catalogues::by_reference(&mut conn, store.branch_id, other).await.unwrap();
    assert_eq!(found, None, "the same version with another content is another catalogue");
}

#[tokio::test]
async fn a_catalogue_that_cannot_be_sold_by_is_not_published() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 1).await;
    let store = &company.stores[0];
    let mut wrong = sample_catalogue(store.tenant_id, store.branch_id, 1);
    wrong.items[0].price_usd.0 = (-1).into();
    let refused = publish(&books.pool, wrong.clone()).await;
    assert!(matches!(refused, Err(PublishError::Invalid(_))), "{refused:?}");
    let mut nowhere = wrong;
    nowhere.branch_id = new_id();
    let refused = publish(&books.pool, nowhere).await;
    assert!(matches!(refused, Err(PublishError::NoSuchBranch(_))), "{refused:?}");
    let mut large = sample_catalogue(store.tenant_id, store.branch_id, 1);
    large.seller.address = "x".repeat(1_000_000);
    let refused = publish(&books.pool, large).await;
    let is_refused =
        matches!(refused, Err(PublishError::TooLarge { .. } | PublishError::Invalid(_)));
    assert!(is_refused, "{refused:?}");
}

#[tokio::test]
async fn publishers_at_once_get_versions_without_gaps() {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 1).await;
    let store = company.stores[0].clone();
    let publishers: Vec<_> = (1_i64..=5)
        .map(|cents| {
            let (pool, store) = (books.pool.clone(), store.clone());
            tokio::spawn(async move {
                let mut draft = sample_catalogue(store.tenant_id, store.branch_id, 1);
                draft.items[0].price_usd.0 += rust_decimal::Decimal::new(cents, 2);
                publish(&pool, draft).await.unwrap().reference.version
            })
        })
        .collect();
    let mut versions = Vec::new();
    for publisher in publishers {
        versions.push(publisher.await.unwrap());
    }
    versions.sort_unstable();
    assert_eq!(versions, [2, 3, 4, 5, 6]);
}
