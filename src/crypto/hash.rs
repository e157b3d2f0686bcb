//! Hashes, and HMAC and HKDF on top of them (RFC 2104, RFC 5869).

use crate::error::CryptoError;
use crate::secret::{self, Secret, SecretBytes};
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

/// A hash algorithm. What its functions leave on the stack is overwritten with what the library itself
/// leaves there, some 2 KiB below a caller.
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

    /// HMAC under a key that is used more than once: what is made ready of it is made once.
    fn hmac_key(&'static self, key: &[u8]) -> Box<dyn HmacKey> {
        let key = SecretBytes::new(key.to_vec());
        Box::new(PlainKey { hash: self, key })
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

/// HMAC under one key. Wiped on drop.
pub trait HmacKey: Send + Sync {
    /// HMAC of the concatenation of `parts`.
    fn hmac(&self, parts: &[&[u8]]) -> HashSecret;
}

impl fmt::Debug for dyn HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HmacKey")
    }
}

/// [`Hash::hmac_key`] where nothing is made ready.
struct PlainKey<H: ?Sized + 'static> {
    hash: &'static H,
    key: SecretBytes,
}

impl<H: Hash + ?Sized> HmacKey for PlainKey<H> {
    fn hmac(&self, parts: &[&[u8]]) -> HashSecret {
        self.hash.hmac(self.key.expose(), parts)
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
