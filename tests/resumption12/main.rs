//! Sessions of TLS 1.2: resumed by ticket (RFC 5077) and by session ID (RFC 5246 7.3), and each reason
//! for which they aren't.

#[path = "../common"]
mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
    pub mod rogue12;
    pub mod stores;
}
mod client;
mod garbage;
mod server;
mod stores;

use common::pair::{End, Pair};
use common::rogue::{World, credential};
use common::rogue12::{BOTH, TLS12};
use common::stores::{ListStore, Long, MapStore};
use rustls_pki_types::{ServerName, UnixTime};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex};
use stores::{Tags, at};
use symbolon::codepoint::*;
use symbolon::config::*;
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::crypto::VerifyAlgorithms;
use symbolon::error::CertificateError;
use symbolon::handshake::{Authentication, Summary};
use symbolon::pki::{Decision, PathVerifier, Trust, VerifiedChain, Verifier, VerifyRequest};

const SERVER: &str = "server.example";

/// Configs of both ends, to be varied.
struct Setup {
    world: World,
    client: ClientConfigBuilder,
    server: ServerConfigBuilder,
}

impl Setup {
    fn new() -> Self {
        let world = World::new();
        let client = world.client_config().versions(TLS12).session_scope("tests");
        let server = world.server_config().versions(TLS12).session_scope("tests");
        Self {
            world,
            client,
            server,
        }
    }

    fn tickets() -> Self {
        let mut this = Self::new();
        let sessions = StatelessSessions::new(Arc::new(Tags::default()));
        this.server = this.server.sessions(sessions);
        this
    }

    fn ids() -> Self {
        let mut this = Self::new();
        let sessions = StatefulSessions::new(Arc::new(MapStore::default()));
        this.server = this.server.sessions(sessions);
        this
    }

    fn configs(&self) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
        (
            self.client.clone().build().unwrap(),
            self.server.clone().build().unwrap(),
        )
    }

    /// A handshake, so many seconds after the beginning.
    fn run(&self, session: Option<Session>, seconds: u64) -> Done {
        let (client, server) = self.configs();
        let mut pair = pair(SERVER, client, server, session, at(seconds));
        Done::of(&mut pair)
    }
}

/// A pair of ends with randomness of their own.
fn pair(
    name: &str,
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    session: Option<Session>,
    time: UnixTime,
) -> Pair {
    static SEED: AtomicU8 = AtomicU8::new(0);
    let seed = [SEED.fetch_add(1, Ordering::Relaxed); 32];
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let client = match session {
        Some(session) => ClientConnection::resume(client, name, session, seed, time),
        None => ClientConnection::new(client, name, seed, time),
    };
    let mut other = seed;
    other[0] ^= 0xff;
    let server = ServerConnection::new(server, other, time).unwrap();
    let mut client = End::new(client.unwrap());
    client.time = time;
    Pair {
        client,
        server: End::new(server),
        step: None,
        to_server: Vec::new(),
        to_client: Vec::new(),
    }
}

/// What a handshake came to.
struct Done {
    client: Summary,
    server: Summary,
    session: Option<Session>,
    /// Bytes each way.
    to_server: Vec<u8>,
    to_client: Vec<u8>,
}

impl Done {
    /// Runs a handshake that must succeed, and data after it.
    #[track_caller]
    fn of(pair: &mut Pair) -> Self {
        let (client, server) = pair.handshake();
        let (to_server, to_client) = (pair.to_server.clone(), pair.to_client.clone());
        assert_eq!(client.resumed(), server.resumed());
        pair.client.send(b"ping");
        pair.server.send(b"pong");
        pair.run();
        assert_eq!(
            (&pair.server.data[..], &pair.client.data[..]),
            (&b"ping"[..], &b"pong"[..])
        );
        let exporter = |length: usize, end: &dyn Fn(&mut [u8])| {
            let mut out = vec![0; length];
            end(&mut out);
            out
        };
        let exported = |out: &mut [u8]| {
            let exporter = pair.client.connection.exporter().unwrap();
            exporter.export(b"EXPERIMENT", None, out).unwrap();
        };
        let ours = exporter(40, &exported);
        let exported = |out: &mut [u8]| {
            let exporter = pair.server.connection.exporter().unwrap();
            exporter.export(b"EXPERIMENT", None, out).unwrap();
        };
        assert_eq!(ours, exporter(40, &exported));
        assert!(pair.server.sessions.is_empty() && pair.client.sessions.len() <= 1);
        let session = pair.client.sessions.pop();
        Self {
            client,
            server,
            session,
            to_server,
            to_client,
        }
    }

    #[track_caller]
    fn resumed(self, yes: bool) -> Self {
        assert_eq!(self.client.resumed(), yes);
        assert_eq!(self.client.group.is_none(), yes);
        self
    }

    #[track_caller]
    fn kept(&mut self) -> Session {
        self.session.take().expect("no session came")
    }
}

#[test]
fn a_session_is_resumed_again_and_again() {
    for setup in [Setup::tickets(), Setup::ids()] {
        let mut full = setup.run(None, 0).resumed(false);
        let mut session = full.kept();
        for round in 1..4 {
            assert!(!session.is_tls13());
            assert_eq!(session.authenticated(), at(0));
            let mut done = setup.run(Some(session), 10 * round).resumed(true);
            assert_eq!(done.client.cipher_suite, full.client.cipher_suite);
            assert!(done.to_client.len() < full.to_client.len() / 2);
            let expected = Authentication::Session {
                authenticated: at(0),
            };
            assert_eq!(done.client.authentication, expected);
            assert_eq!(done.server.authentication, expected);
            // What was known of the server is known again, and why.
            assert_eq!(done.client.peer_chain, full.client.peer_chain);
            assert_eq!(
                *done.client.verified.as_ref().unwrap().trust(),
                Trust::Session
            );
            assert_eq!(done.server.peer_chain, None);
            assert_eq!(done.server.server_name.as_deref(), Some(SERVER.as_bytes()));
            session = done.kept();
        }
    }
}

#[test]
fn an_abbreviated_handshake_saves_a_round_trip() {
    // The client's second flight is all that it says after ClientHello, and the server's comes first.
    let setup = Setup::tickets();
    let session = setup.run(None, 0).kept();
    let (client, server) = setup.configs();
    let mut pair = pair(SERVER, client, server, Some(session), at(1));
    pair.client.run();
    pair.server.input.append(&mut pair.client.output);
    pair.server.run();
    // ServerHello and NewSessionTicket, ChangeCipherSpec, Finished.
    let kinds: Vec<u8> = common::pair::records(&pair.server.output)
        .iter()
        .map(|r| r.0)
        .collect();
    assert_eq!(kinds, [22, 20, 22]);
    assert!(pair.server.done.is_none());
    pair.client.input.append(&mut pair.server.output);
    pair.client.run();
    assert!(pair.client.done.is_some());
    let kinds: Vec<u8> = common::pair::records(&pair.client.output)
        .iter()
        .map(|r| r.0)
        .collect();
    assert_eq!(kinds, [20, 22]);
    Done::of(&mut pair).resumed(true);
}

#[test]
fn a_ticket_ends_with_the_first_authentication() {
    // 12 hours after it, however often it was resumed.
    const LIFETIME: u64 = 43_200;
    for setup in [Setup::tickets(), Setup::ids()] {
        let mut session = setup.run(None, 0).kept();
        for hours in 1..12 {
            let mut done = setup.run(Some(session), hours * 3600).resumed(true);
            session = done.kept();
        }
        let mut last = setup.run(Some(session), LIFETIME - 1).resumed(true);
        let mut session = last.kept();
        // By its own word it has a second left, or a day for an ID, of which nothing is said.
        assert!(session.expires() > at(LIFETIME - 1));
        // The server's word counts, whatever the client thinks.
        assert!(session.expires() <= at(86_400));
        let (client, server) = setup.configs();
        let mut pair = pair(SERVER, client, server, None, at(LIFETIME));
        pair.client = {
            let name = ServerName::try_from(SERVER).unwrap();
            let client = setup.configs().0;
            let early = at(LIFETIME - 1);
            End::new(ClientConnection::resume(client, name, session, [9; 32], early).unwrap())
        };
        pair.client.time = at(LIFETIME);
        let mut done = Done::of(&mut pair).resumed(false);
        session = done.kept();
        assert_eq!(session.authenticated(), at(LIFETIME - 1));
        // A fresh one now, from the client's clock.
        setup.run(Some(session), LIFETIME + 60).resumed(true);
    }
}

#[test]
fn a_client_does_not_offer_what_has_expired() {
    let setup = Setup::tickets();
    let session = setup.run(None, 0).kept();
    let done = setup.run(Some(session), 43_200).resumed(false);
    // RFC 5077 3.2: an empty session_ticket, and no session ID.
    let hello = symbolon::wire::hello::ClientHello::parse(&done.to_server[9..]);
    let hello = match hello {
        Ok(hello) => hello,
        Err(_) => {
            let len = usize::from(u16::from_be_bytes([done.to_server[3], done.to_server[4]]));
            symbolon::wire::hello::ClientHello::parse(&done.to_server[9..5 + len]).unwrap()
        }
    };
    assert_eq!(hello.extensions.session_ticket, Some(&[][..]));
    assert_eq!(hello.session_id, b"");
}

#[test]
fn sni_changed() {
    // A session is the client's for one name; a client without that rule is refused by the server.
    let setup = Setup::tickets();
    let session = setup.run(None, 0).kept();
    let (client, server) = setup.configs();
    let world = &setup.world;
    let both = world.pki.leaf(
        &[SERVER, "other.example"],
        common::certs::KeyKind::EcdsaP256,
    );
    let server_config = setup
        .server
        .clone()
        .credential(credential(&both))
        .build()
        .unwrap();
    let mut other = pair(
        "other.example",
        Arc::clone(&client),
        server_config,
        Some(session),
        at(1),
    );
    Done::of(&mut other).resumed(false);
    // The same name, without saying it.
    let session = {
        let mut done = Done::of(&mut pair(SERVER, client, Arc::clone(&server), None, at(0)));
        done.kept()
    };
    let silent = setup.client.clone().server_name(false).build().unwrap();
    let mut pair = pair(SERVER, silent, server, Some(session), at(1));
    Done::of(&mut pair).resumed(false);
}

#[test]
fn alpn_changed() {
    // RFC 7301 3.1: negotiated in each handshake, whether or not a session is resumed.
    for mut setup in [Setup::tickets(), Setup::ids()] {
        setup.server = setup.server.alpn(["h2", "http/1.1"]);
        setup.client = setup.client.alpn(["h2"]);
        let mut full = setup.run(None, 0);
        assert_eq!(full.client.alpn.as_deref(), Some(&b"h2"[..]));
        setup.client = setup.client.alpn(["http/1.1"]);
        let mut done = setup.run(Some(full.kept()), 1).resumed(true);
        assert_eq!(done.client.alpn.as_deref(), Some(&b"http/1.1"[..]));
        assert_eq!(done.server.alpn.as_deref(), Some(&b"http/1.1"[..]));
        assert_eq!(done.kept().alpn(), Some(&b"http/1.1"[..]));
    }
}

#[test]
fn a_suite_that_one_end_has_no_more() {
    let gcm = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let chacha = CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
    for of_client in [false, true] {
        let mut setup = Setup::tickets();
        let session = setup.run(None, 0).kept();
        assert_eq!(session.cipher_suite(), gcm);
        match of_client {
            true => setup.client = setup.client.cipher_suites(&[chacha]),
            false => setup.server = setup.server.cipher_suites(&[chacha]),
        }
        let done = setup.run(Some(session), 1).resumed(false);
        assert_eq!(done.client.cipher_suite, chacha);
    }
    // One that is only liked less than others is kept.
    let mut setup = Setup::tickets();
    let session = setup.run(None, 0).kept();
    setup.server = setup.server.cipher_suites(&[chacha, gcm]);
    let done = setup.run(Some(session), 1).resumed(true);
    assert_eq!(done.client.cipher_suite, gcm);
}

#[test]
fn another_config() {
    // Another key for tickets, another scope, no sessions at all: a full handshake.
    let setup = Setup::tickets();
    let changes: [fn(ServerConfigBuilder) -> ServerConfigBuilder; 3] = [
        |server| {
            let key = Tags {
                key: 1,
                ..Tags::default()
            };
            server.sessions(StatelessSessions::new(Arc::new(key)))
        },
        |server| server.session_scope("another tenant"),
        |server| server.sessions(StatefulSessions::new(Arc::new(MapStore::default()))),
    ];
    for change in changes {
        let session = setup.run(None, 0).kept();
        let other = Setup {
            world: World::new(),
            client: setup.client.clone(),
            server: change(setup.server.clone()),
        };
        other.run(Some(session), 1).resumed(false);
    }
    // Of a client: it trusts others now.
    let session = setup.run(None, 0).kept();
    let client = setup.client.clone().session_scope("others");
    let (client, server) = (client.build().unwrap(), setup.configs().1);
    let mut pair = pair(SERVER, client, server, Some(session), at(1));
    Done::of(&mut pair).resumed(false);
}

/// With the client's certificate.
fn with_client_auth(setup: &Setup, auth: fn(Arc<PathVerifier>) -> ClientAuth) -> Setup {
    let world = World::new();
    let verifier = PathVerifier::new(setup.world.pki.roots());
    Setup {
        world,
        client: setup
            .client
            .clone()
            .credential(credential(&setup.world.client)),
        server: setup.server.clone().client_auth(auth(Arc::new(verifier))),
    }
}

#[test]
fn a_client_is_known_by_its_session() {
    for setup in [Setup::tickets(), Setup::ids()] {
        let setup = with_client_auth(&setup, |v| ClientAuth::Required(v));
        let mut full = setup.run(None, 0).resumed(false);
        assert!(full.server.peer_chain.is_some());
        let mut done = setup.run(Some(full.kept()), 1).resumed(true);
        assert_eq!(done.server.peer_chain, full.server.peer_chain);
        assert_eq!(
            *done.server.verified.as_ref().unwrap().trust(),
            Trust::Session
        );
        assert_eq!(done.server.peer_signature_scheme, None);
        // And by the one after.
        let done = setup.run(Some(done.kept()), 2).resumed(true);
        assert_eq!(done.server.peer_chain, full.server.peer_chain);
    }
}

/// CVE-2025-23419, CVE-2025-68121: a session made where clients aren't asked for a certificate, or
/// not by the same, says nothing about the client where they are. Both configs share their ticket
/// keys.
#[test]
fn a_ticket_is_not_honoured_under_other_client_authentication() {
    for setup in [Setup::tickets(), Setup::ids()] {
        let modes: [fn(&Setup) -> Setup; 3] = [
            |setup| Setup {
                world: World::new(),
                client: setup
                    .client
                    .clone()
                    .credential(credential(&setup.world.client)),
                server: setup.server.clone(),
            },
            |setup| with_client_auth(setup, |v| ClientAuth::Optional(v)),
            |setup| with_client_auth(setup, |v| ClientAuth::Required(v)),
        ];
        for (i, from) in modes.iter().enumerate() {
            for (j, to) in modes.iter().enumerate() {
                let session = from(&setup).run(None, 0).kept();
                let done = to(&setup).run(Some(session), 1).resumed(i == j);
                assert_eq!(done.server.peer_chain.is_some(), j > 0);
            }
        }
    }
}

#[test]
fn a_chain_as_long_as_the_policy_allows_makes_a_session() {
    let setup = with_client_auth(&Setup::tickets(), |v| ClientAuth::Required(v));
    let chain = setup.run(None, 0).server.peer_chain.unwrap();
    let len: usize = chain.certificates().map(<[u8]>::len).sum();
    for (most, kept) in [(len, true), (len - 1, false)] {
        let mut policy = TicketPolicy::default();
        policy.client_chain = most;
        let sessions = StatelessSessions::new(Arc::new(Tags::default())).policy(policy);
        let other = Setup {
            world: World::new(),
            client: setup.client.clone(),
            server: setup.server.clone().sessions(sessions),
        };
        assert_eq!(other.run(None, 0).session.is_some(), kept);
    }
}

#[test]
fn a_chain_that_is_too_long_makes_no_session() {
    let policy = |chain| {
        let mut policy = TicketPolicy::default();
        policy.client_chain = chain;
        policy
    };
    for (chain, kept) in [(100, false), (100_000, true)] {
        let mut setup = Setup::tickets();
        let sessions = StatelessSessions::new(Arc::new(Tags::default())).policy(policy(chain));
        setup.server = setup.server.sessions(sessions);
        let setup = with_client_auth(&setup, |v| ClientAuth::Required(v));
        assert_eq!(setup.run(None, 0).session.is_some(), kept);
        let mut setup = setup;
        let sessions = StatefulSessions::new(Arc::new(MapStore::default())).policy(policy(chain));
        setup.server = setup.server.sessions(sessions);
        let session = setup.run(None, 0).session;
        // The ID was given before the chain was known; then nothing is found.
        setup.run(session, 1).resumed(kept);
    }
}

#[test]
fn a_server_without_a_ticket_to_give() {
    let mut setup = Setup::tickets();
    let none = Tags {
        empty: true,
        ..Tags::default()
    };
    setup.server = setup
        .server
        .sessions(StatelessSessions::new(Arc::new(none)));
    assert!(setup.run(None, 0).session.is_none());
}

#[test]
fn both_ends_need_extended_master_secret_for_a_session() {
    // RFC 7627 5.3. A server that has none is played by OpenSSL; here neither end asks for it.
    let mut setup = Setup::tickets();
    setup.client = setup.client.require_extended_master_secret(false);
    setup.server = setup.server.require_extended_master_secret(false);
    let (client, server) = setup.configs();
    let mut pair = pair(SERVER, client, server, None, at(0));
    pair.client.run();
    // The extension becomes an unknown one, on the way to the server; both agree on the Finished
    // no more, but the server's answer is there.
    let hello = &mut pair.client.output;
    let at = hello.windows(4).position(|w| w == [0, 23, 0, 0]).unwrap();
    hello[at] = 0x5a;
    pair.server.input.append(&mut pair.client.output);
    pair.server.run();
    let body = &pair.server.output[9..];
    let len = usize::from(u16::from_be_bytes([
        pair.server.output[7],
        pair.server.output[8],
    ]));
    let hello = symbolon::wire::hello::ServerHello::parse(&body[..len]).unwrap();
    assert!(!hello.extensions.extended_master_secret);
    assert!(!hello.extensions.session_ticket);
    assert_eq!(hello.session_id, b"");
}

#[test]
fn a_session_of_tls12_beside_tls13() {
    for setup in [Setup::tickets(), Setup::ids()] {
        let session = || setup.run(None, 0).kept();
        let client = |compatible: bool| {
            let client = setup.client.clone().versions(BOTH);
            client.middlebox_compatibility(compatible).build().unwrap()
        };
        for compatible in [false, true] {
            // The server has TLS 1.3 by now.
            let server = setup.server.clone().versions(BOTH).build().unwrap();
            let mut pair13 = pair(SERVER, client(compatible), server, Some(session()), at(1));
            let (summary, _) = pair13.handshake();
            assert_eq!(summary.version, ProtocolVersion::TLS13);
            assert!(!summary.resumed());
            // It has not.
            let server = setup.configs().1;
            let mut pair12 = pair(SERVER, client(compatible), server, Some(session()), at(1));
            let done = Done::of(&mut pair12).resumed(true);
            assert_eq!(done.client.version, ProtocolVersion::TLS12);
        }
        // A HelloRetryRequest doesn't disturb it.
        let server = setup.server.clone().versions(BOTH);
        let server = server.groups(&[NamedGroup::SECP256R1]).build().unwrap();
        let mut retried = pair(SERVER, client(true), server, Some(session()), at(1));
        let (summary, _) = retried.handshake();
        assert!(summary.hello_retry_request);
    }
}

/// A verifier that doesn't say whom it trusts.
#[derive(Debug)]
struct Nameless(PathVerifier);

impl Verifier for Nameless {
    fn verify(
        &self,
        request: &VerifyRequest,
        algorithms: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        self.0.verify(request, algorithms)
    }
}

#[test]
fn a_client_that_keeps_no_sessions_asks_for_none() {
    let setup = Setup::tickets();
    let verifier = Nameless(PathVerifier::new(setup.world.pki.roots()));
    let client = ClientConfig::builder()
        .versions(TLS12)
        .verifier(Arc::new(verifier));
    let client = client.build().unwrap();
    assert_eq!(client.scope(), None);
    let mut pair = pair(SERVER, client, setup.configs().1, None, at(0));
    let done = Done::of(&mut pair);
    assert!(done.session.is_none());
}

#[test]
fn a_store_in_the_config() {
    let kept = Arc::new(ListStore::default());
    let mut setup = Setup::ids();
    setup.client = setup
        .client
        .sessions(Arc::clone(&kept) as Arc<dyn ClientSessionStore>);
    for round in 0..3 {
        let mut done = setup.run(None, round).resumed(round > 0);
        assert!(kept.0.lock().unwrap().is_empty());
        kept.put(done.kept());
    }
}

/// Label, client random and secret.
type Line = (String, [u8; 32], Vec<u8>);

/// What both ends log.
#[derive(Debug, Default)]
struct Lines(Mutex<Vec<Line>>);

impl KeyLog for Lines {
    fn log(&self, label: &str, client_random: &[u8; 32], secret: &[u8]) {
        let line = (label.to_owned(), *client_random, secret.to_vec());
        self.0.lock().unwrap().push(line);
    }
}

#[test]
fn the_key_log_of_a_resumed_connection() {
    let lines = Arc::new(Lines::default());
    let mut setup = Setup::tickets();
    setup.client = setup.client.key_log(Arc::clone(&lines) as Arc<dyn KeyLog>);
    setup.server = setup.server.key_log(Arc::clone(&lines) as Arc<dyn KeyLog>);
    let session = setup.run(None, 0).kept();
    let done = setup.run(Some(session), 1).resumed(true);
    let lines = lines.0.lock().unwrap();
    let [first, second, third, fourth] = &lines[..] else {
        panic!("{}", lines.len());
    };
    assert_eq!((first, third), (second, fourth));
    assert_eq!(
        (&first.0[..], &third.0[..]),
        ("CLIENT_RANDOM", "CLIENT_RANDOM")
    );
    // Another connection under the same master secret.
    assert_eq!(first.2, third.2);
    assert_eq!(third.1, done.client.client_random);
    assert_ne!(first.1, third.1);
}

#[test]
fn a_resumed_handshake_in_pieces_and_small_sinks() {
    for setup in [Setup::tickets(), Setup::ids()] {
        for step in [1, 2, 3, 5, 7, 64, 1000] {
            let session = setup.run(None, 0).kept();
            let (client, server) = setup.configs();
            let mut pair = pair(SERVER, client, server, Some(session), at(1));
            pair.step = Some(step);
            Done::of(&mut pair).resumed(true);
        }
        for room in [512, 513, 600, 1000] {
            let session = setup.run(None, 0).kept();
            let (client, server) = setup.configs();
            let mut pair = pair(SERVER, client, server, Some(session), at(1));
            pair.client.room = Some(room);
            pair.server.room = Some(room);
            pair.handshake();
            pair.client.room = None;
            pair.server.room = None;
            Done::of(&mut pair).resumed(true);
        }
    }
}

#[test]
fn a_flipped_bit_ends_a_resumed_handshake() {
    let setup = Setup::tickets();
    let start = || {
        let session = setup.run(None, 0).kept();
        let (client, server) = setup.configs();
        let mut pair = pair(SERVER, client, server, Some(session), at(1));
        pair.client.run();
        pair.server.input.append(&mut pair.client.output);
        pair.server.run();
        pair
    };
    let output = start().server.output;
    let len = output.len();
    let hello = 5 + common::pair::records(&output)[0].1;
    for bit in 0..8 * len {
        // The last two records whole, what is before them here and there. RFC 9846 5.1: the minor
        // version of an unprotected record means nothing.
        let skipped = bit % 11 != 0 && bit < 8 * hello;
        if skipped || [2, hello + 2].contains(&(bit / 8)) {
            continue;
        }
        let mut pair = start();
        pair.server.output[bit / 8] ^= 1 << (bit % 8);
        pair.run();
        // Never do both ends go on as if nothing had been.
        assert!(
            pair.client.done.is_none() || pair.server.done.is_none(),
            "{bit}"
        );
        assert!(pair.client.sessions.is_empty());
    }
}

#[test]
fn sealed_tickets_and_bounded_stores() {
    const PERIOD: u32 = 3600;
    let ticketer = |secret: u8| {
        let provider = symbolon::provider::default_provider();
        RotatingTicketer::new(&provider, &[secret; 32], PERIOD).unwrap()
    };
    let sealed = |secret| StatelessSessions::new(Arc::new(ticketer(secret)));
    let kept = Arc::new(MemoryClientSessions::new(10, 100_000));
    let mut setup = Setup::new();
    setup.server = setup.server.sessions(sealed(1));
    setup.client = setup
        .client
        .sessions(Arc::clone(&kept) as Arc<dyn ClientSessionStore>);
    // A new ticket at each handshake: the keys change in between, the session goes on.
    for round in 0..5 {
        let mut done = setup.run(None, 3000 * round).resumed(round > 0);
        kept.put(done.kept());
    }
    // A restarted server opens its own, one with another secret doesn't.
    let mut session = setup.run(None, 12_500).resumed(true).kept();
    for (secret, resumed) in [(1, true), (2, false)] {
        let other = Setup {
            world: World::new(),
            client: setup.client.clone(),
            server: setup.server.clone().sessions(sealed(secret)),
        };
        session = other.run(Some(session), 12_600).resumed(resumed).kept();
    }
    // Not opened after two periods.
    setup.run(Some(session), 12_600 + 2 * 3600).resumed(false);

    let mut setup = Setup::new();
    let store = MemorySessions::new(100, 100_000);
    setup.server = setup
        .server
        .sessions(StatefulSessions::new(Arc::new(store)));
    let session = setup.run(None, 0).kept();
    let session = setup.run(Some(session), 60).resumed(true).kept();
    setup.run(Some(session), 120).resumed(true);
}

/// A ticket that takes more than half of what a ClientHello may have isn't given. The longest that is
/// goes beyond the limit of other messages.
#[test]
fn a_ticket_that_would_hardly_fit_is_not_given() {
    let half = Limits::default().client_hello / 2;
    assert!(half + 6 > Limits::default().other_message);
    for (len, given) in [(half, true), (half + 1, false)] {
        let mut setup = Setup::new();
        let sessions = StatelessSessions::new(Arc::new(Long(len)));
        setup.server = setup.server.sessions(sessions);
        assert_eq!(setup.run(None, 0).session.is_some(), given, "{len}");
    }
}
