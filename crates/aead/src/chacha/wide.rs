//! Vectors of 512 bits: rows of four blocks.

use super::stream::stream;
use super::{BLOCK, Key, Poly, add_rest};
use bytemuck::cast;
use core::arch::x86_64::*;

/// A row of the states of four blocks, or 64 bytes of a message.
type Row = __m512i;
const WIDTH: usize = 64;
const GROUPS: usize = 4;

stream!("avx2,bmi2,avx512f,avx512bw,avx512vl");

#[target_feature(enable = "avx512f")]
#[inline]
fn load(bytes: &[u8; WIDTH]) -> Row {
    cast(*bytes)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store(bytes: &mut [u8; WIDTH], row: Row) {
    *bytes = cast(row);
}

#[target_feature(enable = "avx512f")]
#[inline]
fn add(a: Row, b: Row) -> Row {
    _mm512_add_epi32(a, b)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn xor(a: Row, b: Row) -> Row {
    _mm512_xor_si512(a, b)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn repeated(bytes: [u8; 16]) -> Row {
    _mm512_broadcast_i32x4(cast(bytes))
}

#[target_feature(enable = "avx512f")]
#[inline]
fn counters(counter: u32) -> Row {
    let offsets = _mm512_setr_epi32(0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0);
    _mm512_add_epi32(
        _mm512_maskz_set1_epi32(0x1111, counter.cast_signed()),
        offsets,
    )
}

/// Nothing has to be kept: there are instructions for rotations.
#[derive(Clone, Copy)]
struct Rotations;

impl Rotations {
    fn new() -> Self {
        Self
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn rotated_16(x: Row, _: Rotations) -> Row {
    _mm512_rol_epi32::<16>(x)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn rotated_12(x: Row) -> Row {
    _mm512_rol_epi32::<12>(x)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn rotated_8(x: Row, _: Rotations) -> Row {
    _mm512_rol_epi32::<8>(x)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn rotated_7(x: Row) -> Row {
    _mm512_rol_epi32::<7>(x)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn turned<const ORDER: i32>(x: Row) -> Row {
    _mm512_shuffle_epi32::<ORDER>(x)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn in_order([a, b, c, d]: Group) -> Group {
    let [ab, ab_high] = [
        _mm512_shuffle_i32x4::<0x44>(a, b),
        _mm512_shuffle_i32x4::<0xee>(a, b),
    ];
    let [cd, cd_high] = [
        _mm512_shuffle_i32x4::<0x44>(c, d),
        _mm512_shuffle_i32x4::<0xee>(c, d),
    ];
    [
        _mm512_shuffle_i32x4::<0x88>(ab, cd),
        _mm512_shuffle_i32x4::<0xdd>(ab, cd),
        _mm512_shuffle_i32x4::<0x88>(ab_high, cd_high),
        _mm512_shuffle_i32x4::<0xdd>(ab_high, cd_high),
    ]
}
