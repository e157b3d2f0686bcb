//! After an error: one alert, the same error at every later call, and no plaintext of the record that
//! failed in the caller's buffer. For each AEAD of both versions and of each provider.
//!
//! That each rule that a peer breaks has the alert that the RFC asks for is shown by `tests/refusals`
//! and `tests/states12`, whose scripted peers check it for every error.

use crate::common::pair::Pair;
use crate::common::rogue::World;
use std::sync::Arc;
use symbolon::codepoint::{AlertDescription, CipherSuite, ProtocolVersion as P};
use symbolon::config::{ClientConfig, Credential, ServerConfig};
use symbolon::conn::Event;
use symbolon::crypto::CryptoProvider;
use symbolon::error::{CryptoError, ErrorKind, Misuse};
use symbolon::provider::{RUSTCRYPTO, default_provider};

const TEXT: &[u8] = b"attack at dawn, and not a minute later; bring the long ladders with you";

fn pair(world: &World, provider: CryptoProvider, suite: CipherSuite, version: P) -> Pair {
    let rsa = suite.to_string().contains("RSA");
    let identity = match rsa {
        true => world
            .pki
            .leaf(&["server.example"], crate::common::certs::KeyKind::Rsa2048),
        false => (world.server.0.clone(), world.server.1.clone_key()),
    };
    let credential = Credential::new(identity.0, &identity.1, &provider).unwrap();
    let client = ClientConfig::builder()
        .provider(provider)
        .roots(world.pki.roots())
        .versions(&[version])
        .cipher_suites(&[suite]);
    let server = ServerConfig::builder()
        .provider(provider)
        .credential(credential)
        .versions(&[version])
        .cipher_suites(&[suite]);
    let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
    pair.handshake();
    pair
}

/// Sends text, changes a byte of its record and looks at what is left.
fn spoilt(pair: &mut Pair, at: impl FnOnce(usize) -> usize) {
    pair.client.send(TEXT);
    let mut record = std::mem::take(&mut pair.client.output);
    let at = at(record.len());
    record[at] ^= 0x20;
    let before = record.clone();
    let server = &mut pair.server.connection;
    let mut output = Vec::new();
    let Event::Failed(error) = server.receive(&mut record, &mut output).event else {
        panic!("not noticed");
    };
    assert_eq!(*error.kind(), ErrorKind::Crypto(CryptoError::DecryptFailed));
    assert_eq!(error.alert(), Some(AlertDescription::BAD_RECORD_MAC));
    // No part of the text, and nothing that differs from what came but zeros.
    for part in TEXT.windows(4) {
        assert!(!record.windows(4).any(|window| window == part));
    }
    for (i, (after, before)) in record.iter().zip(&before).enumerate() {
        assert!(after == before || *after == 0, "byte {i}");
    }
    // One alert, of one record.
    assert_eq!(crate::common::pair::records(&output).len(), 1);
    output.clear();
    // Dead from now on, whatever is called.
    for _ in 0..3 {
        let mut more = before.clone();
        match server.receive(&mut more, &mut output).event {
            Event::Failed(again) => assert_eq!(again, error),
            event => panic!("{event:?}"),
        }
        assert_eq!(more, before, "a dead connection looks at nothing");
        assert_eq!(server.send(b"x", &mut output), Err(error.clone()));
        assert!(server.update_keys(false).is_err());
        assert_eq!(server.flush(&mut output), 0);
        server.close();
        server.end_of_input();
        let mut buf = [0; 100];
        assert_eq!(server.seal_in_place(&mut buf, 40..41), Err(error.clone()));
    }
    assert!(output.is_empty(), "something after the alert");
    // The client hears it, once, and is dead too.
    assert!(!server.is_handshaking());
}

#[test]
fn a_record_that_fails_leaves_no_plaintext() {
    let world = World::new();
    let mut tried = 0;
    for provider in [RUSTCRYPTO, default_provider()] {
        let new = provider
            .tls13_suites
            .iter()
            .map(|suite| (suite.name, P::TLS13));
        let old = provider.tls12_suites.iter().filter(|suite| {
            // Without a PSK in the config there are none of these.
            suite.auth != symbolon::crypto::SuiteAuth::Psk
        });
        let old = old.map(|suite| (suite.name, P::TLS12));
        for (suite, version) in new.chain(old) {
            // The first byte of what is sealed, one in the middle, the tag, the header's length being
            // the record's own.
            let ends: [fn(usize) -> usize; 4] =
                [|_| 13, |len| len / 2, |len| len - 1, |len| len - 8];
            for at in ends {
                spoilt(&mut pair(&world, provider, suite, version), at);
                tried += 1;
            }
        }
    }
    assert!(tried >= 2 * 4 * 11, "{tried}");
}

/// Records too short to hold a tag, of every length.
#[test]
fn records_without_a_tag_take_the_same_path() {
    let world = World::new();
    let suites = [
        (CipherSuite::TLS_AES_128_GCM_SHA256, P::TLS13),
        (CipherSuite::TLS_CHACHA20_POLY1305_SHA256, P::TLS13),
        (
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            P::TLS12,
        ),
        (
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            P::TLS12,
        ),
    ];
    for (suite, version) in suites {
        for len in [0, 1, 7, 8, 15, 16, 17, 23, 24, 25] {
            let mut pair = pair(&world, default_provider(), suite, version);
            let mut record = [&[23, 3, 3, 0, len][..], &vec![0x5a; usize::from(len)]].concat();
            let mut output = Vec::new();
            let received = pair.server.connection.receive(&mut record, &mut output);
            let Event::Failed(error) = received.event else {
                panic!("{len} bytes of {suite}");
            };
            assert_eq!(
                *error.kind(),
                ErrorKind::Crypto(CryptoError::DecryptFailed),
                "{len}"
            );
            assert_eq!(error.alert(), Some(AlertDescription::BAD_RECORD_MAC));
        }
    }
}

/// A connection that failed in the handshake is as dead, for every method.
#[test]
fn dead_in_the_handshake() {
    let world = World::new();
    for version in [P::TLS13, P::TLS12] {
        let server = world.server_config().versions(&[version]).build().unwrap();
        let client = world.client_config().versions(&[version]).build().unwrap();
        let mut pair = Pair::new(Arc::clone(&client), Arc::clone(&server));
        pair.client.run();
        pair.server.input.append(&mut pair.client.output);
        pair.server.run();
        pair.client.input.append(&mut pair.server.output);
        // The server's random: what is signed, or the keys, come out otherwise.
        pair.client.input[20] ^= 1;
        pair.client.run();
        let error = pair.client.failed.clone().unwrap();
        let alert = error.alert().unwrap();
        let sent = crate::common::pair::records(&pair.client.output);
        match version {
            P::TLS12 => {
                assert_eq!(pair.client.output.last(), Some(&alert.0));
                assert_eq!(sent, [(21, 2)]);
            }
            // A change_cipher_spec, and what is protected already.
            _ => assert_eq!(
                sent.iter().map(|record| record.0).collect::<Vec<_>>(),
                [20, 23]
            ),
        }
        pair.client.output.clear();
        for _ in 0..3 {
            pair.client.failed = None;
            pair.client.run();
            assert_eq!(pair.client.failed.as_ref(), Some(&error));
            let connection = &mut pair.client.connection;
            let mut sink = Vec::new();
            assert_eq!(connection.send(b"x", &mut sink), Err(error.clone()));
            assert_eq!(connection.flush(&mut sink), 0);
            connection.close();
            assert!(sink.is_empty());
            assert!(matches!(
                connection.exporter().unwrap_err().kind(),
                ErrorKind::Misuse(Misuse::HandshakeNotDone)
            ));
        }
        assert!(pair.client.output.is_empty(), "an alert is sent once");
        assert!(pair.client.connection.into_split().is_err());
    }
}
