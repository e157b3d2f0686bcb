//! Bytes held.

use crate::common::certs::Identity;
use crate::common::pair::{Pair, now};
use crate::common::rogue::{Hello, Psk, Rogue, World, block, message, u16s, vec8, vec16, vec24};
use crate::common::rogue12;
use crate::meter::Metered;
use std::sync::Arc;
use symbolon::codepoint::{ContentType as C, ExtensionType as X, HandshakeType as T, NamedGroup};
use symbolon::config::{
    ClientAuth, ClientConfig, ClientCredentials, Credential, Limits, RetryPolicy, RotatingTicketer,
    ServerConfig, ServerConfigBuilder, StatelessSessions,
};
use symbolon::conn::{ClientConnection, Connection, ServerConnection};
use symbolon::error::{ErrorKind, Limit};
use symbolon::keys::tls13::PskKind;
use symbolon::pki::{DangerousAcceptAnyCertificate, PathVerifier};
use symbolon::provider::RUSTCRYPTO;

/// What a server may hold while it waits for a ClientHello.
const WAITING: usize = 4 * 1024;
/// What a server may hold before the client is authenticated, without the client's chain.
const SERVER: usize = 40 * 1024;
/// What a client may hold before the server is authenticated.
const CLIENT: usize = 128 * 1024;

pub fn server(config: &Arc<ServerConfig>) -> Metered<ServerConnection> {
    Metered::new(|| ServerConnection::new(Arc::clone(config), [2; 32], now()).unwrap())
}

pub fn client(config: &Arc<ClientConfig>) -> Metered<ClientConnection> {
    let name = "server.example".try_into().unwrap();
    Metered::new(|| ClientConnection::new(Arc::clone(config), name, [1; 32], now()).unwrap())
}

/// Handshake bytes in records of so many bytes.
pub fn fragments(bytes: &[u8], size: usize) -> Vec<u8> {
    let records = bytes
        .chunks(size)
        .flat_map(|part| [&[22, 3, 3][..], &vec16(part)].concat());
    records.collect()
}

/// A handshake message in records of so many bytes, under the keys of now.
fn send13<K: Connection>(rogue: &mut Rogue<K>, kind: T, body: &[u8], size: usize) {
    let raw = message(kind, body);
    rogue.transcript.add(&raw);
    for part in raw.chunks(size) {
        rogue.record(C::HANDSHAKE, part);
    }
}

fn send12<K: Connection>(rogue: &mut rogue12::Rogue<K>, kind: T, body: &[u8], size: usize) {
    let raw = message(kind, body);
    rogue.messages.extend_from_slice(&raw);
    for part in raw.chunks(size) {
        rogue.record(C::HANDSHAKE, part);
    }
}

fn client_auth(world: &World) -> ClientAuth {
    ClientAuth::Required(Arc::new(PathVerifier::new(world.pki.roots())))
}

/// A server that prefers a group that may cost a HelloRetryRequest.
fn server_config(world: &World) -> ServerConfigBuilder {
    let config = world.server_config().provider(RUSTCRYPTO);
    let config = config.credential(repeatable(&world.server));
    config.retry(RetryPolicy::ForPreferred)
}

/// A credential that signs the same way each time: a connection can then be played again.
pub fn repeatable(identity: &Identity) -> Credential {
    Credential::new(identity.0.clone(), &identity.1, &RUSTCRYPTO).unwrap()
}

/// What the server verifies, all of it.
fn any_client() -> ClientAuth {
    ClientAuth::Required(Arc::new(DangerousAcceptAnyCertificate))
}

const SIZES: [usize; 3] = [16_384, 1_000, 100];

#[track_caller]
fn at_most<K: Connection>(what: &str, peer: &Metered<K>, mark: usize) {
    println!("{what}: {} of {mark} bytes at the peak", peer.peak);
    assert!(peer.peak <= mark, "{what}: {} > {mark}", peer.peak);
}

#[test]
fn a_server_that_waits() {
    let world = World::new();
    for config in [
        server_config(&world).build().unwrap(),
        world.server_config().build().unwrap(),
        rogue12::newer_server(&world).build().unwrap(),
    ] {
        let mut server = server(&config);
        at_most("a waiting server", &server, WAITING);
        // Also with a part of a record there.
        server.feed(&[22, 3, 1, 0x40, 0, 1, 0, 0x3f], 1, |server, _| {
            assert!(server.peak <= WAITING);
        });
    }
}

/// Fills a ClientHello up to the limit.
fn fill(hello: &mut Hello) {
    hello.set(X::PADDING, vec![]);
    let room = Limits::default().client_hello - hello.client_body().len();
    hello.set(X::PADDING, vec![0; room]);
    assert_eq!(hello.client_body().len(), Limits::default().client_hello);
}

/// The longest list of certificates that there may be: a good one, and others of this length, each with
/// `tail` after it.
fn long_list(own: &[u8], most: usize, each: usize, tail: &[u8]) -> Vec<u8> {
    let mut list = [&vec24(own)[..], tail].concat();
    while list.len() + 3 + each + tail.len() <= most {
        list.extend(vec24(&vec![0x30; each]));
        list.extend(tail);
    }
    list
}

/// The flight of a client of TLS 1.3 with the longest messages, in records of `size` bytes.
fn long_client13(world: &World, config: &Arc<ServerConfig>, retry: bool, size: usize) -> Vec<u8> {
    let mut rogue = Rogue::client(Arc::clone(config));
    let mut hello = rogue.hello_for(match retry {
        true => NamedGroup::SECP256R1,
        false => NamedGroup::X25519,
    });
    fill(&mut hello);
    send13(&mut rogue, T::CLIENT_HELLO, &hello.client_body(), size);
    if retry {
        rogue.read_retry();
        let mut second = rogue.hello_for(NamedGroup::X25519);
        fill(&mut second);
        send13(&mut rogue, T::CLIENT_HELLO, &second.client_body(), size);
    }
    rogue.read_flight();
    let most = Limits::default().client_chain - 4;
    let each = (most - world.client.0[0].len() - 5) - 5;
    let list = long_list(&world.client.0[0], most, each, &[0, 0]);
    let body = [vec![0], vec24(&list)].concat();
    send13(&mut rogue, T::CERTIFICATE, &body, size);
    rogue.certificate_verify(&world.client);
    rogue.finished();
    rogue.sent
}

#[test]
fn a_server_of_tls13_before_authentication() {
    let world = World::new();
    let accepts = server_config(&world)
        .client_auth(any_client())
        .build()
        .unwrap();
    let refuses = server_config(&world)
        .client_auth(client_auth(&world))
        .build()
        .unwrap();
    let mark = SERVER + Limits::default().client_chain;
    for retry in [false, true] {
        for size in SIZES {
            let bytes = long_client13(&world, &accepts, retry, size);
            let mut server = server(&accepts);
            server.feed(&bytes, 1000, |server, _| {
                // The chain comes last.
                if server.received < 16_000 {
                    assert!(server.peak <= SERVER, "{}", server.peak);
                }
            });
            assert_eq!(server.failed, None);
            assert!(server.done);
            at_most(
                &format!("server, retry {retry}, records of {size}"),
                &server,
                mark,
            );
            let mut server = self::server(&refuses);
            server.feed(&bytes, 1000, |_, _| ());
            assert!(matches!(
                server.failed.as_ref().unwrap().kind(),
                ErrorKind::Certificate(_)
            ));
            at_most("the same, refused", &server, mark);
        }
    }
}

#[test]
fn a_server_of_tls12_before_authentication() {
    let world = World::new();
    let config = server_config(&world).versions(rogue12::TLS12);
    let config = config.client_auth(any_client()).build().unwrap();
    let limits = Limits::default();
    // Both are kept until the client has signed them: what a ClientHello has beyond 3 KiB is taken off
    // the chain. One record has the longest hello with its header.
    for (size, hello) in SIZES
        .iter()
        .flat_map(|size| [3 << 10, 6 << 10, limits.client_hello].map(|hello| (*size, hello - 4)))
    {
        let mut rogue = rogue12::Rogue::client(Arc::clone(&config));
        rogue.client_hello(|h| {
            h.extensions.push((X::PADDING, vec![]));
            let len = 2 + 32 + 1 + 2 + 2 + 2 + block(&h.extensions).len();
            h.set(X::PADDING, vec![0; hello - len]);
        });
        rogue.read_flight();
        let allowed = limits.client_chain - (hello + 4 - (3 << 10));
        let most = allowed - 3;
        let each = (most - world.client.0[0].len() - 3) - 3;
        let list = long_list(&world.client.0[0], most, each, &[]);
        send12(&mut rogue, T::CERTIFICATE, &vec24(&list), size);
        rogue.key_exchange();
        rogue.certificate_verify(&world.client);
        rogue.ccs();
        rogue.finished();
        let mut server = server(&config);
        server.feed(&rogue.sent, 1000, |_, _| ());
        assert_eq!(server.failed, None);
        assert!(server.done);
        at_most(
            &format!("server of TLS 1.2, a hello of {hello}, records of {size}"),
            &server,
            SERVER + limits.client_chain,
        );
        // A byte more is too much.
        let mut rogue = rogue12::Rogue::client(Arc::clone(&config));
        rogue.client_hello(|h| {
            h.extensions.push((X::PADDING, vec![]));
            let len = 2 + 32 + 1 + 2 + 2 + 2 + block(&h.extensions).len();
            h.set(X::PADDING, vec![0; hello - len]);
        });
        rogue.read_flight();
        let [_, len @ ..] = u32::try_from(allowed + 1).unwrap().to_be_bytes();
        rogue.record(C::HANDSHAKE, &[&[T::CERTIFICATE.0], &len[..]].concat());
        let mut server = self::server(&config);
        server.feed(&rogue.sent, 1000, |_, _| ());
        let error = server.failed.as_ref().unwrap().kind();
        assert!(
            matches!(error, ErrorKind::Limit(Limit::MessageSize { .. })),
            "{error:?}"
        );
    }
}

/// However long a ClientHello is, a small chain still goes, or none.
#[test]
fn a_long_hello_leaves_room_for_a_small_chain() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.client_chain = 4 << 10;
    let config = server_config(&world)
        .versions(rogue12::TLS12)
        .limits(limits);
    let config = config.client_auth(any_client()).build().unwrap();
    for (len, allowed) in [(1 << 10, true), ((1 << 10) + 1, false)] {
        let mut rogue = rogue12::Rogue::client(Arc::clone(&config));
        rogue.client_hello(|h| {
            h.extensions.push((X::PADDING, vec![]));
            let len = 2 + 32 + 1 + 2 + 2 + 2 + block(&h.extensions).len();
            h.set(X::PADDING, vec![0; limits.client_hello - 4 - len]);
        });
        rogue.read_flight();
        let [_, len @ ..] = u32::to_be_bytes(len);
        rogue.record(C::HANDSHAKE, &[&[T::CERTIFICATE.0], &len[..]].concat());
        let mut server = self::server(&config);
        server.feed(&rogue.sent, 1000, |_, _| ());
        assert_eq!(server.failed.is_none(), allowed, "{:?}", server.failed);
    }
}

type Edit<'a> = &'a dyn Fn(&mut Hello);

#[test]
fn a_server_with_many_small_things() {
    let world = World::new();
    let tickets = RotatingTicketer::new(&RUSTCRYPTO, &[3; 32], 3600).unwrap();
    let config = server_config(&world);
    let config = config.sessions(StatelessSessions::new(Arc::new(tickets)));
    let config = config
        .session_scope("test")
        .client_auth(any_client())
        .build()
        .unwrap();
    let hostile = |edit: &dyn Fn(&mut Rogue<ServerConnection>)| {
        let mut rogue = Rogue::client(Arc::clone(&config));
        edit(&mut rogue);
        let mut server = server(&config);
        server.feed(&rogue.sent, 1000, |_, _| ());
        server
    };
    let mark = SERVER;
    // Tickets that nobody made.
    let psk = |len| Psk {
        identity: vec![7; len],
        key: vec![8; 32],
        kind: PskKind::Resumption,
        age: 0,
    };
    for (count, len) in [(8, 1900), (400, 1), (1, 16_000)] {
        let server = hostile(&|rogue| rogue.psk_hello(&vec![psk(len); count], |_| ()));
        assert_eq!(server.failed, None);
        at_most(&format!("{count} tickets of {len} bytes"), &server, mark);
    }
    // Extensions, groups with shares, suites, schemes, versions, protocols.
    let lists: [(&str, Edit<'_>); 6] = [
        ("extensions", &|hello| {
            let kinds = (0..3900).map(|i| (X(0x8000 + i), vec![]));
            hello.extensions.extend(kinds);
        }),
        ("suites", &|hello| {
            hello.suites.extend((0..7900).map(|i| 0x8000 + i))
        }),
        ("groups", &|hello| {
            let mut groups = vec![NamedGroup::X25519.0];
            groups.extend((0..7800).map(|i| 0x8000 + i));
            hello.set(X::SUPPORTED_GROUPS, vec16(&u16s(&groups)));
        }),
        ("schemes", &|hello| {
            let mut schemes = vec![0x0403];
            schemes.extend((0..7800).map(|i| 0x8000 + i));
            hello.set(X::SIGNATURE_ALGORITHMS, vec16(&u16s(&schemes)));
        }),
        ("protocols", &|hello| {
            hello.set(X::ALPN, vec16(&vec8(b"x").repeat(7900)));
        }),
        ("a server name", &|hello| {
            let name = [&[0][..], &vec16(&[b'a'; 255])].concat();
            hello.set(X::SERVER_NAME, vec16(&name));
        }),
    ];
    for (what, edit) in lists {
        let server = hostile(&|rogue| rogue.client_hello(edit));
        assert_eq!(server.failed, None, "{what}");
        at_most(what, &server, mark);
    }
    // Certificates of one byte.
    let chain = Limits::default().client_chain;
    let list = long_list(&world.client.0[0], chain - 4, 1, &[0, 0]);
    let server = hostile(&|rogue| {
        rogue.client_hello(|_| ());
        rogue.read_flight();
        let body = [vec![0], vec24(&list)].concat();
        send13(rogue, T::CERTIFICATE, &body, 16_384);
    });
    let error = server.failed.as_ref().unwrap().kind();
    assert_eq!(*error, ErrorKind::Limit(Limit::Certificates(64)));
    at_most("certificates of one byte", &server, mark + chain);
}

/// A client that shows certificates, and takes any.
fn client_config(world: &World) -> symbolon::config::ClientConfigBuilder {
    let own = ClientCredentials::new(vec![Arc::new(repeatable(&world.client))]);
    let config = world.client_config().provider(RUSTCRYPTO);
    let config = config.verifier(Arc::new(DangerousAcceptAnyCertificate));
    config.credentials(Arc::new(own))
}

/// `signature_algorithms`, and names of authorities of this length, up to the limit.
fn long_request(len: usize) -> Vec<(X, Vec<u8>)> {
    let most = Limits::default().certificate_request - 20;
    let name = vec16(&vec![0x30; len]);
    let names = name.repeat(most / name.len());
    vec![
        (X::SIGNATURE_ALGORITHMS, vec16(&u16s(&[0x0403]))),
        (X::CERTIFICATE_AUTHORITIES, vec16(&names)),
    ]
}

#[test]
fn a_client_of_tls13() {
    let world = World::new();
    let config = client_config(&world).build().unwrap();
    let limit = Limits::default().server_chain;
    for (each, name) in [(0, 0), (0, 1), (1000, 100), (0, 30_000), (1, 0), (1, 1)] {
        for size in SIZES {
            let request = match name {
                0 => vec![(X::SIGNATURE_ALGORITHMS, vec16(&u16s(&[0x0403])))],
                name => long_request(name),
            };
            let most = limit - block(&request).len() - 4;
            let whole = most - world.server.0[0].len() - 10;
            let each = if each == 0 { whole } else { each };
            let mut rogue = Rogue::server(Arc::clone(&config));
            rogue.server_hello(|_| ());
            rogue.encrypted_extensions(&[]);
            let body = [vec8(b""), block(&request)].concat();
            send13(&mut rogue, T::CERTIFICATE_REQUEST, &body, size);
            let list = long_list(&world.server.0[0], most, each, &[0, 0]);
            let body = [vec![0], vec24(&list)].concat();
            send13(&mut rogue, T::CERTIFICATE, &body, size);
            rogue.certificate_verify(&world.server);
            rogue.finished();
            let mut client = client(&config);
            client.receive(&mut []);
            client.feed(&rogue.sent, 1000, |_, _| ());
            match each {
                1 => assert_eq!(
                    *client.failed.as_ref().unwrap().kind(),
                    ErrorKind::Limit(Limit::Certificates(64))
                ),
                _ => assert_eq!((client.failed.as_ref(), client.done), (None, true)),
            }
            at_most(
                &format!("client, certificates of {each}, names of {name}, records of {size}"),
                &client,
                CLIENT,
            );
        }
    }
}

#[test]
fn a_client_of_tls12() {
    let world = World::new();
    let config = client_config(&world)
        .versions(rogue12::TLS12)
        .build()
        .unwrap();
    let limit = Limits::default().server_chain;
    for (each, name) in [(0, 0), (0, 1), (1000, 100), (0, 30_000), (1, 0), (1, 1)] {
        for size in SIZES {
            let asked = Limits::default().certificate_request - 20;
            let names = match name {
                0 => vec![],
                name => vec16(&vec![0x30; name]).repeat(asked / (name + 2)),
            };
            let most = limit - names.len() - 3;
            let whole = most - world.server.0[0].len() - 6;
            let each = if each == 0 { whole } else { each };
            let mut rogue = rogue12::Rogue::server(Arc::clone(&config));
            rogue.server_hello(|_| ());
            let list = long_list(&world.server.0[0], most, each, &[]);
            send12(&mut rogue, T::CERTIFICATE, &vec24(&list), size);
            rogue.key_exchange(&world.server);
            let body = [vec8(&[64]), vec16(&u16s(&[0x0403])), vec16(&names)].concat();
            send12(&mut rogue, T::CERTIFICATE_REQUEST, &body, size);
            rogue.hello_done();
            let mut client = client(&config);
            client.receive(&mut []);
            client.feed(&rogue.sent, 1000, |_, _| ());
            match each {
                1 => assert_eq!(
                    *client.failed.as_ref().unwrap().kind(),
                    ErrorKind::Limit(Limit::Certificates(64))
                ),
                _ => assert_eq!(client.failed, None),
            }
            at_most(
                &format!(
                    "client of TLS 1.2, certificates of {each}, names of {name}, records of {size}"
                ),
                &client,
                CLIENT,
            );
        }
    }
}

/// What a connection may hold besides what it got.
const CONSTANT: usize = 16 * 1024;

/// Plays bytes again, one by one for the first and in steps then, and looks at each step.
fn never_twice<K: Connection>(what: &str, mut peer: Metered<K>, bytes: &[u8]) {
    let before = peer.received;
    let mut most = 0;
    let (first, rest) = bytes.split_at(bytes.len().min(3000));
    let mut check = |peer: &Metered<K>, fed: usize| {
        // The input belongs to the caller: what was received is what left it.
        let got = peer.received.max(fed) - before;
        most = most.max(peer.held().saturating_sub(2 * got));
        assert!(
            peer.held() <= 2 * got + CONSTANT,
            "{what}: {} bytes held after {got}",
            peer.held()
        );
    };
    let mut all = first.to_vec();
    let mut start = 0;
    let mut at = 0;
    all.clear();
    for part in first.chunks(1).chain(rest.chunks(97)) {
        all.extend_from_slice(part);
        at += part.len();
        start += peer.receive(&mut all[start..]);
        check(&peer, at);
        if peer.failed.is_some() {
            break;
        }
    }
    println!("{what}: twice the bytes and {most}");
}

#[test]
fn never_more_than_twice_what_came() {
    let world = World::new();
    let refuses = server_config(&world).client_auth(client_auth(&world));
    let accepts = server_config(&world).client_auth(any_client());
    for config in [refuses, accepts] {
        let config = config.build().unwrap();
        for retry in [false, true] {
            for size in [16_384, 61] {
                let bytes = long_client13(&world, &config, retry, size);
                never_twice("a server", server(&config), &bytes);
            }
        }
    }
    // Everybody behaves.
    for versions in [rogue12::TLS12, rogue12::BOTH] {
        let client_config = client_config(&world).versions(versions).build().unwrap();
        let server_config = server_config(&world).versions(versions);
        let server_config = server_config
            .client_auth(client_auth(&world))
            .build()
            .unwrap();
        let mut pair = Pair::new(Arc::clone(&client_config), Arc::clone(&server_config));
        pair.handshake();
        let mut client = client(&client_config);
        client.receive(&mut []);
        never_twice("a client", client, &pair.to_client);
        never_twice("a server", server(&server_config), &pair.to_server);
    }
}

/// Whatever a message of any kind says of its length, in records of any kind and length, little is held.
#[test]
fn nothing_is_sized_by_what_is_declared() {
    let world = World::new();
    let both = rogue12::newer_server(&world)
        .provider(RUSTCRYPTO)
        .build()
        .unwrap();
    let limits = Limits::default();
    let lens = [
        0xff_ffff,
        limits.client_hello,
        limits.client_chain,
        limits.server_chain,
        limits.certificate_request,
        limits.other_message,
        limits.ticket,
    ];
    // The state before the first message, and the states of a handshake: everything but what is
    // asked for is refused, and what is asked for held as far as it has come.
    let fresh = server(&both).held();
    let greeted = {
        let config = client_config(&world)
            .versions(rogue12::BOTH)
            .build()
            .unwrap();
        let mut client = client(&config);
        client.receive(&mut []);
        client.held()
    };
    let client_config = client_config(&world)
        .versions(rogue12::BOTH)
        .build()
        .unwrap();
    for kind in 0..=u8::MAX {
        // Those that are of no kind are all the same.
        let known = kind <= 25 || kind >= 250;
        for len in lens.into_iter().take(if known { lens.len() } else { 1 }) {
            let [_, a, b, c] = u32::try_from(len).unwrap().to_be_bytes();
            for body in [0, 40] {
                let raw = [&[kind, a, b, c][..], &vec![0; body]].concat();
                for parts in [1, raw.len()] {
                    let records: Vec<u8> = raw
                        .chunks(parts)
                        .flat_map(|part| [&[22, 3, 3][..], &vec16(part)].concat())
                        .collect();
                    let mut server = server(&both);
                    server.feed(&records, records.len(), |_, _| ());
                    assert!(server.rest <= fresh + 512, "{kind} {len}: {}", server.rest);
                    let mut client = client(&client_config);
                    client.receive(&mut []);
                    client.feed(&records, records.len(), |_, _| ());
                    assert!(
                        client.rest <= greeted + 512,
                        "{kind} {len}: {}",
                        client.rest
                    );
                }
            }
        }
    }
    // Records: the header declares, nothing is held but in the caller's buffer.
    for kind in 0..=u8::MAX {
        for len in [0, 1, 16_384, 16_385, 16_640, 16_641, 0xffff_u16] {
            let [high, low] = len.to_be_bytes();
            let mut server = server(&both);
            server.feed(&[kind, 3, 3, high, low, 1, 0], 1, |_, _| ());
            assert!(server.rest <= fresh + 512);
        }
    }
}

/// The same under protection, where each state of a handshake waits for its message.
#[test]
fn nothing_is_sized_by_what_is_declared_in_any_state() {
    let world = World::new();
    let config = client_config(&world).build().unwrap();
    let steps = 7;
    for step in 0..steps {
        for kind in [4, 8, 11, 13, 15, 20, 24, 25, 254] {
            let mut rogue = Rogue::server(Arc::clone(&config));
            for done in 0..step {
                match done {
                    0 => rogue.server_hello(|_| ()),
                    1 => rogue.encrypted_extensions(&[]),
                    2 => rogue.certificate_request(b"", &long_request(100)[..1]),
                    3 => rogue.certificate(&world.server),
                    4 => rogue.certificate_verify(&world.server),
                    _ => rogue.finished(),
                }
                if done == 5 {
                    break;
                }
            }
            let before = rogue.sent.len();
            rogue.record(C::HANDSHAKE, &[kind, 0, 0x10, 0, 0]);
            let mut client = client(&config);
            client.receive(&mut []);
            let (first, last) = rogue.sent.split_at(before);
            client.feed(first, first.len().max(1), |_, _| ());
            assert_eq!(client.failed, None);
            let held = client.held();
            client.rest = 0;
            client.feed(last, last.len(), |_, _| ());
            assert!(client.rest <= held + 512, "{step} {kind}: {}", client.rest);
        }
    }
}
