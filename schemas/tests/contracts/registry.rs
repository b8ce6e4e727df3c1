//! The registry is complete: every kind, fact and request of the code is in it.

use std::collections::HashSet;

use schemas::{
    EntryKind,
    facts::FactKind,
    registry::{CONTRACTS, Role},
    subjects::CentralRequest,
};

#[test]
fn ids_are_unique() {
    let ids: HashSet<String> = CONTRACTS.iter().map(|contract| contract.id()).collect();
    assert_eq!(ids.len(), CONTRACTS.len());
}

#[test]
fn every_version_of_every_entry_is_registered() {
    for kind in EntryKind::ALL {
        let versions: Vec<u16> = CONTRACTS
            .iter()
            .filter(|contract| contract.role == Role::Entry(kind))
            .inspect(|contract| assert_eq!(contract.name, kind.as_str()))
            .map(|contract| contract.version)
            .collect();
        let expected: Vec<u16> = (1..=kind.newest_version()).collect();
        assert_eq!(versions, expected, "{kind}");
    }
}

#[test]
fn every_fact_has_a_body() {
    for fact in FactKind::ALL {
        let bodies = CONTRACTS.iter().filter(|contract| match contract.role {
            Role::Fact(own) => own == fact,
            Role::Entry(kind) => FactKind::repeating(kind) == Some(fact),
            Role::Request(_) | Role::Reply(_) | Role::Confirmed => false,
        });
        let versions: Vec<u16> = bodies.map(|contract| contract.version).collect();
        // Stock moves by a sale or without one.
        let newest = if fact == FactKind::StockMoved { 2 } else { 1 };
        assert_eq!(versions, (1..=newest).collect::<Vec<_>>(), "{fact}");
    }
}

#[test]
fn every_request_has_a_reply() {
    for what in CentralRequest::ALL {
        let replies = CONTRACTS.iter().filter(|contract| contract.role == Role::Reply(what));
        assert_eq!(replies.count(), 1, "{what:?}");
    }
}
