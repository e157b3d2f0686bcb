//! What a client refuses in ServerHello and HelloRetryRequest.

use super::common::rogue::{Hello, Rogue, World, block, message, share, u16s, vec8, vec16};
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{
    CipherSuite, ContentType, ExtensionType as X, HandshakeType, NamedGroup,
};
use symbolon::conn::ClientConnection;
use symbolon::error::{CryptoError, DecodeFault, Violation as V};
use symbolon::wire::hello::{DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12};

type Client = Rogue<ClientConnection>;

fn begun() -> Client {
    Rogue::server(World::new().client_config().build().unwrap())
}

fn sent(edit: impl FnOnce(&mut Hello)) -> Client {
    let mut rogue = begun();
    rogue.server_hello(edit);
    rogue
}

#[test]
fn the_script_itself_is_right() {
    let world = World::new();
    let mut rogue = Rogue::<ClientConnection>::done(world.client_config().build().unwrap(), &world);
    rogue.record(ContentType::APPLICATION_DATA, b"hello");
    rogue.peer.run();
    assert_eq!(rogue.peer.data, b"hello");
}

#[test]
fn fields() {
    sent(|h| h.version = 0x0302).refused(V::ServerLegacyVersion, A::ILLEGAL_PARAMETER);
    sent(|h| h.version = 0x0304).refused(V::ServerLegacyVersion, A::ILLEGAL_PARAMETER);
    for edit in [
        (|h| h.session_id[31] ^= 1) as fn(&mut Hello),
        |h| h.session_id.truncate(31),
        |h| h.session_id.clear(),
    ] {
        sent(edit).refused(V::SessionIdNotEchoed, A::ILLEGAL_PARAMETER);
    }
    sent(|h| h.compression = vec![1]).refused(V::BadCompression, A::ILLEGAL_PARAMETER);
    for suite in [0x1304, 0x1305, 0xc02f, 0x0a0a, 0] {
        sent(|h| h.suites = vec![suite]).refused(V::SuiteNotOffered, A::ILLEGAL_PARAMETER);
    }
}

#[test]
fn versions() {
    for version in [0x0303_u16, 0x0305, 0x7f1c] {
        sent(|h| h.set(X::SUPPORTED_VERSIONS, version.to_be_bytes().to_vec()))
            .refused(V::ServerHelloVersion, A::ILLEGAL_PARAMETER);
    }
    // As a server answers that has no TLS 1.3.
    let old = |h: &mut Hello| {
        h.suites = vec![0xc02f];
        h.extensions = vec![
            (X::RENEGOTIATION_INFO, vec8(&[])),
            (X::EC_POINT_FORMATS, vec8(&[0])),
            (X::EXTENDED_MASTER_SECRET, vec![]),
        ];
    };
    sent(old).refused(V::OldServer, A::PROTOCOL_VERSION);
    sent(|h| {
        old(h);
        h.version = 0x0301;
    })
    .refused(V::OldServer, A::PROTOCOL_VERSION);
    for sentinel in [DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12] {
        sent(|h| {
            old(h);
            h.random[24..].copy_from_slice(&sentinel);
        })
        .refused(V::Downgrade, A::ILLEGAL_PARAMETER);
    }
    // The sentinel means nothing in TLS 1.3 itself.
    let world = World::new();
    let mut rogue = Rogue::server(world.client_config().build().unwrap());
    rogue.server_hello(|h| h.random[24..].copy_from_slice(&DOWNGRADE_TO_TLS12));
    rogue.encrypted_extensions(&[]);
    rogue.certificate(&world.server);
    rogue.certificate_verify(&world.server);
    rogue.finished();
    rogue.read_client_flight();
}

#[test]
fn shares() {
    sent(|h| h.remove(X::KEY_SHARE)).refused(V::MissingKeyShare, A::MISSING_EXTENSION);
    for group in [
        NamedGroup::SECP256R1,
        NamedGroup::SECP384R1,
        NamedGroup(0x0a0a),
    ] {
        sent(|h| h.set(X::KEY_SHARE, share(group, &[4; 65])))
            .refused(V::GroupNotOffered, A::ILLEGAL_PARAMETER);
    }
    for key in [&[0; 32][..], &[9; 31], &[9; 33], &[9]] {
        sent(|h| h.set(X::KEY_SHARE, share(NamedGroup::X25519, key)))
            .refused(CryptoError::InvalidKeyShare, A::ILLEGAL_PARAMETER);
    }
}

#[test]
fn extensions() {
    sent(|h| h.set(X(0x1234), vec![])).refused(V::UnsolicitedExtension, A::UNSUPPORTED_EXTENSION);
    sent(|h| h.set(X::PRE_SHARED_KEY, vec![0, 0]))
        .refused(V::UnsolicitedExtension, A::UNSUPPORTED_EXTENSION);
    for extension in [(X::COOKIE, vec16(b"c")), (X::ALPN, vec16(&vec8(b"h2")))] {
        sent(|h| h.extensions.push(extension))
            .refused_as(DecodeFault::NotAllowedHere, A::ILLEGAL_PARAMETER);
    }
    sent(|h| h.extensions.push((X::SUPPORTED_VERSIONS, vec![3, 4])))
        .refused_as(DecodeFault::Duplicate, A::ILLEGAL_PARAMETER);
    sent(|h| h.set(X::SUPPORTED_VERSIONS, vec![3, 4, 0]))
        .refused_as(DecodeFault::TrailingBytes, A::DECODE_ERROR);
    sent(|h| h.session_id = vec![0; 33]).refused_as(DecodeFault::BadLength, A::DECODE_ERROR);
}

#[test]
fn an_unasked_extension_is_named() {
    let error = sent(|h| h.set(X(0x1234), vec![])).failed(Some(A::UNSUPPORTED_EXTENSION));
    assert_eq!(error.place().extension, Some(X(0x1234)));
    assert_eq!(error.place().message, Some(HandshakeType::SERVER_HELLO));
}

fn retried(edit: impl FnOnce(&mut Hello)) -> Client {
    let mut rogue = begun();
    rogue.retry(edit);
    rogue
}

#[test]
fn retries_that_are_wrong() {
    for group in [NamedGroup::SECP384R1, NamedGroup(0x0a0a)] {
        retried(|h| h.set(X::KEY_SHARE, u16s(&[group.0])))
            .refused(V::RetryGroupNotOffered, A::ILLEGAL_PARAMETER);
    }
    retried(|h| h.set(X::KEY_SHARE, u16s(&[NamedGroup::X25519.0])))
        .refused(V::RetryWithoutChange, A::ILLEGAL_PARAMETER);
    retried(|h| h.remove(X::KEY_SHARE)).refused(V::RetryWithoutChange, A::ILLEGAL_PARAMETER);
    retried(|h| h.suites = vec![0x1304]).refused(V::SuiteNotOffered, A::ILLEGAL_PARAMETER);
    retried(|h| h.session_id.clear()).refused(V::SessionIdNotEchoed, A::ILLEGAL_PARAMETER);
    retried(|h| h.set(X(0x1234), vec![]))
        .refused(V::UnsolicitedExtension, A::UNSUPPORTED_EXTENSION);
    retried(|h| h.remove(X::SUPPORTED_VERSIONS))
        .refused(V::ServerHelloVersion, A::ILLEGAL_PARAMETER);
    retried(|h| h.set(X::COOKIE, vec16(b""))).refused_as(DecodeFault::BadLength, A::DECODE_ERROR);
}

#[test]
fn a_second_retry() {
    let mut rogue = retried(|_| ());
    rogue.read_hello();
    rogue.retry(|h| h.set(X::COOKIE, vec16(b"again")));
    rogue.refused(V::SecondRetry, A::UNEXPECTED_MESSAGE);
}

#[test]
fn a_retry_that_is_heeded() {
    let world = World::new();
    let mut rogue = Rogue::server(world.client_config().build().unwrap());
    let first = rogue.hello.clone();
    rogue.retry(|h| h.set(X::COOKIE, vec16(b"biscuit")));
    rogue.read_hello();
    let hello = rogue.client_hello();
    let shares: Vec<_> = hello.extensions.key_shares.unwrap().iter().collect();
    assert_eq!(shares.len(), 1);
    assert_eq!(shares[0].group, NamedGroup::SECP256R1);
    assert_eq!(hello.extensions.cookie, Some(&b"biscuit"[..]));
    // RFC 9846 4.2.2: all else is as it was, and in its order.
    let fixed = |raw: &[u8]| {
        let hello = symbolon::wire::hello::ClientHello::parse(&raw[4..]).unwrap();
        let mut hello = hello;
        hello.extensions.key_shares = None;
        hello.extensions.cookie = None;
        let mut out = Vec::new();
        let mut w = symbolon::wire::codec::Writer::new(&mut out);
        hello.write(&mut w);
        w.finish().unwrap();
        out
    };
    assert_eq!(fixed(&first), fixed(&rogue.hello));
    rogue.flight(&world);
    rogue.read_client_flight();
    assert!(rogue.peer.done.as_ref().unwrap().hello_retry_request);
    assert_eq!(
        rogue.peer.done.as_ref().unwrap().group,
        Some(NamedGroup::SECP256R1)
    );
}

#[test]
fn a_retry_for_a_cookie_changes_nothing_else() {
    for (groups, grease) in [
        (&[NamedGroup::X25519MLKEM768, NamedGroup::X25519][..], false),
        (&[NamedGroup::X25519MLKEM768, NamedGroup::X25519], true),
        (&[NamedGroup::X25519], true),
    ] {
        let world = World::new();
        let config = world.client_config().groups(groups).grease(grease);
        let mut rogue = Rogue::server(config.build().unwrap());
        let shares = |rogue: &Client| {
            let hello = rogue.client_hello();
            let shares = hello.extensions.key_shares.unwrap();
            shares
                .iter()
                .map(|s| (s.group, s.key_exchange.to_vec()))
                .collect::<Vec<_>>()
        };
        let before = shares(&rogue);
        rogue.retry(|h| {
            h.remove(X::KEY_SHARE);
            h.set(X::COOKIE, vec16(b"biscuit"));
        });
        rogue.read_hello();
        assert_eq!(shares(&rogue), before);
        assert_eq!(
            rogue.client_hello().extensions.cookie,
            Some(&b"biscuit"[..])
        );
        // The classical half of the hybrid is one of the shares.
        rogue.flight(&world);
        rogue.read_client_flight();
        assert_eq!(
            rogue.peer.done.as_ref().unwrap().group,
            Some(NamedGroup::X25519)
        );
    }
}

#[test]
fn after_a_retry() {
    let retried = || {
        let mut rogue = retried(|_| ());
        rogue.read_hello();
        rogue
    };
    let mut rogue = retried();
    rogue.server_hello(|h| h.suites = vec![CipherSuite::TLS_CHACHA20_POLY1305_SHA256.0]);
    rogue.refused(V::SuiteChanged, A::ILLEGAL_PARAMETER);
    let mut rogue = retried();
    rogue.server_hello(|h| h.suites = vec![CipherSuite::TLS_AES_256_GCM_SHA384.0]);
    rogue.refused(V::SuiteChanged, A::ILLEGAL_PARAMETER);
    let mut rogue = retried();
    rogue.server_hello(|h| h.set(X::KEY_SHARE, share(NamedGroup::X25519, &[9; 32])));
    rogue.refused(V::GroupNotOffered, A::ILLEGAL_PARAMETER);
    let mut rogue = retried();
    rogue.message(HandshakeType::ENCRYPTED_EXTENSIONS, &block(&[]));
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
}

#[test]
fn another_message_first() {
    for kind in [
        HandshakeType::ENCRYPTED_EXTENSIONS,
        HandshakeType::CLIENT_HELLO,
        HandshakeType::FINISHED,
        HandshakeType::HELLO_REQUEST,
    ] {
        let mut rogue = begun();
        rogue.message(kind, &block(&[]));
        rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    }
}

#[test]
fn something_behind_the_hello() {
    // RFC 9846 5.1: in the same record, which was in the clear.
    let mut rogue = begun();
    rogue.server_hello(|_| ());
    let mut hello: Vec<u8> = std::mem::take(&mut rogue.peer.input);
    let more = message(HandshakeType::ENCRYPTED_EXTENSIONS, &block(&[]));
    hello.extend(&more);
    let len = u16::try_from(hello.len() - 5).unwrap().to_be_bytes();
    hello[3..5].copy_from_slice(&len);
    rogue.raw(&hello);
    rogue.refused(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
    // A part of a message is enough.
    let mut rogue = begun();
    rogue.server_hello(|_| ());
    let mut hello: Vec<u8> = std::mem::take(&mut rogue.peer.input);
    hello.push(8);
    let len = u16::try_from(hello.len() - 5).unwrap().to_be_bytes();
    hello[3..5].copy_from_slice(&len);
    rogue.raw(&hello);
    rogue.refused(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
    // Behind a HelloRetryRequest.
    let mut rogue = begun();
    rogue.retry(|_| ());
    let mut hello: Vec<u8> = std::mem::take(&mut rogue.peer.input);
    hello.extend(more);
    let len = u16::try_from(hello.len() - 5).unwrap().to_be_bytes();
    hello[3..5].copy_from_slice(&len);
    rogue.raw(&hello);
    rogue.refused(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
}
