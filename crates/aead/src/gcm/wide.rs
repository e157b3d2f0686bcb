//! Vectors of 512 bits: four blocks.

use super::batches::batches;
use super::{BATCH, Block, Counters, Key, OFFSETS, POLYNOMIAL, REVERSE, hash_aad, tail, zero};
use bytemuck::cast;
use core::arch::x86_64::*;

/// Four blocks.
type Vector = __m512i;
const WIDTH: usize = 64;

batches!(
    "avx2,aes,pclmulqdq,vaes,vpclmulqdq,avx512f,avx512bw,avx512vl",
    3
);

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn load(bytes: &[u8; WIDTH]) -> Vector {
    cast(*bytes)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn store(bytes: &mut [u8; WIDTH], vector: Vector) {
    *bytes = cast(vector);
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn xor(a: Vector, b: Vector) -> Vector {
    _mm512_xor_si512(a, b)
}

/// A block in all four places.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn repeated(block: Block) -> Vector {
    _mm512_broadcast_i32x4(block)
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn sum_of_blocks(x: Vector) -> Block {
    let x = _mm256_xor_si256(_mm512_castsi512_si256(x), _mm512_extracti64x4_epi64::<1>(x));
    _mm_xor_si128(_mm256_castsi256_si128(x), _mm256_extracti128_si256::<1>(x))
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn halves_swapped(x: Vector) -> Vector {
    _mm512_shuffle_epi32::<0x4e>(x)
}

#[target_feature(enable = "avx512f,vpclmulqdq")]
#[inline]
fn product<const HALVES: i32>(a: Vector, b: Vector) -> Vector {
    _mm512_clmulepi64_epi128::<HALVES>(a, b)
}

#[target_feature(enable = "avx512f,vaes")]
#[inline]
fn aes_round(state: Vector, key: Vector) -> Vector {
    _mm512_aesenc_epi128(state, key)
}

#[target_feature(enable = "avx512f,vaes")]
#[inline]
fn last_aes_round(state: Vector, key: Vector) -> Vector {
    _mm512_aesenclast_epi128(state, key)
}

impl Sums {
    /// Adds four blocks, and `so_far` to the first, times their powers. (Karatsuba's product saves
    /// nothing here: what it adds runs where the products do.)
    #[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq,avx512f,avx512bw,avx512vl")]
    #[inline]
    fn add_four(
        &mut self,
        bytes: &[u8; 64],
        so_far: Block,
        powers: &[Block; 4],
        _power_sums: __m256i,
    ) {
        let x = _mm512_shuffle_epi8(load(bytes), repeated(cast(REVERSE)));
        self.add(xor(x, _mm512_zextsi128_si512(so_far)), cast(*powers));
    }

    #[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq,avx512f,avx512bw,avx512vl")]
    #[inline]
    fn reduced_fours(self) -> Block {
        self.reduced()
    }
}

/// The 16 counter blocks that begin 2 after `counter`.
#[target_feature(enable = "avx512f,avx512bw,avx512vl")]
#[inline]
fn counter_blocks(counters: &Counters, counter: u32) -> [Vector; VECTORS] {
    let nonce = _mm512_broadcast_i64x4(counters.nonce);
    let word = |counter: u32| counter.swap_bytes().cast_signed();
    let this = _mm512_maskz_set1_epi32(0x8888, word(counter));
    let next = _mm512_mask_set1_epi32(this, 0x8800, word(counter.wrapping_add(16)));
    let mut blocks = [this; VECTORS];
    blocks[VECTORS - 1] = next;
    for (block, offset) in blocks.iter_mut().zip(&OFFSETS) {
        *block = xor(*block, xor(nonce, load(offset)));
    }
    blocks
}
