//! Connections: the engine that performs what the handshake decides, and what users hold.
//!
//! # Closing
//! | what happens | what follows |
//! | --- | --- |
//! | `close`, then more sending | `Misuse::SendAfterClose`; receiving goes on |
//! | the peer's close_notify | `Event::Closed(Eof::Clean)` at this and every later call; in TLS 1.3 sending may go on (RFC 9846 6.1), in TLS 1.2 our own close_notify answers it (RFC 5246 7.2.1) |
//! | end of input without close_notify | `Event::Closed(Eof::Truncated)`: what came may be cut short |
//! | close_notify, or end of input, during the handshake | `Event::Failed`, or `Eof::Truncated` |
//! | an empty `send` | nothing goes out |
//! | `send` before the handshake is done | `Misuse::HandshakeNotDone` |
//! | a key near its limit | TLS 1.3 sends a KeyUpdate; TLS 1.2 has none: close_notify, and `Limit::KeyUse` from `send`; receiving goes on |
//! | a fault of the peer | one alert, then `Event::Failed` at every later call, and the same error from `send` |
//! | `close`, or a refusal by the application, while a handshake message is only partly out, for lack of room | the alert follows at once, and the rest of the message never. No record comes between two of that message then, as RFC 9846 5.1 forbids; but a peer may tell the cut message rather than the alert |

use crate::config::ClientSessionStore;
use crate::error::Error;
use crate::handshake::Answer;
use crate::record::Sink;
use alloc::sync::Arc;
use rustls_pki_types::UnixTime;

/// What both roles' connections can do.
macro_rules! connection_methods {
    () => {
        /// Takes input, gives output, tells one thing that happened.
        ///
        /// Records are consumed whole or not at all and decrypted where they lie. Call with what is
        /// left of the input after `consumed` until the answer is `NeedInput`.
        pub fn receive<'a>(
            &mut self,
            input: &'a mut [u8],
            sink: &mut dyn crate::record::Sink,
        ) -> crate::conn::Received<'a> {
            self.0.receive(input, sink)
        }

        /// Answers the outstanding request.
        ///
        /// # Errors
        /// [`crate::error::Misuse::NothingAsked`] or [`crate::error::Misuse::WrongAnswer`], which
        /// change nothing; the connection's own error if it is dead.
        pub fn answer(&mut self, answer: crate::handshake::Answer) -> Result<(), Error> {
            self.0.answer(answer)
        }

        pub(super) fn config_store(
            &self,
        ) -> Option<alloc::sync::Arc<dyn crate::config::ClientSessionStore>> {
            self.0.session_store()
        }

        /// Tells the time again. While the handshake goes on, do so before `receive` whenever time
        /// has gone by since `new`: certificates, the age of tickets and the freshness of early
        /// data are judged by the time told last. No effect afterwards. (`io::Stream` does it.)
        pub fn set_time(&mut self, now: rustls_pki_types::UnixTime) {
            self.0.set_time(now);
        }

        /// Says that the peer's stream has ended: what is in the input is still read.
        pub fn end_of_input(&mut self) {
            self.0.end_of_input();
        }

        /// Whether the handshake goes on: neither done nor failed.
        #[must_use]
        pub fn is_handshaking(&self) -> bool {
            self.0.is_handshaking()
        }

        /// Sends application data, in as many records as it takes and the sink has room for. An
        /// empty `data` sends nothing.
        ///
        /// # Errors
        /// [`crate::error::Misuse::HandshakeNotDone`],
        /// [`crate::error::Misuse::SendAfterClose`], [`crate::error::Limit::KeyUse`] once the key of a
        /// TLS 1.2 connection is worn out, or the connection's own error.
        pub fn send(
            &mut self,
            data: &[u8],
            sink: &mut dyn crate::record::Sink,
        ) -> Result<crate::conn::Sent, Error> {
            self.0.send_vectored(&[data], sink)
        }

        /// Sends the concatenation of several slices as if they were one.
        ///
        /// # Errors
        /// As for `send`.
        pub fn send_vectored(
            &mut self,
            data: &[&[u8]],
            sink: &mut dyn crate::record::Sink,
        ) -> Result<crate::conn::Sent, Error> {
            self.0.send_vectored(data, sink)
        }

        /// Room that `seal_in_place` needs before and after the payload, in bytes.
        #[must_use]
        pub fn in_place_room(&self) -> (usize, usize) {
            self.0.in_place_room()
        }

        /// Makes one record of the payload at this range of `buf`, where it lies, without a copy;
        /// the range of the whole record is returned.
        ///
        /// # Errors
        /// [`crate::error::Misuse::FlushFirst`] if a control message is owed,
        /// [`crate::error::Misuse::TooLong`], [`crate::error::Misuse::NoRoom`], and those of
        /// `send`. Nothing was sent then.
        pub fn seal_in_place(
            &mut self,
            buf: &mut [u8],
            payload: core::ops::Range<usize>,
        ) -> Result<core::ops::Range<usize>, Error> {
            self.0.seal_in_place(buf, payload)
        }

        /// Writes what waits to go out; 0, or the room that the sink still needs.
        pub fn flush(&mut self, sink: &mut dyn crate::record::Sink) -> usize {
            self.0.flush(sink)
        }

        /// Changes our keys, and asks the peer to change its own if `request_peer` (RFC 9846
        /// 4.7.3). By itself this happens before a key's limit is reached.
        ///
        /// # Errors
        /// As for `send`; [`crate::error::Misuse::NoKeyUpdate`] in TLS 1.2.
        pub fn update_keys(&mut self, request_peer: bool) -> Result<(), Error> {
            self.0.update_keys(request_peer)
        }

        /// Ends our direction with close_notify; during the handshake, gives it up.
        pub fn close(&mut self) {
            self.0.close();
        }

        /// Exports keying material (RFC 9846 7.5, RFC 5705). No context and an empty one are the
        /// same in TLS 1.3, and differ in TLS 1.2.
        ///
        /// # Errors
        /// [`crate::error::Misuse::HandshakeNotDone`],
        /// [`crate::error::Misuse::BadExporterInput`].
        pub fn export_keying_material(
            &self,
            label: &[u8],
            context: Option<&[u8]>,
            out: &mut [u8],
        ) -> Result<(), Error> {
            self.0.exporter()?.export(label, context, out)
        }

        /// What keying material is exported from, to keep after `into_split`.
        ///
        /// # Errors
        /// [`crate::error::Misuse::HandshakeNotDone`].
        pub fn exporter(&self) -> Result<crate::conn::Exporter, Error> {
            self.0.exporter()
        }

        /// The `tls-exporter` channel binding (RFC 9266).
        ///
        /// # Errors
        /// [`crate::error::Misuse::HandshakeNotDone`];
        /// [`crate::error::Misuse::NoChannelBinding`] in TLS 1.2 without the extended master
        /// secret, for which it isn't defined.
        pub fn tls_exporter(&self) -> Result<[u8; 32], Error> {
            self.0.exporter()?.channel_binding()
        }

        /// The `tls-unique` channel binding (RFC 5929 3) is always refused: TLS 1.3 doesn't define it
        /// (RFC 9846 C.5), and before, two connections can be brought to have the same one where
        /// the master secret isn't the extended one. Use `tls_exporter`.
        ///
        /// # Errors
        /// [`crate::error::Misuse::TlsUnique`], always.
        pub fn tls_unique(&self) -> Result<[u8; 12], Error> {
            Err(crate::error::Misuse::TlsUnique.into())
        }

        /// Splits a connection whose handshake is done into two halves without a lock between
        /// them; what must cross goes by [`crate::conn::HalfEvent::ForSender`]. Take the
        /// `exporter` before.
        ///
        /// # Errors
        /// Gives the connection back if its handshake isn't done, or it is dead.
        #[expect(
            clippy::result_large_err,
            reason = "the connection itself is given back"
        )]
        pub fn into_split(self) -> Result<(crate::conn::Sender, crate::conn::Receiver), Self> {
            self.0.into_split().map_err(Self)
        }
    };
}

mod client;
mod engine;
mod event;
mod exporter;
mod queue;
mod receiver;
mod sender;
mod server;

/// What adapters need of a connection of either role. Its methods are those of the types
/// themselves; see there.
pub trait Connection: sealed::Sealed {
    /// Takes input, gives output, tells one thing that happened.
    fn receive<'a>(&mut self, input: &'a mut [u8], sink: &mut dyn Sink) -> Received<'a>;
    /// Answers the outstanding request.
    ///
    /// # Errors
    /// A misuse, or the connection's own error.
    fn answer(&mut self, answer: Answer) -> Result<(), Error>;
    /// Tells the time again, for the rest of the handshake.
    fn set_time(&mut self, now: UnixTime);
    /// Where the sessions that come are put, if the config has a place.
    fn session_store(&self) -> Option<Arc<dyn ClientSessionStore>>;
    /// Says that the peer's stream has ended.
    fn end_of_input(&mut self);
    /// Whether the handshake goes on: neither done nor failed.
    fn is_handshaking(&self) -> bool;
    /// Sends application data.
    ///
    /// # Errors
    /// A misuse, or the connection's own error.
    fn send(&mut self, data: &[u8], sink: &mut dyn Sink) -> Result<Sent, Error>;
    /// Writes what waits to go out; 0, or the room that the sink still needs.
    fn flush(&mut self, sink: &mut dyn Sink) -> usize;
    /// Changes our keys.
    ///
    /// # Errors
    /// A misuse, or the connection's own error.
    fn update_keys(&mut self, request_peer: bool) -> Result<(), Error>;
    /// Ends our direction.
    fn close(&mut self);
}

mod sealed {
    /// Only the connections of this crate have the trait.
    pub trait Sealed {}
}

macro_rules! connection {
    ($name:ident) => {
        impl sealed::Sealed for $name {}

        impl Connection for $name {
            fn receive<'a>(&mut self, input: &'a mut [u8], sink: &mut dyn Sink) -> Received<'a> {
                self.receive(input, sink)
            }
            fn answer(&mut self, answer: Answer) -> Result<(), Error> {
                self.answer(answer)
            }
            fn set_time(&mut self, now: UnixTime) {
                self.set_time(now);
            }
            fn session_store(&self) -> Option<Arc<dyn ClientSessionStore>> {
                self.config_store()
            }
            fn end_of_input(&mut self) {
                self.end_of_input();
            }
            fn is_handshaking(&self) -> bool {
                self.is_handshaking()
            }
            fn send(&mut self, data: &[u8], sink: &mut dyn Sink) -> Result<Sent, Error> {
                self.send(data, sink)
            }
            fn flush(&mut self, sink: &mut dyn Sink) -> usize {
                self.flush(sink)
            }
            fn update_keys(&mut self, request_peer: bool) -> Result<(), Error> {
                self.update_keys(request_peer)
            }
            fn close(&mut self) {
                self.close();
            }
        }
    };
}
connection!(ClientConnection);
connection!(ServerConnection);

pub use client::ClientConnection;
pub use event::{Data, EarlyData, Eof, Event, Received};
pub use exporter::Exporter;
pub use receiver::{HalfEvent, HalfReceived, Receiver};
pub use sender::{ForSender, Sender, Sent};
pub use server::ServerConnection;
