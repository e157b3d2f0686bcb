//! A scripted server against a real client that has a session.

use super::common::rogue::{Hello, World, message, vec16};
use super::common::rogue12::{BOTH, Rogue, TLS12};
use super::common::stores::ListStore;
use super::{SERVER, at};
use rustls_pki_types::ServerName;
use std::sync::Arc;
use symbolon::codepoint::AlertDescription as A;
use symbolon::codepoint::*;
use symbolon::codepoint::{ContentType as C, ExtensionType as X, HandshakeType as T};
use symbolon::config::*;
use symbolon::conn::ClientConnection;
use symbolon::error::Violation as V;
use symbolon::keys::tls12::MasterSecret;
use symbolon::pki::PathVerifier;
use symbolon::wire::hello::{ClientHello, DOWNGRADE_TO_TLS12, HELLO_RETRY_REQUEST_RANDOM};

type Server = Rogue<ClientConnection>;

/// What a session goes by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum By {
    Ticket,
    Id,
}

pub const BYS: [By; 2] = [By::Ticket, By::Id];
/// The session ID that the script gives.
const ID: [u8; 32] = [0x1d; 32];

/// A client with a store that has one session in it, and the session's master secret.
pub struct Known {
    world: World,
    kept: Arc<ListStore>,
    config: Arc<ClientConfig>,
    newer: Arc<ClientConfig>,
    master: MasterSecret,
}

/// A full handshake up to the server's Finished.
fn full(rogue: &mut Server, world: &World, by: By) {
    rogue.server_hello(|h| {
        h.session_id = ID.to_vec();
        if by == By::Ticket {
            h.extensions.push((X::SESSION_TICKET, vec![]));
        }
    });
    rogue.certificate(&world.server);
    rogue.key_exchange(&world.server);
    rogue.hello_done();
    rogue.read_client_flight();
    if by == By::Ticket {
        rogue.ticket(7200, b"a ticket");
    }
    rogue.ccs();
}

impl Known {
    pub fn new(by: By) -> Self {
        let world = World::new();
        let kept = Arc::new(ListStore::default());
        let client = world
            .client_config()
            .session_scope("tests")
            .sessions(Arc::clone(&kept) as Arc<dyn ClientSessionStore>);
        let config = client.clone().versions(TLS12).build().unwrap();
        let newer = client.versions(BOTH).build().unwrap();
        let mut rogue = Server::server(Arc::clone(&config));
        full(&mut rogue, &world, by);
        rogue.finished();
        rogue.peer.run();
        rogue.works();
        let session = rogue.peer.sessions.pop().unwrap();
        kept.put(session);
        Self {
            world,
            kept,
            config,
            newer,
            master: rogue.master.unwrap(),
        }
    }

    /// The client has sent a ClientHello that offers the session.
    pub fn offered(&self, newer: bool) -> Server {
        let config = if newer { &self.newer } else { &self.config };
        Server::server(Arc::clone(config))
    }

    /// Up to ServerHello.
    pub fn accepted(&self, ticket: bool) -> Server {
        let mut rogue = self.offered(false);
        accept(&mut rogue, &self.master, ticket);
        rogue
    }
}

fn session_id(rogue: &Server) -> Vec<u8> {
    ClientHello::parse(&rogue.hello[4..])
        .unwrap()
        .session_id
        .to_vec()
}

/// ServerHello that resumes.
fn accept(rogue: &mut Server, master: &MasterSecret, ticket: bool) {
    let id = session_id(rogue);
    rogue.server_hello(|h| {
        h.session_id = id;
        if ticket {
            h.extensions.push((X::SESSION_TICKET, vec![]));
        }
    });
    rogue.resume(master);
}

/// The client's Finished after ours.
fn read_client_end(rogue: &mut Server) {
    rogue.peer.run();
    assert_eq!(rogue.peer.failed, None);
    rogue.read_finished();
}

#[test]
fn what_is_offered() {
    for by in BYS {
        for newer in [false, true] {
            let known = Known::new(by);
            let rogue = known.offered(newer);
            let hello = ClientHello::parse(&rogue.hello[4..]).unwrap();
            let ticket = hello.extensions.session_ticket.unwrap();
            assert_eq!(hello.session_id.len(), 32);
            match by {
                By::Ticket => assert_eq!(ticket, b"a ticket"),
                By::Id => assert_eq!((hello.session_id, ticket), (&ID[..], &b""[..])),
            }
            assert!(hello.extensions.extended_master_secret);
            // The store has given it away.
            assert!(known.kept.0.lock().unwrap().is_empty());
        }
    }
}

#[test]
fn resumed_with_and_without_another_ticket() {
    for by in BYS {
        for ticket in [None, Some(&b"another"[..]), Some(b"")] {
            let known = Known::new(by);
            let mut rogue = known.accepted(ticket.is_some());
            rogue.peer.time = at(60);
            if let Some(ticket) = ticket {
                rogue.ticket(0, ticket);
            }
            rogue.ccs();
            rogue.finished();
            read_client_end(&mut rogue);
            rogue.works();
            // The new ticket, or else the session that there was.
            let session = rogue.peer.sessions.pop().unwrap();
            let expires = match (by, ticket) {
                (_, Some(b"another")) => 60 + 86_400,
                (By::Ticket, _) => 60 + 7200,
                (By::Id, _) => 60 + 86_400,
            };
            assert_eq!(session.expires(), at(expires));
            assert_eq!(session.authenticated(), at(0));
            known.kept.put(session);
            let rogue = known.offered(false);
            let hello = ClientHello::parse(&rogue.hello[4..]).unwrap();
            let shown = hello.extensions.session_ticket.unwrap();
            // From the future, as it was received a minute later: not offered.
            assert_eq!(shown, b"");
        }
    }
}

#[test]
fn a_server_that_makes_a_new_session() {
    for by in BYS {
        let known = Known::new(by);
        let mut rogue = known.offered(false);
        rogue.flight(&known.world);
        rogue.read_client_flight();
        rogue.ccs();
        rogue.finished();
        rogue.peer.run();
        rogue.works();
        assert!(!rogue.peer.done.as_ref().unwrap().resumed());
    }
}

#[test]
fn resumption_that_was_not_offered() {
    let known = Known::new(By::Ticket);
    known.kept.0.lock().unwrap().clear();
    // The ID that middleboxes like to see stands for no session.
    let mut rogue = known.offered(true);
    let id = session_id(&rogue);
    assert_eq!(id.len(), 32);
    rogue.server_hello(|h| h.session_id = id);
    rogue.refused(V::SessionNotOffered, A::ILLEGAL_PARAMETER);
    // Without one, an ID of the server's is just the name of a new session.
    let mut rogue = known.offered(false);
    assert_eq!(session_id(&rogue), b"");
    rogue.server_hello(|h| h.session_id = ID.to_vec());
    rogue.bare_ccs();
    rogue.refused(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
}

#[test]
fn resumption_with_something_changed() {
    let chacha = CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256;
    for by in BYS {
        let refused = |newer: bool, edit: &dyn Fn(&mut Hello), v, alert| {
            let mut rogue = Known::new(by).offered(newer);
            let id = session_id(&rogue);
            rogue.server_hello(|h| {
                h.session_id = id;
                edit(h);
            });
            rogue.refused(v, alert);
        };
        let (illegal, failure) = (A::ILLEGAL_PARAMETER, A::HANDSHAKE_FAILURE);
        refused(
            false,
            &|h| h.suites = vec![chacha.0],
            V::SessionChanged,
            illegal,
        );
        let without = V::ResumedWithoutExtendedMasterSecret;
        refused(
            false,
            &|h| h.remove(X::EXTENDED_MASTER_SECRET),
            without,
            failure,
        );
        let none = V::NoRenegotiationInfo;
        refused(false, &|h| h.remove(X::RENEGOTIATION_INFO), none, failure);
        refused(
            false,
            &|h| h.version = 0x0302,
            V::OldServer,
            A::PROTOCOL_VERSION,
        );
        let sentinel = |h: &mut Hello| {
            h.random[24..].copy_from_slice(&DOWNGRADE_TO_TLS12);
        };
        refused(true, &sentinel, V::Downgrade, illegal);
    }
}

/// CVE-2026-34873: the version of a HelloRetryRequest stays, session or not.
#[test]
fn a_retry_and_then_the_session() {
    for by in BYS {
        let known = Known::new(by);
        let mut rogue = known.offered(true);
        let id = session_id(&rogue);
        rogue.server_hello(|h| {
            h.random = HELLO_RETRY_REQUEST_RANDOM;
            h.session_id.clone_from(&id);
            h.suites = vec![CipherSuite::TLS_AES_128_GCM_SHA256.0];
            h.extensions = vec![
                (X::SUPPORTED_VERSIONS, vec![3, 4]),
                (X::KEY_SHARE, NamedGroup::SECP256R1.0.to_be_bytes().to_vec()),
            ];
        });
        rogue.peer.run();
        assert_eq!(rogue.peer.failed, None);
        let (kind, raw) = rogue.read_message();
        assert_eq!(kind, T::CLIENT_HELLO);
        rogue.hello = raw;
        assert_eq!(session_id(&rogue), id);
        accept(&mut rogue, &known.master, false);
        rogue.ccs();
        rogue.finished();
        rogue.refused(V::ServerHelloVersion, A::ILLEGAL_PARAMETER);
    }
}

/// CVE-2026-94419: what a server says of a session is worth nothing before its Finished, and is never
/// kept under another server's name.
#[test]
fn a_cache_is_not_poisoned() {
    for by in BYS {
        let known = Known::new(by);
        known.kept.0.lock().unwrap().clear();
        let mut rogue = known.offered(false);
        full(&mut rogue, &known.world, by);
        rogue.message(T::FINISHED, &[0; 12]);
        rogue.refused(V::BadFinished, A::DECRYPT_ERROR);
        assert!(rogue.peer.sessions.is_empty());

        // Nor when a session is resumed.
        let known = Known::new(by);
        let mut rogue = known.accepted(true);
        rogue.ticket(0, b"poison");
        rogue.ccs();
        rogue.message(T::FINISHED, &[0; 12]);
        rogue.refused(V::BadFinished, A::DECRYPT_ERROR);
        assert!(rogue.peer.sessions.is_empty());

        // Another server that gives the same ID, or ticket.
        let known = Known::new(by);
        let mut world = World::new();
        world.server = known.world.pki.leaf(
            &["attacker.example"],
            super::common::certs::KeyKind::EcdsaP256,
        );
        let name = ServerName::try_from("attacker.example").unwrap();
        known.kept.0.lock().unwrap().clear();
        let client = ClientConnection::new(Arc::clone(&known.config), name.clone(), [4; 32], at(0));
        let mut rogue = Server::server_of(client.unwrap());
        full(&mut rogue, &world, by);
        rogue.finished();
        rogue.peer.run();
        rogue.works();
        let poison = rogue.peer.sessions.pop().unwrap();
        assert_eq!(*poison.server(), name);
        known.kept.put(poison);
        let own = ServerName::try_from(SERVER).unwrap();
        let scope = known.config.scope().unwrap();
        assert!(known.kept.take(&own, scope, at(0)).is_none());
    }
}

/// A server that only knows the ticket or ID, which anyone can see.
#[test]
fn a_server_without_the_master_secret() {
    for by in BYS {
        let known = Known::new(by);
        let mut rogue = known.offered(false);
        let guess = MasterSecret::copied_from(&[0; 48]).unwrap();
        accept(&mut rogue, &guess, false);
        rogue.ccs();
        rogue.finished();
        let error = rogue.failed(Some(A::BAD_RECORD_MAC));
        assert!(rogue.peer.done.is_none(), "{error}");
    }
}

#[test]
fn each_other_message_is_refused() {
    for by in BYS {
        for kind in [
            T::SERVER_HELLO,
            T::CERTIFICATE,
            T::CERTIFICATE_STATUS,
            T::SERVER_KEY_EXCHANGE,
            T::CERTIFICATE_REQUEST,
            T::SERVER_HELLO_DONE,
            T::NEW_SESSION_TICKET,
            T::FINISHED,
            T::KEY_UPDATE,
        ] {
            for ticket in [false, true] {
                let expected = kind == T::NEW_SESSION_TICKET && ticket;
                if !expected {
                    let mut rogue = Known::new(by).accepted(ticket);
                    rogue.message(kind, &[]);
                    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
                }
            }
            let mut rogue = Known::new(by).accepted(true);
            rogue.ticket(9, b"t");
            rogue.message(kind, &[]);
            rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
            if kind != T::FINISHED {
                let mut rogue = Known::new(by).accepted(false);
                rogue.ccs();
                rogue.message(kind, &[]);
                rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
            }
        }
        // A ticket that was promised and doesn't come; data before Finished.
        let mut rogue = Known::new(by).accepted(true);
        rogue.ccs();
        rogue.refused(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
        let mut rogue = Known::new(by).accepted(false);
        rogue.ccs();
        rogue.record(C::APPLICATION_DATA, b"data");
        rogue.refused(V::UnexpectedContentType, A::UNEXPECTED_MESSAGE);
    }
}

#[test]
fn a_ticket_in_a_full_handshake() {
    let known = Known::new(By::Ticket);
    let begin = |promised: bool| {
        known.kept.0.lock().unwrap().clear();
        let mut rogue = known.offered(false);
        rogue.server_hello(|h| {
            if promised {
                h.extensions.push((X::SESSION_TICKET, vec![]));
            }
        });
        rogue.certificate(&known.world.server);
        rogue.key_exchange(&known.world.server);
        rogue.hello_done();
        rogue.read_client_flight();
        rogue
    };
    let mut rogue = begin(false);
    rogue.ticket(9, b"t");
    rogue.refused(V::UnexpectedMessage, A::UNEXPECTED_MESSAGE);
    let mut rogue = begin(true);
    rogue.ccs();
    rogue.refused(V::UnexpectedChangeCipherSpec, A::UNEXPECTED_MESSAGE);
    // A HelloRequest in between changes nothing.
    let mut rogue = begin(true);
    rogue.record(C::HANDSHAKE, &[0, 0, 0, 0]);
    rogue.ticket(9, b"t");
    rogue.ccs();
    rogue.finished();
    rogue.peer.run();
    rogue.works();
    // Ill-formed ones.
    for body in [
        &b""[..],
        &[0; 4],
        &[0, 0, 0, 0, 0, 2, 1],
        &[0, 0, 0, 0, 0, 0, 1],
    ] {
        let mut rogue = begin(true);
        rogue.message(T::NEW_SESSION_TICKET, body);
        let error = rogue.failed(Some(A::DECODE_ERROR));
        assert!(rogue.peer.done.is_none(), "{error}");
    }
    // RFC 5077 3.2: session_ticket only if the client has it.
    let silent = known.world.client_config().versions(TLS12);
    let silent = silent.verifier(Arc::new(super::Nameless(PathVerifier::new(
        known.world.pki.roots(),
    ))));
    let mut rogue = Server::server(silent.build().unwrap());
    rogue.server_hello(|h| h.extensions.push((X::SESSION_TICKET, vec![])));
    rogue.refused(V::UnsolicitedExtension, A::UNSUPPORTED_EXTENSION);
}

/// The ClientHello of a client that has a session, under another config: whether the session is in it.
fn offers(known: &Known, config: ClientConfigBuilder) -> bool {
    let store = Arc::clone(&known.kept) as Arc<dyn ClientSessionStore>;
    let config = config.session_scope("tests").sessions(store);
    let rogue = Server::server(config.build().unwrap());
    let hello = ClientHello::parse(&rogue.hello[4..]).unwrap();
    assert!(known.kept.0.lock().unwrap().is_empty());
    let ticket = hello.extensions.session_ticket.unwrap_or(&[]);
    assert!(hello.extensions.pre_shared_key.is_none());
    hello.session_id == ID || !ticket.is_empty()
}

#[test]
fn what_the_config_has_no_more_is_not_offered() {
    for by in BYS {
        let known = || {
            let known = Known::new(by);
            let config = known.world.client_config();
            (known, config)
        };
        let (same, config) = known();
        assert!(offers(&same, config.versions(TLS12)));
        let (newer, config) = known();
        assert!(offers(&newer, config.versions(BOTH)));
        let (without_version, config) = known();
        assert!(!offers(
            &without_version,
            config.versions(&[ProtocolVersion::TLS13])
        ));
        let (without_suite, config) = known();
        let others = [
            CipherSuite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            CipherSuite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ];
        let config = config.versions(TLS12).cipher_suites(&others);
        assert!(!offers(&without_suite, config));
    }
}

/// A ticket that no ClientHello has room for is passed over, though the limits let it in.
#[test]
fn a_ticket_beyond_all_measure_is_not_offered() {
    for (len, offered) in [(MAX_TICKET_LEN, true), (MAX_TICKET_LEN + 1, false)] {
        let mut known = Known::new(By::Ticket);
        known.kept.0.lock().unwrap().clear();
        let mut limits = Limits::default();
        limits.ticket = 40_000;
        let config = known.world.client_config().versions(TLS12).limits(limits);
        let store = Arc::clone(&known.kept) as Arc<dyn ClientSessionStore>;
        let config = config.session_scope("tests").sessions(store);
        known.config = config.build().unwrap();
        let mut rogue = Server::server(Arc::clone(&known.config));
        rogue.server_hello(|h| h.extensions.push((X::SESSION_TICKET, vec![])));
        rogue.certificate(&known.world.server);
        rogue.key_exchange(&known.world.server);
        rogue.hello_done();
        rogue.read_client_flight();
        let body = [&7200_u32.to_be_bytes()[..], &vec16(&vec![7; len])].concat();
        let raw = message(T::NEW_SESSION_TICKET, &body);
        rogue.messages.extend_from_slice(&raw);
        for part in raw.chunks(16_000) {
            rogue.record(C::HANDSHAKE, part);
        }
        rogue.ccs();
        rogue.finished();
        rogue.peer.run();
        known.kept.put(rogue.peer.sessions.pop().unwrap());
        let hello = Server::server(Arc::clone(&known.config)).hello;
        let hello = ClientHello::parse(&hello[4..]).unwrap();
        let ticket = hello.extensions.session_ticket.unwrap();
        assert_eq!(ticket.len(), if offered { len } else { 0 });
    }
}
