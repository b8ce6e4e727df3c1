//! Checking PINs and codes, which takes time and memory on purpose.

use std::sync::Arc;

use domain::secrets;
use tokio::sync::Semaphore;

/// How many are checked at once: each takes some 20 MiB and a core.
const AT_ONCE: usize = 2;
/// What is checked where there is nothing to check, so that it takes as long.
/// No secret matches it.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5J3Mgc2FsdCE\
                       $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Checks secrets away from the threads that serve requests, a few at a time.
#[derive(Debug, Clone)]
pub struct SecretChecker(Arc<Semaphore>);

impl Default for SecretChecker {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }
}

impl SecretChecker {
    /// Whether a secret is the one that was hashed. Without a hash it is not,
    /// which takes as long as with `like`, or with a real one.
    pub async fn matches(&self, secret: &str, hash: Option<&str>, like: Option<&str>) -> bool {
        let there = hash.is_some();
        let hash = hash.or(like).unwrap_or(NOBODYS).to_owned();
        let secret = zeroize::Zeroizing::new(secret.to_owned());
        // The semaphore is never closed; if it were, nothing would match.
        let Ok(place) = Arc::clone(&self.0).acquire_owned().await else { return false };
        let checked = tokio::task::spawn_blocking(move || {
            let _place = place;
            secrets::matches(&secret, &hash)
        });
        // A check that broke down found nothing right.
        checked.await.unwrap_or(false) && there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nobodys_hash_is_checked_in_full_and_matches_nothing() {
        assert!(secrets::is_hash(NOBODYS));
        let checker = SecretChecker::default();
        assert!(!checker.matches("0000", None, None).await);
        let cheap = secrets::hash("4711", [1; 16], secrets::Cost::MADE_UP).unwrap_or_default();
        assert!(checker.matches("4711", Some(&cheap), None).await);
        assert!(!checker.matches("4711", None, Some(&cheap)).await, "another one's PIN");
    }
}
