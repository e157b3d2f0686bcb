//! Sessions of TLS 1.3 in memory: tickets, PSKs, 0-RTT, and everything that must not be resumed.

#[path = "../common"]
mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
    pub mod stores;
}

mod basics;
mod binders;
mod early;
mod early_script;
mod external;
mod later;
mod servers;
mod terms;
mod tickets;

use common::certs::{KeyKind, TestPki};
use common::pair::{Pair, now};
use common::rogue::credential;
use common::stores::*;
use rustls_pki_types::{ServerName, UnixTime};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;
use symbolon::config::*;
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::handshake::{EarlyDataOutcome, EarlyDataRefusal, Summary};

/// A client and a server that know each other.
#[derive(Default)]
pub struct World {
    pub pki: TestPki,
}

impl World {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn client(&self) -> ClientConfigBuilder {
        ClientConfig::builder().roots(self.pki.roots())
    }

    pub fn server(&self) -> ServerConfigBuilder {
        let leaf = self.pki.leaf(&["server.example"], KeyKind::EcdsaP256);
        ServerConfig::builder().credential(credential(&leaf))
    }

    /// A server with stateless tickets.
    pub fn ticketing(&self) -> ServerConfigBuilder {
        self.server()
            .sessions(StatelessSessions::new(Arc::new(OpenTicketer(7))))
    }
}

pub fn at(seconds: i64) -> UnixTime {
    let seconds = now().as_secs().checked_add_signed(seconds);
    UnixTime::since_unix_epoch(Duration::from_secs(seconds.unwrap()))
}

/// Two connections, so many seconds after [`now`], with a session if there is one.
pub fn pair_at(
    seconds: i64,
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
    session: Option<Session>,
) -> Pair {
    pair_between((client, seconds), (server, seconds), session)
}

/// The same with a clock of its own for each end.
pub fn pair_between(
    client: (&Arc<ClientConfig>, i64),
    server: (&Arc<ServerConfig>, i64),
    session: Option<Session>,
) -> Pair {
    let mut pair = Pair::of(client_at(client, session), server_at(server));
    pair.client.time = at(client.1);
    pair
}

/// Another one for each connection of a test.
fn seed(role: u8) -> [u8; 32] {
    thread_local!(static COUNT: Cell<u32> = const { Cell::new(0) });
    let mut seed = [role; 32];
    seed[..4].copy_from_slice(&COUNT.get().to_be_bytes());
    COUNT.set(COUNT.get() + 1);
    seed
}

pub fn client_at(
    (config, seconds): (&Arc<ClientConfig>, i64),
    session: Option<Session>,
) -> ClientConnection {
    let name = ServerName::try_from("server.example").unwrap();
    let (config, seed, now) = (config.clone(), seed(1), at(seconds));
    let connection = match session {
        Some(session) => ClientConnection::resume(config, name, session, seed, now),
        None => ClientConnection::new(config, name, seed, now),
    };
    connection.unwrap()
}

pub fn server_at((config, seconds): (&Arc<ServerConfig>, i64)) -> ServerConnection {
    ServerConnection::new(config.clone(), seed(2), at(seconds)).unwrap()
}

/// A full handshake: its sessions.
pub fn sessions(client: &Arc<ClientConfig>, server: &Arc<ServerConfig>) -> Vec<Session> {
    let mut pair = pair_at(0, client, server, None);
    let (summary, _) = pair.handshake();
    assert!(!summary.resumed());
    pair.client.sessions
}

/// Whether a second handshake with the session is a resumed one, on both sides.
pub fn resumes(pair: &mut Pair) -> (bool, Summary, Summary) {
    let (client, server) = pair.handshake();
    assert_eq!(client.resumed(), server.resumed());
    pair.client.send(b"ping");
    pair.server.send(b"pong");
    pair.run();
    assert_eq!(
        (&pair.server.data[..], &pair.client.data[..]),
        (&b"ping"[..], &b"pong"[..])
    );
    (client.resumed(), client, server)
}

/// A server that takes 1000 bytes of early data, with this recorder.
pub fn early_with(world: &World, recorder: Arc<dyn ReplayRecorder>) -> ServerConfigBuilder {
    let sessions = StatelessSessions::new(Arc::new(OpenTicketer(7)));
    world.server().sessions(sessions.early_data(1000, recorder))
}

/// The same with one that remembers everything.
pub fn early(world: &World) -> (ServerConfigBuilder, Arc<SetRecorder>) {
    let recorder = Arc::new(SetRecorder::default());
    (early_with(world, recorder.clone()), recorder)
}

pub fn rejected(reason: EarlyDataRefusal, unsent: &[u8]) -> EarlyDataOutcome {
    let unsent = unsent.to_vec();
    EarlyDataOutcome::Rejected { reason, unsent }
}

/// Whether early data came through a handshake with it: the reasons on both sides if it didn't.
#[track_caller]
pub fn early_data(pair: &mut Pair) -> Result<(), (EarlyDataRefusal, EarlyDataRefusal)> {
    pair.client.send_early(b"GET /");
    let (_, client, server) = resumes(pair);
    let reason = |outcome, unsent: &[u8]| match outcome {
        EarlyDataOutcome::Accepted => None,
        EarlyDataOutcome::Rejected {
            reason,
            unsent: given,
        } => {
            assert_eq!(given, unsent);
            Some(reason)
        }
        _ => panic!("none was offered"),
    };
    let client = reason(client.early_data, b"GET /");
    let server = reason(server.early_data, b"");
    match client.zip(server) {
        None => assert_eq!((client, server), (None, None)),
        Some(reasons) => {
            assert_eq!(pair.server.early_data, b"");
            return Err(reasons);
        }
    }
    assert_eq!(pair.server.early_data, b"GET /");
    Ok(())
}

/// The bodies of the ClientHellos that went out.
pub fn hellos(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut hellos = Vec::new();
    while let Some((header, rest)) = bytes.split_first_chunk::<5>() {
        let len = usize::from(u16::from_be_bytes([header[3], header[4]]));
        if header[0] == 22 && rest[0] == 1 {
            hellos.push(rest[4..len].to_vec());
        }
        bytes = &rest[len..];
    }
    hellos
}
