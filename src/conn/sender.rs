//! The half that sends.

use crate::codepoint::{
    AlertDescription, AlertLevel, ContentType, HandshakeType, KeyUpdateRequest, ProtocolVersion,
};
use crate::config::{Common, Direction, Observation, Observer};
use crate::conn::queue::{first_bytes, fit};
use crate::crypto::{HashSecret, Tls13Suite};
use crate::error::{Error, ErrorKind, Limit, Misuse};
use crate::keys::tls13::next_traffic_secret;
use crate::record::{
    Epoch, MAX_PLAINTEXT, Padding, Sealer, Sink, USEFUL_ROOM, record_room, write_record,
};
use alloc::boxed::Box;
use alloc::sync::Arc;
use core::ops::Range;

/// What one call of `send` did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// How many bytes of the data went into the sink. Send the rest again when there is room.
    pub taken: usize,
    /// Room that the sink must have for the rest; 0 if nothing waits.
    pub output: usize,
}

/// What the receiving half of a split connection has to tell the sending half.
#[derive(Clone, Debug)]
#[must_use = "hand it to Sender::accept"]
pub struct ForSender(pub(crate) Token);

#[derive(Clone, Debug)]
pub(crate) enum Token {
    /// The peer changed its keys, and may want us to do the same.
    KeyUpdate { requested: bool },
    /// So much came under one key that the peer should change it.
    AskKeyUpdate,
    /// The peer is to be warned (TLS 1.2).
    Warn(AlertDescription),
    /// The peer has closed, and waits for our close_notify (TLS 1.2).
    PeerClosed,
    /// The connection is dead; an alert may have to go out.
    Failed(Error),
}

/// Which control messages are owed, in the order in which they go out.
#[derive(Clone, Copy, Debug, Default)]
struct Owed {
    /// A KeyUpdate, and whether it asks for one in return.
    key_update: Option<KeyUpdateRequest>,
    warning: Option<AlertDescription>,
    alert: Option<(AlertLevel, AlertDescription)>,
}

/// The half of a connection that sends. Part of a connection, or one's own after `into_split`.
#[derive(Debug)]
pub struct Sender {
    pub(crate) suite: Option<&'static Tls13Suite>,
    pub(crate) sealer: Option<Sealer>,
    pub(crate) epoch: Epoch,
    /// The application traffic secret in use; empty without one.
    secret: HashSecret,
    owed: Owed,
    /// A KeyUpdate of ours asked for one that hasn't come.
    asked: bool,
    /// Application keys so far (RFC 9846 4.7.3 caps them at 2^48 - 1).
    generation: u64,
    /// What content, type and padding of a record may be together.
    most: usize,
    padding: Padding,
    key_limit: u64,
    close_sent: bool,
    /// TLS 1.2: the key is used up, and our direction ends.
    worn: bool,
    tls12: bool,
    /// In a box: there is hardly ever one.
    pub(crate) failed: Option<Box<Error>>,
    observer: Option<Arc<dyn Observer>>,
}

impl Sender {
    pub(crate) fn new() -> Self {
        Self {
            suite: None,
            sealer: None,
            epoch: Epoch::Plaintext,
            secret: HashSecret::zeroed(0),
            owed: Owed::default(),
            asked: false,
            generation: 0,
            most: MAX_PLAINTEXT.saturating_add(1),
            padding: Padding::None,
            key_limit: u64::MAX,
            close_sent: false,
            worn: false,
            tls12: false,
            failed: None,
            observer: None,
        }
    }

    pub(crate) fn configure(&mut self, common: &Common) {
        self.padding = common.padding;
        self.key_limit = common.key_limit;
        self.observer.clone_from(&common.observer);
    }

    pub(crate) fn padding(&self) -> Padding {
        self.padding
    }

    pub(crate) fn most(&self) -> usize {
        self.most
    }

    /// Heeds the peer's record_size_limit (RFC 8449 4): content, type and padding together.
    pub(crate) fn limit_records(&mut self, limit: Option<u16>) {
        if let Some(limit) = limit {
            // RFC 8449 4: in TLS 1.2 the limit is for the content alone.
            let most = usize::from(limit).saturating_add(usize::from(self.tls12));
            self.most = most.min(MAX_PLAINTEXT.saturating_add(1));
        }
    }

    /// Installs the keys of an epoch.
    pub(crate) fn set_keys(
        &mut self,
        suite: &'static Tls13Suite,
        epoch: Epoch,
        secret: &HashSecret,
    ) -> Result<(), Error> {
        self.suite = Some(suite);
        // Only application keys can be replaced before they are worn.
        let limit = match epoch {
            Epoch::Application => self.key_limit,
            _ => u64::MAX,
        };
        self.install(Sealer::new(suite.hash, suite.aead, secret, limit)?, epoch);
        Ok(())
    }

    /// Goes on without protection: after early data that a HelloRetryRequest refused.
    pub(crate) fn clear_keys(&mut self) {
        self.sealer = None;
        self.epoch = Epoch::Plaintext;
    }

    /// Goes on with these keys.
    pub(crate) fn install(&mut self, sealer: Sealer, epoch: Epoch) {
        self.sealer = Some(sealer);
        self.epoch = epoch;
        self.observe(&Observation::KeyChange {
            direction: Direction::Sent,
            epoch,
        });
    }

    /// The version is TLS 1.2: no padding, no KeyUpdate.
    pub(crate) fn set_tls12(&mut self) {
        self.tls12 = true;
        self.padding = Padding::None;
    }

    pub(crate) fn key_limit(&self) -> u64 {
        self.key_limit
    }

    /// Keeps the application secret for later KeyUpdates.
    pub(crate) fn keep_secret(&mut self, secret: HashSecret) {
        self.secret = secret;
    }

    pub(crate) fn observe(&self, observation: &Observation<'_>) {
        if let Some(observer) = &self.observer {
            observer.observe(observation);
        }
    }

    /// Takes what the receiving half of the same connection has to say.
    pub fn accept(&mut self, token: ForSender) {
        match token.0 {
            // RFC 9846 6.1: nothing follows our own close_notify.
            Token::KeyUpdate { .. } | Token::AskKeyUpdate | Token::Warn(_) if self.close_sent => {}
            Token::KeyUpdate { requested } => {
                self.asked = false;
                if requested && self.owed.key_update.is_none() {
                    // However many requests came, one reply is owed.
                    self.owed.key_update = Some(KeyUpdateRequest::UPDATE_NOT_REQUESTED);
                }
            }
            Token::AskKeyUpdate => {
                if !self.asked {
                    self.owed.key_update = Some(KeyUpdateRequest::UPDATE_REQUESTED);
                }
            }
            Token::Warn(description) => self.owed.warning = Some(description),
            Token::PeerClosed => self.close(),
            Token::Failed(error) => self.fail(error),
        }
    }

    /// Ends the connection: the error's alert is owed, and nothing else any more.
    pub(crate) fn fail(&mut self, error: Error) {
        if self.failed.is_some() {
            return;
        }
        // RFC 9846 6.2: one fatal alert; after our own close_notify nothing more may be sent.
        let mut alert = error.alert().filter(|_| !self.close_sent);
        let mut warning = None;
        if alert == Some(AlertDescription::USER_CANCELED) {
            // RFC 9846 6.1: it is followed by close_notify, which is what ends the connection.
            warning = alert.replace(AlertDescription::CLOSE_NOTIFY);
        }
        self.owed = Owed {
            key_update: None,
            warning,
            alert: alert.map(|alert| match alert {
                AlertDescription::CLOSE_NOTIFY => (AlertLevel::WARNING, alert),
                _ => (AlertLevel::FATAL, alert),
            }),
        };
        self.failed = Some(Box::new(error));
    }

    /// Changes our keys, and asks the peer to change its own if `request_peer` (RFC 9846 4.7.3). The
    /// message goes out before the next data.
    ///
    /// # Errors
    /// [`Misuse::HandshakeNotDone`], [`Misuse::SendAfterClose`], [`Misuse::NoKeyUpdate`] in TLS 1.2,
    /// or the connection's own error.
    pub fn update_keys(&mut self, request_peer: bool) -> Result<(), Error> {
        self.check_open(Epoch::Application)?;
        if self.tls12 {
            return Err(Misuse::NoKeyUpdate.into());
        }
        // RFC 9846 4.7.3: no second update_requested before the reply to the first.
        let ask = request_peer && !self.asked;
        let owed = self.owed.key_update == Some(KeyUpdateRequest::UPDATE_REQUESTED);
        self.owed.key_update = Some(match ask || owed {
            true => KeyUpdateRequest::UPDATE_REQUESTED,
            false => KeyUpdateRequest::UPDATE_NOT_REQUESTED,
        });
        Ok(())
    }

    /// Ends our direction: close_notify goes out after what was sent before.
    pub fn close(&mut self) {
        if self.failed.is_none() && !self.close_sent && self.owed.alert.is_none() {
            self.owed.alert = Some((AlertLevel::WARNING, AlertDescription::CLOSE_NOTIFY));
        }
    }

    fn check_open(&self, epoch: Epoch) -> Result<(), Error> {
        if let Some(error) = &self.failed {
            return Err(Error::clone(error));
        }
        if self.epoch != epoch {
            return Err(Misuse::HandshakeNotDone.into());
        }
        if self.worn {
            return Err(Limit::KeyUse.into());
        }
        let closing = matches!(self.owed.alert, Some((_, AlertDescription::CLOSE_NOTIFY)));
        if self.close_sent || closing {
            return Err(Misuse::SendAfterClose.into());
        }
        Ok(())
    }

    /// Writes the control messages that are owed; 0, or the room still needed.
    pub fn flush(&mut self, sink: &mut dyn Sink) -> usize {
        match self.flush_owed(sink) {
            Ok(room) => room,
            Err(error) => {
                // Without keys that work not even an alert can go out.
                self.owed = Owed::default();
                self.failed.get_or_insert_with(|| Box::new(error));
                0
            }
        }
    }

    fn flush_owed(&mut self, sink: &mut dyn Sink) -> Result<usize, Error> {
        if let Some(request) = self.owed.key_update {
            let message = [HandshakeType::KEY_UPDATE.0, 0, 0, 1, request.0];
            let room = self.write_control(ContentType::HANDSHAKE, &message, sink)?;
            if room > 0 {
                return Ok(room);
            }
            self.owed.key_update = None;
            self.asked |= request == KeyUpdateRequest::UPDATE_REQUESTED;
            self.observe_key_update(&message);
            self.next_keys()?;
        }
        if let Some(description) = self.owed.warning {
            let message = [AlertLevel::WARNING.0, description.0];
            let room = self.write_control(ContentType::ALERT, &message, sink)?;
            if room > 0 {
                return Ok(room);
            }
            self.owed.warning = None;
            let epoch = self.epoch;
            self.observe(&Observation::Alert {
                direction: Direction::Sent,
                epoch,
                description,
            });
        }
        if let Some((level, description)) = self.owed.alert {
            let message = [level.0, description.0];
            let room = self.write_control(ContentType::ALERT, &message, sink)?;
            if room > 0 {
                return Ok(room);
            }
            self.owed.alert = None;
            self.close_sent = true;
            let epoch = self.epoch;
            self.observe(&Observation::Alert {
                direction: Direction::Sent,
                epoch,
                description,
            });
        }
        Ok(0)
    }

    fn observe_key_update(&self, bytes: &[u8]) {
        let kind = HandshakeType::KEY_UPDATE;
        let Some(observer) = &self.observer else {
            return;
        };
        let parsed = bytes
            .get(4..)
            .and_then(|body| observer.parse(ProtocolVersion::TLS13, kind, body));
        let (direction, epoch) = (Direction::Sent, self.epoch);
        self.observe(&Observation::Message {
            direction,
            epoch,
            kind,
            bytes,
            parsed,
        });
    }

    fn write_control(
        &mut self,
        content_type: ContentType,
        message: &[u8],
        sink: &mut dyn Sink,
    ) -> Result<usize, Error> {
        let padding = match self.sealer {
            Some(_) => self.padding.after(message.len(), self.most),
            None => 0,
        };
        // Padding yields where there is little room: a control message is small in any case.
        let least = record_room(self.sealer.as_ref(), message.len(), 0);
        let padding = padding.min(sink.room().saturating_sub(least));
        if sink.room() < least {
            return Ok(least);
        }
        let parts = core::iter::once(message);
        write_record(self.sealer.as_mut(), content_type, parts, padding, sink)?;
        Ok(0)
    }

    /// Goes on to the next generation of our keys (RFC 9846 7.2).
    fn next_keys(&mut self) -> Result<(), Error> {
        const MOST: u64 = (1 << 48) - 1;
        let Some(suite) = self.suite.filter(|_| !self.secret.is_empty()) else {
            return Err(ErrorKind::Internal("a KeyUpdate without keys").into());
        };
        // RFC 9846 4.7.3: a sender's epochs never exceed 2^48 - 1.
        self.generation = self.generation.saturating_add(1);
        if self.generation > MOST {
            return Err(Limit::KeyUse.into());
        }
        let next = next_traffic_secret(suite.hash, &self.secret)?;
        self.set_keys(suite, Epoch::Application, &next)?;
        self.secret = next;
        Ok(())
    }

    /// Sees to it that a key which is nearly used up goes no further (RFC 9846 5.5): a KeyUpdate is
    /// owed, or, as TLS 1.2 has none, our direction ends cleanly, and what comes is still received.
    fn replace_worn_key(&mut self) -> Result<(), Error> {
        if !self.sealer.as_ref().is_some_and(Sealer::is_worn) {
            return Ok(());
        }
        if self.tls12 {
            self.close();
            self.worn = true;
            return Err(Limit::KeyUse.into());
        }
        self.owed
            .key_update
            .get_or_insert(KeyUpdateRequest::UPDATE_NOT_REQUESTED);
        Ok(())
    }

    /// Sends application data, in as many records as it takes and the sink has room for. An empty
    /// `data` sends nothing.
    ///
    /// # Errors
    /// [`Misuse::HandshakeNotDone`], [`Misuse::SendAfterClose`], [`crate::error::Limit::KeyUse`] once
    /// the key of a TLS 1.2 connection is worn out, or the connection's own error.
    pub fn send(&mut self, data: &[u8], sink: &mut dyn Sink) -> Result<Sent, Error> {
        self.send_vectored(&[data], sink)
    }

    /// Sends the concatenation of several slices as if they were one.
    ///
    /// # Errors
    /// Those of [`Sender::send`].
    pub fn send_vectored(&mut self, data: &[&[u8]], sink: &mut dyn Sink) -> Result<Sent, Error> {
        self.check_open(Epoch::Application)?;
        self.write_data(data, sink)
    }

    /// Sends a client's early data.
    pub(crate) fn send_early_data(
        &mut self,
        data: &[u8],
        sink: &mut dyn Sink,
    ) -> Result<Sent, Error> {
        self.check_open(Epoch::EarlyData)?;
        self.write_data(&[data], sink)
    }

    fn write_data(&mut self, data: &[&[u8]], sink: &mut dyn Sink) -> Result<Sent, Error> {
        let total = data
            .iter()
            .fold(0_usize, |sum, part| sum.saturating_add(part.len()));
        let mut parts = Cursor {
            parts: data,
            offset: 0,
        };
        let mut taken = 0_usize;
        while taken < total {
            if let Err(error) = self.replace_worn_key() {
                let output = self.flush(sink);
                return if taken > 0 {
                    Ok(Sent { taken, output })
                } else {
                    Err(error)
                };
            }
            let room = self.flush(sink);
            if let Some(error) = &self.failed {
                return Err(Error::clone(error));
            }
            if room > 0 {
                return Ok(Sent {
                    taken,
                    output: room,
                });
            }
            let content = total.saturating_sub(taken).min(self.most.saturating_sub(1));
            let padding = match self.epoch {
                // RFC 9846 4.7.1: a server that refuses early data can't tell padding from content,
                // and skips only so much.
                Epoch::EarlyData => 0,
                _ => self.padding.after(content, self.most),
            };
            let (content, padding) = match fit(self.sealer.as_ref(), content, padding, sink.room())
            {
                Ok(fitting) => fitting,
                Err(output) => return Ok(Sent { taken, output }),
            };
            let record = first_bytes(parts.iter(), content);
            let kind = ContentType::APPLICATION_DATA;
            write_record(self.sealer.as_mut(), kind, record, padding, sink)?;
            parts.advance(content);
            taken = taken.saturating_add(content);
        }
        Ok(Sent {
            taken,
            output: self.flush(sink),
        })
    }

    /// Room that [`Sender::seal_in_place`] needs before and after the payload.
    #[must_use]
    pub fn in_place_room(&self) -> (usize, usize) {
        self.sealer.as_ref().map_or((5, 0), |sealer| {
            let front = sealer.front_len();
            (
                front.saturating_add(5),
                sealer.overhead().saturating_sub(front),
            )
        })
    }

    /// Makes one record of the payload at this range of `buf`, where it lies: the
    /// [`Sender::in_place_room`] around it is overwritten. The range of the whole record is returned.
    /// Padding applies as far as `buf` has room.
    ///
    /// # Errors
    /// [`Misuse::FlushFirst`] if a control message is owed, [`Misuse::TooLong`], [`Misuse::NoRoom`],
    /// and those of [`Sender::send`]. Nothing was sent then.
    pub fn seal_in_place(
        &mut self,
        buf: &mut [u8],
        payload: Range<usize>,
    ) -> Result<Range<usize>, Error> {
        self.check_open(Epoch::Application)?;
        self.replace_worn_key()?;
        if self.owed.key_update.is_some() || self.owed.alert.is_some() {
            return Err(Misuse::FlushFirst.into());
        }
        let sealer = self.sealer.as_mut().ok_or(Misuse::HandshakeNotDone)?;
        let len = payload
            .end
            .checked_sub(payload.start)
            .ok_or(Misuse::NoRoom)?;
        if len >= self.most {
            return Err(Misuse::TooLong.into());
        }
        let front = sealer.front_len();
        let tail = sealer.overhead().saturating_sub(front);
        let start = payload
            .start
            .checked_sub(front.saturating_add(5))
            .ok_or(Misuse::NoRoom)?;
        let least = payload.end.checked_add(tail).ok_or(Misuse::NoRoom)?;
        let spare = buf.len().checked_sub(least).ok_or(Misuse::NoRoom)?;
        let padding = self.padding.after(len, self.most).min(spare);
        let end = least.saturating_add(padding);
        let record = buf.get_mut(start..end).ok_or(Misuse::NoRoom)?;
        let (header, body) = record.split_first_chunk_mut::<5>().ok_or(Misuse::NoRoom)?;
        let body_len = u16::try_from(body.len()).map_err(|_| Misuse::TooLong)?;
        let [high, low] = body_len.to_be_bytes();
        *header = [ContentType::APPLICATION_DATA.0, 3, 3, high, low];
        let tail = body
            .get_mut(front.saturating_add(len)..)
            .ok_or(Misuse::NoRoom)?;
        tail.fill(0);
        if let Some(kind) = tail.first_mut().filter(|_| sealer.hides_type()) {
            *kind = ContentType::APPLICATION_DATA.0;
        }
        sealer.seal(header, body)?;
        Ok(start..end)
    }
}

/// A position in several slices.
#[derive(Clone, Copy)]
struct Cursor<'a> {
    parts: &'a [&'a [u8]],
    offset: usize,
}

impl<'a> Cursor<'a> {
    fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut skip = self.offset;
        self.parts
            .iter()
            .map(move |part| part.get(core::mem::take(&mut skip)..).unwrap_or(&[]))
    }

    fn advance(&mut self, len: usize) {
        self.offset = self.offset.saturating_add(len);
        while let Some((first, rest)) = self.parts.split_first() {
            let Some(left) = self.offset.checked_sub(first.len()) else {
                return;
            };
            if rest.is_empty() && left == 0 {
                return;
            }
            self.offset = left;
            self.parts = rest;
        }
    }
}

const _: () = assert!(USEFUL_ROOM > 64);
