//! Authenticated encryption (RFC 9846 5.2).

use super::STACK;
use crate::error::CryptoError;
use alloc::boxed::Box;
use core::fmt;

/// A nonce: every AEAD of TLS has 96-bit ones (RFC 9846 5.3).
pub type Nonce = [u8; 12];

/// An AEAD algorithm.
pub trait Aead: Send + Sync + fmt::Debug {
    /// Bytes of key.
    fn key_len(&self) -> usize;

    /// Bytes that sealing adds.
    fn tag_len(&self) -> usize;

    /// Bytes of stack below a caller in which its functions and those of its keys leave secrets, as
    /// [`KeyExchangeGroup::stack`](super::KeyExchangeGroup::stack). Asked for once a config.
    fn stack(&self) -> usize {
        STACK
    }

    /// How many records may be sealed under one key (RFC 9846 5.5).
    fn confidentiality_limit(&self) -> u64;

    /// How many records may fail to open under one key before it must be given up
    /// (RFC 9001 6.6; without effect in TLS over a stream, where the first ends it).
    fn integrity_limit(&self) -> u64;

    /// Prepares a key.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] if `key` isn't [`Aead::key_len`] bytes.
    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, CryptoError>;
}

/// A prepared key. Wiped on drop.
pub trait AeadKey: Send + Sync {
    /// Seals in place: `buf` is the plaintext followed by [`Aead::tag_len`] bytes of any value,
    /// which become the tag.
    ///
    /// # Errors
    /// [`CryptoError::BufferSize`] if `buf` is shorter than a tag, or longer than the AEAD allows.
    fn seal_in_place(&self, nonce: &Nonce, aad: &[u8], buf: &mut [u8]) -> Result<(), CryptoError>;

    /// Opens in place: `buf` is ciphertext and tag; the plaintext takes the place of the
    /// ciphertext and its length is returned. On failure `buf` holds no plaintext.
    ///
    /// # Errors
    /// [`CryptoError::DecryptFailed`], whatever the reason.
    fn open_in_place(
        &self,
        nonce: &Nonce,
        aad: &[u8],
        buf: &mut [u8],
    ) -> Result<usize, CryptoError>;
}

impl fmt::Debug for dyn AeadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AeadKey")
    }
}
