//! What the sync of one edge counts and measures, each labelled with the edge,
//! because several may run in one process.

use metrics::{Counter, Gauge, Histogram, counter, gauge, histogram};
use schemas::EdgeId;

/// The handles, looked up once.
pub(super) struct Figures {
    edge: String,
    /// Entries handed to the broker's client, resends included.
    pub(super) published: Counter,
    /// Entries that the broker acknowledged.
    pub(super) broker_acked: Counter,
    /// Entries in the journal and not in the books.
    pub(super) unconfirmed: Gauge,
    /// Entries of the window: handed out and not in the books.
    pub(super) in_flight: Gauge,
    /// Entries that were pruned.
    pub(super) pruned: Counter,
    /// 0 down, 1 unstable, 2 recovering, 3 up.
    pub(super) link_state: Gauge,
    /// Heartbeats without an answer.
    pub(super) heartbeats_missed: Counter,
    /// Register rows that the books have and the journal does not.
    pub(super) mapping_lag: Gauge,
    /// Pages of register rows that had to be asked for.
    pub(super) mapping_pages: Counter,
    /// Register rows that do not verify.
    pub(super) mapping_rejected: Counter,
    /// From the line's return until the books had what was sold meanwhile, in seconds.
    pub(super) line_up_to_confirmed: Histogram,
    /// From the line's return until all of that had its number, in seconds.
    pub(super) line_up_to_numbered: Histogram,
    /// From the entry's recording to its number in the journal, in seconds.
    pub(super) capture_to_number: Histogram,
}

impl Figures {
    pub(super) fn of(edge: EdgeId) -> Self {
        let edge = edge.to_string();
        Self {
            published: counter!("tillstream_edge_published_total", "edge" => edge.clone()),
            broker_acked: counter!("tillstream_edge_broker_acked_total", "edge" => edge.clone()),
            unconfirmed: gauge!("tillstream_edge_unconfirmed_entries", "edge" => edge.clone()),
            in_flight: gauge!("tillstream_edge_in_flight_entries", "edge" => edge.clone()),
            pruned: counter!("tillstream_edge_pruned_total", "edge" => edge.clone()),
            link_state: gauge!("tillstream_edge_link_state", "edge" => edge.clone()),
            heartbeats_missed: counter!("tillstream_edge_heartbeats_missed_total", "edge" => edge.clone()),
            mapping_lag: gauge!("tillstream_edge_mapping_lag_rows", "edge" => edge.clone()),
            mapping_pages: counter!("tillstream_edge_mapping_pages_total", "edge" => edge.clone()),
            mapping_rejected: counter!("tillstream_edge_mapping_rejected_total", "edge" => edge.clone()),
            capture_to_number: histogram!("tillstream_edge_capture_to_number_seconds", "edge" => edge.clone()),
            line_up_to_confirmed: histogram!("tillstream_edge_line_up_to_confirmed_seconds", "edge" => edge.clone()),
            line_up_to_numbered: histogram!("tillstream_edge_line_up_to_numbered_seconds", "edge" => edge.clone()),
            edge,
        }
    }

    /// The publisher went back to the cursor: `hole`, `failure`, `standstill`,
    /// `patience` or `books`.
    pub(super) fn went_back(&self, reason: &'static str) {
        counter!("tillstream_edge_go_backs_total", "edge" => self.edge.clone(), "reason" => reason)
            .increment(1);
    }

    /// A part failed and starts again.
    pub(super) fn restarted(&self, part: &'static str) {
        counter!("tillstream_edge_sync_restarts_total", "edge" => self.edge.clone(), "part" => part)
            .increment(1);
    }
}
