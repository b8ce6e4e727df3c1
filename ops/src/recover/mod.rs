//! Books that were restored from an older backup (design §9, ADR 0013): what others
//! still know goes back into them, and what nobody knows is said.
//!
//! Guarantees: a number that was issued keeps its sale or is booked as lost, and is
//! never issued again; a fact's place is never given out again. Nothing is allocated,
//! placed or decided at the door before this has committed. It may be killed anywhere
//! and run again: what it collects is kept once, all that it decides is written in one
//! transaction, and what comes after that (the marks on the broker) only rises.
//!
//! The order: wait until every edge that is heard has sent its journal and told its
//! register rows ([`edges`]); collect the rows that the stream of facts holds
//! ([`collect`]) and make the direct door's entries again that it repeats ([`door`]); decide which rows go back ([`register`]); write them, pass over the
//! places of facts that were given out, open the series and close the recovery, in one
//! transaction; raise the marks.

pub mod collect;
pub mod door;
pub mod edges;
pub mod register;

mod report;

use std::{collections::HashMap, time::Duration};

use anyhow::{Context, bail, ensure};
use bus::Bus;
use schemas::{BranchId, Clock, EdgeId, SeriesId, TenantId, facts::InvoiceAssignedV1};
use store::{
    Conn, Pool, companies,
    recovery::{self, Need, refill, standing, witnesses},
};
use telemetry::failpoint;

pub use report::Report;

use register::{Branch, Known, Plan};

/// Places that are passed over at least: more than any store tells between two
/// backups, so that it holds also where nobody remembers the last one.
const SKIPPED_PLACES: u64 = 1_000_000;
/// How many register rows are written by one statement.
const ROWS_AT_ONCE: usize = 1_000;

/// How to recover.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who does it, for the audit log.
    pub by: String,
    /// Says what would be done, and writes nothing.
    pub dry_run: bool,
    /// Edges that are not waited for; what they may hold must be proven by others.
    pub without: Vec<EdgeId>,
    /// Edges that are gone for good.
    pub lost: Vec<EdgeId>,
    /// So many numbers above the highest known are booked as lost in each series.
    pub reserve: Option<u64>,
    /// How long to wait for an edge that says or sends nothing.
    pub patience: Duration,
}

/// Recovers what must be. `None`: the books need no recovery.
///
/// # Errors
/// If an edge is silent, a witness contradicts the books, or something is away. Then
/// nothing is changed but what was collected; run it again.
pub async fn run(
    pool: &Pool,
    bus: &Bus,
    clock: &dyn Clock,
    options: &Options,
    say: &(dyn Fn(&str) + Sync),
) -> anyhow::Result<Option<Report>> {
    let (needs, tenants) = {
        let mut conn = pool.acquire().await.context("the books do not answer")?;
        recovery::look_around(&mut conn, "recover").await?;
        let needs = recovery::needs(&mut conn).await?;
        let tenants = tenants_of(&mut conn, &needs).await?;
        (needs, tenants)
    };
    let Some(first) = needs.first() else { return Ok(None) };
    say(&format!("needed since {} ({}): {}", first.since, first.seen_by, first.reason));
    let gone = edges::wait(pool, bus, &tenants, options, say).await?;
    let from_stream = collect::rows_of_the_stream(pool, bus, &tenants).await?;
    say(&format!("{from_stream} register rows are still in the stream of facts"));
    failpoint("recover.collected");
    if !options.dry_run {
        let rebuilt = door::rebuild(pool, bus, &tenants, clock).await?;
        say(&format!("{rebuilt} entries of the direct door are back"));
        failpoint("recover.door");
    }
    let tails = collect::tails(pool, bus, &tenants).await?;
    let marks = collect::marks(pool, bus, &tenants).await?;

    let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    refill::unhurried(&mut tx).await?;
    refill::lock(&mut tx, &tenants).await?;
    let mut report = Report::new(first, &options.by, clock.now());
    let mut heads = Vec::new();
    for tenant in &tenants {
        let known = known(&mut tx, *tenant, &marks, options, clock).await?;
        let plan = register::plan(&known)?;
        may_be_lost(&mut tx, *tenant, &known, &plan, &marks, &gone, options).await?;
        write(&mut tx, *tenant, first, &plan).await?;
        for branch in &known.branches {
            let seen = tails.get(&branch.branch_id).copied().unwrap_or(0);
            pass_over(&mut tx, (*tenant, branch.branch_id), first.recovery_id, seen).await?;
        }
        refill::unfreeze(&mut tx, *tenant).await?;
        refill::log(&mut tx, *tenant, &options.by, first.recovery_id, clock.now()).await?;
        witnesses::forget(&mut tx, *tenant).await?;
        report.take(&plan);
        report.for_a_person.extend(standing::sales_missing(&mut tx, *tenant).await?);
        report.for_a_person.extend(standing::for_a_person(&mut tx, *tenant).await?);
        heads.extend(refill::series_of(&mut tx, *tenant).await?);
    }
    let since = match standing::restored_from(&mut tx).await? {
        Some(at) => format!("after {at}, when the newest backup that the books know of began"),
        None => "since the backup".to_owned(),
    };
    report.for_a_person.push(format!(
        "back office: what was entered {since} is gone: stock received and counted, prices, staff \
         and tills, numbering settings, accounts, tokens, decisions about voids"
    ));
    let ids: Vec<_> = needs.iter().map(|need| need.recovery_id).collect();
    let text = serde_json::to_string(&report)?;
    refill::close(&mut tx, &ids, &options.by, &text, clock.now()).await?;
    if options.dry_run {
        tx.rollback().await?;
        return Ok(Some(report));
    }
    failpoint("recover.before_commit");
    tx.commit().await.context("nobody knows whether the recovery is committed: run it again")?;
    failpoint("recover.after_commit");
    for series in heads.iter().filter(|series| series.last_no > 0) {
        bus::register::raise(bus, series.series_id, series.last_no).await?;
    }
    Ok(Some(report))
}

async fn tenants_of(conn: &mut Conn, needs: &[Need]) -> Result<Vec<TenantId>, store::Error> {
    let all = companies::tenants(conn).await?.into_iter().map(|tenant| tenant.tenant_id);
    let of_all = needs.iter().any(|need| need.tenant_id.is_none());
    Ok(all.filter(|id| of_all || needs.iter().any(|need| need.tenant_id == Some(*id))).collect())
}

async fn known(
    conn: &mut Conn,
    tenant_id: TenantId,
    marks: &HashMap<SeriesId, u64>,
    options: &Options,
    clock: &dyn Clock,
) -> anyhow::Result<Known> {
    let series = refill::series_of(conn, tenant_id).await?;
    let told = witnesses::unknown(conn, tenant_id).await?;
    let mut highest: HashMap<SeriesId, u64> =
        witnesses::highest_held(conn, tenant_id).await?.into_iter().collect();
    let ids = series.iter().map(|series| series.series_id);
    for id in ids.chain(told.iter().map(|row| row.series_id)) {
        if let Some(mark) = marks.get(&id) {
            let seen = highest.entry(id).or_insert(0);
            *seen = (*mark).max(*seen);
        }
    }
    let branches = refill::mapping_heads(conn, tenant_id).await?;
    let branches = branches.into_iter().map(|(branch_id, branch_no, mapping_head)| Branch {
        branch_id,
        branch_no,
        mapping_head,
    });
    Ok(Known {
        tenant_id,
        settings: refill::settings(conn, tenant_id).await?,
        sales: refill::sales_of(conn, &told).await?,
        branches: branches.collect(),
        series,
        told,
        highest,
        reserve: options.reserve.unwrap_or(0),
        now: clock.now(),
    })
}

/// A number may be booked as lost only if nobody is left who may hold it; and where
/// nobody remembers the highest one, a person says how many to keep free.
async fn may_be_lost(
    conn: &mut Conn,
    tenant_id: TenantId,
    known: &Known,
    plan: &Plan,
    marks: &HashMap<SeriesId, u64>,
    gone: &edges::Gone,
    options: &Options,
) -> anyhow::Result<()> {
    let forgotten = known.series.iter().any(|series| {
        series.last_no > 0 && marks.get(&series.series_id).is_none_or(|no| *no < series.last_no)
    });
    let numbers: Vec<_> = plan.lost().map(|row| row.no.to_string()).take(20).collect();
    if !gone.silent.is_empty() && (forgotten || !numbers.is_empty()) {
        let what = match &numbers[..] {
            [] => "numbers that nobody else remembers".to_owned(),
            some => format!("the numbers {}", some.join(", ")),
        };
        bail!(
            "{} may hold {what}: wait until they are heard, or give up those that are gone for \
             good with --lost",
            gone.silent.join(", ")
        );
    }
    let alone = standing::doors_alone(conn, &[tenant_id]).await?;
    ensure!(
        !forgotten || options.reserve.is_some() || (gone.lost.is_empty() && alone.is_empty()),
        "the broker has forgotten the highest numbers, and {} cannot tell any more which ones \
         were issued there: say with --reserve how many above the highest known to book as lost \
         (0: none)",
        gone.lost.iter().cloned().chain(alone).collect::<Vec<_>>().join(", ")
    );
    Ok(())
}

async fn write(
    conn: &mut Conn,
    tenant_id: TenantId,
    need: &Need,
    plan: &Plan,
) -> Result<(), store::Error> {
    for series in &plan.reopened {
        refill::reopen(conn, tenant_id, series).await?;
    }
    for rows in plan.rows.chunks(ROWS_AT_ONCE) {
        let rows: &[InvoiceAssignedV1] = rows;
        recovery::register::put_back(conn, tenant_id, need.recovery_id, rows).await?;
    }
    Ok(())
}

/// No fact gets a place that another one may have had: far beyond what the books and
/// the stream know.
async fn pass_over(
    conn: &mut Conn,
    branch: (TenantId, BranchId),
    recovery_id: i64,
    seen: u64,
) -> Result<(), store::Error> {
    let own = refill::last_place(conn, branch.1).await?;
    let beyond = own.max(seen).saturating_add(SKIPPED_PLACES) / SKIPPED_PLACES + 1;
    refill::skip_places(conn, branch, recovery_id, beyond * SKIPPED_PLACES).await
}
