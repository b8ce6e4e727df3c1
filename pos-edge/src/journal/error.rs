//! What can go wrong with a journal: at its start, and while it runs.

use std::path::PathBuf;

use domain::{orders::MoveRefused, voids::Blocked};
use schemas::{
    CashSessionId, DraftId, EdgeId, OrderId, TicketId, Timestamp, VoidRequestId,
    requests::JournalHead,
};

use super::key::KeyError;

/// Why a journal was not opened. Nothing was changed on the disk.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is none.
    #[error(
        "there is no journal at {}: enrol this edge first (`pos-edge enrol`), \
         or put the journal back that was here",
        path.display()
    )]
    Missing {
        /// Where one was looked for.
        path: PathBuf,
    },
    /// There is one already.
    #[error("there is a journal at {} already; it is never written over", path.display())]
    Exists {
        /// Where.
        path: PathBuf,
    },
    /// Another daemon has it.
    #[error(
        "another process has the journal in {}: two edges never share one. \
         Stop the other one first",
        path.display()
    )]
    InUse {
        /// The data directory.
        path: PathBuf,
    },
    /// There is no usable key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The key is not the one that the journal was made with.
    #[error(
        "this is the wrong key for the journal at {}: it was made with another one \
         (fingerprint {expected}, not {found}). Put the right key file back",
        path.display()
    )]
    WrongKey {
        /// The journal.
        path: PathBuf,
        /// The fingerprint of the key it was made with.
        expected: String,
        /// The fingerprint of the key that was given.
        found: String,
    },
    /// The file cannot be decrypted: its first page is not what the key makes of it.
    #[error(
        "{} cannot be read with this key: it is not a journal, it was made with another key, \
         or its beginning is damaged. Put the right key back, or the newest good copy",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
    },
    /// It is a database, but not this program's journal.
    #[error("{} is not a journal of this program: {why}", path.display())]
    NotAJournal {
        /// The file.
        path: PathBuf,
        /// What is not as it should be.
        why: String,
    },
    /// It is another edge's.
    #[error(
        "the journal at {} belongs to edge {found}, but this daemon is edge {expected}: \
         two edges never share one. Correct the settings or the data directory",
        path.display()
    )]
    OtherEdge {
        /// The file.
        path: PathBuf,
        /// Whose it is.
        found: EdgeId,
        /// Who asked.
        expected: EdgeId,
    },
    /// Part of the file is gone.
    #[error(
        "the journal at {} was truncated: {why}. Put the newest good copy back; what the books \
         have is safe there",
        path.display()
    )]
    Truncated {
        /// The file.
        path: PathBuf,
        /// What is missing.
        why: String,
    },
    /// Entries that were promised are not there.
    #[error(
        "the journal at {} lost entries: it ends with entry {found}, but entry {promised} was \
         written. An older copy was put back, or its tail was cut off or damaged. Put the newest \
         copy back, or enrol this branch's edge anew",
        path.display()
    )]
    LostEntries {
        /// The file.
        path: PathBuf,
        /// The newest entry there.
        found: u64,
        /// The newest entry that was written.
        promised: u64,
    },
    /// A byte is not as it was written.
    #[error(
        "the journal at {} is damaged: {why}. It was left as it is; put the newest good copy back",
        path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where and how.
        why: String,
    },
    /// The file system refused.
    #[error("the journal's directory {} cannot be used", path.display())]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The database refused for another reason.
    #[error("the journal at {} cannot be opened: {why}", path.display())]
    Storage {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// Why the running journal did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The disk, or the room that the journal was given, is full.
    #[error("there is no room left for the journal")]
    Full,
    /// The disk failed, or what it holds is damaged. The next try may work.
    #[error("the journal's storage failed: {0}")]
    Storage(String),
    /// An entry is not what its hash says, or does not follow the one before.
    #[error("entry {seq} of the journal is damaged: {why}")]
    Broken {
        /// Which entry.
        seq: u64,
        /// How.
        why: String,
    },
    /// The books know more of this journal than it does itself.
    #[error("this journal is older than the books know it: {0}")]
    RolledBack(String),
    /// Another edge has replaced this one.
    #[error("this edge was replaced and may not sell any more: {0}")]
    Retired(String),
    /// It has not taken over yet from the edge that it follows.
    #[error(
        "this edge replaces another one and has not taken over yet: it needs the line to the \
         centre once"
    )]
    NotAdopted,
    /// What the books gave to be adopted cannot be.
    #[error("what the books have of the former edge cannot be taken over: {0}")]
    Adoption(String),
    /// Register rows came that do not continue the ones held.
    #[error("invoice rows start at {got}, but {expected} is the next one")]
    MappingGap {
        /// The next `mapping_seq`.
        expected: u64,
        /// The one that came.
        got: u64,
    },
    /// The catalogue cannot be priced with.
    #[error("the catalogue cannot be used: {0}")]
    Catalogue(String),
    /// Entries are asked for that were pruned.
    #[error("entries after {asked} are asked for, and those up to {pruned} were pruned")]
    Pruned {
        /// They are to follow this one.
        asked: u64,
        /// The newest that was pruned.
        pruned: u64,
    },
    /// The journal is closed.
    #[error("the journal is closed")]
    Closed,
}

/// Why a capture was refused. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The idempotency key was used for something else.
    #[error("this idempotency key was used with another request")]
    KeyConflict,
    /// The cash session is not open here.
    #[error("{0}")]
    NoOpenSession(String),
    /// The till and person have an open session.
    #[error("cash session {0} of this till and person is still open")]
    SessionAlreadyOpen(CashSessionId),
    /// The draft that is sold belongs to another context.
    #[error("draft {0} is of another till, session or person")]
    DraftOfAnotherContext(DraftId),
    /// The session has a draft that was neither sold nor thrown away.
    #[error("draft {0} is still active in this cash session; sell it or throw it away first")]
    DraftActive(DraftId),
    /// There is no such cash session.
    #[error("there is no cash session {0} in this store")]
    SessionNotFound(CashSessionId),
    /// The cash session is closed.
    #[error("cash session {0} is closed; its Z report stands")]
    SessionClosed(CashSessionId),
    /// The cash session is still open.
    #[error("cash session {0} is still open; it has its Z report when it is closed")]
    SessionNotClosed(CashSessionId),
    /// It belongs to another person's session.
    #[error("it belongs to another person's cash session; a manager or admin may do this")]
    NotYours,
    /// There is no such order.
    #[error("there is no order {0} in this store")]
    OrderNotFound(OrderId),
    /// The order does not move that way.
    #[error(transparent)]
    OrderMove(MoveRefused),
    /// There is no such sale.
    #[error("no sale was captured here under ticket {0}")]
    TicketNotFound(TicketId),
    /// The ticket is an online order's.
    #[error(
        "the order of ticket {0} came online: this store makes it, and its sale is kept at the \
         centre, where it cannot be voided"
    )]
    VoidOnline(TicketId),
    /// There is no such request to void.
    #[error("there is no request to void {0} in this store")]
    VoidNotFound(VoidRequestId),
    /// A command of the centre's came too late.
    #[error("the command was to be carried out before {0}")]
    CommandExpired(Timestamp),
    /// A rule stands against the void.
    #[error(transparent)]
    Void(Blocked),
    /// More requests to void wait than may.
    #[error("{0} requests to void wait in this cash session already; decide them first")]
    TooManyVoids(u64),
    /// It was done here long ago, by this entry, which was pruned.
    #[error(
        "it was done here by entry {0}, which the books have and this edge keeps no more; it is \
         not done again. The centre has its receipt"
    )]
    Pruned(u64),
    /// A manager decides about the sale, or did.
    #[error("the sale of ticket {0} is held for a manager, or was")]
    Held(TicketId),
    /// No sale is held under this ticket.
    #[error("no sale is held under ticket {0}")]
    HeldNotFound(TicketId),
    /// The held sale was decided before.
    #[error("a manager decided about the sale of ticket {0} already, or it was sold")]
    HeldDecided(TicketId),
    /// More sales wait for a manager than may.
    #[error("{0} sales wait for a manager already; accept or reject them first")]
    TooManyHeld(u32),
    /// What a till completed by itself fits no session of it.
    #[error("{0}")]
    NoPlace(String),
    /// There is no room for new sales; the reserve is for what must go on.
    #[error(
        "this edge's disk is full: {free_bytes} bytes are left, which are kept for closing \
         drawers, voids and what is on its way to the books. Nothing was sold. Free some room on \
         the disk, or move the edge to a larger one; the same ticket can be sold then"
    )]
    NoRoom {
        /// What is free beside the journal.
        free_bytes: u64,
    },
    /// It does not fit an entry.
    #[error("it takes {0} bytes, which is more than an entry holds")]
    TooLarge(usize),
    /// The journal is older than the books know it.
    #[error(
        "this edge may not sell: its journal is older than the books know it ({0}). \
         Enrol this branch's edge anew"
    )]
    RolledBack(String),
    /// The journal failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl From<sqlx::Error> for Refusal {
    fn from(error: sqlx::Error) -> Self {
        Self::Journal(error.into())
    }
}

impl JournalError {
    pub(super) fn rolled_back(cursor: JournalHead, head: JournalHead) -> Self {
        Self::RolledBack(format!(
            "the books have entry {}, the journal ends with {}",
            cursor.seq, head.seq
        ))
    }
}

/// SQLite's primary result codes that matter here
/// (<https://www.sqlite.org/rescode.html>).
pub(super) mod code {
    pub(crate) const CORRUPT: i32 = 11;
    pub(crate) const FULL: i32 = 13;
    pub(crate) const NOT_A_DATABASE: i32 = 26;
}

/// The primary result code of a database error.
pub(super) fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let extended: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(extended & 0xff)
}

impl From<sqlx::Error> for JournalError {
    fn from(error: sqlx::Error) -> Self {
        match primary_code(&error) {
            Some(code::FULL) => Self::Full,
            // SQLite's own text: it holds neither keys nor bound values.
            _ => Self::Storage(error.to_string()),
        }
    }
}
