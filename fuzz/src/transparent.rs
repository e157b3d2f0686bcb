//! A provider that hides and proves nothing, so that a fuzzer gets behind the cryptography: records
//! are protected by a tag of zeros, every HMAC is zero, every signature valid.

use rustls_pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm};
use symbolon::codepoint::{CipherSuite, SignatureScheme};
use symbolon::crypto::{
    Aead, AeadKey, CryptoProvider, Hash, HashContext, HashOutput, HashSecret, Nonce, SuiteAuth,
    Tls12Suite, Tls13Suite, VerifyAlgorithms,
};
use symbolon::error::CryptoError;
use symbolon::provider::RUSTCRYPTO;

/// The provider.
pub const TRANSPARENT: CryptoProvider = CryptoProvider {
    tls13_suites: &[&SUITE],
    tls12_suites: &[&GCM12, &CHACHA12],
    verify: VerifyAlgorithms {
        all: &[&Anything],
        schemes: &[
            (SignatureScheme::ECDSA_SECP256R1_SHA256, &[&Anything]),
            (SignatureScheme::RSA_PSS_RSAE_SHA256, &[&Anything]),
            (SignatureScheme::ED25519, &[&Anything]),
        ],
        ..RUSTCRYPTO.verify
    },
    ..RUSTCRYPTO
};

static SUITE: Tls13Suite = Tls13Suite {
    name: CipherSuite::TLS_AES_128_GCM_SHA256,
    hash: &ZeroMac,
    aead: &Open,
    by_default: true,
};

/// With an explicit nonce in each record.
static GCM12: Tls12Suite = Tls12Suite {
    name: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    auth: SuiteAuth::Ecdsa,
    hash: &ZeroMac,
    aead: &Open,
    explicit_nonce: true,
    by_default: true,
};

/// Without.
static CHACHA12: Tls12Suite = Tls12Suite {
    name: CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    auth: SuiteAuth::Ecdsa,
    hash: &ZeroMac,
    aead: &Open,
    explicit_nonce: false,
    by_default: true,
};

const TAG: usize = 16;

#[derive(Debug)]
struct Open;

impl Aead for Open {
    fn key_len(&self) -> usize {
        16
    }

    fn tag_len(&self) -> usize {
        TAG
    }

    fn confidentiality_limit(&self) -> u64 {
        64
    }

    fn integrity_limit(&self) -> u64 {
        64
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, CryptoError> {
        assert_eq!(key.len(), 16);
        Ok(Box::new(Self))
    }
}

impl AeadKey for Open {
    fn seal_in_place(&self, _: &Nonce, _: &[u8], buf: &mut [u8]) -> Result<(), CryptoError> {
        let tag = buf.last_chunk_mut::<TAG>();
        *tag.ok_or(CryptoError::BufferSize)? = [0; TAG];
        Ok(())
    }

    fn open_in_place(&self, _: &Nonce, _: &[u8], buf: &mut [u8]) -> Result<usize, CryptoError> {
        // The tag isn't looked at: a fuzzer changes lengths more easily than zeros.
        buf.len().checked_sub(TAG).ok_or(CryptoError::DecryptFailed)
    }
}

#[derive(Debug)]
struct ZeroMac;

impl Hash for ZeroMac {
    fn output_len(&self) -> usize {
        RUSTCRYPTO.sha256.output_len()
    }

    fn start(&self) -> Box<dyn HashContext> {
        RUSTCRYPTO.sha256.start()
    }

    fn hash(&self, parts: &[&[u8]]) -> HashOutput {
        RUSTCRYPTO.sha256.hash(parts)
    }

    fn hmac(&self, _: &[u8], _: &[&[u8]]) -> HashSecret {
        HashSecret::zeroed(self.output_len())
    }

    fn hkdf_extract(&self, _: &[u8], _: &[u8]) -> HashSecret {
        HashSecret::zeroed(self.output_len())
    }

    fn hkdf_expand(&self, _: &[u8], _: &[&[u8]], okm: &mut [u8]) -> Result<(), CryptoError> {
        okm.fill(0);
        Ok(())
    }
}

#[derive(Debug)]
struct Anything;

impl SignatureVerificationAlgorithm for Anything {
    fn verify_signature(&self, _: &[u8], _: &[u8], _: &[u8]) -> Result<(), InvalidSignature> {
        Ok(())
    }

    // Those of the leaf's key, and of the signature that it bears.
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        rustls_pki_types::alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        rustls_pki_types::alg_id::ECDSA_SHA256
    }
}
