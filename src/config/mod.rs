//! What a client or server is set up with, once, for any number of connections.
//!
//! A config is immutable and shared (`Arc`). The crypto provider is a value in it.

mod client;
mod credential;
mod key_log;
mod limits;
mod observer;
mod server;
mod session;
#[cfg(feature = "std")]
mod swap;

pub(crate) use client::Offered;
pub use client::{ClientConfig, ClientConfigBuilder};
pub(crate) use credential::Uses;
pub use credential::{
    CertificateRequestInfo, ChooseClientCredential, ChooseServerCredential, ClientCredentials,
    ClientHelloInfo, Credential, Key, ServerCredentials,
};
pub use key_log::KeyLog;
#[cfg(feature = "std")]
pub use key_log::KeyLogFile;
pub use limits::Limits;
pub use observer::{Direction, Observation, Observer, Parsed};
pub use server::{ClientAuth, RetryPolicy, ServerConfig, ServerConfigBuilder};
pub use session::{
    ClientSessionStore, EarlyDataPolicy, ExternalPsk, Freshness, MAX_LIFETIME, MAX_TICKET_LEN,
    MemoryClientSessions, MemorySessions, NewSession, PskHash, PskImporter, PskQuery, PskStore,
    PskTable, ReplayFilter, ReplayMap, ReplayQuery, ReplayRecorder, RotatingTicketer, Scope,
    ServerSessions, Session, SessionFormatError, SessionQuery, SessionStore, StatefulSessions,
    StatelessSessions, StoreSession, TicketPolicy, Ticketer,
};
pub(crate) use session::{Resume, SessionTerms, TicketSource, TicketState, later};
#[cfg(feature = "std")]
pub use swap::Swap;

use crate::codepoint::{CipherSuite, NamedGroup, ProtocolVersion};
use crate::crypto::{KeyExchangeGroup, Primitives, STACK, SuiteAuth, Tls12Suite, Tls13Suite};
use crate::error::{Error, Misuse};
use crate::record::Padding;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The versions that this build speaks, newest first.
const BUILT_IN: &[ProtocolVersion] = &[
    ProtocolVersion::TLS13,
    #[cfg(feature = "tls12")]
    ProtocolVersion::TLS12,
];

/// Sessions were asked for, and nothing says under which terms.
const NO_SCOPE: Misuse = Misuse::Config(
    "sessions need a verifier (and choice of client certificates) with an identity, or a session_scope",
);

/// What both roles' configs hold.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    pub(crate) provider: Primitives,
    /// Newest first.
    pub(crate) versions: Vec<ProtocolVersion>,
    pub(crate) suites: Vec<&'static Tls13Suite>,
    pub(crate) tls12_suites: Vec<&'static Tls12Suite>,
    pub(crate) groups: Vec<&'static dyn KeyExchangeGroup>,
    pub(crate) alpn: Vec<Vec<u8>>,
    pub(crate) key_log: Option<Arc<dyn KeyLog>>,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    pub(crate) padding: Padding,
    pub(crate) record_size_limit: Option<u16>,
    pub(crate) key_limit: u64,
    pub(crate) require_extended_master_secret: bool,
    pub(crate) limits: Limits,
    /// What the application adds to the [`Scope`] of sessions.
    pub(crate) session_scope: Option<Vec<u8>>,
    /// Whom the config trusted when it was built, and the scope that this made: hashed once.
    built_scope: Option<(Vec<Option<[u8; 32]>>, Scope)>,
    pub(crate) psk_without_key_exchange: bool,
    /// Bytes of stack in which the keys of records and tickets leave secrets, once the config is built.
    pub(crate) stack: usize,
}

impl Common {
    fn new(provider: Primitives) -> Self {
        let mut this = Self {
            provider,
            versions: BUILT_IN.to_vec(),
            suites: Vec::new(),
            tls12_suites: Vec::new(),
            groups: Vec::new(),
            alpn: Vec::new(),
            key_log: None,
            observer: None,
            padding: Padding::None,
            record_size_limit: None,
            key_limit: u64::MAX,
            require_extended_master_secret: true,
            limits: Limits::default(),
            session_scope: None,
            built_scope: None,
            psk_without_key_exchange: false,
            stack: STACK,
        };
        this.set_provider(provider);
        this
    }

    fn set_provider(&mut self, provider: Primitives) {
        self.provider = provider;
        self.suites = provider
            .tls13_suites
            .iter()
            .copied()
            .filter(|s| s.by_default)
            .collect();
        self.tls12_suites = provider
            .tls12_suites
            .iter()
            .copied()
            .filter(|s| s.by_default)
            .collect();
        self.groups = provider.groups.to_vec();
    }

    /// Suites of both versions may be named in one list.
    fn set_suites(&mut self, names: &[CipherSuite]) {
        let (tls13, tls12) = (self.provider.tls13_suites, self.provider.tls12_suites);
        self.suites = pick(names, |name| tls13.iter().copied().find(|s| s.name == name));
        self.tls12_suites = pick(names, |name| tls12.iter().copied().find(|s| s.name == name));
        // A version without a suite can't be spoken.
        let (any13, any12) = (!self.suites.is_empty(), !self.tls12_suites.is_empty());
        self.versions.retain(|version| match *version {
            ProtocolVersion::TLS13 => any13,
            _ => any12,
        });
    }

    /// Whether a version is allowed.
    pub(crate) fn speaks(&self, version: ProtocolVersion) -> bool {
        self.versions.contains(&version)
    }

    /// Leaves those suites of TLS 1.2 for which there are keys, as the rest of the config is known.
    fn keep_suites(&mut self, psks: bool, certificates: bool) {
        self.tls12_suites.retain(|suite| match suite.auth {
            SuiteAuth::Psk => psks,
            SuiteAuth::Ecdsa | SuiteAuth::Rsa => certificates,
        });
        let (alone, left) = (self.versions.len() == 1, !self.tls12_suites.is_empty());
        self.versions
            .retain(|version| *version != ProtocolVersion::TLS12 || left || alone);
        let tls13 = self.suites.iter().map(|suite| suite.aead);
        let aeads = tls13.chain(self.tls12_suites.iter().map(|suite| suite.aead));
        self.stack = aeads.map(|aead| aead.stack()).max().unwrap_or(0);
    }

    fn set_versions(&mut self, versions: &[ProtocolVersion]) {
        self.versions = BUILT_IN
            .iter()
            .copied()
            .filter(|version| versions.contains(version))
            .collect();
    }

    fn set_groups(&mut self, names: &[NamedGroup]) {
        let all = self.provider.groups;
        self.groups = pick(names, |name| all.iter().copied().find(|g| g.name() == name));
    }

    /// The terms of a role's sessions: what it trusts (`None` for a part that can't be told), and what
    /// the application says. None at all if a part can't be told and the application says nothing.
    fn scope<const N: usize>(&self, role: &[u8], trust: [Option<[u8; 32]>; N]) -> Option<Scope> {
        const { assert!(N <= 2) };
        if let Some((built, scope)) = &self.built_scope
            && built.as_slice() == trust.as_slice()
        {
            return Some(*scope);
        }
        if trust.contains(&None) && self.session_scope.is_none() {
            return None;
        }
        let own = self.session_scope.as_deref().unwrap_or(&[]);
        let len = |part: &[u8]| u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes();
        // What can be told counts also where another part can't.
        let trust = trust.map(|part| ([u8::from(part.is_some())], part.unwrap_or_default()));
        let mut trust_parts = [&[][..]; 4];
        let each = trust.iter().flat_map(|(known, part)| [&known[..], part]);
        for (to, from) in trust_parts.iter_mut().zip(each) {
            *to = from;
        }
        let [a, b, c, d] = trust_parts;
        let parts = [&len(role), role, &len(own), own, a, b, c, d];
        let hash = self.provider.sha256.hash(&parts);
        hash.as_bytes().first_chunk().copied().map(Scope)
    }

    /// Keeps the scope of what is trusted now, which later only changes with what a verifier says.
    fn keep_scope<const N: usize>(&mut self, role: &[u8], trust: [Option<[u8; 32]>; N]) {
        self.built_scope = self.scope(role, trust).map(|scope| (trust.to_vec(), scope));
    }

    fn check(&self) -> Result<(), Error> {
        if self.versions.is_empty() {
            return Err(Misuse::Config("no version is left that can be spoken").into());
        }
        let lacks13 = self.speaks(ProtocolVersion::TLS13) && self.suites.is_empty();
        if lacks13 || (self.speaks(ProtocolVersion::TLS12) && self.tls12_suites.is_empty()) {
            return Err(
                Misuse::Config("the provider has none of the cipher suites asked for").into(),
            );
        }
        if self.groups.is_empty() {
            return Err(Misuse::Config("the provider has none of the groups asked for").into());
        }
        if self
            .alpn
            .iter()
            .any(|name| name.is_empty() || name.len() > 255)
        {
            return Err(Misuse::Config("an ALPN name must have 1 to 255 bytes").into());
        }
        // RFC 8449 4: not below 64; RFC 9846's own maximum is 2^14 + 1.
        if self
            .record_size_limit
            .is_some_and(|limit| !(64..=16_385).contains(&limit))
        {
            return Err(Misuse::Config("record_size_limit must be 64 to 16385").into());
        }
        if self.key_limit < 8 {
            return Err(Misuse::Config("a key must be allowed at least 8 records").into());
        }
        Ok(())
    }
}

fn pick<N: Copy, T>(names: &[N], find: impl Fn(N) -> Option<T>) -> Vec<T> {
    names.iter().filter_map(|name| find(*name)).collect()
}

/// The setters that both builders have.
macro_rules! common_setters {
    () => {
        /// Another crypto provider than the one it began with; resets suites and groups to its own.
        pub fn provider(mut self, provider: crate::crypto::CryptoProvider) -> Self {
            self.common
                .set_provider(crate::crypto::Primitives::of(provider));
            self
        }

        /// Exactly these versions: TLS 1.3, TLS 1.2 or both, which is the default.
        pub fn versions(mut self, versions: &[crate::codepoint::ProtocolVersion]) -> Self {
            self.common.set_versions(versions);
            self
        }

        /// Exactly these suites, of either version, best first. What the provider lacks is left out. The CCM suites
        /// are used only if named here.
        pub fn cipher_suites(mut self, names: &[crate::codepoint::CipherSuite]) -> Self {
            self.common.set_suites(names);
            self
        }

        /// Exactly these key-exchange groups, best first. What the provider lacks is left out.
        pub fn groups(mut self, names: &[crate::codepoint::NamedGroup]) -> Self {
            self.common.set_groups(names);
            self
        }

        /// The application protocols spoken, best first (RFC 7301), each 1 to 255 bytes.
        pub fn alpn<P: Into<alloc::vec::Vec<u8>>>(
            mut self,
            protocols: impl IntoIterator<Item = P>,
        ) -> Self {
            self.common.alpn = protocols.into_iter().map(Into::into).collect();
            self
        }

        /// Where secrets are logged for debugging (RFC 9850): whoever reads it reads everything.
        pub fn key_log(mut self, log: alloc::sync::Arc<dyn crate::config::KeyLog>) -> Self {
            self.common.key_log = Some(log);
            self
        }

        /// Who is told what happens.
        pub fn observer(mut self, observer: alloc::sync::Arc<dyn crate::config::Observer>) -> Self {
            self.common.observer = Some(observer);
            self
        }

        /// How records are padded (RFC 9846 5.4). None by default.
        pub fn padding(mut self, padding: crate::record::Padding) -> Self {
            self.common.padding = padding;
            self
        }

        /// The longest record this end wants to receive, 64 to 16385 bytes of content, type and
        /// padding (RFC 8449). Without it the extension is not sent, but the peer's is honoured.
        pub fn record_size_limit(mut self, limit: u16) -> Self {
            self.common.record_size_limit = Some(limit);
            self
        }

        /// How many records go out under one key before a KeyUpdate, at least 8; the AEAD's own
        /// limit (RFC 9846 5.5) stays in force.
        pub fn key_limit(mut self, records: u64) -> Self {
            self.common.key_limit = records;
            self
        }

        /// Whether a TLS 1.2 peer must have extended_master_secret (RFC 7627). True by default;
        /// without it a session can be confused with another.
        pub fn require_extended_master_secret(mut self, on: bool) -> Self {
            self.common.require_extended_master_secret = on;
            self
        }

        /// Sets sessions of this config apart from those of others that trust the same: a session made
        /// under another scope is never resumed. Needed for sessions at all where the verifier, or
        /// what chooses the client's certificate, doesn't say who it is
        /// ([`crate::pki::Verifier::identity`]).
        pub fn session_scope(mut self, scope: impl Into<alloc::vec::Vec<u8>>) -> Self {
            self.common.session_scope = Some(scope.into());
            self
        }

        /// Whether a PSK may be used without a key exchange as well (`psk_ke`, RFC 9846 4.3.9). False by
        /// default: it saves work, and whoever learns the PSK later reads everything.
        pub fn psk_without_key_exchange(mut self, on: bool) -> Self {
            self.common.psk_without_key_exchange = on;
            self
        }

        /// What a peer may make this end hold and do.
        pub fn limits(mut self, limits: crate::config::Limits) -> Self {
            self.common.limits = limits;
            self
        }
    };
}
pub(crate) use common_setters;
