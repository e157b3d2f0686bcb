//! For `linear.sh`, which counts instructions under valgrind: one input that grows with a number.

use crate::common::certs::{KeyKind, NOW, TestPki, peer_chain, roots, server_params};
use crate::common::rogue::World;
use crate::work::{growing, receive};
use rcgen::{
    CertificateRevocationListParams, GeneralSubtree, KeyIdMethod, NameConstraints,
    RevokedCertParams, SerialNumber, date_time_ymd,
};
use std::hint::black_box;
use symbolon::config::{ClientSessionStore, MemoryClientSessions};
use symbolon::pki::{Crl, Decision, PathVerifier, Role, Verifier, VerifyRequest};
use symbolon::provider::RUSTCRYPTO;

/// What is counted.
#[inline(never)]
fn measured<T>(run: impl FnOnce() -> T) -> T {
    black_box(run())
}

/// A leaf with so many names, below a CA with so many constraints, after so many others in the chain.
fn verify(names: usize, constraints: usize, others: usize) {
    let pki = TestPki::new();
    let mut params = crate::common::certs::ca_params("constrained");
    let name = |i: usize| format!("host{i}.example");
    let permitted = (0..constraints).map(|i| GeneralSubtree::DnsName(name(i + 100_000)));
    let permitted = permitted.chain([GeneralSubtree::DnsName("example".into())]);
    if constraints > 0 {
        params.name_constraints = Some(NameConstraints {
            permitted_subtrees: permitted.collect(),
            excluded_subtrees: vec![],
        });
    }
    let ca = pki.root.intermediate_with(params, KeyKind::EcdsaP256);
    let all: Vec<String> = (0..names)
        .map(name)
        .chain(["server.example".into()])
        .collect();
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    let (leaf, _) = ca.issue_for(&server_params(&all), KeyKind::EcdsaP256);
    let others = (0..others).map(|_| pki.intermediate.certificate.clone());
    let chain: Vec<_> = [leaf]
        .into_iter()
        .chain(others)
        .chain([ca.certificate.clone()])
        .collect();
    let verifier = PathVerifier::new(roots([&pki.root.certificate]));
    let request = VerifyRequest {
        chain: peer_chain(&chain),
        role: Role::Server,
        name: Some("server.example".try_into().unwrap()),
        now: NOW,
    };
    let verdict = measured(|| verifier.verify(&request, &RUSTCRYPTO.verify));
    assert!(matches!(verdict, Decision::Now(Ok(_))), "{verdict:?}");
}

fn crl(entries: usize) {
    let pki = TestPki::new();
    let revoked = |i: usize| RevokedCertParams {
        serial_number: SerialNumber::from(u64::try_from(i).unwrap() + 1000),
        revocation_time: date_time_ymd(2025, 1, 1),
        reason_code: None,
        invalidity_date: None,
    };
    let params = CertificateRevocationListParams {
        this_update: date_time_ymd(2025, 1, 1),
        next_update: date_time_ymd(2030, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: (0..entries).map(revoked).collect(),
        key_identifier_method: KeyIdMethod::PreSpecified(vec![1; 20]),
    };
    let issuer = rcgen::Issuer::from_params(&pki.root.params, &pki.root.key);
    let der = params.signed_by(&issuer).unwrap();
    let count = measured(|| Crl::parse(der.der()).unwrap().revoked().count());
    assert_eq!(count, entries);
}

/// Puts the sessions of one handshake into a store over and over, and takes them out.
fn store(count: usize) {
    let store = MemoryClientSessions::new(1 << 20, 1 << 30);
    let (sessions, scope, now) = crate::work::sessions(count);
    measured(|| {
        for session in sessions {
            store.put(session);
        }
        let name = "server.example".try_into().unwrap();
        let mut taken = 0;
        while store.take(&name, scope, now).is_some() {
            taken += 1;
        }
        assert!(taken > 0);
    });
}

#[test]
#[ignore = "tests/bounds/linear.sh runs it"]
fn one() {
    let variable = |name| std::env::var(name).expect("tests/bounds/linear.sh sets it");
    let (what, n): (String, usize) = (variable("GROWS"), variable("N").parse().unwrap());
    match what.as_str() {
        "names" => verify(n, 0, 0),
        "constraints" => verify(0, n, 0),
        "chain" => verify(0, 0, n.min(90)),
        "crl" => crl(n),
        "store" => store(n),
        what => {
            let world = World::new();
            let bytes = growing(&world, what, n);
            measured(|| receive(&world, &bytes));
        }
    }
}
