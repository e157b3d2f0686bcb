//! How time and memory grow: with the bytes that go through a connection, with the connections alive at
//! once, with the length of the chain. The last columns stay about the same if growth is linear.

use crate::chain::{Chain, Keys, NAME};
use crate::clock;
use crate::libraries::{FULL, Library, Provider, RECORD_OVERHEAD, names};
use crate::memory;
use crate::pairs::Bench;
use crate::report::{Cell, Table};
use crate::{Asked, Chains};
use std::hint::black_box;
use std::sync::Arc;
use symbolon::pki::{PathVerifier, PeerChain, Role, RootStore, VerifyRequest};

pub fn tables(asked: &Asked, all: &[Box<dyn Library>], chains: &Chains) -> Vec<Table> {
    let mut tables = Vec::new();
    if let Some(ours) = all.iter().find(|library| library.name() == names::FAST) {
        tables.push(bytes(asked, ours.as_ref(), chains));
        tables.push(connections(asked, ours.as_ref(), chains));
    }
    tables.push(chain_length(asked));
    tables
}

/// Through one connection, in place, by 256 KiB at most at a time; the least of several connections.
fn bytes(asked: &Asked, library: &dyn Library, chains: &Chains) -> Table {
    const PIECE: usize = 16384;
    const AT_ONCE: usize = 16;
    let mut table = Table::new(
        "growth-bytes",
        "Growth: bytes through one connection, sealed and received in place",
        ["bytes", "microseconds", "nanoseconds for a KiB"],
    );
    let mut bench = Bench::new(library, &FULL, &chains.ecdsa).expect("it has it all");
    let most: u32 = if asked.quick { 26 } else { 30 };
    let record = PIECE + RECORD_OVERHEAD;
    let mut wire = vec![0x5a; AT_ONCE * record];
    for exponent in (10..=most).step_by(2) {
        let total = 1_usize << exponent;
        let piece = total.min(PIECE);
        let (each, mut least) = (piece + RECORD_OVERHEAD, u64::MAX);
        let tries = if total >= 1 << 24 { 3 } else { 30 };
        for _ in 0..tries {
            let mut pair = bench.pair();
            let (spent, ()) = clock::spent(|| {
                let mut left = total / piece;
                while left > 0 {
                    let records = left.min(AT_ONCE);
                    wire.resize(records * each, 0);
                    assert!(pair.client.seal_in_place(&mut wire, piece), "it can");
                    assert_eq!(pair.server.receive(&mut wire), records * piece);
                    left -= records;
                }
            });
            least = least.min(spent);
        }
        let ns = least as f64;
        let name = match exponent {
            0..20 => format!("{} KiB", total >> 10),
            20..30 => format!("{} MiB", total >> 20),
            _ => format!("{} GiB", total >> 30),
        };
        table.row(
            name,
            [
                Cell::Number(ns / 1e3, 1),
                Cell::Number(ns * 1024.0 / total as f64, 1),
            ],
        );
    }
    table
}

/// Alive at once in one process, both ends of each.
fn connections(asked: &Asked, library: &dyn Library, chains: &Chains) -> Table {
    let mut table = Table::new(
        "growth-connections",
        format!(
            "Growth: connections alive at once in one process ({}), both ends",
            FULL.title
        ),
        [
            "connections",
            "milliseconds",
            "microseconds for one",
            "bytes",
            "bytes for one",
        ],
    );
    let mut bench = Bench::new(library, &FULL, &chains.ecdsa).expect("it has it all");
    for number in [1_u32, 10, 100, 1000, 10_000] {
        let tries = match (number, asked.quick) {
            (1, _) => 50,
            (10, _) => 10,
            (10_000, true) => 1,
            _ => 3,
        };
        let (mut least, mut live) = (u64::MAX, 0);
        for _ in 0..tries {
            let mut kept = Vec::with_capacity(number as usize);
            live = 0;
            let (spent, ()) = clock::spent(|| {
                for _ in 0..number {
                    let (counts, pair) = bench.count();
                    live += counts.client.live + counts.server.live;
                    kept.push(pair);
                }
            });
            least = least.min(spent);
            // They are all alive: each takes data.
            let mut wire = Vec::with_capacity(1 << 10);
            for pair in &mut kept {
                pair.client.send(b"still there?", &mut wire);
                assert_eq!(pair.server.receive(&mut wire), 12);
            }
        }
        let (ns, one) = (least as f64, f64::from(number));
        table.row(
            number.to_string(),
            [
                Cell::Number(ns / 1e6, 2),
                Cell::Number(ns / 1e3 / one, 1),
                Cell::Number(live as f64, 0),
                Cell::Number(live as f64 / one, 0),
            ],
        );
    }
    table
}

/// Verifying a chain, without a memo.
fn chain_length(asked: &Asked) -> Table {
    let mut table = Table::new(
        "growth-chain",
        "Growth: intermediate certificates in a chain (ECDSA P-256), verified",
        [
            "intermediates",
            "microseconds",
            "microseconds for a certificate",
            "allocations",
        ],
    );
    let algorithms = Provider::Fast.get().verify;
    let tries = if asked.quick { 500 } else { 3000 };
    for intermediates in 1..=8 {
        let chain = Chain::new(Keys::EcdsaP256, intermediates);
        let mut roots = RootStore::new();
        roots.add(&chain.root).expect("it is a root");
        let roots = Arc::new(roots);
        let request = VerifyRequest {
            chain: PeerChain::new(chain.certificates.iter().map(|der| (der.as_ref(), None))),
            role: Role::Server,
            name: Some(NAME.try_into().expect("it is a name")),
            now: symbolon::io::now(),
        };
        let new = || PathVerifier::new(Arc::clone(&roots));
        let verify = |verifier: PathVerifier| {
            let verdict = verifier.verify_now(black_box(&request), &algorithms);
            black_box(verdict.expect("it holds"));
        };
        let verifier = new();
        let (count, ()) = memory::count(|| verify(verifier));
        // Each time by a verifier that has seen nothing.
        let least = (0..tries).map(|_| {
            let verifier = new();
            clock::spent(|| verify(verifier)).0
        });
        let least = least.min();
        let microseconds = least.unwrap_or(0) as f64 / 1e3;
        let certificates = f64::from(u8::try_from(intermediates + 1).expect("it is short"));
        table.row(
            intermediates.to_string(),
            [
                Cell::Number(microseconds, 1),
                Cell::Number(microseconds / certificates, 1),
                Cell::Number(count.allocations as f64, 0),
            ],
        );
    }
    table
}
