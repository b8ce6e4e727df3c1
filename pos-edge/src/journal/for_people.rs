//! What is asked of the journal about people and tills.

use schemas::{DeviceId, Sha256Hash, TicketId};

use super::{
    Bearer, Journal, JournalError, Login, NewLogin, NewPairing, Pairing, PeopleRefusal, Whose,
    people,
};
use crate::people::{lockout::Tries, tokens::Token};

impl Journal {
    /// Whose token has this hash, if anyone's. Whether they still may do
    /// anything is for the catalogue in use to say.
    pub fn bearer(&self, token: Sha256Hash) -> Option<Bearer> {
        self.shared.bearer(token)
    }

    /// Counts a try of a PIN or code before its outcome is known. Every try is
    /// followed by [`Self::record_failure`], [`Self::log_in`] or [`Self::pair`].
    ///
    /// # Errors
    /// How long nothing may be tried, in microseconds.
    pub fn begin_try(&self, device: DeviceId, whose: Whose) -> Result<Tries, i64> {
        self.shared.begin_try(device, whose)
    }

    /// Keeps a wrong try, with its `LOGIN_FAILED` and, if it brought a pause,
    /// its `LOGIN_LOCKED`.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn record_failure(
        &self,
        device: DeviceId,
        whose: Whose,
        tries: Tries,
    ) -> Result<(), JournalError> {
        self.ask(move |ledger| Box::pin(people::record_failure(ledger, device, whose, tries))).await
    }

    /// How a till was paired under a key, if that is how it is paired now.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn pairing_by_key(&self, key: TicketId) -> Result<Option<Pairing>, JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move { people::pairing_by_key(&mut ledger.connection, &key).await })
        })
        .await
    }

    /// Whether a pairing code was used, by its hash.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn code_was_used(&self, code_hash: String) -> Result<bool, JournalError> {
        self.ask(move |ledger| {
            Box::pin(async move { people::code_was_used(&mut ledger.connection, &code_hash).await })
        })
        .await
    }

    /// Pairs a till whose code was found right: its former token and everyone's
    /// login on it end. The same request under the same key gets the same
    /// token again.
    ///
    /// # Errors
    /// [`PeopleRefusal`]; nothing was written then.
    pub async fn pair(&self, new: NewPairing) -> Result<(Token, Pairing), PeopleRefusal> {
        self.ask(move |ledger| Box::pin(people::pair(ledger, new))).await?
    }

    /// Logs a person in whose PIN was found right. The same request under the
    /// same key gets the same token again, also after it was ended.
    ///
    /// # Errors
    /// [`PeopleRefusal`]; nothing was written then.
    pub async fn log_in(&self, new: NewLogin) -> Result<(Token, Login), PeopleRefusal> {
        self.ask(move |ledger| Box::pin(people::log_in(ledger, new))).await?
    }

    /// Ends a login, by the hash of its token. One that is over already stays so.
    ///
    /// # Errors
    /// If the journal cannot be written.
    pub async fn log_out(&self, token: Sha256Hash) -> Result<(), JournalError> {
        self.ask(move |ledger| Box::pin(people::log_out(ledger, token))).await
    }
}
