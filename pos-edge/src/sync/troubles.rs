//! Why tickets cannot be delivered, as the ticket list shows it.
//!
//! Only what a person should know: that the line is down is normal, and its
//! tickets are simply pending. Whatever is shown, everything is tried on.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use super::Edge;

/// The last entry that a range can name.
const TO_THE_END: u64 = i64::MAX as u64;

/// Kinds of trouble; the first that there is gets shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Trouble {
    /// The books hold this edge.
    Held,
    /// The centre does not accept this edge.
    Refused,
    /// The books miss entries that this journal has pruned.
    BeyondHelp,
    /// The journal found a damaged entry, and nothing from it on is sent.
    Damaged,
    /// Entries are not taken, or not confirmed.
    Delivery,
}

/// What there is now.
#[derive(Debug, Default)]
pub(super) struct Troubles(Mutex<BTreeMap<Trouble, String>>);

impl Edge {
    /// There is trouble (`Some`), or there is none of this kind any more.
    pub(super) fn trouble(&self, kind: Trouble, text: Option<String>) {
        let mut troubles = self.troubles.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = troubles.values().next().cloned();
        match text {
            Some(text) => troubles.insert(kind, text),
            None => troubles.remove(&kind),
        };
        let shown = troubles.values().next();
        if shown == before.as_ref() {
            return;
        }
        match shown {
            Some(text) => {
                tracing::error!(why = text, "tickets cannot be delivered; it is tried on");
                let from = *self.board.cursor().borrow() + 1;
                self.journal.mark_ticket_errors(from, TO_THE_END, text.as_str());
            }
            None => self.journal.clear_ticket_errors(),
        }
    }
}
