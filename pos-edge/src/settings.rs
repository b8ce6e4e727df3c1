//! What a person sets, with its units and bounds.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use receipt::{Language, Paper};
use serde::{Deserialize, Deserializer, de::Error as _};
use time::UtcOffset;

use crate::{
    https::HttpsSettings,
    journal::{EdgeIdentity, JournalSettings, RoomSettings},
    printer::PrinterAddress,
    sync::SyncSettings,
};

/// The settings of an edge.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Which edge this is.
    pub identity: EdgeIdentity,
    /// Where tills reach it; port 0 takes a free one.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// The directory of the journal; made by [`enrol`](crate::enrol).
    pub data_dir: PathBuf,
    /// The journal's key; `journal.key` in the data directory if not set.
    #[serde(default)]
    pub key_file: Option<PathBuf>,
    /// How devices on the store's LAN reach it: with its own certificates. Off if not
    /// set; other devices get only the trust page over plain HTTP if it is.
    #[serde(default)]
    pub https: Option<HttpsSettings>,
    /// How to reach the broker. It need not be there.
    pub nats: bus::Settings,
    /// Bounds.
    #[serde(default)]
    pub limits: Limits,
    /// Receipts.
    #[serde(default)]
    pub receipts: ReceiptSettings,
}

/// Bounds on what tills may ask and on what is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// The largest body, in bytes.
    pub body_bytes: usize,
    /// Requests that are served at once.
    pub requests_at_once: usize,
    /// How long one request may take, in milliseconds.
    pub request_timeout_ms: u64,
    /// How many may watch updates at once.
    pub watchers: usize,
    /// The most that the journal's file may grow to, in bytes; the disk if not set.
    pub journal_max_bytes: Option<u64>,
    /// How much of the journal is checked before the first sale, in bytes of
    /// payload; what is older is checked before it is sent.
    pub check_at_start_bytes: u64,
    /// How much room is kept, and when somebody is told.
    pub room: RoomSettings,
    /// Sales that the books and a backup of them have are pruned after so many days;
    /// at least 1.
    pub keep_days: u32,
    /// Of how many days before a box that replaces another one takes over sales, 1 to
    /// 90; those of open sessions always.
    pub adopt_days: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 256 * 1024,
            requests_at_once: 256,
            request_timeout_ms: 10_000,
            watchers: 64,
            journal_max_bytes: None,
            check_at_start_bytes: JournalSettings::CHECK_AT_START_BYTES,
            room: RoomSettings::default(),
            keep_days: JournalSettings::KEEP_DAYS,
            adopt_days: SyncSettings::ADOPT_DAYS,
        }
    }
}

impl Limits {
    /// How long one request may take.
    pub fn request_timeout(&self) -> Duration {
        Duration::from_millis(self.request_timeout_ms)
    }

    /// Whether these bounds leave anything to sell with.
    ///
    /// # Errors
    /// A line that says which setting to correct.
    pub fn check(&self) -> anyhow::Result<()> {
        let RoomSettings { reserve_bytes, low_tickets, critical_tickets } = self.room;
        anyhow::ensure!(self.keep_days >= 1, "limits.keep_days is 0; it is at least 1");
        anyhow::ensure!(
            low_tickets >= critical_tickets,
            "limits.room.low_tickets ({low_tickets}) is below limits.room.critical_tickets \
             ({critical_tickets})"
        );
        if let Some(most) = self.journal_max_bytes {
            anyhow::ensure!(
                most > reserve_bytes,
                "limits.journal_max_bytes ({most}) is no more than limits.room.reserve_bytes \
                 ({reserve_bytes}): there is no room for a sale"
            );
        }
        Ok(())
    }
}

/// How receipts look, and where they are printed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReceiptSettings {
    /// The store's printer: `192.168.1.50`, with a port unless it is 9100.
    pub printer: Option<PrinterAddress>,
    /// Its roll: `"58"` or `"80"` (millimetres).
    pub paper: Paper,
    /// `en` or `km`.
    pub language: Language,
    /// How far the clock on the store's wall is ahead of UTC, in minutes: 420
    /// in Phnom Penh.
    #[serde(rename = "utc_offset_minutes", deserialize_with = "offset_in_minutes")]
    pub utc_offset: UtcOffset,
    /// How long a printer may take to answer, and to take a receipt, in
    /// milliseconds each; together below the time that a request may take.
    pub printer_timeout_ms: u64,
}

impl Default for ReceiptSettings {
    fn default() -> Self {
        Self {
            printer: None,
            paper: Paper::default(),
            language: Language::default(),
            utc_offset: time::macros::offset!(+7),
            printer_timeout_ms: 4_000,
        }
    }
}

impl ReceiptSettings {
    /// How long a printer may take for each step.
    pub fn printer_timeout(&self) -> Duration {
        Duration::from_millis(self.printer_timeout_ms)
    }
}

fn offset_in_minutes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<UtcOffset, D::Error> {
    let minutes = i16::deserialize(deserializer)?;
    UtcOffset::from_whole_seconds(i32::from(minutes) * 60).map_err(D::Error::custom)
}

impl Settings {
    /// How to speak to the books.
    pub fn sync(&self) -> SyncSettings {
        SyncSettings {
            adopt_days: self.limits.adopt_days.clamp(1, 90),
            ..SyncSettings::with(self.nats.clone())
        }
    }

    /// Where and how the journal is kept.
    pub fn journal(&self) -> JournalSettings {
        JournalSettings {
            key_file: self.key_file.clone(),
            max_bytes: self.limits.journal_max_bytes,
            check_at_start_bytes: self.limits.check_at_start_bytes,
            room: self.limits.room,
            keep_days: self.limits.keep_days,
            ..JournalSettings::in_dir(&self.data_dir)
        }
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 8_410))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use serde_json::json;

    use super::*;

    #[test]
    fn receipts_are_set_by_words_and_wrong_ones_are_named() {
        let set: ReceiptSettings = serde_json::from_value(json!({
            "printer": "192.168.1.50", "paper": "58", "language": "km", "utc_offset_minutes": -210,
        }))
        .unwrap();
        assert_eq!(set.printer.unwrap().to_string(), "192.168.1.50:9100");
        assert_eq!((set.paper, set.language), (Paper::Mm58, Language::Km));
        assert_eq!(set.utc_offset, time::macros::offset!(-3:30));
        assert_eq!(set.printer_timeout(), Duration::from_secs(4));
        for (setting, named) in [
            (json!({ "printer": "the one in the corner" }), "the one in the corner"),
            (json!({ "paper": "76" }), "76"),
            (json!({ "language": "fr" }), "fr"),
            (json!({ "utc_offset_minutes": 2_000 }), ""),
            (json!({ "colour": true }), "colour"),
        ] {
            let wrong = serde_json::from_value::<ReceiptSettings>(setting).unwrap_err();
            assert!(wrong.to_string().contains(named), "{wrong}");
        }
    }
}
