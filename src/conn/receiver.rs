//! The half that receives.

use crate::codepoint::{AlertDescription, AlertLevel, ContentType, HandshakeType, ProtocolVersion};
use crate::config::{Direction, Limits, NewSession, Observation, Observer};
use crate::conn::event::{Data, Eof};
use crate::conn::sender::{ForSender, Token};
use crate::crypto::{HashSecret, Tls13Suite};
use crate::error::{CryptoError, Error, ErrorKind, Limit, Violation};
use crate::handshake::Message;
use crate::handshake::post::{self, Post, Tickets};
use crate::keys::tls13::next_traffic_secret;
use crate::record::{
    Deframed, Epoch, Frame, Joined, Joiner, MAX_PLAINTEXT, Opener, Plaintext, deframe,
};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;

/// The answer to one call of [`Receiver::receive`].
#[derive(Debug)]
pub struct HalfReceived<'a> {
    /// How many bytes of the input are done with.
    pub consumed: usize,
    /// What happened.
    pub event: HalfEvent<'a>,
}

/// One thing that happened at the receiving half; as [`crate::conn::Event`].
#[derive(Debug)]
#[non_exhaustive]
pub enum HalfEvent<'a> {
    /// More input is needed.
    NeedInput {
        /// Bytes that the input must reach, counted after `consumed`.
        min: usize,
    },
    /// Application data, in place in the input.
    Data(Data<'a>),
    /// A ticket to keep.
    Session(Box<NewSession>),
    /// To be handed to the sending half, without delay.
    ForSender(ForSender),
    /// The connection is dead; the sending half was told through [`HalfEvent::ForSender`].
    Failed(Error),
    /// No more data will come.
    Closed(Eof),
}

/// What came of looking at the input.
#[derive(Debug)]
pub(crate) enum Step {
    NeedInput(usize),
    /// At this range of the input.
    Data(Range<usize>),
    /// The same, within the handshake.
    EarlyData(Range<usize>),
    Session(Box<NewSession>),
    Token(Token),
    Closed(Eof),
}

/// A record that was opened, or passed over.
#[derive(Debug)]
pub(crate) enum Record {
    Need(usize),
    /// Nothing in it; so many bytes to go past.
    Skipped(usize),
    /// Content of this type at this range of the input given; so many bytes to go past.
    Content(ContentType, Range<usize>, usize),
}

/// What a peer may do so often in a row, and no oftener.
#[derive(Clone, Copy, Debug, Default)]
struct Budgets {
    records: u32,
    empty: u32,
    warnings: u32,
    key_updates: u32,
    tickets: u32,
}

/// Those of [`Limits`] that a receiver enforces, in few bytes.
#[derive(Clone, Copy, Debug)]
struct Bounds {
    ticket: u32,
    other_message: u32,
    skipped_early_data: u32,
    flight_records: u32,
    empty_records: u32,
    warnings: u32,
    key_updates: u32,
    tickets: u32,
}

impl From<Limits> for Bounds {
    fn from(limits: Limits) -> Self {
        let size = |bytes: usize| u32::try_from(bytes).unwrap_or(u32::MAX);
        Self {
            ticket: size(limits.ticket),
            other_message: size(limits.other_message),
            skipped_early_data: size(limits.skipped_early_data),
            flight_records: limits.flight_records,
            empty_records: limits.empty_records,
            warnings: limits.warnings,
            key_updates: limits.key_updates,
            tickets: limits.tickets,
        }
    }
}

fn spend(counter: &mut u32, most: u32, limit: fn(u32) -> Limit) -> Result<(), Error> {
    *counter = counter.saturating_add(1);
    if *counter > most {
        Err(limit(most).into())
    } else {
        Ok(())
    }
}

/// The half of a connection that receives. Part of a connection, or one's own after
/// `into_split`.
#[derive(Debug)]
pub struct Receiver {
    suite: Option<&'static Tls13Suite>,
    opener: Option<Opener>,
    pub(crate) epoch: Epoch,
    /// The application traffic secret in use; empty without one.
    secret: HashSecret,
    tickets: Option<Box<Tickets>>,
    client: bool,
    joiner: Joiner,
    joined: Vec<u8>,
    bounds: Bounds,
    used: Budgets,
    /// Bytes of data that no KeyUpdate or ticket was set off against yet.
    data: usize,
    /// What content, type and padding of a record may be together.
    most: usize,
    /// No record has come yet.
    first: bool,
    /// A change_cipher_spec is passed over.
    pub(crate) dummy_allowed: bool,
    pub(crate) handshaking: bool,
    /// The version is TLS 1.2.
    tls12: bool,
    /// The version may become TLS 1.2.
    pub(crate) undecided: bool,
    /// How much early data may still be passed over.
    skip: u32,
    /// How much early data may still come.
    early_data: u32,
    asked_update: bool,
    ended: bool,
    closed: Option<Eof>,
    /// In a box: there is hardly ever one.
    pub(crate) failed: Option<Box<Error>>,
    /// The sending half was told of the failure.
    told: bool,
    observer: Option<Arc<dyn Observer>>,
}

impl Receiver {
    pub(crate) fn new(client: bool, limits: Limits) -> Self {
        Self {
            suite: None,
            opener: None,
            epoch: Epoch::Plaintext,
            secret: HashSecret::zeroed(0),
            tickets: None,
            client,
            joiner: Joiner::default(),
            joined: Vec::new(),
            bounds: limits.into(),
            used: Budgets::default(),
            data: 0,
            most: MAX_PLAINTEXT.saturating_add(1),
            first: true,
            dummy_allowed: false,
            handshaking: true,
            tls12: false,
            undecided: false,
            skip: 0,
            early_data: 0,
            asked_update: false,
            ended: false,
            closed: None,
            failed: None,
            told: false,
            observer: None,
        }
    }

    pub(crate) fn configure(&mut self, limits: Limits, observer: Option<Arc<dyn Observer>>) {
        self.bounds = limits.into();
        self.observer = observer;
    }

    /// No early data can come any more.
    pub(crate) fn end_of_early_data(&mut self) {
        self.skip = 0;
    }

    /// Enforces our own record_size_limit (RFC 8449 4).
    pub(crate) fn limit_records(&mut self, limit: u16) {
        self.most = usize::from(limit);
    }

    /// Lets refused early data be passed over (RFC 9846 4.3.10): as much as would have been taken, or
    /// what the limits allow in any case.
    pub(crate) fn skip_early_data(&mut self, most: u32) {
        self.skip = most.max(self.bounds.skipped_early_data);
    }

    /// Takes so many bytes of early data, once its keys are there.
    pub(crate) fn accept_early_data(&mut self, room: u32) {
        self.early_data = room;
    }

    /// Installs the keys of an epoch.
    pub(crate) fn set_keys(
        &mut self,
        suite: &'static Tls13Suite,
        epoch: Epoch,
        secret: &HashSecret,
    ) -> Result<(), Error> {
        self.suite = Some(suite);
        self.install(Opener::new(suite.hash, suite.aead, secret)?, epoch);
        Ok(())
    }

    /// Goes on with these keys.
    pub(crate) fn install(&mut self, opener: Opener, epoch: Epoch) {
        self.opener = Some(opener);
        self.epoch = epoch;
        self.observe(&Observation::KeyChange {
            direction: Direction::Received,
            epoch,
        });
    }

    /// The version is TLS 1.2.
    pub(crate) fn set_tls12(&mut self) {
        self.tls12 = true;
    }

    /// Keeps the application secret for later KeyUpdates.
    pub(crate) fn keep_secret(&mut self, secret: HashSecret) {
        self.secret = secret;
    }

    /// The handshake is over. Only a client makes sessions of tickets.
    pub(crate) fn handshake_done(&mut self, tickets: Option<Box<Tickets>>) {
        self.handshaking = false;
        self.tickets = tickets;
        self.used = Budgets::default();
        self.skip = 0;
    }

    fn observe(&self, observation: &Observation<'_>) {
        if let Some(observer) = &self.observer {
            observer.observe(observation);
        }
    }

    pub(crate) fn observe_message(&self, message: Message<'_>) {
        if let Some(observer) = &self.observer {
            let (direction, epoch) = (Direction::Received, self.epoch);
            let version = match self.tls12 {
                true => ProtocolVersion::TLS12,
                false => ProtocolVersion::TLS13,
            };
            let parsed = observer.parse(version, message.kind, message.body);
            let (kind, bytes) = (message.kind, message.raw);
            self.observe(&Observation::Message {
                direction,
                epoch,
                kind,
                bytes,
                parsed,
            });
        }
    }

    /// Says that the peer's stream has ended: what is in the input is still read.
    pub fn end_of_input(&mut self) {
        self.ended = true;
    }

    pub(crate) fn closed(&self) -> Option<Eof> {
        self.closed
    }

    /// What the end of the stream means now that no whole record is left.
    pub(crate) fn out_of_input(&mut self, min: usize) -> Step {
        if self.ended {
            self.closed = Some(Eof::Truncated);
            return Step::Closed(Eof::Truncated);
        }
        Step::NeedInput(min)
    }

    /// Opens the next record of `input`, which begins with it.
    pub(crate) fn next_record(&mut self, input: &mut [u8]) -> Result<Record, Error> {
        // Early data that is passed over is protected, with keys that aren't ours.
        let protected = self.opener.is_some() || self.skip > 0;
        let frame = match deframe(input, self.first, protected)? {
            Deframed::Need(min) => return Ok(Record::Need(min)),
            Deframed::Frame(frame) => frame,
        };
        self.first = false;
        // Early data, taken or passed over, is bounded by its size; all else counts meanwhile, too.
        let early = self.epoch == Epoch::EarlyData || self.skip > 0;
        let early = early && frame.content_type == ContentType::APPLICATION_DATA;
        if self.handshaking && !early {
            let most = self.bounds.flight_records;
            spend(&mut self.used.records, most, Limit::FlightRecords)?;
        }
        let len = frame.len();
        let body = input.get_mut(5..len).unwrap_or(&mut []);
        if frame.content_type == ContentType::CHANGE_CIPHER_SPEC {
            return self.change_cipher_spec(body, len);
        }
        let opened = match self.opener {
            None => self.plaintext(&frame)?,
            Some(_) => self.protected(&frame, body)?,
        };
        let Some(Plaintext {
            content_type,
            start,
            len: content,
        }) = opened
        else {
            return Ok(Record::Skipped(len));
        };
        if content_type == ContentType::CHANGE_CIPHER_SPEC {
            // RFC 9846 5: a protected change_cipher_spec ends the connection.
            return Err(Violation::UnexpectedChangeCipherSpec.into());
        }
        self.check_content(content_type, content)?;
        let start = start.saturating_add(5);
        Ok(Record::Content(
            content_type,
            start..content.saturating_add(start),
            len,
        ))
    }

    fn change_cipher_spec(&mut self, body: &[u8], len: usize) -> Result<Record, Error> {
        // RFC 9846 5: an unprotected one with the byte 1, after the first ClientHello and before
        // the peer's Finished, is dropped; any other ends the connection. RFC 5246 7.1: it changes
        // the keys, where the handshake expects it.
        let protected = self.tls12 && self.opener.is_some();
        if !self.handshaking || !self.dummy_allowed || *body != [1] || protected {
            return Err(Violation::UnexpectedChangeCipherSpec.into());
        }
        // RFC 9846 5.1: no other record between those of one handshake message.
        if !self.rest_is_empty() {
            return Err(Violation::InterleavedRecord.into());
        }
        self.observe(&Observation::ChangeCipherSpec {
            direction: Direction::Received,
        });
        if !self.tls12 {
            return Ok(Record::Skipped(len));
        }
        // RFC 5246 7.1: not within a handshake message.
        if !self.rest_is_empty() {
            return Err(Violation::InterleavedRecord.into());
        }
        Ok(Record::Content(ContentType::CHANGE_CIPHER_SPEC, 5..6, len))
    }

    /// A record before there are keys; `None` if it is passed over.
    fn plaintext(&mut self, frame: &Frame) -> Result<Option<Plaintext>, Error> {
        if frame.content_type == ContentType::APPLICATION_DATA {
            // RFC 9846 4.3.10: early data that follows a ClientHello answered by a
            // HelloRetryRequest is passed over.
            return self.pass_over(frame.body_len, Violation::UnexpectedContentType.into());
        }
        // RFC 9846 5.1: 2^14 bytes at most.
        if frame.body_len > MAX_PLAINTEXT {
            return Err(Violation::RecordTooLong.into());
        }
        Ok(Some(Plaintext {
            content_type: frame.content_type,
            start: 0,
            len: frame.body_len,
        }))
    }

    fn protected(&mut self, frame: &Frame, body: &mut [u8]) -> Result<Option<Plaintext>, Error> {
        // RFC 8449 4: a limit is for the keys of the handshake that agrees on it: a client can't know
        // it when it sends early data.
        let most = match self.epoch {
            Epoch::EarlyData => MAX_PLAINTEXT.saturating_add(1),
            _ => self.most,
        };
        let Some(opener) = &mut self.opener else {
            return Ok(None);
        };
        if opener.hides_type() && frame.content_type != ContentType::APPLICATION_DATA {
            // A client that fails on ServerHello has no keys and can tell so only in the clear. It
            // ends the connection either way; as an alert it says why.
            let alert = frame.content_type == ContentType::ALERT && frame.body_len == 2;
            if alert && !self.client && self.epoch == Epoch::Handshake && opener.count() == 0 {
                return Ok(Some(Plaintext {
                    content_type: ContentType::ALERT,
                    start: 0,
                    len: 2,
                }));
            }
            // RFC 9846 5: with protection in force everything else is protected.
            return Err(Violation::UnprotectedRecord.into());
        }
        match opener.open(&frame.header, body, most) {
            Ok(plaintext) => {
                self.skip = 0;
                Ok(Some(plaintext))
            }
            Err(e) if *e.kind() == ErrorKind::Crypto(CryptoError::DecryptFailed) => {
                self.pass_over(frame.body_len, e)
            }
            Err(e) => Err(e),
        }
    }

    /// Passes over a record of refused early data, or fails.
    fn pass_over(&mut self, len: usize, otherwise: Error) -> Result<Option<Plaintext>, Error> {
        // What it held: without type and tag, but at least something.
        let held = u32::try_from(len.saturating_sub(17).max(1)).unwrap_or(u32::MAX);
        match self.skip.checked_sub(held) {
            Some(left) if self.skip > 0 => {
                self.skip = left;
                Ok(None)
            }
            _ => Err(otherwise),
        }
    }

    fn check_content(&mut self, content_type: ContentType, len: usize) -> Result<(), Error> {
        match content_type {
            // RFC 9846 5.1: no empty fragments of handshake or alert.
            ContentType::HANDSHAKE | ContentType::ALERT if len == 0 => {
                Err(Violation::EmptyHandshakeRecord.into())
            }
            ContentType::HANDSHAKE => Ok(()),
            // RFC 9846 5.1: one alert in a record, whole.
            ContentType::ALERT if len == 2 => Ok(()),
            ContentType::ALERT => Err(Violation::BadAlert.into()),
            // RFC 9846 5.1: handshake messages aren't interleaved with other records.
            _ if !self.rest_is_empty() => Err(Violation::InterleavedRecord.into()),
            ContentType::APPLICATION_DATA
                if self.epoch == Epoch::Application && !(self.tls12 && self.handshaking) =>
            {
                self.count_data(len)
            }
            ContentType::APPLICATION_DATA if self.epoch == Epoch::EarlyData => {
                // RFC 9846 4.3.10: more than max_early_data_size ends the connection with
                // unexpected_message.
                let left = u32::try_from(len)
                    .ok()
                    .and_then(|len| self.early_data.checked_sub(len));
                self.early_data = left.ok_or(Violation::TooMuchEarlyData)?;
                self.count_data(len)
            }
            _ => Err(Violation::UnexpectedContentType.into()),
        }
    }

    fn count_data(&mut self, len: usize) -> Result<(), Error> {
        if len == 0 {
            return spend(
                &mut self.used.empty,
                self.bounds.empty_records,
                Limit::EmptyRecords,
            );
        }
        self.used.empty = 0;
        // So much data makes up for one KeyUpdate and one ticket.
        const CREDIT: usize = 256;
        let data = self.data.saturating_add(len);
        self.data = data % CREDIT;
        let credits = u32::try_from(data / CREDIT).unwrap_or(u32::MAX);
        for used in [
            &mut self.used.key_updates,
            &mut self.used.tickets,
            &mut self.used.warnings,
        ] {
            *used = used.saturating_sub(credits);
        }
        Ok(())
    }

    /// An alert: `Ok` if the connection goes on.
    pub(crate) fn alert(&mut self, body: &[u8]) -> Result<(), Error> {
        let description = body
            .get(1)
            .map_or(AlertDescription(0xff), |byte| AlertDescription(*byte));
        let (direction, epoch) = (Direction::Received, self.epoch);
        self.observe(&Observation::Alert {
            direction,
            epoch,
            description,
        });
        let warning = body.first() == Some(&AlertLevel::WARNING.0);
        let old = self.tls12 || self.undecided;
        match description {
            // RFC 9846 6.1: the peer will send no more.
            AlertDescription::CLOSE_NOTIFY if !self.handshaking => {
                // RFC 9846 5.1: not within a handshake message.
                if !self.rest_is_empty() {
                    return Err(Violation::InterleavedRecord.into());
                }
                self.closed = Some(Eof::Clean);
                Ok(())
            }
            // RFC 9846 5.1: nothing comes between the parts of a handshake message, and goes on.
            AlertDescription::USER_CANCELED if !old && !self.rest_is_empty() => {
                Err(Violation::InterleavedRecord.into())
            }
            // RFC 9846 6.1: what follows it says how it ends.
            AlertDescription::USER_CANCELED => spend(
                &mut self.used.warnings,
                self.bounds.warnings,
                Limit::Warnings,
            ),
            // RFC 5246 7.2: a warning may be passed over. RFC 6066 3: older servers warn of a name that
            // they don't know before their ServerHello.
            _ if old && warning && description != AlertDescription::CLOSE_NOTIFY => spend(
                &mut self.used.warnings,
                self.bounds.warnings,
                Limit::Warnings,
            ),
            // RFC 9846 6: all others, known or not, are errors whatever their level.
            _ => Err(ErrorKind::AlertReceived(description).into()),
        }
    }

    /// Whether no handshake bytes wait.
    pub(crate) fn rest_is_empty(&self) -> bool {
        self.joined.is_empty()
    }

    /// Keeps handshake bytes until their message is whole.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.joiner.push(&mut self.joined, bytes);
    }

    /// The waiting bytes, and the message at their front if it is whole.
    pub(crate) fn next_message(
        &self,
        limit: impl Fn(HandshakeType) -> usize,
    ) -> Result<Option<(HandshakeType, Range<usize>)>, Error> {
        check_size(self.joiner.next(&self.joined), limit)
    }

    pub(crate) fn joined(&self, range: Range<usize>) -> &[u8] {
        self.joined.get(range).unwrap_or(&[])
    }

    /// Lends the waiting bytes out for a step.
    pub(crate) fn take_joined(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.joined)
    }

    pub(crate) fn put_joined(&mut self, joined: Vec<u8>) {
        self.joined = joined;
    }

    /// Whether no bytes follow the message that ends here.
    pub(crate) fn is_last(&self, end: usize) -> bool {
        self.joined.len() <= end
    }

    pub(crate) fn consume(&mut self, end: usize) {
        self.joiner.consume(&mut self.joined, end);
    }

    /// Goes on after the handshake. `consumed` counts from the start of `input`.
    pub(crate) fn advance(
        &mut self,
        input: &mut [u8],
        consumed: &mut usize,
    ) -> Result<Step, Error> {
        if let Some(error) = &self.failed {
            return Err(Error::clone(error));
        }
        loop {
            if let Some(step) = self.joined_message()? {
                return Ok(step);
            }
            if let Some(eof) = self.closed {
                // RFC 5246 7.2.1: the other side answers with its own close_notify at once.
                if self.tls12 && eof == Eof::Clean && !core::mem::replace(&mut self.told, true) {
                    return Ok(Step::Token(Token::PeerClosed));
                }
                return Ok(Step::Closed(eof));
            }
            let rest = input.get_mut(*consumed..).unwrap_or(&mut []);
            let (kind, content) = match self.next_record(rest)? {
                Record::Need(min) => return Ok(self.out_of_input(min)),
                Record::Skipped(len) => {
                    *consumed = consumed.saturating_add(len);
                    continue;
                }
                Record::Content(kind, content, len) => {
                    let start = *consumed;
                    *consumed = start.saturating_add(len);
                    let (from, to) = (content.start, content.end);
                    (kind, from.saturating_add(start)..to.saturating_add(start))
                }
            };
            let bytes = input.get(content.clone()).unwrap_or(&[]);
            match kind {
                ContentType::HANDSHAKE => self.push(bytes),
                ContentType::ALERT => self.alert(bytes)?,
                _ if content.is_empty() => {}
                _ => return Ok(Step::Data(content)),
            }
        }
    }

    /// Deals with a message that is whole, if there is one.
    fn joined_message(&mut self) -> Result<Option<Step>, Error> {
        if !self.tls12 && !self.asked_update && self.opener.as_ref().is_some_and(Opener::is_worn) {
            self.asked_update = true;
            return Ok(Some(Step::Token(Token::AskKeyUpdate)));
        }
        loop {
            let bounds = self.bounds;
            let limit = move |kind| {
                let most = match kind {
                    HandshakeType::NEW_SESSION_TICKET => bounds.ticket,
                    _ => bounds.other_message,
                };
                usize::try_from(most).unwrap_or(usize::MAX)
            };
            let Some((kind, range)) = self.next_message(limit)? else {
                return Ok(None);
            };
            let raw = self.joined(range.clone());
            let message = Message {
                kind,
                body: raw.get(4..).unwrap_or(&[]),
                raw,
            };
            self.observe_message(message);
            if self.tls12 {
                post::read_tls12(message, self.client).map_err(|e| e.in_message(kind))?;
                self.consume(range.end);
                let most = self.bounds.warnings;
                spend(&mut self.used.warnings, most, Limit::Warnings)?;
                return Ok(Some(Step::Token(Token::Warn(
                    AlertDescription::NO_RENEGOTIATION,
                ))));
            }
            let suite = self
                .suite
                .ok_or(ErrorKind::Internal("no suite after the handshake"))?;
            let post = post::read(message, suite, self.client, self.tickets.as_deref())?;
            let last = self.is_last(range.end);
            self.consume(range.end);
            match post {
                Post::Nothing => self.spend_ticket()?,
                Post::Session(session) => {
                    self.spend_ticket()?;
                    return Ok(Some(Step::Session(session)));
                }
                Post::KeyUpdate { requested } => {
                    // RFC 9846 5.1: nothing of the record may follow a change of keys.
                    if !last {
                        return Err(Violation::MessageAcrossKeyChange.into());
                    }
                    let most = self.bounds.key_updates;
                    spend(&mut self.used.key_updates, most, Limit::KeyUpdates)?;
                    self.next_keys()?;
                    return Ok(Some(Step::Token(Token::KeyUpdate { requested })));
                }
            }
        }
    }

    fn spend_ticket(&mut self) -> Result<(), Error> {
        spend(&mut self.used.tickets, self.bounds.tickets, Limit::Tickets)
    }

    /// Goes on to the next generation of the peer's keys (RFC 9846 7.2).
    fn next_keys(&mut self) -> Result<(), Error> {
        let Some(suite) = self.suite.filter(|_| !self.secret.is_empty()) else {
            return Err(ErrorKind::Internal("a KeyUpdate without keys").into());
        };
        let next = next_traffic_secret(suite.hash, &self.secret)?;
        self.set_keys(suite, Epoch::Application, &next)?;
        self.secret = next;
        self.asked_update = false;
        Ok(())
    }

    /// Receives. One event a call; data lies where its record lay.
    pub fn receive<'a>(&mut self, input: &'a mut [u8]) -> HalfReceived<'a> {
        let mut consumed = 0;
        let event = match self.advance(input, &mut consumed) {
            Ok(Step::NeedInput(min)) => HalfEvent::NeedInput { min },
            Ok(Step::Session(session)) => HalfEvent::Session(session),
            Ok(Step::Token(token)) => HalfEvent::ForSender(ForSender(token)),
            Ok(Step::Closed(eof)) => HalfEvent::Closed(eof),
            // Only within the handshake, which halves are past.
            Ok(Step::EarlyData(_)) => HalfEvent::NeedInput { min: 5 },
            Ok(Step::Data(range)) => match input.get_mut(range.clone()) {
                Some(bytes) => HalfEvent::Data(Data { bytes, range }),
                None => HalfEvent::NeedInput { min: 5 },
            },
            Err(error) => {
                self.failed = Some(Box::new(error.clone()));
                match core::mem::replace(&mut self.told, true) {
                    false => HalfEvent::ForSender(ForSender(Token::Failed(error))),
                    true => HalfEvent::Failed(error),
                }
            }
        };
        HalfReceived { consumed, event }
    }
}

/// The message at the front, if it is whole; its declared size is judged as soon as it is known.
pub(crate) fn check_size(
    joined: Joined,
    limit: impl Fn(HandshakeType) -> usize,
) -> Result<Option<(HandshakeType, Range<usize>)>, Error> {
    let (kind, size) = match &joined {
        Joined::Empty | Joined::Part(None) => return Ok(None),
        Joined::Part(Some((kind, size))) => (*kind, *size),
        Joined::Message(kind, range) => (*kind, range.len().saturating_sub(4)),
    };
    let limit = limit(kind);
    if size > limit {
        return Err(Error::from(Limit::MessageSize { size, limit }).in_message(kind));
    }
    match joined {
        Joined::Message(kind, range) => Ok(Some((kind, range))),
        _ => Ok(None),
    }
}
