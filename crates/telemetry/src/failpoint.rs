//! Failpoints: named places in which tests kill or stall a process.

/// A place where a test may end or stall this very process.
///
/// Without the feature `failpoints` this is nothing. With it, the environment
/// variable `FAILPOINTS` (syntax of the `fail` crate) decides what happens:
/// `worker.before_commit=return` sends SIGKILL to this process, `3*off->return`
/// does so the fourth time, `sleep(2000)` stalls the calling thread for that
/// many milliseconds, `pause` stalls it for good.
#[inline]
pub fn failpoint(name: &'static str) {
    #[cfg(feature = "failpoints")]
    if fail::eval(name, |_| ()).is_some() {
        die();
    }
    #[cfg(not(feature = "failpoints"))]
    let _ = name;
}

/// Reads `FAILPOINTS` and keeps to it until the process ends.
#[cfg(feature = "failpoints")]
pub(crate) fn arm() {
    // Dropping the scenario would disarm it.
    std::mem::forget(fail::FailScenario::setup());
}

#[cfg(not(feature = "failpoints"))]
pub(crate) const fn arm() {}

/// Ends the process as a power cut would: no destructor runs.
#[cfg(feature = "failpoints")]
fn die() {
    use nix::sys::signal::{Signal, kill};
    let _ = kill(nix::unistd::Pid::this(), Signal::SIGKILL);
    std::process::abort();
}
