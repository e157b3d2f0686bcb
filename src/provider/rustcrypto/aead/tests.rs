use super::super::vectors::section;
use super::{AES_128_CCM, AES_128_CCM_8, AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305};
use crate::crypto::Aead;
use crate::error::CryptoError;
use std::vec;

const ALL: [&dyn Aead; 5] = [
    AES_128_GCM,
    AES_256_GCM,
    CHACHA20_POLY1305,
    AES_128_CCM,
    AES_128_CCM_8,
];

#[test]
fn rfc_8439() {
    let case = section(
        include_str!("../../../../vectors/rfc8439.txt"),
        "chacha20-poly1305",
    );
    let key = CHACHA20_POLY1305.key(case.get("key")).unwrap();
    let nonce = case.get("nonce").try_into().unwrap();
    let sealed = [case.get("ciphertext"), case.get("tag")].concat();

    let mut buf = [case.get("plaintext"), &[0xff; 16]].concat();
    key.seal_in_place(nonce, case.get("aad"), &mut buf).unwrap();
    assert_eq!(buf, sealed);
    let len = key.open_in_place(nonce, case.get("aad"), &mut buf).unwrap();
    assert_eq!(&buf[..len], case.get("plaintext"));
}

#[test]
fn sizes() {
    let sizes = ALL.map(|aead| (aead.key_len(), aead.tag_len()));
    assert_eq!(sizes, [(16, 16), (32, 16), (32, 16), (16, 16), (16, 8)]);
    for aead in ALL {
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
    for aead in ALL {
        let key = aead.key(&vec![0x42; aead.key_len()]).unwrap();
        for len in [0, 1, 15, 16, 17, 67] {
            let (nonce, aad) = ([5; 12], *b"header");
            let plaintext: vec::Vec<u8> = (1..=len).collect();
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
    for aead in ALL {
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
    for aead in [AES_128_GCM, AES_256_GCM] {
        assert!(near(aead.confidentiality_limit(), 24.5));
        assert!(near(aead.integrity_limit(), 52.0));
    }
    assert_eq!(CHACHA20_POLY1305.confidentiality_limit(), u64::MAX);
    assert!(near(CHACHA20_POLY1305.integrity_limit(), 36.0));
    for aead in [AES_128_CCM, AES_128_CCM_8] {
        assert!(near(aead.confidentiality_limit(), 23.0));
    }
    assert!(near(AES_128_CCM.integrity_limit(), 21.5));
    assert!(near(AES_128_CCM_8.integrity_limit(), 7.0));
}
