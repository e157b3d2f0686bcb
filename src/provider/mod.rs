//! Implementations of what [`crate::crypto`] asks for.
//!
//! A provider is a plain [`CryptoProvider`] value: another one, or a narrower one, is made with
//! struct update syntax from any that is here.

#[cfg(all(feature = "fast", any(target_arch = "x86_64", target_arch = "aarch64")))]
pub mod fast;
pub mod rustcrypto;

mod kx;
mod suites;
mod verify;

use crate::crypto::{CryptoProvider, Primitives};
use crate::error::CryptoError;

pub use rustcrypto::RUSTCRYPTO;

/// What a config uses unless told otherwise: [`fast::provider`] with the feature `fast`, on x86-64
/// and AArch64; [`RUSTCRYPTO`] otherwise.
#[must_use]
pub fn default_provider() -> CryptoProvider {
    #[cfg(all(feature = "fast", any(target_arch = "x86_64", target_arch = "aarch64")))]
    return fast::provider();
    #[cfg(not(all(feature = "fast", any(target_arch = "x86_64", target_arch = "aarch64"))))]
    RUSTCRYPTO
}

/// What a config takes of the default provider.
pub(crate) fn default_primitives() -> Primitives {
    #[cfg(all(feature = "fast", any(target_arch = "x86_64", target_arch = "aarch64")))]
    return Primitives::of(fast::provider());
    // Taken by the compiler already, so that nothing refers to the rest.
    #[cfg(not(all(feature = "fast", any(target_arch = "x86_64", target_arch = "aarch64"))))]
    const {
        Primitives::of(RUSTCRYPTO)
    }
}

/// Copies `from` to `to`, which must have the same length.
fn copy_exact(to: &mut [u8], from: &[u8]) -> Result<(), CryptoError> {
    if to.len() != from.len() {
        return Err(CryptoError::BufferSize);
    }
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    Ok(())
}

/// Copies `from` to the front of `to` and returns its length.
fn copy_front(to: &mut [u8], from: &[u8]) -> Result<usize, CryptoError> {
    let front = to.get_mut(..from.len()).ok_or(CryptoError::BufferSize)?;
    copy_exact(front, from)?;
    Ok(from.len())
}

/// `Debug` for a key: what it is, nothing of what it holds.
macro_rules! debug_as {
    ($key:ty, $text:expr) => {
        impl core::fmt::Debug for $key {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str($text)
            }
        }
    };
}
use debug_as;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;
