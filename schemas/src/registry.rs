//! Every versioned contract, in one table. The JSON Schemas under
//! `schemas/json`, the golden files under `schemas/golden`, the AsyncAPI
//! document and the tests are all made from it, so that none can be forgotten.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    EntryKind,
    catalogue::CatalogueV1,
    events::{
        AuditRecordedV1, CashMovedV1, CashSessionClosedV1, CashSessionOpenedV1, CommandRefusedV1,
        EdgeAdoptedV1, ImportConflictedV1, OrderAcceptedV1, OrderStatusChangedV1, SaleFinalizedV1,
        VoidApprovedV1, VoidRejectedV1, VoidRequestedV1,
    },
    facts::{
        EventQuarantinedV1, ExceptionRaisedV1, FactKind, InvoiceAssignedV1, NotificationRaisedV1,
        SaleRefusedV1, StockMovedV1, StockMovedV2,
    },
    requests::{
        AdoptReplyV1, AdoptRequestV1, ConfirmedV1, FactsReplyV1, FactsRequestV1, HeartbeatReplyV1,
        HeartbeatV1, KhqrCheckReplyV1, KhqrCheckV1, KhqrIntentReplyV1, KhqrIntentV1, KnownReplyV1,
        KnownRequestV1, MappingReplyV1, MappingRequestV1, RegisterRowsReplyV1, RegisterRowsV1,
        StockSnapshotV1,
    },
    subjects::CentralRequest,
};

/// What a contract is for, and with that where it travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The payload of a journal entry, and of the fact that repeats it.
    Entry(EntryKind),
    /// The body of a fact that the centre makes itself.
    Fact(FactKind),
    /// What an edge asks of the centre.
    Request(CentralRequest),
    /// What the centre answers.
    Reply(CentralRequest),
    /// A worker's notice to an edge: how far the books are.
    Confirmed,
}

/// One version of one contract.
#[derive(Debug, Clone, Copy)]
pub struct Contract {
    /// Its name, e.g. `sale.finalized`.
    pub name: &'static str,
    /// Its version: 1, 2, 3, …
    pub version: u16,
    /// What it is for.
    pub role: Role,
    /// What it tells, in a sentence.
    pub about: &'static str,
    schema: fn() -> Schema,
    rewrite: fn(&[u8]) -> serde_json::Result<Vec<u8>>,
}

/// All of them: entries, facts, requests with their replies, notices.
pub const CONTRACTS: [Contract; 39] = [
    Contract::of::<CashSessionOpenedV1>(
        "cash.session_opened",
        1,
        Role::Entry(EntryKind::CashSessionOpened),
        "Someone opened a drawer with a counted float.",
    ),
    Contract::of::<SaleFinalizedV1>(
        "sale.finalized",
        1,
        Role::Entry(EntryKind::SaleFinalized),
        "A sale was completed at a till.",
    ),
    Contract::of::<OrderStatusChangedV1>(
        "order.status_changed",
        1,
        Role::Entry(EntryKind::OrderStatusChanged),
        "An order moved on in the kitchen.",
    ),
    Contract::of::<OrderAcceptedV1>(
        "order.accepted",
        1,
        Role::Entry(EntryKind::OrderAccepted),
        "An online order is the store's to make from now on.",
    ),
    Contract::of::<CashMovedV1>(
        "cash.moved",
        1,
        Role::Entry(EntryKind::CashMoved),
        "Money was put into a drawer or taken out, other than by a sale.",
    ),
    Contract::of::<CashSessionClosedV1>(
        "cash.session_closed",
        1,
        Role::Entry(EntryKind::CashSessionClosed),
        "Someone counted a drawer and closed it: the Z report.",
    ),
    Contract::of::<VoidRequestedV1>(
        "void.requested",
        1,
        Role::Entry(EntryKind::VoidRequested),
        "Someone asked to undo a sale.",
    ),
    Contract::of::<VoidApprovedV1>(
        "void.approved",
        1,
        Role::Entry(EntryKind::VoidApproved),
        "A sale was undone; the fact is `sale.voided`.",
    ),
    Contract::of::<VoidRejectedV1>(
        "void.rejected",
        1,
        Role::Entry(EntryKind::VoidRejected),
        "A sale was not undone.",
    ),
    Contract::of::<CommandRefusedV1>(
        "command.refused",
        1,
        Role::Entry(EntryKind::CommandRefused),
        "A command of the centre's was not carried out.",
    ),
    Contract::of::<AuditRecordedV1>(
        "audit.recorded",
        1,
        Role::Entry(EntryKind::AuditRecorded),
        "Something for the audit log.",
    ),
    Contract::of::<EdgeAdoptedV1>(
        "edge.adopted",
        1,
        Role::Entry(EntryKind::EdgeAdopted),
        "An edge took over from those before it: its first entry.",
    ),
    Contract::of::<ImportConflictedV1>(
        "import.conflicted",
        1,
        Role::Entry(EntryKind::ImportConflicted),
        "An entry on the disk of a former edge was not imported: a person has to look.",
    ),
    Contract::of::<InvoiceAssignedV1>(
        "invoice.assigned",
        1,
        Role::Fact(FactKind::InvoiceAssigned),
        "A sale has its official number: the whole register row.",
    ),
    Contract::of::<StockMovedV1>(
        "stock.moved",
        1,
        Role::Fact(FactKind::StockMoved),
        "Stock moved in the books, by a sale or its void.",
    ),
    Contract::of::<StockMovedV2>(
        "stock.moved",
        2,
        Role::Fact(FactKind::StockMoved),
        "Stock moved in the books without a sale: it was delivered or counted.",
    ),
    Contract::of::<ExceptionRaisedV1>(
        "exception.raised",
        1,
        Role::Fact(FactKind::ExceptionRaised),
        "Something was booked that a person should look at.",
    ),
    Contract::of::<EventQuarantinedV1>(
        "event.quarantined",
        1,
        Role::Fact(FactKind::EventQuarantined),
        "An entry could not be applied and was set aside.",
    ),
    Contract::of::<NotificationRaisedV1>(
        "notification.raised",
        1,
        Role::Fact(FactKind::NotificationRaised),
        "Somebody should notice something.",
    ),
    Contract::of::<SaleRefusedV1>(
        "sale.refused",
        1,
        Role::Fact(FactKind::SaleRefused),
        "The direct door refused a sale, for good.",
    ),
    Contract::of::<HeartbeatV1>(
        "heartbeat",
        1,
        Role::Request(CentralRequest::Heartbeat),
        "An edge says how it is.",
    ),
    Contract::of::<HeartbeatReplyV1>(
        "heartbeat_reply",
        1,
        Role::Reply(CentralRequest::Heartbeat),
        "How far the books are with the edge that asks.",
    ),
    Contract::of::<MappingRequestV1>(
        "mapping_request",
        1,
        Role::Request(CentralRequest::Mapping),
        "An edge asks for the invoices it has not heard of.",
    ),
    Contract::of::<MappingReplyV1>(
        "mapping_reply",
        1,
        Role::Reply(CentralRequest::Mapping),
        "The invoices that followed.",
    ),
    Contract::of::<CatalogueV1>(
        "catalogue",
        1,
        Role::Reply(CentralRequest::Catalogue),
        "A branch's catalogue; also a value of the key-value bucket `catalogue`.",
    ),
    Contract::of::<StockSnapshotV1>(
        "stock_snapshot",
        1,
        Role::Reply(CentralRequest::Stock),
        "The stock of the branch as the books have it.",
    ),
    Contract::of::<FactsRequestV1>(
        "facts_request",
        1,
        Role::Request(CentralRequest::Facts),
        "A consumer asks for facts of a branch that it missed.",
    ),
    Contract::of::<FactsReplyV1>(
        "facts_reply",
        1,
        Role::Reply(CentralRequest::Facts),
        "The facts that followed.",
    ),
    Contract::of::<RegisterRowsV1>(
        "register_rows",
        1,
        Role::Request(CentralRequest::Register),
        "An edge tells which register rows it holds, when the books ask.",
    ),
    Contract::of::<RegisterRowsReplyV1>(
        "register_rows_reply",
        1,
        Role::Reply(CentralRequest::Register),
        "Which rows are wanted next.",
    ),
    Contract::of::<KhqrIntentV1>(
        "khqr_intent",
        1,
        Role::Request(CentralRequest::KhqrIntent),
        "An edge is about to show a KHQR code.",
    ),
    Contract::of::<KhqrIntentReplyV1>(
        "khqr_intent_reply",
        1,
        Role::Reply(CentralRequest::KhqrIntent),
        "The code is written down.",
    ),
    Contract::of::<KhqrCheckV1>(
        "khqr_check",
        1,
        Role::Request(CentralRequest::KhqrCheck),
        "Somebody wants to know whether a KHQR code was paid.",
    ),
    Contract::of::<KhqrCheckReplyV1>(
        "khqr_check_reply",
        1,
        Role::Reply(CentralRequest::KhqrCheck),
        "What is known of the payment of a KHQR code.",
    ),
    Contract::of::<AdoptRequestV1>(
        "adopt_request",
        1,
        Role::Request(CentralRequest::Adopt),
        "A new edge asks what the books have of those before it.",
    ),
    Contract::of::<AdoptReplyV1>(
        "adopt_reply",
        1,
        Role::Reply(CentralRequest::Adopt),
        "A page of what a new edge takes over.",
    ),
    Contract::of::<KnownRequestV1>(
        "known_request",
        1,
        Role::Request(CentralRequest::Known),
        "An edge that imports asks what the books have already.",
    ),
    Contract::of::<KnownReplyV1>(
        "known_reply",
        1,
        Role::Reply(CentralRequest::Known),
        "Which entries and tickets the books have.",
    ),
    Contract::of::<ConfirmedV1>(
        "confirmed",
        1,
        Role::Confirmed,
        "How far the books are with an edge's journal, right after a commit.",
    ),
];

impl Contract {
    const fn of<T: JsonSchema + Serialize + DeserializeOwned>(
        name: &'static str,
        version: u16,
        role: Role,
        about: &'static str,
    ) -> Self {
        Self { name, version, role, about, schema: schema_of::<T>, rewrite: rewrite::<T> }
    }

    /// The name with the version, e.g. `sale.finalized.v1`: the stem of its
    /// files and its name in the AsyncAPI document.
    pub fn id(&self) -> String {
        format!("{}.v{}", self.name, self.version)
    }

    /// The file of its JSON Schema, from `schemas/`.
    pub fn schema_file(&self) -> String {
        format!("json/{}.schema.json", self.id())
    }

    /// The file of its golden example, from `schemas/`.
    pub fn golden_file(&self) -> String {
        format!("golden/{}.json", self.id())
    }

    /// Its JSON Schema, generated from the type: draft 7, the one that AsyncAPI
    /// asks its tools to know.
    pub fn schema(&self) -> Schema {
        (self.schema)()
    }

    /// Reads JSON as this contract and writes it again, indented: the same
    /// bytes, if they were what this version writes.
    ///
    /// # Errors
    /// The reader's, if `json` is no such document.
    pub fn rewrite(&self, json: &[u8]) -> serde_json::Result<Vec<u8>> {
        (self.rewrite)(json)
    }
}

fn schema_of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft07().into_generator().into_root_schema_for::<T>()
}

fn rewrite<T: Serialize + DeserializeOwned>(json: &[u8]) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec_pretty(&serde_json::from_slice::<T>(json)?)
}
