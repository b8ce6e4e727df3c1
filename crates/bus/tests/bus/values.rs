use bus::{catalogue, facts, register};
use bytes::Bytes;
use schemas::{BranchId, SeriesId, Timestamp, facts::FactKind, subjects};

use crate::server::{branch, soon, tenant, with_streams};

#[tokio::test]
async fn a_catalogue_is_kept_told_and_replaced() {
    let (_nats, bus) = with_streams().await;
    assert_eq!(catalogue::get(&bus, tenant(), branch()).await.unwrap(), None);
    let mut puts = catalogue::watch(&bus, tenant(), branch()).await.unwrap();
    bus.flush().await.unwrap();
    for body in ["{\"version\": 1}", "{\"version\": 2}"] {
        catalogue::put(&bus, tenant(), branch(), body).await.unwrap();
        assert_eq!(soon("the new catalogue", puts.next()).await.unwrap(), body);
        assert_eq!(catalogue::get(&bus, tenant(), branch()).await.unwrap().unwrap(), body);
    }
}

#[tokio::test]
async fn the_mark_of_a_series_only_rises() {
    let (_nats, bus) = with_streams().await;
    let series: SeriesId = "44444444-4444-4444-8444-444444444444".parse().unwrap();
    assert_eq!(register::read(&bus, series).await.unwrap(), None);
    register::raise(&bus, series, 7).await.unwrap();
    register::raise(&bus, series, 3).await.unwrap();
    assert_eq!(register::read(&bus, series).await.unwrap(), Some(7));
    let raises = (8..=15).map(|no| register::raise(&bus, series, no));
    futures::future::try_join_all(raises).await.unwrap();
    assert_eq!(register::read(&bus, series).await.unwrap(), Some(15));
}

#[tokio::test]
async fn the_highest_number_in_the_stream_is_found_over_branches() {
    let (_nats, bus) = with_streams().await;
    let other: BranchId = "55555555-5555-4555-8555-555555555555".parse().unwrap();
    let branches = [branch(), other];
    let [asked, another] =
        ["asked", "another"].map(|name| SeriesId::derived(tenant().as_uuid(), name));
    let highest = async |branches: &[BranchId], series| {
        register::highest_assigned(&bus, tenant(), branches, series).await.unwrap()
    };
    assert_eq!(highest(&branches, asked).await, None);
    for (branch_id, fact_seq, no) in [(other, 1, 5), (branch(), 1, 6), (other, 2, 9)] {
        let fact = facts::FactMessage {
            subject: subjects::fact(tenant(), branch_id, FactKind::InvoiceAssigned),
            branch_id,
            fact_seq,
            fact_id: format!("series:{no}"),
            kind: FactKind::InvoiceAssigned.as_str().to_owned(),
            schema_version: 1,
            occurred_at: Timestamp::from_unix_micros(0),
            body: Bytes::from(format!(r#"{{"no":{no},"series_id":"{asked}","more":true}}"#)),
        };
        facts::publish(&bus, &fact).await.unwrap().wait().await.unwrap();
    }
    assert_eq!(highest(&branches, asked).await, Some(9));
    assert_eq!(highest(&[branch()], asked).await, Some(6));
    // Another series' numbers say nothing of this one.
    assert_eq!(highest(&branches, another).await, None);
}
