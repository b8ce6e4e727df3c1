//! The running edge: journal, sync and API, started together and stopped
//! together.

use std::{future::IntoFuture, net::SocketAddr, sync::Arc};

use anyhow::Context;
use axum::serve::ListenerExt;
use schemas::Clock;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    Settings, api, drafts, journal::Journal, page::Page, people::OperatorToken, standing::Standing,
    sync,
};

/// An edge that serves.
pub struct Running {
    /// Where tills reach it.
    pub address: SocketAddr,
    /// Its journal.
    pub journal: Journal,
    root: JoinHandle<anyhow::Result<()>>,
}

impl Running {
    /// Waits until it has stopped: `Ok` after its token was cancelled.
    ///
    /// # Errors
    /// If a part failed; the others were stopped then.
    pub async fn ended(self) -> anyhow::Result<()> {
        self.root.await.context("the edge broke down")?
    }
}

/// Runs an edge until `shutdown` is cancelled or a part fails.
///
/// # Errors
/// If the journal is refused, the address is taken, or a part fails.
pub async fn run(
    settings: Settings,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> anyhow::Result<()> {
    start(settings, clock, shutdown).await?.ended().await
}

/// Starts an edge; it serves when this returns. No line is needed.
///
/// # Errors
/// If the journal is refused or the address is taken.
pub async fn start(
    settings: Settings,
    clock: Arc<dyn Clock>,
    shutdown: CancellationToken,
) -> anyhow::Result<Running> {
    settings.limits.check()?;
    let registry = telemetry::metrics::install()?;
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}", settings.listen))?;
    let address = listener.local_addr().context("the listener has no address")?;
    let journal = Journal::open(&settings.journal(), settings.identity, Arc::clone(&clock)).await?;
    let operator = OperatorToken::load(&settings.data_dir)?;
    let stop = shutdown.child_token();
    let sync = sync::spawn(journal.clone(), settings.sync(), clock, stop.clone());
    let standing = Standing::new(journal.clone(), sync.status.clone(), sync.outages.clone());
    let drafts = tokio::spawn(drafts::keep_telling(journal.clone(), stop.clone()));
    let telling = tokio::spawn(standing.clone().keep_telling(stop.clone()));
    let page = Page::embedded();
    let parts = api::Parts { standing, centre: sync.centre.clone(), registry, operator, page };
    let router =
        api::router(journal.clone(), parts, &settings.limits, settings.receipts, stop.clone());
    // Small answers must not wait for more to be sent with them.
    let listener = listener.tap_io(|line| {
        if let Err(error) = line.set_nodelay(true) {
            tracing::debug!(%error, "a line stays as it is");
        }
    });
    let server = axum::serve(listener, router)
        .with_graceful_shutdown(stop.clone().cancelled_owned())
        .into_future();
    tracing::info!(edge.id = %settings.identity.edge_id, %address, "serving");
    let kept = journal.clone();
    let root = tokio::spawn(async move {
        let server = tokio::spawn(server);
        let synced = async {
            let ended = sync.ended().await;
            stop.cancel();
            ended
        };
        let served = async {
            let ended = server.await;
            stop.cancel();
            ended.context("the API broke down")?.context("the API failed")
        };
        let (synced, served) = tokio::join!(synced, served);
        // They end with the token, which is cancelled by now.
        let _told = telling.await;
        let _told = drafts.await;
        kept.close().await;
        served.and(synced)
    });
    Ok(Running { address, journal, root })
}
