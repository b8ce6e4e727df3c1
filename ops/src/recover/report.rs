//! What a recovery did, and what it leaves for a person.

use std::fmt::{self, Write as _};

use domain::invoice_chain::is_lost;
use schemas::{SeriesId, Timestamp};
use serde::Serialize;
use store::recovery::Need;

use super::register::Plan;

/// The report: kept in the books as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Why it was needed.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
    /// Who recovered.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// How many numbers came back as they were issued.
    pub numbers_restored: u64,
    /// Numbers that were issued, and nobody can prove to whom.
    pub lost: Vec<Lost>,
    /// What somebody holds and the books contradict.
    pub contradicted: Vec<String>,
    /// What a person must look at.
    pub for_a_person: Vec<String>,
}

/// A number that was booked as lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Lost {
    /// The series.
    pub series_id: SeriesId,
    /// The number.
    pub no: u64,
    /// As it is printed.
    pub printed: String,
}

impl Report {
    pub(super) fn new(need: &Need, by: &str, at: Timestamp) -> Self {
        Self {
            reason: need.reason.clone(),
            since: need.since,
            by: by.to_owned(),
            at,
            numbers_restored: 0,
            lost: Vec::new(),
            contradicted: Vec::new(),
            for_a_person: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, plan: &Plan) {
        for row in &plan.rows {
            if is_lost(row) {
                let (series_id, no) = (row.series_id, row.no);
                self.lost.push(Lost { series_id, no, printed: row.printed.clone() });
            } else {
                self.numbers_restored += 1;
            }
        }
        self.contradicted.extend(plan.contradicted.iter().cloned());
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = format!("{} numbers are back as they were issued", self.numbers_restored);
        for Lost { series_id, no, printed } in &self.lost {
            write!(text, "\nlost: number {no} ({printed}) of series {series_id}")?;
        }
        for what in &self.contradicted {
            write!(text, "\ncontradicted: {what}")?;
        }
        if !self.for_a_person.is_empty() {
            text.push_str("\nfor a person:");
            for what in &self.for_a_person {
                write!(text, "\n  {what}")?;
            }
        }
        f.write_str(&text)
    }
}
