//! What both ends refuse from EncryptedExtensions to Finished, and after the handshake.

use super::common::certs::{KeyKind, self_signed};
use super::common::rogue::{Rogue, World, block, credential, message, share, u16s, vec8, vec16};
use std::sync::Arc;
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{
    ContentType, ExtensionType as X, HandshakeType as T, NamedGroup, SignatureScheme as S,
};
use symbolon::config::ClientAuth;
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::error::{CryptoError, DecodeFault, Violation as V};
use symbolon::pki::{DangerousAcceptAnyCertificate, PathVerifier};
use symbolon::provider::default_provider;
use symbolon::wire::handshake::CertificateRequest;

type Client = Rogue<ClientConnection>;
type Server = Rogue<ServerConnection>;

/// A client that has its ServerHello.
fn greeted(world: &World) -> Client {
    let mut rogue = Rogue::server(world.client_config().build().unwrap());
    rogue.server_hello(|_| ());
    rogue
}

/// A client that waits for Certificate.
fn before_certificate(world: &World) -> Client {
    let mut rogue = greeted(world);
    rogue.encrypted_extensions(&[]);
    rogue
}

/// A client that waits for CertificateVerify.
fn certified(world: &World) -> Client {
    let mut rogue = before_certificate(world);
    rogue.certificate(&world.server);
    rogue
}

/// A client that waits for Finished.
fn signed(world: &World) -> Client {
    let mut rogue = certified(world);
    rogue.certificate_verify(&world.server);
    rogue
}

#[test]
fn encrypted_extensions() {
    let world = World::new();
    for (extension, data) in [
        (X::ALPN, vec16(&vec8(b"h2"))),
        (X::RECORD_SIZE_LIMIT, vec![1, 0]),
        (X::EARLY_DATA, vec![]),
        (X(0x1234), vec![]),
    ] {
        let mut rogue = greeted(&world);
        rogue.encrypted_extensions(&[(extension, data)]);
        let error = rogue.failed(Some(A::UNSUPPORTED_EXTENSION));
        assert_eq!(error.place().extension, Some(extension));
        assert_eq!(error.place().message, Some(T::ENCRYPTED_EXTENSIONS));
        assert_eq!(
            *error.kind(),
            symbolon::error::ErrorKind::Protocol(V::UnsolicitedExtension)
        );
    }
    for (extension, data) in [
        (X::KEY_SHARE, share(NamedGroup::X25519, &[9; 32])),
        (X::SUPPORTED_VERSIONS, vec![3, 4]),
        (X::SIGNATURE_ALGORITHMS, vec16(&u16s(&[0x0403]))),
    ] {
        let mut rogue = greeted(&world);
        rogue.encrypted_extensions(&[(extension, data)]);
        rogue.refused_as(DecodeFault::NotAllowedHere, A::ILLEGAL_PARAMETER);
    }
    let mut rogue = greeted(&world);
    rogue.encrypted_extensions(&[(X::SERVER_NAME, vec![]), (X::SERVER_NAME, vec![])]);
    rogue.refused_as(DecodeFault::Duplicate, A::ILLEGAL_PARAMETER);
    let mut rogue = greeted(&world);
    rogue.message(T::ENCRYPTED_EXTENSIONS, &[0, 0, 0]);
    rogue.refused_as(DecodeFault::TrailingBytes, A::DECODE_ERROR);
}

#[test]
fn what_was_offered_and_answered_wrongly() {
    let world = World::new();
    let with = |extension: X, data: Vec<u8>| {
        let config = world.client_config().alpn(["h2", "http/1.1"]);
        let mut rogue = Rogue::server(config.record_size_limit(1000).build().unwrap());
        rogue.server_hello(|_| ());
        rogue.encrypted_extensions(&[(extension, data)]);
        rogue
    };
    with(X::ALPN, vec16(&vec8(b"h3"))).refused(V::AlpnNotOffered, A::ILLEGAL_PARAMETER);
    let two = [vec8(b"h2"), vec8(b"http/1.1")].concat();
    let error = with(X::ALPN, vec16(&two)).failed(Some(A::DECODE_ERROR));
    assert_eq!(error.place().message, Some(T::ENCRYPTED_EXTENSIONS));
    for limit in [0_u16, 63, 16_386, 0xffff] {
        with(X::RECORD_SIZE_LIMIT, limit.to_be_bytes().to_vec())
            .refused(V::RecordSizeLimitRange, A::ILLEGAL_PARAMETER);
    }
}

#[test]
fn the_servers_certificate() {
    let world = World::new();
    let mut rogue = before_certificate(&world);
    rogue.certificate_with(b"x", &world.server.0, &[]);
    rogue.refused(V::CertificateContext, A::ILLEGAL_PARAMETER);
    let mut rogue = before_certificate(&world);
    rogue.certificate_with(b"", &[] as &[Vec<u8>], &[]);
    rogue.refused(V::EmptyServerCertificate, A::DECODE_ERROR);
    for extension in [X::SIGNED_CERTIFICATE_TIMESTAMP, X(0x1234)] {
        let mut rogue = before_certificate(&world);
        rogue.certificate_with(b"", &world.server.0, &[(extension, vec![0])]);
        rogue.refused(V::UnsolicitedExtension, A::UNSUPPORTED_EXTENSION);
    }
    let staple = (X::STATUS_REQUEST, vec![1, 0, 0, 1, 9]);
    let config = world
        .client_config()
        .verifier(Arc::new(DangerousAcceptAnyCertificate));
    let mut rogue = Rogue::server(config.build().unwrap());
    rogue.server_hello(|_| ());
    rogue.encrypted_extensions(&[]);
    rogue.certificate_with(b"", &world.server.0, &[staple]);
    rogue.refused(V::NoOcspAsked, A::UNSUPPORTED_EXTENSION);
}

#[test]
fn certificates_that_are_not_accepted() {
    let world = World::new();
    let other = World::new();
    let (lone, _) = self_signed(&["server.example"], KeyKind::EcdsaP256);
    let mut rogue = before_certificate(&world);
    rogue.certificate_with(b"", &[lone], &[]);
    rogue.failed(Some(A::UNKNOWN_CA));
    let mut rogue = before_certificate(&world);
    rogue.certificate(&other.server);
    rogue.failed(Some(A::BAD_CERTIFICATE));
    let mut rogue = before_certificate(&world);
    rogue.certificate(
        &world
            .pki
            .expired_leaf(&["server.example"], KeyKind::EcdsaP256),
    );
    rogue.failed(Some(A::CERTIFICATE_EXPIRED));
    let mut rogue = before_certificate(&world);
    rogue.certificate(&world.pki.leaf(&["other.example"], KeyKind::EcdsaP256));
    rogue.failed(Some(A::BAD_CERTIFICATE));
    let mut rogue = before_certificate(&world);
    rogue.certificate_with(b"", &[b"no certificate"], &[]);
    rogue.failed(Some(A::BAD_CERTIFICATE));
}

#[test]
fn certificate_request() {
    let world = World::new();
    let schemes = || (X::SIGNATURE_ALGORITHMS, vec16(&u16s(&[0x0403])));
    let mut rogue = before_certificate(&world);
    rogue.certificate_request(b"x", &[schemes()]);
    rogue.refused(V::CertificateContext, A::ILLEGAL_PARAMETER);
    let mut rogue = before_certificate(&world);
    rogue.certificate_request(b"", &[]);
    rogue.refused(V::MissingSignatureAlgorithms, A::MISSING_EXTENSION);
    let mut rogue = before_certificate(&world);
    rogue.certificate_request(b"", &[schemes()]);
    rogue.certificate_request(b"", &[schemes()]);
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    let mut rogue = certified(&world);
    rogue.certificate_request(b"", &[schemes()]);
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    // An extension that isn't known is no fault (RFC 9846 4.4.2).
    let mut rogue = before_certificate(&world);
    rogue.certificate_request(b"", &[schemes(), (X(0x1234), vec![1])]);
    rogue.certificate(&world.server);
    rogue.certificate_verify(&world.server);
    rogue.finished();
    rogue.read_client_flight();
}

#[test]
fn the_servers_signature() {
    let world = World::new();
    let own = S::ECDSA_SECP256R1_SHA256;
    for named in [
        S::RSA_PKCS1_SHA256,
        S::RSA_PKCS1_SHA1,
        S::ECDSA_SHA1,
        S(0x0a0a),
        S::ED448,
    ] {
        let mut rogue = certified(&world);
        rogue.certificate_verify_with(&world.server, own, Some(named), true);
        rogue.refused(V::SchemeNotOffered, A::ILLEGAL_PARAMETER);
    }
    for named in [
        S::ED25519,
        S::ECDSA_SECP384R1_SHA384,
        S::RSA_PSS_RSAE_SHA256,
    ] {
        let mut rogue = certified(&world);
        rogue.certificate_verify_with(&world.server, own, Some(named), true);
        rogue.refused(V::SchemeNotForKey, A::ILLEGAL_PARAMETER);
    }
    // Another key, and the other role's context string.
    let mut rogue = certified(&world);
    rogue.certificate_verify(&world.client);
    rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);
    let mut rogue = certified(&world);
    rogue.certificate_verify_with(&world.server, own, None, false);
    rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);
    // A transcript that differs.
    let mut rogue = certified(&world);
    rogue.transcript.add(b"x");
    rogue.certificate_verify(&world.server);
    rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);
    for signature in [&b""[..], &[0; 64], &[0x30, 0]] {
        let mut rogue = certified(&world);
        let body = [&own.0.to_be_bytes()[..], &vec16(signature)].concat();
        rogue.message(T::CERTIFICATE_VERIFY, &body);
        rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);
    }
}

#[test]
fn rsa_signs_with_pss_only() {
    let mut world = World::new();
    world.server = world.pki.leaf(&["server.example"], KeyKind::Rsa2048);
    let mut rogue = certified(&world);
    rogue.certificate_verify_with(&world.server, S::RSA_PSS_RSAE_SHA256, None, true);
    rogue.finished();
    rogue.read_client_flight();
    let pkcs1 = Some(S::RSA_PKCS1_SHA256);
    let mut rogue = certified(&world);
    rogue.certificate_verify_with(&world.server, S::RSA_PSS_RSAE_SHA256, pkcs1, true);
    rogue.refused(V::SchemeNotOffered, A::ILLEGAL_PARAMETER);
    // rsa_pss_pss is for keys of the type id-RSASSA-PSS.
    let pss = Some(S::RSA_PSS_PSS_SHA256);
    let mut rogue = certified(&world);
    rogue.certificate_verify_with(&world.server, S::RSA_PSS_RSAE_SHA256, pss, true);
    let error = rogue.failed(Some(A::ILLEGAL_PARAMETER));
    assert!(
        [V::SchemeNotForKey, V::SchemeNotOffered]
            .map(symbolon::error::ErrorKind::Protocol)
            .contains(error.kind()),
        "{error}"
    );
}

#[test]
fn the_servers_finished() {
    let world = World::new();
    let right = |rogue: &Client| rogue.verify_data();
    let edits: [fn(&mut Vec<u8>); 5] = [
        |data| data[0] ^= 1,
        |data| data[31] ^= 0x80,
        |data| data.truncate(31),
        |data| data.push(0),
        |data| data.clear(),
    ];
    for edit in edits {
        let mut rogue = signed(&world);
        let mut data = right(&rogue);
        edit(&mut data);
        rogue.message(T::FINISHED, &data);
        rogue.refused(V::BadFinished, A::DECRYPT_ERROR);
    }
    let mut rogue = signed(&world);
    rogue.transcript.add(b"x");
    let data = right(&rogue);
    rogue.record(ContentType::HANDSHAKE, &message(T::FINISHED, &data));
    rogue.refused(V::BadFinished, A::DECRYPT_ERROR);
    // The client's own key.
    let mut rogue = signed(&world);
    let base = rogue.secrets.client_handshake.as_ref().unwrap();
    let hash = rogue.suite.hash;
    let data = symbolon::keys::tls13::finished(hash, base, &rogue.transcript.current());
    rogue.message(T::FINISHED, data.unwrap().expose());
    rogue.refused(V::BadFinished, A::DECRYPT_ERROR);
}

/// How far a client is brought.
type Stage = fn(&World) -> Client;

#[test]
fn messages_left_out_repeated_or_misplaced() {
    let world = World::new();
    let finished_data = [0; 32];
    // What is sent instead of what is waited for.
    let stages: [(Stage, &[T]); 4] = [
        (
            greeted,
            &[
                T::CERTIFICATE_REQUEST,
                T::CERTIFICATE,
                T::CERTIFICATE_VERIFY,
                T::FINISHED,
            ],
        ),
        (
            before_certificate,
            &[T::ENCRYPTED_EXTENSIONS, T::CERTIFICATE_VERIFY, T::FINISHED],
        ),
        (
            certified,
            &[T::ENCRYPTED_EXTENSIONS, T::CERTIFICATE, T::FINISHED],
        ),
        (
            signed,
            &[
                T::ENCRYPTED_EXTENSIONS,
                T::CERTIFICATE,
                T::CERTIFICATE_VERIFY,
            ],
        ),
    ];
    let never = [
        T::SERVER_HELLO,
        T::CLIENT_HELLO,
        T::NEW_SESSION_TICKET,
        T::KEY_UPDATE,
        T::END_OF_EARLY_DATA,
        T::HELLO_REQUEST,
        T::MESSAGE_HASH,
        T::SERVER_KEY_EXCHANGE,
        T(0xff),
    ];
    for (stage, wrong) in stages {
        for kind in wrong.iter().chain(&never) {
            let mut rogue = stage(&world);
            rogue.message(*kind, &finished_data);
            let error = rogue.failed(Some(A::UNEXPECTED_MESSAGE));
            assert_eq!(
                error,
                symbolon::error::Error::from(V::UnexpectedMessage).in_message(*kind)
            );
            assert!(rogue.peer.done.is_none());
        }
    }
}

#[test]
fn data_before_finished() {
    let world = World::new();
    for stage in [greeted, before_certificate, certified, signed] {
        let mut rogue = stage(&world);
        rogue.record(ContentType::APPLICATION_DATA, b"early");
        rogue.refused(V::UnexpectedContentType, A::UNEXPECTED_MESSAGE);
    }
    let mut rogue = Rogue::after_flight(world.server_config().build().unwrap());
    rogue.record(ContentType::APPLICATION_DATA, b"early");
    rogue.refused(V::UnexpectedContentType, A::UNEXPECTED_MESSAGE);
}

#[test]
fn something_behind_finished() {
    let world = World::new();
    let mut rogue = signed(&world);
    let data = rogue.verify_data();
    let ticket = [&[0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 1, 9][..], &[0, 0]].concat();
    let both = [
        message(T::FINISHED, &data),
        message(T::NEW_SESSION_TICKET, &ticket),
    ]
    .concat();
    rogue.record(ContentType::HANDSHAKE, &both);
    rogue.refused(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
    let mut rogue = Rogue::after_flight(world.server_config().build().unwrap());
    let data = rogue.verify_data();
    let both = [message(T::FINISHED, &data), message(T::KEY_UPDATE, &[0])].concat();
    rogue.record(ContentType::HANDSHAKE, &both);
    rogue.refused(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
}

/// A server that asks for a certificate, its flight read.
fn asked(world: &World, required: bool) -> Server {
    let verifier = Arc::new(PathVerifier::new(world.pki.roots()));
    let auth = match required {
        true => ClientAuth::Required(verifier),
        false => ClientAuth::Optional(verifier),
    };
    Rogue::after_flight(world.server_config().client_auth(auth).build().unwrap())
}

/// RFC 9846 4.4.2, 4.3.3: what a server can verify, in handshakes and in certificates.
#[test]
fn what_a_server_asks_for() {
    let world = World::new();
    let verifier = Arc::new(PathVerifier::new(world.pki.roots()));
    let config = world
        .server_config()
        .client_auth(ClientAuth::Required(verifier));
    let mut rogue = Server::client(config.build().unwrap());
    rogue.client_hello(|_| ());
    let flight = rogue.read_flight();
    let (_, raw) = flight
        .iter()
        .find(|(kind, _)| *kind == T::CERTIFICATE_REQUEST)
        .unwrap();
    let request = CertificateRequest::parse(&raw[4..]).unwrap();
    let ours: Vec<_> = default_provider().verify.supported().collect();
    for schemes in [
        request.signature_algorithms,
        request.signature_algorithms_cert,
    ] {
        assert_eq!(schemes.unwrap().iter().collect::<Vec<_>>(), ours);
    }
}

#[test]
fn the_clients_certificate() {
    let world = World::new();
    let none: &[Vec<u8>] = &[];
    // The script itself is right.
    let mut rogue = asked(&world, true);
    rogue.certificate(&world.client);
    rogue.certificate_verify(&world.client);
    rogue.finished();
    rogue.peer.run();
    assert!(rogue.peer.done.as_ref().unwrap().verified.is_some());
    let mut rogue = asked(&world, false);
    rogue.certificate_with(b"", none, &[]);
    rogue.finished();
    rogue.peer.run();
    assert!(rogue.peer.done.as_ref().unwrap().verified.is_none());

    let mut rogue = asked(&world, true);
    rogue.certificate_with(b"", none, &[]);
    rogue.refused(V::CertificateRequired, A::CERTIFICATE_REQUIRED);
    let mut rogue = asked(&world, false);
    rogue.certificate_with(b"x", &world.client.0, &[]);
    rogue.refused(V::CertificateContext, A::ILLEGAL_PARAMETER);
    let mut rogue = asked(&world, false);
    let staple = (X::STATUS_REQUEST, vec![1, 0, 0, 1, 9]);
    rogue.certificate_with(b"", &world.client.0, &[staple]);
    rogue.refused(V::NoOcspAsked, A::UNSUPPORTED_EXTENSION);
    let mut rogue = asked(&world, false);
    rogue.certificate(&World::new().client);
    rogue.failed(Some(A::BAD_CERTIFICATE));
    assert!(rogue.peer.done.is_none());
}

#[test]
fn the_clients_signature_and_finished() {
    let world = World::new();
    // A certificate without the proof that its key is there.
    let mut rogue = asked(&world, true);
    rogue.certificate(&world.client);
    rogue.finished();
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    let mut rogue = asked(&world, true);
    rogue.finished();
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    let mut rogue = asked(&world, true);
    rogue.certificate(&world.client);
    rogue.certificate_verify(&world.server);
    rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);
    let mut rogue = asked(&world, true);
    rogue.certificate(&world.client);
    rogue.certificate_verify_with(&world.client, S::ECDSA_SECP256R1_SHA256, None, true);
    rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);
    // An empty list and a signature all the same.
    let mut rogue = asked(&world, false);
    rogue.certificate_with(b"", &[] as &[Vec<u8>], &[]);
    rogue.certificate_verify(&world.client);
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    // Nobody asked.
    let config = world.server_config().build().unwrap();
    let mut rogue = Rogue::after_flight(Arc::clone(&config));
    rogue.certificate(&world.client);
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    for at in [0, 31] {
        let mut rogue = Rogue::after_flight(Arc::clone(&config));
        let mut data = rogue.verify_data();
        data[at] ^= 1;
        rogue.message(T::FINISHED, &data);
        rogue.refused(V::BadFinished, A::DECRYPT_ERROR);
    }
    for kind in [T::END_OF_EARLY_DATA, T::KEY_UPDATE, T::CLIENT_HELLO] {
        let mut rogue = Rogue::after_flight(Arc::clone(&config));
        rogue.message(kind, b"");
        rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    }
}

fn ticket(lifetime: u32, extensions: &[(X, Vec<u8>)]) -> Vec<u8> {
    let mut body = lifetime.to_be_bytes().to_vec();
    body.extend([0, 0, 0, 5]);
    body.extend(vec8(b"n"));
    body.extend(vec16(b"ticket"));
    body.extend(block(extensions));
    body
}

#[test]
fn messages_after_the_handshake_to_a_client() {
    let world = World::new();
    let done = || Rogue::<ClientConnection>::done(world.client_config().build().unwrap(), &world);
    let mut rogue = done();
    rogue.message(
        T::NEW_SESSION_TICKET,
        &ticket(604_800, &[(X(0x1234), vec![1])]),
    );
    rogue.message(T::NEW_SESSION_TICKET, &ticket(0, &[]));
    rogue.peer.run();
    assert_eq!(rogue.peer.failed, None);
    assert_eq!(rogue.peer.sessions.len(), 1);
    // A longer lifetime than a week is cut to one.
    rogue.message(T::NEW_SESSION_TICKET, &ticket(604_801, &[]));
    rogue.peer.run();
    assert_eq!(rogue.peer.failed, None);
    assert_eq!(rogue.peer.sessions[1].lifetime(), 604_800);
    for kind in [
        T::SERVER_HELLO,
        T::HELLO_REQUEST,
        T::ENCRYPTED_EXTENSIONS,
        T::CERTIFICATE_REQUEST,
        T::CERTIFICATE,
        T::FINISHED,
        T(200),
    ] {
        let mut rogue = done();
        rogue.message(kind, &[0; 8]);
        rogue.dead(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    }
}

#[test]
fn messages_after_the_handshake_to_a_server() {
    let world = World::new();
    let config = world.server_config().build().unwrap();
    for (kind, body) in [
        (T::CLIENT_HELLO, vec![0; 8]),
        (T::NEW_SESSION_TICKET, ticket(1, &[])),
        (T::CERTIFICATE, vec![0; 4]),
        (T::FINISHED, vec![0; 32]),
        (T::END_OF_EARLY_DATA, vec![]),
    ] {
        let mut rogue = Rogue::<ServerConnection>::done(Arc::clone(&config));
        rogue.message(kind, &body);
        rogue.dead(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    }
    for (body, fault, alert) in [
        (vec![2], DecodeFault::BadValue, A::ILLEGAL_PARAMETER),
        (vec![], DecodeFault::Truncated, A::DECODE_ERROR),
        (vec![0, 0], DecodeFault::TrailingBytes, A::DECODE_ERROR),
    ] {
        let mut rogue = Rogue::<ServerConnection>::done(Arc::clone(&config));
        rogue.message(T::KEY_UPDATE, &body);
        let error = rogue.failed(Some(alert));
        match error.kind() {
            symbolon::error::ErrorKind::Decode(e) => assert_eq!(e.fault, fault),
            _ => panic!("{error}"),
        }
    }
    // RFC 9846 5.1: the keys change in the middle of a record.
    let mut rogue = Rogue::<ServerConnection>::done(config);
    let twice = message(T::KEY_UPDATE, &[0]).repeat(2);
    rogue.record(ContentType::HANDSHAKE, &twice);
    rogue.dead(V::MessageAcrossKeyChange, A::UNEXPECTED_MESSAGE);
}

#[test]
fn the_client_with_a_certificate_shows_it_to_who_asks() {
    let world = World::new();
    let config = world.client_config().credential(credential(&world.client));
    let mut rogue = Rogue::server(config.build().unwrap());
    rogue.server_hello(|_| ());
    rogue.encrypted_extensions(&[]);
    let schemes = vec16(&u16s(&[S::ECDSA_SECP256R1_SHA256.0]));
    rogue.certificate_request(b"", &[(X::SIGNATURE_ALGORITHMS, schemes)]);
    rogue.certificate(&world.server);
    rogue.certificate_verify(&world.server);
    rogue.finished();
    rogue.peer.run();
    let certificate = rogue.read_message();
    assert_eq!(certificate.0, T::CERTIFICATE);
    let parsed = symbolon::wire::handshake::Certificate::parse(&certificate.1[4..]).unwrap();
    assert_eq!(parsed.entries.len(), 2);
    assert_eq!(rogue.read_message().0, T::CERTIFICATE_VERIFY);
    assert_eq!(rogue.read_message().0, T::FINISHED);
}
