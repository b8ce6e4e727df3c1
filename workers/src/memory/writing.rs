//! What is written of a piece of a batch, table by table.

use schemas::events::SaleStatus;
use store::{
    Error, cash::CashSession, commands::State as CommandState, khqr::IntentState, orders::Order,
};

use super::{Tables, handed, int8, unique};
use crate::plan::Changes;

impl Tables {
    pub(super) fn write(&mut self, changes: &Changes<'_>) -> Result<(), Error> {
        for entry in &changes.entries {
            let name = (entry.edge_id, entry.seq);
            unique(self.archived.insert(name, entry.hash).is_none())?;
            let hash = entry.hash.as_bytes().to_vec();
            self.books.entries.insert((entry.edge_id.as_uuid(), int8(entry.seq)), hash);
        }
        for event in &changes.sessions {
            let id = event.cash_session_id;
            let session =
                CashSession { cash_session_id: id, branch_id: event.branch_id, open: true };
            unique(self.sessions.insert(id, session).is_none())?;
            self.openings.insert(id, (*event).clone());
            self.books.sessions.insert(id.as_uuid(), "OPEN".to_owned());
        }
        self.write_sales(changes)?;
        handed::write(self, changes)?;
        self.write_voids_and_closes(changes)?;
        for to in changes.order_moves.values() {
            let order = self.orders.get_mut(&to.order_id).unwrap();
            order.status = to.to;
        }
        self.books.orders = self
            .orders
            .values()
            .map(|o| (o.order_id.as_uuid(), (o.sale_id.as_uuid(), o.status.as_str().to_owned())))
            .collect();
        self.write_money_and_stock(changes)?;
        self.write_told(changes)
    }

    fn write_sales(&mut self, changes: &Changes<'_>) -> Result<(), Error> {
        use schemas::events::OrderStatus::InPrep;
        for booked in &changes.sales {
            let sale = booked.sale;
            // What Postgres takes in no text column.
            unique(sale.lines.iter().all(|line| !line.name.contains('\0')))?;
            let row = (
                sale.ticket_id.to_string(),
                int8(booked.entry.seq),
                sale.grand_total_usd.0,
                SaleStatus::Finalized.as_str().to_owned(),
            );
            self.sales.insert(sale.sale_id, sale.clone());
            unique(self.books.sales.insert(sale.sale_id.as_uuid(), row).is_none())?;
            let order = Order {
                order_id: sale.order_id,
                sale_id: sale.sale_id,
                branch_id: sale.branch_id,
                status: InPrep,
                sale_status: SaleStatus::Finalized,
                kept_by: Some(booked.entry.edge_id),
            };
            unique(self.orders.insert(sale.order_id, order).is_none())?;
            let queue = self.books.queue.entry(sale.branch_id.as_uuid()).or_default();
            queue.push(sale.sale_id.as_uuid());
        }
        for row in &changes.proofs {
            let id = row.sale_id.as_uuid();
            let proof = (row.proof.khqr_md5.clone(), row.proof.khqr_hash.clone());
            unique(self.books.proofs.insert(id, proof).is_none())?;
        }
        for claim in &changes.claims {
            let intent = self.khqr.get_mut(&claim.md5).unwrap();
            assert!(intent.sale_id.is_none() && intent.payment.is_some(), "it was claimed before");
            (intent.state, intent.sale_id) = (IntentState::Claimed, Some(claim.sale_id));
            self.books.claims.insert(claim.md5.clone(), claim.sale_id.as_uuid());
        }
        Ok(())
    }

    fn write_money_and_stock(&mut self, changes: &Changes<'_>) -> Result<(), Error> {
        for cash in &changes.cash {
            let row = (cash.cash_session_id.as_uuid(), cash.amount, "SALE_CASH".to_owned());
            self.currencies.insert(cash.movement_id.as_uuid(), cash.currency);
            unique(self.books.cash.insert(cash.movement_id.as_uuid(), row).is_none())?;
        }
        for cash in &changes.cash_movements {
            let kind = cash.kind.as_str().to_owned();
            self.currencies.insert(cash.movement_id.as_uuid(), cash.currency);
            let row = (cash.cash_session_id.as_uuid(), cash.amount, kind);
            unique(self.books.cash.insert(cash.movement_id.as_uuid(), row).is_none())?;
        }
        for row in changes.deductions.iter().chain(&changes.restored) {
            let item = (row.branch_id.as_uuid(), row.stock_item_id.as_uuid());
            let key = (item.0, item.1, int8(row.stock_no));
            let kept = (row.delta, row.level_after, int8(row.entry_seq));
            unique(self.books.ledger.insert(key, kept).is_none())?;
        }
        for (key, level) in &changes.levels {
            self.levels.insert(*key, *level);
            let kept = (level.level, int8(level.last_no));
            self.books.levels.insert((key.0.as_uuid(), key.1.as_uuid()), kept);
        }
        Ok(())
    }

    fn write_voids_and_closes(&mut self, changes: &Changes<'_>) -> Result<(), Error> {
        for to in changes.sale_moves.values() {
            let order = self.sales[&to.sale_id].order_id;
            self.orders.get_mut(&order).unwrap().sale_status = to.to;
            let row = self.books.sales.get_mut(&to.sale_id.as_uuid()).unwrap();
            to.to.as_str().clone_into(&mut row.3);
        }
        for (id, request) in &changes.requests {
            let kept = (request.sale_id.as_uuid(), request.state.as_str().to_owned());
            self.books.requests.insert(id.as_uuid(), kept);
            self.requests.insert(*id, request.clone());
        }
        for row in &changes.supplements {
            let kept = (row.cash_session_id.as_uuid(), int8(row.supplement_no));
            unique(self.books.supplements.insert(row.sale_id.as_uuid(), kept).is_none())?;
        }
        for close in &changes.closes {
            self.sessions.get_mut(&close.cash_session_id).unwrap().open = false;
            self.books.sessions.insert(close.cash_session_id.as_uuid(), "CLOSED".to_owned());
        }
        for report in &changes.reports {
            let kept = (int8(report.entry.seq), report.entry.payload.clone());
            let id = report.closed.cash_session_id.as_uuid();
            unique(self.books.reports.insert(id, kept).is_none())?;
        }
        for outcome in &changes.outcomes {
            let command = self.commands.get_mut(&outcome.command_id).unwrap();
            assert_eq!(command.state, CommandState::Waiting);
            command.state = outcome.state;
            command.refusal.clone_from(&outcome.refusal);
        }
        Ok(())
    }

    fn write_told(&mut self, changes: &Changes<'_>) -> Result<(), Error> {
        for raised in changes.exceptions.iter().map(|row| &row.raised) {
            let kept = (raised.kind.as_str().to_owned(), int8(raised.entry_seq));
            let id = raised.exception_id.as_uuid();
            unique(self.books.exceptions.insert(id, kept).is_none())?;
        }
        for row in &changes.quarantined {
            let kept = (row.reason.as_str().to_owned(), row.about.clone(), true);
            self.books.quarantine.insert((row.edge_id.as_uuid(), int8(row.seq)), kept);
            self.waiting.insert((row.edge_id, row.seq), row.clone());
        }
        for (edge, seq) in &changes.released {
            self.waiting.remove(&(*edge, *seq)).unwrap();
            self.books.quarantine.get_mut(&(edge.as_uuid(), int8(*seq))).unwrap().2 = false;
        }
        for fact in &changes.facts {
            let facts = self.books.facts.entry(fact.branch_id.as_uuid()).or_default();
            unique(!facts.contains(&fact.fact_id))?;
            facts.push(fact.fact_id.clone());
        }
        for row in &changes.audit {
            let rows = self.books.audit.entry(row.branch_id.as_uuid()).or_default();
            let activity = row.activity.unwrap_or_default().to_owned();
            rows.push((row.action.to_owned(), activity, int8(row.entry.1)));
        }
        Ok(())
    }
}
