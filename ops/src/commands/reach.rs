//! The stack that a command works on: the one that runs on a data directory, or
//! one of its own, empty, for as long as the command takes.

use std::{fs::Permissions, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc};

use anyhow::Context;
use schemas::Clock;
use store::Pool;
use tempfile::TempDir;

use super::verify::EdgeAddress;
use crate::{
    drive::Centre,
    stack::{Attached, EdgeRecord, Ports, Stack, StackOptions, default_data_dir},
};

/// Which stack.
#[derive(Debug, Clone, clap::Args)]
pub struct Where {
    /// The data directory of the running stack (default: the one `up` uses)
    #[arg(long, value_name = "DIR", conflicts_with = "with_stack")]
    pub data_dir: Option<PathBuf>,
    /// Start a stack of its own, empty, for the duration of the command
    #[arg(long)]
    pub with_stack: bool,
}

/// A stack that can be worked on.
pub struct Reached {
    /// Its books, its broker and its stand-in for Bakong.
    pub centre: Centre,
    /// The edges that it runs.
    pub edges: Vec<EdgeAddress>,
    own: Option<(Stack, TempDir)>,
}

impl Where {
    /// Attaches, or starts.
    ///
    /// # Errors
    /// If no stack runs there, or one cannot be started.
    pub async fn reach(&self, clock: Arc<dyn Clock>) -> anyhow::Result<Reached> {
        if self.with_stack {
            return Reached::start(clock).await;
        }
        let data_dir = self.data_dir.clone().map_or_else(default_data_dir, Ok)?;
        let attached = Stack::attach(data_dir)?;
        Reached::attached(&attached).await
    }
}

impl Reached {
    /// Starts an empty stack in a directory that is removed afterwards. It is as
    /// durable as any other, so that what is measured on it is true.
    ///
    /// # Errors
    /// If a part of it does not start.
    pub async fn start(clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let folder = passable_folder()?;
        let options =
            StackOptions { ports: Ports::free(), ..StackOptions::new(folder.path().join("stack")) };
        let stack = Stack::start(options, clock).await?;
        let (nats, bakong_url) = (stack.nats_addr()?, stack.bakong().url());
        let centre = Centre { pool: stack.pool().clone(), nats, bakong_url };
        Ok(Self { centre, edges: Vec::new(), own: Some((stack, folder)) })
    }

    async fn attached(attached: &Attached) -> anyhow::Result<Self> {
        let pool = attached.pool().await?;
        let (nats, bakong_url) = (attached.record.nats_addr()?, attached.record.bakong_url.clone());
        let centre = Centre { pool, nats, bakong_url };
        let edges = attached.record.edges.iter().map(address).collect();
        Ok(Self { centre, edges, own: None })
    }

    /// The books.
    pub const fn pool(&self) -> &Pool {
        &self.centre.pool
    }

    /// The stack, if it is the command's own.
    pub fn own_stack(&self) -> Option<&Stack> {
        self.own.as_ref().map(|(stack, _)| stack)
    }

    /// Leaves the stack: one of its own is stopped and removed.
    ///
    /// # Errors
    /// If a part of it did not end well.
    pub async fn leave(self) -> anyhow::Result<()> {
        match self.own {
            Some((stack, _folder)) => stack.shutdown().await,
            None => {
                self.centre.pool.close().await;
                Ok(())
            }
        }
    }
}

/// An edge of a stack, as `verify` asks for it.
pub fn address(edge: &EdgeRecord) -> EdgeAddress {
    EdgeAddress {
        edge_id: edge.edge_id,
        store: edge.name.clone(),
        url: edge.url.clone(),
        folder: Some(edge.folder.clone()),
    }
}

/// A temporary folder that the account of Postgres may pass through.
///
/// # Errors
/// If it cannot be made.
pub fn passable_folder() -> anyhow::Result<TempDir> {
    tempfile::Builder::new()
        .prefix("tillstream-")
        .permissions(Permissions::from_mode(0o711))
        .tempdir()
        .context("no temporary folder can be made")
}
