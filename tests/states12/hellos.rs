//! What each side refuses in the other's hello.

use super::common::certs::KeyKind;
use super::common::rogue::{Hello, World, credential, share, u16s, vec8, vec16};
use super::common::rogue12::{
    Rogue, TLS12, client_config, newer_client, newer_server, server_config, suite,
};
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{
    CipherSuite, ContentType as C, ExtensionType as X, HandshakeType as T, NamedGroup,
    ProtocolVersion, SignatureScheme as S,
};
use symbolon::config::{ClientConfigBuilder, ServerConfig, ServerConfigBuilder};
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::error::{DecodeFault, ErrorKind, Parameter, Violation as V};
use symbolon::wire::hello::{
    DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12, HELLO_RETRY_REQUEST_RANDOM, ServerHello,
};

type Client = Rogue<ClientConnection>;
type Server = Rogue<ServerConnection>;

const TLS13: &[ProtocolVersion] = &[ProtocolVersion::TLS13];

/// What a client says to this ServerHello.
fn sent_to(config: ClientConfigBuilder, edit: impl FnOnce(&mut Hello)) -> Client {
    let mut rogue = Rogue::server(config.build().unwrap());
    rogue.server_hello(edit);
    rogue
}

/// Both kinds of clients that speak TLS 1.2.
fn both(edit: impl Fn(&mut Hello)) -> [Client; 2] {
    let world = World::new();
    [
        sent_to(client_config(&world), &edit),
        sent_to(newer_client(&world), &edit),
    ]
}

fn said_to(config: ServerConfigBuilder, edit: impl FnOnce(&mut Hello)) -> Server {
    let mut rogue = Rogue::client(config.build().unwrap());
    rogue.client_hello(edit);
    rogue
}

fn said(edit: impl FnOnce(&mut Hello)) -> Server {
    said_to(newer_server(&World::new()), edit)
}

#[test]
fn the_script_itself_is_right() {
    for mut rogue in both(|_| ()) {
        rogue.silent();
    }
    said(|_| ()).read_flight();
}

#[test]
fn the_server_says_what_the_client_asked_for_and_nothing_else() {
    let name = [&[0][..], &u16s(&[14]), b"server.example"].concat();
    let asked: [(X, Vec<u8>); 3] = [
        (X::SERVER_NAME, vec16(&name)),
        (X::RECORD_SIZE_LIMIT, u16s(&[4000])),
        (X::STATUS_REQUEST, vec![1, 0, 0, 0, 0]),
    ];
    let world = World::new();
    let stapled = credential(&world.server).ocsp_response(&[0x30, 0]).unwrap();
    let plain = server_config(&world);
    let stapling = ServerConfig::builder().versions(TLS12).credential(stapled);
    for (config, staples) in [(plain, false), (stapling, true)] {
        let none = None
            .into_iter()
            .chain(asked.iter().map(|(kind, _)| Some(*kind)));
        for only in none {
            let mut rogue = said_to(config.clone(), |h| {
                for (kind, body) in asked.iter().filter(|(kind, _)| Some(*kind) == only) {
                    h.set(*kind, body.clone());
                }
            });
            let flight = rogue.read_flight();
            let hello = ServerHello::parse(&flight[0].1[4..]).unwrap();
            let extensions = &hello.extensions;
            // RFC 6066 3: an empty server_name, if there was one.
            assert_eq!(extensions.server_name, only == Some(X::SERVER_NAME));
            // RFC 8422 5.2: only uncompressed points.
            assert_eq!(extensions.ec_point_formats, Some(&[0][..]));
            // RFC 8449 4: the server's own limit.
            let limit = (only == Some(X::RECORD_SIZE_LIMIT)).then_some(16_384);
            assert_eq!(extensions.record_size_limit, limit);
            // RFC 6066 8: status_request only with a response to come, and if it was asked for.
            let status = staples && only == Some(X::STATUS_REQUEST);
            assert_eq!(extensions.status_request, status);
            let sent = flight
                .iter()
                .any(|(kind, _)| *kind == T::CERTIFICATE_STATUS);
            assert_eq!(sent, status);
        }
    }
}

#[test]
fn the_servers_fields() {
    for suite in [
        CipherSuite::TLS_AES_128_GCM_SHA256.0,
        // ECDHE with CBC, static RSA, null, GREASE, the two signals.
        0xc009,
        0x009c,
        0,
        0x0a0a,
        0x00ff,
        0x5600,
        // CCM is only for who asks for it.
        0xc0ac,
    ] {
        for mut rogue in both(|h| h.suites = vec![suite]) {
            rogue.refused(V::SuiteNotOffered, A::ILLEGAL_PARAMETER);
        }
    }
    for method in [1, 64, 255] {
        for mut rogue in both(|h| h.compression = vec![method]) {
            rogue.refused(V::BadCompression, A::ILLEGAL_PARAMETER);
        }
    }
    for mut rogue in both(|h| h.session_id = vec![0; 33]) {
        rogue.refused_as(DecodeFault::BadLength, A::DECODE_ERROR);
    }
}

#[test]
fn suites_of_one_version_in_the_other() {
    // TLS 1.2's in a ServerHello of TLS 1.3.
    let world = World::new();
    sent_to(newer_client(&world), |h| {
        h.extensions = vec![
            (X::SUPPORTED_VERSIONS, vec![3, 4]),
            (X::KEY_SHARE, share(NamedGroup::X25519, &[9; 32])),
        ];
        h.session_id = vec![];
    })
    .failed(Some(A::ILLEGAL_PARAMETER));
    let config = newer_client(&world).middlebox_compatibility(false);
    sent_to(config, |h| {
        h.extensions = vec![
            (X::SUPPORTED_VERSIONS, vec![3, 4]),
            (X::KEY_SHARE, share(NamedGroup::X25519, &[9; 32])),
        ];
        h.session_id = vec![];
    })
    .refused(V::SuiteNotOffered, A::ILLEGAL_PARAMETER);
    // A server that is offered nothing but TLS 1.3's.
    let mut rogue = said(|h| h.suites = vec![0x1301, 0x1302, 0x1303]);
    let error = rogue.failed(Some(A::HANDSHAKE_FAILURE));
    let ErrorKind::NothingInCommon(mismatch) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(mismatch.parameter, Parameter::CipherSuite);
}

#[test]
fn versions_of_the_server() {
    for version in [0x0300, 0x0301, 0x0302, 0x0304, 0x0200] {
        for mut rogue in both(|h| h.version = version) {
            rogue.refused(V::OldServer, A::PROTOCOL_VERSION);
        }
    }
    let world = World::new();
    let only_new = newer_client(&world).versions(TLS13);
    sent_to(only_new, |_| ()).refused(V::OldServer, A::PROTOCOL_VERSION);
    // supported_versions is not the way to TLS 1.2 (RFC 9846 4.3.1).
    let config = newer_client(&world);
    sent_to(config, |h| {
        h.extensions = vec![(X::SUPPORTED_VERSIONS, vec![3, 3])]
    })
    .refused(V::ServerHelloVersion, A::ILLEGAL_PARAMETER);
    // Nor is TLS 1.3 to be had from a client that has only TLS 1.2.
    sent_to(client_config(&world), |h| {
        h.extensions = vec![
            (X::SUPPORTED_VERSIONS, vec![3, 4]),
            (X::KEY_SHARE, share(NamedGroup::X25519, &[9; 32])),
        ];
    })
    .refused(V::ServerHelloVersion, A::ILLEGAL_PARAMETER);
}

#[test]
fn downgrades() {
    let world = World::new();
    for sentinel in [DOWNGRADE_TO_TLS12, DOWNGRADE_TO_TLS11] {
        let edit = |h: &mut Hello| h.random[24..].copy_from_slice(&sentinel);
        sent_to(newer_client(&world), edit).refused(V::Downgrade, A::ILLEGAL_PARAMETER);
        sent_to(newer_client(&world), |h| {
            edit(h);
            h.version = 0x0302;
        })
        .refused(V::Downgrade, A::ILLEGAL_PARAMETER);
        // A client of TLS 1.2 isn't told anything by it.
        sent_to(client_config(&world), edit).silent();
    }
    // A server writes it only where it has TLS 1.3.
    for (config, written) in [(server_config(&world), false), (newer_server(&world), true)] {
        let flight = said_to(config, |_| ()).read_flight();
        let hello = ServerHello::parse(&flight[0].1[4..]).unwrap();
        assert_eq!(hello.random[24..] == DOWNGRADE_TO_TLS12, written);
    }
}

#[test]
fn after_a_hello_retry_request_the_version_stays() {
    let world = World::new();
    let retried = || {
        let mut rogue = Rogue::server(newer_client(&world).build().unwrap());
        let id = symbolon::wire::hello::ClientHello::parse(&rogue.hello[4..]);
        let id = id.unwrap().session_id.to_vec();
        rogue.server_hello(|h| {
            h.random = HELLO_RETRY_REQUEST_RANDOM;
            h.suites = vec![CipherSuite::TLS_AES_128_GCM_SHA256.0];
            h.session_id = id;
            h.extensions = vec![
                (X::SUPPORTED_VERSIONS, vec![3, 4]),
                (X::KEY_SHARE, u16s(&[NamedGroup::SECP256R1.0])),
            ];
        });
        rogue.silent();
        rogue
    };
    let mut rogue = retried();
    rogue.server_hello(|_| ());
    rogue.refused(V::ServerHelloVersion, A::ILLEGAL_PARAMETER);
    // A HelloRetryRequest without a version is none of TLS 1.2's either.
    for mut rogue in both(|h| h.random = HELLO_RETRY_REQUEST_RANDOM) {
        rogue.failed(Some(A::ILLEGAL_PARAMETER));
        rogue.nothing_accepted();
    }
}

#[test]
fn a_session_that_was_not_offered() {
    // The client's own session ID, sent for middleboxes only, comes back.
    let world = World::new();
    let mut rogue = Rogue::server(newer_client(&world).build().unwrap());
    let hello = symbolon::wire::hello::ClientHello::parse(&rogue.hello[4..]);
    let id = hello.unwrap().session_id.to_vec();
    assert_eq!(id.len(), 32);
    rogue.server_hello(|h| h.session_id = id);
    rogue.refused(V::SessionNotOffered, A::ILLEGAL_PARAMETER);
    // A new one, or none, is what any server may send.
    for id in [vec![], vec![1], vec![3; 32]] {
        for mut rogue in both(|h| h.session_id.clone_from(&id)) {
            rogue.silent();
        }
    }
}

#[test]
fn extensions_of_the_server() {
    for mut rogue in both(|h| h.remove(X::RENEGOTIATION_INFO)) {
        rogue.refused(V::NoRenegotiationInfo, A::HANDSHAKE_FAILURE);
    }
    for info in [&[0][..], &[0; 12], &[0; 24]] {
        for mut rogue in both(|h| h.set(X::RENEGOTIATION_INFO, vec8(info))) {
            rogue.refused(V::BadRenegotiationInfo, A::HANDSHAKE_FAILURE);
        }
    }
    for formats in [&[1][..], &[1, 2]] {
        for mut rogue in both(|h| h.set(X::EC_POINT_FORMATS, vec8(formats))) {
            rogue.refused(V::PointFormats, A::ILLEGAL_PARAMETER);
        }
    }
    for mut rogue in both(|h| h.set(X::EC_POINT_FORMATS, vec8(&[1, 0]))) {
        rogue.silent();
    }
    // What only newer versions have, and what wasn't asked for.
    let newer = share(NamedGroup::X25519, &[9; 32]);
    for mut rogue in both(|h| h.extensions.push((X::KEY_SHARE, newer.clone()))) {
        rogue.refused_as(DecodeFault::NotAllowedHere, A::ILLEGAL_PARAMETER);
    }
    for (kind, data) in [
        (X::ALPN, vec16(&vec8(b"h2"))),
        (X::RECORD_SIZE_LIMIT, vec![64, 0]),
        (X(22), vec![]),
        (X(0x1234), vec![]),
    ] {
        for mut rogue in both(|h| h.extensions.push((kind, data.clone()))) {
            rogue.refused(V::UnsolicitedExtension, A::UNSUPPORTED_EXTENSION);
        }
    }
    for mut rogue in both(|h| h.extensions.push((X::EXTENDED_MASTER_SECRET, vec![]))) {
        rogue.refused_as(DecodeFault::Duplicate, A::ILLEGAL_PARAMETER);
    }
    for mut rogue in both(|h| h.set(X::EXTENDED_MASTER_SECRET, vec![0])) {
        rogue.refused_as(DecodeFault::TrailingBytes, A::DECODE_ERROR);
    }
    let world = World::new();
    let config = client_config(&world).alpn(["h2"]);
    let alpn = vec16(&vec8(b"h3"));
    sent_to(config, |h| h.extensions.push((X::ALPN, alpn)))
        .refused(V::AlpnNotOffered, A::ILLEGAL_PARAMETER);
    let config = client_config(&world).record_size_limit(100);
    sent_to(config, |h| {
        h.extensions.push((X::RECORD_SIZE_LIMIT, vec![0, 63]))
    })
    .refused(V::RecordSizeLimitRange, A::ILLEGAL_PARAMETER);
}

fn mismatch(mut rogue: Server, parameter: Parameter, alert: A) {
    let error = rogue.failed(Some(alert));
    let ErrorKind::NothingInCommon(mismatch) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(mismatch.parameter, parameter);
    rogue.nothing_accepted();
}

#[test]
fn versions_of_the_client() {
    for version in [0x0300, 0x0301, 0x0302, 0x0200] {
        mismatch(
            said(|h| h.version = version),
            Parameter::Version,
            A::PROTOCOL_VERSION,
        );
    }
    // Newer than what is named there at most: TLS 1.2 then (RFC 9846 4.2.2).
    for version in [0x0304, 0x0305, 0x03ff, 0x7f12] {
        said(|h| h.version = version).read_flight();
    }
    // With supported_versions legacy_version counts for nothing.
    for version in [0x0300, 0x0302, 0x0303, 0x0304] {
        said(|h| {
            h.version = version;
            h.set(X::SUPPORTED_VERSIONS, vec8(&[3, 3]));
        })
        .read_flight();
    }
    for versions in [&[3, 2][..], &[3, 2, 3, 1], &[3, 5], &[0x7f, 0x1c]] {
        let rogue = said(|h| h.set(X::SUPPORTED_VERSIONS, vec8(versions)));
        mismatch(rogue, Parameter::Version, A::PROTOCOL_VERSION);
    }
    let config = newer_server(&World::new()).versions(TLS13);
    mismatch(
        said_to(config, |_| ()),
        Parameter::Version,
        A::PROTOCOL_VERSION,
    );
}

#[test]
fn fallbacks() {
    let world = World::new();
    let scsv = |h: &mut Hello| h.suites.push(CipherSuite::TLS_FALLBACK_SCSV.0);
    said(scsv).refused(V::FallbackNotAllowed, A::INAPPROPRIATE_FALLBACK);
    said_to(server_config(&world), scsv).read_flight();
    // RFC 7507 3: protocol_version may come first.
    let rogue = said(|h| {
        scsv(h);
        h.version = 0x0302;
    });
    mismatch(rogue, Parameter::Version, A::PROTOCOL_VERSION);
}

#[test]
fn what_a_client_must_have() {
    said(|h| h.compression = vec![1]).refused(V::BadCompression, A::ILLEGAL_PARAMETER);
    said(|h| h.compression = vec![1, 64, 0]).read_flight();
    said(|h| h.compression = vec![]).refused_as(DecodeFault::BadLength, A::DECODE_ERROR);
    // RFC 5746 3.6: neither of the two signs is needed, and either is answered.
    let answered = |edit: fn(&mut Hello)| {
        let flight = said(edit).read_flight();
        let hello = ServerHello::parse(&flight[0].1[4..]).unwrap();
        hello.extensions.renegotiation_info.map(<[u8]>::to_vec)
    };
    assert_eq!(answered(|_| ()), Some(vec![]));
    assert_eq!(answered(|h| h.remove(X::RENEGOTIATION_INFO)), None);
    let scsv = answered(|h| {
        h.remove(X::RENEGOTIATION_INFO);
        h.suites.push(0x00ff);
    });
    assert_eq!(scsv, Some(vec![]));
    said(|h| h.set(X::RENEGOTIATION_INFO, vec8(&[0; 12])))
        .refused(V::BadRenegotiationInfo, A::HANDSHAKE_FAILURE);
    // RFC 8422 5.1.2: with ec_point_formats, uncompressed is among them.
    for formats in [&[1][..], &[2, 1]] {
        said(|h| h.set(X::EC_POINT_FORMATS, vec8(formats)))
            .refused(V::PointFormats, A::ILLEGAL_PARAMETER);
    }
    said(|h| h.set(X::EC_POINT_FORMATS, vec8(&[2, 1, 0]))).read_flight();
    said(|h| h.remove(X::EC_POINT_FORMATS)).read_flight();
}

#[test]
fn nothing_in_common() {
    let rogue = said(|h| h.suites = vec![0xc009, 0x009c, 0x0a0a]);
    mismatch(rogue, Parameter::CipherSuite, A::HANDSHAKE_FAILURE);
    // A suite for RSA keys only, and an ECDSA key.
    let rogue = said(|h| h.suites = vec![0xc02f]);
    mismatch(rogue, Parameter::CipherSuite, A::HANDSHAKE_FAILURE);
    let rogue = said(|h| h.set(X::SUPPORTED_GROUPS, vec16(&u16s(&[0x001e, 0x0a0a]))));
    mismatch(rogue, Parameter::Group, A::HANDSHAKE_FAILURE);
    let sha1 = vec16(&u16s(&[S::ECDSA_SHA1.0, S::RSA_PKCS1_SHA1.0]));
    let rogue = said(|h| h.set(X::SIGNATURE_ALGORITHMS, sha1));
    mismatch(rogue, Parameter::SignatureScheme, A::HANDSHAKE_FAILURE);
    // RFC 5246 7.4.1.4.1: without the extension, SHA-1 is all that the client has.
    let rogue = said(|h| h.remove(X::SIGNATURE_ALGORITHMS));
    mismatch(rogue, Parameter::SignatureScheme, A::HANDSHAKE_FAILURE);
    let config = newer_server(&World::new()).alpn(["h2"]);
    let rogue = said_to(config, |h| h.set(X::ALPN, vec16(&vec8(b"h3"))));
    mismatch(rogue, Parameter::Alpn, A::NO_APPLICATION_PROTOCOL);
}

#[test]
fn a_client_without_groups_has_secp256r1() {
    let flight = said(|h| h.remove(X::SUPPORTED_GROUPS)).read_flight();
    let exchange = flight.iter().find(|m| m.0 == T::SERVER_KEY_EXCHANGE);
    assert_eq!(exchange.unwrap().1[4..7], [3, 0, 23]);
}

#[test]
fn early_data_is_nothing_of_this_version() {
    // What is skipped in TLS 1.3 isn't here, before the keys and after.
    let early = |h: &mut Hello| h.set(X::EARLY_DATA, vec![]);
    let mut rogue = said(early);
    rogue.read_flight();
    rogue.plain(C::APPLICATION_DATA, &[7; 40]);
    rogue.refused(V::UnexpectedContentType, A::UNEXPECTED_MESSAGE);
    let mut rogue = said(early);
    rogue.read_flight();
    rogue.key_exchange();
    rogue.bare_ccs();
    rogue.plain(C::HANDSHAKE, &[7; 40]);
    rogue.failed(Some(A::BAD_RECORD_MAC));
    rogue.nothing_accepted();
}

#[test]
fn suites_fit_keys() {
    let pki = World::new();
    let rsa = pki.pki.leaf(&["server.example"], KeyKind::Rsa2048);
    let config = || {
        ServerConfig::builder()
            .credential(credential(&rsa))
            .versions(TLS12)
    };
    let mut rogue = Rogue::client(config().build().unwrap());
    rogue.suite = suite(CipherSuite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256);
    rogue.client_hello(|h| h.suites.insert(0, 0xc02b));
    let flight = rogue.read_flight();
    let hello = ServerHello::parse(&flight[0].1[4..]).unwrap();
    assert_eq!(hello.cipher_suite, rogue.suite.name);
    rogue.key_exchange();
    rogue.ccs();
    rogue.finished();
    rogue.read_end();
    rogue.works();
}
