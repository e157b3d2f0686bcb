//! Two server processes that share ticket secrets and one Redis, and a client that goes from one to the
//! other. The time is the client's: it says what time it is in front of each connection.

mod common;

use common::at;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use symbolon::config::{
    ClientConfig, Credential, ReplayMap, RotatingTicketer, ServerConfig, ServerSessions, Session,
    StatefulSessions, StatelessSessions,
};
use symbolon::conn::{ClientConnection, Event, ServerConnection};
use symbolon::handshake::{EarlyDataOutcome, Summary};
use symbolon::io::{Stream, seed};
use symbolon::pki::RootStore;
use symbolon::provider::RUSTCRYPTO;
use symbolon_redis::{Options, Redis, RedisReplay, RedisSessions};

const ROOT: &[u8] = include_bytes!("../../../tests/freestanding/certs/root.der");
const LEAF: &[u8] = include_bytes!("../../../tests/freestanding/certs/leaf.der");
const LEAF_KEY: &[u8] = include_bytes!("../../../tests/freestanding/certs/leaf.key.der");
/// What the whole fleet knows.
const SECRET: [u8; 32] = [42; 32];
const MARK: &str = "fleet: ";

/// What a server process is told.
const ADDRESS: &str = "SYMBOLON_FLEET_REDIS";
const KIND: &str = "SYMBOLON_FLEET_KIND";

fn sessions(kind: &str, address: &str) -> ServerSessions {
    let options = Options::default()
        .timeout(Duration::from_secs(2))
        .pause(Duration::ZERO);
    let redis = Redis::new(address, options).unwrap();
    let ticketer = Arc::new(RotatingTicketer::new(&RUSTCRYPTO, &SECRET, 43_200).unwrap());
    match kind {
        "stateless" => StatelessSessions::new(ticketer)
            .early_data(1000, Arc::new(RedisReplay::new(redis, 21)))
            .into(),
        "alone" => StatelessSessions::new(ticketer)
            .early_data(1000, Arc::new(ReplayMap::new(1000, at(0), 21)))
            .into(),
        _ => StatefulSessions::new(Arc::new(RedisSessions::sealed(redis, ticketer)))
            .early_data(1000)
            .into(),
    }
}

/// Not a test by itself: what a server process runs. It echoes a line, with what came early in front.
#[test]
fn server_process() {
    let (Ok(address), Ok(kind)) = (std::env::var(ADDRESS), std::env::var(KIND)) else {
        return;
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(LEAF_KEY));
    let chain = vec![CertificateDer::from(LEAF)];
    let config = ServerConfig::builder()
        .credential(Arc::new(Credential::new(chain, &key, &RUSTCRYPTO).unwrap()))
        .sessions(sessions(&kind, &address))
        .build()
        .unwrap();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    println!("{MARK}{}", listener.local_addr().unwrap().port());
    for transport in listener.incoming() {
        let mut transport = transport.unwrap();
        let mut now = [0; 8];
        transport.read_exact(&mut now).unwrap();
        let now = UnixTime::since_unix_epoch(Duration::from_secs(u64::from_be_bytes(now)));
        let server = ServerConnection::new(config.clone(), seed().unwrap(), now).unwrap();
        let mut stream = Stream::new(server, transport).with_clock(move || now);
        let summary = stream.handshake().ok().flatten();
        let early = stream.take_early_data();
        if summary.is_some() {
            let mut line = Vec::new();
            stream.read_until(b'\n', &mut line).unwrap();
            stream.write_all(&[&early[..], &line].concat()).unwrap();
            stream.close().unwrap();
        }
        println!("{MARK}early: {}", String::from_utf8(early).unwrap());
    }
}

/// A server process, and what it says.
struct Server {
    process: Child,
    output: BufReader<ChildStdout>,
    port: u16,
}

impl Server {
    fn start(kind: &str, redis: &common::RedisServer) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "server_process", "--nocapture"])
            .env(ADDRESS, redis.address())
            .env(KIND, kind)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut server = Self {
            process,
            output,
            port: 0,
        };
        server.port = server.says().parse().unwrap();
        server
    }

    fn says(&mut self) -> String {
        loop {
            let mut line = String::new();
            let read = self.output.read_line(&mut line).unwrap();
            assert!(read > 0, "the server ended");
            if let Some((_, said)) = line.split_once(MARK) {
                return said.trim_end_matches('\n').to_owned();
            }
        }
    }

    fn connect(&self, seconds: u64) -> TcpStream {
        let mut transport = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        let minute = Duration::from_secs(60);
        transport.set_read_timeout(Some(minute)).unwrap();
        let now = at(seconds).as_secs().to_be_bytes();
        transport.write_all(&now).unwrap();
        transport
    }

    /// What it took early of a client's first flight that somebody sends again.
    fn replay(&mut self, seconds: u64, flight: &[u8]) -> String {
        let mut transport = self.connect(seconds);
        transport.write_all(flight).unwrap();
        transport.shutdown(Shutdown::Write).unwrap();
        let answer = transport.read_to_end(&mut Vec::new());
        // It may end the connection with unread bytes in it.
        drop(answer);
        self.says()
    }

    /// A connection in which "ping" is sent, early if the session allows it.
    fn talk(&mut self, seconds: u64, session: Option<Session>) -> Talk {
        let talk = Talk::new(self.connect(seconds), at(seconds), session);
        let accepted = talk.summary.early_data == EarlyDataOutcome::Accepted;
        assert_eq!(
            self.says(),
            if accepted { "early: ping" } else { "early: " }
        );
        // Early or late, nothing is lost and nothing comes twice.
        assert_eq!(talk.echo, b"ping\n");
        talk
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What came of a connection.
struct Talk {
    summary: Summary,
    echo: Vec<u8>,
    sessions: Vec<Session>,
    first_flight: Vec<u8>,
}

static CLIENT: LazyLock<Arc<ClientConfig>> = LazyLock::new(|| {
    let mut roots = RootStore::new();
    roots.add(&CertificateDer::from(ROOT)).unwrap();
    let builder = ClientConfig::builder().roots(Arc::new(roots));
    builder.early_data(true).build().unwrap()
});

impl Talk {
    fn new(mut transport: TcpStream, now: UnixTime, session: Option<Session>) -> Self {
        let name = ServerName::try_from("server.example").unwrap();
        let seed = seed().unwrap();
        let mut client = match session {
            Some(session) => ClientConnection::resume(CLIENT.clone(), name, session, seed, now),
            None => ClientConnection::new(CLIENT.clone(), name, seed, now),
        }
        .unwrap();
        let mut output = Vec::new();
        let mut late = b"ping".to_vec();
        if client.early_data_room() > 0 {
            client.send_early_data(b"ping", &mut output).unwrap();
            late.clear();
        }
        client.flush(&mut output);
        let first_flight = output.clone();
        let (mut input, mut echo, mut sessions) = (Vec::new(), Vec::new(), Vec::new());
        let mut summary = None;
        loop {
            let received = client.receive(&mut input, &mut output);
            let consumed = received.consumed;
            let mut ended = false;
            match received.event {
                Event::NeedInput { .. } => {
                    transport.write_all(&output).unwrap();
                    output.clear();
                    let mut more = [0; 4096];
                    let read = transport.read(&mut more).unwrap();
                    assert!(read > 0, "the server went away");
                    input.drain(..consumed);
                    input.extend_from_slice(&more[..read]);
                    continue;
                }
                Event::HandshakeDone(done) => {
                    if let EarlyDataOutcome::Rejected { unsent, .. } = &done.early_data {
                        late.clone_from(unsent);
                    }
                    summary = Some(*done);
                    late.push(b'\n');
                    client.send(&late, &mut output).unwrap();
                }
                Event::Session(session) => sessions.push(session.received(now)),
                Event::Data(data) => echo.extend_from_slice(&data),
                Event::Closed(_) => ended = true,
                Event::Failed(error) => panic!("{error}"),
                _ => {}
            }
            input.drain(..consumed);
            if ended {
                return Self {
                    summary: summary.expect("the handshake was done"),
                    echo,
                    sessions,
                    first_flight,
                };
            }
        }
    }

    fn accepted(&self) -> bool {
        self.summary.early_data == EarlyDataOutcome::Accepted
    }

    /// A session to go on with.
    fn session(&mut self) -> Option<Session> {
        self.sessions.pop()
    }
}

#[test]
fn stateless_tickets_resume_at_either_and_early_data_is_taken_once() {
    let mut redis = start_or_skip!();
    let [mut first, mut second] = [(); 2].map(|()| Server::start("stateless", &redis));
    let mut full = first.talk(0, None);
    assert!(!full.summary.resumed());
    // A Redis that has just begun can't know what was before.
    let mut talk = second.talk(1, full.session());
    assert!(talk.summary.resumed() && !talk.accepted());

    let talk_early = first.talk(100, talk.session());
    assert!(talk_early.summary.resumed() && talk_early.accepted());
    for seconds in [101, 105, 109] {
        for server in [&mut first, &mut second] {
            let flight = &talk_early.first_flight;
            assert_eq!(server.replay(seconds, flight), "early: ", "{seconds}");
        }
    }
    let mut talk = talk_early;

    // Redis goes in the middle: everything goes on, but nothing is taken early.
    redis.kill();
    for (server, seconds) in [(&mut second, 110), (&mut first, 120)] {
        talk = server.talk(seconds, talk.session());
        assert!(talk.summary.resumed() && !talk.accepted(), "{seconds}");
    }
    assert_eq!(second.replay(121, &talk.first_flight), "early: ");

    redis.run();
    assert_eq!(first.replay(122, &talk.first_flight), "early: ");
    talk = first.talk(140, talk.session());
    assert!(talk.summary.resumed() && !talk.accepted());
    talk = second.talk(200, talk.session());
    assert!(talk.summary.resumed() && talk.accepted());
    assert_eq!(first.replay(201, &talk.first_flight), "early: ");

    // A server that was started again opens the tickets that it made before.
    drop(first);
    let mut first = Server::start("stateless", &redis);
    talk = first.talk(300, talk.session());
    assert!(talk.summary.resumed() && talk.accepted());
}

/// What the other tests would see if nothing were shared.
#[test]
fn servers_with_recorders_of_their_own_each_take_it_once() {
    let redis = start_or_skip!();
    let [mut first, mut second] = [(); 2].map(|()| Server::start("alone", &redis));
    let mut full = first.talk(0, None);
    let talk = second.talk(100, full.session());
    assert!(talk.summary.resumed() && talk.accepted());
    let flight = &talk.first_flight;
    assert_eq!(second.replay(101, flight), "early: ");
    assert_eq!(first.replay(101, flight), "early: ping");
    assert_eq!(first.replay(101, flight), "early: ");
}

#[test]
fn stored_sessions_resume_at_either_once() {
    let mut redis = start_or_skip!();
    let [mut first, mut second] = [(); 2].map(|()| Server::start("stateful", &redis));
    let mut full = first.talk(0, None);
    let mut talk = second.talk(1, full.session());
    assert!(talk.summary.resumed() && talk.accepted());
    for server in [&mut first, &mut second] {
        assert_eq!(server.replay(2, &talk.first_flight), "early: ");
    }
    talk = first.talk(3, talk.session());
    assert!(talk.summary.resumed() && talk.accepted());

    // Without Redis there is no session, and every handshake is a full one.
    redis.kill();
    talk = second.talk(4, talk.session());
    assert!(!talk.summary.resumed() && !talk.accepted());
    assert!(talk.session().is_none());
    assert_eq!(first.replay(5, &talk.first_flight), "early: ");

    redis.run();
    talk = first.talk(6, None);
    talk = second.talk(7, talk.session());
    assert!(talk.summary.resumed() && talk.accepted());
}
