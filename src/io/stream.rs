//! Blocking I/O over anything that reads and writes.

use crate::config::{ClientSessionStore, Session};
use crate::conn::{ClientConnection, Connection, Eof, Event};
use crate::error::{CryptoError, Error};
use crate::handshake::{Answer, Request, Summary};
use rustls_pki_types::UnixTime;
use std::boxed::Box;
use std::collections::VecDeque;
use std::io::{self, BufRead, Read, Write};
use std::ops::Range;
use std::sync::Arc;
use std::vec::Vec;

/// 32 bytes from the operating system, for one connection.
///
/// # Errors
/// [`CryptoError::NoRandomness`] if it has none to give.
pub fn seed() -> Result<[u8; 32], Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| CryptoError::NoRandomness)?;
    Ok(seed)
}

/// The time by the system's clock.
#[must_use]
pub fn now() -> UnixTime {
    UnixTime::now()
}

/// The input buffer: a whole record of the largest size.
const INPUT: usize = 5 + 16_384 + 256;
/// How many sessions are kept for [`Stream::take_session`]; older ones make way.
const SESSIONS: usize = 8;

/// A connection over a blocking transport: [`Read`], [`BufRead`] and [`Write`] of application data.
///
/// The handshake is done by the first call that needs it. Reading gives `Ok(0)` at the peer's
/// close_notify and [`io::ErrorKind::UnexpectedEof`] where the stream ends without one. TLS errors
/// are [`io::ErrorKind::InvalidData`] with an [`Error`] inside. An error of the transport
/// (a timeout, `WouldBlock`) loses nothing: call again.
///
/// Dropping it sends nothing: end with [`Stream::close`].
#[derive(Debug)]
pub struct Stream<C, T> {
    connection: C,
    transport: T,
    input: Box<[u8]>,
    /// What of the input was received and not consumed.
    unread: Range<usize>,
    /// Plaintext in the input that wasn't handed out.
    plain: Range<usize>,
    output: Vec<u8>,
    /// How much of the output the transport has taken.
    written: usize,
    sessions: VecDeque<Session>,
    store: Option<Arc<dyn ClientSessionStore>>,
    clock: Clock,
    /// What a client sent before the handshake was done.
    early_data: Vec<u8>,
    /// The handshake's outcome until it is taken.
    summary: Option<Box<Summary>>,
    done: bool,
}

/// Where the time comes from.
struct Clock(Box<dyn Fn() -> UnixTime + Send + Sync>);

impl core::fmt::Debug for Clock {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Clock")
    }
}

/// What one turn of the connection came to.
enum Turn {
    Done,
    Ask(Request),
    Data,
    Closed(Eof),
    Again,
}

impl<C: Connection, T: Read + Write> Stream<C, T> {
    /// Joins a connection and a transport. Nothing is sent yet.
    pub fn new(connection: C, transport: T) -> Self {
        Self {
            store: connection.session_store(),
            clock: Clock(Box::new(now)),
            done: !connection.is_handshaking(),
            summary: None,
            connection,
            transport,
            input: std::vec![0; INPUT].into_boxed_slice(),
            unread: 0..0,
            plain: 0..0,
            output: Vec::new(),
            written: 0,
            sessions: VecDeque::new(),
            early_data: Vec::new(),
        }
    }

    /// Takes the time, while the handshake goes on and where a session comes, from another clock than
    /// the system's.
    #[must_use]
    pub fn with_clock(mut self, clock: impl Fn() -> UnixTime + Send + Sync + 'static) -> Self {
        self.clock = Clock(Box::new(clock));
        self
    }

    /// The early data that came with the handshake, once: a server's. It may be a replay
    /// ([`crate::conn::EarlyData`]); it isn't part of what is read.
    pub fn take_early_data(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.early_data)
    }

    /// Does the handshake, unless reading or writing has done it. The summary is given once; `None`
    /// if it was given before.
    ///
    /// # Errors
    /// Those of the transport, after which it goes on where it stood, and of TLS.
    pub fn handshake(&mut self) -> io::Result<Option<Summary>> {
        self.handshake_with(|_| None)
    }

    /// Does the handshake, answering what the config leaves to be answered later. `None` for an
    /// answer leaves the handshake where it stands, with an error.
    ///
    /// # Errors
    /// Those of the transport, after which it goes on where it stood, and of TLS.
    pub fn handshake_with(
        &mut self,
        answer: impl FnMut(Request) -> Option<Answer>,
    ) -> io::Result<Option<Summary>> {
        self.complete(answer)?;
        Ok(self.summary.take().map(|summary| *summary))
    }

    fn complete(&mut self, mut answer: impl FnMut(Request) -> Option<Answer>) -> io::Result<()> {
        while !self.done {
            self.connection.set_time((self.clock.0)());
            match self.turn()? {
                Turn::Done => self.write_out()?,
                Turn::Ask(request) => match answer(request) {
                    Some(answer) => self.connection.answer(answer).map_err(invalid)?,
                    None => {
                        return Err(io::Error::other("a request of the handshake has no answer"));
                    }
                },
                Turn::Closed(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Turn::Data | Turn::Again => {}
            }
        }
        Ok(())
    }

    /// The oldest session that came and wasn't taken, where the config has no store; a client's tickets come while it reads.
    pub fn take_session(&mut self) -> Option<Session> {
        self.sessions.pop_front()
    }

    /// The connection.
    pub fn connection(&mut self) -> &mut C {
        &mut self.connection
    }

    /// The transport.
    pub fn transport(&self) -> &T {
        &self.transport
    }

    /// Ends our direction with close_notify; reading goes on.
    ///
    /// # Errors
    /// Those of the transport.
    pub fn close(&mut self) -> io::Result<()> {
        self.connection.close();
        self.flush()
    }

    /// What was received from the transport and not consumed yet, still encrypted. Whoever goes on
    /// without the stream (with the halves of the connection, say) feeds it first.
    #[must_use]
    pub fn unread(&self) -> &[u8] {
        self.input.get(self.unread.clone()).unwrap_or(&[])
    }

    /// Gives up both parts. Data that was received and not read is lost; see [`Stream::unread`].
    pub fn into_parts(self) -> (C, T) {
        (self.connection, self.transport)
    }

    /// One event of the connection, with the I/O that it asks for.
    fn turn(&mut self) -> io::Result<Turn> {
        let unread = self.input.get_mut(self.unread.clone()).unwrap_or(&mut []);
        let received = self.connection.receive(unread, &mut self.output);
        let start = self.unread.start;
        self.unread.start = start.saturating_add(received.consumed);
        match received.event {
            Event::NeedInput { min } => {
                self.write_out()?;
                self.read_in(min)?;
                Ok(Turn::Again)
            }
            Event::NeedOutput { .. } => {
                self.write_out()?;
                Ok(Turn::Again)
            }
            Event::Data(data) => {
                let (from, to) = (data.range.start, data.range.end);
                self.plain = from.saturating_add(start)..to.saturating_add(start);
                Ok(Turn::Data)
            }
            Event::Ask(request) => {
                // What is ready goes out before an answer that may take its time.
                self.write_out()?;
                Ok(Turn::Ask(request))
            }
            Event::HandshakeDone(summary) => {
                self.summary = Some(summary);
                self.done = true;
                Ok(Turn::Done)
            }
            Event::EarlyData(data) => {
                // No more than the config allows.
                self.early_data.extend_from_slice(data.bytes);
                Ok(Turn::Again)
            }
            Event::Session(session) => {
                let session = session.received((self.clock.0)());
                match &self.store {
                    Some(store) => store.put(session),
                    None => {
                        if self.sessions.len() >= SESSIONS {
                            self.sessions.pop_front();
                        }
                        self.sessions.push_back(session);
                    }
                }
                Ok(Turn::Again)
            }
            Event::Closed(eof) => Ok(Turn::Closed(eof)),
            Event::Failed(error) => {
                // The alert tells the peer why; that it can't be sent changes nothing.
                let _ = self.write_out();
                Err(invalid(error))
            }
        }
    }

    /// Reads once, after making room so that `min` bytes fit.
    fn read_in(&mut self, min: usize) -> io::Result<()> {
        if min > self.input.len() {
            return Err(io::Error::other("a record is larger than the buffer"));
        }
        if self.unread.is_empty() {
            self.unread = 0..0;
        } else if self.unread.start.saturating_add(min) > self.input.len() {
            let start = self.unread.start;
            self.input.rotate_left(start);
            self.unread = 0..self.unread.len();
        }
        let room = self.input.get_mut(self.unread.end..).unwrap_or(&mut []);
        let read = loop {
            match self.transport.read(room) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => break other?,
            }
        };
        if read == 0 {
            self.connection.end_of_input();
        }
        self.unread.end = self.unread.end.saturating_add(read);
        Ok(())
    }

    /// Gives all output to the transport.
    fn write_out(&mut self) -> io::Result<()> {
        while let Some(rest) = self
            .output
            .get(self.written..)
            .filter(|rest| !rest.is_empty())
        {
            match self.transport.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => self.written = self.written.saturating_add(n),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.output.clear();
        self.written = 0;
        Ok(())
    }
}

impl<T: Read + Write> Stream<ClientConnection, T> {
    /// Sends early data (0-RTT), as much as [`ClientConnection::early_data_room`] allows: before
    /// the handshake, and before anything is received. How much was sent; 0 if there is no session
    /// that allows it. What became of it stands in [`Summary::early_data`].
    ///
    /// # Errors
    /// Those of the transport and of TLS.
    pub fn send_early_data(&mut self, data: &[u8]) -> io::Result<usize> {
        let room = self.connection.early_data_room().min(data.len());
        let data = data.get(..room).unwrap_or(&[]);
        if data.is_empty() {
            return Ok(0);
        }
        // The output grows as needed: all of it is taken.
        let sent = self.connection.send_early_data(data, &mut self.output);
        let sent = sent.map_err(invalid)?;
        match self.write_out() {
            // It is sealed: the rest goes out with the handshake.
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => Err(e),
            _ => Ok(sent.taken),
        }
    }
}

fn invalid(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

impl<C: Connection, T: Read + Write> BufRead for Stream<C, T> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.complete(|_| None)?;
        while self.plain.is_empty() {
            match self.turn()? {
                Turn::Closed(Eof::Clean) => {
                    self.write_out()?;
                    return Ok(&[]);
                }
                Turn::Closed(Eof::Truncated) => return Err(io::ErrorKind::UnexpectedEof.into()),
                _ => {}
            }
        }
        Ok(self.input.get(self.plain.clone()).unwrap_or(&[]))
    }

    fn consume(&mut self, amount: usize) {
        self.plain.start = self.plain.start.saturating_add(amount).min(self.plain.end);
    }
}

impl<C: Connection, T: Read + Write> Read for Stream<C, T> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if out.is_empty() {
            return Ok(0);
        }
        let data = self.fill_buf()?;
        let len = data.len().min(out.len());
        for (to, from) in out.iter_mut().zip(data) {
            *to = *from;
        }
        self.consume(len);
        Ok(len)
    }
}

impl<C: Connection, T: Read + Write> Write for Stream<C, T> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.complete(|_| None)?;
        // What was sealed before goes first, so that the output never grows without bound.
        self.write_out()?;
        const MOST: usize = 64 * 1024;
        let data = data.get(..MOST).unwrap_or(data);
        let sent = self.connection.send(data, &mut self.output);
        // What has become of it goes out in any case: a close_notify, say.
        let written = self.write_out();
        let sent = sent.map_err(invalid)?;
        match written {
            // The data is sealed and will go out with the next call.
            Err(e) if e.kind() != io::ErrorKind::WouldBlock => Err(e),
            _ => Ok(sent.taken),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.connection.flush(&mut self.output);
        self.write_out()?;
        self.transport.flush()
    }
}
