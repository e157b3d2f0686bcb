//! What both ends refuse of records and alerts.

use super::common::rogue::{Rogue, World, block, message};
use std::sync::Arc;
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{ContentType as C, HandshakeType as T};
use symbolon::conn::{ClientConnection, Eof, Event, ServerConnection};
use symbolon::error::{CryptoError, ErrorKind, Violation as V};

type Client = Rogue<ClientConnection>;
type Server = Rogue<ServerConnection>;

fn begun() -> Client {
    Rogue::server(World::new().client_config().build().unwrap())
}

fn done() -> Server {
    Rogue::<ServerConnection>::done(World::new().server_config().build().unwrap())
}

/// A client that waits for EncryptedExtensions.
fn greeted() -> Client {
    let mut rogue = begun();
    rogue.server_hello(|_| ());
    rogue
}

fn fresh() -> Server {
    Rogue::client(World::new().server_config().build().unwrap())
}

#[test]
fn what_is_no_tls() {
    for bytes in [
        &b"GET / HTTP/1.1\r\n"[..],
        b"SSH-2.0-x",
        &[0x80, 0x2e, 1, 3, 1],
        &[0],
        &[22, 2, 0, 0, 1, 1],
    ] {
        let mut rogue = fresh();
        rogue.raw(bytes);
        rogue.refused(V::NotTls, A::DECODE_ERROR);
        let mut rogue = begun();
        rogue.raw(bytes);
        rogue.refused(V::NotTls, A::DECODE_ERROR);
    }
}

#[test]
fn content_types() {
    for kind in [0, 19, 24, 26, 255] {
        let mut rogue = greeted();
        rogue.plain(C(kind), b"x");
        rogue.refused(V::UnexpectedContentType, A::UNEXPECTED_MESSAGE);
    }
    for kind in [1, 19, 24, 255] {
        let mut rogue = greeted();
        rogue.record(C(kind), b"x");
        rogue.refused(V::UnexpectedContentType, A::UNEXPECTED_MESSAGE);
        let mut rogue = done();
        rogue.record(C(kind), b"x");
        rogue.dead(V::UnexpectedContentType, A::UNEXPECTED_MESSAGE);
    }
    let mut rogue = fresh();
    rogue.plain(C::APPLICATION_DATA, b"x");
    rogue.refused(V::UnexpectedContentType, A::UNEXPECTED_MESSAGE);
}

#[test]
fn record_versions() {
    let mut rogue = greeted();
    rogue.raw(&[22, 2, 3, 0, 1, 0]);
    // ServerHello was first in the input and has been read.
    rogue.refused(V::BadRecordVersion, A::PROTOCOL_VERSION);
    // RFC 9846 5.1: the minor version is ignored.
    let mut rogue = fresh();
    rogue.client_hello(|_| ());
    rogue.peer.input[2] = 9;
    rogue.read_flight();
}

#[test]
fn lengths() {
    let mut rogue = fresh();
    rogue.raw(&[22, 3, 1, 0x40, 1]);
    rogue.refused(V::RecordTooLong, A::RECORD_OVERFLOW);
    let mut rogue = done();
    rogue.raw(&[23, 3, 3, 0x41, 1]);
    rogue.dead(V::RecordTooLong, A::RECORD_OVERFLOW);
    // 2^14 + 1 bytes of content, and 2^14 of content with one of padding.
    let mut inner = vec![b'x'; 16_385];
    inner.push(23);
    let mut rogue = done();
    rogue.inner(&inner);
    rogue.dead(V::RecordTooLong, A::RECORD_OVERFLOW);
    assert_eq!(rogue.peer.data, b"");
    inner[16_384] = 23;
    inner[16_385] = 0;
    let mut rogue = done();
    rogue.inner(&inner);
    rogue.dead(V::RecordTooLong, A::RECORD_OVERFLOW);
    // The most that is allowed.
    inner.truncate(16_385);
    let mut rogue = done();
    rogue.inner(&inner);
    rogue.peer.run();
    assert_eq!(rogue.peer.data.len(), 16_384);
}

#[test]
fn our_own_record_size_limit() {
    let config = World::new().server_config().record_size_limit(100);
    let config = config.build().unwrap();
    let with = |len: usize, padding: usize| {
        let mut rogue = Rogue::client(Arc::clone(&config));
        let limit = symbolon::codepoint::ExtensionType::RECORD_SIZE_LIMIT;
        rogue.client_hello(|h| h.set(limit, vec![0x40, 1]));
        rogue.read_flight();
        rogue.finished();
        rogue.peer.run();
        assert!(rogue.peer.done.is_some());
        rogue.padded(C::APPLICATION_DATA, &vec![b'x'; len], padding);
        rogue
    };
    for (len, padding) in [(99, 0), (1, 98), (50, 49)] {
        let mut rogue = with(len, padding);
        rogue.peer.run();
        assert_eq!(rogue.peer.data.len(), len);
    }
    for (len, padding) in [(100, 0), (1, 99), (16_384, 0)] {
        with(len, padding).dead(V::RecordTooLong, A::RECORD_OVERFLOW);
    }
}

#[test]
fn empty_handshake_and_alert_records() {
    for kind in [C::HANDSHAKE, C::ALERT] {
        let mut rogue = fresh();
        rogue.plain(kind, b"");
        rogue.refused(V::EmptyHandshakeRecord, A::UNEXPECTED_MESSAGE);
        let mut rogue = greeted();
        rogue.record(kind, b"");
        rogue.refused(V::EmptyHandshakeRecord, A::UNEXPECTED_MESSAGE);
        let mut rogue = done();
        rogue.padded(kind, b"", 9);
        rogue.dead(V::EmptyHandshakeRecord, A::UNEXPECTED_MESSAGE);
    }
}

#[test]
fn nothing_but_padding() {
    for len in [0, 1, 100] {
        let mut rogue = done();
        rogue.inner(&vec![0; len]);
        rogue.dead(V::NoContentType, A::UNEXPECTED_MESSAGE);
        let mut rogue = greeted();
        rogue.inner(&vec![0; len]);
        rogue.refused(V::NoContentType, A::UNEXPECTED_MESSAGE);
    }
}

#[test]
fn records_that_do_not_open() {
    let mut rogue = done();
    rogue.record(C::APPLICATION_DATA, b"hello");
    *rogue.peer.input.last_mut().unwrap() ^= 1;
    rogue.dead(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
    // Shorter than a tag.
    for len in [0, 1, 15, 16] {
        let mut rogue = done();
        rogue.plain(C::APPLICATION_DATA, &vec![0; len]);
        rogue.dead(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
    }
    // A record again, one left out, two in the other order.
    let three = |rogue: &mut Server| {
        let mut records = Vec::new();
        for byte in [b"1", b"2", b"3"] {
            rogue.record(C::APPLICATION_DATA, byte);
            records.push(std::mem::take(&mut rogue.peer.input));
        }
        records
    };
    for (order, got) in [(&[0, 0][..], &b"1"[..]), (&[0, 2], b"1"), (&[1, 0], b"")] {
        let mut rogue = done();
        let records = three(&mut rogue);
        for i in order {
            rogue.raw(&records[*i]);
        }
        rogue.dead(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
        assert_eq!(rogue.peer.data, got);
    }
    // The header is part of what is authenticated.
    let mut rogue = done();
    rogue.record(C::APPLICATION_DATA, b"hello");
    rogue.peer.input[2] = 1;
    rogue.dead(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
    // Keys of the epoch before.
    let mut rogue = done();
    let old = rogue.secrets.client_handshake.take().unwrap();
    rogue.write_with(&old);
    rogue.record(C::APPLICATION_DATA, b"hello");
    rogue.dead(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
}

#[test]
fn unprotected_records() {
    for kind in [C::HANDSHAKE, C::ALERT] {
        let mut rogue = done();
        rogue.plain(kind, &[2, 0]);
        rogue.dead(V::UnprotectedRecord, A::UNEXPECTED_MESSAGE);
    }
    let mut rogue = greeted();
    rogue.plain(C::HANDSHAKE, &message(T::ENCRYPTED_EXTENSIONS, &block(&[])));
    rogue.refused(V::UnprotectedRecord, A::UNEXPECTED_MESSAGE);
    // A server has keys from its ServerHello on, and must use them for alerts as well.
    let mut rogue = greeted();
    rogue.plain(C::ALERT, &[2, A::INTERNAL_ERROR.0]);
    rogue.refused(V::UnprotectedRecord, A::UNEXPECTED_MESSAGE);
    let mut rogue = greeted();
    rogue.encrypted_extensions(&[]);
    rogue.plain(C::ALERT, &[2, A::INTERNAL_ERROR.0]);
    rogue.refused(V::UnprotectedRecord, A::UNEXPECTED_MESSAGE);
}

#[test]
fn records_between_fragments() {
    let part = &message(T::KEY_UPDATE, &[0])[..3];
    let mut rogue = done();
    rogue.record(C::HANDSHAKE, part);
    rogue.record(C::APPLICATION_DATA, b"x");
    rogue.dead(V::InterleavedRecord, A::UNEXPECTED_MESSAGE);
    assert_eq!(rogue.peer.data, b"");
    // RFC 9846 5.1 allows no record at all in between, so not even a dummy change_cipher_spec.
    let mut rogue = greeted();
    let extensions = message(T::ENCRYPTED_EXTENSIONS, &block(&[]));
    rogue.record(C::HANDSHAKE, &extensions[..3]);
    rogue.ccs();
    rogue.record(C::HANDSHAKE, &extensions[3..]);
    rogue.refused(V::InterleavedRecord, A::UNEXPECTED_MESSAGE);
}

#[test]
fn change_cipher_spec() {
    // Before any ClientHello; after the handshake; another byte; more bytes; none.
    let mut rogue = fresh();
    rogue.ccs();
    rogue.refused(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
    let mut rogue = done();
    rogue.ccs();
    rogue.dead(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
    for body in [&[0][..], &[2], &[1, 1], &[]] {
        let mut rogue = greeted();
        rogue.plain(C::CHANGE_CIPHER_SPEC, body);
        rogue.refused(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
    }
    // Protected.
    let mut rogue = greeted();
    rogue.record(C::CHANGE_CIPHER_SPEC, &[1]);
    rogue.refused(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
    // Wherever it is allowed, and more than once.
    let world = World::new();
    let mut rogue = Rogue::server(world.client_config().build().unwrap());
    rogue.ccs();
    rogue.server_hello(|_| ());
    rogue.ccs();
    rogue.ccs();
    rogue.encrypted_extensions(&[]);
    rogue.ccs();
    rogue.certificate(&world.server);
    rogue.ccs();
    rogue.certificate_verify(&world.server);
    rogue.ccs();
    rogue.finished();
    rogue.read_client_flight();
    let mut rogue = fresh();
    rogue.client_hello(|_| ());
    rogue.ccs();
    rogue.read_flight();
    rogue.ccs();
    rogue.finished();
    rogue.peer.run();
    assert!(rogue.peer.done.is_some());
}

#[test]
fn a_fragmented_hello_allows_change_cipher_spec_as_well() {
    let mut rogue = fresh();
    rogue.client_hello(|_| ());
    rogue.peer.input.clear();
    for byte in rogue.hello.clone() {
        rogue.plain(C::HANDSHAKE, &[byte]);
    }
    rogue.ccs();
    rogue.read_flight();
    rogue.finished();
    rogue.peer.run();
    assert!(rogue.peer.done.is_some());
}

#[test]
fn alerts_of_the_wrong_size() {
    for body in [&[2][..], &[2, 40, 0], &[1, 0, 1, 0]] {
        let mut rogue = fresh();
        rogue.plain(C::ALERT, body);
        rogue.refused(V::BadAlert, A::DECODE_ERROR);
        let mut rogue = done();
        rogue.record(C::ALERT, body);
        rogue.dead(V::BadAlert, A::DECODE_ERROR);
    }
}

#[test]
fn alerts_end_the_connection_whatever_they_say() {
    // RFC 9846 6: known or not, fatal or not.
    for (level, description) in [(2, 40), (1, 40), (1, 0x63), (2, 0xfe), (9, 80), (1, 100)] {
        let kind = ErrorKind::AlertReceived(A(description));
        let mut rogue = done();
        rogue.record(C::ALERT, &[level, description]);
        assert_eq!(*rogue.failed(None).kind(), kind);
        let mut rogue = greeted();
        rogue.record(C::ALERT, &[level, description]);
        // The client's change_cipher_spec may be there, but no alert.
        assert_eq!(*rogue.failed(None).kind(), kind);
    }
}

#[test]
fn closing_in_the_middle() {
    let mut rogue = greeted();
    rogue.alert(A::CLOSE_NOTIFY);
    let error = rogue.failed(None);
    assert_eq!(*error.kind(), ErrorKind::AlertReceived(A::CLOSE_NOTIFY));
    assert!(rogue.peer.done.is_none());
    let mut rogue = greeted();
    rogue.peer.run();
    rogue.peer.connection.end_of_input();
    rogue.peer.run();
    assert_eq!(rogue.peer.closed, Some(Eof::Truncated));
    // What follows close_notify isn't looked at (RFC 9846 6.1).
    let mut rogue = done();
    rogue.alert(A::CLOSE_NOTIFY);
    rogue.raw(b"anything");
    rogue.peer.run();
    assert_eq!(rogue.peer.closed, Some(Eof::Clean));
    assert_eq!(rogue.peer.failed, None);
    let (mut input, mut sink) = ([0; 64], Vec::new());
    let event = rogue.peer.connection.receive(&mut input, &mut sink).event;
    assert!(matches!(event, Event::Closed(Eof::Clean)), "{event:?}");
}
