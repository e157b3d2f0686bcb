//! The client's config.

use super::{
    ChooseClientCredential, ClientSessionStore, Common, Credential, ExternalPsk, NO_SCOPE, Scope,
    common_setters,
};
use crate::codepoint::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::crypto::{CryptoProvider, Primitives, VerifyAlgorithms};
use crate::error::{CertificateError, Error, Misuse};
use crate::pki::{Decision, PathVerifier, RootStore, VerifiedChain, Verifier, VerifyRequest};
use crate::provider::default_primitives;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// What a client is set up with. Made by [`ClientConfig::builder`].
#[derive(Clone, Debug)]
pub struct ClientConfig {
    pub(crate) common: Common,
    pub(crate) verifier: Arc<dyn Verifier>,
    pub(crate) credentials: Option<Arc<dyn ChooseClientCredential>>,
    pub(crate) key_shares: Option<Vec<NamedGroup>>,
    pub(crate) server_name: bool,
    pub(crate) middlebox_compatibility: bool,
    pub(crate) grease: bool,
    pub(crate) sessions: Option<Arc<dyn ClientSessionStore>>,
    pub(crate) early_data: bool,
    pub(crate) ticket_request: Option<(u8, u8)>,
    /// Best first.
    pub(crate) psks: Vec<Arc<ExternalPsk>>,
    pub(crate) offered: Offered,
}

/// The lists of every ClientHello, made once.
#[derive(Clone, Debug)]
pub(crate) struct Offered {
    pub(crate) suites: Vec<CipherSuite>,
    pub(crate) groups: Vec<NamedGroup>,
    pub(crate) versions: Vec<ProtocolVersion>,
    pub(crate) schemes: Vec<SignatureScheme>,
}

impl Offered {
    fn new(common: &Common) -> Self {
        let tls13 = common.speaks(ProtocolVersion::TLS13);
        let tls12 = common.speaks(ProtocolVersion::TLS12);
        let newer = common.suites.iter().filter(|_| tls13);
        let older = common.tls12_suites.iter().filter(|_| tls12);
        let suites = newer.map(|suite| suite.name);
        // Only TLS 1.3 has key encapsulation.
        let groups = common.groups.iter();
        let groups = groups.filter(|group| tls13 || !group.is_encapsulation());
        Self {
            suites: suites.chain(older.map(|suite| suite.name)).collect(),
            groups: groups.map(|group| group.name()).collect(),
            versions: common.versions.clone(),
            schemes: common.provider.verify.supported().collect(),
        }
    }
}

/// The role, in a scope.
const ROLE: &[u8] = b"client";

impl ClientConfig {
    /// The terms under which sessions of this config are made; none, and no sessions, if they
    /// can't be told.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        self.common.scope(ROLE, self.trust())
    }

    /// What a scope is made of.
    fn trust(&self) -> [Option<[u8; 32]>; 2] {
        let credentials = match &self.credentials {
            None => Some([0; 32]),
            Some(credentials) => credentials.identity(),
        };
        [self.verifier.identity(), credentials]
    }

    /// Begins a config with the default provider. Roots or a verifier must be given; all else
    /// has a sensible default.
    pub fn builder() -> ClientConfigBuilder {
        Self::begin(default_primitives())
    }

    /// Begins a config with another provider than the default, which then isn't even linked: the way
    /// to small programs.
    pub fn builder_with(provider: CryptoProvider) -> ClientConfigBuilder {
        Self::begin(Primitives::of(provider))
    }

    fn begin(provider: Primitives) -> ClientConfigBuilder {
        ClientConfigBuilder {
            common: Common::new(provider),
            verifier: None,
            credentials: None,
            key_shares: None,
            server_name: true,
            middlebox_compatibility: true,
            grease: false,
            sessions: None,
            early_data: false,
            ticket_request: None,
            psks: Vec::new(),
        }
    }
}

/// The verifier of a client that knows servers by PSKs only.
#[derive(Debug)]
struct NoCertificates;

impl Verifier for NoCertificates {
    fn verify(
        &self,
        _: &VerifyRequest,
        _: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        Decision::Now(Err(CertificateError::refused(
            "this client knows servers by pre-shared keys only",
        )))
    }

    fn wants_ocsp(&self) -> bool {
        false
    }

    fn identity(&self) -> Option<[u8; 32]> {
        Some([0; 32])
    }
}

/// Collects a [`ClientConfig`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ClientConfigBuilder {
    common: Common,
    verifier: Option<Arc<dyn Verifier>>,
    credentials: Option<Arc<dyn ChooseClientCredential>>,
    key_shares: Option<Vec<NamedGroup>>,
    server_name: bool,
    middlebox_compatibility: bool,
    grease: bool,
    sessions: Option<Arc<dyn ClientSessionStore>>,
    early_data: bool,
    ticket_request: Option<(u8, u8)>,
    psks: Vec<Arc<ExternalPsk>>,
}

impl ClientConfigBuilder {
    common_setters!();

    /// Servers are trusted whose certificates lead to one of these roots and bear the name that
    /// was asked for.
    pub fn roots(self, roots: impl Into<Arc<RootStore>>) -> Self {
        self.verifier(Arc::new(PathVerifier::new(roots)))
    }

    /// Another way to decide which servers are trusted.
    pub fn verifier(mut self, verifier: Arc<dyn Verifier>) -> Self {
        self.verifier = Some(verifier);
        self
    }

    /// A certificate and key for servers that ask for one.
    pub fn credential(self, credential: impl Into<Arc<Credential>>) -> Self {
        let credential: Arc<Credential> = credential.into();
        self.credentials(Arc::new(credential))
    }

    /// Chooses a certificate and key for each server that asks for one.
    pub fn credentials(mut self, credentials: Arc<dyn ChooseClientCredential>) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// For which groups key shares go into the first ClientHello. By default the first group's, and
    /// for a hybrid also its classical half, which costs nothing. An empty list asks the server
    /// to choose, at the price of a round trip (RFC 9846 4.3.8).
    pub fn key_shares(mut self, groups: &[NamedGroup]) -> Self {
        self.key_shares = Some(groups.to_vec());
        self
    }

    /// Whether the server's DNS name goes out in clear (`server_name`, RFC 6066 3). True by
    /// default; the certificate is checked against the name either way.
    pub fn server_name(mut self, send: bool) -> Self {
        self.server_name = send;
        self
    }

    /// Whether the handshake is made to look like TLS 1.2 for middleboxes (RFC 9846 D.4). True by
    /// default.
    pub fn middlebox_compatibility(mut self, on: bool) -> Self {
        self.middlebox_compatibility = on;
        self
    }

    /// Whether reserved values are mixed into what is offered, so that servers stay tolerant
    /// (RFC 8701).
    pub fn grease(mut self, on: bool) -> Self {
        self.grease = on;
        self
    }

    /// Where sessions are taken from when a connection begins. Without a store, give one to
    /// [`crate::conn::ClientConnection::resume`].
    pub fn sessions(mut self, store: Arc<dyn ClientSessionStore>) -> Self {
        self.sessions = Some(store);
        self
    }

    /// Whether data may be sent before the server has answered (0-RTT, RFC 9846 2.3), where a session
    /// allows it. False by default. **It can be replayed**: send only what may be carried out twice
    /// without harm. It is safe from anyone who learns the ticket's key only as long as nobody does.
    pub fn early_data(mut self, on: bool) -> Self {
        self.early_data = on;
        self
    }

    /// How many tickets the server is asked for, after a full handshake and after a resumed one
    /// (RFC 9149).
    pub fn ticket_request(mut self, new_session: u8, resumption: u8) -> Self {
        self.ticket_request = Some((new_session, resumption));
        self
    }

    /// A pre-shared key to offer; several are offered in the order given. With one, roots or a
    /// verifier aren't needed: then no server without the key is accepted.
    pub fn psk(mut self, psk: Arc<ExternalPsk>) -> Self {
        self.psks.push(psk);
        self
    }

    /// Ends the config.
    ///
    /// # Errors
    /// [`Misuse::Config`] if there is nothing to judge servers by, or a value is out of range.
    pub fn build(mut self) -> Result<Arc<ClientConfig>, Error> {
        let psks = self.psks.iter().any(|psk| psk.fits_tls12());
        // Without a verifier no certificate is accepted, and so none asked for.
        let certificates = self.verifier.is_some() || self.psks.is_empty();
        self.common.keep_suites(psks, certificates);
        self.common.check()?;
        let by_psk: Option<Arc<dyn Verifier>> = match self.psks.is_empty() {
            true => None,
            false => Some(Arc::new(NoCertificates)),
        };
        let Some(verifier) = self.verifier.or(by_psk) else {
            return Err(Misuse::Config("a client needs roots, a verifier or a PSK").into());
        };
        if let Some(shares) = &self.key_shares {
            let known = |name: &NamedGroup| self.common.groups.iter().any(|g| g.name() == *name);
            if !shares.iter().all(known) {
                return Err(Misuse::Config("a key share must be of one of the groups").into());
            }
        }
        let mut config = ClientConfig {
            offered: Offered::new(&self.common),
            common: self.common,
            verifier,
            credentials: self.credentials,
            key_shares: self.key_shares,
            server_name: self.server_name,
            middlebox_compatibility: self.middlebox_compatibility,
            grease: self.grease,
            sessions: self.sessions,
            early_data: self.early_data,
            ticket_request: self.ticket_request,
            psks: self.psks,
        };
        config.common.keep_scope(ROLE, config.trust());
        if config.sessions.is_some() && config.scope().is_none() {
            return Err(NO_SCOPE.into());
        }
        Ok(Arc::new(config))
    }
}
