//! Faults that were found once and must not come back.
mod common {
    pub mod certs;
    pub mod pair;
    pub mod stores;
}
use common::certs::{KeyKind, TestPki};
use common::pair::{Pair, now};
use rustls_pki_types::ServerName;
use std::io::{self, Read, Write};
use std::sync::Arc;
use symbolon::codepoint::*;
use symbolon::config::*;
use symbolon::conn::*;
use symbolon::error::ErrorKind;
use symbolon::handshake::{Answer, EarlyDataOutcome, Request};
use symbolon::provider::default_provider;
use symbolon::record::{FixedSink, Padding};

fn configs() -> (TestPki, ClientConfigBuilder, ServerConfigBuilder) {
    let pki = TestPki::new();
    let client = ClientConfig::builder().roots(pki.roots());
    let id = pki.leaf(&["server.example"], KeyKind::EcdsaP256);
    let server = ServerConfig::builder()
        .credential(Credential::new(id.0, &id.1, &default_provider()).unwrap());
    (pki, client, server)
}

#[test]
fn p384_hybrid_is_a_hybrid_for_retry() {
    let (_, client, server) = configs();
    let client = client
        .groups(&[NamedGroup::X25519, NamedGroup::SECP384R1MLKEM1024])
        .build()
        .unwrap();
    let server = server
        .groups(&[NamedGroup::SECP384R1MLKEM1024, NamedGroup::X25519])
        .build()
        .unwrap();
    let (c, _) = Pair::new(client, server).handshake();
    assert_eq!(c.group, Some(NamedGroup::SECP384R1MLKEM1024));
}

#[test]
fn p384_hybrid_share_needs_no_retry() {
    let (_, client, server) = configs();
    let client = client
        .groups(&[NamedGroup::SECP384R1MLKEM1024, NamedGroup::X25519MLKEM768])
        .build()
        .unwrap();
    let (c, _) = Pair::new(client, server.build().unwrap()).handshake();
    assert!(!c.hello_retry_request);
}

#[test]
fn a_hybrid_share_is_preferred_to_its_half() {
    let (_, client, server) = configs();
    let client = client
        .groups(&[NamedGroup::SECP256R1MLKEM768, NamedGroup::SECP256R1])
        .build()
        .unwrap();
    let (c, _) = Pair::new(client, server.build().unwrap()).handshake();
    assert_eq!(c.group, Some(NamedGroup::SECP256R1MLKEM768));
}

#[test]
fn small_records_and_key_limit() {
    let (_, client, server) = configs();
    let client = client.record_size_limit(64).build().unwrap();
    let server = server.key_limit(8).build().unwrap();
    let _ = Pair::new(client, server).handshake();
}

#[test]
fn close_during_handshake_ends_the_peer() {
    let (_, client, server) = configs();
    let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
    pair.client.run();
    let hello = std::mem::take(&mut pair.client.output);
    pair.server.input.extend(hello);
    pair.server.run();
    pair.client.connection.close();
    pair.client.run();
    pair.server
        .input
        .extend(std::mem::take(&mut pair.client.output));
    pair.server.run();
    assert!(
        pair.server.failed.is_some() || pair.server.closed.is_some(),
        "the server waits on"
    );
}

fn with_early_data(record: &[u8]) -> Vec<u8> {
    // record(5) handshake(4) version(2) random(32) sid suites comp ext
    let mut m = record.to_vec();
    m.extend([0, 42, 0, 0]);
    let bump16 = |m: &mut Vec<u8>, at: usize| {
        let v = u16::from_be_bytes([m[at], m[at + 1]]) + 4;
        m[at..at + 2].copy_from_slice(&v.to_be_bytes());
    };
    bump16(&mut m, 3);
    bump16(&mut m, 7);
    let mut at = 5 + 4 + 34;
    at += 1 + m[at] as usize;
    at += 2 + u16::from_be_bytes([m[at], m[at + 1]]) as usize;
    at += 1 + m[at] as usize;
    bump16(&mut m, at);
    m
}

#[test]
fn a_full_early_data_record_is_skipped_after_a_retry() {
    let (_, client, server) = configs();
    let client = client.key_shares(&[]).build().unwrap();
    let mut pair = Pair::new(client, server.build().unwrap());
    pair.client.run();
    let hello = with_early_data(&std::mem::take(&mut pair.client.output));
    pair.server.input.extend(hello);
    let len: u16 = 16384 + 17;
    pair.server.input.extend([23, 3, 3]);
    pair.server.input.extend(len.to_be_bytes());
    pair.server.input.extend(vec![7u8; len as usize]);
    pair.server.run();
    assert_eq!(pair.server.failed, None);
}

#[test]
fn garbage_is_not_skipped_after_retried_hello() {
    // After the second ClientHello nothing is skipped any more.
    let (_, client, server) = configs();
    let client = client.key_shares(&[]).build().unwrap();
    let mut pair = Pair::new(client, server.build().unwrap());
    pair.client.run();
    let hello = with_early_data(&std::mem::take(&mut pair.client.output));
    pair.server.input.extend(hello);
    pair.server.run();
    let hrr = std::mem::take(&mut pair.server.output);
    pair.client.input.extend(hrr);
    pair.client.run();
    pair.server
        .input
        .extend(std::mem::take(&mut pair.client.output));
    pair.server.run();
    assert_eq!(pair.server.failed, None);
    pair.server.input.extend([23, 3, 3, 0, 40]);
    pair.server.input.extend([7u8; 40]);
    pair.server.run();
    assert!(pair.server.failed.is_some());
}

struct Pipe {
    input: Vec<u8>,
    output: Vec<u8>,
    block: bool,
}
impl Read for Pipe {
    fn read(&mut self, b: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let n = b.len().min(self.input.len());
        b[..n].copy_from_slice(&self.input[..n]);
        self.input.drain(..n);
        Ok(n)
    }
}
impl Write for Pipe {
    fn write(&mut self, b: &[u8]) -> io::Result<usize> {
        if self.block {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.output.extend(b);
        Ok(b.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_blocked_write_does_not_lose_the_summary() {
    use symbolon::io::Stream;
    let (_, client, server) = configs();
    let client = ClientConnection::new(
        client.build().unwrap(),
        ServerName::try_from("server.example").unwrap(),
        [1; 32],
        now(),
    )
    .unwrap();
    let server = ServerConnection::new(server.build().unwrap(), [2; 32], now()).unwrap();
    let pipe = || Pipe {
        input: vec![],
        output: vec![],
        block: false,
    };
    // The transport is reached through a shared cell.
    use std::cell::RefCell;
    use std::rc::Rc;
    struct Shared(Rc<RefCell<Pipe>>);
    impl Read for Shared {
        fn read(&mut self, b: &mut [u8]) -> io::Result<usize> {
            self.0.borrow_mut().read(b)
        }
    }
    impl Write for Shared {
        fn write(&mut self, b: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(b)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let (cp, sp) = (Rc::new(RefCell::new(pipe())), Rc::new(RefCell::new(pipe())));
    let mut c = Stream::new(client, Shared(cp.clone()));
    let mut s = Stream::new(server, Shared(sp.clone()));
    assert!(c.handshake().is_err());
    sp.borrow_mut().input.append(&mut cp.borrow_mut().output);
    assert!(s.handshake().is_err());
    cp.borrow_mut().input.append(&mut sp.borrow_mut().output);
    cp.borrow_mut().block = true;
    assert_eq!(c.handshake().unwrap_err().kind(), io::ErrorKind::WouldBlock);
    cp.borrow_mut().block = false;
    assert!(c.handshake().unwrap().is_some(), "the summary is lost");
}

#[test]
fn handshake_again_after_failure_is_an_error() {
    use symbolon::io::Stream;
    let (_, client, _) = configs();
    let client = ClientConnection::new(
        client.build().unwrap(),
        ServerName::try_from("server.example").unwrap(),
        [1; 32],
        now(),
    )
    .unwrap();
    let mut c = Stream::new(
        client,
        Pipe {
            input: b"HTTP/1.1 400 Bad\r\n".to_vec(),
            output: vec![],
            block: false,
        },
    );
    assert!(c.handshake().is_err());
    assert!(
        c.handshake().is_err(),
        "a dead connection says that its handshake was done before"
    );
}

#[test]
fn a_flood_of_key_shares_is_refused() {
    let (_, client, server) = configs();
    let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
    let mut groups = Vec::new();
    let mut shares = Vec::new();
    // 3200 groups; 1590 of them, the last, have shares.
    for i in 0..3900u16 {
        groups.extend((0x2000 + i).to_be_bytes());
    }
    for i in 0..1500u16 {
        shares.extend((0x2000 + 3900 - 1 - i).to_be_bytes());
        shares.extend([0, 1, 9]);
    }
    let ext = |t: u16, d: Vec<u8>| {
        let mut o = t.to_be_bytes().to_vec();
        o.extend((d.len() as u16).to_be_bytes());
        o.extend(d);
        o
    };
    let v16 = |d: Vec<u8>| {
        let mut o = (d.len() as u16).to_be_bytes().to_vec();
        o.extend(d);
        o
    };
    let mut e = Vec::new();
    e.extend(ext(43, vec![2, 3, 4]));
    e.extend(ext(13, v16(vec![4, 3])));
    e.extend(ext(10, v16(groups)));
    e.extend(ext(51, v16(shares)));
    let mut b = vec![3, 3];
    b.extend([5; 32]);
    b.push(0);
    b.extend([0, 2, 0x13, 1, 1, 0]);
    b.extend(v16(e));
    let mut m = vec![1, 0];
    m.extend((b.len() as u16).to_be_bytes());
    m.extend(b);
    let mut r = vec![22, 3, 1];
    r.extend((m.len() as u16).to_be_bytes());
    r.extend(m);
    pair.server.input = r;
    pair.server.run();
    let error = pair.server.failed.unwrap();
    let ErrorKind::Decode(decode) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(decode.what, "KeyShareClientHello.client_shares");
}

#[test]
fn a_refusal_after_the_server_hello_is_told_under_the_keys_that_the_client_expects() {
    let (pki, client, server) = configs();
    let id = pki.leaf(&["server.example"], KeyKind::EcdsaP256);
    let key = Key::External(vec![SignatureScheme::ECDSA_SECP256R1_SHA256]);
    let server = server.credential(Credential::with_key(id.0, key).unwrap());
    let client = client.groups(&[NamedGroup::X25519]);
    let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
    pair.client.run();
    let mut hello = std::mem::take(&mut pair.client.output);
    let server = &mut pair.server.connection;
    // The signature is asked for while there is no room, and then there is just enough for a
    // ServerHello.
    let received = server.receive(&mut hello, &mut FixedSink::new(&mut []));
    assert!(matches!(received.event, Event::Ask(Request::Sign(_))));
    let mut room = vec![0; received.output];
    let mut sink = FixedSink::new(&mut room);
    assert_eq!(server.flush(&mut sink), 6);
    assert_eq!(common::pair::records(sink.written()).len(), 1);
    pair.client.input.extend(sink.written());
    let refusal = Answer::Refuse(AlertDescription::ACCESS_DENIED);
    server.answer(refusal).unwrap();
    pair.run();
    assert_eq!(
        pair.client.failed.unwrap().kind(),
        &ErrorKind::AlertReceived(AlertDescription::ACCESS_DENIED)
    );
}

#[test]
fn refused_early_data_is_not_longer_for_its_padding() {
    let (_, client, server) = configs();
    let ticketer = Arc::new(common::stores::OpenTicketer(7));
    let recorder = Arc::new(common::stores::SetRecorder::default());
    let sessions = || StatelessSessions::new(ticketer.clone());
    let takes = server
        .clone()
        .sessions(sessions().early_data(4096, recorder));
    let client = client.early_data(true).padding(Padding::Full);
    let client = client.build().unwrap();
    let mut first = Pair::new(client.clone(), takes.build().unwrap());
    first.handshake();
    first.run();
    let session = first.client.sessions.pop().unwrap();
    let name = ServerName::try_from("server.example").unwrap();
    let server = server.sessions(sessions()).build().unwrap();
    let mut pair = Pair::of(
        ClientConnection::resume(client, name, session, [3; 32], now()).unwrap(),
        ServerConnection::new(server, [4; 32], now()).unwrap(),
    );
    for _ in 0..4 {
        pair.client.send_early(b"early");
    }
    let (summary, _) = pair.handshake();
    assert!(matches!(
        summary.early_data,
        EarlyDataOutcome::Rejected { unsent, .. } if unsent == b"early".repeat(4)
    ));
}

#[test]
fn a_long_flight_does_not_use_up_a_key_that_the_config_limits() {
    let (_, client, server) = configs();
    let ticketer = Arc::new(common::stores::OpenTicketer(7));
    let mut policy = TicketPolicy::default();
    policy.count = 6;
    let server = server
        .key_limit(8)
        .sessions(StatelessSessions::new(ticketer).policy(policy))
        .build()
        .unwrap();
    let client = client.record_size_limit(64).build().unwrap();
    let mut pair = Pair::new(client, server);
    pair.handshake();
    pair.server.send(b"data");
    pair.server.connection.close();
    pair.run();
    assert_eq!(pair.server.failed, None);
    assert_eq!(pair.client.data, b"data");
    assert_eq!(pair.client.sessions.len(), 6);
    assert_eq!(pair.client.closed, Some(Eof::Clean));
}
