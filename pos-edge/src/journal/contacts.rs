//! When each till was last heard from: the books bound by it what they may
//! call complete. Written with the next captures, about once a second.

use std::collections::HashMap;

use schemas::{DeviceId, Timestamp, requests::DeviceContact};
use serde::Serialize;
use sqlx::SqliteConnection;

use super::{
    columns::{json_rows, uuid_hex, uuid_out},
    error::JournalError,
    state::{Ledger, Shared},
};

/// How old what is on the disk may be, in microseconds.
const WRITE_EVERY_MICROS: i64 = 1_000_000;
/// A till that was not heard from for so long is silent, in microseconds.
const SILENT_AFTER_MICROS: i64 = 120_000_000;
/// Tills that are remembered; a branch has a handful.
const MAX_DEVICES: usize = 1_000;

#[derive(Serialize)]
struct Row {
    device: String,
    at: i64,
}

pub(super) fn seen(shared: &Shared, device: DeviceId) {
    let now = shared.clock.now();
    let mut contacts = shared.lock_contacts();
    if contacts.len() < MAX_DEVICES || contacts.contains_key(&device) {
        contacts.insert(device, now);
    }
}

pub(super) fn list(shared: &Shared) -> Vec<DeviceContact> {
    let catalogue = shared.catalogue.borrow().clone();
    // Without a catalogue nobody is known to be revoked.
    let revoked = |device: DeviceId| {
        catalogue
            .as_ref()
            .is_some_and(|used| used.index.device(device).is_none_or(|device| device.revoked))
    };
    let mut contacts: Vec<DeviceContact> = shared
        .lock_contacts()
        .iter()
        .map(|(device_id, at)| DeviceContact {
            device_id: *device_id,
            last_contact_at: *at,
            revoked: revoked(*device_id),
        })
        .collect();
    contacts.sort_by_key(|contact| contact.device_id);
    contacts
}

/// Tills of the branch that were heard once, but not lately: they may hold
/// sales that did not come yet. `asking` is heard by its asking.
pub(super) fn silent(shared: &Shared, now: Timestamp, asking: DeviceId) -> Vec<DeviceId> {
    let catalogue = shared.catalogue.borrow().clone();
    let in_use = |device: DeviceId| {
        catalogue
            .as_ref()
            .and_then(|used| used.index.device(device))
            .is_some_and(|device| !device.revoked)
    };
    let mut silent: Vec<DeviceId> = shared
        .lock_contacts()
        .iter()
        .filter(|(_, at)| now.micros_since(**at) > SILENT_AFTER_MICROS)
        .map(|(device, _)| *device)
        .filter(|device| *device != asking && in_use(*device))
        .collect();
    silent.sort_unstable();
    silent
}

/// Reads the contacts into memory.
pub(super) async fn load(ledger: &mut Ledger) -> Result<(), JournalError> {
    let rows = sqlx::query!("SELECT device_id, last_contact_at FROM device_contact")
        .fetch_all(&mut ledger.connection)
        .await?;
    let mut contacts = HashMap::with_capacity(rows.len());
    for row in rows {
        let at = Timestamp::from_unix_micros(row.last_contact_at);
        contacts.insert(DeviceId::from_uuid(uuid_out(&row.device_id)?), at);
    }
    *ledger.shared.lock_contacts() = contacts;
    Ok(())
}

/// The contacts to write now, as rows; `None` if that was done just before.
pub(super) fn due(ledger: &Ledger, now: Timestamp) -> Result<Option<String>, JournalError> {
    let since = now.micros_since(ledger.contacts_written_at);
    if (0..WRITE_EVERY_MICROS).contains(&since) {
        return Ok(None);
    }
    let rows: Vec<Row> = ledger
        .shared
        .lock_contacts()
        .iter()
        .map(|(device, at)| Row { device: uuid_hex(*device), at: at.unix_micros() })
        .collect();
    json_rows(&rows).map(Some)
}

/// Writes contacts within the caller's transaction.
pub(super) async fn write(
    connection: &mut SqliteConnection,
    rows: &str,
) -> Result<(), JournalError> {
    sqlx::query!(
        "INSERT INTO device_contact (device_id, last_contact_at)
         SELECT unhex(value ->> 'device'), value ->> 'at' FROM json_each(?) WHERE true
         ON CONFLICT (device_id) DO UPDATE SET last_contact_at = excluded.last_contact_at",
        rows,
    )
    .execute(connection)
    .await?;
    Ok(())
}
