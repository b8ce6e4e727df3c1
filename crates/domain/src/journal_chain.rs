//! The chain of an edge's journal: how an entry is hashed, sealed and checked.
//!
//! The hash covers every field of the entry, its payload byte for byte, and the
//! hash before it. Whoever holds an entry's hash therefore holds a proof of the
//! whole journal up to it. The format below is fixed for good: another one gets
//! another format name, and entries already written keep theirs.

use schemas::{EdgeId, Entry, EntryKind, Sha256Hash, Timestamp, requests::JournalHead};

use crate::hashing::Fields;

const FORMAT: &[u8] = b"tillstream-journal-1";

/// An entry that is not what its hash says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// Some field of the entry is not as it was when it was sealed.
    #[error("entry {entry} was changed: it states the hash {stated} but has {computed}")]
    HashMismatch {
        /// `<edge>:<seq>`.
        entry: String,
        /// The hash it carries.
        stated: Sha256Hash,
        /// The hash of what it carries.
        computed: Sha256Hash,
    },
}

/// The hash of an entry: SHA-256 over these fields, each with its length (u32,
/// big endian) in front: `tillstream-journal-1`, previous hash (32 bytes), edge
/// id (16), seq (u64), kind, schema version (u16), recorded time (i64, µs since
/// 1970), payload. Numbers are big endian.
pub fn entry_hash(
    edge_id: EdgeId,
    seq: u64,
    prev_hash: Sha256Hash,
    kind: &str,
    schema_version: u16,
    recorded_at: Timestamp,
    payload: &[u8],
) -> Sha256Hash {
    Fields::of(FORMAT)
        .hash(prev_hash)
        .uuid(edge_id.as_uuid())
        .number(seq)
        .bytes(kind.as_bytes())
        .bytes(&schema_version.to_be_bytes())
        .moment(recorded_at)
        .bytes(payload)
        .finish()
}

/// Makes the entry that follows `prev` in this edge's journal.
///
/// The payload is taken as it is; the caller keeps it within
/// [`Entry::MAX_PAYLOAD_BYTES`].
pub fn seal(
    edge_id: EdgeId,
    prev: JournalHead,
    kind: EntryKind,
    schema_version: u16,
    recorded_at: Timestamp,
    payload: Vec<u8>,
) -> Entry {
    let seq = prev.seq.saturating_add(1);
    let kind = kind.as_str();
    let hash = entry_hash(edge_id, seq, prev.hash, kind, schema_version, recorded_at, &payload);
    Entry {
        edge_id,
        seq,
        prev_hash: prev.hash,
        hash,
        kind: kind.to_owned(),
        schema_version,
        recorded_at,
        payload,
    }
}

/// Checks that an entry is what its hash says.
///
/// # Errors
/// [`ChainError::HashMismatch`] if any of its fields was changed.
pub fn verify_hash(entry: &Entry) -> Result<(), ChainError> {
    let computed = entry_hash(
        entry.edge_id,
        entry.seq,
        entry.prev_hash,
        &entry.kind,
        entry.schema_version,
        entry.recorded_at,
        &entry.payload,
    );
    if computed == entry.hash {
        Ok(())
    } else {
        Err(ChainError::HashMismatch { entry: entry.name(), stated: entry.hash, computed })
    }
}

/// Whether an entry is the one right after `head`: the next seq, chained to
/// its hash. Says nothing about the entry's own hash.
pub fn follows(entry: &Entry, head: JournalHead) -> bool {
    head.seq.checked_add(1) == Some(entry.seq) && entry.prev_hash == head.hash
}

/// The place that an entry takes in its journal.
pub fn head_of(entry: &Entry) -> JournalHead {
    JournalHead { seq: entry.seq, hash: entry.hash }
}
