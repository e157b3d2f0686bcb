//! Sessions: what is kept of one handshake so that a later one can be shorter (RFC 9846 2.2,
//! RFC 5246 7.3, RFC 5077).

mod importer;
mod portable;
mod psk;
mod replay;
mod server;
mod state;
mod store;
mod ticketer;

pub use importer::{PskImporter, PskTable};
pub use portable::SessionFormatError;
pub use psk::{ExternalPsk, PskHash, PskQuery, PskStore};
pub use replay::{ReplayFilter, ReplayMap};
pub(crate) use server::TicketSource;
pub use server::{
    EarlyDataPolicy, Freshness, ReplayQuery, ReplayRecorder, ServerSessions, SessionQuery,
    SessionStore, StatefulSessions, StatelessSessions, StoreSession, TicketPolicy, Ticketer,
};
pub(crate) use state::TicketState;
pub use store::{MemoryClientSessions, MemorySessions};
pub use ticketer::{MAX_TICKET_LEN, RotatingTicketer};

use crate::codepoint::CipherSuite;
use crate::crypto::HashSecret;
use crate::pki::PeerChain;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use rustls_pki_types::{ServerName, UnixTime};

/// The longest time that a session may be used after the authentication it rests on, in seconds:
/// seven days (RFC 9846 4.7.1).
pub const MAX_LIFETIME: u32 = 604_800;

/// Under which terms a peer was authenticated, as a hash: whom the config trusts, whom it asks for a
/// certificate, and what the application adds (`session_scope`). A session made under other terms is
/// never used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(pub [u8; 32]);

/// What all sessions of one connection have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SessionTerms {
    pub(crate) server: ServerName<'static>,
    pub(crate) scope: Scope,
    pub(crate) alpn: Option<Box<[u8]>>,
    /// When the server's certificate was verified: not renewed by resumption.
    pub(crate) authenticated: UnixTime,
    /// The server's certificates; none after an external PSK.
    pub(crate) peer_chain: Option<Arc<PeerChain>>,
    /// Seconds after that during which they may be resumed.
    good_for: u32,
}

impl SessionTerms {
    pub(crate) fn new(
        server: ServerName<'static>,
        scope: Scope,
        alpn: Option<Box<[u8]>>,
        authenticated: UnixTime,
        peer_chain: Option<Arc<PeerChain>>,
    ) -> Self {
        // RFC 9846 4.7.1: never longer than 7 days; and not when the certificate has expired.
        let not_after = peer_chain.as_deref().map(state::not_after);
        let good_for = not_after.map_or(MAX_LIFETIME, |not_after| {
            let end = not_after.map_or(0, |not_after| not_after.saturating_add(1));
            let seconds = end.saturating_sub(authenticated.as_secs());
            u32::try_from(seconds).map_or(MAX_LIFETIME, |seconds| seconds.min(MAX_LIFETIME))
        });
        Self {
            server,
            scope,
            alpn,
            authenticated,
            peer_chain,
            good_for,
        }
    }
}

/// What a version of TLS resumes with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Resume {
    /// RFC 9846 4.7.1.
    Tls13 {
        ticket: Vec<u8>,
        /// In a box: a session is moved about, and a secret that is moved leaves a copy behind.
        psk: Box<HashSecret>,
        age_add: u32,
        max_early_data: u32,
    },
    /// RFC 5246 7.3, RFC 5077: a ticket, or else a session ID.
    Tls12 {
        ticket: Vec<u8>,
        session_id: Vec<u8>,
        master: Box<HashSecret>,
        extended_master_secret: bool,
    },
}

/// A session as it leaves a client's connection. It becomes a [`Session`] once it is told when it
/// came.
#[must_use = "a session is kept by `received` and a store"]
#[derive(Debug)]
pub struct NewSession {
    pub(crate) terms: Arc<SessionTerms>,
    pub(crate) cipher_suite: CipherSuite,
    /// Seconds.
    pub(crate) lifetime: u32,
    pub(crate) resume: Resume,
}

impl NewSession {
    /// The session, received now.
    #[must_use]
    pub fn received(self, now: UnixTime) -> Session {
        Session {
            terms: self.terms,
            cipher_suite: self.cipher_suite,
            received: now,
            lifetime: self.lifetime.min(MAX_LIFETIME),
            resume: self.resume,
        }
    }
}

/// A session that a client can resume: bound to the server's name, the terms under which the
/// server was authenticated, the cipher suite's hash and the time of that authentication.
///
/// It holds a secret, and a ticket that a passive observer can recognise: use it once.
#[derive(Debug)]
pub struct Session {
    pub(crate) terms: Arc<SessionTerms>,
    pub(crate) cipher_suite: CipherSuite,
    pub(crate) received: UnixTime,
    /// Seconds from `received` on.
    pub(crate) lifetime: u32,
    pub(crate) resume: Resume,
}

impl Session {
    /// What is shown to the server: a ticket, or a session ID of TLS 1.2.
    #[must_use]
    pub fn ticket(&self) -> &[u8] {
        match &self.resume {
            Resume::Tls13 { ticket, .. } => ticket,
            Resume::Tls12 {
                ticket, session_id, ..
            } if ticket.is_empty() => session_id,
            Resume::Tls12 { ticket, .. } => ticket,
        }
    }

    /// The PSK, or the master secret of TLS 1.2: a secret.
    #[must_use]
    pub fn expose_secret(&self) -> &[u8] {
        match &self.resume {
            Resume::Tls13 { psk, .. } => psk.expose(),
            Resume::Tls12 { master, .. } => master.expose(),
        }
    }

    /// Seconds for which the server takes it, from when it was received.
    #[must_use]
    pub fn lifetime(&self) -> u32 {
        self.lifetime
    }

    /// The server it is for.
    #[must_use]
    pub fn server(&self) -> &ServerName<'static> {
        &self.terms.server
    }

    /// The terms under which the server was authenticated.
    #[must_use]
    pub fn scope(&self) -> Scope {
        self.terms.scope
    }

    /// The suite that it was made under.
    #[must_use]
    pub fn cipher_suite(&self) -> CipherSuite {
        self.cipher_suite
    }

    /// The application protocol that was spoken.
    #[must_use]
    pub fn alpn(&self) -> Option<&[u8]> {
        self.terms.alpn.as_deref()
    }

    /// Whether it is one of TLS 1.3.
    #[must_use]
    pub fn is_tls13(&self) -> bool {
        matches!(self.resume, Resume::Tls13 { .. })
    }

    /// How many bytes of early data the server said it takes; 0 if none.
    #[must_use]
    pub fn max_early_data(&self) -> u32 {
        match self.resume {
            Resume::Tls13 { max_early_data, .. } => max_early_data,
            Resume::Tls12 { .. } => 0,
        }
    }

    /// When it was received.
    #[must_use]
    pub fn received(&self) -> UnixTime {
        self.received
    }

    /// When the server's certificate was verified.
    #[must_use]
    pub fn authenticated(&self) -> UnixTime {
        self.terms.authenticated
    }

    /// The first second at which it is no longer used: the end of the lifetime that the server gave or of
    /// its certificate's, and at most [`MAX_LIFETIME`] after the authentication.
    #[must_use]
    pub fn expires(&self) -> UnixTime {
        // Not made longer by resuming.
        let end = later(self.received, self.lifetime);
        end.min(later(self.terms.authenticated, self.terms.good_for))
    }

    /// Whether it may be used at this time: it hasn't expired, and neither has the certificate that the
    /// server showed.
    #[must_use]
    pub fn is_fresh(&self, now: UnixTime) -> bool {
        // A clock that was set back says nothing about the age.
        now >= self.received && now < self.expires()
    }
}

/// So many seconds later.
pub(crate) fn later(time: UnixTime, seconds: u32) -> UnixTime {
    let seconds = time.as_secs().saturating_add(u64::from(seconds));
    UnixTime::since_unix_epoch(core::time::Duration::from_secs(seconds))
}

/// Where a client keeps its sessions.
///
/// A connection takes one when it begins. Putting is the caller's: [`crate::conn::Event::Session`]
/// hands out what came, and `io::Stream` puts it by itself.
pub trait ClientSessionStore: Send + Sync + fmt::Debug {
    /// Takes the newest session for a server under these terms out of the store. A session of
    /// TLS 1.3 is used once (RFC 9846 C.4).
    fn take(&self, server: &ServerName<'_>, scope: Scope, now: UnixTime) -> Option<Session>;

    /// Keeps a session, if there is room.
    fn put(&self, session: Session);
}
