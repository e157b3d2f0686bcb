//! symbolon.

use super::{Ends, Facts, Library, RECORD_OVERHEAD, Scenario, Side, Version, keep, names};
use crate::chain::{Chain, NAME};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::collections::VecDeque;
use std::sync::Arc;
use symbolon::codepoint::{CipherSuite, NamedGroup, ProtocolVersion};
use symbolon::config::{
    ClientConfig, ClientSessionStore, Credential, MemoryClientSessions, RotatingTicketer,
    ServerConfig, StatelessSessions, TicketPolicy,
};
use symbolon::conn::{ClientConnection, Connection, Event, ServerConnection};
use symbolon::crypto::CryptoProvider;
use symbolon::pki::{PathVerifier, RootStore, Verifier};
use symbolon::provider::{RUSTCRYPTO, default_provider, fast};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provider {
    Fast,
    RustCrypto,
}

impl Provider {
    pub fn get(self) -> CryptoProvider {
        match self {
            Self::Fast => fast::provider(),
            Self::RustCrypto => RUSTCRYPTO,
        }
    }
}

/// Fails unless the fast provider really is what a config gets, with our own AEAD kernels; says what
/// was chosen.
pub fn check_choice() -> String {
    assert!(
        fast::is_supported(),
        "this CPU (or valgrind) lacks what the fast provider needs: there is nothing to measure"
    );
    let (chosen, portable) = (default_provider(), RUSTCRYPTO);
    assert!(
        std::ptr::eq(chosen.groups, fast::provider().groups)
            && !std::ptr::eq(chosen.groups, portable.groups)
            && !std::ptr::eq(chosen.tls13_suites, portable.tls13_suites),
        "the fast provider wasn't chosen"
    );
    let kernels = symbolon_aead::Aes128Gcm::new(&[0; 16]).is_some()
        && symbolon_aead::ChaCha20Poly1305::new(&[0; 32]).is_some();
    assert!(kernels, "this CPU lacks what our AEAD kernels need");
    "fast: graviola, and AEADs of symbolon-aead".to_owned()
}

/// What the client's verifier remembers of signatures that it has verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memo {
    /// Nothing: each client has a config and a verifier of its own, made before its time begins.
    Cold,
    /// The chain: all clients share a config, as those of a program do.
    Warm,
}

/// The verifier of one config, as users make it.
fn verifier(roots: &Arc<RootStore>) -> Arc<dyn Verifier> {
    Arc::new(PathVerifier::new(Arc::clone(roots)))
}

pub struct Symbolon {
    provider: Provider,
    memo: Memo,
}

impl Symbolon {
    pub const fn new(provider: Provider, memo: Memo) -> Self {
        Self { provider, memo }
    }
}

/// In TLS 1.2 a certificate's curve must be among them, too (RFC 8422 5.1).
fn groups(scenario: &Scenario) -> &'static [NamedGroup] {
    match (scenario.version, scenario.hybrid) {
        (Version::Tls12, _) => &[NamedGroup::X25519, NamedGroup::SECP256R1],
        (Version::Tls13, false) => &[NamedGroup::X25519],
        (Version::Tls13, true) => &[NamedGroup::X25519MLKEM768],
    }
}

fn version(scenario: &Scenario) -> ProtocolVersion {
    match scenario.version {
        Version::Tls12 => ProtocolVersion::TLS12,
        Version::Tls13 => ProtocolVersion::TLS13,
    }
}

impl Library for Symbolon {
    fn name(&self) -> &'static str {
        match (self.provider, self.memo) {
            (Provider::Fast, Memo::Cold) => names::FAST,
            (Provider::Fast, Memo::Warm) => names::WARM,
            (Provider::RustCrypto, _) => names::PORTABLE,
        }
    }

    fn version(&self) -> String {
        super::locked_version("symbolon")
    }

    fn is_peer(&self) -> bool {
        false
    }

    fn ends(&self, scenario: &Scenario, chain: &Chain) -> Option<Box<dyn Ends>> {
        let provider = self.provider.get();
        let mut roots = RootStore::new();
        roots.add(&chain.root).expect("it is a root");
        let roots = Arc::new(roots);
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(chain.key.clone()));
        let credential = Credential::new(chain.certificates.clone(), &key, &provider);
        let suite = CipherSuite::from(scenario.suite());
        let mut server = ServerConfig::builder()
            .provider(provider)
            .versions(&[version(scenario)])
            .groups(groups(scenario))
            .cipher_suites(&[suite])
            .credential(credential.expect("they belong together"));
        let mut sessions = None;
        if scenario.resumed {
            let tickets = RotatingTicketer::new(&provider, &seed(), 43_200).expect("it has AEADs");
            let mut policy = TicketPolicy::default();
            (policy.count, policy.resumed_count) = (1, 1);
            server = server.sessions(StatelessSessions::new(Arc::new(tickets)).policy(policy));
            sessions = Some(Arc::new(MemoryClientSessions::new(100, 1 << 20)));
        }
        let mut ends = Configs {
            provider,
            scenario: *scenario,
            memo: self.memo,
            roots,
            clients: VecDeque::new(),
            kept: VecDeque::new(),
            client: None,
            server: server.build().expect("it is complete"),
            sessions,
        };
        ends.client = Some(ends.client_config());
        Some(Box::new(ends))
    }
}

struct Configs {
    provider: CryptoProvider,
    scenario: Scenario,
    memo: Memo,
    roots: Arc<RootStore>,
    /// Made new for one client each.
    clients: VecDeque<Arc<ClientConfig>>,
    /// The newest of those, so that no client frees its config while it is measured.
    kept: VecDeque<Arc<ClientConfig>>,
    /// For all others.
    client: Option<Arc<ClientConfig>>,
    server: Arc<ServerConfig>,
    sessions: Option<Arc<MemoryClientSessions>>,
}

impl Configs {
    fn client_config(&self) -> Arc<ClientConfig> {
        let mut config = ClientConfig::builder()
            .provider(self.provider)
            .versions(&[version(&self.scenario)])
            .groups(groups(&self.scenario))
            .cipher_suites(&[CipherSuite::from(self.scenario.suite())])
            .verifier(verifier(&self.roots));
        if let Some(sessions) = &self.sessions {
            config = config.sessions(Arc::clone(sessions) as Arc<dyn ClientSessionStore>);
        }
        config.build().expect("it is complete")
    }
}

fn seed() -> [u8; 32] {
    symbolon::io::seed().expect("the system has randomness")
}

impl Ends for Configs {
    fn prepare(&mut self) {
        if self.memo == Memo::Cold && !self.scenario.resumed {
            let config = self.client_config();
            keep(&mut self.kept, Arc::clone(&config));
            self.clients.push_back(config);
        }
    }

    fn client(&mut self) -> Box<dyn Side> {
        let shared = || self.client.clone().expect("it was made with the rest");
        let config = self.clients.pop_front().unwrap_or_else(shared);
        let name = NAME.try_into().expect("it is a name");
        let connection = ClientConnection::new(config, name, seed(), symbolon::io::now());
        Box::new(End {
            connection: connection.expect("it begins"),
            sessions: self.sessions.clone(),
            facts: None,
        })
    }

    fn server(&mut self) -> Box<dyn Side> {
        let config = Arc::clone(&self.server);
        let connection = ServerConnection::new(config, seed(), symbolon::io::now());
        Box::new(End {
            connection: connection.expect("it begins"),
            sessions: None,
            facts: None,
        })
    }
}

/// What a program keeps of a connection, and little else.
struct End<C> {
    connection: C,
    sessions: Option<Arc<MemoryClientSessions>>,
    facts: Option<Facts>,
}

trait InPlace {
    fn seal(&mut self, buffer: &mut [u8], payload: std::ops::Range<usize>);
}

impl InPlace for ClientConnection {
    fn seal(&mut self, buffer: &mut [u8], payload: std::ops::Range<usize>) {
        self.seal_in_place(buffer, payload).expect("it seals");
    }
}

impl InPlace for ServerConnection {
    fn seal(&mut self, buffer: &mut [u8], payload: std::ops::Range<usize>) {
        self.seal_in_place(buffer, payload).expect("it seals");
    }
}

impl<C: Connection + InPlace> Side for End<C> {
    fn turn(&mut self, input: &mut Vec<u8>, output: &mut Vec<u8>) {
        let mut start = 0;
        loop {
            let received = self.connection.receive(&mut input[start..], output);
            start += received.consumed;
            match received.event {
                Event::NeedInput { .. } => break,
                Event::HandshakeDone(summary) => {
                    self.facts = Some(Facts {
                        version: summary.version.into(),
                        suite: summary.cipher_suite.into(),
                        resumed: summary.resumed(),
                    });
                }
                Event::Session(session) => {
                    if let Some(sessions) = &self.sessions {
                        sessions.put(session.received(symbolon::io::now()));
                    }
                }
                other => panic!("symbolon: {other:?}"),
            }
        }
        assert_eq!(start, input.len(), "there is a part of a record");
        input.clear();
    }

    fn facts(&self) -> Facts {
        self.facts.expect("it is done")
    }

    fn send(&mut self, data: &[u8], output: &mut Vec<u8>) {
        let sent = self.connection.send(data, output).expect("it sends");
        assert_eq!(sent.taken, data.len());
    }

    fn receive(&mut self, input: &mut Vec<u8>) -> usize {
        let (mut start, mut total) = (0, 0);
        let mut output = Vec::new();
        while start < input.len() {
            let received = self.connection.receive(&mut input[start..], &mut output);
            start += received.consumed;
            match received.event {
                Event::Data(data) => total += data.len(),
                Event::NeedInput { .. } => {}
                other => panic!("symbolon: {other:?}"),
            }
        }
        assert!(output.is_empty(), "nothing is to be answered");
        input.clear();
        total
    }

    fn seal_in_place(&mut self, buffer: &mut [u8], piece: usize) -> bool {
        for record in buffer.chunks_exact_mut(piece + RECORD_OVERHEAD) {
            self.connection.seal(record, 5..5 + piece);
        }
        true
    }
}
