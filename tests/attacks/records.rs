//! Records: what doesn't decrypt, what is too long, and what is missing at the end.

use super::common::pair::{Pair, now};
use super::common::rogue::{Rogue, World, block, message};
use super::common::rogue12;
use super::{Client, Client12, Server, Server12, asking};
use rustls_pki_types::ServerName;
use std::io::{self, ErrorKind as Io, Read, Write};
use std::sync::{Arc, Mutex};
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{CipherSuite, ContentType as C, HandshakeType as T};
use symbolon::config::Limits;
use symbolon::conn::{ClientConnection, Eof, ServerConnection};
use symbolon::error::{CryptoError, Error, Limit, Violation as V};
use symbolon::io::Stream;

/// What came of a record that doesn't open: the error, and the records that went out.
type Outcome = (Error, Vec<(u8, usize)>);

/// The outcome; what the alert says is checked besides.
macro_rules! outcome {
    ($rogue:ident) => {{
        $rogue.peer.run();
        let written = super::common::pair::records(&$rogue.peer.output);
        let error = $rogue.failed(Some(A::BAD_RECORD_MAC));
        assert_eq!(
            $rogue.peer.data, b"",
            "plaintext of a record that doesn't open"
        );
        (error, written)
    }};
}

type Change = Box<dyn Fn(&mut Vec<u8>)>;

/// Changes of a protected record, all but its header: each byte a few at a time, and its length.
fn changes() -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    // In front, in the middle, and over the padding, type and tag at the end.
    for at in [0, 1, 8, 9, 20] {
        changes.push(Box::new(move |r| r[5 + at] ^= 1));
    }
    for back in [1, 2, 8, 16, 17, 18, 24, 40] {
        changes.push(Box::new(move |r| {
            let at = r.len() - back;
            r[at] ^= 0x80;
        }));
    }
    // Cut, down to nothing.
    for len in [0, 1, 15, 16, 17, 24, 40] {
        changes.push(Box::new(move |r| {
            r.truncate(5 + len);
            r[3..5].copy_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
        }));
    }
    // All of it.
    changes.push(Box::new(|r| r[5..].fill(0)));
    changes.push(Box::new(|r| r[5..].fill(0xff)));
    changes
}

/// Lucky 13, POODLE, Bleichenbacher, and each other oracle: what was wrong inside showed by another alert
/// or another path. RFC 9846 5.2, RFC 5246 6.2.3.3: bad_record_mac, the same records and the same error
/// whatever was changed, in the handshake and after it.
#[test]
fn one_answer_to_all_that_does_not_decrypt() {
    let world = World::new();
    let same = |outcomes: Vec<Outcome>| {
        let (error, written) = &outcomes[0];
        assert_eq!(*error, CryptoError::DecryptFailed.into());
        assert!(!written.is_empty());
        for other in &outcomes {
            assert_eq!(other, &outcomes[0]);
        }
    };
    let content = [b'x'; 32];
    let all = changes();
    let server = world.server_config().build().unwrap();
    let of_server = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut rogue = Server::done(Arc::clone(&server));
        rogue.padded(C::APPLICATION_DATA, &content, 20);
        change(&mut rogue.peer.input);
        outcome!(rogue)
    };
    same(all.iter().map(|change| of_server(change)).collect());
    let in_handshake = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut rogue = Server::after_flight(Arc::clone(&server));
        let finished = message(T::FINISHED, &rogue.verify_data());
        rogue.padded(C::HANDSHAKE, &finished, 20);
        change(&mut rogue.peer.input);
        outcome!(rogue)
    };
    same(all.iter().map(|change| in_handshake(change)).collect());
    let client = world.client_config().build().unwrap();
    let of_client = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut rogue = Client::server(Arc::clone(&client));
        rogue.server_hello(|_| ());
        rogue.peer.run();
        rogue.padded(
            C::HANDSHAKE,
            &message(T::ENCRYPTED_EXTENSIONS, &block(&[])),
            40,
        );
        change(&mut rogue.peer.input);
        outcome!(rogue)
    };
    same(all.iter().map(|change| of_client(change)).collect());
    for name in [
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    ] {
        let config = rogue12::server_config(&world).build().unwrap();
        let of_server = |finished: bool, change: &dyn Fn(&mut Vec<u8>)| {
            let mut rogue = Server12::client(Arc::clone(&config));
            rogue.suite = rogue12::suite(name);
            rogue.client_hello(|h| h.suites = vec![name.0]);
            rogue.read_flight();
            rogue.key_exchange();
            rogue.ccs();
            if finished {
                rogue.finished();
                rogue.read_end();
                rogue.record(C::APPLICATION_DATA, &content);
                change(&mut rogue.peer.input);
            } else {
                rogue.peer.run();
                rogue.finished();
                change(&mut rogue.peer.input);
            }
            outcome!(rogue)
        };
        for finished in [false, true] {
            // Finished is shorter than data: the same changes fit in it, but for the longest.
            let fit = all.iter().enumerate().filter(|(i, _)| finished || *i < 11);
            same(fit.map(|(_, change)| of_server(finished, change)).collect());
        }
    }
}

/// Length fields that nobody checks (Heartbleed's kind): a record longer than there can be is refused by
/// its header, in each state and for each role, before a byte of it is waited for. RFC 9846 5.1, 5.2,
/// RFC 5246 6.2.3: record_overflow.
#[test]
fn lengths_of_records_that_cannot_be() {
    let world = World::new();
    let header = |kind: C, len: u16| [&[kind.0, 3, 3][..], &len.to_be_bytes()].concat();
    // In the clear 2^14, protected 2^14 + 256.
    for len in [16_385, 16_641, 0xffff] {
        let mut rogue = Server::client(world.server_config().build().unwrap());
        rogue.raw(&header(C::HANDSHAKE, len));
        rogue.refused(V::RecordTooLong, A::RECORD_OVERFLOW);
        let mut rogue = Client::server(world.client_config().build().unwrap());
        rogue.raw(&header(C::HANDSHAKE, len));
        rogue.refused(V::RecordTooLong, A::RECORD_OVERFLOW);
        for config in [
            rogue12::server_config(&world),
            rogue12::newer_server(&world),
        ] {
            let mut rogue = Server12::client(config.build().unwrap());
            rogue.raw(&header(C::HANDSHAKE, len));
            rogue.refused(V::RecordTooLong, A::RECORD_OVERFLOW);
        }
    }
    for len in [16_641, 0xffff] {
        let mut rogue = Client::server(world.client_config().build().unwrap());
        rogue.server_hello(|_| ());
        rogue.raw(&header(C::APPLICATION_DATA, len));
        rogue.refused(V::RecordTooLong, A::RECORD_OVERFLOW);
        let mut rogue = Server::after_flight(world.server_config().build().unwrap());
        rogue.raw(&header(C::APPLICATION_DATA, len));
        rogue.refused(V::RecordTooLong, A::RECORD_OVERFLOW);
        let mut rogue = Client::done(world.client_config().build().unwrap(), &world);
        rogue.raw(&header(C::APPLICATION_DATA, len));
        rogue.dead(V::RecordTooLong, A::RECORD_OVERFLOW);
    }
    // TLS 1.2 allows 2^14 + 2048; none of its AEADs needs as much.
    for len in [18_433, 0xffff] {
        let config = rogue12::server_config(&world).build().unwrap();
        let mut rogue = Server12::done(config);
        rogue.raw(&header(C::APPLICATION_DATA, len));
        rogue.dead(V::RecordTooLong, A::RECORD_OVERFLOW);
        let config = rogue12::client_config(&world).build().unwrap();
        let mut rogue = Client12::done(config, &world);
        rogue.raw(&header(C::APPLICATION_DATA, len));
        rogue.dead(V::RecordTooLong, A::RECORD_OVERFLOW);
    }
}

/// CVE-2026-75803: a protected record without so much as a tag was read past its end, or taken for an
/// empty one. RFC 9846 5.2, RFC 5246 6.2.3.3: it doesn't decrypt, in the handshake as after it.
#[test]
fn empty_ciphertext() {
    let world = World::new();
    let failed = CryptoError::DecryptFailed;
    for len in [0, 1, 15, 16] {
        let body = vec![0; len];
        let mut rogue = Client::server(world.client_config().build().unwrap());
        rogue.server_hello(|_| ());
        rogue.plain(C::APPLICATION_DATA, &body);
        rogue.refused(failed, A::BAD_RECORD_MAC);
        let mut rogue = Server::after_flight(world.server_config().build().unwrap());
        rogue.plain(C::APPLICATION_DATA, &body);
        rogue.refused(failed, A::BAD_RECORD_MAC);
        let mut rogue = Client::done(world.client_config().build().unwrap(), &world);
        rogue.plain(C::APPLICATION_DATA, &body);
        rogue.dead(failed, A::BAD_RECORD_MAC);
        // TLS 1.2, in the place of Finished.
        let config = rogue12::server_config(&world).build().unwrap();
        let mut rogue = Server12::after_flight(config);
        rogue.key_exchange();
        rogue.bare_ccs();
        rogue.plain(C::HANDSHAKE, &body);
        rogue.refused(failed, A::BAD_RECORD_MAC);
        let mut rogue = Client12::server(rogue12::client_config(&world).build().unwrap());
        rogue.flight(&world);
        rogue.read_client_flight();
        rogue.bare_ccs();
        rogue.plain(C::HANDSHAKE, &body);
        rogue.refused(failed, A::BAD_RECORD_MAC);
    }
    // Of no type in the clear.
    for kind in [C::HANDSHAKE, C::ALERT] {
        let mut rogue = Server12::client(rogue12::newer_server(&world).build().unwrap());
        rogue.plain(kind, b"");
        rogue.refused(V::EmptyHandshakeRecord, A::UNEXPECTED_MESSAGE);
    }
}

/// Only the header of a message that is a byte longer than its kind may be.
fn header(kind: T, limit: usize) -> (Vec<u8>, Limit) {
    let size = limit + 1;
    let header = message(kind, &vec![0; size])[..4].to_vec();
    (header, Limit::MessageSize { size, limit })
}

/// CVE-2022-41724 and CVE-2023-39322 (Go): messages of any size were gathered, or made it panic, before
/// and after the handshake. RFC 9846 4: 2^24 bytes is what the field holds, not what must be taken; the
/// header alone decides, with a limit for each kind.
#[test]
fn oversized_handshake_messages() {
    let world = World::new();
    let limits = Limits::default();
    // TLS 1.2's client, before each message of the server's flight.
    let kinds = [
        (T::SERVER_HELLO, limits.other_message),
        (T::CERTIFICATE, limits.server_chain),
        (T::SERVER_KEY_EXCHANGE, limits.other_message),
        (T::CERTIFICATE_REQUEST, limits.certificate_request),
        (T::SERVER_HELLO_DONE, limits.other_message),
    ];
    for (step, (kind, limit)) in kinds.into_iter().enumerate() {
        let mut rogue = Client12::server(rogue12::client_config(&world).build().unwrap());
        if step > 0 {
            rogue.server_hello(|_| ());
        }
        if step > 1 {
            rogue.certificate(&world.server);
        }
        if step > 2 {
            rogue.key_exchange(&world.server);
        }
        let (header, too_long) = header(kind, limit);
        rogue.record(C::HANDSHAKE, &header);
        rogue.refused(too_long, A::ILLEGAL_PARAMETER);
    }
    // Servers, of both versions.
    let config = asking(rogue12::server_config(&world), &world, true);
    let kinds = [
        (T::CLIENT_HELLO, limits.client_hello),
        (T::CERTIFICATE, limits.client_chain),
        (T::CLIENT_KEY_EXCHANGE, limits.other_message),
        (T::CERTIFICATE_VERIFY, limits.other_message),
    ];
    for (step, (kind, limit)) in kinds.into_iter().enumerate() {
        let mut rogue = Server12::client(Arc::clone(&config));
        if step > 0 {
            rogue.client_hello(|_| ());
            rogue.read_flight();
        }
        if step > 1 {
            rogue.certificate(&world.client);
        }
        if step > 2 {
            rogue.key_exchange();
        }
        let (header, too_long) = header(kind, limit);
        rogue.record(C::HANDSHAKE, &header);
        rogue.refused(too_long, A::ILLEGAL_PARAMETER);
    }
    let config = asking(world.server_config(), &world, true);
    for (kind, limit) in [
        (T::CERTIFICATE, limits.client_chain),
        (T::FINISHED, limits.other_message),
    ] {
        let mut rogue = Server::after_flight(Arc::clone(&config));
        let (header, too_long) = header(kind, limit);
        rogue.record(C::HANDSHAKE, &header);
        rogue.refused(too_long, A::ILLEGAL_PARAMETER);
    }
    // After the handshake.
    let mut rogue = Server::done(world.server_config().build().unwrap());
    let (update, too_long) = header(T::KEY_UPDATE, limits.other_message);
    rogue.record(C::HANDSHAKE, &update);
    rogue.dead(too_long, A::ILLEGAL_PARAMETER);
    let mut rogue = Server12::done(rogue12::server_config(&world).build().unwrap());
    let (hello, too_long) = header(T::CLIENT_HELLO, limits.other_message);
    rogue.record(C::HANDSHAKE, &hello);
    rogue.dead(too_long, A::ILLEGAL_PARAMETER);
    // The largest ticket that is taken makes a ClientHello of more than one record, and no panic.
    let mut rogue = Client::done(world.client_config().build().unwrap(), &world);
    let ticket = vec![7; limits.ticket - 14];
    let body = [
        &[0, 0, 0, 9, 0, 0, 0, 0, 1, 0][..],
        &super::common::rogue::vec16(&ticket),
        &[0, 0],
    ];
    assert_eq!(body.concat().len(), limits.ticket);
    let raw = message(T::NEW_SESSION_TICKET, &body.concat());
    for part in raw.chunks(16_384) {
        rogue.record(C::HANDSHAKE, part);
    }
    rogue.peer.run();
    let session = rogue.peer.sessions.pop().expect("a session");
    let name = ServerName::try_from("server.example").unwrap();
    let config = world.client_config().build().unwrap();
    let client = ClientConnection::resume(config, name, session, [4; 32], now()).unwrap();
    let rogue = Rogue::serving(client);
    let offered = rogue.client_hello().extensions.pre_shared_key.unwrap();
    let identity = offered.identities.iter().next().unwrap();
    assert_eq!(identity.identity, ticket);
    assert!(rogue.seen.len() > 1);
}

/// One end of a transport in memory: what it reads, and what it has written.
#[derive(Clone, Default)]
struct Wire(Arc<Mutex<Vec<u8>>>, Arc<Mutex<Vec<u8>>>);

impl Read for Wire {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let mut from = self.0.lock().unwrap();
        let len = to.len().min(from.len());
        to[..len].copy_from_slice(&from[..len]);
        from.drain(..len);
        Ok(len)
    }
}

impl Write for Wire {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.1.lock().unwrap().extend(from);
        Ok(from.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Truncation (Berbecaru and Lioy 2007, the logout attack of Smyth and Pironti 2013): the end of a
/// stream that somebody cut was taken for the end of the data. RFC 9846 6.1, RFC 5246 7.2.1: without
/// close_notify it isn't one, and that is told, by blocking I/O too.
#[test]
fn truncation_is_told_as_such() {
    let world = World::new();
    for versions in [rogue12::TLS12, rogue12::BOTH] {
        for clean in [false, true] {
            let client = world.client_config().versions(versions).build().unwrap();
            let server = world.server_config().versions(versions).build().unwrap();
            let mut pair = Pair::new(client, server);
            pair.handshake();
            pair.server.send(b"all of it, perhaps");
            if clean {
                pair.server.connection.close();
                pair.server.run();
            }
            pair.run();
            pair.client.connection.end_of_input();
            pair.client.run();
            assert_eq!(pair.client.data, b"all of it, perhaps");
            let told = match clean {
                true => Eof::Clean,
                false => Eof::Truncated,
            };
            assert_eq!(pair.client.closed, Some(told));
            // A record that is cut is no data at all.
            if !clean {
                pair.server.send(b"more");
                let record = std::mem::take(&mut pair.server.output);
                pair.client.input = record[..record.len() - 1].to_vec();
                pair.client.run();
                assert_eq!(pair.client.data, b"all of it, perhaps");
                assert_eq!(pair.client.closed, Some(Eof::Truncated));
            }
        }
        // The handshake itself, cut anywhere.
        let config = world.server_config().versions(versions).build().unwrap();
        let name = ServerName::try_from("server.example").unwrap();
        let client = world.client_config().versions(versions).build().unwrap();
        let client = ClientConnection::new(client, name, [1; 32], now()).unwrap();
        let mut end = super::common::pair::End::new(client);
        end.run();
        let hello = std::mem::take(&mut end.output);
        for len in [1, 5, hello.len() - 1, hello.len()] {
            let server = ServerConnection::new(Arc::clone(&config), [2; 32], now()).unwrap();
            let wire = Wire::default();
            wire.0.lock().unwrap().extend(&hello[..len]);
            let mut stream = Stream::new(server, wire);
            let error = stream.handshake().unwrap_err();
            assert_eq!(error.kind(), Io::UnexpectedEof);
            assert!(stream.read(&mut [0; 9]).is_err());
        }
    }
}
