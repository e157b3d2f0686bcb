//! A bit that is changed on the way in TLS 1.2: the handshake fails, or waits for more, or, where
//! the bit is ignored, comes to what it would have come to. Never is an end done that has seen
//! anything else than the other end sent, and never is data accepted that wasn't sent.
//!
//! `tests/bit_flips.rs` does the same for TLS 1.3. `SYMBOLON_EXHAUSTIVE=1` flips all bits.

mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
}

use common::certs::KeyKind;
use common::pair::Pair;
use common::rogue::{World, credential};
use std::sync::Arc;
use symbolon::codepoint::{CipherSuite, NamedGroup, ProtocolVersion};
use symbolon::config::{ClientAuth, ClientConfig, ServerConfig};
use symbolon::pki::PathVerifier;

struct Setup {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

/// Which versions the client and the server have.
type Versions<'a> = [&'a [ProtocolVersion]; 2];

fn setup(auth: bool, extended: bool, versions: Versions<'_>, suite: CipherSuite) -> Setup {
    let mut world = World::new();
    world.server = world.pki.leaf(&["server.example"], KeyKind::Ed25519);
    world.client = world.pki.client("client", KeyKind::Ed25519);
    let suites = [suite, CipherSuite::TLS_AES_128_GCM_SHA256];
    let groups = [NamedGroup::X25519];
    let mut client = world
        .client_config()
        .groups(&groups)
        .cipher_suites(&suites)
        .versions(versions[0])
        .require_extended_master_secret(extended);
    let mut server = world
        .server_config()
        .groups(&groups)
        .versions(versions[1])
        .require_extended_master_secret(extended);
    if auth {
        client = client.credential(credential(&world.client));
        let verifier = PathVerifier::new(world.pki.roots());
        server = server.client_auth(ClientAuth::Required(Arc::new(verifier)));
    }
    Setup {
        client: client.build().unwrap(),
        server: server.build().unwrap(),
    }
}

/// What an end comes to.
#[derive(Debug, PartialEq)]
enum End {
    Failed,
    Waiting,
    /// Done, with its view of it and keying material.
    Done(String),
}

/// Flight `number` (the client's are even) as it was, and what both ends came to when its bit was
/// flipped. Data follows in both directions from the ends that are done.
fn run(setup: &Setup, number: usize, flip: Option<(usize, u8)>) -> (Vec<u8>, [End; 2]) {
    let mut pair = Pair::new(setup.client.clone(), setup.server.clone());
    let mut flight = Vec::new();
    for i in 0..6 {
        let (output, input) = if i % 2 == 0 {
            pair.client.run();
            (&mut pair.client.output, &mut pair.server.input)
        } else {
            pair.server.run();
            (&mut pair.server.output, &mut pair.client.input)
        };
        let mut bytes = std::mem::take(output);
        if i == number {
            flight.clone_from(&bytes);
            if let Some((at, bit)) = flip {
                bytes[at] ^= bit;
            }
        }
        input.extend(bytes);
    }
    pair.run();
    if pair.client.done.is_some() && pair.client.failed.is_none() {
        pair.client.send(b"from client");
    }
    if pair.server.done.is_some() && pair.server.failed.is_none() {
        pair.server.send(b"from server");
    }
    pair.run();
    let accepted = |data: &[u8], sent: &[u8]| assert!(data.is_empty() || data == sent);
    accepted(&pair.server.data, b"from client");
    accepted(&pair.client.data, b"from server");
    macro_rules! end {
        ($end:expr) => {
            match (&$end.failed, &$end.done) {
                (Some(_), None) => End::Failed,
                (_, Some(summary)) => {
                    let mut exported = [0; 32];
                    let connection = &$end.connection;
                    let _ = connection.export_keying_material(b"EXPORTER", None, &mut exported);
                    End::Done(format!(
                        "{summary} {:?} {exported:?}",
                        summary.client_random
                    ))
                }
                (None, None) => End::Waiting,
            }
        };
    }
    (flight, [end!(pair.client), end!(pair.server)])
}

/// Where a byte of a flight is: its record is protected, so many bytes into it, and how long it is.
fn place(flight: &[u8], at: usize) -> (bool, usize, usize) {
    let (mut start, mut protected) = (0, false);
    loop {
        let header = &flight[start..start + 5];
        let len = 5 + usize::from(u16::from_be_bytes([header[3], header[4]]));
        if at < start + len {
            return (protected, at - start, len);
        }
        protected |= header[0] == 20;
        start += len;
    }
}

/// Headers, short records, and the fronts of long ones.
fn is_structure(flight: &[u8], at: usize) -> bool {
    let (_, at, len) = place(flight, at);
    at < 13 || len < 60
}

/// The minor version of a record in the clear.
fn is_ignored(flight: &[u8], at: usize) -> bool {
    let (protected, at, _) = place(flight, at);
    !protected && at == 2
}

/// Flips so many bits of each byte of structure, and of one in so many of the others.
fn flip_all(setup: &Setup, bits: usize, every: usize) {
    let (bits, every) = match std::env::var_os("SYMBOLON_EXHAUSTIVE") {
        Some(_) => (8, 1),
        None => (bits, every),
    };
    let (mut flips, mut ignored) = (0, 0);
    for number in 0..4 {
        let (flight, whole) = run(setup, number, None);
        assert!(flight.len() > 40, "flight {number}");
        let [End::Done(client), End::Done(server)] = &whole else {
            panic!("{whole:?}")
        };
        assert_eq!(client, server);
        assert!(client.contains("TLS 1.2"), "{client}");
        for at in 0..flight.len() {
            if !is_structure(&flight, at) && at % every != 0 {
                continue;
            }
            for bit in (0..bits).map(|i| (at + i * 3) % 8) {
                flips += 1;
                let (_, ends) = run(setup, number, Some((at, 1 << bit)));
                let text = format!("bit {bit} of byte {at} in flight {number}: {ends:?}");
                if is_ignored(&flight, at) {
                    assert_eq!(ends, whole, "{text}");
                    ignored += 1;
                    continue;
                }
                let client_done = matches!(ends[0], End::Done(_));
                assert!(!client_done, "the client accepted: {text}");
                // The server is done before its last flight arrives, and only then.
                let server_done = matches!(ends[1], End::Done(_));
                assert_eq!(server_done, number == 3, "{text}");
            }
        }
    }
    // ClientHello, the server's flight, the client's with its change_cipher_spec, and the last.
    assert_eq!(ignored, 5 * bits);
    assert!(flips > 120 * bits, "{flips}");
}

const TLS12: &[ProtocolVersion] = &[ProtocolVersion::TLS12];
const BOTH: &[ProtocolVersion] = &[ProtocolVersion::TLS13, ProtocolVersion::TLS12];
const GCM: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
const CHACHA: CipherSuite = CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;

#[test]
fn tls12_alone() {
    flip_all(&setup(false, true, [TLS12, TLS12], GCM), 8, 37);
}

#[test]
fn with_a_client_certificate() {
    flip_all(&setup(true, true, [TLS12, TLS12], CHACHA), 2, 41);
}

/// The older master secret isn't bound to the transcript: Finished still is.
#[test]
fn without_the_extended_master_secret_being_required() {
    flip_all(&setup(false, false, [TLS12, TLS12], GCM), 2, 41);
}

/// One end has TLS 1.3 as well.
#[test]
fn where_one_end_is_newer() {
    flip_all(&setup(false, true, [BOTH, TLS12], GCM), 2, 61);
    flip_all(&setup(false, true, [TLS12, BOTH], GCM), 2, 61);
}
