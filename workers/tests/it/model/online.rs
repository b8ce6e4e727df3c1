//! What the direct door of a store sells, and what the store's edge makes of it.

use domain::journal_chain::head_of;
use rust_decimal::Decimal;
use schemas::{
    CustomerId, Entry, EntryKind,
    events::{OrderAcceptedV1, OrderStatus, OrderedLine, SaleFinalizedV1, Tender, TenderMethod},
};
use store::{cursors::CursorMove, doors::door_edge};
use testkit::JournalWriter;
use uuid::Uuid;
use workers::{
    booking::{Booked, book},
    books::Books,
    plan::Work,
    reading::{Origin, read},
    repricing::Repricing,
};

use super::{Step, Store};

/// The journal of a store's direct door.
pub struct Door {
    pub journal: JournalWriter,
    /// What it sold.
    pub sales: Vec<SaleFinalizedV1>,
    /// How many of these orders the store's edge has accepted.
    accepted: usize,
}

impl Door {
    pub(super) fn of(branch: schemas::BranchId, catalogue: &[u8]) -> Self {
        let journal = JournalWriter::new(door_edge(branch), catalogue);
        Self { journal, sales: Vec::new(), accepted: 0 }
    }

    /// Sells on account.
    pub fn sell(&mut self) -> Entry {
        let mut sale = self.journal.next_sale();
        sale.cash_session_id = None;
        sale.customer_id = Some(CustomerId::from_uuid(Uuid::from_u128(5)));
        sale.tender = Tender {
            method: TenderMethod::Account,
            change: Decimal::ZERO,
            received: sale.grand_total_usd.amount(),
            ..sale.tender
        };
        let entry = self.journal.append(EntryKind::SaleFinalized, &sale);
        self.sales.push(sale);
        entry
    }

    /// The sale whose order was accepted last, or is the first to be.
    fn current(&self) -> Option<SaleFinalizedV1> {
        self.sales.get(self.accepted.saturating_sub(1)).cloned()
    }
}

impl Store {
    /// Accepts the order of a sale.
    pub fn accept(&mut self, sale: &SaleFinalizedV1) -> Entry {
        let line = |line: &schemas::events::SaleLine| OrderedLine {
            name: line.name.clone(),
            add_ons: line.add_ons.iter().map(|add_on| add_on.name.clone()).collect(),
            quantity: line.quantity,
        };
        let accepted = OrderAcceptedV1 {
            tenant_id: self.tenant_id,
            branch_id: self.branch_id,
            edge_id: self.edge_id,
            order_id: sale.order_id,
            sale_id: sale.sale_id,
            ticket_id: sale.ticket_id.clone(),
            sale_type: sale.sale_type,
            customer_id: sale.customer_id,
            method: sale.tender.method,
            grand_total_usd: sale.grand_total_usd,
            lines: sale.lines.iter().map(line).collect(),
            finalized_at: sale.finalized_at,
            accepted_at: self.journal.now(),
        };
        self.journal.append(EntryKind::OrderAccepted, &accepted)
    }

    /// What the edge tells of online orders; `None` if there are none.
    pub(super) fn step_online(&mut self, step: Step) -> Option<Entry> {
        use OrderStatus::{Delivered, InPrep, Ready};
        let current = self.door.current();
        let entry = match step {
            Step::AcceptOnline => {
                let next = self.door.sales.get(self.door.accepted).cloned()?;
                self.door.accepted += 1;
                self.accept(&next)
            }
            Step::AcceptAgain => self.accept(&current?),
            Step::ReadyOnline => self.journal.move_order(&current?, InPrep, Ready),
            Step::DeliveredOnline => self.journal.move_order(&current?, Ready, Delivered),
            _ => return None,
        };
        Some(entry)
    }
}

/// Books entries of a store's direct door, as whoever serves the door does; the
/// caller commits.
pub async fn book_online<B: Books>(books: &mut B, store: &Store, entries: &[Entry]) -> Booked {
    let origin = Origin {
        tenant_id: store.tenant_id,
        branch_id: store.branch_id,
        edge_id: door_edge(store.branch_id),
    };
    let readings: Vec<_> = entries.iter().map(|entry| read(origin, entry)).collect();
    let works: Vec<Work<'_>> = entries
        .iter()
        .zip(&readings)
        .map(|(entry, reading)| Work {
            origin,
            entry,
            reading,
            repricing: &Repricing::Agrees,
            objections: &[],
            waited: false,
        })
        .collect();
    let booked = book(books, &works, 0).await.unwrap();
    let head = head_of(entries.last().unwrap());
    let moved = CursorMove { edge_id: origin.edge_id, head, held: None };
    books.move_cursors(&[moved]).await.unwrap();
    booked
}
