//! The key schedules of both versions, for each hash.

use criterion::{Criterion, criterion_group, criterion_main};
use std::hint::black_box;
use symbolon::crypto::{Aead, Hash, HashOutput, HashSecret, SharedSecret, Tls12Suite};
use symbolon::keys::tls12::{self, KeyBlock, Prf, Randoms, extended_master_secret};
use symbolon::keys::tls13::{Early, finished, hkdf_expand_label, next_traffic_secret, traffic_key};
use symbolon::provider::rustcrypto::{
    ECDHE_ECDSA_AES_128_GCM, ECDHE_ECDSA_AES_256_GCM, TLS_AES_128_GCM_SHA256,
    TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256,
};

fn hashes() -> [(&'static str, &'static dyn Hash); 2] {
    [
        ("SHA-256", TLS_AES_128_GCM_SHA256.hash),
        ("SHA-384", TLS_AES_256_GCM_SHA384.hash),
    ]
}

/// All secrets of a full handshake without a PSK, as either side derives them.
fn schedule(hash: &'static dyn Hash, shared: &SharedSecret, transcript: &HashOutput) {
    let mut handshake = Early::new(hash, None)
        .into_handshake(Some(shared))
        .expect("derives");
    black_box(handshake.traffic_secrets(transcript).expect("derives"));
    let main = handshake.into_main().expect("derives");
    black_box(main.application_secrets(transcript).expect("derives"));
    black_box(main.resumption_secret(transcript).expect("derives"));
}

/// The same for TLS 1.2: master secret, traffic keys and both Finished.
fn tls12_schedule(suite: &Tls12Suite, shared: &SharedSecret, transcript: &HashOutput) {
    let randoms = Randoms {
        client: &[1; 32],
        server: &[2; 32],
    };
    let master = extended_master_secret(suite.hash, shared.expose(), transcript);
    let prf = Prf::new(suite.hash, master.expose());
    black_box(KeyBlock::new(suite, &prf, randoms));
    for by_client in [true, false] {
        let finished = tls12::finished(&prf, by_client, transcript);
        black_box(finished);
    }
}

fn tls12_secrets(c: &mut Criterion) {
    let suites = [
        ("SHA-256", &ECDHE_ECDSA_AES_128_GCM),
        ("SHA-384", &ECDHE_ECDSA_AES_256_GCM),
    ];
    for (name, suite) in suites {
        let transcript = suite.hash.hash(&[b"transcript"]);
        let shared = SharedSecret::zeroed(32);
        let mut group = c.benchmark_group(format!("TLS 1.2 {name}"));
        group.bench_function("schedule", |b| {
            b.iter(|| tls12_schedule(suite, black_box(&shared), &transcript));
        });
        group.finish();
    }
}

fn secrets(c: &mut Criterion) {
    for (name, hash) in hashes() {
        let transcript = hash.hash(&[b"transcript"]);
        let shared = SharedSecret::zeroed(32);
        let secret = HashSecret::zeroed(hash.output_len());
        let mut group = c.benchmark_group(name);
        group.bench_function("schedule", |b| {
            b.iter(|| schedule(hash, black_box(&shared), &transcript));
        });
        group.bench_function("expand_label", |b| {
            let mut out = [0; 32];
            b.iter(|| {
                let secret = black_box(secret.expose());
                hkdf_expand_label(hash, secret, b"key", b"", &mut out).expect("derives");
                out
            });
        });
        group.bench_function("finished", |b| {
            b.iter(|| finished(hash, black_box(&secret), &transcript).expect("derives"));
        });
        group.bench_function("next_traffic_secret", |b| {
            b.iter(|| next_traffic_secret(hash, black_box(&secret)).expect("derives"));
        });
        group.finish();
    }
}

fn traffic_keys(c: &mut Criterion) {
    let mut group = c.benchmark_group("traffic_key");
    for suite in [
        &TLS_AES_128_GCM_SHA256,
        &TLS_AES_256_GCM_SHA384,
        &TLS_CHACHA20_POLY1305_SHA256,
    ] {
        let (hash, aead): (&dyn Hash, &dyn Aead) = (suite.hash, suite.aead);
        let secret = HashSecret::zeroed(hash.output_len());
        group.bench_function(suite.name.to_string(), |b| {
            b.iter(|| traffic_key(hash, aead, black_box(&secret)).expect("derives"));
        });
    }
    group.finish();
}

criterion_group!(benches, secrets, tls12_secrets, traffic_keys);
criterion_main!(benches);
