//! Postgres as the parts see it: what is committed, who has which row locked, whose
//! leases have not expired. What a part computes waits in its own open transaction
//! until it is committed here, whole; a crash before that leaves nothing.

use std::{collections::BTreeMap, time::Duration};

use domain::invoice_chain::verify_row;
use schemas::{
    BranchId, EdgeId, Sha256Hash, TenantId, TicketId,
    edge_api::Cart,
    facts::{FactKind, InvoiceAssignedV1, id_from_entry},
    requests::JournalHead,
};
use store::{numbering::PendingSale, relay::FactHead};
use workers::{memory::MemoryBooks, reading::Origin};

/// A row of `lease`.
#[derive(Debug, Clone, Default)]
pub(crate) struct LeaseRow {
    holder: u64,
    term: u64,
    expires: Duration,
    /// Which process has it locked in an open transaction.
    pub(crate) locked_by: Option<u64>,
}

impl LeaseRow {
    /// Takes the lease if it expired and nobody has its row locked.
    pub(crate) fn acquire(&mut self, holder: u64, now: Duration, ttl: Duration) -> Option<u64> {
        if self.locked_by.is_some() || (self.term > 0 && now < self.expires) {
            return None;
        }
        self.holder = holder;
        self.term += 1;
        self.expires = now + ttl;
        Some(self.term)
    }

    pub(crate) fn is_held(&self, holder: u64, term: u64) -> bool {
        (self.holder, self.term) == (holder, term)
    }

    pub(crate) fn renew(&mut self, holder: u64, term: u64, until: Duration) -> bool {
        let held = self.is_held(holder, term);
        if held {
            self.expires = until;
        }
        held
    }
}

/// A fact of the outbox.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fact {
    pub(crate) id: String,
    /// The register row, if it tells of one.
    pub(crate) row: Option<InvoiceAssignedV1>,
}

/// A row of the outbox: what one transaction told of one branch.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) branch: BranchId,
    pub(crate) facts: Vec<Fact>,
    pub(crate) placed: bool,
}

/// What a client of the direct door asked for, as `ingest` committed it.
#[derive(Debug, Clone)]
pub(crate) struct Submission {
    pub(crate) ticket: TicketId,
    pub(crate) cart: Cart,
    pub(crate) shop: usize,
    pub(crate) outcome: Option<Settled>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Settled {
    Booked(schemas::SaleId),
    Refused,
}

/// What a worker's transaction writes in one shard.
#[derive(Clone)]
pub(crate) struct Written {
    pub(crate) finalized: MemoryBooks,
    pub(crate) runs: Vec<(u64, Run)>,
    pub(crate) queued: Vec<PendingSale>,
    pub(crate) settled: Vec<(usize, Settled)>,
}

/// One shard's tables.
pub(crate) struct ShardTables {
    pub(crate) finalized: MemoryBooks,
    pub(crate) lease: LeaseRow,
}

/// Everything that is committed.
pub(crate) struct Books {
    pub(crate) tenant: TenantId,
    pub(crate) shards: Vec<ShardTables>,
    pub(crate) submissions: Vec<Submission>,
    pub(crate) queue: BTreeMap<i64, PendingSale>,
    pub(crate) register: Vec<InvoiceAssignedV1>,
    pub(crate) numbering_locked_by: Option<u64>,
    pub(crate) outbox: BTreeMap<u64, Run>,
    pub(crate) placed: BTreeMap<BranchId, Vec<Fact>>,
    pub(crate) published: BTreeMap<BranchId, u64>,
    pub(crate) relay: LeaseRow,
    /// Edges that were enrolled, in a transaction of their own each.
    enrolled: Vec<(u16, Origin)>,
    next_run: u64,
    next_in_queue: i64,
}

impl Books {
    pub(crate) fn of(tenant: TenantId, shards: u16) -> Self {
        let shard =
            |_| ShardTables { finalized: MemoryBooks::default(), lease: LeaseRow::default() };
        Self {
            tenant,
            shards: (0..shards).map(shard).collect(),
            submissions: Vec::new(),
            queue: BTreeMap::new(),
            register: Vec::new(),
            numbering_locked_by: None,
            outbox: BTreeMap::new(),
            placed: BTreeMap::new(),
            published: BTreeMap::new(),
            relay: LeaseRow::default(),
            enrolled: Vec::new(),
            next_run: 0,
            next_in_queue: 0,
        }
    }

    /// How far the books are with an edge, and why it is held.
    pub(crate) fn cursor(&self, shard: u16, edge: EdgeId) -> (JournalHead, Option<String>) {
        let cursor = self.shards[usize::from(shard)].finalized.cursor(edge);
        cursor.map_or((JournalHead::EMPTY, None), |cursor| (cursor.head, cursor.held.clone()))
    }

    /// The next id of the outbox: given out before the commit, and not taken back.
    pub(crate) fn next_run(&mut self) -> u64 {
        self.next_run += 1;
        self.next_run
    }

    /// What a transaction of a shard wrote beyond what is committed: facts for the
    /// outbox, a run for each branch, and sales for the numbering queue.
    pub(crate) fn written(&mut self, shard: u16, finalized: MemoryBooks) -> Written {
        let (mut runs, mut queued) = (Vec::new(), Vec::new());
        let before = self.shards[usize::from(shard)].finalized.written();
        let told: BTreeMap<_, _> = before.facts.iter().map(|(of, ids)| (*of, ids.len())).collect();
        let waited: BTreeMap<_, _> =
            before.queue.iter().map(|(of, ids)| (*of, ids.len())).collect();
        for (branch, ids) in &finalized.written().facts {
            let known = told.get(branch).copied().unwrap_or(0);
            let facts: Vec<Fact> =
                ids.iter().skip(known).map(|id| Fact { id: id.clone(), row: None }).collect();
            if !facts.is_empty() {
                let run = Run { branch: BranchId::from(*branch), facts, placed: false };
                runs.push((self.next_run(), run));
            }
        }
        for (branch, sales) in &finalized.written().queue {
            let known = waited.get(branch).copied().unwrap_or(0);
            for id in sales.iter().skip(known) {
                self.next_in_queue += 1;
                queued.extend(pending(&finalized, self.next_in_queue, (*id).into()));
            }
        }
        Written { finalized, runs, queued, settled: Vec::new() }
    }

    /// Enrols an edge.
    pub(crate) fn enrol(&mut self, shard: u16, origin: Origin) {
        self.shards[usize::from(shard)].finalized.enrol(origin);
        self.enrolled.push((shard, origin));
    }

    /// COMMIT of a worker's transaction. Whoever was enrolled meanwhile stays so.
    pub(crate) fn commit(&mut self, shard: u16, written: Written) {
        let mut finalized = written.finalized;
        for (_, origin) in self.enrolled.iter().filter(|(of, _)| *of == shard) {
            if finalized.cursor(origin.edge_id).is_none() {
                finalized.enrol(*origin);
            }
        }
        self.shards[usize::from(shard)].finalized = finalized;
        self.outbox.extend(written.runs);
        self.queue.extend(written.queued.into_iter().map(|sale| (sale.queue_id, sale)));
        for (place, settled) in written.settled {
            self.submissions[place].outcome = Some(settled);
        }
    }

    /// COMMIT of new register rows.
    ///
    /// # Errors
    /// A row that does not continue its series, or a sale that has a number: what
    /// Postgres would refuse, or an auditor would find.
    pub(crate) fn enter(&mut self, rows: Vec<InvoiceAssignedV1>) -> Result<(), String> {
        for row in rows {
            let of_series = |kept: &&InvoiceAssignedV1| kept.series_id == row.series_id;
            let newest = self.register.iter().rev().find(of_series);
            verify_row(newest, &row).map_err(|error| format!("the register breaks: {error}"))?;
            if self.register.iter().any(|kept| kept.sale_id == row.sale_id) {
                return Err(format!("sale {} has two numbers", row.sale_id));
            }
            self.register.push(row);
        }
        Ok(())
    }

    /// The register rows of a branch after `mapping_seq`.
    pub(crate) fn mapping(&self, branch: BranchId, after: u64) -> Vec<&InvoiceAssignedV1> {
        let wanted = |row: &&InvoiceAssignedV1| row.branch_id == branch && row.mapping_seq > after;
        self.register.iter().filter(wanted).collect()
    }

    pub(crate) fn mapping_head(&self, branch: BranchId) -> u64 {
        self.mapping(branch, 0).len() as u64
    }

    /// Where each branch's facts stand.
    pub(crate) fn fact_heads(&self) -> Vec<FactHead> {
        let head = |(branch, facts): (&BranchId, &Vec<Fact>)| FactHead {
            tenant_id: self.tenant,
            branch_id: *branch,
            last_seq: facts.len() as u64,
            published_seq: self.published.get(branch).copied().unwrap_or(0),
        };
        self.placed.iter().map(head).collect()
    }

    /// Gives these runs the next places of their branches.
    pub(crate) fn place(&mut self, runs: &[u64]) {
        for id in runs {
            let Some(run) = self.outbox.get_mut(id).filter(|run| !run.placed) else { continue };
            run.placed = true;
            self.placed.entry(run.branch).or_default().extend(run.facts.iter().cloned());
        }
    }

    /// An entry that is in the books.
    pub(crate) fn has(&self, shard: u16, edge: EdgeId, seq: u64) -> Option<&[u8]> {
        let name = (edge.as_uuid(), i64::try_from(seq).unwrap_or(i64::MAX));
        self.shards[usize::from(shard)].finalized.written().entries.get(&name).map(Vec::as_slice)
    }
}

fn pending(books: &MemoryBooks, queue_id: i64, id: schemas::SaleId) -> Option<PendingSale> {
    let sale = books.sale(id)?;
    let edge_id = sale.edge_id;
    let (_, seq, ..) = books.written().sales.get(&id.as_uuid())?;
    let hash = books.written().entries.get(&(edge_id.as_uuid(), *seq))?;
    Some(PendingSale {
        queue_id,
        branch_id: sale.branch_id,
        sale_id: id,
        ticket_id: sale.ticket_id.clone(),
        customer_id: sale.customer_id,
        edge_id,
        entry_seq: seq.unsigned_abs(),
        entry_hash: Sha256Hash::from_bytes(hash.as_slice().try_into().ok()?),
        grand_total_usd: sale.grand_total_usd,
        vat_usd: sale.vat.amount_usd,
        grand_total_khr: sale.grand_total_khr,
    })
}

/// The fact that tells of a sale.
pub(crate) fn sale_fact(edge: EdgeId, seq: u64) -> String {
    id_from_entry(edge, seq, FactKind::SaleFinalized)
}
