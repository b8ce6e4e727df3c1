//! Checking the chain: at the start from the head backwards within a budget,
//! then what is older and not yet in the books, in small steps while the
//! writer has nothing else to do.

use domain::journal_chain;
use schemas::{EdgeId, Entry, requests::JournalHead};
use sqlx::SqliteConnection;

use super::{entries, error::JournalError, open::replace, state::Ledger};

/// Entries that are read at once on the way back.
const BACKWARD_STEP: usize = 64;
/// Entries that one step of the later check reads.
const STEP_ENTRIES: usize = 64;
/// Payload that one step of the later check reads, in bytes.
const STEP_BYTES: usize = 128 * 1024;

/// The check of entries that the start had no time for.
pub(super) struct Checking {
    /// The newest entry found good, counted from the books' cursor on.
    good: JournalHead,
    /// The oldest entry that the start checked.
    until: Entrance,
    /// Whether a damaged entry was found: then it goes no further.
    stopped: bool,
}

/// Where the part begins that was checked at the start.
struct Entrance {
    seq: u64,
    prev: JournalHead,
}

impl Checking {
    /// Everything up to here may be published.
    pub(super) fn verified(&self) -> u64 {
        self.good.seq
    }

    /// Whether there is something left to do.
    pub(super) fn goes_on(&self) -> bool {
        !self.stopped
    }
}

/// Checks that an entry is what its hash says and follows `prev`.
pub(super) fn check_link(entry: &Entry, prev: JournalHead) -> Result<(), JournalError> {
    let broken = |why: String| JournalError::Broken { seq: entry.seq, why };
    if !journal_chain::follows(entry, prev) {
        return Err(broken(format!("it does not follow entry {}", prev.seq)));
    }
    journal_chain::verify_hash(entry).map_err(|error| broken(error.to_string()))
}

/// Checks from `head` back to `confirmed`, as far as `budget_bytes` of payload
/// go, but always the head itself. `None`: everything was checked.
pub(super) async fn check_tail(
    connection: &mut SqliteConnection,
    edge_id: EdgeId,
    head: JournalHead,
    confirmed: JournalHead,
    budget_bytes: u64,
) -> Result<Option<Checking>, JournalError> {
    let mut newer = JournalHead { seq: head.seq.saturating_add(1), hash: head.hash };
    let mut bytes: u64 = 0;
    while newer.seq > 1 && (newer.seq > head.seq || newer.seq > confirmed.seq.saturating_add(1)) {
        let step = entries::read_before(connection, edge_id, newer.seq, BACKWARD_STEP).await?;
        if step.is_empty() {
            return Err(missing(newer.seq - 1));
        }
        for entry in step {
            if entry.seq.saturating_add(1) != newer.seq {
                return Err(missing(newer.seq - 1));
            }
            if entry.hash != newer.hash {
                let why = format!("entry {} follows another one", newer.seq);
                return Err(JournalError::Broken { seq: entry.seq, why });
            }
            let prev = JournalHead { seq: entry.seq - 1, hash: entry.prev_hash };
            check_link(&entry, prev)?;
            newer = JournalHead { seq: entry.seq, hash: entry.prev_hash };
            bytes = bytes.saturating_add(entry.payload.len() as u64);
            if newer.seq <= confirmed.seq.saturating_add(1) {
                break;
            }
            if bytes >= budget_bytes {
                let prev = JournalHead { seq: newer.seq - 1, hash: newer.hash };
                let until = Entrance { seq: newer.seq, prev };
                return Ok(Some(Checking { good: confirmed, until, stopped: false }));
            }
        }
    }
    // `newer` is the oldest entry checked, with the hash of the one before it.
    if newer.seq == confirmed.seq.saturating_add(1) && newer.hash != confirmed.hash {
        let why = format!("it does not follow entry {}, which the books have", confirmed.seq);
        return Err(JournalError::Broken { seq: newer.seq, why });
    }
    Ok(None)
}

fn missing(seq: u64) -> JournalError {
    JournalError::Broken { seq, why: "it is missing".to_owned() }
}

/// Does one step of the later check and makes known how far it is.
pub(super) async fn step(ledger: &mut Ledger) {
    let refreshed = ledger.refresh().await;
    let Some(mut checking) = ledger.checking.take() else { return };
    let advanced = match refreshed {
        Ok(()) => advance(ledger, &mut checking).await,
        Err(error) => Err(error),
    };
    match advanced {
        Ok(true) => {}
        Ok(false) => ledger.checking = Some(checking),
        Err(error) => {
            ledger.note(&error);
            let edge = ledger.shared.identity.edge_id;
            tracing::error!(edge.id = %edge, %error, "the journal is damaged; nothing after it is sent");
            ledger.shared.damage.send_replace(Some(error.to_string()));
            checking.stopped = true;
            ledger.checking = Some(checking);
        }
    }
    let head = *ledger.shared.head.borrow();
    let verified = ledger.checking.as_ref().map_or(head.seq, Checking::verified);
    ledger.shared.verified.send_if_modified(|old| replace(old, verified));
}

/// Returns whether it reached what was checked at the start.
async fn advance(ledger: &mut Ledger, checking: &mut Checking) -> Result<bool, JournalError> {
    let edge = ledger.shared.identity.edge_id;
    let step = entries::read_after(
        &mut ledger.connection,
        edge,
        checking.good.seq,
        STEP_ENTRIES,
        STEP_BYTES,
    )
    .await?;
    if step.is_empty() {
        return Err(missing(checking.good.seq + 1));
    }
    for entry in step {
        if entry.seq == checking.until.seq {
            return if checking.good == checking.until.prev {
                Ok(true)
            } else {
                let why = format!("it does not follow entry {}", checking.good.seq);
                Err(JournalError::Broken { seq: entry.seq, why })
            };
        }
        check_link(&entry, checking.good)?;
        checking.good = journal_chain::head_of(&entry);
    }
    Ok(false)
}
