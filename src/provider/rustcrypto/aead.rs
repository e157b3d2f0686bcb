//! AES-GCM, ChaCha20-Poly1305 and AES-CCM (RFC 5116, RFC 8439, RFC 6655).

use crate::crypto::{Aead, AeadKey, Nonce};
use crate::error::CryptoError;
use crate::provider::copy_exact;
use aes_gcm::aead::array::typenum::Unsigned;
use aes_gcm::aead::consts::{U8, U12, U16};
use aes_gcm::aead::{AeadCore, AeadInOut, KeyInit, KeySizeUser, Tag};
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use zeroize::{Zeroize, ZeroizeOnDrop};

type Aes128Ccm<TagLen> = ccm::Ccm<aes::Aes128, TagLen, U12>;

/// AEAD_AES_128_GCM.
pub static AES_128_GCM: &dyn Aead = &Algorithm::<aes_gcm::Aes128Gcm> {
    name: "AES-128-GCM",
    confidentiality_limit: GCM_CONFIDENTIALITY,
    integrity_limit: GCM_INTEGRITY,
    cipher: PhantomData,
};

/// AEAD_AES_256_GCM.
pub static AES_256_GCM: &dyn Aead = &Algorithm::<aes_gcm::Aes256Gcm> {
    name: "AES-256-GCM",
    confidentiality_limit: GCM_CONFIDENTIALITY,
    integrity_limit: GCM_INTEGRITY,
    cipher: PhantomData,
};

/// AEAD_CHACHA20_POLY1305.
pub static CHACHA20_POLY1305: &dyn Aead = &Algorithm::<chacha20poly1305::ChaCha20Poly1305> {
    name: "ChaCha20-Poly1305",
    // RFC 9846 5.5: the sequence number would wrap before a limit is reached.
    confidentiality_limit: u64::MAX,
    integrity_limit: 1 << 36,
    cipher: PhantomData,
};

/// AEAD_AES_128_CCM.
pub static AES_128_CCM: &dyn Aead = &Algorithm::<Aes128Ccm<U16>> {
    name: "AES-128-CCM",
    confidentiality_limit: CCM_CONFIDENTIALITY,
    integrity_limit: CCM_INTEGRITY,
    cipher: PhantomData,
};

/// AEAD_AES_128_CCM_8, with a tag of 8 bytes.
pub static AES_128_CCM_8: &dyn Aead = &Algorithm::<Aes128Ccm<U8>> {
    name: "AES-128-CCM-8",
    confidentiality_limit: CCM_CONFIDENTIALITY,
    // RFC 9147 B.3: 2^7, too few for use without further measures; QUIC forbids this AEAD.
    integrity_limit: 1 << 7,
    cipher: PhantomData,
};

// RFC 9846 5.5: 2^24.5 full-size records, rounded down.
const GCM_CONFIDENTIALITY: u64 = 23_726_566;
// RFC 9001 6.6.
const GCM_INTEGRITY: u64 = 1 << 52;
// RFC 9147 4.5.3 gives 2^23 for records of the size that TLS has.
const CCM_CONFIDENTIALITY: u64 = 1 << 23;
// RFC 9001 6.6: 2^21.5, rounded down.
const CCM_INTEGRITY: u64 = 2_965_820;

/// An AEAD of the RustCrypto crates.
struct Algorithm<A> {
    name: &'static str,
    confidentiality_limit: u64,
    integrity_limit: u64,
    cipher: PhantomData<fn() -> A>,
}

impl<A> fmt::Debug for Algorithm<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// The ciphers of this module, as one bound.
trait Cipher: AeadInOut<NonceSize = U12> + KeyInit + Send + Sync + 'static {}

impl<A: AeadInOut<NonceSize = U12> + KeyInit + Send + Sync + 'static> Cipher for A {}

impl<A: Cipher> Aead for Algorithm<A> {
    fn key_len(&self) -> usize {
        <A as KeySizeUser>::KeySize::USIZE
    }

    fn tag_len(&self) -> usize {
        <A as AeadCore>::TagSize::USIZE
    }

    fn stack(&self) -> usize {
        8 << 10
    }

    fn confidentiality_limit(&self) -> u64 {
        self.confidentiality_limit
    }

    fn integrity_limit(&self) -> u64 {
        self.integrity_limit
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, CryptoError> {
        let key = key.try_into().map_err(|_| CryptoError::InvalidKey)?;
        Ok(Box::new(Key(A::new(key))))
    }
}

/// A prepared key. The cipher wipes itself: see the assertion below.
struct Key<A>(A);

const _: () = {
    const fn wiped_on_drop<T: ZeroizeOnDrop>() {}
    wiped_on_drop::<aes_gcm::Aes128Gcm>();
    wiped_on_drop::<aes_gcm::Aes256Gcm>();
    wiped_on_drop::<chacha20poly1305::ChaCha20Poly1305>();
    // The whole state of CCM is the block cipher.
    wiped_on_drop::<aes::Aes128>();
};

/// The message and the tag after it.
fn split_tag<A: AeadCore>(buf: &mut [u8]) -> Option<(&mut [u8], &mut [u8])> {
    let len = buf.len().checked_sub(A::TagSize::USIZE)?;
    buf.split_at_mut_checked(len)
}

impl<A: Cipher> AeadKey for Key<A> {
    fn seal_in_place(&self, nonce: &Nonce, aad: &[u8], buf: &mut [u8]) -> Result<(), CryptoError> {
        let (message, tag_out) = split_tag::<A>(buf).ok_or(CryptoError::BufferSize)?;
        let tag = self
            .0
            .encrypt_inout_detached(&(*nonce).into(), aad, message.into())
            .map_err(|_| CryptoError::BufferSize)?;
        copy_exact(tag_out, &tag)
    }

    fn open_in_place(
        &self,
        nonce: &Nonce,
        aad: &[u8],
        buf: &mut [u8],
    ) -> Result<usize, CryptoError> {
        let (message, tag) = split_tag::<A>(buf).ok_or(CryptoError::DecryptFailed)?;
        let tag = Tag::<A>::try_from(&*tag).map_err(|_| CryptoError::DecryptFailed)?;
        let opened =
            self.0
                .decrypt_inout_detached(&(*nonce).into(), aad, (&mut *message).into(), &tag);
        if opened.is_err() {
            // Whatever a cipher leaves behind: CCM decrypts before it knows.
            message.zeroize();
            return Err(CryptoError::DecryptFailed);
        }
        Ok(message.len())
    }
}
