//! ChaCha20-Poly1305 (RFC 8439) with AVX2 and MULX.
//!
//! A register holds a row of the state for two blocks, so that six blocks take twelve. The vector
//! units compute these while the scalar ones do Poly1305, two blocks per double round, on what
//! was encrypted before (sealing) or what is being decrypted (opening).

use crate::Functions;
use crate::bytes::{mask, partial, store_partial};
use bytemuck::cast;
use core::arch::x86_64::*;
use core::hint::black_box;
use zeroize::Zeroize;

/// A row of the states of two blocks, or 32 bytes of a message.
type Row = __m256i;
/// The rows of two blocks.
type Two = [Row; 4];

/// Bytes of a block.
const BLOCK: usize = 64;
/// Blocks and bytes that are computed at once.
const BLOCKS: u32 = 6;
const BATCH: usize = 384;
/// Bytes of the first batch that are left for the message: its first block is Poly1305's key.
const HEAD: usize = BATCH - BLOCK;

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

/// The functions, or nothing where the CPU can't run them.
pub(crate) fn functions(_wide: bool) -> Option<Functions<Key, 32>> {
    let supported = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("bmi2");
    // SAFETY: the CPU was just seen to have every extension that `with_extensions` is compiled for.
    supported.then(|| unsafe { with_extensions() })
}

#[target_feature(enable = "avx2,bmi2")]
fn with_extensions() -> Functions<Key, 32> {
    Functions { expand, seal, open }
}

fn expand(key: &mut Key, bytes: &[u8; 32]) {
    key.words = *bytes;
}

// ---------------------------------------------------------------------------------------------
// Poly1305

/// Poly1305 (RFC 8439 2.5) with 64-bit limbs.
struct Poly {
    /// The accumulator: below 2^130 + some.
    h: [u64; 3],
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
    fn new(key: [u8; 32]) -> Self {
        let [r0, r1, s0, s1]: [u64; 4] = cast(key);
        let r = [r0 & CLAMP[0], r1 & CLAMP[1]];
        Self {
            h: [0; 3],
            r,
            folded: r[1] + (r[1] >> 2),
            s: join(s0, s1),
        }
    }

    /// Adds a block and multiplies.
    #[target_feature(enable = "avx2,bmi2")]
    fn add(&mut self, block: &[u8; 16]) {
        let [h0, h1, h2] = self.h;
        let [r0, r1] = self.r;
        let (h, carry) = join(h0, h1).overflowing_add(cast(*block));
        let (h0, h1) = (low(h), high(h));
        // The bit behind the block.
        let h2 = h2 + u64::from(carry) + 1;

        // h2 is less than 8, r and `folded` less than 2^60 and 5/4 of it: no sum runs over.
        let bottom = wide(h0, r0) + wide(h1, self.folded);
        let middle = wide(h0, r1) + wide(h1, r0) + wide(h2, self.folded);
        let middle = middle + u128::from(high(bottom));
        let top = h2 * r0 + high(middle);
        // What is at 2^130 and above comes back five times: 4 times and once.
        let back = (top & !3) + (top >> 2);
        let (h, carry) = join(low(bottom), low(middle)).overflowing_add(u128::from(back));
        self.h = [low(h), high(h), (top & 3) + u64::from(carry)];
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
    fn finish(self) -> u128 {
        let [h0, h1, h2] = self.h;
        // h - p is h + 5 - 2^130. If that isn't negative it is the result, else h is.
        let h = join(h0, h1);
        let (g, carry) = h.overflowing_add(5);
        let mask = 0u128.wrapping_sub(u128::from((h2 + u64::from(carry)) >> 2));
        ((h & !mask) | (g & mask)).wrapping_add(self.s)
    }
}

// ---------------------------------------------------------------------------------------------
// ChaCha20

/// What the states of a message's blocks begin with (RFC 8439 2.3).
struct Start {
    rows: Two,
}

#[target_feature(enable = "avx2")]
fn load(bytes: &[u8; 32]) -> Row {
    cast(*bytes)
}

#[target_feature(enable = "avx2")]
fn twice(bytes: [u8; 16]) -> Row {
    _mm256_broadcastsi128_si256(cast(bytes))
}

impl Start {
    #[target_feature(enable = "avx2")]
    fn new(key: &Key, nonce: &[u8; 12]) -> Self {
        let [k0, k1]: [[u8; 16]; 2] = cast(key.words);
        let mut last = [0; 16];
        for (to, from) in last.iter_mut().skip(4).zip(nonce) {
            *to = *from;
        }
        let rows = [
            twice(*b"expand 32-byte k"),
            twice(k0),
            twice(k1),
            twice(last),
        ];
        Self { rows }
    }

    /// The states of N pairs of blocks.
    #[target_feature(enable = "avx2")]
    fn at<const N: usize>(&self, counter: u32) -> [Two; N] {
        let mut states = [self.rows; N];
        let mut counters = _mm256_set1_epi32(counter.cast_signed());
        counters = _mm256_add_epi32(counters, _mm256_setr_epi32(0, 0, 0, 0, 1, 0, 0, 0));
        counters = _mm256_blend_epi32::<0x11>(_mm256_setzero_si256(), counters);
        let two = _mm256_setr_epi32(2, 0, 0, 0, 2, 0, 0, 0);
        for state in &mut states {
            state[3] = _mm256_or_si256(state[3], counters);
            counters = _mm256_add_epi32(counters, two);
        }
        states
    }
}

/// Rotations by 16 and by 8 bits as orders of bytes.
#[derive(Clone, Copy)]
struct Rotations {
    by_16: Row,
    by_8: Row,
}

impl Rotations {
    #[target_feature(enable = "avx2")]
    fn new() -> Self {
        // The compiler must not see what they are: it would make two shuffles of the one by 16.
        let [by_16, by_8] = black_box([BY_16, BY_8]);
        Self {
            by_16: twice(by_16),
            by_8: twice(by_8),
        }
    }
}

const BY_16: [u8; 16] = [2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13];
const BY_8: [u8; 16] = [3, 0, 1, 2, 7, 4, 5, 6, 11, 8, 9, 10, 15, 12, 13, 14];

#[target_feature(enable = "avx2")]
fn rotate<const LEFT: i32, const RIGHT: i32>(x: Row) -> Row {
    _mm256_or_si256(_mm256_slli_epi32::<LEFT>(x), _mm256_srli_epi32::<RIGHT>(x))
}

/// Quarter rounds on the columns of the states (RFC 8439 2.1), each step on all of them.
#[target_feature(enable = "avx2")]
fn quarter_rounds<const N: usize>(states: &mut [Two; N], rotations: Rotations) {
    for [a, b, _, d] in states.iter_mut() {
        *a = _mm256_add_epi32(*a, *b);
        *d = _mm256_shuffle_epi8(_mm256_xor_si256(*d, *a), rotations.by_16);
    }
    for [_, b, c, d] in states.iter_mut() {
        *c = _mm256_add_epi32(*c, *d);
        *b = rotate::<12, 20>(_mm256_xor_si256(*b, *c));
    }
    for [a, b, _, d] in states.iter_mut() {
        *a = _mm256_add_epi32(*a, *b);
        *d = _mm256_shuffle_epi8(_mm256_xor_si256(*d, *a), rotations.by_8);
    }
    for [_, b, c, d] in states.iter_mut() {
        *c = _mm256_add_epi32(*c, *d);
        *b = rotate::<7, 25>(_mm256_xor_si256(*b, *c));
    }
}

/// A round on columns and one on diagonals.
#[target_feature(enable = "avx2")]
fn double_round<const N: usize>(states: &mut [Two; N], rotations: Rotations) {
    quarter_rounds(states, rotations);
    for [_, b, c, d] in states.iter_mut() {
        *b = _mm256_shuffle_epi32::<0x39>(*b);
        *c = _mm256_shuffle_epi32::<0x4e>(*c);
        *d = _mm256_shuffle_epi32::<0x93>(*d);
    }
    quarter_rounds(states, rotations);
    for [_, b, c, d] in states.iter_mut() {
        *b = _mm256_shuffle_epi32::<0x93>(*b);
        *c = _mm256_shuffle_epi32::<0x4e>(*c);
        *d = _mm256_shuffle_epi32::<0x39>(*d);
    }
}

/// The same with two blocks of Poly1305 between.
#[target_feature(enable = "avx2,bmi2")]
fn double_round_and_hash<const N: usize, const SEAL: bool>(
    states: &mut [Two; N],
    rotations: Rotations,
    poly: &mut Poly,
    hash: &[u8; 32],
) {
    let [first, second]: [[u8; 16]; 2] = cast(*hash);
    quarter_rounds(states, rotations);
    for [_, b, c, d] in states.iter_mut() {
        *b = _mm256_shuffle_epi32::<0x39>(*b);
        *c = _mm256_shuffle_epi32::<0x4e>(*c);
        *d = _mm256_shuffle_epi32::<0x93>(*d);
    }
    poly.add(&first);
    quarter_rounds(states, rotations);
    for [_, b, c, d] in states.iter_mut() {
        *b = _mm256_shuffle_epi32::<0x93>(*b);
        *c = _mm256_shuffle_epi32::<0x4e>(*c);
        *d = _mm256_shuffle_epi32::<0x39>(*d);
    }
    poly.add(&second);
}

/// The key stream from the states after all rounds: 128 bytes of each.
#[target_feature(enable = "avx2")]
fn key_stream<const N: usize>(start: &Start, counter: u32, states: [Two; N]) -> [Two; N] {
    let mut stream = start.at::<N>(counter);
    for (rows, state) in stream.iter_mut().zip(&states) {
        for (row, added) in rows.iter_mut().zip(state) {
            *row = _mm256_add_epi32(*row, *added);
        }
        let [a, b, c, d] = *rows;
        *rows = [
            _mm256_permute2x128_si256::<0x20>(a, b),
            _mm256_permute2x128_si256::<0x20>(c, d),
            _mm256_permute2x128_si256::<0x31>(a, b),
            _mm256_permute2x128_si256::<0x31>(c, d),
        ];
    }
    stream
}

/// N pairs of blocks of key stream, and nothing else.
#[target_feature(enable = "avx2")]
fn stream_alone<const N: usize>(start: &Start, counter: u32) -> [Two; N] {
    let rotations = Rotations::new();
    let mut states = start.at::<N>(counter);
    for _ in 0..10 {
        double_round(&mut states, rotations);
    }
    key_stream(start, counter, states)
}

/// Three pairs of blocks of key stream while `hash` goes into `poly`. `SEAL` only makes two of
/// it, so that each is used once and inlined.
#[target_feature(enable = "avx2,bmi2")]
fn stream_and_hash<const SEAL: bool>(
    start: &Start,
    counter: u32,
    poly: &mut Poly,
    hash: &[u8; HEAD],
) -> [Two; 3] {
    let rotations = Rotations::new();
    let mut states = start.at::<3>(counter);
    let (hash, _) = hash.as_chunks::<32>();
    for two in hash {
        double_round_and_hash::<3, SEAL>(&mut states, rotations, poly, two);
    }
    key_stream(start, counter, states)
}

/// Adds key stream to bytes; there is enough of it.
#[target_feature(enable = "avx2")]
fn add_stream(bytes: &mut [u8], stream: &[Row]) {
    let (rows, rest) = bytes.as_chunks_mut::<32>();
    let mut stream = stream.iter();
    for (bytes, stream) in rows.iter_mut().zip(&mut stream) {
        *bytes = cast(_mm256_xor_si256(load(bytes), *stream));
    }
    if let (false, Some(stream)) = (rest.is_empty(), stream.next()) {
        let sum = _mm256_xor_si256(load(&partial(rest)), *stream);
        store_partial(rest, &cast(_mm256_and_si256(sum, load(&mask(rest.len())))));
    }
}

/// One pass over a message: `SEAL` tells whether what is hashed comes out or goes in.
#[target_feature(enable = "avx2,bmi2")]
fn run<const SEAL: bool>(key: &Key, nonce: &[u8; 12], aad: &[u8], message: &mut [u8]) -> u128 {
    let start = Start::new(key, nonce);
    let lengths = [aad.len(), message.len()].map(|len| u64::try_from(len).unwrap_or(u64::MAX));

    // The first blocks: Poly1305's key, then the beginning of the message.
    let mut first = [start.rows; 3];
    if message.len() <= 192 {
        let [a, b] = stream_alone::<2>(&start, 0);
        first = [a, b, first[2]];
    } else {
        first = stream_alone::<3>(&start, 0);
    }
    let [poly_key, _, first @ ..] = first.as_flattened() else {
        return 0;
    };
    let mut poly = Poly::new(cast(*poly_key));
    poly.add_padded(aad);

    let Some((head, rest)) = message.split_first_chunk_mut::<HEAD>() else {
        if SEAL {
            add_stream(message, first);
            poly.add_padded(message);
        } else {
            poly.add_padded(message);
            add_stream(message, first);
        }
        poly.add(&cast(lengths));
        return poly.finish();
    };
    if !SEAL {
        poly.add_padded(head);
    }
    add_stream(head, first);

    let mut counter = BLOCKS;
    // What is encrypted and not yet hashed (sealing).
    let (mut pending, mut pending_rest): (Option<&[u8; HEAD]>, &[u8]) = (Some(head), &[]);
    for batch in rest.chunks_mut(BATCH) {
        let interleaved = if SEAL { pending } else { batch.first_chunk() };
        let stream = match interleaved {
            Some(hash) => stream_and_hash::<SEAL>(&start, counter, &mut poly, hash),
            None => stream_alone::<3>(&start, counter),
        };
        poly.add_padded(match batch.split_first_chunk::<HEAD>() {
            _ if SEAL => pending_rest,
            Some((_, rest)) => rest,
            None => batch,
        });
        add_stream(batch, stream.as_flattened());
        if SEAL {
            (pending, pending_rest) = match batch.split_first_chunk() {
                Some((front, rest)) => (Some(front), rest),
                None => (None, &*batch),
            };
        }
        counter = counter.wrapping_add(BLOCKS);
    }
    if SEAL {
        if let Some(pending) = pending {
            poly.add_padded(pending);
        }
        poly.add_padded(pending_rest);
    }
    poly.add(&cast(lengths));
    poly.finish()
}

#[target_feature(enable = "avx2,bmi2")]
fn seal(key: &Key, nonce: &[u8; 12], aad: &[u8], message: &mut [u8]) -> u128 {
    run::<true>(key, nonce, aad, message)
}

#[target_feature(enable = "avx2,bmi2")]
fn open(key: &Key, nonce: &[u8; 12], aad: &[u8], message: &mut [u8], tag: &[u8; 16]) -> bool {
    let expected = run::<false>(key, nonce, aad, message);
    let difference: __m128i = cast(expected ^ u128::from_le_bytes(*tag));
    _mm_testz_si128(difference, difference) == 1
}
