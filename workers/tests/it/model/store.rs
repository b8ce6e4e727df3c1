//! A store that writes a journal with everything in it that can go wrong.

use std::sync::Arc;

use bus::entries::Delivery;
use domain::{
    catalogue::{CatalogueIndex, content_hash},
    journal_chain,
};
use rust_decimal::Decimal;
use schemas::{
    BranchId, EdgeId, Entry, EntryKind, Sha256Hash, TenantId, Usd,
    catalogue::CatalogueRef,
    events::{OrderStatus, SaleFinalizedV1},
    subjects::PosSubject,
};
use testkit::{JournalWriter, sample_catalogue};
use uuid::Uuid;

/// A store.
pub struct Store {
    pub tenant_id: TenantId,
    pub branch_id: BranchId,
    pub edge_id: EdgeId,
    pub index: Arc<CatalogueIndex>,
    pub reference: CatalogueRef,
    pub journal: JournalWriter,
    sales: Vec<SaleFinalizedV1>,
}

/// Something that an edge writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Open,
    Sell,
    /// Another sale under the ticket of the last one.
    SameTicket,
    /// The last sale's order moves on.
    Ready,
    Delivered,
    /// The last sale's order jumps.
    BadMove,
    /// A payload that is none.
    Garbage,
    /// A sale of another branch.
    Foreign,
    /// A sale in a version that does not exist yet.
    Future,
    /// A sale that no text column takes.
    Poison,
    Mispriced,
    UnknownCatalogue,
}

impl Step {
    pub const ALL: [Self; 12] = [
        Self::Open,
        Self::Sell,
        Self::SameTicket,
        Self::Ready,
        Self::Delivered,
        Self::BadMove,
        Self::Garbage,
        Self::Foreign,
        Self::Future,
        Self::Poison,
        Self::Mispriced,
        Self::UnknownCatalogue,
    ];
}

impl Store {
    /// The `number`th store of a company that is nowhere but here.
    pub fn new(number: usize) -> Self {
        let id = |what: &str| Uuid::new_v5(&Uuid::NAMESPACE_OID, what.as_bytes());
        let tenant_id = TenantId::from_uuid(id("company"));
        let branch_id = BranchId::from_uuid(id(&format!("branch {number}")));
        let edge_id = EdgeId::from_uuid(id(&format!("edge {number}")));
        let catalogue = sample_catalogue(tenant_id, branch_id, 1);
        let bytes = serde_json::to_vec(&catalogue).unwrap();
        Self::with(tenant_id, branch_id, edge_id, &bytes)
    }

    /// A store that is in the books.
    pub fn seeded(store: &testkit::Store) -> Self {
        Self::with(store.tenant_id, store.branch_id, store.edge_id, &store.catalogue)
    }

    fn with(tenant_id: TenantId, branch_id: BranchId, edge_id: EdgeId, bytes: &[u8]) -> Self {
        let (index, reference) = domain::catalogue::parse(bytes).unwrap();
        let journal = JournalWriter::new(edge_id, bytes);
        let index = Arc::new(index);
        Self { tenant_id, branch_id, edge_id, index, reference, journal, sales: Vec::new() }
    }

    /// Where it publishes an entry, with one shard in all.
    pub fn subject(&self, entry: &Entry) -> PosSubject {
        super::subject(self.tenant_id, self, entry)
    }

    /// Writes the entries of `steps`.
    pub fn write(&mut self, steps: &[Step]) -> Vec<Entry> {
        steps.iter().map(|step| self.step(*step)).collect()
    }

    fn step(&mut self, step: Step) -> Entry {
        use OrderStatus::{Delivered, InPrep, Ready};
        let (kind, last) = (EntryKind::SaleFinalized, self.sales.last().cloned());
        let mut sale = self.journal.next_sale();
        match (step, last) {
            (Step::Open, _) => return self.journal.open_session(),
            (Step::Ready, Some(last)) => return self.journal.move_order(&last, InPrep, Ready),
            (Step::Delivered, Some(last)) => {
                return self.journal.move_order(&last, Ready, Delivered);
            }
            (Step::BadMove, Some(last)) => {
                return self.journal.move_order(&last, InPrep, Delivered);
            }
            (Step::Garbage, _) => {
                return self.journal.append_bytes(kind, 1, b"{\"sale_id\": 7".to_vec());
            }
            (Step::SameTicket, Some(last)) => sale.ticket_id = last.ticket_id,
            (Step::Foreign, _) => sale.branch_id = BranchId::from_uuid(Uuid::nil()),
            (Step::Poison, _) => sale.lines[0].name.push('\0'),
            (Step::Mispriced, _) => sale.grand_total_usd = Usd(Decimal::new(1, 2)),
            (Step::UnknownCatalogue, _) => sale.catalogue.content_hash = Sha256Hash::ZERO,
            _ => {}
        }
        let version = if step == Step::Future { 2 } else { 1 };
        let payload = serde_json::to_vec(&sale).unwrap();
        self.sales.push(sale);
        self.journal.append_bytes(kind, version, payload)
    }
}

/// What the way does to an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    None,
    /// A byte of the payload is another one.
    Payload,
    /// The seq is another one.
    Seq,
}

/// An entry as it arrives.
#[derive(Debug, Clone)]
pub struct Delivered {
    /// Whose, as a place among the stores.
    pub store: usize,
    pub entry: Entry,
    pub damage: Damage,
    /// Names the message, together with the place in the batch.
    pub message: u64,
}

impl Delivered {
    /// As it was sent.
    pub fn whole(store: usize, entry: &Entry) -> Self {
        Self { store, entry: entry.clone(), damage: Damage::None, message: 1 }
    }

    /// As the broker gives it.
    pub fn delivery(&self, subject: PosSubject, message: u64) -> Delivery {
        let mut entry = self.entry.clone();
        match self.damage {
            Damage::None => {}
            Damage::Payload => {
                let middle = entry.payload.len() / 2;
                entry.payload[middle] ^= 1;
            }
            Damage::Seq => entry.seq += 1,
        }
        Delivery::without_ack(Ok(subject), Ok(entry), message)
    }
}

/// Another entry in the same place of the same journal.
pub fn forked(entry: &Entry) -> Entry {
    let mut other = entry.clone();
    other.payload.push(b' ');
    other.hash = journal_chain::entry_hash(
        other.edge_id,
        other.seq,
        other.prev_hash,
        &other.kind,
        other.schema_version,
        other.recorded_at,
        &other.payload,
    );
    assert_ne!(content_hash(&other.payload), content_hash(&entry.payload));
    other
}
