//! Certificates made on the spot. `rcgen` writes them; the keys are made from the operating
//! system's randomness and sign through the library's own provider.

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyIdMethod, KeyUsagePurpose, PublicKeyData, SerialNumber, SignatureAlgorithm,
    date_time_ymd,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use std::time::Duration;
use symbolon::codepoint::SignatureScheme;
use symbolon::config::{Credential, Key};
use symbolon::crypto::{MAX_SIGNATURE_LEN, Random, SigningKey};
use symbolon::error::Error;
use symbolon::provider::default_provider;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A fresh ECDSA P-256 key.
pub struct FreshKey {
    signer: Arc<dyn SigningKey>,
    /// The uncompressed point.
    public: Vec<u8>,
}

impl FreshKey {
    fn new() -> Result<Self, Error> {
        // PKCS#8 around the 32 bytes of a P-256 private key.
        let mut pkcs8 = b"\x30\x41\x02\x01\x00\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
                          \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x04\x27\x30\x25\x02\x01\
                          \x01\x04\x20"
            .to_vec();
        let mut scalar = symbolon::io::seed()?;
        // Below the order of the curve.
        scalar[0] &= 0x7f;
        pkcs8.extend_from_slice(&scalar);
        let der = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(pkcs8));
        let signer = default_provider().keys.load(&der)?;
        let spki = signer.public_key_info();
        let public = spki[spki.len() - 65..].to_vec();
        Ok(Self { signer, public })
    }
}

impl PublicKeyData for FreshKey {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl rcgen::SigningKey for FreshKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let failed = |_| rcgen::Error::RemoteKeyError;
        let mut random = Random::new(symbolon::io::seed().map_err(failed)?);
        let mut out = vec![0; MAX_SIGNATURE_LEN];
        let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
        let signed = self.signer.sign(scheme, message, &mut random, &mut out);
        let length = signed.map_err(|_| rcgen::Error::RemoteKeyError)?;
        out.truncate(length);
        Ok(out)
    }
}

/// Parameters of a certificate that is valid from yesterday for thirty days.
fn params(common_name: &str, key: &FreshKey, names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).into()).collect();
    let mut params = CertificateParams::new(names).expect("the names are ours");
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, common_name);
    let now = Duration::from_secs(symbolon::io::now().as_secs());
    params.not_before = date_time_ymd(1970, 1, 1) + (now.saturating_sub(DAY));
    params.not_after = params.not_before + 30 * DAY;
    let serial: Vec<u8> = key.public.iter().skip(1).take(16).copied().collect();
    params.serial_number = Some(SerialNumber::from(serial));
    let id = key.public.iter().rev().take(20).copied().collect();
    params.key_identifier_method = KeyIdMethod::PreSpecified(id);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

/// A certificate for its own key, in PEM and as a credential.
pub fn self_signed(names: &[&str]) -> Result<(String, Credential), Error> {
    let key = FreshKey::new()?;
    let mut params = params("symbolon example server", &key, names);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let certificate = params.self_signed(&key).expect("the key signs");
    let chain = vec![certificate.der().clone()];
    let credential = Credential::with_key(chain, Key::Local(key.signer))?;
    Ok((certificate.pem(), credential))
}

/// A certification authority for an afternoon.
pub struct Authority {
    params: CertificateParams,
    key: FreshKey,
    pub certificate: CertificateDer<'static>,
}

impl Authority {
    pub fn new(common_name: &str) -> Result<Self, Error> {
        let key = FreshKey::new()?;
        let mut params = params(common_name, &key, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = params.self_signed(&key).expect("the key signs");
        let certificate = certificate.der().clone();
        Ok(Self {
            params,
            key,
            certificate,
        })
    }

    /// An authority below this one.
    pub fn intermediate(&self, common_name: &str) -> Result<Self, Error> {
        let key = FreshKey::new()?;
        let mut params = params(common_name, &key, &[]);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let certificate = self.issue(&mut params, &key);
        Ok(Self {
            params,
            key,
            certificate,
        })
    }

    fn issue(&self, params: &mut CertificateParams, key: &FreshKey) -> CertificateDer<'static> {
        params.use_authority_key_identifier_extension = true;
        let issuer = Issuer::from_params(&self.params, &self.key);
        let signed = params.signed_by(key, &issuer).expect("the key signs");
        signed.der().clone()
    }

    /// A credential for a server with these names, or for a client of this name.
    pub fn credential(
        &self,
        names: &[&str],
        common_name: &str,
        purpose: ExtendedKeyUsagePurpose,
    ) -> Result<Credential, Error> {
        let key = FreshKey::new()?;
        let mut params = params(common_name, &key, names);
        params.extended_key_usages = vec![purpose];
        let leaf = self.issue(&mut params, &key);
        let chain = vec![leaf, self.certificate.clone()];
        Credential::with_key(chain, Key::Local(key.signer))
    }
}
