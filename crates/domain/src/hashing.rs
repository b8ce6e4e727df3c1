//! How records are hashed: SHA-256 over fields, each with its length in front,
//! so that no two different records ever hash the same bytes.

use rust_decimal::Decimal;
use schemas::{Sha256Hash, Timestamp};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// The SHA-256 of some bytes.
pub(crate) fn sha256(bytes: &[u8]) -> Sha256Hash {
    Sha256Hash::from_bytes(Sha256::digest(bytes).into())
}

/// A record being hashed. Each field is written as its length in bytes (u32,
/// big endian) and its bytes; numbers are big endian.
pub(crate) struct Fields(Sha256);

impl Fields {
    /// Starts with the format's name, which is a field itself.
    pub(crate) fn of(format: &[u8]) -> Self {
        Self(Sha256::new()).bytes(format)
    }

    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        // Nothing that is hashed comes near 4 GiB: payloads are bounded at 256 KiB.
        let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        self.0.update(length.to_be_bytes());
        self.0.update(bytes);
        self
    }

    pub(crate) fn uuid(self, id: Uuid) -> Self {
        self.bytes(id.as_bytes())
    }

    pub(crate) fn number(self, number: u64) -> Self {
        self.bytes(&number.to_be_bytes())
    }

    pub(crate) fn moment(self, at: Timestamp) -> Self {
        self.bytes(&at.unix_micros().to_be_bytes())
    }

    pub(crate) fn hash(self, hash: Sha256Hash) -> Self {
        self.bytes(hash.as_bytes())
    }

    /// An amount as text with `decimals` decimals, however many it was stored
    /// with: storage pads `3.5` to `3.5000`. One that really has more keeps
    /// them all, so that different amounts stay different.
    pub(crate) fn amount(self, amount: Decimal, decimals: u32) -> Self {
        let mut amount = amount.normalize();
        if amount.scale() < decimals {
            amount.rescale(decimals);
        }
        self.bytes(amount.to_string().as_bytes())
    }

    pub(crate) fn finish(self) -> Sha256Hash {
        Sha256Hash::from_bytes(self.0.finalize().into())
    }
}
