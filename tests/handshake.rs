//! Client against server, in memory: what they agree on, and who they are to each other.

mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
}

use common::certs::{Identity, KeyKind, NOW, TestPki, roots};
use common::pair::{Pair, records};
use common::rogue::credential;
use std::sync::{Arc, Mutex};
use symbolon::codepoint::*;
use symbolon::config::{
    ClientAuth, ClientConfig, ClientConfigBuilder, RetryPolicy, ServerConfig, ServerConfigBuilder,
    ServerCredentials,
};
use symbolon::error::{Error, ErrorKind, Parameter};
use symbolon::pki::{PathVerifier, Revocation};
use symbolon::record::Padding;

fn configs(kind: KeyKind) -> (TestPki, ClientConfigBuilder, ServerConfigBuilder) {
    let pki = TestPki::new();
    let client = ClientConfig::builder().roots(pki.roots());
    let server =
        ServerConfig::builder().credential(credential(&pki.leaf(&["server.example"], kind)));
    (pki, client, server)
}

/// Both builders with default settings and an ECDSA certificate.
fn defaults() -> (ClientConfigBuilder, ServerConfigBuilder) {
    let (_, client, server) = configs(KeyKind::EcdsaP256);
    (client, server)
}

fn pair(client: ClientConfigBuilder, server: ServerConfigBuilder) -> Pair {
    Pair::new(client.build().unwrap(), server.build().unwrap())
}

/// Data in both directions.
fn ping_pong(pair: &mut Pair) {
    for size in [1, 1000, 40_000] {
        let ping: Vec<u8> = (0..size).map(|i| (i % 251) as u8).collect();
        pair.client.send(&ping);
        pair.server.send(&ping);
        pair.run();
        assert!(pair.server.data == ping && pair.client.data == ping);
        pair.server.data.clear();
        pair.client.data.clear();
    }
}

/// The parameter that nothing fits, at the end that found out.
fn mismatch(error: &Error) -> Parameter {
    match error.kind() {
        ErrorKind::NothingInCommon(mismatch) => mismatch.parameter,
        _ => panic!("{error}"),
    }
}

fn received(error: Option<Error>) -> AlertDescription {
    match error.as_ref().map(Error::kind) {
        Some(ErrorKind::AlertReceived(alert)) => *alert,
        _ => panic!("{error:?}"),
    }
}

#[test]
fn a_full_handshake_and_data_both_ways() {
    let (client, server) = defaults();
    let mut pair = pair(client, server);
    let (client, server) = pair.handshake();
    assert_eq!(
        client.to_string(),
        "TLS 1.3 · TLS_AES_128_GCM_SHA256 · X25519MLKEM768"
    );
    assert_eq!(client.to_string(), server.to_string());
    assert_eq!(client.client_random, server.client_random);
    assert_eq!(server.server_name.as_deref(), Some(&b"server.example"[..]));
    assert_eq!(client.server_name, server.server_name);
    assert_eq!((client.alpn, server.alpn), (None, None));
    assert!(client.verified.is_some() && server.verified.is_none());
    assert!(!client.hello_retry_request && !server.hello_retry_request);
    ping_pong(&mut pair);
}

#[test]
fn every_suite_with_every_policy_of_order() {
    use CipherSuite as S;
    for name in [
        S::TLS_AES_128_GCM_SHA256,
        S::TLS_AES_256_GCM_SHA384,
        S::TLS_CHACHA20_POLY1305_SHA256,
        S::TLS_AES_128_CCM_SHA256,
        S::TLS_AES_128_CCM_8_SHA256,
    ] {
        let (client, server) = defaults();
        let all = [name, S::TLS_AES_256_GCM_SHA384, S::TLS_AES_128_GCM_SHA256];
        let mut pair = pair(
            client.cipher_suites(&all),
            server
                .cipher_suites(&[S::TLS_AES_128_GCM_SHA256, name])
                .prefer_client_suites(true),
        );
        assert_eq!(pair.handshake().0.cipher_suite, name);
        ping_pong(&mut pair);
        assert_eq!(
            pair.client.connection.tls_exporter(),
            pair.server.connection.tls_exporter()
        );
    }
    // The server's order decides by default.
    let (client, server) = defaults();
    let mut pair = pair(
        client,
        server.cipher_suites(&[S::TLS_CHACHA20_POLY1305_SHA256, S::TLS_AES_128_GCM_SHA256]),
    );
    let suite = pair.handshake().1.cipher_suite;
    assert_eq!(suite, S::TLS_CHACHA20_POLY1305_SHA256);
}

#[test]
fn ccm_only_when_asked_for() {
    for name in [
        CipherSuite::TLS_AES_128_CCM_SHA256,
        CipherSuite::TLS_AES_128_CCM_8_SHA256,
    ] {
        let (client, server) = defaults();
        let (client, server) = pair(client, server.cipher_suites(&[name])).failure();
        assert_eq!(mismatch(&server.unwrap()), Parameter::CipherSuite);
        assert_eq!(received(client), AlertDescription::HANDSHAKE_FAILURE);
        let (client, server) = defaults();
        let (_, server) = pair(client.cipher_suites(&[name]), server).failure();
        assert_eq!(mismatch(&server.unwrap()), Parameter::CipherSuite);
    }
}

#[test]
fn every_group_with_a_share_and_after_a_retry() {
    for group in symbolon::provider::RUSTCRYPTO.groups {
        let name = group.name();
        let (client, server) = defaults();
        let mut straight = pair(client.groups(&[name]), server.clone());
        let (client, _) = straight.handshake();
        assert_eq!(
            (client.group, client.hello_retry_request),
            (Some(name), false)
        );
        ping_pong(&mut straight);

        let (client, server) = defaults();
        let mut retried = pair(
            client.groups(&[name]).key_shares(&[]),
            server.groups(&[name]),
        );
        let (client, server) = retried.handshake();
        assert_eq!(
            (client.group, client.hello_retry_request),
            (Some(name), true)
        );
        assert_eq!(
            (server.group, server.hello_retry_request),
            (Some(name), true)
        );
        ping_pong(&mut retried);
    }
}

#[test]
fn the_classical_half_of_a_hybrid_spares_a_round_trip() {
    use NamedGroup as G;
    for hybrid in [
        (G::X25519MLKEM768, G::X25519),
        (G::SECP256R1MLKEM768, G::SECP256R1),
        (G::SECP384R1MLKEM1024, G::SECP384R1),
    ] {
        let known = |name| {
            symbolon::provider::RUSTCRYPTO
                .groups
                .iter()
                .any(|g| g.name() == name)
        };
        if !known(hybrid.0) {
            continue;
        }
        let (client, server) = defaults();
        let mut pair = pair(
            client.groups(&[hybrid.0, hybrid.1]),
            server.groups(&[hybrid.1]),
        );
        let (client, _) = pair.handshake();
        assert_eq!(client.group, Some(hybrid.1));
        assert!(!client.hello_retry_request);
    }
}

#[test]
fn a_hybrid_and_its_half_with_shares_of_their_own() {
    use NamedGroup as G;
    for server_group in [G::X25519MLKEM768, G::X25519] {
        for shares in [
            [G::X25519MLKEM768, G::X25519],
            [G::X25519, G::X25519MLKEM768],
        ] {
            let (client, server) = defaults();
            let mut pair = pair(client.key_shares(&shares), server.groups(&[server_group]));
            let (client, _) = pair.handshake();
            assert_eq!(client.group, Some(server_group));
            assert!(!client.hello_retry_request);
        }
    }
}

#[test]
fn retry_policies() {
    use NamedGroup as G;
    // (the server's policy, its groups, the client's share, the outcome)
    for (policy, groups, share, group) in [
        (
            RetryPolicy::WhenNoShareFits,
            [G::X25519, G::SECP256R1],
            G::SECP256R1,
            G::SECP256R1,
        ),
        (
            RetryPolicy::ForHybrid,
            [G::X25519, G::SECP256R1],
            G::SECP256R1,
            G::SECP256R1,
        ),
        (
            RetryPolicy::ForPreferred,
            [G::X25519, G::SECP256R1],
            G::SECP256R1,
            G::X25519,
        ),
        (
            RetryPolicy::WhenNoShareFits,
            [G::X25519MLKEM768, G::X25519],
            G::X25519,
            G::X25519,
        ),
        (
            RetryPolicy::ForHybrid,
            [G::X25519MLKEM768, G::X25519],
            G::X25519,
            G::X25519MLKEM768,
        ),
        (
            RetryPolicy::ForPreferred,
            [G::X25519MLKEM768, G::X25519],
            G::X25519,
            G::X25519MLKEM768,
        ),
        (
            RetryPolicy::WhenNoShareFits,
            [G::X25519, G::SECP384R1],
            G::SECP256R1,
            G::X25519,
        ),
    ] {
        let (client, server) = defaults();
        let offered = [G::SECP256R1, G::X25519, G::X25519MLKEM768];
        let mut pair = pair(
            client.groups(&offered).key_shares(&[share]),
            server.groups(&groups).retry(policy),
        );
        let (client, _) = pair.handshake();
        assert_eq!(client.group, Some(group), "{policy:?}");
        assert_eq!(client.hello_retry_request, group != share, "{policy:?}");
        ping_pong(&mut pair);
    }
}

#[test]
fn no_group_in_common() {
    let (client, server) = defaults();
    let (client, server) = pair(
        client.groups(&[NamedGroup::X25519]),
        server.groups(&[NamedGroup::SECP256R1]),
    )
    .failure();
    assert_eq!(mismatch(&server.unwrap()), Parameter::Group);
    assert_eq!(received(client), AlertDescription::HANDSHAKE_FAILURE);
}

#[test]
fn every_kind_of_key_on_both_sides() {
    use SignatureScheme as S;
    for (kind, scheme) in [
        (KeyKind::EcdsaP256, S::ECDSA_SECP256R1_SHA256),
        (KeyKind::EcdsaP384, S::ECDSA_SECP384R1_SHA384),
        (KeyKind::Ed25519, S::ED25519),
        (KeyKind::Rsa2048, S::RSA_PSS_RSAE_SHA256),
    ] {
        let (pki, client, server) = configs(kind);
        let verifier = Arc::new(PathVerifier::new(pki.roots()));
        let mut pair = pair(
            client.credential(credential(&pki.client("client", kind))),
            server.client_auth(ClientAuth::Required(verifier)),
        );
        let (client, server) = pair.handshake();
        assert_eq!(client.peer_signature_scheme, server.signature_scheme);
        assert_eq!(server.peer_signature_scheme, client.signature_scheme);
        assert_eq!(client.peer_signature_scheme, server.peer_signature_scheme);
        if kind != KeyKind::Rsa2048 {
            assert_eq!(client.peer_signature_scheme, Some(scheme));
        }
        assert!(
            client
                .peer_signature_scheme
                .unwrap()
                .allowed_in_tls13_handshake()
        );
        ping_pong(&mut pair);
    }
}

#[test]
fn client_certificates() {
    let pki = TestPki::new();
    let shown = credential(&pki.client("client", KeyKind::EcdsaP256));
    let other = credential(&TestPki::new().client("client", KeyKind::EcdsaP256));
    let verifier = || Arc::new(PathVerifier::new(pki.roots()));
    let run = |auth: ClientAuth, credential: Option<&symbolon::config::Credential>| {
        let mut client = ClientConfig::builder().roots(pki.roots());
        if let Some(credential) = credential {
            client = client.credential(credential.clone());
        }
        let identity = pki.leaf(&["server.example"], KeyKind::EcdsaP256);
        let server = ServerConfig::builder().credential(self::credential(&identity));
        let mut pair = pair(client, server.client_auth(auth));
        pair.run();
        pair
    };
    // Not asked.
    let pair = run(ClientAuth::None, Some(&shown));
    let server = pair.server.done.unwrap();
    assert!(server.peer_chain.is_none() && server.verified.is_none());
    assert_eq!(pair.client.done.unwrap().signature_scheme, None);
    // Asked, and shown.
    for auth in [
        ClientAuth::Optional(verifier()),
        ClientAuth::Required(verifier()),
    ] {
        let pair = run(auth, Some(&shown));
        let server = pair.server.done.unwrap();
        let chain = server.peer_chain.unwrap();
        assert_eq!(chain.end_entity(), Some(&shown.chain()[0][..]));
        assert!(server.verified.is_some());
    }
    // Asked, and not there.
    let pair = run(ClientAuth::Optional(verifier()), None);
    let server = pair.server.done.unwrap();
    assert!(server.peer_chain.is_none() && server.verified.is_none());
    let pair = run(ClientAuth::Required(verifier()), None);
    assert!(pair.server.done.is_none());
    // The client had finished already.
    assert!(pair.client.done.is_some());
    assert_eq!(
        received(pair.client.failed),
        AlertDescription::CERTIFICATE_REQUIRED
    );
    // Asked, and of another CA.
    for auth in [
        ClientAuth::Optional(verifier()),
        ClientAuth::Required(verifier()),
    ] {
        let pair = run(auth, Some(&other));
        assert!(pair.server.done.is_none());
        let error = pair.server.failed.unwrap();
        assert!(matches!(error.kind(), ErrorKind::Certificate(_)), "{error}");
        assert_eq!(Some(received(pair.client.failed)), error.alert());
    }
}

#[test]
fn a_client_certificate_that_the_server_cannot_verify_is_not_shown() {
    // A key without a scheme that TLS 1.3 has: no such local key can be made, but one elsewhere.
    let pki = TestPki::new();
    let (chain, _) = pki.client("client", KeyKind::Rsa2048);
    let key = symbolon::config::Key::External(vec![SignatureScheme::RSA_PKCS1_SHA256]);
    let useless = symbolon::config::Credential::with_key(chain, key).unwrap();
    let identity = pki.leaf(&["server.example"], KeyKind::EcdsaP256);
    let auth = ClientAuth::Optional(Arc::new(PathVerifier::new(pki.roots())));
    let mut pair = pair(
        ClientConfig::builder()
            .roots(pki.roots())
            .credential(useless),
        ServerConfig::builder()
            .credential(credential(&identity))
            .client_auth(auth),
    );
    assert!(pair.handshake().1.peer_chain.is_none());
}

#[test]
fn a_key_that_tls13_cannot_use_does_not_stand_before_one_that_it_can() {
    let pki = TestPki::new();
    let (chain, _) = pki.client("client", KeyKind::Rsa2048);
    let key = symbolon::config::Key::External(vec![SignatureScheme::RSA_PKCS1_SHA256]);
    let useless = symbolon::config::Credential::with_key(chain, key).unwrap();
    let usable = credential(&pki.client("client", KeyKind::EcdsaP256));
    let list = [useless, usable].map(Arc::new).to_vec();
    let identity = pki.leaf(&["server.example"], KeyKind::EcdsaP256);
    let auth = ClientAuth::Required(Arc::new(PathVerifier::new(pki.roots())));
    let mut pair = pair(
        ClientConfig::builder()
            .roots(pki.roots())
            .credentials(Arc::new(symbolon::config::ClientCredentials::new(list))),
        ServerConfig::builder()
            .credential(credential(&identity))
            .client_auth(auth),
    );
    let server = pair.handshake().1;
    assert_eq!(
        server.peer_signature_scheme,
        Some(SignatureScheme::ECDSA_SECP256R1_SHA256)
    );
}

#[derive(Debug)]
struct AuthoritiesSeen(Mutex<Vec<Vec<u8>>>);

impl symbolon::config::ChooseClientCredential for AuthoritiesSeen {
    fn choose(
        &self,
        request: &symbolon::config::CertificateRequestInfo,
    ) -> symbolon::pki::Decision<Option<Arc<symbolon::config::Credential>>> {
        assert!(request.schemes.contains(&SignatureScheme::ED25519));
        *self.0.lock().unwrap() = request.authorities().map(<[u8]>::to_vec).collect();
        symbolon::pki::Decision::Now(None)
    }
}

#[test]
fn the_server_names_the_authorities_it_trusts() {
    let (pki, client, server) = configs(KeyKind::EcdsaP256);
    let other = TestPki::new();
    let store = roots([&pki.root.certificate, &other.root.certificate]);
    let verifier = PathVerifier::new(store).with_root_hints();
    let hints = symbolon::pki::Verifier::root_hints(&verifier).to_vec();
    let seen = Arc::new(AuthoritiesSeen(Mutex::default()));
    let mut pair = pair(
        client.credentials(seen.clone()),
        server.client_auth(ClientAuth::Optional(Arc::new(verifier))),
    );
    pair.handshake();
    assert!(!hints.is_empty());
    assert_eq!(*seen.0.lock().unwrap(), hints);
}

#[test]
fn alpn() {
    let run = |ours: &[&str], theirs: &[&str]| {
        let (client, server) = defaults();
        let mut pair = pair(
            client.alpn(ours.iter().copied()),
            server.alpn(theirs.iter().copied()),
        );
        pair.run();
        pair
    };
    for (ours, theirs, chosen) in [
        (
            &["h2", "http/1.1"][..],
            &["http/1.1", "h2"][..],
            Some("http/1.1"),
        ),
        (&["http/1.1"], &["h2", "http/1.1"], Some("http/1.1")),
        (&["h2"], &[], None),
        (&[], &["h2"], None),
    ] {
        let pair = run(ours, theirs);
        let (client, server) = (pair.client.done.unwrap(), pair.server.done.unwrap());
        assert_eq!(client.alpn.as_deref(), chosen.map(str::as_bytes));
        assert_eq!(client.alpn, server.alpn);
    }
    let pair = run(&["h2"], &["http/1.1"]);
    assert_eq!(mismatch(&pair.server.failed.unwrap()), Parameter::Alpn);
    let alert = received(pair.client.failed);
    assert_eq!(alert, AlertDescription::NO_APPLICATION_PROTOCOL);
}

fn leaf_shown(pair: &mut Pair) -> Vec<u8> {
    let (client, _) = pair.handshake();
    client.peer_chain.unwrap().end_entity().unwrap().to_vec()
}

#[test]
fn certificates_by_name_and_by_scheme() {
    let pki = TestPki::new();
    let identity = |name: &str, kind| pki.leaf(&[name], kind);
    let a = identity("a.example", KeyKind::EcdsaP256);
    let b_rsa = identity("b.example", KeyKind::Rsa2048);
    let b = identity("b.example", KeyKind::Ed25519);
    let list = |list: &[&Identity]| {
        let all = list.iter().map(|i| Arc::new(credential(i))).collect();
        ServerCredentials::new(all)
    };
    let to = |name: &str, credentials: ServerCredentials| {
        let server = ServerConfig::builder().credentials(Arc::new(credentials));
        let client = ClientConfig::builder().roots(pki.roots()).build().unwrap();
        Pair::to(name, client, server.build().unwrap())
    };
    for (name, leaf) in [
        ("a.example", &a),
        ("b.example", &b_rsa),
        ("B.Example", &b_rsa),
    ] {
        let shown = leaf_shown(&mut to(name, list(&[&a, &b_rsa, &b])));
        assert_eq!(shown, leaf.0[0].as_ref(), "{name}");
    }
    // A name that nobody has: the first, which the client refuses; or nothing, if strict.
    let mut pair = to("c.example", list(&[&a, &b]));
    let (client, server) = pair.failure();
    let error = client.unwrap();
    assert!(matches!(error.kind(), ErrorKind::Certificate(_)), "{error}");
    assert_eq!(Some(received(server)), error.alert());
    let mut pair = to("c.example", list(&[&a, &b]).strict());
    let (client, server) = pair.failure();
    assert_eq!(mismatch(&server.unwrap()), Parameter::Certificate);
    assert_eq!(received(client), AlertDescription::UNRECOGNIZED_NAME);
    // Strict is about names that are asked for.
    let quiet = ClientConfig::builder()
        .roots(pki.roots())
        .server_name(false);
    let server = ServerConfig::builder().credentials(Arc::new(list(&[&a]).strict()));
    let mut pair = Pair::to("a.example", quiet.build().unwrap(), server.build().unwrap());
    assert_eq!(leaf_shown(&mut pair), a.0[0].as_ref());
    assert_eq!(pair.server.done.unwrap().server_name, None);
}

#[test]
fn the_certificate_must_be_one_that_the_client_verifies() {
    use common::rogue::{Rogue, u16s, vec16};
    let pki = TestPki::new();
    let rsa = pki.leaf(&["server.example"], KeyKind::Rsa2048);
    let ed25519 = pki.leaf(&["server.example"], KeyKind::Ed25519);
    let both = [&ed25519, &rsa].map(|i| Arc::new(credential(i)));
    let config = ServerConfig::builder().credentials(Arc::new(ServerCredentials::new(both.into())));
    let mut rogue = Rogue::client(config.build().unwrap());
    let schemes = [SignatureScheme::RSA_PSS_RSAE_SHA256.0];
    rogue.client_hello(|h| h.set(ExtensionType::SIGNATURE_ALGORITHMS, vec16(&u16s(&schemes))));
    let flight = rogue.read_flight();
    let certificate = &flight[1].1[4..];
    let parsed = symbolon::wire::handshake::Certificate::parse(certificate).unwrap();
    let leaf = parsed.entries.first().unwrap().certificate;
    assert_eq!(leaf, rsa.0[0].as_ref());
    let verify = &flight[2].1[4..];
    let verify = symbolon::wire::handshake::CertificateVerify::parse(verify).unwrap();
    assert_eq!(verify.scheme.0, schemes[0]);
}

#[test]
fn servers_called_by_an_address() {
    for (name, address) in [("192.0.2.7", "192.0.2.7"), ("2001:db8::7", "2001:db8::7")] {
        let pki = TestPki::new();
        let identity = pki.leaf(&[address], KeyKind::EcdsaP256);
        let server = ServerConfig::builder().credential(credential(&identity));
        let client = ClientConfig::builder().roots(pki.roots());
        let mut pair = Pair::to(name, client.build().unwrap(), server.build().unwrap());
        let (client, server) = pair.handshake();
        // RFC 6066 3: addresses are not sent as server_name.
        assert_eq!((client.server_name, server.server_name), (None, None));
    }
}

#[test]
fn a_trailing_dot_is_not_sent() {
    let (client, server) = defaults();
    let (client, server) = (client.build().unwrap(), server.build().unwrap());
    let mut pair = Pair::to("server.example.", client, server);
    let (_, server) = pair.handshake();
    assert_eq!(server.server_name.as_deref(), Some(&b"server.example"[..]));
}

#[test]
fn time_is_what_the_caller_says() {
    use rustls_pki_types::{ServerName, UnixTime};
    use std::time::Duration;
    for (now, good) in [(NOW.as_secs(), true), (3_000_000_000, false), (0, false)] {
        let (client, server) = defaults();
        let mut pair = pair(client.clone(), server);
        let name = ServerName::try_from("server.example").unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(now));
        let config = client.build().unwrap();
        let client = symbolon::conn::ClientConnection::new(config, name, [1; 32], now).unwrap();
        pair.client = common::pair::End::new(client);
        pair.run();
        assert_eq!(pair.client.done.is_some(), good);
        assert_eq!(pair.client.failed.is_none(), good);
    }
}

#[test]
fn record_size_limits_hold_each_way() {
    // (the client's limit, the server's): what either wants to receive.
    for (client_limit, server_limit) in [
        (Some(64), Some(100)),
        (Some(512), None),
        (None, Some(200)),
        (Some(16_385), Some(16_385)),
    ] {
        let (mut client, mut server) = defaults();
        if let Some(limit) = client_limit {
            client = client.record_size_limit(limit);
        }
        if let Some(limit) = server_limit {
            server = server.record_size_limit(limit);
        }
        let mut pair = pair(client, server);
        pair.handshake();
        ping_pong(&mut pair);
        let longest = |bytes: &[u8]| {
            let protected = records(bytes).into_iter().filter(|(kind, _)| *kind == 23);
            protected.map(|(_, len)| len).max().unwrap() - 16
        };
        // RFC 8449 4: the limit is heeded if both know the extension; this server always does.
        let to_client = client_limit.map_or(16_385, usize::from);
        assert_eq!(longest(&pair.to_client), to_client);
        let to_server = server_limit.filter(|_| client_limit.is_some());
        assert_eq!(
            longest(&pair.to_server),
            to_server.map_or(16_385, usize::from)
        );
    }
}

#[test]
fn padding_hides_lengths() {
    let lengths = |padding: Padding, limit: Option<u16>| {
        let (mut client, server) = defaults();
        if let Some(limit) = limit {
            client = client.record_size_limit(limit);
        }
        let mut pair = pair(client, server.padding(padding));
        pair.handshake();
        pair.server.send(b"x");
        pair.server.send(&[b'y'; 300]);
        pair.server.connection.update_keys(false).unwrap();
        pair.server.connection.close();
        let mut out = Vec::new();
        assert_eq!(pair.server.connection.flush(&mut out), 0);
        pair.server.output.extend(out);
        pair.run();
        assert_eq!(pair.client.data.len(), 301);
        assert!(pair.client.closed.is_some());
        let all = records(&pair.to_client);
        let protected: Vec<usize> = all.iter().filter(|r| r.0 == 23).map(|r| r.1 - 16).collect();
        assert!(protected.len() >= 5, "{all:?}");
        protected
    };
    for len in lengths(Padding::ToMultipleOf(256), None) {
        assert_eq!(len % 256, 0);
    }
    for len in lengths(Padding::Full, None) {
        assert_eq!(len, 16_385);
    }
    for len in lengths(Padding::Full, Some(100)) {
        assert_eq!(len, 100);
    }
    // A multiple that doesn't fit the limit is cut to it.
    for len in lengths(Padding::ToMultipleOf(64), Some(100)) {
        assert!(len == 64 || len == 100, "{len}");
    }
    let none = lengths(Padding::None, None);
    assert_eq!(none[none.len() - 4..], [2, 301, 6, 3]);
}

#[test]
fn many_small_records_need_no_more_than_a_key_may_seal() {
    // The limit of a key is for application data: nothing can change keys in the handshake.
    let (client, server) = defaults();
    let mut pair = pair(client.record_size_limit(64), server.key_limit(8));
    pair.handshake();
    ping_pong(&mut pair);
}

#[test]
fn stapled_responses_are_carried() {
    let pki = TestPki::new();
    let stapled = credential(&pki.leaf(&["server.example"], KeyKind::EcdsaP256))
        .ocsp_response(b"an answer")
        .unwrap();
    let verifier = PathVerifier::new(pki.roots()).with_revocation(Revocation {
        ignore_bad_staples: true,
        ..Revocation::default()
    });
    let client = ClientConfig::builder().verifier(Arc::new(verifier));
    let mut pair = pair(client, ServerConfig::builder().credential(stapled));
    let (client, _) = pair.handshake();
    let chain = client.peer_chain.unwrap();
    assert_eq!(chain.ocsp_response(), Some(&b"an answer"[..]));
    assert_eq!(chain.len(), 2);
}

#[test]
fn grease_changes_nothing() {
    for shares in [None, Some(&[][..])] {
        let (mut client, server) = defaults();
        client = client.grease(true);
        if let Some(shares) = shares {
            client = client.key_shares(shares);
        }
        let mut pair = pair(client, server);
        let (client, _) = pair.handshake();
        assert_eq!(client.hello_retry_request, shares.is_some());
        assert!(!is_grease(client.cipher_suite.0));
        ping_pong(&mut pair);
        let hello = &pair.to_server[9..];
        let len = usize::from(u16::from_be_bytes([pair.to_server[3], pair.to_server[4]]));
        let hello = symbolon::wire::hello::ClientHello::parse(&hello[..len - 4]).unwrap();
        assert!(hello.cipher_suites.iter().any(|s| is_grease(s.0)));
        let groups = hello.extensions.supported_groups.unwrap();
        assert!(groups.iter().any(|g| is_grease(g.0)));
    }
}

#[test]
fn middlebox_compatibility() {
    for (on, retry) in [(true, false), (true, true), (false, false), (false, true)] {
        let (client, server) = defaults();
        let mut client = client.middlebox_compatibility(on);
        if retry {
            client = client.key_shares(&[]);
        }
        let mut pair = pair(client, server);
        pair.handshake();
        let kinds = |bytes: &[u8]| records(bytes).iter().map(|r| r.0).collect::<Vec<_>>();
        let expected = |kinds: &[u8]| {
            let keep = kinds.iter().copied().filter(|kind| on || *kind != 20);
            keep.collect::<Vec<_>>()
        };
        // RFC 9846 D.4: once on each side.
        let (to_server, to_client) = match retry {
            false => (expected(&[22, 20, 23]), expected(&[22, 20, 23])),
            true => (expected(&[22, 20, 22, 23]), expected(&[22, 20, 22, 23])),
        };
        assert_eq!(kinds(&pair.to_server), to_server);
        assert_eq!(kinds(&pair.to_client), to_client);
    }
}

#[test]
fn only_the_initial_client_hello_says_tls_1_0_in_its_record() {
    let (_, client, server) = configs(KeyKind::EcdsaP256);
    // No share of a group that the server has: a HelloRetryRequest asks for another.
    let client = client.key_shares(&[NamedGroup::X25519]);
    let server = server.groups(&[NamedGroup::SECP256R1]);
    let mut pair = Pair::new(client.build().unwrap(), server.build().unwrap());
    let mut records = Vec::new();
    for _ in 0..4 {
        pair.client.run();
        let mut rest = &pair.client.output[..];
        while let [kind, major, minor, high, low, body @ ..] = rest {
            records.push((*kind, [*major, *minor]));
            rest = &body[usize::from(u16::from_be_bytes([*high, *low]))..];
        }
        pair.server.input.append(&mut pair.client.output);
        pair.server.run();
        if pair.client.done.is_some() {
            break;
        }
        assert_eq!(pair.server.output.get(1..3), Some(&[3, 3][..]));
        pair.client.input.append(&mut pair.server.output);
    }
    assert!(pair.server.done.unwrap().hello_retry_request);
    // ClientHello; change_cipher_spec and the second ClientHello; the last flight.
    assert_eq!(
        records,
        [(22, [3, 1]), (20, [3, 3]), (22, [3, 3]), (23, [3, 3])]
    );
}
