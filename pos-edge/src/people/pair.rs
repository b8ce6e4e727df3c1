//! Pairing a till.

use schemas::{
    TicketId,
    catalogue::DevicePairing,
    edge_api::{PairDevice, PairedDevice},
};

use super::{PeopleError, SecretChecker, access};
use crate::journal::{Journal, NewPairing, PeopleRefusal, Whose};

/// Pairs a till of the catalogue with the code that is out for it.
///
/// # Errors
/// [`PeopleError`]; a wrong code is counted then.
pub async fn pair(
    journal: &Journal,
    checker: &SecretChecker,
    key: TicketId,
    request: &PairDevice,
) -> Result<PairedDevice, PeopleError> {
    let catalogue = journal.catalogue().borrow().clone().ok_or(PeopleError::NoCatalogue)?;
    let device_id = request.device_id;
    access::check_till(device_id, &catalogue.index)?;
    let out = catalogue.index.device(device_id).and_then(|till| till.pairing.as_ref());
    // A repeated request is checked against the code it was made with: by now
    // the catalogue may have no code or another one.
    let before = journal.pairing_by_key(key.clone()).await?;
    let code_hash = match before {
        Some(before) if before.device_id == device_id => Some(before.code_hash),
        Some(_) => return Err(PeopleRefusal::KeyConflict.into()),
        None => usable(journal, out).await?,
    };
    let tries = journal
        .begin_try(device_id, Whose::Till)
        .map_err(|wait_micros| PeopleError::Locked { wait_micros })?;
    let right = checker.matches(&request.code, code_hash.as_deref(), None).await;
    let Some(code_hash) = code_hash.filter(|_| right) else {
        journal.record_failure(device_id, Whose::Till, tries).await?;
        return Err(PeopleError::WrongCode);
    };
    let (token, pairing) = journal.pair(NewPairing { device_id, key, code_hash }).await?;
    Ok(PairedDevice { device_id, token: token.as_str().to_owned(), paired_at: pairing.paired_at })
}

/// The hash of the code that is out, if one is that can still be used.
async fn usable(
    journal: &Journal,
    out: Option<&DevicePairing>,
) -> Result<Option<String>, PeopleError> {
    let Some(DevicePairing { code_hash, expires_at }) = out else { return Ok(None) };
    if journal.code_was_used(code_hash.clone()).await? {
        return Err(PeopleRefusal::CodeUsed.into());
    }
    if journal.now() >= *expires_at {
        return Err(PeopleError::CodeExpired);
    }
    Ok(Some(code_hash.clone()))
}
