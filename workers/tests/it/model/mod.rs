//! A model of stores, of what can happen to what they send, and of the books.

pub mod online;
pub mod snapshot;
pub mod store;
pub mod way;

pub use online::book_online;
pub use snapshot::snapshot_of;
pub use store::{Damage, Delivered, Step, Store};

use schemas::{Entry, TenantId, catalogue::CatalogueRef, subjects::PosSubject};
pub use workers::memory::{MemoryBooks, Snapshot};
use workers::{
    batch::{Memory, Outcome, admit_and_book},
    booking::BookingError,
    books::Books,
    reading::Reading,
    receive::{Content, Received, receive},
    repricing::{Repricing, reprice},
};

/// What the worker makes of what was delivered, in one shard of one.
pub fn received(stores: &[Store], delivered: &[Delivered]) -> Vec<Received> {
    delivered
        .iter()
        .enumerate()
        .map(|(place, delivered)| {
            let message = u64::try_from(place).unwrap() + delivered.message;
            let store = &stores[delivered.store];
            receive(delivered.delivery(store.subject(&delivered.entry), message), 0, 1)
        })
        .collect()
}

/// What pricing again gives, with the catalogues of these stores.
pub fn repricings(stores: &[Store], received: &[Received]) -> Vec<Repricing> {
    let known = |reference: CatalogueRef| {
        stores.iter().find(|store| store.reference == reference).map(|store| &*store.index)
    };
    received
        .iter()
        .map(|message| match &message.content {
            Content::Entry { reading: Reading::SaleFinalized(sale), .. } => {
                reprice(known(sale.catalogue), sale)
            }
            _ => Repricing::Agrees,
        })
        .collect()
}

/// Processes one batch on any books, as the worker would; the caller commits.
pub async fn process<B: Books>(
    books: &mut B,
    memory: &mut Memory,
    stores: &[Store],
    delivered: &[Delivered],
) -> Result<Outcome, BookingError> {
    let received = received(stores, delivered);
    let repricings = repricings(stores, &received);
    admit_and_book(books, memory, &received, &repricings).await
}

/// The subject under which a store publishes an entry, with one shard in all.
pub fn subject(tenant_id: TenantId, store: &Store, entry: &Entry) -> PosSubject {
    PosSubject {
        shard: 0,
        tenant_id,
        branch_id: store.branch_id,
        edge_id: store.edge_id,
        kind: entry.kind.clone(),
    }
}
