//! The high-water mark of each series outside of Postgres: raised after each
//! commit, as far behind as the broker is. Marks of the same series coalesce;
//! a mark that is lost or late only makes one witness of [`crate::freeze`]
//! know less.

use std::{collections::BTreeMap, time::Duration};

use bus::{Bus, retry};
use schemas::SeriesId;
use telemetry::CancellationToken;
use tokio::{sync::watch, task::JoinHandle};

/// How long the newest marks may take once numbering was asked to stop.
const LAST_MARKS_WITHIN: Duration = Duration::from_secs(2);
/// Between attempts: at first, and at most.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

type Marks = BTreeMap<SeriesId, u64>;

/// Raises marks in the background. Dropping it lets the last ones through.
pub(crate) struct RegisterMark {
    newest: watch::Sender<Marks>,
    raiser: JoinHandle<()>,
}

impl RegisterMark {
    pub(crate) fn start(bus: Bus, shutdown: CancellationToken) -> Self {
        let (newest, marks) = watch::channel(Marks::new());
        let raiser = tokio::spawn(raise_all(bus, marks, shutdown));
        Self { newest, raiser }
    }

    /// Number `no` of `series` is committed. Never waits.
    pub(crate) fn raise(&self, series: SeriesId, no: u64) {
        self.newest.send_modify(|marks| {
            let mark = marks.entry(series).or_default();
            *mark = no.max(*mark);
        });
    }

    /// Waits, for a bounded time, until the newest marks are raised.
    pub(crate) async fn finish(self) {
        drop(self.newest);
        if tokio::time::timeout(LAST_MARKS_WITHIN, self.raiser).await.is_err() {
            tracing::warn!("the newest register marks were not raised");
        }
    }
}

async fn raise_all(bus: Bus, mut newest: watch::Receiver<Marks>, shutdown: CancellationToken) {
    let mut raised = Marks::new();
    let mut pauses = retry::pauses(PAUSE, LONGEST_PAUSE);
    loop {
        let marks = newest.borrow_and_update().clone();
        match raise_higher(&bus, &marks, &mut raised).await {
            Ok(()) => {
                pauses.reset();
                // An error means that numbering has ended and all is raised.
                if newest.changed().await.is_err() {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "a register mark waits");
                if !pauses.wait_unless(&shutdown).await {
                    return;
                }
            }
        }
    }
}

async fn raise_higher(bus: &Bus, marks: &Marks, raised: &mut Marks) -> Result<(), bus::BusError> {
    for (series, no) in marks {
        if raised.get(series) != Some(no) {
            bus::register::raise(bus, *series, *no).await?;
            raised.insert(*series, *no);
        }
    }
    Ok(())
}
