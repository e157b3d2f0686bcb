//! Revocation lists, stapled OCSP responses and timestamps of public logs: what counts, what is
//! refused, and which error and alert tells it.

#[path = "../common/certs.rs"]
mod certs;
mod crl;
mod handshakes;
mod ocsp;
mod openssl;
#[path = "../common/pair.rs"]
mod pair;
#[path = "../common/rogue.rs"]
mod rogue;
#[cfg(feature = "tls12")]
#[path = "../common/rogue12.rs"]
mod rogue12;
mod sct;
#[path = "../common/status.rs"]
mod status;
#[path = "../common/vectors.rs"]
mod vectors;

use certs::{Ca, KeyKind, NOW, TestPki, server_params};
use rcgen::{CertificateParams, CustomExtension, SerialNumber};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use symbolon::codepoint::AlertDescription;
use symbolon::error::{CertificateError, CertificateFault, RevocationFault};
use symbolon::pki::{
    CrlStore, PathVerifier, PeerChain, PeerEntry, Revocation, Role, UnknownStatus, VerifyRequest,
};
use symbolon::provider::RUSTCRYPTO;

const P256: KeyKind = KeyKind::EcdsaP256;
const HOST: &str = "server.example";
const SERIAL: &[u8] = &[0x42, 1];

fn now() -> i64 {
    i64::try_from(NOW.as_secs()).unwrap()
}

/// A server's chain below an intermediate, and what comes along.
struct World {
    pki: TestPki,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    /// The staples of the chain, by position.
    staples: Vec<Option<Vec<u8>>>,
    timestamps: Option<Vec<u8>>,
    revocation: Revocation,
    role: Role,
}

impl World {
    fn new() -> Self {
        Self::with(|_| ())
    }

    /// With changes to the server's certificate.
    fn with(change: impl FnOnce(&mut CertificateParams)) -> Self {
        Self::below(TestPki::new(), change)
    }

    /// With these CAs.
    fn below(pki: TestPki, change: impl FnOnce(&mut CertificateParams)) -> Self {
        let mut params = server_params(&[HOST]);
        params.serial_number = Some(SerialNumber::from(SERIAL.to_vec()));
        change(&mut params);
        let (chain, key) = pki.issue(&params, P256);
        Self {
            pki,
            chain,
            key,
            staples: vec![None, None],
            timestamps: None,
            revocation: Revocation::default(),
            role: Role::Server,
        }
    }

    fn leaf(&self) -> &[u8] {
        &self.chain[0]
    }

    /// The CA that issued the server's certificate.
    fn ca(&self) -> &Ca {
        &self.pki.intermediate
    }

    fn staple(mut self, response: Vec<u8>) -> Self {
        self.staples[0] = Some(response);
        self
    }

    /// Requires a known status of the server's certificate, from these lists.
    fn strict(self, crls: &[Vec<u8>]) -> Self {
        self.lists(crls)
            .policy(|policy| policy.unknown = UnknownStatus::Refuse)
    }

    fn lists(self, crls: &[Vec<u8>]) -> Self {
        let store = store(crls);
        self.policy(|policy| policy.crls = store.into())
    }

    fn policy(mut self, change: impl FnOnce(&mut Revocation)) -> Self {
        change(&mut self.revocation);
        self
    }

    fn request(&self) -> VerifyRequest {
        let entries = self.chain.iter().zip(&self.staples).enumerate();
        VerifyRequest {
            chain: PeerChain::from_entries(entries.map(|(i, (certificate, staple))| PeerEntry {
                certificate,
                ocsp: staple.as_deref(),
                timestamps: self.timestamps.as_deref().filter(|_| i == 0),
            })),
            role: self.role,
            name: (self.role == Role::Server).then(|| ServerName::try_from(HOST).unwrap()),
            now: NOW,
        }
    }

    fn verifier(&self) -> PathVerifier {
        PathVerifier::new(self.pki.roots()).with_revocation(self.revocation.clone())
    }

    fn verify(&self) -> Result<(), CertificateError> {
        self.verify_with(&self.verifier())
    }

    fn verify_with(&self, verifier: &PathVerifier) -> Result<(), CertificateError> {
        verifier
            .verify_now(&self.request(), &RUSTCRYPTO.verify)
            .map(|_| ())
    }

    #[track_caller]
    fn accepted(&self) {
        self.verify().unwrap();
    }

    /// What is held against the server's own certificate; the alert is looked at as well.
    #[track_caller]
    fn refused(&self) -> RevocationFault {
        let error = self.verify().expect_err("it must be refused");
        assert_eq!(error.index, Some(0), "{error}");
        fault(error)
    }
}

/// The revocation fault in an error; its alert is checked.
#[track_caller]
fn fault(error: CertificateError) -> RevocationFault {
    let alert = error.alert();
    let CertificateFault::Revocation(fault) = error.fault else {
        panic!("not because of revocation: {error}");
    };
    let expected = match fault {
        RevocationFault::Revoked { .. } => AlertDescription::CERTIFICATE_REVOKED,
        RevocationFault::BadStaple(_) | RevocationFault::NoStaple { .. } => {
            AlertDescription::BAD_CERTIFICATE_STATUS_RESPONSE
        }
        _ => AlertDescription::CERTIFICATE_UNKNOWN,
    };
    assert_eq!(alert, expected);
    fault
}

fn store(crls: &[Vec<u8>]) -> CrlStore {
    let mut store = CrlStore::new();
    for crl in crls {
        store.add(crl.as_slice()).unwrap();
    }
    store
}

/// An extension for `rcgen`.
fn custom(oid: &[u64], critical: bool, value: Vec<u8>) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, value);
    extension.set_criticality(critical);
    extension
}

/// The TLS feature `status_request` (RFC 7633).
fn must_staple(params: &mut CertificateParams) {
    let oid = [1, 3, 6, 1, 5, 5, 7, 1, 24];
    let extension = custom(&oid, false, vec![0x30, 3, 2, 1, 5]);
    params.custom_extensions.push(extension);
}
