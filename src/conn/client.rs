//! The client's connection.

use crate::config::ClientConfig;
use crate::conn::engine::Engine;
use crate::error::Error;
use crate::handshake::client::ClientMachine;
use alloc::sync::Arc;
use rustls_pki_types::{ServerName, UnixTime};

/// A client's connection: bytes in, bytes out, no I/O.
#[derive(Debug)]
pub struct ClientConnection(Engine<ClientMachine>);

impl ClientConnection {
    /// Begins a connection to the server of this name. The ClientHello goes out with the first
    /// call of [`ClientConnection::receive`] or [`ClientConnection::flush`].
    ///
    /// `seed` must be 32 bytes from a good source of randomness, used for nothing else: all keys
    /// come from it. `now` is what certificates are judged by.
    ///
    /// # Errors
    /// Those of the crypto provider.
    pub fn new(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        seed: [u8; 32],
        now: UnixTime,
    ) -> Result<Self, Error> {
        let limits = config.common.limits;
        Engine::new(ClientMachine::new(config, name, seed, now), limits).map(Self)
    }

    connection_methods!();
}
