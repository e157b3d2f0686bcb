//! Two ends joined in memory, several pairs in lockstep: what all clients do before they need an answer is
//! one stretch of time, then what all servers do. So reading the clock costs nothing that counts.

use crate::clock;
use crate::libraries::{Ends, Library, Scenario, Side};
use crate::memory::{self, Count};

/// How many pairs: no more sessions than this are kept for one server by rustls and by symbolon.
pub const PAIRS: usize = 8;

/// A connection and its two pipes.
pub struct Pair {
    pub client: Box<dyn Side>,
    pub server: Box<dyn Side>,
}

/// Bytes on their way. Large enough never to grow.
pub struct Wires {
    to_server: Vec<u8>,
    to_client: Vec<u8>,
}

impl Wires {
    pub fn new() -> Self {
        Self {
            to_server: Vec::with_capacity(1 << 16),
            to_client: Vec::with_capacity(1 << 16),
        }
    }

    fn are_empty(&self) -> bool {
        self.to_server.is_empty() && self.to_client.is_empty()
    }
}

/// What each side did, by some measure.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sides<T> {
    pub client: T,
    pub server: T,
}

/// A scenario in one library.
pub struct Bench {
    pub library: &'static str,
    scenario: Scenario,
    ends: Box<dyn Ends>,
    wires: Vec<Wires>,
}

impl Bench {
    /// Ready to be measured: sessions are there to be resumed, and all has run at least once.
    pub fn new(
        library: &dyn Library,
        scenario: &Scenario,
        chain: &crate::chain::Chain,
    ) -> Option<Self> {
        let mut bench = Self {
            library: library.name(),
            scenario: *scenario,
            ends: library.ends(scenario, chain)?,
            wires: (0..PAIRS).map(|_| Wires::new()).collect(),
        };
        bench.lockstep();
        let (_, pairs) = bench.lockstep();
        bench.check(&pairs);
        Some(bench)
    }

    fn check(&self, pairs: &[Pair]) {
        for side in pairs.iter().flat_map(|pair| [&pair.client, &pair.server]) {
            self.scenario.check(self.library, side.facts());
        }
    }

    /// Nanoseconds for one handshake.
    pub fn time(&mut self) -> Sides<f64> {
        let (spent, pairs) = self.lockstep();
        self.check(&pairs);
        let each = |ns: u64| ns as f64 / PAIRS as f64;
        Sides {
            client: each(spent.client),
            server: each(spent.server),
        }
    }

    fn lockstep(&mut self) -> (Sides<u64>, Vec<Pair>) {
        for _ in 0..PAIRS {
            self.ends.prepare();
        }
        let (mut clients, mut servers) = (Vec::with_capacity(PAIRS), Vec::with_capacity(PAIRS));
        let mut spent = Sides::default();
        let (ends, wires) = (&mut self.ends, &mut self.wires);
        spent.client += clock::spent(|| clients.extend((0..PAIRS).map(|_| ends.client()))).0;
        spent.server += clock::spent(|| servers.extend((0..PAIRS).map(|_| ends.server()))).0;
        for _ in 0..20 {
            let turns = clock::spent(|| {
                for (client, wires) in clients.iter_mut().zip(wires.iter_mut()) {
                    client.turn(&mut wires.to_client, &mut wires.to_server);
                }
            });
            spent.client += turns.0;
            if wires.iter().all(Wires::are_empty) {
                let ends = clients.into_iter().zip(servers);
                let pairs = ends.map(|(client, server)| Pair { client, server });
                return (spent, pairs.collect());
            }
            let turns = clock::spent(|| {
                for (server, wires) in servers.iter_mut().zip(wires.iter_mut()) {
                    server.turn(&mut wires.to_server, &mut wires.to_client);
                }
            });
            spent.server += turns.0;
        }
        panic!("{}: the handshake doesn't end", self.library);
    }

    /// One handshake, and what it allocates; the box around each end isn't counted as an allocation, and its
    /// contents are as bytes.
    pub fn count(&mut self) -> (Sides<Count>, Pair) {
        let mut counts: Sides<Count> = Sides::default();
        let pair = self.each_step(|client, step| {
            let count = memory::count(step).0;
            match client {
                true => counts.client += count,
                false => counts.server += count,
            }
        });
        counts.client.allocations -= 1;
        counts.server.allocations -= 1;
        self.check(std::slice::from_ref(&pair));
        (counts, pair)
    }

    /// One handshake, each step of which is done by what it is given to, with whether it is the client's.
    pub fn each_step(&mut self, mut does: impl FnMut(bool, &mut dyn FnMut())) -> Pair {
        self.ends.prepare();
        let (mut client, mut server) = (None, None);
        does(true, &mut || client = Some(self.ends.client()));
        does(false, &mut || server = Some(self.ends.server()));
        let (Some(mut client), Some(mut server)) = (client, server) else {
            panic!("a step wasn't done");
        };
        let wires = &mut self.wires[0];
        loop {
            does(true, &mut || {
                client.turn(&mut wires.to_client, &mut wires.to_server);
            });
            if wires.are_empty() {
                return Pair { client, server };
            }
            does(false, &mut || {
                server.turn(&mut wires.to_server, &mut wires.to_client);
            });
        }
    }

    /// A finished handshake.
    pub fn pair(&mut self) -> Pair {
        self.count().1
    }
}
