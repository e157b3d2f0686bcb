//! The terms that a session is bound to, and the time that it is judged by.

use super::*;
use std::sync::atomic::{AtomicU8, Ordering};
use symbolon::codepoint::*;
use symbolon::crypto::VerifyAlgorithms;
use symbolon::error::{CertificateError, ErrorKind, Limit, Misuse};
use symbolon::handshake::Authentication;
use symbolon::pki::{Decision, PathVerifier, VerifiedChain, Verifier, VerifyRequest};

/// A world with another root.
fn other() -> World {
    let pki = TestPki::with_keys(KeyKind::EcdsaP384);
    World { pki }
}

/// A verifier that accepts what it is shown and doesn't say who it is.
#[derive(Debug)]
struct Nameless;

impl Verifier for Nameless {
    fn verify(
        &self,
        _: &VerifyRequest,
        _: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        Decision::Now(Ok(VerifiedChain::by_application("a test")))
    }
}

#[test]
fn a_part_that_is_known_counts_beside_one_that_is_not() {
    let world = World::new();
    let server = |client_auth| {
        let server = world.server().client_auth(client_auth).session_scope("app");
        server.build().unwrap().scope().unwrap()
    };
    let optional = server(ClientAuth::Optional(Arc::new(Nameless)));
    let required = server(ClientAuth::Required(Arc::new(Nameless)));
    let none = server(ClientAuth::None);
    assert!(optional != required && required != none && none != optional);
    // A client that trusts nobody in particular, and one that has roots; both choose certificates
    // in a way that says nothing.
    let client = |builder: ClientConfigBuilder| {
        let builder = builder.credentials(Arc::new(NamelessChoice));
        builder
            .session_scope("app")
            .build()
            .unwrap()
            .scope()
            .unwrap()
    };
    let anybody = client(ClientConfig::builder().verifier(Arc::new(Nameless)));
    assert_ne!(anybody, client(world.client()));
    assert_ne!(client(world.client()), client(other().client()));
}

#[derive(Debug)]
struct NamelessChoice;

impl ChooseClientCredential for NamelessChoice {
    fn choose(&self, _: &CertificateRequestInfo) -> Decision<Option<Arc<Credential>>> {
        Decision::Now(None)
    }
}

#[test]
fn sessions_without_terms_are_refused_by_the_builders() {
    let world = World::new();
    let is_config = |error: symbolon::error::Error| {
        assert!(
            matches!(error.kind(), ErrorKind::Misuse(Misuse::Config(text)) if text.contains("session_scope"))
        );
    };
    let required = || ClientAuth::Required(Arc::new(Nameless));
    is_config(
        world
            .ticketing()
            .client_auth(required())
            .build()
            .unwrap_err(),
    );
    let server = world
        .ticketing()
        .client_auth(required())
        .session_scope("app");
    assert!(server.build().is_ok());
    let client = ClientConfig::builder().verifier(Arc::new(Nameless));
    let client = client.sessions(Arc::new(ListStore::default()));
    is_config(client.clone().build().unwrap_err());
    assert!(client.session_scope("app").build().is_ok());
}

/// Accepts, and from then on trusts others than before.
#[derive(Debug, Default)]
struct Swapped(AtomicU8);

impl Verifier for Swapped {
    fn verify(
        &self,
        _: &VerifyRequest,
        _: &VerifyAlgorithms,
    ) -> Decision<Result<VerifiedChain, CertificateError>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Decision::Now(Ok(VerifiedChain::by_application("a test")))
    }

    fn identity(&self) -> Option<[u8; 32]> {
        Some([self.0.load(Ordering::Relaxed); 32])
    }
}

#[test]
fn no_session_is_made_of_terms_that_changed_during_the_handshake() {
    let world = World::new();
    let identity = world.pki.client("client", KeyKind::EcdsaP256);
    let client = || world.client().credential(credential(&identity));
    let server = |auth| world.ticketing().client_auth(auth).build().unwrap();
    let fixed = server(ClientAuth::Required(Arc::new(PathVerifier::new(
        world.pki.roots(),
    ))));
    assert_eq!(sessions(&client().build().unwrap(), &fixed).len(), 2);
    // At the server.
    let changing = server(ClientAuth::Required(Arc::new(Swapped::default())));
    assert!(sessions(&client().build().unwrap(), &changing).is_empty());
    // At the client.
    let changing = ClientConfig::builder().verifier(Arc::new(Swapped::default()));
    assert!(
        sessions(
            &changing.build().unwrap(),
            &world.ticketing().build().unwrap()
        )
        .is_empty()
    );
}

#[test]
fn a_psk_that_no_suite_fits_is_passed_over_for_the_next() {
    let world = World::new();
    let psk = |hash| {
        let key = symbolon::secret::SecretBytes::new(vec![7; 32]);
        let identity = format!("{hash:?}");
        Arc::new(ExternalPsk::new(identity.as_bytes(), key, hash).unwrap())
    };
    let mut table = PskTable::new();
    for hash in [PskHash::Sha256, PskHash::Sha384] {
        let key = symbolon::secret::SecretBytes::new(vec![7; 32]);
        table.add(ExternalPsk::new(format!("{hash:?}").as_bytes(), key, hash).unwrap());
    }
    let server = ServerConfig::builder().psks(Arc::new(table));
    let server = server.cipher_suites(&[CipherSuite::TLS_AES_256_GCM_SHA384]);
    let client = ClientConfig::builder()
        .psk(psk(PskHash::Sha256))
        .psk(psk(PskHash::Sha384));
    let (client, server) = (client.build().unwrap(), server.build().unwrap());
    let (_, summary) = pair_at(0, &client, &server, None).handshake();
    let identity = b"Sha384".to_vec();
    assert_eq!(summary.authentication, Authentication::Psk { identity });
    drop(world);
}

#[test]
fn a_session_goes_on_under_another_suite_of_its_hash() {
    let world = World::new();
    let (client, server) = (world.client(), world.ticketing());
    let first = server
        .clone()
        .cipher_suites(&[CipherSuite::TLS_AES_128_GCM_SHA256]);
    let session = sessions(&client.clone().build().unwrap(), &first.build().unwrap()).pop();
    let chacha = [CipherSuite::TLS_CHACHA20_POLY1305_SHA256];
    let client = client.cipher_suites(&chacha).build().unwrap();
    let (resumed, ..) = resumes(&mut pair_at(1, &client, &server.build().unwrap(), session));
    assert!(resumed);
}

#[test]
fn many_small_records_of_early_data_are_bounded_by_their_size_alone() {
    let world = World::new();
    let recorder = Arc::new(SetRecorder::default());
    let early = StatelessSessions::new(Arc::new(OpenTicketer(7))).early_data(6000, recorder);
    let server = world.server().sessions(early).build().unwrap();
    let client = world.client().early_data(true).build().unwrap();
    for fresh in [true, false] {
        let session = sessions(&client, &server).pop();
        let seconds = if fresh { 1 } else { -100 };
        let mut pair = pair_between((&client, 1), (&server, 1 + seconds.min(0)), session);
        for byte in 0..6000 {
            let sent = pair
                .client
                .connection
                .send_early_data(&[byte as u8], &mut pair.client.output);
            assert_eq!(sent.unwrap().taken, 1);
        }
        let (resumed, summary, _) = resumes(&mut pair);
        assert!(resumed || !fresh);
        assert_eq!(summary.early_data == EarlyDataOutcome::Accepted, fresh);
        assert_eq!(pair.server.early_data.len(), if fresh { 6000 } else { 0 });
    }
}

#[test]
fn freshness_is_judged_by_the_time_told_last() {
    let world = World::new();
    let (server, recorder) = early(&world);
    let (client, server) = (world.client().early_data(true), server.build().unwrap());
    let client = client.build().unwrap();
    let session = sessions(&client, &server).pop();
    // The connection was accepted a minute before the ClientHello came.
    let mut pair = pair_between((&client, 100), (&server, 40), session);
    pair.client
        .connection
        .send_early_data(b"hi", &mut pair.client.output)
        .unwrap();
    pair.server.connection.set_time(at(100));
    let (resumed, summary, _) = resumes(&mut pair);
    assert!(resumed);
    assert_eq!(summary.early_data, EarlyDataOutcome::Accepted);
    assert_eq!(recorder.queries.lock().unwrap()[0].now, at(100));
}

#[test]
fn early_data_takes_no_bound_off_what_comes_along() {
    let world = World::new();
    let (server, _) = early(&world);
    let (client, server) = (world.client().early_data(true), server.build().unwrap());
    let client = client.build().unwrap();
    // Once taken, and once passed over for the age that its ticket is said to have.
    for later in [1, 100] {
        let session = sessions(&client, &server).pop();
        let mut pair = pair_between((&client, 1), (&server, later), session);
        let output = &mut pair.client.output;
        pair.client
            .connection
            .send_early_data(b"hi", output)
            .unwrap();
        pair.server.input.append(output);
        pair.server.run();
        assert_eq!(pair.server.early_data == b"hi", later == 1);
        for _ in 0..5000 {
            pair.server.input.extend([20, 3, 3, 0, 1, 1]);
        }
        pair.server.run();
        let error = pair.server.failed.clone().expect("the flood ends it");
        assert!(
            matches!(error.kind(), ErrorKind::Limit(Limit::FlightRecords(_))),
            "{error}"
        );
    }
}

#[test]
fn a_session_counts_from_the_time_told_last_in_its_handshake() {
    let world = World::new();
    let (client, server) = (world.client().build(), world.ticketing().build());
    let (client, server) = (client.unwrap(), server.unwrap());
    let mut pair = pair_between((&client, 100), (&server, 0), None);
    pair.server.connection.set_time(at(100));
    pair.handshake();
    let session = pair.client.sessions.pop();
    // A session that is resumed counts from where it began, however time goes on meanwhile.
    let mut pair = pair_at(150, &client, &server, session);
    pair.client.run();
    pair.server.input.append(&mut pair.client.output);
    pair.server.run();
    pair.server.connection.set_time(at(160));
    let (_, summary) = pair.handshake();
    let authenticated = at(100);
    assert_eq!(
        summary.authentication,
        Authentication::Session { authenticated }
    );
    let session = pair.client.sessions.pop();
    let (resumed, _, summary) = resumes(&mut pair_at(170, &client, &server, session));
    assert!(resumed);
    assert_eq!(
        summary.authentication,
        Authentication::Session { authenticated }
    );
}
