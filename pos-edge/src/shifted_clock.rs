//! The machine's clock, shifted by what a file says: for torture, which has an
//! edge's clock jump without touching the machine's.
//!
//! It is refused unless the environment variable [`TORTURE`] is set, and no
//! settings file or `TILLSTREAM__…` variable leads here: an edge in a store never
//! has it by mistake.

use std::{
    env, fs,
    path::{Path, PathBuf},
    sync::atomic::{AtomicI64, Ordering},
};

use anyhow::{Context, bail};
use schemas::{Clock, SystemClock, Timestamp};

/// Set (to anything) in the environment of an edge that is being tortured.
pub const TORTURE: &str = "TILLSTREAM_TORTURE";

/// The machine's clock, so many milliseconds ahead (or, below zero, behind) as the
/// file says at each look. While the file cannot be read, what it last said holds.
#[derive(Debug)]
pub struct ShiftedClock {
    file: PathBuf,
    millis: AtomicI64,
}

impl ShiftedClock {
    /// Follows `file`, which holds one whole number.
    ///
    /// # Errors
    /// If this process is not being tortured, or the file does not say.
    pub fn following(file: PathBuf) -> anyhow::Result<Self> {
        if env::var_os(TORTURE).is_none() {
            bail!("a clock that is shifted is for torture only ({TORTURE} is not set)");
        }
        let millis = read(&file).with_context(|| {
            format!("{} does not hold a number of milliseconds", file.display())
        })?;
        Ok(Self { file, millis: AtomicI64::new(millis) })
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Timestamp {
        if let Some(millis) = read(&self.file) {
            self.millis.store(millis, Ordering::Relaxed);
        }
        let micros = self.millis.load(Ordering::Relaxed).saturating_mul(1_000);
        SystemClock.now().plus_micros(micros)
    }
}

fn read(file: &Path) -> Option<i64> {
    fs::read_to_string(file).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn it_is_ahead_by_what_the_file_says_now_and_then() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("clock");
        let clock = ShiftedClock { file: file.clone(), millis: AtomicI64::new(0) };
        let ahead = |clock: &ShiftedClock| {
            (clock.now().unix_micros() - SystemClock.now().unix_micros()) / 60_000_000
        };
        assert_eq!(ahead(&clock), 0, "no file yet");
        fs::write(&file, "7200500\n").unwrap();
        assert_eq!(ahead(&clock), 120);
        fs::write(&file, "half a day").unwrap();
        assert_eq!(ahead(&clock), 120, "what it last said");
        fs::write(&file, "-7260500").unwrap();
        assert_eq!(ahead(&clock), -121);
    }

    #[test]
    fn who_is_not_tortured_is_refused() {
        assert!(env::var_os(TORTURE).is_none());
        let refused = ShiftedClock::following(PathBuf::from("clock")).unwrap_err();
        assert!(refused.to_string().contains(TORTURE), "{refused}");
    }
}
