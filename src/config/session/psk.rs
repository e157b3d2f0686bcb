//! Keys that both ends have had from elsewhere (RFC 9846 2.2, RFC 9257, RFC 9258).

use crate::error::{Error, Misuse};
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
    ///
    /// # Errors
    /// [`Misuse::Config`] for a key of less than 16 bytes (RFC 9257 6: 128 bits at least) or more than
    /// 65,535, or an identity of less than 1 byte or more than 4096.
    pub fn new(identity: &[u8], key: SecretBytes, hash: PskHash) -> Result<Self, Error> {
        if !(16..=0xffff).contains(&key.len()) {
            return Err(Misuse::Config("a pre-shared key has 16 to 65535 bytes").into());
        }
        if !(1..=4096).contains(&identity.len()) {
            return Err(Misuse::Config("the identity of a key has 1 to 4096 bytes").into());
        }
        Ok(Self {
            identity: identity.to_vec(),
            key,
            hash,
            imported: false,
        })
    }

    /// The identity, as it goes over the wire.
    #[must_use]
    pub fn identity(&self) -> &[u8] {
        &self.identity
    }

    /// Whether it can be used in TLS 1.2.
    pub(crate) fn fits_tls12(&self) -> bool {
        // RFC 9258 5.1: an imported key is for one protocol, which isn't TLS 1.2.
        !self.imported
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
