//! The journal's key: 256 random bits that no log, error or `Debug` ever shows.
//!
//! It lives in a file that only its owner may read, or in the environment. Who
//! has neither key nor a copy of it cannot read the journal, and neither can we.

use std::{
    fmt, fs,
    io::Write,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The environment variable that may hold the key, as 64 hex digits.
pub const KEY_VARIABLE: &str = "TILLSTREAM_EDGE_KEY";

const KEY_BYTES: usize = 32;
/// Permission bits of group and others: none may be set on a key file.
const OTHERS: u32 = 0o077;

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// There is no file, or it cannot be read or written.
    #[error("the journal's key file {} cannot be used", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// Others than its owner may read the file.
    #[error(
        "the journal's key file {} has mode {mode:04o}: others may read it. \
         Run `chmod 600` on it, and consider the key known if they could",
        path.display()
    )]
    TooOpen {
        /// Which file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// What is there is not 64 hex digits.
    #[error("{from} does not hold a key: 64 hex digits are expected")]
    NotAKey {
        /// The file or variable.
        from: String,
    },
}

/// A raw 256-bit SQLCipher key.
pub struct JournalKey(Zeroizing<[u8; KEY_BYTES]>);

impl JournalKey {
    /// Draws a new one from the system's randomness.
    pub fn generate() -> Self {
        Self(Zeroizing::new(rand::random()))
    }

    /// Reads `file`; if it is not there, takes the environment's key.
    ///
    /// # Errors
    /// [`KeyError`] if there is neither, if the file is open to others, or if
    /// what is there is no key.
    pub fn load(file: &Path) -> Result<Self, KeyError> {
        let failed = |source| KeyError::File { path: file.to_owned(), source };
        let metadata = match fs::metadata(file) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return match std::env::var(KEY_VARIABLE) {
                    Ok(text) => Self::parse(&Zeroizing::new(text), KEY_VARIABLE),
                    Err(_) => Err(failed(error)),
                };
            }
            Err(error) => return Err(failed(error)),
        };
        let mode = metadata.permissions().mode() & 0o7777;
        if mode & OTHERS != 0 {
            return Err(KeyError::TooOpen { path: file.to_owned(), mode });
        }
        let text = Zeroizing::new(fs::read_to_string(file).map_err(failed)?);
        Self::parse(&text, &file.display().to_string())
    }

    /// Writes the key to a new file that only its owner may read, and waits
    /// until it is on the disk.
    ///
    /// # Errors
    /// [`KeyError::File`], also if the file exists already: a key is never
    /// written over.
    pub fn save(&self, file: &Path) -> Result<(), KeyError> {
        let failed = |source| KeyError::File { path: file.to_owned(), source };
        let text = Zeroizing::new(format!("{}\n", *self.hex()));
        let mut out = fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(file)
            .map_err(failed)?;
        out.write_all(text.as_bytes()).and_then(|()| out.sync_all()).map_err(failed)
    }

    fn parse(text: &str, from: &str) -> Result<Self, KeyError> {
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        hex::decode_to_slice(text.trim(), key.as_mut_slice())
            .map_err(|_| KeyError::NotAKey { from: from.to_owned() })?;
        Ok(Self(key))
    }

    fn hex(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_slice()))
    }

    /// The value of SQLCipher's `key` pragma for a raw key: no derivation from
    /// a passphrase, so that opening takes no time.
    pub(super) fn pragma(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("\"x'{}'\"", *self.hex()))
    }

    /// What tells keys apart without telling the key: the first 8 bytes of a
    /// SHA-256 of it, in hex. The key is random, so this cannot be searched.
    pub(super) fn fingerprint(&self) -> String {
        let digest =
            Sha256::new().chain_update(b"tillstream-journal-key").chain_update(*self.0).finalize();
        hex::encode(&digest[..8])
    }
}

impl fmt::Debug for JournalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JournalKey(secret)")
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_key_comes_back_from_its_file_and_is_never_shown() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("journal.key");
        let key = JournalKey::generate();
        key.save(&file).unwrap();
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        let again = JournalKey::load(&file).unwrap();
        assert_eq!(key.fingerprint(), again.fingerprint());
        assert!(!format!("{key:?}").contains(key.hex().as_str()));
        assert!(key.save(&file).is_err(), "a key must never be written over");
    }

    #[test]
    fn a_key_that_others_may_read_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("journal.key");
        JournalKey::generate().save(&file).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
        let error = JournalKey::load(&file).unwrap_err();
        assert!(matches!(error, KeyError::TooOpen { mode: 0o640, .. }), "{error}");
        assert!(error.to_string().contains("chmod 600"));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("journal.key");
        for text in ["", "abc", &"0".repeat(63), &"g".repeat(64)] {
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(matches!(JournalKey::load(&file), Err(KeyError::NotAKey { .. })), "{text:?}");
        }
    }
}
