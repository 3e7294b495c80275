//! Random numbers that are looked up, never consumed in order.
//!
//! A draw depends on (seed, replication, purpose, entity, number of the draw) and on nothing else, so adding a node, a
//! pod or a policy moves no other draw: two scenarios that differ in one thing are compared on common random numbers.
//!
//! The numbers are the ChaCha8 key stream: seed and replication are the key, the entity is the stream id, and purpose
//! and draw choose the place. One 64-byte block holds the first draws of eight purposes of an entity, and the last
//! block is kept: looking up an entity costs one block, its other purposes next to nothing.

use super::chacha;

/// Draws in a ChaCha block: 16 words of 32 bits.
const DRAWS_IN_BLOCK: usize = 8;
/// The rest of the key next to seed and replication. A new text here means new numbers everywhere.
const KEY_TEXT: &[u8; 20] = b"jobsim/kernel/rng/v1";

/// What a draw is for, such as a pod's run time. Two purposes of one entity share no draw; up to eight purposes with
/// numbers `8k..8k + 8` cost no more than one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Purpose(pub u32);

/// All random numbers of one replication.
#[derive(Clone, Debug)]
pub struct Streams {
    key: [u32; 8],
    /// Entity and block counter that `draws` belongs to.
    place: (u64, u64),
    draws: [u64; DRAWS_IN_BLOCK],
}

/// The draws of one entity for one purpose, from the first one on.
#[derive(Debug)]
pub struct Stream<'a> {
    streams: &'a mut Streams,
    purpose: Purpose,
    entity: u64,
    drawn: u32,
}

impl Streams {
    /// The numbers of replication `replication` of an experiment with `seed`.
    pub fn new(seed: u64, replication: u32) -> Streams {
        let mut key = [seed as u32, (seed >> 32) as u32, replication, 0, 0, 0, 0, 0];
        for (word, text) in key[3..].iter_mut().zip(KEY_TEXT.as_chunks().0) {
            *word = u32::from_le_bytes(*text);
        }
        // No block has this counter: those of `draw` leave its upper bits of the purpose zero.
        let nowhere = (0, u64::MAX);
        Streams { key, place: nowhere, draws: [0; DRAWS_IN_BLOCK] }
    }

    /// The draws of `entity` (see [`entity`]) for `purpose`; the same ones whenever they are asked for.
    pub fn stream(&mut self, purpose: Purpose, entity: u64) -> Stream<'_> {
        Stream { streams: self, purpose, entity, drawn: 0 }
    }

    /// The draw numbered `number`: block `(number, purpose / 8)` of the entity's stream, place `purpose % 8`.
    #[inline]
    fn draw(&mut self, purpose: Purpose, entity: u64, number: u32) -> u64 {
        let (block, place) = (purpose.0 / 8, purpose.0 % 8);
        let counter = u64::from(number) << 32 | u64::from(block);
        if self.place != (entity, counter) {
            self.turn_to(entity, counter);
        }
        self.draws[place as usize]
    }

    fn turn_to(&mut self, entity: u64, counter: u64) {
        self.draws = chacha::block(&self.key, counter, entity);
        self.place = (entity, counter);
    }
}

impl Stream<'_> {
    /// The next draw: 64 independent bits.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        let draw = self.streams.draw(self.purpose, self.entity, self.drawn);
        self.drawn = self.drawn.wrapping_add(1);
        draw
    }

    /// The next draw of this purpose and those of the seven after it, for the price of one. The purpose is the first of
    /// the eight of a block.
    #[inline]
    pub fn next_eight(&mut self) -> [u64; DRAWS_IN_BLOCK] {
        debug_assert!(self.purpose.0.is_multiple_of(DRAWS_IN_BLOCK as u32), "{:?} is amid a block", self.purpose);
        self.next_u64();
        self.streams.draws
    }

    /// The next draw as a number strictly between 0 and 1: an odd multiple of 2^-53, so 1 - u is as likely as u.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        open_unit(self.next_u64())
    }
}

fn open_unit(bits: u64) -> f64 {
    (bits >> 11 | 1) as f64 * (1.0 / (1u64 << 53) as f64)
}

/// The identity of the thing that `parts` name, such as namespace, Job and index: stable over releases and platforms.
///
/// Each part counts with its length, so `["ab", "c"]` and `["a", "bc"]` differ. Two of n things share an identity with
/// a chance of about n^2 / 2^65.
pub fn entity(parts: &[&[u8]]) -> u64 {
    parts.iter().fold(parts.len() as u64, |identity, part| {
        part.chunks(8).fold(mix(identity, part.len() as u64), |identity, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            mix(identity, u64::from_le_bytes(word))
        })
    })
}

/// The identity of the `n`th thing within `entity`. No two things of one entity share an identity.
#[inline]
pub fn mix(entity: u64, n: u64) -> u64 {
    // Every step can be undone, which is what keeps apart two `n` of one entity. The finalizer is SplitMix64's.
    let mut bits = entity.wrapping_mul(0xd129_0de2_6e4a_9f65).wrapping_add(0x9e37_79b9_7f4a_7c15) ^ n;
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;
    use std::collections::BTreeSet;

    /// The first `count` draws of a place.
    fn draws(seed: u64, replication: u32, purpose: u32, entity: u64, count: usize) -> Vec<u64> {
        let mut streams = Streams::new(seed, replication);
        let mut stream = streams.stream(Purpose(purpose), entity);
        (0..count).map(|_| stream.next_u64()).collect()
    }

    #[test]
    fn the_numbers_are_those_of_this_version() {
        let check = |seed, replication, purpose, entity, golden: [u64; 2]| {
            let found = draws(seed, replication, purpose, entity, 2);
            assert_eq!(found, golden, "{seed} {replication} {purpose} {entity}: {found:#018x?}");
        };
        check(0, 0, 0, 0, [0x5aae_6359_66b5_2087, 0xf9c0_9187_ccd1_f65b]);
        check(42, 0, 0, 7, [0x9447_8777_5131_6f42, 0x0fb9_d5a7_251e_837a]);
        check(42, 1, 3, 7, [0x6f45_6f9e_5d3d_8c9c, 0xd657_3378_0e9b_9c41]);
        check(u64::MAX, u32::MAX, u32::MAX, u64::MAX, [0x349f_1e8d_5e2a_a913, 0x3790_e72a_7383_3d5c]);
    }

    #[test]
    fn identities_are_those_of_this_version() {
        let check = |parts: &[&[u8]], golden| {
            let found = entity(parts);
            assert_eq!(found, golden, "{parts:?}: {found:#018x}");
        };
        check(&[], 0);
        check(&[b"default", b"pi"], 0xcbc8_72a3_588e_949d);
        check(&[b"default", b"a-name-longer-than-eight"], 0x1542_d82d_8457_ec03);
        assert_eq!(mix(1, 2), 0x8523_e24f_ac41_d998, "{:#018x}", mix(1, 2));
    }

    #[test]
    fn draws_are_chacha8() {
        let key = *b"\x2a\0\0\0\0\0\0\0\x05\0\0\0jobsim/kernel/rng/v1";
        let mut reference = ChaCha8Rng::from_seed(key);
        reference.set_stream(77);
        let block: Vec<u64> = (0..DRAWS_IN_BLOCK).map(|_| reference.next_u64()).collect();
        for (purpose, expected) in (0..).zip(block) {
            assert_eq!(draws(42, 5, purpose, 77, 1), [expected], "purpose {purpose}");
        }
        // The second draw of purpose 9: block 1 of those numbered 1, place 1.
        reference.set_word_pos(((1 << 32) + 1) * 16 + 2);
        assert_eq!(draws(42, 5, 9, 77, 2)[1], reference.next_u64());
    }

    #[test]
    fn eight_draws_are_those_of_eight_purposes() {
        let mut streams = Streams::new(4, 1);
        let mut stream = streams.stream(Purpose(16), 9);
        let eight = [stream.next_eight(), stream.next_eight()];
        for (purpose, place) in (16..24).zip(0..) {
            assert_eq!(draws(4, 1, purpose, 9, 2), [eight[0][place], eight[1][place]]);
        }
    }

    #[test]
    fn the_order_of_look_ups_does_not_matter() {
        let places: Vec<(u32, u64)> = (0..20).flat_map(|purpose| (0..20).map(move |e| (purpose, mix(1, e)))).collect();
        let mut streams = Streams::new(1, 2);
        let mut look_up = |&(purpose, entity): &(u32, u64)| {
            let mut stream = streams.stream(Purpose(purpose), entity);
            [stream.next_u64(), stream.next_u64(), stream.next_u64()]
        };
        let forwards: Vec<_> = places.iter().map(&mut look_up).collect();
        let mut backwards: Vec<_> = places.iter().rev().map(&mut look_up).collect();
        backwards.reverse();
        assert_eq!(forwards, backwards);
        let alone = draws(1, 2, places[123].0, places[123].1, 3);
        assert_eq!(forwards[123].to_vec(), alone);
    }

    #[test]
    fn no_two_places_share_a_draw() {
        let mut seen = BTreeSet::new();
        let mut places = 0;
        for (seed, replication) in [(0, 0), (0, 1), (1, 0), (1 << 32, 0)] {
            for purpose in [0, 1, 7, 8, 9, 64] {
                for entity in 0..8 {
                    seen.extend(draws(seed, replication, purpose, entity, 8));
                    places += 8;
                }
            }
        }
        assert_eq!(seen.len(), places);
    }

    #[test]
    fn names_do_not_run_together() {
        let names: [&[&[u8]]; 9] = [
            &[],
            &[b""],
            &[b"", b""],
            &[b"ab", b"c"],
            &[b"a", b"bc"],
            &[b"abc"],
            &[b"abc\0"],
            &[b"c", b"ab"],
            &[b"\0"],
        ];
        let identities: BTreeSet<u64> = names.iter().map(|parts| entity(parts)).collect();
        assert_eq!(identities.len(), names.len());
        let pods: BTreeSet<u64> = (0..300).flat_map(|job| (0..300).map(move |pod| mix(mix(9, job), pod))).collect();
        assert_eq!(pods.len(), 90_000);
    }

    #[test]
    fn one_bit_of_an_identity_moves_half_the_bits() {
        for bit in 0..64 {
            let moved: u32 = (0..1000).map(|n| (mix(n, 5) ^ mix(n ^ 1 << bit, 5)).count_ones()).sum();
            assert!((30_000..34_000).contains(&moved), "entity bit {bit}: {moved} of 64000");
            let moved: u32 = (0..1000).map(|n| (mix(5, n) ^ mix(5, n ^ 1 << bit)).count_ones()).sum();
            assert!((30_000..34_000).contains(&moved), "n bit {bit}: {moved} of 64000");
        }
    }

    #[test]
    fn units_are_uniform_over_entities_purposes_and_draws() {
        // 100 cells of 1000 expected draws: chi-square with 99 degrees of freedom, 0.1 % beyond 149 and below 60.
        let check = |what: &str, place: fn(u64) -> (u32, u64, u32)| {
            let mut streams = Streams::new(3, 0);
            let mut cells = [0f64; 100];
            for i in 0..100_000 {
                let (purpose, entity, skip) = place(i);
                let mut stream = streams.stream(Purpose(purpose), entity);
                stream.drawn = skip;
                let unit = stream.unit();
                assert!(unit > 0.0 && unit < 1.0);
                cells[(unit * 100.0) as usize] += 1.0;
            }
            let chi_square: f64 = cells.iter().map(|n| (n - 1000.0) * (n - 1000.0) / 1000.0).sum();
            assert!((60.0..149.0).contains(&chi_square), "{what}: {chi_square}");
        };
        check("entities", |i| (0, i, 0));
        check("mixed entities", |i| (0, mix(1, i), 0));
        check("purposes", |i| (i as u32, 1, 0));
        check("draws", |i| (2, 1, i as u32));
    }

    #[test]
    fn the_ends_are_never_drawn() {
        assert_eq!(open_unit(0), 2f64.powi(-53));
        assert_eq!(open_unit(u64::MAX), 1.0 - 2f64.powi(-53));
    }
}
