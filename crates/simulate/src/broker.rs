//! The broker as the parts see it: streams that forget, a consumer whose floor may
//! go back, ids that are remembered for two minutes.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use schemas::{BranchId, EdgeId, Entry, facts::InvoiceAssignedV1, subjects::PosSubject};

/// A message with the same id within this time is taken for the same message.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);
/// After this long without an ack a message is delivered again.
const ACK_WAIT: Duration = Duration::from_secs(30);

/// `<edge>:<seq>:<attempt>`.
pub(crate) type MessageId = (EdgeId, u64, u32);

/// A message of a shard's stream.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    pub(crate) seq: u64,
    pub(crate) subject: PosSubject,
    pub(crate) entry: Arc<Entry>,
}

/// What became of a publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Took {
    Stored,
    /// It was taken for the one that this hand-over brought.
    Swallowed(u64),
}

/// One shard's part of `POS` with its consumer.
#[derive(Default)]
pub(crate) struct PosStream {
    messages: VecDeque<Message>,
    last_seq: u64,
    /// The consumer has not been given anything after this.
    given: u64,
    /// Given and not acked, until when.
    unacked: BTreeMap<u64, Duration>,
    /// When an id came, as which message, by which hand-over.
    ids: BTreeMap<MessageId, (Duration, u64, u64)>,
}

impl PosStream {
    pub(crate) fn publish(
        &mut self,
        subject: PosSubject,
        entry: Arc<Entry>,
        id: MessageId,
        hand_over: u64,
        now: Duration,
    ) -> Took {
        if let Some((at, _, earlier)) = self.ids.get(&id)
            && now < *at + DUPLICATE_WINDOW
        {
            return Took::Swallowed(*earlier);
        }
        self.last_seq += 1;
        self.ids.insert(id, (now, self.last_seq, hand_over));
        self.messages.push_back(Message { seq: self.last_seq, subject, entry });
        Took::Stored
    }

    /// The next messages: those whose acks are overdue first.
    pub(crate) fn pull(&mut self, most: usize, now: Duration) -> Vec<Message> {
        let overdue: Vec<u64> =
            self.unacked.iter().filter(|(_, until)| **until <= now).map(|(seq, _)| *seq).collect();
        let fresh = (self.given + 1..=self.last_seq).take(most);
        let wanted: Vec<u64> = overdue.into_iter().chain(fresh).take(most).collect();
        let mut pulled = Vec::with_capacity(wanted.len());
        for seq in wanted {
            self.given = self.given.max(seq);
            match self.messages.iter().find(|message| message.seq == seq) {
                Some(message) => {
                    self.unacked.insert(seq, now + ACK_WAIT);
                    pulled.push(message.clone());
                }
                None => {
                    self.unacked.remove(&seq);
                }
            }
        }
        pulled
    }

    pub(crate) fn ack(&mut self, seq: u64) {
        self.unacked.remove(&seq);
    }

    /// Somebody begins to consume: everything unacked is given again now.
    pub(crate) fn attach(&mut self) {
        self.unacked.values_mut().for_each(|until| *until = Duration::ZERO);
    }

    /// What waits in the stream.
    pub(crate) fn backlog(&self) -> u64 {
        self.last_seq - self.given + self.unacked.len() as u64
    }

    /// The stream is deleted and made anew.
    pub(crate) fn wipe(&mut self) {
        *self = Self::default();
    }

    /// The server is killed, and its newest `lost` messages were not on its disk.
    pub(crate) fn lose_newest(&mut self, lost: u64) {
        let last = self.last_seq.saturating_sub(lost);
        self.messages.retain(|message| message.seq <= last);
        self.ids.retain(|_, (_, seq, _)| *seq <= last);
        self.unacked.retain(|seq, _| *seq <= last);
        self.given = self.given.min(last);
        self.last_seq = last;
    }

    /// The server is killed, and so much of what the consumer was given it does not
    /// remember.
    pub(crate) fn floor_back(&mut self, by: u64) {
        self.given = self.given.saturating_sub(by);
        self.unacked.clear();
    }
}

/// A fact in the stream.
#[derive(Debug, Clone)]
pub(crate) struct FactMessage {
    pub(crate) branch: BranchId,
    pub(crate) fact_seq: u64,
    pub(crate) id: String,
    pub(crate) row: Option<InvoiceAssignedV1>,
}

/// `BOOKS`.
#[derive(Default)]
pub(crate) struct BooksStream {
    pub(crate) messages: Vec<FactMessage>,
    ids: BTreeMap<(String, u64), Duration>,
    /// How often it was made anew.
    pub(crate) born: u64,
}

impl BooksStream {
    /// `attempt`: 0, or what a fact that was lost is published again under.
    pub(crate) fn publish(&mut self, message: FactMessage, attempt: u64, now: Duration) {
        let id = (message.id.clone(), attempt);
        if self.ids.get(&id).is_some_and(|at| now < *at + DUPLICATE_WINDOW) {
            return;
        }
        self.ids.insert(id, now);
        self.messages.push(message);
    }

    /// The newest fact of a branch.
    pub(crate) fn tail(&self, branch: BranchId) -> Option<&FactMessage> {
        self.messages.iter().rev().find(|message| message.branch == branch)
    }

    pub(crate) fn wipe(&mut self) {
        *self = Self { born: self.born + 1, ..Self::default() };
    }

    pub(crate) fn lose_newest(&mut self, lost: usize) {
        self.messages.truncate(self.messages.len().saturating_sub(lost));
        let kept: Vec<_> = self.messages.iter().map(|message| message.id.clone()).collect();
        self.ids.retain(|(id, _), _| kept.contains(id));
    }
}
