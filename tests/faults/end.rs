//! One end: a connection with its buffers, and what every call of it must keep to.

use crate::dice::{Checked, Dice, check, trace};
use crate::hands::{self, Hands};
use crate::plan::{Acts, Arrival, Finale, Sabotage, Sinks};
use crate::wire::{Lane, Net};
use rustls_pki_types::UnixTime;
use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use symbolon::codepoint::ProtocolVersion;
use symbolon::config::{NewSession, ServerConfig, Session};
use symbolon::conn::*;
use symbolon::error::{Error, ErrorKind, Limit, Misuse};
use symbolon::handshake::{Answer, EarlyDataOutcome, Request, Summary};
use symbolon::record::{FixedSink, Sink};

/// A connection in each of its forms.
pub enum Conn {
    Client(Box<ClientConnection>),
    Server(Box<ServerConnection>),
    Split(Box<(Sender, Receiver)>),
    Gone,
}

/// What a call of `receive` told.
pub enum Told {
    NeedInput(usize),
    NeedOutput(usize),
    Ask(Request),
    Done(Box<Summary>),
    Data(Range<usize>),
    EarlyData(Range<usize>),
    Session(Box<NewSession>),
    Token(ForSender),
    Failed(Error),
    Closed(Eof),
}

macro_rules! whole {
    ($conn:expr, $c:ident => $whole:expr, $s:ident => $split:expr) => {
        match $conn {
            Conn::Client($c) => $whole,
            Conn::Server($c) => $whole,
            Conn::Split($s) => $split,
            Conn::Gone => unreachable!("a connection that is gone"),
        }
    };
}

impl Conn {
    fn receive(&mut self, input: &mut [u8], sink: &mut dyn Sink) -> (usize, usize, Told) {
        fn event(event: Event<'_>, start: usize) -> Told {
            match event {
                Event::NeedInput { min } => Told::NeedInput(min),
                Event::NeedOutput { min } => Told::NeedOutput(min),
                Event::Ask(request) => Told::Ask(request),
                Event::HandshakeDone(summary) => Told::Done(summary),
                Event::Data(data) => {
                    assert_eq!(data.bytes.as_ptr() as usize, start + data.range.start);
                    Told::Data(data.range)
                }
                Event::EarlyData(data) => Told::EarlyData(data.range),
                Event::Session(session) => Told::Session(session),
                Event::Failed(error) => Told::Failed(error),
                Event::Closed(eof) => Told::Closed(eof),
                _ => panic!("an event that the tests don't know"),
            }
        }
        let start = input.as_ptr() as usize;
        match self {
            Self::Client(conn) => {
                let received = conn.receive(input, sink);
                (
                    received.consumed,
                    received.output,
                    event(received.event, start),
                )
            }
            Self::Server(conn) => {
                let received = conn.receive(input, sink);
                (
                    received.consumed,
                    received.output,
                    event(received.event, start),
                )
            }
            Self::Split(halves) => {
                let received = halves.1.receive(input);
                let told = match received.event {
                    HalfEvent::NeedInput { min } => Told::NeedInput(min),
                    HalfEvent::Data(data) => Told::Data(data.range),
                    HalfEvent::Session(session) => Told::Session(session),
                    HalfEvent::ForSender(token) => Told::Token(token),
                    HalfEvent::Failed(error) => Told::Failed(error),
                    HalfEvent::Closed(eof) => Told::Closed(eof),
                    _ => panic!("an event that the tests don't know"),
                };
                (received.consumed, halves.0.flush(sink), told)
            }
            Self::Gone => unreachable!("a connection that is gone"),
        }
    }

    fn send(&mut self, data: &[u8], sink: &mut dyn Sink) -> Result<Sent, Error> {
        whole!(self, c => c.send(data, sink), s => s.0.send(data, sink))
    }

    fn flush(&mut self, sink: &mut dyn Sink) -> usize {
        whole!(self, c => c.flush(sink), s => s.0.flush(sink))
    }

    fn update_keys(&mut self, ask: bool) -> Result<(), Error> {
        whole!(self, c => c.update_keys(ask), s => s.0.update_keys(ask))
    }

    fn close(&mut self) {
        whole!(self, c => c.close(), s => s.0.close());
    }

    fn end_of_input(&mut self) {
        whole!(self, c => c.end_of_input(), s => s.1.end_of_input());
    }

    fn answer(&mut self, answer: Answer) -> Result<(), Error> {
        whole!(self, c => c.answer(answer), _s => panic!("halves ask nothing"))
    }

    fn export(&self) -> Result<[u8; 32], Error> {
        let mut out = [0; 32];
        let context = Some(b"context".as_slice());
        whole!(self,
            c => c.export_keying_material(b"EXPERIMENTAL fault", context, &mut out)?,
            _s => panic!("the exporter is asked before"));
        Ok(out)
    }

    fn split(&mut self) -> bool {
        let (next, split) = match std::mem::replace(self, Self::Gone) {
            Self::Client(conn) => match conn.into_split() {
                Ok(halves) => (Self::Split(Box::new(halves)), true),
                Err(conn) => (Self::Client(Box::new(conn)), false),
            },
            Self::Server(conn) => match conn.into_split() {
                Ok(halves) => (Self::Split(Box::new(halves)), true),
                Err(conn) => (Self::Server(Box::new(conn)), false),
            },
            other => (other, false),
        };
        *self = next;
        split
    }
}

/// The byte at this place of a stream: 0 to the server, 1 to the client, 2 early.
pub fn stream(which: u8, at: u64) -> u8 {
    (at as u8).wrapping_mul(31) ^ ((at >> 8) as u8).wrapping_mul(17) ^ which.wrapping_mul(101)
}

/// How far a stream has come, and whether all was right so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flow {
    pub len: u64,
}

impl Flow {
    fn take(&mut self, which: u8, bytes: &[u8]) -> bool {
        let right = (self.len..)
            .zip(bytes)
            .all(|(at, b)| *b == stream(which, at));
        self.len += bytes.len() as u64;
        right
    }
}

pub struct End {
    /// 0 the client, 1 the server: also the number of the lane that it sends on.
    pub role: usize,
    pub conn: Conn,
    pub acts: Acts,
    hands: Arc<Hands>,
    server: Arc<ServerConfig>,
    input: Vec<u8>,
    start: usize,
    /// Reused for output.
    scratch: Vec<u8>,
    /// Told last: what the input must reach.
    need: Option<usize>,
    /// Told last: room that the sink must have.
    room: usize,
    /// Nothing has happened since that could change it.
    honours: bool,
    /// The same, told by a call that sends.
    send_room: usize,
    /// For so many bytes.
    send_honours: usize,
    /// An alert waits for room.
    dying: bool,
    /// A token was handed over: perhaps to close.
    handed: bool,
    /// Something may have to go out.
    owes: bool,
    /// `send` told of an error before `receive` did.
    foretold: Option<Error>,
    asked: Option<(Request, usize)>,
    asks: usize,
    tokens: VecDeque<(ForSender, usize)>,
    pub done: Option<Box<Summary>>,
    pub exported: Option<[u8; 32]>,
    pub failed: Option<Error>,
    pub closed: Option<Eof>,
    pub sessions: Vec<Session>,
    pub sent: Flow,
    pub received: Flow,
    pub early_sent: Flow,
    pub early_received: Flow,
    pub early_wanted: usize,
    /// We called `close`.
    pub closing: bool,
    /// After it, all that was owed has gone out.
    pub close_sent: bool,
    /// During the handshake.
    pub gave_up: bool,
    pub vanished: bool,
    pub sabotaged: Option<Sabotage>,
    pub refused_by_us: bool,
    pub worn: bool,
    ended: bool,
    pub steps: usize,
    /// Names of what happened, for the statistics.
    pub seen: Vec<&'static str>,
    now: UnixTime,
}

impl End {
    pub fn new(
        role: usize,
        conn: Conn,
        acts: Acts,
        hands: Arc<Hands>,
        server: Arc<ServerConfig>,
        now: UnixTime,
    ) -> Self {
        Self {
            role,
            conn,
            acts,
            hands,
            server,
            input: Vec::new(),
            start: 0,
            scratch: Vec::new(),
            need: None,
            room: 0,
            honours: false,
            send_room: 0,
            send_honours: 0,
            dying: false,
            handed: false,
            owes: false,
            foretold: None,
            asked: None,
            asks: 0,
            tokens: VecDeque::new(),
            done: None,
            exported: None,
            failed: None,
            closed: None,
            sessions: Vec::new(),
            sent: Flow::default(),
            received: Flow::default(),
            early_sent: Flow::default(),
            early_received: Flow::default(),
            early_wanted: 0,
            closing: false,
            close_sent: false,
            gave_up: false,
            vanished: false,
            sabotaged: None,
            refused_by_us: false,
            worn: false,
            ended: false,
            steps: 0,
            seen: Vec::new(),
            now,
        }
    }

    fn name(&self) -> &'static str {
        ["client", "server"][self.role]
    }

    pub fn is_tls12(&self) -> bool {
        let done = self.done.as_ref();
        done.is_some_and(|done| done.version == ProtocolVersion::TLS12)
    }

    fn split(&self) -> bool {
        matches!(self.conn, Conn::Split(_))
    }

    /// Whether nothing more can happen at this end.
    pub fn is_over(&self) -> bool {
        self.vanished
            || (self.tokens.is_empty()
                && (self.failed.is_some() || (self.closed.is_some() && self.closing)))
                && self.room == 0
                && !self.owes
    }

    /// Whether a step would do something, with this on the lane towards it.
    pub fn can_step(&self, lane: &Lane) -> bool {
        if self.vanished {
            return false;
        }
        let arrives = lane.waiting() > 0 || (lane.at_end() && !self.ended);
        let reads = self.failed.is_none() && self.closed.is_none();
        (reads && (arrives || self.need.is_none()))
            || self.asked.is_some()
            || self.room > 0
            || self.owes
            || !self.tokens.is_empty()
            || self.wants_to_act()
    }

    /// Whether it waits for the other's close, and nothing else.
    pub fn waits(&self) -> bool {
        let open = self.done.is_some() && self.failed.is_none() && self.closed.is_none();
        self.acts.finale == Finale::After && open && !self.closing && !self.vanished
    }

    fn can_send(&self) -> bool {
        let closed = self.is_tls12() && self.closed == Some(Eof::Clean);
        self.done.is_some() && self.failed.is_none() && !self.closing && !closed
    }

    fn wants_to_act(&self) -> bool {
        if self.done.is_none() || self.failed.is_some() || self.closing {
            return false;
        }
        let waits = self.acts.finale == Finale::After && self.closed.is_none();
        !self.acts.sends.is_empty() || self.acts.key_updates > 0 || !waits
    }

    /// Calls with a sink as the plan has it, and puts what comes out on the lane.
    fn with_sink<T>(
        &mut self,
        dice: &mut Dice,
        net: &mut Net,
        call: impl FnOnce(&mut Self, &mut dyn Sink) -> T,
    ) -> Checked<(T, usize, usize)> {
        let room = match self.acts.sinks {
            Sinks::Growing => None,
            Sinks::Below(most) if !dice.one_in(3) => Some(dice.below(most)),
            Sinks::Below(_) => Some(self.room.max(self.send_room).max(dice.below(600))),
            Sinks::AsAsked => Some(self.room.max(self.send_room)),
        };
        let done = self.done.is_some();
        let mut scratch = std::mem::take(&mut self.scratch);
        let (result, written) = match room {
            None => {
                scratch.clear();
                let result = call(self, &mut scratch);
                (result, scratch.len())
            }
            Some(room) => {
                scratch.resize(room.max(scratch.len()), 0);
                let mut sink = FixedSink::new(&mut scratch[..room]);
                let result = call(self, &mut sink);
                let written = sink.written().len();
                (result, written)
            }
        };
        net.put(self.role, &scratch[..written], done)?;
        self.scratch = scratch;
        Ok((result, written, room.unwrap_or(usize::MAX)))
    }

    /// Room that was asked for: true, small, and honoured.
    fn note_room(&mut self, room: usize, written: usize, had: usize) -> Checked<()> {
        check!(room <= 512, "{} asks for room {room}", self.name());
        check!(
            room == 0 || had.saturating_sub(written) < room,
            "{} had room {had}, wrote {written} and asks for {room}",
            self.name()
        );
        check!(
            !self.honours || had < self.room || written > 0 || room == 0,
            "{} asked for room {}, had {had}, and wrote nothing",
            self.name(),
            self.room
        );
        self.room = room;
        if written > 0 {
            self.changed();
        }
        self.honours = room > 0;
        self.owes = false;
        trace!(
            "{}: wrote {written} out of {had}, asks for room {room}",
            self.name()
        );
        if room > 0 {
            self.saw("needed room");
        }
        if self.closing && room == 0 {
            self.close_sent = true;
        }
        Ok(())
    }

    /// What was said of room holds no more.
    fn changed(&mut self) {
        self.honours = false;
        self.send_honours = 0;
    }

    fn saw(&mut self, what: &'static str) {
        self.seen.push(what);
    }

    /// One thing that this end does.
    pub fn step(&mut self, dice: &mut Dice, net: &mut Net) -> Checked<()> {
        self.steps += 1;
        if let Some((at, vanishes)) = self.acts.leaves.filter(|(at, _)| self.steps > *at) {
            trace!("{} leaves after step {at}", self.name());
            self.acts.leaves = None;
            if vanishes {
                self.vanish(net);
                return Ok(());
            }
            self.close();
        }
        if let Some((_, delay)) = self.tokens.front_mut()
            && (*delay == 0 || std::mem::replace(delay, *delay - 1) == 0)
        {
            return self.hand_over(dice, net);
        }
        if self.asked.is_some() && self.failed.is_none() {
            return self.consider_answer(dice, net);
        }
        if self.early_wanted > 0 && dice.one_in(2) {
            return self.send_early(dice, net);
        }
        if self.done.is_none() && self.role == 1 && self.sent.len < 100 && dice.one_in(30) {
            return self.send_before_client_finished(dice, net);
        }
        if self.wants_to_act() && dice.one_in(3) {
            return self.act(dice, net);
        }
        if (self.room > 0 || self.owes) && dice.one_in(3) {
            return self.flush(dice, net);
        }
        self.fetch(dice, &mut net.lanes[1 - self.role]);
        let reads = self.failed.is_none() && self.closed.is_none();
        if reads || self.room > 0 || self.owes {
            return self.receive(dice, net);
        }
        match self.wants_to_act() {
            true => self.act(dice, net),
            false => Ok(()),
        }
    }

    /// Takes bytes off the lane.
    fn fetch(&mut self, dice: &mut Dice, lane: &mut Lane) {
        let len = match self.acts.arrival {
            Arrival::All => usize::MAX,
            Arrival::Pieces(len) => len,
            Arrival::Random(most) => 1 + dice.below(most),
            Arrival::AsAsked => {
                let have = self.input.len() - self.start;
                self.need.map_or(0, |need| need.saturating_sub(have))
            }
        };
        if self.start > 0 && self.start == self.input.len() {
            self.input.clear();
            self.start = 0;
        }
        lane.take(len, &mut self.input);
        if lane.at_end() && !self.ended {
            trace!("{}: end of input", self.name());
            self.ended = true;
            self.conn.end_of_input();
            self.need = None;
        }
    }

    fn receive(&mut self, dice: &mut Dice, net: &mut Net) -> Checked<()> {
        let available = self.input.len() - self.start;
        let asking = self.asked.is_some();
        let before = asking.then(|| self.input.clone());
        let mut input = std::mem::take(&mut self.input);
        let start = self.start;
        let ((consumed, output, told), written, had) =
            self.with_sink(dice, net, |this, sink| {
                this.conn.receive(&mut input[start..], sink)
            })?;
        let who = self.name();
        check!(
            consumed <= available,
            "{who} consumed {consumed} of {available}"
        );
        let waited = self.room;
        if consumed > 0 || matches!(told, Told::Token(_)) {
            self.changed();
        }
        self.note_room(output, written, had)?;
        self.input = input;
        self.start += consumed;
        if let Some(before) = before {
            check!(
                consumed == 0,
                "{who} consumed {consumed} bytes while it asks"
            );
            check!(
                before == self.input,
                "{who} changed its input while it asks"
            );
            check!(
                matches!(told, Told::Ask(_)),
                "{who} asks no more, and wasn't answered"
            );
        }
        let asked_input = self.need.take();
        let dead = self.failed.is_some() || self.closed.is_some();
        match told {
            Told::NeedInput(min) => {
                let left = available - consumed;
                trace!(
                    "{who}: needs {min} bytes, has {left}, consumed {consumed}, wrote {written}"
                );
                check!(!dead, "{who} goes on after its end");
                check!(!self.ended, "{who} needs input after the end of it");
                check!(min > left, "{who} needs {min} bytes, and has {left}");
                check!(min <= 5 + 16_384 + 256, "{who} needs {min} bytes");
                // What was asked for brings it further.
                let further = consumed > 0
                    || written > 0
                    || asked_input.is_none_or(|asked| available < asked || min > asked);
                check!(further, "{who} had the {min} bytes that it needs");
                check!(
                    self.done.is_some() || output == 0,
                    "{who} has output and wants input"
                );
                self.need = Some(min);
            }
            Told::NeedOutput(min) => {
                trace!("{who}: needs room {min}, wrote {written}, consumed {consumed}");
                check!(min == output, "{who} needs room {min} or {output}");
                check!(!dead || waited > 0, "{who} has output after its end");
                check!(
                    self.done.is_none() || !self.split(),
                    "{who} is held up by output"
                );
                self.dying |= self.done.is_some();
            }
            Told::Ask(request) => {
                if !asking {
                    trace!("{who}: asks {}", hands::name(&request));
                    self.saw(hands::name(&request));
                    self.asks += 1;
                    let delay = dice.below(self.acts.delay + 1);
                    self.asked = Some((request, delay));
                }
            }
            Told::Done(summary) => {
                trace!("{who}: {summary}");
                check!(self.done.is_none() && !dead, "{who} is done twice");
                // What a server sent before may wear a key out.
                let flushed = output == 0 || self.role == 1 && self.sent.len > 0;
                check!(flushed, "{who} is done, and output waits");
                self.exported = Some(self.conn.export().map_err(|e| format!("{who}: {e}"))?);
                self.check_early_data(&summary)?;
                self.done = Some(summary);
                self.early_wanted = 0;
            }
            Told::Data(range) => {
                trace!("{who}: data {range:?}");
                check!(
                    self.done.is_some() && !dead,
                    "{who} has data at the wrong time"
                );
                check!(!range.is_empty(), "{who} has data of no bytes");
                let bytes = start + range.start..start + range.end;
                check!(range.end <= consumed, "{who} has data that isn't consumed");
                let right = self.received.take(1 - self.role as u8, &self.input[bytes]);
                check!(right, "{who} got data that wasn't sent");
            }
            Told::EarlyData(range) => {
                trace!("{who}: early data {range:?}");
                check!(self.role == 1, "a client got early data");
                check!(self.done.is_none() && !dead, "early data at the wrong time");
                let bytes = start + range.start..start + range.end;
                let right = self.early_received.take(2, &self.input[bytes]);
                check!(right, "early data that wasn't sent");
            }
            Told::Session(session) => {
                check!(self.role == 0 && !dead, "{who} got a session");
                self.sessions.push(session.received(self.now));
            }
            Told::Token(token) => {
                trace!("{who}: a token {token:?}");
                check!(self.split(), "a token of a whole connection");
                let delay = dice.below(3);
                self.tokens.push_back((token, delay));
            }
            Told::Failed(error) => self.fail(error)?,
            Told::Closed(eof) => {
                trace!("{who}: closed {eof:?}");
                check!(
                    self.closed.is_none_or(|before| before == eof),
                    "{who} closed otherwise"
                );
                check!(self.failed.is_none(), "{who} closed after it failed");
                check!(
                    eof == Eof::Clean || self.ended,
                    "{who} was cut off by nobody"
                );
                check!(
                    eof == Eof::Truncated || self.done.is_some(),
                    "{who} closed before it was done"
                );
                self.closed = Some(eof);
                self.early_wanted = 0;
            }
        }
        Ok(())
    }

    fn fail(&mut self, error: Error) -> Checked<()> {
        let who = self.name();
        if self.failed.is_none() {
            trace!("{who}: failed: {error} ({error:?})");
        }
        check!(
            !matches!(error.kind(), ErrorKind::Internal(_) | ErrorKind::Misuse(_)),
            "{who} fails with {error:?}"
        );
        check!(
            self.failed.as_ref().is_none_or(|before| *before == error),
            "{who} failed with {:?}, and now with {error:?}",
            self.failed
        );
        check!(
            self.foretold.as_ref().is_none_or(|before| *before == error),
            "{who} was to fail with {:?}, and fails with {error:?}",
            self.foretold
        );
        check!(self.closed.is_none(), "{who} failed after it had closed");
        self.failed = Some(error);
        self.asked = None;
        self.early_wanted = 0;
        Ok(())
    }

    /// The client knows exactly what it has to send again.
    fn check_early_data(&self, summary: &Summary) -> Checked<()> {
        if self.role == 0
            && let EarlyDataOutcome::Rejected { unsent, .. } = &summary.early_data
        {
            let mut flow = Flow::default();
            let right = flow.take(2, unsent) && flow == self.early_sent;
            check!(right, "{} bytes of early data to send again", unsent.len());
        }
        let none = summary.early_data == EarlyDataOutcome::NotOffered;
        check!(
            !none || self.early_received.len == 0,
            "early data that wasn't offered"
        );
        Ok(())
    }

    fn consider_answer(&mut self, dice: &mut Dice, net: &mut Net) -> Checked<()> {
        let Some((request, delay)) = &mut self.asked else {
            return Ok(());
        };
        if *delay > 0 {
            *delay -= 1;
            self.fetch(dice, &mut net.lanes[1 - self.role]);
            return self.receive(dice, net);
        }
        let request = request.clone();
        let right = self.hands.answer(&request, &self.server);
        if self.acts.wrong_kind {
            let wrong = match right {
                Answer::Signature(_) => Answer::Stored(true),
                _ => Answer::Signature(vec![1, 2, 3]),
            };
            let result = self.conn.answer(wrong);
            check!(
                result == Err(Misuse::WrongAnswer.into()),
                "{}: a wrong answer: {result:?}",
                self.name()
            );
            self.saw("wrong kind of answer");
        }
        let sabotage = self.acts.sabotage.filter(|(at, _)| *at + 1 == self.asks);
        let answer = match sabotage {
            None => right,
            Some((_, sabotage)) => {
                self.sabotaged = Some(sabotage);
                self.refused_by_us = true;
                match (sabotage, right) {
                    (Sabotage::Refuse(alert), _) => Answer::Refuse(alert),
                    (_, Answer::Credential(_)) => {
                        // A client may have none, unless the server insists.
                        self.refused_by_us = self.role == 1;
                        Answer::Credential(None)
                    }
                    (_, Answer::Chain(_)) => {
                        let error = symbolon::error::CertificateError::refused("sabotage");
                        Answer::Chain(Err(error))
                    }
                    (_, Answer::Signature(mut signature)) => {
                        signature[0] ^= 1;
                        Answer::Signature(signature)
                    }
                    (_, other) => {
                        self.refused_by_us = false;
                        match other {
                            Answer::Psk(_) => Answer::Psk(None),
                            Answer::Session(_) => Answer::Session(None),
                            Answer::Stored(_) => Answer::Stored(false),
                            Answer::Replay(_) => Answer::Replay(symbolon::config::Freshness::Seen),
                            other => other,
                        }
                    }
                }
            }
        };
        trace!(
            "{}: answers {}",
            self.name(),
            if sabotage.is_some() { "wrongly" } else { "" }
        );
        self.asked = None;
        self.changed();
        let again = self.acts.wrong_kind.then(|| answer.clone());
        if let Err(error) = self.conn.answer(answer) {
            return Err(format!("{}: {error:?} for an answer", self.name()));
        }
        if let Some(again) = again.filter(|_| sabotage.is_none()) {
            // It either asks something else by now, or nothing, or has failed.
            let asked_same = matches!(
                again,
                Answer::Credential(_) | Answer::Session(_) | Answer::Psk(_) | Answer::Stored(_)
            );
            if !asked_same {
                let result = self.conn.answer(again);
                check!(result.is_err(), "{}: answered twice", self.name());
            }
        }
        Ok(())
    }

    fn send_early(&mut self, dice: &mut Dice, net: &mut Net) -> Checked<()> {
        let Conn::Client(conn) = &mut self.conn else {
            return Ok(());
        };
        let room = conn.early_data_room();
        if room == 0 {
            self.early_wanted = 0;
            return Ok(());
        }
        // The same again until it is taken: the room that was asked for is for that.
        let len = (1 + self.early_wanted / 2).min(room);
        let from = self.early_sent.len;
        let data: Vec<u8> = (from..from + len as u64).map(|at| stream(2, at)).collect();
        let (sent, written, had) =
            self.with_sink(dice, net, |this, sink| match &mut this.conn {
                Conn::Client(conn) => conn.send_early_data(&data, sink),
                _ => unreachable!("a client has early data"),
            })?;
        match sent {
            Ok(sent) => {
                trace!("client: early data, {} of {len} bytes", sent.taken);
                self.note_sent(sent, len, written, had)?;
                self.early_sent.len += sent.taken as u64;
                self.early_wanted = self.early_wanted.saturating_sub(sent.taken);
                self.saw("early data sent");
                Ok(())
            }
            Err(error) => Err(format!("early data: {error:?}")),
        }
    }

    fn note_sent(&mut self, sent: Sent, len: usize, written: usize, had: usize) -> Checked<()> {
        let who = self.name();
        check!(sent.taken <= len, "{who} took {} of {len}", sent.taken);
        check!(
            sent.taken == len || sent.output > 0 || self.worn,
            "{who} took {} of {len}, and needs no room",
            sent.taken
        );
        let room = sent.output;
        trace!("{who}: wrote {written} out of {had}, asks for room {room} to send");
        check!(room <= 512, "{who} asks for room {room} to send");
        check!(
            room == 0 || had.saturating_sub(written) < room,
            "{who} had room {had}, wrote {written} and asks for {room} to send"
        );
        check!(
            self.send_honours != len || had < self.send_room || written > 0 || room == 0,
            "{who} asked for room {} to send, had {had}, and sent nothing",
            self.send_room
        );
        if written > 0 {
            self.changed();
        }
        self.send_room = room;
        self.send_honours = if room > 0 { len - sent.taken } else { 0 };
        // What is owed may be among it.
        self.owes |= room > 0;
        if room > 0 {
            self.saw("needed room");
        }
        Ok(())
    }

    fn send_before_client_finished(&mut self, dice: &mut Dice, net: &mut Net) -> Checked<()> {
        let len = 20;
        let from = self.sent.len;
        let data: Vec<u8> = (from..from + len as u64).map(|at| stream(1, at)).collect();
        let (sent, written, had) =
            self.with_sink(dice, net, |this, sink| match &mut this.conn {
                Conn::Server(conn) => conn.send_before_client_finished(&data, sink),
                _ => unreachable!("a server before its handshake is done"),
            })?;
        match sent {
            Ok(sent) => {
                trace!("server: early answer, {} of {len} bytes", sent.taken);
                self.sent.len += sent.taken as u64;
                self.saw("sent before the client's Finished");
                self.note_sent(sent, len, written, had)
            }
            Err(error) => {
                // What waited may have gone out all the same.
                self.changed();
                let early = error == Misuse::HandshakeNotDone.into();
                let same = early || self.failed.is_none() || self.failed.as_ref() == Some(&error);
                check!(same, "server: {error:?}");
                Ok(())
            }
        }
    }

    fn flush(&mut self, dice: &mut Dice, net: &mut Net) -> Checked<()> {
        let (room, written, had) = self.with_sink(dice, net, |this, sink| this.conn.flush(sink))?;
        self.note_room(room, written, had)
    }

    fn hand_over(&mut self, dice: &mut Dice, net: &mut Net) -> Checked<()> {
        if let (Some((token, _)), Conn::Split(halves)) = (self.tokens.pop_front(), &mut self.conn) {
            halves.0.accept(token);
            self.handed = true;
            self.changed();
            self.saw("token handed over");
        }
        self.flush(dice, net)
    }

    fn close(&mut self) {
        trace!("{}: close", self.name());
        self.conn.close();
        self.gave_up |= self.done.is_none() && self.failed.is_none() && self.closed.is_none();
        self.closing = true;
        self.owes = true;
        self.changed();
        self.early_wanted = 0;
        if self.gave_up {
            self.asked = None;
        }
    }

    fn vanish(&mut self, net: &mut Net) {
        trace!("{}: is gone", self.name());
        self.vanished = true;
        self.conn = Conn::Gone;
        net.lanes[self.role].end();
    }

    /// What the application wants next.
    fn act(&mut self, dice: &mut Dice, net: &mut Net) -> Checked<()> {
        if self.acts.splits && dice.one_in(3) {
            self.acts.splits = false;
            if self.split() {
                return Ok(());
            }
            let split = self.conn.split();
            trace!("{}: split", self.name());
            check!(split || self.dying, "{} can't be split", self.name());
            self.saw("split");
            return Ok(());
        }
        if self.acts.key_updates > 0 && (self.acts.sends.is_empty() || dice.one_in(2)) {
            self.acts.key_updates -= 1;
            let result = self.conn.update_keys(dice.one_in(2));
            self.changed();
            trace!("{}: update_keys {result:?}", self.name());
            match self.is_tls12() {
                true => check!(
                    result == Err(Misuse::NoKeyUpdate.into())
                        || result == Err(Misuse::SendAfterClose.into()),
                    "{}: KeyUpdate in TLS 1.2: {result:?}",
                    self.name()
                ),
                false if result.is_err() => return self.not_sent(result.unwrap_err()),
                false => {}
            }
            self.saw("key update");
            return match dice.one_in(2) {
                true => self.flush(dice, net),
                false => Ok(()),
            };
        }
        if let Some(size) = self.acts.sends.last_mut() {
            let len = *size;
            if !self.can_send() {
                self.acts.sends.clear();
                // Who wasn't told yet may send.
                return match self.tokens.is_empty() {
                    true => self.must_not_send(dice, net),
                    false => Ok(()),
                };
            }
            return self.send(len, dice, net);
        }
        match self.acts.finale {
            Finale::Vanish => self.vanish(net),
            Finale::After if self.closed.is_none() => {}
            _ => {
                self.close();
                return self.flush(dice, net);
            }
        }
        Ok(())
    }

    fn send(&mut self, len: usize, dice: &mut Dice, net: &mut Net) -> Checked<()> {
        let which = self.role as u8;
        let from = self.sent.len;
        let data: Vec<u8> = (from..from + len as u64)
            .map(|at| stream(which, at))
            .collect();
        if dice.one_in(8) && len < 60 && self.room == 0 {
            return self.seal_in_place(&data, net);
        }
        let (sent, written, had) =
            self.with_sink(dice, net, |this, sink| this.conn.send(&data, sink))?;
        match sent {
            Ok(sent) => {
                trace!("{}: sent {} of {len} bytes", self.name(), sent.taken);
                self.sent.len += sent.taken as u64;
                let worn = sent.taken < len && sent.output == 0;
                match self.acts.sends.last_mut() {
                    Some(size) if *size > sent.taken => *size -= sent.taken,
                    _ => {
                        self.acts.sends.pop();
                    }
                }
                if worn {
                    self.wear_out();
                }
                self.note_sent(sent, len, written, had)
            }
            Err(error) => self.not_sent(error),
        }
    }

    fn not_sent(&mut self, error: Error) -> Checked<()> {
        trace!("{}: not sent: {error:?}", self.name());
        self.acts.sends.clear();
        let own = matches!(
            error.kind(),
            ErrorKind::Misuse(_) | ErrorKind::Limit(Limit::KeyUse)
        );
        if self.failed.is_none() && !own {
            self.foretold = Some(error);
            return Ok(());
        }
        if self.handed && self.is_tls12() && error == Misuse::SendAfterClose.into() {
            // The token was of the peer's close, which is told next.
            self.closing = true;
            return Ok(());
        }
        let worn = error == Limit::KeyUse.into();
        check!(
            worn && self.is_tls12(),
            "{} couldn't send: {error:?}",
            self.name()
        );
        self.wear_out();
        Ok(())
    }

    /// The key is used up: close_notify is owed, as if this end had closed.
    fn wear_out(&mut self) {
        self.acts.sends.clear();
        self.worn = true;
        self.closing = true;
        self.owes = true;
        self.saw("worn key");
    }

    fn seal_in_place(&mut self, data: &[u8], net: &mut Net) -> Checked<()> {
        let done = self.done.is_some();
        let (front, back) = match &self.conn {
            Conn::Client(conn) => conn.in_place_room(),
            Conn::Server(conn) => conn.in_place_room(),
            Conn::Split(halves) => halves.0.in_place_room(),
            Conn::Gone => unreachable!("a connection that is gone"),
        };
        let mut buffer = vec![0; front + data.len() + back];
        buffer[front..front + data.len()].copy_from_slice(data);
        let payload = front..front + data.len();
        let conn = &mut self.conn;
        let sealed = whole!(conn,
            c => c.seal_in_place(&mut buffer, payload),
            s => s.0.seal_in_place(&mut buffer, payload));
        match sealed {
            Ok(range) => {
                trace!("{}: sealed {} bytes in place", self.name(), data.len());
                self.sent.len += data.len() as u64;
                self.acts.sends.pop();
                self.saw("sealed in place");
                net.put(self.role, &buffer[range], done)
            }
            Err(error) if error == Misuse::FlushFirst.into() || error == Misuse::TooLong.into() => {
                self.owes = true;
                Ok(())
            }
            Err(error) => self.not_sent(error),
        }
    }

    /// Sending fails with the right error, and changes nothing.
    fn must_not_send(&mut self, dice: &mut Dice, net: &mut Net) -> Checked<()> {
        let (sent, written, _) = self.with_sink(dice, net, |this, sink| {
            let waiting = this.conn.flush(sink);
            let mut nothing = Vec::new();
            let sent = this.conn.send(b"too late", &mut nothing);
            (sent, nothing, waiting)
        })?;
        let _ = written;
        let (result, nothing, waiting) = sent;
        self.room = waiting;
        let who = self.name();
        match (result, &self.failed) {
            (Ok(sent), _) => return Err(format!("{who} sent {sent:?} after its end")),
            (Err(error), Some(failed)) => {
                check!(
                    error == *failed,
                    "{who} failed with {failed:?}, and sends with {error:?}"
                );
            }
            (Err(error), None) => {
                let known = [Misuse::SendAfterClose, Misuse::HandshakeNotDone].map(Error::from);
                // A key may have been found worn with nothing told, for lack of room.
                let worn = self.is_tls12() && error == Limit::KeyUse.into();
                check!(
                    worn || !self.worn && known.contains(&error),
                    "{who} can't send: {error:?}"
                );
            }
        }
        check!(nothing.is_empty(), "{who} put something out after its end");
        Ok(())
    }

    /// After the end: the same again, whatever comes.
    pub fn check_end(&mut self, dice: &mut Dice, net: &mut Net) -> Checked<()> {
        if self.vanished {
            return Ok(());
        }
        let before = (
            self.failed.clone(),
            self.closed,
            self.received,
            net.lanes[self.role].carried,
        );
        check!(
            before.0.is_some() || before.1.is_some(),
            "{} has no end",
            self.name()
        );
        self.acts.sinks = Sinks::Growing;
        for _ in 0..2 {
            self.input.clear();
            self.start = 0;
            for _ in 0..dice.below(40) {
                self.input.push(dice.next() as u8);
            }
            self.receive(dice, net)?;
        }
        if self.done.is_some() && (self.failed.is_some() || self.closing) {
            self.must_not_send(dice, net)?;
        }
        let after = (
            self.failed.clone(),
            self.closed,
            self.received,
            net.lanes[self.role].carried,
        );
        check!(
            before == after,
            "{} changed after its end: {before:?} {after:?}",
            self.name()
        );
        Ok(())
    }
}
