//! After the handshake (RFC 9846 4.7): a small function of its own.

use super::Message;
use crate::codepoint::{HandshakeType, KeyUpdateRequest};
use crate::config::{MAX_LIFETIME, NewSession, Resume, SessionTerms};
use crate::crypto::{HashSecret, Tls13Suite};
use crate::error::{Error, Violation};
use crate::keys::tls13::resumption_psk;
use crate::wire::handshake::{KeyUpdate, NewSessionTicket};
use alloc::boxed::Box;
use alloc::sync::Arc;

/// What a message after the handshake means.
#[derive(Debug)]
pub(crate) enum Post {
    /// The peer's next records come under new keys; whether it wants the same of us.
    KeyUpdate { requested: bool },
    /// A ticket to keep.
    Session(Box<NewSession>),
    /// Nothing: a ticket that is worth nothing.
    Nothing,
}

/// What a client makes sessions of.
#[derive(Debug)]
pub(crate) struct Tickets {
    pub(crate) resumption: HashSecret,
    pub(crate) terms: Arc<SessionTerms>,
}

/// Reads a message that came after the handshake.
pub(crate) fn read(
    message: Message<'_>,
    suite: &'static Tls13Suite,
    client: bool,
    tickets: Option<&Tickets>,
) -> Result<Post, Error> {
    let result = match message.kind {
        HandshakeType::KEY_UPDATE => read_key_update(message),
        // RFC 9846 4.7.1: only a server gives tickets.
        HandshakeType::NEW_SESSION_TICKET if client => read_ticket(message, suite, tickets),
        _ => Err(Violation::UnexpectedMessage.into()),
    };
    result.map_err(|e| e.in_message(message.kind))
}

fn read_key_update(message: Message<'_>) -> Result<Post, Error> {
    let KeyUpdate { request } = KeyUpdate::parse(message.body)?;
    Ok(Post::KeyUpdate {
        requested: request == KeyUpdateRequest::UPDATE_REQUESTED,
    })
}

fn read_ticket(
    message: Message<'_>,
    suite: &'static Tls13Suite,
    tickets: Option<&Tickets>,
) -> Result<Post, Error> {
    let ticket = NewSessionTicket::parse(message.body)?;
    // RFC 9846 4.7.1: a lifetime of zero means that the ticket should be discarded.
    let Some(tickets) = tickets.filter(|_| ticket.lifetime > 0) else {
        return Ok(Post::Nothing);
    };
    Ok(Post::Session(Box::new(NewSession {
        terms: Arc::clone(&tickets.terms),
        cipher_suite: suite.name,
        // RFC 9846 4.7.1: never kept longer than 7 days, whatever the server says.
        lifetime: ticket.lifetime.min(MAX_LIFETIME),
        resume: Resume::Tls13 {
            ticket: ticket.ticket.to_vec(),
            psk: resumption_psk(suite.hash, &tickets.resumption, ticket.nonce)?.into(),
            age_add: ticket.age_add,
            max_early_data: ticket.max_early_data.unwrap_or(0),
        },
    })))
}

/// Reads a message that came after a TLS 1.2 handshake: an offer to renegotiate, or an error.
///
/// # Errors
/// [`Violation::UnexpectedMessage`] for anything else.
pub(crate) fn read_tls12(message: Message<'_>, client: bool) -> Result<(), Error> {
    match message.kind {
        // RFC 5246 7.4.1.1, 7.4.1.2: either may be refused with a no_renegotiation warning.
        HandshakeType::HELLO_REQUEST if client => Ok(crate::wire::tls12::parse_empty(
            message.body,
            "HelloRequest",
        )?),
        HandshakeType::CLIENT_HELLO if !client => Ok(()),
        _ => Err(Violation::UnexpectedMessage.into()),
    }
}
