//! A company that sold something: booked by the workers' own batch and numbered by
//! the allocator, behind an open door.

use std::{sync::Arc, time::Duration};

use bus::entries::Delivery;
use numbering::allocate_batch;
use reqwest::{Method, Response, StatusCode};
use schemas::{
    Clock, Entry, StaffId, SystemClock,
    catalogue::{CatalogueV1, StaffRole},
    subjects::PosSubject,
};
use serde_json::Value;
use store::{catalogues, lease};
use testkit::{JournalWriter, Store, sqlx};
use workers::{batch, receive::receive};

use crate::setup::{Door, NOW};

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
        self.number_at(&SystemClock).await;
    }

    /// The same at the time of a clock.
    pub(super) async fn number_at(&self, clock: &dyn Clock) {
        let (pool, tenant) = (&self.door.books.pool, self.door.company.tenant_id);
        while allocate_batch(pool, tenant, 1_000, clock, &|_| true).await.unwrap().sales > 0 {}
    }

    /// Makes the last one of a store's staff its manager.
    pub(super) async fn appoint(&self, index: usize) -> StaffId {
        let store = self.door.store(index);
        let mut tx = self.door.books.pool.begin().await.unwrap();
        let newest = catalogues::newest(&mut tx, store.branch_id).await.unwrap().unwrap();
        let mut draft: CatalogueV1 = serde_json::from_slice(&newest.body).unwrap();
        let manager = draft.staff.last_mut().unwrap();
        manager.role = StaffRole::Manager;
        let id = manager.staff_id;
        catalogues::publish(&mut tx, draft, NOW).await.unwrap();
        tx.commit().await.unwrap();
        id
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

    /// A number from the books.
    pub(super) async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(&self.door.books.pool).await.unwrap()
    }

    /// A request with a JSON body, under a key if one is given.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&'static str, &str)],
        body: &Value,
    ) -> Response {
        let mut request = reqwest::Client::new()
            .request(method, format!("{}{path}", self.door.http))
            .bearer_auth(&self.door.token)
            .json(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }
}

/// The body of an answer.
pub(super) async fn json(response: Response) -> Value {
    serde_json::from_slice(&response.bytes().await.unwrap()).unwrap()
}
