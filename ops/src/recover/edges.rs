//! Waits until the edges have sent the books what these lost, as edges do by
//! themselves, and told the register rows that they hold.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};
use bus::Bus;
use schemas::{EdgeId, TenantId};
use store::{
    Pool,
    recovery::standing::{self, EdgeStanding},
};

use super::{Options, collect};

/// How often the edges are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// How often it is said how far they are.
const SAY_EVERY: Duration = Duration::from_secs(2);
/// Attempts of resends begin here: far above those of an edge that runs.
const FIRST_ATTEMPT: u32 = 1 << 30;

/// Edges that cannot tell what they know.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Gone {
    /// Named with `--without`: they may come back.
    pub silent: Vec<String>,
    /// Named with `--lost`: they never will.
    pub lost: Vec<String>,
}

/// What is awaited of one edge.
#[derive(Debug, Clone, Copy)]
struct Awaited {
    journal_seq: u64,
    mapping_seq: u64,
}

/// Waits for every edge but those that the options name; of those, what the stream
/// holds of their journals is sent once more.
///
/// # Errors
/// If an edge says or sends nothing for as long as the options allow, or is held.
pub async fn wait(
    pool: &Pool,
    bus: &Bus,
    tenants: &[TenantId],
    options: &Options,
    say: &(dyn Fn(&str) + Sync),
) -> anyhow::Result<Gone> {
    let before = look(pool, tenants).await?;
    for id in options.without.iter().chain(&options.lost) {
        ensure!(
            before.iter().any(|edge| edge.edge_id == *id),
            "{id} is no active edge of a store that must be recovered"
        );
    }
    let is_given_up = |id: EdgeId| options.without.contains(&id) || options.lost.contains(&id);
    let mut gone = Gone::default();
    let mut targets: HashMap<EdgeId, Awaited> = HashMap::new();
    for edge in before.iter().filter(|edge| is_given_up(edge.edge_id)) {
        let name = format!("{} ({})", edge.store, edge.edge_id);
        let (names, verb) = if options.lost.contains(&edge.edge_id) {
            (&mut gone.lost, "is gone")
        } else {
            (&mut gone.silent, "is not waited for")
        };
        let attempt = FIRST_ATTEMPT | (rand::random::<u32>() >> 2);
        let up_to = collect::send_again(bus, edge, attempt).await?;
        let again = up_to - edge.cursor.seq;
        say(&format!("{name} {verb}; {again} of its entries are still in the stream"));
        targets.insert(edge.edge_id, Awaited { journal_seq: up_to, mapping_seq: 0 });
        names.push(name);
    }
    let mut progress = Progress { last: Vec::new(), moved_at: Instant::now(), said_at: None };
    loop {
        let now = look(pool, tenants).await?;
        for edge in &now {
            let first = before.iter().find(|first| first.edge_id == edge.edge_id);
            let is_heard = edge.heard_at > first.and_then(|first| first.heard_at);
            if is_heard && !is_given_up(edge.edge_id) {
                targets.entry(edge.edge_id).or_insert(Awaited {
                    journal_seq: edge.journal_seq,
                    mapping_seq: edge.mapping_seq,
                });
            }
        }
        let waiting: Vec<_> = now.iter().filter_map(|edge| why_not_yet(edge, &targets)).collect();
        if waiting.is_empty() {
            return Ok(gone);
        }
        progress.see(&now, &waiting, say);
        if progress.moved_at.elapsed() > options.patience {
            bail!(
                "not every edge has told what it knows: {}. Bring them back, or go on without \
                 them (--without EDGE: it may come back; --lost EDGE: it is gone for good)",
                waiting.join("; ")
            );
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn look(pool: &Pool, tenants: &[TenantId]) -> anyhow::Result<Vec<EdgeStanding>> {
    let mut conn = pool.acquire().await.context("the books do not answer")?;
    Ok(standing::edges(&mut conn, tenants).await?)
}

/// What an edge is waited for; `None` if for nothing.
fn why_not_yet(edge: &EdgeStanding, targets: &HashMap<EdgeId, Awaited>) -> Option<String> {
    let name = format!("{} ({})", edge.store, edge.edge_id);
    let Some(target) = targets.get(&edge.edge_id) else {
        return Some(format!("{name} is silent"));
    };
    if edge.cursor.seq < target.journal_seq {
        if let Some(why) = &edge.held {
            return Some(format!("{name} is held: {why}"));
        }
        let (seq, of) = (edge.cursor.seq, target.journal_seq);
        return Some(format!("{name} sends: entry {seq} of {of}"));
    }
    (edge.told_seq < target.mapping_seq).then(|| {
        let (seq, of) = (edge.told_seq, target.mapping_seq);
        format!("{name} tells its numbers: {seq} of {of}")
    })
}

struct Progress {
    last: Vec<(u64, u64)>,
    moved_at: Instant,
    said_at: Option<Instant>,
}

impl Progress {
    fn see(&mut self, now: &[EdgeStanding], waiting: &[String], say: &(dyn Fn(&str) + Sync)) {
        let figures: Vec<_> = now.iter().map(|edge| (edge.cursor.seq, edge.told_seq)).collect();
        if figures != self.last {
            self.last = figures;
            self.moved_at = Instant::now();
        }
        if self.said_at.is_none_or(|at| at.elapsed() >= SAY_EVERY) {
            self.said_at = Some(Instant::now());
            say(&format!("waiting: {}", waiting.join("; ")));
        }
    }
}
