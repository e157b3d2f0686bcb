//! Private keys that sign (RFC 9846 4.5.2).

use crate::codepoint::SignatureScheme;
use crate::crypto::{Random, SigningKey};
use crate::error::CryptoError;
use crate::provider::{copy_front, debug_as};
use alloc::vec::Vec;
use ed25519_dalek::Signer;
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs8::der::Encode;
use rsa::pkcs8::der::asn1::BitStringRef;
use rsa::pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use rsa::signature::hazmat::RandomizedPrehashSigner;
use rsa::{Pkcs1v15Sign, Pss, RsaPrivateKey};
use sha2::{Digest, Sha256, Sha384, Sha512};

/// The DER of a SubjectPublicKeyInfo.
fn public_key_info(
    algorithm: AlgorithmIdentifierRef<'_>,
    public_key: &[u8],
) -> Result<Vec<u8>, CryptoError> {
    let encode = || {
        SubjectPublicKeyInfoRef {
            algorithm,
            subject_public_key: BitStringRef::from_bytes(public_key)?,
        }
        .to_der()
    };
    encode().map_err(|_| CryptoError::InvalidKey)
}

macro_rules! ecdsa_key {
    ($name:ident, $text:literal, $curve:ident, $oid:ty, $digest:ty, $scheme:expr) => {
        #[doc = concat!("An ECDSA key on ", $text, ".")]
        pub(super) struct $name {
            key: $curve::ecdsa::SigningKey,
            info: Vec<u8>,
        }

        impl $name {
            pub(super) fn new(secret: &$curve::SecretKey) -> Result<Self, CryptoError> {
                let key = $curve::ecdsa::SigningKey::from(secret);
                let algorithm = AlgorithmIdentifierRef {
                    oid: $curve::elliptic_curve::ALGORITHM_OID,
                    parameters: Some((&<$oid as rsa::pkcs8::AssociatedOid>::OID).into()),
                };
                let point = key.verifying_key().to_sec1_point(false);
                let info = public_key_info(algorithm, point.as_bytes())?;
                Ok(Self { key, info })
            }
        }

        debug_as!($name, concat!("SigningKey(ECDSA ", $text, ")"));

        impl SigningKey for $name {
            fn schemes(&self) -> &[SignatureScheme] {
                &[$scheme]
            }

            fn sign(
                &self,
                scheme: SignatureScheme,
                message: &[u8],
                random: &mut Random,
                out: &mut [u8],
            ) -> Result<usize, CryptoError> {
                if scheme != $scheme {
                    return Err(CryptoError::UnsupportedScheme);
                }
                // RFC 6979 with extra randomness (3.6): neither a weak generator nor a fault
                // in one of two signatures of the same message gives the key away.
                let signature: $curve::ecdsa::DerSignature = self
                    .key
                    .sign_prehash_with_rng(random, &<$digest>::digest(message))
                    .map_err(|_| CryptoError::SigningFailed)?;
                copy_front(out, signature.as_bytes())
            }

            fn public_key_info(&self) -> &[u8] {
                &self.info
            }
        }
    };
}

ecdsa_key!(
    P256Key,
    "P-256",
    p256,
    p256::NistP256,
    Sha256,
    SignatureScheme::ECDSA_SECP256R1_SHA256
);
ecdsa_key!(
    P384Key,
    "P-384",
    p384,
    p384::NistP384,
    Sha384,
    SignatureScheme::ECDSA_SECP384R1_SHA384
);
ecdsa_key!(
    P521Key,
    "P-521",
    p521,
    p521::NistP521,
    Sha512,
    SignatureScheme::ECDSA_SECP521R1_SHA512
);

/// An Ed25519 key.
pub(super) struct Ed25519Key {
    key: ed25519_dalek::SigningKey,
    info: Vec<u8>,
}

impl Ed25519Key {
    pub(super) fn new(key: ed25519_dalek::SigningKey) -> Result<Self, CryptoError> {
        let algorithm = ed25519_dalek::pkcs8::ALGORITHM_ID;
        let info = public_key_info(algorithm, key.verifying_key().as_bytes())?;
        Ok(Self { key, info })
    }
}

debug_as!(Ed25519Key, "SigningKey(Ed25519)");

impl SigningKey for Ed25519Key {
    fn schemes(&self) -> &[SignatureScheme] {
        &[SignatureScheme::ED25519]
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        _random: &mut Random,
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        if scheme != SignatureScheme::ED25519 {
            return Err(CryptoError::UnsupportedScheme);
        }
        let signature = self
            .key
            .try_sign(message)
            .map_err(|_| CryptoError::SigningFailed)?;
        copy_front(out, &signature.to_bytes())
    }

    fn public_key_info(&self) -> &[u8] {
        &self.info
    }
}

/// What an RSA key was made for.
#[derive(Clone, Copy)]
pub(super) enum RsaUse {
    /// `rsaEncryption`: any.
    Any,
    /// `id-RSASSA-PSS` without parameters: PSS, with any hash.
    Pss,
}

/// An RSA key.
pub(super) struct RsaKey {
    key: RsaPrivateKey,
    schemes: &'static [SignatureScheme],
    info: Vec<u8>,
}

impl RsaKey {
    pub(super) fn new(key: RsaPrivateKey, usage: RsaUse) -> Result<Self, CryptoError> {
        let (algorithm, schemes) = match usage {
            RsaUse::Any => (rsa::pkcs1::ALGORITHM_ID, RSA_SCHEMES),
            RsaUse::Pss => (PSS_ALGORITHM_ID, PSS_SCHEMES),
        };
        let public_key = key
            .as_public_key()
            .to_pkcs1_der()
            .map_err(|_| CryptoError::InvalidKey)?;
        let info = public_key_info(algorithm, public_key.as_bytes())?;
        Ok(Self { key, schemes, info })
    }
}

const PSS_ALGORITHM_ID: AlgorithmIdentifierRef<'static> = AlgorithmIdentifierRef {
    oid: super::keys::ID_RSASSA_PSS,
    parameters: None,
};

const RSA_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    SignatureScheme::RSA_PSS_RSAE_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

const PSS_SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::RSA_PSS_PSS_SHA256,
    SignatureScheme::RSA_PSS_PSS_SHA384,
    SignatureScheme::RSA_PSS_PSS_SHA512,
];

debug_as!(RsaKey, "SigningKey(RSA)");

impl SigningKey for RsaKey {
    fn schemes(&self) -> &[SignatureScheme] {
        self.schemes
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        random: &mut Random,
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        if !self.schemes.contains(&scheme) {
            return Err(CryptoError::UnsupportedScheme);
        }
        // Always with a generator: without one the private operation isn't blinded.
        let key = &self.key;
        let signature = match scheme {
            SignatureScheme::RSA_PSS_RSAE_SHA256 | SignatureScheme::RSA_PSS_PSS_SHA256 => {
                key.sign_with_rng(random, Pss::<Sha256>::new(), &Sha256::digest(message))
            }
            SignatureScheme::RSA_PSS_RSAE_SHA384 | SignatureScheme::RSA_PSS_PSS_SHA384 => {
                key.sign_with_rng(random, Pss::<Sha384>::new(), &Sha384::digest(message))
            }
            SignatureScheme::RSA_PSS_RSAE_SHA512 | SignatureScheme::RSA_PSS_PSS_SHA512 => {
                key.sign_with_rng(random, Pss::<Sha512>::new(), &Sha512::digest(message))
            }
            SignatureScheme::RSA_PKCS1_SHA256 => {
                let padding = Pkcs1v15Sign::new::<Sha256>();
                key.sign_with_rng(random, padding, &Sha256::digest(message))
            }
            SignatureScheme::RSA_PKCS1_SHA384 => {
                let padding = Pkcs1v15Sign::new::<Sha384>();
                key.sign_with_rng(random, padding, &Sha384::digest(message))
            }
            SignatureScheme::RSA_PKCS1_SHA512 => {
                let padding = Pkcs1v15Sign::new::<Sha512>();
                key.sign_with_rng(random, padding, &Sha512::digest(message))
            }
            _ => return Err(CryptoError::UnsupportedScheme),
        };
        copy_front(out, &signature.map_err(|_| CryptoError::SigningFailed)?)
    }

    fn public_key_info(&self) -> &[u8] {
        &self.info
    }
}
