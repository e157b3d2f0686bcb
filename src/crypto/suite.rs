//! The tables of suites.

use super::{Aead, Hash};
use crate::codepoint::{CipherSuite, SignatureScheme};

/// A TLS 1.3 cipher suite: an AEAD and a hash (RFC 9846 B.4).
#[derive(Debug)]
pub struct Tls13Suite {
    /// Its code point.
    pub name: CipherSuite,
    /// The hash of transcript and key schedule.
    pub hash: &'static dyn Hash,
    /// The AEAD of the record layer.
    pub aead: &'static dyn Aead,
    /// Whether it is used without being asked for by name (the CCM suites aren't).
    pub by_default: bool,
}

impl PartialEq for Tls13Suite {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Tls13Suite {}

/// How a TLS 1.2 server proves who it is: which keys its suite is for (RFC 8422 2, RFC 8442).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SuiteAuth {
    /// ECDSA and EdDSA.
    Ecdsa,
    /// RSA.
    Rsa,
    /// A pre-shared key, and no certificate on either side (RFC 8442). Used only where the config
    /// has such keys.
    Psk,
}

impl SuiteAuth {
    /// Whether a signature scheme is made with such keys.
    #[must_use]
    pub const fn fits(self, scheme: SignatureScheme) -> bool {
        let ecdsa = scheme.is_ecdsa()
            || matches!(scheme, SignatureScheme::ED25519 | SignatureScheme::ED448);
        match self {
            Self::Ecdsa => ecdsa,
            Self::Rsa => !ecdsa,
            Self::Psk => false,
        }
    }
}

/// A TLS 1.2 cipher suite: ephemeral Diffie-Hellman on curves, and an AEAD (RFC 5246 A.5, RFC 5289).
#[derive(Debug)]
pub struct Tls12Suite {
    /// Its code point.
    pub name: CipherSuite,
    /// Which keys the server signs with, if it does.
    pub auth: SuiteAuth,
    /// The hash of the PRF and of the transcript.
    pub hash: &'static dyn Hash,
    /// The AEAD of the record layer.
    pub aead: &'static dyn Aead,
    /// Whether 8 bytes of the nonce go along with each record (GCM and CCM: RFC 5288 3, RFC 6655 3), so
    /// that only 4 come from the key block; or all 12 are derived (ChaCha20-Poly1305: RFC 7905 2).
    pub explicit_nonce: bool,
    /// Whether it is used without being asked for by name (the CCM suites aren't).
    pub by_default: bool,
}

impl PartialEq for Tls12Suite {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Tls12Suite {}
