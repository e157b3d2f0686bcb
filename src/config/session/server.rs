//! A server's side: tickets, stores, and protection against replay.

use super::MAX_LIFETIME;
use crate::crypto::{Random, STACK};
use crate::pki::Decision;
use crate::secret::SecretBytes;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use rustls_pki_types::UnixTime;

/// Turns sessions into tickets that the client keeps, and back, without keeping anything
/// (RFC 5077 4, RFC 9846 4.7.1).
pub trait Ticketer: Send + Sync + fmt::Debug {
    /// Seals a session, so that nobody else can read it or make one; `None` gives no ticket.
    fn seal(&self, state: &[u8], now: UnixTime, random: &mut Random) -> Option<Vec<u8>>;

    /// Opens a ticket; `None` for one that isn't ours, was altered or is too old. The handshake then
    /// goes on without it. [`Decision::Later`] asks the application through
    /// [`crate::handshake::Request::Session`].
    fn open(&self, ticket: &[u8], now: UnixTime) -> Decision<Option<SecretBytes>>;

    /// Bytes of stack below a caller in which both leave secrets, as
    /// [`KeyExchangeGroup::stack`](crate::crypto::KeyExchangeGroup::stack).
    fn stack(&self) -> usize {
        STACK
    }
}

/// Keeps sessions on the server, under random names that are the tickets and session IDs.
pub trait SessionStore: Send + Sync + fmt::Debug {
    /// Keeps a session; whether it did. [`Decision::Later`] asks the application through
    /// [`crate::handshake::Request::StoreSession`].
    fn put(&self, session: &StoreSession) -> Decision<bool>;

    /// Gives a session and forgets it: of several that ask for the same one, one gets it.
    /// [`Decision::Later`] asks the application through [`crate::handshake::Request::Session`].
    fn take(&self, query: &SessionQuery) -> Decision<Option<SecretBytes>>;

    /// Gives a session and keeps it, for TLS 1.2, which uses one many times.
    fn get(&self, query: &SessionQuery) -> Decision<Option<SecretBytes>>;
}

/// A session to be kept.
#[derive(Clone, Debug)]
pub struct StoreSession {
    /// Under this name: random, not secret until it was shown.
    pub id: [u8; 32],
    /// The session: secret.
    pub state: Arc<SecretBytes>,
    /// When it is of no further use.
    pub expires: UnixTime,
    /// The time it is now.
    pub now: UnixTime,
}

/// A session that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionQuery {
    /// The ticket or session ID that the client sent: anybody's bytes.
    pub id: Vec<u8>,
    /// Whether it is to be given once only (TLS 1.3), or may be asked for again (TLS 1.2).
    pub once: bool,
    /// The time it is now.
    pub now: UnixTime,
}

/// Remembers which early data was accepted, so that none is accepted twice (RFC 9846 8).
pub trait ReplayRecorder: Send + Sync + fmt::Debug {
    /// Records that this is being accepted, and says whether it was recorded before.
    /// [`Decision::Later`] asks the application through [`crate::handshake::Request::Replay`].
    fn record(&self, query: &ReplayQuery) -> Decision<Freshness>;
}

/// Early data that is about to be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayQuery {
    /// Names the ClientHello: from the binder, which nobody can change without the PSK.
    pub key: [u8; 32],
    /// After this time the same ClientHello would be refused for its age: it needs no longer be
    /// remembered.
    pub expires: UnixTime,
    /// The time it is now.
    pub now: UnixTime,
}

/// Whether a ClientHello was seen before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Freshness {
    /// It is new, and recorded now.
    New,
    /// It was seen, or may have been.
    Seen,
    /// It can't be told: the record is full, or its keeper doesn't answer. Early data is refused.
    Unknown,
}

/// How many tickets are given, and for how long they are good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TicketPolicy {
    /// Tickets of TLS 1.3 after a full handshake (2; 6 at most), fewer if the client asks for fewer (RFC 9149).
    pub count: u8,
    /// Tickets of TLS 1.3 after a resumed one (1; 6 at most).
    pub resumed_count: u8,
    /// Seconds from the authentication of the first handshake until the last resumption
    /// (12 hours); at most [`MAX_LIFETIME`].
    pub lifetime: u32,
    /// The longest client chain, in bytes, that goes into a session; with a longer one there is
    /// none (8 KiB).
    pub client_chain: usize,
}

impl Default for TicketPolicy {
    fn default() -> Self {
        Self {
            count: 2,
            resumed_count: 1,
            lifetime: 43_200,
            client_chain: 8 * 1024,
        }
    }
}

impl TicketPolicy {
    /// The lifetime, within what RFC 9846 4.7.1 allows.
    pub(crate) fn lifetime(&self) -> u32 {
        self.lifetime.min(MAX_LIFETIME)
    }
}

/// Where sessions are.
#[derive(Clone, Debug)]
pub(crate) enum TicketSource {
    Stateless(Arc<dyn Ticketer>),
    Stateful(Arc<dyn SessionStore>),
}

/// Which early data a server accepts.
///
/// Early data can be replayed by anybody who sees it, as often as the server lets it happen, and it
/// has no forward secrecy towards the ticket. Accept it only for requests that may be carried out
/// twice without harm.
#[derive(Clone, Debug)]
pub struct EarlyDataPolicy {
    pub(crate) most: u32,
    pub(crate) recorder: Option<Arc<dyn ReplayRecorder>>,
}

/// How a server resumes sessions. Made from [`StatelessSessions`] or [`StatefulSessions`].
#[derive(Clone, Debug)]
pub struct ServerSessions {
    pub(crate) source: TicketSource,
    pub(crate) policy: TicketPolicy,
    /// Seconds by which the age of a ticket, as the client tells it, may be off.
    pub(crate) window: u32,
    pub(crate) early_data: Option<EarlyDataPolicy>,
}

impl ServerSessions {
    /// Bytes of stack in which tickets leave secrets.
    pub(crate) fn stack(&self) -> usize {
        match &self.source {
            TicketSource::Stateless(ticketer) => ticketer.stack(),
            TicketSource::Stateful(_) => 0,
        }
    }

    /// What the ticket or store has under this name.
    pub(crate) fn look_up(&self, query: &SessionQuery) -> Decision<Option<SecretBytes>> {
        match &self.source {
            TicketSource::Stateless(ticketer) => ticketer.open(&query.id, query.now),
            TicketSource::Stateful(store) if query.once => store.take(query),
            TicketSource::Stateful(store) => store.get(query),
        }
    }

    /// Puts a session into the store, if there is one.
    pub(crate) fn store(&self, session: &StoreSession) -> Decision<bool> {
        match &self.source {
            TicketSource::Stateless(_) => Decision::Now(false),
            TicketSource::Stateful(store) => store.put(session),
        }
    }

    /// Whether this early data is new; a store that gives each session once needs no recorder.
    pub(crate) fn record(&self, query: &ReplayQuery) -> Decision<Freshness> {
        let recorder = self.early_data.as_ref().and_then(|e| e.recorder.as_ref());
        match (&self.source, recorder) {
            (_, Some(recorder)) => recorder.record(query),
            (TicketSource::Stateful(_), None) => Decision::Now(Freshness::New),
            (TicketSource::Stateless(_), None) => Decision::Now(Freshness::Unknown),
        }
    }
}

/// Seconds by which the age of a ticket, as the client tells it, may be off (RFC 9846 8.3).
const WINDOW: u32 = 10;

macro_rules! policy_setters {
    () => {
        /// How many tickets, and for how long.
        #[must_use]
        pub fn policy(mut self, policy: TicketPolicy) -> Self {
            self.0.policy = policy;
            self
        }

        /// By how many seconds the age of a ticket, as the client tells it, may be off for early data
        /// to be accepted (RFC 9846 8.3): clocks, and the round trips between. 10 by default.
        #[must_use]
        pub fn freshness_window(mut self, seconds: u32) -> Self {
            self.0.window = seconds;
            self
        }
    };
}

/// Sessions in tickets that the client keeps: the server keeps nothing.
#[derive(Clone, Debug)]
pub struct StatelessSessions(ServerSessions);

impl StatelessSessions {
    /// With tickets of this kind.
    #[must_use]
    pub fn new(ticketer: Arc<dyn Ticketer>) -> Self {
        Self(ServerSessions {
            source: TicketSource::Stateless(ticketer),
            policy: TicketPolicy::default(),
            window: WINDOW,
            early_data: None,
        })
    }

    policy_setters!();

    /// Accepts up to `most` bytes of early data. A stateless ticket can be used again and again, so
    /// that a recorder is needed (RFC 9846 8.2).
    #[must_use]
    pub fn early_data(mut self, most: u32, recorder: Arc<dyn ReplayRecorder>) -> Self {
        self.0.early_data = Some(EarlyDataPolicy {
            most,
            recorder: Some(recorder),
        });
        self
    }
}

/// Sessions in a store on the server: each ticket of TLS 1.3 is good once.
#[derive(Clone, Debug)]
pub struct StatefulSessions(ServerSessions);

impl StatefulSessions {
    /// In this store.
    #[must_use]
    pub fn new(store: Arc<dyn SessionStore>) -> Self {
        Self(ServerSessions {
            source: TicketSource::Stateful(store),
            policy: TicketPolicy::default(),
            window: WINDOW,
            early_data: None,
        })
    }

    policy_setters!();

    /// Accepts up to `most` bytes of early data: each ticket once, as the store gives it once
    /// (RFC 9846 8.1).
    #[must_use]
    pub fn early_data(mut self, most: u32) -> Self {
        self.0.early_data = Some(EarlyDataPolicy {
            most,
            recorder: None,
        });
        self
    }
}

impl From<StatelessSessions> for ServerSessions {
    fn from(sessions: StatelessSessions) -> Self {
        sessions.0
    }
}

impl From<StatefulSessions> for ServerSessions {
    fn from(sessions: StatefulSessions) -> Self {
        sessions.0
    }
}
