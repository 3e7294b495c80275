//! A timing wheel (Varghese and Lauck 1987) over the digits of the time, to the base of 64.
//!
//! An entry lies on the level of the highest digit in which its time differs from the wheel's beginning, in the bucket
//! of that digit. So all buckets of a level lie before all of the next, the earliest bucket is found from one bit of
//! each, and when the beginning moves up to that bucket, its entries, and no others, move down to lower levels.
//! Equal times always lie in one bucket and are never moved past each other.

use super::{Entry, insert};

const DIGIT_BITS: u32 = 6;
const BUCKETS: usize = 1 << DIGIT_BITS;
const LEVELS: usize = 64usize.div_ceil(DIGIT_BITS as usize);
/// Entries of a chunk: the unit in which buckets grow and shrink.
const CHUNK: usize = 16;
/// Up to here a bucket is sorted rather than moved down.
const SORTED: usize = 32;
const NO_CHUNK: u32 = u32::MAX;

/// Entries by time, as far apart as need be.
#[derive(Clone, Debug)]
pub(super) struct Wheel<E> {
    /// No entry is earlier. Digits up to the level of the bucket opened last are 0.
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

/// What became of the earliest bucket.
pub(super) enum Opened {
    /// All entries before this time were taken.
    Until(u64),
    /// There was none.
    Nothing,
}

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
        }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn begin(&self) -> u64 {
        self.begin
    }

    /// How many chunks there are, in use or free.
    #[cfg(test)]
    pub(super) fn chunks(&self) -> usize {
        self.next.len()
    }

    /// Lets an empty wheel begin where no later entry will be earlier.
    pub(super) fn begin_at(&mut self, time: u64) {
        debug_assert!(self.is_empty(), "{} entries lie where the old beginning {} put them", self.len, self.begin);
        self.begin = time;
        self.buckets.resize(LEVELS * BUCKETS, EMPTY);
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

    /// Moves the earliest entries, sorted, to `front`, which is empty.
    pub(super) fn open(&mut self, front: &mut Vec<Entry<E>>) -> Opened {
        while let Some((level, digit)) = self.first_bucket() {
            let shift = level as u32 * DIGIT_BITS;
            let width = 1u64 << shift;
            // The digits above stay, this one is the bucket's, those below are 0.
            let above = self.begin.checked_shr(shift + DIGIT_BITS).unwrap_or(0);
            self.begin = above.checked_shl(shift + DIGIT_BITS).unwrap_or(0) | (digit as u64) << shift;
            let bucket = std::mem::replace(&mut self.buckets[level * BUCKETS + digit], EMPTY);
            self.occupied[level] &= !(1 << digit);
            if self.occupied[level] == 0 {
                self.levels &= !(1 << level);
            }
            if bucket.len as usize <= SORTED {
                self.drain(bucket, |_, entry| insert(front, entry));
                self.len -= front.len();
                return Opened::Until(self.begin.saturating_add(width));
            }
            if level == 0 {
                self.take_chunk(digit, bucket, front);
                return Opened::Until(self.begin);
            }
            self.drain(bucket, Wheel::place);
        }
        Opened::Nothing
    }

    /// Takes the first chunk of a bucket of equal times and puts the rest back, which later ones are to come after.
    fn take_chunk(&mut self, digit: usize, bucket: Bucket, front: &mut Vec<Entry<E>>) {
        let rest = Bucket { head: self.next[bucket.head as usize], len: bucket.len - CHUNK as u32, ..bucket };
        self.drain(Bucket { len: CHUNK as u32, ..bucket }, |_, entry| insert(front, entry));
        self.len -= CHUNK;
        self.buckets[digit] = rest;
        self.occupied[0] |= 1 << digit;
        self.levels |= 1;
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

    /// Hands out the entries in order. Each chunk is free before the next is read, so that moving needs no memory.
    fn drain(&mut self, bucket: Bucket, mut to: impl FnMut(&mut Self, Entry<E>)) {
        let (mut chunk, mut left) = (bucket.head, bucket.len as usize);
        while left > 0 {
            let first = chunk as usize * CHUNK;
            let count = left.min(CHUNK);
            for i in first..first + count {
                let entry = self.entries[i];
                to(self, entry);
            }
            left -= count;
            let next = self.next[chunk as usize];
            self.next[chunk as usize] = self.free;
            self.free = chunk;
            chunk = next;
        }
    }
}
