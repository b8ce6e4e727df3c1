//! The journal's files and how they are connected to.

use std::{
    fs, io,
    path::{Path, PathBuf},
    ptr,
};

use libsqlite3_sys as ffi;
use sqlx::{
    ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteLockingMode},
};

use super::{JournalSettings, error::OpenError, key::JournalKey};

/// The most page cache the connection keeps, in KiB.
const CACHE_KIB: u32 = 8 * 1024;
/// The write-ahead log is folded into the file when it has this many pages.
const CHECKPOINT_PAGES: u32 = 4_000;
/// What the write-ahead log is cut back to after a checkpoint, in bytes.
const WAL_LIMIT_BYTES: u64 = 32 * 1024 * 1024;
/// SQLite's page, in bytes.
pub(super) const PAGE_BYTES: u64 = 4_096;

/// Where everything lies, below one data directory.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) dir: PathBuf,
    pub(super) journal: PathBuf,
    pub(super) wal: PathBuf,
    pub(super) fence: PathBuf,
}

impl Files {
    pub(super) fn of(settings: &JournalSettings) -> Self {
        let at = |name: &str| settings.data_dir.join(name);
        Self {
            dir: settings.data_dir.clone(),
            journal: at("journal.db"),
            wal: at("journal.db-wal"),
            fence: at("journal.fence"),
        }
    }

    /// What the file and its log take, in bytes.
    pub(super) fn bytes(&self) -> u64 {
        let bytes = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
        bytes(&self.journal).saturating_add(bytes(&self.wal))
    }

    /// What is free on their disk, in bytes.
    pub(super) fn free(&self) -> u64 {
        #[cfg_attr(
            target_os = "linux",
            expect(clippy::useless_conversion, reason = "narrower on macOS")
        )]
        let free = nix::sys::statvfs::statvfs(&self.dir).map_or(0, |disk| {
            u64::from(disk.blocks_available()).saturating_mul(u64::from(disk.fragment_size()))
        });
        free
    }

    pub(super) fn io_failed(&self) -> impl Fn(io::Error) -> OpenError + use<'_> {
        |source| OpenError::Io { path: self.dir.clone(), source }
    }

    pub(super) fn failed(&self) -> impl Fn(sqlx::Error) -> OpenError + use<'_> {
        |error| OpenError::Storage { path: self.journal.clone(), why: error.to_string() }
    }

    /// Connects without reading or writing anything yet. The one connection
    /// keeps the file to itself, so there is no shared-memory file either.
    ///
    /// The options hold the key: they are never logged, and neither are the
    /// statements of this connection.
    pub(super) async fn connect(
        &self,
        key: &JournalKey,
        create: bool,
    ) -> Result<SqliteConnection, OpenError> {
        let options = SqliteConnectOptions::new()
            .filename(&self.journal)
            .create_if_missing(create)
            .pragma("key", key.pragma().to_string())
            // What it would print is told by the errors.
            .pragma("cipher_log_level", "NONE")
            .locking_mode(SqliteLockingMode::Exclusive)
            .disable_statement_logging();
        // Up to here nothing was read from the file.
        let mut connection = options.connect().await.map_err(self.failed())?;
        leave_wal_alone(&mut connection, true).await.map_err(self.failed())?;
        Ok(connection)
    }

    /// Makes a verified connection one that writes.
    pub(super) async fn make_writable(
        &self,
        connection: &mut SqliteConnection,
    ) -> Result<(), sqlx::Error> {
        let pragmas = format!(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
             PRAGMA cache_size = -{CACHE_KIB}; PRAGMA temp_store = MEMORY; \
             PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}; \
             PRAGMA journal_size_limit = {WAL_LIMIT_BYTES};"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(pragmas)).execute(&mut *connection).await?;
        leave_wal_alone(connection, false).await
    }

    /// Closes a connection that was refused, and leaves the files as they were.
    pub(super) async fn close_untouched(&self, connection: SqliteConnection, wal_was_there: bool) {
        // An error while closing changes nothing for a connection that only read.
        let _closed = connection.close().await;
        // Opening makes an empty log beside a journal that was closed cleanly.
        if !wal_was_there && fs::metadata(&self.wal).is_ok_and(|wal| wal.len() == 0) {
            let _best_effort = fs::remove_file(&self.wal);
        }
    }
}

/// Whether closing the connection leaves the write-ahead log as it is. By
/// default SQLite folds the log into the file and deletes it on close, which
/// would touch a journal that was only looked at.
#[expect(unsafe_code, reason = "SQLite offers this switch by no pragma, and sqlx by no option")]
async fn leave_wal_alone(
    connection: &mut SqliteConnection,
    alone: bool,
) -> Result<(), sqlx::Error> {
    let mut handle = connection.lock_handle().await?;
    // SAFETY: the handle is locked, so it is open and no other thread uses it;
    // this option takes an int and an optional pointer to an int, which may be null.
    let code = unsafe {
        ffi::sqlite3_db_config(
            handle.as_raw_handle().as_ptr(),
            ffi::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
            std::ffi::c_int::from(alone),
            ptr::null_mut::<std::ffi::c_int>(),
        )
    };
    if code == ffi::SQLITE_OK {
        Ok(())
    } else {
        Err(sqlx::Error::Protocol(format!("SQLite refused to keep its log (code {code})")))
    }
}
