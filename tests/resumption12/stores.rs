//! Small stores and a ticketer whose tickets can be looked into.

use super::common::pair::now;
use rustls_pki_types::{ServerName, UnixTime};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use symbolon::config::*;
use symbolon::crypto::Random;
use symbolon::pki::Decision;
use symbolon::provider::RUSTCRYPTO;
use symbolon::secret::SecretBytes;

/// So many seconds after the time of all tests.
pub fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(now().as_secs() + seconds))
}

/// Tickets with a tag and, as they are for tests, in the clear.
#[derive(Debug, Default)]
pub struct Tags {
    pub key: u8,
    pub sealed: AtomicUsize,
    /// Gives none.
    pub empty: bool,
}

impl Tags {
    fn tag(&self, state: &[u8]) -> Vec<u8> {
        let tag = RUSTCRYPTO.sha256.hmac(&[self.key; 32], &[state]);
        tag.expose().to_vec()
    }
}

impl Ticketer for Tags {
    fn seal(&self, state: &[u8], _: UnixTime, _: &mut Random) -> Option<Vec<u8>> {
        self.sealed.fetch_add(1, Ordering::Relaxed);
        Some([&self.tag(state)[..], state].concat()).filter(|_| !self.empty)
    }

    fn open(&self, ticket: &[u8], _: UnixTime) -> Decision<Option<SecretBytes>> {
        let parts = ticket.split_at_checked(32);
        let good = parts.filter(|(tag, state)| self.tag(state) == *tag);
        Decision::Now(good.map(|(_, state)| SecretBytes::new(state.to_vec())))
    }
}

/// A client's sessions, the newest first.
#[derive(Debug, Default)]
pub struct Kept(pub Mutex<Vec<Session>>);

impl ClientSessionStore for Kept {
    fn take(&self, server: &ServerName<'_>, scope: Scope, _: UnixTime) -> Option<Session> {
        let mut kept = self.0.lock().unwrap();
        let fits = |session: &Session| session.server() == server && session.scope() == scope;
        let index = kept.iter().position(fits)?;
        Some(kept.remove(index))
    }

    fn put(&self, session: Session) {
        self.0.lock().unwrap().insert(0, session);
    }
}

/// A server's sessions.
#[derive(Debug, Default)]
pub struct Names(pub Mutex<Vec<StoreSession>>);

impl SessionStore for Names {
    fn put(&self, session: &StoreSession) -> Decision<bool> {
        self.0.lock().unwrap().push(session.clone());
        Decision::Now(true)
    }

    fn take(&self, _: &SessionQuery) -> Decision<Option<SecretBytes>> {
        panic!("a session of TLS 1.2 is not used up");
    }

    fn get(&self, query: &SessionQuery) -> Decision<Option<SecretBytes>> {
        assert!(!query.once);
        let kept = self.0.lock().unwrap();
        let found = kept.iter().find(|session| session.id[..] == query.id);
        Decision::Now(found.map(|found| SecretBytes::new(found.state.expose().to_vec())))
    }
}
