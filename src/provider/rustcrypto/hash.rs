//! SHA-2, SHA-1 for identifiers, HMAC and HKDF (FIPS 180-4, RFC 2104, RFC 5869).

use crate::crypto::{Hash, HashContext, HashOutput, HashSecret, p_hash};
use crate::error::CryptoError;
use crate::provider::copy_exact;
use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;
use hkdf::{Hkdf, HmacImpl};
use hmac::{EagerHash, Hmac};
use sha2::Digest;
use zeroize::Zeroize;

/// SHA-256.
pub static SHA256: &dyn Hash = &Sha2::<sha2::Sha256>::new("SHA-256");

/// SHA-384.
pub static SHA384: &dyn Hash = &Sha2::<sha2::Sha384>::new("SHA-384");

/// SHA-512.
pub static SHA512: &dyn Hash = &Sha2::<sha2::Sha512>::new("SHA-512");

/// SHA-1 (FIPS 180-4), for identifiers only.
pub(in crate::provider) fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut digest = sha1::Sha1::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().into()
}

/// The hash of the concatenation of `parts`.
pub(super) fn hash<D: Digest>(parts: &[&[u8]]) -> HashOutput {
    let mut digest = D::new();
    for part in parts {
        digest.update(part);
    }
    HashOutput::new(&digest.finalize())
}

/// A hash of the SHA-2 family.
struct Sha2<D> {
    name: &'static str,
    digest: PhantomData<fn() -> D>,
}

impl<D> Sha2<D> {
    const fn new(name: &'static str) -> Self {
        Self {
            name,
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
{
    fn output_len(&self) -> usize {
        <D as Digest>::output_size()
    }

    fn start(&self) -> Box<dyn HashContext> {
        Box::new(Context(D::new()))
    }

    fn hash(&self, parts: &[&[u8]]) -> HashOutput {
        hash::<D>(parts)
    }

    fn hmac(&self, key: &[u8], parts: &[&[u8]]) -> HashSecret {
        mac(<Hmac<D> as HmacImpl>::new_from_slice(key), parts)
    }

    fn p_hash(&self, secret: &[u8], seed: &[&[u8]], out: &mut [u8]) {
        let keyed = <Hmac<D> as HmacImpl>::new_from_slice(secret);
        p_hash(&|parts| mac(keyed.clone(), parts), seed, out);
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
        let keyed = Hkdf::<D>::from_prk(prk).map_err(|_| CryptoError::BufferSize)?;
        for (info, okm) in outputs {
            keyed
                .expand_multi_info(info, okm)
                .map_err(|_| CryptoError::BufferSize)?;
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
    bytes.zeroize();
    secret
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
