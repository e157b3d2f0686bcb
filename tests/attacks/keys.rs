//! Shares, points, keys, signatures and whose they are.

use super::common::certs::{KeyKind, client_params, server_params};
use super::common::rogue::{World, credential, share, u16s, vec8, vec16};
use super::common::rogue12;
use super::{Client, Client12, Server, Server12, asking};
use rcgen::{PublicKeyData, SignatureAlgorithm};
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{
    CipherSuite, ExtensionType as X, HandshakeType as T, NamedGroup, SignatureScheme as S,
};
use symbolon::config::ServerCredentials;
use symbolon::crypto::CryptoProvider;
use symbolon::error::{CertificateFault, CryptoError, Error, ErrorKind, Parameter, Violation as V};
use symbolon::keys::tls13::certificate_verify_content;
use symbolon::pki::DangerousAcceptAnyCertificate;
use symbolon::provider::{RUSTCRYPTO, default_provider};

/// Points of small order of Curve25519, with which every secret comes to zero, in each encoding.
fn low_order() -> Vec<Vec<u8>> {
    let hex = |text: &str| -> Vec<u8> {
        let byte = |i: usize| u8::from_str_radix(&text[i..i + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    };
    let with_ends = |first: u8, middle: u8, last: u8| {
        let mut point = vec![middle; 32];
        (point[0], point[31]) = (first, last);
        point
    };
    vec![
        vec![0; 32],
        with_ends(1, 0, 0),
        hex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        hex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
        // p - 1, p, p + 1, and the same with the bit that is ignored.
        with_ends(0xec, 0xff, 0x7f),
        with_ends(0xed, 0xff, 0x7f),
        with_ends(0xee, 0xff, 0x7f),
        with_ends(0xec, 0xff, 0xff),
    ]
}

/// What is no point of a curve of this many bytes, or not in the one form that there is. As long as a
/// point if `whole`.
fn no_points(len: usize, whole: bool) -> Vec<Vec<u8>> {
    let with = |first: u8, rest: u8, len: usize| {
        let mut point = vec![rest; len];
        point[0] = first;
        point
    };
    let point = 2 * len + 1;
    let mut bad = vec![
        // Off the curve, not in the field, the origin, infinity in as many bytes.
        with(4, 5, point),
        with(4, 0xff, point),
        with(4, 0, point),
        vec![0; point],
        // The two hybrid forms, and a form that there isn't.
        with(6, 7, point),
        with(7, 7, point),
        with(5, 7, point),
        with(2, 7, point),
    ];
    if !whole {
        // Infinity, compressed, and one byte too few or too many.
        bad.extend([
            vec![0],
            with(2, 7, len + 1),
            with(3, 7, len + 1),
            with(4, 5, point - 1),
            with(4, 5, point + 1),
        ]);
    }
    bad
}

/// A group whose classical part lies there in the client's share, and there in the server's.
struct Group {
    name: NamedGroup,
    client: std::ops::Range<usize>,
    /// Bytes of the server's share before and after it.
    server: (usize, usize),
    bad: Vec<Vec<u8>>,
}

fn groups(bad_x25519: bool) -> Vec<Group> {
    let group = |name, client, server, bad| Group {
        name,
        client,
        server,
        bad,
    };
    match bad_x25519 {
        true => vec![
            group(NamedGroup::X25519, 0..32, (0, 0), low_order()),
            group(
                NamedGroup::X25519MLKEM768,
                1184..1216,
                (1088, 0),
                low_order(),
            ),
        ],
        false => vec![
            group(NamedGroup::SECP256R1, 0..65, (0, 0), no_points(32, false)),
            group(NamedGroup::SECP384R1, 0..97, (0, 0), no_points(48, false)),
            group(
                NamedGroup::SECP256R1MLKEM768,
                0..65,
                (0, 1088),
                no_points(32, true),
            ),
            group(
                NamedGroup::SECP384R1MLKEM1024,
                0..97,
                (0, 1568),
                no_points(48, true),
            ),
        ],
    }
}

/// Both roles refuse each bad share of these groups in TLS 1.3.
fn bad_shares(provider: CryptoProvider, bad_x25519: bool) {
    let world = World::new();
    for group in groups(bad_x25519) {
        let Group {
            name,
            client,
            server,
            bad,
        } = group;
        for point in bad {
            let shares = [name, NamedGroup::X25519];
            let shares = match name {
                NamedGroup::X25519 => &shares[..1],
                _ => &shares,
            };
            let config = world.client_config().provider(provider);
            let config = config.groups(shares).key_shares(shares);
            let mut rogue = Client::server(config.build().unwrap());
            // Any bytes are a ciphertext of ML-KEM.
            let bytes = [&vec![7; server.0][..], &point, &vec![7; server.1]].concat();
            rogue.server_hello(|h| h.set(X::KEY_SHARE, share(name, &bytes)));
            rogue.refused(CryptoError::InvalidKeyShare, A::ILLEGAL_PARAMETER);

            let config = world.server_config().provider(provider).groups(&[name]);
            let mut rogue = Server::client(config.build().unwrap());
            let mut hello = rogue.hello_for(name);
            hello.set(X::SUPPORTED_GROUPS, vec16(&u16s(&[name.0])));
            let own = hello.extensions.iter().find(|e| e.0 == X::KEY_SHARE);
            let mut bytes = own.unwrap().1[6..].to_vec();
            bytes.splice(client.clone(), point);
            hello.set(X::KEY_SHARE, vec16(&share(name, &bytes)));
            rogue.send_hello(&hello);
            rogue.refused(CryptoError::InvalidKeyShare, A::ILLEGAL_PARAMETER);
        }
        // It is the point that is refused, not the rest.
        let config = world.server_config().provider(provider).groups(&[name]);
        let mut rogue = Server::client(config.build().unwrap());
        let mut hello = rogue.hello_for(name);
        hello.set(X::SUPPORTED_GROUPS, vec16(&u16s(&[name.0])));
        rogue.send_hello(&hello);
        rogue.read_flight();
    }
}

/// Both roles refuse each bad share of the classical groups in TLS 1.2.
fn bad_shares12(provider: CryptoProvider, bad_x25519: bool) {
    let world = World::new();
    for group in groups(bad_x25519) {
        if group.server != (0, 0) {
            continue;
        }
        for point in group.bad {
            let name = group.name;
            let config = rogue12::client_config(&world).provider(provider);
            let config = config.groups(&[name]);
            let mut rogue = Client12::server(config.build().unwrap());
            rogue.server_hello(|_| ());
            rogue.certificate(&world.server);
            rogue.key_exchange_with(&world.server, name, |parts| {
                parts.params.truncate(3);
                parts.params.extend(vec8(&point));
            });
            rogue.hello_done();
            rogue.refused(CryptoError::InvalidKeyShare, A::ILLEGAL_PARAMETER);

            let config = rogue12::server_config(&world).provider(provider);
            let config = config.groups(&[name]);
            let mut rogue = Server12::client(config.build().unwrap());
            // Beside it the curve of the certificate.
            let groups = u16s(&[name.0, NamedGroup::SECP256R1.0]);
            rogue.client_hello(|h| h.set(X::SUPPORTED_GROUPS, vec16(&groups)));
            rogue.read_flight();
            rogue.message(T::CLIENT_KEY_EXCHANGE, &vec8(&point));
            rogue.refused(CryptoError::InvalidKeyShare, A::ILLEGAL_PARAMETER);
        }
    }
}

/// CVE-2026-54434: a share of small order made the secret all zeros, whoever knew what. RFC 9846 7.4.2,
/// RFC 10024 and RFC 8422 5.11: that is checked, in hybrid groups and in TLS 1.2 as well.
#[test]
fn all_zero_x25519() {
    for provider in [default_provider(), RUSTCRYPTO] {
        bad_shares(provider, true);
        bad_shares12(provider, true);
    }
}

/// Invalid-curve attacks (Biehl et al. 2000, Jager et al. 2015), and points in forms that TLS has no more:
/// a share off the curve told of the private key, bit by bit. RFC 9846 4.3.8.2, RFC 8422 5.10: each
/// point is validated.
#[test]
fn invalid_points() {
    for provider in [default_provider(), RUSTCRYPTO] {
        bad_shares(provider, false);
        bad_shares12(provider, false);
    }
}

/// CVE-2022-25638 (wolfSSL), for the server: it took a scheme that the client's key isn't for. RFC 9846
/// 4.5.2: the scheme is of those asked for, and fits the key; 4.3.3: never SHA-1, nor PKCS #1 v1.5.
#[test]
fn clients_scheme_that_is_not_its_keys() {
    let world = World::new();
    let config = asking(world.server_config(), &world, true);
    for (named, violation) in [
        (S::ECDSA_SHA1, V::SchemeNotOffered),
        (S::RSA_PKCS1_SHA1, V::SchemeNotOffered),
        (S::RSA_PKCS1_SHA256, V::SchemeNotOffered),
        // RSA and ECDSA with MD5, and what was never one.
        (S(0x0101), V::SchemeNotOffered),
        (S(0x0103), V::SchemeNotOffered),
        (S(0x0a0a), V::SchemeNotOffered),
        (S::ED25519, V::SchemeNotForKey),
        (S::ECDSA_SECP384R1_SHA384, V::SchemeNotForKey),
        (S::RSA_PSS_RSAE_SHA256, V::SchemeNotForKey),
    ] {
        let mut rogue = Server::after_flight(Arc::clone(&config));
        rogue.certificate(&world.client);
        let own = S::ECDSA_SECP256R1_SHA256;
        rogue.certificate_verify_with(&world.client, own, Some(named), false);
        rogue.refused(violation, A::ILLEGAL_PARAMETER);
    }
    // The signature of a server, sent back by a client that has none of its own (a reflection).
    let mut rogue = Server::after_flight(config);
    rogue.certificate(&world.client);
    let own = S::ECDSA_SECP256R1_SHA256;
    rogue.certificate_verify_with(&world.client, own, None, true);
    rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);
}

/// An RSA public key of any numbers.
struct Rsa(Vec<u8>);

impl Rsa {
    fn new(modulus: &[u8], exponent: &[u8]) -> Self {
        let number = |bytes: &[u8]| {
            let positive = [&[0; 1][..usize::from(bytes[0] >> 7)], bytes].concat();
            [&[2][..], &length(positive.len()), &positive].concat()
        };
        let both = [number(modulus), number(exponent)].concat();
        Self([&[0x30][..], &length(both.len()), &both].concat())
    }

    /// Of so many bytes.
    fn of(bytes: usize) -> Self {
        Self::new(&vec![0xff; bytes], &[1, 0, 1])
    }
}

/// A DER length.
fn length(len: usize) -> Vec<u8> {
    let [high, low] = u16::try_from(len).unwrap().to_be_bytes();
    match (high, low) {
        (0, 0..=0x7f) => vec![low],
        (0, _) => vec![0x81, low],
        _ => vec![0x82, high, low],
    }
}

impl PublicKeyData for Rsa {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}

fn server_chain(world: &World, key: &Rsa) -> Vec<CertificateDer<'static>> {
    let ca = &world.pki.intermediate;
    let leaf = ca.issue(&server_params(&["server.example"]), key);
    vec![leaf, ca.certificate.clone()]
}

type Expected<'a> = &'a dyn Fn(&CertificateFault) -> bool;

#[track_caller]
fn is_fault(error: &Error, expected: impl Fn(&CertificateFault) -> bool) {
    match error.kind() {
        ErrorKind::Certificate(e) => assert!(expected(&e.fault), "{error}"),
        _ => panic!("{error}"),
    }
}

/// CVE-2023-29409 (Go): a huge key made each verification cost seconds; small ones can be factored, and
/// with an exponent of 1, or an even one, a signature proves nothing. RFC 9846 6.2: bad_certificate,
/// before anything is computed with such a key.
#[test]
fn rsa_keys_that_are_huge_small_even_or_with_e_1() {
    let world = World::new();
    let modulus = [0xff; 256];
    let size = |bits: usize| move |f: &CertificateFault| *f == CertificateFault::KeySize { bits };
    let exponent = |f: &CertificateFault| *f == CertificateFault::KeyExponent;
    let cases: [(Rsa, Expected<'_>); 5] = [
        (Rsa::of(128), &size(1024)),
        (Rsa::of(1025), &size(8200)),
        (Rsa::of(4096), &size(32_768)),
        (Rsa::new(&modulus, &[1]), &exponent),
        (Rsa::new(&modulus, &[2]), &exponent),
    ];
    for (key, fault) in cases {
        let chain = server_chain(&world, &key);
        let mut rogue = Client::server(world.client_config().build().unwrap());
        rogue.server_hello(|_| ());
        rogue.encrypted_extensions(&[]);
        rogue.certificate_with(b"", &chain, &[]);
        is_fault(&rogue.failed(Some(A::BAD_CERTIFICATE)), fault);
        rogue.nothing_accepted();
        // A client's.
        let ca = &world.pki.intermediate;
        let leaf = ca.issue(&client_params("client"), &key);
        let chain = [leaf, ca.certificate.clone()];
        let mut rogue = Server::after_flight(asking(world.server_config(), &world, true));
        rogue.certificate_with(b"", &chain, &[]);
        is_fault(&rogue.failed(Some(A::BAD_CERTIFICATE)), fault);
        rogue.nothing_accepted();
        let config = asking(rogue12::server_config(&world), &world, true);
        let mut rogue = Server12::after_flight(config);
        rogue.certificate_with(&chain);
        is_fault(&rogue.failed(Some(A::BAD_CERTIFICATE)), fault);
        rogue.nothing_accepted();
    }
}

/// The encoded message of RSASSA-PSS with SHA-256 and 2048 bits (RFC 8017 9.1.1): with the exponent 1 it
/// is its own signature.
fn pss(content: &[u8]) -> Vec<u8> {
    let salt = [3; 32];
    let hash = Sha256::digest([&[0; 8][..], &Sha256::digest(content), &salt].concat());
    let mut db = vec![0; 190];
    db.push(1);
    db.extend(salt);
    for (i, chunk) in db.chunks_mut(32).enumerate() {
        let counter = u32::try_from(i).unwrap().to_be_bytes();
        let mask = Sha256::digest([&hash[..], &counter].concat());
        chunk.iter_mut().zip(mask).for_each(|(b, m)| *b ^= m);
    }
    db[0] &= 0x7f;
    [&db[..], &hash, &[0xbc]].concat()
}

/// The same of PKCS #1 v1.5 (RFC 8017 9.2).
fn pkcs1(content: &[u8]) -> Vec<u8> {
    const SHA256: &[u8] =
        b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
    let info = [SHA256, &Sha256::digest(content)].concat();
    let mut encoded = vec![0, 1];
    encoded.resize(255 - info.len(), 0xff);
    [&encoded[..], &[0], &info].concat()
}

/// Forged signatures under such keys, where nobody judges the chain (a pin, or a test): the bounds hold
/// for the signature itself, and an even modulus is no reason to panic. RFC 9846 4.5.2, RFC 5246 7.4.3.
#[test]
fn signatures_of_rsa_keys_that_prove_nothing() {
    let world = World::new();
    let mut even = [0xff; 256];
    even[255] = 0xfe;
    let keys = [
        Rsa::new(&[0xff; 256], &[1]),
        Rsa::new(&[0xff; 256], &[2]),
        Rsa::new(&even, &[1, 0, 1]),
        Rsa::new(&even, &[1]),
        Rsa::of(128),
        Rsa::of(1025),
    ];
    let providers = [default_provider(), RUSTCRYPTO];
    for (key, provider) in keys.iter().flat_map(|key| providers.map(|p| (key, p))) {
        let chain = server_chain(&world, key);
        let any = || Arc::new(DangerousAcceptAnyCertificate);
        let config = world.client_config().provider(provider).verifier(any());
        let mut rogue = Client::server(config.build().unwrap());
        rogue.server_hello(|_| ());
        rogue.encrypted_extensions(&[]);
        rogue.certificate_with(b"", &chain, &[]);
        let content = certificate_verify_content(true, &rogue.transcript.current());
        let signature = pss(content.as_bytes());
        let scheme = S::RSA_PSS_RSAE_SHA256.0.to_be_bytes();
        let body = [&scheme[..], &vec16(&signature)].concat();
        rogue.message(T::CERTIFICATE_VERIFY, &body);
        rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);

        let config = rogue12::client_config(&world).provider(provider);
        let config = config.verifier(any());
        let mut rogue = Client12::server(config.build().unwrap());
        let suite = CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256;
        rogue.server_hello(|h| h.suites = vec![suite.0]);
        rogue.certificate_with(&chain);
        let params = [&[3, 0, 29][..], &vec8(&[9; 32])].concat();
        let content = [&rogue.client_random[..], &rogue.server_random, &params].concat();
        let scheme = S::RSA_PKCS1_SHA256.0.to_be_bytes();
        let signature = vec16(&pkcs1(&content));
        let body = [&params[..], &scheme, &signature].concat();
        rogue.message(T::SERVER_KEY_EXCHANGE, &body);
        rogue.refused(CryptoError::InvalidSignature, A::DECRYPT_ERROR);
    }
}

/// KCI (Hlauschek et al. 2015): a client's certificate with a fixed Diffie-Hellman key let whoever had
/// that key play any server. RFC 8422 5.5: there are no such certificates any more; none is shown.
#[test]
fn fixed_diffie_hellman_certificates() {
    let world = World::new();
    // rsa_fixed_dh, dss_fixed_dh, rsa_fixed_ecdh, ecdsa_fixed_ecdh.
    for types in [&[3, 4, 65, 66][..], &[66]] {
        let config = rogue12::client_config(&world).credential(credential(&world.client));
        let mut rogue = Client12::server(config.build().unwrap());
        rogue.server_hello(|_| ());
        rogue.certificate(&world.server);
        rogue.key_exchange(&world.server);
        let schemes = u16s(&[S::ECDSA_SECP256R1_SHA256.0]);
        let body = [vec8(types), vec16(&schemes), vec16(&[])].concat();
        rogue.message(T::CERTIFICATE_REQUEST, &body);
        rogue.hello_done();
        rogue.peer.run();
        // An empty list.
        let (kind, raw) = rogue.read_message();
        assert_eq!((kind, &raw[4..]), (T::CERTIFICATE, &[0, 0, 0][..]));
    }
}

/// A name in ClientHello that no certificate can have passed for no name at all, and a strict server showed
/// its first certificate (this library, before its first version). RFC 6066 3: a server that doesn't know the name may end the
/// handshake with unrecognized_name; a strict one does.
#[test]
fn a_name_that_nobody_can_have() {
    let world = World::new();
    let strict = {
        let credential = Arc::new(credential(&world.server));
        Arc::new(ServerCredentials::new(vec![credential]).strict())
    };
    let config = rogue12::newer_server(&world).credentials(strict);
    let config = config.build().unwrap();
    for name in [
        &b"192.0.2.1"[..],
        b"server example",
        b"\xff",
        b"a..b",
        b"other.example",
    ] {
        let list = vec16(&[&[0][..], &vec16(name)].concat());
        let unknown = |error: &Error| {
            assert!(
                matches!(error.kind(), ErrorKind::NothingInCommon(m) if m.parameter == Parameter::Certificate),
                "{error}"
            );
        };
        let mut rogue = Server::client(Arc::clone(&config));
        rogue.client_hello(|h| h.set(X::SERVER_NAME, list.clone()));
        unknown(&rogue.failed(Some(A::UNRECOGNIZED_NAME)));
        rogue.nothing_accepted();
        let mut rogue = Server12::client(Arc::clone(&config));
        rogue.client_hello(|h| h.set(X::SERVER_NAME, list.clone()));
        unknown(&rogue.failed(Some(A::UNRECOGNIZED_NAME)));
        rogue.nothing_accepted();
    }
    // Without any name there is none that isn't known.
    let mut rogue = Server::client(config);
    rogue.client_hello(|_| ());
    rogue.read_flight();
}

/// Unknown key share, and every man in the middle with a certificate of his own: a right signature of
/// somebody else. RFC 9525 6, RFC 9846 4.5.1: the name is the one that was asked for, in both versions.
#[test]
fn a_certificate_of_another_name() {
    let world = World::new();
    let other = world.pki.leaf(&["other.example"], KeyKind::EcdsaP256);
    let for_others = |f: &CertificateFault| matches!(f, CertificateFault::NameMismatch { .. });
    let mut rogue = Client::server(world.client_config().build().unwrap());
    rogue.server_hello(|_| ());
    rogue.encrypted_extensions(&[]);
    rogue.certificate(&other);
    is_fault(&rogue.failed(Some(A::BAD_CERTIFICATE)), for_others);
    rogue.nothing_accepted();
    let mut rogue = Client12::server(rogue12::client_config(&world).build().unwrap());
    rogue.server_hello(|_| ());
    rogue.certificate(&other);
    rogue.key_exchange(&other);
    rogue.hello_done();
    is_fault(&rogue.failed(Some(A::BAD_CERTIFICATE)), for_others);
    rogue.nothing_accepted();
}
