//! The one place that sees both ends: it performs what the handshake decides.

use crate::codepoint::{ContentType, ProtocolVersion};
use crate::config::{ClientSessionStore, Direction, Limits, Observation};
use crate::conn::event::{Data, EarlyData, Event, Received};
use crate::conn::exporter::{Exporter, Source, Tls12Source};
use crate::conn::queue::{Next, Queue};
use crate::conn::receiver::{Receiver, Record, Step, check_size};
use crate::conn::sender::{ForSender, Sender, Sent};
use crate::crypto::{HashSecret, Tls12Suite, Tls13Suite};
use crate::error::{Error, ErrorKind, Misuse, Violation};
use crate::handshake::post::Tickets;
use crate::handshake::tls12::Tls12Cx;
use crate::handshake::{
    Action, Answer, Cx, EarlyDataOutcome, Input, Machine, Message, Out, Request, Summary, range,
};
use crate::record::{Epoch, Joiner, MAX_PLAINTEXT, Opener, Sealer, Sink};
use crate::secret::{Depth, overwrite_stack};
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Range;
use rustls_pki_types::UnixTime;

/// What exists only until the handshake is done.
#[derive(Debug)]
struct Handshaking<M> {
    machine: M,
    queue: Queue,
    /// The epoch of what is queued last.
    queued: Epoch,
    /// The request must be answered by the application.
    asking: bool,
    done: bool,
    configured: bool,
    /// A client's early data so far: given back if the server doesn't take it.
    early_data: Vec<u8>,
}

/// A connection of either role.
#[derive(Debug)]
pub(crate) struct Engine<M> {
    handshaking: Option<Box<Handshaking<M>>>,
    receiver: Receiver,
    sender: Sender,
    exporter: Option<Exporter>,
    /// As [`Cx::depth`], from the end of the handshake until the stack is overwritten.
    depth: Depth,
    /// The depth of records and their keys alone.
    shallow: Depth,
}

/// What `advance` came to: as [`Step`], and what only happens during the handshake.
enum Progress {
    Step(Step),
    NeedOutput(usize),
    /// And the room that queued output needs meanwhile.
    Ask(Request, usize),
    Done(Box<Summary>),
    Failed(Error),
}

impl<M: Machine> Engine<M> {
    pub(crate) fn new(machine: M, limits: Limits) -> Result<Self, Error> {
        let handshaking = Handshaking {
            machine,
            queue: Queue::new(),
            queued: Epoch::Plaintext,
            asking: false,
            done: false,
            configured: false,
            early_data: Vec::new(),
        };
        let mut this = Self {
            handshaking: Some(Box::new(handshaking)),
            receiver: Receiver::new(M::CLIENT, limits),
            sender: Sender::new(),
            exporter: None,
            depth: Depth::OWN,
            shallow: Depth::OWN,
        };
        // RFC 9846 5: change_cipher_spec is dropped after the first ClientHello was sent.
        // TLS 1.2 alone doesn't know that.
        this.receiver.dummy_allowed = M::CLIENT && this.speaks(ProtocolVersion::TLS13);
        this.step(Input::Start, true)?;
        Ok(this)
    }

    /// Whether the config, if there is one yet, has this version.
    fn speaks(&self, version: ProtocolVersion) -> bool {
        let hs = self.handshaking.as_ref();
        hs.and_then(|hs| hs.machine.common())
            .is_some_and(|common| common.speaks(version))
    }

    /// One step of the machine and of all that follows from it at once.
    fn step(&mut self, input: Input<'_>, rest_empty: bool) -> Result<(), Error> {
        let Some(hs) = &mut self.handshaking else {
            return Err(ErrorKind::Internal("a handshake that is over").into());
        };
        let mut out = Out::default();
        let mut stepped = hs.machine.step(input, &mut out);
        loop {
            // Also where the step failed: the observer of a config that came with it is to see why.
            hs.configure(&mut self.receiver, &mut self.sender);
            stepped?;
            let ask = hs.perform(&out, rest_empty, &mut self.receiver, &self.sender)?;
            if !ask {
                return Ok(());
            }
            // The config's own answer never surfaces.
            let Some(answer) = hs.machine.answer_now() else {
                hs.asking = true;
                return Ok(());
            };
            let answer = answer?.or_refused()?;
            hs.machine.cx_mut().request = None;
            out = Out::default();
            stepped = hs.machine.step(Input::Answer(answer), &mut out);
        }
    }

    /// Which keys are in force.
    fn epochs(&self) -> [Epoch; 2] {
        [self.receiver.epoch, self.sender.epoch]
    }

    fn fail(&mut self, error: Error) {
        if let Some(mut hs) = self.handshaking.take() {
            hs.give_up(&mut self.sender);
            overwrite_stack(hs.depth(hs.machine.cx().depth));
        }
        self.receiver
            .failed
            .get_or_insert_with(|| Box::new(error.clone()));
        self.sender.fail(error);
    }

    pub(crate) fn receive<'a>(&mut self, input: &'a mut [u8], sink: &mut dyn Sink) -> Received<'a> {
        let mut consumed = 0;
        let before = (self.handshaking.is_some(), self.epochs());
        if let Some(error) = &self.sender.failed {
            // Whatever ended one direction ended the connection.
            self.receiver.failed.get_or_insert(error.clone());
        }
        let progress = match self.advance(input, &mut consumed, sink) {
            Ok(progress) => progress,
            Err(error) => {
                self.fail(error.clone());
                self.failed(error, sink)
            }
        };
        // After the handshake output is told beside the event and holds nothing up.
        let output = match &progress {
            Progress::NeedOutput(min) | Progress::Ask(_, min) => *min,
            _ if self.handshaking.is_some() => 0,
            _ => self.sender.flush(sink),
        };
        // Not only when keys have changed: what is handed out was made of them.
        let secrets_made = before.0 && self.epochs() != before.1;
        let handed_out = matches!(
            progress,
            Progress::Done(_) | Progress::Step(Step::Session(_))
        );
        if secrets_made || handed_out {
            let depth = match &mut self.handshaking {
                Some(hs) => {
                    let depth = hs.depth(hs.machine.cx().depth);
                    hs.machine.cx_mut().depth = Depth::OWN;
                    depth
                }
                None => core::mem::replace(&mut self.depth, self.shallow),
            };
            overwrite_stack(depth);
        }
        let event = match progress {
            Progress::NeedOutput(min) => Event::NeedOutput { min },
            Progress::Ask(request, _) => Event::Ask(request),
            Progress::Done(summary) => Event::HandshakeDone(summary),
            Progress::Failed(error) => Event::Failed(error),
            Progress::Step(Step::NeedInput(min)) => Event::NeedInput { min },
            Progress::Step(Step::Session(session)) => Event::Session(session),
            Progress::Step(Step::Closed(eof)) => Event::Closed(eof),
            Progress::Step(Step::Data(range)) => match input.get_mut(range.clone()) {
                Some(bytes) => Event::Data(Data { bytes, range }),
                None => Event::NeedInput { min: 5 },
            },
            Progress::Step(Step::EarlyData(range)) => match input.get_mut(range.clone()) {
                Some(bytes) => Event::EarlyData(EarlyData { bytes, range }),
                None => Event::NeedInput { min: 5 },
            },
            // Handed over within `advance`.
            Progress::Step(Step::Token(_)) => Event::NeedInput { min: 5 },
        };
        Received {
            consumed,
            output,
            event,
        }
    }

    /// A dead connection: first its alert, then the error.
    fn failed(&mut self, error: Error, sink: &mut dyn Sink) -> Progress {
        match self.sender.flush(sink) {
            0 => Progress::Failed(error),
            min => Progress::NeedOutput(min),
        }
    }

    /// Not inlined: the end of the handshake, here, overwrites the stack below.
    #[inline(never)]
    fn advance(
        &mut self,
        input: &mut [u8],
        consumed: &mut usize,
        sink: &mut dyn Sink,
    ) -> Result<Progress, Error> {
        if let Some(error) = self.receiver.failed.clone() {
            return Ok(self.failed(*error, sink));
        }
        while let Some(hs) = &mut self.handshaking {
            if let Some(eof) = self.receiver.closed() {
                return Ok(Progress::Step(Step::Closed(eof)));
            }
            let room = hs.flush(&mut self.sender, sink)?;
            if let Some(request) = hs.machine.cx().request.clone().filter(|_| hs.asking) {
                return Ok(Progress::Ask(request, room));
            }
            if room > 0 {
                return Ok(Progress::NeedOutput(room));
            }
            if hs.done {
                if let Some(session) = hs.machine.cx_mut().session.take() {
                    return Ok(Progress::Step(Step::Session(session)));
                }
                // Before, because what is handed out must not take along what lay where it is made.
                overwrite_stack(Depth::MOVED);
                return self.finish().map(Progress::Done);
            }
            if self.joined_message()? {
                continue;
            }
            if let Some(step) = self.handshake_record(input, consumed)? {
                return Ok(Progress::Step(step));
            }
        }
        loop {
            match self.receiver.advance(input, consumed)? {
                Step::Token(token) => self.sender.accept(ForSender(token)),
                step => return Ok(Progress::Step(step)),
            }
        }
    }

    /// Steps with a message that waits whole, if there is one.
    fn joined_message(&mut self) -> Result<bool, Error> {
        let Some(hs) = &self.handshaking else {
            return Ok(false);
        };
        let limit = |kind| hs.machine.message_limit(kind);
        let Some((kind, range)) = self.receiver.next_message(limit)? else {
            return Ok(false);
        };
        let last = self.receiver.is_last(range.end);
        // The step needs the connection: its bytes are taken out meanwhile.
        let storage = self.receiver.take_joined();
        let raw = storage.get(range.clone()).unwrap_or(&[]);
        let message = Message {
            kind,
            body: raw.get(4..).unwrap_or(&[]),
            raw,
        };
        self.receiver.observe_message(message);
        let result = self.step(Input::Message(message), last);
        self.receiver.put_joined(storage);
        self.receiver.consume(range.end);
        self.receiver.dummy_allowed = true;
        result.map(|()| true)
    }

    /// Reads one record during the handshake; a step if there is something to tell.
    fn handshake_record(
        &mut self,
        input: &mut [u8],
        consumed: &mut usize,
    ) -> Result<Option<Step>, Error> {
        let rest = input.get_mut(*consumed..).unwrap_or(&mut []);
        let (kind, content, len) = match self.receiver.next_record(rest)? {
            Record::Need(min) => return Ok(Some(self.receiver.out_of_input(min))),
            Record::Skipped(len) => {
                *consumed = consumed.saturating_add(len);
                return Ok(None);
            }
            Record::Content(kind, content, len) => (kind, content, len),
        };
        if let Some(hs) = self.handshaking.as_ref()
            && self.receiver.epoch != Epoch::Plaintext
        {
            // What opening left would get into unused bytes of what the machine keeps.
            overwrite_stack(Depth::of(hs.machine.stack()));
        }
        let start = *consumed;
        *consumed = consumed.saturating_add(len);
        let body = rest.get(content.clone()).unwrap_or(&[]);
        match kind {
            // The receiver lets it through under the early keys only.
            ContentType::APPLICATION_DATA if !body.is_empty() => {
                let (from, to) = (content.start, content.end);
                let range = from.saturating_add(start)..to.saturating_add(start);
                return Ok(Some(Step::EarlyData(range)));
            }
            ContentType::APPLICATION_DATA => {}
            ContentType::HANDSHAKE => self.handshake_bytes(body)?,
            ContentType::ALERT => self.receiver.alert(body)?,
            ContentType::CHANGE_CIPHER_SPEC => self.step(Input::ChangeCipherSpec, true)?,
            _ => return Err(Violation::UnexpectedContentType.into()),
        }
        Ok(None)
    }

    /// Steps with the first message of a record where it lies; what follows it is kept.
    fn handshake_bytes(&mut self, body: &[u8]) -> Result<(), Error> {
        let Some(hs) = &self.handshaking else {
            return Ok(());
        };
        if !self.receiver.rest_is_empty() {
            self.receiver.push(body);
            return Ok(());
        }
        let limit = |kind| hs.machine.message_limit(kind);
        let Some((kind, range)) = check_size(Joiner::first(body), limit)? else {
            self.receiver.push(body);
            return Ok(());
        };
        let (raw, rest) = body.split_at_checked(range.end).unwrap_or((body, &[]));
        let message = Message {
            kind,
            body: raw.get(4..).unwrap_or(&[]),
            raw,
        };
        self.receiver.observe_message(message);
        self.step(Input::Message(message), rest.is_empty())?;
        self.receiver.dummy_allowed = true;
        self.receiver.push(rest);
        Ok(())
    }

    /// Goes over to the state after the handshake.
    #[inline(never)]
    fn finish(&mut self) -> Result<Box<Summary>, Error> {
        let Some(mut hs) = self.handshaking.take() else {
            return Err(ErrorKind::Internal("a handshake that is over").into());
        };
        let terms = hs.machine.session_terms();
        let mut summary = hs.machine.summary()?;
        if let EarlyDataOutcome::Rejected { unsent, .. } = &mut summary.early_data {
            *unsent = core::mem::take(&mut hs.early_data);
        }
        let cx = hs.machine.cx();
        self.depth = hs.depth(cx.depth);
        self.shallow = hs.depth(Depth::OWN);
        if let (Some(secret), Some(suite)) = (&cx.exporter, cx.suite) {
            hs.log("EXPORTER_SECRET", secret.expose());
            self.exporter = Some(Exporter(Source::Tls13(suite, secret.duplicate())));
        }
        if let Some(Tls12Cx {
            suite,
            server_random,
            master: Some(master),
            extended_master_secret,
            ..
        }) = &cx.tls12
        {
            self.exporter = Some(Exporter(Source::Tls12(Box::new(Tls12Source {
                suite,
                master: master.duplicate(),
                randoms: (cx.client_random, *server_random),
                extended: *extended_master_secret,
            }))));
        }
        let resumption = cx.resumption.as_ref().map(HashSecret::duplicate);
        let tickets = resumption
            .zip(terms)
            .map(|(resumption, terms)| Box::new(Tickets { resumption, terms }));
        self.receiver.handshake_done(tickets);
        Ok(Box::new(summary))
    }

    pub(crate) fn answer(&mut self, answer: Answer) -> Result<(), Error> {
        if let Some(error) = &self.receiver.failed {
            return Err(Error::clone(error));
        }
        let Some(hs) = self.handshaking.as_mut().filter(|hs| hs.asking) else {
            return Err(Misuse::NothingAsked.into());
        };
        let cx = hs.machine.cx_mut();
        if !cx
            .request
            .as_ref()
            .is_some_and(|request| request.fits(&answer))
        {
            return Err(Misuse::WrongAnswer.into());
        }
        cx.request = None;
        hs.asking = false;
        let rest_empty = self.receiver.rest_is_empty();
        let stepped = answer
            .or_refused()
            .and_then(|answer| self.step(Input::Answer(answer), rest_empty));
        if let Err(error) = stepped {
            self.fail(error);
        }
        Ok(())
    }

    pub(crate) fn end_of_input(&mut self) {
        self.receiver.end_of_input();
    }

    /// Where a client's config keeps sessions.
    pub(crate) fn session_store(&self) -> Option<Arc<dyn ClientSessionStore>> {
        self.handshaking.as_ref()?.machine.session_store()
    }

    /// Tells the time again, for the rest of the handshake.
    pub(crate) fn set_time(&mut self, now: UnixTime) {
        if let Some(hs) = &mut self.handshaking {
            hs.machine.cx_mut().set_time(now);
        }
    }

    pub(crate) fn is_handshaking(&self) -> bool {
        self.handshaking.is_some()
    }

    fn after_handshake(&mut self) -> Result<&mut Sender, Error> {
        if self.handshaking.is_some() {
            return Err(Misuse::HandshakeNotDone.into());
        }
        Ok(&mut self.sender)
    }

    pub(crate) fn send_vectored(
        &mut self,
        data: &[&[u8]],
        sink: &mut dyn Sink,
    ) -> Result<Sent, Error> {
        self.after_handshake()?.send_vectored(data, sink)
    }

    /// The protocol that a client's early data is of.
    pub(crate) fn early_data_alpn(&self) -> Option<&[u8]> {
        self.handshaking.as_ref()?.machine.early_data_alpn()
    }

    /// How much early data a client may still send.
    pub(crate) fn early_data_room(&self) -> usize {
        let hs = self.handshaking.as_ref();
        hs.map_or(0, |hs| hs.early_data_room())
    }

    /// A client's data before the server has answered.
    pub(crate) fn send_early_data(
        &mut self,
        data: &[u8],
        sink: &mut dyn Sink,
    ) -> Result<Sent, Error> {
        if let Some(error) = &self.receiver.failed {
            return Err(Error::clone(error));
        }
        let Some(hs) = self.handshaking.as_mut() else {
            return Err(Misuse::NoEarlyData.into());
        };
        if hs.machine.cx().early_room.is_none() {
            return Err(Misuse::NoEarlyData.into());
        }
        let output = hs.flush(&mut self.sender, sink)?;
        if output > 0 {
            return Ok(Sent { taken: 0, output });
        }
        let room = hs.early_data_room();
        if room == 0 && !data.is_empty() {
            return Err(Misuse::NoEarlyData.into());
        }
        let data = data.get(..room).unwrap_or(data);
        let sent = self.sender.send_early_data(data, sink)?;
        let taken = data.get(..sent.taken).unwrap_or(&[]);
        hs.early_data.extend_from_slice(taken);
        Ok(sent)
    }

    /// A server's data after its own Finished and before the client's.
    pub(crate) fn send_early(&mut self, data: &[u8], sink: &mut dyn Sink) -> Result<Sent, Error> {
        if let Some(hs) = &mut self.handshaking {
            let room = hs.flush(&mut self.sender, sink)?;
            if room > 0 {
                return Ok(Sent {
                    taken: 0,
                    output: room,
                });
            }
        }
        self.sender.send(data, sink)
    }

    pub(crate) fn seal_in_place(
        &mut self,
        buf: &mut [u8],
        payload: Range<usize>,
    ) -> Result<Range<usize>, Error> {
        self.after_handshake()?.seal_in_place(buf, payload)
    }

    pub(crate) fn in_place_room(&self) -> (usize, usize) {
        self.sender.in_place_room()
    }

    pub(crate) fn update_keys(&mut self, request_peer: bool) -> Result<(), Error> {
        self.after_handshake()?.update_keys(request_peer)
    }

    pub(crate) fn close(&mut self) {
        if self.handshaking.is_some() {
            // RFC 9846 6.1: the handshake is given up for a reason that is no protocol failure.
            self.fail(ErrorKind::Refused(crate::codepoint::AlertDescription::USER_CANCELED).into());
            return;
        }
        self.sender.close();
    }

    pub(crate) fn flush(&mut self, sink: &mut dyn Sink) -> usize {
        let Some(hs) = &mut self.handshaking else {
            return self.sender.flush(sink);
        };
        match hs.flush(&mut self.sender, sink) {
            Ok(room) => room,
            Err(error) => {
                self.fail(error);
                self.sender.flush(sink)
            }
        }
    }

    pub(crate) fn exporter(&self) -> Result<Exporter, Error> {
        let exporter = self.exporter.as_ref().ok_or(Misuse::HandshakeNotDone)?;
        Ok(exporter.duplicate())
    }

    #[expect(
        clippy::result_large_err,
        reason = "the connection itself is given back"
    )]
    pub(crate) fn into_split(self) -> Result<(Sender, Receiver), Self> {
        let failed = self.receiver.failed.is_some() || self.sender.failed.is_some();
        if self.handshaking.is_some() || failed {
            return Err(self);
        }
        Ok((self.sender, self.receiver))
    }
}

impl<M: Machine> Handshaking<M> {
    /// How much early data a client may still send.
    fn early_data_room(&self) -> usize {
        let most = self.machine.cx().early_room.filter(|_| M::CLIENT);
        let most = most.and_then(|most| usize::try_from(most).ok());
        let kept = self.machine.common().map_or(0, |c| c.limits.early_data);
        most.unwrap_or(0)
            .min(kept)
            .saturating_sub(self.early_data.len())
    }

    /// Takes over the config, as soon as there is one, and what was negotiated.
    fn configure(&mut self, receiver: &mut Receiver, sender: &mut Sender) {
        let Some(common) = self.machine.common() else {
            return;
        };
        if !self.configured {
            sender.configure(common);
            receiver.configure(common.limits, common.observer.clone());
        }
        let cx = self.machine.cx();
        if cx.tls12.is_some() {
            sender.set_tls12();
            receiver.set_tls12();
        }
        let undecided = cx.suite.is_none() && cx.tls12.is_none();
        receiver.undecided = M::CLIENT && undecided && common.speaks(ProtocolVersion::TLS12);
        if cx.peer_record_limit.is_some() {
            sender.limit_records(cx.peer_record_limit);
            if let Some(limit) = common.record_size_limit {
                receiver.limit_records(limit);
            }
        }
        self.configured = true;
        let cx = self.machine.cx_mut();
        if !M::CLIENT
            && let Some(room) = cx.early_room.take()
        {
            receiver.accept_early_data(room);
        }
        if let Some(most) = cx.skip_early_data.take() {
            receiver.skip_early_data(most);
        } else if cx.retried && cx.traffic.client_handshake.is_some() && !M::CLIENT {
            // RFC 9846 4.3.10: after a HelloRetryRequest skipping ends with the second ClientHello.
            receiver.end_of_early_data();
        }
    }

    /// Performs the actions in order; whether the last one asks.
    fn perform(
        &mut self,
        out: &Out,
        rest_empty: bool,
        receiver: &mut Receiver,
        sender: &Sender,
    ) -> Result<bool, Error> {
        // RFC 9846 5.1: messages don't span key changes. Checked before anything is done, so that
        // the alert is all that goes out.
        if !rest_empty
            && out
                .actions()
                .any(|action| matches!(action, Action::SetRead(_)))
        {
            return Err(Violation::MessageAcrossKeyChange.into());
        }
        for action in out.actions() {
            match action {
                Action::Send(start, end) => {
                    self.queue.flight(start, end);
                    self.observe_sent(sender, start, end, false);
                }
                Action::SendCertificate(start, end) => {
                    self.queue.flight(start, end);
                    let cx = self.machine.cx();
                    if let Some(credential) = cx.credential.clone() {
                        let list = Arc::clone(cx.certificate_list(&credential));
                        self.queue.certificate(list);
                    }
                    self.observe_sent(sender, start, end, true);
                }
                Action::ChangeCipherSpec => {
                    self.queue.change_cipher_spec();
                    sender.observe(&Observation::ChangeCipherSpec {
                        direction: Direction::Sent,
                    });
                }
                Action::SetRead(epoch) => self.set_read(epoch, receiver)?,
                Action::SetWrite(epoch) => {
                    self.queue.set_write(epoch);
                    self.queued = epoch;
                }
                Action::Ask => return Ok(true),
                Action::Done => self.done = true,
            }
        }
        Ok(false)
    }

    /// Tells the observer of a message that was queued.
    fn observe_sent(&self, sender: &Sender, start: u32, end: u32, certificate: bool) {
        let observer = self.machine.common().and_then(|c| c.observer.as_ref());
        let Some(observer) = observer else {
            return;
        };
        let cx = self.machine.cx();
        let front = range(start, end)
            .and_then(|range| cx.flight.get(range))
            .unwrap_or(&[]);
        let mut bytes = Vec::from(front);
        if let Some(credential) = cx.credential.as_ref().filter(|_| certificate) {
            bytes.extend_from_slice(cx.certificate_list(credential));
        }
        let Some((kind, _)) = bytes.split_first() else {
            return;
        };
        let kind = crate::codepoint::HandshakeType(*kind);
        let version = cx.version();
        let parsed = bytes
            .get(4..)
            .and_then(|body| observer.parse(version, kind, body));
        let (direction, epoch) = (Direction::Sent, self.queued);
        sender.observe(&Observation::Message {
            direction,
            epoch,
            kind,
            bytes: &bytes,
            parsed,
        });
    }

    fn log(&self, label: &'static str, secret: &[u8]) {
        if let Some(log) = self
            .machine
            .common()
            .and_then(|common| common.key_log.as_ref())
        {
            log.log(label, &self.machine.cx().client_random, secret);
        }
    }

    /// The same depth, or that of the keys of records and tickets.
    fn depth(&self, mut depth: Depth) -> Depth {
        depth.reach(self.machine.stack());
        depth
    }

    fn set_read(&self, epoch: Epoch, receiver: &mut Receiver) -> Result<(), Error> {
        let cx = self.machine.cx();
        if cfg!(feature = "tls12")
            && let Some((suite, key)) = tls12_key(cx, !M::CLIENT)
        {
            receiver.install(Opener::tls12(suite, key)?, epoch);
            return Ok(());
        }
        if epoch == Epoch::Plaintext {
            return Ok(());
        }
        let (label, suite, secret) = traffic_secret(cx, epoch, !M::CLIENT)?;
        self.log(label, secret.expose());
        receiver.set_keys(suite, epoch, secret)?;
        if epoch == Epoch::Application {
            receiver.keep_secret(secret.duplicate());
        }
        Ok(())
    }

    fn set_write(&self, epoch: Epoch, sender: &mut Sender) -> Result<(), Error> {
        let cx = self.machine.cx();
        if cfg!(feature = "tls12")
            && let Some((suite, key)) = tls12_key(cx, M::CLIENT)
        {
            if let Some(master) = cx.tls12.as_ref().and_then(|tls12| tls12.master.as_ref()) {
                self.log("CLIENT_RANDOM", master.expose());
            }
            sender.install(Sealer::tls12(suite, key, sender.key_limit())?, epoch);
            return Ok(());
        }
        if epoch == Epoch::Plaintext {
            sender.clear_keys();
            return Ok(());
        }
        let (label, suite, secret) = traffic_secret(cx, epoch, M::CLIENT)?;
        self.log(label, secret.expose());
        sender.set_keys(suite, epoch, secret)?;
        if epoch == Epoch::Application {
            sender.keep_secret(secret.duplicate());
        }
        Ok(())
    }

    /// Goes on to the keys that the peer expects after what has gone out, for an alert; the rest of
    /// the queue is dropped.
    fn give_up(&mut self, sender: &mut Sender) {
        let tls13 = self.machine.cx().tls12.is_none();
        while let Some(epoch) = self.queue.next_keys(tls13) {
            if self.set_write(epoch, sender).is_err() {
                return;
            }
        }
    }

    /// Seals what is queued as far as the sink has room; 0, or the room still needed.
    fn flush(&mut self, sender: &mut Sender, sink: &mut dyn Sink) -> Result<usize, Error> {
        loop {
            // RFC 8449 4: a limit is for protected records only.
            let most = match sender.sealer {
                Some(_) => sender.most(),
                None => MAX_PLAINTEXT.saturating_add(1),
            };
            let padding = sender.padding();
            let cx = self.machine.cx();
            self.queue.initial_hello = M::CLIENT && !cx.retried && cx.tls12.is_none();
            let flight = &cx.flight;
            let sealer = sender.sealer.as_mut();
            match self.queue.write_next(flight, sealer, most, padding, sink)? {
                Next::Nothing => {
                    self.machine.cx_mut().flight.clear();
                    return Ok(0);
                }
                Next::Progress => {}
                Next::Blocked(room) => return Ok(room),
                Next::SetWrite(epoch) => self.set_write(epoch, sender)?,
            }
        }
    }
}

/// A key and its IV.
type WriteKey<'a> = (&'a [u8], &'a [u8]);

/// TLS 1.2: the key and IV of the direction from client or server.
fn tls12_key(cx: &Cx, from_client: bool) -> Option<(&'static Tls12Suite, WriteKey<'_>)> {
    let tls12 = cx.tls12.as_ref()?;
    Some((tls12.suite, tls12.keys.as_ref()?.write_key(from_client)))
}

/// The secret of an epoch for the direction from client or server, with its label in key logs and
/// the suite it is for.
fn traffic_secret(
    cx: &Cx,
    epoch: Epoch,
    from_client: bool,
) -> Result<(&'static str, &'static Tls13Suite, &HashSecret), Error> {
    let secrets = &cx.traffic;
    if let (Epoch::EarlyData, true, Some((suite, secret))) =
        (epoch, from_client, &secrets.client_early)
    {
        return Ok(("CLIENT_EARLY_TRAFFIC_SECRET", *suite, secret));
    }
    let (label, secret) = match (epoch, from_client) {
        (Epoch::Handshake, true) => ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", &secrets.client_handshake),
        (Epoch::Handshake, false) => ("SERVER_HANDSHAKE_TRAFFIC_SECRET", &secrets.server_handshake),
        (Epoch::Application, true) => ("CLIENT_TRAFFIC_SECRET_0", &secrets.client_application),
        (Epoch::Application, false) => ("SERVER_TRAFFIC_SECRET_0", &secrets.server_application),
        _ => return Err(ErrorKind::Internal("an epoch without secrets").into()),
    };
    let secret = secret
        .as_ref()
        .ok_or(ErrorKind::Internal("a traffic secret is missing"))?;
    Ok((label, cx.suite()?, secret))
}

#[cfg(test)]
mod replay;
