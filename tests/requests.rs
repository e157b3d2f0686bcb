//! Steps that the application answers later, and what wrong answers and calls change: nothing.

mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
}

use common::certs::NOW;
use common::pair::{End, Pair, records};
use common::rogue::{World, credential};
use rustls_pki_types::ServerName;
use std::sync::Arc;
use symbolon::codepoint::*;
use symbolon::config::*;
use symbolon::conn::{ClientConnection, Connection, Event, ServerConnection};
use symbolon::crypto::{MAX_SIGNATURE_LEN, Random, VerifyAlgorithms};
use symbolon::error::{CertificateError, CryptoError, Error, ErrorKind, Limit, Misuse};
use symbolon::handshake::{Answer, Request};
use symbolon::pki::{Decision, PathVerifier, VerifiedChain, Verifier, VerifyRequest};
use symbolon::provider::RUSTCRYPTO;

/// Leaves everything to the application.
#[derive(Debug)]
struct Later;

impl ChooseServerCredential for Later {
    fn choose(&self, _: &ClientHelloInfo) -> Decision<Option<Arc<Credential>>> {
        Decision::Later
    }
}

impl ChooseClientCredential for Later {
    fn choose(&self, _: &CertificateRequestInfo) -> Decision<Option<Arc<Credential>>> {
        Decision::Later
    }
}

impl Verifier for Later {
    fn verify(
        &self,
        _: &VerifyRequest,
        _: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        Decision::Later
    }
}

/// The same chain with a key elsewhere.
fn external(identity: &common::certs::Identity) -> Arc<Credential> {
    let key = Key::External(vec![SignatureScheme::ECDSA_SECP256R1_SHA256]);
    Arc::new(Credential::with_key(identity.0.clone(), key).unwrap())
}

/// A client and a server that ask for everything.
struct Asking {
    world: World,
    pair: Pair,
    server_config: Arc<ServerConfig>,
}

impl Asking {
    fn new() -> Self {
        Self::of(ProtocolVersion::TLS13)
    }

    fn of(version: ProtocolVersion) -> Self {
        let world = World::new();
        let client = world
            .client_config()
            .versions(&[version])
            .verifier(Arc::new(Later))
            .credentials(Arc::new(Later));
        let server_config = world
            .server_config()
            .versions(&[version])
            .credentials(Arc::new(Later))
            .client_auth(ClientAuth::Required(Arc::new(Later)))
            .build()
            .unwrap();
        let mut pair = Pair::new(client.build().unwrap(), server_config.clone());
        let server = ServerConnection::undecided(Limits::default(), [2; 32], NOW).unwrap();
        pair.server = End::new(server);
        pair.client.answerer = Some(Box::new(|_| None));
        pair.server.answerer = Some(Box::new(|_| None));
        Self {
            world,
            pair,
            server_config,
        }
    }

    fn answer(&self, request: &Request) -> Answer {
        match request {
            Request::Config(info) => {
                assert_eq!(info.server_name().unwrap().as_ref(), "server.example");
                assert!(info.verifies(SignatureScheme::ED25519));
                Answer::Config(self.server_config.clone())
            }
            Request::ServerCredential(_) => Answer::Credential(Some(external(&self.world.server))),
            Request::ClientCredential(info) => {
                assert!(!info.schemes.is_empty());
                Answer::Credential(Some(external(&self.world.client)))
            }
            Request::VerifyChain(request) => Answer::Chain(
                PathVerifier::new(self.world.pki.roots()).verify_now(request, &RUSTCRYPTO.verify),
            ),
            Request::Sign(request) => {
                let own = [&self.world.server, &self.world.client]
                    .into_iter()
                    .find(|i| i.0[0] == request.credential.chain()[0])
                    .unwrap();
                let key = RUSTCRYPTO.keys.load(&own.1).unwrap();
                let mut out = vec![0; MAX_SIGNATURE_LEN];
                let random = &mut Random::new([3; 32]);
                let len = key.sign(request.scheme, request.message(), random, &mut out);
                out.truncate(len.unwrap());
                Answer::Signature(out)
            }
            _ => panic!("something new"),
        }
    }
}

fn name(request: &Request) -> &'static str {
    match request {
        Request::Config(_) => "config",
        Request::ServerCredential(_) => "server credential",
        Request::ClientCredential(_) => "client credential",
        Request::VerifyChain(_) => "chain",
        Request::Sign(_) => "sign",
        _ => panic!("something new"),
    }
}

/// The request that is open at this end; asking for it changes nothing.
fn open<C: Connection>(end: &mut End<C>) -> Option<Request> {
    let before = end.input.clone();
    let mut sink = Vec::new();
    let received = end.connection.receive(&mut end.input, &mut sink);
    let consumed = received.consumed;
    let request = match received.event {
        Event::Ask(request) => {
            assert_eq!(consumed, 0);
            Some(request)
        }
        Event::HandshakeDone(summary) => {
            end.done = Some(*summary);
            None
        }
        Event::NeedInput { .. } | Event::Failed(_) => None,
        event => panic!("{event:?}"),
    };
    if request.is_some() {
        assert_eq!(end.input, before);
    }
    end.input.drain(..consumed);
    end.output.extend(sink);
    request
}

/// All answers that don't fit.
fn wrong(asking: &Asking, request: &Request) -> Vec<Answer> {
    let all = [
        Answer::Config(asking.server_config.clone()),
        Answer::Credential(None),
        Answer::Chain(Ok(VerifiedChain::by_application("test"))),
        Answer::Signature(vec![1]),
    ];
    let fits = |answer: &Answer| {
        matches!(
            (request, answer),
            (Request::Config(_), Answer::Config(_))
                | (
                    Request::ServerCredential(_) | Request::ClientCredential(_),
                    Answer::Credential(_)
                )
                | (Request::VerifyChain(_), Answer::Chain(_))
                | (Request::Sign(_), Answer::Signature(_))
        )
    };
    all.into_iter().filter(|answer| !fits(answer)).collect()
}

/// Runs until the requests of one side are answered but for the one of this number, counted over
/// both sides; all of their names.
fn run(asking: &mut Asking, stop_at: usize) -> (Vec<String>, Option<(bool, Request)>) {
    let mut names = Vec::new();
    for _ in 0..100 {
        asking.pair.run();
        let client = open(&mut asking.pair.client);
        let at_client = client.is_some();
        let Some(request) = client.or_else(|| open(&mut asking.pair.server)) else {
            return (names, None);
        };
        let side = if at_client { "client" } else { "server" };
        names.push(format!("{side}: {}", name(&request)));
        if names.len() > stop_at {
            return (names, Some((at_client, request)));
        }
        let answer = asking.answer(&request);
        match at_client {
            true => asking.pair.client.connection.answer(answer).unwrap(),
            false => asking.pair.server.connection.answer(answer).unwrap(),
        }
    }
    panic!("no end");
}

/// In which order. The client's chain comes in before the server has signed.
const ALL: [&str; 7] = [
    "server: config",
    "server: server credential",
    "client: chain",
    "server: sign",
    "client: client credential",
    "client: sign",
    "server: chain",
];

/// In TLS 1.2 the chain is looked at with the signature.
const ALL_OF_TLS12: [&str; 7] = [
    "server: config",
    "server: server credential",
    "server: sign",
    "client: chain",
    "client: client credential",
    "client: sign",
    "server: chain",
];

const VERSIONS: [(ProtocolVersion, [&str; 7]); 2] = [
    (ProtocolVersion::TLS13, ALL),
    (ProtocolVersion::TLS12, ALL_OF_TLS12),
];

#[test]
fn everything_can_be_answered_later() {
    for (version, all) in VERSIONS {
        let mut asking = Asking::of(version);
        let (names, open) = run(&mut asking, usize::MAX);
        assert_eq!(names, all);
        assert!(open.is_none());
        let (client, server) = asking.pair.handshake();
        assert_eq!((client.version, server.version), (version, version));
        assert!(client.verified.is_some() && server.verified.is_some());
        asking.pair.client.send(b"ping");
        asking.pair.run();
        assert_eq!(asking.pair.server.data, b"ping");
    }
}

#[test]
fn requests_are_told_again_and_wrong_answers_change_nothing() {
    let cases = VERSIONS.iter().flat_map(|(version, all)| {
        let each = all.iter().enumerate();
        each.map(move |(at, expected)| (*version, all, at, expected))
    });
    for (version, all, at, expected) in cases {
        let mut asking = Asking::of(version);
        let (_, request) = run(&mut asking, at);
        let (at_client, request) = request.unwrap();
        for answer in wrong(&asking, &request) {
            let result = match at_client {
                true => asking.pair.client.connection.answer(answer),
                false => asking.pair.server.connection.answer(answer),
            };
            assert_eq!(result, Err(Misuse::WrongAnswer.into()), "{expected}");
            let again = match at_client {
                true => open(&mut asking.pair.client),
                false => open(&mut asking.pair.server),
            };
            assert_eq!(name(&again.unwrap()), name(&request));
        }
        let (names, _) = run(&mut asking, usize::MAX);
        assert_eq!(names, all[at..]);
        asking.pair.handshake();
    }
}

#[test]
fn a_refusal_fits_every_request() {
    for (at, text) in ALL.iter().enumerate() {
        let mut asking = Asking::new();
        let (at_client, _) = run(&mut asking, at).1.unwrap();
        let alert = AlertDescription::ACCESS_DENIED;
        let pair = &mut asking.pair;
        match at_client {
            true => pair
                .client
                .connection
                .answer(Answer::Refuse(alert))
                .unwrap(),
            false => pair
                .server
                .connection
                .answer(Answer::Refuse(alert))
                .unwrap(),
        }
        pair.run();
        let (own, other) = match at_client {
            true => (pair.client.failed.clone(), pair.server.failed.clone()),
            false => (pair.server.failed.clone(), pair.client.failed.clone()),
        };
        assert_eq!(own, Some(ErrorKind::Refused(alert).into()));
        // What the other end has asked for meanwhile goes first.
        if let Some(other) = other {
            assert_eq!(other, ErrorKind::AlertReceived(alert).into(), "{text}");
        } else {
            let open = match at_client {
                true => open(&mut pair.server),
                false => open(&mut pair.client),
            };
            assert!(open.is_some(), "{text}");
        }
        assert!(pair.server.done.is_none());
    }
}

#[test]
fn answers_that_say_no() {
    // No certificate.
    let mut asking = Asking::new();
    run(&mut asking, 1);
    let answer = Answer::Credential(None);
    asking.pair.server.connection.answer(answer).unwrap();
    asking.pair.run();
    let failed = asking.pair.server.failed.unwrap();
    assert_eq!(failed.alert(), Some(AlertDescription::UNRECOGNIZED_NAME));
    // A signature that is none: the peer finds out.
    let mut asking = Asking::new();
    run(&mut asking, 3);
    let answer = Answer::Signature(vec![1, 2, 3]);
    asking.pair.server.connection.answer(answer).unwrap();
    run(&mut asking, usize::MAX);
    let failed = asking.pair.client.failed.unwrap();
    assert_eq!(
        *failed.kind(),
        ErrorKind::Crypto(CryptoError::InvalidSignature)
    );
    // The client has no certificate, which this server doesn't accept.
    let mut asking = Asking::new();
    run(&mut asking, 4);
    let answer = Answer::Credential(None);
    asking.pair.client.connection.answer(answer).unwrap();
    asking.pair.run();
    let failed = asking.pair.server.failed.unwrap();
    assert_eq!(failed.alert(), Some(AlertDescription::CERTIFICATE_REQUIRED));
}

#[test]
fn an_answer_that_nobody_asked_for() {
    let world = World::new();
    let client = world.client_config().build().unwrap();
    let server = world.server_config().build().unwrap();
    let mut pair = Pair::new(client, server);
    let nothing = Err(Misuse::NothingAsked.into());
    let answer = || Answer::Credential(None);
    assert_eq!(pair.client.connection.answer(answer()), nothing);
    assert_eq!(pair.server.connection.answer(answer()), nothing);
    let refuse = Answer::Refuse(AlertDescription::ACCESS_DENIED);
    assert_eq!(pair.server.connection.answer(refuse), nothing);
    pair.handshake();
    assert_eq!(pair.client.connection.answer(answer()), nothing);
    pair.client.send(b"still there");
    pair.run();
    assert_eq!(pair.server.data, b"still there");
}

#[test]
fn the_chosen_config_brings_its_own_limits() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.client_chain = 100;
    let verifier = Arc::new(PathVerifier::new(world.pki.roots()));
    let config = world
        .server_config()
        .client_auth(ClientAuth::Required(verifier))
        .limits(limits)
        .build()
        .unwrap();
    let client = world.client_config().credential(credential(&world.client));
    let mut pair = Pair::new(client.build().unwrap(), config.clone());
    let undecided = ServerConnection::undecided(Limits::default(), [2; 32], NOW).unwrap();
    pair.server = End::new(undecided);
    pair.server.answerer = Some(Box::new(move |_| Some(Answer::Config(config.clone()))));
    let (_, server) = pair.failure();
    let server = server.unwrap();
    assert!(
        matches!(
            server.kind(),
            ErrorKind::Limit(Limit::MessageSize { limit: 100, .. })
        ),
        "{server}"
    );
}

#[test]
fn calls_before_their_time_change_nothing() {
    let world = World::new();
    let name = ServerName::try_from("server.example").unwrap();
    let config = world.client_config().build().unwrap();
    let mut client = ClientConnection::new(config.clone(), name, [1; 32], NOW).unwrap();
    let not_done: Result<(), Error> = Err(Misuse::HandshakeNotDone.into());
    let mut sink = Vec::new();
    assert_eq!(client.send(b"x", &mut sink).map(|_| ()), not_done);
    assert_eq!(client.send(b"", &mut sink).map(|_| ()), not_done);
    assert_eq!(client.update_keys(true), not_done);
    let mut buf = [0; 100];
    assert_eq!(client.seal_in_place(&mut buf, 5..10).map(|_| ()), not_done);
    assert!(sink.is_empty());
    let mut client = client.into_split().unwrap_err();
    assert!(client.is_handshaking());
    let mut server = ServerConnection::new(world.server_config().build().unwrap(), [2; 32], NOW);
    let server = server.as_mut().unwrap();
    let early = server.send_before_client_finished(b"x", &mut sink);
    assert_eq!(early.map(|_| ()), not_done);
    assert!(sink.is_empty());
    assert_eq!(client.flush(&mut sink), 0);
    assert_eq!(sink[0], 22);
    let mut pair = Pair::new(config, world.server_config().build().unwrap());
    pair.client = End::new(client);
    pair.client.output = sink;
    pair.handshake();
}

#[test]
fn configs_that_cannot_be() {
    let world = World::new();
    let config = |result: Result<Arc<ClientConfig>, Error>| match result.unwrap_err().kind() {
        ErrorKind::Misuse(Misuse::Config(text)) => (*text).to_owned(),
        kind => panic!("{kind:?}"),
    };
    let builder = || world.client_config();
    let mut texts: Vec<String> = [
        ClientConfig::builder().build(),
        builder().cipher_suites(&[]).build(),
        builder().groups(&[]).build(),
        builder().alpn([""]).build(),
        builder().record_size_limit(63).build(),
        builder().key_limit(7).build(),
        builder().key_shares(&[NamedGroup::SECP384R1]).build(),
    ]
    .map(config)
    .into();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 7);
    assert!(ServerConfig::builder().build().is_err());
    assert!(builder().record_size_limit(16_386).build().is_err());
    assert!(builder().alpn([vec![b'x'; 256]]).build().is_err());
    // A key that isn't the certificate's.
    let (chain, key) = (world.server.0.clone(), &world.client.1);
    let provider = symbolon::provider::default_provider();
    let error = Credential::new(chain, key, &provider).unwrap_err();
    assert_eq!(*error.kind(), ErrorKind::Misuse(Misuse::KeyMismatch));
}

/// RFC 9846 5.1: handshake messages aren't interleaved with other records. An alert in the middle of one
/// ends the connection, and no more of the message follows it.
#[test]
fn a_refusal_while_a_message_is_partly_out_is_the_last_that_goes_out() {
    let world = World::new();
    let hybrid = [NamedGroup::X25519MLKEM768];
    let client = world.client_config().groups(&hybrid).build().unwrap();
    let server = ServerConfig::builder()
        .credential((*external(&world.server)).clone())
        .groups(&hybrid)
        .build()
        .unwrap();
    let mut pair = Pair::new(client, server);
    pair.client.run();
    pair.server.input.append(&mut pair.client.output);
    pair.server.answerer = Some(Box::new(|_| None));
    // Less than ServerHello has.
    pair.server.room = Some(512);
    pair.server.run();
    let alert = AlertDescription::ACCESS_DENIED;
    let answer = Answer::Refuse(alert);
    pair.server.connection.answer(answer).unwrap();
    pair.server.room = None;
    pair.server.run();
    let refused = Some(ErrorKind::Refused(alert).into());
    assert_eq!(pair.server.failed, refused);
    assert_eq!(records(&pair.server.output), [(22, 507), (21, 2)]);
    let (error, _) = pair.failure();
    assert_eq!(error, Some(ErrorKind::AlertReceived(alert).into()));
}

/// Never has a certificate.
#[derive(Debug)]
struct Nothing;

impl ChooseServerCredential for Nothing {
    fn choose(&self, _: &ClientHelloInfo) -> Decision<Option<Arc<Credential>>> {
        Decision::Now(None)
    }
}

/// Keeps the alerts that it is shown.
#[derive(Debug, Default)]
struct Alerts(std::sync::Mutex<Vec<AlertDescription>>);

impl Observer for Alerts {
    fn observe(&self, observation: &Observation<'_>) {
        if let Observation::Alert { description, .. } = observation {
            self.0.lock().unwrap().push(*description);
        }
    }
}

#[test]
fn the_observer_of_a_config_chosen_late_sees_why_the_handshake_fails() {
    let world = World::new();
    for undecided in [false, true] {
        let alerts = Arc::new(Alerts::default());
        let config = world
            .server_config()
            .credentials(Arc::new(Nothing))
            .observer(Arc::clone(&alerts) as Arc<dyn Observer>)
            .build()
            .unwrap();
        let client = world.client_config().build().unwrap();
        let mut pair = Pair::new(client, Arc::clone(&config));
        if undecided {
            let server = ServerConnection::undecided(Limits::default(), [2; 32], NOW).unwrap();
            pair.server = End::new(server);
            pair.server.answerer = Some(Box::new(move |request| match request {
                Request::Config(_) => Some(Answer::Config(Arc::clone(&config))),
                _ => None,
            }));
        }
        pair.run();
        let error = pair.server.failed.unwrap();
        assert_eq!(error.alert(), Some(AlertDescription::UNRECOGNIZED_NAME));
        let seen = alerts.0.lock().unwrap();
        assert_eq!(*seen, [AlertDescription::UNRECOGNIZED_NAME], "{undecided}");
    }
}
