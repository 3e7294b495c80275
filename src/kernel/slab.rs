//! A table of objects by their slots, for as many as live at a time.
//!
//! Objects lie in blocks that never move: a table grows without copying and without spare room of more than a block, and
//! a slot is found by two loads, of which the first stays in the cache. What an object was made in is used again by the
//! next one in its slot.

/// Slots of a block. A power of two.
const BLOCK: usize = 64;

/// Objects by slot. Slots are given out elsewhere, densely from 0.
#[derive(Debug)]
pub struct Slab<T> {
    blocks: Vec<Box<[Option<T>]>>,
    /// Slots from here on were never used.
    used: usize,
}

impl<T> Slab<T> {
    /// An empty table.
    pub fn new() -> Slab<T> {
        Slab { blocks: Vec::new(), used: 0 }
    }

    /// The object in a slot.
    #[inline]
    pub fn get(&self, slot: u32) -> Option<&T> {
        self.blocks.get(slot as usize / BLOCK)?[slot as usize % BLOCK].as_ref()
    }

    /// The object in a slot.
    #[inline]
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        self.blocks.get_mut(slot as usize / BLOCK)?[slot as usize % BLOCK].as_mut()
    }

    /// Puts an object into a slot, in place of what was there; answers it in its place.
    #[inline]
    pub fn put(&mut self, slot: u32, object: T) -> &mut T {
        let slot = slot as usize;
        while slot / BLOCK >= self.blocks.len() {
            self.blocks.push((0..BLOCK).map(|_| None).collect());
        }
        self.used = self.used.max(slot + 1);
        self.blocks[slot / BLOCK][slot % BLOCK].insert(object)
    }

    /// Empties a slot.
    #[inline]
    pub fn remove(&mut self, slot: u32) {
        if let Some(block) = self.blocks.get_mut(slot as usize / BLOCK) {
            block[slot as usize % BLOCK] = None;
        }
    }

    /// Empties all slots; the memory is kept.
    pub fn clear(&mut self) {
        for slot in 0..std::mem::take(&mut self.used) {
            self.blocks[slot / BLOCK][slot % BLOCK] = None;
        }
    }

    /// Slots from 0 that were ever used since the table was last cleared.
    pub fn used(&self) -> u32 {
        self.used as u32
    }

    /// All objects, by slot.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flatten().take(self.used).flatten()
    }
}

impl<T> Default for Slab<T> {
    fn default() -> Slab<T> {
        Slab::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_found_by_their_slots_in_any_block() {
        let mut slab = Slab::new();
        for slot in [0, 63, 64, 200] {
            assert_eq!(slab.put(slot, slot), &slot);
        }
        assert_eq!((slab.get(64), slab.get(65), slab.get(100_000)), (Some(&64), None, None));
        assert_eq!(slab.iter().copied().collect::<Vec<_>>(), [0, 63, 64, 200]);
        assert_eq!(slab.used(), 201);
        slab.remove(64);
        slab.remove(100_000);
        assert_eq!(slab.get_mut(64), None);
        slab.clear();
        assert_eq!((slab.iter().count(), slab.used(), slab.get(200)), (0, 0, None));
        slab.put(1, 7);
        assert_eq!(slab.get(1), Some(&7));
    }
}
