//! Reading a journal whose daemon does not run, to export it: an old box's, an old copy's,
//! also one that may not sell any more or is damaged further on. Nothing is written.

use std::fs;

use schemas::{EdgeId, Entry, requests::JournalHead};
use sqlx::SqliteConnection;

use super::{
    chain,
    columns::{hash_out, place_out, uuid_out},
    entries,
    error::{JournalError, OpenError},
    fence::Fence,
    files::Files,
    key::JournalKey,
    settings::{EdgeIdentity, JournalSettings},
};

/// Entries that are read at once.
const STEP_ENTRIES: usize = 256;
/// Payload that is read at once, in bytes.
const STEP_BYTES: usize = 1024 * 1024;

/// A journal that is only read.
pub struct OldJournal {
    connection: SqliteConnection,
    files: Files,
    key: JournalKey,
    wal_was_there: bool,
    /// Keeps a daemon out meanwhile.
    _fence: Fence,
    edge_id: EdgeId,
    identity: (schemas::TenantId, schemas::BranchId),
    /// The newest entry that was read.
    at: JournalHead,
}

impl OldJournal {
    /// Opens it, with nothing of what a daemon asks of it but its key.
    ///
    /// # Errors
    /// [`OpenError`] if there is none, a daemon has it, or it cannot be read with that
    /// key at all.
    pub async fn open(settings: &JournalSettings) -> Result<Self, OpenError> {
        let files = Files::of(settings);
        match fs::metadata(&files.journal) {
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(OpenError::Missing { path: files.journal });
            }
            Err(error) => return Err(files.io_failed()(error)),
        }
        let key = JournalKey::load(&settings.key_file())?;
        let fence = Fence::lock(&files.fence)
            .map_err(files.io_failed())?
            .ok_or_else(|| OpenError::InUse { path: files.dir.clone() })?;
        let wal_was_there = files.wal.exists();
        let mut connection = files.connect(&key, false).await?;
        match whose(&mut connection).await {
            Ok((edge_id, identity, at)) => Ok(Self {
                connection,
                files,
                key,
                wal_was_there,
                _fence: fence,
                edge_id,
                identity,
                at,
            }),
            Err(why) => {
                files.close_untouched(connection, wal_was_there).await;
                let path = files.journal;
                tracing::debug!(why, "not a journal that can be read");
                Err(OpenError::Unreadable { path })
            }
        }
    }

    /// Whose it is. The shards are not kept in it.
    pub fn identity(&self) -> EdgeIdentity {
        let (tenant_id, branch_id) = self.identity;
        EdgeIdentity {
            tenant_id,
            branch_id,
            edge_id: self.edge_id,
            shards: schemas::subjects::DEFAULT_SHARDS,
        }
    }

    /// The newest entry that was given.
    pub fn at(&self) -> JournalHead {
        self.at
    }

    /// The next entries, each checked against its hash and the one before it; none at the
    /// end.
    ///
    /// # Errors
    /// [`JournalError`] if the next entry is damaged or cannot be read; all before it was
    /// given then.
    pub async fn next(&mut self) -> Result<Vec<Entry>, JournalError> {
        let connection = &mut self.connection;
        let step =
            entries::read_after(connection, self.edge_id, self.at.seq, STEP_ENTRIES, STEP_BYTES)
                .await;
        let step = match step {
            Ok(step) => step,
            // A damaged page among many: what comes before it is read one by one, on
            // another connection, because SQLCipher refuses everything on this one.
            Err(_) => {
                self.connect_again().await?;
                let connection = &mut self.connection;
                entries::read_after(connection, self.edge_id, self.at.seq, 1, STEP_BYTES).await?
            }
        };
        let mut good = Vec::with_capacity(step.len());
        for entry in step {
            if let Err(broken) = chain::check_link(&entry, self.at) {
                return if good.is_empty() { Err(broken) } else { Ok(good) };
            }
            self.at = domain::journal_chain::head_of(&entry);
            good.push(entry);
        }
        Ok(good)
    }

    async fn connect_again(&mut self) -> Result<(), JournalError> {
        let failed = |error: OpenError| JournalError::Storage(error.to_string());
        let connection = self.files.connect(&self.key, false).await.map_err(failed)?;
        let old = std::mem::replace(&mut self.connection, connection);
        self.files.close_untouched(old, true).await;
        Ok(())
    }

    /// Closes it, and leaves the files as they were.
    pub async fn close(self) {
        self.files.close_untouched(self.connection, self.wal_was_there).await;
    }
}

async fn whose(
    connection: &mut SqliteConnection,
) -> Result<(EdgeId, (schemas::TenantId, schemas::BranchId), JournalHead), String> {
    let row = sqlx::query!("SELECT tenant_id, branch_id, edge_id FROM journal")
        .fetch_optional(&mut *connection)
        .await
        .map_err(|error| error.to_string())?
        .ok_or("it is empty")?;
    // What the books had for good may have been removed.
    let first = sqlx::query!(
        "SELECT seq AS \"seq!\", prev_hash FROM entry WHERE seq > 0 ORDER BY seq LIMIT 1"
    )
    .fetch_optional(connection)
    .await
    .map_err(|error| error.to_string())?;
    let after = match first {
        Some(first) => JournalHead {
            seq: place_out(first.seq).saturating_sub(1),
            hash: hash_out(&first.prev_hash).map_err(|error| error.to_string())?,
        },
        None => JournalHead::EMPTY,
    };
    let id = |bytes: &[u8]| uuid_out(bytes).map_err(|error| error.to_string());
    let (tenant, branch) = (id(&row.tenant_id)?.into(), id(&row.branch_id)?.into());
    Ok((id(&row.edge_id)?.into(), (tenant, branch), after))
}
