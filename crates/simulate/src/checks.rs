//! What must hold: of each shard after each commit, and of everything in the end.

use std::collections::{BTreeMap, BTreeSet};

use domain::{invoice_chain::verify_row, journal_chain::verify_hash};
use schemas::{EdgeId, facts::InvoiceAssignedV1};
use store::doors::door_edge;

use crate::{
    books::sale_fact,
    world::{Answer, World},
};

/// The stores sell what was never delivered to them, and on accounts without a limit.
const EXPECTED: [&str; 2] = ["STOCK_NEGATIVE", "CREDIT_LIMIT_EXCEEDED"];

/// What a store sells again because its new box does not know that it was sold.
const AFTER_A_COPY: [&str; 2] = ["TICKET_CONFLICT", "ORDER_MOVE_REFUSED"];

type Holds = Result<(), String>;

impl World {
    /// Effects and cursors are committed together.
    pub(crate) fn check_shard(&mut self, shard: u16) {
        let books = &self.books.shards[usize::from(shard)].finalized;
        let doors = self.shops.iter().map(|shop| door_edge(shop.origin.branch_id));
        let edges = self.edges.iter().map(|edge| edge.origin.edge_id).chain(doors);
        let cursors: u64 = edges.filter_map(|edge| books.cursor(edge)).map(|c| c.head.seq).sum();
        let written = books.written();
        let entries = written.entries.len() as u64;
        if entries != cursors {
            self.violated(format!(
                "shard {shard} has {entries} entries, and its cursors say {cursors}"
            ));
        } else if let Some((kind, seq)) =
            written.exceptions.values().find(|(kind, _)| !self.is_expected(kind))
        {
            let why = format!("shard {shard} raises {kind} about entry {seq}");
            self.violated(why);
        }
    }

    /// What only a disk had that is gone may be asked for again elsewhere, and arrive
    /// from both.
    fn is_expected(&self, kind: &str) -> bool {
        let copies = self.edges.iter().any(|edge| edge.restored.is_some());
        EXPECTED.contains(&kind) || (copies && AFTER_A_COPY.contains(&kind))
    }

    /// Everything that was promised.
    pub(crate) fn check_all(&mut self) {
        let holds = self
            .check_journals()
            .and_then(|()| self.check_sales())
            .and_then(|()| self.check_register())
            .and_then(|()| self.check_mappings())
            .and_then(|()| self.check_facts());
        if let Err(why) = holds {
            self.violated(why);
        }
    }

    /// The books have each journal, entry by entry, as it is on its disk.
    fn check_journals(&self) -> Holds {
        for (place, edge) in self.edges.iter().enumerate() {
            let (cursor, _) = self.books.cursor(edge.shard, edge.origin.edge_id);
            for seq in 1..=cursor.seq {
                let Some(hash) = self.books.has(edge.shard, edge.origin.edge_id, seq) else {
                    return Err(format!("edge {place}: the books are past entry {seq} without it"));
                };
                let at = usize::try_from(seq - 1).unwrap_or(usize::MAX);
                let own = edge.disk.entries.get(at).filter(|_| edge.restored.is_none());
                if own.is_some_and(|own| own.hash.as_bytes().as_slice() != hash) {
                    return Err(format!("edge {place}: the books have another entry {seq}"));
                }
            }
            for entry in &edge.disk.entries {
                verify_hash(entry).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }

    /// Every answered sale is booked once, and none that nobody asked for.
    fn check_sales(&self) -> Holds {
        let mut booked = BTreeMap::new();
        let mut purchases = BTreeSet::new();
        for shard in &self.books.shards {
            let written = shard.finalized.written();
            if !written.quarantine.is_empty() {
                return Err("something was set aside".to_owned());
            }
            for (sale, (ticket, ..)) in &written.sales {
                let wish = self.wishes.iter().find(|(asked, _)| asked.as_str() == ticket);
                let Some((ticket, wish)) = wish else {
                    return Err(format!("sale {sale} under {ticket} was never asked for"));
                };
                if self.sold_by_copies.contains(&(*sale).into()) {
                    return Err(format!("sale {sale} of an old copy is in the books"));
                }
                if booked.insert(ticket.clone(), *sale).is_some() {
                    return Err(format!("ticket {ticket} was sold twice"));
                }
                if !purchases.insert(wish.purchase) {
                    return Err(format!("one purchase was sold twice, once as {ticket}"));
                }
            }
            let takings = written.cash.len();
            let in_cash = written.sales.keys().filter(|sale| {
                let sale = shard.finalized.sale((**sale).into());
                sale.is_some_and(|sale| sale.cash_session_id.is_some())
            });
            if takings != in_cash.count() {
                return Err("the drawers do not have the cash of the sales".to_owned());
            }
        }
        for (ticket, answer) in self.promised() {
            let sale = booked.get(&ticket).copied();
            match answer {
                Answer::Sold(told) if sale == Some(told.as_uuid()) => {}
                Answer::Sold(_) if sale.is_some() => {
                    return Err(format!("ticket {ticket} is another sale than was answered"));
                }
                Answer::Sold(_) => return Err(format!("ticket {ticket} was answered and is lost")),
                Answer::Refused => return Err(format!("ticket {ticket} was refused")),
            }
        }
        Ok(())
    }

    /// Each sale has one number; each series is contiguous and chained.
    fn check_register(&self) -> Holds {
        let mut newest: BTreeMap<_, &InvoiceAssignedV1> = BTreeMap::new();
        for row in &self.books.register {
            let before = newest.insert(row.series_id, row);
            verify_row(before, row).map_err(|error| error.to_string())?;
        }
        let numbered: BTreeSet<_> =
            self.books.register.iter().map(|row| row.sale_id.as_uuid()).collect();
        let sales: BTreeSet<_> = self
            .books
            .shards
            .iter()
            .flat_map(|shard| shard.finalized.written().sales.keys().copied())
            .collect();
        if numbered != sales || numbered.len() != self.books.register.len() {
            let (numbers, sales) = (self.books.register.len(), sales.len());
            return Err(format!("{sales} sales have {numbers} numbers"));
        }
        Ok(())
    }

    /// Each store holds the rows of its branch, as they are in the register.
    fn check_mappings(&self) -> Holds {
        for (place, edge) in self.edges.iter().enumerate() {
            if edge.disk.retired {
                continue;
            }
            let register = self.books.mapping(edge.origin.branch_id, 0);
            if !register.iter().copied().eq(edge.disk.mapping.iter()) {
                return Err(format!("edge {place} holds other numbers than the register"));
            }
        }
        Ok(())
    }

    /// Every fact has one place, and nothing that happened is untold. A consumer that
    /// follows the stream, and asks for what it misses, ends with all of them.
    fn check_facts(&self) -> Holds {
        let mut told = BTreeSet::new();
        let mut count = 0;
        for facts in self.books.placed.values() {
            count += facts.len();
            told.extend(facts.iter().map(|fact| fact.id.as_str()));
        }
        let written: usize = self.books.outbox.values().map(|run| run.facts.len()).sum();
        if count != written || told.len() != count {
            let distinct = told.len();
            return Err(format!("{written} facts have {count} places, {distinct} distinct"));
        }
        for row in &self.books.register {
            let id = schemas::facts::id_from_invoice(row.series_id, row.no);
            if !told.contains(id.as_str()) {
                return Err(format!("number {} was never told", row.no));
            }
        }
        for shard in &self.books.shards {
            for (sale, (_, seq, ..)) in &shard.finalized.written().sales {
                let Some(kept) = shard.finalized.sale((*sale).into()) else { continue };
                let edge: EdgeId = kept.edge_id;
                if !told.contains(sale_fact(edge, seq.unsigned_abs()).as_str()) {
                    return Err(format!("sale {sale} was never told"));
                }
            }
        }
        for message in &self.facts.messages {
            let at = usize::try_from(message.fact_seq - 1).unwrap_or(usize::MAX);
            let ours = self.books.placed.get(&message.branch).and_then(|facts| facts.get(at));
            if ours.is_none_or(|ours| ours.id != message.id) {
                return Err(format!("the stream has another fact {}", message.fact_seq));
            }
        }
        Ok(())
    }
}
