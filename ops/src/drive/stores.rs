//! Stores of our own: an edge each, in this process, behind a line that can be
//! cut. Used to sell into a stack that knows nothing of them beforehand.

use std::{
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Context;
use pos_edge::{
    Running,
    journal::{EdgeIdentity, Journal},
    people::OperatorToken,
};
use schemas::{Clock, TenantId, subjects::DEFAULT_SHARDS};
use supervise::Line;
use tokio_util::sync::CancellationToken;

use super::client::EdgeClient;
use crate::company::Store;

/// A store whose edge runs in this process.
pub struct OpenStore {
    /// What it is.
    pub store: Store,
    /// Its line to the broker.
    pub line: Line,
    /// Its edge, asked with the operator's token: a till logs in by itself.
    pub edge: EdgeClient,
    folder: PathBuf,
    shutdown: CancellationToken,
    running: Running,
}

impl OpenStore {
    /// Enrols the store's edge in a folder of its own within `folder`, starts
    /// it with a line to the broker at `nats`, and waits until it has a
    /// catalogue to sell by.
    ///
    /// # Errors
    /// If the edge does not start or gets no catalogue in time.
    pub async fn open(
        tenant_id: TenantId,
        store: Store,
        nats: SocketAddr,
        folder: &Path,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let folder = folder.join(store.edge_id.to_string());
        let identity = EdgeIdentity {
            tenant_id,
            branch_id: store.branch_id,
            edge_id: store.edge_id,
            shards: DEFAULT_SHARDS,
        };
        pos_edge::enrol(&folder, identity, clock.as_ref()).await?;
        let line = Line::to(nats).await.context("no line can be laid to the broker")?;
        let settings = pos_edge::Settings {
            identity,
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            data_dir: folder.clone(),
            key_file: None,
            nats: bus::Settings::plain(format!("nats://{}", line.addr())),
            limits: pos_edge::Limits::default(),
            receipts: pos_edge::ReceiptSettings::default(),
            https: None,
        };
        let shutdown = CancellationToken::new();
        let running = pos_edge::start(settings, clock, shutdown.clone()).await?;
        let operator = OperatorToken::read(&folder)?.context("the edge has no operator's token")?;
        let edge = EdgeClient::at(running.address)?.with_token(operator);
        let open = Self { store, line, edge, folder, shutdown, running };
        open.edge.await_catalogue().await.with_context(|| open.store.name.clone())?;
        Ok(open)
    }

    /// Where its journal lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its journal, for what no till can ask.
    pub fn journal(&self) -> &Journal {
        &self.running.journal
    }

    /// Stops the edge.
    ///
    /// # Errors
    /// If it ended with an error.
    pub async fn close(self) -> anyhow::Result<()> {
        self.shutdown.cancel();
        self.running.ended().await
    }
}
