//! A scripted client against a real server: what it shows as a ticket or session ID, and when.

use super::common::pair::{End, now, records};
use super::common::rogue12::{BOTH, Rogue};
use super::common::stores::MapStore;
use super::stores::at;
use super::{SERVER, Setup};
use rustls_pki_types::{ServerName, UnixTime};
use std::sync::{Arc, Mutex};
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::CipherSuite;
use symbolon::codepoint::{ContentType as C, ExtensionType as X, HandshakeType as T};
use symbolon::config::*;
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::error::Violation as V;
use symbolon::handshake::{Answer, Request};
use symbolon::keys::tls12::MasterSecret;
use symbolon::pki::Decision;
use symbolon::secret::SecretBytes;
use symbolon::wire::hello::{DOWNGRADE_TO_TLS12, ServerHello};
use symbolon::wire::tls12::NewSessionTicket;

type Client = Rogue<ServerConnection>;

/// A full handshake that asks for a ticket: the master secret, the ticket and the session ID.
fn first(config: &Arc<ServerConfig>) -> (MasterSecret, Vec<u8>, Vec<u8>) {
    let mut rogue = Client::client(Arc::clone(config));
    rogue.client_hello(|h| h.set(X::SESSION_TICKET, vec![]));
    let flight = rogue.read_flight();
    let hello = ServerHello::parse(&flight[0].1[4..]).unwrap();
    let (promised, id) = (hello.extensions.session_ticket, hello.session_id.to_vec());
    rogue.key_exchange();
    rogue.ccs();
    rogue.finished();
    rogue.peer.run();
    let mut ticket = Vec::new();
    if promised {
        let (kind, raw) = rogue.read_message();
        assert_eq!(kind, T::NEW_SESSION_TICKET);
        let message = NewSessionTicket::parse(&raw[4..]).unwrap();
        assert_eq!(message.lifetime_hint, 43_200);
        ticket = message.ticket.to_vec();
    }
    rogue.read_finished();
    rogue.works();
    (rogue.master.unwrap(), ticket, id)
}

/// A client that has sent a ClientHello with this ticket and session ID.
fn shows(config: &Arc<ServerConfig>, ticket: &[u8], id: &[u8]) -> Client {
    let mut rogue = Client::client(Arc::clone(config));
    rogue.client_hello(|h| {
        h.set(X::SESSION_TICKET, ticket.to_vec());
        h.session_id = id.to_vec();
    });
    rogue
}

/// Reads the server's end of an abbreviated handshake: the parts of ServerHello that count here, and
/// the new ticket.
fn read_resumed(rogue: &mut Client, master: &MasterSecret) -> (Vec<u8>, Option<Vec<u8>>) {
    rogue.peer.run();
    assert_eq!(rogue.peer.failed, None);
    let (kind, raw) = rogue.read_message();
    assert_eq!(kind, T::SERVER_HELLO);
    let hello = ServerHello::parse(&raw[4..]).unwrap();
    // RFC 6066 3: no server_name; RFC 7627 5.3, RFC 5746 3.6: the others.
    assert!(!hello.extensions.server_name);
    assert!(hello.extensions.extended_master_secret);
    assert_eq!(hello.extensions.renegotiation_info, Some(&[][..]));
    rogue.server_random = *hello.random;
    rogue.resume(master);
    let mut ticket = None;
    if hello.extensions.session_ticket {
        let (kind, raw) = rogue.read_message();
        assert_eq!(kind, T::NEW_SESSION_TICKET);
        ticket = Some(NewSessionTicket::parse(&raw[4..]).unwrap().ticket.to_vec());
    }
    rogue.read_finished();
    (hello.session_id.to_vec(), ticket)
}

#[test]
fn a_ticket_is_resumed_and_may_be_reused() {
    let config = Setup::tickets().configs().1;
    let (master, ticket, id) = first(&config);
    assert_eq!(id, b"");
    // RFC 5077 3.4: the session ID comes back, whatever it is.
    for id in [&b""[..], b"x", &[3; 32]] {
        let mut rogue = shows(&config, &ticket, id);
        let (echo, renewed) = read_resumed(&mut rogue, &master);
        assert_eq!(echo, id);
        assert!(renewed.is_some());
        rogue.ccs();
        rogue.finished();
        rogue.peer.run();
        rogue.works();
    }
}

#[test]
fn a_ticket_forged_or_truncated() {
    let config = Setup::tickets().configs().1;
    let (_, ticket, _) = first(&config);
    let full = |ticket: &[u8]| {
        let mut rogue = shows(&config, ticket, &[3; 32]);
        let flight = rogue.read_flight();
        let hello = ServerHello::parse(&flight[0].1[4..]).unwrap();
        assert_eq!(hello.session_id, b"");
    };
    for i in (0..ticket.len()).step_by(7) {
        let mut forged = ticket.clone();
        forged[i] ^= 1;
        full(&forged);
        full(&ticket[..i]);
    }
    full(&[&ticket[..], b"x"].concat());
    full(&[0; 8000]);
}

#[test]
fn a_ticket_with_a_form_of_its_own() {
    // Sealed right, and still not a session: of another format, cut short.
    #[derive(Debug)]
    struct Anything(Vec<u8>);
    impl Ticketer for Anything {
        fn seal(&self, _: &[u8], _: UnixTime, _: &mut symbolon::crypto::Random) -> Option<Vec<u8>> {
            Some(b"a ticket".to_vec())
        }
        fn open(&self, _: &[u8], _: UnixTime) -> Decision<Option<SecretBytes>> {
            Decision::Now(Some(SecretBytes::new(self.0.clone())))
        }
    }
    for bytes in [&b""[..], &[1], &[2; 200], &[1; 64]] {
        let sessions = StatelessSessions::new(Arc::new(Anything(bytes.to_vec())));
        let config = Setup::new().server.sessions(sessions).build().unwrap();
        shows(&config, b"a ticket", b"").read_flight();
    }
}

#[test]
fn a_ticket_from_the_future() {
    let setup = Setup::tickets();
    let (client, server) = setup.configs();
    // The fleet's clocks may differ by a few seconds.
    for (ahead, resumed) in [(10, true), (11, false)] {
        let session = setup.run(None, ahead).kept();
        let mut pair = super::pair(
            SERVER,
            Arc::clone(&client),
            Arc::clone(&server),
            None,
            now(),
        );
        let name = ServerName::try_from(SERVER).unwrap();
        let config = Arc::clone(&client);
        let client = ClientConnection::resume(config, name, session, [7; 32], at(ahead));
        pair.client = End::new(client.unwrap());
        super::Done::of(&mut pair).resumed(resumed);
    }
}

#[test]
fn a_session_id_known_and_unknown() {
    let config = Setup::ids().configs().1;
    let (master, _, id) = first(&config);
    assert_eq!(id.len(), 32);
    for _ in 0..2 {
        let mut rogue = shows(&config, b"", &id);
        let (echo, ticket) = read_resumed(&mut rogue, &master);
        assert_eq!((echo, ticket), (id.clone(), None));
        rogue.ccs();
        rogue.finished();
        rogue.peer.run();
        rogue.works();
    }
    let mut other = id.clone();
    other[31] ^= 1;
    // RFC 5077 3.4: beside a ticket it isn't looked up.
    for (ticket, id) in [
        (&b""[..], &other[..]),
        (b"", &id[..31]),
        (b"", b""),
        (b"x", &id),
    ] {
        let mut rogue = shows(&config, ticket, id);
        let flight = rogue.read_flight();
        let hello = ServerHello::parse(&flight[0].1[4..]).unwrap();
        assert_eq!(hello.session_id.len(), 32);
    }
}

#[test]
fn a_session_is_stored_once_the_client_has_finished() {
    let names = Arc::new(MapStore::default());
    let store: Arc<dyn SessionStore> = Arc::clone(&names) as _;
    let config = Setup::new().server.sessions(StatefulSessions::new(store));
    let config = config.build().unwrap();
    let mut rogue = Client::client(Arc::clone(&config));
    rogue.client_hello(|_| ());
    rogue.read_flight();
    rogue.key_exchange();
    rogue.ccs();
    rogue.message(T::FINISHED, &[0; 12]);
    rogue.refused(V::BadFinished, A::DECRYPT_ERROR);
    assert!(names.map.lock().unwrap().is_empty());
    first(&config);
    assert_eq!(names.map.lock().unwrap().len(), 1);
}

#[test]
fn extended_master_secret_of_old_and_new() {
    // RFC 7627 5.3: a session made with it isn't resumed without it.
    for setup in [Setup::tickets(), Setup::ids()] {
        let server = setup.server.clone().require_extended_master_secret(false);
        let config = server.build().unwrap();
        let (_, ticket, id) = first(&config);
        let mut rogue = Client::client(Arc::clone(&config));
        rogue.client_hello(|h| {
            h.set(X::SESSION_TICKET, ticket.clone());
            h.session_id.clone_from(&id);
            h.remove(X::EXTENDED_MASTER_SECRET);
        });
        let alert = A::HANDSHAKE_FAILURE;
        rogue.refused(V::ResumedWithoutExtendedMasterSecret, alert);
        // A session made without it: there is none to be resumed with it.
        let mut rogue = Client::client(Arc::clone(&config));
        rogue.extended = false;
        rogue.client_hello(|h| {
            h.set(X::SESSION_TICKET, vec![]);
            h.remove(X::EXTENDED_MASTER_SECRET);
        });
        let flight = rogue.read_flight();
        let hello = ServerHello::parse(&flight[0].1[4..]).unwrap();
        assert_eq!(hello.session_id, b"");
        assert!(!hello.extensions.session_ticket);
    }
}

#[test]
fn a_suite_that_is_not_offered_again() {
    let config = Setup::tickets().configs().1;
    let (_, ticket, _) = first(&config);
    let mut rogue = Client::client(config);
    let other = CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
    rogue.client_hello(|h| {
        h.set(X::SESSION_TICKET, ticket);
        h.suites = vec![other.0];
    });
    let flight = rogue.read_flight();
    let hello = ServerHello::parse(&flight[0].1[4..]).unwrap();
    assert_eq!(hello.cipher_suite, other);
}

#[test]
fn the_sentinel_of_a_newer_server_is_there_when_it_resumes() {
    let setup = Setup::tickets();
    let config = setup.server.versions(BOTH).build().unwrap();
    let (master, ticket, _) = first(&config);
    let mut rogue = shows(&config, &ticket, &[3; 32]);
    read_resumed(&mut rogue, &master);
    assert_eq!(rogue.server_random[24..], DOWNGRADE_TO_TLS12);
    // The randoms, and with them the keys, are new ones.
    assert_ne!(rogue.server_random[..24], [0; 24]);
}

/// A server that has sent its end of an abbreviated handshake.
pub fn resumed(config: &Arc<ServerConfig>) -> Client {
    let (master, ticket, id) = first(config);
    let id = if ticket.is_empty() { id } else { vec![3; 32] };
    let mut rogue = shows(config, &ticket, &id);
    read_resumed(&mut rogue, &master);
    rogue
}

#[test]
fn each_other_message_is_refused() {
    for setup in [Setup::tickets(), Setup::ids()] {
        let config = setup.configs().1;
        for kind in [
            T::CLIENT_HELLO,
            T::CERTIFICATE,
            T::CLIENT_KEY_EXCHANGE,
            T::CERTIFICATE_VERIFY,
            T::NEW_SESSION_TICKET,
            T::FINISHED,
            T::HELLO_REQUEST,
            T::KEY_UPDATE,
        ] {
            let mut rogue = resumed(&config);
            rogue.message(kind, &[]);
            rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
            if kind == T::FINISHED {
                continue;
            }
            let mut rogue = resumed(&config);
            rogue.ccs();
            rogue.message(kind, &[]);
            rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
        }
        // Data before its time, a second ChangeCipherSpec, a Finished that isn't right.
        for keys in [false, true] {
            let mut rogue = resumed(&config);
            if keys {
                rogue.ccs();
            }
            rogue.record(C::APPLICATION_DATA, b"data");
            rogue.refused(V::UnexpectedContentType, A::UNEXPECTED_MESSAGE);
        }
        let mut rogue = resumed(&config);
        rogue.ccs();
        rogue.bare_ccs();
        rogue.refused(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
        let mut rogue = resumed(&config);
        rogue.ccs();
        rogue.message(T::FINISHED, &[0; 12]);
        rogue.refused(V::BadFinished, A::DECRYPT_ERROR);
    }
}

/// Leaves it all to the application.
#[derive(Debug)]
struct Later;

impl Ticketer for Later {
    fn seal(&self, state: &[u8], _: UnixTime, _: &mut symbolon::crypto::Random) -> Option<Vec<u8>> {
        Some(state.to_vec())
    }
    fn open(&self, _: &[u8], _: UnixTime) -> Decision<Option<SecretBytes>> {
        Decision::Later
    }
}

impl SessionStore for Later {
    fn put(&self, _: &StoreSession) -> Decision<bool> {
        Decision::Later
    }
    fn take(&self, _: &SessionQuery) -> Decision<Option<SecretBytes>> {
        Decision::Later
    }
    fn get(&self, _: &SessionQuery) -> Decision<Option<SecretBytes>> {
        Decision::Later
    }
}

#[test]
fn a_store_that_answers_later() {
    for stateless in [true, false] {
        let server = Setup::new().server;
        let setup = Setup {
            server: match stateless {
                true => server.sessions(StatelessSessions::new(Arc::new(Later))),
                false => server.sessions(StatefulSessions::new(Arc::new(Later))),
            },
            ..Setup::new()
        };
        let (_, server) = setup.configs();
        let client = setup.world.client_config().session_scope("tests");
        // Its server is of the other world; here the sessions count.
        let client = client
            .versions(super::TLS12)
            .verifier(Arc::new(symbolon::pki::DangerousAcceptAnyCertificate))
            .build()
            .unwrap();
        let stored: Arc<Mutex<Vec<StoreSession>>> = Arc::default();
        let asked: Arc<Mutex<usize>> = Arc::default();
        let mut session = None;
        // ListStore; resumed; not found; refused.
        for round in 0..4 {
            let mut pair = super::pair(
                SERVER,
                Arc::clone(&client),
                Arc::clone(&server),
                session.take(),
                now(),
            );
            let (keep, asked) = (Arc::clone(&stored), Arc::clone(&asked));
            pair.server.answerer = Some(Box::new(move |request| {
                *asked.lock().unwrap() += 1;
                Some(match request {
                    Request::StoreSession(session) => {
                        assert_eq!(session.expires, at(43_200));
                        keep.lock().unwrap().push(session);
                        Answer::Stored(true)
                    }
                    Request::Session(_) if round == 3 => Answer::Refuse(A::ACCESS_DENIED),
                    Request::Session(_) if round == 2 => Answer::Session(None),
                    Request::Session(query) if stateless => {
                        Answer::Session(Some(Arc::new(SecretBytes::new(query.id))))
                    }
                    Request::Session(query) => {
                        let kept = keep.lock().unwrap();
                        let found = kept.iter().find(|kept| kept.id[..] == query.id);
                        Answer::Session(found.map(|found| Arc::clone(&found.state)))
                    }
                    other => panic!("{other:?}"),
                })
            }));
            if round == 3 {
                let (_, error) = pair.failure();
                let refused = symbolon::error::ErrorKind::Refused(A::ACCESS_DENIED);
                assert_eq!(*error.unwrap().kind(), refused);
                break;
            }
            let mut done = super::Done::of(&mut pair).resumed(round == 1);
            session = Some(done.kept());
        }
        let expected = if stateless { (0, 3) } else { (2, 5) };
        let counted = (stored.lock().unwrap().len(), *asked.lock().unwrap());
        assert_eq!(counted, expected);
    }
}

#[test]
fn a_session_that_could_not_be_kept() {
    #[derive(Debug)]
    struct Full;
    impl SessionStore for Full {
        fn put(&self, _: &StoreSession) -> Decision<bool> {
            Decision::Now(false)
        }
        fn take(&self, _: &SessionQuery) -> Decision<Option<SecretBytes>> {
            Decision::Now(None)
        }
        fn get(&self, _: &SessionQuery) -> Decision<Option<SecretBytes>> {
            Decision::Now(None)
        }
    }
    let mut setup = Setup::new();
    setup.server = setup.server.sessions(StatefulSessions::new(Arc::new(Full)));
    let session = setup.run(None, 0).session;
    setup.run(session, 1).resumed(false);
}

#[test]
fn tickets_and_finished_go_out_in_order() {
    let setup = Setup::tickets();
    let done = setup.run(None, 0);
    // ServerHello to ServerHelloDone; NewSessionTicket, ChangeCipherSpec, Finished.
    let kinds: Vec<u8> = records(&done.to_client).iter().map(|r| r.0).collect();
    assert_eq!(kinds, [22, 22, 20, 22]);
}
