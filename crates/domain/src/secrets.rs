//! PINs and pairing codes: kept as argon2id hashes in PHC form
//! (<https://github.com/P-H-C/phc-string-format>), checked with no line.

use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
};

/// What one hash costs to make and to check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory, in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Cost {
    /// For real people and tills: OWASP's first choice for argon2id, some 20 ms
    /// (<https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>).
    pub const REAL: Self = Self { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
    /// For companies that are made up by the thousand: it protects nothing.
    pub const MADE_UP: Self = Self { memory_kib: 8, passes: 1, lanes: 1 };
    /// The most that is checked: a hash that asks for more is taken as wrong,
    /// so that a catalogue cannot stop a till.
    pub const MOST: Self = Self { memory_kib: 64 * 1024, passes: 8, lanes: 4 };

    const fn within(self, most: Self) -> bool {
        self.memory_kib <= most.memory_kib && self.passes <= most.passes && self.lanes <= most.lanes
    }
}

/// Bytes of salt in each hash.
pub const SALT_BYTES: usize = 16;
/// The longest secret that is taken, in bytes.
pub const MAX_SECRET_BYTES: usize = 64;

/// A secret that cannot be hashed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a PIN or code has 1 to {MAX_SECRET_BYTES} bytes")]
pub struct BadSecret;

/// The hash of a secret in PHC form. The salt must be random for each.
///
/// # Errors
/// [`BadSecret`] if it is empty or too long, or if the cost is out of bounds.
pub fn hash(secret: &str, salt: [u8; SALT_BYTES], cost: Cost) -> Result<String, BadSecret> {
    if !is_sound(secret) {
        return Err(BadSecret);
    }
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, None);
    let hasher = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.map_err(|_| BadSecret)?);
    hasher
        .hash_password_with_salt(secret.as_bytes(), &salt)
        .map(|hash| hash.to_string())
        .map_err(|_| BadSecret)
}

/// Whether a secret is the one that was hashed. What is no argon2id hash in PHC
/// form, or costs more than [`Cost::MOST`], matches nothing.
///
/// Takes as long as the hash says: not for a thread that serves others.
pub fn matches(secret: &str, hash: &str) -> bool {
    if !is_sound(secret) {
        return false;
    }
    let Ok(hash) = PasswordHash::new(hash) else { return false };
    let Some(cost) = cost_of(&hash) else { return false };
    cost.within(Cost::MOST) && Argon2::default().verify_password(secret.as_bytes(), &hash).is_ok()
}

/// Whether text is a hash that [`matches()`] can check.
pub fn is_hash(text: &str) -> bool {
    PasswordHash::new(text)
        .ok()
        .and_then(|hash| cost_of(&hash))
        .is_some_and(|cost| cost.within(Cost::MOST))
}

fn cost_of(hash: &PasswordHash) -> Option<Cost> {
    if hash.algorithm.as_str() != "argon2id" {
        return None;
    }
    let params = Params::try_from(hash).ok()?;
    Some(Cost { memory_kib: params.m_cost(), passes: params.t_cost(), lanes: params.p_cost() })
}

fn is_sound(secret: &str) -> bool {
    (1..=MAX_SECRET_BYTES).contains(&secret.len())
}
