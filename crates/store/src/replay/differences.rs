//! What entries should have made and the books do not have, or have otherwise.

use schemas::{BranchId, EdgeId};
use sqlx::{AssertSqlSafe, Row as _, postgres::PgRow};
use uuid::Uuid;

use super::{
    Beside,
    tables::{COUNTED, Cause, KEYED, Keyed, STATES},
};
use crate::{Conn, Error, columns::unsigned};

/// An effect of an entry that is not in the books as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The entry.
    pub entry: (EdgeId, u64),
    /// The table.
    pub table: &'static str,
    /// Which row, in words.
    pub row: String,
    /// The columns that are otherwise than they should be; none: the row is missing.
    pub columns: Vec<String>,
}

/// What the wanted entries should have made and the books do not have. Each statement
/// sees the books at one moment; what came after the entries is in nobody's way.
///
/// # Errors
/// [`Error`] if a statement fails or a stored value is not valid.
pub async fn differences(beside: &mut Beside, branch: BranchId) -> Result<Vec<Difference>, Error> {
    sqlx::query("ANALYZE pg_temp.replay_wanted").execute(&mut beside.conn).await?;
    let mut found = Vec::new();
    for table in KEYED {
        let columns = columns(&mut beside.conn, table).await?;
        let query = compare(&beside.books, table, &columns);
        let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&mut beside.conn).await?;
        for row in rows {
            found.push(difference(table.name, &row, row.try_get("columns")?)?);
        }
    }
    for (table, query) in COUNTED {
        let query = query.replace("{books}", &beside.books);
        let query = format!(
            "SELECT fewer.* FROM ({query}) fewer
             JOIN pg_temp.replay_wanted w ON w.edge_id = fewer.edge_id AND w.seq = fewer.seq
             ORDER BY fewer.edge_id, fewer.seq, fewer.row_text"
        );
        let query = sqlx::query(AssertSqlSafe(query)).bind(branch.as_uuid());
        for row in query.fetch_all(&mut beside.conn).await? {
            found.push(difference(table, &row, Vec::new())?);
        }
    }
    Ok(found)
}

/// The states that the wanted entries moved and that the books have otherwise, unless
/// an entry that came since is about the same. Ask only if the wanted entries are the
/// newest of their journals.
///
/// # Errors
/// [`Error`] if a statement fails or a stored value is not valid.
pub async fn unfinished(beside: &mut Beside) -> Result<Vec<Difference>, Error> {
    let mut found = Vec::new();
    for (table, key, state) in STATES {
        let books = &beside.books;
        let query = format!(
            "SELECT w.edge_id, w.seq,
                 s.{key} || ' is ' || r.{state} || ', not ' || s.{state} AS row_text
             FROM pg_temp.{table} s
             JOIN {books}.{table} r ON r.{key} = s.{key} AND r.{state} <> s.{state}
             CROSS JOIN LATERAL (
                 SELECT w.edge_id, w.seq FROM pg_temp.replay_wanted w
                 JOIN pg_temp.replay_order o ON o.edge_id = w.edge_id AND o.seq = w.seq
                 WHERE s.{key} = ANY(w.about) ORDER BY o.place DESC LIMIT 1
             ) w
             WHERE NOT EXISTS (SELECT FROM pg_temp.replay_later l WHERE l.id = s.{key})
             ORDER BY w.edge_id, w.seq"
        );
        let rows = sqlx::query(AssertSqlSafe(query)).fetch_all(&mut beside.conn).await?;
        for row in rows {
            found.push(difference(table, &row, vec![(*state).to_owned()])?);
        }
    }
    Ok(found)
}

fn difference(table: &'static str, row: &PgRow, columns: Vec<String>) -> Result<Difference, Error> {
    let edge: EdgeId = row.try_get::<Uuid, _>("edge_id")?.into();
    let seq = unsigned("edge_entry.seq", row.try_get("seq")?)?;
    Ok(Difference { entry: (edge, seq), table, row: row.try_get("row_text")?, columns })
}

/// The columns of a table that are compared.
async fn columns(conn: &mut Conn, table: &Keyed) -> Result<Vec<String>, Error> {
    let all: Vec<String> = sqlx::query_scalar(
        "SELECT quote_ident(attname) FROM pg_attribute
         WHERE attrelid = ('pg_temp.' || $1)::regclass AND attnum > 0 AND NOT attisdropped
         ORDER BY attnum",
    )
    .bind(table.name)
    .fetch_all(conn)
    .await?;
    let is_compared = |name: &&String| {
        !table.key.contains(&name.as_str()) && !table.apart.contains(&name.as_str())
    };
    Ok(all.iter().filter(is_compared).cloned().collect())
}

/// How the rows of a table are joined to the wanted entries that made them.
pub(super) fn wanted(cause: Cause) -> String {
    let entry = |edge: &str, seq: &str| {
        format!("JOIN pg_temp.replay_wanted w ON w.edge_id = {edge} AND w.seq = {seq}")
    };
    let sale = "JOIN pg_temp.sale p ON p.sale_id = s.sale_id";
    match cause {
        Cause::Entry(edge, seq) => entry(edge, seq),
        Cause::Sale => format!("{sale} {}", entry("p.edge_id", "p.entry_seq")),
        Cause::EntryOrSale => {
            let edge = "COALESCE(s.edge_id, p.edge_id)";
            let seq = "COALESCE(s.entry_seq, p.entry_seq)";
            format!("LEFT {sale} {}", entry(edge, seq))
        }
        Cause::Opening => "JOIN pg_temp.replay_wanted w
             ON w.kind = 'cash.session_opened' AND w.about[1] = s.cash_session_id"
            .to_owned(),
    }
}

fn compare(books: &str, table: &Keyed, columns: &[String]) -> String {
    let Keyed { name, key, cause, only, .. } = table;
    let on: Vec<_> = key.iter().map(|key| format!("r.{key} = s.{key}")).collect();
    let named: Vec<_> = key.iter().map(|key| format!("s.{key}::text")).collect();
    let first = key.first().copied().unwrap_or_default();
    let other: Vec<_> = columns
        .iter()
        .map(|c| format!("CASE WHEN s.{c} IS DISTINCT FROM r.{c} THEN '{c}' END"))
        .collect();
    format!(
        "SELECT * FROM (
             SELECT w.edge_id, w.seq, concat_ws(' ', {named}) AS row_text,
                 r.{first} IS NULL AS is_missing,
                 CASE WHEN r.{first} IS NULL THEN '{{}}'
                      ELSE array_remove(ARRAY[{other}]::text[], NULL) END AS columns
             FROM pg_temp.{name} s {wanted}
             LEFT JOIN {books}.{name} r ON {on}
             WHERE {only}
         ) compared
         WHERE is_missing OR cardinality(columns) > 0
         ORDER BY edge_id, seq, row_text",
        named = named.join(", "),
        other = other.join(", "),
        wanted = wanted(*cause),
        on = on.join(" AND "),
    )
}
