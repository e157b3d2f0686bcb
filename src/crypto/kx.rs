//! Key exchange: Diffie-Hellman, key encapsulation, and both in one (RFC 9846 4.3.8, RFC 10024).

use super::STACK;
use super::random::Random;
use crate::codepoint::NamedGroup;
use crate::error::CryptoError;
use crate::secret::Secret;
use alloc::boxed::Box;
use core::fmt;

/// The longest shared secret: SecP384r1MLKEM1024's 48 + 32 bytes.
pub const MAX_SHARED_SECRET_LEN: usize = 80;

/// What a key exchange yields.
pub type SharedSecret = Secret<MAX_SHARED_SECRET_LEN>;

/// A key-exchange group.
pub trait KeyExchangeGroup: Send + Sync + fmt::Debug {
    /// Its code point.
    fn name(&self) -> NamedGroup;

    /// Bytes of the client's `key_exchange`.
    fn client_share_len(&self) -> usize;

    /// Bytes of the server's `key_exchange`.
    fn server_share_len(&self) -> usize;

    /// Bytes of stack below a caller in which its functions leave secrets: so many are overwritten when a
    /// handshake has called one (64 KiB at most, with the library's own). What lies deeper stays.
    fn stack(&self) -> usize {
        STACK
    }

    /// Whether key encapsulation is part of it, as in the post-quantum hybrids. Only TLS 1.3 can
    /// use such a group.
    fn is_encapsulation(&self) -> bool {
        false
    }

    /// The client's first half: a fresh key.
    ///
    /// # Errors
    /// Any [`CryptoError`] of the implementation.
    fn start(&self, random: &mut Random) -> Result<Box<dyn KeyExchange>, CryptoError>;

    /// The server's whole part: answers the client's share, writing exactly
    /// [`KeyExchangeGroup::server_share_len`] bytes to `server_share`.
    ///
    /// # Errors
    /// [`CryptoError::InvalidKeyShare`] for a share of the wrong length, an invalid point or an
    /// all-zero result; [`CryptoError::BufferSize`] if `server_share` has the wrong length.
    fn respond(
        &self,
        random: &mut Random,
        client_share: &[u8],
        server_share: &mut [u8],
    ) -> Result<SharedSecret, CryptoError>;
}

/// The client's key exchange under way. Wiped on drop.
pub trait KeyExchange: Send + Sync {
    /// The group it belongs to.
    fn group(&self) -> NamedGroup;

    /// Bytes of stack in which its functions leave secrets, as [`KeyExchangeGroup::stack`].
    fn stack(&self) -> usize {
        STACK
    }

    /// Writes the client's `key_exchange`: exactly [`KeyExchangeGroup::client_share_len`] bytes.
    ///
    /// # Errors
    /// [`CryptoError::BufferSize`] if `out` has another length.
    fn write_share(&self, out: &mut [u8]) -> Result<(), CryptoError>;

    /// Ends it with the server's share.
    ///
    /// # Errors
    /// As for [`KeyExchangeGroup::respond`].
    fn finish(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, CryptoError>;

    /// The classical group inside a hybrid, whose share may be offered on its own beside the
    /// hybrid's at no cost (RFC 10024 allows the same key in both), with the offset of its public key in the hybrid share
    /// as [`KeyExchange::write_share`] writes it, and its length.
    fn component(&self) -> Option<(NamedGroup, core::ops::Range<usize>)> {
        None
    }

    /// Ends it with a server's share for [`KeyExchange::component`].
    ///
    /// # Errors
    /// As for [`KeyExchange::finish`]; [`CryptoError::InvalidKeyShare`] if there is no component.
    fn finish_component(self: Box<Self>, server_share: &[u8]) -> Result<SharedSecret, CryptoError> {
        let _ = server_share;
        Err(CryptoError::InvalidKeyShare)
    }
}

impl fmt::Debug for dyn KeyExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyExchange({})", self.group())
    }
}
