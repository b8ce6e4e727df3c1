//! Logs: one line for each event on stderr.

use std::io::IsTerminal;

use tracing_subscriber::{EnvFilter, fmt};

/// The environment variable that chooses levels, in `tracing`'s usual syntax.
pub const LEVELS: &str = "RUST_LOG";
/// The environment variable that chooses the form: `json`, or text if unset.
pub const FORMAT: &str = "TILLSTREAM_LOG";
/// The levels of a service that was told nothing.
pub const DEFAULT_LEVELS: &str = "info,async_nats=error,sqlx=warn";

/// Sends logs to stderr from now on, with `default_levels` unless [`LEVELS`] is
/// set. A second call changes nothing.
pub fn install(default_levels: &str) {
    let filter = EnvFilter::try_from_env(LEVELS).unwrap_or_else(|_| EnvFilter::new(default_levels));
    let lines = fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // An error means that somebody (a test, an embedding program) was first.
    let _was_first = if std::env::var(FORMAT).is_ok_and(|format| format == "json") {
        lines.json().flatten_event(true).try_init()
    } else {
        lines.with_ansi(std::io::stderr().is_terminal()).try_init()
    };
}
