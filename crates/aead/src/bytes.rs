//! Parts of vectors. All lengths here are public.

use bytemuck::cast;

/// Up to 32 bytes, with zeros behind them. (Without memory between: a vector that was stored in parts
/// is long in coming back.)
#[inline]
pub(crate) fn partial(bytes: &[u8]) -> [u8; 32] {
    cast(match bytes.split_first_chunk::<16>() {
        Some((front, rest)) => [u128::from_le_bytes(*front), up_to_16(rest)],
        None => [up_to_16(bytes), 0],
    })
}

/// The same of up to 16, as a little-endian number: two parts, of which the ends lie one over the other.
#[inline]
pub(crate) fn up_to_16(bytes: &[u8]) -> u128 {
    let ends = |first: u64, last: u64, len: usize| {
        u128::from(first) | (u128::from(last) << (8 * (bytes.len() - len)))
    };
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        return ends(u64::from_le_bytes(*first), u64::from_le_bytes(*last), 8);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let [first, last] = [first, last].map(|part| u64::from(u32::from_le_bytes(*part)));
        return ends(first, last, 4);
    }
    // Up to three bytes.
    let byte = |at: usize| u128::from(bytes.get(at).copied().unwrap_or(0)) << (8 * at);
    byte(0) | byte(1) | byte(2)
}

/// Fills `bytes` with the front of `whole`.
#[inline]
pub(crate) fn store_partial(bytes: &mut [u8], whole: &[u8; 32]) {
    if let Some(front) = whole.get(..bytes.len()) {
        let _ = ends_copied::<16>(bytes, front)
            || ends_copied::<8>(bytes, front)
            || ends_copied::<4>(bytes, front)
            || ends_copied::<2>(bytes, front)
            || ends_copied::<1>(bytes, front);
    }
}

/// Copies the first and the last N bytes, where there are as many; up to 2 N are then all.
#[inline]
fn ends_copied<const N: usize>(to: &mut [u8], from: &[u8]) -> bool {
    let (Some(first), Some(last)) = (from.first_chunk::<N>(), from.last_chunk::<N>()) else {
        return false;
    };
    if let Some(to) = to.first_chunk_mut() {
        *to = *first;
    }
    if let Some(to) = to.last_chunk_mut() {
        *to = *last;
    }
    true
}

/// Ones in the first `len` bytes (up to 32), zeros behind.
pub(crate) fn mask(len: usize) -> [u8; 32] {
    static ONES_AND_ZEROS: [u8; 64] = {
        let mut bytes = [0; 64];
        let mut at = 0;
        while at < 32 {
            bytes[at] = 0xff;
            at += 1;
        }
        bytes
    };
    let from = 32_usize.saturating_sub(len);
    match ONES_AND_ZEROS.get(from..).and_then(<[u8]>::first_chunk) {
        Some(mask) => *mask,
        None => [0; 32],
    }
}
