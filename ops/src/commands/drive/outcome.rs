//! The closing figures of a drive.

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::drive::{Driven, figures::Quantiles};

/// What `--json` prints. Amounts are dollars with two decimals.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    /// Sales, also those that were voided.
    pub(super) captured: u64,
    /// Those of them that are in the books.
    pub(super) confirmed: u64,
    /// Those of them with an invoice number.
    pub(super) numbered: u64,
    first_no: Option<u64>,
    last_no: Option<u64>,
    /// The sum of all captured sales.
    total_usd: String,
    /// Those of them that were voided, and the sum of these.
    voided: u64,
    voided_usd: String,
    /// Those of them that were paid by KHQR, and the sum of these.
    khqr: u64,
    khqr_usd: String,
    /// Sales that were to be paid by KHQR and were paid in cash.
    khqr_turned_to_cash: u64,
    /// Cash sessions that were counted and closed.
    sessions_closed: u64,
    /// Those of them with another count than expected, and counted − expected.
    drawers_off: u64,
    difference_usd: String,
    rejected_rows: usize,
    capture_ms: Quantiles,
    numbered_ms: Quantiles,
    pub(super) verify_ok: bool,
}

impl Outcome {
    /// The figures of a drive whose books were verified.
    pub(super) fn of(driven: &Driven, rejected_rows: usize, verify_ok: bool) -> Self {
        let done = &driven.done;
        Self {
            captured: done.captured.count,
            confirmed: driven.confirmed,
            numbered: driven.numbered.count,
            first_no: driven.numbered.first,
            last_no: driven.numbered.last,
            total_usd: format!("{:.2}", done.captured.usd),
            voided: done.voided.count,
            voided_usd: format!("{:.2}", done.voided.usd),
            khqr: done.khqr.count,
            khqr_usd: format!("{:.2}", done.khqr.usd),
            khqr_turned_to_cash: done.turned_to_cash,
            sessions_closed: done.sessions_closed,
            drawers_off: done.drawers_off,
            difference_usd: format!("{:.2}", done.difference_usd),
            rejected_rows,
            capture_ms: done.times.quantiles(),
            numbered_ms: driven.number.quantiles(),
            verify_ok,
        }
    }

    /// The same for people.
    pub(super) fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        let number = |no: Option<u64>| no.map_or_else(|| "none".to_owned(), |no| no.to_string());
        let times = |times: &Quantiles| format!("{:.2} ms / {:.2} ms", times.p50, times.p99);
        let sum = |count: u64, usd: &str| format!("{count}, {usd} USD");
        for (what, value) in [
            ("captured", self.captured.to_string()),
            ("confirmed", self.confirmed.to_string()),
            ("numbered", self.numbered.to_string()),
            ("first number", number(self.first_no)),
            ("last number", number(self.last_no)),
            ("total", format!("{} USD", self.total_usd)),
            ("voided", sum(self.voided, &self.voided_usd)),
            ("paid by KHQR", sum(self.khqr, &self.khqr_usd)),
            ("KHQR turned to cash", self.khqr_turned_to_cash.to_string()),
            ("cash sessions closed", self.sessions_closed.to_string()),
            ("drawers not as expected", sum(self.drawers_off, &self.difference_usd)),
            ("rows not sold", self.rejected_rows.to_string()),
            ("capture p50 / p99", times(&self.capture_ms)),
            ("capture to number p50 / p99", times(&self.numbered_ms)),
            ("verify", if self.verify_ok { "ok" } else { "FAILED" }.to_owned()),
        ] {
            table.add_row(vec![what.to_owned(), value]);
        }
        if let Some(column) = table.column_mut(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}
