//! What works.

use super::*;
use symbolon::codepoint::*;
use symbolon::handshake::{Authentication, EarlyDataOutcome, EarlyDataRefusal};

#[test]
fn a_ticket_resumes() {
    let world = World::new();
    let (client, server) = (
        world.client().build().unwrap(),
        world.ticketing().build().unwrap(),
    );
    let mut sessions = sessions(&client, &server);
    assert_eq!(sessions.len(), 2);
    let session = sessions.pop().unwrap();
    assert_eq!(session.lifetime(), 43_200);
    assert_eq!(session.expires(), at(43_200));
    let mut pair = pair_at(100, &client, &server, Some(session));
    let (resumed, on_client, on_server) = resumes(&mut pair);
    assert!(resumed);
    let authenticated = now();
    assert_eq!(
        on_client.authentication,
        Authentication::Session { authenticated }
    );
    assert_eq!(
        on_server.authentication,
        Authentication::Session { authenticated }
    );
    assert!(on_client.group.is_some());
    assert_eq!(on_client.peer_chain.unwrap().len(), 2);
    // One more, that lives no longer than the first.
    assert_eq!(pair.client.sessions.len(), 1);
    assert_eq!(pair.client.sessions[0].lifetime(), 43_100);
    assert_eq!(pair.client.sessions[0].authenticated(), now());
}

#[test]
fn a_stored_session_resumes_once() {
    let world = World::new();
    let store = Arc::new(MapStore::default());
    let server = world
        .server()
        .sessions(StatefulSessions::new(store.clone()))
        .build()
        .unwrap();
    let client = world.client().build().unwrap();
    let mut sessions = sessions(&client, &server);
    assert_eq!(store.map.lock().unwrap().len(), 2);
    let first = sessions.remove(0);
    let ticket = first.ticket().to_vec();
    assert_eq!(ticket.len(), 32);
    assert!(resumes(&mut pair_at(1, &client, &server, Some(first))).0);
    assert!(!store.map.lock().unwrap().contains_key(&ticket));
}

#[test]
fn the_clients_store_is_asked_and_each_session_used_once() {
    let world = World::new();
    let store = Arc::new(ListStore::default());
    let server = world.ticketing().build().unwrap();
    let client = world.client().sessions(store.clone()).build().unwrap();
    for session in sessions(&client, &server) {
        store.put(session);
    }
    assert!(resumes(&mut pair_at(1, &client, &server, None)).0);
    assert!(resumes(&mut pair_at(2, &client, &server, None)).0);
    assert!(!resumes(&mut pair_at(3, &client, &server, None)).0);
}

#[test]
fn resumption_survives_a_hello_retry_request() {
    let world = World::new();
    let client = world
        .client()
        .key_shares(&[NamedGroup::X25519])
        .build()
        .unwrap();
    for stateful in [true, false] {
        let server = match stateful {
            true => world
                .server()
                .sessions(StatefulSessions::new(Arc::new(MapStore::default()))),
            false => world.ticketing(),
        };
        let server = server.groups(&[NamedGroup::SECP256R1]).build().unwrap();
        let session = sessions(&client, &server).pop();
        let (resumed, summary, _) = resumes(&mut pair_at(5, &client, &server, session));
        assert!(resumed && summary.hello_retry_request);
    }
}

#[test]
fn every_suite_resumes() {
    let world = World::new();
    for suite in [
        CipherSuite::TLS_AES_128_GCM_SHA256,
        CipherSuite::TLS_AES_256_GCM_SHA384,
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
    ] {
        let server = world.ticketing().cipher_suites(&[suite]).build().unwrap();
        let client = world.client().build().unwrap();
        let session = sessions(&client, &server).pop();
        let (resumed, summary, _) = resumes(&mut pair_at(5, &client, &server, session));
        assert!(resumed);
        assert_eq!(summary.cipher_suite, suite);
    }
}

#[test]
fn a_psk_alone_spares_the_key_exchange() {
    let world = World::new();
    let client = world
        .client()
        .psk_without_key_exchange(true)
        .build()
        .unwrap();
    let both = world
        .ticketing()
        .psk_without_key_exchange(true)
        .build()
        .unwrap();
    let session = sessions(&client, &both).pop();
    // With a key exchange, as long as there can be one.
    let (resumed, summary, _) = resumes(&mut pair_at(5, &client, &both, session));
    assert!(resumed && summary.group.is_some());
}

#[test]
fn early_data_is_accepted() {
    let world = World::new();
    let (server, recorder) = early(&world);
    let (client, server) = (world.client().early_data(true), server.build().unwrap());
    let client = client.build().unwrap();
    let session = sessions(&client, &server).pop().unwrap();
    assert_eq!(session.max_early_data(), 1000);
    let mut pair = pair_at(100, &client, &server, Some(session));
    assert_eq!(pair.client.connection.early_data_room(), 1000);
    pair.client.send_early(b"GET /");
    let (resumed, on_client, on_server) = resumes(&mut pair);
    assert!(resumed);
    assert_eq!(pair.server.early_data, b"GET /");
    assert_eq!(on_client.early_data, EarlyDataOutcome::Accepted);
    assert_eq!(on_server.early_data, EarlyDataOutcome::Accepted);
    assert_eq!(recorder.queries.lock().unwrap()[0].expires, at(121));
}

#[test]
fn early_data_that_is_refused_is_given_back() {
    let world = World::new();
    let (server, _) = early(&world);
    let (client, server) = (world.client().early_data(true), server.build().unwrap());
    let client = client.build().unwrap();
    let plain = world.ticketing().build().unwrap();
    let session = sessions(&client, &server).pop().unwrap();
    let mut pair = pair_at(100, &client, &plain, Some(session));
    pair.client.send_early(b"GET /");
    let (resumed, on_client, on_server) = resumes(&mut pair);
    assert!(resumed);
    assert_eq!(pair.server.early_data, b"");
    assert_eq!(
        on_client.early_data,
        rejected(EarlyDataRefusal::Declined, b"GET /")
    );
    assert_eq!(
        on_server.early_data,
        rejected(EarlyDataRefusal::Disabled, b"")
    );
}
