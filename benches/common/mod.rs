//! A client and a server that meet in memory, for benches.

#![allow(dead_code, reason = "each bench uses a part of it")]

#[path = "../../tests/common/certs.rs"]
mod certs;

use certs::{KeyKind, NOW, TestPki};
use std::sync::Arc;
use symbolon::codepoint::{CipherSuite, NamedGroup};
use symbolon::config::{ClientConfig, Credential, ServerConfig};
use symbolon::conn::{ClientConnection, Connection, Event, ServerConnection};
use symbolon::crypto::CryptoProvider;
use symbolon::provider::default_provider;

/// Configs for one group and one suite, with an ECDSA P-256 chain of two.
pub fn configs(group: NamedGroup, suite: CipherSuite) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    configs_with(default_provider(), group, suite)
}

/// The same with this provider.
pub fn configs_with(
    provider: CryptoProvider,
    group: NamedGroup,
    suite: CipherSuite,
) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let pki = TestPki::new();
    let (chain, key) = pki.leaf(&["server.example"], KeyKind::EcdsaP256);
    let credential = Credential::new(chain, &key, &provider).expect("they belong together");
    let client = ClientConfig::builder()
        .provider(provider)
        .roots(pki.roots())
        .groups(&[group])
        .cipher_suites(&[suite]);
    let server = ServerConfig::builder()
        .provider(provider)
        .credential(credential)
        .groups(&[group])
        .cipher_suites(&[suite]);
    (
        client.build().expect("it is complete"),
        server.build().expect("it is complete"),
    )
}

/// A client that has sent nothing yet.
pub fn client(config: &Arc<ClientConfig>) -> ClientConnection {
    let name = "server.example".try_into().expect("it is a name");
    ClientConnection::new(Arc::clone(config), name, [1; 32], NOW).expect("it begins")
}

/// A server that has received nothing yet.
pub fn server(config: &Arc<ServerConfig>) -> ServerConnection {
    ServerConnection::new(Arc::clone(config), [2; 32], NOW).expect("it begins")
}

/// Gives the connection all input, which is decrypted where it lies, and collects its output.
pub fn run(connection: &mut impl Connection, input: &mut [u8], output: &mut Vec<u8>) {
    let mut start = 0;
    loop {
        let received = connection.receive(&mut input[start..], output);
        start += received.consumed;
        match received.event {
            Event::NeedInput { .. } => return,
            Event::Failed(error) => panic!("{error}"),
            _ => {}
        }
    }
}

/// What each side sends in a full handshake: ClientHello; ServerHello to Finished; Finished.
#[derive(Clone)]
pub struct Flights {
    pub hello: Vec<u8>,
    pub server: Vec<u8>,
    pub finished: Vec<u8>,
}

/// A finished handshake, and what went over the wire.
pub fn handshake(
    client_config: &Arc<ClientConfig>,
    server_config: &Arc<ServerConfig>,
) -> (ClientConnection, ServerConnection, Flights) {
    let (mut client, mut server) = (client(client_config), server(server_config));
    let mut flights = Flights {
        hello: Vec::new(),
        server: Vec::new(),
        finished: Vec::new(),
    };
    run(&mut client, &mut [], &mut flights.hello);
    run(&mut server, &mut flights.hello.clone(), &mut flights.server);
    run(
        &mut client,
        &mut flights.server.clone(),
        &mut flights.finished,
    );
    let mut tickets = Vec::new();
    run(&mut server, &mut flights.finished.clone(), &mut tickets);
    run(&mut client, &mut tickets, &mut Vec::new());
    assert!(!client.is_handshaking() && !server.is_handshaking());
    (client, server, flights)
}
