//! The server's sessions of TLS 1.2: what is looked up, whether it is resumed, and what is kept.

use super::ServerCx;
use crate::codepoint::ProtocolVersion;
use crate::config::{
    ServerConfig, ServerSessions, SessionQuery, StoreSession, TicketSource, TicketState, later,
};
use crate::crypto::Tls12Suite;
use crate::error::{Error, Violation};
use crate::handshake::Cx;
use crate::handshake::tls12::master_to_keep;
use crate::wire::hello::ClientHello;
use alloc::sync::Arc;
use alloc::vec::Vec;
use rustls_pki_types::UnixTime;

/// Bytes of the session IDs that are given here.
const ID_LEN: usize = 32;

/// What is to be looked up for this client, if anything, and where.
pub(super) fn query<'a>(
    config: &'a ServerConfig,
    hello: &ClientHello<'_>,
    now: UnixTime,
) -> Option<(&'a ServerSessions, SessionQuery)> {
    let sessions = config.sessions.as_ref()?;
    let ticket = hello.extensions.session_ticket.unwrap_or(&[]);
    let id = match &sessions.source {
        TicketSource::Stateless(_) => ticket,
        // RFC 5077 3.4: with a ticket the session ID isn't one to be looked up.
        TicketSource::Stateful(_) if ticket.is_empty() => hello.session_id,
        TicketSource::Stateful(_) => return None,
    };
    let known = match &sessions.source {
        TicketSource::Stateless(_) => !id.is_empty(),
        TicketSource::Stateful(_) => id.len() == ID_LEN,
    };
    let id = id.to_vec();
    let query = SessionQuery {
        id,
        once: false,
        now,
    };
    known.then_some((sessions, query))
}

/// The suite under which a session can be resumed now; none if there is to be a full handshake.
pub(super) fn usable(
    state: &TicketState,
    config: &ServerConfig,
    hello: &ClientHello<'_>,
    cx: &Cx,
) -> Result<Option<&'static Tls12Suite>, Error> {
    let now = cx.now;
    let name = hello.extensions.server_name;
    let (Some(scope), Some(sessions)) = (cx.scope, &config.sessions) else {
        return Ok(None);
    };
    // The policy of now, if it is stricter than that of then.
    let expires = later(state.authenticated, sessions.policy.lifetime());
    if !state.is_for(ProtocolVersion::TLS12, scope, name, now) || now >= expires {
        return Ok(None);
    }
    // RFC 7627 5.3: a session made without it isn't resumed, and one made with it isn't without.
    if !state.extended_master_secret {
        return Ok(None);
    }
    if !hello.extensions.extended_master_secret {
        return Err(Violation::ResumedWithoutExtendedMasterSecret.into());
    }
    // RFC 5246 7.4.1.3: with its own suite, which both still have.
    let mut suites = config.common.tls12_suites.iter().copied();
    let suite = suites.find(|suite| suite.name == state.cipher_suite);
    Ok(suite.filter(|suite| hello.cipher_suites.contains(suite.name)))
}

/// Whether a session of this client can be resumed later.
fn resumable(hello: &ClientHello<'_>) -> bool {
    // RFC 7627 5.3: without extended_master_secret none is.
    hello.extensions.extended_master_secret
}

/// Whether this client gets a ticket.
pub(super) fn gives_ticket(config: &ServerConfig, hello: &ClientHello<'_>) -> bool {
    let source = config.sessions.as_ref().map(|sessions| &sessions.source);
    // RFC 5077 3.2: only if the client says that it takes one.
    matches!(source, Some(TicketSource::Stateless(_)))
        && hello.extensions.session_ticket.is_some()
        && resumable(hello)
}

/// Decides before ServerHello of a full handshake how its session is to be kept; the session ID, if
/// it has one.
pub(super) fn announce(
    s: &mut ServerCx,
    config: &ServerConfig,
    hello: &ClientHello<'_>,
) -> Option<[u8; ID_LEN]> {
    s.kept.ticket = gives_ticket(config, hello);
    let source = config.sessions.as_ref().map(|sessions| &sessions.source);
    if matches!(source, Some(TicketSource::Stateful(_))) && resumable(hello) {
        s.kept.session_id = Some(s.cx.random.array());
    }
    s.kept.session_id
}

/// What is kept of the handshake.
fn state(cx: &Cx, config: &ServerConfig) -> Option<TicketState> {
    let policy = &config.sessions.as_ref()?.policy;
    let expires = later(cx.authenticated, policy.lifetime());
    let chain = cx.peer_chain.iter().flat_map(|chain| chain.certificates());
    let len = chain.fold(0_usize, |sum, der| sum.saturating_add(der.len()));
    if expires <= cx.now || len > policy.client_chain {
        return None;
    }
    Some(TicketState {
        version: ProtocolVersion::TLS12,
        cipher_suite: cx.suite_name().ok()?,
        secret: master_to_keep(cx)?,
        extended_master_secret: true,
        issued: cx.now,
        authenticated: cx.authenticated,
        expires,
        age_add: 0,
        max_early_data: 0,
        scope: cx.lasting_scope(config)?,
        server_name: cx.server_name.clone().unwrap_or_default(),
        alpn: cx.alpn.clone().unwrap_or_default(),
        peer_chain: cx.peer_chain.clone(),
    })
}

/// A ticket with its lifetime in seconds.
pub(super) fn seal(cx: &mut Cx, config: &ServerConfig) -> Option<(u32, Vec<u8>)> {
    let TicketSource::Stateless(ticketer) = &config.sessions.as_ref()?.source else {
        return None;
    };
    let state = state(cx, config)?;
    let left = state.expires.as_secs().saturating_sub(cx.now.as_secs());
    let lifetime = u32::try_from(left).ok()?;
    let state = state.encode()?;
    let ticket = ticketer.seal(state.expose(), cx.now, &mut cx.random)?;
    // One that would hardly fit into a ClientHello is of no use.
    let most = config.common.limits.client_hello / 2;
    (ticket.len() <= most).then_some((lifetime, ticket))
}

/// The session as a store is to keep it.
pub(super) fn to_store(cx: &Cx, config: &ServerConfig, id: [u8; 32]) -> Option<StoreSession> {
    let state = state(cx, config)?;
    Some(StoreSession {
        id,
        expires: state.expires,
        state: Arc::new(state.encode()?),
        now: cx.now,
    })
}
