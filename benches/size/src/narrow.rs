//! What the web's servers need of cryptography today and nothing more: X25519 and P-256, AES-GCM, and
//! signatures with ECDSA on P-256 and P-384 and with RSA.

use rustls_pki_types::SignatureVerificationAlgorithm;
use symbolon::codepoint::SignatureScheme;
use symbolon::crypto::{CryptoProvider, NO_KEYS, VerifyAlgorithms};
use symbolon::provider::RUSTCRYPTO;
use symbolon::provider::rustcrypto::verify::{
    ECDSA_P256_SHA256, ECDSA_P256_SHA384, ECDSA_P384_SHA256, ECDSA_P384_SHA384, RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_RSAE_SHA256, RSA_PSS_RSAE_SHA384,
    RSA_PSS_RSAE_SHA512,
};
use symbolon::provider::rustcrypto::{TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, kx};

/// A narrow provider.
pub const PROVIDER: CryptoProvider = CryptoProvider {
    tls13_suites: &[&TLS_AES_128_GCM_SHA256, &TLS_AES_256_GCM_SHA384],
    tls12_suites: &[],
    groups: GROUPS,
    verify: VerifyAlgorithms {
        all: ALL,
        schemes: SCHEMES,
        ..RUSTCRYPTO.verify
    },
    keys: NO_KEYS,
    ..RUSTCRYPTO
};

static GROUPS: &[&dyn symbolon::crypto::KeyExchangeGroup] = &[kx::X25519, kx::SECP256R1];

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

static ALL: &[Algorithm] = &[
    ECDSA_P256_SHA256,
    ECDSA_P256_SHA384,
    ECDSA_P384_SHA256,
    ECDSA_P384_SHA384,
    RSA_PKCS1_SHA256,
    RSA_PKCS1_SHA384,
    RSA_PKCS1_SHA512,
    RSA_PSS_RSAE_SHA256,
    RSA_PSS_RSAE_SHA384,
    RSA_PSS_RSAE_SHA512,
];

static SCHEMES: &[(SignatureScheme, &[Algorithm])] = &[
    (
        SignatureScheme::ECDSA_SECP256R1_SHA256,
        &[ECDSA_P256_SHA256],
    ),
    (
        SignatureScheme::ECDSA_SECP384R1_SHA384,
        &[ECDSA_P384_SHA384],
    ),
    (SignatureScheme::RSA_PSS_RSAE_SHA256, &[RSA_PSS_RSAE_SHA256]),
    (SignatureScheme::RSA_PSS_RSAE_SHA384, &[RSA_PSS_RSAE_SHA384]),
    (SignatureScheme::RSA_PSS_RSAE_SHA512, &[RSA_PSS_RSAE_SHA512]),
    (SignatureScheme::RSA_PKCS1_SHA256, &[RSA_PKCS1_SHA256]),
    (SignatureScheme::RSA_PKCS1_SHA384, &[RSA_PKCS1_SHA384]),
    (SignatureScheme::RSA_PKCS1_SHA512, &[RSA_PKCS1_SHA512]),
];
