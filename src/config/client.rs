//! The client's config.

use super::{ChooseClientCredential, Common, Credential, common_setters};
use crate::codepoint::NamedGroup;
use crate::error::{Error, Misuse};
use crate::pki::{PathVerifier, RootStore, Verifier};
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
}

impl ClientConfig {
    /// Begins a config with the default provider. Roots or a verifier must be given; all else
    /// has a sensible default.
    pub fn builder() -> ClientConfigBuilder {
        ClientConfigBuilder {
            common: Common::new(),
            verifier: None,
            credentials: None,
            key_shares: None,
            server_name: true,
            middlebox_compatibility: true,
            grease: false,
        }
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

    /// Ends the config.
    ///
    /// # Errors
    /// [`Misuse::Config`] if there is nothing to judge servers by, or a value is out of range.
    pub fn build(self) -> Result<Arc<ClientConfig>, Error> {
        self.common.check()?;
        let Some(verifier) = self.verifier else {
            return Err(Misuse::Config("a client needs roots or a verifier").into());
        };
        if let Some(shares) = &self.key_shares {
            let known = |name: &NamedGroup| self.common.groups.iter().any(|g| g.name() == *name);
            if !shares.iter().all(known) {
                return Err(Misuse::Config("a key share must be of one of the groups").into());
            }
        }
        Ok(Arc::new(ClientConfig {
            common: self.common,
            verifier,
            credentials: self.credentials,
            key_shares: self.key_shares,
            server_name: self.server_name,
            middlebox_compatibility: self.middlebox_compatibility,
            grease: self.grease,
        }))
    }
}
