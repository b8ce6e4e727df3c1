//! Outages: when which store has no line, in the data's own time.

use std::str::FromStr;

use time::Time;

use super::data_time::{DataTime, time_of_day};

/// `OUTLET:FROM-TO`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outage {
    /// The outlet, as its list names it.
    pub outlet: String,
    /// From when on there is no line.
    pub from: Bound,
    /// From when on there is one again.
    pub to: Bound,
}

/// One end of an outage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// A moment.
    At(DataTime),
    /// A time of every day.
    Daily(Time),
}

/// Text that is no outage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no outage like 5:11:00-14:30 or 5:2019-04-03T10:00-2019-04-05T16:00 \
     (OUTLET:FROM-TO; both times of day, or both moments)"
)]
pub struct InvalidOutage(String);

impl FromStr for Outage {
    type Err = InvalidOutage;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidOutage(text.to_owned());
        let (outlet, window) = text.split_once(':').ok_or_else(invalid)?;
        if outlet.trim().is_empty() {
            return Err(invalid());
        }
        // Dates have dashes of their own: the one that separates leaves two
        // times behind.
        let (from, to) = window
            .match_indices('-')
            .find_map(|(place, _)| {
                let (from, to) = (bound(&window[..place])?, bound(&window[place + 1..])?);
                let alike = matches!(
                    (from, to),
                    (Bound::At(_), Bound::At(_)) | (Bound::Daily(_), Bound::Daily(_))
                );
                alike.then_some((from, to))
            })
            .ok_or_else(invalid)?;
        if matches!((from, to), (Bound::At(from), Bound::At(to)) if from >= to) || from == to {
            return Err(invalid());
        }
        Ok(Self { outlet: outlet.trim().to_owned(), from, to })
    }
}

fn bound(text: &str) -> Option<Bound> {
    time_of_day(text).map(Bound::Daily).or_else(|| text.parse().ok().map(Bound::At))
}

impl Outage {
    /// The outage's windows in data that runs from `first` to `last`, in order.
    /// A daily one that ends before it starts ends on the day after.
    pub fn windows(&self, first: DataTime, last: DataTime) -> Vec<(DataTime, DataTime)> {
        let (from, to) = match (self.from, self.to) {
            (Bound::At(from), Bound::At(to)) => return vec![(from, to)],
            (Bound::Daily(from), Bound::Daily(to)) => (from, to),
            _ => return Vec::new(),
        };
        let mut windows = Vec::new();
        let mut day = Some(first.at(from));
        while let Some(start) = day.filter(|start| *start <= last) {
            let next = start.next_day();
            let end = if from < to { Some(start.at(to)) } else { next.map(|next| next.at(to)) };
            windows.extend(end.map(|end| (start, end)));
            day = next;
        }
        windows
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use super::*;

    fn at(text: &str) -> DataTime {
        text.parse().unwrap()
    }

    #[test]
    fn a_moment_is_once_and_a_time_of_day_every_day() {
        let (first, last) = (at("2019-04-01T07:00"), at("2019-04-03T19:00"));
        let once: Outage = "5:2019-04-02T10:00-2019-04-03T16:00".parse().unwrap();
        assert_eq!(once.outlet, "5");
        assert_eq!(once.windows(first, last), [(at("2019-04-02T10:00"), at("2019-04-03T16:00"))]);

        let daily: Outage = "5:11:00-14:30".parse().unwrap();
        let windows = daily.windows(first, last);
        assert_eq!(windows.len(), 3);
        assert_eq!(windows[2], (at("2019-04-03T11:00"), at("2019-04-03T14:30")));

        let nightly: Outage = "5:18:30-08:00".parse().unwrap();
        assert_eq!(
            nightly.windows(first, last)[0],
            (at("2019-04-01T18:30"), at("2019-04-02T08:00"))
        );
    }

    #[test]
    fn what_is_no_outage_is_refused() {
        for wrong in [
            "",
            "5",
            "5:11:00",
            ":11:00-12:00",
            "5:11:00-11:00",
            "5:11:00-noon",
            "5:2019-04-02T10:00-11:00",
            "5:2019-04-02T10:00-2019-04-01T10:00",
        ] {
            assert!(wrong.parse::<Outage>().is_err(), "{wrong}");
        }
    }
}
