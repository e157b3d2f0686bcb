use super::*;
use crate::crypto::Random;
use ::rsa::pkcs1::EncodeRsaPublicKey;
use ::rsa::rand_core::Rng;
use ::rsa::{BoxedUint, Pkcs1v15Sign, Pss, RsaPrivateKey};
use crypto_bigint::Odd;
use crypto_bigint::modular::{BoxedMontyForm, BoxedMontyParams};
use sha2::{Digest, Sha256, Sha384};

fn hash<D: Digest>(parts: &[&[u8]]) -> HashOutput {
    crate::provider::rustcrypto::hash::hash::<D>(parts)
}

fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
    let len = u16::try_from(contents.len()).unwrap();
    let [high, low] = len.to_be_bytes();
    let head = match len {
        0..=0x7f => vec![tag, low],
        0x80..=0xff => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [&head, contents].concat()
}

fn public_key(modulus: &[u8], exponent: u64) -> Vec<u8> {
    let integer = |digits: &[u8]| {
        let digits = &digits[digits.iter().take_while(|digit| **digit == 0).count()..];
        let sign: &[u8] = if digits[0] < 0x80 { &[] } else { &[0] };
        der(2, &[sign, digits].concat())
    };
    der(
        0x30,
        &[integer(modulus), integer(&exponent.to_be_bytes())].concat(),
    )
}

/// Numbers of every length, and exponents of every kind, beside crypto-bigint's own arithmetic.
#[test]
fn powers_are_right() {
    let mut random = Random::new([7; 32]);
    for (bits, exponent) in [
        (2048, 3),
        (2048, 65537),
        (2049, 0x1_ffff_ffff),
        (2055, 0x8001),
        (2056, 0xff_ffff),
        (2111, 5),
        (2112, 65537),
        (3072, 65537),
        (4095, 17),
        (4096, 65537),
        (8192, 65537),
    ] {
        let len = usize::div_ceil(bits, 8);
        let mut modulus = vec![0; len];
        random.fill_bytes(&mut modulus);
        let unused = u32::try_from(8 * len - bits).unwrap();
        modulus[0] = modulus[0] >> unused | 0x80 >> unused;
        modulus[len - 1] |= 1;
        let mut signature = vec![0; len];
        random.fill_bytes(&mut signature);
        signature[0] = 0;

        let key = PublicKey::from_der(&public_key(&modulus, exponent)).unwrap();
        let precision = u32::try_from(8 * len).unwrap().next_multiple_of(64);
        let read = |bytes: &[u8]| BoxedUint::from_be_slice(bytes, precision).unwrap();
        let params = BoxedMontyParams::new(Odd::new(read(&modulus)).unwrap());
        for number in [&signature, &vec![0; len], &{
            let mut greatest = modulus.clone();
            greatest[len - 1] -= 1;
            greatest
        }] {
            let power = BoxedMontyForm::new(read(number), &params)
                .pow(&BoxedUint::from(exponent))
                .retrieve();
            let found = key.recover(number).unwrap();
            assert_eq!(found.len(), len);
            assert_eq!(read(&found), power, "{bits} bits, {exponent}");
        }
        // RFC 8017 5.2.2: out of range; 8.1.2: of another length.
        assert_eq!(key.recover(&modulus), None);
        assert_eq!(key.recover(&vec![0xff; len]), None);
        assert_eq!(key.recover(&signature[1..]), None);
        assert_eq!(key.recover(&[&[0], &*signature].concat()), None);
    }
}

#[test]
fn keys_that_are_refused() {
    let mut modulus = vec![0xa5; 256];
    let refused =
        |modulus: &[u8], exponent| PublicKey::from_der(&public_key(modulus, exponent)).is_none();
    assert!(!refused(&modulus, 65537));
    for exponent in [1, 2, 65536, 0x2_0000_0001, u64::MAX] {
        assert!(refused(&modulus, exponent), "{exponent}");
    }
    modulus[255] = 0xa4;
    assert!(refused(&modulus, 65537), "even");
    modulus[255] = 0xa5;
    modulus[0] = 0x7f;
    assert!(refused(&modulus, 65537), "2047 bits");
    assert!(!refused(&[0xa5; 1024], 65537));
    assert!(refused(&[&[1], &[0xa5; 1024][..]].concat(), 65537));

    let good = public_key(&[0xa5; 256], 65537);
    for len in 0..good.len() {
        assert!(PublicKey::from_der(&good[..len]).is_none());
    }
    assert!(PublicKey::from_der(&[&*good, &[0]].concat()).is_none());
    let trailing = der(0x30, &[&good[4..], &[0]].concat());
    assert!(PublicKey::from_der(&trailing).is_none());
}

/// Signatures of another implementation, with moduli of each number of bits in the first byte.
#[test]
fn signatures() {
    let mut random = Random::new([8; 32]);
    for bits in 2049..=2056 {
        let private = RsaPrivateKey::new(&mut random, bits).unwrap();
        let key = private.to_public_key().to_pkcs1_der().unwrap();
        let key = key.as_bytes();
        let digest = Sha256::digest(b"message");

        let mut sign = |padding| {
            private
                .sign_with_rng(&mut random, padding, &digest)
                .unwrap()
        };
        let signature = sign(Pss::<Sha256>::new());
        let verify = |digest: &[u8], signature: &[u8]| {
            verify_pss(key, hash::<Sha256>, digest, signature).is_some()
        };
        assert!(verify(&digest, &signature), "{bits}");
        assert!(!verify(&Sha256::digest(b"another"), &signature));
        assert_eq!(verify_pss(key, hash::<Sha384>, &digest, &signature), None);
        for salt in [0, 31, 33] {
            let signature = sign(Pss::<Sha256>::new_with_salt(salt));
            assert!(!verify(&digest, &signature), "a salt of {salt} bytes");
        }

        let mut signature = private
            .sign(Pkcs1v15Sign::new::<Sha256>(), &digest)
            .unwrap();
        let verify =
            |oid: &[u8], signature: &[u8]| verify_pkcs1(key, oid, &digest, signature).is_some();
        let oid = [0x60, 0x86, 0x48, 1, 101, 3, 4, 2, 1];
        assert!(verify(&oid, &signature), "{bits}");
        assert!(!verify(&oid[..8], &signature));
        signature[100] ^= 1;
        assert!(!verify(&oid, &signature));
    }
}
