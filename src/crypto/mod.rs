//! What the protocol asks of cryptography: traits and tables, no algorithm.
//!
//! A [`CryptoProvider`] is a value made of `'static` tables; [`crate::provider`] holds
//! implementations. Keys and running hashes are boxed trait objects: one allocation for each
//! traffic key, each transcript and each key exchange, none per message or record. (Inline
//! storage behind `&'static dyn` would need `unsafe` or a type parameter on every connection.)

pub mod aead;
pub mod hash;
pub mod kx;
pub mod random;
pub mod sign;
pub mod suite;

pub use aead::{Aead, AeadKey, Nonce};
pub use hash::{Hash, HashContext, HashOutput, HashSecret, HmacKey, MAX_HASH_LEN};
pub use kx::{KeyExchange, KeyExchangeGroup, MAX_SHARED_SECRET_LEN, SharedSecret};
pub use random::Random;
pub use sign::{KeyLoader, MAX_SIGNATURE_LEN, NO_KEYS, SigningKey, VerifyAlgorithms};
pub use suite::{SuiteAuth, Tls12Suite, Tls13Suite};

/// Bytes of stack in which secrets are looked for where an implementation doesn't say: see
/// [`KeyExchangeGroup::stack`].
pub const STACK: usize = 32 * 1024;

/// Everything the protocol needs of cryptography, in order of preference.
///
/// A plain value: make one from another with struct update syntax to narrow or extend it.
/// ```
/// # use symbolon::crypto::CryptoProvider;
/// fn only_first_group(base: CryptoProvider) -> CryptoProvider {
///     CryptoProvider { groups: &base.groups[..1], ..base }
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CryptoProvider {
    /// TLS 1.3 suites, best first.
    pub tls13_suites: &'static [&'static Tls13Suite],
    /// TLS 1.2 suites, best first.
    pub tls12_suites: &'static [&'static Tls12Suite],
    /// Key-exchange groups, best first.
    pub groups: &'static [&'static dyn KeyExchangeGroup],
    /// SHA-256, for fingerprints and channel bindings.
    pub sha256: &'static dyn Hash,
    /// SHA-384, likewise.
    pub sha384: &'static dyn Hash,
    /// SHA-512, likewise.
    pub sha512: &'static dyn Hash,
    /// How signatures are verified, in certificates and in the handshake.
    pub verify: VerifyAlgorithms,
    /// How private keys are loaded.
    pub keys: &'static dyn KeyLoader,
}

/// What connections use of a provider: not the loader of keys, so that signing isn't linked into a
/// program that loads none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Primitives {
    pub(crate) tls13_suites: &'static [&'static Tls13Suite],
    pub(crate) tls12_suites: &'static [&'static Tls12Suite],
    pub(crate) groups: &'static [&'static dyn KeyExchangeGroup],
    pub(crate) sha256: &'static dyn Hash,
    pub(crate) sha384: &'static dyn Hash,
    pub(crate) sha512: &'static dyn Hash,
    pub(crate) verify: VerifyAlgorithms,
}

impl Primitives {
    // Inlined, or else the provider as a whole is what is handed over.
    #[inline(always)]
    pub(crate) const fn of(provider: CryptoProvider) -> Self {
        Self {
            tls13_suites: provider.tls13_suites,
            tls12_suites: provider.tls12_suites,
            groups: provider.groups,
            sha256: provider.sha256,
            sha384: provider.sha384,
            sha512: provider.sha512,
            verify: provider.verify,
        }
    }
}
