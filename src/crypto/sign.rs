//! Signing and verifying (RFC 9846 4.3.3, 4.5.2).

use super::STACK;
use super::hash::Hash;
use super::random::Random;
use crate::codepoint::SignatureScheme;
use crate::error::CryptoError;
use alloc::sync::Arc;
use core::fmt;
use rustls_pki_types::{PrivateKeyDer, SignatureVerificationAlgorithm};

/// The longest signature: RSA-8192's.
pub const MAX_SIGNATURE_LEN: usize = 1024;

/// A private key that signs.
pub trait SigningKey: Send + Sync + fmt::Debug {
    /// The schemes it can sign with, best first. RSA PKCS#1 v1.5 schemes may stand here for
    /// TLS 1.2; the TLS 1.3 handshake leaves them out by itself.
    fn schemes(&self) -> &[SignatureScheme];

    /// Signs `message` (not its hash); writes the signature to the front of `out` and returns
    /// its length. `out` of [`MAX_SIGNATURE_LEN`] bytes is always enough.
    ///
    /// # Errors
    /// [`CryptoError::UnsupportedScheme`], [`CryptoError::SigningFailed`],
    /// [`CryptoError::BufferSize`].
    fn sign(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        random: &mut Random,
        out: &mut [u8],
    ) -> Result<usize, CryptoError>;

    /// Bytes of stack below a caller in which signing leaves secrets, as
    /// [`KeyExchangeGroup::stack`](super::KeyExchangeGroup::stack).
    fn stack(&self) -> usize {
        STACK
    }

    /// The public half as the DER of a SubjectPublicKeyInfo, to check it against a certificate.
    fn public_key_info(&self) -> &[u8];
}

/// Loads private keys.
pub trait KeyLoader: Send + Sync + fmt::Debug {
    /// Loads a PKCS#8, SEC1 or PKCS#1 key.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKey`] if it is malformed or of a kind that the provider lacks.
    fn load(&self, key: &PrivateKeyDer<'_>) -> Result<Arc<dyn SigningKey>, CryptoError>;
}

/// A loader that refuses every key, for a provider of clients that have none: nothing of signing is
/// linked with it.
pub static NO_KEYS: &dyn KeyLoader = &NoKeys;

#[derive(Debug)]
struct NoKeys;

impl KeyLoader for NoKeys {
    fn load(&self, _: &PrivateKeyDer<'_>) -> Result<Arc<dyn SigningKey>, CryptoError> {
        Err(CryptoError::InvalidKey)
    }
}

/// How signatures are verified.
///
/// The algorithms are those of `rustls-pki-types`, so that any of that vocabulary plugs in.
#[derive(Clone, Copy, Debug)]
pub struct VerifyAlgorithms {
    /// For certificates: matched by the algorithm identifiers of key and signature.
    pub all: &'static [&'static dyn SignatureVerificationAlgorithm],
    /// For handshake signatures: what a scheme means, best scheme first. More than one algorithm where
    /// TLS 1.2 leaves the curve open; the first is TLS 1.3's.
    pub schemes: &'static [(
        SignatureScheme,
        &'static [&'static dyn SignatureVerificationAlgorithm],
    )],
    /// SHA-256, by which certificates, keys and logs are told apart.
    pub sha256: &'static dyn Hash,
    /// SHA-1 of the concatenation of its parts: the names that OCSP gives to issuers and keys
    /// (RFC 6960 4.1.1), and nothing that anybody signs.
    pub sha1: fn(&[&[u8]]) -> [u8; 20],
}

impl VerifyAlgorithms {
    /// The schemes, best first.
    pub fn supported(&self) -> impl Iterator<Item = SignatureScheme> + '_ {
        self.schemes.iter().map(|(scheme, _)| *scheme)
    }
}
