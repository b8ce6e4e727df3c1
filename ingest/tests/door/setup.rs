//! An open door, with a company behind it.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use bus::{Bus, BusError};
use bytes::Bytes;
use ingest::{Ingest, Settings};
use schemas::{
    ManualClock, Timestamp,
    subjects::{CentralRequest, CentralSubject},
};
use serde::{Serialize, de::DeserializeOwned};
use testkit::{BOUND, Books, Company, Nats, Store, seed_company, wait_until};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const NOW: Timestamp = Timestamp::from_unix_micros(1_790_000_000_000_000);
/// Longer than the door itself waits.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Door {
    pub(crate) books: Books,
    pub(crate) nats: Nats,
    pub(crate) bus: Bus,
    pub(crate) company: Company,
    pub(crate) http: String,
    shutdown: CancellationToken,
    serving: JoinHandle<anyhow::Result<()>>,
}

impl Door {
    pub(crate) async fn open(stores: usize) -> Self {
        let books = Books::new().await;
        let nats = Nats::new().await;
        let company = seed_company(&books.pool, stores).await;
        Self::open_with(books, nats, company).await
    }

    pub(crate) async fn open_with(books: Books, nats: Nats, company: Company) -> Self {
        let bus = Bus::connect(&bus::Settings::plain(nats.url()), "test").await.unwrap();
        let settings = Settings {
            nats: bus::Settings::plain(nats.url()),
            books: store::Settings::at(books.url.clone()),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            topology: bus::topology::TopologySettings::default(),
            khqr: ingest::khqr::KhqrSettings::default(),
        };
        let clock = Arc::new(ManualClock::at(NOW));
        let ingest = Ingest::bind(settings, clock).await.unwrap();
        let http = format!("http://{}", ingest.http_addr().unwrap());
        let shutdown = CancellationToken::new();
        let serving = tokio::spawn(ingest.serve(shutdown.clone()));
        let door = Self { books, nats, bus, company, http, shutdown, serving };
        wait_until("the door answers", BOUND, || async {
            let asked = door.ask_bytes(door.subject(0, CentralRequest::Catalogue), "").await;
            (!matches!(asked, Err(BusError::NobodyAnswers(_)))).then_some(())
        })
        .await;
        door
    }

    /// Stops the door and hands back what was behind it.
    pub(crate) async fn close(self) -> (Books, Nats, Company) {
        self.shutdown.cancel();
        tokio::time::timeout(BOUND, self.serving).await.unwrap().unwrap().unwrap();
        (self.books, self.nats, self.company)
    }

    pub(crate) fn store(&self, index: usize) -> &Store {
        &self.company.stores[index]
    }

    /// What the edge of a store asks.
    pub(crate) fn subject(&self, index: usize, what: CentralRequest) -> CentralSubject {
        let Store { tenant_id, branch_id, edge_id, .. } = *self.store(index);
        CentralSubject { tenant_id, branch_id, edge_id, what }
    }

    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        subject: CentralSubject,
        question: &impl Serialize,
    ) -> Result<T, BusError> {
        bus::requests::request(&self.bus, subject, question, PATIENCE).await
    }

    pub(crate) async fn ask_bytes(
        &self,
        subject: CentralSubject,
        body: &'static str,
    ) -> Result<Bytes, BusError> {
        bus::requests::request_bytes(&self.bus, subject, body.into(), PATIENCE).await
    }

    pub(crate) async fn get(&self, path: &str) -> reqwest::Response {
        reqwest::get(format!("{}{path}", self.http)).await.unwrap()
    }
}

/// The code of a refusal.
pub(crate) fn code<T: std::fmt::Debug>(outcome: Result<T, BusError>) -> String {
    match outcome {
        Err(BusError::Refused { code, .. }) => code,
        other => panic!("was not refused: {other:?}"),
    }
}
