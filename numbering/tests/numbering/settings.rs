//! Series by branch and by year, and a setting that changes while numbers are
//! given.

use domain::invoice_series::{InvoiceForm, Restarts};
use numbering::{Batch, allocate_batch};
use schemas::{Clock, ManualClock, SystemClock, TenantId, Timestamp};
use store::{
    Pool,
    series::{self, Setting, SettingRefused},
};
use testkit::{Books, Company, seed_company, sqlx};

use crate::stage::{Stage, enqueue};

const PER_BRANCH: Restarts = Restarts { per_branch: true, yearly: false };
const YEARLY: Restarts = Restarts { per_branch: false, yearly: true };
/// 2026-12-31T16:59:59Z: a second before the new year in Phnom Penh.
const NEW_YEARS_EVE: Timestamp = Timestamp::from_unix_micros(1_798_736_399_000_000);

async fn change(
    pool: &Pool,
    tenant: TenantId,
    expected: u32,
    restarts: Restarts,
    form: &str,
) -> Result<Setting, SettingRefused> {
    let parsed = InvoiceForm::parse(form, restarts).unwrap();
    let mut tx = pool.begin().await.unwrap();
    let changed =
        series::change_setting(&mut tx, tenant, expected, (restarts, &parsed), form, "a test")
            .await;
    tx.commit().await.unwrap();
    changed.unwrap()
}

/// Numbers all that waits.
async fn number(pool: &Pool, tenant: TenantId, clock: &dyn Clock) {
    while allocate_batch(pool, tenant, 100, clock, &|_| true).await.unwrap().sales > 0 {}
}

/// What is printed, in the order in which the books took the sales.
async fn printed(pool: &Pool) -> Vec<String> {
    sqlx::query_scalar("SELECT printed FROM invoice ORDER BY issued_at, mapping_seq, branch_id")
        .fetch_all(pool)
        .await
        .unwrap()
}

async fn is_whole(pool: &Pool) {
    let checks = store::verify::books(pool).await.unwrap();
    let register = checks.iter().find(|check| check.name == "register").unwrap();
    assert!(register.ok, "{register:?}");
}

async fn two_branches() -> (Books, Company) {
    let books = Books::new().await;
    let company = seed_company(&books.pool, 2).await;
    (books, company)
}

#[tokio::test]
async fn branches_that_count_by_themselves_have_a_gapless_series_each() {
    let (books, company) = two_branches().await;
    let (pool, tenant) = (&books.pool, company.tenant_id);
    change(pool, tenant, 1, PER_BRANCH, "B{branch:02}-{no:03}").await.unwrap();
    enqueue(pool, &company, 5).await;
    number(pool, tenant, &SystemClock).await;
    let mut printed = printed(pool).await;
    printed.sort();
    assert_eq!(printed, ["B01-001", "B01-002", "B01-003", "B02-001", "B02-002"]);
    is_whole(pool).await;
}

#[tokio::test]
async fn a_new_year_in_the_company_s_time_zone_starts_at_one_and_never_goes_back() {
    let (books, company) = two_branches().await;
    let (pool, tenant) = (&books.pool, company.tenant_id);
    change(pool, tenant, 1, YEARLY, "INV-{yyyy}-{no:06}").await.unwrap();
    let clock = ManualClock::at(NEW_YEARS_EVE);
    for (step_seconds, sales) in [(0, 2), (1, 2), (-2, 1)] {
        clock.set(clock.now().plus_micros(step_seconds * 1_000_000));
        enqueue(pool, &company, sales).await;
        number(pool, tenant, &clock).await;
    }
    let mut printed = printed(pool).await;
    printed.sort();
    let expected = [
        "INV-2026-000001",
        "INV-2026-000002",
        "INV-2027-000001",
        "INV-2027-000002",
        "INV-2027-000003",
    ];
    assert_eq!(printed, expected);
    is_whole(pool).await;
}

#[tokio::test]
async fn a_change_opens_a_new_series_and_one_that_could_double_a_number_is_refused() {
    let (books, company) = two_branches().await;
    let (pool, tenant) = (&books.pool, company.tenant_id);
    enqueue(pool, &company, 2).await;
    number(pool, tenant, &SystemClock).await;
    let never = Restarts::default();
    assert_eq!(change(pool, tenant, 1, never, "{no}").await, Err(SettingRefused::Unchanged));
    assert_eq!(change(pool, tenant, 1, never, "{no:06}").await, Err(SettingRefused::ShapeTaken));
    assert_eq!(
        change(pool, tenant, 7, YEARLY, "N{no}/{yyyy}").await,
        Err(SettingRefused::Stale(1))
    );
    let changed = change(pool, tenant, 1, never, "N{no}").await.unwrap();
    assert_eq!(changed.revision, 2);
    enqueue(pool, &company, 2).await;
    number(pool, tenant, &SystemClock).await;
    assert_eq!(printed(pool).await, ["1", "2", "N1", "N2"]);
    assert_eq!(change(pool, tenant, 2, never, "{no:02}").await, Err(SettingRefused::ShapeTaken));
    is_whole(pool).await;
}

#[tokio::test]
async fn a_frozen_branch_stands_in_no_other_s_way() {
    let (books, company) = two_branches().await;
    let (pool, tenant) = (&books.pool, company.tenant_id);
    change(pool, tenant, 1, PER_BRANCH, "B{branch}-{no}").await.unwrap();
    enqueue(pool, &company, 2).await;
    number(pool, tenant, &SystemClock).await;
    let frozen = "UPDATE invoice_series SET state = 'FROZEN', frozen_reason = 'a test'
                  WHERE branch_id = $1";
    let branch = company.stores[0].branch_id.as_uuid();
    sqlx::query(frozen).bind(branch).execute(pool).await.unwrap();
    // More of the frozen one's than a batch takes stand in front.
    enqueue(pool, &company, 400).await;
    let mut batch = Batch::default();
    loop {
        let next = allocate_batch(pool, tenant, 50, &SystemClock, &|_| true).await.unwrap();
        assert!(next.frozen);
        if next.sales == 0 {
            break;
        }
        batch = next;
    }
    assert_eq!(batch.heads.iter().map(|(_, no)| *no).collect::<Vec<_>>(), [201]);
    let waiting: i64 =
        sqlx::query_scalar("SELECT count(*) FROM numbering_queue WHERE branch_id = $1")
            .bind(branch)
            .fetch_one(pool)
            .await
            .unwrap();
    assert_eq!(waiting, 200);
    is_whole(pool).await;
}

#[tokio::test]
async fn a_setting_that_changes_under_the_running_service_loses_and_doubles_nothing() {
    let stage = Stage::new().await;
    let (pool, company) = (&stage.books.pool, &stage.company);
    let (shutdown, running) = stage.run().await;
    let forms = [
        (PER_BRANCH, "A{branch}-{no}"),
        (YEARLY, "C{yyyy}-{no}"),
        (Restarts { per_branch: true, yearly: true }, "D{branch}-{yyyy}-{no}"),
        (Restarts::default(), "E-{no}"),
    ];
    for (revision, (restarts, form)) in (1..).zip(forms) {
        enqueue(pool, company, 300).await;
        change(pool, company.tenant_id, revision, restarts, form).await.unwrap();
    }
    let all = testkit::wait_until("all sales are numbered", testkit::BOUND, || async {
        let printed = printed(pool).await;
        (printed.len() == 1_200).then_some(printed)
    })
    .await;
    let distinct: std::collections::HashSet<_> = all.iter().collect();
    assert_eq!(distinct.len(), all.len(), "two invoices print the same");
    is_whole(pool).await;
    shutdown.cancel();
    running.await.unwrap().unwrap();
}
