//! Full handshakes in memory, each side by itself: key exchange, an ECDSA P-256 signature made or
//! verified, and for the client a chain of two certificates; with the RustCrypto provider.
//!
//! The seeds are fixed, so that one side's recorded flight is what the other expects.

mod common;

use common::{client, configs_with, handshake, run, server};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use symbolon::codepoint::{CipherSuite, NamedGroup};
use symbolon::provider::RUSTCRYPTO;

fn handshakes(c: &mut Criterion) {
    for name in [NamedGroup::X25519, NamedGroup::X25519MLKEM768] {
        let suite = CipherSuite::TLS_AES_128_GCM_SHA256;
        // The other one draws randomness of its own: nothing recorded would fit.
        let (client_config, server_config) = configs_with(RUSTCRYPTO, name, suite);
        let (.., flights) = handshake(&client_config, &server_config);
        let mut group = c.benchmark_group(name.to_string());
        group.bench_function("client", |b| {
            b.iter_batched_ref(
                || (flights.server.clone(), Vec::with_capacity(4096)),
                |(input, output)| {
                    let mut client = client(&client_config);
                    run(&mut client, &mut [], output);
                    run(&mut client, input, output);
                    assert!(!client.is_handshaking());
                },
                BatchSize::SmallInput,
            );
        });
        group.bench_function("server", |b| {
            b.iter_batched_ref(
                || {
                    let inputs = (flights.hello.clone(), flights.finished.clone());
                    (inputs, Vec::with_capacity(4096))
                },
                |((hello, finished), output)| {
                    let mut server = server(&server_config);
                    run(&mut server, hello, output);
                    run(&mut server, finished, output);
                    assert!(!server.is_handshaking());
                },
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = handshakes
}
criterion_main!(benches);
