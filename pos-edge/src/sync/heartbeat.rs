//! Asks the books where they are: the one question that everything else
//! starts from, after an outage, a lost stream or a restart.
//!
//! Sent every few seconds, at once when the line comes up, and when another
//! part wants to know. Its answer is the truth about the cursor (notices only
//! come sooner), and it is where a journal that was rolled back, or books that
//! were restored from an older backup, are recognised. An answer that is lost
//! is a heartbeat missed, and the next one says the same.

use std::{sync::Arc, time::Duration};

use bus::{BusError, Connection};
use schemas::{
    edge_api::LinkState,
    requests::{Command, HandedOrder, HeartbeatReplyV1, HeartbeatV1, JournalHead},
    subjects::{CentralRequest, CentralSubject},
};
use tokio::{sync::watch, time::Instant};

use super::{
    Edge,
    board::{Heard, Part},
    link::{DOWN_AFTER_MISSED, LinkMonitor, Seen},
    recovery::{Recovery, Took},
    troubles::Trouble,
};
use crate::journal::JournalError;

/// How the centre tells an edge that another one has replaced it.
const EDGE_NOT_ACTIVE: &str = "edge_not_active";

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// While the line recovers or is unstable, at most so long between two.
const WHILE_UNCERTAIN: Duration = Duration::from_millis(500);
/// However often others ask, at least so long between two.
const AT_LEAST_BETWEEN: Duration = Duration::from_millis(200);

impl Edge {
    /// The subject of a request of this edge.
    pub(super) fn central(&self, what: CentralRequest) -> CentralSubject {
        let identity = self.journal.identity();
        CentralSubject {
            tenant_id: identity.tenant_id,
            branch_id: identity.branch_id,
            edge_id: identity.edge_id,
            what,
        }
    }
}

pub(super) async fn run(edge: Arc<Edge>) -> anyhow::Result<()> {
    let mut line = edge.bus.connection();
    let mut link = LinkMonitor::default();
    let mut recovery = Recovery::default();
    let origin = Instant::now();
    let mut silent_in_a_row = 0;
    loop {
        let connected = *line.borrow_and_update() == Connection::Connected;
        let outcome =
            if connected { beat(&edge).await } else { Err(BusError::Disconnected.into()) };
        let before = link.state();
        match outcome {
            Ok(cursor) => {
                silent_in_a_row = 0;
                let counts = edge.journal.sync_counts().await?;
                link.see(Seen::Answered { cursor: cursor.seq, head: counts.journal_seq });
                // Where nothing waits, nothing is measured.
                if before == LinkState::Down && counts.journal_seq > cursor.seq {
                    recovery.begins(origin.elapsed(), counts.journal_seq, counts.captured);
                }
                measure(&edge, recovery.look(origin.elapsed(), cursor.seq, counts.numbered));
                edge.board.tell_error(Part::Heartbeat, None);
            }
            Err(failure) => {
                link.see(Seen::Missed);
                let error = failure.into_bus_error()?;
                if matches!(error, BusError::Timeout { .. }) {
                    silent_in_a_row += 1;
                }
                take_retirement(&edge, &error).await?;
                missed(&edge, error);
            }
        }
        if link.state() == LinkState::Down {
            recovery.ends();
        }
        tell(&edge, link.state());
        if silent_in_a_row >= DOWN_AFTER_MISSED {
            silent_in_a_row = 0;
            renew_a_dead_line(&edge).await;
        }
        until_the_next(&edge, &mut line, &mut link).await;
    }
}

fn measure(edge: &Edge, took: Took) {
    edge.outages.recovered(&took);
    if let Some(took) = took.to_confirmed {
        edge.figures.line_up_to_confirmed.record(took);
    }
    if let Some(took) = took.to_numbered {
        edge.figures.line_up_to_numbered.record(took);
    }
}

/// Why a heartbeat has no answer to go by.
pub(super) enum Failure {
    Bus(BusError),
    Journal(JournalError),
}

impl Failure {
    /// The journal's failures are not the line's: they end this part.
    fn into_bus_error(self) -> Result<BusError, JournalError> {
        match self {
            Self::Bus(error) => Ok(error),
            Self::Journal(error) => Err(error),
        }
    }
}

impl From<BusError> for Failure {
    fn from(error: BusError) -> Self {
        Self::Bus(error)
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

/// One heartbeat, and everything that its answer moves; the books' cursor.
async fn beat(edge: &Edge) -> Result<JournalHead, Failure> {
    let known = *edge.board.cursor().borrow();
    let heartbeat = describe(edge, known).await?;
    let asked_at = Instant::now();
    let subject = edge.central(CentralRequest::Heartbeat);
    let reply: HeartbeatReplyV1 =
        bus::requests::request(&edge.bus, subject, &heartbeat, ANSWER_WITHIN).await?;
    let round_trip = i64::try_from(asked_at.elapsed().as_micros()).unwrap_or(i64::MAX);
    // The centre's clock was further on by the way of its answer.
    let clock_ahead_us = reply.server_time.micros_since(edge.clock.now());
    let clock_skew_us = reply.server_time.micros_since(heartbeat.sent_at) - round_trip / 2;
    take_cursor(edge, reply.cursor, known).await?;
    // Books that went back say nothing about what may go.
    let prunable = if reply.cursor.seq < known { 0 } else { reply.cursor.seq };
    take_held(edge, reply.held).await?;
    answer_commands(edge, reply.commands).await;
    accept_orders(edge, reply.orders).await;
    if let Some(after) = reply.register_after {
        super::register::tell(edge, after).await?;
    }
    edge.trouble(Trouble::Refused, None);
    edge.journal.set_retired(None).await?;
    let heard = Heard {
        asked_at: asked_at.into_std(),
        shard_backlog: reply.shard_backlog,
        mapping_head: reply.mapping_head,
        catalogue: reply.catalogue,
        prunable: prunable.min(reply.prune_watermark),
        clock_ahead_us,
    };
    edge.board.tell_heard(heard, clock_skew_us);
    Ok(reply.cursor)
}

async fn describe(edge: &Edge, confirmed_seq: u64) -> Result<HeartbeatV1, JournalError> {
    let journal = &edge.journal;
    let highest_numbers = journal.highest_numbers().await?;
    let oldest_unconfirmed_at = journal.sync_counts().await?.oldest_unconfirmed_at;
    let catalogue = journal.catalogue().borrow().as_ref().map(|catalogue| catalogue.reference);
    let clock_ahead_us = edge.board.heard().borrow().map(|heard| heard.clock_ahead_us);
    let (sent_at, journal_head) = journal.head_now().await?;
    Ok(HeartbeatV1 {
        sent_at,
        journal_head,
        confirmed_seq,
        oldest_unconfirmed_at,
        devices: journal.device_contacts(),
        mapping_seq: journal.mapping_seq(),
        highest_numbers,
        storage: journal.storage(),
        catalogue,
        software_version: env!("CARGO_PKG_VERSION").to_owned(),
        clock_ahead_us,
        outages: edge.outages.report(),
    })
}

/// `known` is the cursor that was known before the books were asked: books
/// that answer with less went back.
async fn take_cursor(edge: &Edge, cursor: JournalHead, known: u64) -> Result<(), JournalError> {
    if beyond_help(edge, cursor) {
        return Ok(());
    }
    if cursor.seq < known {
        if edge.journal.hash_at(cursor.seq).await? == Some(cursor.hash) {
            edge.board.lower_cursor(cursor.seq);
        } else {
            let seq = cursor.seq;
            tracing::error!(cursor = seq, "the books have another entry there than this journal");
            let text = format!("the books have another entry {seq} than this journal");
            edge.board.tell_error(Part::Confirmations, Some(text));
        }
        return Ok(());
    }
    match edge.confirm(cursor).await {
        // The journal keeps it, says so and refuses to sell; asking goes on, so
        // that the centre knows.
        Err(JournalError::RolledBack(why)) => {
            let text = format!("this journal is older than the books know it: {why}");
            edge.board.tell_error(Part::Confirmations, Some(text));
            Ok(())
        }
        Ok(()) => {
            edge.board.tell_error(Part::Confirmations, None);
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Whether the books are behind what was pruned here: then nothing is sent until a
/// person has looked, and selling goes on. No backup that a watermark told of is so old.
fn beyond_help(edge: &Edge, cursor: JournalHead) -> bool {
    let pruned = edge.journal.pruned();
    let beyond = cursor.seq < pruned;
    edge.board.tell_beyond_help(beyond);
    let text = beyond.then(|| {
        format!(
            "the books went back to entry {} and this store has pruned its entries up to \
             {pruned}: restore the books from a newer backup, or recover them",
            cursor.seq
        )
    });
    edge.board.tell_error(Part::Pruning, text.clone());
    edge.trouble(Trouble::BeyondHelp, text);
    beyond
}

async fn take_held(edge: &Edge, held: Option<String>) -> Result<(), JournalError> {
    if *edge.journal.held().borrow() != held {
        edge.journal.set_held(held.clone()).await?;
    }
    edge.trouble(
        Trouble::Held,
        held.map(|why| format!("the books hold this store until a person has looked: {why}")),
    );
    Ok(())
}

/// Hands the centre's commands to the journal, which carries each out or
/// refuses it, once. One that it cannot answer now comes again with the next
/// heartbeat.
async fn answer_commands(edge: &Edge, commands: Vec<Command>) {
    for command in commands {
        let id = command.command_id;
        match edge.journal.answer_command(command).await {
            Ok(answered) if answered.replayed => {}
            Ok(_) => tracing::info!(command.id = %id, "a command of the centre's was answered"),
            Err(error) => {
                tracing::warn!(command.id = %id, %error, "a command is not answered yet");
            }
        }
    }
}

/// The centre says that another edge has replaced this one: it may not sell any more.
async fn take_retirement(edge: &Edge, error: &BusError) -> Result<(), JournalError> {
    match error {
        BusError::Refused { code, text } if code == EDGE_NOT_ACTIVE => {
            edge.journal.set_retired(Some(text.clone())).await
        }
        _ => Ok(()),
    }
}

/// Hands online orders to the journal, which accepts each once. One that it cannot
/// take now comes again with the next heartbeat.
async fn accept_orders(edge: &Edge, orders: Vec<HandedOrder>) {
    for order in orders {
        let id = order.order_id;
        match edge.journal.accept_order(order).await {
            Ok(accepted) if accepted.replayed => {}
            Ok(_) => tracing::info!(order.id = %id, "an online order was accepted"),
            Err(error) => {
                tracing::warn!(order.id = %id, %error, "an online order is not accepted yet");
            }
        }
    }
}

fn missed(edge: &Edge, error: BusError) {
    if let BusError::Refused { .. } = &error {
        let text = format!("the centre does not accept this store's edge: {error}");
        edge.trouble(Trouble::Refused, Some(text));
    } else {
        tracing::debug!(%error, "a heartbeat was not answered");
    }
    edge.figures.heartbeats_missed.increment(1);
    edge.board.tell_error(Part::Heartbeat, Some(error.to_string()));
}

fn tell(edge: &Edge, state: LinkState) {
    let before = edge.board.status().borrow().state;
    if before != state {
        tracing::info!(?before, ?state, "the line changed");
    }
    edge.board.tell_link(state);
    let figure = match state {
        LinkState::Down => 0.0,
        LinkState::Unstable => 1.0,
        LinkState::Recovering => 2.0,
        LinkState::Up => 3.0,
    };
    edge.figures.link_state.set(figure);
}

/// A line may look alive and carry nothing for half a minute. If not even the
/// broker answers on it, it is made anew.
async fn renew_a_dead_line(edge: &Edge) {
    let Err(error) = edge.bus.check().await else { return };
    tracing::warn!(%error, "the line looks alive and carries nothing; it is made anew");
    if let Err(error) = edge.bus.reconnect().await {
        tracing::warn!(%error, "the line could not be made anew");
    }
}

/// Waits until the next heartbeat is due, wanted, or possible again.
async fn until_the_next(
    edge: &Edge,
    line: &mut watch::Receiver<Connection>,
    link: &mut LinkMonitor,
) {
    let last = Instant::now();
    let every = edge.settings.heartbeat_every;
    let pause = match link.state() {
        LinkState::Up | LinkState::Down => every,
        LinkState::Unstable | LinkState::Recovering => every.min(WHILE_UNCERTAIN),
    };
    let mut due = last + pause;
    loop {
        let connected = *line.borrow() == Connection::Connected;
        tokio::select! {
            () = tokio::time::sleep_until(due) => return,
            () = edge.board.ask.notified(), if connected => {
                due = due.min(last + AT_LEAST_BETWEEN);
            }
            // The sender lives in the bus, which lives as long as this.
            _alive = line.changed() => {
                if *line.borrow_and_update() == Connection::Connected {
                    return;
                }
                tell(edge, link.see(Seen::Disconnected));
            }
        }
    }
}
