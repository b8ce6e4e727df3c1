//! A broker of a test's own, and what is said to it.

use std::future::Future;

use bus::{Bus, Settings, topology::TopologySettings};
use schemas::{BranchId, EdgeId, Entry, Sha256Hash, TenantId, Timestamp, subjects::PosSubject};
use testkit::{BOUND, Nats, wait_until};

pub(crate) async fn bus(nats: &Nats) -> Bus {
    Bus::connect(&Settings::plain(nats.url()), "test").await.unwrap()
}

pub(crate) async fn with_streams() -> (Nats, Bus) {
    let nats = Nats::new().await;
    let bus = bus(&nats).await;
    bus::topology::ensure(&bus, &TopologySettings::default()).await.unwrap();
    (nats, bus)
}

/// Waits for `what`, not for ever.
pub(crate) async fn soon<T>(what: &str, waiting: impl Future<Output = T>) -> T {
    match tokio::time::timeout(BOUND, waiting).await {
        Ok(value) => value,
        Err(_) => panic!("{what} did not happen within {BOUND:?}"),
    }
}

/// Waits until the bus has noticed that the server is back.
pub(crate) async fn connected(bus: &Bus) {
    wait_until("the line is back", BOUND, || async { bus.flush().await.ok() }).await;
}

pub(crate) fn tenant() -> TenantId {
    "11111111-1111-4111-8111-111111111111".parse().unwrap()
}

pub(crate) fn branch() -> BranchId {
    "22222222-2222-4222-8222-222222222222".parse().unwrap()
}

pub(crate) fn edge() -> EdgeId {
    "33333333-3333-4333-8333-333333333333".parse().unwrap()
}

/// Where the test's edge publishes a sale.
pub(crate) fn pos_subject(shard: u16) -> PosSubject {
    PosSubject {
        shard,
        tenant_id: tenant(),
        branch_id: branch(),
        edge_id: edge(),
        kind: "sale.finalized".to_owned(),
    }
}

/// An entry whose payload no JSON writer would write like this.
pub(crate) fn entry(seq: u64) -> Entry {
    entry_with(seq, format!("{{ \"n\" :{seq},\n\t\"caf\\u00e9\": \"កាហ្វេ\" }} ").into_bytes())
}

pub(crate) fn entry_with(seq: u64, payload: Vec<u8>) -> Entry {
    Entry {
        edge_id: edge(),
        seq,
        prev_hash: Sha256Hash::from_bytes([7; 32]),
        hash: Sha256Hash::from_bytes([8; 32]),
        kind: "sale.finalized".to_owned(),
        schema_version: 1,
        recorded_at: Timestamp::from_unix_micros(1_790_000_000_000_001),
        payload,
    }
}
