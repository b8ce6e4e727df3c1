//! What is in the books stays as it was written: refused by the database itself,
//! to its owner by triggers and to each service by what its role may do.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;

use store::Role;
use testkit::{
    Books,
    sqlx::{self, AssertSqlSafe, PgConnection, PgPool},
};

/// What may change of a table whose rows have a state; of the others, nothing.
const MUTABLE: &[(&str, &[&str])] = &[
    ("numbering_setting", &[]),
    ("sale", &["status", "voided_at"]),
    ("sale_order", &["status", "updated_at"]),
    ("cash_session", &["status", "closed_at", "closed_by"]),
    ("void_request", &["status", "decided_by", "decision_note", "decided_at", "command_id"]),
    (
        "edge_command",
        &["state", "outcome_code", "outcome_detail", "settled_at", "edge_id", "entry_seq"],
    ),
    ("edge_entry", &[]),
    ("ticket", &[]),
    ("sale_line", &[]),
    ("cash_movement", &[]),
    ("stock_journal", &[]),
    ("audit_log", &[]),
    ("invoice", &[]),
    ("exception", &[]),
    ("z_report", &[]),
    ("z_supplement", &[]),
    (
        "submission",
        &[
            "state",
            "outcome_code",
            "outcome_detail",
            "made_id",
            "edge_id",
            "entry_seq",
            "settled_at",
        ],
    ),
    ("submission_conflict", &[]),
    ("account_charge", &[]),
    ("order_handover", &["state", "accepted_at", "edge_id", "entry_seq"]),
    ("api_request", &[]),
    (
        "quarantine_decision",
        &["state", "applied", "still_waiting", "outcome_code", "outcome_detail", "settled_at"],
    ),
    ("sale_khqr", &[]),
    ("adopted", &[]),
    ("khqr_intent", KHQR),
    ("recovery", &["recovered_at", "recovered_by", "report"]),
    ("numbered_ahead", &[]),
    ("fact_gap", &[]),
    ("backup", &["completed_at"]),
    ("backup_cursor", &[]),
];

const KHQR: &[&str] = &[
    "state",
    "superseded_at",
    "paid_hash",
    "paid_from_account",
    "paid_to_account",
    "confirmed_at",
    "sale_id",
    "raised_at",
];

/// What a service may change of a table, out of what may change of it. KHQR codes
/// are `ingest`'s up to the claim, which is the worker's; all else is the worker's.
fn may_change(role: Option<Role>, table: &str, mutable: &[&str]) -> BTreeSet<String> {
    let theirs = |column: &&str| match (role, table) {
        (None, _) => true,
        (Some(Role::Worker), "khqr_intent") => ["state", "sale_id"].contains(column),
        (Some(Role::Ingest), "khqr_intent") => *column != "sale_id",
        // That the books are recovered, or a backup is complete, only the owner says.
        (Some(_), "recovery" | "backup") => false,
        (Some(role), _) => role == Role::Worker,
    };
    mutable.iter().copied().filter(theirs).map(str::to_owned).collect()
}

/// The role of the tables' owner, and those of the services.
fn everybody() -> Vec<Option<Role>> {
    [None].into_iter().chain(Role::ALL.map(Some)).collect()
}

async fn as_role(pool: &PgPool, role: Option<Role>) -> sqlx::pool::PoolConnection<sqlx::Postgres> {
    let mut conn = pool.acquire().await.unwrap();
    let role = role.map_or("RESET ROLE".to_owned(), |role| format!("SET ROLE {}", role.as_str()));
    sqlx::raw_sql(AssertSqlSafe(role)).execute(&mut *conn).await.unwrap();
    conn
}

/// Whether a statement is refused, and not for another reason.
async fn is_refused(conn: &mut PgConnection, sql: String) -> bool {
    match sqlx::raw_sql(AssertSqlSafe(sql.clone())).execute(conn).await {
        Ok(_) => false,
        Err(sqlx::Error::Database(error)) => {
            assert_eq!(error.code().as_deref(), Some("42501"), "{sql}: {error}");
            true
        }
        Err(error) => panic!("{sql}: {error}"),
    }
}

/// Every table's columns. An identity cannot be set, whoever asks.
async fn columns(pool: &PgPool) -> Vec<(String, String)> {
    sqlx::query_as(
        "SELECT table_name::text, column_name::text FROM information_schema.columns
         WHERE table_schema = 'public' AND is_identity = 'NO'",
    )
    .fetch_all(pool)
    .await
    .unwrap()
}

#[tokio::test]
async fn nobody_deletes_what_is_in_the_books() {
    let books = Books::new().await;
    for role in everybody() {
        let mut conn = as_role(&books.pool, role).await;
        for (table, _) in MUTABLE {
            for sql in [format!("DELETE FROM {table}"), format!("TRUNCATE {table} CASCADE")] {
                assert!(is_refused(&mut conn, sql.clone()).await, "{role:?}: {sql}");
            }
        }
    }
}

#[tokio::test]
async fn nobody_changes_more_than_states() {
    let books = Books::new().await;
    let columns = columns(&books.pool).await;
    for role in everybody() {
        let mut conn = as_role(&books.pool, role).await;
        for (table, mutable) in MUTABLE {
            let mut allowed = BTreeSet::new();
            let of_table = columns.iter().filter(|(of, _)| of == table);
            for column in of_table.map(|(_, column)| column) {
                let sql = format!("UPDATE {table} SET {column} = {column}");
                if !is_refused(&mut conn, sql).await {
                    allowed.insert(column.clone());
                }
            }
            assert_eq!(allowed, may_change(role, table, mutable), "{role:?}: {table}");
        }
    }
}

#[tokio::test]
async fn no_service_may_switch_the_guards_off() {
    let books = Books::new().await;
    for role in Role::ALL {
        let mut conn = as_role(&books.pool, Some(role)).await;
        for sql in [
            "SET session_replication_role = replica",
            "ALTER TABLE sale DISABLE TRIGGER ALL",
            "DROP TABLE z_report",
        ] {
            let refused = sqlx::raw_sql(sql).execute(&mut *conn).await.unwrap_err();
            let code = refused.as_database_error().and_then(|error| error.code().map(String::from));
            assert_eq!(code.as_deref(), Some("42501"), "{role:?}: {sql}: {refused}");
        }
    }
}

#[tokio::test]
async fn a_service_connects_with_its_own_rights_and_keeps_them() {
    let books = Books::new().await;
    let settings = store::Settings::at(&books.url);
    for role in Role::ALL {
        let pool = store::connect_as(&settings, role).await.unwrap();
        let mut conn = pool.acquire().await.unwrap();
        sqlx::raw_sql("RESET ROLE").execute(&mut *conn).await.unwrap();
        let is: String =
            sqlx::query_scalar("SELECT current_user::text").fetch_one(&mut *conn).await.unwrap();
        assert_eq!(is, role.as_str());
    }
    let owner = store::Settings { service_roles: false, ..settings };
    let pool = store::connect_as(&owner, Role::Worker).await.unwrap();
    let is: String =
        sqlx::query_scalar("SELECT current_user::text").fetch_one(&pool).await.unwrap();
    assert_ne!(is, Role::Worker.as_str());
}
