//! The centre's services as tasks of this process, each with connections of
//! its own, as if it were a process of its own.

use std::{future::Future, net::SocketAddr, sync::Arc, time::Duration};

use anyhow::Context;
use bus::topology::TopologySettings;
use ingest::{Ingest, khqr::KhqrSettings};
use schemas::Clock;
use tokio::{sync::mpsc, task::JoinHandle, time::timeout};
use tokio_util::sync::CancellationToken;

/// How long a service or an edge may take to stop.
pub(super) const STOP_LIMIT: Duration = Duration::from_secs(30);

/// What the services are told.
pub(super) struct Plan {
    pub(super) books: store::Settings,
    pub(super) nats: bus::Settings,
    pub(super) topology: TopologySettings,
    pub(super) listen: SocketAddr,
    pub(super) khqr: KhqrSettings,
}

/// The services, running.
pub(super) struct Services {
    /// The centre's HTTP API.
    pub(super) http: SocketAddr,
    tasks: Vec<(&'static str, JoinHandle<()>)>,
}

impl Services {
    pub(super) async fn start(
        plan: Plan,
        clock: &Arc<dyn Clock>,
        failing: &mpsc::UnboundedSender<anyhow::Error>,
        shutdown: &CancellationToken,
    ) -> anyhow::Result<Self> {
        let Plan { books, nats, topology, listen, khqr } = plan;
        let ingest = Ingest::bind(
            ingest::Settings {
                nats: nats.clone(),
                books: books.clone(),
                listen,
                topology: topology.clone(),
                door: ingest::door::Settings::default(),
                khqr,
            },
            Arc::clone(clock),
        )
        .await?;
        let http = ingest.http_addr()?;
        let workers =
            workers::Settings { topology, ..workers::Settings::new(books.clone(), nats.clone()) };
        let numbering = numbering::Settings::new(books, nats);
        let tasks = vec![
            watch("ingest", ingest.serve(shutdown.clone()), failing, shutdown),
            watch(
                "workers",
                workers::run(workers, Arc::clone(clock), shutdown.clone()),
                failing,
                shutdown,
            ),
            watch(
                "numbering",
                numbering::run(numbering, Arc::clone(clock), shutdown.clone()),
                failing,
                shutdown,
            ),
        ];
        Ok(Self { http, tasks })
    }

    /// Waits until all have stopped; they were told to.
    pub(super) async fn ended(self) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        for (name, task) in self.tasks {
            let ended = timeout(STOP_LIMIT, task).await;
            outcome = outcome.and(match ended {
                Ok(ended) => ended.with_context(|| format!("{name} panicked")),
                Err(_) => Err(anyhow::anyhow!("{name} does not stop")),
            });
        }
        outcome
    }
}

/// Runs a part; that it ends without being told to is a failure of the stack.
pub(super) fn watch<F>(
    name: &'static str,
    part: F,
    failing: &mpsc::UnboundedSender<anyhow::Error>,
    shutdown: &CancellationToken,
) -> (&'static str, JoinHandle<()>)
where
    F: Future<Output = anyhow::Result<()>> + Send + 'static,
{
    let (failing, shutdown) = (failing.clone(), shutdown.clone());
    let task = tokio::spawn(async move {
        let ended = part.await;
        let failure = match ended {
            Err(error) => error.context(format!("{name} failed")),
            Ok(()) if shutdown.is_cancelled() => return,
            Ok(()) => anyhow::anyhow!("{name} ended by itself"),
        };
        // Nobody listens any more when the stack is gone.
        let _ = failing.send(failure);
    });
    (name, task)
}
