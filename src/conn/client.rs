//! The client's connection.

use crate::config::{ClientConfig, Session};
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
        Self::begin(config, name, None, seed, now)
    }

    /// Begins a connection that resumes this session, if the config allows it: one for the same
    /// server, made under the same terms ([`ClientConfig::scope`]), not expired. Otherwise, and if
    /// the server doesn't know it any more, the handshake is a full one. The store of the config
    /// isn't asked.
    ///
    /// # Errors
    /// Those of [`ClientConnection::new`].
    pub fn resume(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        session: Session,
        seed: [u8; 32],
        now: UnixTime,
    ) -> Result<Self, Error> {
        Self::begin(config, name, Some(session), seed, now)
    }

    fn begin(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        session: Option<Session>,
        seed: [u8; 32],
        now: UnixTime,
    ) -> Result<Self, Error> {
        let limits = config.common.limits;
        let machine = ClientMachine::new(config, name, session, seed, now);
        Engine::new(machine, limits).map(Self)
    }

    /// How many bytes of early data may still be sent (0-RTT): what the session allows, bounded by
    /// [`crate::config::Limits::early_data`]; 0 if there is no such session, the config doesn't
    /// enable it, or the server has answered.
    #[must_use]
    pub fn early_data_room(&self) -> usize {
        self.0.early_data_room()
    }

    /// The application protocol that early data has to be of: the session's. If the data is
    /// rejected, another may be chosen ([`crate::handshake::Summary::alpn`]): then what was sent isn't
    /// to be sent again as it is (RFC 9846 4.3.10).
    #[must_use]
    pub fn early_data_alpn(&self) -> Option<&[u8]> {
        self.0.early_data_alpn()
    }

    /// Sends data before the server has answered (0-RTT, RFC 9846 2.3). What became of it stands in
    /// [`crate::handshake::Summary::early_data`]; if it was rejected, with exactly the bytes to
    /// send again. **It can be replayed**: send only what may be carried out twice without harm.
    ///
    /// # Errors
    /// [`crate::error::Misuse::NoEarlyData`] if none can be sent (any more), or the connection's own
    /// error.
    pub fn send_early_data(
        &mut self,
        data: &[u8],
        sink: &mut dyn crate::record::Sink,
    ) -> Result<crate::conn::Sent, Error> {
        self.0.send_early_data(data, sink)
    }

    connection_methods!();
}
