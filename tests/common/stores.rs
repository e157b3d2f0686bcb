//! The simplest stores there are: no bound, no encryption, and a log of what was asked.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use rustls_pki_types::{ServerName, UnixTime};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use symbolon::config::*;
use symbolon::crypto::Random;
use symbolon::pki::Decision;
use symbolon::secret::SecretBytes;

/// Tickets that hold the session as it is, after the server's mark.
#[derive(Debug)]
pub struct OpenTicketer(pub u8);

impl Ticketer for OpenTicketer {
    fn seal(&self, state: &[u8], _: UnixTime, _: &mut Random) -> Option<Vec<u8>> {
        Some([&[self.0], state].concat())
    }

    fn open(&self, ticket: &[u8], _: UnixTime) -> Decision<Option<SecretBytes>> {
        let state = ticket.strip_prefix(&[self.0]);
        Decision::Now(state.map(|state| SecretBytes::new(state.to_vec())))
    }
}

/// Tickets of this length, which nobody opens.
#[derive(Debug)]
pub struct Long(pub usize);

impl Ticketer for Long {
    fn seal(&self, _: &[u8], _: UnixTime, _: &mut Random) -> Option<Vec<u8>> {
        Some(vec![7; self.0])
    }

    fn open(&self, _: &[u8], _: UnixTime) -> Decision<Option<SecretBytes>> {
        Decision::Now(None)
    }
}

/// A store of sessions for servers.
#[derive(Debug, Default)]
pub struct MapStore {
    pub map: Mutex<BTreeMap<Vec<u8>, Vec<u8>>>,
    /// It takes no more.
    pub full: bool,
}

impl SessionStore for MapStore {
    fn put(&self, session: &StoreSession) -> Decision<bool> {
        let state = session.state.expose().to_vec();
        let mut map = self.map.lock().unwrap();
        Decision::Now(!self.full && map.insert(session.id.to_vec(), state).is_none())
    }

    fn take(&self, query: &SessionQuery) -> Decision<Option<SecretBytes>> {
        let state = self.map.lock().unwrap().remove(&query.id);
        Decision::Now(state.map(SecretBytes::new))
    }

    fn get(&self, query: &SessionQuery) -> Decision<Option<SecretBytes>> {
        let state = self.map.lock().unwrap().get(&query.id).cloned();
        Decision::Now(state.map(SecretBytes::new))
    }
}

/// Remembers everything.
#[derive(Debug, Default)]
pub struct SetRecorder {
    pub seen: Mutex<BTreeSet<[u8; 32]>>,
    pub queries: Mutex<Vec<ReplayQuery>>,
}

impl ReplayRecorder for SetRecorder {
    fn record(&self, query: &ReplayQuery) -> Decision<Freshness> {
        self.queries.lock().unwrap().push(query.clone());
        let mut seen = self.seen.lock().unwrap();
        Decision::Now(match seen.insert(query.key) {
            true => Freshness::New,
            false => Freshness::Seen,
        })
    }
}

/// A client's sessions in a list.
#[derive(Debug, Default)]
pub struct ListStore(pub Mutex<Vec<Session>>);

impl ClientSessionStore for ListStore {
    fn take(&self, server: &ServerName<'_>, scope: Scope, now: UnixTime) -> Option<Session> {
        let mut list = self.0.lock().unwrap();
        let fits = |session: &Session| {
            *session.server() == *server && session.scope() == scope && session.is_fresh(now)
        };
        let at = list.iter().rposition(fits)?;
        Some(list.remove(at))
    }

    fn put(&self, session: Session) {
        self.0.lock().unwrap().push(session);
    }
}

/// What a server's tickets come to on their way to the client.
#[derive(Debug)]
pub enum Altered {
    /// Random bytes of the same length.
    Forged,
    /// Cut to this length.
    Cut(usize),
    /// With a byte more.
    Longer,
    /// Of a format that is not known.
    Format,
}

impl Ticketer for Altered {
    fn seal(&self, state: &[u8], now: UnixTime, random: &mut Random) -> Option<Vec<u8>> {
        let mut ticket = OpenTicketer(7).seal(state, now, random)?;
        match self {
            Self::Forged => random.fill(&mut ticket),
            Self::Cut(len) => ticket.truncate(*len),
            Self::Longer => ticket.push(0),
            Self::Format => ticket[1] += 1,
        }
        Some(ticket)
    }

    fn open(&self, ticket: &[u8], now: UnixTime) -> Decision<Option<SecretBytes>> {
        OpenTicketer(7).open(ticket, now)
    }
}

/// A recorder that always says the same.
#[derive(Debug)]
pub struct Says(pub Freshness);

impl ReplayRecorder for Says {
    fn record(&self, _: &ReplayQuery) -> Decision<Freshness> {
        Decision::Now(self.0)
    }
}

/// Leaves everything to the application.
#[derive(Debug)]
pub struct Later;

impl Ticketer for Later {
    fn seal(&self, state: &[u8], now: UnixTime, random: &mut Random) -> Option<Vec<u8>> {
        OpenTicketer(7).seal(state, now, random)
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

impl ReplayRecorder for Later {
    fn record(&self, _: &ReplayQuery) -> Decision<Freshness> {
        Decision::Later
    }
}

impl PskStore for Later {
    fn find(&self, _: &PskQuery) -> Decision<Option<Arc<ExternalPsk>>> {
        Decision::Later
    }
}

/// Some PSKs, and which were asked for.
#[derive(Debug, Default)]
pub struct Psks {
    pub known: Vec<Arc<ExternalPsk>>,
    pub asked: Mutex<Vec<Vec<u8>>>,
}

impl Psks {
    pub fn of(known: &[&Arc<ExternalPsk>]) -> Arc<Self> {
        Arc::new(Self {
            known: known.iter().map(|psk| Arc::clone(psk)).collect(),
            asked: Mutex::default(),
        })
    }
}

impl PskStore for Psks {
    fn find(&self, query: &PskQuery) -> Decision<Option<Arc<ExternalPsk>>> {
        self.asked.lock().unwrap().push(query.identity.clone());
        let found = self.known.iter().find(|p| p.identity() == query.identity);
        Decision::Now(found.cloned())
    }
}
