//! In which order a store lives through its data.

use super::{data_time::DataTime, input::Receipt};

/// One thing that happens at a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Its line is cut.
    Cut,
    /// Its line returns.
    Restore,
    /// It sells.
    Sell(Receipt),
}

/// Orders a store's receipts and outages by the data's time. At the same
/// moment the line comes first: what is sold at the start of an outage is sold
/// without a line, what is sold at its end with one. Outages that overlap are
/// one; a line that is still cut at the end stays cut.
pub fn schedule(
    receipts: Vec<Receipt>,
    mut windows: Vec<(DataTime, DataTime)>,
) -> Vec<(DataTime, Step)> {
    windows.sort_unstable();
    let mut steps: Vec<(DataTime, Step)> = Vec::with_capacity(receipts.len());
    let mut cut_until: Option<DataTime> = None;
    for (from, to) in windows {
        match cut_until {
            Some(until) if from <= until => cut_until = Some(until.max(to)),
            _ => {
                steps.extend(cut_until.map(|until| (until, Step::Restore)));
                steps.push((from, Step::Cut));
                cut_until = Some(to);
            }
        }
    }
    steps.extend(cut_until.map(|until| (until, Step::Restore)));
    steps.extend(receipts.into_iter().map(|receipt| (receipt.at, Step::Sell(receipt))));
    // Stable: steps of the line stay before sales, receipts in their order.
    steps.sort_by_key(|(at, _)| *at);
    steps
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn at(time: &str) -> DataTime {
        format!("2019-04-01T{time}").parse().unwrap()
    }

    fn receipt(time: &str) -> Receipt {
        let (number, staff) = (time.to_owned(), "1".to_owned());
        Receipt { outlet: 0, number, at: at(time), staff, lines: Vec::new(), first_line: 2 }
    }

    #[test]
    fn the_line_is_cut_before_what_is_sold_at_that_moment() {
        let receipts = ["09:00", "10:00", "11:00", "12:00", "13:00"].map(receipt).to_vec();
        let windows = vec![(at("11:30"), at("12:00")), (at("10:00"), at("11:45"))];
        let steps = schedule(receipts, windows);
        let order: Vec<String> = steps
            .into_iter()
            .map(|(_, step)| match step {
                Step::Cut => "cut".to_owned(),
                Step::Restore => "restore".to_owned(),
                Step::Sell(receipt) => receipt.number,
            })
            .collect();
        assert_eq!(order, ["09:00", "cut", "10:00", "11:00", "restore", "12:00", "13:00"]);
    }
}
