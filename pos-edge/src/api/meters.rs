//! Metrics: counted as it happens, and read from the journal when asked for.

use std::time::Duration;

use axum::{
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use metrics::{Counter, Histogram, counter, gauge, histogram};
use schemas::{EdgeId, edge_api::LinkState, requests::StorageLevel};

use super::{Api, problem::Problem};
use crate::capture::Answer;

/// What is counted for each sale. One process may run several edges, so each
/// figure carries the edge's id.
#[derive(Clone)]
pub(super) struct Meters {
    captured: Counter,
    replayed: Counter,
    refused: Counter,
    latency: Histogram,
}

impl Meters {
    pub(super) fn of(edge: EdgeId) -> Self {
        let edge = edge.to_string();
        let outcome = |outcome: &'static str| counter!("tillstream_edge_captures_total", "edge" => edge.clone(), "outcome" => outcome);
        Self {
            captured: outcome("captured"),
            replayed: outcome("replayed"),
            refused: outcome("refused"),
            latency: histogram!("tillstream_edge_capture_seconds", "edge" => edge.clone()),
        }
    }

    pub(super) fn captured(&self, answer: &Answer, took: Duration) {
        if answer.replayed { &self.replayed } else { &self.captured }.increment(1);
        self.latency.record(took);
    }

    pub(super) fn refused(&self) {
        self.refused.increment(1);
    }
}

/// Read metrics
///
/// Prometheus text. Figures of every edge in this process, by label.
#[utoipa::path(
    get, path = "/metrics", tag = "operations",
    responses((status = 200, body = String, content_type = "text/plain"))
)]
pub(super) async fn read(State(api): State<Api>) -> Result<Response, Problem> {
    let status = api.standing.read().await?;
    let edge = api.journal.identity().edge_id.to_string();
    let set =
        |name: &'static str, value: u64| gauge!(name, "edge" => edge.clone()).set(exact(value));
    set("tillstream_edge_journal_bytes", status.journal_bytes);
    set("tillstream_edge_storage_free_bytes", status.free_bytes);
    set("tillstream_edge_storage_used_bytes", status.used_bytes);
    set("tillstream_edge_storage_capacity_bytes", status.capacity_bytes);
    set("tillstream_edge_bytes_per_ticket", status.bytes_per_ticket);
    set("tillstream_edge_tickets_left", status.tickets_left);
    for level in StorageLevel::ALL {
        let here = f64::from(u8::from(level == status.storage_level));
        let labels = [("edge", edge.clone()), ("level", level.as_str().to_owned())];
        gauge!("tillstream_edge_storage_level", &labels).set(here);
    }
    set("tillstream_edge_pruned_entries", status.pruned_seq);
    let outages = status.outages;
    set("tillstream_edge_offline_sales_attempted", outages.attempted);
    set("tillstream_edge_offline_sales_finalized", outages.finalized);
    set("tillstream_edge_recoveries", outages.recoveries);
    set("tillstream_edge_journal_entries", status.journal_seq);
    set("tillstream_edge_unconfirmed_entries", status.journal_seq - status.confirmed_seq);
    set("tillstream_edge_unnumbered_sales", status.captured.saturating_sub(status.numbered));
    let age = status.oldest_unconfirmed_at.map_or(0, |at| api.journal.now().micros_since(at));
    set("tillstream_edge_oldest_unconfirmed_seconds", u64::try_from(age / 1_000_000).unwrap_or(0));
    set("tillstream_edge_held", u64::from(status.held.is_some()));
    set("tillstream_edge_rolled_back", u64::from(api.journal.rolled_back().borrow().is_some()));
    set("tillstream_edge_journal_damaged", u64::from(api.journal.damage().borrow().is_some()));
    set("tillstream_edge_link_up", u64::from(status.link == LinkState::Up));
    let text = api.registry.render();
    Ok(([(header::CONTENT_TYPE, telemetry::metrics::CONTENT_TYPE)], text).into_response())
}

/// A count as a gauge: exact up to 2^53, and never negative.
fn exact(value: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "metrics are floats; counts stay below 2^53")]
    let value = value as f64;
    value
}
