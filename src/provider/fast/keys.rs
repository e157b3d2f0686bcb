//! Private keys that sign with `graviola`: ECDSA on P-256, Ed25519, and RSA.

use crate::codepoint::SignatureScheme;
use crate::crypto::{KeyLoader, Random, SigningKey};
use crate::error::CryptoError;
use crate::provider::rustcrypto::keys::LOADER as PORTABLE;
use crate::provider::{copy_front, debug_as};
use alloc::sync::Arc;
use alloc::vec::Vec;
use graviola::hashing::Sha256;
use graviola::signing::{ecdsa, eddsa, rsa};
use rustls_pki_types::PrivateKeyDer;

/// The loader of this provider.
pub(super) static LOADER: &dyn KeyLoader = &Loader;

#[derive(Debug)]
struct Loader;

impl KeyLoader for Loader {
    /// The portable loader decides what is a key; a faster one takes its place if there is one.
    fn load(&self, key: &PrivateKeyDer<'_>) -> Result<Arc<dyn SigningKey>, CryptoError> {
        let portable = PORTABLE.load(key)?;
        Ok(faster(key, &*portable).unwrap_or(portable))
    }
}

fn faster(der: &PrivateKeyDer<'_>, portable: &dyn SigningKey) -> Option<Arc<dyn SigningKey>> {
    let info = portable.public_key_info().to_vec();
    match *portable.schemes().first()? {
        SignatureScheme::ECDSA_SECP256R1_SHA256 => {
            let key = match der {
                PrivateKeyDer::Pkcs8(key) => {
                    ecdsa::SigningKey::from_pkcs8_der(key.secret_pkcs8_der())
                }
                PrivateKeyDer::Sec1(key) => ecdsa::SigningKey::from_sec1_der(key.secret_sec1_der()),
                _ => return None,
            };
            let key = key.ok()?;
            Some(Arc::new(P256Key { key, info }))
        }
        SignatureScheme::ED25519 => {
            let PrivateKeyDer::Pkcs8(key) = der else {
                return None;
            };
            let key = eddsa::Ed25519SigningKey::from_pkcs8_der(key.secret_pkcs8_der()).ok()?;
            Some(Arc::new(Ed25519Key { key, info }))
        }
        // Keys for PSS alone aren't known to the library: they stay portable.
        SignatureScheme::RSA_PSS_RSAE_SHA256 => {
            let key = match der {
                PrivateKeyDer::Pkcs8(key) => {
                    rsa::SigningKey::from_pkcs8_der(key.secret_pkcs8_der())
                }
                PrivateKeyDer::Pkcs1(key) => {
                    rsa::SigningKey::from_pkcs1_der(key.secret_pkcs1_der())
                }
                _ => return None,
            };
            let key = key.ok()?;
            Some(Arc::new(RsaKey { key, info }))
        }
        _ => None,
    }
}

/// What the library says went wrong doesn't matter.
fn failed(_: graviola::Error) -> CryptoError {
    CryptoError::SigningFailed
}

/// An ECDSA key on P-256.
struct P256Key {
    key: ecdsa::SigningKey<ecdsa::P256>,
    info: Vec<u8>,
}

/// The longest signature of P-256: a SEQUENCE of two INTEGERs of up to 33 bytes.
const P256_SIGNATURE_LEN: usize = 72;

impl SigningKey for P256Key {
    fn stack(&self) -> usize {
        4 << 10
    }

    fn schemes(&self) -> &[SignatureScheme] {
        &[SignatureScheme::ECDSA_SECP256R1_SHA256]
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        _random: &mut Random,
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        if !self.schemes().contains(&scheme) {
            return Err(CryptoError::UnsupportedScheme);
        }
        // RFC 6979 with extra randomness (3.6), which the library draws itself.
        let mut signature = [0; P256_SIGNATURE_LEN];
        let signature = self
            .key
            .sign_asn1::<Sha256>(&[message], &mut signature)
            .map_err(failed)?;
        copy_front(out, signature)
    }

    fn public_key_info(&self) -> &[u8] {
        &self.info
    }
}

/// An Ed25519 key.
struct Ed25519Key {
    key: eddsa::Ed25519SigningKey,
    info: Vec<u8>,
}

impl SigningKey for Ed25519Key {
    fn stack(&self) -> usize {
        4 << 10
    }

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
        if !self.schemes().contains(&scheme) {
            return Err(CryptoError::UnsupportedScheme);
        }
        copy_front(out, &self.key.sign(message))
    }

    fn public_key_info(&self) -> &[u8] {
        &self.info
    }
}

/// An RSA key of the kind `rsaEncryption`.
struct RsaKey {
    key: rsa::SigningKey,
    info: Vec<u8>,
}

impl SigningKey for RsaKey {
    fn schemes(&self) -> &[SignatureScheme] {
        &[
            SignatureScheme::RSA_PSS_RSAE_SHA256,
            SignatureScheme::RSA_PSS_RSAE_SHA384,
            SignatureScheme::RSA_PSS_RSAE_SHA512,
            SignatureScheme::RSA_PKCS1_SHA256,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA512,
        ]
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        _random: &mut Random,
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        let key = &self.key;
        let out = match out.get_mut(..key.modulus_len_bytes()) {
            _ if !self.schemes().contains(&scheme) => return Err(CryptoError::UnsupportedScheme),
            Some(out) => out,
            None => return Err(CryptoError::BufferSize),
        };
        let signature = match scheme {
            SignatureScheme::RSA_PSS_RSAE_SHA256 => key.sign_pss_sha256(out, message),
            SignatureScheme::RSA_PSS_RSAE_SHA384 => key.sign_pss_sha384(out, message),
            SignatureScheme::RSA_PSS_RSAE_SHA512 => key.sign_pss_sha512(out, message),
            SignatureScheme::RSA_PKCS1_SHA256 => key.sign_pkcs1_sha256(out, message),
            SignatureScheme::RSA_PKCS1_SHA384 => key.sign_pkcs1_sha384(out, message),
            SignatureScheme::RSA_PKCS1_SHA512 => key.sign_pkcs1_sha512(out, message),
            _ => return Err(CryptoError::UnsupportedScheme),
        };
        Ok(signature.map_err(failed)?.len())
    }

    fn public_key_info(&self) -> &[u8] {
        &self.info
    }
}

debug_as!(P256Key, "SigningKey(ECDSA P-256)");
debug_as!(Ed25519Key, "SigningKey(Ed25519)");
debug_as!(RsaKey, "SigningKey(RSA)");
