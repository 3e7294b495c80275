//! A timing wheel (Varghese and Lauck 1987) over the digits of the time, to the base of 64.
//!
//! An entry lies on the level of the highest digit in which its time differs from the wheel's beginning, in the bucket
//! of that digit. So all buckets of a level lie before all of the next, the earliest bucket is found from one bit of
//! each, and when the beginning moves up to that bucket, its entries, and no others, move down to lower levels.
//! Equal times always lie in one bucket and are never moved past each other.

use super::Entry;

const DIGIT_BITS: u32 = 6;
const BUCKETS: usize = 1 << DIGIT_BITS;
const LEVELS: usize = 64usize.div_ceil(DIGIT_BITS as usize);
/// Entries of a chunk: the unit in which buckets grow and shrink.
const CHUNK: usize = 64;
/// Up to here a bucket is sorted rather than moved down. A power of 2.
pub(super) const SORTED: usize = 128;
/// Up to this level the time within a bucket leaves room for a place below `SORTED` in a number of 64 bits.
const SORTED_LEVEL: usize = ((64 - SORTED.ilog2()) / DIGIT_BITS) as usize;
const NO_CHUNK: u32 = u32::MAX;

/// Entries by time, as far apart as need be.
#[derive(Clone, Debug)]
pub(super) struct Wheel<E> {
    /// No entry is earlier: the earliest time of the bucket opened last.
    begin: u64,
    len: usize,
    /// Bit `l` is set if a bucket of level `l` has entries.
    levels: u16,
    /// Bit `b` of level `l` is set if that bucket has entries.
    occupied: [u64; LEVELS],
    /// Empty until the first entry comes.
    buckets: Vec<Bucket>,
    /// Chunk `c` is `entries[c * CHUNK..][..CHUNK]`.
    entries: Vec<Entry<E>>,
    /// The chunk after each chunk, in its bucket or among the free ones.
    next: Vec<u32>,
    free: u32,
    /// Work space of `sort`.
    unsorted: Vec<Entry<E>>,
    order: Vec<u64>,
}

/// A list of chunks, all full but for the last.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    first_time: u64,
    len: u32,
    head: u32,
    tail: u32,
}

const EMPTY: Bucket = Bucket { first_time: u64::MAX, len: 0, head: NO_CHUNK, tail: NO_CHUNK };

impl<E: Copy> Wheel<E> {
    pub(super) fn new() -> Wheel<E> {
        Wheel {
            begin: 0,
            len: 0,
            levels: 0,
            occupied: [0; LEVELS],
            buckets: Vec::new(),
            entries: Vec::new(),
            next: Vec::new(),
            free: NO_CHUNK,
            unsorted: Vec::new(),
            order: Vec::new(),
        }
    }

    /// Forgets all entries; the memory is kept.
    pub(super) fn clear(&mut self) {
        self.begin = 0;
        if self.is_empty() {
            return;
        }
        (self.len, self.levels, self.occupied) = (0, 0, [0; LEVELS]);
        self.buckets.fill(EMPTY);
        // All chunks are free, each followed by the next.
        for (chunk, next) in (1..).zip(&mut self.next) {
            *next = chunk;
        }
        if let Some(last) = self.next.last_mut() {
            *last = NO_CHUNK;
        }
        self.free = if self.next.is_empty() { NO_CHUNK } else { 0 };
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// All entries, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Entry<E>> {
        self.buckets.iter().flat_map(move |bucket| {
            let (mut chunk, mut left) = (bucket.head, bucket.len as usize);
            let chunks = std::iter::from_fn(move || {
                let count = left.min(CHUNK);
                let entries = (count > 0).then(|| &self.entries[chunk as usize * CHUNK..][..count])?;
                (chunk, left) = (self.next[chunk as usize], left - count);
                Some(entries)
            });
            chunks.flatten()
        })
    }

    pub(super) fn begin(&self) -> u64 {
        self.begin
    }

    /// Does the memory suffice for no more than `entries`, with one chunk begun in every bucket and one being read?
    #[cfg(test)]
    pub(super) fn is_lean(&self, entries: usize) -> bool {
        self.next.len() <= entries / CHUNK + LEVELS * BUCKETS + 1
    }

    /// Lets an empty wheel begin where no later entry will be earlier.
    pub(super) fn begin_at(&mut self, time: u64) {
        debug_assert!(self.is_empty(), "{} entries lie where the old beginning {} put them", self.len, self.begin);
        self.begin = time;
    }

    /// The time of the earliest entry.
    pub(super) fn first_time(&self) -> Option<u64> {
        self.first_bucket().map(|(level, digit)| self.buckets[level * BUCKETS + digit].first_time)
    }

    pub(super) fn push(&mut self, entry: Entry<E>) {
        debug_assert!(entry.time >= self.begin, "{} ns is before the beginning {} ns", entry.time, self.begin);
        if self.buckets.is_empty() {
            self.buckets.resize(LEVELS * BUCKETS, EMPTY);
        }
        self.len += 1;
        self.place(entry);
    }

    /// Moves the earliest entries to `front`, which is empty: sorted, the earliest last. Tells the time from which on
    /// entries belong behind them, into the wheel; nothing if there were none.
    pub(super) fn open(&mut self, front: &mut Vec<Entry<E>>) -> Option<u64> {
        loop {
            let (level, digit) = self.first_bucket()?;
            let bucket = &mut self.buckets[level * BUCKETS + digit];
            // Not the bucket's own beginning: a crowd at one time so moves to level 0 at once.
            self.begin = bucket.first_time;
            if level == 0 && bucket.len as usize > SORTED {
                // All at one time: the next few will do, and what comes for this time is to come after the rest.
                let rest = Bucket { head: self.next[bucket.head as usize], len: bucket.len - CHUNK as u32, ..*bucket };
                let few = Bucket { len: CHUNK as u32, ..std::mem::replace(bucket, rest) };
                self.sort(few, front);
                return Some(self.begin);
            }
            let bucket = std::mem::replace(bucket, EMPTY);
            self.occupied[level] &= !(1 << digit);
            if self.occupied[level] == 0 {
                self.levels &= !(1 << level);
            }
            if bucket.len as usize <= SORTED && level <= SORTED_LEVEL {
                self.sort(bucket, front);
                let width = 1 << (level as u32 * DIGIT_BITS);
                return Some((self.begin / width * width).saturating_add(width));
            }
            self.move_down(bucket);
        }
    }

    /// Takes a bucket's entries out of the wheel, the earliest last.
    fn sort(&mut self, bucket: Bucket, front: &mut Vec<Entry<E>>) {
        let (mut chunk, mut left) = (bucket.head, bucket.len as usize);
        self.len -= left;
        self.unsorted.clear();
        while left > 0 {
            let count = left.min(CHUNK);
            self.unsorted.extend_from_slice(&self.entries[chunk as usize * CHUNK..][..count]);
            left -= count;
            chunk = self.free_chunk(chunk);
        }
        // Time and place in one number: equal times stay in order, and whole numbers sort without branches.
        self.order.clear();
        let begin = self.begin;
        self.order.extend((0..).zip(&self.unsorted).map(|(place, entry)| (entry.time - begin) * SORTED as u64 + place));
        self.order.sort_unstable();
        front.extend(self.order.iter().rev().map(|order| self.unsorted[*order as usize % SORTED]));
    }

    /// Moves a bucket's entries to where they belong after the last move of the beginning.
    fn move_down(&mut self, bucket: Bucket) {
        let (mut chunk, mut left) = (bucket.head, bucket.len as usize);
        while left > 0 {
            let count = left.min(CHUNK);
            for i in 0..count {
                let entry = self.entries[chunk as usize * CHUNK + i];
                self.place(entry);
            }
            left -= count;
            chunk = self.free_chunk(chunk);
        }
    }

    /// Level and digit of the earliest bucket with entries.
    #[inline]
    fn first_bucket(&self) -> Option<(usize, usize)> {
        if self.levels == 0 {
            return None;
        }
        let level = self.levels.trailing_zeros() as usize;
        Some((level, self.occupied[level].trailing_zeros() as usize))
    }

    /// Appends to the bucket where the entry belongs.
    #[inline]
    fn place(&mut self, entry: Entry<E>) {
        let highest_bit = 63 - ((entry.time ^ self.begin) | 1).leading_zeros();
        let level = (highest_bit / DIGIT_BITS) as usize;
        let digit = (entry.time >> (level as u32 * DIGIT_BITS)) as usize % BUCKETS;
        self.levels |= 1 << level;
        self.occupied[level] |= 1 << digit;
        let bucket = &mut self.buckets[level * BUCKETS + digit];
        let within = bucket.len as usize % CHUNK;
        bucket.len += 1;
        bucket.first_time = bucket.first_time.min(entry.time);
        if within != 0 {
            self.entries[bucket.tail as usize * CHUNK + within] = entry;
            return;
        }
        let chunk = self.new_chunk(entry);
        let bucket = &mut self.buckets[level * BUCKETS + digit];
        match bucket.head {
            NO_CHUNK => bucket.head = chunk,
            _ => self.next[bucket.tail as usize] = chunk,
        }
        bucket.tail = chunk;
    }

    /// A chunk that begins with `entry`.
    fn new_chunk(&mut self, entry: Entry<E>) -> u32 {
        let chunk = self.free;
        if chunk == NO_CHUNK {
            self.entries.resize(self.entries.len() + CHUNK, entry);
            self.next.push(NO_CHUNK);
            return (self.next.len() - 1) as u32;
        }
        self.free = self.next[chunk as usize];
        self.entries[chunk as usize * CHUNK] = entry;
        chunk
    }

    /// Frees a chunk and tells the one after it in its bucket.
    fn free_chunk(&mut self, chunk: u32) -> u32 {
        let next = std::mem::replace(&mut self.next[chunk as usize], self.free);
        self.free = chunk;
        next
    }
}
