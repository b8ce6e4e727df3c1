//! `stack.json`: how others find a running stack. It holds the password of the
//! books and is readable by its owner alone. It is written whole or not at all,
//! and counts only while the stack holds its lock.

use std::{
    fs::{self, OpenOptions},
    io::Write as _,
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context;
use bus::Bus;
use schemas::{BranchId, EdgeId, TenantId};
use serde::{Deserialize, Serialize};
use store::Pool;

const FILE: &str = "stack.json";

/// Where everything is.
#[derive(Clone, Serialize, Deserialize)]
pub struct Record {
    /// The process that runs the stack.
    pub pid: u32,
    /// The books, with password.
    pub books_url: String,
    /// Postgres's process.
    pub postgres_pid: u32,
    /// The broker.
    pub nats_url: String,
    /// nats-server's process.
    pub nats_pid: u32,
    /// The centre's HTTP API.
    pub centre_url: String,
    /// The stand-in for Bakong; `POST /stand-in/pay` there pays a code.
    pub bakong_url: String,
    /// The edges, in the order they were added.
    pub edges: Vec<EdgeRecord>,
}

/// Where one edge is.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EdgeRecord {
    /// The store's name.
    pub name: String,
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge.
    pub edge_id: EdgeId,
    /// Its HTTP API.
    pub url: String,
    /// Its data directory.
    pub folder: PathBuf,
}

impl Record {
    /// The broker's address.
    ///
    /// # Errors
    /// If it was written by something else than a stack.
    pub fn nats_addr(&self) -> anyhow::Result<SocketAddr> {
        let address = self.nats_url.trim_start_matches("nats://");
        address.parse().with_context(|| format!("{address} is no address"))
    }

    /// The books' URL without the password, to be shown.
    pub fn books_url_shown(&self) -> String {
        // postgres://user:password@host:port/database
        let shown = || {
            let (scheme, rest) = self.books_url.split_once("://")?;
            let (account, place) = rest.rsplit_once('@')?;
            let (user, _) = account.split_once(':')?;
            Some(format!("{scheme}://{user}@{place}"))
        };
        shown().unwrap_or_default()
    }
}

impl std::fmt::Debug for Record {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Record")
            .field("pid", &self.pid)
            .field("books", &self.books_url_shown())
            .field("nats_url", &self.nats_url)
            .field("centre_url", &self.centre_url)
            .field("bakong_url", &self.bakong_url)
            .field("edges", &self.edges)
            .finish_non_exhaustive()
    }
}

/// A stack that another process runs.
#[derive(Debug, Clone)]
pub struct Attached {
    /// Its data directory.
    pub data_dir: PathBuf,
    /// Where everything is.
    pub record: Record,
}

impl Attached {
    /// Connects to its books.
    ///
    /// # Errors
    /// If they cannot be reached.
    pub async fn pool(&self) -> anyhow::Result<Pool> {
        let settings = store::Settings::at(self.record.books_url.clone());
        store::connect(&settings).await.context("the books of the running stack do not answer")
    }

    /// Connects to its broker.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub async fn bus(&self, client: &str) -> anyhow::Result<Bus> {
        let settings = bus::Settings::plain(self.record.nats_url.clone());
        Bus::connect(&settings, client)
            .await
            .context("the broker of the running stack does not answer")
    }
}

pub(crate) fn write(data_dir: &Path, record: &Record) -> anyhow::Result<()> {
    let (path, making) = (data_dir.join(FILE), data_dir.join("stack.json.new"));
    let write = || -> anyhow::Result<()> {
        let mut file =
            OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(&making)?;
        file.write_all(&serde_json::to_vec_pretty(record)?)?;
        Ok(fs::rename(&making, &path)?)
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}

pub(super) fn read(data_dir: &Path) -> anyhow::Result<Attached> {
    let path = data_dir.join(FILE);
    let text = fs::read(&path)
        .with_context(|| format!("the stack on {} is still starting", data_dir.display()))?;
    let record = serde_json::from_slice(&text)
        .with_context(|| format!("{} cannot be read", path.display()))?;
    Ok(Attached { data_dir: data_dir.to_path_buf(), record })
}

pub(crate) fn forget(data_dir: &Path) -> anyhow::Result<()> {
    let path = data_dir.join(FILE);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}
