//! Vectors of 256 bits: two blocks.

use super::batches::batches;
use super::{BATCH, Block, Counters, Key, OFFSETS, POLYNOMIAL, REVERSE, hash_aad, tail, zero};
use bytemuck::cast;
use core::arch::x86_64::*;
use core::hint::black_box;

/// Two blocks.
pub(super) type Pair = __m256i;
type Vector = Pair;
pub(super) const WIDTH: usize = 32;

// The compiler must not see how often the loop around AES and the hash runs: it would take the two
// halves apart again.
batches!("avx2,aes,pclmulqdq,vaes,vpclmulqdq", black_box(3));

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
pub(super) fn load(bytes: &[u8; WIDTH]) -> Pair {
    cast(*bytes)
}

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
pub(super) fn store(bytes: &mut [u8; WIDTH], pair: Pair) {
    *bytes = cast(pair);
}

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
pub(super) fn xor(a: Pair, b: Pair) -> Pair {
    _mm256_xor_si256(a, b)
}

/// A block in both halves.
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
pub(super) fn repeated(block: Block) -> Pair {
    _mm256_broadcastsi128_si256(block)
}

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
pub(super) fn both(low: Block, high: Block) -> Pair {
    _mm256_inserti128_si256::<1>(_mm256_castsi128_si256(low), high)
}

/// The bytes of each block in reverse.
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
pub(super) fn reversed_pair(x: Pair) -> Pair {
    _mm256_shuffle_epi8(x, repeated(cast(REVERSE)))
}

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
fn sum_of_blocks(x: Pair) -> Block {
    _mm_xor_si128(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x))
}

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
fn halves_swapped(x: Pair) -> Pair {
    _mm256_shuffle_epi32::<0x4e>(x)
}

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
fn product<const HALVES: i32>(a: Pair, b: Pair) -> Pair {
    _mm256_clmulepi64_epi128::<HALVES>(a, b)
}

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
fn aes_round(state: Pair, key: Pair) -> Pair {
    _mm256_aesenc_epi128(state, key)
}

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
pub(super) fn last_aes_round(state: Pair, key: Pair) -> Pair {
    _mm256_aesenclast_epi128(state, key)
}

/// The sum of the halves of each block: a's in the low halves of the result, b's in the high ones.
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
pub(super) fn half_sums(a: Pair, b: Pair) -> Pair {
    xor(_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b))
}

impl Sums {
    /// Adds four blocks, and `so_far` to the first, times their powers, whose [`half_sums`] are
    /// `power_sums`: by six products, after Karatsuba.
    #[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
    #[inline]
    fn add_four(&mut self, bytes: &[u8; 64], so_far: Block, powers: &[Block; 4], power_sums: Pair) {
        let [a, b] = cast::<[u8; 64], [[u8; WIDTH]; 2]>(*bytes);
        let a = xor(reversed_pair(load(&a)), _mm256_zextsi128_si256(so_far));
        let b = reversed_pair(load(&b));
        let [p, q, r, s] = *powers;
        self.add_ends(a, both(p, q));
        self.add_ends(b, both(r, s));
        let x = half_sums(a, b);
        let cross = xor(
            product::<0x00>(x, power_sums),
            product::<0x11>(x, power_sums),
        );
        self.middle = xor(self.middle, cross);
    }

    /// After [`Sums::add_four`] `middle` lacks the sum of the other two.
    #[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
    #[inline]
    fn reduced_fours(mut self) -> Block {
        self.middle = xor(self.middle, xor(self.low, self.high));
        self.reduced()
    }
}

/// The 16 counter blocks that begin 2 after `counter`.
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
pub(super) fn counter_blocks(counters: &Counters, counter: u32) -> [Pair; VECTORS] {
    let this = counters.at(counter);
    let next = counters.at(counter.wrapping_add(16));
    // (No closures: `array::map` lacks the extensions, so they wouldn't be inlined.)
    let mut blocks = [this; VECTORS];
    blocks[VECTORS - 1] = next;
    let (offsets, _) = OFFSETS.as_flattened().as_chunks::<WIDTH>();
    for (block, offset) in blocks.iter_mut().zip(offsets) {
        *block = xor(*block, load(offset));
    }
    blocks
}
