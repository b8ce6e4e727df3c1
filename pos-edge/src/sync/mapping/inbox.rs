//! Which register rows are next: duplicates are skipped, gaps are seen. No
//! I/O; [`super`] does that.
//!
//! It guarantees that the rows it gives out continue `mapping_seq` without a
//! gap, never more than [`Inbox::MAX_ROWS`] at once, and that it knows when
//! the centre has more than it holds. A crash forgets rows that were taken in
//! and not stored; they are asked for again, because `mapping_seq` is kept by
//! the journal.

use schemas::{BranchId, TenantId, facts::InvoiceAssignedV1};

/// Whether a row that came is one of this store, as it was issued.
pub fn is_believed(row: &InvoiceAssignedV1, tenant: TenantId, branch: BranchId) -> bool {
    let ours = row.tenant_id == tenant && row.branch_id == branch;
    ours && domain::invoice_chain::invoice_hash(row) == row.hash
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Offered {
    /// It is next, and waits to be stored.
    Taken,
    /// It is held already.
    Known,
    /// Rows before it are missing; they must be asked for, and then it.
    Gap,
}

/// The rows of a branch on their way into the journal.
#[derive(Debug)]
pub struct Inbox {
    /// The journal holds every row up to here.
    stored: u64,
    /// The newest row that anyone has told of.
    told: u64,
    /// Rows `stored + 1 ..`.
    waiting: Vec<InvoiceAssignedV1>,
}

impl Inbox {
    /// The most rows stored in one transaction.
    pub const MAX_ROWS: usize = 500;

    /// Starts with what the journal holds.
    pub fn new(stored: u64) -> Self {
        Self { stored, told: stored, waiting: Vec::new() }
    }

    /// Takes in a row, from wherever it came.
    pub fn offer(&mut self, row: InvoiceAssignedV1) -> Offered {
        let next = self.next();
        self.told = self.told.max(row.mapping_seq);
        match row.mapping_seq {
            known if known < next => Offered::Known,
            seq if seq == next => {
                self.waiting.push(row);
                Offered::Taken
            }
            _ => Offered::Gap,
        }
    }

    /// The centre says that the branch has rows up to `head`.
    pub fn told(&mut self, head: u64) {
        self.told = self.told.max(head);
    }

    /// Whether a transaction's worth of rows waits.
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= Self::MAX_ROWS
    }

    /// The rows that wait to be stored.
    pub fn waiting(&self) -> &[InvoiceAssignedV1] {
        &self.waiting
    }

    /// The journal holds every row up to `stored` now.
    pub fn stored(&mut self, stored: u64) {
        self.stored = stored;
        self.waiting.clear();
    }

    /// The last row that is held, stored or waiting.
    pub fn last(&self) -> u64 {
        self.next() - 1
    }

    /// How many rows the centre has beyond what is held.
    pub fn missing(&self) -> u64 {
        self.told.saturating_sub(self.last())
    }

    fn next(&self) -> u64 {
        self.stored + self.waiting.len() as u64 + 1
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use schemas::{EdgeId, InvoiceId, Khr, SaleId, SeriesId, Sha256Hash, TicketId, Timestamp, Usd};
    use uuid::Uuid;

    use super::*;

    fn row(mapping_seq: u64) -> InvoiceAssignedV1 {
        InvoiceAssignedV1 {
            series_id: SeriesId::from_uuid(Uuid::nil()),
            no: mapping_seq,
            printed: mapping_seq.to_string(),
            invoice_id: InvoiceId::from_uuid(Uuid::nil()),
            tenant_id: TenantId::from_uuid(Uuid::nil()),
            branch_id: BranchId::from_uuid(Uuid::nil()),
            mapping_seq,
            sale_id: SaleId::from_uuid(Uuid::nil()),
            ticket_id: TicketId::mint(Timestamp::from_unix_micros(0), [0; 10]),
            edge_id: EdgeId::from_uuid(Uuid::nil()),
            entry_seq: mapping_seq,
            entry_hash: Sha256Hash::ZERO,
            grand_total_usd: Usd::ZERO,
            vat_usd: Usd::ZERO,
            grand_total_khr: Khr::ZERO,
            issued_at: Timestamp::from_unix_micros(0),
            prev_hash: Sha256Hash::ZERO,
            hash: Sha256Hash::ZERO,
        }
    }

    #[test]
    fn takes_the_next_skips_the_known_and_sees_the_gap() {
        let mut inbox = Inbox::new(10);
        assert_eq!(inbox.offer(row(10)), Offered::Known);
        assert_eq!(inbox.offer(row(11)), Offered::Taken);
        assert_eq!(inbox.offer(row(11)), Offered::Known);
        assert_eq!(inbox.offer(row(13)), Offered::Gap);
        assert_eq!((inbox.last(), inbox.missing()), (11, 2));
        inbox.stored(11);
        assert!(inbox.waiting().is_empty());
        assert_eq!(inbox.offer(row(12)), Offered::Taken);
        assert_eq!(inbox.offer(row(13)), Offered::Taken);
        assert_eq!(inbox.missing(), 0);
    }

    #[test]
    fn a_head_ahead_is_known_to_be_missing() {
        let mut inbox = Inbox::new(0);
        inbox.told(700);
        assert_eq!(inbox.missing(), 700);
        inbox.told(3);
        assert_eq!(inbox.missing(), 700);
    }

    proptest! {
        /// Whatever comes in whatever order, what waits continues what is stored.
        #[test]
        fn what_waits_is_contiguous(seqs in prop::collection::vec(1..30_u64, 0..200)) {
            let mut inbox = Inbox::new(0);
            let mut stored = 0;
            for (at, seq) in seqs.into_iter().enumerate() {
                inbox.offer(row(seq));
                for (waiting, expected) in inbox.waiting().iter().zip(stored + 1..) {
                    prop_assert_eq!(waiting.mapping_seq, expected);
                }
                if at % 7 == 0 {
                    stored = inbox.last();
                    inbox.stored(stored);
                }
            }
        }
    }
}
