//! Messages out of their order, and across changes of keys.

use super::common::pair::{End, now};
use super::common::rogue::{Rogue, World, block, credential, message, vec16};
use super::common::rogue12;
use super::{Client, Client12, Server, Server12, asking, unwrap};
use rustls_pki_types::ServerName;
use std::io::{self, Read, Write};
use std::sync::Arc;
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{ContentType as C, ExtensionType as X, HandshakeType as T};
use symbolon::codepoint::{ProtocolVersion, SignatureScheme as S};
use symbolon::config::*;
use symbolon::conn::{ClientConnection, Connection, ServerConnection};
use symbolon::error::{CryptoError, Error, ErrorKind, Limit, Violation as V};
use symbolon::handshake::{Answer, Request};
use symbolon::io::Stream;
use symbolon::pki::Decision;
use symbolon::wire::hello::ServerHello;

/// A message of the server's first flight, or of the client's second.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Say {
    Extensions,
    Certificate,
    Verify,
    Finished,
}

/// SMACK (Beurdouche et al. 2015) and CVE-2020-24613 (wolfSSL): clients went on where a server had left
/// messages out, or said them twice, and took it for authenticated without a certificate. RFC 9846 4,
/// A.1: what comes out of order ends the handshake with unexpected_message.
#[test]
fn smack_servers_messages_skipped_or_repeated() {
    const FLIGHT: [Say; 4] = [
        Say::Extensions,
        Say::Certificate,
        Say::Verify,
        Say::Finished,
    ];
    let world = World::new();
    // Each is right in itself, with the transcript as it is then.
    let say = |rogue: &mut Client, what: Say| match what {
        Say::Extensions => rogue.encrypted_extensions(&[]),
        Say::Certificate => rogue.certificate(&world.server),
        Say::Verify => rogue.certificate_verify(&world.server),
        Say::Finished => rogue.finished(),
    };
    for said in 0..=FLIGHT.len() {
        for next in FLIGHT {
            if FLIGHT.get(said) == Some(&next) {
                continue;
            }
            let mut rogue = Client::server(world.client_config().build().unwrap());
            rogue.server_hello(|_| ());
            for what in &FLIGHT[..said] {
                say(&mut rogue, *what);
            }
            if said < FLIGHT.len() {
                say(&mut rogue, next);
                rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
                continue;
            }
            match next {
                // Without other keys after it.
                Say::Finished => {
                    let data = rogue.verify_data();
                    rogue.message(T::FINISHED, &data);
                }
                next => say(&mut rogue, next),
            }
            rogue.dead(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
        }
    }
}

/// SMACK and CVE-2022-25640 (wolfSSL), the other way round: a server that requires a certificate took
/// Finished without one, or without the proof that the client has its key. RFC 9846 4.5, A.2.
#[test]
fn smack_clients_messages_skipped_or_repeated() {
    const FLIGHT: [Say; 3] = [Say::Certificate, Say::Verify, Say::Finished];
    let world = World::new();
    let say = |rogue: &mut Server, what: Say| match what {
        Say::Extensions => {}
        Say::Certificate => rogue.certificate(&world.client),
        Say::Verify => rogue.certificate_verify(&world.client),
        Say::Finished => rogue.finished(),
    };
    for required in [false, true] {
        let config = asking(world.server_config(), &world, required);
        for said in 0..=FLIGHT.len() {
            for next in FLIGHT {
                if FLIGHT.get(said) == Some(&next) {
                    continue;
                }
                let mut rogue = Server::after_flight(Arc::clone(&config));
                for what in &FLIGHT[..said] {
                    say(&mut rogue, *what);
                }
                say(&mut rogue, next);
                match said == FLIGHT.len() {
                    false => rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE),
                    true => rogue.dead(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE),
                }
            }
        }
    }
}

/// CVE-2026-2645 (wolfSSL): a server took CertificateVerify before ClientKeyExchange, which it then
/// signed nothing of. RFC 5246 7.3, 7.4.8: it comes after it.
#[test]
fn certificate_verify_before_the_key_exchange() {
    let world = World::new();
    let config = asking(rogue12::server_config(&world), &world, true);
    let mut rogue = Server12::after_flight(config);
    rogue.certificate(&world.client);
    rogue.certificate_verify(&world.client);
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
}

/// Leaves the certificate to the application.
#[derive(Debug)]
struct Later;

impl ChooseServerCredential for Later {
    fn choose(&self, _: &ClientHelloInfo) -> Decision<Option<Arc<Credential>>> {
        Decision::Later
    }
}

/// RUSTSEC-2026-0285 (rustls), CVE-2025-61730 (Go): what stood behind ServerHello in its record, or in
/// the bytes that were kept of the records before, was read as if it had been protected. RFC 9846 5.1:
/// no message goes across a change of keys.
#[test]
fn messages_behind_a_key_change_in_the_same_record() {
    let world = World::new();
    let extensions = message(T::ENCRYPTED_EXTENSIONS, &block(&[]));
    // Whole, or in part; behind a ServerHello that came in pieces, too.
    for cut in [None, Some(1), Some(4), Some(50)] {
        for more in [&extensions[..], &extensions[..1], &extensions[..5]] {
            let mut rogue = Client::server(world.client_config().build().unwrap());
            rogue.server_hello(|_| ());
            let hello = unwrap(&mut rogue.peer.input);
            let all = [&hello[..], more].concat();
            let (first, second) = all.split_at(cut.unwrap_or(0));
            if !first.is_empty() {
                rogue.plain(C::HANDSHAKE, first);
            }
            rogue.plain(C::HANDSHAKE, second);
            rogue.refused(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
        }
    }
    // A server's Finished in pieces, and the client's.
    for cut in [0, 7] {
        let mut rogue = Client::server(world.client_config().build().unwrap());
        rogue.server_hello(|_| ());
        rogue.encrypted_extensions(&[]);
        rogue.certificate(&world.server);
        rogue.certificate_verify(&world.server);
        let raw = message(T::FINISHED, &rogue.verify_data());
        pieces(&mut rogue, &raw, cut);
        rogue.refused(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);

        let mut rogue = Server::after_flight(world.server_config().build().unwrap());
        let raw = message(T::FINISHED, &rogue.verify_data());
        pieces(&mut rogue, &raw, cut);
        rogue.refused(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
    }
}

/// Two records of this message and the first byte of a KeyUpdate; one if it isn't to be cut.
fn pieces<P: Connection>(rogue: &mut Rogue<P>, raw: &[u8], cut: usize) {
    let (first, second) = raw.split_at(cut);
    if !first.is_empty() {
        rogue.record(C::HANDSHAKE, first);
    }
    let more = [second, &[T::KEY_UPDATE.0]].concat();
    rogue.record(C::HANDSHAKE, &more);
}

/// The same where the step that changes the keys waits for an answer of the application: what came
/// along with the message that asked is still there then. RFC 9846 5.1.
#[test]
fn messages_behind_a_key_change_that_waits_for_an_answer() {
    let world = World::new();
    let config = world.server_config().credentials(Arc::new(Later));
    let identity = Arc::new(credential(&world.server));
    let mut rogue = Server::client(config.build().unwrap());
    rogue.client_hello(|_| ());
    let hello = unwrap(&mut rogue.peer.input);
    let asked = Arc::clone(&identity);
    rogue.peer.answerer = Some(Box::new(move |request| match request {
        Request::ServerCredential(_) => Some(Answer::Credential(Some(Arc::clone(&asked)))),
        other => panic!("{other:?}"),
    }));
    let all = [&hello[..], &message(T::FINISHED, &[0; 32])[..]].concat();
    rogue.plain(C::HANDSHAKE, &all);
    rogue.refused(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
}

/// RUSTSEC-2026-0285, in part: the beginning of a message was kept across a change of keys, so that its
/// end came under others. RFC 9846 5.1; RFC 5246 7.1: none is cut by one.
#[test]
fn handshake_bytes_kept_across_a_key_change() {
    let world = World::new();
    // A KeyUpdate and the beginning of another message behind it, to both roles.
    let raw = [&message(T::KEY_UPDATE, &[0])[..], &[T::KEY_UPDATE.0, 0]].concat();
    for cut in [0, 3] {
        let mut rogue = Server::done(world.server_config().build().unwrap());
        let (first, second) = raw.split_at(cut);
        if cut > 0 {
            rogue.record(C::HANDSHAKE, first);
        }
        rogue.record(C::HANDSHAKE, second);
        rogue.dead(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
        let mut rogue = Client::done(world.client_config().build().unwrap(), &world);
        if cut > 0 {
            rogue.record(C::HANDSHAKE, first);
        }
        rogue.record(C::HANDSHAKE, second);
        rogue.dead(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
    }
    // TLS 1.2: ChangeCipherSpec between the parts of a server's Finished.
    let mut rogue = Client12::server(rogue12::client_config(&world).build().unwrap());
    rogue.flight(&world);
    rogue.read_client_flight();
    rogue.plain(C::HANDSHAKE, &message(T::FINISHED, &[0; 12])[..7]);
    rogue.ccs();
    rogue.refused(V::InterleavedRecord, A::UNEXPECTED_MESSAGE);
}

/// An alert that ends nothing came between the parts of a message. RFC 9846 5.1: no record may.
#[test]
fn warnings_between_the_parts_of_a_message() {
    let world = World::new();
    let extensions = message(T::ENCRYPTED_EXTENSIONS, &block(&[]));
    let mut rogue = Client::server(world.client_config().build().unwrap());
    rogue.server_hello(|_| ());
    rogue.record(C::HANDSHAKE, &extensions[..3]);
    rogue.record(C::ALERT, &[1, A::USER_CANCELED.0]);
    rogue.record(C::HANDSHAKE, &extensions[3..]);
    rogue.refused(V::InterleavedRecord, A::UNEXPECTED_MESSAGE);
    let update = message(T::KEY_UPDATE, &[0]);
    let mut rogue = Server::done(world.server_config().build().unwrap());
    rogue.record(C::HANDSHAKE, &update[..3]);
    rogue.record(C::ALERT, &[1, A::USER_CANCELED.0]);
    rogue.dead(V::InterleavedRecord, A::UNEXPECTED_MESSAGE);
}

/// A transport in memory that ends with what it holds.
struct Pipe(io::Cursor<Vec<u8>>, Vec<u8>);

impl Pipe {
    fn new(bytes: &[u8]) -> Self {
        Self(io::Cursor::new(bytes.to_vec()), Vec::new())
    }
}

impl Read for Pipe {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        self.0.read(to)
    }
}

impl Write for Pipe {
    fn write(&mut self, from: &[u8]) -> io::Result<usize> {
        self.1.write(from)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The TLS error inside one of the transport's.
fn inside(error: io::Error) -> ErrorKind {
    let inner = error.get_ref().and_then(|e| e.downcast_ref::<Error>());
    inner.expect("an error of TLS").kind().clone()
}

/// CVE-2024-32650 (rustls): a server's blocking I/O never returned when close_notify came right behind
/// ClientHello. RFC 9846 6.1: it ends the connection, and the handshake with it.
#[test]
fn close_notify_in_mid_handshake() {
    let world = World::new();
    let closed = ErrorKind::AlertReceived(A::CLOSE_NOTIFY);
    // A server of TLS 1.3: in the clear as its client has no keys yet, and later under them.
    let mut rogue = Server::client(world.server_config().build().unwrap());
    rogue.client_hello(|_| ());
    let hello = rogue.peer.input.clone();
    rogue.read_flight();
    rogue.plain(C::ALERT, &[1, A::CLOSE_NOTIFY.0]);
    assert_eq!(*rogue.failed(None).kind(), closed);
    rogue.nothing_accepted();
    let mut rogue = Server::after_flight(world.server_config().build().unwrap());
    rogue.alert(A::CLOSE_NOTIFY);
    assert_eq!(*rogue.failed(None).kind(), closed);
    rogue.nothing_accepted();
    // Of TLS 1.2, at each step.
    for step in 0..3 {
        let mut rogue = Server12::client(rogue12::server_config(&world).build().unwrap());
        if step > 0 {
            rogue.client_hello(|_| ());
            rogue.read_flight();
        }
        if step > 1 {
            rogue.key_exchange();
            rogue.ccs();
        }
        rogue.alert(1, A::CLOSE_NOTIFY);
        assert_eq!(*rogue.failed(None).kind(), closed);
        rogue.nothing_accepted();
    }
    // Blocking I/O comes back, at each call.
    let bytes = [&hello[..], &[21, 3, 3, 0, 2, 1, 0]].concat();
    let config = world.server_config().build().unwrap();
    let server = ServerConnection::new(config, [2; 32], now()).unwrap();
    let mut stream = Stream::new(server, Pipe::new(&bytes));
    assert_eq!(inside(stream.handshake().unwrap_err()), closed);
    assert_eq!(inside(stream.read(&mut [0; 9]).unwrap_err()), closed);
    let name = ServerName::try_from("server.example").unwrap();
    let config = world.client_config().build().unwrap();
    let client = ClientConnection::new(config, name, [1; 32], now()).unwrap();
    let mut stream = Stream::new(client, Pipe::new(&[21, 3, 3, 0, 2, 1, 0]));
    assert_eq!(inside(stream.handshake().unwrap_err()), closed);
    assert_eq!(inside(stream.write(b"x").unwrap_err()), closed);
}

/// CVE-2024-11738 (rustls): a server that looks at ClientHello before it chooses its config panicked if
/// the message came in fragments; OpenSSL negotiated TLS 1.0 for those (CVE-2014-3511). RFC 9846 5.1:
/// any message may be fragmented.
#[test]
fn fragmented_client_hello() {
    let world = World::new();
    let config = world
        .server_config()
        .versions(rogue12::BOTH)
        .build()
        .unwrap();
    for version in [ProtocolVersion::TLS13, ProtocolVersion::TLS12] {
        let hello = match version {
            ProtocolVersion::TLS13 => {
                let mut rogue = Server::client(Arc::clone(&config));
                rogue.client_hello(|_| ());
                rogue.hello
            }
            _ => {
                let mut rogue = Server12::client(Arc::clone(&config));
                rogue.client_hello(|_| ());
                rogue.hello
            }
        };
        for cut in (1..hello.len()).step_by(9).chain([hello.len() - 1]) {
            // The config is chosen from the whole of it.
            let server = ServerConnection::undecided(Limits::default(), [2; 32], now());
            let mut end = End::new(server.unwrap());
            let chosen = Arc::clone(&config);
            end.answerer = Some(Box::new(move |request| match request {
                Request::Config(_) => Some(Answer::Config(Arc::clone(&chosen))),
                other => panic!("{other:?}"),
            }));
            for part in [&hello[..cut], &hello[cut..]] {
                assert_eq!(end.output, b"");
                end.input.extend([22, 3, 1]);
                end.input.extend(vec16(part));
                end.run();
            }
            assert_eq!(end.failed, None);
            let answer = first_message(&end.output);
            let answer = ServerHello::parse(&answer).unwrap();
            assert_eq!(
                answer.extensions.supported_version.is_some(),
                version == ProtocolVersion::TLS13
            );
        }
    }
}

/// The body of the first handshake message of these records.
fn first_message(output: &[u8]) -> Vec<u8> {
    assert_eq!(output[0], C::HANDSHAKE.0);
    let len = u32::from_be_bytes([0, output[6], output[7], output[8]]);
    output[9..9 + usize::try_from(len).unwrap()].to_vec()
}

/// CVE-2026-32283 (Go): several KeyUpdates in one record blocked the connection for good. RFC 9846 5.1:
/// the first changes the keys, and nothing may follow it; unexpected_message.
#[test]
fn several_key_updates_in_a_record() {
    let world = World::new();
    for request in [0, 1] {
        for times in [2, 3, 100] {
            let updates = message(T::KEY_UPDATE, &[request]).repeat(times);
            let mut rogue = Server::done(world.server_config().build().unwrap());
            rogue.record(C::HANDSHAKE, &updates);
            rogue.dead(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
            let mut rogue = Client::done(world.client_config().build().unwrap(), &world);
            rogue.record(C::HANDSHAKE, &updates);
            rogue.dead(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
        }
    }
}

/// CVE-2026-56862 (Go): KeyUpdates were taken without end, each at the price of a new key. RFC 9846
/// 4.7.3 bounds what a sender may do in all; a peer that changes its keys as it sends data is never
/// cut off, however long it lives.
#[test]
fn key_update_flood() {
    let world = World::new();
    let mut rogue = Client::done(world.client_config().build().unwrap(), &world);
    // Twenty times the bound, with a little data in between, and a reply to each.
    for _ in 0..640 {
        rogue.key_update(1);
        rogue.record(C::APPLICATION_DATA, &[7; 256]);
        rogue.peer.run();
    }
    assert_eq!(rogue.peer.failed, None);
    assert_eq!(rogue.peer.data.len(), 640 * 256);
    let mut rogue = Client::done(world.client_config().build().unwrap(), &world);
    for _ in 0..33 {
        rogue.key_update(0);
    }
    rogue.dead(Limit::KeyUpdates(32), A::UNEXPECTED_MESSAGE);
}

/// CVE-2026-55962 (wolfSSL): a server that had asked for a certificate after the handshake took
/// Finished without one. RFC 9846 4.7.2: nobody asks here, and a client that doesn't offer it refuses
/// the request.
#[test]
fn post_handshake_authentication() {
    let world = World::new();
    let config = world.client_config().credential(credential(&world.client));
    let mut rogue = Client::server(config.build().unwrap());
    let offered = rogue.client_hello().extensions.post_handshake_auth;
    assert!(!offered);
    rogue.flight(&world);
    rogue.read_client_flight();
    let schemes = vec16(&S::ECDSA_SECP256R1_SHA256.0.to_be_bytes());
    rogue.certificate_request(b"later", &[(X::SIGNATURE_ALGORITHMS, schemes)]);
    rogue.dead(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    for unasked in [T::CERTIFICATE, T::CERTIFICATE_VERIFY, T::FINISHED] {
        let config = asking(world.server_config(), &world, false);
        let mut rogue = Server::after_flight(config);
        rogue.certificate_with(b"", &[] as &[Vec<u8>], &[]);
        rogue.finished();
        rogue.peer.run();
        assert!(rogue.peer.done.is_some());
        match unasked {
            T::CERTIFICATE => rogue.certificate(&world.client),
            T::CERTIFICATE_VERIFY => rogue.certificate_verify(&world.client),
            _ => rogue.message(T::FINISHED, &[0; 32]),
        }
        rogue.dead(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    }
}

/// SMACK's early Finished and data: what came before the handshake was done was handed to the
/// application as the authenticated peer's. RFC 9846 4.5.3, RFC 5246 7.4.9: data comes after Finished.
#[test]
fn data_before_the_peer_is_known() {
    let world = World::new();
    let required = asking(world.server_config(), &world, true);
    let mut rogue = Server::after_flight(required);
    rogue.certificate(&world.client);
    rogue.certificate_verify(&world.client);
    rogue.record(C::APPLICATION_DATA, b"early");
    rogue.refused(V::UnexpectedContentType, A::UNEXPECTED_MESSAGE);
    // Under the keys that come with Finished, which wasn't sent.
    let mut rogue = Server::after_flight(world.server_config().build().unwrap());
    let secret = rogue.secrets.client_application.take().unwrap();
    rogue.write_with(&secret);
    rogue.record(C::APPLICATION_DATA, b"early");
    rogue.refused(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
    // TLS 1.2: in the clear, and under the keys after ChangeCipherSpec.
    for protected in [false, true] {
        let config = rogue12::server_config(&world).build().unwrap();
        let mut rogue = Server12::after_flight(config);
        rogue.key_exchange();
        if protected {
            rogue.ccs();
        }
        rogue.record(C::APPLICATION_DATA, b"early");
        rogue.refused(V::UnexpectedContentType, A::UNEXPECTED_MESSAGE);
        let mut rogue = Client12::server(rogue12::client_config(&world).build().unwrap());
        rogue.flight(&world);
        rogue.read_client_flight();
        if protected {
            rogue.ccs();
        }
        rogue.record(C::APPLICATION_DATA, b"early");
        rogue.refused(V::UnexpectedContentType, A::UNEXPECTED_MESSAGE);
    }
}
