//! The fast provider: the fastest of several implementations, algorithm by algorithm.
//!
//! TODO
//!
pub mod verify;

mod aead;
mod keys;
pub(super) mod kx;

use super::RUSTCRYPTO;
use super::rustcrypto::hash;
use super::suites::suites;
use crate::codepoint::CipherSuite;
use crate::crypto::{CryptoProvider, SuiteAuth, Tls12Suite, Tls13Suite};

/// Whether this CPU can run the provider of this module.
#[must_use]
pub fn is_supported() -> bool {
    graviola::util::is_cpu_supported()
}

/// The provider of this module where the CPU can run it, [`RUSTCRYPTO`] otherwise.
#[must_use]
pub fn provider() -> CryptoProvider {
    if is_supported() { FAST } else { RUSTCRYPTO }
}

/// Not public: on a CPU without what [`is_supported`] asks about it would panic.
const FAST: CryptoProvider = CryptoProvider {
    tls13_suites: TLS13_SUITES,
    tls12_suites: TLS12_SUITES,
    groups: kx::GROUPS,
    verify: verify::ALGORITHMS,
    keys: keys::LOADER,
    ..RUSTCRYPTO
};

suites!();
