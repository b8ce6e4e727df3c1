//! How much room there is for sales: an estimate without I/O, and never a promise.
//!
//! Room is what is free on the disk, and pages of the journal's own file that pruning
//! freed, above a reserve. The write-ahead log counts as free, because it is folded
//! into the file and written over again and again; the reserve is what it may take at
//! its largest, and enough to confirm, number, prune, close and void on when no more
//! is sold. So the figure does not move with the log, and falls as sales are written.
//! `measure.rs` reads what is weighed here.

use schemas::requests::StorageLevel;
use serde::Deserialize;

/// What a sale takes before enough were captured to know, in bytes.
const ASSUMED_TICKET_BYTES: u64 = 6 * 1024;
/// The least that a sale is believed to take, in bytes.
const LEAST_TICKET_BYTES: u64 = 512;
/// Sales after which what they take is believed, and between two measurements.
const TICKETS_TO_KNOW: u64 = 100;
/// A level is left for a better one only when the room is above its threshold by one
/// part in so many, so that a store at a threshold is not told of it again and again.
const BETTER_BY_PART: u64 = 10;

/// How much room is kept, and when somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RoomSettings {
    /// Below so many free bytes no new sale is taken. It holds the write-ahead log
    /// (some 20 MiB at most), and what closes, voids, confirmations and numbers need.
    pub reserve_bytes: u64,
    /// Below so many sales that still fit the room is `low`.
    pub low_tickets: u64,
    /// Below so many it is `critical`.
    pub critical_tickets: u64,
}

impl Default for RoomSettings {
    /// 64 MiB; some ten days and one day of a busy store.
    fn default() -> Self {
        Self { reserve_bytes: 64 * 1024 * 1024, low_tickets: 5_000, critical_tickets: 500 }
    }
}

/// What was measured of the disk and the file, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Measured {
    /// The file, with the pages that are still in the write-ahead log only.
    pub(super) file: u64,
    /// The file as it lies on the disk.
    pub(super) on_disk: u64,
    /// The write-ahead log.
    pub(super) log: u64,
    /// Pages of the file that nothing uses.
    pub(super) unused: u64,
    /// What is free on the disk.
    pub(super) disk_free: u64,
    /// The most that the file may grow to, if that is set.
    pub(super) most: Option<u64>,
}

impl Measured {
    /// What the journal uses of its file.
    pub(super) fn used(&self) -> u64 {
        self.file.saturating_sub(self.unused)
    }

    /// What may still be written above the reserve.
    pub(super) fn room(&self, reserve: u64) -> u64 {
        let folded_in = self.file.saturating_sub(self.on_disk);
        let on_disk = self.disk_free.saturating_add(self.log).saturating_sub(folded_in);
        let allowed = self.most.map_or(u64::MAX, |most| most.saturating_sub(self.file));
        on_disk.min(allowed).saturating_add(self.unused).saturating_sub(reserve)
    }
}

/// What a sale takes, as a moving figure of this journal: its entry, its rows, its
/// number's row, and what is sold beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TicketBytes {
    moving: u64,
    /// What was used, and the sales there were, when it was measured last.
    since: Option<(u64, u64)>,
}

impl Default for TicketBytes {
    fn default() -> Self {
        Self { moving: ASSUMED_TICKET_BYTES, since: None }
    }
}

impl TicketBytes {
    /// That of a journal which uses so much and holds so many sales.
    pub(super) fn of(used: u64, kept_sales: u64) -> Self {
        match used.checked_div(kept_sales) {
            Some(mean) if kept_sales >= TICKETS_TO_KNOW => {
                Self { moving: mean.max(LEAST_TICKET_BYTES), since: None }
            }
            _ => Self::default(),
        }
    }

    /// So much is used with so many sales ever captured. Every so many sales the figure
    /// moves a quarter of the way to what they took; what was pruned meanwhile is no
    /// measure.
    pub(super) fn see(&mut self, used: u64, captured: u64) {
        let Some((used_then, captured_then)) = self.since else {
            self.since = Some((used, captured));
            return;
        };
        let sales = captured.saturating_sub(captured_then);
        if sales < TICKETS_TO_KNOW && used >= used_then {
            return;
        }
        if let Some(taken) = used.checked_sub(used_then)
            && let Some(each) = taken.checked_div(sales)
        {
            let each = each.max(LEAST_TICKET_BYTES);
            self.moving = (self.moving.saturating_mul(3).saturating_add(each) / 4).max(1);
        }
        self.since = Some((used, captured));
    }

    /// The figure, in bytes; never 0.
    pub(super) fn bytes(&self) -> u64 {
        self.moving.max(1)
    }
}

/// The level of so much room, after the level of before.
pub(super) fn level(before: StorageLevel, left: u64, settings: RoomSettings) -> StorageLevel {
    let RoomSettings { low_tickets, critical_tickets, .. } = settings;
    let below = |threshold: u64, as_bad: StorageLevel| {
        let until = if before >= as_bad {
            threshold.saturating_add(threshold.div_ceil(BETTER_BY_PART))
        } else {
            threshold
        };
        left < until
    };
    if left == 0 {
        StorageLevel::Full
    } else if below(critical_tickets, StorageLevel::Critical) {
        StorageLevel::Critical
    } else if below(low_tickets, StorageLevel::Low) {
        StorageLevel::Low
    } else {
        StorageLevel::Ok
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SETTINGS: RoomSettings =
        RoomSettings { reserve_bytes: 1_000, low_tickets: 100, critical_tickets: 10 };

    #[test]
    fn room_is_what_is_free_above_the_reserve_wherever_it_is() {
        let measured = Measured {
            file: 5_000,
            on_disk: 4_900,
            log: 300,
            unused: 1_200,
            disk_free: 2_000,
            most: None,
        };
        assert_eq!((measured.used(), measured.room(1_000)), (3_800, 2_400));
        // The log is folded in, and then cut: the figure stays.
        let folded = Measured { on_disk: 5_000, disk_free: 1_900, ..measured };
        assert_eq!(folded.room(1_000), 2_400);
        let cut = Measured { log: 0, disk_free: 2_200, ..folded };
        assert_eq!(cut.room(1_000), 2_400);
        let bounded = Measured { most: Some(6_000), ..measured };
        assert_eq!(bounded.room(1_000), 1_200);
        let none = Measured { unused: 0, most: Some(4_000), ..measured };
        assert_eq!(none.room(1_000), 0);
    }

    #[test]
    fn what_a_sale_takes_is_assumed_then_known_and_follows() {
        assert_eq!(TicketBytes::of(90_000, 99).bytes(), ASSUMED_TICKET_BYTES);
        let mut each = TicketBytes::of(400_000, 100);
        assert_eq!(each.bytes(), 4_000);
        each.see(400_000, 100);
        each.see(600_000, 199);
        assert_eq!(each.bytes(), 4_000, "too few to know");
        each.see(1_200_000, 200);
        assert_eq!(each.bytes(), 5_000, "a quarter of the way to 8,000");
        // Something was pruned: that is no measure, and it is counted from there.
        each.see(500_000, 300);
        assert_eq!(each.bytes(), 5_000);
        each.see(1_000_000, 400);
        assert_eq!(each.bytes(), 5_000);
    }

    #[test]
    fn a_level_gets_worse_at_once_and_better_with_room_to_spare() {
        use StorageLevel::{Critical, Full, Low, Ok};
        let steps = [
            (500, Ok),
            (100, Ok),
            (99, Low),
            (105, Low),
            (110, Ok),
            (9, Critical),
            (10, Critical),
            (11, Low),
            (0, Full),
            (1, Critical),
            (10, Critical),
            (109, Low),
            (110, Ok),
        ];
        let mut now = Ok;
        for (at, (left, expected)) in steps.into_iter().enumerate() {
            now = level(now, left, SETTINGS);
            assert_eq!(now, expected, "step {at}, {left} left");
        }
    }

    proptest! {
        #[test]
        fn less_room_is_never_a_better_level(
            before in prop::sample::select(StorageLevel::ALL.to_vec()),
            left in 0_u64..200,
            less in 0_u64..200,
        ) {
            let less = left.saturating_sub(less);
            prop_assert!(level(before, less, SETTINGS) >= level(before, left, SETTINGS));
            prop_assert_eq!(level(before, left, SETTINGS) == StorageLevel::Full, left == 0);
        }

        #[test]
        fn nothing_overflows(
            (file, on_disk, log, unused, disk_free) in any::<(u64, u64, u64, u64, u64)>(),
            (most, reserve, sales) in any::<(Option<u64>, u64, u64)>(),
        ) {
            let measured = Measured { file, on_disk, log, unused, disk_free, most };
            let mut each = TicketBytes::of(measured.used(), sales);
            each.see(disk_free, log);
            each.see(file, sales);
            let room = measured.room(reserve);
            prop_assert!(room / each.bytes() <= room);
        }
    }
}
