//! Verification of signatures with `graviola`: ECDSA on P-256 and P-384, and RSA.
//!
//! P-521 and Ed25519 are RustCrypto's and dalek's: `graviola` lacks the first, and the second
//! isn't checked as strictly there.

use crate::codepoint::SignatureScheme;
use crate::crypto::VerifyAlgorithms;
use crate::provider::kx::UNCOMPRESSED;
use crate::provider::rustcrypto::verify as portable;
use crate::provider::verify::{Algorithm, Method, Verifier, algorithms, integers, statics};
use ::rsa::pkcs8::AssociatedOid;
use core::marker::PhantomData;
use graviola::hashing;
use graviola::signing::{ecdsa, rsa};
use portable::Ed25519;
use sha2::digest::FixedOutputReset;

algorithms!();

/// A hash, in both libraries.
trait Digest: Send + Sync + 'static {
    type Graviola: hashing::Hash;
    type Portable: sha2::Digest + FixedOutputReset + AssociatedOid + Send + Sync + 'static;

    fn pss(
        key: &rsa::VerifyingKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), graviola::Error>;

    fn pkcs1(
        key: &rsa::VerifyingKey,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), graviola::Error>;
}

macro_rules! digest {
    ($name:ident, $pss:ident, $pkcs1:ident) => {
        struct $name;

        impl Digest for $name {
            type Graviola = hashing::$name;
            type Portable = sha2::$name;

            fn pss(
                key: &rsa::VerifyingKey,
                message: &[u8],
                signature: &[u8],
            ) -> Result<(), graviola::Error> {
                key.$pss(signature, message)
            }

            fn pkcs1(
                key: &rsa::VerifyingKey,
                message: &[u8],
                signature: &[u8],
            ) -> Result<(), graviola::Error> {
                key.$pkcs1(signature, message)
            }
        }
    };
}

digest!(Sha256, verify_pss_sha256, verify_pkcs1_sha256);
digest!(Sha384, verify_pss_sha384, verify_pkcs1_sha384);
digest!(Sha512, verify_pss_sha512, verify_pkcs1_sha512);

/// ECDSA on curve `C` over a hash `D`.
struct Ecdsa<C, D>(PhantomData<(C, D)>);

/// A curve of ECDSA.
trait Curve: Send + Sync + 'static {
    const LIBRARY: &'static str;

    fn check<D: Digest>(point: &[u8], message: &[u8], signature: &[u8]) -> Option<()>;
}

impl<C: Curve, D: Digest> Method for Ecdsa<C, D> {
    const LIBRARY: &'static str = C::LIBRARY;

    fn check(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
        // RFC 9846 4.3.8.2 and RFC 8422 5.4.1: points are uncompressed.
        if public_key.first() != Some(&UNCOMPRESSED) {
            return None;
        }
        C::check::<D>(public_key, message, signature)
    }
}

macro_rules! curve {
    ($name:ident) => {
        struct $name;

        impl Curve for $name {
            const LIBRARY: &'static str = GRAVIOLA;

            fn check<D: Digest>(point: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
                ecdsa::VerifyingKey::<ecdsa::$name>::from_x962_uncompressed(point)
                    .ok()?
                    .verify_asn1::<D::Graviola>(&[message], signature)
                    .ok()
            }
        }
    };
}

const GRAVIOLA: &str = "graviola";

curve!(P256);
curve!(P384);

struct P521;

impl Curve for P521 {
    const LIBRARY: &'static str = <portable::Ecdsa<portable::P521, sha2::Sha512>>::LIBRARY;

    fn check<D: Digest>(point: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
        portable::Ecdsa::<portable::P521, D::Portable>::check(point, message, signature)
    }
}

/// RSASSA-PSS with a salt as long as the hash, as RFC 9846 4.3.3 wants it.
struct RsaPss<D>(PhantomData<D>);

impl<D: Digest> Method for RsaPss<D> {
    const LIBRARY: &'static str = GRAVIOLA;

    fn check(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
        match rsa_key(public_key) {
            Some(key) => D::pss(&key, message, signature).ok(),
            None => portable::RsaPss::<D::Portable>::check(public_key, message, signature),
        }
    }
}

/// RSASSA-PKCS1-v1_5.
struct RsaPkcs1<D>(PhantomData<D>);

impl<D: Digest> Method for RsaPkcs1<D> {
    const LIBRARY: &'static str = GRAVIOLA;

    fn check(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
        match rsa_key(public_key) {
            Some(key) => D::pkcs1(&key, message, signature).ok(),
            None => portable::RsaPkcs1::<D::Portable>::check(public_key, message, signature),
        }
    }
}

/// An RSAPublicKey that `graviola` knows: 2048 to 8192 bits, with an exponent of up to 32. The
/// few others, valid or not, are left to RustCrypto. (The library counts the bytes of a modulus,
/// not its bits.)
fn rsa_key(der: &[u8]) -> Option<rsa::VerifyingKey> {
    let [modulus, _] = integers(der)?;
    (modulus.first()?.leading_zeros() == 0 || modulus.len() > 256).then_some(())?;
    rsa::VerifyingKey::from_pkcs1_der(der).ok()
}
