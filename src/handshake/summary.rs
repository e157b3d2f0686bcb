//! What a handshake came to.

use crate::codepoint::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::config::Credential;
use crate::crypto::{HashOutput, Primitives};
use crate::error::{Error, Misuse};
use crate::pki::{Certificate, PeerChain, SignatureHash, VerifiedChain};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use rustls_pki_types::UnixTime;

/// What was negotiated. It leaves the connection with `HandshakeDone`; keep what you need of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// The protocol version.
    pub version: ProtocolVersion,
    /// The cipher suite.
    pub cipher_suite: CipherSuite,
    /// The group of the key exchange.
    pub group: Option<NamedGroup>,
    /// The application protocol (RFC 7301).
    pub alpn: Option<Vec<u8>>,
    /// The scheme of the peer's signature, if it made one.
    pub peer_signature_scheme: Option<SignatureScheme>,
    /// The scheme of our own signature, if we made one.
    pub signature_scheme: Option<SignatureScheme>,
    /// The peer's certificates as they came, leaf first.
    pub peer_chain: Option<Arc<PeerChain>>,
    /// Why they are trusted.
    pub verified: Option<VerifiedChain>,
    /// The host name that the client asked for, as it stood on the wire.
    pub server_name: Option<Vec<u8>>,
    /// How the peers knew each other.
    pub authentication: Authentication,
    /// What became of early data.
    pub early_data: EarlyDataOutcome,
    /// Whether a HelloRetryRequest took another round trip.
    pub hello_retry_request: bool,
    /// The client's random, which names the connection in key logs.
    pub client_random: [u8; 32],
    pub(crate) provider: Primitives,
    /// What this end showed, as a server.
    pub(crate) own: Option<Arc<Credential>>,
    pub(crate) client: bool,
}

/// How the peers knew each other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Authentication {
    /// By certificates, in this handshake.
    Certificates,
    /// By a session; the chain and verdict in the summary are those of its first handshake.
    Session {
        /// When the peer was authenticated.
        authenticated: UnixTime,
    },
    /// By a pre-shared key of this identity.
    Psk {
        /// As it went over the wire.
        identity: Vec<u8>,
    },
}

/// What became of early data (RFC 9846 4.3.10).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EarlyDataOutcome {
    /// None was offered.
    NotOffered,
    /// The server took it.
    Accepted,
    /// The server didn't take it.
    Rejected {
        /// Why, as far as this end can know.
        reason: EarlyDataRefusal,
        /// Clients: exactly the bytes to send again. Empty at a server.
        unsent: Vec<u8>,
    },
}

/// Why early data wasn't taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EarlyDataRefusal {
    /// A HelloRetryRequest was needed.
    Retry,
    /// The first PSK offered wasn't chosen, or none was.
    OtherPsk,
    /// Clients: the server resumed the session and still didn't want it.
    Declined,
    /// Servers: early data isn't enabled, or the ticket doesn't allow any.
    Disabled,
    /// Servers: another cipher suite was chosen than the session's.
    Suite,
    /// Servers: another application protocol was chosen than the session's.
    Alpn,
    /// Servers: the ticket's age, as the client tells it, is too far off.
    Stale,
    /// Servers: it was seen before.
    Replayed,
    /// Servers: it couldn't be told whether it was seen before.
    Unknown,
}

impl Summary {
    /// Whether a session was resumed.
    #[must_use]
    pub const fn resumed(&self) -> bool {
        matches!(self.authentication, Authentication::Session { .. })
    }

    /// The `tls-server-end-point` channel binding: a hash of the server's certificate (RFC 5929 4).
    ///
    /// # Errors
    /// [`Misuse::NoChannelBinding`] if there is no server certificate, or the hash of its signature
    /// algorithm is not known or not defined (Ed25519).
    pub fn tls_server_end_point(&self) -> Result<HashOutput, Error> {
        let own = self.own.as_ref().and_then(|own| own.chain().first());
        let own = own.map(|der| &**der);
        let theirs = self
            .peer_chain
            .as_ref()
            .and_then(|chain| chain.end_entity());
        let der = if self.client { theirs } else { own };
        let der = der.ok_or(Misuse::NoChannelBinding)?;
        let leaf = Certificate::parse(der).map_err(|_| Misuse::NoChannelBinding)?;
        // RFC 5929 4.1: the hash of the certificate's own signature; SHA-256 for MD5 and SHA-1.
        let hash = match leaf.signature_hash().ok_or(Misuse::NoChannelBinding)? {
            SignatureHash::Sha256 => self.provider.sha256,
            SignatureHash::Sha384 => self.provider.sha384,
            SignatureHash::Sha512 => self.provider.sha512,
        };
        Ok(hash.hash(&[der]))
    }
}

impl fmt::Display for Summary {
    /// `TLS 1.3 · suite · group`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} · {}", self.version, self.cipher_suite)?;
        match self.group {
            Some(group) => write!(f, " · {group}"),
            None => Ok(()),
        }
    }
}
