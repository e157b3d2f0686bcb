//! Parsing and verifying certificates beside `rustls-webpki`, which gets the same algorithms for
//! signatures: what differs is the reading and the search for a path.

#[path = "../tests/common/certs.rs"]
mod certs;

use certs::{KeyKind, NOW, TestPki, peer_chain};
use criterion::{Criterion, criterion_group, criterion_main};
use rustls_pki_types::{CertificateDer, ServerName, TrustAnchor};
use std::hint::black_box;
use symbolon::pki::{Certificate, PathVerifier, Role, RootStore, VerifyRequest};
use symbolon::provider::RUSTCRYPTO;
use webpki::{EndEntityCert, KeyUsage};

const HOST: &str = "www.example.com";

/// As a web server's: a few names, and the extensions that public CAs put in.
fn chain() -> (TestPki, Vec<CertificateDer<'static>>) {
    let pki = TestPki::new();
    let names = [HOST, "example.com", "*.cdn.example.com", "mail.example.com"];
    let (chain, _) = pki.leaf(&names, KeyKind::EcdsaP256);
    (pki, chain)
}

fn parse(c: &mut Criterion) {
    let (_, chain) = chain();
    let mut group = c.benchmark_group("trust/parse");
    for (what, der) in [("leaf", &chain[0]), ("intermediate", &chain[1])] {
        group.bench_function(format!("{what}/symbolon"), |b| {
            b.iter(|| Certificate::parse(black_box(der)).map(black_box).is_ok());
        });
        group.bench_function(format!("{what}/webpki"), |b| {
            b.iter(|| {
                EndEntityCert::try_from(black_box(der))
                    .map(black_box)
                    .is_ok()
            });
        });
    }
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS;
    group.bench_function("mozilla/symbolon", |b| {
        b.iter(|| {
            let parsed = roots.iter().filter(|der| Certificate::parse(der).is_ok());
            assert_eq!(black_box(parsed.count()), roots.len());
        });
    });
    group.bench_function("mozilla/webpki", |b| {
        b.iter(|| {
            let parsed = roots
                .iter()
                .filter(|der| EndEntityCert::try_from(*der).is_ok());
            assert_eq!(black_box(parsed.count()), roots.len());
        });
    });
    group.finish();
}

fn verify(c: &mut Criterion) {
    let (pki, chain) = chain();
    let name = ServerName::try_from(HOST).expect("it is a name");
    let among = || -> RootStore {
        let mut roots = pki.roots();
        roots.extend(webpki_roots::TLS_SERVER_ROOTS);
        roots
    };
    let mut group = c.benchmark_group("trust/verify");
    for (what, roots) in [("one root", pki.roots()), ("the web's roots", among())] {
        let anchors: Vec<TrustAnchor<'static>> = roots.anchors().cloned().collect();
        // With every signature verified anew, and with none.
        let cold = PathVerifier::new(roots).with_signature_memo(0);
        let warm = cold.clone().with_signature_memo(8);
        let request = VerifyRequest {
            chain: peer_chain(&chain),
            role: Role::Server,
            name: Some(name.clone()),
            now: NOW,
        };
        for (memo, verifier) in [("cold", cold), ("warm", warm)] {
            group.bench_function(format!("{what}/symbolon, {memo} memo"), |b| {
                b.iter(|| {
                    let verdict = verifier.verify_now(black_box(&request), &RUSTCRYPTO.verify);
                    black_box(verdict.expect("it holds"));
                });
            });
        }
        group.bench_function(format!("{what}/webpki"), |b| {
            b.iter(|| {
                let leaf = EndEntityCert::try_from(black_box(&chain[0])).expect("it parses");
                let (usage, all) = (KeyUsage::server_auth(), RUSTCRYPTO.verify.all);
                let above = black_box(&chain[1..]);
                leaf.verify_for_usage(all, &anchors, above, NOW, usage, None, None)
                    .map(|_| ())
                    .and_then(|()| leaf.verify_is_valid_for_subject_name(&name))
                    .expect("it holds");
            });
        });
    }
    group.finish();
}

criterion_group!(benches, parse, verify);
criterion_main!(benches);
