//! The portable provider: RustCrypto and dalek crates, pure Rust, `no_std`.
//!
//! Randomness comes from the [`Random`](crate::crypto::Random) given to each call, never from
//! the operating system.
//!
//! Keys and secrets that outlive a call are wiped when they are dropped. What the crates compute
//! with inside a call is theirs: they wipe most of it, but scalars and hash states that pass over
//! the stack may leave copies there, and loading an RSA key leaves parts of it in freed memory.

pub mod aead;
pub mod hash;
pub mod keys;
pub mod kx;
pub mod verify;

mod sign;

use super::suites::suites;
use crate::codepoint::CipherSuite;
use crate::crypto::{CryptoProvider, SuiteAuth, Tls12Suite, Tls13Suite};

/// The provider of this module with all that it has.
pub const RUSTCRYPTO: CryptoProvider = CryptoProvider {
    sha256: hash::SHA256,
    sha384: hash::SHA384,
    sha512: hash::SHA512,
    tls13_suites: TLS13_SUITES,
    tls12_suites: TLS12_SUITES,
    groups: kx::GROUPS,
    verify: verify::ALGORITHMS,
    keys: keys::LOADER,
};

suites!();
