//! A bare ladder queue (Tang, Goh and Thng 2005): what an event list costs that does nothing else.
//!
//! Later events lie unsorted in the *top*, nearer ones in the buckets of *rungs*, each rung a bucket of the one before
//! it cut up, and the next few sorted in the *bottom*. Nothing guards it against skewed loads, and nothing has to: it is
//! measured on smooth ones.

use std::mem;

/// A bucket of up to so many events is sorted rather than cut up.
const SORTED: usize = 32;
/// Most buckets of a rung, so that the ends of all of them fit into the cache.
const MOST_BUCKETS: usize = 1024;

/// Plain data of 16 bytes, as much as the simulator's own events are.
pub(crate) type Event = [u64; 2];

#[derive(Clone, Copy)]
struct Entry {
    time: u64,
    event: Event,
}

/// A future event list.
#[derive(Default)]
pub(crate) struct Ladder {
    top: Vec<Entry>,
    /// What is later than all rungs belongs into the top.
    top_start: u64,
    /// Earliest and latest of the top.
    range: (u64, u64),
    rungs: Vec<Rung>,
    /// Sorted, the next event last.
    bottom: Vec<Entry>,
    /// Buckets that were emptied, to be filled again.
    spare: Vec<Vec<Entry>>,
}

struct Rung {
    start: u64,
    /// Of a bucket: a power of 2.
    width_bits: u32,
    /// The first bucket that was not opened yet.
    next: usize,
    buckets: Vec<Vec<Entry>>,
}

impl Rung {
    fn unopened(&self) -> u64 {
        self.start + ((self.next as u64) << self.width_bits)
    }
}

impl Ladder {
    pub(crate) fn push(&mut self, time: u64, event: Event) {
        let entry = Entry { time, event };
        if time >= self.top_start {
            self.range =
                if self.top.is_empty() { (time, time) } else { (self.range.0.min(time), self.range.1.max(time)) };
            return self.top.push(entry);
        }
        for rung in &mut self.rungs {
            if time >= rung.unopened() {
                return rung.buckets[((time - rung.start) >> rung.width_bits) as usize].push(entry);
            }
        }
        let place = self.bottom.partition_point(|other| other.time > time);
        self.bottom.insert(place, entry);
    }

    pub(crate) fn pop(&mut self) -> Option<(u64, Event)> {
        while self.bottom.is_empty() {
            self.refill()?;
        }
        self.bottom.pop().map(|entry| (entry.time, entry.event))
    }

    fn refill(&mut self) -> Option<()> {
        let Some(rung) = self.rungs.last_mut() else {
            if self.top.is_empty() {
                self.top_start = 0;
                return None;
            }
            let (entries, (start, end)) = (mem::take(&mut self.top), self.range);
            self.top_start = self.spread(entries, start, end - start);
            return Some(());
        };
        while rung.buckets.get(rung.next).is_some_and(Vec::is_empty) {
            rung.next += 1;
        }
        if rung.next == rung.buckets.len() {
            let rung = self.rungs.pop()?;
            self.spare.extend(rung.buckets);
            return Some(());
        }
        let (start, width) = (rung.unopened(), (1 << rung.width_bits) - 1);
        let mut entries = mem::replace(&mut rung.buckets[rung.next], self.spare.pop().unwrap_or_default());
        rung.next += 1;
        if entries.len() > SORTED && width > 0 {
            self.spread(entries, start, width);
        } else {
            // Ties are in order of insertion.
            entries.reverse();
            entries.sort_by_key(|entry| std::cmp::Reverse(entry.time));
            let mut emptied = mem::replace(&mut self.bottom, entries);
            emptied.clear();
            self.spare.push(emptied);
        }
        Some(())
    }

    /// Cuts entries of times from `start` to `start + range` up into a new rung; tells where the rung ends.
    fn spread(&mut self, mut entries: Vec<Entry>, start: u64, range: u64) -> u64 {
        let wanted = (entries.len() / (SORTED / 8)).clamp(2, MOST_BUCKETS) as u64;
        let width_bits = 64 - (range / wanted).leading_zeros();
        let count = (range >> width_bits) as usize + 1;
        let spare = &mut self.spare;
        let mut buckets: Vec<Vec<Entry>> = (0..count).map(|_| spare.pop().unwrap_or_default()).collect();
        for entry in entries.drain(..) {
            buckets[((entry.time - start) >> width_bits) as usize].push(entry);
        }
        if self.rungs.is_empty() {
            self.top = entries
        } else {
            self.spare.push(entries)
        }
        let end = start + ((count as u64) << width_bits);
        self.rungs.push(Rung { start, width_bits, next: 0, buckets });
        end
    }
}
