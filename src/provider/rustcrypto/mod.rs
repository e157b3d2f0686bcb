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

use crate::codepoint::CipherSuite;
use crate::crypto::{CryptoProvider, SuiteAuth, Tls12Suite, Tls13Suite};
use crate::error::CryptoError;

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

/// The TLS 1.3 suites, best first (RFC 9846 B.4).
pub static TLS13_SUITES: &[&Tls13Suite] = &[
    &TLS_AES_128_GCM_SHA256,
    &TLS_AES_256_GCM_SHA384,
    &TLS_CHACHA20_POLY1305_SHA256,
    &TLS_AES_128_CCM_SHA256,
    &TLS_AES_128_CCM_8_SHA256,
];

/// `TLS_AES_128_GCM_SHA256`, which every implementation has (RFC 9846 9.1).
pub static TLS_AES_128_GCM_SHA256: Tls13Suite = Tls13Suite {
    name: CipherSuite::TLS_AES_128_GCM_SHA256,
    hash: hash::SHA256,
    aead: aead::AES_128_GCM,
    by_default: true,
};

/// `TLS_AES_256_GCM_SHA384`.
pub static TLS_AES_256_GCM_SHA384: Tls13Suite = Tls13Suite {
    name: CipherSuite::TLS_AES_256_GCM_SHA384,
    hash: hash::SHA384,
    aead: aead::AES_256_GCM,
    by_default: true,
};

/// `TLS_CHACHA20_POLY1305_SHA256`.
pub static TLS_CHACHA20_POLY1305_SHA256: Tls13Suite = Tls13Suite {
    name: CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    hash: hash::SHA256,
    aead: aead::CHACHA20_POLY1305,
    by_default: true,
};

/// `TLS_AES_128_CCM_SHA256`, for small devices; not used unless asked for.
pub static TLS_AES_128_CCM_SHA256: Tls13Suite = Tls13Suite {
    name: CipherSuite::TLS_AES_128_CCM_SHA256,
    hash: hash::SHA256,
    aead: aead::AES_128_CCM,
    by_default: false,
};

/// `TLS_AES_128_CCM_8_SHA256`: its tag of 8 bytes is short; not used unless asked for.
pub static TLS_AES_128_CCM_8_SHA256: Tls13Suite = Tls13Suite {
    name: CipherSuite::TLS_AES_128_CCM_8_SHA256,
    hash: hash::SHA256,
    aead: aead::AES_128_CCM_8,
    by_default: false,
};

/// The TLS 1.2 suites, best first (RFC 5289, RFC 7905, RFC 7251, RFC 8442). Those with a pre-shared
/// key go before the others, where there is one.
pub static TLS12_SUITES: &[&Tls12Suite] = &[
    &ECDHE_PSK_AES_128_GCM,
    &ECDHE_PSK_AES_256_GCM,
    &ECDHE_PSK_CHACHA20_POLY1305,
    &ECDHE_ECDSA_AES_128_GCM,
    &ECDHE_RSA_AES_128_GCM,
    &ECDHE_ECDSA_AES_256_GCM,
    &ECDHE_RSA_AES_256_GCM,
    &ECDHE_ECDSA_CHACHA20_POLY1305,
    &ECDHE_RSA_CHACHA20_POLY1305,
    &ECDHE_ECDSA_AES_128_CCM,
    &ECDHE_ECDSA_AES_128_CCM_8,
    &ECDHE_PSK_AES_128_CCM,
    &ECDHE_PSK_AES_128_CCM_8,
];

macro_rules! tls12_suites {
    ($($(#[$doc:meta])* $id:ident = $name:ident, $auth:ident, $hash:expr, $aead:expr, $explicit:literal, $default:literal;)*) => {
        $($(#[$doc])* #[doc = concat!("`", stringify!($name), "`")]
        pub static $id: Tls12Suite = Tls12Suite {
            name: CipherSuite::$name,
            auth: SuiteAuth::$auth,
            hash: $hash,
            aead: $aead,
            explicit_nonce: $explicit,
            by_default: $default,
        };)*
    };
}

tls12_suites! {
    ECDHE_ECDSA_AES_128_GCM = TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, Ecdsa, hash::SHA256, aead::AES_128_GCM, true, true;
    ECDHE_RSA_AES_128_GCM = TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, Rsa, hash::SHA256, aead::AES_128_GCM, true, true;
    ECDHE_ECDSA_AES_256_GCM = TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, Ecdsa, hash::SHA384, aead::AES_256_GCM, true, true;
    ECDHE_RSA_AES_256_GCM = TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, Rsa, hash::SHA384, aead::AES_256_GCM, true, true;
    ECDHE_ECDSA_CHACHA20_POLY1305 = TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, Ecdsa, hash::SHA256, aead::CHACHA20_POLY1305, false, true;
    ECDHE_RSA_CHACHA20_POLY1305 = TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, Rsa, hash::SHA256, aead::CHACHA20_POLY1305, false, true;
    ECDHE_ECDSA_AES_128_CCM = TLS_ECDHE_ECDSA_WITH_AES_128_CCM, Ecdsa, hash::SHA256, aead::AES_128_CCM, true, false;
    ECDHE_ECDSA_AES_128_CCM_8 = TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8, Ecdsa, hash::SHA256, aead::AES_128_CCM_8, true, false;
    ECDHE_PSK_AES_128_GCM = TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256, Psk, hash::SHA256, aead::AES_128_GCM, true, true;
    ECDHE_PSK_AES_256_GCM = TLS_ECDHE_PSK_WITH_AES_256_GCM_SHA384, Psk, hash::SHA384, aead::AES_256_GCM, true, true;
    ECDHE_PSK_CHACHA20_POLY1305 = TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256, Psk, hash::SHA256, aead::CHACHA20_POLY1305, false, true;
    ECDHE_PSK_AES_128_CCM = TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256, Psk, hash::SHA256, aead::AES_128_CCM, true, false;
    ECDHE_PSK_AES_128_CCM_8 = TLS_ECDHE_PSK_WITH_AES_128_CCM_8_SHA256, Psk, hash::SHA256, aead::AES_128_CCM_8, true, false;
}

/// Copies `from` to `to`, which must have the same length.
fn copy_exact(to: &mut [u8], from: &[u8]) -> Result<(), CryptoError> {
    if to.len() != from.len() {
        return Err(CryptoError::BufferSize);
    }
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    Ok(())
}

/// Copies `from` to the front of `to` and returns its length.
fn copy_front(to: &mut [u8], from: &[u8]) -> Result<usize, CryptoError> {
    let front = to.get_mut(..from.len()).ok_or(CryptoError::BufferSize)?;
    copy_exact(front, from)?;
    Ok(from.len())
}

#[cfg(test)]
mod vectors;
