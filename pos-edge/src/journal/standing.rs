//! Whether this journal may take anything new: not before it has taken over from the
//! edge that it follows, not once another one follows it, not if the books know more of
//! it than it does itself. It is read all the same.

use schemas::edge_api::Standing;

use super::{
    Journal,
    error::{JournalError, Refusal},
    open::replace,
    state::{Durability, Ledger, Shared},
};

/// Whether an edge has taken over from the one that it follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adoption {
    /// It follows nobody.
    None,
    /// It has to.
    Waiting,
    /// It has.
    Done,
}

impl Adoption {
    pub(super) fn of(column: &str) -> Self {
        match column {
            "WAITING" => Self::Waiting,
            "DONE" => Self::Done,
            _ => Self::None,
        }
    }

    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::None => "NONE",
            Self::Waiting => "WAITING",
            Self::Done => "DONE",
        }
    }
}

/// Why nothing may be written, if nothing may.
pub(super) fn barred(shared: &Shared) -> Option<JournalError> {
    if let Some(why) = &*shared.rolled_back.borrow() {
        return Some(JournalError::RolledBack(why.clone()));
    }
    if let Some(why) = &*shared.retired.borrow() {
        return Some(JournalError::Retired(why.clone()));
    }
    (*shared.adoption.borrow() == Adoption::Waiting).then_some(JournalError::NotAdopted)
}

/// The same, as a till is told.
pub(super) fn refusal(shared: &Shared) -> Option<Refusal> {
    barred(shared).map(|error| match error {
        JournalError::RolledBack(why) => Refusal::RolledBack(why),
        other => Refusal::Journal(other),
    })
}

impl Journal {
    /// Whether this edge has taken over from the one that it follows.
    pub fn adoption(&self) -> tokio::sync::watch::Receiver<Adoption> {
        self.shared.adoption.subscribe()
    }

    /// Why this edge may not sell any more, if another one has replaced it.
    pub fn retired(&self) -> tokio::sync::watch::Receiver<Option<String>> {
        self.shared.retired.subscribe()
    }

    /// The centre says that another edge has replaced this one, or (`None`) that this is
    /// the one that its branch has.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn set_retired(&self, reason: Option<String>) -> Result<(), JournalError> {
        if *self.shared.retired.borrow() == reason {
            return Ok(());
        }
        self.ask(move |ledger| Box::pin(set_retired(ledger, reason))).await
    }

    /// What this edge may do, for people.
    pub fn standing(&self) -> Standing {
        match barred(&self.shared) {
            Some(JournalError::RolledBack(_)) => Standing::RolledBack,
            Some(JournalError::Retired(_)) => Standing::Retired,
            Some(_) => Standing::TakingOver,
            None => Standing::Selling,
        }
    }
}

async fn set_retired(ledger: &mut Ledger, reason: Option<String>) -> Result<(), JournalError> {
    ledger.begin(Durability::Disk).await?;
    let written = sqlx::query!("UPDATE journal SET retired_reason = ?", reason)
        .execute(&mut ledger.connection)
        .await;
    ledger.finish(written.map(|_| ()).map_err(JournalError::from)).await?;
    let edge = ledger.shared.identity.edge_id;
    match &reason {
        Some(why) => {
            tracing::error!(edge.id = %edge, why, "this edge was replaced and stops selling")
        }
        None => tracing::warn!(edge.id = %edge, "this edge is the one of its branch again"),
    }
    ledger.shared.retired.send_if_modified(|old| replace(old, reason));
    Ok(())
}
