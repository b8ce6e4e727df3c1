//! Companies as data: who sells what where, and how they come into the books.
//!
//! A [`Company`] is a plan; [`seed`] makes it true in one transaction, so a
//! crash leaves either all of it or nothing. Seeding the same company again
//! changes nothing, because every id derives from a name and a catalogue that
//! says the same is not published twice.

mod demo;
mod entry;
mod imported;
mod menu;
mod seed;
mod shopper;
mod token;

pub use demo::{company_like_demo, demo};
pub use imported::{Item, Outlet, Plan, imported};
pub use seed::{SeedError, retire_edges, seed};
pub use shopper::Shopper;
pub use token::{FILE as TOKEN_FILE, back_office_token, new_secret};

use schemas::{
    BranchId, DeviceId, EdgeId, StaffId, StockItemId, TenantId,
    catalogue::{CatalogueV1, Device, StaffMember},
};

/// A company before it is in the books.
#[derive(Debug, Clone)]
pub struct Company {
    /// Its id.
    pub tenant_id: TenantId,
    /// Its name.
    pub name: String,
    /// Its stores.
    pub stores: Vec<Store>,
}

/// One store of a company.
#[derive(Debug, Clone)]
pub struct Store {
    /// Its id.
    pub branch_id: BranchId,
    /// Its first edge.
    pub edge_id: EdgeId,
    /// Its name.
    pub name: String,
    /// What it sells, as a draft: version and time come with publishing.
    pub catalogue: CatalogueV1,
    /// What is on its shelves when it enters the books.
    pub opening_stock: Vec<(StockItemId, i64)>,
}

impl Store {
    /// The store's tills.
    pub fn devices(&self) -> &[Device] {
        &self.catalogue.devices
    }

    /// Who sells there.
    pub fn staff(&self) -> &[StaffMember] {
        &self.catalogue.staff
    }

    /// The PIN of someone of its staff.
    pub fn pin(&self, staff: StaffId) -> Option<String> {
        self.staff().iter().position(|member| member.staff_id == staff).map(entry::pin)
    }

    /// The one-time code that pairs one of its tills.
    pub fn code(&self, device: DeviceId) -> Option<String> {
        self.devices().iter().position(|till| till.device_id == device).map(entry::code)
    }
}

/// The ids of one company, all derived from its own and a name.
#[derive(Debug, Clone, Copy)]
struct Names(TenantId);

impl Names {
    fn branch(self, name: &str) -> BranchId {
        BranchId::derived(self.0.as_uuid(), &format!("branch/{name}"))
    }

    fn edge(self, branch: &str, epoch: u32) -> EdgeId {
        EdgeId::derived(self.0.as_uuid(), &format!("edge/{branch}/{epoch}"))
    }

    fn device(self, branch: &str, name: &str) -> DeviceId {
        DeviceId::derived(self.0.as_uuid(), &format!("device/{branch}/{name}"))
    }

    fn staff(self, name: &str) -> StaffId {
        StaffId::derived(self.0.as_uuid(), &format!("staff/{name}"))
    }
}
