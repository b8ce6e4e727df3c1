//! Everyone who sells: the tills of every store, the clients of the direct door,
//! and those who watch what numbers tills are shown.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use futures::{
    StreamExt, TryFutureExt,
    future::{join_all, try_join_all},
};
use schemas::edge_api::Update;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{door::DoorClient, site::Site, till::Till, witness::Witness};
use crate::drive::{client::EdgeClient, khqr::Bank};

/// Clients of the direct door.
const DOORS: u64 = 2;
/// Seeds of different sellers are so far apart.
const APART: u64 = 1_000;
const REOPEN_AFTER: Duration = Duration::from_millis(200);

/// All sellers.
pub(super) struct Load {
    tills: Vec<Till>,
    doors: Vec<DoorClient>,
    _watching: DropGuard,
}

impl Load {
    /// Logs everyone in.
    pub(super) async fn open(
        site: &Site,
        witness: &Arc<Witness>,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let bank = Bank::at_url(&site.bakong.url())?;
        let over = CancellationToken::new();
        let mut opening = Vec::new();
        let mut own = seed.wrapping_mul(APART);
        for shop in &site.shops {
            let edge = EdgeClient::at_url(&shop.address.url)?;
            for place in 0..shop.store.devices().len() {
                own = own.wrapping_add(1);
                let (store, bank) = (shop.store.clone(), bank.clone());
                opening.push(
                    Till::open(store, edge.clone(), bank, witness.clone(), (place, own))
                        .map_err(|error| error.context(shop.edge.name.clone())),
                );
            }
            let watching = watch_numbers(shop.operator()?, witness.clone());
            tokio::spawn(over.clone().run_until_cancelled_owned(watching));
        }
        let tills = try_join_all(opening).await?;
        let mut doors = Vec::new();
        for nth in 1..=DOORS {
            let own = own.wrapping_add(nth);
            let door = DoorClient::open(site, witness.clone(), own).await;
            doors.push(door.context("a client of the door")?);
        }
        Ok(Self { tills, doors, _watching: over.drop_guard() })
    }

    /// Sells until `closed`, and until everyone has their answers.
    pub(super) async fn sell(&mut self, closed: &CancellationToken) -> anyhow::Result<()> {
        let tills = join_all(self.tills.iter_mut().map(|till| till.work(closed)));
        let doors = join_all(self.doors.iter_mut().map(|door| door.work(closed)));
        let (tills, doors) = tokio::join!(tills, doors);
        tills.into_iter().chain(doors).collect()
    }
}

/// Notes every number that a store's tills are shown. A stream of updates that ends
/// is opened again; what was told in between is seen in the list of tickets.
async fn watch_numbers(edge: EdgeClient, witness: Arc<Witness>) {
    loop {
        if let Ok(mut updates) = edge.updates().await {
            while let Some(update) = updates.next().await {
                if let Update::InvoiceAssigned { ticket_id, invoice_no } = update {
                    witness.seen().shows(&ticket_id, invoice_no);
                }
            }
        }
        tokio::time::sleep(REOPEN_AFTER).await;
    }
}
