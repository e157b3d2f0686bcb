//! Certificates for tests: a small CA that makes roots, intermediates and leaves of any kind.
//!
//! ```ignore
//! let pki = TestPki::new();
//! let (chain, key) = pki.leaf(&["example.com", "127.0.0.1"], KeyKind::EcdsaP256);
//! let verifier = PathVerifier::new(pki.roots());
//! ```
//! Everything is deterministic, and valid from 2020 to 2040; [`NOW`] lies in between.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyUsagePurpose, PublicKeyData, SerialNumber, SignatureAlgorithm,
    date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use sha2::{Digest, Sha256, Sha384};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use symbolon::codepoint::SignatureScheme;
use symbolon::crypto::{MAX_SIGNATURE_LEN, Random, SigningKey};
use symbolon::pki::{PeerChain, RootStore};
use symbolon::provider::RUSTCRYPTO;

/// 2026-01-01T00:00:00Z.
pub const NOW: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1_767_225_600));

/// What kind of key a certificate has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyKind {
    EcdsaP256,
    EcdsaP384,
    Ed25519,
    /// Always the same key: making one takes long.
    Rsa2048,
}

impl KeyKind {
    pub const ALL: [Self; 4] = [
        Self::EcdsaP256,
        Self::EcdsaP384,
        Self::Ed25519,
        Self::Rsa2048,
    ];
}

/// A private key, with what `rcgen` wants to know of it.
#[derive(Debug)]
pub struct TestKey {
    pub kind: KeyKind,
    der: PrivatePkcs8KeyDer<'static>,
    signer: Arc<dyn SigningKey>,
    public: Vec<u8>,
}

impl TestKey {
    /// The key number `seed` of this kind.
    pub fn new(kind: KeyKind, seed: u64) -> Self {
        let pkcs8 = pkcs8(kind, seed);
        let der = PrivatePkcs8KeyDer::from(pkcs8);
        let signer = RUSTCRYPTO
            .keys
            .load(&PrivateKeyDer::Pkcs8(der.clone_key()))
            .expect("the key loads");
        let spki = signer.public_key_info();
        // The key is the BIT STRING at the end; its length is known by kind.
        let length = match kind {
            KeyKind::EcdsaP256 => 65,
            KeyKind::EcdsaP384 => 97,
            KeyKind::Ed25519 => 32,
            KeyKind::Rsa2048 => 270,
        };
        let public = spki[spki.len() - length..].to_vec();
        Self {
            kind,
            der,
            signer,
            public,
        }
    }

    /// Another key at each call.
    pub fn fresh(kind: KeyKind) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1 << 32);
        Self::new(kind, NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// The private key.
    pub fn private(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.der.clone_key())
    }

    /// An identifier for the extensions that have one.
    fn id(&self) -> Vec<u8> {
        self.public.iter().copied().rev().take(20).collect()
    }
}

/// PKCS#8 around a private key made from `seed`.
fn pkcs8(kind: KeyKind, seed: u64) -> Vec<u8> {
    let (prefix, mut key): (&[u8], Vec<u8>) = match kind {
        KeyKind::Rsa2048 => return include_bytes!("../data/rsa-2048.pk8.der").to_vec(),
        KeyKind::EcdsaP256 => (
            b"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
              \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x27\x30\x25\x02\x01\x01\x04\x20",
            Sha256::digest(seed.to_be_bytes()).to_vec(),
        ),
        KeyKind::EcdsaP384 => (
            b"\x30\x4e\x02\x01\x00\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
              \x06\x05\x2b\x81\x04\x00\x22\x04\x37\x30\x35\x02\x01\x01\x04\x30",
            Sha384::digest(seed.to_be_bytes()).to_vec(),
        ),
        KeyKind::Ed25519 => (
            b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20",
            Sha256::digest(seed.to_be_bytes()).to_vec(),
        ),
    };
    // Below the order of the curve.
    key[0] &= 0x7f;
    [prefix, &key].concat()
}

impl PublicKeyData for TestKey {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match self.kind {
            KeyKind::EcdsaP256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyKind::EcdsaP384 => &rcgen::PKCS_ECDSA_P384_SHA384,
            KeyKind::Ed25519 => &rcgen::PKCS_ED25519,
            KeyKind::Rsa2048 => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl rcgen::SigningKey for TestKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let scheme = match self.kind {
            KeyKind::EcdsaP256 => SignatureScheme::ECDSA_SECP256R1_SHA256,
            KeyKind::EcdsaP384 => SignatureScheme::ECDSA_SECP384R1_SHA384,
            KeyKind::Ed25519 => SignatureScheme::ED25519,
            KeyKind::Rsa2048 => SignatureScheme::RSA_PKCS1_SHA256,
        };
        let mut out = vec![0; MAX_SIGNATURE_LEN];
        let length = self
            .signer
            .sign(scheme, message, &mut Random::new([7; 32]), &mut out)
            .map_err(|_| rcgen::Error::RemoteKeyError)?;
        out.truncate(length);
        Ok(out)
    }
}

/// Parameters with a common name, a serial number and the years 2020 to 2040.
pub fn params(common_name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = distinguished_name(common_name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params.serial_number = Some(SerialNumber::from(vec![1]));
    params
}

/// `CN=common_name,O=symbolon test`.
pub fn distinguished_name(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::OrganizationName, "symbolon test");
    name.push(DnType::CommonName, common_name);
    name
}

/// Parameters of a CA.
pub fn ca_params(common_name: &str) -> CertificateParams {
    let mut params = params(common_name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    params
}

/// Parameters of a server with these names and addresses.
pub fn server_params(names: &[&str]) -> CertificateParams {
    let mut params = params("server");
    let names: Vec<String> = names.iter().map(|name| (*name).into()).collect();
    params.subject_alt_names = CertificateParams::new(names)
        .expect("the names are names")
        .subject_alt_names;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

/// Parameters of a client.
pub fn client_params(common_name: &str) -> CertificateParams {
    let mut params = params(common_name);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

/// A certification authority: a name and a key, and a certificate of it.
#[derive(Debug)]
pub struct Ca {
    pub params: CertificateParams,
    pub key: TestKey,
    pub certificate: CertificateDer<'static>,
}

impl Ca {
    /// A self-signed one.
    pub fn root(common_name: &str, kind: KeyKind) -> Self {
        Self::root_with(ca_params(common_name), kind)
    }

    /// A self-signed one with these parameters.
    pub fn root_with(mut params: CertificateParams, kind: KeyKind) -> Self {
        let key = TestKey::fresh(kind);
        params.key_identifier_method = KeyIdMethod::PreSpecified(key.id());
        let certificate = params.self_signed(&key).expect("signs").der().clone();
        Self {
            params,
            key,
            certificate,
        }
    }

    /// One below this one.
    pub fn intermediate(&self, common_name: &str, kind: KeyKind) -> Self {
        self.intermediate_with(ca_params(common_name), kind)
    }

    /// One below this one with these parameters.
    pub fn intermediate_with(&self, mut params: CertificateParams, kind: KeyKind) -> Self {
        let key = TestKey::fresh(kind);
        params.key_identifier_method = KeyIdMethod::PreSpecified(key.id());
        let certificate = self.issue(&params, &key);
        Self {
            params,
            key,
            certificate,
        }
    }

    /// Another certificate for `other`'s name and key, issued by this one.
    pub fn cross_sign(&self, other: &Self) -> CertificateDer<'static> {
        self.issue(&other.params, &other.key)
    }

    /// Issues whatever is asked for.
    pub fn issue(
        &self,
        params: &CertificateParams,
        key: &impl PublicKeyData,
    ) -> CertificateDer<'static> {
        self.issue_signed_by(params, key, &self.key)
    }

    /// Issues in this one's name, and signs with any key.
    pub fn issue_signed_by(
        &self,
        params: &CertificateParams,
        key: &impl PublicKeyData,
        signer: &impl rcgen::SigningKey,
    ) -> CertificateDer<'static> {
        let issuer = Issuer::from_params(&self.params, signer);
        params.signed_by(key, &issuer).expect("signs").der().clone()
    }

    /// Issues for a new key of this kind.
    pub fn issue_for(
        &self,
        params: &CertificateParams,
        kind: KeyKind,
    ) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
        let key = TestKey::fresh(kind);
        (self.issue(params, &key), key.private())
    }
}

/// A root, an intermediate below it, and all that they issue.
#[derive(Debug)]
pub struct TestPki {
    pub root: Ca,
    pub intermediate: Ca,
}

/// A chain as a peer sends it (its own certificate first, no root), and its key.
pub type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

impl TestPki {
    /// With ECDSA P-256 keys for the CAs.
    pub fn new() -> Self {
        Self::with_keys(KeyKind::EcdsaP256)
    }

    /// With keys of this kind for the CAs.
    pub fn with_keys(kind: KeyKind) -> Self {
        let root = Ca::root("Test Root", kind);
        let intermediate = root.intermediate("Test Intermediate", kind);
        Self { root, intermediate }
    }

    /// The root's certificate.
    pub fn root(&self) -> CertificateDer<'static> {
        self.root.certificate.clone()
    }

    /// A store that trusts the root.
    pub fn roots(&self) -> RootStore {
        roots([&self.root.certificate])
    }

    /// A server's chain for these names and addresses.
    pub fn leaf(&self, names: &[&str], kind: KeyKind) -> Identity {
        self.issue(&server_params(names), kind)
    }

    /// A client's chain.
    pub fn client(&self, common_name: &str, kind: KeyKind) -> Identity {
        self.issue(&client_params(common_name), kind)
    }

    /// A server's chain whose own certificate ended with 2024.
    pub fn expired_leaf(&self, names: &[&str], kind: KeyKind) -> Identity {
        let mut params = server_params(names);
        params.not_after = date_time_ymd(2025, 1, 1);
        self.issue(&params, kind)
    }

    /// Any chain of two.
    pub fn issue(&self, params: &CertificateParams, kind: KeyKind) -> Identity {
        let (leaf, key) = self.intermediate.issue_for(params, kind);
        (vec![leaf, self.intermediate.certificate.clone()], key)
    }
}

impl Default for TestPki {
    fn default() -> Self {
        Self::new()
    }
}

/// A self-signed server certificate that is no CA's, as private setups have it.
pub fn self_signed(
    names: &[&str],
    kind: KeyKind,
) -> (CertificateDer<'static>, PrivateKeyDer<'static>) {
    let mut params = server_params(names);
    params.use_authority_key_identifier_extension = false;
    let key = TestKey::fresh(kind);
    let certificate = params.self_signed(&key).expect("signs").der().clone();
    (certificate, key.private())
}

/// A store of these roots.
pub fn roots<'a>(certificates: impl IntoIterator<Item = &'a CertificateDer<'static>>) -> RootStore {
    let mut store = RootStore::new();
    for certificate in certificates {
        store.add(certificate).expect("the root is a certificate");
    }
    store
}

/// The chain as it comes from a peer.
pub fn peer_chain<'a>(
    certificates: impl IntoIterator<Item = &'a CertificateDer<'static>>,
) -> Arc<PeerChain> {
    PeerChain::new(certificates.into_iter().map(|c| (c.as_ref(), None)))
}

/// DER in PEM.
pub fn pem(label: &str, der: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in der.chunks(3) {
        let mut bytes = [0; 4];
        bytes[1..=three.len()].copy_from_slice(three);
        let bits = u32::from_be_bytes(bytes);
        for (i, shift) in [18, 12, 6, 0].into_iter().enumerate() {
            let digit = DIGITS[(bits >> shift & 63) as usize];
            text.push(if i <= three.len() { digit as char } else { '=' });
        }
        if text.len() % 65 == 64 {
            text.push('\n');
        }
    }
    format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n")
}

/// Certificates in PEM, one after the other.
pub fn chain_pem(chain: &[CertificateDer<'_>]) -> String {
    chain.iter().map(|der| pem("CERTIFICATE", der)).collect()
}
