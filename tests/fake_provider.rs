//! The provider of the tests that need speed does what a provider must: handshakes with it are whole,
//! and it notices what was changed.

mod common {
    pub mod fake;
    pub mod pair;
}

use common::fake::{FAKE, FakeKey, Kind, Mix, SHA256, credential};
use common::pair::Pair;
use std::sync::Arc;
use symbolon::codepoint::*;
use symbolon::config::{ClientConfig, ServerConfig};
use symbolon::crypto::Random;
use symbolon::pki::DangerousAcceptAnyCertificate;

fn pair(kind: Kind, version: ProtocolVersion, group: NamedGroup) -> Pair {
    // RFC 8422 5.1: the curve of the certificate counts, too.
    let mut groups = vec![NamedGroup::X25519, NamedGroup::SECP256R1, group];
    groups.dedup();
    let client = ClientConfig::builder()
        .provider(FAKE)
        .versions(&[version])
        .groups(&groups)
        .verifier(Arc::new(DangerousAcceptAnyCertificate));
    let server = ServerConfig::builder()
        .provider(FAKE)
        .groups(&[group])
        .credential(credential(kind, "server.example"));
    Pair::new(client.build().unwrap(), server.build().unwrap())
}

#[test]
fn handshakes_of_every_kind_of_key_and_group() {
    for kind in [Kind::Ecdsa, Kind::Ed25519, Kind::Rsa] {
        for version in [ProtocolVersion::TLS13, ProtocolVersion::TLS12] {
            for group in FAKE.groups {
                if version == ProtocolVersion::TLS12 && group.is_encapsulation() {
                    continue;
                }
                let mut pair = pair(kind, version, group.name());
                let (client, server) = pair.handshake();
                assert_eq!(client.version, version);
                assert_eq!(client.group, Some(group.name()));
                assert_eq!(server.group, Some(group.name()));
                pair.client.send(b"data");
                pair.run();
                assert_eq!(pair.server.data, b"data");
            }
        }
    }
}

#[test]
fn a_hash_depends_on_every_bit_and_on_the_length_only() {
    let text: Vec<u8> = (0..100).collect();
    let whole = SHA256.hash(&[&text]);
    for cut in 0..text.len() {
        let mut running = SHA256.start();
        running.update(&text[..cut]);
        assert_ne!(running.current(), whole);
        running.update(&text[cut..]);
        assert_eq!(running.current(), whole);
        for bit in 0..8 {
            let mut other = text.clone();
            other[cut] ^= 1 << bit;
            assert_ne!(SHA256.hash(&[&other]), whole);
        }
    }
    // Zeros at the end count.
    assert_ne!(SHA256.hash(&[&[0; 7]]), SHA256.hash(&[&[0; 8]]));
    assert_ne!(SHA256.hash(&[&[0; 8]]), SHA256.hash(&[&[0; 9]]));
}

#[test]
fn a_record_that_was_changed_is_not_opened() {
    for suite in FAKE.tls13_suites {
        let key = suite.aead.key(&vec![7; suite.aead.key_len()]).unwrap();
        let (nonce, text) = ([1; 12], [2_u8; 21]);
        let mut sealed = [&text[..], &vec![0; suite.aead.tag_len()]].concat();
        key.seal_in_place(&nonce, b"aad", &mut sealed).unwrap();
        for i in 0..8 * sealed.len() {
            let mut changed = sealed.clone();
            changed[i / 8] ^= 1 << (i % 8);
            assert!(key.open_in_place(&nonce, b"aad", &mut changed).is_err());
        }
        let mut copy = sealed.clone();
        assert!(key.open_in_place(&nonce, b"aa", &mut copy).is_err());
        assert!(key.open_in_place(&[3; 12], b"aad", &mut copy).is_err());
        assert_eq!(key.open_in_place(&nonce, b"aad", &mut copy), Ok(21));
        assert_eq!(copy[..21], text);
    }
}

#[test]
fn both_ends_of_a_key_exchange_get_the_same_and_bad_shares_are_noticed() {
    let random = &mut Random::new([1; 32]);
    for group in FAKE.groups {
        let client = group.start(random).unwrap();
        let mut share = vec![0; group.client_share_len()];
        client.write_share(&mut share).unwrap();
        let mut answer = vec![0; group.server_share_len()];
        let theirs = group.respond(random, &share, &mut answer).unwrap();
        assert_eq!(client.finish(&answer).unwrap(), theirs);
        for i in 0..share.len() {
            let mut bad = share.clone();
            bad[i] ^= 0x10;
            assert!(group.respond(random, &bad, &mut answer).is_err());
        }
    }
}

#[test]
fn a_signature_is_of_one_key_scheme_and_message() {
    let key = FakeKey::new(Kind::Rsa, "a");
    let pss = key.sign(SignatureScheme::RSA_PSS_RSAE_SHA256, b"m");
    assert_eq!(pss, key.sign(SignatureScheme::RSA_PSS_RSAE_SHA256, b"m"));
    assert_ne!(pss, key.sign(SignatureScheme::RSA_PSS_RSAE_SHA256, b"n"));
    assert_ne!(pss, key.sign(SignatureScheme::RSA_PKCS1_SHA256, b"m"));
    let other = FakeKey::new(Kind::Rsa, "b");
    assert_ne!(pss, other.sign(SignatureScheme::RSA_PSS_RSAE_SHA256, b"m"));
    assert_eq!(key.sign(SignatureScheme::ED25519, b"m"), None);
}

#[test]
fn the_mixer_tells_lists_of_parts_apart() {
    let of = |parts: &[&[u8]]| {
        let mut mix = Mix::new(0);
        parts.iter().for_each(|part| {
            mix.part(part);
        });
        mix.u64()
    };
    assert_ne!(of(&[b"ab", b"c"]), of(&[b"a", b"bc"]));
    assert_ne!(of(&[b"ab"]), of(&[b"ab", b""]));
}
