//! The tokens of tills and people.
//!
//! A token is 32 bytes that nobody can guess, made from this edge's own secret
//! and the request that asked for it: the same request gets the same token, and
//! only its SHA-256 is kept.

use std::fmt;

use schemas::{DeviceId, Sha256Hash, StaffId, TicketId};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The longest token that is looked up, in bytes.
const MAX_TOKEN_BYTES: usize = 256;

/// What tokens are made with.
#[derive(Clone)]
pub struct TokenSecret(Zeroizing<[u8; 32]>);

impl TokenSecret {
    /// Takes the 32 bytes that are kept.
    pub fn new(secret: [u8; 32]) -> Self {
        Self(Zeroizing::new(secret))
    }

    /// The token of a till that is paired under `key`.
    pub fn till(&self, device: DeviceId, key: &TicketId) -> Token {
        self.token("till", &[device.as_uuid().as_bytes(), key.as_str().as_bytes()])
    }

    /// The token of a person who logs in on a till under `key`.
    pub fn person(&self, device: DeviceId, staff: StaffId, key: &TicketId) -> Token {
        let (device, staff) = (device.as_uuid(), staff.as_uuid());
        self.token("staff", &[device.as_bytes(), staff.as_bytes(), key.as_str().as_bytes()])
    }

    /// The secret is in front of a hash of one length, so that nothing can be
    /// appended to what was hashed; each field has its length in front.
    fn token(&self, what: &str, fields: &[&[u8]]) -> Token {
        let mut request = Sha256::new();
        for field in [what.as_bytes()].iter().chain(fields) {
            request.update((field.len() as u64).to_be_bytes());
            request.update(field);
        }
        let mut token = Sha256::new();
        token.update(self.0.as_slice());
        token.update(request.finalize());
        Token(format!("{what}_{}", hex::encode(token.finalize())))
    }
}

impl fmt::Debug for TokenSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSecret(hidden)")
    }
}

/// A token in the clear, as it is told to a till once.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// The token as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What is kept of it.
    pub fn hash(&self) -> Sha256Hash {
        hash(&self.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(hidden)")
    }
}

/// What is kept of a token that a till sent; `None` if it cannot be one.
pub fn hash_of(sent: &str) -> Option<Sha256Hash> {
    (sent.len() <= MAX_TOKEN_BYTES).then(|| hash(sent))
}

fn hash(token: &str) -> Sha256Hash {
    Sha256Hash::from_bytes(Sha256::digest(token.as_bytes()).into())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use uuid::Uuid;

    use super::*;

    #[test]
    fn each_request_has_its_own_token_and_a_repeated_one_the_same() {
        let secret = TokenSecret::new([7; 32]);
        let (a, b) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let key = |text: &str| TicketId::parse(text).unwrap();
        let tokens = [
            secret.till(a.into(), &key("k1")),
            secret.till(a.into(), &key("k2")),
            secret.till(b.into(), &key("k1")),
            secret.person(a.into(), b.into(), &key("k1")),
            secret.person(b.into(), a.into(), &key("k1")),
            secret.person(a.into(), b.into(), &key("k2")),
            TokenSecret::new([8; 32]).till(a.into(), &key("k1")),
        ];
        for (n, token) in tokens.iter().enumerate() {
            assert!(tokens[..n].iter().all(|other| other != token && other.hash() != token.hash()));
            assert_eq!(hash_of(token.as_str()), Some(token.hash()));
            assert_eq!(token.as_str().rsplit('_').next().unwrap().len(), 64);
        }
        assert_eq!(tokens[0], secret.till(a.into(), &key("k1")));
        assert_eq!(hash_of(&"x".repeat(257)), None);
        assert!(!format!("{:?} {secret:?}", tokens[0]).contains(tokens[0].as_str()));
    }
}
