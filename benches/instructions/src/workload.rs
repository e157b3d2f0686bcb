//! Handshakes in memory: a client and a server, with one config each.

#[path = "../../../tests/common/certs.rs"]
#[allow(dead_code, reason = "the tests use the rest of it")]
mod certs;

use certs::{KeyKind, NOW, TestPki};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use std::sync::Arc;
use symbolon::codepoint::{CipherSuite, NamedGroup};
use symbolon::config::{ClientConfig, Credential, ServerConfig};
use symbolon::conn::{ClientConnection, Connection, Event, ServerConnection};
use symbolon::crypto::CryptoProvider;
use symbolon::provider::RUSTCRYPTO;

const NAME: &str = "server.example";

/// Configs for one suite and X25519.
fn configs(provider: CryptoProvider, suite: CipherSuite) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let pki = TestPki::new();
    let (chain, key) = pki.leaf(&[NAME], KeyKind::EcdsaP256);
    let credential = Credential::new(chain, &key, &provider).expect("they belong together");
    let server = ServerConfig::builder()
        .provider(provider)
        .credential(credential)
        .groups(&[NamedGroup::X25519])
        .cipher_suites(&[suite]);
    let client = ClientConfig::builder()
        .provider(provider)
        .roots(pki.roots())
        .groups(&[NamedGroup::X25519])
        .cipher_suites(&[suite]);
    (
        client.build().expect("it is complete"),
        server.build().expect("it is complete"),
    )
}

/// One handshake, with flights in these vectors.
fn handshake(
    (client, server): &(Arc<ClientConfig>, Arc<ServerConfig>),
    seed: [u8; 32],
    [to_client, to_server]: &mut [Vec<u8>; 2],
) -> (ClientConnection, ServerConnection) {
    let name = ServerName::try_from(NAME).expect("it is a name");
    let client = ClientConnection::new(Arc::clone(client), name, seed, NOW);
    let server = ServerConnection::new(Arc::clone(server), seed, NOW);
    let mut client = client.expect("it begins");
    let mut server = server.expect("it begins");
    while client.is_handshaking() || server.is_handshaking() {
        pass(&mut client, to_client, to_server);
        pass(&mut server, to_server, to_client);
    }
    to_client.clear();
    (client, server)
}

/// A client and a server that have met.
pub fn pair(provider: CryptoProvider, suite: CipherSuite) -> (ClientConnection, ServerConnection) {
    let configs = configs(provider, suite);
    handshake(&configs, [1; 32], &mut [Vec::new(), Vec::new()])
}

/// Handshakes of this library.
pub fn symbolon(pairs: usize) {
    let configs = configs(RUSTCRYPTO, CipherSuite::TLS_AES_128_GCM_SHA256);
    let mut flights = [Vec::with_capacity(8192), Vec::with_capacity(8192)];
    for pair in 0..pairs {
        let seed = [u8::try_from(pair % 256).expect("a byte"); 32];
        handshake(&configs, seed, &mut flights);
    }
}

/// Gives a connection all input, and collects its output.
fn pass(connection: &mut impl Connection, input: &mut Vec<u8>, output: &mut Vec<u8>) {
    let mut start = 0;
    loop {
        let received = connection.receive(&mut input[start..], output);
        start += received.consumed;
        match received.event {
            Event::NeedInput { .. } => break,
            Event::Failed(error) => panic!("{error}"),
            _ => {}
        }
    }
    input.clear();
}

/// The time of the test certificates, whatever the clock says.
#[derive(Debug)]
struct Clock;

impl rustls::time_provider::TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        Some(NOW)
    }
}

/// The same handshakes of rustls with ring.
pub fn rustls(pairs: usize) {
    let pki = TestPki::new();
    let (chain, key) = pki.leaf(&[NAME], KeyKind::EcdsaP256);
    let (server, client) = rustls_configs(&pki, chain, key);
    let mut flight = Vec::with_capacity(8192);
    for _ in 0..pairs {
        let name = ServerName::try_from(NAME).expect("it is a name");
        let client = rustls::ClientConnection::new(Arc::clone(&client), name);
        let mut client = client.expect("it begins");
        let mut server = rustls::ServerConnection::new(Arc::clone(&server)).expect("it begins");
        while client.is_handshaking() || server.is_handshaking() {
            flight.clear();
            while client.wants_write() {
                client.write_tls(&mut flight).expect("a vector takes all");
            }
            give_server(&mut server, &flight);
            flight.clear();
            while server.wants_write() {
                server.write_tls(&mut flight).expect("a vector takes all");
            }
            give_client(&mut client, &flight);
        }
    }
}

fn give_server(server: &mut rustls::ServerConnection, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        server.read_tls(&mut bytes).expect("a slice gives all");
        server.process_new_packets().expect("a good handshake");
    }
}

fn give_client(client: &mut rustls::ClientConnection, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        client.read_tls(&mut bytes).expect("a slice gives all");
        client.process_new_packets().expect("a good handshake");
    }
}

fn rustls_configs(
    pki: &TestPki,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> (Arc<rustls::ServerConfig>, Arc<rustls::ClientConfig>) {
    let ring = rustls::crypto::ring::default_provider();
    let provider = Arc::new(rustls::crypto::CryptoProvider {
        cipher_suites: vec![rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256],
        kx_groups: vec![rustls::crypto::ring::kx_group::X25519],
        ..ring
    });
    let mut roots = rustls::RootCertStore::empty();
    roots.add(pki.root()).expect("a root");
    let clock: Arc<dyn rustls::time_provider::TimeProvider> = Arc::new(Clock);
    let server = rustls::ServerConfig::builder_with_details(Arc::clone(&provider), clock.clone());
    let key = with_public_half(&key, &chain[0]);
    let mut server = server
        .with_safe_default_protocol_versions()
        .expect("TLS 1.3 goes with the suite")
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .expect("they belong together");
    server.send_tls13_tickets = 0;
    let client = rustls::ClientConfig::builder_with_details(provider, clock)
        .with_safe_default_protocol_versions()
        .expect("TLS 1.3 goes with the suite");
    let mut client = client.with_root_certificates(roots).with_no_client_auth();
    client.resumption = rustls::client::Resumption::disabled();
    (Arc::new(server), Arc::new(client))
}

/// The key in the form that ring wants: PKCS#8 with the public key in it (RFC 5958, RFC 5915).
fn with_public_half(key: &PrivateKeyDer<'_>, leaf: &[u8]) -> PrivateKeyDer<'static> {
    const POINT_FRONT: &[u8] = b"\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
    let at = leaf
        .windows(POINT_FRONT.len())
        .position(|window| window == POINT_FRONT);
    let at = at.expect("a P-256 key") + POINT_FRONT.len();
    let scalar = key
        .secret_der()
        .last_chunk::<32>()
        .expect("a scalar at the end");
    let mut der = Vec::from(
        b"\x30\x81\x87\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\
          \x03\x01\x07\x04\x6d\x30\x6b\x02\x01\x01\x04\x20",
    );
    der.extend(scalar);
    der.extend(b"\xa1\x44\x03\x42\x00");
    der.extend(&leaf[at..at + 65]);
    PrivateKeyDer::Pkcs8(der.into())
}
