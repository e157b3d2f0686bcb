//! Data in full records: whole connections, and the AEADs by themselves in the same rounds.

use crate::clock::{self, Spread};
use crate::libraries::{CHACHA, FULL, Library, Provider, RECORD_OVERHEAD, Scenario, names};
use crate::memory;
use crate::pairs::{Bench, Pair};
use crate::report::{Cell, Table};
use crate::{Asked, Chains};
use std::hint::black_box;

const PIECE: usize = 16384;
/// Records for each call.
const RECORDS: usize = 32;
/// What is sealed for a record: the data and its type.
const INNER: usize = PIECE + 1;

/// Megabytes (10^6) of data for each second, or allocations for each record.
#[derive(Clone, Copy, Debug)]
pub struct Row<T> {
    pub send: T,
    pub receive: T,
}

/// One way to move data.
#[derive(Clone, Debug)]
pub struct Found {
    pub suite: &'static str,
    pub library: &'static str,
    pub way: Way,
    /// Nanoseconds for a record.
    pub time: Row<Spread>,
    pub allocations: Row<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// The AEAD alone: sealing, opening.
    Raw,
    InPlace,
    /// As users do by default.
    Ordinary,
}

/// Seals or opens all records that lie in a buffer.
type Pass = Box<dyn FnMut(&mut [u8])>;

/// What is measured: something to send with, and something to receive with.
enum Mover {
    Raw(Pass, Pass),
    InPlace(Pair),
    Ordinary(Pair),
}

struct Candidate {
    suite: &'static str,
    library: &'static str,
    mover: Mover,
    times: Vec<Row<f64>>,
    allocations: Row<u64>,
}

const KEY: [u8; 32] = [0x42; 32];
const AAD: [u8; 5] = [23, 3, 3, 64, 17];

fn nonce(number: usize) -> [u8; 12] {
    let mut nonce = [7; 12];
    nonce[4..].copy_from_slice(&(number as u64).to_be_bytes());
    nonce
}

/// Calls with each record's number, and what is to be sealed or was: as long as that and a tag.
fn records(buffer: &mut [u8], mut call: impl FnMut([u8; 12], &mut [u8])) {
    for (number, record) in buffer.chunks_exact_mut(PIECE + RECORD_OVERHEAD).enumerate() {
        call(nonce(number), &mut record[5..]);
    }
}

/// The AEAD of a provider of ours.
fn ours(provider: Provider, scenario: &Scenario) -> Mover {
    let suite = match scenario.chacha {
        true => symbolon::codepoint::CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        false => symbolon::codepoint::CipherSuite::TLS_AES_128_GCM_SHA256,
    };
    let provider = provider.get();
    let suite = provider.tls13_suites.iter().find(|s| s.name == suite);
    let aead = suite.expect("it has the suite").aead;
    let key = || aead.key(&KEY[..aead.key_len()]).expect("it is a key");
    let (sealing, opening) = (key(), key());
    Mover::Raw(
        Box::new(move |buffer| {
            records(buffer, |nonce, record| {
                sealing
                    .seal_in_place(&nonce, &AAD, record)
                    .expect("it seals");
            });
        }),
        Box::new(move |buffer| {
            records(buffer, |nonce, record| {
                opening
                    .open_in_place(&nonce, &AAD, record)
                    .expect("it opens");
            });
        }),
    )
}

/// *ring* and AWS-LC have the same interface.
macro_rules! like_ring {
    ($name:ident) => {
        fn $name(scenario: &Scenario) -> Mover {
            use ::$name::aead::{
                AES_128_GCM, Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey,
            };
            let algorithm = match scenario.chacha {
                true => &CHACHA20_POLY1305,
                false => &AES_128_GCM,
            };
            let key = || {
                let key = UnboundKey::new(algorithm, &KEY[..algorithm.key_len()]);
                LessSafeKey::new(key.expect("it is a key"))
            };
            let (sealing, opening) = (key(), key());
            Mover::Raw(
                Box::new(move |buffer| {
                    records(buffer, |nonce, record| {
                        let nonce = Nonce::assume_unique_for_key(nonce);
                        let (data, tag) = record.split_at_mut(INNER);
                        let made = sealing.seal_in_place_separate_tag(nonce, Aad::from(&AAD), data);
                        tag.copy_from_slice(made.expect("it seals").as_ref());
                    });
                }),
                Box::new(move |buffer| {
                    records(buffer, |nonce, record| {
                        let nonce = Nonce::assume_unique_for_key(nonce);
                        let opened = opening.open_in_place(nonce, Aad::from(&AAD), record);
                        black_box(opened.expect("it opens"));
                    });
                }),
            )
        }
    };
}
like_ring!(ring);
like_ring!(aws_lc_rs);

fn candidates(all: &[Box<dyn Library>], chains: &Chains) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (suite, scenario) in [("AES-128-GCM", FULL), ("ChaCha20-Poly1305", CHACHA)] {
        let mut add = |library: &'static str, mover| {
            candidates.push(Candidate {
                suite,
                library,
                mover,
                times: Vec::new(),
                allocations: Row {
                    send: 0,
                    receive: 0,
                },
            });
        };
        for library in all {
            let name = library.name();
            match name {
                names::FAST => add(name, ours(Provider::Fast, &scenario)),
                names::PORTABLE => add(name, ours(Provider::RustCrypto, &scenario)),
                names::AWS_LC_RS => add(name, aws_lc_rs(&scenario)),
                names::RING => add(name, ring(&scenario)),
                // A memo has no part in this.
                names::WARM => continue,
                _ => {}
            }
            let pair = || {
                let bench = Bench::new(library.as_ref(), &scenario, &chains.ecdsa);
                bench.map(|mut bench| bench.pair())
            };
            if !library.is_peer()
                && let Some(pair) = pair()
            {
                add(name, Mover::InPlace(pair));
            }
            if let Some(pair) = pair() {
                add(name, Mover::Ordinary(pair));
            }
        }
    }
    candidates
}

fn room() -> usize {
    RECORDS * (PIECE + RECORD_OVERHEAD)
}

impl Candidate {
    /// One call each way; what `measure` finds of it. All use the same memory: where it lies decides
    /// what of it the caches hold.
    fn pass<T>(
        &mut self,
        data: &[u8],
        wire: &mut Vec<u8>,
        measure: impl Fn(&mut dyn FnMut()) -> T,
    ) -> Row<T> {
        wire.clear();
        if !matches!(self.mover, Mover::Ordinary(_)) {
            wire.resize(room(), 0x5a);
        }
        match &mut self.mover {
            Mover::Raw(seal, open) => Row {
                send: measure(&mut || seal(wire)),
                receive: measure(&mut || open(wire)),
            },
            Mover::InPlace(pair) => {
                let sent = measure(&mut || {
                    assert!(pair.client.seal_in_place(wire, PIECE), "it can");
                });
                Row {
                    send: sent,
                    receive: received(pair, wire, measure),
                }
            }
            Mover::Ordinary(pair) => {
                let sent = measure(&mut || pair.client.send(data, wire));
                Row {
                    send: sent,
                    receive: received(pair, wire, measure),
                }
            }
        }
    }
}

fn received<T>(pair: &mut Pair, wire: &mut Vec<u8>, measure: impl Fn(&mut dyn FnMut()) -> T) -> T {
    measure(&mut || assert_eq!(pair.server.receive(wire), RECORDS * PIECE))
}

pub fn measure(asked: &Asked, all: &[Box<dyn Library>], chains: &Chains) -> Vec<Found> {
    let rounds = if asked.quick { 150 } else { 1500 };
    let mut candidates = candidates(all, chains);
    let data = vec![0x5a; RECORDS * PIECE];
    let mut wire = Vec::with_capacity(2 * room());
    for candidate in &mut candidates {
        candidate.pass(&data, &mut wire, |call| call());
        candidate.allocations =
            candidate.pass(&data, &mut wire, |call| memory::count(call).0.allocations);
    }
    for _ in 0..rounds {
        for candidate in &mut candidates {
            // First what isn't counted: it brings into the caches what the others drove out, and lets
            // the clock recover from their wide vectors.
            for _ in 0..6 {
                candidate.pass(&data, &mut wire, |call| call());
            }
            for _ in 0..2 {
                let spent = candidate.pass(&data, &mut wire, |call| clock::spent(call).0);
                let each = |ns: u64| ns as f64 / RECORDS as f64;
                candidate.times.push(Row {
                    send: each(spent.send),
                    receive: each(spent.receive),
                });
            }
        }
    }
    let found = candidates.into_iter().map(|candidate| {
        let (sent, got) = candidate.times.iter().map(|t| (t.send, t.receive)).unzip();
        let each = |count: u64| count as f64 / RECORDS as f64;
        Found {
            suite: candidate.suite,
            library: candidate.library,
            way: match candidate.mover {
                Mover::Raw(..) => Way::Raw,
                Mover::InPlace(..) => Way::InPlace,
                Mover::Ordinary(..) => Way::Ordinary,
            },
            time: Row {
                send: Spread::of(sent).expect("there are rounds"),
                receive: Spread::of(got).expect("there are rounds"),
            },
            allocations: Row {
                send: each(candidate.allocations.send),
                receive: each(candidate.allocations.receive),
            },
        }
    });
    found.collect()
}

/// The one that was measured in this way.
pub fn find<'a>(found: &'a [Found], suite: &str, library: &str, way: Way) -> Option<&'a Found> {
    let is = |found: &&Found| (found.suite, found.library, found.way) == (suite, library, way);
    found.iter().find(is)
}

/// Megabytes in a second, from nanoseconds for a record.
pub fn speed(ns: f64) -> f64 {
    PIECE as f64 * 1e3 / ns
}

fn speeds(ns: Spread) -> Cell {
    let spread = Spread {
        min: speed(ns.min),
        median: speed(ns.median),
    };
    Cell::Spread(spread, 0)
}

pub fn table(found: &[Found]) -> Table {
    let mut table = Table::new(
        "bulk",
        format!(
            "Data: records of 16 KiB, {RECORDS} for each call; MB for each second of CPU time, the best (and the median)"
        ),
        [
            "",
            "send",
            "receive",
            "send, % of raw AEAD",
            "receive, % of raw AEAD",
            "allocations for a record: send / receive",
        ],
    );
    for row in found {
        let way = match row.way {
            Way::Raw => "the AEAD alone (seal, open)",
            Way::InPlace => "in place",
            Way::Ordinary => "send, receive",
        };
        let raw = find(found, row.suite, row.library, Way::Raw);
        let raw = raw.filter(|_| row.way != Way::Raw);
        let share = |raw: Spread, own: Spread| 100.0 * raw.min / own.min;
        table.row(
            format!("{}: {}: {way}", row.suite, row.library),
            [
                speeds(row.time.send),
                speeds(row.time.receive),
                Cell::maybe(raw.map(|raw| share(raw.time.send, row.time.send)), 1),
                Cell::maybe(raw.map(|raw| share(raw.time.receive, row.time.receive)), 1),
                Cell::text(format!(
                    "{:.2} / {:.2}",
                    row.allocations.send, row.allocations.receive
                )),
            ],
        );
    }
    table
}
