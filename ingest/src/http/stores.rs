//! The stores as figures for Prometheus, read from the books when they are asked for:
//! each labelled with its company, store and branch. Books that do not answer are named,
//! and the process's own figures are told all the same.

use std::sync::Arc;

use metrics::gauge;
use schemas::{
    back_office::{Completeness, StoreState},
    requests::StorageLevel,
};
use store::standing;

use crate::{
    Refusal,
    center::{Center, within_time},
};

const STATES: [(StoreState, &str); 5] = [
    (StoreState::Level, "level"),
    (StoreState::Sending, "sending"),
    (StoreState::Silent, "silent"),
    (StoreState::NeverHeard, "never_heard"),
    (StoreState::Held, "held"),
];

/// Sets the gauges anew.
pub(super) async fn measure(center: Arc<Center>) {
    let stores = within_time(async move {
        let mut books = center.begin().await?;
        let standings = standing::standings(&mut books, None).await?;
        center.commit(books).await?;
        Ok::<_, Refusal>(standings)
    });
    match stores.await {
        Ok(standings) => {
            gauge!("tillstream_stores_known").set(1.0);
            standings.into_iter().map(standing::Standing::told).for_each(|store| tell(&store));
        }
        Err(error) => {
            gauge!("tillstream_stores_known").set(0.0);
            tracing::warn!(%error, "the stores' figures cannot be read");
        }
    }
}

fn tell(store: &Completeness) {
    let labels = [
        ("company", store.company.clone()),
        ("store", store.store.clone()),
        ("branch", store.branch_id.to_string()),
    ];
    let set = |name: &'static str, value: u64| gauge!(name, &labels).set(exact(value));
    let with = |name: &'static str, key: &'static str, word: &str, here: bool| {
        let mut labels = labels.to_vec();
        labels.push((key, word.to_owned()));
        gauge!(name, &labels).set(exact(u64::from(here)));
    };
    for (state, word) in STATES {
        with("tillstream_store_state", "state", word, state == store.state);
    }
    set("tillstream_store_confirmed_entries", store.confirmed);
    set("tillstream_store_numbered_sales", store.numbered);
    // 0 is unknown.
    let up_to = store.complete_up_to.map_or(0, |at| at.unix_micros() / 1_000_000);
    set("tillstream_store_complete_up_to_seconds", u64::try_from(up_to).unwrap_or(0));
    if let Some(ago) = store.last_heard_seconds_ago {
        set("tillstream_store_last_heard_seconds_ago", ago);
    }
    if let Some(journaled) = store.journaled {
        set("tillstream_store_journaled_entries", journaled);
    }
    let oldest = store.oldest_unconfirmed_at.map_or(0, |at| at.unix_micros() / 1_000_000);
    set("tillstream_store_oldest_unconfirmed_seconds", u64::try_from(oldest).unwrap_or(0));
    if let Some(ahead) = store.clock_ahead_us {
        let off = ahead.unsigned_abs() / 1_000;
        set("tillstream_store_clock_off_milliseconds", off);
    }
    if let Some(version) = &store.software_version {
        with("tillstream_store_version", "version", version, true);
    }
    if let Some(room) = &store.storage {
        set("tillstream_store_storage_used_bytes", room.used_bytes);
        set("tillstream_store_storage_capacity_bytes", room.capacity_bytes);
        set("tillstream_store_tickets_left", room.tickets_left);
        for level in StorageLevel::ALL {
            let here = level == room.level;
            with("tillstream_store_storage_level", "level", level.as_str(), here);
        }
    }
    if let Some(outages) = &store.outages {
        set("tillstream_store_offline_sales_attempted", outages.attempted);
        set("tillstream_store_offline_sales_finalized", outages.finalized);
        for (quantile, confirmed, numbered) in [
            ("0.5", outages.confirmed_p50_ms, outages.numbered_p50_ms),
            ("0.99", outages.confirmed_p99_ms, outages.numbered_p99_ms),
        ] {
            for (until, took) in [("confirmed", confirmed), ("numbered", numbered)] {
                let Some(took) = took else { continue };
                let mut labels = labels.to_vec();
                labels.push(("until", until.to_owned()));
                labels.push(("quantile", quantile.to_owned()));
                gauge!("tillstream_store_sync_latency_milliseconds", &labels).set(exact(took));
            }
        }
    }
}

/// A count as a gauge: exact up to 2^53.
fn exact(value: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "metrics are floats; counts stay below 2^53")]
    let value = value as f64;
    value
}
