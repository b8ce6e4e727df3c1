//! `schemas/json`: one JSON Schema for each contract, and nothing else.

use schemas::registry::{CONTRACTS, Contract};

use crate::files;

#[test]
fn json_schemas_are_what_the_types_are() {
    for contract in &CONTRACTS {
        files::assert_generated(&contract.schema_file(), &contract.schema());
    }
}

#[test]
fn there_are_no_other_schemas() {
    let known = CONTRACTS.iter().map(Contract::schema_file).collect();
    assert_eq!(files::names_in("json"), known);
}

#[test]
fn schemas_are_valid_draft_7() {
    for contract in &CONTRACTS {
        let schema = contract.schema().to_value();
        assert_eq!(schema["$schema"], "http://json-schema.org/draft-07/schema#");
        if let Err(error) = jsonschema::draft7::meta::validate(&schema) {
            panic!("{}: {error}", contract.id());
        }
    }
}
