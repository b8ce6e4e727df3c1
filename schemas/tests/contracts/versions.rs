//! Payloads are read by kind and version; what is from the future is told apart
//! from what is broken.

use schemas::{
    EntryKind,
    registry::{CONTRACTS, Role},
    versions::{Event, Unreadable, read},
};

use crate::files;

#[test]
fn every_registered_version_of_an_entry_is_read() {
    for contract in &CONTRACTS {
        let Role::Entry(kind) = contract.role else { continue };
        let golden = files::read(&contract.golden_file());
        let event = read(contract.name, contract.version, golden.as_bytes()).unwrap();
        let read_as = match event {
            Event::CashSessionOpened(_) => EntryKind::CashSessionOpened,
            Event::SaleFinalized(_) => EntryKind::SaleFinalized,
            Event::OrderStatusChanged(_) => EntryKind::OrderStatusChanged,
            Event::OrderAccepted(_) => EntryKind::OrderAccepted,
            Event::CashMoved(_) => EntryKind::CashMoved,
            Event::CashSessionClosed(_) => EntryKind::CashSessionClosed,
            Event::VoidRequested(_) => EntryKind::VoidRequested,
            Event::VoidApproved(_) => EntryKind::VoidApproved,
            Event::VoidRejected(_) => EntryKind::VoidRejected,
            Event::CommandRefused(_) => EntryKind::CommandRefused,
            Event::AuditRecorded(_) => EntryKind::AuditRecorded,
            Event::EdgeAdopted(_) => EntryKind::EdgeAdopted,
            Event::ImportConflicted(_) => EntryKind::ImportConflicted,
        };
        assert_eq!(read_as, kind);
    }
}

#[test]
fn what_is_from_the_future_is_told_apart() {
    assert!(matches!(
        read("order.imagined", 1, b"{}"),
        Err(Unreadable::UnknownKind { kind }) if kind == "order.imagined"
    ));
    for kind in EntryKind::ALL {
        let newest = kind.newest_version();
        assert!(matches!(
            read(kind.as_str(), newest + 1, b"{}"),
            Err(Unreadable::FutureVersion { version, newest: known, .. })
                if version == newest + 1 && known == newest
        ));
    }
    let long = "x".repeat(1_000);
    let Err(Unreadable::UnknownKind { kind }) = read(&long, 1, b"") else {
        panic!("a kind of 1,000 characters was read");
    };
    assert_eq!(kind.len(), 64);
}

#[test]
fn what_is_broken_is_told_apart() {
    for kind in EntryKind::ALL {
        assert!(matches!(read(kind.as_str(), 0, b"{}"), Err(Unreadable::NoVersion { .. })));
        for payload in [&b""[..], b"{}", b"null", b"\xff", b"{\"tenant_id\":1}"] {
            assert!(matches!(
                read(kind.as_str(), 1, payload),
                Err(Unreadable::Malformed { version: 1, .. })
            ));
        }
    }
}
