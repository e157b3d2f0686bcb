//! What the profiles ask for, what is distrusted, and certificate policies.

use super::*;
use crate::faults::RsaPublic;
use sha2::{Digest, Sha256};
use symbolon::error::DecodeFault;
use symbolon::pki::InitialPolicies;

/// Verifies a server's chain by both profiles.
fn by_both(
    roots: RootStore,
    chain: &[CertificateDer<'static>],
) -> [Result<VerifiedChain, CertificateError>; 2] {
    [Profile::PRIVATE, Profile::WEB].map(|profile| {
        PathVerifier::new(roots.clone())
            .with_profile(profile)
            .verify_now(
                &request(chain, Role::Server, Some(HOST)),
                &RUSTCRYPTO.verify,
            )
    })
}

/// Accepted by the private profile, and by the web's only without this fault.
#[track_caller]
fn only_private(
    roots: RootStore,
    chain: &[CertificateDer<'static>],
    index: usize,
    alert: AlertDescription,
    fault: &Fault,
) {
    let [private, web] = by_both(roots, chain);
    assert!(private.is_ok(), "{private:?}");
    refused(web, index, alert, |f| f == fault);
}

#[test]
fn the_private_profile_is_the_default_and_takes_in_the_webs() {
    assert_eq!(Profile::default(), Profile::PRIVATE);
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    for result in by_both(pki.roots(), &chain) {
        assert_eq!(result.unwrap().path(), [0, 1]);
    }
}

#[test]
fn what_the_web_profile_asks_for() {
    let pki = TestPki::new();
    let unsupported = AlertDescription::UNSUPPORTED_CERTIFICATE;
    let bad = AlertDescription::BAD_CERTIFICATE;
    let purpose = Fault::ExtendedKeyUsage {
        needed: "serverAuth",
    };
    let chain = leaf_with(&pki, |p| p.extended_key_usages.clear());
    only_private(pki.roots(), &chain, 0, unsupported, &purpose);

    let chain = leaf_with(&pki, |p| {
        p.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    });
    only_private(pki.roots(), &chain, 0, unsupported, &Fault::CaAsEndEntity);

    let long = rcgen::SerialNumber::from(vec![0xff; 20]);
    let chain = leaf_with(&pki, |p| p.serial_number = Some(long));
    only_private(pki.roots(), &chain, 0, bad, &Fault::Serial);
    let zero = rcgen::SerialNumber::from(vec![0]);
    let chain = leaf_with(&pki, |p| p.serial_number = Some(zero));
    only_private(pki.roots(), &chain, 0, bad, &Fault::Serial);

    let (store, chain) = intermediate_with(|p| p.key_usages.clear());
    let usage = Fault::KeyUsage {
        needed: "keyCertSign",
    };
    only_private(store, &chain, 1, unsupported, &usage);

    let (chain, _) = pki.leaf(&[HOST], KeyKind::Ed25519);
    let [private, web] = by_both(pki.roots(), &chain);
    assert!(private.is_ok());
    refused(
        web,
        0,
        unsupported,
        |f| matches!(f, Fault::KeyKind { kind } if kind.as_str() == "Ed25519"),
    );
}

#[test]
fn versions() {
    // A certificate of version 1: no version, no extensions.
    let root = Ca::root("Root", P256);
    let key = TestKey::fresh(P256);
    let modern = root.issue(&client_params("x"), &key);
    let modern = Certificate::parse(&modern).unwrap();
    let algorithm = der(
        0x30,
        &[&der(6, &[&[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2]])],
    );
    let time = |text: &str| der(0x17, &[text.as_bytes()]);
    let tbs = der(
        0x30,
        &[
            &der(2, &[&[1]]),
            &algorithm,
            &der(0x30, &[modern.issuer().contents()]),
            &der(0x30, &[&time("200101000000Z"), &time("400101000000Z")]),
            &der(0x30, &[modern.subject().contents()]),
            modern.subject_public_key_info(),
        ],
    );
    let signature = rcgen::SigningKey::sign(&root.key, &tbs).unwrap();
    let old: CertificateDer<'static> =
        der(0x30, &[&tbs, &algorithm, &der(3, &[&[0], &signature])]).into();
    assert_eq!(Certificate::parse(&old).unwrap().version(), 1);
    let verify = |profile, chain: &[_]| {
        PathVerifier::new(roots([&root.certificate]))
            .with_profile(profile)
            .verify_now(&request(chain, Role::Client, None), &RUSTCRYPTO.verify)
    };
    let chain = [old];
    assert!(verify(Profile::PRIVATE, &chain).is_ok());
    refused(
        verify(Profile::WEB, &chain),
        0,
        AlertDescription::UNSUPPORTED_CERTIFICATE,
        |f| *f == Fault::Version { version: 1 },
    );
}

#[test]
fn exponents_of_rsa_keys() {
    let pki = TestPki::new();
    let mut modulus = vec![0xff; 257];
    modulus[0] = 0;
    let bad = AlertDescription::BAD_CERTIFICATE;
    for (exponent, fault) in [
        (&[3][..], None),
        (&[1, 0, 1], None),
        (&[1, 0xff, 0xff, 0xff, 0xff], None),
        (&[1], Some(Fault::KeyExponent)),
        (&[2], Some(Fault::KeyExponent)),
        (&[1, 0, 0], Some(Fault::KeyExponent)),
        (&[3, 0xff, 0xff, 0xff, 0xff], Some(Fault::KeyExponent)),
    ] {
        let key = RsaPublic::new(&modulus, exponent);
        let leaf = pki.intermediate.issue(&server_params(&[HOST]), &key);
        let chain = [leaf, pki.intermediate.certificate.clone()];
        let result = verify_server(pki.roots(), &chain);
        match fault {
            None => assert!(result.is_ok(), "{exponent:?}: {result:?}"),
            Some(fault) => refused(result, 0, bad, |f| *f == fault),
        }
    }
    // Numbers that are none: zero, negative, with an octet too many.
    for exponent in [&[0][..], &[0x80, 1], &[0, 3]] {
        let key = RsaPublic::new(&modulus, exponent);
        let leaf = pki.intermediate.issue(&server_params(&[HOST]), &key);
        let chain = [leaf, pki.intermediate.certificate.clone()];
        refused(
            verify_server(pki.roots(), &chain),
            0,
            bad,
            |f| matches!(f, Fault::Malformed(e) if e.what == "RSAPublicKey.publicExponent"),
        );
    }
}

#[test]
fn distrusted_certificates_and_keys() {
    let pki = TestPki::new();
    let (chain, _) = pki.leaf(&[HOST], P256);
    let alert = AlertDescription::CERTIFICATE_UNKNOWN;
    let hash = |bytes: &[u8]| -> [u8; 32] { Sha256::digest(bytes).into() };
    let key_of = |der: &[u8]| hash(Certificate::parse(der).unwrap().subject_public_key_info());
    let request = request(&chain, Role::Server, Some(HOST));
    let verify = |verifier: PathVerifier| verifier.verify_now(&request, &RUSTCRYPTO.verify);
    let verifier = || PathVerifier::new(pki.roots());

    for (index, certificate) in chain.iter().enumerate() {
        refused(
            verify(verifier().distrust_certificates([[0; 32], hash(certificate)])),
            index,
            alert,
            |f| *f == Fault::Distrusted { key: false },
        );
        refused(
            verify(verifier().distrust_keys([key_of(certificate)])),
            index,
            alert,
            |f| *f == Fault::Distrusted { key: true },
        );
    }
    // A root's key; its certificate isn't part of a path.
    let error = verify(verifier().distrust_keys([key_of(&pki.root())])).unwrap_err();
    assert_eq!(error.fault, Fault::Distrusted { key: true });
    assert_eq!(error.index, None);
    assert_eq!(
        error.subject.unwrap().as_str(),
        "CN=Test Root,O=symbolon test"
    );
    assert!(verify(verifier().distrust_certificates([hash(&pki.root())])).is_ok());

    // Another path is taken where there is one.
    let other = Ca::root("Other Root", P256);
    let cross = other.cross_sign(&pki.intermediate);
    let chain = [chain[0].clone(), chain[1].clone(), cross];
    let both = PathVerifier::new(roots([&pki.root(), &other.certificate]))
        .distrust_keys([key_of(&pki.root())]);
    let verified = both.verify_now(
        &super::request(&chain, Role::Server, Some(HOST)),
        &RUSTCRYPTO.verify,
    );
    assert_eq!(verified.unwrap().path(), [0, 2]);
}

#[test]
fn other_rules_are_another_identity() {
    let pki = TestPki::new();
    let verifier = || PathVerifier::new(pki.roots());
    let identities = [
        verifier(),
        verifier().with_profile(Profile::WEB),
        verifier().with_policies(InitialPolicies::one_of(&["1.2.3"]).unwrap()),
        verifier().distrust_keys([[1; 32]]),
        verifier().distrust_certificates([[1; 32]]),
        PathVerifier::new(RootStore::new()),
    ]
    .map(|verifier| verifier.identity().unwrap());
    for (i, one) in identities.iter().enumerate() {
        assert!(!identities[..i].contains(one), "{i}");
    }
    assert_eq!(verifier().identity(), Some(identities[0]));
    let same = verifier().with_root_hints().with_budget(Budget::default());
    assert_eq!(same.identity(), Some(identities[0]));
}

fn oid_of(policy: &str) -> Vec<u8> {
    der(6, &[&InitialPolicies::one_of(&[policy]).unwrap().set[0]])
}

/// `certificatePolicies` of these.
fn policies(policies: &[&str]) -> CustomExtension {
    let list: Vec<Vec<u8>> = policies
        .iter()
        .map(|policy| der(0x30, &[&oid_of(policy)]))
        .collect();
    CustomExtension::from_oid_content(&[2, 5, 29, 32], der(0x30, &[&list.concat()]))
}

/// `policyMappings` of these.
fn mappings(pairs: &[(&str, &str)]) -> CustomExtension {
    let list: Vec<Vec<u8>> = pairs
        .iter()
        .map(|(issuer, subject)| der(0x30, &[&oid_of(issuer), &oid_of(subject)]))
        .collect();
    CustomExtension::from_oid_content(&[2, 5, 29, 33], der(0x30, &[&list.concat()]))
}

const DOMAIN_VALIDATED: &str = "2.23.140.1.2.1";

#[test]
fn a_policy_that_is_asked_for() {
    let root = Ca::root("Root", P256);
    let alert = AlertDescription::CERTIFICATE_UNKNOWN;
    for (above, below, holds) in [
        (&[DOMAIN_VALIDATED][..], &[DOMAIN_VALIDATED][..], true),
        (&["2.5.29.32.0"], &[DOMAIN_VALIDATED, "1.2.3"], true),
        (&[DOMAIN_VALIDATED], &["2.5.29.32.0"], true),
        (&[DOMAIN_VALIDATED], &["1.2.3"], false),
        (&["1.2.3"], &["1.2.3"], false),
        (&[], &[DOMAIN_VALIDATED], false),
        (&[DOMAIN_VALIDATED], &[], false),
    ] {
        let extension = |list: &[&str]| match list.is_empty() {
            true => vec![],
            false => vec![policies(list)],
        };
        let mut params = ca_params("Intermediate");
        params.custom_extensions = extension(above);
        let ca = root.intermediate_with(params, P256);
        let mut params = server_params(&[HOST]);
        params.custom_extensions = extension(below);
        let (leaf, _) = ca.issue_for(&params, P256);
        let chain = [leaf, ca.certificate];
        // Nobody asks by default.
        assert!(verify_server(roots([&root.certificate]), &chain).is_ok());
        let asked = InitialPolicies::one_of(&[DOMAIN_VALIDATED, "1.2.4"]).unwrap();
        let result = PathVerifier::new(roots([&root.certificate]))
            .with_policies(asked)
            .verify_now(
                &request(&chain, Role::Server, Some(HOST)),
                &RUSTCRYPTO.verify,
            );
        if holds {
            assert!(result.is_ok(), "{above:?} {below:?}: {result:?}");
        } else {
            let index = if above.is_empty() { 1 } else { 0 };
            refused(result, index, alert, |f| *f == Fault::NoPolicy);
        }
    }
    assert_eq!(InitialPolicies::one_of(&["1.2.3", "policy"]), None);
}

#[test]
fn malformed_policies() {
    let bad = AlertDescription::BAD_CERTIFICATE;
    let of = |extension: CustomExtension| {
        let (store, chain) = intermediate_with(|p| p.custom_extensions = vec![extension]);
        verify_server(store, &chain)
    };
    let raw =
        |arc, bytes: &[u8]| CustomExtension::from_oid_content(&[2, 5, 29, arc], bytes.to_vec());
    for (extension, what, fault) in [
        (
            policies(&["1.2.3", "1.2.3"]),
            "certificatePolicies",
            DecodeFault::Duplicate,
        ),
        (
            mappings(&[("2.5.29.32.0", "1.2.3")]),
            "policyMappings",
            DecodeFault::BadValue,
        ),
        (
            mappings(&[("1.2.3", "2.5.29.32.0")]),
            "policyMappings",
            DecodeFault::BadValue,
        ),
        (
            raw(32, &[0x30, 0]),
            "certificatePolicies",
            DecodeFault::BadLength,
        ),
        (
            raw(33, &[0x30, 0]),
            "policyMappings",
            DecodeFault::BadLength,
        ),
        (
            raw(36, &[0x30, 0]),
            "policyConstraints",
            DecodeFault::BadLength,
        ),
        (
            raw(36, &[0x30, 3, 0x80, 1, 0xff]),
            "policyConstraints",
            DecodeFault::BadValue,
        ),
        (
            raw(54, &[2, 1, 0xff]),
            "inhibitAnyPolicy",
            DecodeFault::BadValue,
        ),
        (
            raw(54, &[2, 2, 0, 1]),
            "inhibitAnyPolicy",
            DecodeFault::BadValue,
        ),
    ] {
        refused(
            of(extension),
            1,
            bad,
            |f| matches!(f, Fault::Malformed(e) if e.what == what && e.fault == fault),
        );
    }
}

#[test]
fn rfc_9618_policies_that_grow_as_a_tree_and_not_as_a_graph() {
    // Each CA maps each of its policies to each: a tree would have 40^9 leaves.
    let names: Vec<String> = (0..40).map(|i| format!("1.2.3.{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let pairs: Vec<(&str, &str)> = names
        .iter()
        .flat_map(|a| names.iter().map(move |b| (*a, *b)))
        .collect();
    let root = Ca::root("Root", P256);
    let mut chain = Vec::new();
    let mut above = &root;
    let cas: Vec<Ca> = {
        let mut cas: Vec<Ca> = Vec::new();
        for i in 0..9 {
            let mut params = ca_params(&format!("CA {i}"));
            params.custom_extensions = vec![policies(&names), mappings(&pairs)];
            let issuer = cas.last().unwrap_or(above);
            let ca = issuer.intermediate_with(params, P256);
            cas.push(ca);
        }
        cas
    };
    above = cas.last().unwrap();
    let mut params = server_params(&[HOST]);
    params.custom_extensions = vec![policies(&names[..1])];
    chain.push(above.issue_for(&params, P256).0);
    chain.extend(cas.iter().rev().map(|ca| ca.certificate.clone()));
    let verify = |wanted: &str| {
        PathVerifier::new(roots([&root.certificate]))
            .with_policies(InitialPolicies::one_of(&[wanted]).unwrap())
            .verify_now(
                &request(&chain, Role::Server, Some(HOST)),
                &RUSTCRYPTO.verify,
            )
    };
    assert_eq!(verify("1.2.3.39").unwrap().path().len(), 10);
    refused(
        verify("1.2.3.40"),
        0,
        AlertDescription::CERTIFICATE_UNKNOWN,
        |f| *f == Fault::NoPolicy,
    );
}
