//! What the application does for one end: choosing, signing, verifying, remembering; at once or when it
//! is asked.

use crate::common::fake::{FakeKey, Kind, Mix, certificate, credential};
use rustls_pki_types::UnixTime;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, Mutex};
use symbolon::codepoint::{HandshakeType, SignatureScheme};
use symbolon::config::*;
use symbolon::crypto::{Random, SigningKey, VerifyAlgorithms};
use symbolon::error::{CertificateError, CryptoError};
use symbolon::handshake::{Answer, Request};
use symbolon::pki::{Decision, VerifiedChain, Verifier, VerifyRequest};
use symbolon::secret::SecretBytes;

pub const KINDS: [Kind; 3] = [Kind::Ecdsa, Kind::Ed25519, Kind::Rsa];

/// All keys, with certificates that are known to everybody.
pub struct World {
    pub keys: Vec<FakeKey>,
    pub local: Vec<Arc<Credential>>,
    pub external: Vec<Arc<Credential>>,
    /// Whose key doesn't sign.
    pub failing: Vec<Arc<Credential>>,
    pub psks: Vec<Arc<ExternalPsk>>,
    /// Of the same identities, but other keys.
    pub wrong_psks: Vec<Arc<ExternalPsk>>,
}

pub static WORLD: LazyLock<World> = LazyLock::new(|| {
    let name = "server.example";
    let keys: Vec<_> = KINDS.iter().map(|kind| FakeKey::new(*kind, name)).collect();
    let external = keys.iter().map(|key| {
        let key_place = Key::External(key.schemes().to_vec());
        Arc::new(Credential::with_key(vec![certificate(key, name)], key_place).unwrap())
    });
    let failing = keys.iter().map(|key| {
        let key_place = Key::Local(Arc::new(Failing(key.clone())));
        Arc::new(Credential::with_key(vec![certificate(key, name)], key_place).unwrap())
    });
    let psk = |byte: u8, hash| {
        let key = SecretBytes::new(vec![byte; 32]);
        let identity = [b"psk".as_slice(), &[hash as u8]].concat();
        Arc::new(ExternalPsk::new(&identity, key, hash).unwrap())
    };
    let psks = |byte: u8| {
        [PskHash::Sha256, PskHash::Sha384]
            .map(|hash| psk(byte, hash))
            .to_vec()
    };
    World {
        local: KINDS
            .iter()
            .map(|kind| Arc::new(credential(*kind, name)))
            .collect(),
        external: external.collect(),
        failing: failing.collect(),
        psks: psks(1),
        wrong_psks: psks(2),
        keys,
    }
});

/// A key that is there and doesn't sign.
#[derive(Debug)]
struct Failing(FakeKey);

impl SigningKey for Failing {
    fn schemes(&self) -> &[SignatureScheme] {
        self.0.schemes()
    }

    fn sign(
        &self,
        _: SignatureScheme,
        _: &[u8],
        _: &mut Random,
        _: &mut [u8],
    ) -> Result<usize, CryptoError> {
        Err(CryptoError::SigningFailed)
    }

    fn public_key_info(&self) -> &[u8] {
        self.0.public_key_info()
    }
}

/// The application of one end.
#[derive(Debug, Default)]
pub struct Hands {
    /// Bit by kind of request: it surfaces.
    pub later: u32,
    pub credential: Option<Arc<Credential>>,
    pub refuses: bool,
    pub psks: Vec<Arc<ExternalPsk>>,
    pub sessions: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
    pub seen: Mutex<BTreeSet<[u8; 32]>>,
}

pub const CREDENTIAL: u32 = 1;
pub const CHAIN: u32 = 2;
pub const PSK: u32 = 4;
pub const SESSION: u32 = 8;
pub const STORE: u32 = 16;
pub const REPLAY: u32 = 32;

/// The names of the requests, for the statistics.
pub fn name(request: &Request) -> &'static str {
    match request {
        Request::Config(_) => "asked: config",
        Request::ServerCredential(_) => "asked: server credential",
        Request::ClientCredential(_) => "asked: client credential",
        Request::VerifyChain(_) => "asked: chain",
        Request::Sign(_) => "asked: signature",
        Request::Psk(_) => "asked: psk",
        Request::Session(_) => "asked: session",
        Request::StoreSession(_) => "asked: store",
        Request::Replay(_) => "asked: replay",
        _ => "asked: something new",
    }
}

fn ticket_tag(state: &[u8]) -> [u8; 16] {
    let mut mix = Mix::new(6000);
    mix.part(state);
    let mut tag = [0; 16];
    mix.squeeze(&mut tag);
    tag
}

impl Hands {
    fn when<T>(&self, kind: u32, answer: impl FnOnce() -> T) -> Decision<T> {
        match self.later & kind {
            0 => Decision::Now(answer()),
            _ => Decision::Later,
        }
    }

    fn verify_now(&self, request: &VerifyRequest) -> Result<VerifiedChain, CertificateError> {
        let leaf = request.chain.end_entity().unwrap_or(&[]);
        let mut known = WORLD.local.iter().map(|credential| &credential.chain()[0]);
        match !self.refuses && known.any(|known| &known[..] == leaf) {
            true => Ok(VerifiedChain::by_application("known")),
            false => Err(CertificateError::refused("not known")),
        }
    }

    fn open_now(&self, ticket: &[u8]) -> Option<SecretBytes> {
        let (tag, state) = ticket.split_at_checked(16)?;
        (ticket_tag(state) == *tag).then(|| SecretBytes::new(state.to_vec()))
    }

    fn get_now(&self, id: &[u8], once: bool) -> Option<SecretBytes> {
        let mut sessions = self.sessions.lock().unwrap();
        let state = match once {
            true => sessions.remove(id),
            false => sessions.get(id).cloned(),
        };
        state.map(SecretBytes::new)
    }

    fn put_now(&self, session: &StoreSession) -> bool {
        let state = session.state.expose().to_vec();
        let mut sessions = self.sessions.lock().unwrap();
        sessions.insert(session.id.to_vec(), state).is_none()
    }

    fn record_now(&self, query: &ReplayQuery) -> Freshness {
        match self.seen.lock().unwrap().insert(query.key) {
            true => Freshness::New,
            false => Freshness::Seen,
        }
    }

    fn psk_now(&self, identity: &[u8]) -> Option<Arc<ExternalPsk>> {
        let found = self.psks.iter().find(|psk| psk.identity() == identity);
        found.cloned()
    }

    /// The right answer.
    pub fn answer(&self, request: &Request, config: &Arc<ServerConfig>) -> Answer {
        match request {
            Request::Config(_) => Answer::Config(config.clone()),
            Request::ServerCredential(_) | Request::ClientCredential(_) => {
                Answer::Credential(self.credential.clone())
            }
            Request::VerifyChain(request) => Answer::Chain(self.verify_now(request)),
            Request::Sign(request) => {
                let leaf = &request.credential.chain()[0];
                let mut keys = WORLD.local.iter().zip(&WORLD.keys);
                let key = keys.find(|(credential, _)| credential.chain()[0] == *leaf);
                let (_, key) = key.expect("a key of ours");
                let signature = key.sign(request.scheme, request.message());
                Answer::Signature(signature.expect("a scheme of the key").to_vec())
            }
            Request::Psk(query) => Answer::Psk(self.psk_now(&query.identity)),
            Request::Session(query) => {
                let state = match query.id.len() {
                    32 => self.get_now(&query.id, query.once),
                    _ => self.open_now(&query.id),
                };
                Answer::Session(state.map(Arc::new))
            }
            Request::StoreSession(session) => Answer::Stored(self.put_now(session)),
            Request::Replay(query) => Answer::Replay(self.record_now(query)),
            _ => panic!("a request that the tests don't know"),
        }
    }
}

impl ChooseServerCredential for Hands {
    fn choose(&self, _: &ClientHelloInfo) -> Decision<Option<Arc<Credential>>> {
        self.when(CREDENTIAL, || self.credential.clone())
    }
}

impl ChooseClientCredential for Hands {
    fn choose(&self, _: &CertificateRequestInfo) -> Decision<Option<Arc<Credential>>> {
        self.when(CREDENTIAL, || self.credential.clone())
    }

    fn identity(&self) -> Option<[u8; 32]> {
        Some([1; 32])
    }
}

impl Verifier for Hands {
    fn verify(
        &self,
        request: &VerifyRequest,
        _: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        self.when(CHAIN, || self.verify_now(request))
    }

    fn identity(&self) -> Option<[u8; 32]> {
        Some([2; 32])
    }
}

impl PskStore for Hands {
    fn find(&self, query: &PskQuery) -> Decision<Option<Arc<ExternalPsk>>> {
        self.when(PSK, || self.psk_now(&query.identity))
    }
}

impl Ticketer for Hands {
    fn seal(&self, state: &[u8], _: UnixTime, _: &mut Random) -> Option<Vec<u8>> {
        Some([&ticket_tag(state), state].concat())
    }

    fn open(&self, ticket: &[u8], _: UnixTime) -> Decision<Option<SecretBytes>> {
        self.when(SESSION, || self.open_now(ticket))
    }
}

impl SessionStore for Hands {
    fn put(&self, session: &StoreSession) -> Decision<bool> {
        self.when(STORE, || self.put_now(session))
    }

    fn take(&self, query: &SessionQuery) -> Decision<Option<SecretBytes>> {
        self.when(SESSION, || self.get_now(&query.id, true))
    }

    fn get(&self, query: &SessionQuery) -> Decision<Option<SecretBytes>> {
        self.when(SESSION, || self.get_now(&query.id, false))
    }
}

impl ReplayRecorder for Hands {
    fn record(&self, query: &ReplayQuery) -> Decision<Freshness> {
        self.when(REPLAY, || self.record_now(query))
    }
}

/// A hash over the handshake messages of each direction, up to Finished.
#[derive(Debug)]
pub struct Log(Mutex<[Seen; 2]>);

#[derive(Clone)]
struct Seen {
    mix: Mix,
    finished: bool,
    count: usize,
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} messages", self.count)
    }
}

impl Default for Log {
    fn default() -> Self {
        Self(Mutex::new(Self::nothing()))
    }
}

impl Log {
    fn nothing() -> [Seen; 2] {
        let seen = Seen {
            mix: Mix::new(7000),
            finished: false,
            count: 0,
        };
        [seen.clone(), seen]
    }

    /// A new connection begins.
    pub fn clear(&self) {
        *self.0.lock().unwrap() = Self::nothing();
    }

    /// What was sent, and what was received: how many messages, and a hash of them.
    pub fn views(&self) -> [(usize, u64); 2] {
        let seen = self.0.lock().unwrap();
        [0, 1].map(|i| (seen[i].count, seen[i].mix.u64()))
    }
}

impl Observer for Log {
    fn observe(&self, observation: &Observation<'_>) {
        let Observation::Message {
            direction,
            kind,
            bytes,
            ..
        } = observation
        else {
            return;
        };
        let mut seen = self.0.lock().unwrap();
        let seen = &mut seen[usize::from(*direction == Direction::Received)];
        // RFC 5246 7.4.1.1: a HelloRequest is passed over, and in no hash.
        if !seen.finished && *kind != HandshakeType::HELLO_REQUEST {
            seen.mix.part(bytes);
            seen.count += 1;
            seen.finished = *kind == HandshakeType::FINISHED;
        }
    }
}
