//! What is negotiated: hellos, HelloRetryRequest, extensions, preferences, old algorithms.

use super::common::pair::Pair;
use super::common::rogue::{
    Extensions, Hello, World, block, credential, message, share, u16s, vec8, vec16,
};
use super::common::rogue12::{self, BOTH, TLS12};
use super::common::stores::ListStore;
use super::{Client, Client12, Server, Server12, unwrap};
use std::sync::Arc;
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{
    CipherSuite, ContentType as C, ExtensionType as X, HandshakeType as T, NamedGroup,
    ProtocolVersion, SignatureScheme as S,
};
use symbolon::config::*;
use symbolon::error::{DecodeFault, ErrorKind, Parameter, Violation as V};
use symbolon::wire::hello::ClientHello;

type Edit = fn(&mut Hello);

fn begun(world: &World) -> Client {
    Client::server(world.client_config().build().unwrap())
}

/// A client that has sent its second ClientHello.
fn retried(world: &World) -> Client {
    let mut rogue = begun(world);
    rogue.retry(|_| ());
    rogue.read_hello();
    rogue
}

/// CVE-2023-3724 and CVE-2026-3230 (wolfSSL): a client went on with neither a PSK nor a key share, after
/// a HelloRetryRequest too, and made its keys of bytes that anybody knows. RFC 9846 4.2.3, 9.2:
/// missing_extension.
#[test]
fn neither_psk_nor_key_share() {
    let world = World::new();
    let bare = |h: &mut Hello| h.remove(X::KEY_SHARE);
    for psk_alone in [false, true] {
        let config = world.client_config().psk_without_key_exchange(psk_alone);
        let mut rogue = Client::server(config.build().unwrap());
        rogue.server_hello(bare);
        rogue.refused(V::MissingKeyShare, A::MISSING_EXTENSION);
    }
    for cookie in [false, true] {
        let mut rogue = begun(&world);
        rogue.retry(|h| {
            if cookie {
                h.remove(X::KEY_SHARE);
                h.set(X::COOKIE, vec16(b"biscuit"));
            }
        });
        rogue.read_hello();
        rogue.server_hello(bare);
        rogue.refused(V::MissingKeyShare, A::MISSING_EXTENSION);
    }
}

/// Two extensions of one type let two readers of a message see two things. RFC 9846 4.3, RFC 5246
/// 7.4.1.4: illegal_parameter, known or not, in HelloRetryRequest and what follows it as well.
#[test]
fn duplicate_extensions_in_every_message() {
    let world = World::new();
    let unknown = || (X(0x1234), vec![]);
    let versions = || (X::SUPPORTED_VERSIONS, vec![3, 4]);
    let retry_group = || (X::KEY_SHARE, u16s(&[NamedGroup::SECP256R1.0]));
    let doubles: [&dyn Fn() -> Extensions; 4] = [
        &|| vec![versions()],
        &|| vec![retry_group()],
        &|| vec![(X::COOKIE, vec16(b"a")), (X::COOKIE, vec16(b"a"))],
        &|| vec![unknown(), unknown()],
    ];
    for double in doubles {
        let mut rogue = begun(&world);
        rogue.retry(|h| h.extensions.extend(double()));
        rogue.refused_as(DecodeFault::Duplicate, A::ILLEGAL_PARAMETER);
    }
    let mut rogue = retried(&world);
    rogue.server_hello(|h| h.extensions.push(versions()));
    rogue.refused_as(DecodeFault::Duplicate, A::ILLEGAL_PARAMETER);
    // The second ClientHello.
    let twice: [Edit; 3] = [
        |h| h.extensions.push((X::SUPPORTED_VERSIONS, vec8(&[3, 4]))),
        |h| h.extensions.push(h.extensions[3].clone()),
        |h| {
            h.extensions
                .extend([(X::COOKIE, vec16(b"a")), (X::COOKIE, vec16(b"a"))])
        },
    ];
    for edit in twice {
        let config = world.server_config().retry(RetryPolicy::ForPreferred);
        let mut rogue = Server::client(config.build().unwrap());
        let mut second = rogue.hello_for(NamedGroup::X25519);
        let mut first = second.clone();
        first.set(X::KEY_SHARE, vec16(&[]));
        rogue.send_hello(&first);
        rogue.read_retry();
        edit(&mut second);
        rogue.send_hello(&second);
        rogue.refused_as(DecodeFault::Duplicate, A::ILLEGAL_PARAMETER);
    }
    // CertificateRequest, Certificate, NewSessionTicket.
    let schemes = || {
        let scheme = u16s(&[S::ECDSA_SECP256R1_SHA256.0]);
        (X::SIGNATURE_ALGORITHMS, vec16(&scheme))
    };
    for extensions in [
        vec![schemes(), schemes()],
        vec![schemes(), unknown(), unknown()],
    ] {
        let mut rogue = begun(&world);
        rogue.server_hello(|_| ());
        rogue.encrypted_extensions(&[]);
        rogue.certificate_request(b"", &extensions);
        rogue.refused_as(DecodeFault::Duplicate, A::ILLEGAL_PARAMETER);
    }
    let staple = || (X::STATUS_REQUEST, vec![1, 0, 0, 1, 9]);
    let mut rogue = begun(&world);
    rogue.server_hello(|_| ());
    rogue.encrypted_extensions(&[]);
    rogue.certificate_with(b"", &world.server.0, &[staple(), staple()]);
    rogue.refused_as(DecodeFault::Duplicate, A::ILLEGAL_PARAMETER);
    let mut rogue = Client::done(world.client_config().build().unwrap(), &world);
    let early = || (X::EARLY_DATA, vec![0, 0, 0, 9]);
    let body = [
        &[0, 0, 0, 9, 0, 0, 0, 0, 0][..],
        &vec16(b"ticket"),
        &block(&[early(), early()]),
    ];
    rogue.message(T::NEW_SESSION_TICKET, &body.concat());
    let error = rogue.failed(Some(A::ILLEGAL_PARAMETER));
    assert!(
        matches!(error.kind(), ErrorKind::Decode(e) if e.fault == DecodeFault::Duplicate),
        "{error}"
    );
    assert!(rogue.peer.sessions.is_empty());
    // TLS 1.2's ClientHello.
    for extensions in [
        vec![(X::EXTENDED_MASTER_SECRET, vec![])],
        vec![unknown(), unknown()],
    ] {
        let mut rogue = Server12::client(rogue12::newer_server(&world).build().unwrap());
        rogue.client_hello(|h| h.extensions.extend(extensions));
        rogue.refused_as(DecodeFault::Duplicate, A::ILLEGAL_PARAMETER);
    }
}

/// CVE-2026-25832: a client followed a HelloRetryRequest that it should have refused. RFC 9846 4.2.4: the
/// group is one that was offered, and suite, version and session ID stay what they were.
#[test]
fn hello_retry_request_followed_by_another_server_hello() {
    let world = World::new();
    let edits: [(Edit, V); 5] = [
        (|h| h.session_id[0] ^= 1, V::SessionIdNotEchoed),
        (|h| h.session_id.clear(), V::SessionIdNotEchoed),
        (
            |h| h.set(X::SUPPORTED_VERSIONS, vec![3, 3]),
            V::ServerHelloVersion,
        ),
        (|h| h.remove(X::SUPPORTED_VERSIONS), V::ServerHelloVersion),
        (|h| h.suites = vec![0x1302], V::SuiteChanged),
    ];
    for (edit, violation) in edits {
        let mut rogue = retried(&world);
        rogue.server_hello(|h| {
            edit(h);
            if h.extensions.iter().all(|e| e.0 != X::SUPPORTED_VERSIONS) {
                h.remove(X::KEY_SHARE);
            }
        });
        rogue.refused(violation, A::ILLEGAL_PARAMETER);
    }
    // The same again, and another one.
    let again: [Edit; 2] = [
        |_| (),
        |h| h.set(X::KEY_SHARE, u16s(&[NamedGroup::X25519.0])),
    ];
    for edit in again {
        let mut rogue = retried(&world);
        rogue.retry(edit);
        rogue.refused(V::SecondRetry, A::UNEXPECTED_MESSAGE);
    }
}

/// RFC 8701's purpose: values that mean nothing were chosen by servers, and taken by clients that only
/// looked for them in what they had sent. RFC 8701 3.1: a client refuses them.
#[test]
fn grease_that_comes_back() {
    let world = World::new();
    let greased = || {
        let config = world.client_config().grease(true);
        Client::server(config.build().unwrap())
    };
    let is_grease = |value: u16| value & 0x0f0f == 0x0a0a && value >> 8 == value & 0xff;
    let first = greased();
    let hello = first.client_hello();
    let suites: Vec<_> = hello.cipher_suites.iter().map(|s| s.0).collect();
    let groups: Vec<_> = hello.extensions.supported_groups.unwrap().iter().collect();
    let groups: Vec<_> = groups.iter().map(|g| g.0).collect();
    let versions: Vec<_> = hello
        .extensions
        .supported_versions
        .unwrap()
        .iter()
        .collect();
    let find = |list: &[u16]| *list.iter().find(|v| is_grease(**v)).unwrap();
    let (suite, group) = (find(&suites), find(&groups));
    let version = find(&versions.iter().map(|v| v.0).collect::<Vec<_>>());

    let mut rogue = greased();
    rogue.server_hello(|h| h.suites = vec![suite]);
    rogue.refused(V::SuiteNotOffered, A::ILLEGAL_PARAMETER);
    let mut rogue = greased();
    rogue.server_hello(|h| h.set(X::SUPPORTED_VERSIONS, version.to_be_bytes().to_vec()));
    rogue.refused(V::ServerHelloVersion, A::ILLEGAL_PARAMETER);
    let mut rogue = greased();
    rogue.server_hello(|h| h.set(X::KEY_SHARE, share(NamedGroup(group), &[0])));
    rogue.refused(V::GroupNotOffered, A::ILLEGAL_PARAMETER);
    let mut rogue = greased();
    rogue.retry(|h| h.set(X::KEY_SHARE, u16s(&[group])));
    rogue.refused(V::RetryGroupNotOffered, A::ILLEGAL_PARAMETER);
    let extension = extension_types(&first.hello)
        .into_iter()
        .find(|x| is_grease(*x));
    let mut rogue = greased();
    rogue.server_hello(|_| ());
    rogue.encrypted_extensions(&[(X(extension.unwrap()), vec![])]);
    rogue.refused(V::UnsolicitedExtension, A::UNSUPPORTED_EXTENSION);
}

/// The types of the extensions of a ClientHello with its header.
fn extension_types(hello: &[u8]) -> Vec<u16> {
    let at = |i: usize| usize::from(u16::from_be_bytes([hello[i], hello[i + 1]]));
    let mut i = 4 + 34;
    i += 1 + usize::from(hello[i]);
    i += 2 + at(i);
    i += 1 + usize::from(hello[i]);
    i += 2;
    let mut types = Vec::new();
    while i < hello.len() {
        types.push(u16::from_be_bytes([hello[i], hello[i + 1]]));
        i += 4 + at(i + 2);
    }
    types
}

/// CVE-2026-94419's kind: what a server said before anybody knew who it was went into what the client
/// remembers: its sessions, and which groups that server likes. RFC 9846 4.5.3, C.4: nothing counts
/// before Finished; here a failed handshake leaves nothing behind at all.
#[test]
fn an_unauthenticated_server_hello_poisons_nothing() {
    let world = World::new();
    let store = Arc::new(ListStore::default());
    let config = || {
        let store = Arc::clone(&store) as Arc<dyn ClientSessionStore>;
        world.client_config().sessions(store).build().unwrap()
    };
    let config = config();
    // Two sessions of the real server's.
    let mut rogue = Client::done(Arc::clone(&config), &world);
    for ticket in [b"ticket 1", b"ticket 2"] {
        let body = [&[0, 0, 0, 9, 0, 0, 0, 0, 0][..], &vec16(ticket), &[0, 0]];
        rogue.message(T::NEW_SESSION_TICKET, &body.concat());
    }
    rogue.peer.run();
    let sessions = std::mem::take(&mut rogue.peer.sessions);
    assert_eq!(sessions.len(), 2);
    let (server, scope) = (sessions[0].server().clone(), sessions[0].scope());
    for session in sessions {
        store.put(session);
    }
    let offered = |rogue: &Client| {
        let hello = rogue.client_hello();
        let extensions = &hello.extensions;
        let groups: Vec<_> = extensions.supported_groups.unwrap().iter().collect();
        let shares: Vec<_> = extensions
            .key_shares
            .unwrap()
            .iter()
            .map(|s| s.group)
            .collect();
        let psk = extensions.pre_shared_key.map(|psks| {
            let first = psks.identities.iter().next().unwrap();
            first.identity.to_vec()
        });
        (groups, shares, psk)
    };
    // An attacker retries, chooses, and can't show who it is.
    let mut rogue = Client::server(Arc::clone(&config));
    let before = offered(&rogue);
    assert_eq!(before.2.as_deref(), Some(&b"ticket 2"[..]));
    rogue.retry(|_| ());
    rogue.read_hello();
    rogue.server_hello(|_| ());
    rogue.encrypted_extensions(&[]);
    let ticket = [&[0, 0, 0, 9, 0, 0, 0, 0, 0][..], &vec16(b"poison"), &[0, 0]];
    rogue.message(T::NEW_SESSION_TICKET, &ticket.concat());
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    // The next connection asks for the same, with the session that is left.
    assert_eq!(store.0.lock().unwrap().len(), 1);
    let rogue = Client::server(Arc::clone(&config));
    let (groups, shares, psk) = offered(&rogue);
    assert_eq!((groups, shares), (before.0, before.1));
    assert_eq!(psk.as_deref(), Some(&b"ticket 1"[..]));
    let left = store.take(&server, scope, super::common::pair::now());
    assert!(left.is_none());
}

/// CVE-2026-2673 (OpenSSL): a server lost the order of its groups, and took a key share at hand although
/// both ends had a group that it prefers. RFC 9846 4.2.1: the choice is the server's.
#[test]
fn server_preference() {
    let world = World::new();
    let (x25519, p384) = (NamedGroup::X25519, NamedGroup::SECP384R1);
    let hybrid = NamedGroup::X25519MLKEM768;
    let run = |client: ClientConfigBuilder, server: ServerConfigBuilder| {
        let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
        let (client, server) = pair.handshake();
        assert_eq!(client.group, server.group);
        client
    };
    let client = || ClientConfig::builder().roots(world.pki.roots());
    let server = || ServerConfig::builder().credential(credential(&world.server));
    // The default of a server, and an order of its own.
    for server in [server(), server().groups(&[hybrid, x25519])] {
        let done = run(
            client().groups(&[x25519, hybrid]).key_shares(&[x25519]),
            server,
        );
        assert_eq!((done.group, done.hello_retry_request), (Some(hybrid), true));
    }
    // Of two shares the one that the server likes better.
    let client_shares = || client().groups(&[x25519, p384]).key_shares(&[x25519, p384]);
    let done = run(client_shares(), server().groups(&[p384, x25519]));
    assert_eq!((done.group, done.hello_retry_request), (Some(p384), false));
    // Of two groups without a share that fits, and wherever the policy says so.
    let policy = server().groups(&[p384, x25519]);
    let done = run(
        client().groups(&[x25519, p384]).key_shares(&[x25519]),
        policy.retry(RetryPolicy::ForPreferred),
    );
    assert_eq!((done.group, done.hello_retry_request), (Some(p384), true));
    // In TLS 1.2 the certificate's own curve has to be there as well.
    let p256 = NamedGroup::SECP256R1;
    let done = run(
        client().groups(&[x25519, p256, p384]).versions(TLS12),
        server().groups(&[p384, p256, x25519]),
    );
    assert_eq!(done.group, Some(p384));
    // Suites, in both versions, and versions.
    for (version, suites) in [
        (
            ProtocolVersion::TLS13,
            [
                CipherSuite::TLS_AES_256_GCM_SHA384,
                CipherSuite::TLS_AES_128_GCM_SHA256,
            ],
        ),
        (
            ProtocolVersion::TLS12,
            [
                CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
                CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            ],
        ),
    ] {
        let [best, other] = suites;
        let done = run(
            client().versions(&[version]).cipher_suites(&[other, best]),
            server().cipher_suites(&[best, other]),
        );
        assert_eq!(done.cipher_suite, best);
    }
    let mut rogue = Server::client(rogue12::newer_server(&world).build().unwrap());
    rogue.client_hello(|h| h.set(X::SUPPORTED_VERSIONS, vec8(&[3, 1, 3, 3, 3, 4])));
    rogue.read_flight();
}

/// FREAK, Logjam, Raccoon, ROBOT, Lucky13, POODLE, SWEET32, the RC4 attacks, SLOTH, CRIME: each needs an
/// algorithm that isn't here. RFC 9325 4.1, 4.2 and RFC 10015 forbid them, RFC 9846 has none.
#[test]
fn export_static_rsa_dhe_cbc_rc4_null_and_compression() {
    // Export, RC4, static RSA, DHE, ECDH, anonymous, CBC, 3DES, NULL.
    const OLD: [u16; 24] = [
        0x0000, 0x0001, 0x0002, 0x0003, 0x0004, 0x0005, 0x0006, 0x0008, 0x000a, 0x0014, 0x0016,
        0x0018, 0x002f, 0x0033, 0x0039, 0x003c, 0x009c, 0x009e, 0x00a0, 0xc004, 0xc006, 0xc009,
        0xc013, 0xc02d,
    ];
    let world = World::new();
    let config = ClientConfig::builder().roots(world.pki.roots());
    let rogue = Client::server(config.build().unwrap());
    let hello = rogue.client_hello();
    let known = [
        0x1301, 0x1302, 0x1303, 0xc02b, 0xc02c, 0xc02f, 0xc030, 0xcca8, 0xcca9,
    ];
    for suite in hello.cipher_suites.iter() {
        assert!(known.contains(&suite.0), "{suite}");
    }
    assert_eq!(hello.compression_methods, [0]);
    let extensions = &hello.extensions;
    assert!(extensions.extended_master_secret);
    for version in extensions.supported_versions.unwrap().iter() {
        assert!([0x0303, 0x0304].contains(&version.0), "{version}");
    }
    // No finite fields, no curves that the peer describes.
    for group in extensions.supported_groups.unwrap().iter() {
        assert!(!(0x0100..=0x01ff).contains(&group.0), "{group}");
        assert!(group.0 < 0xff00, "{group}");
    }
    // In TLS 1.2's form, MD5 and SHA-1 are the hashes 1 and 2.
    for schemes in [
        extensions.signature_algorithms,
        extensions.signature_algorithms_cert,
    ] {
        for scheme in schemes.unwrap().iter() {
            assert!(scheme.0 >> 8 > 3, "{scheme}");
        }
    }
    let mut rogue = Server12::client(rogue12::newer_server(&world).build().unwrap());
    rogue.client_hello(|h| h.suites = OLD.to_vec());
    let error = rogue.failed(Some(A::HANDSHAKE_FAILURE));
    assert!(
        matches!(error.kind(), ErrorKind::NothingInCommon(m) if m.parameter == Parameter::CipherSuite),
        "{error}"
    );
    rogue.nothing_accepted();
    for suite in OLD {
        for versions in [TLS12, BOTH] {
            let config = world.client_config().versions(versions);
            let mut rogue = Client12::server(config.build().unwrap());
            rogue.server_hello(|h| h.suites = vec![suite]);
            rogue.refused(V::SuiteNotOffered, A::ILLEGAL_PARAMETER);
        }
    }
    // A key exchange of finite fields under a suite that is right isn't read as one of curves.
    let mut rogue = Client12::server(rogue12::client_config(&world).build().unwrap());
    rogue.server_hello(|_| ());
    rogue.certificate(&world.server);
    let params = [vec16(&[0xff; 64]), vec16(&[2]), vec16(&[9; 64])].concat();
    rogue.message(T::SERVER_KEY_EXCHANGE, &params);
    rogue.refused_as(DecodeFault::BadValue, A::ILLEGAL_PARAMETER);
}

/// POODLE (CVE-2014-3566), and version rollback by whoever sits between (Wagner and Schneier 1996): a
/// ClientHello in which every trace of the newer version was changed on the way. RFC 9846 4.2.3, RFC
/// 7507: the sentinel says so, and Finished would.
#[test]
fn version_rollback() {
    let world = World::new();
    let config = rogue12::newer_client(&world).build().unwrap();
    let server = rogue12::newer_server(&world).build().unwrap();
    for in_finished in [false, true] {
        let mut pair = Pair::new(Arc::clone(&config), Arc::clone(&server));
        pair.client.run();
        let hello = unwrap(&mut pair.client.output);
        let parsed = ClientHello::parse(&hello[4..]).unwrap();
        assert!(parsed.extensions.supported_versions.is_some());
        // supported_versions becomes an extension that nobody knows.
        let at = hello.windows(4).position(|w| w == [0, 43, 0, 5]).unwrap();
        let mut changed = hello.clone();
        changed[at] = 0x55;
        pair.server.input = [&[22, 3, 1][..], &vec16(&changed)].concat();
        pair.server.run();
        let mut flight = std::mem::take(&mut pair.server.output);
        if in_finished {
            // The sentinel taken out as well: the signature covers it.
            let sentinel = flight.windows(8).position(|w| w == b"DOWNGRD\x01").unwrap();
            flight[sentinel..sentinel + 8].fill(7);
        }
        pair.client.input = flight;
        pair.client.run();
        let error = pair.client.failed.clone().expect("the client goes on");
        assert!(pair.client.done.is_none());
        match in_finished {
            false => assert_eq!(*error.kind(), ErrorKind::Protocol(V::Downgrade)),
            true => assert_eq!(
                *error.kind(),
                ErrorKind::Crypto(symbolon::error::CryptoError::InvalidSignature)
            ),
        }
        let alert = match in_finished {
            false => A::ILLEGAL_PARAMETER,
            true => A::DECRYPT_ERROR,
        };
        assert_eq!(pair.client.output, [C::ALERT.0, 3, 3, 0, 2, 2, alert.0]);
    }
}

/// ALPACA (Brinkmann et al. 2021): a server took a connection that was meant for another protocol, as
/// if nothing had been said of one. RFC 7301 3.2: no_application_protocol; in a resumed handshake and
/// after a HelloRetryRequest too.
#[test]
fn alpaca_no_fallback_without_a_word() {
    let world = World::new();
    let offer = |h: &mut Hello| h.set(X::ALPN, vec16(&vec8(b"ftp")));
    let config = rogue12::newer_server(&world).alpn(["h2", "http/1.1"]);
    let config = config.retry(RetryPolicy::ForPreferred).build().unwrap();
    let refused = |error: symbolon::error::Error| {
        assert!(
            matches!(error.kind(), ErrorKind::NothingInCommon(m) if m.parameter == Parameter::Alpn),
            "{error}"
        );
    };
    let mut rogue = Server::client(Arc::clone(&config));
    rogue.client_hello(offer);
    refused(rogue.failed(Some(A::NO_APPLICATION_PROTOCOL)));
    rogue.nothing_accepted();
    let mut rogue = Server::client(Arc::clone(&config));
    let mut second = rogue.hello_for(NamedGroup::X25519);
    offer(&mut second);
    let mut first = second.clone();
    first.set(X::KEY_SHARE, vec16(&[]));
    rogue.send_hello(&first);
    rogue.read_retry();
    rogue.send_hello(&second);
    refused(rogue.failed(Some(A::NO_APPLICATION_PROTOCOL)));
    rogue.nothing_accepted();
    let mut rogue = Server12::client(config);
    rogue.client_hello(offer);
    refused(rogue.failed(Some(A::NO_APPLICATION_PROTOCOL)));
    rogue.nothing_accepted();
    // A server that says nothing of protocols: the client is told that there is none.
    for versions in [TLS12, BOTH] {
        let client = world.client_config().versions(versions).alpn(["h2"]);
        let server = world.server_config().versions(versions);
        let (client, server) =
            Pair::new(client.build().unwrap(), server.build().unwrap()).handshake();
        assert_eq!((client.alpn, server.alpn), (None, None));
    }
}

/// A message of the wrong role, or of the other version, at the very beginning. RFC 9846 4, RFC 5246 7.4.
#[test]
fn reflected_hello() {
    let world = World::new();
    for versions in [TLS12, BOTH] {
        let config = world.client_config().versions(versions).build().unwrap();
        let mut rogue = Client12::server(config);
        let own = rogue.hello.clone();
        rogue.plain(C::HANDSHAKE, &own);
        rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
        let config = world.server_config().versions(versions).build().unwrap();
        let mut rogue = Server12::client(config);
        rogue.plain(C::HANDSHAKE, &message(T::SERVER_HELLO, &[3; 40]));
        rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    }
}
