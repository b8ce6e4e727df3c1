//! What can go wrong with a child, told so that a person can act on it.

use std::{io, path::PathBuf};

/// Why a server could not be started, stopped or found.
#[derive(Debug, thiserror::Error)]
pub enum SuperviseError {
    /// The program is not installed, or too old.
    #[error("{what} was not found: {advice}")]
    NotFound {
        /// Which program, with the least version that will do.
        what: String,
        /// What to do about it.
        advice: String,
    },
    /// Someone else is using the directory.
    #[error("{path} is in use by {by}", path = .path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
        /// Who, as far as known.
        by: String,
    },
    /// Postgres does not run as root, and the account it runs as cannot get
    /// to its data.
    #[error(
        "Postgres runs as the account {account:?} (it refuses root), which may not enter {path}; \
         choose a data directory that it can reach",
        path = .path.display()
    )]
    OutOfReach {
        /// The first directory on the way that it may not enter.
        path: PathBuf,
        /// The account.
        account: String,
    },
    /// The server ended instead of getting ready.
    #[error("{what} ended at its start ({status}):\n{log}")]
    Ended {
        /// Which server.
        what: &'static str,
        /// Its exit status.
        status: String,
        /// The end of its log.
        log: String,
    },
    /// The server is neither ready nor gone.
    #[error("{what} was not {awaited} within {seconds} s:\n{log}")]
    TooSlow {
        /// Which server.
        what: &'static str,
        /// What was waited for.
        awaited: &'static str,
        /// How long.
        seconds: u64,
        /// The end of its log.
        log: String,
    },
    /// The operating system refused.
    #[error("cannot {doing}")]
    Io {
        /// What was being done, with the path.
        doing: String,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

impl SuperviseError {
    /// For `map_err`: an I/O error with what was being done.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        move |source| Self::Io { doing, source }
    }
}
