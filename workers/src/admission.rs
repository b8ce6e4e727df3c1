//! Admission: which of the entries that arrived are applied, and what becomes
//! of the others (invariant 5). A pure state machine for one edge; the caller
//! locks the cursor, stores what is decided and acks.
//!
//! Guarantees: an entry is applied only if it verifies and is the one right
//! after the cursor, chained to its hash; the cursor moves with it. Whatever
//! arrives, in whatever order and however often, the entries applied over time
//! are a prefix of one journal, each once. Nothing refused is lost: the edge
//! keeps each entry until the books have it, and is asked for what is missing.

use std::collections::{BTreeMap, HashMap};

use domain::journal_chain::{follows, head_of};
use schemas::{EdgeId, Entry, Sha256Hash, entry::entry_name, requests::JournalHead};

/// The most entries of one edge that are remembered as unverifiable.
pub const MAX_SUSPECTS: usize = 64;

/// What the books hold of an edge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EdgeBooks {
    /// The newest entry applied.
    pub head: JournalHead,
    /// Whether the edge is held.
    pub held: bool,
    /// Hashes of archived entries, at least of those that arrived again.
    pub archived: HashMap<u64, Sha256Hash>,
}

/// What a shard remembers of an edge between batches. Losing it costs a
/// repeated question at most.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EdgeMemory {
    /// The cursor at which a resend was last asked for.
    asked_at: Option<u64>,
    /// Entries that came but did not verify, and in which message.
    suspects: BTreeMap<u64, u64>,
}

impl EdgeMemory {
    /// How many entries came but did not verify.
    pub fn suspected(&self) -> usize {
        self.suspects.len()
    }
}

/// An entry that arrived.
#[derive(Debug, Clone, Copy)]
pub struct Arrival<'a> {
    /// Its place in the batch, given back with the decision.
    pub place: usize,
    /// The message that brought it; the same message may come again.
    pub message: u64,
    /// The entry, as far as it can be believed.
    pub content: Content<'a>,
}

/// What a message brought.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// An entry whose hash verifies and that its subject allows.
    Verified(&'a Entry),
    /// Something else.
    Unverifiable {
        /// The seq it claims, if it claims one.
        seq: Option<u64>,
    },
}

/// What becomes of an arrival. All of them are acked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Decision {
    /// The next entry: applied.
    Apply,
    /// In the books already.
    Duplicate,
    /// Another history than the one in the books: the edge is held.
    Fork,
    /// Something before it is missing: it has to come again.
    Hole,
    /// It cannot be believed: dropped.
    Unverifiable,
    /// Its edge is held: dropped.
    Held,
}

/// What becomes of an edge's arrivals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Admission {
    /// Place and decision of each arrival; those to be applied are in the
    /// order of their journal.
    pub decisions: Vec<(usize, Decision)>,
    /// The cursor after everything that is applied.
    pub head: JournalHead,
    /// Set: the edge is held from now on, and why.
    pub hold: Option<String>,
    /// Whether to ask for everything after `head` again.
    pub resend: bool,
}

/// Decides about the arrivals of one edge.
pub fn admit(
    edge: EdgeId,
    books: &EdgeBooks,
    memory: &mut EdgeMemory,
    arrivals: &[Arrival<'_>],
) -> Admission {
    let mut verified: Vec<(&Entry, usize)> = Vec::with_capacity(arrivals.len());
    let mut others: Vec<(Option<u64>, u64, usize)> = Vec::new();
    for arrival in arrivals {
        match arrival.content {
            Content::Verified(entry) => verified.push((entry, arrival.place)),
            Content::Unverifiable { seq } => others.push((seq, arrival.message, arrival.place)),
        }
    }
    // A reordered batch is no hole. Stable, so of two with the same seq the
    // first to arrive counts.
    verified.sort_by_key(|(entry, _)| entry.seq);

    let mut edge = EdgeAdmission {
        edge,
        books,
        head: books.head,
        applied: HashMap::new(),
        hold: None,
        hole: false,
        distrust: false,
    };
    let mut decisions = Vec::with_capacity(arrivals.len());
    for (entry, place) in verified {
        decisions.push((place, edge.decide(entry)));
    }
    // After the verified ones: what is in the books by now needs no suspicion.
    for (seq, message, place) in others {
        decisions.push((place, edge.suspect(memory, seq, message)));
    }
    memory.suspects.retain(|seq, _| *seq > edge.head.seq);
    let resend = edge.ask(memory);
    Admission { decisions, head: edge.head, hold: edge.hold, resend }
}

struct EdgeAdmission<'a> {
    edge: EdgeId,
    books: &'a EdgeBooks,
    head: JournalHead,
    applied: HashMap<u64, Sha256Hash>,
    hold: Option<String>,
    hole: bool,
    distrust: bool,
}

impl EdgeAdmission<'_> {
    fn held(&self) -> bool {
        self.books.held || self.hold.is_some()
    }

    fn decide(&mut self, entry: &Entry) -> Decision {
        if self.held() {
            return Decision::Held;
        }
        if entry.seq <= self.head.seq {
            let known = self.applied.get(&entry.seq).or(self.books.archived.get(&entry.seq));
            return match known {
                Some(known) if *known != entry.hash => self.fork(entry, *known),
                _ => Decision::Duplicate,
            };
        }
        if follows(entry, self.head) {
            self.head = head_of(entry);
            self.applied.insert(entry.seq, entry.hash);
            return Decision::Apply;
        }
        if self.head.seq.checked_add(1) == Some(entry.seq) {
            // Sealed upon another history than the one in the books.
            return self.fork(entry, self.head.hash);
        }
        self.hole = true;
        Decision::Hole
    }

    fn fork(&mut self, entry: &Entry, known: Sha256Hash) -> Decision {
        self.hold = Some(format!(
            "entry {} (hash {}, after {}) belongs to another history than the books', which have {}",
            entry.name(),
            entry.hash.short(),
            entry.prev_hash.short(),
            known.short(),
        ));
        Decision::Fork
    }

    fn suspect(&mut self, memory: &mut EdgeMemory, seq: Option<u64>, message: u64) -> Decision {
        if self.held() {
            return Decision::Held;
        }
        // What claims no seq is counted as the next one.
        let seq = seq.unwrap_or(self.head.seq.saturating_add(1));
        if seq <= self.head.seq {
            return Decision::Unverifiable;
        }
        match memory.suspects.get(&seq) {
            Some(before) if *before != message => {
                let name = entry_name(self.edge, seq);
                self.hold = Some(format!("entry {name} came twice and did not verify"));
            }
            Some(_) => {}
            None => {
                if memory.suspects.len() >= MAX_SUSPECTS {
                    memory.suspects.pop_last();
                }
                memory.suspects.insert(seq, message);
                self.distrust = true;
            }
        }
        Decision::Unverifiable
    }

    fn ask(&self, memory: &mut EdgeMemory) -> bool {
        if self.held() {
            return false;
        }
        let unasked = self.hole && memory.asked_at != Some(self.head.seq);
        if unasked || self.distrust {
            memory.asked_at = Some(self.head.seq);
            return true;
        }
        false
    }
}
