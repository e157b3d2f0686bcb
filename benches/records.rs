//! Records of each suite, sealed and opened in place: by the record layer alone, and through whole
//! connections.

mod common;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use std::hint::black_box;
use std::rc::Rc;
use symbolon::codepoint::{CipherSuite, NamedGroup};
use symbolon::conn::Event;
use symbolon::crypto::{HashSecret, Tls12Suite, Tls13Suite};
use symbolon::keys::tls12::{KeyBlock, MasterSecret, Prf, Randoms};
use symbolon::provider::rustcrypto::{TLS12_SUITES, TLS13_SUITES};
use symbolon::record::{FixedSink, MAX_PLAINTEXT, Opener, Sealer};

/// Bytes of content: a message, what fits a packet, a full record.
const SIZES: [usize; 3] = [64, 1350, MAX_PLAINTEXT];

/// Records per round: an opener takes each number once, so a round opens what was sealed for it.
const ROUND: usize = 16;

/// A suite's record layer.
struct Layer {
    name: CipherSuite,
    sealer: Box<dyn Fn() -> Sealer>,
    opener: Box<dyn Fn() -> Opener>,
}

fn tls13(suite: &'static Tls13Suite) -> Layer {
    let secret = || HashSecret::zeroed(suite.hash.output_len());
    Layer {
        name: suite.name,
        sealer: Box::new(move || {
            let sealer = Sealer::new(suite.hash, suite.aead, &secret(), u64::MAX);
            sealer.expect("it has a key")
        }),
        opener: Box::new(move || {
            let opener = Opener::new(suite.hash, suite.aead, &secret());
            opener.expect("it has a key")
        }),
    }
}

fn tls12(suite: &'static Tls12Suite) -> Layer {
    let master = MasterSecret::zeroed(48);
    let randoms = Randoms {
        client: &[1; 32],
        server: &[2; 32],
    };
    let keys = Rc::new(KeyBlock::new(
        suite,
        &Prf::new(suite.hash, master.expose()),
        randoms,
    ));
    let same = Rc::clone(&keys);
    Layer {
        name: suite.name,
        sealer: Box::new(move || {
            Sealer::tls12(suite, keys.write_key(true), u64::MAX).expect("it has a key")
        }),
        opener: Box::new(move || Opener::tls12(suite, same.write_key(true)).expect("it has a key")),
    }
}

/// The body of a record before it is sealed, and its header.
fn body(sealer: &Sealer, size: usize) -> ([u8; 5], Vec<u8>) {
    let mut body = vec![0x5a; sealer.front_len() + size];
    if sealer.hides_type() {
        body.push(23);
    }
    body.resize(size + sealer.overhead(), 0);
    let [high, low] = u16::try_from(body.len())
        .expect("it is short")
        .to_be_bytes();
    ([23, 3, 3, high, low], body)
}

fn layer(c: &mut Criterion) {
    let layers = TLS13_SUITES.iter().map(|suite| tls13(suite));
    let layers = layers.chain(TLS12_SUITES.iter().map(|suite| tls12(suite)));
    for Layer {
        name,
        sealer,
        opener,
    } in layers
    {
        let mut group = c.benchmark_group(format!("{name}/layer"));
        for size in SIZES {
            group.throughput(Throughput::Bytes((ROUND * size) as u64));
            let (header, plain) = body(&sealer(), size);
            group.bench_function(BenchmarkId::new("seal", size), |b| {
                b.iter_batched_ref(
                    || (sealer(), plain.clone()),
                    |(sealer, body)| {
                        for _ in 0..ROUND {
                            sealer.seal(&header, body).expect("it seals");
                        }
                    },
                    BatchSize::SmallInput,
                );
            });
            let mut sealing = sealer();
            let sealed: Vec<_> = (0..ROUND)
                .map(|_| {
                    let mut body = plain.clone();
                    sealing.seal(&header, &mut body).expect("it seals");
                    body
                })
                .collect();
            group.bench_function(BenchmarkId::new("open", size), |b| {
                b.iter_batched_ref(
                    || (opener(), sealed.clone()),
                    |(opener, sealed)| {
                        for body in sealed {
                            let opened = opener.open(&header, body, MAX_PLAINTEXT + 1);
                            assert_eq!(opened.expect("it opens").len, size);
                        }
                    },
                    BatchSize::SmallInput,
                );
            });
        }
        group.finish();
    }
}

/// There and back: one side seals, the other receives.
fn connections(c: &mut Criterion) {
    for suite in [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    ] {
        let (client, server) = common::configs(NamedGroup::X25519, suite);
        let (mut client, mut server, _) = common::handshake(&client, &server);
        let mut group = c.benchmark_group(format!("{suite}/connection"));
        let mut buffer = vec![0; 2 * MAX_PLAINTEXT];
        // Towards the key's limit a KeyUpdate goes along, as in life; the answer isn't needed.
        let mut receive = |input: &mut [u8]| {
            let (mut start, mut total) = (0, 0);
            let mut answers = Vec::new();
            while start < input.len() {
                let received = server.receive(&mut input[start..], &mut answers);
                start += received.consumed;
                match received.event {
                    Event::Data(data) => total += black_box(data.bytes).len(),
                    Event::NeedInput { .. } => {}
                    other => panic!("{other:?}"),
                }
            }
            total
        };
        for size in SIZES {
            group.throughput(Throughput::Bytes(size as u64));
            let data = vec![0x5a; size];
            group.bench_function(BenchmarkId::new("send_receive", size), |b| {
                b.iter(|| {
                    let mut sink = FixedSink::new(&mut buffer);
                    client.send(&data, &mut sink).expect("it sends");
                    let len = sink.written().len();
                    assert_eq!(receive(&mut buffer[..len]), size);
                });
            });
            let (head, _) = client.in_place_room();
            group.bench_function(BenchmarkId::new("seal_in_place_receive", size), |b| {
                b.iter(|| {
                    let record = client.seal_in_place(&mut buffer, head..head + size);
                    let record = match record {
                        Ok(record) => record,
                        Err(_) => {
                            // A KeyUpdate is owed before.
                            let mut update = Vec::new();
                            assert_eq!(client.flush(&mut update), 0);
                            receive(&mut update);
                            client
                                .seal_in_place(&mut buffer, head..head + size)
                                .expect("it seals")
                        }
                    };
                    assert_eq!(receive(&mut buffer[record]), size);
                });
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(30);
    targets = layer, connections
}
criterion_main!(benches);
