//! Questions to the centre that a till waits for: asked once, answered soon or not
//! at all. Whoever asks decides what is said when there is no line.

use std::{fmt, time::Duration};

use bus::{Bus, BusError};
use schemas::{
    edge_api::LinkState,
    subjects::{CentralRequest, CentralSubject},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::watch;

use super::LinkView;
use crate::journal::EdgeIdentity;

/// The way to the centre, as far as there is one.
#[derive(Clone)]
pub struct Centre {
    pub(super) identity: EdgeIdentity,
    /// `None` until the sync has begun.
    pub(super) bus: watch::Receiver<Option<Bus>>,
    pub(super) link: watch::Receiver<LinkView>,
}

impl Centre {
    /// Asks, and waits `within` at most. A link that is known to be down is not
    /// tried.
    ///
    /// # Errors
    /// As [`bus::requests::request`]; [`BusError::Disconnected`] at once if there is
    /// no line.
    pub async fn ask<Req: Serialize, Rep: DeserializeOwned>(
        &self,
        what: CentralRequest,
        question: &Req,
        within: Duration,
    ) -> Result<Rep, BusError> {
        if self.link.borrow().state == LinkState::Down {
            return Err(BusError::Disconnected);
        }
        let bus = self.bus.borrow().clone().ok_or(BusError::Disconnected)?;
        let EdgeIdentity { tenant_id, branch_id, edge_id, .. } = self.identity;
        let subject = CentralSubject { tenant_id, branch_id, edge_id, what };
        bus::requests::request(&bus, subject, question, within).await
    }
}

impl fmt::Debug for Centre {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Centre").field("link", &self.link.borrow().state).finish_non_exhaustive()
    }
}
