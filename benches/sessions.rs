//! A full handshake, a resumed one, and early data, in one run: both sides together, in memory, so that
//! what is measured is work and not the network, on which each saves round trips besides.
//!
//! `handshake` goes until both sides are done; `first_byte` until the server has the first byte of the
//! client's request.

#[path = "../tests/common/certs.rs"]
mod certs;

use certs::{KeyKind, NOW, TestPki};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rustls_pki_types::{ServerName, UnixTime};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use symbolon::codepoint::{NamedGroup, ProtocolVersion};
use symbolon::config::{
    ClientConfig, Credential, ReplayFilter, RotatingTicketer, ServerConfig, Session,
    StatelessSessions,
};
use symbolon::conn::{ClientConnection, Event, ServerConnection};
use symbolon::handshake::{EarlyDataOutcome, Summary};
use symbolon::provider::default_provider;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: server.example\r\n\r\n";

struct Ends {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    /// A session between them, saved.
    session: Vec<u8>,
}

impl Ends {
    fn new(version: ProtocolVersion) -> Self {
        let pki = TestPki::new();
        let provider = default_provider();
        let (chain, key) = pki.leaf(&["server.example"], KeyKind::EcdsaP256);
        let credential = Credential::new(chain, &key, &provider).expect("they belong together");
        let tickets = RotatingTicketer::new(&provider, &[1; 32], 43_200).expect("it has AEADs");
        // It began long ago, and has room for all that is measured.
        let start = UnixTime::since_unix_epoch(Duration::ZERO);
        let replays = ReplayFilter::new(&provider, &[2; 32], 10_000_000, 1 << 20, start, 20);
        let sessions = StatelessSessions::new(Arc::new(tickets));
        let server = ServerConfig::builder()
            .credential(credential)
            .sessions(sessions.early_data(1000, Arc::new(replays)));
        let client = ClientConfig::builder()
            .roots(pki.roots())
            .versions(&[version])
            .groups(&[NamedGroup::X25519, NamedGroup::SECP256R1])
            .early_data(true);
        let mut ends = Self {
            client: client.build().expect("it is complete"),
            server: server.build().expect("it is complete"),
            session: Vec::new(),
        };
        let mut pair = Pair::new(&ends, false);
        pair.run();
        let session = pair.session.expect("the server gives tickets");
        ends.session = session.to_bytes().expose().to_vec();
        ends
    }
}

/// Both ends of a connection to be made.
struct Pair {
    client: ClientConnection,
    server: ServerConnection,
    to_server: Vec<u8>,
    to_client: Vec<u8>,
    session: Option<Session>,
    summary: Option<Box<Summary>>,
    /// The server has a byte of the request.
    arrived: bool,
}

impl Pair {
    fn new(ends: &Ends, resume: bool) -> Self {
        thread_local!(static COUNT: Cell<u64> = const { Cell::new(0) });
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&COUNT.replace(COUNT.get() + 1).to_be_bytes());
        let name = ServerName::try_from("server.example").expect("it is a name");
        let config = Arc::clone(&ends.client);
        let client = match resume {
            true => {
                let session = Session::from_bytes(&ends.session).expect("it was saved");
                ClientConnection::resume(config, name, session, seed, NOW)
            }
            false => ClientConnection::new(config, name, seed, NOW),
        };
        seed[31] = 8;
        Self {
            client: client.expect("it begins"),
            server: ServerConnection::new(Arc::clone(&ends.server), seed, NOW).expect("it begins"),
            to_server: Vec::with_capacity(4096),
            to_client: Vec::with_capacity(4096),
            session: None,
            summary: None,
            arrived: false,
        }
    }

    /// Goes on until nothing moves.
    fn run(&mut self) {
        loop {
            self.turn_client();
            self.turn_server();
            if self.to_client.is_empty() {
                return;
            }
        }
    }

    /// Goes on until the server has a byte of the request.
    fn request(&mut self, early: bool) {
        if early {
            let sent = self.client.send_early_data(REQUEST, &mut self.to_server);
            sent.expect("there is room");
        }
        while !self.arrived {
            self.turn_client();
            if !early && !self.client.is_handshaking() {
                let sent = self.client.send(REQUEST, &mut self.to_server);
                sent.expect("it is open");
            }
            self.turn_server();
        }
    }

    fn turn_client(&mut self) {
        let mut start = 0;
        loop {
            let input = &mut self.to_client[start..];
            let received = self.client.receive(input, &mut self.to_server);
            start += received.consumed;
            match received.event {
                Event::NeedInput { .. } => break,
                Event::Session(session) => self.session = Some(session.received(NOW)),
                Event::HandshakeDone(summary) => self.summary = Some(summary),
                Event::Failed(error) => panic!("{error}"),
                _ => {}
            }
        }
        self.to_client.drain(..start);
    }

    fn turn_server(&mut self) {
        let mut start = 0;
        loop {
            let input = &mut self.to_server[start..];
            let received = self.server.receive(input, &mut self.to_client);
            start += received.consumed;
            match received.event {
                Event::NeedInput { .. } => break,
                Event::Data(_) | Event::EarlyData(_) => {
                    self.arrived = true;
                    break;
                }
                Event::Failed(error) => panic!("{error}"),
                _ => {}
            }
        }
        self.to_server.drain(..start);
    }
}

fn sessions(c: &mut Criterion) {
    for version in [ProtocolVersion::TLS13, ProtocolVersion::TLS12] {
        let ends = Ends::new(version);
        let mut group = c.benchmark_group(format!("{version}/handshake"));
        for (what, resume) in [("full", false), ("resumed", true)] {
            let make = || Pair::new(&ends, resume);
            let mut check = make();
            check.run();
            assert_eq!(check.summary.expect("it is done").resumed(), resume);
            group.bench_function(what, |b| {
                b.iter_batched_ref(make, Pair::run, BatchSize::SmallInput);
            });
        }
        group.finish();
        let mut group = c.benchmark_group(format!("{version}/first_byte"));
        for (what, resume, early) in [
            ("full", false, false),
            ("resumed", true, false),
            ("early_data", true, true),
        ] {
            if early && version == ProtocolVersion::TLS12 {
                continue;
            }
            let make = || Pair::new(&ends, resume);
            let mut check = make();
            check.request(early);
            if early {
                check.run();
                let summary = check.summary.expect("it is done");
                assert_eq!(summary.early_data, EarlyDataOutcome::Accepted);
            }
            group.bench_function(what, |b| {
                b.iter_batched_ref(make, |pair| pair.request(early), BatchSize::SmallInput);
            });
        }
        group.finish();
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = sessions
}
criterion_main!(benches);
