//! AES-GCM (NIST SP 800-38D) with VAES and VPCLMULQDQ, 256 bits wide or, with AVX-512, 512.
//!
//! # Hashing
//! GHASH runs on byte-reversed blocks, where it is POLYVAL (RFC 8452, appendix A) under the key
//! `x * H`: sums of `X * P` with one reduction for all of them, which also divides by `x^128`. The
//! powers of the key are kept under that same product.
//!
//! # Order of work
//! Sixteen blocks are in flight: while their counters go through AES, sixteen blocks of ciphertext
//! are hashed (sealing: those before; opening: the same). The vectors of a batch are hashed last
//! one first, so that the result of the batch before, which belongs to the first block, is
//! needed as late as can be.
//!
//! # Widths
//! [`batches`] is there twice, with vectors of two blocks and of four. Keys, additional data, what is
//! left behind the batches and messages that are shorter than one have vectors of two in both, which are no slower there.

mod batches;
mod narrow;
mod wide;

use crate::Functions;
use crate::bytes::{self, partial};
use bytemuck::cast;
use core::arch::x86_64::*;
use narrow::{Pair, Sums, both, counter_blocks, half_sums, last_aes_round, load, rounds};
use narrow::{repeated, reversed_pair, store, xor};
use zeroize::Zeroize;

/// A block.
type Block = __m128i;

/// Bytes of a batch, and its pairs of blocks.
const BATCH: usize = 256;
const PAIRS: usize = BATCH / 32;

/// The longest message, in bytes (SP 800-38D 5.2.1.1: 2^39 - 256 bits).
const MAX_LEN: u64 = (1 << 36) - 32;

/// What a key is expanded to. `R` is how many of AES's rounds go with a fourth of a batch: 2 for
/// AES-128, whose 9 middle rounds are 1 + 4 * 2, and 3 for AES-256, whose 13 are 1 + 4 * 3.
///
/// Aligned as blocks are and no further: more than 16 bytes of alignment aren't what allocators give by
/// themselves, and connections make four such keys.
#[repr(C)]
pub(crate) struct Key<const R: usize> {
    /// The key of AES that is added first.
    first: Block,
    /// The 17th power of the hash key down to the first, and zero.
    powers: [Block; 18],
    /// The last key of AES.
    last: Block,
    /// Of each four powers, the last ones first, the sums of their halves (for Karatsuba's products).
    sums: [[Block; 2]; 4],
    /// The key of AES's first round.
    second: Block,
    /// The keys of the rounds between.
    middle: [[Block; R]; 4],
}

impl<const R: usize> Key<R> {
    pub(crate) fn zeroed() -> Self {
        let zero: Block = cast(0u128);
        Self {
            first: zero,
            powers: [zero; 18],
            last: zero,
            sums: [[zero; 2]; 4],
            second: zero,
            middle: [[zero; R]; 4],
        }
    }
}

impl<const R: usize> Drop for Key<R> {
    fn drop(&mut self) {
        self.first.zeroize();
        self.powers.zeroize();
        self.last.zeroize();
        self.sums.zeroize();
        self.second.zeroize();
        self.middle.zeroize();
    }
}

/// Whether lengths are within what GCM allows.
pub(crate) fn lengths_fit(aad: &[u8], message: &[u8]) -> bool {
    // SP 800-38D 5.2.1.1: AAD of up to 2^64 - 1 bits.
    let short = |len: usize, limit: u64| u64::try_from(len).is_ok_and(|len| len <= limit);
    short(message.len(), MAX_LEN) && short(aad.len(), (1 << 61) - 1)
}

/// The functions, or nothing where the CPU can't run them; those with AVX-512 only if `wide`.
pub(crate) fn functions<const R: usize, const KEY: usize>(
    wide: bool,
) -> Option<Functions<Key<R>, KEY>> {
    let narrow = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("aes")
        && is_x86_feature_detected!("pclmulqdq")
        && is_x86_feature_detected!("vaes")
        && is_x86_feature_detected!("vpclmulqdq");
    let wide = wide
        && narrow
        && is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl");
    let with_extensions: unsafe fn() -> _ = match (narrow, wide) {
        (_, true) => with_wide_extensions,
        (true, _) => with_narrow_extensions,
        _ => return None,
    };
    // SAFETY: the CPU was just seen to have every extension that the function is compiled for.
    Some(unsafe { with_extensions() })
}

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
fn with_narrow_extensions<const R: usize, const KEY: usize>() -> Functions<Key<R>, KEY> {
    Functions {
        expand: expand::<R, KEY>,
        seal: narrow::seal::<R>,
        open: narrow::open::<R>,
    }
}

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq,avx512f,avx512bw,avx512vl")]
fn with_wide_extensions<const R: usize, const KEY: usize>() -> Functions<Key<R>, KEY> {
    Functions {
        expand: expand::<R, KEY>,
        seal: seal_wide::<R>,
        open: open_wide::<R>,
    }
}

/// (What a short message needs is faster compiled without AVX-512.)
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq,avx512f,avx512bw,avx512vl")]
fn seal_wide<const R: usize>(
    key: &Key<R>,
    nonce: &[u8; 12],
    aad: &[u8],
    message: &mut [u8],
) -> u128 {
    if message.len() < BATCH {
        return narrow::seal(key, nonce, aad, message);
    }
    wide::seal(key, nonce, aad, message)
}

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq,avx512f,avx512bw,avx512vl")]
fn open_wide<const R: usize>(
    key: &Key<R>,
    nonce: &[u8; 12],
    aad: &[u8],
    message: &mut [u8],
    tag: &[u8; 16],
) -> bool {
    if message.len() < BATCH {
        return narrow::open(key, nonce, aad, message, tag);
    }
    wide::open(key, nonce, aad, message, tag)
}

// ---------------------------------------------------------------------------------------------
// Keys

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
fn expand<const R: usize, const KEY: usize>(key: &mut Key<R>, bytes: &[u8; KEY]) {
    let (blocks, _) = bytes.as_chunks::<16>();
    let mut keys: [Block; 15] = [zero(); 15];
    match blocks {
        [only] => schedule_128(&mut keys, cast(*only)),
        [low, high] => schedule_256(&mut keys, cast(*low), cast(*high)),
        _ => {}
    }
    let [first, second, rest @ ..] = &keys;
    key.first = *first;
    key.second = *second;
    let (middle, last) = rest.as_chunks::<R>();
    for (to, from) in key.middle.iter_mut().zip(middle) {
        *to = *from;
    }
    // For AES-256 the 13 keys here are 4 * 3 and the last, for AES-128 4 * 2, the last, and 4 unused.
    key.last = match (middle.get(4), last.first()) {
        (Some(next), _) => next[0],
        (None, Some(last)) => *last,
        (None, None) => zero(),
    };

    // The hash key is the cipher of zero, times x.
    let mut h = cipher_one(key, zero());
    h = times_x(reversed(h));
    let squared = multiply(repeated(h), repeated(h));
    let squared = _mm256_castsi256_si128(squared);
    // Pairs of neighbours, the higher power first: each from the one before and the square.
    let mut pair = both(squared, h);
    let mut power = key.powers.iter_mut().rev().skip(1);
    for _ in 0..PAIRS {
        for half in [
            _mm256_extracti128_si256::<1>(pair),
            _mm256_castsi256_si128(pair),
        ] {
            if let Some(power) = power.next() {
                *power = half;
            }
        }
        pair = multiply(pair, repeated(squared));
    }
    // H^17 is the second half of the pair (H^18, H^17).
    key.powers[0] = _mm256_extracti128_si256::<1>(pair);
    let [_, powers @ .., _] = &key.powers;
    let (quads, _) = powers.as_chunks::<4>();
    for (sums, [a, b, c, d]) in key.sums.iter_mut().zip(quads.iter().rev()) {
        *sums = cast(half_sums(both(*a, *b), both(*c, *d)));
    }
    keys.zeroize();
}

/// The keys of AES-128 (FIPS 197 5.2).
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
fn schedule_128(keys: &mut [Block; 15], mut key: Block) {
    let mut constant = 1u8;
    for to in keys.iter_mut().take(11) {
        *to = key;
        let word = substituted(_mm_shuffle_epi8(key, cast(ROTATED)), constant);
        key = _mm_xor_si128(prefix_sums(key), word);
        constant = doubled(constant);
    }
}

/// The keys of AES-256.
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
fn schedule_256(keys: &mut [Block; 15], mut low: Block, mut high: Block) {
    let mut constant = 1u8;
    for to in keys.chunks_mut(2) {
        for (to, key) in to.iter_mut().zip([low, high]) {
            *to = key;
        }
        let word = substituted(_mm_shuffle_epi8(high, cast(ROTATED)), constant);
        low = _mm_xor_si128(prefix_sums(low), word);
        let word = substituted(_mm_shuffle_epi32::<0xff>(low), 0);
        high = _mm_xor_si128(prefix_sums(high), word);
        constant = doubled(constant);
    }
}

/// Puts the last word of a block, rotated by a byte, into all four places.
const ROTATED: [u8; 16] = [
    13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12, 13, 14, 15, 12,
];

/// SubWord and the round constant, on four equal words: ShiftRows doesn't change those.
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
fn substituted(words: Block, constant: u8) -> Block {
    _mm_aesenclast_si128(words, _mm_set1_epi32(i32::from(constant)))
}

/// The next round constant: x times this one in AES's field. They are no secret.
const fn doubled(constant: u8) -> u8 {
    (constant << 1) ^ if constant >> 7 == 1 { 0x1b } else { 0 }
}

/// Each word becomes the sum of itself and those before.
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
fn prefix_sums(x: Block) -> Block {
    let x = _mm_xor_si128(x, _mm_slli_si128::<4>(x));
    _mm_xor_si128(x, _mm_slli_si128::<8>(x))
}

/// AES of one block.
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
fn cipher_one<const R: usize>(key: &Key<R>, block: Block) -> Block {
    let mut x = _mm_aesenc_si128(_mm_xor_si128(block, key.first), key.second);
    for round in key.middle.as_flattened() {
        x = _mm_aesenc_si128(x, *round);
    }
    _mm_aesenclast_si128(x, key.last)
}

// ---------------------------------------------------------------------------------------------
// Small things

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
fn zero() -> Block {
    _mm_setzero_si128()
}

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
fn reversed(x: Block) -> Block {
    _mm_shuffle_epi8(x, cast(REVERSE))
}

const REVERSE: [u8; 16] = [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0];

// ---------------------------------------------------------------------------------------------
// The hash

/// What x^128 is in the field, but for 1, shifted by 64 (RFC 8452, appendix A).
const POLYNOMIAL: u64 = 0xc2 << 56;

/// x times an element.
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
fn times_x(h: Block) -> Block {
    let h: u128 = cast(h);
    let carried = 0u128.wrapping_sub(h >> 127);
    cast((h << 1) ^ (carried & ((u128::from(POLYNOMIAL) << 64) | 1)))
}

/// The product of two elements, in each half.
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
fn multiply(a: Pair, b: Pair) -> Pair {
    let mut sums = Sums::zero();
    sums.add(a, b);
    sums.reduced_each()
}

/// Less than a batch, pair by pair, with the right powers for its length.
struct Tail<'a> {
    sums: Sums,
    so_far: Pair,
    powers: &'a [Block],
}

impl<'a> Tail<'a> {
    /// `blocks` come, at most 17.
    #[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
    #[inline]
    fn new<const R: usize>(key: &'a Key<R>, so_far: Block, blocks: usize) -> Self {
        Self {
            sums: Sums::zero(),
            so_far: _mm256_zextsi128_si256(so_far),
            powers: key
                .powers
                .get(17_usize.saturating_sub(blocks)..)
                .unwrap_or(&[]),
        }
    }

    #[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
    #[inline]
    fn add(&mut self, pair: Pair) {
        if let Some(([p, q], rest)) = self.powers.split_first_chunk() {
            let x = xor(reversed_pair(pair), self.so_far);
            self.sums.add(x, both(*p, *q));
            self.so_far = _mm256_setzero_si256();
            self.powers = rest;
        }
    }
}

/// Hashes the additional data, filled up with zeros.
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
fn hash_aad<const R: usize>(key: &Key<R>, aad: &[u8]) -> Block {
    if aad.len() > 16 {
        return hash_long_aad(key, aad);
    }
    // TLS's has 5 bytes or 13.
    let mut sums = Sums::zero();
    let x = reversed(cast(bytes::up_to_16(aad)));
    let [.., h, _] = &key.powers;
    sums.add(_mm256_zextsi128_si256(x), _mm256_zextsi128_si256(*h));
    sums.reduced()
}

#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline(never)]
fn hash_long_aad<const R: usize>(key: &Key<R>, aad: &[u8]) -> Block {
    let mut so_far = zero();
    let (batches, rest) = aad.as_chunks::<BATCH>();
    for batch in batches {
        so_far = narrow::hash_batch(key, so_far, batch);
    }
    if rest.is_empty() {
        return so_far;
    }
    let mut tail = Tail::new(key, so_far, rest.len().div_ceil(16));
    let (pairs, rest) = rest.as_chunks::<32>();
    for pair in pairs {
        tail.add(load(pair));
    }
    if !rest.is_empty() {
        tail.add(load(&partial(rest)));
    }
    tail.sums.reduced()
}

// ---------------------------------------------------------------------------------------------
// The cipher

/// Counter blocks, with the first key of AES added. The counter is what was given to
/// [`Counters::at`], a multiple of 16, plus 0 to 15, which [`OFFSETS`] add.
struct Counters {
    nonce: Pair,
}

impl Counters {
    #[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
    #[inline]
    fn new<const R: usize>(key: &Key<R>, nonce: &[u8; 12]) -> Self {
        let mut block = [0; 16];
        for (to, from) in block.iter_mut().zip(nonce) {
            *to = *from;
        }
        Self {
            nonce: repeated(_mm_xor_si128(cast(block), key.first)),
        }
    }

    #[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
    #[inline]
    fn at(&self, counter: u32) -> Pair {
        let counter = i64::from(counter.swap_bytes()) << 32;
        let counter = _mm256_set1_epi64x(counter);
        xor(
            self.nonce,
            _mm256_blend_epi32::<0x88>(_mm256_setzero_si256(), counter),
        )
    }
}

/// What is added to counters for the pairs of a batch. The message begins with counter 2, so that
/// the last pair belongs to the next multiple of 16.
static OFFSETS: [[u8; 64]; BATCH / 64] = [
    offsets([2, 3, 4, 5]),
    offsets([6, 7, 8, 9]),
    offsets([10, 11, 12, 13]),
    offsets([14, 15, 0, 1]),
];

const fn offsets(of: [u8; 4]) -> [u8; 64] {
    let mut bytes = [0; 64];
    [bytes[15], bytes[31], bytes[47], bytes[63]] = of;
    bytes
}

/// The counter block for the tag, 1, with a zero behind it.
static FOR_TAG: [u8; 32] = {
    let mut bytes = [0; 32];
    bytes[15] = 1;
    bytes
};

/// AES of the counter blocks for a tail, and that of the block for the tag.
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
fn key_stream<const R: usize, const N: usize>(
    key: &Key<R>,
    counters: &Counters,
    counter: u32,
    stream: &mut [[u8; 32]; PAIRS],
) -> Block {
    let blocks = counter_blocks(counters, counter);
    let mut states = [xor(counters.at(0), load(&FOR_TAG)); N];
    for (state, block) in states.iter_mut().skip(1).zip(&blocks) {
        *state = *block;
    }
    let last = repeated(key.last);
    let states = rounds(key, states);
    for (to, state) in stream.iter_mut().zip(states.iter().skip(1)) {
        store(to, last_aes_round(*state, last));
    }
    let for_tag = states.first().copied().unwrap_or(last);
    _mm_aesenclast_si128(_mm256_castsi256_si128(for_tag), key.last)
}

/// What is left after the batches, and the tag.
#[target_feature(enable = "avx2,aes,pclmulqdq,vaes,vpclmulqdq")]
#[inline]
fn tail<const R: usize, const WIDTH: usize, const SEAL: bool>(
    key: &Key<R>,
    counters: &Counters,
    hash: Block,
    lengths: [usize; 2],
    bytes: &mut [u8],
) -> Block {
    let [_, len] = lengths;
    // One block of counter for 16 bytes; the longest message has less than 2^32 of them.
    let counter = u32::try_from((len - bytes.len()) / 16).unwrap_or(u32::MAX);
    let mut stream = [[0; 32]; PAIRS];
    let for_tag = if bytes.len() <= 96 {
        key_stream::<R, 4>(key, counters, counter, &mut stream)
    } else {
        key_stream::<R, 9>(key, counters, counter, &mut stream)
    };

    let mut tail = Tail::new(key, hash, bytes.len().div_ceil(16) + 1);
    let (pairs, rest) = bytes.as_chunks_mut::<32>();
    let mut stream_left = stream.iter();
    for (pair, stream) in pairs.iter_mut().zip(&mut stream_left) {
        let before = load(pair);
        let after = xor(before, load(stream));
        store(pair, after);
        tail.add(if SEAL { after } else { before });
    }
    let lengths = lengths.map(|len| (u64::try_from(len).unwrap_or(u64::MAX) << 3).to_be());
    let lengths: Block = cast(lengths);
    if rest.is_empty() {
        tail.add(both(lengths, zero()));
    } else {
        let before = load(&partial(rest));
        let stream = load(stream_left.next().unwrap_or(&[0; 32]));
        let stream = _mm256_and_si256(stream, load(&bytes::mask(rest.len())));
        let after = xor(before, stream);
        bytes::store_partial(rest, &cast(after));
        let hashed = if SEAL { after } else { before };
        if rest.len() <= 16 {
            tail.add(_mm256_inserti128_si256::<1>(hashed, lengths));
        } else {
            tail.add(hashed);
            tail.add(both(lengths, zero()));
        }
    }
    _mm_xor_si128(reversed(tail.sums.reduced()), for_tag)
}
