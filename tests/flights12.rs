//! Flights of TLS 1.2: however the bytes are cut, and however little room there is, the outcome is
//! the same; and no bytes in the place of others are taken, or make an end panic.

mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
    pub mod rogue12;
}

use common::certs::KeyKind;
use common::pair::Pair;
use common::rogue::{World, credential};
use common::rogue12::{Rogue, TLS12};
use proptest::prelude::*;
use std::sync::{Arc, OnceLock};
use symbolon::codepoint::ContentType;
use symbolon::config::{ClientAuth, ClientConfig, ServerConfig};
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::pki::PathVerifier;

/// Configs made once: without and with a client certificate.
fn configs(auth: bool) -> (Arc<ClientConfig>, Arc<ServerConfig>) {
    type Both = (Arc<ClientConfig>, Arc<ServerConfig>);
    static ALL: OnceLock<[Both; 2]> = OnceLock::new();
    let all = ALL.get_or_init(|| {
        let mut world = World::new();
        world.server = world.pki.leaf(&["server.example"], KeyKind::Ed25519);
        world.client = world.pki.client("client", KeyKind::Ed25519);
        [false, true].map(|auth| {
            let mut client = world.client_config().versions(TLS12);
            let mut server = world.server_config().versions(TLS12);
            if auth {
                client = client.credential(credential(&world.client));
                let verifier = PathVerifier::new(world.pki.roots());
                server = server.client_auth(ClientAuth::Required(Arc::new(verifier)));
            }
            (client.build().unwrap(), server.build().unwrap())
        })
    });
    all[usize::from(auth)].clone()
}

fn pair(auth: bool) -> Pair {
    let (client, server) = configs(auth);
    Pair::new(client, server)
}

/// All that a handshake comes to, and data after it.
type Outcome = (String, String, [u8; 32], [u8; 32]);

fn outcome(pair: &mut Pair) -> Outcome {
    let (client, server) = pair.handshake();
    pair.client.room = None;
    pair.server.room = None;
    let data: Vec<u8> = (0..20_000_u32).map(|i| (i % 241) as u8).collect();
    pair.client.send(&data);
    pair.server.send(&data[..500]);
    pair.run();
    assert!(pair.server.data == data && pair.client.data == data[..500]);
    (
        format!("{client} {:?}", client.signature_scheme),
        format!("{server} {:?}", server.peer_signature_scheme),
        pair.client.connection.tls_exporter().unwrap(),
        pair.server.connection.tls_exporter().unwrap(),
    )
}

#[test]
fn pieces_of_every_small_size() {
    for auth in [false, true] {
        let whole = outcome(&mut pair(auth));
        for step in [1, 2, 3, 4, 5, 6, 7, 11, 64, 1000] {
            let mut pair = pair(auth);
            pair.step = Some(step);
            assert_eq!(outcome(&mut pair), whole, "in pieces of {step}");
        }
    }
}

/// The handshake records before change_cipher_spec, joined and cut into records of at most `len`
/// bytes; what follows stays as it is.
fn refragment(bytes: &[u8], len: usize) -> Vec<u8> {
    let (mut plaintext, mut rest) = (Vec::new(), bytes);
    while let Some((header, after)) = rest.split_first_chunk::<5>().filter(|(h, _)| h[0] == 22) {
        let size = usize::from(u16::from_be_bytes([header[3], header[4]]));
        plaintext.extend(&after[..size]);
        rest = &after[size..];
    }
    let mut out = Vec::new();
    for part in plaintext.chunks(len) {
        let size = u16::try_from(part.len()).unwrap().to_be_bytes();
        out.extend([22, 3, 3, size[0], size[1]]);
        out.extend(part);
    }
    out.extend(rest);
    out
}

fn refragmented(auth: bool, len: usize) -> Outcome {
    let mut pair = pair(auth);
    pair.client.run();
    for i in 0..3 {
        let (from, to) = match i % 2 {
            0 => (&mut pair.client.output, &mut pair.server.input),
            _ => (&mut pair.server.output, &mut pair.client.input),
        };
        to.extend(refragment(&std::mem::take(from), len));
        pair.server.run();
        pair.client.run();
    }
    outcome(&mut pair)
}

#[test]
fn messages_cut_into_records_of_any_length() {
    for auth in [false, true] {
        let whole = outcome(&mut pair(auth));
        for len in [1, 2, 3, 4, 5, 100, 300, 1 << 14] {
            assert_eq!(refragmented(auth, len), whole, "records of {len}");
        }
    }
}

#[test]
fn sinks_of_every_size() {
    for auth in [false, true] {
        let whole = outcome(&mut pair(auth));
        for room in [512, 513, 520, 600, 1000, 5000] {
            let mut pair = pair(auth);
            pair.client.room = Some(room);
            pair.server.room = Some(room);
            assert_eq!(outcome(&mut pair), whole, "a sink of {room}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_pieces_rooms_and_lengths(
        step in 1..3000_usize,
        rooms in (512..2000_usize, 512..2000_usize),
        len in 1..400_usize,
        auth: bool,
    ) {
        let whole = outcome(&mut pair(auth));
        let mut cut = pair(auth);
        cut.step = Some(step);
        cut.client.room = Some(rooms.0);
        cut.server.room = Some(rooms.1);
        prop_assert_eq!(outcome(&mut cut), whole.clone());
        prop_assert_eq!(refragmented(auth, len), whole);
    }
}

/// How far a scripted server goes before it says something else.
fn client_at(state: u8) -> Rogue<ClientConnection> {
    static WORLD: OnceLock<World> = OnceLock::new();
    let world = WORLD.get_or_init(World::new);
    let config = world.client_config().versions(TLS12).build().unwrap();
    let mut rogue = Rogue::<ClientConnection>::server(config);
    type Step<'a> = &'a dyn Fn(&mut Rogue<ClientConnection>);
    let steps: [Step<'_>; 6] = [
        &|rogue| rogue.server_hello(|_| ()),
        &|rogue| rogue.certificate(&world.server),
        &|rogue| rogue.key_exchange(&world.server),
        &|rogue| {
            rogue.hello_done();
            rogue.read_client_flight();
        },
        &|rogue| rogue.ccs(),
        &|rogue| rogue.finished(),
    ];
    steps[..usize::from(state)]
        .iter()
        .for_each(|step| step(&mut rogue));
    rogue.peer.run();
    rogue
}

fn server_at(state: u8) -> Rogue<ServerConnection> {
    let mut rogue = Rogue::client(configs(false).1);
    let steps: [fn(&mut Rogue<ServerConnection>); 4] = [
        |rogue| {
            rogue.client_hello(|h| {
                let ed25519 = [0, 2, 8, 7].to_vec();
                h.set(
                    symbolon::codepoint::ExtensionType::SIGNATURE_ALGORITHMS,
                    ed25519,
                );
            });
            rogue.read_flight();
        },
        |rogue| rogue.key_exchange(),
        |rogue| rogue.ccs(),
        |rogue| rogue.finished(),
    ];
    steps[..usize::from(state)]
        .iter()
        .for_each(|step| step(&mut rogue));
    rogue.peer.run();
    rogue
}

/// Messages whose type and length are right, or nearly so.
fn message() -> impl Strategy<Value = Vec<u8>> {
    let kinds = prop::sample::select(vec![0_u8, 1, 2, 4, 11, 12, 13, 14, 15, 16, 20, 22, 24]);
    let body = prop::collection::vec(prop_oneof![2 => 0..4_u8, 1 => any::<u8>()], 0..80);
    (kinds, body).prop_map(|(kind, body)| {
        let len = u16::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind, 0][..], &len, &body].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_bytes_are_taken(state in 0..6_u8, bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let mut rogue = client_at(state);
        rogue.raw(&bytes);
        rogue.peer.run();
        prop_assert!(rogue.peer.done.is_none() && rogue.peer.data.is_empty());
        let mut rogue = server_at(state % 4);
        rogue.raw(&bytes);
        rogue.peer.run();
        prop_assert!(rogue.peer.done.is_none() && rogue.peer.data.is_empty());
    }

    #[test]
    fn no_records_are_taken(
        state in 0..7_u8,
        records in prop::collection::vec((20..25_u8, prop::collection::vec(any::<u8>(), 0..40)), 1..4),
    ) {
        let mut rogue = client_at(state);
        for (kind, body) in &records {
            rogue.record(ContentType(*kind), body);
        }
        rogue.peer.run();
        prop_assert_eq!(rogue.peer.done.is_some(), state == 6);
    }

    #[test]
    fn no_messages_are_taken(state in 0..6_u8, messages in prop::collection::vec(message(), 1..4)) {
        let mut rogue = client_at(state);
        messages.iter().for_each(|message| rogue.record(ContentType::HANDSHAKE, message));
        rogue.peer.run();
        prop_assert!(rogue.peer.done.is_none());
        let mut rogue = server_at(state % 4);
        messages.iter().for_each(|message| rogue.record(ContentType::HANDSHAKE, message));
        rogue.peer.run();
        prop_assert!(rogue.peer.done.is_none());
    }
}
