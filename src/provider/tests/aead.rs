use crate::codepoint::CipherSuite;
use crate::crypto::{Aead, Tls13Suite};
use crate::error::CryptoError;
use crate::provider::vectors::section;
use std::vec;
use std::vec::Vec;

const SUITES: [CipherSuite; 5] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    CipherSuite::TLS_AES_128_CCM_SHA256,
    CipherSuite::TLS_AES_128_CCM_8_SHA256,
];

/// The AEADs of each provider: AES-128-GCM, AES-256-GCM, ChaCha20-Poly1305, and both of CCM.
fn each() -> Vec<[&'static dyn Aead; 5]> {
    let aead = |suites: &[&'static Tls13Suite], name| {
        suites.iter().find(|suite| suite.name == name).unwrap().aead
    };
    let providers = super::tested();
    let of = providers
        .iter()
        .map(|p| SUITES.map(|name| aead(p.tls13_suites, name)));
    of.collect()
}

#[test]
fn rfc_8439() {
    let case = section(
        include_str!("../../../vectors/rfc8439.txt"),
        "chacha20-poly1305",
    );
    for [_, _, chacha20_poly1305, ..] in each() {
        let key = chacha20_poly1305.key(case.get("key")).unwrap();
        let nonce = case.get("nonce").try_into().unwrap();
        let sealed = [case.get("ciphertext"), case.get("tag")].concat();

        let mut buf = [case.get("plaintext"), &[0xff; 16]].concat();
        key.seal_in_place(nonce, case.get("aad"), &mut buf).unwrap();
        assert_eq!(buf, sealed);
        let len = key.open_in_place(nonce, case.get("aad"), &mut buf).unwrap();
        assert_eq!(&buf[..len], case.get("plaintext"));
    }
}

#[test]
fn sizes() {
    for all in each() {
        let sizes = all.map(|aead| (aead.key_len(), aead.tag_len()));
        assert_eq!(sizes, [(16, 16), (32, 16), (32, 16), (16, 16), (16, 8)]);
    }
    for aead in each().into_iter().flatten() {
        let key = vec![7; aead.key_len() + 1];
        assert!(aead.key(&key[1..]).is_ok());
        for wrong in [&key[..], &key[2..], &[]] {
            assert_eq!(aead.key(wrong).err(), Some(CryptoError::InvalidKey));
        }
    }
}

/// Seals 0, 1 and many bytes; opens them; and sees every single flipped bit of nonce, additional
/// data, ciphertext and tag refused with nothing of the plaintext left.
#[test]
fn what_was_changed_does_not_open() {
    for aead in each().into_iter().flatten() {
        let key = aead.key(&vec![0x42; aead.key_len()]).unwrap();
        for len in [0, 1, 15, 16, 17, 67] {
            let (nonce, aad) = ([5; 12], *b"header");
            let plaintext: Vec<u8> = (1..=len).collect();
            let mut sealed = plaintext.clone();
            sealed.resize(plaintext.len() + aead.tag_len(), 0xee);
            key.seal_in_place(&nonce, &aad, &mut sealed).unwrap();

            let mut opened = sealed.clone();
            let opened_len = key.open_in_place(&nonce, &aad, &mut opened).unwrap();
            assert_eq!(opened[..opened_len], plaintext);

            let all = [&nonce[..], &aad, &sealed].concat();
            for bit in 0..all.len() * 8 {
                let mut changed = all.clone();
                changed[bit / 8] ^= 1 << (bit % 8);
                let (nonce, rest) = changed.split_at_mut(12);
                let (aad, buf) = rest.split_at_mut(6);
                let opened = key.open_in_place((&*nonce).try_into().unwrap(), aad, buf);
                assert_eq!(
                    opened,
                    Err(CryptoError::DecryptFailed),
                    "{aead:?}, bit {bit}"
                );
                assert!(buf[..plaintext.len()].iter().all(|byte| *byte == 0));
            }
        }
    }
}

#[test]
fn what_is_shorter_than_a_tag_is_refused() {
    for aead in each().into_iter().flatten() {
        let key = aead.key(&vec![1; aead.key_len()]).unwrap();
        for len in 0..aead.tag_len() {
            let mut buf = vec![0; len];
            let sealed = key.seal_in_place(&[0; 12], &[], &mut buf);
            assert_eq!(sealed, Err(CryptoError::BufferSize));
            let opened = key.open_in_place(&[0; 12], &[], &mut buf);
            assert_eq!(opened, Err(CryptoError::DecryptFailed));
        }
    }
}

/// The numbers in powers of two, as the RFCs give them.
#[test]
fn limits_are_those_of_the_rfcs() {
    let near = |value: u64, exponent: f64| (value as f64 - exponent.exp2()).abs() < 1.0;
    for [
        aes_128_gcm,
        aes_256_gcm,
        chacha20_poly1305,
        aes_128_ccm,
        aes_128_ccm_8,
    ] in each()
    {
        for aead in [aes_128_gcm, aes_256_gcm] {
            assert!(near(aead.confidentiality_limit(), 24.5));
            assert!(near(aead.integrity_limit(), 52.0));
        }
        assert_eq!(chacha20_poly1305.confidentiality_limit(), u64::MAX);
        assert!(near(chacha20_poly1305.integrity_limit(), 36.0));
        for aead in [aes_128_ccm, aes_128_ccm_8] {
            assert!(near(aead.confidentiality_limit(), 23.0));
        }
        assert!(near(aes_128_ccm.integrity_limit(), 21.5));
        assert!(near(aes_128_ccm_8.integrity_limit(), 7.0));
    }
}
