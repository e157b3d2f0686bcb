//! Verification of signatures: what all providers have in common (RFC 9846 4.3.3).
//!
//! SHA-1 signs nothing here.

use core::fmt;
use core::marker::PhantomData;
use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};

pub(super) type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// How one kind of signature is checked. `None` is "no".
pub(super) trait Method: Send + Sync + 'static {
    /// Whose code it is, for people.
    const LIBRARY: &'static str;

    fn check(public_key: &[u8], message: &[u8], signature: &[u8]) -> Option<()>;
}

/// A method, with the identifiers that X.509 gives it.
pub(super) struct Verifier<M> {
    pub(super) name: &'static str,
    pub(super) public_key: AlgorithmIdentifier,
    pub(super) signature: AlgorithmIdentifier,
    pub(super) method: PhantomData<fn() -> M>,
}

impl<M: Method> fmt::Debug for Verifier<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, M::LIBRARY)
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

// OBJECT IDENTIFIER { 1.2.840.113549.1.1 }.{ 10, 11, 12, 13 } without parameters.
pub(super) const PSS_KEY: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a");
pub(super) const PKCS1_SHA256_ABSENT: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b");
pub(super) const PKCS1_SHA384_ABSENT: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c");
pub(super) const PKCS1_SHA512_ABSENT: AlgorithmIdentifier =
    AlgorithmIdentifier::from_slice(b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d");

/// The digits of the two positive INTEGERs of which DER makes an RSAPublicKey or an Ecdsa-Sig-Value
/// (RFC 8017 A.1.1, RFC 3279 2.2.3), without leading zeros.
pub(super) fn integers(der: &[u8]) -> Option<[&[u8]; 2]> {
    let (mut both, []) = value(der, 0x30)? else {
        return None;
    };
    let mut digits = [&[][..]; 2];
    for digits in &mut digits {
        let (contents, rest) = value(both, 0x02)?;
        // X.690 8.3.2: as few octets as can be, of which the first bit is the sign.
        *digits = match contents {
            [0, digits @ ..] if digits.first() >= Some(&0x80) => digits,
            [1..=0x7f, ..] => contents,
            _ => return None,
        };
        both = rest;
    }
    both.is_empty().then_some(digits)
}

/// The contents of the first value, which must have this tag, and what follows it.
fn value(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    // X.690 10.1: the length in as few octets as can be.
    let (len, rest) = match rest {
        [len @ ..=0x7f, rest @ ..] => (usize::from(*len), rest),
        [0x81, len @ 0x80..=0xff, rest @ ..] => (usize::from(*len), rest),
        [0x82, high @ 1..=0xff, low, rest @ ..] => {
            (usize::from(u16::from_be_bytes([*high, *low])), rest)
        }
        _ => return None,
    };
    (*first == tag).then_some(())?;
    rest.split_at_checked(len)
}

/// The algorithms of a provider, one static each.
macro_rules! statics {
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
pub(super) use statics;

/// Declares the algorithms of a provider and their tables. The methods `Ecdsa<C, D>` with
/// the curves `P256`, `P384` and `P521`, `Ed25519`, `RsaPss<D>` and `RsaPkcs1<D>`, with the hashes `Sha256`,
/// `Sha384` and `Sha512`, are those of the module that asks.
macro_rules! algorithms {
    () => {
        /// What this provider verifies.
        pub const ALGORITHMS: VerifyAlgorithms = VerifyAlgorithms {
            all: ALL,
            schemes: SCHEMES,
            sha256: $crate::provider::rustcrypto::hash::SHA256,
            sha1: $crate::provider::rustcrypto::hash::sha1,
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

        statics! {
            /// ECDSA on P-256 with SHA-256.
            ECDSA_P256_SHA256 = "ECDSA P-256 SHA-256", Ecdsa<P256, Sha256>, rustls_pki_types::alg_id::ECDSA_P256, rustls_pki_types::alg_id::ECDSA_SHA256;
            /// ECDSA on P-256 with SHA-384.
            ECDSA_P256_SHA384 = "ECDSA P-256 SHA-384", Ecdsa<P256, Sha384>, rustls_pki_types::alg_id::ECDSA_P256, rustls_pki_types::alg_id::ECDSA_SHA384;
            /// ECDSA on P-256 with SHA-512.
            ECDSA_P256_SHA512 = "ECDSA P-256 SHA-512", Ecdsa<P256, Sha512>, rustls_pki_types::alg_id::ECDSA_P256, rustls_pki_types::alg_id::ECDSA_SHA512;
            /// ECDSA on P-384 with SHA-256.
            ECDSA_P384_SHA256 = "ECDSA P-384 SHA-256", Ecdsa<P384, Sha256>, rustls_pki_types::alg_id::ECDSA_P384, rustls_pki_types::alg_id::ECDSA_SHA256;
            /// ECDSA on P-384 with SHA-384.
            ECDSA_P384_SHA384 = "ECDSA P-384 SHA-384", Ecdsa<P384, Sha384>, rustls_pki_types::alg_id::ECDSA_P384, rustls_pki_types::alg_id::ECDSA_SHA384;
            /// ECDSA on P-384 with SHA-512.
            ECDSA_P384_SHA512 = "ECDSA P-384 SHA-512", Ecdsa<P384, Sha512>, rustls_pki_types::alg_id::ECDSA_P384, rustls_pki_types::alg_id::ECDSA_SHA512;
            /// ECDSA on P-521 with SHA-256.
            ECDSA_P521_SHA256 = "ECDSA P-521 SHA-256", Ecdsa<P521, Sha256>, rustls_pki_types::alg_id::ECDSA_P521, rustls_pki_types::alg_id::ECDSA_SHA256;
            /// ECDSA on P-521 with SHA-384.
            ECDSA_P521_SHA384 = "ECDSA P-521 SHA-384", Ecdsa<P521, Sha384>, rustls_pki_types::alg_id::ECDSA_P521, rustls_pki_types::alg_id::ECDSA_SHA384;
            /// ECDSA on P-521 with SHA-512.
            ECDSA_P521_SHA512 = "ECDSA P-521 SHA-512", Ecdsa<P521, Sha512>, rustls_pki_types::alg_id::ECDSA_P521, rustls_pki_types::alg_id::ECDSA_SHA512;
            /// Ed25519, without its small-order keys.
            ED25519 = "Ed25519", Ed25519, rustls_pki_types::alg_id::ED25519, rustls_pki_types::alg_id::ED25519;
            /// RSASSA-PSS with SHA-256 and an `rsaEncryption` key.
            RSA_PSS_RSAE_SHA256 = "RSA PSS SHA-256", RsaPss<Sha256>, rustls_pki_types::alg_id::RSA_ENCRYPTION, rustls_pki_types::alg_id::RSA_PSS_SHA256;
            /// RSASSA-PSS with SHA-384 and an `rsaEncryption` key.
            RSA_PSS_RSAE_SHA384 = "RSA PSS SHA-384", RsaPss<Sha384>, rustls_pki_types::alg_id::RSA_ENCRYPTION, rustls_pki_types::alg_id::RSA_PSS_SHA384;
            /// RSASSA-PSS with SHA-512 and an `rsaEncryption` key.
            RSA_PSS_RSAE_SHA512 = "RSA PSS SHA-512", RsaPss<Sha512>, rustls_pki_types::alg_id::RSA_ENCRYPTION, rustls_pki_types::alg_id::RSA_PSS_SHA512;
            /// RSASSA-PSS with SHA-256 and an `id-RSASSA-PSS` key for any hash.
            RSA_PSS_PSS_SHA256 = "RSA PSS SHA-256, PSS key", RsaPss<Sha256>, $crate::provider::verify::PSS_KEY, rustls_pki_types::alg_id::RSA_PSS_SHA256;
            /// RSASSA-PSS with SHA-384 and an `id-RSASSA-PSS` key for any hash.
            RSA_PSS_PSS_SHA384 = "RSA PSS SHA-384, PSS key", RsaPss<Sha384>, $crate::provider::verify::PSS_KEY, rustls_pki_types::alg_id::RSA_PSS_SHA384;
            /// RSASSA-PSS with SHA-512 and an `id-RSASSA-PSS` key for any hash.
            RSA_PSS_PSS_SHA512 = "RSA PSS SHA-512, PSS key", RsaPss<Sha512>, $crate::provider::verify::PSS_KEY, rustls_pki_types::alg_id::RSA_PSS_SHA512;
            /// RSASSA-PSS with SHA-256 and an `id-RSASSA-PSS` key bound to that hash.
            RSA_PSS_PSS_SHA256_BOUND = "RSA PSS SHA-256, bound PSS key", RsaPss<Sha256>, rustls_pki_types::alg_id::RSA_PSS_SHA256, rustls_pki_types::alg_id::RSA_PSS_SHA256;
            /// RSASSA-PSS with SHA-384 and an `id-RSASSA-PSS` key bound to that hash.
            RSA_PSS_PSS_SHA384_BOUND = "RSA PSS SHA-384, bound PSS key", RsaPss<Sha384>, rustls_pki_types::alg_id::RSA_PSS_SHA384, rustls_pki_types::alg_id::RSA_PSS_SHA384;
            /// RSASSA-PSS with SHA-512 and an `id-RSASSA-PSS` key bound to that hash.
            RSA_PSS_PSS_SHA512_BOUND = "RSA PSS SHA-512, bound PSS key", RsaPss<Sha512>, rustls_pki_types::alg_id::RSA_PSS_SHA512, rustls_pki_types::alg_id::RSA_PSS_SHA512;
            /// RSA PKCS#1 v1.5 with SHA-256.
            RSA_PKCS1_SHA256 = "RSA PKCS#1 SHA-256", RsaPkcs1<Sha256>, rustls_pki_types::alg_id::RSA_ENCRYPTION, rustls_pki_types::alg_id::RSA_PKCS1_SHA256;
            /// RSA PKCS#1 v1.5 with SHA-384.
            RSA_PKCS1_SHA384 = "RSA PKCS#1 SHA-384", RsaPkcs1<Sha384>, rustls_pki_types::alg_id::RSA_ENCRYPTION, rustls_pki_types::alg_id::RSA_PKCS1_SHA384;
            /// RSA PKCS#1 v1.5 with SHA-512.
            RSA_PKCS1_SHA512 = "RSA PKCS#1 SHA-512", RsaPkcs1<Sha512>, rustls_pki_types::alg_id::RSA_ENCRYPTION, rustls_pki_types::alg_id::RSA_PKCS1_SHA512;
            /// The same as [`RSA_PKCS1_SHA256`] in certificates that leave out the NULL parameters.
            RSA_PKCS1_SHA256_ABSENT = "RSA PKCS#1 SHA-256, no parameters", RsaPkcs1<Sha256>, rustls_pki_types::alg_id::RSA_ENCRYPTION, $crate::provider::verify::PKCS1_SHA256_ABSENT;
            /// The same as [`RSA_PKCS1_SHA384`] in certificates that leave out the NULL parameters.
            RSA_PKCS1_SHA384_ABSENT = "RSA PKCS#1 SHA-384, no parameters", RsaPkcs1<Sha384>, rustls_pki_types::alg_id::RSA_ENCRYPTION, $crate::provider::verify::PKCS1_SHA384_ABSENT;
            /// The same as [`RSA_PKCS1_SHA512`] in certificates that leave out the NULL parameters.
            RSA_PKCS1_SHA512_ABSENT = "RSA PKCS#1 SHA-512, no parameters", RsaPkcs1<Sha512>, rustls_pki_types::alg_id::RSA_ENCRYPTION, $crate::provider::verify::PKCS1_SHA512_ABSENT;
        }
    };
}
pub(super) use algorithms;

#[cfg(test)]
mod tests {
    use super::integers;

    #[test]
    fn two_positive_integers_in_der_and_nothing_else() {
        let good: [(&[u8], [&[u8]; 2]); 3] = [
            (&[0x30, 6, 2, 1, 1, 2, 1, 0x7f], [&[1], &[0x7f]]),
            (&[0x30, 7, 2, 2, 0, 0x80, 2, 1, 1], [&[0x80], &[1]]),
            (&[0x30, 7, 2, 1, 3, 2, 2, 1, 0], [&[3], &[1, 0]]),
        ];
        for (der, expected) in good {
            assert_eq!(integers(der), Some(expected), "{der:x?}");
        }
        let bad: [&[u8]; 14] = [
            &[],
            // Zero, negative, with a zero too many, empty.
            &[0x30, 6, 2, 1, 0, 2, 1, 1],
            &[0x30, 6, 2, 1, 0x80, 2, 1, 1],
            &[0x30, 6, 2, 1, 0xff, 2, 1, 1],
            &[0x30, 7, 2, 2, 0, 0x7f, 2, 1, 1],
            &[0x30, 5, 2, 0, 2, 1, 1],
            // Something behind them, outside and inside; a third.
            &[0x30, 6, 2, 1, 1, 2, 1, 1, 0],
            &[0x30, 7, 2, 1, 1, 2, 1, 1, 0],
            &[0x30, 9, 2, 1, 1, 2, 1, 1, 2, 1, 1],
            // One alone, and cut.
            &[0x30, 3, 2, 1, 1],
            &[0x30, 5, 2, 1, 1, 2, 1],
            // Lengths that could be shorter, or aren't there.
            &[0x30, 0x81, 6, 2, 1, 1, 2, 1, 1],
            &[0x30, 0x80, 2, 1, 1, 2, 1, 1, 0, 0],
            // Another type.
            &[0x31, 6, 2, 1, 1, 2, 1, 1],
        ];
        for der in bad {
            assert_eq!(integers(der), None, "{der:x?}");
        }
    }
}
