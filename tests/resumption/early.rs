//! Early data between two well-behaved ends: how much, how often, and how late.

use super::*;
use common::pair::End;
use symbolon::codepoint::*;
use symbolon::error::{ErrorKind, Misuse};
use symbolon::handshake::EarlyDataRefusal as R;
use symbolon::record::{FixedSink, USEFUL_ROOM};

fn client(world: &World) -> Arc<ClientConfig> {
    world.client().early_data(true).build().unwrap()
}

fn no_early_data(pair: &mut Pair) {
    assert_eq!(pair.client.connection.early_data_room(), 0);
    let mut sink = Vec::new();
    let misuse = pair.client.connection.send_early_data(b"x", &mut sink);
    let misuse = misuse.unwrap_err();
    assert_eq!(*misuse.kind(), ErrorKind::Misuse(Misuse::NoEarlyData));
    assert!(sink.is_empty());
}

#[test]
fn the_whole_limit_and_not_a_byte_more() {
    let world = World::new();
    let (client, server) = (client(&world), early(&world).0.build().unwrap());
    let mut pair = pair_at(5, &client, &server, sessions(&client, &server).pop());
    pair.client.send_early(&[1; 600]);
    assert_eq!(pair.client.connection.early_data_room(), 400);
    let sent = pair
        .client
        .connection
        .send_early_data(&[2; 401], &mut pair.client.output)
        .unwrap();
    assert_eq!((sent.taken, sent.output), (400, 0));
    no_early_data(&mut pair);
    let (resumed, summary, _) = resumes(&mut pair);
    assert!(resumed);
    assert_eq!(summary.early_data, EarlyDataOutcome::Accepted);
    assert_eq!(
        pair.server.early_data,
        [vec![1; 600], vec![2; 400]].concat()
    );
    no_early_data(&mut pair);
}

#[test]
fn early_data_is_of_the_sessions_protocol() {
    let world = World::new();
    let client = world.client().early_data(true).alpn(["h2", "http/1.1"]);
    let server = early(&world).0.alpn(["http/1.1"]);
    let (client, server) = (client.build().unwrap(), server.build().unwrap());
    let pair = pair_at(5, &client, &server, sessions(&client, &server).pop());
    let alpn = pair.client.connection.early_data_alpn();
    assert_eq!(alpn, Some(&b"http/1.1"[..]));
    // There is none without early data.
    let pair = pair_at(5, &client, &server, None);
    assert_eq!(pair.client.connection.early_data_alpn(), None);
}

#[test]
fn a_client_keeps_no_more_than_its_own_limit() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.early_data = 100;
    let client = world.client().early_data(true).limits(limits);
    let (client, server) = (client.build().unwrap(), early(&world).0.build().unwrap());
    let pair = pair_at(5, &client, &server, sessions(&client, &server).pop());
    assert_eq!(pair.client.connection.early_data_room(), 100);
}

#[test]
fn off_unless_both_turn_it_on() {
    let world = World::new();
    let (on, off) = (client(&world), world.client().build().unwrap());
    let (takes, plain) = (early(&world).0, world.ticketing());
    let (takes, plain) = (takes.build().unwrap(), plain.build().unwrap());
    for (client, server) in [(&off, &takes), (&on, &plain)] {
        let session = sessions(&on, server).pop();
        let mut pair = pair_at(5, client, server, session);
        no_early_data(&mut pair);
        let (resumed, on_client, on_server) = resumes(&mut pair);
        assert!(resumed);
        assert_eq!(on_client.early_data, EarlyDataOutcome::NotOffered);
        assert_eq!(on_server.early_data, EarlyDataOutcome::NotOffered);
    }
    // A ticket that didn't allow it doesn't, whatever the server allows now.
    let session = sessions(&on, &plain).pop();
    no_early_data(&mut pair_at(5, &on, &takes, session));
    // One that did counts no more once the server takes none.
    let session = sessions(&on, &takes).pop();
    let mut pair = pair_at(5, &on, &plain, session);
    assert_eq!(early_data(&mut pair), Err((R::Declined, R::Disabled)));
    // Nor does one that promised more than the server takes now.
    let sessions_of = |most| {
        let sessions = StatelessSessions::new(Arc::new(OpenTicketer(7)));
        let sessions = sessions.early_data(most, Arc::new(Says(Freshness::New)));
        world.server().sessions(sessions).build().unwrap()
    };
    let (more, less) = (sessions_of(1000), sessions_of(999));
    let mut pair = pair_at(5, &on, &less, sessions(&on, &more).pop());
    assert_eq!(early_data(&mut pair), Err((R::Declined, R::Disabled)));
    let mut pair = pair_at(5, &on, &more, sessions(&on, &less).pop());
    assert_eq!(early_data(&mut pair), Ok(()));
    // Without a session there is none.
    no_early_data(&mut pair_at(5, &on, &takes, None));
}

#[test]
fn inside_and_outside_the_window() {
    let world = World::new();
    let client = client(&world);
    for (window, inside) in [(None, 10), (Some(3), 3), (Some(0), 0)] {
        let recorder = Arc::new(SetRecorder::default());
        let server = StatelessSessions::new(Arc::new(OpenTicketer(7)));
        let mut server = server.early_data(1000, recorder.clone());
        if let Some(seconds) = window {
            server = server.freshness_window(seconds);
        }
        let server = world.server().sessions(server).build().unwrap();
        let mut asked = 0;
        for off in [-inside - 1, -inside, 0, inside, inside + 1] {
            let session = sessions(&client, &server).pop();
            let mut pair = pair_between((&client, 100), (&server, 100 + off), session);
            let fresh = off.abs() <= inside;
            asked += usize::from(fresh);
            let expected = if fresh {
                Ok(())
            } else {
                Err((R::Declined, R::Stale))
            };
            assert_eq!(early_data(&mut pair), expected, "{window:?} {off}");
            assert!(pair.client.done.unwrap().resumed());
        }
        // What is too old needn't be remembered.
        assert_eq!(recorder.queries.lock().unwrap().len(), asked);
    }
}

/// The ClientHello and the early data after it, at 100 seconds.
fn flight(client: &Arc<ClientConfig>, session: Option<Session>) -> Vec<u8> {
    let mut end = End::new(client_at((client, 100), session));
    end.send_early(b"GET /");
    end.output
}

/// What a server takes of it.
fn replayed(server: &Arc<ServerConfig>, seconds: i64, flight: &[u8]) -> Vec<u8> {
    let mut end = End::new(server_at((server, seconds)));
    end.input = flight.to_vec();
    end.run();
    assert_eq!(end.failed, None);
    assert!(end.done.is_none() && !end.output.is_empty());
    end.early_data
}

#[test]
fn replayed_to_the_same_and_to_a_second_server() {
    let world = World::new();
    let client = client(&world);
    let recorder = Arc::new(SetRecorder::default());
    let server = || early_with(&world, recorder.clone()).build().unwrap();
    let (one, two) = (server(), server());
    let flight = flight(&client, sessions(&client, &one).pop());
    assert_eq!(replayed(&one, 100, &flight), b"GET /");
    for server in [&one, &two] {
        for seconds in [90, 100, 110] {
            assert_eq!(replayed(server, seconds, &flight), b"");
        }
    }
    // A recorder that isn't shared knows nothing of the first: that is what sharing is for.
    let apart = early(&world).0.build().unwrap();
    assert_eq!(replayed(&apart, 100, &flight), b"GET /");
    assert_eq!(replayed(&apart, 100, &flight), b"");
}

#[test]
fn it_is_remembered_for_as_long_as_it_is_fresh() {
    let world = World::new();
    let client = client(&world);
    let session = sessions(&client, &early(&world).0.build().unwrap()).pop();
    let flight = flight(&client, session);
    let (server, recorder) = early(&world);
    assert_eq!(replayed(&server.build().unwrap(), 90, &flight), b"GET /");
    let until = recorder.queries.lock().unwrap()[0].expires;
    // A server whose recorder has forgotten it, at that time and just before.
    for seconds in 90..115 {
        let (server, recorder) = early(&world);
        let taken = replayed(&server.build().unwrap(), seconds, &flight);
        if at(seconds) >= until {
            assert_eq!(taken, b"", "{seconds}");
            assert!(recorder.queries.lock().unwrap().is_empty());
        }
        assert_eq!(!taken.is_empty(), seconds <= 110);
    }
}

#[test]
fn the_whole_handshake_of_a_replay_is_resumed_without_early_data() {
    let world = World::new();
    let client = client(&world);
    for (said, reason) in [
        (Freshness::Seen, R::Replayed),
        (Freshness::Unknown, R::Unknown),
    ] {
        let server = early_with(&world, Arc::new(Says(said))).build().unwrap();
        let mut pair = pair_at(5, &client, &server, sessions(&client, &server).pop());
        assert_eq!(early_data(&mut pair), Err((R::Declined, reason)));
        assert!(pair.client.done.unwrap().resumed());
    }
}

#[test]
fn the_same_data_twice_is_two_requests() {
    // Not a replay: another ClientHello.
    let world = World::new();
    let (client, server) = (client(&world), early(&world).0.build().unwrap());
    let mut list = sessions(&client, &server);
    for seconds in [5, 5] {
        let mut pair = pair_at(seconds, &client, &server, list.pop());
        assert_eq!(early_data(&mut pair), Ok(()));
    }
}

#[test]
fn after_a_retry_it_is_given_back() {
    let world = World::new();
    let client = world.client().early_data(true);
    let client = client.key_shares(&[NamedGroup::X25519]).build().unwrap();
    let server = early(&world).0.groups(&[NamedGroup::SECP256R1]);
    let server = server.build().unwrap();
    for step in [None, Some(1)] {
        let mut pair = pair_at(5, &client, &server, sessions(&client, &server).pop());
        pair.step = step;
        assert_eq!(early_data(&mut pair), Err((R::Retry, R::Retry)));
        let summary = pair.client.done.take().unwrap();
        assert!(summary.resumed() && summary.hello_retry_request);
        // Both hellos went out in the clear.
        let hellos = hellos(&pair.to_server);
        let offers: Vec<_> = hellos
            .iter()
            .map(|hello| {
                let hello = symbolon::wire::hello::ClientHello::parse(hello).unwrap();
                assert!(hello.extensions.pre_shared_key.is_some());
                hello.extensions.early_data
            })
            .collect();
        assert_eq!(offers, [true, false]);
    }
}

#[test]
fn as_much_is_skipped_as_the_server_would_take() {
    let world = World::new();
    let mut limits = Limits::default();
    limits.early_data = 60_000;
    let client = world.client().early_data(true).limits(limits);
    let client = client.build().unwrap();
    let with = |said, groups: &[NamedGroup]| {
        let sessions = StatelessSessions::new(Arc::new(OpenTicketer(7)));
        let sessions = sessions.early_data(60_000, Arc::new(Says(said)));
        let server = world.server().groups(groups).sessions(sessions);
        server.build().unwrap()
    };
    for (server, reason) in [
        (with(Freshness::Unknown, &[NamedGroup::X25519]), R::Unknown),
        (with(Freshness::New, &[NamedGroup::SECP384R1]), R::Retry),
    ] {
        let mut pair = pair_at(5, &client, &server, sessions(&client, &server).pop());
        let data = vec![4; 60_000];
        pair.client.send_early(&data);
        let (resumed, on_client, on_server) = resumes(&mut pair);
        assert!(resumed);
        let refused = match reason {
            R::Retry => R::Retry,
            _ => R::Declined,
        };
        assert_eq!(on_client.early_data, rejected(refused, &data));
        assert_eq!(on_server.early_data, rejected(reason, b""));
    }
}

#[test]
fn a_record_size_limit_holds_only_once_it_is_known() {
    // RFC 8449 4: a limit is for the keys of the handshake that it was agreed on in; a client can't
    // know the server's when it sends early data.
    let world = World::new();
    let client = world.client().early_data(true).record_size_limit(16_385);
    let client = client.build().unwrap();
    let server = early(&world).0.record_size_limit(64).build().unwrap();
    let mut pair = pair_at(5, &client, &server, sessions(&client, &server).pop());
    pair.client.send_early(&[7; 900]);
    let (resumed, summary, _) = resumes(&mut pair);
    assert!(resumed);
    assert_eq!(summary.early_data, EarlyDataOutcome::Accepted);
    assert_eq!(pair.server.early_data, [7; 900]);
}

/// Sends early data through sinks of this room, and of what they are said to need.
fn send_through(end: &mut End<ClientConnection>, data: &[u8], room: usize) {
    let mut rest = data;
    let mut blocked = 0;
    while !rest.is_empty() {
        let mut buffer = vec![0; room.max(blocked)];
        let mut sink = FixedSink::new(&mut buffer);
        let sent = end.connection.send_early_data(rest, &mut sink).unwrap();
        let written = sink.written().to_vec();
        assert!(sent.output <= USEFUL_ROOM);
        assert!(
            blocked == 0 || !written.is_empty(),
            "no progress with {blocked}"
        );
        end.output.extend(&written);
        rest = &rest[sent.taken..];
        blocked = sent.output;
        assert!(rest.is_empty() || blocked > 0);
    }
}

#[test]
fn sinks_of_every_small_size() {
    let world = World::new();
    let (client, server) = (client(&world), early(&world).0.build().unwrap());
    let data: Vec<u8> = (0..1000_u16).map(|i| i.to_be_bytes()[1]).collect();
    for room in (0..40).chain((40..600).step_by(29)) {
        let mut pair = pair_at(5, &client, &server, sessions(&client, &server).pop());
        send_through(&mut pair.client, &data, room);
        (pair.client.room, pair.server.room) = (Some(512 + room), Some(512 + room));
        let (resumed, summary, _) = {
            pair.run();
            (pair.client.room, pair.server.room) = (None, None);
            resumes(&mut pair)
        };
        assert!(resumed);
        assert_eq!(summary.early_data, EarlyDataOutcome::Accepted);
        assert_eq!(pair.server.early_data, data);
    }
}

#[test]
fn in_steps_of_one_byte() {
    let world = World::new();
    let client = client(&world);
    for said in [Freshness::New, Freshness::Seen] {
        let server = early_with(&world, Arc::new(Says(said))).build().unwrap();
        let mut pair = pair_at(5, &client, &server, sessions(&client, &server).pop());
        pair.step = Some(1);
        let expected = match said {
            Freshness::New => Ok(()),
            _ => Err((R::Declined, R::Replayed)),
        };
        assert_eq!(early_data(&mut pair), expected);
    }
}

#[test]
fn an_answer_before_the_handshake_is_done() {
    let world = World::new();
    let (client, server) = (client(&world), early(&world).0.build().unwrap());
    let mut pair = pair_at(5, &client, &server, sessions(&client, &server).pop());
    pair.client.send_early(b"GET /");
    pair.client.run();
    pair.server.input.append(&mut pair.client.output);
    pair.server.run();
    assert_eq!(pair.server.early_data, b"GET /");
    assert!(pair.server.done.is_none());
    let sent = pair
        .server
        .connection
        .send_before_client_finished(b"200 OK", &mut pair.server.output);
    assert_eq!(sent.unwrap().taken, 6);
    pair.run();
    assert_eq!(pair.client.data, b"200 OK");
    assert!(pair.client.done.unwrap().resumed() && pair.server.done.is_some());
}
