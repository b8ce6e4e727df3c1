//! The books and the broker that a command works on: those of a running stack, or
//! those that are named.

use std::path::PathBuf;

use anyhow::Context;
use bus::Bus;
use store::Pool;

use crate::stack::{Stack, default_data_dir};

/// Where the books and the broker are.
#[derive(Debug, Clone, clap::Args)]
pub struct Centre {
    /// The data directory of the running stack [default: as `up`]
    #[arg(long, value_name = "DIR", conflicts_with_all = ["books_url", "nats_url"])]
    pub data_dir: Option<PathBuf>,
    /// The books, as their owner: postgres://user:password@host:port/database
    #[arg(long, value_name = "URL", env = "TILLSTREAM__BOOKS__URL", hide_env_values = true)]
    pub books_url: Option<String>,
    /// The broker
    #[arg(long, value_name = "URL", env = "TILLSTREAM__NATS__URL", hide_env_values = true)]
    pub nats_url: Option<String>,
}

impl Centre {
    /// The books' URL, password included.
    ///
    /// # Errors
    /// If none is named and no stack runs.
    pub fn books_url(&self) -> anyhow::Result<String> {
        match &self.books_url {
            Some(url) => Ok(url.clone()),
            None => Ok(self.attached()?.record.books_url),
        }
    }

    /// Connects to the books as their owner.
    ///
    /// # Errors
    /// If they cannot be reached.
    pub async fn pool(&self) -> anyhow::Result<Pool> {
        let settings = store::Settings::at(self.books_url()?);
        store::connect(&settings).await.context("the books do not answer")
    }

    /// Connects to the broker.
    ///
    /// # Errors
    /// If it cannot be reached.
    pub async fn bus(&self, client: &str) -> anyhow::Result<Bus> {
        let url = match &self.nats_url {
            Some(url) => url.clone(),
            None => self.attached()?.record.nats_url,
        };
        let settings = bus::Settings::plain(url);
        Bus::connect(&settings, client).await.context("the broker does not answer")
    }

    fn attached(&self) -> anyhow::Result<crate::stack::Attached> {
        Stack::attach(self.data_dir.clone().map_or_else(default_data_dir, Ok)?)
    }
}
