//! Creations and deletions that a controller asked for and its cache has not shown yet (`ControllerExpectations`).

use crate::kernel::time::{SimDuration, SimTime};

/// Unmet for longer than this counts as met (`ExpectationsTimeout`).
const TIMEOUT: SimDuration = SimDuration::from_secs(5 * 60);

/// The expectations of one key.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expectations {
    set: Option<Outstanding>,
}

#[derive(Clone, Copy, Debug)]
struct Outstanding {
    creations: i64,
    deletions: i64,
    since: SimTime,
}

impl Expectations {
    /// Overwrites: so many creations, no deletions.
    pub fn expect_creations(&mut self, count: usize, now: SimTime) {
        self.set = Some(Outstanding { creations: count as i64, deletions: 0, since: now });
    }

    /// Overwrites: so many deletions, no creations.
    pub fn expect_deletions(&mut self, count: usize, now: SimTime) {
        self.set = Some(Outstanding { creations: 0, deletions: count as i64, since: now });
    }

    /// One creation was seen, or will not happen. The count may fall below zero.
    pub fn creation_observed(&mut self) {
        if let Some(set) = &mut self.set {
            set.creations -= 1;
        }
    }

    /// One deletion was seen, or will not happen.
    pub fn deletion_observed(&mut self) {
        if let Some(set) = &mut self.set {
            set.deletions -= 1;
        }
    }

    /// Nothing is outstanding, or it has been for too long.
    pub fn satisfied(&self, now: SimTime) -> bool {
        self.set.is_none_or(|set| (set.creations <= 0 && set.deletions <= 0) || now.since(set.since) > TIMEOUT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overwritten_not_added_and_forgotten_after_five_minutes() {
        let mut e = Expectations::default();
        assert!(e.satisfied(SimTime::ZERO));
        e.expect_creations(2, SimTime::ZERO);
        e.creation_observed();
        e.expect_creations(1, SimTime::ZERO);
        assert!(!e.satisfied(SimTime::from_secs(300)));
        assert!(e.satisfied(SimTime::from_secs(301)));
        e.creation_observed();
        e.creation_observed();
        assert!(e.satisfied(SimTime::ZERO));
    }
}
