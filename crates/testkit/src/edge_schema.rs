//! The edge's tables in a plain SQLite file, for checking SQL against them.

use std::path::Path;

use sqlx::{
    SqliteConnection,
    migrate::Migrator,
    sqlite::{SqliteConnectOptions, SqliteJournalMode},
};
use tempfile::TempDir;

use crate::{OrFail as _, scratch::scratch_dir};

/// An empty, unencrypted file with the edge's schema. It is no journal.
#[derive(Debug)]
pub struct EdgeSchema {
    /// A connection to it.
    pub conn: SqliteConnection,
    /// Where it is, for sqlx's macros.
    pub url: String,
    _dir: TempDir,
}

impl EdgeSchema {
    /// Makes it by the edge's own migrations.
    ///
    /// # Panics
    /// If they fail.
    pub async fn new() -> Self {
        let dir = scratch_dir();
        let file = dir.path().join("edge.db");
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Delete);
        let mut conn = sqlx::ConnectOptions::connect(&options).await.or_fail("make a SQLite file");
        let migrations = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../pos-edge/migrations");
        let migrator = Migrator::new(migrations).await.or_fail("read the edge's migrations");
        migrator.run_direct(None, &mut conn, false).await.or_fail("migrate the edge's tables");
        Self { conn, url: format!("sqlite://{}", file.display()), _dir: dir }
    }
}
