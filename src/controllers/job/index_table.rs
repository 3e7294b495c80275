//! The indexes of an Indexed Job: which have pods, and which are free to get one.

use std::collections::BTreeSet;

/// How a pod keeps its index from getting another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Occupancy {
    pub(super) active: bool,
    pub(super) terminating: bool,
}

/// Which indexes have pods, and which are free to get one.
#[derive(Debug, Default)]
pub(super) struct IndexTable {
    /// Active and terminating pods, by index.
    counts: Vec<(u16, u16)>,
    /// Indexes from here on never had a pod, or not since completions shrank below them.
    fresh: u32,
    /// Lower indexes whose pod left; some may have been decided since.
    returned: BTreeSet<u32>,
    /// Indexes from here on are out of range.
    completions: u32,
    /// Active pods beyond the first of their index.
    pub(super) duplicates: u32,
    /// Active pods that are out of range, as where completions shrank.
    pub(super) out_of_range: u32,
}

impl IndexTable {
    /// Of a Job that wants so many indexes, without pods.
    pub(super) fn new(completions: u32) -> IndexTable {
        IndexTable { completions, ..IndexTable::default() }
    }

    /// Has the index an active pod?
    pub(super) fn is_active(&self, index: u32) -> bool {
        self.counts.get(index as usize).is_some_and(|counts| counts.0 > 0)
    }

    /// Are there active pods that no index wants?
    pub(super) fn are_irregular(&self) -> bool {
        self.duplicates > 0 || self.out_of_range > 0
    }

    /// A pod of the index is new.
    pub(super) fn appeared(&mut self, index: u32) {
        if index >= self.fresh {
            self.returned.extend(self.fresh..index);
            self.fresh = index + 1;
        }
        if self.counts.len() <= index as usize {
            self.counts.resize(index as usize + 1, (0, 0));
        }
    }

    /// A pod of the index changed from one occupancy to another.
    pub(super) fn changed(&mut self, index: u32, old: Occupancy, new: Occupancy) {
        let counts = &mut self.counts[index as usize];
        let is_out = u32::from(index >= self.completions);
        if new.active && !old.active {
            self.duplicates += u32::from(counts.0 > 0);
            counts.0 = counts.0.saturating_add(1);
            self.out_of_range += is_out;
        } else if old.active && !new.active {
            counts.0 = counts.0.saturating_sub(1);
            self.duplicates -= u32::from(counts.0 > 0);
            self.out_of_range -= is_out;
        }
        counts.1 = (counts.1.saturating_sub(u16::from(old.terminating))).saturating_add(u16::from(new.terminating));
        // Whether it is free, or decided meanwhile, is asked when a pod is wanted. A pod may have ended before it is seen.
        let kept = old.active || old.terminating;
        if (kept || !new.active) && index < self.fresh {
            self.returned.insert(index);
        }
    }

    /// What keeps an index from getting a pod has changed: all that ever had one are asked again.
    pub(super) fn ask_again(&mut self) {
        self.returned.extend(0..self.fresh);
    }

    /// The Job wants another number of indexes.
    pub(super) fn resize(&mut self, completions: u32) {
        if completions < self.completions {
            self.fresh = self.fresh.min(completions);
            self.returned.split_off(&completions);
        }
        self.completions = completions;
        self.out_of_range = self.counts.iter().skip(completions as usize).map(|counts| u32::from(counts.0)).sum();
    }

    /// The lowest `wanted` indexes below `completions` that have no active pod, are not `decided`, and, where only
    /// failed pods are replaced, have no terminating pod (`firstPendingIndexes`).
    pub(super) fn first_pending(
        &mut self,
        wanted: usize,
        completions: u32,
        only_replace_failed: bool,
        decided: impl Fn(u32) -> bool,
    ) -> Vec<u32> {
        let mut pending = Vec::with_capacity(wanted);
        let occupied = |counts: &[(u16, u16)], index: u32| {
            counts.get(index as usize).is_some_and(|c| c.0 > 0 || (only_replace_failed && c.1 > 0))
        };
        let mut settled = Vec::new();
        for &index in &self.returned {
            if pending.len() == wanted || index >= completions {
                break;
            }
            if occupied(&self.counts, index) || decided(index) {
                settled.push(index);
            } else {
                pending.push(index);
            }
        }
        for index in settled {
            self.returned.remove(&index);
        }
        let fresh = (self.fresh..completions).filter(|&index| !occupied(&self.counts, index) && !decided(index));
        pending.extend(fresh.take(wanted - pending.len()));
        pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn free_indexes_are_the_lowest_without_a_pod() {
        const ACTIVE: Occupancy = Occupancy { active: true, terminating: false };
        const GONE: Occupancy = Occupancy { active: false, terminating: false };
        let mut table = IndexTable::new(10);
        let start = |table: &mut IndexTable, index| {
            table.appeared(index);
            table.changed(index, GONE, ACTIVE);
        };
        (0..4).for_each(|index| start(&mut table, index));
        let pending = |table: &mut IndexTable, n| table.first_pending(n, 10, false, |index| index == 2);
        assert_eq!(pending(&mut table, 2), [4, 5]);
        table.changed(1, ACTIVE, GONE);
        table.changed(2, ACTIVE, GONE);
        assert_eq!(pending(&mut table, 3), [1, 4, 5]);
        start(&mut table, 6);
        assert_eq!(pending(&mut table, 4), [1, 4, 5, 7]);
        table.resize(3);
        assert_eq!((table.out_of_range, table.are_irregular()), (2, true));
        table.changed(3, ACTIVE, GONE);
        table.changed(6, ACTIVE, GONE);
        assert!(!table.are_irregular());
        assert_eq!(table.first_pending(9, 5, false, |_| false), [1, 3, 4]);
    }
}
