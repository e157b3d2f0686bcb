//! What a server refuses in a ClientHello.

use super::common::rogue::{Hello, Rogue, World, message, share, u16s, vec8, vec16};
use std::sync::Arc;
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{
    ContentType, ExtensionType as X, HandshakeType, NamedGroup, ProtocolVersion, SignatureScheme,
};
use symbolon::config::{Limits, RetryPolicy, ServerCredentials};
use symbolon::conn::ServerConnection;
use symbolon::error::{
    CryptoError, DecodeFault, ErrorKind, Limit, Mismatch, Parameter, Violation as V,
};

type Server = Rogue<ServerConnection>;

fn sent(edit: impl FnOnce(&mut Hello)) -> Server {
    let mut rogue = Rogue::client(World::new().server_config().build().unwrap());
    rogue.client_hello(edit);
    rogue
}

fn mismatch(parameter: Parameter, ours: &[u16], theirs: &[u16]) -> ErrorKind {
    let lists = (ours.iter().copied(), theirs.iter().copied());
    ErrorKind::NothingInCommon(Arc::new(Mismatch::new(parameter, lists.0, lists.1)))
}

#[test]
fn the_script_itself_is_right() {
    let mut rogue = Server::done(World::new().server_config().build().unwrap());
    rogue.record(ContentType::APPLICATION_DATA, b"hello");
    rogue.peer.run();
    assert_eq!(rogue.peer.data, b"hello");
}

#[test]
fn compression() {
    for methods in [&[1][..], &[0, 1], &[1, 0], &[0, 0]] {
        let mut rogue = sent(|h| h.compression = methods.to_vec());
        rogue.refused(V::BadCompression, A::ILLEGAL_PARAMETER);
    }
    sent(|h| h.compression = Vec::new()).refused_as(DecodeFault::BadLength, A::DECODE_ERROR);
}

#[test]
fn missing_extensions() {
    for (extension, violation) in [
        (X::SIGNATURE_ALGORITHMS, V::MissingSignatureAlgorithms),
        (X::SUPPORTED_GROUPS, V::MissingGroups),
        (X::KEY_SHARE, V::MissingKeyShare),
    ] {
        sent(|h| h.remove(extension)).refused(violation, A::MISSING_EXTENSION);
    }
}

#[test]
fn no_version_in_common() {
    let tls13 = [ProtocolVersion::TLS13.0];
    sent(|h| h.remove(X::SUPPORTED_VERSIONS)).refused(
        mismatch(Parameter::Version, &tls13, &[0x0303]),
        A::PROTOCOL_VERSION,
    );
    sent(|h| h.set(X::SUPPORTED_VERSIONS, vec8(&[3, 3, 3, 2, 0x7f, 0x1c]))).refused(
        mismatch(Parameter::Version, &tls13, &[0x0303, 0x0302, 0x7f1c]),
        A::PROTOCOL_VERSION,
    );
    // As old clients send it, with a version that no one has any more.
    let old = |h: &mut Hello| {
        h.version = 0x0301;
        h.suites = vec![0xc02f, 0xc013, 0x002f, 0x00ff];
        h.extensions = vec![
            (X::SUPPORTED_GROUPS, vec16(&u16s(&[0x0017]))),
            (X::EC_POINT_FORMATS, vec8(&[0])),
            (X::SESSION_TICKET, Vec::new()),
            (X::EXTENDED_MASTER_SECRET, Vec::new()),
            (X::RENEGOTIATION_INFO, vec8(&[])),
        ];
    };
    sent(old).refused(
        mismatch(Parameter::Version, &tls13, &[0x0301]),
        A::PROTOCOL_VERSION,
    );
}

#[test]
fn the_legacy_version_is_ignored() {
    // RFC 9846 4.2.2: supported_versions alone counts.
    let mut rogue = sent(|h| h.version = 0x0305);
    rogue.read_flight();
    rogue.finished();
    rogue.peer.run();
    assert!(rogue.peer.done.is_some());
}

#[test]
fn nothing_in_common() {
    sent(|h| h.suites = vec![0xc02f]).refused(
        mismatch(Parameter::CipherSuite, &[0x1301, 0x1302, 0x1303], &[0xc02f]),
        A::HANDSHAKE_FAILURE,
    );
    let groups = [NamedGroup::X25519.0, NamedGroup::SECP256R1.0];
    sent(|h| {
        h.set(X::SUPPORTED_GROUPS, vec16(&u16s(&[NamedGroup::X448.0])));
        h.set(X::KEY_SHARE, vec16(&[]));
    })
    .refused(
        mismatch(Parameter::Group, &groups, &[NamedGroup::X448.0]),
        A::HANDSHAKE_FAILURE,
    );
    let ed25519 = SignatureScheme::ED25519.0;
    let own = SignatureScheme::ECDSA_SECP256R1_SHA256.0;
    sent(|h| h.set(X::SIGNATURE_ALGORITHMS, vec16(&u16s(&[ed25519])))).refused(
        mismatch(Parameter::SignatureScheme, &[own], &[ed25519]),
        A::HANDSHAKE_FAILURE,
    );
    // RFC 9846 4.3.3: what is for certificates only doesn't count.
    let pkcs1 = SignatureScheme::RSA_PKCS1_SHA256.0;
    sent(|h| h.set(X::SIGNATURE_ALGORITHMS, vec16(&u16s(&[pkcs1])))).refused(
        mismatch(Parameter::SignatureScheme, &[own], &[pkcs1]),
        A::HANDSHAKE_FAILURE,
    );
}

#[test]
fn alpn_and_name_without_an_answer() {
    let world = World::new();
    let config = world.server_config().alpn(["h2"]).build().unwrap();
    let mut rogue = Rogue::client(config);
    rogue.client_hello(|h| h.set(X::ALPN, vec16(&vec8(b"smtp"))));
    rogue.refused(
        mismatch(Parameter::Alpn, &[], &[]),
        A::NO_APPLICATION_PROTOCOL,
    );

    let credential = super::common::rogue::credential(&world.server);
    let strict = ServerCredentials::new(vec![Arc::new(credential)]).strict();
    let config = world.server_config().credentials(Arc::new(strict));
    let mut rogue = Rogue::client(config.build().unwrap());
    let name = [&[0][..], &vec16(b"elsewhere.example")].concat();
    rogue.client_hello(|h| h.set(X::SERVER_NAME, vec16(&name)));
    rogue.refused(
        mismatch(Parameter::Certificate, &[], &[]),
        A::UNRECOGNIZED_NAME,
    );
}

#[test]
fn shares() {
    sent(|h| {
        let groups = u16s(&[NamedGroup::SECP256R1.0]);
        h.set(X::SUPPORTED_GROUPS, vec16(&groups));
    })
    .refused(V::ShareNotInGroups, A::ILLEGAL_PARAMETER);

    let mut low_order = [0; 32];
    low_order[0] = 1;
    let mut off_curve = [4; 65];
    off_curve[64] = 5;
    for (group, key) in [
        (NamedGroup::X25519, &[0; 32][..]),
        (NamedGroup::X25519, &low_order),
        (NamedGroup::X25519, &[9; 31]),
        (NamedGroup::X25519, &[9; 33]),
        (NamedGroup::SECP256R1, &off_curve),
        (NamedGroup::SECP256R1, &[2; 33]),
        (NamedGroup::SECP256R1, &[0]),
    ] {
        let mut rogue = sent(|h| h.set(X::KEY_SHARE, vec16(&share(group, key))));
        rogue.refused(CryptoError::InvalidKeyShare, A::ILLEGAL_PARAMETER);
    }
    // As many as are read, and one more.
    for (others, read) in [(31, true), (32, false)] {
        let mut rogue = sent(|h| {
            let others: Vec<_> = (0..others).map(|i| NamedGroup(0xfe00 + i)).collect();
            let groups = others.iter().copied().chain([NamedGroup::X25519]);
            let groups: Vec<_> = groups.map(|group| group.0).collect();
            h.set(X::SUPPORTED_GROUPS, vec16(&u16s(&groups)));
            let mut shares: Vec<_> = others.iter().flat_map(|g| share(*g, b"x")).collect();
            shares.extend(share(NamedGroup::X25519, &[9; 32]));
            h.set(X::KEY_SHARE, vec16(&shares));
        });
        match read {
            true => {
                rogue.peer.run();
                assert_eq!(rogue.read_message().0, HandshakeType::SERVER_HELLO);
            }
            false => rogue.refused_as(DecodeFault::BadValue, A::ILLEGAL_PARAMETER),
        }
    }
    // Two of one group.
    let twice = share(NamedGroup::X25519, &[9; 32]).repeat(2);
    sent(|h| h.set(X::KEY_SHARE, vec16(&twice)))
        .refused_as(DecodeFault::Duplicate, A::ILLEGAL_PARAMETER);
}

/// pre_shared_key with one identity.
fn psk() -> Vec<u8> {
    let identity = [vec16(b"ticket"), vec![0; 4]].concat();
    [vec16(&identity), vec16(&vec8(&[1; 32]))].concat()
}

#[test]
fn pre_shared_key() {
    sent(|h| h.set(X::PRE_SHARED_KEY, psk())).refused(V::MissingPskModes, A::MISSING_EXTENSION);
    sent(|h| {
        h.set(X::PRE_SHARED_KEY, psk());
        h.set(X::PSK_KEY_EXCHANGE_MODES, vec8(&[1]));
    })
    .refused_as(DecodeFault::NotLast, A::ILLEGAL_PARAMETER);
    // supported_groups and key_share come together or not at all (RFC 9846 9.2).
    for (extension, violation) in [
        (X::SUPPORTED_GROUPS, V::MissingGroups),
        (X::KEY_SHARE, V::MissingKeyShare),
    ] {
        sent(|h| {
            h.remove(extension);
            h.set(X::PSK_KEY_EXCHANGE_MODES, vec8(&[1]));
            h.set(X::PRE_SHARED_KEY, psk());
        })
        .refused(violation, A::MISSING_EXTENSION);
    }
    // A ticket that nobody knows leads to a full handshake.
    let mut rogue = sent(|h| {
        h.set(X::PSK_KEY_EXCHANGE_MODES, vec8(&[1]));
        h.set(X::PRE_SHARED_KEY, psk());
    });
    rogue.read_flight();
    rogue.finished();
    rogue.peer.run();
    assert!(rogue.peer.done.is_some());
}

#[test]
fn ill_formed() {
    sent(|h| h.extensions.push((X::SUPPORTED_VERSIONS, vec8(&[3, 4]))))
        .refused_as(DecodeFault::Duplicate, A::ILLEGAL_PARAMETER);
    sent(|h| h.set(X::OID_FILTERS, vec16(&[])))
        .refused_as(DecodeFault::NotAllowedHere, A::ILLEGAL_PARAMETER);
    sent(|h| h.suites = Vec::new()).refused_as(DecodeFault::BadLength, A::DECODE_ERROR);
    sent(|h| h.session_id = vec![1; 33]).refused_as(DecodeFault::BadLength, A::DECODE_ERROR);
    sent(|h| h.set(X::SUPPORTED_VERSIONS, vec8(&[3])))
        .refused_as(DecodeFault::BadLength, A::DECODE_ERROR);
    sent(|h| h.set(X::SUPPORTED_VERSIONS, vec![2, 3, 4, 0]))
        .refused_as(DecodeFault::TrailingBytes, A::DECODE_ERROR);
    let whole = sent(|_| ()).hello;
    for (cut, fault) in [
        (1, DecodeFault::Truncated),
        (whole.len() - 40, DecodeFault::Truncated),
    ] {
        let mut rogue = Rogue::client(World::new().server_config().build().unwrap());
        let body = &whole[4..whole.len() - cut];
        rogue.message(HandshakeType::CLIENT_HELLO, body);
        rogue.refused_as(fault, A::DECODE_ERROR);
    }
    let mut rogue = Rogue::client(World::new().server_config().build().unwrap());
    let body = [&whole[4..], &[0]].concat();
    rogue.message(HandshakeType::CLIENT_HELLO, &body);
    rogue.refused_as(DecodeFault::TrailingBytes, A::DECODE_ERROR);
}

#[test]
fn record_size_limit() {
    for limit in [0_u16, 63] {
        let mut rogue = sent(|h| h.set(X::RECORD_SIZE_LIMIT, limit.to_be_bytes().to_vec()));
        rogue.refused(V::RecordSizeLimitRange, A::ILLEGAL_PARAMETER);
    }
    // RFC 8449 4: a client may name more than any version has.
    let mut rogue = sent(|h| h.set(X::RECORD_SIZE_LIMIT, vec![0xff, 0xff]));
    rogue.read_flight();
}

#[test]
fn another_message_first() {
    for kind in [
        HandshakeType::SERVER_HELLO,
        HandshakeType::FINISHED,
        HandshakeType::HELLO_REQUEST,
        HandshakeType::KEY_UPDATE,
        HandshakeType(99),
    ] {
        let mut rogue = Rogue::client(World::new().server_config().build().unwrap());
        rogue.message(kind, b"");
        rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    }
}

#[test]
fn something_behind_the_hello() {
    let mut rogue = Rogue::client(World::new().server_config().build().unwrap());
    let hello = sent(|_| ()).hello;
    let raw = [hello, message(HandshakeType::FINISHED, &[0; 32])].concat();
    rogue.record(ContentType::HANDSHAKE, &raw);
    rogue.refused(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
    // In a record of its own, in the clear: the keys have changed.
    let mut rogue = sent(|_| ());
    rogue.plain(
        ContentType::HANDSHAKE,
        &message(HandshakeType::FINISHED, &[0; 32]),
    );
    rogue.peer.run();
    let error = rogue.peer.failed.clone().unwrap();
    assert_eq!(*error.kind(), ErrorKind::Protocol(V::UnprotectedRecord));
}

/// A server that has asked for a share of X25519, and the ClientHello that answers.
fn retried(edit_first: impl FnOnce(&mut Hello)) -> (Server, Hello) {
    let config = World::new()
        .server_config()
        .retry(RetryPolicy::ForPreferred);
    let mut rogue = Rogue::client(config.build().unwrap());
    let second = rogue.hello_for(NamedGroup::X25519);
    let mut first = second.clone();
    first.set(X::KEY_SHARE, vec16(&[]));
    edit_first(&mut first);
    rogue.send_hello(&first);
    rogue.read_retry();
    (rogue, second)
}

#[test]
fn a_second_hello_that_heeds_the_retry() {
    let (mut rogue, second) = retried(|_| ());
    rogue.ccs();
    rogue.send_hello(&second);
    rogue.read_flight();
    rogue.finished();
    rogue.peer.run();
    assert!(rogue.peer.done.as_ref().unwrap().hello_retry_request);
    // Padding may come and go (RFC 9846 4.2.2).
    let (mut rogue, mut second) = retried(|h| h.set(X::PADDING, vec![0; 9]));
    second.set(X::PADDING, vec![0; 3]);
    rogue.send_hello(&second);
    rogue.read_flight();
}

#[test]
fn a_second_hello_that_changed() {
    let edits: [fn(&mut Hello); 9] = [
        |h| h.random[31] ^= 1,
        |h| h.session_id[0] ^= 1,
        |h| h.session_id.truncate(31),
        |h| h.suites.push(0x1303),
        |h| h.set(X(0x1234), vec![]),
        |h| h.set(X::ALPN, vec16(&vec8(b"h2"))),
        |h| h.extensions.swap(0, 1),
        |h| h.set(X::SUPPORTED_GROUPS, vec16(&u16s(&[0x1d]))),
        |h| h.set(X::EARLY_DATA, vec![]),
    ];
    for (i, edit) in edits.into_iter().enumerate() {
        let (mut rogue, mut second) = retried(|_| ());
        edit(&mut second);
        rogue.send_hello(&second);
        rogue.peer.run();
        let error = rogue.peer.failed.clone();
        assert!(error.is_some(), "edit {i} was accepted");
        rogue.refused(V::ChangedClientHello, A::ILLEGAL_PARAMETER);
    }
    let (mut rogue, mut second) = retried(|_| ());
    second.version = 0x0302;
    rogue.send_hello(&second);
    rogue.refused(V::ChangedClientHello, A::ILLEGAL_PARAMETER);
}

#[test]
fn a_second_hello_with_other_shares() {
    let (mut rogue, mut second) = retried(|_| ());
    let cookie = vec16(b"biscuit");
    second.set(X::COOKIE, cookie);
    rogue.send_hello(&second);
    rogue.refused(V::BadCookie, A::ILLEGAL_PARAMETER);

    let p256 = |rogue: &mut Server| {
        let hello = rogue.hello_for(NamedGroup::SECP256R1);
        let key_share = hello.extensions.into_iter().find(|e| e.0 == X::KEY_SHARE);
        key_share.unwrap().1[2..].to_vec()
    };
    for which in 0..3 {
        let (mut rogue, mut second) = retried(|_| ());
        let other = p256(&mut rogue);
        let own = second.extensions.last().unwrap().1[2..].to_vec();
        let shares = match which {
            0 => Vec::new(),
            1 => other,
            _ => [own, other].concat(),
        };
        second.set(X::KEY_SHARE, vec16(&shares));
        rogue.send_hello(&second);
        rogue.refused(V::RetryNotHeeded, A::ILLEGAL_PARAMETER);
    }
}

#[test]
fn another_message_instead_of_the_second_hello() {
    let (mut rogue, _) = retried(|_| ());
    rogue.message(HandshakeType::FINISHED, &[0; 32]);
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    // Both hellos in one record, before the answer to the first.
    let config = World::new().server_config().build().unwrap();
    let mut rogue = Rogue::client(config);
    let mut first = rogue.hello_for(NamedGroup::X25519);
    first.set(X::KEY_SHARE, vec16(&[]));
    rogue.send_hello(&first);
    let first = rogue.hello.clone();
    rogue.peer.input.clear();
    rogue.plain(ContentType::HANDSHAKE, &first.repeat(2));
    rogue.refused(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
}

#[test]
fn too_large() {
    let mut rogue = sent(|h| h.set(X(0x1234), vec![0; 16_300]));
    let size = rogue.hello.len() - 4;
    assert!(size > 16_384);
    // Only the four bytes of the header are needed.
    rogue.peer.input.clear();
    let header = rogue.hello[..4].to_vec();
    rogue.plain(ContentType::HANDSHAKE, &header);
    rogue.refused(
        Limit::MessageSize {
            size,
            limit: Limits::default().client_hello,
        },
        A::ILLEGAL_PARAMETER,
    );
}
