//! The workers' metrics.

use std::time::Duration;

use metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::{
    admission::Decision,
    batch::{Alarm, Outcome},
};

/// Says what each metric means.
pub(crate) fn describe() {
    describe_histogram!("workers_batch_messages", "Messages in one transaction");
    describe_histogram!("workers_batch_seconds", "From the start of a batch to its commit");
    describe_counter!("workers_entries_total", "Messages by what became of them");
    describe_counter!("workers_quarantined_total", "Entries set aside, by reason");
    describe_counter!("workers_edges_held_total", "Edges that the books stopped believing");
    describe_gauge!("workers_shard_held", "1 while this process holds the shard");
    describe_gauge!("workers_shard_stopped", "1 while the shard is stopped by too many refusals");
}

/// Whether this process holds a shard.
pub(crate) fn held(shard: u16, held: bool) {
    gauge!("workers_shard_held", "shard" => shard.to_string()).set(u8::from(held));
}

/// Whether a shard is stopped.
pub(crate) fn stopped(shard: u16, stopped: bool) {
    gauge!("workers_shard_stopped", "shard" => shard.to_string()).set(u8::from(stopped));
}

/// What a batch came to.
pub(crate) fn batch(shard: u16, messages: usize, took: Duration, outcome: &Outcome) {
    let shard = shard.to_string();
    let messages = u32::try_from(messages).unwrap_or(u32::MAX);
    histogram!("workers_batch_messages", "shard" => shard.clone()).record(messages);
    histogram!("workers_batch_seconds", "shard" => shard.clone()).record(took);
    for (decision, count) in &outcome.decisions {
        let decision = match decision {
            Decision::Apply => "applied",
            Decision::Duplicate => "duplicate",
            Decision::Fork => "fork",
            Decision::Hole => "hole",
            Decision::Unverifiable => "unverifiable",
            Decision::Held => "held",
        };
        entries(&shard, decision, *count);
    }
    entries(&shard, "stranger", outcome.strangers);
    for (_, aside) in &outcome.booked.set_aside {
        counter!("workers_quarantined_total", "reason" => aside.reason.as_str()).increment(1);
    }
    let holds = outcome.alarms.iter().filter(|alarm| matches!(alarm, Alarm::Held { .. })).count();
    counter!("workers_edges_held_total").increment(holds as u64);
}

fn entries(shard: &str, decision: &'static str, count: u64) {
    if count > 0 {
        counter!("workers_entries_total", "shard" => shard.to_owned(), "decision" => decision)
            .increment(count);
    }
}
