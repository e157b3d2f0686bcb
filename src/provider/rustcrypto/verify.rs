//! Verification of signatures: ECDSA, Ed25519, RSA (RFC 9846 4.3.3; FIPS 186-5, RFC 8032, RFC 8017).
//!
//! SHA-1 signs nothing here.

use crate::codepoint::SignatureScheme;
use crate::crypto::VerifyAlgorithms;
use core::fmt;
use core::marker::PhantomData;
use rsa::pkcs1::DecodeRsaPublicKey;
use rsa::pkcs8::AssociatedOid;
use rsa::signature::hazmat::PrehashVerifier;
use rsa::traits::PublicKeyParts;
use rsa::{Pkcs1v15Sign, Pss, RsaPublicKey};
use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id,
};
use sha2::digest::FixedOutputReset;
use sha2::{Digest, Sha256, Sha384, Sha512};

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// What this provider verifies.
pub const ALGORITHMS: VerifyAlgorithms = VerifyAlgorithms {
    all: ALL,
    schemes: SCHEMES,
    sha256: super::hash::SHA256,
    sha1: super::hash::sha1,
};

static ALL: &[Algorithm] = &[
    ECDSA_P256_SHA256,
    ECDSA_P256_SHA384,
    ECDSA_P256_SHA512,
    ECDSA_P384_SHA256,
    ECDSA_P384_SHA384,
    ECDSA_P384_SHA512,
    ECDSA_P521_SHA256,
    ECDSA_P521_SHA384,
    ECDSA_P521_SHA512,
    ED25519,
    RSA_PSS_RSAE_SHA256,
    RSA_PSS_RSAE_SHA384,
    RSA_PSS_RSAE_SHA512,
    RSA_PSS_PSS_SHA256,
    RSA_PSS_PSS_SHA384,
    RSA_PSS_PSS_SHA512,
    RSA_PSS_PSS_SHA256_BOUND,
    RSA_PSS_PSS_SHA384_BOUND,
    RSA_PSS_PSS_SHA512_BOUND,
    RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512,
    RSA_PKCS1_SHA256_ABSENT,
    RSA_PKCS1_SHA384_ABSENT,
    RSA_PKCS1_SHA512_ABSENT,
];

static SCHEMES: &[(SignatureScheme, &[Algorithm])] = &[
    (
        SignatureScheme::ECDSA_SECP256R1_SHA256,
        &[ECDSA_P256_SHA256, ECDSA_P384_SHA256, ECDSA_P521_SHA256],
    ),
    (
        SignatureScheme::ECDSA_SECP384R1_SHA384,
        &[ECDSA_P384_SHA384, ECDSA_P256_SHA384, ECDSA_P521_SHA384],
    ),
    (SignatureScheme::ED25519, &[ED25519]),
    (SignatureScheme::RSA_PSS_RSAE_SHA256, &[RSA_PSS_RSAE_SHA256]),
    (SignatureScheme::RSA_PSS_RSAE_SHA384, &[RSA_PSS_RSAE_SHA384]),
    (SignatureScheme::RSA_PSS_RSAE_SHA512, &[RSA_PSS_RSAE_SHA512]),
    (
        SignatureScheme::ECDSA_SECP521R1_SHA512,
        &[ECDSA_P521_SHA512, ECDSA_P256_SHA512, ECDSA_P384_SHA512],
    ),
    (
        SignatureScheme::RSA_PSS_PSS_SHA256,
        &[RSA_PSS_PSS_SHA256, RSA_PSS_PSS_SHA256_BOUND],
    ),
    (
        SignatureScheme::RSA_PSS_PSS_SHA384,
        &[RSA_PSS_PSS_SHA384, RSA_PSS_PSS_SHA384_BOUND],
    ),
    (
        SignatureScheme::RSA_PSS_PSS_SHA512,
        &[RSA_PSS_PSS_SHA512, RSA_PSS_PSS_SHA512_BOUND],
    ),
    (SignatureScheme::RSA_PKCS1_SHA256, &[RSA_PKCS1_SHA256]),
    (SignatureScheme::RSA_PKCS1_SHA384, &[RSA_PKCS1_SHA384]),
    (SignatureScheme::RSA_PKCS1_SHA512, &[RSA_PKCS1_SHA512]),
];

/// How one kind of signature is checked. `None` is "no".
trait Method: Send + Sync + 'static {
    fn check(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()>;
}

/// A method, with the identifiers that X.509 gives it.
struct Verifier<M> {
    name: &'static str,
    public_key: AlgorithmIdentifier,
    signature: AlgorithmIdentifier,
    method: PhantomData<fn() -> M>,
}

impl<M> fmt::Debug for Verifier<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (RustCrypto)", self.name)
    }
}

impl<M: Method> SignatureVerificationAlgorithm for Verifier<M> {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        M::check(public_key, message, signature).ok_or(InvalidSignature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.public_key
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.signature
    }
}

macro_rules! verifiers {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $method:ty, $public_key:expr, $signature:expr;)*) => {
        $(
            $(#[$doc])*
            pub static $name: Algorithm = &Verifier::<$method> {
                name: $text,
                public_key: $public_key,
                signature: $signature,
                method: PhantomData,
            };
        )*
    };
}

verifiers! {
    /// ECDSA on P-256 with SHA-256.
    ECDSA_P256_SHA256 = "ECDSA P-256 SHA-256", Ecdsa<P256, Sha256>, alg_id::ECDSA_P256, alg_id::ECDSA_SHA256;
    /// ECDSA on P-256 with SHA-384.
    ECDSA_P256_SHA384 = "ECDSA P-256 SHA-384", Ecdsa<P256, Sha384>, alg_id::ECDSA_P256, alg_id::ECDSA_SHA384;
    /// ECDSA on P-256 with SHA-512.
    ECDSA_P256_SHA512 = "ECDSA P-256 SHA-512", Ecdsa<P256, Sha512>, alg_id::ECDSA_P256, alg_id::ECDSA_SHA512;
    /// ECDSA on P-384 with SHA-256.
    ECDSA_P384_SHA256 = "ECDSA P-384 SHA-256", Ecdsa<P384, Sha256>, alg_id::ECDSA_P384, alg_id::ECDSA_SHA256;
    /// ECDSA on P-384 with SHA-384.
    ECDSA_P384_SHA384 = "ECDSA P-384 SHA-384", Ecdsa<P384, Sha384>, alg_id::ECDSA_P384, alg_id::ECDSA_SHA384;
    /// ECDSA on P-384 with SHA-512.
    ECDSA_P384_SHA512 = "ECDSA P-384 SHA-512", Ecdsa<P384, Sha512>, alg_id::ECDSA_P384, alg_id::ECDSA_SHA512;
    /// ECDSA on P-521 with SHA-256.
    ECDSA_P521_SHA256 = "ECDSA P-521 SHA-256", Ecdsa<P521, Sha256>, alg_id::ECDSA_P521, alg_id::ECDSA_SHA256;
    /// ECDSA on P-521 with SHA-384.
    ECDSA_P521_SHA384 = "ECDSA P-521 SHA-384", Ecdsa<P521, Sha384>, alg_id::ECDSA_P521, alg_id::ECDSA_SHA384;
    /// ECDSA on P-521 with SHA-512.
    ECDSA_P521_SHA512 = "ECDSA P-521 SHA-512", Ecdsa<P521, Sha512>, alg_id::ECDSA_P521, alg_id::ECDSA_SHA512;
    /// Ed25519, without its small-order keys.
    ED25519 = "Ed25519", Ed25519, alg_id::ED25519, alg_id::ED25519;
    /// RSASSA-PSS with SHA-256 and an `rsaEncryption` key.
    RSA_PSS_RSAE_SHA256 = "RSA PSS SHA-256", RsaPss<Sha256>, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA256;
    /// RSASSA-PSS with SHA-384 and an `rsaEncryption` key.
    RSA_PSS_RSAE_SHA384 = "RSA PSS SHA-384", RsaPss<Sha384>, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA384;
    /// RSASSA-PSS with SHA-512 and an `rsaEncryption` key.
    RSA_PSS_RSAE_SHA512 = "RSA PSS SHA-512", RsaPss<Sha512>, alg_id::RSA_ENCRYPTION, alg_id::RSA_PSS_SHA512;
    /// RSASSA-PSS with SHA-256 and an `id-RSASSA-PSS` key for any hash.
    RSA_PSS_PSS_SHA256 = "RSA PSS SHA-256, PSS key", RsaPss<Sha256>, PSS_KEY, alg_id::RSA_PSS_SHA256;
    /// RSASSA-PSS with SHA-384 and an `id-RSASSA-PSS` key for any hash.
    RSA_PSS_PSS_SHA384 = "RSA PSS SHA-384, PSS key", RsaPss<Sha384>, PSS_KEY, alg_id::RSA_PSS_SHA384;
    /// RSASSA-PSS with SHA-512 and an `id-RSASSA-PSS` key for any hash.
    RSA_PSS_PSS_SHA512 = "RSA PSS SHA-512, PSS key", RsaPss<Sha512>, PSS_KEY, alg_id::RSA_PSS_SHA512;
    /// RSASSA-PSS with SHA-256 and an `id-RSASSA-PSS` key bound to that hash.
    RSA_PSS_PSS_SHA256_BOUND = "RSA PSS SHA-256, bound PSS key", RsaPss<Sha256>, alg_id::RSA_PSS_SHA256, alg_id::RSA_PSS_SHA256;
    /// RSASSA-PSS with SHA-384 and an `id-RSASSA-PSS` key bound to that hash.
    RSA_PSS_PSS_SHA384_BOUND = "RSA PSS SHA-384, bound PSS key", RsaPss<Sha384>, alg_id::RSA_PSS_SHA384, alg_id::RSA_PSS_SHA384;
    /// RSASSA-PSS with SHA-512 and an `id-RSASSA-PSS` key bound to that hash.
    RSA_PSS_PSS_SHA512_BOUND = "RSA PSS SHA-512, bound PSS key", RsaPss<Sha512>, alg_id::RSA_PSS_SHA512, alg_id::RSA_PSS_SHA512;
    /// RSA PKCS#1 v1.5 with SHA-256.
    RSA_PKCS1_SHA256 = "RSA PKCS#1 SHA-256", RsaPkcs1<Sha256>, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA256;
    /// RSA PKCS#1 v1.5 with SHA-384.
    RSA_PKCS1_SHA384 = "RSA PKCS#1 SHA-384", RsaPkcs1<Sha384>, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA384;
    /// RSA PKCS#1 v1.5 with SHA-512.
    RSA_PKCS1_SHA512 = "RSA PKCS#1 SHA-512", RsaPkcs1<Sha512>, alg_id::RSA_ENCRYPTION, alg_id::RSA_PKCS1_SHA512;
    /// The same as [`RSA_PKCS1_SHA256`] in certificates that leave out the NULL parameters.
    RSA_PKCS1_SHA256_ABSENT = "RSA PKCS#1 SHA-256, no parameters", RsaPkcs1<Sha256>, alg_id::RSA_ENCRYPTION, PKCS1_SHA256_ABSENT;
    /// The same as [`RSA_PKCS1_SHA384`] in certificates that leave out the NULL parameters.
    RSA_PKCS1_SHA384_ABSENT = "RSA PKCS#1 SHA-384, no parameters", RsaPkcs1<Sha384>, alg_id::RSA_ENCRYPTION, PKCS1_SHA384_ABSENT;
    /// The same as [`RSA_PKCS1_SHA512`] in certificates that leave out the NULL parameters.
    RSA_PKCS1_SHA512_ABSENT = "RSA PKCS#1 SHA-512, no parameters", RsaPkcs1<Sha512>, alg_id::RSA_ENCRYPTION, PKCS1_SHA512_ABSENT;
}

// OBJECT IDENTIFIER { 1.2.840.113549.1.1 }.{ 10, 11, 12, 13 } without parameters.
const PSS_KEY: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a");
const PKCS1_SHA256_ABSENT: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b");
const PKCS1_SHA384_ABSENT: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c");
const PKCS1_SHA512_ABSENT: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d");

/// ECDSA on curve `C` over a hash `D`. A hash longer than the curve's order is cut, a shorter
/// one padded on the left, as FIPS 186-5 6.4.2 says.
struct Ecdsa<C, D>(PhantomData<(C, D)>);

/// A curve of ECDSA.
trait EcdsaCurve: Send + Sync + 'static {
    fn check(point: &[u8], prehash: &[u8], signature: &[u8]) -> Option<()>;
}

macro_rules! curve {
    ($name:ident, $curve:ident) => {
        struct $name;

        impl EcdsaCurve for $name {
            fn check(point: &[u8], prehash: &[u8], signature: &[u8]) -> Option<()> {
                let key = $curve::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
                let signature = $curve::ecdsa::Signature::from_der(signature).ok()?;
                key.verify_prehash(prehash, &signature).ok()
            }
        }
    };
}

curve!(P256, p256);
curve!(P384, p384);
curve!(P521, p521);

/// The first byte of an uncompressed point.
const UNCOMPRESSED: u8 = 4;

impl<C, D> Method for Ecdsa<C, D>
where
    C: EcdsaCurve,
    D: Digest + Send + Sync + 'static,
{
    fn check(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
        // RFC 9846 4.3.8.2 and RFC 8422 5.4.1: points are uncompressed.
        if public_key.first() != Some(&UNCOMPRESSED) {
            return None;
        }
        C::check(public_key, &D::digest(message), signature)
    }
}

/// Ed25519.
struct Ed25519;

impl Method for Ed25519 {
    fn check(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
        let key = <&[u8; 32]>::try_from(public_key).ok()?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(key).ok()?;
        let signature = ed25519_dalek::Signature::from_slice(signature).ok()?;
        key.verify_strict(message, &signature).ok()
    }
}

/// RSASSA-PSS with a salt as long as the hash.
struct RsaPss<D>(PhantomData<D>);

impl<D> Method for RsaPss<D>
where
    D: Digest + FixedOutputReset + Send + Sync + 'static,
{
    fn check(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()> {
        // RFC 9846 4.3.3: the length of the salt is that of the digest.
        rsa_key(public_key)?
            .verify(Pss::<D>::new(), &D::digest(message), signature)
            .ok()
    }
}

/// RSASSA-PKCS1-v1_5.
struct RsaPkcs1<D>(PhantomData<D>);

impl<D> Method for RsaPkcs1<D>
where
    D: Digest + AssociatedOid + Send + Sync + 'static,
{
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
    let key = RsaPublicKey::from_pkcs1_der(der).ok()?;
    RSA_BITS.contains(&key.n().bits_vartime()).then_some(key)
}
