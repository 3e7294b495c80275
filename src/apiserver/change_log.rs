//! The change log: writes that readers are still to be told of.

use crate::api::change::Change;

/// Writes in their order. Mostly there is one, told at once.
#[derive(Debug, Default)]
pub(super) struct ChangeLog {
    changes: Vec<Change>,
    /// How many of them were asked for.
    told: usize,
}

impl ChangeLog {
    #[inline]
    pub(super) fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    /// The oldest write that was not asked for yet.
    #[inline]
    pub(super) fn next(&mut self) -> Option<Change> {
        let next = self.changes.get(self.told).copied();
        match next {
            Some(_) => self.told += 1,
            None => self.clear(),
        }
        next
    }

    pub(super) fn clear(&mut self) {
        self.changes.clear();
        self.told = 0;
    }
}
