//! A company that sold something: booked by the workers' own batch and numbered by
//! the allocator, behind an open door.

use std::{sync::Arc, time::Duration};

use bus::entries::Delivery;
use numbering::{Batch, allocate_batch};
use reqwest::{Response, StatusCode};
use schemas::{Entry, SystemClock, subjects::PosSubject};
use serde_json::Value;
use store::lease;
use testkit::{JournalWriter, Store};
use workers::{batch, receive::receive};

use crate::setup::Door;

const SHARDS: u16 = 1;
const TTL: Duration = Duration::from_secs(600);

pub(super) struct Shop {
    pub(super) door: Door,
    pub(super) journals: Vec<JournalWriter>,
}

impl Shop {
    /// Stores with an open session each.
    pub(super) async fn open(stores: usize) -> Self {
        let door = Door::open(stores).await;
        let journals = door.company.stores.iter().map(Store::journal).collect();
        let mut shop = Self { door, journals };
        for index in 0..stores {
            let opened = shop.journals[index].open_session();
            shop.book(index, &[opened]).await;
        }
        shop
    }

    /// Books entries as the workers do.
    pub(super) async fn book(&self, index: usize, entries: &[Entry]) {
        let pool = &self.door.books.pool;
        let store = self.door.store(index);
        let received = (1..)
            .zip(entries)
            .map(|(place, entry)| {
                let subject = PosSubject {
                    shard: 0,
                    tenant_id: store.tenant_id,
                    branch_id: store.branch_id,
                    edge_id: store.edge_id,
                    kind: entry.kind.clone(),
                };
                receive(Delivery::without_ack(Ok(subject), Ok(entry.clone()), place), 0, SHARDS)
            })
            .collect();
        let mut conn = pool.acquire().await.unwrap();
        let held = lease::acquire(&mut conn, "shard:0", "test", TTL).await.unwrap().unwrap();
        let done = batch::process(
            pool.clone(),
            held.clone(),
            TTL,
            Arc::default(),
            batch::Memory::default(),
            Arc::new(received),
        );
        done.await.unwrap();
        lease::resign(&mut conn, &held).await.unwrap();
    }

    /// Sells so often and books it.
    pub(super) async fn sell(&mut self, index: usize, times: usize) {
        let entries = self.journals[index].sell_many(times);
        self.book(index, &entries).await;
    }

    /// Numbers every sale that waits.
    pub(super) async fn number(&self) {
        let (pool, series) = (&self.door.books.pool, self.door.company.series_id);
        while allocate_batch(pool, series, 1_000, &SystemClock).await.unwrap() != Batch::Empty {}
    }

    /// The address of something of a store.
    pub(super) fn at(&self, index: usize, rest: &str) -> String {
        format!("/v1/branches/{}/{rest}", self.door.store(index).branch_id)
    }

    /// What a GET gives.
    pub(super) async fn read(&self, path: &str) -> Value {
        let response = self.door.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        json(response).await
    }

    /// All rows of a list, page by page of so many.
    pub(super) async fn all(&self, path: &str, limit: usize) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut cursor = String::new();
        loop {
            let join = if path.contains('?') { '&' } else { '?' };
            let mut page = self.read(&format!("{path}{join}limit={limit}{cursor}")).await;
            let items = page["items"].as_array_mut().unwrap();
            assert!(items.len() <= limit, "{path}");
            rows.append(items);
            let Some(next) = page["next"].as_str() else { return rows };
            cursor = format!("&cursor={next}");
        }
    }
}

/// The body of an answer.
pub(super) async fn json(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}
