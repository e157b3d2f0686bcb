//! What is computed: key exchanges, signatures, verifications; and how work grows with input.

use crate::common::pair::{Pair, now};
use crate::common::rogue::{Hello, Psk, Rogue, World, share, u16s, vec8, vec16};
use crate::common::rogue12;
use crate::counting::{Work, provider, work};
use crate::memory::fragments;
use crate::meter::{Metered, allocated};
use rustls_pki_types::UnixTime;
use std::sync::Arc;
use symbolon::codepoint::{ExtensionType as X, NamedGroup};
use symbolon::config::{
    ClientAuth, ClientConfigBuilder, Credential, MemoryClientSessions, RetryPolicy,
    RotatingTicketer, Scope, ServerConfigBuilder, Session, StatelessSessions,
};
use symbolon::conn::ServerConnection;
use symbolon::keys::tls13::PskKind;
use symbolon::pki::PathVerifier;

/// Before the client's Finished, on either side.
const EXCHANGES: usize = 2;
const SIGNATURES: usize = 1;

fn server_config(world: &World) -> ServerConfigBuilder {
    let identity = &world.server;
    let credential = Credential::new(identity.0.clone(), &identity.1, &provider()).unwrap();
    let config = world.server_config().provider(provider());
    config.credential(credential)
}

fn client_config(world: &World) -> ClientConfigBuilder {
    let identity = &world.client;
    let credential = Credential::new(identity.0.clone(), &identity.1, &provider()).unwrap();
    let config = world.client_config().provider(provider());
    config.credential(credential)
}

fn client_auth(world: &World) -> ClientAuth {
    ClientAuth::Required(Arc::new(PathVerifier::new(world.pki.roots())))
}

#[track_caller]
fn little(what: &str, work: Work) {
    println!("{what}: {work:?}");
    assert!(work.exchanges <= EXCHANGES, "{what}: {work:?}");
    assert!(work.finished <= 1, "{what}: {work:?}");
    assert!(work.signatures <= SIGNATURES, "{what}: {work:?}");
}

#[test]
fn two_key_exchanges_and_a_signature() {
    let world = World::new();
    let groups = [
        NamedGroup::X25519MLKEM768,
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
    ];
    for versions in [rogue12::BOTH, rogue12::TLS12] {
        for retry in [false, true] {
            let client = client_config(&world).versions(versions).groups(&groups);
            let client = match retry {
                true => client.key_shares(&[NamedGroup::SECP256R1]).build().unwrap(),
                false => client.build().unwrap(),
            };
            let server = server_config(&world)
                .versions(versions)
                .groups(&groups[..2]);
            let server = server.client_auth(client_auth(&world)).build().unwrap();
            // A half of the pair at a time.
            work();
            let mut pair = Pair::new(client, server);
            let mut sums = [work(), Work::default()];
            for _ in 0..6 {
                pair.client.run();
                pair.server.input.append(&mut pair.client.output);
                sums[0] = add(sums[0], work());
                pair.server.run();
                pair.client.input.append(&mut pair.server.output);
                sums[1] = add(sums[1], work());
            }
            assert!(pair.client.done.is_some() && pair.server.done.is_some());
            little(&format!("client, {versions:?}, retry {retry}"), sums[0]);
            little(&format!("server, {versions:?}, retry {retry}"), sums[1]);
            // A chain of two and a signature of the handshake.
            assert_eq!([sums[0].verifications, sums[1].verifications], [3, 3]);
        }
    }
}

fn add(a: Work, b: Work) -> Work {
    Work {
        exchanges: a.exchanges + b.exchanges,
        finished: a.finished + b.finished,
        signatures: a.signatures + b.signatures,
        verifications: a.verifications + b.verifications,
        hashed: a.hashed + b.hashed,
    }
}

/// What a server does while a script runs that isn't meant to end well.
fn against_server(
    config: ServerConfigBuilder,
    script: impl FnOnce(&mut Rogue<ServerConnection>),
) -> Work {
    let config = config.build().unwrap();
    work();
    let mut rogue = Rogue::client(config);
    script(&mut rogue);
    rogue.peer.run();
    // The script's own exchange isn't made with what counts.
    work()
}

#[test]
fn hostile_clients_cost_no_more() {
    let world = World::new();
    let retrying = || server_config(&world).retry(RetryPolicy::ForPreferred);
    let spent = against_server(retrying(), |rogue| {
        let first = rogue.hello_for(NamedGroup::SECP256R1);
        rogue.send_hello(&first);
        rogue.read_retry();
        for _ in 0..3 {
            let again = rogue.hello_for(NamedGroup::X25519);
            rogue.send_hello(&again);
        }
    });
    little("hellos after a retry", spent);
    let spent = against_server(server_config(&world), |rogue| {
        for _ in 0..4 {
            let again = rogue.hello_for(NamedGroup::X25519);
            rogue.send_hello(&again);
        }
    });
    little("hellos", spent);
    let spent = against_server(server_config(&world), |rogue| {
        rogue.client_hello(|hello| {
            let more = share(NamedGroup::SECP256R1, &[4; 65]);
            let shares = hello
                .extensions
                .iter()
                .find(|e| e.0 == X::KEY_SHARE)
                .unwrap();
            let all = [&shares.1[2..], &more].concat();
            hello.set(X::KEY_SHARE, vec16(&all));
        });
    });
    little("shares of two groups", spent);
    assert_eq!(spent.exchanges, 1);
    let tickets = RotatingTicketer::new(&provider(), &[3; 32], 3600).unwrap();
    let config = server_config(&world).session_scope("test");
    let config = config.sessions(StatelessSessions::new(Arc::new(tickets)));
    let psk = Psk {
        identity: vec![7; 20],
        key: vec![8; 32],
        kind: PskKind::Resumption,
        age: 0,
    };
    let spent = against_server(config, |rogue| rogue.psk_hello(&vec![psk; 200], |_| ()));
    little("200 tickets", spent);
    // A hostile client of TLS 1.2.
    let config = server_config(&world)
        .versions(rogue12::TLS12)
        .build()
        .unwrap();
    work();
    let mut rogue = rogue12::Rogue::client(config);
    rogue.client_hello(|_| ());
    rogue.read_flight();
    for _ in 0..4 {
        rogue.key_exchange();
    }
    rogue.peer.run();
    little("key exchanges of TLS 1.2", work());
}

#[test]
fn hostile_servers_cost_no_more() {
    let world = World::new();
    work();
    let mut rogue = Rogue::server(client_config(&world).build().unwrap());
    for _ in 0..3 {
        rogue.retry(|_| ());
    }
    rogue.peer.run();
    little("HelloRetryRequests", work());
    let mut rogue = Rogue::server(client_config(&world).build().unwrap());
    rogue.retry(|_| ());
    rogue.read_hello();
    for _ in 0..3 {
        rogue.server_hello(|_| ());
    }
    rogue.peer.run();
    little("ServerHellos after a retry", work());
    let config = client_config(&world)
        .versions(rogue12::TLS12)
        .build()
        .unwrap();
    let mut rogue = rogue12::Rogue::server(config);
    rogue.server_hello(|_| ());
    rogue.certificate(&world.server);
    for _ in 0..3 {
        rogue.key_exchange(&world.server);
    }
    rogue.certificate_request();
    rogue.hello_done();
    rogue.hello_done();
    rogue.peer.run();
    little("ServerKeyExchanges", work());
}

/// A server's answer to some bytes.
pub fn receive(world: &World, bytes: &[u8]) {
    let config = server_config(world).build().unwrap();
    let mut server = Metered::new(|| ServerConnection::new(config, [2; 32], now()).unwrap());
    server.feed(bytes, bytes.len(), |_, _| ());
    assert!(server.output.len() > 100);
}

/// So many sessions of one server, and where and when they are good.
pub fn sessions(count: usize) -> (Vec<Session>, Scope, UnixTime) {
    let world = World::new();
    let tickets = RotatingTicketer::new(&provider(), &[3; 32], 3600).unwrap();
    let sessions = StatelessSessions::new(Arc::new(tickets));
    let server = server_config(&world)
        .session_scope("test")
        .sessions(sessions);
    let server = server.build().unwrap();
    let config = client_config(&world).session_scope("test");
    let config = config
        .sessions(Arc::new(MemoryClientSessions::new(1, 1)))
        .build()
        .unwrap();
    let mut all = Vec::new();
    while all.len() < count {
        let mut pair = Pair::new(Arc::clone(&config), Arc::clone(&server));
        pair.handshake();
        all.append(&mut pair.client.sessions);
    }
    all.truncate(count);
    (all, config.scope().unwrap(), now())
}

/// What a server spends on some bytes: allocations, bytes allocated, bytes hashed.
fn spent(world: &World, bytes: &[u8], step: usize) -> [usize; 3] {
    let config = server_config(world)
        .versions(rogue12::BOTH)
        .build()
        .unwrap();
    work();
    let before = allocated();
    let mut server = Metered::new(|| ServerConnection::new(config, [2; 32], now()).unwrap());
    server.feed(bytes, step, |_, _| ());
    assert!(server.output.len() > 100 || server.failed.is_some());
    let after = allocated();
    [after.0 - before.0, after.1 - before.1, work().hashed]
}

/// ClientHellos that grow with `n` in one respect.
pub fn growing(world: &World, what: &str, n: usize) -> Vec<u8> {
    let config = server_config(world).build().unwrap();
    let mut rogue = Rogue::client(config);
    let many = |n: usize| (0..n).map(|i| 0x8000 + u16::try_from(i).unwrap());
    let edit = |hello: &mut Hello| match what {
        "extensions" => hello
            .extensions
            .extend(many(n).map(|kind| (X(kind), vec![]))),
        "suites" => hello.suites.splice(..0, many(n)).for_each(drop),
        "groups" => {
            let groups: Vec<u16> = many(n).chain([NamedGroup::X25519.0]).collect();
            hello.set(X::SUPPORTED_GROUPS, vec16(&u16s(&groups)));
        }
        "schemes" => {
            let schemes: Vec<u16> = many(n).chain([0x0403]).collect();
            hello.set(X::SIGNATURE_ALGORITHMS, vec16(&u16s(&schemes)));
        }
        "protocols" => hello.set(X::ALPN, vec16(&vec8(b"x").repeat(n))),
        "versions" => {
            let versions: Vec<u16> = many(n.min(125)).chain([0x0304]).collect();
            hello.set(X::SUPPORTED_VERSIONS, vec8(&u16s(&versions)));
        }
        _ => hello.set(X::PADDING, vec![0; n]),
    };
    match what {
        "identities" => {
            let psk = Psk {
                identity: vec![7; 1],
                key: vec![8; 32],
                kind: PskKind::Resumption,
                age: 0,
            };
            rogue.psk_hello(&vec![psk; n / 10], |_| ());
        }
        _ => rogue.client_hello(edit),
    }
    match what {
        "fragments" => fragments(&rogue.hello, 1),
        _ => rogue.sent,
    }
}

pub const GROWING: [&str; 9] = [
    "extensions",
    "suites",
    "groups",
    "schemes",
    "protocols",
    "versions",
    "padding",
    "identities",
    "fragments",
];

#[test]
fn work_grows_with_input_and_no_faster() {
    let world = World::new();
    for what in GROWING {
        let [one, two, four] = [900, 1800, 3600].map(|n| {
            let bytes = growing(&world, what, n);
            (bytes.len(), spent(&world, &bytes, bytes.len()))
        });
        println!("{what}: {one:?} {two:?} {four:?}");
        // From 2n to 4n there may be twice what there was from n to 2n, and what one block more costs.
        for i in 0..3 {
            let (first, second) = (
                two.1[i].saturating_sub(one.1[i]),
                four.1[i].saturating_sub(two.1[i]),
            );
            let slack = [4, 4096, 256][i];
            assert!(second <= 2 * first + slack, "{what}: {first} then {second}");
        }
    }
    // However the bytes are cut in time, the same.
    let bytes = growing(&world, "padding", 3600);
    let at_once = spent(&world, &bytes, bytes.len());
    assert_eq!(spent(&world, &bytes, 1), at_once);
}
