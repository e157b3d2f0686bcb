//! Parsing the handshake messages of both versions, as they come in real handshakes: with an ECDSA P-256 chain
//! of two, and a ticket.

mod common;

use common::{handshake, resuming};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::sync::{Arc, Mutex};
use symbolon::codepoint::{HandshakeType, ProtocolVersion};
use symbolon::config::{Observation, Observer, Parsed};
use symbolon::wire::HANDSHAKE_HEADER_LEN;

/// Keeps every message, whichever way it goes.
#[derive(Debug, Default)]
struct Keep(Mutex<Vec<(HandshakeType, Vec<u8>)>>);

impl Observer for Keep {
    fn observe(&self, observation: &Observation<'_>) {
        if let Observation::Message { kind, bytes, .. } = observation {
            let body = bytes[HANDSHAKE_HEADER_LEN..].to_vec();
            let mut kept = self.0.lock().expect("nobody has panicked");
            if !kept.iter().any(|(other, _)| other == kind) {
                kept.push((*kind, body));
            }
        }
    }
}

fn messages(c: &mut Criterion) {
    for version in [ProtocolVersion::TLS13, ProtocolVersion::TLS12] {
        let keep = Arc::new(Keep::default());
        let (client, server) = resuming(version, Some(keep.clone()));
        handshake(&client, &server);
        let mut group = c.benchmark_group(format!("{version}/parse"));
        let kept = keep.0.lock().expect("nobody has panicked");
        assert!(kept.len() > 5, "a handshake has more messages");
        for (kind, body) in kept.iter() {
            // Some are empty, and nothing is parsed.
            if Parsed::new(version, *kind, body).is_none() {
                continue;
            }
            group.throughput(Throughput::Bytes(body.len() as u64));
            group.bench_function(kind.to_string(), |b| {
                b.iter(|| black_box(Parsed::new(version, *kind, black_box(body))).is_some());
            });
        }
        group.finish();
    }
}

criterion_group!(benches, messages);
criterion_main!(benches);
