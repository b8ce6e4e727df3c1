//! The direct door's side of the books: submissions of clients without an edge are
//! decided here, by whoever holds the branch's shard.
//!
//! Guarantees: each submission is decided once, in the order in which it came to
//! its branch. What is decided in its favour becomes the next entry of the branch's
//! *door edge*: sealed on that journal's chain and booked, through the same plan as
//! an edge's entries, in the very transaction that settles the submission and moves
//! the cursor. A refusal is final and told in the same transaction.
//!
//! Submissions are decided one after the other within a transaction, each against
//! what those before it made of the books, so that two of them cannot both pass a
//! limit that holds for their sum. A crash before COMMIT leaves them pending; one
//! after it leaves outcomes that `ingest` reads; an error *from* COMMIT means
//! unknown, and the next look finds out.
//!
//! Nothing is decided while the books must be recovered from an older backup (ADR 0013).

mod desk;
mod sale;

mod orders;
mod sessions;
mod voids;

mod khqr;

mod rebuild;
mod refusal;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use domain::journal_chain::{head_of, seal};
use schemas::{
    BranchId, Clock, CustomerId, EdgeId, Entry, TenantId,
    door_api::{DoorTender, Submission},
    facts::SaleRefusedV1,
    subjects::shard_of,
};
use store::{
    Conn, Pool, accounts, cursors,
    cursors::CursorMove,
    doors,
    lease::Lease,
    submissions::{self, Outcome, Pending},
    tickets,
};
use telemetry::failpoint;
use tokio::sync::Mutex;
use uuid::Uuid;

pub use rebuild::rebuild;
pub use refusal::Refusal;

use crate::{
    batch::BatchError,
    booking::book,
    books::PgBooks,
    plan::Work,
    reading::{Reading, plain, read},
    repricing::{Catalogues, Repricing, reprice},
};
use desk::{Decided, Desk, Told};

/// The most submissions decided in one transaction.
pub const MAX_DECIDED: u32 = 50;

/// Who decides, and under what.
#[derive(Clone)]
pub struct Door {
    /// The books.
    pub pool: Pool,
    /// The shard's lease.
    pub lease: Lease,
    /// For how long it is renewed.
    pub ttl: Duration,
    /// Which shard.
    pub shard: u16,
    /// Of how many.
    pub shards: u16,
    /// Menus in use.
    pub catalogues: Arc<Mutex<Catalogues>>,
    /// When entries are written.
    pub clock: Arc<dyn Clock>,
}

/// What a look at the door came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Served {
    /// The submissions that were settled.
    pub settled: Vec<Uuid>,
    /// How many entries were booked.
    pub booked: u64,
    /// The store's edge, if orders may wait for it now.
    pub wakes: Option<EdgeId>,
}

impl Served {
    /// Whether there may be more.
    pub fn is_full(&self) -> bool {
        u32::try_from(self.settled.len()) == Ok(MAX_DECIDED)
    }
}

impl Door {
    /// The branches of the shard that have undecided submissions.
    ///
    /// # Errors
    /// [`BatchError`] if the books cannot be asked.
    pub async fn waiting(&self) -> Result<Vec<(TenantId, BranchId)>, BatchError> {
        let mut conn = self.pool.acquire().await.map_err(store::Error::from)?;
        let mut branches = submissions::waiting_branches(&mut conn).await?;
        branches.retain(|(tenant, branch)| shard_of(*tenant, *branch, self.shards) == self.shard);
        Ok(branches)
    }

    /// Decides the first undecided submissions of a branch, at most
    /// [`MAX_DECIDED`]. To be run to its end, in a task of its own.
    ///
    /// # Errors
    /// [`BatchError`]; nothing is settled then, or (an error from COMMIT) unknown.
    pub async fn serve(self, tenant: TenantId, branch: BranchId) -> Result<Served, BatchError> {
        let mut tx = self.pool.begin().await.map_err(store::Error::from)?;
        if !store::lease::renew(&mut tx, &self.lease, self.ttl).await? {
            tx.rollback().await.map_err(store::Error::from)?;
            return Err(BatchError::LeaseLost);
        }
        // What waits in books that were restored may have been decided before.
        if let Some(reason) = store::recovery::must_wait(&mut tx, tenant).await? {
            tracing::debug!(tenant.id = %tenant, reason, "nothing is decided at the door");
            tx.rollback().await.map_err(store::Error::from)?;
            return Ok(Served::default());
        }
        let served = self.decide_all(&mut tx, tenant, branch).await?;
        failpoint("door.before_commit");
        tx.commit().await.map_err(store::Error::from)?;
        failpoint("door.after_commit");
        Ok(served)
    }

    async fn decide_all(
        &self,
        conn: &mut Conn,
        tenant: TenantId,
        branch: BranchId,
    ) -> Result<Served, BatchError> {
        let mut served = Served::default();
        let edge: EdgeId = doors::door_edge(branch);
        let Some(cursor) = cursors::lock(conn, &[edge]).await?.pop() else {
            let missing = format!("branch {branch} has no door edge");
            return Err(store::Error::corrupt("submission.branch_id", missing).into());
        };
        let waiting = submissions::pending(conn, tenant, branch, MAX_DECIDED).await?;
        let waiting: Vec<Read> = waiting.into_iter().map(Read::from).collect();
        // All at once and in order, so that two shards wait for each other but never
        // both.
        let customers: BTreeSet<CustomerId> =
            waiting.iter().filter_map(Read::charged_customer).collect();
        let customers: Vec<_> = customers.into_iter().map(|id| (tenant, id)).collect();
        accounts::lock(conn, &customers).await?;
        let mut desk = Desk::of(conn, &cursor, &self.catalogues, self.clock.now()).await?;
        for read in &waiting {
            let outcome = decide_one(conn, &mut desk, read).await?;
            let pending = &read.pending;
            submissions::settle(conn, tenant, &pending.ticket_id, &outcome, desk.now).await?;
            served.booked += u64::from(matches!(outcome, Outcome::Booked { .. }));
            served.settled.push(submissions::submission_id(tenant, &pending.ticket_id));
        }
        if desk.head != cursor.head {
            served.wakes = desk.store_edge;
            let moved = CursorMove { edge_id: edge, head: desk.head, held: None };
            cursors::advance(conn, &[moved]).await?;
        }
        Ok(served)
    }
}

/// A submission, read.
struct Read {
    pending: Pending,
    submission: Result<Submission, Refusal>,
}

impl From<Pending> for Read {
    fn from(pending: Pending) -> Self {
        let submission = serde_json::from_slice(&pending.body);
        Self { pending, submission: submission.map_err(|error| Refusal::unreadable(&error)) }
    }
}

impl Read {
    fn charged_customer(&self) -> Option<CustomerId> {
        match &self.submission {
            Ok(Submission::Sale(sale)) if sale.tender == DoorTender::Account => sale.customer_id,
            _ => None,
        }
    }
}

/// Decides a submission and books what it makes.
async fn decide_one(
    conn: &mut Conn,
    desk: &mut Desk,
    Read { pending, submission }: &Read,
) -> Result<Outcome, BatchError> {
    let submission = match submission {
        Ok(submission) => submission,
        Err(refusal) => return Ok(refused(refusal)),
    };
    let taken = match submission {
        Submission::Sale(_) => {
            tickets::read(conn, &[(desk.tenant(), &pending.ticket_id)]).await?.pop()
        }
        _ => None,
    };
    let conflict = taken.map(|kept| sale::ticket_taken(&pending.ticket_id, kept.payload_hash));
    let decided = match (&conflict, submission.is_fact()) {
        (Some(refusal), false) => Err(refusal.clone()),
        _ => decide(conn, desk, pending, submission).await?,
    };
    let refusal = match decided {
        Ok(told) => {
            let made_id = told.made_id;
            let entry = journal(conn, desk, &told).await?;
            match conflict {
                None => return Ok(Outcome::Booked { made_id, entry }),
                // It is in the journal, with an exception, and made no sale.
                Some(conflict) => conflict,
            }
        }
        Err(refusal) => refusal,
    };
    if let Submission::Sale(sale) = submission {
        let actor_id = sale.cashier_id.map_or(pending.client.client_id, Uuid::from);
        let told = SaleRefusedV1 {
            tenant_id: desk.tenant(),
            branch_id: desk.origin.branch_id,
            ticket_id: pending.ticket_id.clone(),
            request_hash: pending.body_hash,
            customer_id: sale.customer_id,
            code: refusal.code.as_str().to_owned(),
            detail: plain(&refusal.detail),
            at: desk.now,
        };
        submissions::tell_refused(conn, &told, actor_id).await?;
    }
    Ok(refused(&refusal))
}

async fn decide(
    conn: &mut Conn,
    desk: &Desk,
    pending: &Pending,
    submission: &Submission,
) -> Result<Decided, store::Error> {
    match submission {
        Submission::Sale(sale) => sale::decide(conn, desk, pending, sale).await,
        Submission::OpenSession(asked) => sessions::open(conn, desk, pending, asked).await,
        Submission::CloseSession(asked) => sessions::close(conn, desk, asked).await,
        Submission::MoveCash(asked) => sessions::move_cash(conn, desk, pending, asked).await,
        Submission::MoveOrder(asked) => orders::move_on(conn, desk, asked).await,
        Submission::RequestVoid(asked) => voids::request(conn, desk, pending, asked).await,
        Submission::DecideVoid(asked) => voids::decide(conn, desk, asked).await,
        Submission::CarryOut(asked) => voids::carry_out(conn, desk, asked).await,
    }
}

fn refused(refusal: &Refusal) -> Outcome {
    Outcome::Refused { code: refusal.code, detail: plain(&refusal.detail) }
}

/// Writes the next entry of the door edge's journal and books it.
async fn journal(
    conn: &mut Conn,
    desk: &mut Desk,
    told: &Told,
) -> Result<(EdgeId, u64), BatchError> {
    let version = told.kind.newest_version();
    let payload = told.payload.clone();
    let entry = seal(desk.origin.edge_id, desk.head, told.kind, version, desk.now, payload);
    let reading = read(desk.origin, &entry);
    let repricing = match &reading {
        Reading::SaleFinalized(sale) => {
            reprice(desk.menu_of(conn, sale.catalogue).await?.as_deref(), sale)
        }
        _ => Repricing::Agrees,
    };
    let work = Work {
        origin: desk.origin,
        entry: &entry,
        reading: &reading,
        repricing: &repricing,
        objections: &told.objections,
        waited: false,
    };
    let booked = book(&mut PgBooks::within(conn), &[work], 0).await?;
    desk.head = head_of(&entry);
    let Entry { edge_id, seq, .. } = entry;
    for (_, aside) in &booked.set_aside {
        tracing::error!(edge.id = %edge_id, entry.seq = seq, reason = %aside.reason,
            detail = aside.detail, "an entry of the direct door was set aside");
    }
    Ok((edge_id, seq))
}
