//! The blocking stream over a transport in memory.
#![cfg(feature = "std")]

mod common {
    pub mod certs;
}

use common::certs::{KeyKind, NOW, TestPki};
use rustls_pki_types::{ServerName, UnixTime};
use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex};
use symbolon::config::{
    ClientConfig, ClientSessionStore, Credential, RotatingTicketer, Scope, ServerConfig, Session,
    StatelessSessions,
};
use symbolon::conn::{ClientConnection, Eof, Event, HalfEvent, ServerConnection};
use symbolon::io::Stream;
use symbolon::provider::default_provider;

/// A transport with a server at its other end, which greets as soon as it may: before the
/// client's Finished has come, and so in one flight with its own.
struct Greeter {
    server: ServerConnection,
    input: Vec<u8>,
    output: Vec<u8>,
    greeted: bool,
    closed: Option<Eof>,
}

/// A client, and the transport to its server.
fn ends(client: Arc<ClientConfig>, server: Arc<ServerConfig>) -> (ClientConnection, Greeter) {
    let name = "server.example".try_into().unwrap();
    let greeter = Greeter {
        server: ServerConnection::new(server, [1; 32], NOW).unwrap(),
        input: Vec::new(),
        output: Vec::new(),
        greeted: false,
        closed: None,
    };
    let client = ClientConnection::new(client, name, [2; 32], NOW).unwrap();
    (client, greeter)
}

impl Read for Greeter {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.output.len().min(out.len());
        out[..n].copy_from_slice(&self.output[..n]);
        self.output.drain(..n);
        Ok(n)
    }
}

impl Write for Greeter {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.input.extend_from_slice(data);
        loop {
            let received = self.server.receive(&mut self.input, &mut self.output);
            let consumed = received.consumed;
            let waits = match received.event {
                Event::NeedInput { .. } => true,
                Event::Closed(eof) => {
                    self.closed = Some(eof);
                    true
                }
                _ => false,
            };
            self.input.drain(..consumed);
            if waits {
                break;
            }
        }
        if !self.greeted {
            let sent = self
                .server
                .send_before_client_finished(b"hello", &mut self.output);
            self.greeted = sent.is_ok();
        }
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_came_along_with_the_handshake_is_not_lost() {
    let pki = TestPki::new();
    let (chain, key) = pki.leaf(&["server.example"], KeyKind::EcdsaP256);
    let credential = Credential::new(chain, &key, &default_provider()).unwrap();
    let server = ServerConfig::builder().credential(credential).build();
    let client = ClientConfig::builder().roots(pki.roots()).build();
    let (client, greeter) = ends(client.unwrap(), server.unwrap());
    let mut stream = Stream::new(client, greeter);
    assert!(stream.unread().is_empty());
    stream.handshake().unwrap().expect("the first handshake");
    let mut unread = stream.unread().to_vec();
    // A record of five bytes of data: header, type and tag around them.
    assert_eq!(unread.len(), 5 + 5 + 1 + 16);
    let (connection, _) = stream.into_parts();
    let (_, mut receiver) = connection.into_split().expect("the handshake is done");
    match receiver.receive(&mut unread).event {
        HalfEvent::Data(data) => assert_eq!(&*data, b"hello"),
        other => panic!("{other:?}"),
    }
}

#[derive(Debug, Default)]
struct Kept(Mutex<Vec<Session>>);

impl ClientSessionStore for Kept {
    fn take(&self, _: &ServerName<'_>, _: Scope, _: UnixTime) -> Option<Session> {
        None
    }

    fn put(&self, session: Session) {
        self.0.lock().unwrap().push(session);
    }
}

#[test]
fn sessions_go_into_the_store_of_the_config() {
    let pki = TestPki::new();
    let (chain, key) = pki.leaf(&["server.example"], KeyKind::EcdsaP256);
    let credential = Credential::new(chain, &key, &default_provider()).unwrap();
    let tickets = RotatingTicketer::new(&default_provider(), &[3; 32], 3600).unwrap();
    let server = ServerConfig::builder()
        .credential(credential)
        .sessions(StatelessSessions::new(Arc::new(tickets)))
        .build();
    let kept = Arc::new(Kept::default());
    let client = ClientConfig::builder()
        .roots(pki.roots())
        .sessions(kept.clone())
        .build();
    let (client, greeter) = ends(client.unwrap(), server.unwrap());
    let mut stream = Stream::new(client, greeter).with_clock(|| NOW);
    let mut hello = [0; 5];
    stream.read_exact(&mut hello).unwrap();
    // The tickets follow; then there is nothing more.
    let end = stream.read(&mut [0]).unwrap_err();
    assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
    assert!(!kept.0.lock().unwrap().is_empty());
}

/// TLS 1.2 has no new keys: the write that finds them worn fails, and the peer sees a clean end.
#[cfg(feature = "tls12")]
#[test]
fn a_worn_key_ends_what_is_written_cleanly() {
    let pki = TestPki::new();
    let (chain, key) = pki.leaf(&["server.example"], KeyKind::EcdsaP256);
    let credential = Credential::new(chain, &key, &default_provider()).unwrap();
    let server = ServerConfig::builder().credential(credential).build();
    let client = ClientConfig::builder()
        .roots(pki.roots())
        .versions(&[symbolon::codepoint::ProtocolVersion::TLS12])
        .key_limit(8)
        .build();
    let (client, greeter) = ends(client.unwrap(), server.unwrap());
    let mut stream = Stream::new(client, greeter);
    let written = (0..8).take_while(|_| stream.write(b"x").is_ok()).count();
    assert!((1..8).contains(&written), "{written}");
    let (_, greeter) = stream.into_parts();
    assert_eq!(greeter.closed, Some(Eof::Clean));
}
