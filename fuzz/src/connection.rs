//! Whole connections, driven by bytes of a peer that means no good.

use crate::transparent::{self, TRANSPARENT};
use crate::{LEAF, LEAF_KEY, NOW, name, roots};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock, Mutex};
use symbolon::codepoint::{NamedGroup, ProtocolVersion};
use symbolon::config::{
    ClientAuth, ClientConfig, ClientConfigBuilder, Credential, ExternalPsk, Freshness, Limits,
    NewSession, Observation, Observer, PskHash, PskQuery, PskStore, ReplayQuery, ReplayRecorder,
    ServerConfig, ServerConfigBuilder, Session, StatelessSessions, Ticketer,
};
use symbolon::conn::{ClientConnection, Connection, Eof, Event, ServerConnection};
use symbolon::crypto::Random;
use symbolon::handshake::{Answer, Request, Summary};
use symbolon::pki::{
    DangerousAcceptAnyCertificate, Decision, VerifiedChain, Verifier, VerifyRequest,
};
use symbolon::provider::RUSTCRYPTO;
use symbolon::record::FixedSink;
use symbolon::secret::SecretBytes;

/// What the first byte of an input says, bit by bit.
#[derive(Clone, Copy, Debug)]
pub struct Options(pub u8);

impl Options {
    /// The cryptography is looked through.
    pub const TRANSPARENT: u8 = 1;
    /// Output has little room.
    pub const NARROW: u8 = 1 << 1;
    /// Input comes in pieces.
    pub const PIECES: u8 = 1 << 2;
    /// Certificates are shown by clients and asked for by servers.
    pub const CLIENT_AUTH: u8 = 1 << 3;
    /// Decisions are left to the application.
    pub const ASK: u8 = 1 << 4;
    /// A client sends shares of two classical groups, and reserved values.
    pub const GREASE: u8 = 1 << 5;
    /// Only TLS 1.2 is spoken; both versions otherwise.
    pub const TLS12: u8 = 1 << 6;
    /// Clients have a session and a PSK and send early data; servers take them all.
    pub const SESSIONS: u8 = 1 << 7;

    fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// Looks at all that it is told.
#[derive(Debug)]
struct Watcher;

impl Observer for Watcher {
    fn observe(&self, observation: &Observation<'_>) {
        let _ = fmt::format(format_args!("{observation:?}"));
    }
}

/// Leaves the chain to the application.
#[derive(Debug)]
struct AskMe;

impl Verifier for AskMe {
    fn verify(
        &self,
        _: &VerifyRequest,
        _: &symbolon::crypto::VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, symbolon::error::CertificateError>> {
        Decision::Later
    }
}

/// Tickets are the sessions themselves, all early data is new, and any name is that of the same PSK.
#[derive(Debug)]
pub struct Open {
    /// The application is asked.
    pub later: bool,
}

impl Open {
    fn decide<T>(&self, value: T) -> Decision<T> {
        match self.later {
            true => Decision::Later,
            false => Decision::Now(value),
        }
    }
}

impl Ticketer for Open {
    fn seal(&self, state: &[u8], _: UnixTime, _: &mut Random) -> Option<Vec<u8>> {
        Some(state.to_vec())
    }

    fn open(&self, ticket: &[u8], _: UnixTime) -> Decision<Option<SecretBytes>> {
        self.decide(Some(SecretBytes::new(ticket.to_vec())))
    }
}

impl ReplayRecorder for Open {
    fn record(&self, _: &ReplayQuery) -> Decision<Freshness> {
        self.decide(Freshness::New)
    }
}

impl PskStore for Open {
    fn find(&self, query: &PskQuery) -> Decision<Option<Arc<ExternalPsk>>> {
        self.decide(known(query))
    }
}

fn psk() -> Arc<ExternalPsk> {
    let key = SecretBytes::new(vec![7; 32]);
    Arc::new(ExternalPsk::new(b"fuzz", key, PskHash::Sha256).unwrap())
}

fn known(query: &PskQuery) -> Option<Arc<ExternalPsk>> {
    Some(psk()).filter(|psk| psk.identity() == query.identity)
}

/// The session that a client with these options resumes, saved; none where there can be none.
pub fn session(options: Options) -> Option<Session> {
    static SESSIONS: Mutex<BTreeMap<u8, Option<Vec<u8>>>> = Mutex::new(BTreeMap::new());
    let mut sessions = SESSIONS.lock().unwrap();
    let saved = sessions.entry(options.0).or_insert_with(|| {
        let config = CLIENT_CONFIGS.get(options, client_config);
        let mut client = ClientConnection::new(config, name(), [3; 32], NOW).unwrap();
        let mut server = server_connection(options);
        let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
        for _ in 0..4 {
            let session = exchange(&mut client, &mut to_client, &mut to_server, options);
            if let Some(session) = session {
                return Some(session.received(NOW).to_bytes().expose().to_vec());
            }
            exchange(&mut server, &mut to_server, &mut to_client, options);
        }
        None
    });
    saved
        .as_ref()
        .map(|bytes| Session::from_bytes(bytes).unwrap())
}

/// Everything that the input leads to; the first session that comes.
fn exchange(
    connection: &mut impl Connection,
    input: &mut Vec<u8>,
    output: &mut Vec<u8>,
    options: Options,
) -> Option<NewSession> {
    loop {
        let received = connection.receive(input, output);
        let consumed = received.consumed;
        let mut found = None;
        let mut stop = false;
        match received.event {
            Event::NeedInput { .. } => stop = true,
            Event::Session(session) => found = Some(*session),
            Event::Ask(request) => connection.answer(answer(request, options)).unwrap(),
            Event::Failed(error) => panic!("{error}"),
            _ => {}
        }
        input.drain(..consumed);
        if stop || found.is_some() {
            return found;
        }
    }
}

fn credential(options: Options) -> Arc<Credential> {
    static CREDENTIAL: LazyLock<Arc<Credential>> = LazyLock::new(|| {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(LEAF_KEY));
        let chain = vec![CertificateDer::from(LEAF)];
        Arc::new(Credential::new(chain, &key, &RUSTCRYPTO).unwrap())
    });
    match options.has(Options::TRANSPARENT) {
        true => transparent::credential(),
        false => Arc::clone(&CREDENTIAL),
    }
}

fn verifier(options: Options) -> Arc<dyn Verifier> {
    match options.has(Options::ASK) {
        true => Arc::new(AskMe),
        false => Arc::new(DangerousAcceptAnyCertificate),
    }
}

pub fn client_config(options: Options) -> Arc<ClientConfig> {
    client_builder(options).build().unwrap()
}

fn client_builder(options: Options) -> ClientConfigBuilder {
    let mut builder = ClientConfig::builder().provider(match options.has(Options::TRANSPARENT) {
        true => TRANSPARENT,
        false => RUSTCRYPTO,
    });
    builder = match options.has(Options::TRANSPARENT) {
        true => builder.verifier(verifier(options)),
        false => builder.roots(roots()),
    };
    if options.has(Options::CLIENT_AUTH) {
        builder = builder.credential(credential(options));
    }
    if options.has(Options::GREASE) {
        let groups = [NamedGroup::X25519, NamedGroup::SECP256R1];
        builder = builder.groups(&groups).key_shares(&groups).grease(true);
    } else {
        builder = builder.observer(Arc::new(Watcher)).groups(&[
            NamedGroup::X25519,
            NamedGroup::SECP256R1,
            NamedGroup::SECP384R1,
        ]);
    }
    if options.has(Options::TLS12) {
        builder = builder.versions(&[ProtocolVersion::TLS12]);
    }
    if options.has(Options::SESSIONS) {
        builder = builder.session_scope("fuzz").early_data(true);
        // One with an external PSK makes no sessions.
        if options.has(Options::GREASE) {
            builder = builder.psk(psk()).psk_without_key_exchange(true);
        }
    }
    builder.alpn(["h2", "http/1.1"])
}

fn server_config(options: Options) -> Arc<ServerConfig> {
    server_builder(options).build().unwrap()
}

fn server_builder(options: Options) -> ServerConfigBuilder {
    let mut builder = ServerConfig::builder()
        .provider(match options.has(Options::TRANSPARENT) {
            true => TRANSPARENT,
            false => RUSTCRYPTO,
        })
        .credential(credential(options))
        .alpn(["h2"]);
    if options.has(Options::CLIENT_AUTH) {
        builder = builder.client_auth(ClientAuth::Optional(verifier(options)));
    }
    if options.has(Options::GREASE) {
        builder = builder.record_size_limit(1000).prefer_client_suites(true);
    } else {
        builder = builder.observer(Arc::new(Watcher));
    }
    if options.has(Options::TLS12) {
        builder = builder.versions(&[ProtocolVersion::TLS12]);
    }
    if options.has(Options::SESSIONS) {
        let open = Arc::new(Open {
            later: options.has(Options::ASK),
        });
        let sessions = StatelessSessions::new(open.clone()).early_data(100, open.clone());
        builder = builder.sessions(sessions).session_scope("fuzz");
        if options.has(Options::GREASE) {
            builder = builder.psks(open).psk_without_key_exchange(true);
        }
    }
    builder
}

/// Configs are made once for each set of options.
struct Cache<T>(Mutex<BTreeMap<u8, Arc<T>>>);

impl<T> Cache<T> {
    const fn new() -> Self {
        Self(Mutex::new(BTreeMap::new()))
    }

    fn get(&self, options: Options, make: fn(Options) -> Arc<T>) -> Arc<T> {
        let mut map = self.0.lock().unwrap();
        Arc::clone(map.entry(options.0).or_insert_with(|| make(options)))
    }
}

static CLIENT_CONFIGS: Cache<ClientConfig> = Cache::new();
static SERVER_CONFIGS: Cache<ServerConfig> = Cache::new();

/// A client whose every byte follows from the options.
pub fn client_connection(options: Options) -> ClientConnection {
    let config = CLIENT_CONFIGS.get(options, client_config);
    let session = match options.has(Options::SESSIONS) {
        true => session(options),
        false => None,
    };
    match session {
        Some(session) => ClientConnection::resume(config, name(), session, [1; 32], NOW),
        None => ClientConnection::new(config, name(), [1; 32], NOW),
    }
    .unwrap()
}

/// A client and a server of which one sends what makes a HelloRetryRequest needed: the client, which has no
/// share ready, or the server, which takes a group of its own. The other is as the target has it.
pub fn with_retry(options: Options, by_client: bool) -> (ClientConnection, ServerConnection) {
    let (client, server) = (client_builder(options), server_builder(options));
    let (client, server) = match by_client {
        true => (client.key_shares(&[]), server),
        false => (client, server.groups(&[NamedGroup::SECP384R1])),
    };
    (
        ClientConnection::new(client.build().unwrap(), name(), [1; 32], NOW).unwrap(),
        ServerConnection::new(server.build().unwrap(), [2; 32], NOW).unwrap(),
    )
}

/// A server whose every byte follows from the options.
pub fn server_connection(options: Options) -> ServerConnection {
    match options.has(Options::ASK) {
        true => ServerConnection::undecided(Limits::default(), [2; 32], NOW).unwrap(),
        false => {
            ServerConnection::new(SERVER_CONFIGS.get(options, server_config), [2; 32], NOW).unwrap()
        }
    }
}

/// Says yes to everything.
pub fn answer(request: Request, options: Options) -> Answer {
    let _ = format!("{request:?}");
    match request {
        Request::Config(_) => Answer::Config(SERVER_CONFIGS.get(options, server_config)),
        Request::ServerCredential(_) | Request::ClientCredential(_) => {
            Answer::Credential(Some(credential(options)))
        }
        Request::VerifyChain(_) => Answer::Chain(Ok(VerifiedChain::by_application("a fuzzer"))),
        Request::Sign(_) => Answer::Signature(vec![0; 64]),
        Request::Psk(query) => Answer::Psk(known(&query)),
        Request::Session(query) => Answer::Session(Some(Arc::new(SecretBytes::new(query.id)))),
        Request::StoreSession(_) => Answer::Stored(true),
        Request::Replay(_) => Answer::Replay(Freshness::New),
        _ => panic!("a request that isn't known here"),
    }
}

/// Feeds a client what a server might send; the first byte holds [`Options`]. Whether the
/// handshake was done.
pub fn client(bytes: &[u8]) -> bool {
    bytes.split_first().is_some_and(|(options, input)| {
        let options = Options(*options);
        let mut connection = client_connection(options);
        let room = connection.early_data_room();
        let mut sink = Vec::new();
        if room > 0 {
            let sent = connection.send_early_data(&vec![1; room + 1], &mut sink);
            assert_eq!(sent.unwrap().taken, room);
        }
        drive(connection, input, options, &mut |_| ())
    })
}

/// Feeds a server what a client might send; the first byte holds [`Options`]. Whether the
/// handshake was done.
pub fn server(bytes: &[u8]) -> bool {
    bytes.split_first().is_some_and(|(options, input)| {
        let options = Options(*options);
        let connection = server_connection(options);
        drive(connection, input, options, &mut |_| ())
    })
}

/// A room that is enough for progress, and not for much else.
const NARROW: usize = 512;

/// Gives a connection all of the input; whether the handshake was done, and `look` at how.
pub fn drive(
    mut connection: impl Connection,
    input: &[u8],
    options: Options,
    look: &mut dyn FnMut(&Summary),
) -> bool {
    let mut buffer = vec![
        0;
        if options.has(Options::NARROW) {
            NARROW
        } else {
            1 << 17
        }
    ];
    let mut input = input.to_vec();
    let (mut start, mut end) = (0, 0);
    let (mut ended, mut done) = (false, false);
    // Every call consumes, writes or tells something new; a message has four bytes at least.
    let most = 1000 + 4 * input.len();
    for _ in 0..most {
        let mut sink = FixedSink::new(&mut buffer);
        let given = end - start;
        let received = connection.receive(&mut input[start..end], &mut sink);
        assert!(received.consumed <= given);
        start += received.consumed;
        match received.event {
            Event::NeedInput { min } => {
                let left = given - received.consumed;
                assert!(min > left, "needs {min}, has {left}");
                assert!(min <= 5 + 16_384 + 256);
                if end < input.len() {
                    let piece = if options.has(Options::PIECES) {
                        7
                    } else {
                        usize::MAX
                    };
                    end = end.saturating_add(piece).min(input.len());
                } else {
                    assert!(!ended, "wants more after the end");
                    ended = true;
                    connection.end_of_input();
                }
            }
            Event::NeedOutput { min } => {
                assert!(min <= NARROW);
                assert!(!sink.written().is_empty(), "no room in an empty sink");
            }
            Event::Ask(request) => connection.answer(answer(request, options)).unwrap(),
            Event::HandshakeDone(summary) => {
                done = true;
                look(&summary);
                let _ = format!("{summary} {summary:?}");
                assert!(!connection.is_handshaking());
                connection.send(b"hello", &mut sink).unwrap();
            }
            Event::Data(data) => {
                assert!(data.range.end <= given && data.range.len() == data.len());
            }
            Event::EarlyData(data) => {
                assert!(!done && data.range.end <= given && data.range.len() == data.bytes.len());
            }
            Event::Session(session) => drop(format!("{session:?}")),
            Event::Failed(error) => {
                let _ = format!("{error} {error:?}");
                let again = connection.receive(&mut input[start..end], &mut sink);
                assert!(matches!(again.event, Event::Failed(e) if e == error));
                assert!(connection.send(b"hello", &mut sink).is_err());
                return done;
            }
            Event::Closed(eof) => {
                let again = connection.receive(&mut input[start..end], &mut sink);
                assert!(matches!(again.event, Event::Closed(e) if e == eof));
                assert!(eof == Eof::Clean || ended);
                return done;
            }
            _ => panic!("an event that isn't known here"),
        }
    }
    panic!("no end");
}
