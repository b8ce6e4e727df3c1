//! What happens in a session beside sales, up to its close, and after it.

use rust_decimal::Decimal;
use schemas::{
    CashMovementId, CommandId, Currency, Entry, EntryKind, VoidRequestId,
    events::{
        AuditAction, AuditRecordedV1, CashMovedV1, CashSessionClosedV1, CommandRefusedV1, LateSale,
        PaidKind, SaleFinalizedV1, VoidApprovedV1, VoidRejectedV1, VoidRequestedV1,
    },
    versions::{self, Event},
};

use super::{JournalWriter, drawer::Drawer};
use crate::OrFail as _;

impl JournalWriter {
    /// Keeps what an entry tells of the session.
    pub(super) fn note(&mut self, entry: &Entry) {
        let Ok(event) = versions::read(&entry.kind, entry.schema_version, &entry.payload) else {
            return;
        };
        if let Event::CashSessionOpened(opened) = &event {
            self.session = Some(opened.cash_session_id);
            self.drawer = Some(Drawer::open(opened));
        }
        if let Some(drawer) = &mut self.drawer {
            drawer.note(&event);
        }
    }

    /// Whether the next sale is a supplement.
    pub(super) fn lateness(&self) -> Option<LateSale> {
        let drawer = self.drawer.as_ref().filter(|drawer| drawer.closed)?;
        Some(LateSale { supplement_no: drawer.supplements + 1, received_at: self.now() })
    }

    /// Pays into the drawer, or out of it.
    pub fn pay(&mut self, kind: PaidKind, currency: Currency, amount: Decimal) -> Entry {
        let document = self.catalogue.document();
        let moved = CashMovedV1 {
            imported_from: None,
            tenant_id: document.tenant_id,
            branch_id: document.branch_id,
            edge_id: self.edge_id,
            device_id: self.device(),
            cash_session_id: self.session.unwrap_or_else(|| self.id("session")),
            movement_id: self.id::<CashMovementId>("movement"),
            kind,
            currency,
            amount,
            reason: "change from the bank".to_owned(),
            moved_by: self.cashier().0,
            moved_at: self.now(),
        };
        self.append(EntryKind::CashMoved, &moved)
    }

    /// Asks to undo `sale`, and tells the request as well.
    pub fn request_void(&mut self, sale: &SaleFinalizedV1) -> (VoidRequestedV1, Entry) {
        let asked = VoidRequestedV1 {
            imported_from: None,
            tenant_id: sale.tenant_id,
            branch_id: sale.branch_id,
            edge_id: self.edge_id,
            device_id: sale.device_id,
            void_request_id: self.id::<VoidRequestId>("void"),
            sale_id: sale.sale_id,
            order_id: sale.order_id,
            ticket_id: sale.ticket_id.clone(),
            cash_session_id: sale.cash_session_id.unwrap_or_else(|| self.id("session")),
            requested_by: sale.cashier_id,
            reason: "the wrong milk".to_owned(),
            requested_at: self.now(),
        };
        let entry = self.append(EntryKind::VoidRequested, &asked);
        (asked, entry)
    }

    /// The approval of a request for `sale`: change it and append it.
    pub fn next_approval(
        &self,
        request: VoidRequestId,
        sale: &SaleFinalizedV1,
        command_id: Option<CommandId>,
    ) -> VoidApprovedV1 {
        VoidApprovedV1 {
            imported_from: None,
            tenant_id: sale.tenant_id,
            branch_id: sale.branch_id,
            edge_id: self.edge_id,
            void_request_id: request,
            sale_id: sale.sale_id,
            order_id: sale.order_id,
            ticket_id: sale.ticket_id.clone(),
            cash_session_id: sale.cash_session_id.unwrap_or_else(|| self.id("session")),
            approved_by: self.manager(),
            note: Some("seen".to_owned()),
            refund_currency: sale.tender.currency,
            refund_amount: sale.tender.received - sale.tender.change,
            restored: sale.deductions.clone(),
            command_id,
            approved_at: self.now(),
        }
    }

    /// Undoes `sale`.
    pub fn approve_void(
        &mut self,
        request: VoidRequestId,
        sale: &SaleFinalizedV1,
        command_id: Option<CommandId>,
    ) -> Entry {
        let approved = self.next_approval(request, sale, command_id);
        self.append(EntryKind::VoidApproved, &approved)
    }

    /// Leaves `sale` as it is.
    pub fn reject_void(
        &mut self,
        request: VoidRequestId,
        sale: &SaleFinalizedV1,
        command_id: Option<CommandId>,
    ) -> Entry {
        let rejected = VoidRejectedV1 {
            imported_from: None,
            tenant_id: sale.tenant_id,
            branch_id: sale.branch_id,
            edge_id: self.edge_id,
            void_request_id: request,
            sale_id: sale.sale_id,
            order_id: sale.order_id,
            ticket_id: sale.ticket_id.clone(),
            rejected_by: self.manager(),
            reason: "it was drunk".to_owned(),
            command_id,
            rejected_at: self.now(),
        };
        self.append(EntryKind::VoidRejected, &rejected)
    }

    /// Does not carry out a command.
    pub fn refuse_command(
        &mut self,
        command_id: CommandId,
        void_request_id: VoidRequestId,
        code: &str,
    ) -> Entry {
        let document = self.catalogue.document();
        let refused = CommandRefusedV1 {
            tenant_id: document.tenant_id,
            branch_id: document.branch_id,
            edge_id: self.edge_id,
            command_id,
            void_request_id,
            code: code.to_owned(),
            detail: "the store's own state stands against it".to_owned(),
            refused_at: self.now(),
        };
        self.append(EntryKind::CommandRefused, &refused)
    }

    /// Records that the cashier did something.
    pub fn record_audit(&mut self, action: AuditAction) -> Entry {
        let document = self.catalogue.document();
        let recorded = AuditRecordedV1 {
            tenant_id: document.tenant_id,
            branch_id: document.branch_id,
            edge_id: self.edge_id,
            action,
            device_id: Some(self.device()),
            actor_id: Some(self.cashier().0),
            cash_session_id: self.session,
            draft: None,
            detail: None,
            at: self.now(),
        };
        self.append(EntryKind::AuditRecorded, &recorded)
    }

    /// The close of the open session, in whose drawer `missing` dollars are
    /// missing: change it and append it.
    ///
    /// # Panics
    /// If no session was opened.
    pub fn next_close(&self, missing: Decimal) -> CashSessionClosedV1 {
        let document = self.catalogue.document();
        let drawer = self.drawer.as_ref().ok_or("none was opened").or_fail("close a session");
        CashSessionClosedV1 {
            imported_from: None,
            tenant_id: document.tenant_id,
            branch_id: document.branch_id,
            edge_id: self.edge_id,
            device_id: self.device(),
            cash_session_id: drawer.session,
            closed_by: self.cashier().0,
            closed_at: self.now(),
            z: drawer.report(self.now()),
            counted: drawer.count(missing),
            rejected_voids: drawer.pending.clone(),
            silent_devices: Vec::new(),
        }
    }

    /// Closes the open session; nothing is missing in its drawer.
    ///
    /// # Panics
    /// If no session was opened.
    pub fn close_session(&mut self) -> Entry {
        let closed = self.next_close(Decimal::ZERO);
        self.append(EntryKind::CashSessionClosed, &closed)
    }

    fn manager(&self) -> schemas::StaffId {
        match self.catalogue.document().staff.last() {
            Some(staff) => staff.staff_id,
            None => panic!("the catalogue has no staff"),
        }
    }
}
