//! One process of the stack: killed, stalled and started again by faults, and
//! started again by itself (as an init system would) when it ends on its own.

use std::{net::SocketAddr, time::Duration};

use anyhow::Context;
use supervise::{Line, Service, ServicePlan};
use tokio::sync::{Mutex, MutexGuard};

/// How long an orderly end may take.
const STOP_LIMIT: Duration = Duration::from_secs(20);

/// The lines that a process has. Each can be cut.
#[derive(Debug)]
pub(super) struct Lines {
    /// To the broker.
    pub(super) broker: Line,
    /// To the books; an edge has none.
    pub(super) books: Option<Line>,
}

impl Lines {
    pub(super) async fn to(broker: SocketAddr, books: Option<SocketAddr>) -> anyhow::Result<Self> {
        let books = match books {
            Some(books) => Some(Line::to(books).await.context("no line to Postgres can be laid")?),
            None => None,
        };
        Ok(Self { broker: Line::to(broker).await.context("no line to the broker")?, books })
    }
}

/// A process and its lines.
#[derive(Debug)]
pub(super) struct Part {
    /// What it is called: `workers 1`, `edge of BKK1`.
    pub(super) name: String,
    pub(super) lines: Lines,
    /// Whoever stops it on purpose holds the lock until it runs again.
    service: Mutex<Service>,
}

impl Part {
    pub(super) fn start(name: String, plan: ServicePlan, lines: Lines) -> anyhow::Result<Self> {
        let service = plan.start().with_context(|| format!("{name} does not start"))?;
        Ok(Self { name, lines, service: Mutex::new(service) })
    }

    /// Takes it for a fault; nobody else starts it again until this is dropped.
    pub(super) async fn take(&self) -> MutexGuard<'_, Service> {
        self.service.lock().await
    }

    /// Its process id.
    pub(super) async fn pid(&self) -> u32 {
        self.take().await.pid()
    }

    /// `SIGKILL`, and starts it again at once.
    pub(super) async fn kill(&self) -> anyhow::Result<()> {
        Ok(self.take().await.restart()?)
    }

    /// Starts it again if it has ended by itself; says what it wrote last then.
    pub(super) async fn mend(&self) -> anyhow::Result<Option<String>> {
        // One that is taken is down on purpose.
        let Ok(mut service) = self.service.try_lock() else { return Ok(None) };
        if service.is_running()? {
            return Ok(None);
        }
        let log = service.log_tail();
        service.restart()?;
        Ok(Some(log))
    }

    /// Stops it in order.
    pub(super) async fn stop(&self) -> anyhow::Result<()> {
        Ok(self.take().await.stop(STOP_LIMIT).await?)
    }
}
