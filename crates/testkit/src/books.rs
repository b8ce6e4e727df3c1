//! A throw-away Postgres with the books' schema.
//!
//! `initdb` and the migrations run once for each state of the schema; every
//! test starts a server of its own on a copy of the result. Restarting or
//! killing it disturbs nobody else.

use std::{
    fs::{self, File, OpenOptions},
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use nix::fcntl::{Flock, FlockArg};
use sqlx::{
    PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use supervise::{Postgres, PostgresOptions};
use tempfile::TempDir;

use crate::{
    OrFail as _,
    scratch::{home, scratch_dir},
};

/// The most connections of [`Books::pool`].
const MAX_CONNECTIONS: u32 = 10;

/// A template that no test has used for this long is removed.
const TEMPLATE_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

/// Empty books, migrated, on a server of their own.
#[derive(Debug)]
pub struct Books {
    /// Connections to them.
    pub pool: PgPool,
    /// Where they are, for a service.
    pub url: String,
    postgres: Postgres,
    _dir: TempDir,
}

impl Books {
    /// Starts a server with empty books.
    ///
    /// # Panics
    /// If that is not possible.
    pub async fn new() -> Self {
        let template = template().await;
        let dir = scratch_dir();
        copy(&template.join("postgres"), dir.path());
        let postgres = Postgres::start(throw_away(&dir.path().join("postgres")))
            .await
            .or_fail("start Postgres");
        let url = postgres.default_url();
        let pool = pool(&url).await;
        Self { pool, url, postgres, _dir: dir }
    }

    /// Restarts the server in order; connections are ended.
    ///
    /// # Panics
    /// If that is not possible.
    pub async fn restart(&mut self) {
        self.postgres.restart().await.or_fail("restart Postgres");
    }

    /// Kills the server (`SIGKILL`); [`Self::restart`] starts it again.
    ///
    /// # Panics
    /// If that is not possible.
    pub fn kill(&mut self) {
        self.postgres.kill().or_fail("kill Postgres");
    }
}

/// Does to the books what they refuse to everybody else: as the server's owner,
/// who can switch their guards off.
///
/// # Panics
/// If the statements fail.
pub async fn damage(pool: &PgPool, sql: &'static str) {
    let all = format!("BEGIN; SET LOCAL session_replication_role = replica; {sql}; COMMIT");
    sqlx::raw_sql(sqlx::AssertSqlSafe(all)).execute(pool).await.or_fail("damage the books");
}

/// Connections that are tried again for a while, as a restarting server asks for.
async fn pool(url: &str) -> PgPool {
    let options: PgConnectOptions = url.parse().or_fail("read the URL of Postgres");
    PgPoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .connect_with(options)
        .await
        .or_fail("connect to Postgres")
}

fn throw_away(dir: &Path) -> PostgresOptions {
    PostgresOptions { durable: false, ..PostgresOptions::new(dir) }
}

fn migrations() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations")
}

/// A folder with a stopped server whose books are migrated and empty.
async fn template() -> PathBuf {
    let home = home();
    let template = home.join(format!("books-{:016x}", fingerprint()));
    // Others wait here while one makes it.
    let lock = home.join("books.lock");
    let turn = tokio::task::spawn_blocking(move || turn(&lock));
    let _turn = turn.await.or_fail("wait for the template");
    if template.exists() {
        let _ =
            File::open(&template).and_then(|dir| dir.set_modified(std::time::SystemTime::now()));
        return template;
    }
    remove_old_templates(&home);
    let making = scratch_dir();
    let folder = making.path().join("postgres");
    let mut postgres = Postgres::start(throw_away(&folder)).await.or_fail("start Postgres");
    let pool = pool(&postgres.default_url()).await;
    let migrator = Migrator::new(migrations()).await.or_fail("read the migrations");
    migrator.run(&pool).await.or_fail("migrate the books");
    pool.close().await;
    postgres.stop().await.or_fail("stop Postgres");
    drop(postgres);
    for leftover in ["lock", "postgres.log"] {
        fs::remove_file(folder.join(leftover)).or_fail("tidy the template");
    }
    fs::rename(making.keep(), &template).or_fail("name the template");
    template
}

/// Changes with the migrations and with the version of Postgres.
fn fingerprint() -> u64 {
    let mut files: Vec<PathBuf> = fs::read_dir(migrations())
        .or_fail("list the migrations")
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    supervise::postgres_binaries(None).or_fail("find Postgres").hash(&mut hasher);
    for file in files {
        fs::read(&file).or_fail("read a migration").hash(&mut hasher);
    }
    hasher.finish()
}

fn turn(path: &Path) -> Flock<File> {
    let file = OpenOptions::new()
        .create(true)
        .write(true)
        .truncate(false)
        .open(path)
        .or_fail("open the lock of the template");
    Flock::lock(file, FlockArg::LockExclusive)
        .map_err(|(_, errno)| errno)
        .or_fail("wait for the template")
}

fn remove_old_templates(home: &Path) {
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        let old = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .is_ok_and(|at| at.elapsed().is_ok_and(|age| age > TEMPLATE_KEPT));
        if old && entry.file_name().to_string_lossy().starts_with("books-") {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

/// `cp -a`: Postgres insists on the owner of its files.
fn copy(from: &Path, into: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(into).status().or_fail("run cp");
    assert!(status.success(), "cp -a {} {}: {status}", from.display(), into.display());
}
