//! Marks within a transaction: what was written since one is kept or undone
//! without giving up the transaction's locks.

use crate::{Conn, Error};

/// Sets a mark.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn set(conn: &mut Conn) -> Result<(), Error> {
    sqlx::query("SAVEPOINT mark").execute(conn).await?;
    Ok(())
}

/// Forgets the newest mark, keeping what was written since.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn keep(conn: &mut Conn) -> Result<(), Error> {
    sqlx::query("RELEASE SAVEPOINT mark").execute(conn).await?;
    Ok(())
}

/// Undoes what was written since the newest mark, and forgets it.
///
/// # Errors
/// [`Error::Database`] if the statement fails.
pub async fn undo(conn: &mut Conn) -> Result<(), Error> {
    sqlx::query("ROLLBACK TO SAVEPOINT mark").execute(&mut *conn).await?;
    keep(conn).await
}
