//! Logging a person in.

use schemas::{DeviceId, TicketId, edge_api::LogIn, edge_api::LoggedIn};

use super::{LOGIN_MICROS, PeopleError, SecretChecker};
use crate::journal::{Journal, Login, NewLogin, Whose};

/// Logs a person in on a till that is paired, if the PIN is theirs.
///
/// # Errors
/// [`PeopleError`]; a wrong PIN is counted then.
pub async fn log_in(
    journal: &Journal,
    checker: &SecretChecker,
    device_id: DeviceId,
    key: TicketId,
    request: &LogIn,
) -> Result<LoggedIn, PeopleError> {
    let catalogue = journal.catalogue().borrow().clone().ok_or(PeopleError::NoCatalogue)?;
    let staff_id = request.staff_id;
    let pin_hash =
        catalogue.index.staff_member(staff_id).and_then(|member| member.pin_hash.as_deref());
    let whose = pin_hash.map_or(Whose::Nobody, |_| Whose::Person(staff_id));
    let tries = journal
        .begin_try(device_id, whose)
        .map_err(|wait_micros| PeopleError::Locked { wait_micros })?;
    let staff = &catalogue.index.document().staff;
    let like = staff.iter().find_map(|member| member.pin_hash.as_deref());
    let right = checker.matches(&request.pin, pin_hash, like).await;
    let Some(pin_hash) = pin_hash.filter(|_| right) else {
        journal.record_failure(device_id, whose, tries).await?;
        return Err(PeopleError::WrongPin);
    };
    let logged_in_at = journal.now();
    let login = Login {
        device_id,
        staff_id,
        pin_hash: pin_hash.to_owned(),
        logged_in_at,
        expires_at: logged_in_at.plus_micros(LOGIN_MICROS),
    };
    let (token, login) = journal.log_in(NewLogin { key, login }).await?;
    Ok(LoggedIn {
        staff_id,
        device_id,
        token: token.as_str().to_owned(),
        logged_in_at: login.logged_in_at,
        expires_at: login.expires_at,
    })
}
