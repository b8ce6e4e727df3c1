//! Backups of the books, by Postgres's own tools.
//!
//! A dump is written under another name, synced, and renamed when it is whole: a file
//! of the name that was asked for is a backup. A dump that is restored lies in another
//! database than the one it was made of, by which the services know that the books
//! must be recovered; the restore says so too.

use std::{
    fs::File,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use reqwest::Url;
use store::recovery;
use supervise::{Postgres, PostgresOptions, postgres_binaries};
use tokio::process::Command;

use crate::{
    commands::centre::Centre,
    stack::{Stack, default_data_dir, is_ours},
};

/// How often it is said how far a dump is.
const SAY_EVERY: Duration = Duration::from_secs(2);

/// What makes a backup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A dump into this file.
    Dump(PathBuf),
    /// A command of the operator's, with its arguments.
    Command(String, Vec<String>),
}

/// Makes a backup and returns when it is whole.
///
/// # Errors
/// If a tool fails, or the file cannot be written.
pub async fn make(url: &str, what: &What) -> anyhow::Result<()> {
    match what {
        What::Dump(out) => dump(url, out).await,
        What::Command(program, arguments) => {
            let status = Command::new(program)
                .args(arguments)
                .status()
                .await
                .with_context(|| format!("cannot run {program}"))?;
            ensure!(status.success(), "{program} failed ({status}): this is no backup");
            Ok(())
        }
    }
}

/// `pg_dump` in its custom format.
///
/// # Errors
/// If it fails, or the file cannot be written.
pub async fn dump(url: &str, out: &Path) -> anyhow::Result<()> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    let name = out.file_name().context("the file has no name")?.to_string_lossy().into_owned();
    let making = folder.join(format!(".{name}.making"));
    let mut tool = tool("pg_dump", url)?;
    tool.args(["--format=custom", "--compress=3", "--file"]).arg(&making);
    let watched = making.clone();
    let progress = tokio::spawn(async move {
        loop {
            tokio::time::sleep(SAY_EVERY).await;
            if let Ok(file) = tokio::fs::metadata(&watched).await {
                eprintln!("{} KiB written", file.len() / 1024);
            }
        }
    });
    let ended = finish(tool, "pg_dump").await;
    progress.abort();
    ended?;
    let (from, to, folder) = (making, out.to_path_buf(), folder.to_path_buf());
    let named = tokio::task::spawn_blocking(move || -> std::io::Result<()> {
        File::open(&from)?.sync_all()?;
        std::fs::rename(&from, &to)?;
        File::open(&folder)?.sync_all()
    });
    named.await?.with_context(|| format!("{} cannot be made safe", out.display()))
}

/// `pg_restore` into a database without tables; with `replace`, into one that is made
/// anew.
///
/// # Errors
/// If there are tables, or it fails: then nothing of the dump is there.
pub async fn restore(url: &str, file: &Path, replace: bool) -> anyhow::Result<()> {
    ensure!(file.is_file(), "{} is no file", file.display());
    if replace {
        store::backups::make_anew(url).await.context("the database cannot be made anew")?;
    }
    let pool = store::connect(&store::Settings::at(url)).await?;
    let mut conn = pool.acquire().await.context("the database does not answer")?;
    if !store::backups::is_empty(&mut conn).await? {
        bail!("the database is not empty; --replace drops what is in it");
    }
    store::backups::make_roles(&mut conn).await.context("the services' roles cannot be made")?;
    let mut tool = tool("pg_restore", url)?;
    tool.args(["--no-owner", "--single-transaction", "--exit-on-error"]).arg(file);
    finish(tool, "pg_restore").await?;
    store::migrate(&pool).await.context("the books cannot be migrated")?;
    let reason = format!("the books were restored from {}", file.display());
    recovery::need(&mut conn, None, "restore", &reason).await?;
    drop(conn);
    pool.close().await;
    Ok(())
}

/// One of Postgres's programs, on a database. The password is not shown to others.
fn tool(program: &str, url: &str) -> anyhow::Result<Command> {
    let (folder, _) = postgres_binaries(None)?;
    let mut shown = Url::parse(url).context("the books' URL cannot be read")?;
    let password = shown.password().map(decoded);
    let cannot = |()| anyhow::anyhow!("the books' URL cannot hold a password");
    shown.set_password(None).map_err(cannot)?;
    let mut command = Command::new(folder.join(program));
    command.arg("--dbname").arg(shown.as_str()).stdin(Stdio::null()).kill_on_drop(true);
    if let Some(password) = password {
        command.env("PGPASSWORD", password);
    }
    Ok(command)
}

/// Percent-encoded text, decoded.
fn decoded(text: &str) -> String {
    let pairs = format!("t={}", text.replace('+', "%2B").replace('&', "%26"));
    let mut url = Url::parse("x://x").ok();
    let first = url.as_mut().and_then(|url| {
        url.set_query(Some(&pairs));
        url.query_pairs().next().map(|(_, value)| value.into_owned())
    });
    first.unwrap_or_else(|| text.to_owned())
}

async fn finish(mut tool: Command, name: &str) -> anyhow::Result<()> {
    let output = tool.output().await.with_context(|| format!("cannot run {name}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "{name} failed ({}): {}", output.status, said.trim());
    Ok(())
}

/// The database that a restore goes into.
pub struct Target {
    url: String,
    own: Option<Postgres>,
}

impl Target {
    /// The database that is named, or the Postgres of a data directory on which no stack
    /// runs, started for this.
    ///
    /// # Errors
    /// If the stack runs, or Postgres does not start.
    pub async fn of(centre: &Centre) -> anyhow::Result<Self> {
        if let Some(url) = &centre.books_url {
            return Ok(Self { url: url.clone(), own: None });
        }
        let data_dir = centre.data_dir.clone().map_or_else(default_data_dir, Ok)?;
        ensure!(is_ours(&data_dir), "{} is no data directory of a stack", data_dir.display());
        ensure!(
            Stack::attach(&data_dir).is_err(),
            "a stack runs on {}: stop it first",
            data_dir.display()
        );
        let server = Postgres::start(PostgresOptions::new(data_dir.join("postgres"))).await?;
        Ok(Self { url: server.default_url(), own: Some(server) })
    }

    /// Its URL, password included.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Stops what was started.
    ///
    /// # Errors
    /// If it does not stop.
    pub async fn leave(self) -> anyhow::Result<()> {
        match self.own {
            Some(mut server) => Ok(server.stop().await?),
            None => Ok(()),
        }
    }
}
