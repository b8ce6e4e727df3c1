//! Brings invoice numbers home: register rows of the branch, in the order of
//! `mapping_seq` and without a gap, into the journal.
//!
//! Delivery: at least once, by three ways that repeat each other. The stream
//! of facts is the fast one; a gap in it, or a heartbeat that knows of more
//! than is held, is filled from the register itself by request. So a wiped
//! stream, a lost fact, a restart or an outage of any length heal by
//! themselves. The key is `mapping_seq`, kept by the journal in the
//! transaction that stores the rows; a crash before it asks again.

pub mod inbox;

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use bus::{facts::FactMessage, retry::Pauses};
use schemas::{
    facts::{FactKind, InvoiceAssignedV1},
    requests::{MappingReplyV1, MappingRequestV1},
    subjects::{self, CentralRequest},
};
use tokio::time::Instant;

use super::{Edge, board::Part};
use inbox::{Inbox, Offered};

/// Rows that a heartbeat knows of are mostly on their way already; they are
/// asked for when the stream brought nothing for so long.
const GRACE: Duration = Duration::from_millis(300);
/// Facts are written into the journal at most once per this time: those that come
/// meanwhile go together, and tills wait less for the journal's writer.
const NOT_OFTENER_THAN: Duration = Duration::from_millis(5);
/// How long a page of rows may take.
const PAGE_WITHIN: Duration = Duration::from_secs(10);
/// The first pause after a page failed.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// The longest pause after a page failed.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

pub(super) async fn run(edge: Arc<Edge>) -> anyhow::Result<()> {
    let identity = edge.journal.identity();
    let subject = subjects::fact(identity.tenant_id, identity.branch_id, FactKind::InvoiceAssigned);
    let mut facts = bus::facts::follow(&edge.bus, subject, bus::facts::Start::New);
    let mut heard = edge.board.heard();
    heard.mark_changed();
    let mut mapping = Mapping::new(Arc::clone(&edge));
    edge.board.tell_error(Part::Mapping, None);
    loop {
        tokio::select! {
            batch = facts.next_batch(Inbox::MAX_ROWS) => {
                mapping.take_facts(&batch).await?;
                tokio::time::sleep(NOT_OFTENER_THAN).await;
            }
            changed = heard.changed() => {
                changed.context("the heartbeat's board is gone")?;
                let head = heard.borrow_and_update().map(|heard| heard.mapping_head);
                mapping.told(head.unwrap_or(0));
            }
            () = mapping.due() => mapping.catch_up().await?,
        }
        mapping.measure();
    }
}

struct Mapping {
    edge: Arc<Edge>,
    inbox: Inbox,
    /// When to ask the register for what is missing; `None` if nothing is.
    ask_at: Option<Instant>,
    pauses: Pauses,
}

impl Mapping {
    fn new(edge: Arc<Edge>) -> Self {
        let inbox = Inbox::new(edge.journal.mapping_seq());
        let pauses = bus::retry::pauses(FIRST_PAUSE, LONGEST_PAUSE);
        Self { edge, inbox, ask_at: None, pauses }
    }

    /// Ends when the register is to be asked.
    async fn due(&self) {
        match self.ask_at {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }

    /// The branch has rows up to `head`.
    fn told(&mut self, head: u64) {
        self.inbox.told(head);
        if self.inbox.missing() > 0 && self.ask_at.is_none() {
            self.ask_at = Some(Instant::now() + GRACE);
        }
    }

    async fn take_facts(&mut self, facts: &[FactMessage]) -> anyhow::Result<()> {
        let mut gap = false;
        for fact in facts {
            let row = match serde_json::from_slice::<InvoiceAssignedV1>(&fact.body) {
                Ok(row) => row,
                Err(error) => {
                    // The heartbeat will know that a row is missing.
                    tracing::warn!(fact = fact.fact_id, %error, "not a register row; passed over");
                    continue;
                }
            };
            gap |= self.offer(row)? == Some(Offered::Gap);
        }
        self.store().await?;
        if gap {
            self.ask_at = Some(Instant::now());
        }
        Ok(())
    }

    /// `None`: it is not what it says, and was dropped; it will be missed.
    fn offer(&mut self, row: InvoiceAssignedV1) -> anyhow::Result<Option<Offered>> {
        let identity = self.edge.journal.identity();
        if !inbox::is_believed(&row, identity.tenant_id, identity.branch_id) {
            let (series, no) = (row.series_id, row.no);
            tracing::error!(%series, no, "a register row does not verify; it was dropped");
            self.edge.figures.mapping_rejected.increment(1);
            return Ok(None);
        }
        Ok(Some(self.inbox.offer(row)))
    }

    /// Stores what waits, and starts the grace for what is still missing anew.
    async fn store(&mut self) -> anyhow::Result<()> {
        let rows = self.inbox.waiting();
        if !rows.is_empty() {
            let stored = self.edge.journal.record_invoices(rows).await;
            let stored = stored.context("register rows could not be kept")?;
            self.measure_latency();
            self.inbox.stored(stored);
        }
        self.ask_at = (self.inbox.missing() > 0).then(|| Instant::now() + GRACE);
        Ok(())
    }

    /// Asks the register, page after page, until nothing is missing.
    async fn catch_up(&mut self) -> anyhow::Result<()> {
        while self.inbox.missing() > 0 {
            if let Err(error) = self.take_page().await {
                if error.downcast_ref::<bus::BusError>().is_none() {
                    return Err(error);
                }
                let text = format!("{error:#}");
                tracing::warn!(error = text, "register rows are missing");
                self.edge.board.tell_error(Part::Mapping, Some(text));
                self.ask_at = Some(Instant::now() + self.pauses.next_pause());
                return Ok(());
            }
        }
        self.pauses.reset();
        self.edge.board.tell_error(Part::Mapping, None);
        self.ask_at = None;
        Ok(())
    }

    async fn take_page(&mut self) -> anyhow::Result<()> {
        let after = self.inbox.last();
        let request =
            MappingRequestV1 { after_mapping_seq: after, limit: MappingRequestV1::MAX_ROWS };
        let subject = self.edge.central(CentralRequest::Mapping);
        let page: MappingReplyV1 =
            bus::requests::request(&self.edge.bus, subject, &request, PAGE_WITHIN).await?;
        self.edge.figures.mapping_pages.increment(1);
        self.inbox.told(page.head);
        for row in page.rows {
            let seq = row.mapping_seq;
            match self.offer(row)? {
                Some(Offered::Taken) => {}
                // Something else may have brought it meanwhile.
                Some(Offered::Known) => {}
                Some(Offered::Gap) | None => {
                    return Err(malformed(format!("row {seq} does not follow {after}")));
                }
            }
            if self.inbox.is_full() {
                self.store().await?;
            }
        }
        self.store().await?;
        if self.inbox.last() == after {
            return Err(malformed(format!("there is no row after {after}")));
        }
        Ok(())
    }

    /// Capture → number, of those rows that this process sent itself.
    fn measure_latency(&self) {
        let now = self.edge.clock.now();
        let edge_id = self.edge.journal.identity().edge_id;
        for row in self.inbox.waiting().iter().filter(|row| row.edge_id == edge_id) {
            if let Some(recorded_at) = self.edge.board.recorded.of(row.entry_seq) {
                let micros = u64::try_from(now.micros_since(recorded_at)).unwrap_or(0);
                self.edge.figures.capture_to_number.record(Duration::from_micros(micros));
            }
        }
    }

    fn measure(&self) {
        self.edge.figures.mapping_lag.set(self.inbox.missing() as f64);
    }
}

fn malformed(why: String) -> anyhow::Error {
    bus::BusError::Malformed { what: "a page of register rows".to_owned(), why }.into()
}
