//! Reading an entry's payload: from bytes to what it tells, or to why it cannot
//! be told. Pure; nothing here asks whether it fits the books.
//!
//! An entry that cannot be read is not lost and blocks nobody: it is archived
//! and set aside with the reason given here (invariant 9). The ids it seems to
//! be about are dug out as far as possible, so that its followers wait for it.

mod checks;

use schemas::{
    BranchId, EdgeId, Entry, EntryKind, OrderId, SaleId, TenantId, VoidRequestId,
    events::{
        AuditRecordedV1, CashMovedV1, CashSessionClosedV1, CashSessionOpenedV1, CommandRefusedV1,
        EdgeAdoptedV1, ImportConflictedV1, OrderAcceptedV1, OrderStatusChangedV1, SaleFinalizedV1,
        VoidApprovedV1, VoidRejectedV1, VoidRequestedV1,
    },
    subjects::PosSubject,
    versions::{self, Event},
};
use serde_json::Value;
use store::quarantine::Reason;
use uuid::Uuid;

/// The most characters of a detail in words.
pub const MAX_DETAIL_CHARS: usize = 1_000;

/// Whose journal an entry is of, as enrolled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The company.
    pub tenant_id: TenantId,
    /// The store.
    pub branch_id: BranchId,
    /// The edge.
    pub edge_id: EdgeId,
}

impl From<&PosSubject> for Origin {
    fn from(subject: &PosSubject) -> Self {
        let PosSubject { tenant_id, branch_id, edge_id, .. } = *subject;
        Self { tenant_id, branch_id, edge_id }
    }
}

/// What an entry tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reading {
    /// A drawer was opened.
    CashSessionOpened(CashSessionOpenedV1),
    /// A sale was completed.
    SaleFinalized(Box<SaleFinalizedV1>),
    /// An order moved on.
    OrderStatusChanged(OrderStatusChangedV1),
    /// An online order is the store's to make.
    OrderAccepted(Box<OrderAcceptedV1>),
    /// Money moved that no sale moved.
    CashMoved(CashMovedV1),
    /// A drawer was closed.
    CashSessionClosed(Box<CashSessionClosedV1>),
    /// Someone asked to undo a sale.
    VoidRequested(VoidRequestedV1),
    /// A sale was undone.
    VoidApproved(Box<VoidApprovedV1>),
    /// A sale was not undone.
    VoidRejected(VoidRejectedV1),
    /// A command was not carried out.
    CommandRefused(CommandRefusedV1),
    /// Something for the audit log.
    AuditRecorded(AuditRecordedV1),
    /// An edge took over from those before it.
    EdgeAdopted(Box<EdgeAdoptedV1>),
    /// An entry of a former edge could not be imported.
    ImportConflicted(Box<ImportConflictedV1>),
    /// It cannot be told.
    Unreadable {
        /// Why, as a code.
        reason: Reason,
        /// Why, in words.
        detail: String,
        /// The ids that it seems to make or change.
        about: Vec<Uuid>,
    },
}

impl Reading {
    /// The ids that the entry makes or changes: what comes later about one of
    /// them must wait if this entry waits.
    pub fn about(&self) -> Vec<Uuid> {
        match self {
            Self::CashSessionOpened(event) => vec![event.cash_session_id.as_uuid()],
            Self::SaleFinalized(event) => vec![event.sale_id.as_uuid(), event.order_id.as_uuid()],
            Self::OrderStatusChanged(event) => {
                vec![event.sale_id.as_uuid(), event.order_id.as_uuid()]
            }
            Self::OrderAccepted(event) => vec![event.sale_id.as_uuid(), event.order_id.as_uuid()],
            Self::CashMoved(event) => vec![event.movement_id.as_uuid()],
            // The voids that it rejects too: their orders may move again after it.
            Self::CashSessionClosed(event) => {
                let voids = event.rejected_voids.iter();
                let voids = voids.flat_map(|v| [v.void_request_id.as_uuid(), v.sale_id.as_uuid()]);
                [event.cash_session_id.as_uuid()].into_iter().chain(voids).collect()
            }
            Self::VoidRequested(event) => {
                about_void(event.void_request_id, event.sale_id, event.order_id)
            }
            Self::VoidApproved(event) => {
                about_void(event.void_request_id, event.sale_id, event.order_id)
            }
            Self::VoidRejected(event) => {
                about_void(event.void_request_id, event.sale_id, event.order_id)
            }
            Self::CommandRefused(event) => vec![event.command_id.as_uuid()],
            // What it adopts is in the books; what waits there waits on.
            Self::EdgeAdopted(_) | Self::ImportConflicted(_) | Self::AuditRecorded(_) => Vec::new(),
            Self::Unreadable { about, .. } => about.clone(),
        }
    }

    /// The ids whose earlier entries must be in the books first. What happens in
    /// a session waits for its opening, but not for the sales of it: a sale that
    /// waits stops neither the others nor the close, whose report then says more
    /// than the books, and an exception says so.
    pub fn waits_for(&self) -> Vec<Uuid> {
        match self {
            Self::SaleFinalized(event) => {
                let mut ids = self.about();
                ids.extend(event.cash_session_id.map(Uuid::from));
                ids
            }
            Self::CashMoved(event) => {
                vec![event.movement_id.as_uuid(), event.cash_session_id.as_uuid()]
            }
            Self::CashSessionClosed(event) => vec![event.cash_session_id.as_uuid()],
            _ => self.about(),
        }
    }
}

fn about_void(request: VoidRequestId, sale: SaleId, order: OrderId) -> Vec<Uuid> {
    vec![request.as_uuid(), sale.as_uuid(), order.as_uuid()]
}

/// Reads the payload of an entry that came from `origin`.
pub fn read(origin: Origin, entry: &Entry) -> Reading {
    let event = match versions::read(&entry.kind, entry.schema_version, &entry.payload) {
        Ok(event) => event,
        Err(why) => return unread(why, entry),
    };
    match checks::check(origin, &event) {
        Err(why) => unreadable(Reason::InvalidPayload, why, entry),
        Ok(()) => event.into(),
    }
}

impl From<Event> for Reading {
    fn from(event: Event) -> Self {
        match event {
            Event::CashSessionOpened(event) => Self::CashSessionOpened(event),
            Event::SaleFinalized(event) => Self::SaleFinalized(event),
            Event::OrderStatusChanged(event) => Self::OrderStatusChanged(event),
            Event::OrderAccepted(event) => Self::OrderAccepted(event),
            Event::CashMoved(event) => Self::CashMoved(event),
            Event::CashSessionClosed(event) => Self::CashSessionClosed(event),
            Event::VoidRequested(event) => Self::VoidRequested(event),
            Event::VoidApproved(event) => Self::VoidApproved(event),
            Event::VoidRejected(event) => Self::VoidRejected(event),
            Event::CommandRefused(event) => Self::CommandRefused(event),
            Event::AuditRecorded(event) => Self::AuditRecorded(event),
            Event::EdgeAdopted(event) => Self::EdgeAdopted(event),
            Event::ImportConflicted(event) => Self::ImportConflicted(event),
        }
    }
}

fn unread(why: versions::Unreadable, entry: &Entry) -> Reading {
    use versions::Unreadable::{FutureVersion, Malformed, NoVersion, UnknownKind};
    let reason = match why {
        UnknownKind { .. } | FutureVersion { .. } => Reason::FutureVersion,
        NoVersion { .. } | Malformed { .. } => Reason::InvalidPayload,
    };
    let detail = match &why {
        Malformed { source, .. } => format!("{why}: {source}"),
        UnknownKind { .. } | FutureVersion { .. } | NoVersion { .. } => why.to_string(),
    };
    unreadable(reason, detail, entry)
}

/// Text that any column takes: no control characters, not endless.
pub fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_DETAIL_CHARS).collect()
}

fn unreadable(reason: Reason, detail: String, entry: &Entry) -> Reading {
    let about = seemingly_about(entry.kind.parse().ok(), &entry.payload);
    Reading::Unreadable { reason, detail: plain(&detail), about }
}

fn seemingly_about(kind: Option<EntryKind>, payload: &[u8]) -> Vec<Uuid> {
    let fields: &[&str] = match kind {
        Some(EntryKind::CashSessionOpened | EntryKind::CashSessionClosed) => &["cash_session_id"],
        Some(
            EntryKind::SaleFinalized | EntryKind::OrderStatusChanged | EntryKind::OrderAccepted,
        ) => &["sale_id", "order_id"],
        Some(EntryKind::CashMoved) => &["movement_id"],
        Some(EntryKind::VoidRequested | EntryKind::VoidApproved | EntryKind::VoidRejected) => {
            &["void_request_id", "sale_id", "order_id"]
        }
        Some(EntryKind::CommandRefused) => &["command_id"],
        Some(EntryKind::AuditRecorded | EntryKind::EdgeAdopted | EntryKind::ImportConflicted) => {
            &[]
        }
        None => &["sale_id", "order_id", "cash_session_id", "void_request_id", "command_id"],
    };
    let Ok(Value::Object(payload)) = serde_json::from_slice(payload) else { return Vec::new() };
    fields
        .iter()
        .filter_map(|field| payload.get(*field)?.as_str())
        .filter_map(|id| Uuid::parse_str(id).ok())
        .collect()
}
