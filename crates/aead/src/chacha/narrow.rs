//! Vectors of 256 bits: rows of two blocks.

use super::stream::stream;
use super::{BLOCK, Key, Poly, add_rest};
use bytemuck::cast;
use core::arch::x86_64::*;
use core::hint::black_box;

/// A row of the states of two blocks, or 32 bytes of a message.
type Row = __m256i;
const WIDTH: usize = 32;
const GROUPS: usize = 3;

stream!("avx2,bmi2");

#[target_feature(enable = "avx2")]
#[inline]
fn load(bytes: &[u8; WIDTH]) -> Row {
    cast(*bytes)
}

#[target_feature(enable = "avx2")]
#[inline]
fn store(bytes: &mut [u8; WIDTH], row: Row) {
    *bytes = cast(row);
}

#[target_feature(enable = "avx2")]
#[inline]
fn add(a: Row, b: Row) -> Row {
    _mm256_add_epi32(a, b)
}

#[target_feature(enable = "avx2")]
#[inline]
fn xor(a: Row, b: Row) -> Row {
    _mm256_xor_si256(a, b)
}

#[target_feature(enable = "avx2")]
#[inline]
fn repeated(bytes: [u8; 16]) -> Row {
    _mm256_broadcastsi128_si256(cast(bytes))
}

#[target_feature(enable = "avx2")]
#[inline]
fn counters(counter: u32) -> Row {
    let counters = _mm256_set1_epi32(counter.cast_signed());
    let counters = _mm256_add_epi32(counters, _mm256_setr_epi32(0, 0, 0, 0, 1, 0, 0, 0));
    _mm256_blend_epi32::<0x11>(_mm256_setzero_si256(), counters)
}

/// Rotations by 16 and by 8 bits as orders of bytes.
#[derive(Clone, Copy)]
struct Rotations {
    by_16: Row,
    by_8: Row,
}

impl Rotations {
    #[target_feature(enable = "avx2")]
    #[inline]
    fn new() -> Self {
        // The compiler must not see what they are: it would make two shuffles of the one by 16.
        let [by_16, by_8] = black_box([BY_16, BY_8]);
        Self {
            by_16: repeated(by_16),
            by_8: repeated(by_8),
        }
    }
}

const BY_16: [u8; 16] = [2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13];
const BY_8: [u8; 16] = [3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14];

#[target_feature(enable = "avx2")]
#[inline]
fn rotated_16(x: Row, rotations: Rotations) -> Row {
    _mm256_shuffle_epi8(x, rotations.by_16)
}

#[target_feature(enable = "avx2")]
#[inline]
fn rotated_12(x: Row) -> Row {
    _mm256_or_si256(_mm256_slli_epi32::<12>(x), _mm256_srli_epi32::<20>(x))
}

#[target_feature(enable = "avx2")]
#[inline]
fn rotated_8(x: Row, rotations: Rotations) -> Row {
    _mm256_shuffle_epi8(x, rotations.by_8)
}

#[target_feature(enable = "avx2")]
#[inline]
fn rotated_7(x: Row) -> Row {
    _mm256_or_si256(_mm256_slli_epi32::<7>(x), _mm256_srli_epi32::<25>(x))
}

#[target_feature(enable = "avx2")]
#[inline]
fn turned<const ORDER: i32>(x: Row) -> Row {
    _mm256_shuffle_epi32::<ORDER>(x)
}

#[target_feature(enable = "avx2")]
#[inline]
fn in_order([a, b, c, d]: Group) -> Group {
    [
        _mm256_permute2x128_si256::<0x20>(a, b),
        _mm256_permute2x128_si256::<0x20>(c, d),
        _mm256_permute2x128_si256::<0x31>(a, b),
        _mm256_permute2x128_si256::<0x31>(c, d),
    ]
}
