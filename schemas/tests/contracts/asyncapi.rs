//! `schemas/asyncapi.json` is what the registry gives, and holds together.

use std::collections::HashSet;

use schemas::{
    asyncapi,
    registry::{CONTRACTS, Contract},
};
use serde_json::Value;

use crate::files;

#[test]
fn the_document_is_what_the_registry_gives() {
    files::assert_generated("asyncapi.json", &asyncapi::document());
}

/// Every `$ref` in a document.
fn references(value: &Value, found: &mut HashSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, inner) in fields {
                match inner {
                    Value::String(target) if name == "$ref" => {
                        found.insert(target.clone());
                    }
                    _ => references(inner, found),
                }
            }
        }
        Value::Array(list) => list.iter().for_each(|inner| references(inner, found)),
        _ => {}
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = asyncapi::document();
    let mut found = HashSet::new();
    references(&document, &mut found);
    for target in &found {
        match target.strip_prefix('#') {
            Some(pointer) => assert!(document.pointer(pointer).is_some(), "{target}"),
            None => {
                let known =
                    |contract: &Contract| *target == format!("./{}", contract.schema_file());
                assert!(CONTRACTS.iter().any(known), "{target}");
            }
        }
    }
    for contract in &CONTRACTS {
        assert!(found.contains(&format!("./{}", contract.schema_file())), "{}", contract.id());
    }
}

#[test]
fn every_message_is_sent_somewhere_and_every_address_names_its_parameters() {
    let document = asyncapi::document();
    let channels = document["channels"].as_object().unwrap();
    let mut sent = HashSet::new();
    for (name, channel) in channels {
        sent.extend(channel["messages"].as_object().unwrap().keys().cloned());
        let Some(address) = channel["address"].as_str() else { continue };
        let in_address: HashSet<&str> = address
            .split('.')
            .filter_map(|token| token.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        let stated: HashSet<&str> = channel["parameters"]
            .as_object()
            .map(|parameters| parameters.keys().map(String::as_str).collect())
            .unwrap_or_default();
        assert_eq!(in_address, stated, "{name}");
    }
    let messages: HashSet<String> =
        document["components"]["messages"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(sent, messages);
}

#[test]
fn addresses_are_the_subjects_that_the_code_uses() {
    use schemas::{
        facts::FactKind,
        subjects::{self, CentralRequest, CentralSubject, PosSubject},
    };
    let document = asyncapi::document();
    let address = |channel: &str, fields: &[(&str, String)]| {
        let template = document["channels"][channel]["address"].as_str().unwrap().to_owned();
        fields
            .iter()
            .fold(template, |address, (name, value)| address.replace(&format!("{{{name}}}"), value))
    };
    let id = |number: u128| uuid::Uuid::from_u128(number);
    let (tenant_id, branch_id, edge_id) = (id(1).into(), id(2).into(), id(3).into());
    let fields = [
        ("shard", "3".to_owned()),
        ("tenant", id(1).to_string()),
        ("branch", id(2).to_string()),
        ("edge", id(3).to_string()),
    ];
    for kind in schemas::EntryKind::ALL {
        let subject =
            PosSubject { shard: 3, tenant_id, branch_id, edge_id, kind: kind.to_string() };
        assert_eq!(address(&format!("pos.{kind}"), &fields), subject.to_string());
    }
    for fact in FactKind::ALL {
        let subject = subjects::fact(tenant_id, branch_id, fact);
        assert_eq!(address(&format!("books.{fact}"), &fields), subject);
    }
    for what in CentralRequest::ALL {
        let subject = CentralSubject { tenant_id, branch_id, edge_id, what };
        let channel = format!("central.{}", what.as_str());
        assert_eq!(address(&channel, &fields), subject.to_string());
    }
    assert_eq!(address("notice.confirmed", &fields), subjects::confirmed(edge_id));
}
