//! How one gets in at made-up stores: PINs and pairing codes that everyone
//! knows. Salts derive from ids, so that a company is the same every time.

use domain::secrets::{self, Cost};
use schemas::{
    DeviceId, StaffId, Timestamp,
    catalogue::{Device, DevicePairing, KhqrAccount, KhqrReceiver, StaffMember, StaffRole},
};

/// Until when the codes may be used: 2100-01-01T00:00Z.
const CODES_EXPIRE: Timestamp = Timestamp::from_unix_micros(4_102_444_800_000_000);

/// The longest merchant's name in a KHQR code.
const KHQR_NAME: usize = 25;

/// The PIN of the person at a place in a store's list: 1111, 2222, … 9999, and
/// again.
pub(super) fn pin(place: usize) -> String {
    (1_111 * (place % 9 + 1)).to_string()
}

/// The code of the till at a place in a store's list: 100001, 100002, …
pub(super) fn code(place: usize) -> String {
    (100_001 + place).to_string()
}

/// Someone who can log in.
pub(super) fn person(
    place: usize,
    staff_id: StaffId,
    name: String,
    role: StaffRole,
    cost: Cost,
) -> StaffMember {
    let pin_hash = secrets::hash(&pin(place), *staff_id.as_uuid().as_bytes(), cost).ok();
    StaffMember { role, pin_hash, ..StaffMember::new(staff_id, name) }
}

/// A till that can be paired.
pub(super) fn till(place: usize, device_id: DeviceId, name: String, cost: Cost) -> Device {
    let pairing = secrets::hash(&code(place), *device_id.as_uuid().as_bytes(), cost)
        .ok()
        .map(|code_hash| DevicePairing { code_hash, expires_at: CODES_EXPIRE });
    Device { pairing, ..Device::new(device_id, name) }
}

/// Who is paid by KHQR at a made-up company: an account that no bank has.
pub(super) fn khqr(company: &str) -> KhqrReceiver {
    KhqrReceiver {
        account: KhqrAccount::Individual {
            account_id: "demo_till@demo".to_owned(),
            account_information: None,
            acquiring_bank: None,
        },
        merchant_name: company.chars().take(KHQR_NAME).collect(),
        merchant_city: "Phnom Penh".to_owned(),
        mcc: None,
        store_label: None,
        other_language: None,
    }
}
