//! The tables of suites.

use super::{Aead, Hash};
use crate::codepoint::CipherSuite;

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
