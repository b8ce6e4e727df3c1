//! The token for the tools of whoever keeps this box: it may read how the store
//! stands with the books, and nothing else. It lies beside the journal's key,
//! so that who may read the one may read the other.

use std::{fmt, fs, io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use anyhow::Context;
use schemas::Sha256Hash;

use super::tokens;

/// Its file in the data directory.
const OPERATOR_TOKEN_FILE: &str = "operator.token";

/// What is kept in memory of the token.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct OperatorToken(Sha256Hash);

impl OperatorToken {
    /// Writes a new token beside the journal (mode 0600). One that is there
    /// already stays.
    ///
    /// # Errors
    /// If the disk refuses.
    pub fn make(dir: &Path) -> anyhow::Result<()> {
        let path = dir.join(OPERATOR_TOKEN_FILE);
        let token = format!("operator_{}", hex::encode(rand::random::<[u8; 32]>()));
        let made = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
        match made {
            Ok(mut file) => file.write_all(token.as_bytes()).and_then(|()| file.sync_all()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
        .with_context(|| format!("cannot make {}", path.display()))
    }

    /// The token beside the journal as text, for a tool; `None` if there is none.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn read(dir: &Path) -> anyhow::Result<Option<String>> {
        let path = dir.join(OPERATOR_TOKEN_FILE);
        match fs::read_to_string(&path) {
            Ok(token) => Ok(Some(token.trim().to_owned()).filter(|token| !token.is_empty())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// What the daemon keeps of the token beside the journal.
    ///
    /// # Errors
    /// If it cannot be read.
    pub fn load(dir: &Path) -> anyhow::Result<Option<Self>> {
        Ok(Self::read(dir)?.as_deref().and_then(tokens::hash_of).map(Self))
    }

    /// Whether a token with this hash is it.
    pub fn is(self, token: Sha256Hash) -> bool {
        self.0 == token
    }
}

impl fmt::Debug for OperatorToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OperatorToken(hidden)")
    }
}
