//! What a handshake came to.

use crate::codepoint::{CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::crypto::{CryptoProvider, HashOutput, HashSecret, Tls13Suite};
use crate::error::{Error, Misuse};
use crate::pki::{Certificate, PeerChain, SignatureHash, VerifiedChain};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use rustls_pki_types::CertificateDer;

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
    /// Whether a HelloRetryRequest took another round trip.
    pub hello_retry_request: bool,
    /// The client's random, which names the connection in key logs.
    pub client_random: [u8; 32],
    pub(crate) provider: CryptoProvider,
    pub(crate) own_certificate: Option<CertificateDer<'static>>,
    pub(crate) client: bool,
}

impl Summary {
    /// The `tls-server-end-point` channel binding: a hash of the server's certificate (RFC 5929 4).
    ///
    /// # Errors
    /// [`Misuse::NoChannelBinding`] if there is no server certificate, or the hash of its signature
    /// algorithm is not known or not defined (Ed25519).
    pub fn tls_server_end_point(&self) -> Result<HashOutput, Error> {
        let own = self.own_certificate.as_deref();
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

/// A ticket that the server gave, with the PSK that belongs to it (RFC 9846 4.7.1).
///
/// It is bound to the server's identity and to the config it was made under: keep it with both.
pub struct Session {
    pub(crate) suite: &'static Tls13Suite,
    pub(crate) lifetime: u32,
    pub(crate) age_add: u32,
    pub(crate) max_early_data: Option<u32>,
    pub(crate) ticket: Vec<u8>,
    pub(crate) psk: HashSecret,
}

impl Session {
    /// The suite whose hash the PSK is for.
    #[must_use]
    pub fn cipher_suite(&self) -> CipherSuite {
        self.suite.name
    }

    /// Seconds for which the server takes the ticket, at most seven days.
    #[must_use]
    pub fn lifetime(&self) -> u32 {
        self.lifetime
    }

    /// What is added to the ticket's age in milliseconds to hide it.
    #[must_use]
    pub fn age_add(&self) -> u32 {
        self.age_add
    }

    /// How many bytes of early data the server would take, if any.
    #[must_use]
    pub fn max_early_data(&self) -> Option<u32> {
        self.max_early_data
    }

    /// The ticket.
    #[must_use]
    pub fn ticket(&self) -> &[u8] {
        &self.ticket
    }

    /// The PSK: a secret.
    #[must_use]
    pub fn expose_psk(&self) -> &[u8] {
        self.psk.expose()
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("cipher_suite", &self.suite.name)
            .field("lifetime", &self.lifetime)
            .field("max_early_data", &self.max_early_data)
            .field("ticket_len", &self.ticket.len())
            .finish_non_exhaustive()
    }
}
