//! Wrong PINs and codes, by till and by whose they were to be.

use schemas::{DeviceId, events::AuditAction};

use super::Whose;
use crate::{
    journal::{
        append::append,
        error::JournalError,
        state::{Durability, Ledger, Shared},
    },
    people::lockout::Tries,
};

impl Shared {
    /// Counts a try before its outcome is known, so that many at once count as
    /// many; or says how long nothing may be tried, in microseconds.
    pub(in crate::journal) fn begin_try(
        &self,
        device: DeviceId,
        whose: Whose,
    ) -> Result<Tries, i64> {
        let now = self.clock.now();
        let mut roll = self.write_roll();
        let before = roll.tries.get(&(device, whose)).map(|tries| tries.as_of(now));
        if let Some(wait) = before.and_then(|tries| tries.wait(now)) {
            roll.tries.extend(before.map(|tries| ((device, whose), tries)));
            return Err(wait);
        }
        let tries = Tries::one_more(before, now);
        roll.tries.insert((device, whose), tries);
        Ok(tries)
    }
}

/// See [`crate::journal::Journal::record_failure`].
pub(in crate::journal) async fn record_failure(
    ledger: &mut Ledger,
    device: DeviceId,
    whose: Whose,
    tries: Tries,
) -> Result<(), JournalError> {
    let shared = ledger.shared.clone();
    let (actor, of) = match whose {
        Whose::Person(staff) => (Some(staff), None),
        Whose::Nobody => (None, Some("nobody with a PIN here".to_owned())),
        Whose::Till => (None, Some("pairing code".to_owned())),
    };
    let mut audits = vec![shared.audit(AuditAction::LoginFailed, device, actor, of.clone())?];
    if tries.locks() {
        audits.push(shared.audit(AuditAction::LoginLocked, device, actor, of)?);
    }
    append(ledger, audits, move |connection, _| {
        Box::pin(async move {
            let (device, whose) = (device.as_uuid(), whose.uuid());
            let (failures, last_at) = (i64::from(tries.failures), tries.last_at.unix_micros());
            sqlx::query!(
                "INSERT INTO failed_try VALUES (?, ?, ?, ?)
                 ON CONFLICT (device_id, whose) DO UPDATE
                 SET failures = max(failures, excluded.failures), last_at = excluded.last_at",
                device,
                whose,
                failures,
                last_at,
            )
            .execute(connection)
            .await?;
            Ok(())
        })
    })
    .await?;
    // A right try at the same time may have ended the row of wrong ones.
    shared.write_roll().tries.entry((device, whose)).or_insert(tries);
    Ok(())
}

/// After a right try that writes nothing else.
pub(super) async fn forget_tries(
    ledger: &mut Ledger,
    device: DeviceId,
    whose: Whose,
) -> Result<(), JournalError> {
    let (device_column, whose_column) = (device.as_uuid(), whose.uuid());
    ledger.begin(Durability::Disk).await?;
    let written = sqlx::query!(
        "DELETE FROM failed_try WHERE device_id = ? AND whose = ?",
        device_column,
        whose_column,
    )
    .execute(&mut ledger.connection)
    .await;
    ledger.finish(written.map(|_| ()).map_err(JournalError::from)).await?;
    ledger.shared.write_roll().tries.remove(&(device, whose));
    Ok(())
}
