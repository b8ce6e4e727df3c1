//! Are the books whole? Every promise of theirs, checked against what is
//! stored: nothing is believed because it was written by us.
//!
//! [`books`] reads one snapshot of the database (a read-only transaction) and
//! changes nothing, so it can run beside everything else. Chains are computed
//! again with `domain` while rows stream by; sums and pairings are set-based
//! statements in `sql/verify_*.sql`. Memory stays bounded by the number of
//! stock items and of sales that repeat another's ticket, not by the books.

use serde::{Serialize, Serializer};

use crate::{Conn, Error, Pool};

mod adoptions;
mod booked;
mod deductions;
mod door;
mod entries;
mod heartbeats;
mod khqr;
mod pairings;
mod per_edge;
mod register;
mod tickets;
mod waiting;

pub use per_edge::{
    BookedSale, BookedTicket, RegisterSum, quarantined_sales, register_sum, sales_of, tickets_of,
};
pub use waiting::{Mark, Waiting, mark, unheard, waiting_since};

/// The most offenders that a check names; the rest are counted.
pub const MAX_OFFENDERS: usize = 10;

/// What one check found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// The check, in one word.
    pub name: &'static str,
    /// What holds when it is `ok`.
    pub promise: &'static str,
    /// Whether it holds.
    pub ok: bool,
    /// What was looked at, by name; a map in JSON.
    #[serde(serialize_with = "as_map")]
    pub counts: Vec<Count>,
    /// How many things are wrong.
    pub failures: u64,
    /// The first [`MAX_OFFENDERS`] of them, in words.
    pub offenders: Vec<String>,
    /// What is not wrong but counted apart, in words: quarantined entries, held
    /// edges, what could not be looked at.
    pub apart: Vec<String>,
}

/// How many of something a check looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Count {
    /// Of what.
    pub what: &'static str,
    /// How many.
    pub count: u64,
}

fn as_map<S: Serializer>(counts: &[Count], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().map(|count| (count.what, count.count)))
}

impl Check {
    /// A check that has found nothing wrong yet.
    pub fn new(name: &'static str, promise: &'static str) -> Self {
        Self {
            name,
            promise,
            ok: true,
            counts: Vec::new(),
            failures: 0,
            offenders: Vec::new(),
            apart: Vec::new(),
        }
    }

    /// Adds a count.
    #[must_use]
    pub fn counting(mut self, what: &'static str, count: u64) -> Self {
        self.counts.push(Count { what, count });
        self
    }

    /// Notes one thing that is wrong.
    pub fn wrong(&mut self, offender: impl FnOnce() -> String) {
        self.ok = false;
        self.failures = self.failures.saturating_add(1);
        if self.offenders.len() < MAX_OFFENDERS {
            self.offenders.push(offender());
        }
    }

    /// Notes something that is not wrong but must be seen.
    pub fn note_apart(&mut self, note: impl Into<String>) {
        self.apart.push(note.into());
    }

    /// Takes over what a statement found: the first offenders and how many
    /// there are.
    fn take(&mut self, found: Vec<Found>) {
        let Some(first) = found.first() else { return };
        self.ok = false;
        self.failures = self.failures.saturating_add(first.total.unsigned_abs());
        let room = MAX_OFFENDERS.saturating_sub(self.offenders.len());
        self.offenders.extend(found.into_iter().take(room).map(|found| found.offender));
    }

    /// The count of that name, 0 if there is none.
    pub fn count(&self, what: &str) -> u64 {
        self.counts.iter().find(|count| count.what == what).map_or(0, |count| count.count)
    }
}

/// One offender that a statement found, and how many there are of its kind.
struct Found {
    offender: String,
    total: i64,
}

/// The most offenders that a statement returns.
#[expect(clippy::cast_possible_wrap, reason = "a small constant")]
const LIMIT: i64 = MAX_OFFENDERS as i64;

/// Runs every check that needs nothing but the books.
///
/// # Errors
/// [`Error::Database`] if the books cannot be read. What is wrong *in* them is
/// no error but a failed [`Check`].
pub async fn books(pool: &Pool) -> Result<Vec<Check>, Error> {
    let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
    prepare(&mut tx).await?;
    let mut checks = entries::checks(&mut tx).await?;
    checks.extend(pairings::checks(&mut tx).await?);
    checks.push(khqr::check(&mut tx).await?);
    checks.extend(register::checks(&mut tx).await?);
    checks.push(heartbeats::check(&mut tx).await?);
    checks.push(door::check(&mut tx).await?);
    checks.push(adoptions::check(&mut tx).await?);
    tx.rollback().await?;
    Ok(checks)
}

/// A check reads whole tables: it may take long, and an index walk for each row
/// (which the planner prefers for tables it has no figures of yet) never pays.
async fn prepare(conn: &mut Conn) -> Result<(), Error> {
    for setting in [
        "SET LOCAL statement_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        "SET LOCAL enable_nestloop = off",
        "SET LOCAL jit = off",
        "SET LOCAL work_mem = '64MB'",
    ] {
        sqlx::query(setting).execute(&mut *conn).await?;
    }
    Ok(())
}
