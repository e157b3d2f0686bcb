//! The fast provider: of several implementations the fastest, algorithm by algorithm, with no C.
//!
//! It comes with the feature `fast` (on by default; it implies `std`), exists on x86-64 and AArch64,
//! and is what a config uses unless told otherwise.
//!
//! # How the choice is made
//! When a config is built, [`provider`] asks the CPU ([`is_supported`], that is
//! `graviola::util::is_cpu_supported()`: AVX2, AES, PCLMULQDQ, BMI and ADX on x86-64; AES, PMULL and SHA-2 on AArch64).
//! Where something is missing, everything is [`RUSTCRYPTO`], as it is without the feature. Otherwise:
//!
//! | algorithm | implementation |
//! | --- | --- |
//! | AES-GCM, ChaCha20-Poly1305 | `symbolon-aead`, our own kernels, where the CPU has their instructions (asked for each key); `graviola` elsewhere |
//! | X25519, P-256, P-384, ML-KEM-768 and the hybrids made of them | `graviola` |
//! | ECDSA P-256 signing; ECDSA P-256 and P-384 verifying; RSA | `graviola` |
//! | Ed25519 signing | `graviola` |
//! | Ed25519 verifying | dalek, which refuses keys of small order; `graviola` doesn't |
//! | SHA-2, HMAC, HKDF; ECDSA P-384 signing | RustCrypto: as fast or faster |
//! | AES-CCM, P-521, ML-KEM-1024, keys for RSA-PSS alone | RustCrypto: `graviola` lacks them |
//!
//! # What it was chosen from
//! Microseconds on an Intel CPU of 2023 (a virtual machine with two cores); least of 50 rounds, in which
//! the libraries took turns. AEADs are measured apart: see `symbolon-aead`.
//! ```text
//! cargo run --release --manifest-path benches/peers/Cargo.toml -- primitives
//! ```
//!
//! | | RustCrypto | graviola | libcrux |
//! | --- | --- | --- | --- |
//! | X25519: a key share and agreeing | 69 | 34 | |
//! | P-256: a key share and agreeing | 266 | 76 | |
//! | P-384: a key share and agreeing | 1054 | 481 | |
//! | ML-KEM-768: a key | 110, X25519 included | 15 | 30 |
//! | ML-KEM-768: encapsulation | 189, X25519 included | 17 | 29 |
//! | ML-KEM-768: a key and decapsulation | 266, X25519 included | 26 | 53 |
//! | ECDSA P-256: signing / verifying | 68 / 233 | 24 / 95 | |
//! | ECDSA P-384: signing / verifying | 200 / 874 | 186 / 483 | |
//! | Ed25519: signing / verifying | 25 / 58 | 13 / 64 | |
//! | RSA-2048 PSS: signing / verifying | 2020 / 82 | 770 / 33 | |
//! | SHA-256: 200 bytes / 16 KiB | 0.23 / 11.3 | 0.21 / 11.3 | |
//! | SHA-384: 200 bytes / 16 KiB | 0.63 / 46 | 0.65 / 38 | |
//! | HMAC with SHA-256 / SHA-384 | 0.29 / 1.38 | 0.27 / 1.40 | |
//!
//! (The machine was busy with other things: differences of a tenth mean nothing. In a quieter run RustCrypto was ahead in
//! ECDSA P-384 signing, 162 to 182, and in SHA-384 of 16 KiB, 32 to 36.)
//!
//! ML-KEM-768 is `graviola`'s, not `libcrux-ml-kem`'s, because it is faster yet, wipes its keys, and
//! brings no crate that isn't there anyway; the other would bring seven, and `libc` with its `std` feature
//! even to `no_std` builds, which is why [`RUSTCRYPTO`] keeps `ml-kem`.
//!
//! # What to know before using it
//! - `graviola` calls itself very new. Its public-key arithmetic is assembly taken from s2n-bignum, which is
//!   formally verified; the rest isn't. `symbolon-aead` is newer. Both pass the tests of the
//!   portable provider, Project Wycheproof's among them, and are compared with it.
//! - ECDSA and RSA signatures and ML-KEM keys draw their randomness from the operating system
//!   (through `getrandom`), not from the connection's seed: the same seed doesn't give the same bytes.
//!   Keys of X25519, P-256 and P-384 do come from the seed.
//! - RSA signing isn't blinded: `graviola` relies on arithmetic whose time and memory accesses don't depend on the key, and
//!   checks each signature before it gives it out. RSA keys that stay with RustCrypto are blinded, always.
//!
//! # Making another choice
//! For one config, give it a provider: `builder().provider(RUSTCRYPTO)`, or any value made of the tables of
//! both by struct update:
//! ```
//! use symbolon::config::ClientConfig;
//! use symbolon::crypto::CryptoProvider;
//! use symbolon::provider::{RUSTCRYPTO, fast};
//! # use symbolon::pki::RootStore;
//! # fn roots() -> RootStore { webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect() }
//!
//! // Fast records, portable public-key cryptography that follows the seed.
//! let provider = CryptoProvider {
//!     tls13_suites: fast::provider().tls13_suites,
//!     tls12_suites: fast::provider().tls12_suites,
//!     ..RUSTCRYPTO
//! };
//! let config = ClientConfig::builder().provider(provider).roots(roots()).build();
//! assert!(config.is_ok());
//! ```
//! For a whole program, leave the feature out: `default-features = false, features = ["std", "tls12"]`.
//!
//! Tools such as valgrind hide extensions from a program; under them [`is_supported`] tells which
//! provider it is.

mod aead;
mod keys;
pub(super) mod kx;
#[expect(
    unreachable_pub,
    reason = "a macro declares them, for a public module too"
)]
mod verify;

use super::RUSTCRYPTO;
use super::rustcrypto::hash;
use super::suites::suites;
use crate::codepoint::CipherSuite;
use crate::crypto::{CryptoProvider, SuiteAuth, Tls12Suite, Tls13Suite};

/// Whether this CPU can run what this module adds to [`RUSTCRYPTO`].
#[must_use]
pub fn is_supported() -> bool {
    graviola::util::is_cpu_supported()
}

/// The provider of this module where the CPU can run it, [`RUSTCRYPTO`] otherwise.
#[must_use]
pub fn provider() -> CryptoProvider {
    if is_supported() { FAST } else { RUSTCRYPTO }
}

/// Not public: a CPU without what [`is_supported`] asks about can't run it.
const FAST: CryptoProvider = CryptoProvider {
    tls13_suites: TLS13_SUITES,
    tls12_suites: TLS12_SUITES,
    groups: kx::GROUPS,
    verify: verify::ALGORITHMS,
    keys: keys::LOADER,
    ..RUSTCRYPTO
};

suites!();
