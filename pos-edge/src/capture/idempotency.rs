//! What makes two requests the same.

use schemas::Sha256Hash;
use serde::Serialize;
use sha2::{Digest, Sha256};

/// The hash of a request: SHA-256 over its JSON as this program writes it. Two
/// bodies that mean the same have the same hash, whatever their spaces and the
/// order of their fields.
pub fn request_hash(request: &impl Serialize) -> Sha256Hash {
    // These types hold no maps and no foreign keys; writing them cannot fail.
    let bytes = serde_json::to_vec(request).unwrap_or_default();
    Sha256Hash::from_bytes(Sha256::digest(&bytes).into())
}
