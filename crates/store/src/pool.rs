//! Connections to the books, and their schema.
//!
//! Every connection asks the server itself to end what takes too long, because
//! a transaction's future must not be cancelled from here: a worker that was
//! stopped in the middle of one holds its locks for no longer than
//! [`IDLE_IN_TRANSACTION_TIMEOUT_MS`].

use std::{str::FromStr, time::Duration};

use serde::Deserialize;
use sqlx::{
    Connection, PgConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};

use crate::{Conn, Error, Pool};

/// The longest that one statement may run, in milliseconds.
pub const STATEMENT_TIMEOUT_MS: u32 = 30_000;
/// The longest that one statement may wait for a lock, in milliseconds.
pub const LOCK_TIMEOUT_MS: u32 = 10_000;
/// The longest that a transaction may stand still between statements, in
/// milliseconds.
pub const IDLE_IN_TRANSACTION_TIMEOUT_MS: u32 = 5_000;
/// How long to wait for a free connection.
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Whose rights a connection has: each service may do what it does, and the
/// database refuses the rest (`migrations/0003_guards.sql`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Finalizes entries.
    Worker,
    /// Places facts and publishes them.
    Relay,
    /// Assigns numbers.
    Numbering,
    /// Answers edges and back offices.
    Ingest,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Worker, Self::Relay, Self::Numbering, Self::Ingest];

    /// The role's name in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worker => "tillstream_worker",
            Self::Relay => "tillstream_relay",
            Self::Numbering => "tillstream_numbering",
            Self::Ingest => "tillstream_ingest",
        }
    }
}

/// Where the books are.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// `postgres://user:password@host:port/database`.
    pub url: String,
    /// The most connections of one process.
    #[serde(default = "Settings::default_max_connections")]
    pub max_connections: u32,
    /// Whether each service takes on its own role after it has connected. The
    /// user of the URL must be a member of it. Without, it may do all that the
    /// user may.
    #[serde(default = "Settings::default_service_roles")]
    pub service_roles: bool,
}

impl Settings {
    /// The books at `url` with the usual number of connections.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: Self::default_max_connections(),
            service_roles: Self::default_service_roles(),
        }
    }

    const fn default_service_roles() -> bool {
        true
    }

    const fn default_max_connections() -> u32 {
        10
    }
}

impl std::fmt::Debug for Settings {
    // The URL may hold a password and stays out of logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Settings")
            .field("max_connections", &self.max_connections)
            .field("service_roles", &self.service_roles)
            .finish_non_exhaustive()
    }
}

/// Connects to the books and checks that they answer.
///
/// # Errors
/// [`Error::Database`] if the URL is not valid or the server cannot be reached.
pub async fn connect(settings: &Settings) -> Result<Pool, Error> {
    connect_with(settings, None).await
}

/// The same as a service that may do no more than it does, if the settings say
/// so.
///
/// # Errors
/// [`Error::Database`] also if the URL's user may not take on that role.
pub async fn connect_as(settings: &Settings, role: Role) -> Result<Pool, Error> {
    connect_with(settings, settings.service_roles.then_some(role)).await
}

async fn connect_with(settings: &Settings, role: Option<Role>) -> Result<Pool, Error> {
    let options = PgConnectOptions::from_str(&settings.url)?.options([
        ("statement_timeout", STATEMENT_TIMEOUT_MS.to_string()),
        ("lock_timeout", LOCK_TIMEOUT_MS.to_string()),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT_MS.to_string()),
    ]);
    // As a setting of the connection it holds from the first statement on, and
    // RESET does not give it up.
    let options = match role {
        Some(role) => options.options([("role", role.as_str())]),
        None => options,
    };
    // A pool would only say that it timed out; one connection says why.
    let probe = tokio::time::timeout(ACQUIRE_TIMEOUT, PgConnection::connect_with(&options)).await;
    probe.map_err(|_| sqlx::Error::PoolTimedOut)??.close().await?;
    Ok(PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options))
}

/// Brings the books' schema up to date.
///
/// # Errors
/// [`Error::Migrate`] if a migration fails, or if the database holds one that
/// this build does not know.
pub async fn migrate(pool: &Pool) -> Result<(), Error> {
    sqlx::migrate!("../../migrations").run(pool).await?;
    Ok(())
}

/// Lets no statement of the rest of this transaction run for longer than
/// `milliseconds`: somebody waits for the answer.
///
/// # Errors
/// [`Error::Database`].
pub async fn limit_statements(conn: &mut Conn, milliseconds: u32) -> Result<(), Error> {
    sqlx::query_scalar!(
        "SELECT set_config('statement_timeout', $1, true)",
        milliseconds.to_string(),
    )
    .fetch_one(conn)
    .await?;
    Ok(())
}

/// Asks the books for a round trip.
///
/// # Errors
/// [`Error::Database`] if they do not answer.
pub async fn ping(conn: &mut Conn) -> Result<(), Error> {
    sqlx::query_scalar!(r#"SELECT 1 AS "one!""#).fetch_one(conn).await?;
    Ok(())
}
