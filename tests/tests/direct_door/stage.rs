//! A headquarters and its clients.

use rust_decimal::Decimal;
use schemas::{CustomerId, back_office::Scope};
use testkit::sqlx;
use tests::{DoorClient, World, open_account};

/// A world with one store and a client that sells for it.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) app: DoorClient,
    pub(crate) customer: CustomerId,
}

impl Stage {
    /// A store whose only way to sell is the direct door.
    pub(crate) async fn without_edge() -> Self {
        let stage = Self::of(World::without_edges(1).await).await;
        sqlx::query("UPDATE edge SET state = 'RETIRED' WHERE kind = 'STORE'")
            .execute(&stage.world.books.pool)
            .await
            .expect("an edge can be retired");
        stage
    }

    /// A store with an edge that sells too.
    pub(crate) async fn beside_an_edge() -> Self {
        Self::of(World::with_shops(1).await).await
    }

    async fn of(world: World) -> Self {
        let app = Self::client(&world, &Scope::ALL).await;
        let limit = Decimal::from(1_000);
        let customer =
            open_account(&world.books.pool, world.company.tenant_id, "Vanna", limit).await;
        Self { world, app, customer }
    }

    /// A client of the first store with these scopes.
    pub(crate) async fn client(world: &World, scopes: &[Scope]) -> DoorClient {
        let store = &world.company.stores[0];
        let of = (store.tenant_id, store.branch_id);
        DoorClient::enrolled(&world.books.pool, &world.centre.listen, of, scopes).await
    }

    pub(crate) async fn account(&self, limit: Decimal) -> CustomerId {
        let tenant = self.world.company.tenant_id;
        open_account(&self.world.books.pool, tenant, "Bopha", limit).await
    }

    /// One text from the books.
    pub(crate) async fn text(&self, query: &'static str) -> String {
        let found: Option<String> =
            sqlx::query_scalar(query).fetch_one(&self.world.books.pool).await.expect(query);
        found.unwrap_or_default()
    }

    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        self.world.count(query).await
    }
}
