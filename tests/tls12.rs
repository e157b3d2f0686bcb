//! TLS 1.2, and both versions side by side, in memory.

mod common {
    pub mod certs;
    pub mod pair;
}

use common::certs::{Identity, KeyKind, TestPki};
use common::pair::{End, Pair, records};
use std::sync::Arc;
use symbolon::codepoint::{
    AlertDescription, CipherSuite, NamedGroup, ProtocolVersion, SignatureScheme,
};
use symbolon::config::{
    ClientAuth, ClientConfig, ClientConfigBuilder, ClientCredentials, Credential, ServerConfig,
    ServerConfigBuilder,
};
use symbolon::conn::{Connection, Eof};
use symbolon::crypto::SuiteAuth;
use symbolon::error::{Error, ErrorKind, Limit, Misuse, Parameter, Violation};
use symbolon::handshake::Summary;
use symbolon::pki::{PathVerifier, Revocation};
use symbolon::provider::default_provider;

const TLS12: &[ProtocolVersion] = &[ProtocolVersion::TLS12];
const TLS13: &[ProtocolVersion] = &[ProtocolVersion::TLS13];

fn credential(identity: Identity) -> Credential {
    Credential::new(identity.0, &identity.1, &default_provider()).unwrap()
}

fn configs(kind: KeyKind) -> (TestPki, ClientConfigBuilder, ServerConfigBuilder) {
    let pki = TestPki::new();
    let client = ClientConfig::builder().roots(pki.roots());
    let leaf = credential(pki.leaf(&["server.example"], kind));
    (pki, client, ServerConfig::builder().credential(leaf))
}

fn tls12(kind: KeyKind) -> (TestPki, ClientConfigBuilder, ServerConfigBuilder) {
    let (pki, client, server) = configs(kind);
    (pki, client.versions(TLS12), server.versions(TLS12))
}

fn run(client: ClientConfigBuilder, server: ServerConfigBuilder) -> (Pair, Summary, Summary) {
    let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
    let (client, server) = pair.handshake();
    (pair, client, server)
}

fn ping_pong(pair: &mut Pair) {
    pair.client.send(b"ping");
    pair.run();
    assert_eq!(pair.server.data, b"ping");
    pair.server.send(b"pong");
    pair.run();
    assert_eq!(pair.client.data, b"pong");
}

fn failed(client: ClientConfigBuilder, server: ServerConfigBuilder) -> (Error, Error) {
    let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
    let (client, server) = pair.failure();
    (client.unwrap(), server.unwrap())
}

fn alert(error: &Error) -> AlertDescription {
    match error.kind() {
        ErrorKind::AlertReceived(alert) => *alert,
        other => panic!("not an alert: {other:?}"),
    }
}

#[test]
fn every_kind_of_key() {
    for kind in KeyKind::ALL {
        let (_, client, server) = tls12(kind);
        let (mut pair, client, server) = run(client, server);
        assert_eq!(client.version, ProtocolVersion::TLS12, "{kind:?}");
        assert_eq!(client.to_string(), server.to_string());
        assert_eq!(client.group, Some(NamedGroup::X25519));
        ping_pong(&mut pair);
    }
}

#[test]
fn every_suite_and_the_ccm_ones_only_by_name() {
    let suites = default_provider().tls12_suites.iter();
    for suite in suites.filter(|suite| suite.auth != SuiteAuth::Psk) {
        let kind = match suite.name.to_string().contains("ECDSA") {
            true => KeyKind::EcdsaP256,
            false => KeyKind::Rsa2048,
        };
        let (_, client, server) = configs(kind);
        let names = [suite.name];
        let (mut pair, summary, _) =
            run(client.cipher_suites(&names), server.cipher_suites(&names));
        assert_eq!(summary.cipher_suite, suite.name);
        ping_pong(&mut pair);
        if !suite.by_default {
            let (_, client, server) = tls12(kind);
            let (client, server) = failed(client.cipher_suites(&names), server);
            assert_eq!(alert(&client), AlertDescription::HANDSHAKE_FAILURE);
            let ErrorKind::NothingInCommon(mismatch) = server.kind() else {
                panic!("{server}")
            };
            assert_eq!(mismatch.parameter, Parameter::CipherSuite);
            assert_eq!(mismatch.theirs, [suite.name.0]);
        }
    }
}

#[test]
fn every_group_that_the_version_has() {
    for group in [
        NamedGroup::X25519,
        NamedGroup::SECP256R1,
        NamedGroup::SECP384R1,
    ] {
        let (_, client, server) = tls12(KeyKind::EcdsaP256);
        let (mut pair, summary, _) = run(client, server.groups(&[group]));
        assert_eq!(summary.group, Some(group));
        ping_pong(&mut pair);
    }
    let (_, client, server) = configs(KeyKind::EcdsaP256);
    let hybrid = [NamedGroup::X25519MLKEM768];
    let (_, error) = failed(client.groups(&hybrid), server.versions(TLS12));
    let ErrorKind::NothingInCommon(mismatch) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(mismatch.parameter, Parameter::Group);
}

#[test]
fn the_newest_version_that_both_have() {
    let both: &[ProtocolVersion] = &[ProtocolVersion::TLS12, ProtocolVersion::TLS13];
    for (ours, theirs, expected) in [
        (both, both, ProtocolVersion::TLS13),
        (both, TLS12, ProtocolVersion::TLS12),
        (TLS12, both, ProtocolVersion::TLS12),
        (both, TLS13, ProtocolVersion::TLS13),
        (TLS13, both, ProtocolVersion::TLS13),
    ] {
        let (_, client, server) = configs(KeyKind::EcdsaP256);
        let (mut pair, client, server) = run(client.versions(ours), server.versions(theirs));
        assert_eq!((client.version, server.version), (expected, expected));
        ping_pong(&mut pair);
    }
    for (ours, theirs) in [(TLS12, TLS13), (TLS13, TLS12)] {
        let (_, client, server) = configs(KeyKind::EcdsaP256);
        let (client, server) = failed(client.versions(ours), server.versions(theirs));
        assert_eq!(alert(&client), AlertDescription::PROTOCOL_VERSION);
        let ErrorKind::NothingInCommon(mismatch) = server.kind() else {
            panic!("{server}")
        };
        assert_eq!(mismatch.parameter, Parameter::Version);
        assert_eq!(
            (&mismatch.ours[..], &mismatch.theirs[..]),
            (&[theirs[0].0][..], &[ours[0].0][..])
        );
    }
}

/// Where the extension of this type begins in a flight, found by its first occurrence.
fn find(bytes: &[u8], pattern: &[u8]) -> usize {
    bytes
        .windows(pattern.len())
        .position(|w| w == pattern)
        .expect("not there")
}

#[test]
fn a_downgrade_is_noticed() {
    let (_, client, server) = configs(KeyKind::EcdsaP256);
    let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
    pair.client.run();
    // supported_versions becomes an unknown extension: the server sees a client of TLS 1.2.
    let at = find(&pair.client.output, &[0, 43, 0, 5, 4, 3, 4, 3, 3]);
    pair.client.output[at] = 0x55;
    let (client, server) = pair.failure();
    assert_eq!(
        *client.unwrap().kind(),
        ErrorKind::Protocol(Violation::Downgrade)
    );
    assert_eq!(alert(&server.unwrap()), AlertDescription::ILLEGAL_PARAMETER);
}

/// What the server says to an edited first flight of a TLS 1.2 client.
fn edited(edit: impl FnOnce(&mut Vec<u8>)) -> (Error, Option<Error>) {
    let (_, client, server) = configs(KeyKind::EcdsaP256);
    let mut pair = Pair::new(
        client.versions(TLS12).build().unwrap(),
        server.build().unwrap(),
    );
    pair.client.run();
    edit(&mut pair.client.output);
    let (client, server) = pair.failure();
    (server.unwrap(), client)
}

#[test]
fn a_fallback_is_refused() {
    let (server, client) = edited(|hello| {
        // The second of the suites becomes TLS_FALLBACK_SCSV.
        let at = find(hello, &[0xc0, 0x2f]);
        hello[at..at + 2].copy_from_slice(&[0x56, 0x00]);
    });
    assert_eq!(
        *server.kind(),
        ErrorKind::Protocol(Violation::FallbackNotAllowed)
    );
    assert_eq!(
        alert(&client.unwrap()),
        AlertDescription::INAPPROPRIATE_FALLBACK
    );
}

#[test]
fn extended_master_secret_is_required_unless_told_otherwise() {
    let drop_it = |hello: &mut Vec<u8>| {
        let at = find(hello, &[0, 23, 0, 0]);
        hello[at] = 0x55;
    };
    let (server, client) = edited(drop_it);
    assert_eq!(
        *server.kind(),
        ErrorKind::Protocol(Violation::NoExtendedMasterSecret)
    );
    assert_eq!(alert(&client.unwrap()), AlertDescription::HANDSHAKE_FAILURE);

    let (_, client, server) = configs(KeyKind::EcdsaP256);
    let server = server.require_extended_master_secret(false);
    let mut pair = Pair::new(
        client.versions(TLS12).build().unwrap(),
        server.build().unwrap(),
    );
    pair.client.run();
    drop_it(&mut pair.client.output);
    let (client, _) = pair.failure();
    let client = client.unwrap();
    assert_eq!(
        *client.kind(),
        ErrorKind::Protocol(Violation::NoExtendedMasterSecret),
        "{client}"
    );
}

#[test]
fn a_renegotiation_info_that_is_not_empty_is_refused() {
    let (server, client) = edited(|hello| {
        // The empty info of five bytes becomes an unknown extension's, and one with content stands
        // in the place of the EMS and info extensions: 4 + 5 bytes.
        let ems = find(hello, &[0, 23, 0, 0, 0xff, 0x01, 0, 1, 0]);
        hello[ems..ems + 9].copy_from_slice(&[0xff, 0x01, 0, 5, 4, 1, 2, 3, 4]);
    });
    assert_eq!(
        *server.kind(),
        ErrorKind::Protocol(Violation::BadRenegotiationInfo)
    );
    assert_eq!(alert(&client.unwrap()), AlertDescription::HANDSHAKE_FAILURE);
}

#[test]
fn client_certificates() {
    let with = |auth: fn(Arc<PathVerifier>) -> ClientAuth, show: bool, right_ca: bool| {
        let (pki, mut client, server) = tls12(KeyKind::Rsa2048);
        let other = TestPki::with_keys(KeyKind::EcdsaP384);
        let issuer = if right_ca { &pki } else { &other };
        if show {
            client = client.credential(credential(issuer.client("me", KeyKind::Ed25519)));
        }
        let verifier = PathVerifier::new(pki.roots()).with_root_hints();
        let server = server.client_auth(auth(Arc::new(verifier)));
        Pair::new(client.build().unwrap(), server.build().unwrap())
    };
    let optional: fn(Arc<PathVerifier>) -> ClientAuth = |v| ClientAuth::Optional(v);
    let required: fn(Arc<PathVerifier>) -> ClientAuth = |v| ClientAuth::Required(v);
    for auth in [optional, required] {
        let mut pair = with(auth, true, true);
        let (client, server) = pair.handshake();
        assert_eq!(client.signature_scheme, Some(SignatureScheme::ED25519));
        assert_eq!(server.peer_signature_scheme, Some(SignatureScheme::ED25519));
        assert!(server.verified.is_some());
        ping_pong(&mut pair);
        let (client, server) = with(auth, true, false).failure();
        // The same name and another key.
        assert_eq!(alert(&client.unwrap()), AlertDescription::BAD_CERTIFICATE);
        assert!(matches!(server.unwrap().kind(), ErrorKind::Certificate(_)));
    }
    let (_, server) = with(optional, false, true).handshake();
    assert!(server.peer_chain.is_none());
    let (client, server) = with(required, false, true).failure();
    assert_eq!(
        *server.unwrap().kind(),
        ErrorKind::Protocol(Violation::NoClientCertificate)
    );
    assert_eq!(alert(&client.unwrap()), AlertDescription::HANDSHAKE_FAILURE);
}

#[test]
fn extensions_as_in_the_newer_version() {
    let (pki, client, _) = tls12(KeyKind::EcdsaP256);
    let leaf = credential(pki.leaf(&["server.example"], KeyKind::EcdsaP256));
    let leaf = leaf.ocsp_response(b"a response").unwrap();
    let server = ServerConfig::builder()
        .versions(TLS12)
        .credential(leaf)
        .alpn(["b", "a"]);
    let verifier = PathVerifier::new(pki.roots()).with_revocation(Revocation {
        ignore_bad_staples: true,
        ..Revocation::default()
    });
    let client = client.verifier(Arc::new(verifier));
    let client = client.alpn(["a", "b"]).record_size_limit(100);
    let (mut pair, client, server) = run(client, server);
    assert_eq!(client.alpn.as_deref(), Some(&b"b"[..]));
    assert_eq!(server.alpn, client.alpn);
    assert_eq!(server.server_name.as_deref(), Some(&b"server.example"[..]));
    let chain = client.peer_chain.as_ref().unwrap();
    assert_eq!(chain.ocsp_response(), Some(&b"a response"[..]));
    assert_eq!(
        client.tls_server_end_point().unwrap(),
        server.tls_server_end_point().unwrap()
    );
    // RFC 8449: 100 bytes of content, and the explicit nonce and tag.
    pair.server.send(&[7; 250]);
    let lengths = [124, 124, 74].map(|len: u16| len.to_be_bytes());
    let mut rest = &pair.server.output[..];
    for len in lengths {
        assert_eq!(rest[3..5], len);
        rest = &rest[5 + usize::from(u16::from_be_bytes(len))..];
    }
    pair.run();
    assert_eq!(pair.client.data, [7; 250]);
}

#[test]
fn exporters_know_whether_there_is_a_context() {
    let (_, client, server) = tls12(KeyKind::EcdsaP256);
    let (pair, ..) = run(client, server);
    let export = |context: Option<&[u8]>| {
        let (mut a, mut b) = ([0; 40], [0; 40]);
        pair.client
            .connection
            .export_keying_material(b"EXPORTER-x", context, &mut a)
            .unwrap();
        pair.server
            .connection
            .export_keying_material(b"EXPORTER-x", context, &mut b)
            .unwrap();
        assert_eq!(a, b);
        a
    };
    assert_ne!(export(None), export(Some(b"")));
    assert_ne!(export(Some(b"")), export(Some(b"x")));
    // RFC 5705 6: the labels of the handshake itself are reserved.
    for label in ["client finished", "master secret", "key expansion"] {
        let mut out = [0; 12];
        let exporter = pair.client.connection.exporter().unwrap();
        let error = exporter.export(label.as_bytes(), None, &mut out);
        let bad = ErrorKind::Misuse(Misuse::BadExporterInput);
        assert_eq!(*error.unwrap_err().kind(), bad, "{label}");
    }
    let refused = pair.client.connection.tls_unique().unwrap_err();
    assert_eq!(*refused.kind(), ErrorKind::Misuse(Misuse::TlsUnique));
    assert!(refused.to_string().contains("use tls-exporter"));
    let binding = pair.client.connection.tls_exporter().unwrap();
    assert_eq!(binding, pair.server.connection.tls_exporter().unwrap());
}

#[test]
fn there_is_no_key_update_and_a_worn_key_ends_the_connection_cleanly() {
    let (_, client, server) = tls12(KeyKind::EcdsaP256);
    let (mut pair, ..) = run(client.key_limit(8), server);
    let error = pair.client.connection.update_keys(false).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Misuse(Misuse::NoKeyUpdate));
    let sent = wear_out(&mut pair.client);
    assert!((1..8).contains(&sent));
    // Only our direction has ended: what the server has sent meanwhile still comes, and its end.
    pair.server.send(b"late");
    pair.run();
    assert_eq!(pair.server.data.len(), sent);
    assert_eq!(pair.server.closed, Some(Eof::Clean));
    assert_eq!(pair.client.data, b"late");
    assert_eq!(pair.client.closed, Some(Eof::Clean));
    assert_eq!(pair.client.failed, None);
    let error = pair.client.connection.send(b"x", &mut Vec::new());
    let worn = ErrorKind::Limit(Limit::KeyUse);
    assert_eq!(*error.unwrap_err().kind(), worn);
}

/// Sends until the key is used up, and closes then; how many records it took.
fn wear_out<C: Connection>(end: &mut End<C>) -> usize {
    let mut sent = 0;
    let error = loop {
        match end.connection.send(b"x", &mut end.output) {
            Ok(_) => sent += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(*error.kind(), ErrorKind::Limit(Limit::KeyUse));
    // RFC 5246 7.2.1: close_notify went out.
    assert_eq!(end.connection.flush(&mut Vec::new()), 0);
    assert_eq!(records(&end.output).last().unwrap().0, 21);
    sent
}

#[test]
fn a_key_that_is_worn_after_the_peers_end_changes_nothing_of_it() {
    let (_, client, server) = tls12(KeyKind::EcdsaP256);
    let (mut pair, ..) = run(client.key_limit(8), server);
    pair.client.connection.end_of_input();
    pair.client.run();
    assert_eq!(pair.client.closed, Some(Eof::Truncated));
    wear_out(&mut pair.client);
    pair.client.run();
    assert_eq!(pair.client.closed, Some(Eof::Truncated));
    assert_eq!(pair.client.failed, None);
    assert!(pair.client.connection.into_split().is_ok());
}

#[test]
fn close_notify_is_answered_and_nothing_can_be_sent_after_it() {
    let (_, client, server) = tls12(KeyKind::EcdsaP256);
    let (mut pair, ..) = run(client, server);
    pair.client.connection.close();
    pair.run();
    assert_eq!(pair.server.closed, Some(Eof::Clean));
    let mut output = Vec::new();
    let error = pair
        .server
        .connection
        .send(b"late", &mut output)
        .unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Misuse(Misuse::SendAfterClose));
    assert_eq!(
        pair.client.closed,
        Some(Eof::Clean),
        "the server answered with its own"
    );
}

#[test]
fn certificates_side_by_side() {
    let pki = TestPki::new();
    let kinds = [KeyKind::Rsa2048, KeyKind::Ed25519, KeyKind::EcdsaP256];
    let list = kinds.map(|kind| Arc::new(credential(pki.leaf(&["server.example"], kind))));
    let credentials = Arc::new(symbolon::config::ServerCredentials::new(list.to_vec()));
    let server = ServerConfig::builder()
        .credentials(credentials)
        .versions(TLS12);
    let only_ecdsa = [CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384];
    let client = ClientConfig::builder().roots(pki.roots());
    let (_, summary, _) = run(client.clone(), server.clone());
    assert_eq!(
        summary.peer_signature_scheme,
        Some(SignatureScheme::RSA_PSS_RSAE_SHA256)
    );
    let (_, summary, _) = run(client.cipher_suites(&only_ecdsa), server);
    assert_eq!(
        summary.peer_signature_scheme,
        Some(SignatureScheme::ED25519)
    );
}

#[test]
fn any_segmentation_gives_the_same() {
    for step in [1, 2, 7, 100] {
        let (_, client, server) = tls12(KeyKind::EcdsaP256);
        let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
        pair.step = Some(step);
        pair.client.room = Some(512);
        pair.server.room = Some(600);
        pair.handshake();
        pair.client.room = None;
        pair.server.room = None;
        ping_pong(&mut pair);
    }
}

#[test]
fn the_curve_of_a_certificate_is_one_of_the_clients_groups() {
    let (_, client, server) = tls12(KeyKind::EcdsaP384);
    let only = [NamedGroup::X25519, NamedGroup::SECP256R1];
    let (_, error) = failed(client.clone().groups(&only), server.clone());
    let ErrorKind::NothingInCommon(mismatch) = error.kind() else {
        panic!("{error}")
    };
    assert_eq!(mismatch.parameter, Parameter::SignatureScheme);
    run(client, server);
    // TLS 1.3 leaves certificates to the signature schemes.
    let (_, client, server) = configs(KeyKind::EcdsaP384);
    run(client.groups(&only), server);
}

#[test]
fn clients_choose_by_authority_and_scheme() {
    for versions in [TLS12, TLS13] {
        let (pki, client, server) = configs(KeyKind::EcdsaP256);
        let other = other_pki();
        let list = vec![
            Arc::new(credential(
                other.client("of another CA", KeyKind::EcdsaP256),
            )),
            Arc::new(credential(pki.client("of the right CA", KeyKind::Ed25519))),
        ];
        let choose = |list| Arc::new(ClientCredentials::new(list));
        // The server names its authority.
        let verifier = Arc::new(PathVerifier::new(pki.roots()).with_root_hints());
        let server = server
            .client_auth(ClientAuth::Required(verifier))
            .versions(versions);
        let client = client.credentials(choose(list));
        let (_, summary, _) = run(client, server);
        assert_eq!(summary.signature_scheme, Some(SignatureScheme::ED25519));
    }
}

/// Certificates under a root of another name.
fn other_pki() -> TestPki {
    let mut other = TestPki::new();
    other.root = common::certs::Ca::root("Other Root", KeyKind::EcdsaP256);
    other.intermediate = other.root.intermediate("Other Issuer", KeyKind::EcdsaP256);
    other
}

#[test]
fn after_the_hello_records_bear_the_negotiated_version() {
    let (_, client, server) = tls12(KeyKind::EcdsaP256);
    let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
    let mut records = Vec::new();
    while pair.client.done.is_none() {
        pair.client.run();
        let mut rest = &pair.client.output[..];
        while let [kind, major, minor, high, low, body @ ..] = rest {
            records.push((*kind, [*major, *minor]));
            rest = &body[usize::from(u16::from_be_bytes([*high, *low]))..];
        }
        pair.server.input.append(&mut pair.client.output);
        pair.server.run();
        pair.client.input.append(&mut pair.server.output);
    }
    // ClientHello; ClientKeyExchange; change_cipher_spec; Finished (RFC 5246 E.1).
    assert_eq!(
        records,
        [(22, [3, 1]), (22, [3, 3]), (20, [3, 3]), (22, [3, 3])]
    );
}

#[test]
fn the_suite_is_the_servers_choice_or_the_clients() {
    let gcm = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let chacha = CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
    for (clients_order, chosen) in [(false, gcm), (true, chacha)] {
        let (_, client, server) = tls12(KeyKind::EcdsaP256);
        let client = client.cipher_suites(&[chacha, gcm]);
        let server = server.cipher_suites(&[gcm, chacha]);
        let server = server.prefer_client_suites(clients_order);
        let (_, client, server) = run(client, server);
        assert_eq!((client.cipher_suite, server.cipher_suite), (chosen, chosen));
    }
}
