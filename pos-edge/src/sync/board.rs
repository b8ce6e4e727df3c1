//! Where the parts of the sync leave word for each other. Only the newest word
//! counts; a part that was away reads it when it is back.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Instant,
};

use schemas::{catalogue::CatalogueRef, edge_api::LinkState};
use tokio::sync::{Notify, watch};

use super::{LinkView, latency::RecordedTimes};

/// A heartbeat's answer, as far as it concerns other parts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Heard {
    /// When the heartbeat was sent.
    pub(super) asked_at: Instant,
    /// Entries of the shard that wait in the stream.
    pub(super) shard_backlog: u64,
    /// The newest `mapping_seq` of the branch.
    pub(super) mapping_head: u64,
    /// The newest catalogue of the branch.
    pub(super) catalogue: Option<CatalogueRef>,
    /// How far the books and a backup of them have this journal.
    pub(super) prunable: u64,
    /// By how much the centre's clock is ahead of ours at least, in microseconds.
    pub(super) clock_ahead_us: i64,
}

/// The parts that tell of what went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Publisher,
    Heartbeat,
    Wakes,
    Confirmations,
    Mapping,
    Stock,
    /// It takes over from the edge that it replaces.
    Adoption,
    Catalogue,
    Pruning,
}

impl Part {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Publisher => "publisher",
            Self::Heartbeat => "heartbeat",
            Self::Wakes => "wakes",
            Self::Confirmations => "confirmations",
            Self::Mapping => "mapping",
            Self::Stock => "stock",
            Self::Adoption => "adoption",
            Self::Catalogue => "catalogue",
            Self::Pruning => "pruning",
        }
    }
}

/// See the module.
#[derive(Debug)]
pub(super) struct Board {
    status: watch::Sender<LinkView>,
    /// How far the books are with this journal: raised by every verified
    /// confirmation, lowered when the books themselves went back.
    cursor: watch::Sender<u64>,
    heard: watch::Sender<Option<Heard>>,
    /// The cursor after which a worker saw a hole.
    hole: watch::Sender<Option<u64>>,
    /// Set while the books are behind what the journal pruned: what they miss is not here.
    beyond_help: watch::Sender<bool>,
    errors: Mutex<BTreeMap<Part, String>>,
    /// Someone wants a heartbeat now.
    pub(super) ask: Notify,
    /// When the newest entries were recorded.
    pub(super) recorded: RecordedTimes,
}

impl Board {
    pub(super) fn new(confirmed_seq: u64) -> Self {
        let view = LinkView {
            state: LinkState::Down,
            last_error: None,
            books_seq: confirmed_seq,
            mapping_head: 0,
            clock_skew_us: None,
            shard_backlog: 0,
        };
        Self {
            status: watch::Sender::new(view),
            cursor: watch::Sender::new(confirmed_seq),
            heard: watch::Sender::new(None),
            hole: watch::Sender::new(None),
            beyond_help: watch::Sender::new(false),
            errors: Mutex::default(),
            ask: Notify::new(),
            recorded: RecordedTimes::default(),
        }
    }

    pub(super) fn status(&self) -> watch::Receiver<LinkView> {
        self.status.subscribe()
    }

    pub(super) fn cursor(&self) -> watch::Receiver<u64> {
        self.cursor.subscribe()
    }

    pub(super) fn heard(&self) -> watch::Receiver<Option<Heard>> {
        self.heard.subscribe()
    }

    pub(super) fn hole(&self) -> watch::Receiver<Option<u64>> {
        self.hole.subscribe()
    }

    /// The books have everything up to `seq`, and the journal has verified it.
    pub(super) fn raise_cursor(&self, seq: u64) {
        let raised = self.cursor.send_if_modified(|cursor| {
            let news = seq > *cursor;
            *cursor = seq.max(*cursor);
            news
        });
        if raised {
            self.change(|view| view.books_seq = seq);
        }
    }

    /// The books went back to `seq`.
    pub(super) fn lower_cursor(&self, seq: u64) {
        self.cursor.send_replace(seq);
        self.change(|view| view.books_seq = seq);
    }

    pub(super) fn tell_heard(&self, heard: Heard, clock_skew_us: i64) {
        self.heard.send_replace(Some(heard));
        self.change(|view| {
            view.mapping_head = heard.mapping_head;
            view.shard_backlog = heard.shard_backlog;
            view.clock_skew_us = Some(clock_skew_us);
        });
    }

    /// Whether the books are behind what the journal pruned.
    pub(super) fn tell_beyond_help(&self, beyond: bool) {
        self.beyond_help.send_if_modified(|old| std::mem::replace(old, beyond) != beyond);
    }

    pub(super) fn beyond_help(&self) -> watch::Receiver<bool> {
        self.beyond_help.subscribe()
    }

    pub(super) fn tell_hole(&self, cursor: u64) {
        self.hole.send_replace(Some(cursor));
    }

    pub(super) fn tell_link(&self, state: LinkState) {
        self.change(|view| view.state = state);
    }

    /// Something went wrong (`Some`), or works again (`None`).
    pub(super) fn tell_error(&self, part: Part, error: Option<String>) {
        let mut errors = self.errors.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            Some(text) => errors.insert(part, text),
            None => errors.remove(&part),
        };
        // The first in the order of the parts matters most to a person.
        let shown = errors.values().next().cloned();
        drop(errors);
        self.change(|view| view.last_error = shown);
    }

    /// Figures that every answer moves a little wake nobody.
    fn change(&self, change: impl FnOnce(&mut LinkView)) {
        self.status.send_if_modified(|view| {
            let before = view.clone();
            change(view);
            let LinkView { clock_skew_us, shard_backlog, .. } = *view;
            *view != LinkView { clock_skew_us, shard_backlog, ..before }
        });
    }
}
