//! What the resumed 0-RTT handshake needs from the one before it: session, ticket and binder.

use super::vectors::{Section, Vectors};
use super::{ONE_RTT, bodies, certificate, now};
use crate::codepoint::{CipherSuite, ProtocolVersion};
use crate::config::{
    ClientConfig, Freshness, ReplayQuery, ReplayRecorder, Resume, Scope, Session, SessionTerms,
    StatelessSessions, TicketState, Ticketer, later,
};
use crate::crypto::{HashSecret, Random};
use crate::pki::{Decision, PeerChain};
use crate::secret::SecretBytes;
use crate::wire::handshake::NewSessionTicket;
use rustls_pki_types::{ServerName, UnixTime};
use std::sync::Arc;
use std::vec::Vec;

/// The handshake before, if this trace resumes one.
pub(super) fn earlier(trace: &Vectors) -> Option<Vectors> {
    trace.named("client binder").next()?;
    Some(Vectors::load(ONE_RTT))
}

/// The trace with its ClientHello as one message: it gives what the binder is of, and the binder.
pub(super) fn whole(trace: &Vectors) -> Vectors {
    let mut trace = trace.clone();
    let Some(binder) = trace.named("client binder").next().cloned() else {
        return trace;
    };
    let named = |section: &&mut Section| section.name == "client message ClientHello";
    let hello = trace.sections.iter_mut().find(named).unwrap();
    let truncated = hello.get("truncated").to_vec();
    assert_eq!(truncated, binder.get("truncated"));
    let list = [&[0, 33, 32], binder.get("finished")].concat();
    let message = [truncated, list].concat();
    hello.values.push(("message".into(), message));
    trace
}

/// The message as a client composes it before it knows the binder.
pub(super) fn unbound(trace: &Vectors, message: &[u8]) -> Vec<u8> {
    let mut message = message.to_vec();
    if trace.named("client binder").next().is_some() {
        let at = message.len() - 32;
        message[at..].fill(0);
    }
    message
}

fn ticket(earlier: &Vectors) -> NewSessionTicket<'_> {
    let body = bodies(earlier, "server message NewSessionTicket")[0];
    NewSessionTicket::parse(body).unwrap()
}

fn psk(earlier: &Vectors) -> HashSecret {
    let psk = earlier.value("server derive resumption", "expanded");
    HashSecret::copied_from(psk).unwrap()
}

/// The client's session.
pub(super) fn session(earlier: &Vectors, config: &ClientConfig) -> Session {
    let ticket = ticket(earlier);
    let chain = certificate(earlier, "server").unwrap();
    let terms = SessionTerms::new(
        ServerName::try_from("server").unwrap(),
        config.scope().unwrap(),
        None,
        now(),
        Some(PeerChain::new([(chain.as_slice(), None)].into_iter())),
    );
    Session {
        terms: Arc::new(terms),
        cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
        received: now(),
        lifetime: ticket.lifetime,
        resume: Resume::Tls13 {
            ticket: ticket.ticket.to_vec(),
            psk: psk(earlier).into(),
            age_add: ticket.age_add,
            max_early_data: ticket.max_early_data.unwrap(),
        },
    }
}

/// The server's sessions: the one that was.
pub(super) fn sessions(earlier: &Vectors, scope: Scope) -> StatelessSessions {
    let ticket = ticket(earlier);
    let state = TicketState {
        version: ProtocolVersion::TLS13,
        cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
        secret: psk(earlier),
        extended_master_secret: false,
        issued: now(),
        authenticated: now(),
        expires: later(now(), ticket.lifetime),
        age_add: ticket.age_add,
        max_early_data: ticket.max_early_data.unwrap(),
        scope,
        server_name: b"server".to_vec(),
        alpn: Vec::new(),
        peer_chain: None,
    };
    let state = state.encode().unwrap().expose().to_vec();
    let ticketer = OneTicket(ticket.ticket.to_vec(), state);
    StatelessSessions::new(Arc::new(ticketer)).early_data(1024, Arc::new(AlwaysNew))
}

/// Opens one ticket, and makes none: the trace has none at its end.
#[derive(Debug)]
struct OneTicket(Vec<u8>, Vec<u8>);

impl Ticketer for OneTicket {
    fn seal(&self, _: &[u8], _: UnixTime, _: &mut Random) -> Option<Vec<u8>> {
        None
    }

    fn open(&self, ticket: &[u8], _: UnixTime) -> Decision<Option<SecretBytes>> {
        assert_eq!(ticket, self.0);
        Decision::Now(Some(SecretBytes::new(self.1.clone())))
    }
}

#[derive(Debug)]
struct AlwaysNew;

impl ReplayRecorder for AlwaysNew {
    fn record(&self, _: &ReplayQuery) -> Decision<Freshness> {
        Decision::Now(Freshness::New)
    }
}

/// The secrets that a side logs.
pub(super) fn logged(trace: &Vectors) -> usize {
    match trace.named("client binder").next() {
        Some(_) => 6,
        None => 5,
    }
}
