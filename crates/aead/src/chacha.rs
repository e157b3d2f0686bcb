//! ChaCha20-Poly1305 (RFC 8439) with MULX and AVX2 or AVX-512.
//!
//! A register holds a row of the state for two blocks, so that six blocks take twelve; with AVX-512 one for
//! four blocks, so that sixteen blocks take sixteen. The vector units compute these while the scalar ones do
//! Poly1305, two blocks per double round or six, on what was encrypted before (sealing) or what is being decrypted
//! (opening).

mod narrow;
mod stream;
mod wide;

use crate::Functions;
use crate::bytes::{mask, partial, store_partial};
use bytemuck::cast;
use core::arch::x86_64::*;
use zeroize::Zeroize;

/// Bytes of a block.
const BLOCK: usize = 64;

/// The longest message, in bytes: the block counter has 32 bits, and 0 isn't for the message.
const MAX_LEN: u64 = (1 << 38) - 64;

/// The key, wiped on drop.
pub(crate) struct Key {
    words: [u8; 32],
}

impl Key {
    pub(crate) fn zeroed() -> Self {
        Self { words: [0; 32] }
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.words.zeroize();
    }
}

/// Whether lengths are within what RFC 8439 2.8 allows; no slice is longer than 2^64 - 1 bytes.
pub(crate) fn lengths_fit(_aad: &[u8], message: &[u8]) -> bool {
    u64::try_from(message.len()).is_ok_and(|len| len <= MAX_LEN)
}

/// The functions, or nothing where the CPU can't run them; those with AVX-512 only if `wide`.
pub(crate) fn functions(wide: bool) -> Option<Functions<Key, 32>> {
    let narrow = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2");
    // VAES isn't needed: CPUs with AVX-512 that lack it slow down when they use it.
    let wide = wide
        && narrow
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl")
        && is_x86_feature_detected!("vaes");
    let with_extensions: unsafe fn() -> _ = match (narrow, wide) {
        (_, true) => with_wide_extensions,
        (true, _) => with_narrow_extensions,
        _ => return None,
    };
    // SAFETY: the CPU was just seen to have every extension that the function is compiled for.
    Some(unsafe { with_extensions() })
}

#[target_feature(enable = "avx2,bmi2")]
fn with_narrow_extensions() -> Functions<Key, 32> {
    Functions {
        expand,
        seal: narrow::seal,
        open: narrow::open,
    }
}

#[target_feature(enable = "avx2,bmi2,avx512f,avx512bw,avx512vl")]
fn with_wide_extensions() -> Functions<Key, 32> {
    Functions {
        expand,
        seal: wide::seal,
        open: wide::open,
    }
}

fn expand(key: &mut Key, bytes: &[u8; 32]) {
    key.words = *bytes;
}

// ---------------------------------------------------------------------------------------------
// Poly1305

/// Poly1305 (RFC 8439 2.5) with 64-bit limbs.
struct Poly {
    /// The accumulator: below 2^130 + some.
    h: u128,
    top: u64,
    back: u64,
    /// The clamped multiplier.
    r: [u64; 2],
    /// 5/4 of its high half: what lies at 2^130 comes back at 1, five times.
    folded: u64,
    /// What is added at the end.
    s: u128,
}

/// The bits of r that may be set (RFC 8439 2.5).
const CLAMP: [u64; 2] = [0x0fff_fffc_0fff_ffff, 0x0fff_fffc_0fff_fffc];

const fn wide(a: u64, b: u64) -> u128 {
    // Neither is more than 64 bits long.
    (a as u128) * (b as u128)
}

const fn join(low: u64, high: u64) -> u128 {
    (low as u128) | ((high as u128) << 64)
}

const fn low(x: u128) -> u64 {
    x as u64
}

const fn high(x: u128) -> u64 {
    (x >> 64) as u64
}

impl Poly {
    #[target_feature(enable = "avx2,bmi2")]
    #[inline]
    fn new(key: &[u8; 32]) -> Self {
        let [r0, r1, s0, s1]: [u64; 4] = cast(*key);
        let r = [r0 & CLAMP[0], r1 & CLAMP[1]];
        Self {
            h: 0,
            top: 0,
            back: 0,
            r,
            folded: r[1] + (r[1] >> 2),
            s: join(s0, s1),
        }
    }

    /// Adds a block and multiplies.
    #[target_feature(enable = "avx2,bmi2")]
    #[inline]
    fn add(&mut self, block: &[u8; 16]) {
        let [r0, r1] = self.r;
        let (h, carry) = self.h.overflowing_add(cast(*block));
        let (h, carry_back) = h.overflowing_add(u128::from(self.back));
        let (h0, h1) = (low(h), high(h));
        // The bit behind the block.
        let h2 = self.top + u64::from(carry) + u64::from(carry_back) + 1;

        // h2 is less than 8, r and `folded` less than 2^60 and 5/4 of it: no sum runs over.
        let bottom = wide(h0, r0) + wide(h1, self.folded);
        let middle = wide(h0, r1) + wide(h1, r0) + wide(h2, self.folded);
        let middle = middle + u128::from(high(bottom));
        let top = h2 * r0 + high(middle);
        // What is at 2^130 and above comes back five times: 4 times and once.
        self.back = (top & !3) + (top >> 2);
        self.h = join(low(bottom), low(middle));
        self.top = top & 3;
    }

    /// Adds bytes, filled up with zeros.
    #[target_feature(enable = "avx2,bmi2")]
    fn add_padded(&mut self, bytes: &[u8]) {
        let (blocks, rest) = bytes.as_chunks::<16>();
        for block in blocks {
            self.add(block);
        }
        if !rest.is_empty() {
            let [block, _]: [[u8; 16]; 2] = cast(partial(rest));
            self.add(&block);
        }
    }

    #[target_feature(enable = "avx2,bmi2")]
    #[inline]
    fn finish(self) -> u128 {
        let (h, carry) = self.h.overflowing_add(u128::from(self.back));
        let h2 = self.top + u64::from(carry);
        // h - p is h + 5 - 2^130. If that isn't negative it is the result, else h is.
        let (g, carry) = h.overflowing_add(5);
        let mask = 0u128.wrapping_sub(u128::from((h2 + u64::from(carry)) >> 2));
        ((h & !mask) | (g & mask)).wrapping_add(self.s)
    }
}

/// Adds key stream to less than a vector of bytes.
#[target_feature(enable = "avx2")]
fn add_rest(bytes: &mut [u8], stream: &[u8]) {
    let (stream, _) = stream.as_chunks::<32>();
    for (bytes, stream) in bytes.chunks_mut(32).zip(stream) {
        if let Some(whole) = bytes.first_chunk_mut::<32>() {
            *whole = cast(_mm256_xor_si256(cast(*whole), cast(*stream)));
        } else {
            let sum = _mm256_xor_si256(cast(partial(bytes)), cast(*stream));
            let sum = _mm256_and_si256(sum, cast(mask(bytes.len())));
            store_partial(bytes, &cast(sum));
        }
    }
}
