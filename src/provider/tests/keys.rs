use super::tested;
use crate::codepoint::SignatureScheme;
use crate::crypto::{CryptoProvider, MAX_SIGNATURE_LEN, SigningKey};
use crate::error::CryptoError;
use crate::provider::RUSTCRYPTO;
use crate::provider::vectors::{random, section};
use alloc::sync::Arc;
use rsa::pkcs8::der::{Decode, Encode};
use rsa::pkcs8::spki::SubjectPublicKeyInfoRef;
use rustls_pki_types::{PrivateKeyDer, alg_id};
use std::vec;
use std::vec::Vec;

const KEYS: &str = include_str!("../../../vectors/keys.txt");

#[derive(Clone, Copy)]
enum Form {
    Pkcs8,
    Sec1,
    Pkcs1,
}

/// A key as a provider loads it.
fn load_by(
    provider: &CryptoProvider,
    form: Form,
    der: &[u8],
) -> Result<Arc<dyn SigningKey>, CryptoError> {
    let der = der.to_vec();
    provider.keys.load(&match form {
        Form::Pkcs8 => PrivateKeyDer::Pkcs8(der.into()),
        Form::Sec1 => PrivateKeyDer::Sec1(der.into()),
        Form::Pkcs1 => PrivateKeyDer::Pkcs1(der.into()),
    })
}

/// A key as all providers load it, the last of which gives it: they agree on what is one.
fn load(form: Form, der: &[u8]) -> Result<Arc<dyn SigningKey>, CryptoError> {
    let loaded: Vec<_> = tested().iter().map(|p| load_by(p, form, der)).collect();
    for other in &loaded {
        match (&loaded[0], other) {
            (Ok(first), Ok(other)) => assert_eq!(first.public_key_info(), other.public_key_info()),
            (first, other) => assert_eq!(first.as_ref().err(), other.as_ref().err()),
        }
    }
    loaded.into_iter().next_back().unwrap()
}

fn pkcs8(name: &str) -> Vec<u8> {
    section(KEYS, name).get("pkcs8").to_vec()
}

const RSA: &[SignatureScheme] = &[
    SignatureScheme::RSA_PSS_RSAE_SHA256,
    SignatureScheme::RSA_PSS_RSAE_SHA384,
    SignatureScheme::RSA_PSS_RSAE_SHA512,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
];

const PSS: &[SignatureScheme] = &[
    SignatureScheme::RSA_PSS_PSS_SHA256,
    SignatureScheme::RSA_PSS_PSS_SHA384,
    SignatureScheme::RSA_PSS_PSS_SHA512,
];

const LOADABLE: &[(&str, &[SignatureScheme])] = &[
    ("p256", &[SignatureScheme::ECDSA_SECP256R1_SHA256]),
    ("p384", &[SignatureScheme::ECDSA_SECP384R1_SHA384]),
    ("p521", &[SignatureScheme::ECDSA_SECP521R1_SHA512]),
    ("ed25519", &[SignatureScheme::ED25519]),
    ("rsa2048", RSA),
    ("rsa-pss", PSS),
];

/// The contents of a SubjectPublicKeyInfo's AlgorithmIdentifier, and its key.
fn parts(info: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let info = SubjectPublicKeyInfoRef::from_der(info).unwrap();
    let algorithm = info.algorithm.to_der().unwrap();
    // Every one of these is short enough for a length of one byte.
    assert_eq!(usize::from(algorithm[1]), algorithm.len() - 2);
    (
        algorithm[2..].to_vec(),
        info.subject_public_key.raw_bytes().to_vec(),
    )
}

/// Each key loads, has the public half that OpenSSL gives it, and signs with each of its schemes
/// what the verifier of that scheme accepts, and not for another message.
#[test]
fn what_keys_sign_verifies() {
    let providers = tested();
    let pairs = providers
        .iter()
        .flat_map(|p| LOADABLE.iter().map(move |k| (p, k)));
    for (signer, (name, schemes)) in pairs {
        let key = load_by(signer, Form::Pkcs8, &pkcs8(name)).unwrap();
        assert_eq!(key.schemes(), *schemes);
        assert_eq!(key.public_key_info(), section(KEYS, name).get("public"));
        let (algorithm, public_key) = parts(key.public_key_info());

        for scheme in *schemes {
            let mut out = [0; MAX_SIGNATURE_LEN];
            let len = key
                .sign(*scheme, b"message", &mut random(4), &mut out)
                .unwrap();
            // By the algorithms of all providers.
            let verifiers = providers.iter().map(|provider| {
                let schemes = provider.verify.schemes;
                schemes.iter().find(|(s, _)| s == scheme).unwrap().1[0]
            });
            let verifiers: Vec<_> = verifiers.collect();
            assert!(
                verifiers
                    .iter()
                    .all(|v| *v.public_key_alg_id() == *algorithm)
            );
            let verify = |message: &[u8], signature: &[u8]| {
                let verified = verifiers.iter().map(|verifier| {
                    let verified = verifier.verify_signature(&public_key, message, signature);
                    verified.is_ok()
                });
                let verified: Vec<_> = verified.collect();
                assert!(
                    verified.iter().all(|v| *v == verified[0]),
                    "{name} {scheme}"
                );
                verified[0]
            };
            assert!(verify(b"message", &out[..len]), "{name} {scheme}");
            assert!(!verify(b"massage", &out[..len]));
            assert!(!verify(b"message", &out[..len - 1]));
            assert!(!verify(b"message", &out[..len + 1]));
            out[len / 2] ^= 1;
            assert!(!verify(b"message", &out[..len]));

            let mut short = vec![0; len.min(64) - 1];
            let refused = key.sign(*scheme, b"message", &mut random(4), &mut short);
            assert_eq!(refused, Err(CryptoError::BufferSize));
        }
    }
}

#[test]
fn schemes_of_another_key_are_refused() {
    let providers = tested();
    let pairs = providers
        .iter()
        .flat_map(|p| LOADABLE.iter().map(move |k| (p, k)));
    for (provider, (name, schemes)) in pairs {
        let key = load_by(provider, Form::Pkcs8, &pkcs8(name)).unwrap();
        let others = RUSTCRYPTO
            .verify
            .supported()
            .filter(|s| !schemes.contains(s));
        for scheme in others.chain([SignatureScheme::RSA_PKCS1_SHA1, SignatureScheme::ECDSA_SHA1]) {
            let mut out = [0; MAX_SIGNATURE_LEN];
            let refused = key.sign(scheme, b"message", &mut random(4), &mut out);
            assert_eq!(
                refused,
                Err(CryptoError::UnsupportedScheme),
                "{name} {scheme}"
            );
        }
    }
}

/// Where a generator goes in, its bytes matter: ECDSA is hedged, PSS is salted.
#[test]
fn randomness_is_used() {
    let schemes = [
        ("p256", SignatureScheme::ECDSA_SECP256R1_SHA256),
        ("rsa2048", SignatureScheme::RSA_PSS_RSAE_SHA256),
    ];
    let providers = tested();
    let pairs = providers
        .iter()
        .flat_map(|p| schemes.iter().map(move |k| (p, *k)));
    for (provider, (name, scheme)) in pairs {
        let key = load_by(provider, Form::Pkcs8, &pkcs8(name)).unwrap();
        let [first, second] = [1, 2].map(|seed| {
            let mut out = [0; MAX_SIGNATURE_LEN];
            key.sign(scheme, b"message", &mut random(seed), &mut out)
                .unwrap();
            out
        });
        assert_ne!(first, second);
    }
}

#[test]
fn the_older_forms_give_the_same_key() {
    for (name, form) in [
        ("p256", Form::Sec1),
        ("p384", Form::Sec1),
        ("p521", Form::Sec1),
        ("rsa2048", Form::Pkcs1),
    ] {
        let key = load(form, section(KEYS, name).get("traditional")).unwrap();
        assert_eq!(key.public_key_info(), section(KEYS, name).get("public"));
    }
}

#[test]
fn other_keys_are_refused() {
    let refused = |form, der: &[u8]| load(form, der).err() == Some(CryptoError::InvalidKey);
    for name in ["rsa1024", "secp256k1"] {
        assert!(refused(Form::Pkcs8, &pkcs8(name)), "{name}");
    }
    let traditional = |name| section(KEYS, name).get("traditional").to_vec();
    assert!(refused(Form::Pkcs1, &traditional("rsa1024")));
    assert!(refused(Form::Sec1, &traditional("secp256k1")));
    // One form given for another.
    for (name, _) in LOADABLE {
        let der = pkcs8(name);
        assert!(
            refused(Form::Sec1, &der) && refused(Form::Pkcs1, &der),
            "{name}"
        );
    }
    for name in ["p256", "rsa2048"] {
        assert!(refused(Form::Pkcs8, &traditional(name)), "{name}");
    }
    assert!(refused(Form::Sec1, &traditional("rsa2048")));
    assert!(refused(Form::Pkcs1, &traditional("p256")));
}

#[test]
fn malformed_keys_are_refused() {
    for (name, _) in LOADABLE {
        let der = pkcs8(name);
        for len in 0..der.len() {
            assert!(
                load(Form::Pkcs8, &der[..len]).is_err(),
                "{name} cut to {len}"
            );
        }
        let longer = [&der[..], &[0]].concat();
        assert!(
            load(Form::Pkcs8, &longer).is_err(),
            "{name} with a byte more"
        );
    }
}

/// Keys whose halves don't belong together: the public key inside, or the modulus, is changed.
#[test]
fn inconsistent_keys_are_refused() {
    // The public key stands last in these.
    for name in ["p256", "p384", "p521"] {
        let mut der = pkcs8(name);
        *der.last_mut().unwrap() ^= 1;
        assert!(load(Form::Pkcs8, &der).is_err(), "{name}");
    }
    let key = section(KEYS, "rsa2048");
    let modulus = rsa::pkcs1::RsaPrivateKeyRef::from_der(key.get("traditional"))
        .unwrap()
        .modulus;
    let at = key
        .get("traditional")
        .windows(modulus.as_bytes().len())
        .position(|window| window == modulus.as_bytes())
        .unwrap();
    let mut der = key.get("traditional").to_vec();
    der[at + 100] ^= 1;
    assert!(load(Form::Pkcs1, &der).is_err());
}

/// RFC 8410 7: the second version has the public key too.
#[test]
fn ed25519_with_its_public_key() {
    let info = section(KEYS, "ed25519").get("public").to_vec();
    let (_, public_key) = parts(&info);
    let mut der = pkcs8("ed25519");
    // SEQUENCE of 46 bytes that starts with the version, INTEGER 0.
    assert_eq!(der[..5], [0x30, 46, 2, 1, 0]);
    der[1] += 35;
    der[4] = 1;
    der.extend_from_slice(&[0x81, 33, 0]);
    der.extend_from_slice(&public_key);
    assert_eq!(load(Form::Pkcs8, &der).unwrap().public_key_info(), info);

    *der.last_mut().unwrap() ^= 1;
    assert!(load(Form::Pkcs8, &der).is_err());
    // The first version hasn't.
    *der.last_mut().unwrap() ^= 1;
    der[4] = 0;
    assert!(load(Form::Pkcs8, &der).is_err());
}

#[test]
fn debug_shows_no_key() {
    let providers = tested();
    let pairs = providers
        .iter()
        .flat_map(|p| LOADABLE.iter().map(move |k| (p, k)));
    for (provider, (name, _)) in pairs {
        let key = load_by(provider, Form::Pkcs8, &pkcs8(name)).unwrap();
        let shown = std::format!("{key:?}");
        assert!(
            shown.starts_with("SigningKey(") && shown.len() < 30,
            "{shown}"
        );
    }
}

/// RFC 6979, appendix A.2: signatures over a hash of another size than the curve.
#[test]
fn rfc_6979() {
    let text = include_str!("../../../vectors/rfc6979.txt");
    let (sha256, sha384) = (alg_id::ECDSA_SHA256, alg_id::ECDSA_SHA384);
    for (name, curve, hash) in [
        ("A.2.5 SHA-384", alg_id::ECDSA_P256, sha384),
        ("A.2.7 SHA-256", alg_id::ECDSA_P521, sha256),
        ("A.2.7 SHA-384", alg_id::ECDSA_P521, sha384),
    ] {
        for provider in tested() {
            let mut all = provider.verify.all.iter();
            let verifier =
                all.find(|v| (v.public_key_alg_id(), v.signature_alg_id()) == (curve, hash));
            let case = section(text, name);
            let verify = |message: &[u8]| {
                let (public, signature) = (case.get("public"), case.get("signature"));
                verifier
                    .unwrap()
                    .verify_signature(public, message, signature)
            };
            assert!(verify(case.get("message")).is_ok(), "{name}");
            assert!(verify(b"another").is_err(), "{name}");
        }
    }
}
