//! Filling the stream of facts and the bucket of catalogues from the books, with the
//! same ids, places and bytes. Only what they lack.
//!
//! A stream that was wiped or deleted is made anew by the workers, and filled again by
//! the relay, in order; here that is waited for. Then every fact that the books keep is
//! looked for in the stream, and what is not there is published as the relay publishes
//! again. May be interrupted and repeated: what is there by then is not sent again.

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, bail};
use bus::{Bus, BusError, facts};
use domain::catalogue::content_hash;
use schemas::{BranchId, Clock as _, SystemClock};
use store::{Pool, catalogues, relay};
use telemetry::CancellationToken;
use workers::relay::refill::refill;

use super::progress::Progress;

/// How long the relay may stand still before what it left is filled from here. It
/// compares every five seconds.
const STANDS_STILL: Duration = Duration::from_secs(15);
/// How old a stream is once the relay has surely seen that it is a new one: before that
/// it fills it from the beginning, whatever its newest fact is.
const NEW_STREAM: Duration = Duration::from_secs(15);
/// How long a stream that is not there is waited for.
const NO_STREAM: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What became of one branch's facts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfBranch {
    /// Facts that the books keep.
    pub kept: u64,
    /// Of those, published again here.
    pub refilled: u64,
    /// The first that the books keep: those before it are beyond the retention.
    pub first_kept: u64,
}

/// Fills the stream of facts.
///
/// # Errors
/// If the books or the broker do not answer, or the workers do not run.
pub async fn books(
    pool: &Pool,
    bus: &Bus,
    (stop, progress): (&CancellationToken, &mut Progress),
) -> anyhow::Result<BTreeMap<BranchId, OfBranch>> {
    there_again(stop, async || facts::stream_born_at(bus).await.map(drop)).await?;
    let mut conn = pool.acquire().await.context("the books do not answer")?;
    let heads = relay::heads(&mut conn, false).await?;
    drop(conn);
    relayed(bus, &heads, stop, progress).await?;
    let mut show = |done, all| progress.at(done, all, "facts of the stream looked at");
    let held = facts::places(bus, &mut show).await.context("the stream of facts cannot be read")?;
    let mut told = BTreeMap::new();
    for head in heads.iter().filter(|head| head.last_seq > 0) {
        let mut conn = pool.acquire().await.context("the books do not answer")?;
        let first = store::facts::after(&mut conn, head.branch_id, 0, 1, 1).await?;
        drop(conn);
        let first_kept = first.first().map_or(head.last_seq + 1, |fact| fact.fact_seq);
        let none = Vec::new();
        let runs = held.get(&head.branch_id).unwrap_or(&none);
        let lacking = facts::lacking(runs, first_kept, head.last_seq);
        let all: u64 = lacking.iter().map(|(first, last)| last - first + 1).sum();
        let mut done = 0;
        for run in lacking {
            if stop.is_cancelled() {
                bail!("interrupted; the same again goes on");
            }
            let mut show = |taken| {
                done += taken;
                progress.at(done, all, "facts published again");
            };
            refill((pool, bus, Arc::new(SystemClock)), head.branch_id, run, &mut show).await?;
        }
        let kept = (head.last_seq + 1).saturating_sub(first_kept);
        told.insert(head.branch_id, OfBranch { kept, refilled: done, first_kept });
    }
    Ok(told)
}

/// Waits until something of the broker's exists, which the services make anew.
async fn there_again(
    stop: &CancellationToken,
    look: impl AsyncFn() -> Result<(), BusError>,
) -> anyhow::Result<()> {
    let since = Instant::now();
    loop {
        match look().await {
            Ok(()) => return Ok(()),
            Err(BusError::Missing(what)) if since.elapsed() > NO_STREAM => {
                bail!("{what} is not there and nobody makes it: do the workers run?")
            }
            Err(BusError::Missing(_)) if !stop.is_cancelled() => {}
            Err(error) => return Err(error).context("the broker does not answer"),
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// How old what was made at `born_at` is, in nanoseconds since 1970; of another clock
/// that is ahead of ours, nothing.
fn age(born_at: i128) -> Duration {
    let now = i128::from(SystemClock.now().unix_micros()) * 1_000;
    Duration::from_nanos(u64::try_from(now - born_at).unwrap_or_default())
}

/// Waits for the relay to bring each branch's newest facts into the stream, for as long
/// as it gets on with it.
async fn relayed(
    bus: &Bus,
    heads: &[relay::FactHead],
    stop: &CancellationToken,
    progress: &mut Progress,
) -> anyhow::Result<()> {
    let all: u64 = heads.iter().map(|head| head.last_seq).sum();
    let (began, age) = (Instant::now(), age(facts::stream_born_at(bus).await?));
    let (mut before, mut moved_at) = (None, Instant::now());
    loop {
        let is_new = age + began.elapsed() < NEW_STREAM;
        let mut there = 0;
        for head in heads {
            let tail = facts::tail(bus, head.tenant_id, head.branch_id).await?;
            there += tail.min(head.last_seq);
        }
        progress.at(there, all, "facts relayed");
        if before != Some(there) {
            (before, moved_at) = (Some(there), Instant::now());
        }
        if !is_new && (there >= all || moved_at.elapsed() > STANDS_STILL) {
            return Ok(());
        }
        if stop.is_cancelled() {
            bail!("interrupted; the same again goes on");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// Fills the bucket of catalogues. Of each branch: whether its newest catalogue was put
/// there now.
///
/// # Errors
/// If the books or the broker do not answer, or the services do not run.
pub async fn catalogue(
    pool: &Pool,
    bus: &Bus,
    (stop, progress): (&CancellationToken, &mut Progress),
) -> anyhow::Result<BTreeMap<BranchId, bool>> {
    there_again(stop, async || bus::catalogue::bucket_born_at(bus).await.map(drop)).await?;
    let mut conn = pool.acquire().await.context("the books do not answer")?;
    let newest = catalogues::newest_of_all(&mut conn).await?;
    drop(conn);
    let (all, mut told) = (newest.len() as u64, BTreeMap::new());
    for branch in newest {
        let catalogues::NewestOfBranch { tenant_id, branch_id, reference } = branch;
        let held = bus::catalogue::get(bus, tenant_id, branch_id).await?;
        let lacks = held.is_none_or(|bytes| content_hash(&bytes) != reference.content_hash);
        if lacks {
            let mut conn = pool.acquire().await.context("the books do not answer")?;
            let body = catalogues::by_reference(&mut conn, branch_id, reference).await?;
            drop(conn);
            let body =
                body.with_context(|| format!("branch {branch_id} has another catalogue by now"))?;
            bus::catalogue::put(bus, tenant_id, branch_id, body).await?;
        }
        told.insert(branch_id, lacks);
        progress.at(told.len() as u64, all, "catalogues");
        if stop.is_cancelled() {
            bail!("interrupted; the same again goes on");
        }
    }
    Ok(told)
}
