//! The committed descriptions of our SQL (`.sqlx`) say what the databases say,
//! so a build without a database is the same as one with it. If this fails,
//! run ./ops/prepare-sqlx and commit what changed.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};
use testkit::{Books, EdgeSchema, sqlx};

/// The Postgres that the descriptions were made with. Others may plan outer
/// joins otherwise, from which sqlx guesses what can be NULL.
const MADE_WITH_POSTGRES: i32 = 15;

struct Described {
    file: PathBuf,
    query: String,
    describe: Value,
}

/// Everything in a crate's `.sqlx`.
fn committed(folder: &str, database: &str) -> Vec<Described> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(folder).join(".sqlx");
    let mut all = Vec::new();
    for file in fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()) {
        let text = fs::read(&file).unwrap();
        let mut data: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(data["db_name"], database, "{}", file.display());
        let query = data["query"].as_str().unwrap().to_owned();
        all.push(Described { file, query, describe: data["describe"].take() });
    }
    assert!(!all.is_empty(), "{} describes nothing", folder.display());
    all
}

#[tokio::test]
async fn the_books_statements_are_as_described() {
    let books = Books::new().await;
    let mut conn = books.pool.acquire().await.unwrap();
    let version: String =
        sqlx::query_scalar("SHOW server_version_num").fetch_one(&mut *conn).await.unwrap();
    let made_here = version.parse::<i32>().unwrap() / 10_000 == MADE_WITH_POSTGRES;
    // As sqlx's macros do.
    conn.execute("SET plan_cache_mode = 'force_generic_plan'").await.unwrap();
    for Described { file, query, mut describe } in committed("crates/store", "PostgreSQL") {
        let sql = AssertSqlSafe(query.clone()).into_sql_str();
        let now = (&mut *conn).describe(sql).await;
        let now = now.unwrap_or_else(|error| panic!("{}: {error}\n{query}", file.display()));
        let mut now = serde_json::to_value(now).unwrap();
        if !made_here {
            describe["nullable"].take();
            now["nullable"].take();
        }
        assert_eq!(now, describe, "{} is out of date:\n{query}", file.display());
    }
}

#[tokio::test]
async fn the_edges_statements_are_as_described() {
    let mut edge = EdgeSchema::new().await;
    for Described { file, query, describe } in committed("pos-edge", "SQLite") {
        let sql = AssertSqlSafe(query.clone()).into_sql_str();
        let now = (&mut edge.conn).describe(sql).await;
        let now = now.unwrap_or_else(|error| panic!("{}: {error}\n{query}", file.display()));
        let now = serde_json::to_value(now).unwrap();
        assert_eq!(now, describe, "{} is out of date:\n{query}", file.display());
    }
}
