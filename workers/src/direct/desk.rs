//! What a decision at the direct door sees besides the submission: the branch at
//! one moment, under the lock of its door edge.

use std::sync::Arc;

use domain::catalogue::CatalogueIndex;
use schemas::{
    DeviceId, EdgeId, EntryKind, StaffId, TenantId, TicketId, Timestamp,
    catalogue::{CatalogueRef, StaffRole},
    door_api::RefusalCode,
    facts::ExceptionKind,
    requests::JournalHead,
};
use serde::Serialize;
use store::{Conn, cursors::Cursor, doors, drawers::Drawer};
use tokio::sync::Mutex;
use uuid::Uuid;

use super::Refusal;
use crate::{reading::Origin, repricing::Catalogues};

/// A branch at one moment.
pub(super) struct Desk {
    /// The branch and its door edge.
    pub(super) origin: Origin,
    /// The newest entry of the door edge's journal.
    pub(super) head: JournalHead,
    /// The box in the store that sells too, if there is one.
    pub(super) store_edge: Option<EdgeId>,
    /// The newest menu, if there is one.
    pub(super) menu: Option<Menu>,
    /// Menus in use.
    pub(super) catalogues: Arc<Mutex<Catalogues>>,
    /// The centre's clock.
    pub(super) now: Timestamp,
}

/// A menu and which it is.
#[derive(Clone)]
pub(super) struct Menu {
    pub(super) index: Arc<CatalogueIndex>,
    pub(super) reference: CatalogueRef,
}

/// What is journaled for a submission.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) kind: EntryKind,
    pub(super) payload: Vec<u8>,
    /// The sale, session, movement, order or request that it makes or moves.
    pub(super) made_id: Uuid,
    /// What speaks against it and did not keep it out: it is a fact.
    pub(super) objections: Vec<(ExceptionKind, String)>,
}

/// What a submission came to.
pub(super) type Decided = Result<Told, Refusal>;

impl Desk {
    /// The branch whose door edge has this cursor.
    pub(super) async fn of(
        conn: &mut Conn,
        cursor: &Cursor,
        catalogues: &Arc<Mutex<Catalogues>>,
        now: Timestamp,
    ) -> Result<Self, store::Error> {
        let Cursor { edge_id, tenant_id, branch_id, head, .. } = *cursor;
        let menu = match store::catalogues::newest_reference(conn, branch_id).await? {
            Some(reference) => catalogues
                .lock()
                .await
                .get(conn, branch_id, reference)
                .await?
                .map(|index| Menu { index, reference }),
            None => None,
        };
        Ok(Self {
            origin: Origin { tenant_id, branch_id, edge_id },
            head,
            store_edge: doors::store_edges(conn, &[branch_id]).await?.pop().map(|(_, edge)| edge),
            menu,
            catalogues: Arc::clone(catalogues),
            now,
        })
    }

    pub(super) fn tenant(&self) -> TenantId {
        self.origin.tenant_id
    }

    /// Refuses where a box in the store keeps what the request is about.
    pub(super) fn keeps_it(&self) -> Result<(), Refusal> {
        if self.store_edge.is_some() { Err(Refusal::kept_at_edge()) } else { Ok(()) }
    }

    /// Whether a session is kept by a box in the store.
    pub(super) fn is_the_edges(&self, drawer: &Drawer) -> bool {
        self.store_edge.is_some() && drawer.edge_id != self.origin.edge_id
    }

    /// Refuses a till that is not one of this branch.
    pub(super) fn check_device(&self, device: DeviceId) -> Result<(), Refusal> {
        let known = self.menu.as_ref().and_then(|menu| menu.index.device(device));
        if known.is_some_and(|known| !known.revoked) {
            return Ok(());
        }
        let detail = format!("device_id: till {device} is not one of this store");
        Err(Refusal::new(RefusalCode::UnknownDevice, detail))
    }

    /// What a person may do in this branch.
    pub(super) fn role_of(&self, staff: StaffId) -> Result<StaffRole, Refusal> {
        let menu = self.menu.as_ref().ok_or_else(Refusal::no_catalogue)?;
        let known = menu.index.staff_member(staff).ok_or_else(|| {
            let detail = format!("staff_id: {staff} may not work in this store");
            Refusal::new(RefusalCode::UnknownStaff, detail)
        })?;
        Ok(known.role)
    }

    /// Refuses a cashier who acts on what belongs to another person's session.
    pub(super) fn acts_for(&self, staff: StaffId, owner: Option<StaffId>) -> Result<(), Refusal> {
        if self.role_of(staff)?.is_approver() || owner.is_none_or(|owner| owner == staff) {
            return Ok(());
        }
        Err(Refusal::not_permitted("it belongs to another person's cash session"))
    }

    /// The till that requests without one come from: the door itself.
    pub(super) fn door_device(&self) -> DeviceId {
        DeviceId::from_uuid(self.origin.edge_id.as_uuid())
    }

    /// The id of what a ticket makes: whoever decides it again makes the same.
    pub(super) fn id_for(&self, what: &str, ticket: &TicketId) -> Uuid {
        Uuid::new_v5(&self.tenant().as_uuid(), format!("direct-{what}:{ticket}").as_bytes())
    }

    /// The menu under this reference, if the books have it.
    pub(super) async fn menu_of(
        &self,
        conn: &mut Conn,
        reference: CatalogueRef,
    ) -> Result<Option<Arc<CatalogueIndex>>, store::Error> {
        self.catalogues.lock().await.get(conn, self.origin.branch_id, reference).await
    }

    /// The name of a person of the branch, if the menu knows them.
    pub(super) fn name_of(&self, staff: StaffId) -> Option<String> {
        let menu = self.menu.as_ref()?;
        Some(menu.index.staff_member(staff)?.name.clone())
    }
}

impl Told {
    /// An event of this kind.
    pub(super) fn event(
        kind: EntryKind,
        event: &impl Serialize,
        made_id: Uuid,
    ) -> Result<Self, Refusal> {
        let payload = serde_json::to_vec(event)
            .map_err(|error| Refusal::new(RefusalCode::Malformed, error.to_string()))?;
        let most = schemas::Entry::MAX_PAYLOAD_BYTES;
        if payload.len() > most {
            let detail = format!("it takes {} bytes; at most {most} fit an entry", payload.len());
            return Err(Refusal::new(RefusalCode::TooLarge, detail));
        }
        Ok(Self { kind, payload, made_id, objections: Vec::new() })
    }
}
