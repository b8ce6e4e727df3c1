//! The running edge: journal, sync and API, started together and stopped
//! together.

use std::{future::IntoFuture, net::SocketAddr, sync::Arc};

use anyhow::Context;
use axum::serve::ListenerExt;
use schemas::Clock;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    Settings, api, drafts,
    https::{self, Https, trust::Trust},
    journal::Journal,
    page::Page,
    people::OperatorToken,
    standing::Standing,
    sync,
};

/// An edge that serves.
pub struct Running {
    /// Where tills reach it.
    pub address: SocketAddr,
    /// Where they reach it by HTTPS, if it serves that, and what they need to trust.
    pub https: Option<(SocketAddr, Trust)>,
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
    let sync = sync::spawn(journal.clone(), settings.sync(), Arc::clone(&clock), stop.clone());
    let standing = Standing::new(journal.clone(), sync.status.clone(), sync.outages.clone());
    let drafts = tokio::spawn(drafts::keep_telling(journal.clone(), stop.clone()));
    let telling = tokio::spawn(standing.clone().keep_telling(stop.clone()));
    let https = match &settings.https {
        Some(set) => {
            let (branch, clock) = (settings.identity.branch_id, Arc::clone(&clock));
            Some(https::start(set, &settings.data_dir, branch, clock, stop.clone()).await?)
        }
        None => None,
    };
    let told = https.as_ref().map(|https| (https.address, https.trust.clone()));
    let trust = told.as_ref().map(|(_, trust)| trust.clone());
    let page = Page::embedded();
    let parts =
        api::Parts { standing, centre: sync.centre.clone(), registry, operator, page, trust };
    let router =
        api::router(journal.clone(), parts, &settings.limits, settings.receipts, stop.clone());
    // Small answers must not wait for more to be sent with them.
    let listener = listener.tap_io(|line| {
        if let Err(error) = line.set_nodelay(true) {
            tracing::debug!(%error, "a line stays as it is");
        }
    });
    let (secure, kept_fresh) = match https.map(Https::into_parts) {
        Some((listener, kept)) => {
            let server = axum::serve(listener, router.clone())
                .with_graceful_shutdown(stop.clone().cancelled_owned());
            (Some(tokio::spawn(server.into_future())), Some(kept))
        }
        None => (None, None),
    };
    let plain = match &told {
        Some((_, trust)) => api::plain(router, trust.clone()),
        None => router,
    };
    let plain = plain.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, plain)
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
        if let Some(secure) = secure {
            let _served = secure.await;
        }
        if let Some(kept_fresh) = kept_fresh {
            let _kept = kept_fresh.await;
        }
        kept.close().await;
        served.and(synced)
    });
    Ok(Running { address, https: told, journal, root })
}
