//! The API token of a company's back office: its secret is a file in the data
//! directory that its owner alone may read, its hash a row of the books.

use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use anyhow::Context;
use schemas::{Clock, TenantId, TokenId, back_office::Scope};
use store::{
    Pool,
    tokens::{self, Token},
};
use uuid::Uuid;

/// The file with the secret.
pub const FILE: &str = "back-office.token";

/// Sees to it that the company has the token whose secret is in the data
/// directory; makes the secret if there is none. The same again changes nothing,
/// and a crash between file and row is made good by the next start.
///
/// # Errors
/// If the file cannot be read or written, or the books refuse the token.
pub async fn back_office_token(
    pool: &Pool,
    data_dir: &Path,
    tenant_id: TenantId,
    clock: &dyn Clock,
) -> anyhow::Result<PathBuf> {
    let path = data_dir.join(FILE);
    let secret =
        secret(&path).with_context(|| format!("cannot keep a token in {}", path.display()))?;
    let hash = tokens::hash_of(&secret);
    let token = Token {
        token_id: TokenId::derived(tenant_id.as_uuid(), &format!("token/{hash}")),
        tenant_id,
        name: "back office".to_owned(),
        scopes: Scope::ALL.to_vec(),
        branch_ids: None,
    };
    let mut conn = pool.acquire().await.context("the books do not answer")?;
    tokens::insert(&mut conn, &token, hash, clock.now()).await?;
    Ok(path)
}

/// A secret that nobody can guess: 256 random bits.
pub fn new_secret() -> String {
    let half = || Uuid::from_bytes(rand::random()).simple();
    format!("tst_{}{}", half(), half())
}

fn secret(path: &Path) -> std::io::Result<String> {
    match fs::read_to_string(path) {
        Ok(secret) if !secret.trim().is_empty() => return Ok(secret.trim().to_owned()),
        // A crash before it was written left it empty.
        Ok(_) => {}
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let secret = new_secret();
    let mut file =
        OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{secret}")?;
    file.sync_all()?;
    Ok(secret)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

    use std::os::unix::fs::PermissionsExt as _;

    use schemas::SystemClock;
    use testkit::{Books, scratch_dir, seed_company};

    use super::*;

    #[tokio::test]
    async fn a_second_start_keeps_the_token_and_nobody_else_reads_it() {
        let books = Books::new().await;
        let company = seed_company(&books.pool, 1).await;
        let folder = scratch_dir();
        let tenant_id = company.tenant_id;
        let mut secrets = Vec::new();
        for _ in 0..2 {
            let path = back_office_token(&books.pool, folder.path(), tenant_id, &SystemClock);
            let path = path.await.unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            secrets.push(fs::read_to_string(path).unwrap().trim().to_owned());
        }
        assert_eq!(secrets[0], secrets[1]);
        let mut conn = books.pool.acquire().await.unwrap();
        let token = tokens::by_secret(&mut conn, tokens::hash_of(&secrets[0])).await.unwrap();
        assert_eq!(token.unwrap().tenant_id, tenant_id);
    }
}
