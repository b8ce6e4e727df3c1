//! Clients without an edge: an online shop that sells on account at the centre's
//! door, under one ticket until it has the invoice or a refusal.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use reqwest::{Client, StatusCode};
use rust_decimal::Decimal;
use schemas::{
    Clock, CustomerId, SystemClock, TicketId, Usd,
    door_api::{DoorReceipt, DoorTender, SubmitSale},
    edge_api::Problem,
};
use store::accounts;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    site::Site,
    witness::{Answered, Witness},
};
use crate::company::{Shopper, Store};

/// How long a client waits for one answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(20);
/// How long a customer takes, in milliseconds.
const SERVING_MS: std::ops::RangeInclusive<u64> = 200..=900;
const PAUSE: Duration = Duration::from_millis(250);
/// Up to what the customer may owe, in dollars: more than can be sold.
const LIMIT_USD: i64 = 1_000_000_000;

/// A client of the door.
pub(super) struct DoorClient {
    http: Client,
    url: String,
    token: String,
    customer_id: CustomerId,
    witness: Arc<Witness>,
    stores: Vec<(Store, Shopper)>,
    chance: StdRng,
    name: String,
    served: u64,
}

impl DoorClient {
    /// Opens the account that its customers buy on.
    pub(super) async fn open(
        site: &Site,
        witness: Arc<Witness>,
        seed: u64,
    ) -> anyhow::Result<Self> {
        let customer_id = CustomerId::from_uuid(Uuid::now_v7());
        let mut conn = site.pool.acquire().await.context("the books do not answer")?;
        let limit = Usd(Decimal::from(LIMIT_USD));
        let (tenant, now) = (site.company.tenant_id, SystemClock.now());
        accounts::put(&mut conn, tenant, customer_id, "Online shop", limit, now).await?;
        let stores = site.company.stores.iter().cloned();
        Ok(Self {
            http: Client::builder().no_proxy().timeout(ANSWER_LIMIT).build()?,
            url: format!("{}/pos/sale", site.centre_url),
            token: site.door_token()?,
            customer_id,
            witness,
            stores: stores
                .map(|of| {
                    let menu = Shopper::new(seed, &of.catalogue);
                    (of, menu)
                })
                .collect(),
            chance: StdRng::seed_from_u64(seed),
            name: format!("torture-{seed:x}-door"),
            served: 0,
        })
    }

    /// Sells until `closed`; the last sale gets its outcome too.
    pub(super) async fn work(&mut self, closed: &CancellationToken) -> anyhow::Result<()> {
        while !closed.is_cancelled() {
            let pause = Duration::from_millis(self.chance.random_range(SERVING_MS));
            tokio::time::sleep(pause).await;
            let place = self.chance.random_range(0..self.stores.len().max(1));
            let (store, customers) = self.stores.get_mut(place).context("there is no store")?;
            let sale = SubmitSale {
                ticket_id: None,
                branch_id: store.branch_id,
                cash_session_id: None,
                device_id: None,
                cashier_id: None,
                customer_id: Some(self.customer_id),
                cart: customers.cart(),
                tender: DoorTender::Account,
                offline: None,
            };
            let ticket = TicketId::parse(format!("{}-{}", self.name, self.served))?;
            self.served += 1;
            self.witness.seen().asks(&ticket, sale.branch_id);
            while !self.try_sell(&ticket, &sale).await {
                self.witness.seen().retried += 1;
                tokio::time::sleep(PAUSE).await;
            }
        }
        Ok(())
    }

    /// Asks once; whether that was the outcome.
    async fn try_sell(&self, ticket: &TicketId, sale: &SubmitSale) -> bool {
        let request = self.http.post(&self.url).bearer_auth(&self.token).json(sale);
        let Ok(answer) = request.header("Idempotency-Key", ticket.as_str()).send().await else {
            return false;
        };
        let status = answer.status();
        if status == StatusCode::OK {
            let Ok(DoorReceipt { invoice, .. }) = answer.json().await else { return false };
            let mut seen = self.witness.seen();
            seen.answers(ticket, Answered::by_door(sale.branch_id, &invoice));
            seen.shows(ticket, invoice.invoice_no);
            return true;
        }
        if status == StatusCode::ACCEPTED || status.is_server_error() {
            return false;
        }
        let Ok(Problem { code, detail, .. }) = answer.json().await else { return false };
        self.witness.seen().refuses(ticket, format!("{code}: {detail}"));
        true
    }
}
