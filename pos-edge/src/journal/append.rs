//! Entries that are written one request at a time, with what goes along with
//! them: for what is rare beside sales, and needs no group.

use domain::journal_chain;
use futures::future::BoxFuture;
use schemas::EntryKind;
use sqlx::SqliteConnection;

use super::{
    error::JournalError,
    insert::{NewRows, insert},
    standing,
    state::{Durability, Ledger},
};

/// An entry to be written.
#[derive(Debug)]
pub(super) struct NewEntry {
    pub(super) kind: EntryKind,
    /// The event as JSON: these bytes, for good.
    pub(super) payload: Vec<u8>,
}

/// Writes entries and what goes along with them, in one transaction; returns
/// when it is on the disk. `effect` gets the `seq` of the first entry. There
/// may be no entry at all.
///
/// # Errors
/// If the journal may not be written or the storage fails: then nothing was
/// written.
pub(super) async fn append<T, F>(
    ledger: &mut Ledger,
    new: Vec<NewEntry>,
    effect: F,
) -> Result<T, JournalError>
where
    F: for<'a> FnOnce(&'a mut SqliteConnection, u64) -> BoxFuture<'a, Result<T, JournalError>>,
{
    if let Some(barred) = standing::barred(&ledger.shared) {
        return Err(barred);
    }
    let edge = ledger.shared.identity.edge_id;
    let now = ledger.shared.clock.now();
    let mut head = *ledger.shared.head.borrow();
    let first = head.seq + 1;
    let mut sealed = Vec::with_capacity(new.len());
    for NewEntry { kind, payload } in new {
        let entry = journal_chain::seal(edge, head, kind, kind.newest_version(), now, payload);
        head = journal_chain::head_of(&entry);
        sealed.push(entry);
    }
    ledger.begin(Durability::Disk).await?;
    let connection = &mut ledger.connection;
    let written = async {
        insert(connection, NewRows { entries: &sealed, ..NewRows::default() }).await?;
        effect(connection, first).await
    }
    .await;
    let value = ledger.finish(written).await?;
    if !sealed.is_empty() {
        telemetry::failpoint("edge.after_fsync");
        ledger.set_head(head);
        ledger.write_mark();
    }
    Ok(value)
}
