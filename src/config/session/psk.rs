//! Keys that both ends have had from elsewhere (RFC 9846 2.2, RFC 9257, RFC 9258).

use crate::pki::Decision;
use crate::secret::SecretBytes;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

/// The hash that a PSK is for: used with suites of this hash only (RFC 9846 4.3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PskHash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
}

impl PskHash {
    /// Bytes of its output.
    #[must_use]
    pub const fn output_len(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha384 => 48,
        }
    }
}

/// A pre-shared key with the identity it goes by.
///
/// The key needs as much entropy as a hash has bits: a password isn't one (RFC 9257 4.2). Use a key
/// with one peer and in one role: with a key of which both ends are client and server, a ClientHello
/// can be reflected to its sender ("Selfie", RFC 9257 4.1).
#[derive(Debug, PartialEq, Eq)]
pub struct ExternalPsk {
    pub(crate) identity: Vec<u8>,
    pub(crate) key: SecretBytes,
    pub(crate) hash: PskHash,
    /// Made by the importer (RFC 9258).
    pub(crate) imported: bool,
}

impl ExternalPsk {
    /// A key as it is. The hash should be [`PskHash::Sha256`] unless both ends agreed on another one
    /// (RFC 9846 4.3.11).
    #[must_use]
    pub fn new(identity: &[u8], key: SecretBytes, hash: PskHash) -> Self {
        Self {
            identity: identity.to_vec(),
            key,
            hash,
            imported: false,
        }
    }

    /// The identity, as it goes over the wire.
    #[must_use]
    pub fn identity(&self) -> &[u8] {
        &self.identity
    }

    /// Whether it can be used in TLS 1.2, whose messages hold so much of an identity and key.
    pub(crate) fn fits_tls12(&self) -> bool {
        // RFC 9258 5.1: an imported key is for one protocol, which isn't TLS 1.2.
        let fits = |len: usize| (1..=0xffff).contains(&len);
        !self.imported && fits(self.identity.len()) && fits(self.key.len())
    }

    /// The hash it is for.
    #[must_use]
    pub fn hash(&self) -> PskHash {
        self.hash
    }
}

/// A PSK that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PskQuery {
    /// The identity that the client sent: anybody's bytes.
    pub identity: Vec<u8>,
}

/// Where a server finds PSKs.
pub trait PskStore: Send + Sync + fmt::Debug {
    /// The key of this identity. [`Decision::Later`] asks the application through
    /// [`crate::handshake::Request::Psk`].
    fn find(&self, query: &PskQuery) -> Decision<Option<Arc<ExternalPsk>>>;
}
