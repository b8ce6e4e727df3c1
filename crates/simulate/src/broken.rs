//! Invariants that can be broken on purpose, to see that they are noticed. Each is
//! broken in this crate's model of what is around the cores; the cores are those of
//! production.

use std::{fmt, str::FromStr};

/// What is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Broken {
    /// A worker acks and tells the edges before it commits.
    AckBeforeCommit,
    /// An edge prunes what the broker has acknowledged.
    PruneOnBrokerAck,
    /// Admission is told that whatever arrives follows the cursor.
    SkipHoleCheck,
    /// An edge sends again under the message id of before.
    ReuseMessageId,
    /// The relay reads rows above a mark of ids instead of pending ones.
    RelayByWatermark,
    /// Numbering reads its counter in one transaction and writes in another.
    NumberOutsideTransaction,
    /// A worker's transaction takes neither its lease's row nor the cursors.
    UnfencedHolder,
    /// An edge answers before its journal is on the disk.
    AnswerBeforeFsync,
    /// An edge sells on although the books know more of its journal than it does.
    TrustOldCopy,
    /// A till that got no answer asks again under a new ticket.
    NewTicketOnRetry,
    /// An edge takes the next number that comes, whether one is missing or not.
    SkipMappingGap,
    /// A worker's effects are committed, and its cursors later.
    CursorApart,
    /// A worker takes a COMMIT whose outcome it does not know for committed.
    TrustUnknownCommit,
    /// An edge that starts again counts its attempts from zero.
    AttemptsFromZero,
    /// The door's settlement is not in the transaction of its sale.
    SettleApart,
}

impl Broken {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::AckBeforeCommit,
        Self::PruneOnBrokerAck,
        Self::SkipHoleCheck,
        Self::ReuseMessageId,
        Self::RelayByWatermark,
        Self::NumberOutsideTransaction,
        Self::UnfencedHolder,
        Self::AnswerBeforeFsync,
        Self::TrustOldCopy,
        Self::NewTicketOnRetry,
        Self::SkipMappingGap,
        Self::CursorApart,
        Self::TrustUnknownCommit,
        Self::AttemptsFromZero,
        Self::SettleApart,
    ];

    /// Its name, as on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AckBeforeCommit => "ack-before-commit",
            Self::PruneOnBrokerAck => "prune-on-broker-ack",
            Self::SkipHoleCheck => "skip-hole-check",
            Self::ReuseMessageId => "reuse-message-id",
            Self::RelayByWatermark => "relay-by-watermark",
            Self::NumberOutsideTransaction => "number-outside-transaction",
            Self::UnfencedHolder => "unfenced-holder",
            Self::AnswerBeforeFsync => "answer-before-fsync",
            Self::TrustOldCopy => "trust-old-copy",
            Self::NewTicketOnRetry => "new-ticket-on-retry",
            Self::SkipMappingGap => "skip-mapping-gap",
            Self::CursorApart => "cursor-apart",
            Self::TrustUnknownCommit => "trust-unknown-commit",
            Self::AttemptsFromZero => "attempts-from-zero",
            Self::SettleApart => "settle-apart",
        }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Broken {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|broken| broken.name() == text);
        found.ok_or_else(|| {
            let names: Vec<_> = Self::ALL.iter().map(|broken| broken.name()).collect();
            format!("there is no such: one of {}", names.join(", "))
        })
    }
}
