//! TLS 1.2: what has been tried on other stacks, by name.

use super::common::certs::KeyKind;
use super::common::rogue::{World, credential, vec8, vec16, vec24};
use super::common::rogue12::{Rogue, client_config, newer_server, server_config};
use std::sync::Arc;
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{
    CipherSuite, ContentType as C, ExtensionType as X, HandshakeType as T, NamedGroup,
    SignatureScheme as S,
};
use symbolon::config::{ClientAuth, ServerConfig};
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::error::{CryptoError, DecodeFault, ErrorKind, Limit, Misuse, Violation as V};
use symbolon::pki::PathVerifier;

type Client = Rogue<ClientConnection>;
type Server = Rogue<ServerConnection>;

fn client(world: &World) -> Client {
    Rogue::server(client_config(world).build().unwrap())
}

fn server(world: &World) -> Server {
    Rogue::client(server_config(world).build().unwrap())
}

/// Waits for ServerKeyExchange.
fn certified(world: &World) -> Client {
    let mut rogue = client(world);
    rogue.server_hello(|_| ());
    rogue.certificate(&world.server);
    rogue
}

/// CVE-2014-0224, CVE-2026-93304: a ChangeCipherSpec before the key exchange was taken for the real
/// one, and keys were made of an empty master secret, which anybody knows. RFC 5246 7.3: it comes just
/// before Finished.
#[test]
fn early_change_cipher_spec_with_known_keys() {
    // CVE-2014-0224: a record under the keys of an empty master secret after it would be read.
    let world = World::new();
    let mut rogue = certified(&world);
    rogue.bare_ccs();
    rogue.record(C::HANDSHAKE, &[14, 0, 0, 0]);
    rogue.refused(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
    let mut rogue = Rogue::<ServerConnection>::after_flight(server_config(&world).build().unwrap());
    rogue.bare_ccs();
    rogue.key_exchange();
    rogue.refused(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
}

/// SMACK's kind (Beurdouche et al. 2015; CVE-2014-6593): Finished was taken in the clear where
/// ChangeCipherSpec had been left out, so that nothing was ever protected. RFC 5246 7.4.9: Finished
/// follows ChangeCipherSpec.
#[test]
fn finished_without_change_cipher_spec() {
    let world = World::new();
    let mut rogue = client(&world);
    rogue.flight(&world);
    rogue.read_client_flight();
    rogue.finished();
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    let mut rogue = Rogue::<ServerConnection>::after_flight(server_config(&world).build().unwrap());
    rogue.key_exchange();
    rogue.finished();
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
}

/// The same with ChangeCipherSpec and without its keys. RFC 5246 7.1: what follows it is protected.
#[test]
fn finished_in_the_clear_after_change_cipher_spec() {
    let world = World::new();
    let mut rogue = client(&world);
    rogue.flight(&world);
    rogue.read_client_flight();
    rogue.bare_ccs();
    rogue.finished();
    rogue.refused(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
    let mut rogue = Rogue::<ServerConnection>::after_flight(server_config(&world).build().unwrap());
    rogue.key_exchange();
    rogue.bare_ccs();
    rogue.finished();
    rogue.refused(CryptoError::DecryptFailed, A::BAD_RECORD_MAC);
}

/// Version rollback (Wagner and Schneier 1996) and all other tampering with the handshake ends at
/// Finished, if it is compared in full and at its own length. RFC 5246 7.4.9: it must be verified.
#[test]
fn a_finished_that_is_wrong_or_said_twice() {
    let world = World::new();
    let before = || {
        let mut rogue = client(&world);
        rogue.flight(&world);
        rogue.read_client_flight();
        rogue.ccs();
        rogue
    };
    let right = before().verify_data(false);
    let mut wrong = right.clone();
    wrong[11] ^= 1;
    let long = [&right[..], &[0]].concat();
    // The last one is the client's own, sent back.
    let own = before().verify_data(true);
    for data in [&wrong[..], &right[..11], &long, b"", &own] {
        let mut rogue = before();
        rogue.message(T::FINISHED, data);
        rogue.refused(V::BadFinished, A::DECRYPT_ERROR);
    }
    let mut rogue = before();
    rogue.finished();
    rogue.finished();
    rogue.dead(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);

    let before = || {
        let config = server_config(&world).build().unwrap();
        let mut rogue = Rogue::<ServerConnection>::after_flight(config);
        rogue.key_exchange();
        rogue.ccs();
        rogue
    };
    let mut rogue = before();
    let mut wrong = rogue.verify_data(true);
    wrong[0] ^= 0x80;
    rogue.message(T::FINISHED, &wrong);
    rogue.refused(V::BadFinished, A::DECRYPT_ERROR);
    let mut rogue = before();
    rogue.finished();
    rogue.finished();
    rogue.dead(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
}

/// FREAK, Logjam (CVE-2015-0204, CVE-2015-4000) and CVE-2020-0601: parameters were taken that the
/// client hadn't offered, of a curve that the server described itself, or with a signature of another
/// connection. RFC 8422 5.4, RFC 5246 7.4.3: named curves of the client's, signed with both randoms.
#[test]
fn the_servers_key_exchange() {
    let world = World::new();
    let x25519 = NamedGroup::X25519;
    // Signed over another connection's randoms, or with a bit changed.
    let mut rogue = certified(&world);
    rogue.key_exchange_with(&world.server, x25519, |parts| parts.randoms[0] ^= 1);
    rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);
    let mut rogue = certified(&world);
    rogue.key_exchange_with(&world.server, x25519, |parts| parts.randoms[63] ^= 1);
    rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);
    let mut rogue = certified(&world);
    rogue.key_exchange_with(&world.server, x25519, |parts| parts.spoil = true);
    rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);
    // By another key of the same kind.
    let mut rogue = certified(&world);
    rogue.key_exchange(&world.client);
    rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);
    // A curve that wasn't offered: FREAK's and Logjam's cousin.
    for group in [
        NamedGroup::SECP384R1,
        NamedGroup::X25519MLKEM768,
        NamedGroup(0x0a0a),
    ] {
        let mut rogue = certified(&world);
        rogue.key_exchange_with(&world.server, x25519, |parts| {
            parts.params[1..3].copy_from_slice(&group.0.to_be_bytes());
        });
        rogue.refused(V::GroupNotOffered, A::ILLEGAL_PARAMETER);
    }
    // Explicit curves (CVE-2020-0601's kind); they are no form that is known.
    for kind in [1, 2, 0, 4] {
        let mut rogue = certified(&world);
        rogue.key_exchange_with(&world.server, x25519, |parts| parts.params[0] = kind);
        rogue.refused_as(DecodeFault::BadValue, A::ILLEGAL_PARAMETER);
    }
}

/// Invalid-curve attacks (Jager et al. 2015) and all-zero X25519 (CVE-2026-54434): shares off the curve
/// or of small order made the result predictable, or told of the key. RFC 8422 5.10, 5.11: they are
/// refused.
#[test]
fn shares_that_are_none() {
    let world = World::new();
    let mut off_curve = vec![4; 65];
    off_curve[64] = 5;
    let compressed = [&[2][..], &[7; 32]].concat();
    let hybrid_form = [&[6][..], &[7; 64]].concat();
    for (group, keys) in [
        (
            NamedGroup::X25519,
            vec![vec![0; 32], vec![9; 31], vec![9; 33], vec![1]],
        ),
        (
            NamedGroup::SECP256R1,
            vec![off_curve, compressed, hybrid_form, vec![4; 64], vec![0]],
        ),
    ] {
        for key in keys {
            // RFC 8422 5.10, 5.11: points are validated, and all-zero results refused.
            let mut rogue = certified(&world);
            rogue.key_exchange_with(&world.server, group, |parts| {
                parts.params.truncate(3);
                parts.params.extend(vec8(&key));
            });
            rogue.hello_done();
            rogue.refused(CryptoError::InvalidKeyShare, A::ILLEGAL_PARAMETER);

            let config = newer_server(&world).groups(&[group]);
            let mut rogue = Rogue::<ServerConnection>::after_flight(config.build().unwrap());
            rogue.message(T::CLIENT_KEY_EXCHANGE, &vec8(&key));
            rogue.refused(CryptoError::InvalidKeyShare, A::ILLEGAL_PARAMETER);
        }
    }
}

/// CVE-2026-25834 (Mbed TLS), SLOTH (CVE-2015-7575): a client took any scheme that the server signed
/// with, MD5 and SHA-1 too. RFC 5246 7.4.3: one of those in the client's signature_algorithms.
#[test]
fn schemes_of_the_servers_signature() {
    let world = World::new();
    let rsa = world.pki.leaf(&["server.example"], KeyKind::Rsa2048);
    let named = |scheme: S| {
        let mut rogue = certified(&world);
        rogue.key_exchange_with(&world.server, NamedGroup::X25519, |parts| {
            parts.named = Some(scheme);
        });
        rogue
    };
    // SHA-1 with ECDSA.
    named(S::ECDSA_SHA1).refused(V::SchemeNotOffered, A::ILLEGAL_PARAMETER);
    // RSA's under an ECDSA suite, SHA-1 first of all; ECDSA with MD5; what was never a scheme.
    for scheme in [
        S::RSA_PKCS1_SHA1,
        S::RSA_PKCS1_SHA256,
        S::RSA_PSS_RSAE_SHA256,
        S(0x0103),
        S(0xffff),
    ] {
        named(scheme).refused(V::SchemeNotForKey, A::ILLEGAL_PARAMETER);
    }
    named(S::ED25519).refused(V::SchemeNotForKey, A::ILLEGAL_PARAMETER);
    // A hash that wasn't signed with. TLS 1.2 leaves the curve open.
    named(S::ECDSA_SECP384R1_SHA384).refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);

    // SHA-1 with RSA under an RSA suite; an RSA key under an ECDSA suite, and the other way round.
    let with = |suite: CipherSuite, identity, scheme, named: S| {
        let mut rogue = client(&world);
        rogue.server_hello(|h| h.suites = vec![suite.0]);
        rogue.certificate(identity);
        rogue.key_exchange_with(identity, NamedGroup::X25519, |parts| {
            parts.scheme = scheme;
            parts.named = Some(named);
        });
        rogue
    };
    let (for_rsa, for_ecdsa) = (
        CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    );
    with(for_rsa, &rsa, S::RSA_PKCS1_SHA256, S::RSA_PKCS1_SHA1)
        .refused(V::SchemeNotOffered, A::ILLEGAL_PARAMETER);
    with(for_ecdsa, &rsa, S::RSA_PKCS1_SHA256, S::RSA_PKCS1_SHA256)
        .refused(V::SchemeNotForKey, A::ILLEGAL_PARAMETER);
    let ecdsa = S::ECDSA_SECP256R1_SHA256;
    with(for_rsa, &world.server, ecdsa, ecdsa).refused(V::SchemeNotForKey, A::ILLEGAL_PARAMETER);
    with(for_rsa, &world.server, ecdsa, S::RSA_PKCS1_SHA256)
        .refused(V::SchemeNotForKey, A::ILLEGAL_PARAMETER);
    // PKCS #1 v1.5 with SHA-2 is right in TLS 1.2.
    with(for_rsa, &rsa, S::RSA_PKCS1_SHA256, S::RSA_PKCS1_SHA256).silent();
}

/// CVE-2022-25638 (wolfSSL): a certificate was taken for verified when the scheme of the signature
/// wasn't one of its key's. RFC 5246 7.4.8: the scheme fits the key, and was asked for.
#[test]
fn schemes_of_the_clients_signature() {
    let world = World::new();
    let asked = || {
        let verifier = PathVerifier::new(world.pki.roots());
        let config = server_config(&world).client_auth(ClientAuth::Required(Arc::new(verifier)));
        let config = config.build().unwrap();
        let mut rogue = Rogue::<ServerConnection>::after_flight(config);
        rogue.certificate(&world.client);
        rogue.key_exchange();
        rogue
    };
    let ecdsa = S::ECDSA_SECP256R1_SHA256;
    for (named, violation) in [
        (S::ECDSA_SHA1, V::SchemeNotOffered),
        (S::RSA_PKCS1_SHA1, V::SchemeNotOffered),
        (S(0x0a0a), V::SchemeNotOffered),
        (S::RSA_PSS_RSAE_SHA256, V::SchemeNotForKey),
        (S::RSA_PKCS1_SHA256, V::SchemeNotForKey),
        (S::ED25519, V::SchemeNotForKey),
    ] {
        let mut rogue = asked();
        rogue.certificate_verify_with(&world.client, ecdsa, named);
        rogue.refused(violation, A::ILLEGAL_PARAMETER);
    }
    // With another key, or of other messages.
    let mut rogue = asked();
    rogue.certificate_verify(&world.server);
    rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);
    let mut rogue = asked();
    rogue.messages[0] ^= 1;
    rogue.certificate_verify(&world.client);
    rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);
}

/// SMACK (CVE-2014-6593, CVE-2020-24613): a peer without a certificate was taken for authenticated.
/// RFC 5246 7.4.2: a server's list isn't empty; 7.4.6: handshake_failure where a client's must not be.
#[test]
fn certificates_that_are_missing() {
    let world = World::new();
    let mut rogue = client(&world);
    rogue.server_hello(|_| ());
    rogue.certificate_with(&[] as &[&[u8]]);
    rogue.refused(V::EmptyServerCertificate, A::DECODE_ERROR);
    // An entry without bytes.
    let mut rogue = client(&world);
    rogue.server_hello(|_| ());
    rogue.message(T::CERTIFICATE, &vec24(&[0, 0, 0]));
    rogue.refused_as(DecodeFault::BadLength, A::DECODE_ERROR);
    let verifier = PathVerifier::new(world.pki.roots());
    let config = server_config(&world).client_auth(ClientAuth::Required(Arc::new(verifier)));
    let mut rogue = Rogue::<ServerConnection>::after_flight(config.build().unwrap());
    rogue.certificate_with(&[] as &[&[u8]]);
    rogue.refused(V::NoClientCertificate, A::HANDSHAKE_FAILURE);
}

/// SMACK's kind: a message that nobody had asked for was read all the same. RFC 6066 8:
/// CertificateStatus comes only where it was promised.
#[test]
fn a_status_that_nobody_promised_or_that_is_none() {
    let world = World::new();
    let mut rogue = certified(&world);
    rogue.certificate_status();
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    let promised = || {
        let mut rogue = client(&world);
        rogue.server_hello(|h| h.extensions.push((X::STATUS_REQUEST, vec![])));
        rogue.certificate(&world.server);
        rogue
    };
    let mut rogue = promised();
    rogue.certificate_status();
    rogue.certificate_status();
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    let mut rogue = promised();
    rogue.message(T::CERTIFICATE_STATUS, &[2, 0, 0, 1, 9]);
    rogue.refused_as(DecodeFault::BadValue, A::ILLEGAL_PARAMETER);
    let mut rogue = promised();
    rogue.message(T::CERTIFICATE_STATUS, &[1, 0, 0, 0]);
    rogue.refused_as(DecodeFault::BadLength, A::DECODE_ERROR);
}

/// Bytes that no one looks at can carry a collision of transcripts (SLOTH). RFC 5246 7.4.5, 7.4.1.1:
/// these messages are empty.
#[test]
fn messages_without_content_have_none() {
    let world = World::new();
    let mut rogue = certified(&world);
    rogue.key_exchange(&world.server);
    rogue.message(T::SERVER_HELLO_DONE, &[0]);
    rogue.refused_as(DecodeFault::TrailingBytes, A::DECODE_ERROR);
    let mut rogue = certified(&world);
    rogue.message(T::HELLO_REQUEST, &[0]);
    rogue.refused_as(DecodeFault::TrailingBytes, A::DECODE_ERROR);
}

/// Renegotiation injection (CVE-2009-3555), and crashes by it (CVE-2021-3449): what an attacker had sent
/// before was taken for the beginning of the victim's connection. RFC 5746 4.5: it may be declined.
#[test]
fn renegotiation_is_declined() {
    let world = World::new();
    // The server asks for it.
    let config = client_config(&world).build().unwrap();
    let mut rogue = Rogue::<ClientConnection>::done(config, &world);
    rogue.works();
    rogue.record(C::HANDSHAKE, &[0, 0, 0, 0]);
    rogue.peer.run();
    let warning = Some((1, A::NO_RENEGOTIATION));
    assert_eq!((rogue.read_alert(), &rogue.peer.failed), (warning, &None));
    rogue.peer.data.clear();
    rogue.works();
    // The client begins it.
    let mut rogue = Rogue::<ServerConnection>::done(server_config(&world).build().unwrap());
    rogue.client_hello(|_| ());
    rogue.peer.run();
    assert_eq!((rogue.read_alert(), &rogue.peer.failed), (warning, &None));
    rogue.works();
    // A declined client that goes on nevertheless, as in CVE-2009-3555.
    rogue.message(T::CLIENT_KEY_EXCHANGE, &[1, 9]);
    rogue.dead(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    // No end of it is a flood.
    let mut rogue = Rogue::<ServerConnection>::done(server_config(&world).build().unwrap());
    for _ in 0..5 {
        rogue.client_hello(|_| ());
    }
    rogue.dead(Limit::Warnings(4), A::UNEXPECTED_MESSAGE);
}

/// CVE-2016-8610: warnings were read without end, at no cost to who sent them. RFC 5246 7.2: they may
/// be passed over, and need not be.
#[test]
fn warnings_are_passed_over_and_counted() {
    let world = World::new();
    // CVE-2016-8610: in the handshake and after it.
    let mut rogue = client(&world);
    rogue.server_hello(|_| ());
    for _ in 0..4 {
        rogue.alert(1, A::UNRECOGNIZED_NAME);
    }
    rogue.silent();
    rogue.alert(1, A::UNRECOGNIZED_NAME);
    rogue.refused(Limit::Warnings(4), A::UNEXPECTED_MESSAGE);
    let mut rogue = Rogue::<ServerConnection>::done(server_config(&world).build().unwrap());
    for _ in 0..4 {
        rogue.alert(1, A::NO_RENEGOTIATION);
    }
    rogue.silent();
    rogue.works();
    rogue.alert(1, A::NO_RENEGOTIATION);
    rogue.dead(Limit::Warnings(4), A::UNEXPECTED_MESSAGE);
    // A fatal one ends the connection whatever it says.
    for description in [A::NO_RENEGOTIATION, A::HANDSHAKE_FAILURE, A(0xfe)] {
        let mut rogue = Rogue::<ServerConnection>::done(server_config(&world).build().unwrap());
        rogue.alert(2, description);
        rogue.failed(None);
    }
}

/// Triple handshake (Bhargavan et al. 2014): two connections were brought to one master secret. RFC
/// 7627 5.2, 5.3: connections without the extended one may be refused.
#[test]
fn extended_master_secret_left_out() {
    let world = World::new();
    // RFC 7627 5.2, 5.3: the triple handshake needs connections without it.
    let mut rogue = client(&world);
    rogue.server_hello(|h| h.remove(X::EXTENDED_MASTER_SECRET));
    rogue.refused(V::NoExtendedMasterSecret, A::HANDSHAKE_FAILURE);
    let mut rogue = server(&world);
    rogue.client_hello(|h| h.remove(X::EXTENDED_MASTER_SECRET));
    rogue.refused(V::NoExtendedMasterSecret, A::HANDSHAKE_FAILURE);
    // Where it is allowed to be missing, the older secret works.
    let config = client_config(&world).require_extended_master_secret(false);
    let mut rogue = Rogue::server(config.build().unwrap());
    rogue.extended = false;
    rogue.server_hello(|h| h.remove(X::EXTENDED_MASTER_SECRET));
    rogue.certificate(&world.server);
    rogue.key_exchange(&world.server);
    rogue.hello_done();
    rogue.read_client_flight();
    rogue.ccs();
    rogue.finished();
    rogue.peer.run();
    rogue.works();
    // RFC 9266 1: there is no channel binding to a secret that others may share.
    let error = rogue.peer.connection.tls_exporter().unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Misuse(Misuse::NoChannelBinding));
    let config = server_config(&world).require_extended_master_secret(false);
    let mut rogue = Rogue::client(config.build().unwrap());
    rogue.extended = false;
    rogue.client_hello(|h| h.remove(X::EXTENDED_MASTER_SECRET));
    rogue.read_flight();
    rogue.key_exchange();
    rogue.ccs();
    rogue.finished();
    rogue.read_end();
    rogue.works();
}

/// KCI (Hlauschek et al. 2015): a certificate was shown that the server hadn't asked for. RFC 5246
/// 7.4.4: it is of one of the types and signs in one of the schemes.
#[test]
fn client_certificates_by_what_the_server_takes() {
    let world = World::new();
    let mut rogue = client(&world);
    let shown = |types: &[u8], schemes: &[S]| {
        let config = client_config(&world).credential(credential(&world.client));
        let mut rogue = Rogue::server(config.build().unwrap());
        rogue.server_hello(|_| ());
        rogue.certificate(&world.server);
        rogue.key_exchange(&world.server);
        let schemes: Vec<u8> = schemes.iter().flat_map(|s| s.0.to_be_bytes()).collect();
        let body = [vec8(types), vec16(&schemes), vec16(&[])].concat();
        rogue.message(T::CERTIFICATE_REQUEST, &body);
        rogue.hello_done();
        rogue.read_client_flight().contains(&T::CERTIFICATE_VERIFY)
    };
    let both = [S::RSA_PKCS1_SHA256, S::ECDSA_SECP256R1_SHA256];
    assert!(shown(&[64], &both));
    assert!(shown(&[1, 2, 64], &both));
    assert!(!shown(&[64], &both[..1]));
    // RFC 5246 7.4.4: rsa_sign alone is not for an ECDSA key, whatever schemes there are.
    assert!(!shown(&[1], &both));
    // One that can't be read.
    rogue.server_hello(|_| ());
    rogue.certificate(&world.server);
    rogue.key_exchange(&world.server);
    rogue.message(T::CERTIFICATE_REQUEST, &[0, 0, 2, 4, 3, 0, 0]);
    rogue.refused_as(DecodeFault::BadLength, A::DECODE_ERROR);
}

/// What TLS 1.3 drops (a ChangeCipherSpec) was dropped in TLS 1.2 too. RFC 5246 7.3.
#[test]
fn a_server_of_both_versions_is_as_strict() {
    let world = World::new();
    let config: Arc<ServerConfig> = newer_server(&world).build().unwrap();
    let mut rogue = Rogue::<ServerConnection>::after_flight(config);
    rogue.bare_ccs();
    rogue.refused(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
}
