//! What happened in a store, beside what its edge tells of itself.

use std::fmt::Write as _;

use schemas::{edge_api::ZReport, events::TenderMethod};

/// Figures of one store, since the demo began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Tally {
    pub(super) cash: u64,
    pub(super) khqr: u64,
    /// Wanted to pay by KHQR, and paid in cash.
    pub(super) turned_to_cash: u64,
    pub(super) voided: u64,
    /// Requests to void that were rejected.
    pub(super) rejected: u64,
    pub(super) delivered: u64,
    pub(super) drawers_closed: u64,
    /// Those of them with another count than expected.
    pub(super) drawers_off: u64,
}

impl Tally {
    pub(super) fn sold(&mut self, by: TenderMethod) {
        match by {
            TenderMethod::Khqr => self.khqr += 1,
            TenderMethod::Cash | TenderMethod::Account => self.cash += 1,
        }
    }

    pub(super) fn closed(&mut self, z: &ZReport) {
        let off = [z.counted.difference_usd.amount(), z.counted.difference_khr.amount()];
        self.drawers_closed += 1;
        self.drawers_off += u64::from(off.iter().any(|off| !off.is_zero()));
    }
}

/// The stores' figures as lines of text.
pub(super) fn told<'a>(stores: impl Iterator<Item = (&'a str, Tally)>) -> String {
    let mut text = "The drawers are counted and closed:".to_owned();
    for (store, tally) in stores {
        let Tally { cash, khqr, turned_to_cash, voided, rejected, .. } = tally;
        let Tally { delivered, drawers_closed, drawers_off, .. } = tally;
        // Writing to a String does not fail.
        let _ = write!(
            text,
            "\n  {store:16} {cash:>4} paid in cash {khqr:>4} by KHQR \
             {voided:>3} voided {rejected:>3} voids rejected {delivered:>4} delivered \
             {drawers_closed:>3} drawers"
        );
        if drawers_off > 0 {
            let _ = write!(text, ", {drawers_off} not as expected");
        }
        if turned_to_cash > 0 {
            let _ = write!(text, "\n  {:16} {turned_to_cash:>4} of them had no line for KHQR", "");
        }
    }
    text
}
