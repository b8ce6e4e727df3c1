//! What can go wrong with the books' database, and what to do about it:
//! [`classify`] is the one place that decides.

/// Why a statement or a start failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused, or could not be reached.
    #[error("the books' database failed")]
    Database(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("the books' schema could not be migrated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// A stored value is not what this build writes there.
    #[error("stored {what} is not valid: {why}")]
    Corrupt {
        /// Which value, e.g. `edge_cursor.head_hash`.
        what: &'static str,
        /// Why it was refused.
        why: String,
    },
}

impl Error {
    /// Takes any refusal of a stored value as [`Error::Corrupt`].
    pub fn corrupt(what: &'static str, why: impl std::fmt::Display) -> Self {
        Self::Corrupt { what, why: why.to_string() }
    }

    /// What the database says of rows that it refuses, without a database: for
    /// books in memory.
    pub fn refused(why: &'static str) -> Self {
        Self::Database(sqlx::Error::Encode(why.into()))
    }

    /// The constraint that was violated, if that is what happened.
    pub fn constraint(&self) -> Option<&str> {
        match self {
            Self::Database(sqlx::Error::Database(error)) => error.constraint(),
            _ => None,
        }
    }
}

/// What a failure asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// It passes by itself: the same again, later.
    Retry,
    /// The rows themselves are refused: the same again fails again.
    DataError,
    /// The program or its surroundings are wrong: stop and tell a person.
    Fatal,
}

/// Decides what a failure asks for, by the SQLSTATE's class (Postgres manual,
/// appendix A).
pub fn classify(error: &Error) -> Failure {
    let error = match error {
        Error::Database(error) => error,
        Error::Migrate(_) | Error::Corrupt { .. } => return Failure::Fatal,
    };
    match error {
        sqlx::Error::Database(error) => error.code().map_or(Failure::Retry, |code| by_state(&code)),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::WorkerCrashed => Failure::Retry,
        sqlx::Error::Encode(_) => Failure::DataError,
        _ => Failure::Fatal,
    }
}

fn by_state(code: &str) -> Failure {
    match code {
        // The server is in recovery and read-only, or a lock was not to be had.
        "25006" | "25P02" | "25P03" | "55P03" | "55000" => return Failure::Retry,
        _ => {}
    }
    match code.get(..2) {
        // Connection, rollback (deadlock, serialization), resources (disk full,
        // too many connections), operator intervention (shutdown, cancelled by
        // a timeout), system errors, internal errors.
        Some("08" | "40" | "53" | "57" | "58" | "XX") => Failure::Retry,
        // Data exceptions, cardinality, constraints, program limits.
        Some("21" | "22" | "23" | "54") => Failure::DataError,
        _ => Failure::Fatal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_ask_for_what_their_class_means() {
        let cases = [
            ("40P01", Failure::Retry),
            ("57P01", Failure::Retry),
            ("57014", Failure::Retry),
            ("53100", Failure::Retry),
            ("55P03", Failure::Retry),
            ("22021", Failure::DataError),
            ("23505", Failure::DataError),
            ("23514", Failure::DataError),
            ("54000", Failure::DataError),
            ("42P01", Failure::Fatal),
            ("28P01", Failure::Fatal),
        ];
        for (code, expected) in cases {
            assert_eq!(by_state(code), expected, "{code}");
        }
    }

    #[test]
    fn a_broken_line_is_retried() {
        let error = Error::Database(sqlx::Error::Io(std::io::Error::other("reset")));
        assert_eq!(classify(&error), Failure::Retry);
        assert_eq!(classify(&Error::Database(sqlx::Error::RowNotFound)), Failure::Fatal);
    }
}
