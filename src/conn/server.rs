//! The server's connection.

use crate::config::{Limits, ServerConfig};
use crate::conn::engine::Engine;
use crate::error::Error;
use crate::handshake::server::ServerMachine;
use alloc::sync::Arc;
use rustls_pki_types::UnixTime;

/// A server's connection: bytes in, bytes out, no I/O.
#[derive(Debug)]
pub struct ServerConnection(Engine<ServerMachine>);

impl ServerConnection {
    /// Begins a connection.
    ///
    /// `seed` must be 32 bytes from a good source of randomness, used for nothing else: all keys
    /// come from it. `now` is what client certificates are judged by.
    ///
    /// # Errors
    /// Those of the crypto provider.
    pub fn new(config: Arc<ServerConfig>, seed: [u8; 32], now: UnixTime) -> Result<Self, Error> {
        let limits = config.common.limits;
        Engine::new(ServerMachine::new(Some(config), limits, seed, now), limits).map(Self)
    }

    /// Begins a connection whose config is asked for once the ClientHello has come:
    /// [`crate::handshake::Request::Config`]. Until then these limits are in force, and no observer
    /// is told anything.
    ///
    /// # Errors
    /// Those of the crypto provider.
    pub fn undecided(limits: Limits, seed: [u8; 32], now: UnixTime) -> Result<Self, Error> {
        Engine::new(ServerMachine::new(None, limits, seed, now), limits).map(Self)
    }

    /// Sends data after our own Finished and before the client's has come (RFC 9846 4.5.3, 0.5-RTT).
    /// **The client isn't authenticated yet**, not even as the one that sent the ClientHello: send
    /// nothing here that depends on who it is.
    ///
    /// # Errors
    /// [`crate::error::Misuse::HandshakeNotDone`] before our Finished is queued; as `send`
    /// otherwise.
    pub fn send_before_client_finished(
        &mut self,
        data: &[u8],
        sink: &mut dyn crate::record::Sink,
    ) -> Result<crate::conn::Sent, Error> {
        self.0.send_early(data, sink)
    }

    connection_methods!();
}
