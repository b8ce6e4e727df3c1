//! What the writer owns, and what everyone may look at without asking it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use schemas::{
    CashSessionId, Clock, DeviceId, Timestamp,
    edge_api::Update,
    requests::{JournalHead, StorageReport},
};
use sqlx::SqliteConnection;
use tokio::sync::{broadcast, watch};

use super::{
    catalogue::CatalogueInUse,
    chain::Checking,
    closing::Closing,
    drafts::HeldDraft,
    error::{JournalError, OpenError},
    fence::{Fence, Mark},
    files::{Files, PAGE_BYTES},
    key::JournalKey,
    measure::Gauge,
    people::Roll,
    room::{RoomSettings, TicketBytes},
    sessions::OpenSession,
    settings::EdgeIdentity,
    standing::Adoption,
    tickets::TicketErrors,
    updates::{Place, PlacedUpdate},
};

/// Updates that a slow watcher may be behind.
const UPDATES_KEPT: usize = 1_024;

/// The writer's own: the one connection, and what is only true beside it.
pub(super) struct Ledger {
    pub(super) connection: SqliteConnection,
    /// Dropped after the connection: until then the file is still being closed.
    pub(super) closing: Closing,
    pub(super) fence: Fence,
    pub(super) key: JournalKey,
    /// The fingerprint of the key, for the fence's mark.
    pub(super) fingerprint: String,
    pub(super) shared: Arc<Shared>,
    /// How many sales there are.
    pub(super) captured: u64,
    /// What has to be done before the connection is used again.
    pub(super) health: Health,
    /// The most that the file may grow to, in bytes.
    pub(super) max_bytes: Option<u64>,
    /// The check of older entries that is still going on.
    pub(super) checking: Option<Checking>,
    /// When device contacts were last written.
    pub(super) contacts_written_at: Timestamp,
    /// What a sale takes on the disk.
    pub(super) ticket_bytes: TicketBytes,
    /// What is older than so many days may be pruned.
    pub(super) keep_days: u32,
}

/// What everyone may look at. Only the writer changes it, after a commit.
pub(super) struct Shared {
    pub(super) identity: EdgeIdentity,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) files: Files,
    pub(super) gauge: Gauge,
    /// The newest entry that was pruned.
    pub(super) base: watch::Sender<JournalHead>,
    pub(super) head: watch::Sender<JournalHead>,
    pub(super) verified: watch::Sender<u64>,
    pub(super) damage: watch::Sender<Option<String>>,
    pub(super) confirmed: watch::Sender<JournalHead>,
    pub(super) rolled_back: watch::Sender<Option<String>>,
    pub(super) retired: watch::Sender<Option<String>>,
    pub(super) adoption: watch::Sender<Adoption>,
    pub(super) held: watch::Sender<Option<String>>,
    pub(super) mapping_seq: watch::Sender<u64>,
    pub(super) catalogue: watch::Sender<Option<Arc<CatalogueInUse>>>,
    pub(super) updates: broadcast::Sender<PlacedUpdate>,
    sessions: RwLock<HashMap<CashSessionId, OpenSession>>,
    roll: RwLock<Roll>,
    drafts: RwLock<HashMap<DeviceId, HeldDraft>>,
    ticket_errors: Mutex<Option<TicketErrors>>,
    contacts: Mutex<HashMap<DeviceId, Timestamp>>,
}

/// What has to be done before the connection is used again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Health {
    /// Nothing.
    Good,
    /// A transaction failed: what is really there must be read again.
    Stale,
    /// The storage failed: the connection must be made anew. SQLCipher refuses
    /// everything on a connection that met one damaged page.
    Broken,
}

/// Whether a transaction is waited for on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Durability {
    /// Yes: it is there after a power cut.
    Disk,
    /// No: a power cut may lose it (never a part of it, and never anything
    /// that was on the disk before), and the books tell it again.
    Repeatable,
}

impl Shared {
    pub(super) fn new(
        identity: EdgeIdentity,
        clock: Arc<dyn Clock>,
        files: Files,
        room: RoomSettings,
    ) -> Self {
        Self {
            identity,
            clock,
            files,
            gauge: Gauge::new(room),
            base: watch::Sender::new(JournalHead::EMPTY),
            head: watch::Sender::new(JournalHead::EMPTY),
            verified: watch::Sender::new(0),
            damage: watch::Sender::new(None),
            confirmed: watch::Sender::new(JournalHead::EMPTY),
            rolled_back: watch::Sender::new(None),
            retired: watch::Sender::new(None),
            adoption: watch::Sender::new(Adoption::None),
            held: watch::Sender::new(None),
            mapping_seq: watch::Sender::new(0),
            catalogue: watch::Sender::new(None),
            updates: broadcast::Sender::new(UPDATES_KEPT),
            sessions: RwLock::default(),
            roll: RwLock::default(),
            drafts: RwLock::default(),
            ticket_errors: Mutex::default(),
            contacts: Mutex::default(),
        }
    }

    /// What the journal takes, and what it may still take.
    pub(super) fn storage(&self) -> StorageReport {
        self.gauge.look(&self.files)
    }

    // None of these locks is held while anything can panic.

    pub(super) fn read_sessions(&self) -> RwLockReadGuard<'_, HashMap<CashSessionId, OpenSession>> {
        self.sessions.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write_sessions(
        &self,
    ) -> RwLockWriteGuard<'_, HashMap<CashSessionId, OpenSession>> {
        self.sessions.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read_roll(&self) -> RwLockReadGuard<'_, Roll> {
        self.roll.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write_roll(&self) -> RwLockWriteGuard<'_, Roll> {
        self.roll.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn read_drafts(&self) -> RwLockReadGuard<'_, HashMap<DeviceId, HeldDraft>> {
        self.drafts.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write_drafts(&self) -> RwLockWriteGuard<'_, HashMap<DeviceId, HeldDraft>> {
        self.drafts.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lock_ticket_errors(&self) -> MutexGuard<'_, Option<TicketErrors>> {
        self.ticket_errors.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn lock_contacts(&self) -> MutexGuard<'_, HashMap<DeviceId, Timestamp>> {
        self.contacts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn publish(&self, update: Update) {
        if self.updates.receiver_count() > 0 {
            let place = Place {
                journal_seq: self.head.borrow().seq,
                mapping_seq: *self.mapping_seq.borrow(),
            };
            // An error means that the last watcher left meanwhile.
            let _nobody_watches = self.updates.send(PlacedUpdate { place, update });
        }
    }
}

impl Ledger {
    /// Begins a transaction. The durability is set each time, so that nothing
    /// done before can weaken what follows.
    pub(super) async fn begin(&mut self, durability: Durability) -> Result<(), JournalError> {
        let begin = match durability {
            Durability::Disk => "PRAGMA synchronous = FULL; BEGIN IMMEDIATE",
            Durability::Repeatable => "PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE",
        };
        match sqlx::raw_sql(begin).execute(&mut self.connection).await {
            Ok(_) => Ok(()),
            Err(error) => self.finish(Err(error.into())).await,
        }
    }

    /// Commits what was written, or undoes it if the writing failed.
    ///
    /// An error from COMMIT leaves the outcome unknown; it is undone as far as
    /// SQLite can, and nothing more is done before [`Self::refresh`] has read
    /// what is really there.
    pub(super) async fn finish<T>(
        &mut self,
        written: Result<T, JournalError>,
    ) -> Result<T, JournalError> {
        let outcome = match written {
            Ok(value) => sqlx::raw_sql("COMMIT")
                .execute(&mut self.connection)
                .await
                .map(|_| value)
                .map_err(JournalError::from),
            Err(error) => Err(error),
        };
        if let Err(error) = &outcome {
            self.health = self.health.max(Health::Stale);
            self.note(error);
            // SQLite undoes some failures by itself; then there is nothing to undo.
            let _undone = sqlx::raw_sql("ROLLBACK").execute(&mut self.connection).await;
            if matches!(error, JournalError::Full) {
                // What is in the log may fit into pages that the file has already; the log
                // is written over then, and needs no more room. If not, nothing changes.
                let _folded = sqlx::raw_sql("PRAGMA wal_checkpoint(RESTART)")
                    .execute(&mut self.connection)
                    .await;
            }
        }
        outcome
    }

    /// Remembers that the storage failed, if that is the error.
    pub(super) fn note(&mut self, error: &JournalError) {
        if matches!(error, JournalError::Storage(_)) {
            self.health = Health::Broken;
        }
    }

    /// Makes the connection usable again, if something failed since.
    pub(super) async fn refresh(&mut self) -> Result<(), JournalError> {
        if self.health == Health::Broken {
            self.connect_again().await?;
        }
        if self.health != Health::Good {
            self.read_state().await?;
            self.health = Health::Good;
        }
        Ok(())
    }

    async fn connect_again(&mut self) -> Result<(), JournalError> {
        let files = self.shared.files.clone();
        let failed = |error: OpenError| JournalError::Storage(error.to_string());
        // It does not touch the file before the old connection is closed.
        let connection = files.connect(&self.key, false).await.map_err(failed)?;
        let old = std::mem::replace(&mut self.connection, connection);
        files.close_untouched(old, true).await;
        self.closing = Closing::of(&mut self.connection).await?;
        files.make_writable(&mut self.connection).await?;
        self.limit_bytes(self.max_bytes).await?;
        self.health = Health::Stale;
        Ok(())
    }

    /// Writes the head beside the journal. Failing to is no reason not to sell:
    /// an older mark is harmless.
    pub(super) fn write_mark(&self) {
        let mark = Mark {
            edge_id: self.shared.identity.edge_id,
            key: self.fingerprint.clone(),
            head: *self.shared.head.borrow(),
        };
        if let Err(error) = self.fence.write(&mark, false) {
            tracing::warn!(%error, "the journal's mark could not be written");
        }
    }

    pub(super) async fn limit_bytes(&mut self, bytes: Option<u64>) -> Result<(), JournalError> {
        /// SQLite's own bound.
        const MOST_PAGES: u64 = 0xffff_fffe;
        let pages = bytes.map_or(MOST_PAGES, |bytes| (bytes / PAGE_BYTES).clamp(1, MOST_PAGES));
        let pragma = format!("PRAGMA max_page_count = {pages}");
        sqlx::raw_sql(sqlx::AssertSqlSafe(pragma)).execute(&mut self.connection).await?;
        self.max_bytes = bytes;
        self.count_pages().await
    }
}
