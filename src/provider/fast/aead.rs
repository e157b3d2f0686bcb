//! AEADs: our own kernels where the CPU has the instructions, `graviola`'s elsewhere, and AES-CCM of
//! RustCrypto.

use crate::crypto::{Aead, AeadKey, Nonce};
use crate::error::CryptoError;
use crate::provider::copy_exact;
use crate::provider::rustcrypto::aead as portable;
use alloc::boxed::Box;
use core::fmt;
use graviola::aead::{AesGcm, ChaCha20Poly1305};
use zeroize::Zeroize;

pub(super) use portable::{AES_128_CCM, AES_128_CCM_8};

/// Prepares a key of one of our own kernels, which only x86-64 has.
#[cfg(target_arch = "x86_64")]
macro_rules! kernel {
    ($name:ident) => {
        |key| Some(symbolon_aead::$name::new(key.try_into().ok()?)?)
    };
}
#[cfg(not(target_arch = "x86_64"))]
macro_rules! kernel {
    ($name:ident) => {
        |_| None
    };
}

pub(super) static AES_128_GCM: &dyn Aead = &Algorithm {
    portable: portable::AES_128_GCM,
    kernel: kernel!(Aes128Gcm),
    graviola: |key| {
        let key: &[u8; 16] = key.try_into().ok()?;
        Some(Box::new(AesGcm::new(key)))
    },
};

pub(super) static AES_256_GCM: &dyn Aead = &Algorithm {
    portable: portable::AES_256_GCM,
    kernel: kernel!(Aes256Gcm),
    graviola: |key| {
        let key: &[u8; 32] = key.try_into().ok()?;
        Some(Box::new(AesGcm::new(key)))
    },
};

pub(super) static CHACHA20_POLY1305: &dyn Aead = &Algorithm {
    portable: portable::CHACHA20_POLY1305,
    kernel: kernel!(ChaCha20Poly1305),
    graviola: |key| Some(Box::new(ChaCha20Poly1305::new(key.try_into().ok()?))),
};

/// Prepares a key; `None` if it has the wrong length, or the CPU lacks something.
type MakeKey = fn(&[u8]) -> Option<Box<dyn AeadKey>>;

/// An AEAD as the portable provider has it, with other implementations of its keys.
struct Algorithm {
    portable: &'static dyn Aead,
    /// Our own.
    kernel: MakeKey,
    /// Only for CPUs that the library supports: it panics on others.
    graviola: MakeKey,
}

impl fmt::Debug for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.portable.fmt(f)
    }
}

impl Aead for Algorithm {
    fn key_len(&self) -> usize {
        self.portable.key_len()
    }

    fn tag_len(&self) -> usize {
        self.portable.tag_len()
    }

    fn stack(&self) -> usize {
        match super::is_supported() {
            true => 2 << 10,
            false => self.portable.stack(),
        }
    }

    fn confidentiality_limit(&self) -> u64 {
        self.portable.confidentiality_limit()
    }

    fn integrity_limit(&self) -> u64 {
        self.portable.integrity_limit()
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, CryptoError> {
        if let Some(key) = (self.kernel)(key) {
            return Ok(key);
        }
        if super::is_supported()
            && let Some(key) = (self.graviola)(key)
        {
            return Ok(key);
        }
        self.portable.key(key)
    }
}

/// Bytes of the tag of all of these.
const TAG_LEN: usize = 16;

type Tag = [u8; TAG_LEN];

/// What the implementations have in common: a tag apart from the message.
trait Detached: Send + Sync {
    fn seal(&self, nonce: &Nonce, aad: &[u8], message: &mut [u8]) -> Option<Tag>;

    /// On failure there may be something left in `message`.
    fn open(&self, nonce: &Nonce, aad: &[u8], message: &mut [u8], tag: &Tag) -> Option<()>;
}

/// Implements [`AeadKey`] by [`Detached`].
macro_rules! aead_key {
    ($key:ty) => {
        impl AeadKey for $key {
            fn seal_in_place(
                &self,
                nonce: &Nonce,
                aad: &[u8],
                buf: &mut [u8],
            ) -> Result<(), CryptoError> {
                let (message, tag_out) = buf
                    .split_last_chunk_mut::<TAG_LEN>()
                    .ok_or(CryptoError::BufferSize)?;
                let tag =
                    Detached::seal(self, nonce, aad, message).ok_or(CryptoError::BufferSize)?;
                copy_exact(tag_out, &tag)
            }

            fn open_in_place(
                &self,
                nonce: &Nonce,
                aad: &[u8],
                buf: &mut [u8],
            ) -> Result<usize, CryptoError> {
                let (message, tag) = buf
                    .split_last_chunk_mut()
                    .ok_or(CryptoError::DecryptFailed)?;
                if Detached::open(self, nonce, aad, message, tag).is_none() {
                    message.zeroize();
                    return Err(CryptoError::DecryptFailed);
                }
                Ok(message.len())
            }
        }
    };
}

/// Our own kernels enforce the limits of lengths themselves.
#[cfg(target_arch = "x86_64")]
macro_rules! own {
    ($($key:ty)*) => {
        $(
            impl Detached for $key {
                fn seal(&self, nonce: &Nonce, aad: &[u8], message: &mut [u8]) -> Option<Tag> {
                    <$key>::seal(self, nonce, aad, message).ok()
                }

                fn open(
                    &self,
                    nonce: &Nonce,
                    aad: &[u8],
                    message: &mut [u8],
                    tag: &Tag,
                ) -> Option<()> {
                    <$key>::open(self, nonce, aad, message, tag).ok()
                }
            }

            aead_key!($key);
        )*
    };
}

#[cfg(target_arch = "x86_64")]
own!(symbolon_aead::Aes128Gcm symbolon_aead::Aes256Gcm symbolon_aead::ChaCha20Poly1305);

macro_rules! graviola {
    ($key:ty, $longest:expr) => {
        impl Detached for $key {
            fn seal(&self, nonce: &Nonce, aad: &[u8], message: &mut [u8]) -> Option<Tag> {
                fits(message, $longest)?;
                let mut tag = [0; TAG_LEN];
                self.encrypt(nonce, aad, message, &mut tag);
                Some(tag)
            }

            fn open(&self, nonce: &Nonce, aad: &[u8], message: &mut [u8], tag: &Tag) -> Option<()> {
                fits(message, $longest)?;
                self.decrypt(nonce, aad, message, tag).ok()
            }
        }

        aead_key!($key);
    };
}

// NIST SP 800-38D 5.2.1.1: 2^39 - 256 bits.
graviola!(AesGcm, (1 << 36) - 32);
// RFC 8439 2.8: 64 bytes for each but one of 2^32 counters.
graviola!(ChaCha20Poly1305, (1 << 38) - 64);

fn fits(message: &[u8], longest: u64) -> Option<()> {
    (u64::try_from(message.len()).ok()? <= longest).then_some(())
}
