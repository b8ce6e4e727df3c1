//! The two servers of a stack, kept running.

use std::{path::Path, sync::Arc, time::Duration};

use supervise::{NatsOptions, NatsServer, Postgres, PostgresOptions, SuperviseError};
use tokio::sync::{Mutex, mpsc};
use tokio_util::sync::CancellationToken;

use super::{Ports, Record};

/// How often the servers are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Postgres and nats-server. Whoever stops one on purpose holds the lock until
/// it runs again; otherwise it is started again by itself.
#[derive(Debug)]
pub struct Servers {
    /// The books' server.
    pub postgres: Postgres,
    /// The broker.
    pub nats: NatsServer,
}

impl Servers {
    pub(super) async fn start(
        data_dir: &Path,
        ports: &Ports,
        durable: bool,
    ) -> anyhow::Result<Self> {
        let postgres = PostgresOptions {
            port: ports.postgres,
            durable,
            ..PostgresOptions::new(data_dir.join("postgres"))
        };
        let nats = NatsOptions {
            port: ports.nats,
            max_file_store: Some(NatsOptions::ENOUGH_FOR_THE_STREAMS),
            ..NatsOptions::new(data_dir.join("nats"))
        };
        let (postgres, nats) = tokio::join!(Postgres::start(postgres), NatsServer::start(nats));
        Ok(Self { postgres: postgres?, nats: nats? })
    }

    pub(super) fn record(&self) -> Record {
        Record {
            pid: std::process::id(),
            books_url: self.postgres.default_url(),
            postgres_pid: self.postgres.pid().unwrap_or_default(),
            nats_url: self.nats.url(),
            nats_pid: self.nats.pid().unwrap_or_default(),
            centre_url: String::new(),
            bakong_url: String::new(),
            edges: Vec::new(),
        }
    }

    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        let nats = self.nats.stop().await;
        self.postgres.stop().await?;
        Ok(nats?)
    }

    /// Starts again what ended by itself.
    async fn mend(&mut self) -> Result<(), SuperviseError> {
        if !self.postgres.is_running()? {
            let log = self.postgres.log_tail();
            tracing::error!(%log, "Postgres ended by itself and is started again");
            self.postgres.restart().await?;
        }
        if !self.nats.is_running()? {
            let log = self.nats.log_tail();
            tracing::error!(%log, "nats-server ended by itself and is started again");
            self.nats.restart().await?;
        }
        Ok(())
    }
}

/// Starts a server again that ended by itself, until `shutdown`.
pub(super) fn keep_running(
    servers: Arc<Mutex<Servers>>,
    failing: mpsc::UnboundedSender<anyhow::Error>,
    shutdown: CancellationToken,
) {
    tokio::spawn(async move {
        while shutdown.run_until_cancelled(tokio::time::sleep(LOOK_EVERY)).await.is_some() {
            let mut servers = servers.lock().await;
            if shutdown.is_cancelled() {
                return;
            }
            if let Err(error) = servers.mend().await {
                // Nobody listens any more when the stack is gone.
                let _ = failing.send(anyhow::Error::from(error).context("a server is gone"));
                return;
            }
        }
    });
}
