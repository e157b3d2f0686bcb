//! What a full handshake allocates, and what an idle connection holds.

use crate::Chains;
use crate::libraries::{FULL, Library, names};
use crate::memory;
use crate::pairs::{Bench, Sides};
use crate::report::{Cell, Table};
use std::collections::BTreeMap;

/// How many connections the bytes are the mean of.
const CONNECTIONS: u32 = 64;

/// Of one library.
#[derive(Clone, Debug)]
pub struct Found {
    pub library: &'static str,
    pub allocations: Sides<u64>,
    pub live: Sides<f64>,
    /// Which crate allocated, where that can be told; those of the client and of the server.
    pub by_crate: Option<Sides<BTreeMap<String, u64>>>,
}

impl Found {
    /// Allocations of our own code, not of the crates that it calls.
    pub fn own(&self) -> Option<Sides<u64>> {
        let own = |by: &BTreeMap<String, u64>| {
            let own = by.iter().filter(|(name, _)| name.starts_with("symbolon"));
            own.map(|(_, count)| count).sum()
        };
        self.by_crate.as_ref().map(|by| Sides {
            client: own(&by.client),
            server: own(&by.server),
        })
    }
}

pub fn measure(all: &[Box<dyn Library>], chains: &Chains) -> Vec<Found> {
    let mut found = Vec::new();
    for library in all {
        let Some(mut bench) = Bench::new(library.as_ref(), &FULL, &chains.ecdsa) else {
            continue;
        };
        // Once more by itself: some keep what the first ones allocated.
        bench.pair();
        let (counts, _) = bench.count();
        let mut live: Sides<f64> = Sides::default();
        let mut kept = Vec::new();
        for _ in 0..CONNECTIONS {
            let (counts, pair) = bench.count();
            live.client += counts.client.live as f64;
            live.server += counts.server.live as f64;
            kept.push(pair);
        }
        found.push(Found {
            library: library.name(),
            allocations: Sides {
                client: counts.client.allocations,
                server: counts.server.allocations,
            },
            live: Sides {
                client: live.client / f64::from(CONNECTIONS),
                server: live.server / f64::from(CONNECTIONS),
            },
            by_crate: (!library.is_peer()).then(|| bench.trace()),
        });
    }
    found
}

impl Bench {
    fn trace(&mut self) -> Sides<BTreeMap<String, u64>> {
        let mut by: Sides<BTreeMap<String, u64>> = Sides::default();
        self.each_step(|client, step| {
            let by = if client {
                &mut by.client
            } else {
                &mut by.server
            };
            memory::trace(by, step);
        });
        by
    }
}

pub fn tables(found: &[Found]) -> Vec<Table> {
    let columns = found.iter().map(|found| found.library);
    let mut table = Table::new(
        "allocations",
        format!(
            "Memory: a full handshake ({}), and an idle connection",
            FULL.title
        ),
        std::iter::once("").chain(columns),
    );
    let whole = |count: u64| Cell::Number(count as f64, 0);
    table.row(
        "allocations: client",
        found.iter().map(|f| whole(f.allocations.client)),
    );
    table.row(
        "allocations: server",
        found.iter().map(|f| whole(f.allocations.server)),
    );
    table.row(
        "live bytes, struct included: client",
        found.iter().map(|f| Cell::Number(f.live.client, 0)),
    );
    table.row(
        "live bytes, struct included: server",
        found.iter().map(|f| Cell::Number(f.live.server, 0)),
    );

    let mut by_crate = Table::new(
        "allocations-by-crate",
        "Memory: who allocates in that handshake (client / server)",
        ["", names::FAST, names::PORTABLE],
    );
    let traced = |library: &str| {
        let found = found.iter().find(|found| found.library == library);
        found.and_then(|found| found.by_crate.clone())
    };
    let columns = [traced(names::FAST), traced(names::PORTABLE)];
    let sides = || columns.iter().flatten();
    let places: std::collections::BTreeSet<&String> = sides()
        .flat_map(|by| by.client.keys().chain(by.server.keys()))
        .collect();
    for place in places {
        let cells = columns.iter().map(|by| {
            by.as_ref().map_or(Cell::Missing, |by| {
                let count = |side: &BTreeMap<String, u64>| side.get(place).copied().unwrap_or(0);
                Cell::text(format!("{} / {}", count(&by.client), count(&by.server)))
            })
        });
        by_crate.row(place.clone(), cells);
    }
    vec![table, by_crate]
}
