//! Pairing a till and logging in.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{DeviceId, StaffId, Timestamp, catalogue::StaffRole};

/// Pairs a till: `POST /v1/devices/pair`, with `Idempotency-Key`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PairDevice {
    /// Which till.
    pub device_id: DeviceId,
    /// Its one-time code.
    pub code: String,
}

/// A till that is paired: the answer to [`PairDevice`].
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PairedDevice {
    /// The till.
    pub device_id: DeviceId,
    /// What it sends as `Authorization: Bearer …`. It is told only here.
    pub token: String,
    /// When it was paired.
    pub paired_at: Timestamp,
}

/// Logs a person in on a till: `POST /v1/login`, with `Idempotency-Key` and the
/// till's token.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogIn {
    /// Who.
    pub staff_id: StaffId,
    /// Their PIN.
    pub pin: String,
}

/// A person who is logged in: the answer to [`LogIn`].
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoggedIn {
    /// Who.
    pub staff_id: StaffId,
    /// On which till; the token is good there only.
    pub device_id: DeviceId,
    /// What the till sends as `Authorization: Bearer …` in their name. It is
    /// told only here.
    pub token: String,
    /// When they logged in.
    pub logged_in_at: Timestamp,
    /// Until when they stay logged in (exclusive).
    pub expires_at: Timestamp,
}

/// Whose token was sent: `GET /v1/me`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// The till.
    pub device_id: DeviceId,
    /// Its name.
    pub device_name: String,
    /// Who is logged in with this token; `null` if it is the till's own.
    pub staff: Option<MeStaff>,
}

/// The person whose token was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeStaff {
    /// Who.
    pub staff_id: StaffId,
    /// Their name.
    pub name: String,
    /// What they may do here.
    pub role: StaffRole,
    /// Until when they stay logged in (exclusive).
    pub expires_at: Timestamp,
}
