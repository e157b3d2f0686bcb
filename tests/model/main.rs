//! An independent model of the state machines: a table written from the RFCs (`table.rs`, `rules.rs`),
//! walked through all sequences of what can come, and compared with the machine at each step: alive,
//! done, dead and by which alert, and what was handed out.
//!
//! The peer holds the real keys and says everything right for what was said before, so that a machine
//! that lets something be left out, or come twice, would go on to its end. `SYMBOLON_MODEL_DEPTH=n`
//! walks deeper: n steps that do not bring the handshake forward, at any places.

#[path = "../common"]
mod common {
    pub mod certs;
    pub mod fake;
    pub mod pair;
    pub mod rogue;
    pub mod stores;
}
mod peer12;
mod peer13;
mod player;
mod rules;
mod table;
mod walk;

use common::fake::{FAKE, FakeKey, Kind, certificate, credential};
use common::pair::{Pair, now};
use common::rogue::Psk;
use common::stores::{OpenTicketer, Psks, Says};
use player::Player;
use rules::Scenario;
use rustls_pki_types::ServerName;
use std::sync::{Arc, LazyLock};
use symbolon::codepoint::*;
use symbolon::config::*;
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::crypto::VerifyAlgorithms;
use symbolon::error::CertificateError;
use symbolon::keys::tls13::PskKind;
use symbolon::pki::{Decision, VerifiedChain, Verifier, VerifyRequest};
use symbolon::secret::SecretBytes;
use symbolon::wire::hello::ClientHello;
use table::*;
use walk::Walk;

/// Trusts whoever it is, and asks for a status.
#[derive(Debug)]
struct Anybody;

impl Verifier for Anybody {
    fn verify(
        &self,
        _: &VerifyRequest,
        _: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        Decision::Now(Ok(VerifiedChain::by_application("in a test")))
    }

    fn identity(&self) -> Option<[u8; 32]> {
        Some([1; 32])
    }
}

const TLS13: &[ProtocolVersion] = &[ProtocolVersion::TLS13];
const TLS12: &[ProtocolVersion] = &[ProtocolVersion::TLS12];
const BOTH: &[ProtocolVersion] = &[ProtocolVersion::TLS13, ProtocolVersion::TLS12];
const SERVER: &str = "server.example";
const CLIENT: &str = "client.example";

/// No flood is meant here.
fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.warnings = 1000;
    limits.key_updates = 1000;
    limits.tickets = 1000;
    limits.empty_records = 1000;
    limits
}

fn client_config(versions: &[ProtocolVersion]) -> ClientConfigBuilder {
    ClientConfig::builder()
        .provider(FAKE)
        .versions(versions)
        .groups(&[NamedGroup::X25519, NamedGroup::SECP256R1])
        .verifier(Arc::new(Anybody))
        .credential(credential(Kind::Ed25519, CLIENT))
        .server_name(false)
        .limits(limits())
}

fn server_config(versions: &[ProtocolVersion]) -> ServerConfigBuilder {
    ServerConfig::builder()
        .provider(FAKE)
        .versions(versions)
        .groups(&[NamedGroup::X25519, NamedGroup::SECP256R1])
        .credential(credential(Kind::Ed25519, SERVER))
        .limits(limits())
}

/// With tickets; early data gets this answer.
fn ticketing(versions: &[ProtocolVersion], freshness: Freshness) -> Arc<ServerConfig> {
    let sessions = StatelessSessions::new(Arc::new(OpenTicketer(7)));
    let sessions = sessions.early_data(1000, Arc::new(Says(freshness)));
    server_config(versions).sessions(sessions).build().unwrap()
}

fn name() -> ServerName<'static> {
    ServerName::try_from(SERVER).unwrap()
}

/// A session of a real handshake.
fn session(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> Session {
    let mut pair = Pair::new(Arc::clone(client), Arc::clone(server));
    pair.handshake();
    pair.client.sessions.pop().unwrap()
}

/// A client that has a session.
fn resuming(config: &Arc<ClientConfig>, session: &[u8]) -> ClientConnection {
    let session = Session::from_bytes(session).unwrap();
    ClientConnection::resume(Arc::clone(config), name(), session, [1; 32], now()).unwrap()
}

fn client(config: &Arc<ClientConfig>) -> ClientConnection {
    ClientConnection::new(Arc::clone(config), name(), [1; 32], now()).unwrap()
}

fn server(config: &Arc<ServerConfig>) -> ServerConnection {
    ServerConnection::new(Arc::clone(config), [2; 32], now()).unwrap()
}

/// A key and what is shown of it.
fn identity(name: &str) -> (FakeKey, Vec<Vec<u8>>) {
    static MADE: LazyLock<[(FakeKey, Vec<Vec<u8>>); 2]> = LazyLock::new(|| {
        [SERVER, CLIENT].map(|name| {
            let key = FakeKey::new(Kind::Ed25519, name);
            let chain = vec![certificate(&key, name).to_vec()];
            (key, chain)
        })
    });
    MADE[usize::from(name == CLIENT)].clone()
}

/// A peer for a client that speaks TLS 1.3.
fn for_client13(client: ClientConnection, psk: Option<Psk>) -> peer13::Peer<ClientConnection> {
    let (key, chain) = identity(SERVER);
    peer13::Peer::new(client, true, key, chain, psk)
}

fn for_server13(server: ServerConnection, psk: Option<Psk>) -> peer13::Peer<ServerConnection> {
    let (key, chain) = identity(CLIENT);
    peer13::Peer::new(server, false, key, chain, psk)
}

fn for_client12(
    client: ClientConnection,
    known: Option<peer12::Known>,
) -> peer12::Peer<ClientConnection> {
    let (key, chain) = identity(SERVER);
    peer12::Peer::new(client, true, key, chain, known)
}

fn for_server12(
    server: ServerConnection,
    known: Option<peer12::Known>,
) -> peer12::Peer<ServerConnection> {
    let (key, chain) = identity(CLIENT);
    peer12::Peer::new(server, false, key, chain, known)
}

/// Walks `slack` steps beside the handshake, and checks that machine and table agree everywhere, and
/// that the walk came everywhere: to so many sequences and so many steps at least, and to each state
/// of the table but these.
fn walk<P: Player>(
    scenario: &Scenario,
    start: impl Fn() -> P,
    slack: usize,
    (sequences, steps): (usize, usize),
    not: &[S],
) {
    let asked = std::env::var("SYMBOLON_MODEL_DEPTH").ok();
    let asked = asked.map(|n| n.parse::<usize>().expect("a number"));
    let mut walk = Walk {
        scenario,
        start: &start,
        count: Default::default(),
    };
    walk.run(asked.unwrap_or(slack));
    let count = walk.count;
    println!(
        "{}: {} sequences of up to {} steps, {} of them beside the handshake; {} alive, {} handshakes done",
        scenario.name,
        count.sequences,
        count.depth,
        asked.unwrap_or(slack),
        count.live,
        count.done,
    );
    let differences = &count.differences;
    assert!(
        differences.is_empty(),
        "{}: {} differences\n{}",
        scenario.name,
        differences.len(),
        differences[..differences.len().min(20)].join("\n")
    );
    if asked.is_none_or(|asked| asked >= slack) {
        let enough = count.sequences >= sequences && count.depth >= steps;
        assert!(enough, "{sequences} sequences of {steps} steps were due");
    }
    for row in scenario.rows {
        let seen = count.states.contains(&row.at);
        assert_eq!(seen, !not.contains(&row.at), "{:?}", row.at);
    }
}

const fn tls13(name: &'static str, client: bool, facts: &'static [If]) -> Scenario {
    Scenario {
        name,
        rows: if client { CLIENT13 } else { SERVER13 },
        tls13: true,
        client,
        undecided: false,
        start: if client { S::WaitSh } else { S::Start },
        facts,
    }
}

const fn tls12(name: &'static str, client: bool, facts: &'static [If]) -> Scenario {
    Scenario {
        rows: if client { CLIENT12 } else { SERVER12 },
        tls13: false,
        ..tls13(name, client, facts)
    }
}

#[test]
fn client13_full() {
    let config = client_config(TLS13).build().unwrap();
    let scenario = tls13("client 1.3, full, HelloRetryRequest", true, &[]);
    let not = [S::WaitEePsk, S::WaitEePsk2];
    walk(
        &scenario,
        || for_client13(client(&config), None),
        1,
        (19_000, 9),
        &not,
    );
}

/// A key from elsewhere.
fn external() -> Arc<ExternalPsk> {
    let key = SecretBytes::new(vec![3; 32]);
    Arc::new(ExternalPsk::new(b"us", key, PskHash::Sha256).unwrap())
}

fn external_psk() -> Psk {
    Psk {
        identity: b"us".to_vec(),
        key: vec![3; 32],
        kind: PskKind::External,
        age: 0,
    }
}

#[test]
fn client13_psk() {
    let config = client_config(TLS13).psk(external()).build().unwrap();
    let scenario = tls13("client 1.3, PSK", true, &[If::Psk]);
    let start = || for_client13(client(&config), Some(external_psk()));
    walk(&scenario, start, 1, (24_000, 9), &[]);
}

/// A session as a PSK, with its age as a client tells it.
fn psk_of(config: &Arc<ClientConfig>, session: &Session) -> Psk {
    let bytes = session.to_bytes();
    let mut output = Vec::new();
    resuming(config, bytes.expose()).flush(&mut output);
    let hello =
        ClientHello::parse(&output[9..][..usize::from(output[7]) << 8 | usize::from(output[8])]);
    let hello = hello.unwrap();
    let offered = hello.extensions.pre_shared_key.unwrap();
    Psk {
        identity: session.ticket().to_vec(),
        key: session.expose_secret().to_vec(),
        kind: PskKind::Resumption,
        age: offered
            .identities
            .iter()
            .next()
            .unwrap()
            .obfuscated_ticket_age,
    }
}

#[test]
fn client13_early_data() {
    let config = client_config(TLS13).early_data(true).build().unwrap();
    let session = session(&config, &ticketing(TLS13, Freshness::New));
    let psk = psk_of(&config, &session);
    let bytes = session.to_bytes();
    let scenario = tls13("client 1.3, 0-RTT", true, &[If::Psk, If::Early]);
    let start = || {
        let mut client = resuming(&config, bytes.expose());
        let mut output = Vec::new();
        client.send_early_data(b"early", &mut output).unwrap();
        let mut peer = for_client13(client, Some(psk.clone()));
        peer.wire().end.output.splice(0..0, output);
        peer.listen();
        peer
    };
    walk(&scenario, start, 1, (26_000, 9), &[]);
}

#[test]
fn server13_full_and_psk() {
    let config = server_config(TLS13).psks(Psks::of(&[&external()]));
    let config = config.build().unwrap();
    let scenario = tls13(
        "server 1.3, full, HelloRetryRequest, PSK",
        false,
        &[If::Psk],
    );
    let start = || for_server13(server(&config), Some(external_psk()));
    let not = [S::WaitCh2Skip, S::WaitEoed, S::WaitCert, S::WaitCv];
    walk(&scenario, start, 2, (20_000, 6), &not);
}

#[test]
fn server13_client_authentication() {
    let not = [S::WaitCh2Skip, S::WaitEoed];
    let required = ClientAuth::Required(Arc::new(Anybody));
    let config = server_config(TLS13).client_auth(required).build().unwrap();
    let scenario = tls13(
        "server 1.3, certificate required",
        false,
        &[If::Auth, If::Required],
    );
    walk(
        &scenario,
        || for_server13(server(&config), None),
        1,
        (5_800, 7),
        &not,
    );
    let optional = ClientAuth::Optional(Arc::new(Anybody));
    let config = server_config(TLS13).client_auth(optional).build().unwrap();
    let scenario = tls13("server 1.3, certificate optional", false, &[If::Auth]);
    walk(
        &scenario,
        || for_server13(server(&config), None),
        1,
        (8_900, 7),
        &not,
    );
}

#[test]
fn server13_early_data() {
    let client = client_config(TLS13).early_data(true).build().unwrap();
    for (freshness, fact) in [
        (Freshness::New, &[If::Psk, If::Early]),
        (Freshness::Seen, &[If::Psk, If::EarlyRefused]),
    ] {
        let config = ticketing(TLS13, freshness);
        let psk = psk_of(&client, &session(&client, &config));
        let name = match freshness {
            Freshness::New => "server 1.3, 0-RTT accepted",
            _ => "server 1.3, 0-RTT refused",
        };
        let scenario = tls13(name, false, fact);
        let start = || for_server13(server(&config), Some(psk.clone()));
        let mut not = vec![S::WaitCert, S::WaitCv];
        if freshness == Freshness::Seen {
            not.push(S::WaitEoed);
        }
        walk(&scenario, start, 1, (7_700, 5), &not);
    }
}

#[test]
fn client12_full() {
    for (versions, name) in [
        (TLS12, "client 1.2, full"),
        (BOTH, "client of both versions, 1.2 full"),
    ] {
        let config = client_config(versions)
            .session_scope("x")
            .sessions(no_sessions());
        let config = config.build().unwrap();
        let scenario = Scenario {
            undecided: versions == BOTH,
            ..tls12(name, true, &[])
        };
        walk(
            &scenario,
            || for_client12(client(&config), None),
            1,
            (60_000, 10),
            &[],
        );
    }
}

/// A store, so that tickets are asked for.
fn no_sessions() -> Arc<dyn ClientSessionStore> {
    Arc::new(common::stores::ListStore::default())
}

fn known(session: &Session) -> peer12::Known {
    peer12::Known {
        ticket: session.ticket().to_vec(),
        master: session.expose_secret().to_vec(),
    }
}

#[test]
fn client12_resumed() {
    let config = client_config(TLS12).build().unwrap();
    let session = session(&config, &ticketing(TLS12, Freshness::New));
    let (known, bytes) = (known(&session), session.to_bytes());
    let scenario = tls12("client 1.2, resumed", true, &[If::Psk]);
    let start = || for_client12(resuming(&config, bytes.expose()), Some(known.clone()));
    walk(&scenario, start, 1, (68_000, 10), &[]);
}

#[test]
fn server12_full_and_resumed() {
    let client = client_config(TLS12).build().unwrap();
    for (versions, slack, least, name) in [
        (TLS12, 2, (50_000, 7), "server 1.2, full and resumed"),
        (
            BOTH,
            1,
            (5_700, 6),
            "server of both versions, 1.2 full and resumed",
        ),
    ] {
        let config = ticketing(versions, Freshness::New);
        let known = known(&session(&client, &config));
        let scenario = tls12(name, false, &[If::Psk]);
        let start = || for_server12(server(&config), Some(known.clone()));
        let not = [S::WaitCert, S::WaitCkeCv, S::WaitCv];
        walk(&scenario, start, slack, least, &not);
    }
}

#[test]
fn server12_client_authentication() {
    let required = ClientAuth::Required(Arc::new(Anybody));
    let config = server_config(TLS12).client_auth(required).build().unwrap();
    let scenario = tls12(
        "server 1.2, certificate required",
        false,
        &[If::Auth, If::Required],
    );
    walk(
        &scenario,
        || for_server12(server(&config), None),
        1,
        (8_200, 8),
        &[S::WaitCke],
    );
    let optional = ClientAuth::Optional(Arc::new(Anybody));
    let config = server_config(TLS12).client_auth(optional).build().unwrap();
    let scenario = tls12("server 1.2, certificate optional", false, &[If::Auth]);
    walk(
        &scenario,
        || for_server12(server(&config), None),
        1,
        (13_400, 8),
        &[],
    );
}
