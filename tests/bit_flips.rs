//! A bit that is changed on the way: the handshake fails, or waits for more, or, where the RFC
//! says that the bit is ignored, comes to what it would have come to. Never do both ends finish
//! with different views, and never is data accepted that wasn't sent.
//!
//! Every bit of what gives flights their structure is flipped, and one byte in so many of keys,
//! certificates and ciphertext. `SYMBOLON_EXHAUSTIVE=1` flips all.

mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
}

use common::certs::KeyKind;
use common::pair::Pair;
use common::rogue::{World, credential};
use std::sync::Arc;
use symbolon::codepoint::{NamedGroup, ProtocolVersion};
use symbolon::config::{ClientAuth, ClientConfig, ServerConfig};
use symbolon::pki::PathVerifier;

struct Setup {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

fn setup(retry: bool, auth: bool, versions: &[ProtocolVersion]) -> Setup {
    let mut world = World::new();
    world.server = world.pki.leaf(&["server.example"], KeyKind::Ed25519);
    world.client = world.pki.client("client", KeyKind::Ed25519);
    let (client, server) = (world.client_config(), world.server_config());
    let groups = [NamedGroup::X25519];
    let mut client = client.groups(&groups).versions(versions);
    let mut server = server.groups(&groups).versions(versions);
    if retry {
        client = client.key_shares(&[]);
    }
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

/// What both ends come to.
#[derive(Debug, PartialEq)]
enum End {
    Failed,
    Waiting,
    /// Done, with this view of it: all that was agreed on, and a secret of it.
    Done(String),
}

/// Flight `number` (the client's are even) with the bit flipped, if there is one, and how long
/// the flight is. Data follows in both directions once both are done.
fn run(setup: &Setup, number: usize, flip: Option<(usize, u8)>) -> (Vec<u8>, [End; 2]) {
    let mut pair = Pair::new(setup.client.clone(), setup.server.clone());
    let mut flight = Vec::new();
    for i in 0..8 {
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
                (Some(_), _) => End::Failed,
                (None, None) => End::Waiting,
                (None, Some(summary)) => End::Done(format!(
                    "{summary} {:?} {:?} {} {:?} {:?} {:?}",
                    summary.alpn,
                    summary.server_name,
                    summary.hello_retry_request,
                    summary.client_random,
                    [summary.signature_scheme, summary.peer_signature_scheme]
                        .iter()
                        .flatten()
                        .collect::<std::collections::BTreeSet<_>>(),
                    $end.connection.tls_exporter().unwrap(),
                )),
            }
        };
    }
    (flight, [end!(pair.client), end!(pair.server)])
}

/// Which bytes of a flight are of structure: all but the bodies of long records that are
/// protected, and the inside of long plaintext records (of which the front is of structure).
fn is_structure(flight: &[u8], at: usize) -> bool {
    let mut start = 0;
    loop {
        let header = &flight[start..start + 5];
        let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
        let end = start + 5 + len;
        if at < end {
            let inside = at.saturating_sub(start + 5);
            let plaintext = header[0] != 23;
            return at < start + 5
                || inside < 8
                || end - at <= 20
                // Hellos but for random and session ID, which are one long value each.
                || (plaintext && !(10..=74).contains(&inside));
        }
        start = end;
    }
}

/// The minor version of a plaintext record.
fn is_ignored(flight: &[u8], at: usize) -> bool {
    let mut start = 0;
    while start + 5 <= flight.len() {
        if flight[start] != 23 && at == start + 2 {
            return true;
        }
        start += 5 + usize::from(u16::from_be_bytes([flight[start + 3], flight[start + 4]]));
    }
    false
}

fn flip_all(setup: &Setup, flights: usize, every: usize) {
    let every = match std::env::var_os("SYMBOLON_EXHAUSTIVE") {
        Some(_) => 1,
        None => every,
    };
    let mut flips = 0;
    let mut ignored = 0;
    for number in 0..flights {
        let (flight, whole) = run(setup, number, None);
        assert!(flight.len() > 50, "flight {number}");
        let [End::Done(client), End::Done(server)] = &whole else {
            panic!("{whole:?}")
        };
        assert_eq!(client, server);
        for at in 0..flight.len() {
            if !is_structure(&flight, at) && at % every != 0 {
                continue;
            }
            for bit in 0..8 {
                flips += 1;
                let (_, ends) = run(setup, number, Some((at, 1 << bit)));
                let text = format!("bit {bit} of byte {at} in flight {number}: {ends:?}");
                if is_ignored(&flight, at) {
                    assert_eq!(ends, whole, "{text}");
                    ignored += 1;
                    continue;
                }
                // The client is done before its last flight arrives; the server never is, unless
                // the bit didn't matter.
                let both = matches!(ends, [End::Done(_), End::Done(_)]);
                assert!(!both, "accepted: {text}");
                assert!(
                    !matches!(ends[1], End::Done(_)),
                    "the server accepted: {text}"
                );
                let last = flights - 1;
                assert!(
                    number == last || !matches!(ends[0], End::Done(_)),
                    "the client accepted: {text}"
                );
            }
        }
    }
    // The plaintext records, with their minor versions.
    assert!(ignored >= 3 * 8, "{ignored}");
    assert!(flips > 2000, "{flips}");
}

const TLS13: [ProtocolVersion; 1] = [ProtocolVersion::TLS13];

#[test]
fn a_short_handshake() {
    flip_all(&setup(false, false, &TLS13), 3, 7);
}

#[test]
fn with_a_retry() {
    flip_all(&setup(true, false, &TLS13), 5, 17);
}

#[test]
fn with_a_client_certificate() {
    flip_all(&setup(false, true, &TLS13), 3, 13);
}

/// A bit that hides TLS 1.3 from the server must not lead to TLS 1.2 (RFC 9846 4.2.3).
#[test]
fn where_older_versions_are_allowed() {
    let both = [ProtocolVersion::TLS13, ProtocolVersion::TLS12];
    flip_all(&setup(false, false, &both), 3, 29);
}
