//! The handshake: states, and one `step` per role. Nothing is performed here.
//!
//! A machine is given an input and answers with actions, small names of what the engine is to do;
//! the secrets, messages and requests that they speak of stay in the context.

pub(crate) mod auth;
pub(crate) mod client;
mod negotiate;
pub(crate) mod post;
mod request;
pub(crate) mod server;
mod summary;
pub(crate) mod tls12;

pub use request::{Answer, Request, SignRequest};
pub use summary::{Authentication, EarlyDataOutcome, EarlyDataRefusal, Summary};

use crate::codepoint::{CipherSuite, HandshakeType, NamedGroup, ProtocolVersion, SignatureScheme};
use crate::config::{
    ClientSessionStore, Common, Credential, NewSession, Scope, ServerConfig, SessionTerms,
};
use crate::crypto::{HashSecret, Random, Tls13Suite};
use crate::error::{Error, ErrorKind};
use crate::keys::Epoch;
use crate::keys::Transcript;
use crate::pki::{PeerChain, VerifiedChain};
use crate::secret::Depth;
use crate::wire::codec::Writer;
use crate::wire::handshake::write_message;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use rustls_pki_types::UnixTime;

/// A whole handshake message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub(crate) kind: HandshakeType,
    /// After the header.
    pub(crate) body: &'a [u8],
    /// With the header.
    pub(crate) raw: &'a [u8],
}

/// What moves a machine.
#[derive(Debug)]
pub(crate) enum Input<'a> {
    /// The beginning; only a client's machine does anything then.
    Start,
    Message(Message<'a>),
    /// TLS 1.2's own message, which is a record type of its own.
    ChangeCipherSpec,
    Answer(Answer),
}

impl Input<'_> {
    /// The kind of message it is, for the place of an error.
    fn message_kind(&self) -> Option<HandshakeType> {
        match self {
            Self::Message(message) => Some(message.kind),
            _ => None,
        }
    }

    /// The error of a state that has no use for this input.
    pub(crate) fn unexpected(&self) -> Error {
        match self {
            Self::Message(message) => {
                Error::from(crate::error::Violation::UnexpectedMessage).in_message(message.kind)
            }
            Self::ChangeCipherSpec => crate::error::Violation::UnexpectedChangeCipherSpec.into(),
            _ => ErrorKind::Internal("an input that the state does not know").into(),
        }
    }
}

/// What the engine is to do, in order. A range is of [`Cx::flight`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send the message at this range.
    Send(u32, u32),
    /// Send the Certificate message whose front is at this range and whose list is the
    /// credential's own.
    SendCertificate(u32, u32),
    /// Send the change_cipher_spec that middleboxes like to see.
    ChangeCipherSpec,
    /// Read with the keys of this epoch; nothing may be left of the record before.
    SetRead(Epoch),
    /// Write with the keys of this epoch.
    SetWrite(Epoch),
    /// Get [`Cx::request`] answered before anything else.
    Ask,
    /// The handshake is over.
    Done,
}

/// The actions of one step.
#[derive(Debug, Default)]
pub(crate) struct Out {
    actions: [Option<Action>; Self::MOST],
    len: usize,
}

impl Out {
    const MOST: usize = 10;

    /// Adds an action.
    pub(crate) fn push(&mut self, action: Action) -> Result<(), Error> {
        let slot = self.actions.get_mut(self.len);
        *slot.ok_or(ErrorKind::Internal("a step with too many actions"))? = Some(action);
        self.len = self.len.saturating_add(1);
        Ok(())
    }

    /// All actions, in order.
    pub(crate) fn actions(&self) -> impl Iterator<Item = Action> + '_ {
        self.actions.iter().take(self.len).flatten().copied()
    }
}

/// The four traffic secrets of a handshake, filled in as it goes.
#[derive(Debug, Default)]
pub(crate) struct TrafficSecrets {
    /// client_early_traffic_secret, with the suite that it is for.
    pub(crate) client_early: Option<(&'static Tls13Suite, HashSecret)>,
    pub(crate) client_handshake: Option<HashSecret>,
    pub(crate) server_handshake: Option<HashSecret>,
    pub(crate) client_application: Option<HashSecret>,
    pub(crate) server_application: Option<HashSecret>,
}

/// What both roles keep through a handshake. Dropped, and so wiped, when it is done.
#[derive(Debug)]
pub(crate) struct Cx {
    pub(crate) random: Random,
    /// How far down the stack secrets were left since it was overwritten.
    pub(crate) depth: Depth,
    pub(crate) now: UnixTime,
    /// Plaintext of messages to be sent; cleared by the engine when it has gone out.
    pub(crate) flight: Vec<u8>,
    pub(crate) transcript: Option<Transcript>,
    pub(crate) suite: Option<&'static Tls13Suite>,
    /// Set once the version is TLS 1.2.
    pub(crate) tls12: Option<tls12::Tls12Cx>,
    /// All handshake messages, as long as TLS 1.2 may have to sign them; without the peer's
    /// Certificate, which is made again of `peer_chain` where it belongs.
    pub(crate) messages: Option<Vec<u8>>,
    pub(crate) certificate_at: usize,
    pub(crate) client_random: [u8; 32],
    pub(crate) traffic: TrafficSecrets,
    pub(crate) exporter: Option<HashSecret>,
    pub(crate) resumption: Option<HashSecret>,
    /// A server's: the terms of its sessions when the handshake began; none without sessions.
    pub(crate) scope: Option<Scope>,
    /// How the peers know each other, and since when the peer's certificate is known to be good.
    pub(crate) authentication: Authentication,
    pub(crate) authenticated: UnixTime,
    pub(crate) early_data: EarlyDataOutcome,
    /// Bytes of early data that may go this way: as a client, as long as it may be sent; as a
    /// server, once it is accepted.
    pub(crate) early_room: Option<u32>,
    /// TLS 1.2: the session of this handshake, once it is done.
    pub(crate) session: Option<Box<NewSession>>,
    /// What is to be answered before the handshake goes on.
    pub(crate) request: Option<Request>,
    /// Our certificate, where we show one, and whether its OCSP response goes along.
    pub(crate) credential: Option<Arc<Credential>>,
    pub(crate) staple: bool,
    pub(crate) peer_chain: Option<Arc<PeerChain>>,
    pub(crate) verified: Option<VerifiedChain>,
    pub(crate) group: Option<NamedGroup>,
    /// Our own signature's scheme, and the peer's.
    pub(crate) scheme: Option<SignatureScheme>,
    pub(crate) peer_scheme: Option<SignatureScheme>,
    pub(crate) alpn: Option<Vec<u8>>,
    pub(crate) server_name: Option<Vec<u8>>,
    pub(crate) retried: bool,
    pub(crate) peer_record_limit: Option<u16>,
    /// The client offered early data, which is to be skipped; so much would have been taken.
    pub(crate) skip_early_data: Option<u32>,
    #[cfg(test)]
    pub(crate) replay: Replay,
}

/// **Tests only.** What another stack composed in a published trace with options that aren't
/// offered here: it takes the place of what would have been written.
#[cfg(test)]
#[derive(Debug, Default)]
pub(crate) struct Replay {
    /// Whole messages; the first one is used when a message of its type is written.
    pub(crate) messages: std::collections::VecDeque<Vec<u8>>,
    /// What would have been written in their place.
    pub(crate) replaced: Vec<Vec<u8>>,
    /// The cookie of a HelloRetryRequest, which isn't sent otherwise.
    pub(crate) cookie: Option<Vec<u8>>,
}

/// Room for what most flights take without the certificate, so that they don't grow bit by bit.
const FLIGHT: usize = 448;

impl Cx {
    pub(crate) fn new(seed: [u8; 32], now: UnixTime) -> Self {
        Self {
            random: Random::new(seed),
            depth: Depth::OWN,
            now,
            flight: Vec::with_capacity(FLIGHT),
            transcript: None,
            suite: None,
            tls12: None,
            messages: None,
            certificate_at: 0,
            client_random: [0; 32],
            traffic: TrafficSecrets::default(),
            exporter: None,
            resumption: None,
            scope: None,
            authentication: Authentication::Certificates,
            authenticated: now,
            early_data: EarlyDataOutcome::NotOffered,
            early_room: None,
            session: None,
            request: None,
            credential: None,
            staple: false,
            peer_chain: None,
            verified: None,
            group: None,
            scheme: None,
            peer_scheme: None,
            alpn: None,
            server_name: None,
            retried: false,
            peer_record_limit: None,
            skip_early_data: None,
            #[cfg(test)]
            replay: Replay::default(),
        }
    }

    /// The terms that this handshake was made under; none if they have changed meanwhile.
    pub(crate) fn lasting_scope(&self, config: &ServerConfig) -> Option<Scope> {
        self.scope.filter(|scope| config.scope() == Some(*scope))
    }

    /// The time has gone on.
    pub(crate) fn set_time(&mut self, now: UnixTime) {
        self.now = now;
        if self.authentication == Authentication::Certificates {
            self.authenticated = now;
        }
    }

    /// The suite, once there is one.
    pub(crate) fn suite(&self) -> Result<&'static Tls13Suite, Error> {
        self.suite
            .ok_or_else(|| ErrorKind::Internal("no suite yet").into())
    }

    /// The list of our Certificate message.
    pub(crate) fn certificate_list<'a>(&self, credential: &'a Credential) -> &'a Arc<[u8]> {
        match self.tls12 {
            Some(_) => credential.tls12_certificate_list(),
            None => credential.certificate_list(self.staple),
        }
    }

    /// The version, once it is known.
    pub(crate) fn version(&self) -> ProtocolVersion {
        match self.tls12 {
            Some(_) => ProtocolVersion::TLS12,
            None => ProtocolVersion::TLS13,
        }
    }

    /// The suite's name, once there is one.
    pub(crate) fn suite_name(&self) -> Result<CipherSuite, Error> {
        match &self.tls12 {
            Some(tls12) => Ok(tls12.suite.name),
            None => Ok(self.suite()?.name),
        }
    }

    /// What TLS 1.2 keeps, once that is the version.
    pub(crate) fn tls12(&self) -> Result<&tls12::Tls12Cx, Error> {
        self.tls12
            .as_ref()
            .ok_or_else(|| ErrorKind::Internal("no TLS 1.2 here").into())
    }

    /// Adds a message to the transcript, and to what may have to be signed.
    pub(crate) fn add(&mut self, raw: &[u8]) -> Result<(), Error> {
        self.transcript()?.add(raw);
        keep(&mut self.messages, raw);
        Ok(())
    }

    /// The transcript, once its hash is known.
    pub(crate) fn transcript(&mut self) -> Result<&mut Transcript, Error> {
        self.transcript
            .as_mut()
            .ok_or_else(|| ErrorKind::Internal("no transcript yet").into())
    }

    /// Writes a message once, adds it to the transcript and has it sent.
    pub(crate) fn send(
        &mut self,
        out: &mut Out,
        kind: HandshakeType,
        body: impl FnOnce(&mut Writer<'_>),
    ) -> Result<(), Error> {
        let (start, end) = self.write(kind, body)?;
        self.add_to_transcript(start, end)?;
        out.push(Action::Send(start, end))
    }

    /// Writes a message to the flight; where it stands there.
    pub(crate) fn write(
        &mut self,
        kind: HandshakeType,
        body: impl FnOnce(&mut Writer<'_>),
    ) -> Result<(u32, u32), Error> {
        let start = self.flight.len();
        #[cfg(test)]
        if self.replay.messages.front().is_some_and(|m| m[0] == kind.0) {
            let mut replaced = Vec::new();
            write_message(&mut replaced, kind, body).unwrap();
            self.replay.replaced.push(replaced);
            self.flight
                .extend(self.replay.messages.pop_front().unwrap());
            return flight_range(start, self.flight.len());
        }
        write_message(&mut self.flight, kind, body)
            .map_err(|_| ErrorKind::Internal("a message of ours is too long"))?;
        flight_range(start, self.flight.len())
    }

    pub(crate) fn add_to_transcript(&mut self, start: u32, end: u32) -> Result<(), Error> {
        let bytes = range(start, end)
            .and_then(|range| self.flight.get(range))
            .unwrap_or(&[]);
        let transcript = self.transcript.as_mut();
        transcript
            .ok_or(ErrorKind::Internal("no transcript yet"))?
            .add(bytes);
        keep(&mut self.messages, bytes);
        Ok(())
    }

    /// Asks for something; always a step's last action.
    pub(crate) fn ask(&mut self, out: &mut Out, request: Request) -> Result<(), Error> {
        self.request = Some(request);
        out.push(Action::Ask)
    }
}

/// Keeps a message if messages are kept. They are few: room for more would cost more than it spares.
fn keep(messages: &mut Option<Vec<u8>>, raw: &[u8]) {
    if let Some(messages) = messages {
        messages.reserve_exact(raw.len());
        messages.extend_from_slice(raw);
    }
}

/// Positions in a flight as an action holds them.
pub(crate) fn flight_range(start: usize, end: usize) -> Result<(u32, u32), Error> {
    match (u32::try_from(start), u32::try_from(end)) {
        (Ok(start), Ok(end)) => Ok((start, end)),
        _ => Err(ErrorKind::Internal("a flight of 4 GiB").into()),
    }
}

/// The same as a range.
pub(crate) fn range(start: u32, end: u32) -> Option<core::ops::Range<usize>> {
    Some(usize::try_from(start).ok()?..usize::try_from(end).ok()?)
}

/// A role's handshake, as the engine drives it.
pub(crate) trait Machine {
    /// Whether this is the client's side.
    const CLIENT: bool;

    /// One step. After an error the machine is of no further use.
    fn step(&mut self, input: Input<'_>, out: &mut Out) -> Result<(), Error>;

    fn cx(&self) -> &Cx;

    fn cx_mut(&mut self) -> &mut Cx;

    /// The config's common part; a server that hasn't chosen its config yet has none.
    fn common(&self) -> Option<&Common>;

    /// The config's own answer to [`Cx::request`], where it has one at once.
    fn answer_now(&mut self) -> Option<Result<Answer, Error>>;

    /// Bytes of stack in which the keys of records and tickets leave secrets.
    fn stack(&self) -> usize;

    /// How many bytes a message of this kind may have now.
    fn message_limit(&self, kind: HandshakeType) -> usize;

    /// Where the config keeps sessions; a client's.
    fn session_store(&self) -> Option<Arc<dyn ClientSessionStore>> {
        None
    }

    /// The protocol that early data is of; a client's.
    fn early_data_alpn(&self) -> Option<&[u8]> {
        None
    }

    /// What the sessions of this connection have in common; a client's, if they can be resumed.
    fn session_terms(&self) -> Option<Arc<SessionTerms>> {
        None
    }

    /// What the handshake came to.
    fn summary(&mut self) -> Result<Summary, Error>;
}
