//! Parts of vectors. All lengths here are public.

/// Up to 32 bytes, with zeros behind them.
pub(crate) fn partial(bytes: &[u8]) -> [u8; 32] {
    let mut whole = [0; 32];
    if let Some(front) = whole.get_mut(..bytes.len()) {
        front.copy_from_slice(bytes);
    }
    whole
}

/// Fills `bytes` with the front of `whole`.
pub(crate) fn store_partial(bytes: &mut [u8], whole: &[u8; 32]) {
    if let Some(front) = whole.get(..bytes.len()) {
        bytes.copy_from_slice(front);
    }
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
