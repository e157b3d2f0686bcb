//! The tickets that a server gives at the end of a TLS 1.3 handshake (RFC 9846 4.7.1).

use super::tls13::State;
use super::{Client, ServerCx, psk};
use crate::codepoint::{HandshakeType, ProtocolVersion};
use crate::config::{
    MAX_LIFETIME, ServerConfig, ServerSessions, StoreSession, TicketPolicy, TicketSource,
    TicketState, later,
};
use crate::error::{Error, ErrorKind};
use crate::handshake::auth::FinishedValid;
use crate::handshake::{Action, Authentication, Out, Request};
use crate::keys::tls13::resumption_psk;
use crate::secret::SecretBytes;
use crate::wire::handshake::NewSessionTicket;
use crate::wire::hello::ClientHello;
use alloc::sync::Arc;
use rustls_pki_types::UnixTime;

/// More in one go would not fit the actions of a step, and nobody needs them.
const MOST: u8 = 6;

/// How many tickets are still to be given.
#[derive(Debug, Default)]
pub(super) struct Owed {
    after_full: u8,
    after_resumed: u8,
    /// How many were made: each has a nonce of its own.
    made: u8,
    /// The one that is being stored.
    storing: Option<Ticket>,
}

#[derive(Debug)]
struct Ticket {
    nonce: u8,
    age_add: u32,
    lifetime: u32,
    id: [u8; 32],
}

impl Owed {
    /// What the client can use, and asks for.
    pub(super) fn ask(&mut self, config: &ServerConfig, hello: &ClientHello<'_>) {
        *self = Self::default();
        let Some(sessions) = &config.sessions else {
            return;
        };
        // RFC 9846 4.3.9: no tickets that no mode of the client's can use.
        if psk::modes(config, hello) == (false, false) {
            return;
        }
        let TicketPolicy {
            count,
            resumed_count,
            ..
        } = sessions.policy;
        // RFC 9149 3: no more than are asked for.
        let asked = hello
            .extensions
            .ticket_request
            .unwrap_or((count, resumed_count));
        self.after_full = count.min(asked.0).min(MOST);
        self.after_resumed = resumed_count.min(asked.1).min(MOST);
    }
}

type Proof = (Client, FinishedValid);

/// Gives all tickets that are owed, and ends the handshake.
pub(super) fn give(s: &mut ServerCx, proof: Proof, out: &mut Out) -> Result<State, Error> {
    let config = s.config()?;
    let owed = match s.cx.authentication {
        Authentication::Certificates => s.tickets.after_full,
        Authentication::Session { .. } => s.tickets.after_resumed,
        // A session would no longer tell whose key it was.
        Authentication::Psk { .. } => 0,
    };
    let Some(sessions) = config.sessions.as_ref() else {
        return done(proof, out);
    };
    while s.tickets.made < owed {
        let nonce = s.tickets.made;
        s.tickets.made = nonce.saturating_add(1);
        let Some((state, expires)) = new_session(s, &config, sessions, nonce)? else {
            break;
        };
        let lifetime = expires.as_secs().saturating_sub(s.cx.now.as_secs());
        let mut ticket = Ticket {
            nonce,
            age_add: state.age_add,
            // RFC 9846 4.7.1: 7 days at most.
            lifetime: u32::try_from(lifetime).map_or(0, |seconds| seconds.min(MAX_LIFETIME)),
            id: [0; 32],
        };
        let Some(state) = state.encode() else {
            break;
        };
        match &sessions.source {
            TicketSource::Stateless(ticketer) => {
                let sealed = ticketer.seal(state.expose(), s.cx.now, &mut s.cx.random);
                // One that would hardly fit into a ClientHello is of no use.
                let most = s.limits.client_hello / 2;
                let Some(sealed) = sealed.filter(|ticket| ticket.len() <= most) else {
                    break;
                };
                send(s, sessions, &ticket, &sealed, out)?;
            }
            TicketSource::Stateful(_) => {
                ticket.id = s.cx.random.array();
                let id = ticket.id;
                s.tickets.storing = Some(ticket);
                return store(s, id, state, expires, proof, out);
            }
        }
    }
    done(proof, out)
}

fn done(proof: Proof, out: &mut Out) -> Result<State, Error> {
    out.push(Action::Done)?;
    Ok(State::Done(proof))
}

fn store(
    s: &mut ServerCx,
    id: [u8; 32],
    state: SecretBytes,
    expires: UnixTime,
    proof: Proof,
    out: &mut Out,
) -> Result<State, Error> {
    let now = s.cx.now;
    let state = Arc::new(state);
    let request = StoreSession {
        id,
        state,
        expires,
        now,
    };
    s.cx.ask(out, Request::StoreSession(request))?;
    Ok(State::WaitStored(proof))
}

/// The session was stored, or not; a store that is full gives no more tickets.
pub(super) fn stored(
    s: &mut ServerCx,
    stored: bool,
    proof: Proof,
    out: &mut Out,
) -> Result<State, Error> {
    let ticket = s.tickets.storing.take();
    let config = s.config()?;
    let (Some(ticket), Some(sessions), true) = (ticket, &config.sessions, stored) else {
        return done(proof, out);
    };
    send(s, sessions, &ticket, &ticket.id, out)?;
    give(s, proof, out)
}

/// The session of a ticket, and when it ends; none if there is nothing to be gained.
fn new_session(
    s: &mut ServerCx,
    config: &ServerConfig,
    sessions: &ServerSessions,
    nonce: u8,
) -> Result<Option<(TicketState, UnixTime)>, Error> {
    const MISSING: ErrorKind = ErrorKind::Internal("no resumption secret");
    // RFC 9846 4.7.1: what was verified under terms that hold no longer makes no session.
    let Some(scope) = s.cx.lasting_scope(config) else {
        return Ok(None);
    };
    let policy = &sessions.policy;
    let chain_len =
        s.cx.peer_chain
            .iter()
            .flat_map(|chain| chain.certificates());
    let chain_len = chain_len.fold(0_usize, |sum, der| sum.saturating_add(der.len()));
    // However often it is renewed, it ends with what the first handshake allowed.
    let expires = later(s.cx.authenticated, policy.lifetime());
    if chain_len > policy.client_chain || expires <= s.cx.now {
        return Ok(None);
    }
    let suite = s.cx.suite()?;
    let resumption = s.cx.resumption.as_ref().ok_or(MISSING)?;
    let secret = resumption_psk(suite.hash, resumption, &[nonce])?;
    let early_data = sessions.early_data.as_ref();
    let state = TicketState {
        version: ProtocolVersion::TLS13,
        cipher_suite: suite.name,
        secret,
        extended_master_secret: false,
        issued: s.cx.now,
        authenticated: s.cx.authenticated,
        expires,
        // RFC 9846 4.7.1: fresh and random for each ticket.
        age_add: u32::from_be_bytes(s.cx.random.array()),
        max_early_data: early_data.map_or(0, |early_data| early_data.most),
        scope,
        server_name: s.cx.server_name.clone().unwrap_or_default(),
        alpn: s.cx.alpn.clone().unwrap_or_default(),
        peer_chain: s.cx.peer_chain.clone(),
    };
    Ok(Some((state, expires)))
}

fn send(
    s: &mut ServerCx,
    sessions: &ServerSessions,
    ticket: &Ticket,
    bytes: &[u8],
    out: &mut Out,
) -> Result<(), Error> {
    let early_data = sessions.early_data.as_ref();
    let message = NewSessionTicket {
        lifetime: ticket.lifetime,
        age_add: ticket.age_add,
        nonce: &[ticket.nonce],
        ticket: bytes,
        max_early_data: early_data
            .map(|early_data| early_data.most)
            .filter(|most| *most > 0),
        ..NewSessionTicket::default()
    };
    let (start, end) =
        s.cx.write(HandshakeType::NEW_SESSION_TICKET, |w| message.write(w))?;
    out.push(Action::Send(start, end))
}
