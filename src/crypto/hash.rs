//! Hashes, and HMAC and HKDF on top of them (RFC 2104, RFC 5869).

use crate::error::CryptoError;
use crate::secret::{self, Secret};
use alloc::boxed::Box;
use core::fmt;

/// The longest hash output known here: SHA-512's.
pub const MAX_HASH_LEN: usize = 64;

/// A secret as long as a hash output.
pub type HashSecret = Secret<MAX_HASH_LEN>;

/// A hash value: not secret (a transcript hash, a fingerprint).
#[derive(Clone, Copy)]
pub struct HashOutput {
    bytes: [u8; MAX_HASH_LEN],
    len: usize,
}

impl HashOutput {
    /// A copy of `bytes`, cut to [`MAX_HASH_LEN`].
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        let mut out = Self {
            bytes: [0; MAX_HASH_LEN],
            len: bytes.len().min(MAX_HASH_LEN),
        };
        for (to, from) in out.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        out
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or(&[])
    }
}

impl AsRef<[u8]> for HashOutput {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl PartialEq for HashOutput {
    fn eq(&self, other: &Self) -> bool {
        secret::equal(self.as_bytes(), other.as_bytes())
    }
}

impl Eq for HashOutput {}

impl fmt::Debug for HashOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.as_bytes() {
            write!(f, "{byte:02x}")?;
        }
        Ok(())
    }
}

/// A hash algorithm.
pub trait Hash: Send + Sync + fmt::Debug {
    /// Bytes of output.
    fn output_len(&self) -> usize;

    /// Starts a running hash.
    fn start(&self) -> Box<dyn HashContext>;

    /// The hash of the concatenation of `parts`.
    fn hash(&self, parts: &[&[u8]]) -> HashOutput;

    /// The hash of no bytes, which the key schedule of TLS 1.3 takes several times.
    fn hash_of_nothing(&self) -> HashOutput {
        self.hash(&[])
    }

    /// HMAC of the concatenation of `parts` under `key`, which may have any length.
    fn hmac(&self, key: &[u8], parts: &[&[u8]]) -> HashSecret;

    /// P_hash of TLS 1.2 (RFC 5246 5) for as much output as there is room; the seed comes in at most five
    /// parts. What is made ready of the secret can be made once for all of it.
    fn p_hash(&self, secret: &[u8], seed: &[&[u8]], out: &mut [u8]) {
        p_hash(&|parts| self.hmac(secret, parts), seed, out);
    }

    /// HKDF-Extract(salt, ikm) (RFC 5869 2.2).
    fn hkdf_extract(&self, salt: &[u8], ikm: &[u8]) -> HashSecret;

    /// HKDF-Expand(prk, concatenation of info, okm.len()) (RFC 5869 2.3).
    ///
    /// # Errors
    /// [`CryptoError::BufferSize`] if `okm` is longer than 255 hashes, or `prk` shorter than one.
    fn hkdf_expand(&self, prk: &[u8], info: &[&[u8]], okm: &mut [u8]) -> Result<(), CryptoError>;

    /// HKDF-Expand of one `prk` for several pairs of info and output. What is made ready of a key can be
    /// made once for all of them.
    ///
    /// # Errors
    /// Those of [`Hash::hkdf_expand`].
    fn hkdf_expand_each(
        &self,
        prk: &[u8],
        outputs: &mut [(&[&[u8]], &mut [u8])],
    ) -> Result<(), CryptoError> {
        for (info, okm) in outputs {
            self.hkdf_expand(prk, info, okm)?;
        }
        Ok(())
    }
}

/// [`Hash::p_hash`], given HMAC under the secret.
pub(crate) fn p_hash(mac: &dyn Fn(&[&[u8]]) -> HashSecret, seed: &[&[u8]], out: &mut [u8]) {
    // A(i), then the seed.
    let mut parts: [&[u8]; 6] = [&[]; 6];
    for (to, from) in parts.iter_mut().skip(1).zip(seed) {
        *to = from;
    }
    // A(1) = HMAC(secret, seed); an empty part adds nothing.
    let mut a = mac(&parts);
    let mut chunks = out.chunks_mut(a.expose().len().max(1)).peekable();
    while let Some(chunk) = chunks.next() {
        let mut with_a = parts;
        if let Some(first) = with_a.first_mut() {
            *first = a.expose();
        }
        let block = mac(&with_a);
        for (to, from) in chunk.iter_mut().zip(block.expose()) {
            *to = *from;
        }
        if chunks.peek().is_some() {
            a = mac(&[a.expose()]);
        }
    }
}

/// A running hash.
pub trait HashContext: Send + Sync {
    /// Adds bytes.
    fn update(&mut self, bytes: &[u8]);

    /// The hash of all that was added so far; the context goes on.
    fn current(&self) -> HashOutput;
}

impl fmt::Debug for dyn HashContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashContext")
    }
}
