//! Bytes to types and back, nothing else: no policy, no state, no cryptography.
//!
//! - A parser borrows from the bytes it is given, allocates nothing, and has checked every
//!   length, every item of every list and that nothing follows before it returns. What a list
//!   holds can then be read again without errors.
//! - A message that is written uses the same types as one that is read: a [`List`] is either
//!   bytes that a parser has checked or a slice of values.
//! - Unknown versions, suites, groups, schemes, extensions and GREASE (RFC 8701) are kept or
//!   skipped, never refused. Which known extension may come in which message is one table, in
//!   [`extension`].
//! - Whether a value makes sense (was it offered? is it missing?) is the handshake's question.
//!
//! `parse` takes a message's body, without the four bytes of [`HandshakeHeader`]; `write`
//! writes the body, and [`write_message`] puts the header before it.

pub mod codec;
pub mod extension;
pub mod handshake;
pub mod hello;
pub mod record;
pub mod tls12;

pub use codec::{EncodeError, Item, List, ListIter, Reader, Writer};
pub use extension::{
    Binder, Binders, DistinguishedName, Extension, ExtensionSet, KeyShareEntry, KeyShares,
    MessageKind, Names, OfferedPsks, ProtocolName, Protocols, PskIdentities, PskIdentity,
    allowed_in,
};
pub use handshake::{
    Certificate, CertificateEntries, CertificateEntry, CertificateRequest, CertificateVerify,
    EncryptedExtensions, EndOfEarlyData, Finished, HANDSHAKE_HEADER_LEN, HandshakeHeader,
    KeyUpdate, NewSessionTicket, write_message,
};
pub use hello::{
    ClientExtensions, ClientHello, DOWNGRADE_TO_TLS11, DOWNGRADE_TO_TLS12, GreaseExtensions,
    HELLO_RETRY_REQUEST_RANDOM, ServerHello, ServerHelloExtensions,
};
pub use record::{Alert, RECORD_HEADER_LEN, RecordHeader};

#[cfg(test)]
mod tests;
