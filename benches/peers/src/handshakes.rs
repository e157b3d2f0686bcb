//! Whole handshakes, each side timed apart.

use crate::chain::{Chain, Keys};
use crate::clock::Spread;
use crate::libraries::{Library, SCENARIOS, Version, names};
use crate::pairs::{Bench, Sides};
use crate::report::{Cell, Table};
use crate::{Asked, Chains};
use std::cell::LazyCell;
use std::collections::HashMap;

/// Nanoseconds for a handshake: by scenario, side and library.
#[derive(Debug, Default)]
pub struct Times(HashMap<(&'static str, &'static str, &'static str), Spread>);

impl Times {
    /// Of the least times.
    pub fn get(&self, scenario: &str, side: &str, library: &str) -> Option<f64> {
        self.spread(scenario, side, library)
            .map(|spread| spread.min)
    }

    fn spread(&self, scenario: &str, side: &str, library: &str) -> Option<Spread> {
        let mut found = self.0.iter();
        let found = found.find(|((a, b, c), _)| (*a, *b, *c) == (scenario, side, library));
        found.map(|(_, spread)| *spread)
    }
}

pub const SIDES: [&str; 2] = ["client", "server"];

pub fn measure(asked: &Asked, all: &[Box<dyn Library>], chains: &Chains) -> Times {
    let rounds = if asked.quick { 20 } else { 150 };
    let mut benches = Vec::new();
    for scenario in SCENARIOS {
        if !asked.wants_scenario(scenario.id) {
            continue;
        }
        let chain: &Chain = match scenario.keys {
            Keys::EcdsaP256 => &chains.ecdsa,
            Keys::Rsa2048 => LazyCell::force(&chains.rsa),
        };
        for library in all {
            if let Some(bench) = Bench::new(library.as_ref(), &scenario, chain) {
                benches.push((scenario, bench, Vec::new()));
            }
        }
    }
    for _ in 0..rounds {
        for (scenario, bench, times) in &mut benches {
            // What is over soon is measured longer.
            let batches = match (scenario.version, scenario.resumed) {
                (Version::Tls12, true) => 12,
                (Version::Tls13, true) => 4,
                _ => 2,
            };
            // Brings into the caches what the others drove out: a program has one library.
            bench.time();
            let mut best: Option<Sides<f64>> = None;
            for _ in 0..batches {
                let time = bench.time();
                let least = best.unwrap_or(time);
                best = Some(Sides {
                    client: least.client.min(time.client),
                    server: least.server.min(time.server),
                });
            }
            times.extend(best);
        }
    }
    let mut found = Times::default();
    for (scenario, bench, times) in benches {
        let (clients, servers) = times.iter().map(|t| (t.client, t.server)).unzip();
        for (side, values) in SIDES.into_iter().zip([clients, servers]) {
            if let Some(spread) = Spread::of(values) {
                found.0.insert((scenario.id, side, bench.library), spread);
            }
        }
    }
    found
}

fn microseconds(ns: Spread) -> Spread {
    Spread {
        min: ns.min / 1e3,
        median: ns.median / 1e3,
    }
}

pub fn table(asked: &Asked, all: &[Box<dyn Library>], times: &Times) -> Table {
    let columns = all.iter().map(|library| library.name());
    let columns = std::iter::once("").chain(columns);
    let last = ["best peer", "best peer / symbolon"];
    let mut table = Table::new(
        "handshakes",
        "Handshakes: microseconds of CPU time for one, the least (and the median)",
        columns.chain(last),
    );
    for scenario in SCENARIOS {
        if !asked.wants_scenario(scenario.id) {
            continue;
        }
        for side in SIDES {
            let mut cells = Vec::new();
            let mut best: Option<(f64, &str)> = None;
            for library in all {
                let Some(spread) = times.spread(scenario.id, side, library.name()) else {
                    cells.push(Cell::Missing);
                    continue;
                };
                cells.push(Cell::Spread(microseconds(spread), 1));
                if library.is_peer() && best.is_none_or(|(least, _)| spread.min < least) {
                    best = Some((spread.min, library.name()));
                }
            }
            let own = times.get(scenario.id, side, names::FAST);
            cells.push(best.map_or(Cell::Missing, |(_, name)| Cell::text(name)));
            let ratio = best.zip(own).map(|((best, _), own)| best / own);
            cells.push(Cell::maybe(ratio, 2));
            table.row(format!("{}: {side}", scenario.title), cells);
        }
    }
    table
}
