//! A connection over loopback: what the runner looks at goes beyond what `io::Stream` offers
//! (half-RTT data, a clock put forward).

use super::{Stop, flags::Flags};
use rustls_pki_types::UnixTime;
use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;
use symbolon::config::ClientSessionStore;
use symbolon::conn::{ClientConnection, Connection, Eof, Event, Sent, ServerConnection};
use symbolon::error::Error;
use symbolon::handshake::{Answer, Request, Summary};
use symbolon::record::Sink;

/// Loopback, read a byte at a time if the flags say so.
#[derive(Clone)]
struct Transport {
    tcp: Rc<RefCell<TcpStream>>,
    one_byte: bool,
}

impl Transport {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let most = if self.one_byte { 1 } else { out.len() };
        let out = out.get_mut(..most).unwrap_or(&mut []);
        match self.tcp.borrow_mut().read(out) {
            // A peer that drops the connection ended it without close_notify.
            Err(e) if e.kind() == io::ErrorKind::ConnectionReset => Ok(0),
            other => other,
        }
    }
}

/// Lets the peer read everything before the socket goes.
pub fn drain(tcp: &Rc<RefCell<TcpStream>>) {
    let mut tcp = tcp.borrow_mut();
    let _ = tcp.shutdown(Shutdown::Write);
    let _ = tcp.set_read_timeout(Some(Duration::from_secs(5)));
    let mut buffer = [0; 4096];
    while matches!(tcp.read(&mut buffer), Ok(n) if n > 0) {}
}

/// What the shim needs beyond what every connection has.
pub trait Peer: Connection {
    fn export(&self, label: &[u8], context: Option<&[u8]>, out: &mut [u8]) -> Result<(), Error>;

    /// Room for data before the server has answered.
    fn early_data_room(&self) -> usize {
        0
    }

    /// Sends data before the handshake is done: a client's early data, a server's half-RTT data.
    fn send_early(&mut self, data: &[u8], sink: &mut dyn Sink) -> Result<Sent, Error>;
}

impl Peer for ClientConnection {
    fn export(&self, label: &[u8], context: Option<&[u8]>, out: &mut [u8]) -> Result<(), Error> {
        self.export_keying_material(label, context, out)
    }

    fn early_data_room(&self) -> usize {
        self.early_data_room()
    }

    fn send_early(&mut self, data: &[u8], sink: &mut dyn Sink) -> Result<Sent, Error> {
        self.send_early_data(data, sink)
    }
}

impl Peer for ServerConnection {
    fn export(&self, label: &[u8], context: Option<&[u8]>, out: &mut [u8]) -> Result<(), Error> {
        self.export_keying_material(label, context, out)
    }

    fn send_early(&mut self, data: &[u8], sink: &mut dyn Sink) -> Result<Sent, Error> {
        self.send_before_client_finished(data, sink)
    }
}

/// What the runner asks about a session that came.
#[derive(Clone, Copy, Debug)]
pub struct Ticket {
    pub early_data: bool,
}

pub struct Link<C> {
    pub connection: C,
    transport: Transport,
    input: Vec<u8>,
    /// What of the input was received and not consumed.
    unread: Range<usize>,
    output: Vec<u8>,
    plain: Vec<u8>,
    now: UnixTime,
    store: Option<Arc<dyn ClientSessionStore>>,
    /// The newest session that came.
    pub ticket: Option<Ticket>,
    summary: Option<Box<Summary>>,
}

/// What one turn of the connection came to.
enum Turn {
    Early(Vec<u8>),
    Ask(Request),
    Closed(Eof),
    Again,
}

impl<C: Peer> Link<C> {
    pub fn new(connection: C, tcp: &Rc<RefCell<TcpStream>>, flags: &Flags, now: UnixTime) -> Self {
        Self {
            store: connection.session_store(),
            connection,
            transport: Transport {
                tcp: Rc::clone(tcp),
                one_byte: flags.one_byte_reads,
            },
            input: vec![0; 5 + 16_384 + 256],
            unread: 0..0,
            output: Vec::new(),
            plain: Vec::new(),
            now,
            ticket: None,
            summary: None,
        }
    }

    fn turn(&mut self) -> Result<Turn, Stop> {
        let unread = self.input.get_mut(self.unread.clone()).unwrap_or(&mut []);
        let received = self.connection.receive(unread, &mut self.output);
        self.unread.start += received.consumed;
        match received.event {
            Event::NeedInput { min } => {
                self.write_out()?;
                self.read_in(min)?;
            }
            Event::NeedOutput { .. } => self.write_out()?,
            Event::Data(data) => self.plain.extend_from_slice(data.bytes),
            Event::Ask(request) => {
                self.write_out()?;
                return Ok(Turn::Ask(request));
            }
            Event::HandshakeDone(summary) => {
                self.summary = Some(summary);
                self.write_out()?;
            }
            Event::EarlyData(data) => return Ok(Turn::Early(data.bytes.to_vec())),
            Event::Session(session) => {
                let session = session.received(self.now);
                let early_data = session.max_early_data() > 0;
                self.ticket = Some(Ticket { early_data });
                if let Some(store) = &self.store {
                    store.put(session);
                }
            }
            Event::Closed(eof) => return Ok(Turn::Closed(eof)),
            Event::Failed(error) => {
                // The alert tells the peer why; that it can't be sent changes nothing.
                let _ = self.write_out();
                return Err(error.into());
            }
            other => return Err(format!("unknown to the shim: {other:?}").into()),
        }
        Ok(Turn::Again)
    }

    fn read_in(&mut self, min: usize) -> Result<(), Stop> {
        if self.unread.is_empty() {
            self.unread = 0..0;
        } else if self.unread.start + min > self.input.len() {
            self.input.rotate_left(self.unread.start);
            self.unread = 0..self.unread.len();
        }
        let room = self.input.get_mut(self.unread.end..).unwrap_or(&mut []);
        let read = self.transport.read(room)?;
        if read == 0 {
            self.connection.end_of_input();
        }
        self.unread.end += read;
        Ok(())
    }

    fn write_out(&mut self) -> Result<(), Stop> {
        let output = std::mem::take(&mut self.output);
        Ok(self.transport.tcp.borrow_mut().write_all(&output)?)
    }

    /// Does the handshake: requests and early data are answered by these.
    pub fn handshake(
        &mut self,
        answer: impl Fn(Request) -> Option<Answer>,
        mut early: impl FnMut(&mut Self, Vec<u8>) -> Result<(), Stop>,
    ) -> Result<Summary, Stop> {
        loop {
            if let Some(summary) = self.summary.take() {
                return Ok(*summary);
            }
            match self.turn()? {
                Turn::Ask(request) => {
                    let answer = answer(request).ok_or("a request has no answer")?;
                    self.connection.answer(answer)?;
                }
                Turn::Early(data) => early(self, data)?,
                Turn::Closed(_) => return Err("the stream ends".into()),
                Turn::Again => {}
            }
        }
    }

    /// Sends data before the handshake is done; what there was no room for.
    pub fn write_early<'a>(&mut self, data: &'a [u8]) -> Result<&'a [u8], Stop> {
        let sent = self.connection.send_early(data, &mut self.output)?;
        self.write_out()?;
        Ok(data.get(sent.taken..).unwrap_or(&[]))
    }

    /// Sends data, all of it.
    pub fn write(&mut self, mut data: &[u8]) -> Result<(), Stop> {
        loop {
            let sent = self.connection.send(data, &mut self.output)?;
            self.flush()?;
            data = data.get(sent.taken..).unwrap_or(&[]);
            if data.is_empty() {
                return Ok(());
            }
        }
    }

    pub fn flush(&mut self) -> Result<(), Stop> {
        self.connection.flush(&mut self.output);
        self.write_out()
    }

    /// Waits until there is data to read; `None` if there is, otherwise how the stream ended.
    pub fn wait(&mut self) -> Result<Option<Eof>, Stop> {
        while self.plain.is_empty() {
            match self.turn()? {
                Turn::Closed(eof) => {
                    self.write_out()?;
                    return Ok(Some(eof));
                }
                Turn::Again => {}
                Turn::Ask(_) | Turn::Early(_) => return Err("the handshake isn't done".into()),
            }
        }
        Ok(None)
    }

    /// Takes so much of what was received at most.
    pub fn take(&mut self, most: usize) -> Vec<u8> {
        let rest = self.plain.split_off(most.min(self.plain.len()));
        std::mem::replace(&mut self.plain, rest)
    }

    pub fn close(&mut self) -> Result<(), Stop> {
        self.connection.close();
        self.flush()
    }
}
