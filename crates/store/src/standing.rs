//! How far every store is, as the books know it, and up to when it is complete.

use std::time::Duration;

use domain::completeness::{self, Bound, Evidence};
use rust_decimal::Decimal;
use schemas::{
    BranchId, DeviceId, EdgeId, TenantId, Timestamp,
    back_office::{BoundBy, Completeness, StoreState},
    requests::{DeviceContact, OutageReport, StorageReport},
};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::{
    Conn, Error,
    columns::{unsigned, word},
};

/// A store that was not heard for so long is silent; it speaks every few seconds.
pub const SILENT_AFTER: Duration = Duration::from_secs(15);
/// Decimals of a ratio.
const RATIO_DECIMALS: u32 = 4;

/// How far one store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The company.
    pub tenant_id: TenantId,
    /// Its name.
    pub company: String,
    /// The store.
    pub branch_id: BranchId,
    /// Its name.
    pub store: String,
    /// Its active edge.
    pub edge_id: EdgeId,
    /// Entries that the books have.
    pub confirmed: u64,
    /// Invoices that were assigned to this store.
    pub numbered: u64,
    /// Set when the books hold this edge until a person has looked.
    pub held: Option<String>,
    /// What the edge said of itself last, if it was ever heard.
    pub heard: Option<Heard>,
    /// What is known about up to when the store is complete.
    pub evidence: Evidence,
}

/// An edge's last heartbeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// When it was heard, by the centre's clock.
    pub received_at: Timestamp,
    /// Microseconds since then, by the database's clock.
    pub ago_us: i64,
    /// Entries in its journal.
    pub journaled: u64,
    /// When its oldest unconfirmed entry was recorded.
    pub oldest_unconfirmed_at: Option<Timestamp>,
    /// By how much the centre's clock is ahead of its own at least, in microseconds.
    pub clock_ahead_us: Option<i64>,
    /// Room on its disk.
    pub storage: StorageReport,
    /// What its outages came to.
    pub outages: OutageReport,
    /// Its version.
    pub software_version: String,
}

/// Stores with an active edge, by company and name: all, or these.
///
/// # Errors
/// [`Error::Database`], [`Error::Corrupt`].
pub async fn standings(
    conn: &mut Conn,
    branches: Option<&[BranchId]>,
) -> Result<Vec<Standing>, Error> {
    let branches: Option<Vec<Uuid>> =
        branches.map(|ids| ids.iter().map(|id| id.as_uuid()).collect());
    let rows = sqlx::query_file_as!(Row, "src/sql/standings.sql", branches.as_deref())
        .fetch_all(conn)
        .await?;
    rows.into_iter().map(Row::standing).collect()
}

struct Row {
    tenant_id: Uuid,
    company: String,
    branch_id: Uuid,
    store: String,
    edge_id: Uuid,
    last_seq: i64,
    held_reason: Option<String>,
    numbered: i64,
    ago_us: Option<i64>,
    received_at: Option<time::OffsetDateTime>,
    sent_at: Option<time::OffsetDateTime>,
    clock_ahead_us: Option<i64>,
    journal_seq: Option<i64>,
    oldest_unconfirmed_at: Option<time::OffsetDateTime>,
    journal_bytes: Option<i64>,
    free_bytes: Option<i64>,
    used_bytes: Option<i64>,
    capacity_bytes: Option<i64>,
    bytes_per_ticket: Option<i64>,
    tickets_left: Option<i64>,
    storage_level: Option<String>,
    outages: Option<String>,
    devices: Option<String>,
    software_version: Option<String>,
    proved_at: Option<time::OffsetDateTime>,
    pending_at: Option<time::OffsetDateTime>,
    newest_proved: bool,
    pending_proved: bool,
    aside_recorded_at: Option<time::OffsetDateTime>,
    set_aside_at: Option<time::OffsetDateTime>,
    unnumbered_recorded_at: Option<time::OffsetDateTime>,
    unnumbered_queued_at: Option<time::OffsetDateTime>,
    open_devices: Vec<Uuid>,
    open_since: Vec<time::OffsetDateTime>,
    older_unproved: Option<bool>,
    older_proved_at: Option<time::OffsetDateTime>,
}

fn read<T: DeserializeOwned>(what: &'static str, json: Option<&str>) -> Result<T, Error> {
    serde_json::from_str(json.unwrap_or("null")).map_err(|error| Error::corrupt(what, error))
}

impl Row {
    fn standing(self) -> Result<Standing, Error> {
        Ok(Standing {
            heard: self.heard()?,
            evidence: self.evidence()?,
            tenant_id: self.tenant_id.into(),
            company: self.company,
            branch_id: self.branch_id.into(),
            store: self.store,
            edge_id: self.edge_id.into(),
            confirmed: unsigned("edge_cursor.last_seq", self.last_seq)?,
            numbered: unsigned("mapping_head.last_seq", self.numbered)?,
            held: self.held_reason,
        })
    }

    fn heard(&self) -> Result<Option<Heard>, Error> {
        let (Some(received_at), Some(ago_us), Some(journaled)) =
            (self.received_at, self.ago_us, self.journal_seq)
        else {
            return Ok(None);
        };
        let count = |what, value: Option<i64>| unsigned(what, value.unwrap_or(0));
        Ok(Some(Heard {
            received_at: received_at.into(),
            ago_us,
            journaled: unsigned("edge_heartbeat.journal_seq", journaled)?,
            oldest_unconfirmed_at: self.oldest_unconfirmed_at.map(Timestamp::from),
            clock_ahead_us: self.clock_ahead_us,
            storage: StorageReport {
                journal_bytes: count("edge_heartbeat.journal_bytes", self.journal_bytes)?,
                free_bytes: count("edge_heartbeat.free_bytes", self.free_bytes)?,
                used_bytes: count("edge_heartbeat.used_bytes", self.used_bytes)?,
                capacity_bytes: count("edge_heartbeat.capacity_bytes", self.capacity_bytes)?,
                bytes_per_ticket: count("edge_heartbeat.bytes_per_ticket", self.bytes_per_ticket)?,
                tickets_left: count("edge_heartbeat.tickets_left", self.tickets_left)?,
                level: self
                    .storage_level
                    .as_deref()
                    .map(|level| word("edge_heartbeat.storage_level", level))
                    .transpose()?
                    .unwrap_or_default(),
            },
            outages: read("edge_heartbeat.outages", self.outages.as_deref())?,
            software_version: self.software_version.clone().unwrap_or_default(),
        }))
    }

    /// Everything by the centre's clock. Without an offset the edge's moments are unknown,
    /// and nothing is proved.
    fn evidence(&self) -> Result<Evidence, Error> {
        let (Some(received_at), Some(sent_at)) = (self.received_at, self.sent_at) else {
            return Ok(Evidence::default());
        };
        let (received_at, sent_at) = (Timestamp::from(received_at), Timestamp::from(sent_at));
        let one_way = received_at.micros_since(sent_at);
        let offset = completeness::offset(self.clock_ahead_us, one_way);
        let at_centre = |at: Timestamp| at.plus_micros(offset.unwrap_or(one_way));
        let newest = offset.filter(|_| self.newest_proved).map(|_| at_centre(sent_at));
        let pending = self.pending_at.filter(|_| self.pending_proved).map(Timestamp::from);
        let before = self.proved_at.map(Timestamp::from);
        let earliest = |recorded: Option<time::OffsetDateTime>,
                        seen: Option<time::OffsetDateTime>| {
            recorded
                .map(|at| at_centre(at.into()))
                .into_iter()
                .chain(seen.map(Timestamp::from))
                .min()
        };
        let contacts: Vec<DeviceContact> = read("edge_heartbeat.devices", self.devices.as_deref())?;
        let mut tills: Vec<(DeviceId, Timestamp)> = contacts
            .iter()
            .filter(|contact| !contact.revoked)
            .map(|contact| (contact.device_id, at_centre(contact.last_contact_at)))
            .collect();
        // The till of a session that is open and that this edge never heard from.
        for (device, opened_at) in self.open_devices.iter().zip(&self.open_since) {
            let device = DeviceId::from_uuid(*device);
            if !contacts.iter().any(|contact| contact.device_id == device) {
                tills.push((device, at_centre((*opened_at).into())));
            }
        }
        Ok(Evidence {
            proved_at: newest.into_iter().chain(pending).chain(before).max(),
            tills,
            set_aside_since: earliest(self.aside_recorded_at, self.set_aside_at),
            unnumbered_since: earliest(self.unnumbered_recorded_at, self.unnumbered_queued_at),
            older_box: self
                .older_unproved
                .map(|unproved| self.older_proved_at.filter(|_| !unproved).map(Timestamp::from)),
        })
    }
}

/// A part of a whole; `None` of nothing.
fn ratio(part: u64, whole: u64) -> Option<Decimal> {
    let mut ratio = Decimal::from(part).checked_div(Decimal::from(whole))?.round_dp(RATIO_DECIMALS);
    ratio.rescale(RATIO_DECIMALS);
    Some(ratio)
}

impl Standing {
    /// What the store is to the centre.
    pub fn state(&self) -> StoreState {
        let silent =
            |heard: &Heard| Duration::from_micros(heard.ago_us.unsigned_abs()) > SILENT_AFTER;
        match (&self.held, &self.heard) {
            (Some(_), _) => StoreState::Held,
            (None, None) => StoreState::NeverHeard,
            (None, Some(heard)) if silent(heard) => StoreState::Silent,
            (None, Some(heard)) if heard.journaled > self.confirmed => StoreState::Sending,
            (None, Some(_)) => StoreState::Level,
        }
    }

    /// All of it, as it is told.
    pub fn told(self) -> Completeness {
        let completeness::Completeness { up_to, bound } =
            completeness::complete_up_to(&self.evidence);
        let (bound_by, bound_by_till) = match bound {
            Bound::Proof => (BoundBy::Proof, None),
            Bound::Till(till) => (BoundBy::Till, Some(till)),
            Bound::SetAside => (BoundBy::SetAside, None),
            Bound::Unnumbered => (BoundBy::Unnumbered, None),
            Bound::OlderBox => (BoundBy::OlderBox, None),
        };
        let state = self.state();
        let Self { branch_id, company, store, edge_id, confirmed, numbered, held, heard, .. } =
            self;
        let storage = heard.as_ref().map(|heard| heard.storage);
        let outages = heard.as_ref().map(|heard| heard.outages);
        Completeness {
            branch_id,
            company,
            store,
            edge_id,
            state,
            journaled: heard.as_ref().map(|heard| heard.journaled),
            confirmed,
            numbered,
            // What was oldest at the last heartbeat may be in the books by now.
            oldest_unconfirmed_at: heard
                .as_ref()
                .filter(|heard| heard.journaled > confirmed)
                .and_then(|heard| heard.oldest_unconfirmed_at),
            complete_up_to: up_to,
            bound_by,
            bound_by_till,
            last_heard_at: heard.as_ref().map(|heard| heard.received_at),
            last_heard_seconds_ago: heard
                .as_ref()
                .map(|heard| heard.ago_us.unsigned_abs() / 1_000_000),
            held,
            clock_ahead_us: heard.as_ref().and_then(|heard| heard.clock_ahead_us),
            software_version: heard.map(|heard| heard.software_version),
            storage,
            storage_used: storage.and_then(|room| ratio(room.used_bytes, room.capacity_bytes)),
            outages,
            success_rate: outages.and_then(|told| ratio(told.finalized, told.attempted)),
        }
    }
}
