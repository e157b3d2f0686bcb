//! What is asked of certificates beyond RFC 5280: two lists, one for the public web and one for
//! private CAs.

use super::Role;
use super::cert::Certificate;
use super::key::{KeyInfo, KeyKind, SignatureHash};
use super::oid;
use crate::crypto::VerifyAlgorithms;
use crate::error::CertificateFault as Fault;
use core::ops::RangeInclusive;

/// What is asked of every certificate of a path, roots aside, beyond RFC 5280.
///
/// | | [`Profile::WEB`] | [`Profile::PRIVATE`] |
/// | --- | --- | --- |
/// | RSA modulus | 2048 to 8192 bits | the same |
/// | RSA public exponent | odd, 3 to 33 bits long | the same |
/// | elliptic curves | P-256, P-384, P-521 by name; parameters spelled out are refused | the same |
/// | kinds of keys | RSA (`rsaEncryption`), ECDSA | whatever the provider verifies: Ed25519 and `id-RSASSA-PSS` as well |
/// | signatures | SHA-2 | the same |
/// | digest of an ECDSA signature | as long as the key: SHA-256 with P-256, and so on | any of SHA-2 from SHA-256 on |
/// | version | 3 | any (a CA needs `basicConstraints`, and so 3) |
/// | serial number | positive, at most 20 octets | any of up to 21 octets |
/// | `extKeyUsage` of the peer's own certificate | names the purpose | none, or the purpose, or `anyExtendedKeyUsage` |
/// | a CA's certificate as the peer's own | refused | accepted |
/// | `keyUsage` of a CA | required, with `keyCertSign` | `keyCertSign` if it is there |
///
/// The left column is what the CA/Browser Forum's baseline requirements (7.1) have CAs do and
/// a verifier can rely on. `PRIVATE` accepts all that `WEB` does, and what private CAs and
/// `openssl req -x509` make; it is the default. MD5 and SHA-1 are in neither.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The sizes of an RSA modulus in bits.
    pub rsa_bits: RangeInclusive<usize>,
    /// Only RSA keys (`rsaEncryption`) and ECDSA keys.
    pub common_keys_only: bool,
    /// An ECDSA signature's digest is as long as the key that made it.
    pub digest_fits_key: bool,
    /// Only version 3.
    pub version_3_only: bool,
    /// Serial numbers are positive and have at most 20 octets.
    pub strict_serial: bool,
    /// The peer's own certificate names its purpose in `extKeyUsage`.
    pub purpose_named: bool,
    /// The peer's own certificate may be a CA's.
    pub ca_as_end_entity: bool,
    /// CA certificates have `keyUsage`.
    pub ca_key_usage: bool,
}

impl Profile {
    /// For certificates of public web servers.
    pub const WEB: Self = Self {
        rsa_bits: 2048..=8192,
        common_keys_only: true,
        digest_fits_key: true,
        version_3_only: true,
        strict_serial: true,
        purpose_named: true,
        ca_as_end_entity: false,
        ca_key_usage: true,
    };

    /// For certificates of private CAs, and those of the web as well.
    pub const PRIVATE: Self = Self {
        rsa_bits: 2048..=8192,
        common_keys_only: false,
        digest_fits_key: false,
        version_3_only: false,
        strict_serial: false,
        purpose_named: false,
        ca_as_end_entity: true,
        ca_key_usage: false,
    };

    /// What holds for every certificate.
    pub(crate) fn check_any(
        &self,
        certificate: &Certificate<'_>,
        algorithms: &VerifyAlgorithms,
    ) -> Result<(), Fault> {
        let version = certificate.version();
        if self.version_3_only && version != 3 {
            return Err(Fault::Version { version });
        }
        if self.strict_serial && !is_strict_serial(certificate.serial()) {
            return Err(Fault::Serial);
        }
        self.check_key(certificate.key(), algorithms)
    }

    fn check_key(&self, key: KeyInfo<'_>, algorithms: &VerifyAlgorithms) -> Result<(), Fault> {
        let kind = key.kind();
        // RFC 5480 2.1.1: curves by their names only.
        if kind == KeyKind::ExplicitCurve {
            return Err(Fault::ExplicitCurve);
        }
        let common = matches!(kind, KeyKind::Rsa | KeyKind::Curve(_));
        let known = algorithms
            .all
            .iter()
            .any(|algorithm| algorithm.public_key_alg_id().as_ref() == key.algorithm);
        if !known || (self.common_keys_only && !common) {
            return Err(Fault::KeyKind { kind: kind.text() });
        }
        if !matches!(kind, KeyKind::Rsa | KeyKind::RsaPss) {
            return Ok(());
        }
        match key.rsa() {
            Ok(rsa) if !self.rsa_bits.contains(&rsa.bits) => Err(Fault::KeySize { bits: rsa.bits }),
            Ok(rsa) if !rsa.sane_exponent => Err(Fault::KeyExponent),
            Ok(_) => Ok(()),
            Err(e) => Err(Fault::Malformed(e)),
        }
    }

    /// What holds for the peer's own certificate.
    pub(crate) fn check_end_entity(
        &self,
        certificate: &Certificate<'_>,
        role: Role,
    ) -> Result<(), Fault> {
        let (purpose, needed) = purpose(role);
        if self.purpose_named && !certificate.names_purpose(purpose) {
            return Err(Fault::ExtendedKeyUsage { needed });
        }
        let is_ca = certificate.basic_constraints().is_some_and(|b| b.ca);
        if is_ca && !self.ca_as_end_entity {
            return Err(Fault::CaAsEndEntity);
        }
        Ok(())
    }

    /// What holds for a CA's certificate.
    pub(crate) fn check_ca(&self, certificate: &Certificate<'_>) -> Result<(), Fault> {
        if self.ca_key_usage && !certificate.has_key_usage() {
            return Err(Fault::KeyUsage {
                needed: "keyCertSign",
            });
        }
        Ok(())
    }

    /// What holds for a signature, before it is verified.
    pub(crate) fn check_digest(
        &self,
        certificate: &Certificate<'_>,
        issuer: KeyInfo<'_>,
    ) -> Result<(), Fault> {
        if !self.digest_fits_key {
            return Ok(());
        }
        let fitting = match issuer.kind() {
            KeyKind::Curve("P-256") => SignatureHash::Sha256,
            KeyKind::Curve("P-384") => SignatureHash::Sha384,
            KeyKind::Curve("P-521") => SignatureHash::Sha512,
            _ => return Ok(()),
        };
        match certificate.signature_hash() == Some(fitting) {
            true => Ok(()),
            false => Err(Fault::DigestSize),
        }
    }
}

impl Default for Profile {
    fn default() -> Self {
        Self::PRIVATE
    }
}

/// The purpose that a role's certificate is used for, and the RFC's name of it.
pub(crate) const fn purpose(role: Role) -> (&'static [u8], &'static str) {
    match role {
        Role::Server => (oid::SERVER_AUTH, "serverAuth"),
        Role::Client => (oid::CLIENT_AUTH, "clientAuth"),
    }
}

/// RFC 5280 4.1.2.2.
fn is_strict_serial(serial: &[u8]) -> bool {
    serial.len() <= 20
        && serial.first().is_some_and(|first| *first < 0x80)
        && serial.iter().any(|octet| *octet != 0)
}
