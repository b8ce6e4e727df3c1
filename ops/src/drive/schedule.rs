//! In which order a store lives through its data.

use std::collections::{BTreeMap, BTreeSet};

use time::Date;

use super::{data_time::DataTime, input::Receipt};

/// One thing that happens at a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Its line is cut.
    Cut,
    /// Its line returns.
    Restore,
    /// A day begins: everyone who sells on it opens a drawer.
    Open(BTreeSet<String>),
    /// It sells.
    Sell(Receipt),
    /// A day ends: every drawer is counted and closed.
    Close,
}

/// A day of a store: from its first receipt to its last, and who sells.
struct Day {
    first: DataTime,
    last: DataTime,
    staff: BTreeSet<String>,
}

/// Orders a store's receipts, days and outages by the data's time. At the same
/// moment the line comes first: what is sold at the start of an outage is sold
/// without a line, what is sold at its end with one. Then a day opens before what
/// is sold, and closes after it. Outages that overlap are one; a line that is
/// still cut at the end stays cut.
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
    let days = days(&receipts);
    steps.extend(days.values().map(|day| (day.first, Step::Open(day.staff.clone()))));
    steps.extend(receipts.into_iter().map(|receipt| (receipt.at, Step::Sell(receipt))));
    steps.extend(days.values().map(|day| (day.last, Step::Close)));
    // Stable: what happens at the same moment stays in this order.
    steps.sort_by_key(|(at, _)| *at);
    steps
}

fn days(receipts: &[Receipt]) -> BTreeMap<Date, Day> {
    let mut days: BTreeMap<Date, Day> = BTreeMap::new();
    for Receipt { at, staff, .. } in receipts {
        let new = || Day { first: *at, last: *at, staff: BTreeSet::new() };
        let day = days.entry(at.day()).or_insert_with(new);
        day.first = day.first.min(*at);
        day.last = day.last.max(*at);
        if !day.staff.contains(staff) {
            day.staff.insert(staff.clone());
        }
    }
    days
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn at(time: &str) -> DataTime {
        format!("2019-04-{time}").parse().unwrap()
    }

    fn receipt(time: &str) -> Receipt {
        let (number, staff) = (time.to_owned(), time[..2].to_owned());
        Receipt { outlet: 0, number, at: at(time), staff, lines: Vec::new(), first_line: 2 }
    }

    fn in_words(steps: Vec<(DataTime, Step)>) -> Vec<String> {
        let word = |step| match step {
            Step::Cut => "cut".to_owned(),
            Step::Restore => "restore".to_owned(),
            Step::Open(staff) => format!("open {}", Vec::from_iter(staff).join(" ")),
            Step::Sell(receipt) => receipt.number,
            Step::Close => "close".to_owned(),
        };
        steps.into_iter().map(|(_, step)| word(step)).collect()
    }

    #[test]
    fn the_line_is_cut_before_what_is_sold_at_that_moment() {
        let times = ["01T09:00", "01T10:00", "01T11:00", "01T12:00", "01T13:00"];
        let receipts = times.map(receipt).to_vec();
        let windows = vec![(at("01T11:30"), at("01T12:00")), (at("01T10:00"), at("01T11:45"))];
        let [nine, ten, eleven, twelve, one] = times;
        let steps = in_words(schedule(receipts, windows));
        let whole = ["open 01", nine, "cut", ten, eleven, "restore", twelve, one, "close"];
        assert_eq!(steps, whole);
    }

    #[test]
    fn each_day_opens_before_its_first_sale_and_closes_after_its_last() {
        let mut receipts = ["01T09:00", "01T21:00", "02T08:00"].map(receipt).to_vec();
        receipts.push(Receipt { staff: "17".to_owned(), ..receipt("02T08:00") });
        // The line is down over the night: both days meet it.
        let steps = in_words(schedule(receipts, vec![(at("01T21:00"), at("02T08:00"))]));
        let first = ["open 01", "01T09:00", "cut", "01T21:00", "close"];
        let second = ["restore", "open 02 17", "02T08:00", "02T08:00", "close"];
        assert_eq!(steps, [&first[..], &second[..]].concat());
    }
}
