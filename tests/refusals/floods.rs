//! What a peer may do so often, and no oftener.

use super::common::rogue::{Rogue, World, message, vec8, vec16};
use std::sync::Arc;
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{ContentType as C, ExtensionType as X, HandshakeType as T};
use symbolon::config::{Limits, RetryPolicy};
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::error::{CryptoError, Limit, Violation as V};

type Server = Rogue<ServerConnection>;

fn done() -> Server {
    Rogue::<ServerConnection>::done(World::new().server_config().build().unwrap())
}

fn done_client() -> Rogue<ClientConnection> {
    let world = World::new();
    Rogue::<ClientConnection>::done(world.client_config().build().unwrap(), &world)
}

#[test]
fn empty_records() {
    let mut rogue = done();
    for _ in 0..3 {
        for _ in 0..32 {
            rogue.record(C::APPLICATION_DATA, b"");
        }
        rogue.record(C::APPLICATION_DATA, b"x");
    }
    rogue.peer.run();
    assert_eq!(
        (rogue.peer.failed.clone(), &rogue.peer.data[..]),
        (None, &b"xxx"[..])
    );
    for _ in 0..33 {
        rogue.padded(C::APPLICATION_DATA, b"", 5);
    }
    rogue.dead(Limit::EmptyRecords(32), A::UNEXPECTED_MESSAGE);
}

#[test]
fn key_updates() {
    // With data in between there may be any number.
    let mut rogue = done();
    for _ in 0..200 {
        rogue.key_update(0);
        rogue.record(C::APPLICATION_DATA, &[7; 256]);
        rogue.peer.run();
    }
    assert_eq!(rogue.peer.failed, None);
    assert_eq!(rogue.peer.data.len(), 200 * 256);
    for _ in 0..32 {
        rogue.key_update(0);
    }
    rogue.peer.run();
    assert_eq!(rogue.peer.failed, None);
    rogue.key_update(0);
    rogue.dead(Limit::KeyUpdates(32), A::UNEXPECTED_MESSAGE);
}

#[test]
fn tickets() {
    let ticket = |lifetime: u8| {
        let mut body = vec![0, 0, 0, lifetime, 0, 0, 0, 0];
        body.extend(vec8(b"n"));
        body.extend(vec16(b"ticket"));
        body.extend([0, 0]);
        body
    };
    for lifetime in [0, 9] {
        let mut rogue = done_client();
        for _ in 0..32 {
            rogue.message(T::NEW_SESSION_TICKET, &ticket(lifetime));
        }
        rogue.record(C::APPLICATION_DATA, &[7; 256]);
        rogue.message(T::NEW_SESSION_TICKET, &ticket(lifetime));
        rogue.peer.run();
        assert_eq!(rogue.peer.failed, None);
        rogue.message(T::NEW_SESSION_TICKET, &ticket(lifetime));
        rogue.dead(Limit::Tickets(32), A::UNEXPECTED_MESSAGE);
    }
}

#[test]
fn warnings() {
    let mut rogue = done();
    for _ in 0..4 {
        rogue.record(C::ALERT, &[1, A::USER_CANCELED.0]);
    }
    rogue.peer.run();
    assert_eq!(rogue.peer.failed, None);
    rogue.record(C::ALERT, &[1, A::USER_CANCELED.0]);
    rogue.dead(Limit::Warnings(4), A::UNEXPECTED_MESSAGE);
    let mut rogue = Rogue::server(World::new().client_config().build().unwrap());
    for _ in 0..5 {
        rogue.plain(C::ALERT, &[1, A::USER_CANCELED.0]);
    }
    rogue.refused(Limit::Warnings(4), A::UNEXPECTED_MESSAGE);
}

#[test]
fn records_of_a_flight() {
    let mut rogue = Rogue::server(World::new().client_config().build().unwrap());
    for _ in 0..4096 {
        rogue.ccs();
    }
    rogue.peer.run();
    assert_eq!(rogue.peer.failed, None);
    rogue.ccs();
    rogue.refused(Limit::FlightRecords(4096), A::UNEXPECTED_MESSAGE);
}

#[test]
fn sizes_of_messages() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.server_chain = 100;
    limits.certificate_request = 10;
    limits.other_message = 60;
    limits.ticket = 20;
    let greeted = || {
        let mut rogue = Rogue::server(world.client_config().build().unwrap());
        rogue.server_hello(|_| ());
        rogue
    };
    // The header alone decides.
    for (kind, limit) in [
        (T::ENCRYPTED_EXTENSIONS, Limits::default().other_message),
        (
            T::CERTIFICATE_REQUEST,
            Limits::default().certificate_request,
        ),
        (T::CERTIFICATE, Limits::default().server_chain),
    ] {
        let mut rogue = greeted();
        if kind != T::ENCRYPTED_EXTENSIONS {
            rogue.encrypted_extensions(&[]);
        }
        let size = limit + 1;
        let header = &message(kind, &vec![0; size])[..4];
        rogue.record(C::HANDSHAKE, header);
        rogue.refused(Limit::MessageSize { size, limit }, A::ILLEGAL_PARAMETER);
    }
    let config = world.client_config().limits(limits).build().unwrap();
    let mut rogue = Rogue::server(config);
    rogue.message(T::SERVER_HELLO, &[0; 61]);
    let too_long = Limit::MessageSize {
        size: 61,
        limit: 60,
    };
    rogue.refused(too_long, A::ILLEGAL_PARAMETER);
    // After the handshake.
    let mut rogue = done_client();
    let size = Limits::default().ticket + 1;
    let whole = message(T::NEW_SESSION_TICKET, &vec![0; size]);
    rogue.record(C::HANDSHAKE, &whole[..4]);
    let limit = Limits::default().ticket;
    rogue.dead(Limit::MessageSize { size, limit }, A::ILLEGAL_PARAMETER);
}

/// A server that got a ClientHello with early_data, and is to be sent `records` of this length
/// that it can't read.
fn early(records: usize, len: usize, retry: bool) -> Server {
    let world = World::new();
    let config = world.server_config().retry(RetryPolicy::ForPreferred);
    let mut rogue = Rogue::client(config.build().unwrap());
    let mut hello = rogue.hello_for(symbolon::codepoint::NamedGroup::X25519);
    let second = hello.clone();
    hello.set(X::EARLY_DATA, vec![]);
    if retry {
        hello.set(X::KEY_SHARE, vec16(&[]));
    }
    rogue.send_hello(&hello);
    rogue.ccs();
    for _ in 0..records {
        rogue.plain(C::APPLICATION_DATA, &vec![0x55; len]);
    }
    if retry {
        rogue.read_retry();
        rogue.send_hello(&second);
    }
    rogue
}

#[test]
fn early_data_that_is_refused_is_passed_over() {
    let most = Limits::default().skipped_early_data;
    // The longest record too (RFC 9846 5.2).
    for (records, len) in [
        (1, 17),
        (1, most),
        (1, 16_401),
        (1, 16_640),
        (100, 100),
        (0, 0),
    ] {
        if len > 16_640 {
            continue;
        }
        for retry in [false, true] {
            let mut rogue = early(records, len, retry);
            rogue.read_flight();
            rogue.ccs();
            rogue.finished();
            rogue.record(C::APPLICATION_DATA, b"late");
            rogue.peer.run();
            assert_eq!(rogue.peer.failed, None, "{records} of {len}, {retry}");
            assert_eq!(rogue.peer.data, b"late");
        }
    }
}

#[test]
fn early_data_beyond_the_bound() {
    let most = Limits::default().skipped_early_data;
    let over = most / 1000 + 1;
    let mut rogue = early(over, 1000, false);
    rogue.peer.run();
    let error = rogue.peer.failed.clone().expect("more than the bound");
    assert_eq!(
        *error.kind(),
        symbolon::error::ErrorKind::Crypto(CryptoError::DecryptFailed)
    );
    // After a HelloRetryRequest there are no keys to try.
    let config = World::new()
        .server_config()
        .retry(RetryPolicy::ForPreferred);
    let mut rogue = Rogue::client(config.build().unwrap());
    let mut hello = rogue.hello_for(symbolon::codepoint::NamedGroup::X25519);
    hello.set(X::EARLY_DATA, vec![]);
    hello.set(X::KEY_SHARE, vec16(&[]));
    rogue.send_hello(&hello);
    for _ in 0..over {
        rogue.plain(C::APPLICATION_DATA, &[0x55; 1000]);
    }
    rogue.refused(V::UnexpectedContentType, A::UNEXPECTED_MESSAGE);
}

#[test]
fn nothing_is_passed_over_for_who_offered_no_early_data() {
    let mut rogue = Rogue::client(World::new().server_config().build().unwrap());
    rogue.client_hello(|_| ());
    rogue.read_flight();
    rogue.plain(C::APPLICATION_DATA, &[0x55; 40]);
    rogue.refused(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
    // Nor once a record of the handshake could be read.
    let verifier = symbolon::pki::PathVerifier::new(World::new().pki.roots());
    let auth = symbolon::config::ClientAuth::Optional(Arc::new(verifier));
    let config = World::new().server_config().client_auth(auth);
    let mut rogue = Rogue::client(config.build().unwrap());
    rogue.client_hello(|h| h.set(X::EARLY_DATA, vec![]));
    rogue.read_flight();
    rogue.certificate_with(b"", &[] as &[Vec<u8>], &[]);
    rogue.plain(C::APPLICATION_DATA, &[0x55; 40]);
    rogue.refused(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
}
