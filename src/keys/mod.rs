//! Transcript and key schedules: pure functions of secrets and bytes, which know no connection.

pub mod tls12;
pub mod tls13;
mod transcript;

pub use transcript::Transcript;

use alloc::sync::Arc;
use alloc::vec::Vec;

/// Which keys protect a direction (RFC 9846 5, 7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Epoch {
    /// None yet.
    Plaintext,
    /// Those of client_early_traffic_secret.
    EarlyData,
    /// Those of the handshake traffic secrets.
    Handshake,
    /// Those of the application traffic secrets, of any generation.
    Application,
}

/// Bytes of the longest content that TLS 1.3 signs.
pub(crate) const INLINE_LEN: usize = 64 + 33 + 1 + crate::crypto::MAX_HASH_LEN;

/// The bytes that a signature of the handshake is made over. Not secret.
#[derive(Clone, Debug)]
pub enum SignatureInput {
    /// So many bytes of these.
    Inline([u8; INLINE_LEN], usize),
    /// TLS 1.2 signs as much as all messages so far; nothing copies them.
    Shared(Arc<Vec<u8>>),
}

impl SignatureInput {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Inline(bytes, len) => bytes.get(..*len).unwrap_or(&[]),
            Self::Shared(bytes) => bytes,
        }
    }
}
