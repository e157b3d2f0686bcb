//! Faults that were found once and must not come back.
mod common {
    pub mod certs;
    pub mod pair;
}
use common::certs::{KeyKind, TestPki};
use common::pair::{Pair, now};
use rustls_pki_types::ServerName;
use std::io::{self, Read, Write};
use symbolon::codepoint::*;
use symbolon::config::*;
use symbolon::conn::*;
use symbolon::error::ErrorKind;
use symbolon::provider::default_provider;

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
