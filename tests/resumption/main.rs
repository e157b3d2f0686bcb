//! Sessions of TLS 1.3 in memory: tickets, PSKs, 0-RTT, and everything that must not be resumed.

#[path = "../common"]
mod common {
    pub mod certs;
    pub mod pair;
    pub mod rogue;
    pub mod stores;
}

mod basics;

use common::certs::{KeyKind, TestPki};
use common::pair::{Pair, now};
use common::rogue::credential;
use common::stores::*;
use rustls_pki_types::{ServerName, UnixTime};
use std::sync::Arc;
use std::time::Duration;
use symbolon::config::*;
use symbolon::conn::{ClientConnection, ServerConnection};
use symbolon::handshake::Summary;

/// A client and a server that know each other.
pub struct World {
    pub pki: TestPki,
}

impl World {
    pub fn new() -> Self {
        Self {
            pki: TestPki::new(),
        }
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

pub fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(now().as_secs() + seconds))
}

/// Two connections, so many seconds after [`now`], with a session if there is one.
pub fn pair_at(
    seconds: u64,
    client: &Arc<ClientConfig>,
    server: &Arc<ServerConfig>,
    session: Option<Session>,
) -> Pair {
    let name = ServerName::try_from("server.example").unwrap();
    let seed = |role: u8| {
        let mut seed = [role; 32];
        seed[..8].copy_from_slice(&seconds.to_be_bytes());
        seed
    };
    let client = match session {
        Some(session) => {
            ClientConnection::resume(client.clone(), name, session, seed(1), at(seconds))
        }
        None => ClientConnection::new(client.clone(), name, seed(1), at(seconds)),
    };
    let server = ServerConnection::new(server.clone(), seed(2), at(seconds)).unwrap();
    Pair::of(client.unwrap(), server)
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
