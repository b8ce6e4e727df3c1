//! The days of a store: drawers that are opened in the morning, and counted and
//! closed at night. None of it needs a line.

use std::{
    collections::{BTreeSet, HashMap},
    sync::{MutexGuard, PoisonError},
};

use anyhow::Context;
use futures::future::try_join_all;
use rust_decimal::Decimal;
use schemas::{CashSessionId, Khr, StaffId, Usd, edge_api::OpenCashSession};
use uuid::Uuid;

use super::{data_time::DataTime, drawer::Drawer, till::Tills};
use crate::company::Plan;

/// Dollars in each drawer in the morning.
const FLOAT_USD: i64 = 100;

impl Tills {
    /// Opens a drawer for everyone who sells on a day.
    ///
    /// # Errors
    /// If the edge refuses one or stays away.
    pub async fn open_day(&self, day: DataTime, staff: &BTreeSet<String>) -> anyhow::Result<()> {
        try_join_all(staff.iter().map(|key| self.open_drawer(day, key))).await?;
        Ok(())
    }

    /// Counts and closes every drawer that is open. No sale may be under way.
    ///
    /// # Errors
    /// If the edge refuses one or stays away.
    pub async fn close_day(&self) -> anyhow::Result<()> {
        let open: Vec<_> = self.open_drawers().drain().collect();
        try_join_all(
            open.into_iter()
                .map(|(staff_id, (session, drawer))| self.close_drawer(staff_id, session, drawer)),
        )
        .await?;
        Ok(())
    }

    async fn open_drawer(&self, day: DataTime, key: &str) -> anyhow::Result<()> {
        let staff_id = Plan::staff_id(self.tenant_id, key);
        let (till, device_id) =
            self.people.get(&staff_id).with_context(|| format!("nobody there is staff {key}"))?;
        let session = OpenCashSession {
            device_id: *device_id,
            staff_id,
            opening_float_usd: Usd(Decimal::from(FLOAT_USD)),
            opening_float_khr: Khr::ZERO,
        };
        let name = format!("session/{staff_id}/{}", day.day());
        let once = Uuid::new_v5(&self.tenant_id.as_uuid(), name.as_bytes());
        let opened = till
            .open_session(&format!("open-{once}"), &session)
            .await
            .with_context(|| format!("staff {key} cannot open a drawer at {}", self.outlet))?;
        let drawer = Drawer::with(session.opening_float_usd, session.opening_float_khr);
        self.open_drawers().insert(staff_id, (opened, drawer));
        Ok(())
    }

    async fn close_drawer(
        &self,
        staff_id: StaffId,
        session: CashSessionId,
        drawer: Drawer,
    ) -> anyhow::Result<()> {
        let (till, _) = self.people.get(&staff_id).context("a drawer of nobody")?;
        let z = till
            .close_session(session, &drawer.count())
            .await
            .with_context(|| format!("a drawer cannot be closed at {}", self.outlet))?;
        self.locked().closed(&z);
        Ok(())
    }

    /// The session in which someone sells now.
    pub(super) fn session_of(&self, staff_id: StaffId) -> Option<CashSessionId> {
        self.open_drawers().get(&staff_id).map(|(session, _)| *session)
    }

    /// Moves money in someone's drawer.
    pub(super) fn in_drawer(&self, staff_id: StaffId, what: impl FnOnce(&mut Drawer)) {
        if let Some((_, drawer)) = self.open_drawers().get_mut(&staff_id) {
            what(drawer);
        }
    }

    fn open_drawers(&self) -> MutexGuard<'_, HashMap<StaffId, (CashSessionId, Drawer)>> {
        self.drawers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
