//! Every subject of the AsyncAPI document, and those beside it, against messages that
//! are nearly right and messages that are nothing at all.
//!
//! Under the subjects of a company whose edge the test plays anything may come: an edge
//! that lies about itself may be stopped, and nobody else. Under those of a company that
//! sells come the same messages but for two kinds, which mean harm by being well-formed:
//! entries and heartbeats of its own edge, and facts with their headers whole. Who may
//! publish those is for the broker's permissions to say.

use std::{collections::BTreeMap, fs, path::Path, time::Duration};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::Value;
use testkit::{
    Store,
    async_nats::{Client, HeaderMap, HeaderName, HeaderValue},
    seed_company,
};
use tests::World;
use uuid::Uuid;

use crate::{
    attack::{requests, seed},
    is_well,
    spoil::{self, odd_text},
};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// What a broker takes in a message, less some room for headers.
const MOST_BYTES: usize = 1_000_000;
/// Headers of entries and facts, with what may stand there.
const HEADERS: [(&str, &str); 10] = [
    ("ce-specversion", "1.0"),
    ("ce-id", "01932f6e-7c00-7004-8000-000000000001:7"),
    ("ce-source", "/edges/01932f6e-7c00-7004-8000-000000000001"),
    ("ce-type", "tillstream.sale.finalized.v1"),
    ("ce-time", "2026-11-21T09:34:12.000000Z"),
    ("ce-seq", "7"),
    ("ce-prevhash", "6b8a5aff61bba66fb9001e1753d22e14677968b27041cb6c91a1519260a52900"),
    ("ce-hash", "0b8a5aff61bba66fb9001e1753d22e14677968b27041cb6c91a1519260a52900"),
    ("ce-schemaversion", "1"),
    ("ce-factseq", "3"),
];
/// Subjects that are not in the document, because they are nobody's contract.
const BESIDE: [&str; 9] = [
    "door.settled",
    "wake.door.0",
    "wake.odd",
    "pos.odd",
    "pos.0.a.b.c.d",
    "books.odd",
    "central.a.b.c.heartbeat",
    "central.{tenant}.{branch}.{edge}.odd",
    "$KV.catalogue.{tenant}.{branch}",
];

/// One subject of the document, with bodies that fit it.
struct Channel {
    address: String,
    bodies: Vec<Value>,
}

fn channels() -> Vec<Channel> {
    let document = schemas::asyncapi::document();
    let told = document["channels"].as_object().expect("a document has channels");
    let mut channels: Vec<Channel> = told
        .values()
        .filter_map(|channel| {
            // Answers go to whoever asked, under a subject of the moment.
            let address = channel["address"].as_str()?.to_owned();
            let messages = channel["messages"].as_object()?;
            Some(Channel {
                address,
                bodies: messages.keys().filter_map(|message| golden(message)).collect(),
            })
        })
        .collect();
    assert!(channels.len() > 30, "a document of {} channels", channels.len());
    let some: Vec<Value> = channels.iter().flat_map(|all| all.bodies.first().cloned()).collect();
    channels.extend(
        BESIDE.map(|address| Channel { address: address.to_owned(), bodies: some.clone() }),
    );
    channels
}

/// The body that the contract's own tests hold fast.
fn golden(message: &str) -> Option<Value> {
    let name = message.strip_prefix("entry.").or(message.strip_prefix("fact.")).unwrap_or(message);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/golden");
    let text = fs::read_to_string(folder.join(format!("{name}.json"))).ok()?;
    Some(serde_json::from_str(&text).expect("golden files are JSON"))
}

/// Whose subjects they are.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    /// Of an edge that the test plays.
    Played,
    /// Of an edge that sells meanwhile.
    Selling,
    /// Of nobody who is enrolled.
    Nobody,
}

/// Puts ids into an address.
fn subject(address: &str, store: &Store, whose: Whose, rng: &mut StdRng) -> String {
    let mut id = |known: Uuid, how_often: f64| {
        let stranger = whose == Whose::Nobody && rng.random_bool(how_often);
        if stranger { Uuid::from_u128(rng.random()) } else { known }.to_string()
    };
    address
        .replace("{tenant}", &id(store.tenant_id.as_uuid(), 0.5))
        .replace("{branch}", &id(store.branch_id.as_uuid(), 0.5))
        .replace("{edge}", &id(store.edge_id.as_uuid(), 1.0))
        .replace("{shard}", &rng.random_range(0..5_u16).to_string())
}

/// Whether a well-formed message there speaks for an edge, or for the books.
fn is_trusted(address: &str) -> bool {
    address.starts_with("pos.") || address.ends_with(".heartbeat")
}

/// Headers of which some are missing or odd; one at least if `broken`.
fn headers(store: &Store, broken: bool, rng: &mut StdRng) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let spoilt = if broken { rng.random_range(0..HEADERS.len()) } else { HEADERS.len() };
    for (place, (name, usual)) in HEADERS.into_iter().enumerate() {
        let must = place == spoilt || (broken && name == "ce-factseq");
        let text = match rng.random_range(0..10) {
            0 | 1 => continue,
            2 | 3 => odd_text(rng),
            _ if must => odd_text(rng),
            4 if name == "ce-source" => format!("/branches/{}", store.branch_id),
            5 | 6 if name == "ce-source" => format!("/edges/{}", store.edge_id),
            _ => usual.to_owned(),
        };
        // A place among the facts that is none: everything else may be whole then.
        let text = if broken && name == "ce-factseq" { format!("x{text}") } else { text };
        if let Ok(text) = text.parse::<HeaderValue>() {
            headers.insert(HeaderName::from_static(name), text);
        }
    }
    headers
}

fn payload(bodies: &[Value], rng: &mut StdRng) -> Vec<u8> {
    let Some(body) = bodies.choose(rng) else {
        return (0..rng.random_range(0..2_000)).map(|_| rng.random()).collect();
    };
    let mut body = body.clone();
    for _ in 0..rng.random_range(0..4) {
        spoil::spoil(&mut body, rng);
    }
    let mut bytes = spoil::bytes(&body, rng);
    bytes.truncate(MOST_BYTES);
    bytes
}

/// Asks, and looks at the answer: of a question there must be one, and it may not be
/// that we do not know what went wrong.
async fn ask(nats: &Client, subject: String, headers: HeaderMap, body: Vec<u8>) -> String {
    let told = format!("{subject}: {}", String::from_utf8_lossy(&body[..body.len().min(300)]));
    let asked = nats.request_with_headers(subject, headers, body.into());
    let answer = tokio::time::timeout(PATIENCE, asked).await;
    let answer = answer.unwrap_or_else(|_| panic!("{told}: no answer in time"));
    let answer = answer.unwrap_or_else(|error| panic!("{told}: {error}"));
    let code = answer.headers.as_ref().and_then(|headers| headers.get("ts-error"));
    let code = code.map_or("answered", HeaderValue::as_str).to_owned();
    let ours = ["internal", "too_slow", "unavailable"].contains(&code.as_str());
    assert!(!ours, "{told}: {code} {}", String::from_utf8_lossy(&answer.payload));
    code
}

#[tokio::test]
async fn no_message_on_any_subject_breaks_anybody() {
    let mut world = World::with_shops(1).await;
    let selling = world.company.stores[0].clone();
    let played = seed_company(&world.books.pool, 1).await.stores.remove(0);
    world.shops[0].till.sell_many(3).await;
    world.shops[0].till.all_numbered().await;
    let nats = world.nats.client().await;
    let seed = seed();
    eprintln!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let channels = channels();
    let mut answers: BTreeMap<String, u32> = BTreeMap::new();
    let mut sent = 0;
    for number in 0..requests() {
        let channel = &channels[number as usize % channels.len()];
        let whose = *[Whose::Played, Whose::Selling, Whose::Nobody]
            .choose(&mut rng)
            .expect("there are some");
        if whose == Whose::Selling && is_trusted(&channel.address) {
            continue;
        }
        let store = if whose == Whose::Played { &played } else { &selling };
        let subject = subject(&channel.address, store, whose, &mut rng);
        let broken = subject.starts_with("books.");
        let headers = headers(store, broken, &mut rng);
        let body = payload(&channel.bodies, &mut rng);
        sent += 1;
        if subject.starts_with("central.") {
            *answers.entry(ask(&nats, subject, headers, body).await).or_default() += 1;
        } else {
            let published = nats.publish_with_headers(subject.clone(), headers, body.into()).await;
            published.unwrap_or_else(|error| panic!("{subject}: {error}"));
        }
        // Whoever sells does so all the while.
        if number % 100 == 0 {
            nats.flush().await.expect("the broker answers");
            world.shops[0].till.sell_many(1).await;
        }
    }
    nats.flush().await.expect("it is sent");
    eprintln!("{sent} messages; questions were {answers:?}");
    assert!(answers.len() > 3, "questions came to little: {answers:?}");

    world.shops[0].till.all_numbered().await;
    let junk = "SELECT count(*) FROM edge_entry WHERE edge_id <> $1";
    let junk: i64 = testkit::sqlx::query_scalar(junk)
        .bind(selling.edge_id.as_uuid())
        .fetch_one(&world.books.pool)
        .await
        .expect("the books answer");
    assert_eq!(junk, 0, "something of it was booked");
    let sold = world.shops[0].till.sync().await.expect("the edge answers").journal_seq;
    let sold = i64::try_from(sold).expect("a small number");
    world.becomes("SELECT count(*) FROM edge_entry", sold).await;
    is_well(&mut world.centre.ingest, "ingest");
    is_well(&mut world.centre.workers, "workers");
    is_well(&mut world.centre.numbering, "numbering");
    is_well(&mut world.shops[0].edge, "pos-edge");
    world.all_told().await;
    // Of the edge that lied, and of nobody else, it is said that it did.
    let liar = played.edge_id.to_string();
    let failed = world.failed_checks().await;
    let others: Vec<_> = failed
        .iter()
        .flat_map(|check| &check.offenders)
        .filter(|offender| !offender.contains(&liar))
        .collect();
    assert!(others.is_empty(), "the books are not right: {others:#?}");
}
