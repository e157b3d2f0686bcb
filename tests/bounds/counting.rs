//! A provider that counts what it is asked for, on the thread that asks.

use rustls_pki_types::{
    AlgorithmIdentifier, InvalidSignature, PrivateKeyDer, SignatureVerificationAlgorithm,
};
use std::cell::Cell;
use std::sync::{Arc, OnceLock};
use symbolon::codepoint::{NamedGroup, SignatureScheme};
use symbolon::crypto::*;
use symbolon::error::CryptoError;
use symbolon::provider::RUSTCRYPTO;

/// What was asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Keys made for an exchange, or exchanges answered.
    pub exchanges: usize,
    /// Exchanges ended with the other side's share.
    pub finished: usize,
    pub signatures: usize,
    pub verifications: usize,
    /// Bytes hashed in transcripts and by themselves.
    pub hashed: usize,
}

thread_local! {
    static WORK: Cell<Work> = const { Cell::new(Work { exchanges: 0, finished: 0, signatures: 0, verifications: 0, hashed: 0 }) };
}

fn count(add: impl FnOnce(&mut Work)) {
    let mut work = WORK.get();
    add(&mut work);
    WORK.set(work);
}

/// What was asked for since the last call.
pub fn work() -> Work {
    WORK.take()
}

#[derive(Debug)]
struct Group(&'static dyn KeyExchangeGroup);

struct Exchange(Box<dyn KeyExchange>);

impl KeyExchangeGroup for Group {
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
        count(|work| work.exchanges += 1);
        Ok(Box::new(Exchange(self.0.start(random)?)))
    }
    fn respond(
        &self,
        random: &mut Random,
        theirs: &[u8],
        ours: &mut [u8],
    ) -> Result<SharedSecret, CryptoError> {
        count(|work| work.exchanges += 1);
        self.0.respond(random, theirs, ours)
    }
}

impl KeyExchange for Exchange {
    fn group(&self) -> NamedGroup {
        self.0.group()
    }
    fn stack(&self) -> usize {
        self.0.stack()
    }

    fn write_share(&self, out: &mut [u8]) -> Result<(), CryptoError> {
        self.0.write_share(out)
    }
    fn finish(self: Box<Self>, share: &[u8]) -> Result<SharedSecret, CryptoError> {
        count(|work| work.finished += 1);
        self.0.finish(share)
    }
    fn component(&self) -> Option<(NamedGroup, core::ops::Range<usize>)> {
        self.0.component()
    }
    fn finish_component(self: Box<Self>, share: &[u8]) -> Result<SharedSecret, CryptoError> {
        count(|work| work.finished += 1);
        self.0.finish_component(share)
    }
}

#[derive(Debug)]
struct Hashes(&'static dyn Hash);

struct Running(Box<dyn HashContext>);

impl HashContext for Running {
    fn update(&mut self, bytes: &[u8]) {
        count(|work| work.hashed += bytes.len());
        self.0.update(bytes);
    }
    fn current(&self) -> HashOutput {
        self.0.current()
    }
}

fn total(parts: &[&[u8]]) -> usize {
    parts.iter().map(|part| part.len()).sum()
}

impl Hash for Hashes {
    fn output_len(&self) -> usize {
        self.0.output_len()
    }
    fn start(&self) -> Box<dyn HashContext> {
        Box::new(Running(self.0.start()))
    }
    fn hash(&self, parts: &[&[u8]]) -> HashOutput {
        count(|work| work.hashed += total(parts));
        self.0.hash(parts)
    }
    fn hmac(&self, key: &[u8], parts: &[&[u8]]) -> HashSecret {
        count(|work| work.hashed += total(parts));
        self.0.hmac(key, parts)
    }
    fn hkdf_extract(&self, salt: &[u8], ikm: &[u8]) -> HashSecret {
        self.0.hkdf_extract(salt, ikm)
    }
    fn hkdf_expand(&self, prk: &[u8], info: &[&[u8]], okm: &mut [u8]) -> Result<(), CryptoError> {
        self.0.hkdf_expand(prk, info, okm)
    }
}

#[derive(Debug)]
struct Verifies(&'static dyn SignatureVerificationAlgorithm);

impl SignatureVerificationAlgorithm for Verifies {
    fn verify_signature(
        &self,
        key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        count(|work| work.verifications += 1);
        self.0.verify_signature(key, message, signature)
    }
    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.0.public_key_alg_id()
    }
    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.0.signature_alg_id()
    }
}

#[derive(Debug)]
struct Loader;

#[derive(Debug)]
struct Key(Arc<dyn SigningKey>);

impl KeyLoader for Loader {
    fn load(&self, key: &PrivateKeyDer<'_>) -> Result<Arc<dyn SigningKey>, CryptoError> {
        Ok(Arc::new(Key(RUSTCRYPTO.keys.load(key)?)))
    }
}

impl SigningKey for Key {
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
        count(|work| work.signatures += 1);
        self.0.sign(scheme, message, random, out)
    }
    fn public_key_info(&self) -> &[u8] {
        self.0.public_key_info()
    }
}

fn leak<T>(values: impl IntoIterator<Item = T>) -> &'static [T] {
    Vec::leak(values.into_iter().collect())
}

fn hash(hash: &'static dyn Hash) -> &'static dyn Hash {
    Box::leak(Box::new(Hashes(hash)))
}

fn verifies(
    algorithms: &'static [&'static dyn SignatureVerificationAlgorithm],
) -> &'static [&'static dyn SignatureVerificationAlgorithm] {
    leak(
        algorithms
            .iter()
            .map(|algorithm| -> &'static dyn SignatureVerificationAlgorithm {
                Box::leak(Box::new(Verifies(*algorithm)))
            }),
    )
}

/// RustCrypto's, counted.
pub fn provider() -> CryptoProvider {
    static MADE: OnceLock<CryptoProvider> = OnceLock::new();
    *MADE.get_or_init(|| CryptoProvider {
        tls13_suites: leak(
            RUSTCRYPTO
                .tls13_suites
                .iter()
                .map(|suite| -> &'static Tls13Suite {
                    Box::leak(Box::new(Tls13Suite {
                        hash: hash(suite.hash),
                        ..**suite
                    }))
                }),
        ),
        tls12_suites: leak(
            RUSTCRYPTO
                .tls12_suites
                .iter()
                .map(|suite| -> &'static Tls12Suite {
                    Box::leak(Box::new(Tls12Suite {
                        hash: hash(suite.hash),
                        ..**suite
                    }))
                }),
        ),
        groups: leak(
            RUSTCRYPTO
                .groups
                .iter()
                .map(|group| -> &'static dyn KeyExchangeGroup {
                    Box::leak(Box::new(Group(*group)))
                }),
        ),
        verify: VerifyAlgorithms {
            all: verifies(RUSTCRYPTO.verify.all),
            schemes: leak(
                RUSTCRYPTO
                    .verify
                    .schemes
                    .iter()
                    .map(|(scheme, algorithms)| (*scheme, verifies(algorithms))),
            ),
            ..RUSTCRYPTO.verify
        },
        keys: &Loader,
        ..RUSTCRYPTO
    })
}
