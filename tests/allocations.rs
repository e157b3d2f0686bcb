//! What connections hold, how often a handshake allocates, that data moves without allocation, and that
//! certificates and the like are parsed without.
//!
//! One test: the counter is the process's.

mod common {
    pub mod apart;
    pub mod certs;
    pub mod vectors;
}

use common::apart::{apart, is_apart, provider_apart};
use common::certs::{KeyKind, NOW, TestPki};
use common::vectors::Vectors;
use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use symbolon::codepoint::{CipherSuite, NamedGroup};
use symbolon::config::{ClientConfig, Credential, ServerConfig};
use symbolon::conn::{ClientConnection, Connection, Event, ServerConnection};
use symbolon::pki::{Certificate, Crl, OcspResponse};
use symbolon::provider::default_provider;
use symbolon::record::FixedSink;

/// What the two traffic keys of an idle connection may take.
const HEAP_OF_TWO_KEYS: usize = 1280;
/// What a client keeps besides for the sessions to come: the resumption secret, the server's name and
/// certificates.
const HEAP_OF_TERMS: usize = 512;

/// Allocations of our own in a full handshake. Nearly half of the client's are in the verification of the chain.
const MOST_AT_CLIENT: usize = 20;
const MOST_AT_SERVER: usize = 9;
/// The tables of the verifier's memo, which it makes in the first handshake that it judges.
const TABLES: usize = 2;

struct Counting;

static CALLS: AtomicUsize = AtomicUsize::new(0);
/// Those of them within calls of the provider.
static PROVIDER_CALLS: AtomicUsize = AtomicUsize::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is the system's; numbers are counted on the way.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        CALLS.fetch_add(1, Relaxed);
        if is_apart() {
            PROVIDER_CALLS.fetch_add(1, Relaxed);
        }
        LIVE.fetch_add(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(block, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Live heap bytes now.
fn live() -> usize {
    LIVE.load(Relaxed)
}

/// Reads all that is in `input` and writes the output behind what is in `output`.
fn run(connection: &mut impl Connection, input: &mut Vec<u8>, output: &mut Vec<u8>) {
    let mut start = 0;
    loop {
        let received = connection.receive(&mut input[start..], output);
        start += received.consumed;
        match received.event {
            Event::NeedInput { .. } => break,
            Event::Failed(error) => panic!("{error}"),
            _ => {}
        }
    }
    input.clear();
}

/// Sends through a fixed sink and receives in place; the bytes of data that came.
fn pass(
    from: &mut impl Connection,
    to: &mut impl Connection,
    data: &[u8],
    wire: &mut [u8],
) -> usize {
    let mut sink = FixedSink::new(wire);
    assert_eq!(from.send(data, &mut sink).unwrap().taken, data.len());
    let len = sink.written().len();
    let (mut start, mut came) = (0, 0);
    let mut answer = [0; 512];
    while start < len {
        let received = to.receive(&mut wire[start..len], &mut FixedSink::new(&mut answer));
        start += received.consumed;
        match received.event {
            Event::Data(bytes) => came += bytes.len(),
            Event::NeedInput { .. } => {}
            other => panic!("{other:?}"),
        }
    }
    came
}

/// The heap that something holds for itself: what dropping it gives back.
fn held<T>(value: T) -> usize {
    let before = live();
    drop(value);
    before - live()
}

/// Certificates, CRLs and OCSP responses are read where they lie.
fn parsing_allocates_nothing() {
    let vectors = Vectors::load("revocation-openssl.txt");
    let section = |name: &str| vectors.sections.iter().find(|s| s.name == name).unwrap();
    let certificate = section("certificates").get("good");
    let crl = section("crl").get("crl");
    let response = section("both-by-responder").get("response");
    let before = CALLS.load(Relaxed);
    let parsed = (
        Certificate::parse(certificate).is_ok(),
        Crl::parse(crl).is_ok_and(|crl| crl.revoked().count() == 1),
        OcspResponse::parse(response).is_ok_and(|response| response.responses().count() == 2),
    );
    assert_eq!(CALLS.load(Relaxed), before);
    assert_eq!(parsed, (true, true, true));
}

/// Allocations since some moment: our own, and those of the provider.
fn counted<T>(counts: &mut [usize; 2], work: impl FnOnce() -> T) -> T {
    let now = || [CALLS.load(Relaxed), PROVIDER_CALLS.load(Relaxed)];
    let before = now();
    let result = work();
    let after = now();
    counts[0] += (after[0] - before[0]) - (after[1] - before[1]);
    counts[1] += after[1] - before[1];
    result
}

/// A full handshake, ECDSA P-256 with one intermediate, X25519: so many allocations of our own a side, those of
/// the provider left out.
fn handshakes_allocate_little() {
    let provider = provider_apart();
    let pki = TestPki::new();
    let (chain, key) = pki.leaf(&["server.example"], KeyKind::EcdsaP256);
    let credential = Credential::new(chain, &key, &provider).unwrap();
    let client_config = ClientConfig::builder()
        .provider(provider)
        .roots(pki.roots())
        .groups(&[NamedGroup::X25519])
        .cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256])
        .build()
        .unwrap();
    let server_config = ServerConfig::builder()
        .provider(provider)
        .credential(credential)
        .groups(&[NamedGroup::X25519])
        .cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256])
        .build()
        .unwrap();
    let name = "server.example".try_into().unwrap();
    // The application's buffers aren't counted.
    let (mut to_server, mut to_client) = (Vec::with_capacity(8192), Vec::with_capacity(8192));
    let (mut at_client, mut at_server) = ([0; 2], [0; 2]);
    let mut client = counted(&mut at_client, || {
        ClientConnection::new(client_config, name, [1; 32], NOW).unwrap()
    });
    let mut server = counted(&mut at_server, || {
        ServerConnection::new(server_config, [2; 32], NOW).unwrap()
    });
    while client.is_handshaking() || server.is_handshaking() {
        counted(&mut at_client, || {
            run(&mut client, &mut to_client, &mut to_server)
        });
        counted(&mut at_server, || {
            run(&mut server, &mut to_server, &mut to_client)
        });
    }
    println!(
        "client: {} allocations in a handshake, {TABLES} for the verifier's memo, and {} of the provider",
        at_client[0] - TABLES,
        at_client[1]
    );
    println!(
        "server: {} allocations in a handshake, and {} of the provider",
        at_server[0], at_server[1]
    );
    assert!(at_client[0] <= MOST_AT_CLIENT + TABLES, "{at_client:?}");
    assert!(at_server[0] <= MOST_AT_SERVER, "{at_server:?}");
    // The counter is switched off somewhere, and on again.
    assert!(at_client[1] > 0 && at_server[1] > 0 && !is_apart());
    let kept = apart(|| Box::new(at_client));
    assert!(!is_apart() && kept[1] == at_client[1]);
}

#[test]
fn connections_are_small_and_data_allocates_nothing() {
    parsing_allocates_nothing();
    handshakes_allocate_little();
    let pki = TestPki::new();
    let (chain, key) = pki.leaf(&["server.example"], KeyKind::EcdsaP256);
    let certificates: usize = chain.iter().map(|der| der.len()).sum();
    let credential = Credential::new(chain, &key, &default_provider()).unwrap();
    let client_config = ClientConfig::builder().roots(pki.roots()).build().unwrap();
    let server_config = ServerConfig::builder()
        .credential(credential)
        .build()
        .unwrap();
    let server = || ServerConnection::new(Arc::clone(&server_config), [2; 32], NOW).unwrap();
    let name = "server.example".try_into().unwrap();
    let client = ClientConnection::new(Arc::clone(&client_config), name, [1; 32], NOW);
    let (mut client, mut server, fresh) = (client.unwrap(), server(), server());

    let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        run(&mut client, &mut to_client, &mut to_server);
        run(&mut server, &mut to_server, &mut to_client);
    }
    assert!(!client.is_handshaking() && !server.is_handshaking());

    let data = [7; 16_384 + 100];
    let mut wire = [0; 20_000];
    let calls = CALLS.load(Relaxed);
    for size in [1, 1350, data.len()] {
        for _ in 0..10 {
            let data = &data[..size];
            assert_eq!(pass(&mut client, &mut server, data, &mut wire), size);
            assert_eq!(pass(&mut server, &mut client, data, &mut wire), size);
        }
    }
    assert_eq!(CALLS.load(Relaxed), calls, "data was allocated for");

    // The lines are for whoever asks for them with --nocapture.
    let [client_size, server_size] = [size_of_val(&client), size_of_val(&server)];
    let [client, server, fresh] = [held(client), held(server), held(fresh)];
    println!("client: {client_size} bytes, and {client} of heap when idle");
    println!("server: {server_size} bytes, and {server} of heap when idle, {fresh} when new");
    // Two AEAD keys, each expanded and with its hash key, and what sessions are made of.
    let sessions = HEAP_OF_TERMS + certificates;
    assert!(client_size + client <= 3072, "{client_size} + {client}");
    assert!(client <= HEAP_OF_TWO_KEYS + sessions, "{client}");
    assert!(server <= HEAP_OF_TWO_KEYS, "{server}");
    assert!(server_size + fresh <= 4096, "{server_size} + {fresh}");
    assert!(
        client_size.max(server_size) <= 1024,
        "{client_size}, {server_size}"
    );
}
