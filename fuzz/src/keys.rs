//! Files: certificates, lists and keys.

use crate::LEAF;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use std::sync::LazyLock;
use symbolon::config::Credential;
use symbolon::crypto::{MAX_SIGNATURE_LEN, Random};
use symbolon::pki::{CrlStore, RootStore};
use symbolon::provider::{RUSTCRYPTO, default_provider};

/// PEM as somebody's file has it: a chain, and a key after it or alone; roots; lists of revoked
/// certificates.
pub fn pem_files(bytes: &[u8]) {
    static CHAIN: LazyLock<String> = LazyLock::new(|| pem("CERTIFICATE", LEAF));
    for chain in [bytes, CHAIN.as_bytes()] {
        match Credential::from_pem(chain, bytes, &default_provider()) {
            Ok(credential) => {
                assert!(!credential.chain().is_empty());
                assert!(!credential.key().schemes().is_empty());
                let _ = format!("{credential:?}");
            }
            Err(error) => drop(error.to_string()),
        }
    }
    match RootStore::from_pem(bytes) {
        Ok(roots) => assert!(roots.anchors().count() <= bytes.len() / 50),
        Err(error) => drop(error.to_string()),
    }
    match CrlStore::new().add_pem(bytes) {
        Ok(count) => assert!(count <= bytes.len() / 20),
        Err(error) => drop(error.to_string()),
    }
}

/// The first byte says what kind of file the rest is: PKCS#8, SEC 1 or PKCS#1. A key that is loaded signs,
/// unless that would take long, and its signature is verified.
pub fn private_key(bytes: &[u8]) {
    let Some((kind, der)) = bytes.split_first() else {
        return;
    };
    let key = match kind % 3 {
        0 => PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(der)),
        1 => PrivateKeyDer::Sec1(PrivateSec1KeyDer::from(der)),
        _ => PrivateKeyDer::Pkcs1(PrivatePkcs1KeyDer::from(der)),
    };
    for provider in [RUSTCRYPTO, default_provider()] {
        let Ok(key) = provider.keys.load(&key) else {
            continue;
        };
        let _ = format!("{key:?}");
        let scheme = *key.schemes().first().expect("it has a scheme");
        let info = key.public_key_info();
        let mut algorithms = provider.verify.schemes.iter();
        let found = algorithms.find(|(name, _)| *name == scheme);
        let (_, [algorithm, ..]) = found.expect("it is one that is verified") else {
            panic!("a scheme without an algorithm");
        };
        // RSA takes milliseconds.
        if info.len() > 200 {
            continue;
        }
        let mut signature = [0; MAX_SIGNATURE_LEN];
        let random = &mut Random::new([1; 32]);
        let len = key.sign(scheme, b"message", random, &mut signature);
        let len = len.expect("a key that was loaded signs");
        // The public key is the end of its info: of Ed25519, P-256, P-384, P-521.
        let verified = [32, 65, 97, 133].into_iter().any(|public_len: usize| {
            let start = info.len().checked_sub(public_len);
            start.is_some_and(|start| {
                let signature = &signature[..len];
                let verified = algorithm.verify_signature(&info[start..], b"message", signature);
                verified.is_ok()
            })
        });
        assert!(verified, "{scheme}");
    }
}

/// DER in PEM.
pub fn pem(label: &str, der: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in der.chunks(48) {
        for group in line.chunks(3) {
            let bits = group.iter().fold(0, |bits, b| bits << 8 | u32::from(*b));
            let bits = bits << (8 * (3 - group.len()));
            for i in 0..4 {
                text.push(match i <= group.len() {
                    true => char::from(ALPHABET[(bits >> (18 - 6 * i) & 63) as usize]),
                    false => '=',
                });
            }
        }
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}
