//! A client and a server that meet in memory, for benches.

#![allow(dead_code, reason = "each bench uses a part of it")]

#[path = "../../tests/common/certs.rs"]
mod certs;

use certs::{KeyKind, NOW, TestPki};
use std::sync::Arc;
use symbolon::codepoint::{CipherSuite, NamedGroup, ProtocolVersion};
use symbolon::config::{
    ClientConfig, Credential, Freshness, Observer, ReplayQuery, ReplayRecorder, RotatingTicketer,
    ServerConfig, Session, StatelessSessions,
};
use symbolon::conn::{ClientConnection, Connection, Event, ServerConnection};
use symbolon::crypto::CryptoProvider;
use symbolon::pki::Decision;
use symbolon::provider::{RUSTCRYPTO, default_provider};

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

/// Says that all early data is new: the same ClientHello comes again and again.
#[derive(Debug)]
struct NeverSeen;

impl ReplayRecorder for NeverSeen {
    fn record(&self, _: &ReplayQuery) -> Decision<Freshness> {
        Decision::Now(Freshness::New)
    }
}

/// Configs of the RustCrypto provider, which draws all from the seed, for sessions and early data.
pub fn resuming(
    version: ProtocolVersion,
    observer: Option<Arc<dyn Observer>>,
) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    let pki = TestPki::new();
    let (chain, key) = pki.leaf(&["server.example"], KeyKind::EcdsaP256);
    let credential = Credential::new(chain, &key, &RUSTCRYPTO).expect("they belong together");
    let tickets = RotatingTicketer::new(&RUSTCRYPTO, &[3; 32], 43_200).expect("it has AEADs");
    let sessions = StatelessSessions::new(Arc::new(tickets));
    let server = ServerConfig::builder()
        .provider(RUSTCRYPTO)
        .credential(credential)
        .sessions(sessions.early_data(1000, Arc::new(NeverSeen)));
    let mut client = ClientConfig::builder()
        .provider(RUSTCRYPTO)
        .roots(pki.roots())
        .versions(&[version])
        .groups(&[NamedGroup::X25519, NamedGroup::SECP256R1])
        .early_data(true);
    if let Some(observer) = observer {
        client = client.observer(observer);
    }
    (
        client.build().expect("it is complete"),
        server.build().expect("it is complete"),
    )
}

/// A session between them.
pub fn session(client_config: &Arc<ClientConfig>, server_config: &Arc<ServerConfig>) -> Vec<u8> {
    let (mut client, mut server) = (client(client_config), server(server_config));
    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    for _ in 0..4 {
        let mut start = 0;
        loop {
            let received = client.receive(&mut to_client[start..], &mut to_server);
            start += received.consumed;
            match received.event {
                Event::NeedInput { .. } => break,
                Event::Session(session) => {
                    return session.received(NOW).to_bytes().expose().to_vec();
                }
                Event::Failed(error) => panic!("{error}"),
                _ => {}
            }
        }
        to_client.clear();
        run(&mut server, &mut to_server, &mut to_client);
        to_server.clear();
    }
    panic!("the server gives no ticket");
}

/// A client that resumes this session and has sent nothing yet.
pub fn resume(config: &Arc<ClientConfig>, session: Session) -> ClientConnection {
    let name = "server.example".try_into().expect("it is a name");
    ClientConnection::resume(Arc::clone(config), name, session, [4; 32], NOW).expect("it begins")
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
#[derive(Clone, Default)]
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
    let mut flights = Flights::default();
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
