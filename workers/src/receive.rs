//! What a message brought: whether it can be believed, and what it tells. All
//! of it before any lock is taken; whether its edge is enrolled is asked later.

use bus::entries::Delivery;
use domain::journal_chain::verify_hash;
use schemas::{
    EdgeId, Entry,
    subjects::{PosSubject, shard_of},
};

use crate::reading::{Origin, Reading, read};

/// The longest name of a kind, in characters.
pub const MAX_KIND_CHARS: usize = 64;

/// A message of a shard, looked at.
#[derive(Debug)]
pub struct Received {
    /// The message, to be acked.
    pub delivery: Delivery,
    /// What it brought.
    pub content: Content,
}

/// What a message brought.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "nearly every message brings an entry")]
pub enum Content {
    /// An entry whose hash verifies and that its subject allows.
    Entry {
        /// Whose, as its subject says.
        origin: Origin,
        /// What it tells.
        reading: Reading,
    },
    /// Something under an edge's subject that cannot be believed.
    Unverifiable {
        /// Whose subject.
        origin: Origin,
        /// The seq it claims, if any.
        seq: Option<u64>,
        /// Why, in words.
        why: String,
    },
    /// Something under a subject that is none.
    Nobodys {
        /// Why, in words.
        why: String,
    },
}

impl Received {
    /// The edge under whose subject it came.
    pub fn edge(&self) -> Option<EdgeId> {
        match &self.content {
            Content::Entry { origin, .. } | Content::Unverifiable { origin, .. } => {
                Some(origin.edge_id)
            }
            Content::Nobodys { .. } => None,
        }
    }

    /// The entry, if it can be believed.
    pub fn entry(&self) -> Option<&Entry> {
        match &self.content {
            Content::Entry { .. } => self.delivery.entry.as_ref().ok(),
            _ => None,
        }
    }
}

/// Looks at a message that came to `shard` of `shards`.
pub fn receive(delivery: Delivery, shard: u16, shards: u16) -> Received {
    let content = content(&delivery, shard, shards);
    Received { delivery, content }
}

fn content(delivery: &Delivery, shard: u16, shards: u16) -> Content {
    let subject = match &delivery.subject {
        Ok(subject) => subject,
        Err(error) => return Content::Nobodys { why: error.to_string() },
    };
    let origin = Origin::from(subject);
    let entry = match &delivery.entry {
        Ok(entry) => entry,
        Err(error) => {
            return Content::Unverifiable { origin, seq: None, why: error.to_string() };
        }
    };
    match believable(subject, entry, shard, shards) {
        Ok(()) => Content::Entry { origin, reading: read(origin, entry) },
        Err(why) => Content::Unverifiable { origin, seq: Some(entry.seq), why },
    }
}

fn believable(subject: &PosSubject, entry: &Entry, shard: u16, shards: u16) -> Result<(), String> {
    let owner = shard_of(subject.tenant_id, subject.branch_id, shards);
    if subject.shard != owner || shard != owner {
        return Err(format!("its branch belongs to shard {owner} of {shards}"));
    }
    if entry.edge_id != subject.edge_id {
        return Err(format!("it is an entry of edge {}", entry.edge_id));
    }
    if entry.kind != subject.kind {
        return Err(format!("its subject says {}, it says {}", subject.kind, entry.kind));
    }
    // What no column takes could not even be set aside.
    if entry.kind.chars().count() > MAX_KIND_CHARS
        || !entry.kind.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Err("its kind is no name".to_owned());
    }
    if i16::try_from(entry.schema_version).is_err() || entry.schema_version == 0 {
        return Err(format!("its schema version is {}", entry.schema_version));
    }
    if i64::try_from(entry.seq).is_err() {
        return Err(format!("its seq is {}", entry.seq));
    }
    verify_hash(entry).map_err(|error| error.to_string())
}
