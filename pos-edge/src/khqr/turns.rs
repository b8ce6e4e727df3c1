//! Whose turn it is: requests of one name go one after the other, those of others
//! do not wait for them.

use std::hash::{BuildHasher, RandomState};

use tokio::sync::{Mutex, MutexGuard};

/// Names that share a place wait for each other as well; a store has few tills.
const PLACES: usize = 64;

/// Turns by name, in bounded memory.
pub(super) struct Turns {
    places: Vec<Mutex<()>>,
    hasher: RandomState,
}

impl Turns {
    /// Waits for the turn of a name; it ends when the guard is dropped. Who takes
    /// turns of two kinds takes them in the same order everywhere.
    pub(super) async fn take(&self, name: &str) -> MutexGuard<'_, ()> {
        let hash = self.hasher.hash_one(name);
        let place = usize::try_from(hash % PLACES as u64).unwrap_or_default();
        self.places[place].lock().await
    }
}

impl Default for Turns {
    fn default() -> Self {
        let places = (0..PLACES).map(|_| Mutex::default()).collect();
        Self { places, hasher: RandomState::new() }
    }
}
