//! Each journaled ticket is booked exactly once.
//!
//! A sale entry has either a sale, or a row in quarantine, or a ticket that an
//! earlier entry took to the books already (a repeat). Sales and tickets belong
//! to each other one for one.

use std::collections::BTreeMap;

use domain::catalogue::content_hash;
use schemas::{Entry, events::SaleFinalizedV1};
use uuid::Uuid;

use super::{Check, Found, LIMIT, MAX_OFFENDERS, entries::Row};
use crate::{Conn, Error};

/// How many repeats are looked up with one statement.
const REPEATS_AT_ONCE: usize = 5_000;
/// How many repeats are kept for a look-up; beyond that the books are not
/// merely repeating themselves, and each further one counts as not booked.
const MAX_REPEATS: usize = 1_000_000;

/// A sale entry that made no sale of its own.
struct Repeat {
    edge_id: Uuid,
    seq: i64,
    tenant_id: Uuid,
    ticket_id: String,
    payload_hash: Vec<u8>,
    request_hash: Vec<u8>,
}

/// What became of the sale entries that have streamed by.
pub(super) struct Tickets {
    check: Check,
    journaled: u64,
    booked: u64,
    quarantined: u64,
    by_reason: BTreeMap<String, u64>,
    named: Vec<String>,
    repeats: Vec<Repeat>,
}

impl Default for Tickets {
    fn default() -> Self {
        Self {
            check: Check::new("tickets", "each journaled ticket is booked exactly once"),
            journaled: 0,
            booked: 0,
            quarantined: 0,
            by_reason: BTreeMap::new(),
            named: Vec::new(),
            repeats: Vec::new(),
        }
    }
}

impl Tickets {
    /// Notes that a second sale was booked from the entry that came before.
    pub(super) fn booked_again(&mut self, row: &Row) {
        self.check.wrong(|| format!("entry {}:{} was booked twice", row.edge_id, row.seq));
    }

    /// Takes a sale entry; `said` is `None` if its payload cannot be read.
    pub(super) fn take(&mut self, row: &Row, entry: &Entry, said: Option<&SaleFinalizedV1>) {
        self.journaled += 1;
        let set_aside = row.quarantine_state.as_deref().filter(|state| *state != "RELEASED");
        match (&row.sale, set_aside, said) {
            (Some(_), None, _) => self.booked += 1,
            (Some(_), Some(_), _) => {
                self.check.wrong(|| format!("entry {} is booked and in quarantine", entry.name()));
            }
            (None, Some(state), _) => self.set_aside(row, entry, state),
            (None, None, Some(said)) if self.repeats.len() < MAX_REPEATS => {
                self.repeats.push(Repeat {
                    edge_id: row.edge_id,
                    seq: row.seq,
                    tenant_id: said.tenant_id.as_uuid(),
                    ticket_id: said.ticket_id.as_str().to_owned(),
                    payload_hash: content_hash(&entry.payload).as_bytes().to_vec(),
                    request_hash: said.request_hash.as_bytes().to_vec(),
                });
            }
            (None, None, _) => self.check.wrong(|| format!("entry {} is not booked", entry.name())),
        }
    }

    fn set_aside(&mut self, row: &Row, entry: &Entry, state: &str) {
        self.quarantined += 1;
        let reason = row.quarantine_reason.as_deref().unwrap_or("unknown");
        *self.by_reason.entry(format!("{state} {reason}")).or_default() += 1;
        if self.named.len() < MAX_OFFENDERS {
            self.named.push(format!("entry {} is in quarantine: {state} {reason}", entry.name()));
        }
    }

    /// Ends the walk: looks the repeats up, and pairs sales with tickets.
    pub(super) async fn check(mut self, conn: &mut Conn) -> Result<Check, Error> {
        let mut repeated = 0_u64;
        for some in self.repeats.chunks(REPEATS_AT_ONCE) {
            repeated += look_up(conn, some, &mut self.check).await?;
        }
        let found = sqlx::query_file_as!(Found, "src/sql/verify_tickets.sql", LIMIT);
        self.check.take(found.fetch_all(conn).await?);
        for (reason, count) in self.by_reason {
            self.check.note_apart(format!("{count} quarantined: {reason}"));
        }
        self.check.apart.extend(self.named);
        Ok(self
            .check
            .counting("journaled", self.journaled)
            .counting("booked", self.booked)
            .counting("repeated", repeated)
            .counting("quarantined", self.quarantined))
    }
}

/// Counts the repeats whose ticket has its outcome; the others are wrong.
async fn look_up(conn: &mut Conn, repeats: &[Repeat], check: &mut Check) -> Result<u64, Error> {
    let edge_ids: Vec<Uuid> = repeats.iter().map(|repeat| repeat.edge_id).collect();
    let seqs: Vec<i64> = repeats.iter().map(|repeat| repeat.seq).collect();
    let tenants: Vec<Uuid> = repeats.iter().map(|repeat| repeat.tenant_id).collect();
    let tickets: Vec<String> = repeats.iter().map(|repeat| repeat.ticket_id.clone()).collect();
    let payloads: Vec<Vec<u8>> = repeats.iter().map(|repeat| repeat.payload_hash.clone()).collect();
    let requests: Vec<Vec<u8>> = repeats.iter().map(|repeat| repeat.request_hash.clone()).collect();
    let rows = sqlx::query_file!(
        "src/sql/verify_repeats.sql",
        &edge_ids,
        &seqs,
        &tenants,
        &tickets,
        &payloads,
        &requests,
    );
    let mut repeated = 0;
    for row in rows.fetch_all(conn).await? {
        if !row.known {
            check.wrong(|| format!("entry {}:{} is not booked", row.edge_id, row.seq));
        } else if !row.told {
            check.wrong(|| {
                format!("entry {}:{} repeats a ticket with another sale", row.edge_id, row.seq)
            });
        } else {
            repeated += 1;
        }
    }
    Ok(repeated)
}
