//! `schemas/golden`: one document for each version of each contract, as it was
//! written when that version was published. They are never generated: if one
//! of these tests fails, a published version was changed.

use schemas::registry::{CONTRACTS, Contract};
use serde_json::Value;

use crate::files;

fn validator(contract: &Contract) -> jsonschema::Validator {
    let schema = contract.schema().to_value();
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

#[test]
fn golden_files_read_and_write_as_the_same_bytes() {
    for contract in &CONTRACTS {
        let golden = files::read(&contract.golden_file());
        let mut written = contract
            .rewrite(golden.as_bytes())
            .unwrap_or_else(|error| panic!("{}: {error}", contract.golden_file()));
        written.push(b'\n');
        assert_eq!(String::from_utf8(written).unwrap(), golden, "{}", contract.golden_file());
    }
}

#[test]
fn golden_files_are_valid_by_their_schemas() {
    for contract in &CONTRACTS {
        let golden: Value = serde_json::from_str(&files::read(&contract.golden_file())).unwrap();
        let problems: Vec<_> = validator(contract)
            .iter_errors(&golden)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(problems.is_empty(), "{}: {problems:?}", contract.golden_file());
    }
}

#[test]
fn every_contract_has_its_golden_file_and_there_are_no_others() {
    let known = CONTRACTS.iter().map(Contract::golden_file).collect();
    assert_eq!(files::names_in("golden"), known);
}

/// Every object in a document, as a JSON pointer.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(at.to_owned());
            for (name, inner) in fields {
                objects(inner, &format!("{at}/{name}"), found);
            }
        }
        Value::Array(list) => {
            for (place, inner) in list.iter().enumerate() {
                objects(inner, &format!("{at}/{place}"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_field_too_many_or_too_few_is_refused_by_type_and_schema_alike() {
    for contract in &CONTRACTS {
        let golden: Value = serde_json::from_str(&files::read(&contract.golden_file())).unwrap();
        let validator = validator(contract);
        let mut places = Vec::new();
        objects(&golden, "", &mut places);
        places.retain(|place| {
            let object = golden.pointer(place).unwrap().as_object().unwrap();
            // The body of a fact is any JSON here: its own contract says what it
            // is. And serde overlooks what stands beside a lone tag.
            let only_a_tag = object.len() == 1 && object.contains_key("kind");
            !only_a_tag && !place.ends_with("/body")
        });
        for place in places {
            let mut more = golden.clone();
            more.pointer_mut(&place).unwrap()["surprise"] = Value::Bool(true);
            let fields = golden.pointer(&place).unwrap().as_object().unwrap();
            let required = fields.iter().filter(|(_, value)| !value.is_null());
            let fewer = required.map(|(name, _)| {
                let mut fewer = golden.clone();
                fewer.pointer_mut(&place).unwrap().as_object_mut().unwrap().remove(name);
                fewer
            });
            for changed in fewer.chain([more]) {
                let by_type = contract.rewrite(changed.to_string().as_bytes()).is_ok();
                let by_schema = validator.is_valid(&changed);
                assert_eq!(by_type, by_schema, "{} at {place:?}: {changed}", contract.id());
            }
        }
    }
}
