//! Which fact is next: the whole knowledge of a consumer, without I/O.

/// Where a fact stands in relation to what a consumer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It is the next one.
    Next,
    /// It was seen already.
    Seen,
    /// Some between are missing: everything after `after` is to be fetched.
    Gap {
        /// The newest place that is contiguous.
        after: u64,
    },
}

/// The highest contiguous place of a numbered sequence that starts at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contiguity {
    last: u64,
}

impl Contiguity {
    /// Everything up to `last` is known; 0 is nothing.
    pub const fn after(last: u64) -> Self {
        Self { last }
    }

    /// The highest contiguous place.
    pub const fn last(self) -> u64 {
        self.last
    }

    /// Nothing has the places up to `last`: the next one is after it.
    pub fn pass_over(&mut self, last: u64) {
        self.last = self.last.max(last);
    }

    /// Says where `seq` stands, and moves on if it is the next.
    pub const fn admit(&mut self, seq: u64) -> Place {
        if seq <= self.last {
            Place::Seen
        } else if seq == self.last + 1 {
            self.last = seq;
            Place::Next
        } else {
            Place::Gap { after: self.last }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_order_facts_come_in_each_is_taken_once_and_in_order() {
        let mut contiguity = Contiguity::after(3);
        let places = [3, 4, 4, 7, 5, 6, 7, 1].map(|seq| contiguity.admit(seq));
        use Place::{Gap, Next, Seen};
        assert_eq!(places, [Seen, Next, Seen, Gap { after: 4 }, Next, Next, Next, Seen]);
        assert_eq!(contiguity.last(), 7);
    }

    #[test]
    fn the_ends_of_the_range_do_not_overflow() {
        let mut contiguity = Contiguity::after(u64::MAX);
        assert_eq!(contiguity.admit(u64::MAX), Place::Seen);
        assert_eq!(Contiguity::after(0).admit(u64::MAX), Place::Gap { after: 0 });
    }
}
