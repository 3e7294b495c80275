//! One block of the ChaCha8 key stream (Bernstein 2008), for whoever wants a block here and a block there.
//!
//! Generators that read the stream in order make several blocks at a time; of those only one is of use here.

/// Four words that are worked on together.
type Row = [u32; 4];

/// "expand 32-byte k".
const CONSTANTS: Row = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];
const DOUBLE_ROUNDS: usize = 4;

/// The block numbered `counter` of stream `stream` under a key, as eight numbers of 64 bits.
pub(super) fn block(key: &[u32; 8], counter: u64, stream: u64) -> [u64; 8] {
    let [a, b, c, d, e, f, g, h] = *key;
    let place = [counter as u32, (counter >> 32) as u32, stream as u32, (stream >> 32) as u32];
    let begin = [CONSTANTS, [a, b, c, d], [e, f, g, h], place];
    let mut rows = begin;
    for _ in 0..DOUBLE_ROUNDS {
        quarter_rounds(&mut rows);
        // Diagonals become columns, and back.
        rows = [rows[0], turned::<1>(rows[1]), turned::<2>(rows[2]), turned::<3>(rows[3])];
        quarter_rounds(&mut rows);
        rows = [rows[0], turned::<3>(rows[1]), turned::<2>(rows[2]), turned::<1>(rows[3])];
    }
    let mut numbers = [0; 8];
    for (pair, (row, begin)) in numbers.chunks_exact_mut(2).zip(rows.into_iter().zip(begin)) {
        let [a, b, c, d] = sum(row, begin);
        (pair[0], pair[1]) = (u64::from(a) | u64::from(b) << 32, u64::from(c) | u64::from(d) << 32);
    }
    numbers
}

/// A quarter round on each column.
#[inline(always)]
fn quarter_rounds([a, b, c, d]: &mut [Row; 4]) {
    *a = sum(*a, *b);
    *d = mixed::<16>(*d, *a);
    *c = sum(*c, *d);
    *b = mixed::<12>(*b, *c);
    *a = sum(*a, *b);
    *d = mixed::<8>(*d, *a);
    *c = sum(*c, *d);
    *b = mixed::<7>(*b, *c);
}

#[inline(always)]
fn sum(a: Row, b: Row) -> Row {
    [a[0].wrapping_add(b[0]), a[1].wrapping_add(b[1]), a[2].wrapping_add(b[2]), a[3].wrapping_add(b[3])]
}

#[inline(always)]
fn mixed<const BITS: u32>(a: Row, b: Row) -> Row {
    // Written out: the compiler makes one instruction of it, and of a closure a call.
    [
        (a[0] ^ b[0]).rotate_left(BITS),
        (a[1] ^ b[1]).rotate_left(BITS),
        (a[2] ^ b[2]).rotate_left(BITS),
        (a[3] ^ b[3]).rotate_left(BITS),
    ]
}

#[inline(always)]
fn turned<const BY: usize>(a: Row) -> Row {
    [a[BY % 4], a[(BY + 1) % 4], a[(BY + 2) % 4], a[(BY + 3) % 4]]
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::{Rng, SeedableRng};

    use super::*;

    #[test]
    fn blocks_are_those_of_the_stream() {
        for round in 0..200u64 {
            let seed: [u8; 32] = std::array::from_fn(|at| (round.wrapping_mul(251) >> (at % 8)) as u8 ^ at as u8);
            let key: [u32; 8] =
                std::array::from_fn(|at| u32::from_le_bytes(std::array::from_fn(|byte| seed[4 * at + byte])));
            let (counter, stream) = (round << (round % 50), !round << (round % 60));
            let mut generator = ChaCha8Rng::from_seed(seed);
            generator.set_word_pos(u128::from(counter) * 16);
            generator.set_stream(stream);
            let expected: [u64; 8] = std::array::from_fn(|_| generator.next_u64());
            assert_eq!(block(&key, counter, stream), expected, "{round}");
        }
    }
}
