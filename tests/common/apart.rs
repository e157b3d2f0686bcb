//! A provider that tells when it is at work, so that what happens within is counted apart.

use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, PrivateKeyDer, SignatureVerificationAlgorithm,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use symbolon::codepoint::{NamedGroup, SignatureScheme};
use symbolon::crypto::{
    Aead, AeadKey, CryptoProvider, Hash, HashContext, HashOutput, HashSecret, KeyExchange,
    KeyExchangeGroup, KeyLoader, Random, SharedSecret, SigningKey, Tls13Suite, VerifyAlgorithms,
};
use symbolon::error::CryptoError;
use symbolon::provider::default_provider;

/// How many calls of the provider are under way.
static WITHIN: AtomicUsize = AtomicUsize::new(0);

/// Whether the provider is at work.
pub fn is_apart() -> bool {
    WITHIN.load(Relaxed) > 0
}

/// Does work as if it were the provider's.
pub fn apart<T>(work: impl FnOnce() -> T) -> T {
    WITHIN.fetch_add(1, Relaxed);
    let result = work();
    WITHIN.fetch_sub(1, Relaxed);
    result
}

/// A part of the default provider.
#[derive(Debug)]
struct Apart<T: ?Sized>(T);

fn leak<T>(part: T) -> &'static Apart<T> {
    Box::leak(Box::new(Apart(part)))
}

/// The default provider, wrapped.
pub fn provider_apart() -> CryptoProvider {
    let base = default_provider();
    let suites = base.tls13_suites.iter().map(|suite| {
        let suite: &Tls13Suite = Box::leak(Box::new(Tls13Suite {
            hash: leak(suite.hash),
            aead: leak(suite.aead),
            ..**suite
        }));
        suite
    });
    let groups = base.groups.iter().map(|group| {
        let group: &dyn KeyExchangeGroup = leak(*group);
        group
    });
    let schemes = base.verify.schemes.iter().map(|(scheme, algorithms)| {
        let algorithms: Vec<_> = algorithms
            .iter()
            .map(|algorithm| algorithm_apart(*algorithm))
            .collect();
        (*scheme, &*algorithms.leak())
    });
    let all = base
        .verify
        .all
        .iter()
        .map(|algorithm| algorithm_apart(*algorithm));
    CryptoProvider {
        tls13_suites: Vec::leak(suites.collect()),
        groups: Vec::leak(groups.collect()),
        sha256: leak(base.sha256),
        verify: VerifyAlgorithms {
            all: Vec::leak(all.collect()),
            schemes: Vec::leak(schemes.collect()),
            sha256: leak(base.verify.sha256),
            ..base.verify
        },
        keys: leak(base.keys),
        ..base
    }
}

type Algorithm = &'static dyn SignatureVerificationAlgorithm;

fn algorithm_apart(algorithm: Algorithm) -> Algorithm {
    leak(algorithm)
}

impl Hash for Apart<&'static dyn Hash> {
    fn output_len(&self) -> usize {
        self.0.output_len()
    }

    fn start(&self) -> Box<dyn HashContext> {
        apart(|| self.0.start())
    }

    fn hash(&self, parts: &[&[u8]]) -> HashOutput {
        apart(|| self.0.hash(parts))
    }

    fn hmac(&self, key: &[u8], parts: &[&[u8]]) -> HashSecret {
        apart(|| self.0.hmac(key, parts))
    }

    fn hkdf_extract(&self, salt: &[u8], ikm: &[u8]) -> HashSecret {
        apart(|| self.0.hkdf_extract(salt, ikm))
    }

    fn hkdf_expand(&self, prk: &[u8], info: &[&[u8]], okm: &mut [u8]) -> Result<(), CryptoError> {
        apart(|| self.0.hkdf_expand(prk, info, okm))
    }
}

impl Aead for Apart<&'static dyn Aead> {
    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn tag_len(&self) -> usize {
        self.0.tag_len()
    }

    fn stack(&self) -> usize {
        self.0.stack()
    }

    fn confidentiality_limit(&self) -> u64 {
        self.0.confidentiality_limit()
    }

    fn integrity_limit(&self) -> u64 {
        self.0.integrity_limit()
    }

    fn key(&self, key: &[u8]) -> Result<Box<dyn AeadKey>, CryptoError> {
        apart(|| self.0.key(key))
    }
}

impl KeyExchangeGroup for Apart<&'static dyn KeyExchangeGroup> {
    fn name(&self) -> NamedGroup {
        self.0.name()
    }

    fn client_share_len(&self) -> usize {
        self.0.client_share_len()
    }

    fn server_share_len(&self) -> usize {
        self.0.server_share_len()
    }

    fn stack(&self) -> usize {
        self.0.stack()
    }

    fn is_encapsulation(&self) -> bool {
        self.0.is_encapsulation()
    }

    fn start(&self, random: &mut Random) -> Result<Box<dyn KeyExchange>, CryptoError> {
        apart(|| {
            let exchange: Box<dyn KeyExchange> = Box::new(Apart(self.0.start(random)?));
            Ok(exchange)
        })
    }

    fn respond(
        &self,
        random: &mut Random,
        client_share: &[u8],
        server_share: &mut [u8],
    ) -> Result<SharedSecret, CryptoError> {
        apart(|| self.0.respond(random, client_share, server_share))
    }
}

impl KeyExchange for Apart<Box<dyn KeyExchange>> {
    fn group(&self) -> NamedGroup {
        self.0.group()
    }

    fn stack(&self) -> usize {
        self.0.stack()
    }

    fn write_share(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        apart(|| self.0.write_share(out))
    }

    fn finish(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, CryptoError> {
        apart(|| self.0.finish(server_share))
    }
}

impl KeyLoader for Apart<&'static dyn KeyLoader> {
    fn load(&self, key: &PrivateKeyDer<'_>) -> Result<Arc<dyn SigningKey>, CryptoError> {
        apart(|| {
            let key: Arc<dyn SigningKey> = Arc::new(Apart(self.0.load(key)?));
            Ok(key)
        })
    }
}

impl SigningKey for Apart<Arc<dyn SigningKey>> {
    fn schemes(&self) -> &[SignatureScheme] {
        self.0.schemes()
    }

    fn sign(
        &self,
        scheme: SignatureScheme,
        message: &[u8],
        random: &mut Random,
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        apart(|| self.0.sign(scheme, message, random, out))
    }

    fn public_key_info(&self) -> &[u8] {
        self.0.public_key_info()
    }
}

impl SignatureVerificationAlgorithm for Apart<Algorithm> {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        apart(|| self.0.verify_signature(public_key, message, signature))
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }
}
