//! What the journal takes and how much room there is for more, measured: the disk at
//! each look, the file's pages by the writer now and then, and what was sold in between
//! by what a sale takes.

use std::{
    fs,
    path::Path,
    sync::{Mutex, PoisonError},
};

use schemas::requests::{StorageLevel, StorageReport};
use tokio::sync::watch;

use super::{
    columns::place_out,
    error::JournalError,
    files::{Files, PAGE_BYTES},
    open::replace,
    room::{self, Measured, RoomSettings, TicketBytes},
    state::Ledger,
};

/// While there is enough room, the pages are counted every so many sales.
const COUNT_EVERY: u64 = 100;

/// How much room there is, for everyone to look at.
pub(super) struct Gauge {
    settings: RoomSettings,
    counted: Mutex<Counted>,
    level: watch::Sender<StorageLevel>,
}

/// What the writer counted last.
#[derive(Debug, Clone, Copy, Default)]
struct Counted {
    /// The file, with what is in its log only, in bytes.
    file: u64,
    /// Of it what nothing uses, in bytes.
    unused: u64,
    /// The most that the file may grow to, in bytes.
    most: Option<u64>,
    /// What a sale takes, in bytes.
    each: u64,
    /// Sales since then.
    sales: u64,
}

impl Gauge {
    pub(super) fn new(settings: RoomSettings) -> Self {
        Self { settings, counted: Mutex::default(), level: watch::Sender::new(StorageLevel::Ok) }
    }

    fn counted(&self) -> Counted {
        *self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, change: impl FnOnce(&mut Counted)) {
        change(&mut self.counted.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The level at the last look.
    pub(super) fn level(&self) -> watch::Receiver<StorageLevel> {
        self.level.subscribe()
    }

    /// Looks at the disk.
    pub(super) fn look(&self, files: &Files) -> StorageReport {
        let bytes = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
        let (on_disk, log, disk_free) = (bytes(&files.journal), bytes(&files.wal), files.free());
        let Counted { file, unused, most, each, sales } = self.counted();
        let each = each.max(1);
        let measured = Measured {
            file: file.max(on_disk).saturating_add(sales.saturating_mul(each)),
            on_disk,
            log,
            unused,
            disk_free,
            most,
        };
        let room = measured.room(self.settings.reserve_bytes);
        let tickets_left = room / each;
        self.level.send_if_modified(|level| {
            replace(level, room::level(*level, tickets_left, self.settings))
        });
        let allowed = most.unwrap_or(u64::MAX).saturating_sub(on_disk.saturating_add(log));
        StorageReport {
            journal_bytes: on_disk.saturating_add(log),
            free_bytes: disk_free.min(allowed),
            used_bytes: measured.used(),
            capacity_bytes: measured.used().saturating_add(room),
            bytes_per_ticket: each,
            tickets_left,
            level: *self.level.borrow(),
        }
    }
}

impl Ledger {
    /// Counts the pages of the file.
    pub(super) async fn count_pages(&mut self) -> Result<(), JournalError> {
        let row = sqlx::query!(
            "SELECT page_count + 0 AS \"pages!: i64\", freelist_count + 0 AS \"unused!: i64\"
             FROM pragma_page_count, pragma_freelist_count"
        )
        .fetch_one(&mut self.connection)
        .await?;
        let file = place_out(row.pages).saturating_mul(PAGE_BYTES);
        let unused = place_out(row.unused).saturating_mul(PAGE_BYTES);
        self.ticket_bytes.see(file.saturating_sub(unused), self.captured);
        let (most, each) = (self.max_bytes, self.ticket_bytes.bytes());
        self.shared
            .gauge
            .count(|counted| *counted = Counted { file, unused, most, each, sales: 0 });
        self.shared.storage();
        Ok(())
    }

    /// The same for a journal that was just opened.
    pub(super) async fn begin_counting(&mut self) -> Result<(), JournalError> {
        let kept = sqlx::query_scalar!("SELECT count(*) AS \"kept!: i64\" FROM ticket")
            .fetch_one(&mut self.connection)
            .await?;
        self.count_pages().await?;
        let used = self.shared.storage().used_bytes;
        self.ticket_bytes = TicketBytes::of(used, place_out(kept));
        self.count_pages().await
    }

    /// So many sales were written. Failing to count is no reason not to sell: what is
    /// not counted is estimated.
    pub(super) async fn wrote_sales(&mut self, sales: u64) {
        let mut due = false;
        self.shared.gauge.count(|counted| {
            counted.sales = counted.sales.saturating_add(sales);
            due = counted.sales >= COUNT_EVERY;
        });
        let tight = *self.shared.gauge.level.borrow() != StorageLevel::Ok;
        if (due || tight)
            && let Err(error) = self.count_pages().await
        {
            tracing::warn!(%error, "the journal's pages could not be counted");
        }
    }
}
