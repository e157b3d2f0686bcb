//! SHA-2, SHA-1 for identifiers, HMAC and HKDF (FIPS 180-4, RFC 2104, RFC 5869).

use crate::crypto::{Hash, HashContext, HashOutput, HashSecret, HmacKey};
use crate::error::CryptoError;
use crate::provider::copy_exact;
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use hkdf::{Hkdf, HmacImpl};
use hmac::{EagerHash, Hmac};
use sha2::Digest;
use zeroize::zeroize_bytes;

/// SHA-256.
pub static SHA256: &dyn Hash = &Sha2::<sha2::Sha256>::new("SHA-256", nothing::SHA256);

/// SHA-384.
pub static SHA384: &dyn Hash = &Sha2::<sha2::Sha384>::new("SHA-384", nothing::SHA384);

/// SHA-512.
pub static SHA512: &dyn Hash = &Sha2::<sha2::Sha512>::new("SHA-512", nothing::SHA512);

/// The hashes of no bytes.
mod nothing {
    /// SHA-256 of no bytes.
    pub(super) const SHA256: &[u8] = &[
        0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9,
        0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52,
        0xb8, 0x55,
    ];
    /// SHA-384 of no bytes.
    pub(super) const SHA384: &[u8] = &[
        0x38, 0xb0, 0x60, 0xa7, 0x51, 0xac, 0x96, 0x38, 0x4c, 0xd9, 0x32, 0x7e, 0xb1, 0xb1, 0xe3,
        0x6a, 0x21, 0xfd, 0xb7, 0x11, 0x14, 0xbe, 0x07, 0x43, 0x4c, 0x0c, 0xc7, 0xbf, 0x63, 0xf6,
        0xe1, 0xda, 0x27, 0x4e, 0xde, 0xbf, 0xe7, 0x6f, 0x65, 0xfb, 0xd5, 0x1a, 0xd2, 0xf1, 0x48,
        0x98, 0xb9, 0x5b,
    ];
    /// SHA-512 of no bytes.
    pub(super) const SHA512: &[u8] = &[
        0xcf, 0x83, 0xe1, 0x35, 0x7e, 0xef, 0xb8, 0xbd, 0xf1, 0x54, 0x28, 0x50, 0xd6, 0x6d, 0x80,
        0x07, 0xd6, 0x20, 0xe4, 0x05, 0x0b, 0x57, 0x15, 0xdc, 0x83, 0xf4, 0xa9, 0x21, 0xd3, 0x6c,
        0xe9, 0xce, 0x47, 0xd0, 0xd1, 0x3c, 0x5d, 0x85, 0xf2, 0xb0, 0xff, 0x83, 0x18, 0xd2, 0x87,
        0x7e, 0xec, 0x2f, 0x63, 0xb9, 0x31, 0xbd, 0x47, 0x41, 0x7a, 0x81, 0xa5, 0x38, 0x32, 0x7a,
        0xf9, 0x27, 0xda, 0x3e,
    ];
}

/// SHA-1 (FIPS 180-4), for identifiers only.
pub(in crate::provider) fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut digest = sha1::Sha1::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}

/// A hash of the SHA-2 family.
struct Sha2<D> {
    name: &'static str,
    of_nothing: &'static [u8],
    digest: PhantomData<fn() -> D>,
}

impl<D> Sha2<D> {
    const fn new(name: &'static str, of_nothing: &'static [u8]) -> Self {
        Self {
            name,
            of_nothing,
            digest: PhantomData,
        }
    }
}

impl<D> fmt::Debug for Sha2<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<D> Hash for Sha2<D>
where
    D: Digest + EagerHash + Clone + Send + Sync + 'static,
    Hmac<D>: HmacImpl + Send + Sync,
{
    fn output_len(&self) -> usize {
        <D as Digest>::output_size()
    }

    fn start(&self) -> Box<dyn HashContext> {
        Box::new(Context(D::new()))
    }

    fn hash(&self, parts: &[&[u8]]) -> HashOutput {
        let mut digest = D::new();
        for part in parts {
            Digest::update(&mut digest, part);
        }
        HashOutput::new(&digest.finalize())
    }

    fn hash_of_nothing(&self) -> HashOutput {
        HashOutput::new(self.of_nothing)
    }

    fn hmac(&self, key: &[u8], parts: &[&[u8]]) -> HashSecret {
        mac(<Hmac<D> as HmacImpl>::new_from_slice(key), parts)
    }

    fn hmac_key(&'static self, key: &[u8]) -> Box<dyn HmacKey> {
        Box::new(Keyed::<D>(<Hmac<D> as HmacImpl>::new_from_slice(key)))
    }

    fn hkdf_extract(&self, salt: &[u8], ikm: &[u8]) -> HashSecret {
        // RFC 5869 2.2: HKDF-Extract is HMAC with the salt as the key.
        self.hmac(salt, &[ikm])
    }

    fn hkdf_expand(&self, prk: &[u8], info: &[&[u8]], okm: &mut [u8]) -> Result<(), CryptoError> {
        self.hkdf_expand_each(prk, &mut [(info, okm)])
    }

    fn hkdf_expand_each(
        &self,
        prk: &[u8],
        outputs: &mut [(&[&[u8]], &mut [u8])],
    ) -> Result<(), CryptoError> {
        if prk.len() < self.output_len() {
            return Err(CryptoError::BufferSize);
        }
        let keyed = <Hmac<D> as HmacImpl>::new_from_slice(prk);
        for (info, okm) in outputs {
            if okm.len() > self.output_len() {
                let keyed = Hkdf::<D>::from_prk(prk).map_err(|_| CryptoError::BufferSize)?;
                let expanded = keyed.expand_multi_info(info, okm);
                expanded.map_err(|_| CryptoError::BufferSize)?;
                continue;
            }
            // RFC 5869 2.3: the first block of the output is HMAC(PRK, info | 0x01).
            let mut keyed = keyed.clone();
            for part in *info {
                keyed.update(part);
            }
            keyed.update(&[1]);
            let mut block = keyed.finalize();
            copy_exact(okm, block.get(..okm.len()).unwrap_or(&[]))?;
            zeroize_bytes(&mut block);
        }
        Ok(())
    }
}

/// HMAC of the concatenation of `parts`.
fn mac(mut keyed: impl HmacImpl, parts: &[&[u8]]) -> HashSecret {
    for part in parts {
        keyed.update(part);
    }
    take_secret(&mut keyed.finalize())
}

/// Moves a secret out of the array that a crate returned it in, which isn't wiped by itself.
fn take_secret(bytes: &mut [u8]) -> HashSecret {
    let mut secret = HashSecret::zeroed(bytes.len());
    // No hash here is longer than a `HashSecret`: the lengths are equal.
    let _ = copy_exact(secret.expose_mut(), bytes);
    zeroize_bytes(bytes);
    secret
}

/// HMAC with its key.
struct Keyed<D: EagerHash>(Hmac<D>);

impl<D> HmacKey for Keyed<D>
where
    D: EagerHash,
    Hmac<D>: HmacImpl + Send + Sync,
{
    fn hmac(&self, parts: &[&[u8]]) -> HashSecret {
        mac(self.0.clone(), parts)
    }
}

/// A running hash.
struct Context<D>(D);

impl<D: Digest + Clone + Send + Sync> HashContext for Context<D> {
    fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    fn current(&self) -> HashOutput {
        HashOutput::new(&self.0.clone().finalize())
    }
}

#[cfg(test)]
mod tests;
