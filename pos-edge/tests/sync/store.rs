//! A store: a journal in a folder of its own, sales made into it, and its sync
//! over a line that can be cut.

use std::{path::Path, sync::Arc, time::Duration};

use pos_edge::{
    journal::{
        Act, Asked, By, EdgeIdentity, Journal, JournalKey, JournalSettings, NewSale, NewSession,
        OrderFilter, Refusal, StockUse, TicketFilter, VoidFilter,
    },
    sync::{self, LinkView, SyncHandle, SyncSettings},
};
use rust_decimal::Decimal;
use schemas::{
    BranchId, CashSessionId, Clock, Currency, DeviceId, EdgeId, Khr, OrderId, SaleId, Sha256Hash,
    StaffId, SystemClock, TenantId, TicketId, Usd, VoidRequestId,
    edge_api::{CashSession, TicketRow, TicketStatus},
    events::{OrderStatus, TenderMethod},
};
use testkit::{BOUND, Line, Nats, scratch_dir, wait_until};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub fn identity() -> EdgeIdentity {
    EdgeIdentity {
        tenant_id: TenantId::from_uuid(Uuid::now_v7()),
        branch_id: BranchId::from_uuid(Uuid::now_v7()),
        edge_id: EdgeId::from_uuid(Uuid::now_v7()),
        shards: 4,
    }
}

/// A journal and what is needed to sell into it.
pub struct Store {
    pub identity: EdgeIdentity,
    pub journal: Journal,
    pub dir: tempfile::TempDir,
    session: CashSession,
}

impl Store {
    /// Makes a journal and opens a cash session: entry 1.
    pub async fn open(identity: EdgeIdentity) -> Self {
        let dir = scratch_dir();
        let settings = JournalSettings::in_dir(dir.path());
        JournalKey::generate().save(&dir.path().join("journal.key")).unwrap();
        Journal::create(&settings, identity, &SystemClock).await.unwrap();
        let journal = open_journal(dir.path(), identity).await;
        let session = CashSession {
            cash_session_id: CashSessionId::from_uuid(Uuid::now_v7()),
            device_id: DeviceId::from_uuid(Uuid::now_v7()),
            staff_id: StaffId::from_uuid(Uuid::now_v7()),
            opened_at: SystemClock.now(),
            opening_float_usd: Usd(Decimal::from(50)),
            opening_float_khr: Khr(Decimal::ZERO),
        };
        let opened = NewSession {
            key: TicketId::parse("open").unwrap(),
            request_hash: Sha256Hash::ZERO,
            session: session.clone(),
            staff_name: "Sokha".to_owned(),
            payload: br#"{"opened":true}"#.to_vec(),
        };
        journal.capture_session(opened).await.unwrap();
        Self { identity, journal, dir, session }
    }

    /// Hands out every order and closes the session: nothing is needed any more.
    pub async fn end_the_day(&self) {
        let by = By {
            device_id: self.session.device_id,
            staff_id: self.session.staff_id,
            approver: true,
        };
        let act = async |key: String, act: Act| {
            let key = TicketId::parse(key).unwrap();
            let asked = Asked { key, request_hash: Sha256Hash::ZERO, by, act };
            self.journal.carry_out(asked).await.unwrap();
        };
        let filter = OrderFilter { live: true, limit: 200, ..OrderFilter::default() };
        for order in self.journal.orders(filter).await.unwrap().orders {
            for to in [OrderStatus::Ready, OrderStatus::Delivered] {
                let key = format!("{}-{}", to.as_str(), order.order_id);
                act(key, Act::MoveOrder { order_id: order.order_id, to }).await;
            }
        }
        let cash_session_id = self.session.cash_session_id;
        let close = Act::CloseSession { cash_session_id, usd: Usd::ZERO, khr: Khr::ZERO };
        act("close".to_owned(), close).await;
    }

    /// Opens the session of the next day.
    pub async fn open_again(&mut self) {
        self.session.cash_session_id = CashSessionId::from_uuid(Uuid::now_v7());
        let opened = NewSession {
            key: TicketId::parse("open-again").unwrap(),
            request_hash: Sha256Hash::ZERO,
            session: self.session.clone(),
            staff_name: "Sokha".to_owned(),
            payload: br#"{"opened":true}"#.to_vec(),
        };
        self.journal.capture_session(opened).await.unwrap();
    }

    /// Closes the journal and opens it again, to be pruned after no time at all.
    pub async fn keeping_nothing(self) -> Self {
        self.journal.close().await;
        let settings = JournalSettings { keep_days: 0, ..JournalSettings::in_dir(self.dir.path()) };
        let clock = Arc::new(SystemClock);
        let journal = Journal::open(&settings, self.identity, clock).await.unwrap();
        Self { journal, ..self }
    }

    /// Opens the journal that lies in `dir`, a copy of this store's.
    pub async fn copied_to(&self, dir: tempfile::TempDir) -> Self {
        let journal = open_journal(dir.path(), self.identity).await;
        Self { identity: self.identity, journal, dir, session: self.session.clone() }
    }

    /// Makes `count` sales of about 2 KB, many at a time.
    pub async fn sell(&self, count: usize) {
        let sales = (0..count).map(|_| self.journal.capture_sale(self.sale()));
        for captured in futures::future::join_all(sales).await {
            captured.unwrap();
        }
    }

    /// Tries one sale.
    pub async fn try_to_sell(&self) -> Result<(), Refusal> {
        self.journal.capture_sale(self.sale()).await.map(drop)
    }

    /// Makes a sale and asks for its void; the request.
    pub async fn ask_for_a_void(&self) -> VoidRequestId {
        let sale = self.sale();
        let ticket_id = sale.ticket_id.clone();
        self.journal.capture_sale(sale).await.unwrap();
        let by = By {
            device_id: self.session.device_id,
            staff_id: self.session.staff_id,
            approver: false,
        };
        let asked = Asked {
            key: ticket_id.clone(),
            request_hash: Sha256Hash::ZERO,
            by,
            act: Act::RequestVoid { ticket_id, reason: "wrong drink".to_owned() },
        };
        self.journal.carry_out(asked).await.unwrap();
        let filter = VoidFilter { limit: 1, ..VoidFilter::default() };
        self.journal.void_requests(filter).await.unwrap().void_requests[0].void_request_id
    }

    fn sale(&self) -> NewSale {
        let ticket_id = TicketId::mint(SystemClock.now(), rand::random());
        let padding = "x".repeat(1_900);
        NewSale {
            draft_id: None,
            request_hash: Sha256Hash::ZERO,
            device_id: self.session.device_id,
            cash_session_id: self.session.cash_session_id,
            sale_id: SaleId::from_uuid(Uuid::now_v7()),
            order_id: OrderId::from_uuid(Uuid::now_v7()),
            finalized_at: SystemClock.now(),
            method: TenderMethod::Cash,
            currency: Currency::Usd,
            kept: Decimal::new(350, 2),
            grand_total_usd: Usd(Decimal::new(350, 2)),
            vat_usd: Usd::ZERO,
            stock: Vec::<StockUse>::new(),
            payload: format!(
                r#"{{"ticket_id":"{ticket_id}","cashier_id":"{}","cashier_name":"Sokha",
                    "customer_id":null,"sale_type":"TAKEAWAY","lines":[],"deductions":[],
                    "padding":"{padding}"}}"#,
                self.session.staff_id,
            )
            .into(),
            ticket_id,
        }
    }

    /// Starts the sync over `line`.
    pub fn sync(&self, line: &Line) -> Sync {
        self.sync_every(Duration::from_secs(1), line)
    }

    /// The same with another time between heartbeats.
    pub fn sync_every(&self, heartbeat_every: Duration, line: &Line) -> Sync {
        let shutdown = CancellationToken::new();
        let settings = SyncSettings {
            heartbeat_every,
            ..SyncSettings::with(bus::Settings::plain(format!("nats://{}", line.addr())))
        };
        let handle =
            sync::spawn(self.journal.clone(), settings, Arc::new(SystemClock), shutdown.clone());
        Sync { handle, shutdown }
    }

    /// Waits until every sale has its number, and checks that each has another.
    pub async fn all_numbered(&self) {
        wait_until("every sale has its number", BOUND, async || {
            let counts = self.journal.sync_counts().await.unwrap();
            (counts.numbered == counts.captured).then_some(())
        })
        .await;
        let mut numbers: Vec<_> =
            self.tickets().await.iter().map(|ticket| ticket.invoice_no.unwrap()).collect();
        numbers.sort_unstable();
        assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{numbers:?}");
    }

    /// Every ticket, newest first.
    pub async fn tickets(&self) -> Vec<TicketRow> {
        let mut tickets = Vec::new();
        let mut before = None;
        loop {
            let filter = TicketFilter { status: None, before, limit: TicketFilter::MAX_LIMIT };
            let page = self.journal.tickets(filter).await.unwrap();
            tickets.extend(page.tickets);
            before = page.next_before;
            if before.is_none() {
                return tickets;
            }
        }
    }

    /// Waits until the newest ticket shows `status`; its last error.
    pub async fn newest_ticket_is(&self, status: TicketStatus) -> Option<String> {
        wait_until(&format!("the newest ticket is {status:?}"), BOUND, async || {
            let filter = TicketFilter { status: None, before: None, limit: 1 };
            let newest = self.journal.tickets(filter).await.unwrap().tickets.remove(0);
            (newest.status == status).then_some(newest.last_error)
        })
        .await
    }
}

async fn open_journal(dir: &Path, identity: EdgeIdentity) -> Journal {
    let settings = JournalSettings::in_dir(dir);
    Journal::open(&settings, identity, Arc::new(SystemClock)).await.unwrap()
}

/// A running sync.
pub struct Sync {
    pub handle: SyncHandle,
    shutdown: CancellationToken,
}

impl Sync {
    /// Waits until the view is as wanted.
    pub async fn shows(&self, what: &str, wanted: impl Fn(&LinkView) -> bool) -> LinkView {
        let mut status = self.handle.status.clone();
        let waiting = status.wait_for(|view| wanted(view));
        match tokio::time::timeout(BOUND, waiting).await {
            Ok(view) => view.unwrap().clone(),
            Err(_) => panic!("{what} is not shown, but {:?}", self.handle.status.borrow()),
        }
    }

    /// Stops it; it must end in order.
    pub async fn stop(self) {
        self.shutdown.cancel();
        tokio::time::timeout(BOUND, self.handle.ended()).await.expect("ends in time").unwrap();
    }
}

/// A line to `nats`.
pub async fn line_to(nats: &Nats) -> Line {
    Line::to(nats.addr()).await.unwrap()
}

/// Copies the files of a folder.
pub fn copy_of(dir: &Path) -> tempfile::TempDir {
    let copy = scratch_dir();
    for file in std::fs::read_dir(dir).unwrap() {
        let file = file.unwrap();
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}
