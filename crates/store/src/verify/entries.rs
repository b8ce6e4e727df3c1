//! Everything that is checked entry by entry, in one walk through all journals
//! as the books archived them:
//!
//! - `journals`: contiguous from 1 to the cursor, each hash computed again.
//! - `tickets`: each sale entry was booked exactly once.
//! - `sales`: what was booked is what the entry says.
//! - `deductions`: what the entries take from stock is what the ledgers lost.

use domain::journal_chain;
use futures::TryStreamExt;
use schemas::{
    EdgeId, Entry, EntryKind, Sha256Hash, events::SaleFinalizedV1, requests::JournalHead,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{Check, booked::Booked, deductions::Deductions, tickets::Tickets};
use crate::{Conn, Error};

/// An archived entry with what became of it.
pub(super) struct Row {
    pub(super) edge_id: Uuid,
    pub(super) seq: i64,
    pub(super) kind: String,
    pub(super) schema_version: i16,
    pub(super) recorded_at: OffsetDateTime,
    pub(super) prev_hash: Vec<u8>,
    pub(super) hash: Vec<u8>,
    pub(super) payload: Vec<u8>,
    pub(super) quarantine_state: Option<String>,
    pub(super) quarantine_reason: Option<String>,
    pub(super) sale: Option<Booked>,
}

impl Row {
    fn is_sale(&self) -> bool {
        self.kind == EntryKind::SaleFinalized.as_str()
    }

    /// The entry as it was sealed, or `None` if a stored field cannot be one.
    fn entry(&mut self) -> Option<Entry> {
        Some(Entry {
            edge_id: self.edge_id.into(),
            seq: u64::try_from(self.seq).ok()?,
            prev_hash: Sha256Hash::try_from(self.prev_hash.as_slice()).ok()?,
            hash: Sha256Hash::try_from(self.hash.as_slice()).ok()?,
            kind: self.kind.clone(),
            schema_version: u16::try_from(self.schema_version).ok()?,
            recorded_at: self.recorded_at.into(),
            payload: std::mem::take(&mut self.payload),
        })
    }
}

/// Walks all journals once.
pub(super) async fn checks(conn: &mut Conn) -> Result<Vec<Check>, Error> {
    let mut journals = Journals::of(cursors(conn).await?);
    let promise = "each sale in the books is what its journal entry says";
    let mut sales = Check::new("sales", promise);
    let mut compared = 0_u64;
    let mut tickets = Tickets::default();
    let mut deductions = Deductions::default();
    {
        let mut rows = super::booked::stream(conn);
        while let Some(mut row) = rows.try_next().await? {
            if journals.is_newest(row.edge_id, row.seq) {
                tickets.booked_again(&row);
                continue;
            }
            let Some(entry) = row.entry() else {
                journals.unreadable(&row);
                continue;
            };
            let intact = journals.take(&entry);
            if !row.is_sale() {
                continue;
            }
            let said = serde_json::from_slice::<SaleFinalizedV1>(&entry.payload).ok();
            tickets.take(&row, &entry, said.as_ref());
            let Some(booked) = &row.sale else { continue };
            compared += 1;
            match &said {
                Some(said) => {
                    deductions.take(said);
                    // What an entry that was changed says is the journal's
                    // failure, not the sale's.
                    if let Some(field) = booked.differs_from(said).filter(|_| intact) {
                        sales.wrong(|| format!("sale {} has another {field}", said.sale_id));
                    }
                }
                None if intact => {
                    sales.wrong(|| format!("sale {} has an entry that is no sale", booked.sale_id));
                }
                None => {}
            }
        }
    }
    let tickets = tickets.check(conn).await?;
    let deductions = deductions.check(conn).await?;
    Ok(vec![journals.end(), tickets, sales.counting("sales", compared), deductions])
}

async fn cursors(conn: &mut Conn) -> Result<Vec<(Uuid, i64, Vec<u8>)>, Error> {
    let rows =
        sqlx::query!("SELECT edge_id, last_seq, head_hash FROM edge_cursor ORDER BY edge_id")
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().map(|row| (row.edge_id, row.last_seq, row.head_hash)).collect())
}

/// The journals, as far as they have streamed by.
struct Journals {
    check: Check,
    cursors: Vec<(Uuid, i64, Vec<u8>)>,
    heads: std::collections::HashMap<Uuid, JournalHead>,
    newest: Option<(Uuid, i64)>,
    entries: u64,
}

impl Journals {
    fn of(cursors: Vec<(Uuid, i64, Vec<u8>)>) -> Self {
        let promise = "each journal is 1, 2, 3, … up to its cursor, chained by hash";
        Self {
            check: Check::new("journals", promise),
            cursors,
            heads: std::collections::HashMap::new(),
            newest: None,
            entries: 0,
        }
    }

    /// Whether this entry came by just now: it does for each sale booked from it.
    fn is_newest(&self, edge_id: Uuid, seq: i64) -> bool {
        self.newest == Some((edge_id, seq))
    }

    fn unreadable(&mut self, row: &Row) {
        self.check.wrong(|| format!("entry {}:{} cannot be read", row.edge_id, row.seq));
    }

    /// Checks the entry's place and hash; says whether the entry is intact.
    fn take(&mut self, entry: &Entry) -> bool {
        let edge_id = entry.edge_id.as_uuid();
        let head = self.heads.get(&edge_id).copied().unwrap_or(JournalHead::EMPTY);
        self.entries += 1;
        self.newest = Some((edge_id, i64::try_from(entry.seq).unwrap_or(i64::MAX)));
        self.heads.insert(edge_id, journal_chain::head_of(entry));
        if entry.seq != head.seq.saturating_add(1) {
            self.check.wrong(|| format!("entry {} comes after {}", entry.name(), head.seq));
        } else if !journal_chain::follows(entry, head) {
            self.check.wrong(|| format!("entry {} does not follow the one before", entry.name()));
        }
        match journal_chain::verify_hash(entry) {
            Ok(()) => true,
            Err(error) => {
                self.check.wrong(|| error.to_string());
                false
            }
        }
    }

    fn end(mut self) -> Check {
        let mut heads = self.heads;
        for (edge_id, last_seq, head_hash) in &self.cursors {
            let head = heads.remove(edge_id).unwrap_or(JournalHead::EMPTY);
            let edge = EdgeId::from_uuid(*edge_id);
            if head.seq != last_seq.unsigned_abs() {
                self.check.wrong(|| {
                    format!(
                        "the cursor of edge {edge} is at {last_seq}, its entries end at {}",
                        head.seq
                    )
                });
            } else if head.hash.as_bytes().as_slice() != head_hash {
                self.check.wrong(|| {
                    format!("the cursor of edge {edge} has another hash than entry {last_seq}")
                });
            }
        }
        for edge_id in heads.into_keys() {
            self.check.wrong(|| format!("edge {edge_id} has entries but no cursor"));
        }
        let journals = u64::try_from(self.cursors.len()).unwrap_or(u64::MAX);
        self.check.counting("journals", journals).counting("entries", self.entries)
    }
}
