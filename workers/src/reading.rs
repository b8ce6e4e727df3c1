//! Reading an entry's payload: from bytes to what it tells, or to why it cannot
//! be told. Pure; nothing here asks whether it fits the books.
//!
//! An entry that cannot be read is not lost and blocks nobody: it is archived
//! and set aside with the reason given here (invariant 9). The ids it seems to
//! be about are dug out as far as possible, so that its followers wait for it.

use std::collections::HashSet;

use rust_decimal::Decimal;
use schemas::{
    BranchId, EdgeId, Entry, EntryKind, Khr, TenantId, Usd,
    events::{
        CashSessionOpenedV1, OrderStatusChangedV1, SaleFinalizedV1, SaleStatus, TenderMethod,
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
            Self::Unreadable { about, .. } => about.clone(),
        }
    }

    /// The ids whose earlier entries must be in the books first. A sale waits
    /// for its session, but not for other sales of it.
    pub fn waits_for(&self) -> Vec<Uuid> {
        let mut ids = self.about();
        if let Self::SaleFinalized(event) = self {
            ids.push(event.cash_session_id.as_uuid());
        }
        ids
    }
}

/// Reads the payload of an entry that came from `origin`.
pub fn read(origin: Origin, entry: &Entry) -> Reading {
    let event = match versions::read(&entry.kind, entry.schema_version, &entry.payload) {
        Ok(event) => event,
        Err(why) => return unread(why, entry),
    };
    let checked = match &event {
        Event::CashSessionOpened(event) => check_session(origin, event),
        Event::SaleFinalized(event) => check_sale(origin, event),
        Event::OrderStatusChanged(event) => {
            same(origin, event.tenant_id, event.branch_id, event.edge_id)
        }
    };
    match (checked, event) {
        (Err(why), _) => unreadable(Reason::InvalidPayload, why, entry),
        (Ok(()), Event::CashSessionOpened(event)) => Reading::CashSessionOpened(event),
        (Ok(()), Event::SaleFinalized(event)) => Reading::SaleFinalized(event),
        (Ok(()), Event::OrderStatusChanged(event)) => Reading::OrderStatusChanged(event),
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
        Some(EntryKind::CashSessionOpened) => &["cash_session_id"],
        Some(EntryKind::SaleFinalized | EntryKind::OrderStatusChanged) => &["sale_id", "order_id"],
        None => &["sale_id", "order_id", "cash_session_id"],
    };
    let Ok(Value::Object(payload)) = serde_json::from_slice(payload) else { return Vec::new() };
    fields
        .iter()
        .filter_map(|field| payload.get(*field)?.as_str())
        .filter_map(|id| Uuid::parse_str(id).ok())
        .collect()
}

fn check_session(origin: Origin, event: &CashSessionOpenedV1) -> Result<(), String> {
    same(origin, event.tenant_id, event.branch_id, event.edge_id)?;
    cents("opening_float_usd", event.opening_float_usd)?;
    riel("opening_float_khr", event.opening_float_khr)
}

fn check_sale(origin: Origin, event: &SaleFinalizedV1) -> Result<(), String> {
    same(origin, event.tenant_id, event.branch_id, event.edge_id)?;
    if event.status != SaleStatus::Finalized {
        return Err("a sale is FINALIZED when it is captured".to_owned());
    }
    if (event.tender.method == TenderMethod::Khqr) != event.tender.khqr.is_some() {
        return Err("a KHQR tender, and no other, has a proof".to_owned());
    }
    if i64::try_from(event.catalogue.version).is_err() {
        return Err(format!("its catalogue's version is {}", event.catalogue.version));
    }
    lines(event)?;
    figures(event)?;
    deductions(event)
}

fn lines(sale: &SaleFinalizedV1) -> Result<(), String> {
    if sale.lines.is_empty() {
        return Err("a sale has at least one line".to_owned());
    }
    for (place, line) in sale.lines.iter().enumerate() {
        if usize::from(line.line_no) != place + 1 {
            return Err(format!("line {} is numbered {}", place + 1, line.line_no));
        }
        cents("line base_amount_usd", line.base_amount_usd)?;
        cents("line discount_usd", line.discount_usd)?;
        cents("line line_total_usd", line.line_total_usd)?;
    }
    Ok(())
}

// A column would round what has more decimals than it, silently.
fn figures(sale: &SaleFinalizedV1) -> Result<(), String> {
    cents("subtotal_usd", sale.subtotal_usd)?;
    cents("item_discount_total_usd", sale.discounts.item_discount_total_usd)?;
    cents("branch_discount_usd", sale.discounts.branch_discount_usd)?;
    cents("vat amount_usd", sale.vat.amount_usd)?;
    cents("grand_total_usd", sale.grand_total_usd)?;
    riel("grand_total_khr", sale.grand_total_khr)?;
    riel("rounding_khr", sale.khr_rounding.rounding_khr)?;
    riel("payable_khr", sale.payable_khr)?;
    decimals("fx_rate_khr_per_usd", sale.fx_rate_khr_per_usd, 4)?;
    decimals("tender received", sale.tender.received, 2)?;
    decimals("tender change", sale.tender.change, 2)
}

fn deductions(sale: &SaleFinalizedV1) -> Result<(), String> {
    let mut seen = HashSet::with_capacity(sale.deductions.len());
    for line in &sale.deductions {
        if !seen.insert(line.stock_item_id) {
            return Err(format!("stock item {} is deducted twice", line.stock_item_id));
        }
        decimals("deduction quantity", line.quantity, 3)?;
        if line.quantity <= Decimal::ZERO {
            return Err("a deduction is above zero".to_owned());
        }
    }
    Ok(())
}

fn same(
    origin: Origin,
    tenant_id: TenantId,
    branch_id: BranchId,
    edge_id: EdgeId,
) -> Result<(), String> {
    if (Origin { tenant_id, branch_id, edge_id }) == origin {
        return Ok(());
    }
    Err(format!("it is told of tenant {tenant_id}, branch {branch_id}, edge {edge_id}"))
}

fn cents(what: &str, amount: Usd) -> Result<(), String> {
    decimals(what, amount.amount(), 2)
}

fn riel(what: &str, amount: Khr) -> Result<(), String> {
    decimals(what, amount.amount(), 0)
}

fn decimals(what: &str, figure: Decimal, most: u32) -> Result<(), String> {
    if figure.normalize().scale() <= most {
        return Ok(());
    }
    Err(format!("{what} is {figure}, with more than {most} decimals"))
}
