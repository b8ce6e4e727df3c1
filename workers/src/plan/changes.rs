//! The rows that a piece of a batch makes.

use std::collections::BTreeMap;

use schemas::{
    BranchId, Entry, ExceptionId, NotificationId, OrderId, SaleId, StaffId, StockItemId, TicketId,
    VoidRequestId,
    events::CashSessionOpenedV1,
    facts::{ExceptionKind, ExceptionRaisedV1, FactKind, NotificationRaisedV1, id_from_entry},
};
use serde::Serialize;
use store::{
    accounts::Charge,
    adoptions::Adopted,
    audit::NewAudit,
    cash::{CashMovement, SaleCash, SessionClose},
    commands::Outcome,
    exceptions::NewException,
    handovers::{Acceptance, Handover},
    khqr::{Claim, SaleProof},
    orders::OrderMove,
    outbox::NewFact,
    quarantine::Quarantined,
    reports::{Supplement, ZReport},
    sales::BookedSale,
    stock::{Level, SaleMovement},
    voids::{SaleMove, VoidRequest},
};
use uuid::Uuid;

use super::Work;
use crate::reading::plain;

/// The rows that a piece of a batch makes, table by table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes<'a> {
    /// For the archive.
    pub entries: Vec<&'a Entry>,
    /// New cash sessions.
    pub sessions: Vec<&'a CashSessionOpenedV1>,
    /// New sales, with their lines, their orders and their places in the
    /// numbering queue, in the order in which the books take them.
    pub sales: Vec<BookedSale<'a>>,
    /// Those of them that came after the close of their session.
    pub supplements: Vec<Supplement>,
    /// Money that sales brought in.
    pub cash: Vec<SaleCash>,
    /// What sales charged to house accounts.
    pub charges: Vec<Charge>,
    /// Money that moved otherwise.
    pub cash_movements: Vec<CashMovement>,
    /// What proves that sales were paid by KHQR.
    pub proofs: Vec<SaleProof<'a>>,
    /// KHQR codes that sales claim; one for each.
    pub claims: Vec<Claim>,
    /// Orders that are handed over to their store's edge.
    pub handovers: Vec<Handover>,
    /// Those that an edge accepted; one for each.
    pub accepted: Vec<Acceptance>,
    /// Sessions and orders of former edges that their branch's new edge keeps.
    pub adopted: Vec<Adopted>,
    /// Moves of orders; one for each.
    pub order_moves: BTreeMap<OrderId, OrderMove>,
    /// Moves of sales; one for each.
    pub sale_moves: BTreeMap<SaleId, SaleMove>,
    /// Requests to undo sales, as they stand.
    pub requests: BTreeMap<VoidRequestId, VoidRequest>,
    /// Outcomes of commands.
    pub outcomes: Vec<Outcome>,
    /// Closes of sessions.
    pub closes: Vec<SessionClose>,
    /// Their Z reports.
    pub reports: Vec<ZReport<'a>>,
    /// What sales took from stock, as rows of its ledgers.
    pub deductions: Vec<SaleMovement>,
    /// What undone sales gave back, as rows of its ledgers.
    pub restored: Vec<SaleMovement>,
    /// The levels after all of them.
    pub levels: BTreeMap<(BranchId, StockItemId), Level>,
    /// For the audit log.
    pub audit: Vec<NewAudit>,
    /// For the outbox.
    pub facts: Vec<NewFact>,
    /// For a person to look at.
    pub exceptions: Vec<NewException>,
    /// Entries that are set aside.
    pub quarantined: Vec<Quarantined>,
    /// Entries that waited and do no longer.
    pub released: Vec<(schemas::EdgeId, u64)>,
}

/// What somebody did, for the audit log.
#[derive(Debug, Default)]
pub(super) struct Deed {
    pub(super) action: &'static str,
    pub(super) activity: Option<&'static str>,
    pub(super) actor: Option<StaffId>,
    pub(super) subject: Option<Uuid>,
    pub(super) target: Option<Uuid>,
    pub(super) meta: Option<serde_json::Value>,
}

impl Deed {
    /// A deed of which no more is known.
    pub(super) fn of(action: &'static str) -> Self {
        Self { action, ..Self::default() }
    }
}

/// Whom a notification tells of what.
pub(super) struct Notice<'a> {
    /// `VOID_APPROVAL_NEEDED`, `VOID_APPROVED` or `VOID_REJECTED`.
    pub(super) what: &'static str,
    /// `None`: everybody who may decide.
    pub(super) staff_id: Option<StaffId>,
    pub(super) void_request_id: VoidRequestId,
    pub(super) sale_id: SaleId,
    pub(super) ticket_id: &'a TicketId,
}

impl Changes<'_> {
    /// Tells a fact that repeats the entry.
    pub(super) fn tell(&mut self, work: &Work<'_>, kind: FactKind) {
        let schema_version = work.entry.schema_version;
        let fact = fact(work, kind, id_from_entry(work.entry.edge_id, work.entry.seq, kind));
        self.facts.push(NewFact { schema_version, ..fact });
    }

    /// Tells a fact with a body of its own.
    pub(super) fn tell_more(
        &mut self,
        work: &Work<'_>,
        kind: FactKind,
        id: String,
        body: &impl Serialize,
    ) {
        // Our own types of strings, numbers and decimals always serialise.
        let body = serde_json::to_vec(body).unwrap_or_default();
        self.facts.push(NewFact { body: Some(body), ..fact(work, kind, id) });
    }

    /// Raises an exception: one for each entry and kind.
    pub(super) fn raise(
        &mut self,
        work: &Work<'_>,
        kind: ExceptionKind,
        concerns: (Option<SaleId>, Option<&TicketId>),
        detail: &str,
    ) {
        let Entry { edge_id, seq, recorded_at, .. } = *work.entry;
        let cause = format!("{seq}:{}", kind.as_str());
        let raised = ExceptionRaisedV1 {
            exception_id: ExceptionId::derived(edge_id.as_uuid(), &cause),
            branch_id: work.origin.branch_id,
            kind,
            edge_id,
            entry_seq: seq,
            sale_id: concerns.0,
            ticket_id: concerns.1.cloned(),
            detail: plain(detail),
            at: recorded_at,
        };
        let id =
            format!("{}:{}", id_from_entry(edge_id, seq, FactKind::ExceptionRaised), kind.as_str());
        self.tell_more(work, FactKind::ExceptionRaised, id, &raised);
        self.exceptions.push(NewException { tenant_id: work.origin.tenant_id, raised });
    }

    /// Notifies; the same key and request is the same notification.
    pub(super) fn notify(&mut self, work: &Work<'_>, notice: &Notice<'_>) {
        let Notice { what, staff_id, void_request_id, sale_id, ticket_id } = *notice;
        let branch_id = work.origin.branch_id;
        let key = format!("{what}:{branch_id}:{sale_id}");
        let raised = NotificationRaisedV1 {
            notification_id: NotificationId::derived(void_request_id.as_uuid(), &key),
            key,
            branch_id,
            staff_id,
            void_request_id,
            sale_id,
            ticket_id: ticket_id.clone(),
            at: work.entry.recorded_at,
        };
        let Entry { edge_id, seq, .. } = *work.entry;
        let kind = FactKind::NotificationRaised;
        let id = format!("{}:{void_request_id}", id_from_entry(edge_id, seq, kind));
        self.tell_more(work, kind, id, &raised);
    }

    /// Adds a row to the audit log.
    pub(super) fn audit(&mut self, work: &Work<'_>, deed: Deed) {
        self.audit.push(NewAudit {
            tenant_id: work.origin.tenant_id,
            branch_id: work.origin.branch_id,
            action: deed.action,
            activity: deed.activity,
            actor_id: deed.actor,
            subject_id: deed.subject,
            target_id: deed.target,
            entry: work.name(),
            occurred_at: work.entry.recorded_at,
            meta: deed.meta.map(|meta| meta.to_string()),
        });
    }
}

fn fact(work: &Work<'_>, kind: FactKind, fact_id: String) -> NewFact {
    NewFact {
        tenant_id: work.origin.tenant_id,
        branch_id: work.origin.branch_id,
        fact_id,
        kind,
        schema_version: 1,
        entry: Some(work.name()),
        invoice: None,
        body: None,
        occurred_at: work.entry.recorded_at,
    }
}
