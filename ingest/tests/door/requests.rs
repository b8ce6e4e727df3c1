use bus::{BusError, entries, facts::FactFollower};
use domain::catalogue::content_hash;
use ingest::MAX_CONCURRENT_REQUESTS;
use schemas::{
    DeviceId, EdgeId, Timestamp,
    catalogue::CatalogueRef,
    requests::{
        DeviceContact, FactsReplyV1, FactsRequestV1, HeartbeatReplyV1, HeartbeatV1, HighestNumber,
        JournalHead, KhqrCheckV1, KnownRequestV1, MappingReplyV1, MappingRequestV1, OutageReport,
        StockSnapshotV1, StorageReport,
    },
    subjects::{CentralRequest, DEFAULT_SHARDS, PosSubject, shard_of},
};
use testkit::{BOUND, enrol_edge, sample_id, sqlx, wait_until};

use crate::{
    rows,
    setup::{Door, NOW, code},
};

pub(crate) fn heartbeat(door: &Door) -> HeartbeatV1 {
    let at = Timestamp::from_unix_micros(1_789_999_999_000_000);
    HeartbeatV1 {
        sent_at: at,
        journal_head: JournalHead { seq: 12, hash: rows::hash() },
        confirmed_seq: 5,
        oldest_unconfirmed_at: Some(at),
        devices: vec![DeviceContact {
            device_id: sample_id::<DeviceId>("till"),
            last_contact_at: at,
            revoked: false,
        }],
        mapping_seq: 3,
        highest_numbers: vec![HighestNumber { series_id: door.company.series_id, no: 3 }],
        storage: StorageReport {
            journal_bytes: 1_000,
            free_bytes: 2_000,
            ..StorageReport::default()
        },
        catalogue: None,
        software_version: "0.1.0".to_owned(),
        clock_ahead_us: None,
        outages: OutageReport::default(),
    }
}

#[tokio::test]
async fn a_heartbeat_is_kept_and_answered_with_all_that_an_edge_needs() {
    let door = Door::open(1).await;
    let store = door.store(0).clone();
    rows::cursor(&door.books.pool, &store, 7, None).await;
    rows::invoices(&door.books.pool, &door.company, &store, 4).await;
    let shard = shard_of(store.tenant_id, store.branch_id, DEFAULT_SHARDS);
    let mut journal = store.journal();
    for entry in [journal.open_session(), journal.sell().1] {
        let subject = PosSubject {
            shard,
            tenant_id: store.tenant_id,
            branch_id: store.branch_id,
            edge_id: store.edge_id,
            kind: entry.kind.clone(),
        };
        entries::publish(&door.bus, &subject, &entry, 0).await.unwrap().wait().await.unwrap();
    }
    let subject = door.subject(0, CentralRequest::Heartbeat);
    let reply: HeartbeatReplyV1 = door.ask(subject, &heartbeat(&door)).await.unwrap();
    let catalogue = CatalogueRef { version: 1, content_hash: content_hash(&store.catalogue) };
    let expected = HeartbeatReplyV1 {
        server_time: NOW,
        cursor: JournalHead { seq: 7, hash: rows::hash() },
        held: None,
        shard_backlog: 2,
        mapping_head: 4,
        prune_watermark: 0,
        catalogue: Some(catalogue),
        commands: Vec::new(),
        orders: Vec::new(),
        register_after: None,
    };
    assert_eq!(reply, expected);

    rows::cursor(&door.books.pool, &store, 8, Some("a forked entry")).await;
    let next = HeartbeatV1 { confirmed_seq: 6, ..heartbeat(&door) };
    let reply: HeartbeatReplyV1 = door.ask(subject, &next).await.unwrap();
    assert_eq!((reply.cursor.seq, reply.held.as_deref()), (8, Some("a forked entry")));
    let mut conn = door.books.pool.acquire().await.unwrap();
    let kept = store::heartbeats::all(&mut conn).await.unwrap();
    assert_eq!(kept.len(), 1);
    assert_eq!((kept[0].edge_id, kept[0].confirmed_seq), (store.edge_id, 6));
    assert_eq!((kept[0].received_at, kept[0].mapping_seq), (NOW, 3));
}

/// A code that is about to be shown.
const KHQR_INTENT: &[u8] = include_bytes!("../../../schemas/golden/khqr_intent.v1.json");

#[tokio::test]
async fn only_the_active_edge_of_a_branch_is_heard_under_its_own_subject() {
    let door = Door::open(2).await;
    let question = MappingRequestV1 { after_mapping_seq: 0, limit: 1 };
    for what in CentralRequest::ALL {
        let own = door.subject(0, what);
        let other = door.subject(1, what);
        let stranger = EdgeId::from_uuid("99999999-9999-4999-8999-999999999999".parse().unwrap());
        let cases = [
            (schemas::subjects::CentralSubject { edge_id: stranger, ..own }, "edge_not_enrolled"),
            (
                schemas::subjects::CentralSubject { branch_id: other.branch_id, ..own },
                "edge_not_of_this_branch",
            ),
            (
                schemas::subjects::CentralSubject { tenant_id: sample_id("other"), ..own },
                "edge_not_of_this_branch",
            ),
        ];
        for (subject, expected) in cases {
            let body = match what {
                CentralRequest::Heartbeat => serde_json::to_vec(&heartbeat(&door)).unwrap(),
                CentralRequest::Facts => {
                    serde_json::to_vec(&FactsRequestV1 { after_fact_seq: 0, limit: 1 }).unwrap()
                }
                CentralRequest::KhqrIntent => KHQR_INTENT.to_vec(),
                CentralRequest::KhqrCheck => {
                    serde_json::to_vec(&KhqrCheckV1 { md5: "0".repeat(32) }).unwrap()
                }
                CentralRequest::Register => br#"{"rows":[]}"#.to_vec(),
                CentralRequest::Adopt => {
                    br#"{"since":"2026-04-01T00:00:00Z","place":null}"#.to_vec()
                }
                CentralRequest::Known => {
                    let known = KnownRequestV1 {
                        edge_id: own.edge_id,
                        entries: Vec::new(),
                        tickets: Vec::new(),
                    };
                    serde_json::to_vec(&known).unwrap()
                }
                CentralRequest::Mapping | CentralRequest::Catalogue | CentralRequest::Stock => {
                    serde_json::to_vec(&question).unwrap()
                }
            };
            let outcome = bus::requests::request_bytes(
                &door.bus,
                subject,
                body.into(),
                crate::setup::PATIENCE,
            )
            .await;
            assert_eq!(code(outcome), expected, "{subject}");
        }
    }
    let old = door.subject(0, CentralRequest::Stock);
    let new = EdgeId::from_uuid("88888888-8888-4888-8888-888888888888".parse().unwrap());
    enrol_edge(&door.books.pool, old.tenant_id, old.branch_id, new, 2).await;
    assert_eq!(code(door.ask::<StockSnapshotV1>(old, &()).await), "edge_not_active");
    let subject = schemas::subjects::CentralSubject { edge_id: new, ..old };
    door.ask::<StockSnapshotV1>(subject, &()).await.unwrap();
    let none: i64 = sqlx::query_scalar("SELECT count(*) FROM edge_heartbeat")
        .fetch_one(&door.books.pool)
        .await
        .unwrap();
    assert_eq!(none, 0, "nobody who was refused left a trace");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_a_code() {
    let door = Door::open(1).await;
    let subject = door.subject(0, CentralRequest::Mapping);
    for body in ["", "nonsense", "{\"after_mapping_seq\": -1, \"limit\": 1}", "{\"limit\": 1}"] {
        assert_eq!(code(door.ask_bytes(subject, body).await), "malformed", "{body:?}");
    }
    let client = door.nats.client().await;
    for subject in ["central.a.b.c.mapping", "central.a.b.c.nothing"] {
        let reply = client.request(subject, "{}".into()).await.unwrap();
        let headers = reply.headers.unwrap();
        assert_eq!(headers.get("ts-error").unwrap().as_str(), "bad_subject", "{subject}");
    }
    sqlx::query("DELETE FROM catalogue_version").execute(&door.books.pool).await.unwrap();
    let none = door.ask_bytes(door.subject(0, CentralRequest::Catalogue), "").await;
    assert_eq!(code(none), "no_catalogue");
}

#[tokio::test]
async fn invoices_come_in_order_page_by_page() {
    const INVOICES: i64 = 1_100;
    let door = Door::open(2).await;
    rows::invoices(&door.books.pool, &door.company, door.store(0), INVOICES).await;
    let subject = door.subject(0, CentralRequest::Mapping);
    let (mut held, mut pages) = (0, 0);
    loop {
        let question = MappingRequestV1 { after_mapping_seq: held, limit: u32::MAX };
        let reply: MappingReplyV1 = door.ask(subject, &question).await.unwrap();
        assert_eq!(reply.head, INVOICES as u64);
        assert!(reply.rows.len() <= MappingRequestV1::MAX_ROWS as usize);
        if reply.rows.is_empty() {
            break;
        }
        pages += 1;
        for row in reply.rows {
            held += 1;
            assert_eq!((row.mapping_seq, row.no), (held, held));
        }
    }
    assert_eq!((held, pages), (INVOICES as u64, 3));
    let other = door.subject(1, CentralRequest::Mapping);
    let question = MappingRequestV1 { after_mapping_seq: 0, limit: 0 };
    let reply: MappingReplyV1 = door.ask(other, &question).await.unwrap();
    assert_eq!((reply.rows.len(), reply.head), (0, 0));
}

#[tokio::test]
async fn a_catalogue_comes_as_the_bytes_that_were_published() {
    let door = Door::open(1).await;
    let bytes = door.ask_bytes(door.subject(0, CentralRequest::Catalogue), "").await.unwrap();
    assert_eq!(bytes, door.store(0).catalogue);
}

#[tokio::test]
async fn a_stock_snapshot_says_how_much_of_the_journal_is_in_it() {
    let door = Door::open(1).await;
    let store = door.store(0).clone();
    let subject = door.subject(0, CentralRequest::Stock);
    let empty: StockSnapshotV1 = door.ask(subject, &()).await.unwrap();
    assert_eq!((empty.edge_seq, empty.levels.len(), empty.as_of), (0, 0, NOW));

    rows::cursor(&door.books.pool, &store, 41, None).await;
    sqlx::query(
        "INSERT INTO stock_level (branch_id, stock_item_id, level, last_no, updated_at)
         VALUES ($1, gen_random_uuid(), -1.500, 17, now())",
    )
    .bind(store.branch_id.as_uuid())
    .execute(&door.books.pool)
    .await
    .unwrap();
    let snapshot: StockSnapshotV1 = door.ask(subject, &()).await.unwrap();
    assert_eq!((snapshot.edge_seq, snapshot.levels.len()), (41, 1));
    assert_eq!(snapshot.levels[0].stock_no, 17);
    assert_eq!(snapshot.levels[0].level.to_string(), "-1.5");
}

#[tokio::test]
async fn facts_come_byte_for_byte_within_the_bound_of_a_message() {
    let door = Door::open(1).await;
    let large = format!("{{ \"pad\":\t\"{}\" }}", "x".repeat(300_000));
    let bodies = vec!["{ \"n\" : 1 }".to_owned(), large.clone(), large.clone(), large];
    rows::facts(&door.books.pool, door.store(0), 1, &bodies).await;
    let subject = door.subject(0, CentralRequest::Facts);
    let (mut after, mut replies) = (0, 0);
    while after < 4 {
        let question = FactsRequestV1 { after_fact_seq: after, limit: u32::MAX };
        let reply: FactsReplyV1 = door.ask(subject, &question).await.unwrap();
        assert_eq!(reply.head, 4);
        assert!(!reply.facts.is_empty(), "stuck after {after}");
        replies += 1;
        for fact in reply.facts {
            after += 1;
            assert_eq!(fact.fact_seq, after);
            assert_eq!(fact.body.get(), bodies[usize::try_from(after).unwrap() - 1]);
        }
    }
    assert!(replies > 1, "all facts came in one message");
}

#[tokio::test]
async fn a_follower_fills_its_gaps_here() {
    let door = Door::open(1).await;
    let store = door.store(0).clone();
    let bodies: Vec<String> = (1..=450).map(|n| format!("{{\"n\":{n}}}")).collect();
    rows::facts(&door.books.pool, &store, 1, &bodies).await;
    let mut follower =
        FactFollower::new(&door.bus, store.tenant_id, store.branch_id, store.edge_id, 10);
    for place in 11..=450 {
        let fact = tokio::time::timeout(BOUND, follower.next()).await.unwrap();
        assert_eq!(fact.fact_seq, place);
        assert_eq!(fact.body, bodies[usize::try_from(place).unwrap() - 1]);
    }
}

#[tokio::test]
async fn more_than_the_bound_at_once_are_told_to_ask_again() {
    const BEYOND: usize = 12;
    let door = Door::open(1).await;
    let mut lock = door.books.pool.begin().await.unwrap();
    sqlx::query("LOCK TABLE edge IN ACCESS EXCLUSIVE MODE").execute(&mut *lock).await.unwrap();
    let subject = door.subject(0, CentralRequest::Mapping);
    let question = MappingRequestV1 { after_mapping_seq: 0, limit: 1 };
    let asked: Vec<_> = (0..MAX_CONCURRENT_REQUESTS + BEYOND)
        .map(|_| {
            let bus = door.bus.clone();
            tokio::spawn(async move {
                bus::requests::request::<_, MappingReplyV1>(
                    &bus,
                    subject,
                    &question,
                    crate::setup::PATIENCE,
                )
                .await
            })
        })
        .collect();
    let mut codes = Vec::new();
    for asked in asked {
        codes.push(code(asked.await.unwrap()));
    }
    let busy = codes.iter().filter(|code| *code == "busy").count();
    assert!(busy >= BEYOND, "{busy} of {} were told so", codes.len());
    // The others were ended by the database or given up on: nobody waits for ever.
    let rest = codes.iter().filter(|code| *code != "busy");
    assert!(rest.clone().all(|code| code == "too_slow" || code == "books_unavailable"));
    lock.rollback().await.unwrap();
    wait_until("the door answers again", BOUND, || async {
        door.ask::<MappingReplyV1>(subject, &question).await.ok()
    })
    .await;
}

#[tokio::test]
async fn books_that_are_down_are_told_in_time_and_waited_out() {
    let mut door = Door::open(1).await;
    let subject = door.subject(0, CentralRequest::Mapping);
    let question = MappingRequestV1 { after_mapping_seq: 0, limit: 1 };
    door.books.kill();
    let refused = code(door.ask::<MappingReplyV1>(subject, &question).await);
    assert!(["too_slow", "books_unavailable"].contains(&refused.as_str()), "{refused}");
    door.books.restart().await;
    wait_until("the door answers again", BOUND, || async {
        match door.ask::<MappingReplyV1>(subject, &question).await {
            Ok(reply) => Some(reply),
            Err(BusError::Refused { .. }) => None,
            Err(other) => panic!("the door is shut: {other}"),
        }
    })
    .await;
}
