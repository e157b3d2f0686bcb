//! Records of TLS 1.2 that are wrong.

use super::common::rogue::{World, message};
use super::common::rogue12::{Rogue, client_config, newer_client, server_config, suite};
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{CipherSuite, ContentType as C, HandshakeType as T};
use symbolon::conn::{ClientConnection, Eof, ServerConnection};
use symbolon::error::{CryptoError, ErrorKind, Limit, Violation as V};

type Server = Rogue<ServerConnection>;

fn done() -> Server {
    Rogue::<ServerConnection>::done(server_config(&World::new()).build().unwrap())
}

fn done_with(name: CipherSuite) -> Server {
    let world = World::new();
    let config = server_config(&world).cipher_suites(&[name]);
    let mut rogue = Rogue::client(config.build().unwrap());
    rogue.suite = suite(name);
    rogue.client_hello(|_| ());
    rogue.read_flight();
    rogue.key_exchange();
    rogue.ccs();
    rogue.finished();
    rogue.read_end();
    rogue
}

/// A protected record that waits to be read, changed.
fn changed(mut rogue: Server, edit: impl FnOnce(&mut Vec<u8>)) -> Server {
    rogue.record(C::APPLICATION_DATA, b"sixteen bytes ..");
    edit(&mut rogue.peer.input);
    rogue
}

const GCM: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
const CHACHA: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;

#[test]
fn every_byte_of_a_record_is_bound() {
    // Type, version, explicit nonce, content and tag.
    for name in [GCM, CHACHA] {
        let len = changed(done_with(name), |_| ()).peer.input.len();
        for at in [0, 2].into_iter().chain((5..len).step_by(4)) {
            let mut rogue = changed(done_with(name), |record| record[at] ^= 1);
            rogue.dead(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
            assert_eq!(rogue.peer.data, b"");
        }
    }
}

#[test]
fn a_changed_length() {
    // One less: what is cut off is read as the next header.
    for name in [GCM, CHACHA] {
        let mut rogue = changed(done_with(name), |record| record[4] -= 1);
        rogue.dead(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
    }
}

#[test]
fn records_that_are_too_short() {
    for (name, overhead) in [(GCM, 24), (CHACHA, 16)] {
        for len in [0, 1, 7, 8, 9, overhead - 1] {
            for kind in [C::APPLICATION_DATA, C::HANDSHAKE, C::ALERT] {
                let mut rogue = done_with(name);
                rogue.plain(kind, &vec![7; len]);
                rogue.dead(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
            }
        }
    }
}

#[test]
fn records_that_are_too_long() {
    let mut rogue = done();
    let long = vec![7; (1 << 14) + 1];
    let sealer = rogue.sealer.as_mut().unwrap();
    let mut body = vec![0; 8];
    body.extend(&long);
    body.extend([0; 16]);
    let [high, low] = u16::try_from(body.len()).unwrap().to_be_bytes();
    let header = [23, 3, 3, high, low];
    sealer.seal(&header, &mut body).unwrap();
    rogue.raw(&[&header[..], &body].concat());
    rogue.dead(V::RecordTooLong, A::RECORD_OVERFLOW);
    // The longest there may be is read.
    let mut rogue = done();
    rogue.record(C::APPLICATION_DATA, &long[1..]);
    rogue.silent();
    assert_eq!(rogue.peer.data.len(), 1 << 14);
}

#[test]
fn replays_and_gaps() {
    let mut rogue = done();
    rogue.record(C::APPLICATION_DATA, b"once");
    let record = rogue.peer.input.clone();
    rogue.raw(&record);
    rogue.dead(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
    assert_eq!(rogue.peer.data, b"once");
    let mut rogue = done();
    rogue.record(C::APPLICATION_DATA, b"lost");
    rogue.peer.input.clear();
    rogue.record(C::APPLICATION_DATA, b"found");
    rogue.dead(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
    // What one side wrote, sent back to it.
    let mut rogue = done();
    rogue.peer.send(b"mine");
    let own = rogue.peer.output.clone();
    assert!(rogue.read_record().is_some());
    rogue.raw(&own);
    rogue.dead(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
}

#[test]
fn types_that_are_wrong_inside() {
    let mut rogue = done();
    rogue.record(C::CHANGE_CIPHER_SPEC, &[1]);
    rogue.dead(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
    let mut rogue = done();
    rogue.plain(C::CHANGE_CIPHER_SPEC, &[1]);
    rogue.dead(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
    for kind in [C::HANDSHAKE, C::ALERT] {
        let mut rogue = done();
        rogue.record(kind, b"");
        rogue.dead(V::EmptyHandshakeRecord, A::UNEXPECTED_MESSAGE);
    }
    for body in [&[1][..], &[1, 0, 0], &[1, 100, 1, 100]] {
        let mut rogue = done();
        rogue.record(C::ALERT, body);
        rogue.dead(V::BadAlert, A::DECODE_ERROR);
    }
    let mut rogue = done();
    rogue.plain(C(24), &[1, 0, 1, 0]);
    rogue.dead(V::UnexpectedContentType, A::UNEXPECTED_MESSAGE);
}

#[test]
fn change_cipher_spec_has_its_form_and_place() {
    for body in [&[][..], &[0], &[2], &[1, 1]] {
        let config = server_config(&World::new()).build().unwrap();
        let mut rogue = Rogue::<ServerConnection>::after_flight(config);
        rogue.key_exchange();
        rogue.plain(C::CHANGE_CIPHER_SPEC, body);
        rogue.refused(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
    }
    // Between the parts of a message.
    let config = server_config(&World::new()).build().unwrap();
    let mut rogue = Rogue::<ServerConnection>::after_flight(config);
    rogue.key_exchange();
    rogue.plain(C::HANDSHAKE, &message(T::FINISHED, &[0; 12])[..7]);
    rogue.bare_ccs();
    rogue.refused(V::InterleavedRecord, A::UNEXPECTED_MESSAGE);
}

#[test]
fn change_cipher_spec_before_the_servers_hello() {
    let config = client_config(&World::new()).build().unwrap();
    let mut rogue = Rogue::<ClientConnection>::server(config);
    rogue.bare_ccs();
    rogue.refused(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
}

#[test]
fn data_between_the_parts_of_a_message() {
    let mut rogue = done();
    rogue.record(C::HANDSHAKE, &[1, 0]);
    rogue.record(C::APPLICATION_DATA, b"data");
    rogue.dead(V::InterleavedRecord, A::UNEXPECTED_MESSAGE);
}

#[test]
fn empty_records_are_counted() {
    let mut rogue = done();
    for _ in 0..32 {
        rogue.record(C::APPLICATION_DATA, b"");
    }
    rogue.silent();
    rogue.record(C::APPLICATION_DATA, b"x");
    for _ in 0..33 {
        rogue.record(C::APPLICATION_DATA, b"");
    }
    rogue.dead(Limit::EmptyRecords(32), A::UNEXPECTED_MESSAGE);
}

#[test]
fn a_warning_before_the_servers_hello() {
    // RFC 6066 3: older servers warn of a name that they don't know, and go on.
    let world = World::new();
    for config in [client_config(&world), newer_client(&world)] {
        let mut rogue = Rogue::<ClientConnection>::server(config.build().unwrap());
        rogue.alert(1, A::UNRECOGNIZED_NAME);
        rogue.flight(&world);
        rogue.read_client_flight();
        rogue.ccs();
        rogue.finished();
        rogue.peer.run();
        rogue.works();
    }
}

#[test]
fn closing() {
    // RFC 5246 7.2.1: in the handshake it ends it, with nothing accepted.
    let world = World::new();
    let mut rogue = Rogue::<ClientConnection>::server(client_config(&world).build().unwrap());
    rogue.server_hello(|_| ());
    rogue.alert(1, A::CLOSE_NOTIFY);
    let error = rogue.failed(None);
    assert_eq!(*error.kind(), ErrorKind::AlertReceived(A::CLOSE_NOTIFY));
    rogue.nothing_accepted();
    let mut rogue = done();
    rogue.record(C::APPLICATION_DATA, b"the last");
    rogue.alert(1, A::CLOSE_NOTIFY);
    rogue.raw(b"anything");
    rogue.peer.run();
    assert_eq!(rogue.peer.data, b"the last");
    assert_eq!(
        (rogue.peer.closed, &rogue.peer.failed),
        (Some(Eof::Clean), &None)
    );
    assert_eq!(rogue.read_alert(), Some((1, A::CLOSE_NOTIFY)));
    let mut rogue = done();
    rogue.peer.connection.end_of_input();
    rogue.peer.run();
    assert_eq!(rogue.peer.closed, Some(Eof::Truncated));
}
