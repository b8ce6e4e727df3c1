//! Waiting for something to become true, with a bound.

use std::{
    future::Future,
    time::{Duration, Instant},
};

/// A bound that is generous on a busy machine. Nothing waits for it to pass
/// unless it fails.
pub const BOUND: Duration = Duration::from_secs(60);

const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

/// Asks `probe` until it gives something, and returns that.
///
/// # Panics
/// If it has given nothing within `bound`, saying `what` was waited for.
pub async fn wait_until<T, F, R>(what: &str, bound: Duration, mut probe: F) -> T
where
    F: FnMut() -> R,
    R: Future<Output = Option<T>>,
{
    let deadline = Instant::now() + bound;
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(found) = probe().await {
            return found;
        }
        assert!(Instant::now() < deadline, "waited {bound:?} in vain until {what}");
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
