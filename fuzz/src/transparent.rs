//! A provider that hides and proves nothing, so that a fuzzer gets behind the cryptography: records
//! are protected by a tag of zeros, every HMAC is zero, every signature valid, every key share of
//! the right length good unless it is all zeros.
//!
//! `tests/common/fake.rs` is another thing: it notices every change.

use crate::LEAF;
use rustls_pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, SignatureVerificationAlgorithm,
};
use std::sync::{Arc, LazyLock};
use symbolon::codepoint::{CipherSuite, NamedGroup, SignatureScheme};
use symbolon::config::{Credential, Key};
use symbolon::crypto::{
    Aead, AeadKey, CryptoProvider, Hash, HashContext, HashOutput, HashSecret, KeyExchange,
    KeyExchangeGroup, Nonce, Random, SharedSecret, SigningKey, SuiteAuth, Tls12Suite, Tls13Suite,
    VerifyAlgorithms,
};
use symbolon::error::CryptoError;
use symbolon::pki::Certificate;
use symbolon::provider::RUSTCRYPTO;

/// The provider.
pub const TRANSPARENT: CryptoProvider = CryptoProvider {
    tls13_suites: &[&AES128, &AES256],
    tls12_suites: &[&PSK12, &GCM12, &CHACHA12],
    groups: &[&X25519, &SECP256R1, &SECP384R1],
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

static AES128: Tls13Suite = Tls13Suite {
    name: CipherSuite::TLS_AES_128_GCM_SHA256,
    hash: &ZeroMac(RUSTCRYPTO.sha256),
    aead: &Open,
    by_default: true,
};

/// With another hash.
static AES256: Tls13Suite = Tls13Suite {
    name: CipherSuite::TLS_AES_256_GCM_SHA384,
    hash: &ZeroMac(RUSTCRYPTO.sha384),
    aead: &Open,
    by_default: true,
};

/// With an explicit nonce in each record.
static GCM12: Tls12Suite = Tls12Suite {
    name: CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    auth: SuiteAuth::Ecdsa,
    hash: &ZeroMac(RUSTCRYPTO.sha256),
    aead: &Open,
    explicit_nonce: true,
    by_default: true,
};

/// Without.
static CHACHA12: Tls12Suite = Tls12Suite {
    name: CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    auth: SuiteAuth::Ecdsa,
    hash: &ZeroMac(RUSTCRYPTO.sha256),
    aead: &Open,
    explicit_nonce: false,
    by_default: true,
};

/// With a pre-shared key, and no certificates.
static PSK12: Tls12Suite = Tls12Suite {
    name: CipherSuite::TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256,
    auth: SuiteAuth::Psk,
    hash: &ZeroMac(RUSTCRYPTO.sha256),
    aead: &Open,
    explicit_nonce: true,
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

/// The hash itself is real.
#[derive(Debug)]
struct ZeroMac(&'static dyn Hash);

impl Hash for ZeroMac {
    fn output_len(&self) -> usize {
        self.0.output_len()
    }

    fn start(&self) -> Box<dyn HashContext> {
        self.0.start()
    }

    fn hash(&self, parts: &[&[u8]]) -> HashOutput {
        self.0.hash(parts)
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

/// Shares are of the group's length, and say nothing.
#[derive(Clone, Copy, Debug)]
struct Shares(NamedGroup, usize);

static X25519: Shares = Shares(NamedGroup::X25519, 32);
static SECP256R1: Shares = Shares(NamedGroup::SECP256R1, 65);
static SECP384R1: Shares = Shares(NamedGroup::SECP384R1, 97);

impl Shares {
    fn take(self, share: &[u8]) -> Result<SharedSecret, CryptoError> {
        let good = share.len() == self.1 && share.iter().any(|byte| *byte != 0);
        let secret = good.then(|| SharedSecret::zeroed(32));
        secret.ok_or(CryptoError::InvalidKeyShare)
    }
}

impl KeyExchangeGroup for Shares {
    fn name(&self) -> NamedGroup {
        self.0
    }

    fn client_share_len(&self) -> usize {
        self.1
    }

    fn server_share_len(&self) -> usize {
        self.1
    }

    fn start(&self, _: &mut Random) -> Result<Box<dyn KeyExchange>, CryptoError> {
        Ok(Box::new(*self))
    }

    fn respond(
        &self,
        _: &mut Random,
        client_share: &[u8],
        server_share: &mut [u8],
    ) -> Result<SharedSecret, CryptoError> {
        let secret = self.take(client_share)?;
        self.write_share(server_share)?;
        Ok(secret)
    }
}

impl KeyExchange for Shares {
    fn group(&self) -> NamedGroup {
        self.0
    }

    fn write_share(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        if out.len() != self.1 {
            return Err(CryptoError::BufferSize);
        }
        out.fill(4);
        Ok(())
    }

    fn finish(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, CryptoError> {
        self.take(server_share)
    }
}

/// Verifies.
#[derive(Debug)]
pub struct Anything;

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

/// The leaf's key, without its private half.
#[derive(Debug)]
struct Signs(Vec<u8>);

impl SigningKey for Signs {
    fn schemes(&self) -> &[SignatureScheme] {
        &[SignatureScheme::ECDSA_SECP256R1_SHA256]
    }

    fn sign(
        &self,
        _: SignatureScheme,
        _: &[u8],
        _: &mut Random,
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        let front = out.first_chunk_mut::<64>();
        *front.ok_or(CryptoError::BufferSize)? = [9; 64];
        Ok(64)
    }

    fn public_key_info(&self) -> &[u8] {
        &self.0
    }
}

/// The leaf, signing what nobody could verify.
pub fn credential() -> Arc<Credential> {
    static CREDENTIAL: LazyLock<Arc<Credential>> = LazyLock::new(|| {
        let leaf = Certificate::parse(LEAF).expect("it is good");
        let key = Signs(leaf.subject_public_key_info().to_vec());
        let chain = vec![CertificateDer::from(LEAF)];
        Arc::new(Credential::with_key(chain, Key::Local(Arc::new(key))).expect("it is its key"))
    });
    Arc::clone(&CREDENTIAL)
}
