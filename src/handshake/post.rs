//! After the handshake (RFC 9846 4.7): a small function of its own.

use super::{Message, Session};
use crate::codepoint::{HandshakeType, KeyUpdateRequest};
use crate::crypto::{HashSecret, Tls13Suite};
use crate::error::{Error, Violation};
use crate::keys::tls13::resumption_psk;
use crate::wire::handshake::{KeyUpdate, NewSessionTicket};
use alloc::boxed::Box;

/// What a message after the handshake means.
#[derive(Debug)]
pub(crate) enum Post {
    /// The peer's next records come under new keys; whether it wants the same of us.
    KeyUpdate { requested: bool },
    /// A ticket to keep.
    Session(Box<Session>),
    /// Nothing: a ticket that is worth nothing.
    Nothing,
}

/// Reads a message that came after the handshake; only a client has a `resumption` secret.
pub(crate) fn read(
    message: Message<'_>,
    suite: &'static Tls13Suite,
    resumption: Option<&HashSecret>,
) -> Result<Post, Error> {
    let result = match (message.kind, resumption) {
        (HandshakeType::KEY_UPDATE, _) => read_key_update(message),
        (HandshakeType::NEW_SESSION_TICKET, Some(secret)) => read_ticket(message, suite, secret),
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
    secret: &HashSecret,
) -> Result<Post, Error> {
    const WEEK: u32 = 604_800;
    let ticket = NewSessionTicket::parse(message.body)?;
    // RFC 9846 4.7.1: a lifetime of zero means that the ticket should be discarded.
    if ticket.lifetime == 0 {
        return Ok(Post::Nothing);
    }
    Ok(Post::Session(Box::new(Session {
        suite,
        // RFC 9846 4.7.1: never kept longer than 7 days, whatever the server says.
        lifetime: ticket.lifetime.min(WEEK),
        age_add: ticket.age_add,
        max_early_data: ticket.max_early_data,
        ticket: ticket.ticket.to_vec(),
        psk: resumption_psk(suite.hash, secret, ticket.nonce)?,
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
