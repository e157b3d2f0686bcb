//! Keys and signature algorithms as certificates name them (RFC 5280 4.1.1.2, 4.1.2.7).

use super::der::{self, Reader};
use super::oid;
use crate::crypto::VerifyAlgorithms;
use crate::error::{CertificateFault, DecodeError, Text, TextWriter};
use alloc::vec::Vec;
use rustls_pki_types::SignatureVerificationAlgorithm;

/// A SubjectPublicKeyInfo (RFC 5280 4.1.2.7).
#[derive(Clone, Copy)]
pub(crate) struct KeyInfo<'a> {
    /// All of it, with the outer header; a root's without.
    pub(super) whole: &'a [u8],
    /// The contents of `algorithm`.
    pub(crate) algorithm: &'a [u8],
    /// The octets of `subjectPublicKey`.
    pub(crate) key: &'a [u8],
}

impl PartialEq for KeyInfo<'_> {
    fn eq(&self, other: &Self) -> bool {
        // The other parts are parts of it.
        self.whole == other.whole
    }
}

impl<'a> KeyInfo<'a> {
    /// Parses what is inside of the outer SEQUENCE.
    pub(crate) fn parse(contents: &'a [u8], whole: &'a [u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(contents, "SubjectPublicKeyInfo");
        let algorithm = reader.contents(der::SEQUENCE, "SubjectPublicKeyInfo.algorithm")?;
        let key = reader.octet_bits("SubjectPublicKeyInfo.subjectPublicKey")?;
        reader.end()?;
        Ok(Self {
            whole,
            algorithm,
            key,
        })
    }

    /// Whether this key made a signature. `id` is the contents of the AlgorithmIdentifier that
    /// stands beside it.
    pub(crate) fn verify(
        &self,
        id: &[u8],
        message: &[u8],
        signature: &[u8],
        algorithms: &VerifyAlgorithms,
    ) -> Result<(), CertificateFault> {
        self.algorithm_for(id, algorithms)?
            .verify_signature(self.key, message, signature)
            .map_err(|_| CertificateFault::BadSignature)
    }

    /// What verifies signatures with this AlgorithmIdentifier by this key.
    pub(super) fn algorithm_for(
        &self,
        id: &[u8],
        algorithms: &VerifyAlgorithms,
    ) -> Result<&'static dyn SignatureVerificationAlgorithm, CertificateFault> {
        let mut known = false;
        for algorithm in algorithms.all {
            if algorithm.signature_alg_id().as_ref() != id {
                continue;
            }
            known = true;
            if algorithm.public_key_alg_id().as_ref() == self.algorithm {
                return Ok(*algorithm);
            }
        }
        Err(match AlgorithmName::of(id) {
            _ if known => CertificateFault::IssuerKeyKind,
            AlgorithmName::Broken(algorithm) => {
                CertificateFault::BrokenSignatureAlgorithm { algorithm }
            }
            name => CertificateFault::SignatureAlgorithm {
                algorithm: name.text(),
            },
        })
    }

    /// The DER of the SubjectPublicKeyInfo, encoded anew.
    pub(crate) fn to_der(self) -> Vec<u8> {
        let mut bits = Vec::with_capacity(self.key.len().saturating_add(1));
        bits.push(0);
        bits.extend_from_slice(self.key);
        let mut contents = der::encode(der::SEQUENCE, self.algorithm);
        contents.extend(der::encode(der::BIT_STRING, &bits));
        der::encode(der::SEQUENCE, &contents)
    }

    /// What kind of key it is.
    pub(crate) fn kind(&self) -> KeyKind<'a> {
        let mut algorithm = Reader::new(self.algorithm, "SubjectPublicKeyInfo.algorithm");
        let Ok(id) = algorithm.contents(der::OID, "SubjectPublicKeyInfo.algorithm") else {
            return KeyKind::Other(&[]);
        };
        match id {
            oid::RSA_ENCRYPTION => KeyKind::Rsa,
            oid::RSA_PSS => KeyKind::RsaPss,
            oid::ED25519 => KeyKind::Ed25519,
            oid::EC_PUBLIC_KEY => match algorithm.contents(der::OID, "namedCurve") {
                Ok(oid::P256) => KeyKind::Curve("P-256"),
                Ok(oid::P384) => KeyKind::Curve("P-384"),
                Ok(oid::P521) => KeyKind::Curve("P-521"),
                Ok(other) => KeyKind::OtherCurve(other),
                Err(_) => KeyKind::ExplicitCurve,
            },
            other => KeyKind::Other(other),
        }
    }

    /// What matters of an RSA key, which it must be.
    pub(crate) fn rsa(&self) -> Result<RsaKey, DecodeError> {
        const MODULUS: &str = "RSAPublicKey.modulus";
        const EXPONENT: &str = "RSAPublicKey.publicExponent";
        let mut key = der::only(self.key, der::SEQUENCE, "RSAPublicKey")?;
        let modulus = key.positive(MODULUS)?;
        let exponent = key.positive(EXPONENT)?;
        key.end()?;
        let odd = exponent.last().is_some_and(|last| last & 1 == 1);
        Ok(RsaKey {
            bits: bits(modulus),
            // 1 would make every message its own signature, and long ones cost only time.
            sane_exponent: odd && (2..=33).contains(&bits(exponent)),
        })
    }
}

/// How many bits a number has; without leading zero octets.
fn bits(number: &[u8]) -> usize {
    let zeros = number.first().map_or(0, |first| first.leading_zeros());
    let unused = usize::try_from(zeros).unwrap_or(0);
    number.len().saturating_mul(8).saturating_sub(unused)
}

/// What matters of an RSA key before it is used.
pub(crate) struct RsaKey {
    /// How many bits the modulus has.
    pub(crate) bits: usize,
    /// Whether the public exponent is odd, at least 3 and at most 33 bits long.
    pub(crate) sane_exponent: bool,
}

/// A kind of key.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyKind<'a> {
    Rsa,
    RsaPss,
    /// A curve by its name.
    Curve(&'static str),
    /// A curve by its object identifier.
    OtherCurve(&'a [u8]),
    /// A curve by its parameters, or by none at all.
    ExplicitCurve,
    Ed25519,
    Other(&'a [u8]),
}

impl KeyKind<'_> {
    pub(crate) fn text(&self) -> Text {
        Text::from(match self {
            Self::Rsa => "RSA",
            Self::RsaPss => "RSASSA-PSS",
            Self::Curve(name) => name,
            Self::OtherCurve(id) => return oid::text(id),
            Self::ExplicitCurve => "elliptic curve without a name",
            Self::Ed25519 => "Ed25519",
            Self::Other([0x2a, 0x86, 0x48, 0xce, 0x38, 4, 1]) => "DSA",
            Self::Other([0x2b, 0x65, 0x71]) => "Ed448",
            Self::Other(id) => return oid::text(id),
        })
    }
}

/// The hash within a certificate's signature algorithm, as `tls-server-end-point` means it
/// (RFC 5929 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureHash {
    /// SHA-256; also stands in for MD5 and SHA-1.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

/// What to call a signature algorithm, and its hash; takes the contents of the
/// AlgorithmIdentifier.
pub(super) fn signature_algorithm(contents: &[u8]) -> (AlgorithmName<'_>, Option<SignatureHash>) {
    use SignatureHash::{Sha256, Sha384, Sha512};
    const PKCS1: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1];
    const ECDSA_SHA2: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3];
    const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 1];
    const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
    const ED448: &[u8] = &[0x2b, 0x65, 0x71];
    use AlgorithmName::{Broken, Known, Unknown};

    let mut reader = Reader::new(contents, "AlgorithmIdentifier");
    let Ok(id) = reader.contents(der::OID, "AlgorithmIdentifier") else {
        return (Unknown(&[]), None);
    };
    let (last, arm) = id.split_last().unwrap_or((&0, &[]));
    match (arm, last) {
        (PKCS1, 4) => (Broken("md5WithRSAEncryption"), Some(Sha256)),
        (PKCS1, 5) => (Broken("sha1WithRSAEncryption"), Some(Sha256)),
        (PKCS1, 11) => (Known("sha256WithRSAEncryption"), Some(Sha256)),
        (PKCS1, 12) => (Known("sha384WithRSAEncryption"), Some(Sha384)),
        (PKCS1, 13) => (Known("sha512WithRSAEncryption"), Some(Sha512)),
        (PKCS1, 10) => (Known("id-RSASSA-PSS"), pss_hash(&mut reader)),
        (ECDSA_SHA2, 2) => (Known("ecdsa-with-SHA256"), Some(Sha256)),
        (ECDSA_SHA2, 3) => (Known("ecdsa-with-SHA384"), Some(Sha384)),
        (ECDSA_SHA2, 4) => (Known("ecdsa-with-SHA512"), Some(Sha512)),
        _ if id == ECDSA_SHA1 => (Broken("ecdsa-with-SHA1"), Some(Sha256)),
        _ if id == ED25519 => (Known("id-Ed25519"), None),
        _ if id == ED448 => (Known("id-Ed448"), None),
        _ => (Unknown(id), None),
    }
}

/// The `hashAlgorithm` of RSASSA-PSS-params (RFC 4055 3.1); SHA-1 if absent.
fn pss_hash(reader: &mut Reader<'_>) -> Option<SignatureHash> {
    const WHAT: &str = "RSASSA-PSS-params";
    let mut params = reader.nested(der::SEQUENCE, WHAT).ok()?;
    let Some(hash) = params.optional(der::context_constructed(0), WHAT).ok()? else {
        return Some(SignatureHash::Sha256);
    };
    let mut hash = der::only(hash, der::SEQUENCE, WHAT).ok()?;
    match hash.contents(der::OID, WHAT).ok()? {
        oid::SHA256 => Some(SignatureHash::Sha256),
        oid::SHA384 => Some(SignatureHash::Sha384),
        oid::SHA512 => Some(SignatureHash::Sha512),
        _ => None,
    }
}

/// What is known of a signature algorithm.
pub(crate) enum AlgorithmName<'a> {
    /// A name of its own.
    Known(&'static str),
    /// One with a broken hash.
    Broken(&'static str),
    /// An object identifier.
    Unknown(&'a [u8]),
}

impl<'a> AlgorithmName<'a> {
    /// Of the contents of an AlgorithmIdentifier.
    pub(crate) fn of(contents: &'a [u8]) -> Self {
        signature_algorithm(contents).0
    }

    pub(crate) fn text(&self) -> Text {
        match self {
            Self::Known(name) | Self::Broken(name) => {
                let mut text = TextWriter::default();
                text.add(format_args!("{name}"));
                text.finish()
            }
            Self::Unknown(id) => oid::text(id),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;

    fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        der::encode(tag, &parts.concat())
    }

    #[test]
    fn hash_of_pss() {
        let pss = |hash: Option<&[u8]>| {
            let params = match hash {
                Some(hash) => {
                    let hash = value(der::SEQUENCE, &[&value(der::OID, &[hash])]);
                    value(der::SEQUENCE, &[&value(0xa0, &[&hash])])
                }
                None => vec![0x30, 0],
            };
            signature_algorithm(&[value(der::OID, &[oid::RSA_PSS]), params].concat()).1
        };
        assert_eq!(pss(Some(oid::SHA384)), Some(SignatureHash::Sha384));
        assert_eq!(pss(Some(oid::SHA512)), Some(SignatureHash::Sha512));
        assert_eq!(pss(None), Some(SignatureHash::Sha256));
        assert_eq!(pss(Some(&[1, 2, 3])), None);
    }
}
