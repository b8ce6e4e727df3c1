//! Pauses between attempts: growing, jittered, endless.
//!
//! The only place that uses the crate `backoff`. It never gives up by itself:
//! who calls decides when to stop.

use std::{fmt::Display, future::Future, time::Duration};

use backoff::{ExponentialBackoff, ExponentialBackoffBuilder, backoff::Backoff};
use tokio_util::sync::CancellationToken;

/// The first pause of [`until_ok`].
pub const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// The longest pause of [`until_ok`], before jitter.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// An endless sequence of pauses.
#[derive(Debug)]
pub struct Pauses {
    backoff: ExponentialBackoff,
    longest: Duration,
}

/// Pauses that start around `initial` and grow by half each time up to around
/// `max`; each is varied by up to half, so that many clients do not march in step.
pub fn pauses(initial: Duration, max: Duration) -> Pauses {
    let backoff = ExponentialBackoffBuilder::new()
        .with_initial_interval(initial)
        .with_max_interval(max)
        // By default it would give up after a quarter of an hour.
        .with_max_elapsed_time(None)
        .build();
    Pauses { backoff, longest: max }
}

impl Pauses {
    /// The next pause, longer than the one before up to the longest.
    pub fn next_pause(&mut self) -> Duration {
        self.backoff.next_backoff().unwrap_or(self.longest)
    }

    /// Waits for the next pause.
    pub async fn wait(&mut self) {
        tokio::time::sleep(self.next_pause()).await;
    }

    /// Waits for the next pause, or until `shutdown`. False means shutdown.
    pub async fn wait_unless(&mut self, shutdown: &CancellationToken) -> bool {
        tokio::select! {
            () = shutdown.cancelled() => false,
            () = self.wait() => true,
        }
    }

    /// Begins again with the shortest pause: something succeeded.
    pub fn reset(&mut self) {
        self.backoff.reset();
    }
}

/// Tries `attempt` until it succeeds, with pauses, logging what failed. `None`
/// means that `shutdown` came first; a running attempt is then dropped.
pub async fn until_ok<T, E, F, R>(
    what: &str,
    shutdown: &CancellationToken,
    mut attempt: F,
) -> Option<T>
where
    E: Display,
    F: FnMut() -> R,
    R: Future<Output = Result<T, E>>,
{
    let mut pauses = pauses(FIRST_PAUSE, LONGEST_PAUSE);
    loop {
        let outcome = tokio::select! {
            () = shutdown.cancelled() => return None,
            outcome = attempt() => outcome,
        };
        match outcome {
            Ok(value) => return Some(value),
            Err(error) => tracing::warn!(%error, "{what} failed; trying again"),
        }
        if !pauses.wait_unless(shutdown).await {
            return None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_are_bounded_and_never_end() {
        let (initial, max) = (Duration::from_millis(100), Duration::from_secs(2));
        let mut pauses = pauses(initial, max);
        let first = pauses.next_pause();
        assert!(first >= initial / 2 && first <= initial * 3 / 2, "{first:?}");
        for _ in 0..10_000 {
            assert!(pauses.next_pause() <= max * 3 / 2);
        }
        assert!(pauses.next_pause() >= max / 2);
        pauses.reset();
        assert!(pauses.next_pause() <= initial * 3 / 2);
    }

    #[tokio::test]
    async fn tries_until_it_succeeds_and_stops_on_shutdown() {
        let shutdown = CancellationToken::new();
        let mut attempts = 0;
        let outcome = until_ok("the test", &shutdown, || {
            attempts += 1;
            let now = attempts;
            async move { if now < 3 { Err("not yet") } else { Ok(now) } }
        })
        .await;
        assert_eq!(outcome, Some(3));
        shutdown.cancel();
        let stopped = until_ok("the test", &shutdown, || async { Err::<(), _>("never") }).await;
        assert_eq!(stopped, None);
    }
}
