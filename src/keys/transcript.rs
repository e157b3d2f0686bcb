//! The transcript hash (RFC 9846 4.1).

use crate::codepoint::HandshakeType;
use crate::crypto::{Hash, HashContext, HashOutput};
use alloc::boxed::Box;
use alloc::vec::Vec;

/// A running hash over the handshake messages, each with its four-byte header.
#[derive(Debug)]
pub struct Transcript {
    hash: &'static dyn Hash,
    context: Box<dyn HashContext>,
}

impl Transcript {
    /// An empty transcript.
    #[must_use]
    pub fn new(hash: &'static dyn Hash) -> Self {
        Self {
            hash,
            context: hash.start(),
        }
    }

    /// Adds a message, or a part of one.
    pub fn add(&mut self, bytes: &[u8]) {
        self.context.update(bytes);
    }

    /// The hash of all messages so far.
    #[must_use]
    pub fn current(&self) -> HashOutput {
        self.context.current()
    }

    /// The hash function.
    #[must_use]
    pub fn hash(&self) -> &'static dyn Hash {
        self.hash
    }

    /// Replaces the first ClientHello by the synthetic message that holds its hash, which is given
    /// back as well.
    pub fn replace_by_message_hash(&mut self) -> Vec<u8> {
        // RFC 9846 4.1: after a HelloRetryRequest ClientHello1 is replaced by a handshake
        // message of type message_hash with Hash(ClientHello1) as its body.
        let first = self.current();
        let len = u8::try_from(first.as_bytes().len()).unwrap_or(0);
        self.context = self.hash.start();
        let mut message = Vec::from([HandshakeType::MESSAGE_HASH.0, 0, 0, len]);
        message.extend_from_slice(first.as_bytes());
        self.add(&message);
        message
    }
}
