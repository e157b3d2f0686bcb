//! Implementations of what [`crate::crypto`] asks for.
//!
//! A provider is a plain [`CryptoProvider`] value: another one, or a narrower one, is made with
//! struct update syntax from any that is here.

pub mod rustcrypto;

use crate::crypto::CryptoProvider;

pub use rustcrypto::RUSTCRYPTO;

/// What a config uses unless told otherwise: [`RUSTCRYPTO`].
#[must_use]
pub const fn default_provider() -> CryptoProvider {
    RUSTCRYPTO
}
