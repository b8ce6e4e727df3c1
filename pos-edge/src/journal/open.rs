//! Making a journal, and opening one: first look at everything, then write.
//!
//! A crash while one is made leaves files that are refused as not a journal
//! and may be deleted. A crash while one is opened changes nothing.

use std::{fs, sync::Arc};

use schemas::{Clock, requests::JournalHead};
use sqlx::{Connection, SqliteConnection};

use super::{
    catalogue, chain,
    closing::Closing,
    columns::{hash_out, place_out, uuid_out},
    contacts, drafts, entries,
    error::{JournalError, OpenError, code, primary_code},
    fence::{Fence, Mark},
    files::Files,
    key::JournalKey,
    people,
    room::TicketBytes,
    sessions,
    settings::{EdgeIdentity, JournalSettings},
    standing::Adoption,
    state::{Health, Ledger, Shared},
};

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");

/// A journal's file is never smaller than this once it was made, in bytes.
const SMALLEST_FILE: u64 = 512;

/// Makes an empty journal.
pub(super) async fn create(
    settings: &JournalSettings,
    identity: EdgeIdentity,
    adoption: Adoption,
    clock: &dyn Clock,
) -> Result<(), OpenError> {
    let files = Files::of(settings);
    if files.journal.exists() {
        return Err(OpenError::Exists { path: files.journal });
    }
    let key = JournalKey::load(&settings.key_file())?;
    let fence = lock(&files)?;
    match fill(&files, &key, &fence, (identity, adoption), clock).await {
        Ok(()) => Ok(()),
        Err(error) => {
            for file in [&files.journal, &files.wal] {
                let _best_effort = fs::remove_file(file);
            }
            fence.remove(&files.fence);
            Err(error)
        }
    }
}

async fn fill(
    files: &Files,
    key: &JournalKey,
    fence: &Fence,
    (identity, adoption): (EdgeIdentity, Adoption),
    clock: &dyn Clock,
) -> Result<(), OpenError> {
    let mut connection = files.connect(key, true).await?;
    files.make_writable(&mut connection).await.map_err(files.failed())?;
    migrate(files, &mut connection).await?;
    let (tenant, branch, edge) =
        (identity.tenant_id.as_uuid(), identity.branch_id.as_uuid(), identity.edge_id.as_uuid());
    let (created_at, adoption) = (clock.now().unix_micros(), adoption.column());
    let nothing = JournalHead::EMPTY.hash.as_bytes().as_slice();
    sqlx::query!(
        "INSERT INTO journal (only_row, tenant_id, branch_id, edge_id, created_at, confirmed_hash,
                              adoption)
         VALUES (1, ?, ?, ?, ?, ?, ?)",
        tenant,
        branch,
        edge,
        created_at,
        nothing,
        adoption,
    )
    .execute(&mut connection)
    .await
    .map_err(files.failed())?;
    connection.close().await.map_err(files.failed())?;
    let mark = Mark { edge_id: identity.edge_id, key: key.fingerprint(), head: JournalHead::EMPTY };
    fence.write(&mark, true).map_err(files.io_failed())?;
    // The names of the new files, too, must survive a power cut.
    fs::File::open(&files.dir).and_then(|dir| dir.sync_all()).map_err(files.io_failed())
}

/// Opens the journal of an edge.
pub(super) async fn open(
    settings: &JournalSettings,
    identity: EdgeIdentity,
    clock: Arc<dyn Clock>,
) -> Result<Ledger, OpenError> {
    let files = Files::of(settings);
    let size = match fs::metadata(&files.journal) {
        Ok(metadata) => metadata.len(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(OpenError::Missing { path: files.journal });
        }
        Err(error) => return Err(files.io_failed()(error)),
    };
    if size < SMALLEST_FILE {
        // SQLite would take an empty file for a new database and delete its log.
        let why = format!("only {size} bytes of it are left");
        return Err(OpenError::Truncated { path: files.journal, why });
    }
    let key = JournalKey::load(&settings.key_file())?;
    let fence = lock(&files)?;
    let mark = fence.read().map_err(files.io_failed())?;
    let found = key.fingerprint();
    if let Some(mark) = mark.as_ref().filter(|mark| mark.key != found) {
        let (path, expected) = (files.journal, mark.key.clone());
        return Err(OpenError::WrongKey { path, expected, found });
    }
    let wal_was_there = files.wal.exists();
    let mut connection = files.connect(&key, false).await?;
    let looked = look(&files, &mut connection, identity, mark.as_ref(), settings).await;
    let checking = match looked {
        Ok(checking) => checking,
        Err(error) => {
            files.close_untouched(connection, wal_was_there).await;
            return Err(error);
        }
    };
    files.make_writable(&mut connection).await.map_err(files.failed())?;
    migrate(&files, &mut connection).await?;
    let shared = Arc::new(Shared::new(identity, clock, files.clone(), settings.room));
    let contacts_written_at = shared.clock.now();
    let closing = Closing::of(&mut connection).await.map_err(files.failed())?;
    let mut ledger = Ledger {
        connection,
        closing,
        fence,
        key,
        fingerprint: found,
        shared,
        captured: 0,
        health: Health::Good,
        max_bytes: None,
        checking,
        contacts_written_at,
        ticket_bytes: TicketBytes::default(),
        keep_days: settings.keep_days,
    };
    let failed = |error: JournalError| OpenError::Storage {
        path: files.journal.clone(),
        why: error.to_string(),
    };
    ledger.limit_bytes(settings.max_bytes).await.map_err(failed)?;
    ledger.read_state().await.map_err(failed)?;
    catalogue::load(&mut ledger).await.map_err(failed)?;
    contacts::load(&mut ledger).await.map_err(failed)?;
    ledger.begin_counting().await.map_err(failed)?;
    ledger.write_mark();
    Ok(ledger)
}

fn lock(files: &Files) -> Result<Fence, OpenError> {
    Fence::lock(&files.fence)
        .map_err(files.io_failed())?
        .ok_or_else(|| OpenError::InUse { path: files.dir.clone() })
}

async fn migrate(files: &Files, connection: &mut SqliteConnection) -> Result<(), OpenError> {
    MIGRATIONS.run(connection).await.map_err(|error| OpenError::NotAJournal {
        path: files.journal.clone(),
        why: error.to_string(),
    })
}

/// Looks at everything that must hold, and writes nothing.
async fn look(
    files: &Files,
    connection: &mut SqliteConnection,
    identity: EdgeIdentity,
    mark: Option<&Mark>,
    settings: &JournalSettings,
) -> Result<Option<chain::Checking>, OpenError> {
    let path = || files.journal.clone();
    let damaged = |why: String| OpenError::Damaged { path: path(), why };
    let failed = |error: sqlx::Error| match primary_code(&error) {
        Some(code::NOT_A_DATABASE | code::CORRUPT) => damaged(error.to_string()),
        _ => files.failed()(error),
    };
    match sqlx::raw_sql("SELECT count(*) FROM sqlite_schema").execute(&mut *connection).await {
        Ok(_) => {}
        Err(error) if primary_code(&error) == Some(code::NOT_A_DATABASE) => {
            return Err(if mark.is_some() {
                damaged("its first page does not decrypt, though the key is the right one".into())
            } else {
                OpenError::Unreadable { path: path() }
            });
        }
        Err(error) => return Err(failed(error)),
    }
    // Beside a log that is to be replayed, pages of the file may rightly be torn.
    let log_is_empty = fs::metadata(&files.wal).map_or(true, |log| log.len() == 0);
    if log_is_empty && files.bytes() <= settings.check_at_start_bytes {
        check_pages(connection).await.map_err(failed)?.map_or(Ok(()), |why| Err(damaged(why)))?;
    }
    let row = sqlx::query!(
        "SELECT tenant_id, branch_id, edge_id, confirmed_seq, confirmed_hash FROM journal"
    )
    .fetch_optional(&mut *connection)
    .await
    .map_err(|error| match primary_code(&error) {
        Some(code::NOT_A_DATABASE | code::CORRUPT) => damaged(error.to_string()),
        _ => OpenError::NotAJournal { path: path(), why: error.to_string() },
    })?
    .ok_or_else(|| OpenError::NotAJournal { path: path(), why: "it is empty".to_owned() })?;
    let unreadable = |error: JournalError| damaged(error.to_string());
    let found = uuid_out(&row.edge_id).map_err(unreadable)?.into();
    if found != identity.edge_id
        || row.tenant_id != identity.tenant_id.as_uuid().as_bytes()
        || row.branch_id != identity.branch_id.as_uuid().as_bytes()
    {
        return Err(OpenError::OtherEdge { path: path(), found, expected: identity.edge_id });
    }
    let head = entries::head(connection).await.map_err(unreadable)?;
    let base = entries::base(connection).await.map_err(unreadable)?;
    if let Some(mark) = mark.filter(|mark| mark.edge_id == identity.edge_id) {
        let lost =
            OpenError::LostEntries { path: path(), found: head.seq, promised: mark.head.seq };
        if mark.head.seq > head.seq {
            return Err(lost);
        }
        let there = entries::hash_at(connection, base, mark.head.seq).await.map_err(unreadable)?;
        // What was pruned cannot be compared; the mark is only old then.
        let comparable = mark.head.seq >= base.seq || there.is_some();
        if comparable && there != Some(mark.head.hash) {
            return Err(damaged(format!(
                "entry {} is another one than was written",
                mark.head.seq
            )));
        }
    }
    let confirmed = JournalHead {
        seq: place_out(row.confirmed_seq),
        hash: hash_out(&row.confirmed_hash).map_err(unreadable)?,
    };
    let there = entries::hash_at(connection, base, confirmed.seq).await.map_err(unreadable)?;
    if there != Some(confirmed.hash) {
        return Err(damaged(format!("entry {} is not the one the books have", confirmed.seq)));
    }
    chain::check_tail(connection, identity.edge_id, head, confirmed, settings.check_at_start_bytes)
        .await
        .map_err(unreadable)
}

/// Checks every page's HMAC; `Some` says what is wrong.
async fn check_pages(connection: &mut SqliteConnection) -> Result<Option<String>, sqlx::Error> {
    let faults: Vec<String> =
        sqlx::query_scalar("PRAGMA cipher_integrity_check").fetch_all(connection).await?;
    Ok(faults.into_iter().next())
}

impl Ledger {
    /// Reads from the journal what is kept beside it in memory.
    pub(super) async fn read_state(&mut self) -> Result<(), JournalError> {
        let head = entries::head(&mut self.connection).await?;
        let base = entries::base(&mut self.connection).await?;
        let promised = *self.shared.head.borrow();
        if entries::hash_at(&mut self.connection, base, promised.seq).await? != Some(promised.hash)
        {
            let why = format!("entry {} was written and is gone", promised.seq);
            return Err(JournalError::Storage(why));
        }
        let row = sqlx::query!(
            "SELECT confirmed_seq, confirmed_hash, mapping_seq, held_reason, rolled_back_reason,
                    retired_reason, adoption,
                    max(pruned_sales,
                        coalesce((SELECT sale_no FROM ticket ORDER BY seq DESC LIMIT 1), 0))
                        AS \"captured!: i64\"
             FROM journal"
        )
        .fetch_one(&mut self.connection)
        .await?;
        self.captured = place_out(row.captured);
        sessions::load(&mut self.connection, &self.shared).await?;
        drafts::load(&mut self.connection, &self.shared).await?;
        people::load(&mut self.connection, &self.shared).await?;
        let confirmed =
            JournalHead { seq: place_out(row.confirmed_seq), hash: hash_out(&row.confirmed_hash)? };
        let shared = &self.shared;
        shared.base.send_if_modified(|old| replace(old, base));
        shared.confirmed.send_if_modified(|old| replace(old, confirmed));
        shared.mapping_seq.send_if_modified(|old| replace(old, place_out(row.mapping_seq)));
        shared.held.send_if_modified(|old| replace(old, row.held_reason));
        shared.rolled_back.send_if_modified(|old| replace(old, row.rolled_back_reason));
        shared.retired.send_if_modified(|old| replace(old, row.retired_reason));
        shared.adoption.send_if_modified(|old| replace(old, Adoption::of(&row.adoption)));
        self.set_head(head);
        Ok(())
    }

    /// Makes an entry known as the newest.
    pub(super) fn set_head(&self, head: JournalHead) {
        self.shared.head.send_if_modified(|old| replace(old, head));
        let verified = self.checking.as_ref().map_or(head.seq, chain::Checking::verified);
        self.shared.verified.send_if_modified(|old| replace(old, verified));
    }
}

/// Replaces a watched value; says whether it is another one.
pub(super) fn replace<T: PartialEq>(old: &mut T, new: T) -> bool {
    let other = *old != new;
    *old = new;
    other
}
