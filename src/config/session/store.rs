//! Sessions in memory, on the server's side and on the client's: bounded, and with nothing in them
//! that is of no use any more.

use super::portable::name_bytes;
use super::{ClientSessionStore, Resume, Scope, Session, SessionQuery, SessionStore, StoreSession};
use crate::lock::Lock;
use crate::pki::Decision;
use crate::secret::SecretBytes;
use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use rustls_pki_types::{ServerName, UnixTime};

/// What an entry takes beside its own bytes, about: keys and nodes of the maps, and the allocator's
/// share.
const OVERHEAD: usize = 256;

/// A [`SessionStore`] in the memory of one process, bounded in sessions and in bytes.
///
/// Where there is no room, those go that would end first; where all last equally long, these are the
/// oldest. Each step costs a logarithm of the number of sessions. Without `std`, a call that comes
/// while another one is in the middle gets nothing: see `put`, `take` and `get` of the trait.
pub struct MemorySessions {
    most: usize,
    most_bytes: usize,
    inner: Lock<Sessions>,
}

#[derive(Default)]
struct Sessions {
    by_id: BTreeMap<[u8; 32], Kept>,
    /// In the order in which they go: by their end, then as they came.
    by_end: BTreeMap<(u64, u64), [u8; 32]>,
    next: u64,
    bytes: usize,
}

struct Kept {
    state: Arc<SecretBytes>,
    place: (u64, u64),
}

impl Kept {
    fn cost(state: &SecretBytes) -> usize {
        state.len().saturating_add(OVERHEAD)
    }
}

impl Sessions {
    fn remove(&mut self, id: &[u8; 32]) -> Option<Arc<SecretBytes>> {
        let kept = self.by_id.remove(id)?;
        self.by_end.remove(&kept.place);
        self.bytes = self.bytes.saturating_sub(Kept::cost(&kept.state));
        Some(kept.state)
    }

    /// Removes what ended.
    fn clean(&mut self, now: UnixTime) {
        while let Some((end, id)) = self.first()
            && end <= now.as_secs()
        {
            self.remove(&id);
        }
    }

    /// The one to go first, and its end.
    fn first(&self) -> Option<(u64, [u8; 32])> {
        let ((end, _), id) = self.by_end.first_key_value()?;
        Some((*end, *id))
    }

    fn insert(&mut self, session: &StoreSession) {
        let place = (session.expires.as_secs(), self.next);
        self.next = self.next.wrapping_add(1);
        self.bytes = self.bytes.saturating_add(Kept::cost(&session.state));
        self.by_end.insert(place, session.id);
        let state = session.state.clone();
        self.by_id.insert(session.id, Kept { state, place });
    }
}

impl MemorySessions {
    /// Room for so many sessions, and for so many bytes of them (a session of TLS 1.3 has some 400
    /// with what belongs to it, and the client's certificates if there are any).
    #[must_use]
    pub fn new(most_sessions: usize, most_bytes: usize) -> Self {
        Self {
            most: most_sessions,
            most_bytes,
            inner: Lock::new(Sessions::default()),
        }
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.with(|s| s.by_id.len()).unwrap_or(0)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes they take, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.inner.with(|s| s.bytes).unwrap_or(0)
    }

    fn keep(&self, sessions: &mut Sessions, session: &StoreSession) -> bool {
        sessions.clean(session.now);
        let cost = Kept::cost(&session.state);
        if session.expires <= session.now || self.most == 0 || cost > self.most_bytes {
            return false;
        }
        sessions.remove(&session.id);
        while sessions.by_id.len() >= self.most
            || sessions.bytes.saturating_add(cost) > self.most_bytes
        {
            let Some((_, id)) = sessions.first() else {
                return false;
            };
            sessions.remove(&id);
        }
        sessions.insert(session);
        true
    }
}

/// A copy that its owner wipes.
fn copy(state: &SecretBytes) -> SecretBytes {
    SecretBytes::new(state.expose().to_vec())
}

impl SessionStore for MemorySessions {
    fn put(&self, session: &StoreSession) -> Decision<bool> {
        let kept = self.inner.with(|sessions| self.keep(sessions, session));
        Decision::Now(kept.unwrap_or(false))
    }

    fn take(&self, query: &SessionQuery) -> Decision<Option<SecretBytes>> {
        let state = self.inner.with(|sessions| {
            sessions.clean(query.now);
            sessions.remove(query.id.as_slice().try_into().ok()?)
        });
        let state = state.flatten();
        Decision::Now(state.map(|state| Arc::try_unwrap(state).unwrap_or_else(|s| copy(&s))))
    }

    fn get(&self, query: &SessionQuery) -> Decision<Option<SecretBytes>> {
        let state = self.inner.with(|sessions| {
            sessions.clean(query.now);
            let id: &[u8; 32] = query.id.as_slice().try_into().ok()?;
            sessions.by_id.get(id).map(|kept| kept.state.clone())
        });
        Decision::Now(state.flatten().map(|state| copy(&state)))
    }
}

impl fmt::Debug for MemorySessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemorySessions")
            .field("most", &self.most)
            .field("most_bytes", &self.most_bytes)
            .finish_non_exhaustive()
    }
}

/// So many sessions of one server are kept: as many connections can be made at the same time.
const PER_SERVER: usize = 8;

/// A [`ClientSessionStore`] in memory, bounded in sessions and in bytes.
///
/// Of each server and scope the newest 8 are kept, the newest is given first, and what is given is
/// gone: a session of TLS 1.3 is used once, one of TLS 1.2 is put back by a connection that resumed it.
/// Where there is no room, the oldest goes.
pub struct MemoryClientSessions {
    most: usize,
    most_bytes: usize,
    inner: Lock<ClientSessions>,
}

/// A server and the terms: its kind of name, and the name in lower case.
type Peer = (u8, Vec<u8>, Scope);

#[derive(Default)]
struct ClientSessions {
    /// With the number under which each came; the newest is last.
    by_peer: BTreeMap<Arc<Peer>, VecDeque<(u64, Session)>>,
    by_age: BTreeMap<u64, Arc<Peer>>,
    next: u64,
    bytes: usize,
}

fn peer(server: &ServerName<'_>, scope: Scope) -> Peer {
    let (kind, name) = name_bytes(server);
    // An address is one of 4 or 16 bytes that may be any.
    match server {
        ServerName::DnsName(_) => (kind, name.to_ascii_lowercase(), scope),
        _ => (kind, name.to_vec(), scope),
    }
}

/// Bytes of a session. Certificates that several have in common count for each.
fn cost(session: &Session) -> usize {
    let own = match &session.resume {
        Resume::Tls13 { ticket, .. } => ticket.len(),
        Resume::Tls12 {
            ticket, session_id, ..
        } => ticket.len().saturating_add(session_id.len()),
    };
    let chain = session.terms.peer_chain.iter();
    let chain = chain.flat_map(|chain| chain.certificates().map(<[u8]>::len));
    let sum = chain.fold(own, usize::saturating_add);
    sum.saturating_add(OVERHEAD)
}

impl ClientSessions {
    fn len(&self) -> usize {
        self.by_age.len()
    }

    /// Forgets what belongs to a session that was removed from the list of its peer.
    fn forget(&mut self, number: u64, session: &Session) {
        self.by_age.remove(&number);
        self.bytes = self.bytes.saturating_sub(cost(session));
    }

    /// Removes the sessions of a peer that ended.
    fn clean(&mut self, peer: &Peer, now: UnixTime) {
        let Some(sessions) = self.by_peer.get_mut(peer) else {
            return;
        };
        if sessions.iter().all(|(_, s)| now < s.expires()) {
            return;
        }
        let mut kept = VecDeque::new();
        let mut gone = VecDeque::new();
        for entry in core::mem::take(sessions) {
            if now < entry.1.expires() {
                kept.push_back(entry);
            } else {
                gone.push_back(entry);
            }
        }
        *sessions = kept;
        for (number, session) in gone {
            self.forget(number, &session);
        }
        self.drop_if_empty(peer);
    }

    fn drop_if_empty(&mut self, peer: &Peer) {
        if self.by_peer.get(peer).is_some_and(VecDeque::is_empty) {
            self.by_peer.remove(peer);
        }
    }

    /// Removes the oldest session of a peer.
    fn remove_oldest_of(&mut self, peer: &Peer) {
        let oldest = self.by_peer.get_mut(peer).and_then(VecDeque::pop_front);
        if let Some((number, session)) = oldest {
            self.forget(number, &session);
        }
        self.drop_if_empty(peer);
    }

    /// Removes the oldest of all; whether there was one.
    fn remove_oldest(&mut self) -> bool {
        let Some((_, peer)) = self.by_age.first_key_value() else {
            return false;
        };
        let peer = peer.clone();
        self.remove_oldest_of(&peer);
        true
    }

    /// Removes those at the old end that have ended, whoever's they are.
    fn remove_ended(&mut self, now: UnixTime) {
        // RFC 9846 4.7.1: nothing is kept for longer than 7 days.
        while let Some((_, peer)) = self.by_age.first_key_value()
            && let Some((_, oldest)) = self.by_peer.get(peer).and_then(VecDeque::front)
            && oldest.expires() <= now
        {
            self.remove_oldest();
        }
    }

    fn take(&mut self, peer: &Peer, now: UnixTime) -> Option<Session> {
        self.remove_ended(now);
        self.clean(peer, now);
        let sessions = self.by_peer.get_mut(peer)?;
        let newest = sessions.iter().rposition(|(_, s)| s.is_fresh(now))?;
        let (number, session) = sessions.remove(newest)?;
        self.forget(number, &session);
        self.drop_if_empty(peer);
        Some(session)
    }

    fn insert(&mut self, peer: Peer, session: Session) {
        // The key that is there already, or else this one.
        let known = self.by_peer.get_key_value(&peer).map(|(k, _)| k.clone());
        let peer = known.unwrap_or_else(|| Arc::new(peer));
        let number = self.next;
        self.next = self.next.wrapping_add(1);
        self.bytes = self.bytes.saturating_add(cost(&session));
        self.by_age.insert(number, peer.clone());
        let sessions = self.by_peer.entry(peer).or_default();
        sessions.push_back((number, session));
    }
}

impl MemoryClientSessions {
    /// Room for so many sessions, and for so many bytes of tickets and certificates.
    #[must_use]
    pub fn new(most_sessions: usize, most_bytes: usize) -> Self {
        Self {
            most: most_sessions,
            most_bytes,
            inner: Lock::new(ClientSessions::default()),
        }
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.inner.with(|s| s.len()).unwrap_or(0)
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many bytes they take, about.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.inner.with(|s| s.bytes).unwrap_or(0)
    }

    fn keep(&self, sessions: &mut ClientSessions, session: Session) {
        let peer = peer(session.server(), session.scope());
        let cost = cost(&session);
        // When it came it was now.
        sessions.remove_ended(session.received());
        sessions.clean(&peer, session.received());
        if self.most == 0 || cost > self.most_bytes {
            return;
        }
        if sessions.by_peer.get(&peer).map_or(0, VecDeque::len) >= PER_SERVER {
            sessions.remove_oldest_of(&peer);
        }
        while sessions.len() >= self.most || sessions.bytes.saturating_add(cost) > self.most_bytes {
            if !sessions.remove_oldest() {
                return;
            }
        }
        sessions.insert(peer, session);
    }
}

impl ClientSessionStore for MemoryClientSessions {
    fn take(&self, server: &ServerName<'_>, scope: Scope, now: UnixTime) -> Option<Session> {
        let peer = peer(server, scope);
        self.inner.with(|sessions| sessions.take(&peer, now))?
    }

    fn put(&self, session: Session) {
        self.inner.with(|sessions| self.keep(sessions, session));
    }
}

impl fmt::Debug for MemoryClientSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryClientSessions")
            .field("most", &self.most)
            .field("most_bytes", &self.most_bytes)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::super::{SessionTerms, later};
    use super::*;
    use crate::codepoint::CipherSuite;
    use crate::crypto::HashSecret;
    use core::time::Duration;
    use std::format;
    use std::sync::Barrier;

    const NOW: UnixTime = UnixTime::since_unix_epoch(Duration::from_secs(1_800_000_000));

    fn id(n: u64) -> [u8; 32] {
        // Spread, as random ones are.
        let mut id = [0; 32];
        id[..8].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        id
    }

    fn stored(n: u64, len: usize, seconds: u32) -> StoreSession {
        StoreSession {
            id: id(n),
            state: Arc::new(SecretBytes::new(std::vec![n.to_le_bytes()[0]; len])),
            expires: later(NOW, seconds),
            now: NOW,
        }
    }

    fn query(n: u64, now: UnixTime) -> SessionQuery {
        SessionQuery {
            id: id(n).to_vec(),
            once: true,
            now,
        }
    }

    fn take(store: &MemorySessions, n: u64, now: UnixTime) -> bool {
        matches!(store.take(&query(n, now)), Decision::Now(Some(_)))
    }

    fn get(store: &MemorySessions, n: u64, now: UnixTime) -> bool {
        matches!(store.get(&query(n, now)), Decision::Now(Some(_)))
    }

    fn put(store: &MemorySessions, session: &StoreSession) -> bool {
        store.put(session) == Decision::Now(true)
    }

    #[test]
    fn what_is_taken_is_gone_and_what_is_got_is_not() {
        let store = MemorySessions::new(10, 10_000);
        assert!(put(&store, &stored(1, 20, 60)));
        assert!(get(&store, 1, NOW) && get(&store, 1, NOW));
        let Decision::Now(Some(state)) = store.take(&query(1, NOW)) else {
            panic!("it is there");
        };
        assert_eq!(state.expose(), [1; 20]);
        assert!(!take(&store, 1, NOW) && !get(&store, 1, NOW));
        assert_eq!((store.len(), store.bytes()), (0, 0));
        assert!(!take(&store, 2, NOW));
        for id in [Vec::new(), std::vec![0; 31], std::vec![0; 70_000]] {
            let query = SessionQuery {
                id,
                ..query(1, NOW)
            };
            assert_eq!(store.take(&query), Decision::Now(None));
            assert_eq!(store.get(&query), Decision::Now(None));
        }
    }

    #[test]
    fn of_many_that_take_the_same_one_gets_it() {
        let store = MemorySessions::new(1000, 1_000_000);
        (0..200).for_each(|n| assert!(put(&store, &stored(n, 20, 60))));
        let start = Barrier::new(4);
        let taken: usize = std::thread::scope(|scope| {
            let race = || {
                start.wait();
                (0..200).filter(|n| take(&store, *n, NOW)).count()
            };
            let racers: Vec<_> = (0..4).map(|_| scope.spawn(race)).collect();
            racers.into_iter().map(|r| r.join().unwrap()).sum()
        });
        assert_eq!(taken, 200);
    }

    #[test]
    fn a_session_ends_at_its_time() {
        let store = MemorySessions::new(10, 10_000);
        assert!(put(&store, &stored(1, 20, 60)) && put(&store, &stored(2, 20, 61)));
        assert!(!put(&store, &stored(3, 20, 0)));
        assert!(get(&store, 1, later(NOW, 59)));
        assert!(!get(&store, 1, later(NOW, 60)));
        // It isn't merely hidden.
        assert_eq!(store.len(), 1);
        assert!(!take(&store, 1, NOW));
        assert!(take(&store, 2, later(NOW, 60)));
        assert_eq!(store.bytes(), 0);
    }

    #[test]
    fn those_that_end_first_make_room() {
        let store = MemorySessions::new(3, 10_000);
        for (n, seconds) in [(1, 100), (2, 50), (3, 100), (4, 100)] {
            assert!(put(&store, &stored(n, 20, seconds)));
        }
        assert!(!get(&store, 2, NOW));
        assert!(put(&store, &stored(5, 20, 100)));
        let left: Vec<_> = (1..=5).filter(|n| get(&store, *n, NOW)).collect();
        assert_eq!(left, [3, 4, 5]);
        // The same again takes the place of itself.
        assert!(put(&store, &stored(5, 30, 100)));
        assert_eq!(store.bytes(), 3 * OVERHEAD + 70);
    }

    #[test]
    fn bytes_are_bounded_too() {
        let store = MemorySessions::new(1000, 10 * (OVERHEAD + 100));
        (0..10).for_each(|n| assert!(put(&store, &stored(n, 100, 60))));
        assert!(!put(&store, &stored(10, 100_000, 60)));
        assert_eq!(store.len(), 10);
        assert!(put(&store, &stored(11, OVERHEAD + 150, 60)));
        assert_eq!(store.len(), 9);
        assert!(store.bytes() <= 10 * (OVERHEAD + 100));
        let none = MemorySessions::new(0, 10_000);
        assert!(!put(&none, &stored(1, 1, 60)));
    }

    #[test]
    fn millions_of_sessions_leave_it_as_it_is() {
        let puts = std::env::var("SYMBOLON_STORE_PUTS");
        let puts = puts.map_or(1_000_000, |n| n.parse().unwrap());
        let store = MemorySessions::new(1000, usize::MAX);
        let state = Arc::new(SecretBytes::new(std::vec![0; 200]));
        for n in 0..puts {
            let now = later(NOW, u32::try_from(n / 1000).unwrap());
            let session = StoreSession {
                id: id(n),
                state: state.clone(),
                expires: later(now, 3600),
                now,
            };
            assert!(put(&store, &session));
            assert!(store.len() <= 1000);
        }
        let sessions = store
            .inner
            .with(|s| (s.by_id.len(), s.by_end.len(), s.bytes));
        assert_eq!(sessions, Some((1000, 1000, 1000 * (200 + OVERHEAD))));
        // Nothing else holds on to what came: the state's owners are counted.
        assert_eq!(Arc::strong_count(&state), 1001);
        drop(store);
        assert_eq!(Arc::strong_count(&state), 1);
    }

    fn session(server: &str, scope: u8, n: u8, seconds: u32) -> Session {
        Session {
            terms: Arc::new(SessionTerms::new(
                ServerName::try_from(server).unwrap().to_owned(),
                Scope([scope; 32]),
                None,
                NOW,
                None,
            )),
            cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
            received: NOW,
            lifetime: seconds,
            resume: Resume::Tls13 {
                ticket: std::vec![n; 100],
                psk: HashSecret::zeroed(32).into(),
                age_add: 0,
                max_early_data: 0,
            },
        }
    }

    fn give(store: &MemoryClientSessions, server: &str, scope: u8, now: UnixTime) -> Option<u8> {
        let server = ServerName::try_from(server).unwrap();
        let session = store.take(&server, Scope([scope; 32]), now)?;
        match session.resume {
            Resume::Tls13 { ticket, .. } => ticket.first().copied(),
            Resume::Tls12 { .. } => panic!("none was put"),
        }
    }

    #[test]
    fn a_client_gets_the_newest_first_and_each_once() {
        let store = MemoryClientSessions::new(100, 100_000);
        (1..=3).for_each(|n| store.put(session("a.example", 0, n, 60)));
        let got = [(); 4].map(|()| give(&store, "A.Example", 0, NOW));
        assert_eq!(got, [Some(3), Some(2), Some(1), None]);
        assert_eq!((store.len(), store.bytes()), (0, 0));
    }

    #[test]
    fn a_client_gets_none_of_another_server_or_scope() {
        let store = MemoryClientSessions::new(100, 100_000);
        store.put(session("a.example", 0, 1, 60));
        store.put(session("192.0.2.1", 0, 2, 60));
        assert_eq!(give(&store, "b.example", 0, NOW), None);
        assert_eq!(give(&store, "a.example", 1, NOW), None);
        assert_eq!(give(&store, "192.0.2.2", 0, NOW), None);
        assert_eq!(give(&store, "192.0.2.1", 0, NOW), Some(2));
        assert_eq!(give(&store, "a.example", 0, NOW), Some(1));
    }

    /// A session ID is the server's choice: one that chooses another server's gains nothing.
    #[test]
    fn a_session_id_that_two_servers_chose_mixes_nothing_up() {
        let store = MemoryClientSessions::new(100, 100_000);
        for (server, master) in [("a.example", 1), ("b.example", 2)] {
            let resume = Resume::Tls12 {
                ticket: Vec::new(),
                session_id: std::vec![7; 32],
                master: HashSecret::copied_from(&[master; 48]).unwrap().into(),
                extended_master_secret: true,
            };
            store.put(Session {
                resume,
                ..session(server, 0, 0, 60)
            });
        }
        for (server, own) in [("a.example", 1), ("b.example", 2)] {
            let server = ServerName::try_from(server).unwrap();
            let session = store.take(&server, Scope([0; 32]), NOW).unwrap();
            assert_eq!(*session.server(), server);
            let Resume::Tls12 { master, .. } = session.resume else {
                panic!("it is one of TLS 1.2");
            };
            assert_eq!(master.expose(), [own; 48]);
        }
        assert!(store.is_empty());
    }

    #[test]
    fn a_client_gets_none_that_ended_or_is_of_the_future() {
        let store = MemoryClientSessions::new(100, 100_000);
        store.put(session("a.example", 0, 1, 100));
        store.put(session("a.example", 0, 2, 60));
        let yesterday = UnixTime::since_unix_epoch(Duration::from_secs(NOW.as_secs() - 86_400));
        assert_eq!(give(&store, "a.example", 0, yesterday), None);
        assert_eq!(give(&store, "a.example", 0, later(NOW, 60)), Some(1));
        assert_eq!(store.len(), 0);
    }

    #[test]
    fn what_one_server_sends_is_bounded() {
        let store = MemoryClientSessions::new(100, 100_000);
        store.put(session("b.example", 0, 99, 60));
        (0..200).for_each(|n| store.put(session("a.example", 0, n, 60)));
        assert_eq!(store.len(), PER_SERVER + 1);
        assert_eq!(give(&store, "a.example", 0, NOW), Some(199));
        assert_eq!(give(&store, "b.example", 0, NOW), Some(99));
    }

    #[test]
    fn the_oldest_of_all_servers_goes() {
        for store in [
            MemoryClientSessions::new(3, 100_000),
            MemoryClientSessions::new(100, 3 * (100 + OVERHEAD)),
        ] {
            for n in 0..5 {
                store.put(session(&format!("s{n}.example"), 0, n, 60));
            }
            let left = [0, 1, 2, 3, 4].map(|n| give(&store, &format!("s{n}.example"), 0, NOW));
            assert_eq!(left, [None, None, Some(2), Some(3), Some(4)]);
            assert_eq!((store.len(), store.bytes()), (0, 0));
        }
    }
}
