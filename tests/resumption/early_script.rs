//! Early data from a scripted client: too much, out of place, and after it was refused.

use super::binders::psk_of;
use super::*;
use common::rogue::{Hello, Psk, Rogue, message};
use symbolon::codepoint::*;
use symbolon::error::{CryptoError, DecodeFault, ErrorKind, Limit, Violation as V};
use symbolon::handshake::EarlyDataRefusal as R;
use symbolon::keys::tls13::PskKind;

type Script = Rogue<ServerConnection>;

const AES: CipherSuite = CipherSuite::TLS_AES_128_GCM_SHA256;
const DATA: ContentType = ContentType::APPLICATION_DATA;
const GROUPS: [NamedGroup; 2] = [NamedGroup::X25519, NamedGroup::SECP256R1];

/// A script, and a fresh session of its server's.
fn served(server: ServerConfigBuilder) -> (Script, Psk) {
    let world = World::new();
    let server = server.cipher_suites(&[AES]).build().unwrap();
    let client = world.client().verifier(Arc::new(Anybody)).early_data(true);
    // The script sends no name.
    let client = client.session_scope("script").server_name(false);
    let client = client.build().unwrap();
    let session = sessions(&client, &server).pop().unwrap();
    let mut psk = psk_of(&session);
    let mut records = Vec::new();
    client_at((&client, 0), Some(session)).flush(&mut records);
    let hello = super::hellos(&records).remove(0);
    let hello = symbolon::wire::hello::ClientHello::parse(&hello).unwrap();
    let offered = hello.extensions.pre_shared_key.unwrap();
    psk.age = offered
        .identities
        .iter()
        .next()
        .unwrap()
        .obfuscated_ticket_age;
    let mut script = Script::client(server);
    script.psk = Some(psk.key.clone());
    (script, psk)
}

/// Trusts whoever it is: the script's worlds are many.
#[derive(Debug)]
struct Anybody;

impl symbolon::pki::Verifier for Anybody {
    fn verify(
        &self,
        _: &symbolon::pki::VerifyRequest,
        _: &symbolon::crypto::VerifyAlgorithms,
    ) -> symbolon::pki::Decision<
        Result<symbolon::pki::VerifiedChain, symbolon::error::CertificateError>,
    > {
        let verdict = symbolon::pki::VerifiedChain::by_application("in a test");
        symbolon::pki::Decision::Now(Ok(verdict))
    }
}

fn offering(hello: &mut Hello) {
    hello.set(ExtensionType::EARLY_DATA, Vec::new());
}

fn saying(freshness: Freshness) -> ServerConfigBuilder {
    early_with(&World::new(), Arc::new(Says(freshness)))
}

/// The server has answered, and its recorder has said this; the script writes with its early keys.
fn begun(freshness: Freshness) -> Script {
    let (mut script, psk) = served(saying(freshness));
    script.psk_hello(&[psk], offering);
    let messages = script.read_flight();
    let body = &messages[0].1[4..];
    let accepted = symbolon::wire::handshake::EncryptedExtensions::parse(body).unwrap();
    assert_eq!(accepted.early_data, freshness == Freshness::New);
    script.write_early();
    script
}

fn end(script: &mut Script) {
    script.message(HandshakeType::END_OF_EARLY_DATA, &[]);
}

/// The rest of a handshake that must go well.
#[track_caller]
fn finishes(script: &mut Script) -> Summary {
    script.write_handshake();
    script.finished();
    script.peer.run();
    assert_eq!(script.peer.failed, None);
    script.peer.done.clone().unwrap()
}

#[test]
fn the_exact_limit_in_many_records() {
    let mut script = begun(Freshness::New);
    for len in [1, 499, 500] {
        script.record(DATA, &vec![3; len]);
    }
    end(&mut script);
    let summary = finishes(&mut script);
    assert_eq!(summary.early_data, EarlyDataOutcome::Accepted);
    assert_eq!(script.peer.early_data, [3; 1000]);
    assert_eq!(script.peer.data, b"");
}

#[test]
fn over_the_limit() {
    for lens in [&[1001][..], &[1000, 1], &[1, 999, 1]] {
        let mut script = begun(Freshness::New);
        for len in lens {
            script.record(DATA, &vec![3; *len]);
        }
        script.refused(V::TooMuchEarlyData, AlertDescription::UNEXPECTED_MESSAGE);
        assert!(script.peer.early_data.len() <= 1000);
    }
}

#[test]
fn padding_is_no_data() {
    let mut script = begun(Freshness::New);
    script.padded(DATA, &[3; 1000], 5000);
    end(&mut script);
    finishes(&mut script);
    assert_eq!(script.peer.early_data, [3; 1000]);
}

#[test]
fn none_at_all() {
    let mut script = begun(Freshness::New);
    end(&mut script);
    let summary = finishes(&mut script);
    assert_eq!(summary.early_data, EarlyDataOutcome::Accepted);
    assert_eq!(script.peer.early_data, b"");
}

#[test]
fn records_without_any() {
    let mut script = begun(Freshness::New);
    for _ in 0..33 {
        script.record(DATA, &[]);
    }
    script.refused(
        Limit::EmptyRecords(32),
        AlertDescription::UNEXPECTED_MESSAGE,
    );
}

#[test]
fn without_its_end() {
    let mut script = begun(Freshness::New);
    script.record(DATA, b"GET /");
    script.write_handshake();
    script.finished();
    script.refused(CryptoError::DecryptFailed, AlertDescription::BAD_RECORD_MAC);
    assert_eq!(script.peer.early_data, b"GET /");
}

#[test]
fn its_end_twice() {
    let mut script = begun(Freshness::New);
    end(&mut script);
    script.write_handshake();
    end(&mut script);
    script.refused(V::UnexpectedMessage, AlertDescription::UNEXPECTED_MESSAGE);
    // Under the early keys still.
    let mut script = begun(Freshness::New);
    end(&mut script);
    end(&mut script);
    script.refused(CryptoError::DecryptFailed, AlertDescription::BAD_RECORD_MAC);
}

#[test]
fn its_end_where_there_was_none() {
    let (mut script, psk) = served(saying(Freshness::New));
    script.psk_hello(&[psk], |_| ());
    script.read_flight();
    end(&mut script);
    script.refused(V::UnexpectedMessage, AlertDescription::UNEXPECTED_MESSAGE);
    // And where it was refused.
    let mut script = begun(Freshness::Seen);
    script.write_handshake();
    end(&mut script);
    script.refused(V::UnexpectedMessage, AlertDescription::UNEXPECTED_MESSAGE);
    // In the clear, before the server knows that there are PSKs.
    let mut script = Script::client(saying(Freshness::New).build().unwrap());
    end(&mut script);
    script.refused(V::UnexpectedMessage, AlertDescription::UNEXPECTED_MESSAGE);
}

#[test]
fn its_end_with_a_body() {
    let mut script = begun(Freshness::New);
    script.message(HandshakeType::END_OF_EARLY_DATA, &[0]);
    script.refused_as(DecodeFault::TrailingBytes, AlertDescription::DECODE_ERROR);
}

#[test]
fn its_end_with_more_in_the_same_record() {
    let mut script = begun(Freshness::New);
    let end = message(HandshakeType::END_OF_EARLY_DATA, &[]);
    let more = message(HandshakeType::FINISHED, &[0; 32]);
    script.record(ContentType::HANDSHAKE, &[end, more].concat());
    script.refused(
        V::MessageAcrossKeyChange,
        AlertDescription::UNEXPECTED_MESSAGE,
    );
}

#[test]
fn its_end_in_pieces() {
    let mut script = begun(Freshness::New);
    script.record(ContentType::HANDSHAKE, &[5, 0]);
    script.record(DATA, b"GET /");
    script.refused(V::InterleavedRecord, AlertDescription::UNEXPECTED_MESSAGE);
    assert_eq!(script.peer.early_data, b"");
}

#[test]
fn finished_under_the_early_keys() {
    let mut script = begun(Freshness::New);
    let data = script.verify_data();
    script.message(HandshakeType::FINISHED, &data);
    script.refused(V::UnexpectedMessage, AlertDescription::UNEXPECTED_MESSAGE);
}

#[test]
fn mixed_with_a_key_update() {
    let mut script = begun(Freshness::New);
    script.record(DATA, b"GET /");
    let update = message(HandshakeType::KEY_UPDATE, &[0]);
    script.record(ContentType::HANDSHAKE, &update);
    script.refused(V::UnexpectedMessage, AlertDescription::UNEXPECTED_MESSAGE);
    // Between its end and Finished.
    let mut script = begun(Freshness::New);
    end(&mut script);
    script.write_handshake();
    script.record(ContentType::HANDSHAKE, &update);
    script.refused(V::UnexpectedMessage, AlertDescription::UNEXPECTED_MESSAGE);
    // After Finished it is as always.
    let mut script = begun(Freshness::New);
    script.record(DATA, b"GET /");
    end(&mut script);
    finishes(&mut script);
    script.key_update(0);
    script.record(DATA, b"more");
    script.peer.run();
    assert_eq!(
        (&script.peer.early_data[..], &script.peer.data[..]),
        (&b"GET /"[..], &b"more"[..])
    );
}

#[test]
fn data_between_its_end_and_finished() {
    let mut script = begun(Freshness::New);
    end(&mut script);
    script.write_handshake();
    script.record(DATA, b"not early");
    script.refused(
        V::UnexpectedContentType,
        AlertDescription::UNEXPECTED_MESSAGE,
    );
    assert_eq!(script.peer.early_data, b"");
}

#[test]
fn the_client_gives_up() {
    let mut script = begun(Freshness::New);
    script.record(DATA, b"GET /");
    script.alert(AlertDescription::INTERNAL_ERROR);
    script.peer.run();
    let error = script.peer.failed.unwrap();
    let alert = AlertDescription::INTERNAL_ERROR;
    assert_eq!(*error.kind(), ErrorKind::AlertReceived(alert));
    assert!(script.peer.done.is_none());
}

#[test]
fn a_dummy_change_cipher_spec_anywhere() {
    let mut script = begun(Freshness::New);
    script.ccs();
    script.record(DATA, b"GET /");
    script.ccs();
    end(&mut script);
    script.ccs();
    finishes(&mut script);
    assert_eq!(script.peer.early_data, b"GET /");
}

/// What is skipped by default.
const BOUND: usize = 17 * 1024;

#[test]
fn refused_it_is_skipped_up_to_the_bound() {
    let mut script = begun(Freshness::Seen);
    for len in [BOUND - 8000, 7999, 1] {
        script.record(DATA, &vec![3; len]);
    }
    let summary = finishes(&mut script);
    assert_eq!(summary.early_data, rejected(R::Replayed, b""));
    assert!(summary.resumed());
    assert_eq!(script.peer.early_data, b"");

    let mut script = begun(Freshness::Seen);
    for len in [BOUND - 8000, 8000, 1] {
        script.record(DATA, &vec![3; len]);
    }
    script.refused(CryptoError::DecryptFailed, AlertDescription::BAD_RECORD_MAC);
    assert_eq!(script.peer.early_data, b"");
}

#[test]
fn refused_it_is_skipped_only_before_the_first_good_record() {
    let mut script = begun(Freshness::Seen);
    script.record(DATA, b"GET /");
    script.record(DATA, b"GET /");
    let finished = message(HandshakeType::FINISHED, &script.verify_data());
    script.write_handshake();
    script.record(ContentType::HANDSHAKE, &finished[..9]);
    script.write_early();
    script.record(DATA, b"GET /");
    script.refused(CryptoError::DecryptFailed, AlertDescription::BAD_RECORD_MAC);
}

#[test]
fn refused_it_is_not_skipped_after_the_handshake() {
    let mut script = begun(Freshness::Seen);
    finishes(&mut script);
    script.write_early();
    script.record(DATA, b"GET /");
    script.dead(CryptoError::DecryptFailed, AlertDescription::BAD_RECORD_MAC);
    assert_eq!(
        (&script.peer.early_data[..], &script.peer.data[..]),
        (&b""[..], &b""[..])
    );
}

#[test]
fn nothing_is_skipped_that_was_not_announced() {
    let (mut script, psk) = served(saying(Freshness::New));
    script.psk_hello(&[psk], |_| ());
    script.read_flight();
    script.write_early();
    script.record(DATA, b"GET /");
    script.refused(CryptoError::DecryptFailed, AlertDescription::BAD_RECORD_MAC);
    assert_eq!(script.peer.early_data, b"");
}

/// A HelloRetryRequest has come for a ClientHello with early data, if it was so.
fn retried(early: bool) -> (Script, Psk, Hello) {
    let server = saying(Freshness::New).groups(&[NamedGroup::SECP256R1]);
    let (mut script, psk) = served(server);
    let mut hello = script.hello_for(NamedGroup::X25519);
    hello.set(
        ExtensionType::PSK_KEY_EXCHANGE_MODES,
        common::rogue::vec8(&[1]),
    );
    if early {
        offering(&mut hello);
    }
    script.send_psk_hello(hello.clone(), std::slice::from_ref(&psk));
    script.read_retry();
    (script, psk, hello)
}

/// The second ClientHello, in the clear, and the server's flight.
fn second(script: &mut Script, psk: Psk, mut hello: Hello) {
    let other = script.hello_for(NamedGroup::SECP256R1);
    let mut share = other.extensions.into_iter();
    let share = share.rfind(|e| e.0 == ExtensionType::KEY_SHARE);
    hello.set(ExtensionType::KEY_SHARE, share.unwrap().1);
    hello.remove(ExtensionType::EARLY_DATA);
    script.sealer = None;
    script.send_psk_hello(hello, &[psk]);
    script.read_flight();
}

#[test]
fn after_a_retry_it_is_skipped_up_to_the_bound() {
    let (mut script, psk, hello) = retried(true);
    script.write_early();
    for len in [BOUND - 8000, 7999, 1] {
        script.record(DATA, &vec![3; len]);
    }
    second(&mut script, psk, hello);
    let summary = finishes(&mut script);
    assert_eq!(summary.early_data, rejected(R::Retry, b""));
    assert!(summary.resumed() && summary.hello_retry_request);

    let (mut script, ..) = retried(true);
    script.write_early();
    for len in [BOUND - 8000, 8000, 1] {
        script.record(DATA, &vec![3; len]);
    }
    script.refused(
        V::UnexpectedContentType,
        AlertDescription::UNEXPECTED_MESSAGE,
    );
}

#[test]
fn after_a_retry_it_is_skipped_only_before_the_second_hello() {
    let (mut script, psk, hello) = retried(true);
    script.write_early();
    script.record(DATA, b"GET /");
    let early = script.sealer.take();
    second(&mut script, psk, hello);
    script.sealer = early;
    script.record(DATA, b"GET /");
    script.refused(CryptoError::DecryptFailed, AlertDescription::BAD_RECORD_MAC);
}

#[test]
fn after_a_retry_nothing_is_skipped_that_was_not_announced() {
    let (mut script, ..) = retried(false);
    script.write_early();
    script.record(DATA, b"GET /");
    script.refused(
        V::UnexpectedContentType,
        AlertDescription::UNEXPECTED_MESSAGE,
    );
}

#[test]
fn with_the_second_psk_it_is_refused() {
    let (mut script, psk) = served(saying(Freshness::New).groups(&GROUPS));
    let unknown = Psk {
        identity: b"unknown".to_vec(),
        key: vec![1; 32],
        kind: PskKind::Resumption,
        age: 0,
    };
    script.psk_hello(&[unknown, psk], offering);
    script.read_flight();
    let handshake = script.sealer.take();
    script.write_early();
    script.record(DATA, b"GET /");
    script.sealer = handshake;
    let summary = finishes(&mut script);
    assert!(summary.resumed());
    assert_eq!(summary.early_data, rejected(R::OtherPsk, b""));
    assert_eq!(script.peer.early_data, b"");
}

#[test]
fn without_a_psk_it_is_refused() {
    let (mut script, _) = served(saying(Freshness::New));
    script.client_hello(offering);
    script.read_flight();
    script.write_early();
    script.record(DATA, b"GET /");
    let summary = finishes(&mut script);
    assert!(!summary.resumed());
    assert_eq!(summary.early_data, rejected(R::OtherPsk, b""));
    assert_eq!(script.peer.early_data, b"");
}
