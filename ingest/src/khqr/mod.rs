//! KHQR at the centre: the codes that tills are about to show, whether they were
//! paid, and payments that nobody claims.
//!
//! Guarantees:
//! - A code is in the books before a till shows it; a newer one of the same ticket
//!   supersedes it there.
//! - A payment is written once, pays for one code, and is told only after it was
//!   written: whoever is told of one finds it in the books. Once it is there,
//!   Bakong is not asked again.
//! - Every question to Bakong is taken from the company's day in the books first
//!   (`budget`). None of it happens in a transaction.
//! - A payment that does not fit its code, or that no sale claims (`sweep`), is an
//!   exception that names it, once.
//!
//! A crash between Bakong's answer and the books loses nothing but the check: the
//! next tap asks again and hears the same.

mod budget;
mod payment;
mod sweep;
mod telling;

use std::{collections::HashMap, sync::Arc, time::Duration};

use anyhow::Context;
use schemas::{Clock, TenantId};
use serde::Deserialize;
use store::Pool;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::bakong::{self, BakongClient};

pub(crate) use payment::ask;
pub(crate) use sweep::run as sweep;

/// How long a check may take in all; Bakong's own time is in its settings.
pub(crate) const CHECK_WITHIN: Duration = Duration::from_secs(8);
/// Checks that wait for Bakong at once; the next is told to ask again.
const CHECKS_AT_ONCE: usize = 32;

/// KHQR: as whom Bakong is asked, and when a payment that nobody claims is told of.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KhqrSettings {
    /// Bakong for companies that have no access of their own below. Without either
    /// a company takes no KHQR.
    pub bakong: Option<bakong::Settings>,
    /// Bakong by company.
    pub tenants: HashMap<TenantId, bakong::Settings>,
    /// How long a payment may wait for its sale to come into the books before a
    /// person is told, in seconds.
    pub unclaimed_after_s: u32,
    /// How often it is looked for such payments, in milliseconds.
    pub sweep_every_ms: u64,
}

impl Default for KhqrSettings {
    fn default() -> Self {
        Self {
            bakong: None,
            tenants: HashMap::new(),
            unclaimed_after_s: 15 * 60,
            sweep_every_ms: 5_000,
        }
    }
}

/// What the answers and the sweep work with.
pub(crate) struct Khqr {
    pool: Pool,
    clock: Arc<dyn Clock>,
    settings: KhqrSettings,
    /// One for each company that was asked for, made when it first is.
    clients: tokio::sync::Mutex<HashMap<TenantId, Arc<BakongClient>>>,
    checks: Arc<Semaphore>,
}

impl Khqr {
    /// Looks at the settings; nobody is asked yet.
    ///
    /// # Errors
    /// If a setting cannot work.
    pub(crate) fn new(
        pool: Pool,
        clock: Arc<dyn Clock>,
        settings: KhqrSettings,
    ) -> anyhow::Result<Self> {
        for access in settings.bakong.iter().chain(settings.tenants.values()) {
            access.check().context("khqr: these settings cannot work")?;
            anyhow::ensure!(
                Duration::from_millis(access.check_timeout_ms) < CHECK_WITHIN,
                "khqr: bakong.check_timeout_ms is not below {} ms, in which edges are answered",
                CHECK_WITHIN.as_millis()
            );
        }
        anyhow::ensure!(settings.sweep_every_ms > 0, "khqr.sweep_every_ms is 0");
        let (clients, checks) = (tokio::sync::Mutex::default(), Semaphore::new(CHECKS_AT_ONCE));
        Ok(Self { pool, clock, settings, clients, checks: Arc::new(checks) })
    }

    /// Whether a company takes KHQR.
    pub(crate) fn is_set_up(&self, tenant: TenantId) -> bool {
        self.access(tenant).is_some()
    }

    fn access(&self, tenant: TenantId) -> Option<&bakong::Settings> {
        self.settings.tenants.get(&tenant).or(self.settings.bakong.as_ref())
    }

    /// Who asks for a company; `None` if it takes no KHQR.
    async fn client(&self, tenant: TenantId) -> anyhow::Result<Option<Arc<BakongClient>>> {
        let Some(access) = self.access(tenant) else { return Ok(None) };
        let mut clients = self.clients.lock().await;
        if let Some(client) = clients.get(&tenant) {
            return Ok(Some(Arc::clone(client)));
        }
        let limit = i32::try_from(access.daily_checks).unwrap_or(i32::MAX);
        let budget = budget::BooksBudget::new(self.pool.clone(), tenant, limit);
        let client = BakongClient::new(access.clone(), Arc::clone(&self.clock))?;
        let client = Arc::new(client.counted_by(Arc::new(budget)));
        clients.insert(tenant, Arc::clone(&client));
        Ok(Some(client))
    }

    /// A place among the checks that wait for Bakong.
    fn enter(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.checks).try_acquire_owned().ok()
    }
}
