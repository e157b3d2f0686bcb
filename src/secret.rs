//! Bytes that nobody else may see.

use alloc::vec::Vec;
use core::fmt;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop, optimization_barrier};

/// Up to `N` secret bytes: wiped on drop, not `Clone`, shown by `Debug` as a length only, and
/// compared in constant time.
///
/// The length is not secret. It is fixed when the value is made and never exceeds `N`.
pub struct Secret<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Secret<N> {
    /// `len` zero bytes, to be written through [`Secret::expose_mut`]. A `len` over `N` is cut to `N`.
    #[must_use]
    pub fn zeroed(len: usize) -> Self {
        Self {
            bytes: [0; N],
            len: len.min(N),
        }
    }

    /// A copy of `bytes`, or `None` if there are more than `N`.
    #[must_use]
    pub fn copied_from(bytes: &[u8]) -> Option<Self> {
        let mut secret = Self::zeroed(bytes.len());
        if bytes.len() > N {
            return None;
        }
        for (to, from) in secret.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        Some(secret)
    }

    /// A second copy, where both sides of a hand-over wipe their own. (A move would leave the bytes
    /// behind, unwiped, where they were.)
    pub(crate) fn duplicate(&self) -> Self {
        let mut copy = Self::zeroed(self.len());
        for (to, from) in copy.bytes.iter_mut().zip(&self.bytes) {
            *to = *from;
        }
        copy
    }

    /// The bytes themselves.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.bytes.get(..self.len()).unwrap_or(&[])
    }

    /// The bytes themselves, to be written in place.
    pub fn expose_mut(&mut self) -> &mut [u8] {
        let len = self.len();
        self.bytes.get_mut(..len).unwrap_or(&mut [])
    }

    /// How many bytes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Shortens to the first `len` bytes and wipes the rest; no effect if there are fewer.
    pub fn truncate(&mut self, len: usize) {
        if let Some(rest) = self.bytes.get_mut(len..) {
            rest.zeroize();
            self.len = self.len.min(len);
        }
    }
}

impl<const N: usize> Drop for Secret<N> {
    fn drop(&mut self) {
        // `Zeroize` of an array writes it byte by byte.
        self.bytes = [0; N];
        optimization_barrier(&self.bytes);
    }
}

impl<const N: usize> ZeroizeOnDrop for Secret<N> {}

impl<const N: usize> PartialEq for Secret<N> {
    fn eq(&self, other: &Self) -> bool {
        equal(self.expose(), other.expose())
    }
}

impl<const N: usize> Eq for Secret<N> {}

impl<const N: usize> fmt::Debug for Secret<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({} bytes)", self.len)
    }
}

/// Secret bytes of any length, in one heap block that never grows: wiped on drop, shown by `Debug`
/// as a length only, compared in constant time. The length is not secret.
pub struct SecretBytes(Vec<u8>);

impl SecretBytes {
    /// Takes the bytes over.
    #[must_use]
    pub const fn new(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes themselves.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Drop for SecretBytes {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl ZeroizeOnDrop for SecretBytes {}

impl PartialEq for SecretBytes {
    fn eq(&self, other: &Self) -> bool {
        equal(&self.0, &other.0)
    }
}

impl Eq for SecretBytes {}

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretBytes({} bytes)", self.len())
    }
}

/// Whether two byte strings are equal, in time that depends on their lengths only.
#[must_use]
pub fn equal(a: &[u8], b: &[u8]) -> bool {
    a.ct_eq(b).into()
}

/// Bytes of stack below the engine in which functions that returned have left secrets, since it was
/// overwritten last.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Depth(u16);

impl Depth {
    /// Secrets were only moved.
    pub(crate) const MOVED: Self = Self(4 << 10);
    /// They were hashed: the frames of this crate and of hashes, whose size depends on the compiler
    /// (`tests/secrets/stack.rs` shows what is left).
    pub(crate) const OWN: Self = Self(if cfg!(debug_assertions) {
        20 << 10
    } else {
        12 << 10
    });

    /// Nothing but a provider's function was called, which leaves secrets in so many bytes.
    pub(crate) fn of(stack: usize) -> Self {
        Self(
            Self::MOVED
                .0
                .saturating_add(u16::try_from(stack).unwrap_or(u16::MAX)),
        )
    }

    /// A provider's function was called from here, which leaves secrets in so many bytes below.
    pub(crate) fn reach(&mut self, stack: usize) {
        let stack = u16::try_from(stack).unwrap_or(u16::MAX);
        self.0 = self.0.max(Self::OWN.0.saturating_add(stack));
    }
}

/// Overwrites the stack below the caller, where functions that returned have left copies of the secrets
/// that they computed with. Without `std` the stack may be small, and this is less.
pub(crate) fn overwrite_stack(depth: Depth) {
    let depth = match cfg!(feature = "std") {
        true => depth.0,
        false => Depth::MOVED.0,
    };
    overwrite(usize::from(depth).div_ceil(FRAME));
}

/// Bytes of stack that one call of `overwrite` writes: so few that C libraries' `memset` uses the widest
/// vectors there are, and no string instruction, which has to get going first.
const FRAME: usize = 1920;

/// As many frames, one below the other.
#[inline(never)]
fn overwrite(frames: usize) {
    let mut room = [0_u8; FRAME];
    core::hint::black_box(&mut room);
    if frames > 1 {
        overwrite(frames.saturating_sub(1));
        // Not a tail call, which would use the same frame again.
        core::hint::black_box(&mut room);
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::format;

    #[test]
    fn debug_shows_no_byte() {
        let secret = Secret::<4>::copied_from(&[0xde, 0xad, 0xbe, 0xef]).unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(4 bytes)");
    }

    #[test]
    fn length_is_part_of_equality_and_bounded() {
        let long = Secret::<4>::copied_from(&[1, 2, 3, 0]).unwrap();
        let mut short = Secret::<4>::copied_from(&[1, 2, 3]).unwrap();
        assert!(long != short);
        assert!(Secret::<2>::copied_from(&[1, 2, 3]).is_none());
        short.truncate(1);
        assert_eq!(short.expose(), &[1]);
    }
}
