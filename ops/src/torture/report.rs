//! What was done, how long each part took to recover, and the verdict.

use std::{collections::BTreeMap, fmt::Write as _, time::Duration};

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use super::{
    Options,
    faults::{Came, Struck},
    judge::{Judgement, MOST_TOLD},
    schedule::FaultKind,
    witness::Seen,
};
use crate::{commands::verify, drive::figures::Times};

/// Everything so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    kinds: BTreeMap<FaultKind, Kind>,
    skipped: BTreeMap<FaultKind, String>,
    ended: BTreeMap<String, u64>,
    failures: Vec<String>,
    selling: Duration,
    rests: u64,
    judgement: Option<Judgement>,
}

#[derive(Debug, Default)]
struct Kind {
    struck: u64,
    recovery: Times,
}

impl Tally {
    /// A kind of fault that cannot be done here.
    pub(super) fn skip(&mut self, kind: FaultKind, why: &str) {
        self.skipped.insert(kind, why.to_owned());
    }

    pub(super) fn struck(&mut self, blow: Struck) {
        let Struck { kind, target, came } = blow;
        match came {
            Came::NotDone(why) => {
                self.skipped.entry(kind).or_insert(why);
            }
            Came::Recovered(took) => {
                let kind = self.kinds.entry(kind).or_default();
                kind.struck += 1;
                kind.recovery.add(took);
            }
            Came::Stuck(why) => {
                self.kinds.entry(kind).or_default().struck += 1;
                self.failures.push(format!("{} ({target}): {why}", kind.name()));
            }
        }
    }

    /// A process ended without being told to. A service may, when it starts while a
    /// server is away; an edge must not.
    pub(super) fn ended_by_itself(&mut self, name: String, log: String) {
        if name.starts_with("edge") {
            self.failures.push(format!("the {name} ended by itself:\n{}", log.trim_end()));
        }
        *self.ended.entry(name).or_default() += 1;
    }

    pub(super) fn gave_up(&mut self, why: String) {
        self.failures.push(why);
    }

    pub(super) fn sold_for(&mut self, time: Duration) {
        self.selling += time;
    }

    pub(super) fn judged(&mut self, judgement: Judgement) {
        self.rests += 1;
        self.judgement = Some(judgement);
    }

    pub(super) fn report(&self, options: &Options, seen: &Seen) -> Report {
        let kinds = FaultKind::ALL.map(|kind| {
            let done = self.kinds.get(&kind);
            let recovery = done.map(|done| done.recovery.clone()).unwrap_or_default();
            let quantiles = recovery.quantiles();
            KindReport {
                fault: kind.name(),
                times: done.map_or(0, |done| done.struck),
                recovered: recovery.count(),
                timed: kind.recovery(),
                p50_ms: quantiles.p50,
                p99_ms: quantiles.p99,
                max_ms: recovery.longest(),
                skipped: self.skipped.get(&kind).cloned(),
            }
        });
        let judged = self.judgement.as_ref();
        Report {
            seed: options.seed,
            asked_minutes: options.time.as_secs().div_ceil(60),
            selling_s: self.selling.as_secs(),
            ok: self.failures.is_empty() && judged.is_some_and(Judgement::ok),
            faults: kinds.iter().map(|kind| kind.times).sum(),
            kinds: kinds.to_vec(),
            answered: seen.answered.len() as u64,
            refused: seen.refused.len() as u64,
            retried: seen.retried,
            no_room: seen.no_room.values().sum(),
            voided: seen.voided,
            by_khqr: seen.by_khqr,
            sessions_closed: seen.sessions_closed,
            sales_per_s: (seen.answered.len() as u64)
                .checked_div(self.selling.as_secs())
                .unwrap_or_default(),
            booked: judged.map_or(0, |judged| judged.booked),
            rests: self.rests,
            ended_by_themselves: self.ended.clone(),
            failures: self.failures.clone(),
            findings: judged.map(|judged| judged.findings.clone()).unwrap_or_default(),
            verify: judged.map(|judged| judged.verify.clone()),
        }
    }
}

/// One kind of fault.
#[derive(Debug, Clone, Serialize)]
pub struct KindReport {
    /// Its name.
    pub fault: &'static str,
    /// How often it was done.
    pub times: u64,
    /// How often what it struck recovered in its bound.
    pub recovered: usize,
    /// From what until what recovery was timed.
    pub timed: &'static str,
    /// Half recovered within so many milliseconds.
    pub p50_ms: f64,
    /// 99 of 100 did.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
    /// Why it was not done, if it once was not.
    pub skipped: Option<String>,
}

/// What a run came to.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// The seed of schedule and load.
    pub seed: u64,
    /// For how long faults were to strike, in minutes.
    pub asked_minutes: u64,
    /// For how long tills sold, in seconds.
    pub selling_s: u64,
    /// The verdict: nothing lost, doubled or misnumbered, and everything recovered.
    pub ok: bool,
    /// Faults in all.
    pub faults: u64,
    /// Each kind.
    pub kinds: Vec<KindReport>,
    /// Sales that were answered to a till.
    pub answered: u64,
    /// Sales that were refused for good.
    pub refused: u64,
    /// Requests that were made again, because they had no answer, or none yet.
    pub retried: u64,
    /// Of these, answers that there is no room on the disk.
    pub no_room: u64,
    /// Sales that were voided.
    pub voided: u64,
    /// Sales that were paid by KHQR.
    pub by_khqr: u64,
    /// Drawers that were counted and closed.
    pub sessions_closed: u64,
    /// Answered sales for each second of selling.
    pub sales_per_s: u64,
    /// Sales in the books, when last at rest.
    pub booked: u64,
    /// How often everything came to rest and was looked at.
    pub rests: u64,
    /// Processes that ended without being killed, and were started again.
    pub ended_by_themselves: BTreeMap<String, u64>,
    /// What did not recover, or gave up.
    pub failures: Vec<String>,
    /// Where the books or a store say otherwise than the harness's own witness.
    pub findings: Vec<String>,
    /// Every check of `verify`, when last at rest.
    pub verify: Option<verify::Verdict>,
}

impl Report {
    /// The report as text for people.
    pub fn print(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(vec!["fault", "times", "p50 ms", "p99 ms", "max ms", "recovery, timed"]);
        for kind in &self.kinds {
            let millis = |millis: f64| {
                if kind.recovered == 0 { "–".to_owned() } else { format!("{millis:.0}") }
            };
            let timed = match &kind.skipped {
                Some(why) if kind.times == 0 => format!("SKIPPED: {why}"),
                _ => kind.timed.to_owned(),
            };
            table.add_row(vec![
                kind.fault.to_owned(),
                kind.times.to_string(),
                millis(kind.p50_ms),
                millis(kind.p99_ms),
                millis(kind.max_ms),
                timed,
            ]);
        }
        for column in 1..=4 {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut text = table.to_string();
        // Writing to a String does not fail.
        let _ = writeln!(
            text,
            "\n\nSeed {}: {} faults in {} s; {} sales answered ({} a second), {} refused, {} \
             requests made again, {} of them for want of room; {} voided, {} by KHQR, {} drawers \
             counted; {} times at rest.",
            self.seed,
            self.faults,
            self.selling_s,
            self.answered,
            self.sales_per_s,
            self.refused,
            self.retried,
            self.no_room,
            self.voided,
            self.by_khqr,
            self.sessions_closed,
            self.rests,
        );
        for (name, times) in &self.ended_by_themselves {
            let _ = writeln!(text, "{name} ended by itself {times} times and was started again.");
        }
        for wrong in self.failures.iter().chain(&self.findings).take(MOST_TOLD) {
            let _ = writeln!(text, "! {wrong}");
        }
        let more = (self.failures.len() + self.findings.len()).saturating_sub(MOST_TOLD);
        if more > 0 {
            let _ = writeln!(text, "! and {more} more");
        }
        if let Some(verdict) = self.verify.as_ref().filter(|verdict| !verdict.ok) {
            let _ = write!(text, "{}", verify::print(verdict));
        }
        let _ = if self.ok {
            writeln!(text, "Nothing was lost, doubled or misnumbered, and everything recovered.")
        } else {
            writeln!(text, "The run FAILED.")
        };
        text
    }
}
