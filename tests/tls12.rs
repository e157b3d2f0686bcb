//! TLS 1.2, and both versions side by side, in memory.

mod common {
    pub mod certs;
    pub mod pair;
}

use common::certs::{Identity, KeyKind, TestPki};
use common::pair::Pair;
use std::sync::Arc;
use symbolon::codepoint::{
    AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme,
};
use symbolon::config::{
    ClientAuth, ClientConfig, ClientConfigBuilder, Credential, ServerConfig, ServerConfigBuilder,
};
use symbolon::conn::Eof;
use symbolon::error::{Error, ErrorKind, Limit, Misuse, Parameter, Violation};
use symbolon::handshake::Summary;
use symbolon::pki::PathVerifier;
use symbolon::provider::default_provider;

const TLS12: &[ProtocolVersion] = &[ProtocolVersion::TLS12];
const TLS13: &[ProtocolVersion] = &[ProtocolVersion::TLS13];

fn credential(identity: Identity) -> Credential {
    Credential::new(identity.0, &identity.1, &default_provider()).unwrap()
}

fn configs(kind: KeyKind) -> (TestPki, ClientConfigBuilder, ServerConfigBuilder) {
    let pki = TestPki::new();
    let client = ClientConfig::builder().roots(pki.roots());
    let leaf = credential(pki.leaf(&["server.example"], kind));
    (pki, client, ServerConfig::builder().credential(leaf))
}

fn tls12(kind: KeyKind) -> (TestPki, ClientConfigBuilder, ServerConfigBuilder) {
    let (pki, client, server) = configs(kind);
    (pki, client.versions(TLS12), server.versions(TLS12))
}

fn run(client: ClientConfigBuilder, server: ServerConfigBuilder) -> (Pair, Summary, Summary) {
    let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
    let (client, server) = pair.handshake();
    (pair, client, server)
}

fn ping_pong(pair: &mut Pair) {
    pair.client.send(b"ping");
    pair.run();
    assert_eq!(pair.server.data, b"ping");
    pair.server.send(b"pong");
    pair.run();
    assert_eq!(pair.client.data, b"pong");
}

fn failed(client: ClientConfigBuilder, server: ServerConfigBuilder) -> (Error, Error) {
    let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
    let (client, server) = pair.failure();
    (client.unwrap(), server.unwrap())
}

fn alert(error: &Error) -> AlertDescription {
    match error.kind() {
        ErrorKind::AlertReceived(alert) => *alert,
        other => panic!("not an alert: {other:?}"),
    }
}

#[test]
fn every_kind_of_key() {
    for kind in KeyKind::ALL {
        let (_, client, server) = tls12(kind);
        let (mut pair, client, server) = run(client, server);
        assert_eq!(client.version, ProtocolVersion::TLS12, "{kind:?}");
        assert_eq!(client.to_string(), server.to_string());
        assert_eq!(client.group, Some(NamedGroup::X25519));
        ping_pong(&mut pair);
    }
}
