//! Loading private keys: PKCS#8 (RFC 5958), SEC1 (RFC 5915), PKCS#1 (RFC 8017 A.1.2).

use super::sign::{Ed25519Key, P256Key, P384Key, P521Key, RsaKey, RsaUse};
use super::verify::RSA_BITS;
use crate::crypto::{KeyLoader, SigningKey};
use crate::error::CryptoError;
use alloc::sync::Arc;
use rsa::RsaPrivateKey;
use rsa::pkcs1::RsaPrivateKeyRef;
use rsa::pkcs8::der::Decode;
use rsa::pkcs8::{ObjectIdentifier, PrivateKeyInfoRef};
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use rustls_pki_types::PrivateKeyDer;

/// The loader of this provider.
pub static LOADER: &dyn KeyLoader = &Loader;

pub(super) const ID_RSASSA_PSS: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");

#[derive(Debug)]
struct Loader;

type Loaded = Result<Arc<dyn SigningKey>, CryptoError>;

impl KeyLoader for Loader {
    fn load(&self, key: &PrivateKeyDer<'_>) -> Loaded {
        match key {
            PrivateKeyDer::Pkcs8(key) => load_pkcs8(key.secret_pkcs8_der()),
            PrivateKeyDer::Sec1(key) => load_sec1(key.secret_sec1_der()),
            PrivateKeyDer::Pkcs1(key) => {
                load_rsa(key.secret_pkcs1_der(), RsaUse::Any).ok_or(CryptoError::InvalidKey)
            }
            _ => Err(CryptoError::InvalidKey),
        }
    }
}

/// A loaded key as the trait object that it is handed out as.
fn shared<K: SigningKey + 'static>(key: Result<K, CryptoError>) -> Option<Arc<dyn SigningKey>> {
    Some(Arc::new(key.ok()?))
}

fn load_pkcs8(der: &[u8]) -> Loaded {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| CryptoError::InvalidKey)?;
    let oid = info.algorithm.oid;
    let loaded = if oid == rsa::pkcs1::ALGORITHM_OID {
        load_pkcs8_rsa(&info, RsaUse::Any)
    } else if oid == ID_RSASSA_PSS {
        load_pkcs8_rsa(&info, RsaUse::Pss)
    } else if oid == ed25519_dalek::pkcs8::ALGORITHM_OID {
        load_pkcs8_ed25519(&info)
    } else {
        load_pkcs8_ec(&info)
    };
    loaded.ok_or(CryptoError::InvalidKey)
}

/// Reads the key from where it stands: the crate's own way leaves a copy that isn't wiped.
fn load_pkcs8_ed25519(info: &PrivateKeyInfoRef<'_>) -> Option<Arc<dyn SigningKey>> {
    // RFC 8410 3: the parameters are absent.
    if info.algorithm.parameters.is_some() {
        return None;
    }
    // RFC 8410 7: an OCTET STRING of 32 bytes inside the other.
    let [0x04, 0x20, seed @ ..] = info.private_key.as_bytes() else {
        return None;
    };
    let key = ed25519_dalek::SigningKey::from_bytes(seed.try_into().ok()?);
    if let Some(public_key) = info.public_key
        && public_key.as_bytes() != Some(key.verifying_key().as_bytes())
    {
        return None;
    }
    shared(Ed25519Key::new(key))
}

/// Tries the curves; each checks that the algorithm is `id-ecPublicKey` with its own name, and
/// a public key inside against the private one.
fn load_pkcs8_ec(info: &PrivateKeyInfoRef<'_>) -> Option<Arc<dyn SigningKey>> {
    if let Ok(key) = p256::SecretKey::try_from(info.clone()) {
        return shared(P256Key::new(&key));
    }
    if let Ok(key) = p384::SecretKey::try_from(info.clone()) {
        return shared(P384Key::new(&key));
    }
    let key = p521::SecretKey::try_from(info.clone()).ok()?;
    shared(P521Key::new(&key))
}

/// Tries the curves. Where the document doesn't name its curve (RFC 5915 3 wants it to), the
/// length of the key tells it.
fn load_sec1(der: &[u8]) -> Loaded {
    let loaded = if let Ok(key) = p256::SecretKey::from_sec1_der(der) {
        shared(P256Key::new(&key))
    } else if let Ok(key) = p384::SecretKey::from_sec1_der(der) {
        shared(P384Key::new(&key))
    } else {
        p521::SecretKey::from_sec1_der(der)
            .ok()
            .and_then(|key| shared(P521Key::new(&key)))
    };
    loaded.ok_or(CryptoError::InvalidKey)
}

fn load_pkcs8_rsa(info: &PrivateKeyInfoRef<'_>, usage: RsaUse) -> Option<Arc<dyn SigningKey>> {
    let as_expected = match usage {
        // RFC 3279 2.3.1: the parameters are NULL.
        RsaUse::Any => info.algorithm == rsa::pkcs1::ALGORITHM_ID,
        // Keys bound to one hash aren't supported.
        RsaUse::Pss => info.algorithm.parameters.is_none(),
    };
    if !as_expected {
        return None;
    }
    load_rsa(info.private_key.as_bytes(), usage)
}

fn load_rsa(der: &[u8], usage: RsaUse) -> Option<Arc<dyn SigningKey>> {
    let parsed = RsaPrivateKeyRef::from_der(der).ok()?;
    // Before any arithmetic with it.
    let bytes = parsed.modulus.as_bytes().len();
    let bits = u32::try_from(bytes.checked_mul(8)?).ok()?;
    if !RSA_BITS.contains(&bits) {
        return None;
    }
    // Checks n = p q and that d fits e.
    let key = RsaPrivateKey::try_from(parsed).ok()?;
    // Without the CRT values, which equal primes among others leave out, it isn't a key of ours.
    let sound = RSA_BITS.contains(&key.n().bits_vartime()) && key.qinv().is_some();
    sound.then_some(())?;
    shared(RsaKey::new(key, usage))
}
