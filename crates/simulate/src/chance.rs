//! The one source of everything that is left to chance. The same seed gives the
//! same choices on every machine and in every version (SplitMix64).

use uuid::Uuid;

/// Seeded choices.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) const fn of(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Below `bound`, which is at least 1.
    pub(crate) const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A place in something with `len` places, at least one.
    pub(crate) fn place(&mut self, len: usize) -> usize {
        usize::try_from(self.below(len as u64)).unwrap_or(0)
    }

    /// True this often in a thousand.
    pub(crate) const fn permille(&mut self, often: u64) -> bool {
        self.below(1_000) < often
    }

    pub(crate) fn id<Id: From<Uuid>>(&mut self) -> Id {
        let (high, low) = (self.next(), self.next());
        Id::from(Uuid::from_u64_pair(high, low))
    }
}
