//! Whole handshakes with staples and lists, in both versions.

use super::pair::{self, Pair};
use super::status::{Crl, DAY, Ocsp, Single};
use super::*;
use std::sync::Arc;
use symbolon::codepoint::{ExtensionType, ProtocolVersion};
use symbolon::config::{ClientAuth, ClientConfig, Credential, ServerConfig};
use symbolon::error::{Error, ErrorKind, OcspFault};
use symbolon::provider::default_provider;

const VERSIONS: &[ProtocolVersion] = &[
    ProtocolVersion::TLS13,
    #[cfg(feature = "tls12")]
    ProtocolVersion::TLS12,
];

/// The time of the handshakes.
fn at() -> i64 {
    i64::try_from(pair::now().as_secs()).unwrap()
}

fn credential(world: &World, staple: Option<&[u8]>) -> Credential {
    let credential = Credential::new(world.chain.clone(), &world.key, &default_provider()).unwrap();
    match staple {
        Some(staple) => credential.ocsp_response(staple).unwrap(),
        None => credential,
    }
}

/// What the client says to a server with this staple, in each version. The server must be told the
/// same by an alert.
#[track_caller]
fn connect(world: &World, staple: Option<&[u8]>) -> Option<RevocationFault> {
    let mut results = Vec::new();
    for version in VERSIONS {
        let client = ClientConfig::builder()
            .verifier(Arc::new(world.verifier()))
            .versions(&[*version]);
        let server = ServerConfig::builder().credential(credential(world, staple));
        let mut pair = Pair::to(HOST, client.build().unwrap(), server.build().unwrap());
        let (client, server) = pair.failure();
        results.push(match client {
            None => {
                assert_eq!(server, None);
                let summary = pair.client.done.as_ref().unwrap();
                assert_eq!(summary.version, *version);
                assert_eq!(summary.peer_chain.as_ref().unwrap().ocsp_response(), staple);
                None
            }
            Some(error) => Some(told(&error, &server.unwrap())),
        });
    }
    assert!(results.windows(2).all(|two| two[0] == two[1]));
    results.pop().unwrap()
}

/// What one end has against the other's certificate, which the other one was told by alert.
#[track_caller]
fn told(error: &Error, peer: &Error) -> RevocationFault {
    let ErrorKind::Certificate(certificate) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(*peer.kind(), ErrorKind::AlertReceived(certificate.alert()));
    fault((**certificate).clone())
}

fn response(world: &World, change: impl FnOnce(&mut Single)) -> Vec<u8> {
    let mut single = Single::good(world.ca(), world.leaf(), at());
    change(&mut single);
    Ocsp::by(world.ca(), at(), vec![single]).sign(&world.ca().key)
}

#[test]
fn staples() {
    let world = World::new();
    assert_eq!(connect(&world, None), None);
    let good = response(&world, |_| ());
    assert_eq!(connect(&world, Some(&good)), None);
    let revoked = Single::revoked(world.ca(), world.leaf(), at(), Some(1)).status;
    let revoked = response(&world, |single| single.status = revoked);
    assert!(matches!(
        connect(&world, Some(&revoked)),
        Some(RevocationFault::Revoked { .. })
    ));
    let old = response(&world, |single| single.next_update = Some(at() - DAY));
    assert!(matches!(
        connect(&world, Some(&old)),
        Some(RevocationFault::BadStaple(OcspFault::Outdated { .. }))
    ));
    let root = &world.pki.root.certificate;
    let other = Single::good(world.ca(), root, at()).id;
    let other = response(&world, |single| single.id = other);
    assert_eq!(
        connect(&world, Some(&other)),
        Some(RevocationFault::BadStaple(OcspFault::OtherCertificate))
    );
    assert!(matches!(
        connect(&world, Some(b"garbage")),
        Some(RevocationFault::BadStaple(OcspFault::Malformed(_)))
    ));
}

#[test]
fn must_staple_in_a_handshake() {
    let world = World::with(must_staple);
    assert_eq!(
        connect(&world, None),
        Some(RevocationFault::NoStaple {
            by_certificate: true
        })
    );
    let good = response(&world, |_| ());
    assert_eq!(connect(&world, Some(&good)), None);
}

#[test]
fn a_server_on_a_list() {
    let world = World::new();
    let list = |crl: Crl| crl.sign(&world.ca().key);
    let empty = Crl::of(world.ca(), at());
    let (clean, listed) = (list(empty.clone()), list(empty.revoke(SERIAL)));
    let world = world.strict(&[clean]);
    assert_eq!(connect(&world, None), None);
    let world = world.strict(&[listed]);
    assert!(matches!(
        connect(&world, None),
        Some(RevocationFault::Revoked { .. })
    ));
    let world = world.strict(&[]);
    assert_eq!(
        connect(&world, None),
        Some(RevocationFault::Unknown { closest: None })
    );
}

#[test]
fn a_client_on_a_list() {
    let world = World::new();
    let empty = Crl::of(world.ca(), at());
    for (crl, revoked) in [(empty.clone(), false), (empty.revoke(&[1]), true)] {
        let crls = store(&[crl.sign(&world.ca().key)]);
        let verifier = PathVerifier::new(world.pki.roots()).with_revocation(Revocation {
            crls: crls.into(),
            unknown: UnknownStatus::Refuse,
            ..Revocation::default()
        });
        let verifier = Arc::new(verifier);
        let (chain, key) = world.pki.client("client", P256);
        let own = Credential::new(chain, &key, &default_provider()).unwrap();
        for version in VERSIONS {
            let client = ClientConfig::builder()
                .roots(world.pki.roots())
                .credential(own.clone())
                .versions(&[*version]);
            let server = ServerConfig::builder()
                .credential(credential(&world, None))
                .client_auth(ClientAuth::Required(verifier.clone()));
            let mut pair = Pair::to(HOST, client.build().unwrap(), server.build().unwrap());
            match (pair.failure(), revoked) {
                ((None, None), false) => {}
                ((Some(client), Some(server)), true) => {
                    let fault = told(&server, &client);
                    assert!(matches!(fault, RevocationFault::Revoked { .. }));
                }
                (other, _) => panic!("{other:?}"),
            }
        }
    }
}

/// A verifier for these CAs that wants a timestamp of this log.
fn wants_timestamps(pki: &TestPki, log: &sct::Log) -> Arc<PathVerifier> {
    let verifier = PathVerifier::new(pki.roots());
    Arc::new(verifier.with_timestamps(sct::policy(&[log], 1)))
}

#[test]
fn timestamps_in_tls13() {
    let world = rogue::World::new();
    let log = sct::Log::new(1);
    let stamp = log.stamp(&sct::whole(&world.server.0[0]), at());
    let list = (
        ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP,
        sct::list(&[stamp]),
    );
    let certified = |extensions: &[(ExtensionType, Vec<u8>)]| {
        let config = world.client_config();
        let config = config.verifier(wants_timestamps(&world.pki, &log));
        let mut server = rogue::Rogue::server(config.build().unwrap());
        let asks = server.client_hello().extensions;
        assert!(asks.signed_certificate_timestamp);
        server.server_hello(|_| ());
        server.encrypted_extensions(&[]);
        server.certificate_with(b"", &world.server.0, extensions);
        server
    };
    let mut server = certified(&[list]);
    server.peer.run();
    assert_eq!(server.peer.failed, None);
    let error = certified(&[]).failed(Some(AlertDescription::CERTIFICATE_UNKNOWN));
    assert!(
        error
            .to_string()
            .contains("timestamps of 0 known logs where 1 are needed")
    );
    let server = rogue::Rogue::server(world.client_config().build().unwrap());
    let asks = server.client_hello().extensions;
    assert!(!asks.signed_certificate_timestamp);
}

#[cfg(feature = "tls12")]
#[test]
fn timestamps_in_tls12() {
    let world = rogue::World::new();
    let log = sct::Log::new(1);
    let stamp = log.stamp(&sct::whole(&world.server.0[0]), at());
    let list = sct::list(&[stamp]);
    let signed = |list: Option<Vec<u8>>| {
        let config = rogue12::client_config(&world);
        let config = config.verifier(wants_timestamps(&world.pki, &log));
        let mut server = rogue12::Rogue::server(config.build().unwrap());
        server.server_hello(|hello| {
            if let Some(list) = list {
                hello.set(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, list);
            }
        });
        server.certificate(&world.server);
        server.key_exchange(&world.server);
        server
    };
    signed(Some(list.clone())).silent();
    signed(None).failed(Some(AlertDescription::CERTIFICATE_UNKNOWN));
    // Not asked for.
    let mut server = rogue12::Rogue::server(rogue12::client_config(&world).build().unwrap());
    server.server_hello(|hello| hello.set(ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP, list));
    let violation = symbolon::error::Violation::UnsolicitedExtension;
    server.refused(violation, AlertDescription::UNSUPPORTED_EXTENSION);
}
