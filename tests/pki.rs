//! Whole chains: what is accepted, and that each fault is refused with its own error and alert.

#[path = "common/certs.rs"]
mod certs;

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
    Budget, Certificate, DangerousAcceptAnyCertificate, Decision, PathVerifier, PeerChain, Role,
    RootStore, SignatureFault, SignatureHash, Trust, VerifiedChain, Verifier, VerifyRequest,
};
use symbolon::provider::RUSTCRYPTO;

const P256: KeyKind = KeyKind::EcdsaP256;
const HOST: &str = "host.example.com";

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
                verified.anchor().unwrap().as_str(),
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
         valid from 2020-01-01T00:00:00Z to 2040-01-01T00:00:00Z\n\
         1: CN=Test Intermediate,O=symbolon test\n   \
         issued by CN=Test Root,O=symbolon test\n   \
         valid from 2020-01-01T00:00:00Z to 2040-01-01T00:00:00Z\n\
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
    assert_eq!(verifier.root_hints(), [whole]);
}

#[test]
fn a_chain_of_nothing() {
    let pki = TestPki::new();
    refused(
        verify_client(pki.roots(), &[]),
        None,
        AlertDescription::CERTIFICATE_REQUIRED,
        |f| *f == Fault::NoCertificate,
    );
}

#[test]
fn garbage_and_trailing_bytes() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    let mut long = chain[0].to_vec();
    long.push(0);
    for bad in [vec![], vec![0x30], vec![0xff; 100], long] {
        let mut chain = chain.clone();
        chain[0] = bad.into();
        refused(
            verify_server(pki.roots(), &chain),
            0,
            AlertDescription::BAD_CERTIFICATE,
            |f| matches!(f, Fault::Malformed(_)),
        );
    }
    // An intermediate that can't be read is as good as none, but is what is told.
    let broken = [chain[0].clone(), vec![0x30, 0x01].into()];
    refused(
        verify_server(pki.roots(), &broken),
        1,
        AlertDescription::BAD_CERTIFICATE,
        |f| matches!(f, Fault::Malformed(_)),
    );
    let extra = [chain[0].clone(), vec![0x30, 0x01].into(), chain[1].clone()];
    assert_eq!(verify_server(pki.roots(), &extra).unwrap().path(), [0, 2]);
}

#[test]
fn every_prefix_and_every_changed_byte_is_survived() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    let leaf = chain[0].to_vec();
    for end in 0..leaf.len() {
        assert!(Certificate::parse(&leaf[..end]).is_err());
    }
    for i in 0..leaf.len() {
        let mut changed = leaf.clone();
        changed[i] ^= 0x01;
        let chain = [changed.into(), chain[1].clone()];
        assert!(verify_server(pki.roots(), &chain).is_err(), "byte {i}");
    }
}

#[test]
fn time() {
    let pki = TestPki::new();
    let (chain, _) = pki.expired_leaf(&[HOST], P256);
    refused(
        verify_server(pki.roots(), &chain),
        0,
        AlertDescription::CERTIFICATE_EXPIRED,
        |f| matches!(f, Fault::Expired { not_after, .. } if not_after.0 == 1_735_689_600),
    );
    let chain = leaf_with(&pki, |p| p.not_before = date_time_ymd(2027, 1, 1));
    refused(
        verify_server(pki.roots(), &chain),
        0,
        AlertDescription::CERTIFICATE_EXPIRED,
        |f| matches!(f, Fault::NotYetValid { .. }),
    );
    let (store, chain) = intermediate_with(|p| p.not_after = date_time_ymd(2025, 1, 1));
    refused(
        verify_server(store, &chain),
        1,
        AlertDescription::CERTIFICATE_EXPIRED,
        |f| matches!(f, Fault::Expired { .. }),
    );
    // Both ends belong to it (RFC 5280 4.1.2.5), and GeneralizedTime is read like UTCTime.
    let chain = leaf_with(&pki, |p| {
        p.not_before = date_time_ymd(2026, 1, 1);
        p.not_after = date_time_ymd(2050, 1, 1);
    });
    let verifier = PathVerifier::new(roots([&Ca::root("other", P256).certificate]));
    for (now, fault) in [
        (1_767_225_599, Some("valid from")),
        (1_767_225_600, None),
        (2_524_608_000, None),
        (2_524_608_001, Some("expired")),
    ] {
        let mut request = request(&chain, Role::Server, Some(HOST));
        request.now = UnixTime::since_unix_epoch(Duration::from_secs(now));
        let error = verifier
            .verify_now(&request, &RUSTCRYPTO.verify)
            .unwrap_err();
        match fault {
            Some(words) => assert!(error.to_string().contains(words), "{error}"),
            // The intermediate has expired by 2050; either way the leaf's time is right.
            None => assert!(error.index == Some(1), "{error}"),
        }
    }
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
fn a_server_needs_a_name_to_check() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    let result = PathVerifier::new(pki.roots())
        .verify_now(&request(&chain, Role::Server, None), &RUSTCRYPTO.verify);
    refused(result, 0, AlertDescription::INTERNAL_ERROR, |f| {
        *f == Fault::NoNameToCheck
    });
}

#[test]
fn unknown_issuers() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    let issuer_is = |name: &'static str, signed: bool| {
        move |f: &Fault| {
            matches!(f, Fault::UnknownIssuer { issuer, self_signed }
                if issuer.as_str() == name && *self_signed == signed)
        }
    };
    // The intermediate is missing.
    refused(
        verify_server(pki.roots(), &chain[..1]),
        0,
        AlertDescription::UNKNOWN_CA,
        issuer_is("CN=Test Intermediate,O=symbolon test", false),
    );
    // Nobody is trusted.
    refused(
        verify_server(RootStore::new(), &chain),
        1,
        AlertDescription::UNKNOWN_CA,
        issuer_is("CN=Test Root,O=symbolon test", false),
    );
    // The root came along and isn't trusted for that.
    let whole = [chain[0].clone(), chain[1].clone(), pki.root()];
    refused(
        verify_server(RootStore::new(), &whole),
        2,
        AlertDescription::UNKNOWN_CA,
        issuer_is("CN=Test Root,O=symbolon test", true),
    );
    assert_eq!(verify_server(pki.roots(), &whole).unwrap().path(), [0, 1]);
    let (lone, _) = self_signed(&[HOST], P256);
    refused(
        verify_server(pki.roots(), &[lone]),
        0,
        AlertDescription::UNKNOWN_CA,
        issuer_is("CN=server,O=symbolon test", true),
    );
    // Another root of the same name has another key.
    let twin = TestPki::new();
    refused(
        verify_server(twin.roots(), &chain),
        1,
        AlertDescription::BAD_CERTIFICATE,
        |f| *f == Fault::BadSignature,
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

#[test]
fn only_a_ca_issues() {
    for is_ca in [IsCa::NoCa, IsCa::ExplicitNoCa] {
        let (store, chain) = intermediate_with(|p| p.is_ca = is_ca);
        refused(
            verify_server(store, &chain),
            1,
            AlertDescription::UNKNOWN_CA,
            |f| *f == Fault::NotACa,
        );
    }
    let (store, chain) =
        intermediate_with(|p| p.key_usages = vec![KeyUsagePurpose::DigitalSignature]);
    refused(
        verify_server(store, &chain),
        1,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        |f| {
            *f == Fault::KeyUsage {
                needed: "keyCertSign",
            }
        },
    );
}

#[test]
fn key_usage_and_purpose_of_the_leaf() {
    let pki = TestPki::new();
    let chain = leaf_with(&pki, |p| {
        p.key_usages = vec![KeyUsagePurpose::KeyEncipherment]
    });
    refused(
        verify_server(pki.roots(), &chain),
        0,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        |f| {
            *f == Fault::KeyUsage {
                needed: "digitalSignature",
            }
        },
    );
    // Neither extension is needed.
    let chain = leaf_with(&pki, |p| {
        p.key_usages.clear();
        p.extended_key_usages.clear();
    });
    assert!(verify_server(pki.roots(), &chain).is_ok());
    let chain = leaf_with(&pki, |p| {
        p.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::CodeSigning,
            ExtendedKeyUsagePurpose::Any,
        ];
    });
    assert!(verify_server(pki.roots(), &chain).is_ok());
    // A client's certificate is no server's, and the other way round.
    let (client, _) = pki.issue(&named(&[HOST]), P256);
    refused(
        verify_server(pki.roots(), &client),
        0,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        |f| {
            *f == Fault::ExtendedKeyUsage {
                needed: "serverAuth",
            }
        },
    );
    let (server, _) = pki.leaf(&[HOST], P256);
    refused(
        verify_client(pki.roots(), &server),
        0,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        |f| {
            *f == Fault::ExtendedKeyUsage {
                needed: "clientAuth",
            }
        },
    );
    // A CA's purposes limit those below.
    let (store, chain) =
        intermediate_with(|p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    refused(
        verify_server(store, &chain),
        1,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        |f| {
            *f == Fault::ExtendedKeyUsage {
                needed: "serverAuth",
            }
        },
    );
}

#[test]
fn path_lengths() {
    let root = Ca::root("Root", P256);
    let limited = |limit| {
        let mut params = ca_params("Upper");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(limit));
        root.intermediate_with(params, P256)
    };
    for (limit, fits) in [(0, false), (1, true)] {
        let upper = limited(limit);
        let lower = upper.intermediate("Lower", P256);
        let (leaf, _) = lower.issue_for(&server_params(&[HOST]), P256);
        let result = verify_server(
            roots([&root.certificate]),
            &[leaf, lower.certificate, upper.certificate],
        );
        if fits {
            assert_eq!(result.unwrap().path(), [0, 1, 2]);
        } else {
            refused(result, 2, AlertDescription::UNKNOWN_CA, |f| {
                *f == Fault::PathTooLong { limit: 0 }
            });
        }
    }
    // A self-issued certificate (a change of keys) doesn't count (RFC 5280 6.1.4 (l)).
    let upper = limited(0);
    let renewed = upper.intermediate("Upper", P256);
    let (leaf, _) = renewed.issue_for(&server_params(&[HOST]), P256);
    let chain = [leaf, renewed.certificate, upper.certificate];
    assert_eq!(
        verify_server(roots([&root.certificate]), &chain)
            .unwrap()
            .path(),
        [0, 1, 2]
    );
}

fn extension(oid: &[u64], critical: bool, content: Vec<u8>) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, content);
    extension.set_criticality(critical);
    extension
}

#[test]
fn critical_extensions() {
    let unknown = |critical| extension(&[1, 3, 6, 1, 4, 1, 99_999, 1], critical, vec![5, 0]);
    let pki = TestPki::new();
    let chain = leaf_with(&pki, |p| p.custom_extensions = vec![unknown(false)]);
    assert!(verify_server(pki.roots(), &chain).is_ok());
    let is_it = |f: &Fault| matches!(f, Fault::CriticalExtension { oid } if oid.as_str() == "1.3.6.1.4.1.99999.1");
    let alert = AlertDescription::UNSUPPORTED_CERTIFICATE;
    let chain = leaf_with(&pki, |p| p.custom_extensions = vec![unknown(true)]);
    refused(verify_server(pki.roots(), &chain), 0, alert, is_it);
    let (store, chain) = intermediate_with(|p| p.custom_extensions = vec![unknown(true)]);
    refused(verify_server(store, &chain), 1, alert, is_it);
    // policyConstraints isn't processed yet, so that it isn't let through.
    let policy = extension(&[2, 5, 29, 36], true, vec![0x30, 3, 0x80, 1, 0]);
    let (store, chain) = intermediate_with(|p| p.custom_extensions = vec![policy]);
    refused(
        verify_server(store, &chain),
        1,
        alert,
        |f| matches!(f, Fault::CriticalExtension { oid } if oid.as_str() == "2.5.29.36"),
    );
    // RFC 5280 4.2: no extension twice.
    let chain = leaf_with(&pki, |p| {
        p.custom_extensions = vec![unknown(false), unknown(false)]
    });
    refused(
        verify_server(pki.roots(), &chain),
        0,
        AlertDescription::BAD_CERTIFICATE,
        |f| matches!(f, Fault::Malformed(e) if e.fault == symbolon::error::DecodeFault::Duplicate),
    );
}

/// Says that it signs with another algorithm than it does.
struct Claims<'a>(&'a TestKey, &'static SignatureAlgorithm);

impl PublicKeyData for Claims<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.1
    }
}

impl rcgen::SigningKey for Claims<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign(message)
    }
}

/// Replaces the `n`th occurrences of `from`, for each `n` given.
fn replace(der: &[u8], from: &[u8], to: &[u8], which: &[usize]) -> CertificateDer<'static> {
    let mut out = der.to_vec();
    let starts: Vec<usize> = (0..der.len())
        .filter(|i| der[*i..].starts_with(from))
        .collect();
    for n in which {
        out[starts[*n]..][..to.len()].copy_from_slice(to);
    }
    out.into()
}

#[test]
fn signatures_and_their_algorithms() {
    let pki = TestPki::new();
    let params = server_params(&[HOST]);
    let key = TestKey::fresh(P256);
    let bad = AlertDescription::BAD_CERTIFICATE;
    let unsupported = AlertDescription::UNSUPPORTED_CERTIFICATE;
    let with_leaf = |leaf| [leaf, pki.intermediate.certificate.clone()];

    let stranger = TestKey::fresh(P256);
    let leaf = pki.intermediate.issue_signed_by(&params, &key, &stranger);
    refused(verify_server(pki.roots(), &with_leaf(leaf)), 0, bad, |f| {
        *f == Fault::BadSignature
    });

    let claims = Claims(&pki.intermediate.key, &rcgen::PKCS_ED25519);
    let leaf = pki.intermediate.issue_signed_by(&params, &key, &claims);
    refused(
        verify_server(pki.roots(), &with_leaf(leaf)),
        0,
        unsupported,
        |f| *f == Fault::IssuerKeyKind,
    );

    const ECDSA_SHA256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
    const ECDSA_SHA512: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 4];
    let good = pki.intermediate.issue(&params, &key);
    for which in [0, 1] {
        let leaf = replace(&good, ECDSA_SHA256, ECDSA_SHA512, &[which]);
        refused(verify_server(pki.roots(), &with_leaf(leaf)), 0, bad, |f| {
            *f == Fault::AlgorithmMismatch
        });
    }
    const ECDSA_UNKNOWN: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 99];
    let leaf = replace(&good, ECDSA_SHA256, ECDSA_UNKNOWN, &[0, 1]);
    refused(
        verify_server(pki.roots(), &with_leaf(leaf)),
        0,
        unsupported,
        |f| {
            matches!(f, Fault::SignatureAlgorithm { algorithm }
            if algorithm.as_str() == "1.2.840.10045.4.3.99")
        },
    );

    let rsa = TestPki::with_keys(KeyKind::Rsa2048);
    let good = rsa.intermediate.issue(&params, &key);
    const RSA_SHA256: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 11];
    for (last, name) in [(4, "md5WithRSAEncryption"), (5, "sha1WithRSAEncryption")] {
        let mut broken = RSA_SHA256.to_vec();
        broken[10] = last;
        let leaf = replace(&good, RSA_SHA256, &broken, &[0, 1]);
        let chain = [leaf, rsa.intermediate.certificate.clone()];
        refused(verify_server(rsa.roots(), &chain), 0, bad, |f| {
            *f == Fault::BrokenSignatureAlgorithm { algorithm: name }
        });
    }
}

/// An RSA key of any size that nobody has the private half of.
struct RsaPublic(Vec<u8>);

impl RsaPublic {
    fn of_bits(bits: usize) -> Self {
        let value = |tag: u8, contents: &[u8]| {
            let length = u16::try_from(contents.len()).unwrap().to_be_bytes();
            match length {
                [0, short @ ..=0x7f] => [&[tag, short], contents].concat(),
                [0, long] => [&[tag, 0x81, long], contents].concat(),
                [a, b] => [&[tag, 0x82, a, b], contents].concat(),
            }
        };
        let mut modulus = vec![0xff; bits / 8 + 1];
        modulus[0] = 0;
        let body = [value(2, &modulus), value(2, &[1, 0, 1])].concat();
        Self(value(0x30, &body))
    }
}

impl PublicKeyData for RsaPublic {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }
    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

#[test]
fn sizes_of_rsa_keys() {
    let pki = TestPki::new();
    for (size, fits) in [
        (2048, true),
        (8192, true),
        (1024, false),
        (2040, false),
        (8200, false),
    ] {
        let leaf = pki
            .intermediate
            .issue(&server_params(&[HOST]), &RsaPublic::of_bits(size));
        let result = verify_server(pki.roots(), &[leaf, pki.intermediate.certificate.clone()]);
        if fits {
            assert!(result.is_ok(), "{size}");
        } else {
            refused(result, 0, AlertDescription::BAD_CERTIFICATE, |f| {
                *f == Fault::KeySize { bits: size }
            });
        }
    }
}

fn constrained(permitted: Vec<GeneralSubtree>, excluded: Vec<GeneralSubtree>) -> Ca {
    let mut params = ca_params("Constrained");
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: permitted,
        excluded_subtrees: excluded,
    });
    Ca::root("Root", P256).intermediate_with(params, P256)
}

/// Whether a leaf with these names gets through; the constrained CA stands in as the root, once
/// by its certificate in the store and once below another root.
#[track_caller]
fn passes(ca: &Ca, params: &CertificateParams) -> bool {
    let (leaf, _) = ca.issue_for(params, P256);
    let as_root = verify_client(roots([&ca.certificate]), std::slice::from_ref(&leaf));
    let root = Ca::root("Root", P256);
    let below = verify_client(roots([&root.certificate]), &[leaf, root.cross_sign(ca)]);
    for result in [&as_root, &below] {
        if let Err(error) = result {
            assert!(
                matches!(error.fault, Fault::NameNotAllowed { .. }),
                "{error}"
            );
            assert_eq!(error.index, Some(0));
            assert_eq!(error.alert(), AlertDescription::CERTIFICATE_UNKNOWN);
        }
    }
    assert_eq!(as_root.is_ok(), below.is_ok());
    as_root.is_ok()
}

fn named(names: &[&str]) -> CertificateParams {
    let mut params = client_params("x");
    params.subject_alt_names = server_params(names).subject_alt_names;
    params
}

#[test]
fn name_constraints() {
    let dns = |name: &str| GeneralSubtree::DnsName(name.into());
    let ca = constrained(vec![dns("example.com")], vec![dns("bad.example.com")]);
    for (names, fits) in [
        (&["example.com"][..], true),
        (&["a.b.example.com"], true),
        (&["EXAMPLE.com"], true),
        (&["example.org"], false),
        (&["notexample.com"], false),
        (&["a.example.com", "example.org"], false),
        (&["bad.example.com"], false),
        (&["x.bad.example.com"], false),
        // The wildcard stands for the excluded host as well.
        (&["*.example.com"], false),
        (&["*.a.example.com"], true),
        // Nothing is said of addresses.
        (&["192.0.2.1"], true),
        (&[], true),
    ] {
        assert_eq!(passes(&ca, &named(names)), fits, "{names:?}");
    }

    let range = |a, b, c, d, prefix| {
        let address = IpAddr::V4(Ipv4Addr::new(a, b, c, d));
        GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(address, prefix))
    };
    let ca = constrained(vec![range(10, 0, 0, 0, 8)], vec![range(10, 9, 0, 0, 16)]);
    for (name, fits) in [
        ("10.1.2.3", true),
        ("11.1.2.3", false),
        ("10.9.2.3", false),
        ("2001:db8::1", false),
        ("example.com", true),
    ] {
        assert_eq!(passes(&ca, &named(&[name])), fits, "{name}");
    }

    // Directory names, in any letter case and string type (RFC 5280 7.1).
    let mut base = rcgen::DistinguishedName::new();
    base.push(
        DnType::OrganizationName,
        DnValue::PrintableString("SYMBOLON  Test".try_into().unwrap()),
    );
    let ca = constrained(vec![GeneralSubtree::DirectoryName(base.clone())], vec![]);
    assert!(passes(&ca, &named(&[])));
    let mut foreign = named(&[]);
    foreign.distinguished_name.remove(DnType::OrganizationName);
    foreign
        .distinguished_name
        .push(DnType::OrganizationName, "another");
    assert!(!passes(&ca, &foreign));
    let ca = constrained(vec![], vec![GeneralSubtree::DirectoryName(base)]);
    assert!(!passes(&ca, &named(&[])));
    assert!(passes(&ca, &foreign));
}

#[test]
fn constraints_on_forms_that_are_not_known() {
    let root = Ca::root("Root", P256);
    let mut params = ca_params("Constrained");
    params.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::Rfc822Name("example.com".into())],
        excluded_subtrees: vec![],
    });
    let ca = root.intermediate_with(params, P256);
    let mut with_mail = client_params("x");
    with_mail.subject_alt_names = vec![SanType::Rfc822Name("a@example.com".try_into().unwrap())];
    let (leaf, _) = ca.issue_for(&with_mail, P256);
    refused(
        verify_client(roots([&root.certificate]), &[leaf, ca.certificate.clone()]),
        0,
        AlertDescription::CERTIFICATE_UNKNOWN,
        |f| *f == Fault::NameForm { form: "rfc822Name" },
    );
    // It hinders nobody who has no such name.
    let (leaf, _) = ca.issue_for(&client_params("x"), P256);
    assert!(verify_client(roots([&root.certificate]), &[leaf, ca.certificate]).is_ok());
}

#[test]
fn constraints_cost_no_more_than_the_budget() {
    let subtrees = (0..100).map(|i| GeneralSubtree::DnsName(format!("d{i}.example.com")));
    let ca = constrained(vec![], subtrees.collect());
    let names: Vec<String> = (0..100).map(|i| format!("n{i}.example.net")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (leaf, _) = ca.issue_for(&named(&names), P256);
    let request = request(&[leaf], Role::Client, None);
    // The subject is compared as well.
    for (comparisons, fits) in [(10_100, true), (10_099, false)] {
        let verifier = PathVerifier::new(roots([&ca.certificate])).with_budget(Budget {
            comparisons,
            ..Budget::default()
        });
        let result = verifier.verify_now(&request, &RUSTCRYPTO.verify);
        if fits {
            assert!(result.is_ok());
        } else {
            refused(result, None, AlertDescription::CERTIFICATE_UNKNOWN, |f| {
                *f == Fault::OutOfBudget
            });
        }
    }
}

#[test]
fn intermediates_in_any_order_with_others_among_them() {
    let root = Ca::root("Root", P256);
    let upper = root.intermediate("Upper", P256);
    let lower = upper.intermediate("Lower", P256);
    let (leaf, _) = lower.issue_for(&server_params(&[HOST]), P256);
    let stranger = Ca::root("Stranger", P256);
    let store = || roots([&root.certificate]);

    let ordered = [
        leaf.clone(),
        lower.certificate.clone(),
        upper.certificate.clone(),
    ];
    assert_eq!(verify_server(store(), &ordered).unwrap().path(), [0, 1, 2]);
    let shuffled = [
        leaf.clone(),
        stranger.certificate.clone(),
        upper.certificate.clone(),
        leaf.clone(),
        root.certificate.clone(),
        lower.certificate.clone(),
    ];
    assert_eq!(verify_server(store(), &shuffled).unwrap().path(), [0, 5, 2]);
}

#[test]
fn cross_signed_intermediates() {
    let old = Ca::root("Old Root", P256);
    let new = Ca::root("New Root", P256);
    let middle = new.intermediate("Middle", P256);
    let by_old = old.cross_sign(&middle);
    let new_by_old = old.cross_sign(&new);
    let (leaf, _) = middle.issue_for(&server_params(&[HOST]), P256);
    let by_new = middle.certificate.clone();

    let both = [leaf.clone(), by_old.clone(), by_new.clone()];
    let path = |store, chain: &[_]| verify_server(store, chain).unwrap().path().to_vec();
    assert_eq!(path(roots([&old.certificate]), &both), [0, 1]);
    assert_eq!(path(roots([&new.certificate]), &both), [0, 2]);
    // The new root, signed by the old one, leads on to it.
    let bridge = [leaf.clone(), by_new.clone(), new_by_old];
    assert_eq!(path(roots([&old.certificate]), &bridge), [0, 1, 2]);
    assert_eq!(path(roots([&new.certificate]), &bridge), [0, 1]);

    // A version that doesn't hold is left for one that does; if none does, it says why.
    let mut ended = middle.params.clone();
    ended.not_after = date_time_ymd(2025, 1, 1);
    let expired = new.issue(&ended, &middle.key);
    let chain = [leaf.clone(), expired.clone(), by_old];
    assert_eq!(
        path(roots([&old.certificate, &new.certificate]), &chain),
        [0, 2]
    );
    refused(
        verify_server(roots([&new.certificate]), &chain),
        1,
        AlertDescription::CERTIFICATE_EXPIRED,
        |f| matches!(f, Fault::Expired { .. }),
    );

    // Two that have signed each other lead in no circle.
    let a = Ca::root("A", P256);
    let b = Ca::root("B", P256);
    let (leaf, _) = a.issue_for(&server_params(&[HOST]), P256);
    let chain = [
        leaf,
        b.cross_sign(&a),
        a.cross_sign(&b),
        a.certificate.clone(),
    ];
    refused(
        verify_server(roots([&old.certificate]), &chain),
        2,
        AlertDescription::UNKNOWN_CA,
        |f| matches!(f, Fault::UnknownIssuer { .. }),
    );
}

#[test]
fn same_name_and_another_key() {
    let root = Ca::root("Root", P256);
    let right = root.intermediate("Middle", P256);
    let wrong = root.intermediate("Middle", P256);
    let mut params = server_params(&[HOST]);
    for hint in [true, false] {
        // Without key identifiers it has to be found out by trying.
        params.use_authority_key_identifier_extension = hint;
        let (leaf, _) = right.issue_for(&params, P256);
        let chain = [leaf, wrong.certificate.clone(), right.certificate.clone()];
        let verified = verify_server(roots([&root.certificate]), &chain).unwrap();
        assert_eq!(verified.path(), [0, 2]);
        let budget = |signatures| {
            PathVerifier::new(roots([&root.certificate]))
                .with_budget(Budget {
                    signatures,
                    ..Budget::default()
                })
                .verify_now(
                    &request(&chain, Role::Server, Some(HOST)),
                    &RUSTCRYPTO.verify,
                )
        };
        // Two for each path tried.
        let enough = if hint { 2 } else { 4 };
        assert!(budget(enough).is_ok());
        refused(
            budget(enough - 1),
            None,
            AlertDescription::CERTIFICATE_UNKNOWN,
            |f| *f == Fault::OutOfBudget,
        );
    }
}

#[test]
fn a_crowd_of_issuers_with_one_name_runs_out_of_budget() {
    // Each may have issued each other: as many paths as there are orders.
    let crowd: Vec<Ca> = (0..12).map(|_| Ca::root("Crowd", P256)).collect();
    let mut params = server_params(&[HOST]);
    params.use_authority_key_identifier_extension = false;
    let (leaf, _) = crowd[0].issue_for(&params, P256);
    let mut chain = vec![leaf];
    chain.extend(crowd.iter().map(|ca| ca.certificate.clone()));
    let out_of_budget = |f: &Fault| *f == Fault::OutOfBudget;
    let alert = AlertDescription::CERTIFICATE_UNKNOWN;
    let stranger = Ca::root("Stranger", P256);
    refused(
        verify_server(roots([&stranger.certificate]), &chain),
        None,
        alert,
        out_of_budget,
    );
    // With a root of that name there are signatures to verify at every step: no more than allowed.
    let twin = Ca::root("Crowd", P256);
    refused(
        verify_server(roots([&twin.certificate]), &chain),
        None,
        alert,
        out_of_budget,
    );
    // And more certificates than are looked at.
    let many = vec![chain[0].clone(); 101];
    refused(
        verify_server(roots([&twin.certificate]), &many),
        None,
        alert,
        out_of_budget,
    );
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

#[test]
fn every_fault_has_words() {
    let pki = TestPki::new();
    let (chain, _): Identity = pki.leaf(&["other.example.com"], P256);
    let error = verify_server(pki.roots(), &chain).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the peer's certificate (CN=server,O=symbolon test) is not for host.example.com \
         but for other.example.com"
    );
    assert_eq!(error.rule(), Some("RFC 9525 6"));
    assert!(error.remedy().is_some());
}
