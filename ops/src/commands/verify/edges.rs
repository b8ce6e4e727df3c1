//! The edges that can be reached, beside the books: every ticket that a store
//! has is in the books under the same number, and the other way round.

use std::{collections::HashMap, time::Duration};

use anyhow::Context;
use futures::{
    TryStreamExt,
    future::{join_all, ready},
};
use pos_edge::people::OperatorToken;
use schemas::{EdgeId, TicketId, edge_api::SyncStatus};
use store::{
    Pool,
    verify::{self, Check},
};
use tokio::time::Instant;

use super::{EdgeAddress, Strictness};
use crate::drive::client::EdgeClient;

const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long the edges that answer may take to report their journal's head; they
/// do so every few seconds.
const HEARTBEAT_LIMIT: Duration = Duration::from_secs(6);

/// What an edge said.
pub(super) struct Asked {
    edge: EdgeAddress,
    said: anyhow::Result<Said>,
}

struct Said {
    sync: SyncStatus,
    tickets: HashMap<TicketId, Option<u64>>,
}

/// Asks all edges, before the books are read: whatever they count on must be in
/// the books by then. If they are said to be settled, they get the time to hear
/// what the books already know.
pub(super) async fn ask(edges: &[EdgeAddress], strictness: Strictness) -> Vec<Asked> {
    let asking = edges.iter().map(|edge| async move {
        Asked { edge: edge.clone(), said: ask_one(edge, strictness).await }
    });
    join_all(asking).await
}

async fn ask_one(edge: &EdgeAddress, strictness: Strictness) -> anyhow::Result<Said> {
    let mut client = EdgeClient::at_url(&edge.url)?;
    let token = edge.folder.as_deref().map(OperatorToken::read).transpose()?.flatten();
    if let Some(token) = token {
        client = client.with_token(token);
    }
    let begin = Instant::now();
    let sync = loop {
        let sync = client.sync().await?;
        let level = sync.captured == sync.numbered && sync.journal_seq == sync.confirmed_seq;
        if level || !strictness.settled || begin.elapsed() >= strictness.stuck_after {
            break sync;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    };
    // What a box took over is compared with the journal that captured it.
    let tickets = client
        .tickets()
        .try_filter(|ticket| ready(!ticket.adopted))
        .map_ok(|ticket| (ticket.ticket_id, ticket.invoice_no))
        .try_collect()
        .await?;
    Ok(Said { sync, tickets })
}

/// Waits until the edges that answered have reported all that the books have of
/// them, so that the hashes can be compared there.
pub(super) async fn await_heartbeats(
    pool: &Pool,
    asked: &[Asked],
    strictness: Strictness,
) -> anyhow::Result<()> {
    let limit = HEARTBEAT_LIMIT.min(strictness.stuck_after);
    let answered = asked.iter().filter(|asked| asked.said.is_ok());
    let answered: Vec<EdgeId> = answered.map(|asked| asked.edge.edge_id).collect();
    let mut conn = pool.acquire().await.context("the books cannot be reached")?;
    let begin = Instant::now();
    while verify::unheard(&mut conn, &answered).await? > 0 && begin.elapsed() < limit {
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Ok(())
}

/// Compares what the edges said with the books.
pub(super) async fn check(
    pool: &Pool,
    asked: Vec<Asked>,
    strictness: Strictness,
) -> anyhow::Result<Check> {
    let promise = "each reachable store has the tickets that the books have, and their numbers";
    let mut check = Check::new("edges", promise);
    if asked.is_empty() {
        check.note_apart("this stack runs no edge");
    }
    let (mut reached, mut tickets, mut numbered, mut on_their_way) = (0, 0, 0, 0_u64);
    for Asked { edge, said } in asked {
        let said = match said {
            Ok(said) => said,
            Err(error) => {
                check.note_apart(format!("{} cannot be reached: {error:#}", edge.store));
                continue;
            }
        };
        reached += 1;
        tickets += said.sync.captured;
        numbered += said.sync.numbered;
        on_their_way += said.sync.captured.saturating_sub(said.sync.confirmed);
        if let Some(reason) = &said.sync.held {
            check.note_apart(format!("{} is held: {reason}", edge.store));
        }
        compare(pool, &edge, said, strictness, &mut check).await?;
    }
    Ok(check
        .counting("edges", reached)
        .counting("captured", tickets)
        .counting("numbered", numbered)
        .counting("on their way", on_their_way))
}

async fn compare(
    pool: &Pool,
    edge: &EdgeAddress,
    said: Said,
    strictness: Strictness,
    check: &mut Check,
) -> anyhow::Result<()> {
    let Said { sync, mut tickets } = said;
    let (store, has) = (&edge.store, tickets.len());
    let mut pruned = 0;
    let mut conn = pool.acquire().await.context("the books cannot be reached")?;
    let quarantined = verify::quarantined_sales(&mut conn, edge.edge_id).await?;
    let mut booked = verify::tickets_of(&mut conn, edge.edge_id);
    while let Some(ticket) = booked.try_next().await? {
        let Some(known_no) = tickets.remove(&ticket.ticket_id) else {
            if ticket.entry_seq <= sync.pruned_seq {
                pruned += 1;
            } else if ticket.entry_seq <= sync.journal_seq {
                check.wrong(|| format!("{store} does not have ticket {}", ticket.ticket_id));
            }
            continue;
        };
        match (known_no, ticket.invoice_no) {
            (Some(known), Some(no)) if known != no => check.wrong(|| {
                format!(
                    "{store} has No. {known} for ticket {}, the books No. {no}",
                    ticket.ticket_id
                )
            }),
            (Some(known), None) => check.wrong(|| {
                format!("{store} has No. {known} for ticket {}, the books none", ticket.ticket_id)
            }),
            (None, _) if strictness.settled => {
                check.wrong(|| format!("{store} has no number for ticket {}", ticket.ticket_id));
            }
            _ => {}
        }
    }
    let known = has as u64 + pruned;
    if known < sync.captured {
        check.wrong(|| {
            format!(
                "{store} lists {has} tickets and pruned {pruned}, of {} captured",
                sync.captured
            )
        });
    }
    // What is left is not booked: it is still on its way, or in quarantine.
    let underway = if strictness.settled && sync.held.is_none() {
        0
    } else {
        known.saturating_sub(sync.confirmed)
    };
    let left = tickets.len() as u64;
    if left > underway.saturating_add(quarantined) {
        check.wrong(|| {
            format!(
                "{store} has {left} tickets that the books do not have, {underway} on their way"
            )
        });
        for ticket in tickets.into_keys() {
            check.wrong(|| format!("{store}: ticket {ticket} is not in the books"));
        }
    }
    Ok(())
}
