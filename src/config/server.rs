//! The server's config.

use super::{ChooseServerCredential, Common, Credential, ServerCredentials, common_setters};
use crate::error::{Error, Misuse};
use crate::pki::Verifier;
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
    /// They must show one that the verifier accepts.
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
}

impl ServerConfig {
    /// Begins a config with the default provider. A credential must be given; all else has a
    /// sensible default.
    pub fn builder() -> ServerConfigBuilder {
        ServerConfigBuilder {
            common: Common::new(),
            credentials: None,
            client_auth: ClientAuth::None,
            retry: RetryPolicy::default(),
            prefer_client_suites: false,
        }
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

    /// Ends the config.
    ///
    /// # Errors
    /// [`Misuse::Config`] if there is no credential, or a value is out of range.
    pub fn build(self) -> Result<Arc<ServerConfig>, Error> {
        self.common.check()?;
        let Some(credentials) = self.credentials else {
            return Err(Misuse::Config("a server needs a certificate and key").into());
        };
        Ok(Arc::new(ServerConfig {
            common: self.common,
            credentials,
            client_auth: self.client_auth,
            retry: self.retry,
            prefer_client_suites: self.prefer_client_suites,
        }))
    }
}
