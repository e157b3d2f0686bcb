//! Tickets and sessions: what a server sealed, what it stored, what a client saved.

use crate::NOW;
use crate::connection::{Open, Options, client_config, client_connection, drive, session};
use crate::differential::first_hello;
use crate::edit::Hello;
use crate::transparent::{TRANSPARENT, credential};
use std::cell::RefCell;
use std::sync::{Arc, LazyLock};
use symbolon::codepoint::{ExtensionType, ProtocolVersion};
use symbolon::config::{
    RotatingTicketer, ServerConfig, ServerSessions, Session, SessionQuery, SessionStore,
    StatefulSessions, StatelessSessions, StoreSession, Ticketer,
};
use symbolon::conn::{ClientConnection, Event, ServerConnection};
use symbolon::crypto::Random;
use symbolon::handshake::{Authentication, Summary};
use symbolon::pki::Decision;
use symbolon::provider::default_provider;
use symbolon::secret::SecretBytes;

/// The first byte says what is done: a session is sealed with a real key, the ticket altered, and must not
/// open; or the input is what a ticket holds, once it was opened, in TLS 1.3 or 1.2. Whether a
/// handshake or a ticket came of it.
pub fn ticket(bytes: &[u8]) -> bool {
    let Some((kind, rest)) = bytes.split_first() else {
        return false;
    };
    match kind % 4 {
        0 => sealed(rest),
        1 => made_up(rest),
        2 => resumed(ProtocolVersion::TLS13, &STATELESS, rest, rest),
        _ => resumed(ProtocolVersion::TLS12, &STATELESS, rest, rest),
    }
}

/// The first byte chooses a version; the rest is what a store gives for the ticket that the client sends.
pub fn stored_session(bytes: &[u8]) -> bool {
    let Some((version, state)) = bytes.split_first() else {
        return false;
    };
    let version = match version % 2 {
        0 => ProtocolVersion::TLS13,
        _ => ProtocolVersion::TLS12,
    };
    STORED.with_borrow_mut(|stored| *stored = state.to_vec());
    resumed(version, &STATEFUL, &[8; 32], state)
}

static TICKETER: LazyLock<RotatingTicketer> =
    LazyLock::new(|| RotatingTicketer::new(&default_provider(), &[7; 32], 3600).unwrap());

fn opened(ticket: &[u8]) -> Option<SecretBytes> {
    match TICKETER.open(ticket, NOW) {
        Decision::Now(state) => state,
        Decision::Later => panic!("nobody is asked"),
    }
}

/// How many bytes are altered, each with its place (2) and what it is changed by; then the session.
fn sealed(bytes: &[u8]) -> bool {
    let Some((count, rest)) = bytes.split_first() else {
        return false;
    };
    let (changes, state) = rest.split_at(rest.len().min(usize::from(count % 4) * 3));
    let random = &mut Random::new([1; 32]);
    let Some(ticket) = TICKETER.seal(state, NOW, random) else {
        return false;
    };
    let mut altered = ticket.clone();
    for change in changes.as_chunks::<3>().0 {
        let place = usize::from(u16::from_be_bytes([change[0], change[1]]));
        let len = altered.len();
        match place.checked_sub(len) {
            None => altered[place] ^= change[2],
            // Shorter, or longer.
            Some(more) if more % 2 == 0 => altered.truncate(len - more / 2 % len.max(1)),
            Some(_) => altered.push(change[2]),
        }
    }
    match opened(&altered) {
        Some(opened) => assert!(altered == ticket && opened.expose() == state),
        None => assert!(altered != ticket, "it doesn't open"),
    }
    true
}

/// A ticket from nobody.
fn made_up(ticket: &[u8]) -> bool {
    assert!(opened(ticket).is_none(), "it was made up");
    true
}

thread_local! {
    static STORED: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A store that has what the input says, whatever it is asked for.
#[derive(Debug)]
struct Store;

impl SessionStore for Store {
    fn put(&self, _: &StoreSession) -> Decision<bool> {
        Decision::Now(true)
    }

    fn take(&self, query: &SessionQuery) -> Decision<Option<SecretBytes>> {
        self.get(query)
    }

    fn get(&self, _: &SessionQuery) -> Decision<Option<SecretBytes>> {
        Decision::Now(Some(SecretBytes::new(STORED.with_borrow(Vec::clone))))
    }
}

fn config(sessions: impl Into<ServerSessions>) -> Arc<ServerConfig> {
    let builder = ServerConfig::builder().provider(TRANSPARENT);
    let builder = builder.credential(credential()).alpn(["h2"]);
    builder
        .sessions(sessions)
        .session_scope("fuzz")
        .build()
        .unwrap()
}

static STATELESS: LazyLock<Arc<ServerConfig>> =
    LazyLock::new(|| config(StatelessSessions::new(Arc::new(Open { later: false }))));
static STATEFUL: LazyLock<Arc<ServerConfig>> =
    LazyLock::new(|| config(StatefulSessions::new(Arc::new(Store))));

/// A handshake with this ticket for this session; whether there was one, resumed or not.
fn resumed(
    version: ProtocolVersion,
    config: &Arc<ServerConfig>,
    ticket: &[u8],
    state: &[u8],
) -> bool {
    let options = Options(match version {
        ProtocolVersion::TLS13 => Options::TRANSPARENT | Options::SESSIONS,
        _ => Options::TRANSPARENT | Options::SESSIONS | Options::TLS12,
    });
    let Some(flight) = client_flight(options, ticket, state) else {
        return false;
    };
    let server = ServerConnection::new(Arc::clone(config), [2; 32], NOW).unwrap();
    let mut resumed = false;
    let done = drive(server, &flight, options, &mut |summary: &Summary| {
        let Authentication::Session { .. } = summary.authentication else {
            return;
        };
        resumed = true;
        assert_eq!(summary.version, version);
        // Format, version, suite: no other session may stand for it.
        assert_eq!(state[..3], [&[1], &version.0.to_be_bytes()[..]].concat());
        if version == ProtocolVersion::TLS12 {
            assert_eq!(state[3..5], summary.cipher_suite.0.to_be_bytes());
        }
    });
    done && resumed
}

/// A client's hello with this ticket, and its Finished for a session that is taken.
fn client_flight(options: Options, ticket: &[u8], state: &[u8]) -> Option<Vec<u8>> {
    static HELLOS: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
        [0, Options::TLS12].map(|version| {
            let options = Options::TRANSPARENT | Options::SESSIONS | version;
            first_hello(client_connection(Options(options)))
        })
    });
    let tls12 = options.0 & Options::TLS12 != 0;
    let mut hello = Hello::client(&HELLOS[usize::from(tls12)])?;
    let len = u16::try_from(ticket.len())
        .ok()
        .filter(|len| (1..12_000).contains(len))?;
    if tls12 {
        *hello.extension(ExtensionType::SESSION_TICKET.0)? = ticket.to_vec();
        // Of a stateful session it is the name.
        if ticket.len() == 32 {
            hello.set_session_id(ticket);
            hello.without(ExtensionType::SESSION_TICKET.0);
        }
    } else {
        let identities = [&len.to_be_bytes()[..], ticket, &[0; 4]].concat();
        let identities_len = (len + 6).to_be_bytes();
        // The hash that the session's suite has, if there is one.
        let hash = if state.get(3..5) == Some(&[0x13, 2]) {
            48
        } else {
            32
        };
        let binders = [&[0, hash + 1, hash][..], &vec![0; usize::from(hash)]].concat();
        let psk = [&identities_len[..], &identities, &binders].concat();
        *hello.extension(ExtensionType::PRE_SHARED_KEY.0)? = psk;
        hello.without(ExtensionType::EARLY_DATA.0);
    }
    let mut out = record(22, &hello.to_bytes());
    if tls12 {
        out.extend(record(20, &[1]));
        // An explicit nonce, if the suite has one; Finished; a tag.
        let nonce = usize::from(state.get(3..5) == Some(&[0xc0, 0x2b])) * 8;
        let finished = [&vec![0; nonce][..], &[20, 0, 0, 12], &[0; 12 + 16]].concat();
        out.extend(record(22, &finished));
    } else {
        let hash = if state.get(3..5) == Some(&[0x13, 2]) {
            48
        } else {
            32
        };
        let finished = [
            &[20, 0, 0, hash][..],
            &vec![0; usize::from(hash)],
            &[22],
            &[0; 16],
        ];
        out.extend(record(23, &finished.concat()));
    }
    Some(out)
}

fn record(kind: u8, body: &[u8]) -> Vec<u8> {
    let len = u16::try_from(body.len()).expect("it is short");
    [&[kind, 3, 3], &len.to_be_bytes()[..], body].concat()
}

/// A session as somebody's file has it: what is read is written so that it reads as the same, and a client
/// says hello with it.
pub fn saved_session(bytes: &[u8]) -> bool {
    let session = match Session::from_bytes(bytes) {
        Ok(session) => session,
        Err(error) => {
            drop(error.to_string());
            return false;
        }
    };
    let _ = format!("{session:?} {:?}", session.is_fresh(NOW));
    let written = session.to_bytes();
    let again = Session::from_bytes(written.expose()).expect("it was written here");
    assert!(again.to_bytes() == written);

    static CONFIG: LazyLock<Arc<symbolon::config::ClientConfig>> =
        LazyLock::new(|| client_config(Options(Options::TRANSPARENT | Options::SESSIONS)));
    let name = session.server().clone();
    let ticket = session.ticket().to_vec();
    let client = ClientConnection::resume(Arc::clone(&CONFIG), name, session, [1; 32], NOW);
    let mut client = match client {
        Ok(client) => client,
        Err(error) => {
            drop(error.to_string());
            return true;
        }
    };
    let mut out = Vec::new();
    match client.receive(&mut [], &mut out).event {
        Event::NeedInput { .. } => {
            let hello = Hello::client(&crate::differential::message_of(&out)).expect("it is good");
            let psk = hello.extension_of(ExtensionType::PRE_SHARED_KEY.0);
            assert!(psk.is_none_or(|psk| psk[4..].starts_with(&ticket)));
        }
        Event::Failed(error) => drop(error.to_string()),
        other => panic!("{other:?}"),
    }
    true
}

/// The seeds of the targets above: (target, name, bytes).
pub fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let saved = |options| session(Options(options)).expect("there is one");
    let sessions = Options::TRANSPARENT | Options::SESSIONS;
    let (new, old) = (saved(sessions), saved(sessions | Options::TLS12));
    // The ticketer of these seals nothing: a ticket is the session.
    let [new_state, old_state] = [&new, &old].map(|session| session.ticket().to_vec());
    let with = |first: u8, rest: &[u8]| [&[first], rest].concat();
    vec![
        ("ticket", "sealed", with(0, b"\x01\0\0\0session")),
        (
            "ticket",
            "altered",
            with(0, b"\x02\0\x10\x01\0\x40\x80session"),
        ),
        ("ticket", "made_up", with(1, &[1; 80])),
        ("ticket", "tls13", with(2, &new_state)),
        ("ticket", "tls12", with(3, &old_state)),
        ("stored_session", "tls13", with(0, &new_state)),
        ("stored_session", "tls12", with(1, &old_state)),
        ("saved_session", "own13", new.to_bytes().expose().to_vec()),
        ("saved_session", "own12", old.to_bytes().expose().to_vec()),
    ]
}
