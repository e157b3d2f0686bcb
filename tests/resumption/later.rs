//! Sessions, PSKs and replays that are asked of the application, answered at once or later, and
//! stores that fail.

use super::*;
use common::pair::End;
use std::sync::Mutex;
use symbolon::codepoint::*;
use symbolon::error::ErrorKind;
use symbolon::handshake::{Answer, EarlyDataRefusal as R, Request};
use symbolon::pki::Decision;
use symbolon::secret::SecretBytes;

/// An answer, or none of its own.
type Reply = fn(&Request) -> Option<Answer>;

type Names = Arc<Mutex<Vec<&'static str>>>;

fn found<T>(decision: Decision<T>) -> T {
    match decision {
        Decision::Now(value) => value,
        Decision::Later => panic!("later still"),
    }
}

/// What the application behind it has.
struct Application {
    store: Arc<MapStore>,
    stateful: bool,
    recorder: SetRecorder,
    psks: Arc<Psks>,
}

impl Application {
    fn new(stateful: bool) -> Self {
        let key = SecretBytes::new(vec![1; 32]);
        let psk = Arc::new(ExternalPsk::new(b"id", key, PskHash::Sha256).unwrap());
        Self {
            store: Arc::new(MapStore::default()),
            stateful,
            recorder: SetRecorder::default(),
            psks: Psks::of(&[&psk]),
        }
    }

    fn answer(&self, request: &Request) -> (&'static str, Answer) {
        match request {
            Request::Session(query) => {
                assert!(query.once);
                let session = match self.stateful {
                    true => found(self.store.take(query)),
                    false => found(OpenTicketer(7).open(&query.id, query.now)),
                };
                ("session", Answer::Session(session.map(Arc::new)))
            }
            Request::StoreSession(session) => {
                assert_eq!(session.expires, at(43_200));
                ("store", Answer::Stored(found(self.store.put(session))))
            }
            Request::Replay(query) => {
                ("replay", Answer::Replay(found(self.recorder.record(query))))
            }
            Request::Psk(query) => ("psk", Answer::Psk(found(self.psks.find(query)))),
            request => panic!("{request:?}"),
        }
    }

    fn server(&self, world: &World) -> Arc<ServerConfig> {
        let later = Arc::new(Later);
        let server = world.server().psks(later.clone());
        let server = match self.stateful {
            true => server.sessions(StatefulSessions::new(later).early_data(1000)),
            false => server.sessions(StatelessSessions::new(later.clone()).early_data(1000, later)),
        };
        server.build().unwrap()
    }
}

/// Answers each request when it is told the second time; before, nothing moves.
fn answers(end: &mut End<ServerConnection>, application: &Arc<Application>) -> Names {
    let names = Names::default();
    let (log, application, mut told) = (names.clone(), application.clone(), false);
    end.answerer = Some(Box::new(move |request| {
        told = !told;
        if told {
            return None;
        }
        let (name, answer) = application.answer(&request);
        log.lock().unwrap().push(name);
        Some(answer)
    }));
    names
}

/// Runs until both are done.
fn run(pair: &mut Pair) {
    for _ in 0..100 {
        pair.run();
        if pair.client.done.is_some() && pair.server.done.is_some() {
            return;
        }
    }
    panic!("{:?} {:?}", pair.client.failed, pair.server.failed);
}

#[test]
fn everything_is_answered_later() {
    for (stateful, step) in [
        (false, None),
        (true, None),
        (false, Some(1)),
        (true, Some(1)),
    ] {
        let world = World::new();
        let application = Arc::new(Application::new(stateful));
        let server = application.server(&world);
        let client = world.client().early_data(true).build().unwrap();
        let mut pair = pair_at(0, &client, &server, None);
        pair.step = step;
        let names = answers(&mut pair.server, &application);
        run(&mut pair);
        pair.run();
        let expected: &[&str] = match stateful {
            true => &["store", "store"],
            false => &[],
        };
        assert_eq!(*names.lock().unwrap(), expected);
        assert_eq!(pair.client.sessions.len(), 2);
        let session = pair.client.sessions.pop();

        let mut pair = pair_at(5, &client, &server, session);
        pair.step = step;
        let names = answers(&mut pair.server, &application);
        pair.client.send_early(b"GET /");
        run(&mut pair);
        let expected: &[&str] = match stateful {
            true => &["psk", "session", "store"],
            false => &["psk", "session", "replay"],
        };
        assert_eq!(*names.lock().unwrap(), expected);
        assert_eq!(early_after(&mut pair), Ok(()));
        assert!(pair.client.done.unwrap().resumed());
    }
}

/// What became of early data in a handshake that is done.
fn early_after(pair: &mut Pair) -> Result<(), R> {
    match &pair.server.done.as_ref().unwrap().early_data {
        EarlyDataOutcome::Accepted => assert_eq!(pair.server.early_data, b"GET /"),
        EarlyDataOutcome::Rejected { reason, .. } => {
            assert_eq!(pair.server.early_data, b"");
            return Err(*reason);
        }
        _ => panic!("none was offered"),
    }
    Ok(())
}

#[test]
fn a_psk_is_answered_later() {
    let world = World::new();
    let application = Arc::new(Application::new(false));
    let server = application.server(&world);
    for identity in ["id", "unknown"] {
        let key = SecretBytes::new(vec![1; 32]);
        let psk = ExternalPsk::new(identity.as_bytes(), key, PskHash::Sha256).unwrap();
        let client = world.client().psk(Arc::new(psk)).build().unwrap();
        let mut pair = pair_at(0, &client, &server, None);
        let names = answers(&mut pair.server, &application);
        run(&mut pair);
        let expected: &[&str] = match identity {
            "id" => &["psk"],
            // It may be a ticket then.
            _ => &["psk", "session"],
        };
        assert_eq!(*names.lock().unwrap(), expected);
        let certificates = pair.client.done.unwrap().peer_chain.is_some();
        assert_eq!(certificates, identity != "id");
    }
}

/// A client with a session of the application's, and early data on its way.
fn resuming(stateful: bool) -> Pair {
    let world = World::new();
    let application = Arc::new(Application::new(stateful));
    let server = application.server(&world);
    let client = world.client().early_data(true).build().unwrap();
    let mut pair = pair_at(0, &client, &server, None);
    answers(&mut pair.server, &application);
    run(&mut pair);
    pair.run();
    let mut pair = pair_at(5, &client, &server, pair.client.sessions.pop());
    pair.client.send_early(b"GET /");
    pair
}

/// Answers in this way, and what is left to the application rightly, from a ticketer.
fn answered(pair: &mut Pair, answer: Reply) {
    let application = Application::new(false);
    pair.server.answerer = Some(Box::new(move |request| {
        Some(answer(&request).unwrap_or_else(|| application.answer(&request).1))
    }));
}

#[test]
fn a_store_that_finds_nothing_or_nonsense() {
    for answer in [
        (|_| Some(Answer::Session(None))) as Reply,
        |_| {
            Some(Answer::Session(Some(Arc::new(
                SecretBytes::new(Vec::new()),
            ))))
        },
        |_| {
            Some(Answer::Session(Some(Arc::new(SecretBytes::new(vec![
                1;
                300
            ])))))
        },
    ] {
        let mut pair = resuming(false);
        pair.server.answerer = Some(Box::new(move |request| match request {
            Request::Psk(_) => Some(Answer::Psk(None)),
            Request::Session(_) => answer(&request),
            request => panic!("{request:?}"),
        }));
        run(&mut pair);
        assert_eq!(early_after(&mut pair), Err(R::OtherPsk));
        assert!(!pair.client.done.unwrap().resumed());
    }
}

#[test]
fn a_store_that_refuses() {
    for name in ["psk", "session", "replay"] {
        let mut pair = resuming(false);
        let application = Application::new(false);
        pair.server.answerer = Some(Box::new(move |request| {
            let (kind, answer) = application.answer(&request);
            match kind == name {
                true => Some(Answer::Refuse(AlertDescription::INTERNAL_ERROR)),
                false => Some(answer),
            }
        }));
        let (on_client, on_server) = pair.failure();
        let alert = AlertDescription::INTERNAL_ERROR;
        assert_eq!(*on_server.unwrap().kind(), ErrorKind::Refused(alert));
        assert_eq!(*on_client.unwrap().kind(), ErrorKind::AlertReceived(alert));
        assert_eq!(pair.server.early_data, b"");
        assert!(pair.client.done.is_none() && pair.server.done.is_none());
    }
}

#[test]
fn a_recorder_that_does_not_know() {
    for (answer, reason) in [
        (
            (|request| match request {
                Request::Replay(_) => Some(Answer::Replay(Freshness::Unknown)),
                _ => None,
            }) as Reply,
            R::Unknown,
        ),
        (
            |request| match request {
                Request::Replay(_) => Some(Answer::Replay(Freshness::Seen)),
                _ => None,
            },
            R::Replayed,
        ),
    ] {
        let mut pair = resuming(false);
        answered(&mut pair, answer);
        run(&mut pair);
        assert_eq!(early_after(&mut pair), Err(reason));
        let summary = pair.client.done.unwrap();
        assert!(summary.resumed());
        assert_eq!(summary.early_data, rejected(R::Declined, b"GET /"));
    }
}

#[test]
fn a_store_that_keeps_nothing_gives_no_tickets() {
    let world = World::new();
    let store = MapStore {
        full: true,
        ..MapStore::default()
    };
    let server = world
        .server()
        .sessions(StatefulSessions::new(Arc::new(store)));
    let (client, server) = (world.client().build().unwrap(), server.build().unwrap());
    assert!(sessions(&client, &server).is_empty());
    // Later, and with a refusal, when the client is known already.
    let application = Application::new(true);
    let server = application.server(&world);
    for refuse in [false, true] {
        let mut pair = pair_at(0, &client, &server, None);
        pair.server.answerer = Some(Box::new(move |request| match (request, refuse) {
            (Request::StoreSession(_), false) => Some(Answer::Stored(false)),
            (Request::StoreSession(_), true) => {
                Some(Answer::Refuse(AlertDescription::INTERNAL_ERROR))
            }
            (request, _) => panic!("{request:?}"),
        }));
        pair.run();
        assert_eq!(pair.server.failed.is_some(), refuse);
        assert_eq!(pair.server.done.is_some(), !refuse);
        assert!(pair.client.sessions.is_empty());
    }
}

#[test]
fn a_wrong_answer_changes_nothing() {
    let mut pair = resuming(false);
    pair.server.answerer = Some(Box::new(|_| None));
    let wrong = [
        Answer::Stored(true),
        Answer::Replay(Freshness::New),
        Answer::Session(None),
    ];
    pair.run();
    // It asks for a PSK first.
    for answer in wrong {
        let misuse = pair.server.connection.answer(answer).unwrap_err();
        let wrong = ErrorKind::Misuse(symbolon::error::Misuse::WrongAnswer);
        assert_eq!(*misuse.kind(), wrong);
    }
    let application = Application::new(false);
    pair.server.answerer = Some(Box::new(move |request| {
        Some(application.answer(&request).1)
    }));
    pair.server.run();
    run(&mut pair);
    assert_eq!(early_after(&mut pair), Ok(()));
}
