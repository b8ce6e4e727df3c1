//! The AsyncAPI 3 document of everything that travels over the broker, made
//! from the [registry](crate::registry). It is kept as `schemas/asyncapi.json`.

use serde_json::{Map, Value, json};

use crate::{
    EntryKind,
    facts::FactKind,
    registry::{CONTRACTS, Contract, Role},
    subjects::{CentralRequest, WAKE_NUMBERING, WAKE_RELAY},
};

/// The version of AsyncAPI that the document follows.
pub const ASYNCAPI_VERSION: &str = "3.0.0";

/// The media type of the payload schemas; AsyncAPI asks its tools to know it.
const SCHEMA_FORMAT: &str = "application/schema+json;version=draft-07";

/// The document: channels `pos.*`, `books.*`, `central.*` and the notices, with
/// payload schemas by reference to `schemas/json`.
pub fn document() -> Value {
    let mut channels = Map::new();
    let mut operations = Map::new();
    for kind in EntryKind::ALL {
        add_entry(&mut channels, &mut operations, kind);
    }
    for fact in FactKind::ALL {
        add_fact(&mut channels, &mut operations, fact);
    }
    for what in CentralRequest::ALL {
        add_request(&mut channels, &mut operations, what);
    }
    add_notices(&mut channels, &mut operations);
    json!({
        "asyncapi": ASYNCAPI_VERSION,
        "info": {
            "title": "tillstream",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What edges, the centre and consumers of facts send each other over \
                NATS. Entries and facts are CloudEvents 1.0 in the binary mode of the NATS \
                binding: attributes are `ce-*` headers, the body is JSON.",
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages(), "parameters": parameters() },
    })
}

/// An entry on its way up: published by an edge, consumed by the workers.
fn add_entry(
    channels: &mut Map<String, Value>,
    operations: &mut Map<String, Value>,
    kind: EntryKind,
) {
    let channel = format!("pos.{kind}");
    let contracts: Vec<_> =
        CONTRACTS.iter().filter(|contract| contract.role == Role::Entry(kind)).collect();
    channels.insert(
        channel.clone(),
        json!({
            "address": format!("pos.{{shard}}.{{tenant}}.{{branch}}.{{edge}}.{kind}"),
            "description": "Stream `POS`, at least once, in the order of the journal. Transport \
                only: an edge sends again whatever the books have not confirmed.",
            "parameters": parameter_refs(&["shard", "tenant", "branch", "edge"]),
            "messages": message_refs(contracts.iter().map(|contract| entry_message(contract))),
        }),
    );
    operations.insert(format!("book.{kind}"), receive(&channel, "The workers book the entry."));
}

/// A fact on its way out: published by the relay, for whoever subscribes.
fn add_fact(
    channels: &mut Map<String, Value>,
    operations: &mut Map<String, Value>,
    fact: FactKind,
) {
    let channel = format!("books.{fact}");
    let contracts: Vec<_> =
        CONTRACTS.iter().filter(|contract| is_body_of(contract, fact)).collect();
    channels.insert(
        channel.clone(),
        json!({
            "address": format!("books.{{tenant}}.{{branch}}.{fact}"),
            "description": "Stream `BOOKS`, at least once, in the order of `ce-factseq`, which \
                has no gaps in a branch: whoever sees one asks for the rest with `facts`.",
            "parameters": parameter_refs(&["tenant", "branch"]),
            "messages": message_refs(contracts.iter().map(|contract| fact_message(contract))),
        }),
    );
    operations.insert(format!("relay.{fact}"), send(&channel, "The relay publishes the fact."));
}

/// Whether a contract is the body of a fact: its own, or the entry's that the
/// fact repeats.
fn is_body_of(contract: &Contract, fact: FactKind) -> bool {
    match contract.role {
        Role::Fact(own) => own == fact,
        Role::Entry(kind) => FactKind::repeating(kind) == Some(fact),
        Role::Request(_) | Role::Reply(_) | Role::Confirmed => false,
    }
}

/// A request to the centre, and its reply.
fn add_request(
    channels: &mut Map<String, Value>,
    operations: &mut Map<String, Value>,
    what: CentralRequest,
) {
    let name = what.as_str();
    let (channel, reply_channel) = (format!("central.{name}"), format!("central.{name}.reply"));
    let message_of = |role: Role| {
        let found = CONTRACTS.iter().filter(move |contract| contract.role == role);
        let ids: Vec<_> = found.map(Contract::id).collect();
        if ids.is_empty() { vec!["empty".to_owned()] } else { ids }
    };
    channels.insert(
        channel.clone(),
        json!({
            "address": format!("central.{{tenant}}.{{branch}}.{{edge}}.{name}"),
            "description": "Core request and reply; the subject says who asks.",
            "parameters": parameter_refs(&["tenant", "branch", "edge"]),
            "messages": message_refs(message_of(Role::Request(what))),
        }),
    );
    let replies = message_of(Role::Reply(what)).into_iter().chain(["refusal".to_owned()]);
    channels.insert(
        reply_channel.clone(),
        json!({
            "address": null,
            "description": "The inbox that the request names.",
            "messages": message_refs(replies),
        }),
    );
    let mut operation = receive(&channel, "The centre answers.");
    operation["reply"] = json!({
        "address": { "location": "$message.header#/reply-to" },
        "channel": { "$ref": format!("#/channels/{reply_channel}") },
    });
    operations.insert(format!("answer.{name}"), operation);
}

/// Core notices: hints that something happened, any of which may be lost.
fn add_notices(channels: &mut Map<String, Value>, operations: &mut Map<String, Value>) {
    let confirmed: Vec<_> = CONTRACTS
        .iter()
        .filter(|contract| contract.role == Role::Confirmed)
        .map(Contract::id)
        .collect();
    channels.insert(
        "notice.confirmed".to_owned(),
        json!({
            "address": "edge.{edge}.confirmed",
            "description": "Core notice after a commit. The heartbeat is the truth.",
            "parameters": parameter_refs(&["edge"]),
            "messages": message_refs(confirmed),
        }),
    );
    operations.insert(
        "notify.confirmed".to_owned(),
        send("notice.confirmed", "A worker tells an edge how far the books are."),
    );
    channels.insert(
        "notice.wake".to_owned(),
        json!({
            "address": "edge.{edge}.wake",
            "description": "Core notice; its body is empty. The heartbeat brings what waits.",
            "parameters": parameter_refs(&["edge"]),
            "messages": message_refs(["empty".to_owned()]),
        }),
    );
    operations.insert(
        "notify.wake".to_owned(),
        send("notice.wake", "A worker tells an edge that an order waits for it."),
    );
    for (subject, about) in [
        (WAKE_NUMBERING, "Sales may await numbers. A sweep finds them anyway."),
        (WAKE_RELAY, "The outbox may hold facts. A sweep finds them anyway."),
    ] {
        let channel = format!("notice.{subject}");
        channels.insert(
            channel.clone(),
            json!({
                "address": subject,
                "description": "Core notice; its body is empty.",
                "messages": message_refs(["empty".to_owned()]),
            }),
        );
        operations.insert(format!("notify.{subject}"), send(&channel, about));
    }
}

fn send(channel: &str, summary: &str) -> Value {
    operation("send", channel, summary)
}

fn receive(channel: &str, summary: &str) -> Value {
    operation("receive", channel, summary)
}

fn operation(action: &str, channel: &str, summary: &str) -> Value {
    json!({
        "action": action,
        "channel": { "$ref": format!("#/channels/{channel}") },
        "summary": summary,
    })
}

fn entry_message(contract: &Contract) -> String {
    format!("entry.{}", contract.id())
}

fn fact_message(contract: &Contract) -> String {
    format!("fact.{}", contract.id())
}

fn message_refs(names: impl IntoIterator<Item = String>) -> Value {
    references("messages", names)
}

fn parameter_refs(names: &[&str]) -> Value {
    references("parameters", names.iter().map(|name| (*name).to_owned()))
}

fn references(kind: &str, names: impl IntoIterator<Item = String>) -> Value {
    let reference = |name: String| {
        let target = json!({ "$ref": format!("#/components/{kind}/{name}") });
        (name, target)
    };
    Value::Object(names.into_iter().map(reference).collect())
}

/// Every message once: an entry's contract twice, because it travels with
/// other headers as an entry than as a fact.
fn messages() -> Map<String, Value> {
    let mut messages = Map::new();
    for contract in &CONTRACTS {
        match contract.role {
            Role::Entry(kind) => {
                messages.insert(entry_message(contract), message(contract, Some(entry_headers())));
                if let Some(fact) = FactKind::repeating(kind) {
                    let mut told = message(contract, Some(fact_headers()));
                    told["name"] = json!(fact.as_str());
                    messages.insert(fact_message(contract), told);
                }
            }
            Role::Fact(_) => {
                messages.insert(fact_message(contract), message(contract, Some(fact_headers())));
            }
            Role::Request(_) | Role::Reply(_) | Role::Confirmed => {
                messages.insert(contract.id(), message(contract, None));
            }
        }
    }
    messages.insert(
        "empty".to_owned(),
        json!({ "name": "empty", "summary": "No body.", "payload": { "maxLength": 0 } }),
    );
    messages.insert(
        "refusal".to_owned(),
        json!({
            "name": "refusal",
            "summary": "The centre could not answer: a code in a header, the reason as text.",
            "contentType": "text/plain",
            "headers": headers(&[("ts-error", "A stable code to branch on.")]),
            "payload": { "type": "string" },
        }),
    );
    messages
}

fn message(contract: &Contract, headers: Option<Value>) -> Value {
    let mut message = json!({
        "name": contract.name,
        "title": contract.id(),
        "summary": contract.about,
        "contentType": "application/json",
        "payload": {
            "schemaFormat": SCHEMA_FORMAT,
            "schema": { "$ref": format!("./{}", contract.schema_file()) },
        },
    });
    if let Some(headers) = headers {
        message["headers"] = headers;
    }
    message
}

fn entry_headers() -> Value {
    headers(&[
        ("Nats-Msg-Id", "`<edge>:<seq>:<attempt>`; a resend is a new attempt."),
        ("ce-specversion", "Always `1.0`."),
        ("ce-id", "`<edge>:<seq>`."),
        ("ce-source", "`/edges/<edge>`."),
        ("ce-type", "`tillstream.<kind>.v<version>`."),
        ("ce-time", "When the edge recorded the entry."),
        ("ce-seq", "The place in the edge's journal: 1, 2, 3, … without holes."),
        ("ce-prevhash", "The hash of the entry before, 64 hex digits."),
        ("ce-hash", "The hash of this entry, 64 hex digits."),
        ("ce-schemaversion", "The version of the payload's schema."),
    ])
}

fn fact_headers() -> Value {
    headers(&[
        ("Nats-Msg-Id", "The fact's id and its place."),
        ("ce-specversion", "Always `1.0`."),
        ("ce-id", "Derived from the cause: `<edge>:<seq>:<fact>` or `<series>:<no>`."),
        ("ce-source", "`/branches/<branch>`."),
        ("ce-type", "`tillstream.<fact>.v<version>`."),
        ("ce-time", "When what it tells happened."),
        ("ce-factseq", "The place among the branch's facts: 1, 2, 3, … without gaps."),
        ("ce-schemaversion", "The version of the body's schema."),
    ])
}

fn headers(fields: &[(&str, &str)]) -> Value {
    let properties: Map<String, Value> = fields
        .iter()
        .map(|(name, about)| {
            ((*name).to_owned(), json!({ "type": "string", "description": about }))
        })
        .collect();
    let required: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
    json!({ "type": "object", "properties": properties, "required": required })
}

fn parameters() -> Value {
    json!({
        "shard": { "description": "The shard of the branch: 0, 1, 2, …" },
        "tenant": { "description": "The company's id." },
        "branch": { "description": "The store's id." },
        "edge": { "description": "The id of the edge's epoch." },
    })
}
