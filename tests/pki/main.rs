//! Whole chains: what is accepted, and that each fault is refused with its own error and alert.

mod advisories;
mod answers;
#[path = "../common/certs.rs"]
mod certs;
mod constraints;
mod faults;
mod forms;
mod memo;
mod paths;
mod profiles;
#[path = "../common/status.rs"]
mod status;

use certs::{
    Ca, Identity, KeyKind, NOW, TestKey, TestPki, ca_params, client_params, distinguished_name,
    params, peer_chain, roots, self_signed, server_params,
};
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, CustomExtension, DnType, DnValue,
    ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, KeyUsagePurpose, NameConstraints, PublicKeyData,
    SanType, SignatureAlgorithm, date_time_ymd,
};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;
use symbolon::codepoint::AlertDescription;
use symbolon::error::{CertificateError, CertificateFault as Fault};
use symbolon::pki::{
    Budget, Certificate, DangerousAcceptAnyCertificate, Decision, PathVerifier, PeerChain, Profile,
    Role, RootStore, SignatureFault, SignatureHash, Trust, VerifiedChain, Verifier, VerifyRequest,
};
use symbolon::provider::RUSTCRYPTO;

const P256: KeyKind = KeyKind::EcdsaP256;
const HOST: &str = "host.example.com";

/// The DER of a value.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
    let head = match length {
        [0, short @ ..=0x7f] => vec![tag, short],
        [0, long] => vec![tag, 0x81, long],
        [a, b] => vec![tag, 0x82, a, b],
    };
    [head, contents].concat()
}

fn request(chain: &[CertificateDer<'static>], role: Role, name: Option<&str>) -> VerifyRequest {
    VerifyRequest {
        chain: peer_chain(chain),
        role,
        name: name.map(|name| ServerName::try_from(name.to_owned()).unwrap()),
        now: NOW,
    }
}

fn verify_server(
    roots: RootStore,
    chain: &[CertificateDer<'static>],
) -> Result<VerifiedChain, CertificateError> {
    PathVerifier::new(roots).verify_now(
        &request(chain, Role::Server, Some(HOST)),
        &RUSTCRYPTO.verify,
    )
}

fn verify_client(
    roots: RootStore,
    chain: &[CertificateDer<'static>],
) -> Result<VerifiedChain, CertificateError> {
    PathVerifier::new(roots).verify_now(&request(chain, Role::Client, None), &RUSTCRYPTO.verify)
}

/// The chain fails with this fault, at this position, with this alert.
#[track_caller]
fn refused(
    result: Result<VerifiedChain, CertificateError>,
    index: impl Into<Option<usize>>,
    alert: AlertDescription,
    fault: impl FnOnce(&Fault) -> bool,
) {
    let error = result.expect_err("the chain must be refused");
    assert!(fault(&error.fault), "{error:?}");
    assert_eq!(error.index, index.into(), "{error}");
    assert_eq!(error.alert(), alert, "{error}");
}

/// A server's chain below `pki`, with changes to the leaf.
fn leaf_with(
    pki: &TestPki,
    change: impl FnOnce(&mut CertificateParams),
) -> Vec<CertificateDer<'static>> {
    let mut params = server_params(&[HOST]);
    change(&mut params);
    pki.issue(&params, P256).0
}

/// A root, a changed intermediate, and a good leaf below it.
fn intermediate_with(
    change: impl FnOnce(&mut CertificateParams),
) -> (RootStore, Vec<CertificateDer<'static>>) {
    let root = Ca::root("Root", P256);
    let mut params = ca_params("Intermediate");
    change(&mut params);
    let intermediate = root.intermediate_with(params, P256);
    let (leaf, _) = intermediate.issue_for(&server_params(&[HOST]), P256);
    (
        roots([&root.certificate]),
        vec![leaf, intermediate.certificate],
    )
}

#[test]
fn chains_of_every_kind_of_key() {
    for ca in KeyKind::ALL {
        let pki = TestPki::with_keys(ca);
        for leaf in KeyKind::ALL {
            let (chain, _) = pki.leaf(&[HOST], leaf);
            let verified = verify_server(pki.roots(), &chain).unwrap();
            assert_eq!(verified.path(), [0, 1], "{ca:?} {leaf:?}");
            assert_eq!(
                verified.anchor().unwrap().to_string(),
                "CN=Test Root,O=symbolon test"
            );
            let (chain, _) = pki.client("somebody", leaf);
            assert_eq!(verify_client(pki.roots(), &chain).unwrap().path(), [0, 1]);
        }
    }
}

#[test]
fn the_path_can_be_told() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    let verified = verify_server(pki.roots(), &chain).unwrap();
    assert_eq!(
        verified.describe(&peer_chain(&chain)).to_string(),
        "0: CN=server,O=symbolon test\n   \
         issued by CN=Test Intermediate,O=symbolon test\n   \
         signed with ecdsa-with-SHA256 by the key of certificate 1\n   \
         valid from 2020-01-01T00:00:00Z to 2040-01-01T00:00:00Z\n   \
         for host.example.com\n\
         1: CN=Test Intermediate,O=symbolon test\n   \
         issued by CN=Test Root,O=symbolon test\n   \
         signed with ecdsa-with-SHA256 by the key of the root\n   \
         valid from 2020-01-01T00:00:00Z to 2040-01-01T00:00:00Z\n   \
         a CA's\n\
         trusted: issued under the root CN=Test Root,O=symbolon test"
    );
}

#[test]
fn roots_of_the_web_load() {
    let store: RootStore = webpki_roots::TLS_SERVER_ROOTS.iter().collect();
    assert_eq!(store.len(), webpki_roots::TLS_SERVER_ROOTS.len());
    assert!(store.len() > 100);
    let mut extended = RootStore::new();
    assert!(extended.is_empty());
    extended.extend(webpki_roots::TLS_SERVER_ROOTS);
    assert_eq!(extended.len(), store.len());
    // Each is usable: its name and key parse, and its constraints if it has some.
    for anchor in store.anchors() {
        assert!(RootStore::check(anchor).is_ok(), "{anchor:?}");
    }
    // A chain under none of them is told apart from a broken store.
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    refused(
        verify_server(store, &chain),
        1,
        AlertDescription::UNKNOWN_CA,
        |f| {
            matches!(f, Fault::UnknownIssuer { issuer, self_signed: false }
            if issuer.as_str() == "CN=Test Root,O=symbolon test")
        },
    );
}

#[test]
fn root_hints_are_whole_names() {
    let pki = TestPki::new();
    let verifier = PathVerifier::new(pki.roots());
    assert!(verifier.root_hints().is_empty());
    let verifier = verifier.with_root_hints();
    let root = pki.root();
    let subject = Certificate::parse(&root).unwrap().subject();
    let mut whole = vec![0x30, u8::try_from(subject.contents().len()).unwrap()];
    whole.extend_from_slice(subject.contents());
    assert_eq!(verifier.root_hints().into_owned(), [whole]);
}

#[test]
fn names() {
    let pki = TestPki::new();
    let names = [
        "a.example.com",
        "*.wild.example.com",
        "192.0.2.1",
        "2001:db8::1",
    ];
    let (chain, _) = pki.leaf(&names, P256);
    let verifier = PathVerifier::new(pki.roots());
    for (name, fits) in [
        ("a.example.com", true),
        ("A.EXAMPLE.com", true),
        ("a.example.com.", true),
        ("b.example.com", false),
        ("example.com", false),
        ("x.wild.example.com", true),
        ("wild.example.com", false),
        ("x.y.wild.example.com", false),
        ("192.0.2.1", true),
        ("192.0.2.2", false),
        ("2001:db8::1", true),
        ("2001:db8::2", false),
        ("server", false),
    ] {
        let request = request(&chain, Role::Server, Some(name));
        let result = verifier.verify_now(&request, &RUSTCRYPTO.verify);
        if fits {
            assert!(result.is_ok(), "{name}: {result:?}");
        } else {
            refused(result, 0, AlertDescription::BAD_CERTIFICATE, |f| {
                matches!(f, Fault::NameMismatch { asked, presented, more: 0 }
                    if asked.as_str() == name && presented.len() == 4)
            });
        }
    }
    // No fallback to the common name (RFC 9525 2).
    let chain = leaf_with(&pki, |p| {
        p.subject_alt_names.clear();
        p.distinguished_name = distinguished_name(HOST);
    });
    refused(
        verify_server(pki.roots(), &chain),
        0,
        AlertDescription::BAD_CERTIFICATE,
        |f| matches!(f, Fault::NameMismatch { presented, .. } if presented.is_empty()),
    );
    // What is shown of many names is bounded.
    let many: Vec<String> = (0..50).map(|i| format!("h{i}.example.net")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let (chain, _) = pki.leaf(&many, P256);
    refused(
        verify_server(pki.roots(), &chain),
        0,
        AlertDescription::BAD_CERTIFICATE,
        |f| matches!(f, Fault::NameMismatch { presented, more: 45, .. } if presented.len() == 5),
    );
}

#[test]
fn a_self_signed_server_that_is_a_root() {
    let (lone, _) = self_signed(&[HOST], P256);
    let verified = verify_server(roots([&lone]), std::slice::from_ref(&lone)).unwrap();
    assert_eq!(verified.path(), [0]);
    // A CA's own certificate in a server's place, as `openssl req -x509` makes them.
    let mut params = server_params(&[HOST]);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages.clear();
    let ca = Ca::root_with(params, P256);
    let chain = [ca.certificate.clone()];
    assert!(verify_server(roots(&chain), &chain).is_ok());
    // It still has to have the name and the time.
    let (other, _) = self_signed(&["other.example.com"], P256);
    refused(
        verify_server(roots([&other]), std::slice::from_ref(&other)),
        0,
        AlertDescription::BAD_CERTIFICATE,
        |f| matches!(f, Fault::NameMismatch { .. }),
    );
}

fn named(names: &[&str]) -> CertificateParams {
    let mut params = client_params("x");
    params.subject_alt_names = server_params(names).subject_alt_names;
    params
}

#[test]
fn handshake_signatures() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    let certificate = Certificate::parse(&chain[0]).unwrap();
    let find = |scheme| {
        let (_, algorithms) = RUSTCRYPTO
            .verify
            .schemes
            .iter()
            .find(|(s, _)| *s == scheme)
            .unwrap();
        algorithms[0]
    };
    let ecdsa = find(symbolon::codepoint::SignatureScheme::ECDSA_SECP256R1_SHA256);
    let ed25519 = find(symbolon::codepoint::SignatureScheme::ED25519);
    assert_eq!(
        certificate.verify_signature(ecdsa, b"message", b"signature"),
        Err(SignatureFault::Invalid)
    );
    assert_eq!(
        certificate.verify_signature(ed25519, b"message", b"signature"),
        Err(SignatureFault::WrongKey)
    );
    let key = TestKey::fresh(P256);
    let certificate = pki.intermediate.issue(&params("x"), &key);
    let certificate = Certificate::parse(&certificate).unwrap();
    let signature = rcgen::SigningKey::sign(&key, b"message").unwrap();
    assert_eq!(
        certificate.verify_signature(ecdsa, b"message", &signature),
        Ok(())
    );
    assert_eq!(
        certificate.verify_signature(ecdsa, b"massage", &signature),
        Err(SignatureFault::Invalid)
    );
}

#[test]
fn hashes_for_channel_bindings() {
    for (kind, hash) in [
        (KeyKind::EcdsaP256, Some(SignatureHash::Sha256)),
        (KeyKind::EcdsaP384, Some(SignatureHash::Sha384)),
        (KeyKind::Rsa2048, Some(SignatureHash::Sha256)),
        (KeyKind::Ed25519, None),
    ] {
        let root = TestPki::with_keys(kind).root();
        assert_eq!(Certificate::parse(&root).unwrap().signature_hash(), hash);
    }
}

#[test]
fn subjects_are_shown_escaped() {
    let pki = TestPki::new();
    let mut params = client_params("a,b=\u{202e}\n\"");
    params.distinguished_name.push(DnType::CountryName, "XX");
    let (chain, _) = pki.issue(&params, P256);
    let certificate = Certificate::parse(&chain[0]).unwrap();
    assert_eq!(
        certificate.subject_text().as_str(),
        "C=XX,CN=a\\,b\\=\\e2\\80\\ae\\0a\\\",O=symbolon test"
    );
    let long = client_params(&"x".repeat(5000));
    let (chain, _) = pki.issue(&long, P256);
    assert!(
        Certificate::parse(&chain[0])
            .unwrap()
            .subject_text()
            .as_str()
            .len()
            < 300
    );
}

#[test]
fn accepting_anything_is_loud() {
    let chain = PeerChain::new([(&b"no certificate"[..], Some(&b"staple"[..]))].into_iter());
    assert_eq!(chain.ocsp_response(), Some(&b"staple"[..]));
    assert_eq!(
        format!("{chain:?}"),
        "PeerChain(1 certificates, bytes: [14])"
    );
    let request = VerifyRequest {
        chain: chain.clone(),
        role: Role::Server,
        name: None,
        now: NOW,
    };
    let Decision::Now(Ok(verified)) =
        DangerousAcceptAnyCertificate.verify(&request, &RUSTCRYPTO.verify)
    else {
        panic!("it accepts anything");
    };
    assert_eq!(*verified.trust(), Trust::Nothing);
    assert!(
        verified
            .describe(&chain)
            .to_string()
            .contains("NOT VERIFIED")
    );
}
