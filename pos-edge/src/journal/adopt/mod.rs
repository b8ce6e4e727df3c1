//! Taking over from former edges: what the books have of them becomes rows of this
//! journal, below its first entry, and that entry says so.
//!
//! All of it is one transaction: a crash leaves the whole or nothing, and the box asks
//! the books again. Until it is there nothing else is written.

mod rows;

use std::collections::{BTreeMap, HashMap};

use domain::journal_chain;
use schemas::{
    CashSessionId, Entry, EntryKind, SaleId,
    events::{EdgeAdoptedV1, FormerEdge, OrderStatus, SaleStatus},
    requests::{AdoptReplyV1, AdoptedSession, ArchivedEntry},
    versions::{self, Event},
};

use super::{
    Journal,
    columns::place_in,
    error::JournalError,
    insert::{NewRows, insert},
    standing::Adoption,
    state::{Durability, Ledger},
};

/// What the books have of former edges: all pages of their answer.
#[derive(Debug, Default)]
pub struct Adopted {
    pages: Vec<AdoptReplyV1>,
}

impl Adopted {
    /// Takes in a page.
    pub fn add(&mut self, page: AdoptReplyV1) {
        self.pages.push(page);
    }

    /// The former edges, the newest first.
    pub fn former(&self) -> Vec<FormerEdge> {
        self.pages.first().map(|page| page.former.clone()).unwrap_or_default()
    }
}

impl Journal {
    /// Takes over from former edges; returns when it is on the disk. Done before:
    /// nothing changes.
    ///
    /// # Errors
    /// [`JournalError::Adoption`] if something of it is not what it says, or the
    /// storage's.
    pub async fn adopt(&self, adopted: Adopted) -> Result<(), JournalError> {
        self.ask(move |ledger| Box::pin(adopt(ledger, adopted))).await
    }
}

/// An archived entry with its place here.
struct Placed {
    place: i64,
    entry: Entry,
    event: Event,
}

/// Everything that is adopted, in places below 0, the oldest lowest.
struct Plan {
    former: Vec<FormerEdge>,
    sessions: Vec<(i64, AdoptedSession)>,
    /// Where the close of each closed session is.
    closed: HashMap<CashSessionId, i64>,
    entries: Vec<Placed>,
    sales: HashMap<SaleId, (SaleStatus, OrderStatus, i64)>,
    orders: HashMap<schemas::OrderId, (OrderStatus, i64)>,
}

async fn adopt(ledger: &mut Ledger, adopted: Adopted) -> Result<(), JournalError> {
    if *ledger.shared.adoption.borrow() != Adoption::Waiting {
        return Ok(());
    }
    let plan = plan(adopted)?;
    let identity = ledger.shared.identity;
    let now = ledger.shared.clock.now();
    let open = plan.sessions.iter().filter(|(_, session)| session.closed.is_none());
    let event = EdgeAdoptedV1 {
        tenant_id: identity.tenant_id,
        branch_id: identity.branch_id,
        edge_id: identity.edge_id,
        former: plan.former.clone(),
        cash_sessions: open.map(|(_, session)| session.opened.cash_session_id).collect(),
        orders: plan.live_orders(),
        sales: plan.sales.len() as u64,
        adopted_at: now,
    };
    let payload = serde_json::to_vec(&event).map_err(|error| odd(&error))?;
    if payload.len() > Entry::MAX_PAYLOAD_BYTES {
        return Err(JournalError::Adoption(format!(
            "{} open sessions and {} live orders do not fit one entry",
            event.cash_sessions.len(),
            event.orders.len()
        )));
    }
    let kind = EntryKind::EdgeAdopted;
    let head = *ledger.shared.head.borrow();
    let entry =
        journal_chain::seal(identity.edge_id, head, kind, kind.newest_version(), now, payload);
    let names = names(ledger, &plan);
    ledger.begin(Durability::Disk).await?;
    let connection = &mut ledger.connection;
    let written = async {
        rows::write(connection, &plan, &names).await?;
        let entries = std::slice::from_ref(&entry);
        insert(connection, NewRows { entries, ..NewRows::default() }).await?;
        sqlx::query!("UPDATE journal SET adoption = 'DONE'").execute(&mut *connection).await?;
        Ok(())
    }
    .await;
    telemetry::failpoint("edge.amid_adoption");
    ledger.finish(written).await?;
    telemetry::failpoint("edge.after_adoption");
    ledger.read_state().await?;
    ledger.write_mark();
    tracing::info!(
        edge.id = %identity.edge_id,
        sessions = event.cash_sessions.len(),
        orders = event.orders.len(),
        sales = event.sales,
        "this edge has taken over"
    );
    Ok(())
}

fn odd(why: &dyn std::fmt::Display) -> JournalError {
    JournalError::Adoption(why.to_string())
}

/// Checks each entry and gives everything its place.
fn plan(adopted: Adopted) -> Result<Plan, JournalError> {
    let former = adopted.former();
    let (mut sessions, mut sales, mut orders) = (Vec::new(), HashMap::new(), HashMap::new());
    let mut archived = BTreeMap::new();
    let mut keep = |entry: ArchivedEntry| {
        archived.insert((entry.epoch, entry.seq, entry.edge_id), entry);
    };
    for page in adopted.pages {
        for session in page.sessions {
            if let Some(closed) = session.closed.clone() {
                keep(closed);
            }
            sessions.push(session);
        }
        for sale in page.sales {
            let at = sale.order_changed_at.unix_micros();
            let stands = settled(sale.sale_status, sale.order_status);
            sales.insert((sale.entry.edge_id, sale.entry.seq), (stands.0, stands.1, at));
            keep(sale.entry);
        }
        for order in page.online_orders {
            let name = (order.entry.edge_id, order.entry.seq);
            orders.insert(name, (order.status, order.changed_at.unix_micros()));
            keep(order.entry);
        }
        page.voids.into_iter().chain(page.movements).for_each(&mut keep);
    }
    let mut place = -place_in((sessions.len() + archived.len()) as u64);
    let mut next = || {
        let this = place;
        place += 1;
        this
    };
    let sessions = sessions.into_iter().map(|session| (next(), session)).collect();
    let mut plan = Plan {
        former,
        sessions,
        closed: HashMap::new(),
        entries: Vec::with_capacity(archived.len()),
        sales: HashMap::new(),
        orders: HashMap::new(),
    };
    for archived in archived.into_values() {
        let placed = read(archived, next())?;
        let name = (placed.entry.edge_id, placed.entry.seq);
        match &placed.event {
            Event::SaleFinalized(sale) => {
                if let Some(stands) = sales.get(&name) {
                    plan.sales.insert(sale.sale_id, *stands);
                }
            }
            Event::OrderAccepted(order) => {
                if let Some(stands) = orders.get(&name) {
                    plan.orders.insert(order.order_id, *stands);
                }
            }
            Event::CashSessionClosed(closed) => {
                plan.closed.insert(closed.cash_session_id, placed.place);
            }
            _ => {}
        }
        plan.entries.push(placed);
    }
    Ok(plan)
}

/// Where a sale and its order stand, as far as this journal knows such a case: the books
/// may have one that no edge makes, and told a person of it then.
const fn settled(sale: SaleStatus, order: OrderStatus) -> (SaleStatus, OrderStatus) {
    match (sale, order) {
        (SaleStatus::Voided, _) => (SaleStatus::Voided, OrderStatus::Voided),
        (_, OrderStatus::Voided) => (SaleStatus::Finalized, OrderStatus::Cancelled),
        (SaleStatus::VoidPending, OrderStatus::Delivered) => (SaleStatus::Finalized, order),
        _ => (sale, order),
    }
}

fn read(archived: ArchivedEntry, place: i64) -> Result<Placed, JournalError> {
    let entry = Entry {
        edge_id: archived.edge_id,
        seq: archived.seq,
        prev_hash: archived.prev_hash,
        hash: archived.hash,
        kind: archived.kind,
        schema_version: archived.schema_version,
        recorded_at: archived.recorded_at,
        payload: archived.payload.get().as_bytes().to_vec(),
    };
    let wrong = |why: &dyn std::fmt::Display| odd(&format!("entry {}: {why}", entry.name()));
    journal_chain::verify_hash(&entry).map_err(|error| wrong(&error))?;
    let event = versions::read(&entry.kind, entry.schema_version, &entry.payload)
        .map_err(|error| wrong(&error))?;
    Ok(Placed { place, entry, event })
}

impl Plan {
    fn live_orders(&self) -> Vec<schemas::OrderId> {
        let live =
            |status: &OrderStatus| matches!(status, OrderStatus::InPrep | OrderStatus::Ready);
        let of = |placed: &Placed| match &placed.event {
            Event::SaleFinalized(sale) => {
                let (_, order, _) = self.sales.get(&sale.sale_id)?;
                live(order).then_some(sale.order_id)
            }
            Event::OrderAccepted(order) => {
                let (status, _) = self.orders.get(&order.order_id)?;
                live(status).then_some(order.order_id)
            }
            _ => None,
        };
        self.entries.iter().filter_map(of).collect()
    }
}

/// The name of each session's person: as the catalogue has it, or as a sale tells it.
fn names(ledger: &Ledger, plan: &Plan) -> HashMap<schemas::StaffId, String> {
    let mut names = HashMap::new();
    for placed in &plan.entries {
        if let Event::SaleFinalized(sale) = &placed.event {
            names.insert(sale.cashier_id, sale.cashier_name.clone());
        }
    }
    if let Some(catalogue) = &*ledger.shared.catalogue.borrow() {
        for (_, session) in &plan.sessions {
            let id = session.opened.opened_by;
            if let Some(member) = catalogue.index.staff_member(id) {
                names.insert(id, member.name.clone());
            }
        }
    }
    names
}
