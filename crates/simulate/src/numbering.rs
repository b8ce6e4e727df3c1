//! Two allocators at once: the lock on the company's numbering is what keeps them
//! apart, not a lease.

use std::{collections::HashMap, time::Duration};

use ::numbering::{Seen, Standing, Witness, allocate, must_freeze};
use domain::invoice_series::InvoiceForm;
use schemas::{
    BranchId, SeriesId, Sha256Hash,
    facts::{InvoiceAssignedV1, id_from_invoice},
};
use store::series::{Locked, Series, Setting};

use crate::{
    Broken,
    books::{Fact, Run},
    worker::IDLE_TIMEOUT,
    world::World,
};

#[derive(Default)]
pub(crate) struct Allocator {
    pub(crate) process: u64,
    pub(crate) stalled_until: Duration,
    pub(crate) open: Option<Open>,
}

/// A batch that is not committed.
pub(crate) struct Open {
    rows: Vec<InvoiceAssignedV1>,
    taken: Vec<i64>,
    runs: Vec<(u64, Run)>,
    began: Duration,
}

impl World {
    pub(crate) fn crash_allocator(&mut self, place: usize) {
        if let Some(open) = self.allocators[place].open.take()
            && self.fault("numbering died in COMMIT, committed", 300)
        {
            self.enter(open);
        }
        self.unlock_numbering(place);
        self.tell(format_args!("allocator {place} dies and starts again"));
        self.allocators[place].process = self.fresh();
    }

    fn unlock_numbering(&mut self, place: usize) {
        let process = self.allocators[place].process;
        self.books.numbering_locked_by.take_if(|by| *by == process);
    }

    /// Postgres ends what sleeps in a transaction.
    pub(crate) fn end_idle_numbering(&mut self, place: usize) {
        let now = self.now;
        let open = &mut self.allocators[place].open;
        if open.take_if(|open| now >= open.began + IDLE_TIMEOUT).is_some() {
            self.unlock_numbering(place);
        }
    }

    /// The next step of an allocator.
    pub(crate) fn number(&mut self, place: usize) {
        if let Some(open) = self.allocators[place].open.take() {
            let end = self.end();
            self.unlock_numbering(place);
            if end.is_in_the_books() {
                self.tell(format_args!("allocator {place} commits {} numbers", open.rows.len()));
                self.enter(open);
            }
            return;
        }
        let apart = self.broken(Broken::NumberOutsideTransaction);
        if self.books.queue.is_empty() || (self.books.numbering_locked_by.is_some() && !apart) {
            return;
        }
        let most = 1 + self.chance.place(9);
        match self.allocate(most) {
            Ok(open) => {
                self.books.numbering_locked_by = Some(self.allocators[place].process);
                self.allocators[place].open = Some(open);
            }
            Err(why) => self.violated(why),
        }
    }

    fn enter(&mut self, open: Open) {
        for id in &open.taken {
            self.books.queue.remove(id);
        }
        self.books.outbox.extend(open.runs);
        if let Err(why) = self.books.enter(open.rows) {
            self.violated(why);
        }
    }

    fn allocate(&mut self, most: usize) -> Result<Open, String> {
        let sales: Vec<_> = self.books.queue.values().take(most).cloned().collect();
        let standing = self.standing()?;
        let (numbered, rows) = allocate(standing, &sales, self.wall());
        if numbered.len() != sales.len() {
            return Err("numbering left sales out".to_owned());
        }
        let mut of_branches: Vec<(BranchId, Vec<Fact>)> = Vec::new();
        for row in &rows {
            let fact = Fact { id: id_from_invoice(row.series_id, row.no), row: Some(row.clone()) };
            match of_branches.iter_mut().find(|(branch, _)| *branch == row.branch_id) {
                Some((_, facts)) => facts.push(fact),
                None => of_branches.push((row.branch_id, vec![fact])),
            }
        }
        let run = |(branch, facts)| (self.books.next_run(), Run { branch, facts, placed: false });
        let runs = of_branches.into_iter().map(run).collect();
        let taken = sales.iter().map(|sale| sale.queue_id).collect();
        Ok(Open { rows, taken, runs, began: self.now })
    }

    /// Where the numbers stand, as read under the lock.
    fn standing(&self) -> Result<Standing, String> {
        let form = if self.restarts.per_branch { "{branch}-{no:04}" } else { "{no}" };
        let setting = Locked {
            tenant_id: self.tenant,
            form: InvoiceForm::parse(form, self.restarts).map_err(|error| error.to_string())?,
            setting: Setting { revision: 1, restarts: self.restarts, form: form.to_owned() },
            year: 2026,
        };
        let mut series = HashMap::new();
        let mut branch_numbers = HashMap::new();
        let mut mapping_heads = HashMap::new();
        for (shop, number) in self.shops.iter().zip(1_u16..) {
            let branch = shop.origin.branch_id;
            let series_id = setting.series_of(branch);
            branch_numbers.insert(branch, number);
            mapping_heads.insert(branch, self.books.mapping_head(branch));
            series.insert(series_id, self.series(series_id)?);
        }
        Ok(Standing { setting, series, mapping_heads, branch_numbers })
    }

    fn series(&self, series_id: SeriesId) -> Result<Series, String> {
        let of_series = |row: &&InvoiceAssignedV1| row.series_id == series_id;
        let newest = self.books.register.iter().rev().find(of_series);
        let last_no = newest.map_or(0, |row| row.no);
        let mut seen = Vec::new();
        for edge in &self.edges {
            let no = edge.disk.mapping.iter().rev().find(of_series).map(|row| row.no);
            seen.extend(no.map(|no| Seen { by: Witness::Edge(edge.origin.edge_id), no }));
        }
        if let Some(reason) = must_freeze(last_no, &seen) {
            return Err(format!("numbering freezes: {reason}"));
        }
        let head_hash = newest.map_or(Sha256Hash::ZERO, |row| row.hash);
        Ok(Series { series_id, last_no, head_hash, frozen_reason: None })
    }
}
