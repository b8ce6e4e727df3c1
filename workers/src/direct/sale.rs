//! A sale at the direct door: priced with the branch's newest menu, refused where
//! a rule speaks against it, or made into the same event as an edge's.
//!
//! A sale that a paired client completed offline is a fact: what would have kept
//! an online request out becomes an exception, and what the client charged stands.

use std::sync::Arc;

use domain::{
    catalogue::CatalogueIndex,
    charged,
    pricing::{self, Priced},
    sale::{Settled, Sold},
    tender::{self, TenderError},
};
use schemas::{
    CashSessionId, DeviceId, EntryKind, OrderId, SaleId, Sha256Hash, StaffId, TicketId, Timestamp,
    door_api::{CompletedOffline, DoorTender, RefusalCode, SubmitSale},
    edge_api::{TenderOffer, Totals},
    events::{LateSale, Tender, TenderMethod},
    facts::ExceptionKind,
};
use store::{
    Conn, accounts,
    drawers::{self, Drawer},
    khqr::Intent,
    reports,
    submissions::{Client, Pending},
};

use super::{
    Refusal,
    desk::{Decided, Desk, Menu, Told},
    khqr::{self, Code},
};

/// Decides a sale.
pub(super) async fn decide(
    conn: &mut Conn,
    desk: &Desk,
    pending: &Pending,
    sale: &SubmitSale,
) -> Result<Decided, store::Error> {
    let session = match sale.cash_session_id {
        Some(id) => {
            let known = drawers::read(conn, id).await?;
            known.filter(|drawer| drawer.branch_id == desk.origin.branch_id)
        }
        None => None,
    };
    let late = supplement(conn, desk, sale, session.as_ref()).await?;
    let account = match (&sale.tender, sale.customer_id) {
        (DoorTender::Account, Some(customer)) => {
            accounts::lock(conn, &[(desk.tenant(), customer)]).await?.pop()
        }
        _ => None,
    };
    let code = match &sale.tender {
        DoorTender::Khqr { md5, .. } => khqr::find(conn, md5).await?,
        _ => None,
    };
    Ok(Asked { desk, pending, sale, session, late, account, code }.decide())
}

/// What was completed in a session and comes after its close is the next supplement to
/// its Z report; only a fact may be one, and only of a session of this door.
async fn supplement(
    conn: &mut Conn,
    desk: &Desk,
    sale: &SubmitSale,
    session: Option<&Drawer>,
) -> Result<Option<LateSale>, store::Error> {
    let (Some(closed), Some(offline)) = (session, &sale.offline) else { return Ok(None) };
    let sold_in_it = closed.was_open_at(offline.completed_at) && !desk.is_the_edges(closed);
    if closed.is_open() || !sold_in_it {
        return Ok(None);
    }
    let newest = reports::newest_supplements(conn, &[closed.cash_session_id]).await?;
    let newest = newest.first().map_or(0, |(_, newest)| *newest);
    let supplement_no = u32::try_from(newest.saturating_add(1)).unwrap_or(u32::MAX);
    Ok(Some(LateSale { supplement_no, received_at: desk.now }))
}

/// A sale with all that its decision needs. Pure from here on.
struct Asked<'a> {
    desk: &'a Desk,
    pending: &'a Pending,
    sale: &'a SubmitSale,
    session: Option<Drawer>,
    late: Option<LateSale>,
    account: Option<accounts::Account>,
    /// The KHQR code that the sale names.
    code: Option<Code>,
}

type Objections = Vec<(ExceptionKind, String)>;

impl Asked<'_> {
    fn decide(self) -> Decided {
        let mut objections = Objections::new();
        let menu = self.desk.menu.as_ref().ok_or_else(Refusal::no_catalogue)?;
        self.check_drawer(&mut objections)?;
        let cash_session_id = self.check_session(&mut objections)?;
        let finalized_at = match &self.sale.offline {
            Some(offline) => offline.completed_at.min(self.desk.now),
            None => self.desk.now,
        };
        let settled = self.sold(menu, finalized_at)?;
        let ticket = &self.pending.ticket_id;
        let sale_id = SaleId::from_uuid(self.desk.id_for("sale", ticket));
        let (cashier_id, cashier_name) = self.cashier();
        let event = settled.into_event(Sold {
            tenant_id: self.desk.tenant(),
            branch_id: self.desk.origin.branch_id,
            edge_id: self.desk.origin.edge_id,
            device_id: self.device(),
            cash_session_id,
            cashier_id,
            cashier_name,
            customer_id: self.sale.customer_id,
            seller: menu.index.document().seller.clone(),
            sale_id,
            order_id: OrderId::derived(sale_id.as_uuid(), "order"),
            ticket_id: ticket.clone(),
            request_hash: self.pending.body_hash,
            sale_type: self.sale.cart.sale_type,
            finalized_at,
            late: self.late,
        });
        let told = Told::event(EntryKind::SaleFinalized, &event, sale_id.as_uuid())?;
        Ok(Told { objections, ..told })
    }

    /// What is sold, at which price, and how it is paid. A cart that a paid code
    /// locked is sold as it was locked; any other at the menu's prices, or a fact at
    /// those that the client charged.
    fn sold(&self, menu: &Menu, at: Timestamp) -> Result<Settled, Refusal> {
        if let DoorTender::Khqr { md5, currency, .. } = &self.sale.tender {
            let code = (md5.as_str(), self.code.as_ref());
            let ticket = &self.pending.ticket_id;
            match khqr::locked(self.desk, ticket, self.sale, code) {
                Ok(locked) if locked.tender.currency == *currency => return Ok(locked),
                Ok(_) if !self.is_fact() => {
                    let detail = format!("KHQR code {md5} asks for another currency");
                    return Err(Refusal::new(RefusalCode::KhqrUnproven, detail));
                }
                Err(refusal) if !self.is_fact() => return Err(refusal),
                Ok(_) | Err(_) => {}
            }
        }
        let index = self.prices(menu)?;
        let Priced { totals, deductions } =
            pricing::price(&index, &self.sale.cart, at).map_err(|error| Refusal::cart(&error))?;
        let tender = self.settle(&totals)?;
        Ok(Settled { totals, deductions, catalogue: menu.reference, tender })
    }

    fn is_fact(&self) -> bool {
        self.sale.offline.is_some()
    }

    fn is_cash(&self) -> bool {
        matches!(self.sale.tender, DoorTender::Cash { .. })
    }

    /// The session that the sale is booked in. Staffed tills sell in an open one of
    /// the seller's own, on its till; online orders in none.
    ///
    /// A fact is booked all the same. Of a session that is not open the books tell by
    /// themselves; one that is kept at an edge counts what its own tills sold, so it
    /// is told here, and the sale stands outside of it.
    fn check_session(&self, objections: &mut Objections) -> Result<Option<CashSessionId>, Refusal> {
        let named = self.sale.cash_session_id;
        if let Some(drawer) = self.session.as_ref().filter(|drawer| self.desk.is_the_edges(drawer))
        {
            if !self.is_fact() {
                return Err(Refusal::kept_at_edge());
            }
            // Of cash it is told already; that it is in no drawer, the books tell.
            if !self.is_cash() {
                let id = drawer.cash_session_id;
                let detail = format!("cash session {id} is kept at the store's edge");
                objections.push((ExceptionKind::SessionNotOpen, detail));
            }
            return Ok(self.is_cash().then(|| self.no_drawer()));
        }
        if self.is_fact() {
            return Ok(named.or_else(|| self.is_cash().then(|| self.no_drawer())));
        }
        match (&self.session, named) {
            (None, None) if self.is_cash() => Err(Refusal::no_open_session(None, "")),
            (None, None) => {
                self.check_names()?;
                Ok(None)
            }
            (Some(drawer), _) if drawer.is_open() => {
                self.check_seller(drawer)?;
                Ok(named)
            }
            (Some(_), _) => Err(Refusal::no_open_session(named, "closed")),
            (None, Some(_)) => Err(Refusal::no_open_session(named, "not one of this store")),
        }
    }

    /// Whether the one who sells may sell in this session, on this till.
    fn check_seller(&self, drawer: &Drawer) -> Result<(), Refusal> {
        let id = Some(drawer.cash_session_id);
        if self.sale.device_id.is_some_and(|device| device != drawer.device_id) {
            return Err(Refusal::no_open_session(id, "open on another till"));
        }
        if self.sale.cashier_id.is_some_and(|cashier| cashier != drawer.opened_by) {
            return Err(Refusal::no_open_session(id, "another person's; open one of your own"));
        }
        Ok(())
    }

    /// Whether who and what an online order names is of this store.
    fn check_names(&self) -> Result<(), Refusal> {
        self.sale.cashier_id.map(|cashier| self.desk.role_of(cashier)).transpose()?;
        self.sale.device_id.map_or(Ok(()), |device| self.desk.check_device(device))
    }

    /// A session that is in nobody's books: the place of cash that is in no drawer.
    fn no_drawer(&self) -> CashSessionId {
        CashSessionId::derived(self.desk.origin.edge_id.as_uuid(), "no-drawer")
    }

    /// Where a box keeps the drawers, no cash comes through the door.
    fn check_drawer(&self, objections: &mut Objections) -> Result<(), Refusal> {
        if !(self.is_cash() && self.desk.store_edge.is_some()) {
            return Ok(());
        }
        let refusal = Refusal::cash_at_edge();
        if self.is_fact() {
            objections.push((ExceptionKind::CashAtEdge, refusal.detail));
            return Ok(());
        }
        Err(refusal)
    }

    /// The menu, or what the client charged instead.
    fn prices(&self, menu: &Menu) -> Result<Arc<CatalogueIndex>, Refusal> {
        let Some(CompletedOffline { charged, .. }) = &self.sale.offline else {
            return Ok(Arc::clone(&menu.index));
        };
        let index = charged::as_charged(menu.index.document(), &self.sale.cart, charged);
        index
            .map(Arc::new)
            .map_err(|error| Refusal::new(RefusalCode::InvalidCart, error.to_string()))
    }

    fn settle(&self, totals: &Totals) -> Result<Tender, Refusal> {
        match &self.sale.tender {
            DoorTender::Cash { received } => {
                let offer = TenderOffer { method: TenderMethod::Cash, received: *received };
                // What was handed over was handed over; that it is too little is told as
                // a difference of the figures.
                let settled = if self.is_fact() {
                    tender::settle_fact(totals, &offer)
                } else {
                    tender::settle(totals, &offer)
                };
                settled.map_err(|error| {
                    let code = match error {
                        TenderError::NotEnough { .. } => RefusalCode::TenderNotEnough,
                        _ => RefusalCode::InvalidTender,
                    };
                    Refusal::new(code, error.to_string())
                })
            }
            DoorTender::Account => self.charge(totals),
            DoorTender::Khqr { md5, currency, proof } => {
                // Of a fact: requests are sold as their code locked them.
                let code = self.code.as_ref().map(|code| &code.intent);
                if let Some(proven) = code.and_then(khqr::proof_of) {
                    let tender = charged::by_khqr(totals, *currency, proven);
                    if code.is_some_and(|code| self.is_paid_by(&tender, code)) {
                        return Ok(tender);
                    }
                }
                // Whoever books it says of a fact that its payment is not proven.
                match proof.clone().filter(|_| self.is_fact()) {
                    Some(said) => Ok(charged::by_khqr(totals, *currency, said)),
                    None => Err(Refusal::new(
                        RefusalCode::KhqrUnproven,
                        format!("the centre has no confirmed payment of this sale on code {md5}"),
                    )),
                }
            }
        }
    }

    /// Whether a code was made for this sale and for what is owed.
    fn is_paid_by(&self, tender: &Tender, code: &Intent) -> bool {
        khqr::is_of(code, self.desk, &self.pending.ticket_id)
            && code.currency == tender.currency
            && code.amount == tender.received
    }

    /// On account, up to the customer's limit. That a fact passes it is told where
    /// it is charged.
    fn charge(&self, totals: &Totals) -> Result<Tender, Refusal> {
        let Some(customer) = self.sale.customer_id else {
            return Err(Refusal::new(
                RefusalCode::NoAccount,
                "a sale on account names its customer",
            ));
        };
        if self.is_fact() {
            return Ok(charged::on_account(totals));
        }
        let Some(account) = &self.account else {
            let detail = format!("customer {customer} has no house account");
            return Err(Refusal::new(RefusalCode::NoAccount, detail));
        };
        let owed = account.balance_usd.saturating_add(totals.grand_total_usd.amount());
        if owed > account.limit_usd {
            let detail = format!(
                "customer {customer} owes {} USD; with this sale of {} USD it would pass the limit \
                 of {} USD",
                account.balance_usd.normalize(),
                totals.grand_total_usd,
                account.limit_usd.normalize()
            );
            return Err(Refusal::new(RefusalCode::CreditLimitExceeded, detail));
        }
        Ok(charged::on_account(totals))
    }

    fn device(&self) -> DeviceId {
        let of_session = self.session.as_ref().map(|drawer| drawer.device_id);
        self.sale.device_id.or(of_session).unwrap_or_else(|| self.desk.door_device())
    }

    /// Who sold: a person, or the client itself.
    fn cashier(&self) -> (StaffId, String) {
        let Client { client_id, name } = &self.pending.client;
        let of_session = self.session.as_ref().map(|drawer| drawer.opened_by);
        let cashier = self.sale.cashier_id.or(of_session);
        match cashier {
            Some(id) => (id, self.desk.name_of(id).unwrap_or_else(|| name.clone())),
            None => (StaffId::from_uuid(*client_id), name.clone()),
        }
    }
}

/// The refusal of a request whose ticket another payload has.
pub(super) fn ticket_taken(ticket: &TicketId, hash: Sha256Hash) -> Refusal {
    let hash = hash.short();
    let detail = format!("ticket {ticket} was sold already, by a request with hash {hash}");
    Refusal::new(RefusalCode::TicketConflict, detail)
}
