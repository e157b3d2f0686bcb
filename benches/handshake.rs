//! Handshakes in memory, each side by itself, with the RustCrypto provider: full ones (key exchange, an ECDSA
//! P-256 signature made or verified, and for the client a chain of two certificates), resumed ones, and
//! early data.
//!
//! The seeds are fixed, so that one side's recorded flight is what the other expects.

mod common;

use common::{Flights, client, configs_with, handshake, resume, resuming, run, server, session};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use symbolon::codepoint::{CipherSuite, NamedGroup, ProtocolVersion};
use symbolon::config::Session;
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

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: server.example\r\n\r\n";

/// Resumed by a ticket, without early data and with it.
fn resumptions(c: &mut Criterion) {
    let versions = [
        (ProtocolVersion::TLS13, "TLS 1.3, resumed", false),
        (ProtocolVersion::TLS13, "TLS 1.3, early data", true),
        (ProtocolVersion::TLS12, "TLS 1.2, resumed", false),
    ];
    for (version, title, early) in versions {
        let (client_config, server_config) = resuming(version, None);
        let saved = session(&client_config, &server_config);
        let again = || Session::from_bytes(&saved).expect("it was saved");
        let begin = |session: Session, output: &mut Vec<u8>| {
            let mut client = resume(&client_config, session);
            if early {
                let sent = client.send_early_data(REQUEST, output);
                assert_eq!(sent.expect("there is room").taken, REQUEST.len());
            }
            run(&mut client, &mut [], output);
            client
        };
        let mut flights = Flights::default();
        let mut client = begin(again(), &mut flights.hello);
        let mut other = server(&server_config);
        run(&mut other, &mut flights.hello.clone(), &mut flights.server);
        // Shorter than with certificates.
        assert!(flights.server.len() < 600, "{title}");
        let mut input = flights.server.clone();
        run(&mut client, &mut input, &mut flights.finished);
        run(&mut other, &mut flights.finished.clone(), &mut Vec::new());
        assert!(!client.is_handshaking() && !other.is_handshaking());

        let mut group = c.benchmark_group(title);
        group.bench_function("client", |b| {
            b.iter_batched(
                || (again(), flights.server.clone(), Vec::with_capacity(4096)),
                |(session, mut input, mut output)| {
                    let mut client = begin(session, &mut output);
                    run(&mut client, &mut input, &mut output);
                    assert!(!client.is_handshaking());
                    (client, input, output)
                },
                BatchSize::SmallInput,
            );
        });
        group.bench_function("server", |b| {
            b.iter_batched(
                || {
                    let inputs = (flights.hello.clone(), flights.finished.clone());
                    (inputs, Vec::with_capacity(4096))
                },
                |((mut hello, mut finished), mut output)| {
                    let mut server = server(&server_config);
                    run(&mut server, &mut hello, &mut output);
                    run(&mut server, &mut finished, &mut output);
                    assert!(!server.is_handshaking());
                    (server, output)
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
    targets = handshakes, resumptions
}
criterion_main!(benches);
