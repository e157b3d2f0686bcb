//! A CRL and OCSP responses that OpenSSL made (`vectors/revocation-openssl.txt`).

use super::vectors::Vectors;
use super::*;
use rustls_pki_types::UnixTime;
use std::time::Duration;
use symbolon::error::{OcspFault, RevocationReason, StatusSource};
use symbolon::pki::{CertificateStatus, Crl, OcspResponse};

/// 2027-01-01T00:00:00Z, within the time of all of them.
const THEN: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1_798_761_600));

struct Vector(Vectors);

impl Vector {
    fn load() -> Self {
        Self(Vectors::load("revocation-openssl.txt"))
    }

    fn get(&self, section: &str, key: &str) -> &[u8] {
        let mut sections = self.0.sections.iter();
        sections.find(|s| s.name == section).unwrap().get(key)
    }

    fn verify(
        &self,
        name: &str,
        staple: Option<&str>,
        revocation: Revocation,
    ) -> Result<(), RevocationFault> {
        let certificate = self.get("certificates", name);
        let staple = staple.map(|staple| self.get(staple, "response"));
        let request = VerifyRequest {
            chain: PeerChain::new([(certificate, staple)].into_iter()),
            role: Role::Server,
            name: Some(ServerName::try_from(HOST).unwrap()),
            now: THEN,
        };
        let root = CertificateDer::from(self.get("certificates", "ca")).into_owned();
        let verifier = PathVerifier::new(certs::roots([&root])).with_revocation(revocation);
        match verifier.verify_now(&request, &RUSTCRYPTO.verify) {
            Ok(_) => Ok(()),
            Err(error) => Err(fault(error)),
        }
    }

    fn crls(&self) -> Revocation {
        Revocation {
            crls: store(&[self.get("crl", "crl").to_vec()]).into(),
            unknown: UnknownStatus::Refuse,
            ..Revocation::default()
        }
    }
}

#[track_caller]
fn revoked(result: Result<(), RevocationFault>, by: StatusSource) {
    let Err(RevocationFault::Revoked { source, reason, .. }) = result else {
        panic!("{result:?}")
    };
    assert_eq!(source, by);
    assert_eq!(reason, Some(RevocationReason::KeyCompromise));
}

#[test]
fn responses() {
    let vector = Vector::load();
    let verify = |name, staple: &str| vector.verify(name, Some(staple), Revocation::default());
    for hash in ["sha1", "sha256"] {
        for signer in ["ca", "responder"] {
            let [good, bad] = ["good", "bad"].map(|name| format!("{name}-{hash}-by-{signer}"));
            assert_eq!(verify("good", &good), Ok(()));
            revoked(verify("bad", &bad), StatusSource::Ocsp);
            let other = Err(RevocationFault::BadStaple(OcspFault::OtherCertificate));
            assert_eq!(verify("good", &bad), other);
            assert_eq!(verify("bad", &good), other);
        }
    }
    assert_eq!(verify("good", "both-by-responder"), Ok(()));
    revoked(verify("bad", "both-by-responder"), StatusSource::Ocsp);
    // That one demands a staple.
    let none = Err(RevocationFault::NoStaple {
        by_certificate: true,
    });
    assert_eq!(vector.verify("good", None, Revocation::default()), none);
    let response = OcspResponse::parse(vector.get("both-by-responder", "response")).unwrap();
    let told: Vec<_> = response.responses().map(|single| single.status).collect();
    assert!(matches!(
        told[..],
        [CertificateStatus::Revoked { .. }, CertificateStatus::Good]
    ));
}

#[test]
fn list() {
    let vector = Vector::load();
    let crl = Crl::parse(vector.get("crl", "crl")).unwrap();
    assert_eq!(crl.issuer().to_string(), "CN=CA,O=OpenSSL vectors,C=DE");
    let listed: Vec<_> = crl.revoked().map(|entry| entry.serial).collect();
    assert_eq!(listed, [[0x10, 0x01]]);
    let verify = |name, staple| vector.verify(name, Some(staple), vector.crls());
    assert_eq!(verify("good", "good-sha1-by-ca"), Ok(()));
    // Their second distribution point is that of the list.
    let bad = vector.verify("bad", None, vector.crls());
    revoked(bad, StatusSource::Crl);
}
