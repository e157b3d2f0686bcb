//! TLS 1.2 with pre-shared keys: the ECDHE_PSK suites (RFC 5489, RFC 7905, RFC 8442).

mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
    pub mod rogue12;
}

use common::pair::{Pair, records};
use common::rogue::{World, group, vec8, vec16};
use common::rogue12::{BOTH, Rogue, TLS12, suite};
use std::sync::Arc;
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::{
    CipherSuite, ExtensionType as X, HandshakeType as T, NamedGroup, ProtocolVersion,
};
use symbolon::config::*;
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::crypto::SuiteAuth;
use symbolon::error::{DecodeFault, ErrorKind, Misuse, Parameter, Violation as V};
use symbolon::handshake::{Answer, Authentication, Request, Summary};
use symbolon::pki::Decision;
use symbolon::provider::default_provider;
use symbolon::secret::SecretBytes;
use symbolon::wire::hello::ClientHello;
use symbolon::wire::tls12::{PskClientKeyExchange, PskServerKeyExchange};

const KEY: [u8; 32] = [0x5e; 32];
const GCM: CipherSuite = CipherSuite::TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256;

fn psk(identity: &[u8], key: &[u8]) -> Arc<ExternalPsk> {
    let key = SecretBytes::new(key.to_vec());
    Arc::new(ExternalPsk::new(identity, key, PskHash::Sha256).unwrap())
}

/// One key, or none; or nobody knows yet.
#[derive(Debug)]
enum Keys {
    One(Arc<ExternalPsk>),
    Later,
}

impl PskStore for Keys {
    fn find(&self, query: &PskQuery) -> Decision<Option<Arc<ExternalPsk>>> {
        match self {
            Self::One(psk) if psk.identity() == query.identity => {
                Decision::Now(Some(Arc::clone(psk)))
            }
            Self::One(_) => Decision::Now(None),
            Self::Later => Decision::Later,
        }
    }
}

/// A client that knows servers by this key alone.
fn client(psk: Arc<ExternalPsk>) -> ClientConfigBuilder {
    ClientConfig::builder().versions(TLS12).psk(psk)
}

/// A server that knows clients by a key alone.
fn server() -> ServerConfigBuilder {
    let keys = Keys::One(psk(b"client 1", &KEY));
    ServerConfig::builder().versions(TLS12).psks(Arc::new(keys))
}

fn pair(client: ClientConfigBuilder, server: ServerConfigBuilder) -> Pair {
    Pair::new(client.build().unwrap(), server.build().unwrap())
}

#[track_caller]
fn run(client: ClientConfigBuilder, server: ServerConfigBuilder) -> (Summary, Summary) {
    let mut pair = pair(client, server);
    let (client, server) = pair.handshake();
    pair.client.send(b"ping");
    pair.server.send(b"pong");
    pair.run();
    assert_eq!(
        (&pair.server.data[..], &pair.client.data[..]),
        (&b"ping"[..], &b"pong"[..])
    );
    let secret = pair.client.connection.tls_exporter().unwrap();
    assert_eq!(secret, pair.server.connection.tls_exporter().unwrap());
    assert!(pair.client.sessions.is_empty());
    (client, server)
}

fn by_psk() -> Authentication {
    let identity = b"client 1".to_vec();
    Authentication::Psk { identity }
}

#[test]
fn every_suite_and_the_ccm_ones_only_by_name() {
    let suites = default_provider().tls12_suites.iter();
    let suites: Vec<_> = suites
        .filter(|suite| suite.auth == SuiteAuth::Psk)
        .collect();
    let mut names: Vec<u16> = suites.iter().map(|suite| suite.name.0).collect();
    names.sort_unstable();
    assert_eq!(names, [0xccac, 0xd001, 0xd002, 0xd003, 0xd005]);
    for suite in suites {
        let client = client(psk(b"client 1", &KEY)).cipher_suites(&[suite.name]);
        let (ours, theirs) = run(client.clone(), server().cipher_suites(&[suite.name]));
        assert_eq!(
            (ours.cipher_suite, theirs.cipher_suite),
            (suite.name, suite.name)
        );
        assert_eq!(
            (&ours.authentication, &theirs.authentication),
            (&by_psk(), &by_psk())
        );
        // RFC 8442 1: the key exchange is ephemeral, and no one has a certificate.
        assert_eq!(ours.group, Some(NamedGroup::X25519));
        assert_eq!((ours.peer_chain, theirs.peer_chain), (None, None));
        assert_eq!((ours.verified, theirs.verified), (None, None));
        let ccm = suite.name.to_string().contains("CCM");
        assert_eq!(suite.by_default, !ccm);
        if ccm {
            let (_, error) = pair(client, server()).failure();
            let ErrorKind::NothingInCommon(mismatch) = error.unwrap().kind().clone() else {
                panic!("not a mismatch");
            };
            assert_eq!(mismatch.parameter, Parameter::CipherSuite);
        }
    }
}

#[test]
fn keys_and_identities_of_any_length() {
    for len in [16, 64, 1000, 65_535] {
        let key = vec![7; len];
        let known = psk(b"client 1", &key);
        let keys = Keys::One(Arc::clone(&known));
        run(client(known), server().psks(Arc::new(keys)));
    }
    let long = vec![b'i'; 2000];
    let known = psk(&long, &KEY);
    run(
        client(Arc::clone(&known)),
        server().psks(Arc::new(Keys::One(known))),
    );
}

#[test]
fn an_unknown_identity_is_like_a_wrong_key() {
    // RFC 4279 2: nobody can find out which identities there are.
    let mut seen = Vec::new();
    for (identity, key) in [(&b"client 2"[..], KEY), (b"client 1", [0; 32])] {
        let mut pair = pair(client(psk(identity, &key)), server());
        let (client, server) = pair.failure();
        assert_eq!(
            *client.unwrap().kind(),
            ErrorKind::AlertReceived(A::BAD_RECORD_MAC)
        );
        let server = server.unwrap();
        assert!(pair.server.done.is_none() && pair.client.done.is_none());
        seen.push((server, records(&pair.to_client)));
    }
    assert_eq!(seen[0], seen[1]);
}

#[test]
fn a_key_beside_certificates() {
    let world = World::new();
    let trusting = || world.client_config().versions(TLS12);
    let showing = || world.server_config().versions(TLS12);
    let keys = || Arc::new(Keys::One(psk(b"client 1", &KEY)));
    // Where both have keys, they are used.
    let known = psk(b"client 1", &KEY);
    let (ours, _) = run(trusting().psk(Arc::clone(&known)), showing().psks(keys()));
    assert_eq!(ours.authentication, by_psk());
    // Unless the certificate's suites are liked more.
    let ecdsa = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let certified = showing().psks(keys()).cipher_suites(&[ecdsa, GCM]);
    let (ours, _) = run(trusting().psk(Arc::clone(&known)), certified);
    assert_eq!(ours.authentication, Authentication::Certificates);
    // One of them has none.
    let (ours, _) = run(trusting(), showing().psks(keys()));
    assert_eq!(ours.authentication, Authentication::Certificates);
    let (ours, _) = run(trusting().psk(Arc::clone(&known)), showing());
    assert_eq!(ours.authentication, Authentication::Certificates);
    // A client without roots, or a server without a certificate, has nothing else.
    for (client, server) in [(client(known), showing()), (trusting(), server())] {
        let (ours, theirs) = pair(client, server).failure();
        assert_eq!(
            *ours.unwrap().kind(),
            ErrorKind::AlertReceived(A::HANDSHAKE_FAILURE)
        );
        assert!(matches!(
            theirs.unwrap().kind(),
            ErrorKind::NothingInCommon(_)
        ));
    }
}

fn hello(config: ClientConfigBuilder) -> Vec<CipherSuite> {
    let mut pair = pair(config, server());
    pair.client.run();
    let hello = ClientHello::parse(&pair.client.output[9..]).unwrap();
    hello.cipher_suites.iter().collect()
}

#[test]
fn suites_are_offered_only_with_keys_for_them() {
    let is_psk = |name: &CipherSuite| suite(*name).auth == SuiteAuth::Psk;
    let world = World::new();
    let trusting = || world.client_config().versions(TLS12);
    assert!(!hello(trusting()).iter().any(is_psk));
    let both = hello(trusting().psk(psk(b"i", &KEY)));
    assert!(both.iter().any(is_psk) && !both.iter().all(is_psk));
    let alone = hello(client(psk(b"i", &KEY)));
    assert!(alone.len() == 3 && alone.iter().all(is_psk));
    // What is no key, or has no room.
    for (identity, key) in [(0, 32), (4097, 32), (1, 15), (1, 0x10000)] {
        let key = SecretBytes::new(vec![7; key]);
        let error = ExternalPsk::new(&vec![b'i'; identity], key, PskHash::Sha256);
        let error = error.unwrap_err();
        assert!(
            matches!(error.kind(), ErrorKind::Misuse(Misuse::Config(_))),
            "{error}"
        );
    }
    let error = ClientConfig::builder()
        .roots(world.pki.roots())
        .cipher_suites(&[GCM]);
    let error = error.build().unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Misuse(Misuse::Config(_))),
        "{error}"
    );
}

#[test]
fn both_versions_with_the_same_key() {
    for (versions, expected) in [
        (TLS12, ProtocolVersion::TLS12),
        (BOTH, ProtocolVersion::TLS13),
    ] {
        let client = client(psk(b"client 1", &KEY)).versions(BOTH);
        let (ours, theirs) = run(client, server().versions(versions));
        assert_eq!(ours.version, expected);
        assert_eq!(
            (ours.authentication, theirs.authentication),
            (by_psk(), by_psk())
        );
    }
}

#[test]
fn no_session_comes_of_a_key() {
    // It would be resumed where the key is no longer known.
    #[derive(Debug)]
    struct Clear;
    impl Ticketer for Clear {
        fn seal(
            &self,
            _: &[u8],
            _: rustls_pki_types::UnixTime,
            _: &mut symbolon::crypto::Random,
        ) -> Option<Vec<u8>> {
            panic!("a ticket");
        }
        fn open(&self, _: &[u8], _: rustls_pki_types::UnixTime) -> Decision<Option<SecretBytes>> {
            Decision::Now(None)
        }
    }
    let server = server().sessions(StatelessSessions::new(Arc::new(Clear)));
    run(client(psk(b"client 1", &KEY)), server);
}

#[test]
fn a_key_that_is_told_later() {
    let client = || client(psk(b"client 1", &KEY));
    let server = server().psks(Arc::new(Keys::Later));
    for known in [true, false] {
        let mut pair = pair(client(), server.clone());
        pair.server.answerer = Some(Box::new(move |request| {
            let Request::Psk(query) = request else {
                panic!("{request:?}");
            };
            assert_eq!(query.identity, b"client 1");
            Some(Answer::Psk(known.then(|| psk(b"client 1", &KEY))))
        }));
        pair.run();
        assert_eq!(pair.server.done.is_some(), known);
        assert_eq!(pair.client.done.is_some(), known);
    }
    let mut pair = pair(client(), server);
    pair.server.answerer = Some(Box::new(|_| Some(Answer::Refuse(A::UNKNOWN_PSK_IDENTITY))));
    let (error, _) = pair.failure();
    let told = ErrorKind::AlertReceived(A::UNKNOWN_PSK_IDENTITY);
    assert_eq!(*error.unwrap().kind(), told);
}

#[test]
fn pieces_of_every_small_size() {
    for step in [1, 2, 3, 5, 7, 64] {
        let mut pair = pair(client(psk(b"client 1", &KEY)), server());
        pair.step = Some(step);
        pair.handshake();
    }
}

/// RFC 5489 2: both secrets, each with its length.
fn premaster(shared: &[u8], key: &[u8]) -> Vec<u8> {
    [vec16(shared), vec16(key)].concat()
}

type Server = Rogue<ClientConnection>;

/// A scripted server, up to its ServerHello.
fn scripted_server() -> Server {
    let config = client(psk(b"client 1", &KEY)).build().unwrap();
    let mut rogue = Server::server(config);
    rogue.suite = suite(GCM);
    rogue.server_hello(|_| ());
    rogue
}

/// ServerKeyExchange with this hint.
fn key_exchange(rogue: &mut Server, hint: &[u8]) {
    let group = group(NamedGroup::X25519);
    let exchange = group.start(&mut rogue.random).unwrap();
    let mut public = vec![0; group.client_share_len()];
    exchange.write_share(&mut public).unwrap();
    rogue.exchange = Some(exchange);
    let params = [&[3, 0, 29][..], &vec8(&public)].concat();
    rogue.message(T::SERVER_KEY_EXCHANGE, &[vec16(hint), params].concat());
}

#[test]
fn a_hint_is_ignored() {
    for hint in [&b""[..], b"a hint", &[0xff; 300]] {
        let mut rogue = scripted_server();
        key_exchange(&mut rogue, hint);
        rogue.hello_done();
        rogue.peer.run();
        let (kind, raw) = rogue.read_message();
        assert_eq!(kind, T::CLIENT_KEY_EXCHANGE);
        let message = PskClientKeyExchange::parse(&raw[4..]).unwrap();
        assert_eq!(message.identity, b"client 1");
        let exchange = rogue.exchange.take().unwrap();
        let shared = exchange.finish(message.public).unwrap();
        rogue.derive_from(&premaster(shared.expose(), &KEY));
        rogue.read_finished();
        rogue.ccs();
        rogue.finished();
        rogue.peer.run();
        rogue.works();
    }
}

#[test]
fn each_other_message_of_a_server_is_refused() {
    for kind in [
        T::CERTIFICATE,
        T::CERTIFICATE_STATUS,
        T::CERTIFICATE_REQUEST,
        T::SERVER_KEY_EXCHANGE,
        T::SERVER_HELLO_DONE,
        T::NEW_SESSION_TICKET,
        T::FINISHED,
    ] {
        if kind != T::SERVER_KEY_EXCHANGE {
            let mut rogue = scripted_server();
            rogue.message(kind, &[]);
            rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
        }
        if kind != T::SERVER_HELLO_DONE {
            let mut rogue = scripted_server();
            key_exchange(&mut rogue, b"");
            rogue.message(kind, &[]);
            rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
        }
    }
    for begun in [false, true] {
        let mut rogue = scripted_server();
        if begun {
            key_exchange(&mut rogue, b"");
        }
        rogue.bare_ccs();
        rogue.refused(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
    }
}

#[test]
fn key_exchanges_of_a_server_that_are_wrong() {
    let send = |body: &[u8]| {
        let mut rogue = scripted_server();
        rogue.message(T::SERVER_KEY_EXCHANGE, body);
        rogue
    };
    let params = |group: u16| [&[0, 0, 3][..], &group.to_be_bytes(), &vec8(&[9; 32])].concat();
    send(&params(0x001e)).refused(V::GroupNotOffered, A::ILLEGAL_PARAMETER);
    // As if it were signed.
    let signed = [&params(29)[..], &[4, 3, 0, 1, 0]].concat();
    send(&signed).refused_as(DecodeFault::TrailingBytes, A::DECODE_ERROR);
    send(&params(29)[..20]).refused_as(DecodeFault::Truncated, A::DECODE_ERROR);
    // A curve by its parameters (RFC 8422 5.4).
    let mut explicit = params(29);
    explicit[2] = 1;
    send(&explicit).refused_as(DecodeFault::BadValue, A::ILLEGAL_PARAMETER);
    // A key that makes the secret known to all.
    let mut weak = params(29);
    weak[6..].fill(0);
    let mut rogue = send(&weak);
    rogue.hello_done();
    rogue.failed(Some(A::ILLEGAL_PARAMETER));
    // A suite that wasn't offered: this client has no roots.
    let config = client(psk(b"client 1", &KEY)).build().unwrap();
    let mut rogue = Server::server(config);
    rogue.server_hello(|_| ());
    rogue.refused(V::SuiteNotOffered, A::ILLEGAL_PARAMETER);
}

#[test]
fn a_server_with_another_key() {
    let mut rogue = scripted_server();
    key_exchange(&mut rogue, b"");
    rogue.hello_done();
    rogue.peer.run();
    let (_, raw) = rogue.read_message();
    let public = PskClientKeyExchange::parse(&raw[4..]).unwrap().public;
    let shared = rogue.exchange.take().unwrap().finish(public).unwrap();
    rogue.derive_from(&premaster(shared.expose(), &[0; 32]));
    rogue.peer.output.clear();
    rogue.ccs();
    rogue.finished();
    rogue.peer.run();
    assert!(rogue.peer.failed.is_some());
    rogue.nothing_accepted();
}

type Client = Rogue<ServerConnection>;

/// A scripted client that has read the server's flight, with the server's public key.
fn scripted_client() -> (Client, Vec<u8>) {
    let mut rogue = Client::client(server().build().unwrap());
    rogue.suite = suite(GCM);
    rogue.client_hello(|h| {
        // Of no use here (RFC 8442 4): nothing is signed.
        h.remove(X::SIGNATURE_ALGORITHMS);
    });
    let mut public = Vec::new();
    rogue.peer.run();
    let mut kinds = Vec::new();
    while kinds.last() != Some(&T::SERVER_HELLO_DONE) {
        let (kind, raw) = rogue.read_message();
        if kind == T::SERVER_HELLO {
            let hello = symbolon::wire::hello::ServerHello::parse(&raw[4..]).unwrap();
            rogue.server_random = *hello.random;
        }
        if kind == T::SERVER_KEY_EXCHANGE {
            let exchange = PskServerKeyExchange::parse(&raw[4..]).unwrap();
            assert_eq!(exchange.identity_hint, b"");
            public = exchange.public.to_vec();
        }
        kinds.push(kind);
    }
    assert_eq!(
        kinds,
        [
            T::SERVER_HELLO,
            T::SERVER_KEY_EXCHANGE,
            T::SERVER_HELLO_DONE
        ]
    );
    (rogue, public)
}

/// ClientKeyExchange, and the keys.
fn client_key_exchange(rogue: &mut Client, public: &[u8], identity: &[u8], key: &[u8]) {
    let group = group(NamedGroup::X25519);
    let mut own = vec![0; group.server_share_len()];
    let shared = group.respond(&mut rogue.random, public, &mut own).unwrap();
    let body = [vec16(identity), vec8(&own)].concat();
    rogue.message(T::CLIENT_KEY_EXCHANGE, &body);
    rogue.derive_from(&premaster(shared.expose(), key));
}

#[test]
fn a_client_by_the_book() {
    let (mut rogue, public) = scripted_client();
    client_key_exchange(&mut rogue, &public, b"client 1", &KEY);
    rogue.ccs();
    rogue.finished();
    rogue.read_end();
    rogue.works();
}

#[test]
fn each_other_message_of_a_client_is_refused() {
    for kind in [
        T::CERTIFICATE,
        T::CERTIFICATE_VERIFY,
        T::FINISHED,
        T::CLIENT_HELLO,
    ] {
        let (mut rogue, _) = scripted_client();
        rogue.message(kind, &[]);
        rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
        let (mut rogue, public) = scripted_client();
        client_key_exchange(&mut rogue, &public, b"client 1", &KEY);
        rogue.message(kind, &[]);
        rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    }
    let (mut rogue, _) = scripted_client();
    rogue.bare_ccs();
    rogue.refused(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
    // Without an identity, as in the other suites.
    let (mut rogue, _) = scripted_client();
    rogue.message(T::CLIENT_KEY_EXCHANGE, &vec8(&[9; 32]));
    rogue.failed(Some(A::DECODE_ERROR));
    // The right keys, and a Finished that isn't.
    let (mut rogue, public) = scripted_client();
    client_key_exchange(&mut rogue, &public, b"client 1", &KEY);
    rogue.ccs();
    rogue.message(T::FINISHED, &[0; 12]);
    rogue.refused(V::BadFinished, A::DECRYPT_ERROR);
}

#[test]
fn an_imported_key_is_not_for_this_version() {
    // RFC 9258 5.1: it is bound to TLS 1.3, and its identity is no name that TLS 1.2 would send.
    let imported = || {
        let key = SecretBytes::new(KEY.to_vec());
        let importer = PskImporter::new(&default_provider(), b"client 1", key, PskHash::Sha256);
        let keys = importer.import().unwrap().into_iter();
        keys.map(Arc::new).collect::<Vec<_>>()
    };
    let error = client(imported().remove(0)).build().unwrap_err();
    assert!(
        matches!(error.kind(), ErrorKind::Misuse(Misuse::Config(_))),
        "{error}"
    );
    // Beside one that isn't imported, that one is used.
    let mut both = ClientConfig::builder().versions(TLS12);
    for key in imported() {
        both = both.psk(key);
    }
    let (ours, _) = run(both.psk(psk(b"client 1", &KEY)), server());
    assert_eq!(ours.authentication, by_psk());
    // A server that has nothing else for this identity treats it as one that isn't there.
    let key = imported().remove(0);
    let same_name = psk(key.identity(), &KEY);
    let keys = Arc::new(Keys::One(key));
    let (error, _) = pair(client(same_name), server().psks(keys)).failure();
    assert_eq!(
        *error.unwrap().kind(),
        ErrorKind::AlertReceived(A::BAD_RECORD_MAC)
    );
}
