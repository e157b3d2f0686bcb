//! A client and a server in memory, joined by two byte queues.

#![allow(dead_code, reason = "each test crate uses a part of it")]

use rustls_pki_types::{ServerName, UnixTime};
use std::sync::Arc;
use std::time::Duration;
use symbolon::config::{ClientConfig, ServerConfig, Session};
use symbolon::conn::{ClientConnection, Connection, Eof, Event, ServerConnection};
use symbolon::error::Error;
use symbolon::handshake::{Answer, Request, Summary};
use symbolon::record::FixedSink;

/// The time of all tests: 2026-11-23.
pub fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(1_795_392_000))
}

type Answerer = Box<dyn FnMut(Request) -> Option<Answer> + Send>;

/// One end with its buffers and all that it was told.
pub struct End<C> {
    pub connection: C,
    /// Bytes that came and aren't consumed.
    pub input: Vec<u8>,
    /// Bytes that are to go to the peer.
    pub output: Vec<u8>,
    pub done: Option<Summary>,
    pub data: Vec<u8>,
    /// What came before the handshake was done.
    pub early_data: Vec<u8>,
    pub sessions: Vec<Session>,
    /// When sessions come.
    pub time: UnixTime,
    pub failed: Option<Error>,
    pub closed: Option<Eof>,
    pub events: usize,
    /// Answers requests that surface; `None` leaves one open.
    pub answerer: Option<Answerer>,
    /// The room of the sink at each call; unbounded if `None`.
    pub room: Option<usize>,
    /// The most `NeedInput::min` seen.
    pub needed: usize,
}

impl<C: Connection> End<C> {
    pub fn new(connection: C) -> Self {
        Self {
            connection,
            input: Vec::new(),
            output: Vec::new(),
            done: None,
            data: Vec::new(),
            early_data: Vec::new(),
            sessions: Vec::new(),
            time: now(),
            failed: None,
            closed: None,
            events: 0,
            answerer: None,
            room: None,
            needed: 0,
        }
    }

    /// Calls `receive` until it wants input, or is at its end; whether anything was told.
    pub fn run(&mut self) {
        for _ in 0..100_000 {
            self.events += 1;
            let mut fixed = vec![0; self.room.unwrap_or(0)];
            let mut fixed_sink = FixedSink::new(&mut fixed);
            let received = match self.room {
                None => self.connection.receive(&mut self.input, &mut self.output),
                Some(_) => self.connection.receive(&mut self.input, &mut fixed_sink),
            };
            let consumed = received.consumed;
            let mut stop = false;
            let mut ask = None;
            match received.event {
                Event::NeedInput { min } => {
                    self.needed = self.needed.max(min);
                    stop = true;
                }
                Event::NeedOutput { min } => {
                    let room = self.room.expect("a growable sink is never full");
                    assert!(min <= 512, "min is {min}");
                    if fixed_sink.written().is_empty() && room >= min {
                        panic!("no progress with room {room} for {min}");
                    }
                    assert!(
                        room >= min || !fixed_sink.written().is_empty(),
                        "needs {min}"
                    );
                }
                Event::Ask(request) => ask = Some(request),
                Event::HandshakeDone(summary) => self.done = Some(*summary),
                Event::Data(data) => self.data.extend_from_slice(&data),
                Event::EarlyData(data) => {
                    assert!(self.done.is_none());
                    self.early_data.extend_from_slice(data.bytes);
                }
                Event::Session(session) => self.sessions.push(session.received(self.time)),
                Event::Failed(error) => {
                    self.failed = Some(error);
                    stop = true;
                }
                Event::Closed(eof) => {
                    self.closed = Some(eof);
                    stop = true;
                }
                _ => panic!("an event that the tests don't know"),
            }
            let written = fixed_sink.written().to_vec();
            self.output.extend_from_slice(&written);
            self.input.drain(..consumed);
            if let Some(request) = ask {
                let answer = self.answerer.as_mut().expect("nobody answers")(request);
                match answer {
                    Some(answer) => self.connection.answer(answer).unwrap(),
                    None => stop = true,
                }
            }
            if stop {
                return;
            }
        }
        panic!("no end");
    }

    pub fn send(&mut self, data: &[u8]) {
        let sent = self.connection.send(data, &mut self.output).unwrap();
        assert_eq!(
            sent,
            symbolon::conn::Sent {
                taken: data.len(),
                output: 0
            }
        );
    }
}

impl End<ClientConnection> {
    /// Sends early data, all of it.
    pub fn send_early(&mut self, data: &[u8]) {
        let sent = self.connection.send_early_data(data, &mut self.output);
        let sent = sent.unwrap();
        assert_eq!((sent.taken, sent.output), (data.len(), 0));
    }
}

/// A client and a server.
pub struct Pair {
    pub client: End<ClientConnection>,
    pub server: End<ServerConnection>,
    /// How many bytes are carried at a time; all of them if `None`.
    pub step: Option<usize>,
    /// All that was carried, each way.
    pub to_server: Vec<u8>,
    pub to_client: Vec<u8>,
}

impl Pair {
    pub fn new(client: Arc<ClientConfig>, server: Arc<ServerConfig>) -> Self {
        Self::to("server.example", client, server)
    }

    pub fn to(name: &str, client: Arc<ClientConfig>, server: Arc<ServerConfig>) -> Self {
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let client = ClientConnection::new(client, name, [1; 32], now()).unwrap();
        let server = ServerConnection::new(server, [2; 32], now()).unwrap();
        Self::of(client, server)
    }

    /// Of two connections.
    pub fn of(client: ClientConnection, server: ServerConnection) -> Self {
        Self {
            client: End::new(client),
            server: End::new(server),
            step: None,
            to_server: Vec::new(),
            to_client: Vec::new(),
        }
    }

    /// Carries bytes to and fro until nothing moves.
    pub fn run(&mut self) {
        self.client.run();
        self.server.run();
        for _ in 0..200_000 {
            let (from, to) = (&mut self.client.output, &mut self.server.input);
            let mut moved = carry(from, to, self.step, &mut self.to_server);
            if moved {
                self.server.run();
            }
            let (from, to) = (&mut self.server.output, &mut self.client.input);
            let back = carry(from, to, self.step, &mut self.to_client);
            if back {
                self.client.run();
            }
            moved |= back;
            if !moved {
                return;
            }
        }
        panic!("no end");
    }

    /// Runs a handshake that must succeed.
    pub fn handshake(&mut self) -> (Summary, Summary) {
        self.run();
        assert_eq!((&self.client.failed, &self.server.failed), (&None, &None));
        let client = self.client.done.clone().expect("the client isn't done");
        let server = self.server.done.clone().expect("the server isn't done");
        (client, server)
    }

    /// Runs a handshake that must fail: the client's error and the server's.
    pub fn failure(&mut self) -> (Option<Error>, Option<Error>) {
        self.run();
        (self.client.failed.clone(), self.server.failed.clone())
    }
}

/// The records in these bytes, as (outer content type, length of the body).
pub fn records(mut bytes: &[u8]) -> Vec<(u8, usize)> {
    let mut found = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<5>() {
        let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
        found.push((header[0], len));
        bytes = &rest[len..];
    }
    assert!(bytes.is_empty());
    found
}

fn carry(from: &mut Vec<u8>, to: &mut Vec<u8>, step: Option<usize>, log: &mut Vec<u8>) -> bool {
    let len = step.unwrap_or(usize::MAX).min(from.len());
    log.extend(&from[..len]);
    to.extend(from.drain(..len));
    len > 0
}
