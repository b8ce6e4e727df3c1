//! Feeding a new consumer: archived entries, or facts, to a subject of its own, with
//! the ids and headers that they always had, in the order of their journals or
//! branches.
//!
//! At least once: a message is counted as sent when a stream has it, and how far each
//! journal or branch is, is kept after each burst. One that is sent twice has the same
//! id, which a stream drops within its window and a consumer by the id.

use std::time::Duration;

use anyhow::{Context, bail};
use bus::{Bus, BusError, PendingAck, foreign, foreign::ForeignSubject};
use schemas::BranchId;
use store::{Pool, facts, facts::PlacedFact, relay, replay as beside};
use telemetry::CancellationToken;
use tokio::time::{Interval, MissedTickBehavior};
use workers::{
    relay::message::message,
    replay::{Edge, Range, ReplayError},
};

use super::{Saved, StateFile, progress::Progress};

/// The most messages that are on their way at once.
const BURST: u32 = 100;
/// The most bytes of facts that are loaded at once.
const BURST_BYTES: u64 = 4 * 1024 * 1024;

/// Where to, and how fast.
pub struct Feed<'a> {
    /// The books.
    pub pool: &'a Pool,
    /// The broker.
    pub bus: &'a Bus,
    /// Where to.
    pub to: ForeignSubject,
    /// Messages a second.
    pub rate: u32,
    /// Only of this store.
    pub only: Option<BranchId>,
    /// Which messages.
    pub range: &'a Range,
}

/// What was sent.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Fed {
    /// Messages.
    pub sent: u64,
    /// Of branches whose first facts were pruned after their retention: the branch and
    /// the first that is kept.
    pub pruned: Vec<(BranchId, u64)>,
}

/// Sends archived entries.
///
/// # Errors
/// If the books or the broker do not answer, or no stream takes the subject.
pub async fn entries(
    feed: &Feed<'_>,
    (file, saved): (&StateFile, &mut Saved),
    (stop, progress): (&CancellationToken, &mut Progress),
) -> anyhow::Result<Fed> {
    let mut conn = feed.pool.acquire().await.context("the books do not answer")?;
    let journals = beside::journals(&mut conn, feed.only).await?;
    drop(conn);
    let all: u64 = journals.iter().map(|journal| journal.head.seq).sum();
    let (mut done, mut fed, mut pace) = (0, Fed::default(), pace(feed.rate));
    for journal in journals {
        let name = journal.edge_id.to_string();
        let mut after = saved.published.get(&name).copied().unwrap_or_default();
        if let Some(Edge::Place(first)) = feed.range.from {
            after = after.max(first.saturating_sub(1));
        }
        done += after.min(journal.head.seq);
        while after < journal.head.seq {
            pace.tick().await;
            let last = (after + u64::from(BURST)).min(journal.head.seq);
            let seqs: Vec<u64> = (after + 1..=last).collect();
            let mut conn = feed.pool.acquire().await.context("the books do not answer")?;
            let page = store::entries::read(&mut conn, journal.edge_id, &seqs).await?;
            drop(conn);
            let mut acks = Vec::new();
            for entry in page.iter().filter(|entry| feed.range.holds(entry, entry.seq)) {
                acks.push(foreign::publish_entry(feed.bus, &feed.to, entry).await?);
            }
            fed.sent += taken(&feed.to, acks).await?;
            done += last - after;
            after = last;
            saved.published.insert(name.clone(), after);
            file.keep(saved)?;
            progress.at(done, all, "entries looked at");
            if stop.is_cancelled() {
                return Err(ReplayError::Stopped.into());
            }
        }
    }
    Ok(fed)
}

/// Sends facts, from the first that the books keep.
///
/// # Errors
/// As of [`entries`].
pub async fn facts(
    feed: &Feed<'_>,
    (file, saved): (&StateFile, &mut Saved),
    (stop, progress): (&CancellationToken, &mut Progress),
) -> anyhow::Result<Fed> {
    let mut conn = feed.pool.acquire().await.context("the books do not answer")?;
    let mut heads = relay::heads(&mut conn, false).await?;
    drop(conn);
    heads.retain(|head| feed.only.is_none_or(|only| only == head.branch_id));
    let all: u64 = heads.iter().map(|head| head.last_seq).sum();
    let (mut done, mut fed, mut pace) = (0, Fed::default(), pace(feed.rate));
    for head in heads {
        let name = head.branch_id.to_string();
        let mut after = saved.published.get(&name).copied().unwrap_or_default();
        let begins = after;
        if let Some(Edge::Place(first)) = feed.range.from {
            after = after.max(first.saturating_sub(1));
        }
        done += after.min(head.last_seq);
        while after < head.last_seq {
            pace.tick().await;
            let most = u32::try_from(head.last_seq - after).unwrap_or(BURST).min(BURST);
            let mut conn = feed.pool.acquire().await.context("the books do not answer")?;
            let page = facts::after(&mut conn, head.branch_id, after, most, BURST_BYTES).await?;
            drop(conn);
            let Some(last) = page.last().map(|fact| fact.fact_seq) else { break };
            if let Some(first) = page.first().filter(|f| begins == 0 && f.fact_seq > after + 1) {
                fed.pruned.push((head.branch_id, first.fact_seq));
            }
            let mut acks = Vec::new();
            for fact in page.into_iter().filter(|fact| is_wanted(fact, feed.range)) {
                let id = fact.fact_id.clone();
                let message = message(fact).with_context(|| format!("fact {id}"))?;
                acks.push(foreign::publish_fact(feed.bus, &feed.to, &message).await?);
            }
            fed.sent += taken(&feed.to, acks).await?;
            done += last - after;
            after = last;
            saved.published.insert(name.clone(), after);
            file.keep(saved)?;
            progress.at(done, all, "facts looked at");
            if stop.is_cancelled() {
                return Err(ReplayError::Stopped.into());
            }
        }
    }
    Ok(fed)
}

fn is_wanted(fact: &PlacedFact, range: &Range) -> bool {
    range.holds_at(&fact.kind, fact.occurred_at, fact.fact_seq)
}

/// A burst for each tick.
fn pace(rate: u32) -> Interval {
    let between = Duration::from_secs(1) * BURST / rate.max(1);
    let mut pace = tokio::time::interval(between);
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

async fn taken(to: &ForeignSubject, acks: Vec<PendingAck>) -> anyhow::Result<u64> {
    let mut sent = 0;
    for ack in acks {
        match ack.wait().await {
            Ok(()) => sent += 1,
            Err(BusError::Missing(_)) => bail!(
                "no stream takes {:?}: make one for the new consumer first, so that nothing is \
                 sent to nobody",
                to.as_str()
            ),
            Err(error) => return Err(error).context("a message was not taken; resume later"),
        }
    }
    Ok(sent)
}
