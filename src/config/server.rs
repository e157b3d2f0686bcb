//! The server's config.

use super::{
    ChooseServerCredential, ClientHelloInfo, Common, Credential, NO_SCOPE, PskStore, Scope,
    ServerCredentials, ServerSessions, common_setters,
};
use crate::crypto::{CryptoProvider, Primitives};
use crate::error::{Error, Misuse};
use crate::pki::{Decision, Verifier};
use crate::provider::default_primitives;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// Whether clients show certificates.
#[derive(Clone, Debug, Default)]
pub enum ClientAuth {
    /// They aren't asked.
    #[default]
    None,
    /// They are asked, and may have none; one that they show must be accepted by the verifier.
    Optional(Arc<dyn Verifier>),
    /// They must show one that the verifier accepts. (Who has a key of `ServerConfigBuilder::psks`
    /// shows none: with a PSK nobody does.)
    Required(Arc<dyn Verifier>),
}

impl ClientAuth {
    pub(crate) fn verifier(&self) -> Option<&Arc<dyn Verifier>> {
        match self {
            Self::None => None,
            Self::Optional(verifier) | Self::Required(verifier) => Some(verifier),
        }
    }
}

/// When a server sends HelloRetryRequest, which costs a round trip (RFC 9846 4.2.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryPolicy {
    /// Only when no share that came is of a group that the server has.
    WhenNoShareFits,
    /// Also when the client has a post-quantum hybrid that the server prefers, but sent no share
    /// of it.
    #[default]
    ForHybrid,
    /// Whenever the client has a group that the server prefers to those of its shares.
    ForPreferred,
}

/// What a server is set up with. Made by [`ServerConfig::builder`].
#[derive(Clone, Debug)]
pub struct ServerConfig {
    pub(crate) common: Common,
    pub(crate) credentials: Arc<dyn ChooseServerCredential>,
    pub(crate) client_auth: ClientAuth,
    pub(crate) retry: RetryPolicy,
    pub(crate) prefer_client_suites: bool,
    pub(crate) sessions: Option<ServerSessions>,
    pub(crate) psks: Option<Arc<dyn PskStore>>,
}

impl ServerConfig {
    /// The terms under which sessions of this config are made: whether clients are asked for a
    /// certificate, and whom it trusts. None, and no sessions, if they can't be told.
    #[must_use]
    pub fn scope(&self) -> Option<Scope> {
        let (role, trust) = self.trust();
        self.common.scope(role, trust)
    }

    /// What a scope is made of. How clients are asked counts where the verifier doesn't say who it is, too.
    fn trust(&self) -> (&'static [u8], [Option<[u8; 32]>; 1]) {
        match &self.client_auth {
            ClientAuth::None => (b"server, none", [Some([0; 32])]),
            ClientAuth::Optional(verifier) => (b"server, optional", [verifier.identity()]),
            ClientAuth::Required(verifier) => (b"server, required", [verifier.identity()]),
        }
    }

    /// Begins a config with the default provider. A credential must be given; all else has a
    /// sensible default.
    pub fn builder() -> ServerConfigBuilder {
        Self::begin(default_primitives())
    }

    /// Begins a config with another provider than the default, which then isn't even linked: the way
    /// to small programs.
    pub fn builder_with(provider: CryptoProvider) -> ServerConfigBuilder {
        Self::begin(Primitives::of(provider))
    }

    fn begin(provider: Primitives) -> ServerConfigBuilder {
        ServerConfigBuilder {
            common: Common::new(provider),
            credentials: None,
            client_auth: ClientAuth::None,
            retry: RetryPolicy::default(),
            prefer_client_suites: false,
            sessions: None,
            psks: None,
        }
    }
}

/// The credentials of a server that is known by PSKs only.
#[derive(Debug)]
struct NoCredentials;

impl ChooseServerCredential for NoCredentials {
    fn choose(&self, _: &ClientHelloInfo) -> Decision<Option<Arc<Credential>>> {
        Decision::Now(None)
    }
}

/// Collects a [`ServerConfig`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ServerConfigBuilder {
    common: Common,
    credentials: Option<Arc<dyn ChooseServerCredential>>,
    client_auth: ClientAuth,
    retry: RetryPolicy,
    prefer_client_suites: bool,
    sessions: Option<ServerSessions>,
    psks: Option<Arc<dyn PskStore>>,
}

impl ServerConfigBuilder {
    common_setters!();

    /// One certificate and key for every client.
    pub fn credential(self, credential: impl Into<Arc<Credential>>) -> Self {
        self.credentials(Arc::new(ServerCredentials::new(Vec::from([
            credential.into()
        ]))))
    }

    /// Chooses certificate and key from each ClientHello.
    pub fn credentials(mut self, credentials: Arc<dyn ChooseServerCredential>) -> Self {
        self.credentials = Some(credentials);
        self
    }

    /// Whether clients show certificates. They aren't asked by default.
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.client_auth = client_auth;
        self
    }

    /// When a HelloRetryRequest is worth a round trip.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Whether the client's order of suites decides rather than the server's. False by default.
    pub fn prefer_client_suites(mut self, on: bool) -> Self {
        self.prefer_client_suites = on;
        self
    }

    /// How sessions are resumed: [`super::StatelessSessions`] or [`super::StatefulSessions`]. Without it every
    /// handshake is a full one.
    pub fn sessions(mut self, sessions: impl Into<ServerSessions>) -> Self {
        self.sessions = Some(sessions.into());
        self
    }

    /// Where pre-shared keys are found. Whoever has one is served without a certificate, also where
    /// [`ClientAuth::Required`] asks others for one. With them a credential isn't needed: then no client without
    /// a key is served.
    pub fn psks(mut self, psks: Arc<dyn PskStore>) -> Self {
        self.psks = Some(psks);
        self
    }

    /// Ends the config.
    ///
    /// # Errors
    /// [`Misuse::Config`] if there is no credential, or a value is out of range.
    pub fn build(mut self) -> Result<Arc<ServerConfig>, Error> {
        let certificates = self.credentials.is_some() || self.psks.is_none();
        self.common.keep_suites(self.psks.is_some(), certificates);
        self.common.check()?;
        if let Some(sessions) = &self.sessions {
            self.common.stack = self.common.stack.max(sessions.stack());
        }
        let by_psk: Option<Arc<dyn ChooseServerCredential>> = match &self.psks {
            None => None,
            Some(_) => Some(Arc::new(NoCredentials)),
        };
        let Some(credentials) = self.credentials.or(by_psk) else {
            return Err(Misuse::Config("a server needs a certificate and key, or PSKs").into());
        };
        let mut config = ServerConfig {
            common: self.common,
            credentials,
            client_auth: self.client_auth,
            retry: self.retry,
            prefer_client_suites: self.prefer_client_suites,
            sessions: self.sessions,
            psks: self.psks,
        };
        let (role, trust) = config.trust();
        config.common.keep_scope(role, trust);
        if config.sessions.is_some() && config.scope().is_none() {
            return Err(NO_SCOPE.into());
        }
        Ok(Arc::new(config))
    }
}
