use super::{SHA256, SHA384, SHA512};
use crate::error::CryptoError;
use crate::provider::vectors::{hex, sections};
use std::format;

#[test]
fn rfc_5869() {
    let cases = sections(include_str!("../../../../vectors/rfc5869.txt"));
    assert_eq!(cases.len(), 3);
    for case in cases {
        let prk = SHA256.hkdf_extract(case.get("salt"), case.get("ikm"));
        assert_eq!(prk.expose(), case.get("prk"), "{}", case.name);

        let expected = case.get("okm");
        let (info_a, info_b) = case.get("info").split_at(case.get("info").len() / 2);
        let mut okm = std::vec![0; expected.len()];
        SHA256
            .hkdf_expand(prk.expose(), &[info_a, info_b], &mut okm)
            .unwrap();
        assert_eq!(okm, expected, "{}", case.name);
    }
}

/// FIPS 180-4, the example "abc" of each.
#[test]
fn abc() {
    let expected = [
        (
            SHA256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            SHA384,
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
             8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            SHA512,
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ];
    for (hash, digest) in expected {
        assert_eq!(hash.hash(&[b"a", b"", b"bc"]).as_bytes(), hex(digest));
        assert_eq!(hash.output_len(), digest.len() / 2);
    }
}

#[test]
fn a_running_hash_goes_on_after_it_was_looked_at() {
    for hash in [SHA256, SHA384, SHA512] {
        let mut running = hash.start();
        assert_eq!(running.current(), hash.hash(&[]));
        assert_eq!(running.current(), hash.hash_of_nothing());
        running.update(b"one");
        assert_eq!(running.current(), hash.hash(&[b"one"]));
        running.update(b"two");
        assert_eq!(running.current(), hash.hash(&[b"onetwo"]));
    }
}

#[test]
fn expand_refuses_what_rfc_5869_refuses() {
    for hash in [SHA256, SHA384, SHA512] {
        let len = hash.output_len();
        let prk = std::vec![1; len];
        let mut okm = std::vec![0; 255 * len + 1];
        let mut expand = |prk: &[u8], n: usize| hash.hkdf_expand(prk, &[], &mut okm[..n]);
        assert_eq!(expand(&prk, 255 * len), Ok(()));
        assert_eq!(expand(&prk, 255 * len + 1), Err(CryptoError::BufferSize));
        assert_eq!(expand(&prk[1..], 1), Err(CryptoError::BufferSize));
    }
}

#[test]
fn debug_names_the_hash() {
    assert_eq!(format!("{SHA384:?}"), "SHA-384");
}
