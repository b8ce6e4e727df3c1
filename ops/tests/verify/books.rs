//! One damage after the other, each in a copy of the same whole books.

use store::verify;
use testkit::sqlx::{self, Executor, PgPool, postgres::PgPoolOptions};

use crate::{
    damages::{Damage, ENTRIES, FACTS, HEARTBEATS, REGISTER, SALES, STOCK, damage},
    khqr_damages::KHQR,
    session_damages::{COMMANDS, EFFECTS, REVERSALS, SESSIONS, VOIDS},
    sold::Sold,
};

/// What every edge says when it is level with the books.
const HEARD: &str = "INSERT INTO edge_heartbeat SELECT c.edge_id, now(), now(), c.last_seq,
    c.head_hash, c.last_seq, NULL, 0, '[]', '[]', 0, 0, NULL, NULL, 'test' FROM edge_cursor c";

const NOTHING: &[Damage] = &[damage("nothing", "SELECT 1", &[])];

#[tokio::test]
async fn each_damage_fails_the_checks_that_speak_of_it_and_no_others() {
    let groups = [NOTHING, ENTRIES, SALES, STOCK, REGISTER, FACTS, HEARTBEATS];
    damage_one_by_one(Sold::some().await, &groups).await;
}

#[tokio::test]
async fn each_damage_to_sessions_and_voids_fails_the_checks_that_speak_of_it() {
    let groups = [NOTHING, SESSIONS, VOIDS, EFFECTS, REVERSALS, COMMANDS];
    damage_one_by_one(Sold::with_voids().await, &groups).await;
}

#[tokio::test]
async fn each_damage_to_khqr_fails_the_check_that_speaks_of_it() {
    damage_one_by_one(Sold::with_khqr().await, &[NOTHING, KHQR]).await;
}

async fn damage_one_by_one(sold: Sold, groups: &[&[Damage]]) {
    sold.books.pool.execute(HEARD).await.unwrap();
    // A database can be copied only while nobody is connected to it.
    sold.books.pool.close().await;
    let copies = Copies::of(&sold.books.url).await;
    let mut wrong = Vec::new();
    for damage in groups.iter().copied().flatten() {
        let pool = copies.next().await;
        testkit::damage(&pool, damage.sql).await;
        let checks = verify::books(&pool).await.unwrap();
        let failed: Vec<_> = checks.iter().filter(|check| !check.ok).collect();
        let mut names: Vec<_> = failed.iter().map(|check| check.name).collect();
        let mut expected = damage.fails.to_vec();
        names.sort_unstable();
        expected.sort_unstable();
        if names != expected {
            wrong.push(format!("{}: {names:?} instead of {expected:?}", damage.what));
        }
        for check in failed {
            let named = check.offenders.len() as u64;
            assert!(named > 0 && named <= check.failures, "{}: {check:?}", damage.what);
        }
        pool.close().await;
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Copies of one database, one after the other.
struct Copies {
    server: PgPool,
    url: String,
    made: std::cell::Cell<u32>,
}

impl Copies {
    async fn of(url: &str) -> Self {
        let server = connect(&at(url, "postgres")).await;
        Self { server, url: url.to_owned(), made: std::cell::Cell::new(0) }
    }

    async fn next(&self) -> PgPool {
        self.made.set(self.made.get() + 1);
        let (name, original) = (format!("copy_{}", self.made.get()), self.url.rsplit('/').next());
        let make = format!("CREATE DATABASE {name} TEMPLATE {}", original.unwrap());
        sqlx::raw_sql(sqlx::AssertSqlSafe(make)).execute(&self.server).await.unwrap();
        connect(&at(&self.url, &name)).await
    }
}

async fn connect(url: &str) -> PgPool {
    // One connection, so that temporary tables are seen by the next statement.
    PgPoolOptions::new().max_connections(1).connect(url).await.unwrap()
}

fn at(url: &str, database: &str) -> String {
    format!("{}/{database}", url.rsplit_once('/').unwrap().0)
}
