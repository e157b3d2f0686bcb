//! The certificates that all libraries get.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls_pki_types::CertificateDer;

/// What the server is called.
pub const NAME: &str = "server.example";

/// What all keys of a chain are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keys {
    EcdsaP256,
    Rsa2048,
}

/// A chain, the key of its leaf, and the root that it leads to.
#[derive(Clone, Debug)]
pub struct Chain {
    /// The leaf first, no root.
    pub certificates: Vec<CertificateDer<'static>>,
    /// PKCS#8.
    pub key: Vec<u8>,
    pub root: CertificateDer<'static>,
    pub keys: Keys,
}

fn key(keys: Keys) -> KeyPair {
    match keys {
        Keys::EcdsaP256 => {
            KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).expect("a key is made")
        }
        Keys::Rsa2048 => {
            let key = openssl::rsa::Rsa::generate(2048).expect("a key is made");
            let key = openssl::pkey::PKey::from_rsa(key).expect("it is a key");
            let der = key.private_key_to_pkcs8().expect("it can be written");
            KeyPair::from_pkcs8_der_and_sign_algo(&der.into(), &rcgen::PKCS_RSA_SHA256)
                .expect("it is a key")
        }
    }
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::OrganizationName, "symbolon's bench");
    subject.push(DnType::CommonName, name);
    params.distinguished_name = subject;
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params
}

fn ca(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

impl Chain {
    /// A leaf and so many intermediate certificates.
    pub fn new(keys: Keys, intermediates: usize) -> Self {
        let (params_of_root, key_of_root) = (ca("Root"), key(keys));
        let root = params_of_root.self_signed(&key_of_root).expect("it signs");
        let mut issuer = Issuer::new(params_of_root, key_of_root);
        let mut certificates = Vec::new();
        for number in 0..intermediates {
            let mut params = ca(&format!("Intermediate {number}"));
            params.use_authority_key_identifier_extension = true;
            let key = key(keys);
            let certificate = params.signed_by(&key, &issuer).expect("it signs");
            certificates.insert(0, certificate.der().clone());
            issuer = Issuer::new(params, key);
        }
        let mut params = params("Server");
        params.subject_alt_names = CertificateParams::new([NAME.to_owned()])
            .expect("it is a name")
            .subject_alt_names;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let key = key(keys);
        let leaf = params.signed_by(&key, &issuer).expect("it signs");
        certificates.insert(0, leaf.der().clone());
        Self {
            certificates,
            key: key.serialize_der(),
            root: root.der().clone(),
            keys,
        }
    }
}
