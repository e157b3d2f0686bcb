//! rustls on cryptography that hides and proves nothing either, and on randomness that is always the
//! same: what it says depends on its input alone.

use crate::transparent::Anything;
use crate::{LEAF, ROOT, name};
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape, MessageDecrypter,
    MessageEncrypter, OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload,
    Tls12AeadAlgorithm, Tls13AeadAlgorithm, UnsupportedOperationError,
};
use rustls::crypto::hash::{self, HashAlgorithm};
use rustls::crypto::tls12::PrfUsingHmac;
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, SharedSecret,
    SupportedKxGroup, WebPkiSupportedAlgorithms, hmac,
};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey};
use rustls::{
    CipherSuite, CipherSuiteCommon, ClientConfig, ClientConnection, ConnectionTrafficSecrets,
    Error, NamedGroup, PeerMisbehaved, RootCertStore, ServerConfig, ServerConnection,
    SignatureAlgorithm, SignatureScheme, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite,
};
use std::sync::{Arc, LazyLock};

/// As [`crate::transparent::TRANSPARENT`].
fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: vec![
            SupportedCipherSuite::Tls13(&AES128),
            SupportedCipherSuite::Tls13(&AES256),
            SupportedCipherSuite::Tls12(&GCM12),
            SupportedCipherSuite::Tls12(&CHACHA12),
        ],
        kx_groups: vec![
            &Shares(NamedGroup::X25519, 32),
            &Shares(NamedGroup::secp256r1, 65),
        ],
        signature_verification_algorithms: WebPkiSupportedAlgorithms {
            all: &[&Anything],
            mapping: &[
                (SignatureScheme::ECDSA_NISTP256_SHA256, &[&Anything]),
                (SignatureScheme::RSA_PSS_SHA256, &[&Anything]),
                (SignatureScheme::ED25519, &[&Anything]),
            ],
        },
        secure_random: &Always,
        key_provider: &Always,
    }
}

const fn common(suite: CipherSuite, hash_provider: &'static Zero) -> CipherSuiteCommon {
    CipherSuiteCommon {
        suite,
        hash_provider,
        confidentiality_limit: u64::MAX,
    }
}

static AES128: Tls13CipherSuite = Tls13CipherSuite {
    common: common(CipherSuite::TLS13_AES_128_GCM_SHA256, &SHA256),
    hkdf_provider: &HkdfUsingHmac(&SHA256),
    aead_alg: &Plain,
    quic: None,
};
static AES256: Tls13CipherSuite = Tls13CipherSuite {
    common: common(CipherSuite::TLS13_AES_256_GCM_SHA384, &SHA384),
    hkdf_provider: &HkdfUsingHmac(&SHA384),
    aead_alg: &Plain,
    quic: None,
};
static GCM12: Tls12CipherSuite = Tls12CipherSuite {
    common: common(
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        &SHA256,
    ),
    prf_provider: &PrfUsingHmac(&SHA256),
    kx: rustls::crypto::KeyExchangeAlgorithm::ECDHE,
    sign: &[SignatureScheme::ECDSA_NISTP256_SHA256],
    aead_alg: &Plain,
};
static CHACHA12: Tls12CipherSuite = Tls12CipherSuite {
    common: common(
        CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        &SHA256,
    ),
    prf_provider: &PrfUsingHmac(&SHA256),
    kx: rustls::crypto::KeyExchangeAlgorithm::ECDHE,
    sign: &[SignatureScheme::ECDSA_NISTP256_SHA256],
    aead_alg: &Plain,
};

/// A hash and its HMAC, all zeros.
#[derive(Clone, Copy)]
struct Zero(HashAlgorithm, usize);

static SHA256: Zero = Zero(HashAlgorithm::SHA256, 32);
static SHA384: Zero = Zero(HashAlgorithm::SHA384, 48);
const ZEROS: [u8; 64] = [0; 64];

impl hash::Hash for Zero {
    fn start(&self) -> Box<dyn hash::Context> {
        Box::new(*self)
    }

    fn hash(&self, _: &[u8]) -> hash::Output {
        hash::Output::new(&ZEROS[..self.1])
    }

    fn output_len(&self) -> usize {
        self.1
    }

    fn algorithm(&self) -> HashAlgorithm {
        self.0
    }
}

impl hash::Context for Zero {
    fn fork_finish(&self) -> hash::Output {
        hash::Hash::hash(self, &[])
    }

    fn fork(&self) -> Box<dyn hash::Context> {
        Box::new(*self)
    }

    fn finish(self: Box<Self>) -> hash::Output {
        self.fork_finish()
    }

    fn update(&mut self, _: &[u8]) {}
}

impl hmac::Hmac for Zero {
    fn with_key(&self, _: &[u8]) -> Box<dyn hmac::Key> {
        Box::new(*self)
    }

    fn hash_output_len(&self) -> usize {
        self.1
    }
}

impl hmac::Key for Zero {
    fn sign_concat(&self, _: &[u8], _: &[&[u8]], _: &[u8]) -> hmac::Tag {
        hmac::Tag::new(&ZEROS[..self.1])
    }

    fn tag_len(&self) -> usize {
        self.1
    }
}

/// Records as they are.
struct Plain;

impl Tls13AeadAlgorithm for Plain {
    fn encrypter(&self, _: AeadKey, _: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(Self)
    }

    fn decrypter(&self, _: AeadKey, _: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Self)
    }

    fn key_len(&self) -> usize {
        16
    }

    fn extract_keys(
        &self,
        _: AeadKey,
        _: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

impl Tls12AeadAlgorithm for Plain {
    fn encrypter(&self, _: AeadKey, _: &[u8], _: &[u8]) -> Box<dyn MessageEncrypter> {
        Box::new(Self)
    }

    fn decrypter(&self, _: AeadKey, _: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Self)
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        KeyBlockShape {
            enc_key_len: 16,
            fixed_iv_len: 4,
            explicit_nonce_len: 8,
        }
    }

    fn extract_keys(
        &self,
        _: AeadKey,
        _: &[u8],
        _: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

impl MessageEncrypter for Plain {
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        _: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let mut payload = PrefixedPayload::with_capacity(message.payload.len());
        payload.extend_from_chunks(&message.payload);
        Ok(OutboundOpaqueMessage::new(
            message.typ,
            message.version,
            payload,
        ))
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        payload_len
    }
}

impl MessageDecrypter for Plain {
    fn decrypt<'a>(
        &mut self,
        _: InboundOpaqueMessage<'a>,
        _: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        Err(Error::DecryptError)
    }
}

/// The same random bytes, which are the session ID of our client: a server's answer to one of both is then
/// good for the other. No key from a file.
#[derive(Debug)]
struct Always;

impl SecureRandom for Always {
    fn fill(&self, buf: &mut [u8]) -> Result<(), GetRandomFailed> {
        let id = crate::differential::session_id().iter().cycle();
        buf.iter_mut().zip(id).for_each(|(to, from)| *to = *from);
        Ok(())
    }
}

impl KeyProvider for Always {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("there are no keys".into()))
    }
}

/// Shares are of the group's length, and say nothing.
#[derive(Clone, Copy, Debug)]
struct Shares(NamedGroup, usize);

const SHARE: [u8; 65] = [4; 65];

impl SupportedKxGroup for Shares {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        Ok(Box::new(*self))
    }

    fn name(&self) -> NamedGroup {
        self.0
    }
}

impl ActiveKeyExchange for Shares {
    fn complete(self: Box<Self>, share: &[u8]) -> Result<SharedSecret, Error> {
        if share.len() != self.1 || share.iter().all(|byte| *byte == 0) {
            return Err(PeerMisbehaved::InvalidKeyShare.into());
        }
        Ok(SharedSecret::from(&ZEROS[..32]))
    }

    fn pub_key(&self) -> &[u8] {
        &SHARE[..self.1]
    }

    fn group(&self) -> NamedGroup {
        self.0
    }
}

#[derive(Debug)]
struct Signs;

impl SigningKey for Signs {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let fits = offered.contains(&SignatureScheme::ECDSA_NISTP256_SHA256);
        fits.then(|| Box::new(Self) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for Signs {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(vec![9; 64])
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP256_SHA256
    }
}

/// A server of both versions, with nothing to resume.
pub fn server() -> ServerConnection {
    static CONFIG: LazyLock<Arc<ServerConfig>> = LazyLock::new(|| {
        let key = CertifiedKey::new(vec![CertificateDer::from(LEAF)], Arc::new(Signs));
        let resolver: Arc<dyn ResolvesServerCert> = Arc::new(SingleCertAndKey::from(key));
        let mut config = ServerConfig::builder_with_provider(provider().into())
            .with_safe_default_protocol_versions()
            .expect("both versions have suites")
            .with_no_client_auth()
            .with_cert_resolver(resolver);
        config.alpn_protocols = vec![b"h2".to_vec()];
        config.send_tls13_tickets = 0;
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        Arc::new(config)
    });
    ServerConnection::new(Arc::clone(&CONFIG)).expect("its config is good")
}

/// A client of both versions, with nothing to resume.
pub fn client() -> ClientConnection {
    static CONFIG: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from(ROOT))
            .expect("the root is good");
        let mut config = ClientConfig::builder_with_provider(provider().into())
            .with_safe_default_protocol_versions()
            .expect("both versions have suites")
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        Arc::new(config)
    });
    ClientConnection::new(Arc::clone(&CONFIG), name()).expect("its config is good")
}
