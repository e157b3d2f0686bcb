//! What a server may get wrong about PSKs and early data, from a script.

use super::*;
use common::rogue::{Rogue, block, vec8, vec16};
use symbolon::codepoint::*;
use symbolon::error::{CryptoError, ErrorKind, Violation as V};
use symbolon::handshake::{Authentication, EarlyDataRefusal as R};
use symbolon::provider::RUSTCRYPTO;
use symbolon::record::Opener;
use symbolon::secret::SecretBytes;

type Script = Rogue<ClientConnection>;

const AES: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const CHOSEN: [u8; 2] = [0, 0];

/// A client with a session of the script's own suite, which allows early data; its ClientHello has
/// come.
fn dialled(edit: impl FnOnce(ClientConfigBuilder) -> ClientConfigBuilder) -> (World, Script) {
    let world = World::new();
    let client = edit(
        world
            .client()
            .groups(&[NamedGroup::X25519, NamedGroup::SECP256R1])
            .early_data(true),
    );
    let client = client.build().unwrap();
    let server = early(&world).0.cipher_suites(&[AES]).alpn(["h2"]);
    let session = sessions(&client, &server.build().unwrap()).pop().unwrap();
    let key = session.expose_secret().to_vec();
    let mut script = Script::serving(client_at((&client, 1), Some(session)));
    script.psk = Some(key);
    (world, script)
}

fn choose(script: &mut Script) {
    script.server_hello(|hello| hello.set(ExtensionType::PRE_SHARED_KEY, CHOSEN.to_vec()));
}

/// The client still writes with its early keys: what it says comes under them.
fn early_opener(script: &mut Script) {
    let secret = script.early_secret();
    let opener = Opener::new(script.suite.hash, script.suite.aead, &secret);
    script.opener = Some(opener.unwrap());
}

#[test]
fn a_right_one() {
    let (_, mut script) = dialled(|client| client);
    choose(&mut script);
    script.encrypted_extensions(&[]);
    script.finished();
    script.read_client_flight();
    let summary = script.peer.done.unwrap();
    assert!(summary.resumed());
    assert_eq!(summary.early_data, rejected(R::Declined, b""));
}

#[test]
fn a_right_one_with_early_data() {
    let (_, mut script) = dialled(|client| client);
    script.peer.send_early(b"GET /");
    assert_eq!(script.read_early(), b"GET /");
    let reader = script.opener.take();
    choose(&mut script);
    script.encrypted_extensions(&[(ExtensionType::EARLY_DATA, Vec::new())]);
    script.peer.run();
    // It may go on until the server has finished.
    script.peer.send_early(b"more");
    script.finished();
    script.peer.run();
    assert_eq!(script.peer.connection.early_data_room(), 0);
    let handshake = std::mem::replace(&mut script.opener, reader);
    let (kind, content) = script.read_record().unwrap();
    assert_eq!(
        (kind, &content[..]),
        (ContentType::APPLICATION_DATA, &b"more"[..])
    );
    let (kind, raw) = script.read_message();
    assert_eq!(
        (kind, &raw[..]),
        (HandshakeType::END_OF_EARLY_DATA, &[5, 0, 0, 0][..])
    );
    script.opener = handshake;
    script.read_client_flight();
    let summary = script.peer.done.unwrap();
    assert_eq!(summary.early_data, EarlyDataOutcome::Accepted);
}

#[test]
fn an_index_out_of_range() {
    for index in [1_u16, 2, 0xffff] {
        let (_, mut script) = dialled(|client| client.early_data(false));
        let index = index.to_be_bytes().to_vec();
        script.server_hello(|hello| hello.set(ExtensionType::PRE_SHARED_KEY, index));
        script.opener = None;
        script.refused(V::PskIndex, AlertDescription::ILLEGAL_PARAMETER);
    }
}

#[test]
fn a_suite_of_another_hash_than_the_psk() {
    let (_, mut script) = dialled(|client| client.early_data(false));
    script.server_hello(|hello| {
        hello.suites = vec![CipherSuite::TLS_AES_256_GCM_SHA384.0];
        hello.set(ExtensionType::PRE_SHARED_KEY, CHOSEN.to_vec());
    });
    script.refused(V::PskHash, AlertDescription::ILLEGAL_PARAMETER);
}

#[test]
fn a_psk_without_a_key_share() {
    let (_, mut script) = dialled(|client| client.early_data(false));
    script.server_hello(|hello| {
        hello.set(ExtensionType::PRE_SHARED_KEY, CHOSEN.to_vec());
        hello.remove(ExtensionType::KEY_SHARE);
    });
    script.refused(V::PskWithoutKeyShare, AlertDescription::ILLEGAL_PARAMETER);
    // Neither of both.
    let (_, mut script) = dialled(|client| client.psk_without_key_exchange(true).early_data(false));
    script.server_hello(|hello| hello.remove(ExtensionType::KEY_SHARE));
    script.refused(V::MissingKeyShare, AlertDescription::MISSING_EXTENSION);
}

#[test]
fn a_psk_without_a_key_share_after_a_retry() {
    let (_, mut script) = dialled(|client| client.early_data(false));
    script.retry(|_| ());
    script.read_hello();
    script.server_hello(|hello| {
        hello.set(ExtensionType::PRE_SHARED_KEY, CHOSEN.to_vec());
        hello.remove(ExtensionType::KEY_SHARE);
    });
    script.refused(V::PskWithoutKeyShare, AlertDescription::ILLEGAL_PARAMETER);
}

#[test]
fn a_psk_after_a_retry() {
    let (_, mut script) = dialled(|client| client.early_data(false));
    script.retry(|_| ());
    script.read_hello();
    choose(&mut script);
    script.encrypted_extensions(&[]);
    script.finished();
    script.read_client_flight();
    let summary = script.peer.done.unwrap();
    assert!(summary.resumed() && summary.hello_retry_request);
}

#[test]
fn a_psk_that_a_retry_ruled_out() {
    let (_, mut script) = dialled(|client| client.early_data(false));
    let other = CipherSuite::TLS_AES_256_GCM_SHA384.0;
    script.retry(|hello| hello.suites = vec![other]);
    script.read_hello();
    assert!(script.client_hello().extensions.pre_shared_key.is_none());
    script.server_hello(|hello| {
        hello.suites = vec![other];
        hello.set(ExtensionType::PRE_SHARED_KEY, CHOSEN.to_vec());
    });
    script.refused(
        V::UnsolicitedExtension,
        AlertDescription::UNSUPPORTED_EXTENSION,
    );
}

#[test]
fn a_psk_alone_if_the_client_allows_it() {
    let (_, mut script) = dialled(|client| client.psk_without_key_exchange(true));
    script.server_hello(|hello| {
        hello.set(ExtensionType::PRE_SHARED_KEY, CHOSEN.to_vec());
        hello.remove(ExtensionType::KEY_SHARE);
    });
    script.encrypted_extensions(&[]);
    script.finished();
    script.read_client_flight();
    let summary = script.peer.done.unwrap();
    assert!(summary.resumed());
    assert_eq!(summary.group, None);
}

#[test]
fn a_psk_that_was_not_offered() {
    let world = World::new();
    let mut script = Script::server(world.client().build().unwrap());
    choose(&mut script);
    script.refused(
        V::UnsolicitedExtension,
        AlertDescription::UNSUPPORTED_EXTENSION,
    );
}

#[test]
fn a_server_that_does_not_have_the_key() {
    let (_, mut script) = dialled(|client| client.early_data(false));
    script.psk = Some(vec![3; 32]);
    choose(&mut script);
    script.encrypted_extensions(&[]);
    script.peer.run();
    let error = script.peer.failed.unwrap();
    assert_eq!(*error.kind(), ErrorKind::Crypto(CryptoError::DecryptFailed));
    assert_eq!(error.alert(), Some(AlertDescription::BAD_RECORD_MAC));
    assert!(script.peer.done.is_none());
}

#[test]
fn certificates_have_no_place_in_a_handshake_by_psk() {
    let (_, mut script) = dialled(|client| client.early_data(false));
    choose(&mut script);
    script.encrypted_extensions(&[]);
    let schemes = vec16(&SignatureScheme::ECDSA_SECP256R1_SHA256.0.to_be_bytes());
    script.certificate_request(&[], &[(ExtensionType::SIGNATURE_ALGORITHMS, schemes)]);
    script.refused(V::UnexpectedMessage, AlertDescription::UNEXPECTED_MESSAGE);

    let (world, mut script) = dialled(|client| client.early_data(false));
    let leaf = world.pki.leaf(&["server.example"], KeyKind::EcdsaP256);
    choose(&mut script);
    script.encrypted_extensions(&[]);
    script.certificate(&leaf);
    script.refused(V::UnexpectedMessage, AlertDescription::UNEXPECTED_MESSAGE);
}

#[test]
fn certificates_are_needed_where_no_psk_was_chosen() {
    let (_, mut script) = dialled(|client| client.early_data(false));
    script.psk = None;
    script.server_hello(|_| ());
    script.encrypted_extensions(&[]);
    script.finished();
    script.refused(V::UnexpectedMessage, AlertDescription::UNEXPECTED_MESSAGE);
}

#[test]
fn a_wrong_finished() {
    let (_, mut script) = dialled(|client| client.early_data(false));
    choose(&mut script);
    script.encrypted_extensions(&[]);
    let mut data = script.verify_data();
    data[0] ^= 1;
    script.message(HandshakeType::FINISHED, &data);
    script.refused(V::BadFinished, AlertDescription::DECRYPT_ERROR);
}

const TAKEN: (ExtensionType, Vec<u8>) = (ExtensionType::EARLY_DATA, Vec::new());

#[test]
fn early_data_accepted_that_was_not_offered() {
    let (_, mut script) = dialled(|client| client.early_data(false));
    choose(&mut script);
    script.encrypted_extensions(&[TAKEN]);
    script.refused(
        V::UnsolicitedExtension,
        AlertDescription::UNSUPPORTED_EXTENSION,
    );
}

#[test]
fn early_data_accepted_without_the_psk() {
    let (_, mut script) = dialled(|client| client);
    script.psk = None;
    script.server_hello(|_| ());
    script.encrypted_extensions(&[TAKEN]);
    script.refused(V::EarlyDataNotFirst, AlertDescription::ILLEGAL_PARAMETER);
}

#[test]
fn early_data_accepted_with_the_second_psk() {
    let key = vec![5; 32];
    let psk = ExternalPsk::new(b"id", SecretBytes::new(key.clone()), PskHash::Sha256).unwrap();
    let (_, mut script) = dialled(|client| client.psk(Arc::new(psk)));
    script.psk = Some(key);
    script.server_hello(|hello| hello.set(ExtensionType::PRE_SHARED_KEY, vec![0, 1]));
    script.encrypted_extensions(&[TAKEN]);
    script.refused(V::EarlyDataNotFirst, AlertDescription::ILLEGAL_PARAMETER);
}

#[test]
fn early_data_accepted_with_another_suite() {
    let (_, mut script) = dialled(|client| client);
    let other = CipherSuite::TLS_CHACHA20_POLY1305_SHA256;
    let suites = RUSTCRYPTO.tls13_suites.iter();
    let aes = script.suite;
    let secret = script.early_secret();
    script.suite = suites.copied().find(|suite| suite.name == other).unwrap();
    choose(&mut script);
    script.encrypted_extensions(&[TAKEN]);
    script.opener = Some(Opener::new(aes.hash, aes.aead, &secret).unwrap());
    script.refused(V::EarlyDataNotFirst, AlertDescription::ILLEGAL_PARAMETER);
}

#[test]
fn early_data_accepted_with_another_protocol() {
    let name = |name: &[u8]| (ExtensionType::ALPN, vec16(&vec8(name)));
    for extensions in [vec![name(b"h3"), TAKEN], vec![TAKEN]] {
        let (_, mut script) = dialled(|client| client.alpn(["h3", "h2"]));
        choose(&mut script);
        script.encrypted_extensions(&extensions);
        early_opener(&mut script);
        script.refused(V::EarlyDataNotFirst, AlertDescription::ILLEGAL_PARAMETER);
    }
    let (_, mut script) = dialled(|client| client.alpn(["h3", "h2"]));
    choose(&mut script);
    script.encrypted_extensions(&[name(b"h2"), TAKEN]);
    script.peer.run();
    assert_eq!(script.peer.failed, None);
    assert_eq!(script.peer.connection.early_data_room(), 1000);
}

#[test]
fn early_data_accepted_after_a_retry() {
    let (_, mut script) = dialled(|client| client);
    script.peer.send_early(b"GET /");
    assert_eq!(script.read_early(), b"GET /");
    script.retry(|_| ());
    // In the clear again, without early data, and with the same PSK.
    script.opener = None;
    script.read_hello();
    assert_eq!(script.seen.last().unwrap().0, ContentType::HANDSHAKE);
    let hello = script.client_hello();
    assert!(!hello.extensions.early_data && hello.extensions.pre_shared_key.is_some());
    let misuse = script
        .peer
        .connection
        .send_early_data(b"x", &mut Vec::new());
    assert_eq!(
        *misuse.unwrap_err().kind(),
        ErrorKind::Misuse(symbolon::error::Misuse::NoEarlyData)
    );
    choose(&mut script);
    script.encrypted_extensions(&[TAKEN]);
    script.refused(
        V::UnsolicitedExtension,
        AlertDescription::UNSUPPORTED_EXTENSION,
    );
}

#[cfg(feature = "tls12")]
#[test]
fn an_older_version_after_early_data() {
    for sent in [true, false] {
        let (_, mut script) = dialled(|client| client);
        if sent {
            script.peer.send_early(b"GET /");
            script.read_early();
        }
        let reader = script.opener.take();
        script.server_hello(|hello| {
            hello.suites = vec![0xc02b];
            hello.extensions.clear();
        });
        script.opener = reader;
        if !sent {
            early_opener(&mut script);
        }
        script.refused(V::EarlyDataDowngrade, AlertDescription::PROTOCOL_VERSION);
    }
}

/// A NewSessionTicket.
fn ticket(script: &mut Script, lifetime: u32, early: Option<u32>) {
    let extensions = early.map(|most| (ExtensionType::EARLY_DATA, most.to_be_bytes().to_vec()));
    let extensions: Vec<_> = extensions.into_iter().collect();
    let body = [
        &lifetime.to_be_bytes()[..],
        &[1, 2, 3, 4],
        &vec8(b"nonce"),
        &vec16(b"ticket"),
        &block(&extensions),
    ]
    .concat();
    script.record(
        ContentType::HANDSHAKE,
        &common::rogue::message(HandshakeType::NEW_SESSION_TICKET, &body),
    );
}

#[test]
fn tickets_that_promise_too_much() {
    let (_, mut script) = dialled(|client| client);
    script.peer.time = at(600_000);
    choose(&mut script);
    script.encrypted_extensions(&[]);
    script.finished();
    script.read_client_flight();
    ticket(&mut script, 0, Some(9));
    ticket(&mut script, 604_801, Some(9));
    ticket(&mut script, u32::MAX, None);
    script.peer.run();
    assert_eq!(script.peer.failed, None);
    // RFC 9846 4.7.1: zero is none, and seven days are the most.
    let [first, second] = &script.peer.sessions[..] else {
        panic!("{:?}", script.peer.sessions);
    };
    assert_eq!((first.lifetime(), second.lifetime()), (604_800, 604_800));
    assert_eq!((first.max_early_data(), second.max_early_data()), (9, 0));
    // However often it is resumed, it ends seven days after the server showed its certificate.
    assert_eq!(first.expires(), at(604_800));
    let authenticated = now();
    assert_eq!(
        script.peer.done.unwrap().authentication,
        Authentication::Session { authenticated }
    );
}

#[test]
fn tickets_after_an_external_psk_are_no_sessions() {
    // They would no longer tell whose key it was, and there is no certificate behind them.
    let world = World::new();
    let key = vec![5; 32];
    let psk = ExternalPsk::new(b"id", SecretBytes::new(key.clone()), PskHash::Sha256).unwrap();
    let client = world.client().psk(Arc::new(psk)).build().unwrap();
    assert_eq!(client.scope(), world.client().build().unwrap().scope());
    let mut script = Script::server(client);
    script.psk = Some(key);
    choose(&mut script);
    script.encrypted_extensions(&[]);
    script.finished();
    script.read_client_flight();
    ticket(&mut script, 100, None);
    script.peer.run();
    assert_eq!(script.peer.failed, None);
    assert!(script.peer.sessions.is_empty());
}
