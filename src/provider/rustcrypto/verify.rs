//! Verification of signatures: ECDSA, Ed25519, RSA (RFC 9846 4.3.3; FIPS 186-5, RFC 8032, RFC 8017).
//!
//! SHA-1 signs nothing here.

use super::kx::public_key;
use crate::codepoint::SignatureScheme;
use crate::crypto::VerifyAlgorithms;
use crate::provider::copy_exact;
use crate::provider::verify::{Algorithm, Method, Verifier, algorithms, integers, statics};
use core::marker::PhantomData;
use p256::elliptic_curve::{Curve, FieldBytes};
use rsa::pkcs8::AssociatedOid;
use rsa::signature::hazmat::PrehashVerifier;
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss, RsaPublicKey};
use sha2::digest::FixedOutputReset;
use sha2::{Digest, Sha256, Sha384, Sha512};

algorithms!();

/// ECDSA on curve `C` over a hash `D`. A hash longer than the curve's order is cut, a shorter
/// one padded on the left, as FIPS 186-5 6.4.2 says.
pub(in crate::provider) struct Ecdsa<C, D>(PhantomData<(C, D)>);

/// A curve of ECDSA.
pub(in crate::provider) trait EcdsaCurve: Send + Sync + 'static {
    fn check(point: &[u8], prehash: &[u8], signature: &[u8]) -> Option<()>;
}

macro_rules! curve {
    ($name:ident, $curve:ident, $parameters:ident) => {
        pub(in crate::provider) struct $name;

        impl EcdsaCurve for $name {
            fn check(point: &[u8], prehash: &[u8], signature: &[u8]) -> Option<()> {
                let [r, s] = integers(signature)?.map(field_bytes::<$curve::$parameters>);
                let signature = $curve::ecdsa::Signature::from_scalars(r?, s?).ok()?;
                $curve::ecdsa::VerifyingKey::from(public_key::<$curve::$parameters>(point)?)
                    .verify_prehash(prehash, &signature)
                    .ok()
            }
        }
    };
}

/// A number, with zeros before its digits, as long as the field's elements.
fn field_bytes<C: Curve>(digits: &[u8]) -> Option<FieldBytes<C>> {
    let mut bytes = FieldBytes::<C>::default();
    let zeros = bytes.len().checked_sub(digits.len())?;
    copy_exact(bytes.get_mut(zeros..)?, digits).ok()?;
    Some(bytes)
}

curve!(P256, p256, NistP256);
curve!(P384, p384, NistP384);
curve!(P521, p521, NistP521);

impl<C, D> Method for Ecdsa<C, D>
where
    C: EcdsaCurve,
    D: Digest + Send + Sync + 'static,
{
    const LIBRARY: &'static str = "RustCrypto";

    fn check(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
        C::check(public_key, &D::digest(message), signature)
    }
}

/// Ed25519.
pub(in crate::provider) struct Ed25519;

impl Method for Ed25519 {
    const LIBRARY: &'static str = "RustCrypto";

    fn check(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
        let key = <&[u8; 32]>::try_from(public_key).ok()?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(key).ok()?;
        let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
        key.verify_strict(message, &signature).ok()
    }
}

/// RSASSA-PSS with a salt as long as the hash.
pub(in crate::provider) struct RsaPss<D>(PhantomData<D>);

impl<D> Method for RsaPss<D>
where
    D: Digest + FixedOutputReset + Send + Sync + 'static,
{
    const LIBRARY: &'static str = "RustCrypto";

    fn check(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
        // RFC 9846 4.3.3: the length of the salt is that of the digest.
        rsa_key(public_key)?
            .verify(Pss::<D>::new(), &D::digest(message), signature)
            .ok()
    }
}

/// RSASSA-PKCS1-v1_5.
pub(in crate::provider) struct RsaPkcs1<D>(PhantomData<D>);

impl<D> Method for RsaPkcs1<D>
where
    D: Digest + AssociatedOid + Send + Sync + 'static,
{
    const LIBRARY: &'static str = "RustCrypto";

    fn check(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
        rsa_key(public_key)?
            .verify(Pkcs1v15Sign::new::<D>(), &D::digest(message), signature)
            .ok()
    }
}

/// The sizes of RSA moduli that are accepted, in bits.
pub(super) const RSA_BITS: core::ops::RangeInclusive<u32> = 2048..=8192;

/// An RSAPublicKey of a size between 2048 and 8192 bits. The crate itself refuses even moduli
/// and public exponents that are even, 1, or over 33 bits.
fn rsa_key(der: &[u8]) -> Option<RsaPublicKey> {
    let number = |digits: &[u8]| {
        let bits = u32::try_from(digits.len()).ok()?.checked_mul(8)?;
        BoxedUint::from_be_slice(digits, bits).ok()
    };
    let [n, e] = integers(der)?.map(number);
    let key = RsaPublicKey::new(n?, e?).ok()?;
    RSA_BITS.contains(&key.n().bits_vartime()).then_some(key)
}
