//! Sends requests one after the other, and judges each answer.

use std::{collections::BTreeMap, env, time::Duration};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use reqwest::{Client, Method, Response, StatusCode, header};
use serde_json::Value;

use crate::{
    document::{Document, Operation, Parameter},
    spoil,
    values::{self, Known},
};

/// How long an answer may take.
const ANSWER_BOUND: Duration = Duration::from_secs(20);
/// A service under attack.
pub struct Target {
    /// Where it is.
    pub base: String,
    /// Tokens that it knows.
    pub tokens: Vec<String>,
    /// Routes that would end those tokens: only strangers call them.
    pub for_strangers: &'static [&'static str],
    /// Values that lead further in, by the names of what they are.
    pub taught: Vec<(&'static str, Value)>,
    /// Bodies that a route takes: `"$name"` stands for what is known by that name.
    pub examples: Vec<(&'static str, Value)>,
    /// `(route, code)` of the answers that may be a 5xx: what stands behind the
    /// service is not there, and is known not to be.
    pub may_fail: &'static [(&'static str, &'static str)],
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Tally {
    /// How often each refusal was given.
    pub codes: BTreeMap<String, u32>,
    /// Requests that were answered.
    pub sent: u32,
    /// Those that did what they asked for.
    pub done: u32,
    /// Those that were refused.
    pub refused: u32,
    /// Operations of the document that did what was asked at least once.
    pub reached: usize,
    /// All operations of the document.
    pub operations: usize,
}

/// The seed: another one with `TILLSTREAM_FUZZ_SEED`.
pub fn seed() -> u64 {
    number("TILLSTREAM_FUZZ_SEED", 20_260_401)
}

/// How many requests: more with `TILLSTREAM_FUZZ_REQUESTS`.
pub fn requests() -> u32 {
    u32::try_from(number("TILLSTREAM_FUZZ_REQUESTS", 4_000)).expect("a reasonable number")
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().expect("a whole number"))
}

/// Attacks a service, and panics with the first request that is not answered as it
/// should be.
///
/// `unchanged` is asked before and after each request: of one that was refused it must
/// say the same.
pub async fn attack<S, F>(target: &Target, unchanged: S) -> Tally
where
    S: Fn() -> F,
    F: Future<Output = Option<u64>>,
{
    // Each on a connection of its own: of one that is refused while it is still being
    // sent the service closes the connection.
    let http = Client::builder().timeout(ANSWER_BOUND).pool_max_idle_per_host(0).build();
    let http = http.expect("a client can be made");
    let document = http.get(format!("{}/openapi.json", target.base)).send().await;
    let document = document.expect("the service answers").json().await;
    let document = Document::parse(document.expect("the service tells its document"));
    let seed = seed();
    eprintln!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let mut known = Known::default();
    for (name, value) in &target.taught {
        known.learn(name, value, &mut rng);
    }
    let mut reached = vec![false; document.operations.len()];
    let mut tally = Tally { operations: document.operations.len(), ..Tally::default() };
    let mut before = unchanged().await;
    for number in 0..requests() {
        // First each once, as it should be, so that there is something to know.
        let place = match number as usize {
            early if early < 2 * reached.len() => early % reached.len(),
            _ => rng.random_range(0..reached.len()),
        };
        let operation = &document.operations[place];
        let sent = compose(&http, target, &document, operation, &known, number, &mut rng);
        let (told, request) = sent;
        let what = format!("seed {seed}, request {number}: {}", excerpt(told.as_bytes()));
        tally.sent += 1;
        let answer = match request.send().await {
            Ok(answer) => answer,
            // It may close the door on what is far too long while that is still coming.
            Err(error) if is_far_too_long(&error, &told) => continue,
            Err(error) => panic!("{what}: {error:?}"),
        };
        let status = answer.status();
        if let Some(version) = answer.headers().get(header::ETAG) {
            let version = Value::from(version.to_str().unwrap_or_default());
            known.learn("If-Match", &version, &mut rng);
        }
        let body = judged(answer, target, &document, operation, &what).await;
        let code = body.as_ref().and_then(|body| body["code"].as_str());
        let code = code.unwrap_or_default().to_owned();
        if let Some(body) = body {
            known.learn(if status.is_success() { "" } else { "refusal" }, &body, &mut rng);
        }
        let after = unchanged().await;
        if status.is_success() {
            tally.done += 1;
            reached[place] = true;
        } else {
            tally.refused += 1;
            *tally.codes.entry(code).or_default() += 1;
            // That somebody failed to get in is written down.
            let is_told = matches!(operation.path.as_str(), "/v1/login" | "/v1/devices/pair");
            assert!(
                is_told || before == after,
                "{what}: refused with {status}, and done: {before:?}, {after:?}"
            );
        }
        before = after;
    }
    for (operation, _) in document.operations.iter().zip(&reached).filter(|(_, done)| !**done) {
        eprintln!("never done: {} {}", operation.method, operation.path);
    }
    tally.reached = reached.iter().filter(|reached| **reached).count();
    tally
}

/// One request, as text for who reads of a failure, and ready to be sent.
fn compose(
    http: &Client,
    target: &Target,
    document: &Document,
    operation: &Operation,
    known: &Known,
    number: u32,
    rng: &mut StdRng,
) -> (String, reqwest::RequestBuilder) {
    // Half of them are as they should be.
    let spoilt = number as usize >= 2 * document.operations.len() && rng.random_bool(0.5);
    let mut path = operation.path.clone();
    let mut query = Vec::new();
    let mut headers = Vec::new();
    for parameter in &operation.parameters {
        let value = parameter_value(document, known, (operation, parameter), number, spoilt, rng);
        let Some(value) = value else { continue };
        match parameter.place.as_str() {
            "path" => path = path.replace(&format!("{{{}}}", parameter.name), &value),
            "query" => query.push(format!("{}={value}", parameter.name)),
            _ => headers.push((parameter.name.clone(), value)),
        }
    }
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    let method = match rng.random_range(0..40) {
        0 if spoilt => Method::PATCH,
        1 if spoilt => Method::DELETE,
        _ => operation.method.parse().expect("a method"),
    };
    let mut told = format!("{method} {path}");
    let mut request = http.request(method, format!("{}{path}", target.base));
    for (name, value) in headers {
        told = format!("{told}\n{name}: {}", excerpt(value.as_bytes()));
        request = request.header(name, value);
    }
    match rng.random_range(0..20) {
        _ if target.for_strangers.contains(&operation.path.as_str()) => {
            request = request.bearer_auth("nobody");
        }
        0 if spoilt => {}
        1 if spoilt => request = request.bearer_auth("nobody"),
        2 if spoilt => request = request.header(header::AUTHORIZATION, "Basic eDp5"),
        _ => request = request.bearer_auth(target.tokens.choose(rng).expect("there are tokens")),
    }
    if let Some(schema) = &operation.body {
        let examples = target.examples.iter().filter(|(route, _)| *route == operation.path);
        let examples: Vec<_> = examples.collect();
        let mut body = match examples.choose(rng) {
            Some((_, example)) if rng.random_bool(0.7) => known.like(example, rng),
            _ => values::body(document, known, schema, rng),
        };
        if spoilt {
            for _ in 0..rng.random_range(0..3) {
                spoil::spoil(&mut body, rng);
            }
        }
        let bytes = if spoilt { spoil::bytes(&body, rng) } else { body.to_string().into_bytes() };
        told = format!("{told}\n{}", String::from_utf8_lossy(&bytes));
        let kind = if spoilt && rng.random_bool(0.03) { "text/plain" } else { "application/json" };
        request = request.header(header::CONTENT_TYPE, kind).body(bytes);
    }
    (told, request)
}

fn parameter_value(
    document: &Document,
    known: &Known,
    (operation, parameter): (&Operation, &Parameter),
    number: u32,
    spoilt: bool,
    rng: &mut StdRng,
) -> Option<String> {
    if spoilt && rng.random_bool(0.2) {
        return Some(spoil::odd_text(rng));
    }
    if !parameter.required && rng.random_bool(0.5) {
        return None;
    }
    if parameter.name == "Idempotency-Key" {
        let again = spoilt && rng.random_bool(0.1);
        let key = if again { rng.random_range(0..=number) } else { number };
        return Some(format!("fuzz-{key}"));
    }
    let name = match parameter.name.as_str() {
        "id" => singular(&operation.path),
        name => name.to_owned(),
    };
    let name = name.as_str();
    let said = known.recall(name, rng).filter(|_| rng.random_bool(0.9));
    let value = match said {
        Some(said) => said,
        None => values::fitting(document, known, name, &parameter.schema, rng, 1),
    };
    let text = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    // What an address cannot hold as it is.
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.:\"*".contains(byte);
    let escaped = text.as_bytes().iter().map(|byte| {
        if plain(byte) { char::from(*byte).to_string() } else { format!("%{byte:02X}") }
    });
    Some(if parameter.place == "header" {
        text.replace(|c: char| !c.is_ascii_graphic(), "")
    } else {
        escaped.collect()
    })
}

fn is_far_too_long(error: &reqwest::Error, told: &str) -> bool {
    error.is_request() && !error.is_connect() && told.len() > 1024 * 1024
}

/// What an `{id}` in a path is of: `staff_id` after `/staff/`, `category_id` after
/// `/categories/`.
fn singular(path: &str) -> String {
    let before = path.split("/{id}").next().and_then(|before| before.rsplit('/').next());
    let plural = before.unwrap_or_default();
    let one = match plural.strip_suffix("ies") {
        Some(stem) => format!("{stem}y"),
        None => plural.trim_end_matches('s').to_owned(),
    };
    format!("{one}_id")
}

/// Whether the answer is one that may be given; its body, if it is JSON.
async fn judged(
    answer: Response,
    target: &Target,
    document: &Document,
    operation: &Operation,
    what: &str,
) -> Option<Value> {
    let status = answer.status();
    let kind = answer.headers().get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    if kind.starts_with("text/event-stream") {
        // It has no end.
        return None;
    }
    let bytes = answer.bytes().await.unwrap_or_else(|error| panic!("{what}: {status}, {error}"));
    let body: Option<Value> = if kind.contains("json") && !kind.contains("jsonl") {
        let body = serde_json::from_slice(&bytes);
        Some(body.unwrap_or_else(|error| panic!("{what}: {status}, no JSON: {error}")))
    } else {
        None
    };
    if status.is_success() {
        let wrong = body.as_ref().and_then(|body| {
            assert!(operation.names(status.as_u16()), "{what}: undocumented {status}");
            document.check_answer(operation, status.as_u16(), body)
        });
        assert!(wrong.is_none(), "{what}: {status} is not as documented: {wrong:?}");
        return body;
    }
    let code = body.as_ref().and_then(|body| body["code"].as_str()).unwrap_or_default();
    if status.is_server_error() {
        let expected = target
            .may_fail
            .iter()
            .any(|(route, expected)| operation.path == *route && code == *expected);
        assert!(expected, "{what}: {status} {}", excerpt(&bytes));
    }
    let said = body.as_ref().map(|body| (body["title"].as_str(), body["detail"].as_str()));
    let clear = matches!(said, Some((Some(title), Some(detail)))
        if !code.is_empty() && !title.is_empty() && !detail.is_empty());
    assert!(
        clear && kind.starts_with("application/problem+json"),
        "{what}: {status} with no clear error: {kind} {}",
        excerpt(&bytes)
    );
    let wrong =
        body.as_ref().and_then(|body| document.check_answer(operation, status.as_u16(), body));
    assert!(wrong.is_none(), "{what}: {status} {code} is not as documented: {wrong:?}");
    assert_ne!(status, StatusCode::NOT_IMPLEMENTED, "{what}");
    body
}

fn excerpt(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(600)]).into_owned()
}
