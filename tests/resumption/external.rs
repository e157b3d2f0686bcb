//! Pre-shared keys from elsewhere, with and without certificates.

use super::*;
use symbolon::codepoint::*;
use symbolon::error::{ErrorKind, Mismatch, Parameter, Violation};
use symbolon::handshake::{Authentication, EarlyDataRefusal as R};
use symbolon::secret::SecretBytes;

fn psk(identity: &str, key: u8, hash: PskHash) -> Arc<ExternalPsk> {
    let key = SecretBytes::new(vec![key; 32]);
    Arc::new(ExternalPsk::new(identity.as_bytes(), key, hash).unwrap())
}

fn by(identity: &str) -> Authentication {
    let identity = identity.as_bytes().to_vec();
    Authentication::Psk { identity }
}

fn full(client: Arc<ClientConfig>, server: Arc<ServerConfig>) -> (Summary, Summary, Pair) {
    let mut pair = pair_at(0, &client, &server, None);
    let (_, client, server) = resumes(&mut pair);
    (client, server, pair)
}

/// It fails at the server with this error and at the client with the server's alert.
#[track_caller]
fn fails(
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    kind: ErrorKind,
    alert: AlertDescription,
) {
    let mut pair = pair_at(0, &client, &server, None);
    let (on_client, on_server) = pair.failure();
    let on_server = on_server.unwrap();
    assert_eq!((on_server.kind(), on_server.alert()), (&kind, Some(alert)));
    let received = ErrorKind::AlertReceived(alert);
    assert_eq!(*on_client.unwrap().kind(), received);
    assert!(pair.client.done.is_none() && pair.server.done.is_none());
}

#[test]
fn of_both_hashes_without_any_certificate() {
    for (hash, len) in [(PskHash::Sha256, 32), (PskHash::Sha384, 48)] {
        let psk = psk("device 7", 1, hash);
        let client = ClientConfig::builder().psk(psk.clone()).build().unwrap();
        let server = ServerConfig::builder().psks(Psks::of(&[&psk]));
        let (on_client, on_server, pair) = full(client, server.build().unwrap());
        for summary in [&on_client, &on_server] {
            assert_eq!(summary.authentication, by("device 7"));
            assert!(!summary.resumed() && summary.group.is_some());
            assert!(summary.peer_chain.is_none() && summary.verified.is_none());
            let sha384 = summary.cipher_suite == CipherSuite::TLS_AES_256_GCM_SHA384;
            assert_eq!(sha384, len == 48);
        }
        assert!(pair.client.sessions.is_empty());
    }
}

#[test]
fn alone_if_both_allow_it() {
    let psk = psk("id", 1, PskHash::Sha256);
    for (one, two) in [(true, true), (true, false), (false, true)] {
        let client = ClientConfig::builder().psk(psk.clone());
        let server = ServerConfig::builder().psks(Psks::of(&[&psk]));
        let (client, _, _) = full(
            client.psk_without_key_exchange(one).build().unwrap(),
            server.psk_without_key_exchange(two).build().unwrap(),
        );
        assert_eq!(client.authentication, by("id"));
        // A key exchange is better wherever there can be one.
        assert!(client.group.is_some());
    }
    // No group in common: then only without.
    let with = |one: bool, two: bool| {
        let client = ClientConfig::builder().psk(psk.clone());
        let server = ServerConfig::builder().psks(Psks::of(&[&psk]));
        let client = client.groups(&[NamedGroup::X25519]);
        let server = server.groups(&[NamedGroup::SECP256R1]);
        (
            client.psk_without_key_exchange(one).build().unwrap(),
            server.psk_without_key_exchange(two).build().unwrap(),
        )
    };
    let (client, server) = with(true, true);
    assert_eq!(full(client, server).0.group, None);
    for (one, two) in [(true, false), (false, true), (false, false)] {
        let (client, server) = with(one, two);
        let mismatch = Mismatch::new(
            Parameter::Group,
            [NamedGroup::SECP256R1.0],
            [NamedGroup::X25519.0],
        );
        let kind = ErrorKind::NothingInCommon(Arc::new(mismatch));
        fails(client, server, kind, AlertDescription::HANDSHAKE_FAILURE);
    }
}

#[test]
fn one_that_is_not_known_falls_back_to_certificates() {
    let world = World::new();
    let (ours, theirs) = (
        psk("ours", 1, PskHash::Sha256),
        psk("theirs", 2, PskHash::Sha256),
    );
    let client = world.client().psk(ours).build().unwrap();
    let server = world.server().psks(Psks::of(&[&theirs])).build().unwrap();
    let (client, server, _) = full(client, server);
    for summary in [&client, &server] {
        assert_eq!(summary.authentication, Authentication::Certificates);
    }
    assert!(client.verified.is_some());
}

#[test]
fn one_that_is_not_known_fails_without_certificates() {
    let world = World::new();
    let (ours, theirs) = (
        psk("ours", 1, PskHash::Sha256),
        psk("theirs", 2, PskHash::Sha256),
    );
    // The server has none.
    let server = ServerConfig::builder().psks(Psks::of(&[&theirs]));
    let mismatch = Mismatch::new(Parameter::Psk, [], []);
    fails(
        world.client().psk(ours.clone()).build().unwrap(),
        server.build().unwrap(),
        ErrorKind::NothingInCommon(Arc::new(mismatch)),
        AlertDescription::UNKNOWN_PSK_IDENTITY,
    );
    // The client takes none.
    let client = ClientConfig::builder().psk(ours).build().unwrap();
    let server = world.server().psks(Psks::of(&[&theirs])).build().unwrap();
    let mut pair = pair_at(0, &client, &server, None);
    let (error, _) = pair.failure();
    let error = error.unwrap();
    assert!(matches!(error.kind(), ErrorKind::Certificate(_)), "{error}");
    assert!(pair.client.done.is_none() && pair.server.done.is_none());
}

#[test]
fn a_wrong_key() {
    let world = World::new();
    let (right, wrong) = (psk("id", 1, PskHash::Sha256), psk("id", 2, PskHash::Sha256));
    for certificates in [false, true] {
        let (client, server) = match certificates {
            true => (world.client(), world.server()),
            false => (ClientConfig::builder(), ServerConfig::builder()),
        };
        fails(
            client.psk(wrong.clone()).build().unwrap(),
            server.psks(Psks::of(&[&right])).build().unwrap(),
            ErrorKind::Protocol(Violation::BadBinder),
            AlertDescription::DECRYPT_ERROR,
        );
    }
}

#[test]
fn the_wrong_hash() {
    // Known by name, for another hash: the binder has another length.
    let (ours, theirs) = (psk("id", 1, PskHash::Sha256), psk("id", 1, PskHash::Sha384));
    let client = ClientConfig::builder().psk(ours).build().unwrap();
    let server = ServerConfig::builder().psks(Psks::of(&[&theirs]));
    fails(
        client,
        server.build().unwrap(),
        ErrorKind::Protocol(Violation::BadBinder),
        AlertDescription::DECRYPT_ERROR,
    );
}

#[test]
fn several() {
    let world = World::new();
    let list = [
        psk("a", 1, PskHash::Sha256),
        psk("b", 2, PskHash::Sha384),
        psk("c", 3, PskHash::Sha256),
    ];
    for (known, name) in list.iter().zip(["a", "b", "c"]) {
        let mut client = world.client();
        for psk in &list {
            client = client.psk(psk.clone());
        }
        let store = Psks::of(&[known]);
        let server = ServerConfig::builder().psks(store.clone()).build().unwrap();
        let (client, server, _) = full(client.build().unwrap(), server);
        assert_eq!(client.authentication, by(name));
        assert_eq!(server.authentication, by(name));
        assert_eq!(store.asked.lock().unwrap().last().unwrap(), name.as_bytes());
    }
}

#[test]
fn of_a_hash_that_no_suite_has_it_is_not_offered() {
    let list = [psk("a", 1, PskHash::Sha384), psk("b", 2, PskHash::Sha256)];
    let client = ClientConfig::builder()
        .psk(list[0].clone())
        .psk(list[1].clone());
    let client = client.cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256]);
    let store = Psks::of(&[&list[0], &list[1]]);
    let server = ServerConfig::builder().psks(store.clone()).build().unwrap();
    let (client, ..) = full(client.build().unwrap(), server);
    assert_eq!(client.authentication, by("b"));
    assert_eq!(*store.asked.lock().unwrap(), [b"b"]);
}

#[test]
fn a_server_without_a_suite_of_its_hash_goes_on_without_it() {
    let world = World::new();
    let psk = psk("id", 1, PskHash::Sha384);
    let client = world.client().psk(psk.clone()).build().unwrap();
    let server = world.server().psks(Psks::of(&[&psk]));
    let server = server.cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256]);
    let (client, ..) = full(client, server.build().unwrap());
    assert_eq!(client.authentication, Authentication::Certificates);
}

#[test]
fn after_a_retry() {
    let list = [psk("a", 1, PskHash::Sha384), psk("b", 2, PskHash::Sha256)];
    let client = ClientConfig::builder()
        .psk(list[0].clone())
        .psk(list[1].clone());
    let client = client.key_shares(&[NamedGroup::X25519]).build().unwrap();
    let store = Psks::of(&[&list[1]]);
    let server = ServerConfig::builder()
        .psks(store)
        .groups(&[NamedGroup::SECP384R1]);
    let (client, ..) = full(client, server.build().unwrap());
    assert_eq!(client.authentication, by("b"));
    assert!(client.hello_retry_request);
}

#[test]
fn a_session_goes_before_it() {
    let world = World::new();
    let psk = psk("id", 1, PskHash::Sha256);
    let client = world.client().psk(psk.clone()).early_data(true);
    let client = client.build().unwrap();
    let takes = early(&world).0.build().unwrap();
    let session = |server| sessions(&client, server).pop();
    let both = early(&world).0.psks(Psks::of(&[&psk])).build().unwrap();
    let mut pair = pair_at(1, &client, &both, session(&takes));
    assert_eq!(early_data(&mut pair), Ok(()));
    assert!(pair.client.done.unwrap().resumed());
    // A server that doesn't know the session knows the key, and takes no early data under it.
    let only = world.server().psks(Psks::of(&[&psk])).build().unwrap();
    let mut pair = pair_at(1, &client, &only, session(&takes));
    assert_eq!(early_data(&mut pair), Err((R::OtherPsk, R::OtherPsk)));
    assert_eq!(pair.client.done.unwrap().authentication, by("id"));
}

#[test]
fn a_config_needs_something_to_know_the_other_end_by() {
    assert!(ClientConfig::builder().build().is_err());
    assert!(ServerConfig::builder().build().is_err());
}

/// One end of a key that both ends use in both roles, and the key as each role has it.
struct Peer {
    client: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
}

impl Peer {
    fn new(as_client: Vec<ExternalPsk>, as_server: Vec<ExternalPsk>) -> Self {
        let mut client = ClientConfig::builder();
        for psk in as_client {
            client = client.psk(Arc::new(psk));
        }
        let known: Vec<_> = as_server.into_iter().map(Arc::new).collect();
        let store = Psks::of(&known.iter().collect::<Vec<_>>());
        Self {
            client: client.build().unwrap(),
            server: ServerConfig::builder().psks(store).build().unwrap(),
        }
    }
}

fn key() -> SecretBytes {
    SecretBytes::new(vec![1; 32])
}

#[test]
fn selfie_without_the_importer() {
    // Whoever uses a key in both roles can be made to talk to itself (RFC 9257 4.1): that is known,
    // and what the importer's context is for.
    let own = || vec![ExternalPsk::new(b"id", key(), PskHash::Sha256).unwrap()];
    let peer = Peer::new(own(), own());
    let (client, server, _) = full(peer.client, peer.server);
    assert_eq!(client.authentication, by("id"));
    assert_eq!(server.authentication, by("id"));
}

#[test]
fn selfie_with_the_importer() {
    let provider = symbolon::provider::default_provider();
    let import = |client: &str, server: &str| {
        let importer = PskImporter::new(&provider, b"id", key(), PskHash::Sha256);
        let importer = importer.between(client.as_bytes(), server.as_bytes());
        importer.unwrap().import().unwrap()
    };
    let peer = |own: &str, other: &str| Peer::new(import(own, other), import(other, own));
    let (alice, bob) = (peer("alice", "bob"), peer("bob", "alice"));
    let (client, server, _) = full(alice.client.clone(), bob.server.clone());
    assert!(matches!(client.authentication, Authentication::Psk { .. }));
    assert_eq!(client.authentication, server.authentication);
    full(bob.client, alice.server.clone());
    // Sent back to its sender it is of no use.
    let mismatch = Mismatch::new(Parameter::Psk, [], []);
    fails(
        alice.client,
        alice.server,
        ErrorKind::NothingInCommon(Arc::new(mismatch)),
        AlertDescription::UNKNOWN_PSK_IDENTITY,
    );
}

#[test]
fn an_imported_key_has_a_binder_of_its_own() {
    // Known to one end as imported, to the other one as it is: the binder's label tells them apart.
    let provider = symbolon::provider::default_provider();
    let importer = PskImporter::new(&provider, b"id", key(), PskHash::Sha256);
    let imported = importer.import().unwrap().remove(0);
    let plain = ExternalPsk::new(imported.identity(), key(), PskHash::Sha256).unwrap();
    let store = Psks::of(&[&Arc::new(plain)]);
    let server = ServerConfig::builder().psks(store).build().unwrap();
    let client = ClientConfig::builder().psk(Arc::new(imported));
    fails(
        client.build().unwrap(),
        server,
        ErrorKind::Protocol(Violation::BadBinder),
        AlertDescription::DECRYPT_ERROR,
    );
}
