//! Captures at an edge: a group commit, and only then the answers. A ticket that the
//! journal knows gets its first answer again.

use std::sync::Arc;

use domain::journal_chain::seal;
use schemas::{
    CashSessionId, EdgeId, EntryKind, Khr, OrderId, SaleId, TicketId, Timestamp, Usd,
    events::{CashSessionOpenedV1, OrderStatus, OrderStatusChangedV1},
};
use serde::Serialize;
use workers::reading::Origin;

use crate::{
    Broken,
    edge::Disk,
    shop::{Asked, cashier, device, request_hash},
    world::{Answer, World},
};

impl World {
    /// A till asks for a sale.
    pub(crate) fn ask_edge(&mut self, place: usize, till: usize, ticket: TicketId) {
        let edge = &mut self.edges[place];
        if edge.up && !edge.waiting.iter().any(|(_, waiting)| *waiting == ticket) {
            edge.waiting.push((till, ticket));
        }
    }

    /// The group commit: what waits becomes entries, on the disk, and only then each
    /// till gets its answer.
    pub(crate) fn commit_captures(&mut self, place: usize) {
        let waiting = std::mem::take(&mut self.edges[place].waiting);
        if waiting.is_empty() {
            return;
        }
        let mut disk = self.edges[place].disk.clone();
        let mut answers = Vec::new();
        for (till, ticket) in waiting {
            match self.capture(place, &mut disk, &ticket) {
                Ok(Some(sale)) => answers.push((till, ticket, sale)),
                Ok(None) => {}
                Err(why) => return self.violated(why),
            }
        }
        if self.broken(Broken::AnswerBeforeFsync) {
            for (till, ticket, sale) in answers.drain(..) {
                self.answered(till, &ticket, Answer::Sold(sale));
            }
        }
        if self.fault("edge dies before the fsync", 60) {
            return self.crash_edge(place);
        }
        self.tell(format_args!("edge {place} has {} entries on its disk", disk.entries.len()));
        self.edges[place].disk = disk;
        if self.fault("edge dies before it answers", 60) {
            return self.crash_edge(place);
        }
        for (till, ticket, sale) in answers {
            if !self.fault("answer lost", 100) {
                self.answered(till, &ticket, Answer::Sold(sale));
            }
        }
    }

    /// One sale; the same again under the same ticket. `None`: this journal may not
    /// sell any more.
    fn capture(
        &mut self,
        place: usize,
        disk: &mut Disk,
        ticket: &TicketId,
    ) -> Result<Option<SaleId>, String> {
        if disk.retired {
            return Ok(None);
        }
        let Some(wish) = self.wishes.get(ticket).cloned() else { return Ok(None) };
        if let Some((_, sale, hash)) = disk.tickets.get(ticket) {
            let same = *hash == request_hash(&wish.cart);
            return if same { Ok(Some(*sale)) } else { Err("a till changed its cart".to_owned()) };
        }
        match self.edges[place].restored {
            Some(true) => return Err(format!("edge {place} is an old copy, was told, and sells")),
            Some(false) => {
                if let Some(wish) = self.wishes.get_mut(ticket) {
                    wish.beyond_promise = true;
                }
            }
            None => {}
        }
        let (edge, at) = (self.edges[place].origin.edge_id, self.clock_of(place));
        let session = self.session(edge, place, disk, at)?;
        let (sale, order) = (self.chance.id(), self.chance.id());
        if self.edges[place].restored.is_some() {
            self.sold_by_copies.insert(sale);
        }
        let asked =
            Asked { edge, ticket, cart: &wish.cart, sale, order, at, session: Some(session) };
        let event = self.shops[wish.shop].sale(&asked)?;
        write(disk, edge, EntryKind::SaleFinalized, at, &event)?;
        let kept = (disk.head().seq, sale, request_hash(&wish.cart));
        disk.tickets.insert(ticket.clone(), kept);
        if self.chance.permille(200) {
            self.move_order(place, disk, order, sale, at)?;
        }
        Ok(Some(sale))
    }

    fn session(
        &mut self,
        edge: EdgeId,
        place: usize,
        disk: &mut Disk,
        at: Timestamp,
    ) -> Result<CashSessionId, String> {
        if let Some(session) = disk.session {
            return Ok(session);
        }
        let Origin { tenant_id, branch_id, .. } = self.edges[place].origin;
        let cash_session_id: CashSessionId = self.chance.id();
        let opened = CashSessionOpenedV1 {
            imported_from: None,
            tenant_id,
            branch_id,
            edge_id: edge,
            device_id: device(),
            cash_session_id,
            opened_by: cashier(),
            opened_at: at,
            opening_float_usd: Usd::ZERO,
            opening_float_khr: Khr::ZERO,
        };
        write(disk, edge, EntryKind::CashSessionOpened, at, &opened)?;
        disk.session = Some(cash_session_id);
        Ok(cash_session_id)
    }

    fn move_order(
        &mut self,
        place: usize,
        disk: &mut Disk,
        order_id: OrderId,
        sale_id: SaleId,
        at: Timestamp,
    ) -> Result<(), String> {
        let Origin { tenant_id, branch_id, edge_id } = self.edges[place].origin;
        let moved = OrderStatusChangedV1 {
            imported_from: None,
            tenant_id,
            branch_id,
            edge_id,
            device_id: device(),
            order_id,
            sale_id,
            from: OrderStatus::InPrep,
            to: OrderStatus::Ready,
            changed_by: cashier(),
            changed_at: at,
        };
        write(disk, edge_id, EntryKind::OrderStatusChanged, at, &moved)
    }
}

fn write(
    disk: &mut Disk,
    edge: EdgeId,
    kind: EntryKind,
    at: Timestamp,
    event: &impl Serialize,
) -> Result<(), String> {
    let payload = serde_json::to_vec(event).map_err(|error| error.to_string())?;
    let entry = seal(edge, disk.head(), kind, kind.newest_version(), at, payload);
    disk.entries.push(Arc::new(entry));
    Ok(())
}
