//! Tickets that must not be honoured, and for how long those that may are good.

use super::*;
use std::sync::Mutex;
use symbolon::codepoint::*;
use symbolon::error::ErrorKind;
use symbolon::handshake::{Authentication, EarlyDataRefusal as R};
use symbolon::pki::{Decision, PathVerifier, Role, VerifiedChain, Verifier, VerifyRequest};

/// The ticket is offered and ignored: a full handshake follows, and early data isn't taken.
#[track_caller]
fn ignored(mut pair: Pair) -> (Summary, Summary) {
    pair.client.send_early(b"GET /");
    let (resumed, client, server) = resumes(&mut pair);
    assert!(!resumed);
    let hello = &hellos(&pair.to_server)[0];
    let hello = symbolon::wire::hello::ClientHello::parse(hello).unwrap();
    assert!(hello.extensions.early_data && hello.extensions.pre_shared_key.is_some());
    assert_eq!(pair.server.early_data, b"");
    assert_eq!(client.early_data, rejected(R::OtherPsk, b"GET /"));
    assert_eq!(server.early_data, rejected(R::OtherPsk, b""));
    for summary in [&client, &server] {
        assert_eq!(summary.authentication, Authentication::Certificates);
    }
    assert!(client.peer_chain.is_some() && client.verified.is_some());
    (client, server)
}

/// The session isn't even offered.
#[track_caller]
fn not_offered(mut pair: Pair) {
    assert_eq!(pair.client.connection.early_data_room(), 0);
    assert!(!resumes(&mut pair).0);
    assert_no_psk(&pair);
}

#[track_caller]
fn assert_no_psk(pair: &Pair) {
    for hello in hellos(&pair.to_server) {
        let hello = symbolon::wire::hello::ClientHello::parse(&hello).unwrap();
        assert!(hello.extensions.pre_shared_key.is_none());
        assert!(!hello.extensions.early_data);
    }
}

fn client(world: &World) -> Arc<ClientConfig> {
    world.client().early_data(true).build().unwrap()
}

fn altered(world: &World, how: Altered) -> Arc<ServerConfig> {
    let sessions = StatelessSessions::new(Arc::new(how));
    let recorder = Arc::new(Says(Freshness::New));
    let sessions = sessions.early_data(1000, recorder);
    world.server().sessions(sessions).build().unwrap()
}

#[test]
fn forged_of_another_format_or_with_a_byte_more() {
    let world = World::new();
    let client = client(&world);
    for how in [Altered::Forged, Altered::Format, Altered::Longer] {
        let server = altered(&world, how);
        let session = sessions(&client, &server).pop();
        ignored(pair_at(1, &client, &server, session));
    }
}

#[test]
fn truncated() {
    let world = World::new();
    let client = client(&world);
    let whole = altered(&world, Altered::Cut(usize::MAX));
    let session = sessions(&client, &whole).pop().unwrap();
    let len = session.ticket().len();
    assert!(resumes(&mut pair_at(1, &client, &whole, Some(session))).0);
    for len in (1..len).step_by(13).chain([len - 1]) {
        let server = altered(&world, Altered::Cut(len));
        let session = sessions(&client, &server).pop().unwrap();
        assert_eq!(session.ticket().len(), len);
        ignored(pair_at(1, &client, &server, Some(session)));
    }
}

#[test]
fn expired() {
    let world = World::new();
    let (client, (server, _)) = (client(&world), early(&world));
    let server = server.build().unwrap();
    let mut list = sessions(&client, &server);
    list.extend(sessions(&client, &server));
    // The client doesn't offer what is over.
    not_offered(pair_at(43_200, &client, &server, list.pop()));
    // A clock that was set back says nothing about the age.
    not_offered(pair_at(-1, &client, &server, list.pop()));
    // Nor does a server take it from a client whose clock is late.
    ignored(pair_between(
        (&client, 43_199),
        (&server, 43_200),
        list.pop(),
    ));
    assert!(resumes(&mut pair_at(43_199, &client, &server, list.pop())).0);
}

#[test]
fn from_the_future() {
    let world = World::new();
    let (client, (server, _)) = (client(&world), early(&world));
    let server = server.build().unwrap();
    let mut list = sessions(&client, &server);
    // Clocks of a fleet are off by a few seconds.
    ignored(pair_between((&client, 0), (&server, -11), list.pop()));
    assert!(resumes(&mut pair_between((&client, 0), (&server, -10), list.pop())).0);
}

/// CVE-2025-23419, CVE-2025-68121: whoever got in at one server, by its certificate or without, isn't
/// known to another one that shares the keys of tickets and asks for other certificates.
#[test]
fn from_a_server_with_other_client_authentication_or_other_roots() {
    let (world, other) = (World::new(), TestPki::new());
    let identity = world.pki.client("client", KeyKind::EcdsaP256);
    let client = world.client().early_data(true);
    let client = client.credential(credential(&identity)).build().unwrap();
    let one = Arc::new(PathVerifier::new(world.pki.roots()));
    let two = common::certs::roots([&world.pki.root.certificate, &other.root.certificate]);
    let two = Arc::new(PathVerifier::new(two));
    let servers: Vec<_> = [
        ClientAuth::None,
        ClientAuth::Optional(one.clone()),
        ClientAuth::Required(one),
        ClientAuth::Required(two),
    ]
    .map(|auth| early(&world).0.client_auth(auth).build().unwrap())
    .into();
    for (i, from) in servers.iter().enumerate() {
        for (j, to) in servers.iter().enumerate() {
            let session = sessions(&client, from).pop();
            let pair = pair_at(1, &client, to, session);
            if i == j {
                assert_eq!(early_data(&mut { pair }), Ok(()));
                continue;
            }
            let (_, summary) = ignored(pair);
            assert_eq!(summary.peer_chain.is_some(), j > 0, "{i} {j}");
            assert_eq!(summary.verified.is_some(), j > 0);
        }
    }
}

#[test]
fn a_client_with_other_roots_does_not_offer_it() {
    let (world, other) = (World::new(), TestPki::new());
    let (server, _) = early(&world);
    let server = server.build().unwrap();
    let first = client(&world);
    // One that trusts others as well.
    let both = common::certs::roots([&world.pki.root.certificate, &other.root.certificate]);
    let wider = ClientConfig::builder().roots(both).early_data(true);
    let wider = wider.build().unwrap();
    let session = sessions(&first, &server).pop();
    not_offered(pair_at(1, &wider, &server, session));
    // One that doesn't trust the server at all (CVE-2025-68121).
    let stranger = ClientConfig::builder()
        .roots(other.roots())
        .early_data(true);
    let stranger = stranger.build().unwrap();
    let session = sessions(&first, &server).pop();
    let mut pair = pair_at(1, &stranger, &server, session);
    let (error, _) = pair.failure();
    let error = error.unwrap();
    assert!(matches!(error.kind(), ErrorKind::Certificate(_)), "{error}");
    // Its own root has the same name and another key.
    assert_eq!(error.alert(), Some(AlertDescription::BAD_CERTIFICATE));
    assert!(pair.client.done.is_none() && pair.server.done.is_none());
    assert_no_psk(&pair);
    // One with a certificate of its own is somebody else.
    let identity = world.pki.client("client", KeyKind::EcdsaP256);
    let named = world.client().early_data(true);
    let named = named.credential(credential(&identity)).build().unwrap();
    let session = sessions(&first, &server).pop();
    not_offered(pair_at(1, &named, &server, session));
}

#[test]
fn of_another_session_scope() {
    let world = World::new();
    let plain = client(&world);
    let scoped = world.client().early_data(true).session_scope("tenant");
    let scoped = scoped.build().unwrap();
    let server = early(&world).0.build().unwrap();
    let tenant = |name: &str| early(&world).0.session_scope(name).build().unwrap();
    let (a, b) = (tenant("a"), tenant("b"));
    for (from, to) in [(&plain, &scoped), (&scoped, &plain)] {
        let session = sessions(from, &server).pop();
        not_offered(pair_at(1, to, &server, session));
    }
    for (from, to) in [(&server, &a), (&a, &b), (&b, &server)] {
        let session = sessions(&plain, from).pop();
        ignored(pair_at(1, &plain, to, session));
    }
    let session = sessions(&plain, &a).pop();
    assert_eq!(early_data(&mut pair_at(1, &plain, &a, session)), Ok(()));
}

/// Doesn't say who it is.
#[derive(Debug)]
struct Nameless(PathVerifier);

impl Verifier for Nameless {
    fn verify(
        &self,
        request: &VerifyRequest,
        algorithms: &symbolon::crypto::VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, symbolon::error::CertificateError>> {
        assert_eq!(request.role, Role::Server);
        self.0.verify(request, algorithms)
    }

    fn identity(&self) -> Option<[u8; 32]> {
        None
    }
}

#[test]
fn terms_that_cannot_be_told_give_no_sessions() {
    let world = World::new();
    let server = world.ticketing().build().unwrap();
    let verifier = Arc::new(Nameless(PathVerifier::new(world.pki.roots())));
    let nameless = || ClientConfig::builder().verifier(verifier.clone());
    let client = nameless().build().unwrap();
    assert_eq!(client.scope(), None);
    assert!(sessions(&client, &server).is_empty());
    let client = nameless().session_scope("mine").build().unwrap();
    let session = sessions(&client, &server).pop();
    assert!(resumes(&mut pair_at(1, &client, &server, session)).0);
}

#[test]
fn with_the_server_name_changed() {
    let world = World::new();
    let (first, server) = (client(&world), early(&world).0.build().unwrap());
    let silent = world.client().server_name(false).early_data(true);
    let silent = silent.build().unwrap();
    assert_eq!(silent.scope(), first.scope());
    // From one name on the wire to none, and back.
    for (from, to) in [(&first, &silent), (&silent, &first)] {
        let session = sessions(from, &server).pop();
        ignored(pair_at(1, to, &server, session));
    }
    let session = sessions(&silent, &server).pop();
    assert_eq!(
        early_data(&mut pair_at(1, &silent, &server, session)),
        Ok(())
    );
    // A session for one server isn't offered to another.
    let leaf = world
        .pki
        .leaf(&["server.example", "other.example"], KeyKind::EcdsaP256);
    let both = ServerConfig::builder().credential(credential(&leaf));
    let both = both.sessions(StatelessSessions::new(Arc::new(OpenTicketer(7))));
    let both = both.build().unwrap();
    let session = sessions(&first, &both).pop().unwrap();
    let name = ServerName::try_from("other.example").unwrap();
    let connection = ClientConnection::resume(first.clone(), name, session, [1; 32], at(1));
    let mut pair = Pair::of(connection.unwrap(), server_at((&both, 1)));
    assert!(!resumes(&mut pair).0);
    assert_no_psk(&pair);
}

#[test]
fn with_the_application_protocol_changed_it_resumes_without_early_data() {
    let world = World::new();
    let speaks = |alpn: &[&str]| {
        let client = world.client().early_data(true);
        client.alpn(alpn.iter().copied()).build().unwrap()
    };
    let serves = |alpn: &[&str]| {
        let server = early(&world).0;
        server.alpn(alpn.iter().copied()).build().unwrap()
    };
    let (client, h2, h3) = (speaks(&["h2", "h3"]), serves(&["h2"]), serves(&["h3"]));
    for (from, to) in [
        (&h2, &h3),
        (&h3, &h2),
        (&h2, &serves(&[])),
        (&serves(&[]), &h2),
    ] {
        let session = sessions(&client, from).pop().unwrap();
        let none = session.alpn().is_none();
        let mut pair = pair_at(1, &client, to, Some(session));
        if none {
            // Under no protocol only a client that has none sends early data.
            assert_eq!(pair.client.connection.early_data_room(), 0);
            assert!(resumes(&mut pair).0);
            continue;
        }
        assert_eq!(early_data(&mut pair), Err((R::Declined, R::Alpn)));
        let done = pair.client.done.unwrap();
        assert!(done.resumed());
        // The next sessions are of what was spoken, not of what the one before was.
        let mut next = pair.client.sessions.iter().map(|next| next.alpn());
        assert_eq!(next.next(), Some(done.alpn.as_deref()));
    }
    let session = sessions(&client, &h3).pop();
    let mut pair = pair_at(1, &client, &h3, session);
    let protocol = pair.client.connection.early_data_alpn();
    assert_eq!(protocol, Some(&b"h3"[..]));
    assert_eq!(early_data(&mut pair), Ok(()));
    assert_eq!(pair.client.connection.early_data_alpn(), None);
    assert_eq!(pair.client.done.unwrap().alpn.unwrap(), b"h3");
    // A client that no longer speaks it doesn't send any.
    let session = sessions(&client, &h3).pop();
    let mut pair = pair_at(1, &speaks(&["h2"]), &serves(&["h2"]), session);
    assert_eq!(pair.client.connection.early_data_room(), 0);
    assert!(resumes(&mut pair).0);
}

#[test]
fn with_a_suite_of_another_hash() {
    let world = World::new();
    let client = client(&world);
    let only = |suite| early(&world).0.cipher_suites(&[suite]).build().unwrap();
    let (sha256, chacha, sha384) = (
        only(CipherSuite::TLS_AES_128_GCM_SHA256),
        only(CipherSuite::TLS_CHACHA20_POLY1305_SHA256),
        only(CipherSuite::TLS_AES_256_GCM_SHA384),
    );
    for (from, to) in [(&sha256, &sha384), (&sha384, &sha256)] {
        let session = sessions(&client, from).pop();
        ignored(pair_at(1, &client, to, session));
    }
    // Of the same hash it is good, but for early data.
    let session = sessions(&client, &sha256).pop();
    let mut pair = pair_at(1, &client, &chacha, session);
    assert_eq!(early_data(&mut pair), Err((R::Declined, R::Suite)));
    assert!(pair.client.done.unwrap().resumed());
}

#[test]
fn after_a_retry_with_a_suite_of_another_hash_it_is_not_offered_again() {
    let world = World::new();
    let client = world.client().key_shares(&[NamedGroup::X25519]);
    let client = client.build().unwrap();
    let from = world.ticketing();
    let from = from.cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256]);
    let to = world.ticketing().groups(&[NamedGroup::SECP384R1]);
    let to = to.cipher_suites(&[CipherSuite::TLS_AES_256_GCM_SHA384]);
    let session = sessions(&client, &from.build().unwrap()).pop();
    let mut pair = pair_at(1, &client, &to.build().unwrap(), session);
    let (resumed, summary, _) = resumes(&mut pair);
    assert!(!resumed && summary.hello_retry_request);
    let offered: Vec<_> = hellos(&pair.to_server)
        .iter()
        .map(|hello| {
            let hello = symbolon::wire::hello::ClientHello::parse(hello).unwrap();
            hello.extensions.pre_shared_key.is_some()
        })
        .collect();
    assert_eq!(offered, [true, false]);
}

#[test]
fn a_stored_session_is_given_once() {
    let world = World::new();
    let client = client(&world);
    let store = Arc::new(MapStore::default());
    let server = StatefulSessions::new(store.clone()).early_data(1000);
    let server = world.server().sessions(server).build().unwrap();
    let session = sessions(&client, &server).pop();
    let mut pair = pair_at(1, &client, &server, session);
    pair.client.send_early(b"GET /");
    let flight = pair.client.output.clone();
    // Somebody who saw it sends the same before, and at the same time.
    let mut thief = common::pair::End::new(server_at((&server, 1)));
    thief.input = flight.clone();
    thief.run();
    assert_eq!(
        (&thief.early_data[..], &thief.failed),
        (&b"GET /"[..], &None)
    );
    let (resumed, on_client, on_server) = resumes(&mut pair);
    assert!(!resumed);
    assert_eq!(on_client.early_data, rejected(R::OtherPsk, b"GET /"));
    assert_eq!(on_server.early_data, rejected(R::OtherPsk, b""));
    assert_eq!(pair.server.early_data, b"");
    // And after.
    let mut thief = common::pair::End::new(server_at((&server, 2)));
    thief.input = flight;
    thief.run();
    assert_eq!((&thief.early_data[..], &thief.failed), (&b""[..], &None));
}

#[test]
fn a_name_of_another_length_is_not_looked_up_in_the_store() {
    let world = World::new();
    let client = client(&world);
    let from = world.ticketing().build().unwrap();
    let server = world
        .server()
        .sessions(StatefulSessions::new(Arc::new(Later)));
    let mut pair = pair_at(
        1,
        &client,
        &server.build().unwrap(),
        sessions(&client, &from).pop(),
    );
    pair.server.answerer = Some(Box::new(|request| match request {
        symbolon::handshake::Request::StoreSession(_) => {
            Some(symbolon::handshake::Answer::Stored(false))
        }
        request => panic!("{request:?}"),
    }));
    assert!(!resumes(&mut pair).0);
}

#[cfg(feature = "tls12")]
#[test]
fn a_server_of_tls12_does_not_know_it() {
    let world = World::new();
    let client = world.client().build().unwrap();
    let session = sessions(&client, &world.ticketing().build().unwrap()).pop();
    let old = world.server().versions(&[ProtocolVersion::TLS12]);
    let mut pair = pair_at(1, &client, &old.build().unwrap(), session);
    let (resumed, summary, _) = resumes(&mut pair);
    assert!(!resumed);
    assert_eq!(summary.version, ProtocolVersion::TLS12);
}

/// A leaf that is good for a day, and no longer: 2026-11-23 to -24.
fn short_lived(mut params: rcgen::CertificateParams) -> rcgen::CertificateParams {
    params.not_after = rcgen::date_time_ymd(2026, 11, 24);
    params
}

const DAY: i64 = 86_400;

#[test]
fn the_servers_certificate_expired_meanwhile() {
    let world = World::new();
    let params = short_lived(common::certs::server_params(&["server.example"]));
    let leaf = world.pki.issue(&params, KeyKind::EcdsaP256);
    let mut policy = TicketPolicy::default();
    policy.lifetime = MAX_LIFETIME;
    let server = StatelessSessions::new(Arc::new(OpenTicketer(7))).policy(policy);
    let server = ServerConfig::builder()
        .credential(credential(&leaf))
        .sessions(server)
        .build()
        .unwrap();
    let client = world.client().build().unwrap();
    let mut list = sessions(&client, &server);
    let last = list[0].received().as_secs() % 86_400;
    let last = DAY - i64::try_from(last).unwrap();
    assert!(resumes(&mut pair_at(last, &client, &server, list.pop())).0);
    let mut pair = pair_at(last + 1, &client, &server, list.pop());
    let (error, _) = pair.failure();
    let error = error.unwrap();
    assert_eq!(error.alert(), Some(AlertDescription::CERTIFICATE_EXPIRED));
    assert!(pair.client.done.is_none());
    assert_no_psk(&pair);
}

#[test]
fn the_clients_certificate_expired_meanwhile() {
    let world = World::new();
    let params = short_lived(common::certs::client_params("client"));
    let identity = world.pki.issue(&params, KeyKind::EcdsaP256);
    let client = world.client().credential(credential(&identity));
    let client = client.build().unwrap();
    let verifier = Arc::new(PathVerifier::new(world.pki.roots()));
    let mut policy = TicketPolicy::default();
    policy.lifetime = MAX_LIFETIME;
    let server = StatelessSessions::new(Arc::new(OpenTicketer(7))).policy(policy);
    let server = world.server().sessions(server);
    let server = server.client_auth(ClientAuth::Required(verifier));
    let server = server.build().unwrap();
    let mut list = sessions(&client, &server);
    let last = list[0].received().as_secs() % 86_400;
    let last = DAY - i64::try_from(last).unwrap();
    assert!(resumes(&mut pair_at(last, &client, &server, list.pop())).0);
    let mut pair = pair_at(last + 1, &client, &server, list.pop());
    let (_, error) = pair.failure();
    let error = error.unwrap();
    assert_eq!(error.alert(), Some(AlertDescription::CERTIFICATE_EXPIRED));
    assert!(pair.server.done.is_none());
}

#[test]
fn a_renewed_ticket_never_outlives_the_first_authentication() {
    let world = World::new();
    let client = world.client().build().unwrap();
    for stateful in [false, true] {
        let server = match stateful {
            true => world
                .server()
                .sessions(StatefulSessions::new(Arc::new(MapStore::default()))),
            false => world.ticketing(),
        };
        let server = server.build().unwrap();
        let mut session = sessions(&client, &server).pop().unwrap();
        for seconds in [1, 20_000, 40_000, 43_199] {
            let mut pair = pair_at(seconds, &client, &server, Some(session));
            let (resumed, on_client, on_server) = resumes(&mut pair);
            assert!(resumed);
            let authenticated = now();
            for summary in [on_client, on_server] {
                assert_eq!(
                    summary.authentication,
                    Authentication::Session { authenticated }
                );
            }
            session = pair.client.sessions.pop().unwrap();
            assert_eq!(session.received(), at(seconds));
            assert_eq!(session.expires(), at(43_200));
            assert_eq!(session.authenticated(), now());
        }
        assert!(!session.is_fresh(at(43_200)));
        // A client with a late clock doesn't make it live longer.
        let mut pair = pair_between((&client, 43_199), (&server, 43_200), Some(session));
        assert!(!resumes(&mut pair).0);
        assert_eq!(pair.client.sessions.len(), 2);
    }
}

#[test]
fn as_many_tickets_as_are_asked_for_and_no_more_than_the_policy_has() {
    let world = World::new();
    let server = world.ticketing().build().unwrap();
    for (asked, full, resumed) in [
        (None, 2, 1),
        (Some((0, 0)), 0, 0),
        (Some((1, 1)), 1, 1),
        (Some((1, 0)), 1, 0),
        (Some((200, 200)), 2, 1),
    ] {
        let mut client = world.client();
        if let Some((new, again)) = asked {
            client = client.ticket_request(new, again);
        }
        let client = client.build().unwrap();
        let mut list = sessions(&client, &server);
        assert_eq!(list.len(), full);
        if let Some(session) = list.pop() {
            let mut pair = pair_at(1, &client, &server, Some(session));
            assert!(resumes(&mut pair).0);
            assert_eq!(pair.client.sessions.len(), resumed);
        }
    }
    let mut policy = TicketPolicy::default();
    (policy.count, policy.resumed_count) = (255, 0);
    let server = StatelessSessions::new(Arc::new(OpenTicketer(7))).policy(policy);
    let server = world.server().sessions(server).build().unwrap();
    let client = world.client().build().unwrap();
    let mut list = sessions(&client, &server);
    assert_eq!(list.len(), 6);
    let mut pair = pair_at(1, &client, &server, list.pop());
    assert!(resumes(&mut pair).0);
    assert!(pair.client.sessions.is_empty());
    // Each is another one.
    list.sort_by(|a, b| a.expose_secret().cmp(b.expose_secret()));
    list.dedup_by(|a, b| a.expose_secret() == b.expose_secret());
    assert_eq!(list.len(), 5);
}

#[test]
fn the_clients_chain_is_in_the_summary_of_a_resumed_session() {
    let world = World::new();
    let identity = world.pki.client("client", KeyKind::EcdsaP256);
    let client = world.client().credential(credential(&identity));
    let client = client.build().unwrap();
    let verifier = Arc::new(PathVerifier::new(world.pki.roots()));
    let server = world
        .ticketing()
        .client_auth(ClientAuth::Required(verifier.clone()));
    let server = server.build().unwrap();
    let session = sessions(&client, &server).pop();
    let mut pair = pair_at(9, &client, &server, session);
    let (resumed, _, summary) = resumes(&mut pair);
    assert!(resumed);
    let chain = summary.peer_chain.unwrap();
    let chain: Vec<_> = chain.certificates().collect();
    let sent: Vec<&[u8]> = identity.0.iter().map(AsRef::as_ref).collect();
    assert_eq!(chain, sent);
    assert!(summary.verified.is_some());
    let authenticated = now();
    assert_eq!(
        summary.authentication,
        Authentication::Session { authenticated }
    );
    // And in that of one that was renewed.
    let session = pair.client.sessions.pop();
    let (resumed, _, summary) = resumes(&mut pair_at(99, &client, &server, session));
    assert!(resumed);
    let chain = summary.peer_chain.unwrap();
    assert_eq!(chain.certificates().collect::<Vec<_>>(), sent);
    // With a chain that is longer than the policy has room for there are no tickets.
    let len = sent.iter().map(|der| der.len()).sum::<usize>();
    for (most, kept) in [(len, true), (len - 1, false)] {
        let mut policy = TicketPolicy::default();
        policy.client_chain = most;
        let server = StatelessSessions::new(Arc::new(OpenTicketer(7))).policy(policy);
        let server = world
            .server()
            .client_auth(ClientAuth::Required(verifier.clone()))
            .sessions(server);
        let sessions = sessions(&client, &server.build().unwrap());
        assert_eq!(!sessions.is_empty(), kept);
    }
}

#[test]
fn one_that_would_hardly_fit_into_a_hello_is_not_given() {
    let world = World::new();
    let client = client(&world);
    let half = Limits::default().client_hello / 2;
    for (len, given) in [(half, true), (half + 1, false)] {
        let server = StatelessSessions::new(Arc::new(Long(len)));
        let server = world.server().sessions(server).build().unwrap();
        assert_eq!(!sessions(&client, &server).is_empty(), given, "{len}");
    }
}

/// What tickets say of early data.
#[derive(Debug, Default)]
struct Allowed(Mutex<Vec<Option<u32>>>);

impl Observer for Allowed {
    fn observe(&self, observation: &Observation<'_>) {
        if let Observation::Message {
            parsed: Some(Parsed::NewSessionTicket(message)),
            ..
        } = observation
        {
            self.0.lock().unwrap().push(message.max_early_data);
        }
    }
}

/// RFC 9846 4.7.1: a server that takes no early data says nothing of it.
#[test]
fn early_data_of_no_bytes_is_not_offered() {
    let world = World::new();
    for (most, said) in [(0, None), (1, Some(1))] {
        let seen = Arc::new(Allowed::default());
        let client = world.client().observer(seen.clone()).build().unwrap();
        let server = StatelessSessions::new(Arc::new(OpenTicketer(7)));
        let server = server.early_data(most, Arc::new(SetRecorder::default()));
        let server = world.server().sessions(server).build().unwrap();
        let given = sessions(&client, &server).len();
        assert!(given > 0);
        assert_eq!(*seen.0.lock().unwrap(), vec![said; given]);
    }
}
